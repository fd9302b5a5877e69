"""Stays under observation: opening, entering, checking in, asking, releasing. Form, API, field app and jobs come here.

    open_stay(NewStay, by) -> Stay                      the decision that somebody is observed
    send_to(stay_id, site_id, by) -> Stay               which isolation site is to take in somebody not yet taken in
    enter(NewEntry, by) -> Stay                         arrival, move, lost, found, notice, exposure, or a correction of one
    check_in(NewCheck, by) -> Checked                   one check-in; ``check_in_many`` for a whole site in one screen
    name_hospital(stay_id, hospital, by)                which hospital receives, where none was designated
    release(stay_id, by), release_many(stay_ids, by)    the end of a completed observation
    end_early(stay_id, reason, by, words=…)             any other end
    hand_over(stay_id, area, by)                        ask another place to take somebody over
    ask(NewNeed, by), answer(need_id, words, by, closes=…)
    make_link(stay_id, by) -> (PersonalLink, token), revoke_link(link_id, by)
    link_page(token, address) -> LinkPage               all that a personal link shows
    check_in_by_link(token, NewCheck, address), ask_by_link(token, NewNeed, address)
    add_room(site_id, name, capacity, by), close_room(room_id, by)

Every entry, check-in and need has an id made where it was observed: the same id with the same content again is success, with
other content a conflict.
"""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, F
from django.utils import timezone

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events, ids
from lianfang.kernel.access import SYSTEM, Actor
from lianfang.kernel.refusals import Refusal, Refused, refuse
from lianfang.kernel.sealing import keyring
from lianfang.registry import services as registry
from lianfang.registry.models import Area, Organisation, Person, PersonKey, PossibleDuplicate, Site
from lianfang.registry.selectors import designated_around, records_of
from lianfang.surveillance import services as surveillance
from lianfang.surveillance.evidence import Evidence, Exposure
from lianfang.surveillance.models import Case, CaseVersion
from lianfang.tracing import rules as tracing_rules
from lianfang.tracing import selectors as tracing
from lianfang.tracing.models import Contact
from lianfang.tracing.models import Exposure as Exposed
from lianfang.workorders import services as workorders
from lianfang.workorders.models import WorkOrder

from . import rules
from .models import (
    CheckIn,
    Need,
    NeedAnswer,
    PersonalLink,
    Room,
    Stay,
    StayEntry,
    StayVersion,
    WrongTries,
)

AHEAD = timedelta(minutes=10)  # so far a phone's clock may be fast
LINK_DAYS, LONGEST_LINK_DAYS = 7, 21
MOST_AT_ONCE = 500  # check-ins in one request
LINK = Actor(user_id=None, name="personal link", channel="link")
CHASING = ("call_missed_checkin", "visit_missed_checkin")


# --- the edition --------------------------------------------------------------------------------------------------


def days_of(disease: str) -> partial[int | None]:
    """For each edition of a disease the days of observation that it asks for."""
    return partial(_days, disease)


def _days(disease: str, edition: str) -> int | None:
    return definitions.edition(disease, edition).observation_days


def due_times(disease: str, day: date) -> tuple[time, ...]:
    """The hours of a day by which a check-in is owed."""
    return definitions.observation_on(disease, day).check_by


# --- opening ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NewExposure:
    """An exposure for which somebody is observed; ``owes`` where the edition asks for observation after it."""

    last_on: date
    owes: bool = True
    edition: str = ""  # empty: the one in force on the day it is told
    case_id: UUID | None = None
    words: str = ""
    told_at: datetime | None = None
    id: UUID = field(default_factory=ids.new_id)


@dataclass(frozen=True)
class NewStay:
    """The decision that somebody is observed: who, for which disease, on what grounds, where, and after which exposures."""

    person: UUID | registry.PersonDetails
    disease: str
    grounds: str
    area: Area | None = None  # where the person is followed; not needed where a site is named
    site_id: UUID | None = None  # the isolation site that expects them
    exposures: tuple[NewExposure, ...] = ()
    notice: str = ""  # number of the legal notice, where it was served with the decision
    words: str = ""
    ordered_at: datetime | None = None
    contact_id: UUID | None = None  # as which tracing follows the person
    id: UUID = field(default_factory=ids.new_id)


def open_stay(new: NewStay, by: Actor) -> Stay:
    """Write down that somebody is observed; whoever is to take them in has an order. Raises Refused."""
    if new.grounds not in definitions.vocabulary("stay_grounds"):
        raise Refused(refuse("stay.unknown_grounds", "grounds", grounds=new.grounds))
    edition = definitions.edition_on(new.disease, clock.today())
    if edition.observation is None:
        raise Refused(refuse("stay.no_observation", "disease", disease=new.disease, edition=edition.code))
    with transaction.atomic():
        known = Stay.objects.filter(pk=new.id).first()
        if known is not None:
            return _same_stay(known, new)
        site = _site(new.site_id)
        area = site.area if site else new.area
        if area is None:
            raise Refused(refuse("stay.place_missing", "area"))
        path, organisation_id = (site.path, site.organisation_id) if site else (area.path, None)
        if not (
            by.may_at("stay.manage", path, organisation_id) or new.area and by.may_at("stay.manage", new.area.path)
        ):
            raise Refused(refuse("stay.not_your_area", "area", area=area.name))
        person = _person(new, by)
        if running := Stay.objects.open().filter(person=person, disease=new.disease).first():
            raise Refused(refuse("stay.already_open", "person", state=rules.WORKFLOW.label(running.status)))
        now = clock.now()
        stay = Stay(
            id=new.id,
            person=person,
            disease=new.disease,
            contact_id=new.contact_id,
            home_path=person.path or (new.area.path if new.area else ""),
            opened_at=now,
            opened_by_id=by.user_id,
            grounds=new.grounds,
            path=path,
            organisation_id=organisation_id,
        )
        stay.save(force_insert=True)
        entries = [
            NewEntry(
                stay.pk,
                "ordered",
                new.ordered_at,
                reason=new.grounds,
                notice=new.notice,
                words=new.words,
                path=path,
                site_id=new.site_id,
                organisation_id=organisation_id,
            ),
            *(exposure_entry(stay.pk, exposure) for exposure in new.exposures),
        ]
        stay = _write(entries, {stay.pk: stay}, by, trusted=True)[stay.pk]
        raise_orders([("take_in_guest", stay.pk, path, organisation_id)], by)
    return stay


def send_to(stay_id: UUID, site_id: UUID, by: Actor, *, notice: str = "", words: str = "") -> Stay:
    """Say which isolation site is to take in somebody who is not yet taken in; the order goes to its desk. Raises Refused."""
    with transaction.atomic():
        stay = _locked([stay_id], "stay.manage", by)[stay_id]
        if stay.status != "awaited":
            raise Refused(refuse("stay.taken_in_already", state=rules.WORKFLOW.label(stay.status)))
        site = _site(site_id)
        if site is None:
            raise Refused(refuse("kernel.not_found", "site"))
        entry = NewEntry(
            stay_id, "ordered", reason=stay.grounds, notice=notice, words=words, path=site.path, site_id=site.pk,
            organisation_id=site.organisation_id,
        )  # fmt: skip
        stay = _write([entry], {stay_id: stay}, by, trusted=True)[stay_id]
        workorders.close_for([stay_id], ["take_in_guest"], by, cancelled=True)
        raise_orders([("take_in_guest", stay_id, site.path, site.organisation_id)], by)
    return stay


def _same_stay(known: Stay, new: NewStay) -> Stay:
    same = known.disease == new.disease and known.grounds == new.grounds
    if isinstance(new.person, registry.PersonDetails):
        told = ("name", "id_number", "phone")
        same &= all(getattr(known.person, name) == getattr(new.person, name) for name in told)
    else:
        same &= new.person in (known.person_id, *known.person.merged.values_list("pk", flat=True))
    if not same:
        raise Refused(refuse("kernel.id_conflict", "id"))
    return known


def _site(site_id: UUID | None) -> Site | None:
    if site_id is None:
        return None
    site = Site.objects.select_related("area").filter(pk=site_id).first()
    if site is None:
        raise Refused(refuse("kernel.not_found", "site"))
    if site.kind != Site.Kind.ISOLATION:
        raise Refused(refuse("stay.no_isolation_site", "site", site=site.name))
    if site.closed_on is not None and site.closed_on <= clock.today():
        raise Refused(refuse("stay.site_closed", "site", site=site.name, day=site.closed_on))
    return site


def _person(new: NewStay, by: Actor) -> Person:
    """The person told by id, where the actor may know who it is, or a new one; pairs that may be one go to a decision."""
    if isinstance(new.person, registry.PersonDetails):
        person, keys = registry.new_person(new.person)
        likely = registry.likely_same([new.person])
        person.save(force_insert=True)
        PersonKey.objects.bulk_create(keys)
        pairs = registry.offered(person, likely.get(person.pk, ()))
        PossibleDuplicate.objects.bulk_create(pairs, ignore_conflicts=True)
        return person
    for permission in ("case.identify", "contact.identify", "stay.identify"):
        found = Person.objects.visible_to(by, permission).filter(pk=new.person).select_related("merged_into").first()
        if found is not None:
            return found.stands_under
    raise Refused(refuse("kernel.not_found", "person"))


# --- entries ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NewEntry:
    """Something that happened to a stay. ``corrects`` names the entry it takes the place of; ``retracted``: that one never
    happened. What belongs to the kind is told, the rest left out."""

    stay_id: UUID
    kind: str
    happened_at: datetime | None = None  # None: now
    site_id: UUID | None = None  # arrival, move: to a site; None: at home
    room_id: UUID | None = None
    area: Area | None = None  # arrival, move at home: where; None: where the person lives
    last_on: date | None = None
    owes: bool = False
    edition: str = ""
    reason: str = ""
    notice: str = ""
    case_id: UUID | None = None
    words: str = ""
    path: str = ""
    organisation_id: UUID | None = None
    corrects: UUID | None = None
    retracted: bool = False
    id: UUID = field(default_factory=ids.new_id)


TOLD = ("kind", "site_id", "room_id", "last_on", "owes", "edition", "reason", "notice", "case_id", "words", "path",
        "organisation_id", "corrects", "retracted")  # fmt: skip
BY_HAND = ("notice", "exposure", "arrival", "move", "lost", "found")
EVENT_OF = {
    "ordered": "stay.ordered",
    "notice": "stay.notice_served",
    "exposure": "stay.exposed",
    "arrival": "stay.arrived",
    "move": "stay.moved",
    "lost": "stay.lost",
    "found": "stay.found",
    "suspected": "stay.suspected",
    "end": "stay.ended",
}


def exposure_entry(stay_id: UUID, exposure: NewExposure) -> NewEntry:
    """An exposure as an entry of a stay."""
    return NewEntry(
        stay_id,
        "exposure",
        exposure.told_at,
        last_on=exposure.last_on,
        owes=exposure.owes,
        edition=exposure.edition,
        case_id=exposure.case_id,
        words=exposure.words,
        id=exposure.id,
    )


def enter(entry: NewEntry, by: Actor) -> Stay:
    """Enter something that happened to a stay. Returns the stay as it stands now. Raises Refused."""
    return enter_many([entry], by)[entry.stay_id]


def enter_many(entries: Sequence[NewEntry], by: Actor) -> dict[UUID, Stay]:
    """Enter what happened to stays, all or none. Returns the stays as they stand now. Raises Refused."""
    for entry in entries:
        if entry.kind not in BY_HAND:
            raise Refused(refuse("stay.no_such_entry", "kind", kind=entry.kind))
    with transaction.atomic():
        stays = _locked({entry.stay_id for entry in entries}, "stay.manage", by)
        return _write(entries, stays, by)


def _locked(stay_ids: Collection[UUID], permission: str, by: Actor) -> dict[UUID, Stay]:
    """Stays of which the actor may do this where they are, locked. Raises Refused when one is not there."""
    rows = Stay.objects.visible_to(by, permission).filter(pk__in=stay_ids)
    found = {stay.pk: stay for stay in rows.select_for_update(of=("self",)).order_by("pk")}
    if len(found) != len(set(stay_ids)):
        raise Refused(refuse("kernel.not_found"))
    return found


def _write(entries: Sequence[NewEntry], stays: dict[UUID, Stay], by: Actor, *, trusted: bool = False) -> dict[UUID, Stay]:  # fmt: skip
    """Write entries of locked stays that were not written before, and derive anew where the stays stand."""
    now = clock.now()
    known = {row.pk: row for row in StayEntry.objects.filter(pk__in=[entry.id for entry in entries])}
    fresh: list[StayEntry] = []
    for told in entries:
        stay = stays[told.stay_id]
        entry = replace(told, happened_at=told.happened_at or now)
        before = known.get(entry.id)
        if before is not None and told.happened_at is None:
            entry = replace(entry, happened_at=before.happened_at)
        row = _row(entry, stay, now, by)
        if before is not None:
            if (before.stay_id, before.happened_at) != (row.stay_id, row.happened_at) or any(
                getattr(before, name) != getattr(row, name) for name in TOLD
            ):
                raise Refused(refuse("kernel.id_conflict", "id"))
            continue
        if found := _entry_refusals(row, stay, now):
            raise Refused(*found)
        if not trusted:
            _place_refusals(row, stay, by)
        fresh.append(row)
    if not fresh:
        return stays
    StayEntry.objects.bulk_create(fresh)
    left = {(stay.pk, stay.room_id) for stay in stays.values() if stay.status == "observed" and stay.room_id}
    log = [
        events.made(
            "stay.corrected" if row.corrects_id else event_of(row),
            by,
            subject=("stay", row.stay_id),
            path=row.path or stays[row.stay_id].path,
            details={"what": row.kind, "observed_at": row.happened_at.isoformat()}
            | ({"reason": row.reason} if row.reason else {}),
        )
        for row in fresh
    ]
    release_days = {pk: stay.release_on for pk, stay in stays.items()}
    desks = {pk: (stay.path, stay.organisation_id) for pk, stay in stays.items()}
    _derive(stays.values(), now)
    log += [
        events.made("stay.extended", by, subject=("stay", pk), path=stay.path, details={"until": str(stay.release_on)})
        for pk, stay in stays.items()
        if (old := release_days[pk]) and stay.release_on and stay.release_on > old
    ]
    events.write(log)
    for pk, stay in stays.items():
        if desks[pk] != (stay.path, stay.organisation_id):
            _take_along(stay, by)
    _follow(fresh, stays, left, by)
    return stays


def _take_along(stay: Stay, by: Actor) -> None:
    """Somebody is followed elsewhere now: what waits to be done for them there goes along, so that no request is lost."""
    here = [kind.order for kind in rules.NEEDS.values() if kind.desk == "stay"]
    subjects = [stay.pk, *stay.needs.values_list("pk", flat=True)]
    kinds = [*here, *CHASING, "see_alarm", "transfer_patient", "review_stay"]
    workorders.reroute(subjects, kinds, by, path=stay.path, organisation_id=stay.organisation_id)


def event_of(row: Any) -> str:
    """The event that an entry of a stay leaves. Takes a row, or an entry as the rules see it."""
    return "stay.released" if row.kind == "end" and row.reason == rules.COMPLETED else EVENT_OF[row.kind]


def _row(entry: NewEntry, stay: Stay, now: datetime, by: Actor) -> StayEntry:
    """An entry as it is written: where it takes somebody stands in it, whatever happens to the place later."""
    path, organisation_id, edition = entry.path, entry.organisation_id, entry.edition
    if entry.kind in ("arrival", "move") and not entry.retracted:
        site = _site(entry.site_id)
        path = site.path if site else entry.area.path if entry.area else stay.home_path or stay.path
        organisation_id = site.organisation_id if site else None
    if entry.kind == "exposure" and not edition:
        edition = definitions.edition_on(stay.disease, clock.local_day(entry.happened_at or now)).code
    return StayEntry(
        id=entry.id,
        stay=stay,
        happened_at=entry.happened_at or now,
        recorded_at=now,
        by_id=by.user_id,
        channel=by.channel,
        path=path,
        organisation_id=organisation_id,
        edition=edition,
        corrects_id=entry.corrects,
        **{
            name: getattr(entry, name)
            for name in TOLD
            if name not in ("path", "organisation_id", "edition", "corrects")
        },
    )


def _entry_refusals(row: StayEntry, stay: Stay, now: datetime) -> list[Refusal]:
    """What cannot be, whatever else was entered."""
    found = []
    if row.happened_at > now + AHEAD:
        found.append(refuse("stay.in_the_future", "happened_at", moment=timezone.localtime(row.happened_at)))
    if row.kind == "exposure" and not row.retracted:
        if row.last_on is None:
            found.append(refuse("stay.last_day_missing", "last_on"))
        elif row.last_on > clock.today():
            found.append(refuse("stay.in_the_future", "last_on", moment=row.last_on))
        definitions.edition(stay.disease, row.edition)
    if row.corrects_id is not None:
        corrected = StayEntry.objects.filter(pk=row.corrects_id, stay=stay).first()
        if corrected is None or corrected.kind != row.kind:
            found.append(refuse("stay.corrects_nothing", "corrects"))
    elif stay.ended_at is not None and row.kind in rules.WHEREABOUTS and row.happened_at > stay.ended_at:
        found.append(refuse("stay.ended_already", state=rules.WORKFLOW.label(stay.status)))
    return found


def _place_refusals(row: StayEntry, stay: Stay, by: Actor) -> None:
    """Nobody is put into a room that is full or waits for disinfection, or that belongs to another site."""
    if row.room_id is None or row.retracted:
        return
    room = Room.objects.select_for_update().filter(pk=row.room_id, site=row.site_id, closed_at=None).first()
    if room is None:
        raise Refused(refuse("stay.no_such_room", "room"))
    if stay.room_id == room.pk and stay.status == "observed":
        return
    if no := rules.room_refusal(room_states([room])[room.pk], room.name):
        raise Refused(no)


def room_states(rooms: Iterable[Room]) -> dict[UUID, rules.RoomState]:
    """How rooms stand: who sleeps there follows from the stays, what waits for disinfection from its work order."""
    rooms = list(rooms)
    pks = [room.pk for room in rooms]
    asleep = dict(
        Stay.objects.observed().filter(room__in=pks).values_list("room_id").annotate(n=Count("pk")).order_by()
    )
    waiting = set(
        WorkOrder.objects.unfinished()
        .filter(kind="disinfect_room", subject_id__in=pks)
        .values_list("subject_id", flat=True)
    )
    return {room.pk: rules.RoomState(room.capacity, asleep.get(room.pk, 0), room.pk in waiting) for room in rooms}


def _follow(fresh: Sequence[StayEntry], stays: dict[UUID, Stay], left: set[tuple[UUID, UUID]], by: Actor) -> None:
    """What an entry causes: a taken-in person is no longer expected, a room left waits for disinfection, somebody lost is
    looked for, whoever is released is received at home."""
    here = {row.stay_id: row for row in fresh if not row.retracted}
    kinds = defaultdict(set)
    for row in here.values():
        kinds[row.kind].add(row.stay_id)
    orders: list[tuple[str, UUID, str, UUID | None]] = []
    if arrived := kinds["arrival"] | kinds["move"]:
        workorders.close_for(arrived, ["take_in_guest", "take_over_stay", "find_lost_person"], by)
    if kinds["found"]:
        workorders.close_for(kinds["found"], ["find_lost_person"], by)
    for pk in kinds["lost"]:
        orders.append(("find_lost_person", pk, stays[pk].home_path or stays[pk].path, None))
    if kinds["end"]:
        waiting = [
            "take_in_guest",
            "transfer_patient",
            "find_hospital",
            "see_alarm",
            "find_lost_person",
            "review_stay",
            "take_over_stay",
        ]
        workorders.close_for(kinds["end"], [*waiting, *CHASING], by, cancelled=True)
        for pk in kinds["end"]:
            if (stay := stays[pk]).status == "released":
                home = ("receive_home", pk, stay.home_path or stay.path, None)
                raise_orders([home], by, reached_by(stay.site or stay.organisation))
    emptied = {
        room_id
        for pk, room_id in left
        if stays[pk].room_id != room_id and pk in here and here[pk].kind in ("move", "end", "lost")
    }
    for room in Room.objects.filter(pk__in=emptied).select_related("site"):
        orders.append(("disinfect_room", room.pk, room.site.path, room.site.organisation_id))
    raise_orders(orders, by)


def raise_orders(orders: Sequence[tuple[str, UUID, str, UUID | None]], by: Actor, note: str = "") -> None:
    """Raise work orders (kind, subject, path, organisation) of which none of the kind is unfinished for the subject.
    ``note`` says whom to ring about them."""
    if not orders:
        return
    waiting = set(
        WorkOrder.objects.unfinished()
        .filter(subject_id__in=[subject for _, subject, _, _ in orders])
        .values_list("kind", "subject_id")
    )
    now = clock.now()
    workorders.raise_many(
        [
            workorders.raised(
                kind, subject_id=subject, path=path, organisation_id=organisation_id, raised_at=now, note=note
            )
            for kind, subject, path, organisation_id in orders
            if (kind, subject) not in waiting
        ],
        by,
    )


# --- deriving -----------------------------------------------------------------------------------------------------

DERIVED = ("status", "grounds", "notice", "began_at", "release_on", "ended_at", "reason", "path", "site_id", "room_id",
           "organisation_id", "case_id", "last_check_at", "alarmed_at", "next_due_at")  # fmt: skip
VERSIONED = ("status", "reason", "path", "organisation_id", "release_on", "ended_at")


def derived(stays: Collection[Stay]) -> dict[UUID, dict[str, Any]]:
    """For each stay the columns that follow from its entries and check-ins."""
    entries, checks = entries_of([stay.pk for stay in stays]), checks_of([stay.pk for stay in stays])
    return {stay.pk: _columns(stay, entries[stay.pk], checks[stay.pk]) for stay in stays}


def _columns(stay: Stay, entries: Sequence[rules.Entry], checks: Sequence[rules.Check]) -> dict[str, Any]:
    found = rules.state(entries, days_of(stay.disease))
    standing = rules.standing_checks(checks)
    last = standing[-1].observed_at if standing else None
    alarms = [check.observed_at for check in standing if alarm_of(stay.disease, check)]
    columns: dict[str, Any] = {
        name: getattr(found, name) for name in DERIVED if name not in ("last_check_at", "alarmed_at", "next_due_at")
    }
    due = None
    if found.status == "observed" and found.began_at is not None:
        hours = due_times(stay.disease, clock.local_day(last or found.began_at))
        due = rules.next_due(found.began_at, last, hours, timezone.get_default_timezone())
    return columns | {"last_check_at": last, "alarmed_at": alarms[-1] if alarms else None, "next_due_at": due}


def entries_of(stay_ids: Collection[UUID], known_at: datetime | None = None) -> dict[UUID, list[rules.Entry]]:
    """The entries of stays as the rules read them, as far as they were known at a moment (None: now)."""
    names = [name for name in rules.Entry.__dataclass_fields__ if name != "corrects"]
    rows = StayEntry.objects.filter(stay__in=stay_ids)
    if known_at is not None:
        rows = rows.filter(recorded_at__lte=known_at)
    found: dict[UUID, list[rules.Entry]] = {pk: [] for pk in stay_ids}
    for stay_id, corrects, *values in rows.values_list("stay_id", "corrects_id", *names):
        found[stay_id].append(rules.Entry(**dict(zip(names, values, strict=True)), corrects=corrects))
    return found


def checks_of(stay_ids: Collection[UUID], known_at: datetime | None = None) -> dict[UUID, list[rules.Check]]:
    """The check-ins of stays as the rules read them."""
    rows = CheckIn.objects.filter(stay__in=stay_ids)
    if known_at is not None:
        rows = rows.filter(recorded_at__lte=known_at)
    found: dict[UUID, list[rules.Check]] = {pk: [] for pk in stay_ids}
    for pk, stay_id, at, temperature, symptoms, corrects, retracted in rows.values_list(
        "pk", "stay_id", "observed_at", "temperature", "symptoms", "corrects_id", "retracted"
    ):
        celsius = None if temperature is None else float(temperature)
        found[stay_id].append(rules.Check(pk, at, celsius, tuple(symptoms), corrects, retracted))
    return found


def alarm_of(disease: str, check: rules.Check) -> rules.Alarm | None:
    """What in a check-in has to be reported at once, by the edition in force on its day."""
    edition = definitions.edition_on(disease, clock.local_day(check.observed_at))
    return rules.alarm(check.temperature, check.symptoms, edition.fever_from, edition.listed_symptoms)


def _derive(stays: Iterable[Stay], now: datetime) -> None:
    """Write down where stays stand, and, where that changed, from when on it is known."""
    stays = list(stays)
    versions, changed = [], []
    for pk, columns in derived(stays).items():
        stay = next(stay for stay in stays if stay.pk == pk)
        for name, value in columns.items():
            setattr(stay, name, value)
        versions.append(
            StayVersion(stay=stay, recorded_at=now, disease=stay.disease, **{name: columns[name] for name in VERSIONED})
        )
        changed.append(stay)
    Stay.objects.bulk_update(changed, [name.removesuffix("_id") for name in DERIVED])
    current = {row.stay_id: row for row in StayVersion.objects.filter(stay__in=stays, superseded_at=None)}
    fresh = [
        version
        for version in versions
        if (old := current.get(version.stay_id)) is None
        or any(getattr(old, name) != getattr(version, name) for name in VERSIONED)
    ]
    superseded = [current[version.stay_id] for version in fresh if version.stay_id in current]
    at = max(
        [now, *(old.recorded_at for old in superseded)]
    )  # a clock that was set back makes no span end before it begins
    for version in fresh:
        version.recorded_at = at
    StayVersion.objects.filter(pk__in=[old.pk for old in superseded]).update(superseded_at=at)
    StayVersion.objects.bulk_create(fresh)


# --- check-ins ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NewCheck:
    """A check-in on its way. ``stay_id`` is not told through a personal link, which knows its stay."""

    stay_id: UUID | None = None
    temperature: Decimal | float | None = None  # °C
    symptoms: tuple[str, ...] = ()
    words: str = ""
    observed_at: datetime | None = None  # None: now
    told_by: str = "coordinator"
    corrects: UUID | None = None
    retracted: bool = False
    hospital_id: UUID | None = None  # which of several designated hospitals is to receive, if this is alarming
    id: UUID = field(default_factory=ids.new_id)


@dataclass(frozen=True)
class Checked:
    """A check-in as written, what was alarming in it, and the case that was notified because of it."""

    checkin: CheckIn
    alarm: rules.Alarm | None = None
    case: Case | None = None


def check_in(new: NewCheck, by: Actor) -> Checked:
    """Write one check-in; when it is alarming, everything that follows with it. Raises Refused."""
    return check_in_many([new], by)[0]


def check_in_many(new: Sequence[NewCheck], by: Actor) -> list[Checked]:
    """Write check-ins, all or none, in the order given. Raises Refused.

    Fever or a listed symptom raises, in the same transaction, an alert to who is responsible for the stay, a transfer
    order, an order to the designated hospital, and a notification as suspected case through ``surveillance``. Where no
    hospital is designated, the county has the order to say which one receives.
    """
    with transaction.atomic():
        stays = _locked({check.stay_id for check in new if check.stay_id}, "checkin.record", by)
        return _check_in(new, stays, by)


def _check_in(new: Sequence[NewCheck], stays: dict[UUID, Stay], by: Actor, link_id: UUID | None = None) -> list[Checked]:  # fmt: skip
    now = clock.now()
    known = {row.pk: row for row in CheckIn.objects.filter(pk__in=[check.id for check in new])}
    written: list[CheckIn] = []
    fresh: list[CheckIn] = []
    for told in new:
        if told.stay_id not in stays:
            raise Refused(refuse("kernel.not_found", "stay"))
        row = _check_row(told, stays[told.stay_id], now, by)
        before = known.get(row.pk)
        if before is not None:
            if _differs(before, row, told.observed_at is not None):
                raise Refused(refuse("kernel.id_conflict", "id"))
            written.append(before)
            continue
        if found := _check_refusals(row, stays[told.stay_id], now):
            raise Refused(*found)
        written.append(row)
        fresh.append(row)
    CheckIn.objects.bulk_create(fresh)
    touched = {row.stay_id for row in fresh}
    _derive([stays[pk] for pk in touched], now)
    events.write(
        events.made(
            "checkin.corrected" if row.corrects_id else "checkin.recorded",
            by,
            subject=("stay", row.stay_id),
            path=stays[row.stay_id].path,
            details={"by": row.told_by, "observed_at": row.observed_at.isoformat()}
            | ({"token": str(link_id)} if link_id else {}),
        )
        for row in fresh
    )
    answered = {pk for pk in touched if (due := stays[pk].next_due_at) is None or due > now}
    if answered:  # a link or a phone answered by itself: nobody need call any more
        workorders.close_for(answered, CHASING, by, cancelled=by.user_id is None)
    fresh_ids = {row.pk for row in fresh}
    wanted = {told.id: told.hospital_id for told in new}
    return [
        _sounded(row, stays[row.stay_id], by, wanted[row.pk])
        if row.pk in fresh_ids
        else Checked(row, _alarm_in(row, stays))
        for row in written
    ]


def _check_row(told: NewCheck, stay: Stay, now: datetime, by: Actor) -> CheckIn:
    celsius = None if told.temperature is None else Decimal(str(told.temperature)).quantize(Decimal("0.1"))
    return CheckIn(
        id=told.id,
        stay=stay,
        observed_at=told.observed_at or now,
        recorded_at=now,
        told_by=told.told_by,
        by_id=by.user_id,
        channel=by.channel,
        temperature=celsius,
        symptoms=sorted(set(told.symptoms)),
        words=told.words,
        corrects_id=told.corrects,
        retracted=told.retracted,
    )


def _differs(before: CheckIn, row: CheckIn, timed: bool) -> bool:
    names = ("stay_id", "told_by", "temperature", "symptoms", "words", "corrects_id", "retracted")
    return any(getattr(before, name) != getattr(row, name) for name in names) or (
        timed and before.observed_at != row.observed_at
    )


def _check_refusals(row: CheckIn, stay: Stay, now: datetime) -> list[Refusal]:
    found = []
    if row.observed_at > now + AHEAD:
        found.append(refuse("stay.in_the_future", "observed_at", moment=timezone.localtime(row.observed_at)))
    if row.temperature is not None and not 30 <= row.temperature <= 45:
        found.append(refuse("checkin.impossible_temperature", "temperature", temperature=row.temperature))
    if row.told_by not in CheckIn.Told.values:
        found.append(refuse("checkin.unknown_teller", "told_by", told_by=row.told_by))
    for code in row.symptoms:
        if code not in definitions.vocabulary("symptoms"):
            found.append(refuse("case.unknown_term", "symptoms", term=code, vocabulary="symptoms"))
    if row.temperature is None and not row.symptoms and not row.words and not row.retracted:
        found.append(refuse("checkin.empty", "temperature"))
    if row.corrects_id is not None and not CheckIn.objects.filter(pk=row.corrects_id, stay=stay).exists():
        found.append(refuse("stay.corrects_nothing", "corrects"))
    elif row.corrects_id is None and stay.ended_at is not None and row.observed_at > stay.ended_at:
        found.append(refuse("stay.ended_already", state=rules.WORKFLOW.label(stay.status)))
    return found


def as_check(row: CheckIn) -> rules.Check:
    """A check-in as the rules read it."""
    celsius = None if row.temperature is None else float(row.temperature)
    return rules.Check(row.pk, row.observed_at, celsius, tuple(row.symptoms), row.corrects_id, row.retracted)


def _alarm_in(row: CheckIn, stays: dict[UUID, Stay]) -> rules.Alarm | None:
    return None if row.retracted else alarm_of(stays[row.stay_id].disease, as_check(row))


def _sounded(row: CheckIn, stay: Stay, by: Actor, hospital_id: UUID | None) -> Checked:
    """What an alarming check-in causes. Somebody whose suspected case is still open is not notified again."""
    found = None if row.retracted else alarm_of(stay.disease, as_check(row))
    if found is None or stay.status not in rules.OPEN:
        return Checked(row, found)
    details = {"found": ", ".join((*([f"{found.fever:g} °C"] if found.fever else []), *found.symptoms))}
    events.record("stay.alarm", by, subject=("stay", stay.pk), path=stay.path, details=details)
    hospital = receiving_hospital(stay, hospital_id)
    case = open_case(stay)
    if case is None:
        case = _notify(stay, row, found, hospital, by)
        entry = NewEntry(stay.pk, "suspected", row.observed_at, case_id=case.pk)
        _write([entry], {stay.pk: stay}, by, trusted=True)
    note = reached_by(hospital) if hospital else ""
    raise_orders(
        [
            ("see_alarm", stay.pk, stay.path, stay.organisation_id),
            ("transfer_patient", stay.pk, stay.path, stay.organisation_id),
        ],
        by,
        note,
    )
    if hospital is None:
        raise_orders([("find_hospital", stay.pk, county_of(stay.path), None)], by)
    else:
        _ask_to_receive(hospital, stay, case, by)
    return Checked(row, found, case)


def _ask_to_receive(hospital: Organisation, stay: Stay, case: Case, by: Actor) -> None:
    orders = [("receive_patient", case.pk, hospital.path, hospital.pk)]
    raise_orders(orders, by, reached_by(stay.site or stay.organisation))


def reached_by(place: Site | Organisation | None) -> str:
    """A place with its telephone, as a note of an order says it."""
    return " ".join(filter(None, (place.name, place.phone))) if place else ""


def county_of(path: str) -> str:
    """The county in which a path lies; the path itself where it is wider."""
    return "/".join(path.split("/")[:4]).rstrip("/") + "/"


def open_case(stay: Stay) -> Case | None:
    """The suspected case that a stay became, unless it was excluded since."""
    if stay.case_id is None:
        return None
    version = CaseVersion.objects.filter(case_id=stay.case_id, superseded_at=None).select_related("case").first()
    if version is None or not version.counted:
        return None
    edition = definitions.edition(version.disease, version.edition)
    return None if version.classification in edition.not_investigated else version.case


def receiving_hospitals(stay: Stay) -> list[Organisation]:
    """The hospitals designated to take in who falls ill there now, those of the smallest area around the stay; of somebody
    ill already the one that was asked before."""
    asked = hospital_of(stay) if open_case(stay) else None
    return [asked] if asked else designated_around(stay.path, stay.disease, clock.today())


def receiving_hospital(stay: Stay, chosen: UUID | None = None) -> Organisation | None:
    """The hospital that takes in who falls ill: of the designated ones the one chosen, and where nobody chose the one
    designated longest. None where nobody is designated. Raises Refused for one that is not among them."""
    hospitals = receiving_hospitals(stay)
    if chosen is None:
        return hospitals[0] if hospitals else None
    found = next((hospital for hospital in hospitals if hospital.pk == chosen), None)
    if found is None:
        raise Refused(refuse("stay.hospital_not_designated", "hospital_id"))
    return found


def name_hospital(stay_id: UUID, hospital: Organisation, by: Actor) -> None:
    """Say which hospital receives somebody for whom none was designated; it has the order, and the case. Raises Refused."""
    with transaction.atomic():
        stay = _locked([stay_id], "stay.manage", by)[stay_id]
        if hospital.kind not in Organisation.PATIENTS:
            raise Refused(refuse("place.receives_no_patients", "hospital"))
        case = open_case(stay)
        if case is None or not workorders.close_for([stay_id], ["find_hospital"], by):
            raise Refused(refuse("stay.hospital_not_sought"))
        surveillance.receive_case(case.pk, hospital)
        _ask_to_receive(hospital, stay, case, by)
        details = {"organisation": str(hospital.pk)}
        events.record("stay.hospital_named", by, subject=("stay", stay_id), path=stay.path, details=details)


def hospital_of(stay: Stay) -> Organisation | None:
    """The hospital that was asked last to receive somebody who fell ill under observation."""
    if stay.case_id is None:
        return None
    orders = WorkOrder.objects.filter(kind="receive_patient", subject_id=stay.case_id, organisation__isnull=False)
    asked = orders.select_related("organisation").order_by("-raised_at", "-id").first()
    return asked.organisation if asked else None


def _notify(stay: Stay, row: CheckIn, found: rules.Alarm, hospital: Organisation | None, by: Actor) -> Case:
    """Notify somebody under observation as a suspected case, in the platform's own right: whoever measured 37.3 °C need not
    hold the right to notify. The person is known already and stays the same person."""
    person = Person.objects.select_related("area", "merged_into").get(pk=stay.person_id).stands_under
    edition = definitions.edition_on(stay.disease, clock.today())
    area = person.area or Area.objects.filter(path=stay.path).order_by("-valid_from").first()
    if area is None:
        raise Refused(refuse("stay.place_missing", "area"))
    known_as = {name: getattr(person, name) for name in Person.PERSONAL}
    onset = clock.local_day(row.observed_at)
    exposures = [
        Exposure("contact_with_case", last_on=entry.last_on)
        for entry in rules.standing_entries(entries_of([stay.pk])[stay.pk])
        if entry.kind == "exposure" and entry.owes
    ]
    symptoms = dict.fromkeys(code for code in row.symptoms if code in definitions.vocabulary("symptoms"))
    evidence = Evidence(
        declared=next(iter(edition.suspected_classes), None),
        onset_on=onset,
        diagnosed_on=onset,
        reported_on=clock.today(),
        symptoms={code: True for code in ({"fever"} if found.fever is not None else set()) | symptoms.keys()},
        exposures=exposures if stay.grounds == "contact" else [],
    )
    return surveillance.notify(
        surveillance.Notification(
            disease=stay.disease,
            area=area,
            evidence=evidence,
            person=registry.PersonDetails(area=area, **known_as),
            organisation=hospital,
            same_person_as=person.pk,
            channel=by.channel,
            diagnosed_at=min(row.observed_at, clock.now()),
        ),
        replace(SYSTEM, user_id=by.user_id, name=by.name, channel=by.channel),
    )


# --- ends ---------------------------------------------------------------------------------------------------------


def release(stay_id: UUID, by: Actor) -> Stay:
    """Let somebody go home whose observation is complete; the home township has an order to receive them. Raises Refused."""
    return release_many([stay_id], by)[stay_id]


def release_many(stay_ids: Collection[UUID], by: Actor) -> dict[UUID, Stay]:
    """Release people, all or none. Raises Refused with every reason that stands against one of them."""
    with transaction.atomic():
        stays = _locked(stay_ids, "stay.manage", by)
        for found in release_refusals(stays.values()).values():
            if found:
                raise Refused(*found)
        return _write([NewEntry(pk, "end", reason=rules.COMPLETED) for pk in stays], stays, by, trusted=True)


def release_refusals(stays: Iterable[Stay]) -> dict[UUID, list[Refusal]]:
    """For each stay why it may not be released now. A few queries for any number."""
    stays = list(stays)
    now, today = clock.now(), clock.today()
    with_case = {stay.case_id for stay in stays if stay.case_id}
    versions = CaseVersion.objects.filter(case__in=with_case, superseded_at=None)
    still_open = {
        version.case_id
        for version in versions
        if version.counted
        and version.classification not in definitions.edition(version.disease, version.edition).not_investigated
    }
    return {
        stay.pk: rules.release_refusals(
            standing_of(stay),
            today,
            now,
            alarmed_at=stay.alarmed_at,
            case_open=stay.case_id in still_open,
            checked_today=stay.last_check_at is not None and clock.local_day(stay.last_check_at) >= today,
        )
        for stay in stays
    }


def standing_of(stay: Stay) -> rules.Standing:
    """What is kept of where a stay stands, as the rules read it."""
    names = ("status", "began_at", "ended_at", "reason", "release_on", "path", "site_id", "room_id", "organisation_id",
             "grounds", "notice", "case_id")  # fmt: skip
    return rules.Standing(**{name: getattr(stay, name) for name in names})


def end_early(stay_id: UUID, reason: str, by: Actor, *, words: str = "", happened_at: datetime | None = None) -> Stay:
    """End a stay for one of the reasons for which it may end early. Raises Refused."""
    with transaction.atomic():
        stay = _locked([stay_id], "stay.manage", by)[stay_id]
        allowed = definitions.observation_on(stay.disease, clock.today()).early_end
        accepted = WorkOrder.objects.filter(
            kind="take_over_stay", subject_id=stay_id, status__in=("accepted", "done")
        ).exists()
        found = rules.early_end_refusals(
            standing_of(stay), reason, allowed, has_case=open_case(stay) is not None, accepted_elsewhere=accepted
        )
        if found:
            raise Refused(*found)
        return _write(
            [NewEntry(stay_id, "end", happened_at, reason=reason, words=words)], {stay_id: stay}, by, trusted=True
        )[stay_id]


def hand_over(stay_id: UUID, area: Area, by: Actor, *, organisation_id: UUID | None = None) -> None:
    """Ask another place to take somebody over; the stay stays here until it is accepted there. Raises Refused."""
    with transaction.atomic():
        stay = _locked([stay_id], "stay.manage", by)[stay_id]
        if stay.status not in rules.OPEN:
            raise Refused(refuse("stay.ended_already", state=rules.WORKFLOW.label(stay.status)))
        raise_orders([("take_over_stay", stay_id, area.path, organisation_id)], by)
        events.record("stay.handed_over", by, subject=("stay", stay_id), path=stay.path, details={"area": area.code})


# --- what tracing and surveillance learnt -------------------------------------------------------------------------


def follow_contact(contact_id: UUID) -> Stay | None:
    """Bring the exposures of a contact up to its stay, under their own ids, so that nothing is entered twice.

    A contact without a stay who still owes observation gets one, not yet taken in, where tracing follows it.
    """
    with transaction.atomic():
        contact = Contact.objects.select_related("person__merged_into", "area").filter(pk=contact_id).first()
        if contact is None:
            return None
        person = contact.person.stands_under
        stay = (
            Stay.objects.open()
            .filter(person__in=records_of([person.pk]), disease=contact.disease)
            .select_for_update()
            .order_by("opened_at")
            .first()
        )
        contacts = tracing.records_of_contacts([contact_id])[contact_id]
        if stay is None:
            return _stay_of(contact, person, tracing.exposures_of([contact_id])[contact_id])
        known = {row.pk for row in stay.entries.filter(kind="exposure")}
        told = Exposed.objects.filter(contact__in=contacts).order_by("recorded_at", "id")
        fresh = []
        for exposure in told:
            if exposure.pk not in known and not (exposure.retracted and exposure.corrects_id not in known):
                fresh.append(_mirrored(stay.pk, exposure, known))
                known.add(exposure.pk)
        if fresh:
            stay = _write(fresh, {stay.pk: stay}, SYSTEM, trusted=True)[stay.pk]
            if stay.release_on is None:
                raise_orders([("review_stay", stay.pk, stay.path, stay.organisation_id)], SYSTEM)
    return stay


def _mirrored(stay_id: UUID, exposure: Exposed, known: Collection[UUID]) -> "NewEntry":
    """An exposure that tracing knows, as an entry of a stay. One that goes on, or of unknown end, counts to the day it was
    told."""
    edition = definitions.edition(exposure.contact.disease, exposure.edition)
    return NewEntry(
        stay_id,
        "exposure",
        exposure.recorded_at,
        last_on=exposure.last_on or clock.local_day(exposure.told_at),
        owes=tracing_rules.observed(edition, exposure.category, exposure.protected),
        edition=exposure.edition,
        case_id=exposure.case_id,
        corrects=exposure.corrects_id if exposure.corrects_id in known else None,
        retracted=exposure.retracted,
        id=exposure.pk,
    )


def _stay_of(contact: Contact, person: Person, exposures: Sequence[Exposed]) -> Stay | None:
    entries = [_mirrored(contact.pk, exposure, ()) for exposure in exposures]
    today = clock.today()
    owed = [
        entry
        for entry in entries
        if entry.owes
        and entry.last_on is not None
        and (days := definitions.edition(contact.disease, entry.edition).observation_days) is not None
        and rules.owed_after(entry.last_on, days, today)
    ]
    if not owed or definitions.edition_on(contact.disease, today).observation is None:
        return None
    if any(tracing.cases_of([contact]).values()):
        return None  # ill already: a patient, not somebody to be observed
    ended = Stay.objects.filter(person__in=records_of([person.pk]), disease=contact.disease)
    mirrored = set(StayEntry.objects.filter(stay__in=ended, kind="exposure").values_list("pk", flat=True))
    if not any(entry.id not in mirrored for entry in owed):
        return None  # the stay for these exposures has ended
    now = clock.now()
    stay = Stay(
        id=ids.new_id(), person=person, disease=contact.disease, contact=contact, home_path=person.path or contact.path,
        opened_at=now, grounds="contact", path=contact.path, organisation_id=contact.organisation_id,
    )  # fmt: skip
    stay.save(force_insert=True)
    ordered = NewEntry(stay.pk, "ordered", reason="contact", path=contact.path, organisation_id=contact.organisation_id)
    fresh = [replace(entry, stay_id=stay.pk) for entry in entries if entry.id not in mirrored]
    stay = _write([ordered, *fresh], {stay.pk: stay}, SYSTEM, trusted=True)[stay.pk]
    raise_orders([("take_in_guest", stay.pk, stay.path, stay.organisation_id)], SYSTEM)
    return stay


def follow_case(case_id: UUID) -> None:
    """What a case means for stays: the person's own stay is tied to it, and ends once it counts as an infection; where it was
    excluded, the stays of those exposed only to excluded cases are to be reviewed."""
    with transaction.atomic():
        version = CaseVersion.objects.filter(case_id=case_id, superseded_at=None).select_related("case").first()
        if version is None or not version.counted:
            return
        edition = definitions.edition(version.disease, version.edition)
        if version.classification in edition.not_investigated:
            _review_exposed_to(case_id)
            return
        records = records_of([version.case.person_id])
        rows = (
            Stay.objects.open().filter(person__in=records, disease=version.disease).select_for_update().order_by("pk")
        )
        for stay in rows:
            entries = []
            if stay.case_id != case_id and open_case(stay) is None:
                entries.append(NewEntry(stay.pk, "suspected", case_id=case_id))
            if version.classification in edition.case_classes:
                entries.append(NewEntry(stay.pk, "end", reason="became_case"))
            if entries:
                _write(entries, {stay.pk: stay}, SYSTEM, trusted=True)


def _review_exposed_to(case_id: UUID) -> None:
    stays = list(Stay.objects.open().filter(entries__kind="exposure", entries__case=case_id).distinct())
    entries = entries_of([stay.pk for stay in stays])
    orders = []
    for stay in stays:
        infectors = {
            entry.case_id
            for entry in rules.standing_entries(entries[stay.pk])
            if entry.kind == "exposure" and entry.owes and entry.case_id
        }
        current = CaseVersion.objects.filter(case__in=infectors, superseded_at=None)
        if case_id in infectors and all(
            row.classification in definitions.edition(row.disease, row.edition).not_investigated for row in current
        ):
            orders.append(("review_stay", stay.pk, stay.path, stay.organisation_id))
    raise_orders(orders, SYSTEM)


# --- needs --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NewNeed:
    """Something somebody under observation asks for."""

    kind: str
    words: str = ""
    stay_id: UUID | None = None
    told_by: str = "self"
    asked_at: datetime | None = None
    id: UUID = field(default_factory=ids.new_id)


def ask(new: NewNeed, by: Actor) -> Need:
    """Write down what somebody asks for and send it to the desk that answers such needs. Raises Refused."""
    with transaction.atomic():
        if new.stay_id is None:
            raise Refused(refuse("kernel.not_found", "stay"))
        stay = _locked([new.stay_id], "checkin.record", by)[new.stay_id]
        return _ask(new, stay, by)


def _ask(new: NewNeed, stay: Stay, by: Actor, link_id: UUID | None = None) -> Need:
    kind = rules.NEEDS.get(new.kind)
    if kind is None:
        raise Refused(refuse("need.unknown_kind", "kind", kind=new.kind))
    known = Need.objects.filter(pk=new.id).first()
    if known is not None:
        if (known.stay_id, known.kind, known.words) != (stay.pk, new.kind, new.words):
            raise Refused(refuse("kernel.id_conflict", "id"))
        return known
    if stay.status not in rules.OPEN:
        raise Refused(refuse("stay.ended_already", state=rules.WORKFLOW.label(stay.status)))
    now = clock.now()
    need = Need.objects.create(
        id=new.id,
        stay=stay,
        kind=new.kind,
        words=new.words,
        asked_at=min(new.asked_at or now, now),
        recorded_at=now,
        told_by=new.told_by,
        by_id=by.user_id,
        channel=by.channel,
    )
    at_home = kind.desk == "home" and stay.home_path
    path, organisation_id = (stay.home_path, None) if at_home else (stay.path, stay.organisation_id)
    details = {"what": new.kind} | ({"token": str(link_id)} if link_id else {})
    events.record("need.asked", by, subject=("need", need.pk), path=path, details=details)
    raise_orders([(kind.order, need.pk, path, organisation_id)], by)
    return need


def answer(need_id: UUID, words: str, by: Actor, *, closes: bool = False, id: UUID | None = None) -> NeedAnswer:
    """Say what was done about a need; with ``closes`` it is met, and its order done. Raises Refused."""
    with transaction.atomic():
        need = Need.objects.visible_to(by, "need.answer").filter(pk=need_id).select_related("stay").first()
        if need is None:
            raise Refused(refuse("kernel.not_found"))
        if id is not None and (known := NeedAnswer.objects.filter(pk=id).first()):
            if (known.need_id, known.words, known.closes) != (need_id, words, closes):
                raise Refused(refuse("kernel.id_conflict", "id"))
            return known
        if not words.strip():
            raise Refused(refuse("need.answer_empty", "words"))
        given = NeedAnswer.objects.create(
            id=id or ids.new_id(), need=need, words=words, closes=closes, recorded_at=clock.now(), by_id=by.user_id
        )
        if closes:
            workorders.close_for([need.pk], [kind.order for kind in rules.NEEDS.values()], by)
        kind = "need.closed" if closes else "need.answered"
        events.record(kind, by, subject=("need", need.pk), path=need.stay.path, details={"what": need.kind})
    return given


# --- personal links -----------------------------------------------------------------------------------------------


def make_link(stay_id: UUID, by: Actor, *, told_by: str = "self", days: int = LINK_DAYS) -> tuple[PersonalLink, str]:
    """A personal link for one stay and its token, which is told this once. Raises Refused."""
    if not 1 <= days <= LONGEST_LINK_DAYS:
        raise Refused(refuse("personal_link.days", "days", most=LONGEST_LINK_DAYS))
    if told_by not in ("self", "family"):
        raise Refused(refuse("checkin.unknown_teller", "told_by", told_by=told_by))
    with transaction.atomic():
        stay = _locked([stay_id], "stay.manage", by)[stay_id]
        if stay.status not in rules.OPEN:
            raise Refused(refuse("stay.ended_already", state=rules.WORKFLOW.label(stay.status)))
        token, now = secrets.token_urlsafe(32), clock.now()
        link = PersonalLink.objects.create(
            stay=stay,
            told_by=told_by,
            digest=_digest(token),
            made_at=now,
            made_by_id=by.user_id,
            expires_at=now + timedelta(days=days),
        )
        details = {"token": str(link.pk), "until": link.expires_at.isoformat()}
        events.record("personal_link.made", by, subject=("stay", stay.pk), path=stay.path, details=details)
    return link, token


def revoke_link(link_id: UUID, by: Actor) -> PersonalLink:
    """End a personal link at once; it never works again. Raises Refused."""
    with transaction.atomic():
        link = PersonalLink.objects.select_for_update(of=("self",)).filter(pk=link_id).select_related("stay").first()
        if link is None or not Stay.objects.visible_to(by, "stay.manage").filter(pk=link.stay_id).exists():
            raise Refused(refuse("kernel.not_found"))
        if link.revoked_at is None:
            link.revoked_at = clock.now()
            link.save(update_fields=["revoked_at"])
            details = {"token": str(link.pk)}
            events.record("personal_link.revoked", by, subject=("stay", link.stay_id), path=link.stay.path, details=details)  # fmt: skip
    return link


@dataclass(frozen=True)
class LinkPage:
    """All that a personal link shows: whose hands it is in, the day of release, what the form asks, and whom to ring. No name."""

    release_on: date | None
    told_by: str
    symptoms: tuple[str, ...]
    fever_from: float | None
    expires_at: datetime
    phone: str = ""  # of the site, or of whoever runs it; empty where none is known


def link_page(token: str, address: str) -> LinkPage:
    """What a personal link shows. Raises Refused: unknown, ended, or tried too often from this address."""
    link = _opened(token, address)
    edition = definitions.edition_on(link.stay.disease, clock.today())
    return LinkPage(
        link.stay.release_on,
        link.told_by,
        edition.listed_symptoms,
        edition.fever_from,
        link.expires_at,
        phone_of(link.stay),
    )


def phone_of(stay: Stay) -> str:
    """Where somebody under observation is reached about: the telephone of the site, or of the organisation that follows."""
    return (stay.site.phone if stay.site else "") or (stay.organisation.phone if stay.organisation else "")


def check_in_by_link(token: str, new: NewCheck, address: str) -> Checked:
    """Write a check-in for the stay of a personal link. Raises Refused."""
    link = _opened(token, address)
    new = replace(new, stay_id=link.stay_id, told_by=link.told_by, corrects=None, retracted=False)
    with transaction.atomic():
        stays = {stay.pk: stay for stay in Stay.objects.select_for_update().filter(pk=link.stay_id)}
        return _check_in([new], stays, LINK, link.pk)[0]


def ask_by_link(token: str, new: NewNeed, address: str) -> Need:
    """Write down a need of the stay of a personal link. Raises Refused."""
    link = _opened(token, address)
    with transaction.atomic():
        stay = Stay.objects.select_for_update().get(pk=link.stay_id)
        return _ask(replace(new, stay_id=stay.pk, told_by=link.told_by), stay, LINK, link.pk)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _opened(token: str, address: str) -> PersonalLink:
    """The link of a token. An unknown one counts against the address it was tried from; while that waits, none is looked up.

    A link that ended was not guessed, so it counts against nobody.
    """
    now, key = clock.now(), keyring().blind("link_address", address)
    with transaction.atomic():
        tried = WrongTries.objects.select_for_update().filter(address=key).first()
        if tried is not None and now - tried.last_at < (wait := rules.wait_after(tried.count)):
            WrongTries.objects.filter(pk=tried.pk).update(turned_away=F("turned_away") + 1)
            left = int((wait - (now - tried.last_at)).total_seconds()) + 1
            no = refuse("personal_link.too_many_tries", seconds=left)
        else:
            about = ("stay__site", "stay__organisation")
            found = PersonalLink.objects.filter(digest=_digest(token)).select_related("stay", *about).first()
            if found is not None:
                return _not_ended(found, now)
            no = refuse("personal_link.unknown")
            _count_try(key, tried, now)
    raise Refused(no)  # after the transaction, so that the try is on record


def _count_try(key: bytes, tried: WrongTries | None, now: datetime) -> None:
    again = tried is not None and now - tried.last_at < rules.TRIES_FORGOTTEN
    count = tried.count + 1 if tried is not None and again else 1
    turned_away = tried.turned_away if tried is not None else 0
    WrongTries.objects.update_or_create(address=key, defaults={"count": count, "last_at": now, "turned_away": 0})
    details = {"count": count, "refused": turned_away}
    events.record("personal_link.wrong", LINK, details=details)


def _not_ended(link: PersonalLink, now: datetime) -> PersonalLink:
    if link.revoked_at is not None or link.expires_at <= now or link.stay.status not in rules.OPEN:
        raise Refused(refuse("personal_link.ended"))
    return link


# --- rooms --------------------------------------------------------------------------------------------------------


def add_room(site_id: UUID, name: str, capacity: int, by: Actor) -> Room:
    """A room of an isolation site. Raises Refused."""
    with transaction.atomic():
        site = _managed_site(site_id, by)
        name = name.strip()
        if not name:
            raise Refused(refuse("room.name_missing", "name"))
        if capacity < 1:
            raise Refused(refuse("room.no_bed", "capacity"))
        try:
            with transaction.atomic():
                room = Room.objects.create(site=site, name=name[:20], capacity=capacity)
        except IntegrityError:
            raise Refused(refuse("room.exists", "name", room=name)) from None
        events.record("room.added", by, subject=("site", site.pk), path=site.path, details={"count": capacity})
    return room


def close_room(room_id: UUID, by: Actor) -> Room:
    """Take a room out of use. Raises Refused while somebody sleeps there."""
    with transaction.atomic():
        room = Room.objects.select_for_update(of=("self",)).filter(pk=room_id).select_related("site").first()
        if room is None:
            raise Refused(refuse("kernel.not_found"))
        _managed_site(room.site_id, by)
        if Stay.objects.observed().filter(room=room).exists():
            raise Refused(refuse("room.occupied", room=room.name))
        room.closed_at = clock.now()
        room.save(update_fields=["closed_at"])
        events.record("room.closed", by, subject=("site", room.site_id), path=room.site.path)
    return room


def _managed_site(site_id: UUID, by: Actor) -> Site:
    site = _site(site_id)
    if site is None or not by.may_at("stay.manage", site.path, site.organisation_id):
        raise Refused(refuse("kernel.not_found", "site"))
    return site
