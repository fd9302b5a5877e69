"""Which descriptions are one person: a table of facts."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypinyin import Style, pinyin

from benchmarks import matching as benchmark
from lianfang.registry.matching import (
    NAME_ONE_PERSON,
    NAME_RELATIVES,
    REASON_WORDS,
    Person,
    alike,
    blocking_keys,
    candidates,
    exact_keys,
    id_number,
    marked,
    parsed,
    phone_number,
    score,
    verdicts,
)
from lianfang.registry.writing import LOOK_ALIKES, SIMPLIFIED

pytestmark = pytest.mark.pure

BORN = {"sex": "M", "birth_date": date(1980, 5, 6), "county": "330302"}
AGED = {"sex": "M", "birth_year": 1980, "county": "330302"}
ID, ID_ONE_DIGIT_WRONG, ANOTHER_ID = "330302198005060013", "330302198005064013", "33030219800506003X"

SAME_NAME = [  # two ways in which one person's name is written down, and what is said of them
    ("张伟", "章伟", "name_sound"),
    ("王玮", "王伟", "name_sound"),
    ("张小红", "张晓红", "name_sound"),
    ("欧阳晓红", "欧阳晓宏", "name_sound"),
    ("曾志伟", "增志伟", "name_sound"),
    ("单雄信", "山雄信", "name_sound"),
    ("陈明", "陈朋", "name_form"),
    ("李建国", "李建民", "name_one_character"),
    ("晓红张", "张晓红", "name_order"),
    ("張偉", "张伟", "name_same"),
    ("歐陽曉紅", "欧阳晓红", "name_same"),
    ("张 伟", "张伟", "name_same"),
    ("Zhang Wei", "张伟", "name_reading"),
    ("WEI, ZHANG", "张伟", "name_reading"),
    ("zhangwei", "张伟", "name_reading"),
    ("Ōuyáng Xiǎohóng", "欧阳晓红", "name_reading"),
    ("Lü Bu", "吕布", "name_reading"),
    ("Zeng Zhiwei", "曾志伟", "name_reading"),
    ("José García", "garcia jose", "name_order"),
    ("Jean-Pierre Dupont", "Jean Pierre DUPONT", "name_same"),
    ("Katharina Schmidt", "Katarina Schmidt", "name_near"),
]


@pytest.mark.parametrize(("one", "other", "reason"), SAME_NAME)
def test_one_name_written_twice_is_recognised_and_found(one, other, reason):
    """With sex, birth date and county the two are offered, and they share a key by which they are found."""
    a, b = Person(one, **BORN), Person(other, **BORN)
    match = score(a, b)
    assert reason in {each.code for each in match.reasons}
    assert match.verdict in ("certain", "likely", "possible")
    assert set(blocking_keys(a)) & set(blocking_keys(b))


@pytest.mark.parametrize(
    ("one", "other"), [("张伟", "章伟"), ("王玮", "王伟"), ("张小红", "张晓红"), ("欧阳晓红", "欧阳晓宏")]
)
def test_one_wrong_character_is_found_with_age_and_county_alone_where_trigrams_miss_it(one, other):
    a, b = Person(one, **AGED), Person(other, **AGED)
    assert score(a, b).verdict != "unlikely"
    assert set(blocking_keys(a)) & set(blocking_keys(b))
    assert benchmark.similarity(one, other) < 0.65


def test_trigrams_are_those_of_pg_trgm():
    """Figures that PostgreSQL gives: similarity('晓红 张', '小红 张') and so on."""
    assert [
        round(benchmark.similarity(a, b), 2)
        for a, b in [("晓红 张", "小红 张"), ("伟 王", "玮 王"), ("晓红 欧阳", "晓宏 欧阳"), ("word", "two words")]
    ] == [0.25, 0.33, 0.5, 0.36]


def test_a_very_common_name_of_the_same_sex_age_and_county_is_possible_and_no_more():
    assert score(Person("王伟", **AGED), Person("王伟", **AGED)).verdict == "possible"
    assert score(Person("王伟"), Person("王伟")).verdict == "unlikely"


def test_a_rare_name_says_more_than_a_common_one():
    rare, common = (score(Person(name, **AGED), Person(name, **AGED)).score for name in ("佴毓筠", "王伟"))
    assert rare > 0.99 > common


def test_the_same_id_number_under_a_mistyped_name_is_the_same_person():
    match = score(Person("王秀英", ID), Person("汪秀英", ID))
    assert match.verdict in ("certain", "likely")
    assert match.reasons[0].code == "id_same"


def test_one_wrong_digit_is_told_from_another_person_by_the_checksum():
    assert id_number(ID) == (ID, True)
    assert id_number(ID_ONE_DIGIT_WRONG) == (ID_ONE_DIGIT_WRONG, False)
    slip = score(Person("李娜", ID), Person("李娜", ID_ONE_DIGIT_WRONG))
    assert slip.verdict in ("certain", "likely")
    assert {reason.code for reason in slip.reasons} >= {"id_mistyped", "name_same"}
    other = score(Person("李娜", ID), Person("李娜", ANOTHER_ID))
    assert other.verdict in ("unlikely", "possible")  # the same name and birth date still
    assert other.score < slip.score / 2
    assert {reason.code: reason.weight > 0 for reason in other.reasons}["id_different"] is False


def test_two_passports_or_a_passport_and_an_id_number():
    assert score(Person("John Smith", "K1234567"), Person("Smith John", "k 1234567")).verdict in ("certain", "likely")
    assert "id_different" not in {r.code for r in score(Person("张伟", ID), Person("张伟", "E12345678")).reasons}


def test_an_old_id_number_of_15_digits_is_the_one_of_18():
    assert id_number("330302800506001") == (ID, True)


@pytest.mark.parametrize("text", ["", "无", "不详", "0", "000000", "1111111111", "none", "N/A"])
def test_what_stands_for_nothing_brings_nobody_together(text):
    assert id_number(text)[0] == phone_number(text) == ""


PHONE = "13957700001"
FATHER = Person("张建国", phone=PHONE, sex="M", birth_date=date(1980, 5, 6), county="330302", township="330302001")
CHILD = Person(
    "张子轩",
    phone=PHONE,
    sex="M",
    birth_date=date(2012, 3, 9),
    county="330302",
    township="330302001",
    parent_name="张建国",
)


def test_a_parent_and_a_child_with_one_telephone_are_two_people():
    assert score(FATHER, CHILD).verdict == "unlikely"
    bare = Person("张建国", phone=PHONE, county="330302"), Person("张子轩", phone=PHONE, county="330302")
    assert score(*bare).verdict == "unlikely"


def test_a_parents_id_number_given_for_the_child_makes_no_merge():
    assert score(
        Person("张建国", ID, PHONE, "M", date(1980, 5, 6)), Person("张子轩", ID, PHONE, "M", date(2012, 3, 9))
    ).verdict in (
        "unlikely",
        "possible",
    )


TWIN = {"phone": PHONE, "sex": "F", "birth_date": date(2015, 6, 1), "county": "330302", "township": "330302001"}


def test_twins_are_at_most_possible_and_with_id_numbers_two_people():
    assert score(Person("张小红", **TWIN), Person("张小明", **TWIN)).verdict in ("unlikely", "possible")
    with_numbers = Person("张小红", "330302201506010027", **TWIN), Person("张小明", "330302201506010043", **TWIN)
    assert all(id_number(each.id_number)[1] for each in with_numbers)
    assert score(*with_numbers).verdict == "unlikely"


def test_a_child_and_the_same_child_with_the_same_parent():
    again = Person("张梓轩", phone=PHONE, sex="M", birth_date=date(2012, 3, 9), county="330302", parent_name="张建国")
    assert score(CHILD, again).verdict in ("certain", "likely")


def test_nothing_known_says_nothing():
    assert score(Person(), Person()).reasons == ()
    assert score(Person(), Person("张伟", ID, PHONE)).verdict == "unlikely"
    assert blocking_keys(Person()) == []


def people():
    text = st.text(st.sampled_from("张章王伟玮小晓红欧阳zhangwei José 12·"), max_size=6)
    return st.builds(
        Person,
        name=text,
        id_number=st.sampled_from(["", ID, ANOTHER_ID, ID_ONE_DIGIT_WRONG, "E12345678"]),
        phone=st.sampled_from(["", PHONE, "13957700002", "0577-88888888"]),
        sex=st.sampled_from("MFU"),
        birth_date=st.none() | st.dates(date(1900, 1, 1), date(2020, 1, 1)),
        birth_year=st.none() | st.integers(1900, 2020),
        county=st.sampled_from(["", "330302", "330106"]),
        township=st.sampled_from(["", "330302001"]),
        parent_name=text,
    )


@settings(max_examples=150, deadline=None)
@given(people(), people())
def test_the_order_of_two_descriptions_does_not_matter_and_every_reason_has_words(a, b):
    one, other = score(a, b), score(b, a)
    assert one.score == pytest.approx(other.score)
    assert {reason.code for reason in one.reasons} == {reason.code for reason in other.reasons} <= REASON_WORDS.keys()
    assert 0 <= one.score <= 1
    assert len(blocking_keys(a)) <= 6
    assert set(verdicts(a, b).values()) <= {"same", "close", "differs"}


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=8), st.text(max_size=8))
def test_marked_pieces_give_back_both_texts(a, b):
    left, right = marked(a, b)
    assert ("".join(text for text, _ in left), "".join(text for text, _ in right)) == (a, b)


def test_what_is_typed_into_a_search_box_finds_by_the_keys_that_people_have():
    person = Person("张伟", ID, "+86 139-5770-0001")
    for text in ("張偉", " 张伟", ID, "13957700001", "139 5770 0001"):
        assert set(exact_keys(text)) & set(blocking_keys(person)), text


def test_two_records_are_compared_line_by_line():
    one = Person("张小红", ID, PHONE, "F", date(1980, 5, 6), county="330302")
    other = Person("张晓红", ID_ONE_DIGIT_WRONG, PHONE, "M", date(1980, 5, 6), county="330106")
    assert verdicts(one, other) == {
        "name": "close",
        "id_number": "close",
        "phone": "same",
        "sex": "differs",
        "born": "same",
        "area": "differs",
    }
    assert [alike("公园路1号", other) for other in ("公园路 1 号", "五马街道公园路1号", "人民西路30号")] == [
        "same",
        "close",
        "differs",
    ]


def test_a_name_shared_by_too_many_brings_nobody_together_but_a_telephone_does():
    keys = {"new": [("sound", "wang wei"), ("phone", PHONE)]}
    crowd = {"wang wei": list(range(100)), PHONE: [7]}
    assert candidates(keys, crowd) == {"new": {7: False}}


def test_every_kind_of_name_finding_has_both_its_shares():
    assert NAME_ONE_PERSON.keys() == NAME_RELATIVES.keys()


def test_simplified_characters_are_read_like_their_traditional_ones():
    for one, other in SIMPLIFIED.items():
        readings = [set(pinyin(c, style=Style.NORMAL, heteronym=True)[0]) for c in (one, other)]
        assert readings[0] & readings[1], one + other
        assert other not in SIMPLIFIED, one + other
    assert all(len(pair) == 2 for pair in LOOK_ALIKES)


def test_surnames_are_read_as_surnames():
    assert [parsed(name).sounds for name in ("单小红", "曾国藩", "尉迟恭", "乐毅")] == [
        ("san", "xiao", "hong"),
        ("zen", "guo", "fan"),
        ("yu", "ci", "gong"),
        ("yue", "yi"),
    ]


def test_on_the_labelled_set_ours_is_better_than_trigrams_in_both_precision_and_recall():
    known, arriving = benchmark.measured(3000, 1000, seed=7)
    result = benchmark.by_rules(known, arriving)
    ours = [(at, who) for at, found in result.pairs.items() for who in found]
    strict = [(at, who) for at, found in result.pairs.items() for who, verdict in found.items() if verdict == "certain"]
    theirs = [
        (at, who) for at, those in benchmark.by_trigrams(known, arriving, lambda name: name).items() for who in those
    ]
    precision, recall, _ = benchmark.counted(ours, known, arriving)
    peer_precision, peer_recall, _ = benchmark.counted(theirs, known, arriving)
    assert recall > 0.97 > peer_recall
    assert precision > 0.97 > peer_precision
    assert benchmark.counted(strict, known, arriving)[0] > 0.995
