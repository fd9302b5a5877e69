"""Writing down contacts, exposures, visits, calls, hand-overs and links. Page, paste, API and import come through here."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from lianfang.definitions import selectors as definitions
from lianfang.definitions.editions import Edition
from lianfang.kernel import clock, events, ids
from lianfang.kernel.access import SYSTEM, Actor
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refusal, Refused, refuse
from lianfang.registry import services as registry
from lianfang.registry.models import Area, Level, Person, PersonKey, PossibleDuplicate, Site
from lianfang.registry.selectors import records_of
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import selectors as surveillance
from lianfang.surveillance.models import CaseVersion, number_of
from lianfang.workorders import services as workorders
from lianfang.workorders.models import WorkOrder

from . import rules, selectors
from .models import (
    Contact,
    ContactCall,
    Exposure,
    HandOver,
    Presence,
    PresenceList,
    TransmissionLink,
    Visit,
)

CALLS = ("follow_contact", "visit_contact")  # the orders that a call to a contact may close
FROM_EXPOSURES = "exposures"  # the source of links that the platform proposes


# --- contacts and exposures ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExposureTold:
    """What somebody said of one exposure. The category is worked out from the edition of the day unless it is given."""

    case_id: UUID
    kind: str = "other"
    first_on: date | None = None
    last_on: date | None = None
    category: str = ""
    relation: str = ""
    protected: bool = False
    distance: float | None = None
    site_id: UUID | None = None
    place: str = ""
    note: str = ""
    id: UUID = field(default_factory=ids.new_id)


@dataclass(frozen=True)
class NewContact:
    """A person and the exposure that makes them a contact. ``area`` is where they stay; None: where the case lives."""

    person: PersonDetails
    exposure: ExposureTold
    area: Area | None = None
    same_person_as: UUID | None = None  # chosen by whoever enters it
    a_new_person: bool = False  # whoever enters it has seen who it may be, and says that it is nobody of them
    id: UUID = field(default_factory=ids.new_id)


@dataclass(frozen=True)
class Added:
    """What one entry became: the contact, and whether it was on record before."""

    contact: Contact
    exposure: Exposure
    known_before: bool


@dataclass(frozen=True)
class _Traced:
    """A case as tracing sees it now."""

    version: CaseVersion
    edition: Edition
    illness: rules.Illness


def add_contact(entry: NewContact, by: Actor) -> Added:
    """Write one contact with its exposure; see ``add_contacts``."""
    return add_contacts([entry], by)[0]


def refusals(entries: Sequence[NewContact], by: Actor) -> list[list[Refusal]]:
    """For each entry every reason why it would not be written. A few queries for any number."""
    return _judged(entries, _traced({entry.exposure.case_id for entry in entries}, by), by)


def add_contacts(entries: Sequence[NewContact], by: Actor) -> list[Added]:
    """Write contacts with their exposures, whole or not at all. Raises Refused with the reasons of the first refused.

    Somebody already followed for the disease gets the exposure added and is not entered twice: found by the person that
    was chosen, or by a record that is almost certainly the same and that the actor may see. Sent again under the same
    ids with the same content is success.
    """
    channel, now = by.channel, clock.now()
    with transaction.atomic():
        traced = _traced({entry.exposure.case_id for entry in entries}, by)
        for found in _judged(entries, traced, by):
            if found:
                raise Refused(*found)
        before = _sent_before(entries)
        fresh = [entry for entry in entries if entry.exposure.id not in before]
        likely = registry.likely_same([entry.person for entry in fresh if entry.same_person_as is None])
        people = _WhoIsWho(fresh, likely, by)
        contacts: dict[UUID, Contact] = {}
        added: dict[UUID, Added] = {}
        new_people: list[Person] = []
        keys: list[PersonKey] = []
        pairs: list[PossibleDuplicate] = []
        joined: dict[UUID, UUID] = {}
        exposures: list[Exposure] = []
        orders: list[WorkOrder] = []
        log: list[Event] = []
        handed: list[tuple[Contact, Area]] = []
        for entry in fresh:
            case = traced[entry.exposure.case_id]
            same = people.same_as(entry)
            person_id = same
            if same is None or people.says_more(entry, same):
                person, person_keys = registry.new_person(entry.person)
                new_people.append(person)
                keys += person_keys
                person_id = person.pk
                if same is None:
                    pairs += registry.offered(person, likely.get(person.pk, ()))
                else:
                    joined[person.pk] = same
            assert person_id is not None
            contact = people.contact_of(same or person_id, case.version.disease)
            known_before = contact is not None
            if contact is None:
                area, away = _followed_in(entry.area or case.version.area, case.version.area, by)
                contact = Contact(
                    id=entry.id,
                    number=number_of(entry.id),
                    person_id=person_id,
                    disease=case.version.disease,
                    area=area,
                    path=area.path,
                    channel=channel,
                    first_recorded_at=now,
                    by_id=by.user_id,
                )
                contacts[contact.pk] = contact
                people.remember(same or person_id, person_id, contact)
                log.append(_contact_event("contact.added", contact, by))
                orders.append(_order("follow_contact", contact, now, case.edition.deadline("investigation")))
                if away is not None:
                    handed.append((contact, away))
            exposure = _exposure(entry.exposure, contact, case, now, by, channel)
            exposures.append(exposure)
            log.append(_exposure_event("exposure.recorded", exposure, contact, by))
            added[entry.exposure.id] = Added(contact, exposure, known_before)
        Person.objects.bulk_create(new_people, batch_size=500)
        PersonKey.objects.bulk_create(keys, batch_size=2000)
        if joined:
            registry.enter_as(joined, by)
        Contact.objects.bulk_create(contacts.values(), batch_size=500)
        Exposure.objects.bulk_create(exposures, batch_size=500)
        WorkOrder.objects.bulk_create(orders, batch_size=500)
        if pairs:
            PossibleDuplicate.objects.bulk_create(pairs, batch_size=500, ignore_conflicts=True)
        events.write(log)
        for contact, away in handed:
            _offer(contact, away, "", by)
    return [before.get(entry.exposure.id) or added[entry.exposure.id] for entry in entries]


def _traced(case_ids: Collection[UUID], by: Actor) -> dict[UUID, _Traced]:
    """The cases among these whose contacts the actor may enter, with the edition of today and where its window begins."""
    versions = (
        CaseVersion.objects.visible_to(by, "contact.trace")
        .filter(case_id__in=list(case_ids), superseded_at=None)
        .select_related("case", "area")
    )
    found = {version.case_id: version for version in versions}
    illness = selectors.illness_of(found.values())
    traced = {}
    for case_id, version in found.items():
        edition = definitions.edition_on(version.disease, clock.today())
        traced[case_id] = _Traced(version, edition, illness[case_id])
    return traced


def _judged(entries: Sequence[NewContact], traced: Mapping[UUID, _Traced], by: Actor) -> list[list[Refusal]]:
    sites = set(
        Site.objects.visible_to(by)
        .filter(pk__in={entry.exposure.site_id for entry in entries if entry.exposure.site_id})
        .values_list("pk", flat=True)
    )
    judged = []
    for entry in entries:
        case = traced.get(entry.exposure.case_id)
        if case is None:
            judged.append([refuse("kernel.not_found", "case")])
            continue
        found = _exposure_refusals(entry.exposure, case.edition, sites)
        person = entry.person
        if not (person.name or person.id_number or person.phone):
            found.append(refuse("contact.nobody", "name"))
        if person.birth_date and person.birth_date > clock.today():
            found.append(refuse("exposure.future_day", "birth_date", day=person.birth_date))
        judged.append(found)
    return judged


def _exposure_refusals(told: ExposureTold, edition: Edition, sites: Collection[UUID]) -> list[Refusal]:
    found = rules.exposure_refusals(
        kind=told.kind,
        relation=told.relation,
        category=told.category,
        first_on=told.first_on,
        last_on=told.last_on,
        distance=told.distance,
        edition=edition,
        kinds=definitions.vocabulary("contact_kinds"),
        relations=definitions.vocabulary("relations"),
        today=clock.today(),
    )
    if told.site_id and told.site_id not in sites:
        found.append(refuse("kernel.not_found", "site"))
    return found


def _sent_before(entries: Sequence[NewContact]) -> dict[UUID, Added]:
    """Exposures that came before under the same id. Raises Refused where the content differs."""
    known = Exposure.objects.select_related("contact__area").in_bulk([entry.exposure.id for entry in entries])
    for entry in entries:
        before = known.get(entry.exposure.id)
        if before is not None and not _same(before, entry.exposure):
            raise Refused(refuse("kernel.id_conflict", "id"))
    return {pk: Added(exposure.contact, exposure, True) for pk, exposure in known.items()}


def entered_before(entries: Sequence[NewContact]) -> set[UUID]:
    """Of the exposures of these entries those that are on record already."""
    return set(Exposure.objects.filter(pk__in=[entry.exposure.id for entry in entries]).values_list("pk", flat=True))


TOLD = ("case_id", "kind", "first_on", "last_on", "relation", "protected", "distance", "site_id", "place", "note")


def _same(written: Exposure, told: ExposureTold) -> bool:
    return all(getattr(written, name) == getattr(told, name) for name in TOLD)


class _WhoIsWho:
    """Who the described people are: chosen, almost certainly known already, described twice in one list, or new."""

    def __init__(
        self, entries: Sequence[NewContact], likely: Mapping[UUID, Sequence[registry.Likeness]], by: Actor
    ) -> None:
        certain: dict[UUID, UUID] = {}
        for entry in entries:
            if entry.same_person_as is None and not entry.a_new_person:
                best = next((each for each in likely.get(entry.person.id, ()) if each.match.verdict == "certain"), None)
                if best is not None:
                    certain[entry.person.id] = best.person.pk
        listed = {entry.person.id for entry in entries}
        wanted = set(certain.values()) - listed
        visible = set(Person.objects.visible_to(by).filter(pk__in=wanted).values_list("pk", flat=True))
        self._same: dict[UUID, UUID] = {}
        for entry in entries:
            other = entry.same_person_as or certain.get(entry.person.id)
            if other in listed:
                other = self._same.get(other, other)
            elif entry.same_person_as is None and other not in visible:
                other = None
            if other is not None and other != entry.person.id:
                self._same[entry.person.id] = other
        chosen = set(self._same.values())
        self._records = {
            record.pk: record
            for record in Person.objects.filter(pk__in=chosen - listed).select_related("merged_into", "area")
        }
        self._told = {entry.person.id: entry.person for entry in entries}
        self._root: dict[UUID, UUID] = {
            pk: merged or pk
            for pk, merged in Person.objects.filter(pk__in=records_of(chosen - listed)).values_list(
                "pk", "merged_into_id"
            )
        }
        self._contacts: dict[tuple[UUID, str], Contact] = {}
        for contact in (
            Contact.objects.filter(person__in=list(self._root)).select_related("area").select_for_update(of=("self",))
        ):
            self._contacts[self._root[contact.person_id], contact.disease] = contact

    def same_as(self, entry: NewContact) -> UUID | None:
        """The record of the same person, if the entry is about somebody known."""
        return self._same.get(entry.person.id)

    def says_more(self, entry: NewContact, same: UUID) -> bool:
        """Whether an entry says of a known person what the record does not."""
        said = entry.person
        record: Any = self._records.get(same)
        known: Any = record.stands_under if record is not None else self._told.get(same)
        if known is None:
            return True
        names = ("name", "id_number", "phone", "address", "birth_date")
        return any(getattr(said, name) and getattr(said, name) != getattr(known, name) for name in names)

    def contact_of(self, person_id: UUID, disease: str) -> Contact | None:
        return self._contacts.get((self._root.get(person_id, person_id), disease))

    def remember(self, same_id: UUID, person_id: UUID, contact: Contact) -> None:
        for pk in (same_id, person_id):
            self._contacts[self._root.get(pk, pk), contact.disease] = contact


def _followed_in(wanted: Area, case_area: Area, by: Actor) -> tuple[Area, Area | None]:
    """The area that follows a new contact, and the area to offer it to when the actor may not enter it there."""
    if by.may_at("contact.trace", wanted.path):
        return wanted, None
    return case_area, wanted


def _exposure(
    told: ExposureTold, contact: Contact, case: _Traced, now: datetime, by: Actor, channel: str, **about: Any
) -> Exposure:
    found = rules.judge(case.edition, case.illness, told)
    return Exposure(
        id=told.id,
        contact=contact,
        path=case.version.path,
        category=told.category or found.category,
        judged=bool(told.category),
        edition=case.edition.code,
        window_from=found.window_from,
        recorded_at=now,
        by_id=by.user_id,
        channel=channel,
        **{name: getattr(told, name) for name in TOLD},
        **about,
    )


def _order(kind: str, contact: Contact, now: datetime, limit: Any = None) -> WorkOrder:
    return workorders.raised(
        kind,
        subject_id=contact.pk,
        path=contact.path,
        organisation_id=contact.organisation_id,
        raised_at=now,
        limit=limit,
    )


def _contact_event(kind: str, contact: Contact, by: Actor, **details: Any) -> Event:
    return events.made(
        kind, by, subject=("contact", contact.pk), path=contact.path, details={"disease": contact.disease, **details}
    )


def _exposure_event(kind: str, exposure: Exposure, contact: Contact, by: Actor) -> Event:
    details = {"exposure": str(exposure.pk), "case": str(exposure.case_id), "category": exposure.category}
    if exposure.corrects_id:
        details["corrects"] = str(exposure.corrects_id)
    return events.made(kind, by, subject=("contact", contact.pk), path=contact.path, details=details)


def add_exposure(contact_id: UUID, told: ExposureTold, by: Actor) -> Exposure:
    """Add an exposure to a contact: to another case, or on other days to the same."""
    with transaction.atomic():
        contact = _locked(contact_id, by)
        if before := Exposure.objects.filter(pk=told.id).first():
            if before.contact_id != contact.pk or not _same(before, told):
                raise Refused(refuse("kernel.id_conflict", "id"))
            return before
        exposure = _exposure(told, contact, _may_be(told, contact, by), clock.now(), by, by.channel)
        exposure.save(force_insert=True)
        events.write([_exposure_event("exposure.recorded", exposure, contact, by)])
    return exposure


def _may_be(told: ExposureTold, contact: Contact, by: Actor) -> _Traced:
    """The case of an exposure that may be written of this contact. Raises Refused with every reason against it."""
    case = _traced({told.case_id}, by).get(told.case_id) or _traced_before(told.case_id, contact)
    if case is None or case.version.disease != contact.disease:
        raise Refused(refuse("kernel.not_found", "case"))
    sites = (
        set(Site.objects.visible_to(by).filter(pk=told.site_id).values_list("pk", flat=True)) if told.site_id else ()
    )
    if found := _exposure_refusals(told, case.edition, sites):
        raise Refused(*found)
    return case


def _traced_before(case_id: UUID, contact: Contact) -> _Traced | None:
    """The case of an exposure on record: whoever follows the contact may correct it wherever the case lives."""
    if not Exposure.objects.filter(contact=contact, case=case_id).exists():
        return None
    return _traced({case_id}, SYSTEM).get(case_id)


def correct_exposure(exposure_id: UUID, told: ExposureTold, by: Actor) -> Exposure:
    """Put another entry in the place of an exposure. The earlier one stays on record. Raises Refused."""
    with transaction.atomic():
        before, contact = _correctable(exposure_id, by)
        exposure = _exposure(told, contact, _may_be(told, contact, by), clock.now(), by, by.channel, corrects=before)
        exposure.save(force_insert=True)
        events.write([_exposure_event("exposure.corrected", exposure, contact, by)])
    return exposure


def retract_exposure(exposure_id: UUID, by: Actor, *, id: UUID | None = None) -> Exposure:
    """Take an exposure back: it was entered by mistake. The entry stays on record as taken back."""
    with transaction.atomic():
        before, contact = _correctable(exposure_id, by)
        exposure = _in_place_of(before, by, id=id or ids.new_id(), retracted=True)
        exposure.save(force_insert=True)
        events.write([_exposure_event("exposure.retracted", exposure, contact, by)])
    return exposure


def _in_place_of(before: Exposure, by: Actor, **other: Any) -> Exposure:
    """An entry in the place of another that says the same but for what is given."""
    names = (*TOLD, "contact_id", "path", "category", "judged", "edition", "window_from")
    kept = {name: getattr(before, name) for name in names if name not in other}
    return Exposure(recorded_at=clock.now(), by_id=by.user_id, channel=by.channel, corrects=before, **kept, **other)


def _correctable(exposure_id: UUID, by: Actor) -> tuple[Exposure, Contact]:
    before = Exposure.objects.filter(pk=exposure_id).first()
    if before is None:
        raise Refused(refuse("kernel.not_found"))
    contact = _locked(before.contact_id, by)
    if before.retracted or Exposure.objects.filter(corrects=before).exists():
        raise Refused(refuse("exposure.corrected_before"))
    return before, contact


def _locked(contact_id: UUID, by: Actor) -> Contact:
    """A contact that the actor may trace, locked. Raises Refused."""
    rows = Contact.objects.visible_to(by, "contact.trace").filter(pk=contact_id).select_related("area", "person")
    contact = rows.select_for_update(of=("self",)).first()
    if contact is None:
        raise Refused(refuse("kernel.not_found"))
    return contact


# --- calls --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CallTold:
    """What came of one attempt to speak to a contact."""

    outcome: str
    called_at: datetime | None = None  # None: now, or the hour of the call that is corrected
    temperature: Decimal | None = None
    symptoms: Sequence[str] = ()
    call_again_on: date | None = None
    note: str = ""
    reason: str = ""  # of a correction: why the earlier entry was wrong
    id: UUID = field(default_factory=ids.new_id)


SAID = ("outcome", "temperature", "call_again_on", "note", "reason")


def record_call(contact_id: UUID, told: CallTold, by: Actor, *, corrects: UUID | None = None) -> ContactCall:
    """Write down a call, or what a call really was (``corrects``, with the reason). Raises Refused.

    Whoever was reached needs no further call today; whoever was not stays on the list. After a refusal, a wrong number or
    too many attempts somebody must go there: an order for a visit is raised. A correction brings the orders in line.
    """
    now, today = clock.now(), clock.today()
    found = rules.call_refusals(
        told.outcome,
        definitions.vocabulary("call_outcomes"),
        told.temperature,
        told.called_at or now,
        told.call_again_on,
        now,
        today,
    )
    found += [
        refuse("call.unknown_symptom", "symptoms", symptom=code)
        for code in told.symptoms
        if code not in definitions.vocabulary("symptoms")
    ]
    if found:
        raise Refused(*found)
    with transaction.atomic():
        contact = _locked(contact_id, by)
        if before := ContactCall.objects.filter(pk=told.id).first():
            same = all(getattr(before, name) == getattr(told, name) for name in SAID)
            if not same or (before.contact_id, before.corrects_id) != (contact.pk, corrects):
                raise Refused(refuse("kernel.id_conflict", "id"))
            return before
        earlier = _call_to_correct(corrects, contact, told.reason) if corrects is not None else None
        call = ContactCall(
            contact=contact,
            called_at=told.called_at or (earlier.called_at if earlier else now),
            symptoms=list(told.symptoms),
            recorded_at=now,
            by_id=by.user_id,
            channel=by.channel,
            corrects=earlier,
            id=told.id,
            **{name: getattr(told, name) for name in SAID},
        )
        call.save(force_insert=True)
        edition = definitions.edition_on(contact.disease, today)
        unwell = rules.feverish(edition, told.temperature, told.symptoms)
        details = {"outcome": told.outcome, "unwell": unwell, "observed_at": call.called_at.isoformat()}
        kind = "contact.call_corrected" if earlier else "contact.called"
        events.write([_contact_event(kind, contact, by, **details)])
        _orders_after(contact, call, by)
    return call


def retract_call(call_id: UUID, reason: str, by: Actor, *, id: UUID | None = None) -> ContactCall:
    """Take a call back: it was never made, or to somebody else. It stays on record as taken back. Raises Refused."""
    with transaction.atomic():
        contact_id = ContactCall.objects.filter(pk=call_id).values_list("contact_id", flat=True).first()
        if contact_id is None:
            raise Refused(refuse("kernel.not_found"))
        contact = _locked(contact_id, by)
        before = _call_to_correct(call_id, contact, reason)
        names = ("contact_id", "called_at", "outcome", "temperature", "symptoms", "call_again_on", "note")
        call = ContactCall(
            id=id or ids.new_id(),
            recorded_at=clock.now(),
            by_id=by.user_id,
            channel=by.channel,
            corrects=before,
            retracted=True,
            reason=reason,
            **{name: getattr(before, name) for name in names},
        )
        call.save(force_insert=True)
        details = {"outcome": before.outcome, "observed_at": before.called_at.isoformat()}
        events.write([_contact_event("contact.call_retracted", contact, by, **details)])
        _orders_after(contact, call, by)
    return call


def _call_to_correct(call_id: UUID, contact: Contact, reason: str) -> ContactCall:
    """A call that still stands, of this contact or of another record of the same person. Raises Refused."""
    call = ContactCall.objects.filter(pk=call_id, contact__in=selectors.records_of_contact(contact.pk)).first()
    if call is None or call.retracted or ContactCall.objects.filter(corrects=call_id).exists():
        raise Refused(refuse("call.corrected_before", "corrects"))
    if not reason.strip():
        raise Refused(refuse("call.reason_missing", "reason"))
    return call


def _orders_after(contact: Contact, call: ContactCall, by: Actor) -> None:
    """Close and raise the orders that follow from a call, from its correction, or from its being taken back."""
    now = clock.now()
    state = selectors.standings([contact])[contact.pk]
    wanted = rules.to_do(state)
    if state.last_call == call:  # an hour entered late says nothing of what was asked for since
        if not wanted.call:
            workorders.close_for([contact.pk], ["follow_contact"], by)
        if call.outcome in ("reached", "moved"):
            workorders.close_for([contact.pk], ["visit_contact"], by)
    if call.corrects_id and not wanted.visit:
        workorders.close_for([contact.pk], ["visit_contact"], by, cancelled=True)
    orders = []
    if not _open_order(contact, "follow_contact"):
        if wanted.call:
            orders.append(_order("follow_contact", contact, now))
        elif wanted.call_on is not None and (state.last_call == call or call.corrects_id):
            orders.append(_order("follow_contact", contact, max(now, clock.start_of(wanted.call_on))))
    if wanted.visit and not _open_order(contact, "visit_contact"):
        orders.append(_order("visit_contact", contact, now))
    WorkOrder.objects.bulk_create(orders)


def _open_order(contact: Contact, kind: str) -> bool:
    return WorkOrder.objects.filter(subject_id=contact.pk, kind=kind, closed_at=None).exists()


# --- hand-overs ---------------------------------------------------------------------------------------------------


def hand_over(contact_id: UUID, to_area: Area, reason: str, by: Actor) -> HandOver:
    """Ask another area to take a contact over. Until it accepts, the contact stays with whoever follows it now."""
    with transaction.atomic():
        contact = _locked(contact_id, by)
        if contact.offered_path:
            raise Refused(refuse("contact.offered_already"))
        if not reason.strip():
            raise Refused(refuse("contact.reason_missing", "reason"))
        return _offer(contact, to_area, reason, by)


def _offer(contact: Contact, wanted: Area, reason: str, by: Actor) -> HandOver:
    to_area = county_of(wanted)
    if contact.path.startswith(to_area.path):
        raise Refused(refuse("contact.stays_here", "area", area=to_area.name))
    offer = HandOver(
        contact=contact,
        from_area=contact.area,
        from_path=contact.path,
        to_area=to_area,
        to_path=to_area.path,
        reason=reason,
        asked_at=clock.now(),
        asked_by_id=by.user_id,
    )
    offer.save(force_insert=True)
    Contact.objects.filter(pk=contact.pk).update(offered_path=to_area.path)
    contact.offered_path = to_area.path
    order = workorders.raised("take_in", subject_id=contact.pk, path=to_area.path, raised_at=clock.now())
    order.save(force_insert=True)
    events.write([_contact_event("contact.offered", contact, by, to_area=to_area.code)])
    return offer


def county_of(area: Area) -> Area:
    """The county an area lies in, for that is where contacts are followed; a larger area stays itself."""
    while area.parent is not None and area.level in (Level.TOWNSHIP, Level.VILLAGE, Level.GRID):
        area = area.parent
    return area


def answer(hand_over_id: UUID, move: str, by: Actor, *, note: str = "", area: Area | None = None) -> HandOver:
    """Accept a contact, send it back with a reason, or withdraw the offer. Raises Refused.

    ``area`` is where in the accepting area the contact stays, when it is known more closely.
    """
    with transaction.atomic():
        offer = HandOver.objects.visible_to(by).filter(pk=hand_over_id).select_related("to_area").first()
        if offer is None:
            raise Refused(refuse("kernel.not_found"))
        contact = Contact.objects.select_for_update(of=("self",)).select_related("area").get(pk=offer.contact_id)
        offer.refresh_from_db()
        step = rules.HAND_OVER.move(move)
        side = contact.path if move == "withdraw" else offer.to_path
        permitted = by.may_at(step.permission, side, contact.organisation_id if move == "withdraw" else None)
        if no := rules.HAND_OVER.refusal(move, offer, status=offer.status, permitted=permitted):
            raise Refused(no)
        if move == "send_back" and not note.strip():
            raise Refused(refuse("contact.reason_missing", "note"))
        if area is not None and not area.path.startswith(offer.to_path):
            raise Refused(refuse("contact.stays_elsewhere", "area", area=area.name))
        offer.status, offer.answered_at, offer.answered_by_id = step.target, clock.now(), by.user_id
        offer.answer = note
        offer.save()
        contact.offered_path = ""
        if move == "accept":
            _take_over(contact, area or offer.to_area, by)
        contact.save(update_fields=["offered_path", "area", "path", "organisation"])
        workorders.close_for([contact.pk], ["take_in"], by, cancelled=move == "withdraw")
        events.write([_contact_event(step.event, contact, by, from_area=offer.from_path, to_area=offer.to_path)])
    return offer


def _take_over(contact: Contact, area: Area, by: Actor) -> None:
    """Follow a contact in another area from now on: what was still to be done is to be done there, within its limit."""
    waiting = list(WorkOrder.objects.filter(subject_id=contact.pk, kind__in=CALLS, closed_at=None))
    workorders.close_for([contact.pk], CALLS, by, cancelled=True)
    contact.area, contact.path, contact.organisation = area, area.path, None
    kinds = {"follow_contact", *(order.kind for order in waiting)}  # whoever takes a contact over speaks to it
    WorkOrder.objects.bulk_create(_order(kind, contact, clock.now()) for kind in sorted(kinds))


# --- visits and presence lists ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class VisitTold:
    """Where a case was: a site on the list or a place in words, the hours, and the seat if it was a vehicle."""

    from_at: datetime
    until_at: datetime
    site_id: UUID | None = None
    place: str = ""
    vehicle: str = ""
    compartment: str = ""
    row: int | None = None
    protected: bool = False
    note: str = ""
    id: UUID = field(default_factory=ids.new_id)


VISITED = ("from_at", "until_at", "site_id", "place", "vehicle", "compartment", "row", "protected", "note")


def record_visit(case_id: UUID, told: VisitTold, by: Actor, *, corrects: UUID | None = None) -> Visit:
    """Write down where a case was; ``corrects`` names the entry it takes the place of. Raises Refused."""
    with transaction.atomic():
        version = _case(case_id, by)
        if before := Visit.objects.filter(pk=told.id).first():
            same = before.case_id == case_id and all(getattr(before, name) == getattr(told, name) for name in VISITED)
            if not same:
                raise Refused(refuse("kernel.id_conflict", "id"))
            return before
        found = rules.presence_refusals(told.from_at, told.until_at, clock.now())
        if not told.site_id and not told.place.strip():
            found.append(refuse("visit.nowhere", "place"))
        if told.site_id and not Site.objects.visible_to(by).filter(pk=told.site_id).exists():
            found.append(refuse("kernel.not_found", "site"))
        if told.vehicle and told.vehicle not in definitions.vocabulary("vehicles"):
            found.append(refuse("visit.unknown_vehicle", "vehicle", vehicle=told.vehicle))
        if found:
            raise Refused(*found)
        if corrects is not None:
            _visit_to_correct(corrects, case_id)
        visit = Visit(
            id=told.id,
            case_id=case_id,
            path=version.path,
            recorded_at=clock.now(),
            by_id=by.user_id,
            channel=by.channel,
            corrects_id=corrects,
            **{name: getattr(told, name) for name in VISITED},
        )
        visit.save(force_insert=True)
        _visit_event("visit.corrected" if corrects else "visit.recorded", visit, by)
    return visit


def retract_visit(visit_id: UUID, by: Actor) -> Visit:
    """Take a visit back. The entry stays on record as taken back."""
    with transaction.atomic():
        before = Visit.objects.filter(pk=visit_id).first()
        if before is None:
            raise Refused(refuse("kernel.not_found"))
        version = _case(before.case_id, by)
        _visit_to_correct(visit_id, before.case_id)
        visit = Visit(
            case_id=before.case_id,
            path=version.path,
            recorded_at=clock.now(),
            by_id=by.user_id,
            channel=by.channel,
            corrects=before,
            retracted=True,
            **{name: getattr(before, name) for name in VISITED},
        )
        visit.save(force_insert=True)
        _visit_event("visit.retracted", visit, by)
    return visit


def _visit_to_correct(visit_id: UUID, case_id: UUID) -> None:
    before = Visit.objects.select_for_update().filter(pk=visit_id, case=case_id, retracted=False).first()
    if before is None or Visit.objects.filter(corrects=visit_id).exists():
        raise Refused(refuse("exposure.corrected_before"))


def _visit_event(kind: str, visit: Visit, by: Actor) -> None:
    events.record(kind, by, subject=("case", visit.case_id), path=visit.path, details={"visit": str(visit.pk)})


def _case(case_id: UUID, by: Actor) -> CaseVersion:
    """The version in force of a case whose contacts the actor may trace. Raises Refused."""
    version = (
        CaseVersion.objects.visible_to(by, "contact.trace")
        .filter(case_id=case_id, superseded_at=None)
        .select_related("case", "area")
        .first()
    )
    if version is None:
        raise Refused(refuse("kernel.not_found", "case"))
    return version


@dataclass(frozen=True)
class PresenceTold:
    """One line of a presence list."""

    said: Mapping[str, Any]
    from_at: datetime | None = None
    until_at: datetime | None = None
    compartment: str = ""
    row: int | None = None
    seat: str = ""


def record_presence(
    site_id: UUID,
    kind: str,
    title: str,
    from_at: datetime,
    until_at: datetime,
    lines: Iterable[PresenceTold],
    by: Actor,
    *,
    vehicle: str = "",
    path: str = "",
) -> PresenceList:
    """Keep a list of who was at a place, sealed, until the contacts on it were found. Raises Refused."""
    lines = list(lines)
    site = Site.objects.visible_to(by).filter(pk=site_id).first()
    path = path or next(iter(sorted(by.paths("contact.trace"), key=len)), site.path if site else "")
    found = rules.presence_refusals(from_at, until_at, clock.now())
    if site is None or not by.may_at("contact.trace", path):
        found.append(refuse("kernel.not_found", "site"))
    if kind not in PresenceList.Kind.values:
        found.append(refuse("presence.unknown_kind", "kind", kind=kind))
    if vehicle and vehicle not in definitions.vocabulary("vehicles"):
        found.append(refuse("visit.unknown_vehicle", "vehicle", vehicle=vehicle))
    if not lines:
        found.append(refuse("presence.empty", "lines"))
    if found:
        raise Refused(*found)
    listed = PresenceList(
        site=site,
        path=path,
        kind=kind,
        title=title[:120],
        vehicle=vehicle,
        from_at=from_at,
        until_at=until_at,
        recorded_at=clock.now(),
        by_id=by.user_id,
    )
    with transaction.atomic():
        listed.save(force_insert=True)
        Presence.objects.bulk_create(
            (
                Presence(
                    list=listed,
                    said=dict(line.said),
                    from_at=line.from_at,
                    until_at=line.until_at,
                    compartment=line.compartment[:20],
                    row=line.row,
                    seat=line.seat[:10],
                )
                for line in lines
            ),
            batch_size=500,
        )
        events.record("presence.recorded", by, subject=("site", site_id), path=path, details={"rows": len(lines)})
    return listed


def mark_found(found: Mapping[UUID, Contact]) -> None:
    """Note on the lines of presence lists which contacts they became: {line: contact}."""
    lines = Presence.objects.in_bulk(list(found))
    for pk, line in lines.items():
        line.contact = found[pk]
    Presence.objects.bulk_update(lines.values(), ["contact"], batch_size=500)


def forget_presence(before: datetime) -> int:
    """Remove from lists older than a moment everybody who became nobody's contact. Returns how many lines."""
    with transaction.atomic():
        lists = list(
            PresenceList.objects.filter(forgotten_at=None, recorded_at__lt=before).order_by("recorded_at")[:200]
        )
        gone, _each = Presence.objects.filter(list__in=lists, contact=None).delete()
        PresenceList.objects.filter(pk__in=[entry.pk for entry in lists]).update(forgotten_at=clock.now())
        if lists:
            events.record("presence.forgotten", SYSTEM, details={"rows": gone})
    return gone


# --- the investigation of a case's contacts ------------------------------------------------------------------------


def _counted(case_id: UUID) -> CaseVersion | None:
    """What is known of a case now, locked; None where it does not count."""
    versions = CaseVersion.objects.filter(case_id=case_id, superseded_at=None, counted=True)
    return versions.select_for_update(of=("self",)).first()


def _ask_for_contacts(version: CaseVersion, edition: Edition) -> WorkOrder:
    """Raise the order to list the contacts of a case, due as the edition says."""
    order = workorders.raised(
        "trace_contacts",
        subject_id=version.case_id,
        path=version.path,
        raised_at=clock.now(),
        limit=edition.deadline("investigation"),
    )
    order.save(force_insert=True)
    return order


def open_tracing(case_id: UUID) -> WorkOrder | None:
    """Let the tracing of a case's contacts begin, where the edition of the day traces its class. None: nothing to do.

    Only for cases whose investigation runs: what an import brought from the past opens nothing. Harmless when repeated.
    """
    with transaction.atomic():
        version = _counted(case_id)
        if version is None:
            return None
        edition = definitions.edition_on(version.disease, clock.today())
        if version.classification not in edition.traced:
            return None
        orders = WorkOrder.objects.filter(subject_id=case_id).values_list("kind", flat=True)
        if "trace_contacts" in orders or "investigate_case" not in orders:
            return None
        order = _ask_for_contacts(version, edition)
        details = {"classification": version.classification, "edition": edition.code}
        events.record("tracing.opened", SYSTEM, subject=("case", case_id), path=version.path, details=details)
    return order


def follow_facts(case_id: UUID) -> None:
    """What follows for tracing when something became known of a case. Harmless when repeated."""
    rejudge(case_id)
    ask_earlier_days(case_id)


def rejudge(case_id: UUID) -> list[Exposure]:
    """Judge the exposures to a case anew by what is known of it now, each under the edition that it was judged under.

    Where the category becomes another, an entry that says the same with the new judgement takes its place. A contact of whom
    observation is owed now, or no longer, is to be called. What an investigator judged stays as judged.
    """
    with transaction.atomic():
        version = CaseVersion.objects.filter(case_id=case_id, superseded_at=None).first()
        of_case = Exposure.objects.filter(case=case_id, judged=False)
        if version is None or not of_case.exists():
            return []
        ids_of = of_case.values("contact")
        locked = Contact.objects.select_for_update(of=("self",)).filter(pk__in=ids_of).order_by("pk")
        contacts = {contact.pk: contact for contact in locked}
        illness = selectors.illness_of([version])[case_id]
        changed = []
        for before in of_case.standing().order_by("id"):
            found = rules.judge(definitions.edition(version.disease, before.edition), illness, before)
            if found.category != before.category:
                about: dict[str, Any] = {"category": found.category, "window_from": found.window_from}
                changed.append(_in_place_of(before, SYSTEM, rejudged=True, **about))
        touched = [contacts[pk] for pk in {exposure.contact_id: None for exposure in changed}]
        owed = selectors.owed_until(touched)
        Exposure.objects.bulk_create(changed, batch_size=500)
        events.write(
            _exposure_event("exposure.rejudged", exposure, contacts[exposure.contact_id], SYSTEM)
            for exposure in changed
        )
        _tell(touched, owed)
    return changed


def _tell(contacts: Sequence[Contact], before: Mapping[UUID, date | None]) -> None:
    """Have those contacts called of whom observation was owed before and is not now, or the reverse."""
    now, today = selectors.owed_until(contacts), clock.today()
    became = selectors.cases_of(contacts)

    def owes(last: date | None) -> bool:
        return last is not None and last >= today

    WorkOrder.objects.bulk_create(
        _order("follow_contact", contact, clock.now())
        for contact in contacts
        if owes(before[contact.pk]) != owes(now[contact.pk])
        and not became[contact.pk]
        and not _open_order(contact, "follow_contact")
    )


def ask_earlier_days(case_id: UUID) -> WorkOrder | None:
    """Have the contacts of a case listed again where its window begins earlier than when they were. None: nothing to do."""
    with transaction.atomic():
        version = _counted(case_id)
        if version is None:
            return None
        unasked = selectors.unasked_days(version)
        if (
            unasked is None
            or WorkOrder.objects.filter(subject_id=case_id, kind="trace_contacts", closed_at=None).exists()
        ):
            return None
        order = _ask_for_contacts(version, definitions.edition_on(version.disease, clock.today()))
        details = {"first": str(unasked.first or ""), "last": str(unasked.last)}
        events.record("tracing.reopened", SYSTEM, subject=("case", case_id), path=version.path, details=details)
    return order


def complete_tracing(case_id: UUID, by: Actor) -> None:
    """Say that the contacts of a case are listed. More may be added later; the order is done."""
    with transaction.atomic():
        version = _case(case_id, by)
        if not workorders.close_for([case_id], ["trace_contacts"], by):
            raise Refused(refuse("tracing.not_open"))
        count = selectors.contact_ids_of_case(case_id).count()
        events.record(
            "tracing.completed", by, subject=("case", case_id), path=version.path, details={"contacts": count}
        )


def note_case(case_id: UUID) -> list[TransmissionLink]:
    """Where a case is of somebody followed as a contact, propose who may have infected it and stop the calls.

    The contact stays a contact: its exposures are how the case came about. Of a case that was excluded, or is no longer
    counted, the contact is called again. Harmless when repeated.
    """
    with transaction.atomic():
        version = CaseVersion.objects.filter(case_id=case_id, superseded_at=None).select_related("case").first()
        if version is None:
            return []
        records = records_of([version.case.person_id])
        contacts = list(
            Contact.objects.filter(person__in=records, disease=version.disease).select_for_update(of=("self",))
        )
        if not contacts:
            return []
        if not selectors.is_case(version):
            waiting = [contact for contact in contacts if not _open_order(contact, "follow_contact")]
            again = [contact for contact in waiting if _became(contact, case_id)]
            WorkOrder.objects.bulk_create(_order("follow_contact", contact, clock.now()) for contact in again)
            return []
        exposures = selectors.exposures_of([contact.pk for contact in contacts])
        infectors = {exposure.case_id for found in exposures.values() for exposure in found} - {case_id}
        told = TransmissionLink.objects.filter(infectee=case_id).values_list("infector_id", flat=True)
        proposed = [
            TransmissionLink(
                infector_id=infector,
                infectee_id=case_id,
                path=version.path,
                certainty="proposed",
                source=FROM_EXPOSURES,
                recorded_at=clock.now(),
            )
            for infector in sorted(infectors - set(told))
        ]
        log = [_stated(link, SYSTEM) for link in proposed]
        log += [
            _contact_event("contact.became_case", contact, SYSTEM, case=str(case_id))
            for contact in contacts
            if not _became(contact, case_id)
        ]
        TransmissionLink.objects.bulk_create(proposed)
        workorders.close_for([contact.pk for contact in contacts], CALLS, SYSTEM, cancelled=True)
        events.write(log)
    return proposed


def _became(contact: Contact, case_id: UUID) -> bool:
    """Whether it is on record that a contact became this case."""
    told = Event.objects.filter(kind="contact.became_case", subject_id=contact.pk)
    return any(event.details["case"] == str(case_id) for event in told)


# --- transmission links --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NewLink:
    """A link as a source tells it: both cases by the number they have in that source."""

    infector: str
    infectee: str
    certainty: str = "stated"
    relation: str = ""
    setting: str = ""


def state_link(
    infector_id: UUID,
    infectee_id: UUID,
    certainty: str,
    by: Actor,
    *,
    relation: str = "",
    setting: str = "",
) -> TransmissionLink:
    """State who may have infected whom and how sure that is. A link stated before otherwise is retracted. Raises Refused."""
    if certainty not in definitions.vocabulary("certainties") or certainty == "proposed":
        raise Refused(refuse("link.unknown_certainty", "certainty", certainty=certainty))
    if infector_id == infectee_id:
        raise Refused(refuse("link.to_itself", "infector"))
    with transaction.atomic():
        infectee = (
            CaseVersion.objects.visible_to(by, "case.update")
            .filter(case_id=infectee_id, superseded_at=None)
            .select_for_update(of=("self",))
            .first()
        )
        infector = CaseVersion.objects.visible_to(by).filter(case_id=infector_id, superseded_at=None).first()
        if infector is None or infectee is None or infector.disease != infectee.disease:
            raise Refused(refuse("kernel.not_found", "infector"))
        before = TransmissionLink.objects.filter(infector=infector_id, infectee=infectee_id, retracted_at=None).first()
        link = TransmissionLink(
            infector_id=infector_id,
            infectee_id=infectee_id,
            path=infectee.path,
            certainty=certainty,
            relation=relation[:80],
            setting=setting[:80],
            source=before.source if before else "",
            recorded_at=clock.now(),
            by_id=by.user_id,
        )
        if before is not None:
            if all(getattr(before, name) == getattr(link, name) for name in ("certainty", "relation", "setting")):
                return before
            TransmissionLink.objects.filter(pk=before.pk).update(retracted_at=clock.now())
            events.write([events.made("link.retracted", by, subject=("link", before.pk), path=before.path)])
        link.save(force_insert=True)
        events.write([_stated(link, by)])
    return link


def link_many(
    links: Sequence[NewLink], source: str, by: Actor, desk: str = ""
) -> list[Refusal | TransmissionLink | None]:
    """Write the links whose two cases are known; for each the link written, or the reason why it was not.

    A link that was already stated is success, and nothing is written: None. One transaction for all that are written.
    """
    if not links:
        return []
    numbers = {name for link in links for name in (link.infector, link.infectee)}
    cases = surveillance.case_in_source(source, numbers, by, desk)
    paths = dict(
        CaseVersion.objects.visible_to(by, "case.update")
        .filter(case__in=cases.values(), superseded_at=None)
        .values_list("case_id", "path")
    )
    stated = set(
        TransmissionLink.objects.filter(infectee__in=cases.values(), retracted_at=None).values_list(
            "infector_id", "infectee_id"
        )
    )
    results: list[Refusal | TransmissionLink | None] = []
    fresh: list[TransmissionLink] = []
    for link in links:
        infector, infectee = cases.get(link.infector), cases.get(link.infectee)
        if infector is None or infectee is None:
            absent = link.infector if infector is None else link.infectee
            results.append(
                refuse("link.case_unknown", "infector_id" if infector is None else "infectee_id", case=absent)
            )
            continue
        if infector.pk == infectee.pk:
            results.append(refuse("link.to_itself", "infectee_id"))
            continue
        if infectee.pk not in paths:
            results.append(refuse("kernel.not_found", "infectee_id"))
            continue
        if (infector.pk, infectee.pk) in stated:
            results.append(None)
            continue
        stated.add((infector.pk, infectee.pk))
        fresh.append(
            TransmissionLink(
                infector=infector,
                infectee=infectee,
                path=paths[infectee.pk],
                certainty=link.certainty[:12],
                relation=link.relation[:80],
                setting=link.setting[:80],
                source=source,
                recorded_at=clock.now(),
                by_id=by.user_id,
            )
        )
        results.append(fresh[-1])
    with transaction.atomic():
        TransmissionLink.objects.bulk_create(fresh, batch_size=500)
        events.write(_stated(link, by) for link in fresh)
    return results


def _stated(link: TransmissionLink, by: Actor) -> Event:
    details = {"infectee": str(link.infectee_id), "certainty": link.certainty}
    return events.made("link.stated", by, subject=("link", link.pk), path=link.path, details=details)


def retract(link_id: UUID, by: Actor) -> None:
    """Take a link back; it stays on record as retracted."""
    if not retract_many([link_id], by):
        raise Refused(refuse("kernel.not_found"))


def retract_many(link_ids: Collection[UUID], by: Actor) -> list[TransmissionLink]:
    """Take links back, those that still stand and that the actor may change. They stay on record as retracted."""
    with transaction.atomic():
        standing = TransmissionLink.objects.visible_to(by, "case.update").filter(pk__in=link_ids, retracted_at=None)
        links = list(standing.select_for_update(of=("self",)).order_by("id"))
        TransmissionLink.objects.filter(pk__in=[link.pk for link in links]).update(retracted_at=clock.now())
        events.write(events.made("link.retracted", by, subject=("link", link.pk), path=link.path) for link in links)
    return links


def restate_many(link_ids: Collection[UUID], by: Actor) -> dict[UUID, TransmissionLink]:
    """State retracted links anew, as entries of their own: {retracted: new}. One that stands again meanwhile is left."""
    with transaction.atomic():
        retracted = TransmissionLink.objects.visible_to(by, "case.update").filter(pk__in=link_ids)
        again: dict[UUID, TransmissionLink] = {}
        for link in retracted.exclude(retracted_at=None).order_by("id"):
            pair = TransmissionLink.objects.filter(
                infector=link.infector_id, infectee=link.infectee_id, retracted_at=None
            )
            if not pair.exists():
                again[link.pk] = link
        for link in again.values():
            link.pk, link.retracted_at, link.recorded_at, link.by_id = ids.new_id(), None, clock.now(), by.user_id
            link._state.adding = True
        TransmissionLink.objects.bulk_create(again.values(), batch_size=500)
        events.write(_stated(link, by) for link in again.values())
    return again
