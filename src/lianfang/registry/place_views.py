"""The pages of organisations and sites: the lists, one entry, and a list brought from a spreadsheet."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.views import day_field, page

from . import places
from .area_views import AreaInput, area_field
from .models import Organisation, Site
from .place_fields import PlaceField

TITLES = {"organisation": gettext_lazy("Organisations"), "site": gettext_lazy("Sites")}


class PlaceForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("of a place", "Name"), max_length=120)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=160, required=False)
    area = forms.CharField(label=gettext_lazy("Stands in"), max_length=80, widget=AreaInput())
    phone = forms.CharField(
        label=gettext_lazy("Telephone"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Of the desk that somebody answers at any hour, not of a person."),
    )

    def __init__(self, *args: Any, actor: Actor, **options: Any):
        super().__init__(*args, **options)

    def clean_area(self) -> Any:
        return area_field(self.cleaned_data["area"])


class OrganisationForm(PlaceForm):
    field_order = ("name", "name_en", "kind")
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Organisation.Kind.choices)
    designated_for = forms.MultipleChoiceField(
        label=gettext_lazy("Designated to receive patients of"),
        choices=places.diseases,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Hospitals and clinics only. Who falls ill under observation nearby is sent here."),
    )
    designated_from = day_field(label=gettext_lazy("Designated from"))
    designated_until = day_field(
        label=gettext_lazy("Designated until"),
        help_text=gettext_lazy("The first day on which it no longer is."),
    )


class SiteForm(PlaceForm):
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Site.Kind.choices)
    organisation = PlaceField("organisation", label=gettext_lazy("Run by"), required=False)
    address = forms.CharField(label=gettext_lazy("Address"), max_length=200, required=False)
    field_order = ("name", "name_en", "kind", "area", "organisation", "address", "phone")
    longitude = forms.FloatField(label=gettext_lazy("Longitude"), required=False, min_value=-180, max_value=180)
    latitude = forms.FloatField(
        label=gettext_lazy("Latitude"),
        required=False,
        min_value=-90,
        max_value=90,
        help_text=gettext_lazy("Degrees of WGS 84, as maps from abroad and satellites give them."),
    )
    opened_on = day_field(label=gettext_lazy("Opened on"))
    closed_on = day_field(
        label=gettext_lazy("Closed on"),
        help_text=gettext_lazy("The first day on which it is no longer used."),
    )

    def __init__(self, *args: Any, actor: Actor, **options: Any):
        super().__init__(*args, actor=actor, **options)
        self.fields["organisation"].rows = places.organisations(actor)  # type: ignore[attr-defined]


FORMS = {"organisation": OrganisationForm, "site": SiteForm}
WRITE: dict[str, Any] = {"organisation": places.write_organisation, "site": places.write_site}


def _known(what: str) -> str:
    if what not in places.OF:
        raise Http404
    return what


@page("area.read")
def place_list(request: HttpRequest, what: str) -> HttpResponse:
    """Organisations or sites in the actor's areas."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    text, kind = request.GET.get("q", "").strip(), request.GET.get("kind", "")
    closed = request.GET.get("closed") == "1"
    if _known(what) == "site":
        rows: Any = places.sites(actor, text, kind, closed=closed)
    else:
        rows = places.organisations(actor, text, kind)
    shown, words = Paginator(rows, 50).get_page(request.GET.get("page")), dict(places.diseases())
    for row in shown:
        row.designated_words = ", ".join(words.get(code, code) for code in getattr(row, "designated_for", ()))
    context = {
        "what": what,
        "title": TITLES[what],
        "tabs": TITLES.items(),
        "page": shown,
        "kinds": places.OF[what].Kind.choices,
        "text": text,
        "kind": kind,
        "closed": closed,
        "may_write": actor.may("site.manage"),
    }
    return render(request, "registry/place_list.html", context)


OFFERED = 20  # names offered at once


@page("area.read")
def place_search(request: HttpRequest, what: str) -> HttpResponse:
    """Organisations or sites whose name holds what was written, as options of a field."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    asked = request.GET.copy()
    kind = "".join(asked.pop("kind", [])[:1])
    text = str(next(iter(asked.values()), ""))[:120].strip()
    rows = (places.sites if _known(what) == "site" else places.organisations)(actor, text, kind)
    return render(request, "registry/place_options.html", {"rows": rows[:OFFERED]})


@page("site.manage")
def place_new(request: HttpRequest, what: str) -> HttpResponse:
    """Enter one."""
    return _form(request, _known(what), None)


@page("site.manage")
def place(request: HttpRequest, what: str, place_id: UUID) -> HttpResponse:
    """Correct one."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    model: Any = places.OF[_known(what)]
    row = model.objects.visible_to(actor, "site.manage").select_related("area").filter(pk=place_id).first()
    if row is None:
        raise Refused(refuse("kernel.not_found"))
    return _form(request, what, row)


def _form(request: HttpRequest, what: str, row: Organisation | Site | None) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    filled: dict[str, Any] = {}
    if row is not None:
        filled = {name: getattr(row, name) for name in places.COLUMNS[type(row)]} | {"area": row.area.code}
    form = FORMS[what](request.POST or None, initial=filled, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            WRITE[what](form.cleaned_data, actor, row.pk if row else None)
        except Refused as no:
            for refusal in no.refusals:
                form.add_error(refusal.about if refusal.about in form.fields else None, str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("place-list", what)
    context = {"form": form, "row": row, "what": what, "title": TITLES[what]}
    return render(request, "registry/place.html", context, status=422 if form.errors else 200)


@page("site.manage")
def place_enter_list(request: HttpRequest, what: str) -> HttpResponse:
    """Enter many from a spreadsheet; what is refused comes back to be corrected."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    text, entered, problem = request.POST.get("list", ""), None, ""
    if request.method == "POST":
        try:
            entered = places.enter_list(_known(what), text, actor)
        except Refused as no:
            problem = str(no)
        else:
            text = places.refused_table(what, entered) if entered.refused else ""
    context = {
        "what": _known(what),
        "title": TITLES[what],
        "text": text,
        "entered": entered,
        "problem": problem,
        "headers": places.headers_in_words(what),
    }
    refused = problem or (entered and entered.refused)
    return render(request, "registry/place_enter_list.html", context, status=422 if refused else 200)
