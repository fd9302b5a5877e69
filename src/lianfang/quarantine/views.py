"""Stays under observation as pages: the county's lists, one stay, taking in, moving, ending, needs, personal links."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refusal, Refused, refuse
from lianfang.kernel.views import page
from lianfang.registry.models import Area, Site
from lianfang.registry.selectors import area_name, chosen_area, top_area
from lianfang.tracing.models import Contact
from lianfang.workorders.models import WorkOrder
from lianfang.workorders.rules import kinds as order_kinds
from lianfang.workorders.rules import late

from . import rules, selectors, services
from .certificate import certificate
from .forms import (
    HOME,
    TELLERS,
    Admission,
    Arrival,
    CheckInForm,
    Ending,
    FurtherExposure,
    HandOver,
    NameHospital,
    NeedForm,
    Notice,
    Place,
    SitePicker,
)
from .models import CheckIn, Need, PersonalLink, Stay
from .presenting import (
    Row,
    alarm_in_words,
    area_names,
    called,
    desks_of,
    place_name,
    place_of,
    rows,
    symptoms_in_words,
    what_follows,
)
from .presenting import shown as present_guests

PAGE = 50
SHOWN_CHECKINS = 6  # the last three days; the earlier ones open below them
LATE_ENTRY = timedelta(hours=1)  # what was entered so long after it happened says when


# --- shared by the pages ------------------------------------------------------------------------------------------


def take(form: forms.Form, no: Refused) -> None:
    """Show a service's refusals at the fields they concern."""
    for refusal in no.refusals:
        form.add_error(refusal.about if refusal.about in form.fields else None, str(refusal))


class Slice:
    """One page of a long list, without counting the whole of it."""

    def __init__(self, found: QuerySet[Any] | Sequence[Any], wanted: str | None, size: int = PAGE):
        self.number = int(wanted) if wanted and wanted.isdigit() and len(wanted) < 7 and int(wanted) > 0 else 1
        begin = (self.number - 1) * size
        some = list(found[begin : begin + size + 1])
        self.items, self.has_next = some[:size], len(some) > size

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def next_page_number(self) -> int:
        return self.number + 1

    @property
    def previous_page_number(self) -> int:
        return self.number - 1


def listed(actor: Actor, stays: Sequence[Stay], path: str = "") -> list[Row]:
    """Stays as a list shows them, names masked. The look leaves one event."""
    with transaction.atomic():
        events.record("stay.listed", actor, path=path, details={"rows": len(stays), "names": "masked"})
    return rows(stays)


def alarming(stay: Stay, new: services.NewCheck) -> rules.Alarm | None:
    """What a check-in on its way holds that must be reported at once."""
    if new.retracted:
        return None
    celsius = None if new.temperature is None else float(new.temperature)
    told = rules.Check(new.id, new.observed_at or clock.now(), celsius, new.symptoms)
    return services.alarm_of(stay.disease, told)


def confirmed(request: HttpRequest) -> bool:
    """Whether somebody has read what an alarming check-in causes, and wants it."""
    return request.POST.get("sure") == "1"


def ask_first(
    request: HttpRequest,
    found: Iterable[tuple[Row, services.NewCheck]],
    carried: Iterable[tuple[str, str]],
    back: str,
    wrong: int = 0,
) -> HttpResponse:
    """Name what alarming check-ins will cause before they are recorded; what was entered is carried along."""
    entries = [
        {"row": row, "alarm": alarm_in_words(hot), "steps": what_follows(row.stay), **hospital_choice(row.stay)}
        for row, new in found
        if (hot := alarming(row.stay, new))
    ]
    context = {"entries": entries, "carried": list(carried), "back": back, "wrong": wrong}
    return render(request, "quarantine/alarming.html", context, status=422)


def hospital_choice(stay: Stay) -> dict[str, Any]:
    """What the choice among several designated hospitals shows; nothing to choose where there is one, or none."""
    hospitals = [(hospital.pk, called(hospital)) for hospital in services.receiving_hospitals(stay)]
    return {"hospitals": hospitals if len(hospitals) > 1 else [], "hospital_name": f"hospital-{stay.pk.hex}"}


def hospital_chosen(request: HttpRequest, stay: Stay) -> UUID | None:
    """Which designated hospital somebody chose on the page; None where nobody was asked."""
    try:
        return UUID(request.POST.get(f"hospital-{stay.pk.hex}", ""))
    except ValueError:
        return None


def need_entries(actor: Actor, needs: Iterable[selectors.ShownNeed], names: dict[UUID, str]) -> list[dict[str, Any]]:
    """Needs as pages show them."""
    needs = list(needs)
    words, now = definitions.terms("needs"), clock.now()
    pks = [shown.need.pk for shown in needs]
    allowed = set(Need.objects.visible_to(actor, "need.answer").filter(pk__in=pks).values_list("pk", flat=True))
    places = area_names(shown.need.stay.path for shown in needs)
    return [
        {
            "need": shown.need,
            "label": words.get(shown.need.kind, shown.need.kind),
            "words": shown.need.words,
            "name": names.get(shown.need.stay_id) or shown.need.stay.person.stands_under.masked_name,
            "place": place_of(shown.need.stay, places),
            "order": shown.order,
            "late": shown.order is not None and late(shown.order, now),
            "answers": shown.answers,
            "may_answer": shown.need.pk in allowed and shown.status != "closed",
            "answer_id": uuid4(),
        }
        for shown in needs
    ]


def held_back_rows(actor: Actor, release: selectors.ReleaseList, known: dict[UUID, Row] | None = None) -> list[Row]:
    """Everybody whose last day has come: those who may go, then those who may not, with the reasons."""
    due = [*release.today, *(held.stay for held in release.held_back)]
    refusals: dict[UUID, list[Refusal]] = {held.stay.pk: held.refusals for held in release.held_back}
    found = [known[stay.pk] for stay in due if stay.pk in known] if known is not None else rows(due)
    for row in found:
        row.refusals = refusals.get(row.stay.pk, [])
        row.extra["may_manage"] = _may(actor, "stay.manage", row.stay)
    return found


def _may(actor: Actor, permission: str, stay: Stay) -> bool:
    return actor.may_at(permission, stay.path, stay.organisation_id)


def _back(request: HttpRequest, otherwise: str) -> str:
    """Where to go after a small form that stands on several pages: where it was sent from, if that is ours."""
    wanted = request.POST.get("back", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else otherwise


# --- the county's lists -------------------------------------------------------------------------------------------


@page("stay.read")
def stay_list(request: HttpRequest) -> HttpResponse:
    """Who is under observation in the actor's areas, the next to go home first."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    status, site = request.GET.get("status", ""), request.GET.get("site", "")
    states = [("", _("all that are open")), *((state.name, _(str(state.label))) for state in rules.WORKFLOW.states)]
    status = status if status in dict(states) else ""
    found = selectors.stays(actor, selectors.StayFilter(status=status))
    picker = SitePicker("" if site == HOME else site, actor=actor, permission="stay.read")
    if site == HOME:
        found = found.filter(site=None)
    elif picker.chosen:
        found = found.filter(site=picker.chosen)
    shown = Slice(found, request.GET.get("page"))
    observed = Stay.objects.visible_to(actor).observed()
    context = {
        "rows": listed(actor, shown.items),
        "page": shown,
        "states": states,
        "status": status,
        "picker": picker,
        "sites": []
        if picker.many
        else [(str(each.pk), place_name(each)) for each in picker.rows.order_by("path", "name")],
        "site": str(picker.chosen.pk) if picker.chosen else site,
        "observed": observed.count(),
        "missing": selectors.missing(actor).count(),
        "leaving": observed.filter(release_on__lte=clock.today()).count(),
        "awaited": Stay.objects.visible_to(actor).filter(status="awaited").count(),
        "lost": Stay.objects.visible_to(actor).filter(status="lost").count(),
        "may_manage": actor.may("stay.manage"),
    }
    return render(request, "quarantine/list.html", context)


@page("stay.read")
def stay_missed(request: HttpRequest) -> HttpResponse:
    """Of whom a check-in was owed by now and none came."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    shown = Slice(selectors.missing(actor), request.GET.get("page"))
    found = listed(actor, shown.items)
    for row in found:
        row.extra["may_record"] = _may(actor, "checkin.record", row.stay)
    return render(request, "quarantine/missed.html", {"rows": found, "page": shown})


@page("stay.read")
def stay_releases(request: HttpRequest) -> HttpResponse:
    """Who goes home today and tomorrow, and who could not be released and why."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    release = selectors.release_list(actor)
    every = [*release.today, *release.tomorrow, *(held.stay for held in release.held_back)]
    listed(actor, every)
    due = held_back_rows(actor, release)
    context = {
        "ready": [row for row in due if not row.refusals],
        "held": [row for row in due if row.refusals],
        "tomorrow": rows(release.tomorrow),
        "may_manage": actor.may("stay.manage"),
    }
    return render(request, "quarantine/releases.html", context)


@page("stay.manage")
def stay_release_many(request: HttpRequest) -> HttpResponse:
    """Release everybody who may go home today, after having been read out."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    ready = [row for row in held_back_rows(actor, selectors.release_list(actor)) if not row.refusals]
    ready = [row for row in ready if row.extra["may_manage"]]
    if request.method == "POST":
        wanted = set(request.POST.getlist("stay"))
        chosen = [row.stay.pk for row in ready if str(row.stay.pk) in wanted]
        if chosen:
            services.release_many(chosen, actor)
            messages.success(request, _("{count} released. The home townships were told.").format(count=len(chosen)))
        return redirect("stay-releases")
    listed(actor, [row.stay for row in ready])
    return render(request, "quarantine/release_many.html", {"rows": ready})


@page("stay.read")
def need_list(request: HttpRequest) -> HttpResponse:
    """What people under observation asked for."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    show = request.GET.get("show", "")
    found = selectors.closed_needs(actor) if show == "closed" else selectors.open_needs(actor)
    shown = Slice(found, request.GET.get("page"))
    with transaction.atomic():
        events.record("need.listed", actor, details={"rows": len(shown.items), "names": "masked"})
    context = {
        "needs": need_entries(actor, selectors.shown_needs(shown.items), {}),
        "page": shown,
        "show": show,
        "back": request.get_full_path(),
    }
    return render(request, "quarantine/needs.html", context)


@require_POST
@page("need.answer")
def need_answer(request: HttpRequest, need_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    closes = request.POST.get("closes") == "on"
    try:
        answer_id = UUID(request.POST.get("id", ""))
    except ValueError:
        answer_id = uuid4()
    services.answer(need_id, request.POST.get("words", "")[:500].strip(), actor, closes=closes, id=answer_id)
    messages.success(request, _("The need is settled.") if closes else _("Recorded; the need stays open."))
    return redirect(_back(request, reverse("need-list")))


# --- counts -------------------------------------------------------------------------------------------------------


@page("stay.read")
def stay_counts(request: HttpRequest) -> HttpResponse:
    """How many are tracked and where they stand, as of any evening, by area; what does not add up is listed by name."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    as_of = _day(request.GET.get("as_of", ""))
    as_of = as_of if as_of and as_of < clock.today() else None
    area = chosen_area(request.GET.get("area", ""), as_of or clock.today()) or top_area(actor, "stay.read")
    area = area or _area_of_organisation(actor)
    if area is None:
        raise Refused(refuse("kernel.not_found"))
    diseases = [(entry.code, definitions.label(entry)) for entry in definitions.diseases()]
    disease = request.GET.get("disease", "")
    if disease not in dict(diseases):
        latest = Stay.objects.visible_to(actor).order_by("-opened_at").values_list("disease", flat=True).first()
        disease = latest or diseases[0][0]
    below = list(Area.objects.valid_on(as_of or clock.today()).filter(parent=area).order_by("code"))
    counted = selectors.by_area(actor, below, disease, as_of)
    whole = selectors.tracked(actor, area, disease, as_of)
    missing = selectors.without_stay(actor, area, disease, as_of)
    with transaction.atomic():
        names = selectors.contact_names(actor, [each.contact for each in missing[:PAGE]], area.path)
    columns = [(state.name, _(str(state.label))) for state in rules.WORKFLOW.states]
    here = selectors.by_area(actor, [area], disease, as_of)[area.code]
    beside = {name: here[name] - sum(counted[each.code][name] for each in below) for name, _label in columns}
    lines: list[dict[str, Any]] = [
        {"area": each, "name": area_name(each), "cells": [counted[each.code][name] for name, _label in columns]}
        for each in below
        if any(counted[each.code].values())
    ]
    if lines and any(beside.values()):  # sites that stand for the area as a whole
        lines.append({"area": None, "name": _("in no part of it"), "cells": list(beside.values())})
    context = {
        "area": area,
        "area_label": area_name(area),
        "disease": disease,
        "diseases": diseases,
        "as_of": as_of,
        "today": clock.today(),
        "columns": columns,
        "lines": [{**line, "sum": sum(line["cells"])} for line in lines],
        "whole_line": [*here.values(), sum(here.values())],
        "whole": whole,
        "sums": [(label, whole.by_status.get(name, 0)) for name, label in columns],
        "differences": [
            (each.contact, names[each.contact.pk], _(str(rules.WITHOUT_STAY[each.reason]))) for each in missing[:PAGE]
        ],
        "more": max(0, len(missing) - PAGE),
        "may_manage": actor.may("stay.manage"),
    }
    return render(request, "quarantine/counts.html", context)


def _area_of_organisation(actor: Actor) -> Area | None:
    held = actor.organisations("stay.read")
    site = Site.objects.filter(organisation__in=held, kind=Site.Kind.ISOLATION).select_related("area").first()
    return site.area if site else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(refuse("situation.no_such_day", "as_of", day=text)) from None


# --- one stay -----------------------------------------------------------------------------------------------------


@page("stay.read")
def stay(request: HttpRequest, stay_id: UUID) -> HttpResponse:
    """One stay: where it stands, who it is, what was observed and asked for."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return _stay_page(request, selectors.stay(actor, stay_id))


def _check_form(
    of: Stay, data: Any = None, corrected: CheckIn | None = None, told_by: str = "coordinator"
) -> CheckInForm:
    listed_symptoms = definitions.edition_on(of.disease, clock.today()).listed_symptoms
    return CheckInForm(data, symptoms=listed_symptoms, corrected=corrected, told_by=told_by)


def _to_correct(of: Stay, wanted: str) -> CheckIn | None:
    """The check-in that is to be corrected. Raises Refused when there is none of this id, or it was corrected already."""
    if not wanted:
        return None
    try:
        found = of.checkins.filter(pk=UUID(wanted), corrections=None, retracted=False).first()
    except ValueError:
        found = None
    if found is None:
        raise Refused(refuse("stay.corrects_nothing", "corrects"))
    return found


def _stay_page(
    request: HttpRequest,
    of: Stay,
    form: CheckInForm | None = None,
    need_form: NeedForm | None = None,
    name_hospital: NameHospital | None = None,
) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    with transaction.atomic():
        identity = selectors.identity(actor, of)
    history = selectors.history(of)
    row = rows([of])[0]
    if identity:
        row.name = identity["name"] or row.name
    may_record = _may(actor, "checkin.record", of)
    refusals = services.release_refusals([of])[of.pk] if of.status == "observed" else []
    kinds, language = order_kinds(), definitions.language()
    orders = WorkOrder.objects.visible_to(actor).filter(subject_id=of.pk).order_by("raised_at", "id")
    case, hospital = of.case, services.hospital_of(of)
    checkins = [_checkin_entry(entry, history) for entry in history.checkins]
    context = {
        "stay": of,
        "row": row,
        "identity": identity,
        "open": of.status in rules.OPEN,
        "disease_label": definitions.label(definitions.disease(of.disease)),
        "grounds": definitions.terms("stay_grounds").get(of.grounds, of.grounds),
        "reason": definitions.terms("stay_end_reasons").get(of.reason, of.reason),
        "notice_at": history.standing.notice_at,
        "extensions": history.standing.extensions,
        "missed": history.missed,
        "release_refusals": refusals,
        "form": form
        or _check_form(of, corrected=_to_correct(of, request.GET.get("correct", "") if may_record else "")),
        "checkins": checkins[:SHOWN_CHECKINS],
        "earlier_checkins": checkins[SHOWN_CHECKINS:],
        "earlier_alarm": any(entry["alarm"] for entry in checkins[SHOWN_CHECKINS:]),
        "needs": need_entries(actor, selectors.needs_of(actor, of), {of.pk: row.name}),
        "need_form": need_form or NeedForm(),
        "links": [_link_entry(link, of) for link in selectors.links_of(of)],
        "orders": [(order, kinds[order.kind].label[language]) for order in orders],
        "entries": [_entry(entry, history, of) for entry in history.entries],
        "hospital": hospital,
        "hospital_label": place_name(hospital) if hospital else "",
        "name_hospital": name_hospital or _name_hospital(of, actor),
        "home_desks": desks_of(of.home_path)
        if of.status == "released" or not refusals and of.status == "observed"
        else [],
        "case_url": reverse("case", args=[case.pk]) if case and actor.may("case.read") else "",
        "may_open_site": of.site_id is not None and selectors.sites_visible_to(actor).filter(pk=of.site_id).exists(),
        "may_record": may_record,
        "may_manage": _may(actor, "stay.manage", of),
        "may_ask": may_record,
        "back": request.path,
    }
    wrong = bool(form or need_form or name_hospital)
    return render(request, "quarantine/stay.html", context, status=422 if wrong else 200)


def _name_hospital(of: Stay, actor: Actor, data: Any = None) -> NameHospital | None:
    """The form that asks for the receiving hospital, while the county is to name one and the actor may."""
    sought = WorkOrder.objects.unfinished().filter(kind="find_hospital", subject_id=of.pk).exists()
    return NameHospital(data, of=of) if sought and _may(actor, "stay.manage", of) else None


@require_POST
@page("stay.manage")
def stay_hospital(request: HttpRequest, stay_id: UUID) -> HttpResponse:
    """Which hospital receives somebody who fell ill where none is designated."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    of = selectors.stay(actor, stay_id, "stay.manage")
    form = _name_hospital(of, actor, request.POST)
    if form is None:
        raise Refused(refuse("stay.hospital_not_sought"))
    if form.is_valid():
        try:
            services.name_hospital(of.pk, form.cleaned_data["hospital"], actor)
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, _("The hospital was asked to receive the person."))
            return redirect("stay", of.pk)
    return _stay_page(request, of, name_hospital=form)


def _checkin_entry(check: CheckIn, history: selectors.History) -> dict[str, Any]:
    return {
        "check": check,
        "alarm": history.alarms.get(check.pk),
        "symptoms": symptoms_in_words(check.symptoms),
        "words": check.words,
        "told_by": TELLERS.get(check.told_by, check.told_by),
        "by": check.by.display_name if check.by else "",
        "late": check.recorded_at - check.observed_at > LATE_ENTRY,
        "replaced": check.pk in history.replaced,
        "retracted": check.retracted,
    }


def _entry(entry: Any, history: selectors.History, of: Stay) -> dict[str, Any]:
    kind = services.event_of(entry)
    details = []
    if entry.last_on:
        details.append(_("last exposed on {day}").format(day=entry.last_on))
    if entry.kind in ("arrival", "move"):
        name = place_name(entry.site) if entry.site else _("at home")
        details.append(f"{name} · {_('room {room}').format(room=entry.room.name)}" if entry.room else name)
    if entry.kind == "ordered":
        details.append(definitions.terms("stay_grounds").get(entry.reason, entry.reason))
    if entry.kind == "end" and entry.reason != rules.COMPLETED:
        details.append(definitions.terms("stay_end_reasons").get(entry.reason, entry.reason))
    if entry.notice:
        details.append(_("notice {number}").format(number=entry.notice))
    return {
        "entry": entry,
        "label": events.kinds()[kind],
        "detail": " · ".join(details),
        "words": entry.words,
        "late": entry.recorded_at - entry.happened_at > LATE_ENTRY,
        "replaced": entry.pk in history.replaced,
        "may_take_back": entry.kind in services.BY_HAND
        and not (entry.kind == "exposure" and entry.case_id)  # told by tracing, and corrected there
        and entry.pk not in history.replaced
        and not entry.retracted,
    }


def _link_entry(link: PersonalLink, of: Stay) -> dict[str, Any]:
    live = link.revoked_at is None and link.expires_at > clock.now() and of.status in rules.OPEN
    if link.revoked_at is not None:
        state = _("taken back {at}").format(at=_minute(link.revoked_at))
    elif live:
        state = _("valid until {at}").format(at=_minute(link.expires_at))
    else:
        state = _("no longer valid")
    made = _("made {at}").format(at=_minute(link.made_at))
    return {"link": link, "live": live, "words": f"{TELLERS[link.told_by]} · {made} · {state}"}


def _minute(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


@require_POST
@page("checkin.record")
def stay_checkin(request: HttpRequest, stay_id: UUID) -> HttpResponse:
    """One check-in entered by hand, or the correction of one. What is alarming is confirmed first."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    of = selectors.stay(actor, stay_id)
    form = _check_form(of, request.POST, _to_correct(of, request.POST.get("corrects", "")))
    if form.is_valid():
        new = form.check(of.pk)
        if alarming(of, new) and not confirmed(request):
            return ask_first(request, [(rows([of])[0], new)], _carried(request), reverse("stay", args=[of.pk]))
        try:
            checked = services.check_in(replace(new, hospital_id=hospital_chosen(request, of)), actor)
        except Refused as no:
            take(form, no)
        else:
            say_recorded(request, checked)
            return redirect("stay", of.pk)
    return _stay_page(request, of, form=form)


def _carried(request: HttpRequest) -> list[tuple[str, str]]:
    left_out = ("csrfmiddlewaretoken", "sure")
    return [(name, value) for name, values in request.POST.lists() if name not in left_out for value in values]


def say_recorded(request: HttpRequest, checked: services.Checked) -> None:
    """Tell what came of a check-in."""
    if checked.case is not None:
        words = _("Recorded. The alert, the transfer and the notification {number} are on their way.")
        messages.warning(request, words.format(number=checked.case.number))
    else:
        messages.success(request, _("Recorded."))


@page("checkin.record")
def stay_feverish(request: HttpRequest, stay_id: UUID) -> HttpResponse:
    """Fever or a listed symptom now: what follows is named, and one tap does all of it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    of = selectors.stay(actor, stay_id, "checkin.record")
    edition = definitions.edition_on(of.disease, clock.today())
    form = CheckInForm(request.POST or None, symptoms=edition.listed_symptoms)
    for name in ("observed_at", "corrects", "told_by"):
        del form.fields[name]
    if request.method == "POST" and form.is_valid():
        new = form.check(of.pk, "coordinator")
        if alarming(of, new):
            try:
                new = replace(new, hospital_id=hospital_chosen(request, of))
                say_recorded(request, services.check_in(new, actor))
                return redirect("stay", of.pk)
            except Refused as no:
                take(form, no)
        else:
            limit = edition.fever_from
            words = _(
                "This is not alarming: give {limit} °C or more, or a listed symptom. Otherwise enter a plain check-in."
            )
            form.add_error("temperature", words.format(limit=limit))
    row = rows([of])[0]
    context = {"row": row, "form": form, "steps": what_follows(of), **hospital_choice(of)}
    return render(request, "quarantine/feverish.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@page("checkin.record")
def stay_need(request: HttpRequest, stay_id: UUID) -> HttpResponse:
    """A need told to whoever looks after somebody."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    of = selectors.stay(actor, stay_id)
    form = NeedForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            new = services.NewNeed(given["kind"], given["words"], of.pk, "coordinator", id=given["id"])
            services.ask(new, actor)
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, _("Recorded and passed on."))
            return redirect("stay", of.pk)
    return _stay_page(request, of, need_form=form)


@page("stay.manage")
def stay_new(request: HttpRequest) -> HttpResponse:
    """Take somebody in: a contact who has no stay yet, or a person who is on no list."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    contact = _contact(actor, request.GET.get("contact", ""))
    if contact is not None:
        open_stay = selectors.open_stay_of(contact)
        if open_stay is not None:
            return redirect("stay-move" if open_stay.status == "awaited" else "stay", open_stay.pk)
    if (sent := _sent_before(request)) and Stay.objects.visible_to(actor).filter(pk=sent).exists():
        return redirect("stay", sent)
    picker = SitePicker(request.GET.get("site", ""), actor=actor, permission="stay.manage")
    latest = Stay.objects.visible_to(actor).order_by("-opened_at").values_list("disease", flat=True).first()
    disease = contact.disease if contact else latest or ""
    form = Admission(request.POST or None, picker=picker, known=contact is not None, disease=disease)
    if request.method == "POST" and form.is_valid():
        try:
            taken_in = _take_in(form, contact, actor)
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, _("Taken in."))
            return redirect("stay", taken_in.pk)
    context = {
        "form": form,
        "title": _("Take in"),
        "about": _("Contacts that tracing has entered are expected already: open their stay and take them in there."),
        "button": _("Take in"),
        "back": reverse("isolation-site", args=[form.site_id]) if form.site_id else reverse("stay-list"),
        "contact": contact,
    }
    return render(request, "quarantine/form.html", context, status=422 if request.method == "POST" else 200)


def _sent_before(request: HttpRequest) -> UUID | None:
    """The id that a form was sent with. Sent again it finds its room taken by itself, so what was done is looked for first."""
    try:
        return UUID(request.POST.get("id", ""))
    except ValueError:
        return None


def _contact(actor: Actor, text: str) -> Contact | None:
    try:
        return Contact.objects.visible_to(actor, "contact.identify").filter(pk=UUID(text)).first() if text else None
    except ValueError:
        raise Refused(refuse("kernel.not_found")) from None


def _take_in(form: Admission, contact: Contact | None, actor: Actor) -> Stay:
    """Write down the decision and the arrival, both or neither."""
    given, room = form.cleaned_data, form.room
    new = services.NewStay(
        person=contact.person_id if contact else form.person(),
        disease=given["disease"],
        grounds=given["grounds"],
        area=contact.area if contact else given["home"],
        site_id=room.site_id if room else None,
        exposures=(services.NewExposure(given["last_on"]),),
        notice=given["notice"],
        words=given["words"],
        ordered_at=given["happened_at"],
        id=given["id"],
    )
    with transaction.atomic():
        opened = services.open_stay(new, actor)
        if opened.status != "awaited":
            return opened
        arrival = services.NewEntry(
            opened.pk,
            "arrival",
            given["happened_at"],
            site_id=room.site_id if room else None,
            room_id=room.pk if room else None,
            area=given["area"] or (None if room else new.area),
            id=uuid5(given["id"], "arrival"),
        )
        return services.enter(arrival, actor)


@page("stay.manage")
def stay_move(request: HttpRequest, stay_id: UUID) -> HttpResponse:
    """Take in somebody who is expected, or move them to another room, another site, or home."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    of = selectors.stay(actor, stay_id, "stay.manage")
    if (sent := _sent_before(request)) and of.entries.filter(pk=sent).exists():
        return redirect("stay", of.pk)
    arriving = of.status == "awaited"
    picker = SitePicker(request.GET.get("site", ""), actor=actor, permission="stay.manage")
    form: Place = (Arrival if arriving else Place)(request.POST or None, picker=picker)
    if request.method == "POST" and form.is_valid():
        try:
            said = _move(of, form, actor)
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, said)
            return redirect("stay", of.pk)
    title = _("Take in") if arriving else _("Move")
    about = _("Rooms with a free bed that are disinfected. A room that is left waits for disinfection.")
    return _form_page(request, form, title, about, rows([of])[0])


def _move(of: Stay, form: Place, actor: Actor) -> str:
    """Write down where somebody is now, or is to go; gives what to say of it."""
    given = form.cleaned_data
    if isinstance(form, Arrival) and (site_id := form.to_site):
        services.send_to(of.pk, site_id, actor, notice=given["notice"], words=given["words"])
        return _("The site was told to expect the person.")
    room, arriving = form.room, isinstance(form, Arrival)
    entry = services.NewEntry(
        of.pk,
        "arrival" if arriving else "move",
        given["happened_at"],
        site_id=room.site_id if room else None,
        room_id=room.pk if room else None,
        area=given["area"],
        words=given["words"],
        id=given["id"],
    )
    entries = [entry]
    if given.get("notice"):
        served = services.NewEntry(
            of.pk, "notice", given["happened_at"], notice=given["notice"], id=uuid5(entry.id, "notice")
        )
        entries.append(served)
    services.enter_many(entries, actor)
    return _("Taken in.") if arriving else _("Moved.")


@page("stay.manage")
def stay_exposed(request: HttpRequest, stay_id: UUID) -> HttpResponse:
    """Another exposure during observation: the release day is put off, and the reason stands on the page."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    of = selectors.stay(actor, stay_id, "stay.manage")
    form = FurtherExposure(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        entry = services.NewEntry(
            of.pk, "exposure", last_on=given["last_on"], owes=True, words=given["words"], id=given["id"]
        )
        try:
            now = services.enter(entry, actor)
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, _("Recorded. The release day is {day}.").format(day=now.release_on))
            return redirect("stay", of.pk)
    about = _("Exposures to a case that tracing knows are entered with the contact and come here by themselves.")
    return _form_page(request, form, _("Exposed again"), about, rows([of])[0])


@page("stay.manage")
def stay_notice(request: HttpRequest, stay_id: UUID) -> HttpResponse:
    """A legal notice served during observation."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    of = selectors.stay(actor, stay_id, "stay.manage")
    form = Notice(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        entry = services.NewEntry(of.pk, "notice", given["happened_at"], notice=given["notice"], id=given["id"])
        try:
            services.enter(entry, actor)
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, _("Recorded."))
            return redirect("stay", of.pk)
    return _form_page(request, form, _("Legal notice served"), "", rows([of])[0])


@page("stay.manage")
def stay_hand_over(request: HttpRequest, stay_id: UUID) -> HttpResponse:
    """Ask another place to take somebody over; until it accepts, the stay remains here."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    of = selectors.stay(actor, stay_id, "stay.manage")
    form = HandOver(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.hand_over(of.pk, form.cleaned_data["area"], actor)
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, _("The other place was asked. Until it accepts, the person is observed here."))
            return redirect("stay", of.pk)
    about = _("Once they have accepted, the stay can be ended here as moved elsewhere.")
    return _form_page(request, form, _("Hand over to another place"), about, rows([of])[0])


@require_POST
@page("stay.manage")
def stay_take_back(request: HttpRequest, stay_id: UUID, entry_id: UUID) -> HttpResponse:
    """Say that an entry of a stay never happened. It stays on record, marked as taken back."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    of = selectors.stay(actor, stay_id, "stay.manage")
    entry = of.entries.filter(pk=entry_id, corrections=None, retracted=False).first()
    if entry is None:
        raise Refused(refuse("stay.corrects_nothing"))
    taken_back = services.NewEntry(
        of.pk, entry.kind, entry.happened_at, last_on=entry.last_on, corrects=entry.pk, retracted=True
    )
    services.enter(taken_back, actor)
    messages.success(request, _("Taken back. What follows from the other entries holds now."))
    return redirect("stay", of.pk)


@page("stay.manage")
def stay_end(request: HttpRequest, stay_id: UUID) -> HttpResponse:
    """End observation early for an allowed reason, or say that somebody was lost from sight or found again."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    of = selectors.stay(actor, stay_id, "stay.manage")
    reasons = definitions.observation_on(of.disease, clock.today()).early_end
    form = Ending(
        request.POST or None, status=of.status, reasons=reasons, initial={"what": request.GET.get("what", "")}
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            if given["what"] in ("lost", "found"):
                services.enter(
                    services.NewEntry(of.pk, given["what"], given["happened_at"], words=given["words"]), actor
                )
            else:
                services.end_early(of.pk, given["what"], actor, words=given["words"], happened_at=given["happened_at"])
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, _("Recorded."))
            return redirect("stay", of.pk)
    about = _("Observation ends early only for the reasons listed. The release on its day is on the page of the stay.")
    return _form_page(request, form, _("End, lost or found"), about, rows([of])[0])


def _form_page(request: HttpRequest, form: forms.Form, title: str, about: str, row: Row) -> HttpResponse:
    context = {"form": form, "title": title, "about": about, "row": row, "button": _("Record")}
    context["back"] = reverse("stay", args=[row.stay.pk])
    return render(request, "quarantine/form.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@page("stay.manage")
def stay_release(request: HttpRequest, stay_id: UUID) -> HttpResponse:
    services.release(stay_id, request.actor)  # type: ignore[attr-defined]
    messages.success(request, _("Released. The home township was told; the certificate can be printed."))
    return redirect("stay", stay_id)


@page("stay.identify")
def stay_certificate(request: HttpRequest, stay_id: UUID) -> HttpResponse:
    """The certificate of release as a PDF to sign and stamp."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    response = HttpResponse(certificate(stay_id, actor), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="certificate-{stay_id.hex[-8:]}.pdf"'
    return response


# --- personal links -----------------------------------------------------------------------------------------------


@require_POST
@page("stay.manage")
def stay_link(request: HttpRequest, stay_id: UUID) -> HttpResponse:
    """Make a personal link and show it this once, as an address and as a code to scan. Nothing of it is kept here."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    told_by = request.POST.get("told_by", "self")
    link, token = services.make_link(stay_id, actor, told_by=told_by)
    of = selectors.stay(actor, stay_id)
    address = request.build_absolute_uri(reverse("personal", args=[token]))
    drawn = segno.make(address, error="m", micro=False).svg_inline(border=4, omitsize=True)
    context = {
        "stay": of,
        "room": of.room.name if of.room else "",
        "address": address,
        "qr": mark_safe(drawn),  # drawn by segno from our own address
        "until": link.expires_at,
        "emergency": settings.EMERGENCY_NUMBER,
    }
    response = render(request, "quarantine/link.html", context)
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_POST
@page("stay.manage")
def link_revoke(request: HttpRequest, link_id: UUID) -> HttpResponse:
    link = services.revoke_link(link_id, request.actor)  # type: ignore[attr-defined]
    messages.success(request, _("The link was taken back."))
    return redirect(reverse("stay", args=[link.stay_id]) + "#links")


# --- doors --------------------------------------------------------------------------------------------------------

MOST_DOORS = 200


@page("checkin.record")
def doors(request: HttpRequest) -> HttpResponse:
    """Who is observed at home in a grid worker's area, in the order of the addresses, with the telephone."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    with transaction.atomic():
        found, more = selectors.doors(actor, MOST_DOORS)
    places = area_names(each.path for each in found)
    every = {row.stay.pk: row for row in present_guests([guest for each in found for guest in each.guests])}
    behind = [
        {
            "address": each.address,
            "area": places.get(each.path, ""),
            "people": [(every[guest.stay.pk], each.phones[guest.stay.pk]) for guest in each.guests],
        }
        for each in found
    ]
    context = {"doors": behind, "left": sum(row.missing for row in every.values()), "more": more, "most": MOST_DOORS}
    return render(request, "quarantine/doors.html", context)


@page("checkin.record")
def door(request: HttpRequest, stay_id: UUID) -> HttpResponse:
    """One check-in at a door: big fields, then back to the doors."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    of = selectors.stay(actor, stay_id, "checkin.record")
    form = _check_form(of, request.POST or None, told_by="grid_worker")
    for name in ("corrects", "told_by"):
        del form.fields[name]
    if request.method == "POST" and form.is_valid():
        new = form.check(of.pk, "grid_worker")
        if alarming(of, new) and not confirmed(request):
            return ask_first(request, [(rows([of])[0], new)], _carried(request), request.path)
        try:
            new = replace(new, hospital_id=hospital_chosen(request, of))
            say_recorded(request, services.check_in(new, actor))
            return redirect(reverse("doors") + f"#s-{of.pk}")
        except Refused as no:
            take(form, no)
    context = {"row": rows([of])[0], "form": form}
    return render(request, "quarantine/door.html", context, status=422 if request.method == "POST" else 200)
