"""Cases over HTTP: notify, list, open, add evidence. Parses, calls a service, presents."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from lianfang.kernel import events, ids
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.views import needs
from lianfang.registry.models import Area, Organisation
from lianfang.registry.services import PersonDetails

from . import selectors, services
from .evidence import content_of, parse
from .models import CaseVersion

router = Router(tags=["cases"])


class PersonIn(Schema):
    name: str = Field("", max_length=80)
    id_number: str = Field("", max_length=40)
    phone: str = Field("", max_length=40)
    address: str = Field("", max_length=200)
    parent_name: str = Field("", max_length=80)
    sex: str = Field("U", pattern="^[MFU]$")
    birth_date: date | None = None


class NotificationIn(Schema):
    """One report card. ``id`` is made by the sender, so that sending again after a broken connection is harmless."""

    id: UUID | None = None
    disease: str = Field(max_length=40)
    area_code: str = Field(max_length=20)
    person: PersonIn
    evidence: dict[str, Any] = Field(default_factory=dict, description="see the evidence page of the manual")
    organisation_id: UUID | None = None
    same_person_as: UUID | None = None
    source: str = Field("", max_length=80)
    local_id: str = Field("", max_length=120)
    card: dict[str, Any] = Field(default_factory=dict)
    diagnosed_at: datetime | None = None
    reported_at: datetime | None = None


class CaseOut(Schema):
    """A case as a list shows it: nobody's name in full."""

    id: UUID
    number: str
    disease: str
    classification: str
    declared: bool
    edition: str
    area_code: str
    area: str
    onset_on: date | None
    reported_on: date
    confirmed_on: date | None
    severity: str
    outcome: str
    sex: str
    age_low: float | None
    age_high: float | None
    masked_name: str


class CasePage(Schema):
    cases: list[CaseOut]
    next: str | None


class ObservationIn(Schema):
    """A piece of evidence; ``corrects`` names the entry it replaces."""

    id: UUID | None = None
    kind: str = Field(max_length=20)
    content: dict[str, Any]
    observed_at: datetime | None = None
    corrects: UUID | None = None


def _shown(version: CaseVersion) -> dict[str, Any]:
    return {
        "id": version.case_id,
        "number": version.case.number,
        "area_code": version.area.code,
        "area": version.area.name,
        "masked_name": version.case.person.stands_under.masked_name,
        **{
            name: getattr(version, name)
            for name in CaseOut.model_fields
            if name not in ("id", "number", "area_code", "area", "masked_name")
        },
    }


@router.post("", response={201: CaseOut})
@needs("case.notify")
def notify(request: HttpRequest, body: NotificationIn) -> Any:
    """Notify a case. The same id with the same content again gives the same answer."""
    evidence = services.read_evidence(body.evidence)
    day = services.judged_on(evidence)
    area = Area.objects.valid_on(day).filter(code=body.area_code).first()
    if area is None:
        raise Refused(refuse("case.unknown_area", "area_code", code=body.area_code))
    organisation = None
    if body.organisation_id and not (organisation := Organisation.objects.filter(pk=body.organisation_id).first()):
        raise Refused(refuse("kernel.not_found", "organisation_id"))
    version = services.notified(
        services.Notification(
            id=body.id or ids.new_id(),
            disease=body.disease,
            area=area,
            evidence=evidence,
            person=PersonDetails(area=area, organisation_id=body.organisation_id, **body.person.dict()),
            organisation=organisation,
            same_person_as=body.same_person_as,
            source=body.source,
            local_id=body.local_id,
            channel="api",
            card=body.card,
            diagnosed_at=body.diagnosed_at,
            reported_at=body.reported_at,
        ),
        request.actor,  # type: ignore[attr-defined]
    )
    return Status(201, _shown(version))


@router.get("", response=CasePage)
@needs("case.read")
def list_cases(
    request: HttpRequest,
    area: str = "",
    disease: str = "",
    classification: str = "",
    reported_from: date | None = None,
    reported_until: date | None = None,
    known_on: date | None = None,
    after: str = "",
) -> Any:
    """Cases that the caller may see, newest report first, 50 at a time; ``next`` goes into ``after`` for the next page."""
    actor = request.actor  # type: ignore[attr-defined]
    place = Area.objects.filter(code=area).order_by("-valid_from").first() if area else None
    if area and place is None:
        raise Refused(refuse("case.unknown_area", "area", code=area))
    wanted = selectors.CaseFilter(
        path=place.path if place else "",
        disease=disease,
        classification=classification,
        reported_from=reported_from,
        reported_until=reported_until,
        known_on=known_on,
    )
    found, more = selectors.case_page(actor, wanted, selectors.read_place(after))
    with transaction.atomic():
        events.record("case.listed", actor, path=wanted.path, details={"rows": len(found), "names": "masked"})
    return {"cases": [_shown(version) for version in found], "next": selectors.write_place(more)}


@router.get("/{uuid:case_id}")
@needs("case.read")
def open_case(request: HttpRequest, case_id: UUID, known_on: date | None = None) -> Any:
    """One case with its evidence and history; who it is only for those who may know, and each such look is recorded."""
    actor = request.actor  # type: ignore[attr-defined]
    version = selectors.case(actor, case_id, known_on=known_on)
    with transaction.atomic():
        identity = selectors.identity(actor, version)
    entries = version.case.observations.order_by("recorded_at", "id")
    if known_on:
        entries = entries.filter(recorded_at__lte=selectors.end_of(known_on))
    return {
        **_shown(version),
        "judgement": version.judgement,
        "identity": identity,
        "evidence": content_of(services.evidence_of(version.case, known_at=selectors.end_of(known_on))),
        "observations": [
            {
                "id": entry.pk,
                "kind": entry.kind,
                "observed_at": entry.observed_at,
                "recorded_at": entry.recorded_at,
                "corrects": entry.corrects_id,
                "content": entry.content,
            }
            for entry in entries
        ],
    }


@router.post("/{uuid:case_id}/observations", response={201: CaseOut})
@needs("case.update")
def observe(request: HttpRequest, case_id: UUID, body: ObservationIn) -> Any:
    """Add evidence to a case and judge it anew."""
    services.read_evidence(body.content)
    version = services.observe(
        case_id,
        body.kind,
        content_of(parse(body.content)),
        request.actor,  # type: ignore[attr-defined]
        observed_at=body.observed_at,
        corrects=body.corrects,
        id=body.id,
        channel="api",
    )
    return Status(
        201, _shown(CaseVersion.objects.select_related("case__person__merged_into", "area").get(pk=version.pk))
    )
