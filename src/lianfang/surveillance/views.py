from collections.abc import Iterable
from datetime import date, datetime
from itertools import chain
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events, ids
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.spreadsheets import STARTS, all_defused, as_csv
from lianfang.kernel.views import page
from lianfang.registry import households
from lianfang.registry import services as registry
from lianfang.registry.models import Area
from lianfang.registry.selectors import chosen_area, records_of
from lianfang.workorders.models import WorkOrder
from lianfang.workorders.rules import kinds as order_kinds

from . import selectors, services
from .evidence import content_of
from .forms import CorrectPerson, EvidenceForm, Investigation, ReportCard, evidence_forms, take
from .models import Case, CaseVersion, Observation


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
    after = request.GET.get("after", "")
    shown, more = selectors.case_page(actor, wanted, selectors.read_place(after))
    with transaction.atomic():
        events.record("case.listed", actor, path=wanted.path, details={"rows": len(shown), "names": "masked"})
    classes = definitions.all_class_labels()
    counted, all_counted = (len(shown), True) if not more and not after else selectors.how_many(actor, wanted, area)
    return render(
        request,
        "surveillance/case_list.html",
        {
            "cases": _labelled(shown),
            "more": selectors.write_place(more),
            "after": after,
            "counted": _how_many(counted, all_counted),
            "area": area,
            "as_of": as_of,
            "wanted": wanted,
            "diseases": [(entry.code, definitions.label(entry)) for entry in definitions.diseases()],
            "classes": sorted(
                {
                    (code, label)
                    for (disease, code), label in classes.items()
                    if not wanted.disease or disease == wanted.disease
                }
            ),
            "may_export": actor.may("case.export"),
        },
    )


@require_POST
@page("case.read")
def case_search(request: HttpRequest) -> HttpResponse:
    """Cases by number, by local id, or exactly by name, ID number or phone. Posted: a name does not belong into an address."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    shown = selectors.search(actor, request.POST.get("q", "").strip())
    if len(shown) == 1:
        return redirect("case", shown[0].case_id)
    context = {
        "cases": _labelled(shown),
        "searched": True,
        "wanted": selectors.CaseFilter(),
    }
    return render(request, "surveillance/case_list.html", context)


def _how_many(count: int, all_counted: bool) -> str:
    told = ngettext("{n} case", "{n} cases", count) if all_counted else _("more than {n} cases")
    return told.format(n=f"{count:,}")


def _labelled(versions: list[Any]) -> list[tuple[Any, str]]:
    labels = definitions.all_class_labels()
    return [
        (version, labels.get((version.disease, version.classification), version.classification)) for version in versions
    ]


@page("case.read")
def case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    as_of = _day(request.GET.get("as_of", ""))
    if as_of and as_of >= clock.today():
        as_of = None
    version = selectors.case(actor, case_id, known_on=as_of)
    with transaction.atomic():
        identity = selectors.identity(actor, version)
    context = _case_context(actor, version, identity, as_of)
    if (wanted := request.GET.get("correct", "")) and context["may_change"]:
        corrected = _entry(version.case_id, wanted)
        context["correction"] = EvidenceForm(corrected.kind, version.disease, corrected=corrected)
    return render(request, "surveillance/case.html", context)


def _entry(case_id: UUID, text: str) -> Observation:
    """An entry of a case that can be corrected: it was not corrected before. Raises Refused."""
    try:
        found = Observation.objects.filter(case_id=case_id, pk=UUID(text), corrections=None).first()
    except ValueError:
        found = None
    if found is None:
        raise Refused(refuse("case.corrects_nothing", "corrects"))
    return found


def _case_context(actor: Actor, version: Any, identity: Any, as_of: date | None) -> dict[str, Any]:
    moment = selectors.end_of(as_of)
    language = definitions.language()
    subject = version.case
    history = list(
        subject.versions.filter(**({"recorded_at__lte": moment} if moment else {}))
        .select_related("by")
        .order_by("recorded_at", "id")
    )
    entries = list(
        subject.observations.filter(**({"recorded_at__lte": moment} if moment else {}))
        .select_related("by")
        .order_by("recorded_at", "id")
    )
    corrected = {entry.corrects_id for entry in entries if entry.corrects_id}
    labels = definitions.all_class_labels(language)
    may_change = actor.may_at("case.update", version.path, version.organisation_id) or actor.may_at(
        "case.update", version.report_path or "/"
    )
    orders = WorkOrder.objects.visible_to(actor).filter(subject_id=subject.pk).order_by("raised_at", "id")
    duplicates = registry.pairs_of(subject.person_id, actor)
    return {
        "version": version,
        "case": subject,
        "identity": identity,
        "as_of": as_of,
        "disease_label": definitions.label(definitions.disease(version.disease)),
        "class_label": labels.get((version.disease, version.classification), version.classification),
        "judgement": definitions.explained(version.disease, version.edition, version.judgement, language),
        "history": [
            (entry, labels.get((entry.disease, entry.classification), entry.classification)) for entry in history
        ],
        "entries": [
            (entry, definitions.evidence_words(entry.content, language), entry.pk in corrected) for entry in entries
        ],
        "orders": [(order, order_kinds()[order.kind].label[language]) for order in orders],
        "may_change": may_change and not as_of,
        "may_review": actor.may_at("case.review", version.report_path or version.path) and not as_of,
        "to_review": any(order.kind == "review_report" and order.closed_at is None for order in orders),
        "may_investigate": actor.may_at("case.investigate", version.path) and not as_of,
        "forms": evidence_forms(version.disease) if may_change and not as_of else [],
        "duplicates": duplicates,
        "household": _household(subject, actor) if identity else [],
        "may_merge": actor.may_at("person.merge", version.path, version.organisation_id) and not as_of,
        "investigation": _investigation(subject, moment) if identity else None,
        "card": _card(subject.card) if identity else [],
        "may_audit": actor.may("audit.read"),
        "may_see_contacts": actor.may_at("contact.read", version.path),
        "editions": definitions.editions(version.disease),
    }


def _household(subject: Case, actor: Actor) -> list[tuple[str, list[Case]]]:
    """Who else is known to live there: the masked name, and the cases of that person that the actor may see."""
    people = households.members(subject.person, actor)
    cases: dict[UUID, list[Case]] = {person.pk: [] for person in people}
    theirs = CaseVersion.objects.visible_to(actor).filter(case__person__in=records_of(cases), superseded_at=None)
    for version in theirs.select_related("case__person").order_by("case__recorded_at"):
        cases[version.case.person.stands_under_id].append(version.case)
    return [(person.masked_name, cases[person.pk]) for person in people]


def _investigation(subject: Case, moment: datetime | None) -> dict[str, Any] | None:
    """The latest investigation on record at a moment, its questions and answers in words."""
    records = subject.investigations.select_related("by").order_by("-recorded_at", "-id")
    record = (records.filter(recorded_at__lte=moment) if moment else records).first()
    if record is None:
        return None
    definition = definitions.form(record.form)
    return {
        "title": definitions.label(definition),
        "record": record,
        "answers": definitions.answer_words(definition, record.answers),
    }


CARD_WORDS = {
    "occupation": gettext_lazy("Occupation"),
    "workplace": gettext_lazy("Place of work or school"),
    "reporter": gettext_lazy("Reported by"),
    "remark": gettext_lazy("Remark"),
}


def _card(card: dict[str, Any]) -> list[tuple[str, str]]:
    """What only people read, under the card's words; what a file brought keeps its own header."""
    shown = []
    for name, value in card.items():
        if name == "form" or value in ("", None):
            continue
        words = definitions.terms("occupations").get(str(value), value) if name == "occupation" else value
        shown.append((str(CARD_WORDS.get(name, name)), str(words)))
    return shown


@page("case.notify")
def case_new(request: HttpRequest) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    known = [entry.code for entry in definitions.diseases()]
    disease = request.POST.get("disease") or request.GET.get("disease") or selectors.latest_disease(actor)
    disease = disease if disease in known else known[0]
    likely: list[Any] = []
    other_disease = request.POST.get("disease_was", disease) != disease  # its classes differ: show the card again
    if request.method == "POST" and not other_disease:
        form = ReportCard(request.POST, actor=actor, disease=disease)
        if form.is_valid():
            if not form.cleaned_data["checked"] and not form.cleaned_data["same_person_as"]:
                described = form.person(form.cleaned_data["area"])
                likely = registry.disclosed(actor, registry.likely_same([described]).get(described.id, []))
            if not likely:
                try:
                    written = services.notify(form.notification(), actor)
                except Refused as no:
                    take(form, no)
                else:
                    messages.success(request, _("Case {number} was notified.").format(number=written.number))
                    return redirect("case", written.pk)
    else:
        filled = {
            "id": ids.new_id(),
            **{name: values if len(values) > 1 else values[0] for name, values in request.POST.lists()},
        }
        form = ReportCard(initial={**filled, "disease": disease}, actor=actor, disease=disease)
    return render(
        request,
        "surveillance/case_new.html",
        {"form": form, "likely": likely, "disease": disease},
        status=422 if form.errors or likely else 200,
    )


@require_POST
@page("case.update")
def case_observe(request: HttpRequest, case_id: UUID, kind: str) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    version = selectors.case(actor, case_id)
    corrects = request.POST.get("corrects", "")
    form = EvidenceForm.of(kind, version.disease, request.POST, _entry(case_id, corrects) if corrects else None)
    if form.is_valid():
        try:
            services.observe(
                case_id,
                kind,
                content_of(form.evidence()),
                actor,
                corrects=form.cleaned_data["corrects"],
                id=form.cleaned_data["id"],
            )
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, _("Recorded."))
            return redirect("case", case_id)
    with transaction.atomic():
        identity = selectors.identity(actor, version)
    context = _case_context(actor, version, identity, None)
    if form.corrected:
        context["correction"] = form
    else:
        context["forms"] = [form if entry.kind == kind else entry for entry in context["forms"]]
    return render(request, "surveillance/case.html", context, status=422)


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
    version = selectors.case(actor, case_id, permission="case.investigate")
    definition = definitions.form(INVESTIGATION)
    before = version.case.investigations.select_related("by").order_by("-recorded_at").first()
    with transaction.atomic():
        events.record(
            "case.viewed", actor, subject=("case", case_id), path=version.path, details={"what": INVESTIGATION}
        )
    form = Investigation(definition, request.POST or None, initial=before.answers if before else {})
    if request.method == "POST" and form.is_valid():
        try:
            services.investigate(case_id, INVESTIGATION, form.answers(), actor)
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, _("The investigation was recorded."))
            return redirect("case", case_id)
    context = {
        "case": version.case,
        "title": definitions.label(definition),
        "before": before,
        "form": form,
        "sections": form.sections(),
    }
    return render(request, "surveillance/investigation.html", context, status=422 if request.method == "POST" else 200)


@page("case.update")
def case_person(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Correct who a case is: name, numbers, address."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    version = selectors.case(actor, case_id)
    with transaction.atomic():
        identity = selectors.identity(actor, version)
    if identity is None:
        raise Refused(refuse("kernel.not_found"))
    form = CorrectPerson(request.POST or None, initial=identity)
    if request.method == "POST" and form.is_valid():
        try:
            services.correct_person(case_id, registry.PersonDetails(**form.cleaned_data), actor)
        except Refused as no:
            take(form, no)
        else:
            messages.success(request, _("Recorded."))
            return redirect("case", case_id)
    context = {"case": version.case, "form": form}
    return render(request, "surveillance/person.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@page("case.update")
def case_household(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Enter with whom a case lives, or that it does not live there."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if request.POST.get("out"):
        services.move_out(case_id, actor)
    else:
        services.live_together(case_id, request.POST.get("number", ""), actor)
    messages.success(request, _("Recorded."))
    return redirect("case", case_id)


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
    rows = chain([selectors.EXPORTED], selectors.export(actor, wanted))
    response = StreamingHttpResponse(as_csv(rows, _defused), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="cases-{clock.today()}.csv"'
    return response


OUTSIDE = ("source", "local_id", "area_code", "area")  # all other text is ours
from_outside = itemgetter(*map(selectors.EXPORTED.index, OUTSIDE))


def _defused(row: tuple[Any, ...]) -> Iterable[Any]:
    """The row as it is, but for the rare one of which a spreadsheet would run a cell."""
    for cell in from_outside(row):
        if cell[:1] in STARTS:
            return all_defused(row)
    return row
