"""How many cases the last days will turn out to have had: the days whose reports are still to come, by nowcasting."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from lianfang.epi import nowcast
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Phrase as _
from lianfang.registry.models import Area
from lianfang.surveillance.selectors import Arrivals, arrivals, arrivals_of

from .indicators import Classes

LONGEST_WAIT = 21  # days from onset until a case is known; what took longer counts with these
TRIANGLE_DAYS = 84  # the days of onset that are looked at: delays are learnt from the last, errors from evenings before
LEARNT_FROM = 29  # the last days of onset, from which the delays are taken: the window that ``epi.nowcast`` uses
FEWEST_CASES = 20  # of these days; with fewer the delays are not known
FEWEST_EVENINGS = 14  # from the first case known to the data cut; delays longer than that have not been seen
AT_ONCE = 0.5  # share of cases that came to be known on one day, from which on they are a list taken over
KNOWN_ENOUGH = 0.95  # a day of which so large a share is known waits no longer
KNOWN_AT_ALL = 0.05  # of a day of which less is known nothing is said

TOO_FEW = _(
    "Fewer than {cases} cases have an onset in the last {days} days: how long reports take cannot be learnt from so few."
)
TOO_SOON = _(
    "The first case became known less than {evenings} days before the data cut: longer delays cannot have been seen."
)
TAKEN_OVER = _(
    "Most cases of these days became known on one day, {day}, as when a list is taken over: that says nothing of how reports come in."
)


@dataclass(frozen=True)
class Expected:
    """What each waiting day is expected to have had once all reports are in, with the 95% prediction interval.

    ``cut`` is the evening whose knowledge it rests on, ``cases`` how many cases the delays were learnt from.
    """

    cut: date
    cases: int
    days: list[date]
    reported: list[int]
    share_known: list[float]
    mean: list[float]
    low: list[float]
    high: list[float]


@dataclass(frozen=True)
class NotExpected:
    """Why there is no nowcast."""

    why: str
    day: date | None = None


def expected(actor: Actor, area: Area, disease: str, classes: Classes, cut: date) -> Expected | NotExpected:
    """The nowcast of the curve by onset as known at the end of a day. Raises Refused outside the actor's areas.

    All classes of the curve count together, so that a suspected case that is confirmed stays one case.
    """
    first = cut - timedelta(days=TRIANGLE_DAYS - 1)
    came = arrivals(actor, area, disease, "onset", classes.drawn, (first, cut))
    return nowcast_of(came, cut)


def nowcast_of(came: Arrivals, cut: date) -> Expected | NotExpected:
    """The nowcast from the days on which cases became known, or why there is none."""
    triangle = triangle_of(came, cut)
    if why_not := _why_not(came, triangle, cut):
        return why_not
    found = nowcast.nowcast(triangle, quantiles=(0.025, 0.975))
    shown = np.flatnonzero((found.share_known < KNOWN_ENOUGH) & (found.share_known >= KNOWN_AT_ALL))
    return Expected(
        cut=cut,
        cases=_learnt_from(triangle),
        days=[cut - timedelta(days=TRIANGLE_DAYS - 1 - int(n)) for n in shown],
        reported=[int(found.reported[n]) for n in shown],
        share_known=[round(float(found.share_known[n]), 3) for n in shown],
        mean=[round(float(found.mean[n]), 2) for n in shown],
        low=[float(found.quantile(0.025)[n]) for n in shown],
        high=[float(found.quantile(0.975)[n]) for n in shown],
    )


def _learnt_from(triangle: np.ndarray) -> int:
    return int(np.nansum(triangle[-LEARNT_FROM:]))


def _why_not(came: Arrivals, triangle: np.ndarray, cut: date) -> NotExpected | None:
    """Why nothing can be learnt of delays, if so."""
    if _learnt_from(triangle) < FEWEST_CASES:
        return NotExpected(TOO_FEW)
    if (cut - min(known_on for (_day, known_on), delta in came.items() if delta > 0)).days + 1 < FEWEST_EVENINGS:
        return NotExpected(TOO_SOON)
    evenings: Counter[date] = Counter()
    for (day, known_on), delta in came.items():
        if (cut - day).days < LEARNT_FROM and delta > 0:
            evenings[known_on] += delta
    busiest, most = evenings.most_common(1)[0]
    return NotExpected(TAKEN_OVER, busiest) if most > AT_ONCE * sum(evenings.values()) else None


@dataclass(frozen=True)
class Week:
    """The cases that fell ill in the seven days up to the cut: known by then, and expected once all reports are in.

    ``low`` and ``high`` add up the limits of the days' 90% intervals, as if all days were off the same way: they hold more
    often than 90 times in 100.
    """

    known: int
    mean: float
    low: float
    high: float


def weeks_of(
    actor: Actor, areas: Sequence[Area], disease: str, classes: Classes, cut: date
) -> Mapping[str, Week | NotExpected]:
    """The last week by onset of each area, by code: one nowcast over all areas of which the delays can be learnt."""
    span = (cut - timedelta(days=TRIANGLE_DAYS - 1), cut)
    came = arrivals_of(actor, areas, disease, "onset", classes.drawn, span)
    triangles = {code: triangle_of(of_area, cut) for code, of_area in came.items()}
    weeks: dict[str, Week | NotExpected] = {}
    able = []
    for code, triangle in triangles.items():
        if why_not := _why_not(came[code], triangle, cut):
            weeks[code] = why_not
        else:
            able.append(code)
    if able:
        found = nowcast.nowcast(np.stack([triangles[code] for code in able]), quantiles=(0.05, 0.95))
        known, mean, limits = (each[:, -7:].sum(axis=1) for each in (found.reported, found.mean, found.quantiles))
        for row, code in enumerate(able):
            low, high = (float(limit) for limit in limits[row])
            weeks[code] = Week(int(known[row]), round(float(mean[row]), 1), low, high)
    return weeks


def triangle_of(came: Arrivals, cut: date) -> np.ndarray:
    """The reporting triangle (n_days, n_delays), as ``epi.nowcast`` reads it, of the cases that still count at the cut.

    A case taken back later, as when it was excluded, counts from no day on: each day's cases known by a delay are never
    more than those known by a longer one, and its sum is what the curve shows.
    """
    counts = np.zeros((TRIANGLE_DAYS, LONGEST_WAIT + 1))
    for (day, known_on), delta in came.items():
        row = TRIANGLE_DAYS - 1 - (cut - day).days
        counts[row, min(max((known_on - day).days, 0), LONGEST_WAIT)] += delta
    ahead = np.add.outer(np.arange(TRIANGLE_DAYS), np.arange(LONGEST_WAIT + 1)) >= TRIANGLE_DAYS
    known = np.where(ahead, np.inf, np.cumsum(counts, axis=1))
    known = np.minimum.accumulate(known[:, ::-1], axis=1)[:, ::-1]
    stood = np.diff(np.where(ahead, 0, np.maximum(known, 0)), axis=1, prepend=0)
    return np.where(ahead, np.nan, stood)
