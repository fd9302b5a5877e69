"""Signals in the reader's words: for the page, the order, the report."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lianfang.definitions import selectors as definitions
from lianfang.kernel.access import Actor
from lianfang.registry.models import Area
from lianfang.registry.selectors import area_name
from lianfang.workorders.models import WorkOrder
from lianfang.workorders.rules import WORKFLOW

from .alerts import FARRINGTON_ALPHA, FARRINGTON_AT_LEAST, LEAST_CASES, RAISES, Judged, Signal, orders_of

STATES = {state.name: state.label for state in WORKFLOW.states}


def method_name(years: int) -> str:
    """The method by its name in the literature; ``years`` of earlier weeks, 0 where days are compared."""
    return "Farrington flexible (Noufaily 2013)" if years else f"EARS {RAISES}"


def method(years: int) -> str:
    """What a county is compared with, and when it stands out, in a sentence."""
    if years:
        cases, weeks = FARRINGTON_AT_LEAST
        return _(
            "{method}: the reported cases of seven days against the same weeks of the last {years} years, upper limit "
            "{percent}%, from {cases} cases in {weeks} weeks on."
        ).format(
            method=method_name(years),
            years=years,
            percent=f"{100 * (1 - FARRINGTON_ALPHA):g}",
            cases=cases,
            weeks=weeks,
        )
    return _(
        "{method}: the reported cases of a day against those of seven days that ended two days before it; the limit is three "
        "standard deviations, of at least 1 case, above their mean, from {cases} cases in seven days on."
    ).format(method=method_name(years), cases=LEAST_CASES)


def figures(signal: Signal) -> str:
    """What was observed and what the limit is, in a sentence."""
    words = (
        ngettext(
            "{n} case reported in the seven days up to {day}, limit {limit}.",
            "{n} cases reported in the seven days up to {day}, limit {limit}.",
            signal.observed,
        )
        if signal.weekly
        else ngettext(
            "{n} case reported on {day}, limit {limit}; {week} in seven days.",
            "{n} cases reported on {day}, limit {limit}; {week} in seven days.",
            signal.observed,
        )
    )
    return words.format(n=signal.observed, day=signal.day, limit=f"{signal.threshold:.1f}", week=signal.week)


def note(order: WorkOrder) -> str:
    """What the order says to whoever checks the signal."""
    told, area = order.told, Area.objects.get(pk=order.subject_id.int)
    signal = Signal(
        area, date.fromisoformat(told["day"]), *(told[name] for name in ("weekly", "observed", "threshold", "week"))
    )
    known = definitions.disease(told["disease"])
    disease = definitions.label(known) if known else told["disease"]
    said = _("{disease}, {area}: {figures}").format(disease=disease, area=area_name(area), figures=figures(signal))
    ground = _("As known at the end of {cut}, protocol edition {edition}.").format(**told)
    ask = _(
        "A signal says that there are more cases than chance explains, not why: look whether it is an outbreak, a batch of "
        "late reports, or more testing, and write down what was found."
    )
    return "\n".join((said, method(told["years"]), ground, ask))


def rows_of(actor: Actor, found: Judged) -> list[dict[str, Any]]:
    """The signals in the reader's words, each with its order as far as the actor may see it."""
    orders = orders_of(actor, found)
    rows = []
    for signal in found.found:
        order = orders.get(signal.area.code)
        rows.append(
            {
                "signal": signal,
                "name": area_name(signal.area),
                "figures": figures(signal),
                "also": ", ".join(signal.also),
                "order": order,
                "status": STATES[order.status] if order else "",
                "link": urlencode({"area": signal.area.code, "disease": found.disease}),
            }
        )
    return rows
