"""From a row as read to a case as notified: pure translation, no writing.

What a rule or an indicator reads becomes evidence; everything else the row said is kept on the card under its header.
"""

from datetime import date, timedelta
from typing import Any

from lianfang.definitions.selectors import ImportTerms
from lianfang.registry.models import Area
from lianfang.registry.services import PersonDetails
from lianfang.surveillance.evidence import Evidence, Exposure, LabResult
from lianfang.surveillance.services import Notification, judged_on

from .reading.ages import ReadAge
from .reading.dates import ReadDate
from .reading.findings import Finding, note, refused
from .reading.rows import ReadRow

DAY_FIELDS = ("report_date", "confirm_date", "diagnosis_date", "admission_date", "onset_date", "outcome_date")
OUTCOMES = {"discharged": "discharged", "recovered": "discharged", "died": "died"}
ON_THE_CARD = (
    "occupation", "workplace", "household_id", "registered_address", "hospital", "reporting_unit", "exposure",
    "travel_location", "travel_dates", "infection_place", "lived_in", "origin", "cluster", "underlying", "complications",
    "vaccination", "temperature", "rash_date", "first_visit_date", "isolation_date", "return_date", "exposure_date",
    "latitude", "longitude", "source", "notes", "relation", "setting",
)  # fmt: skip


CLASSES = {"clinical": ("clinically_diagnosed", "clinically_compatible")}  # what editions call it


def exact(value: ReadDate | None) -> date | None:
    """The day, where it is known to the day."""
    return value.earliest if value is not None and value.earliest and value.earliest == value.latest else None


def some_day(value: ReadDate | None) -> date | None:
    """The last day it can have been, where only a span is known."""
    return None if value is None else value.latest or value.earliest


def reported_on(values: dict[str, Any], today: date) -> date:
    """The day a case counts as reported: the report, or the nearest day the row tells, or today."""
    for name in DAY_FIELDS:
        if day := some_day(values.get(name)):
            return min(day, today)
    return today


def area_day(values: dict[str, Any], today: date) -> date:
    """The day on which the area's code must have been valid."""
    for name in ("onset_date", *DAY_FIELDS):
        if day := some_day(values.get(name)):
            return day
    return today


def notification(
    row: ReadRow, area: Area, disease: str, source: str, terms: ImportTerms, today: date
) -> tuple[Notification, list[Finding]]:
    """The case that a row tells of, and what is to be said about what could not be carried over."""
    values, said = row.values, []
    card: dict[str, Any] = dict(row.other)
    onset: ReadDate | None = values.get("onset_date")
    onset_on, onset_until = (onset.earliest, onset.latest) if onset else (None, None)
    if onset is not None and (onset_on is None or onset_until is None):
        card["onset_date"] = onset.text  # an open end is kept in words
        onset_on = onset_until = None
    severity = values.get("severity")
    wanted = values.get("classification")
    confirmed_on = some_day(values.get("confirm_date"))
    diagnosed_on, reported = some_day(values.get("diagnosis_date")), reported_on(values, today)
    day = judged_on(Evidence(confirmed_on=confirmed_on, diagnosed_on=diagnosed_on, reported_on=reported))
    known = terms.classes_on(day, tuple(area.path.rstrip("/").split("/")))
    if severity == "asymptomatic":
        severity = None
        wanted = "asymptomatic" if wanted in (None, "confirmed") and "asymptomatic" in known else wanted
    declared = next((code for code in (wanted, *CLASSES.get(wanted or "", ())) if code in known), None)
    if wanted is not None and declared is None:
        said.append(note("import.class_not_in_edition", wanted).at("", "classification", wanted))
        card["classification"] = wanted
    if severity is not None and severity not in terms.severities:
        card["severity"], severity = severity, None
    symptoms, signs = _symptoms(values.get("symptoms"), terms, card)
    outcome = OUTCOMES.get(values.get("outcome", ""))
    if values.get("outcome") and outcome is None:
        card["outcome"] = values["outcome"]
    ended = values.get("death_date") if outcome == "died" else values.get("discharge_date")
    if outcome is None:
        for name, meaning in (("death_date", "died"), ("discharge_date", "discharged")):
            if name in values:
                outcome, ended = meaning, values[name]
    ended = ended or values.get("outcome_date")
    labs = []
    if result := values.get("lab_result"):
        labs = [
            LabResult(
                terms.test,
                result,
                sampled_on=exact(values.get("sampled_date")),
                resulted_on=exact(values.get("result_date")),
            )
        ]
    exposures = _contacts(values) if "contact_with_case" in terms.exposures else []
    age: ReadAge | None = values.get("age")
    for name in ON_THE_CARD:
        if name in values:
            card[name] = str(values[name])
    number = values.get("id_number")
    birth: ReadDate | None = values.get("birth_date")
    evidence = Evidence(
        declared=declared,
        onset_on=onset_on,
        onset_until=onset_until if onset_until != onset_on else None,
        asymptomatic=True if getattr(values.get("symptoms"), "asymptomatic", False) else None,
        diagnosed_on=diagnosed_on,
        reported_on=reported,
        confirmed_on=confirmed_on,
        symptoms=symptoms,
        signs=signs,
        exposures=exposures,
        labs=labs,
        severity=severity,
        admitted_on=some_day(values.get("admission_date")),
        outcome=outcome,
        outcome_on=some_day(ended),
        sex=values.get("sex"),
        age_low=age.years_low if age else None,
        age_high=age.years_high if age else None,
    )
    person = PersonDetails(
        name=values.get("name", ""),
        id_number=number.number if number else "",
        phone=values["phone"].number if "phone" in values else "",
        address=values.get("address", ""),
        parent_name=values.get("parent_name", ""),
        sex=values.get("sex") or "U",
        birth_date=exact(birth),
        birth_year=_birth_year(birth, age, evidence.reported_on or today),
        area=area,
    )
    return (
        Notification(
            disease=disease,
            area=area,
            evidence=evidence,
            person=person,
            source=source,
            local_id=values.get("local_id", ""),
            channel="import",
            card=card,
            starts_clocks=False,
        ),
        said,
    )


def _contacts(values: dict[str, Any]) -> list[Exposure]:
    """Contact with cases: each that a sentence tells with its days, or the one that a column affirms."""
    if values.get("contact_with_case") != "yes":
        return []
    told = [e for e in values.get("exposures", ()) if e.kind == "case_contact" and not e.denied]
    if not told:
        return [Exposure("contact_with_case", last_on=exact(values.get("exposure_date")))]
    days = [(e.when.earliest, e.when.latest) if e.when else (None, None) for e in told]
    return [
        Exposure("contact_with_case", first_on=first, last_on=last, note=e.text[:200])
        for e, (first, last) in zip(told, days, strict=True)
    ]


def _symptoms(read: Any, terms: ImportTerms, card: dict[str, Any]) -> tuple[dict[str, bool], dict[str, bool]]:
    symptoms: dict[str, bool] = {}
    signs: dict[str, bool] = {}
    if read is None:
        return symptoms, signs
    unknown = list(read.other)
    for codes, present in ((read.absent, False), (read.present, True)):
        for code in codes:
            if code in terms.signs:
                signs[code] = present
            elif code in terms.symptoms:
                symptoms[code] = present
            else:
                unknown.append(code)
    if unknown:
        card["symptoms"] = ", ".join(unknown)
    return symptoms, signs


def _birth_year(birth: ReadDate | None, age: ReadAge | None, on: date) -> int | None:
    if birth is not None and birth.earliest and birth.latest and birth.earliest.year == birth.latest.year:
        return birth.earliest.year
    if age is not None and age.years_high is not None and age.years_high - age.years_low <= 1:
        return (on - timedelta(days=round(365.25 * age.years_low))).year
    return None


def cannot_enter(row: ReadRow) -> list[Finding]:
    """Why a row that could be read can't become a case: nothing is entered on a guess."""
    found = []
    if "area" not in row.values and not any(finding.field == "area" for finding in row.findings):
        found.append(refused("import.without_place"))
    return found
