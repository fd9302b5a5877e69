"""The grade of every county or township by a rule, as known on a day, and what changed since the evening before.

The measures are counted from confirmed cases by the day of confirmation, clusters from standing transmission links.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf
from uuid import UUID

from lianfang.definitions.risk import Bound, Level, Measure, RiskRule, edition_on, graded, risk_rules
from lianfang.epi import chains
from lianfang.kernel import clock
from lianfang.kernel.access import SYSTEM, Actor, under
from lianfang.kernel.refusals import Refused, refuse
from lianfang.registry.models import Area
from lianfang.surveillance.models import CaseVersion
from lianfang.surveillance.selectors import code_above, counts_of, end_of
from lianfang.tracing import selectors as tracing

from .selectors import classes_of

WIDEST = 3  # townships are looked at in a city or a county, not in a whole province


@dataclass(frozen=True)
class Grade:
    """The level of one area, the bounds by which it holds, and every measure as counted."""

    level: Level
    held: list[Bound]
    values: Mapping[Measure, float]


@dataclass(frozen=True)
class Graded:
    """An area with its grade at the data cut and the evening before."""

    area: Area
    now: Grade
    before: Grade

    @property
    def changed(self) -> bool:
        return self.now.level.code != self.before.level.code


def rule_on(line: str, day: date) -> RiskRule:
    """The edition of a rule in force on a day."""
    return edition_on(risk_rules(), line, day)


def grades(actor: Actor, area: Area, line: str, *, day: date | None = None) -> list[Graded]:
    """Every area of a rule's unit in an area, the gravest first. Raises Refused outside the actor's areas.

    ``day`` is the evening as known on which it is graded; None for now. Each evening is graded as known then and by the
    edition of the rule in force then: what was learnt or laid down since does not change the grade of the evening before.
    """
    if not actor.may_at("situation.read", area.path):
        raise Refused(refuse("kernel.not_found"))
    here = day or clock.today()
    evening = here - timedelta(days=1)
    rule = rule_on(line, here)
    units = units_of(area, rule.unit, here)
    now = _graded(actor, area, units, rule, day, here)
    before = _graded(actor, area, units, rule_on(line, evening), evening, evening)
    found = [Graded(unit, now[unit.code], before[unit.code]) for unit in units]
    most = Measure("cumulative")
    return sorted(found, key=lambda each: (-each.now.level.severity, -each.now.values.get(most, 0), each.area.code))


def too_wide(area: Area, rule: RiskRule) -> bool:
    """Whether an area is too large for a rule: townships are graded in a city or a county."""
    return rule.unit == "township" and area.path.count("/") < WIDEST


def changes(actor: Actor, area: Area, disease: str, *, day: date | None = None) -> list[tuple[RiskRule, list[Graded]]]:
    """Of every rule in force for a disease the areas whose level changed since the evening before, the gravest first.

    Rules that an area is too large for, or that grade nothing in it, are left out. Raises Refused outside the actor's areas.
    """
    here = day or clock.today()
    found = []
    for line in sorted({rule.line for rule in risk_rules().values() if rule.disease == disease}):
        rule = rule_on(line, here)
        if rule.valid_from <= here and not too_wide(area, rule) and (graded := grades(actor, area, line, day=day)):
            found.append((rule, [each for each in graded if each.changed]))
    return found


def units_of(area: Area, unit: str, day: date) -> list[Area]:
    """The areas of one level in an area on a day, itself included."""
    return list(Area.objects.valid_on(day).filter(under("path", area.path), level=unit).order_by("code"))


def _graded(
    actor: Actor, area: Area, units: Sequence[Area], rule: RiskRule, known_on: date | None, day: date
) -> dict[str, Grade]:
    classes = classes_of(rule.disease, day).confirmed
    counts = counts_of(actor, units, rule.disease, known_on)
    measures = rule.measures()
    clusters = {
        measure: _clusters(area, units, rule.disease, classes, measure, known_on, day)
        for measure in measures
        if measure.name == "clusters"
    }
    found = {}
    for unit in units:
        daily: dict[date, int] = defaultdict(int)
        for of_class, by_day in counts[unit.code].by_day("confirmed").items():
            if of_class in classes:
                for each, count in by_day.items():
                    if each is not None and each <= day:
                        daily[each] += count
        values = {
            measure: clusters[measure].get(unit.code, 0)
            if measure in clusters
            else COUNTED[measure.name](daily, day, measure)
            for measure in dict.fromkeys((Measure("cumulative"), *measures))
        }
        level, held = graded(rule, values.__getitem__)
        found[unit.code] = Grade(level, held, values)
    return found


def _last(daily: Mapping[date, int], day: date, days: int) -> list[int]:
    return [daily.get(day - timedelta(days=back), 0) for back in range(days)]


def _quiet(daily: Mapping[date, int], day: date, measure: Measure) -> float:
    with_cases = [each for each, count in daily.items() if count > 0]
    return (day - max(with_cases)).days if with_cases else inf


COUNTED: dict[str, Callable[[Mapping[date, int], date, Measure], float]] = {
    "cumulative": lambda daily, day, measure: sum(daily.values()),
    "new": lambda daily, day, measure: sum(_last(daily, day, measure.days)),
    "most_in_a_day": lambda daily, day, measure: max(_last(daily, day, measure.days)),
    "quiet_days": _quiet,
}


def _clusters(
    area: Area,
    units: Sequence[Area],
    disease: str,
    classes: Sequence[str],
    measure: Measure,
    known_on: date | None,
    day: date,
) -> dict[str, int]:
    """For each unit the clusters of which enough cases were confirmed there in the last days."""
    moment = end_of(known_on)
    recent = CaseVersion.objects.known_at(moment).counted().filter(
        under("path", area.path), disease=disease, classification__in=classes,
        confirmed_on__gt=day - timedelta(days=measure.days), confirmed_on__lte=day,
    )  # fmt: skip
    where: dict[UUID, str] = dict(recent.values_list("case_id", "path"))
    links = tracing.links(SYSTEM, moment).filter(under("path", area.path), infectee__in=recent.values("case_id"))
    ends = [pair for pair in links.values_list("infector_id", "infectee_id") if pair[0] in where and pair[1] in where]
    cases = sorted({case for pair in ends for case in pair})
    number = {case: n for n, case in enumerate(cases)}
    infectors, infectees = ([number[pair[side]] for pair in ends] for side in (0, 1))
    sizes: dict[tuple[int, str], int] = defaultdict(int)
    codes = {unit.path: unit.code for unit in units}
    for case, cluster in zip(cases, chains.clusters(len(cases), infectors, infectees), strict=True):
        if code := code_above(where[case], codes):
            sizes[int(cluster), code] += 1
    found: dict[str, int] = defaultdict(int)
    for (_cluster, code), size in sizes.items():
        found[code] += size >= measure.size
    return dict(found)
