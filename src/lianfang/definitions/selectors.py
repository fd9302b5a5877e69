"""Reads of the definitions. The files are read once a process; what they say is in memory from then on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from lianfang.kernel.refusals import Refused, refuse

from .editions import (
    UNCLASSIFIED,
    Disease,
    Edition,
    Form,
    Library,
    Observation,
    Vocabulary,
    definitions_dir,
    read_library,
)

UNCLASSIFIED_LABEL = {"zh": "未分类", "en": "unclassified"}


@cache
def library() -> Library:
    """All definitions. Raises HalfRight naming every problem with file, line and remedy."""
    return read_library(definitions_dir())


def language() -> str:
    """The language in force as the definitions name it: zh or en."""
    return "zh" if (get_language() or "").startswith("zh") else "en"


def label(of: Any, lang: str = "") -> str:
    """The label of anything that has one, in the language in force or the one told."""
    return str(of.label[lang or language()])


def diseases() -> list[Disease]:
    """All diseases, by code."""
    return list(library().diseases.values())


def disease(code: str) -> Disease | None:
    return library().diseases.get(code)


def _known(code: str) -> Disease:
    found = disease(code)
    if found is None:
        raise Refused(refuse("case.unknown_disease", "disease", disease=code))
    return found


def edition(disease_code: str, code: str) -> Edition:
    """One edition. Raises Refused naming those that there are."""
    found = _known(disease_code).edition(code)
    if found is None:
        names = ", ".join(entry.code for entry in _known(disease_code).editions)
        raise Refused(refuse("definitions.unknown_edition", "edition", disease=disease_code, edition=code, known=names))
    return found


def edition_on(disease_code: str, day: date) -> Edition:
    """The edition in force on a day; before the first one, the first."""
    return _known(disease_code).edition_on(day)


def observation_on(disease_code: str, day: date) -> Observation:
    """Medical observation as it is done on a day. Raises Refused where no edition of the disease asks for it."""
    found = _known(disease_code).observation_on(day)
    if found is None:
        raise Refused(
            refuse("stay.no_observation", "disease", disease=disease_code, edition=edition_on(disease_code, day).code)
        )
    return found


def editions(disease_code: str) -> tuple[Edition, ...]:
    """All editions of a disease, the oldest first."""
    return _known(disease_code).editions


def class_labels(disease_code: str, day: date, lang: str = "") -> dict[str, str]:
    """The classes of the edition in force on a day, by code, in the order of the file."""
    return {code: label(entry, lang) for code, entry in edition_on(disease_code, day).classes.items()}


def all_class_labels(lang: str = "") -> dict[tuple[str, str], str]:
    """Every class of every edition: {(disease, class): label}; a later edition's label wins."""
    return _all_class_labels(lang or language())


@cache
def _all_class_labels(lang: str) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for entry in diseases():
        found[entry.code, UNCLASSIFIED] = UNCLASSIFIED_LABEL[lang]
        for dated in entry.editions:
            found.update({(entry.code, code): label(given, lang) for code, given in dated.classes.items()})
    return found


def vocabulary(name: str) -> Vocabulary:
    """A vocabulary with its words in both languages, by code."""
    return library().vocabularies[name]


def terms(name: str, lang: str = "") -> dict[str, str]:
    """The words of a vocabulary in one language, by code."""
    return {code: words[lang or language()] for code, words in library().vocabularies[name].items()}


def form(name: str) -> Form:
    """A form. Raises Refused when there is none of this name."""
    found = library().forms.get(name)
    if found is None:
        raise Refused(refuse("kernel.not_found", "form"))
    return found


def explained(disease_code: str, edition_code: str, judgement: Mapping[str, Any], lang: str = "") -> dict[str, Any]:
    """A kept judgement in words: what held, and what each class above still lacks."""
    found = edition(disease_code, edition_code)

    def words(code: str) -> str:
        return label(found.criteria[code], lang) if code in found.criteria else code

    return {
        "held": [words(code) for code in judgement.get("held", ())],
        "missing": [
            {
                "code": code,
                "label": label(found.classes[code], lang) if code in found.classes else code,
                "criteria": [{"words": words(part), "state": state} for part, state in parts.items()],
            }
            for code, parts in judgement.get("missing", {}).items()
        ],
    }


def answer_words(of: Form, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The questions of a form that were answered, each with its answer in words, in the order of the form."""
    plain = {"yes": _("yes"), "no": _("no"), "unknown": _("unknown")}
    said = []
    for question in of.questions():
        answer = answers.get(question.code)
        if answer in (None, "", []):
            continue
        words = question.words(library().vocabularies) if question.kind in ("choice", "choices") else {}
        given = answer if isinstance(answer, list) else [answer]
        shown = [words[code][language()] if code in words else plain.get(code, code) for code in map(str, given)]
        said.append((label(question), ", ".join(shown)))
    return said


def evidence_words(content: Mapping[str, Any], lang: str = "") -> list[str]:
    """Evidence as kept, in short lines for a person."""

    def term(name: str, code: str) -> str:
        return terms(name, lang).get(code, code)

    said = [
        (_("class stated"), content.get("declared") and _class_word(content["declared"], lang)),
        (_("onset"), _span(content.get("onset_on"), content.get("onset_until"))),
        (_("no symptoms"), content.get("asymptomatic") and _("stated")),
        (_("diagnosed"), content.get("diagnosed_on")),
        (_("reported"), content.get("reported_on")),
        (_("confirmed"), content.get("confirmed_on")),
        (_("admitted"), content.get("admitted_on")),
        (_("severity"), content.get("severity") and term("severities", content["severity"])),
        (
            _("outcome"),
            content.get("outcome")
            and f"{term('outcomes', content['outcome'])} {content.get('outcome_on') or ''}".strip(),
        ),
        (_("area"), content.get("area_code")),
    ]
    for name, vocabulary_name, present, absent in (
        ("symptoms", "symptoms", _("symptoms"), _("no")),
        ("signs", "signs", _("signs"), _("no")),
    ):
        given = content.get(name, {})
        said.append((present, ", ".join(term(vocabulary_name, code) for code, told in given.items() if told)))
        said.append((absent, ", ".join(term(vocabulary_name, code) for code, told in given.items() if not told)))
    for exposure in content.get("exposures", ()):
        days = _span(exposure.get("first_on"), exposure.get("last_on"))
        said.append((_("exposure"), f"{term('exposures', exposure['kind'])} {days}".strip()))
    for lab in content.get("labs", ()):
        days = lab.get("resulted_on") or lab.get("sampled_on") or ""
        specimen = term("specimens", lab["specimen"]) if lab.get("specimen") else ""
        parts = (term("tests", lab["test"]), specimen, term("results", lab["result"]), days)
        said.append((_("laboratory result"), " ".join(part for part in parts if part)))
    colon = pgettext("between a name and what is said of it", ": ")
    return [f"{name}{colon}{value}" for name, value in said if value]


def _span(first: str | None, last: str | None) -> str:
    return f"{first} … {last}" if first and last and first != last else first or last or ""


def _class_word(code: str, lang: str) -> str:
    return next((words for (_disease, known), words in all_class_labels(lang).items() if known == code), code)


@dataclass(frozen=True)
class ImportTerms:
    """What a file's words may become for a disease."""

    disease: Disease
    symptoms: frozenset[str]
    signs: frozenset[str]
    severities: frozenset[str]
    exposures: frozenset[str]
    test: str

    def classes_on(self, day: date, area_codes: tuple[str, ...]) -> list[str]:
        """The classes that a case living in these areas may be given on a day."""
        classes = self.disease.edition_on(day).classes
        return [code for code, entry in classes.items() if entry.available(day, area_codes)]


def import_terms(disease_code: str) -> ImportTerms:
    """What a file's words may become for a disease."""
    known = library().vocabularies
    found = _known(disease_code)
    return ImportTerms(
        found,
        frozenset(known["symptoms"]),
        frozenset(known["signs"]),
        frozenset(known["severities"]),
        frozenset(known["exposures"]),
        found.main_test or next(iter(known["tests"])),
    )
