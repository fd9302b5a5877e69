"""Reports as PDF, set by typst from a picture of the situation. The words come in the reader's language."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lianfang import __version__
from lianfang.definitions import selectors as definitions
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.typesetting import typeset
from lianfang.registry.selectors import area_name

from .. import alerts, alerts_words, kept_sources, presentation, risk, sources_words
from ..by_area import paces
from ..by_area_words import growth_words, method, rt_words, week_words
from ..risk_words import reasons
from ..selectors import Picture

HERE = Path(__file__).resolve().parent
PALETTE = {
    "confirmed": "#b3261e",
    "clinical": "#d97706",
    "suspected": "#e0b43c",
    "asymptomatic": "#3f7cac",
    "other": "#6b5b95",
}
MOST_CHANGES = 8  # of risk levels by each rule
MOST_SIGNALS = 12  # that the report lists; a province can have dozens in a week
ALIKE = {"clinically_diagnosed": "clinical", "probable": "clinical"}


def situation_report(found: Picture) -> bytes:
    """The situation report of one area, disease and data cut as a PDF, in the language in force."""
    return typeset(HERE / "situation.typ", report_content(found))


def report_content(found: Picture) -> dict[str, Any]:
    """All words and figures of the report, in the order in which it sets them."""
    place, disease = area_name(found.area), definitions.label(definitions.disease(found.disease))
    drawn, delay = presentation.curve(found), found.delays
    cut = _("Data cut: end of {day}.") if found.evening else _("Data cut: {day}, a day that still runs.")
    return {
        "language": definitions.language(),
        "title": _("Situation report: {disease}, {area}").format(disease=disease, area=place),
        "subtitle": cut.format(day=found.day) + " " + _("Protocol edition {edition}.").format(edition=found.edition),
        "footer": _(
            "Lianfang {version}. Figures as known at the data cut; later reports and corrections are not in them."
        ).format(version=__version__),
        "palette": PALETTE,
        "headline": [
            {"label": _(shown.indicator.label), "value": presentation.figure(shown.value)}
            for shown in found.indicators
            if shown.indicator.headline
        ],
        "empty": "" if found.reports else _("Nothing was reported for this area and disease up to the data cut."),
        "curve": {
            "title": drawn["title"],
            "days": drawn["days"],
            "series": [{**series, "palette": _palette(series["key"])} for series in drawn["series"]],
            "waiting": found.days.index(found.waiting_from) if found.waiting_from else len(found.days),
            "notes": presentation.curve_notes(found),
        },
        "rt": presentation.rt(found),
        "rt_title": _("Reproduction number Rt"),
        "rt_note": presentation.rt_note(found),
        "words": {
            "indicators": _("Indicators"),
            "areas": _("Confirmed cases by area"),
            "delay": _("Days from onset to report"),
            "waiting": _("reports still to come"),
            "expected": _("expected once complete"),
            "signals": _("Signals"),
            "risk": _("Risk levels that changed since the evening before"),
            "sources": _("Other sources of the same count"),
            "paces": _("Rt by area"),
            "latest": _rt_words(found),
        },
        "expected": _expected(drawn),
        "paces": _paces(found),
        "signals": _signals(found),
        "risk": _risk(found),
        "sources": _sources(found),
        "columns": [_("Indicator"), _("At the data cut"), _("The evening before"), _("What it counts")],
        "indicators": [
            {
                "label": _(shown.indicator.label),
                "definition": _(shown.indicator.definition),
                "value": presentation.figure(shown.value),
                "before": presentation.figure(shown.before),
            }
            for shown in found.indicators
        ],
        "area_columns": [_("Area"), _("Confirmed"), _("In 7 days"), _("Suspected"), _("Deaths")],
        "areas": [
            [presentation.place_name(place), *map(str, place.figures)] for place in found.places if any(place.figures)
        ],
        "delay": presentation.delay_words(delay),
    }


def _expected(drawn: dict[str, Any]) -> dict[str, Any] | None:
    """The waiting days with what they are expected to reach, by their place in the curve."""
    if drawn["expected"] is None:
        return None
    at = [n for n, mean in enumerate(drawn["expected"]["mean"]) if mean is not None]
    return {"at": at, **{name: [values[n] for n in at] for name, values in drawn["expected"].items()}}


def _paces(found: Picture) -> dict[str, Any]:
    """Rt of the areas below, where any has a case; who may see the whole may see its parts."""
    day = found.day if found.evening else None
    below = paces(SYSTEM, found.area, found.disease, day=day)
    rows = [
        [
            area_name(pace.area),
            str(pace.week),
            str(pace.week_before),
            week_words(below.weeks[pace.area.code]),
            rt_words(pace),
            growth_words(pace),
        ]
        for pace in below.inside
        if pace.cases
    ]
    head = [
        _("Area"),
        _("Reported in 7 days"),
        _("In the 7 days before"),
        _("Fell ill in 7 days"),
        _("Rt and its interval"),
        _("Growth a day"),
    ]
    return {"columns": head, "rows": rows, "note": method(below)}


def _signals(found: Picture) -> dict[str, Any] | None:
    """The counties that stand out, farthest above their limit first, each with how far its order is; None below a county."""
    if not alerts.large_enough(found.area) or not found.reports:
        return None
    judged = alerts.judged(SYSTEM, found.area, found.disease, found.cut)
    grave = sorted(judged.found, key=lambda signal: signal.threshold - signal.observed)
    rows = []
    for row in alerts_words.rows_of(SYSTEM, replace(judged, found=grave[:MOST_SIGNALS])):
        state = row["status"]
        rows.append([row["name"], row["figures"], _(state) if state else "–"])
    left = len(grave) - len(rows)
    rest = ngettext(
        "{n} more county stands out by less; it is on the page of signals.",
        "{n} more counties stand out by less; they are on the page of signals.",
        left,
    ).format(n=left)
    none = ngettext(
        "{n} county judged up to {day}: it does not stand out.",
        "{n} counties judged up to {day}: none stands out.",
        judged.counties,
    ).format(n=judged.counties, day=judged.cut)
    return {
        "columns": [_("Area"), _("What was found"), _("Work order")],
        "rows": rows,
        "none": "" if rows else none,
        "rest": rest if left else "",
        "note": alerts_words.method(judged.years),
    }


def _risk(found: Picture) -> list[dict[str, Any]]:
    """The areas that changed their level since the evening before, by rule, each with the figures of both evenings."""
    if not found.reports:
        return []
    language, told = definitions.language(), []
    for rule, changed in risk.changes(SYSTEM, found.area, found.disease, day=found.day if found.evening else None):
        left = len(changed) - MOST_CHANGES
        rest = ngettext(
            "{n} more area changed its level; it is on the page of risk levels.",
            "{n} more areas changed their levels; they are on the page of risk levels.",
            left,
        ).format(n=left)
        rows = [
            [
                area_name(each.area),
                _("{before} → {now}").format(
                    before=each.before.level.label[language], now=each.now.level.label[language]
                ),
                _("; ").join(reasons(each.now)),
                _("; ").join(reasons(each.before)),
            ]
            for each in changed[:MOST_CHANGES]
        ]
        told.append(
            {
                "rule": rule.label[language],
                "assumed": _("The thresholds of this rule are assumed") if rule.assumed else "",
                "columns": [_("Area"), _("Level"), _("Why"), _("The evening before")],
                "rows": rows,
                "none": "" if rows else _("No area changed its level."),
                "rest": rest if left > 0 else "",
            }
        )
    return told


def _sources(found: Picture) -> dict[str, Any] | None:
    """The kept sources beside the platform's counts, both as known at the data cut; None where none was kept."""
    kept, more = kept_sources.kept_sources(SYSTEM, found.area, found.disease, found.day if found.evening else None)
    if not kept:
        return None
    return {
        "columns": [
            _("Source"),
            _("Area"),
            _("Edition"),
            _("Latest common day, source less platform"),
            _("Largest difference"),
            _("Figures equal"),
        ],
        "rows": sources_words.rows_of(kept),
        "rest": sources_words.rest(len(more)) if more else "",
        "note": sources_words.method(),
    }


def _palette(of_class: str) -> str:
    name = ALIKE.get(of_class, of_class)
    return name if name in PALETTE else "other"


def _rt_words(found: Picture) -> str:
    """The latest estimate in words; empty where there is none."""
    if found.rt is None:
        return ""
    return _("Latest, {day}: {mean} (95% interval {low} to {high})").format(
        day=found.rt.days[-1], **{name: f"{getattr(found.rt, name)[-1]:.2f}" for name in ("mean", "low", "high")}
    )
