"""The rules of tracing, each on an edition of the tests' own or on those shipped, as small tables."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianfang.definitions import selectors as definitions
from lianfang.definitions.editions import ContactCategory, ContactWindow, Edition, SeatRule
from lianfang.tracing import roster, rules
from lianfang.tracing.rules import Illness, Place

ONSET, SAMPLED = date(2020, 3, 10), date(2020, 3, 12)
NOON = datetime(2020, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("edition", "illness", "begins"),
    [
        ("2", Illness(ONSET), ONSET),
        ("3", Illness(ONSET), ONSET),
        ("5", Illness(ONSET), date(2020, 3, 8)),
        ("6", Illness(ONSET), date(2020, 3, 8)),
        ("7", Illness(ONSET), date(2020, 3, 8)),
        ("5", Illness(None, SAMPLED, asymptomatic=True), date(2020, 3, 10)),
        ("5", Illness(ONSET, SAMPLED, asymptomatic=True), date(2020, 3, 8)),  # fell ill after all: onset decides
        ("5", Illness(None, SAMPLED), None),  # the onset is not known yet, which is not the same as no symptoms
        ("3", Illness(None, SAMPLED, asymptomatic=True), None),  # edition 3 says nothing of sampling
        ("2", Illness(), None),
    ],
)
def test_when_the_contact_window_begins(edition, illness, begins):
    assert rules.window_start(definitions.edition("covid19", edition), illness) == begins


@pytest.mark.parametrize(
    ("edition", "about", "category"),
    [
        ("2", {}, "close"),
        ("2", {"distance": 3.0}, "close"),  # edition 2 names no distance
        ("5", {"distance": 3.0}, ""),
        ("5", {"distance": 1.0}, "close"),
        ("5", {"distance": None}, "close"),  # what was not said speaks against nothing
        ("5", {"protected": True}, ""),
        ("5", {"last_on": date(2020, 3, 7)}, ""),
        ("5", {"last_on": date(2020, 3, 8)}, "close"),
        ("5", {"first_on": date(2020, 3, 7), "last_on": None}, ""),  # a single day before the window
        ("5", {"first_on": date(2020, 3, 7), "last_on": None, "kind": "household"}, "close"),  # living together goes on
        ("5", {"first_on": None, "last_on": None}, "close"),
        ("2", {"kind": "environment"}, "suspicious_exposure"),
        ("2", {"kind": "environment", "protected": True}, ""),
        ("5", {"kind": "environment"}, "close"),
    ],
)
def test_what_an_exposure_makes_of_a_person(edition, about, category):
    told = {"kind": "meal", "first_on": ONSET, "last_on": ONSET, "protected": False, "distance": None, **about}
    held = definitions.edition("covid19", edition)
    assert rules.category_of(held, rules.window_start(held, Illness(ONSET)), **told) == category


def test_contacts_of_ebola_are_observed_even_behind_protection():
    held = definitions.editions("ebola")[0]
    told = {"kind": "care", "first_on": ONSET, "last_on": ONSET, "protected": True, "distance": 0.5}
    category = rules.category_of(held, ONSET, **told)
    assert rules.observed(held, category, protected=True)
    assert held.observation_days == 21


@pytest.mark.parametrize(
    ("rule", "case", "other", "near"),
    [
        (None, (1, "1"), (60, "9"), True),
        (SeatRule("aircraft", rows_each_way=3), (12, ""), (15, ""), True),
        (SeatRule("aircraft", rows_each_way=3), (12, ""), (16, ""), False),
        (SeatRule("aircraft", rows_each_way=3), (12, ""), (9, ""), True),
        (SeatRule("aircraft", rows_each_way=3), (12, ""), (None, ""), True),
        (SeatRule("closed_train", same_compartment=True), (1, "5"), (19, "5"), True),
        (SeatRule("closed_train", same_compartment=True), (1, "5"), (1, "6"), False),
        (SeatRule("closed_train", same_compartment=True), (1, "5"), (1, ""), True),
    ],
)
def test_who_sat_near_enough(rule, case, other, near):
    hours = (NOON, NOON + timedelta(hours=2))
    assert rules.near(Place(*hours, case[1], case[0]), Place(*hours, other[1], other[0]), rule) is near


SPANS = st.tuples(st.integers(0, 100), st.integers(0, 100)).map(
    lambda span: Place(NOON + timedelta(minutes=min(span)), NOON + timedelta(minutes=max(span)))
)


@given(SPANS, SPANS)
def test_being_together_is_mutual_and_never_longer_than_either(one, other):
    together = rules.shared(one, other)
    assert together == rules.shared(other, one)
    if together is None:
        assert one.until_at < other.from_at or other.until_at < one.from_at
    else:
        assert timedelta(0) <= together <= min(one.until_at - one.from_at, other.until_at - other.from_at)


@dataclass(frozen=True)
class Call:
    id: int
    called_at: datetime
    outcome: str


CALLS = st.lists(
    st.tuples(st.integers(0, 50), st.sampled_from(["reached", "not_reached", "wrong_number", "refused", "moved"])),
    max_size=8,
    unique_by=lambda call: call[0],
).map(lambda made: [Call(at, NOON + timedelta(minutes=at), outcome) for at, outcome in made])


@given(CALLS, st.randoms(use_true_random=False))
def test_where_a_contact_stands_does_not_depend_on_the_order_of_entry(calls, random):
    mixed = list(calls)
    random.shuffle(mixed)
    one, other = rules.standing(["an exposure"], calls, False), rules.standing(["an exposure"], mixed, False)
    assert one == other
    reached = [call for call in calls if call.outcome not in ("not_reached", "wrong_number")]
    since = max((call.called_at for call in reached), default=datetime.min.replace(tzinfo=UTC))
    assert one.attempts == sum(call.called_at > since for call in calls)


DAYS = st.dates(date(2020, 1, 1), date(2020, 3, 31))


@given(
    onset=DAYS, first=DAYS, length=st.integers(0, 20), later=st.integers(0, 20),
    distance=st.one_of(st.none(), st.floats(0, 5)), protected=st.booleans(),
)  # fmt: skip
def test_a_longer_exposure_is_never_less_of_a_contact(onset, first, length, later, distance, protected):
    held = Edition(
        "x", "x", date(2020, 1, 1), "", {}, {}, {}, contact_window=ContactWindow("onset", 2),
        contact_categories={"close": ContactCategory("close", {}, True, unprotected=True, within_metres=1)},
    )  # fmt: skip
    begins = rules.window_start(held, Illness(onset))

    def judged(last):
        return rules.category_of(
            held, begins, kind="meal", first_on=first, last_on=last, protected=protected, distance=distance
        )

    last = first + timedelta(days=length)
    if judged(last) == "close":
        assert judged(last + timedelta(days=later)) == "close"


# --- pasted lists --------------------------------------------------------------------------------------------------

TODAY = date(2020, 1, 27)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1、李建国，男，45岁，13800000001，鹿城区五马街道解放街12号，同事，1月25日一起吃饭",
         {"name": "李建国", "sex": "M", "age": 45, "phone": "13800000001", "address": "鹿城区五马街道解放街12号",
          "relation": "colleague", "kind": "meal", "last_on": date(2020, 1, 25)}),
        ("王芳 女 13900000002 妻子 同住",
         {"name": "王芳", "sex": "F", "phone": "13900000002", "relation": "family", "kind": "household"}),
        ("(3) 欧阳建国 电话：139-0000-0003",
         {"name": "欧阳建国", "phone": "13900000003"}),
        ("姓名\t身份证号\t末次接触时间\t防护\n张三\t11010519491231002X\t2020/1/26\t无",
         {"name": "张三", "id_number": "11010519491231002X", "sex": "F", "birth_date": date(1949, 12, 31),
          "last_on": date(2020, 1, 26), "protected": False}),
        ("name,phone,sex,last contact\nJohn Smith,13800000001,male,2020-01-20",
         {"name": "John Smith", "phone": "13800000001", "sex": "M", "last_on": date(2020, 1, 20)}),
        ("姓名\t车厢\t座位号\n甲乙\t3\t12A", {"name": "甲乙", "compartment": "3", "seat": "12A", "row": 12}),
        ("姓名\t末次接触日期\n甲乙\t43855", {"name": "甲乙", "last_on": date(2020, 1, 25)}),
    ],
)  # fmt: skip
def test_what_is_read_of_a_pasted_line(text, said):
    [row] = roster.read(text, TODAY).rows
    assert row.said == said
    assert not row.refused


def test_what_is_not_understood_is_kept_and_what_is_wrong_is_refused():
    text = "姓名\t年龄\t爱好\t末次接触时间\n张三\t老\t下棋\t昨天"
    [row] = roster.read(text, TODAY).rows
    assert row.unread == ("爱好: 下棋",)
    assert [refusal.about for refusal in row.refused] == ["age", "last_on"]


@given(st.text(max_size=300))
def test_any_text_can_be_pasted(text):
    for row in roster.read(text, TODAY).rows:
        assert row.said or row.unread or row.refused or not row.text.strip("\t ,，；;、|\ufeff")


@given(st.dates(date(2019, 2, 1), TODAY))
def test_a_day_reads_the_same_in_every_way_people_write_it(day):
    ways = [
        f"{day:%Y-%m-%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}/{day.month}/{day.day}",
        f"{day:%Y%m%d}",
    ]
    if TODAY - day < timedelta(days=365):
        ways += [f"{day.month}月{day.day}日", f"{day.month}/{day.day}", f"{day.month}.{day.day}"]
    assert {roster.read_day(way, TODAY) for way in ways} == {day}
