"""Files that a spreadsheet reads as they were written, and whose cells it will not take for formulas."""

import csv
from collections.abc import Callable, Iterable, Iterator
from io import StringIO
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


LINES_AT_ONCE = 2000


def all_defused(row: Iterable[Any]) -> Iterable[Any]:
    """The cells of a row, each defused."""
    return map(defused, row)


def as_csv(rows: Iterable[Any], safe: Callable[[Any], Iterable[Any]] = all_defused) -> Iterator[str]:
    """The rows as a CSV file, many lines in one piece, for files that are sent as they are written.

    Begins with the mark without which spreadsheets do not read UTF-8. ``safe`` gives the cells of a row that no spreadsheet
    runs; whoever knows where text from outside stands can say it more quickly than by looking at every cell.
    """
    piece = StringIO("\ufeff")
    piece.seek(1)
    written, rows = csv.writer(piece), iter(rows)
    while some := list(islice(rows, LINES_AT_ONCE)):
        written.writerows(map(safe, some))
        yield piece.getvalue()
        piece.seek(0)
        piece.truncate()
