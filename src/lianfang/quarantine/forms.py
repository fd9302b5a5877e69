"""What is asked of people under observation and of those who look after them."""

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID, uuid5

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, ids
from lianfang.kernel.access import Actor, under
from lianfang.kernel.views import day_field
from lianfang.registry.area_views import AreaInput, area_field
from lianfang.registry.models import Organisation, Site
from lianfang.registry.place_fields import PlaceField
from lianfang.registry.services import PersonDetails

from . import rules
from .models import CheckIn, Room, Stay
from .services import NewCheck, NewNeed, room_states

LOWEST, HIGHEST = Decimal("34.0"), Decimal("43.0")  # °C that a living person's thermometer shows
LONGEST_WORDS = 500
SPOKEN = {"℃": "", "°C": "", "°": "", "度": ".", "。": ".", "、": ".", ",": "."}

TELLERS = {
    CheckIn.Told.SELF.value: gettext_lazy("the person"),
    CheckIn.Told.FAMILY.value: gettext_lazy("the family"),
    CheckIn.Told.COORDINATOR.value: gettext_lazy("coordinator"),
    CheckIn.Told.GRID_WORKER.value: gettext_lazy("grid worker"),
}


class Temperature(forms.CharField):
    """Degrees Celsius as people type them on a phone: 36.5, 36,5, 36。5, ３６．５, 36度5. What cannot be is asked again."""

    def __init__(self, **options: Any):
        options.setdefault("label", gettext_lazy("Temperature"))
        asked = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "enterkeyhint": "next"})
        super().__init__(widget=asked, max_length=12, **options)

    def clean(self, value: Any) -> Decimal | None:
        text = super().clean(value)
        if not text:
            return None
        written = text.replace("℃", "")
        written = unicodedata.normalize("NFKC", written)
        for spoken, meant in SPOKEN.items():
            written = written.replace(spoken, meant)
        try:
            found = Decimal(written.strip().rstrip("."))
        except InvalidOperation:
            raise forms.ValidationError(_("Write the temperature in figures, for example 36.5")) from None
        if not found.is_finite() or not LOWEST <= found <= HIGHEST:
            raise forms.ValidationError(
                _("{given} cannot be right. Write degrees Celsius between 34 and 43, for example 36.5").format(
                    given=text
                )
            )
        return found.quantize(Decimal("0.1"))


def _words(label: Any, rows: int = 2) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=LONGEST_WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": rows, "maxlength": LONGEST_WORDS}),
    )


def _moment(label: Any, help_text: Any = "") -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=help_text,
    )


class Health(forms.Form):
    """How somebody is: what every way of checking in asks."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    temperature = Temperature(required=False)
    symptoms = forms.MultipleChoiceField(
        label=gettext_lazy("Symptoms"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, symptoms: Iterable[str], initial: dict[str, Any] | None = None, **options: Any):
        super().__init__(*args, **options)
        self.initial = {"id": ids.new_id(), **(initial or {})}
        terms = definitions.terms("symptoms")
        self.fields["symptoms"].choices = [(code, terms.get(code, code)) for code in symptoms]  # type: ignore[attr-defined]

    @property
    def says_something(self) -> bool:
        """Whether more was filled in than what the page had put there itself."""
        given = self.cleaned_data
        return given.get("temperature") is not None or bool(given.get("symptoms") or given.get("words"))

    def check(self, stay_id: UUID | None = None, told_by: str = "self") -> NewCheck:
        """The answers as a check-in."""
        given = self.cleaned_data
        return NewCheck(
            stay_id=stay_id,
            temperature=given["temperature"],
            symptoms=tuple(given["symptoms"]),
            words=given["words"],
            observed_at=given.get("observed_at"),
            told_by=given.get("told_by") or told_by,
            corrects=given.get("corrects"),
            retracted=bool(given.get("retracted")),
            id=given["id"],
        )


class PersonalCheckIn(Health):
    """The personal page: how are you, and do you need something. For a phone without script."""

    words = _words(gettext_lazy("Remark"))
    needs = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    need_words = forms.CharField(max_length=LONGEST_WORDS, required=False, widget=forms.TextInput)

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.fields["needs"].choices = _needs()  # type: ignore[attr-defined]
        self.fields["temperature"].widget.attrs["aria-describedby"] = "heat-help"

    def full_clean(self) -> None:
        super().full_clean()
        if "temperature" in self.errors:  # read out with the field
            self.fields["temperature"].widget.attrs["aria-describedby"] = "heat-help heat-wrong"

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("need_words") and not given.get("needs"):
            given["needs"] = ["other"]
        if not self.errors and not self.says_something and not given.get("needs"):
            self.add_error("temperature", _("Write the temperature in figures, for example 36.5"))
        return given

    def asked(self) -> list[NewNeed]:
        """The needs, each with an id that follows from the form's: sent twice they are still asked once."""
        given = self.cleaned_data
        return [NewNeed(kind, given["need_words"], id=uuid5(given["id"], kind)) for kind in given["needs"]]


class CheckInForm(Health):
    """One check-in entered by whoever looks after somebody, or in the place of an earlier one."""

    corrects = forms.UUIDField(required=False, widget=forms.HiddenInput)
    told_by = forms.ChoiceField(label=gettext_lazy("Told by"), choices=list(TELLERS.items()))
    observed_at = _moment(gettext_lazy("Measured at"), gettext_lazy("Leave empty for now."))
    words = _words(gettext_lazy("Remark"))
    retracted = forms.BooleanField(
        label=gettext_lazy("The earlier entry was made in error; nothing takes its place"), required=False
    )

    def __init__(self, *args: Any, corrected: CheckIn | None = None, told_by: str = "coordinator", **options: Any):
        initial: dict[str, Any] = {"told_by": told_by}
        listed = list(options.pop("symptoms"))
        if corrected is not None:
            initial = {name: getattr(corrected, name) for name in ("temperature", "symptoms", "words", "told_by")}
            initial |= {"corrects": corrected.pk, "observed_at": corrected.observed_at}
            listed += [code for code in corrected.symptoms if code not in listed]
        super().__init__(*args, symptoms=listed, initial=initial, **options)
        self.corrected = corrected
        self.title = _("Correct a check-in") if corrected else _("Enter a check-in")
        if corrected is None:
            del self.fields["retracted"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and not self.says_something and not given.get("retracted"):
            self.add_error("temperature", _("Give a temperature, a symptom or some words."))
        return given

    def check(self, stay_id: UUID | None = None, told_by: str = "self") -> NewCheck:
        new = super().check(stay_id, told_by)
        return replace(new, temperature=None, symptoms=(), words="") if new.retracted else new


class LineOfSheet(Health):
    """One guest's line on the screen where a whole site is entered."""

    words = forms.CharField(
        max_length=LONGEST_WORDS, required=False, widget=forms.TextInput(attrs={"class": "form-control words"})
    )

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.fields["temperature"].widget.attrs["class"] = "form-control heat"


def _needs() -> list[tuple[str, str]]:
    terms = definitions.terms("needs")
    return [(code, terms.get(code, code)) for code in rules.NEEDS]


class NeedForm(forms.Form):
    """A need that somebody told to whoever looks after them."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=gettext_lazy("Need"))
    words = _words(gettext_lazy("What exactly?"))

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **{"auto_id": "need-%s", **options})
        self.initial.setdefault("id", ids.new_id())
        self.fields["kind"].choices = _needs()  # type: ignore[attr-defined]


class Rooms(forms.Form):
    """Rooms to be added to a site, many at once."""

    names = forms.CharField(
        label=gettext_lazy("Room numbers"),
        max_length=2000,
        help_text=gettext_lazy("Separated by spaces, commas or lines, for example 201 202 203"),
    )
    capacity = forms.IntegerField(label=gettext_lazy("Beds in each"), min_value=1, max_value=20, initial=1)

    def clean_names(self) -> list[str]:
        text = self.cleaned_data["names"]
        for mark in ",，、;；":
            text = text.replace(mark, " ")
        return list(dict.fromkeys(text.split()))


HOME = "home"


FEW_SITES = 12  # so many stand in one list; of more, one is sought by its name first


class SitePicker(forms.Form):
    """Which isolation site is meant, of any number: all stand in a list while they are few, and else one is sought by name."""

    site = PlaceField("site", kind="isolation", label=gettext_lazy("Isolation site"), required=False)

    def __init__(self, wanted: str, *, actor: Actor, permission: str):
        super().__init__({"site": wanted}, auto_id="picked-%s")
        self.rows = Site.objects.visible_to(actor, permission).in_use(clock.today()).filter(kind=Site.Kind.ISOLATION)
        self.fields["site"].rows = self.rows  # type: ignore[attr-defined]
        self.many = self.rows.order_by()[: FEW_SITES + 1].count() > FEW_SITES

    @property
    def chosen(self) -> Site | None:
        return self.cleaned_data["site"] if self.is_valid() else None

    @property
    def offered(self) -> Any:
        """The sites whose rooms are shown: the one chosen, or all while they are few."""
        if self.chosen:
            return self.rows.filter(pk=self.chosen.pk)
        return self.rows.none() if self.many else self.rows


class Place(forms.Form):
    """Where somebody is observed: at home, or in a room of a site that has a bed free."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    where = forms.ChoiceField(label=gettext_lazy("Where"))
    area = forms.CharField(
        label=gettext_lazy("Area, if not where the person lives"), max_length=200, required=False, widget=AreaInput
    )
    happened_at = _moment(gettext_lazy("Happened at"), gettext_lazy("Leave empty for now."))
    words = _words(gettext_lazy("Remark"))

    def __init__(self, *args: Any, picker: "SitePicker", **options: Any):
        super().__init__(*args, **options)
        self.initial.setdefault("id", ids.new_id())
        self.picker = picker
        sites = picker.offered
        self.site_id = str(picker.chosen.pk) if picker.chosen else ""
        self.sites = {site.pk: site.name for site in sites.order_by("name")}
        self.rooms = {
            str(room.pk): room
            for room in Room.objects.in_use()
            .filter(site__in=sites)
            .select_related("site")
            .order_by("site__name", "name")
        }
        states = room_states(self.rooms.values())
        groups: dict[str, list[tuple[str, str]]] = {}
        for key, room in self.rooms.items():
            if free := states[room.pk].free:
                beds = _("room {room}, {free} free").format(room=room.name, free=free)
                groups.setdefault(room.site.name, []).append((key, beds))
        home: list[Any] = [] if self.site_id else [(HOME, _("at home"))]
        self.fields["where"].choices = [("", "—"), *home, *groups.items()]  # type: ignore[attr-defined]

    def clean_area(self) -> Any:
        return area_field(self.cleaned_data["area"]) if self.cleaned_data["area"] else None

    @property
    def room(self) -> Room | None:
        """The room chosen, or None for home."""
        return self.rooms.get(self.cleaned_data["where"])


TO_SITE = "site:"


class Arrival(Place):
    """Where somebody who is expected is taken in now, or which site is to take them in."""

    field_order = ("id", "where", "area", "notice", "happened_at", "words")
    notice = forms.CharField(
        label=gettext_lazy("Number of the legal notice"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Served now; leave empty if it was served before."),
    )

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        sites = [(f"{TO_SITE}{pk}", name) for pk, name in self.sites.items()]
        if sites:
            self.fields["where"].choices += [(_("Send to a site, which then takes in"), sites)]  # type: ignore[attr-defined]

    @property
    def to_site(self) -> UUID | None:
        """The site that is to take the person in, if not taken in now."""
        where = self.cleaned_data["where"]
        return UUID(where.removeprefix(TO_SITE)) if where.startswith(TO_SITE) else None


class FurtherExposure(forms.Form):
    """An exposure during observation, from which the days count anew."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    last_on = day_field(
        required=True,
        label=gettext_lazy("Last day of the exposure"),
        help_text=gettext_lazy("The days of observation count from here."),
    )
    words = _words(gettext_lazy("Why: to whom, how, where"))

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.initial.setdefault("id", ids.new_id())
        self.fields["words"].required = True


class Notice(forms.Form):
    """A legal notice served during observation."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    notice = forms.CharField(label=gettext_lazy("Number of the legal notice"), max_length=60)
    happened_at = _moment(gettext_lazy("Served at"), gettext_lazy("Leave empty for now."))

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.initial.setdefault("id", ids.new_id())


class NameHospital(forms.Form):
    """Which hospital receives somebody, where none is designated: any hospital or clinic of the province."""

    hospital = PlaceField("organisation", kind="hospital", label=gettext_lazy("Receiving hospital"))

    def __init__(self, *args: Any, of: Stay, **options: Any):
        super().__init__(*args, **options)
        province = "/".join(of.path.split("/")[:2]) + "/"
        known = Organisation.objects.filter(under("path", province), kind__in=Organisation.PATIENTS)
        self.fields["hospital"].rows = known  # type: ignore[attr-defined]


class HandOver(forms.Form):
    """Which other place is asked to take somebody over."""

    area = forms.CharField(label=gettext_lazy("Who is asked to take over"), max_length=200, widget=AreaInput)

    def clean_area(self) -> Any:
        return area_field(self.cleaned_data["area"])


class Admission(Place):
    """The decision that somebody is observed: who, why, since which exposure, and where from now on."""

    field_order = (
        "id", "disease", "name", "sex", "id_number", "birth_date", "phone", "home", "address", "grounds", "last_on", "notice",
        "where", "area", "happened_at", "words",
    )  # fmt: skip
    disease = forms.ChoiceField(label=gettext_lazy("Disease"))
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    sex = forms.ChoiceField(
        label=gettext_lazy("Sex"),
        choices=[("M", gettext_lazy("male")), ("F", gettext_lazy("female")), ("U", gettext_lazy("unknown"))],
        widget=forms.RadioSelect,
        initial="U",
    )
    id_number = forms.CharField(label=gettext_lazy("ID number"), max_length=40, required=False)
    birth_date = day_field(label=gettext_lazy("Date of birth"))
    phone = forms.CharField(label=gettext_lazy("Telephone"), max_length=40, required=False)
    home = forms.CharField(
        label=gettext_lazy("Where the person lives"),
        max_length=200,
        help_text=gettext_lazy("County or township, for example Wuma, Lucheng, Wenzhou, or 330302"),
        widget=AreaInput,
    )
    address = forms.CharField(label=gettext_lazy("Address"), max_length=200, required=False)
    grounds = forms.ChoiceField(label=gettext_lazy("Grounds"))
    last_on = day_field(
        required=True,
        label=gettext_lazy("Last day of the exposure"),
        help_text=gettext_lazy("The days of observation count from here."),
    )
    notice = forms.CharField(label=gettext_lazy("Number of the legal notice"), max_length=60, required=False)

    PERSON = ("name", "sex", "id_number", "birth_date", "phone", "home", "address")

    def __init__(self, *args: Any, known: bool = False, disease: str = "", **options: Any):
        super().__init__(*args, **options)
        if known:  # a contact: who it is and where it lives is on record
            for name in self.PERSON:
                del self.fields[name]
        observed = [entry for entry in definitions.diseases() if entry.edition_on(clock.today()).observation]
        self.fields["disease"].choices = [(entry.code, definitions.label(entry)) for entry in observed]  # type: ignore[attr-defined]
        self.initial.setdefault("disease", disease)
        self.fields["grounds"].choices = list(definitions.terms("stay_grounds").items())  # type: ignore[attr-defined]
        self.fields["happened_at"].label = _("Taken in at")

    def clean_home(self) -> Any:
        return area_field(self.cleaned_data["home"])

    def person(self) -> PersonDetails:
        """Who it is, as told."""
        given = self.cleaned_data
        return PersonDetails(area=given["home"], **{name: given[name] for name in self.PERSON if name != "home"})


class Ending(forms.Form):
    """Any end before the last day, and being lost from sight or found again."""

    what = forms.ChoiceField(label=gettext_lazy("What happened"))
    happened_at = _moment(gettext_lazy("Happened at"), gettext_lazy("Leave empty for now."))
    words = _words(gettext_lazy("How it came about"))

    def __init__(self, *args: Any, status: str, reasons: Iterable[str], **options: Any):
        super().__init__(*args, **options)
        course = [("found", _("found again"))] if status == "lost" else [("lost", _("lost from sight"))]
        words = definitions.terms("stay_end_reasons")
        self.fields["what"].choices = [  # type: ignore[attr-defined]
            ("", "—"),
            (_("Still to be observed"), course),
            (_("Observation ends early"), [(code, words[code]) for code in reasons]),
        ]
