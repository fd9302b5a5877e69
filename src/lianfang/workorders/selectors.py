"""Reads of work orders: what is mine, what is late, how it went."""

from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from django.db.models import F, QuerySet

from lianfang.kernel import clock
from lianfang.kernel.access import Actor
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


def open_moves(order: WorkOrder, actor: Actor) -> list[tuple[str, str, Refusal | None]]:
    """(name, words, refusal or None) of each move that leaves the order's state."""

    def may(permission: str) -> bool:
        return actor.may(permission) and actor.may(kinds()[order.kind].permission)

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
    found = []
    for kind in kinds().values():
        rows = list(
            WorkOrder.objects.visible_to(actor)
            .filter(kind=kind.code, raised_at__date__gte=first, raised_at__date__lte=last)
            .exclude(status="cancelled")
            .values_list("raised_at", "due_at", F("closed_at"))
        )
        if not rows:
            continue
        done = [(closed - raised, closed <= due) for raised, due, closed in rows if closed]
        waiting = [due for _, due, closed in rows if not closed]
        found.append(
            Record(
                kind,
                raised=len(rows),
                on_time=sum(in_time for _, in_time in done),
                late=sum(not in_time for _, in_time in done),
                still_open=len(waiting),
                overdue=sum(due < now for due in waiting),
                median_time=median(taken for taken, _ in done) if done else None,
            )
        )
    return found
