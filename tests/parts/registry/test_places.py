"""Organisations and sites: entered singly and as lists, by whom it may, without doubles, each with its event."""

import pytest
from django.urls import reverse
from django.utils import translation

from lianfang.kernel.access import SYSTEM
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.registry import accounts, places
from lianfang.registry.models import Organisation, Site

LIST = """名称,类型,地区,管理单位,地址,经度,纬度
"五马酒店, 东楼",集中隔离点,鹿城区,鹿城区人民医院,五马街1号,120.65,28.01
东门菜市场,market or shop,330302,,,,
"""


def test_a_list_enters_once_and_corrects_what_differs(world):
    by = world.actor("lucheng")
    first = places.enter_list("site", LIST, by)
    assert (first.created, first.changed, first.same, first.refused) == (2, 0, 0, [])
    hotel = Site.objects.get(name="五马酒店, 东楼")
    assert (hotel.kind, hotel.organisation, hotel.path) == ("isolation", world.hospital, world.area("330302").path)
    assert (hotel.longitude, hotel.latitude) == (120.65, 28.01)
    again = places.enter_list("site", LIST, by)
    assert (again.created, again.changed, again.same) == (0, 0, 2)
    moved = places.enter_list("site", LIST.replace("五马街1号", "五马街3号"), by)
    assert (moved.created, moved.changed, moved.same) == (0, 1, 1)
    left = Event.objects.filter(subject_kind="site").order_by("id").values_list("kind", "details")
    assert list(left) == [("site.entered", {}), ("site.entered", {}), ("site.corrected", {"changed": ["address"]})]


@pytest.mark.parametrize(
    ("row", "about", "code"),
    [
        (",isolation,330302,,,,,,", "name", "place.name_missing"),
        ("一号酒店,,330302,,,,,,", "kind", "place.kind_missing"),
        ("一号酒店,宫殿,330302,,,,,,", "kind", "place.kind_unknown"),
        ("一号酒店,isolation,没有的县,,,,,,", "area", "place.area_unknown"),
        ("一号酒店,isolation,330106,,,,,,", "area", "place.area_outside"),
        ("一号酒店,isolation,330302,没有的单位,,,,,", "organisation", "place.organisation_unclear"),
        ("一号酒店,isolation,330302,,,abc,28,,", "longitude", "place.position_wrong"),
        ("一号酒店,isolation,330302,,,120,,,", "latitude", "place.half_a_position"),
        ("一号酒店,isolation,330302,,,120,nan,,", "latitude", "place.position_wrong"),
        ("一号酒店,isolation,330302,,,,,2020-02-30,", "opened_on", "place.day_wrong"),
        ("一号酒店,isolation,330302,,,,,2020-02-20,2020-02-10", "closed_on", "place.closed_before_opened"),
        ("长" * 121 + ",isolation,330302,,,,,,", "name", "place.too_long"),
    ],
)
def test_a_wrong_row_is_refused_by_its_cell_and_the_others_enter(world, row, about, code):
    header = "name,kind,area,organisation,address,longitude,latitude,opened_on,closed_on\n"
    text = f"{header}好的酒店,isolation,330302,,,,,,\n{row}\n另一酒店,isolation,330302,,,,,,\n"
    entered = places.enter_list("site", text, world.actor("lucheng"))
    assert entered.created == 2
    (refused,) = entered.refused
    assert (refused.line, [(no.about, no.code) for no in refused.why]) == (3, [(about, code)])
    for language in ("zh-hans", "en"):
        with translation.override(language):
            assert str(refused.why[0]) not in ("", code)
    table = places.refused_table("site", entered)
    assert table.count("\n") == 2
    assert places.enter_list("site", table, world.actor("lucheng")).refused[0].why == refused.why


@pytest.mark.parametrize("text", ["", "name,kind\nx,isolation\n", "name,name,kind,area\n", 'name,kind,area\n"a,b,c\nd'])
def test_what_is_no_table_is_refused_whole(world, text):
    with pytest.raises(Refused):
        places.enter_list("site", text, world.actor("lucheng"))
    assert not Site.objects.exists()


def test_two_of_one_name_in_an_area_are_refused(world):
    said = {"name": "鹿城区人民医院", "name_en": "", "kind": "hospital", "area": world.area("330302")}
    with pytest.raises(Refused, match="鹿城区人民医院"):
        places.write_organisation(said, world.actor("lucheng"))
    said["area"] = world.area("330303")
    with pytest.raises(Refused):
        places.write_organisation(said, world.actor("lucheng"))
    assert places.write_organisation(said, world.actor("wenzhou")).area == world.area("330303")


def test_who_does_not_answer_for_a_place_cannot_see_it_on_the_form_or_change_it(client, world):
    theirs = places.write_organisation(
        {"name": "西湖诊所", "name_en": "", "kind": "clinic", "area": world.area("330106")}, SYSTEM
    )
    client.force_login(world.users["lucheng"])
    address = reverse("place", args=["organisation", theirs.pk])
    assert client.get(address).status_code == 404
    answer = client.post(address, {"name": "占用", "kind": "clinic", "area": "330302"})
    assert answer.status_code == 404
    assert Organisation.objects.get(pk=theirs.pk).name == "西湖诊所"
    client.force_login(world.users["doctor"])
    assert client.get(reverse("place-new", args=["organisation"])).status_code == 403
    assert client.get(reverse("place-list", args=["organisation"])).status_code == 200


def test_a_county_enters_its_hospital_and_the_administrator_gives_a_post_in_it(client, world):
    client.force_login(world.users["lucheng"])
    answer = client.post(
        reverse("place-new", args=["organisation"]), {"name": "鹿城区中医院", "kind": "hospital", "area": "鹿城区"}
    )
    assert answer.status_code == 302
    hospital = Organisation.objects.get(name="鹿城区中医院")
    user, _password = accounts.create("doc", "D", "clinician", hospital, SYSTEM)
    assert user.posts.get().organisation == hospital


def test_a_pasted_list_comes_back_with_what_was_refused(client, world):
    client.force_login(world.users["lucheng"])
    text = "名称\t类型\t地区\n=cmd|'/c calc'!A1\t<script>\t鹿城区\n好的\t市场或商店\t鹿城区\n"
    answer = client.post(reverse("place-enter-list", args=["site"]), {"list": text})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "<script>" not in page.split("<textarea")[1]
    assert Site.objects.get().name == "好的"
    assert client.get(reverse("place-list", args=["site"])).status_code == 200
    assert client.get(reverse("place-list", args=["palace"])).status_code == 404
