"""Reads of work orders: what is mine, what is late, how it went."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, QuerySet

from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.kernel.clock import start_of
from lianfang.kernel.refusals import Refusal

from .models import WorkOrder
from .rules import WORKFLOW, Kind, kinds

VIEWS = ("desk", "mine", "late", "closed")


def inbox(actor: Actor, view: str = "desk") -> QuerySet[WorkOrder]:
    """Orders that the actor may see and whose kind its posts allow it to do, the most urgent first."""
    doable = [kind.code for kind in kinds().values() if actor.may(kind.permission)]
    rows = WorkOrder.objects.visible_to(actor).filter(kind__in=doable).select_related("assignee")
    match view:
        case "mine":
            return rows.unfinished().filter(assignee_id=actor.user_id).order_by("due_at", "id")
        case "late":
            return rows.overdue(clock.now()).order_by("due_at", "id")
        case "closed":
            return rows.filter(closed_at__isnull=False).order_by("-closed_at", "id")
        case _:
            return rows.unfinished().order_by("due_at", "id")


def may_do(actor: Actor, permission: str, order: WorkOrder) -> bool:
    """Whether a post of the actor allows a move, and work of this kind, in the order's own place."""
    needed = (permission, kinds()[order.kind].permission)
    return all(actor.may_at(each, order.path, order.organisation_id) for each in needed)


def open_moves(order: WorkOrder, actor: Actor) -> list[tuple[str, str, Refusal | None]]:
    """(name, words, refusal or None) of each move that leaves the order's state."""

    def may(permission: str) -> bool:
        return may_do(actor, permission, order)

    return [(move.name, move.label, no) for move, no in WORKFLOW.open_moves(order, status=order.status, may=may)]


@dataclass(frozen=True)
class Record:
    """How one kind of order went in a span of days."""

    kind: Kind
    raised: int
    on_time: int
    late: int
    still_open: int
    overdue: int
    median_time: timedelta | None


def record(actor: Actor, first: date, last: date) -> list[Record]:
    """For each kind of order raised in a span of days: done on time, done late, open, overdue, median time to done."""
    now = clock.now()
    raised = WorkOrder.objects.visible_to(actor).filter(
        raised_at__gte=start_of(first), raised_at__lt=start_of(last + timedelta(days=1))
    )
    raised = raised.exclude(status="cancelled")
    closed, waiting = Q(closed_at__isnull=False), Q(closed_at=None)
    counted: dict[str, dict[str, Any]] = {
        row["kind"]: dict(row)
        for row in raised.values("kind").annotate(
            raised=Count("pk"),
            on_time=Count("pk", filter=closed & Q(closed_at__lte=F("due_at"))),
            late=Count("pk", filter=closed & Q(closed_at__gt=F("due_at"))),
            still_open=Count("pk", filter=waiting),
            overdue=Count("pk", filter=waiting & Q(due_at__lt=now)),
        )
    }
    return [
        Record(
            kind,
            **{name: count for name, count in row.items() if name != "kind"},
            median_time=_median_time(raised, row),
        )
        for kind in kinds().values()
        if (row := counted.get(kind.code))
    ]


def _median_time(raised: QuerySet[WorkOrder], row: dict[str, Any]) -> timedelta | None:
    """The middle of the times from raised to done; of an even number the mean of the middle two."""
    done = row["on_time"] + row["late"]
    if not done:
        return None
    taken = raised.filter(kind=row["kind"], closed_at__isnull=False).annotate(
        taken=ExpressionWrapper(F("closed_at") - F("raised_at"), DurationField())
    )
    middle = list(taken.order_by("taken").values_list("taken", flat=True)[(done - 1) // 2 : done // 2 + 1])
    return sum(middle, timedelta()) / len(middle)
