"""Which figures of a bulletin are withheld, so that no published total, table of another day or correction gives them away.

A breakdown by area is a table: parts add up to a total, and from one bulletin to the next the cumulative count of a part
grows by its new count and its correction. A reader who collects every bulletin holds a system of linear equations with
the withheld cells as unknowns. ``protect`` withholds the small cells and as many others as are needed for each withheld
cell, of this bulletin and of all before it, to keep at least two whole numbers that fit everything published.

What counts as known to that reader: every total, every cell shown in any bulletin ever published of this area and
disease, every figure that a part has published of itself, that counts are whole and not negative, that a day's new cases
are among all cases, and that nobody is discharged who was not confirmed.

That a cell stays uncertain is shown by an example: another set of whole numbers that differs in this cell and fits all the
same. ``protect`` shows a cell only while every withheld one still has its example. Most are small exchanges between two
parts (one case more here, one less there, made good in the same two columns); where there is none of that kind an integer
programme looks for any. So an error can only withhold too much.

No Django, no clock.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

NEW, TOTAL, CORRECTION = "new", "total", "correction"
KINDS = (NEW, TOTAL, CORRECTION)
REACH = 4  # how far from the truth other solutions are looked for; one more or less is enough to be uncertain
TRIES = 4
EARLIER = 3  # bulletins before the one of a cell among which an example is looked for
LARGE = 1500  # unknown cells beyond which only exchanges are looked for: more is withheld, in bearable time
LARGE_TABLE = 200  # cells of one bulletin beyond which the same holds
SECONDS = 2  # for one search; what was not found uncertain in that time counts as known


class Cell(NamedTuple):
    """One figure of a breakdown: in which bulletin, of what (confirmed, discharged), which column, which part."""

    bulletin: str
    of: str
    kind: str
    part: str


Example = Mapping[Cell, int]  # by how much each cell differs from the truth; cells that are not named do not


@dataclass(frozen=True)
class Table:
    """The breakdowns of one bulletin: {(of, kind, part): count}. ``base`` is the bulletin whose totals it goes on from.

    ``withheld`` are the cells that the public does not see. A bulletin without a base has no corrections.
    """

    bulletin: str
    base: str | None
    parts: tuple[str, ...]
    counts: Mapping[tuple[str, str, str], int]
    withheld: frozenset[Cell] = frozenset()

    def cells(self) -> list[Cell]:
        return [Cell(self.bulletin, *key) for key in self.counts]

    def value(self, cell: Cell) -> int:
        return self.counts[cell.of, cell.kind, cell.part]


@dataclass
class _System:
    """What a reader can write down: Σ coefficient × unknown = constant, or at least the constant."""

    truth: dict[Cell, int] = field(default_factory=dict)
    rows: list[tuple[dict[Cell, int], int, bool]] = field(default_factory=list)  # (terms, constant, is an equation)

    def equal(self, terms: Mapping[Cell, int]) -> None:
        """The equation that the terms fulfil in truth: its constant is public."""
        self.rows.append((dict(terms), sum(factor * self.truth[cell] for cell, factor in terms.items()), True))

    def at_least_zero(self, terms: Mapping[Cell, int]) -> None:
        """What the reader takes for granted; left out where figures set by hand contradict it."""
        if sum(factor * self.truth[cell] for cell, factor in terms.items()) >= 0:
            self.rows.append((dict(terms), 0, False))

    @cached_property
    def rows_of(self) -> dict[Cell, list[int]]:
        """The rows that each cell stands in, by number."""
        found: dict[Cell, list[int]] = defaultdict(list)
        for n, (terms, _, _) in enumerate(self.rows):
            for cell in terms:
                found[cell].append(n)
        return found

    def near(self, cells: Collection[Cell], hidden: Collection[Cell]) -> "_System":
        """The rows that some chain of hidden cells ties to these cells: what they can tell about, or be told by."""
        kept: set[int] = set()
        frontier = list(cells)
        while frontier:
            for n in self.rows_of[frontier.pop()]:
                if n not in kept:
                    kept.add(n)
                    frontier += [cell for cell in self.rows[n][0] if cell in hidden]
        return _System(self.truth, [self.rows[n] for n in sorted(kept)])


def _system(tables: Sequence[Table]) -> _System:
    found = _System()
    by_name = {table.bulletin: table for table in tables}
    for table in tables:
        found.truth.update((cell, table.value(cell)) for cell in table.cells())
    for table in tables:
        columns: dict[tuple[str, str], dict[Cell, int]] = defaultdict(dict)
        for cell in table.cells():
            columns[cell.of, cell.kind][cell] = 1
        for terms in columns.values():
            found.equal(terms)
        base = by_name.get(table.base or "")
        for of in {of for of, _ in columns}:
            for part in table.parts:
                now, new = (Cell(table.bulletin, of, kind, part) for kind in (TOTAL, NEW))
                found.at_least_zero({now: 1, new: -1})
                if base is None:
                    continue
                terms = {now: 1, new: -1, Cell(table.bulletin, of, CORRECTION, part): -1}
                if (of, TOTAL, part) in base.counts:
                    terms[Cell(base.bulletin, of, TOTAL, part)] = -1
                found.equal(terms)
        for part in table.parts:
            pair = [Cell(table.bulletin, of, TOTAL, part) for of in ("confirmed", "discharged")]
            if all(cell in found.truth for cell in pair):
                found.at_least_zero({pair[0]: 1, pair[1]: -1})
    return found


class _Unknowns:
    """The system with what is shown put in: only the unknown cells are left."""

    def __init__(self, system: _System, unknown: Collection[Cell]):
        self.truth = system.truth
        self.rows = []
        for terms, constant, is_equation in system.rows:
            left = {cell: factor for cell, factor in terms.items() if cell in unknown}
            if left:
                known = sum(factor * self.truth[cell] for cell, factor in terms.items() if cell not in unknown)
                self.rows.append((left, constant - known, is_equation))
        self.cells = sorted({cell for terms, _, _ in self.rows for cell in terms})

    def determined(self, asked: Collection[Cell]) -> set[Cell]:
        """Those of the cells asked for whose value the reader can work out."""
        asked = set(asked) & set(self.cells)
        return asked - self.examples(asked).keys()

    def examples(self, asked: Collection[Cell], *, all_or_none: bool = False) -> dict[Cell, Example]:
        """For each cell asked for another solution in which it differs; none for those that the reader can work out.

        ``all_or_none``: give up as soon as one can be worked out.
        """
        from scipy.optimize import Bounds, LinearConstraint, milp  # half a second to load, and only preparing needs it
        from scipy.sparse import csr_array

        at_once = self._one_by_one()
        wanted = (set(asked) & set(self.cells)) - at_once
        if not wanted or (all_or_none and len(wanted) < len(asked)):
            return {}
        open_cells = [cell for cell in self.cells if cell not in at_once]
        number = {cell: n for n, cell in enumerate(open_cells)}
        truth = np.array([self.truth[cell] for cell in open_cells], dtype=float)
        entries: list[tuple[int, int, int]] = []
        low: list[float] = []
        high: list[float] = []
        for terms, constant, is_equation in self.rows:
            left = [(number[cell], factor) for cell, factor in terms.items() if cell in number]
            if left:
                fixed = sum(factor * self.truth[cell] for cell, factor in terms.items() if cell not in number)
                entries += [(len(low), column, factor) for column, factor in left]
                low.append(constant - fixed)
                high.append(constant - fixed if is_equation else np.inf)
        constraints = []
        if low:
            at_row, at_column, factors = zip(*entries, strict=True)
            matrix = csr_array((factors, (at_row, at_column)), shape=(len(low), len(open_cells)), dtype=float)
            constraints = [LinearConstraint(matrix, low, high)]
        floor = np.array([-np.inf if cell.kind == CORRECTION else 0.0 for cell in open_cells])
        bounds = Bounds(np.maximum(floor, truth - REACH), truth + REACH)
        found: dict[Cell, Example] = {}

        def look(weights: np.ndarray) -> None:
            """Take up the solution furthest from the truth in a direction."""
            solved = milp(
                -weights,
                integrality=np.ones(len(truth)),
                bounds=bounds,
                constraints=constraints,
                options={"time_limit": SECONDS},
            )
            if solved.x is None:
                return
            change = np.rint(solved.x) - truth
            example = {open_cells[n]: int(change[n]) for n in np.flatnonzero(change)}
            found.update({cell: example for cell in example if cell in wanted and cell not in found})

        random = np.random.default_rng(1)
        for _ in range(TRIES if len(wanted) > 1 else 0):
            if len(found) == len(wanted):
                return found
            open_ones = np.array([cell in wanted and cell not in found for cell in open_cells])
            look(np.where(open_ones, random.choice([-1.0, 1.0], len(truth)), 0.0))
        for cell in sorted(wanted):
            for direction in (1.0, -1.0):
                if cell not in found:
                    weights = np.zeros(len(truth))
                    weights[number[cell]] = direction
                    look(weights)
            if all_or_none and cell not in found:
                break
        return found

    def _one_by_one(self) -> set[Cell]:
        """Cells that follow at once: the last unknown of an equation, or unknown counts that add up to nothing."""
        found: set[Cell] = set()
        left = [(dict(terms), constant) for terms, constant, is_equation in self.rows if is_equation]
        again = True
        while again:
            again = False
            for terms, constant in left:
                open_cells = [cell for cell in terms if cell not in found]
                if not open_cells:
                    continue
                rest = constant - sum(factor * self.truth[cell] for cell, factor in terms.items() if cell in found)
                counts_only = all(terms[cell] > 0 and cell.kind != CORRECTION for cell in open_cells)
                if len(open_cells) == 1 or (rest == 0 and counts_only):
                    found.update(open_cells)
                    again = True
        return found


class _Exchanges:
    """Finds examples of the common kind: between two parts, one more here and one less there in each column touched."""

    def __init__(self, tables: Sequence[Table], system: _System):
        self.system = system
        self.tables = {table.bulletin: table for table in tables}
        self.next: dict[str, list[str]] = defaultdict(list)
        for table in tables:
            if table.base in self.tables:
                self.next[table.base or ""].append(table.bulletin)
        self.order = {table.bulletin: n for n, table in enumerate(tables)}

    def example(self, cell: Cell, hidden: Callable[[Cell], bool]) -> Example | None:
        """An exchange that changes a cell and touches only hidden ones, or None."""
        for other in self.tables[cell.bulletin].parts:
            if other == cell.part or not hidden(cell._replace(part=other)):
                continue
            for sign in (1, -1):
                pattern = self._pattern(cell, other, sign, hidden)
                if pattern is None:
                    continue
                example = {
                    Cell(bulletin, cell.of, kind, part): step * side
                    for (bulletin, kind), step in pattern.items()
                    for part, side in ((cell.part, 1), (other, -1))
                }
                if self._fits(example):
                    return example
        return None

    def _pattern(
        self, cell: Cell, other: str, sign: int, hidden: Callable[[Cell], bool]
    ) -> dict[tuple[str, str], int] | None:
        """The columns to change, and by how much, so that both parts still go on from their bases."""
        changed: dict[tuple[str, str], int] = {}

        def free(bulletin: str, kind: str, step: int) -> bool:
            if (bulletin, kind) in changed:
                return False
            for part, side in ((cell.part, step), (other, -step)):
                here = Cell(bulletin, cell.of, kind, part)
                if not hidden(here) or (kind != CORRECTION and self.system.truth[here] + side < 0):
                    return False
            return True

        def take(bulletin: str, kind: str, step: int, came_from: str = "") -> bool:
            """Change a column, and whatever must follow in the bulletins that it ties together."""
            if not free(bulletin, kind, step):
                return False
            changed[bulletin, kind] = step
            ties = [(bulletin, step if kind == TOTAL else -step)] if self.tables[bulletin].base in self.tables else []
            ties += [(later, -step) for later in self.next[bulletin]] if kind == TOTAL else []
            if all(settle(tied, left) for tied, left in ties if tied != came_from):
                return True
            del changed[bulletin, kind]
            return False

        def settle(bulletin: str, left: int) -> bool:
            """Bring total − base − new − correction of a bulletin, which is ``left`` too much, back to nothing."""
            kept = dict(changed)
            base = self.tables[bulletin].base or ""
            for where, kind, step in (
                (bulletin, NEW, left), (bulletin, CORRECTION, left), (bulletin, TOTAL, -left), (base, TOTAL, left)
            ):  # fmt: skip
                if take(where, kind, step, bulletin):
                    return True
                changed.clear()
                changed.update(kept)
            return False

        return changed if take(cell.bulletin, cell.kind, sign) else None

    def _fits(self, example: Example) -> bool:
        """Whether the numbers changed so fulfil all that is known."""
        truth = self.system.truth
        if any(cell.kind != CORRECTION and truth[cell] + change < 0 for cell, change in example.items()):
            return False
        for n in {n for cell in example for n in self.system.rows_of[cell]}:
            terms, constant, is_equation = self.system.rows[n]
            value = sum(factor * (truth[cell] + example.get(cell, 0)) for cell, factor in terms.items())
            if value != constant if is_equation else value < constant:
                return False
        return True


def determined(tables: Sequence[Table]) -> set[Cell]:
    """The withheld cells that a reader of all these bulletins can work out exactly."""
    withheld = {cell for table in tables for cell in table.withheld}
    return _Unknowns(_system(tables), withheld).determined(withheld)


def small(value: int, below: int) -> bool:
    """Whether a count (or the size of a correction) is one that points at few people: not none, and fewer than ``below``."""
    return 0 < abs(value) < below


@dataclass(frozen=True)
class Protection:
    """The cells of a bulletin to withhold, and those, now or before, that the totals alone give away whatever is done."""

    withheld: frozenset[Cell]
    given_away: frozenset[Cell]


def protect(
    before: Sequence[Table],
    table: Table,
    below: int,
    keep_withheld: Collection[Cell] = (),
    shown_elsewhere: Collection[Cell] = (),
) -> Protection:
    """What to withhold in the next bulletin, given all published before it.

    ``below``: counts under it are small. ``keep_withheld``: cells that an earlier version of the same bulletin withheld.
    ``shown_elsewhere``: cells that readers know already, because the part itself published them.
    Shows as much as it can, in this order: counts of the day where the cumulative count of the day before is public,
    cumulative counts, the rest; large ones first. So a cumulative count that had to be withheld comes back as soon as
    the withheld counts of two or more days stand behind it.
    """
    cells = frozenset(table.cells()) - set(shown_elsewhere)
    past = frozenset(cell for earlier in before for cell in earlier.withheld)
    must = {cell for cell in cells if small(table.value(cell), below)} | (cells & set(keep_withheld))
    if not must and not past:
        return Protection(frozenset(), frozenset())
    hidden = past | cells
    system = _system([*before, table])
    exchanges = _Exchanges([*before, table], system)
    examples: dict[Cell, Example] = {}
    for cell in sorted(must | past):
        if cell not in examples and (found := exchanges.example(cell, hidden.__contains__)):
            examples.update({each: found for each in found if each in must or each in past})
    left = (must | past) - examples.keys()
    if left:
        examples.update(_Unknowns(system.near(left, hidden), hidden).examples(left))
    excused = (must | past) - examples.keys()
    public_before = _cumulative_shown(before, table.base)
    searched = len(hidden) <= LARGE and len(cells) <= LARGE_TABLE
    shown: set[Cell] = set()
    rests_on: dict[Cell, set[Cell]] = defaultdict(set)
    for cell, example in examples.items():
        for each in example:
            rests_on[each].add(cell)

    def show(group: list[Cell]) -> None:
        """Show a group of cells if every example that rests on them has a stand-in, else its halves."""
        if not group:
            return
        gone = shown.union(group)
        instead: dict[Cell, Example] = {}
        left = []
        for cell in sorted(set().union(*(rests_on[each] for each in group))):
            if cell in instead:
                continue
            found = exchanges.example(cell, lambda each: each in hidden and each not in gone)
            if found is not None:
                instead.update({each: found for each in found if each in examples})
            elif not searched:
                return halves(group)
            else:
                left.append(cell)
        if left := [cell for cell in left if cell not in instead]:
            first = min(exchanges.order[cell.bulletin] for cell in left) - EARLIER
            unknown = {cell for cell in hidden - gone if exchanges.order[cell.bulletin] >= first}
            others = _Unknowns(system.near(left, unknown), unknown).examples(left, all_or_none=True)
            if len(others) < len(left):
                return halves(group)
            instead.update(others)
        shown.update(group)
        for cell, example in instead.items():
            for each in examples[cell]:
                rests_on[each].discard(cell)
            examples[cell] = example
            for each in example:
                rests_on[each].add(cell)

    def halves(group: list[Cell]) -> None:
        if len(group) > 1:
            show(group[: len(group) // 2])
            show(group[len(group) // 2 :])

    def wish(cell: Cell) -> tuple[object, ...]:
        value = table.value(cell)
        turn = 1 if cell.kind == TOTAL else 0 if (cell.of, cell.part) in public_before else 2
        return (turn, value == 0, -abs(value), cell)

    show(sorted(cells - must, key=wish))
    given_away = excused - determined(before) if excused else set()
    return Protection(cells - shown, frozenset(given_away))


def _cumulative_shown(tables: Sequence[Table], bulletin: str | None) -> set[tuple[str, str]]:
    """(of, part) of the cumulative counts that a bulletin showed."""
    for table in tables:
        if table.bulletin == bulletin:
            return {(cell.of, cell.part) for cell in table.cells() if cell.kind == TOTAL} - {
                (cell.of, cell.part) for cell in table.withheld
            }
    return set()
