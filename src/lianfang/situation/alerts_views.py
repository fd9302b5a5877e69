"""The page of signals: which counties stand out, by which method, and the orders that ask for a check; and its CSV."""

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

from . import alerts, alerts_words, selectors
from .risk import WIDEST
from .views import asked


def _found(request: HttpRequest) -> tuple[alerts.Judged, Any]:
    area, disease, day, _by = asked(request)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    unit = "township" if request.GET.get("unit") == "township" else "county"
    return alerts.judged(actor, area, disease, day or clock.today() - timedelta(days=1), unit=unit), day


@page("situation.read")
def signals(request: HttpRequest) -> HttpResponse:
    """The counties of an area that stand out at a data cut."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found, as_of = _found(request)
    kept = {"area": found.area.code, "disease": found.disease, "unit": found.unit} | (
        {"as_of": str(as_of)} if as_of else {}
    )
    return render(
        request,
        "situation/signals.html",
        {
            "found": found,
            "as_of": as_of,
            "today": clock.today(),
            "day_before": found.cut - timedelta(days=1),
            "day_after": found.cut + timedelta(days=1) if as_of else None,
            "scope_name": area_name(found.area),
            "area_name": area_name(found.area),
            "above": selectors.seen_above(actor, found.area),
            "diseases": [(entry.code, definitions.label(entry)) for entry in definitions.diseases()],
            "disease_label": definitions.label(definitions.disease(found.disease)),
            "query": urlencode(kept),
            "rows": alerts_words.rows_of(actor, found),
            "method": alerts_words.method(found.years),
            "looked_back": alerts.LOOKED_BACK,
            "townships": found.area.path.count("/") >= WIDEST,
        },
    )


@page("situation.read")
def signals_table(request: HttpRequest) -> HttpResponse:
    """The same as CSV."""
    found, _as_of = _found(request)
    rows: list[list[Any]] = [
        [
            "code",
            "name",
            "day",
            "observed",
            "threshold",
            "cases_7_days",
            "method",
            "also",
            "disease",
            "known_on",
            "edition",
        ]
    ]
    for signal in found.found:
        row = [signal.area.code, area_name(signal.area), signal.day, signal.observed, signal.threshold, signal.week]
        about = [alerts_words.method_name(found.years), " ".join(signal.also), found.disease, found.cut, found.edition]
        rows.append([*row, *about])
    response = HttpResponse(as_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = (
        f'attachment; filename="signals-{found.area.code}-{found.disease}-{found.cut}.csv"'
    )
    return response
