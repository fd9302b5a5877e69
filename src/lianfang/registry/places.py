"""Organisations and sites: who must act, and where something happened or is done. Entered singly, or as a list.

Two of one kind in one area never bear the same name: a list that comes again changes nothing, or corrects what differs.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refusal, Refused, refuse
from lianfang.kernel.spreadsheets import as_before

from .models import ANY_DISEASE, Area, Organisation, Site
from .resolving import resolve_area

Held = TypeVar("Held", Organisation, Site)

OF: dict[str, Any] = {"organisation": Organisation, "site": Site}
COLUMNS: dict[type, tuple[str, ...]] = {
    Organisation: (
        "name", "name_en", "kind", "area", "phone", "designated_for", "designated_from", "designated_until",
    ),
    Site: (
        "name", "name_en", "kind", "area", "organisation", "address", "phone", "longitude", "latitude", "opened_on",
        "closed_on",
    ),
}  # fmt: skip
NEEDED = ("name", "kind", "area")
CHINESE = {
    "name": "名称", "name_en": "英文名称", "kind": "类型", "area": "地区", "organisation": "管理单位", "address": "地址",
    "phone": "电话", "longitude": "经度", "latitude": "纬度", "opened_on": "启用日期", "closed_on": "停用日期",
    "designated_for": "定点收治", "designated_from": "定点起始日期", "designated_until": "定点截止日期",
}  # fmt: skip
LEAVES: dict[type, tuple[str, str]] = {
    Organisation: ("organisation.entered", "organisation.corrected"),
    Site: ("site.entered", "site.corrected"),
}
MOST_ROWS = 20_000


@dataclass(frozen=True)
class RefusedRow:
    """A row of a list that did not enter, and why."""

    line: int
    cells: dict[str, str]
    why: tuple[Refusal, ...]


@dataclass
class Entered:
    """What became of a list."""

    created: int = 0
    changed: int = 0
    same: int = 0
    refused: list[RefusedRow] = field(default_factory=list)


def organisations(actor: Actor, text: str = "", kind: str = "") -> QuerySet[Organisation]:
    """Organisations in the actor's areas, by name."""
    rows = Organisation.objects.visible_to(actor).select_related("area")
    return _narrowed(rows, text, kind)


def sites(actor: Actor, text: str = "", kind: str = "", *, closed: bool = False) -> QuerySet[Site]:
    """Sites in the actor's areas or of its organisations, by name; those no longer used only when asked for."""
    rows = Site.objects.visible_to(actor).select_related("area", "organisation")
    return _narrowed(rows if closed else rows.in_use(clock.today()), text, kind)


def _narrowed(rows: Any, text: str, kind: str) -> Any:
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(name_en__icontains=text))
    return (rows.filter(kind=kind) if kind else rows).order_by("name", "id")


def write_organisation(said: Mapping[str, Any], by: Actor, organisation_id: UUID | None = None) -> Organisation:
    """Enter an organisation, or correct one: its ``COLUMNS``; what is not said stays as it is. Raises Refused."""
    return _write(Organisation, said, by, organisation_id)


def write_site(said: Mapping[str, Any], by: Actor, site_id: UUID | None = None) -> Site:
    """Enter a site, or correct one: an organisation's fields, and who runs it, where it stands, when it is used. Raises Refused."""
    return _write(Site, said, by, site_id)


def _write(model: type[Held], said: Mapping[str, Any], by: Actor, pk: UUID | None) -> Held:
    with transaction.atomic():
        before = None
        if pk is not None:
            before = model.objects.select_for_update().filter(pk=pk).first()
            if before is None or not by.may_at("site.manage", before.path):
                raise Refused(refuse("kernel.not_found"))
        row = before or model()
        if wrong := _wrong(row, said, by):
            raise Refused(*wrong)
        _set(model, row, said, by)
    return row


def _wrong(row: Organisation | Site, said: Mapping[str, Any], by: Actor) -> list[Refusal]:
    """What speaks against writing this."""
    area: Area = said["area"]
    wrong = []
    if not by.may_at("site.manage", area.path):
        wrong.append(refuse("place.area_outside", "area", area=area.name))
    named = type(row).objects.filter(name=said["name"], area=area).exclude(pk=row.pk)
    if named.exists():
        wrong.append(refuse("place.name_taken", "name", name=said["name"], area=area.name))

    def will_be(name: str) -> Any:
        return said[name] if name in said else getattr(row, name, None)

    if (will_be("longitude") is None) != (will_be("latitude") is None):
        wrong.append(refuse("place.half_a_position", "latitude"))
    opened, closed = will_be("opened_on"), will_be("closed_on")
    if opened and closed and closed < opened:
        wrong.append(refuse("place.closed_before_opened", "closed_on"))
    if will_be("designated_for") and will_be("kind") not in Organisation.PATIENTS:
        wrong.append(refuse("place.receives_no_patients", "designated_for"))
    begun, ended = will_be("designated_from"), will_be("designated_until")
    if begun and ended and ended < begun:
        wrong.append(refuse("place.designation_reversed", "designated_until"))
    return wrong


def _set(model: type[Held], row: Held, said: Mapping[str, Any], by: Actor) -> list[str]:
    """Write what differs, with its event. Returns the names of what was new or different."""
    wanted = {name: said[name] for name in COLUMNS[model] if name in said} | {"path": said["area"].path}
    changed = [name for name, value in wanted.items() if row._state.adding or getattr(row, name) != value]
    if changed:
        new = row._state.adding
        for name in changed:
            setattr(row, name, wanted[name])
        row.save()
        entered, corrected = LEAVES[model]
        events.record(
            entered if new else corrected,
            by,
            subject=(entered.split(".")[0], row.pk),
            path=row.path,
            details={} if new else {"changed": sorted(set(changed) - {"path"})},
        )
    return changed


# ---- lists


def enter_list(what: str, text: str, by: Actor) -> Entered:
    """Enter organisations or sites from a table: comma, semicolon or tab, headers in Chinese or English.

    Each row enters or is refused by itself, in the order of the table. Raises Refused when the table has no such headers.
    """
    model: Any = OF[what]
    rows = _rows(model, text)
    done = Entered()
    names = {cells["name"] for _line, cells in rows}
    with transaction.atomic():
        held = {(row.name, row.area_id): row for row in model.objects.filter(name__in=names)}
        for line, cells in rows:
            said, wrong = _read(model, cells, by)
            row = held.get((said["name"], said["area"].pk)) if not wrong else None
            wrong = wrong or _wrong(row or model(), said, by)
            if wrong:
                done.refused.append(RefusedRow(line, cells, tuple(wrong)))
                continue
            new = row is None
            row = row or model()
            changed = _set(model, row, said, by)
            held[row.name, row.area_id] = row
            if not changed:
                done.same += 1
            elif new:
                done.created += 1
            else:
                done.changed += 1
    return done


def refused_table(what: str, entered: Entered) -> str:
    """The rows that did not enter as a table that can be corrected and sent again, the reasons in a last column."""
    out = io.StringIO()
    there = {name for row in entered.refused for name in row.cells}
    columns = [name for name in COLUMNS[OF[what]] if name in there]  # a column that was not there says nothing
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*columns, "refused"])
    for row in entered.refused:
        writer.writerow([*(row.cells.get(name, "") for name in columns), " ".join(map(str, row.why))])
    return out.getvalue()


def _rows(model: type, text: str) -> list[tuple[int, dict[str, str]]]:
    first = text.lstrip("\ufeff\n\r ").split("\n", 1)[0]
    separator = max("\t;,", key=first.count)
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=separator, strict=True)
    columns = COLUMNS[model]
    heard = {name.casefold(): name for name in columns} | {CHINESE[name]: name for name in columns}
    headers: list[str] | None = None
    rows = []
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if headers is None:
                headers = [heard.get(cell.casefold(), "") for cell in cells]
                missing = [name for name in NEEDED if name not in headers]
                twice = [name for name, count in Counter(filter(None, headers)).items() if count > 1]
                if missing or twice:
                    raise Refused(
                        refuse("place.headers_wrong", columns=", ".join(missing or twice), known=", ".join(columns))
                    )
                continue
            rows.append(
                (reader.line_num, {name: as_before(cell) for name, cell in zip(headers, cells, strict=False) if name})
            )
            if len(rows) > MOST_ROWS:
                raise Refused(refuse("place.too_many_rows", most=MOST_ROWS))
    except csv.Error as problem:
        raise Refused(refuse("place.not_a_table", line=reader.line_num, problem=str(problem))) from None
    if headers is None:
        raise Refused(refuse("place.headers_wrong", columns=", ".join(NEEDED), known=", ".join(columns)))
    said = dict.fromkeys(filter(None, headers), "")
    return [(line, said | cells) for line, cells in rows]


def _read(model: Any, cells: Mapping[str, str], by: Actor) -> tuple[dict[str, Any], list[Refusal]]:
    """The cells as values, and what is wrong with them. A column that the table does not have says nothing."""
    said: dict[str, Any] = {}
    wrong: list[Refusal] = []
    for name in ("name", "name_en", "address", "phone"):
        if name in cells:
            said[name] = cells[name]
            longest = model._meta.get_field(name).max_length
            if len(cells[name]) > longest:
                wrong.append(refuse("place.too_long", name, longest=longest))
    if not cells["name"]:
        wrong.append(refuse("place.name_missing", "name"))
    said["kind"] = _kind(model, cells["kind"])
    if not said["kind"]:
        known = ", ".join(str(label) for label in model.Kind.labels)
        if cells["kind"]:
            wrong.append(refuse("place.kind_unknown", "kind", value=cells["kind"], known=known))
        else:
            wrong.append(refuse("place.kind_missing", "kind", known=known))
    found = resolve_area(cells["area"], clock.today())
    said["area"] = found.area
    if found.candidates:
        names = ", ".join(f"{one.code} {one.name}" for one in found.candidates[:6])
        wrong.append(refuse("place.area_ambiguous", "area", value=cells["area"], names=names))
    elif found.area is None:
        wrong.append(refuse("place.area_unknown", "area", value=cells["area"]))
    _read_more(cells, by, said, wrong)
    return said, wrong


def _read_more(cells: Mapping[str, str], by: Actor, said: dict[str, Any], wrong: list[Refusal]) -> None:
    """What is not asked of every place."""
    if "organisation" in cells:
        said["organisation"] = None
        if name := cells["organisation"]:
            found = named(Organisation.objects.visible_to(by), name)
            if len(found) == 1:
                said["organisation"] = found[0]
            else:
                wrong.append(refuse("place.organisation_unclear", "organisation", value=name))
    if "designated_for" in cells:
        said["designated_for"] = []
        for word in filter(None, re.split(r"\s*[,，、;；]\s*", cells["designated_for"])):
            if code := _disease(word):
                said["designated_for"].append(code)
            else:
                known = ", ".join(str(words) for _code, words in diseases())
                wrong.append(refuse("place.disease_unknown", "designated_for", value=word, known=known))
    for column, most in (("longitude", 180), ("latitude", 90)):
        if column not in cells:
            continue
        said[column] = None
        if cells[column]:
            try:
                said[column] = float(cells[column])
            except ValueError:
                said[column] = None
            if said[column] is None or not -most <= said[column] <= most:
                wrong.append(refuse("place.position_wrong", column, value=cells[column], most=most))
    for column in ("opened_on", "closed_on", "designated_from", "designated_until"):
        if column not in cells:
            continue
        said[column] = None
        if cells[column]:
            try:
                said[column] = date.fromisoformat(cells[column])
            except ValueError:
                wrong.append(refuse("place.day_wrong", column, value=cells[column]))


def _kind(model: Any, text: str) -> str:
    """The code of a kind that was written as its code, or in either language."""
    return _heard(text, lambda: model.Kind.choices)


def _disease(text: str) -> str:
    """The code of a disease, or of all of them, that was written as its code, or in either language."""
    return _heard(text, diseases)


def _heard(text: str, choices: Callable[[], Iterable[tuple[str, Any]]]) -> str:
    wanted = text.casefold()
    for language in ("en", "zh-hans"):
        with translation.override(language):
            for code, label in choices():
                if wanted in (code, str(label).casefold()):
                    return str(code)
    return ""


def diseases() -> list[tuple[str, str]]:
    """The diseases for which somebody can be designated, all of them first: (code, in words)."""
    return [
        (ANY_DISEASE, _("all diseases")),
        *((entry.code, definitions.label(entry)) for entry in definitions.diseases()),
    ]


def named(rows: QuerySet[Held], text: str) -> list[Held]:
    """Those of a name, whole, in either language; where several bear it, an area's code before it tells them apart. At most two."""
    code, _space, name = text.partition(" ")
    exactly = list(rows.filter(Q(name=text) | Q(name_en=text)).select_related("area").order_by("pk")[:2])
    return exactly or list(rows.filter(Q(name=name) | Q(name_en=name), area__code=code).select_related("area")[:2])


def headers_in_words(what: str) -> str:
    """The headers that a list may have, as the reader would write them."""
    chinese = (translation.get_language() or "").startswith("zh")
    columns = COLUMNS[OF[what]]
    return "、".join(CHINESE[name] for name in columns) if chinese else ", ".join(columns)
