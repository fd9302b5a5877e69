"""Whoever guesses passwords is slowed down; a health worker is not shut out of his own hospital by a stranger."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from lianfang.config.guessing import AT_HOME, FOR_ONE_NAME, FROM_ONE_ADDRESS
from lianfang.kernel.models import User
from lianfang.kernel.views import address_of

pytestmark = pytest.mark.django_db
HOSPITAL, ELSEWHERE = "10.20.0.1", "203.0.113.7"
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def doctor():
    return User.objects.create_user("doctor", PASSWORD, display_name="Doctor")


def sign_in(client, name="doctor", password=PASSWORD, address=ELSEWHERE):
    """The status of a try: 302 in, 200 wrong, 429 not even looked at."""
    client.cookies.clear()
    return client.post(reverse("login"), {"username": name, "password": password}, REMOTE_ADDR=address).status_code


def guess(client, times, name="doctor", address=ELSEWHERE):
    return [sign_in(client, name.format(n), "wrong", address.format(n)) for n in range(times)]


def test_five_failures_of_a_name_at_an_address_end_its_tries_there_for_a_quarter_hour(client):
    assert guess(client, 5) == [200] * 4 + [429]
    assert sign_in(client) == 429
    assert sign_in(client, address=HOSPITAL) == 302
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert sign_in(client) == 302


def test_many_names_from_one_address_are_slowed(client):
    assert guess(client, FROM_ONE_ADDRESS, name="name{}")[-2:] == [200, 429]
    assert sign_in(client) == 429, "right or wrong, nobody new signs in from there"
    assert sign_in(client, address=HOSPITAL) == 302


def test_many_addresses_on_one_name_are_slowed(client):
    assert guess(client, FOR_ONE_NAME, address="203.0.113.{}")[-2:] == [200, 429]
    assert sign_in(client, address="198.51.100.1") == 429


def test_a_stranger_shuts_nobody_out_of_his_own_hospital(client):
    assert sign_in(client, address=HOSPITAL) == 302
    guess(client, FOR_ONE_NAME, address="203.0.113.{}")
    assert sign_in(client, address="198.51.100.1") == 429
    assert sign_in(client, address=HOSPITAL) == 302


def test_what_others_fail_at_in_the_same_hospital_shuts_out_only_who_is_new_there(client):
    assert sign_in(client, address=HOSPITAL) == 302
    User.objects.create_user("newcomer", PASSWORD, display_name="Newcomer")
    guess(client, FROM_ONE_ADDRESS, name="name{}", address=HOSPITAL)
    assert sign_in(client, "newcomer", address=HOSPITAL) == 429
    assert sign_in(client, address=HOSPITAL) == 302


def test_even_at_home_an_address_has_a_limit(client):
    names = [f"colleague{n}" for n in range(AT_HOME // 4 + 1)]
    now = timezone.now()
    AccessLog.objects.bulk_create(
        AccessLog(username=name, ip_address=HOSPITAL, attempt_time=now) for name in [*names, "doctor"]
    )
    tried = [sign_in(client, name, "wrong", HOSPITAL) for name in names for _ in range(4)]
    assert tried[: AT_HOME - 1] == [200] * (AT_HOME - 1)
    assert set(tried[AT_HOME:]) == {429}
    assert sign_in(client, address=HOSPITAL) == 429


def test_tries_while_the_door_is_shut_do_not_keep_it_shut(client):
    guess(client, 5)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    assert sign_in(client) == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert sign_in(client) == 302


@pytest.mark.parametrize(
    ("https", "seen", "forwarded", "address"),
    [
        (False, "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        (True, "127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (False, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"),
        (True, "127.0.0.1", "nonsense", "::"),
    ],
)
def test_the_address_is_the_clients_behind_our_proxy_and_the_network_of_ipv6(
    rf, settings, https, seen, forwarded, address
):
    settings.HTTPS = https
    extra = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert address_of(rf.get("/", REMOTE_ADDR=seen, **extra)) == address


def test_the_settings_bear_the_limit_that_the_tests_speak_of():
    assert (settings.AXES_FAILURE_LIMIT, settings.AXES_COOLOFF_TIME) == (5, 0.25)
