"""The situation over HTTP: the figures of the page, and other sources of them, for a machine. Parses, calls, presents."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from lianfang.kernel.access import Actor
from lianfang.kernel.views import needs
from lianfang.registry.selectors import area_name

from . import kept_sources, presentation, selectors, sources_words
from .kept_sources import Kept
from .selectors import Picture
from .sources import MOST_LINES, Line
from .views import asked_about, evening

router = Router(tags=["situation"])


class IndicatorOut(Schema):
    """A figure at the data cut and on the evening before; null where it has no meaning."""

    code: str
    label: str
    definition: str
    value: int | float | None
    evening_before: int | float | None


class ClassOut(Schema):
    code: str
    label: str
    cases: list[int] = Field(description="one for each of the curve's days")


class ExpectedOut(Schema):
    """What the days that wait for reports are expected to reach, one figure for each of the curve's days, null for the others."""

    mean: list[float | None]
    low: list[float | None] = Field(description="of the 95% interval")
    high: list[float | None] = Field(description="of the 95% interval")


class CurveOut(Schema):
    """New cases by day. ``notes`` say what is not in it, and what the expected figures rest on or why there are none."""

    by: str
    days: list[date]
    classes: list[ClassOut]
    waiting_from: date | None = Field(description="from this day on, days still wait for reports")
    expected: ExpectedOut | None
    before_first_day: int
    without_day: int
    no_cases: int = Field(description="reports that are no cases by the protocol")
    notes: list[str]


class RtOut(Schema):
    """The reproduction number by the last day of each window; without days where there is none, and ``note`` says why."""

    days: list[date]
    mean: list[float]
    low: list[float] = Field(description="of the 95% interval")
    high: list[float] = Field(description="of the 95% interval")
    note: str


class DelayOut(Schema):
    days: int
    cases: int


class DelaysOut(Schema):
    """Days from onset to report, of the cases whose onset is known to the day; below 0 where the report came first."""

    cases: int
    low: int | None = Field(
        description="days within which one case in ten was reported; of fewer than ten, the shortest"
    )
    median: int | None
    high: int | None = Field(description="days within which nine in ten were reported; of fewer than ten, the longest")
    distribution: list[DelayOut]


class PlaceOut(Schema):
    """An area just below, or, without a code, the cases that lie in none of them."""

    code: str
    name: str
    confirmed: int
    confirmed_7_days: int
    suspected: int
    deaths: int


class SituationOut(Schema):
    """What the situation page shows of one area and one disease, as known at the end of ``known_on``."""

    area_code: str
    area: str
    disease: str
    known_on: date
    day_is_over: bool = Field(description="false: as known now, while the day still runs")
    edition: str
    indicators: list[IndicatorOut]
    curve: CurveOut
    rt: RtOut
    delays: DelaysOut
    areas: list[PlaceOut]


class FigureIn(Schema):
    area: str = Field(max_length=80, description="code of an area, or its name in full")
    day: date
    count: int = Field(ge=0, lt=10**9)


class SourceIn(Schema):
    """What another source says of an area and its parts. ``id`` is made by the sender, so that sending again is harmless."""

    id: UUID | None = None
    area_code: str = Field(
        min_length=1, max_length=20, description="the source is kept here: seen in this area and those above"
    )
    disease: str = Field(min_length=1, max_length=40)
    name: str = Field(max_length=200)
    cumulative: bool = Field(True, description="counts are totals up to the day; false: new cases of the day")
    measure: Literal["confirmed", "all"] = Field("confirmed", description="confirmed cases, or all of the curve")
    figures: list[FigureIn] = Field(max_length=MOST_LINES)


class StandingOut(Schema):
    """The area farthest from the platform on the last day of which both speak, and the shift in days that explains it best."""

    day: date | None
    area_code: str
    difference: int = Field(description="source less platform")
    shift: int = Field(description="days; above 0 where the source is late")
    compared: int
    equal: int


class SourceOut(Schema):
    """A kept source in its edition of that evening. ``source`` is the same for all editions, ``id`` is of this one.

    ``standing`` is null where the source can't be compared; ``words`` say how it stands, or why not.
    """

    id: UUID
    source: UUID
    number: int
    name: str
    area_code: str
    disease: str
    measure: str
    cumulative: bool
    kept_at: datetime
    standing: StandingOut | None
    words: str


class FigureOut(Schema):
    area_code: str
    day: date
    count: int


class SourceFiguresOut(SourceOut):
    """A kept source with all that it says."""

    figures: list[FigureOut]


def _curve(found: Picture) -> dict[str, Any]:
    drawn = presentation.curve(found)
    return {
        "by": found.by,
        "days": drawn["days"],
        "classes": [{"code": one["key"], "label": one["label"], "cases": one["values"]} for one in drawn["series"]],
        "waiting_from": drawn["uncertainFrom"],
        "expected": drawn["expected"],
        "before_first_day": found.earlier,
        "without_day": found.without_day,
        "no_cases": found.left_out,
        "notes": presentation.curve_notes(found),
    }


def _shown(found: Picture) -> dict[str, Any]:
    rt = presentation.rt(found) or {"days": [], "mean": [], "low": [], "high": []}
    return {
        "area_code": found.area.code,
        "area": area_name(found.area),
        "disease": found.disease,
        "known_on": found.day,
        "day_is_over": found.evening,
        "edition": found.edition,
        "indicators": [
            {
                "code": shown.indicator.code,
                "label": _(shown.indicator.label),
                "definition": _(shown.indicator.definition),
                "value": shown.value,
                "evening_before": shown.before,
            }
            for shown in found.indicators
        ],
        "curve": _curve(found),
        "rt": {**{name: rt[name] for name in ("days", "mean", "low", "high")}, "note": presentation.rt_note(found)},
        "delays": {
            **{name: getattr(found.delays, name) for name in ("cases", "low", "median", "high")},
            "distribution": [{"days": days, "cases": cases} for days, cases in found.delays.distribution.items()],
        },
        "areas": [
            {
                "code": place.area.code if place.area else "",
                "name": presentation.place_name(place),
                "confirmed": place.confirmed,
                "confirmed_7_days": place.week,
                "suspected": place.suspected,
                "deaths": place.deaths,
            }
            for place in found.places
        ],
    }


def _source(kept: Kept) -> dict[str, Any]:
    told = kept.standing
    standing = {
        "area_code": told.area,
        **{name: getattr(told, name) for name in StandingOut.model_fields if name != "area_code"},
    }
    return {
        **{name: getattr(kept.edition, name) for name in SourceOut.model_fields if hasattr(kept.edition, name)},
        "area_code": kept.edition.area.code,
        "standing": standing if kept.found else None,
        "words": sources_words.standing(kept),
    }


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined, no-any-return]


def _evening(known_on: date | None) -> date | None:
    return evening(known_on, "known_on") if known_on else None


@router.get("", response=SituationOut)
@needs("situation.read")
def situation(
    request: HttpRequest,
    area: str = "",
    disease: str = "",
    known_on: date | None = None,
    by: Literal["onset", "report"] = "onset",
) -> Any:
    """The figures of the situation page: indicators with their definitions, curve, Rt, delays, areas below. Counts, never names.

    Without ``area`` of the caller's highest area, without ``disease`` of that with most cases there, without ``known_on`` as
    known now. ``by`` is the curve's kind of day: onset or report.
    """
    actor, day = _actor(request), _evening(known_on)
    place, about = asked_about(actor, area, disease, day)
    return _shown(selectors.picture(actor, place, about, day=day, by=by))


@router.get("/sources", response=list[SourceOut])
@needs("situation.read")
def list_sources(request: HttpRequest, area: str = "", disease: str = "", known_on: date | None = None) -> Any:
    """Other sources that are kept for an area and its parts, each compared with the platform, those that differ most first.

    As known on an evening, or now. Those not compared for want of time are not among them; each can be opened.
    """
    actor, day = _actor(request), _evening(known_on)
    place, about = asked_about(actor, area, disease, day)
    return [_source(kept) for kept in kept_sources.kept_sources(actor, place, about, day)[0]]


@router.post("/sources", response={201: SourceOut})
@needs("source.keep")
def keep_source(request: HttpRequest, body: SourceIn) -> Any:
    """Keep what a source says as its next edition, whole or not at all. The same id with the same content again gives the same
    answer."""
    actor = _actor(request)
    place, disease = asked_about(actor, body.area_code, body.disease, None, "source.keep")
    name = " ".join(body.name.split())
    lines = [Line(name, figure.area, figure.day, figure.count) for figure in body.figures]
    [made] = kept_sources.keep(
        place, disease, lines, actor, cumulative=body.cumulative, measure=body.measure, id=body.id
    )
    return Status(201, _source(kept_sources.compared(actor, made, None)))


@router.get("/sources/{uuid:source_id}", response=SourceFiguresOut)
@needs("situation.read")
def open_source(request: HttpRequest, source_id: UUID, known_on: date | None = None) -> Any:
    """One kept source as known on an evening, or now, with every figure that it says."""
    actor, day = _actor(request), _evening(known_on)
    found = kept_sources.edition(actor, source_id, day)
    figures = [{"area_code": code, "day": on, "count": count} for code, on, count in found.figures()]
    return {**_source(kept_sources.compared(actor, found, day)), "figures": figures}
