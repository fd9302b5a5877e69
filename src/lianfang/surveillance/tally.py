"""Counts kept ready, so that a province's page adds up a few thousand rows and not a million cases.

A version that is not yet tallied is counted live; a job adds it to the tallies and marks it in one transaction. The sum
of both is exact at every moment, whoever writes meanwhile.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from django.db import transaction

from lianfang.kernel import clock

from .models import CaseTally, CaseVersion

LEVELS = 4  # country, province, city, county: below that a page counts cases themselves
LONGEST_DELAY = 120


class Cell(NamedTuple):
    """One figure that a version counts in. ``value`` is the delay in days from onset to report where that is known."""

    measure: str
    day: date | None
    classification: str
    value: int = 0


class Change(NamedTuple):
    """A figure of an area going up or down, known from a day on."""

    disease: str
    area_code: str
    known_on: date
    cell: Cell


def cells(version: CaseVersion) -> Iterator[Cell]:
    """The figures in which a version counts. A case found to be a duplicate counts in none."""
    if not version.counted:
        return
    of_class = version.classification
    yield Cell("reported", version.reported_on, of_class)
    if version.onset_on and version.onset_until in (None, version.onset_on):
        delay = (version.reported_on - version.onset_on).days
        yield Cell("onset", version.onset_on, of_class, max(-LONGEST_DELAY, min(LONGEST_DELAY, delay)))
    else:
        yield Cell("onset", None, of_class)
    if version.confirmed_on:
        yield Cell("confirmed", version.confirmed_on, of_class)
    if version.admitted_on:
        yield Cell("admitted", version.admitted_on, of_class)
    if version.outcome:
        yield Cell(version.outcome, version.outcome_on, of_class)
    elif version.severity:
        yield Cell(version.severity, None, of_class)


def changes(version: CaseVersion, before: CaseVersion | None) -> Counter[Change]:
    """What a version changed in the counts of its areas, and took from those of the version it supersedes."""
    known_on = clock.local_day(version.recorded_at)
    counted: Counter[Change] = Counter()
    for entry, sign in ((before, -1), (version, 1)):
        if entry is None:
            continue
        codes = entry.path.rstrip("/").split("/")[:LEVELS]
        for cell in cells(entry):
            for code in codes:
                counted[Change(entry.disease, code, known_on, cell)] += sign
    return counted


def rows(counted: Counter[Change]) -> list[CaseTally]:
    """Tally rows for a sum of changes; what cancels out leaves none."""
    return [
        CaseTally(
            disease=change.disease,
            area_code=change.area_code,
            measure=change.cell.measure,
            day=change.cell.day,
            classification=change.cell.classification,
            value=change.cell.value,
            known_on=change.known_on,
            delta=delta,
        )
        for change, delta in counted.items()
        if delta
    ]


def total_of(versions: Iterable[CaseVersion]) -> Counter[Change]:
    """The changes of several versions together; each must have ``supersedes`` loaded."""
    counted: Counter[Change] = Counter()
    for version in versions:
        for change, delta in changes(version, version.supersedes).items():
            counted[change] += delta
    return counted


def tally_batch(limit: int = 5000) -> int:
    """Add versions that are not yet tallied to the tallies. Returns how many."""
    with transaction.atomic():
        versions = list(
            CaseVersion.objects.filter(tallied=False)
            .select_related("supersedes")
            .order_by("id")
            .select_for_update(of=("self",), skip_locked=True)[:limit]
        )
        CaseTally.objects.bulk_create(rows(total_of(versions)), batch_size=5000)
        CaseVersion.objects.filter(pk__in=[version.pk for version in versions]).update(tallied=True)
    return len(versions)


def tally_all() -> int:
    """Tally everything there is to tally, then compact. Returns how many versions were new."""
    total = 0
    while count := tally_batch():
        total += count
    return total


def compact(area_code: str, disease: str) -> None:
    """Merge tally rows of an area that stand in the same cell and became known on the same day."""
    from django.db.models import Count, Sum

    cell = ("measure", "day", "classification", "value", "known_on")
    with transaction.atomic():
        kept = CaseTally.objects.filter(area_code=area_code, disease=disease)
        repeated = kept.values(*cell).annotate(rows=Count("id"), total=Sum("delta")).filter(rows__gt=1)
        for entry in list(repeated):
            count = entry.pop("rows")
            delta = entry.pop("total")
            same = list(kept.filter(**entry).select_for_update().values_list("id", "delta"))
            if len(same) != count or sum(part for _, part in same) != delta:
                continue  # somebody tallied meanwhile; next time
            CaseTally.objects.filter(id__in=[pk for pk, _ in same]).delete()
            if delta:
                CaseTally.objects.create(area_code=area_code, disease=disease, delta=delta, **entry)
