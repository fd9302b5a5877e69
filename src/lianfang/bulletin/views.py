from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import condition, require_POST, require_safe

import lianfang
from lianfang.kernel import clock
from lianfang.kernel.access import Actor, under
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.views import page, public, status_of
from lianfang.registry.models import Area
from lianfang.registry.selectors import area_name, chosen_area

from . import feed, selectors, services, wording
from .forms import Correct, Figures, Prepare, Why
from .models import Bulletin
from .rules import BALANCED, BY_PART, FIGURES, PART_FIGURES, WORKFLOW, contradictions
from .selectors import LATER, Published

TAGS = {"prepared": "", "signed": "tag-note", "published": "tag-good", "withdrawn": "tag-bad"}
LEVELS = ("country", "province", "city", "county")

# --- the desk ----------------------------------------------------------------------------------------------------


def _state(bulletin: Bulletin) -> dict[str, str]:
    return {"label": _(str(WORKFLOW.label(bulletin.status))), "tag": TAGS[bulletin.status]}


@page("situation.read")
def bulletin_list(request: HttpRequest) -> HttpResponse:
    """Bulletins of the actor's areas, the latest day first."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    rows = selectors.desk(actor)
    status = request.GET.get("status", "")
    if status in TAGS:
        rows = rows.filter(status=status)
    if code := request.GET.get("area", ""):
        rows = rows.filter(area__code=code)
    shown = Paginator(rows, 50).get_page(request.GET.get("page"))
    corrected = set(
        Bulletin.objects.published()
        .filter(corrects__in=[row.pk for row in shown])
        .values_list("corrects_id", flat=True)
    )
    return render(
        request,
        "bulletin/list.html",
        {
            "page": shown,
            "entries": [
                {
                    "bulletin": row,
                    "area": area_name(row.area),
                    "disease": wording.disease_in({"disease": selectors.disease_labels(row.disease)}),
                    "state": _state(row),
                    "corrected": row.pk in corrected,
                    "total": row.figures["area"]["total_confirmed"],
                    "new": row.figures["area"]["new_confirmed"],
                }
                for row in shown
            ],
            "states": [(state.name, _(str(state.label))) for state in WORKFLOW.states],
            "status": status,
            "may_prepare": actor.may("bulletin.prepare"),
        },
    )


def _areas_for(actor: Actor) -> list[Area]:
    """The areas whose bulletins the actor may prepare, down to counties."""
    found: dict[int, Area] = {}
    for path in actor.paths("bulletin.prepare"):
        rows = Area.objects.valid_on(clock.today()).filter(under("path", path), level__in=LEVELS)
        found.update({area.pk: area for area in rows})
    return sorted(found.values(), key=lambda area: (LEVELS.index(area.level), area.code))


@page("bulletin.prepare")
def prepare(request: HttpRequest) -> HttpResponse:
    """Choose area, disease and day, and count."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    areas = _areas_for(actor)
    yesterday = clock.today() - timedelta(days=1)
    if request.method != "POST":
        offered = {"day": yesterday, "disease": selectors.prepared_last(areas), **request.GET.dict()}
        form = Prepare(areas=areas, initial=offered)
        return render(request, "bulletin/prepare.html", {"form": form, "latest": yesterday})
    form = Prepare(request.POST, areas=areas)
    if form.is_valid():
        told = form.cleaned_data
        try:
            area = chosen_area(told["area"], told["day"])
            if area is None:
                raise Refused(refuse("bulletin.no_such_area", "area", code=told["area"], day=told["day"]))
            made = services.prepare(area, told["disease"], told["day"], actor, known=told["known"])
            return redirect("bulletin", made.pk)
        except Refused as no:
            for refusal in no.refusals:
                form.add_error(refusal.about if refusal.about in form.fields else None, str(refusal))
    return render(request, "bulletin/prepare.html", {"form": form, "latest": yesterday}, status=422)


@page("situation.read")
def sheet(request: HttpRequest, bulletin_id: UUID) -> HttpResponse:
    """The sheet to sign: figures beside the day before, in the official order, with what readers will see."""
    return _sheet(request, bulletin_id)


def _sheet(request: HttpRequest, bulletin_id: UUID, refused: Refused | None = None) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    bulletin = selectors.bulletin(actor, bulletin_id)
    content = bulletin.public_figures or services.public_figures(bulletin)
    versions = selectors.history(bulletin)
    return render(
        request,
        "bulletin/sheet.html",
        {
            "bulletin": bulletin,
            "area_name": area_name(bulletin.area),
            "scope_name": area_name(bulletin.area),
            "disease": wording.disease_in(content),
            "state": _state(bulletin),
            "rows": _figure_rows(bulletin, _counted_now(actor, bulletin)),
            "parts": _part_rows(bulletin),
            "part_columns": PART_FIGURES,
            "texts": wording.both(content),
            "problems": [str(no) for no in contradictions(selectors.sheet(bulletin))]
            if not bulletin.published_at
            else [],
            "refused": [str(no) for no in refused.refusals] if refused else [],
            "given_away": [_cell_words(bulletin, *cell) for cell in bulletin.protection["given_away"]],
            "elsewhere": [_cell_words(bulletin, *cell) for cell in bulletin.protection["elsewhere"]],
            "above": area_name(bulletin.area.parent) if bulletin.area.parent else "",
            "withheld": len(bulletin.protection["withheld"]),
            "changes": [_change_words(bulletin, change) for change in bulletin.figures["changes"]],
            "by_hand": any(figure.kind == "hand" for figure in FIGURES if figure.code in bulletin.figures["area"]),
            "later": bulletin.figures["known"] == LATER,
            "known_at": datetime.fromisoformat(bulletin.figures["known_at"]) if bulletin.figures["known_at"] else None,
            "moves": _moves(actor, bulletin),
            "versions": versions,
            "version": next((n for n, each in enumerate(versions, 1) if each.pk == bulletin.pk), None),
            "correctable": _correctable(actor, bulletin, versions),
            "public_url": _public_address(bulletin) if bulletin.published_at else "",
        },
        status=422 if refused else 200,
    )


def _correctable(actor: Actor, bulletin: Bulletin, versions: list[Bulletin]) -> dict[str, Any] | None:
    """The button that starts a correction, with the refusal that greys it; None where it has no place."""
    if bulletin.status != "published" or not versions or versions[-1].pk != bulletin.pk:
        return None
    return {
        "refusal": services.prepare_refusal(bulletin.area, bulletin.disease, bulletin.day, actor, corrects=bulletin)
    }


def _moves(actor: Actor, bulletin: Bulletin) -> dict[str, dict[str, Any]]:
    """The moves that leave this state: each with its address, its words and the refusal that would meet it now."""
    step = services.step_of(bulletin, actor, note=_("a reason"))
    mark = selectors.seen(bulletin)
    found = {}
    for move, refusal in WORKFLOW.open_moves(
        step, status=bulletin.status, may=lambda need: actor.may_at(need, bulletin.path)
    ):
        address = reverse(f"bulletin-{'figures' if move.name == 'revise' else move.name}", args=[bulletin.pk])
        found[move.name] = {
            "label": _(str(move.label)),
            "url": f"{address}?seen={mark}" if move.name in ("sign", "publish") else address,
            "refusal": str(refusal) if refusal else "",
            "permitted": actor.may_at(move.permission, bulletin.path),
        }
    return found


def _counted_now(actor: Actor, bulletin: Bulletin) -> dict[str, int]:
    """The figures with what became known since, while something may still be done about it."""
    if bulletin.status in ("published", "withdrawn"):
        return {}
    return selectors.counted(actor, bulletin.area, bulletin.disease, bulletin.day, LATER).area


def _figure_rows(bulletin: Bulletin, now: dict[str, int]) -> list[dict[str, Any]]:
    sheet = selectors.sheet(bulletin)
    changes = {change["figure"]: change for change in bulletin.figures["changes"] if not change["part"]}
    return [
        {
            "label": _(str(figure.label)),
            "value": sheet.area[figure.code],
            "before": bulletin.base.figures["area"].get(figure.code) if bulletin.base else None,
            "correction": sheet.correction(figure.of) if figure.kind == "total" and figure.of in BALANCED else None,
            "now": now[figure.code]
            if now.get(figure.code, sheet.area[figure.code]) != sheet.area[figure.code]
            else None,
            "change": changes.get(figure.code),
            "by_hand": figure.kind == "hand",
        }
        for figure in FIGURES
        if figure.code in sheet.area
    ]


def _part_rows(bulletin: Bulletin) -> list[dict[str, Any]]:
    sheet = selectors.sheet(bulletin)
    withheld = {tuple(cell) for cell in bulletin.protection["withheld"]}
    rows = []
    for part, values in sheet.parts.items():
        names = bulletin.figures["names"].get(part, {"name": part, "name_en": ""})
        corrections = [
            {
                "of": _("confirmed") if of == "confirmed" else _("discharged"),
                "words": wording.changed_by(correction),
                "withheld": (of, "correction", part) in withheld,
            }
            for of in BY_PART
            if (correction := sheet.part_correction(of, part))
        ]
        cells = [
            {
                "value": values[figure.code],
                "withheld": (figure.of, figure.kind, part) in withheld,
                "label": figure.label,
            }
            for figure in PART_FIGURES
        ]
        rows.append({"name": wording.name_in({"code": part, **names}), "cells": cells, "corrections": corrections})
    return rows


def _cell_words(bulletin: Bulletin, day: str, of: str, kind: str, part: str) -> str:
    labels = {(figure.of, figure.kind): figure.label for figure in FIGURES}
    label = labels.get((of, kind))
    names = bulletin.figures["names"].get(part, {"name": part, "name_en": ""})
    return _("{area}, {figure}, {day}").format(
        area=wording.name_in({"code": part, **names}),
        figure=_(str(label)) if label else _("correction"),
        day=day,
    )


def _change_words(bulletin: Bulletin, change: dict[str, Any]) -> dict[str, Any]:
    label = next(figure.label for figure in FIGURES if figure.code == change["figure"])
    names = bulletin.figures["names"].get(change["part"], {"name": change["part"], "name_en": ""})
    where = wording.name_in({"code": change["part"], **names}) if change["part"] else ""
    return {**change, "label": _(str(label)), "where": where}


@page("bulletin.prepare")
def figures(request: HttpRequest, bulletin_id: UUID) -> HttpResponse:
    """Change figures by hand, enter contacts, write the words that go with them."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    bulletin = selectors.bulletin(actor, bulletin_id)
    if no := WORKFLOW.refusal(
        "revise",
        services.step_of(bulletin, actor),
        status=bulletin.status,
        permitted=actor.may_at("bulletin.prepare", bulletin.path),
    ):
        raise Refused(no)
    status = 200
    if request.method == "POST":
        form = Figures(request.POST, bulletin=bulletin)
        if form.is_valid():
            told = form.cleaned_data
            try:
                services.revise(
                    bulletin_id,
                    actor,
                    values=form.values(),
                    contacts=form.contacts(),
                    reason=told["reason"],
                    explanation=told["explanation"],
                    remark=told["remark"],
                    seen=told["seen"],
                )
                return redirect("bulletin", bulletin_id)
            except Refused as no_way:
                for refusal in no_way.refusals:
                    form.add_error(refusal.about if refusal.about in form.fields else None, str(refusal))
        status = 422
    else:
        start = {"explanation": bulletin.explanation, "remark": bulletin.remark, "seen": selectors.seen(bulletin)}
        form = Figures(bulletin=bulletin, initial=start)
    context = {"form": form, "bulletin": bulletin, "area_name": area_name(bulletin.area), "part_columns": PART_FIGURES}
    return render(request, "bulletin/figures.html", context, status=status)


@page("bulletin.prepare")
def correct(request: HttpRequest, bulletin_id: UUID) -> HttpResponse:
    """Say why a published bulletin is wrong, and count its correction."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    bulletin = selectors.bulletin(actor, bulletin_id)
    form = Correct(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.correct(bulletin_id, form.cleaned_data["reason"], actor, known=form.cleaned_data["known"])
            return redirect("bulletin", made.pk)
        except Refused as no:
            for refusal in no.refusals:
                form.add_error(refusal.about if refusal.about in form.fields else None, str(refusal))
    context = {"form": form, "bulletin": bulletin, "area_name": area_name(bulletin.area)}
    return render(request, "bulletin/correct.html", context, status=422 if form.errors else 200)


def _done(request: HttpRequest, bulletin_id: UUID, act: Callable[[], Any], words: str) -> HttpResponse:
    """Make a move and go back to the sheet, or show the sheet with the refusal on top."""
    try:
        act()
    except Refused as no:
        if status_of(no) in (403, 404):
            raise
        return _sheet(request, bulletin_id, no)
    messages.success(request, words)
    return redirect("bulletin", bulletin_id)


@require_POST
@page("bulletin.sign")
def sign(request: HttpRequest, bulletin_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    seen = request.GET.get("seen", "")
    return _done(request, bulletin_id, lambda: services.sign(bulletin_id, actor, seen=seen), _("Signed."))


@require_POST
@page("bulletin.publish")
def publish(request: HttpRequest, bulletin_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    seen = request.GET.get("seen", "")
    return _done(
        request, bulletin_id, lambda: services.publish(bulletin_id, actor, seen=seen), _("The bulletin is public.")
    )


@require_POST
@page("bulletin.prepare")
def recount(request: HttpRequest, bulletin_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    known = LATER if request.POST.get("known") == LATER else selectors.EVENING
    return _done(request, bulletin_id, lambda: services.recount(bulletin_id, actor, known=known), _("Counted again."))


def _with_note(
    request: HttpRequest, bulletin_id: UUID, act: Callable[[UUID, Actor, str], Any], words: str
) -> HttpResponse:
    form = Why(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else ""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return _done(request, bulletin_id, lambda: act(bulletin_id, actor, note), words)


@require_POST
@page("bulletin.sign")
def unsign(request: HttpRequest, bulletin_id: UUID) -> HttpResponse:
    return _with_note(request, bulletin_id, services.unsign, _("The signature was taken back."))


@require_POST
@page("bulletin.publish")
def send_back(request: HttpRequest, bulletin_id: UUID) -> HttpResponse:
    return _with_note(request, bulletin_id, services.send_back, _("Sent back."))


@require_POST
@page("bulletin.prepare")
def withdraw(request: HttpRequest, bulletin_id: UUID) -> HttpResponse:
    return _with_note(request, bulletin_id, services.withdraw, _("Withdrawn."))


# --- public ------------------------------------------------------------------------------------------------------


def _seen_state(request: HttpRequest, code: str) -> tuple[datetime | None, int]:
    state = getattr(request, "bulletin_state", None)
    if state is None:
        state = selectors.public_state(code)
        request.bulletin_state = state  # type: ignore[attr-defined]
    return state


def _tag(request: HttpRequest, code: str = "", **_kwargs: Any) -> str:
    last, count = _seen_state(request, code)
    moment = f"{last.timestamp():.6f}" if last else "0"
    return f'"{moment}-{count}-{translation.get_language()}-{lianfang.__version__}"'


def _last(request: HttpRequest, code: str = "", **_kwargs: Any) -> datetime | None:
    return _seen_state(request, code)[0]


def published(*, shared: bool) -> Callable[[Callable[..., HttpResponse]], Any]:
    """A public address: readable by everybody, answered "not modified" with one query while nothing new is published.

    ``shared``: a proxy may keep the answer for a minute. Pages are not shared: they come in the language of the reader.
    """

    def mark(view: Callable[..., HttpResponse]) -> Any:
        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            response = view(request, *args, **kwargs)
            if shared:
                patch_cache_control(response, public=True, max_age=60, stale_while_revalidate=600)
                response["Access-Control-Allow-Origin"] = "*"
            else:
                patch_cache_control(response, private=True, no_cache=True)
            return response

        return public(require_safe(condition(etag_func=_tag, last_modified_func=_last)(answered)))

    return mark


def _public_address(of: Bulletin) -> str:
    return f"{reverse('public-bulletin', args=[of.area.code, of.day])}?disease={of.disease}"


def _address(entry: Published, *, version: bool = False, name: str = "public-bulletin") -> str:
    address = reverse(name, args=[entry.content["area"]["code"], entry.day]) + f"?disease={entry.disease}"
    return f"{address}&version={entry.version}" if version else address


def _shown(entry: Published) -> dict[str, Any]:
    """A published bulletin as lists show it."""
    figures = entry.content["figures"]
    return {
        "entry": entry,
        "area": wording.name_in(entry.content["area"]),
        "disease": wording.disease_in(entry.content),
        "day": wording.day_in(entry.day),
        "figures": figures,
        "url": _address(entry),
    }


@published(shared=False)
def public_home(request: HttpRequest) -> HttpResponse:
    """The latest bulletin of every area."""
    entries = [_shown(entry) for entry in selectors.latest_of_each_area()]
    return render(request, "bulletin/public_home.html", {"entries": entries})


@published(shared=False)
def public_area(request: HttpRequest, code: str) -> HttpResponse:
    """The bulletins of one area, the latest first."""
    found, more = selectors.latest_public(code, before=_before(request))
    if not found:
        raise Http404
    context = {
        "entries": [_shown(entry) for entry in found],
        "more": more,
        "area": wording.name_in(found[0].content["area"]),
        "code": code,
    }
    return render(request, "bulletin/public_area.html", context)


def _before(request: HttpRequest) -> date | None:
    try:
        return date.fromisoformat(request.GET["before"]) if request.GET.get("before") else None
    except ValueError:
        raise Http404 from None


def _asked(request: HttpRequest, code: str, day: date) -> tuple[Published, list[Published]]:
    """The bulletin that an address asks for, and all of its versions, the latest first. Raises Http404."""
    every = selectors.public_versions(code, day)
    disease = request.GET.get("disease") or min((entry.disease for entry in every), default="")
    versions = [entry for entry in every if entry.disease == disease]
    wanted = request.GET.get("version", "")
    for entry in versions:
        if (wanted and str(entry.version) == wanted) or (not wanted and entry.corrected_by is None):
            return entry, versions
    raise Http404


@published(shared=False)
def public_bulletin(request: HttpRequest, code: str, day: date) -> HttpResponse:
    """One bulletin in words and figures."""
    entry, versions = _asked(request, code, day)
    content = entry.content
    corrections = content["corrections"]
    earlier: dict[str, Any] = next(
        (each.content["figures"] for each in versions if each.version == entry.version - 1), {}
    )
    return render(
        request,
        "bulletin/public.html",
        {
            "reason": wording.as_written(entry.reason),
            "entry": entry,
            "title": wording.title(content),
            "area": wording.name_in(content["area"]),
            "code": code,
            "disease": wording.disease_in(content),
            "day": wording.day_in(day),
            "text": wording.official(content),
            "rows": [
                {
                    "label": _(str(figure.label)),
                    "value": content["figures"][figure.code],
                    "earlier": earlier.get(figure.code)
                    if earlier.get(figure.code) != content["figures"][figure.code]
                    else None,
                    "correction": wording.changed_by(corrections[figure.of])
                    if figure.kind == "total" and corrections.get(figure.of)
                    else "",
                }
                for figure in FIGURES
                if figure.code in content["figures"]
            ],
            "part_columns": PART_FIGURES,
            "parts": [
                {
                    "name": wording.name_in(part),
                    "cells": [{"value": part[figure.code], "label": figure.label} for figure in PART_FIGURES],
                    "corrections": [
                        wording.changed_by(part[f"correction_{of}"]) for of in BY_PART if part.get(f"correction_{of}")
                    ],
                }
                for part in content["parts"]
            ],
            "withheld": any(value is None for part in content["parts"] for value in part.values()),
            "versions": [{"entry": each, "url": _address(each, version=True)} for each in versions],
            "json": _address(entry, version=True, name="public-bulletin-json"),
            "csv": _address(entry, version=True, name="public-bulletin-csv"),
            "latest": _address(entry),
        },
    )


@published(shared=True)
def public_json(request: HttpRequest, code: str, day: date) -> HttpResponse:
    entry, _versions = _asked(request, code, day)
    return _json(feed.as_json(entry, request.build_absolute_uri(_address(entry, version=True))))


@published(shared=True)
def public_csv(request: HttpRequest, code: str, day: date) -> HttpResponse:
    entry, _versions = _asked(request, code, day)
    response = HttpResponse(feed.as_csv(entry), content_type="text/csv; charset=utf-8")
    name = f"bulletin-{code}-{day}-{entry.disease}-{entry.version}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _json(content: Any) -> JsonResponse:
    return JsonResponse(content, json_dumps_params={"ensure_ascii": False, "indent": 1})


@published(shared=True)
def feed_json(request: HttpRequest) -> HttpResponse:
    """The latest bulletins in force as JSON; ``area`` narrows, ``before`` goes back in time."""
    found, more = selectors.latest_public(request.GET.get("area", ""), before=_before(request))
    absolute = request.build_absolute_uri
    query = f"?area={request.GET.get('area', '')}&before={more}" if more else ""
    return _json(
        {
            "format": feed.FORMAT,
            "next": absolute(reverse("bulletins-json") + query) if more else None,
            "bulletins": [feed.as_json(entry, absolute(_address(entry, version=True))) for entry in found],
        }
    )


@published(shared=True)
def feed_atom(request: HttpRequest) -> HttpResponse:
    found, _more = selectors.latest_public(request.GET.get("area", ""))
    absolute = request.build_absolute_uri
    body = feed.as_atom(found, absolute(reverse("bulletins")), lambda entry: absolute(_address(entry, version=True)))
    return HttpResponse(body, content_type="application/atom+xml; charset=utf-8")
