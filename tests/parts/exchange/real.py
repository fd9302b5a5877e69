"""The real line lists beside the project, read with the mappings that come with it and the areas of China. Skipped when absent."""

import csv
import gzip
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from lianfang.exchange import shipped
from lianfang.exchange.reading.rows import ReadRow, read_rows
from lianfang.exchange.reading.tables import Table, open_table
from lianfang.registry import gazetteer
from lianfang.registry.gazetteer import Gazetteer, Place

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
TODAY = date(2026, 1, 1)

LINE_LIST = "china/open_linelist_china_10446_min.csv"
SENTENCES = "wenzhou/case_narratives_20200208.csv"
PAIRS = "china/transmission_pairs_1407.csv"
EBOLA, EBOLA_LINKS = "outbreaks/ebola_sim_clean_linelist.csv", "outbreaks/ebola_sim_clean_contacts.csv"
SARS, H7N9, MEASLES = (
    "outbreaks/sars_canada_2003.csv",
    "outbreaks/fluH7N9_china_2013.csv",
    "outbreaks/measles_hagelloch_1861.csv",
)
FILES = (LINE_LIST, SENTENCES, PAIRS, EBOLA, EBOLA_LINKS, SARS, H7N9, MEASLES)


@cache
def china() -> Gazetteer:
    """The areas that come with the platform, without a database."""
    built = Path(gazetteer.__file__).parent / "built" / "areas.csv.gz"
    if not built.exists():
        pytest.skip("the areas are not built: run hatch_build.py")
    with gzip.open(built, "rt", encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    above = {line["code"]: line["parent_code"] for line in lines}

    def path(code: str) -> str:
        return (path(above[code]) if above.get(code) else "") + code + "/"

    def day(text: str) -> date | None:
        return date.fromisoformat(text) if text else None

    return Gazetteer(
        Place(pk, line["code"], line["name"], line["name_en"], line["level"], path(line["code"]), day(line["valid_from"]), day(line["valid_until"]))
        for pk, line in enumerate(lines)
    )  # fmt: skip


def table(name: str) -> Table:
    """A real file, opened."""
    if not (DATA / name).exists():
        pytest.skip(f"{name} is not here")
    opened = open_table(DATA / name)
    assert isinstance(opened, Table), opened
    return opened


@cache
def read(name: str) -> list[ReadRow]:
    """Every row of a real file, read with the shipped mapping that its headers find."""
    opened = table(name)
    mapping = shipped.fitting(opened)
    assert mapping is not None, f"no shipped mapping fits {name}"
    return list(read_rows(opened, mapping, china(), today=TODAY))


def plainly(name: str) -> list[dict[str, str]]:
    """The same file as the csv module reads it, for an independent count."""
    if not (DATA / name).exists():
        pytest.skip(f"{name} is not here")
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cases(name: str) -> Iterator[ReadRow]:
    return (row for row in read(name) if row.kind == "case")


def links(name: str) -> Iterator[ReadRow]:
    return (row for row in read(name) if row.kind == "link")
