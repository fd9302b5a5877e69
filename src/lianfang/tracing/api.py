"""Contacts, exposures, calls and visits over HTTP. Parses, calls a service, presents."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from lianfang.kernel import clock, events, ids
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.views import needs
from lianfang.registry.models import Area
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import selectors as surveillance

from . import selectors, services
from .models import Exposure, Visit

router = Router(tags=["contacts"])
visits = Router(tags=["visits"])


class WhoIn(Schema):
    name: str = Field("", max_length=80)
    id_number: str = Field("", max_length=40)
    phone: str = Field("", max_length=40)
    address: str = Field("", max_length=200)
    sex: str = Field("U", pattern="^[MFU]$")
    birth_date: date | None = None


class ExposureIn(Schema):
    """One exposure to a case; ``corrects`` names the entry it replaces."""

    id: UUID | None = None
    case_id: UUID
    kind: str = Field("other", max_length=30)
    first_on: date | None = None
    last_on: date | None = None
    category: str = Field("", max_length=30, description="empty: as the edition of the day has it")
    relation: str = Field("", max_length=30)
    protected: bool = False
    distance: float | None = Field(None, description="metres")
    site_id: UUID | None = None
    place: str = Field("", max_length=200)
    note: str = Field("", max_length=500)

    def told(self) -> services.ExposureTold:
        given = self.dict(exclude={"id", "corrects"})
        return services.ExposureTold(**given, id=self.id or ids.new_id())


class ExposureToAdd(ExposureIn):
    corrects: UUID | None = None


class ContactIn(Schema):
    """A person and the exposure that makes them a contact. Ids are made by the sender, so sending again is harmless."""

    id: UUID | None = None
    area_code: str = Field(max_length=20, description="where the contact stays")
    person: WhoIn
    exposure: ExposureIn
    same_person_as: UUID | None = None


class CallIn(Schema):
    id: UUID | None = None
    outcome: str = Field(max_length=20)
    called_at: datetime | None = None
    temperature: Decimal | None = None
    symptoms: list[str] = Field(default_factory=list, max_length=60)
    call_again_on: date | None = None
    note: str = Field("", max_length=500)
    corrects: UUID | None = None
    reason: str = Field("", max_length=200, description="of a correction: why the earlier entry was wrong")


class RetractIn(Schema):
    reason: str = Field(max_length=200)


class VisitIn(Schema):
    """Where a case was, by a site or in words; ``corrects`` names the entry it replaces."""

    id: UUID | None = None
    case_id: UUID
    from_at: datetime
    until_at: datetime
    site_id: UUID | None = None
    place: str = Field("", max_length=200)
    vehicle: str = Field("", max_length=20)
    compartment: str = Field("", max_length=20)
    row: int | None = Field(None, ge=1, le=200)
    protected: bool = False
    note: str = Field("", max_length=500)
    corrects: UUID | None = None


class ExposureOut(Schema):
    id: UUID
    case_id: UUID
    kind: str
    relation: str
    first_on: date | None
    last_on: date | None
    category: str
    judged: bool
    edition: str
    window_from: date | None = Field(description="from which day contact with the case counted when this was judged")
    rejudged: bool = Field(description="in the place of another entry, of which only the judgement is new")
    protected: bool
    distance: float | None
    site_id: UUID | None
    recorded_at: datetime
    corrects: UUID | None


class ContactOut(Schema):
    """A contact as a list shows it: nobody's name in full."""

    id: UUID
    number: str
    disease: str
    area_code: str
    area: str
    masked_name: str
    standing: str
    attempts: int
    offered: bool
    first_recorded_at: datetime
    exposures: list[ExposureOut]
    cases: list[UUID]


class ContactPage(Schema):
    contacts: list[ContactOut]
    next: str | None


def _exposure(entry: Exposure) -> dict[str, Any]:
    names = [name for name in ExposureOut.model_fields if name != "corrects"]
    return {**{name: getattr(entry, name) for name in names}, "corrects": entry.corrects_id}


def _shown(line: selectors.Line) -> dict[str, Any]:
    contact = line.contact
    return {
        "id": contact.pk,
        "number": contact.number,
        "disease": contact.disease,
        "area_code": line.area.code,
        "area": line.area.name,
        "masked_name": contact.person.stands_under.masked_name or contact.person.masked_name,
        "standing": line.standing.code,
        "attempts": line.standing.attempts,
        "offered": bool(contact.offered_path),
        "first_recorded_at": contact.first_recorded_at,
        "exposures": [_exposure(entry) for entry in line.exposures],
        "cases": [version.case_id for version in line.cases],
    }


def _one(actor: Any, contact_id: UUID, known_on: date | None = None) -> dict[str, Any]:
    contact = selectors.contact(actor, contact_id)
    moment = surveillance.end_of(known_on)
    if moment is not None and contact.first_recorded_at > moment:
        raise Refused(refuse("kernel.not_found"))
    return _shown(selectors.lines(actor, [contact], moment)[0])


@router.post("", response={201: ContactOut})
@needs("contact.trace")
def add(request: HttpRequest, body: ContactIn) -> Any:
    """Enter a contact with its exposure. Somebody followed already gets the exposure added."""
    actor = request.actor  # type: ignore[attr-defined]
    area = Area.objects.valid_on(clock.today()).filter(code=body.area_code).select_related("parent").first()
    if area is None:
        raise Refused(refuse("case.unknown_area", "area_code", code=body.area_code))
    entry = services.NewContact(
        PersonDetails(area=area, **body.person.dict()),
        body.exposure.told(),
        area,
        same_person_as=body.same_person_as,
        id=body.id or ids.new_id(),
    )
    return Status(201, _one(actor, services.add_contact(entry, actor).contact.pk))


@router.get("", response=ContactPage)
@needs("contact.read")
def list_contacts(
    request: HttpRequest, area: str = "", disease: str = "", known_on: date | None = None, after: str = ""
) -> Any:
    """Contacts that the caller may see, latest entered first, 50 at a time; ``next`` goes into ``after``."""
    actor = request.actor  # type: ignore[attr-defined]
    place = Area.objects.filter(code=area).order_by("-valid_from").first() if area else None
    if area and place is None:
        raise Refused(refuse("case.unknown_area", "area", code=area))
    wanted = selectors.ContactFilter(place.path if place else "", disease, known_on)
    found, more = selectors.contact_page(actor, wanted, surveillance.read_place(after))
    with transaction.atomic():
        events.record("contact.listed", actor, path=wanted.path, details={"rows": len(found), "names": "masked"})
    shown = selectors.lines(actor, found, surveillance.end_of(known_on))
    return {"contacts": [_shown(line) for line in shown], "next": surveillance.write_place(more)}


@router.get("/{uuid:contact_id}")
@needs("contact.read")
def open_contact(request: HttpRequest, contact_id: UUID, known_on: date | None = None) -> Any:
    """One contact with its exposures and calls; who it is only for those who may know, and each such look is recorded."""
    actor = request.actor  # type: ignore[attr-defined]
    contact = selectors.contact(actor, contact_id)
    shown = _one(actor, contact_id, known_on)
    with transaction.atomic():
        identity = selectors.identity(actor, contact)
    calls = selectors.calls_of([contact_id], surveillance.end_of(known_on))[contact_id]
    names = ("id", "outcome", "called_at", "temperature", "symptoms", "call_again_on", "recorded_at")
    return {
        **shown,
        "identity": identity,
        "calls": [{**{name: getattr(call, name) for name in names}, "corrects": call.corrects_id} for call in calls],
    }


@router.post("/{uuid:contact_id}/exposures", response={201: ContactOut})
@needs("contact.trace")
def expose(request: HttpRequest, contact_id: UUID, body: ExposureToAdd) -> Any:
    """Add an exposure, or put one in the place of another."""
    actor = request.actor  # type: ignore[attr-defined]
    if body.corrects is not None:
        _of_contact(actor, contact_id, body.corrects)
        services.correct_exposure(body.corrects, body.told(), actor)
    else:
        services.add_exposure(contact_id, body.told(), actor)
    return Status(201, _one(actor, contact_id))


def _of_contact(actor: Any, contact_id: UUID, exposure_id: UUID) -> None:
    selectors.contact(actor, contact_id, "contact.trace")
    if exposure_id not in {entry.pk for entry in selectors.exposures_of([contact_id])[contact_id]}:
        raise Refused(refuse("exposure.corrected_before", "corrects"))


@router.post("/exposures/{uuid:exposure_id}/retract", response={201: ContactOut})
@needs("contact.trace")
def retract(request: HttpRequest, exposure_id: UUID) -> Any:
    """Take an exposure back; it stays on record."""
    actor = request.actor  # type: ignore[attr-defined]
    return Status(201, _one(actor, services.retract_exposure(exposure_id, actor).contact_id))


@router.post("/{uuid:contact_id}/calls", response={201: ContactOut})
@needs("contact.trace")
def call(request: HttpRequest, contact_id: UUID, body: CallIn) -> Any:
    """Record what came of a call."""
    actor = request.actor  # type: ignore[attr-defined]
    given = body.dict(exclude={"id", "corrects"})
    services.record_call(
        contact_id, services.CallTold(**given, id=body.id or ids.new_id()), actor, corrects=body.corrects
    )
    return Status(201, _one(actor, contact_id))


@router.post("/calls/{uuid:call_id}/retract", response={201: ContactOut})
@needs("contact.trace")
def retract_call(request: HttpRequest, call_id: UUID, body: RetractIn) -> Any:
    """Take a call back that was never made; it stays on record with the reason."""
    actor = request.actor  # type: ignore[attr-defined]
    return Status(201, _one(actor, services.retract_call(call_id, body.reason, actor).contact_id))


def _visit(visit: Visit, *, in_full: bool) -> dict[str, Any]:
    names = (
        "id",
        "case_id",
        "site_id",
        "from_at",
        "until_at",
        "vehicle",
        "compartment",
        "row",
        "protected",
        "recorded_at",
    )
    shown = {name: getattr(visit, name) for name in names}
    return {**shown, "corrects": visit.corrects_id, "place": visit.place if in_full else ""}


@visits.post("", response={201: dict[str, Any]})
@needs("contact.trace")
def record_visit(request: HttpRequest, body: VisitIn) -> Any:
    """Record where a case was."""
    given = body.dict(exclude={"id", "case_id", "corrects"})
    told = services.VisitTold(**given, id=body.id or ids.new_id())
    visit = services.record_visit(body.case_id, told, request.actor, corrects=body.corrects)  # type: ignore[attr-defined]
    return Status(201, _visit(visit, in_full=True))


@visits.get("", response=list[dict[str, Any]])
@needs("contact.read")
def list_visits(request: HttpRequest, case_id: UUID, known_on: date | None = None) -> Any:
    """Where a case was; places in words only for those who may know who the case is."""
    actor = request.actor  # type: ignore[attr-defined]
    version = surveillance.case(actor, case_id, known_on=known_on, permission="contact.read")
    with transaction.atomic():
        events.record("case.opened", actor, subject=("case", case_id), path=version.path, details={"what": "visits"})
    full = actor.may_at("case.identify", version.path)
    return [_visit(visit, in_full=full) for visit in selectors.visits_of(case_id, surveillance.end_of(known_on))]
