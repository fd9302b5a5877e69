"""What a person decided about the columns of a kind of file: kept under a name, used again, and JSON all through."""

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from dataclasses import field as a_field
from datetime import date
from typing import Any, Literal, get_args

from .ages import AgeUnit
from .dates import DateStyle, Order
from .fields import FIELDS, INFECTEE, INFECTOR, SIDES
from .findings import Finding, refused, uncertain
from .plain import plain

VERSION = 1

Kind = Literal["cases", "links", "pairs", "counts"]
Unreadable = Literal["refuse", "keep"]

OTHER, SKIP = "other", "skip"  # kept as an answer beside the case; left out because a person said so
COUNTED_AS = ("onset_date", "report_date", "confirm_date", "admission_date", "death_date")
CATEGORY_FIELDS = ("exposure", "classification", "setting", "sex", "age", "origin", "area", "")


@dataclass(frozen=True)
class ColumnMapping:
    """How one column is read. ``answers`` replaces a cell's text before it is read: what a person said it means."""

    column: str  # the header
    field: str  # a key of the catalogue, "other" or "skip"
    side: str = ""  # infector or infectee, in a file of pairs
    order: Order | None = None
    year: int | None = None
    not_after: date | None = None
    epoch_1904: bool = False
    day_zero: date | None = None
    unit: AgeUnit = "years"
    symptom: str = ""  # of a column of yes and no
    category: str = ""  # what the cases of a column of counts have in common
    category_field: str = "exposure"  # and which answer of theirs it is
    cumulative: bool = False  # counts that add up from row to row
    unreadable: Unreadable | None = None  # None: as the catalogue says for this field
    answers: MappingOf[str, str] = a_field(default_factory=dict)

    def date_style(self) -> DateStyle:
        """How this column's dates are written."""
        return DateStyle(
            self.order, self.year, self.not_after, self.epoch_1904, self.day_zero, birth=self.field == "birth_date"
        )

    def keeps_unreadable(self) -> bool:
        """Whether a cell that can't be read is kept as text, rather than refusing its row."""
        if self.unreadable is not None:
            return self.unreadable == "keep"
        known = FIELDS.get(self.field)
        return known is None or not known.core


@dataclass(frozen=True)
class Mapping:
    """How a file of one kind is read. ``constants`` are cells that every row would have had, by field key.

    ``places`` are a person's answers about places: the text as ``rows.place_key`` writes it, and the area's code.
    """

    kind: Kind
    columns: tuple[ColumnMapping, ...]
    constants: MappingOf[str, str] = a_field(default_factory=dict)
    places: MappingOf[str, str] = a_field(default_factory=dict)
    disease: str = ""
    source: str = ""  # under whose numbering the local ids stand
    counted_as: str = ""  # which day of a case the day of a count is
    case_when: str = ""  # a field that only cases have, where a roster lists healthy people too
    phone_region: str = "CN"
    version: int = VERSION

    def column(self, header: str) -> ColumnMapping | None:
        """The mapping of one header, compared without width, blanks or capitals."""
        wanted = plain(header).lower()
        return next((entry for entry in self.columns if plain(entry.column).lower() == wanted), None)

    def content(self) -> dict[str, Any]:
        """JSON-like content; what was left as it is by default is left out."""
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "columns"}
        content = {name: value for name, value in told.items() if value or name in ("kind", "version")}
        content["columns"] = [_content_of(entry) for entry in self.columns]
        return content


_DEFAULTS = asdict(ColumnMapping("", ""))


def _content_of(entry: ColumnMapping) -> dict[str, Any]:
    told = asdict(entry)
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in told.items()
        if name in ("column", "field") or value != _DEFAULTS[name]
    }


def mapping_from(content: Any) -> "Mapping | Finding":
    """A mapping from its content, or what is wrong with it. Content of a later version than this is refused."""
    try:
        version = int(content["version"])
        if version > VERSION:
            return refused("import.mapping_newer", version=version, known=VERSION)
        columns = tuple(_column_from(entry) for entry in content["columns"])
        rest = {name: content[name] for name in content if name not in ("columns", "version")}
        if rest.get("kind") not in get_args(Kind):
            return refused("import.mapping_unreadable", problem=f"kind: {rest.get('kind')}")
        return Mapping(columns=columns, version=VERSION, **rest)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        return refused("import.mapping_unreadable", problem=f"{type(problem).__name__}: {problem}"[:200])


def _column_from(entry: MappingOf[str, Any]) -> ColumnMapping:
    told = dict(entry)
    for name in ("not_after", "day_zero"):
        if told.get(name):
            told[name] = date.fromisoformat(told[name])
    read = ColumnMapping(**told)
    if read.field not in FIELDS and read.field not in (OTHER, SKIP):
        raise ValueError(f"field: {read.field}")
    if read.order not in (None, *get_args(Order)) or read.unit not in get_args(AgeUnit):
        raise ValueError(f"order or unit of {read.column}")
    if not isinstance(read.answers, dict):
        raise ValueError(f"answers of {read.column}")
    return read


def check_mapping(mapping: Mapping, headers: Sequence[str]) -> list[Finding]:
    """Everything that keeps a mapping from being used on a file with these headers, and what to look at before."""
    found: list[Finding] = []
    present = {plain(header).lower() for header in headers}
    for entry in mapping.columns:
        if plain(entry.column).lower() not in present and entry.field not in (OTHER, SKIP):
            found.append(uncertain("import.mapped_column_missing").at(entry.column, entry.field, ""))
    mapped = {plain(entry.column).lower() for entry in mapping.columns}
    for header in headers:
        if plain(header).lower() not in mapped:
            found.append(Finding("import.column_unmapped", "note").at(header, OTHER, ""))
    used = [
        (entry.side, entry.field, entry.unit)  # an age in years and one in months are told together
        for entry in mapping.columns
        if entry.field in FIELDS and not FIELDS[entry.field].many
    ]
    for side, key, _unit in sorted({place for place in used if used.count(place) > 1}):
        found.append(refused("import.field_mapped_twice", side=side).at("", key, ""))
    keys = {key for _side, key, _unit in used} | {entry.field for entry in mapping.columns} | set(mapping.constants)
    sided = {(entry.side, entry.field) for entry in mapping.columns}
    if mapping.kind in ("links", "pairs") and not {"infector_id", "infectee_id"} <= keys:
        found.append(refused("import.link_ids_unmapped"))
    if mapping.kind == "pairs" and not any(side in SIDES for side, _key in sided):
        found.append(refused("import.pair_sides_unmapped", sides=f"{INFECTOR}, {INFECTEE}"))
    if mapping.kind == "counts":
        if not {"count_date", "count"} <= keys:
            found.append(refused("import.count_columns_unmapped"))
        if mapping.counted_as not in COUNTED_AS:
            found.append(refused("import.counted_as_open", choices=", ".join(COUNTED_AS)))
    if mapping.kind == "cases" and not keys & set(FIELDS):
        found.append(refused("import.nothing_mapped"))
    if mapping.case_when and mapping.case_when not in keys:
        found.append(refused("import.case_when_unmapped").at("", mapping.case_when, ""))
    for key in mapping.constants:
        if key not in FIELDS:
            found.append(refused("import.constant_unknown").at("", key, str(mapping.constants[key])))
    return found
