"""Invented people belong to nobody, and are the same for the same seed."""

from datetime import date

import phonenumbers
import pytest
from stdnum.cn import ric

from lianfang.config.demo.people import People

pytestmark = pytest.mark.pure
TODAY = date(2020, 2, 10)


@pytest.fixture(scope="module")
def people():
    invented = People(1)
    return [
        invented.person(number, number // 3, male=number % 2 == 0, age=number % 90, today=TODAY)
        for number in range(5000)
    ]


def test_id_numbers_check_but_name_no_province_and_belong_to_one_person_each(people):
    for number, made in enumerate(people):
        assert ric.calc_check_digit(made.id_number) == made.id_number[-1]
        assert made.id_number[6:14] == f"{made.birth_date:%Y%m%d}"
        assert int(made.id_number[16]) % 2 == (made.sex == "M") == (number % 2 == 0)
        assert made.id_number.startswith("99")
        with pytest.raises(Exception, match="valid|component"):
            ric.validate(made.id_number)
    assert len({made.id_number for made in people}) == len(people)


def test_telephones_are_not_valid_numbers_and_differ(people):
    assert not any(phonenumbers.is_valid_number(phonenumbers.parse(made.phone, "CN")) for made in people)
    assert len({made.phone for made in people}) == len(people)


def test_the_age_is_the_age_on_that_day(people):
    for number, made in enumerate(people):
        born = made.birth_date
        age = TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))
        assert age == number % 90


def test_a_household_shares_its_address_and_often_its_surname(people):
    together = [people[start : start + 3] for start in range(0, 4998, 3)]
    assert all(len({made.address for made in home}) == 1 for home in together)
    alike = [home[0].name[0] == home[1].name[0] for home in together]
    assert 0.35 < sum(alike) / len(alike) < 0.55  # both named as the household: 0.36, and some by chance


def test_the_common_surnames_are_common(people):
    strangers = [People(1).person(number, number, male=True, age=30, today=TODAY) for number in range(4000)]
    share = sum(made.name.startswith(("王", "李", "陈")) for made in strangers) / len(strangers)
    assert share == pytest.approx(0.215, abs=0.03)


def test_the_same_number_is_the_same_person_whoever_was_asked_for_before(people):
    assert People(1).person(4711, 4711 // 3, male=False, age=4711 % 90, today=TODAY) == people[4711]
    assert People(2).person(4711, 4711 // 3, male=False, age=4711 % 90, today=TODAY) != people[4711]


def test_a_misheard_name_differs_in_its_last_character_alone():
    for number in range(200):
        heard = People(1).misheard("陈敏", number)
        assert heard[0] == "陈"
        assert heard[1] != "敏"
        assert len(heard) == 2
