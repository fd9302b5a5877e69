"""Raising, accepting and closing work orders."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse

from .models import WorkOrder
from .rules import WORKFLOW, kinds
from .selectors import may_do


def raised(
    kind: str,
    *,
    subject_id: UUID,
    path: str,
    raised_at: datetime,
    limit: timedelta | None = None,
    organisation_id: UUID | None = None,
    done_at: datetime | None = None,
    done_by: int | None = None,
) -> WorkOrder:
    """A work order ready to be written with what caused it. ``done_at`` marks a duty that was met on arrival."""
    entry = kinds()[kind]
    return WorkOrder(
        kind=kind,
        subject_kind=entry.subject,
        subject_id=subject_id,
        path=path,
        organisation_id=organisation_id,
        raised_at=raised_at,
        due_at=raised_at + (entry.limit if limit is None else limit),
        status="done" if done_at else "open",
        closed_at=done_at,
        closed_by_id=done_by if done_at else None,
    )


def raise_order(kind: str, *, by: Actor, **about: Any) -> WorkOrder:
    """Raise one order on its own, with its event."""
    with transaction.atomic():
        order = raised(kind, raised_at=clock.now(), **about)
        order.save(force_insert=True)
        events.record("order.raised", by, subject=("order", order.pk), path=order.path, details={"kind": kind})
    return order


def move(order_id: UUID, name: str, by: Actor, note: str = "") -> WorkOrder:
    """Make one move of the workflow. Raises Refused."""
    with transaction.atomic():
        order = WorkOrder.objects.visible_to(by).select_for_update().filter(pk=order_id).first()
        if order is None:
            raise Refused(refuse("kernel.not_found"))
        step = WORKFLOW.move(name)
        permitted = may_do(by, step.permission, order)
        if refusal := WORKFLOW.refusal(name, order, status=order.status, permitted=permitted):
            raise Refused(refusal)
        order.status = step.target
        order.assignee_id = {"accepted": by.user_id, "open": None}.get(step.target, order.assignee_id)
        if any(state.final and state.name == step.target for state in WORKFLOW.states):
            order.closed_at, order.closed_by_id = clock.now(), by.user_id
        order.note = note[:500] or order.note
        order.save()
        events.record(
            step.event,
            by,
            subject=("order", order.pk),
            path=order.path,
            details={"kind": order.kind, "about": str(order.subject_id)},
        )
    return order


def close_for(
    subject_ids: Collection[UUID], order_kinds: Collection[str], by: Actor, *, cancelled: bool = False
) -> set[UUID]:
    """Close the unfinished orders of these kinds about these subjects, inside the caller's transaction.

    Returns the subjects that had one.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("orders are closed with the work that closes them, in one transaction")
    step = WORKFLOW.move("cancel" if cancelled else "complete")
    orders = list(
        WorkOrder.objects.select_for_update().filter(
            subject_id__in=list(subject_ids), kind__in=list(order_kinds), closed_at=None
        )
    )
    now = clock.now()
    WorkOrder.objects.filter(pk__in=[order.pk for order in orders]).update(
        status=step.target, closed_at=now, closed_by_id=by.user_id
    )
    events.write(
        events.made(step.event, by, subject=("order", order.pk), path=order.path, details={"kind": order.kind})
        for order in orders
    )
    return {order.subject_id for order in orders}
