"""Each indicator of the situation page, once: what it counts, in words a reader can check, and how."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from lianfang.kernel.refusals import Phrase as _
from lianfang.surveillance.selectors import Counts


@dataclass(frozen=True)
class Classes:
    """Which classes of the edition in force count as a case, as confirmed, as still suspected."""

    cases: Sequence[str]
    confirmed: Sequence[str]
    suspected: Sequence[str]


@dataclass(frozen=True)
class Indicator:
    """One row of the table: a code, its words, its definition, and the function that counts it."""

    code: str
    label: str
    definition: str
    count: Callable[[Counts, Classes, date], int | float | None]


def _new(counts: Counts, classes: Sequence[str], measure: str, first: date, last: date) -> int:
    return counts.total(measure, classes=classes, days=(first, last))


def _confirmed_now(counts: Counts, classes: Classes) -> int:
    ended = counts.total("discharged", classes=classes.confirmed) + counts.total("died", classes=classes.confirmed)
    return counts.total("reported", classes=classes.confirmed) - ended


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        "confirmed_total", _("Confirmed, cumulative"),
        _("Cases whose class is confirmed (or clinically diagnosed where the edition counts it) at the data cut."),
        lambda counts, classes, day: counts.total("reported", classes=classes.confirmed),
    ),
    Indicator(
        "confirmed_new", _("Newly confirmed"),
        _("Cases confirmed on the day of the data cut."),
        lambda counts, classes, day: _new(counts, classes.confirmed, "confirmed", day, day),
    ),
    Indicator(
        "confirmed_week", _("Confirmed in 7 days"),
        _("Cases confirmed on the day of the data cut and the six days before it."),
        lambda counts, classes, day: _new(counts, classes.confirmed, "confirmed", day - timedelta(days=6), day),
    ),
    Indicator(
        "confirmed_current", _("Confirmed, still ill"),
        _("Confirmed cases neither discharged nor dead at the data cut."),
        lambda counts, classes, day: _confirmed_now(counts, classes),
    ),
    Indicator(
        "severe", _("Severe, of which critical are a part"),
        _("Confirmed cases still ill whose severity is severe or critical at the data cut."),
        lambda counts, classes, day: counts.total("severe", classes=classes.confirmed)
        + counts.total("critical", classes=classes.confirmed),
    ),
    Indicator(
        "critical", _("Critical"),
        _("Confirmed cases still ill whose severity is critical at the data cut."),
        lambda counts, classes, day: counts.total("critical", classes=classes.confirmed),
    ),
    Indicator(
        "suspected_current", _("Suspected, undecided"),
        _("Cases whose class is suspected at the data cut."),
        lambda counts, classes, day: counts.total("reported", classes=classes.suspected),
    ),
    Indicator(
        "discharged", _("Discharged, cumulative"),
        _("Confirmed cases discharged up to the data cut."),
        lambda counts, classes, day: counts.total("discharged", classes=classes.confirmed),
    ),
    Indicator(
        "deaths", _("Deaths, cumulative"),
        _("Confirmed cases who died up to the data cut."),
        lambda counts, classes, day: counts.total("died", classes=classes.confirmed),
    ),
    Indicator(
        "fatality", _("Deaths among confirmed, %"),
        _("Deaths divided by confirmed cases, without correction for cases whose outcome is still open."),
        lambda counts, classes, day: _percent(
            counts.total("died", classes=classes.confirmed), counts.total("reported", classes=classes.confirmed)
        ),
    ),
    Indicator(
        "onset_known", _("Onset day known, %"),
        _("Share of all counted cases whose day of onset is known to the day."),
        lambda counts, classes, day: _percent(
            sum(counts.values("onset", classes=classes.cases).values()), counts.total("reported", classes=classes.cases)
        ),
    ),
)  # fmt: skip


def delays(counts: Counts, classes: Classes) -> dict[str, float | int | None]:
    """Days from onset to report of the cases with a known onset: how many, median, 10th and 90th percentile."""
    by_delay: dict[int, int] = {}
    for (_day, delay), count in counts.values("onset", classes=classes.cases).items():
        by_delay[delay] = by_delay.get(delay, 0) + count
    total = sum(by_delay.values())
    found: dict[str, float | int | None] = {"cases": total, "median": None, "low": None, "high": None}
    if not total:
        return found
    for name, share in (("low", 0.1), ("median", 0.5), ("high", 0.9)):
        reached = 0
        for delay in sorted(by_delay):
            reached += by_delay[delay]
            if reached >= share * total:
                found[name] = delay
                break
    return {**found, "distribution": dict(sorted(by_delay.items()))}  # type: ignore[dict-item]
