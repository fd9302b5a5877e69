"""The saved mappings that come with the platform: one file a kind of line list in ``definitions/mappings``.

A file names headers and what they mean, as a person would have said it in the import. It is found again by its headers.
"""

import tomllib
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lianfang.definitions.editions import HalfRight, definitions_dir

from .reading.fields import FIELDS
from .reading.findings import Finding
from .reading.headers import with_year_of_name
from .reading.mapping import Mapping, check_mapping, mapping_from
from .reading.plain import plain
from .reading.reasons import reason_of
from .reading.tables import Table

_KNOWN = {"label", "kind", "disease", "source", "counted_as", "case_when", "constants", "places", "columns", "sides"}


@dataclass(frozen=True)
class ShippedMapping:
    """A mapping with its code (the name of its file) and its name in both languages."""

    code: str
    label: MappingOf[str, str]
    mapping: Mapping

    @property
    def headers(self) -> frozenset[str]:
        return frozenset(plain(entry.column).lower() for entry in self.mapping.columns)


@cache
def shipped_mappings() -> tuple[ShippedMapping, ...]:
    """Every mapping of the definitions, by code. Raises HalfRight naming every problem with its file and remedy."""
    return read_mappings(definitions_dir() / "mappings")


def fitting(table: Table) -> Mapping | None:
    """The shipped mapping made for just these headers; dates without a year take it from the file's name or title."""
    wanted = {plain(header).lower() for position, header in enumerate(table.headers) if position not in table.skipped}
    found = next((entry.mapping for entry in shipped_mappings() if entry.headers == wanted), None)
    return None if found is None else with_year_of_name(found, (table.name, *table.title))


def read_mappings(folder: Path) -> tuple[ShippedMapping, ...]:
    """The mappings in a folder. Raises HalfRight with the problems of all files together."""
    problems: list[str] = []
    found: list[ShippedMapping] = []
    for path in sorted(folder.glob("*.toml")):
        read = _read(path)
        if isinstance(read, str):
            problems.append(f"mappings/{path.name}: {read}")
            continue
        same = next((other for other in found if other.headers == read.headers), None)
        if same is not None:
            problems.append(f"mappings/{path.name}: the same headers as {same.code}.toml; keep one of the two")
        found.append(read)
    if problems:
        raise HalfRight(problems)
    return tuple(found)


def _read(path: Path) -> ShippedMapping | str:
    """One file's mapping, or what is wrong with it and what to do."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        return f"{wrong}; correct it"
    if strange := set(content) - _KNOWN:
        return f"unknown: {', '.join(sorted(strange))}; known are {', '.join(sorted(_KNOWN))}"
    label = content.pop("label", None)
    if not isinstance(label, dict) or set(label) != {"zh", "en"} or not all(label.values()):
        return 'without a name in both languages; add label = { zh = "…", en = "…" }'
    columns = [_column(name, told) for name, told in content.pop("columns", {}).items()]
    for side, sided in content.pop("sides", {}).items():
        columns += [_column(name, told) | {"side": side} for name, told in sided.items()]
    mapping = mapping_from({**content, "columns": columns, "version": 1})
    if isinstance(mapping, Finding):
        return f"{reason_of(mapping)} The fields are: {', '.join(FIELDS)}"
    headers = [entry.column for entry in mapping.columns]
    for finding in check_mapping(mapping, headers):
        if finding.severity == "refused":
            return f"{finding.field} {reason_of(finding)}".strip()
    return ShippedMapping(path.stem, label, mapping)


def _column(header: str, told: Any) -> dict[str, Any]:
    return {"column": header, **({"field": told} if isinstance(told, str) else told)}
