"""Clusters in space and time that are still there: the prospective scan over circles and the last weeks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from lianfang.epi import _checks as check
from lianfang.epi._checks import EpiInputError

EARTH_KM = 6371.0088
VALUES_AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class Cluster:
    """Areas around a centre that have had more cases than the rest since some week, up to the last.

    centre : index of the area in the middle. areas : indexes of all its areas, nearest first. radius : distance of the
        farthest of them from the centre. start : index of its first week; it lasts to the last week of the counts.
    cases, expected : cases in it, and how many it would have as its share of all.
    relative_risk : cases over expected inside, over the same outside.
    ratio : log likelihood ratio. p : Monte Carlo chance that the largest ratio anywhere is so large by chance.
    """

    centre: int
    areas: tuple[int, ...]
    radius: float
    start: int
    cases: float
    expected: float
    relative_risk: float
    ratio: float
    p: float


@dataclass(frozen=True, eq=False)
class Scan:
    """Clusters, most likely first, none sharing an area with one before it; and what chance gave.

    clusters : those whose ratio is above 0, as many as were asked for.
    p : of the most likely cluster; 1 where there is none.
    replicates : (n_replicates,) the largest ratio of each simulated map.
    cylinders : number of circles times lengths that were looked at.
    """

    clusters: tuple[Cluster, ...]
    p: float
    replicates: np.ndarray
    cylinders: int


def space_time_scan(
    counts: Any,
    coordinates: Any,
    baseline: Any,
    *,
    sphere: bool = False,
    max_weeks: int = 4,
    min_weeks: int = 1,
    max_share: float = 0.5,
    max_radius: float | None = None,
    clusters: int = 5,
    replicates: int = 999,
    seed: int | np.random.Generator | None = None,
) -> Scan:
    """Where, and since when, there are more cases than elsewhere and before: Kulldorff's prospective space-time scan.

    counts : (n_areas, n_weeks) cases by area and week (or day), whole numbers, oldest week first; index 0 is the first
        week of the study. A missing count (NaN) is left out, with its baseline. Only clusters that last to the last week
        are looked for: to see what was known on a day, give the counts up to it as they were known.
    coordinates : (n_areas, 2) of the areas' centres: x and y in any unit, or with sphere=True longitude and latitude in
        degrees, and distances are in km.
    baseline : (n_areas,) population, or (n_areas, n_weeks) what is to be expected up to a factor, such as the mean of
        earlier years. All cases are shared out in its proportion.
    max_weeks, min_weeks : longest and shortest cluster.
    max_share : largest share of the baseline in a circle; max_radius : largest distance from its centre.
    clusters : how many are returned at most.
    replicates : simulated maps with as many cases and no cluster; p is at least 1 / (replicates + 1).
    seed : the same seed gives the same p. Given None, each call differs.

    The p of the most likely cluster takes into account that all places and lengths were looked at in this one map, but
    not that maps are looked at week after week: look every week, and once in 1 / p weeks chance gives one as strong. The
    p of further clusters is on the safe side.

    Kulldorff M. Prospective time periodic geographical disease surveillance using a scan statistic. J R Stat Soc A
    2001;164:61-72.

    >>> x, y = np.divmod(np.arange(25), 5)
    >>> counts = np.tile([2, 1, 3, 2, 2, 1], (25, 1))
    >>> counts[[1, 5, 6, 7, 11], 4:] += 5
    >>> found = space_time_scan(counts, np.column_stack([x, y]), np.ones(25), seed=1)
    >>> sorted(found.clusters[0].areas), found.clusters[0].start, found.p
    ([1, 5, 6, 7, 11], 4, 0.001)
    """
    panel, alone = check.counts_panel("counts", counts, whole=True, missing=True)
    if alone:
        raise EpiInputError("counts", "wrong_shape", "must be (n_areas, n_weeks)")
    n_areas, n_weeks = panel.shape
    place = check.float_array("coordinates", coordinates)
    if place.shape != (n_areas, 2):
        raise EpiInputError("coordinates", "wrong_shape", f"must be ({n_areas}, 2), not {place.shape}")
    base = check.not_negative("baseline", check.float_array("baseline", baseline))
    if base.shape == (n_areas,):
        base = np.broadcast_to(base[:, None], panel.shape)
    if base.shape != panel.shape:
        raise EpiInputError(
            "baseline", "wrong_shape", f"must be ({n_areas},) or have the shape of counts, not {base.shape}"
        )
    max_weeks = check.whole_number("max_weeks", max_weeks, at_least=1, at_most=n_weeks)
    min_weeks = check.whole_number("min_weeks", min_weeks, at_least=1, at_most=max_weeks)
    max_share = check.number("max_share", max_share, above=0, at_most=1)
    farthest = np.inf if max_radius is None else check.number("max_radius", max_radius, at_least=0)
    wanted = check.whole_number("clusters", clusters, at_least=1)
    replicates = check.whole_number("replicates", replicates, at_least=0)
    known = ~np.isnan(panel)
    panel, base = np.where(known, panel, 0.0), np.where(known, base, 0.0)
    if (panel[base == 0] > 0).any():
        raise EpiInputError("baseline", "out_of_range", "must be above 0 where there are cases")
    if not base.sum() > 0:
        raise EpiInputError("baseline", "out_of_range", "must be above 0 somewhere")

    share = base / base.sum()
    total = int(panel.sum())
    distance = _distances(place, sphere)
    circles = _circles(distance, share.sum(axis=1), max_share, farthest)
    lengths = np.arange(min_weeks, max_weeks + 1)
    by_length = _of_last_weeks(share, max_weeks)[:, min_weeks - 1 :]
    expected = _in_circles(by_length[None], circles)[0] * total
    cases = _in_circles(_of_last_weeks(panel, max_weeks)[None, :, min_weeks - 1 :], circles)[0]
    excess = _Ratio(expected, total)
    ratio = excess(cases)

    rng = np.random.default_rng(seed)
    largest = np.zeros(replicates)
    if total:
        last = share[:, n_weeks - max_weeks :]
        cells = np.append(last.ravel(), max(1 - last.sum(), 0))
        cells /= cells.sum()
        at_once = max(1, VALUES_AT_ONCE // max(expected.size, 1))
        for first in range(0, replicates, at_once):
            number = min(at_once, replicates - first)
            drawn = rng.multinomial(total, cells, size=number)[:, :-1].reshape(number, n_areas, max_weeks)
            recent = np.cumsum(drawn[:, :, ::-1], axis=2)[:, :, min_weeks - 1 :]
            largest[first : first + number] = excess(_in_circles(recent, circles)).max(axis=(1, 2), initial=0)

    found = _clusters(ratio, cases, expected, total, circles, distance, lengths, n_weeks, largest, wanted)
    return Scan(clusters=found, p=found[0].p if found else 1.0, replicates=largest, cylinders=ratio.size)


def _distances(place: np.ndarray, sphere: bool) -> np.ndarray:
    if not sphere:
        return np.hypot(*(place[:, None, :] - place[None, :, :]).transpose(2, 0, 1))
    if (np.abs(place[:, 1]) > 90).any() or (np.abs(place[:, 0]) > 360).any():
        raise EpiInputError("coordinates", "out_of_range", "must be longitude and latitude in degrees")
    longitude, latitude = np.radians(place).T
    half = (
        np.sin((latitude[:, None] - latitude) / 2) ** 2
        + np.cos(latitude[:, None]) * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    )
    return 2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(half, 1)))


@dataclass(frozen=True, eq=False)
class _Circles:
    """The different circles, each the first areas of an order of the areas by distance from a centre.

    order : (n_centres, most) areas by distance. centre, size : (n_circles,) whose order, and how many of it.
    """

    order: np.ndarray
    centre: np.ndarray
    size: np.ndarray

    def areas(self, circle: int) -> np.ndarray:
        return self.order[self.centre[circle], : self.size[circle]]


def _circles(distance: np.ndarray, share: np.ndarray, max_share: float, farthest: float) -> _Circles:
    order = np.argsort(distance, axis=1, kind="stable")
    away = np.take_along_axis(distance, order, axis=1)
    inside = np.cumsum(share[order], axis=1)
    # areas at one distance enter together; a circle is as large as allowed, at least its centre
    complete = np.append(away[:, 1:] > away[:, :-1], np.ones((len(away), 1), dtype=bool), axis=1)
    fits = complete & (inside <= max_share * (1 + 1e-12)) & (away <= farthest)
    fits[:, 0] |= ~fits.any(axis=1)
    # circles of the same areas around different centres are looked at once: each area has a number, each circle theirs
    # exclusive-or'd, in 64 bits
    numbers = np.random.default_rng(0).integers(0, 2**63, len(distance), dtype=np.int64)
    centre, last = np.nonzero(fits)
    names = np.bitwise_xor.accumulate(numbers[order], axis=1)[centre, last]
    first = np.sort(np.unique(names, return_index=True)[1])
    centre, size = centre[first], last[first] + 1
    return _Circles(order[:, : size.max()], centre, size)


def _of_last_weeks(a: np.ndarray, most: int) -> np.ndarray:
    """(n_areas, most) sums of the last week, the last two, and so on."""
    return np.cumsum(a[:, ::-1][:, :most], axis=1)


def _in_circles(a: np.ndarray, circles: _Circles) -> np.ndarray:
    """Sums over circles: (n, n_areas, n_lengths) to (n, n_circles, n_lengths)."""
    running = np.cumsum(a[:, circles.order], axis=2)
    return running[:, circles.centre, circles.size - 1]


class _Ratio:
    """Log likelihood ratio of each cylinder by its cases; 0 where there are not more than expected."""

    def __init__(self, expected: np.ndarray, total: int) -> None:
        number = np.arange(total + 1)
        self.table = special.xlogy(number, number) + special.xlogy(total - number, total - number)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside, outside = np.log(expected), np.log(np.maximum(total - expected, 0))
            self.slope = np.where(expected > 0, inside - outside, 0.0)
            self.constant = np.where(np.isfinite(outside), total * outside, 0.0)
        self.expected = np.where(np.isfinite(outside) & (expected > 0), expected, np.inf)

    def __call__(self, cases: np.ndarray) -> np.ndarray:
        found = np.take(self.table, cases.astype(np.intp))
        found -= cases * self.slope
        found -= self.constant
        found[cases <= self.expected] = 0
        return found


def _clusters(
    ratio: np.ndarray,
    cases: np.ndarray,
    expected: np.ndarray,
    total: int,
    circles: _Circles,
    distance: np.ndarray,
    lengths: np.ndarray,
    n_weeks: int,
    largest: np.ndarray,
    wanted: int,
) -> tuple[Cluster, ...]:
    """The most likely cylinders that share no area."""
    found: list[Cluster] = []
    taken = np.zeros(len(distance), dtype=bool)
    for at in np.argsort(-ratio, axis=None, kind="stable"):
        circle, length = np.unravel_index(at, ratio.shape)
        if len(found) == wanted or ratio[circle, length] <= 0:
            break
        areas = circles.areas(int(circle))
        if taken[areas].any():
            continue
        taken[areas] = True
        c, e = float(cases[circle, length]), float(expected[circle, length])
        outside = (total - c) / (total - e)
        found.append(
            Cluster(
                centre=int(circles.centre[circle]),
                areas=tuple(int(a) for a in areas),
                radius=float(distance[circles.centre[circle], areas[-1]]),
                start=n_weeks - int(lengths[length]),
                cases=c,
                expected=e,
                relative_risk=c / e / outside if outside > 0 else np.inf,
                ratio=float(ratio[circle, length]),
                p=float((1 + (largest >= ratio[circle, length] * (1 - 1e-9)).sum()) / (1 + len(largest))),
            )
        )
    return tuple(found)
