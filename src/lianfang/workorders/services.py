"""Raising work orders, taking them step by step to their end, proving what was done, and planning rounds."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from lianfang.kernel import clock, events, ids
from lianfang.kernel.access import Actor
from lianfang.kernel.models import Event, User
from lianfang.kernel.refusals import Phrase, Refused, refuse
from lianfang.registry.models import Area, Organisation, Site
from lianfang.registry.selectors import actor_for

from . import photos, rules
from .models import OrderEntry, Round, WorkOrder
from .rules import WORKFLOW, kinds
from .selectors import may_do, permitted

# --- raising ------------------------------------------------------------------------------------------------------


def raised(
    kind: str,
    *,
    subject_id: UUID,
    path: str,
    raised_at: datetime,
    limit: timedelta | None = None,
    due_at: datetime | None = None,
    organisation_id: UUID | None = None,
    assignee_id: int | None = None,
    done_at: datetime | None = None,
    done_by: int | None = None,
    note: str = "",
    **more: Any,
) -> WorkOrder:
    """A work order ready to be written with what caused it. ``done_at`` marks a duty that was met on arrival.

    ``due_at`` is a deadline that the cause itself knows; without it the kind's limit, or ``limit``, counts from ``raised_at``.
    """
    entry = kinds()[kind]
    status = "done" if done_at else "assigned" if assignee_id else "open"
    return WorkOrder(
        kind=kind,
        subject_kind=more.pop("subject_kind", entry.subject),
        subject_id=subject_id,
        path=path,
        organisation_id=organisation_id,
        assignee_id=assignee_id,
        raised_at=raised_at,
        due_at=due_at or raised_at + (entry.limit if limit is None else limit),
        status=status,
        closed_at=done_at,
        closed_by_id=done_by if done_at else None,
        note=note,
        **more,
    )


def raise_order(kind: str, *, by: Actor, **about: Any) -> WorkOrder:
    """Raise one order on its own, with its event."""
    with transaction.atomic():
        [order] = raise_many([raised(kind, raised_at=clock.now(), **about)], by)
    return order


def raise_many(orders: Iterable[WorkOrder], by: Actor) -> list[WorkOrder]:
    """Write orders made with ``raised``, each with its event, all or none."""
    orders = list(orders)
    with transaction.atomic():
        WorkOrder.objects.bulk_create(orders, batch_size=500)
        events.write(_event("order.raised", order, by) for order in orders)
    return orders


@dataclass(frozen=True)
class Request:
    """An order that a person asks for. ``id`` is made by the sender, so that sending again is harmless."""

    kind: str
    area: Area | None = None
    site: Site | None = None
    organisation: Organisation | None = None  # who is to do it
    applicant: str = ""
    place: str = ""
    note: str = ""
    due_at: datetime | None = None
    id: UUID = field(default_factory=ids.new_id)


def request(asked: Request, by: Actor) -> WorkOrder:
    """Raise an order by hand. Raises Refused, naming everything that is missing or not allowed."""
    kind, now = kinds().get(asked.kind), clock.now()
    if kind is None:
        raise Refused(refuse("order.no_such_kind", "kind", kind=asked.kind))
    if not kind.by_hand:
        raise Refused(refuse("order.not_by_hand", "kind", kind=Phrase(kind.code)))
    path = asked.site.path if asked.site else asked.area.path if asked.area else ""
    problems = []
    if not path:
        problems.append(refuse("order.nowhere_to", "area"))
    if not asked.note.strip():
        problems.append(refuse("order.what_is_missing", "note"))
    if asked.due_at and asked.due_at <= now:
        problems.append(refuse("order.due_in_the_past", "due_at"))
    if problems:
        raise Refused(*problems)
    if not all(by.may_at(each, path, _id(asked.organisation)) for each in ("order.raise", kind.raised_by)):
        raise Refused(refuse("kernel.not_permitted", "area", permission="order.raise"))
    order = raised(
        kind.code,
        id=asked.id,
        subject_kind="site" if asked.site else "request",
        subject_id=asked.site.pk if asked.site else asked.id,
        path=path,
        organisation_id=_id(asked.organisation),
        raised_at=now,
        due_at=asked.due_at,
        applicant=asked.applicant.strip(),
        place=asked.place.strip(),
        note=asked.note.strip(),
    )
    with transaction.atomic():
        if earlier := WorkOrder.objects.filter(pk=asked.id).first():
            same = ("kind", "subject_id", "path", "organisation_id", "applicant", "place", "note")
            if all(getattr(earlier, name) == getattr(order, name) for name in same):
                return earlier
            raise Refused(refuse("kernel.id_conflict", "id"))
        raise_many([order], by)
    return order


def _id(row: Any) -> UUID | None:
    return row.pk if row is not None else None


# --- proof --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Proof:
    """What somebody shows of the work: any of these. ``photo`` are the bytes of the file as it came."""

    note: str = ""
    reading: Decimal | None = None
    passed: bool | None = None
    photo: bytes = b""
    place: str = ""
    longitude: float | None = None
    latitude: float | None = None
    observed_at: datetime | None = None
    corrects: UUID | None = None
    id: UUID = field(default_factory=ids.new_id)

    @property
    def gives_place(self) -> bool:
        return bool(self.place.strip()) or self.longitude is not None

    @property
    def empty(self) -> bool:
        return (
            not (self.note.strip() or self.photo or self.gives_place) and self.reading is None and self.passed is None
        )


def prove(order_id: UUID, proof: Proof, by: Actor) -> OrderEntry:
    """Append a proof to an order, or a correction of one. The same id with the same content again changes nothing."""
    picture = _picture(proof)
    with transaction.atomic():
        order = _locked(order_id, by)
        if not may_do(by, "order.do", order):
            raise Refused(refuse("kernel.not_permitted", permission="order.do"))
        if proof.empty:
            raise Refused(refuse("order.empty_proof", "note"))
        entry = _entry(order, "", proof, picture, by)
        if earlier := OrderEntry.objects.filter(pk=proof.id).first():
            return _as_before(earlier, entry)
        _written(entry)
        events.record("order.proved", by, **_about(order), details={"kind": order.kind, "corrects": proof.corrects})
    return entry


def _picture(proof: Proof) -> bytes:
    """The photo of a proof, looked at before anything is locked."""
    return photos.cleaned(proof.photo, keep_place=proof.gives_place) if proof.photo else b""


def _entry(order: WorkOrder, move: str, proof: Proof, picture: bytes, by: Actor) -> OrderEntry:
    now = clock.now()
    if problem := rules.place_wrong(proof.longitude, proof.latitude):
        raise Refused(problem)
    if proof.observed_at and proof.observed_at > now + timedelta(minutes=5):
        raise Refused(refuse("order.observed_in_the_future", "observed_at"))
    return OrderEntry(
        id=proof.id,
        order=order,
        move=move,
        observed_at=proof.observed_at or now,
        recorded_at=now,
        by_id=by.user_id,
        channel=by.channel,
        note=proof.note.strip()[:1000],
        reading=proof.reading,
        passed=proof.passed,
        photo=photos.keep(picture) if picture else "",
        place=proof.place.strip()[:200],
        longitude=proof.longitude,
        latitude=proof.latitude,
        corrects_id=proof.corrects,
    )


def _written(entry: OrderEntry) -> None:
    if (
        entry.corrects_id
        and not OrderEntry.objects.filter(pk=entry.corrects_id, order_id=entry.order_id, correction=None).exists()
    ):
        raise Refused(refuse("order.corrects_nothing", "corrects"))
    entry.save(force_insert=True)


def _as_before(earlier: OrderEntry, entry: OrderEntry) -> OrderEntry:
    """The entry that came before under this id, if it says the same. Raises Refused if it says something else."""
    same = ("order_id", "move", "note", "reading", "passed", "photo", "place", "longitude", "latitude", "corrects_id")
    if all(getattr(earlier, name) == getattr(entry, name) for name in same):
        return earlier
    raise Refused(refuse("kernel.id_conflict", "id"))


# --- the steps ----------------------------------------------------------------------------------------------------


def move(
    order_id: UUID,
    name: str,
    by: Actor,
    note: str = "",
    *,
    proof: Proof | None = None,
    promised_at: datetime | None = None,
) -> WorkOrder:
    """Take one step of the workflow, with its reason or its proof. Raises Refused."""
    proof = replace(proof or Proof(), note=(proof.note if proof else "") or note)
    if problem := rules.reason_missing(name, proof.note) or rules.promise_wrong(promised_at, clock.now()):
        raise Refused(problem)
    if name in ("assign", "hand_over"):
        raise Refused(refuse("order.use_its_own_form", move=WORKFLOW.move(name).label))
    picture = _picture(proof)
    with transaction.atomic():
        order = _locked(order_id, by)
        if earlier := OrderEntry.objects.filter(
            pk=proof.id
        ).first():  # sent again: it was taken, or it says something else
            _as_before(earlier, _entry(order, name, proof, picture, by))
            return order
        step = _allowed(order, name, by)
        match name:
            case "accept":
                order.assignee_id, order.promised_at = by.user_id, promised_at
            case "give_back" | "send_back" | "decline" | "turn_down" | "keep":
                order.assignee_id = order.promised_at = None
            case "take_over":
                order.path = order.offered_path or order.path
                order.organisation_id, order.assignee_id, order.promised_at = order.offered_organisation_id, None, None
            case "verify":
                if problem := rules.verified_by_another(order.closed_by_id, by.user_id):
                    raise Refused(problem)
        if name == "send_back":
            order.closed_at = order.closed_by_id = None
        _step(order, step, proof, picture, by)
    return order


def assign(
    order_id: UUID, by: Actor, *, user_id: int | None = None, organisation_id: UUID | None = None, note: str = ""
) -> WorkOrder:
    """Give an order to a person, or to an organisation of the place, whose posts allow the work. Raises Refused."""
    with transaction.atomic():
        order = _locked(order_id, by)
        step = _allowed(order, "assign", by)
        if organisation_id is not None:
            organisation = Organisation.objects.filter(pk=organisation_id).first()
            if organisation is None:
                raise Refused(refuse("kernel.not_found", "organisation"))
            order.organisation = organisation
        if user_id is not None:
            user = User.objects.filter(pk=user_id).first()
            if user is None:
                raise Refused(refuse("kernel.not_found", "assignee"))
            if not may_do(actor_for(user), "order.do", order):
                raise Refused(refuse("order.cannot_do", "assignee", name=user.display_name))
        elif organisation_id is None:
            raise Refused(refuse("order.nowhere_to", "assignee"))
        order.assignee_id, order.promised_at = user_id, None
        _step(order, step, Proof(note=note), b"", by)
    return order


def hand_over(
    order_id: UUID,
    by: Actor,
    *,
    area: Area | None = None,
    organisation: Organisation | None = None,
    note: str = "",
) -> WorkOrder:
    """Offer an order to another area or organisation. It stays where it is until they take it over. Raises Refused.

    An organisation alone takes the work but not the place: the order stays in the area where it is.
    """
    if area is None and organisation is None:
        raise Refused(refuse("order.nowhere_to", "area"))
    with transaction.atomic():
        order = _locked(order_id, by)
        step = _allowed(order, "hand_over", by)
        if (area.path if area else order.path, _id(organisation)) == (order.path, order.organisation_id):
            raise Refused(refuse("order.already_there", "area"))
        order.offered_path, order.offered_organisation = area.path if area else "", organisation
        _step(order, step, Proof(note=note), b"", by, to=area.code if area else "", organisation=_id(organisation))
    return order


def _locked(order_id: UUID, by: Actor) -> WorkOrder:
    """The order, held until the end of the transaction. Raises Refused when the actor may not see it."""
    order = WorkOrder.objects.filter(pk=order_id).select_for_update().first()
    if order is None or not permitted(by, "order.read", order):
        raise Refused(refuse("kernel.not_found"))
    return order


def _allowed(order: WorkOrder, name: str, by: Actor) -> Any:
    """The move of a name, if the actor may make it now. Raises Refused."""
    try:
        step = WORKFLOW.move(name)
    except KeyError:
        raise Refused(refuse("kernel.not_found")) from None
    if refusal := WORKFLOW.refusal(
        name, order, status=order.status, permitted=may_do(by, step.permission, order, name)
    ):
        raise Refused(refusal)
    return step


def _step(order: WorkOrder, step: Any, proof: Proof, picture: bytes, by: Actor, **details: Any) -> None:
    """Write a move: the order as it stands after it, its entry, its event, and what follows when it was the last."""
    entry = _entry(order, step.name, proof, picture, by)
    if step.name in ("complete", "report"):
        given = [kept for earlier in order.entries.filter(correction=None) for kept in earlier.gives] + entry.gives
        if missing := rules.proof_missing(kinds()[order.kind], given):
            raise Refused(*(refuse("order.proof_missing", part, what=rules.PROOF_WORDS[part]) for part in missing))
    order.status = step.target
    if step.target in ("done", "cancelled", "reported") and step.name != "verify":
        order.closed_at, order.closed_by_id = clock.now(), by.user_id
    if step.target != "offered":
        order.offered_path, order.offered_organisation = "", None
    order.save()
    _written(entry)
    events.write([_event(step.event, order, by, **details)])
    if step.target == "done":
        _raise_followers([order], by)


def close_for(
    subject_ids: Collection[UUID], order_kinds: Collection[str], by: Actor, *, cancelled: bool = False
) -> set[UUID]:
    """Close the unfinished orders of these kinds about these subjects, inside the caller's transaction.

    The caller's own record is the proof, so nothing is verified after it. Returns the subjects that had one.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("orders are closed with the work that closes them, in one transaction")
    status, event = ("cancelled", "order.cancelled") if cancelled else ("done", "order.done")
    orders = list(
        WorkOrder.objects.select_for_update().filter(
            subject_id__in=list(subject_ids), kind__in=list(order_kinds), closed_at=None
        )
    )
    WorkOrder.objects.filter(pk__in=[order.pk for order in orders]).update(
        status=status, closed_at=clock.now(), closed_by_id=by.user_id, offered_path="", offered_organisation=None
    )
    events.write(_event(event, order, by) for order in orders)
    if not cancelled:
        _raise_followers(orders, by)
    return {order.subject_id for order in orders}


def reroute(
    subject_ids: Collection[UUID], order_kinds: Collection[str], by: Actor, *, path: str, organisation_id: UUID | None
) -> None:
    """Take the unfinished orders of these kinds to the desk where their subjects are now, inside the caller's transaction.

    The deadline stays; whoever had taken one on at the old desk no longer has it, and an offer of it is over.
    """
    waiting = WorkOrder.objects.select_for_update().filter(
        subject_id__in=list(subject_ids), kind__in=list(order_kinds), closed_at=None
    )
    orders = [order for order in waiting if (order.path, order.organisation_id) != (path, organisation_id)]
    WorkOrder.objects.filter(pk__in=[order.pk for order in orders]).update(
        path=path,
        organisation_id=organisation_id,
        status="open",
        assignee=None,
        promised_at=None,
        offered_path="",
        offered_organisation=None,
    )
    events.write(_event("order.rerouted", order, by) for order in orders)


def _raise_followers(done: Sequence[WorkOrder], by: Actor) -> None:
    """What follows when orders are done, about the same subjects at the same desks."""
    now = clock.now()
    raise_many(
        [
            raised(
                kinds()[order.kind].follows,
                subject_kind=order.subject_kind,
                subject_id=order.subject_id,
                path=order.path,
                organisation_id=order.organisation_id,
                raised_at=now,
                applicant=order.applicant,
                place=order.place,
            )
            for order in done
            if kinds()[order.kind].follows
        ],
        by,
    )


def _about(order: WorkOrder) -> dict[str, Any]:
    return {"subject": ("order", order.pk), "path": order.path}


def _event(kind: str, order: WorkOrder, by: Actor, **details: Any) -> Event:
    told = {
        "kind": order.kind,
        "about": str(order.subject_id),
        **{name: value for name, value in details.items() if value},
    }
    return events.made(kind, by, **_about(order), details=told)


# --- rounds -------------------------------------------------------------------------------------------------------


def plan_round(
    kind: str,
    name: str,
    sites: Collection[Site],
    hours: Sequence[time],
    by: Actor,
    *,
    area: Area,
    starts_on: date,
    ends_on: date | None = None,
    organisation: Organisation | None = None,
) -> Round:
    """Plan what is done at these sites at these hours of each day. Orders are raised from now on. Raises Refused."""
    entry, now = kinds().get(kind), clock.now()
    if entry is None:
        raise Refused(refuse("order.no_such_kind", "kind", kind=kind))
    if not entry.raised_by or entry.subject != "site":
        raise Refused(refuse("round.not_of_sites", "kind", kind=kind))
    if not sites:
        raise Refused(refuse("round.no_sites", "sites"))
    if not hours:
        raise Refused(refuse("round.no_such_hour", "times", text=""))
    if ends_on is not None and ends_on < starts_on:
        raise Refused(refuse("round.span_reversed", "ends_on"))
    places = [area.path, *(site.path for site in sites)]
    if not all(
        by.may_at(each, path, _id(organisation)) for each in ("order.raise", entry.raised_by) for path in places
    ):
        raise Refused(refuse("kernel.not_permitted", "area", permission="order.raise"))
    with transaction.atomic():
        planned = Round.objects.create(
            kind=kind,
            name=name.strip(),
            path=area.path,
            organisation=organisation,
            times=[f"{hour:%H:%M}" for hour in sorted(set(hours))],
            starts_on=starts_on,
            ends_on=ends_on,
            planned_at=now,
            planned_by_id=by.user_id,
            raised_until=now,
        )
        planned.sites.set(sites)
        events.record(
            "round.planned",
            by,
            subject=("round", planned.pk),
            path=planned.path,
            details={"kind": kind, "count": len(sites), "ends_on": ends_on},
        )
    return planned


def stop_round(round_id: UUID, by: Actor) -> Round:
    """Raise no more orders of a round. Those already raised stay. Raises Refused."""
    with transaction.atomic():
        planned = Round.objects.visible_to(by, "order.raise").filter(pk=round_id).select_for_update().first()
        if planned is None:
            raise Refused(refuse("kernel.not_found"))
        if planned.stopped_at:
            raise Refused(refuse("round.stopped"))
        planned.stopped_at = clock.now()
        planned.save(update_fields=["stopped_at"])
        events.record(
            "round.stopped", by, subject=("round", planned.pk), path=planned.path, details={"kind": planned.kind}
        )
    return planned


def raise_round(round_id: UUID, by: Actor) -> list[WorkOrder]:
    """Raise the orders of a round whose moment has come since they were last raised, also after a time of standing still.

    The round is held meanwhile and remembers how far it came, in the same transaction as its orders: nothing twice, nothing lost.
    """
    with transaction.atomic():
        planned = Round.objects.in_force().filter(pk=round_id).select_for_update().first()
        if planned is None:
            return []
        now, zone = clock.now(), timezone.get_default_timezone()
        hours = [time.fromisoformat(hour) for hour in planned.times]
        moments = rules.slots(hours, planned.starts_on, planned.ends_on, planned.raised_until, now, zone)
        orders = []
        if moments:
            sites = list(planned.sites.order_by("pk"))
            orders = [
                raised(
                    planned.kind,
                    id=rules.slot_id(planned.pk, site.pk, moment),
                    subject_id=site.pk,
                    path=site.path,
                    organisation_id=planned.organisation_id or site.organisation_id,
                    raised_at=moment,
                    round=planned,
                )
                for moment in moments
                for site in sites
                if in_use(site, clock.local_day(moment))
            ]
        planned.raised_until = now
        planned.save(update_fields=["raised_until"])
        return raise_many(orders, by)


def in_use(site: Site, day: date) -> bool:
    """Whether a site is used on a day."""
    return (site.opened_on is None or site.opened_on <= day) and (site.closed_on is None or day < site.closed_on)
