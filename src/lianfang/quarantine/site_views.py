"""The coordinator's screen: a site whole, all its check-ins entered at once, its rooms."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.views import page
from lianfang.registry.models import Site
from lianfang.workorders import services as workorders
from lianfang.workorders.models import WorkOrder

from . import rules, selectors, services
from .forms import LineOfSheet, Rooms
from .models import Room, Stay
from .presenting import Row, place_name, shown
from .views import alarming, ask_first, confirmed, held_back_rows, hospital_chosen, need_entries, take

MOST_LINES = 200  # on one screen; those still missing come first, so the others follow
LOOKS = {"free": "free", "shared": "taken", "full": "taken", "undisinfected": "waiting"}


@page("stay.read")
def isolation_list(request: HttpRequest) -> HttpResponse:
    """The isolation sites that the actor may see, with what waits at each."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = selectors.sites(actor)
    if len(found) == 1 and actor.organisations("stay.read"):
        return redirect("isolation-site", found[0][0].pk)
    here = Stay.objects.visible_to(actor).observed().filter(site__in=[site for site, _figures in found])
    missing, leaving = Q(next_due_at__lte=clock.now()), Q(release_on__lte=clock.today())
    counted = {
        row["site_id"]: row
        for row in here.values("site_id")
        .annotate(guests=Count("pk"), missing=Count("pk", filter=missing), releases=Count("pk", filter=leaving))
        .order_by()
    }
    nobody = {"guests": 0, "missing": 0, "releases": 0}
    entries = [
        {"site": site, "name": place_name(site), **figures, **counted.get(site.pk, nobody)} for site, figures in found
    ]
    return render(request, "quarantine/site_list.html", {"sites": entries, "may_manage": actor.may("stay.manage")})


def _first_missing(row: Row) -> tuple[bool, bool, str, UUID]:
    return not row.missing, not row.alarmed, row.room, row.stay.pk


def _may(actor: Actor, permission: str, site: Site) -> bool:
    return actor.may_at(permission, site.path, site.organisation_id)


@page("stay.read")
def isolation_site(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """One site whole: who is there, who is missing, what is asked for, who leaves, which rooms are free."""
    return _site_page(request, site_id)


def _site_page(request: HttpRequest, site_id: UUID, rooms: Rooms | None = None) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    with transaction.atomic():
        screen = selectors.site_screen(actor, site_id)
    guests = sorted(shown(screen.guests), key=_first_missing)
    by_stay = {row.stay.pk: row for row in guests}
    release = selectors.release_list(actor, site_id=site_id)
    leaving = held_back_rows(actor, release, by_stay)
    context = {
        "site": screen.site,
        "name": place_name(screen.site),
        "rows": guests,
        "alarms": [row for row in guests if row.alarmed],
        "expected": [(stay, stay.person.stands_under) for stay in screen.expected],
        "missing": sum(row.missing for row in guests),
        "needs": need_entries(actor, screen.needs, {pk: row.name for pk, row in by_stay.items()}),
        "leaving_rows": leaving,
        "figures": screen.figures,
        "rooms": [
            {
                "room": each.room,
                "look": LOOKS[each.state.status],
                "words": _(str(rules.ROOM_WORDS[each.state.status])),
                "occupied": each.state.occupied,
                "guests": [by_stay[stay.pk] for stay in each.guests if stay.pk in by_stay],
            }
            for each in screen.rooms
        ],
        "room_form": rooms or Rooms(),
        "may_record": _may(actor, "checkin.record", screen.site),
        "may_manage": _may(actor, "stay.manage", screen.site),
        "back": request.path,
    }
    return render(request, "quarantine/site.html", context, status=422 if rooms else 200)


@page("checkin.record")
def isolation_checkins(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """All guests of a site in one screen, those still missing first. What is alarming is confirmed before it is recorded."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    posted = request.method == "POST"
    with transaction.atomic():
        screen = selectors.site_screen(actor, site_id)
    if not _may(actor, "checkin.record", screen.site):
        raise Refused(refuse("kernel.not_found"))
    guests = sorted(shown(screen.guests), key=_first_missing)
    guests = [row for row in guests if f"{_prefix(row)}-id" in request.POST] if posted else guests[:MOST_LINES]
    lines = {row.stay.pk: _line(row, request.POST if posted else None) for row in guests}
    if posted:
        filled = [row for row in guests if _is_filled(lines[row.stay.pk], request)]
        wrong = [row for row in filled if not lines[row.stay.pk].is_valid()]
        hot = [row for row in filled if row not in wrong and alarming(row.stay, lines[row.stay.pk].check())]
        asking = hot if not confirmed(request) else []
        done = 0
        for row in filled:
            if row in wrong or row in asking:
                continue
            try:
                told = lines[row.stay.pk].check(row.stay.pk, "coordinator")
                services.check_in(replace(told, hospital_id=hospital_chosen(request, row.stay)), actor)
                done += 1
            except Refused as no:
                take(lines[row.stay.pk], no)
                wrong.append(row)
        if done:
            words = ngettext("{count} check-in was recorded.", "{count} check-ins were recorded.", done)
            messages.success(request, words.format(count=done))
        if asking:
            return confirm(request, [(row, lines[row.stay.pk].check()) for row in asking], [*asking, *wrong], site_id)
        if not wrong:
            if not filled:
                messages.info(request, _("Nothing was filled in."))
            return redirect("isolation-site", site_id)
        with transaction.atomic():
            guests = sorted(shown(selectors.site_screen(actor, site_id).guests), key=_first_missing)
        kept = {row.stay.pk for row in wrong}
        guests = [row for row in guests if row.stay.pk in kept] + [row for row in guests if row.stay.pk not in kept]
        guests = guests[: max(MOST_LINES, len(kept))]
        lines = {row.stay.pk: lines[row.stay.pk] if row.stay.pk in kept else _line(row, None) for row in guests}
    for row in guests:
        row.extra["form"] = lines[row.stay.pk]
    context = {
        "site": screen.site,
        "name": place_name(screen.site),
        "rows": guests,
        "more": max(0, len(screen.guests) - MOST_LINES),
        "most": MOST_LINES,
        "wrong": len(wrong) if posted else 0,
    }
    return render(request, "quarantine/sheet.html", context, status=422 if posted else 200)


def _prefix(row: Row) -> str:
    return row.stay.pk.hex[-12:]


def _line(row: Row, data: Any) -> LineOfSheet:
    listed = definitions.edition_on(row.stay.disease, clock.today()).listed_symptoms
    return LineOfSheet(data, prefix=_prefix(row), auto_id="%s", symptoms=listed)


def _is_filled(line: LineOfSheet, request: HttpRequest) -> bool:
    """Whether something was written into a line; what the page put there itself does not count."""
    return any(request.POST.getlist(line.add_prefix(name)) not in ([], [""]) for name in line.fields if name != "id")


def confirm(request: HttpRequest, found: list[Any], carried: list[Row], site_id: UUID) -> HttpResponse:
    """Ask before alarming lines are recorded; lines that were wrong come along and are shown again afterwards."""
    prefixes = tuple(f"{_prefix(row)}-" for row in carried)
    kept = [(name, value) for name, values in request.POST.lists() if name.startswith(prefixes) for value in values]
    return ask_first(request, found, kept, back=request.path, wrong=len(carried) - len(found))


@require_POST
@page("stay.manage")
def isolation_rooms(request: HttpRequest, site_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    form = Rooms(request.POST)
    if form.is_valid():
        try:
            with transaction.atomic():
                for name in form.cleaned_data["names"]:
                    services.add_room(site_id, name, form.cleaned_data["capacity"], actor)
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, _("Recorded."))
            return redirect("isolation-site", site_id)
    return _site_page(request, site_id, rooms=form)


@require_POST
@page("order.do")
def room_disinfected(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """Somebody disinfected a room that waited for it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    room = Room.objects.visible_to(actor).filter(pk=room_id).first()
    order = (
        WorkOrder.objects.visible_to(actor, "order.do")
        .unfinished()
        .filter(kind="disinfect_room", subject_id=room_id)
        .first()
    )
    if room is None or order is None:
        raise Refused(refuse("kernel.not_found"))
    workorders.move(order.pk, "complete", actor)
    messages.success(request, _("Room {room} can be given out again.").format(room=room.name))
    return redirect("isolation-site", room.site_id)
