"""Work orders as pure decisions: the kinds, the states, who may take which step, and how much time is left."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from lianfang.kernel.access import PERMISSIONS
from lianfang.kernel.refusals import Phrase as _
from lianfang.kernel.refusals import Refusal, refuse
from lianfang.kernel.workflow import Move, State, Workflow

# --- states and moves ---------------------------------------------------------------------------------------------


def _done_by_saying_so(order: Any) -> Refusal | None:
    """An order is done by saying so, unless somebody verifies it, or what is entered about its subject closes it."""
    kind = kinds()[order.kind]
    if kind.by_record:
        return refuse("order.closed_by_record")
    return refuse("order.is_verified") if kind.verify else None


def _needs_verification(order: Any) -> Refusal | None:
    return None if kinds()[order.kind].verify else refuse("order.is_not_verified")


UNDONE = ("open", "assigned", "accepted", "declined", "offered")

WORKFLOW = Workflow(
    name="work order",
    initial="open",
    states=(
        State("open", _("open")),
        State("assigned", _("assigned")),
        State("accepted", _("accepted")),
        State("declined", _("declined")),
        State("offered", _("offered to another desk")),
        State("reported", _("reported done, to be verified")),
        State("done", _("done"), final=True),
        State("cancelled", _("no longer needed"), final=True),
    ),
    moves=(
        Move("accept", _("Accept"), ("open", "assigned"), "accepted", "order.do", "order.accepted"),
        Move(
            "complete", _("Done"), ("open", "assigned", "accepted", "offered"), "done", "order.do", "order.done",
            _done_by_saying_so,
        ),
        Move(
            "report", _("Report as done"), ("open", "assigned", "accepted", "offered"), "reported", "order.do",
            "order.reported", _needs_verification,
        ),
        Move("give_back", _("Give back"), ("accepted",), "open", "order.do", "order.given_back"),
        Move("decline", _("Decline"), ("open", "assigned", "accepted"), "declined", "order.do", "order.declined"),
        Move("assign", _("Assign"), ("open", "assigned", "accepted", "declined"), "assigned", "order.assign", "order.assigned"),
        Move("hand_over", _("Hand over"), ("open", "assigned", "accepted", "declined"), "offered", "order.assign", "order.offered"),
        Move("take_over", _("Take over"), ("offered",), "open", "order.do", "order.taken_over"),
        Move("turn_down", _("Turn down"), ("offered",), "open", "order.do", "order.turned_down"),
        Move("keep", _("Keep it here"), ("offered",), "open", "order.assign", "order.kept"),
        Move("verify", _("Verified"), ("reported",), "done", "order.assign", "order.verified"),
        Move("send_back", _("Send back"), ("reported",), "open", "order.assign", "order.sent_back"),
        Move("cancel", _("No longer needed"), UNDONE, "cancelled", "order.assign", "order.cancelled"),
    ),
)  # fmt: skip

BY_RECEIVER = ("take_over", "turn_down")  # these are asked at the desk that the order was offered to
WITH_REASON = ("decline", "turn_down", "send_back", "cancel")  # nobody says these without saying why
FINAL = tuple(state.name for state in WORKFLOW.states if state.final)


def moves_of(kind: "Kind") -> tuple[Move, ...]:
    """The moves that orders of a kind know: those that are verified are reported, the others are done at once."""
    absent = ("complete",) if kind.verify else ("report", "verify", "send_back")
    return tuple(move for move in WORKFLOW.moves if move.name not in absent)


def reason_missing(name: str, note: str) -> Refusal | None:
    """A move that somebody else must understand needs its reason."""
    return refuse("order.reason_missing", "note") if name in WITH_REASON and not note.strip() else None


def verified_by_another(done_by: int | None, by: int | None) -> Refusal | None:
    """Nobody verifies what he did himself."""
    return refuse("order.verified_by_another") if by is not None and done_by == by else None


# --- kinds --------------------------------------------------------------------------------------------------------

PROOF_WORDS = {
    "note": _("a note"),
    "photo": _("a photo"),
    "reading": _("a reading"),
    "place": _("the place"),
    "passed": _("the result of the test"),
}
PROOFS = tuple(PROOF_WORDS)
SUBJECTS_BY_HAND = ("site", "request")  # what a person may raise an order about without a record of another part


@dataclass(frozen=True)
class Reading:
    """What the number is that a kind asks for. ``summed``: the statistics add the numbers up, as with lines opened."""

    label: dict[str, str]
    unit: dict[str, str]
    summed: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of work order: its words, what it is about, its limit, who may do it, and what proves and follows it."""

    code: str
    label: dict[str, str]
    subject: str
    limit: timedelta
    permission: str
    deadline: str = ""  # name of the edition's deadline that overrides the limit
    raised_by: str = ""  # permission to raise one by hand; empty: only the platform raises it
    form: tuple[str, ...] = ()  # what must be there before it is done
    reading: Reading | None = None
    verify: bool = False
    by_record: bool = False  # what is entered about its subject closes it
    follows: str = ""
    escalates: timedelta = timedelta()  # so late, it is shown to the level above

    @property
    def by_hand(self) -> bool:
        return bool(self.raised_by) and self.subject in SUBJECTS_BY_HAND


class HalfRight(ValueError):
    """A kind in the file is not whole; the message names the file, the kind and the remedy."""


MUST = {"label", "subject", "minutes", "permission"}
MAY = {"deadline", "raise", "form", "reading", "verify", "by_record", "follows", "escalates"}


def read_kinds(path: Path) -> dict[str, Kind]:
    """All kinds of a file. Raises HalfRight naming everything that is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        raise HalfRight(f"{path.name}: {broken}; write it as TOML in UTF-8") from None
    problems = [f"[{code}] {problem}" for code, entry in content.items() for problem in _problems(entry, content)]
    if problems:
        raise HalfRight(f"{path.name}: " + "; ".join(problems))
    return {code: _kind(code, entry) for code, entry in content.items()}


def _problems(entry: Any, every: dict[str, Any]) -> Iterator[str]:
    """What is wrong with one kind, each with its remedy."""
    if not isinstance(entry, dict):
        yield "is no table; write [name] and its keys below"
        return
    if wrong := sorted(entry.keys() - MUST - MAY):
        yield f"has keys nobody reads: {', '.join(wrong)}; remove them"
    if missing := sorted(MUST - entry.keys()):
        yield f"lacks {', '.join(missing)}; add them"
    if "label" in entry and not _in_both(entry["label"]):
        yield "needs its label in zh and en"
    for key in ("minutes", "escalates"):
        if key in entry and (type(entry[key]) is not int or entry[key] <= 0):
            yield f"says {key} = {entry[key]!r}; write a whole number of minutes above 0"
    for key in ("permission", "raise"):
        if key in entry and entry[key] not in PERMISSIONS:
            yield f"says {key} = {entry[key]!r}; write one of the permissions: {', '.join(PERMISSIONS)}"
    for key in ("subject", "deadline"):
        if key in entry and not (isinstance(entry[key], str) and entry[key].isidentifier()):
            yield f"says {key} = {entry[key]!r}; write a name in letters and underscores"
    for key in ("verify", "by_record"):
        if key in entry and type(entry[key]) is not bool:
            yield f"says {key} = {entry[key]!r}; write true or false"
    if entry.get("by_record") and entry.keys() & {"form", "verify", "raise"}:
        yield "is closed by a record; remove form, verify and raise, or by_record"
    if "form" in entry:
        form = entry["form"]
        if not isinstance(form, list) or any(field not in PROOFS for field in form) or len(set(form)) < len(form):
            yield f"says form = {form!r}; write a list of {', '.join(PROOFS)}, each once"
        elif "reading" in form and "reading" not in entry:
            yield "asks for a reading; say what is read: reading = { label = …, unit = … }"
    if "reading" in entry:
        yield from _reading_problems(entry)
    if "follows" in entry:
        yield from _follows_problems(entry["follows"], every)


def _in_both(words: Any) -> bool:
    return (
        isinstance(words, dict)
        and words.keys() == {"zh", "en"}
        and all(isinstance(said, str) and said.strip() for said in words.values())
    )


def _reading_problems(entry: dict[str, Any]) -> Iterator[str]:
    reading = entry["reading"]
    if not isinstance(reading, dict) or not {"label", "unit"} <= reading.keys() <= {"label", "unit", "summed"}:
        yield "has a reading that is not whole; write reading = { label = …, unit = … }, and summed = true where it adds up"
    elif not (_in_both(reading["label"]) and _in_both(reading["unit"])):
        yield "needs label and unit of its reading in zh and en"
    elif type(reading.get("summed", False)) is not bool:
        yield f"says summed = {reading['summed']!r}; write true or false"
    elif "reading" not in entry.get("form", ()):
        yield "says what is read but does not ask for it; add reading to its form"


def _follows_problems(follows: Any, every: dict[str, Any]) -> Iterator[str]:
    """What follows must be a kind, and no chain of kinds may come round to where it began."""
    seen: list[Any] = []
    while isinstance(follows, str) and isinstance(every.get(follows), dict) and follows not in seen:
        seen.append(follows)
        follows = every[follows].get("follows")
    if follows is None:
        return
    if follows in seen:
        yield f"is followed by itself in the end ({' → '.join([*seen, follows])}); for what recurs, plan a round"
    elif not seen:
        yield f"says follows = {follows!r}; write the name of a kind of this file"


def _kind(code: str, entry: dict[str, Any]) -> Kind:
    limit = timedelta(minutes=entry["minutes"])
    reading = entry.get("reading")
    return Kind(
        code,
        entry["label"],
        entry["subject"],
        limit,
        entry["permission"],
        deadline=entry.get("deadline", ""),
        raised_by=entry.get("raise", ""),
        form=tuple(entry.get("form", ())),
        reading=Reading(reading["label"], reading["unit"], reading.get("summed", False)) if reading else None,
        verify=entry.get("verify", False),
        by_record=entry.get("by_record", False),
        follows=entry.get("follows", ""),
        escalates=timedelta(minutes=entry["escalates"]) if "escalates" in entry else limit,
    )


@cache
def kinds() -> dict[str, Kind]:
    """The kinds that this installation knows."""
    from lianfang.definitions.editions import definitions_dir

    return read_kinds(definitions_dir() / "workorder_kinds.toml")


# --- time ---------------------------------------------------------------------------------------------------------


def time_left(due_at: datetime, now: datetime, closed_at: datetime | None = None) -> timedelta:
    """Time until the deadline; negative when it has passed. For a closed order, what was left when it was closed."""
    return due_at - (closed_at or now)


def late(order: Any, now: datetime) -> bool:
    """Whether an order is overdue, or was closed after its deadline."""
    return time_left(order.due_at, now, order.closed_at) < timedelta(0)


def escalated(order: Any, now: datetime) -> bool:
    """Whether an unfinished order is so late that the level above sees it."""
    return order.closed_at is None and order.due_at + kinds()[order.kind].escalates < now


def promise_wrong(promised_at: datetime | None, now: datetime) -> Refusal | None:
    """Nobody promises what lies in the past."""
    return refuse("order.promised_in_the_past", "promised_at") if promised_at and promised_at < now else None


# --- proof --------------------------------------------------------------------------------------------------------


def plainly(number: Decimal) -> str:
    """A number as people write it: 890, 12.5.

    >>> plainly(Decimal("890.00")), plainly(Decimal("12.50"))
    ('890', '12.5')
    """
    return f"{number.normalize():f}"


def proof_missing(kind: Kind, given: Iterable[str]) -> list[str]:
    """What the kind's form asks for and nobody has given yet."""
    have = set(given)
    return [field for field in kind.form if field not in have]


def place_wrong(longitude: float | None, latitude: float | None) -> Refusal | None:
    """A place is a longitude and a latitude (WGS 84, degrees), both or neither."""
    if longitude is None and latitude is None:
        return None
    if longitude is None or latitude is None or not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        return refuse("order.no_such_place", "place")
    return None


# --- rounds -------------------------------------------------------------------------------------------------------


def hours_of(text: str) -> list[time] | Refusal:
    """The hours of a round as somebody wrote them ("8:00, 14:00 20:00"), in order."""
    words = text.replace("，", ",").replace("、", ",").replace("：", ":").replace(",", " ").split()
    try:
        found = {time.fromisoformat(word.zfill(5)) for word in words}
    except ValueError:
        return refuse("round.no_such_hour", "times", text=text)
    if not found:
        return refuse("round.no_such_hour", "times", text=text)
    return sorted(found)


def slots(
    hours: Iterable[time], first: date, last: date | None, after: datetime, until: datetime, zone: tzinfo
) -> list[datetime]:
    """The moments of a round after one moment and up to another, from its first day to its last."""
    hours = sorted(hours)
    day, end = max(first, after.astimezone(zone).date()), until.astimezone(zone).date()
    end = end if last is None else min(end, last)
    found = []
    while day <= end:
        moments = (datetime.combine(day, hour, tzinfo=zone) for hour in hours)
        found += [moment for moment in moments if after < moment <= until]
        day += timedelta(days=1)
    return found


def slot_id(round_id: UUID, site_id: UUID, moment: datetime) -> UUID:
    """The id of the order of a round for a site at a moment: the same whoever works it out, so that none is raised twice."""
    return uuid5(round_id, f"{site_id} {moment.timestamp():.0f}")


# --- statistics ---------------------------------------------------------------------------------------------------


def middle(times: list[timedelta]) -> timedelta | None:
    """The median: the middle one, or the mean of the middle two."""
    if not times:
        return None
    ordered, half = sorted(times), len(times) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
