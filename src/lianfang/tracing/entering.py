"""A pasted list on its way to contacts: what would be entered, what not and why, and who may be known already."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refusal, Refused, refuse
from lianfang.registry import services as registry
from lianfang.registry.gazetteer import Resolved
from lianfang.registry.matching import id_number
from lianfang.registry.models import Area, Level
from lianfang.registry.resolving import gazetteer
from lianfang.registry.services import PersonDetails
from lianfang.surveillance.models import CaseVersion

from . import roster, services
from .services import Added, ExposureTold, NewContact


@dataclass(frozen=True)
class ForAll:
    """What holds for every line that does not say otherwise."""

    kind: str = "other"
    relation: str = ""
    first_on: date | None = None
    last_on: date | None = None
    site_id: UUID | None = None
    place: str = ""


@dataclass(frozen=True)
class Prepared:
    """One line with what it would become. ``doubts`` do not keep it from entering; ``refused`` does."""

    row: roster.Row
    entry: NewContact
    area: Area
    doubts: tuple[Refusal, ...] = ()
    refused: tuple[Refusal, ...] = ()
    likely: Sequence[registry.Disclosed] = field(default=())
    here: bool = False  # the same line was entered before, as a contact of the same case

    @property
    def enters(self) -> bool:
        return not self.refused


@dataclass(frozen=True)
class Outcome:
    """What a pasted list became."""

    added: list[Added]
    refused: list[Prepared]


def prepare(text: str, version: CaseVersion, actor: Actor, common: ForAll = ForAll()) -> list[Prepared]:
    """Read a list and say of each line what it would become. Nothing is written. Raises Refused for what is no list.

    The same line for the same case gives the same ids, in whatever list it stands: entering it twice changes nothing.
    """
    if len(text) > roster.LONGEST:
        raise Refused(refuse("roster.too_long", "text", most=roster.MOST_ROWS))
    rows = roster.read(text, clock.today()).rows
    if not rows:
        raise Refused(refuse("roster.empty", "text"))
    if len(rows) > roster.MOST_ROWS:
        raise Refused(refuse("roster.too_long", "text", most=roster.MOST_ROWS))
    return prepare_rows(rows, version, actor, common)


def prepare_rows(
    rows: Sequence[roster.Row], version: CaseVersion, actor: Actor, common: ForAll = ForAll()
) -> list[Prepared]:
    """The same for lines already read."""
    today = clock.today()
    places = _places([_place(row) for row in rows], today)
    found = []
    times: Counter[str] = Counter()
    for row in rows:
        said, place = row.said, _place(row)
        content = repr((sorted(said.items()), row.unread, common))
        times[content] += 1
        key = f"{content} {times[content]}"  # two lines that say the same are two people, until somebody says otherwise
        area = places.get(place) or version.area
        doubts = []
        if place and place not in places:
            doubts.append(refuse("roster.place_not_read", "area", place=place[:60], area=version.area.name))
        if not actor.may_at("contact.trace", area.path):
            doubts.append(refuse("roster.offered_there", "area", area=services.county_of(area).name))
        if (number := said.get("id_number")) and id_number(number)[1] is False:
            doubts.append(refuse("roster.id_number_doubtful", "id_number"))
        born = said.get("birth_date")
        person = PersonDetails(
            name=said.get("name", ""),
            id_number=said.get("id_number", ""),
            phone=said.get("phone", ""),
            address=said.get("address", ""),
            sex=said.get("sex", "U"),
            birth_date=born,
            birth_year=None if born or "age" not in said else today.year - said["age"],
            area=area,
            id=uuid5(version.case_id, f"person {key}"),
        )
        told = ExposureTold(
            version.case_id,
            kind=said.get("kind", common.kind),
            first_on=said.get("first_on", common.first_on),
            last_on=said.get("last_on", common.last_on),
            relation=said.get("relation", common.relation),
            protected=said.get("protected", False),
            distance=said.get("distance"),
            site_id=common.site_id,
            place=common.place,
            note="；".join([said["note"], *row.unread] if said.get("note") else row.unread),
            id=uuid5(version.case_id, f"exposure {key}"),
        )
        entry = NewContact(person, told, area, id=uuid5(version.case_id, f"contact {key}"))
        found.append(Prepared(row, entry, area, tuple(doubts), row.refused))
    judged = services.refusals([each.entry for each in found], actor)
    here = services.entered_before([each.entry for each in found])
    return [
        replace(each, refused=(*each.refused, *refusals), here=each.entry.exposure.id in here)
        for each, refusals in zip(found, judged, strict=True)
    ]


def text_of(prepared: Sequence[Prepared]) -> str:
    """Lines of a list as they were pasted, under their column names where they had some."""
    headers = dict.fromkeys(each.row.header for each in prepared if each.row.header)
    return "\n".join([*headers, *(each.row.text for each in prepared)])


def with_likely(prepared: Sequence[Prepared], actor: Actor) -> list[Prepared]:
    """The same lines with whom each may be, as far as the actor may be shown; each such look leaves its event."""
    likely = registry.likely_same([each.entry.person for each in prepared if each.enters and not each.here])
    listed = {each.entry.person.id for each in prepared}
    shown = []
    for each in prepared:
        known = [one for one in likely.get(each.entry.person.id, ()) if one.person.pk not in listed]
        shown.append(replace(each, likely=registry.disclosed(actor, known, most=1)) if known else each)
    return shown


def enter(prepared: Sequence[Prepared], choices: Mapping[int, str], by: Actor) -> Outcome:
    """Enter the lines that may enter, in one transaction. ``choices`` names for a line the known person, or "new"."""
    entries = []
    for each in prepared:
        if each.enters:
            choice = choices.get(each.row.line, "")
            entry = each.entry
            if choice == "new":
                entry = replace(entry, a_new_person=True)
            elif choice:
                entry = replace(entry, same_person_as=UUID(choice))
            entries.append(entry)
    added = services.add_contacts(entries, by) if entries else []
    return Outcome(added, [each for each in prepared if not each.enters])


def _place(row: roster.Row) -> str:
    area, address = row.said.get("area", ""), row.said.get("address", "")
    return str(area or address)


def _places(texts: Sequence[str], day: date) -> dict[str, Area]:
    """The areas that texts mean, where they mean exactly one."""
    known = gazetteer()
    codes: dict[str, str] = {}
    for text in {text for text in texts if text}:
        match known.read(text, day):
            case Resolved(code=code):
                codes[text] = code
    rows = Area.objects.valid_on(day).filter(code__in=set(codes.values()))
    areas = {area.code: area for area in rows.select_related("parent__parent__parent__parent")}
    found = {text: _written(areas[code], text) for text, code in codes.items() if code in areas}
    return {text: area for text, area in found.items() if area is not None}


def _written(area: Area, text: str) -> Area | None:
    """The smallest area, from this one up to the county, whose whole name or code stands in a text: a street may be called like a
    district of another province."""
    at: Area | None = area
    folded = text.casefold()
    while at is not None and at.level not in (Level.COUNTRY, Level.PROVINCE, Level.CITY):
        if at.name in text or at.code in text or (at.name_en and at.name_en.casefold() in folded):
            return at
        at = at.parent
    return None


def row_of(said: Mapping[str, Any], line: int) -> roster.Row:
    """What a presence list said of one person, as a line of a pasted list."""
    told = dict(said)
    if born := told.get("birth_date"):
        told["birth_date"] = date.fromisoformat(born)
    return roster.Row(line, "", told)


def presence_lines(text: str, today: date) -> list[services.PresenceTold]:
    """A pasted list of who was at a place, as lines of a presence list."""
    if len(text) > roster.LONGEST:
        raise Refused(refuse("roster.too_long", "lines", most=roster.MOST_ROWS))
    lines = []
    for row in roster.read(text, today).rows[: roster.MOST_ROWS]:
        said: dict[str, Any] = {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in row.said.items()
            if name in ("name", "sex", "age", "birth_date", "id_number", "phone", "area", "address", "note")
        }
        if row.unread:
            said["note"] = "；".join(filter(None, [said.get("note", ""), *row.unread]))
        if said:
            seat = {
                name: row.said[name]
                for name in ("from_at", "until_at", "compartment", "row", "seat")
                if name in row.said
            }
            lines.append(services.PresenceTold(said, **seat))
    return lines
