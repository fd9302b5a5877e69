"""The pages of work orders: inbox, one order, board, statistics, rounds."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events, ids
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.spreadsheets import as_csv
from lianfang.kernel.views import page
from lianfang.registry.area_views import area_asked
from lianfang.registry.models import Area, Organisation
from lianfang.registry.selectors import area_name, top_area

from . import forms, photos, selectors, services
from .about import about, note_of
from .models import WorkOrder
from .rules import WORKFLOW, Kind, escalated, kinds, late, plainly

SHOWN_DAYS = 7


def _view_words() -> dict[str, str]:
    return {
        "desk": _("Open"),
        "mine": _("Mine"),
        "late": _("Overdue"),
        "offered": _("Offered to us"),
        "escalated": _("Escalated"),
        "declined": _("Declined"),
        "verify": _("To verify"),
        "closed": _("Closed"),
    }


def _kind_words(code: str) -> str:
    kind = kinds().get(code)
    return definitions.label(kind) if kind else code


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Refused(refuse("kernel.not_found")) from None


def _area_names(paths: Iterable[str]) -> dict[str, str]:
    """The name of the area of each path, in one query."""
    wanted = set(paths)
    codes = {path.rstrip("/").rpartition("/")[2] for path in wanted}
    rows = Area.objects.filter(code__in=codes).order_by("valid_from")
    names = {area.path: area_name(area) for area in rows}
    return {path: names.get(path, path.rstrip("/").rpartition("/")[2]) for path in wanted}


def _rows(actor: Actor, orders: list[WorkOrder]) -> list[dict[str, Any]]:
    """Orders as a list shows them."""
    now, names, subjects = clock.now(), _area_names(order.path for order in orders), about(actor, orders)
    return [
        {
            "order": order,
            "kind": kinds()[order.kind],
            "label": _kind_words(order.kind),
            "about": subjects[order.pk],
            "area": names[order.path],
            "state": WORKFLOW.label(order.status),
            "late": late(order, now),
            "escalated": escalated(order, now),
            "moves": [entry for entry in selectors.open_moves(order, actor) if _at_once(order, entry[0])],
        }
        for order in orders
    ]


def _at_once(order: WorkOrder, name: str) -> bool:
    """Whether a list offers a move as one button: nothing has to be said with it."""
    return name in ("accept", "take_over") or (name == "complete" and not kinds()[order.kind].form)


def _wanted(request: HttpRequest) -> tuple[selectors.Wanted, Area | None]:
    area = area_asked(request.GET.get("area", ""), clock.today())
    view = request.GET.get("view", "desk")
    return (
        selectors.Wanted(
            view=view if view in selectors.VIEWS else "desk",
            kind=request.GET.get("kind", ""),
            path=area.path if area else "",
            organisation_id=_uuid(request.GET.get("desk", "")),
            closed_since=forms.day_of(request.GET.get("since", "")),
            after=selectors.read_place(request.GET.get("after", "")),
        ),
        area,
    )


@page("order.read")
def inbox(request: HttpRequest) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    wanted, area = _wanted(request)
    found, more = selectors.inbox_page(actor, wanted)
    views = [view for view in selectors.VIEWS if view not in ("declined", "verify") or actor.may("order.assign")]
    return render(
        request,
        "workorders/inbox.html",
        {
            "wanted": wanted,
            "area": area,
            "desk": Organisation.objects.filter(pk=wanted.organisation_id).first() if wanted.organisation_id else None,
            "views": [(view, _view_words()[view]) for view in views],
            "rows": _rows(actor, found),
            "more": selectors.write_place(more),
            "after": request.GET.get("after", ""),
            "kinds": [(code, _kind_words(code)) for code in selectors.shown_kinds(actor)],
            "may_raise": bool(forms.by_hand(actor)),
        },
    )


# --- one order ----------------------------------------------------------------------------------------------------


@page("order.read")
def order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return _order_page(request, selectors.order(actor, order_id))


def _order_page(request: HttpRequest, found: WorkOrder, status: int = 200, **given: Any) -> HttpResponse:
    """The page of an order, with the form that came back, if one did."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    with transaction.atomic():
        events.record("order.opened", actor, subject=("order", found.pk), path=found.path, details={"kind": found.kind})
    kind, now = kinds()[found.kind], clock.now()
    moves = {name: (label, no) for name, label, no in selectors.open_moves(found, actor)}
    may_prove = selectors.may_do(actor, "order.do", found)
    corrects = _uuid(request.GET.get("correct", ""))
    return render(
        request,
        "workorders/order.html",
        {
            "order": found,
            "note": note_of(found),
            "kind": kind,
            "label": _kind_words(found.kind),
            "about": about(actor, [found])[found.pk],
            "area": _area_names([found.path])[found.path],
            "offered_area": _area_names([found.offered_path])[found.offered_path] if found.offered_path else "",
            "state": WORKFLOW.label(found.status),
            "late": late(found, now),
            "escalated": escalated(found, now),
            "moves": moves,
            "plain": [(name, *moves[name]) for name in ("give_back", "keep", "take_over", "verify") if name in moves],
            "with_reason": [
                (name, *moves[name]) for name in ("decline", "turn_down", "send_back", "cancel") if name in moves
            ],
            "finish": next(((name, *moves[name]) for name in ("complete", "report") if name in moves), None),
            "proof": forms.ProofForm(kind=kind, initial={"id": ids.new_id(), "corrects": corrects})
            if may_prove
            else None,
            "corrects": corrects,
            "assign": forms.AssignForm(order=found) if "assign" in moves and not moves["assign"][1] else None,
            "hand_over": forms.HandOverForm(order=found)
            if "hand_over" in moves and not moves["hand_over"][1]
            else None,
            "history": [
                {
                    "entry": entry,
                    "label": WORKFLOW.move(entry.move).label if entry.move else "",
                    "reading": "" if entry.reading is None else plainly(entry.reading),
                    "unit": kind.reading.unit[definitions.language()] if kind.reading else "",
                    "replaced": hasattr(entry, "correction"),
                }
                for entry in selectors.history(found)
            ],
            "may_prove": may_prove,
            "follows": _kind_words(kind.follows) if kind.follows else "",
            **given,
        },
        status=status,
    )


@require_POST
@page("order.read")
def move(request: HttpRequest, order_id: UUID, name: str) -> HttpResponse:
    """A step that needs no more than a reason, or a promise."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    promised = forms.PromiseForm(request.POST)
    promised.is_valid()
    services.move(
        order_id,
        name,
        actor,
        note=request.POST.get("note", ""),
        promised_at=promised.cleaned_data.get("promised_at") if name == "accept" else None,
    )
    messages.success(request, _("Recorded."))
    if view := request.POST.get("view"):
        return redirect(f"{reverse('inbox')}?view={view if view in selectors.VIEWS else 'desk'}")
    return _back(actor, order_id)


def _back(actor: Actor, order_id: UUID) -> HttpResponse:
    """To the order, or to the inbox when it went to a desk that the actor does not see."""
    try:
        selectors.order(actor, order_id)
    except Refused:
        return redirect("inbox")
    return redirect("order", order_id)


@require_POST
@page("order.do")
def order_proof(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """A proof, and with it, if so chosen, that the work is done."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = selectors.order(actor, order_id)
    form = forms.ProofForm(request.POST, request.FILES, kind=kinds()[found.kind])
    finish = request.POST.get("finish", "")
    if form.is_valid() and not getattr(request, "upload_too_large", False):
        try:
            if finish in ("complete", "report"):
                services.move(order_id, finish, actor, proof=form.proof())
            else:
                services.prove(order_id, form.proof(), actor)
        except Refused as no:
            forms.take(form, no)
        else:
            messages.success(request, _("Recorded."))
            return _back(actor, order_id)
    elif getattr(request, "upload_too_large", False):
        forms.take(form, Refused(photos.too_large()))
    return _order_page(request, found, 422, proof=form)


@require_POST
@page("order.assign")
def order_assign(request: HttpRequest, order_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = selectors.order(actor, order_id)
    form = forms.AssignForm(request.POST, order=found)
    if form.is_valid():
        given = form.cleaned_data
        try:
            services.assign(
                order_id,
                actor,
                user_id=int(given["assignee"]) if given["assignee"] else None,
                organisation_id=given["organisation"].pk if given["organisation"] else None,
                note=given["note"],
            )
        except Refused as no:
            forms.take(form, no)
        else:
            messages.success(request, _("Recorded."))
            return _back(actor, order_id)
    return _order_page(request, found, 422, assign=form)


@require_POST
@page("order.assign")
def order_hand_over(request: HttpRequest, order_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = selectors.order(actor, order_id)
    form = forms.HandOverForm(request.POST, order=found)
    if form.is_valid():
        try:
            services.hand_over(order_id, actor, **form.cleaned_data)
        except Refused as no:
            forms.take(form, no)
        else:
            messages.success(request, _("Offered. It stays here until they take it over."))
            return _back(actor, order_id)
    return _order_page(request, found, 422, hand_over=form)


@page("order.read")
def photo(request: HttpRequest, order_id: UUID, name: str) -> HttpResponse:
    """A photo of an order, for those who may see the order."""
    picture = selectors.photo(request.actor, order_id, name)  # type: ignore[attr-defined]
    response = HttpResponse(picture, content_type="image/jpeg")
    response["Content-Disposition"] = f'inline; filename="{name[:12]}.jpg"'
    return response


@page("order.raise")
def order_new(request: HttpRequest) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    first = {"id": ids.new_id(), "kind": request.GET.get("kind", ""), "site": request.GET.get("site", "")}
    form = forms.RequestForm(request.POST or None, initial=first, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            raised = services.request(form.request(), actor)
        except Refused as no:
            forms.take(form, no)
        else:
            messages.success(request, _("The order was raised."))
            return _back(actor, raised.pk)
    return render(request, "workorders/order_new.html", {"form": form}, status=422 if form.errors else 200)


# --- board and statistics -----------------------------------------------------------------------------------------


def _place(request: HttpRequest) -> tuple[Area | None, str]:
    """The area that a board shows, the widest of the actor's where none is chosen, and what it is grouped by."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    area = area_asked(request.GET.get("area", ""), clock.today()) or top_area(actor, "order.read")
    by = request.GET.get("by", "kind")
    return area, by if by in selectors.BY else "kind"


def _groups(groups: list[selectors.Group], shown: dict[str, Any]) -> list[dict[str, Any]]:
    """Groups with their words, the query that goes a level deeper, and the one of the list of the orders behind them."""
    area, by = shown["area"], shown["by"]
    path = area.path if area else ""
    held = {"area": area.code if area else "", "kind": shown["kind"], "desk": shown["desk"].pk if shown["desk"] else ""}
    match by:
        case "area":
            names = _area_names(path + str(group.key) for group in groups if group.key)
        case "desk":
            found = Organisation.objects.in_bulk([group.key for group in groups if group.key])
            names = {key: row.name for key, row in found.items()}
    rows = []
    for group in groups:
        narrowed: dict[str, Any] = {}
        match by:
            case "kind":
                words, narrowed = _kind_words(group.key), {"kind": group.key}
            case "area" if group.key:
                words, narrowed = names[path + group.key], {"area": group.key.rstrip("/")}
            case "area":
                words = _("{area} itself").format(area=area_name(area)) if area else "–"
            case _ if group.key:
                words, narrowed = names.get(group.key, str(group.key)), {"desk": group.key}
            case _:
                words = _("no organisation: the desk of the area")
        deeper = {**held, **narrowed, "by": {"kind": "area", "area": by, "desk": "kind"}[by]}
        rows.append(
            {
                "group": group,
                "words": words,
                "deeper": _query(deeper) if narrowed else "",
                "list": _query({**held, **narrowed}),
                "amount": "" if group.amount is None else plainly(group.amount),
                "unit": _unit(group.key or "") if by == "kind" else "",
            }
        )
    return rows


def _query(named: dict[str, Any]) -> str:
    """The names that have a value, as the query of an address."""
    return urlencode({name: value for name, value in named.items() if value})


def _unit(code: str) -> str:
    kind: Kind | None = kinds().get(code)
    return kind.reading.unit[definitions.language()] if kind and kind.reading and kind.reading.summed else ""


def _narrowing(request: HttpRequest, area: Area | None, by: str) -> dict[str, Any]:
    """What a board and its statistics are narrowed to, as the page shows it."""
    kind, desk = request.GET.get("kind", ""), _uuid(request.GET.get("desk", ""))
    return {
        "area": area,
        "above": _above(area, request.actor) if area else [],  # type: ignore[attr-defined]
        "by": by,
        "bys": [("kind", _("by kind")), ("area", _("by area")), ("desk", _("by desk"))],
        "kind": kind,
        "kind_words": _kind_words(kind) if kind else "",
        "desk": Organisation.objects.filter(pk=desk).first() if desk else None,
        "kinds": [(code, _kind_words(code)) for code in kinds()],
    }


def _above(area: Area, actor: Actor) -> list[Area]:
    """The areas above that the actor may see, the widest first."""
    steps = area.path.rstrip("/").split("/")
    paths = ["/".join(steps[:end]) + "/" for end in range(1, len(steps))]
    seen = [path for path in paths if actor.may_at("order.read", path)]
    return list(Area.objects.valid_on(clock.today()).filter(path__in=seen).order_by("path"))


@page("order.read")
def board(request: HttpRequest) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    area, by = _place(request)
    shown = _narrowing(request, area, by)
    since = clock.start_of(clock.today())
    groups = selectors.board(
        actor,
        area.path if area else "",
        by,
        kind=shown["kind"],
        organisation_id=shown["desk"].pk if shown["desk"] else None,
        since=since,
    )
    figures = ("open", "late", "escalated", "declined", "to_verify", "done", "done_late")
    totals = {name: sum(group.figures[name] for group in groups) for name in figures}
    return render(
        request, "workorders/board.html", {**shown, "rows": _groups(groups, shown), "totals": totals, "since": since}
    )


def _statistics(request: HttpRequest) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    area, by = _place(request)
    shown = _narrowing(request, area, by)
    last = forms.day_of(request.GET.get("until", "")) or clock.today()
    first = forms.day_of(request.GET.get("from", "")) or last - timedelta(days=SHOWN_DAYS - 1)
    if last < first:
        raise Refused(refuse("order.no_such_span", "until"))
    groups = selectors.statistics(
        actor,
        area.path if area else "",
        by,
        selectors.Span(first, last),
        kind=shown["kind"],
        organisation_id=shown["desk"].pk if shown["desk"] else None,
    )
    return {**shown, "first": first, "last": last}, _groups(groups, shown)


@page("order.read")
def statistics(request: HttpRequest) -> HttpResponse:
    shown, rows = _statistics(request)
    figures = ("raised", "on_time", "late", "still_open", "overdue")
    totals = {name: sum(row["group"].figures[name] for row in rows) for name in figures}
    return render(request, "workorders/statistics.html", {**shown, "rows": rows, "totals": totals})


@page("order.read")
def statistics_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The same table as CSV, for a report."""
    shown, rows = _statistics(request)
    area: Area | None = shown["area"]
    with transaction.atomic():
        events.record("order.exported", request.actor, path=area.path if area else "", details={"rows": len(rows)})  # type: ignore[attr-defined]
    name = f"orders-{shown['first']}-{shown['last']}.csv"
    response = StreamingHttpResponse(as_csv(_lines(shown, rows)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(shown: dict[str, Any], rows: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    heads = (
        dict(shown["bys"])[shown["by"]], _("Raised"), _("In time"), _("Late"), _("Open"), _("Overdue"), _("Median minutes"),
        _("Amount"), _("Unit"),
    )  # fmt: skip
    yield heads
    for row in rows:
        group = row["group"]
        median = "" if group.median_time is None else round(group.median_time.total_seconds() / 60, 1)
        figures = (group.raised, group.on_time, group.late, group.still_open, group.overdue)
        yield (row["words"], *figures, median, row["amount"], row["unit"])


# --- rounds -------------------------------------------------------------------------------------------------------


@page("order.read")
def round_list(request: HttpRequest) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    stopped = request.GET.get("stopped") == "1"
    found = list(selectors.rounds(actor, stopped=stopped)[:200])
    names = _area_names(planned.path for planned in found)
    today = selectors.rounds_on(actor, clock.today())
    return render(
        request,
        "workorders/round_list.html",
        {
            "stopped": stopped,
            "rounds": [
                {
                    "round": planned,
                    "label": _kind_words(planned.kind),
                    "area": names[planned.path],
                    "today": today.get(planned.pk),
                }
                for planned in found
            ],
            "may_plan": any(kind.subject == "site" for kind in forms.by_hand(actor)),
        },
    )


@page("order.raise")
def round_new(request: HttpRequest) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    area = top_area(actor, "order.raise")
    first = {"starts_on": clock.today(), "area": area.code if area else ""}
    if (
        request.method == "POST" and "find" in request.GET
    ):  # nothing is judged yet: what was filled in comes back with the sites that were sought
        so_far = {**request.POST.dict(), "sites": request.POST.getlist("sites")}
        return render(
            request, "workorders/round_new.html", {"form": forms.RoundForm(initial={**first, **so_far}, actor=actor)}
        )
    form = forms.RoundForm(request.POST or None, initial=first, actor=actor)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        given.pop("sought", None)
        kind, name, sites, hours = (given.pop(each) for each in ("kind", "name", "sites", "times"))
        try:
            planned = services.plan_round(kind, name, list(sites), hours, actor, **given)
        except Refused as no:
            forms.take(form, no)
        else:
            messages.success(request, _("The round was planned."))
            return redirect("round", planned.pk)
    return render(request, "workorders/round_new.html", {"form": form}, status=422 if form.errors else 200)


@page("order.read")
def round_page(request: HttpRequest, round_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    planned = (
        selectors.rounds(actor).filter(pk=round_id).first()
        or selectors.rounds(actor, stopped=True).filter(pk=round_id).first()
    )
    if planned is None:
        raise Refused(refuse("kernel.not_found"))
    today = clock.today()
    day = min(forms.day_of(request.GET.get("day", "")) or today, today)
    now = clock.now()
    return render(
        request,
        "workorders/round.html",
        {
            "round": planned,
            "label": _kind_words(planned.kind),
            "area": _area_names([planned.path])[planned.path],
            "day": day,
            "before": day - timedelta(days=1),
            "after": day + timedelta(days=1) if day < today else None,
            "sites": [
                (site, [(order, order is not None and late(order, now)) for order in orders])
                for site, orders in selectors.round_day(planned, day)
            ],
            "may_stop": planned.stopped_at is None
            and actor.may_at("order.raise", planned.path, planned.organisation_id),
        },
    )


@require_POST
@page("order.raise")
def round_stop(request: HttpRequest, round_id: UUID) -> HttpResponse:
    services.stop_round(round_id, request.actor)  # type: ignore[attr-defined]
    messages.success(request, _("The round was stopped."))
    return redirect("round", round_id)
