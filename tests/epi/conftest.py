"""Reference results computed with R. No reference value is typed into code: they are read from the folder beside the
project, and from reference/ here, whose inputs are our own (make_inputs.py) and whose results make_references.R wrote.
"""

import csv
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"
REFERENCE = SHARED / "reference"
GOLDEN = SHARED / "data" / "golden"
OWN = Path(__file__).parent / "reference"


def _value(text: str) -> float | str:
    if text in ("NA", ""):
        return float("nan")
    try:
        return float(text)
    except ValueError:
        return text


@cache
def table(name: str, folder: Path = REFERENCE) -> dict[str, np.ndarray]:
    """Columns of a CSV file by heading; NA is NaN, text stays text. Read-only: callers share it."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        heads, *rows = csv.reader(file)
    columns = {head: np.array([_value(row[i]) for row in rows]) for i, head in enumerate(heads)}
    for column in columns.values():
        column.setflags(write=False)
    return columns


@cache
def matrix(name: str, folder: Path = REFERENCE) -> np.ndarray:
    """A CSV file of numbers under one heading line, (rows, columns); NA is NaN. Read-only: callers share it."""
    values = np.genfromtxt(folder / f"{name}.csv", delimiter=",", skip_header=1, missing_values="NA", ndmin=2)
    values.setflags(write=False)
    return values


@cache
def golden(name: str) -> dict:
    """A JSON file of reference results."""
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session", name="table")
def table_fixture():
    return table


@pytest.fixture(scope="session", name="matrix")
def matrix_fixture():
    return matrix


@pytest.fixture(scope="session", name="golden")
def golden_fixture():
    return golden
