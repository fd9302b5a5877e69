"""Sources that are kept: each keeping is an edition, and what a source said on any evening stays beside what was known then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction

from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor, under
from lianfang.kernel.refusals import Refused, refuse
from lianfang.registry.models import Area
from lianfang.surveillance.selectors import end_of

from . import sources
from .models import SourceEdition
from .sources import Line, Reconciled, Standing

SOURCES = UUID(
    "5b0e6f0a-6a56-5c6e-8f5b-0f6f6c3f7a10"
)  # under which the ids of sources are made from what they stand for
LONGEST_NAME = 80
MOST = 12  # sources that are compared at once: each counts the cases of all its areas


def source_id(area: Area, disease: str, measure: str, name: str) -> UUID:
    """The same for every edition of one source."""
    return uuid5(SOURCES, "\n".join((area.code, disease, measure, name)))


def keep(
    area: Area,
    disease: str,
    lines: Sequence[Line],
    by: Actor,
    *,
    cumulative: bool,
    measure: str = "confirmed",
    id: UUID | None = None,
) -> list[SourceEdition]:
    """Keep what each source of the lines says as its next edition. Raises Refused; a source is kept whole or not at all.

    Lines of one source may come with an ``id``, made where they were sent from: the same id with the same content again is
    success, with other content a conflict.
    """
    if not by.may_at("source.keep", area.path):
        raise Refused(refuse("sources.not_your_area", area=area.name))
    found = sources.reconciled(by, area, disease, lines, day=None, cumulative=cumulative, measure=measure)
    if found.unknown:
        raise Refused(refuse("sources.unknown_areas", "text", areas=", ".join(found.unknown[:5])))
    if not all(found.sources):
        raise Refused(refuse("sources.no_name", "name"))
    if long := [name for name in found.sources if len(name) > LONGEST_NAME]:
        raise Refused(refuse("sources.name_too_long", "name", name=long[0][:20], most=LONGEST_NAME))
    known, _unknown = sources.known_areas(area, lines, clock.today())
    counts: dict[str, dict[str, dict[str, int]]] = {name: {} for name in found.sources}
    for line in lines:
        counts[line.source].setdefault(known[line.area].code, {})[line.day.isoformat()] = int(line.count)
    about = {
        "area": area,
        "path": area.path,
        "disease": disease,
        "measure": measure,
        "cumulative": cumulative,
        **({"id": id} if id else {}),
    }
    with transaction.atomic():
        return [
            _append(by, "source.kept", source=source_id(area, disease, measure, name), name=name, counts=said, **about)
            for name, said in counts.items()
        ]


def put_away(source: UUID, by: Actor) -> SourceEdition:
    """Compare a source no longer. What it said before stays, and is shown of the evenings before. Raises Refused."""
    last = edition(by, source)
    if not by.may_at("source.keep", last.path):
        raise Refused(refuse("sources.not_your_area", area=last.area.name))
    if last.put_away:
        raise Refused(refuse("sources.no_longer", name=last.name))
    about = {
        field: getattr(last, field) for field in ("source", "name", "area", "path", "disease", "measure", "cumulative")
    }
    with transaction.atomic():
        return _append(by, "source.put_away", put_away=True, **about)


def _append(by: Actor, event: str, **said: Any) -> SourceEdition:
    last = SourceEdition.objects.filter(source=said["source"]).order_by("-number").first()
    made = SourceEdition(number=last.number + 1 if last else 1, kept_at=clock.now(), kept_by_id=by.user_id, **said)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        if known := SourceEdition.objects.filter(pk=made.pk).first():
            return _as_before(known, made)
        raise Refused(refuse("sources.kept_meanwhile", name=made.name)) from None
    details = {"disease": made.disease, "entered": sum(map(len, made.counts.values()))}
    events.record(event, by, subject=("source", made.source), path=made.path, details=details)
    return made


def _as_before(known: SourceEdition, again: SourceEdition) -> SourceEdition:
    """The edition that came before under this id, if it says the same. Raises Refused if it says something else."""
    same = ("source", "cumulative", "counts", "put_away", "kept_by_id")
    if any(getattr(known, name) != getattr(again, name) for name in same):
        raise Refused(refuse("kernel.id_conflict", "id"))
    return known


# --- what is kept ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """A kept source as it stood on an evening, beside the platform as known then; ``no`` says why it cannot be compared."""

    edition: SourceEdition
    found: Reconciled | None = None
    no: Refused | None = None

    @property
    def measure(self) -> str:
        return str(sources.MEASURES[self.edition.measure])

    @property
    def standing(self) -> Standing:
        return self.found.standings[0] if self.found else Standing(self.edition.name)


def edition(actor: Actor, source: UUID, day: date | None = None) -> SourceEdition:
    """The edition of a source as known on an evening (None: now). Raises Refused where the actor may not see it."""
    found = SourceEdition.objects.visible_to(actor).known_at(end_of(day)).filter(source=source)
    first = found.select_related("area", "kept_by").first()
    if first is None:
        raise Refused(refuse("kernel.not_found"))
    return first


def compared(actor: Actor, kept: SourceEdition, day: date | None) -> Kept:
    """A source beside the platform's counts, both as known on an evening (None: now)."""
    if kept.put_away:
        return Kept(kept, no=Refused(refuse("sources.no_longer", name=kept.name)))
    lines = [Line(kept.name, code, on, count) for code, on, count in kept.figures()]
    try:
        found = sources.reconciled(
            actor, kept.area, kept.disease, lines, day=day, cumulative=kept.cumulative, measure=kept.measure
        )
    except Refused as no:
        return Kept(kept, no=no)
    return Kept(kept, found)


def kept_sources(actor: Actor, area: Area, disease: str, day: date | None) -> tuple[list[Kept], list[SourceEdition]]:
    """The sources of an area and its parts, each compared, those that differ most first; and the editions not compared for want of time.

    The larger areas' sources are compared first, then those kept last.
    """
    known = SourceEdition.objects.visible_to(actor).known_at(end_of(day)).filter(
        under("path", area.path), disease=disease, put_away=False
    ).select_related("area", "kept_by")  # fmt: skip
    order = sorted(known, key=lambda each: (each.path.count("/"), -each.kept_at.timestamp()))
    found = [compared(actor, each, day) for each in order[:MOST]]
    found.sort(key=lambda each: (each.found is None, -abs(each.standing.difference), each.edition.name))
    return found, order[MOST:]
