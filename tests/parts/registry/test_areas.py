"""Loading areas: what is loaded, what is refused and how it is told, and what happens to records when an area moves."""

import json
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from django.db.models import Sum
from django.utils import translation

from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.registry import areas
from lianfang.registry.models import Area, AreaShape, Organisation
from lianfang.registry.services import PersonDetails, new_person

HEADER = "code,name,level,parent_code,valid_from,valid_until,population\n"
TREE = (
    HEADER
    + """\
SL,Sierra Leone,country,,,,7092113
SL-E,Eastern,province,SL,,,1642370
SL-N,Northern,province,SL,,,
KAI,Kailahun,city,SL-E,,,526379
LUA,Luawa,county,KAI,,,
KON,Kono,city,SL-E,,2017-07-01,
KON,Kono,city,SL-E,2017-07-01,,506100
"""
)
SQUARE = {"type": "Polygon", "coordinates": [[[-10.7, 8.2], [-10.5, 8.2], [-10.5, 8.4], [-10.7, 8.2]]]}


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def written(folder: Path, text: str, name: str = "tree.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def outlines(folder: Path, *features: tuple[dict, dict]) -> Path:
    listed = [{"type": "Feature", "properties": about, "geometry": geometry} for about, geometry in features]
    return written(folder, json.dumps({"type": "FeatureCollection", "features": listed}), "shapes.geojson")


def as_loaded() -> list[tuple]:
    return list(
        Area.objects.order_by("code", "valid_from").values_list(
            "code", "name", "path", "valid_from", "valid_until", "population", "parent__code"
        )
    )


@pytest.mark.django_db
def test_any_countrys_tree_is_loaded_and_loading_it_again_changes_nothing(tmp_path):
    tree, shapes = written(tmp_path, TREE), outlines(tmp_path, ({"code": "KAI", "source": "survey 2015"}, SQUARE))
    assert areas.load_tree(tree, shapes) == 7
    loaded, events = as_loaded(), Event.objects.filter(kind="areas.loaded").count()
    assert ("LUA", "Luawa", "SL/SL-E/KAI/LUA/", None, None, None, "KAI") in loaded
    assert AreaShape.objects.get(area__code="KAI").geometry == SQUARE
    assert events == 1
    assert areas.load_tree(tree, shapes) == 7
    assert as_loaded() == loaded
    assert Event.objects.filter(kind="areas.loaded").count() == 1


@pytest.mark.django_db
def test_a_second_file_corrects_ends_and_adds_to_the_first(tmp_path):
    areas.load_tree(written(tmp_path, TREE))
    later = HEADER + "SL-N,Northern Province,province,SL,,2017-07-01,\nSL-NW,North West,province,SL,2017-07-01,,\n"
    assert areas.load_tree(written(tmp_path, later)) == 8
    assert list(
        Area.objects.valid_on(date(2017, 6, 30))
        .filter(level="province")
        .values_list("name", flat=True)
        .order_by("name")
    ) == ["Eastern", "Northern Province"]
    assert set(Area.objects.valid_on(date(2017, 7, 1)).filter(level="province").values_list("name", flat=True)) == {
        "Eastern",
        "North West",
    }


WRONG = [
    ("X,Xland,land,SL,,,", ["Line 9", "level", "land", "province"]),
    ("X,,province,SL,,,", ["Line 9", "column name", "empty"]),
    ("X Y,Xland,province,SL,,,", ["Line 9", "column code", "X Y"]),
    ("X,Xland,province,NO,,,", ["Line 9", "parent_code", "no area NO"]),
    ("X,Xland,province,,,,", ["Line 9", "parent_code", "needs a parent"]),
    ("X,Xland,province,KAI,,,", ["Line 9", "column level", "KAI", "city"]),
    ("X,Xland,province,SL,2017-13-01,,", ["Line 9", "valid_from", "2017-13-01"]),
    ("X,Xland,province,SL,2017-02-01,2017-01-01,", ["Line 9", "valid_until", "not after"]),
    ("X,Xland,province,SL,,,many", ["Line 9", "population", "many"]),
    ("X,Xland,province,SL,,,٣٣", ["Line 9", "population"]),
    ("LUA,Luawa,county,KAI,,,", ["Line 9", "LUA", "line 6"]),
    ("KON,Kono,city,SL-E,2018-01-01,,", ["Line 9", "KON", "on some of these days"]),
    ("X,Xland,county,KON,2019-01-01,,\nY,Yland,village,X,2018-01-01,,", ["Line 10", "X does not stand"]),
    ("X,Xland,province,SL", ["Line 9", "more or fewer cells"]),
    ("X,Xland,province,SL,,,,,", ["Line 9", "more or fewer cells"]),
    ('X,"Xland,province,SL,,,', ["not CSV"]),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("line", "told"), WRONG)
def test_a_wrong_row_is_named_with_line_column_and_remedy_and_nothing_is_loaded(tmp_path, line, told):
    with pytest.raises(Refused) as no:
        areas.load_tree(written(tmp_path, TREE + line + "\n"))
    assert all(words in str(no.value) for words in told), str(no.value)
    assert not Area.objects.exists()
    assert not Event.objects.filter(kind="areas.loaded").exists()


@pytest.mark.django_db
def test_every_wrong_row_is_named_at_once_up_to_what_a_person_can_read(tmp_path):
    with pytest.raises(Refused) as no:
        areas.load_tree(written(tmp_path, TREE + "".join(f"X{n},,province,SL,,,\n" for n in range(80))))
    assert len(no.value.refusals) == areas.MOST_REFUSALS + 1
    assert "And 30 more" in str(no.value)


@pytest.mark.django_db
def test_files_of_another_kind_are_refused_in_words(tmp_path):
    cases = [
        (b"code,name\nX,Y\n", "level, parent_code"),
        (b"code,name,level,parent_code,colour\n", "colour"),
        ("code,name,level,parent_code\nCN,中国,country,\n".encode("gb18030"), "line 2: this is not UTF-8"),
        (b"code,name,level,parent_code\n", "no areas"),
        (b"", "are missing"),
    ]
    for content, told in cases:
        path = tmp_path / "tree.csv"
        path.write_bytes(content)
        with pytest.raises(Refused) as no:
            areas.load_tree(path)
        assert told in str(no.value), (content, str(no.value))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("about", "geometry", "told"),
    [
        ({}, SQUARE, "no property"),
        ({"code": "NO"}, SQUARE, "no area NO"),
        ({"code": "KAI"}, {"type": "Point", "coordinates": [-10.7, 8.2]}, "Polygon"),
        ({"code": "KAI"}, {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}, "closed rings"),
        (
            {"code": "KAI"},
            {"type": "Polygon", "coordinates": [[[500000, 0], [500100, 0], [1, 1], [500000, 0]]]},
            "degrees",
        ),
        ({"code": "KAI", "valid_from": "2017"}, SQUARE, "2017"),
        ({"code": "KAI", "valid_from": "2017-07-01"}, SQUARE, "no area KAI"),
    ],
)
def test_a_wrong_outline_is_named_and_nothing_is_loaded(tmp_path, about, geometry, told):
    with pytest.raises(Refused) as no:
        areas.load_tree(written(tmp_path, TREE), outlines(tmp_path, ({"code": "SL-E"}, SQUARE), (about, geometry)))
    assert "Outline 2" in str(no.value)
    assert told in str(no.value)
    assert not Area.objects.exists()


@pytest.mark.django_db
def test_moving_an_area_takes_all_below_it_and_their_records_along_but_not_the_record_of_events(tmp_path):
    areas.load_tree(written(tmp_path, TREE))
    luawa = Area.objects.get(code="LUA")
    hospital = Organisation.objects.create(name="Kailahun hospital", kind="hospital", area=luawa, path=luawa.path)
    person, _keys = new_person(PersonDetails(name="somebody", area=luawa))
    person.save()
    elsewhere = Organisation.objects.create(
        name="Kono clinic", kind="clinic", area=Area.objects.get(code="KON", valid_until=None), path="SL/SL-E/KON/"
    )
    areas.load_tree(written(tmp_path, HEADER + "KAI,Kailahun,city,SL-N,,,526379\n"))
    for row in (luawa, hospital, person, elsewhere):
        row.refresh_from_db()
    assert luawa.path == hospital.path == person.path == "SL/SL-N/KAI/LUA/"
    assert elsewhere.path == "SL/SL-E/KON/"
    assert Event.objects.filter(kind="areas.loaded").latest("at").details["moved"] == 1


@pytest.mark.django_db
def test_two_areas_that_part_ways_each_keep_their_own_records(tmp_path):
    areas.load_tree(written(tmp_path, TREE))
    luawa, kailahun = Area.objects.get(code="LUA"), Area.objects.get(code="KAI")
    inner = Organisation.objects.create(name="inner", kind="clinic", area=luawa, path=luawa.path)
    outer = Organisation.objects.create(name="outer", kind="clinic", area=kailahun, path=kailahun.path)
    areas.load_tree(written(tmp_path, HEADER + "KAI,Kailahun,city,SL-N,,,526379\nLUA,Luawa,county,SL-E,,,\n"))
    inner.refresh_from_db()
    outer.refresh_from_db()
    assert (inner.path, outer.path) == ("SL/SL-E/LUA/", "SL/SL-N/KAI/")


@pytest.mark.django_db
def test_an_area_whose_code_stands_there_on_other_days_is_not_moved_but_asked_about(tmp_path):
    areas.load_tree(written(tmp_path, TREE))
    before = as_loaded()
    with pytest.raises(Refused, match="row of its own with valid_from"):
        areas.load_tree(written(tmp_path, HEADER + "KON,Kono,city,SL-N,2017-07-01,,506100\n"))
    assert as_loaded() == before


# ---- China


def area_km2(geometries: list[dict]) -> float:
    """Rough area: shoelace in degrees, scaled at 30 degrees north."""
    total = 0.0
    for geometry in geometries:
        parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        for rings in parts:
            for turn, ring in enumerate(rings):
                size = abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))) / 2
                total += size if turn == 0 else -size
    return total * 111.32 * 111.32 * 0.866


def middle(geometries: list[dict]) -> tuple[float, float]:
    """The centre of gravity of several outlines."""
    weight = x = y = 0.0
    for geometry in geometries:
        parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        for ring in (rings[0] for rings in parts):
            crosses = [a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)]
            sign = 1 if sum(crosses) > 0 else -1
            weight += sign * sum(crosses)
            x += sign * sum((a[0] + b[0]) * cross for (a, b), cross in zip(pairwise(ring), crosses, strict=True)) / 3
            y += sign * sum((a[1] + b[1]) * cross for (a, b), cross in zip(pairwise(ring), crosses, strict=True)) / 3
    return x / weight, y / weight


@pytest.mark.django_db
def test_china_stands_on_each_day_as_it_stood(django_assert_max_num_queries):
    count = areas.load_china()
    assert count == Area.objects.count() > 30_000
    early, late = date(2020, 2, 1), date(2022, 1, 1)

    def standing(day: date, code: str) -> str | None:
        return Area.objects.valid_on(day).filter(code=code).values_list("name", flat=True).first()

    facts = [
        # code, name on 2020-02-01, name on 2022-01-01
        ("330103", "下城区", None), ("330104", "江干区", None), ("330113", None, "临平区"), ("330114", None, "钱塘区"),
        ("330102", "上城区", "上城区"), ("330110", "余杭区", "余杭区"), ("330383", "龙港市", "龙港市"), ("331083", "玉环市", "玉环市"),
        ("331021", None, None), ("330112", "临安区", "临安区"), ("330185", None, None), ("130502", "桥东区", "襄都区"),
        ("320602", "崇川区", None), ("320613", None, "崇川区"), ("371200", None, None), ("370116", "莱芜区", "莱芜区"),
        ("330103005", "潮鸣街道", None), ("330105015", None, "潮鸣街道"), ("330302006", "五马街道", "五马街道"),
    ]  # fmt: skip
    for code, before, after in facts:
        assert (standing(early, code), standing(late, code)) == (before, after), code
    assert standing(date(2017, 1, 1), "331021") == "玉环县"
    assert standing(date(2021, 4, 8), "330113") is None
    assert standing(date(2021, 4, 9), "330113") == "临平区"

    for day in (early, late):
        there = Area.objects.valid_on(day)
        zhejiang = there.filter(path__startswith="CN/330000/")
        assert there.filter(level="province").count() == 34
        assert (zhejiang.filter(level="city").count(), zhejiang.filter(level="county").count()) == (11, 90)
        drawn = zhejiang.filter(level__in=["city", "county"], shape__isnull=False).count()
        assert drawn == 101
        assert not there.filter(level="province", shape=None).exists()
    assert Area.objects.filter(level="village").count() == 25_547


@pytest.mark.django_db
def test_populations_add_up_and_hangzhou_keeps_its_ground():
    areas.load_china()
    standing = Area.objects.valid_on(date(2022, 1, 1))
    mainland = standing.filter(level="province").exclude(code__in=["710000", "810000", "820000"])
    assert mainland.aggregate(total=Sum("population"))["total"] == 1_411_778_724 - 2_000_000  # less those in service
    zhejiang = standing.get(code="330000")
    assert (
        standing.filter(parent=zhejiang).aggregate(total=Sum("population"))["total"]
        == zhejiang.population
        == 64_567_588
    )
    assert not Area.objects.filter(population__isnull=False).filter(population_source="").exists()

    def shapes(day: date, codes: str) -> list[dict]:
        found = AreaShape.objects.filter(area__in=Area.objects.valid_on(day).filter(code__in=codes.split()))
        return [shape.geometry for shape in found]

    before = shapes(date(2021, 4, 8), "330102 330103 330104 330105 330109 330110")
    after = shapes(date(2021, 4, 9), "330102 330105 330109 330110 330113 330114")
    assert len(before) == len(after) == 6
    assert area_km2(before) == pytest.approx(area_km2(after), rel=0.03)
    assert middle(before) == pytest.approx(middle(after), abs=0.003)  # the shift of GCJ-02 is 0.005 degrees here
    assert area_km2(shapes(date(2021, 4, 8), "330102")) < 0.4 * area_km2(shapes(date(2021, 4, 9), "330102"))


@pytest.mark.django_db
def test_loading_china_twice_changes_nothing():
    areas.load_china()
    before = as_loaded()
    areas.load_china()
    assert as_loaded() == before
    assert Event.objects.filter(kind="areas.loaded").count() == 1
