"""The protocols as data: diseases with their dated editions, vocabularies and forms, read from files and checked whole.

A file is taken whole or refused with everything that is wrong in it, each with its line and what to do about it.
"""

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from lianfang.kernel.refusals import Refusal, refuse

LONGEST_ANSWER = 4000
UNCLASSIFIED = "unclassified"
COUNTS_AS = ("confirmed", "suspected", "case", "none")
VOCABULARIES = (
    "symptoms",
    "signs",
    "exposures",
    "tests",
    "results",
    "specimens",
    "severities",
    "outcomes",
    "occupations",
    "contact_kinds",
    "relations",
    "vehicles",
    "call_outcomes",
    "certainties",
    "stay_end_reasons",
)
ANCHORS = ("onset", "sampling")  # what a contact window counts from


Vocabulary = Mapping[str, Mapping[str, str]]


class HalfRight(ValueError):
    """A file is not whole. The message names every problem with file, line and remedy, one a line."""

    def __init__(self, problems: Sequence[str]):
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Criterion:
    """One thing that a case definition asks: of symptoms, signs, exposures, laboratory results or age."""

    code: str
    kind: str
    label: Mapping[str, str]
    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    within_days: int | None = None  # exposures: at most so many days before onset
    result: str = ""  # laboratory: the result asked for
    times: int = 1
    days_apart: int = 0
    from_years: float | None = None
    under_years: float | None = None


@dataclass(frozen=True)
class AtLeast:
    """At least ``number`` of ``parts`` hold; "all" and "any" are the two ends of it."""

    number: int
    parts: tuple["AtLeast | str", ...]

    def criteria(self) -> Iterator[str]:
        """Codes of the criteria named anywhere in it; "class:…" for another class of the edition."""
        for part in self.parts:
            if isinstance(part, str):
                yield part
            else:
                yield from part.criteria()


@dataclass(frozen=True)
class CaseClass:
    """A class of the case definition: its logic, what it counts as, and which other classes it takes the place of."""

    code: str
    label: Mapping[str, str]
    counts_as: str
    logic: AtLeast | None = None
    overrides: tuple[str, ...] = ()
    in_area: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None  # the first day on which it no longer holds

    def available(self, day: date, area_codes: Sequence[str]) -> bool:
        """Whether a case judged on a day, living in the areas of these codes, may be given this class."""
        if self.in_area and not set(self.in_area) & set(area_codes):
            return False
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day < self.valid_until
        )


@dataclass(frozen=True)
class ContactWindow:
    """From when on being with a case counts: so many days before its onset or, of one without symptoms, its sampling."""

    anchor: str
    days_before: int
    asymptomatic_anchor: str = ""  # empty where the edition says nothing of cases without symptoms


@dataclass(frozen=True)
class ContactCategory:
    """What an exposure makes of a person. What is not asked for here is None or empty."""

    code: str
    label: Mapping[str, str]
    observed: bool  # owes medical observation
    in_window: bool = True  # only within the contact window of the case
    unprotected: bool = False  # only without effective protection
    within_metres: float | None = None
    kinds: tuple[str, ...] = ()  # only exposures of these kinds


@dataclass(frozen=True)
class SeatRule:
    """Who sat near enough in a vehicle of a kind: within so many rows, or anywhere in the same compartment."""

    vehicle: str
    rows_each_way: int | None = None
    same_compartment: bool = False


@dataclass(frozen=True)
class Observation:
    """Medical observation as an edition asks for it, counted from the last unprotected exposure."""

    days: int
    check_by: tuple[time, ...]  # the hours of a day by which a check-in is owed
    early_end: tuple[str, ...]  # the reasons for which it may end before its day
    fever_from: float | None = None  # °C
    symptoms: tuple[str, ...] = ()  # each of them is reported at once
    assumed: tuple[str, ...] = ()  # keys of the file that its source does not give
    source: str = ""


@dataclass(frozen=True)
class Edition:
    """One dated edition of a disease's protocol."""

    disease: str
    code: str
    valid_from: date
    source: str
    criteria: Mapping[str, Criterion]
    classes: Mapping[str, CaseClass]
    deadlines: Mapping[str, timedelta]
    assumed: bool = False
    traced: tuple[str, ...] = ()  # the classes whose contacts are traced; being given one opens tracing
    contact_window: ContactWindow | None = None
    contact_categories: Mapping[str, ContactCategory] = field(default_factory=dict)  # the strictest first
    seat_rules: Mapping[str, SeatRule] = field(default_factory=dict)  # by kind of vehicle
    observation: Observation | None = None
    content: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def observation_days(self) -> int | None:
        """Days of medical observation after the last unprotected exposure; None where the edition states none."""
        return self.observation.days if self.observation else None

    @property
    def fever_from(self) -> float | None:
        """The temperature in °C from which somebody under observation has fever; None where the edition does not say."""
        return self.observation.fever_from if self.observation else None

    @property
    def listed_symptoms(self) -> tuple[str, ...]:
        """Symptoms that somebody under observation must report at once."""
        return self.observation.symptoms if self.observation else ()

    def deadline(self, name: str) -> timedelta | None:
        """The limit of a duty ("direct_report", "review", "investigation"), or None where the edition names none."""
        return self.deadlines.get(name)

    @cached_property
    def not_investigated(self) -> frozenset[str]:
        """Classes that no investigation is owed for."""
        return frozenset(code for code, entry in self.classes.items() if entry.counts_as == "none")

    def _counting(self, *as_what: str) -> tuple[str, ...]:
        return tuple(code for code, entry in self.classes.items() if entry.counts_as in as_what)

    @cached_property
    def confirmed_classes(self) -> tuple[str, ...]:
        """Classes that the bulletin's confirmed figure counts."""
        return self._counting("confirmed")

    @cached_property
    def suspected_classes(self) -> tuple[str, ...]:
        """Classes that the bulletin's suspected figure counts."""
        return self._counting("suspected")

    @cached_property
    def case_classes(self) -> tuple[str, ...]:
        """Classes of people who are, or were found to be, infected: confirmed ones and those counted beside them."""
        return self._counting("confirmed", "case")


@dataclass(frozen=True)
class SerialInterval:
    """Days from one case's onset to the onset of those it infected."""

    mean_days: float
    sd_days: float
    source: str = ""
    assumed: bool = False


@dataclass(frozen=True)
class Disease:
    """A disease and all its editions, the oldest first."""

    code: str
    label: Mapping[str, str]
    editions: tuple[Edition, ...]
    incubation_days: tuple[int, int] | None = None
    serial_interval: SerialInterval | None = None
    main_test: str = ""  # the test that a bare "positive" stands for

    def edition(self, code: str) -> Edition | None:
        return next((entry for entry in self.editions if entry.code == code), None)

    def edition_on(self, day: date) -> Edition:
        """The edition in force on a day; before the first one, the first."""
        held = [entry for entry in self.editions if entry.valid_from <= day]
        return held[-1] if held else self.editions[0]

    def observation_on(self, day: date) -> Observation | None:
        """Medical observation as it is done on a day: by the last edition that asks for it, since whoever is observed when
        an edition asks for none any more is still looked after. None where no edition does."""
        asking = [entry for entry in self.editions if entry.observation is not None]
        held = [entry for entry in asking if entry.valid_from <= day] or asking[:1]
        return held[-1].observation if held else None


@dataclass(frozen=True)
class Question:
    """One question of a form. ``kind`` is text, yes_no, date, number, choice or choices."""

    code: str
    label: Mapping[str, str]
    kind: str
    required: bool = False
    vocabulary: str = ""
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    help: Mapping[str, str] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None

    def words(self, vocabularies: Mapping[str, "Vocabulary"]) -> Mapping[str, Mapping[str, str]]:
        """The answers to choose from, with their words."""
        return vocabularies[self.vocabulary] if self.vocabulary else self.choices

    def accepts(self, answer: Any, vocabularies: Mapping[str, "Vocabulary"]) -> bool:
        """Whether this can be an answer to the question."""
        if self.kind == "text":
            return isinstance(answer, str) and len(answer) <= LONGEST_ANSWER
        if self.kind == "yes_no":
            return answer in ("yes", "no", "unknown")
        if self.kind == "date":
            try:
                return isinstance(answer, str) and bool(date.fromisoformat(answer))
            except ValueError:
                return False
        if self.kind == "number":
            is_number = isinstance(answer, int | float) and not isinstance(answer, bool)
            return is_number and (self.low is None or answer >= self.low) and (self.high is None or answer <= self.high)
        known = self.words(vocabularies)
        chosen = [answer] if self.kind == "choice" else answer
        return isinstance(chosen, list) and all(isinstance(code, str) and code in known for code in chosen)


@dataclass(frozen=True)
class Section:
    """Questions under one heading."""

    code: str
    label: Mapping[str, str]
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Form:
    """A form of one edition, as sections of questions."""

    code: str
    label: Mapping[str, str]
    source: str
    sections: tuple[Section, ...]

    def questions(self) -> Iterator[Question]:
        for section in self.sections:
            yield from section.questions

    def problems(self, answers: Mapping[str, Any], vocabularies: Mapping[str, "Vocabulary"]) -> list[Refusal]:
        """Everything that is wrong with the answers given; a question that is not answered is simply absent."""
        asked = {question.code: question for question in self.questions()}
        found = [refuse("form.no_such_question", code, question=code) for code in answers.keys() - asked.keys()]
        for code, question in asked.items():
            answer = answers.get(code)
            if answer in (None, "", []):
                if question.required:
                    found.append(refuse("form.answer_missing", code, question=code))
            elif not question.accepts(answer, vocabularies):
                found.append(refuse("form.answer_unfit", code, question=code, answer=answer))
        return found


def definitions_dir() -> Path:
    """Where the definitions lie: LIANFANG_DEFINITIONS, or those packed with the platform, or the repository's own."""
    if told := os.environ.get("LIANFANG_DEFINITIONS"):
        return Path(told)
    package = Path(__file__).resolve().parents[1]
    packed = package / "_definitions"
    return packed if packed.is_dir() else package.parents[1] / "definitions"


class _File:
    """A definitions file being read: hands out what it needs and remembers what is wrong, each with its line."""

    def __init__(self, path: Path):
        self.path, self.text = path, path.read_text(encoding="utf-8")
        self.problems: list[str] = []
        try:
            self.content: dict[str, Any] = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as wrong:
            found = re.search(r"line (\d+)", str(wrong))
            raise HalfRight([f"{path.name}:{found[1] if found else 1}: not valid TOML: {wrong}"]) from None

    def line_of(self, *place: str | int) -> int:
        """The line where a place stands: table and array headers first, then the key below them."""
        lines = self.text.splitlines()
        at, end, header = 0, len(lines), ""
        for step in place:
            if isinstance(step, int):
                starts = [n for n, line in enumerate(lines) if line.strip() == f"[[{header}]]"]
                if step < len(starts):
                    at = starts[step]
                    end = starts[step + 1] if step + 1 < len(starts) else len(lines)
                continue
            header = f"{header}.{step}" if header else step
            opened = [
                n
                for n in range(at, end)
                if lines[n].strip().strip("[]") == header and lines[n].lstrip().startswith("[")
            ]
            keyed = [n for n in range(at, end) if re.match(rf"\s*\"?{re.escape(step)}\"?\s*=", lines[n])]
            if opened:
                at = opened[0]
            elif keyed:
                at = keyed[0]
        return at + 1

    def wrong(self, place: Sequence[str | int], problem: str, remedy: str) -> None:
        self.problems.append(f"{self.path.name}:{self.line_of(*place)}: {problem}; {remedy}")

    def keys(self, entry: Mapping[str, Any], place: Sequence[str | int], needed: set[str], allowed: set[str]) -> bool:
        for key in sorted(entry.keys() - needed - allowed):
            self.wrong(
                [*place, key],
                f"nobody reads the key “{key}”",
                f"remove it, or use one of {', '.join(sorted(needed | allowed))}",
            )
        missing = sorted(needed - entry.keys())
        if missing:
            self.wrong(place, f"lacks {', '.join(missing)}", "add it")
        return not missing

    def label(self, entry: Any, place: Sequence[str | int]) -> Mapping[str, str]:
        if (
            not isinstance(entry, dict)
            or not {"zh", "en"} <= entry.keys()
            or not all(isinstance(text, str) and text for text in entry.values())
        ):
            self.wrong(place, "the label is not in both languages", 'write label = { zh = "…", en = "…" }')
            return {"zh": "?", "en": "?"}
        return entry

    def done(self) -> None:
        if self.problems:
            raise HalfRight(self.problems)


KINDS: dict[str, tuple[set[str], set[str]]] = {  # needed and allowed keys of each kind of criterion
    "symptoms": (set(), {"any_of", "all_of"}),
    "sign": (set(), {"any_of", "all_of"}),
    "exposure": ({"any_of"}, {"within_days"}),
    "lab": ({"any_of", "result"}, {"times", "days_apart"}),
    "no_symptoms": (set(), set()),
    "age": (set(), {"from_years", "under_years"}),
}
WORDS_OF = {"symptoms": "symptoms", "sign": "signs", "exposure": "exposures", "lab": "tests"}


def read_disease(path: Path, vocabularies: Mapping[str, Vocabulary]) -> Disease:
    """A disease from its file. Raises HalfRight with everything that is wrong in it."""
    file = _File(path)
    content = file.content
    allowed = {"incubation_days", "serial_interval", "criteria", "main_test"}
    if not file.keys(content, [], {"code", "label", "editions"}, allowed):
        file.done()
    code = content["code"]
    if code != path.stem:
        file.wrong(["code"], f"the code “{code}” is not the file's name", f'write code = "{path.stem}"')
    criteria = {
        name: _criterion(file, name, entry, vocabularies) for name, entry in content.get("criteria", {}).items()
    }
    editions = [
        _edition(file, code, position, entry, criteria, vocabularies)
        for position, entry in enumerate(content["editions"])
    ]
    read = [entry for entry in editions if entry is not None]
    for earlier, later in zip(read, read[1:], strict=False):
        if later.valid_from <= earlier.valid_from:
            file.wrong(
                ["editions", read.index(later)],
                f"edition {later.code} does not begin after edition {earlier.code}",
                "put the editions in the order of their days",
            )
    if len({entry.code for entry in read}) < len(read):
        file.wrong(["editions"], "two editions have one code", "give each its own")
    interval = content.get("serial_interval")
    if interval is not None and file.keys(
        interval, ["serial_interval"], {"mean_days", "sd_days", "source"}, {"assumed"}
    ):
        interval = SerialInterval(**interval)
        if interval.mean_days <= 1 or interval.sd_days <= 0:
            file.wrong(
                ["serial_interval"],
                "the mean must be above one day and the standard deviation above zero",
                "check the source",
            )
    if (test := content.get("main_test", "")) and test not in vocabularies["tests"]:
        file.wrong(["main_test"], f"“{test}” is not in the vocabulary of tests", "add it there or correct it here")
    label = file.label(content["label"], ["label"])
    file.done()
    days = content.get("incubation_days")
    return Disease(code, label, tuple(read), (days[0], days[1]) if days else None, interval, test)


def _criterion(file: _File, code: str, entry: dict[str, Any], vocabularies: Mapping[str, Vocabulary]) -> Criterion:
    place = ["criteria", code]
    kind = entry.get("kind", "")
    if kind not in KINDS:
        file.wrong([*place, "kind"], f"“{kind}” is no kind of criterion", f"use one of {', '.join(KINDS)}")
        return Criterion(code, kind, {"zh": "?", "en": "?"})
    needed, allowed = KINDS[kind]
    file.keys(entry, place, {"kind", "label"} | needed, allowed)
    if kind in ("symptoms", "sign") and ("any_of" in entry) == ("all_of" in entry):
        file.wrong(place, "needs either any_of or all_of", "write one of the two")
    known = vocabularies.get(WORDS_OF.get(kind, ""), {})
    for key in ("any_of", "all_of"):
        for word in entry.get(key, []):
            if word not in known:
                file.wrong(
                    [*place, key],
                    f"“{word}” is not in the vocabulary of {WORDS_OF[kind]}",
                    "add it there or correct it here",
                )
    if kind == "lab" and entry.get("result") not in vocabularies["results"]:
        file.wrong(
            [*place, "result"],
            f"“{entry.get('result')}” is not in the vocabulary of results",
            "add it there or correct it here",
        )
    return Criterion(
        code,
        kind,
        file.label(entry.get("label"), [*place, "label"]),
        tuple(entry.get("any_of", ())),
        tuple(entry.get("all_of", ())),
        entry.get("within_days"),
        entry.get("result", ""),
        entry.get("times", 1),
        entry.get("days_apart", 0),
        entry.get("from_years"),
        entry.get("under_years"),
    )


def _edition(
    file: _File,
    disease: str,
    position: int,
    entry: dict[str, Any],
    criteria: dict[str, Criterion],
    vocabularies: Mapping[str, Vocabulary],
) -> Edition | None:
    place: list[str | int] = ["editions", position]
    allowed = {"deadlines_minutes", "cluster", "risk_level", "assumed"}
    allowed |= {"traced", "contact_window", "contact_categories", "seat_rules", "observation"}
    if not file.keys(entry, place, {"code", "valid_from", "source", "classes"}, allowed):
        return None
    if not isinstance(entry["valid_from"], date):
        file.wrong([*place, "valid_from"], "valid_from is no date", "write it as 2020-01-22, without quotation marks")
        return None
    classes = {
        code: _class(file, place, code, given, entry["classes"], criteria) for code, given in entry["classes"].items()
    }
    _refuse_circles(file, place, classes)
    deadlines = {}
    for name, minutes in entry.get("deadlines_minutes", {}).items():
        if not isinstance(minutes, int) or minutes <= 0:
            file.wrong(
                [*place, "deadlines_minutes", name],
                f"the deadline “{name}” is no whole number of minutes",
                "write minutes above zero",
            )
        else:
            deadlines[name] = timedelta(minutes=minutes)
    used = {part for given in classes.values() if given.logic for part in given.logic.criteria()}
    for code in entry.get("traced", []):
        if code not in classes:
            file.wrong([*place, "traced"], f"“{code}” is no class of this edition", "name a class of this edition")
    return Edition(
        disease,
        entry["code"],
        entry["valid_from"],
        entry["source"],
        {code: criterion for code, criterion in criteria.items() if code in used},
        classes,
        deadlines,
        entry.get("assumed", False),
        tuple(entry.get("traced", ())),
        _contact_window(file, place, entry.get("contact_window")),
        {
            code: _contact_category(file, place, code, given, vocabularies)
            for code, given in entry.get("contact_categories", {}).items()
        },
        {
            vehicle: _seat_rule(file, place, vehicle, given, vocabularies)
            for vehicle, given in entry.get("seat_rules", {}).items()
        },
        _observation(file, place, entry.get("observation"), vocabularies),
        {**entry, "criteria": {code: file.content["criteria"][code] for code in sorted(used) if code in criteria}},
    )


def _contact_window(file: _File, edition: list[str | int], entry: dict[str, Any] | None) -> ContactWindow | None:
    place = [*edition, "contact_window"]
    if entry is None or not file.keys(entry, place, {"from", "days_before"}, {"asymptomatic_from", "mark"}):
        return None
    for key in ("from", "asymptomatic_from"):
        if entry.get(key, ANCHORS[0]) not in ANCHORS:
            file.wrong([*place, key], f"no window counts from “{entry[key]}”", f"use one of {', '.join(ANCHORS)}")
    if not isinstance(entry["days_before"], int) or entry["days_before"] < 0:
        file.wrong([*place, "days_before"], "days_before is no whole number of days", "write 0 or more")
    return ContactWindow(entry["from"], entry["days_before"], entry.get("asymptomatic_from", ""))


def _contact_category(
    file: _File, edition: list[str | int], code: str, entry: dict[str, Any], vocabularies: Mapping[str, Vocabulary]
) -> ContactCategory:
    place = [*edition, "contact_categories", code]
    file.keys(
        entry, place, {"label", "observed"}, {"in_window", "unprotected", "within_metres", "kinds", "mark", "source"}
    )
    for kind in entry.get("kinds", []):
        if kind not in vocabularies["contact_kinds"]:
            file.wrong(
                [*place, "kinds"], f"“{kind}” is not in the vocabulary of contact_kinds", "add it there or correct it"
            )
    return ContactCategory(
        code,
        file.label(entry.get("label"), [*place, "label"]),
        entry.get("observed", False),
        entry.get("in_window", True),
        entry.get("unprotected", False),
        entry.get("within_metres"),
        tuple(entry.get("kinds", ())),
    )


def _seat_rule(
    file: _File, edition: list[str | int], vehicle: str, entry: dict[str, Any], vocabularies: Mapping[str, Vocabulary]
) -> SeatRule:
    place = [*edition, "seat_rules", vehicle]
    file.keys(entry, place, set(), {"rows_each_way", "same_compartment", "mark", "source"})
    if vehicle not in vocabularies["vehicles"]:
        file.wrong(place, f"“{vehicle}” is not in the vocabulary of vehicles", "add it there or correct it")
    if ("rows_each_way" in entry) == bool(entry.get("same_compartment")):
        file.wrong(place, "needs either rows_each_way or same_compartment = true", "write one of the two")
    return SeatRule(vehicle, entry.get("rows_each_way"), entry.get("same_compartment", False))


def _observation(
    file: _File, edition: list[str | int], entry: dict[str, Any] | None, vocabularies: Mapping[str, Vocabulary]
) -> Observation | None:
    place = [*edition, "observation"]
    needed, allowed = {"days", "check_by", "early_end", "source"}, {"fever_from_celsius", "symptoms", "assumed", "mark"}
    if entry is None or not file.keys(entry, place, needed, allowed):
        return None
    if type(entry["days"]) is not int or entry["days"] < 1:
        file.wrong([*place, "days"], "days is no whole number above zero", "write 1 or more")
    hours = entry["check_by"]
    if not isinstance(hours, list) or not hours or not all(isinstance(hour, time) for hour in hours):
        file.wrong([*place, "check_by"], "check_by is no list of hours", "write it as [10:00:00, 20:00:00]")
        hours = []
    elif sorted(set(hours)) != hours:
        file.wrong([*place, "check_by"], "the hours are not in order, each once", "put the earliest first")
    for code in entry["early_end"]:
        if code not in vocabularies["stay_end_reasons"] or code == "completed":
            file.wrong(
                [*place, "early_end"],
                f"“{code}” is no reason for an early end in the vocabulary of stay_end_reasons",
                "add it there or correct it here",
            )
    for key in entry.get("assumed", []):
        if key not in entry or key in ("assumed", "source", "mark"):
            file.wrong([*place, "assumed"], f"“{key}” is nothing that stands here", "name a key of this table")
    fever = entry.get("fever_from_celsius")
    if fever is not None and not 35 <= fever <= 42:
        file.wrong([*place, "fever_from_celsius"], f"{fever} °C is no limit of fever", "write degrees Celsius")
    for word in entry.get("symptoms", []):
        if word not in vocabularies["symptoms"]:
            file.wrong(
                [*place, "symptoms"], f"“{word}” is not in the vocabulary of symptoms", "add it there or correct it"
            )
    return Observation(
        entry["days"],
        tuple(hours),
        tuple(entry["early_end"]),
        fever,
        tuple(entry.get("symptoms", ())),
        tuple(entry.get("assumed", ())),
        entry["source"],
    )


def _class(
    file: _File,
    edition: list[str | int],
    code: str,
    entry: dict[str, Any],
    classes: Mapping[str, Any],
    criteria: Mapping[str, Criterion],
) -> CaseClass:
    place = [*edition, "classes", code]
    file.keys(
        entry, place, {"label", "counts_as"}, {"logic", "overrides", "in_area", "valid_from", "valid_until", "mark"}
    )
    if entry.get("counts_as") not in COUNTS_AS:
        file.wrong(
            [*place, "counts_as"], f"counts_as is “{entry.get('counts_as')}”", f"use one of {', '.join(COUNTS_AS)}"
        )
    for other in entry.get("overrides", []):
        if other not in classes or other == code:
            file.wrong(
                [*place, "overrides"], f"“{other}” is no other class of this edition", "name a class of this edition"
            )
    logic = _logic(file, [*place, "logic"], entry["logic"], classes, criteria) if "logic" in entry else None
    return CaseClass(
        code,
        file.label(entry.get("label"), [*place, "label"]),
        entry.get("counts_as", "none"),
        logic if isinstance(logic, AtLeast) else None,
        tuple(entry.get("overrides", ())),
        tuple(entry.get("in_area", ())),
        entry.get("valid_from"),
        entry.get("valid_until"),
    )


def _logic(
    file: _File, place: Sequence[str | int], entry: Any, classes: Mapping[str, Any], criteria: Mapping[str, Criterion]
) -> AtLeast | str:
    if isinstance(entry, str):
        known = entry.removeprefix("class:") in classes if entry.startswith("class:") else entry in criteria
        if not known:
            file.wrong(
                place,
                f"“{entry}” is neither a criterion of this file nor a class of this edition",
                "define it or correct the name",
            )
        return entry
    if isinstance(entry, dict):
        for key in ("all", "any"):
            if entry.keys() == {key} and isinstance(entry[key], list) and entry[key]:
                parts = tuple(_logic(file, place, part, classes, criteria) for part in entry[key])
                return AtLeast(len(parts) if key == "all" else 1, parts)
        if entry.keys() == {"at_least", "of"} and isinstance(entry["of"], list):
            parts = tuple(_logic(file, place, part, classes, criteria) for part in entry["of"])
            if not isinstance(entry["at_least"], int) or not 1 <= entry["at_least"] <= len(parts):
                file.wrong(
                    place,
                    f"at least {entry['at_least']} of {len(parts)} can't be asked",
                    "ask for a number between one and all of them",
                )
                return AtLeast(1, parts)
            return AtLeast(entry["at_least"], parts)
    file.wrong(place, "the logic can't be read", "write { all = […] }, { any = […] } or { at_least = n, of = […] }")
    return AtLeast(1, ())


def _refuse_circles(file: _File, place: list[str | int], classes: Mapping[str, CaseClass]) -> None:
    def reach(code: str, through: Callable[[CaseClass], Iterable[str]], seen: set[str]) -> set[str]:
        for other in through(classes[code]):
            if other in classes and other not in seen:
                seen.add(other)
                reach(other, through, seen)
        return seen

    def asks(entry: CaseClass) -> Iterable[str]:
        return (
            [part.removeprefix("class:") for part in entry.logic.criteria() if part.startswith("class:")]
            if entry.logic
            else []
        )

    for code in classes:
        if code in reach(code, asks, set()):
            file.wrong([*place, "classes", code], f"the logic of “{code}” asks for itself", "break the circle")


def read_vocabulary(path: Path) -> Vocabulary:
    """A vocabulary: code → words in both languages. Raises HalfRight."""
    file = _File(path)
    words = {code: file.label(entry, [code]) for code, entry in file.content.items()}
    file.done()
    return words


QUESTION_KINDS = ("text", "yes_no", "date", "number", "choice", "choices")


def read_form(path: Path, vocabularies: Mapping[str, Vocabulary]) -> Form:
    """A form from its file. Raises HalfRight with everything that is wrong in it."""
    file = _File(path)
    if not file.keys(file.content, [], {"code", "label", "source", "sections"}, set()):
        file.done()
    sections, seen = [], set()
    for number, given in enumerate(file.content["sections"]):
        place: list[str | int] = ["sections", number]
        if not file.keys(given, place, {"code", "label", "questions"}, set()):
            continue
        questions = []
        for code, entry in given["questions"].items():
            here = [*place, "questions", code]
            if code in seen:
                file.wrong(here, f"the question “{code}” is asked twice", "give each question its own code")
            seen.add(code)
            if not file.keys(
                entry, here, {"label", "kind"}, {"required", "vocabulary", "choices", "help", "low", "high"}
            ):
                continue
            if entry["kind"] not in QUESTION_KINDS:
                file.wrong(
                    [*here, "kind"],
                    f"“{entry['kind']}” is no kind of question",
                    f"use one of {', '.join(QUESTION_KINDS)}",
                )
            if entry["kind"] in ("choice", "choices") and ("vocabulary" in entry) == ("choices" in entry):
                file.wrong(here, "needs either a vocabulary or its own choices", "write one of the two")
            if (words := entry.get("vocabulary")) and words not in vocabularies:
                file.wrong(
                    [*here, "vocabulary"], f"“{words}” is no vocabulary", f"use one of {', '.join(vocabularies)}"
                )
            questions.append(
                Question(
                    code,
                    file.label(entry["label"], here),
                    entry["kind"],
                    entry.get("required", False),
                    entry.get("vocabulary", ""),
                    {value: file.label(words, here) for value, words in entry.get("choices", {}).items()},
                    entry.get("help", {}),
                    entry.get("low"),
                    entry.get("high"),
                )
            )
        sections.append(Section(given["code"], file.label(given["label"], place), tuple(questions)))
    file.done()
    return Form(file.content["code"], file.content["label"], file.content["source"], tuple(sections))


@dataclass(frozen=True)
class Library:
    """Everything in the folder of definitions."""

    diseases: Mapping[str, Disease]
    vocabularies: Mapping[str, Vocabulary]
    forms: Mapping[str, Form]


def read_library(folder: Path) -> Library:
    """All definitions of a folder. Raises HalfRight with the problems of all files together."""
    problems: list[str] = []

    def each(sub: str, read: Callable[[Path], Any]) -> dict[str, Any]:
        found = {}
        for path in sorted((folder / sub).glob("*.toml")):
            try:
                found[path.stem] = read(path)
            except HalfRight as wrong:
                problems.extend(f"{sub}/{problem}" for problem in wrong.problems)
        return found

    vocabularies = each("vocabularies", read_vocabulary)
    for name in VOCABULARIES:
        if name not in vocabularies and not problems:
            problems.append(f"vocabularies/{name}.toml:1: the file is missing; add it")
    if problems:
        raise HalfRight(problems)
    diseases = each("diseases", lambda path: read_disease(path, vocabularies))
    forms = each("forms", lambda path: read_form(path, vocabularies))
    if problems:
        raise HalfRight(problems)
    return Library(diseases, vocabularies, forms)
