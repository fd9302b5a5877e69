"""An order from desk to desk: assigned, declined, handed over, verified, escalated, followed by the next."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from lianfang.kernel import clock, ids
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.workorders import selectors, services
from lianfang.workorders.models import OrderEntry, WorkOrder
from lianfang.workorders.rules import WORKFLOW, kinds
from lianfang.workorders.services import Proof
from tests.parts.workorders.desks import MORNING, moved, raised, staffed


@pytest.fixture
def town(world):
    return staffed(world)


def refused(code):
    return pytest.raises(Refused, check=lambda no: no.refusals[0].code == code)


def waiting(world, who, view="desk"):
    found, _more = selectors.inbox_page(world.actor(who), selectors.Wanted(view))
    return found


def for_crew(town, kind="telecom_fault"):
    return raised(town, kind, organisation_id=town.crew.pk, place="景山", note="无信号")


def test_a_person_is_assigned_accepts_with_a_promise_and_finds_it_among_the_own(town):
    order = for_crew(town)
    with clock.at(MORNING):
        services.assign(order.pk, town.actor("supervisor"), user_id=town.users["crew"].pk)
    moved(town, order, "accept", "crew", promised_at=MORNING + timedelta(hours=2))
    [mine] = waiting(town, "crew", "mine")
    assert (mine.status, mine.promised_at) == ("accepted", MORNING + timedelta(hours=2))
    with refused("order.promised_in_the_past"):
        moved(town, for_crew(town), "accept", "crew", promised_at=MORNING - timedelta(hours=2))


def test_nobody_is_assigned_whose_posts_do_not_allow_the_work(town):
    order = raised(town, "investigate_case")
    with refused("order.cannot_do"):
        services.assign(order.pk, town.actor("supervisor"), user_id=town.users["doctor"].pk)
    offered = {user.username for user in selectors.could_do(order)}
    assert {"lucheng", "second", "wenzhou"} <= offered
    assert not {"doctor", "crew", "xihu", "supervisor"} & offered
    for user in selectors.could_do(order):
        services.assign(order.pk, town.actor("supervisor"), user_id=user.pk)


def test_who_declines_says_why_and_the_supervisor_gives_it_to_another(town):
    order = for_crew(town)
    with refused("order.reason_missing"):
        moved(town, order, "decline", "crew")
    moved(town, order, "decline", "crew", note="光缆车在修")
    assert [found.pk for found in waiting(town, "supervisor", "declined")] == [order.pk]
    assert OrderEntry.objects.get(order=order).note == "光缆车在修"
    assert services.assign(order.pk, town.actor("supervisor"), user_id=town.users["second"].pk).status == "assigned"


def test_a_handed_over_order_stays_with_the_giver_until_it_is_taken(town):
    order = raised(town, "investigate_case")
    services.hand_over(order.pk, town.actor("lucheng"), area=town.area("330106"), note="已迁往西湖")
    assert order in waiting(town, "lucheng")
    assert order in waiting(town, "xihu", "offered")
    assert order not in waiting(town, "xihu")
    with refused("kernel.not_permitted"):
        moved(town, order, "complete", "xihu")  # offered is not taken
    with refused("kernel.not_permitted"):
        moved(town, order, "take_over", "second")
    taken = moved(town, order, "take_over", "xihu")
    assert (taken.path, taken.status, taken.offered_path) == (town.area("330106").path, "open", "")
    assert order in waiting(town, "xihu")
    assert order not in waiting(town, "lucheng")
    with refused("kernel.not_found"):
        moved(town, order, "complete", "lucheng")


def test_what_is_turned_down_or_kept_is_open_where_it_was(town):
    order = raised(town, "investigate_case")
    for name, who in (("turn_down", "xihu"), ("keep", "lucheng")):
        services.hand_over(order.pk, town.actor("lucheng"), area=town.area("330106"))
        moved(town, order, name, who, note="查无此人")
        order.refresh_from_db()
        assert (order.status, order.path, order.offered_path) == ("open", town.area("330302").path, "")
        assert order not in waiting(town, "xihu", "offered")
    services.hand_over(order.pk, town.actor("lucheng"), area=town.area("330106"))
    assert moved(town, order, "complete").status == "done"  # the giver may still do it


def test_an_order_offered_to_an_organisation_is_seen_there_and_stays_in_its_area(town):
    order = raised(town, "telecom_fault", note="断网")
    services.hand_over(order.pk, town.actor("lucheng"), organisation=town.crew)
    assert waiting(town, "crew", "offered") == [order]
    taken = moved(town, order, "take_over", "crew")
    assert (taken.path, taken.organisation) == (town.area("330302").path, town.crew)
    with refused("order.already_there"):
        services.hand_over(order.pk, town.actor("lucheng"), organisation=town.crew)


def test_what_is_verified_is_reported_first_and_verified_by_somebody_else(town):
    order = raised(town, "power_supply", note="隔离点接电")
    proof = Proof(reading=Decimal(12), photo=b"")
    with refused("order.is_verified"):
        moved(town, order, "complete", proof=proof)
    with refused("order.proof_missing"):
        moved(town, order, "report", proof=proof)
    OrderEntry.objects.create(order=order, photo="f" * 64, observed_at=MORNING, recorded_at=MORNING, channel="web")
    reported = moved(town, order, "report", after=timedelta(hours=1), proof=proof)
    assert reported.closed_at == MORNING + timedelta(hours=1)
    with refused("order.verified_by_another"):
        moved(town, order, "verify")
    again = moved(town, order, "send_back", "second", after=timedelta(hours=2), note="少一间")
    assert (again.status, again.closed_at) == ("open", None)
    moved(town, order, "report", after=timedelta(hours=3), proof=Proof(reading=Decimal(13), corrects=None))
    done = moved(town, order, "verify", "second", after=timedelta(days=3))
    assert (done.status, done.closed_at) == ("done", MORNING + timedelta(hours=3))  # verifying late is not doing late
    [follower] = WorkOrder.objects.filter(kind="power_check")
    assert (follower.subject_id, follower.path, follower.status) == (order.subject_id, order.path, "open")


def test_escalated_follows_from_the_clock_and_is_shown_above(town):
    order = for_crew(town)
    kind = kinds()[order.kind]
    for after, shown in (
        (kind.limit, False),
        (kind.limit + kind.escalates, False),
        (kind.limit + kind.escalates * 1.01, True),
    ):
        with clock.at(MORNING + after):
            assert (order in waiting(town, "wenzhou", "escalated")) is shown
            [group] = selectors.board(town.actor("wenzhou"), town.area("330300").path, "area", since=MORNING)
            assert group.escalated == shown
    columns = {field.name for field in WorkOrder._meta.concrete_fields}
    assert not {"late", "overdue", "escalated"} & columns


def test_closing_for_another_part_raises_what_follows_and_says_whom_it_met(town):
    subject = ids.new_id()
    order = raised(town, "power_supply", subject_id=subject)
    assert services.close_for([subject, ids.new_id()], ["power_supply"], town.actor("lucheng")) == {subject}
    assert services.close_for([subject], ["power_supply"], town.actor("lucheng")) == set()
    assert WorkOrder.objects.get(pk=order.pk).status == "done"
    assert WorkOrder.objects.get(kind="power_check").subject_id == subject


def test_a_step_that_is_sent_again_is_taken_once(town):
    order, proof = raised(town, "telecom_lines"), Proof(reading=Decimal(8), passed=True)
    for _ in range(2):
        assert moved(town, order, "complete", proof=proof).status == "done"
    assert OrderEntry.objects.filter(order=order).count() == 1
    assert Event.objects.filter(subject_id=order.pk, kind="order.done").count() == 1
    with refused("kernel.id_conflict"):
        moved(town, order, "complete", proof=replace(proof, passed=False))


def test_raising_many_leaves_an_event_each(town):
    orders = [
        services.raised("review_report", subject_id=ids.new_id(), path=town.area("330302").path, raised_at=MORNING)
        for _ in range(3)
    ]
    services.raise_many(orders, town.actor("lucheng"))
    assert Event.objects.filter(kind="order.raised", subject_id__in=[order.pk for order in orders]).count() == 3


def test_every_event_of_the_workflow_is_left_by_its_move(town):
    """Walk all moves once, by people who may make them."""
    order = raised(town, "treat_waste", subject_id=town.sites[0].pk)
    OrderEntry.objects.create(order=order, photo="f" * 64, observed_at=MORNING, recorded_at=MORNING, channel="web")
    by = town.actor("lucheng")
    services.assign(order.pk, by, user_id=town.users["second"].pk)
    for name in ("accept", "give_back"):
        moved(town, order, name)
    moved(town, order, "decline", note="x")
    services.assign(order.pk, by, user_id=town.users["second"].pk)
    for name in ("turn_down", "keep", "take_over"):
        services.hand_over(order.pk, by, organisation=town.hospital if name == "take_over" else town.crew)
        moved(town, order, name, {"turn_down": "crew", "keep": "lucheng", "take_over": "doctor"}[name], note="x")
    moved(town, order, "report", proof=Proof(reading=Decimal(1000)))
    moved(town, order, "send_back", "second", note="x")
    moved(town, order, "report", proof=Proof(reading=Decimal(1000)))
    moved(town, order, "verify", "second")
    other = raised(town, "review_report")
    moved(town, other, "complete")
    moved(town, raised(town), "cancel", note="x")
    assert {move.event for move in WORKFLOW.moves} <= set(Event.objects.values_list("kind", flat=True))
