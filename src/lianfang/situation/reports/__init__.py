"""Reports as PDF, set by typst from a picture of the situation. The words come in the reader's language."""

import json
import tempfile
from pathlib import Path
from typing import Any

import typst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from lianfang import __version__
from lianfang.definitions import selectors as definitions
from lianfang.registry.selectors import area_name

from ..selectors import Picture

HERE = Path(__file__).resolve().parent
FONTS = HERE.parent / "fonts"
PALETTE = {
    "confirmed": "#b3261e",
    "clinical": "#d97706",
    "suspected": "#e0b43c",
    "asymptomatic": "#3f7cac",
    "excluded": "#9aa5ab",
    "other": "#6b5b95",
}
ALIKE = {"clinically_diagnosed": "clinical", "probable": "clinical"}
HEADLINE = ("confirmed_total", "confirmed_new", "confirmed_current", "suspected_current", "discharged", "deaths")


def situation_report(found: Picture) -> bytes:
    """The situation report of one area, disease and data cut as a PDF, in the language in force."""
    with tempfile.TemporaryDirectory(prefix="lianfang-report-") as folder:
        source = Path(folder) / "situation.typ"
        source.write_bytes((HERE / "situation.typ").read_bytes())
        (Path(folder) / "report.json").write_text(json.dumps(_content(found), ensure_ascii=False, default=str))
        return typst.compile(str(source), root=folder, font_paths=[str(FONTS)])


def _content(found: Picture) -> dict[str, Any]:
    labels = definitions.class_labels(found.disease, found.day)
    shown = {entry["code"]: entry for entry in found.indicators}
    place, disease = area_name(found.area), definitions.label(definitions.disease(found.disease))
    delay = found.delays
    return {
        "language": "zh" if (get_language() or "").startswith("zh") else "en",
        "title": _("Situation report: {disease}, {area}").format(disease=disease, area=place),
        "subtitle": _("Data cut: end of {day}. Protocol edition {edition}.").format(day=found.day, edition=found.edition),
        "footer": _("Lianfang {version}. Figures as known at the data cut; later reports and corrections are not in them.").format(
            version=__version__
        ),
        "palette": PALETTE,
        "headline": [{"label": _(shown[code]["label"]), "value": _shown(shown[code]["value"])} for code in HEADLINE],
        "curve": {
            "title": _("Cases by day of onset") if found.by == "onset" else _("Cases by day of report"),
            "days": [day.isoformat() for day in found.days],
            "series": [
                {
                    "label": labels.get(of_class, of_class),
                    "values": values,
                    "palette": (name if (name := ALIKE.get(of_class, of_class)) in PALETTE else "other"),
                }
                for of_class, values in found.series.items()
            ],
            "note": _("{n} cases are not in the curve: their day is not known exactly.").format(n=found.without_day)
            if found.without_day
            else "",
        },
        "rt": found.rt
        and {
            "title": _("Reproduction number Rt"),
            "days": [day.isoformat() for day in found.rt["days"]],
            **{name: found.rt[name] for name in ("mean", "low", "high")},
            "method": _("Cori 2013, {window}-day windows, serial interval {mean} ± {sd} days").format(
                window=found.rt["window"], mean=found.rt["interval"].mean_days, sd=found.rt["interval"].sd_days
            ),
        },
        "words": {
            "indicators": _("Indicators"),
            "areas": _("Confirmed cases by area"),
            "delay": _("Days from onset to report"),
        },
        "columns": [_("Indicator"), _("At the data cut"), _("The day before"), _("What it counts")],
        "indicators": [
            {
                "label": _(entry["label"]),
                "definition": _(entry["definition"]),
                "value": _shown(entry["value"]),
                "before": _shown(entry["before"]),
            }
            for entry in found.indicators
        ],
        "area_columns": [_("Area"), _("Confirmed"), _("In 7 days"), _("Suspected"), _("Deaths")],
        "areas": [
            [area_name(child["area"]), *(_shown(child[name]) for name in ("confirmed", "week", "suspected", "deaths"))]
            for child in sorted(found.children, key=lambda child: -child["confirmed"])
            if child["confirmed"] or child["suspected"]
        ],
        "delay": _(
            "Median {median} days; one case in ten within {low}, nine in ten within {high} days "
            "({n} cases with a known onset day)."
        ).format(median=delay["median"], low=delay["low"], high=delay["high"], n=delay["cases"])
        if delay["cases"]
        else "",
    }


def _shown(value: Any) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
