"""The file of refused rows: the original columns, why each row was refused and what to do, ready to be sent again.

What a spreadsheet would run as a formula is written with an apostrophe before it, which ``tables`` takes away again
when the file comes back; in a workbook all cells are text.
"""

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import xlsxwriter

from .findings import GRAVITY, Finding
from .reasons import reason_of, remedy_of
from .rows import ReadRow

ROW_HEADER, REASON_HEADER, REMEDY_HEADER = "原行/row", "原因/reason", "办法/remedy"
EXTRA_HEADERS = (ROW_HEADER, REASON_HEADER, REMEDY_HEADER)

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")

Words = Callable[[Finding], tuple[str, str]]


def english(finding: Finding) -> tuple[str, str]:
    """Reason and remedy of a finding in English, for use without a catalogue of translations."""
    return reason_of(finding), remedy_of(finding)


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula.

    >>> safe_cell("=1+1"), safe_cell("-"), safe_cell("A1")
    ("'=1+1", "'-", 'A1')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def original_cell(text: str) -> str:
    """A safe cell as it was before."""
    return text[1:] if len(text) > 1 and text[0] == "'" and text[1:].startswith(FORMULA_STARTS) else text


def _lines(headers: Sequence[str], rows: Iterable[ReadRow], words: Words) -> Iterable[list[str]]:
    own = [header for header in headers if header not in EXTRA_HEADERS]
    yield [*own, *EXTRA_HEADERS]
    for row in rows:
        told = [finding for finding in row.findings if GRAVITY[finding.severity] >= 1] or row.findings
        told = sorted(told, key=lambda finding: -GRAVITY[finding.severity])
        reasons, remedies = [], []
        for finding in told:
            reason, remedy = words(finding)
            where = finding.column or finding.field
            value = f"“{finding.text}” " if finding.text and finding.text not in reason else ""
            reasons.append(f"{where}: {value}{reason}" if where else reason)
            if remedy and remedy not in remedies:
                remedies.append(remedy)
        cells = [row.raw.get(header, "") for header in own]
        surplus = [cell for header, cell in row.raw.items() if header.startswith("+") and header[1:].isdigit()]
        if surplus:
            reasons.append(" | ".join(surplus))
        yield [*cells, str(row.number), " ; ".join(reasons), " ; ".join(remedies)]


def write_csv(path: Path, headers: Sequence[str], rows: Iterable[ReadRow], words: Words = english) -> int:
    """Write refused rows as CSV that spreadsheets open in the right encoding. Returns how many rows were written."""
    written = -1
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        for line in _lines(headers, rows, words):
            writer.writerow([safe_cell(cell) for cell in line])
            written += 1
    return written


def write_workbook(path: Path, headers: Sequence[str], rows: Iterable[ReadRow], words: Words = english) -> int:
    """Write refused rows as a workbook of text cells, the header frozen. Returns how many rows were written."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(str(path), options)
    sheet = book.add_worksheet("退回/refused")
    bold = book.add_format({"bold": True})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    columns = len([header for header in headers if header not in EXTRA_HEADERS])
    sheet.set_column(columns + 1, columns + 2, 50, wrapped)
    sheet.freeze_panes(1, 0)
    written = -1
    for number, line in enumerate(_lines(headers, rows, words)):
        for position, cell in enumerate(line):
            sheet.write_string(number, position, cell[:32_767], bold if number == 0 else None)
        written += 1
    book.close()
    return written
