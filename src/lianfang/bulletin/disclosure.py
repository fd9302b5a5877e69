"""Which figures of a bulletin are withheld, so that no published total, table of another day or correction gives them away.

A breakdown by area is a table: parts add up to a total, and from one bulletin to the next the cumulative count of a part
grows by its new count and its correction. A reader who collects every bulletin holds a system of linear equations with
the withheld cells as unknowns. ``protect`` withholds the small cells and as many others as are needed for each withheld
cell, of this bulletin and of all before it, to keep at least two whole numbers that fit everything published.

What counts as known to that reader: every total, every cell shown in any bulletin ever published of this area and
disease, that counts are whole and not negative, and that nobody is discharged who was not confirmed.

No Django, no clock.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

NEW, TOTAL, CORRECTION = "new", "total", "correction"
KINDS = (NEW, TOTAL, CORRECTION)
REACH = 4  # how far from the truth other solutions are looked for; one more or less is enough to be uncertain
TRIES = 4
SECONDS = 2  # for one search; what was not found uncertain in that time counts as known


class Cell(NamedTuple):
    """One figure of a breakdown: in which bulletin, of what (confirmed, discharged), which column, which part."""

    bulletin: str
    of: str
    kind: str
    part: str


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

    def near(self, cells: Collection[Cell], hidden: Collection[Cell]) -> "_System":
        """The rows that some chain of hidden cells ties to these cells: what they can tell about, or be told by."""
        by_cell: dict[Cell, list[int]] = defaultdict(list)
        for n, (terms, _, _) in enumerate(self.rows):
            for cell in terms:
                by_cell[cell].append(n)
        kept: set[int] = set()
        frontier = list(cells)
        while frontier:
            for n in by_cell[frontier.pop()]:
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
                if base is None:
                    found.at_least_zero({now: 1, new: -1})
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

    def determined(self, asked: Collection[Cell], *, first_only: bool = False) -> set[Cell]:
        """Those of the cells asked for whose value the reader can work out. ``first_only``: stop when one is found."""
        asked = set(asked) & set(self.cells)
        if not asked:
            return set()
        at_once = self._one_by_one()
        found = asked & at_once
        if found == asked or (found and first_only):
            return found
        open_cells = [cell for cell in self.cells if cell not in at_once]
        number = {cell: n for n, cell in enumerate(open_cells)}
        truth = np.array([self.truth[cell] for cell in open_cells], dtype=float)
        entries, low, high = [], [], []
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

        def other(weights: np.ndarray) -> np.ndarray:
            """The solution furthest from the truth in a direction."""
            solved = milp(
                -weights,
                integrality=np.ones(len(truth)),
                bounds=bounds,
                constraints=constraints,
                options={"time_limit": SECONDS},
            )
            return np.zeros(len(truth), bool) if solved.x is None else np.abs(np.rint(solved.x) - truth) > 0.5

        uncertain = np.array([cell not in asked for cell in open_cells])
        random = np.random.default_rng(1)
        for _ in range(TRIES):
            if uncertain.all():
                return found
            weights = np.where(uncertain, 0.0, random.choice([-1.0, 1.0], len(truth)))
            uncertain |= other(weights)
        for n, cell in enumerate(open_cells):
            if uncertain[n]:
                continue
            for direction in (1.0, -1.0):
                weights = np.zeros(len(truth))
                weights[n] = direction
                uncertain |= other(weights)
                if uncertain[n]:
                    break
            else:
                found.add(cell)
                if first_only:
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


def protect(before: Sequence[Table], table: Table, below: int, keep_withheld: Collection[Cell] = ()) -> Protection:
    """What to withhold in the next bulletin, given all published before it.

    ``below``: counts under it are small. ``keep_withheld``: cells that an earlier version of the same bulletin withheld.
    Shows as much as it can, in this order: counts of the day where the cumulative count of the day before is public,
    cumulative counts, the rest; large ones first. So a cumulative count that had to be withheld comes back as soon as
    the withheld counts of two or more days stand behind it.
    """
    cells = frozenset(table.cells())
    past = frozenset(cell for earlier in before for cell in earlier.withheld)
    must = {cell for cell in cells if small(table.value(cell), below)} | (cells & set(keep_withheld))
    if not must and not past:
        return Protection(frozenset(), frozenset())
    hidden = past | cells
    system = _system([*before, table]).near(cells, hidden)
    excused = _Unknowns(system, hidden).determined(must | past)
    kept = (must | past) - excused
    public_before = _cumulative_shown(before, table.base)
    shown: set[Cell] = set()

    def show(group: list[Cell]) -> None:
        if not group:
            return
        if not _Unknowns(system, hidden - shown - set(group)).determined(kept, first_only=True):
            shown.update(group)
        elif len(group) > 1:
            show(group[: len(group) // 2])
            show(group[len(group) // 2 :])

    def wish(cell: Cell) -> tuple[object, ...]:
        value = table.value(cell)
        turn = 1 if cell.kind == TOTAL else 0 if (cell.of, cell.part) in public_before else 2
        return (turn, value == 0, -abs(value), cell)

    show(sorted(cells - must, key=wish))
    shown |= _Unknowns(system, hidden - shown).determined(cells - must - shown)
    return Protection(cells - shown, excused - determined(before) if excused else frozenset())


def _cumulative_shown(tables: Sequence[Table], bulletin: str | None) -> set[tuple[str, str]]:
    """(of, part) of the cumulative counts that a bulletin showed."""
    for table in tables:
        if table.bulletin == bulletin:
            return {(cell.of, cell.part) for cell in table.cells() if cell.kind == TOTAL} - {
                (cell.of, cell.part) for cell in table.withheld
            }
    return set()
