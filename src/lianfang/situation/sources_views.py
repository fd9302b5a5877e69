"""The page that lays other sources beside the platform's own counts. What is pasted is forgotten unless it is to be kept."""

import csv
import io
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lianfang.definitions import selectors as definitions
from lianfang.epi.reconcile import Finding
from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.spreadsheets import as_csv
from lianfang.kernel.views import page
from lianfang.registry.selectors import area_name

from . import kept_sources, sources, sources_words
from .kept_sources import Kept
from .sources import Line, Reconciled
from .views import asked

TONES = {"fall": "bad", "below": "warn", "above": "warn", "late": "note", "early": "note", "dip": "warn"}


def verdict_words(found: Finding) -> str:
    """What is to be said of some days of a source, in a sentence."""
    n = abs(found.shift)
    size = _span(found)
    match found.verdict:
        case "late":
            return ngettext("{n} day behind", "{n} days behind", n).format(n=n)
        case "early":
            return ngettext("{n} day ahead", "{n} days ahead", n).format(n=n)
        case "standing":
            return _("has not moved while the other has ({size})").format(size=size)
        case "apart":
            return _("apart by the same number, the new cases agree ({size})").format(size=size)
        case "below":
            return _("fewer: {size}").format(size=size)
        case "above":
            return _("more: {size}").format(size=size)
        case "fall":
            return _("a total falls by {size}: totals cannot").format(size=size)
        case "dip":
            return _("a total falls by {size} and is back within days").format(size=size)
        case _:
            return ngettext("{n} day without a figure", "{n} days without a figure", found.days).format(n=found.days)


def _span(found: Finding) -> str:
    signed = "" if found.verdict in ("fall", "dip") else "+"
    least, most = (f"{value:{signed}.0f}" for value in (found.least, found.most))
    return least if least == most else _("{least} to {most}").format(least=least, most=most)


def row_of(one: Finding, found: Reconciled) -> dict[str, Any]:
    """A finding in the reader's words."""
    return {
        "finding": one,
        "source": one.source,
        "name": area_name(found.areas[one.area]),
        "first": str(one.first),
        "last": str(one.last),
        "words": verdict_words(one),
        "tone": TONES.get(one.verdict, "note"),
    }


def _read(request: HttpRequest) -> list[Line]:
    """The lines that were pasted, and those of each file; a file's name stands for a source that does not name itself."""
    lines = sources.read(request.POST.get("text", ""), _name(request) or _("pasted"))
    for file in request.FILES.getlist("files"):
        lines += sources.read_file(file.read(sources.MOST_BYTES + 1), (file.name or "").rsplit(".", 1)[0])
    return lines


def _name(request: HttpRequest) -> str:
    return " ".join(request.POST.get("name", "").split())


def _written(lines: list[Line], nameless: str) -> str:
    """The lines as one table, so that the form holds what the files said and can be sent again."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["source", "area", "date", "count"])
    writer.writerows(
        ["" if line.source == nameless else line.source, line.area, line.day, int(line.count)] for line in lines
    )
    return out.getvalue()


def _measure(request: HttpRequest) -> str:
    measure = request.POST.get("measure", "confirmed")
    if measure not in sources.MEASURES:
        raise Refused(refuse("sources.no_such_measure", "measure", measure=measure))
    return measure


@page("situation.read")
def compare_sources(request: HttpRequest) -> HttpResponse:
    """Show the sources that are kept, ask for others, and show where they and the platform differ.

    ``source`` shows one that is kept; ``csv`` gives the findings as CSV, ``keep`` keeps what is pasted, ``put_away`` a kept
    source's end.
    """
    actor: Actor = request.actor  # type: ignore[attr-defined]
    area, disease, day, _by = asked(request)
    daily, measure = request.POST.get("kind") == "daily", _measure(request)
    text, refusals, found = request.POST.get("text", ""), [], None
    query = {"area": area.code, "disease": disease} | ({"as_of": str(day)} if day else {})
    shown = _shown(request, actor, day)
    try:
        if request.method == "POST" and "put_away" in request.POST and shown:
            kept_sources.put_away(shown.edition.source, actor)
            messages.success(request, _("{name} is compared no longer.").format(name=shown.edition.name))
            return redirect(f"{reverse('situation-sources')}?{urlencode(query)}")
        if request.method == "POST":
            shown = None
            lines = _read(request)
            text = _written(lines, _name(request) or _("pasted")) if lines else ""
            if "keep" in request.POST:
                if any(line.source == _("pasted") for line in lines):
                    raise Refused(refuse("sources.no_name", "name"))
                made = kept_sources.keep(area, disease, lines, actor, cumulative=not daily, measure=measure)
                messages.success(request, _("Kept: {names}.").format(names=", ".join(one.name for one in made)))
                chosen = {"area": area.code, "disease": disease, "source": made[0].source}
                return redirect(f"{reverse('situation-sources')}?{urlencode(chosen)}")
            found = sources.reconciled(actor, area, disease, lines, day=day, cumulative=not daily, measure=measure)
    except Refused as no:
        refusals = [str(refusal) for refusal in no.refusals]
    if shown:
        found = shown.found
        refusals += [str(refusal) for refusal in shown.no.refusals] if shown.no else []
    if found is not None and ("csv" in request.POST or "csv" in request.GET):
        return _findings_file(found)
    kept, more = kept_sources.kept_sources(actor, area, disease, day)
    return render(
        request,
        "situation/sources.html",
        {
            "found": found,
            "shown": shown,
            "kept": [(each, sources_words.standing(each)) for each in kept],
            "more": more,
            "rest": sources_words.rest(len(more)) if more else "",
            "may_keep": actor.may_at("source.keep", area.path),
            "may_put_away": shown is not None and day is None and actor.may_at("source.keep", shown.edition.path),
            "measures": sources.MEASURES.items(),
            "measure": measure,
            "measure_label": sources.MEASURES[found.measure if found else measure],
            "area": area,
            "disease": disease,
            "daily": daily,
            "name": _name(request),
            "text": text,
            "refusals": refusals,
            "as_of": day,
            "day": day or clock.today(),
            "scope_name": area_name(area),
            "area_name": area_name(area),
            "disease_label": definitions.label(definitions.disease(disease)),
            "query": urlencode(query),
            "rows": [row_of(one, found) for one in found.findings] if found else [],
            "sums": [row_of(one, found) for one in found.sums] if found else [],
            "differences": len(found.findings) + len(found.sums) if found else 0,
            "source_names": ", ".join(found.sources) if found else "",
        },
        status=422 if refusals else 200,
    )


def _shown(request: HttpRequest, actor: Actor, day: date | None) -> Kept | None:
    """The kept source that the address names, compared; None where it names none."""
    if "source" not in request.GET:
        return None
    try:
        source = UUID(request.GET["source"])
    except ValueError:
        raise Refused(refuse("kernel.not_found", "source")) from None
    return kept_sources.compared(actor, kept_sources.edition(actor, source, day), day)


def _findings_file(found: Reconciled) -> HttpResponse:
    rows: list[list[Any]] = [
        ["source", "against", "code", "name", "first", "last", "finding", "shift_days", "least", "most", "words",
         "disease", "measure", "known_on", "edition"]
    ]  # fmt: skip
    for against, findings in (("platform", found.findings), ("sum of parts", found.sums)):
        for one in findings:
            beside = against if one.against is not None else "itself"
            size = ["" if value != value else int(value) for value in (one.least, one.most)]
            row = [one.source, beside, one.area, area_name(found.areas[one.area]), one.first, one.last, one.verdict]
            about = [verdict_words(one), found.disease, found.measure, found.day, found.edition]
            rows.append([*row, one.shift, *size, *about])
    response = HttpResponse(as_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = (
        f'attachment; filename="sources-{found.area.code}-{found.disease}-{found.day}.csv"'
    )
    return response
