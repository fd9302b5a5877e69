"""Every row of a table read under a mapping: typed values, what was kept as text, and what is to be said about it.

A row comes out as *accepted* (all that was read is certain), *uncertain* (something may be wrong, or a question is
open: what is doubtful stands in the findings) or *refused* (something that rules read could not be read, or can't be
true). Nothing is dropped: a cell that no rule reads, or that could not be read where that is no reason to refuse, is
kept in ``other`` under its header.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import blake2b
from operator import itemgetter
from typing import Any, Literal

from . import ages, identity, measures, places, sentences, symptoms, vocabulary
from .ages import ReadAge
from .checks import check_case
from .dates import ReadDate, read_date
from .fields import FIELDS, INFECTEE, INFECTOR, PLACE_KEYS
from .findings import GRAVITY, NOTE, REFUSED, UNCERTAIN, UNKNOWN, Finding, Severity, note, refused, uncertain
from .headers import AGE_UNITS
from .identity import ReadIdNumber
from .mapping import OTHER, SKIP, ColumnMapping, Mapping
from .places import Ambiguous, NotFound, PlaceText, Resolved, Resolver
from .plain import UNKNOWN_TOKENS, folded, is_unknown, plain
from .symptoms import ReadSymptoms
from .tables import SourceRow, Table
from .vocabulary import Along

CACHE_LIMIT = 2_000  # of texts a column: days, words and places repeat; names and telephone numbers never do
IDENTITY = frozenset({"id_number", "phone"})
LONGEST = {"local_id": 120, "infector_id": 120, "infectee_id": 120, "name": 120, "phone": 60, "id_number": 40}
LONGEST_TEXT = 10_000

# Refused, but nothing to correct: the row is no case, or was read before.
PASSED_OVER = frozenset(
    {
        "import.row_is_no_case",
        "import.row_is_header",
        "import.row_without_case",
        "import.row_repeated",
        "import.link_repeated",
    }
)

Status = Literal["accepted", "uncertain", "refused"]
_STATUS: dict[int, Status] = {0: "accepted", 1: "uncertain", 2: "refused"}


@dataclass(slots=True)
class ReadRow:
    """One case or one link as read. ``number`` is the row in the file, ``ordinal`` the place in what was read.

    ``key`` is the same whenever the same row comes again (16 bytes); ``unknown`` names fields said to be unknown.
    """

    number: int
    kind: Literal["case", "link"]
    status: Status
    values: dict[str, Any]
    other: dict[str, str]
    findings: list[Finding]
    raw: dict[str, str]
    key: bytes
    unknown: tuple[str, ...] = ()
    ordinal: int = 0
    numbers: tuple[int, ...] = ()  # every row that told of it, in a file of pairs

    @property
    def passed_over(self) -> bool:
        """Whether the row was refused for being no case, or a repetition: nothing that anyone could correct."""
        return self.status == "refused" and all(f.code in PASSED_OVER for f in self.findings if f.severity == REFUSED)

    def worst(self) -> list[Finding]:
        """The findings that decide the status."""
        gravest = max((GRAVITY[finding.severity] for finding in self.findings), default=0)
        return [finding for finding in self.findings if GRAVITY[finding.severity] == gravest]


def place_key(place: PlaceText) -> str:
    """A place text as a mapping's ``places`` names it."""
    return "|".join((place.code, *(name for _level, name in place.names)))


# ------------------------------------------------------------------------------------------------------------- one cell


class _Cell:
    """What one text in one column was read as, kept for the next row that says the same."""

    __slots__ = ("value", "others", "finding", "level", "unknown", "kept")

    def __init__(self, value: Any, others: Any, finding: Finding | None, level: int, unknown: bool, kept: bool):
        self.value, self.others, self.finding, self.level, self.unknown, self.kept = (
            value, others, finding, level, unknown, kept,
        )  # fmt: skip


def _read_text(text: str) -> Any:
    cell = plain(text)
    if not cell:
        return None
    return UNKNOWN if is_unknown(cell.lower()) else cell


def _read_notes(text: str) -> Any:
    return text.strip() or None


def _read_local_id(text: str) -> Any:
    cell = plain(text).strip("'`\"")
    if not cell:
        return None
    if is_unknown(cell.lower()):
        return UNKNOWN
    if cell.startswith("#") and cell[1:].isupper():
        return refused("import.cell_error")
    # Tools that fill gaps turn whole numbers into 45.0; the id is 45.
    return re.sub(r"^(\d+)\.0$", r"\1", cell)


_READERS: dict[str, Callable[[str], Any]] = {
    "text": _read_text,
    "local_id": _read_local_id,
    "sex": vocabulary.read_sex,
    "yes_no": vocabulary.read_yes_no,
    "symptom_flag": vocabulary.read_yes_no,
    "outcome": vocabulary.read_outcome,
    "severity": vocabulary.read_severity,
    "classification": vocabulary.read_classification,
    "certainty": vocabulary.read_certainty,
    "setting": vocabulary.read_setting,
    "lab_result": vocabulary.read_lab_result,
    "symptoms": symptoms.read_symptoms,
    "temperature": measures.read_temperature,
    "coordinate": measures.read_coordinate,
    "count": measures.read_count,
    "id_number": identity.read_id_number,
    "area_code": places.read_area_code,
    "age_unit": _read_text,
}


_SILENT = re.compile(
    r"asymptomatic|no symptoms?|无症状(?:感染者)?|asymptomatique|asintomatic[oa]|assintomatic[oa]|asymptomatisch"
)


def _no_onset(text: str) -> Along | None:
    """Where a day of onset is asked, “asymptomatic” is an answer: there was none."""
    if text[:1].isdigit() or not _SILENT.fullmatch(folded(plain(text).lower())):
        return None
    return Along(None, {"symptoms": ReadSymptoms(asymptomatic=True, text=text)}, note("import.no_onset"))


def reader_of(entry: ColumnMapping, region: str = "CN") -> Callable[[str], Any]:
    """The parser of a column, with the column's options."""
    reads = FIELDS[entry.field].reads
    if reads == "date":
        style = entry.date_style()
        if entry.field == "onset_date":
            return lambda text: _no_onset(text) or read_date(text, style)
        return lambda text: read_date(text, style)
    if reads == "age":
        unit = entry.unit
        return lambda text: ages.read_age(text, unit)
    if reads == "phone":
        return lambda text: identity.read_phone(text, region)
    if entry.field == "notes":
        return _read_notes
    return _READERS[reads]


class _Column:
    """One mapped column: where it stands, how its cells are read, and the cells read so far."""

    __slots__ = (
        "position",
        "header",
        "key",
        "many",
        "reader",
        "keeps",
        "answers",
        "cache",
        "symptom",
        "longest",
        "numbering",
        "style",
    )

    def __init__(self, position: int, entry: ColumnMapping, region: str):
        field = FIELDS[entry.field]
        self.position, self.header, self.key = position, entry.column, entry.field
        self.many = field.many or field.reads in ("symptoms", "symptom_flag")
        self.reader = reader_of(entry, region)
        self.keeps = entry.keeps_unreadable()
        self.answers = dict(entry.answers)
        self.cache: dict[str, _Cell] = {}
        self.symptom = entry.symptom
        self.longest = LONGEST.get(entry.field, LONGEST_TEXT)
        self.numbering = field.reads == "local_id" and not entry.answers
        self.style = entry.date_style()

    def cell(self, text: str) -> _Cell:
        if len(self.cache) > CACHE_LIMIT:
            self.cache.clear()
        found = self.cache[text] = self._read(text)
        return found

    def _read(self, text: str) -> _Cell:
        asked = self.answers.get(text) if self.answers else None
        if asked is None and self.answers:
            asked = self.answers.get(text.strip())
        if len(text) > self.longest:
            return _Cell(
                None,
                None,
                refused("import.text_too_long", limit=self.longest).at(self.header, self.key, text[:80]),
                2,
                False,
                False,
            )
        read = self.reader(text if asked is None else asked)
        others: Any = None
        finding: Finding | None = None
        if type(read) is Along:
            read, others, finding = read.value, read.others, read.finding
        elif type(read) is Finding:
            finding, read = read, read.reading
        if read is None and finding is None:
            return _Cell(None, None, None, 0, False, False)
        if read is UNKNOWN:
            return _Cell(None, None, None, 0, True, False)
        kept = False
        if finding is not None:
            if read is None and self.key in IDENTITY:
                # What can't tell people apart is no identity, and must not stand in clear among the answers.
                finding = replace(finding, severity=UNCERTAIN)
            elif read is None and not others and self.keeps:
                # No rule reads this field: the words are kept as they are, and the row need not wait for them.
                finding, kept = replace(finding, severity=NOTE, values={**finding.values, "kept": "yes"}), True
            elif finding.severity == UNCERTAIN and read is None:
                kept = True
            finding = finding.at(self.header, self.key, text)
        value = read
        if self.symptom and isinstance(read, str):
            value = ReadSymptoms(
                (self.symptom,) if read == "yes" else (), (self.symptom,) if read == "no" else (), text=text
            )
        return _Cell(value, others, finding, GRAVITY[finding.severity] if finding else 0, False, kept)


# -------------------------------------------------------------------------------------------------------------- one row


LACKS_YEAR = "import.date_year_missing"


def _place_of(finding: Finding) -> tuple[str, str, str]:
    return finding.column, finding.field, finding.text


class _Reading:
    """Values gathered from one row, with what there is to say about them."""

    __slots__ = ("values", "other", "findings", "unknown", "level")

    def __init__(self, values: dict[str, Any]):
        self.values, self.other, self.findings, self.unknown = values, {}, [], []  # type: ignore[var-annotated]
        self.level = 0

    def say(self, finding: Finding) -> None:
        self.findings.append(finding)
        gravity = GRAVITY[finding.severity]
        if gravity > self.level:
            self.level = gravity


class _Plan:
    """How the columns of one subject (a case, one side of a pair, a link) are read."""

    def __init__(
        self,
        headers: Sequence[str],
        entries: Sequence[ColumnMapping],
        mapping: Mapping,
        resolver: Resolver,
        *,
        with_constants: bool = True,
        others: bool = True,
    ):
        at = {plain(header).lower(): position for position, header in enumerate(headers)}
        self.resolver = resolver
        self.answers = dict(mapping.places)
        self.columns: list[_Column] = []
        self.place_columns: list[tuple[str, int]] = []
        self.code_column: int | None = None
        self.address_columns: list[int] = []
        self.age_unit: int | None = None
        self.age: _Column | None = None
        self.sentence: int | None = None
        self.kept: list[tuple[int, str]] = []
        self.skipped: list[int] = []
        for entry in entries:
            position = at.get(plain(entry.column).lower())
            if position is None:
                continue
            header = headers[position]
            if entry.field == SKIP:
                self.skipped.append(position)
                continue
            if entry.field == OTHER:
                if others:
                    self.kept.append((position, header))
                continue
            if entry.field in PLACE_KEYS:
                self.place_columns.append(("" if entry.field == "area" else entry.field, position))
            elif entry.field == "area_code":
                self.code_column = position
            elif entry.field == "address":
                self.address_columns.append(position)
            elif entry.field == "age_unit":
                self.age_unit = position
            elif entry.field == "sentence":
                self.sentence = position
            else:
                column = _Column(position, entry, mapping.phone_region)
                column.header = header
                self.columns.append(column)
                if entry.field == "age":
                    column.many = self.age is not None
                    self.age = self.age or column
        levels = ("country", "province", "city", "county", "", "township", "village")
        self.place_columns.sort(key=lambda entry: levels.index(entry[0]))
        if self.age_unit is not None and self.age is not None:
            self.columns.remove(self.age)
        else:
            self.age_unit = None
        self.constants: dict[str, Any] = {}
        self.constant_places: list[tuple[str, str]] = []
        self.constant_code = ""
        self.constant_findings: list[Finding] = []
        if with_constants:
            self._constants(mapping)
        positions = (
            [p for _level, p in self.place_columns]
            + self.address_columns
            + ([self.code_column] if self.code_column is not None else [])
        )
        self.place_positions = tuple(positions)
        self.place_cells = itemgetter(*positions) if len(positions) > 1 else None
        self.places: dict[Any, PlaceText] = {}
        self.resolved: dict[tuple[str, Any, Any], Any] = {}
        self.at_hand = [(column.position, column.cache, column.numbering, column) for column in self.columns]
        self.together: dict[tuple[int, ...], tuple[Any, ReadSymptoms]] = {}
        self.by_age_and_unit: dict[tuple[str, str], _Cell] = {}

    def _constants(self, mapping: Mapping) -> None:
        for key, text in mapping.constants.items():
            if key in PLACE_KEYS:
                self.constant_places.append(("" if key == "area" else key, text))
            elif key == "area_code":
                self.constant_code = text
            elif key in FIELDS:
                cell = _Column(0, ColumnMapping(key, key), mapping.phone_region).cell(text)
                if cell.value is not None:
                    self.constants[key] = cell.value
                elif cell.finding is not None:
                    self.constant_findings.append(cell.finding)
        order = ("country", "province", "city", "county", "", "township", "village")
        self.constant_places.sort(key=lambda entry: order.index(entry[0]))

    def read(self, cells: Sequence[str]) -> _Reading:
        """One row's values. Nothing is compared yet."""
        reading = _Reading(self.constants.copy())
        values, other = reading.values, reading.other
        told_elsewhere: list[tuple[str, Any]] = []
        gathered: dict[str, list[Any]] | None = None
        lacks_year = False
        for position, cache, numbering, column in self.at_hand:
            text = cells[position]
            if not text:
                continue
            if (
                numbering
                and text.isalnum()
                and text.isascii()
                and len(text) < 60
                and text.lower() not in UNKNOWN_TOKENS
            ):
                values[column.key] = text  # nearly all ids: each is another one, so keeping them would help nobody
                continue
            cell = cache.get(text)
            if cell is None:
                cell = column.cell(text)
            if cell.finding is not None:
                reading.findings.append(cell.finding)
                if cell.level > reading.level:
                    reading.level = cell.level
                if cell.kept:
                    other[column.header] = text
                lacks_year |= cell.finding.code == LACKS_YEAR
            if cell.others:
                told_elsewhere.extend(cell.others.items())
            value = cell.value
            if value is None:
                if cell.unknown:
                    reading.unknown.append(column.key)
                continue
            if column.many:
                if gathered is None:
                    gathered = {}
                gathered.setdefault(column.key, []).append(value)
            else:
                values[column.key] = value
        if self.age_unit is not None:
            self._age_with_unit(cells, reading)
        if gathered:
            self._put_together(gathered, reading)
        for key, value in told_elsewhere:
            values.setdefault(key, value)
        if lacks_year:
            self._years_of_the_row(cells, reading)
        for position, header in self.kept:
            text = cells[position]
            if text and not text.isspace():
                other[header] = text
        if self.constant_findings:
            for finding in self.constant_findings:
                reading.say(finding)
        return reading

    def _years_of_the_row(self, cells: Sequence[str], reading: _Reading) -> None:
        """Days without a year, when the row tells another day in full: they lie in the year up to its latest one."""
        told = [value for key, value in reading.values.items() if isinstance(value, ReadDate) and key != "birth_date"]
        latest = max((value.latest for value in told if value.latest is not None), default=None)
        if latest is None:
            return
        before, reading.findings, reading.level = reading.findings, [], 0
        by_header = {column.header: column for column in self.columns}
        for finding in before:
            if finding.code == LACKS_YEAR and finding.field != "birth_date":
                column = by_header[finding.column]
                text = cells[column.position]
                read = read_date(text, replace(column.style, not_after=latest))
                if isinstance(read, ReadDate):
                    reading.values.setdefault(column.key, read)
                    reading.other.pop(column.header, None)
                    finding = note("import.year_from_row", read, day=str(latest)).at(*_place_of(finding))
                elif isinstance(read, Finding):
                    finding = read.at(*_place_of(finding))
            reading.say(finding)

    def _put_together(self, gathered: dict[str, list[Any]], reading: _Reading) -> None:
        """Fields that several columns tell together."""
        values = reading.values
        if further := gathered.pop("age", []):
            told_ages = [values["age"], *further] if "age" in values else further
            values["age"] = ages.together(told_ages)
            if values["age"] is None:
                values["age"] = told_ages[0]
                first, second = map(str, told_ages[:2])
                reading.say(
                    uncertain("import.ages_differ", told_ages[0], first=first, second=second).at("", "age", second)
                )
        flags = gathered.pop("symptom_flag", [])
        listed = gathered.pop("symptoms", [])
        if flags or listed:
            told = [*listed, *flags]
            seen = tuple(map(id, told))  # the same cells again: kept beside the answer, so that no id is used twice
            known = self.together.get(seen)
            if known is None:
                if len(self.together) > CACHE_LIMIT:
                    self.together.clear()
                known = self.together[seen] = (told, join_symptoms(told))
            values["symptoms"] = known[1]
        for key, found in gathered.items():
            if len(found) == 1:
                values[key] = found[0]
            elif key == "name":
                chinese = all(not part.isascii() for part in found)
                values[key] = ("" if chinese else " ").join(found)
            else:
                values[key] = "; ".join(dict.fromkeys(found))

    def _age_with_unit(self, cells: Sequence[str], reading: _Reading) -> None:
        assert self.age is not None
        assert self.age_unit is not None
        text, unit = cells[self.age.position], cells[self.age_unit]
        found = self.by_age_and_unit.get((text, unit))
        if found is None:
            known = AGE_UNITS.get(folded(plain(unit).lower()))
            column = self.age
            if known:
                column = _Column(
                    self.age.position, ColumnMapping(self.age.header, "age", unit=known, answers=self.age.answers), "CN"
                )
            found = column._read(text)
            if unit.strip() and known is None and found.finding is None and found.value is not None:
                found = _Cell(
                    found.value,
                    None,
                    uncertain("import.age_unit_unknown", found.value, unit=unit).at(self.age.header, "age", text),
                    1,
                    False,
                    False,
                )
            if len(self.by_age_and_unit) < CACHE_LIMIT:
                self.by_age_and_unit[text, unit] = found
        if found.finding is not None:
            reading.say(found.finding)
            if found.kept:
                reading.other[self.age.header] = text
        if found.value is not None:
            reading.values["age"] = found.value
        elif found.unknown:
            reading.unknown.append("age")

    # ---- place

    def place(self, cells: Sequence[str], reading: _Reading) -> None:
        """The row's place as told, and the area that the registry says it is on that day."""
        if self.place_cells is not None:
            told: Any = self.place_cells(cells)
        elif self.place_positions:
            told = cells[self.place_positions[0]]
        else:
            told = None
        found = self.places.get(told)
        if found is None:
            found = self._place(cells)
            if len(self.places) > CACHE_LIMIT:
                self.places.clear()
            self.places[told] = found
        if found.address:
            reading.values["address"] = found.address
        if found:
            reading.values["place"] = found
        if "place" in reading.values:  # told by a column, or else by a sentence
            self.resolve(reading.values["place"], reading)

    def _place(self, cells: Sequence[str]) -> PlaceText:
        code = self.constant_code
        if self.code_column is not None:
            read = places.read_area_code(cells[self.code_column])
            code = read if isinstance(read, str) else code
        parts = [*self.constant_places, *((level, cells[position]) for level, position in self.place_columns)]
        address = " ".join(cells[position] for position in self.address_columns if cells[position].strip())
        written = " / ".join(text for _level, text in parts if text.strip())
        return places.place_from(
            code, parts, "" if is_unknown(plain(address).lower()) else address, written or address or code
        )

    def resolve(self, place: PlaceText, reading: _Reading) -> None:
        on = _day_of(reading.values)
        era = self.resolver.era(on)
        answer = self.resolved.get((place.code, place.names, era))
        if answer is None:
            if len(self.resolved) > CACHE_LIMIT:
                self.resolved.clear()
            answer = self.resolved[place.code, place.names, era] = self._resolved(place, on)
        area, finding = answer
        if area is not None:
            reading.values["area"] = area
        if finding is not None:
            reading.say(finding.at("place", "area", place.text))

    def _resolved(self, place: PlaceText, on: date | None) -> tuple[Resolved | None, Finding | None]:
        """The area of a place on a day, and what is to be said or asked about it."""
        if said := self.answers.get(place_key(place)):
            answer: Any = self.resolver.resolve(PlaceText(said, text=place.text), on)
            finding = None
        elif place.code and place.names:
            by_name = self.resolver.resolve(PlaceText("", place.names, place.address, place.text), on)
            answer, finding = places.weigh(self.resolver.resolve(PlaceText(place.code), on), by_name, self.resolver)
        else:
            answer, finding = self.resolver.resolve(place, on), None
        told = {"code": place.code, "name": getattr(answer, "name", "")}
        if not isinstance(answer, Resolved):
            told["answer_key"] = place_key(place)  # under which a person's answer is kept
        elif places.lone(place, answer) and not said:
            told["answer_key"] = place_key(place)
            finding = uncertain("import.place_lone", choices=(places.Candidate(answer.code, answer.name),))
            answer = None
        if isinstance(answer, Ambiguous):
            finding = uncertain("import.place_ambiguous", choices=answer.candidates, within=answer.within)
        elif isinstance(answer, NotFound):
            finding = uncertain("import.place_unknown", choices=answer.suggestions, within=answer.within)
        if finding is not None:
            finding = replace(finding, values={**told, **finding.values})
        return (answer if isinstance(answer, Resolved) else None), finding


_DAY_KEYS = (
    "onset_date",
    "report_date",
    "confirm_date",
    "diagnosis_date",
    "admission_date",
    "death_date",
    "outcome_date",
)


def _day_of(values: dict[str, Any]) -> date | None:
    """A day on which the place held its code: the first that the row names."""
    for key in _DAY_KEYS:
        read = values.get(key)
        if read is not None and (read.earliest or read.latest):
            return read.earliest or read.latest
    return None


def join_symptoms(found: Sequence[ReadSymptoms]) -> ReadSymptoms:
    """Symptoms from several places as one. What is present in one and denied in another counts as present."""
    if len(found) == 1:
        return found[0]
    present = tuple(dict.fromkeys(code for read in found for code in read.present))
    absent = tuple(dict.fromkeys(code for read in found for code in read.absent if code not in present))
    other = tuple(dict.fromkeys(word for read in found for word in read.other))
    asymptomatic = not present and not other and any(read.asymptomatic for read in found)
    return ReadSymptoms(present, absent, other, asymptomatic, "; ".join(read.text for read in found if read.text))


# ----------------------------------------------------------------------------------------------------------- whole files


class _Keys:
    """Keys of rows: a digest of what the row says, and how often it was said before where rows have no id of their own."""

    def __init__(self, table: Table):
        skipped = set(table.skipped)
        order = sorted((p for p in range(len(table.headers)) if p not in skipped), key=lambda p: (table.headers[p], p))
        self.pick = itemgetter(*order) if len(order) > 1 else (lambda cells: (cells[order[0]],))
        self.base = blake2b("\x1f".join(table.headers[p] for p in order).encode(), digest_size=16)
        self.times: dict[bytes, int] = {}
        self.origin = table.origin_column

    def digest(self, cells: Sequence[str]) -> bytes:
        made = self.base.copy()
        made.update("\x1f".join(self.pick(cells)).encode("utf-8", "surrogatepass"))
        if self.origin is not None and cells[self.origin]:
            made.update(b"\x1e" + cells[self.origin].encode())
        return made.digest()

    def nth(self, digest: bytes) -> bytes:
        """The digest of the row's content and of how many rows before it said the same."""
        times = self.times.get(digest, 0)
        self.times[digest] = times + 1
        if times == 0:
            return digest
        return blake2b(digest + times.to_bytes(4, "big"), digest_size=16).digest()


def read_rows(
    table: Table,
    mapping: Mapping,
    resolver: Resolver,
    *,
    today: date,
    start: int = 0,
) -> Iterator[ReadRow]:
    """Every case and every link of a table, cases first where links refer to them.

    The order is the same each time, so a reader that was stopped goes on with ``start`` = the ordinal it had reached.
    ``today`` is the day after which nothing can have happened.
    """
    how = {"cases": _case_rows, "links": _link_rows, "pairs": _pair_rows, "counts": _count_rows}[mapping.kind]
    for ordinal, row in enumerate(how(table, mapping, resolver, today)):
        if ordinal < start:
            continue
        row.ordinal = ordinal
        yield row


def _raw(headers: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) <= len(headers):
        return dict(zip(headers, cells, strict=False))
    more = {f"+{n}": cell for n, cell in enumerate(cells[len(headers) :], 1) if cell}
    return {**dict(zip(headers, cells, strict=False)), **more}


def _broken(source: SourceRow, table: Table, key: bytes, kind: Literal["case", "link"] = "case") -> ReadRow:
    assert source.problem is not None
    return ReadRow(
        source.number,
        kind,
        "refused",
        {},
        {},
        [source.problem],
        _raw(table.headers, source.cells),
        key,
        (),
        0,
        (source.number,),
    )


_LINK_FIELDS = tuple(key for key, field in FIELDS.items() if field.subject == "link")


def _entries(table: Table, mapping: Mapping) -> list[ColumnMapping]:
    """The mapping's columns and, for every header that it doesn't name, one that keeps it."""
    known = {plain(entry.column).lower() for entry in mapping.columns}
    skipped = {table.headers[position] for position in table.skipped}
    entries = [entry for entry in mapping.columns if entry.column not in skipped]
    entries += [ColumnMapping(h, OTHER) for h in table.headers if plain(h).lower() not in known and h not in skipped]
    if table.epoch_1904:
        entries = [replace(entry, epoch_1904=True) for entry in entries]
    return entries


def _case_rows(table: Table, mapping: Mapping, resolver: Resolver, today: date) -> Iterator[ReadRow]:
    entries = _entries(table, mapping)
    linking = any(entry.field == "infector_id" for entry in entries)
    plan = _Plan(table.headers, entries, mapping, resolver)
    keys = _Keys(table)
    seen: dict[str, tuple[int, bytes]] = {}
    links: list[tuple[int, dict[str, Any], bytes, dict[str, str]]] = []
    headers = table.headers
    described = sentences.Context(today=today, year=None) if plan.sentence is not None else None
    has_place = bool(plan.place_positions or plan.constant_places or plan.constant_code)
    for source in table.rows():
        cells = source.cells
        if source.problem is not None:
            yield _broken(source, table, keys.nth(blake2b(repr(cells).encode(), digest_size=16).digest()))
            continue
        reading = plan.read(cells)
        values = reading.values
        if described is not None and plan.sentence is not None and cells[plan.sentence].strip():
            _add_sentence(cells[plan.sentence], described, reading, headers[plan.sentence], mapping)
        if has_place:
            plan.place(cells, reading)
        elif "place" in values:
            plan.resolve(values["place"], reading)
        digest = keys.digest(cells)
        local_id = values.get("local_id")
        if local_id is None:
            key = keys.nth(digest)
        else:
            key = digest
            before = seen.get(local_id)
            if before is None:
                seen[local_id] = (source.number, digest)
            elif before[1] == digest:
                key = keys.nth(digest)
                reading.say(refused("import.row_repeated", row=before[0]).at("", "local_id", local_id))
            else:
                reading.say(refused("import.local_id_repeated", row=before[0]).at("", "local_id", local_id))
        if not values and not reading.findings:
            reading.say(refused("import.row_says_nothing"))
        if (
            mapping.case_when
            and mapping.case_when not in values
            and not any(f.field == mapping.case_when for f in reading.findings)
        ):
            reading.say(refused("import.row_without_case").at("", mapping.case_when, ""))
        check_case(values, today, reading.say)
        raw = dict(zip(headers, cells, strict=False))
        if linking:
            link = {name: values.pop(name) for name in _LINK_FIELDS if name in values}
            if "infector_id" in link:
                links.append((source.number, link | {"infectee_id": local_id}, digest, raw))
        yield ReadRow(
            source.number,
            "case",
            _STATUS[reading.level],
            values,
            reading.other,
            reading.findings,
            raw,
            key,
            tuple(reading.unknown),
            0,
            (source.number,),
        )
    for number, link, digest, raw in links:
        findings = _check_link(link, None)
        if link.get("infectee_id") is None:
            findings = [refused("import.link_without_end", end=INFECTEE)]
        elif link["infector_id"] not in seen:
            findings.append(note("import.infector_not_in_file").at("", "infector_id", link["infector_id"]))
        yield _as_link(number, link, findings, raw, blake2b(digest + b"link", digest_size=16).digest())


def _add_sentence(text: str, context: "sentences.Context", reading: _Reading, header: str, mapping: Mapping) -> None:
    """Values from a case description; what a column of its own tells stays, and a difference is said."""
    entry = mapping.column(header)
    if entry is not None and (entry.year or entry.not_after):
        context = replace(context, year=entry.year, not_after=entry.not_after)
    else:
        # The row's own day of report or confirmation gives the year to the days of its sentence.
        days = [reading.values[key].latest for key in ("report_date", "confirm_date") if key in reading.values]
        if last := max(filter(None, days), default=None):
            context = replace(context, not_after=last + timedelta(days=1))
    described = sentences.read_case(text, context)
    for key, value in described.values.items():
        known = reading.values.get(key)
        if known is None:
            reading.values[key] = value
        elif str(known) != str(value) and key != "place":
            reading.say(
                uncertain("import.sentence_differs", column_value=str(known), sentence_value=str(value)).at(
                    header, key, text[:200]
                )
            )
    for finding in described.findings:
        reading.say(finding.at(header, finding.field, finding.text or text[:200]))
    if told := described.values.get("exposures"):
        reading.values.setdefault("exposure", "; ".join(exposure.text for exposure in told))
    if described.related:
        reading.other[f"{header} #"] = "; ".join(
            f"{related.number} ({related.relation})" for related in described.related
        )
    if described.not_understood:
        reading.other[f"{header} ?"] = " | ".join(described.not_understood)
    reading.other[header] = text


def _link_rows(table: Table, mapping: Mapping, resolver: Resolver, today: date) -> Iterator[ReadRow]:
    plan = _Plan(table.headers, _entries(table, mapping), mapping, resolver)
    keys = _Keys(table)
    seen: dict[tuple[str, str], int] = {}
    for source in table.rows():
        if source.problem is not None:
            yield _broken(
                source, table, keys.nth(blake2b(repr(source.cells).encode(), digest_size=16).digest()), "link"
            )
            continue
        reading = plan.read(source.cells)
        findings = reading.findings + _check_link(reading.values, (seen, source.number))
        row = _as_link(
            source.number,
            reading.values,
            findings,
            _raw(table.headers, source.cells),
            keys.nth(keys.digest(source.cells)),
        )
        row.other, row.unknown = reading.other, tuple(reading.unknown)
        yield row


def _check_link(link: dict[str, Any], seen: tuple[dict[tuple[str, str], int], int] | None) -> list[Finding]:
    infector, infectee = link.get("infector_id"), link.get("infectee_id")
    if link.pop("household_link", None) == "yes":
        link.setdefault("setting", "household")
    if infector is None or infectee is None:
        return [refused("import.link_without_end", end=INFECTOR if infector is None else INFECTEE)]
    if infector == infectee:
        return [refused("import.link_to_itself").at("", "infector_id", infector)]
    if seen is not None:
        pairs, number = seen
        before = pairs.setdefault((infector, infectee), number)
        if before != number:
            return [refused("import.link_repeated", row=before).at("", "infectee_id", infectee)]
    return []


def _as_link(number: int, link: dict[str, Any], findings: list[Finding], raw: dict[str, str], key: bytes) -> ReadRow:
    level = max((GRAVITY[finding.severity] for finding in findings), default=0)
    return ReadRow(number, "link", _STATUS[level], link, {}, findings, raw, key, (), 0, (number,))


# ---------------------------------------------------------------------------------------------------------------- pairs


@dataclass
class _Person:
    """One case as the rows of a file of pairs tell of it, together."""

    reading: _Reading
    number: int
    numbers: list[int]
    raw: dict[str, str]
    told: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)


def _pair_rows(table: Table, mapping: Mapping, resolver: Resolver, today: date) -> Iterator[ReadRow]:
    """Both sides' cases, each once with what all rows say of it, then the links. Holds the distinct cases in memory."""
    entries = _entries(table, mapping)
    sides = {}
    for side in (INFECTOR, INFECTEE):
        own = [entry for entry in entries if entry.side == side]
        own += [replace(e, field="local_id", side=side) for e in entries if e.field == f"{side}_id" and not e.side]
        shared = [e for e in entries if not e.side and e.field in FIELDS and FIELDS[e.field].subject == "case"]
        sides[side] = _Plan(table.headers, [*own, *shared], mapping, resolver)
    link_fields = (*_LINK_FIELDS, "source", "notes")
    linking = _Plan(
        table.headers,
        [e for e in entries if not e.side and (e.field in link_fields or e.field == OTHER)],
        mapping,
        resolver,
        with_constants=False,
    )
    keys = _Keys(table)
    people: dict[str, _Person] = {}
    links: list[ReadRow] = []
    seen: dict[tuple[str, str], int] = {}
    broken: list[ReadRow] = []
    for source in table.rows():
        digest = (
            keys.nth(keys.digest(source.cells))
            if source.problem is None
            else keys.nth(blake2b(repr(source.cells).encode(), digest_size=16).digest())
        )
        if source.problem is not None:
            broken.append(_broken(source, table, digest, "link"))
            continue
        for side, plan in sides.items():
            reading = plan.read(source.cells)
            plan.place(source.cells, reading)
            local_id = reading.values.get("local_id")
            if local_id is None:
                continue
            _tell(people, local_id, reading, plan, source, side, table)
        link = linking.read(source.cells)
        row = _as_link(
            source.number,
            link.values,
            link.findings + _check_link(link.values, (seen, source.number)),
            _raw(table.headers, source.cells),
            digest,
        )
        row.other, row.unknown = link.other, tuple(link.unknown)
        links.append(row)
    yield from broken
    for local_id, person in people.items():
        reading = person.reading
        check_case(reading.values, today, reading.say)
        key = blake2b("\x1f".join(sorted(person.told)).encode(), digest_size=16, person=b"case of pair").digest()
        unknown = tuple(key for key in dict.fromkeys(reading.unknown) if key not in reading.values)
        del local_id
        yield ReadRow(
            person.number,
            "case",
            _STATUS[reading.level],
            reading.values,
            reading.other,
            reading.findings,
            person.raw,
            key,
            unknown,
            0,
            tuple(person.numbers),
        )
    yield from links


def _tell(
    people: dict[str, _Person],
    local_id: str,
    reading: _Reading,
    plan: _Plan,
    source: SourceRow,
    side: str,
    table: Table,
) -> None:
    """Add what one row says of a case to what the rows before said."""
    own = {column.header: source.cells[column.position] for column in plan.columns}
    own |= {table.headers[position]: source.cells[position] for position in plan.place_positions}
    # The same words about the same case tell nothing new, on whichever side they stand.
    said = "\x1e".join(
        f"{c.key}={source.cells[c.position].strip()}" for c in sorted(plan.columns, key=lambda c: (c.key, c.position))
    )
    said += "\x1e" + "\x1e".join(source.cells[position].strip() for position in plan.place_positions)
    person = people.get(local_id)
    if person is None:
        people[local_id] = _Person(reading, source.number, [source.number], own, {said}, {})
        return
    if person.numbers[-1] != source.number:
        person.numbers.append(source.number)
    if said in person.told:
        return
    person.told.add(said)
    known = person.reading
    for key, value in reading.values.items():
        before = known.values.get(key)
        if before is None:
            known.values[key] = value
            continue
        if _same(before, value):
            continue
        if key == "source":
            continue  # several sources may tell of one case
        known.say(
            Finding(
                "import.sides_differ",
                UNCERTAIN,
                {"first": str(before), "second": str(value), "row": source.number, "first_row": person.number},
                before,
                (str(before), str(value)),
            ).at("", key, str(value))
        )
    have = {(finding.code, finding.field, finding.text) for finding in known.findings}
    for finding in reading.findings:
        if (finding.code, finding.field, finding.text) not in have:
            known.say(finding)
    for header, text in reading.other.items():
        known.other.setdefault(header, text)
    known.unknown.extend(reading.unknown)
    del side


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, PlaceText) and isinstance(b, PlaceText):
        return place_key(a).lower() == place_key(b).lower()
    if isinstance(a, Resolved) and isinstance(b, Resolved):
        return a.code == b.code
    if isinstance(a, str) and isinstance(b, str):
        return a.lower() == b.lower()
    return str(a) == str(b)


# --------------------------------------------------------------------------------------------------------------- counts


def _count_rows(table: Table, mapping: Mapping, resolver: Resolver, today: date) -> Iterator[ReadRow]:
    """One case for each that a table of counts counts. Their local ids name the day, the category and the ordinal, so
    that a longer version of the same table adds only what is new."""
    entries = _entries(table, mapping)
    counting = [entry for entry in entries if entry.field == "count"]
    dating = next((entry for entry in entries if entry.field == "count_date"), None)
    rest = [entry for entry in entries if entry.field not in ("count", "count_date")]
    plan = _Plan(table.headers, rest, mapping, resolver)
    at = {plain(header).lower(): position for position, header in enumerate(table.headers)}
    keys = _Keys(table)
    if dating is None or not counting or plain(dating.column).lower() not in at:
        return
    day_column = _Column(at[plain(dating.column).lower()], dating, mapping.phone_region)
    columns = [
        (entry, _Column(at[plain(entry.column).lower()], entry, mapping.phone_region))
        for entry in counting
        if plain(entry.column).lower() in at
    ]
    categories = {entry.column: _category(entry, mapping) for entry, _column in columns}
    before: dict[str, int] = {}
    days: dict[tuple[str, str], int] = {}
    counted_as = mapping.counted_as or "report_date"
    for source in table.rows():
        raw = _raw(table.headers, source.cells)
        if source.problem is not None:
            yield _broken(source, table, keys.nth(blake2b(repr(source.cells).encode(), digest_size=16).digest()))
            continue
        base = plan.read(source.cells)
        day = day_column.cell(source.cells[day_column.position]) if source.cells[day_column.position] else None
        digest = keys.nth(keys.digest(source.cells))
        findings = [*base.findings]
        if day is None or day.value is None:
            findings.append(
                day.finding if day is not None and day.finding is not None else refused("import.count_without_day")
            )
        elif day.finding is not None:
            findings.append(day.finding)
        numbers: list[tuple[ColumnMapping, int]] = []
        for entry, column in columns:
            text = source.cells[column.position]
            if not text.strip():
                continue
            cell = column.cell(text)
            if cell.finding is not None:
                findings.append(cell.finding)
            if cell.value is None:
                continue
            number = cell.value
            if entry.cumulative:
                number, before[entry.column] = number - before.get(entry.column, 0), number
                if number < 0:
                    findings.append(refused("import.count_fell", by=-number).at(entry.column, "count", text))
                    continue
            if number > 100_000:
                findings.append(refused("import.count_too_high", number=number).at(entry.column, "count", text))
                continue
            numbers.append((entry, number))
        level = max((GRAVITY[finding.severity] for finding in findings), default=0)
        if level == 2:
            yield ReadRow(
                source.number, "case", "refused", {}, base.other, findings, raw, digest, (), 0, (source.number,)
            )
            continue
        assert day is not None
        place = ""
        if plan.place_positions:
            place = "/".join(source.cells[position] for position in plan.place_positions)
        for entry, number in numbers:
            name = entry.category or entry.column
            stem = "/".join(filter(None, (str(day.value), place, name)))
            shared = days.get((stem, ""), 0)
            days[stem, ""] = shared + number
            for ordinal in range(shared + 1, shared + number + 1):
                reading = _Reading(base.values | {counted_as: day.value} | categories[entry.column])
                reading.findings, reading.level = list(findings), level
                reading.values["local_id"] = f"{stem}/{ordinal}"
                plan.place(source.cells, reading)
                check_case(reading.values, today, reading.say)
                key = blake2b(reading.values["local_id"].encode(), digest_size=16, person=b"counted case").digest()
                yield ReadRow(
                    source.number,
                    "case",
                    _STATUS[reading.level],
                    reading.values,
                    dict(base.other),
                    reading.findings,
                    raw,
                    key,
                    (),
                    0,
                    (source.number,),
                )


def _category(entry: ColumnMapping, mapping: Mapping) -> dict[str, Any]:
    """The answer that all cases of one column of counts share."""
    if not entry.category or not entry.category_field:
        return {}
    if entry.category_field == "area":
        return {"place": places.place_from("", [("", entry.category)], text=entry.category)}
    if entry.category_field not in FIELDS:
        return {entry.category_field: entry.category}
    cell = _Column(0, ColumnMapping(entry.column, entry.category_field), mapping.phone_region).cell(entry.category)
    return {entry.category_field: cell.value if cell.value is not None else entry.category}


@dataclass
class Tally:
    """What became of the rows read so far: how many of each kind and status, and how often each finding was made."""

    rows: dict[tuple[str, str], int] = field(default_factory=dict)
    codes: dict[tuple[Severity, str, str], int] = field(default_factory=dict)

    def add(self, row: ReadRow) -> None:
        place = (row.kind, row.status)
        self.rows[place] = self.rows.get(place, 0) + 1
        for finding in row.findings:
            told = (finding.severity, finding.code, finding.column or finding.field)
            self.codes[told] = self.codes.get(told, 0) + 1

    def count(self, status: Status, kind: str = "") -> int:
        """Rows with a status, of one kind or of both."""
        return sum(n for (k, s), n in self.rows.items() if s == status and kind in ("", k))


def tally(rows: Iterable[ReadRow]) -> Tally:
    """The tally of some rows."""
    found = Tally()
    for row in rows:
        found.add(row)
    return found


__all__ = [
    "PASSED_OVER", "ReadAge", "ReadDate", "ReadIdNumber", "ReadRow", "Status", "Tally", "place_key", "read_rows", "reader_of", "tally",
]  # fmt: skip
