"""The words of imports: of findings, fields and events."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .reading.reasons import REASONS

SENTENCES = {f"import.{code}": _(reason) for code, (reason, _remedy) in REASONS.items()}

FIELD_WORDS = {
    "local_id": _("Case number"),
    "row_number": _("Row number"),
    "name": _("Name"),
    "parent_name": _("Parent’s name (under 14)"),
    "sex": _("Sex"),
    "age": _("Age"),
    "age_unit": _("Unit of age"),
    "birth_date": _("Date of birth"),
    "id_number": _("ID number"),
    "phone": _("Telephone"),
    "occupation": _("Occupation"),
    "workplace": _("Workplace or school"),
    "household_id": _("Household"),
    "country": _("Country"),
    "province": _("Province"),
    "city": _("City"),
    "county": _("County or district"),
    "township": _("Township"),
    "village": _("Village or community"),
    "area": _("Area"),
    "area_code": _("Area code"),
    "address": _("Address"),
    "registered_address": _("Registered address"),
    "latitude": _("Latitude"),
    "longitude": _("Longitude"),
    "onset_date": _("Onset"),
    "rash_date": _("Rash"),
    "exposure_date": _("Exposure"),
    "first_visit_date": _("First visit to a doctor"),
    "diagnosis_date": _("Diagnosis"),
    "confirm_date": _("Confirmation"),
    "report_date": _("Report"),
    "admission_date": _("Admission"),
    "isolation_date": _("Isolation"),
    "discharge_date": _("Discharge"),
    "death_date": _("Death"),
    "outcome_date": _("Day of the outcome"),
    "return_date": _("Return"),
    "travel_dates": _("Travel"),
    "sampled_date": _("Sample taken"),
    "result_date": _("Result"),
    "disease": _("Disease"),
    "classification": _("Class"),
    "severity": _("Severity"),
    "outcome": _("Outcome"),
    "symptoms": _("Symptoms"),
    "symptom_flag": _("A symptom, yes or no"),
    "temperature": _("Temperature"),
    "underlying": _("Underlying conditions"),
    "complications": _("Complications"),
    "vaccination": _("Vaccination"),
    "exposure": _("Exposure history"),
    "contact_with_case": _("Contact with a case"),
    "travel_location": _("Places travelled to"),
    "infection_place": _("Where infected"),
    "lived_in": _("Lived in"),
    "origin": _("Imported or local"),
    "cluster": _("Cluster"),
    "hospital": _("Hospital"),
    "reporting_unit": _("Reporting unit"),
    "lab_result": _("Laboratory result"),
    "specimen": _("Specimen"),
    "test": _("Test"),
    "sentence": _("Sentence about the case"),
    "source": _("Source"),
    "notes": _("Notes"),
    "infector_id": _("Infector’s case number"),
    "infectee_id": _("Infected person’s case number"),
    "relation": _("Relation"),
    "relation_back": _("Relation, the other way"),
    "certainty": _("Certainty of the link"),
    "setting": _("Setting"),
    "household_link": _("Same household"),
    "count_date": _("Day of the count"),
    "count": _("Count of cases"),
}

EVENTS = {
    "import.received": _("a file was received for import"),
    "import.mapped": _("the columns of an import were decided"),
    "import.started": _("an import was started"),
    "import.finished": _("an import was finished"),
    "import.discarded": _("an import was given up"),
    "import.refused_read": _("the refused rows of an import were read"),
}


def remedy_for(code: str) -> str:
    """What to do about a finding, in the reader’s language; empty where there is nothing to do, or another part’s rule said no."""
    remedy = REASONS.get(code.removeprefix("import."), ("", ""))[1]
    return gettext(remedy) if remedy else ""
