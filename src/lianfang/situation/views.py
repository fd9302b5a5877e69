import csv
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import condition

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.views import page
from lianfang.registry.models import Area, AreaShape
from lianfang.registry.selectors import chosen_area, top_area

from . import reports, selectors


def asked(request: HttpRequest) -> tuple[Area, str, date | None, str]:
    """Area, disease, data cut (None: now) and kind of day that the address asks for. Raises Refused."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    day = None
    if text := request.GET.get("as_of", ""):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise Refused(refuse("situation.no_such_day", "as_of", day=text)) from None
        day = None if day >= clock.today() else day
    on = day or clock.today()
    code = request.GET.get("area", "")
    area = chosen_area(code, on) if code else top_area(actor, "situation.read")
    if area is None or not actor.may_at("situation.read", area.path):
        raise Refused(refuse("kernel.not_found", "area"))
    known = [disease.code for disease in definitions.diseases()]
    disease = request.GET.get("disease") or selectors.busiest_disease(area) or known[0]
    if disease not in known:
        raise Refused(refuse("case.unknown_disease", "disease", disease=disease))
    by = request.GET.get("by", "onset")
    return area, disease, day, by if by in ("onset", "report") else "onset"


@page("situation.read")
def situation(request: HttpRequest) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    area, disease, day, by = asked(request)
    found = selectors.picture(actor, area, disease, day=day, by=by)
    query = f"area={area.code}&disease={disease}&by={by}" + (f"&as_of={day}" if day else "")
    chart_as_of = found.day.isoformat()
    labels = definitions.class_labels(disease, found.day)
    return render(
        request,
        "situation/index.html",
        {
            "found": found,
            "as_of": day,
            "today": clock.today(),
            "scope_name": selectors.area_name(area),
            "area_name": selectors.area_name(area),
            "above": selectors.seen_above(actor, area),
            "diseases": [(entry.code, definitions.label(entry)) for entry in definitions.diseases()],
            "disease_label": definitions.label(definitions.disease(disease)),
            "query": query,
            "curve": {
                "days": found.days,
                "series": [
                    {"key": of_class, "label": labels.get(of_class, of_class), "values": values}
                    for of_class, values in found.series.items()
                ],
                "title": _("Cases by day of onset") if by == "onset" else _("Cases by day of report"),
                "unit": _("cases a day"),
                "asOf": chart_as_of,
            },
            "rt": found.rt
            and {
                **{name: found.rt[name] for name in ("days", "mean", "low", "high")},
                "title": _("Reproduction number Rt"),
                "method": _("Cori 2013, {window}-day windows, serial interval {mean} ± {sd} days").format(
                    window=found.rt["window"], mean=found.rt["interval"].mean_days, sd=found.rt["interval"].sd_days
                ),
                "asOf": chart_as_of,
            },
            "map": {
                "geojson": f"{reverse('situation-shapes', args=[area.code])}?day={found.day}",
                "values": {
                    child["area"].code: {
                        "value": child["confirmed"],
                        "label": selectors.area_name(child["area"]),
                    }
                    for child in found.children
                },
                "unit": _("confirmed, cumulative"),
                "link": f"?area={{code}}&disease={disease}&by={by}" + (f"&as_of={day}" if day else ""),
                "asOf": chart_as_of,
            },
        },
    )


@page("situation.read")
def shapes(request: HttpRequest, code: str) -> HttpResponse:
    """Outlines of the areas just below one, as they were on a day."""
    day = date.fromisoformat(request.GET["day"]) if request.GET.get("day") else clock.today()
    area = chosen_area(code, day)
    if area is None:
        raise Refused(refuse("kernel.not_found", "area"))
    return _shapes(request, area, day)


def _shapes_tag(request: HttpRequest, area: Area, day: date) -> str:
    return f'"{area.pk}-{day if area.level != "country" else ""}"'


@condition(etag_func=_shapes_tag)
def _shapes(request: HttpRequest, area: Area, day: date) -> HttpResponse:
    children = Area.objects.valid_on(day).filter(parent=area)
    found = AreaShape.objects.filter(area__in=children).select_related("area")
    return JsonResponse(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"code": shape.area.code, "name": selectors.area_name(shape.area)},
                    "geometry": shape.geometry,
                }
                for shape in found
            ],
        }
    )


@page("situation.read")
def table(request: HttpRequest, what: str) -> HttpResponse:
    """The numbers behind one picture as CSV: ``curve``, ``rt``, ``indicators`` or ``areas``."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    area, disease, day, by = asked(request)
    found = selectors.picture(actor, area, disease, day=day, by=by)
    rows: list[list[Any]]
    match what:
        case "curve":
            rows = [["day", *found.series]]
            rows += [[each, *values] for each, *values in zip(found.days, *found.series.values(), strict=True)]
        case "rt":
            rows = [["window_end", "rt_mean", "rt_low_2.5", "rt_high_97.5"]]
            if found.rt:
                rows += [list(row) for row in zip(*(found.rt[name] for name in ("days", "mean", "low", "high")), strict=True)]
        case "indicators":
            rows = [["indicator", "value", "day_before"]]
            rows += [[entry["code"], entry["value"], entry["before"]] for entry in found.indicators]
        case "areas":
            rows = [["code", "name", "confirmed", "confirmed_7_days", "suspected", "deaths"]]
            rows += [
                [child["area"].code, child["area"].name, *(child[name] for name in ("confirmed", "week", "suspected", "deaths"))]
                for child in found.children
            ]
        case _:
            raise Refused(refuse("kernel.not_found"))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{what}-{area.code}-{disease}-{found.day}.csv"'
    response.write("\ufeff")  # spreadsheets read UTF-8 only with this mark
    csv.writer(response).writerows([*rows, [], ["area", area.code], ["disease", disease], ["data cut", found.day], ["edition", found.edition]])
    return response


@page("situation.read")
def report(request: HttpRequest) -> HttpResponse:
    """The situation report as PDF, in the language of the reader."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    area, disease, day, by = asked(request)
    found = selectors.picture(actor, area, disease, day=day, by=by)
    response = HttpResponse(reports.situation_report(found), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="situation-{area.code}-{disease}-{found.day}.pdf"'
    return response
