"""Reads of stays, each starting from what the actor may see.

stays(actor, StayFilter) -> QuerySet[Stay]            lists; ``named(actor, stays)`` gives the names that may be shown
stay(actor, stay_id) -> Stay, identity(actor, stay)   one stay; who it is, and each such look recorded
history(stay) -> History                              entries and check-ins with corrections, extensions, missed spans
site_screen(actor, site_id) -> SiteScreen             rooms, guests with today's check-ins, open needs of one site
missing(actor, area_path) -> QuerySet[Stay]           of whom a check-in is missing now
release_list(actor, path) -> ReleaseList              today, tomorrow, and who could not be released and why
open_needs(actor), closed_needs(actor)                needs, to be paged; ``shown_needs(page)`` with how they stand
tracked(actor, area, disease, known_on) -> rules.Tracked, by_area(…), without_stay(actor, area, disease)
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, prefetch_related_objects
from django.utils import timezone

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor, in_scope, under
from lianfang.kernel.refusals import Refusal, Refused, refuse
from lianfang.registry.models import Area, Person, Site
from lianfang.registry.selectors import records_of
from lianfang.tracing import rules as tracing_rules
from lianfang.tracing import selectors as tracing
from lianfang.tracing.models import Contact
from lianfang.workorders.models import WorkOrder

from . import rules, services
from .models import CheckIn, Need, PersonalLink, Room, Stay, StayEntry, StayVersion

SHOWN = ("name", "id_number", "phone", "address", "sex", "birth_date", "birth_year")


@dataclass(frozen=True)
class StayFilter:
    """Which stays are wanted. Everything may be empty."""

    path: str = ""
    site_id: UUID | None = None
    disease: str = ""
    status: str = ""  # empty: those that are open; "all": all
    release_from: date | None = None
    release_until: date | None = None


def stays(actor: Actor, wanted: StayFilter = StayFilter(), permission: str = "stay.read") -> QuerySet[Stay]:
    """Stays that the actor may see, those released soonest first."""
    rows = Stay.objects.visible_to(actor, permission).select_related("person__merged_into", "site", "room")
    if wanted.path:
        rows = rows.filter(under("path", wanted.path))
    if wanted.site_id:
        rows = rows.filter(site=wanted.site_id)
    if wanted.disease:
        rows = rows.filter(disease=wanted.disease)
    if wanted.status != "all":
        rows = rows.filter(status=wanted.status) if wanted.status else rows.open()
    if wanted.release_from:
        rows = rows.filter(release_on__gte=wanted.release_from)
    if wanted.release_until:
        rows = rows.filter(release_on__lte=wanted.release_until)
    return rows.order_by("release_on", "id")


def stay(actor: Actor, stay_id: UUID, permission: str = "stay.read") -> Stay:
    """One stay. Raises Refused when the actor may not see it."""
    found = (
        Stay.objects.visible_to(actor, permission)
        .select_related("person__merged_into", "person__area", "site", "room", "organisation", "case")
        .filter(pk=stay_id)
        .first()
    )
    if found is None:
        raise Refused(refuse("kernel.not_found"))
    return found


def open_stay_of(contact: Contact) -> Stay | None:
    """The stay in which a contact is observed, or will be."""
    records = records_of([contact.person_id])
    return Stay.objects.open().filter(person__in=records, disease=contact.disease).first()


def identity(actor: Actor, of: Stay) -> dict[str, Any] | None:
    """Who a stay is, for those who may know; None for those who may not. Either look leaves its event.

    Must be called inside a transaction.
    """
    if not Stay.objects.visible_to(actor, "stay.identify").filter(pk=of.pk).exists():
        events.record("stay.opened", actor, subject=("stay", of.pk), path=of.path)
        return None
    person = of.person.stands_under
    details = {"person": str(person.pk)}
    events.record("stay.viewed", actor, subject=("stay", of.pk), path=of.path, details=details)
    return {"record": person.pk, **{name: getattr(person, name) for name in SHOWN}}


def named(actor: Actor, rows: Sequence[Stay], path: str = "") -> dict[UUID, str]:
    """The names of stays in a list: in full where the actor may know them, masked elsewhere. The look leaves one event.

    Must be called inside a transaction; load the stays with ``person__merged_into``.
    """
    pks = [row.pk for row in rows]
    known = set(Stay.objects.visible_to(actor, "stay.identify").filter(pk__in=pks).values_list("pk", flat=True))
    details = {"rows": len(rows), "names": "name" if known else "masked"}
    events.record("stay.listed", actor, path=path, details=details)
    return {
        row.pk: (row.person.stands_under.name if row.pk in known else row.person.stands_under.masked_name)
        for row in rows
    }


def note_list(actor: Actor, rows: int, path: str = "") -> None:
    """Note that a list of stays was read with names masked. Must be called inside a transaction."""
    events.record("stay.listed", actor, path=path, details={"rows": rows, "names": "masked"})


# --- one stay -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class History:
    """All that was entered of a stay, the latest first, and what follows from it."""

    standing: rules.Standing
    entries: list[StayEntry]
    checkins: list[CheckIn]
    replaced: frozenset[UUID]  # entries and check-ins in whose place a correction stands, or that were taken back
    missed: list[datetime]  # by when a check-in was owed that did not come
    alarms: dict[UUID, rules.Alarm]  # by check-in


def history(of: Stay, known_on: date | None = None) -> History:
    """Entries and check-ins of a stay as known on the evening of a day (None: now)."""
    at = clock.start_of(known_on + timedelta(days=1)) if known_on else None
    entries, checks = services.entries_of([of.pk], at)[of.pk], services.checks_of([of.pk], at)[of.pk]
    standing = rules.state(entries, services.days_of(of.disease))
    holding = rules.standing_checks(checks)
    held = {entry.id for entry in rules.standing_entries(entries)} | {check.id for check in holding}
    until = standing.ended_at or at or clock.now()
    missed: list[datetime] = []
    if standing.began_at is not None:
        hours = services.due_times(of.disease, clock.local_day(standing.began_at))
        zone = timezone.get_default_timezone()
        missed = rules.missed(standing.began_at, until, [check.observed_at for check in holding], hours, zone)
    alarms = {check.id: found for check in holding if (found := services.alarm_of(of.disease, check))}
    shown = Q(recorded_at__lte=at) if at else Q()
    return History(
        standing,
        list(of.entries.filter(shown).select_related("site", "room", "by", "case").order_by("-happened_at", "-id")),
        list(of.checkins.filter(shown).select_related("by").order_by("-observed_at", "-id")),
        frozenset({entry.id for entry in entries} | {check.id for check in checks}) - held,
        missed,
        alarms,
    )


def links_of(of: Stay) -> list[PersonalLink]:
    """The personal links of a stay, the latest first."""
    return list(of.links.select_related("made_by").order_by("-made_at"))


# --- a site -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownRoom:
    """A room with how it stands and who sleeps there."""

    room: Room
    state: rules.RoomState
    guests: list[Stay]


@dataclass(frozen=True)
class Guest:
    """A guest with the check-ins of today, by the moment by which each was owed."""

    stay: Stay
    name: str
    checks: list[tuple[datetime, CheckIn | None]]
    missing: bool
    alarm: rules.Alarm | None


@dataclass(frozen=True)
class SiteScreen:
    """All of a site in one screen."""

    site: Site
    rooms: list[ShownRoom]
    guests: list[Guest]
    expected: list[Stay]
    needs: list["ShownNeed"]
    figures: dict[str, int] = field(default_factory=dict)  # rooms, beds, occupied, free, undisinfected


def sites_visible_to(actor: Actor) -> Any:
    """The isolation sites whose screen the actor may open."""
    every = Site.objects.filter(kind="isolation")
    return in_scope(every, actor, "stay.read", areas=("path",), organisation="organisation_id")


def sites(actor: Actor, path: str = "") -> list[tuple[Site, dict[str, int]]]:
    """The isolation sites that the actor may see stays of, each with its figures."""
    found = sites_visible_to(actor)
    if path:
        found = found.filter(under("path", path))
    every = list(found.in_use(clock.today()).order_by("path", "name"))
    rooms = list(Room.objects.in_use().filter(site__in=every))
    states = services.room_states(rooms)
    by_site: dict[UUID, list[rules.RoomState]] = defaultdict(list)
    for room in rooms:
        by_site[room.site_id].append(states[room.pk])
    return [(site, figures(by_site[site.pk])) for site in every]


def figures(states: Iterable[rules.RoomState]) -> dict[str, int]:
    """Rooms, beds, people, free beds and rooms not yet disinfected of some rooms."""
    states = list(states)
    return {
        "rooms": len(states),
        "beds": sum(state.capacity for state in states),
        "occupied": sum(state.occupied for state in states),
        "free": sum(state.free for state in states),
        "undisinfected": sum(state.undisinfected for state in states),
    }


def site_screen(actor: Actor, site_id: UUID) -> SiteScreen:
    """Rooms, guests with today's check-ins, who is expected and what was asked for. Must be called inside a transaction."""
    site = sites_visible_to(actor).select_related("area", "organisation").filter(pk=site_id).first()
    if site is None:
        raise Refused(refuse("kernel.not_found"))
    here = list(
        Stay.objects.visible_to(actor)
        .filter(site=site, status="observed")
        .select_related("person__merged_into", "room", "site")
        .order_by("room__name", "id")
    )
    expected = list(
        Stay.objects.visible_to(actor)
        .filter(status="awaited", organisation=site.organisation_id, path=site.path)
        .select_related("person__merged_into")
        if site.organisation_id
        else Stay.objects.none()
    )
    names = named(actor, [*here, *expected], site.path)
    rooms = list(Room.objects.in_use().filter(site=site).order_by("name"))
    states = services.room_states(rooms)
    in_room: dict[UUID, list[Stay]] = defaultdict(list)
    for guest in here:
        if guest.room_id:
            in_room[guest.room_id].append(guest)
    return SiteScreen(
        site,
        [ShownRoom(room, states[room.pk], in_room[room.pk]) for room in rooms],
        guests(here, names),
        expected,
        shown_needs(_waiting_at(actor, here)),
        figures(states.values()),
    )


def _needs_waiting() -> Any:
    """The orders of needs that are not met."""
    return WorkOrder.objects.unfinished().filter(subject_kind="need")


def _waiting_at(actor: Actor, here: Sequence[Stay]) -> QuerySet[Need]:
    """What guests asked for and did not get yet, those that wait longest first."""
    waiting = _needs_waiting().values("subject_id")
    return Need.objects.visible_to(actor).filter(stay__in=here, pk__in=waiting).order_by("asked_at", "id")


def guests(here: Sequence[Stay], names: dict[UUID, str]) -> list[Guest]:
    """Stays with the check-ins of today, each under the moment by which it was owed. One query for any number."""
    now, today = clock.now(), clock.today()
    zone = timezone.get_default_timezone()
    begin = clock.start_of(today - timedelta(days=1))
    rows: dict[UUID, list[CheckIn]] = defaultdict(list)
    for row in (
        CheckIn.objects.filter(stay__in=here, observed_at__gte=begin).defer("words").order_by("observed_at", "id")
    ):
        rows[row.stay_id].append(row)
    shown = []
    for guest in here:
        own = {row.pk: row for row in rows[guest.pk]}
        holding = rules.standing_checks(services.as_check(row) for row in own.values())
        hours = services.due_times(guest.disease, today)
        came = {rules.due_of(check.observed_at, hours, zone): own[check.id] for check in holding}
        checks = [(due, came.get(due)) for due in (datetime.combine(today, hour, zone) for hour in hours)]
        latest = holding[-1] if holding else None
        missing = guest.next_due_at is not None and guest.next_due_at <= now
        alarm = services.alarm_of(guest.disease, latest) if latest else None
        shown.append(Guest(guest, names[guest.pk], checks, missing, alarm))
    return shown


# --- lists of the day ---------------------------------------------------------------------------------------------


def missing(actor: Actor, path: str = "", permission: str = "stay.read") -> QuerySet[Stay]:
    """Of whom a check-in was owed by now and none came, those who have been silent longest first."""
    rows = Stay.objects.visible_to(actor, permission).missing_a_check(clock.now())
    if path:
        rows = rows.filter(under("path", path))
    return rows.select_related("person__merged_into", "site", "room", "organisation").order_by("next_due_at", "id")


@dataclass(frozen=True)
class HeldBack:
    """Somebody whose observation is over but who may not be released, and every reason why."""

    stay: Stay
    refusals: list[Refusal]


@dataclass(frozen=True)
class ReleaseList:
    """Who goes home today and tomorrow, and who should and may not."""

    today: list[Stay]
    tomorrow: list[Stay]
    held_back: list[HeldBack]


def release_list(actor: Actor, path: str = "", site_id: UUID | None = None) -> ReleaseList:
    """The release list of today and tomorrow as far as the actor may see it."""
    today = clock.today()
    rows = stays(actor, StayFilter(path, site_id, status="observed", release_until=today + timedelta(days=1)))
    due = [row for row in rows if row.release_on and row.release_on <= today]
    refusals = services.release_refusals(due)
    return ReleaseList(
        [row for row in due if not refusals[row.pk]],
        [row for row in rows if row.release_on and row.release_on > today],
        [HeldBack(row, refusals[row.pk]) for row in due if refusals[row.pk]],
    )


# --- needs --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownNeed:
    """A need, the work order that it became, and whether it is open, answered or closed."""

    need: Need
    order: WorkOrder | None
    status: str
    answers: list[Any]


def open_needs(actor: Actor) -> QuerySet[Need]:
    """Needs that are not met, the most urgent first; ``shown_needs`` gives a page of them as pages show them."""
    waiting = _needs_waiting()
    due = waiting.filter(subject_id=OuterRef("pk")).order_by("due_at").values("due_at")[:1]
    rows = Need.objects.visible_to(actor, "need.answer").filter(pk__in=waiting.values("subject_id"))
    return rows.annotate(due=Subquery(due)).order_by("due", "id")


def closed_needs(actor: Actor) -> QuerySet[Need]:
    """Needs that were met, the latest first."""
    waiting = _needs_waiting().values("subject_id")
    return Need.objects.visible_to(actor, "need.answer").exclude(pk__in=waiting).order_by("-asked_at", "-id")


def needs_of(actor: Actor, of: Stay) -> list[ShownNeed]:
    """All needs of a stay that the actor may see."""
    return shown_needs(Need.objects.visible_to(actor).filter(stay=of).order_by("asked_at", "id"))


def shown_needs(needs: Iterable[Need]) -> list[ShownNeed]:
    """Needs with how they stand, in the order given. A few queries for any number."""
    found = list(needs)
    about = ("stay__person__merged_into", "stay__room", "stay__site", "stay__organisation", "answers__by")
    prefetch_related_objects(found, *about)
    orders = {
        order.subject_id: order
        for order in WorkOrder.objects.filter(subject_id__in=[need.pk for need in found]).order_by("raised_at", "id")
    }
    shown = []
    for need in found:
        order, answers = (
            orders.get(need.pk),
            sorted(need.answers.all(), key=lambda given: (given.recorded_at, given.pk)),
        )
        met = any(given.closes for given in answers) or (order is not None and order.closed_at is not None)
        shown.append(ShownNeed(need, order, "closed" if met else "answered" if answers else "open", answers))
    return shown


# --- doors --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Door:
    """People observed behind one door, with their telephone numbers."""

    address: str  # empty where none is known
    path: str
    guests: list[Guest]
    phones: dict[UUID, str]


def doors(actor: Actor, most: int) -> tuple[list[Door], bool]:
    """Who is observed at home where the actor records check-ins and may know who it is, in the order of the addresses, and
    whether there are more than ``most``. The look leaves one event. Must be called inside a transaction."""
    rows = Stay.objects.visible_to(actor, "checkin.record").visible_to(actor, "stay.identify").observed()
    rows = rows.filter(site=None).select_related("person__merged_into", "site", "room").order_by("path", "id")
    found = list(rows[: most + 1])
    here = found[:most]
    people = {row.pk: row.person.stands_under for row in here}
    details = {"rows": len(here), "names": "name, address, telephone"}
    events.record("stay.listed", actor, details=details)
    behind: dict[tuple[str, str], list[Guest]] = defaultdict(list)
    for guest in guests(here, {pk: person.name or person.masked_name for pk, person in people.items()}):
        address: Any = people[guest.stay.pk].address
        behind[guest.stay.path, " ".join((address or "").split())].append(guest)
    in_order = sorted(behind.items(), key=lambda item: (item[0][0], not item[0][1], _as_walked(item[0][1])))
    shown = [
        Door(address, path, group, {each.stay.pk: people[each.stay.pk].phone for each in group})
        for (path, address), group in in_order
    ]
    return shown, len(found) > most


def _as_walked(address: str) -> list[tuple[int, int, str]]:
    """An address by its parts, its numbers as numbers: No. 9 comes before No. 10."""
    parts = re.split(r"(\d+)", address)
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts if part]


# --- counts -------------------------------------------------------------------------------------------------------


def versions(actor: Actor, path: str, disease: str = "", known_on: date | None = None) -> QuerySet[StayVersion]:
    """Where stays stood, as known on the evening of a day (None: now), as far as the actor may count them."""
    rows = in_scope(StayVersion.objects.all(), actor, "stay.read", areas=("path",), organisation="organisation_id")
    rows = rows.filter(under("path", path))
    if disease:
        rows = rows.filter(disease=disease)
    if known_on is None:
        return rows.filter(superseded_at=None)
    at = clock.start_of(known_on + timedelta(days=1))
    return rows.filter(Q(superseded_at=None) | Q(superseded_at__gt=at), recorded_at__lte=at)


def by_area(
    actor: Actor, areas: Iterable[Area], disease: str = "", known_on: date | None = None
) -> dict[str, dict[str, int]]:
    """For each area, by code, how many stays have which status as known on the evening of a day."""
    found = {}
    for area in areas:
        counted = versions(actor, area.path, disease, known_on).values_list("status").annotate(n=Count("pk")).order_by()
        found[area.code] = {state.name: 0 for state in rules.WORKFLOW.states} | dict(counted)
    return found


@dataclass(frozen=True)
class WithoutStay:
    """A contact on the tracers' list who has no stay, and why."""

    contact: Contact
    reason: str  # of rules.WITHOUT_STAY


def tracked(actor: Actor, area: Area, disease: str, known_on: date | None = None) -> rules.Tracked:
    """How many people are tracked in an area, and where they stand, as known on the evening of a day (None: now).

    Tracked are the contacts on the tracers' list and whoever is or was under observation; each is counted once, by the
    latest stay, where that is, and else where tracing follows them. Counted apart from where they stand.
    """
    rows = versions(actor, area.path, disease, known_on).order_by("stay__opened_at", "stay_id")
    latest = {
        merged or person: status
        for person, merged, status in rows.values_list("stay__person_id", "stay__person__merged_into_id", "status")
    }
    counts = {state.name: 0 for state in rules.WORKFLOW.states}
    for status in latest.values():
        counts[status] += 1
    missing = without_stay(actor, area, disease, known_on)
    people = set(latest) | {each.contact.person.stands_under_id for each in missing}
    return rules.Tracked(len(people), counts, len(missing))


def without_stay(actor: Actor, area: Area, disease: str, known_on: date | None = None) -> list[WithoutStay]:
    """The contacts followed in an area who have no stay, each with the reason: what "tracked" holds beside the stays."""
    at = clock.start_of(known_on + timedelta(days=1)) if known_on else None
    rows = tracing.contacts_visible_to(actor).filter(under("path", area.path), disease=disease)
    if at is not None:
        rows = rows.filter(first_recorded_at__lte=at)
    contacts = {
        row.person.stands_under_id: row for row in rows.select_related("person__merged_into", "area").order_by("-pk")
    }
    observed = Stay.objects.filter(disease=disease, person__in=records_of(contacts))
    if at is not None:
        observed = observed.filter(opened_at__lte=at)
    for person, merged in observed.values_list("person_id", "person__merged_into_id"):
        contacts.pop(merged or person, None)
    exposures = tracing.exposures_of([row.pk for row in contacts.values()], at)
    cases = tracing.cases_of(list(contacts.values()), at)
    today = known_on or clock.today()
    return [
        WithoutStay(row, _why_without(row, exposures[row.pk], bool(cases[row.pk]), today))
        for row in sorted(contacts.values(), key=lambda row: row.pk)
    ]


def contact_names(actor: Actor, contacts: Sequence[Contact], path: str = "") -> dict[UUID, str]:
    """The names of contacts without a stay: in full where the actor may know them, masked elsewhere. The look leaves one event.

    Must be called inside a transaction.
    """
    pks = [row.pk for row in contacts]
    rows = tracing.contacts_visible_to(actor, "contact.identify").filter(pk__in=pks)
    known = set(rows.values_list("pk", flat=True))
    details = {"rows": len(pks), "names": "name" if known else "masked"}
    events.record("stay.listed", actor, path=path, details=details)
    return {
        row.pk: row.person.stands_under.name if row.pk in known else row.person.stands_under.masked_name
        for row in contacts
    }


def _why_without(contact: Contact, exposures: Iterable[Any], became_case: bool, today: date) -> str:
    owing = [
        (exposure.last_on or clock.local_day(exposure.told_at), edition.observation_days)
        for exposure in exposures
        if tracing_rules.observed(
            edition := definitions.edition(contact.disease, exposure.edition), exposure.category, exposure.protected
        )
    ]
    return rules.why_without_stay(owing, became_case, today)


def unsound() -> Collection[UUID]:
    """Stays whose kept columns differ from what follows from their entries; there are none unless somebody changed rows."""
    wrong = []
    for row in Stay.objects.iterator(chunk_size=500):
        columns = services.derived([row])[row.pk]
        if any(getattr(row, name) != value for name, value in columns.items()):
            wrong.append(row.pk)
    return wrong


def person_of(of: Stay) -> Person:
    """The record that stands for whoever is under observation."""
    return of.person.stands_under


def symptom_words() -> dict[str, str]:
    """The words of symptoms, by code."""
    return definitions.terms("symptoms")
