"""What follows from the evidence of a case: its class under the edition of a day, its dates, and what cannot be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from lianfang.definitions import selectors as definitions
from lianfang.definitions.editions import Edition
from lianfang.definitions.judging import judge
from lianfang.kernel.refusals import Refusal, Refused, refuse

from .evidence import Evidence

OLDEST_YEARS = 130


@dataclass(frozen=True)
class Known:
    """What is known of a case, judged under one edition."""

    edition: str
    classification: str
    declared: bool
    judgement: dict[str, Any]
    judged_on: date
    onset_on: date | None
    onset_until: date | None
    reported_on: date
    confirmed_on: date | None
    admitted_on: date | None
    severity: str
    outcome: str
    outcome_on: date | None
    sex: str
    age_low: float | None
    age_high: float | None


def known(
    evidence: Evidence,
    disease: str,
    judged_on: date,
    reported_fallback: date,
    area_path: str = "",
    edition: Edition | None = None,
) -> Known:
    """Derive what is known from all evidence, by the edition in force on a day or by the one given.

    Raises Refused when the stated class does not exist in the edition, or a term is in no vocabulary.
    """
    held = edition or definitions.edition_on(disease, judged_on)
    codes = tuple(area_path.rstrip("/").split("/")) if area_path else ()
    wrong = unknown_terms(evidence)
    if evidence.declared and edition is None:
        open_classes = [code for code, entry in held.classes.items() if entry.available(judged_on, codes)]
        if evidence.declared not in open_classes:
            wrong.append(
                refuse(
                    "case.unknown_class",
                    "declared",
                    classification=evidence.declared,
                    edition=held.code,
                    day=judged_on,
                    known=", ".join(open_classes),
                )
            )
    if wrong:
        raise Refused(*wrong)
    judgement = judge(evidence, held, judged_on, codes)
    return Known(
        edition=held.code,
        classification=judgement.classification,
        declared=judgement.declared,
        judgement=judgement.content(),
        judged_on=judged_on,
        onset_on=evidence.onset_on,
        onset_until=evidence.onset_until,
        reported_on=evidence.reported_on or reported_fallback,
        confirmed_on=_confirmed_on(evidence, judged_on) if judgement.classification in held.confirmed_classes else None,
        admitted_on=evidence.admitted_on,
        severity=evidence.severity or "",
        outcome=evidence.outcome or "",
        outcome_on=evidence.outcome_on,
        sex=evidence.sex or "U",
        age_low=evidence.age_low,
        age_high=evidence.age_high,
    )


def age_on(born: date | None, day: date) -> tuple[float | None, float | None]:
    """The age in years on a day as what it is at least and what it is below; in months below one year. None when unknown."""
    if born is None or born > day:
        return None, None
    months = (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)
    return (months / 12, (months + 1) / 12) if months < 12 else (months // 12, months // 12 + 1)


def aged(evidence: Evidence, born: date | None, reported_fallback: date) -> Evidence:
    """The evidence with the age at onset, or at report, that follows from a date of birth, where it tells of none itself."""
    if evidence.age_low is not None or evidence.age_high is not None:
        return evidence
    low, high = age_on(born, evidence.onset_on or evidence.reported_on or reported_fallback)
    return msgspec.structs.replace(evidence, age_low=low, age_high=high)


def _confirmed_on(evidence: Evidence, judged_on: date) -> date:
    """The day told; else that of the first positive result; else that on which the class was stated or judged."""
    positives = [lab.resulted_on or lab.sampled_on for lab in evidence.labs if lab.result == "positive"]
    dated = [day for day in positives if day]
    return evidence.confirmed_on or (
        min(dated) if dated else evidence.declared_on or evidence.diagnosed_on or judged_on
    )


VOCABULARY_OF = {"severity": "severities", "outcome": "outcomes"}


def unknown_terms(evidence: Evidence) -> list[Refusal]:
    """Terms that stand in no vocabulary."""
    used: list[tuple[str, str, Sequence[str]]] = [
        ("symptoms", "symptoms", list(evidence.symptoms)),
        ("signs", "signs", list(evidence.signs)),
        ("exposures", "exposures", [exposure.kind for exposure in evidence.exposures]),
        ("labs", "tests", [lab.test for lab in evidence.labs]),
        ("labs", "results", [lab.result for lab in evidence.labs]),
        ("labs", "specimens", [lab.specimen for lab in evidence.labs if lab.specimen]),
        ("severity", "severities", [evidence.severity] if evidence.severity else []),
        ("outcome", "outcomes", [evidence.outcome] if evidence.outcome else []),
    ]
    return [
        refuse("case.unknown_term", about, term=term, vocabulary=name)
        for about, name, terms in used
        for term in terms
        if term not in definitions.vocabulary(name)
    ]


def impossible_dates(evidence: Evidence, today: date) -> list[Refusal]:
    """Days that lie in the future, spans that end before they begin, ages that nobody reaches."""
    days = [
        ("onset_on", evidence.onset_on),
        ("onset_until", evidence.onset_until),
        ("declared_on", evidence.declared_on),
        ("diagnosed_on", evidence.diagnosed_on),
        ("reported_on", evidence.reported_on),
        ("confirmed_on", evidence.confirmed_on),
        ("admitted_on", evidence.admitted_on),
        ("outcome_on", evidence.outcome_on),
    ]
    days += [("labs", day) for lab in evidence.labs for day in (lab.sampled_on, lab.resulted_on)]
    days += [("exposures", exposure.first_on) for exposure in evidence.exposures]
    found = [refuse("case.future_date", about, day=day) for about, day in days if day is not None and day > today]
    if evidence.onset_on and evidence.onset_until and evidence.onset_until < evidence.onset_on:
        found.append(refuse("case.span_reversed", "onset_until"))
    if evidence.onset_on and evidence.outcome_on and evidence.outcome_on < evidence.onset_on:
        found.append(
            refuse(
                "case.outcome_before_onset", "outcome_on", outcome_on=evidence.outcome_on, onset_on=evidence.onset_on
            )
        )
    low, high = evidence.age_low, evidence.age_high
    if any(age is not None and not 0 <= age <= OLDEST_YEARS for age in (low, high)) or (low or 0) > (
        high if high is not None else OLDEST_YEARS
    ):
        found.append(refuse("case.impossible_age", "age"))
    return found


def day_of(evidence: Evidence, observed_at: datetime | None, today: date) -> date:
    """The day by whose edition new evidence is judged: its own day, else when it was observed, else today."""
    own = [lab.resulted_on or lab.sampled_on for lab in evidence.labs]
    own += [evidence.declared_on, evidence.confirmed_on, evidence.diagnosed_on]
    dated = [day for day in own if day is not None]
    if dated:
        return min(max(dated), today)
    return min(observed_at.date(), today) if observed_at is not None else today
