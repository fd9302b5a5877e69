"""Files as they come: encodings, delimiters, headers, and everything that must be refused before it is loaded."""

import csv
import io
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from lianfang.exchange.reading.findings import Finding
from lianfang.exchange.reading.tables import Table, open_table

SHARED = Path(__file__).parents[5] / "shared" / "data"

HEADERS = ["病例编号", "姓名", "性别", "年龄", "发病日期"]
ROWS = [["A1", "张三", "男", "45", "2020-01-22"], ["A2", "李小明", "女", "8个月", "2020-01-25"]]


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def as_text(delimiter: str = ",", rows: list[list[str]] | None = None) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([HEADERS, *(rows or ROWS)])
    return file.getvalue()


def opened(path: Path, **how: object) -> Table:
    table = open_table(path, **how)  # type: ignore[arg-type]
    assert isinstance(table, Table), table
    return table


def refusal(path: Path, **how: object) -> Finding:
    found = open_table(path, **how)  # type: ignore[arg-type]
    assert isinstance(found, Finding)
    assert found.severity == "refused"
    return found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"])
def test_encoding_and_delimiter_are_found_out(tmp_path: Path, delimiter: str, encoding: str) -> None:
    many = [[f"A{n}", "欧阳一", "女", "30", "2020-01-22"] for n in range(30)]
    path = written(tmp_path / "a.csv", as_text(delimiter, many), encoding)
    table = opened(path)
    assert table.headers == tuple(HEADERS)
    assert table.delimiter == delimiter
    assert [row.cells for row in table.rows()] == many
    again = opened(path, **table.settings())
    assert [row.cells for row in again.rows()] == many


def test_rows_can_be_read_again_and_count_as_the_file_does(tmp_path: Path) -> None:
    table = opened(written(tmp_path / "a.csv", as_text()))
    assert [row.number for row in table.rows()] == [2, 3]
    assert list(table.rows()) == list(table.rows())


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_of_three_systems(tmp_path: Path, line_end: str) -> None:
    table = opened(written(tmp_path / "a.csv", as_text().replace("\r\n", line_end)))
    assert [row.cells[0] for row in table.rows()] == ["A1", "A2"]


def test_title_rows_stand_above_the_header_and_sums_below_are_no_cases(tmp_path: Path) -> None:
    text = (
        "某县新冠肺炎病例一览表,,,,\n填报单位：某县疾控中心,,,填报日期：,2020年2月8日\n,,,,\n"
        + as_text()
        + "合计,2,,,\n注：本表为初步统计,,,,\n"
    )
    table = opened(written(tmp_path / "a.csv", text))
    assert table.header_row == 4
    assert table.headers == tuple(HEADERS)
    assert table.title[0] == "某县新冠肺炎病例一览表"
    rows = list(table.rows())
    assert [row.cells[0] for row in rows if row.problem is None] == ["A1", "A2"]
    assert [row.problem.code for row in rows if row.problem] == ["import.row_is_no_case", "import.row_is_no_case"]


def test_two_header_rows_with_merged_groups_are_told_apart(tmp_path: Path) -> None:
    text = "传染源,,,被感染者,,\n编号,性别,年龄,编号,性别,年龄\nA1,男,40,B1,女,38\nA1,男,40,B2,男,12\n"
    table = opened(written(tmp_path / "a.csv", text))
    assert table.headers == (
        "传染源 编号",
        "传染源 性别",
        "传染源 年龄",
        "被感染者 编号",
        "被感染者 性别",
        "被感染者 年龄",
    )


def test_duplicate_headers_stay_apart_and_are_a_question(tmp_path: Path) -> None:
    table = opened(written(tmp_path / "a.csv", "编号,日期,日期\nA1,2020-01-02,2020-01-05\n"))
    assert table.headers == ("编号", "日期", "日期 (2)")
    assert [f.code for f in table.findings] == ["import.header_twice"]


def test_a_file_without_a_header_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "A1,男,45,2020-01-22\nA2,女,30,2020-01-25\nA3,女,31,2020-01-26\n")
    assert refusal(path).code == "import.no_header"
    assert len(list(opened(path, header_row=0).rows())) == 3


def test_ragged_rows_are_kept_and_refused(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv", as_text() + "A3,王五,男\nA4,王五,男,20,2020-01-02,多,余\nA5,王五,男,20,2020-01-02,,\n"
    )
    rows = {row.cells[0]: row for row in opened(path).rows()}
    assert rows["A3"].problem.code == "import.row_too_short"
    assert rows["A4"].problem.code == "import.row_too_long"
    assert rows["A4"].cells[-1] == "余"
    assert rows["A5"].problem is None


def test_a_repeated_header_is_no_case(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", as_text() + ",".join(HEADERS) + "\nA3,王五,男,20,2020-01-02\n")
    assert [row.problem and row.problem.code for row in opened(path).rows()] == [
        None,
        None,
        "import.row_is_header",
        None,
    ]


def test_line_breaks_inside_a_cell_do_not_shift_rows(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", '编号,备注,性别\nA1,"第一行\n第二行",男\nA2,,女\n')
    assert [(row.number, row.cells[1]) for row in opened(path).rows()] == [(2, "第一行\n第二行"), (3, "")]


def test_excel_own_separator_line(tmp_path: Path) -> None:
    table = opened(written(tmp_path / "a.csv", "sep=;\n编号;性别\nA1;男\n"))
    assert table.headers == ("编号", "性别")


# -------------------------------------------------------------------------------------------------------- hostile files


def test_wrong_encoding_says_at_which_byte_and_line(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv", "编号,姓名\nA1,张三\nA2,".replace("编号,姓名\nA1,张三", "id,name\nA1,Zoë"), "latin-1"
    )
    path.write_bytes(b"id,name\nA1,Zo\xeb\nA2,Ren\xe9e Dupr\xe9\n")
    found = refusal(path)
    assert found.code == "import.encoding_wrong"
    assert (found.values["byte"], found.values["line"]) == (14, 2)
    assert opened(path, encoding="cp1252").headers == ("id", "name")


def test_damaged_utf8_is_not_taken_for_another_encoding(tmp_path: Path) -> None:
    good = as_text(rows=[[f"A{n}", "张三", "男", "45", "2020-01-22"] for n in range(20)]).encode()
    path = tmp_path / "a.csv"
    path.write_bytes(good + b"A99,\xe5\xbc,x,45,2020-01-02\n")
    found = refusal(path)
    assert found.code == "import.encoding_wrong"
    assert found.values["byte"] == len(good) + 5
    assert found.values["line"] == 22


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "import.file_empty"),
        (b"  \n \n", "import.file_empty"),
        (b"id,name\nA\0B,x\n", "import.file_binary"),
        (b"%PDF-1.7 ...", "import.file_pdf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "import.file_old_excel"),
        (b"<html><table><tr><td>id</td></tr></table></html>", "import.file_web_page"),
        (b"<?xml version='1.0'?><Workbook/>", "import.file_xml"),
        (b'[{"id": 1}]', "import.file_json"),
        (b"PK\x03\x04 not really a zip at all, only its first bytes", "import.file_damaged"),
        (b"id," + b"x" * 2_000_000, "import.line_endless"),
        ((",".join(f"c{n}" for n in range(10_000)) + "\n1" + ",1" * 9_999 + "\n").encode(), "import.too_many_columns"),
        (b"id,name\nA1,x\n" + b"1," * 9_999 + b"1\n", "import.too_many_columns"),
        (b'id,name\nA1,"never closed\n' + b"A2,x\n" * 60_000, "import.quote_open"),
        (b"id,name\n", "import.no_rows"),
    ],
)
def test_hostile_content_is_refused_by_name(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    assert refusal(path).code == code


def test_a_wide_row_far_down_is_refused_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,name\n" + b"A1,x\n" * 100 + b"1," * 9_999 + b"1\nA2,y\n")
    problems = [row.problem.code for row in opened(path).rows() if row.problem]
    assert problems == ["import.row_too_long"]


def test_too_large_is_refused_without_reading(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    found = refusal(path, size_limit=100_000_000)
    assert (found.code, found.values["megabytes"]) == ("import.file_too_large", 200.0)


def test_an_unclosed_quote_far_down_is_told_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,name\n" + b"A1,x\n" * 100 + b'A2,"open\n' + b"A3,y\n" * 50)
    rows = list(opened(path).rows())
    assert rows[-1].number == 102
    assert rows[-1].problem.code == "import.row_quote_open"


def zipped(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml").replace("_rels", ".rels"), content)
    return path


def test_a_zip_that_is_no_workbook(tmp_path: Path) -> None:
    assert refusal(zipped(tmp_path / "a.xlsx", photos__one_xml=b"x")).code == "import.zip_no_workbook"


def small_workbook(path: Path) -> Path:
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("病例")
    for column, header in enumerate(HEADERS):
        sheet.write(0, column, header)
    sheet.write_row(1, 0, ROWS[0])
    book.close()
    return path


def replaced(path: Path, entry: str, content: bytes) -> Path:
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    kept[entry] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in kept.items():
            archive.writestr(name, body)
    return path


def test_a_zip_bomb_is_refused_by_what_it_would_unpack_to(tmp_path: Path) -> None:
    path = replaced(small_workbook(tmp_path / "a.xlsx"), "xl/worksheets/sheet1.xml", b"<sheetData>" + b" " * 60_000_000)
    assert refusal(path).code == "import.zip_bomb"


def test_a_zip_entry_that_lies_about_its_size(tmp_path: Path) -> None:
    path = replaced(small_workbook(tmp_path / "a.xlsx"), "xl/worksheets/sheet1.xml", b"<sheetData>" + b" " * 60_000_000)
    content = bytearray(path.read_bytes())
    for sign, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = content.find(sign)
        while place >= 0:
            if int.from_bytes(content[place + at : place + at + 4], "little") > 1_000_000:
                content[place + at : place + at + 4] = (1000).to_bytes(4, "little")
            place = content.find(sign, place + 4)
    path.write_bytes(content)
    assert refusal(path).code == "import.file_damaged"


def test_entities_in_a_workbook_are_refused(tmp_path: Path) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'
    assert (
        refusal(replaced(small_workbook(tmp_path / "a.xlsx"), "xl/worksheets/sheet1.xml", bomb)).code
        == "import.xml_entities"
    )


def test_two_cells_at_the_corners_of_a_sheet_are_refused(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    sheet = book.add_worksheet()
    sheet.write(0, 0, "id")
    sheet.write(1_048_575, 16_383, "x")
    book.close()
    assert refusal(tmp_path / "a.xlsx").code == "import.sheet_scattered"


def test_workbook_cut_in_the_middle(tmp_path: Path) -> None:
    path = small_workbook(tmp_path / "a.xlsx")
    path.write_bytes(path.read_bytes()[:-400])
    assert refusal(path).code == "import.file_damaged"


# ------------------------------------------------------------------------------------------------------------ workbooks


@pytest.mark.parametrize("epoch_1904", [False, True])
def test_workbook_dates_numbers_errors_and_formulas(tmp_path: Path, epoch_1904: bool) -> None:
    book = openpyxl.Workbook()
    if epoch_1904:
        book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    sheet.append(["某市病例表"])
    sheet.append([])
    sheet.append(["编号", "发病日期", "采样时间", "年龄", "身份证号", "备注", "检测"])
    sheet.append(
        [
            1,
            date(2020, 1, 22),
            datetime.fromisoformat("2020-01-22 13:05"),
            30.0,
            330302199001011234,
            "=HYPERLINK(1)",
            "#N/A",
        ]
    )
    book.save(tmp_path / "a.xlsx")
    table = opened(tmp_path / "a.xlsx")
    assert table.epoch_1904 is epoch_1904
    assert table.header_row == 3
    (row,) = table.rows()
    assert row.number == 4
    assert row.cells == ["1", "2020-01-22", "2020-01-22 13:05:00", "30", "330302199001011000", "=HYPERLINK(1)", "#N/A"]


def test_table_that_starts_in_the_middle_of_a_sheet(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    sheet = book.add_worksheet()
    for row, cells in enumerate([HEADERS, *ROWS]):
        sheet.write_row(5 + row, 2, cells)
    book.close()
    table = opened(tmp_path / "a.xlsx")
    assert table.header_row == 6
    assert [(row.number, row.cells[2:]) for row in table.rows()] == [(7, ROWS[0]), (8, ROWS[1])]


def test_sheets_are_named_and_hidden_ones_passed_over(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    for title in ("封面", "病例", "旧表"):
        sheet = book.add_worksheet(title)
        if title == "封面":
            sheet.write(0, 0, "某市报表")
            continue
        for row, cells in enumerate([HEADERS, *ROWS * 9]):
            sheet.write_row(row, 0, cells)
        if title == "旧表":
            sheet.hide()
    book.close()
    table = opened(tmp_path / "a.xlsx")
    assert table.sheet == "病例"
    assert table.sheets == ("封面", "病例", "旧表")
    assert opened(tmp_path / "a.xlsx", sheet="旧表").sheet == "旧表"
    assert refusal(tmp_path / "a.xlsx", sheet="没有").code == "import.sheet_missing"


@pytest.mark.parametrize(
    ("name", "columns", "rows"),
    [
        ("china/open_linelist_china_10446_min.csv", 16, 10_446),
        ("china/open_linelist_china_with_age_or_onset.csv", 29, 1_101),
        ("china/open_linelist_zhejiang_1074.csv", 29, 1_074),
        ("china/transmission_pairs_1407.csv", 31, 1_407),
        ("outbreaks/ebola_sim_clean_linelist.csv", 11, 5_829),
        ("outbreaks/ebola_sim_clean_contacts.csv", 3, 3_800),
        ("outbreaks/sars_canada_2003.csv", 5, 110),
        ("outbreaks/fluH7N9_china_2013.csv", 8, 136),
        ("outbreaks/measles_hagelloch_1861.csv", 12, 188),
        ("wenzhou/case_narratives_20200208.csv", 4, 280),
    ],
)
def test_real_files_open_whole(name: str, columns: int, rows: int) -> None:
    table = opened(SHARED / name)
    assert len(table.headers) == columns
    read = list(table.rows())
    assert len(read) == rows
    assert not [row for row in read if row.problem]
