"""Files of the kinds that come in: suggested, read, and every row either read or refused with its reason."""

import tracemalloc
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from lianfang.exchange.reading.findings import GRAVITY
from lianfang.exchange.reading.headers import draft, survey
from lianfang.exchange.reading.places import Ambiguous, Candidate, NotFound, PlaceText, Resolved
from lianfang.exchange.reading.reasons import reason_of, remedy_of
from lianfang.exchange.reading.rows import ReadRow, read_rows
from lianfang.exchange.reading.tables import Table, open_table
from tests.parts.exchange.reading.kinds import KINDS, Kind

TODAY = date(2026, 1, 1)

AREAS = {
    "浙江": ["330000"], "zhejiang": ["330000"], "杭州": ["330100"], "hangzhou": ["330100"], "hangzhou city": ["330100"], "西湖区": ["330106"], "xihu district": ["330106"],
    "滨江区": ["330108"], "余杭区": ["330110"], "台州": ["331000"], "taizhou": ["331000", "321200"], "南京": ["320100"], "鼓楼区": ["320106", "350102"], "China": [],
}  # fmt: skip


class FewAreas:
    """A resolver that knows a dozen names; the last name that it knows counts, if the ones before it hold it."""

    def resolve(self, place: PlaceText, on: date | None) -> Resolved | Ambiguous | NotFound:
        if place.code:
            return Resolved(place.code)
        within = ""
        found: list[str] = []
        for _level, name in place.names:
            codes = AREAS.get(name.lower(), [])
            fitting = [code for code in codes if code.startswith(within.rstrip("0"))]
            if fitting:
                found, within = fitting, fitting[0] if len(fitting) == 1 else ""
        if not found:
            return NotFound(place.text)
        return Resolved(found[0]) if len(found) == 1 else Ambiguous(tuple(Candidate(code, code) for code in found))

    def era(self, on: date | None) -> Any:
        return None

    def within(self, code: str, other: str) -> bool:
        return code.startswith(other.rstrip("0"))


def fact(row: ReadRow) -> dict[str, str]:
    told = {key: str(value) for key, value in row.values.items()}
    if "area" in row.values:
        told["area"] = row.values["area"].code
    return told


def check(rows: list[ReadRow], expected: list[str]) -> None:
    for row, line in zip(rows, expected, strict=False):
        told = fact(row)
        codes = {finding.code.removeprefix("import."): finding.severity for finding in row.findings}
        for part in line.split():
            if part[0] in "!?":
                assert codes.get(part[1:]) == ("refused" if part[0] == "!" else "uncertain"), (line, codes)
            else:
                key, value = part.split("=", 1)
                assert told.get(key) == value.replace("_", " ") or told.get(key) == value, (line, told)
        if "!" not in line:
            assert row.status != "refused", (line, codes)
        if "?" not in line and "!" not in line:
            assert {code for code, severity in codes.items() if severity == "uncertain"} <= {
                "place_unknown",
                "place_ambiguous",
            }, (line, codes)
        for finding in row.findings:
            assert reason_of(finding)
            if GRAVITY[finding.severity] == 2:
                assert remedy_of(finding), finding.code
    if expected:
        assert len(rows) == len(expected) or len(expected) < len(rows) > 9, [fact(row) for row in rows]


def opened(path: Path) -> Table:
    table = open_table(path)
    assert isinstance(table, Table), table
    return table


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_kinds_of_files(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(kind.text, encoding="utf-8")
    table = opened(path)
    drafted = draft(survey(table))
    assert drafted.mapping.kind == kind.kind
    meant = {
        entry.column: (f"{entry.side}." if entry.side else "")
        + entry.field
        + (f" {entry.order}" if entry.order and entry.order != "ymd" else "")
        for entry in drafted.mapping.columns
    }
    assert {header: meant[header] for header in kind.columns} == kind.columns
    asked = {q.code for q in drafted.questions} | {
        q.code for s in drafted.suggestions for q in s.questions if q.severity == "uncertain"
    }
    assert asked == {f"import.{code}" for code in kind.asked.split()}
    check(list(read_rows(table, drafted.mapping, FewAreas(), today=TODAY)), kind.rows)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_same_file_in_other_dress_reads_the_same(encoding: str, delimiter: str, tmp_path: Path) -> None:
    kind = next(kind for kind in KINDS if kind.name.startswith("words for the same"))
    path = tmp_path / "list.txt"
    path.write_bytes(kind.text.replace(",", delimiter).encode(encoding))
    table = opened(path)
    check(list(read_rows(table, draft(survey(table)).mapping, FewAreas(), today=TODAY)), kind.rows)


def test_a_workbook_with_titles_merged_headers_a_blank_header_and_a_sum(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "病例"
    for line in (
        ["杭州市新冠肺炎病例登记表"],
        ["（截至2020年2月10日）"],
        ["编号", "基本情况", None, None, "发病与诊断", None, "县区", None],
        [None, "姓名", "性别", "年龄", "发病日期", "确诊日期", None, None],
        ["H1", "甲某", "男", 45, date(2020, 1, 20), "1月25日", "西湖区", "待核"],
        ["H2", "乙某", "女", "8个月", 43852, date(2020, 1, 27), "滨江区", None],
        ["合计", "2例", None, None, None, None, None, None],
        ["填表人：", "丙", None, None, None, None, None, None],
    ):
        sheet.append(line)
    for merged in ("A1:H1", "B3:D3", "E3:F3", "A3:A4", "G3:G4"):
        sheet.merge_cells(merged)
    other = book.create_sheet("说明")
    other.append(["本表由各县区填报"])
    path = tmp_path / "登记表.xlsx"
    book.save(path)
    table = opened(path)
    assert table.sheet == "病例"
    rows = list(read_rows(table, draft(survey(table)).mapping, FewAreas(), today=TODAY))
    check(
        rows,
        [
            "local_id=H1 name=甲某 sex=M age=45 onset_date=2020-01-20 confirm_date=2020-01-25 area=330106",
            "local_id=H2 name=乙某 sex=F age=0.66667 onset_date=2020-01-22 confirm_date=2020-01-27 area=330108",
            "!row_is_no_case",
            "!row_is_no_case",
        ],
    )
    assert "待核" in rows[0].other.values()


def test_nothing_a_row_said_is_dropped(tmp_path: Path) -> None:
    """Whatever the mapping, each filled cell is read, kept under its header, or named in a finding."""
    for kind in KINDS:
        path = tmp_path / "list.csv"
        path.write_text(kind.text, encoding="utf-8")
        table = opened(path)
        mapping = draft(survey(table)).mapping
        for row in read_rows(table, mapping, FewAreas(), today=TODAY):
            assert list(row.raw.values()) != [], kind.name
            for entry in mapping.columns:
                if row.status != "refused" and entry.field == "other" and row.raw.get(entry.column, "").strip():
                    assert (
                        row.other.get(entry.column) == row.raw[entry.column]
                        or row.kind == "link"
                        or mapping.kind == "pairs"
                    )


def test_a_day_order_that_was_decided_is_read_so(tmp_path: Path) -> None:
    kind = next(kind for kind in KINDS if kind.name.startswith("nothing in the file"))
    path = tmp_path / "list.csv"
    path.write_text(kind.text, encoding="utf-8")
    table = opened(path)
    mapping = draft(survey(table)).mapping
    for order, onset, report in (("dmy", "2020-04-03", "2020-04-05"), ("mdy", "2020-03-04", "2020-05-04")):
        told = tuple(replace(e, order=order) if e.field.endswith("_date") else e for e in mapping.columns)
        first = next(read_rows(table, replace(mapping, columns=told), FewAreas(), today=TODAY))
        assert (str(first.values["onset_date"]), str(first.values["report_date"])) == (onset, report)


def invented(path: Path, rows: int) -> Path:
    """A line list of so many rows in which names, numbers and addresses never repeat."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("编号,姓名,性别,年龄,电话,现住址,发病日期,报告日期,症状\n")
        for n in range(rows):
            file.write(
                f"N{n:07d},甲{n},{'男女'[n % 2]},{n % 90},138{n:08d},文三路{n}号,2020-01-{n % 28 + 1:02d},2020-02-{n % 28 + 1:02d},发热、咳嗽\n"
            )
    return path


def test_memory_does_not_grow_with_the_rows_but_for_their_numbers(tmp_path: Path) -> None:
    peaks = []
    for rows in (6_000, 18_000):
        table = opened(invented(tmp_path / f"{rows}.csv", rows))
        mapping = draft(survey(table, limit=500)).mapping
        tracemalloc.start()
        read = sum(1 for row in read_rows(table, mapping, FewAreas(), today=TODAY) if row.status != "refused")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert read == rows
    # To find the number that comes twice, each number is kept with a digest of its row: about 300 bytes.
    assert (peaks[1] - peaks[0]) / 12_000 < 400


@pytest.mark.parametrize("cell", ["3.30302E+17", "330302********1234", "33030219900101"])
def test_an_id_number_that_cannot_be_read_is_told_and_stands_nowhere_in_clear(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        f"编号,身份证号,电话,性别,发病日期\n1,{cell},138****0000,男,2020-01-20\n2,330302199001011239,,男,2020-01-21\n"
    )
    table = opened(path)
    row = next(read_rows(table, draft(survey(table)).mapping, FewAreas(), today=TODAY))
    assert row.status == "uncertain"
    assert {"id_number", "phone"} <= {finding.field for finding in row.findings}
    assert not {"id_number", "phone"} & row.values.keys()
    assert cell not in str(row.other)
