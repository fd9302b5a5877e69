"""The figures of the real line lists, counted twice: from what the import reads, and by plain csv code.

    python -m tests.parts.exchange.figures

writes docs/reference/import-figures.md. A test holds the page to what this writes where the files are present.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from lianfang.exchange import shipped
from lianfang.exchange.reading.reasons import reason_of
from lianfang.exchange.reading.rows import ReadRow
from tests.parts.exchange import real

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "import-figures.md"
PARSED = "wenzhou/case_linelist_parsed_20200208.csv"
UNKNOWN = {"", "N/A", "NA", "none", "unknown", "?"}


class Figure(NamedTuple):
    """One figure of one file: what it is, as the import reads it, and as csv code counts it."""

    file: str
    what: str
    read: Any
    counted: Any


def _day(text: str) -> date | None:
    """A day as the file with slashes writes it."""
    return date(*map(int, text.split("/"))) if text[:1].isdigit() else None


def _onsets(name: str) -> dict[str, date]:
    return {
        row.values["local_id"]: row.values["onset_date"].day for row in real.cases(name) if "onset_date" in row.values
    }


def provinces(rows: Iterable[ReadRow]) -> Counter[str]:
    names = {place.code: place.name_en for place in real.china().places if place.level == "province"}
    return Counter(names[row.values["area"].code[:2] + "0000"] for row in rows)


def _counted(rows: Iterable[ReadRow], key: str) -> Counter[str]:
    return Counter(str(row.values[key]) for row in rows if key in row.values)


@cache
def figures() -> tuple[Figure, ...]:
    """Every figure. Needs the real files."""
    found: list[Figure] = []

    def add(file: str, what: str, read: Any, counted: Any) -> None:
        found.append(Figure(file, what, read, counted))

    # ---- open line list
    told, cases = real.plainly(real.LINE_LIST), list(real.cases(real.LINE_LIST))
    placed = [row for row in cases if "area" in row.values]
    there = {row.raw["ID"] for row in placed}
    add(
        real.LINE_LIST,
        "cases by province, of those placed",
        provinces(placed),
        Counter(r["province"] for r in told if r["ID"] in there),
    )
    add(
        real.LINE_LIST,
        "cases by day of confirmation",
        _counted(cases, "confirm_date"),
        Counter(f"{d[6:]}-{d[3:5]}-{d[:2]}" for r in told if len(d := r["date_confirmation"]) == 10),
    )
    add(
        real.LINE_LIST,
        "cases with an onset",
        sum("onset_date" in row.values for row in cases),
        sum(r["date_onset_symptoms"] not in UNKNOWN for r in told),
    )
    add(
        real.LINE_LIST,
        "cases with an age",
        sum("age" in row.values for row in cases),
        sum(r["age"] not in UNKNOWN for r in told),
    )

    # ---- sentences
    told, parsed, cases = real.plainly(real.SENTENCES), real.plainly(PARSED), list(real.cases(real.SENTENCES))
    add(
        real.SENTENCES,
        "cases by county",
        Counter(row.raw["county"] for row in cases),
        Counter(r["county"] for r in told),
    )
    add(
        real.SENTENCES,
        "cases by day of confirmation, against the machine parse",
        Counter(str(row.values.get("confirm_date", "")) for row in cases),
        Counter(r["confirm_date"] for r in parsed),
    )
    add(
        real.SENTENCES,
        "cases by county and sex, against the machine parse",
        Counter((row.raw["county"], row.values.get("sex", "")) for row in cases),
        Counter((r["county"], r["sex"]) for r in parsed),
    )

    # ---- pairs
    told = real.plainly(real.PAIRS)
    onset, links = _onsets(real.PAIRS), [row.values for row in real.links(real.PAIRS)]
    add(
        real.PAIRS,
        "distinct cases",
        sum(1 for _ in real.cases(real.PAIRS)),
        len({r[f"{s}_id"] for r in told for s in ("infector", "infectee")}),
    )
    add(
        real.PAIRS,
        "links",
        len({(v["infector_id"], v["infectee_id"]) for v in links}),
        len({(r["infector_id"], r["infectee_id"]) for r in told}),
    )
    ours = [
        (onset[v["infectee_id"]] - onset[v["infector_id"]]).days
        for v in links
        if v["infector_id"] in onset and v["infectee_id"] in onset
    ]
    theirs = [
        (b - a).days for r in told if (a := _day(r["infector_onsetDate"])) and (b := _day(r["infectee_onsetDate"]))
    ]
    add(real.PAIRS, "pairs with both onsets", len(ours), len(theirs))
    add(real.PAIRS, "mean serial interval in days", round(mean(ours), 2), round(mean(theirs), 2))
    add(real.PAIRS, "negative serial intervals", sum(d < 0 for d in ours), sum(d < 0 for d in theirs))

    # ---- Ebola
    told, cases = real.plainly(real.EBOLA), list(real.cases(real.EBOLA))
    add(real.EBOLA, "cases", len(cases), len(told))
    add(
        real.EBOLA,
        "cases by outcome",
        _counted(cases, "outcome"),
        Counter({"Recover": "recovered", "Death": "died"}[r["outcome"]] for r in told if r["outcome"]),
    )
    add(
        real.EBOLA,
        "cases by month of onset",
        Counter(str(row.values["onset_date"])[:7] for row in cases),
        Counter(r["date_of_onset"][:7] for r in told),
    )
    told, links = real.plainly(real.EBOLA_LINKS), [row.values for row in real.links(real.EBOLA_LINKS)]
    add(
        real.EBOLA_LINKS,
        "links",
        len({(v["infector_id"], v["infectee_id"]) for v in links}),
        len({(r["infector"], r["case_id"]) for r in told}),
    )
    add(real.EBOLA_LINKS, "links by setting", Counter(v["setting"] for v in links), Counter(r["source"] for r in told))
    known = {r["case_id"] for r in real.plainly(real.EBOLA)}
    here = {row.values["local_id"] for row in real.cases(real.EBOLA)}
    add(
        real.EBOLA_LINKS,
        "links with both cases in the line list",
        sum(v["infector_id"] in here and v["infectee_id"] in here for v in links),
        sum(r["infector"] in known and r["case_id"] in known for r in told),
    )

    # ---- the smaller files
    told, cases = real.plainly(real.SARS), list(real.cases(real.SARS))
    columns = [name for name in told[0] if name.startswith("cases_")]
    add(real.SARS, "cases", len(cases), sum(int(r[c]) for r in told for c in columns))
    add(
        real.SARS,
        "cases by exposure",
        _counted(cases, "exposure"),
        Counter({c.removeprefix("cases_"): sum(int(r[c]) for r in told) for c in columns}),
    )
    add(
        real.SARS,
        "cases by day",
        _counted(cases, "onset_date"),
        Counter({r["date"]: n for r in told if (n := sum(int(r[c]) for c in columns))}),
    )
    told, cases = real.plainly(real.H7N9), list(real.cases(real.H7N9))
    add(real.H7N9, "cases", len(cases), len(told))
    add(real.H7N9, "cases by province", provinces(cases), Counter(r["province"] for r in told))
    add(
        real.H7N9,
        "cases by outcome",
        _counted(cases, "outcome"),
        Counter({"Death": "died", "Recover": "recovered"}[r["outcome"]] for r in told if r["outcome"] not in UNKNOWN),
    )
    told, cases = real.plainly(real.MEASLES), list(real.cases(real.MEASLES))
    add(real.MEASLES, "cases", len(cases), len(told))
    add(
        real.MEASLES,
        "cases by day of onset",
        _counted(cases, "onset_date"),
        Counter(r["date_of_prodrome"] for r in told),
    )
    add(
        real.MEASLES,
        "deaths",
        sum(row.values.get("outcome") == "died" for row in cases),
        sum(bool(r["date_of_death"]) for r in told),
    )
    add(
        real.MEASLES,
        "links",
        len({(row.values["infector_id"], row.values["infectee_id"]) for row in real.links(real.MEASLES)}),
        len({(r["infector"], r["case_ID"]) for r in told if r["infector"]}),
    )
    return tuple(found)  # fmt: skip


# ---- the page


def _shown(value: Any) -> str:
    if not isinstance(value, Counter):
        return f"{value:,}"
    named = [(" ".join(key) if isinstance(key, tuple) else key or "not told", n) for key, n in value.items()]
    if len(named) <= 4:
        return ", ".join(f"{name} {n:,}" for name, n in sorted(named, key=lambda e: -e[1]))
    most = ", ".join(f"{name} {n:,}" for name, n in sorted(named, key=lambda e: (-e[1], e[0]))[:3])
    return f"{value.total():,} in {len(named)}: {most} …"


def page() -> str:
    """The page of the manual."""
    text = """<!-- Written by tests/parts/exchange/figures.py from the real files. Run: python -m tests.parts.exchange.figures -->

# Import: the real files in figures

Eight public files, read with the [mappings that come with the platform](../how-to/import-a-line-list.md) and the areas of
China. *Accepted* rows were read for certain; *doubtful* ones enter with their doubt beside them; *asked* ones wait until a
person says which area is meant; *refused* ones come back with row, column, value, reason and remedy. Each figure is
counted a second time by plain CSV code that shares nothing with the import, and a test holds the two equal.

Files without a place (Ebola, SARS, measles) are asked for one area for all rows before they enter.
"""
    for name in real.FILES:
        rows = real.read(name)
        headers = {header.lower() for header in real.table(name).headers}
        entry = next(entry for entry in shipped.shipped_mappings() if entry.headers == headers)
        placed = any("area" in row.values for row in rows)
        asked = [r for r in rows if placed and r.kind == "case" and r.status != "refused" and "area" not in r.values]
        fate = {
            "rows in": len(real.plainly(name)),
            "cases": sum(row.kind == "case" for row in rows),
            "links": sum(row.kind == "link" for row in rows),
            "accepted": sum(row.status == "accepted" and row not in asked for row in rows),
            "doubtful": sum(row.status == "uncertain" and row not in asked for row in rows),
            "asked": len(asked),
            "refused": sum(row.status == "refused" for row in rows),
        }
        text += f"\n## {entry.label['en']} · {entry.label['zh']}\n\n`{Path(name).name}`, mapping `{entry.code}`\n\n"
        text += f"| {' | '.join(fate)} |\n|{' ---: |' * len(fate)}\n| {' | '.join(f'{n:,}' for n in fate.values())} |\n"
        text += "\n| why refused, asked or doubtful: the first of each | column | rows |\n| --- | --- | ---: |\n"
        reasons = Counter(
            (f.severity, f.code, f.column or f.field) for row in rows for f in row.findings if f.severity != "note"
        )
        for (_severity, code, column), n in sorted(reasons.items(), key=lambda e: (e[0][0] != "refused", -e[1], e[0])):
            first = next(f for row in rows for f in row.findings if f.code == code)
            text += f"| {reason_of(first)} (`{code.removeprefix('import.')}`) | {column} | {n:,} |\n"
        if not reasons:
            text += "| nothing | | 0 |\n"
        text += "\n| figure | read by the import | counted by csv | |\n| --- | --- | --- | --- |\n"
        for figure in figures():
            if figure.file == name:
                equal = "equal" if figure.read == figure.counted else "**differs**"
                text += f"| {figure.what} | {_shown(figure.read)} | {_shown(figure.counted)} | {equal} |\n"
        if name == real.SENTENCES:
            text += differences()
    return text


WHY_DIFFERENT = {
    ("WZ-330381-012", "return_date"): "the sentence says that the person came to work from a city in Hubei on that day",
    ("WZ-330381-036", "onset_date"): "the day stands apart from the raised temperature; read as its day, and doubtful",
    (
        "WZ-330382-069",
        "return_date",
    ): "the day is that of meeting people who had returned, not of the person’s own return",
}


def parse_differences() -> list[tuple[str, str, str, str]]:
    """Where the reading of a sentence and the machine parse differ: case, field, ours, theirs."""
    parsed = {row["case_no"]: row for row in real.plainly(PARSED)}
    return [
        (number, key, ours, parsed[number][key])
        for row in real.cases(real.SENTENCES)
        for key in ("confirm_date", "sex", "age", "onset_date", "return_date")
        if (number := row.values["local_id"]) and (ours := str(row.values.get(key, ""))) != parsed[number][key]
    ]


def differences() -> str:
    text = "\nThe machine parse was not checked by hand; where it differs, the sentence is right:\n\n| case | field | read | machine parse | why |\n| --- | --- | --- | --- | --- |\n"
    return text + "".join(
        f"| {' | '.join(part or '—' for part in line)} | {WHY_DIFFERENT[line[:2]]} |\n" for line in parse_differences()
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
