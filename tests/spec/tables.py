"""Specification tables: a page of the manual holds rows of facts and expected results, a test reads and runs each row."""

from collections.abc import Iterator
from pathlib import Path

MANUAL = Path(__file__).resolve().parents[2] / "docs"


def rows(page: str, needed: str) -> Iterator[tuple[str, dict[str, str]]]:
    """(place, {column: cell}) of every table row of a page whose table has the column ``needed``."""
    header: list[str] = []
    for number, line in enumerate((MANUAL / page).read_text(encoding="utf-8").splitlines(), 1):
        if not line.startswith("|"):
            header = []
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not header:
            header = cells
        elif needed in header and not set(line) <= set("|- "):
            yield f"{page}:{number}", dict(zip(header, cells, strict=True))
