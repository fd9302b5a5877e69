"""A picture of the situation in the reader's words: charts, tables and notes, the same for page, CSV and PDF."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lianfang.definitions import selectors as definitions
from lianfang.registry.selectors import area_name

from .indicators import Delays
from .outlook import FEWEST_CASES, FEWEST_EVENINGS, LEARNT_FROM, Expected, NotExpected
from .selectors import FIRST_RT_CASES, RT_WINDOW, Picture, Place

LAST_DELAY = 14  # days; longer delays share one row


def place_name(place: Place) -> str:
    """The name of an area below, or words for the cases that lie in none of them."""
    return area_name(place.area) if place.area else _("in none of these areas")


def query(found: Picture, **changed: Any) -> str:
    """The address of a picture as a query, so that a link keeps disease, as-of day and kind of day."""
    kept = {"area": found.area.code, "disease": found.disease, "by": found.by}
    if found.evening:
        kept["as_of"] = found.day.isoformat()
    return urlencode({**kept, **changed})


def class_words(found: Picture) -> dict[str, str]:
    """Words of the classes in the curve; a class that a later edition names otherwise has the later words."""
    labels = definitions.all_class_labels()
    return {of_class: labels.get((found.disease, of_class), of_class) for of_class in found.series}


def curve(found: Picture) -> dict[str, Any]:
    """The epidemic curve as the page's island reads it."""
    labels = class_words(found)
    return {
        "days": found.days,
        "series": [
            {"key": of_class, "label": labels[of_class], "values": values} for of_class, values in found.series.items()
        ],
        "title": _("Cases by day of onset") if found.by == "onset" else _("Cases by day of report"),
        "unit": _("cases a day"),
        "dayLabel": _("Day of onset") if found.by == "onset" else _("Day of report"),
        "asOf": found.day,
        "uncertainFrom": found.waiting_from,
        "expected": _expected_columns(found),
    }


def _expected_columns(found: Picture) -> dict[str, list[float | None]] | None:
    """What the waiting days are expected to reach, a column beside each day of the curve; never below what is there now."""
    if not isinstance(found.expected, Expected):
        return None
    row = {day: n for n, day in enumerate(found.expected.days)}
    now = [sum(counts) for counts in zip(*found.series.values(), strict=True)]

    def column(values: list[float]) -> list[float | None]:
        return [max(values[row[day]], now[n]) if day in row else None for n, day in enumerate(found.days)]

    return {name: column(getattr(found.expected, name)) for name in ("mean", "low", "high")}


def nowcast_words(found: Picture) -> str:
    """How the waiting days were corrected and on what that rests, or why they were not; empty where no day waits."""
    if found.expected is None:
        return ""
    if isinstance(found.expected, NotExpected):
        why = _(found.expected.why).format(
            cases=FEWEST_CASES, days=LEARNT_FROM, evenings=FEWEST_EVENINGS, day=found.expected.day
        )
        return _("The waiting days are not corrected.") + " " + why
    return _(
        "Expected once complete: nowcast from the days on which the last {cases} cases became known, as known at the end of "
        "{cut}, with the 95% interval; widened by how far off the same figures were on the evenings before. Cases that will "
        "be excluded later are still among them."
    ).format(cases=found.expected.cases, cut=found.expected.cut)


def curve_notes(found: Picture) -> list[str]:
    """What a reader must know to read the curve: what is not in it, and which of its days are not complete."""
    notes = []
    if found.waiting_from and found.by == "onset" and found.delays.high:
        words = (
            _(
                "Days from {day} on still wait for reports: the few cases so far were reported up to {high} days after their onset."
            )
            if found.delays.few
            else _(
                "Days from {day} on still wait for reports: one case in ten is reported {high} days or more after its "
                "onset. A fall there may not be one."
            )
        )
        notes.append(words.format(day=found.waiting_from, high=found.delays.high))
    if words := nowcast_words(found):
        notes.append(words)
    if not found.evening:
        notes.append(_("Today still runs: its figures are not complete."))
    if found.without_day:
        notes.append(
            ngettext(
                "{n} case is not in the curve: its day is not known exactly.",
                "{n} cases are not in the curve: their day is not known exactly.",
                found.without_day,
            ).format(n=found.without_day)
        )
    if found.earlier:
        notes.append(
            ngettext("{n} case lies before {day}.", "{n} cases lie before {day}.", found.earlier).format(
                n=found.earlier, day=found.days[0]
            )
        )
    if found.left_out:
        notes.append(
            ngettext(
                "{n} report that is no case by the protocol (excluded or not classified) is left out.",
                "{n} reports that are no cases by the protocol (excluded or not classified) are left out.",
                found.left_out,
            ).format(n=found.left_out)
        )
    if found.days and found.days[-1] < found.day:
        notes.append(_("No case is known after {day}; the curve ends there.").format(day=found.days[-1]))
    return notes


def rt(found: Picture) -> dict[str, Any] | None:
    """Rt as the page's island reads it, or None."""
    if found.rt is None:
        return None
    interval = found.rt.interval
    return {
        "days": found.rt.days,
        "mean": found.rt.mean,
        "low": found.rt.low,
        "high": found.rt.high,
        "title": _("Reproduction number Rt"),
        "method": _("Cori 2013, {window}-day windows, serial interval {mean} ± {sd} days").format(
            window=found.rt.window, mean=f"{interval.mean_days:g}", sd=f"{interval.sd_days:g}"
        ),
        "asOf": found.day,
    }


def rt_note(found: Picture) -> str:
    """How Rt was estimated and what it takes for granted, or why there is none."""
    if found.rt is None:
        return _(found.rt_missing).format(cases=FIRST_RT_CASES, days=RT_WINDOW)
    words = _(
        "Estimated from the days on which confirmed cases were reported, up to the last full day; infections lie some "
        "days before. Serial interval: {source}."
    ).format(source=found.rt.interval.source)
    return f"{words} {_('Parts of it are assumed.')}" if found.rt.interval.assumed else words


def area_map(found: Picture) -> dict[str, Any]:
    """The map of the areas below as the page's island reads it."""
    return {
        "geojson": f"{reverse('situation-shapes', args=[found.area.code])}?day={found.day}",
        "values": {
            place.area.code: {"value": place.confirmed, "label": area_name(place.area)}
            for place in found.places
            if place.area
        },
        "title": _("Confirmed cases by area"),
        "unit": _("confirmed, cumulative"),
        "link": "?" + query(found, area="CODE").replace("CODE", "{code}"),
        "asOf": found.day,
    }


def delay_rows(delays: Delays) -> list[tuple[str, int]]:
    """The distribution of delays in rows a person reads: before onset, each day, and all longer ones together."""
    early = sum(cases for delay, cases in delays.distribution.items() if delay < 0)
    late = sum(cases for delay, cases in delays.distribution.items() if delay > LAST_DELAY)
    longest = min(max(delays.distribution, default=0), LAST_DELAY)
    rows = [(str(delay), delays.distribution.get(delay, 0)) for delay in range(longest + 1)]
    if early:
        rows.insert(0, (_("before onset"), early))
    if late:
        rows.append((_("more than {days}").format(days=LAST_DELAY), late))
    return rows


def delay_words(delays: Delays) -> str:
    """Median and spread of the delays in a sentence; empty where none is known."""
    if not delays.cases:
        return ""
    if delays.few:
        words = ngettext(
            "{n} case with a known day of onset, reported {low} days after it.",
            "{n} cases with a known day of onset, reported {low} to {high} days after it.",
            delays.cases,
        )
    else:
        words = ngettext(
            "Half of the {n} cases with a known day of onset were reported within {median} day, one in ten within "
            "{low}, nine in ten within {high}.",
            "Half of the {n} cases with a known day of onset were reported within {median} days, one in ten within "
            "{low}, nine in ten within {high}.",
            delays.median or 0,
        )
    return words.format(n=delays.cases, median=delays.median, low=delays.low, high=delays.high)


def figure(value: int | float | None) -> str:
    """A figure of the indicator table as text; a dash where it has no meaning."""
    return "–" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value)


def tables(found: Picture) -> dict[str, list[list[Any]]]:
    """The numbers behind each part of the page, each with its head row. The heads are codes, the same in any language."""
    columns = found.series.values()
    waiting = _expected_columns(found)
    awaited: list[tuple[Any, ...]] = (
        list(zip(*waiting.values(), strict=True)) if waiting else [(None, None, None)] * len(found.days)
    )
    return {
        "curve": [
            ["day", *found.series, "complete", "expected_mean", "expected_low_2.5", "expected_high_97.5"],
            *(
                [*row, "no" if found.waiting_from and row[0] >= found.waiting_from else "yes", *more]
                for row, more in zip(zip(found.days, *columns, strict=True), awaited, strict=True)
            ),
        ],
        "rt": [
            ["window_end", "rt_mean", "rt_low_2.5", "rt_high_97.5"],
            *(
                list(row)
                for row in (
                    zip(found.rt.days, found.rt.mean, found.rt.low, found.rt.high, strict=True) if found.rt else ()
                )
            ),
        ],
        "indicators": [
            ["indicator", "value", "evening_before"],
            *([shown.indicator.code, shown.value, shown.before] for shown in found.indicators),
        ],
        "areas": [
            ["code", "name", "confirmed", "confirmed_7_days", "suspected", "deaths"],
            *([place.area.code if place.area else "", place_name(place), *place.figures] for place in found.places),
        ],
        "delays": [["days_onset_to_report", "cases"], *map(list, found.delays.distribution.items())],
    }
