"""What the values of one row say about each other: days in their order, ages and birth dates, identities."""

from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

from .ages import ReadAge
from .dates import ReadDate
from .findings import Finding, note, refused, uncertain
from .identity import ReadIdNumber
from .symptoms import ReadSymptoms

LONG_DELAY_DAYS = 180
TOLERATED_YEARS = 1.1  # an age may be told by the year of birth

Say = Callable[[Finding], None]

# What has to come before what; the second entry says how grave it is when it doesn't.
_ORDER: tuple[tuple[str, str, str, Callable[..., Finding]], ...] = (
    ("birth_date", "onset_date", "import.onset_before_birth", refused),
    ("birth_date", "report_date", "import.report_before_birth", refused),
    ("onset_date", "death_date", "import.death_before_onset", refused),
    ("onset_date", "discharge_date", "import.discharge_before_onset", refused),
    ("onset_date", "outcome_date", "import.outcome_before_onset", refused),
    ("admission_date", "discharge_date", "import.discharge_before_admission", refused),
    ("admission_date", "outcome_date", "import.outcome_before_admission", uncertain),
    ("admission_date", "death_date", "import.death_before_admission", uncertain),
    ("onset_date", "report_date", "import.onset_after_report", uncertain),
    ("onset_date", "confirm_date", "import.onset_after_confirmation", note),
    ("onset_date", "admission_date", "import.onset_after_admission", note),
    ("exposure_date", "onset_date", "import.exposure_after_onset", uncertain),
    ("onset_date", "rash_date", "import.rash_before_onset", note),
    ("sampled_date", "result_date", "import.result_before_sample", uncertain),
)
_NOT_CORE_DAYS = frozenset({"return_date", "travel_dates"})


def check_case(values: dict[str, Any], today: date, say: Say) -> None:
    """Compare a case's values, derive what follows from them, and say what does not fit."""
    dates = {key: value for key, value in values.items() if type(value) is ReadDate}
    for key, value in dates.items():
        # The last day that may be meant counts where it is one day, the first where it is a span.
        first = value.earliest or value.latest
        if first is not None and first > today:
            made = uncertain if key in _NOT_CORE_DAYS else refused
            say(made("import.day_in_future", day=str(value), today=str(today)).at("", key, value.text))
    if "id_number" in values:
        _identity(values, dates, say)
    if len(dates) > 1:
        _in_order(values, dates, say)
    if "death_date" in dates or "discharge_date" in dates or "outcome" in values:
        _outcome(values, dates, say)
    if "birth_date" in dates and "age" in values:
        _age(values, dates, say)
    if values.get("classification") == "asymptomatic":
        read = values.get("symptoms")
        if isinstance(read, ReadSymptoms) and set(read.present) - {"pneumonia"}:
            say(
                uncertain("import.asymptomatic_with_symptoms", symptoms=", ".join(read.present)).at(
                    "", "classification", "asymptomatic"
                )
            )


@cache
def _orders_among(keys: tuple[str, ...]) -> tuple[tuple[str, str, str, Callable[..., Finding]], ...]:
    return tuple(entry for entry in _ORDER if entry[0] in keys and entry[1] in keys)


def _in_order(values: dict[str, Any], dates: dict[str, ReadDate], say: Say) -> None:
    for before, after, code, made in _orders_among(tuple(dates)):
        first, second = dates[before], dates[after]
        if first.earliest is None or second.latest is None:
            continue
        if first.earliest > second.latest:
            say(made(code, **{before: str(first), after: str(second)}).at("", after, second.text))
    onset, report = dates.get("onset_date"), dates.get("report_date") or dates.get("confirm_date")
    if (
        onset
        and report
        and onset.latest
        and report.earliest
        and (report.earliest - onset.latest).days > LONG_DELAY_DAYS
    ):
        days = (report.earliest - onset.latest).days
        say(uncertain("import.onset_long_before", days=days).at("", "onset_date", onset.text))


def _outcome(values: dict[str, Any], dates: dict[str, ReadDate], say: Say) -> None:
    """Outcome, its day, and the days of death and discharge tell of one thing."""
    death, discharge, outcome = dates.get("death_date"), dates.get("discharge_date"), values.get("outcome")
    if outcome is None:
        if death and discharge:
            say(
                uncertain("import.death_and_discharge", death=str(death), discharge=str(discharge)).at(
                    "", "outcome", ""
                )
            )
            return
        values["outcome"] = "died" if death else "discharged"
        say(note("import.outcome_from_day", values["outcome"], outcome=values["outcome"]))
    elif death and outcome in ("discharged", "recovered", "alive", "in_care"):
        say(uncertain("import.outcome_against_death", outcome=outcome, death=str(death)).at("", "outcome", outcome))
        return
    elif discharge and outcome == "died" and not death:
        say(uncertain("import.outcome_against_discharge", discharge=str(discharge)).at("", "outcome", outcome))
        return
    if "outcome_date" not in dates:
        day = death if values["outcome"] == "died" else discharge
        if day is not None:
            values["outcome_date"] = day


def _identity(values: dict[str, Any], dates: dict[str, ReadDate], say: Say) -> None:
    read = values["id_number"]
    if not isinstance(read, ReadIdNumber) or read.birth_date is None:
        return
    born = dates.get("birth_date")
    if born is None:
        values["birth_date"] = dates["birth_date"] = ReadDate(
            read.birth_date, read.birth_date, "day", read.number, "id number"
        )
        say(note("import.birth_date_from_id"))
    elif not (born.earliest and born.latest and born.earliest <= read.birth_date <= born.latest):
        say(
            uncertain("import.id_birth_differs", id_birth=str(read.birth_date), birth=str(born)).at(
                "", "birth_date", born.text
            )
        )
    sex = values.get("sex")
    if sex is None:
        values["sex"] = read.sex
        say(note("import.sex_from_id"))
    elif sex != read.sex:
        say(uncertain("import.id_sex_differs", id_sex=read.sex, sex=sex).at("", "sex", sex))


def _age(values: dict[str, Any], dates: dict[str, ReadDate], say: Say) -> None:
    age, born = values["age"], dates["birth_date"]
    when = (
        dates.get("onset_date") or dates.get("report_date") or dates.get("confirm_date") or dates.get("admission_date")
    )
    if (
        not isinstance(age, ReadAge)
        or when is None
        or not (born.earliest and born.latest and when.earliest and when.latest)
    ):
        return
    low = (when.earliest - born.latest).days / 365.25
    high = (when.latest - born.earliest).days / 365.25
    told_high = age.years_high if age.years_high is not None else 200.0
    if age.years_low > high + TOLERATED_YEARS or told_high + 1 < low - TOLERATED_YEARS:
        say(
            uncertain("import.age_against_birth", age=str(age), birth=str(born), years=round(max(low, 0), 1)).at(
                "", "age", age.text
            )
        )
