"""The situation over HTTP: the figures of the page, for a machine. Parses, calls a selector, presents."""

from datetime import date
from typing import Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema

from lianfang.kernel.access import Actor
from lianfang.kernel.views import needs
from lianfang.registry.selectors import area_name

from . import presentation, selectors
from .selectors import Picture
from .views import asked_about, day_asked

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
    actor: Actor = request.actor  # type: ignore[attr-defined]
    day = day_asked(known_on.isoformat() if known_on else "", "known_on")
    place, about = asked_about(actor, area, disease, day)
    return _shown(selectors.picture(actor, place, about, day=day, by=by))
