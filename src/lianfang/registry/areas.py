"""Loading areas: China's from the files of the build, any other country's from its own CSV and GeoJSON.

A file is read whole and checked whole. Every wrong row is named with line, column and remedy, and then nothing is
loaded. Loading the same file again changes nothing.
"""

import csv
import gzip
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Substr

from lianfang.kernel import events
from lianfang.kernel.access import SYSTEM, Actor
from lianfang.kernel.models import AreaPath, Event
from lianfang.kernel.refusals import Refusal, Refused, refuse

from .models import Area, AreaShape, Level
from .resolving import AREAS

BUILT = Path(__file__).resolve().parent / "built"
NEEDED = ("code", "name", "level", "parent_code")
OPTIONAL = ("name_en", "valid_from", "valid_until", "population", "population_year", "population_source")
MOST_REFUSALS = 50
LEVELS = [level.value for level in Level]
CODE = re.compile(r"[A-Za-z0-9._-]{1,20}")
LENGTHS = {"name": 80, "name_en": 120, "population_source": 120}
MOST_POPULATION = 10**10


@dataclass(slots=True)
class Row:
    """One line of a tree: an area from a day until (not including) another."""

    line: int
    code: str
    name: str
    name_en: str
    level: str
    parent_code: str
    valid_from: date | None
    valid_until: date | None
    population: int | None
    population_year: int | None
    population_source: str
    path: str = ""
    parent: "Row | Area | None" = None
    area: Area | None = None

    @property
    def key(self) -> tuple[str, date | None]:
        return self.code, self.valid_from


def load_china(by: Actor = SYSTEM) -> int:
    """Load China to county level and Zhejiang to its villages, with outlines. Returns how many areas stand."""
    tree = BUILT / "areas.csv.gz"
    if not tree.exists():
        raise Refused(refuse("areas.not_built"))
    return load_tree(tree, BUILT / "shapes.geojson.gz", by)


def load_tree(tree: Path, shapes: Path | None = None, by: Actor = SYSTEM) -> int:
    """Load a tree of areas and, if given, their outlines. Returns how many areas stand. Raises Refused, loading nothing."""
    problems = _Problems()
    rows = _read_tree(tree, problems)
    outlines = _read_shapes(shapes, problems) if shapes else []
    problems.raise_if_any()
    with transaction.atomic():
        known = {(area.code, area.valid_from): area for area in Area.objects.select_for_update()}
        _place(rows, known, problems)
        problems.raise_if_any()
        done = _write(rows, known, problems)
        done["outlines"] = _write_shapes(outlines, known, problems)
        problems.raise_if_any()
        if any(done.values()):
            events.record("areas.loaded", by, subject=("areas", AREAS), details=dict(done))
    return len(known)


class _Problems:
    """What is wrong with a file, up to a number that a person can read."""

    def __init__(self) -> None:
        self.found: list[Refusal] = []
        self.more = 0

    def add(self, reason: str, /, **values: Any) -> None:
        if len(self.found) < MOST_REFUSALS:
            self.found.append(refuse(reason, **values))
        else:
            self.more += 1

    def raise_if_any(self) -> None:
        if self.found:
            raise Refused(*self.found, *([refuse("areas.more_problems", count=self.more)] if self.more else []))


# ---- reading


def _text(path: Path, problems: _Problems) -> str:
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content[: wrong.start].count(b"\n") + 1
        problems.add("areas.not_utf8", file=path.name, line=line)
        return ""


def _read_tree(path: Path, problems: _Problems) -> list[Row]:
    """The rows of a tree's CSV, each checked by itself."""
    reader = csv.DictReader(io.StringIO(_text(path, problems), newline=""), strict=True)
    rows: list[Row] = []
    try:
        headers = [header.strip() for header in reader.fieldnames or ()]
        reader.fieldnames = headers
        missing = [name for name in NEEDED if name not in headers]
        if missing and not problems.found:
            problems.add("areas.column_missing", file=path.name, columns=", ".join(missing))
        strange = [name for name in headers if name not in NEEDED + OPTIONAL]
        if strange:
            problems.add(
                "areas.column_unknown", file=path.name, columns=", ".join(strange), known=", ".join(NEEDED + OPTIONAL)
            )
        if problems.found:
            return []
        for cells in reader:
            if row := _read_row(reader.line_num, cells, problems):
                rows.append(row)
    except csv.Error as wrong:
        problems.add("areas.not_csv", file=path.name, line=reader.line_num, problem=str(wrong))
    if not rows and not problems.found:
        problems.add("areas.empty", file=path.name)
    return rows


def _read_row(line: int, cells: dict[Any, Any], problems: _Problems) -> Row | None:
    """One line of the file as a row; None when something is wrong with it, which is then told."""
    before = len(problems.found) + problems.more
    if None in cells or None in cells.values():
        problems.add("areas.row_width", line=line)
        return None
    cells = {name: value.strip() for name, value in cells.items()}
    for column in ("code", "parent_code"):
        if not CODE.fullmatch(cells[column]) and (column == "code" or cells[column]):
            problems.add("areas.code_wrong", line=line, column=column, value=cells[column])
    if not cells["name"]:
        problems.add("areas.name_missing", line=line)
    for column, longest in LENGTHS.items():
        if len(cells.get(column, "")) > longest:
            problems.add("areas.too_long", line=line, column=column, longest=longest)
    if cells["level"] not in LEVELS:
        problems.add("areas.level_wrong", line=line, value=cells["level"], levels=", ".join(LEVELS))
    days: dict[str, date | None] = {"valid_from": None, "valid_until": None}
    for column in days:
        if written := cells.get(column):
            try:
                days[column] = date.fromisoformat(written)
            except ValueError:
                problems.add("areas.day_wrong", line=line, column=column, value=written)
    start, end = days["valid_from"], days["valid_until"]
    if start and end and end <= start:
        problems.add("areas.ends_before_it_starts", line=line, start=start, end=end)
    numbers: dict[str, int | None] = {"population": None, "population_year": None}
    for column, most in (("population", MOST_POPULATION), ("population_year", 2200)):
        if written := cells.get(column):
            if re.fullmatch(r"\d{1,11}", written, re.ASCII) and int(written) <= most:
                numbers[column] = int(written)
            else:
                problems.add("areas.number_wrong", line=line, column=column, value=written)
    if len(problems.found) + problems.more > before:
        return None
    return Row(
        line, cells["code"], cells["name"], cells.get("name_en", ""), cells["level"], cells["parent_code"],
        start, end, numbers["population"], numbers["population_year"], cells.get("population_source", ""),
    )  # fmt: skip


def _read_shapes(path: Path, problems: _Problems) -> list[tuple[int, str, date | None, dict[str, Any], str]]:
    """Outlines as (number of the feature, code, valid_from, geometry, source), each checked by itself."""
    try:
        content = json.loads(_text(path, problems) or "null")
    except ValueError as wrong:
        problems.add("areas.not_json", file=path.name, problem=str(wrong))
        return []
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list):
        problems.add("areas.not_geojson", file=path.name)
        return []
    outlines = []
    for number, feature in enumerate(features, 1):
        feature = feature if isinstance(feature, dict) else {}
        about = feature.get("properties") or {}
        geometry = feature.get("geometry") or {}
        code = str(about.get("code") or "")
        try:
            start = date.fromisoformat(about["valid_from"]) if about.get("valid_from") else None
        except (TypeError, ValueError):
            problems.add("areas.shape_day_wrong", feature=number, value=str(about["valid_from"]))
            continue
        if not code:
            problems.add("areas.shape_without_code", feature=number)
        elif not _is_outline(geometry):
            problems.add("areas.shape_wrong", feature=number, code=code)
        else:
            kept = {"type": geometry["type"], "coordinates": geometry["coordinates"]}
            outlines.append((number, code, start, kept, str(about.get("source") or content.get("source") or "")[:120]))
    return outlines


def _is_outline(geometry: Any) -> bool:
    """Whether this is a polygon, or several, in degrees of longitude and latitude."""
    if not isinstance(geometry, dict) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        return False
    given = geometry.get("coordinates")
    parts: Any = [given] if geometry["type"] == "Polygon" else given
    try:
        return bool(parts) and all(
            rings
            and all(
                len(ring) >= 4
                and ring[0] == ring[-1]
                and all(-180 <= point[0] <= 180 and -90 <= point[1] <= 90 for point in ring)
                for ring in rings
            )
            for rings in parts
        )
    except (TypeError, IndexError, KeyError):
        return False


# ---- checking the tree


def _place(rows: list[Row], known: dict[tuple[str, date | None], Area], problems: _Problems) -> None:
    """Give each row its parent and path. Parents may stand in the file or in the registry."""
    by_key: dict[tuple[str, date | None], Row] = {}
    by_code: dict[str, list[Row | Area]] = defaultdict(list)
    for row in rows:
        if row.key in by_key:
            problems.add("areas.twice", line=row.line, code=row.code, first=by_key[row.key].line)
        else:
            by_key[row.key] = row
            by_code[row.code].append(row)
    for key, area in known.items():
        if key not in by_key:
            by_code[area.code].append(area)
    for row in by_key.values():
        for other in by_code[row.code]:
            if other is not row and _overlap(row, other) and (not isinstance(other, Row) or row.line > other.line):
                problems.add("areas.overlap", line=row.line, code=row.code, name=other.name)
                break
    for row in by_key.values():
        if not row.parent_code:
            if row.level != LEVELS[0]:
                problems.add("areas.no_parent", line=row.line, code=row.code, level=row.level)
            continue
        parents = by_code.get(row.parent_code, [])
        if not parents:
            problems.add("areas.parent_unknown", line=row.line, code=row.code, parent=row.parent_code)
            continue
        if not _covered(row, parents):
            problems.add("areas.parent_not_valid", line=row.line, code=row.code, parent=row.parent_code)
            continue
        row.parent = max(
            (parent for parent in parents if _overlap(row, parent)), key=lambda parent: parent.valid_from or date.min
        )
        if LEVELS.index(row.parent.level) >= LEVELS.index(row.level):
            problems.add(
                "areas.parent_not_above",
                line=row.line,
                code=row.code,
                level=row.level,
                parent=row.parent_code,
                parent_level=row.parent.level,
            )
            row.parent = None
    if problems.found:
        return
    for row in sorted(rows, key=lambda row: LEVELS.index(row.level)):
        row.path = f"{row.parent.path if row.parent else ''}{row.code}/"
        if len(row.path) > 120:
            problems.add("areas.path_too_long", line=row.line, code=row.code)


def _overlap(a: Row | Area, b: Row | Area) -> bool:
    return (a.valid_from or date.min) < (b.valid_until or date.max) and (b.valid_from or date.min) < (
        a.valid_until or date.max
    )


def _covered(row: Row, parents: list[Row | Area]) -> bool:
    """Whether a parent stands on every day on which the row does."""
    day, end = row.valid_from or date.min, row.valid_until or date.max
    for parent in sorted(parents, key=lambda parent: parent.valid_from or date.min):
        if (parent.valid_from or date.min) <= day < (parent.valid_until or date.max):
            day = parent.valid_until or date.max
    return day >= end


# ---- writing


def _write(rows: list[Row], known: dict[tuple[str, date | None], Area], problems: _Problems) -> dict[str, int]:
    """Create, correct and move areas, from the top down. Counts what was done."""
    done = {"created": 0, "changed": 0, "moved": 0}
    plain = ("name", "name_en", "level", "valid_until", "population", "population_year", "population_source")
    of_level: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        of_level[row.level].append(row)
    moves: list[tuple[str, str, Row]] = []
    for level in LEVELS:
        new: list[Area] = []
        changed: list[Area] = []
        for row in of_level[level]:
            parent = row.parent.area if isinstance(row.parent, Row) else row.parent
            area = known.get(row.key)
            if area is None:
                area = known[row.key] = Area(
                    code=row.code,
                    valid_from=row.valid_from,
                    parent=parent,
                    path=row.path,
                    **{name: getattr(row, name) for name in plain},
                )
                new.append(area)
            else:
                if area.path != row.path:
                    moves.append((area.path, row.path, row))
                    done["moved"] += 1
                wanted = {name: getattr(row, name) for name in plain} | {
                    "path": row.path,
                    "parent_id": parent.pk if parent else None,
                }
                if any(getattr(area, name) != value for name, value in wanted.items()):
                    for name, value in wanted.items():
                        setattr(area, name, value)
                    changed.append(area)
            row.area = area
        Area.objects.bulk_create(new, batch_size=2000)
        Area.objects.bulk_update(changed, [*plain, "path", "parent"], batch_size=500)
        done["created"] += len(new)
        done["changed"] += len(changed)
    _move(moves, known, problems)
    return done


def _move(moves: list[tuple[str, str, Row]], known: dict[tuple[str, date | None], Area], problems: _Problems) -> None:
    """Rewrite the path of everything below moved areas, in every table that keeps one."""
    if not moves:
        return
    moved = {old: new for old, new, _row in moves}
    staying = {area.path for area in known.values()}
    for old, _new, row in moves:
        if old in staying:  # the code also stands there on other days: whose records are to move?
            problems.add("areas.move_shared", line=row.line, code=row.code)
    problems.raise_if_any()
    # What moves with the area above it is moved by it. The deepest go first, so that none is taken along by another.
    alone = [(old, new) for old, new in moved.items() if moved.get(_above(old)) != _above(new)]
    alone.sort(key=lambda move: -len(move[0]))
    for model, column in path_columns():
        for old, new in alone:
            _rewrite(model, column, old, new)
    for area in known.values():
        for old, new in alone:
            if area.path.startswith(old):
                area.path = new + area.path[len(old) :]


def _above(path: str) -> str:
    return path[: path.rstrip("/").rfind("/") + 1]


def _rewrite(model: type[models.Model], column: str, old: str, new: str) -> None:
    rows = model._base_manager.filter(**{f"{column}__gte": old, f"{column}__lt": old[:-1] + "0"})
    rows.update(**{column: Concat(Value(new), Substr(F(column), len(old) + 1))})


def path_columns() -> Iterator[tuple[type[models.Model], str]]:
    """Every column that holds the path of an area, but those of the record: an event keeps the path of its time."""
    for model in apps.get_models():
        if model is Event:
            continue
        for column in model._meta.get_fields():
            if isinstance(column, AreaPath):
                yield model, column.name


def _write_shapes(
    outlines: list[tuple[int, str, date | None, dict[str, Any], str]],
    known: dict[tuple[str, date | None], Area],
    problems: _Problems,
) -> int:
    """Create and correct outlines. Counts those that were new or different."""
    latest: dict[str, Area] = {}
    for area in known.values():
        before = latest.get(area.code)
        if before is None or (area.valid_from or date.min) > (before.valid_from or date.min):
            latest[area.code] = area
    wanted: dict[int, tuple[dict[str, Any], str]] = {}
    for number, code, start, geometry, source in outlines:
        named = known.get((code, start)) or (None if start else latest.get(code))
        if named is None:
            problems.add("areas.shape_of_nothing", feature=number, code=code)
        else:
            wanted[named.pk] = (geometry, source)
    if problems.found or not wanted:
        return 0
    there = {shape.area_id: shape for shape in AreaShape.objects.all()}
    new = [
        AreaShape(area_id=pk, geometry=geometry, source=source)
        for pk, (geometry, source) in wanted.items()
        if pk not in there
    ]
    changed = []
    for pk, (geometry, source) in wanted.items():
        shape = there.get(pk)
        if shape and (shape.geometry != geometry or shape.source != source):
            shape.geometry, shape.source = geometry, source
            changed.append(shape)
    AreaShape.objects.bulk_create(new, batch_size=500)
    AreaShape.objects.bulk_update(changed, ["geometry", "source"], batch_size=100)
    return len(new) + len(changed)
