"""A bulletin's way: prepared, changed by hand with a reason, signed by one, published by another, corrected by a new one."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refusal, Refused, refuse
from lianfang.registry.models import Area

from . import selectors
from .disclosure import Cell, Table, determined, protect
from .models import Bulletin
from .rules import (
    BALANCED,
    BY_HAND,
    BY_PART,
    COUNTED,
    FIGURES,
    PART_FIGURES,
    WORKFLOW,
    Step,
    change_refusals,
    day_refusal,
)
from .selectors import EVENING, LATER, Counted


def prepare_refusal(
    area: Area, disease: str, day: date, by: Actor, *, corrects: Bulletin | None = None
) -> Refusal | None:
    """Why this actor may not prepare a bulletin of this area and day, or None."""
    if not (by.may_at("bulletin.prepare", area.path) and by.may_at("situation.read", area.path)):
        return refuse("bulletin.not_your_area", "area", area=area.name)
    if definitions.disease(disease) is None:
        return refuse("case.unknown_disease", "disease", disease=disease)
    if no := day_refusal(day, clock.today()):
        return no
    if corrects is not None:
        if corrects.status != "published":
            return refuse("bulletin.nothing_to_correct")
        next_one = corrects.corrections.exclude(status="withdrawn").first()
        if next_one is not None:
            return refuse(
                "bulletin.nothing_to_correct" if next_one.status == "published" else "bulletin.correction_open"
            )
        return None
    there = Bulletin.objects.of(area.code, disease).filter(day=day, corrects=None).exclude(status="withdrawn").first()
    if there is None:
        return None
    if there.status == "published":
        return refuse("bulletin.published_already", "day")
    return refuse("bulletin.one_a_day", "day", state=WORKFLOW.label(there.status))


def prepare(area: Area, disease: str, day: date, by: Actor, *, known: str = EVENING) -> Bulletin:
    """Count the figures of a day and put them on the desk. ``known``: as at 24:00, or with what became known since."""
    return _prepare(area, disease, day, by, known)


def correct(bulletin_id: UUID, reason: str, by: Actor, *, known: str = LATER) -> Bulletin:
    """Prepare a correction of a published bulletin: a new one that points at it. The reason is published with it."""
    old = selectors.bulletin(by, bulletin_id)
    if len(reason.strip()) < 4:
        raise Refused(refuse("bulletin.reason_missing", "reason"))
    return _prepare(old.area, old.disease, old.day, by, known, old, reason.strip())


def _prepare(
    area: Area, disease: str, day: date, by: Actor, known: str, corrects: Bulletin | None = None, reason: str = ""
) -> Bulletin:
    if no := prepare_refusal(area, disease, day, by, corrects=corrects):
        raise Refused(no)
    made = Bulletin(
        area=area,
        path=area.path,
        disease=disease,
        day=day,
        figures=_figures(selectors.counted(by, area, disease, day, known), known),
        corrects=corrects,
        reason=reason,
        explanation=corrects.explanation if corrects else "",
        remark=corrects.remark if corrects else "",
        prepared_at=clock.now(),
        prepared_by_id=by.user_id,  # type: ignore[misc]
    )
    if corrects is not None:
        contacts = {figure.code for figure in BY_HAND} & corrects.figures["area"].keys()
        made.figures["area"].update({code: corrects.figures["area"][code] for code in contacts})
    _settle(made)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            _record("bulletin.prepared", made, by, corrects=str(corrects.pk) if corrects else "", known=known)
    except IntegrityError:  # somebody else prepared it in the same moment
        raise Refused(
            prepare_refusal(area, disease, day, by, corrects=corrects)
            or refuse("bulletin.one_a_day", "day", state=WORKFLOW.label("prepared"))
        ) from None
    return made


def _figures(found: Counted, known: str) -> dict[str, Any]:
    return {
        "known": known,
        "known_at": clock.now().isoformat() if known == LATER else "",
        "area": dict(found.area),
        "parts": {part: dict(values) for part, values in found.parts.items()},
        "counted": {"area": found.area, "parts": found.parts},
        "names": found.names,
        "changes": [],
    }


def _settle(bulletin: Bulletin) -> None:
    """Find the bulletin to go on from, and work out what must be withheld beside all that is published."""
    bulletin.base = selectors.base_for(bulletin.area, bulletin.disease, bulletin.day)
    held = selectors.known(bulletin.area, bulletin.disease)
    name = str(bulletin.pk)
    table = selectors.table(name, str(bulletin.base.pk) if bulletin.base else None, selectors.sheet(bulletin))
    kept = {
        Cell(name, cell.of, cell.kind, cell.part)
        for earlier in held.tables
        if held.days[earlier.bulletin] == bulletin.day
        for cell in earlier.withheld
    }
    found = protect(held.tables, table, selectors.small_below(), kept, held.shown_elsewhere(table, bulletin.day))
    bulletin.protection = {
        "below": selectors.small_below(),
        "beside": selectors.beside(bulletin.area, bulletin.disease),
        "withheld": sorted([cell.of, cell.kind, cell.part] for cell in found.withheld),
        "given_away": sorted(
            [str(held.days.get(cell.bulletin, bulletin.day)), cell.of, cell.kind, cell.part]
            for cell in found.given_away
        ),
        "elsewhere": _given_away_above(bulletin),
    }


def _given_away_above(bulletin: Bulletin) -> list[list[str]]:
    """What the totals of this bulletin would let readers work out in published bulletins of the area above."""
    above = bulletin.area.parent
    if (
        above is None
        or not Bulletin.objects.published().of(above.code, bulletin.disease).filter(day=bulletin.day).exists()
    ):
        return []
    held = selectors.known(above, bulletin.disease)
    own = bulletin.figures["area"]
    shown = {
        cell
        for table in held.tables
        if held.days[table.bulletin] == bulletin.day
        for cell in table.withheld
        if cell.part == bulletin.area.code and table.value(cell) == own.get(f"{cell.kind}_{cell.of}")
    }
    if not shown:
        return []
    after = [Table(each.bulletin, each.base, each.parts, each.counts, each.withheld - shown) for each in held.tables]
    lost = determined(after) - determined(held.tables)
    names = (
        Bulletin.objects.published().of(above.code, bulletin.disease).in_bulk([UUID(cell.bulletin) for cell in lost])
    )
    return sorted(
        [
            str(held.days[cell.bulletin]),
            cell.of,
            cell.kind,
            names[UUID(cell.bulletin)].figures["names"].get(cell.part, {}).get("name", cell.part),
        ]
        for cell in lost
    )


def _record(kind: str, bulletin: Bulletin, by: Actor, **details: Any) -> None:
    events.record(
        kind,
        by,
        subject=("bulletin", bulletin.pk),
        path=bulletin.path,
        details={"day": bulletin.day.isoformat(), "disease": bulletin.disease, **details},
    )


def step_of(bulletin: Bulletin, by: Actor, *, seen: str | None = None, note: str = "") -> Step:
    """What the guards of a move look at. ``seen`` is the mark of the figures that the actor was shown, if any was."""
    return Step(
        sheet=selectors.sheet(bulletin),
        actor_id=by.user_id,
        signed_by_id=bulletin.signed_by_id,
        same_as_seen=seen is None or seen == selectors.seen(bulletin),
        up_to_date=bulletin.protection["beside"] == selectors.beside(bulletin.area, bulletin.disease)
        and bulletin.protection["below"] == selectors.small_below(),
        note=note,
    )


def _open(bulletin_id: UUID, name: str, by: Actor, seen: str | None = None, note: str = "") -> Bulletin:
    """The bulletin, when this move may be made. Raises Refused."""
    found = selectors.bulletin(by, bulletin_id)
    permitted = by.may_at(WORKFLOW.move(name).permission, found.path)
    step = step_of(found, by, seen=seen, note=note)
    if no := WORKFLOW.refusal(name, step, status=found.status, permitted=permitted):
        raise Refused(no)
    return found


def _locked(bulletin_id: UUID, by: Actor) -> None:
    """Hold the bulletin, and its area: publications of one area wait for one another."""
    found = selectors.bulletin(by, bulletin_id)
    Area.objects.select_for_update(no_key=True).get(pk=found.area_id)
    Bulletin.objects.select_for_update().get(pk=found.pk)


def _reworked(
    name: str,
    bulletin_id: UUID,
    by: Actor,
    change: Callable[[Bulletin], dict[str, Any]],
    seen: str | None = None,
    note: str = "",
) -> Bulletin:
    """Make a change and work out anew what is withheld, before anything is locked; refused when the bulletin moved meanwhile.

    ``change`` alters the bulletin and returns what the event tells of it.
    """
    bulletin = _open(bulletin_id, name, by, note=note)
    was = (selectors.seen(bulletin), bulletin.status)
    if seen is not None and seen != was[0]:
        raise Refused(refuse("bulletin.changed_meanwhile"))
    details = change(bulletin)
    _settle(bulletin)
    with transaction.atomic():
        _locked(bulletin_id, by)
        now = selectors.bulletin(by, bulletin_id)
        if (selectors.seen(now), now.status) != was:
            raise Refused(refuse("bulletin.changed_meanwhile"))
        bulletin.save()
        _record(WORKFLOW.move(name).event, bulletin, by, **details)
    return bulletin


def revise(
    bulletin_id: UUID,
    by: Actor,
    *,
    values: Mapping[tuple[str, str], int] | None = None,
    reason: str = "",
    contacts: Mapping[str, int | None] | None = None,
    explanation: str | None = None,
    remark: str | None = None,
    seen: str | None = None,
) -> Bulletin:
    """Change figures by hand, for a reason that whoever signs will read, and the words that go with them.

    ``values``: {(part or "", figure): value}; ``contacts``: figures without a source in the platform, None takes one out.
    """

    def change(bulletin: Bulletin) -> dict[str, Any]:
        figures, told = bulletin.figures, []
        for (part, code), value in _changed(figures, values or {}, reason).items():
            row, counted = _row(figures, part), _row(figures["counted"], part)[code]
            told.append([part, code, row[code], value])
            row[code] = value
            figures["changes"] = [each for each in figures["changes"] if (each["part"], each["figure"]) != (part, code)]
            if value != counted:
                entry = {"part": part, "figure": code, "counted": counted, "value": value, "reason": reason.strip()}
                figures["changes"].append({**entry, "by": by.name, "at": clock.now().isoformat()})
        for code, given in _contacts(contacts or {}).items():
            figures["area"].pop(code, None)
            if given is not None:
                figures["area"][code] = given
        bulletin.explanation = bulletin.explanation if explanation is None else explanation.strip()
        bulletin.remark = bulletin.remark if remark is None else remark.strip()
        return {"changed": told, "reason": reason.strip(), "contacts": dict(contacts or {})}

    return _reworked("revise", bulletin_id, by, change, seen)


def _row(figures: Any, part: str) -> Any:
    return figures["parts"][part] if part else figures["area"]


def _changed(figures: Any, values: Mapping[tuple[str, str], int], reason: str) -> dict[tuple[str, str], int]:
    """The values that differ from those that stand. Raises Refused for a figure that is none, or without a reason."""
    for part, code in values:
        known = {figure.code for figure in (PART_FIGURES if part else COUNTED)}
        if code not in known or (part and part not in figures["parts"]):
            raise Refused(refuse("bulletin.no_such_figure", "figures", figure=f"{part} {code}".strip()))
    changed = {(part, code): value for (part, code), value in values.items() if _row(figures, part)[code] != value}
    if no := change_refusals(changed, reason):
        raise Refused(*no)
    return changed


def _contacts(given: Mapping[str, int | None]) -> Mapping[str, int | None]:
    for code, value in given.items():
        if code not in {figure.code for figure in BY_HAND}:
            raise Refused(refuse("bulletin.no_such_figure", "figures", figure=code))
        if value is not None and value < 0:
            raise Refused(refuse("bulletin.no_count", code))
    return given


def recount(bulletin_id: UUID, by: Actor, *, known: str = EVENING) -> Bulletin:
    """Count the figures again. What was changed by hand is dropped; contact figures and words stay."""

    def change(bulletin: Bulletin) -> dict[str, Any]:
        by_hand = {figure.code for figure in BY_HAND}
        contacts = {code: value for code, value in bulletin.figures["area"].items() if code in by_hand}
        found = selectors.counted(by, bulletin.area, bulletin.disease, bulletin.day, known)
        bulletin.figures = _figures(found, known)
        bulletin.figures["area"].update(contacts)
        return {"known": known}

    return _reworked("recount", bulletin_id, by, change)


def unsign(bulletin_id: UUID, by: Actor, note: str) -> Bulletin:
    """Take the signature back."""
    return _back("unsign", bulletin_id, by, note)


def send_back(bulletin_id: UUID, by: Actor, note: str) -> Bulletin:
    """Send a signed bulletin back instead of publishing it."""
    return _back("send_back", bulletin_id, by, note)


def _back(name: str, bulletin_id: UUID, by: Actor, note: str) -> Bulletin:
    def change(bulletin: Bulletin) -> dict[str, Any]:
        bulletin.status, bulletin.signed_at, bulletin.signed_by = "prepared", None, None
        bulletin.note = note.strip()
        return {"note": bulletin.note}

    return _reworked(name, bulletin_id, by, change, note=note)


def _taken(bulletin_id: UUID, name: str, by: Actor, seen: str | None = None, note: str = "") -> Bulletin:
    """The bulletin, locked, when this move may be made. Raises Refused."""
    _locked(bulletin_id, by)
    return _open(bulletin_id, name, by, seen, note)


def sign(bulletin_id: UUID, by: Actor, *, seen: str | None = None) -> Bulletin:
    """Sign the figures as they stand. Raises Refused while they contradict themselves or are out of date."""
    with transaction.atomic():
        bulletin = _taken(bulletin_id, "sign", by, seen)
        bulletin.status, bulletin.signed_at, bulletin.signed_by_id, bulletin.note = (
            "signed",
            clock.now(),
            by.user_id,
            "",
        )
        bulletin.save()
        _record("bulletin.signed", bulletin, by, seal=selectors.seen(bulletin))
    return bulletin


def publish(bulletin_id: UUID, by: Actor, *, seen: str | None = None) -> Bulletin:
    """Make a signed bulletin public. Raises Refused for whoever signed it."""
    with transaction.atomic():
        bulletin = _taken(bulletin_id, "publish", by, seen)
        bulletin.status, bulletin.published_at, bulletin.published_by_id = "published", clock.now(), by.user_id
        bulletin.public_figures = public_figures(bulletin)
        bulletin.save()
        _record("bulletin.published", bulletin, by, seal=selectors.seen(bulletin))
    return bulletin


def withdraw(bulletin_id: UUID, by: Actor, note: str) -> Bulletin:
    """Give a bulletin up before it is published. Another may then be prepared for the day."""
    with transaction.atomic():
        bulletin = _taken(bulletin_id, "withdraw", by, note=note)
        bulletin.status, bulletin.note = "withdrawn", note.strip()
        bulletin.save()
        _record("bulletin.withdrawn", bulletin, by, note=bulletin.note)
    return bulletin


def public_figures(bulletin: Bulletin) -> dict[str, Any]:
    """What the public sees of a bulletin: everything but the withheld cells, with names as they were on its day."""
    sheet = selectors.sheet(bulletin)
    withheld = {tuple(cell) for cell in bulletin.protection["withheld"]}
    area = bulletin.area

    def cell(of: str, kind: str, part: str, value: int | None) -> int | None:
        return None if (of, kind, part) in withheld else value

    parts = []
    for part, values in sheet.parts.items():
        row: dict[str, Any] = {"code": part, **bulletin.figures["names"].get(part, {"name": "", "name_en": ""})}
        for figure in PART_FIGURES:
            row[figure.code] = cell(figure.of, figure.kind, part, values[figure.code])
        if bulletin.base is not None:
            for of in BY_PART:
                row[f"correction_{of}"] = cell(of, "correction", part, sheet.part_correction(of, part))
        parts.append(row)
    return {
        "area": {"code": area.code, "name": area.name, "name_en": area.name_en, "level": area.level},
        "disease": {"code": bulletin.disease, **selectors.disease_labels(bulletin.disease)},
        "day": bulletin.day.isoformat(),
        "base_day": bulletin.base.day.isoformat() if bulletin.base else None,
        "figures": {figure.code: sheet.area[figure.code] for figure in FIGURES if figure.code in sheet.area},
        "corrections": {of: sheet.correction(of) for of in BALANCED} if bulletin.base else {},
        "parts": parts,
        "small_below": bulletin.protection["below"],
        "explanation": bulletin.explanation,
        "remark": bulletin.remark,
        "counted_later": bulletin.figures["known"] == LATER,
    }
