"""Cells that a spreadsheet will not take for formulas."""

import csv
from collections.abc import Callable, Iterable
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


def line_writer() -> Callable[[Iterable[Any]], str]:
    """A function from the cells of a row to its line of CSV, for files that are sent as they are written."""
    return csv.writer(_Line()).writerow  # type: ignore[return-value]
