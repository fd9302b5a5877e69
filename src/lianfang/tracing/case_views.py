"""Tracing seen from a case: its contacts, where it was, from whom and whom it may have infected, and entering contacts."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.views import page
from lianfang.registry import services as registry
from lianfang.registry.selectors import area_name, top_area
from lianfang.surveillance import selectors as surveillance
from lianfang.surveillance.models import CaseVersion
from lianfang.workorders.models import WorkOrder

from . import entering, roster, selectors, services
from .forms import ContactForm, LinkForm, PasteForm, PresenceForm, VisitForm, take, visit_initial
from .models import Visit
from .presenting import category_words, exposure_words, judged_words, lines_shown, unasked_words, window_words

SHOWN = 200  # lines of a preview on screen; all are entered


def as_of_day(request: HttpRequest) -> date | None:
    """The evening that a page is to show; None for today and later. Raises Refused for what is no day."""
    text = request.GET.get("as_of", "")
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(refuse("situation.no_such_day", "as_of", day=text)) from None
    return day if day and day < clock.today() else None


def _case(actor: Actor, case_id: UUID, day: date | None = None, permission: str = "contact.read") -> CaseVersion:
    return surveillance.case(actor, case_id, known_on=day, permission=permission)


@page("contact.read")
def tracing(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """A case with its contacts, the places it visited, and forward and backward tracing."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    as_of = as_of_day(request)
    version = _case(actor, case_id, as_of)
    form = None
    if (wanted := request.GET.get("correct", "")) and not as_of:
        visit = next((each for each in selectors.visits_of(case_id) if str(each.pk) == wanted), None)
        if visit is None:
            raise Refused(refuse("exposure.corrected_before"))
        form = VisitForm(actor=actor, path=version.path, initial=visit_initial(visit))
    return _tracing_page(request, version, as_of, form)


def _tracing_page(
    request: HttpRequest, version: CaseVersion, as_of: date | None, form: VisitForm | None = None, status: int = 200
) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    moment = surveillance.end_of(as_of)
    case_id = version.case_id
    found = selectors.contacts_of_case(actor, case_id, moment)
    with transaction.atomic():
        details = {"case": str(case_id), "rows": len(found), "names": "masked"}
        events.record("contact.listed", actor, path=version.path, details=details)
    window = selectors.window_of(version, as_of, moment)
    unasked = selectors.unasked_days(version, moment)
    may_trace = actor.may_at("contact.trace", version.path) and not as_of
    orders = WorkOrder.objects.filter(subject_id=case_id, kind="trace_contacts").order_by("raised_at")
    labels = definitions.all_class_labels()
    told = {
        "backward": selectors.backward(actor, version, moment),
        "forward": selectors.forward(actor, version, moment),
    }
    return render(
        request,
        "tracing/case.html",
        {
            "version": version,
            "case": version.case,
            "as_of": as_of,
            "disease_label": definitions.label(definitions.disease(version.disease)),
            "class_label": labels.get((version.disease, version.classification), version.classification),
            "window": window,
            "window_words": window_words(window),
            "unasked": unasked_words(unasked) if unasked else "",
            "rejudged": _rejudged(found, version),
            "judged_by_hand": sum(
                entry.judged for line in found for entry in line.exposures if entry.case_id == case_id
            ),
            "contacts": lines_shown(found, case_id),
            "counts": _counts(found),
            "visits": selectors.visits_of(case_id, moment),
            "visit_form": form or (VisitForm(actor=actor, path=version.path) if may_trace else None),
            "order": orders.filter(closed_at=None).first() or orders.last(),
            "may_trace": may_trace,
            "may_link": actor.may_at("case.update", version.path) and not as_of,
            "link_form": LinkForm(),
            **{
                way: [
                    (
                        entry,
                        labels.get((entry.version.disease, entry.version.classification), ""),
                        [exposure_words(exposure) for exposure in entry.exposures],
                    )
                    for entry in entries
                ]
                for way, entries in told.items()
            },
        },
        status=status,
    )


def _rejudged(found: list[selectors.Line], version: CaseVersion) -> list[dict[str, Any]]:
    """The exposures to a case that were judged anew, with what they were and what they are."""
    return [
        {
            "contact": line.contact,
            "words": exposure_words(entry),
            "before": category_words(version.disease, entry.corrects.edition, entry.corrects.category),
            "now": category_words(version.disease, entry.edition, entry.category),
            "why": judged_words(entry),
            "owes": line.owes,
        }
        for line in found
        for entry in line.exposures
        if entry.case_id == version.case_id and entry.rejudged and entry.corrects
    ]


def _counts(found: list[selectors.Line]) -> dict[str, int]:
    codes = [line.standing.code for line in found]
    return {
        "all": len([code for code in codes if code != "none"]),
        "reached": codes.count("reached"),
        "open": codes.count("new") + codes.count("tried") + codes.count("refused"),
        "cases": codes.count("case"),
    }


@require_POST
@page("contact.trace")
def tracing_done(request: HttpRequest, case_id: UUID) -> HttpResponse:
    services.complete_tracing(case_id, request.actor)  # type: ignore[attr-defined]
    messages.success(request, _("The contacts of this case are listed. More can be added at any time."))
    return redirect("tracing", case_id)


@page("contact.trace")
def contact_new(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Enter one contact. Whom it may be is asked before anything is written."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    version = _case(actor, case_id, permission="contact.trace")
    edition = definitions.edition_on(version.disease, clock.today())
    about: dict[str, Any] = {"actor": actor, "path": version.path, "edition": edition}
    likely: list[Any] = []
    if request.method == "POST":
        form = ContactForm(request.POST, **about)
        if form.is_valid():
            if not form.cleaned_data["checked"] and not form.cleaned_data["same_person_as"]:
                described = form.person()
                likely = registry.disclosed(actor, registry.likely_same([described]).get(described.id, []))
            if not likely:
                try:
                    added = services.add_contact(form.contact(case_id), actor)
                except Refused as no:
                    take(form, no)
                else:
                    said = _("This person was a contact already; the exposure was added.")
                    messages.success(request, said if added.known_before else _("The contact was entered."))
                    if request.POST.get("another"):
                        return redirect("contact-new", case_id)
                    return redirect("contact", added.contact.pk)
    else:
        form = ContactForm(initial={"area": f"{version.area.code} {area_name(version.area)}"}, **about)
    return render(
        request,
        "tracing/contact_new.html",
        {
            "form": form,
            "likely": likely,
            "version": version,
            "case": version.case,
            "window_words": window_words(selectors.window_of(version)),
        },
        status=422 if form.errors or likely else 200,
    )


@page("contact.trace")
def contact_paste(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Enter a list of contacts: first what would be entered is shown, then it is."""
    return paste_page(request, case_id, request.POST if request.method == "POST" else None)


def paste_page(request: HttpRequest, case_id: UUID, data: Any) -> HttpResponse:
    """The page of a list: empty, with what was read of ``data``, or done. A file comes here as the text it holds."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    version = _case(actor, case_id, permission="contact.trace")
    form = PasteForm(data, actor=actor, path=version.path)
    shown: list[entering.Prepared] = []
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            prepared = entering.prepare(given["text"], version, actor, form.for_all())
            if data.get("enter"):
                return _entered(request, version, prepared)
            shown = entering.with_likely(prepared, actor)
        except Refused as no:
            take(form, no)
    return render(
        request,
        "tracing/contact_paste.html",
        {
            "form": form,
            "version": version,
            "case": version.case,
            "rows": [(each, exposure_words(each.entry.exposure)) for each in shown[:SHOWN]],
            "count": sum(each.enters and not each.here for each in shown),
            "here": sum(each.here for each in shown),
            "refused": [each for each in shown if not each.enters],
            "more": max(0, len(shown) - SHOWN),
            "unnamed": bool(shown) and roster.names_no_names(form.cleaned_data["text"]),
            "window_words": window_words(selectors.window_of(version)),
        },
        status=422 if form.errors else 200,
    )


def _entered(request: HttpRequest, version: CaseVersion, prepared: list[entering.Prepared]) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    choices = {
        int(name.removeprefix("who-")): str(value)
        for name, value in request.POST.items()
        if name.startswith("who-") and name[4:].isdigit() and value
    }
    try:
        outcome = entering.enter(prepared, choices, actor)
    except ValueError:
        raise Refused(refuse("kernel.not_found", "same_person_as")) from None
    new = sum(not added.known_before for added in outcome.added)
    messages.success(
        request,
        ngettext("{count} contact entered, {known} known before.", "{count} contacts entered, {known} known before.", new)
        .format(count=new, known=len(outcome.added) - new),
    )  # fmt: skip
    if not outcome.refused:
        return redirect("tracing", version.case_id)
    given = request.POST.dict()
    form = PasteForm({**given, "text": entering.text_of(outcome.refused)}, actor=actor, path=version.path)
    context = {
        "form": form,
        "version": version,
        "case": version.case,
        "left": [(each, [str(no) for no in each.refused]) for each in outcome.refused],
        "window_words": window_words(selectors.window_of(version)),
    }
    return render(request, "tracing/contact_paste.html", context)


@page("contact.trace")
def contact_found(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Who was at one place with the case at one time, by the lists taken in. Those ticked become contacts."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    version = _case(actor, case_id, permission="contact.trace")
    far = request.GET.get("far") == "1"
    found = selectors.found_by_place(actor, version, include_far=far)
    with transaction.atomic():
        details = {"rows": len(found)}
        events.record("presence.compared", actor, subject=("case", case_id), path=version.path, details=details)
    if request.method == "POST":
        chosen = set(request.POST.getlist("line"))
        picked = [each for each in found if str(each.presence.pk) in chosen and each.presence.contact_id is None]
        added = _add_found(picked, version, actor)
        messages.success(request, ngettext("{n} contact entered.", "{n} contacts entered.", added).format(n=added))
        return redirect("tracing", case_id)
    return render(
        request,
        "tracing/found.html",
        {"version": version, "case": version.case, "found": found, "far": far,
         "window_words": window_words(selectors.window_of(version))},
    )  # fmt: skip


def _add_found(found: list[selectors.Found], version: CaseVersion, actor: Actor) -> int:
    """Enter people found on presence lists as contacts, one exposure for each visit they shared."""
    by_line: dict[UUID, list[selectors.Found]] = {}
    for each in found:
        by_line.setdefault(each.presence.pk, []).append(each)
    rows = [entering.row_of(shared[0].presence.said, n) for n, shared in enumerate(by_line.values())]
    prepared = entering.prepare_rows(rows, version, actor)
    with transaction.atomic():
        added = services.add_contacts(
            [
                replace(
                    one.entry,
                    id=uuid5(version.case_id, f"contact {pk}"),
                    person=replace(one.entry.person, id=uuid5(version.case_id, f"person {pk}")),
                    exposure=_exposed(one.entry.exposure, shared[0]),
                )
                for one, (pk, shared) in zip(prepared, by_line.items(), strict=True)
            ],
            actor,
        )
        for one, shared in zip(added, by_line.values(), strict=True):
            for again in shared[1:]:
                services.add_exposure(one.contact.pk, _exposed(one.exposure, again), actor)
        services.mark_found({pk: one.contact for pk, one in zip(by_line, added, strict=True)})
    return len({one.contact.pk for one in added})


def _exposed(told: Any, found: selectors.Found) -> services.ExposureTold:
    """The exposure of somebody who was found where a case was."""
    vehicle = bool(found.listed.vehicle)
    return services.ExposureTold(
        told.case_id,
        kind="vehicle" if vehicle else "same_place",
        relation="fellow_traveller" if vehicle else "",
        first_on=found.on,
        last_on=found.on,
        site_id=found.visit.site_id,
        note=found.listed.title,
        id=uuid5(found.visit.case_id, f"{found.presence.pk} {found.visit.pk}"),
    )


@page("contact.trace")
def presence_new(request: HttpRequest) -> HttpResponse:
    """Take in a list of who was at a place."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    area = top_area(actor, "contact.trace")
    path = area.path if area else ""
    back = request.GET.get("case", "")
    form = PresenceForm(request.POST or None, actor=actor, path=path)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            lines = entering.presence_lines(given["lines"], clock.today())
            services.record_presence(
                given["site"].pk, given["kind"], given["title"], given["from_at"], given["until_at"], lines, actor,
                vehicle=given["vehicle"],
            )  # fmt: skip
        except Refused as no:
            take(form, no)
        else:
            said = ngettext("A list of {n} person was taken in.", "A list of {n} people was taken in.", len(lines))
            messages.success(request, said.format(n=len(lines)))
            try:
                return redirect("contact-found", UUID(back))
            except ValueError:
                return redirect("contact-list")
    context = {"form": form, "back": back}
    return render(request, "tracing/presence_new.html", context, status=422 if form.errors else 200)


@require_POST
@page("contact.trace")
def visit_record(request: HttpRequest, case_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    version = _case(actor, case_id, permission="contact.trace")
    form = VisitForm(request.POST, actor=actor, path=version.path)
    if form.is_valid():
        try:
            services.record_visit(case_id, form.told(), actor, corrects=form.cleaned_data["corrects"])
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, _("Recorded."))
            return redirect(reverse("tracing", args=[case_id]) + "#visits")
    return _tracing_page(request, version, None, form, status=422)


@require_POST
@page("contact.trace")
def visit_retract(request: HttpRequest, case_id: UUID, visit_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not Visit.objects.visible_to(actor).filter(pk=visit_id, case=case_id).exists():
        raise Refused(refuse("kernel.not_found"))
    services.retract_visit(visit_id, actor)
    messages.success(request, _("Taken back. The entry stays on record."))
    return redirect(reverse("tracing", args=[case_id]) + "#visits")


@require_POST
@page("case.update")
def link_state(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """State from this page who infected whom: backward another case infected this one, forward this one another."""
    form = LinkForm(request.POST)
    if not form.is_valid():
        raise Refused(refuse("link.unknown_certainty", "certainty", certainty=request.POST.get("certainty", "")[:20]))
    actor: Actor = request.actor  # type: ignore[attr-defined]
    other = form.cleaned_data["other"]
    if other is None:
        other = selectors.case_numbered(actor, form.cleaned_data["number"], _case(actor, case_id).disease)
    infector, infectee = (other, case_id) if form.cleaned_data["way"] == "backward" else (case_id, other)
    services.state_link(infector, infectee, form.cleaned_data["certainty"], actor)
    messages.success(request, _("Recorded."))
    return redirect("tracing", case_id)
