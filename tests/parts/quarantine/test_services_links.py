"""Personal links: what they may do, when they end, and how guessing is slowed."""

from datetime import date, timedelta

import pytest

from lianfang.kernel import clock
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.quarantine import rules, services
from lianfang.quarantine.models import CheckIn, Need, PersonalLink, Stay, WrongTries
from lianfang.quarantine.services import NewCheck, NewEntry, NewNeed
from lianfang.workorders.models import WorkOrder
from tests.parts.quarantine.conftest import at

pytestmark = pytest.mark.django_db

PHONE, ATTACKER = "10.0.0.7", "203.0.113.9"


@pytest.fixture
def stay(place):
    stay = place.stay(last_on=date(2020, 1, 26))
    return services.enter(NewEntry(stay.pk, "arrival", site_id=place.site.pk), place.coordinator)


def code(attempt):
    with pytest.raises(Refused) as no:
        attempt()
    return no.value.refusals[0].code


def test_a_link_shows_the_day_of_release_and_the_form_and_nothing_else(place, stay):
    _link, token = services.make_link(stay.pk, place.coordinator)
    page = services.link_page(token, PHONE)
    assert page.release_on == date(2020, 2, 9)
    assert set(page.__dataclass_fields__) == {"release_on", "told_by", "symptoms", "fever_from", "expires_at", "phone"}
    assert not any(str(stay.pk) in str(value) or "李" in str(value) for value in vars(page).values())


def test_a_token_is_long_and_only_its_digest_is_kept(place, stay):
    link, token = services.make_link(stay.pk, place.coordinator)
    assert len(token) * 6 >= 128  # six bits a character
    assert token.encode() not in bytes(PersonalLink.objects.get(pk=link.pk).digest)
    told = [str(event.details) for event in Event.objects.all()]
    assert not any(token in details for details in told)


def test_a_check_in_and_a_need_come_through_a_link_for_its_own_stay_alone(place, stay):
    other = place.stay(place.person("王芳"), last_on=date(2020, 1, 26))
    _link, token = services.make_link(stay.pk, place.coordinator, told_by="family")
    found = services.check_in_by_link(token, NewCheck(other.pk, 36.6, told_by="coordinator"), PHONE)
    assert (found.checkin.stay_id, found.checkin.told_by, found.checkin.by_id, found.checkin.channel) == (
        stay.pk, "family", None, "link",
    )  # fmt: skip
    need = services.ask_by_link(token, NewNeed("medicine", "降压药", other.pk), PHONE)
    assert need.stay_id == stay.pk
    assert WorkOrder.objects.unfinished().filter(subject_id=need.pk, kind="bring_medicine").exists()


def test_a_check_in_sent_again_by_a_phone_is_written_once(place, stay):
    _link, token = services.make_link(stay.pk, place.coordinator)
    told = NewCheck(temperature=36.6)
    services.check_in_by_link(token, told, PHONE)
    services.check_in_by_link(token, told, PHONE)
    assert CheckIn.objects.count() == 1
    assert (
        code(lambda: services.check_in_by_link(token, NewCheck(temperature=38.0, id=told.id), PHONE))
        == "kernel.id_conflict"
    )


def test_fever_through_a_link_is_notified_by_the_platform(place, stay):
    _link, token = services.make_link(stay.pk, place.coordinator)
    found = services.check_in_by_link(token, NewCheck(temperature=38.2), PHONE)
    assert found.case is not None
    assert found.case.recorded_by_id is None
    assert Stay.objects.get(pk=stay.pk).case_id == found.case.pk


def test_a_link_ends_when_revoked_when_its_time_is_over_and_with_the_stay(place, stay):
    revoked, first = services.make_link(stay.pk, place.coordinator)
    _expired, second = services.make_link(stay.pk, place.coordinator, days=1)
    _ended, third = services.make_link(stay.pk, place.coordinator, days=21)
    services.revoke_link(revoked.pk, place.coordinator)
    for attempt in (
        lambda: services.link_page(first, PHONE),
        lambda: services.check_in_by_link(first, NewCheck(temperature=36.5), PHONE),
        lambda: services.ask_by_link(first, NewNeed("food"), PHONE),
    ):
        assert code(attempt) == "personal_link.ended"
    with clock.at(clock.now() + timedelta(days=1)):
        assert code(lambda: services.link_page(second, PHONE)) == "personal_link.ended"
        services.end_early(stay.pk, "legally_ended", place.coordinator)
        assert code(lambda: services.link_page(third, PHONE)) == "personal_link.ended"
    assert not CheckIn.objects.exists()
    assert not Need.objects.exists()
    assert not WrongTries.objects.exists()  # whoever holds a link that ended has guessed nothing


def test_only_who_manages_the_stay_makes_and_revokes_links_and_not_for_ever(place, stay):
    assert code(lambda: services.make_link(stay.pk, place.grid)) == "kernel.not_found"
    assert code(lambda: services.make_link(stay.pk, place.coordinator, days=22)) == "personal_link.days"
    link, _token = services.make_link(stay.pk, place.coordinator)
    assert code(lambda: services.revoke_link(link.pk, place.world.actor("xihu"))) == "kernel.not_found"


def test_a_hundred_wrong_tries_are_slowed_and_logged(place, stay):
    _link, token = services.make_link(stay.pk, place.coordinator)
    answers, start = [], at("2020-01-28")
    for number in range(100):
        with clock.at(start + timedelta(seconds=number)):
            answers.append(code(lambda n=number: services.link_page(f"guess-{n}", ATTACKER)))
    looked_up = answers.count("personal_link.unknown")
    assert answers[: rules.FREE_TRIES] == ["personal_link.unknown"] * rules.FREE_TRIES
    assert looked_up <= rules.FREE_TRIES + 7  # waits of 2, 4, 8, … seconds lie between the others
    logged = Event.objects.filter(kind="personal_link.wrong").order_by("at", "id")
    assert [event.details["count"] for event in logged] == list(range(1, looked_up + 1))
    counted = WrongTries.objects.get()
    assert sum(event.details["refused"] for event in logged) + counted.turned_away == 100 - looked_up
    with clock.at(start + timedelta(seconds=100)):
        assert code(lambda: services.link_page(token, ATTACKER)) == "personal_link.too_many_tries"
        assert services.link_page(token, PHONE)  # others are not kept waiting
    with clock.at(start + timedelta(hours=2)):
        assert services.link_page(token, ATTACKER)
        assert code(lambda: services.link_page("guess", ATTACKER)) == "personal_link.unknown"
        assert WrongTries.objects.get().count == 1


def test_no_address_stands_in_the_open(place, stay):
    code(lambda: services.link_page("guess", ATTACKER))
    assert ATTACKER not in str([bytes(row.address) for row in WrongTries.objects.all()])
    assert not any(ATTACKER in str(event.details) for event in Event.objects.all())
