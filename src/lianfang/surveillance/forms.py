"""The report card on screen: what is asked, and how an answer becomes evidence."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lianfang.definitions import selectors as definitions
from lianfang.definitions.editions import LONGEST_ANSWER, Form, Question
from lianfang.kernel import clock, ids
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.registry.models import Organisation
from lianfang.registry.resolving import resolve_area
from lianfang.registry.services import PersonDetails

from .evidence import Evidence, Exposure, LabResult
from .services import Notification


def _days(**options: Any) -> forms.DateField:
    return forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


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
    birth_date = _days(label=gettext_lazy("Date of birth"))
    age = forms.FloatField(
        label=gettext_lazy("Age in years, if the date of birth is unknown"), required=False, min_value=0, max_value=130
    )
    phone = forms.CharField(label=gettext_lazy("Telephone"), max_length=40, required=False)
    parent_name = forms.CharField(label=gettext_lazy("Parent’s name (under 14)"), max_length=80, required=False)
    area = forms.CharField(
        label=gettext_lazy("Where the patient lived at onset"),
        max_length=200,
        help_text=gettext_lazy("County or township, for example 温州市鹿城区五马街道 or 330302"),
    )
    address = forms.CharField(label=gettext_lazy("Address"), max_length=200, required=False)
    organisation = forms.ModelChoiceField(
        label=gettext_lazy("Reporting organisation"), queryset=Organisation.objects.none(), required=False
    )
    onset_on = _days(label=gettext_lazy("Onset"))
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
    lab_on = _days(label=gettext_lazy("Day of the result"))
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
        if held:
            self.fields["organisation"].required = True
            self.fields["organisation"].empty_label = None  # type: ignore[attr-defined]

    def clean_area(self) -> Any:
        return area_field(self.cleaned_data["area"])

    def take(self, no: Refused) -> None:
        """Show a service's refusals at the fields they concern."""
        for refusal in no.refusals:
            self.add_error(refusal.about if refusal.about in self.fields else None, str(refusal))

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
        if age is None and (born := given["birth_date"]):
            age = age_on(born, given["onset_on"] or clock.today())
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
            **{name: given[name] for name in ("name", "id_number", "phone", "address", "parent_name", "sex", "birth_date")},
            area=area,
            organisation_id=organisation.pk if organisation else None,
        )

    def card(self) -> dict[str, Any]:
        """What only people read."""
        kept = {name: self.cleaned_data[name] for name in ("occupation", "workplace", "reporter", "remark")}
        return {"form": "report_card", **{name: value for name, value in kept.items() if value}}


def age_on(born: date, day: date) -> int:
    """Whole years on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _terms(vocabulary: str) -> list[tuple[str, str]]:
    return list(definitions.terms(vocabulary, "zh" if (get_language() or "").startswith("zh") else "en").items())


def _under(organisations: Any, paths: tuple[str, ...]) -> Any:
    from django.db.models import Q

    from lianfang.kernel.access import under

    allowed = Q(pk__in=())
    for path in paths:
        allowed |= under("path", path)
    return organisations.filter(allowed).order_by("name")


class AddEvidence(forms.Form):
    """A short form that adds one kind of evidence to a case."""

    kind = ""
    title: Any = ""

    id = forms.UUIDField(widget=forms.HiddenInput)
    corrects = forms.UUIDField(required=False, widget=forms.HiddenInput)

    @staticmethod
    def of(kind: str, disease: str, data: Any = None) -> "AddEvidence":
        """The form of a kind. Raises Refused for a kind that does not exist."""
        for form in KINDS:
            if form.kind == kind:
                return form(data, disease=disease, initial={"id": ids.new_id()}, prefix=None, auto_id=f"{kind}-%s")
        raise Refused(refuse("kernel.not_found", "kind"))

    def __init__(self, *args: Any, disease: str, **options: Any):
        super().__init__(*args, **options)
        for name, vocabulary in self.vocabularies().items():
            self.fields[name].choices = [("", "—"), *_terms(vocabulary)]  # type: ignore[attr-defined]
        if "declared" in self.fields:
            labels = definitions.class_labels(disease, clock.today())
            self.fields["declared"].choices = [("", "—"), *labels.items()]  # type: ignore[attr-defined]

    def vocabularies(self) -> dict[str, str]:
        return {}

    def evidence(self) -> Evidence:
        raise NotImplementedError


class AddResult(AddEvidence):
    kind = "lab_result"
    title = gettext_lazy("Add a laboratory result")
    test = forms.ChoiceField(label=gettext_lazy("Laboratory test"))
    result = forms.ChoiceField(label=gettext_lazy("Result"))
    specimen = forms.ChoiceField(label=gettext_lazy("Specimen"), required=False)
    sampled_on = _days(label=gettext_lazy("Sampled"))
    resulted_on = _days(label=gettext_lazy("Day of the result"))

    def vocabularies(self) -> dict[str, str]:
        return {"test": "tests", "result": "results", "specimen": "specimens"}

    def evidence(self) -> Evidence:
        given = self.cleaned_data
        return Evidence(
            labs=[
                LabResult(given["test"], given["result"], given["specimen"], given["sampled_on"], given["resulted_on"])
            ]
        )


class AddCourse(AddEvidence):
    kind = "course"
    title = gettext_lazy("Add to the course: admission, severity, outcome")
    admitted_on = _days(label=gettext_lazy("Admitted"))
    severity = forms.ChoiceField(label=gettext_lazy("Severity"), required=False)
    outcome = forms.ChoiceField(label=gettext_lazy("Outcome"), required=False)
    outcome_on = _days(label=gettext_lazy("Day of the outcome"))

    def vocabularies(self) -> dict[str, str]:
        return {"severity": "severities", "outcome": "outcomes"}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("outcome") and not given.get("outcome_on"):
            self.add_error("outcome_on", _("Give the day of the outcome."))
        return given

    def evidence(self) -> Evidence:
        given = self.cleaned_data
        return Evidence(
            admitted_on=given["admitted_on"],
            severity=given["severity"] or None,
            outcome=given["outcome"] or None,
            outcome_on=given["outcome_on"],
        )


class AddClass(AddEvidence):
    kind = "declared_class"
    title = gettext_lazy("State another class")
    declared = forms.ChoiceField(label=gettext_lazy("Class, as the physician states it"))
    declared_on = _days(label=gettext_lazy("On the day"))

    def evidence(self) -> Evidence:
        return Evidence(declared=self.cleaned_data["declared"], declared_on=self.cleaned_data["declared_on"])


class CorrectBasics(AddEvidence):
    kind = "correction"
    title = gettext_lazy("Correct onset or residence")
    onset_on = _days(label=gettext_lazy("Onset"))
    area = forms.CharField(label=gettext_lazy("Where the patient lived at onset"), max_length=200, required=False)

    def clean_area(self) -> Any:
        return area_field(self.cleaned_data["area"]) if self.cleaned_data["area"] else None

    def evidence(self) -> Evidence:
        area = self.cleaned_data["area"]
        return Evidence(onset_on=self.cleaned_data["onset_on"], area_code=area.code if area else None)


KINDS: tuple[type[AddEvidence], ...] = (AddResult, AddCourse, AddClass, CorrectBasics)


def evidence_forms(disease: str) -> list[AddEvidence]:
    """One empty form of each kind."""
    return [AddEvidence.of(form.kind, disease) for form in KINDS]


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
            widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            return forms.DateField(widget=widget, **about)
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


def area_field(text: str) -> Any:
    """The area that a person typed. Raises ValidationError naming the candidates, or what to write instead."""
    found = resolve_area(text, clock.today())
    if found.area is not None:
        return found.area
    if found.candidates:
        names = ", ".join(f"{candidate.code} {candidate.name}" for candidate in found.candidates[:6])
        raise forms.ValidationError(_("This can be several places: {names}. Write the city too, or the code.").format(names=names))
    raise forms.ValidationError(_("No area of this name is known. Write city and county, or the six-digit code."))
