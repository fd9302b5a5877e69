import csv
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events, ids
from lianfang.kernel.access import Actor
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.spreadsheets import defused
from lianfang.kernel.views import page
from lianfang.registry import services as registry
from lianfang.registry.models import Area, Person
from lianfang.registry.selectors import chosen_area
from lianfang.workorders.models import WorkOrder
from lianfang.workorders.rules import kinds as order_kinds

from . import selectors, services
from .evidence import Evidence, content_of
from .forms import AddEvidence, Investigation, ReportCard, evidence_forms


def _language() -> str:
    return "zh" if (get_language() or "").startswith("zh") else "en"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(refuse("situation.no_such_day", "as_of", day=text)) from None


def _wanted(request: HttpRequest) -> tuple[selectors.CaseFilter, Area | None, date | None]:
    as_of = _day(request.GET.get("as_of", ""))
    if as_of and as_of >= clock.today():
        as_of = None
    area = None
    if code := request.GET.get("area", ""):
        area = chosen_area(code, as_of or clock.today())
        if area is None:
            raise Refused(refuse("case.unknown_area", "area", code=code))
    return (
        selectors.CaseFilter(
            path=area.path if area else "",
            disease=request.GET.get("disease", ""),
            classification=request.GET.get("class", ""),
            reported_from=_day(request.GET.get("from", "")),
            reported_until=_day(request.GET.get("until", "")),
            onset_on=_day(request.GET.get("onset", "")),
            known_on=as_of,
        ),
        area,
        as_of,
    )


@page("case.read")
def case_list(request: HttpRequest) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    wanted, area, as_of = _wanted(request)
    if text := request.GET.get("q", "").strip():
        return _found(request, actor, text)
    shown, more = selectors.case_page(actor, wanted, selectors.read_place(request.GET.get("after", "")))
    with transaction.atomic():
        events.record("case.listed", actor, path=wanted.path, details={"rows": len(shown), "names": "masked"})
    classes = definitions.all_class_labels(_language())
    return render(
        request,
        "surveillance/case_list.html",
        {
            "cases": [(version, classes.get((version.disease, version.classification), version.classification)) for version in shown],
            "more": selectors.write_place(more),
            "after": request.GET.get("after", ""),
            "area": area,
            "as_of": as_of,
            "wanted": wanted,
            "diseases": [(entry.code, definitions.label(entry)) for entry in definitions.diseases()],
            "disease_labels": {entry.code: definitions.label(entry) for entry in definitions.diseases()},
            "classes": sorted({(code, label) for (disease, code), label in classes.items() if not wanted.disease or disease == wanted.disease}),
            "may_export": actor.may("case.export"),
            "may_notify": actor.may("case.notify"),
        },
    )


def _found(request: HttpRequest, actor: Actor, text: str) -> HttpResponse:
    """A search: by case number, local id, or exactly by name, ID number or phone through the blind indexes."""
    shown = selectors.search(actor, text)
    if len(shown) == 1:
        return redirect("case", shown[0].case_id)
    classes = definitions.all_class_labels(_language())
    return render(
        request,
        "surveillance/case_list.html",
        {
            "cases": [(version, classes.get((version.disease, version.classification), version.classification)) for version in shown],
            "searched": True,
            "wanted": selectors.CaseFilter(),
            "disease_labels": {entry.code: definitions.label(entry) for entry in definitions.diseases()},
            "may_notify": actor.may("case.notify"),
        },
    )


@page("case.read")
def case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    as_of = _day(request.GET.get("as_of", ""))
    if as_of and as_of >= clock.today():
        as_of = None
    version = selectors.case(actor, case_id, known_on=as_of)
    with transaction.atomic():
        identity = selectors.identity(actor, version)
    return render(request, "surveillance/case.html", _case_context(request, actor, version, identity, as_of))


def _case_context(request: HttpRequest, actor: Actor, version: Any, identity: Any, as_of: date | None) -> dict[str, Any]:
    moment = selectors.end_of(as_of)
    language = _language()
    subject = version.case
    history = list(
        subject.versions.filter(**({"recorded_at__lte": moment} if moment else {})).select_related("by").order_by("recorded_at", "id")
    )
    entries = list(
        subject.observations.filter(**({"recorded_at__lte": moment} if moment else {})).select_related("by").order_by("recorded_at", "id")
    )
    corrected = {entry.corrects_id for entry in entries if entry.corrects_id}
    labels = definitions.all_class_labels(language)
    may_change = actor.may_at("case.update", version.path, version.organisation_id) or actor.may_at("case.update", version.report_path or "/")
    orders = WorkOrder.objects.visible_to(actor).filter(subject_id=subject.pk).order_by("raised_at", "id")
    duplicates = registry.pairs_of(subject.person_id) if actor.may("person.merge") else []
    return {
        "version": version,
        "case": subject,
        "identity": identity,
        "as_of": as_of,
        "disease_label": definitions.label(definitions.disease(version.disease)),
        "class_label": labels.get((version.disease, version.classification), version.classification),
        "judgement": definitions.explained(version.disease, version.edition, version.judgement, language),
        "history": [(entry, labels.get((entry.disease, entry.classification), entry.classification)) for entry in history],
        "entries": [(entry, definitions.evidence_words(entry.content, language), entry.pk in corrected) for entry in entries],
        "orders": [(order, order_kinds()[order.kind].label[language]) for order in orders],
        "may_change": may_change and not as_of,
        "may_review": actor.may_at("case.review", version.report_path or version.path) and not as_of,
        "to_review": any(order.kind == "review_report" and order.closed_at is None for order in orders),
        "may_investigate": actor.may_at("case.investigate", version.path) and not as_of,
        "forms": evidence_forms(version.disease) if may_change and not as_of else [],
        "duplicates": duplicates,
        "may_audit": actor.may("audit.read"),
        "editions": definitions.editions(version.disease),
    }


@page("case.notify")
def case_new(request: HttpRequest) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    known = [entry.code for entry in definitions.diseases()]
    disease = request.POST.get("disease") or request.GET.get("disease") or known[0]
    disease = disease if disease in known else known[0]
    likely: list[Any] = []
    other_disease = request.POST.get("disease_was", disease) != disease  # its classes differ: show the card again
    if request.method == "POST" and not other_disease:
        form = ReportCard(request.POST, actor=actor, disease=disease)
        if form.is_valid():
            if not form.cleaned_data["checked"] and not form.cleaned_data["same_person_as"]:
                described = form.person(form.cleaned_data["area"])
                likely = registry.likely_same([described]).get(described.id, [])
            if not likely:
                try:
                    written = services.notify(form.notification(), actor)
                except Refused as no:
                    form.take(no)
                else:
                    messages.success(request, _("Case {number} was notified.").format(number=written.number))
                    return redirect("case", written.pk)
    else:
        filled = {"id": ids.new_id(), **{name: values if len(values) > 1 else values[0] for name, values in request.POST.lists()}}
        form = ReportCard(initial={**filled, "disease": disease}, actor=actor, disease=disease)
    shown = registry.disclosed(actor, likely)
    return render(
        request,
        "surveillance/case_new.html",
        {"form": form, "likely": shown, "disease": disease},
        status=422 if form.errors or likely else 200,
    )


@require_POST
@page("case.update")
def case_observe(request: HttpRequest, case_id: UUID, kind: str) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    version = selectors.case(actor, case_id)
    form = AddEvidence.of(kind, version.disease, request.POST)
    if not form.is_valid():
        with transaction.atomic():
            identity = selectors.identity(actor, version)
        context = _case_context(request, actor, version, identity, None)
        context["forms"] = [form if entry.kind == kind else entry for entry in context["forms"]]
        return render(request, "surveillance/case.html", context, status=422)
    services.observe(case_id, kind, content_of(form.evidence()), actor, corrects=form.cleaned_data.get("corrects"), id=form.cleaned_data["id"])
    messages.success(request, _("Recorded."))
    return redirect("case", case_id)


@require_POST
@page("case.review")
def case_review(request: HttpRequest, case_id: UUID) -> HttpResponse:
    services.review(case_id, request.actor)  # type: ignore[attr-defined]
    messages.success(request, _("The notification was reviewed."))
    return redirect("case", case_id)


INVESTIGATION = "case_investigation"


@page("case.investigate")
def case_investigate(request: HttpRequest, case_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    version = selectors.case(actor, case_id)
    definition = definitions.form(INVESTIGATION)
    before = version.case.investigations.select_related("by").order_by("-recorded_at").first()
    with transaction.atomic():
        events.record("case.viewed", actor, subject=("case", case_id), path=version.path, details={"what": INVESTIGATION})
    form = Investigation(definition, request.POST or None, initial=before.answers if before else {})
    if request.method == "POST" and form.is_valid():
        try:
            services.investigate(case_id, INVESTIGATION, form.answers(), actor)
        except Refused as no:
            for refusal in no.refusals:
                form.add_error(refusal.about if refusal.about in form.fields else None, str(refusal))
        else:
            messages.success(request, _("The investigation was recorded."))
            return redirect("case", case_id)
    context = {"case": version.case, "title": definitions.label(definition), "before": before, "form": form, "sections": form.sections()}
    return render(request, "surveillance/investigation.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@page("person.merge")
def case_duplicate(request: HttpRequest, case_id: UUID) -> HttpResponse:
    services.mark_duplicate(case_id, request.actor, duplicate=request.POST.get("undo") != "1")  # type: ignore[attr-defined]
    messages.success(request, _("Recorded."))
    return redirect("case", case_id)


@page("case.export")
def case_export(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered list as CSV, names left out: what an analyst needs. Written as it is read, so its size does not matter."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    wanted, _area, _as_of = _wanted(request)
    with transaction.atomic():
        events.record("case.exported", actor, path=wanted.path, details={"names": "left out"})
    response = StreamingHttpResponse(_lines(selectors.export(actor, wanted)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="cases-{clock.today()}.csv"'
    return response


class _Echo:
    def write(self, line: str) -> str:
        return line


def _lines(rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    write = csv.writer(_Echo()).writerow
    yield "\ufeff" + write(selectors.EXPORTED)
    for row in rows:
        yield write([defused(value) for value in row])
