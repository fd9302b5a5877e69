"""The tag that keeps what a page is asked while one thing of it changes."""

from django.template import Context, Template
from django.test import RequestFactory


def said(tag: str, address: str) -> str:
    context = Context({"request": RequestFactory().get(address), "file": "/cases/export.csv"}, autoescape=False)
    return Template("{% load console %}" + tag).render(context)


def test_the_query_is_changed_and_the_rest_of_it_kept() -> None:
    assert said("{% address_with after=None class='confirmed' %}", "/cases/?q=1&after=x") == "?q=1&class=confirmed"
    assert said("{% address_with after=None %}", "/cases/?after=x") == "/cases/"


def test_a_file_of_the_page_is_asked_what_the_page_was_asked() -> None:
    assert said("{% address_with file after=None %}", "/cases/?q=1&after=x") == "/cases/export.csv?q=1"
    assert said("{% address_with file after=None %}", "/cases/") == "/cases/export.csv"
