"""The search behind every field that asks for an area."""

from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from lianfang.kernel import clock
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.views import page

from .models import Area
from .resolving import gazetteer, resolve_area
from .selectors import chosen_area

LONGEST = 100


class AreaInput(forms.TextInput):
    """A text field for an area that offers codes and names while somebody writes. Without script it is a text field."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        offered = f"{(attrs or {}).get('id') or name}-offered"
        asking = {
            "list": offered,
            "autocomplete": "off",
            "hx-get": reverse("area-search"),
            "hx-trigger": "input changed delay:200ms",
            "hx-target": f"#{offered}",
        }
        return super().render(name, value, {**asking, **(attrs or {})}, renderer) + format_html(
            '<datalist id="{}"></datalist>', offered
        )


def area_field(text: str) -> Any:
    """The area that a person typed. Raises ValidationError naming the candidates, or what to write instead."""
    found = resolve_area(text, clock.today())
    if found.area is not None:
        return found.area
    if found.candidates:
        names = ", ".join(f"{candidate.code} {candidate.name}" for candidate in found.candidates[:6])
        raise forms.ValidationError(
            _("This can be several places: {names}. Write the city too, or the code.").format(names=names)
        )
    raise forms.ValidationError(_("No area of this name is known. Write city and county, or the six-digit code."))


def area_asked(text: str, day: date) -> Area | None:
    """The area that a filter names: a code, as links carry it, or what somebody typed or took from what was offered; None
    for nothing. Raises Refused when no area, or more than one, can be meant."""
    text = text.strip()
    if not text:
        return None
    if known := chosen_area(text, day):
        return known
    found = resolve_area(text[:LONGEST], day)
    if found.area is not None:
        return found.area
    if found.candidates:
        names = ", ".join(f"{candidate.code} {candidate.name}" for candidate in found.candidates[:6])
        raise Refused(refuse("place.area_ambiguous", "area", value=text, names=names))
    raise Refused(refuse("place.area_unknown", "area", value=text))


@page("area.read")
def area_search(request: HttpRequest) -> HttpResponse:
    """Areas that stand today and whose code or name begins with what was written: JSON, or options for htmx."""
    text = str(request.GET.get("q") or next(iter(request.GET.values()), ""))[:LONGEST]
    known = gazetteer()
    english = not (get_language() or "").startswith("zh")
    areas = []
    for place in known.offered(text, clock.today()):
        above = [(row.name_en or row.name) if english else row.name for row in known.above(place)]
        both = [place.name_en or place.name, place.name]
        name, other = both if english else both[::-1]
        within = ", ".join(reversed(above)) if english else "".join(above)
        areas.append({"code": place.code, "name": name, "other_name": other, "level": place.level, "within": within})
    if request.headers.get("HX-Request"):
        return render(request, "registry/area_options.html", {"areas": areas})
    return JsonResponse({"areas": areas})
