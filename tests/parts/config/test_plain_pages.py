"""What somebody reads who was refused, lost, or waited too long: in their language, with a way on, and nothing of the machine."""

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db
LANGUAGES = pytest.mark.parametrize(
    ("language", "words"),
    [("zh-hans", ("用户名或密码不正确", "未能发送", "疫情通报")), ("en", ("user name or the password", "was not sent", "bulletins"))],
)  # fmt: skip


def browser(language, **options):
    client = Client(**options)
    client.cookies["django_language"] = language
    return client


@LANGUAGES
def test_a_wrong_password_is_told_in_the_readers_words(language, words):
    answer = browser(language).post(reverse("login"), {"username": "nobody", "password": "wrong"})
    page = answer.content.decode()
    assert words[0] in page
    assert "username和" not in page


@LANGUAGES
def test_a_form_that_waited_too_long_says_what_became_of_it(language, words):
    answer = browser(language, enforce_csrf_checks=True).post(reverse("login"), {"username": "x", "password": "y"})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert words[1] in page
    assert "DEBUG" not in page
    assert "CSRF" not in page


@LANGUAGES
def test_the_public_is_not_told_of_posts(language, words):
    answer = browser(language).get("/bulletins/330000/2020-01-01/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert words[2] in page
    assert reverse("bulletins") in page
    assert "岗位" not in page
    assert "posts" not in page


def test_what_is_not_open_is_said_once(client, world):
    client.force_login(world.users["lucheng"])
    page = client.get(reverse("account-list"), headers={"Accept-Language": "en"}).content.decode()
    assert page.count("Your posts do not") == 1
