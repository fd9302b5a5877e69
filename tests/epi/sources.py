"""Five public sources of Wenzhou's cumulative confirmed cases, and the province's table, read from the folder beside the project."""

import re
from collections.abc import Iterator
from functools import cache

import numpy as np

from lianfang.epi import reconcile
from tests.epi.conftest import SHARED
from tests.epi.outbreaks import DATA, lines

LAST = "2020-02-13"
SOURCES = ("county table", "canghailan", "platform trend", "open line list", "case sentences")


def _records() -> Iterator[tuple[str, str, float]]:
    """Source, day, cumulative confirmed cases of the city."""
    counties: dict[str, float] = {}
    for line in lines(DATA / "wenzhou" / "county_daily_20200121_20200213.csv"):
        counties[line["date"]] = counties.get(line["date"], 0.0) + float(line["cum_confirmed"])
    yield from (("county table", day, total) for day, total in counties.items())
    for line in lines(DATA / "zhejiang" / "zhejiang_city_daily.csv"):
        if line["city"] == "温州市":
            yield "canghailan", line["date"], float(line["confirmed"])
    for line in lines(DATA / "wenzhou" / "lucheng_trend.csv"):
        yield "platform trend", line["date"], float(line["wenzhou_cum_confirmed"])
    open_list = [
        "-".join(line["date_confirmation"].split(".")[::-1])
        for line in lines(DATA / "china" / "open_linelist_zhejiang_1074.csv")
        if "Wenzhou" in line["city"] and line["date_confirmation"]
    ]
    sentences = [
        line["confirm_date"]
        for line in lines(DATA / "wenzhou" / "case_linelist_parsed_20200208.csv")
        if line["confirm_date"]
    ]
    for name, days in (("open line list", open_list), ("case sentences", sentences)):
        for day in np.arange("2020-01-21", "2020-02-14", dtype="datetime64[D]").astype(str):
            yield name, day, float(sum(d <= day for d in days))


@cache
def wenzhou() -> reconcile.SourceTable:
    rows = [row for row in _records() if row[1] <= LAST]
    source, day, total = zip(*rows, strict=True)
    return reconcile.source_table(source, ["330300"] * len(rows), day, total, sources=SOURCES)


@cache
def zhejiang() -> reconcile.SourceTable:
    """The province's row ("" as area) and its cities, from one source."""
    rows = lines(DATA / "zhejiang" / "zhejiang_city_daily.csv")
    return reconcile.source_table(
        ["canghailan"] * len(rows),
        [row["city"] for row in rows],
        [row["date"] for row in rows],
        [float(row["confirmed"]) for row in rows],
    )


def told() -> list[tuple[str, dict[str, float]]]:
    """The table as the field notes have it: day, and the figure of each source; nothing where a source has none."""
    text = (SHARED / "domain.md").read_text(encoding="utf-8").split("## One city, five sources")[1]
    found = []
    for row in re.findall(r"^\| (\d\d-\d\d) \| (.+) \|$", text, re.MULTILINE):
        cells = [re.match(r"\d+", cell.strip()) for cell in row[1].split("|")]
        found.append((f"2020-{row[0]}", {n: float(c[0]) for n, c in zip(SOURCES, cells, strict=True) if c}))
    return found
