"""Stays, check-ins and needs over HTTP, for a site's own system and the field app. Parses, calls a service, presents."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from lianfang.kernel import ids
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.views import needs
from lianfang.registry.models import Area, Organisation
from lianfang.registry.services import PersonDetails

from . import selectors, services
from .models import Stay

router = Router(tags=["stays"])
PAGE = 50


class PersonIn(Schema):
    name: str = Field("", max_length=80)
    id_number: str = Field("", max_length=40)
    phone: str = Field("", max_length=40)
    address: str = Field("", max_length=200)
    sex: str = Field("U", pattern="^[MFU]$")
    birth_date: date | None = None


class StayIn(Schema):
    """The decision that somebody is observed. ``id`` is made by the sender, so that sending again is harmless."""

    id: UUID | None = None
    person_id: UUID | None = Field(None, description="a person already known; else the person below")
    person: PersonIn | None = None
    home_area_code: str = Field("", max_length=20, description="where the person lives")
    disease: str = Field(max_length=40)
    grounds: str = Field("contact", max_length=20)
    site_id: UUID | None = Field(None, description="the isolation site; empty: at home")
    last_exposure_on: date | None = None
    notice: str = Field("", max_length=60)


class HospitalIn(Schema):
    hospital_id: UUID = Field(description="a hospital or clinic that receives patients")


class CheckInIn(Schema):
    """A check-in. The same id with the same content again is success, with other content a conflict."""

    id: UUID
    observed_at: datetime
    temperature: float | None = Field(None, description="°C")
    symptoms: list[str] = Field(default_factory=list, max_length=40)
    words: str = Field("", max_length=500)
    told_by: str = Field("coordinator", max_length=12)
    corrects: UUID | None = None
    retracted: bool = False
    hospital_id: UUID | None = Field(
        None, description="which of several designated hospitals receives, if it is alarming"
    )


class StayCheckInIn(CheckInIn):
    stay_id: UUID


class EntryIn(Schema):
    """Something that happened: arrival, move, lost, found, notice or exposure, or a correction of one."""

    id: UUID | None = None
    kind: str = Field(max_length=10)
    happened_at: datetime | None = None
    site_id: UUID | None = None
    room_id: UUID | None = None
    last_on: date | None = None
    owes: bool = True
    notice: str = Field("", max_length=60)
    words: str = Field("", max_length=500)
    corrects: UUID | None = None
    retracted: bool = False


class NeedIn(Schema):
    id: UUID
    kind: str = Field(max_length=20)
    words: str = Field("", max_length=500)
    told_by: str = Field("coordinator", max_length=12)


class EndIn(Schema):
    """The end of a stay: "completed" releases, any other reason of the vocabulary ends early."""

    reason: str = Field("completed", max_length=30)
    words: str = Field("", max_length=500)


class StayOut(Schema):
    """A stay as a list shows it: nobody's name in full."""

    id: UUID
    masked_name: str
    disease: str
    status: str
    grounds: str
    reason: str
    path: str
    site_id: UUID | None
    room: str
    began_at: datetime | None
    release_on: date | None
    ended_at: datetime | None
    last_check_at: datetime | None
    next_due_at: datetime | None
    alarmed_at: datetime | None
    case_id: UUID | None


class StayPage(Schema):
    stays: list[StayOut]
    next: int | None


class CheckedOut(Schema):
    """What became of a check-in: what in it is alarming, and the case notified because of it."""

    id: UUID
    fever: float | None
    listed_symptoms: list[str]
    case_id: UUID | None


def _actor(request: HttpRequest) -> Any:
    return request.actor  # type: ignore[attr-defined]


def _shown(stay: Stay) -> dict[str, Any]:
    own = {name: getattr(stay, name) for name in StayOut.model_fields if name not in ("masked_name", "room")}
    return {**own, "masked_name": stay.person.stands_under.masked_name, "room": stay.room.name if stay.room else ""}


def _read(request: HttpRequest, stay_id: UUID) -> dict[str, Any]:
    return _shown(selectors.stay(_actor(request), stay_id))


@router.get("", response=StayPage)
@needs("stay.read")
def list_stays(
    request: HttpRequest, area: str = "", site_id: UUID | None = None, status: str = "", missing: bool = False, page: int = 0
) -> Any:  # fmt: skip
    """Stays that the caller may see, open ones unless a status (or "all") is given; ``missing``: a check-in did not come."""
    actor = _actor(request)
    place = Area.objects.filter(code=area).order_by("-valid_from").first() if area else None
    if area and place is None:
        raise Refused(refuse("case.unknown_area", "area", code=area))
    path = place.path if place else ""
    rows = selectors.missing(actor, path) if missing else selectors.stays(actor, selectors.StayFilter(path, site_id, status=status))  # fmt: skip
    found = list(rows[page * PAGE : (page + 1) * PAGE + 1])
    with transaction.atomic():
        selectors.note_list(actor, len(found[:PAGE]), path)
    return {"stays": [_shown(stay) for stay in found[:PAGE]], "next": page + 1 if len(found) > PAGE else None}


@router.post("", response={201: StayOut})
@needs("stay.manage")
def order_stay(request: HttpRequest, body: StayIn) -> Any:
    """Order observation."""
    home = (
        Area.objects.filter(code=body.home_area_code).order_by("-valid_from").first() if body.home_area_code else None
    )
    if body.home_area_code and home is None:
        raise Refused(refuse("case.unknown_area", "home_area_code", code=body.home_area_code))
    if (body.person_id is None) == (body.person is None):
        raise Refused(refuse("stay.person_missing", "person"))
    person = body.person_id or PersonDetails(area=home, **(body.person.dict() if body.person else {}))
    exposures = (services.NewExposure(body.last_exposure_on),) if body.last_exposure_on else ()
    stay = services.open_stay(
        services.NewStay(
            person, body.disease, body.grounds, home, body.site_id, exposures, body.notice, id=body.id or ids.new_id()
        ),
        _actor(request),
    )
    return Status(201, _read(request, stay.pk))


@router.get("/{uuid:stay_id}")
@needs("stay.read")
def open_one(request: HttpRequest, stay_id: UUID) -> Any:
    """One stay with its entries and check-ins; who it is only for those who may know, and each such look is recorded."""
    actor = _actor(request)
    stay = selectors.stay(actor, stay_id)
    with transaction.atomic():
        identity = selectors.identity(actor, stay)
    found = selectors.history(stay)
    return {
        **_shown(stay),
        "identity": identity,
        "extensions": [vars(extension) for extension in found.standing.extensions],
        "missed": found.missed,
        "entries": [
            {"id": row.pk, "kind": row.kind, "happened_at": row.happened_at, "recorded_at": row.recorded_at,
             "last_on": row.last_on, "owes": row.owes, "edition": row.edition, "reason": row.reason,
             "corrects": row.corrects_id, "retracted": row.retracted, "holds": row.pk not in found.replaced}
            for row in found.entries
        ],
        "checkins": [
            {"id": row.pk, "observed_at": row.observed_at, "recorded_at": row.recorded_at, "told_by": row.told_by,
             "temperature": row.temperature, "symptoms": row.symptoms, "corrects": row.corrects_id,
             "retracted": row.retracted, "holds": row.pk not in found.replaced}
            for row in found.checkins
        ],
    }  # fmt: skip


@router.post("/{uuid:stay_id}/entries", response={201: StayOut})
@needs("stay.manage")
def enter(request: HttpRequest, stay_id: UUID, body: EntryIn) -> Any:
    """Enter something that happened to a stay."""
    given = body.dict(exclude={"id"})
    if body.kind != "exposure":
        given["owes"] = False
    services.enter(services.NewEntry(stay_id, **given, id=body.id or ids.new_id()), _actor(request))
    return Status(201, _read(request, stay_id))


def _new_check(stay_id: UUID, body: CheckInIn) -> services.NewCheck:
    given = body.dict(exclude={"symptoms", "stay_id"})
    return services.NewCheck(stay_id, symptoms=tuple(body.symptoms), **given)


def _became(checked: services.Checked) -> dict[str, Any]:
    alarm = checked.alarm
    return {
        "id": checked.checkin.pk,
        "fever": alarm.fever if alarm else None,
        "listed_symptoms": list(alarm.symptoms) if alarm else [],
        "case_id": checked.case.pk if checked.case else None,
    }


@router.post("/{uuid:stay_id}/checkins", response={201: CheckedOut})
@needs("checkin.record")
def check_in(request: HttpRequest, stay_id: UUID, body: CheckInIn) -> Any:
    """Record a check-in; fever or a listed symptom is reported at once."""
    return Status(201, _became(services.check_in(_new_check(stay_id, body), _actor(request))))


@router.post("/checkins", response={201: list[CheckedOut]})
@needs("checkin.record")
def check_in_many(request: HttpRequest, body: list[StayCheckInIn]) -> Any:
    """Record check-ins of a whole site or a walk, at most 500, all or none."""
    if len(body) > services.MOST_AT_ONCE:
        raise Refused(refuse("checkin.too_many", most=services.MOST_AT_ONCE))
    new = [_new_check(each.stay_id, each) for each in body]
    return Status(201, [_became(each) for each in services.check_in_many(new, _actor(request))])


@router.post("/{uuid:stay_id}/needs", response={201: dict[str, UUID]})
@needs("checkin.record")
def ask(request: HttpRequest, stay_id: UUID, body: NeedIn) -> Any:
    """Write down what somebody asks for."""
    need = services.ask(services.NewNeed(stay_id=stay_id, **body.dict()), _actor(request))
    return Status(201, {"id": need.pk})


@router.post("/{uuid:stay_id}/hospital", response=StayOut)
@needs("stay.manage")
def name_hospital(request: HttpRequest, stay_id: UUID, body: HospitalIn) -> Any:
    """Say which hospital receives somebody who fell ill where none is designated; that closes the order to find one."""
    hospital = Organisation.objects.filter(pk=body.hospital_id).first()
    if hospital is None:
        raise Refused(refuse("kernel.not_found", "hospital_id"))
    services.name_hospital(stay_id, hospital, _actor(request))
    return _read(request, stay_id)


@router.post("/{uuid:stay_id}/end", response=StayOut)
@needs("stay.manage")
def end(request: HttpRequest, stay_id: UUID, body: EndIn) -> Any:
    """Release somebody, or end the stay early for a reason."""
    if body.reason == "completed":
        services.release(stay_id, _actor(request))
    else:
        services.end_early(stay_id, body.reason, _actor(request), words=body.words)
    return _read(request, stay_id)
