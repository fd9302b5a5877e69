"""The situation of an area as known on a day: counts from surveillance, turned into arrays, given to ``epi``, named and dated.

This is the bridge: ``epi`` never meets a model, and no other part calls it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np

from lianfang.definitions import selectors as definitions
from lianfang.definitions.editions import SerialInterval
from lianfang.epi import delays as epi_delays
from lianfang.epi import transmission
from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Phrase as _
from lianfang.registry.models import Area, AreaShape
from lianfang.surveillance.selectors import Counts, Totals, busiest_disease, counts_on, totals_below

from .indicators import INDICATORS, Classes, Delays, Figure, Indicator, delays, week_to
from .outlook import Expected, NotExpected, expected

RT_WINDOW = 7
LONGEST_INTERVAL = 60  # days over which the serial interval is spread
FIRST_RT_CASES = 12  # before this many cases the estimate says more about the prior than about the outbreak
LONGEST_CURVE = 400  # days; what lies before is counted and named, not drawn
QUIET_AFTER = 60  # days without a case after which a curve ends with the outbreak and not at the data cut
QUIET_SHOWN = 14

NO_INTERVAL = _("The definitions name no serial interval for this disease, and Rt cannot be estimated without one.")
TOO_FEW = _(
    "Fewer than {cases} confirmed cases are known: an estimate would say more about its assumptions than about them."
)
TOO_SHORT = _(
    "The confirmed cases span too few days: an estimate needs {days} days, and more than one mean serial interval, after the first."
)


@dataclass(frozen=True)
class Shown:
    """An indicator with its figure at the data cut and on the evening before."""

    indicator: Indicator
    value: Figure
    before: Figure


@dataclass(frozen=True)
class Rt:
    """The reproduction number by the last day of each window, with its 95% interval."""

    days: list[date]
    mean: list[float]
    low: list[float]
    high: list[float]
    window: int
    interval: SerialInterval


@dataclass(frozen=True)
class Place:
    """The figures of one area just below, or (area None) of the cases that lie in none of them."""

    area: Area | None
    confirmed: int
    week: int
    suspected: int
    deaths: int

    FIGURES = ("confirmed", "week", "suspected", "deaths")

    @property
    def figures(self) -> tuple[int, ...]:
        return self.confirmed, self.week, self.suspected, self.deaths


@dataclass(frozen=True)
class Picture:
    """Everything the situation page shows for one area, one disease, one data cut."""

    area: Area
    disease: str
    day: date
    evening: bool  # the cut lies at the end of the day; otherwise it is now, and the day still runs
    edition: str
    by: str
    days: list[date]
    series: dict[str, list[int]]
    waiting_from: date | None  # the curve's days from here on still wait for reports
    expected: Expected | NotExpected | None  # None for a curve none of whose days waits
    earlier: int  # cases before the first day drawn
    without_day: int
    left_out: int  # reports of classes that are no cases: excluded, not classified
    indicators: list[Shown]
    delays: Delays
    rt: Rt | None
    rt_missing: str  # why there is no Rt
    places: list[Place]
    mapped: bool

    @property
    def cut(self) -> date:
        """The last day that is over at the data cut."""
        return self.day if self.evening else self.day - timedelta(days=1)

    @property
    def reports(self) -> int:
        """All reports known at the data cut that count, whatever their class."""
        return sum(map(sum, self.series.values())) + self.earlier + self.without_day + self.left_out


def picture(actor: Actor, area: Area, disease: str, *, day: date | None = None, by: str = "onset") -> Picture:
    """The situation of an area as known at the end of a day (None: now). Raises Refused outside the actor's areas."""
    evening, day = day is not None, day or clock.today()
    known_on = day if evening else None
    classes = classes_of(disease, day)
    before, sums = counts_on(actor, area, disease, [day - timedelta(days=1), known_on])
    measure = "onset" if by == "onset" else "reported"
    found = {of_class: counted for of_class, counted in sums.by_day(measure).items() if of_class in classes.drawn}
    days = _span(found.values(), day)
    late = delays(sums, classes.drawn)
    full = day if evening else day - timedelta(days=1)  # the last day that is over
    rt, rt_missing = _rt(sums, classes, disease, full)
    waiting_from = _waiting_from(late, days, day, evening, by)
    waits = by == "onset" and waiting_from is not None and waiting_from <= full
    below = areas_below(area, day)
    drawn = sums.total(measure, classes=classes.drawn)
    return Picture(
        area=area,
        disease=disease,
        day=day,
        evening=evening,
        edition=definitions.edition_on(disease, day).code,
        by=by,
        days=days,
        series={
            of_class: [found[of_class].get(each, 0) for each in days] for of_class in classes.drawn if of_class in found
        },
        waiting_from=waiting_from,
        expected=expected(actor, area, disease, classes, full) if waits else None,
        earlier=sum(n for counted in found.values() for each, n in counted.items() if days and each < days[0]),
        without_day=drawn - sum(sum(counted.values()) for counted in found.values()),
        left_out=sums.total("reported") - drawn,
        indicators=[
            Shown(entry, entry.count(sums, classes, day), entry.count(before, classes, day - timedelta(days=1)))
            for entry in INDICATORS
        ],
        delays=late,
        rt=rt,
        rt_missing=rt_missing,
        places=_places(
            totals_below(actor, area, disease, below, week_to(day), known_on) if below else {},
            below,
            sums,
            classes,
            day,
        ),
        mapped=AreaShape.objects.filter(area__in=below).exists() if below else False,
    )


def classes_of(disease: str, day: date) -> Classes:
    """Which classes count as what, by the edition in force on a day and those before it, so that old cases stay counted."""
    editions = [entry for entry in definitions.editions(disease) if entry.valid_from <= day] or [
        definitions.edition_on(disease, day)
    ]
    counts_as = {code: given.counts_as for edition in editions for code, given in edition.classes.items()}

    def counting(what: str) -> tuple[str, ...]:
        return tuple(code for code, counted in counts_as.items() if counted == what)

    return Classes(confirmed=counting("confirmed"), others=counting("case"), suspected=counting("suspected"))


def areas_below(area: Area, day: date) -> list[Area]:
    """The areas just below one, each code once: as it stood on a day, or as it last stood before."""
    found: dict[str, Area] = {}
    for each in Area.objects.filter(parent__path=area.path).order_by("code", "valid_from"):
        if each.valid_from is None or each.valid_from <= day or each.code not in found:
            found[each.code] = each
    return list(found.values())


def _span(counted: Iterable[dict[date, int]], cut: date) -> list[date]:
    """The days of a curve: from the first with a case to the data cut, or to where an outbreak long over fell quiet."""
    known = [each for days in counted for each, count in days.items() if count and each <= cut]
    if not known:
        return []
    last = cut if (cut - max(known)).days <= QUIET_AFTER else max(known) + timedelta(days=QUIET_SHOWN)
    length = min((last - min(known)).days + 1, LONGEST_CURVE)
    return [last - timedelta(days=back) for back in reversed(range(length))]


def _waiting_from(late: Delays, days: list[date], cut: date, evening: bool, by: str) -> date | None:
    """From which day on a curve still waits for reports: days of which less than nine tenths should be known by now.

    A day that still runs waits whatever the curve counts by. None when no day waits, or the curve ended long ago.
    """
    if not days or days[-1] < cut:
        return None
    waits = [] if evening else [cut]
    if by == "onset" and late.high is not None and late.high > 0:
        waits.append(max(days[0], cut - timedelta(days=late.high - 1)))
    return min(waits, default=None)


def _rt(sums: Counts, classes: Classes, disease: str, last: date) -> tuple[Rt | None, str]:
    """Rt by the plain method of Cori 2013 from the report days of confirmed cases, or why there is none.

    ``last`` is the last day whose reports are complete. Report days are used because they are: no case is still to come.
    """
    known = definitions.disease(disease)
    interval = known.serial_interval if known else None
    if interval is None:
        return None, NO_INTERVAL
    by_day = sums.by_day("reported")
    daily: dict[date, int] = {}
    for of_class in classes.confirmed:
        for each, count in by_day.get(of_class, {}).items():
            if each <= last:
                daily[each] = daily.get(each, 0) + count
    if sum(daily.values()) < FIRST_RT_CASES:
        return None, TOO_FEW
    days = _span([daily], last)
    if len(days) <= RT_WINDOW:
        return None, TOO_SHORT
    series = np.array([daily.get(each, 0) for each in days], dtype=float)
    found = transmission.estimate_rt(
        series, serial_interval_pmf(interval.mean_days, interval.sd_days), window=RT_WINDOW, quantiles=(0.025, 0.975)
    )
    reached = np.cumsum(series) + sum(count for each, count in daily.items() if each < days[0])
    shown = [n for n, end in enumerate(found.end) if reached[end] >= FIRST_RT_CASES and not np.isnan(found.mean[n])]
    if not shown:
        return None, TOO_SHORT

    def column(values: np.ndarray) -> list[float]:
        return [round(float(values[n]), 3) for n in shown]

    return Rt(
        days=[days[int(found.end[n])] for n in shown],
        mean=column(found.mean),
        low=column(found.quantile(0.025)),
        high=column(found.quantile(0.975)),
        window=RT_WINDOW,
        interval=interval,
    ), ""


@cache
def serial_interval_pmf(mean_days: float, sd_days: float) -> np.ndarray:
    pmf = epi_delays.discretised_gamma_si(mean_days, sd_days)
    return pmf if len(pmf) <= LONGEST_INTERVAL else pmf[:LONGEST_INTERVAL] / pmf[:LONGEST_INTERVAL].sum()


def _places(totals: dict[str, Totals], below: list[Area], sums: Counts, classes: Classes, day: date) -> list[Place]:
    """The areas below with their figures, the most cases first; last the cases that lie in none of them, if any.

    An area that no longer stands on the day is named only while it has cases.
    """
    found = []
    for area in below:
        if area.code not in totals:
            continue
        of_area = totals[area.code]
        place = Place(
            area,
            of_area.total("reported", classes=classes.confirmed),
            of_area.total("confirmed", classes=classes.confirmed, in_span=True),
            of_area.total("reported", classes=classes.suspected),
            of_area.total("died", classes=classes.confirmed),
        )
        stands = (area.valid_from is None or area.valid_from <= day) and (
            area.valid_until is None or day < area.valid_until
        )
        if stands or any(place.figures):
            found.append(place)
    if not found:
        return []
    whole = (
        sums.total("reported", classes=classes.confirmed),
        sums.total("confirmed", classes=classes.confirmed, days=week_to(day)),
        sums.total("reported", classes=classes.suspected),
        sums.total("died", classes=classes.confirmed),
    )
    found.sort(key=lambda place: (-place.confirmed, -place.suspected))
    rest = tuple(total - sum(part) for total, *part in zip(whole, *(place.figures for place in found), strict=True))
    return [*found, Place(None, *rest)] if any(rest) else found


def areas_of(actor: Actor) -> list[Area]:
    """The areas over which the actor's posts allow to see the situation, none of which lies in another."""
    paths = sorted(set(actor.paths("situation.read")))
    tops = [path for path in paths if not any(path != above and path.startswith(above) for above in paths)]
    found = {area.path: area for area in Area.objects.filter(path__in=tops).order_by("valid_from")}
    return [found[path] for path in sorted(found, key=lambda path: (len(path), path))]


def seen_above(actor: Actor, area: Area) -> list[Area]:
    """The areas above one that the actor may see, from the top down."""
    above = []
    here = area.parent
    while here is not None and actor.may_at("situation.read", here.path):
        above.append(here)
        here = here.parent
    return above[::-1]


__all__ = ["Picture", "areas_below", "areas_of", "busiest_disease", "classes_of", "picture", "seen_above"]
