"""Excel workbooks: looked through before they are opened, then read row by row as text.

A workbook is a zip of XML. It is unpacked here once, piece by piece and counted, so that one that would unpack to
gigabytes or spread a few cells over a whole sheet is refused before the reader allocates for it.
"""

import datetime
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from python_calamine import CalamineError, CalamineWorkbook

from .findings import Finding, refused

UNPACKED_LIMIT = 600_000_000
RATIO_LIMIT = 250  # real sheets of repeated text reach about 60
ENTRY_LIMIT = 5_000
GRID_LIMIT = 30_000_000  # cells in the rectangle that the reader allocates
KEPT_LIMIT = 200_000
PIECE = 1 << 20


class Unreadable(Exception):
    """The workbook's own reader gave up on it."""


@dataclass
class Looked:
    """What looking through a workbook found, by sheet."""

    sheets: tuple[str, ...]
    visible: tuple[str, ...]
    epoch_1904: bool
    cells: dict[str, int] = field(default_factory=dict)
    extent: dict[str, tuple[int, int]] = field(default_factory=dict)  # last row and column, from 1
    kept: dict[str, dict[tuple[int, int], str]] = field(default_factory=dict)  # what the reader would leave out


class _Seen(NamedTuple):
    cells: int
    extent: tuple[int, int]
    kept: dict[tuple[int, int], str]


_COLUMNS = re.compile(rb'<c\s(?:[^>]*?\s)?r="([A-Z]{1,3})\d')
_ROWS = re.compile(rb'<row\s(?:[^>]*?\s)?r="(\d{1,9})"')
_ERROR = re.compile(
    rb'<c\s(?:[^>]*?\s)?r="([A-Z]{1,3})(\d{1,7})"[^>]*?\st="e"[^>]*>(?:<f[^>]*?(?:/>|>.*?</f>))?<v>([^<]{1,20})</v>',
    re.S,
)
_ERROR_FIRST = re.compile(
    rb'<c\s[^>]*?t="e"[^>]*?\sr="([A-Z]{1,3})(\d{1,7})"[^>]*>(?:<f[^>]*?(?:/>|>.*?</f>))?<v>([^<]{1,20})</v>', re.S
)
_FORMULA_ALONE = re.compile(
    rb'<c\s(?:[^>]*?\s)?r="([A-Z]{1,3})(\d{1,7})"[^>]*><f[^>]*>([^<]{1,500})</f>\s*(?:<v\s*/>|<v></v>)?\s*</c>'
)
_OVERLAP = 4096


def look(path: Path, name: str) -> Looked | Finding:
    """Check a file that begins like a zip. Nothing is kept of it but counts and the cells that a reader leaves out."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _look(archive, path, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, UnicodeDecodeError):
        return refused("import.file_damaged", name=name)


def _look(archive: zipfile.ZipFile, path: Path, name: str) -> Looked | Finding:
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if any(entry.flag_bits & 1 for entry in entries):
        return refused("import.file_locked", name=name)
    if len(entries) > ENTRY_LIMIT:
        return refused("import.zip_bomb", name=name, megabytes=0, entries=len(entries))
    if "xl/workbook.xml" not in names:
        if "word/document.xml" in names:
            return refused("import.file_document", name=name)
        if "xl/workbook.bin" in names:
            return refused("import.file_binary_workbook", name=name)
        if "content.xml" in names:
            return refused("import.file_open_document", name=name)
        return refused("import.zip_no_workbook", name=name, example=", ".join(sorted(names)[:3])[:80])
    declared = sum(entry.file_size for entry in entries)
    packed = max(path.stat().st_size, 1)
    if declared > UNPACKED_LIMIT or (declared > 20_000_000 and declared / packed > RATIO_LIMIT):
        return refused("import.zip_bomb", name=name, megabytes=round(declared / 1e6), entries=len(entries))
    seen: dict[str, _Seen] = {}
    unpacked = 0
    for entry in entries:
        if not entry.filename.endswith((".xml", ".rels")):
            continue
        sheet = entry.filename.startswith("xl/worksheets/")
        found = _through(archive, entry, sheet, UNPACKED_LIMIT - unpacked)
        if isinstance(found, str):
            return refused(found, name=name, megabytes=round(UNPACKED_LIMIT / 1e6), entries=len(entries))
        unpacked += entry.file_size
        if sheet:
            seen[entry.filename] = found
    return _named(archive, name, seen)


def _through(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, sheet: bool, room: int) -> _Seen | str:
    """Unpack one entry to nowhere. Python stops at the declared size and compares the checksum, so a lying entry fails."""
    cells = last_row = last_column = size = 0
    kept: dict[tuple[int, int], str] = {}
    tail = b""
    with archive.open(entry) as stream:
        while piece := stream.read(PIECE):
            size += len(piece)
            if size > room:
                return "import.zip_bomb"
            if b"<!DOCTYPE" in piece or b"<!ENTITY" in piece:
                return "import.xml_entities"
            if not sheet:
                continue
            cells += piece.count(b"<c ")
            text = tail + piece
            for number in _ROWS.findall(text):
                last_row = max(last_row, int(number))
            for letters in set(_COLUMNS.findall(text)):
                last_column = max(last_column, _column(letters))
            if b't="e"' in text:
                for pattern in (_ERROR, _ERROR_FIRST):
                    for match in pattern.finditer(text):
                        kept[int(match[2]), _column(match[1])] = match[3].decode("utf-8", "replace")
            if b"<f" in text:
                for match in _FORMULA_ALONE.finditer(text):
                    kept[int(match[2]), _column(match[1])] = "=" + _unescaped(match[3].decode("utf-8", "replace"))
            if len(kept) > KEPT_LIMIT:
                return "import.zip_bomb"
            tail = text[-_OVERLAP:]
    return _Seen(cells, (last_row, last_column), kept)


def _unescaped(text: str) -> str:
    for written, meant in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(written, meant)
    return text


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


_RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


def _named(archive: zipfile.ZipFile, name: str, seen: dict[str, _Seen]) -> Looked | Finding:
    """What was seen, under the sheets' own names."""
    try:
        workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    except (ElementTree.ParseError, KeyError):
        return refused("import.file_damaged", name=name)
    targets = {entry.get("Id", ""): entry.get("Target", "") for entry in relations.iter(_RELATIONS)}
    settings = next((node for node in workbook.iter() if node.tag.endswith("}workbookPr")), None)
    epoch_1904 = settings is not None and settings.get("date1904", "") in ("1", "true")
    titles: list[str] = []
    visible: list[str] = []
    looked = Looked((), (), epoch_1904)
    for node in workbook.iter():
        if not node.tag.endswith("}sheet"):
            continue
        title = node.get("name", "")
        relation = next((value for key, value in node.attrib.items() if key.endswith("}id")), "")
        target = targets.get(relation, "")
        inside = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if inside not in seen:
            continue  # a chart, or a sheet that is not there
        titles.append(title)
        if node.get("state", "visible") == "visible":
            visible.append(title)
        looked.cells[title], looked.extent[title], looked.kept[title] = seen[inside]
    if not titles:
        return refused("import.file_empty", name=name)
    looked.sheets, looked.visible = tuple(titles), tuple(visible)
    return looked


def too_scattered(looked: Looked, sheet: str, name: str) -> Finding | None:
    """A few cells at the far corners make the reader allocate the whole rectangle between them."""
    rows, columns = looked.extent[sheet]
    if columns > 16_384 or rows > 1_048_576:
        return refused("import.file_damaged", name=name)
    if rows * columns > GRID_LIMIT and looked.cells[sheet] < 0.2 * rows * columns:
        return refused("import.sheet_scattered", name=name, sheet=sheet, rows=rows, columns=columns)
    if rows * columns > 4 * GRID_LIMIT:
        return refused("import.sheet_scattered", name=name, sheet=sheet, rows=rows, columns=columns)
    return None


def rows(path: Path, sheet: str, kept: dict[tuple[int, int], str]) -> Iterator[tuple[int, list[str]]]:
    """Rows of a sheet as text, numbered as the sheet numbers them. Raises Unreadable when the reader gives up."""
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        opened = workbook.get_sheet_by_name(sheet)
        start = opened.start or (0, 0)
        lines = opened.iter_rows()
    except (CalamineError, OSError, ValueError) as problem:
        raise Unreadable(str(problem)) from problem
    left = [""] * start[1]
    left_kept: dict[int, dict[int, str]] = {}
    for (row, column), text in kept.items():
        left_kept.setdefault(row, {})[column] = text
    for number, line in enumerate(_aligned(lines, start[0]), 1):
        cells = [value if type(value) is str else text_of(value) for value in line]
        if left and number > start[0]:
            cells = left + cells
        for column, text in left_kept.get(number, {}).items():
            if column <= len(cells) and not cells[column - 1]:
                cells[column - 1] = text
        yield number, cells


def _aligned(lines: Iterator[list[Any]], before: int) -> Iterator[list[Any]]:
    """All rows from the sheet's first, whether or not the reader counts the empty ones above the first cell."""
    for index, line in enumerate(lines):
        if index == 0 and before and any(value != "" for value in line):
            for _n in range(before):
                yield []
        yield line


def text_of(value: Any) -> str:
    """A cell as text: whole numbers without a point, dates in ISO form, the day alone where no time was written.

    >>> text_of(30.0), text_of(datetime.datetime(2020, 1, 22)), text_of(330302.0), text_of(0.1 + 0.2)
    ('30', '2020-01-22', '330302', '0.3')
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        written = f"{value:.15g}"  # all that a spreadsheet keeps: later digits would be made up
        return f"{Decimal(written):f}" if 1e15 <= abs(value) < 1e21 else written
    if isinstance(value, datetime.datetime):
        if value.time() == datetime.time(0):
            return value.date().isoformat()
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return str(value)
    return str(value)


__all__ = ["Looked", "Unreadable", "look", "rows", "text_of", "too_scattered"]
