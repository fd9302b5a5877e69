"""Every row of the manual's page on case definitions, judged by the definitions that ship."""

from datetime import date

import pytest

from lianfang.definitions.editions import definitions_dir, read_library
from lianfang.definitions.judging import judge
from lianfang.surveillance.evidence import Evidence, Exposure, LabResult
from tests.spec.tables import rows

pytestmark = pytest.mark.pure

LIBRARY = read_library(definitions_dir())
ROWS = list(rows("explanation/case-definitions.md", "class"))


def words(cell: str) -> list[str]:
    return [word.strip() for word in cell.split(",") if word.strip()]


def told(cell: str) -> dict[str, bool]:
    return {word.removeprefix("no "): not word.startswith("no ") for word in words(cell) if word != "none"}


def result(text: str, year: int) -> LabResult:
    test, found, *day = text.split()
    return LabResult(test, found, sampled_on=date.fromisoformat(f"{year}-{day[0]}") if day else None)


@pytest.mark.parametrize(("place", "facts"), ROWS, ids=[place for place, _ in ROWS])
def test_the_manual_says_what_the_definitions_do(place, facts):
    edition = LIBRARY.diseases[facts["disease"]].edition(facts["edition"])
    day = date.fromisoformat(facts["day"]) if facts.get("day") else edition.valid_from
    age = float(facts["age"]) if facts.get("age") else None
    evidence = Evidence(
        declared=facts["stated"] or None,
        asymptomatic=True if facts["symptoms"] == "none" else None,
        symptoms=told(facts["symptoms"]),
        signs=told(facts["signs"]),
        exposures=[Exposure(kind) for kind in words(facts["exposures"])],
        labs=[result(text, day.year) for text in words(facts["results"])],
        age_low=age,
        age_high=None if age is None else age + 1,
    )
    used = {*evidence.symptoms} - LIBRARY.vocabularies["symptoms"].keys()
    used |= {*evidence.signs} - LIBRARY.vocabularies["signs"].keys()
    used |= {exposure.kind for exposure in evidence.exposures} - LIBRARY.vocabularies["exposures"].keys()
    assert not used, f"{place} uses words that no vocabulary has"
    assert judge(evidence, edition, day, facts.get("area", "").split("/")).classification == facts["class"], place


def test_the_page_covers_every_class_that_has_a_logic():
    shown = {(facts["disease"], facts["class"]) for _, facts in ROWS}
    diseases = {disease for disease, _ in shown}
    wanted = {
        (disease.code, code)
        for disease in LIBRARY.diseases.values()
        if disease.code in diseases
        for edition in disease.editions
        for code, entry in edition.classes.items()
        if entry.logic is not None
    }
    assert wanted - shown == set()
