"""Signals: counties with more reported cases than the days before, or than earlier years, let expect; each as a work order.

Nothing is kept of a signal but the order it raised: what is shown of any evening is judged anew from what was known then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

import numpy as np

from lianfang.definitions import selectors as definitions
from lianfang.epi import signals
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.registry.models import Area
from lianfang.surveillance import tally
from lianfang.surveillance.selectors import first_report
from lianfang.workorders.models import WorkOrder

from .by_area import daily_reports, panel_of
from .risk import WIDEST, units_of

KIND = "check_signal"
LOOKED_BACK = 7  # days up to the cut that are judged for the page; the job judges each evening its own
EARS_DAYS = 28  # of counts by day that EARS is given: more than its baselines ask for
LEAST_SD = 1.0  # a week without a case does not make one case a signal
LEAST_CASES = 5  # in the seven days up to the judged one
ALPHA = {"C1": 0.001, "C2": 0.001, "C3": 0.025}
RAISES = "C2"  # its two days between baseline and judged day keep the outbreak itself out of what is usual
FEWEST_YEARS, MOST_YEARS = 3, 5  # of earlier weeks, from which Farrington's method is used
FARRINGTON_ALPHA = 0.01
FARRINGTON_AT_LEAST = (5, 4)  # cases in so many weeks up to the judged one


@dataclass(frozen=True)
class Signal:
    """A county that stands out on a day, or (``weekly``) in the seven days up to it.

    ``threshold`` is the limit of the method in cases; ``also`` other methods that alarm, which raise nothing by themselves.
    """

    area: Area
    day: date
    weekly: bool
    observed: int
    threshold: float
    week: int
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judged:
    """All counties (or townships) of an area as judged at a data cut, with those that stand out, the latest and clearest first."""

    area: Area
    disease: str
    cut: date
    edition: str
    years: int  # of earlier weeks that each week is compared with; 0: days are compared with the days before
    counties: int
    found: list[Signal]
    unit: str = "county"


def judged(actor: Actor, area: Area, disease: str, cut: date, back: int = LOOKED_BACK, unit: str = "county") -> Judged:
    """Judge the counties of an area on the last days up to a cut, as known on its evening. Raises Refused.

    The latest signal of each county is given. ``unit`` "township" judges the townships of a city or a county, always by the
    days before: it says where in a county, and raises nothing.
    """
    if not large_enough(area):
        raise Refused(refuse("situation.too_small_for_signals", "area", area=area.name))
    if not actor.may_at("situation.read", area.path):
        raise Refused(refuse("kernel.not_found"))
    if unit == "township" and area.path.count("/") < WIDEST:
        raise Refused(refuse("situation.too_wide_for_townships", "area", area=area.name))
    counties = units_of(area, unit, cut)
    years = _years(first_report(area, disease, cut), cut) if unit == "county" else 0
    days = (years * 52 + 8) * 7 if years else EARS_DAYS + back
    first = cut - timedelta(days=days - 1)
    daily = daily_reports(actor, counties, disease, cut, cut, since=first, suspected=True)
    panel = panel_of(daily, first, cut)
    with_cases = np.flatnonzero(panel[:, -4 * 7 - back :].any(axis=1))  # none lately: no signal by any method
    some = [counties[row] for row in with_cases]
    found = (farrington if years else ears)(some, panel[with_cases], cut, *((years,) if years else (back,)))
    found.sort(key=lambda signal: (-signal.day.toordinal(), signal.threshold - signal.observed, signal.area.code))
    edition = definitions.edition_on(disease, cut).code
    return Judged(area, disease, cut, edition, years, len(counties), found, unit)


def large_enough(area: Area) -> bool:
    """Whether signals are looked for in an area: in a county and what lies above it."""
    return area.path.count("/") <= tally.LEVELS


def _years(first: date | None, cut: date) -> int:
    """So many years of earlier weeks there are, five at most; 0 when they are too few for a comparison with them."""
    weeks = ((cut - first).days + 1) // 7 if first else 0
    years = min(MOST_YEARS, (weeks - 4) // 52)
    return years if years >= FEWEST_YEARS else 0


def ears(areas: Sequence[Area], panel: np.ndarray, cut: date, back: int = 1) -> list[Signal]:
    """The latest signal of each area on the last days, from (n_areas, n_days) counts by day of report up to the cut."""
    if not len(areas):
        return []
    last = panel.shape[1] - 1
    at = np.arange(last - back + 1, last + 1)
    by_method = {
        method: signals.ears(panel, method=method, at=at, min_sd=LEAST_SD, alpha=alpha)
        for method, alpha in ALPHA.items()
    }
    week = np.stack([panel[:, end - 6 : end + 1].sum(axis=1) for end in at], axis=1)
    enough = week >= LEAST_CASES
    raising = by_method[RAISES]
    found = []
    for row, area in enumerate(areas):
        alarms = np.flatnonzero(raising.alarm[row] & enough[row])
        if len(alarms):
            n = int(alarms[-1])
            found.append(
                Signal(
                    area,
                    cut - timedelta(days=last - int(at[n])),
                    weekly=False,
                    observed=int(raising.observed[row, n]),
                    threshold=round(float(raising.threshold[row, n]), 2),
                    week=int(week[row, n]),
                    also=tuple(f"EARS {m}" for m, of in by_method.items() if m != RAISES and of.alarm[row, n]),
                )
            )
    return found


def farrington(areas: Sequence[Area], panel: np.ndarray, cut: date, years: int) -> list[Signal]:
    """The areas whose seven days up to the cut stand out from the same weeks of earlier years."""
    weeks = panel.shape[1] // 7
    if not len(areas):
        return []
    weekly = panel[:, -weeks * 7 :].reshape(len(panel), weeks, 7).sum(axis=2)
    found = signals.farrington_flexible(
        weekly, at=[weeks - 1], years=years, alpha=FARRINGTON_ALPHA, at_least=FARRINGTON_AT_LEAST
    )
    return [
        Signal(
            area, cut, True, int(found.observed[row, 0]), round(float(found.threshold[row, 0]), 2), int(weekly[row, -1])
        )
        for row, area in enumerate(areas)
        if found.alarm[row, 0]
    ]


# --- the orders they raise ----------------------------------------------------------------------------------------


def subject_of(area: Area) -> UUID:
    """An area as the subject of a work order: its number in the table, written as such subjects are."""
    return UUID(int=area.pk)


def order_id(area: Area, disease: str, day: date) -> UUID:
    """The id of the order that a signal of an area raises: the same all week, so that none is raised twice."""
    year, week, _weekday = day.isocalendar()
    return uuid5(subject_of(area), f"{KIND} {area.code} {disease} {year}-W{week:02d}")


def told(signal: Signal, found: Judged) -> dict[str, Any]:
    """What the order of a signal keeps, to be put in words for each reader."""
    return {
        "disease": found.disease,
        "day": signal.day.isoformat(),
        "weekly": signal.weekly,
        "observed": signal.observed,
        "threshold": signal.threshold,
        "week": signal.week,
        "cut": found.cut.isoformat(),
        "edition": found.edition,
        "years": found.years,
    }


def orders_of(actor: Actor, found: Judged) -> dict[str, WorkOrder]:
    """By code of area the order that its signal raised, where there is one and the actor may see it."""
    wanted = {order_id(signal.area, found.disease, signal.day): signal.area.code for signal in found.found}
    orders = WorkOrder.objects.visible_to(actor).filter(pk__in=wanted) if wanted else ()
    return {wanted[order.pk]: order for order in orders}
