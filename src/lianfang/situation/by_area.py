"""How fast it passes in every area at once: Rt, growth and the cases of a week, one panel call for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from lianfang.definitions import selectors as definitions
from lianfang.definitions.editions import SerialInterval
from lianfang.epi import series, transmission
from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Phrase as _
from lianfang.registry.models import Area
from lianfang.surveillance.selectors import counts_of

from .outlook import NotExpected, Week, weeks_of
from .risk import units_of
from .selectors import (
    FIRST_RT_CASES,
    LONGEST_CURVE,
    QUIET_AFTER,
    RT_WINDOW,
    areas_below,
    classes_of,
    serial_interval_pmf,
)

GROWTH_DAYS = 14
FEWEST_GROWTH_CASES = 12  # in these days; a rate from fewer says next to nothing
UNITS = ("below", "county")

FEW = _("fewer than {cases} cases")
SHORT = _("too soon after the first case")
QUIET = _("no case for {days} days")
NO_INTERVAL = _("no serial interval is known")

Interval = tuple[float, float, float]  # estimate, lower and upper limit of 95%


@dataclass(frozen=True)
class Pace:
    """How fast the reported confirmed cases of an area grow at the data cut.

    ``rt`` is that of the seven days up to the cut; ``growth`` per day and ``doubling`` in days (negative: halving; infinite
    where it may never double) those of the last 14.
    """

    area: Area
    cases: int
    week: int
    week_before: int
    last_case: date | None
    rt: Interval | None = None
    no_rt: str = ""
    growth: Interval | None = None
    doubling: Interval | None = None


@dataclass(frozen=True)
class Paces:
    """An area and the areas in it, side by side, as known on an evening; ``cut`` is the last day that is over.

    ``weeks`` says by code of area how many fell ill in the seven days up to the cut, corrected for reports still to come.
    """

    area: Area
    disease: str
    day: date
    evening: bool
    cut: date
    edition: str
    unit: str
    interval: SerialInterval | None
    own: Pace
    inside: list[Pace]
    weeks: Mapping[str, Week | NotExpected]


def paces(actor: Actor, area: Area, disease: str, *, day: date | None = None, unit: str = "below") -> Paces:
    """An area and those just below it, or (unit "county") all its counties, the most cases of the week first.

    Raises Refused outside the actor's areas.
    """
    evening, today = day is not None, clock.today()
    cut = day or today - timedelta(days=1)
    known = definitions.disease(disease)
    inside = [one for one in _units(area, unit, day or today) if one.code != area.code]
    daily = daily_reports(actor, [area, *inside], disease, day, cut)
    interval = known.serial_interval if known else None
    own, *others = pace_of([area, *inside], daily, cut, interval)
    return Paces(
        area=area,
        disease=disease,
        day=day or today,
        evening=evening,
        cut=cut,
        edition=definitions.edition_on(disease, day or today).code,
        unit=unit,
        interval=interval,
        own=own,
        inside=sorted(others, key=lambda pace: (-pace.week, -pace.cases, pace.area.code)),
        weeks=weeks_of(actor, [area, *inside], disease, classes_of(disease, day or today), cut),
    )


def _units(area: Area, unit: str, day: date) -> list[Area]:
    if unit == "county":
        return units_of(area, unit, day)
    return [
        one
        for one in areas_below(area, day)
        if (one.valid_from is None or one.valid_from <= day) and (one.valid_until is None or day < one.valid_until)
    ]


def daily_reports(
    actor: Actor,
    areas: Sequence[Area],
    disease: str,
    known_on: date | None,
    cut: date,
    since: date | None = None,
    suspected: bool = False,
) -> list[dict[date, int]]:
    """The confirmed cases of each area by the day of their report, up to the cut, as known on an evening (None: now).

    With ``suspected`` all cases of the curve, not the confirmed alone.
    """
    known = classes_of(disease, known_on or cut)
    classes = known.drawn if suspected else known.confirmed
    found = counts_of(actor, areas, disease, known_on, measure="reported", since=since)
    daily = []
    for area in areas:
        sums: dict[date, int] = {}
        for of_class, by_day in found[area.code].by_day("reported").items():
            if of_class in classes:
                for each, count in by_day.items():
                    if each <= cut:
                        sums[each] = sums.get(each, 0) + count
        daily.append(sums)
    return daily


def panel_of(daily: Sequence[dict[date, int]], first: date, last: date) -> np.ndarray:
    """(n_areas, n_days) from the first day to the last; index 0 is the first."""
    panel = np.zeros((len(daily), (last - first).days + 1))
    for row, sums in enumerate(daily):
        for each, count in sums.items():
            if first <= each <= last:
                panel[row, (each - first).days] = count
    return panel


def pace_of(
    areas: Sequence[Area], daily: Sequence[dict[date, int]], cut: date, interval: SerialInterval | None
) -> list[Pace]:
    """The pace of each area from its cases by day, all areas in one call of each method."""
    begins = [min((day for day, count in sums.items() if count), default=None) for sums in daily]
    found = [
        Pace(
            area,
            cases=sum(sums.values()),
            week=_week(sums, cut),
            week_before=_week(sums, cut - timedelta(days=7)),
            last_case=max((day for day, count in sums.items() if count), default=None),
        )
        for area, sums in zip(areas, daily, strict=True)
    ]
    first = min([cut - timedelta(days=GROWTH_DAYS), *(begin for begin in begins if begin)])
    first = max(first, cut - timedelta(days=LONGEST_CURVE - 1))
    panel = panel_of(daily, first, cut)
    if interval is not None:
        found = _with_rt(found, begins, panel, first, cut, interval)
    else:
        found = [replace(pace, no_rt=NO_INTERVAL) for pace in found]
    return _with_growth(found, begins, panel, cut)


def _week(sums: dict[date, int], last: date) -> int:
    return sum(sums.get(last - timedelta(days=back), 0) for back in range(7))


def _with_rt(
    found: list[Pace], begins: list[date | None], panel: np.ndarray, first: date, cut: date, interval: SerialInterval
) -> list[Pace]:
    """Rt of the last window of each area, under the same conditions as on the page of the area alone."""
    pmf = serial_interval_pmf(interval.mean_days, interval.sd_days)
    last = panel.shape[1] - 1
    estimate = transmission.estimate_rt(panel, pmf, windows=([last - RT_WINDOW + 1], [last]), quantiles=(0.025, 0.975))
    shortest = max(RT_WINDOW, float((pmf * np.arange(len(pmf))).sum()))
    out = []
    for row, (pace, begin) in enumerate(zip(found, begins, strict=True)):
        if pace.cases < FIRST_RT_CASES or begin is None or pace.last_case is None:
            out.append(replace(pace, no_rt=FEW))
        elif (cut - pace.last_case).days > QUIET_AFTER:
            out.append(replace(pace, no_rt=QUIET))
        elif (cut - max(begin, first)).days + 1 <= shortest:
            out.append(replace(pace, no_rt=SHORT))
        else:
            mean, low, high = estimate.mean, estimate.quantile(0.025), estimate.quantile(0.975)
            rt = (round(float(mean[row, 0]), 3), round(float(low[row, 0]), 3), round(float(high[row, 0]), 3))
            out.append(replace(pace, rt=rt))
    return out


def _with_growth(found: list[Pace], begins: list[date | None], panel: np.ndarray, cut: date) -> list[Pace]:
    last = panel.shape[1] - 1
    windows = ([last - GROWTH_DAYS + 1], [last])
    growth = series.growth_rate(panel, windows=windows)
    doubling = growth.doubling_days()
    recent = panel[:, -GROWTH_DAYS:].sum(axis=1)
    out = []
    for row, (pace, begin) in enumerate(zip(found, begins, strict=True)):
        rate = (float(growth.rate[row, 0]), float(growth.lower[row, 0]), float(growth.upper[row, 0]))
        soon = begin is None or (cut - begin).days + 1 < GROWTH_DAYS
        if soon or recent[row] < FEWEST_GROWTH_CASES or not np.isfinite(rate).all():
            out.append(pace)
        else:
            days, shortest, longest = (float(each[row, 0]) for each in doubling)
            out.append(replace(pace, growth=rate, doubling=(days, shortest, longest)))
    return out
