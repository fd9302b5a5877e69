"""The report card on screen: what is asked, and how an answer becomes evidence."""

from datetime import date, datetime
from typing import Any

import msgspec
from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lianfang.definitions import selectors as definitions
from lianfang.definitions.editions import LONGEST_ANSWER, Form, Question
from lianfang.kernel import clock, ids
from lianfang.kernel.access import Actor, under
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.views import day_field
from lianfang.registry.area_views import AreaInput, area_field
from lianfang.registry.models import Organisation
from lianfang.registry.services import PersonDetails

from .evidence import Evidence, Exposure, LabResult, parse
from .models import Observation
from .services import Notification


class ReportCard(forms.Form):
    """A notification. Only the disease, the class, the area and one day are asked for; the rest as far as known."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    same_person_as = forms.UUIDField(required=False, widget=forms.HiddenInput)
    checked = forms.BooleanField(required=False, widget=forms.HiddenInput)
    disease = forms.ChoiceField(label=gettext_lazy("Disease"))
    declared = forms.ChoiceField(label=gettext_lazy("Class, as the physician states it"))
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, required=False)
    sex = forms.ChoiceField(
        label=gettext_lazy("Sex"),
        choices=[("M", gettext_lazy("male")), ("F", gettext_lazy("female")), ("U", gettext_lazy("unknown"))],
        widget=forms.RadioSelect,
        initial="U",
    )
    id_number = forms.CharField(label=gettext_lazy("ID number"), max_length=40, required=False)
    birth_date = day_field(label=gettext_lazy("Date of birth"))
    age = forms.FloatField(
        label=gettext_lazy("Age in years, if the date of birth is unknown"), required=False, min_value=0, max_value=130
    )
    phone = forms.CharField(label=gettext_lazy("Telephone"), max_length=40, required=False)
    parent_name = forms.CharField(label=gettext_lazy("Parent’s name (under 14)"), max_length=80, required=False)
    area = forms.CharField(
        label=gettext_lazy("Where the patient lived at onset"),
        max_length=200,
        help_text=gettext_lazy("County or township, for example Wuma, Lucheng, Wenzhou, or 330302"),
        widget=AreaInput,
    )
    address = forms.CharField(label=gettext_lazy("Address"), max_length=200, required=False)
    organisation = forms.ModelChoiceField(
        label=gettext_lazy("Reporting organisation"), queryset=Organisation.objects.none(), required=False
    )
    onset_on = day_field(label=gettext_lazy("Onset"))
    asymptomatic = forms.BooleanField(label=gettext_lazy("No symptoms"), required=False)
    diagnosed_at = forms.DateTimeField(
        label=gettext_lazy("Diagnosed at"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("The limit for the direct report counts from here."),
    )
    symptoms = forms.MultipleChoiceField(
        label=gettext_lazy("Symptoms"), required=False, widget=forms.CheckboxSelectMultiple
    )
    signs = forms.MultipleChoiceField(
        label=gettext_lazy("Clinical signs"), required=False, widget=forms.CheckboxSelectMultiple
    )
    exposures = forms.MultipleChoiceField(
        label=gettext_lazy("Exposures before onset"), required=False, widget=forms.CheckboxSelectMultiple
    )
    lab_test = forms.ChoiceField(label=gettext_lazy("Laboratory test"), required=False)
    lab_result = forms.ChoiceField(label=gettext_lazy("Result"), required=False)
    lab_on = day_field(label=gettext_lazy("Day of the result"))
    occupation = forms.ChoiceField(label=gettext_lazy("Occupation"), required=False)
    workplace = forms.CharField(label=gettext_lazy("Place of work or school"), max_length=120, required=False)
    reporter = forms.CharField(label=gettext_lazy("Reported by"), max_length=60, required=False)
    remark = forms.CharField(
        label=gettext_lazy("Remark"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, actor: Actor, disease: str, **options: Any):
        super().__init__(*args, **options)
        self.actor = actor
        day = clock.today()
        self.fields["disease"].choices = [(entry.code, definitions.label(entry)) for entry in definitions.diseases()]  # type: ignore[attr-defined]
        choices = {
            "declared": definitions.class_labels(disease, day).items(),
            "symptoms": _terms("symptoms"),
            "signs": _terms("signs"),
            "exposures": _terms("exposures"),
            "lab_test": [("", "—"), *_terms("tests")],
            "lab_result": [("", "—"), *_terms("results")],
            "occupation": [("", "—"), *_terms("occupations")],
        }
        for name, entries in choices.items():
            self.fields[name].choices = list(entries)  # type: ignore[attr-defined]
        organisations = Organisation.objects.all()
        held = actor.organisations("case.notify")
        self.fields["organisation"].queryset = (  # type: ignore[attr-defined]
            organisations.filter(pk__in=held) if held else _under(organisations, actor.paths("case.notify"))
        )
        self.fields["organisation"].empty_label = "—"  # type: ignore[attr-defined]
        if held:
            self.fields["organisation"].required = True
            self.fields["organisation"].empty_label = None  # type: ignore[attr-defined]

    def clean_area(self) -> Any:
        return area_field(self.cleaned_data["area"])

    def notification(self) -> Notification:
        """The card as a notification."""
        given = self.cleaned_data
        return Notification(
            id=given["id"],
            disease=given["disease"],
            area=given["area"],
            evidence=self.evidence(),
            person=self.person(given["area"]),
            organisation=given["organisation"],
            same_person_as=given["same_person_as"],
            card=self.card(),
            diagnosed_at=given["diagnosed_at"],
        )

    def evidence(self) -> Evidence:
        """The card's answers as evidence."""
        given = self.cleaned_data
        diagnosed: datetime | None = given["diagnosed_at"]
        age: float | None = given["age"]
        labs = []
        if given["lab_test"] and given["lab_result"]:
            labs = [LabResult(given["lab_test"], given["lab_result"], resulted_on=given["lab_on"])]
        return Evidence(
            declared=given["declared"],
            onset_on=given["onset_on"],
            asymptomatic=given["asymptomatic"] or None,
            diagnosed_on=timezone.localtime(diagnosed).date() if diagnosed else None,
            reported_on=clock.today(),
            symptoms={code: True for code in given["symptoms"]},
            signs={code: True for code in given["signs"]},
            exposures=[Exposure(code) for code in given["exposures"]],
            labs=labs,
            sex=None if given["sex"] == "U" else given["sex"],
            age_low=age,
            age_high=None if age is None else age + 1,
        )

    def person(self, area: Any) -> PersonDetails:
        """The card's person."""
        given = self.cleaned_data
        organisation = given["organisation"]
        return PersonDetails(
            **{
                name: given[name]
                for name in ("name", "id_number", "phone", "address", "parent_name", "sex", "birth_date")
            },
            area=area,
            organisation_id=organisation.pk if organisation else None,
        )

    def card(self) -> dict[str, Any]:
        """What only people read."""
        kept = {name: self.cleaned_data[name] for name in ("occupation", "workplace", "reporter", "remark")}
        return {"form": "report_card", **{name: value for name, value in kept.items() if value}}


def _terms(vocabulary: str) -> list[tuple[str, str]]:
    return list(definitions.terms(vocabulary).items())


def _under(organisations: Any, paths: tuple[str, ...]) -> Any:
    allowed = Q(pk__in=())
    for path in paths:
        allowed |= under("path", path)
    return organisations.filter(allowed).order_by("name")


class CorrectPerson(forms.Form):
    """Who a case is, to be corrected: filled with what is on record."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, required=False)
    id_number = forms.CharField(label=gettext_lazy("ID number"), max_length=40, required=False)
    phone = forms.CharField(label=gettext_lazy("Telephone"), max_length=40, required=False)
    sex = forms.ChoiceField(
        label=gettext_lazy("Sex"),
        choices=[("M", gettext_lazy("male")), ("F", gettext_lazy("female")), ("U", gettext_lazy("unknown"))],
        widget=forms.RadioSelect,
    )
    birth_date = day_field(label=gettext_lazy("Date of birth"))
    parent_name = forms.CharField(label=gettext_lazy("Parent’s name (under 14)"), max_length=80, required=False)
    address = forms.CharField(label=gettext_lazy("Address"), max_length=200, required=False)


# What each kind of entry asks for, in the order of the case page.
ENTRIES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "lab_result": (gettext_lazy("Add a laboratory result"), ("lab",)),
    "findings": (gettext_lazy("Add symptoms, signs or an exposure"), ("symptoms", "signs", "exposure")),
    "course": (gettext_lazy("Add to the course: admission, severity, outcome"), ("course",)),
    "declared_class": (gettext_lazy("State another class"), ("declared",)),
    "basics": (gettext_lazy("Correct onset, residence, sex or age"), ("basics",)),
}
GROUPS = ("basics", "declared", "symptoms", "signs", "exposure", "lab", "course")
ROWS: dict[str, tuple[str, type, tuple[str, ...]]] = {  # groups that may stand several times in one entry
    "exposure": ("exposures", Exposure, ("kind", "first_on", "last_on")),
    "lab": ("labs", LabResult, ("test", "result", "specimen", "sampled_on", "resulted_on")),
}


def take(form: forms.Form, no: Refused) -> None:
    """Show a service's refusals at the fields they concern."""
    for refusal in no.refusals:
        form.add_error(refusal.about if refusal.about in form.fields else None, str(refusal))


class EvidenceForm(forms.Form):
    """One entry of evidence: a new one of some kind, or one that takes the place of an earlier entry, filled with it."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    corrects = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, kind: str, disease: str, data: Any = None, *, corrected: Observation | None = None):
        before = parse(corrected.content) if corrected is not None else Evidence()
        super().__init__(
            data,
            initial={**_initial(before), "id": ids.new_id(), "corrects": corrected.pk if corrected else None},
            auto_id=f"{kind}-{'correct-' if corrected else ''}%s",
        )
        self.kind, self.before, self.corrected = kind, before, corrected
        groups = GROUPS if corrected is not None and kind not in ENTRIES else ENTRIES[kind][1]
        self.title = _("Correct an entry") if corrected is not None else ENTRIES[kind][0]
        self.rows: list[tuple[str, int]] = []
        for group in groups:
            if group in ROWS:
                self.rows += [(group, n) for n in range(len(getattr(before, ROWS[group][0])) or 1)]
            else:
                self.fields.update(_asked_of(group, disease))
        for group, n in self.rows:
            self.fields.update({f"{group}_{n}_{name}": field for name, field in _asked_of(group, disease).items()})

    @staticmethod
    def of(kind: str, disease: str, data: Any = None, corrected: Observation | None = None) -> "EvidenceForm":
        """The form of a kind. Raises Refused for a kind that nobody enters by hand."""
        if corrected is None and kind not in ENTRIES:
            raise Refused(refuse("kernel.not_found", "kind"))
        return EvidenceForm(kind, disease, data, corrected=corrected)

    def clean_area(self) -> Any:
        return area_field(self.cleaned_data["area"]) if self.cleaned_data["area"] else None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("outcome") and not given.get("outcome_on"):
            self.add_error("outcome_on", _("Give the day of the outcome."))
        for group, n in self.rows:
            names = [f"{group}_{n}_{name}" for name in ROWS[group][2]]
            needed = names[:2] if group == "lab" else names[:1]
            if any(given.get(name) for name in names):
                for name in needed:
                    if not given.get(name) and name not in self.errors:
                        self.add_error(name, _("This belongs to the entry; choose it, or empty the rest."))
        if self.corrected is None and not self.errors and self.evidence() == Evidence():
            raise forms.ValidationError(_("Nothing was entered."))
        return given

    def evidence(self) -> Evidence:
        """What was entered. A correction keeps of the earlier entry what the form does not ask."""
        given = self.cleaned_data
        said: dict[str, Any] = {name: given[name] or None for name in _PLAIN if name in given}
        for name in ("symptoms", "signs"):
            if name in given:
                denied = dict.fromkeys(given[f"{name}_denied"], False)
                said[name] = denied | dict.fromkeys(given[name], True)
        for group, (of, kind, names) in ROWS.items():
            if any(which == group for which, _n in self.rows):
                rows = [
                    {name: value for name in names if (value := given[f"{group}_{n}_{name}"])}
                    for which, n in self.rows
                    if which == group
                ]
                said[of] = [kind(**row) for row in rows if row]
        if "sex" in given:
            age = given["age"]
            said |= {"age_low": age, "age_high": None if age is None else age + 1}
            said["area_code"] = given["area"].code if given["area"] else None
        return msgspec.structs.replace(self.before, **said)


_PLAIN = (
    "onset_on", "onset_until", "asymptomatic", "sex", "declared", "declared_on", "admitted_on", "severity", "outcome",
    "outcome_on",
)  # fmt: skip


def _initial(evidence: Evidence) -> dict[str, Any]:
    """An entry as the form shows it."""
    filled = {name: getattr(evidence, name) for name in _PLAIN}
    for name in ("symptoms", "signs"):
        told = getattr(evidence, name)
        filled[name] = [code for code, present in told.items() if present]
        filled[f"{name}_denied"] = [code for code, present in told.items() if not present]
    for group, (of, _kind, names) in ROWS.items():
        for n, row in enumerate(getattr(evidence, of)):
            filled |= {f"{group}_{n}_{name}": getattr(row, name) for name in names}
    return {**filled, "age": evidence.age_low, "area": evidence.area_code or ""}


def _asked_of(group: str, disease: str) -> dict[str, forms.Field]:
    """The fields of one group of an entry."""

    def chosen(words: Any, label: Any) -> forms.ChoiceField:
        return forms.ChoiceField(choices=[("", "—"), *words], required=False, label=label)

    def ticked(vocabulary: str, label: Any) -> forms.MultipleChoiceField:
        return forms.MultipleChoiceField(
            choices=_terms(vocabulary), required=False, label=label, widget=forms.CheckboxSelectMultiple
        )

    match group:
        case "basics":
            sexes = [("M", _("male")), ("F", _("female"))]
            return {
                "onset_on": day_field(label=_("Onset")),
                "onset_until": day_field(label=_("Onset at the latest, if only a span is known")),
                "asymptomatic": forms.BooleanField(label=_("No symptoms"), required=False),
                "area": forms.CharField(
                    label=_("Where the patient lived at onset"), max_length=200, required=False, widget=AreaInput
                ),
                "sex": chosen(sexes, _("Sex")),
                "age": forms.FloatField(label=_("Age in years"), required=False, min_value=0, max_value=130),
            }
        case "declared":
            return {
                "declared": chosen(
                    definitions.class_labels(disease, clock.today()).items(), _("Class, as the physician states it")
                ),
                "declared_on": day_field(label=_("On the day")),
            }
        case "symptoms":
            return {
                "symptoms": ticked("symptoms", _("Symptoms")),
                "symptoms_denied": ticked("symptoms", _("Symptoms asked for and denied")),
            }
        case "signs":
            return {
                "signs": ticked("signs", _("Clinical signs")),
                "signs_denied": ticked("signs", _("Clinical signs looked for and absent")),
            }
        case "exposure":
            return {
                "kind": chosen(_terms("exposures"), _("Exposure before onset")),
                "first_on": day_field(label=_("First day of the exposure")),
                "last_on": day_field(label=_("Last day of the exposure")),
            }
        case "lab":
            return {
                "test": chosen(_terms("tests"), _("Laboratory test")),
                "result": chosen(_terms("results"), _("Result")),
                "specimen": chosen(_terms("specimens"), _("Specimen")),
                "sampled_on": day_field(label=_("Sampled")),
                "resulted_on": day_field(label=_("Day of the result")),
            }
        case _:
            return {
                "admitted_on": day_field(label=_("Admitted")),
                "severity": chosen(_terms("severities"), _("Severity")),
                "outcome": chosen(_terms("outcomes"), _("Outcome")),
                "outcome_on": day_field(label=_("Day of the outcome")),
            }


def evidence_forms(disease: str) -> list[EvidenceForm]:
    """One empty form of each kind."""
    return [EvidenceForm(kind, disease) for kind in ENTRIES]


class Investigation(forms.Form):
    """A form of the definitions on screen: one field a question, answers back as the definitions check them."""

    def __init__(self, definition: Form, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.definition = definition
        for question in definition.questions():
            self.fields[question.code] = _asked(question)

    def sections(self) -> list[tuple[str, list[Any]]]:
        """(heading, bound fields) of each section."""
        return [
            (definitions.label(section), [self[question.code] for question in section.questions])
            for section in self.definition.sections
        ]

    def answers(self) -> dict[str, Any]:
        """What was answered."""
        given = {code: value for code, value in self.cleaned_data.items() if value not in (None, "", [])}
        return {code: value.isoformat() if isinstance(value, date) else value for code, value in given.items()}


def _asked(question: Question) -> forms.Field:
    about: dict[str, Any] = {"label": definitions.label(question), "required": question.required}
    if question.help:
        about["help_text"] = question.help[definitions.language()]
    match question.kind:
        case "date":
            return day_field(**about)
        case "number":
            return forms.FloatField(min_value=question.low, max_value=question.high, **about)
        case "yes_no":
            choices = [("", "—"), ("yes", _("yes")), ("no", _("no")), ("unknown", _("unknown"))]
            return forms.ChoiceField(choices=choices, **about)
        case "choice" | "choices":
            words = question.words(definitions.library().vocabularies)
            listed = [(code, entry[definitions.language()]) for code, entry in words.items()]
            if question.kind == "choice":
                return forms.ChoiceField(choices=[("", "—"), *listed], **about)
            return forms.MultipleChoiceField(choices=listed, widget=forms.CheckboxSelectMultiple, **about)
        case _:
            return forms.CharField(max_length=LONGEST_ANSWER, widget=forms.Textarea(attrs={"rows": 2}), **about)
