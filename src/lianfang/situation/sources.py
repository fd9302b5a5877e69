"""Other sources of the same count beside the platform's own: where they differ, by how much, and what cannot be right.

A source is lines of area, day and count. Nothing of it is kept here; ``kept_sources`` keeps what it is asked to.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lianfang.definitions import selectors as definitions
from lianfang.epi import reconcile
from lianfang.kernel import clock
from lianfang.kernel.access import Actor, under
from lianfang.kernel.refusals import Refusal, Refused, refuse
from lianfang.kernel.spreadsheets import as_before
from lianfang.registry.models import Area

from .by_area import daily_reports

OWN = ""  # the label of the platform itself among the sources
MOST_LINES = 50_000
MOST_BYTES = 2_000_000
LONGEST = 1000  # days
MOST_AREAS = 300
MOST_WORDS = 1000  # that are looked up one by one; beyond, all areas are read
MAX_SHIFT = 5
MOST_WRONG = 5  # lines that are named when some cannot be read

MEASURES = {"confirmed": _("confirmed cases"), "all": _("all cases of the curve, confirmed or not")}  # of the platform

COLUMNS = {
    "area": ("area", "code", "area_code", "name", "地区", "区域", "行政区划", "区划代码", "城市", "县区"),
    "day": ("date", "day", "日期", "时间", "报告日期"),
    "count": (
        "count",
        "cases",
        "total",
        "confirmed",
        "cumulative",
        "累计",
        "人数",
        "例数",
        "病例数",
        "累计确诊",
        "确诊",
        "数量",
    ),
    "source": ("source", "来源", "数据来源"),
}


@dataclass(frozen=True)
class Line:
    """One figure of a source, cumulative or of a day, as it was written."""

    source: str
    area: str
    day: date
    count: float


@dataclass(frozen=True)
class Standing:
    """How far one source is from the platform: the area that is farthest on its latest common day, and the farthest ever.

    ``day`` is None where both never have a figure of one day. Differences are cases, source less platform. ``shift`` is the
    one shift in days that explains that area best: positive when the source is late.
    """

    source: str
    day: date | None = None
    area: str = ""
    difference: int = 0
    shift: int = 0
    largest: int = 0
    largest_area: str = ""
    largest_on: date | None = None
    compared: int = 0
    equal: int = 0


@dataclass(frozen=True)
class Reconciled:
    """What was found: of each source beside the platform, of its own course, and of totals beside the sum of their parts.

    ``unknown`` are words of areas that the registry does not know here, or knows twice. ``compared`` counts figures that
    both have, ``equal`` those of them that agree.
    """

    area: Area
    disease: str
    measure: str
    day: date
    edition: str
    first: date
    last: date
    sources: list[str]
    areas: dict[str, Area]
    unknown: list[str]
    lines: int
    standings: list[Standing]
    findings: list[reconcile.Finding]
    sums: list[reconcile.Finding]

    @property
    def compared(self) -> int:
        return sum(one.compared for one in self.standings)

    @property
    def equal(self) -> int:
        return sum(one.equal for one in self.standings)


def read(text: str, called: str) -> list[Line]:
    """The lines of a source from CSV with a head row; of each what stands in its column "source", or else ``called``.

    Raises Refused, naming the columns that lack, or the first lines that cannot be read.
    """
    if len(text) > MOST_BYTES:
        raise Refused(refuse("sources.too_long", "text", most=MOST_LINES))
    text = text.lstrip("\ufeff").strip()
    if not text:
        return []
    delimiter = max(",\t;，", key=text.splitlines()[0].count)
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    head = [cell.strip().lower() for cell in rows[0]]
    at = {name: next((n for n, cell in enumerate(head) if cell in words), None) for name, words in COLUMNS.items()}
    missing = [] if at["area"] is not None else [refuse("sources.no_column_area", "text", source=called)]
    missing += [] if at["day"] is not None else [refuse("sources.no_column_day", "text", source=called)]
    missing += [] if at["count"] is not None else [refuse("sources.no_column_count", "text", source=called)]
    if missing:
        raise Refused(*missing)
    if len(rows) > MOST_LINES:
        raise Refused(refuse("sources.too_long", "text", most=MOST_LINES))
    found: list[Line] = []
    wrong: list[Refusal] = []
    for number, row in enumerate(rows[1:], 2):
        cells = {name: row[n].strip() if n is not None and n < len(row) else "" for name, n in at.items()}
        if not any(cells.values()) or cells["count"] == "":
            continue  # a day of which the source says nothing
        day, count = _day(cells["day"]), _count(cells["count"])
        if day is None:
            wrong.append(refuse("sources.no_such_day", "text", source=called, line=number, text=cells["day"][:40]))
        elif count is None:
            wrong.append(refuse("sources.no_such_count", "text", source=called, line=number, text=cells["count"][:40]))
        else:
            found.append(Line(as_before(cells["source"] or called), as_before(cells["area"]), day, count))
    if wrong:
        raise Refused(*wrong[:MOST_WRONG])
    return found


def read_file(raw: bytes, called: str) -> list[Line]:
    """The lines of a source from a CSV file in UTF-8 or GB 18030; see ``read``. Raises Refused."""
    if len(raw) > MOST_BYTES:
        raise Refused(refuse("sources.too_long", "files", most=MOST_LINES))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return read(raw.decode(encoding), called)
        except UnicodeDecodeError:
            continue
    raise Refused(refuse("sources.not_text", "files", source=called))


def _day(text: str) -> date | None:
    text = text.replace("/", "-").replace(".", "-").replace("年", "-").replace("月", "-").replace("日", "").strip()
    parts = text.split(" ")[0].split("T")[0].split("-")
    try:
        return date.fromisoformat(parts[0]) if len(parts) == 1 else date(*map(int, parts))  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return None


def _count(text: str) -> float | None:
    try:
        count = float(text.replace(",", ""))
    except ValueError:
        return None
    return count if 0 <= count < 1e9 and count == int(count) else None


def reconciled(
    actor: Actor,
    area: Area,
    disease: str,
    lines: Sequence[Line],
    *,
    day: date | None,
    cumulative: bool,
    measure: str = "confirmed",
) -> Reconciled:
    """Compare sources with the platform's cases by day of report, as known on an evening (None: now).

    ``cumulative``: the counts of the sources are totals up to the day; otherwise new cases of the day, where a day without
    a line had none. Raises Refused.
    """
    if not actor.may_at("situation.read", area.path):
        raise Refused(refuse("kernel.not_found"))
    if not lines:
        raise Refused(refuse("sources.nothing", "text"))
    today = day or clock.today()
    known, unknown = known_areas(area, lines, today)
    used = [line for line in lines if line.area in known]
    if not used:
        raise Refused(refuse("sources.no_such_area", "text", areas=", ".join(unknown[:5])))
    first, last = min(line.day for line in used), max(line.day for line in used)
    if (last - first).days + 1 > LONGEST or len({known[line.area].code for line in used}) > MOST_AREAS:
        raise Refused(refuse("sources.too_wide", "text", days=LONGEST, areas=MOST_AREAS))
    last = max(last, first + timedelta(days=1))
    places = {known[line.area].code: known[line.area] for line in used}
    codes, names = sorted(places), list(dict.fromkeys(line.source for line in used))
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    table = reconcile.source_table(
        [line.source for line in used],
        [known[line.area].code for line in used],
        np.array([line.day for line in used], dtype="datetime64[D]"),
        [line.count for line in used],
        sources=names,
        areas=codes,
    )
    totals = np.full((len(names), len(codes), len(days)), np.nan)
    totals[:, :, : table.totals.shape[2]] = table.totals
    if not cumulative:
        totals = np.where(np.isnan(totals).all(axis=2, keepdims=True), np.nan, np.nancumsum(totals, axis=2))
    own = _own(actor, [places[code] for code in codes], disease, measure, day, (first, last), from_first=not cumulative)
    findings: list[reconcile.Finding] = []
    standings: list[Standing] = []
    for n, name in enumerate(names):
        told = reconcile.compare(totals[n], own, max_shift=MAX_SHIFT)
        standings.append(_standing(name, told, codes, days))
        findings += [
            one
            for one in told.findings(days, source=name, against=OWN, areas=codes)
            if one.verdict not in ("missing", "alone")
        ]
        if cumulative:
            findings += reconcile.check_course(totals[n]).findings(days, source=name, areas=codes)
    sums = _sums(totals, names, codes, places, days)
    edition = definitions.edition_on(disease, today).code
    return Reconciled(
        area,
        disease,
        measure,
        today,
        edition,
        first,
        last,
        names,
        places,
        unknown,
        len(used),
        standings,
        findings,
        sums,
    )


def _standing(name: str, told: reconcile.Comparison, codes: Sequence[str], days: np.ndarray) -> Standing:
    """How far a source is from the platform, from its comparison by area and day."""
    apart = told.difference
    both = ~np.isnan(apart)
    if not both.any():
        return Standing(name)
    latest = len(days) - 1 - both[:, ::-1].argmax(axis=1)  # of areas that have one
    now = np.where(both.any(axis=1), apart[np.arange(len(codes)), latest], np.nan)
    row = max((n for n in range(len(codes)) if both[n].any()), key=lambda n: (abs(now[n]), latest[n], -n))
    worst, on = divmod(int(np.nanargmax(np.abs(apart))), len(days))
    return Standing(
        name,
        days[latest[row]].item(),
        codes[row],
        int(now[row]),
        int(told.best_shift[row]),
        int(apart[worst, on]),
        codes[worst],
        days[on].item(),
        int(both.sum()),
        int((told.verdict == "equal").sum()),
    )


def known_areas(area: Area, lines: Sequence[Line], day: date) -> tuple[dict[str, Area], list[str]]:
    """The areas that the lines name, by code or by name, in an area on a day; and the words that name none, or several."""
    words = {line.area for line in lines}
    rows = Area.objects.valid_on(day).filter(under("path", area.path))
    if len(words) <= MOST_WORDS:
        rows = rows.filter(Q(code__in=words) | Q(name__in=words) | Q(name_en__in=words))
    inside = list(rows)
    known: dict[str, Area] = {}
    for word in words:
        named = [one for one in inside if word == one.code] or [
            one for one in inside if word in (one.name, one.name_en)
        ]
        if len(named) == 1:
            known[word] = named[0]
    return known, sorted(words - known.keys())


def _own(
    actor: Actor,
    areas: Sequence[Area],
    disease: str,
    measure: str,
    known_on: date | None,
    span: tuple[date, date],
    from_first: bool,
) -> np.ndarray:
    """(n_areas, n_days) the platform's cases up to each day by day of report; NaN for days still to come.

    With ``from_first`` what was reported before the first day is left out.
    """
    (first, last), today = span, known_on or clock.today()
    daily = daily_reports(actor, areas, disease, known_on, today, suspected=measure == "all")
    own = np.zeros((len(areas), (last - first).days + 1))
    for row, sums in enumerate(daily):
        for each, count in sums.items():
            if each <= last and not (from_first and each < first):
                own[row, max((each - first).days, 0)] += count
    own = np.cumsum(own, axis=1)
    own[:, max((today - first).days + 1, 0) :] = np.nan
    return own


def _sums(
    totals: np.ndarray,
    names: Sequence[str],
    codes: Sequence[str],
    places: dict[str, Area],
    days: np.ndarray,
) -> list[reconcile.Finding]:
    """Of each source, and each area of which it names parts: where the parts do not add up to it."""
    found: list[reconcile.Finding] = []
    at = {code: n for n, code in enumerate(codes)}
    for whole in codes:
        parts = [code for code in codes if places[code].parent_id == places[whole].pk]
        if not parts:
            continue
        for n, name in enumerate(names):
            said = [at[code] for code in parts if not np.isnan(totals[n, at[code]]).all()]
            if said and not np.isnan(totals[n, at[whole]]).all():
                told = reconcile.compare_sum(totals[n, at[whole]], totals[n, said], max_shift=0)
                found += [
                    one
                    for one in told.findings(days, source=name, against=whole, areas=[whole])
                    if one.verdict not in ("missing", "alone")
                ]
    return found
