"""Contacts: whom to call today, one contact with all that is known, and hand-overs between counties."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.spreadsheets import as_csv
from lianfang.kernel.views import page
from lianfang.registry.area_views import area_asked
from lianfang.registry.models import Area
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import selectors as surveillance
from lianfang.surveillance import services as cases
from lianfang.surveillance.evidence import Evidence

from . import rules, selectors, services
from .case_views import as_of_day
from .forms import CallForm, ExposureForm, HandOverForm, NotifyForm, call_initial, exposure_initial, take
from .models import Contact, ContactCall, Exposure
from .presenting import category_words, exposure_words, judged_words, lines_shown, standing_words


def _area(request: HttpRequest) -> Area | None:
    return area_asked(request.GET.get("area", ""), clock.today())


@page("contact.read")
def contact_list(request: HttpRequest) -> HttpResponse:
    """Whom to call today, or all contacts of an area as known on an evening."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    view = "all" if request.GET.get("view") == "all" else "call"
    area, as_of = _area(request), as_of_day(request) if view == "all" else None
    path = area.path if area else ""
    more: str | None = None
    if view == "call":
        start = request.GET.get("after", "")
        offset = int(start) if start.isdigit() and len(start) < 8 else 0
        found = selectors.call_list(actor, path, offset=offset)
        waiting = selectors.to_call(actor, path).count()
        more = str(offset + selectors.PAGE) if waiting > offset + selectors.PAGE else None
    else:
        wanted = selectors.ContactFilter(path, request.GET.get("disease", ""), as_of)
        place = surveillance.read_place(request.GET.get("after", ""))
        contacts, following = selectors.contact_page(actor, wanted, place)
        found = selectors.lines(actor, contacts, surveillance.end_of(as_of))
        waiting, more = selectors.to_call(actor, path).count(), surveillance.write_place(following)
    with transaction.atomic():
        events.record("contact.listed", actor, path=path, details={"rows": len(found), "names": "masked"})
    return render(
        request,
        "tracing/contact_list.html",
        {
            "view": view,
            "rows": lines_shown(found),
            "waiting": waiting,
            "area": area,
            "as_of": as_of,
            "more": more,
            "after": request.GET.get("after", ""),
            "offers": len(selectors.offers(actor)["to_us"]),
            "diseases": [(entry.code, definitions.label(entry)) for entry in definitions.diseases()],
            "disease": request.GET.get("disease", ""),
        },
    )


@require_POST
@page("contact.read")
def contact_search(request: HttpRequest) -> HttpResponse:
    """Contacts by number, or exactly by name, ID number or telephone. Posted: a name does not belong into an address."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    with transaction.atomic():
        shown = selectors.search(actor, request.POST.get("q", "").strip())
    if len(shown) == 1:
        return redirect("contact", shown[0].pk)
    context = {"view": "search", "rows": lines_shown(selectors.lines(actor, shown)), "offers": 0}
    return render(request, "tracing/contact_list.html", context)


EXPORTED = (
    "contact", "disease", "area_code", "area", "standing", "attempts", "first_recorded_at", "exposures", "cases",
    "last_exposure", "category", "edition",
)  # fmt: skip


@page("case.export")
def contact_export(request: HttpRequest) -> StreamingHttpResponse:
    """The contacts of an area as CSV, names left out. Written as it is read."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    area, as_of = _area(request), as_of_day(request)
    wanted = selectors.ContactFilter(area.path if area else "", request.GET.get("disease", ""), as_of)
    with transaction.atomic():
        events.record("contact.exported", actor, path=wanted.path, details={"names": "left out"})
    response = StreamingHttpResponse(as_csv(_exported(actor, wanted)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="contacts-{clock.today()}.csv"'
    return response


def _exported(actor: Actor, wanted: selectors.ContactFilter) -> Iterator[tuple[Any, ...]]:
    yield EXPORTED
    after = None
    while True:
        contacts, after = selectors.contact_page(actor, wanted, after)
        for entry in selectors.lines(actor, contacts, surveillance.end_of(wanted.known_on)):
            last = entry.last_exposure
            yield (
                entry.contact.pk, entry.contact.disease, entry.area.code, entry.area.name, entry.standing.code,
                entry.standing.attempts, entry.contact.first_recorded_at.isoformat(), len(entry.exposures),
                len({exposure.case_id for exposure in entry.exposures}), (last.last_on or last.first_on) if last else "",
                last.category if last else "", last.edition if last else "",
            )  # fmt: skip
        if after is None:
            return


@page("contact.read")
def contact(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = selectors.contact(actor, contact_id)
    forms: dict[str, Any] = {}
    if wanted := request.GET.get("correct", ""):
        before = _exposure(found, wanted)
        forms["correction"] = _exposure_form(actor, found, initial=exposure_initial(before))
        forms["corrected"] = before
    if wanted := request.GET.get("correct_call", ""):
        call = _call(found, wanted)
        edition = definitions.edition_on(found.disease, clock.today())
        forms["call_form"], forms["corrected_call"] = CallForm(edition=edition, initial=call_initial(call)), call
    return _contact_page(request, found, forms)


def _call(found: Contact, text: str) -> ContactCall:
    call = next((each for each in selectors.calls_of([found.pk])[found.pk] if str(each.pk) == text), None)
    if call is None:
        raise Refused(refuse("call.corrected_before"))
    return call


def _exposure(found: Contact, text: str) -> Exposure:
    exposures = selectors.exposures_of([found.pk])[found.pk]
    exposure = next((each for each in exposures if str(each.pk) == text), None)
    if exposure is None:
        raise Refused(refuse("exposure.corrected_before"))
    return exposure


def _exposure_form(actor: Actor, found: Contact, data: Any = None, **options: Any) -> ExposureForm:
    edition = definitions.edition_on(found.disease, clock.today())
    return ExposureForm(data, actor=actor, path=found.path, edition=edition, **options)


def _contact_page(request: HttpRequest, found: Contact, forms: dict[str, Any], status: int = 200) -> HttpResponse:
    """A contact with all that is known; ``forms`` are those that were filled in and refused, or opened."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    as_of = as_of_day(request)
    moment = surveillance.end_of(as_of)
    if moment is not None and found.first_recorded_at > moment:
        raise Refused(refuse("kernel.not_found"))
    with transaction.atomic():
        identity = selectors.identity(actor, found)
    [line] = selectors.lines(actor, [found], moment)
    calls = selectors.calls_of([found.pk], moment)[found.pk]
    numbers = {entry.case_id: entry.case.number for entry in line.exposures}
    seen = surveillance.CaseVersion.objects.visible_to(actor).filter(case_id__in=numbers, superseded_at=None)
    may_open = set(seen.values_list("case_id", flat=True)) if actor.may("case.read") else set()
    may_trace = actor.may_at("contact.trace", found.path, found.organisation_id) and not as_of
    edition = definitions.edition_on(found.disease, clock.today())
    outcomes, symptoms = definitions.terms("call_outcomes"), definitions.terms("symptoms")
    labels = definitions.all_class_labels()
    hand_overs = selectors.hand_overs_of(found.pk, moment)
    unwell = bool(calls) and rules.feverish(edition, calls[-1].temperature, calls[-1].symptoms)
    may_notify = may_trace and identity is not None and not line.cases and actor.may_at("case.notify", found.path)
    return render(
        request,
        "tracing/contact.html",
        {
            "contact": found,
            "as_of": as_of,
            "identity": identity,
            "line": line,
            "masked_name": found.person.stands_under.masked_name or found.person.masked_name,
            "standing": standing_words(line.standing),
            "disease_label": definitions.label(definitions.disease(found.disease)),
            "exposures": [
                (
                    entry,
                    exposure_words(entry),
                    category_words(found.disease, entry.edition, entry.category),
                    entry.case_id in may_open,
                    judged_words(entry),
                    category_words(found.disease, entry.corrects.edition, entry.corrects.category)
                    if entry.rejudged and entry.corrects
                    else "",
                )
                for entry in reversed(line.exposures)
            ],
            "calls": [
                (
                    call,
                    outcomes.get(call.outcome, call.outcome),
                    [symptoms.get(code, code) for code in call.symptoms],
                    outcomes.get(call.corrects.outcome, call.corrects.outcome) if call.corrects else "",
                )
                for call in reversed(calls)
            ],
            "taken_back": [
                (call, outcomes.get(call.outcome, call.outcome))
                for call in selectors.calls_taken_back(found.pk, moment)
            ],
            "judged_anew": [judged_words(entry) for entry in line.rejudged],
            "owes": line.owes,
            "cases": [
                (version, labels.get((version.disease, version.classification), ""), version.case_id in may_open)
                for version in line.cases
            ],
            "hand_overs": [(entry, rules.HAND_OVER.label(entry.status)) for entry in hand_overs],
            "offered": next((entry for entry in hand_overs if entry.status == "offered"), None),
            "unwell": unwell,
            "may_trace": may_trace,
            "may_notify": may_notify,
            "call_form": (CallForm(edition=edition) if may_trace else None),
            "exposure_form": (_exposure_form(actor, found) if may_trace else None),
            "case_numbers": sorted(numbers.items(), key=lambda entry: entry[1]),
            "hand_over_form": HandOverForm() if may_trace and not found.offered_path else None,
            "notify_form": NotifyForm(disease=found.disease) if may_notify else None,
            **forms,
        },
        status=status,
    )


@require_POST
@page("contact.trace")
def contact_call(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = selectors.contact(actor, contact_id, "contact.trace")
    corrects = request.POST.get("corrects", "")
    before = _call(found, corrects) if corrects else None
    form = CallForm(request.POST, edition=definitions.edition_on(found.disease, clock.today()))
    if form.is_valid():
        try:
            if before is not None and request.POST.get("retract"):
                services.retract_call(before.pk, form.cleaned_data["reason"], actor)
            else:
                services.record_call(contact_id, form.told(), actor, corrects=before.pk if before else None)
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, _("Recorded."))
            return redirect("contact", contact_id)
    shown = {"call_form": form, "corrected_call": before} if before is not None else {"call_form": form}
    return _contact_page(request, found, shown, status=422)


@require_POST
@page("contact.trace")
def contact_expose(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """Add an exposure, put one in the place of another, or take one back."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = selectors.contact(actor, contact_id, "contact.trace")
    corrects = request.POST.get("corrects", "")
    before = _exposure(found, corrects) if corrects else None
    if before is not None and request.POST.get("retract"):
        services.retract_exposure(before.pk, actor)
        messages.success(request, _("Taken back. The entry stays on record."))
        return redirect("contact", contact_id)
    form = _exposure_form(actor, found, request.POST)
    if form.is_valid():
        try:
            if before is not None:
                services.correct_exposure(before.pk, form.told(before.case_id), actor)
            else:
                case_id = selectors.case_numbered(actor, request.POST.get("case", ""), found.disease)
                services.add_exposure(contact_id, form.told(case_id), actor)
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, _("Recorded."))
            return redirect("contact", contact_id)
    shown = {"correction": form, "corrected": before} if before is not None else {"exposure_form": form}
    return _contact_page(request, found, shown, status=422)


@require_POST
@page("contact.trace")
def contact_hand_over(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = selectors.contact(actor, contact_id, "contact.trace")
    form = HandOverForm(request.POST)
    if form.is_valid():
        try:
            services.hand_over(contact_id, form.cleaned_data["area"], form.cleaned_data["reason"], actor)
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, _("The other county was asked. Until it accepts, the contact stays with you."))
            return redirect("contact", contact_id)
    return _contact_page(request, found, {"hand_over_form": form}, status=422)


@require_POST
@page("case.notify")
def contact_notify(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """Notify a contact who fell ill as a case: the same door as every notification."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = selectors.contact(actor, contact_id, "contact.trace")
    form = NotifyForm(request.POST, disease=found.disease)
    if form.is_valid():
        given = form.cleaned_data
        with transaction.atomic():
            identity = selectors.identity(actor, found)
        if identity is None:
            raise Refused(refuse("kernel.not_found"))
        record = identity.pop("record")
        evidence = Evidence(
            declared=given["declared"],
            onset_on=given["onset_on"],
            diagnosed_on=clock.today(),
            symptoms={code: True for code in given["symptoms"]},
        )
        notification = cases.Notification(
            id=given["id"],
            disease=found.disease,
            area=found.area,
            evidence=evidence,
            person=PersonDetails(area=found.area, **identity),
            same_person_as=record,
            channel=actor.channel,
        )
        try:
            case = cases.notify(notification, actor)
        except Refused as no:
            take(form, no)
        else:
            messages.success(
                request, _("Case {number} was notified. It stays a contact too.").format(number=case.number)
            )
            return redirect("case", case.pk)
    return _contact_page(request, found, {"notify_form": form}, status=422)


@page("contact.read")
def offers(request: HttpRequest) -> HttpResponse:
    """Hand-overs that wait for an answer."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    waiting = selectors.offers(actor)
    shown: dict[str, Any] = {}
    for side, found in waiting.items():
        contacts = {line.contact.pk: line for line in selectors.lines(actor, [offer.contact for offer in found])}
        shown[side] = [
            {
                "offer": offer,
                "name": offer.contact.person.stands_under.masked_name or offer.contact.person.masked_name,
                "standing": standing_words(contacts[offer.contact_id].standing),
                "may": actor.may_at("contact.trace", offer.to_path if side == "to_us" else offer.from_path),
            }
            for offer in found
        ]
    rows = sum(len(found) for found in waiting.values())
    with transaction.atomic():
        events.record("contact.listed", actor, details={"rows": rows, "names": "masked"})
    return render(request, "tracing/offers.html", shown)


@require_POST
@page("contact.trace")
def offer_answer(request: HttpRequest, offer_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    move = request.POST.get("move", "")
    if move not in [step.name for step in rules.HAND_OVER.moves]:
        raise Refused(refuse("kernel.not_found"))
    offer = services.answer(offer_id, move, actor, note=request.POST.get("note", "")[:500])
    said = {
        "accept": _("The contact is followed here from now on."),
        "send_back": _("Sent back with the reason."),
        "withdraw": _("Withdrawn."),
    }
    messages.success(request, said[move])
    return redirect("contact", offer.contact_id) if move != "send_back" else redirect("contact-offers")
