"""Cells that a spreadsheet will not take for formulas."""

from typing import Any

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def defused(value: Any) -> Any:
    """The same cell with an apostrophe before text that a spreadsheet would run; numbers and dates stay as they are."""
    if isinstance(value, str) and value.startswith(STARTS):
        return f"'{value}"
    return "" if value is None else value
