"""The page of paces: how fast it passes in every area below, and its figures as CSV."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.kernel.spreadsheets import as_csv
from lianfang.kernel.views import page
from lianfang.registry.selectors import area_name

from . import selectors
from .by_area import UNITS, Paces, paces
from .by_area_words import method, row_of
from .outlook import Week
from .views import asked


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
    inside = [row_of(pace, found.weeks[pace.area.code], _query(found, area=pace.area.code)) for pace in found.inside]
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
            "own": row_of(found.own, found.weeks[found.area.code]),
            "rows": [row for row in inside if row["pace"].cases],
            "without": [row for row in inside if not row["pace"].cases],
            "method": method(found),
        },
    )


HEAD = (
    "code", "name", "cases", "cases_7_days", "cases_7_days_before", "last_case",
    "rt_mean", "rt_low_2.5", "rt_high_97.5", "growth_per_day", "growth_low_2.5", "growth_high_97.5",
    "doubling_days", "doubling_shortest", "doubling_longest",
    "onset_7_days_known", "onset_7_days_expected", "onset_7_days_low_5", "onset_7_days_high_95", "disease", "known_on", "cut", "edition", "method",
)  # fmt: skip


def _cells(found: tuple[float, float, float] | None, digits: int) -> list[Any]:
    return ["", "", ""] if found is None else [round(value, digits) for value in found]


@page("situation.read")
def by_area_table(request: HttpRequest) -> HttpResponse:
    """The same as CSV; the area itself is the first row. Doubling days below 0 are days in which cases halve."""
    found = _found(request)
    rows: list[Any] = [HEAD]
    for pace in (found.own, *found.inside):
        week = found.weeks[pace.area.code]
        ill = [week.known, week.mean, week.low, week.high] if isinstance(week, Week) else ["", "", "", ""]
        figures = [*_cells(pace.rt, 3), *_cells(pace.growth, 5), *_cells(pace.doubling, 2), *ill]
        row = [pace.area.code, area_name(pace.area), pace.cases, pace.week, pace.week_before, pace.last_case or ""]
        about = [found.disease, found.day, found.cut, found.edition, "Cori 2013; Poisson regression; nowcast"]
        rows.append([*row, *figures, *about])
    response = HttpResponse(as_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="pace-{found.area.code}-{found.disease}-{found.day}.csv"'
    return response
