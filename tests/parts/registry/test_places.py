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


def test_a_list_designates_hospitals_and_a_list_without_the_column_leaves_them_designated(world):
    by = world.actor("lucheng")
    text = """名称,类型,地区,电话,定点收治,定点起始日期
鹿城区人民医院,医院,鹿城区,0577-00000120,全部病种,2020-01-20
鹿城区发热门诊,clinic,330302,,"COVID-19; 麻疹",
鹿城区学校,school,330302,,covid19,
鹿城区诊所,clinic,330302,,鼠疫,
"""
    entered = places.enter_list("organisation", text, by)
    assert [(row.line, [no.code for no in row.why]) for row in entered.refused] == [
        (4, ["place.receives_no_patients"]), (5, ["place.disease_unknown"]),
    ]  # fmt: skip
    world.hospital.refresh_from_db()
    assert (world.hospital.designated_for, world.hospital.phone) == (["all"], "0577-00000120")
    assert Organisation.objects.get(name="鹿城区发热门诊").designated_for == ["covid19", "measles"]
    again = places.enter_list("organisation", "name,kind,area\n鹿城区人民医院,hospital,330302\n", by)
    assert again.same == 1
    world.hospital.refresh_from_db()
    assert (world.hospital.designated_for, world.hospital.phone) == (["all"], "0577-00000120")
    assert "phone" not in places.refused_table("organisation", places.enter_list("organisation", "name,kind,area\n,,\nx,,\n", by))  # fmt: skip


def test_the_page_designates_a_hospital_and_refuses_half_right_ones(client, world):
    client.force_login(world.users["lucheng"])
    address = reverse("place", args=["organisation", world.hospital.pk])
    said = {"name": "鹿城区人民医院", "kind": "hospital", "area": "330302", "phone": "0577-00000120"}
    span = {"designated_from": "2020-02-01", "designated_until": "2020-01-01"}
    assert client.post(address, said | {"designated_for": ["all"], **span}).status_code == 422
    assert client.post(address, said | {"kind": "school", "designated_for": ["all"]}).status_code == 422
    assert client.post(address, said | {"designated_for": ["plague"]}).status_code == 422
    assert client.post(address, said | {"designated_for": ["covid19", "measles"]}).status_code == 302
    listed = client.get(reverse("place-list", args=["organisation"])).content.decode()
    assert "0577-00000120" in listed
    assert "COVID-19" in listed or "新型冠状病毒肺炎" in listed


def test_names_are_offered_to_whoever_may_see_them_and_a_code_tells_two_apart(client, world):
    for code in ("330302", "330303"):
        places.write_organisation({"name": "人民诊所", "kind": "clinic", "area": world.area(code)}, SYSTEM)
    client.force_login(world.users["wenzhou"])
    address = reverse("place-search", args=["organisation"])
    found = client.get(address, {"organisation": "人民诊所"}).content.decode()
    assert found.count("<option") == 2
    assert 'value="330303 人民诊所"' in found
    assert client.get(address, {"organisation": "人民诊所", "kind": "hospital"}).content.decode().count("<option") == 0
    assert client.get(address, {"organisation": "西湖区人民医院"}).content.decode().count("<option") == 0
    site = {"name": "一号", "kind": "isolation", "area": "330302"}
    new = reverse("place-new", args=["site"])
    assert client.post(new, site | {"organisation": "人民诊所"}).status_code == 422
    assert client.post(new, site | {"organisation": "西湖区人民医院"}).status_code == 422
    assert client.post(new, site | {"organisation": "330303 人民诊所"}).status_code == 302
    assert Site.objects.get().organisation.area == world.area("330303")
    page = client.get(reverse("place", args=["site", Site.objects.get().pk])).content.decode()
    assert 'value="330303 人民诊所"' in page
