"""How areas are graded by their cases, as data: the levels of a rule, the first whose condition holds is the area's.

A grade is a property of an area on a day. A file is taken whole or refused with everything that is wrong in it.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from .editions import HalfRight, definitions_dir
from .selectors import library

MEASURES: dict[str, tuple[str, ...]] = {  # and what each must be told besides its bounds
    "cumulative": (),
    "new": ("days",),
    "most_in_a_day": ("days",),
    "quiet_days": (),
    "clusters": ("days", "size"),
}
UNITS = ("county", "township")


@dataclass(frozen=True)
class Measure:
    """One figure of an area on a day: what is counted, over how many days, clusters from how many cases."""

    name: str
    days: int = 0
    size: int = 0


@dataclass(frozen=True)
class Bound:
    """A measure that must lie between two bounds, either of which may be open."""

    measure: Measure
    at_least: int | None = None
    at_most: int | None = None

    def holds(self, value: float) -> bool:
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)


@dataclass(frozen=True)
class Together:
    """Conditions of which all must hold, or any."""

    every: bool
    parts: tuple["Bound | Together", ...]


Condition = Bound | Together


@dataclass(frozen=True)
class Level:
    """One grade: what it is called, how grave it is (0 the least), and when it holds; the last holds otherwise."""

    code: str
    label: Mapping[str, str]
    severity: int
    when: Condition | None = None


@dataclass(frozen=True)
class RiskRule:
    """A way of grading areas of one size, valid from a day, with its source; ``edition_of`` names the rule it takes over from."""

    code: str
    label: Mapping[str, str]
    unit: str
    disease: str
    valid_from: date
    source: Mapping[str, str]
    levels: tuple[Level, ...]
    assumed: bool = False
    edition_of: str = ""

    @property
    def line(self) -> str:
        """The code that all editions of one rule share: that of the first."""
        return self.edition_of or self.code

    def measures(self) -> tuple[Measure, ...]:
        """Every measure that the levels ask for, each once."""
        found = (bound.measure for level in self.levels if level.when for bound in bounds_of(level.when))
        return tuple(dict.fromkeys(found))


def bounds_of(condition: Condition) -> Iterator[Bound]:
    """Every bound named anywhere in a condition."""
    if isinstance(condition, Bound):
        yield condition
    else:
        for part in condition.parts:
            yield from bounds_of(part)


def holding(condition: Condition, value: Callable[[Measure], float]) -> list[Bound] | None:
    """The bounds by which a condition holds; None where it does not."""
    if isinstance(condition, Bound):
        return [condition] if condition.holds(value(condition.measure)) else None
    found = [holding(part, value) for part in condition.parts]
    held = [bounds for bounds in found if bounds is not None]
    if len(held) < (len(found) if condition.every else 1):
        return None
    return [bound for bounds in held for bound in bounds]


def graded(rule: RiskRule, value: Callable[[Measure], float]) -> tuple[Level, list[Bound]]:
    """The level of an area, and the bounds by which it holds: none for the level that holds otherwise.

    >>> rule = RiskRule("r", {}, "county", "x", date(2020, 1, 1), {}, (
    ...     Level("hot", {}, 1, Bound(Measure("new", 7), at_least=3)), Level("calm", {}, 0)))
    >>> graded(rule, {Measure("new", 7): 4}.get)[0].code, graded(rule, {Measure("new", 7): 2}.get)[0].code
    ('hot', 'calm')
    """
    for level in rule.levels:
        if level.when is None:
            return level, []
        if (held := holding(level.when, value)) is not None:
            return level, held
    raise ValueError(f"{rule.code} has no level that holds otherwise")


def read_rules(path: Path, diseases: Sequence[str]) -> dict[str, RiskRule]:
    """All rules of a file. Raises HalfRight naming everything that is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as wrong:
        raise HalfRight([f"{path.name}: {wrong}"]) from None
    problems: list[str] = []
    rules = {
        code: _rule(code, entry, diseases, _Problems(f"{path.name} [{code}]", problems))
        for code, entry in content.items()
    }
    for rule in rules.values():
        if rule is not None and rule.edition_of:
            first = rules.get(rule.edition_of)
            if first is None or first.edition_of or (first.unit, first.disease) != (rule.unit, rule.disease):
                problems.append(
                    f"{path.name} [{rule.code}] edition_of names {rule.edition_of!r}; name the first edition of a rule of its "
                    "unit and disease"
                )
    if problems:
        raise HalfRight(problems)
    return {code: rule for code, rule in rules.items() if rule is not None}


def edition_on(rules: Mapping[str, RiskRule], line: str, day: date) -> RiskRule:
    """The edition of a rule in force on a day; before the first, the first."""
    editions = sorted((rule for rule in rules.values() if rule.line == line), key=lambda rule: rule.valid_from)
    return [editions[0], *(rule for rule in editions if rule.valid_from <= day)][-1]


@dataclass(frozen=True)
class _Problems:
    where: str
    found: list[str]

    def say(self, what: str) -> None:
        self.found.append(f"{self.where} {what}")

    def keys(self, entry: Any, needed: set[str], known: set[str], what: str) -> bool:
        """Whether an entry is a table with what it needs and nothing that nobody reads."""
        if not isinstance(entry, dict):
            self.say(f"{what} must be a table")
            return False
        if strange := sorted(entry.keys() - needed - known):
            self.say(f"{what} has keys nobody reads: {', '.join(strange)}; remove them")
        if missing := sorted(needed - entry.keys()):
            self.say(f"{what} lacks {', '.join(missing)}; add them")
        return not strange and not missing


def _rule(code: str, entry: Any, diseases: Sequence[str], problems: _Problems) -> RiskRule | None:
    needed = {"label", "unit", "disease", "valid_from", "source", "levels"}
    if not problems.keys(entry, needed, {"assumed", "edition_of"}, "the rule"):
        return None
    for told in ("label", "source"):
        if not isinstance(entry[told], dict) or not {"zh", "en"} <= entry[told].keys():
            problems.say(f"needs its {told} in zh and en")
    if entry["unit"] not in UNITS:
        problems.say(f"unit {entry['unit']!r} is none of {', '.join(UNITS)}")
    if entry["disease"] not in diseases:
        problems.say(f"disease {entry['disease']!r} is in no file of diseases/")
    if not isinstance(entry["valid_from"], date):
        problems.say("valid_from must be a day, written 2020-02-18")
    levels = [level for each in entry["levels"] if (level := _level(each, problems)) is not None]
    if len(levels) != len(entry["levels"]):
        return None
    if len({level.code for level in levels}) != len(levels) or len({level.severity for level in levels}) != len(levels):
        problems.say("has two levels of one code or one severity; tell them apart")
    if not levels or levels[-1].when is not None or any(level.when is None for level in levels[:-1]):
        problems.say("needs one level without “when”, and that as the last: it holds otherwise")
    return RiskRule(
        code, entry["label"], entry["unit"], entry["disease"], entry["valid_from"], entry["source"], tuple(levels),
        bool(entry.get("assumed", False)), entry.get("edition_of", ""),
    )  # fmt: skip


def _level(entry: Any, problems: _Problems) -> Level | None:
    if not problems.keys(entry, {"code", "label", "severity"}, {"when"}, "a level"):
        return None
    if not {"zh", "en"} <= entry["label"].keys():
        problems.say(f"level {entry['code']} needs its label in zh and en")
    when = None
    if "when" in entry and (when := _condition(entry["when"], problems)) is None:
        return None
    return Level(entry["code"], entry["label"], int(entry["severity"]), when)


def _condition(entry: Any, problems: _Problems) -> Condition | None:
    if not isinstance(entry, dict) or len(entry) != 1:
        problems.say(f"condition {entry!r} must be a table of one key: all, any, or a measure")
        return None
    ((name, told),) = entry.items()
    if name in ("all", "any"):
        parts = [_condition(part, problems) for part in told] if isinstance(told, list) else []
        if not parts or None in parts:
            if not parts:
                problems.say(f"“{name}” needs a list of conditions")
            return None
        return Together(name == "all", tuple(part for part in parts if part is not None))
    if name not in MEASURES:
        problems.say(f"measure {name!r} is none of {', '.join(MEASURES)}")
        return None
    if not problems.keys(told, set(MEASURES[name]), {"at_least", "at_most"}, f"measure {name}"):
        return None
    if not told.keys() & {"at_least", "at_most"}:
        problems.say(f"measure {name} needs at_least or at_most")
        return None
    if wrong := [
        key for key, number in told.items() if not isinstance(number, int) or isinstance(number, bool) or number < 0
    ]:
        problems.say(f"measure {name}: {', '.join(wrong)} must be whole numbers from 0")
        return None
    measure = Measure(name, told.get("days", 0), told.get("size", 0))
    return Bound(measure, told.get("at_least"), told.get("at_most"))


@cache
def risk_rules() -> dict[str, RiskRule]:
    """The rules in force in this installation."""
    return read_rules(definitions_dir() / "risk_rules.toml", list(library().diseases))
