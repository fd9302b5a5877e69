"""The page of graded areas: which level each has by a rule, why, and what changed since the evening before."""

from datetime import date, timedelta
from math import isinf
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lianfang.definitions import selectors as definitions
from lianfang.definitions.risk import Level, RiskRule, risk_rules
from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.spreadsheets import as_csv
from lianfang.kernel.views import page
from lianfang.registry.selectors import area_name

from . import selectors
from .risk import Graded, grades, rule_on, too_wide
from .risk_words import reasons
from .views import asked


def _rule(request: HttpRequest, disease: str, day: date) -> RiskRule:
    """The edition in force of the rule asked for; without one, of the first that grades by the disease, or else of the first."""
    known = risk_rules()
    line = request.GET.get("rule", "") or next(
        (rule.line for rule in known.values() if rule.disease == disease), next(iter(known))
    )
    if line not in known:
        raise Refused(refuse("kernel.not_found", "rule"))
    return rule_on(known[line].line, day)


def _found(request: HttpRequest) -> tuple[Any, Any, RiskRule, list[Graded]]:
    area, disease, day, _by = asked(request)
    rule = _rule(request, disease, day or clock.today())
    if too_wide(area, rule):
        raise Refused(refuse("situation.too_wide_for_townships", "area", area=area_name(area)))
    return area, day, rule, grades(request.actor, area, rule.line, day=day)  # type: ignore[attr-defined]


def tone(level: Level, rule: RiskRule) -> str:
    """How a level is coloured: from the least grave to the gravest of its rule."""
    gravest = max(each.severity for each in rule.levels)
    return {0: "good", gravest: "bad"}.get(level.severity, "note" if level.severity * 2 < gravest else "warn")


def _row(each: Graded, rule: RiskRule, language: str) -> dict[str, Any]:
    return {
        "tone": tone(each.now.level, rule),
        "area": each.area,
        "name": area_name(each.area),
        "level": each.now.level,
        "label": each.now.level.label[language],
        "why": _("; ").join(reasons(each.now)),
        "changed": each.changed,
        "before": each.before.level.label[language],
        "why_before": _("; ").join(reasons(each.before)),
        "graver": each.now.level.severity > each.before.level.severity,
    }


@page("situation.read")
def risk(request: HttpRequest) -> HttpResponse:
    """Areas by their level."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    area, day, rule, found = _found(request)
    language = definitions.language()
    rows = [_row(each, rule, language) for each in found]
    levels = sorted(rule.levels, key=lambda level: -level.severity)
    counted = {level.code: sum(row["level"] == level for row in rows) for level in levels}
    here = day or clock.today()
    return render(
        request,
        "situation/risk.html",
        {
            "area": area,
            "scope_name": area_name(area),
            "area_name": area_name(area),
            "above": selectors.seen_above(actor, area),
            "rule": rule,
            "rule_label": rule.label[language],
            "rule_source": rule.source[language],
            "rules": [(entry.code, entry.label[language]) for entry in risk_rules().values() if not entry.edition_of],
            "as_of": day,
            "day": here,
            "today": clock.today(),
            "day_before": here - timedelta(days=1),
            "day_after": here + timedelta(days=1) if day else None,
            "query": f"area={area.code}&rule={rule.line}" + (f"&as_of={day}" if day else ""),
            "levels": [(level, level.label[language], counted[level.code]) for level in levels],
            "changes": [row for row in rows if row["changed"]],
            "rows": rows,
            "not_yet": here < rule.valid_from,
        },
    )


@page("situation.read")
def risk_table(request: HttpRequest) -> HttpResponse:
    """The same as CSV, every measure a column."""
    area, day, rule, found = _found(request)
    known_on = day or clock.today()
    measures = list(found[0].now.values) if found else []
    names = [m.name + (f"_{m.days}_days" if m.days else "") + (f"_of_{m.size}" if m.size else "") for m in measures]
    rows: list[list[Any]] = [["code", "name", "level", "level_before", *names, "rule", "known_on"]]
    for each in found:
        figures = ["" if isinf(each.now.values[m]) else int(each.now.values[m]) for m in measures]
        row = [
            each.area.code,
            each.area.name,
            each.now.level.code,
            each.before.level.code,
            *figures,
            rule.code,
            known_on,
        ]
        rows.append(row)
    response = HttpResponse(as_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="risk-{rule.code}-{area.code}-{known_on}.csv"'
    return response
