"""People under observation as pure decisions: what follows from the set of entries of a stay, and what may not be done.

``state`` is the one function that says where a stay stands. It reads a set: the order in which entries arrived, and how
often each was sent, changes nothing. Entries are ordered by when things happened; where two happened at one moment, by
their ids, which are made where the thing was observed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import takewhile
from typing import Any
from uuid import UUID

from lianfang.kernel.refusals import Phrase as _
from lianfang.kernel.refusals import Refusal, refuse
from lianfang.kernel.workflow import Move, State, Workflow

# --- what can be entered ------------------------------------------------------------------------------------------

WORKFLOW = Workflow(
    name="stay under observation",
    initial="awaited",
    states=(
        State("awaited", _("not yet taken in")),
        State("observed", _("under observation")),
        State("lost", _("lost from sight")),
        State("released", _("released"), final=True),
        State("ended", _("ended for another reason"), final=True),
    ),
    moves=(
        Move("arrive", _("Take in"), ("awaited", "lost"), "observed", "stay.manage", "stay.arrived"),
        Move("move", _("Move"), ("observed",), "observed", "stay.manage", "stay.moved"),
        Move("lose", _("Lost from sight"), ("awaited", "observed"), "lost", "stay.manage", "stay.lost"),
        Move("find", _("Found again"), ("lost",), "observed", "stay.manage", "stay.found"),
        Move("release", _("Release"), ("observed",), "released", "stay.manage", "stay.released"),
        Move("end", _("End early"), ("awaited", "observed", "lost"), "ended", "stay.manage", "stay.ended"),
    ),
)
OPEN = ("awaited", "observed", "lost")
ENTRY_KINDS = ("ordered", "notice", "exposure", "arrival", "move", "lost", "found", "suspected", "end")
WHEREABOUTS = ("arrival", "move", "lost", "found")
COMPLETED = "completed"  # the reason of an end that is a release


@dataclass(frozen=True)
class Entry:
    """One entry of a stay as the rules read it. What does not belong to its kind is left at its default."""

    id: UUID
    kind: str
    happened_at: datetime
    corrects: UUID | None = None
    retracted: bool = False
    last_on: date | None = None  # exposure: the last day of it
    owes: bool = False  # exposure: it owes observation under its edition
    edition: str = ""  # exposure: the edition it was judged under
    path: str = ""  # ordered, arrival, move: where the person is followed
    site_id: UUID | None = None
    room_id: UUID | None = None
    organisation_id: UUID | None = None
    reason: str = ""  # ordered: the grounds; end: why
    notice: str = ""  # ordered, notice: number of the legal notice
    case_id: UUID | None = None  # suspected: as which case; exposure: to which case


@dataclass(frozen=True)
class Extension:
    """An exposure that put the release day off: from which day, to which, by which entry."""

    entry_id: UUID
    before: date
    after: date
    last_on: date


@dataclass(frozen=True)
class Standing:
    """Where a stay stands, derived from all its entries."""

    status: str = "awaited"
    began_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str = ""
    release_on: date | None = None
    extensions: tuple[Extension, ...] = ()
    path: str = ""
    site_id: UUID | None = None
    room_id: UUID | None = None
    organisation_id: UUID | None = None
    grounds: str = ""
    notice: str = ""
    notice_at: datetime | None = None
    case_id: UUID | None = None


def standing_entries(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that hold, by when they happened: in the place of an entry its correction, of several the one made last.

    What was taken back is gone, with what it corrects.
    """
    known = {entry.id: entry for entry in entries}
    holding: dict[UUID, Entry] = {}  # by the entry that began a line of corrections
    for entry in known.values():
        begun = _first(entry, known)
        held = holding.get(begun)
        if held is None or (entry.corrects is not None, entry.id.int) > (held.corrects is not None, held.id.int):
            holding[begun] = entry
    standing = [entry for entry in holding.values() if not entry.retracted]
    return sorted(standing, key=lambda entry: (entry.happened_at, entry.id.int))


def _first(entry: Entry, known: dict[UUID, Entry]) -> UUID:
    """The entry at the beginning of a line of corrections."""
    seen = entry.id
    while entry.corrects is not None:
        seen = entry.corrects
        if seen not in known:
            break
        entry = known[seen]
    return seen


def state(entries: Iterable[Entry], days_of: Callable[[str], int | None]) -> Standing:
    """Where a stay stands. ``days_of`` gives the days of observation of an edition, or None where it states none."""
    release_on, extensions = None, []
    found: dict[str, Any] = {}
    arrived, last_whereabouts = False, ""
    end: Entry | None = None
    for entry in standing_entries(entries):
        match entry.kind:
            case "exposure":
                day = release_day([entry], days_of)
                if day is not None and (release_on is None or day > release_on):
                    if release_on is not None and entry.last_on is not None:
                        extensions.append(Extension(entry.id, release_on, day, entry.last_on))
                    release_on = day
            case "ordered":
                found |= {"grounds": entry.reason}
                if entry.notice:
                    found |= {"notice": entry.notice, "notice_at": entry.happened_at}
                if not arrived:
                    found |= {"path": entry.path, "organisation_id": entry.organisation_id}
            case "notice":
                found |= {"notice": entry.notice, "notice_at": entry.happened_at}
            case "arrival" | "move":
                if not arrived:
                    found["began_at"] = entry.happened_at
                arrived, last_whereabouts = True, entry.kind
                found |= {
                    "path": entry.path,
                    "site_id": entry.site_id,
                    "room_id": entry.room_id,
                    "organisation_id": entry.organisation_id,
                }
            case "lost" | "found":
                last_whereabouts = entry.kind
            case "suspected":
                found["case_id"] = entry.case_id
            case "end" if end is None:
                end = entry
    status = "lost" if last_whereabouts == "lost" else "observed" if arrived else "awaited"
    if end is not None:
        status = "released" if end.reason == COMPLETED else "ended"
        found |= {"ended_at": end.happened_at, "reason": end.reason}
    if status != "observed":
        found["room_id"] = None
    return Standing(status=status, release_on=release_on, extensions=tuple(extensions), **found)


def release_day(exposures: Iterable[Entry], days_of: Callable[[str], int | None]) -> date | None:
    """The last day of observation: the last exposure that owes it, and the days of its edition. None when none owes it."""
    days = [
        entry.last_on + timedelta(days=length)
        for entry in exposures
        if entry.owes and entry.last_on is not None and (length := days_of(entry.edition)) is not None
    ]
    return max(days, default=None)


def owed_after(last_on: date, days: int, today: date) -> bool:
    """Whether observation after an exposure that ended on a day is still to be done."""
    return last_on + timedelta(days=days) >= today


# --- check-ins ----------------------------------------------------------------------------------------------------

SETTLING = timedelta(hours=2)  # nobody owes a check-in sooner after being taken in


@dataclass(frozen=True)
class Check:
    """A check-in as the rules read it."""

    id: UUID
    observed_at: datetime
    temperature: float | None = None  # °C
    symptoms: tuple[str, ...] = ()
    corrects: UUID | None = None
    retracted: bool = False


@dataclass(frozen=True)
class Alarm:
    """What in a check-in has to be reported at once."""

    fever: float | None = None  # °C
    symptoms: tuple[str, ...] = ()


def standing_checks(checks: Iterable[Check]) -> list[Check]:
    """The check-ins that hold, by when they were observed; see ``standing_entries``."""
    known = {check.id: check for check in checks}
    as_entries = [
        Entry(check.id, "check", check.observed_at, check.corrects, check.retracted) for check in known.values()
    ]
    return [known[entry.id] for entry in standing_entries(as_entries)]


def alarm(temperature: float | None, symptoms: Iterable[str], fever_from: float | None, listed: Iterable[str]) -> Alarm | None:  # fmt: skip
    """Whether somebody under observation must be seen at once: fever as the edition has it, or a symptom that it lists."""
    fever = temperature if temperature is not None and fever_from is not None and temperature >= fever_from else None
    wanted = set(listed)
    found = tuple(sorted({code for code in symptoms if code in wanted}))
    return Alarm(fever, found) if fever is not None or found else None


def _dues(day: date, hours: Sequence[time], zone: tzinfo) -> list[datetime]:
    return [datetime.combine(day, hour, zone) for hour in hours]


def dues(after: datetime, hours: Sequence[time], zone: tzinfo) -> Iterator[datetime]:
    """The moments by which a check-in is owed, after a moment, one after another without end."""
    day = after.astimezone(zone).date()
    while True:
        yield from (moment for moment in _dues(day, hours, zone) if moment > after)
        day += timedelta(days=1)


def due_of(moment: datetime, hours: Sequence[time], zone: tzinfo) -> datetime:
    """The moment by which a check-in made then was owed: the nearest. So one that comes late stands for what it is late for."""
    day = moment.astimezone(zone).date()
    around = [due for shift in (-1, 0, 1) for due in _dues(day + timedelta(days=shift), hours, zone)]
    return min(around, key=lambda due: (abs(due - moment), -due.timestamp()))


def last_due(now: datetime, hours: Sequence[time], zone: tzinfo) -> datetime:
    """The latest moment at or before ``now`` by which a check-in was owed."""
    today = now.astimezone(zone).date()
    around = [due for day in (today - timedelta(days=1), today) for due in _dues(day, hours, zone)]
    return max(due for due in around if due <= now)


def next_due(began_at: datetime, last_check_at: datetime | None, hours: Sequence[time], zone: tzinfo) -> datetime:
    """By when the next check-in is owed, after the one that came last, and not before somebody has settled in."""
    settled = began_at + SETTLING
    after = settled if last_check_at is None else max(settled, due_of(last_check_at, hours, zone))
    return next(dues(after, hours, zone))


def missed(
    began_at: datetime, until: datetime, checks: Iterable[datetime], hours: Sequence[time], zone: tzinfo
) -> list[datetime]:
    """The moments by which a check-in was owed that did not come, or not yet."""
    told = {due_of(moment, hours, zone) for moment in checks}
    owed = takewhile(lambda due: due <= until, dues(began_at + SETTLING, hours, zone))
    return [due for due in owed if due not in told]


# --- ends ---------------------------------------------------------------------------------------------------------

CALM_HOURS = 24  # before a release nothing alarming was observed for so long


def release_refusals(
    found: Standing, today: date, now: datetime, *, alarmed_at: datetime | None, case_open: bool,
    checked_today: bool,
) -> list[Refusal]:  # fmt: skip
    """Every reason why somebody may not go home now. Empty when they may."""
    no = []
    if found.status != "observed":
        return [refuse("stay.not_observed", state=WORKFLOW.label(found.status))]
    if found.release_on is None:
        no.append(refuse("stay.no_exposure"))
    elif today < found.release_on:
        no.append(refuse("stay.not_yet", day=found.release_on))
    if case_open:
        no.append(refuse("stay.suspected_case_open"))
    elif alarmed_at is not None and now - alarmed_at < timedelta(hours=CALM_HOURS):
        no.append(refuse("stay.alarmed_lately", hours=CALM_HOURS))
    if not checked_today:
        no.append(refuse("stay.unchecked_today"))
    return no


def early_end_refusals(
    found: Standing, reason: str, allowed: Sequence[str], *, has_case: bool, accepted_elsewhere: bool
) -> list[Refusal]:
    """Every reason why a stay may not end early for this reason. Empty when it may."""
    if found.status not in OPEN:
        return [refuse("stay.ended_already", state=WORKFLOW.label(found.status))]
    if reason not in allowed:
        return [refuse("stay.reason_not_allowed", "reason", reason=reason)]
    if reason == "not_owed" and found.release_on is not None:
        return [refuse("stay.still_owed", "reason", day=found.release_on)]
    if reason == "became_case" and not has_case:
        return [refuse("stay.no_case", "reason")]
    if reason == "moved_accepted" and not accepted_elsewhere:
        return [refuse("stay.not_accepted_elsewhere", "reason")]
    return []


# --- rooms --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RoomState:
    """A room as it stands: how many beds, who sleeps there, and whether it waits for disinfection."""

    capacity: int
    occupied: int
    undisinfected: bool

    @property
    def free(self) -> int:
        """Beds that may be given out."""
        return 0 if self.undisinfected else max(0, self.capacity - self.occupied)

    @property
    def status(self) -> str:
        """undisinfected, free, full, or shared where beds are left beside a guest."""
        if self.undisinfected:
            return "undisinfected"
        if not self.occupied:
            return "free"
        return "full" if self.occupied >= self.capacity else "shared"


ROOM_WORDS = {
    "free": _("free"),
    "shared": _("occupied, beds left"),
    "full": _("occupied"),
    "undisinfected": _("not yet disinfected"),
}


def room_refusal(room: RoomState, name: str) -> Refusal | None:
    """Why nobody may be put into a room now, or None."""
    if room.undisinfected:
        return refuse("stay.room_undisinfected", "room", room=name)
    if room.occupied >= room.capacity:
        return refuse("stay.room_full", "room", room=name, capacity=room.capacity)
    return None


# --- needs --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NeedKind:
    """Where a need of a kind goes: the work order it becomes, and whose desk that is."""

    code: str
    order: str
    desk: str  # "stay": where the person is observed; "home": the township where the family lives


NEEDS = {
    kind.code: kind
    for kind in (
        NeedKind("food", "bring_food", "stay"),
        NeedKind("medicine", "bring_medicine", "stay"),
        NeedKind("family", "help_family", "home"),
        NeedKind("psychological", "give_support", "stay"),
        NeedKind("other", "answer_need", "stay"),
    )
}

# --- personal links -----------------------------------------------------------------------------------------------

FREE_TRIES, LONGEST_WAIT = 5, timedelta(minutes=5)
TRIES_FORGOTTEN = timedelta(hours=1)


def wait_after(wrong_tries: int) -> timedelta:
    """How long the door stays shut after so many wrong tries in a row: doubled with each, up to five minutes."""
    if wrong_tries <= FREE_TRIES:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(wrong_tries - FREE_TRIES, 20)), LONGEST_WAIT)


# --- people -------------------------------------------------------------------------------------------------------


WITHOUT_STAY = {
    "case": _("is a case"),
    "owes_none": _("owes no observation"),
    "over": _("observation would be over"),
    "not_taken_in": _("not yet ordered"),
}


def why_without_stay(owing: Iterable[tuple[date, int | None]], became_case: bool, today: date) -> str:
    """Why a contact has no stay. ``owing``: the last day and the days of observation of each exposure that owes it."""
    if became_case:
        return "case"
    still = [owed_after(last_on, days, today) for last_on, days in owing if days is not None]
    if not still:
        return "owes_none"
    return "not_taken_in" if any(still) else "over"


@dataclass(frozen=True)
class Tracked:
    """How many are tracked, and where they stand. ``missing`` are people on the tracers' list who have no stay."""

    tracked: int
    by_status: dict[str, int] = field(default_factory=dict)
    missing: int = 0

    @property
    def accounted(self) -> int:
        """Not yet taken in + under observation + lost + released + ended otherwise, and those without a stay."""
        return sum(self.by_status.values()) + self.missing

    @property
    def adds_up(self) -> bool:
        return self.tracked == self.accounted
