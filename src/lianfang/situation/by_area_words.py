"""Paces in the reader's words: for the page and the report."""

from math import isinf
from typing import Any

from django.utils.translation import gettext as _

from lianfang.registry.selectors import area_name

from .by_area import GROWTH_DAYS, Pace, Paces
from .outlook import NotExpected, Week
from .selectors import FIRST_RT_CASES, QUIET_AFTER, RT_WINDOW


def interval_words(found: tuple[float, float, float], digits: int = 2) -> str:
    """An estimate with its interval: 1.32 (1.10–1.57)."""
    mean, low, high = (f"{value:.{digits}f}" for value in found)
    return f"{mean} ({low}–{high})"


def rt_words(pace: Pace) -> str:
    """Rt with its interval, or why there is none."""
    if pace.rt is not None:
        return interval_words(pace.rt)
    return _(pace.no_rt).format(cases=FIRST_RT_CASES, days=QUIET_AFTER)


def growth_words(pace: Pace) -> str:
    """The rate of growth a day in percent, with its interval; a dash where there is none."""
    if pace.growth is None:
        return "–"
    mean, low, high = (f"{100 * value:+.1f}" for value in pace.growth)
    return f"{mean}% ({low}% … {high}%)"


def doubling_words(pace: Pace) -> str:
    """In how many days cases double or halve; that neither is clear where the interval holds both."""
    if pace.growth is None or pace.doubling is None:
        return "–"
    days, shortest, longest = pace.doubling
    if pace.growth[1] <= 0 <= pace.growth[2]:
        return _("neither clearly")
    if isinf(longest):
        return "–"
    words = _("doubles in {days} days ({low}–{high})") if days > 0 else _("halves in {days} days ({low}–{high})")
    low, high = sorted((abs(shortest), abs(longest)))
    return words.format(days=f"{abs(days):.1f}", low=f"{low:.1f}", high=f"{high:.1f}")


def week_words(week: Week | NotExpected) -> str:
    """How many fell ill in the last week once all reports are in, beside how many are known; a dash where that is not known."""
    if isinstance(week, NotExpected):
        return "–"
    return _("{mean} ({low}–{high}), {known} known").format(
        mean=f"{week.mean:.0f}", low=f"{week.low:.0f}", high=f"{week.high:.0f}", known=week.known
    )


def tone(pace: Pace) -> str:
    """How a row is coloured: grows or shrinks for certain, or neither."""
    if pace.rt is None:
        return ""
    return "bad" if pace.rt[1] > 1 else "good" if pace.rt[2] < 1 else "note"


def method(found: Paces) -> str:
    """By what and from what the figures are estimated, in a few sentences."""
    said = [
        _(
            "From the confirmed cases by day of report, up to the end of {cut}. Growth: Poisson regression over {days} days, "
            "95% interval."
        ).format(cut=found.cut, days=GROWTH_DAYS)
    ]
    if found.interval is not None:
        said.append(
            _(
                "Rt: Cori 2013, the {window} days up to the cut, serial interval {mean} ± {sd} days ({source}), 95% interval."
            ).format(
                window=RT_WINDOW,
                mean=f"{found.interval.mean_days:g}",
                sd=f"{found.interval.sd_days:g}",
                source=found.interval.source,
            )
        )
    said.append(
        _(
            "Fell ill in 7 days: all cases of the curve with a known onset, corrected for reports still to come up to {cut} by "
            "nowcast; the interval adds up the 90% limits of the days, and holds more often than that. A dash: too few cases, "
            "too early, or taken over as a list."
        ).format(cut=found.cut)
    )
    return " ".join(said)


def row_of(pace: Pace, week: Week | NotExpected, link: str = "") -> dict[str, Any]:
    """A pace in the reader's words."""
    return {
        "pace": pace,
        "name": area_name(pace.area),
        "link": link,
        "rt": rt_words(pace),
        "onset": week_words(week),
        "growth": growth_words(pace),
        "doubling": doubling_words(pace),
        "tone": tone(pace),
    }
