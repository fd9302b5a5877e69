"""Cells that a spreadsheet will not take for formulas."""

from typing import Any

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def defused(value: Any) -> Any:
    """The same cell with an apostrophe before text that a spreadsheet would run; numbers and dates stay as they are."""
    if isinstance(value, str) and value.startswith(STARTS):
        return f"'{value}"
    return "" if value is None else value


def as_before(cell: str) -> str:
    """A defused cell as it was before it was defused."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(STARTS) else cell
