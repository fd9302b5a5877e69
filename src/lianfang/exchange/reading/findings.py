"""What a reader has to say about a value it could not read for certain, or not at all.

A parser returns the value, None for an empty cell, ``UNKNOWN`` where the cell says that nobody knows, or a ``Finding``.
The words of a finding belong to the reader's language; ``reasons`` holds the English reason and remedy of each code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Severity = Literal["note", "uncertain", "refused"]

NOTE: Severity = "note"  # read for certain; the user may want to see how
UNCERTAIN: Severity = "uncertain"  # may be wrong, or a question is open
REFUSED: Severity = "refused"  # could not be read, or can't be true

GRAVITY: dict[str, int] = {NOTE: 0, UNCERTAIN: 1, REFUSED: 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to tell about a cell, a row, a column or a file.

    ``reading`` is the best single reading where there is one; ``choices`` are the readings between which only a person
    can decide. An uncertain finding with neither says what is missing. ``column`` is the header as the file has it.
    """

    code: str
    severity: Severity
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)
    reading: Any = field(default=None, hash=False)
    choices: tuple[Any, ...] = field(default=(), hash=False)
    column: str = ""
    field: str = ""
    text: str = ""

    def at(self, column: str, about: str, text: str) -> "Finding":
        """The same finding with its place: column header, field key and the cell as written."""
        return replace(self, column=column, field=about, text=text)

    def words(self) -> dict[str, Any]:
        """Everything a sentence about this finding may name."""
        choices = ", ".join(str(choice) for choice in self.choices)
        return {"column": self.column, "field": self.field, "text": self.text, "choices": choices, **self.values}

    def content(self) -> dict[str, Any]:
        """JSON-like content, to be stored beside the row."""
        full = {
            "code": self.code,
            "severity": self.severity,
            "values": {
                name: value if isinstance(value, int | float) else str(value) for name, value in self.values.items()
            },
            "choices": [str(choice) for choice in self.choices],
            "column": self.column,
            "field": self.field,
            "text": self.text,
        }
        return {name: value for name, value in full.items() if value or name in ("code", "severity")}


def note(code: str, reading: Any = None, **values: Any) -> Finding:
    return Finding(code, NOTE, values, reading)


def uncertain(code: str, reading: Any = None, choices: tuple[Any, ...] = (), **values: Any) -> Finding:
    return Finding(code, UNCERTAIN, values, reading, choices)


def refused(code: str, **values: Any) -> Finding:
    return Finding(code, REFUSED, values)


class _Unknown:
    """The cell says that nobody knows: another thing than an empty cell."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        return False


UNKNOWN = _Unknown()
