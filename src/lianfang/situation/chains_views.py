from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.views import page
from lianfang.registry.selectors import area_name

from . import chains_files, selectors
from . import chains_presentation as words
from .chains import LEAST_CERTAIN, Chains, Wanted, certainties, chains, narrowed
from .views import asked, day_asked

CLUSTERS, CASES, HOLES = 25, 100, 25  # rows of one page of each table
SIZES = (1, 2, 3, 5, 10, 20)


def _wanted(request: HttpRequest) -> Wanted:
    """What the address narrows the chains to. What it does not know counts as not said."""
    given = request.GET
    certainty = given.get("certainty", LEAST_CERTAIN)
    least = given.get("least", "2")
    since: date | None = None
    if given.get("since"):
        since = day_asked(given["since"], "since") or clock.today()
    return Wanted(
        confirmed=given.get("class") == "confirmed",
        certainty=certainty if certainty in certainties() else LEAST_CERTAIN,
        least=int(least) if least.isascii() and least.isdigit() and 0 < int(least) < 1000 else 2,
        since=since,
        case=given.get("case", "").strip()[:36],
    )


def _found(request: HttpRequest, permission: str = "case.read") -> Chains:
    """The chains that the address asks for, before they are narrowed. Raises Refused."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    area, disease, day, _by = asked(request, "link.read")
    if not actor.may_at(permission, area.path):
        raise Refused(refuse("kernel.not_found", "area"))
    return chains(actor, area, disease, _wanted(request), day=day, permission=permission)


@page("link.read")
def page_of_chains(request: HttpRequest) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    whole = _found(request)
    shown = narrowed(whole)
    about = shown if whole.wanted.case else whole  # what the figures speak of
    clusters = _Pages(request, "clusters", CLUSTERS)
    rows, clusters.count = words.cluster_rows(shown, clusters.start, clusters.stop)
    cases = _Pages(request, "cases", CASES, len(shown.cases))
    holes = _Pages(request, "holes", HOLES, len(about.without_infector))
    factor = whole.place_factor() if holes.count else None
    latest_first = sorted(about.without_infector.tolist(), key=lambda n: str(about.reported[n]), reverse=True)
    return render(
        request,
        "situation/chains.html",
        {
            "found": about,
            "shown": shown,
            "as_of": whole.day if whole.evening else None,
            "today": clock.today(),
            "day_before": whole.day - timedelta(days=1),
            "day_after": whole.day + timedelta(days=1) if whole.evening else None,
            "scope_name": area_name(whole.area),
            "area_name": area_name(whole.area),
            "above": [area for area in selectors.seen_above(actor, whole.area) if actor.may_at("link.read", area.path)],
            "diseases": [(entry.code, definitions.label(entry)) for entry in definitions.diseases()],
            "disease_label": definitions.label(definitions.disease(whole.disease)),
            "certainties": words.certainty_choices(),
            "sizes": SIZES,
            "query": words.query(whole),
            "whole_query": words.query(whole, case=None),
            "may_export": actor.may_at("case.export", whole.area.path),
            "figures": _figures(about),
            "notes": words.notes(whole, shown),
            "clusters": clusters,
            "cluster_rows": rows,
            "cases": cases,
            "case_rows": words.case_rows(shown, shown.in_order[cases.start : cases.stop].tolist()),
            "chain_words": words.island_words(),
            "bar_words": words.bar_words(),
            "secondary": (secondary := words.secondary_bars(about)),
            "secondary_rows": words.bar_rows(secondary),
            "secondary_words": words.secondary_words(about),
            "intervals": (intervals := words.interval_bars(about)),
            "interval_rows": words.bar_rows(intervals),
            "interval_words": words.interval_words(about),
            "place_rows": [
                (row, area_name(row.area) if row.area else area_name(whole.area)) for row in about.of_places()
            ],
            "setting_rows": [(words.setting_words(code), n, mean) for code, n, mean in about.of_settings()],
            "holes": holes,
            "hole_rows": words.hole_rows(about, about.holes(latest_first[holes.start : holes.stop], factor)),
            "hole_note": words.hole_note(about, factor),
        },
    )


def _figures(found: Chains) -> dict[str, Any]:
    several = found.table.size > 1
    return {
        "cases": int(found.here.sum()),
        "links": len(found.links),
        "clusters": int(several.sum()),
        "largest": int(found.table.size.max(initial=0)),
        "generations": int(found.generation.max(initial=-1)) + 1,
        "introduced": int((found.missing.introduced & found.here).sum()),
        "unknown": len(found.without_infector),
        "fit": found.offspring,
        "interval": found.serial_interval,
    }


class _Pages:
    """Which page of a table the address asks for, and the pages beside it."""

    def __init__(self, request: HttpRequest, name: str, rows: int, count: int = 0):
        text = request.GET.get(name, "1")
        self.address = request.GET.copy()
        self.name, self.rows, self.count = name, rows, count
        self.number = int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 10_000 else 1

    @property
    def start(self) -> int:
        return (self.number - 1) * self.rows

    @property
    def stop(self) -> int:
        return self.start + self.rows

    @property
    def first(self) -> int:
        return min(self.start + 1, self.count)

    @property
    def last(self) -> int:
        return min(self.stop, self.count)

    @property
    def previous_address(self) -> str:
        return self._address(self.number - 1) if self.number > 1 else ""

    @property
    def next_address(self) -> str:
        return self._address(self.number + 1) if self.stop < self.count else ""

    def _address(self, number: int) -> str:
        self.address[self.name] = str(number)
        return f"?{self.address.urlencode()}#{self.name}"


@page("link.read")
def picture(request: HttpRequest) -> HttpResponse:
    """The chains that are shown, for the picture."""
    return JsonResponse(words.picture(narrowed(_found(request))))


@page("case.export")
def links(request: HttpRequest) -> HttpResponse:
    """The links that are shown as CSV, names left out."""
    return _export(request, "csv")


@page("case.export")
def graph(request: HttpRequest) -> HttpResponse:
    """The chains that are shown as GraphML, names left out."""
    return _export(request, "graphml")


def _export(request: HttpRequest, form: str) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = narrowed(_found(request, "case.export"))
    if form == "csv":
        response = HttpResponse(chains_files.links_csv(found), content_type="text/csv; charset=utf-8")
    else:
        response = HttpResponse(chains_files.graphml(found), content_type="application/graphml+xml")
    with transaction.atomic():
        details = {
            "form": form,
            "names": "left out",
            "count": len(found.cases),
            "rows": len(found.links),
            "disease": found.disease,
            "day": found.day,
        }
        events.record("chains.exported", actor, path=found.area.path, details=details)
    name = f"chains-{found.area.code}-{found.disease}-{found.day}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
