"""What can be observed of a case, as data: every observation is a part of this, and what is known is their sum.

Later entries win where only one answer can be right; lists grow; an entry that corrects another takes its place.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec


class Exposure(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One exposure from the vocabulary, with its days and place as far as known."""

    kind: str
    first_on: date | None = None
    last_on: date | None = None
    note: str = ""


class LabResult(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One laboratory result: which test, on what, when sampled and when known."""

    test: str
    result: str  # positive, negative, inconclusive
    specimen: str = ""
    sampled_on: date | None = None
    resulted_on: date | None = None


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Part of what is known of a case. Everything is optional: what was not said is unknown, never false."""

    declared: str | None = None  # the class on the card, or one that a physician states
    declared_on: date | None = None
    excluded_reason: str | None = None
    onset_on: date | None = None
    onset_until: date | None = None  # when only a span is known
    asymptomatic: bool | None = None
    diagnosed_on: date | None = None
    reported_on: date | None = None
    confirmed_on: date | None = None
    symptoms: dict[str, bool] = {}
    signs: dict[str, bool] = {}
    exposures: list[Exposure] = []
    labs: list[LabResult] = []
    severity: str | None = None
    admitted_on: date | None = None
    outcome: str | None = None  # discharged, died
    outcome_on: date | None = None
    area_code: str | None = None
    sex: str | None = None
    age_low: float | None = None  # years
    age_high: float | None = None


def parse(content: Any) -> Evidence:
    """Evidence from JSON-like content. Raises msgspec.ValidationError naming the path that is wrong."""
    return msgspec.convert(content, Evidence)


def content_of(evidence: Evidence) -> Any:
    """JSON-like content of evidence, defaults left out."""
    return msgspec.to_builtins(evidence)


def total(parts: Iterable[Evidence]) -> Evidence:
    """All parts as one, in the order they were recorded."""
    known: dict[str, Any] = {}
    for part in parts:
        for name in Evidence.__struct_fields__:
            value = getattr(part, name)
            if isinstance(value, dict):
                known[name] = {**known.get(name, {}), **value}
            elif isinstance(value, list):
                known[name] = [*known.get(name, []), *(entry for entry in value if entry not in known.get(name, []))]
            elif value is not None:
                known[name] = value
                if name == "onset_on" and part.onset_until is None:
                    known["onset_until"] = None  # a day known exactly ends the span told before
    return Evidence(**known)
