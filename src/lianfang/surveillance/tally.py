"""Counts kept ready, so that a province's page adds up a few thousand rows and not a million cases.

A ledger. A version that is not yet tallied is counted live; a job enters what it changed as movements of the day on
which it became known, and marks it, in one transaction. The sum of both is exact at every moment, whoever writes
meanwhile. Every few weeks what became known long ago is carried forward as a balance, so that a page of today adds up
one balance and some weeks of movements, however long the outbreak lasts; the movements stay for the days before.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from django.db import connection, transaction

from lianfang.kernel import clock

from .models import CaseTally, CaseVersion, TallyState

LEVELS = 4  # country, province, city, county: below that a page counts cases themselves
LONGEST_DELAY = 120
SETTLED_AFTER = timedelta(days=28)  # what became known longer ago is carried forward, and again after as long
NO_DAY = date.min  # stands in the table for a day that is not known
COUNTED = (
    "disease", "path", "counted", "classification", "reported_on", "onset_on", "onset_until", "confirmed_on",
    "admitted_on", "outcome", "outcome_on", "severity", "recorded_at",
)  # fmt: skip


class Cell(NamedTuple):
    """One figure that a version counts in. ``value`` is a number of days, for the measure "delay" alone."""

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


class Entry(NamedTuple):
    """A row of the ledger: a movement, known from the day of its change on, or (carried) the balance of a later day."""

    disease: str
    area_code: str
    cell: Cell
    known_on: date
    carried: bool

    def row(self) -> tuple[Any, ...]:
        """The values of the columns that name a row, in the order of ROW."""
        cell = self.cell
        figure = (cell.measure, cell.day or NO_DAY, cell.classification, cell.value)
        return self.disease, self.area_code, *figure, self.known_on, self.carried


ROW = ("disease", "area_code", "measure", "day", "classification", "value", "known_on", "carried")


def cells(version: Any) -> Iterator[Cell]:
    """The figures in which a version counts. A case found to be a duplicate counts in none.

    reported, onset, confirmed, admitted: by their day. delay: days from onset to report, where the onset is known to the
    day. An outcome by its day, or, while there is none, the severity.
    """
    if not version.counted:
        return
    of_class = version.classification
    yield Cell("reported", version.reported_on, of_class)
    if version.onset_on and version.onset_until in (None, version.onset_on):
        yield Cell("onset", version.onset_on, of_class)
        delay = (version.reported_on - version.onset_on).days
        yield Cell("delay", None, of_class, max(-LONGEST_DELAY, min(LONGEST_DELAY, delay)))
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


@lru_cache(maxsize=65_536)
def tallied_codes(path: str) -> tuple[str, ...]:
    """The codes of the areas on a path that have tallies, from the top down."""
    return tuple(path.rstrip("/").split("/")[:LEVELS])


def total_of(versions: Iterable[CaseVersion]) -> Counter[Change]:
    """What versions changed together: each adds to the counts of its areas, and takes from them what it supersedes.

    Each must have ``supersedes`` loaded.
    """
    lowest: Counter[tuple[str, tuple[str, ...], date, Cell]] = Counter()
    for version in versions:
        known_on = clock.local_day(version.recorded_at)
        for entry, sign in ((version.supersedes, -1), (version, 1)):
            if entry is not None:
                codes = tallied_codes(entry.path)
                for cell in cells(entry):
                    lowest[entry.disease, codes, known_on, cell] += sign
    counted: Counter[Change] = Counter()
    for (disease, codes, known_on, cell), delta in lowest.items():
        if delta:
            for code in codes:
                counted[Change(disease, code, known_on, cell)] += delta
    return counted


def untallied() -> Any:
    """Versions that the tallies do not hold yet, with just what counting needs of each and of the one before."""
    rows = CaseVersion.objects.filter(tallied=False).select_related("supersedes")
    return rows.only(*COUNTED, "tallied", *(f"supersedes__{name}" for name in COUNTED))


def tally_batch(limit: int = 5000) -> int:
    """Add versions that are not yet tallied to the tallies. Returns how many. One batch runs at a time."""
    with transaction.atomic():
        state, _made = TallyState.objects.select_for_update().get_or_create(pk=1)
        versions = list(untallied().order_by("id").select_for_update(of=("self",), skip_locked=True)[:limit])
        if not versions:
            return 0
        entries: Counter[Entry] = Counter()
        for change, delta in total_of(versions).items():
            entries[Entry(change.disease, change.area_code, change.cell, change.known_on, False)] += delta
            if state.carried_until and change.known_on <= state.carried_until:  # late, so it belongs to the balance too
                entries[Entry(change.disease, change.area_code, change.cell, state.carried_until, True)] += delta
        _enter(entries)
        CaseVersion.objects.filter(pk__in=[version.pk for version in versions]).update(tallied=True)
        state.revision += 1
        state.save(update_fields=["revision"])
    return len(versions)


def _enter(entries: Counter[Entry]) -> None:
    """Add to the rows of the ledger, which are made where there are none."""
    table = connection.ops.quote_name(CaseTally._meta.db_table)
    columns = ", ".join(ROW)
    add = f"ON CONFLICT ({columns}) DO UPDATE SET delta = {table}.delta + excluded.delta"
    rows = iter([(*entry.row(), delta) for entry, delta in entries.items() if delta])
    with connection.cursor() as cursor:
        while chunk := list(islice(rows, 1000)):
            values = ", ".join(["(" + ", ".join(["%s"] * (len(ROW) + 1)) + ")"] * len(chunk))
            cursor.execute(
                f"INSERT INTO {table} ({columns}, delta) VALUES {values} {add}",
                [value for row in chunk for value in row],
            )


def carry_forward(until: date) -> None:
    """Write the balance of each figure at the end of a day, in the place of the balance before. Moves forward only."""
    table = connection.ops.quote_name(CaseTally._meta.db_table)
    figure = "area_code, disease, measure, day, classification, value"
    with transaction.atomic(), connection.cursor() as cursor:
        state, _made = TallyState.objects.select_for_update().get_or_create(pk=1)
        since = state.carried_until
        if since and since >= until:
            return
        cursor.execute(
            f"INSERT INTO {table} ({figure}, known_on, carried, delta) "
            f"SELECT {figure}, %s, %s, SUM(delta) FROM {table} "
            "WHERE carried OR (known_on > %s AND known_on <= %s) "
            f"GROUP BY {figure} HAVING SUM(delta) <> 0",
            [until, True, since or NO_DAY, until],
        )
        CaseTally.objects.filter(carried=True, known_on__lt=until).delete()
        state.carried_until, state.revision = until, state.revision + 1
        state.save()


def tally_all() -> int:
    """Tally everything there is to tally, then carry forward what has settled. Returns how many versions were new."""
    total = 0
    while count := tally_batch():
        total += count
    settled = clock.today() - SETTLED_AFTER
    until = TallyState.objects.values_list("carried_until", flat=True).first()
    if until is None or until <= settled - SETTLED_AFTER:
        carry_forward(settled)
    return total
