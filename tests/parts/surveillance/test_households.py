"""Who lives with whom: numbered by a list, entered by whoever asked the family, seen by those who may know them."""

import pytest
from django.urls import reverse

from lianfang.exchange.models import ImportRun
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.registry import households
from lianfang.registry.models import Household, Person
from lianfang.surveillance import services
from lianfang.surveillance.models import Case
from tests.parts.exchange.files import HEADERS, ROWS, entered, table

FAMILY = [[*row, number] for row, number in zip(ROWS, ["7", "7", "8"], strict=True)]


@pytest.fixture
def family(world):
    run = entered(world.actor("lucheng"), table(FAMILY, [*HEADERS, "户号"]))
    assert run.counts["entered"] == 3
    return {case.local_id: case for case in Case.objects.select_related("person")}


def names(case, actor):
    return [person.name for person in households.members(Person.objects.get(pk=case.person_id), actor)]


def test_a_list_tells_its_households_once(world, family):
    me = world.actor("lucheng")
    assert names(family["A1"], me) == ["陈建国"]
    assert names(family["A3"], me) == []
    assert Household.objects.count() == 2
    more = [
        ["A4", "吴芳", "女", "31", "13900000004", "浙江省温州市鹿城区", "2020-01-24", "2020-01-28", "确诊病例", "8"]
    ]
    entered(me, table(more, [*HEADERS, "户号"]))
    assert names(family["A3"], me) == ["吴芳"]
    assert Household.objects.count() == 2
    assert ImportRun.objects.count() == 2


def test_somebody_moves_into_a_household_and_out_of_it(world, family, client):
    me = world.actor("lucheng")
    client.force_login(world.users["lucheng"])
    address = reverse("case-household", args=[family["A3"].pk])
    assert client.post(address, {"number": family["A1"].number.lower()}).status_code == 302
    assert sorted(names(family["A3"], me)) == ["王秀英", "陈建国"]
    page = client.get(reverse("case", args=[family["A3"].pk])).content.decode()
    assert family["A1"].number in page
    assert family["A2"].number in page
    assert "王秀英" not in page
    assert client.post(address, {"out": "1"}).status_code == 302
    assert names(family["A3"], me) == []
    kinds = list(Event.objects.filter(subject_id=family["A3"].person_id).order_by("id").values_list("kind", flat=True))
    assert kinds[-2:] == ["person.moved_in", "person.moved_out"]


@pytest.mark.parametrize(
    ("number", "code"),
    [("00000-00000", "case.no_such_number"), ("A1", "household.with_oneself"), ("A2", "household.already_together")],
)
def test_what_makes_no_household_is_refused(world, family, number, code):
    number = family[number].number if number in family else number
    with pytest.raises(Refused) as no:
        services.live_together(family["A1"].pk, number, world.actor("lucheng"))
    assert no.value.refusals[0].code == code


def test_another_county_neither_sees_nor_changes_who_lives_there(world, family, client):
    client.force_login(world.users["xihu"])
    answer = client.post(reverse("case-household", args=[family["A3"].pk]), {"number": family["A1"].number})
    assert answer.status_code == 404
    assert names(family["A1"], world.actor("xihu")) == []
    with pytest.raises(Refused):
        services.move_out(family["A1"].pk, world.actor("officer"))
