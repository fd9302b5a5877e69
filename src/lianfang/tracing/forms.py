"""The forms of tracing on screen, and how an answer becomes what the services take."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from lianfang.definitions import selectors as definitions
from lianfang.definitions.editions import Edition
from lianfang.kernel import clock, ids
from lianfang.kernel.access import Actor, under
from lianfang.kernel.refusals import Refused
from lianfang.kernel.views import day_field
from lianfang.registry.area_views import AreaInput, area_field
from lianfang.registry.models import Area, Site
from lianfang.registry.services import PersonDetails

from .entering import ForAll
from .models import ContactCall, Exposure, Visit
from .services import CallTold, ExposureTold, NewContact, VisitTold


def take(form: forms.Form, no: Refused) -> None:
    """Show a service's refusals at the fields they concern."""
    for refusal in no.refusals:
        form.add_error(refusal.about if refusal.about in form.fields else None, str(refusal))


def hour_field(**options: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(widget=widget, **options)


def long_text(**options: Any) -> forms.CharField:
    options.setdefault("required", False)
    return forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}), **options)


def terms(vocabulary: str, *, empty: bool = True) -> list[tuple[str, str]]:
    return [*([("", "—")] if empty else []), *definitions.terms(vocabulary).items()]


def sites_near(actor: Actor, path: str) -> QuerySet[Site]:
    """The sites that a list offers: those of the county around a path that the actor may see, in use or used once."""
    county = "/".join(path.split("/")[:4]) + "/"
    return Site.objects.visible_to(actor).filter(under("path", county)).select_related("area").order_by("name", "id")


class ExposureForm(forms.Form):
    """One exposure. Whatever is not known stays empty; the category follows from the edition unless it is chosen."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=_("How they were in contact"))
    relation = forms.ChoiceField(label=_("What the person is to the case"), required=False)
    first_on = day_field(label=_("First contact"))
    last_on = day_field(label=_("Last contact"), help_text=_("Leave empty while it goes on."))
    protected = forms.BooleanField(label=_("With effective protection throughout"), required=False)
    distance = forms.FloatField(label=_("Closest distance"), required=False, min_value=0, max_value=1000)
    site = forms.ModelChoiceField(
        label=_("Place from the list"), queryset=Site.objects.none(), required=False, empty_label="—"
    )
    place = forms.CharField(label=_("Place in words"), max_length=200, required=False)
    category = forms.ChoiceField(
        label=_("Category"), required=False, help_text=_("Leave it to the edition, or judge it yourself.")
    )
    note = long_text(label=_("Remark"))

    def __init__(self, *args: Any, actor: Actor, path: str, edition: Edition, **options: Any):
        super().__init__(*args, **{"auto_id": "exposure-%s", **options})
        choices = {
            "kind": terms("contact_kinds", empty=False),
            "relation": terms("relations"),
            "category": [
                ("", str(_("by edition {edition}")).format(edition=edition.code)),
                *((code, definitions.label(entry)) for code, entry in edition.contact_categories.items()),
            ],
        }
        for name, entries in choices.items():
            self.fields[name].choices = entries  # type: ignore[attr-defined]
        self.fields["site"].queryset = sites_near(actor, path)  # type: ignore[attr-defined]
        if not self.is_bound:
            self.initial.setdefault("id", ids.new_id())

    def told(self, case_id: UUID) -> ExposureTold:
        """The answers as an exposure to a case."""
        given = self.cleaned_data
        names = ("kind", "relation", "first_on", "last_on", "protected", "distance", "place", "category", "note", "id")
        site: Site | None = given["site"]
        return ExposureTold(case_id, site_id=site.pk if site else None, **{name: given[name] for name in names})


def exposure_initial(exposure: Exposure) -> dict[str, Any]:
    """An exposure as the form shows it, to be corrected."""
    names = ("kind", "relation", "first_on", "last_on", "protected", "distance", "place", "note")
    told = {name: getattr(exposure, name) for name in names}
    return {**told, "site": exposure.site_id, "category": exposure.category if exposure.judged else ""}


class ContactForm(ExposureForm):
    """A contact of a case: who, where they stay, and the exposure."""

    contact_id = forms.UUIDField(widget=forms.HiddenInput)
    same_person_as = forms.UUIDField(required=False, widget=forms.HiddenInput)
    checked = forms.BooleanField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(label=_("Name"), max_length=80, required=False)
    sex = forms.ChoiceField(
        label=_("Sex"), choices=[("M", _("male")), ("F", _("female")), ("U", _("unknown"))], widget=forms.RadioSelect,
        initial="U",
    )  # fmt: skip
    id_number = forms.CharField(label=_("ID number"), max_length=40, required=False)
    birth_date = day_field(label=_("Date of birth"))
    age = forms.IntegerField(
        label=_("Age, if the date of birth is unknown"), required=False, min_value=0, max_value=130
    )
    phone = forms.CharField(label=_("Telephone"), max_length=40, required=False)
    area = forms.CharField(
        label=_("Where the contact stays"),
        max_length=200,
        help_text=_("Somebody who stays in another county is offered to that county at once."),
        widget=AreaInput,
    )
    address = forms.CharField(label=_("Address"), max_length=200, required=False)

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        if not self.is_bound:
            self.initial.setdefault("contact_id", ids.new_id())

    def clean_area(self) -> Area:
        return area_field(self.cleaned_data["area"])

    def person(self) -> PersonDetails:
        """Who it is, as told."""
        given = self.cleaned_data
        names = ("name", "sex", "id_number", "birth_date", "phone", "address")
        age: int | None = given["age"]
        year = clock.today().year - age if age is not None and not given["birth_date"] else None
        return PersonDetails(area=given["area"], birth_year=year, **{name: given[name] for name in names})

    def contact(self, case_id: UUID) -> NewContact:
        """The answers as a contact of a case."""
        given = self.cleaned_data
        return NewContact(
            self.person(),
            self.told(case_id),
            given["area"],
            same_person_as=given["same_person_as"],
            a_new_person=given["checked"] and not given["same_person_as"],
            id=given["contact_id"],
        )


class CallForm(forms.Form):
    """What came of a call."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    corrects = forms.UUIDField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Why the earlier entry was wrong"), required=False, max_length=200, help_text=_("It stays on record.")
    )
    outcome = forms.ChoiceField(label=_("How it ended"), widget=forms.RadioSelect)
    called_at = hour_field(label=_("When"), required=False, help_text=_("Empty: now."))
    temperature = forms.DecimalField(
        label=_("Temperature"), required=False, min_value=Decimal(30), max_value=Decimal(45), decimal_places=1
    )
    symptoms = forms.MultipleChoiceField(label=_("Symptoms told"), required=False, widget=forms.CheckboxSelectMultiple)
    call_again_on = day_field(label=_("Call again on"))
    note = long_text(label=_("Remark"))

    def __init__(self, *args: Any, edition: Edition, **options: Any):
        super().__init__(*args, **{"auto_id": "call-%s", **options})
        self.fields["outcome"].choices = terms("call_outcomes", empty=False)  # type: ignore[attr-defined]
        words = definitions.terms("symptoms")
        listed = edition.listed_symptoms or ("fever", "cough")
        self.fields["symptoms"].choices = [(code, words[code]) for code in listed]  # type: ignore[attr-defined]
        if not self.is_bound:
            self.initial.setdefault("id", ids.new_id())

    def told(self) -> CallTold:
        return CallTold(**{name: value for name, value in self.cleaned_data.items() if name != "corrects"})


def call_initial(call: ContactCall) -> dict[str, Any]:
    """A call as the form shows it, to be corrected. A day to call again that has passed is asked anew."""
    names = ("outcome", "called_at", "temperature", "symptoms", "note")
    again = call.call_again_on if call.call_again_on and call.call_again_on >= clock.today() else None
    return {**{name: getattr(call, name) for name in names}, "call_again_on": again, "corrects": call.pk}


class VisitForm(forms.Form):
    """Where a case was."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    corrects = forms.UUIDField(required=False, widget=forms.HiddenInput)
    site = forms.ModelChoiceField(
        label=_("Place from the list"), queryset=Site.objects.none(), required=False, empty_label="—"
    )
    place = forms.CharField(label=_("Place in words"), max_length=200, required=False)
    from_at = hour_field(label=_("From"))
    until_at = hour_field(label=_("Until"))
    vehicle = forms.ChoiceField(label=_("Vehicle"), required=False)
    compartment = forms.CharField(label=_("Carriage, cabin or room"), max_length=20, required=False)
    row = forms.IntegerField(label=_("Row of the seat"), required=False, min_value=1, max_value=200)
    protected = forms.BooleanField(label=_("With effective protection throughout"), required=False)
    note = long_text(label=_("Remark"))

    def __init__(self, *args: Any, actor: Actor, path: str, **options: Any):
        super().__init__(*args, **options)
        self.fields["site"].queryset = sites_near(actor, path)  # type: ignore[attr-defined]
        self.fields["vehicle"].choices = terms("vehicles")  # type: ignore[attr-defined]
        if not self.is_bound:
            self.initial.setdefault("id", ids.new_id())

    def told(self) -> VisitTold:
        given = {name: value for name, value in self.cleaned_data.items() if name not in ("site", "corrects")}
        site: Site | None = self.cleaned_data["site"]
        return VisitTold(site_id=site.pk if site else None, **given)


def visit_initial(visit: Visit) -> dict[str, Any]:
    """A visit as the form shows it, to be corrected."""
    names = ("place", "from_at", "until_at", "vehicle", "compartment", "row", "protected", "note")
    told = {name: getattr(visit, name) for name in names}
    return {**told, "site": visit.site_id, "corrects": visit.pk}


class PasteForm(forms.Form):
    """A list of people, and what holds for every line that does not say otherwise."""

    text = forms.CharField(label=_("The list"), widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}))
    kind = forms.ChoiceField(label=_("How they were in contact"))
    relation = forms.ChoiceField(label=_("What the person is to the case"), required=False)
    first_on = day_field(label=_("First contact"))
    last_on = day_field(label=_("Last contact"))
    site = forms.ModelChoiceField(
        label=_("Place from the list"), queryset=Site.objects.none(), required=False, empty_label="—"
    )
    place = forms.CharField(label=_("Place in words"), max_length=200, required=False)

    def __init__(self, *args: Any, actor: Actor, path: str, **options: Any):
        super().__init__(*args, **options)
        self.fields["kind"].choices = terms("contact_kinds", empty=False)  # type: ignore[attr-defined]
        self.fields["relation"].choices = terms("relations")  # type: ignore[attr-defined]
        self.fields["site"].queryset = sites_near(actor, path)  # type: ignore[attr-defined]
        if not self.is_bound:
            self.initial.setdefault("kind", "same_place")

    def for_all(self) -> ForAll:
        """What holds for every line that does not say otherwise."""
        given = self.cleaned_data
        site: Site | None = given["site"]
        names = ("kind", "relation", "first_on", "last_on", "place")
        return ForAll(site_id=site.pk if site else None, **{name: given[name] for name in names})


class PresenceForm(forms.Form):
    """A list of who was at a place."""

    site = forms.ModelChoiceField(label=_("Place"), queryset=Site.objects.none(), empty_label="—")
    kind = forms.ChoiceField(
        label=_("What it is"),
        choices=[("check_ins", _("check-ins")), ("roster", _("roster")), ("seats", _("seat list"))],
    )
    title = forms.CharField(
        label=_("Title"), max_length=120, help_text=_("For example the flight, the shift or the class.")
    )
    vehicle = forms.ChoiceField(label=_("Vehicle"), required=False)
    from_at = hour_field(label=_("From"))
    until_at = hour_field(label=_("Until"))
    lines = forms.CharField(label=_("The list"), widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}))

    def __init__(self, *args: Any, actor: Actor, path: str, **options: Any):
        super().__init__(*args, **options)
        self.fields["site"].queryset = sites_near(actor, path)  # type: ignore[attr-defined]
        self.fields["vehicle"].choices = terms("vehicles")  # type: ignore[attr-defined]


class HandOverForm(forms.Form):
    """Another area is asked to take a contact over."""

    area = forms.CharField(label=_("To which county"), max_length=200, widget=AreaInput)
    reason = long_text(label=_("Why"), required=True)

    def clean_area(self) -> Area:
        return area_field(self.cleaned_data["area"])


class LinkForm(forms.Form):
    """Who may have infected whom, and how sure that is."""

    other = forms.UUIDField(required=False, widget=forms.HiddenInput)
    number = forms.CharField(required=False, max_length=11)  # of the other case, where it is not on the page
    way = forms.ChoiceField(choices=[("forward", ""), ("backward", "")], widget=forms.HiddenInput)
    certainty = forms.ChoiceField(label=_("How sure"))

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        words = definitions.terms("certainties")
        self.fields["certainty"].choices = [(c, words[c]) for c in words if c != "proposed"]  # type: ignore[attr-defined]


class NotifyForm(forms.Form):
    """A contact who fell ill is notified as a case."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    declared = forms.ChoiceField(label=_("Class, as the physician states it"))
    onset_on = day_field(label=_("Onset"))
    symptoms = forms.MultipleChoiceField(label=_("Symptoms"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, disease: str, **options: Any):
        super().__init__(*args, **{"auto_id": "notify-%s", **options})
        self.fields["declared"].choices = list(definitions.class_labels(disease, clock.today()).items())  # type: ignore[attr-defined]
        listed = definitions.edition_on(disease, clock.today()).listed_symptoms
        words = definitions.terms("symptoms")
        self.fields["symptoms"].choices = [(code, words[code]) for code in listed or words]  # type: ignore[attr-defined]
        if not self.is_bound:
            self.initial.setdefault("id", ids.new_id())
