"""Reads of cases and counts, each starting from what the reader may see."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q, Sum
from django.utils import timezone

from lianfang.definitions import selectors as definitions
from lianfang.kernel import events
from lianfang.kernel.access import Actor, under
from lianfang.kernel.refusals import Refused, refuse
from lianfang.registry.models import Area
from lianfang.registry.selectors import people_called

from . import rules, tally
from .evidence import Evidence, parse, total
from .models import Case, CaseTally, CaseVersion, Observation

PAGE = 50


def end_of(day: date | None) -> datetime | None:
    """The last moment of a day in the platform's time zone; None for None, which stands for now."""
    if day is None:
        return None
    midnight = datetime.combine(day + timedelta(days=1), time.min)
    return timezone.make_aware(midnight) - timedelta(microseconds=1)


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
    found = list(rows.select_related("case__person", "area")[: PAGE + 1])
    more = (found[PAGE - 1].reported_on, found[PAGE - 1].pk) if len(found) > PAGE else None
    return found[:PAGE], more


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


def case(actor: Actor, case_id: UUID, *, known_on: date | None = None) -> CaseVersion:
    """The version of one case in force now or at the end of a day. Raises Refused when it is not there for this actor."""
    found = (
        CaseVersion.objects.visible_to(actor)
        .known_at(end_of(known_on))
        .filter(case_id=case_id)
        .select_related("case__person", "case__organisation", "area", "by")
        .first()
    )
    if found is None:
        raise Refused(refuse("kernel.not_found"))
    return found


def identity(actor: Actor, version: CaseVersion) -> dict[str, str] | None:
    """Who a case is, for those who may know, leaving an event of the look. None for those who may not.

    Must be called inside a transaction.
    """
    allowed = CaseVersion.objects.visible_to(actor, "case.identify").filter(pk=version.pk).exists()
    if not allowed:
        return None
    person = version.case.person
    events.record(
        "case.viewed", actor, subject=("case", version.case_id), path=version.path, details={"person": str(person.pk)}
    )
    return {
        "name": person.name,
        "id_number": person.id_number,
        "phone": person.phone,
        "address": person.address,
        "parent_name": person.parent_name,
    }


def case_in_source(source: str, local_ids: Iterable[str]) -> dict[str, Case]:
    """The cases of a source by their local ids."""
    found = Case.objects.filter(source=source, local_id__in=list(local_ids))
    return {case.local_id: case for case in found}


@dataclass(frozen=True)
class Counts:
    """Sums of cases of an area: {(measure, day, classification, value): count}."""

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

    def values(self, measure: str, *, classes: Iterable[str] | None = None) -> dict[tuple[date, int], int]:
        """{(day, value): count} of one measure where the day is known."""
        wanted = None if classes is None else set(classes)
        found: dict[tuple[date, int], int] = defaultdict(int)
        for (what, day, of_class, value), count in self.cells.items():
            if what == measure and day is not None and (wanted is None or of_class in wanted):
                found[day, value] += count
        return {key: count for key, count in found.items() if count}


def counts(actor: Actor, area: Area, disease: str, known_on: date | None = None) -> Counts:
    """Counts of an area and all below it, as known at the end of a day, or now. Raises Refused outside the actor's areas."""
    return counts_of(actor, [area], disease, known_on)[area.code]


def counts_of(actor: Actor, areas: Iterable[Area], disease: str, known_on: date | None = None) -> dict[str, Counts]:
    """Counts of several areas at once, by code."""
    areas = list(areas)
    for area in areas:
        if not actor.may_at("situation.read", area.path):
            raise Refused(refuse("kernel.not_found"))
    kept = [area for area in areas if area.path.count("/") <= tally.LEVELS]
    small = [area for area in areas if area.path.count("/") > tally.LEVELS]
    found: dict[str, dict[tuple[str, date | None, str, int], int]] = {area.code: defaultdict(int) for area in areas}
    while True:
        mark = CaseTally.objects.aggregate(last=Max("id"))["last"]
        for cells in found.values():
            cells.clear()
        rows = CaseTally.objects.filter(area_code__in=[area.code for area in kept], disease=disease)
        if known_on:
            rows = rows.filter(known_on__lte=known_on)
        for code, measure, day, of_class, value, count in rows.values_list(
            "area_code", "measure", "day", "classification", "value"
        ).annotate(count=Sum("delta")):
            if count:
                found[code][measure, day, of_class, value] += count
        if kept:
            _add_untallied(found, kept, disease, known_on)
        if CaseTally.objects.aggregate(last=Max("id"))["last"] == mark:
            break  # nothing was tallied between the two reads
    for area in small:
        versions = CaseVersion.objects.known_at(end_of(known_on)).filter(under("path", area.path), disease=disease)
        for version in versions:
            for cell in tally.cells(version):
                found[area.code][cell.measure, cell.day, cell.classification, cell.value] += 1
    return {code: Counts({cell: count for cell, count in cells.items() if count}) for code, cells in found.items()}


def _add_untallied(found: dict[str, Any], areas: list[Area], disease: str, known_on: date | None) -> None:
    codes = {area.code for area in areas}
    rows = CaseVersion.objects.filter(tallied=False, disease=disease).select_related("supersedes")
    if moment := end_of(known_on):
        rows = rows.filter(recorded_at__lte=moment)
    for change, delta in tally.total_of(rows).items():
        if change.area_code in codes:
            cell = change.cell
            found[change.area_code][cell.measure, cell.day, cell.classification, cell.value] += delta


EXPORTED = (
    "case_id", "source", "local_id", "disease", "classification", "declared", "edition", "area_code", "area",
    "onset_on", "onset_until", "reported_on", "confirmed_on", "admitted_on", "severity", "outcome", "outcome_on",
    "sex", "age_low", "age_high", "counted",
)  # fmt: skip


def export(actor: Actor, wanted: CaseFilter) -> Iterator[tuple[Any, ...]]:
    """The rows of an export, a few thousand in memory at a time."""
    columns = {"case_id": "case_id", "source": "case__source", "local_id": "case__local_id", "area_code": "area__code", "area": "area__name"}
    rows = cases(actor, wanted, "case.export").values_list(*(columns.get(name, name) for name in EXPORTED))
    return rows.iterator(chunk_size=5000)


def search(actor: Actor, text: str) -> list[CaseVersion]:
    """Cases by number, by local id, or exactly by name, ID number or phone, among those the actor may see.

    Identity is looked up only by those who may identify cases, through blind indexes; the look leaves an event.
    """
    rows = CaseVersion.objects.visible_to(actor).known_at(None).select_related("case__person", "area")
    found = Q(case__local_id=text) | Q(case__number=text.upper())
    if people := people_called(actor, text):
        found |= Q(case__person__in=people)
    with transaction.atomic():
        events.record("case.searched", actor, details={"by": "identity" if people else "number"})
    return list(rows.filter(found).order_by("-reported_on", "-id")[:PAGE])


def rejudged(disease: str, edition: str, progress: Callable[[int], None] = lambda done: None) -> Counter[tuple[str, str]]:
    """How many cases are of which class now and would be under another edition: {(now, then): count}. Changes nothing.

    Every case is judged on the day it was judged on. A class that the notifier stated stays stated where the edition has it.
    """
    held = definitions.edition(disease, edition)
    moved: Counter[tuple[str, str]] = Counter()
    versions = CaseVersion.objects.filter(superseded_at=None, disease=disease, counted=True)
    batch: list[tuple[UUID, str, date, str]] = []

    def judge_batch() -> None:
        evidence = evidence_by_case([entry[0] for entry in batch])
        for case_id, now, day, path in batch:
            then = rules.known(evidence[case_id], disease, day, day, path, held)
            moved[now, then.classification] += 1
        progress(len(batch))
        batch.clear()

    for entry in versions.values_list("case_id", "classification", "judged_on", "path").iterator(chunk_size=2000):
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
