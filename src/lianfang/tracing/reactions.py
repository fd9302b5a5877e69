"""What tracing does when something happened to a case: open the investigation of its contacts, see whether it was one, and
judge its exposures anew."""

from lianfang.kernel.events import on
from lianfang.kernel.models import Event

from . import selectors, services


@on("case.notified", "case.classified", "case.confirmed", "case.counted_again", "case.not_counted")
def trace(event: Event) -> None:
    """Open the tracing of a case that the edition traces, and link a case that was somebody's contact."""
    if event.subject_id is not None:
        services.open_tracing(event.subject_id)
        services.note_case(event.subject_id)


@on("case.observed", "case.corrected", "case.classified")
def known_better(event: Event) -> None:
    """Judge the exposures to a case anew when its onset, its sampling or its class became another."""
    if event.subject_id is not None:
        services.follow_facts(event.subject_id)


@on("person.merged")
def same_person(event: Event) -> None:
    """A case and a contact that were found to be one person are linked."""
    if event.subject_id is not None:
        for case_id in selectors.case_ids_of(event.subject_id):
            services.note_case(case_id)
