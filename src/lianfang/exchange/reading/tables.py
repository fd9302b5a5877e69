"""Opening a file that somebody sent: what it is, how it is encoded and divided, where its header stands, row after row.

Nothing is loaded before it was looked at: size, kind, encoding, line length, what a workbook unpacks to. Rows then come
one by one as plain text. A formula is never run; its last value, or where there is none its text, is what is read.
"""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from lianfang.kernel.spreadsheets import as_before

from . import workbooks
from .fields import RESEND_HEADERS, names_a_column
from .findings import Finding, note, refused, uncertain
from .plain import plain

SIZE_LIMIT = 100_000_000
LINE_LIMIT = 1_000_000
CELL_LIMIT = 32_767  # what a spreadsheet cell can hold
COLUMN_LIMIT = 500
LOOK_AHEAD = 60  # rows in which the header is looked for
CHUNK = 1 << 20

ENCODINGS = ("utf-8", "gb18030", "utf-16", "utf-16-le", "utf-16-be")
DELIMITERS = (",", ";", "\t", "|", "，")

# Rows end with one of these words where a table has its sums or a line of remarks below.
_NOT_A_ROW = re.compile(
    r"^(?:合计|总计|小计|共计|总数|total|totals|sum|subtotal|grand total)\b|^(?:注|备注|说明|填表人|填表单位|制表人?|制表单位|审核人?|填报人|填报单位|填报日期|资料来源|数据来源|note|notes|source|prepared by)\s*[:：]",
    re.I,
)


_SIGNED = re.compile(r"[^:\d]{2,10}:")


class SourceRow(NamedTuple):
    """One row of the file: its number as the file shows it (from 1), its cells as text, and what is wrong with it."""

    number: int
    cells: list[str]
    problem: Finding | None


@dataclass(frozen=True)
class Table:
    """A file that could be opened: how it is read, its header, and its rows as often as they are asked for."""

    path: Path
    name: str
    kind: str  # text or workbook
    headers: tuple[str, ...]  # unique; a header that was empty is named after its column letter
    header_row: int  # as the file counts, from 1; 0 when the file has none
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    title: tuple[str, ...] = ()  # what stood above the header
    epoch_1904: bool = False
    skipped: tuple[int, ...] = ()  # positions of columns that an earlier file of refused rows added
    origin_column: int | None = None  # where that file kept the number of the original row
    findings: tuple[Finding, ...] = ()
    cells_kept: dict[tuple[int, int], str] = field(default_factory=dict, repr=False)

    def settings(self) -> dict[str, object]:
        """What has to be kept to open the same file the same way: keywords of ``open_table``."""
        if self.kind == "workbook":
            return {"sheet": self.sheet, "header_row": self.header_row}
        return {"encoding": self.encoding, "delimiter": self.delimiter, "header_row": self.header_row}

    def rows(self) -> Iterator[SourceRow]:
        """Every row below the header. Empty rows are passed over; a row that can't be told apart comes with its problem."""
        width = len(self.headers)
        written = self._header_cells()
        header_cells, first_header = [plain(cell) for cell in written], written[0]
        for number, cells in self._raw():
            if number <= self.header_row:
                continue
            size = len(cells)
            if size != width:
                if not any(cell.strip() for cell in cells):
                    continue
                problem = _wrong_width(cells, width)
                if problem is not None:
                    yield SourceRow(number, (cells + [""] * width)[: max(width, size)], problem)
                    continue
                cells = cells[:width]
            first = cells[0]
            if not first or first[0] in _LEADS or first[0].isspace():
                told = "".join(cells)
                if not told or told.isspace():
                    continue
                problem = _leftover(cells)
                if problem is not None:
                    yield SourceRow(number, cells, problem)
                    continue
            if first == first_header and [plain(cell) for cell in cells] == header_cells:
                yield SourceRow(number, cells, refused("import.row_is_header"))
                continue
            yield SourceRow(number, cells, None)

    def _header_cells(self) -> Sequence[str]:
        for number, cells in self._raw():
            if number == self.header_row:
                return [*cells, *[""] * (len(self.headers) - len(cells))]
        return [""]

    def _raw(self) -> Iterator[tuple[int, list[str]]]:
        if self.kind == "workbook":
            rows = workbooks.rows(self.path, self.sheet, self.cells_kept)
        else:
            rows = _text_rows(self.path, self.encoding, self.delimiter)
        if self.skipped:  # our own file of refused rows, where what a spreadsheet would run was defused
            return ((number, [as_before(cell) for cell in cells]) for number, cells in rows)
        return rows


_LEADS = frozenset("合总小共注备说填制审资数tTgGsSnNpP")


def _wrong_width(cells: Sequence[str], width: int) -> Finding | None:
    """Why a row with too few or too many cells can't be told apart; None when the surplus is empty."""
    if any(cell == _QUOTE_OPEN or cell.count("\n") > 4 for cell in cells):
        return refused("import.row_quote_open")
    if len(cells) > width:
        surplus = any(cell.strip() for cell in cells[width:])
        return refused("import.row_too_long", cells=len(cells), columns=width) if surplus else None
    return _leftover(cells) or refused("import.row_too_short", cells=len(cells), columns=width)


def _leftover(cells: Sequence[str]) -> Finding | None:
    """A sum or a remark below the table is no case."""
    told = [plain(cell) for cell in cells if cell and not cell.isspace()]
    if not told or not _NOT_A_ROW.match(told[0]):
        return None
    if len(told) <= 2 or re.match(r"(?:合计|总计|小计|共计|total|grand|sub)", told[0].lower()):
        return refused("import.row_is_no_case")
    if all(_SIGNED.match(cell) for cell in told):  # who filled it in, who checked it, and when, side by side
        return refused("import.row_is_no_case")
    return None


def open_table(
    path: Path | str,
    *,
    name: str = "",
    size_limit: int = SIZE_LIMIT,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    header_row: int | None = None,
) -> Table | Finding:
    """The table in a file, or a refusal. What is given as None is found out; ``header_row`` 0 says that there is none.

    The kind of file is told by its first bytes, never by its name.
    """
    path = Path(path)
    name = name or path.name
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(8192)
    except OSError:
        return refused("import.file_gone", name=name)
    if size == 0 or not head.strip():
        return refused("import.file_empty", name=name)
    if size > size_limit:
        return refused(
            "import.file_too_large", name=name, megabytes=round(size / 1e6, 1), limit=round(size_limit / 1e6)
        )
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _open_workbook(path, name, sheet, header_row)
    wrong = _foreign(head, name)
    if wrong is not None:
        return wrong
    return _open_text(path, name, encoding, delimiter, header_row)


_MAGIC = (
    (b"%PDF", "import.file_pdf"), (b"\x1f\x8b", "import.file_compressed"), (b"7z\xbc\xaf", "import.file_compressed"),
    (b"Rar!", "import.file_compressed"), (b"BZh", "import.file_compressed"), (b"\xfd7zXZ", "import.file_compressed"),
    (b"\x89PNG", "import.file_picture"), (b"\xff\xd8\xff", "import.file_picture"), (b"GIF8", "import.file_picture"),
    (b"MZ", "import.file_program"), (b"\x7fELF", "import.file_program"), (b"SQLite format", "import.file_binary"),
    (b"{\\rtf", "import.file_document"),
)  # fmt: skip


def _foreign(head: bytes, name: str) -> Finding | None:
    """Files that are no table, told by how they begin."""
    if head[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        locked = "EncryptedPackage".encode("utf-16-le") in head
        return refused("import.file_locked" if locked else "import.file_old_excel", name=name)
    for magic, code in _MAGIC:
        if head.startswith(magic):
            return refused(code, name=name)
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"<head")) or b"<table" in start[:600]:
        return refused("import.file_web_page", name=name)
    if start.startswith(b"<?xml"):
        return refused("import.file_xml", name=name)
    if start.startswith((b"{", b"[")) and b'"' in start:
        return refused("import.file_json", name=name)
    return None


# ----------------------------------------------------------------------------------------------------------------- text


def _open_text(
    path: Path, name: str, encoding: str | None, delimiter: str | None, header_row: int | None
) -> Table | Finding:
    checked = _check_text(path, name, encoding)
    if isinstance(checked, Finding):
        return checked
    try:
        lines = list(_first_lines(path, checked, 400))
        divider = delimiter or guess_delimiter(lines)
        first = _first_rows(_text_rows(path, checked, divider))
    except csv.Error:
        return refused("import.quote_open", name=name, row=1)
    return _with_header(
        first,
        header_row,
        name,
        path=path,
        kind="text",
        encoding=checked,
        delimiter=divider,
        separator_row=_says_separator(lines),
    )


def _check_text(path: Path, name: str, wanted: str | None) -> str | Finding:
    """The encoding in which the whole file can be read, or why there is none. Reads the file once, piece by piece."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    marked = _byte_order_mark(head)
    guess = wanted or marked or _wide_without_mark(head)
    if guess is None and b"\0" in head:
        return refused("import.file_binary", name=name, byte=head.index(b"\0") + 1)
    if guess is not None:
        try:
            codecs.lookup(guess)
        except LookupError:
            return refused("import.encoding_unknown", name=name, encoding=guess)
        failed = _decodes(path, guess, name)
        return guess if failed is None else failed
    failed = _decodes(path, "utf-8", name)
    if failed is None:
        return "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8"
    if failed.code != "import.encoding_wrong":
        return failed
    if failed.values["several_bytes_before"] > 20:  # UTF-8 up to here: damaged, not another encoding
        return failed
    if _decodes(path, "gb18030", name) is None and _looks_chinese(path):
        return "gb18030"
    return _with_guess(failed, head)


def _byte_order_mark(head: bytes) -> str | None:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return None


def _wide_without_mark(head: bytes) -> str | None:
    """UTF-16 that lost its mark shows as a nought in every second byte of what is plain Latin text."""
    pairs = len(head) // 2
    if pairs < 8:
        return None
    even, odd = head[0 : pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    if odd > 0.3 * pairs and even < odd / 4:
        return "utf-16-le"
    if even > 0.3 * pairs and odd < even / 4:
        return "utf-16-be"
    return None


def _decodes(path: Path, encoding: str, name: str) -> Finding | None:
    """None when all of the file reads in this encoding; else where it does not, or that a line is endless."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    several = 0
    since_break = 0
    at = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError as wrong:
                pending = len(wrong.object) - len(chunk) if isinstance(wrong.object, bytes) else 0
                good = bytes(wrong.object[: wrong.start]).decode(encoding, "ignore")
                byte = at + wrong.start - pending
                several += sum(1 for char in good[-10_000:] if ord(char) > 127)
                values = {"name": name, "encoding": encoding, "byte": byte + 1, "line": _line_of(path, byte, encoding)}
                return refused("import.encoding_wrong", **values, several_bytes_before=several, looks_like="")
            if encoding == "utf-8" and not text.isascii():
                several += sum(1 for char in text if ord(char) > 127) if several < 100 else 0
            if "\0" in text:
                byte = at + len(text[: text.index("\0")].encode(encoding.replace("-sig", ""), "ignore"))
                return refused("import.file_binary", name=name, byte=byte + 1)
            last = max(text.rfind("\n"), text.rfind("\r"))
            if last < 0:
                since_break += len(text)
                if since_break > LINE_LIMIT:
                    return refused("import.line_endless", name=name, limit=LINE_LIMIT)
            else:
                longest = max(map(len, re.split(r"[\r\n]", text))) if len(text) > LINE_LIMIT else 0
                first = min(place for place in (text.find("\n"), text.find("\r")) if place >= 0)
                if longest > LINE_LIMIT or since_break + first > LINE_LIMIT:
                    return refused("import.line_endless", name=name, limit=LINE_LIMIT)
                since_break = len(text) - last - 1
            at += len(chunk)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return refused(
            "import.encoding_wrong",
            name=name,
            encoding=encoding,
            byte=at,
            line=_line_of(path, at, encoding),
            several_bytes_before=several,
            looks_like="",
        )
    return None


def _line_of(path: Path, byte: int, encoding: str) -> int:
    if encoding.startswith("utf-16") or encoding.startswith("utf-32"):
        return 0
    lines = 1
    with path.open("rb") as file:
        left = byte
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            lines += chunk.count(b"\n")
            left -= len(chunk)
    return lines


def _looks_chinese(path: Path) -> bool:
    """Whether the file's double bytes are mostly everyday Chinese: nearly any Western text also passes as GB18030."""
    everyday = other = 0
    with path.open("rb") as file:
        while (chunk := file.read(CHUNK)) and everyday + other < 20_000:
            place, size = 0, len(chunk) - 1
            while place < size:
                lead = chunk[place]
                if lead < 0x80:
                    place += 1
                    continue
                if 0xA1 <= chunk[place + 1] <= 0xFE and (0xB0 <= lead <= 0xD7 or lead in (0xA1, 0xA3)):
                    everyday += 1
                else:
                    other += 1
                place += 2
    return everyday > 4 * other


def _with_guess(failed: Finding, head: bytes) -> Finding:
    """The refusal with what the encoding might be, as a hint only."""
    from charset_normalizer import from_bytes

    best = from_bytes(head[:20_000]).best()
    hint = best.encoding if best else ""
    return refused(failed.code, **{**failed.values, "looks_like": hint})


def _lines(path: Path, encoding: str) -> io.TextIOWrapper:
    # A fixed UTF-16 order keeps its mark as a character; utf-8-sig and utf-16 take theirs away.
    return path.open("r", encoding=encoding, newline="")


def _first_lines(path: Path, encoding: str, count: int) -> Iterator[str]:
    with _lines(path, encoding) as file:
        for _number, line in zip(range(count), file, strict=False):
            yield line.lstrip("\ufeff")


def _says_separator(lines: Sequence[str]) -> bool:
    """Excel's own first line, “sep=;”, is no row."""
    return bool(lines) and re.fullmatch(r"sep=.\s*", lines[0].strip()) is not None


def guess_delimiter(lines: Sequence[str]) -> str:
    """The sign that divides these lines most evenly into more than one cell; a comma when none does."""
    if lines and (match := re.fullmatch(r"sep=(.)\s*", lines[0].strip("\r\n"))):
        return match[1]
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if any(row)]
        except csv.Error:
            continue
        if not widths:
            continue
        (width, times), *_rest = Counter(widths).most_common()
        if width < 2:
            wide = Counter(w for w in widths if w > 1)
            if not wide:
                continue
            width, times = wide.most_common(1)[0]
        score = times / len(widths) * (1 + min(width, 40) / 40)
        if score > best_score + 1e-9:
            best, best_score = delimiter, score
    return best


def _text_rows(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the number of the row in the table's own count: a cell with line breaks inside doesn't shift it."""
    with _lines(path, encoding) as file:
        reader = csv.reader(file, delimiter=delimiter)
        number = line = width = 0
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                # A quote that is never closed swallows the rest; the rows after it can't be told apart.
                yield number, [_QUOTE_OPEN]
                return
            if number == 1 and cells:
                cells[0] = cells[0].lstrip("\ufeff")
            if reader.line_num - line > 3 and _swallowed(cells, delimiter, width):
                cells.append(_QUOTE_OPEN)
            line, width = reader.line_num, width or len(cells)
            yield number, cells


_QUOTE_OPEN = "\0quote"


def _swallowed(cells: Sequence[str], delimiter: str, width: int) -> bool:
    """Whether one of these cells holds whole rows, because a quote before them was never closed."""
    for cell in cells:
        lines = cell.splitlines()[1:]
        if len(lines) > 2 and sum(line.count(delimiter) >= max(width - 1, 1) for line in lines) > 0.6 * len(lines):
            return True
    return False


# --------------------------------------------------------------------------------------------------------------- header


def _first_rows(rows: Iterable[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    return [(number, cells) for (number, cells), _n in zip(rows, range(LOOK_AHEAD), strict=False)]


def _with_header(
    first: list[tuple[int, list[str]]], wanted: int | None, name: str, *, separator_row: bool = False, **opened: object
) -> Table | Finding:
    """The table once its header row was found, or the refusal."""
    for number, cells in first:
        if len(cells) > COLUMN_LIMIT and any(cell.strip() for cell in cells[COLUMN_LIMIT:]):
            return refused("import.too_many_columns", name=name, row=number, columns=len(cells), limit=COLUMN_LIMIT)
        for position, cell in enumerate(cells):
            if cell == _QUOTE_OPEN or len(cell) > CELL_LIMIT or cell.count("\n") > 200:
                return refused("import.quote_open", name=name, row=number, column=letter(position))
    filled = [(number, cells) for number, cells in first if any(cell.strip() for cell in cells)]
    if separator_row:
        filled = [(number, cells) for number, cells in filled if number != 1]
    if not filled:
        return refused("import.file_empty", name=name)
    if wanted is None:
        place = _header_place(filled)
        if place is None:
            return refused("import.no_header", name=name, row=filled[0][0], example=" | ".join(filled[0][1][:6])[:120])
    elif wanted == 0:
        place = -1
    else:
        places = [index for index, (number, _cells) in enumerate(filled) if number == wanted]
        if not places:
            return refused("import.header_row_missing", name=name, row=wanted)
        place = places[0]
    if place == -1:
        width = max(len(cells) for _number, cells in filled)
        raw = [""] * width
        number = 0
    else:
        number, raw = filled[place]
    raw = _trimmed(raw, filled[place + 1 :])
    headers, findings = _unique(_grouped(raw, [cells for _n, cells in filled[:place]] if place > 0 else []))
    if len(headers) > COLUMN_LIMIT:
        return refused("import.too_many_columns", name=name, row=number, columns=len(headers), limit=COLUMN_LIMIT)
    below = filled[place + 1 :]
    if not below:
        return refused("import.no_rows", name=name)
    title = tuple(" ".join(cell.strip() for cell in cells if cell.strip()) for _n, cells in filled[: max(place, 0)])
    skipped = tuple(i for i, header in enumerate(headers) if plain(header).lower() in RESEND_HEADERS)
    origin = next((i for i in skipped if headers[i].startswith("原行")), None)
    if skipped:
        findings.append(note("import.resent_file"))
    more: Any = opened.pop("findings", ())
    return Table(
        name=name,
        headers=headers,
        header_row=number,
        title=title,
        skipped=skipped,
        origin_column=origin,
        findings=(*findings, *more),
        **opened,  # type: ignore[arg-type]
    )


def letter(position: int) -> str:
    """The spreadsheet's letter of a column counted from 0.

    >>> letter(0), letter(25), letter(26), letter(701)
    ('A', 'Z', 'AA', 'ZZ')
    """
    text = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        text = chr(65 + rest) + text
    return text


def _trimmed(raw: Sequence[str], below: Sequence[tuple[int, list[str]]]) -> list[str]:
    """The header without empty columns at its right, unless rows have something there."""
    width = len(raw)
    while (
        width > 1
        and not raw[width - 1].strip()
        and not any(len(c) >= width and c[width - 1].strip() for _n, c in below)
    ):
        width -= 1
    return list(raw[:width])


def _grouped(raw: list[str], above: list[list[str]]) -> list[str]:
    """Headers that repeat under merged group headings are told apart by their group; one merged over both rows counts."""
    named = [plain(cell) for cell in raw]
    if not above:
        return raw
    group_row = above[-1]
    if sum(1 for cell in group_row if cell.strip()) < 2:
        return raw
    group, out = "", []
    for position, cell in enumerate(raw):
        over = plain(group_row[position]) if position < len(group_row) else ""
        over = "" if _NOT_A_ROW.match(over) else over  # who filled it in is no group
        group = over or group
        out.append(f"{group} {cell}".strip() if named.count(named[position]) > 1 else (cell or over))
    return out


def _unique(raw: Sequence[str]) -> tuple[tuple[str, ...], list[Finding]]:
    seen: Counter[str] = Counter()
    headers: list[str] = []
    findings: list[Finding] = []
    for position, cell in enumerate(raw):
        header = plain(cell.replace("\n", "")) if re.search(r"[\u4e00-\u9fff]", cell) else plain(cell)
        if not header:
            header = f"({letter(position)})"
            findings.append(note("import.header_empty", column=letter(position)))
        seen[header] += 1
        if seen[header] > 1:
            findings.append(uncertain("import.header_twice", header=header, column=letter(position)))
            header = f"{header} ({seen[header]})"
        headers.append(header)
    return tuple(headers), findings


_VALUE_LIKE = re.compile(
    r"-?\d+(?:[.,]\d+)?%?|\d{1,4}[-/.年]\d{1,2}(?:[-/.月]\d{0,4}日?)?.*|(?:男|女|male|female|m|f|yes|no|n/a|na|null|是|否)|https?://.*",
    re.I,
)


def _header_place(rows: Sequence[tuple[int, list[str]]]) -> int | None:
    """Which of the first rows is the header; None when the rows start without one."""
    widths = Counter(sum(1 for cell in cells if cell.strip()) for _number, cells in rows)
    usual = max((width for width, _times in widths.most_common(3)), default=1)
    best, best_score = None, 0.0
    for place, (_number, cells) in enumerate(rows[:30]):
        told = [plain(cell) for cell in cells if cell.strip()]
        if not told or (len(told) < 2 and usual > 2) or any(cells == earlier for _n, earlier in rows[:place]):
            continue
        known = sum(names_a_column(cell) for cell in told) / len(told)
        values = sum(bool(_VALUE_LIKE.fullmatch(cell)) for cell in told) / len(told)
        distinct = len(set(told)) / len(told)
        full = min(len(told) / max(usual, 1), 1.0)
        below = rows[place + 1 :]
        contrast = _contrast(cells, below) if below else 0.0
        score = 2.2 * known + 1.0 * contrast + 0.5 * distinct + 0.8 * full - 1.6 * values - 0.04 * place
        if score > best_score:
            best, best_score = place, score
    if best is None or best_score < 1.0:
        return None
    told = [plain(cell) for cell in rows[best][1] if cell.strip()]
    known = sum(names_a_column(cell) for cell in told)
    values = sum(bool(_VALUE_LIKE.fullmatch(cell)) for cell in told)
    if known == 0 and (
        values or (len(rows) > 2 and _contrast(rows[best][1], rows[best + 1 :]) == 0 and best == 0 and _same_kind(rows))
    ):
        return None
    return best + 1 if _under_groups(rows, best) else best


def _under_groups(rows: Sequence[tuple[int, list[str]]], place: int) -> bool:
    """Whether the row below names the columns of groups: it fills what the header left empty, with headers alone."""
    if place + 2 >= len(rows):
        return False
    above, below = rows[place][1], rows[place + 1][1]
    filled = [position for position, cell in enumerate(below) if cell.strip()]
    free = [position for position in filled if position >= len(above) or not above[position].strip()]
    named = sum(names_a_column(plain(below[position])) for position in filled)
    values = any(_VALUE_LIKE.fullmatch(plain(below[position])) for position in filled)
    return bool(free) and not values and named >= 0.5 * len(filled) and len(filled) < len(above)


def _contrast(cells: Sequence[str], below: Sequence[tuple[int, list[str]]]) -> float:
    """Share of columns that hold numbers or dates below a cell that holds neither."""
    hits = total = 0
    for position, cell in enumerate(cells):
        column = [plain(row[position]) for _n, row in below[:20] if position < len(row) and row[position].strip()]
        if not column:
            continue
        total += 1
        share = sum(bool(_VALUE_LIKE.fullmatch(value)) for value in column) / len(column)
        hits += share > 0.6 and not _VALUE_LIKE.fullmatch(plain(cell))
    return hits / total if total else 0.0


def _same_kind(rows: Sequence[tuple[int, list[str]]]) -> bool:
    """Whether the first row holds values that come again below it, as a header's never do."""
    first = {plain(cell) for cell in rows[0][1] if cell.strip()}
    later = {plain(cell) for _n, cells in rows[1:] for cell in cells if cell.strip()}
    return bool(first & later)


# ------------------------------------------------------------------------------------------------------------- workbook


def _open_workbook(path: Path, name: str, sheet: str | None, header_row: int | None) -> Table | Finding:
    looked = workbooks.look(path, name)
    if isinstance(looked, Finding):
        return looked
    if sheet is not None and sheet not in looked.sheets:
        return refused("import.sheet_missing", name=name, sheet=sheet, sheets=", ".join(looked.sheets))
    chosen = sheet
    findings: list[Finding] = []
    if chosen is None:
        filled = [title for title in looked.visible if looked.cells.get(title, 0) > 0] or [
            title for title in looked.sheets if looked.cells.get(title, 0) > 0
        ]
        if not filled:
            return refused("import.file_empty", name=name)
        # The first sheet is often a cover: the one with the most cells is the table, unless two are alike.
        chosen = filled[0]
        for title in filled[1:]:
            if looked.cells[title] > 20 * looked.cells[chosen]:
                chosen = title
        others = [title for title in filled if title != chosen]
        if others:
            findings.append(uncertain("import.other_sheets", sheet=chosen, others=", ".join(others)))
    problem = workbooks.too_scattered(looked, chosen, name)
    if problem is not None:
        return problem
    kept = looked.kept.get(chosen, {})
    if kept:
        findings.append(note("import.formula_or_error_cells", cells=len(kept)))
    try:
        first = _first_rows(workbooks.rows(path, chosen, kept))
    except workbooks.Unreadable:
        return refused("import.file_damaged", name=name)
    return _with_header(
        first,
        header_row,
        name,
        path=path,
        kind="workbook",
        sheet=chosen,
        sheets=looked.sheets,
        epoch_1904=looked.epoch_1904,
        cells_kept=kept,
        findings=tuple(findings),
    )
