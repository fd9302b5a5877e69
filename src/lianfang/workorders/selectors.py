"""Reads of work orders: what waits at a desk and for a person, the supervisor's board, how it went."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import (
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    Sum,
    Value,
    Window,
)
from django.db.models.functions import RowNumber, StrIndex, Substr
from django.utils import timezone

from lianfang.kernel import clock
from lianfang.kernel.access import ROLES, Actor, under
from lianfang.kernel.clock import start_of
from lianfang.kernel.models import User
from lianfang.kernel.refusals import Refusal, Refused, refuse
from lianfang.registry.models import Post, Site

from . import photos
from .models import OrderEntry, Round, WorkOrder
from .rules import BY_RECEIVER, WORKFLOW, kinds, moves_of

# --- who may ------------------------------------------------------------------------------------------------------


def permitted(actor: Actor, permission: str, order: WorkOrder) -> bool:
    """Whether a post allows this where the order lies, or where it was offered to."""
    return actor.may_at(permission, order.path, order.organisation_id) or _at_receiver(actor, permission, order)


def _at_receiver(actor: Actor, permission: str, order: WorkOrder) -> bool:
    """Whether a post allows this at the desk to which an order was offered."""
    if order.status != "offered":
        return False
    return actor.may_at(permission, order.offered_path, order.offered_organisation_id)


def may_do(actor: Actor, permission: str, order: WorkOrder, name: str = "") -> bool:
    """Whether a post of the actor allows a move at the desk that makes it; who does the work needs its kind's permission too."""
    at = _at_receiver if name in BY_RECEIVER else _at_desk
    needed = {permission, kinds()[order.kind].permission} if permission == "order.do" else {permission}
    return all(at(actor, each, order) for each in needed)


def _at_desk(actor: Actor, permission: str, order: WorkOrder) -> bool:
    return actor.may_at(permission, order.path, order.organisation_id)


def open_moves(order: WorkOrder, actor: Actor) -> list[tuple[str, str, Refusal | None]]:
    """(name, words, refusal or None) of each move of its kind that leaves the order's state."""
    found: list[tuple[str, str, Refusal | None]] = []
    for move in moves_of(kinds()[order.kind]):
        if order.status in move.sources:
            permitted_here = may_do(actor, move.permission, order, move.name)
            found.append(
                (
                    move.name,
                    move.label,
                    WORKFLOW.refusal(move.name, order, status=order.status, permitted=permitted_here),
                )
            )
    return found


def order(actor: Actor, order_id: UUID) -> WorkOrder:
    """One order with whoever does it. Raises Refused when it is not there for this actor."""
    found = (
        WorkOrder.objects.filter(pk=order_id)
        .select_related("assignee", "organisation", "offered_organisation", "closed_by", "round")
        .first()
    )
    if found is None or not permitted(actor, "order.read", found):
        raise Refused(refuse("kernel.not_found"))
    return found


def could_do(order: WorkOrder, most: int = 100) -> list[User]:
    """People who hold a post that allows the work of an order where it lies, so that it can be assigned to them."""
    needed = {"order.do", kinds()[order.kind].permission}
    roles = [role for role, (_words, allowed) in ROLES.items() if needed <= allowed]
    today = clock.today()
    steps = order.path.rstrip("/").split("/")
    above = ["/".join(steps[: end + 1]) + "/" for end in range(len(steps))]
    posts = Post.objects.filter(
        Q(starts_on=None) | Q(starts_on__lte=today),
        Q(ends_on=None) | Q(ends_on__gt=today),
        Q(area__path__in=above) | Q(organisation_id=order.organisation_id, organisation__isnull=False),
        role__in=roles,
        user__is_active=True,
    )
    # The nearest first: a post in the organisation, then over the smallest area.
    nearest: dict[int, tuple[int, str]] = {}
    for user_id, name, path in posts.values_list("user_id", "user__display_name", "area__path"):
        rank = (-len(path or "x" * 200), name)
        nearest[user_id] = min(nearest.get(user_id, rank), rank)
    chosen = sorted(nearest, key=lambda pk: nearest[pk])[:most]
    people = User.objects.in_bulk(chosen)
    return [people[pk] for pk in chosen]


# --- the inbox ----------------------------------------------------------------------------------------------------

VIEWS = ("desk", "mine", "late", "offered", "escalated", "declined", "verify", "closed")
PAGE = 50
Place = tuple[datetime, UUID]


def write_place(place: Place | None) -> str:
    """A place in a list as text for a link; empty for None."""
    return f"{place[0].timestamp():.6f}_{place[1]}" if place else ""


def read_place(text: str) -> Place | None:
    """The place that a link names; None for no text. Raises Refused for text that is none."""
    if not text:
        return None
    moment, _, pk = text.partition("_")
    try:
        return datetime.fromtimestamp(float(moment), tz=clock.now().tzinfo), UUID(pk)
    except (ValueError, OverflowError, OSError):
        raise Refused(refuse("kernel.not_found", "after")) from None


@dataclass(frozen=True)
class Wanted:
    """What a list of orders is narrowed to."""

    view: str = "desk"
    kind: str = ""
    path: str = ""
    organisation_id: UUID | None = None
    closed_since: date | None = None
    after: Place | None = None


def inbox_page(actor: Actor, wanted: Wanted, size: int = PAGE) -> tuple[list[WorkOrder], Place | None]:
    """One page of orders, the most urgent first, and the place where the next begins; None after the last.

    Each desk is asked by itself for its first so many, in the order of an index, and the answers are merged: what a page costs
    does not grow with the number of orders that wait.
    """
    clock_of = _clock_of(wanted.view)
    found: dict[UUID, WorkOrder] = {}
    for rows in _desks(actor, wanted):
        rows = _in_order(_narrowed(rows, actor, wanted), wanted.view)
        if wanted.after:
            moment, pk = wanted.after
            rows = rows.filter(**{f"{clock_of}__{'lte' if wanted.view == 'closed' else 'gte'}": moment})
            rows = rows.exclude(Q(**{clock_of: moment}) & (Q(pk__gte=pk) if wanted.view == "closed" else Q(pk__lte=pk)))
        found.update((row.pk, row) for row in rows.select_related("assignee", "organisation")[: size + 1])
    ordered = sorted(found.values(), key=lambda row: (getattr(row, clock_of), row.pk), reverse=wanted.view == "closed")
    shown = ordered[:size]
    return shown, (getattr(shown[-1], clock_of), shown[-1].pk) if len(ordered) > size else None


def _clock_of(view: str) -> str:
    return "closed_at" if view in ("closed", "verify") else "due_at"


def _in_order(rows: QuerySet[WorkOrder], view: str) -> QuerySet[WorkOrder]:
    if view == "closed":
        return rows.order_by("-closed_at", "-id")
    return rows.order_by(_clock_of(view), "id")


def _desks(actor: Actor, wanted: Wanted) -> Sequence[QuerySet[WorkOrder]]:
    """The actor's desks, each as a query of its own."""
    every = WorkOrder.objects.all()
    if wanted.view == "mine":
        return [every.visible_to(actor)]  # narrowed to one person
    if wanted.view == "offered":
        return [every.offered_to(actor)]
    if actor.system:
        return [every]
    paths = _outermost(actor.paths("order.read"))
    return [every.filter(under("path", path)) for path in paths] + [
        every.filter(organisation_id=held) for held in set(actor.organisations("order.read"))
    ]


def _outermost(paths: Iterable[str]) -> list[str]:
    """The areas among these that lie in none of the others."""
    found: list[str] = []
    for path in sorted(set(paths)):
        if not found or not path.startswith(found[-1]):
            found.append(path)
    return found


def _narrowed(rows: QuerySet[WorkOrder], actor: Actor, wanted: Wanted) -> QuerySet[WorkOrder]:
    """The rows of a view: by what is done with them, by kind, and by the desk where they lie."""
    now = clock.now()
    match wanted.view:
        case "mine":
            rows = rows.filter(closed_at=None, assignee_id=actor.user_id)
        case "late":
            rows = rows.filter(closed_at=None, due_at__lt=now)
        case "escalated":
            rows = rows.filter(escalated_by(now))
        case "declined":
            rows = rows.filter(status="declined", closed_at=None)
        case "verify":
            rows = rows.filter(status="reported", closed_at__isnull=False)
        case "closed":
            rows = rows.filter(closed_at__isnull=False)
            if wanted.closed_since:
                rows = rows.filter(closed_at__gte=start_of(wanted.closed_since))
        case _:
            rows = rows.filter(closed_at=None)
    shown = shown_kinds(actor, wanted.view)
    if wanted.kind:
        shown = [code for code in shown if code == wanted.kind]
    if wanted.kind or len(shown) < len(kinds()):
        rows = rows.filter(kind__in=shown)
    if wanted.path:
        rows = rows.filter(under("path", wanted.path))
    if wanted.organisation_id:
        rows = rows.filter(organisation_id=wanted.organisation_id)
    return rows


def shown_kinds(actor: Actor, view: str = "desk") -> list[str]:
    """Kinds that the actor's posts allow it to do; who assigns, or only reads, sees them all."""
    if actor.may("order.assign") or not actor.may("order.do"):
        return list(kinds())
    return [kind.code for kind in kinds().values() if actor.may(kind.permission)]


def escalated_by(now: datetime) -> Q:
    """Unfinished orders so late that the level above sees them."""
    by_span: dict[timedelta, list[str]] = defaultdict(list)
    for kind in kinds().values():
        by_span[kind.escalates].append(kind.code)
    late = Q(pk__in=())
    for span, codes in by_span.items():
        late |= Q(kind__in=codes, due_at__lt=now - span)
    return Q(closed_at=None, due_at__lt=now) & late


def history(order: WorkOrder) -> list[OrderEntry]:
    """The steps and proofs of an order in the order in which they were recorded."""
    return list(order.entries.select_related("by", "correction").order_by("recorded_at", "id"))


def photo(actor: Actor, order_id: UUID, name: str) -> bytes:
    """A photo of an order, for those who may see the order. Raises Refused."""
    found = order(actor, order_id)
    if not name or not found.entries.filter(photo=name).exists():
        raise Refused(refuse("kernel.not_found"))
    return photos.read(name)


# --- board and statistics -----------------------------------------------------------------------------------------

BY = ("kind", "area", "desk")


@dataclass(frozen=True)
class Span:
    """Days from the first to the last, in the platform's time zone."""

    first: date
    last: date

    @property
    def moments(self) -> tuple[datetime, datetime]:
        return start_of(self.first), start_of(self.last + timedelta(days=1))


@dataclass
class Group:
    """How the orders of one kind, one area or one desk stand now and went in a span of days.

    Open, late and escalated are as of now, whenever the orders were raised; the other figures are of the orders raised in
    the span, or (done) finished in it.
    """

    key: Any
    figures: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    median_time: timedelta | None = None
    amount: Decimal | None = None

    def __getattr__(self, name: str) -> int:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.figures[name]


def _key(rows: QuerySet[WorkOrder], by: str, path: str) -> Any:
    """The rows with what they are grouped by. Areas: the one just below ``path``; empty for what lies in it directly."""
    match by:
        case "kind":
            return rows.annotate(key=F("kind"))
        case "area":
            below = Substr("path", len(path) + 1)
            return rows.annotate(key=Substr(below, 1, StrIndex(below, Value("/"))))
        case _:
            return rows.annotate(key=F("organisation_id"))


def _of(actor: Actor, path: str, kind: str, organisation_id: UUID | None) -> QuerySet[WorkOrder]:
    rows: QuerySet[WorkOrder] = WorkOrder.objects.at_desks_of(actor)
    if path:
        rows = rows.filter(under("path", path))
    if kind:
        rows = rows.filter(kind=kind)
    return rows.filter(organisation_id=organisation_id) if organisation_id else rows


def board(
    actor: Actor, path: str, by: str, *, kind: str = "", organisation_id: UUID | None = None, since: datetime
) -> list[Group]:
    """For each kind, area just below, or desk: open, overdue and escalated now, waiting to be verified, and done since."""
    now, rows = clock.now(), _of(actor, path, kind, organisation_id)
    groups: dict[Any, Group] = {}
    unfinished = _key(rows.filter(closed_at=None), by, path).values("key").order_by()
    finished = _key(rows.filter(closed_at__gte=since).exclude(status="cancelled"), by, path).values("key").order_by()
    for row in unfinished.annotate(
        open=Count("pk"),
        late=Count("pk", filter=Q(due_at__lt=now)),
        escalated=Count("pk", filter=escalated_by(now)),
        declined=Count("pk", filter=Q(status="declined")),
    ):
        _add(groups, row)
    for row in finished.annotate(
        done=Count("pk"),
        done_late=Count("pk", filter=Q(closed_at__gt=F("due_at"))),
        to_verify=Count("pk", filter=Q(status="reported")),
    ):
        _add(groups, row)
    return sorted(groups.values(), key=lambda group: (-group.escalated, -group.late, -group.open, str(group.key)))


def _add(groups: dict[Any, Group], row: dict[str, Any]) -> None:
    key = row.pop("key")
    groups.setdefault(key, Group(key)).figures.update(row)


def statistics(
    actor: Actor, path: str, by: str, span: Span, *, kind: str = "", organisation_id: UUID | None = None
) -> list[Group]:
    """For each kind, area just below, or desk, of the orders raised in a span: on time, late, open, overdue, median time, amount."""
    now = clock.now()
    rows = _raised_in(_of(actor, path, kind, organisation_id), span)
    groups: dict[Any, Group] = {}
    closed, waiting = Q(closed_at__isnull=False), Q(closed_at=None)
    counted = _key(rows.exclude(status="cancelled"), by, path).values("key").order_by()
    for row in counted.annotate(
        raised=Count("pk"),
        on_time=Count("pk", filter=closed & Q(closed_at__lte=F("due_at"))),
        late=Count("pk", filter=closed & Q(closed_at__gt=F("due_at"))),
        still_open=Count("pk", filter=waiting),
        overdue=Count("pk", filter=waiting & Q(due_at__lt=now)),
    ):
        _add(groups, row)
    done = _key(rows.filter(closed).exclude(status="cancelled"), by, path)
    for key, median in _median_times(done):
        groups[key].median_time = median
    for key, amount in _amounts(done):
        groups[key].amount = amount
    return sorted(groups.values(), key=lambda group: (-group.raised, str(group.key)))


def _raised_in(rows: QuerySet[WorkOrder], span: Span) -> QuerySet[WorkOrder]:
    first, end = span.moments
    return rows.filter(raised_at__gte=first, raised_at__lt=end)


def _median_times(done: Any) -> list[tuple[Any, timedelta]]:
    """The middle of the times from raised to done of each group; of an even number the mean of the middle two."""
    wanted: dict[Any, list[timedelta]] = defaultdict(list)
    taken = ExpressionWrapper(F("closed_at") - F("raised_at"), DurationField())
    numbered = done.annotate(
        taken=taken,
        nth=Window(RowNumber(), partition_by=F("key"), order_by=[taken.asc(), F("id").asc()]),
        held=Window(Count("pk"), partition_by=F("key")),
    )
    middle = numbered.filter(nth__gte=F("held") / 2.0, nth__lte=F("held") / 2.0 + 1)
    for key, time in middle.values_list("key", "taken"):
        wanted[key].append(time)
    return [(key, sum(times, timedelta()) / len(times)) for key, times in wanted.items()]


def _amounts(done: Any) -> list[tuple[Any, Decimal]]:
    """The sum of the readings of each group, of kinds whose readings add up; what was corrected does not count."""
    summed = [kind.code for kind in kinds().values() if kind.reading and kind.reading.summed]
    rows = done.filter(kind__in=summed, entries__reading__isnull=False, entries__correction=None)
    return [
        (row["key"], row["amount"]) for row in rows.values("key").order_by().annotate(amount=Sum("entries__reading"))
    ]


# --- rounds -------------------------------------------------------------------------------------------------------


def rounds(actor: Actor, *, stopped: bool = False) -> QuerySet[Round]:
    """Rounds planned at the actor's desks, those in force or those stopped."""
    rows = Round.objects.visible_to(actor).filter(stopped_at__isnull=not stopped)
    return rows.select_related("organisation").annotate(site_count=Count("sites")).order_by("-planned_at")


def rounds_on(actor: Actor, day: date) -> dict[UUID, Any]:
    """How the orders that the rounds raised for a day went so far: raised, done, late."""
    first, end = Span(day, day).moments
    rows = WorkOrder.objects.filter(
        round__in=Round.objects.visible_to(actor).values("pk"), raised_at__gte=first, raised_at__lt=end
    ).exclude(status="cancelled")
    counted = rows.values("round").annotate(
        raised=Count("pk"),
        done=Count("pk", filter=Q(closed_at__isnull=False)),
        late=Count("pk", filter=Q(closed_at=None, due_at__lt=clock.now()) | Q(closed_at__gt=F("due_at"))),
    )
    return {row["round"]: row for row in counted}


def round_day(planned: Round, day: date) -> list[tuple[Site, list[WorkOrder | None]]]:
    """For each site of a round its orders of a day by the hours of the round; None where none was raised."""
    first, end = Span(day, day).moments
    orders: dict[UUID, dict[str, WorkOrder]] = defaultdict(dict)
    for row in planned.orders.filter(raised_at__gte=first, raised_at__lt=end).select_related("closed_by"):
        orders[row.subject_id][f"{timezone.localtime(row.raised_at):%H:%M}"] = row
    return [
        (site, [orders[site.pk].get(hour) for hour in planned.times]) for site in planned.sites.order_by("path", "name")
    ]
