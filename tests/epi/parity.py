"""How near the analytic library comes to reference results: one row a function and reference, measured when asked.

Each part of the library has its file `parity_<part>.py` beside this one, with `rows()` yielding `Row`. The tests hold
every row to its limit; the page of the manual prints them. `python -m tests.epi.parity` prints the table.
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Row:
    """One comparison.

    function : name of the function in lianfang.epi, such as "transmission.estimate_rt".
    reference : what it is compared with: package and function, data, settings.
    measure : "relative" or "absolute" difference, or "different" for a share of unequal answers.
    largest : the largest difference.
    limit : what the tests hold it to.
    values : number of values compared.
    note : what the reader should know, such as how many digits the reference has.
    """

    function: str
    reference: str
    measure: str
    largest: float
    limit: float
    values: int
    note: str = ""


def largest_relative(found: np.ndarray, reference: np.ndarray) -> tuple[float, int]:
    """Largest |found - reference| / |reference| and the number of values; missing on one side only is infinitely far."""
    found, reference = np.asarray(found, dtype=float).ravel(), np.asarray(reference, dtype=float).ravel()
    if found.shape != reference.shape or (np.isnan(found) != np.isnan(reference)).any():
        return float("inf"), found.size
    known = ~np.isnan(reference)
    apart, size = np.abs(found[known] - reference[known]), np.abs(reference[known])
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(apart == 0, 0.0, apart / size)
    return float(relative.max(initial=0)), found.size


def largest_absolute(found: np.ndarray, reference: np.ndarray) -> tuple[float, int]:
    """Largest |found - reference| and the number of values; missing on one side only is infinitely far."""
    found, reference = np.asarray(found, dtype=float).ravel(), np.asarray(reference, dtype=float).ravel()
    if found.shape != reference.shape or (np.isnan(found) != np.isnan(reference)).any():
        return float("inf"), found.size
    known = ~np.isnan(reference)
    return float(np.abs(found[known] - reference[known]).max(initial=0)), found.size


def parts() -> list[str]:
    """The parts of the library that have comparisons."""
    return sorted(path.stem.removeprefix("parity_") for path in Path(__file__).parent.glob("parity_*.py"))


def rows(part: str | None = None) -> Iterator[Row]:
    """All comparisons, or those of one part."""
    for name in [part] if part else parts():
        yield from importlib.import_module(f"tests.epi.parity_{name}").rows()


def main() -> None:
    for row in rows():
        print(
            f"{row.function:38} {row.measure:9} {row.largest:9.2g} (limit {row.limit:g}) "
            f"{row.values:9,} values  {row.reference}{'; ' + row.note if row.note else ''}"
        )


if __name__ == "__main__":
    main()
