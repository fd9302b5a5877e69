"""A reader with every bulletin in hand, written without the code that withholds, tries to work out what was withheld."""

import random

import pytest

from lianfang.bulletin.disclosure import CORRECTION, NEW, TOTAL, Cell, Table, determined, protect, small

OF = ("confirmed", "discharged")
BELOW = 5
pytestmark = pytest.mark.pure


REACH = 3  # how far from the truth the reader searches


class Reader:
    """Knows what was printed: shown cells, all totals, and how bulletins are made. Searches for other numbers that fit.

    Narrows the values that each unknown can have, guesses one, and goes back: every possibility is tried in the end.
    """

    def __init__(self, tables):
        self.truth = {cell: table.value(cell) for table in tables for cell in table.cells()}
        self.hidden = {cell for table in tables for cell in table.withheld}
        self.rows = []  # (terms, least, most) of what the terms add up to
        for table in tables:
            for of in OF:
                for kind in (NEW, TOTAL, CORRECTION):
                    column = {Cell(table.bulletin, of, kind, part): 1 for part in table.parts}
                    if all(cell in self.truth for cell in column):
                        self._exactly(column)
                for part in table.parts:
                    total, new = Cell(table.bulletin, of, TOTAL, part), Cell(table.bulletin, of, NEW, part)
                    self._at_least({total: 1, new: -1})
                    if table.base:
                        base, correction = Cell(table.base, of, TOTAL, part), Cell(table.bulletin, of, CORRECTION, part)
                        self._exactly({total: 1, base: -1, new: -1, correction: -1})
            for part in table.parts:
                confirmed, discharged = (Cell(table.bulletin, of, TOTAL, part) for of in OF)
                self._at_least({confirmed: 1, discharged: -1})
        self.rows_of = {}
        for n, (terms, _least, _most) in enumerate(self.rows):
            for cell in terms:
                self.rows_of.setdefault(cell, []).append(n)

    def _row(self, terms, least, most):
        known = sum(factor * self.truth[cell] for cell, factor in terms.items() if cell not in self.hidden)
        unknown = {cell: factor for cell, factor in terms.items() if cell in self.hidden}
        if unknown:
            self.rows.append((unknown, least - known, most - known))

    def _exactly(self, terms):
        value = sum(factor * self.truth[cell] for cell, factor in terms.items())
        self._row(terms, value, value)

    def _at_least(self, terms):
        self._row(terms, 0, 10**9)

    def knows(self, cell):
        """Whether no other value of a cell fits."""
        spans = {
            each: (
                self.truth[each] - REACH if each.kind == CORRECTION else max(0, self.truth[each] - REACH),
                self.truth[each] + REACH,
            )
            for each in self.hidden
        }
        low, high = spans[cell]
        others = [value for value in range(low, high + 1) if value != self.truth[cell]]
        budget = [3000]
        return not any(
            self._fits({**spans, cell: (value, value)}, [cell], budget)
            for value in sorted(others, key=lambda value: abs(value - self.truth[cell]))
        )

    def _narrow(self, spans, touched):
        """Leave each unknown only the values that its rows allow; False when one is left without any."""
        queue = [n for cell in touched for n in self.rows_of.get(cell, ())]
        while queue:
            terms, least, most = self.rows[queue.pop()]
            ends = {c: sorted((f * spans[c][0], f * spans[c][1])) for c, f in terms.items()}
            lowest, highest = sum(e[0] for e in ends.values()), sum(e[1] for e in ends.values())
            for cell, factor in terms.items():
                from_here = least - (highest - ends[cell][1]), most - (lowest - ends[cell][0])
                low, high = sorted(factor * end for end in from_here)
                now = max(spans[cell][0], low), min(spans[cell][1], high)
                if now[0] > now[1]:
                    return False
                if now != spans[cell]:
                    spans[cell] = now
                    queue += self.rows_of[cell]
                    ends[cell] = sorted((factor * now[0], factor * now[1]))
                    lowest, highest = sum(e[0] for e in ends.values()), sum(e[1] for e in ends.values())
        return True

    def _fits(self, spans, touched, budget):
        budget[0] -= 1
        assert budget[0] >= 0, "the search is too large to say anything"
        spans = dict(spans)
        if not self._narrow(spans, touched):
            return False
        guess = {cell: min(max(self.truth[cell], low), high) for cell, (low, high) in spans.items()}
        for terms, least, most in self.rows:
            if not least <= sum(factor * guess[cell] for cell, factor in terms.items()) <= most:
                cell = min((c for c in terms if spans[c][0] < spans[c][1]), key=lambda c: spans[c][1] - spans[c][0])
                low, high = spans[cell]
                order = sorted(range(low, high + 1), key=lambda v: (v == guess[cell], abs(v - guess[cell])))
                return any(self._fits({**spans, cell: (v, v)}, [cell], budget) for v in order)
        return True


def bulletin(name, base, parts, chance, mean):
    """A day that goes on from another: new cases, discharges, now and then a correction."""
    counts = {}
    for part in parts:
        before = {of: base.counts.get((of, TOTAL, part), 0) if base else 0 for of in OF}
        new = {"confirmed": chance.choice([0, 0, 1, 2, chance.randint(0, mean)])}
        new["discharged"] = chance.randint(0, min(3, before["confirmed"] - before["discharged"]))
        for of in OF:
            correction = chance.choice([0, 0, 0, 0, 1]) if base and of == "confirmed" else 0
            counts[of, NEW, part] = new[of]
            counts[of, TOTAL, part] = before[of] + new[of] + correction
            if base:
                counts[of, CORRECTION, part] = correction
    return Table(name, base.bulletin if base else None, tuple(parts), counts)


def published(table, before, kept=()):
    found = protect(before, table, BELOW, kept)
    return Table(table.bulletin, table.base, table.parts, table.counts, found.withheld), found


def series(seed, parts, days, mean):
    """Bulletins of several days, one of them corrected after the next was out, the following going on from there."""
    chance = random.Random(seed)
    out, latest, given_away, day_before = [], None, set(), None
    corrected = chance.randrange(1, days)
    for day in range(days):
        table, found = published(bulletin(f"day {day}", latest, parts, chance, mean), out)
        out.append(table)
        given_away |= found.given_away
        if day == corrected:
            again = bulletin(f"day {day} corrected", day_before, parts, chance, mean)
            kept = [cell._replace(bulletin=again.bulletin) for cell in table.withheld]
            table, found = published(again, out, kept)
            out.append(table)
            given_away |= found.given_away
        day_before, latest = latest, table
    return out, given_away


@pytest.mark.parametrize("seed", range(40))
def test_no_reader_of_all_bulletins_can_work_out_a_withheld_cell(seed):
    parts = ["a", "b", "c", "d"][: 3 + seed % 2]
    out, given_away = series(seed, parts, days=4, mean=4 + 8 * (seed % 3))
    reader = Reader(out)
    withheld = {cell for table in out for cell in table.withheld}
    assert withheld or not any(small(value, BELOW) for table in out for value in table.counts.values())
    known = {cell for cell in withheld - given_away if reader.knows(cell)}
    assert known == set()


@pytest.mark.parametrize("seed", range(12))
def test_every_small_count_is_withheld_and_large_ones_are_not_all_lost(seed):
    out, _given_away = series(seed, ["a", "b", "c", "d", "e"], days=4, mean=40)
    for table in out:
        shown = set(table.cells()) - table.withheld
        assert not [cell for cell in shown if small(table.value(cell), BELOW)]
    large = [cell for table in out for cell in table.cells() if table.value(cell) >= BELOW]
    shown = [
        cell for table in out for cell in table.cells() if cell not in table.withheld and table.value(cell) >= BELOW
    ]
    assert len(shown) > len(large) / 2


def test_the_reader_of_this_test_does_work_out_what_is_badly_withheld():
    counts = {
        ("confirmed", NEW, "a"): 2,
        ("confirmed", NEW, "b"): 9,
        ("confirmed", TOTAL, "a"): 2,
        ("confirmed", TOTAL, "b"): 9,
    }
    counts |= {("discharged", kind, part): 0 for kind in (NEW, TOTAL) for part in ("a", "b")}
    cell = Cell("day", "confirmed", NEW, "a")
    alone = Table("day", None, ("a", "b"), counts, frozenset({cell}))
    assert Reader([alone]).knows(cell)
    assert determined([alone]) == {cell}
    both = Table(
        "day",
        None,
        ("a", "b"),
        counts,
        frozenset(Cell("day", "confirmed", kind, part) for kind in (NEW, TOTAL) for part in "ab"),
    )
    assert not Reader([both]).knows(cell)
    assert determined([both]) == set()


@pytest.mark.parametrize("seed", range(6))
def test_the_check_and_the_reader_agree_on_cells_withheld_at_random(seed):
    chance = random.Random(seed)
    out, latest = [], None
    for day in range(3):
        table = bulletin(f"day {day}", latest, ["a", "b", "c"], chance, 6)
        hidden = frozenset(cell for cell in table.cells() if chance.random() < 0.4)
        latest = Table(table.bulletin, table.base, table.parts, table.counts, hidden)
        out.append(latest)
    reader = Reader(out)
    assert determined(out) == {cell for table in out for cell in table.withheld if reader.knows(cell)}


def test_a_small_count_that_the_total_gives_away_is_told():
    counts = {(of, kind, "a"): 3 if of == "confirmed" else 0 for of in OF for kind in (NEW, TOTAL)}
    found = protect([], Table("day", None, ("a",), counts), BELOW)
    assert found.given_away == {Cell("day", "confirmed", NEW, "a"), Cell("day", "confirmed", TOTAL, "a")}


def test_what_a_part_published_of_itself_hides_nothing_of_the_others():
    """Of two small counts one is known from the county's own bulletin: another cell must be withheld with the second."""
    counts = {
        ("confirmed", kind, part): n for kind in (NEW, TOTAL) for part, n in (("a", 2), ("b", 3), ("c", 9), ("d", 30))
    }
    counts |= {("discharged", kind, part): 0 for kind in (NEW, TOTAL) for part in "abcd"}
    table = Table("day", None, ("a", "b", "c", "d"), counts)
    elsewhere = {Cell("day", "confirmed", kind, "a") for kind in (NEW, TOTAL)}
    found = protect([], table, BELOW, shown_elsewhere=elsewhere)
    assert not found.withheld & elsewhere
    assert len({cell.part for cell in found.withheld if cell.kind == NEW and cell.of == "confirmed"}) == 2
