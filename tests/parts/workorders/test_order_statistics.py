"""Board and statistics: the same figures by another way, and the sort of figures that were once reported."""

import csv
import io
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lianfang.kernel import clock, ids
from lianfang.registry.models import Organisation
from lianfang.workorders import selectors, services
from lianfang.workorders.models import OrderEntry, WorkOrder
from lianfang.workorders.rules import kinds
from lianfang.workorders.services import Proof
from tests.parts.workorders.desks import MORNING, moved, raised, staffed

PLACES = ("330300", "330302", "330302001", "330303", "330106")
KINDS = ("telecom_fault", "telecom_lines", "review_report")
drawn_orders = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.sampled_from(PLACES),
        st.booleans(),  # an organisation does it
        st.integers(-50, 50),  # raised so many hours from the morning
        st.one_of(st.none(), st.integers(1, 3000)),  # minutes until it was closed
        st.sampled_from(["done", "reported", "cancelled"]),
        st.one_of(st.none(), st.integers(0, 50)),  # lines
    ),
    max_size=40,
)


@pytest.fixture
def town(world):
    return staffed(world)


def group_of(order, by, path):
    if by == "kind":
        return order.kind
    if by == "desk":
        return order.organisation_id
    head, slash, _rest = order.path[len(path) :].partition("/")
    return head + slash


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=drawn_orders)
@pytest.mark.parametrize("by", selectors.BY)
def test_the_figures_are_those_of_counting_one_by_one(town, by, drawn):
    made, lines = [], {}
    for kind, code, held, hours, closed, status, count in drawn:
        order = services.raised(
            kind,
            subject_id=ids.new_id(),
            path=town.area(code).path,
            raised_at=MORNING + timedelta(hours=hours),
            organisation_id=town.crew.pk if held else None,
        )
        if closed is not None:
            order.status, order.closed_at = status, order.raised_at + timedelta(minutes=closed)
        made.append(order)
        lines[order.pk] = count if kind == "telecom_lines" else None
    path, now = town.area("330300").path, MORNING + timedelta(hours=30)
    raised_here = [order for order in made if order.path.startswith(path)]
    from django.db import transaction

    with transaction.atomic(), clock.at(now):
        WorkOrder.objects.bulk_create(made)
        OrderEntry.objects.bulk_create(
            OrderEntry(order=order, reading=lines[order.pk], observed_at=now, recorded_at=now, channel="web")
            for order in made
            if lines[order.pk] is not None
        )
        span = selectors.Span(clock.local_day(MORNING), clock.today())
        counted = selectors.statistics(town.actor("wenzhou"), path, by, span)
        stands = selectors.board(town.actor("wenzhou"), path, by, since=MORNING)
        transaction.set_rollback(True)
    first, end = span.moments
    groups, now_at = defaultdict(list), defaultdict(list)
    for order in raised_here:
        now_at[group_of(order, by, path)].append(order)
        if first <= order.raised_at < end and order.status != "cancelled":
            groups[group_of(order, by, path)].append(order)
    assert {group.key for group in counted} == groups.keys()
    for group in counted:
        orders = groups[group.key]
        closed = [order for order in orders if order.closed_at]
        assert group.raised == len(orders) == group.on_time + group.late + group.still_open
        assert group.on_time == sum(order.closed_at <= order.due_at for order in closed)
        assert group.overdue == sum(order.closed_at is None and order.due_at < now for order in orders)
        taken = [(order.closed_at - order.raised_at).total_seconds() for order in closed]
        assert group.median_time == (timedelta(seconds=median(taken)) if taken else None)
        read = [lines[order.pk] for order in closed if lines[order.pk] is not None]
        assert group.amount == (sum(read) if read else None)
    waiting = {key: [order for order in orders if order.closed_at is None] for key, orders in now_at.items()}
    board = {group.key: group for group in stands}
    for key, orders in waiting.items():
        late = [order for order in orders if order.due_at < now]
        up = [order for order in late if order.due_at + kinds()[order.kind].escalates < now]
        done = [
            order
            for order in now_at[key]
            if order.closed_at and order.closed_at >= MORNING and order.status != "cancelled"
        ]
        if not orders and not done:
            assert key not in board
            continue
        figures = board[key]
        assert (figures.open, figures.late, figures.escalated, figures.done) == (
            len(orders),
            len(late),
            len(up),
            len(done),
        )
        assert figures.to_verify == sum(order.status == "reported" for order in done)


def test_a_telecom_company_can_report_what_one_reported(town, client):
    """56 faults handled, 890 lines opened, 114 emergency openings: the sort of figures of the founding page."""
    tasks = [("telecom_fault", None)] * 56 + [("telecom_opening", None)] * 114
    tasks += [("telecom_lines", lines) for lines in [20] * 44 + [10]]
    for number, (kind, lines) in enumerate(tasks):
        order = raised(town, kind, organisation_id=town.crew.pk, at=MORNING - timedelta(days=number % 7))
        reading = None if lines is None else Decimal(lines)
        moved(town, order, "complete", "crew", proof=Proof(note="已修复", passed=True, reading=reading))
    client.force_login(town.users["supervisor"], backend="django.contrib.auth.backends.ModelBackend")
    with clock.at(MORNING):
        answer = client.get(f"/orders/statistics.csv?from=2020-01-21&until=2020-01-27&desk={town.crew.pk}")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    found = {row[0]: (int(row[2]) + int(row[3]), row[7]) for row in rows[1:]}
    label = {kind: kinds()[kind].label["zh"] for kind, _lines in tasks}
    assert found[label["telecom_fault"]] == (56, "")
    assert found[label["telecom_opening"]] == (114, "")
    assert found[label["telecom_lines"]] == (45, "890")


def test_a_name_that_is_a_formula_is_defused_in_the_csv(town, client):
    evil = Organisation.objects.create(
        name="=cmd|' /C calc'!A0", kind="enterprise", area=town.area("330302"), path=town.area("330302").path
    )
    raised(town, "telecom_fault", organisation_id=evil.pk)
    client.force_login(town.users["supervisor"], backend="django.contrib.auth.backends.ModelBackend")
    with clock.at(MORNING):
        answer = client.get("/orders/statistics.csv?by=desk")
    [_head, row] = csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")))
    assert row[0] == "'=cmd|' /C calc'!A0"
    assert row[1] == "1"


def test_the_inbox_shows_every_order_once_in_order_whatever_the_page_and_whatever_comes_meanwhile(town):
    """An actor of two desks that lie in one another, deadlines that are equal, pages of three."""
    from lianfang.registry.models import Post

    Post.objects.create(user=town.users["lucheng"], role="epidemiologist", area=town.area("330302001"))
    Post.objects.create(user=town.users["lucheng"], role="crew", organisation=town.crew)
    orders = [
        raised(town, "telecom_fault", "330302001" if n % 2 else "330302", at=MORNING + timedelta(minutes=n // 4),
               organisation_id=town.crew.pk if n % 3 else None)
        for n in range(20)
    ]  # fmt: skip
    actor, seen, after = town.actor("lucheng"), [], None
    while True:
        found, after = selectors.inbox_page(
            actor, selectors.Wanted(after=selectors.read_place(selectors.write_place(after))), 3
        )
        seen += found
        if after is None:
            break
    assert seen == sorted(orders, key=lambda order: (order.due_at, order.pk))
    for order in orders:
        moved(town, order, "complete", proof=Proof(note="x", passed=True))
    seen, after = [], None
    while True:
        found, after = selectors.inbox_page(actor, selectors.Wanted("closed", after=after), 3)
        seen += found
        if after is None:
            break
    assert sorted(seen, key=lambda order: order.pk) == sorted(orders, key=lambda order: order.pk)
