"""The page behind a personal link: what it shows, what it never shows, and that it is light and leaves nothing behind."""

import logging
import re
import sys
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from lianfang.config.logs import WithoutTokens
from lianfang.kernel import clock
from lianfang.quarantine import services
from lianfang.quarantine.models import CheckIn, Need
from lianfang.surveillance.models import Case

LIGHT = 60_000  # bytes, the page with its stylesheet and its picture


@pytest.fixture
def stay(place):
    found = place.stay(place.person(phone="13912345678", id_number="", address="解放路9号"), last_on=date(2020, 1, 26))
    return services.enter(services.NewEntry(found.pk, "arrival", site_id=place.site.pk), place.coordinator)


@pytest.fixture
def address(place, stay):
    _link, token = services.make_link(stay.pk, place.coordinator)
    return reverse("personal", args=[token])


def text(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def send(browser: Client, address: str, given: dict):
    """Send the form the way a browser does."""
    return browser.post(address, urlencode(given, doseq=True), content_type="application/x-www-form-urlencoded")


def form_of(response) -> dict[str, str]:
    return {"id": re.search(r'name="id" value="([0-9a-f-]+)"', response.content.decode())[1]}


def test_it_shows_the_form_and_the_last_day_in_both_languages_and_no_name(address):
    chinese, english = Client().get(address), Client().get(address, {"lang": "en"})
    assert "2020年2月9日" in text(chinese)
    assert "9 February 2020" in text(english)
    assert chinese["Content-Language"] == "zh-hans"
    assert english["Content-Language"] == "en"
    for page in (text(chinese), text(english)):
        for never in ("李", "13912345678", "解放路", "江心", "covid"):
            assert never not in page


def test_it_says_whom_to_ring_where_that_is_known(place, address):
    assert "tel:0577" not in text(Client().get(address))
    place.site.phone = "0577-00000101"
    place.site.save()
    page = Client().get(address)
    assert "tel:0577-00000101" in text(page)
    assert "tel:0577-00000101" in text(send(Client(), address, form_of(page) | {"temperature": "38"}))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_whole_page_weighs_less_than_60_kb_and_needs_no_script(address, language):
    page = Client().get(address, {"lang": language}).content
    linked = re.findall(r'(?:href|src)="/static/([^"]+)"', page.decode())
    assert sorted(linked) == ["console/mark.svg", "quarantine/personal.css"]
    weight = len(page) + sum(len(Path(finders.find(name)).read_bytes()) for name in linked)
    assert weight < LIGHT
    assert b"<script" not in page


def test_it_leaks_its_address_to_nobody_and_is_kept_nowhere(address):
    answer = Client().get(address)
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert "noindex" in answer["X-Robots-Tag"]
    assert not answer.cookies
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.findall(r'(?:href|src)="(?:https?:)?//', answer.content.decode())


def test_a_check_in_is_received_at_an_hour_and_a_second_tap_sends_nothing_more(address):
    browser = Client(enforce_csrf_checks=True)
    sent = form_of(browser.get(address)) | {"temperature": "36.4", "words": "睡得好"}
    first, second = send(browser, address + "?lang=en", sent), send(browser, address + "?lang=en", sent)
    assert "Received at 09:00" in text(first)
    assert "Received at 09:00" in text(second)
    assert "睡得好" not in text(first)
    row = CheckIn.objects.get()
    assert (str(row.temperature), row.words, row.told_by, row.by_id) == ("36.4", "睡得好", "self", None)


@pytest.mark.parametrize("written", ["36.5", "36,5", "36。5", "３６．５", "36.5℃", "36.5 °C", "36度5", " 36.5 "])
def test_a_temperature_may_be_written_as_phones_write_it(address, written):
    browser = Client()
    assert "09:00" in text(send(browser, address, form_of(browser.get(address)) | {"temperature": written}))
    assert str(CheckIn.objects.get().temperature) == "36.5"


@pytest.mark.parametrize("written", ["365", "98.6", "NaN", "1e400", "abc", "-36.5", "3 6"])
def test_what_cannot_be_a_temperature_is_asked_again_and_nothing_typed_is_lost(address, written):
    browser = Client()
    answer = send(
        browser, address + "?lang=en", form_of(browser.get(address)) | {"temperature": written, "words": "tired"}
    )
    assert answer.status_code == 422
    assert "tired" in text(answer)
    assert CheckIn.objects.count() == 0


def test_sent_again_with_something_changed_it_is_one_more_check_in(address):
    browser = Client()
    sent = form_of(browser.get(address))
    for written in ("36.4", "36.6", "36.6"):
        assert send(browser, address, sent | {"temperature": written}).status_code == 200
    assert sorted(str(row.temperature) for row in CheckIn.objects.all()) == ["36.4", "36.6"]


def test_fever_says_in_plain_words_what_happens_next_and_it_happens(address, settings):
    browser = Client()
    page = text(send(browser, address + "?lang=en", form_of(browser.get(address)) | {"temperature": "37.3"}))
    assert "Stay in your room" in page
    assert f'href="tel:{settings.EMERGENCY_NUMBER}"' in page
    assert f'href="tel:{settings.HELP_NUMBER}"' in page
    assert Case.objects.count() == 1


def test_needs_are_asked_from_the_same_page_once(address):
    browser = Client()
    sent = form_of(browser.get(address)) | {"needs": ["food", "psychological"], "need_words": "米"}
    for _again in range(2):
        assert "心理支持" in text(send(browser, address, sent))
    assert sorted(Need.objects.values_list("kind", flat=True)) == ["food", "psychological"]
    assert CheckIn.objects.count() == 0  # nothing was said of health


def test_wrong_ended_and_revoked_links_get_the_same_answer(place, stay, address):
    browser = Client()
    gone, token = services.make_link(stay.pk, place.coordinator)
    services.revoke_link(gone.pk, place.coordinator)
    revoked = browser.get(reverse("personal", args=[token]))
    wrong = browser.get(reverse("personal", args=["x" * 43]))
    with clock.at(clock.now() + timedelta(days=30)):
        ended = browser.get(address)
    assert revoked.status_code == wrong.status_code == ended.status_code == 404
    assert revoked.content == wrong.content == ended.content
    posted = send(browser, reverse("personal", args=[token]), {"temperature": "36.5"})
    assert (posted.status_code, posted.content) == (404, revoked.content)
    assert CheckIn.objects.count() == 0


def test_whoever_guesses_is_slowed_and_gets_no_other_answer(address):
    guesser = Client(REMOTE_ADDR="203.0.113.9")
    wrong = guesser.get(reverse("personal", args=["y" * 43])).content
    for n in range(100):
        guesser.get(reverse("personal", args=[f"{n:043}"]))
    held = guesser.get(address)
    assert held.status_code == 404
    assert held.content == wrong
    assert Client(REMOTE_ADDR="198.51.100.7").get(address).status_code == 200  # nobody else waits


def test_behind_the_proxy_the_address_that_the_proxy_saw_counts(address, settings):
    settings.HTTPS = True
    guesser = Client(HTTP_X_FORWARDED_FOR="198.51.100.7, 203.0.113.9", HTTP_X_FORWARDED_PROTO="https")
    for n in range(20):
        guesser.get(reverse("personal", args=[f"{n:043}"]))
    assert guesser.get(address).status_code == 404
    other = Client(HTTP_X_FORWARDED_FOR="203.0.113.9, 198.51.100.7", HTTP_X_FORWARDED_PROTO="https")
    assert other.get(address).status_code == 200


def test_a_file_or_another_kind_of_content_is_not_read(address):
    browser = Client()
    sent = form_of(browser.get(address)) | {"temperature": "36.5"}
    assert browser.post(address, sent).status_code == 422  # multipart, which could carry files
    assert browser.post(address, sent, content_type="application/json").status_code == 422
    assert CheckIn.objects.count() == 0


def test_no_log_holds_a_token(address, settings):
    token = address.split("/")[2]
    for words, values in (
        ("Not Found: %s", (address,)),
        (f"GET {address}?lang=en 500", ()),
        ("%(path)s", ({"path": address},)),
    ):
        record = logging.LogRecord("django.request", logging.WARNING, "", 1, words, values, None)
        assert WithoutTokens().filter(record)
        assert token not in record.getMessage()
        assert "/c/…/" in record.getMessage()
    try:
        raise ValueError(address)
    except ValueError:
        record = logging.LogRecord("django.request", logging.ERROR, "", 1, "x", (), sys.exc_info())
    assert WithoutTokens().filter(record)
    assert token not in logging.Formatter().format(record)
    assert all("without_tokens" in handler["filters"] for handler in settings.LOGGING["handlers"].values())
