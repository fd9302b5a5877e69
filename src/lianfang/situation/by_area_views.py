"""The page of paces: how fast it passes in every area below, and its figures as CSV."""

import csv
from datetime import timedelta
from math import isinf
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.kernel.spreadsheets import defused
from lianfang.kernel.views import page
from lianfang.registry.selectors import area_name

from . import selectors
from .by_area import GROWTH_DAYS, UNITS, Pace, Paces, paces
from .selectors import FIRST_RT_CASES, QUIET_AFTER, RT_WINDOW
from .views import asked


def interval_words(found: tuple[float, float, float], digits: int = 2) -> str:
    """An estimate with its interval: 1.32 (1.10–1.57)."""
    mean, low, high = (f"{value:.{digits}f}" for value in found)
    return f"{mean} ({low}–{high})"


def rt_words(pace: Pace) -> str:
    """Rt with its interval, or why there is none."""
    if pace.rt is not None:
        return interval_words(pace.rt)
    return _(pace.no_rt).format(cases=FIRST_RT_CASES, days=QUIET_AFTER)


def growth_words(pace: Pace) -> str:
    """The rate of growth a day in percent, with its interval; a dash where there is none."""
    if pace.growth is None:
        return "–"
    mean, low, high = (f"{100 * value:+.1f}" for value in pace.growth)
    return f"{mean}% ({low}% … {high}%)"


def doubling_words(pace: Pace) -> str:
    """In how many days cases double or halve; that neither is clear where the interval holds both."""
    if pace.growth is None or pace.doubling is None:
        return "–"
    days, shortest, longest = pace.doubling
    if pace.growth[1] <= 0 <= pace.growth[2]:
        return _("neither clearly")
    if isinf(longest):
        return "–"
    words = _("doubles in {days} days ({low}–{high})") if days > 0 else _("halves in {days} days ({low}–{high})")
    low, high = sorted((abs(shortest), abs(longest)))
    return words.format(days=f"{abs(days):.1f}", low=f"{low:.1f}", high=f"{high:.1f}")


def tone(pace: Pace) -> str:
    """How a row is coloured: grows or shrinks for certain, or neither."""
    if pace.rt is None:
        return ""
    return "bad" if pace.rt[1] > 1 else "good" if pace.rt[2] < 1 else "note"


def method(found: Paces) -> str:
    """By what and from what the figures are estimated, in a sentence or two."""
    words = _(
        "From the confirmed cases by day of report, up to the end of {cut}. Growth: Poisson regression over {days} days, "
        "95% interval."
    ).format(cut=found.cut, days=GROWTH_DAYS)
    if found.interval is None:
        return words
    rt = _(
        "Rt: Cori 2013, the {window} days up to the cut, serial interval {mean} ± {sd} days ({source}), 95% interval."
    ).format(
        window=RT_WINDOW,
        mean=f"{found.interval.mean_days:g}",
        sd=f"{found.interval.sd_days:g}",
        source=found.interval.source,
    )
    return f"{words} {rt}"


def row_of(pace: Pace, link: str = "") -> dict[str, Any]:
    """A pace in the reader's words."""
    return {
        "pace": pace,
        "name": area_name(pace.area),
        "link": link,
        "rt": rt_words(pace),
        "growth": growth_words(pace),
        "doubling": doubling_words(pace),
        "tone": tone(pace),
    }


def _found(request: HttpRequest) -> Paces:
    area, disease, day, _by = asked(request)
    unit = request.GET.get("unit", "below")
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return paces(actor, area, disease, day=day, unit=unit if unit in UNITS else "below")


def _query(found: Paces, **changed: Any) -> str:
    kept = {"area": found.area.code, "disease": found.disease, "unit": found.unit}
    if found.evening:
        kept["as_of"] = found.day.isoformat()
    return urlencode({**kept, **changed})


@page("situation.read")
def by_area(request: HttpRequest) -> HttpResponse:
    """Rt, growth and the cases of a week of an area and of all areas in it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = _found(request)
    inside = [row_of(pace, _query(found, area=pace.area.code)) for pace in found.inside]
    return render(
        request,
        "situation/by_area.html",
        {
            "found": found,
            "as_of": found.day if found.evening else None,
            "today": clock.today(),
            "day_before": found.day - timedelta(days=1),
            "day_after": found.day + timedelta(days=1) if found.evening else None,
            "scope_name": area_name(found.area),
            "area_name": area_name(found.area),
            "above": selectors.seen_above(actor, found.area),
            "diseases": [(entry.code, definitions.label(entry)) for entry in definitions.diseases()],
            "disease_label": definitions.label(definitions.disease(found.disease)),
            "query": _query(found),
            "own": row_of(found.own),
            "rows": [row for row in inside if row["pace"].cases],
            "without": [row for row in inside if not row["pace"].cases],
            "method": method(found),
        },
    )


HEAD = (
    "code", "name", "cases", "cases_7_days", "cases_7_days_before", "last_case",
    "rt_mean", "rt_low_2.5", "rt_high_97.5", "growth_per_day", "growth_low_2.5", "growth_high_97.5",
    "doubling_days", "doubling_shortest", "doubling_longest", "disease", "known_on", "cut", "edition", "method",
)  # fmt: skip


def _cells(found: tuple[float, float, float] | None, digits: int) -> list[Any]:
    return ["", "", ""] if found is None else [round(value, digits) for value in found]


@page("situation.read")
def by_area_table(request: HttpRequest) -> HttpResponse:
    """The same as CSV; the area itself is the first row. Doubling days below 0 are days in which cases halve."""
    found = _found(request)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="pace-{found.area.code}-{found.disease}-{found.day}.csv"'
    response.write("\ufeff")  # spreadsheets read UTF-8 only with this mark
    out = csv.writer(response)
    out.writerow(HEAD)
    for pace in (found.own, *found.inside):
        figures = [*_cells(pace.rt, 3), *_cells(pace.growth, 5), *_cells(pace.doubling, 2)]
        row = [pace.area.code, area_name(pace.area), pace.cases, pace.week, pace.week_before, pace.last_case or ""]
        about = [found.disease, found.day, found.cut, found.edition, "Cori 2013; Poisson regression"]
        out.writerow([defused(cell) for cell in (*row, *figures, *about)])
    return response
