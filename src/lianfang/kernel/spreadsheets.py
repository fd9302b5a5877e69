"""Files that a spreadsheet reads as they were written, and whose cells it will not take for formulas."""

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

STARTS = frozenset("=+-@\t\r\n＝＋－＠")


def defused(value: Any) -> Any:
    """The same cell with an apostrophe before text that a spreadsheet would run; numbers and dates stay as they are."""
    if isinstance(value, str) and value[:1] in STARTS:
        return f"'{value}"
    return "" if value is None else value


def as_before(cell: str) -> str:
    """A defused cell as it was before it was defused."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in STARTS else cell


class _Line:
    """A file for the csv writer that hands each line back."""

    def write(self, line: str) -> str:
        return line


LINES_AT_ONCE = 500


def as_csv(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """The rows as a CSV file, some hundred lines in one piece, for files that are sent as they are written.

    Begins with the mark without which spreadsheets do not read UTF-8; every cell is defused.
    """
    write: Any = csv.writer(_Line()).writerow
    rows, mark = iter(rows), "\ufeff"
    while some := list(islice(rows, LINES_AT_ONCE)):
        yield mark + "".join(write([defused(cell) for cell in row]) for row in some)
        mark = ""
