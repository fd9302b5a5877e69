"""The mappings that come with the platform: whole, found by their headers, and refused when half right."""

from pathlib import Path

import pytest

from lianfang.definitions.editions import HalfRight
from lianfang.definitions.selectors import diseases
from lianfang.exchange.reading.headers import day_named
from lianfang.exchange.reading.tables import Table, open_table
from lianfang.exchange.shipped import fitting, read_mappings, shipped_mappings
from tests.parts.exchange import real


def test_shipped_mappings_are_whole_and_name_known_diseases() -> None:
    assert {entry.mapping.disease for entry in shipped_mappings()} <= {disease.code for disease in diseases()}


@pytest.mark.parametrize("name", real.FILES)
def test_each_real_file_finds_its_own_mapping(name: str) -> None:
    opened = real.table(name)
    assert fitting(opened) is not None
    fewer = Table(**{**{f: getattr(opened, f) for f in opened.__dataclass_fields__}, "headers": opened.headers[:-1]})
    assert fitting(fewer) is None


def test_the_year_of_sentences_is_that_of_the_files_name(tmp_path: Path) -> None:
    for name, day in (("bulletin_20210307.csv", "2021-03-07"), ("bulletin.csv", "None")):
        path = tmp_path / name
        path.write_text("case_no,county,county_code,text\n1,鹿城区,330302,3月1日确诊：女，62岁。\n", encoding="utf-8")
        opened = open_table(path)
        mapping = fitting(opened)
        assert str(next(e for e in mapping.columns if e.field == "sentence").not_after) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("case_narratives_20200208.csv", "2020-02-08"),
        ("疫情 2020年2月8日24时.xlsx", "2020-02-08"),
        ("2020-2-8 list", "2020-02-08"),
        ("list 20200208 to 20200210", "None"),
        ("330302199001011234", "None"),
        ("20201399", "None"),
        ("list 2020", "None"),
    ],
)
def test_the_day_in_a_name(text: str, day: str) -> None:
    assert str(day_named([text])) == day


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('kind = "cases"\n[columns]\na = "age"', "name in both languages"),
        ('label = { zh = "甲", en = "A" }\nkind = "cases"\n[columns]\na = "agee"', "agee"),
        ('label = { zh = "甲", en = "A" }\nkind = "case"\n[columns]\na = "age"', "kind: case"),
        ('label = { zh = "甲", en = "A" }\nkind = "links"\n[columns]\na = "infector_id"', "both case numbers"),
        ('label = { zh = "甲", en = "A" }\nkind = "cases"\n[columns]\na = "age"\nb = "age"', "mapped to the same"),
        ('label = { zh = "甲", en = "A" }\nkind = "cases"\ncolour = "red"\n[columns]\na = "age"', "unknown: colour"),
        ('label = { zh = "甲", en = "A" }\nkind = "cases"\n[columns]\na = ', "Invalid value"),
    ],
)
def test_half_right_mappings_are_refused_with_file_and_remedy(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    with pytest.raises(HalfRight) as refused:
        read_mappings(tmp_path)
    assert "mappings/a.toml" in str(refused.value)
    assert problem in str(refused.value)


def test_two_mappings_for_the_same_headers_are_refused(tmp_path: Path) -> None:
    whole = 'label = { zh = "甲", en = "A" }\nkind = "cases"\n[columns]\na = "age"'
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(whole, encoding="utf-8")
    with pytest.raises(HalfRight, match="same headers as a.toml"):
        read_mappings(tmp_path)
