"""Stating and retracting who infected whom."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from lianfang.kernel import clock, events, ids
from lianfang.kernel.access import Actor
from lianfang.kernel.models import Event
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


def link_many(links: Sequence[NewLink], source: str, by: Actor) -> list[Refusal | TransmissionLink | None]:
    """Write the links whose two cases are known; for each the link written, or the reason why it was not.

    A link that was already stated is success, and nothing is written: None. One transaction for all that are written.
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
        TransmissionLink.objects.filter(infectee__in=cases.values(), retracted_at=None).values_list(
            "infector_id", "infectee_id"
        )
    )
    results: list[Refusal | TransmissionLink | None] = []
    fresh: list[TransmissionLink] = []
    for link in links:
        infector, infectee = cases.get(link.infector), cases.get(link.infectee)
        if infector is None or infectee is None:
            absent = link.infector if infector is None else link.infectee
            results.append(
                refuse("link.case_unknown", "infector_id" if infector is None else "infectee_id", case=absent)
            )
            continue
        if infector.pk == infectee.pk:
            results.append(refuse("link.to_itself", "infectee_id"))
            continue
        if infectee.pk not in paths:
            results.append(refuse("kernel.not_found", "infectee_id"))
            continue
        if (infector.pk, infectee.pk) in stated:
            results.append(None)
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
        results.append(fresh[-1])
    with transaction.atomic():
        TransmissionLink.objects.bulk_create(fresh, batch_size=500)
        events.write(_stated(link, by) for link in fresh)
    return results


def _stated(link: TransmissionLink, by: Actor) -> Event:
    details = {"infectee": str(link.infectee_id)}
    return events.made("link.stated", by, subject=("link", link.pk), path=link.path, details=details)


def retract(link_id: UUID, by: Actor) -> None:
    """Take a link back; it stays on record as retracted."""
    if not retract_many([link_id], by):
        raise Refused(refuse("kernel.not_found"))


def retract_many(link_ids: Collection[UUID], by: Actor) -> list[TransmissionLink]:
    """Take links back, those that still stand and that the actor may change. They stay on record as retracted."""
    with transaction.atomic():
        standing = TransmissionLink.objects.visible_to(by, "case.update").filter(pk__in=link_ids, retracted_at=None)
        links = list(standing.select_for_update(of=("self",)).order_by("id"))
        TransmissionLink.objects.filter(pk__in=[link.pk for link in links]).update(retracted_at=clock.now())
        events.write(events.made("link.retracted", by, subject=("link", link.pk), path=link.path) for link in links)
    return links


def restate_many(link_ids: Collection[UUID], by: Actor) -> dict[UUID, TransmissionLink]:
    """State retracted links anew, as entries of their own: {retracted: new}. One that stands again meanwhile is left."""
    with transaction.atomic():
        retracted = TransmissionLink.objects.visible_to(by, "case.update").filter(pk__in=link_ids)
        again: dict[UUID, TransmissionLink] = {}
        for link in retracted.exclude(retracted_at=None).order_by("id"):
            pair = TransmissionLink.objects.filter(
                infector=link.infector_id, infectee=link.infectee_id, retracted_at=None
            )
            if not pair.exists():
                again[link.pk] = link
        for link in again.values():
            link.pk, link.retracted_at, link.recorded_at, link.by_id = ids.new_id(), None, clock.now(), by.user_id
            link._state.adding = True
        TransmissionLink.objects.bulk_create(again.values(), batch_size=500)
        events.write(_stated(link, by) for link in again.values())
    return again
