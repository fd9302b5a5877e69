"""Rules of observation on their own: no database, no clock."""

from datetime import UTC, date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from lianfang.quarantine import rules
from lianfang.quarantine.rules import Entry

pytestmark = pytest.mark.pure

ZONE = ZoneInfo("Asia/Shanghai")
TWICE = (time(10), time(20))


def moment(day, hour="09:00"):
    return datetime.fromisoformat(f"2020-{day}T{hour}").replace(tzinfo=ZONE)


def days_of(edition):
    return {"2": 14, "short": 7, "none": None}[edition]


def entry(number, kind, day, **about):
    return Entry(UUID(int=number), kind, moment(day), **about)


def exposure(number, last_on, edition="2", owes=True, **about):
    return entry(
        number, "exposure", "01-27", last_on=date.fromisoformat(f"2020-{last_on}"), owes=owes, edition=edition, **about
    )


@pytest.mark.parametrize(
    ("exposures", "day"),
    [
        ([], None),
        ([("01-26", "2", True)], "02-09"),
        ([("01-26", "2", True), ("01-20", "2", True)], "02-09"),
        ([("01-26", "2", True), ("01-30", "2", False)], "02-09"),
        ([("01-26", "2", True), ("01-30", "short", True)], "02-09"),
        ([("01-26", "none", True)], None),
        ([("02-28", "2", True)], "03-13"),
    ],
)
def test_the_day_of_release(exposures, day):
    entries = [exposure(n, *about) for n, about in enumerate(exposures)]
    wanted = date.fromisoformat(f"2020-{day}") if day else None
    assert rules.state(entries, days_of).release_on == wanted


def test_status_follows_from_where_somebody_was_seen_last():
    ordered, arrival = entry(1, "ordered", "01-26", path="CN/a/"), entry(2, "arrival", "01-27", path="CN/a/b/")
    lost, found = entry(3, "lost", "01-28"), entry(4, "found", "01-29")
    end = entry(5, "end", "01-30", reason="completed")
    steps = [ordered, arrival, lost, found, end]
    seen = [rules.state(steps[:n], days_of).status for n in range(1, 6)]
    assert seen == ["awaited", "observed", "lost", "observed", "released"]
    assert rules.state([ordered, entry(6, "end", "01-27", reason="died")], days_of).status == "ended"
    assert rules.state([ordered, lost, found], days_of).status == "awaited"


def test_the_last_correction_of_an_entry_holds_and_what_is_taken_back_is_gone():
    first = exposure(1, "01-26")
    second = exposure(2, "01-28", corrects=first.id)
    third = exposure(3, "01-27", corrects=second.id)
    assert rules.state([first], days_of).release_on == date(2020, 2, 9)
    assert rules.state([first, second], days_of).release_on == date(2020, 2, 11)
    assert rules.state([third, first, second], days_of).release_on == date(2020, 2, 10)
    gone = exposure(4, "01-27", corrects=first.id, retracted=True)
    assert rules.state([first, second, third, gone], days_of).release_on is None


def test_an_extension_names_its_exposure():
    standing = rules.state([exposure(1, "01-26"), exposure(2, "01-24"), exposure(3, "01-30")], days_of)
    (extension,) = standing.extensions
    assert extension == rules.Extension(UUID(int=3), date(2020, 2, 9), date(2020, 2, 13), date(2020, 1, 30))


@pytest.mark.parametrize(
    ("temperature", "symptoms", "alarming"),
    [
        (37.2, (), False),
        (37.3, (), True),
        (None, (), False),
        (36.5, ("cough",), True),
        (36.5, ("insomnia",), False),
        (None, ("fever",), True),
    ],
)
def test_what_is_alarming(temperature, symptoms, alarming):
    assert bool(rules.alarm(temperature, symptoms, 37.3, ("fever", "cough"))) == alarming


def test_nothing_is_fever_where_the_edition_names_no_temperature():
    assert rules.alarm(41.0, (), None, ()) is None


@pytest.mark.parametrize(
    ("made", "owed"),
    [
        ("08:00", "01-28T10:00"),
        ("10:40", "01-28T10:00"),  # late, for the morning
        ("14:59", "01-28T10:00"),
        ("15:00", "01-28T20:00"),
        ("23:30", "01-28T20:00"),
        ("01:00", "01-27T20:00"),
        ("03:30", "01-28T10:00"),
    ],
)
def test_a_check_in_stands_for_the_nearest_hour(made, owed):
    assert rules.due_of(moment("01-28", made), TWICE, ZONE) == datetime.fromisoformat(f"2020-{owed}").replace(
        tzinfo=ZONE
    )


@pytest.mark.parametrize(
    ("began", "last", "owed"),
    [
        ("01-27 09:00", None, "01-27 20:00"),
        ("01-27 07:00", None, "01-27 10:00"),
        ("01-27 19:00", None, "01-28 10:00"),
        ("01-27 09:00", "01-27 19:00", "01-28 10:00"),
        ("01-27 09:00", "01-28 10:40", "01-28 20:00"),
        ("01-27 09:00", "01-26 19:00", "01-27 20:00"),
    ],
)
def test_when_the_next_check_in_is_owed(began, last, owed):
    began, last, owed = (moment(*text.split()) if text else None for text in (began, last, owed))
    assert rules.next_due(began, last, TWICE, ZONE) == owed
    assert rules.next_due(began.astimezone(UTC), last and last.astimezone(UTC), TWICE, ZONE) == owed


def test_missed_spans_are_those_that_no_check_in_stands_for():
    came = [moment("01-27", "19:00"), moment("01-28", "11:00"), moment("01-29", "21:00")]
    found = rules.missed(moment("01-27"), moment("01-30", "09:00"), came, TWICE, ZONE)
    assert found == [moment("01-28", "20:00"), moment("01-29", "10:00")]


def test_waits_after_wrong_tries_double_and_end_at_five_minutes():
    waits = [rules.wait_after(n).total_seconds() for n in range(3, 20)]
    assert waits[:7] == [0, 0, 0, 2, 4, 8, 16]
    assert max(waits) == 300
    assert rules.wait_after(10**9) == rules.LONGEST_WAIT


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({}, []),
        ({"today": date(2020, 2, 8)}, ["stay.not_yet"]),
        ({"checked_today": False}, ["stay.unchecked_today"]),
        ({"case_open": True, "alarmed_at": moment("02-09", "08:00")}, ["stay.suspected_case_open"]),
        ({"alarmed_at": moment("02-08", "19:00")}, ["stay.alarmed_lately"]),
        ({"alarmed_at": moment("02-01", "19:00")}, []),
    ],
)
def test_why_somebody_may_not_go_home(changed, codes):
    found = rules.state([entry(1, "arrival", "01-27"), exposure(2, "01-26")], days_of)
    about = {
        "today": date(2020, 2, 9),
        "now": moment("02-09"),
        "alarmed_at": None,
        "case_open": False,
        "checked_today": True,
    }
    assert [no.code for no in rules.release_refusals(found, **(about | changed))] == codes


def test_only_somebody_under_observation_with_an_exposure_is_released():
    about = {
        "today": date(2020, 2, 9),
        "now": moment("02-09"),
        "alarmed_at": None,
        "case_open": False,
        "checked_today": True,
    }
    nobody = rules.state([entry(1, "ordered", "01-27"), exposure(2, "01-26")], days_of)
    assert [no.code for no in rules.release_refusals(nobody, **about)] == ["stay.not_observed"]
    traveller = rules.state([entry(1, "arrival", "01-27")], days_of)
    assert [no.code for no in rules.release_refusals(traveller, **about)] == ["stay.no_exposure"]


@pytest.mark.parametrize(
    ("state", "status", "free"),
    [
        (rules.RoomState(2, 0, False), "free", 2),
        (rules.RoomState(2, 1, False), "shared", 1),
        (rules.RoomState(2, 2, False), "full", 0),
        (rules.RoomState(2, 0, True), "undisinfected", 0),
        (rules.RoomState(1, 2, False), "full", 0),
    ],
)
def test_how_a_room_stands(state, status, free):
    assert (state.status, state.free) == (status, free)
    assert bool(rules.room_refusal(state, "301")) == (free == 0)


def test_each_need_goes_somewhere_and_each_status_has_words():
    assert {kind.desk for kind in rules.NEEDS.values()} == {"stay", "home"}
    assert {state.name for state in rules.WORKFLOW.states if not state.final} == set(rules.OPEN)


@pytest.mark.parametrize(
    ("owing", "case", "why"),
    [
        ([], False, "owes_none"),
        ([(date(2020, 1, 26), None)], False, "owes_none"),
        ([(date(2020, 1, 26), 14)], False, "not_taken_in"),
        ([(date(2020, 1, 10), 14)], False, "over"),
        ([(date(2020, 1, 26), 14)], True, "case"),
    ],
)
def test_why_a_contact_has_no_stay(owing, case, why):
    assert rules.why_without_stay(owing, case, date(2020, 1, 27)) == why
    assert why in rules.WITHOUT_STAY


def test_the_difference_between_tracked_and_accounted_for_is_told():
    assert rules.Tracked(5, {"observed": 3, "released": 1}, 1).adds_up
    assert not rules.Tracked(6, {"observed": 3, "released": 1}, 1).adds_up
