"""Work orders over HTTP: list, open, raise, take a step, prove. Parses, calls a service, presents."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Field, File, Router, Schema, Status
from ninja.files import UploadedFile

from lianfang.kernel import clock, events, ids
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.views import needs
from lianfang.registry.models import Area, Organisation, Site
from lianfang.registry.selectors import chosen_area

from . import photos, selectors, services
from .about import note_of
from .models import OrderEntry, WorkOrder
from .rules import escalated, late

router = Router(tags=["orders"])


class OrderOut(Schema):
    """A work order as a list shows it. ``late`` and ``escalated`` are as of this answer."""

    id: UUID
    kind: str
    status: str
    subject_kind: str
    subject_id: UUID
    area_code: str
    organisation_id: UUID | None
    assignee_id: int | None
    raised_at: datetime
    due_at: datetime
    promised_at: datetime | None
    closed_at: datetime | None
    late: bool
    escalated: bool


class OrderPage(Schema):
    orders: list[OrderOut]
    next: str


class OrderIn(Schema):
    """An order raised by hand, for a site or for an area. ``id`` is made by the sender: sending again is harmless."""

    id: UUID | None = None
    kind: str = Field(max_length=40)
    site_id: UUID | None = None
    area_code: str = Field("", max_length=20)
    organisation_id: UUID | None = None
    applicant: str = Field("", max_length=120)
    place: str = Field("", max_length=200)
    note: str = Field("", max_length=500)
    due_at: datetime | None = None


class ProofIn(Schema):
    """A proof of the work. ``id`` is made by the sender; ``corrects`` names the entry it replaces."""

    id: UUID | None = None
    note: str = Field("", max_length=1000)
    reading: Decimal | None = Field(None, max_digits=12, decimal_places=2)
    passed: bool | None = None
    place: str = Field("", max_length=200)
    longitude: float | None = None
    latitude: float | None = None
    observed_at: datetime | None = None
    corrects: UUID | None = None

    def proof(self, photo: bytes = b"") -> services.Proof:
        given = {name: value for name, value in self.dict().items() if value is not None}
        return services.Proof(**given, photo=photo)


class MoveIn(Schema):
    """What goes with a step: a reason or a proof; when it is promised for; to whom it is assigned; where it is handed to."""

    proof: ProofIn | None = None
    note: str = Field("", max_length=1000)
    promised_at: datetime | None = None
    assignee_id: int | None = None
    organisation_id: UUID | None = None
    area_code: str = Field("", max_length=20)


class EntryOut(Schema):
    id: UUID
    move: str
    observed_at: datetime
    recorded_at: datetime
    by_id: int | None
    note: str
    reading: Decimal | None
    passed: bool | None
    photo: str
    place: str
    longitude: float | None
    latitude: float | None
    corrects_id: UUID | None


def _shown(order: WorkOrder) -> dict[str, Any]:
    now = clock.now()
    named = {name: getattr(order, name) for name in OrderOut.model_fields if hasattr(order, name)}
    return {
        **named,
        "area_code": order.path.rstrip("/").rpartition("/")[2],
        "late": late(order, now),
        "escalated": escalated(order, now),
    }


def _entry(entry: OrderEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in EntryOut.model_fields}


def _area(code: str) -> Area | None:
    found = chosen_area(code, clock.today()) if code else None
    if code and found is None:
        raise Refused(refuse("kernel.not_found", "area_code"))
    return found


def _organisation(pk: UUID | None) -> Organisation | None:
    found = Organisation.objects.filter(pk=pk).first() if pk else None
    if pk and found is None:
        raise Refused(refuse("kernel.not_found", "organisation_id"))
    return found


@router.get("", response=OrderPage)
@needs("order.read")
def list_orders(
    request: HttpRequest,
    view: str = "desk",
    kind: str = "",
    area: str = "",
    organisation_id: UUID | None = None,
    after: str = "",
) -> Any:
    """Orders at the caller's desks, the most urgent first, 50 at a time; ``next`` goes into ``after`` for the next page.

    ``view``: desk (open), mine, late, offered, escalated, declined, verify, closed.
    """
    if view not in selectors.VIEWS:
        raise Refused(refuse("kernel.not_found", "view"))
    place = _area(area)
    wanted = selectors.Wanted(
        view, kind, place.path if place else "", organisation_id, after=selectors.read_place(after)
    )
    found, more = selectors.inbox_page(request.actor, wanted)  # type: ignore[attr-defined]
    return {"orders": [_shown(order) for order in found], "next": selectors.write_place(more)}


@router.post("", response={201: OrderOut})
@needs("order.raise")
def raise_order(request: HttpRequest, body: OrderIn) -> Any:
    """Raise an order by hand, of a kind that allows it."""
    actor = request.actor  # type: ignore[attr-defined]
    site = Site.objects.visible_to(actor, "order.raise").filter(pk=body.site_id).first() if body.site_id else None
    if body.site_id and site is None:
        raise Refused(refuse("kernel.not_found", "site_id"))
    asked = services.Request(
        kind=body.kind,
        area=_area(body.area_code),
        site=site,
        organisation=_organisation(body.organisation_id),
        applicant=body.applicant,
        place=body.place,
        note=body.note,
        due_at=body.due_at,
        id=body.id or ids.new_id(),
    )
    return Status(201, _shown(services.request(asked, actor)))


@router.get("/{uuid:order_id}")
@needs("order.read")
def open_order(request: HttpRequest, order_id: UUID) -> Any:
    """One order with its steps and proofs and the moves that are open to the caller, each with why not, if not."""
    actor = request.actor  # type: ignore[attr-defined]
    found = selectors.order(actor, order_id)
    with transaction.atomic():
        events.record("order.opened", actor, subject=("order", found.pk), path=found.path, details={"kind": found.kind})
    return {
        **_shown(found),
        "note": note_of(found),
        "place": found.place,
        "applicant": found.applicant,
        "entries": [_entry(entry) for entry in selectors.history(found)],
        "moves": [
            {"name": name, "refused": str(no) if no else ""} for name, _words, no in selectors.open_moves(found, actor)
        ],
    }


@router.post("/{uuid:order_id}/moves/{name}", response=OrderOut)
@needs("order.read")
def move(request: HttpRequest, order_id: UUID, name: str, body: MoveIn) -> Any:
    """Take a step: accept, complete, report, give_back, decline, assign, hand_over, take_over, turn_down, keep, verify,
    send_back or cancel."""
    actor = request.actor  # type: ignore[attr-defined]
    match name:
        case "assign":
            moved = services.assign(
                order_id, actor, user_id=body.assignee_id, organisation_id=body.organisation_id, note=body.note
            )
        case "hand_over":
            moved = services.hand_over(
                order_id,
                actor,
                area=_area(body.area_code),
                organisation=_organisation(body.organisation_id),
                note=body.note,
            )
        case _:
            moved = services.move(
                order_id,
                name,
                actor,
                body.note,
                proof=body.proof.proof() if body.proof else None,
                promised_at=body.promised_at,
            )
    return _shown(moved)


@router.post("/{uuid:order_id}/proof", response={201: EntryOut})
@needs("order.do")
def prove(request: HttpRequest, order_id: UUID, body: ProofIn) -> Any:
    """Append a proof, or a correction of one. The same id with the same content again gives the same answer."""
    return Status(201, _entry(services.prove(order_id, body.proof(), request.actor)))  # type: ignore[attr-defined]


@router.post("/{uuid:order_id}/photo", response={201: EntryOut})
@needs("order.do")
def prove_by_photo(
    request: HttpRequest,
    order_id: UUID,
    photo: UploadedFile | None = File(None),  # noqa: B008 - how ninja is told of a file
    id: UUID | None = None,
    longitude: float | None = None,
    latitude: float | None = None,
) -> Any:
    """Append a photo (multipart). Where it was taken is removed from the file unless the place is given with it."""
    if getattr(request, "upload_too_large", False):
        raise Refused(photos.too_large())
    proof = services.Proof(
        id=id or ids.new_id(),
        photo=photo.read(photos.MOST_BYTES + 1) if photo else b"",
        longitude=longitude,
        latitude=latitude,
    )
    return Status(201, _entry(services.prove(order_id, proof, request.actor)))  # type: ignore[attr-defined]


@router.get("/{uuid:order_id}/photos/{name}")
@needs("order.read")
def photo(request: HttpRequest, order_id: UUID, name: str) -> HttpResponse:
    """A photo of an order as JPEG."""
    return HttpResponse(
        selectors.photo(request.actor, order_id, name),  # type: ignore[attr-defined]
        content_type="image/jpeg",
    )
