"""The page of the manual about what the import understands shows what it does understand."""

from docs.understood import PAGE, understood


def test_the_page_of_examples_is_what_the_readers_read() -> None:
    assert PAGE.read_text(encoding="utf-8") == understood(), "run: python -m docs.understood"
