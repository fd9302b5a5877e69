"""Reads of cases and counts, each starting from what the reader may see."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from os.path import commonprefix
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor, under
from lianfang.kernel.refusals import Refused, refuse
from lianfang.registry.models import Area, Person
from lianfang.registry.selectors import people_called, top_area

from . import rules, tally
from .evidence import Evidence, parse, total
from .models import Case, CaseTally, CaseVersion, Observation, TallyState

PAGE = 50
MANY_AREAS = 50  # so many are asked for by what lies above them all: SQLite reads no expression deeper than a thousand


def end_of(day: date | None) -> datetime | None:
    """The last moment of a day in the platform's time zone; None for None, which stands for now."""
    if day is None:
        return None
    return clock.start_of(day + timedelta(days=1)) - timedelta(microseconds=1)


@dataclass(frozen=True)
class CaseFilter:
    """What a case list is narrowed to. ``known_on`` shows it as it was known at the end of that day."""

    path: str = ""
    disease: str = ""
    classification: str = ""
    reported_from: date | None = None
    reported_until: date | None = None
    onset_on: date | None = None
    known_on: date | None = None
    include_uncounted: bool = False


def cases(actor: Actor, wanted: CaseFilter, permission: str = "case.read") -> Any:
    """Versions of the cases that the actor may see and the filter wants, newest report first."""
    rows = CaseVersion.objects.visible_to(actor, permission).known_at(end_of(wanted.known_on))
    if wanted.known_on:  # nothing is reported on a day to come; said again, so that the index begins at that evening
        rows = rows.filter(reported_on__lte=wanted.known_on)
    if wanted.path:
        rows = rows.filter(under("path", wanted.path))
    if wanted.disease:
        rows = rows.filter(disease=wanted.disease)
    if wanted.classification:
        rows = rows.filter(classification=wanted.classification)
    if wanted.reported_from:
        rows = rows.filter(reported_on__gte=wanted.reported_from)
    if wanted.reported_until:
        rows = rows.filter(reported_on__lte=wanted.reported_until)
    if wanted.onset_on:
        rows = rows.filter(onset_on=wanted.onset_on)
    if not wanted.include_uncounted:
        rows = rows.filter(counted=True)
    return rows.order_by("-reported_on", "-id")


def case_page(
    actor: Actor, wanted: CaseFilter, after: tuple[date, UUID] | None = None
) -> tuple[list[CaseVersion], Any]:
    """One page of the case list and the place where the next begins, or None. Pages by key, so page 1000 costs as page 1."""
    rows = cases(actor, wanted)
    if after:
        day, pk = after
        rows = rows.filter(Q(reported_on__lt=day) | Q(reported_on=day, id__lt=pk), reported_on__lte=day)
    page = CaseVersion.objects.filter(
        pk__in=rows.values("pk")[: PAGE + 1]
    )  # first which, then all that is shown of them
    found = list(page.select_related("case__person__merged_into", "area").order_by("-reported_on", "-id"))
    more = (found[PAGE - 1].reported_on, found[PAGE - 1].pk) if len(found) > PAGE else None
    return found[:PAGE], more


COUNTED_UP_TO = 1000


def how_many(actor: Actor, wanted: CaseFilter, area: Area | None) -> tuple[int, bool]:
    """How many cases a list holds, and whether that is all of them. ``area`` is the one of the filter.

    Told by the tallies where they can tell it, else counted, but never further than a thousand: then it is a bound.
    """
    area = area or _whole_sight(actor)
    if area is not None and _told_by_tallies(actor, wanted, area):
        classes = [wanted.classification] if wanted.classification else None
        days = (wanted.reported_from or date.min, wanted.reported_until or date.max)
        diseases = [wanted.disease] if wanted.disease else [entry.code for entry in definitions.diseases()]
        return sum(
            counts_of(actor, [area], disease, wanted.known_on, measure="reported")[area.code].total(
                "reported", classes=classes, days=days
            )
            for disease in diseases
        ), True
    found = cases(actor, wanted).values("pk")[: COUNTED_UP_TO + 1].count()
    return min(found, COUNTED_UP_TO), found <= COUNTED_UP_TO


def _whole_sight(actor: Actor) -> Area | None:
    """The area of which the actor sees all cases and outside of which none, or None."""
    if actor.system or actor.organisations("case.read") or len(set(actor.paths("case.read"))) != 1:
        return None
    return top_area(actor, "case.read")


def _told_by_tallies(actor: Actor, wanted: CaseFilter, area: Area) -> bool:
    seen = actor.may_at("case.read", area.path) and actor.may_at("situation.read", area.path)
    kept = area.path.count("/") <= tally.LEVELS
    return seen and kept and wanted.onset_on is None and not wanted.include_uncounted


def latest_disease(actor: Actor) -> str:
    """The disease of the latest case that the actor may see, or none: what a new card is most likely about."""
    found = cases(actor, CaseFilter()).values_list("disease", flat=True).first()
    return found or ""


def write_place(place: tuple[date, UUID] | None) -> str | None:
    """A place in a list as text for a link; None stays None."""
    return f"{place[0].isoformat()}_{place[1]}" if place else None


def read_place(text: str) -> tuple[date, UUID] | None:
    """The place that a link names; None for no text. Raises Refused for text that is none."""
    if not text:
        return None
    day, _, pk = text.partition("_")
    try:
        return date.fromisoformat(day), UUID(pk)
    except ValueError:
        raise Refused(refuse("kernel.not_found", "after")) from None


def case(actor: Actor, case_id: UUID, *, known_on: date | None = None, permission: str = "case.read") -> CaseVersion:
    """The version of one case in force now or at the end of a day. Raises Refused when it is not there for this actor."""
    found = (
        CaseVersion.objects.visible_to(actor, permission)
        .known_at(end_of(known_on))
        .filter(case_id=case_id)
        .select_related("case__person__merged_into", "case__organisation", "area", "by")
        .first()
    )
    if found is None:
        raise Refused(refuse("kernel.not_found"))
    return found


def identity(actor: Actor, version: CaseVersion) -> dict[str, Any] | None:
    """Who a case is, for those who may know; None for those who may not. Either look leaves its event.

    Told by the record that stands for the person, where the actor may see it; else by the one the case came with.
    Must be called inside a transaction.
    """
    allowed = CaseVersion.objects.visible_to(actor, "case.identify").filter(pk=version.pk).exists()
    if not allowed:
        events.record("case.opened", actor, subject=("case", version.case_id), path=version.path)
        return None
    own = version.case.person
    seen = Person.objects.visible_to(actor).filter(pk=own.stands_under_id).exists()
    person = own.stands_under if seen else own
    events.record(
        "case.viewed", actor, subject=("case", version.case_id), path=version.path, details={"person": str(person.pk)}
    )
    shown = ("name", "id_number", "phone", "address", "parent_name", "sex", "birth_date")
    return {"record": person.pk, **{name: getattr(person, name) for name in shown}}


def case_in_source(source: str, local_ids: Iterable[str], actor: Actor, desk: str = "") -> dict[str, Case]:
    """The cases of a source by their local ids: those of one's own list, and those of others' that the actor may see."""
    seen = CaseVersion.objects.visible_to(actor).filter(superseded_at=None, case=OuterRef("pk"))
    named = Case.objects.filter(source=source, local_id__in=list(local_ids))
    found = named.filter(Q(desk=desk) | Exists(seen)) if desk else named.filter(Exists(seen))
    return {case.local_id: case for case in sorted(found, key=lambda case: case.desk == desk)}


@dataclass(frozen=True)
class Counts:
    """Sums of cases of an area: {(measure, day, classification, value): count}. See ``tally.cells`` for the measures."""

    cells: dict[tuple[str, date | None, str, int], int]

    def by_day(self, measure: str) -> dict[str, dict[date, int]]:
        """{classification: {day: count}} of one measure; entries without a day are left out."""
        found: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        for (what, day, of_class, _), count in self.cells.items():
            if what == measure and day is not None and count:
                found[of_class][day] += count
        return {of_class: dict(days) for of_class, days in found.items()}

    def total(
        self, measure: str, *, classes: Iterable[str] | None = None, days: tuple[date, date] | None = None
    ) -> int:
        """Sum of one measure, of some classes, within a span of days (both ends included)."""
        wanted = None if classes is None else set(classes)
        return sum(
            count
            for (what, day, of_class, _), count in self.cells.items()
            if what == measure
            and (wanted is None or of_class in wanted)
            and (days is None or (day is not None and days[0] <= day <= days[1]))
        )

    def by_value(self, measure: str, *, classes: Iterable[str] | None = None) -> dict[int, int]:
        """{value: count} of one measure, in order of value."""
        wanted = None if classes is None else set(classes)
        found: dict[int, int] = defaultdict(int)
        for (what, _day, of_class, value), count in self.cells.items():
            if what == measure and (wanted is None or of_class in wanted):
                found[value] += count
        return {value: found[value] for value in sorted(found) if found[value]}


@dataclass(frozen=True)
class Totals:
    """Sums of cases of an area without their days: {(measure, classification): (in all, of these within a span of days)}."""

    sums: dict[tuple[str, str], tuple[int, int]]

    def total(self, measure: str, *, classes: Iterable[str], in_span: bool = False) -> int:
        """Sum of one measure of some classes, in all or within the span that was asked for."""
        return sum(self.sums.get((measure, of_class), (0, 0))[in_span] for of_class in set(classes))


def counts(actor: Actor, area: Area, disease: str, known_on: date | None = None) -> Counts:
    """Counts of an area and all below it, as known at the end of a day, or now. Raises Refused outside the actor's areas."""
    return counts_on(actor, area, disease, [known_on])[0]


def counts_on(actor: Actor, area: Area, disease: str, evenings: Sequence[date | None]) -> list[Counts]:
    """Counts of an area as known at the end of each of some days (None: now), all read at one moment."""
    return _counts(actor, [area], disease, evenings)[area.code]


def counts_of(
    actor: Actor,
    areas: Iterable[Area],
    disease: str,
    known_on: date | None = None,
    *,
    measure: str = "",
    since: date | None = None,
) -> dict[str, Counts]:
    """Counts of several areas at once, by code; of one measure, or of the days from one on, where that is enough: it reads
    less."""
    return {code: found for code, (found,) in _counts(actor, list(areas), disease, [known_on], measure, since).items()}


def _counts(
    actor: Actor,
    areas: Sequence[Area],
    disease: str,
    evenings: Sequence[date | None],
    only: str = "",
    since: date | None = None,
) -> dict[str, list[Counts]]:
    kept, small = _by_size(actor, areas)
    found: dict[str, list[Counter[tuple[str, date | None, str, int]]]] = {
        area.code: [Counter() for _ in evenings] for area in areas
    }

    def asked(cell: tally.Cell) -> bool:
        return (not only or cell.measure == only) and (since is None or (cell.day is not None and cell.day >= since))

    def read() -> None:
        for sums in found.values():
            for cells in sums:
                cells.clear()
        ledger = _ledger(kept, disease, evenings)
        ledger = ledger.filter(measure=only) if only else ledger
        ledger = ledger.filter(day__gte=since) if since else ledger
        rows = ledger.values_list("area_code", "measure", "day", "classification", "value")
        for code, measure, day, of_class, value, *known in rows.annotate(**_sums(evenings)):
            cell = (measure, None if day == tally.NO_DAY else day, of_class, value)
            for cells, count in zip(found[code], known, strict=True):
                cells[cell] += count or 0
        for change, delta in tally.total_of(_not_in_ledger(kept, disease)).items():
            if change.area_code not in found or not asked(change.cell):
                continue
            for cells, evening in zip(found[change.area_code], evenings, strict=True):
                if evening is None or change.known_on <= evening:
                    cells[change.cell] += delta

    if kept:
        _undisturbed(read)
    moments = [end_of(evening) for evening in evenings]
    for path, inside in _together(small).items():
        codes = {area.path: area.code for area in inside}
        for version in _versions_in(path, disease, moments):
            if (code := code_above(version.path, codes)) is None:
                continue
            counted = list(filter(asked, tally.cells(version)))
            for cells, moment in zip(found[code], moments, strict=True):
                if _in_force(version, moment):
                    cells.update(counted)
    return {
        code: [Counts({cell: count for cell, count in cells.items() if count}) for cells in sums]
        for code, sums in found.items()
    }


def first_report(area: Area, disease: str, known_on: date | None = None) -> date | None:
    """The first day of report of an area that has tallies, as known on an evening; None where there is none yet."""
    rows = CaseTally.objects.filter(area_code=area.code, disease=disease, carried=False, measure="reported")
    if known_on is not None:
        rows = rows.filter(known_on__lte=known_on)
    return rows.aggregate(first=Min("day"))["first"]


Arrivals = Mapping[tuple[date, date], int]  # {(day, known on): cases more or less of that day, from then on}


def arrivals(
    actor: Actor, area: Area, disease: str, measure: str, classes: Iterable[str], span: tuple[date, date]
) -> Arrivals:
    """How the counts of an area by day came to be known, day by day, within a span of days. Raises Refused outside the
    actor's areas.

    The days of a measure such as "onset" lie in the span, and so do those on which it became known; what was known before
    has the first of them. A case that changed its day, its class or its area goes where it was and comes where it is.
    """
    return arrivals_of(actor, [area], disease, measure, classes, span)[area.code]


def arrivals_of(
    actor: Actor, areas: Sequence[Area], disease: str, measure: str, classes: Iterable[str], span: tuple[date, date]
) -> dict[str, Arrivals]:
    """The arrivals of several areas at once, by code."""
    kept, small = _by_size(actor, areas)
    first, last = span
    wanted = set(classes)
    found: dict[str, Counter[tuple[date, date]]] = {area.code: Counter() for area in areas}

    def add(code: str, day: date | None, of_class: str, known_on: date, delta: int) -> None:
        if day is not None and first <= day <= last and of_class in wanted and known_on <= last:
            found[code][day, max(first, known_on)] += delta

    def read() -> None:
        for area in kept:
            found[area.code].clear()
        rows = CaseTally.objects.filter(
            area_code__in=[area.code for area in kept],
            disease=disease,
            carried=False,
            measure=measure,
            known_on__lte=last,
            day__range=span,
        ).values_list("area_code", "day", "classification", "known_on")
        for row in rows.annotate(Sum("delta")):
            add(*row)
        for change, delta in tally.total_of(_not_in_ledger(kept, disease)).items():
            if change.area_code in found and change.cell.measure == measure:
                add(change.area_code, change.cell.day, change.cell.classification, change.known_on, delta)

    if kept:
        _undisturbed(read)
    for path, inside in _together(small).items():
        codes = {area.path: area.code for area in inside}
        versions = CaseVersion.objects.filter(under("area__path", path), disease=disease)
        for version in versions.values_list(*tally.COUNTED, "superseded_at", named=True).iterator(chunk_size=5000):
            if (code := code_above(version.path, codes)) is None:
                continue
            for cell in tally.cells(version):
                if cell.measure == measure:
                    add(code, cell.day, cell.classification, clock.local_day(version.recorded_at), 1)
                    if version.superseded_at is not None:
                        add(code, cell.day, cell.classification, clock.local_day(version.superseded_at), -1)
    return {code: {cell: delta for cell, delta in cells.items() if delta} for code, cells in found.items()}


TOTALLED = {"reported": "reported_on", "confirmed": "confirmed_on", "died": "outcome_on"}  # and the column of the day


def totals_below(
    actor: Actor, area: Area, disease: str, below: Iterable[Area], span: tuple[date, date], known_on: date | None = None
) -> dict[str, Totals]:
    """Reported, confirmed and dead of the areas just below one, by code, in all and within a span of days.

    Areas below that the actor may not see are left out.
    """
    kept, small = _by_size(actor, [entry for entry in below if actor.may_at("situation.read", entry.path)])
    found: dict[str, dict[tuple[str, str], list[int]]] = {entry.code: {} for entry in (*kept, *small)}

    def add(code: str, measure: str, of_class: str, count: int, in_span: int) -> None:
        sums = found[code].setdefault((measure, of_class), [0, 0])
        sums[0] += count
        sums[1] += in_span

    def read() -> None:
        for sums in found.values():
            sums.clear()
        rows = _ledger(kept, disease, [known_on]).filter(measure__in=TOTALLED)
        within = Coalesce(Sum("delta", filter=Q(day__range=span)), 0)
        for row in rows.values_list("area_code", "measure", "classification").annotate(Sum("delta"), within=within):
            add(*row)
        for change, delta in tally.total_of(_not_in_ledger([area], disease)).items():
            cell = change.cell
            known = known_on is None or change.known_on <= known_on
            if known and change.area_code in found and cell.measure in TOTALLED:
                in_span = cell.day is not None and span[0] <= cell.day <= span[1]
                add(change.area_code, cell.measure, cell.classification, delta, delta * in_span)

    if kept:
        _undisturbed(read)
    if small:
        within = {f"{name}_in_span": Count("id", filter=Q(**{f"{day}__range": span})) for name, day in TOTALLED.items()}
        areas = dict(Area.objects.filter(under("path", area.path)).values_list("pk", "path"))
        here = under("area__path", area.path)
        rows: Any = CaseVersion.objects.known_at(end_of(known_on)).filter(here, disease=disease, counted=True)
        for row in rows.values("area_id", "classification", "outcome").annotate(
            reported=Count("id"), confirmed=Count("confirmed_on"), **within
        ):
            codes = areas[row["area_id"]].split("/")
            code = next((entry.code for entry in small if entry.code in codes), None)
            if code is None:
                continue
            of_measure = {**row, "died": row["reported"] if row["outcome"] == "died" else 0}
            for measure in TOTALLED:
                if of_measure[measure]:
                    add(code, measure, row["classification"], of_measure[measure], of_measure[f"{measure}_in_span"])
    return {code: Totals({key: (sums[0], sums[1]) for key, sums in entry.items()}) for code, entry in found.items()}


def _by_size(actor: Actor, areas: Iterable[Area]) -> tuple[list[Area], list[Area]]:
    """The areas that have tallies, and the smaller ones whose cases are counted. Raises Refused outside the actor's areas."""
    kept: list[Area] = []
    small: list[Area] = []
    for area in areas:
        if not actor.may_at("situation.read", area.path):
            raise Refused(refuse("kernel.not_found"))
        (kept if area.path.count("/") <= tally.LEVELS else small).append(area)
    return kept, small


def _last(evenings: Sequence[date | None]) -> date | None:
    """The latest of some evenings; None, which is now, comes after all."""
    return None if None in evenings else max(evening for evening in evenings if evening)


def _ledger(areas: Sequence[Area], disease: str, evenings: Sequence[date | None]) -> QuerySet[CaseTally]:
    """The rows whose sum is what was known on each of the evenings: the last balance before them all, and what followed."""
    rows = CaseTally.objects.filter(area_code__in=[area.code for area in areas], disease=disease)
    carried = TallyState.objects.values_list("carried_until", flat=True).first()
    if carried and all(evening is None or evening >= carried for evening in evenings):
        rows = rows.filter(Q(carried=True) | Q(carried=False, known_on__gt=carried))
    else:
        rows = rows.filter(carried=False)
    last = _last(evenings)
    return rows.filter(known_on__lte=last) if last else rows


def _sums(evenings: Sequence[date | None]) -> dict[str, Sum]:
    last = _last(evenings)
    return {
        f"on_{n}": Sum("delta") if evening == last else Sum("delta", filter=Q(known_on__lte=evening))
        for n, evening in enumerate(evenings)
    }


def _not_in_ledger(areas: Sequence[Area], disease: str) -> QuerySet[CaseVersion]:
    """Versions not yet tallied that changed the counts of these areas, of any day.

    Always few. Were an evening asked for here, SQLite would walk all versions of all days before it.
    """
    paths = [area.path for area in areas]
    if len(paths) > MANY_AREAS:  # what lies between them is counted too, and left out by who asked
        shared = commonprefix(paths)
        paths = [shared[: shared.rfind("/") + 1]]
    touched = Q(pk__in=())
    for path in paths:
        touched |= under("path", path) | under("supersedes__path", path)
    return tally.untallied().filter(touched, disease=disease)


def _together(small: Sequence[Area]) -> dict[str, list[Area]]:
    """Areas too small for tallies by the path to read for them: the county of several, of a single one its own."""
    found: dict[str, list[Area]] = defaultdict(list)
    for area in small:
        found["".join(f"{code}/" for code in tally.tallied_codes(area.path))].append(area)
    return {inside[0].path if len(inside) == 1 else county: inside for county, inside in found.items()}


def code_above(path: str, codes: Mapping[str, str]) -> str | None:
    """The code of the area, among some by their paths, in which a path lies."""
    while path and path not in codes:
        path = path[: path.rstrip("/").rfind("/") + 1]
    return codes.get(path)


def _versions_in(path: str, disease: str, moments: Sequence[datetime | None]) -> Iterator[Any]:
    """What counting needs of the versions that were in force at one of the moments, of an area's path and all below.

    Found by the index on their area, and read as plain rows, which costs a third of reading models.
    """
    in_force = Q(pk__in=())
    for moment in moments:
        ended_later = Q(superseded_at=None) | (Q(superseded_at__gt=moment) if moment else Q(pk__in=()))
        in_force |= (ended_later & Q(recorded_at__lte=moment)) if moment else ended_later
    rows = CaseVersion.objects.filter(in_force, under("area__path", path), disease=disease)
    return rows.values_list(*tally.COUNTED, "superseded_at", named=True).iterator(chunk_size=5000)


def _in_force(version: Any, moment: datetime | None) -> bool:
    """Whether a version was in force at a moment; None means now."""
    if moment is None:
        return version.superseded_at is None
    return version.recorded_at <= moment and (version.superseded_at is None or version.superseded_at > moment)


def _undisturbed(read: Callable[[], None]) -> None:
    """Read the tallies and what they lack, again whenever they changed between the two."""
    while True:
        revision = TallyState.objects.values_list("revision", flat=True).first()
        read()
        if TallyState.objects.values_list("revision", flat=True).first() == revision:
            return


def busiest_disease(area: Area) -> str | None:
    """The disease with the most cases in an area, tallied or not; None where there is none."""
    most: Counter[str] = Counter()
    if area.path.count("/") <= tally.LEVELS:
        rows = CaseTally.objects.filter(area_code=area.code, carried=False, measure="reported")
        most.update(dict(rows.values_list("disease").annotate(Sum("delta"))))
    else:
        here = CaseVersion.objects.known_at(None).filter(under("area__path", area.path), counted=True)
        most.update(dict(here.values_list("disease").annotate(Count("id"))))
    if not most:
        waiting = CaseVersion.objects.filter(under("path", area.path), tallied=False, counted=True)
        most.update(dict(waiting.values_list("disease").annotate(Count("id"))))
    return max(most, key=lambda code: (most[code], code)) if most else None


EXPORTED = (
    "case_id", "source", "local_id", "disease", "classification", "declared", "edition", "area_code", "area",
    "onset_on", "onset_until", "reported_on", "confirmed_on", "admitted_on", "severity", "outcome", "outcome_on",
    "sex", "age_low", "age_high", "counted",
)  # fmt: skip


def export(actor: Actor, wanted: CaseFilter) -> Iterator[tuple[Any, ...]]:
    """The rows of an export, a few thousand in memory at a time."""
    columns = {
        "case_id": "case_id",
        "source": "case__source",
        "local_id": "case__local_id",
        "area_code": "area__code",
        "area": "area__name",
    }
    rows = cases(actor, wanted, "case.export").values_list(*(columns.get(name, name) for name in EXPORTED))
    return rows.iterator(chunk_size=5000)


def search(actor: Actor, text: str) -> list[CaseVersion]:
    """Cases by number, by local id, or exactly by name, ID number or phone, among those the actor may see.

    Identity is looked up only by those who may identify cases, through blind indexes; the look leaves an event.
    """
    rows = CaseVersion.objects.visible_to(actor).known_at(None).select_related("case__person__merged_into", "area")
    found = (Q(case__local_id=text) & ~Q(case__local_id="")) | Q(case__number=text.upper())
    if people := people_called(actor, text):
        found |= Q(case__person__in=people)
    shown = list(rows.filter(found).order_by("-reported_on", "-id")[:PAGE])
    told = {"by": "identity" if people else "number", "found": [str(version.case_id) for version in shown]}
    with transaction.atomic():
        events.record("case.searched", actor, details=told)
    return shown


def rejudged(
    disease: str, edition: str, progress: Callable[[int], None] = lambda done: None
) -> Counter[tuple[str, str]]:
    """How many cases are of which class now and would be under another edition: {(now, then): count}. Changes nothing.

    Every case is judged on the day it was judged on. A class that the notifier stated stays stated where the edition has it.
    """
    held = definitions.edition(disease, edition)
    moved: Counter[tuple[str, str]] = Counter()
    versions = CaseVersion.objects.filter(superseded_at=None, disease=disease, counted=True)
    batch: list[tuple[UUID, str, date, str, date | None]] = []

    def judge_batch() -> None:
        evidence = evidence_by_case([entry[0] for entry in batch])
        for case_id, now, day, path, born in batch:
            then = rules.known(rules.aged(evidence[case_id], born, day), disease, day, day, path, held)
            moved[now, then.classification] += 1
        progress(len(batch))
        batch.clear()

    born = Coalesce("case__person__merged_into__birth_date", "case__person__birth_date")
    asked = ("case_id", "classification", "judged_on", "path", born)
    for entry in versions.values_list(*asked).iterator(chunk_size=2000):
        batch.append(entry)
        if len(batch) == 2000:
            judge_batch()
    if batch:
        judge_batch()
    return moved


def evidence_by_case(case_ids: Sequence[UUID], known_at: datetime | None = None) -> dict[UUID, Evidence]:
    """All that was known of cases at a moment (None: now), corrections in the place of what they correct."""
    entries = Observation.objects.filter(case_id__in=case_ids).order_by("recorded_at", "id")
    if known_at is not None:
        entries = entries.filter(recorded_at__lte=known_at)
    kept: dict[UUID, list[Observation]] = {pk: [] for pk in case_ids}
    corrected = set()
    for entry in entries:
        kept[entry.case_id].append(entry)
        corrected.add(entry.corrects_id)
    return {pk: total(parse(entry.content) for entry in kept[pk] if entry.pk not in corrected) for pk in case_ids}
