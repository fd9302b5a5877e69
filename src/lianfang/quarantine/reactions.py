"""What observation does when tracing or surveillance learnt something. Each is harmless when delivered twice."""

from lianfang.kernel.events import on
from lianfang.kernel.models import Event

from . import services


@on("contact.added", "exposure.recorded", "exposure.corrected", "exposure.retracted", "exposure.rejudged")
def exposed(event: Event) -> None:
    """Bring the exposures of a contact up to its stay; one that owes observation opens a stay."""
    if event.subject_id is not None:
        services.follow_contact(event.subject_id)


@on("case.notified", "case.classified", "case.confirmed")
def judged(event: Event) -> None:
    """A person under observation who became a case is no longer observed; where the index case was excluded, stays are
    reviewed."""
    if event.subject_id is not None:
        services.follow_case(event.subject_id)
