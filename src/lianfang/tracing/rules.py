"""Tracing as pure decisions: from when on a case's company counts, what an exposure makes of a person, who sat near
enough, what is still to be asked of a contact, and which entries contradict themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from lianfang.definitions.editions import ContactCategory, Edition, SeatRule
from lianfang.kernel.refusals import Phrase as _
from lianfang.kernel.refusals import Refusal, refuse
from lianfang.kernel.workflow import Move, State, Workflow

ATTEMPTS_BEFORE_A_VISIT = 3
LONGEST_PRESENCE = timedelta(days=31)

HAND_OVER = Workflow(
    name="hand-over of a contact",
    initial="offered",
    states=(
        State("offered", _("waits for the other area’s answer")),
        State("accepted", _("taken over"), final=True),
        State("sent_back", _("sent back"), final=True),
        State("withdrawn", _("withdrawn"), final=True),
    ),
    moves=(
        Move("accept", _("Take over"), ("offered",), "accepted", "contact.trace", "contact.handed_over"),
        Move("send_back", _("Send back"), ("offered",), "sent_back", "contact.trace", "contact.sent_back"),
        Move("withdraw", _("Withdraw"), ("offered",), "withdrawn", "contact.trace", "contact.hand_over_withdrawn"),
    ),
)

STANDINGS = {
    "new": _("not yet called"),
    "tried": _("not reached"),
    "reached": _("reached"),
    "refused": _("refused to cooperate"),
    "moved": _("gone elsewhere"),
    "case": _("became a case"),
    "none": _("no exposure stands"),
}


@dataclass(frozen=True)
class Illness:
    """What tracing needs to know of a case: when it fell ill or, without symptoms, when it was sampled."""

    onset_on: date | None = None
    sampled_on: date | None = None  # the earliest sample that was positive
    asymptomatic: bool = False


def window_start(edition: Edition, illness: Illness) -> date | None:
    """The first day on which being with the case counts under an edition; None where it can't be told.

    >>> from lianfang.definitions.editions import ContactWindow, Edition
    >>> fifth = Edition("x", "5", date(2020, 2, 21), "", {}, {}, {}, contact_window=ContactWindow("onset", 2, "sampling"))
    >>> window_start(fifth, Illness(onset_on=date(2020, 2, 25)))
    datetime.date(2020, 2, 23)
    >>> window_start(fifth, Illness(sampled_on=date(2020, 2, 27), asymptomatic=True))
    datetime.date(2020, 2, 25)
    """
    window = edition.contact_window
    if window is None:
        return None
    days = {"onset": illness.onset_on, "sampling": illness.sampled_on}
    anchor = days[window.anchor]
    if anchor is None and illness.asymptomatic and window.asymptomatic_anchor:
        anchor = days[window.asymptomatic_anchor]
    return anchor - timedelta(days=window.days_before) if anchor else None


def category_of(
    edition: Edition,
    window_from: date | None,
    *,
    kind: str,
    first_on: date | None,
    last_on: date | None,
    protected: bool,
    distance: float | None,
) -> str:
    """The first category of the edition that nothing speaks against; empty when something speaks against each.

    What was not said speaks against nothing: an exposure of unknown day or distance counts until more is known.
    """
    ended = last_on or (first_on if kind != "household" else None)

    def fits(category: ContactCategory) -> bool:
        if category.kinds and kind not in category.kinds:
            return False
        if category.unprotected and protected:
            return False
        if category.within_metres is not None and distance is not None and distance > category.within_metres:
            return False
        return not (category.in_window and window_from and ended and ended < window_from)

    special = [entry for entry in edition.contact_categories.values() if entry.kinds and kind in entry.kinds]
    ordinary = [entry for entry in edition.contact_categories.values() if not entry.kinds]
    return next((entry.code for entry in (special or ordinary) if fits(entry)), "")


@dataclass(frozen=True)
class Judgement:
    """What an exposure makes of a person: a function of the exposure, of what is known of the case, and of an edition."""

    category: str  # of the edition; empty: no contact by it
    window_from: date | None  # the first day that counts; None: every day does as long as nothing better is known
    outside: bool = False  # no contact for the one reason that it lay before that day


def judge(edition: Edition, illness: Illness, exposure: Any) -> Judgement:
    """Judge an exposure, told or on record. Entering it and judging it anew both ask here.

    >>> from lianfang.definitions.editions import ContactCategory, ContactWindow
    >>> close = {"close": ContactCategory("close", {}, True)}
    >>> fifth = Edition("x", "5", date(2020, 2, 21), "", {}, {}, {},
    ...     contact_window=ContactWindow("onset", 2, "sampling"), contact_categories=close)
    >>> from types import SimpleNamespace
    >>> meal = SimpleNamespace(
    ...     kind="meal", first_on=None, last_on=date(2020, 2, 22), protected=False, distance=None)
    >>> judge(fifth, Illness(onset_on=date(2020, 2, 24)), meal).category
    'close'
    >>> judge(fifth, Illness(onset_on=date(2020, 2, 25)), meal)
    Judgement(category='', window_from=datetime.date(2020, 2, 23), outside=True)
    """
    told = {name: getattr(exposure, name) for name in ("kind", "first_on", "last_on", "protected", "distance")}
    begins = window_start(edition, illness)
    category = category_of(edition, begins, **told)
    return Judgement(category, begins, not category and bool(category_of(edition, None, **told)))


def earlier(now: date | None, then: date | None) -> bool:
    """Whether a contact window begins earlier than it did. None: every day counts."""
    return then is not None and (now is None or now < then)


def observed(edition: Edition, category: str, protected: bool) -> bool:
    """Whether an exposure of this category owes medical observation under the edition."""
    entry = edition.contact_categories.get(category)
    return entry is not None and entry.observed and not (entry.unprotected and protected)


@dataclass(frozen=True)
class Place:
    """Where somebody was, and when. Rows are numbered from the front."""

    from_at: datetime
    until_at: datetime
    compartment: str = ""
    row: int | None = None


def shared(one: Place, other: Place) -> timedelta | None:
    """How long two people were at one place together; None when they were not."""
    together = min(one.until_at, other.until_at) - max(one.from_at, other.from_at)
    return together if together >= timedelta(0) else None


def near(case: Place, other: Place, rule: SeatRule | None) -> bool:
    """Whether two people who shared a vehicle or place sat near enough. Without a rule time alone decides.

    A row or compartment that is not known speaks against nothing.
    """
    if rule is None:
        return True
    if rule.same_compartment:
        return not (case.compartment and other.compartment) or case.compartment == other.compartment
    if case.row is None or other.row is None or rule.rows_each_way is None:
        return True
    return abs(case.row - other.row) <= rule.rows_each_way


@dataclass(frozen=True)
class Standing:
    """Where a contact stands, as follows from what is on record."""

    code: str
    attempts: int = 0  # calls since the contact was last spoken to
    last_call: Any = None
    needs_visit: bool = False


def standing(exposures: Sequence[Any], calls: Sequence[Any], became_case: bool) -> Standing:
    """Where a contact stands. The order in which calls were written down does not matter: the hours of the calls do."""
    made = sorted(calls, key=lambda call: (call.called_at, call.id))
    attempts = 0
    for call in made:
        attempts = attempts + 1 if call.outcome in ("not_reached", "wrong_number") else 0
    last = made[-1] if made else None
    if became_case:
        code = "case"
    elif not exposures:
        code = "none"
    elif last is None:
        code = "new"
    else:
        code = {"not_reached": "tried", "wrong_number": "tried"}.get(last.outcome, last.outcome)
    needs_visit = code == "refused" or (
        code == "tried"
        and (attempts >= ATTEMPTS_BEFORE_A_VISIT or (last is not None and last.outcome == "wrong_number"))
    )
    return Standing(code, attempts, last, needs_visit)


@dataclass(frozen=True)
class ToDo:
    """Which orders about a contact must be open, as follows from where it stands."""

    call: bool  # it is still to be spoken to
    call_on: date | None  # the day on which it asked to be called again
    visit: bool


def to_do(found: Standing) -> ToDo:
    """What is still to be done for a contact after its calls."""
    last = found.last_call
    again = last.call_again_on if last is not None and found.code in ("tried", "reached", "refused") else None
    return ToDo(found.code in ("new", "tried") and again is None, again, found.needs_visit)


def feverish(edition: Edition, temperature: Any, symptoms: Sequence[str]) -> bool:
    """Whether what a contact told on the telephone must be reported at once."""
    hot = temperature is not None and edition.fever_from is not None and float(temperature) >= edition.fever_from
    return hot or any(code in edition.listed_symptoms for code in symptoms)


def exposure_refusals(
    *,
    kind: str,
    relation: str,
    category: str,
    first_on: date | None,
    last_on: date | None,
    distance: float | None,
    edition: Edition,
    kinds: Any,
    relations: Any,
    today: date,
) -> list[Refusal]:
    """Everything that can't be right about an exposure."""
    found = []
    for about, day in (("first_on", first_on), ("last_on", last_on)):
        if day is not None and day > today:
            found.append(refuse("exposure.future_day", about, day=day))
    if first_on and last_on and last_on < first_on:
        found.append(refuse("exposure.span_reversed", "last_on"))
    if kind not in kinds:
        found.append(refuse("exposure.unknown_kind", "kind", kind=kind))
    if relation and relation not in relations:
        found.append(refuse("exposure.unknown_relation", "relation", relation=relation))
    if category and category not in edition.contact_categories:
        known = ", ".join(edition.contact_categories)
        found.append(
            refuse("exposure.unknown_category", "category", category=category, edition=edition.code, known=known)
        )
    if distance is not None and not 0 <= distance <= 1000:
        found.append(refuse("exposure.impossible_distance", "distance"))
    return found


def presence_refusals(from_at: datetime, until_at: datetime, now: datetime) -> list[Refusal]:
    """What can't be right about the hours of a visit or of a presence list."""
    found = []
    if until_at < from_at:
        found.append(refuse("visit.ends_before_it_begins", "until_at"))
    elif until_at - from_at > LONGEST_PRESENCE:
        found.append(refuse("visit.too_long", "until_at", days=LONGEST_PRESENCE.days))
    if from_at > now:
        found.append(refuse("visit.in_the_future", "from_at"))
    return found


def call_refusals(
    outcome: str,
    outcomes: Any,
    temperature: Any,
    called_at: datetime,
    call_again_on: date | None,
    now: datetime,
    today: date,
) -> list[Refusal]:
    """What can't be right about a call."""
    found = []
    if outcome not in outcomes:
        found.append(refuse("call.unknown_outcome", "outcome", outcome=outcome))
    if temperature is not None and not 30 <= float(temperature) <= 45:
        found.append(refuse("call.impossible_temperature", "temperature", temperature=temperature))
    if called_at > now + timedelta(minutes=5):  # the clock of a telephone may run ahead a little
        found.append(refuse("call.in_the_future", "called_at"))
    if call_again_on is not None and call_again_on < today:
        found.append(refuse("call.again_in_the_past", "call_again_on"))
    return found
