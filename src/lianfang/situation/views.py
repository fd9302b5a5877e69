from datetime import date, timedelta
from typing import Any

from django.db.models import Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import condition

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.spreadsheets import as_csv
from lianfang.kernel.views import page
from lianfang.registry.models import Area, AreaShape
from lianfang.registry.selectors import area_name, chosen_area, top_area

from . import alerts, alerts_words, kept_sources, presentation, reports, selectors, sources_words


def day_asked(text: str, about: str) -> date | None:
    """The evening that an address asks for; None for none, and for today, which is now. Raises Refused for a day to come."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused(refuse("situation.no_such_day", about, day=text)) from None
    return evening(day, about)


def evening(day: date, about: str) -> date | None:
    """The evening of a day; None for today, which is now. Raises Refused for a day to come."""
    if day > clock.today():
        raise Refused(refuse("situation.day_to_come", about, day=day.isoformat()))
    return day if day < clock.today() else None


def asked(request: HttpRequest, permission: str = "situation.read") -> tuple[Area, str, date | None, str]:
    """Area, disease, data cut (None: now) and kind of day that the address asks for. Raises Refused where it may not be."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    day = day_asked(request.GET.get("as_of", ""), "as_of")
    area, disease = asked_about(actor, request.GET.get("area", ""), request.GET.get("disease", ""), day, permission)
    by = request.GET.get("by", "onset")
    return area, disease, day, by if by in ("onset", "report") else "onset"


def asked_about(
    actor: Actor, code: str, disease: str, day: date | None, permission: str = "situation.read"
) -> tuple[Area, str]:
    """The area of a code and a disease; of none named, the actor's highest area and the disease with most cases there.

    Raises Refused where the area or the disease is not known, or the actor may not there.
    """
    area = chosen_area(code, day or clock.today()) if code else top_area(actor, permission)
    if area is None or not actor.may_at(permission, area.path):
        raise Refused(refuse("kernel.not_found", "area"))
    known = [entry.code for entry in definitions.diseases()]
    disease = disease or selectors.busiest_disease(area) or known[0]
    if disease not in known:
        raise Refused(refuse("case.unknown_disease", "disease", disease=disease))
    return area, disease


def _picture(request: HttpRequest) -> selectors.Picture:
    area, disease, day, by = asked(request)
    return selectors.picture(request.actor, area, disease, day=day, by=by)  # type: ignore[attr-defined]


@page("situation.read")
def situation(request: HttpRequest) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = _picture(request)
    most = max((cases for _days, cases in presentation.delay_rows(found.delays)), default=0)
    places = [
        (place, presentation.place_name(place), presentation.query(found, area=place.area.code) if place.area else "")
        for place in found.places
    ]
    return render(
        request,
        "situation/index.html",
        {
            "found": found,
            "as_of": found.day if found.evening else None,
            "today": clock.today(),
            "day_before": found.day - timedelta(days=1),
            "day_after": found.day + timedelta(days=1) if found.evening else None,
            "scope_name": area_name(found.area),
            "area_name": area_name(found.area),
            "above": selectors.seen_above(actor, found.area),
            "posts_over": selectors.areas_of(actor),
            "diseases": [(entry.code, definitions.label(entry)) for entry in definitions.diseases()],
            "disease_label": definitions.label(definitions.disease(found.disease)),
            "query": presentation.query(found),
            "may_list": actor.may_at("case.read", found.area.path),
            "may_trace": actor.may_at("link.read", found.area.path),
            "headline": [shown for shown in found.indicators if shown.indicator.headline],
            "curve": presentation.curve(found),
            "curve_notes": presentation.curve_notes(found),
            "map": presentation.area_map(found),
            "places": [place for place in places if any(place[0].figures)],
            "places_without": [place for place in places if not any(place[0].figures)],
            "rt": presentation.rt(found),
            "rt_note": presentation.rt_note(found),
            "sources_line": sources_words.line(
                *kept_sources.kept_sources(actor, found.area, found.disease, found.day if found.evening else None)
            ),
            **_signals(actor, found),
            "delay_words": presentation.delay_words(found.delays),
            "delay_rows": [(days, cases, most) for days, cases in presentation.delay_rows(found.delays)],
        },
    )


def _signals(actor: Actor, found: selectors.Picture) -> dict[str, Any]:
    """What stands out in the counties of the page's area on the last days that are over; nothing below a county."""
    if not alerts.large_enough(found.area) or not found.reports:
        return {}
    judged = alerts.judged(actor, found.area, found.disease, found.cut)
    return {
        "signals_judged": judged,
        "signals": alerts_words.rows_of(actor, judged),
        "signals_method": alerts_words.method(judged.years),
    }


@page("situation.read")
def shapes(request: HttpRequest, code: str) -> HttpResponse:
    """Outlines of the areas just below one, as they were on a day."""
    day = day_asked(request.GET.get("day", ""), "day") or clock.today()
    area = chosen_area(code, day)
    if area is None:
        raise Refused(refuse("kernel.not_found", "area"))
    return _shapes(request, selectors.areas_below(area, day))


def _shapes_tag(request: HttpRequest, below: list[Area]) -> str:
    latest = AreaShape.objects.aggregate(latest=Max("pk"))["latest"]
    return f'"{get_language()}-{latest}-{hash(tuple(area.pk for area in below))}"'


@condition(etag_func=_shapes_tag)
def _shapes(request: HttpRequest, below: list[Area]) -> HttpResponse:
    found = AreaShape.objects.filter(area__in=below).select_related("area")
    return JsonResponse(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"code": shape.area.code, "name": area_name(shape.area)},
                    "geometry": shape.geometry,
                }
                for shape in found
            ],
        }
    )


@page("situation.read")
def table(request: HttpRequest, what: str) -> HttpResponse:
    """The numbers behind one part of the page as CSV, each row with the area, disease, day and edition it belongs to."""
    found = _picture(request)
    rows = presentation.tables(found).get(what)
    if rows is None:
        raise Refused(refuse("kernel.not_found"))
    about = [found.area.code, found.disease, found.day, found.edition]
    head, *body = rows
    lines = [[*head, "area", "disease", "known_on", "edition"], *([*row, *about] for row in body)]
    response = HttpResponse(as_csv(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{what}-{found.area.code}-{found.disease}-{found.day}.csv"'
    return response


@page("situation.read")
def report(request: HttpRequest) -> HttpResponse:
    """The situation report as PDF, in the language of the reader."""
    found = _picture(request)
    response = HttpResponse(reports.situation_report(found), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="situation-{found.area.code}-{found.disease}-{found.day}.pdf"'
    return response
