"""Finding areas by what people write. Facts about China are tried on the tree that the build makes."""

import csv
import gzip
import io
import time
from collections import Counter
from datetime import date

import pytest

from lianfang.exchange.reading import places
from lianfang.exchange.reading.places import place_from
from lianfang.registry import areas
from lianfang.registry.gazetteer import Ambiguous, Gazetteer, NotFound, Place, PlaceText, Resolved
from lianfang.registry.models import Area
from lianfang.registry.resolving import gazetteer, import_resolver, resolve_area
from tests.conftest import SHARED

EARLY, LATE = date(2020, 2, 1), date(2022, 1, 1)


@pytest.fixture(scope="module")
def china() -> Gazetteer:
    rows = list(csv.DictReader(io.StringIO(gzip.decompress((areas.BUILT / "areas.csv.gz").read_bytes()).decode())))
    paths = {"": ""}
    made = []
    for number, row in enumerate(rows):
        path = paths[row["code"]] = paths[row["parent_code"]] + row["code"] + "/"
        days = [date.fromisoformat(row[name]) if row[name] else None for name in ("valid_from", "valid_until")]
        made.append(Place(number, row["code"], row["name"], row["name_en"], row["level"], path, *days))
    return Gazetteer(made)


FOUND = [
    # what is written, the code it means in February 2020
    ("温州市鹿城区五马街道", "330302006"),
    ("浙江省温州市鹿城区", "330302"),
    ("浙江 温州 鹿城", "330302"),
    ("鹿城区", "330302"),
    ("乐清虹桥镇", "330382108"),
    ("温州乐清柳市", "330382114"),
    ("330302", "330302"),
    ("330302000000", "330302"),
    ("33030207", "330302"),  # of the direct report, whose last two figures are its own
    ("330302006", "330302006"),
    ("330302006000", "330302006"),
    ("33", "330000"),
    ("330302 鹿城区", "330302"),
    ("Lucheng District, Wenzhou City", "330302"),
    ("Lucheng, Wenzhou, Zhejiang", "330302"),
    ("wenzhou shi lucheng qu", "330302"),
    ("Wuma Subdistrict, Lucheng", "330302006"),
    ("Zhejiang", "330000"),
    ("Zhejiang Province", "330000"),
    ("浙江", "330000"),
    ("Taizhou, Zhejiang", "331000"),
    ("Taizhou City, Jiangsu", "321200"),
    ("台州", "331000"),
    ("Lishui City", "331100"),
    ("Quzhou City", "330800"),
    ("Yueqing", "330382"),
    ("Yinzhou District, Ningbo", "330212"),
    ("Shengzhou", "330683"),
    ("北京", "110000"),
    ("Beijing City", "110000"),
    ("北京市朝阳区", "110105"),
    ("重庆市渝北区", "500112"),
    ("上海浦东", "310115"),
    ("南京鼓楼区", "320106"),
    ("杭州西湖区", "330106"),
    ("吉林市", "220200"),
    ("Jilin City", "220200"),
    ("吉林省", "220000"),
    ("上饶", "361100"),
    ("景宁县", "331127"),
    ("延边州", "222400"),
    ("Wenshan Zhuang and Miao Autonomous Prefecture", "532600"),
    ("Xilingol League City", "152500"),
    ("Luliang City", "141100"),
    ("Jiang County", "140826"),
    ("Shaanxi", "610000"),
    ("Shanxi", "140000"),
    ("Hohhot", "150100"),
    ("Huhehaote", "150100"),
    ("神农架", "429021"),
    ("碑林区", "610103"),
    ("下城区", "330103"),
    ("330103", "330103"),
    ("龙港市", "330383"),
    ("温州市区", "330300"),
    # renamed, or of another kind, and otherwise the same
    ("玉环县", "331083"),
    ("331021", "331083"),
    ("临安市", "330112"),
]


@pytest.mark.pure
@pytest.mark.parametrize(("written", "code"), FOUND)
def test_a_place_is_found_however_it_is_written(china, written, code):
    answer = china.read(written, EARLY)
    assert isinstance(answer, Resolved), answer
    assert answer.code == code


ASKED = [
    ("taizhou", {"321200", "331000"}),
    ("Taizhou City", {"321200", "331000"}),
    ("suzhou city", {"320500", "341300"}),
    ("鼓楼区", {"320106", "320302", "350102", "410204"}),
    ("西湖区", {"330106", "360103"}),
    ("Lucheng District", {"330302", "140406"}),
    ("Lishui", {"331100", "320117"}),
    ("朝阳", {"110105", "211300", "211321", "220104"}),
]


@pytest.mark.pure
@pytest.mark.parametrize(("written", "codes"), ASKED)
def test_what_can_be_several_places_is_asked_and_never_guessed(china, written, codes):
    answer = china.read(written, EARLY)
    assert isinstance(answer, Ambiguous), answer
    assert {candidate.code for candidate in answer.candidates} == codes


@pytest.mark.pure
def test_names_borne_by_several_townships_of_zhejiang_are_asked_until_the_county_is_told(china):
    standing = [place for place in china.places if place.level == "township" and place.holds_on(EARLY)]
    larger = {place.name for place in china.places if place.rank <= 3}
    often = [
        name for name, count in Counter(place.name for place in standing).items() if count > 1 and name not in larger
    ]
    assert len(often) >= 38
    for name in often:
        answer = china.read(name, EARLY)
        bearers = [place for place in standing if place.name == name]
        assert isinstance(answer, Ambiguous), (name, answer)
        assert {candidate.code for candidate in answer.candidates} == {place.code for place in bearers}
        for place in bearers:
            county = china.by_path[place.path[: -len(place.code) - 1]]
            told = china.read(f"{china.path_of(county)}{name}".replace(" ", ""), EARLY)
            same = [other for other in bearers if other.path.startswith(county.path)]
            assert len(same) > 1 or (isinstance(told, Resolved) and told.code == place.code), (name, told)


@pytest.mark.pure
def test_codes_and_names_are_believed_on_the_days_on_which_they_held(china):
    for written in ("下城区", "330103", "杭州市下城区"):
        answer = china.read(written, LATE)
        assert isinstance(answer, NotFound), answer
        assert answer.within == "浙江省 杭州市"
        assert {"330105", "330102"} <= {candidate.code for candidate in answer.suggestions}
        assert china.read(written, None) == china.read(written, EARLY) == Resolved("330103", "下城区")
    assert isinstance(china.read("临平区", EARLY), NotFound)
    assert china.read("临平区", LATE) == Resolved("330113", "临平区")
    assert china.read("钱塘区", None) == Resolved("330114", "钱塘区")
    assert china.read("崇川区", EARLY) == Resolved("320602", "崇川区")
    assert china.read("崇川区", LATE) == Resolved("320613", "崇川区") == china.read("320602", LATE)
    assert china.era(date(2021, 4, 8)) != china.era(date(2021, 4, 9)) == china.era(date(2021, 4, 10))


@pytest.mark.pure
def test_a_zone_without_a_code_stays_unread_in_the_area_that_was_told(china):
    told = place_from("", [("city", "温州市"), ("county", "瓯江口")])
    assert china.resolve(told, EARLY) == Resolved("330300", "温州市", ("瓯江口",))
    assert china.read("温州市浙南产业集聚区", EARLY) == Resolved("330300", "温州市", ("浙南产业集聚区",))
    assert isinstance(china.read("瓯江口", EARLY), NotFound)
    assert (
        china.resolve(place_from("", [("province", "Anhui"), ("city", "High-Tech Zone, Hefei City")]), EARLY).code
        == "340100"
    )


@pytest.mark.pure
def test_what_contradicts_itself_or_is_misspelt_is_not_resolved_to_what_is_around(china):
    wrong = china.resolve(PlaceText(names=(("province", "湖北省"), ("city", "杭州市"))), EARLY)
    assert isinstance(wrong, NotFound)
    assert (wrong.within, [candidate.code for candidate in wrong.suggestions]) == ("湖北省", ["330100"])
    for written, meant in (
        ("温州市鹿成区", "330302"),
        ("Wenzho", "330300"),
        ("Leqing", "330382"),
        ("Liuan City", "341500"),
    ):
        answer = china.read(written, EARLY)
        assert isinstance(answer, NotFound), answer
        assert meant in [candidate.code for candidate in answer.suggestions], answer
    assert isinstance(china.read("330302999", EARLY), NotFound)
    assert isinstance(china.read("990000", EARLY), NotFound)
    assert china.read("420106005", EARLY) == Resolved("420106", "武昌区", ("420106005",))  # no townships are held there


@pytest.mark.pure
@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        ",",
        "·",
        "%",
        "'; DROP TABLE areas",
        "<b>x</b>",
        "市",
        "0",
        "１２３４５６",
        "x" * 5000,
        "温" * 5000,
        "\u0000",
    ],
)
def test_nonsense_is_not_found(china, written):
    assert isinstance(china.read(written, EARLY), NotFound)


@pytest.mark.pure
def test_many_unknown_names_take_no_longer_than_a_person_waits(china):
    start = time.process_time()
    for number in range(300):
        china.resolve(PlaceText(names=(("province", "Hubei"), ("city", f"Nowhere {number}"))), EARLY)
        china.resolve(PlaceText(names=(("", f"Nowhere {number}"),)), EARLY)
    assert time.process_time() - start < 6


# ---- real files


def counted(china: Gazetteer, told: Counter[PlaceText]) -> tuple[Counter[str], Counter[str], dict[str, object]]:
    kinds: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    rest: dict[str, object] = {}
    for place, count in told.items():
        answer = china.resolve(place, EARLY)
        kind = type(answer).__name__
        kinds[kind] += 1
        rows[kind] += count
        if not isinstance(answer, Resolved):
            rest[place.text] = answer
    return kinds, rows, rest


def real(name: str) -> list[dict[str, str]]:
    path = SHARED / "data" / name
    if not path.exists():
        pytest.skip("the shared data is not here")
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


@pytest.mark.pure
def test_the_open_line_list_lands_in_the_provinces_it_names(china):
    rows = real("china/open_linelist_china_10446_min.csv")
    start = time.process_time()
    told = [
        place_from(
            "", [("province", row["province"]), ("city", row["city"])], text=f"{row['province']} / {row['city']}"
        )
        for row in rows
    ]
    answers = [china.resolve(place, EARLY) for place in told]
    assert time.process_time() - start < 3
    kinds, counts, rest = counted(china, Counter(told))
    assert kinds["Resolved"] >= 606
    assert (counts["Ambiguous"], counts["NotFound"]) == (0, 30)
    assert set(rest) == {  # a prison, two names that no code table has, a building
        "Zhejiang / Shilifeng Prison", "Shaanxi / Hu County, Xi'an City", "Shaanxi / Xixian New District, Xi'an City",
        "Jilin / Sunac City, Shangcheng, Changchun City",
    }  # fmt: skip
    # The file has codes of its own, from another hand: where both are full codes, the city is the same. (Two counties of
    # Chongqing became districts in 2016; the file has their codes of before.)
    both = [
        (row["admin_id"], answer.code)
        for row, answer in zip(rows, answers, strict=True)
        if isinstance(answer, Resolved)
        and row["province"] != "Chongqing"
        and len(row["admin_id"]) == 6
        and row["admin_id"][2:4] != "00"
        and row["admin_id"][0] != "7"
        and answer.code[2:4] != "00"
    ]
    assert len(both) > 8_000
    assert sum(theirs[:4] != ours[:4] for theirs, ours in both) == 0


@pytest.mark.pure
def test_places_of_transmission_pairs_of_wenzhou_and_of_h7n9(china):
    cities = Counter(
        place_from("", [("city", row[column])], text=row[column])
        for row in real("china/transmission_pairs_1407.csv")
        for column in ("infector_reportCity", "infector_infectCity", "infectee_reportCity", "infectee_infectCity")
        if row[column] not in ("", "unknown")
    )
    kinds, _rows, rest = counted(china, cities)
    assert kinds["Resolved"] >= 190
    assert {text for text, answer in rest.items() if isinstance(answer, Ambiguous)} == {
        "suzhou",
        "taizhou",
        "fuzhou",
        "yulin",
        "wuchang",
    }
    counties = Counter(
        place_from("", [("city", "温州市"), ("county", row["county"])], text=row["county"])
        for row in real("wenzhou/case_linelist_parsed_20200208.csv")
    )
    kinds, rows, _rest = counted(china, counties)
    assert (kinds["Resolved"], rows["Resolved"]) == (len(counties), 280)
    provinces = Counter(
        place_from("", [("province", row["province"])]) for row in real("outbreaks/fluH7N9_china_2013.csv")
    )
    kinds, rows, _rest = counted(china, provinces)
    assert (kinds["Resolved"], rows["Resolved"]) == (13, 136)


# ---- held in memory, and refreshed


TREE = "code,name,level,parent_code,valid_from,valid_until\nSL,Sierra Leone,country,,,\nKAI,Kailahun,province,SL,,\nKON,Kono,province,SL,,\n"


@pytest.mark.django_db
def test_what_is_loaded_is_found_and_what_is_loaded_later_too(tmp_path):
    path = tmp_path / "tree.csv"
    path.write_text(TREE)
    areas.load_tree(path)
    assert resolve_area("kailahun", LATE).area == Area.objects.get(code="KAI")
    assert resolve_area("KON", LATE).area == Area.objects.get(code="KON")
    assert gazetteer() is import_resolver()
    assert resolve_area("Bo", LATE).area is None
    path.write_text(TREE + "BO,Bo,province,SL,,\n")
    areas.load_tree(path)
    assert resolve_area("Bo", LATE).area == Area.objects.get(code="BO")


@pytest.mark.django_db
def test_typed_places_give_the_row_of_the_day(world):
    assert resolve_area("温州市鹿城区", LATE).area == world.area("330302")
    assert resolve_area("lucheng district", LATE).area == world.area("330302")
    unclear = resolve_area("区", LATE)
    assert (unclear.area, unclear.candidates) == (None, ())


@pytest.mark.django_db
def test_the_search_offers_areas_to_whoever_may_see_them_and_to_nobody_else(client, world):
    assert client.get("/areas/search/?q=温州").status_code == 302
    client.force_login(world.users["lucheng"])
    answer = client.get("/areas/search/?q=温州").json()["areas"]
    assert [(area["code"], area["name"]) for area in answer] == [("330300", "温州市")]
    assert [area["code"] for area in client.get("/areas/search/?q=3303").json()["areas"]] == [
        "330300",
        "330302",
        "330303",
        "330302001",
    ]
    english = client.get("/areas/search/?q=luch", headers={"accept-language": "en"}).json()["areas"]
    assert [(area["name"], area["within"]) for area in english] == [("Lucheng District", "Wenzhou, Zhejiang")]
    options = client.get("/areas/search/?area=鹿城", headers={"HX-Request": "true"}).content.decode()
    assert '<option value="330302 鹿城区">' in options
    for nonsense in ("", "%", "x" * 10_000, "<script>", "\u0000"):
        assert client.get("/areas/search/", {"q": nonsense}).json() == {"areas": []}
    assert places.Resolved is Resolved  # the import and the registry speak of the same answers


@pytest.mark.parametrize("written", ["武汉大厦", "长春花园", "南京东路"])
def test_a_house_or_street_named_after_a_city_is_not_in_it(china: Gazetteer, written: str) -> None:
    assert isinstance(china.resolve(PlaceText(names=(("", written),)), date(2020, 2, 10)), NotFound)
