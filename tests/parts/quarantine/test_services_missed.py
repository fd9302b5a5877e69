"""Check-ins that did not come: a call, then a visit; each asked for once, and again the next time."""

from datetime import date

import pytest

from lianfang.kernel import clock
from lianfang.quarantine import jobs, selectors, services
from lianfang.quarantine.models import Stay
from lianfang.quarantine.services import NewCheck, NewEntry
from lianfang.workorders.models import WorkOrder
from lianfang.workorders.services import move
from tests.parts.quarantine.conftest import at

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_home(place):
    stay = place.stay(last_on=date(2020, 1, 26), at_site=False)
    return services.enter(NewEntry(stay.pk, "arrival", area=place.wuma), place.tracer)


def orders(stay, **about):
    return list(
        WorkOrder.objects.filter(subject_id=stay.pk, **about).exclude(kind="take_in_guest").order_by("raised_at", "id")
    )


def round_at(day, hour):
    with clock.at(at(day, hour)):
        return jobs.chase_missed()


def test_nothing_is_asked_before_it_is_owed(at_home):
    assert round_at("2020-01-27", "19:59") == 0
    assert not orders(at_home)


def test_a_missed_check_in_raises_a_call_then_a_visit_each_once(place, at_home):
    assert round_at("2020-01-27", "20:00") == 1
    assert round_at("2020-01-27", "20:01") == 0
    (call,) = orders(at_home)
    assert (call.kind, call.path) == ("call_missed_checkin", place.wuma.path)
    assert round_at("2020-01-27", "21:59") == 0
    assert round_at("2020-01-27", "22:00") == 1
    assert round_at("2020-01-27", "22:05") == 0
    assert [order.kind for order in orders(at_home)] == ["call_missed_checkin", "visit_missed_checkin"]
    with clock.at(at("2020-01-27", "22:10")):
        assert [row.pk for row in selectors.missing(place.grid)] == [at_home.pk]
        services.check_in(NewCheck(at_home.pk, 36.6, told_by="grid_worker"), place.grid)
        assert not selectors.missing(place.grid).exists()
    assert {order.status for order in orders(at_home)} == {"done"}


def test_whoever_answers_by_phone_need_not_be_called_any_more(place, at_home):
    round_at("2020-01-27", "20:00")
    _link, token = services.make_link(at_home.pk, place.tracer)
    with clock.at(at("2020-01-27", "20:30")):
        services.check_in_by_link(token, NewCheck(temperature=36.6), "10.0.0.7")
    assert [order.status for order in orders(at_home)] == ["cancelled"]


def test_a_visit_closed_without_a_check_in_is_asked_for_again_at_the_next_span(place, at_home):
    round_at("2020-01-27", "20:00")
    round_at("2020-01-27", "22:00")
    with clock.at(at("2020-01-27", "22:30")):
        for order in orders(at_home):
            move(order.pk, "complete", place.grid)
    assert round_at("2020-01-28", "09:59") == 0
    assert round_at("2020-01-28", "10:00") == 1
    assert round_at("2020-01-28", "12:00") == 1
    assert [order.kind for order in orders(at_home, closed_at=None)] == ["call_missed_checkin", "visit_missed_checkin"]


def test_a_late_check_in_stands_for_the_span_it_is_late_for(at_home, place):
    with clock.at(at("2020-01-28", "10:40")):
        services.check_in(NewCheck(at_home.pk, 36.6, told_by="grid_worker"), place.grid)
        assert Stay.objects.get(pk=at_home.pk).next_due_at == at("2020-01-28", "20:00")
        assert selectors.history(Stay.objects.get(pk=at_home.pk)).missed == [at("2020-01-27", "20:00")]


def test_nobody_lost_released_or_not_taken_in_is_called(place, at_home):
    expected = place.stay(place.person("王芳"), last_on=date(2020, 1, 26))
    with clock.at(at("2020-01-27", "19:00")):
        services.enter(NewEntry(at_home.pk, "lost"), place.tracer)
    assert round_at("2020-01-28", "10:00") == 0
    assert not orders(expected)


def test_a_round_takes_a_few_queries_for_any_number(place, django_assert_max_num_queries):
    for n in range(8):
        stay = place.stay(place.person(f"客人{n}"), last_on=date(2020, 1, 26))
        services.enter(NewEntry(stay.pk, "arrival", site_id=place.site.pk), place.coordinator)
    with django_assert_max_num_queries(40):
        assert round_at("2020-01-27", "20:00") == 8
