"""The forms of work orders: a request, a round, a proof, and to whom an order goes."""

from contextlib import suppress
from datetime import date
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, ids
from lianfang.kernel.access import Actor, under
from lianfang.kernel.refusals import Refusal, Refused
from lianfang.kernel.views import day_field
from lianfang.registry.area_views import AreaInput, area_field
from lianfang.registry.models import Area, Organisation, Site
from lianfang.registry.place_fields import PlaceField
from lianfang.registry.selectors import area_name

from . import photos, rules, selectors
from .models import WorkOrder
from .rules import Kind, kinds
from .services import Proof, Request


def _moment(**options: Any) -> forms.DateTimeField:
    return forms.DateTimeField(
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        **options,
    )


def take(form: forms.Form, no: Refused) -> None:
    """Set refusals against the fields they concern."""
    for refusal in no.refusals:
        form.add_error(refusal.about if refusal.about in form.fields else None, str(refusal))


def by_hand(actor: Actor) -> list[Kind]:
    """The kinds that the actor may raise by hand."""
    return [
        kind for kind in kinds().values() if kind.by_hand and actor.may("order.raise") and actor.may(kind.raised_by)
    ]


def _organisations(paths: list[str]) -> Any:
    """Organisations in some areas."""
    within = Organisation.objects.none()
    for path in paths:
        within = within | Organisation.objects.filter(under("path", path))
    return within.order_by("path", "name")


class _Areas(forms.Form):
    """A form that asks for an area in words."""

    def clean_area(self) -> Area | None:
        text: str = self.cleaned_data["area"]
        return area_field(text) if text else None


class RequestForm(_Areas):
    """An order that somebody asks for. Where it is done is a site of the list, or an area with a place in words."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=gettext_lazy("What is to be done"))
    site = PlaceField(
        "site", label=gettext_lazy("Site"), required=False, help_text=gettext_lazy("Empty: not on the list")
    )
    area = forms.CharField(
        label=gettext_lazy("Area, if the site is not on the list"), max_length=200, required=False, widget=AreaInput
    )
    place = forms.CharField(label=gettext_lazy("Place in words"), max_length=200, required=False)
    applicant = forms.CharField(
        label=gettext_lazy("Asked for by"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Who asked, and how to reach them"),
    )
    note = forms.CharField(
        label=gettext_lazy("What and why"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}), required=False
    )
    organisation = PlaceField(
        "organisation",
        label=gettext_lazy("Who is to do it"),
        required=False,
        help_text=gettext_lazy("Empty: the desk of the area"),
    )
    due_at = _moment(
        label=gettext_lazy("Deadline"), help_text=gettext_lazy("Left empty, the limit of the kind counts from now.")
    )

    def __init__(self, *args: Any, actor: Actor, **options: Any):
        super().__init__(*args, **options)
        self.fields["kind"].choices = [(kind.code, definitions.label(kind)) for kind in by_hand(actor)]  # type: ignore[attr-defined]
        sites = Site.objects.visible_to(actor, "order.raise").in_use(clock.today()).order_by("path", "name")
        self.fields["site"].rows = sites  # type: ignore[attr-defined]
        self.fields["organisation"].rows = _organisations(list(actor.paths("order.raise"))) | (  # type: ignore[attr-defined]
            Organisation.objects.filter(pk__in=actor.organisations("order.raise"))
        )

    def request(self) -> Request:
        given = self.cleaned_data
        return Request(**{name: given[name] for name in self.fields})


FEW_SITES = 40  # so many stand in one list; of more, some are sought and ticked, then others


class SitesField(forms.ModelMultipleChoiceField):
    """Sites to tick, each with its area: a city has many markets of one name."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Site) -> str:
        return f"{obj.name} · {area_name(obj.area)}"


class RoundForm(_Areas):
    """A round: what, where, when.

    Where there are many sites, those stand there that are ticked, and the first of those sought by ``sought``.
    """

    kind = forms.ChoiceField(label=gettext_lazy("What is done"))
    name = forms.CharField(label=gettext_lazy("Name of the round"), max_length=80)
    area = forms.CharField(label=gettext_lazy("Area that plans it"), max_length=200, widget=AreaInput)
    times = forms.CharField(
        label=gettext_lazy("Hours of each day"),
        max_length=200,
        initial="08:00 14:00 20:00",
        help_text=gettext_lazy("For example 08:00 14:00 20:00"),
    )
    starts_on = day_field(required=True, label=gettext_lazy("First day"))
    ends_on = day_field(
        label=gettext_lazy("Last day"),
        help_text=gettext_lazy("Left empty, the round goes on until it is stopped."),
    )
    organisation = PlaceField(
        "organisation",
        label=gettext_lazy("Who is to do it"),
        required=False,
        help_text=gettext_lazy("Empty: whoever runs the site"),
    )
    sought = forms.CharField(
        label=gettext_lazy("Find sites"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("Part of the name, the name of the area, or how its code begins. What is ticked stays."),
    )
    sites = SitesField(Site.objects.none(), label=gettext_lazy("Sites"), required=False)

    def __init__(self, *args: Any, actor: Actor, **options: Any):
        super().__init__(*args, **options)
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (kind.code, definitions.label(kind)) for kind in by_hand(actor) if kind.subject == "site"
        ]
        sites = Site.objects.visible_to(actor, "order.raise").in_use(clock.today()).order_by("path", "name")
        sites = sites.select_related("area")
        self.fields["sites"].queryset = sites  # type: ignore[attr-defined]
        self.left = 0  # how many more were found than stand there
        if sites.order_by()[: FEW_SITES + 1].count() > FEW_SITES:
            self._offer(sites)
        else:
            del self.fields["sought"]
        self.fields["organisation"].rows = _organisations(list(actor.paths("order.raise"))) | (  # type: ignore[attr-defined]
            Organisation.objects.filter(pk__in=actor.organisations("order.raise"))
        )

    def _offer(self, sites: QuerySet[Site]) -> None:
        """Let those be ticked that were ticked before, and the first of those sought."""
        field, text = self.fields["sites"], (self["sought"].value() or "").strip()
        ticked: QuerySet[Site] = Site.objects.none()
        with suppress(forms.ValidationError):
            ticked = field.clean(list(self["sites"].value() or ()))
        found = sites.exclude(pk__in=ticked.values("pk"))
        if text:
            of_name = Q(name__icontains=text) | Q(name_en__icontains=text)
            of_area = Q(area__name__icontains=text) | Q(area__name_en__icontains=text) | Q(area__code__startswith=text)
            found = found.filter(of_name | of_area)
        shown = [*ticked, *found[:FEW_SITES]]
        self.left = max(0, found.count() - FEW_SITES)
        field.widget.choices = [(site.pk, field.label_from_instance(site)) for site in shown]  # type: ignore[attr-defined]

    def clean_times(self) -> list[Any]:
        found = rules.hours_of(self.cleaned_data["times"])
        if isinstance(found, Refusal):
            raise forms.ValidationError(str(found))
        return found


class ProofForm(forms.Form):
    """What the kind asks for first, then what may be given besides."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    corrects = forms.UUIDField(widget=forms.HiddenInput, required=False)
    reading = forms.DecimalField(max_digits=12, decimal_places=2, required=False)
    passed = forms.TypedChoiceField(
        label=gettext_lazy("Result of the test"),
        choices=[("", "—"), ("yes", gettext_lazy("passed")), ("no", gettext_lazy("not passed"))],
        coerce=lambda given: given == "yes",
        empty_value=None,
        required=False,
    )
    photo = forms.FileField(
        label=gettext_lazy("Photo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        help_text=gettext_lazy("Where it was taken is removed from the file unless you give the place."),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), required=False
    )
    place = forms.CharField(label=gettext_lazy("Place"), max_length=200, required=False)
    longitude = forms.FloatField(label=gettext_lazy("Longitude"), required=False)
    latitude = forms.FloatField(label=gettext_lazy("Latitude"), required=False)

    def __init__(self, *args: Any, kind: Kind, **options: Any):
        super().__init__(*args, **{"initial": {"id": ids.new_id()}, **options})
        self.wanted = set(kind.form)
        if kind.reading:
            self.fields["reading"].label = _("{what}, in {unit}").format(
                what=definitions.label(kind.reading), unit=kind.reading.unit[definitions.language()]
            )
        else:
            del self.fields["reading"]
        if "passed" not in kind.form:
            del self.fields["passed"]
        order = ["id", "corrects", *kind.form, "note", "photo", "place", "longitude", "latitude"]
        self.order_fields(list(dict.fromkeys(order)))
        for name in kind.form:
            if name in self.fields:
                needed = _("needed before it is done")
                self.fields[name].help_text = " · ".join(filter(None, (needed, str(self.fields[name].help_text))))

    def proof(self) -> Proof:
        given = {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}
        photo = given.pop("photo", None)
        return Proof(**given, photo=photo.read(photos.MOST_BYTES + 1) if photo else b"")


class PromiseForm(forms.Form):
    """When whoever accepts an order says it will be done."""

    promised_at = _moment(label=gettext_lazy("Promised for"))


class AssignForm(forms.Form):
    """To whom an order goes: a person whose posts allow it, or an organisation of the area."""

    assignee = forms.ChoiceField(label=pgettext_lazy("who does the work", "Person"), required=False)
    organisation = PlaceField("organisation", label=gettext_lazy("or organisation"), required=False)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=1000, required=False)

    def __init__(self, *args: Any, order: WorkOrder, **options: Any):
        super().__init__(*args, **{"auto_id": "assign-%s", **options})
        people = [(str(user.pk), user.display_name) for user in selectors.could_do(order)]
        self.fields["assignee"].choices = [("", "—"), *people]  # type: ignore[attr-defined]
        self.fields["organisation"].rows = _organisations([_county(order.path)])  # type: ignore[attr-defined]


def _county(path: str) -> str:
    """The county in which a path lies; the path itself where it is wider."""
    return "/".join(path.split("/")[:4]).rstrip("/") + "/"


class HandOverForm(_Areas):
    """To which desk an order is offered: another area, an organisation of it, or an organisation here."""

    area = forms.CharField(label=gettext_lazy("Area"), max_length=200, required=False, widget=AreaInput)
    organisation = forms.CharField(
        label=gettext_lazy("Organisation"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Its name, whole. Left empty, the desk of the area takes it."),
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=1000, required=False)

    def __init__(self, *args: Any, order: WorkOrder, **options: Any):
        super().__init__(*args, **{"auto_id": "hand-over-%s", **options})
        self.order = order

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if name := given.get("organisation", "").strip():
            path = given["area"].path if given.get("area") else _county(self.order.path)
            found = list(Organisation.objects.filter(under("path", path), name=name)[:2])
            if len(found) == 1:
                given["organisation"] = found[0]
            else:
                self.add_error(
                    "organisation",
                    _("No organisation there has exactly this name. Write its name, whole, and its area."),
                )
        else:
            given["organisation"] = None
        return given


def day_of(text: str) -> date | None:
    """The day that an address names; None for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
