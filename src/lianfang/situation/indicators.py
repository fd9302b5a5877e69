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
class Term:
    """A sum of cases: of some measures, of the classes that count as one thing, on the last days or on all."""

    measures: tuple[str, ...]
    of: tuple[str, ...]  # names of fields of ``Classes``
    days: int | None = None  # the day of the data cut and so many days before it, one less than this; None for all

    def classes(self, known: Classes) -> tuple[str, ...]:
        return tuple(of_class for name in self.of for of_class in getattr(known, name))

    def span(self, day: date) -> tuple[date, date] | None:
        return None if self.days is None else (day - timedelta(days=self.days - 1), day)


@dataclass(frozen=True)
class Indicator:
    """One row of the table: a code, its words, its definition, and of which sums it is made.

    The figure is the sum of ``plus`` less that of ``minus``; with ``per`` its share of that, in percent.
    """

    code: str
    label: str
    definition: str
    plus: tuple[Term, ...]
    minus: tuple[Term, ...] = ()
    per: tuple[Term, ...] = ()
    headline: bool = False

    @property
    def terms(self) -> tuple[Term, ...]:
        return (*self.plus, *self.minus, *self.per)

    def figure(self, sum_of: Callable[[Term], int], classes: Classes) -> Figure:
        """The figure from its sums; None where it has no meaning: no such class exists, or there is nothing to divide by."""
        if not any(term.classes(classes) for term in self.plus):
            return None
        plus, minus, per = (sum(map(sum_of, terms)) for terms in (self.plus, self.minus, self.per))
        if not self.per:
            return plus - minus
        return round(100 * (plus - minus) / per, 1) if per else None

    def count(self, counts: Counts, classes: Classes, day: date) -> Figure:
        """The figure of an area at a data cut, from its counts."""

        def sum_of(term: Term) -> int:
            return sum(
                counts.total(measure, classes=term.classes(classes), days=term.span(day)) for measure in term.measures
            )

        return self.figure(sum_of, classes)


def _confirmed(*measures: str, days: int | None = None) -> Term:
    return Term(measures, ("confirmed",), days)


_INFECTED = ("confirmed", "others")

INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        "confirmed_total", _("Confirmed, cumulative"),
        _("Cases whose class at the data cut is one that the protocol counts as confirmed."),
        (_confirmed("reported"),),
        headline=True,
    ),
    Indicator(
        "confirmed_new", _("Newly confirmed"),
        _("Of these, those confirmed on the day of the data cut."),
        (_confirmed("confirmed", days=1),),
        headline=True,
    ),
    Indicator(
        "confirmed_week", _("Confirmed in 7 days"),
        _("Of these, those confirmed on the day of the data cut and the six days before it."),
        (_confirmed("confirmed", days=7),),
    ),
    Indicator(
        "confirmed_current", _("Confirmed, still ill"),
        _("Confirmed cases neither discharged nor dead at the data cut."),
        (_confirmed("reported"),), minus=(_confirmed("discharged", "died"),),
        headline=True,
    ),
    Indicator(
        "severe", _("Severe, critical ones included"),
        _("Confirmed cases still ill whose course is severe or critical at the data cut."),
        (_confirmed("severe", "critical"),),
    ),
    Indicator(
        "critical", _("Critical"),
        _("Confirmed cases still ill whose course is critical at the data cut."),
        (_confirmed("critical"),),
    ),
    Indicator(
        "suspected_current", _("Suspected, undecided"),
        _("Cases whose class at the data cut is one that the protocol counts as suspected."),
        (Term(("reported",), ("suspected",)),),
        headline=True,
    ),
    Indicator(
        "others_total", _("Other infections, cumulative"),
        _("Cases of the classes that the protocol counts beside the confirmed ones, such as asymptomatic infections."),
        (Term(("reported",), ("others",)),),
    ),
    Indicator(
        "discharged", _("Discharged, cumulative"),
        _("Confirmed cases discharged up to the data cut."),
        (_confirmed("discharged"),),
        headline=True,
    ),
    Indicator(
        "deaths", _("Deaths, cumulative"),
        _("Confirmed cases who died up to the data cut."),
        (_confirmed("died"),),
        headline=True,
    ),
    Indicator(
        "fatality", _("Deaths among confirmed, %"),
        _("Deaths divided by confirmed cases. Too low while many are still ill: their outcome is open."),
        (_confirmed("died"),), per=(_confirmed("reported"),),
    ),
    Indicator(
        "onset_known", _("Onset day known, %"),
        _("Share of confirmed and other infections whose onset is known to the day."),
        (Term(("delay",), _INFECTED),), per=(Term(("reported",), _INFECTED),),
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
