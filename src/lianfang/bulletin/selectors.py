"""Reads of bulletins: those on the desk, each starting from what the actor may see; and those the public sees.

The functions under "public" read published bulletins and nothing else.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, Max, OuterRef

from lianfang.definitions import selectors as definitions
from lianfang.kernel.access import Actor, under
from lianfang.kernel.refusals import Refused, refuse
from lianfang.registry.models import Area
from lianfang.situation.indicators import Classes
from lianfang.situation.selectors import classes_of
from lianfang.surveillance.models import CaseVersion
from lianfang.surveillance.selectors import Counts, counts_of, end_of

from .disclosure import CORRECTION, Cell, Table
from .models import Bulletin, BulletinQuerySet
from .rules import BY_PART, NEW, OTHER, PART_FIGURES, TOTAL, Before, Sheet

BROKEN_DOWN = ("country", "province", "city")  # below a county a part is too few people to be named
EVENING, LATER = "evening", "later"


def small_below() -> int:
    """Counts under this are small. Set by LIANFANG_SMALL_BELOW; 1 withholds nothing."""
    return int(settings.BULLETIN_SMALL_BELOW)


# --- counting ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counted:
    """Figures of an area and of the areas just below it, counted from the cases, and the names these areas had."""

    area: dict[str, int]
    parts: dict[str, dict[str, int]]
    names: dict[str, dict[str, str]]


def counted(actor: Actor, area: Area, disease: str, day: date, known: str = EVENING) -> Counted:
    """The figures of a day as known at its end, or with what became known of that day since (``later``).

    What stands at 24:00 and has no day of its own (severe, critical, suspected) is always as known at 24:00: it cannot be
    told afterwards. Raises Refused outside the actor's areas.
    """
    classes = classes_of(disease, day)
    below = list(Area.objects.valid_on(day).filter(parent=area).order_by("code")) if area.level in BROKEN_DOWN else []
    evening = counts_of(actor, [area, *below], disease, day)
    later = evening if known == EVENING else counts_of(actor, [area, *below], disease, None)
    whole = {
        **_balanced(evening[area.code], later[area.code], classes, day),
        **_standing(evening[area.code], classes, day),
        "new_severe": _newly_severe(area, disease, classes, day),
    }
    parts = {}
    for each in below:
        figures = _balanced(evening[each.code], later[each.code], classes, day)
        parts[each.code] = {figure.code: figures[figure.code] for figure in PART_FIGURES}
    rest = {
        figure.code: whole[figure.code] - sum(values[figure.code] for values in parts.values())
        for figure in PART_FIGURES
    }
    if parts and any(rest.values()):
        parts[OTHER] = rest
    return Counted(whole, parts, {each.code: {"name": each.name, "name_en": each.name_en} for each in below})


def _balanced(evening: Counts, later: Counts, classes: Classes, day: date) -> dict[str, int]:
    """New and cumulative counts of what happens on a day. What has no known day counts once it is known at 24:00."""
    found = {}
    for of, measure in (("confirmed", "confirmed"), ("discharged", "discharged"), ("deaths", "died")):
        found[f"new_{of}"] = later.total(measure, classes=classes.confirmed, days=(day, day))
        undated = evening.total(measure, classes=classes.confirmed) - evening.total(
            measure, classes=classes.confirmed, days=(date.min, date.max)
        )
        found[f"total_{of}"] = undated + later.total(measure, classes=classes.confirmed, days=(date.min, day))
    return found


def _standing(evening: Counts, classes: Classes, day: date) -> dict[str, int]:
    critical = evening.total("critical", classes=classes.confirmed)
    return {
        "severe": evening.total("severe", classes=classes.confirmed) + critical,
        "critical": critical,
        "suspected": evening.total("reported", classes=classes.suspected),
        "new_suspected": evening.total("reported", classes=classes.suspected, days=(day, day)),
    }


def _newly_severe(area: Area, disease: str, classes: Classes, day: date) -> int:
    """Cases severe or critical at the end of a day that were not at its beginning. Only the day's versions are looked at."""
    begin, end = end_of(day - timedelta(days=1)), end_of(day)
    severe = {"severity__in": ("severe", "critical"), "outcome": "", "classification__in": list(classes.confirmed)}
    entered = (
        CaseVersion.objects.known_at(end)
        .counted()
        .filter(under("path", area.path), disease=disease, recorded_at__gt=begin, **severe)
        .values_list("case_id", flat=True)
    )
    already = CaseVersion.objects.known_at(begin).counted().filter(case_id__in=list(entered), **severe)
    return len(set(entered) - set(already.values_list("case_id", flat=True)))


# --- the desk ----------------------------------------------------------------------------------------------------


def desk(actor: Actor) -> BulletinQuerySet:
    """Bulletins of the actor's areas, the latest day first, every version and state."""
    rows = Bulletin.objects.visible_to(actor)
    return rows.select_related("area", "prepared_by", "signed_by", "published_by").order_by(
        "-day", "path", "-prepared_at"
    )


def bulletin(actor: Actor, bulletin_id: UUID) -> Bulletin:
    """One bulletin on the desk. Raises Refused when it is not there for this actor."""
    found = desk(actor).select_related("base", "corrects", "area__parent").filter(pk=bulletin_id).first()
    if found is None:
        raise Refused(refuse("kernel.not_found"))
    return found


def sheet(of: Bulletin) -> Sheet:
    """The figures of a bulletin as they stand, beside those of the bulletin that it goes on from."""
    before = None
    if of.base is not None:
        before = Before(of.base.day, of.base.figures["area"], of.base.figures["parts"])
    names = {code: entry["name"] for code, entry in of.figures["names"].items()}
    parts = dict(
        sorted(of.figures["parts"].items(), key=lambda item: (item[0] == OTHER, item[0]))
    )  # a database keeps no order
    return Sheet(of.figures["area"], parts, before, of.explanation, names)


def seen(of: Bulletin) -> str:
    """A short mark of everything that a signature covers; another mark when any of it was changed."""
    told = json.dumps(
        [of.figures, of.protection.get("withheld"), of.explanation, of.remark, of.reason, str(of.base_id)],
        sort_keys=True,
    )
    return sha256(told.encode()).hexdigest()[:16]


def history(of: Bulletin) -> list[Bulletin]:
    """The published bulletins of the same area, disease and day, the first first."""
    rows = Bulletin.objects.published().of(of.area.code, of.disease).filter(day=of.day)
    return list(rows.select_related("published_by").order_by("published_at"))


def prepared_last(areas: list[Area]) -> str | None:
    """The disease of the bulletin prepared last for one of these areas: most likely the next one is about it too."""
    rows = Bulletin.objects.filter(area__code__in=[area.code for area in areas]).order_by("-prepared_at")
    return rows.values_list("disease", flat=True).first()


def base_for(area: Area, disease: str, day: date) -> Bulletin | None:
    """The published bulletin whose cumulative counts one of this day goes on from: the latest version of the latest day before."""
    rows = Bulletin.objects.published().of(area.code, disease).filter(day__lt=day)
    return rows.order_by("-day", "-published_at").first()


# --- what readers can know ---------------------------------------------------------------------------------------


def beside(area: Area, disease: str) -> str:
    """A mark of all that is published of an area and of the areas just below it: what a protection was worked out beside."""
    own = Bulletin.objects.published().of(area.code, disease).values_list("pk", flat=True)
    below = (
        Bulletin.objects.published().filter(disease=disease, area__parent__code=area.code).values_list("pk", flat=True)
    )
    return sha256(" ".join(sorted(str(pk) for pk in [*own, *below])).encode()).hexdigest()[:16]


def table(name: str, base: str | None, sheet: Sheet, withheld: Iterable[Cell] = ()) -> Table:
    """The breakdown of a bulletin as the disclosure check reads it."""
    counts: dict[tuple[str, str, str], int] = {}
    for part, values in sheet.parts.items():
        for of in BY_PART:
            counts[of, NEW, part] = values[f"new_{of}"]
            counts[of, TOTAL, part] = values[f"total_{of}"]
            correction = sheet.part_correction(of, part)
            if correction is not None:
                counts[of, CORRECTION, part] = correction
    return Table(name, base, tuple(sheet.parts), counts, frozenset(withheld))


@dataclass(frozen=True)
class Known:
    """All that readers hold: the tables of an area, and the figures that bulletins of its parts show: {(day, part): …}."""

    tables: list[Table]
    days: dict[str, date]
    elsewhere: Mapping[tuple[date, str], Mapping[str, set[int]]]

    def shown_elsewhere(self, table: Table, day: date) -> set[Cell]:
        """The cells of a table of a day that a bulletin of the part itself shows."""
        return {
            cell
            for cell in table.cells()
            if table.value(cell) in self.elsewhere.get((day, cell.part), {}).get(f"{cell.kind}_{cell.of}", ())
        }


def known(area: Area, disease: str) -> Known:
    """What readers of every published bulletin of an area, and of the areas just below it, hold."""
    shown: dict[tuple[date, str], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    below = Bulletin.objects.published().filter(disease=disease, area__parent__code=area.code)
    for day, code, figures in below.values_list("day", "area__code", "public_figures__figures"):
        for figure in PART_FIGURES:
            shown[day, code][figure.code].add(figures[figure.code])
    held = Known([], {}, shown)
    rows = Bulletin.objects.published().of(area.code, disease).select_related("base").order_by("published_at")
    for row in rows:
        withheld = {Cell(str(row.pk), *cell) for cell in row.protection["withheld"]}
        made = table(str(row.pk), str(row.base_id) if row.base_id else None, sheet(row), withheld)
        made = Table(
            made.bulletin, made.base, made.parts, made.counts, made.withheld - held.shown_elsewhere(made, row.day)
        )
        held.tables.append(made)
        held.days[made.bulletin] = row.day
    return held


# --- public ------------------------------------------------------------------------------------------------------

PUBLIC = ("pk", "day", "disease", "published_at", "public_figures", "corrects_id", "reason")
PAGE = 60


@dataclass(frozen=True)
class Published:
    """A bulletin as the public sees it. ``version`` counts the bulletins of its day; ``corrected_by`` is the next of them."""

    id: UUID
    day: date
    disease: str
    published_at: datetime
    content: Mapping[str, Any]
    reason: str
    version: int
    corrected_by: int | None


def _published(rows: BulletinQuerySet) -> list[Published]:
    """Published bulletins with their versions numbered. Every version of each day must be among the rows."""
    ordered = sorted(rows.values(*PUBLIC), key=lambda row: row["published_at"])
    days: dict[Any, list[Any]] = defaultdict(list)
    for row in ordered:
        days[row["public_figures"]["area"]["code"], row["disease"], row["day"]].append(row)
    found = []
    for versions in days.values():
        for version, row in enumerate(versions, 1):
            found.append(
                Published(
                    row["pk"], row["day"], row["disease"], row["published_at"], row["public_figures"], row["reason"],
                    version, version + 1 if version < len(versions) else None,
                )
            )  # fmt: skip
    return sorted(found, key=lambda entry: (entry.day, entry.published_at), reverse=True)


def public_state(code: str = "") -> tuple[datetime | None, int]:
    """When something was last published, and how much there is: what a cached page is still good for."""
    rows = Bulletin.objects.published()
    if code:
        rows = rows.filter(area__code=code)
    found = rows.aggregate(last=Max("published_at"), count=Count("pk"))
    return found["last"], found["count"]


def latest_public(code: str = "", *, before: date | None = None) -> tuple[list[Published], date | None]:
    """The latest published bulletins in force, of one area or all, and the day before which there are more, or None.

    Whole days are read, so that of a day every version is there or none.
    """
    rows = Bulletin.objects.published()
    if code:
        rows = rows.filter(area__code=code)
    if before:
        rows = rows.filter(day__lt=before)
    days = list(rows.order_by("-day").values_list("day", flat=True)[:PAGE])
    more = None
    if len(days) == PAGE:
        more = days[-1] if rows.filter(day__lt=days[-1]).exists() else None
        rows = rows.filter(day__gte=days[-1])
    return [entry for entry in _published(rows) if entry.corrected_by is None], more


def latest_of_each_area() -> list[Published]:
    """The bulletin in force of the latest day of each area and disease, the wider area first."""
    later = Bulletin.objects.published().filter(path=OuterRef("path"), disease=OuterRef("disease"))
    rows = Bulletin.objects.published().filter(~Exists(later.filter(day__gt=OuterRef("day"))))
    rank = {level: n for n, level in enumerate(("country", "province", "city", "county"))}
    found = [entry for entry in _published(rows) if entry.corrected_by is None]
    return sorted(
        found,
        key=lambda entry: (rank.get(entry.content["area"]["level"], 9), entry.content["area"]["code"], entry.disease),
    )


def public_versions(code: str, day: date) -> list[Published]:
    """Every published version of the bulletins of an area and day, the latest first."""
    return _published(Bulletin.objects.published().filter(area__code=code, day=day))


def disease_labels(code: str) -> dict[str, str]:
    """A disease in both languages."""
    found = definitions.disease(code)
    return (
        {"zh": definitions.label(found, "zh"), "en": definitions.label(found, "en")}
        if found
        else {"zh": code, "en": code}
    )
