from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lianfang.kernel import clock, ids
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.workorders import selectors, services
from lianfang.workorders.models import WorkOrder
from lianfang.workorders.rules import HalfRight, kinds, late, moves_of, read_kinds, time_left

MORNING = datetime(2020, 1, 27, 1, 0, tzinfo=UTC)


def raised(world, kind="review_report", area="330302", at=MORNING, **about):
    with clock.at(at):
        return services.raise_order(
            kind, by=world.actor("lucheng"), subject_id=ids.new_id(), path=world.area(area).path, **about
        )


def moved(world, order, name, who="lucheng", after=timedelta(), **more):
    with clock.at(order.raised_at + after):
        return services.move(order.pk, name, world.actor(who), **more)


def test_time_left_runs_out_and_stops_when_the_order_is_closed(world):
    order = raised(world)
    assert time_left(order.due_at, MORNING + timedelta(minutes=30)) == timedelta(minutes=90)
    assert late(order, MORNING + timedelta(hours=3))
    done = moved(world, order, "complete", after=timedelta(hours=1))
    assert not late(done, MORNING + timedelta(days=30))


def test_an_order_is_accepted_given_back_and_done_each_with_its_event(world):
    order = raised(world)
    assert moved(world, order, "accept").assignee == world.users["lucheng"]
    assert moved(world, order, "give_back").assignee is None
    assert moved(world, order, "complete").closed_by == world.users["lucheng"]
    kinds_left = Event.objects.filter(subject_id=order.pk).order_by("id").values_list("kind", flat=True)
    assert list(kinds_left) == ["order.raised", "order.accepted", "order.given_back", "order.done"]


def test_a_closed_order_is_never_moved_again_and_says_so(world):
    order = raised(world)
    moved(world, order, "cancel", note="reported twice")
    with pytest.raises(Refused) as no:
        moved(world, order, "complete")
    assert no.value.refusals[0].code == "kernel.wrong_state"


@pytest.mark.parametrize("who", ["xihu", "doctor", "signatory", "auditor"])
def test_nobody_moves_an_order_of_another_desk(world, who):
    order = raised(world)
    with pytest.raises(Refused):
        moved(world, order, "complete", who)
    assert WorkOrder.objects.get(pk=order.pk).status == "open"


def page(world, who, view="desk", **narrowed):
    found, _more = selectors.inbox_page(world.actor(who), selectors.Wanted(view, **narrowed))
    return found


def test_the_inbox_shows_the_most_urgent_of_ones_own_areas_first(world):
    later = raised(world, at=MORNING + timedelta(hours=1))
    first = raised(world)
    elsewhere = raised(world, area="330106")
    assert page(world, "lucheng") == [first, later]
    assert elsewhere in page(world, "zhejiang")
    with clock.at(first.due_at + timedelta(minutes=1)):
        assert page(world, "lucheng", "late") == [first]


def test_the_statistics_count_each_kind_and_give_the_middle_time(world):
    for hours in (1, 1.5, 4):
        moved(world, raised(world), "complete", after=timedelta(hours=hours))
    raised(world)
    moved(world, raised(world), "cancel", note="reported twice")
    raised(world, area="330106")

    def counted():
        with clock.at(MORNING + timedelta(hours=5)):
            span = selectors.Span(clock.today(), clock.today())
            [group] = selectors.statistics(world.actor("lucheng"), world.area("330302").path, "kind", span)
            return group

    group = counted()
    assert (group.key, group.raised, group.on_time, group.late, group.still_open, group.overdue) == (
        "review_report", 4, 2, 1, 1, 1,
    )  # fmt: skip
    assert group.median_time == timedelta(hours=1.5)
    moved(world, raised(world), "complete", after=timedelta(hours=2))
    assert counted().median_time == timedelta(hours=1.75)


def test_the_inbox_page_moves_an_order_and_shows_why_a_button_is_grey(world, client):
    order = raised(world)
    client.force_login(world.users["lucheng"], backend="django.contrib.auth.backends.ModelBackend")
    assert kinds()[order.kind].label["zh"] in client.get("/orders/").content.decode()
    assert client.post(f"/orders/{order.pk}/accept/", {"view": "desk"}).status_code == 302
    assert WorkOrder.objects.get(pk=order.pk).status == "accepted"
    client.force_login(world.users["xihu"], backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"/orders/{order.pk}/complete/").status_code == 404


def test_half_right_kinds_are_refused_by_name(tmp_path: Path):
    file = tmp_path / "kinds.toml"
    file.write_text(
        '[visit]\nlabel = { zh = "走访" }\nsubject = "case"\nminutes = 5\npermission = "order.do"\ndue = 3\n'
    )
    with pytest.raises(HalfRight) as no:
        read_kinds(file)
    assert "[visit]" in str(no.value)
    assert "due" in str(no.value)


def test_every_move_of_the_table_is_offered_or_refused(world):
    order = raised(world)
    names = [name for name, _words, _no in selectors.open_moves(order, world.actor("lucheng"))]
    assert names == [move.name for move in moves_of(kinds()[order.kind]) if "open" in move.sources]
    assert "complete" in names
    assert "verify" not in names
