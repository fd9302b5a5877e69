"""Reads of contacts, exposures, visits and links, each starting from what the reader may see, each as known at a moment."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from lianfang.definitions import selectors as definitions
from lianfang.definitions.editions import Edition
from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor, under
from lianfang.kernel.refusals import Refused, refuse
from lianfang.registry.models import Area, Person
from lianfang.registry.selectors import people_called, records_of
from lianfang.surveillance.models import Case, CaseVersion
from lianfang.surveillance.selectors import end_of, evidence_by_case
from lianfang.workorders.models import WorkOrder

from . import rules
from .models import Contact, ContactCall, Exposure, HandOver, Presence, PresenceList, TransmissionLink, Visit

PAGE = 50
CALLED = ("follow_contact", "visit_contact")


# --- of contacts ---------------------------------------------------------------------------------------------------


def contacts_visible_to(actor: Actor, permission: str = "contact.read") -> Any:
    """Contacts that the actor may see, as a query to go on from."""
    return Contact.objects.visible_to(actor, permission)


def records_of_contacts(contact_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """For each contact all contacts of the same person and disease: merging two records joins what was found of both."""
    rows = list(
        Contact.objects.filter(pk__in=list(contact_ids)).values_list(
            "pk", "person_id", "person__merged_into_id", "disease"
        )
    )
    roots = {merged or person for _, person, merged, _ in rows}
    siblings: dict[tuple[UUID, str], list[UUID]] = defaultdict(list)
    same = Contact.objects.filter(person__in=records_of(roots)).order_by("first_recorded_at", "id")
    for pk, person, merged, disease in same.values_list("pk", "person_id", "person__merged_into_id", "disease"):
        siblings[merged or person, disease].append(pk)
    return {pk: siblings[merged or person, disease] for pk, person, merged, disease in rows}


def records_of_contact(contact_id: UUID) -> list[UUID]:
    """All contacts of the same person and disease as one."""
    return records_of_contacts([contact_id]).get(contact_id, [])


def exposures_of(contact_ids: Collection[UUID], known_at: datetime | None = None) -> dict[UUID, list[Exposure]]:
    """The exposures of contacts that held at a moment (None: now), corrected ones replaced, taken-back ones left out.

    Exposures recorded under another record of the same person are among them. In the order of their days.
    """
    records = records_of_contacts(contact_ids)
    wanted = {pk for same in records.values() for pk in same}
    found: dict[UUID, list[Exposure]] = defaultdict(list)
    for exposure in (
        Exposure.objects.filter(contact__in=wanted).standing(known_at).select_related("case", "site", "by", "corrects")
    ):
        found[exposure.contact_id].append(exposure)

    def by_day(exposure: Exposure) -> tuple[date, UUID]:
        return exposure.last_on or exposure.first_on or date.min, exposure.pk

    return {pk: sorted((each for one in same for each in found[one]), key=by_day) for pk, same in records.items()}


def calls_of(contact_ids: Collection[UUID], known_at: datetime | None = None) -> dict[UUID, list[ContactCall]]:
    """The calls to contacts that held at a moment, the earliest first."""
    records = records_of_contacts(contact_ids)
    found: dict[UUID, list[ContactCall]] = defaultdict(list)
    wanted = {pk for same in records.values() for pk in same}
    for call in ContactCall.objects.filter(contact__in=wanted).standing(known_at).select_related("by", "corrects__by"):
        found[call.contact_id].append(call)

    def by_hour(call: ContactCall) -> tuple[datetime, UUID]:
        return call.called_at, call.pk

    return {pk: sorted((each for one in same for each in found[one]), key=by_hour) for pk, same in records.items()}


def calls_taken_back(contact_id: UUID, known_at: datetime | None = None) -> list[ContactCall]:
    """The calls to a contact that were taken back: the entries that did so, the latest first."""
    rows = ContactCall.objects.filter(contact__in=records_of_contact(contact_id), retracted=True).known_at(known_at)
    return list(rows.select_related("by").order_by("-recorded_at", "-id"))


def owed_until(contacts: Collection[Contact]) -> dict[UUID, date | None]:
    """The last day of observation that contacts owe by the exposures that stand now, each under its edition; None: none."""
    exposures = exposures_of([contact.pk for contact in contacts])
    return {contact.pk: _owed_until(contact.disease, exposures[contact.pk]) for contact in contacts}


def _owed_until(disease: str, exposures: Iterable[Exposure]) -> date | None:
    ends = []
    for exposure in exposures:
        held = definitions.edition(disease, exposure.edition)
        if rules.observed(held, exposure.category, exposure.protected) and held.observation_days is not None:
            last_on = exposure.last_on or clock.local_day(exposure.told_at)
            ends.append(last_on + timedelta(days=held.observation_days))
    return max(ends, default=None)


def is_case(version: CaseVersion) -> bool:
    """Whether a version of a case stands for an illness: counted, and of a class that is one."""
    held = definitions.edition(version.disease, version.edition).classes.get(version.classification)
    return version.counted and (held is None or held.counts_as != "none")


def cases_of(contacts: Collection[Contact], known_at: datetime | None = None) -> dict[UUID, list[CaseVersion]]:
    """The cases that contacts became, as known at a moment, by contact."""
    roots: dict[UUID, UUID] = {}
    people = Person.objects.filter(pk__in={contact.person_id for contact in contacts})
    for pk, merged in people.values_list("pk", "merged_into_id"):
        roots[pk] = merged or pk
    theirs = Q(case__person__in=records_of(roots.values()), counted=True)
    versions = CaseVersion.objects.known_at(known_at).filter(theirs).select_related("case__person")
    by_person: dict[tuple[UUID, str], list[CaseVersion]] = defaultdict(list)
    for version in versions.order_by("reported_on", "id"):
        if is_case(version):
            by_person[version.case.person.stands_under_id, version.disease].append(version)
    return {contact.pk: by_person[roots[contact.person_id], contact.disease] for contact in contacts}


def case_ids_of(person_id: UUID) -> list[UUID]:
    """The cases of a person, under whichever of its records."""
    return list(Case.objects.filter(person__in=records_of([person_id])).values_list("pk", flat=True))


def standings(contacts: Collection[Contact], known_at: datetime | None = None) -> dict[UUID, rules.Standing]:
    """Where contacts stand at a moment. A few queries for any number."""
    pks = [contact.pk for contact in contacts]
    exposures, calls, cases = exposures_of(pks, known_at), calls_of(pks, known_at), cases_of(contacts, known_at)
    return {pk: rules.standing(exposures[pk], calls[pk], bool(cases[pk])) for pk in pks}


def areas_at(contacts: Collection[Contact], known_at: datetime | None = None) -> dict[UUID, Area]:
    """Where contacts were followed at a moment: hand-overs accepted later are undone."""
    found = {contact.pk: contact.area for contact in contacts}
    if known_at is not None:
        later = HandOver.objects.filter(contact__in=list(found), status="accepted", answered_at__gt=known_at)
        for offer in later.select_related("from_area").order_by("-answered_at", "-id"):
            found[offer.contact_id] = offer.from_area
    return found


@dataclass(frozen=True)
class Line:
    """A contact as lists show it. The name is masked; who it is stands on its own page."""

    contact: Contact
    standing: rules.Standing
    exposures: list[Exposure]
    area: Area
    cases: list[CaseVersion] = field(default_factory=list)
    order: WorkOrder | None = None
    identity: bool = False  # whether the actor may open who it is

    @property
    def last_exposure(self) -> Exposure | None:
        """The latest exposure that stands."""
        return self.exposures[-1] if self.exposures else None

    @property
    def owes(self) -> bool:
        """Whether an exposure that stands asks for observation that is not yet over."""
        last = _owed_until(self.contact.disease, self.exposures)
        return last is not None and last >= clock.today()

    @property
    def rejudged(self) -> list[Exposure]:
        """Exposures judged anew since the contact was last called: somebody has to tell the person."""
        call = self.standing.last_call
        return [
            entry for entry in self.exposures if entry.rejudged and (call is None or entry.recorded_at > call.called_at)
        ]


def lines(actor: Actor, contacts: Sequence[Contact], known_at: datetime | None = None) -> list[Line]:
    """Contacts as lists show them, in the order given."""
    pks = [contact.pk for contact in contacts]
    exposures, calls = exposures_of(pks, known_at), calls_of(pks, known_at)
    cases, areas = cases_of(contacts, known_at), areas_at(contacts, known_at)
    return [
        Line(
            contact,
            rules.standing(exposures[contact.pk], calls[contact.pk], bool(cases[contact.pk])),
            exposures[contact.pk],
            areas[contact.pk],
            cases[contact.pk],
            None,
            _may_identify(actor, contact),
        )
        for contact in contacts
    ]


def _may_identify(actor: Actor, contact: Contact) -> bool:
    return actor.may_at("contact.identify", contact.path, contact.organisation_id) or bool(
        contact.offered_path and actor.may_at("contact.identify", contact.offered_path)
    )


def contact(actor: Actor, contact_id: UUID, permission: str = "contact.read") -> Contact:
    """One contact. Raises Refused when it is not there for this actor.

    Also seen, by its masked name, by those who may see a case that it was exposed to, wherever it is followed.
    """
    rows = Contact.objects.select_related("person__merged_into", "area", "by")
    found = rows.visible_to(actor, permission).filter(pk=contact_id).first()
    if found is None and permission == "contact.read":
        own = Exposure.objects.visible_to(actor).filter(
            contact__in=records_of_contacts([contact_id]).get(contact_id, [])
        )
        found = rows.filter(pk=contact_id).first() if own.exists() else None
    if found is None:
        raise Refused(refuse("kernel.not_found"))
    return found


IDENTITY = ("name", "id_number", "phone", "address", "parent_name", "sex", "birth_date")


def identity(actor: Actor, contact: Contact) -> dict[str, Any] | None:
    """Who a contact is, for those who may know; None for those who may not. Either look leaves its event.

    Must be called inside a transaction.
    """
    if not _may_identify(actor, contact):
        events.record("contact.opened", actor, subject=("contact", contact.pk), path=contact.path)
        return None
    events.record("contact.viewed", actor, subject=("contact", contact.pk), path=contact.path)
    return {"record": contact.person.stands_under_id, **told_of(contact.person)}


def told_of(person: Person) -> dict[str, Any]:
    """What is known of who a person is: the record that stands for it, and what only the other one says."""
    standing, own = person.stands_under, person
    return {name: getattr(standing, name) or getattr(own, name) for name in IDENTITY}


def contact_ids_of_case(case_id: UUID, known_at: datetime | None = None) -> QuerySet[Any]:
    """The contacts that a case exposed, by exposures that held at a moment."""
    return Exposure.objects.filter(case=case_id).standing(known_at).values_list("contact_id", flat=True).distinct()


def contacts_of_case(actor: Actor, case_id: UUID, known_at: datetime | None = None) -> list[Line]:
    """The contacts of a case, wherever they are followed, the latest exposed first: forward tracing.

    For those who may see contacts where the case lives; others see those of them that they may see anyway.
    """
    wanted = Contact.objects.filter(pk__in=contact_ids_of_case(case_id, known_at))
    seen = CaseVersion.objects.visible_to(actor, "contact.read").filter(case_id=case_id, superseded_at=None)
    if not seen.exists():
        wanted = wanted.visible_to(actor)
    found = lines(actor, list(wanted.select_related("person__merged_into", "area")), known_at)
    return sorted(found, key=lambda line: (_last_day(line), line.contact.pk), reverse=True)


def _last_day(line: Line) -> date:
    last = line.last_exposure
    return (last and (last.last_on or last.first_on)) or date.min


@dataclass(frozen=True)
class ContactFilter:
    """What a list of contacts is narrowed to."""

    path: str = ""
    disease: str = ""
    known_on: date | None = None


def contact_page(
    actor: Actor, wanted: ContactFilter, after: tuple[date, UUID] | None = None, permission: str = "contact.read"
) -> tuple[list[Contact], tuple[date, UUID] | None]:
    """One page of contacts, the latest entered first, and the place where the next begins, or None."""
    rows = Contact.objects.visible_to(actor, permission)
    if wanted.path:
        rows = rows.filter(under("path", wanted.path))
    if wanted.disease:
        rows = rows.filter(disease=wanted.disease)
    if (moment := end_of(wanted.known_on)) is not None:
        rows = rows.filter(first_recorded_at__lte=moment)
    if after:
        day, pk = after
        rows = rows.filter(first_recorded_at__lt=clock.start_of(day + timedelta(days=1)), pk__lt=pk)
    page = Contact.objects.filter(pk__in=rows.order_by("-id").values("pk")[: PAGE + 1])
    found = list(page.select_related("person__merged_into", "area").order_by("-id"))
    more = found[PAGE - 1] if len(found) > PAGE else None
    return found[:PAGE], (clock.local_day(more.first_recorded_at), more.pk) if more else None


def search(actor: Actor, text: str) -> list[Contact]:
    """Contacts by number, or exactly by name, ID number or telephone, among those the actor may see. Leaves an event."""
    found = Q(number=text.upper())
    people = people_called(actor, text) if actor.may("contact.identify") else []
    if people:
        found |= Q(person__in=people)
    rows = Contact.objects.visible_to(actor, "contact.identify" if people else "contact.read").filter(found)
    shown = list(rows.select_related("person__merged_into", "area").order_by("-id")[:PAGE])
    details = {"by": "identity" if people else "number", "found": [str(contact.pk) for contact in shown]}
    events.record("contact.searched", actor, details=details)
    return shown


# --- whom to call --------------------------------------------------------------------------------------------------


def to_call(actor: Actor, path: str = "", day: date | None = None) -> QuerySet[WorkOrder]:
    """The orders to speak to a contact that are due by the end of a day (None: today), the most urgent first."""
    until = end_of(day or clock.today())
    rows: Any = WorkOrder.objects.visible_to(actor, "contact.read")
    rows = rows.filter(kind__in=CALLED, closed_at=None, raised_at__lte=until)
    if path:
        rows = rows.filter(under("path", path))
    return rows.order_by("due_at", "id")


def call_list(actor: Actor, path: str = "", day: date | None = None, offset: int = 0) -> list[Line]:
    """One page of the contacts to call, each with its order and how often it was tried."""
    orders = list(to_call(actor, path, day)[offset : offset + PAGE])
    contacts = {
        entry.pk: entry
        for entry in Contact.objects.filter(pk__in=[order.subject_id for order in orders]).select_related(
            "person__merged_into", "area"
        )
    }
    shown = {line.contact.pk: line for line in lines(actor, list(contacts.values()))}
    return [
        Line(each.contact, each.standing, each.exposures, each.area, each.cases, order, each.identity)
        for order in orders
        if (each := shown.get(order.subject_id)) is not None
    ]


def offers(actor: Actor) -> dict[str, list[HandOver]]:
    """Hand-overs that wait for an answer: those offered to the actor's areas, and those given from them."""
    waiting = HandOver.objects.visible_to(actor).filter(answered_at=None)
    rows = waiting.select_related("contact__person__merged_into", "contact__area", "from_area", "to_area", "asked_by")
    found: dict[str, list[HandOver]] = {"to_us": [], "from_us": []}
    for offer in rows.order_by("asked_at", "id")[:200]:
        found["to_us" if actor.may_at("contact.read", offer.to_path) else "from_us"].append(offer)
    return found


def hand_overs_of(contact_id: UUID, known_at: datetime | None = None) -> list[HandOver]:
    """The hand-overs of a contact, the earliest first."""
    rows = HandOver.objects.filter(contact=contact_id).select_related("from_area", "to_area", "asked_by", "answered_by")
    return list((rows.filter(asked_at__lte=known_at) if known_at else rows).order_by("asked_at", "id"))


# --- of cases ------------------------------------------------------------------------------------------------------


def illness_of(versions: Iterable[CaseVersion], known_at: datetime | None = None) -> dict[UUID, rules.Illness]:
    """What tracing needs to know of cases, as known at a moment: onset, first positive sample, whether without symptoms."""
    versions = list(versions)
    evidence = evidence_by_case([version.case_id for version in versions], known_at)
    found = {}
    for version in versions:
        known = evidence[version.case_id]
        samples = [lab.sampled_on or lab.resulted_on for lab in known.labs if lab.result == "positive"]
        sampled = min((day for day in samples if day), default=None)
        asymptomatic = bool(known.asymptomatic) or version.classification == "asymptomatic"
        found[version.case_id] = rules.Illness(version.onset_on, sampled, asymptomatic)
    return found


@dataclass(frozen=True)
class Window:
    """From when on being with a case counts, by the edition of a day."""

    edition: Edition
    illness: rules.Illness
    begins_on: date | None


def window_of(version: CaseVersion, day: date | None = None, known_at: datetime | None = None) -> Window:
    """The contact window of a case by the edition in force on a day (None: today)."""
    edition = definitions.edition_on(version.disease, day or clock.today())
    illness = illness_of([version], known_at)[version.case_id]
    return Window(edition, illness, rules.window_start(edition, illness))


@dataclass(frozen=True)
class Unasked:
    """Days that fall into the contact window of a case only since its contacts were asked for; ``first`` None: all before."""

    first: date | None
    last: date


def unasked_days(version: CaseVersion, known_at: datetime | None = None) -> Unasked | None:
    """The days of a case's window that nobody asked about, because its onset or sampling was told differently then.

    Asked was by what was known when the contacts were last said to be listed or, as long as they never were, when their
    tracing opened. A new edition alone asks for no case anew.
    """
    orders = WorkOrder.objects.filter(subject_id=version.case_id, kind="trace_contacts").order_by("raised_at")
    raised = [order for order in orders if known_at is None or order.raised_at <= known_at]
    done = [order.closed_at for order in raised if order.status == "done" and order.closed_at]
    asked_at = max([moment for moment in done if known_at is None or moment <= known_at], default=None)
    if asked_at is None and raised:
        asked_at = raised[0].raised_at
    if asked_at is None:
        return None
    then = CaseVersion.objects.known_at(asked_at).filter(case=version.case_id).first()
    if then is None:
        return None
    asked = window_of(then, clock.local_day(asked_at), asked_at)
    now = window_of(version, clock.local_day(known_at) if known_at else None, known_at)
    if now.illness == asked.illness or not rules.earlier(now.begins_on, asked.begins_on):
        return None
    assert asked.begins_on is not None
    return Unasked(now.begins_on, asked.begins_on - timedelta(days=1))


def case_numbered(actor: Actor, number: str, disease: str) -> UUID:
    """The case of a short number and a disease, among those that the actor may see. Raises Refused."""
    number = number.strip().upper()
    seen = CaseVersion.objects.visible_to(actor).filter(superseded_at=None, disease=disease, case__number=number)
    version = seen.first() if number else None
    if version is None:
        raise Refused(refuse("exposure.no_such_case", "case", number=number[:20]))
    return version.case_id


def visits_of(case_id: UUID, known_at: datetime | None = None) -> list[Visit]:
    """Where a case was, by entries that held at a moment, the earliest first."""
    rows = Visit.objects.filter(case=case_id).standing(known_at).select_related("site", "by")
    return sorted(rows, key=lambda visit: (visit.from_at, visit.pk))


@dataclass(frozen=True)
class Found:
    """Somebody on a presence list who was where a case was."""

    presence: Presence
    listed: PresenceList
    visit: Visit
    together: timedelta
    near: bool  # by the seat rule of the edition, or because there is none

    @property
    def minutes(self) -> int:
        """How long they were together."""
        return int(self.together.total_seconds() // 60)

    @property
    def on(self) -> date:
        """The day on which they began to be together."""
        return clock.local_day(max(self.visit.from_at, self.presence.from_at or self.listed.from_at))


def found_by_place(actor: Actor, version: CaseVersion, *, include_far: bool = False) -> list[Found]:
    """Who was at one place with a case at one time within its contact window, by the lists that the actor may see.

    Where the edition states a rule on seats for the vehicle only those near enough are found, unless ``include_far``.
    """
    window = window_of(version)
    begins = clock.start_of(window.begins_on) if window.begins_on else None
    visits = [
        visit
        for visit in visits_of(version.case_id)
        if visit.site_id and not visit.protected and (begins is None or visit.until_at >= begins)
    ]
    if not visits:
        return []
    first, last = min(visit.from_at for visit in visits), max(visit.until_at for visit in visits)
    lists = PresenceList.objects.visible_to(actor).filter(
        site__in={visit.site_id for visit in visits}, from_at__lte=last, until_at__gte=first
    )
    by_site: dict[UUID, list[Visit]] = defaultdict(list)
    for visit in visits:
        assert visit.site_id is not None
        by_site[visit.site_id].append(visit)
    found: list[Found] = []
    for line in Presence.objects.filter(list__in=lists).select_related("list__site", "contact").order_by("list", "id"):
        listed = line.list
        there = rules.Place(
            line.from_at or listed.from_at, line.until_at or listed.until_at, line.compartment, line.row
        )
        for visit in by_site[listed.site_id]:
            came = max(visit.from_at, begins) if begins else visit.from_at
            case = rules.Place(came, visit.until_at, visit.compartment, visit.row)
            together = rules.shared(case, there)
            if together is None:
                continue
            rule = window.edition.seat_rules.get(listed.vehicle or visit.vehicle)
            near = rules.near(case, there, rule)
            if near or include_far:
                found.append(Found(line, listed, visit, together, near))
    return found


@dataclass(frozen=True)
class SharedPlace:
    """A site where two cases were at one time."""

    mine: Visit
    theirs: Visit
    other: CaseVersion
    together: timedelta


def shared_places(actor: Actor, version: CaseVersion, known_at: datetime | None = None) -> list[SharedPlace]:
    """Other cases that the actor may see and that were where this one was, at the same time."""
    mine = [visit for visit in visits_of(version.case_id, known_at) if visit.site_id]
    if not mine:
        return []
    rows = Visit.objects.filter(site__in={visit.site_id for visit in mine}).exclude(case=version.case_id)
    theirs = list(rows.standing(known_at).select_related("site"))
    others = {
        other.case_id: other
        for other in CaseVersion.objects.visible_to(actor)
        .known_at(known_at)
        .filter(case__in={visit.case_id for visit in theirs}, disease=version.disease, counted=True)
        .select_related("case__person__merged_into", "area")
    }
    found = []
    for one in mine:
        here = rules.Place(one.from_at, one.until_at)
        for other in theirs:
            if other.site_id != one.site_id or other.case_id not in others:
                continue
            together = rules.shared(here, rules.Place(other.from_at, other.until_at))
            if together is not None:
                found.append(SharedPlace(one, other, others[other.case_id], together))
    return found


# --- links and chains ----------------------------------------------------------------------------------------------


def links(
    actor: Actor, known_at: datetime | None = None, *, excluded: bool = False, permission: str = "link.read"
) -> QuerySet[TransmissionLink]:
    """The links that the actor may see and that held at a moment; those ruled out only when asked for."""
    rows = TransmissionLink.objects.visible_to(actor, permission).standing(known_at)
    return rows if excluded else rows.exclude(certainty="excluded")


@dataclass(frozen=True)
class Told:
    """One possible transmission as a list shows it: the other case and what speaks for it."""

    version: CaseVersion
    link: TransmissionLink | None
    exposures: list[Exposure]
    places: list[SharedPlace]


def backward(actor: Actor, version: CaseVersion, known_at: datetime | None = None) -> list[Told]:
    """From whom a case may have been infected: links stated, exposures as a contact, places shared before its onset."""
    links_by = {
        link.infector_id: link
        for link in TransmissionLink.objects.filter(infectee=version.case_id).standing(known_at).select_related("by")
    }
    people = records_of([version.case.person_id])
    own = Contact.objects.filter(person__in=people, disease=version.disease).values_list("pk", flat=True)
    by_case: dict[UUID, list[Exposure]] = defaultdict(list)
    for exposure in Exposure.objects.filter(contact__in=list(own)).standing(known_at).select_related("site"):
        by_case[exposure.case_id].append(exposure)
    places: dict[UUID, list[SharedPlace]] = defaultdict(list)
    for place in shared_places(actor, version, known_at):
        before = version.onset_on is None or clock.local_day(place.mine.from_at) <= version.onset_on
        if before:
            places[place.other.case_id].append(place)
    return _told(actor, links_by, by_case, places, known_at)


def forward(actor: Actor, version: CaseVersion, known_at: datetime | None = None) -> list[Told]:
    """Whom a case may have infected: links stated, contacts that became cases, places shared since its window began."""
    links_by = {
        link.infectee_id: link
        for link in TransmissionLink.objects.filter(infector=version.case_id).standing(known_at).select_related("by")
    }
    exposures = list(Exposure.objects.filter(case=version.case_id).standing(known_at).select_related("site"))
    contacts = list(Contact.objects.filter(pk__in={exposure.contact_id for exposure in exposures}))
    became = cases_of(contacts, known_at)
    by_case: dict[UUID, list[Exposure]] = defaultdict(list)
    for exposure in exposures:
        for other in became[exposure.contact_id]:
            by_case[other.case_id].append(exposure)
    begins = window_of(version, known_at=known_at).begins_on
    places: dict[UUID, list[SharedPlace]] = defaultdict(list)
    for place in shared_places(actor, version, known_at):
        if begins is None or clock.local_day(place.mine.until_at) >= begins:
            places[place.other.case_id].append(place)
    return _told(actor, links_by, by_case, places, known_at)


def _told(
    actor: Actor,
    links_by: Mapping[UUID, TransmissionLink],
    by_case: Mapping[UUID, list[Exposure]],
    places: Mapping[UUID, list[SharedPlace]],
    known_at: datetime | None,
) -> list[Told]:
    wanted = {*links_by, *by_case, *places}
    versions = (
        CaseVersion.objects.visible_to(actor)
        .known_at(known_at)
        .filter(case__in=wanted)
        .select_related("case__person__merged_into", "area")
    )
    found = [
        Told(version, links_by.get(version.case_id), by_case.get(version.case_id, []), places.get(version.case_id, []))
        for version in versions
    ]
    return sorted(found, key=lambda each: (each.link is None, each.version.onset_on or date.max, each.version.case_id))


# --- counts --------------------------------------------------------------------------------------------------------


def counted(actor: Actor, path: str, known_at: datetime | None = None, disease: str = "") -> dict[str, int]:
    """How many contacts of an area stand where, as known at a moment: {standing: count}. Counts of people, not of records."""
    rows = Contact.objects.visible_to(actor).filter(under("path", path)) if path else Contact.objects.visible_to(actor)
    if disease:
        rows = rows.filter(disease=disease)
    if known_at:
        rows = rows.filter(first_recorded_at__lte=known_at)
    found: dict[str, int] = defaultdict(int)
    seen: set[tuple[UUID, str]] = set()
    batch: list[Contact] = []

    def count() -> None:
        for contact, standing in zip(batch, standings(batch, known_at).values(), strict=True):
            person = contact.person.stands_under_id, contact.disease
            if person not in seen:
                seen.add(person)
                found[standing.code] += 1
        batch.clear()

    for entry in rows.select_related("person", "area").order_by("id").iterator(chunk_size=1000):
        batch.append(entry)
        if len(batch) == 1000:
            count()
    if batch:
        count()
    return dict(found)
