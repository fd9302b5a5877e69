"""Several sources of the same count: where they differ, by how much, who is late by how many days, and what cannot be.

Figures are cumulative, as sources publish them, oldest day first; index 0 is the first day. A day without a figure is NaN.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lianfang.epi import _checks as check
from lianfang.epi._checks import EpiInputError
from lianfang.epi.series import ONE_DAY, _rows

# What is said of a cell of a comparison, and of a cell of one source's course; told in words at Comparison and Course.
VERDICTS = ("equal", "late", "early", "standing", "apart", "below", "above", "missing", "alone", "")
COURSE_VERDICTS = ("fall", "dip", "gap", "")


@dataclass(frozen=True, eq=False)
class SourceTable:
    """Figures by source, area and day.

    sources, areas : labels of the first two axes.
    days : (n_days,) every day, without gaps.
    totals : (n_sources, n_areas, n_days); NaN where a source said nothing.
    repeated : the same shape, how many figures of the day were set aside for a later one that differs.
    """

    sources: tuple[Any, ...]
    areas: tuple[Any, ...]
    days: np.ndarray
    totals: np.ndarray
    repeated: np.ndarray


def source_table(
    source: Any, area: Any, date: Any, total: Any, *, sources: Any = None, areas: Any = None, at: Any = None
) -> SourceTable:
    """Lay the figures of several sources over each other.

    source, area, date, total : (n_records,) who says it, of which area, for which day, how many; cumulative.
    sources, areas : labels that get a row, in this order; sorted as found when not given.
    at : (n_records,) moments that can be put in order, when a source says a day's figure more than once; the last one
        counts, or the last in order of the records.

    >>> table = source_table(["city", "press", "city"], ["330300"] * 3, ["2020-01-21", "2020-01-21", "2020-01-23"], [2, 2, 5])
    >>> table.totals[:, 0]
    array([[ 2., nan,  5.],
           [ 2., nan, nan]])
    """
    day = check.days_array("date", date)
    value = check.not_negative("total", check.like("total", total, day.shape, "date"))
    if day.ndim != 1 or not day.size:
        raise EpiInputError("date", "wrong_shape", "must be a list of days, one a record")
    order = np.arange(len(day))
    if at is not None:
        moments = np.asarray(at)
        if moments.shape != day.shape:
            raise EpiInputError("at", "wrong_shape", f"must have one moment a record, {len(day)}, not {moments.shape}")
        order = np.argsort(moments, kind="stable")
    rows, labels = [], []
    for name, of, wanted in (("source", source, sources), ("area", area, areas)):
        if np.shape(of) != day.shape:
            raise EpiInputError(name, "wrong_shape", f"must have one label a record, {len(day)}, not {np.shape(of)}")
        found, row = _rows(of, wanted, np.ones(len(day), dtype=bool))
        labels.append(found)
        rows.append(row)
    first = day.min()
    n_days = int((day.max() - first) / ONE_DAY) + 1
    shape = (len(labels[0]), len(labels[1]), n_days)
    if np.prod(shape, dtype=float) > 2e8:
        raise EpiInputError("date", "out_of_range", f"must span less than {n_days} days")
    totals, repeated = np.full(shape, np.nan), np.zeros(shape, dtype=int)
    offset = ((day - first) / ONE_DAY).astype(np.intp)
    use = order[(rows[0][order] >= 0) & (rows[1][order] >= 0)]
    cell = np.ravel_multi_index((rows[0][use], rows[1][use], offset[use]), shape)
    totals.reshape(-1)[cell] = value[use]  # of repeated cells the last assignment holds
    differing = value[use] != totals.reshape(-1)[cell]
    np.add.at(repeated.reshape(-1), cell[differing], 1)
    return SourceTable(labels[0], labels[1], first + np.arange(n_days) * ONE_DAY, totals, repeated)


@dataclass(frozen=True)
class Finding:
    """Days in a row of which the same is to be said, as a program can put it into words.

    source, against, area : labels, or None.
    first, last : days, both inside.
    verdict : one of VERDICTS or COURSE_VERDICTS.
    shift : days late (positive) or early (negative); 0 otherwise.
    least, most : the smallest and largest difference on these days, in cases: source less the other, with the shift undone
        when late or early; of a fall, by how much.
    """

    source: Any
    against: Any
    area: Any
    first: np.datetime64
    last: np.datetime64
    verdict: str
    shift: int
    least: float
    most: float

    @property
    def days(self) -> int:
        return int((self.last - self.first) / ONE_DAY) + 1


@dataclass(frozen=True, eq=False)
class Comparison:
    """One source beside another, by day; (n_days,), or (n_areas, n_days) and so on, as given.

    difference : source less the other on the same day; NaN where one has no figure.
    shift : days by which the source is late on that day; negative when early.
    remaining : source less what the other said `shift` days before; what is still unexplained.
    verdict : "equal"; "late", said what the other had said `shift` days before; "early", what it was to say; "standing", has not
        moved since the day before while the other has; "apart", differs by as much as on the day before or after, so that the
        new cases are the same; "below" or "above" otherwise; "missing", has no figure; "alone", the other has none; "" neither.
    best_shift, best_distance : without the last axis: the one shift that leaves least unexplained over all days, and the
        mean absolute difference it leaves.
    """

    difference: np.ndarray
    shift: np.ndarray
    remaining: np.ndarray
    verdict: np.ndarray
    best_shift: np.ndarray
    best_distance: np.ndarray

    def findings(
        self, days: Any, *, source: Any = None, against: Any = None, areas: Any = None, equal: bool = False
    ) -> list[Finding]:
        """Runs of days with one verdict, area by area.

        days : (n_days,) as in SourceTable.
        source, against, areas : labels to go with them.
        equal : also the days on which nothing is wrong.
        """
        skip = ("",) if equal else ("", "equal")
        size = np.where(np.isin(self.verdict, ("late", "early")), self.remaining, self.difference)
        shift = np.where(np.isin(self.verdict, ("late", "early")), self.shift, 0)
        return list(_runs(days, self.verdict, shift, size, skip, source, against, areas))


def compare(totals: Any, against: Any, *, max_shift: int = 3, tolerance: float = 0, regain: float = 2.0) -> Comparison:
    """Compare a source with another, day by day, and find where it runs behind or ahead.

    totals : (n_days,) or (n_areas, n_days), or more axes before the days; cumulative cases; NaN where nothing was said.
    against : of the same shape, or (n_days,) for all.
    max_shift : most days late or early that are looked at; 0 for none.
    tolerance : cases by which two figures may differ and count as equal.
    regain : how many days a change of the shift must explain before it is believed.

    The shift may change on any day, as when a page begins to be read a day later. The path of shifts is the one that leaves
    the least unexplained over all days together, counted in days, each change costing `regain` days (dynamic programming).
    A day is explained when the figures are equal; in part, when they are near by what a day brings, or when the new cases
    of the day are.

    >>> found = compare([2, 5, 14, 14, 26, 49, 96], [2, 5, 14, 26, 49, 96, 167])
    >>> found.verdict.tolist(), found.best_shift
    (['equal', 'equal', 'equal', 'late', 'late', 'late', 'late'], np.int64(1))
    """
    ours = _figures("totals", totals)
    theirs = _figures("against", against)
    try:
        shape = np.broadcast_shapes(ours.shape, theirs.shape)
    except ValueError:
        shape = ()
    if shape != ours.shape:
        raise EpiInputError("against", "wrong_shape", f"must have the shape of totals, {ours.shape}, or its days only")
    theirs = np.broadcast_to(theirs, shape)
    n_days = shape[-1]
    max_shift = min(check.whole_number("max_shift", max_shift, at_least=0), n_days - 1)
    tolerance = check.number("tolerance", tolerance, at_least=0)
    regain = check.number("regain", regain, above=0)
    shifts = np.array(sorted(range(-max_shift, max_shift + 1), key=abs))  # no shift first: it wins a tie

    there = np.stack([_moved(theirs, s) for s in shifts], axis=-1)  # (..., n_days, n_shifts)
    apart = ours[..., None] - there
    step = np.abs(_moved(theirs, -1) - _moved(theirs, 1)) / 2  # cases a day around the day
    step = np.maximum(np.where(np.isnan(step), 1.0, step), 1.0)[..., None]
    new_apart = np.diff(ours, axis=-1, prepend=np.nan)[..., None] - np.diff(there, axis=-2, prepend=np.nan)
    still = (np.diff(ours, axis=-1, prepend=np.nan) == 0) & (np.diff(theirs, axis=-1, prepend=np.nan) > tolerance)
    level = np.minimum(2 * np.abs(apart) / step, 1.0)
    course = 0.3 + 0.7 * np.minimum(2 * np.abs(new_apart) / step, 1.0)
    unexplained = np.where(still[..., None], 0.5, np.fmin(level, course))  # one that stands is near too many days
    unexplained = np.where(np.abs(apart) <= tolerance, 0.0, np.where(np.isnan(apart), 0.0, unexplained))
    unexplained = unexplained + 0.01 * np.abs(shifts)
    at = _cheapest_path(unexplained, regain)

    difference = ours - theirs
    remaining = np.take_along_axis(apart, at[..., None], axis=-1)[..., 0]
    shift = shifts[at]
    # what is called late is so for the greater part, and wholly so where it does not move
    nearer = np.where(still, np.abs(remaining) <= tolerance, 2 * np.abs(remaining) <= np.abs(difference))
    same_new = np.abs(np.diff(difference, axis=-1)) <= tolerance
    same_new &= ~np.isnan(difference[..., 1:]) & (np.diff(theirs, axis=-1) != 0)
    nothing = np.zeros((*shape[:-1], 1), dtype=bool)
    steady = np.concatenate([nothing, same_new], axis=-1) | np.concatenate([same_new, nothing], axis=-1)
    verdict = np.select(
        [
            np.isnan(ours) & np.isnan(theirs),
            np.isnan(ours),
            np.isnan(theirs),
            np.abs(difference) <= tolerance,
            (shift > 0) & nearer,
            (shift < 0) & nearer,
            still,
            steady,
            difference < 0,
        ],
        ["", "missing", "alone", "equal", "late", "early", "standing", "apart", "below"],
        "above",
    )
    known = ~np.isnan(apart)
    common = known.all(axis=-1, keepdims=True)  # days on which every shift can be judged, if there are any
    known &= common | ~common.any(axis=-2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        cost, distance = (np.where(known, x, 0).sum(axis=-2) / known.sum(axis=-2) for x in (unexplained, np.abs(apart)))
    best = np.where(np.isnan(cost), np.inf, cost).argmin(axis=-1)
    return Comparison(
        difference=difference,
        shift=shift,
        remaining=remaining,
        verdict=verdict,
        best_shift=shifts[best][()],
        best_distance=np.take_along_axis(distance, best[..., None], axis=-1)[..., 0][()],
    )


def compare_sources(table: SourceTable, against: Any, **settings: Any) -> dict[Any, Comparison]:
    """Compare each source of a table with one of them; by source, every area at once.

    against : label of the source that the others are compared with.
    settings : as in `compare`.

    >>> table = source_table(["a", "b"] * 2, ["x"] * 4, ["2020-01-21"] * 2 + ["2020-01-22"] * 2, [2, 2, 4, 3])
    >>> compare_sources(table, "a")["b"].verdict
    array([['equal', 'below']], dtype='<U8')
    """
    if against not in table.sources:
        raise EpiInputError("against", "unknown_choice", f"must be one of {', '.join(map(str, table.sources))}")
    other = table.totals[table.sources.index(against)]
    return {
        name: compare(table.totals[i], other, **settings) for i, name in enumerate(table.sources) if name != against
    }


@dataclass(frozen=True, eq=False)
class Agreement:
    """All sources of one day beside each other; the shape of the figures without their first axis.

    said : sources with a figure.
    different : different figures among them.
    least, most : the smallest and the largest; NaN where nobody said anything.
    usual : the figure that more sources say than any other; NaN when there is none.
    support : sources that say it; 0 when there is none.
    """

    said: np.ndarray
    different: np.ndarray
    least: np.ndarray
    most: np.ndarray
    usual: np.ndarray
    support: np.ndarray


def agreement(totals: Any) -> Agreement:
    """How far sources agree, cell by cell: how many figures there are, how far apart, and which is said by most.

    totals : (n_sources, n_days) or (n_sources, n_areas, n_days), such as `SourceTable.totals`; NaN where nothing was said.
    What most say need not be right, since sources copy from each other: a day late, two of them agree on yesterday.

    >>> found = agreement([[5, 14, 49], [1, 18, 60], [6, 18, np.nan]])
    >>> found.different, found.usual
    (array([3, 2, 2]), array([nan, 18., nan]))
    """
    figures = _figures("totals", totals)
    if figures.ndim < 2:
        raise EpiInputError("totals", "wrong_shape", "must have an axis of sources before the others")
    known = ~np.isnan(figures)
    ordered = np.sort(figures, axis=0)  # what is missing comes last
    times = (figures[:, None] == ordered[None]).sum(axis=0)  # how often each figure is said
    support = times.max(axis=0)
    begins = np.concatenate([known.any(axis=0)[None], np.diff(ordered, axis=0) > 0])
    alone = ((times == support) & begins).sum(axis=0) == 1
    alone &= (support > 1) | (known.sum(axis=0) == 1)
    usual = np.take_along_axis(ordered, times.argmax(axis=0)[None], axis=0)[0]
    return Agreement(
        said=known.sum(axis=0),
        different=begins.sum(axis=0),
        least=np.where(known.any(axis=0), np.where(known, figures, np.inf).min(axis=0), np.nan),
        most=np.where(known.any(axis=0), np.where(known, figures, -np.inf).max(axis=0), np.nan),
        usual=np.where(alone, usual, np.nan),
        support=np.where(alone, support, 0),
    )


def compare_sum(whole: Any, parts: Any, *, silent: str = "unknown", **settings: Any) -> Comparison:
    """Compare the sum of parts, such as the cities of a province, with the total that is published beside them.

    whole : (n_days,) or (n_wholes, n_days).
    parts : (n_parts, n_days) or (n_wholes, n_parts, n_days); a part counts as 0 before its first figure.
    silent : what a part without a figure says after its first one: "unknown", and with it the sum; or "zero", where a
        table leaves out the rows that hold nothing.
    settings : as in `compare`. "late" then says that the parts are, "below" that they are less than the whole.

    >>> compare_sum([5, 10, 43], [[1, 1, 6], [2, 4, 1], [2, 5, 31]]).difference
    array([ 0.,  0., -5.])
    """
    total = _figures("whole", whole)
    each = _figures("parts", parts)
    if total.ndim > 2 or each.ndim != total.ndim + 1 or (*each.shape[:-2], each.shape[-1]) != total.shape:
        raise EpiInputError("parts", "wrong_shape", "must be (n_parts, n_days) a whole, with the days of whole")
    as_zero = np.isnan(each)
    if check.choice("silent", silent, ("unknown", "zero")) == "unknown":
        as_zero &= np.logical_and.accumulate(as_zero, axis=-1)
    return compare(np.where(as_zero, 0.0, each).sum(axis=-2), total, **settings)


@dataclass(frozen=True, eq=False)
class Course:
    """What cannot be right in the cumulative figures of one source; the shape of the figures.

    fall : cases by which the day's figure is below the last one before it; 0 where it is not.
    verdict : "fall", less than on the last day with a figure; "dip", the same, but back within a few days, as when it was misread;
        "gap", no figure between days that have one; "" otherwise.
    """

    fall: np.ndarray
    verdict: np.ndarray

    def findings(self, days: Any, *, source: Any = None, areas: Any = None) -> list[Finding]:
        """Falls, dips and gaps, area by area, as in `Comparison.findings`."""
        return list(_runs(days, self.verdict, np.zeros(self.fall.shape, int), self.fall, ("",), source, None, areas))


def check_course(totals: Any, *, regain_days: int = 3) -> Course:
    """Find falls and gaps in cumulative figures.

    totals : (n_days,) or (n_areas, n_days), or more axes before the days; NaN where nothing was said.
    regain_days : a fall that is made good within as many days is a dip.

    >>> check_course([4, 1, 10, np.nan, 18, 16, 17, 17, 17]).verdict
    array(['', 'dip', '', 'gap', '', 'fall', '', '', ''], dtype='<U4')
    """
    figures = _figures("totals", totals)
    regain_days = check.whole_number("regain_days", regain_days, at_least=1)
    known = ~np.isnan(figures)
    days = np.arange(figures.shape[-1])
    last_known = np.maximum.accumulate(np.where(known, days, -1), axis=-1)
    before = np.concatenate([np.full((*figures.shape[:-1], 1), -1), last_known[..., :-1]], axis=-1)
    earlier = np.where(before >= 0, np.take_along_axis(figures, np.maximum(before, 0), axis=-1), np.nan)
    with np.errstate(invalid="ignore"):
        fall = np.where(figures < earlier, earlier - figures, 0.0)
    regained = np.zeros(figures.shape, dtype=bool)
    for ahead in range(1, min(regain_days, len(days) - 1) + 1):
        with np.errstate(invalid="ignore"):
            regained[..., :-ahead] |= figures[..., ahead:] >= earlier[..., :-ahead]
    goes_on = np.maximum.accumulate(known[..., ::-1], axis=-1)[..., ::-1]
    verdict = np.select(
        [(fall > 0) & regained, fall > 0, ~known & (last_known >= 0) & goes_on], ["dip", "fall", "gap"], ""
    )
    return Course(fall=fall, verdict=verdict)


def _figures(name: str, x: Any) -> np.ndarray:
    a = check.not_negative(name, check.float_array(name, x, missing=True))
    if a.ndim < 1 or a.shape[-1] < 2:
        raise EpiInputError(name, "too_short", "must have at least 2 days, on the last axis")
    return a


def _moved(figures: np.ndarray, days: int) -> np.ndarray:
    """What was said some days before (or, negative, will be said after); NaN beyond the data."""
    out = np.full(figures.shape, np.nan)
    n = figures.shape[-1]
    out[..., max(days, 0) : n + min(days, 0)] = figures[..., max(-days, 0) : n - max(days, 0)]
    return out


def _cheapest_path(cost: np.ndarray, change: float) -> np.ndarray:
    """(..., n_days) choice on each day that costs least in all; cost (..., n_days, n_choices), a change costs extra."""
    n_days = cost.shape[-2]
    best = cost[..., 0, :]
    came_from = np.empty(cost.shape, dtype=np.intp)
    stay = np.arange(cost.shape[-1])
    for t in range(1, n_days):
        cheapest = best.argmin(axis=-1, keepdims=True)
        by_change = np.take_along_axis(best, cheapest, axis=-1) + change
        moved = by_change < best
        came_from[..., t, :] = np.where(moved, cheapest, stay)
        best = np.where(moved, by_change, best) + cost[..., t, :]
    path = np.empty(cost.shape[:-1], dtype=np.intp)
    path[..., -1] = best.argmin(axis=-1)
    for t in range(n_days - 1, 0, -1):
        path[..., t - 1] = np.take_along_axis(came_from[..., t, :], path[..., t][..., None], axis=-1)[..., 0]
    return path


def _runs(
    days: Any,
    verdict: np.ndarray,
    shift: np.ndarray,
    size: np.ndarray,
    skip: Sequence[str],
    source: Any,
    against: Any,
    areas: Any,
) -> Iterator[Finding]:
    day = check.days_array("days", days, ascending=True)
    if day.shape != verdict.shape[-1:]:
        raise EpiInputError("days", "wrong_shape", f"must have one day a figure, {verdict.shape[-1]}, not {day.shape}")
    rows = verdict.reshape(-1, len(day))
    labels = [None] * len(rows) if areas is None else list(areas)
    if len(labels) != len(rows):
        raise EpiInputError("areas", "wrong_shape", f"must have one label a series, {len(rows)}, not {len(labels)}")
    for i, row in enumerate(rows):
        shifts, sizes = shift.reshape(rows.shape)[i], size.reshape(rows.shape)[i]
        changed = (row[1:] != row[:-1]) | (shifts[1:] != shifts[:-1]) | np.isin(row[1:], ("fall", "dip"))
        edges = [0, *(np.flatnonzero(changed) + 1).tolist(), len(day)]
        for a, b in zip(edges[:-1], edges[1:], strict=True):
            if row[a] in skip:
                continue
            known = sizes[a:b][~np.isnan(sizes[a:b])]
            least, most = (float(known.min()), float(known.max())) if known.size else (float("nan"),) * 2
            yield Finding(source, against, labels[i], day[a], day[b - 1], str(row[a]), int(shifts[a]), least, most)
