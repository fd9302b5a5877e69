"""Rounds raise an order for each site at each hour: once, also after standing still, while the site is used."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianfang.kernel import clock
from lianfang.kernel.refusals import Refused
from lianfang.workorders import jobs, selectors, services
from lianfang.workorders.models import Round, WorkOrder
from lianfang.workorders.rules import hours_of, slots
from tests.parts.workorders.desks import MORNING, moved, staffed

CHINA = ZoneInfo("Asia/Shanghai")
HOURS = [time(8), time(14), time(20)]


@pytest.fixture
def town(world):
    return staffed(world)


def planned(town, at=MORNING, by="lucheng", **about):
    with clock.at(at):
        return services.plan_round(
            "disinfect_site",
            "市场消毒",
            town.sites,
            HOURS,
            town.actor(by),
            **{"area": town.area("330302"), "starts_on": date(2020, 1, 27), **about},
        )


def at_hour(day, hour):
    return datetime(2020, 1, day, hour, tzinfo=CHINA)


def job(day, hour, minute=1):
    with clock.at(at_hour(day, hour) + timedelta(minutes=minute)):
        return jobs.raise_rounds()


def test_each_hour_raises_an_order_for_each_site_once(town):
    planned(town)
    assert [job(27, 13), job(27, 14), job(27, 14, 3), job(27, 15), job(27, 20), job(28, 8)] == [0, 2, 0, 0, 2, 2]
    first = WorkOrder.objects.order_by("raised_at").first()
    assert (first.raised_at, first.due_at - first.raised_at) == (at_hour(27, 14), timedelta(minutes=180))
    assert {order.path for order in WorkOrder.objects.all()} == {site.path for site in town.sites}


def test_nothing_is_lost_or_doubled_while_the_platform_stood_still(town):
    planned(town)
    assert job(30, 9) == 2 * (2 + 3 + 3 + 1)  # two hours were left of the first day
    assert job(30, 9, 30) == 0
    with clock.at(at_hour(30, 9)):
        assert selectors.board(town.actor("lucheng"), town.area("330302").path, "kind", since=MORNING)[0].late == 16


def test_an_order_that_stands_already_is_never_raised_again(town):
    """Should the memory of a round be set back, its orders have the same ids: the database refuses the second."""
    round_ = planned(town)
    job(27, 14)
    Round.objects.filter(pk=round_.pk).update(raised_until=MORNING)
    with pytest.raises(Exception, match=r"(?i)unique"):
        job(27, 15)


def test_a_round_ends_with_its_last_day_and_when_it_is_stopped(town):
    planned(town, ends_on=date(2020, 1, 27))
    assert job(31, 9) == 4
    other = planned(town, at=at_hour(31, 9))
    with clock.at(at_hour(31, 10)):
        services.stop_round(other.pk, town.actor("lucheng"))
        with pytest.raises(Refused) as no:
            services.stop_round(other.pk, town.actor("lucheng"))
    assert no.value.refusals[0].code == "round.stopped"
    assert job(31, 21) == 0


def test_a_site_that_is_closed_is_left_out(town):
    planned(town)
    town.sites[0].closed_on = date(2020, 1, 28)
    town.sites[0].save()
    assert job(29, 23) == 2 + 2 + 1 * 3 + 1 * 3


def test_the_round_shows_what_was_done_of_a_day(town):
    round_ = planned(town)
    job(27, 20)
    done = WorkOrder.objects.filter(subject_id=town.sites[0].pk).order_by("raised_at").first()
    moved(town, done, "complete", after=timedelta(hours=6), proof=services.Proof(reading=500))
    sites = dict(selectors.round_day(round_, date(2020, 1, 27)))
    assert [order is None for order in sites[town.sites[0]]] == [True, False, False]
    with clock.at(at_hour(27, 21)):
        assert selectors.rounds_on(town.actor("lucheng"), date(2020, 1, 27))[round_.pk] | {"round": 0} == {
            "round": 0, "raised": 4, "done": 1, "late": 1,
        }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ends_on": date(2020, 1, 26)}, "round.span_reversed"),
        ({"by": "crew"}, "kernel.not_permitted"),
        ({"by": "xihu"}, "kernel.not_permitted"),
    ],
)
def test_a_round_that_cannot_be_is_refused_in_words(town, change, code):
    with pytest.raises(Refused) as no:
        planned(town, **change)
    assert no.value.refusals[0].code == code
    assert not Round.objects.exists()


def test_only_kinds_of_sites_that_are_raised_by_hand_make_rounds(town):
    for kind in ("telecom_fault", "review_report", "nothing"):
        with pytest.raises(Refused):
            services.plan_round(
                kind,
                "x",
                town.sites,
                HOURS,
                town.actor("lucheng"),
                area=town.area("330302"),
                starts_on=date(2020, 1, 27),
            )


def test_hours_are_read_as_people_write_them():
    assert hours_of("8:00， 20:00、14:00 8:00") == HOURS
    for text in ("", "25:00", "noon", "08:00 noon"):
        assert not isinstance(hours_of(text), list)


moments = st.integers(0, 31 * 24 * 60).map(
    lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@given(
    st.lists(st.times().map(lambda at: at.replace(second=0, microsecond=0)), min_size=1, max_size=5, unique=True),
    st.lists(moments, min_size=2, max_size=8).map(sorted),
)
def test_however_often_one_looks_the_moments_are_those_of_looking_once(hours, looks):
    first, last = date(2020, 1, 5), date(2020, 1, 20)
    once = slots(hours, first, last, looks[0], looks[-1], CHINA)
    often = [
        moment
        for before, after in zip(looks, looks[1:], strict=False)
        for moment in slots(hours, first, last, before, after, CHINA)
    ]
    assert often == once
    days = {first + timedelta(days=n) for n in range(16)}
    every = sorted(datetime.combine(day, hour, tzinfo=CHINA) for day in days for hour in hours)
    assert once == [moment for moment in every if looks[0] < moment <= looks[-1]]
