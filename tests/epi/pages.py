"""Do the measured pages of the manual still say what is measured?"""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "epi"
NUMBER = re.compile(r"^-?[\d,]+(\.\d+)?(e-?\d+)?$")


def stale_lines(page: str, tables: str) -> list[str]:
    """Lines of freshly written tables that the committed page does not have, words exactly and figures to rounding.

    Rounding differs between machines in the last digit printed, so figures may be apart by 0.02 or 2 percent.
    """
    committed = [_cells(line) for line in (FOLDER / f"{page}.md").read_text(encoding="utf-8").splitlines()]
    by_words: dict[tuple[str, ...], list[list[str]]] = {}
    for cells in committed:
        by_words.setdefault(_words(cells), []).append(cells)
    fresh = [line for line in tables.splitlines() if line.startswith("|")]
    return [
        line
        for line in fresh
        if not any(_near(_cells(line), known) for known in by_words.get(_words(_cells(line)), []))
    ]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split(" |")]


def _words(cells: list[str]) -> tuple[str, ...]:
    return tuple(cell for cell in cells if not NUMBER.match(cell))


def _near(fresh: list[str], known: list[str]) -> bool:
    numbers = [
        (float(a.replace(",", "")), float(b.replace(",", "")))
        for a, b in zip(fresh, known, strict=False)
        if NUMBER.match(a) and NUMBER.match(b)
    ]
    return len(fresh) == len(known) and all(abs(a - b) <= max(0.02, 0.02 * abs(b)) for a, b in numbers)
