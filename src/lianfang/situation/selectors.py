"""The situation of an area as known on a day: counts from surveillance, turned into arrays, given to ``epi``, named and dated.

This is the bridge: ``epi`` never meets a model, and no other part calls it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db.models import Sum

from lianfang.definitions import selectors as definitions
from lianfang.epi import delays as epi_delays
from lianfang.epi import transmission
from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.registry.models import Area
from lianfang.registry.selectors import area_name
from lianfang.surveillance.models import CaseTally
from lianfang.surveillance.selectors import Counts, counts, counts_of
from lianfang.surveillance.tally import LEVELS

from .indicators import INDICATORS, Classes, delays

RT_WINDOW = 7
LONGEST_INTERVAL = 60  # days over which the serial interval is spread
FIRST_RT_CASES = 12  # before this many cases the estimate says more about the prior than about the outbreak


@dataclass(frozen=True)
class Picture:
    """Everything the situation page shows for one area, one disease, one data cut."""

    area: Area
    disease: str
    day: date
    edition: str
    by: str
    days: list[date]
    series: dict[str, list[int]]
    indicators: list[dict[str, Any]]
    delays: dict[str, Any]
    rt: dict[str, Any] | None
    children: list[dict[str, Any]]
    without_day: int


def picture(actor: Actor, area: Area, disease: str, *, day: date | None = None, by: str = "onset") -> Picture:
    """The situation of an area as known at the end of a day (None: now). Raises Refused outside the actor's areas."""
    known_on, day = day, day or clock.today()
    edition = definitions.edition_on(disease, day)
    classes = classes_of(disease, day)
    children = list(Area.objects.valid_on(day).filter(parent=area).order_by("code"))
    sums = counts(actor, area, disease, known_on)
    measure = "onset" if by == "onset" else "reported"
    found = sums.by_day(measure)
    days = _span(found, day)
    return Picture(
        area=area,
        disease=disease,
        day=day,
        edition=edition.code,
        by=by,
        days=days,
        series={of_class: [counted.get(each, 0) for each in days] for of_class, counted in found.items()},
        indicators=[
            {
                "code": entry.code,
                "label": entry.label,
                "definition": entry.definition,
                "value": entry.count(sums, classes, day),
                "before": entry.count(before, classes, day - timedelta(days=1)) if before else None,
            }
            for before in [_day_before(actor, area, disease, day)]
            for entry in INDICATORS
        ],
        delays=delays(sums, classes),
        rt=_rt(sums, classes, disease, day),
        children=_children(actor, children, disease, known_on, classes, day),
        without_day=sums.total(measure, classes=classes.cases)
        - sum(sum(counted.values()) for of_class, counted in found.items() if of_class in classes.cases),
    )


def classes_of(disease: str, day: date) -> Classes:
    """Which classes count as what, by the edition in force on a day and those before it, so that old cases stay counted."""
    editions = [entry for entry in definitions.editions(disease) if entry.valid_from <= day] or definitions.editions(
        disease
    )[:1]
    return Classes(
        cases=sorted({code for entry in editions for code in entry.case_classes}),
        confirmed=sorted({code for entry in editions for code in entry.confirmed_classes}),
        suspected=sorted({code for entry in editions for code in entry.suspected_classes}),
    )


def _day_before(actor: Actor, area: Area, disease: str, day: date) -> Counts:
    return counts(actor, area, disease, day - timedelta(days=1))


def _span(found: dict[str, dict[date, int]], last: date) -> list[date]:
    """Every day from the first with a case to the data cut."""
    known = [each for counted in found.values() for each, count in counted.items() if count and each <= last]
    if not known:
        return []
    return [min(known) + timedelta(days=offset) for offset in range((last - min(known)).days + 1)]


def _rt(sums: Counts, classes: Classes, disease: str, day: date) -> dict[str, Any] | None:
    """Rt by the plain method of Cori 2013 from report days of cases, or None while there are too few."""
    interval = definitions.disease(disease).serial_interval
    by_day = sums.by_day("reported")
    daily: dict[date, int] = {}
    for of_class in classes.confirmed:
        for each, count in by_day.get(of_class, {}).items():
            daily[each] = daily.get(each, 0) + count
    days = _span({"all": daily}, day)
    if interval is None or len(days) <= RT_WINDOW or sum(daily.values()) < FIRST_RT_CASES:
        return None
    series = np.array([daily.get(each, 0) for each in days], dtype=float)
    pmf = epi_delays.discretised_gamma_si(interval.mean_days, interval.sd_days, LONGEST_INTERVAL)
    found = transmission.estimate_rt(series, pmf, window=RT_WINDOW, quantiles=(0.025, 0.5, 0.975))
    reached = np.cumsum(series)
    shown = [n for n, end in enumerate(found.end) if reached[int(end)] >= FIRST_RT_CASES]
    return {
        "days": [days[int(found.end[n])] for n in shown],
        "mean": [round(float(found.mean[n]), 3) for n in shown],
        "low": [round(float(found.quantile(0.025)[n]), 3) for n in shown],
        "high": [round(float(found.quantile(0.975)[n]), 3) for n in shown],
        "window": RT_WINDOW,
        "interval": interval,
    }


def _children(
    actor: Actor, children: list[Area], disease: str, known_on: date | None, classes: Classes, day: date
) -> list[dict[str, Any]]:
    """The areas just below, with the figures of the map and the drill-down."""
    seen = [child for child in children if actor.may_at("situation.read", child.path)]
    sums = counts_of(actor, seen, disease, known_on)
    return [
        {
            "area": child,
            "confirmed": sums[child.code].total("reported", classes=classes.confirmed),
            "week": sums[child.code].total("confirmed", classes=classes.confirmed, days=(day - timedelta(days=6), day)),
            "suspected": sums[child.code].total("reported", classes=classes.suspected),
            "deaths": sums[child.code].total("died", classes=classes.confirmed),
        }
        for child in seen
    ]


def busiest_disease(area: Area) -> str:
    """The disease with the most cases in an area, or none."""
    rows = CaseTally.objects.filter(area_code=area.code, measure="reported").values("disease").annotate(cases=Sum("delta"))
    found = rows.order_by("-cases").first() if area.path.count("/") <= LEVELS else None
    return found["disease"] if found else ""


def seen_above(actor: Actor, area: Area) -> list[Area]:
    """The areas above one that the actor may see, from the top down."""
    above = []
    here = area.parent
    while here is not None and actor.may_at("situation.read", here.path):
        above.append(here)
        here = here.parent
    return above[::-1]


__all__ = ["Picture", "area_name", "busiest_disease", "classes_of", "picture", "seen_above"]
