"""Kinds are data, and half-right data is refused with its name and the remedy."""

from datetime import timedelta

import pytest

from lianfang.workorders.rules import HalfRight, kinds, moves_of, read_kinds

WHOLE = """
[visit]
label = { zh = "走访", en = "Visit" }
subject = "site"
minutes = 30
permission = "order.do"
"""


def read(tmp_path, text):
    file = tmp_path / "kinds.toml"
    file.write_text(text, encoding="utf-8")
    return read_kinds(file)


def test_what_is_left_out_has_its_plain_meaning(tmp_path):
    visit = read(tmp_path, WHOLE)["visit"]
    assert (visit.by_hand, visit.verify, visit.form, visit.follows) == (False, False, (), "")
    assert visit.escalates == visit.limit == timedelta(minutes=30)
    assert read(tmp_path, WHOLE + 'raise = "order.raise"\nescalates = 10')["visit"].by_hand


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("minute = 5", "nobody reads"),
        ("verify = 1", "true or false"),
        ("by_record = 1", "true or false"),
        ('by_record = true\nform = ["note"]', "remove form"),
        ("escalates = 0", "above 0"),
        ("escalates = true", "above 0"),
        ('raise = "order.fly"', "order.raise"),
        ('deadline = "two words"', "underscores"),
        ('form = ["video"]', "note, photo, reading, place, passed"),
        ('form = ["note", "note"]', "each once"),
        ('form = "note"', "a list"),
        ('form = ["reading"]', "say what is read"),
        (
            'reading = { label = { zh = "数", en = "n" }, unit = { zh = "个", en = "" } }\nform = ["reading"]',
            "zh and en",
        ),
        ('reading = { label = { zh = "数", en = "n" }, unit = { zh = "个", en = "1" } }', "add reading to its form"),
        ('reading = 5\nform = ["reading"]', "not whole"),
        ('follows = "nothing"', "a kind of this file"),
        ("follows = 5", "a kind of this file"),
        ('follows = "visit"', "plan a round"),
        (
            'follows = "other"\n[other]\nlabel = { zh = "乙", en = "B" }\nsubject = "site"\nminutes = 1\n'
            'permission = "order.do"\nfollows = "visit"',
            "other → visit",
        ),
    ],
)
def test_half_right_is_refused_with_file_kind_and_remedy(tmp_path, more, told):
    with pytest.raises(HalfRight) as no:
        read(tmp_path, WHOLE + more)
    said = str(no.value)
    assert said.startswith("kinds.toml: [")
    assert "[visit]" in said
    assert told in said


@pytest.mark.parametrize("text", ["[visit", "visit = 1", WHOLE.replace("minutes = 30", "minutes = -1")])
def test_what_is_no_table_is_refused(tmp_path, text):
    with pytest.raises(HalfRight, match=r"kinds\.toml"):
        read(tmp_path, text)


def test_everything_wrong_is_said_at_once(tmp_path):
    with pytest.raises(HalfRight) as no:
        read(tmp_path, '[a]\nminutes = "x"\n[b]\nlabel = { zh = "乙" }\n')
    for told in ("[a] lacks label, permission, subject", "[a] says minutes", "[b] lacks", "[b] needs its label"):
        assert told in str(no.value)


def test_a_verified_kind_is_reported_and_another_is_done_at_once():
    named = {kind.verify: {move.name for move in moves_of(kind)} for kind in kinds().values()}
    assert {"report", "verify", "send_back"} <= named[True] - named[False]
    assert named[False] - named[True] == {"complete"}
