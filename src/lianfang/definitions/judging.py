"""Judging evidence by an edition's case definition. What was not said is unknown, never false.

Every criterion is True, False or None (unknown); a class holds when enough of its parts hold.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from .editions import UNCLASSIFIED, AtLeast, CaseClass, Criterion, Edition


class Facts(Protocol):
    """What is known of a case, as far as a case definition asks."""

    @property
    def declared(self) -> str | None: ...
    @property
    def onset_on(self) -> date | None: ...
    @property
    def asymptomatic(self) -> bool | None: ...
    @property
    def symptoms(self) -> Mapping[str, bool]: ...
    @property
    def signs(self) -> Mapping[str, bool]: ...
    @property
    def exposures(self) -> Sequence[Any]:
        """Each with kind, first_on, last_on."""

    @property
    def labs(self) -> Sequence[Any]:
        """Each with test, result, sampled_on, resulted_on."""

    @property
    def age_low(self) -> float | None: ...
    @property
    def age_high(self) -> float | None: ...


@dataclass(frozen=True)
class Judgement:
    """A class, whether it rests on the notifier's word alone, what held, and what the classes above still lack.

    ``held`` are criterion codes; ``missing`` is {class: {criterion: state}} with the state "no" or "unknown".
    """

    classification: str
    declared: bool
    held: tuple[str, ...]
    missing: Mapping[str, Mapping[str, str]]

    def content(self) -> dict[str, Any]:
        """The judgement as kept with the case."""
        return {"held": list(self.held), "missing": {code: dict(parts) for code, parts in self.missing.items()}}


def judge(facts: Facts, edition: Edition, day: date, area_codes: Sequence[str] = ()) -> Judgement:
    """Judge a case living in these areas by an edition on a day."""
    open_classes = {code: entry for code, entry in edition.classes.items() if entry.available(day, area_codes)}
    stated = facts.declared if facts.declared in open_classes else None
    truth = {code: holds(criterion, facts) for code, criterion in edition.criteria.items()}
    proven = {code for code, entry in open_classes.items() if _class_holds(entry, open_classes, truth, None)}
    reached = {code for code, entry in open_classes.items() if _class_holds(entry, open_classes, truth, stated)}
    candidates = reached | ({stated} if stated else set())
    chosen = _uppermost(candidates, open_classes)
    missing: dict[str, dict[str, str]] = {}
    for code, entry in open_classes.items():
        if entry.logic is not None and code not in candidates and (chosen in entry.overrides or chosen == UNCLASSIFIED):
            missing[code] = dict(_lacking(entry.logic, open_classes, truth, stated))
    if chosen != UNCLASSIFIED and chosen not in proven and (own := open_classes[chosen].logic) is not None:
        missing[chosen] = dict(_lacking(own, open_classes, truth, None))
    return Judgement(
        chosen,
        chosen != UNCLASSIFIED and chosen not in reached,
        tuple(code for code, value in truth.items() if value),
        {code: parts for code, parts in missing.items() if parts},
    )


def _uppermost(candidates: set[str], classes: Mapping[str, CaseClass]) -> str:
    beaten = {other for code in candidates for other in classes[code].overrides}
    left = [code for code in classes if code in candidates and code not in beaten]
    return left[-1] if left else UNCLASSIFIED


def _class_holds(
    entry: CaseClass, classes: Mapping[str, CaseClass], truth: Mapping[str, bool | None], stated: str | None
) -> bool | None:
    if entry.logic is None:
        return None
    return _evaluate(entry.logic, classes, truth, stated)


def _evaluate(
    part: AtLeast | str, classes: Mapping[str, CaseClass], truth: Mapping[str, bool | None], stated: str | None
) -> bool | None:
    if isinstance(part, str):
        if not part.startswith("class:"):
            return truth[part]
        code = part.removeprefix("class:")
        if stated is not None and (code == stated or _rests_on(classes[stated], code)):
            return True
        return _class_holds(classes[code], classes, truth, stated) if code in classes else None
    values = [_evaluate(inner, classes, truth, stated) for inner in part.parts]
    held = values.count(True)
    if held >= part.number:
        return True
    return False if held + values.count(None) < part.number else None


def _rests_on(entry: CaseClass, code: str) -> bool:
    """Whether a case of this class is one of the other as well: whoever states that it is confirmed says it was suspected."""
    return entry.logic is not None and f"class:{code}" in entry.logic.criteria()


def _lacking(
    part: AtLeast | str, classes: Mapping[str, CaseClass], truth: Mapping[str, bool | None], stated: str | None
) -> Iterator[tuple[str, str]]:
    """The criteria that don't hold, of those parts that don't hold."""
    if isinstance(part, str):
        value = _evaluate(part, classes, truth, stated)
        if value:
            return
        code = part.removeprefix("class:")
        inner = classes[code].logic if part.startswith("class:") and code in classes else None
        if inner is not None:
            yield from _lacking(inner, classes, truth, stated)
        elif not part.startswith("class:"):
            yield part, "unknown" if value is None else "no"
        return
    if not _evaluate(part, classes, truth, stated):
        for inner_part in part.parts:
            yield from _lacking(inner_part, classes, truth, stated)


def holds(criterion: Criterion, facts: Facts) -> bool | None:
    """Whether one criterion holds: yes, no, or unknown."""
    return _KINDS[criterion.kind](criterion, facts)


def _symptoms(criterion: Criterion, facts: Facts) -> bool | None:
    known = facts.symptoms
    if facts.asymptomatic and not any(known.values()):
        return False
    return _told(criterion, known)


def _signs(criterion: Criterion, facts: Facts) -> bool | None:
    return _told(criterion, facts.signs)


def _told(criterion: Criterion, known: Mapping[str, bool]) -> bool | None:
    if criterion.any_of:
        values = [known.get(code) for code in criterion.any_of]
        return True if True in values else (None if None in values else False)
    values = [known.get(code) for code in criterion.all_of]
    return False if False in values else (None if None in values else True)


def _exposures(criterion: Criterion, facts: Facts) -> bool | None:
    """An exposure without days counts: the card asks for those before onset. A denial is nowhere recorded, so never no."""
    for exposure in facts.exposures:
        if exposure.kind not in criterion.any_of:
            continue
        if criterion.within_days is None or facts.onset_on is None:
            return True
        earliest = facts.onset_on - timedelta(days=criterion.within_days)
        ended, began = exposure.last_on or exposure.first_on, exposure.first_on or exposure.last_on
        if (ended is None or ended >= earliest) and (began is None or began <= facts.onset_on):
            return True
    return None


def _laboratory(criterion: Criterion, facts: Facts) -> bool | None:
    of_kind = [lab for lab in facts.labs if lab.test in criterion.any_of]
    wanted = [lab for lab in of_kind if lab.result == criterion.result]
    if _apart(wanted, criterion.days_apart) >= criterion.times:
        return True
    return False if any(lab.result != criterion.result and lab.result != "inconclusive" for lab in of_kind) else None


def _apart(labs: Sequence[Any], days: int) -> int:
    """How many of these results stand at least so many days apart; those without a day count as one."""
    if days == 0:
        return len(labs)
    dated = sorted(lab.sampled_on or lab.resulted_on for lab in labs if lab.sampled_on or lab.resulted_on)
    count, last = 0, None
    for day in dated:
        if last is None or (day - last).days >= days:
            count, last = count + 1, day
    return count or (1 if labs else 0)


def _no_symptoms(criterion: Criterion, facts: Facts) -> bool | None:
    if any(facts.symptoms.values()) or any(facts.signs.values()) or facts.onset_on is not None:
        return False
    return True if facts.asymptomatic else None


def _age(criterion: Criterion, facts: Facts) -> bool | None:
    low, high = facts.age_low, facts.age_high if facts.age_high is not None else facts.age_low
    if low is None or high is None:
        return None
    if (criterion.from_years is not None and high <= criterion.from_years) or (
        criterion.under_years is not None and low >= criterion.under_years
    ):
        return False
    inside = (criterion.from_years is None or low >= criterion.from_years) and (
        criterion.under_years is None or high <= criterion.under_years
    )
    return True if inside else None


_KINDS = {
    "symptoms": _symptoms,
    "sign": _signs,
    "exposure": _exposures,
    "lab": _laboratory,
    "no_symptoms": _no_symptoms,
    "age": _age,
}
