"""Stating and retracting who infected whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refusal, Refused, refuse
from lianfang.surveillance import selectors as surveillance
from lianfang.surveillance.models import CaseVersion

from .models import TransmissionLink


@dataclass(frozen=True)
class NewLink:
    """A link as a source tells it: both cases by the number they have in that source."""

    infector: str
    infectee: str
    certainty: str = "stated"
    relation: str = ""
    setting: str = ""


def link_many(links: Sequence[NewLink], source: str, by: Actor) -> list[Refusal | None]:
    """Write the links whose two cases are known; for each link the reason why it was not written, or None.

    A link already stated is success. One transaction for all that are written.
    """
    if not links:
        return []
    cases = surveillance.case_in_source(source, {name for link in links for name in (link.infector, link.infectee)})
    paths = dict(
        CaseVersion.objects.visible_to(by, "case.update")
        .filter(case__in=cases.values(), superseded_at=None)
        .values_list("case_id", "path")
    )
    stated = set(
        TransmissionLink.objects.filter(infectee__in=cases.values(), retracted_at=None).values_list("infector_id", "infectee_id")
    )
    results: list[Refusal | None] = []
    fresh: list[TransmissionLink] = []
    for link in links:
        infector, infectee = cases.get(link.infector), cases.get(link.infectee)
        if infector is None or infectee is None:
            absent = link.infector if infector is None else link.infectee
            results.append(refuse("link.case_unknown", "infector_id" if infector is None else "infectee_id", case=absent))
            continue
        if infector.pk == infectee.pk:
            results.append(refuse("link.to_itself", "infectee_id"))
            continue
        if infectee.pk not in paths:
            results.append(refuse("kernel.not_found", "infectee_id"))
            continue
        results.append(None)
        if (infector.pk, infectee.pk) in stated:
            continue
        stated.add((infector.pk, infectee.pk))
        fresh.append(
            TransmissionLink(
                infector=infector,
                infectee=infectee,
                path=paths[infectee.pk],
                certainty=link.certainty[:12],
                relation=link.relation[:80],
                setting=link.setting[:80],
                source=source,
                recorded_at=clock.now(),
                by_id=by.user_id,
            )
        )
    with transaction.atomic():
        TransmissionLink.objects.bulk_create(fresh, batch_size=500)
        events.write(
            events.made("link.stated", by, subject=("link", link.pk), path=link.path, details={"infectee": str(link.infectee_id)})
            for link in fresh
        )
    return results


def retract(link_id: UUID, by: Actor) -> None:
    """Take a link back; it stays on record as retracted."""
    with transaction.atomic():
        link = TransmissionLink.objects.visible_to(by, "case.update").select_for_update().filter(pk=link_id).first()
        if link is None or link.retracted_at is not None:
            raise Refused(refuse("kernel.not_found"))
        link.retracted_at = clock.now()
        link.save(update_fields=["retracted_at"])
        events.record("link.retracted", by, subject=("link", link.pk), path=link.path)
