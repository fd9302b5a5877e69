"""Each indicator of the situation page, once: what it counts, in words a reader can check, and how."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from lianfang.kernel.refusals import Phrase as _
from lianfang.surveillance.selectors import Counts


@dataclass(frozen=True)
class Classes:
    """What the classes of a protocol count as: as confirmed, beside the confirmed, as still suspected."""

    confirmed: Sequence[str]
    others: Sequence[str]
    suspected: Sequence[str]

    @property
    def drawn(self) -> tuple[str, ...]:
        """The classes of the curve and of the delays, from the bottom of the stack up."""
        return (*self.confirmed, *self.others, *self.suspected)


Figure = int | float | None


@dataclass(frozen=True)
class Indicator:
    """One row of the table: a code, its words, its definition, and the function that counts it.

    The function gets the counts, the classes and the day of the data cut; None where the figure has no meaning.
    """

    code: str
    label: str
    definition: str
    count: Callable[[Counts, Classes, date], Figure]
    headline: bool = False


def _still_ill(counts: Counts, classes: Classes) -> int:
    ended = counts.total("discharged", classes=classes.confirmed) + counts.total("died", classes=classes.confirmed)
    return counts.total("reported", classes=classes.confirmed) - ended


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        "confirmed_total", _("Confirmed, cumulative"),
        _("Cases whose class at the data cut is one that the protocol counts as confirmed."),
        lambda counts, classes, day: counts.total("reported", classes=classes.confirmed),
        headline=True,
    ),
    Indicator(
        "confirmed_new", _("Newly confirmed"),
        _("Of these, those confirmed on the day of the data cut."),
        lambda counts, classes, day: counts.total("confirmed", classes=classes.confirmed, days=(day, day)),
        headline=True,
    ),
    Indicator(
        "confirmed_week", _("Confirmed in 7 days"),
        _("Of these, those confirmed on the day of the data cut and the six days before it."),
        lambda counts, classes, day: counts.total("confirmed", classes=classes.confirmed, days=week_to(day)),
    ),
    Indicator(
        "confirmed_current", _("Confirmed, still ill"),
        _("Confirmed cases neither discharged nor dead at the data cut."),
        lambda counts, classes, day: _still_ill(counts, classes),
        headline=True,
    ),
    Indicator(
        "severe", _("Severe, critical ones included"),
        _("Confirmed cases still ill whose course is severe or critical at the data cut."),
        lambda counts, classes, day: counts.total("severe", classes=classes.confirmed)
        + counts.total("critical", classes=classes.confirmed),
    ),
    Indicator(
        "critical", _("Critical"),
        _("Confirmed cases still ill whose course is critical at the data cut."),
        lambda counts, classes, day: counts.total("critical", classes=classes.confirmed),
    ),
    Indicator(
        "suspected_current", _("Suspected, undecided"),
        _("Cases whose class at the data cut is one that the protocol counts as suspected."),
        lambda counts, classes, day: counts.total("reported", classes=classes.suspected),
        headline=True,
    ),
    Indicator(
        "others_total", _("Other infections, cumulative"),
        _("Cases of the classes that the protocol counts beside the confirmed ones, such as asymptomatic infections."),
        lambda counts, classes, day: counts.total("reported", classes=classes.others) if classes.others else None,
    ),
    Indicator(
        "discharged", _("Discharged, cumulative"),
        _("Confirmed cases discharged up to the data cut."),
        lambda counts, classes, day: counts.total("discharged", classes=classes.confirmed),
        headline=True,
    ),
    Indicator(
        "deaths", _("Deaths, cumulative"),
        _("Confirmed cases who died up to the data cut."),
        lambda counts, classes, day: counts.total("died", classes=classes.confirmed),
        headline=True,
    ),
    Indicator(
        "fatality", _("Deaths among confirmed, %"),
        _("Deaths divided by confirmed cases. Too low while many are still ill: their outcome is open."),
        lambda counts, classes, day: _percent(
            counts.total("died", classes=classes.confirmed), counts.total("reported", classes=classes.confirmed)
        ),
    ),
    Indicator(
        "onset_known", _("Onset day known, %"),
        _("Share of confirmed and other infections whose onset is known to the day."),
        lambda counts, classes, day: _percent(
            counts.total("delay", classes=(*classes.confirmed, *classes.others)),
            counts.total("reported", classes=(*classes.confirmed, *classes.others)),
        ),
    ),
)  # fmt: skip


def week_to(day: date) -> tuple[date, date]:
    """A day and the six days before it, as the first and the last."""
    return day - timedelta(days=6), day


ENOUGH_DELAYS = 10  # cases from which shares of a tenth are spoken of


@dataclass(frozen=True)
class Delays:
    """Days from onset to report: {days: cases}, and the days within which a tenth, half and nine tenths were reported.

    Of fewer than ten cases, ``low`` and ``high`` are the shortest and the longest delay.
    """

    distribution: dict[int, int]
    low: int | None = None
    median: int | None = None
    high: int | None = None

    @property
    def cases(self) -> int:
        return sum(self.distribution.values())

    @property
    def few(self) -> bool:
        return self.cases < ENOUGH_DELAYS


def delays(counts: Counts, classes: Sequence[str]) -> Delays:
    """The delays of the cases of some classes whose onset is known to the day. A case reported before its onset has less than 0."""
    distribution = counts.by_value("delay", classes=classes)
    total, reached = sum(distribution.values()), 0
    tenths = (1, 5, 9) if total >= ENOUGH_DELAYS else (0, 5, 10)
    within: dict[int, int] = {}
    for delay, cases in distribution.items():
        reached += cases
        for share in tenths:
            if reached * 10 >= share * total:
                within.setdefault(share, delay)
    return Delays(distribution, *(within.get(share) for share in tenths))
