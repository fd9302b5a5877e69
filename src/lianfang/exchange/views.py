from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from lianfang.definitions import selectors as definitions
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse, words_for
from lianfang.kernel.views import page
from lianfang.registry.models import Person

from . import services
from .forms import Decide, Paste, Upload, UseMapping
from .models import ImportRun
from .reading.fields import FIELDS
from .rules import AT_WORK, IMPORT
from .words import remedy_for


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


@page("import.run")
def import_list(request: HttpRequest) -> HttpResponse:
    """Every import of the actor's areas, and the two ways to begin one."""
    actor = _actor(request)
    refused: list[str] = []
    if request.method == "POST":
        try:
            return redirect("import", _received(request, actor).pk)
        except Refused as no:
            refused = [_with_remedy(refusal) for refusal in no.refusals]
    runs = ImportRun.objects.visible_to(actor).exclude(status="discarded").select_related("created_by")
    return render(
        request,
        "exchange/import_list.html",
        {
            "refused": refused,
            "upload": Upload(),
            "paste": Paste(initial={name: request.POST.get(name, "") for name in ("text", "year")}),
            "limit": settings.UPLOAD_LIMIT_BYTES,
            "page": Paginator(runs.order_by("-created_at"), 25).get_page(request.GET.get("page")),
        },
        status=422 if refused else 200,
    )


def _with_remedy(refusal: Any) -> str:
    return " ".join(filter(None, (str(refusal), remedy_for(refusal.code))))


def _received(request: HttpRequest, actor: Actor) -> ImportRun:
    if getattr(request, "upload_too_large", False):
        raise Refused(services.too_large(""))
    if "text" in request.POST:
        form = Paste(request.POST)
        if not form.is_valid():
            raise Refused(refuse("import.nothing_pasted", "text"))
        return services.keep_sentences(form.cleaned_data["text"], actor, year=form.cleaned_data["year"])
    sent = request.FILES.get("file")
    if sent is None:
        raise Refused(refuse("import.file_missing", "file"))
    return services.keep(sent.name or "file", sent.chunks(), actor)


@page("import.run")
def import_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One import at the step it has reached."""
    actor = _actor(request)
    run = services.run_of(run_id, actor)
    decides = request.GET.get("step") == "columns" or (request.method == "POST" and "kind" in request.POST)
    if run.status == "uploaded" or (run.status == "mapped" and decides):
        return _decide(request, run, actor)
    return _outlook(request, run, actor) if run.status == "mapped" else _progress(request, run)


def _decide(request: HttpRequest, run: ImportRun, actor: Actor) -> HttpResponse:
    table, mapping = services.table_of(run), services.mapping_of(run)
    words_of: Callable[[str], str] = str if run.file_name else services.pasted_words
    form = Decide(request.POST or None, mapping=mapping, table=table, named=words_of, initial=_initial(run, mapping))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if given["kind"] != mapping.kind:  # other rows have other columns: suggest anew, and show
            fresh = services.drafted(run, given["kind"])
            services.use_mapping(run.pk, replace(fresh, disease=given["disease"], source=given["source"]), actor)
            messages.info(request, _("The columns were suggested anew for rows of this kind. Please look at them."))
            return redirect("import", run.pk)
        try:
            services.decide_mapping(
                run.pk,
                form.decided(),
                actor,
                disease=given["disease"],
                source=given["source"],
                save_as=given["save_as"],
            )
        except Refused as no:
            for refusal in no.refusals:
                form.add_error(refusal.about if refusal.about in form.fields else None, _with_remedy(refusal))
        else:
            return redirect("import", run.pk)
    services.look_at(run, actor)
    samples = services.samples(table)
    named = services.named_mappings(actor)
    columns_of = {name: [entry.column for entry in known.columns] for name, known in named.items()}
    names = services.best_fit_first(columns_of, table.headers)
    return render(
        request,
        "exchange/columns.html",
        {
            "run": run,
            "form": form,
            "use": UseMapping(names=names) if names else None,
            "columns": [
                {
                    **column,
                    "samples": samples.get(column["header"], ()),
                    "words": words_of(column["header"]),
                }
                for column in form.bound_columns()
            ],
            "questions": [_with_remedy(question) for question in services.open_questions(run)],
            "steps": _steps("columns"),
        },
        status=422 if form.errors else 200,
    )


def _initial(run: ImportRun, mapping: Any) -> dict[str, Any]:
    return {
        "kind": mapping.kind,
        "disease": run.disease,
        "source": run.source,
        "classification": mapping.constants.get("classification", ""),
        "area_code": mapping.constants.get("area_code", ""),
        "counted_as": mapping.counted_as,
    }


def _steps(now: str) -> list[dict[str, Any]]:
    names = {"file": _("File"), "columns": _("Columns"), "outlook": _("What will happen"), "enter": _("Entering")}
    order = list(names)

    def state(name: str) -> str:
        return "now" if name == now else "done" if order.index(name) < order.index(now) else "later"

    return [{"label": label, "state": state(name), "url": ""} for name, label in names.items()]


def _outlook(request: HttpRequest, run: ImportRun, actor: Actor) -> HttpResponse:
    """What would happen to every row; the places that only a person can tell are asked here."""
    if request.method == "POST" and "answer" in request.POST:
        mapping = services.mapping_of(run)
        given = {name: request.POST.get(name, "").strip() for name in request.POST if name.startswith("place:")}
        answers = {name.removeprefix("place:"): value for name, value in given.items() if value}
        mapping = replace(mapping, places={**mapping.places, **answers})
        services.decide_mapping(run.pk, mapping, actor, disease=run.disease, source=run.source)
        return redirect("import", run.pk)
    if request.method == "POST" and "again" in request.POST:
        services.foresee(run.pk, actor)
        return redirect("import", run.pk)
    if request.method == "POST":
        services.start(run.pk, actor)
        return redirect("import", run.pk)
    found = services.foreseen(run, actor)
    if found is None:
        part = "exchange/foreseeing_part.html" if request.headers.get("HX-Request") else "exchange/foreseeing.html"
        return render(request, part, {"run": run, "steps": _steps("outlook")})
    if request.headers.get("HX-Request"):  # what was waited for is there: the whole page shows it
        return HttpResponse(headers={"HX-Refresh": "true"})
    services.look_at(run, actor)
    return render(
        request,
        "exchange/outlook.html",
        {
            "run": run,
            "found": found,
            "enters": found.would_enter + found.links,
            "reasons": [
                (words_for(code, found.examples[code]), remedy_for(code), count, found.examples[code])
                for code, count in found.reasons.most_common(30)
            ],
            "questions": sorted(found.questions.items(), key=lambda entry: -entry[1]["rows"])[:100],
            "preview": [_shown(fate) for fate in found.preview],
            "steps": _steps("outlook"),
        },
    )


def _shown(fate: services.Fate) -> dict[str, Any]:
    """A row as the preview shows it: its fate, what was read, what was said about it, and the sentence it was read from."""
    row = fate.row
    doubtful = fate.result == "entered" and row.status == "uncertain"
    css, label = {
        "entered": ("tag-warn", _("enters, doubtful")) if doubtful else ("tag-good", _("enters")),
        "repeated": ("", _("already here")),
        "refused": ("tag-bad", _("refused")),
        "passed_over": ("", _("no case")),
    }[fate.result]
    told = dict.fromkeys(fate.problems + row.findings)
    return {
        "number": row.number,
        "css": css,
        "label": label,
        "values": [(services.field_words(key), shown_value(key, value)) for key, value in row.values.items() if key in FIELDS],
        "findings": [words_for(finding.code, finding.words()) for finding in told],
        "sentence": [part for name, text in row.other.items() if f"{name} ?" in row.other or name == "sentence"
                     for part in _marked(text, row.other.get(f"{name} ?", ""))],
    }  # fmt: skip


OPEN_OUTCOMES = {"in_care": gettext_lazy("in care"), "recovered": gettext_lazy("recovered")}
VOCABULARIES = {"severity": "severities", "outcome": "outcomes", "lab_result": "results"}


def shown_value(key: str, value: Any) -> str:
    """A value as read, in words for a person."""
    if key == "area":
        return f"{value.code} {value.name}".strip()
    if key == "symptoms":
        known = definitions.terms("symptoms") | definitions.terms("signs")
        present = [known.get(code, code) for code in value.present]
        absent = [_("no {symptom}").format(symptom=known.get(code, code)) for code in value.absent]
        return ", ".join([*present, *absent, *value.other])
    if key == "classification":
        labels = definitions.all_class_labels()
        return next((label for (_disease, code), label in labels.items() if code == value), str(value))
    if key == "sex":
        return str(dict(Person.Sex.choices).get(value, value))
    if key == "outcome" and value in OPEN_OUTCOMES:
        return str(OPEN_OUTCOMES[value])
    if key in VOCABULARIES:
        return definitions.terms(VOCABULARIES[key]).get(value, str(value))
    return str(value)


def _marked(text: str, left: str) -> list[tuple[str, bool]]:
    """A sentence in pieces, each with whether it was understood."""
    pieces: list[tuple[str, bool]] = []
    at = 0
    for part in filter(None, left.split(" | ")):
        found = text.find(part, at)
        if found >= 0:
            pieces += [(text[at:found], True), (part, False)]
            at = found + len(part)
        else:
            pieces.append((f" {part} ", False))  # told in other signs than it is written in
    return [piece for piece in (*pieces, (text[at:], True)) if piece[0]]


def _progress(request: HttpRequest, run: ImportRun) -> HttpResponse:
    reasons: list[Any] = []
    if run.status in ("finished", "stopped"):
        reasons = [
            (words_for(code, told), remedy_for(code), count) for code, count, told in services.refused_reasons(run)
        ]
    template = "exchange/progress_part.html" if request.headers.get("HX-Request") else "exchange/progress.html"
    return render(
        request,
        template,
        {
            "run": run,
            "at_work": run.status in AT_WORK,
            "problem": words_for(run.problem["code"], run.problem.get("values", {})) if run.problem else "",
            "reasons": reasons,
            "steps": _steps("enter"),
            "may": {move.name for move in IMPORT.moves if run.status in move.sources},
            "disease_label": definitions.label(known) if (known := definitions.disease(run.disease)) else run.disease,
        },
    )


@require_POST
@page("import.run")
def import_use_mapping(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Read the file with a saved mapping; the columns are shown again."""
    actor = _actor(request)
    run = services.run_of(run_id, actor)  # before a word about mappings
    mapping = services.named_mapping(request.POST.get("mapping", ""), actor)
    services.use_mapping(run.pk, mapping, actor)
    return redirect("import", run_id)


@require_POST
@page("import.run")
def import_again(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Go on with a run that stopped."""
    services.start(run_id, _actor(request))
    return redirect("import", run_id)


@require_POST
@page("import.run")
def import_undo(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Take a whole import back."""
    services.undo(run_id, _actor(request))
    return redirect("import", run_id)


@require_POST
@page("import.run")
def import_restore(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Let an import that was undone stand again."""
    services.restore(run_id, _actor(request))
    return redirect("import", run_id)


@require_POST
@page("import.run")
def import_discard(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Give up a file from which nothing was entered."""
    services.discard(run_id, _actor(request))
    messages.success(request, _("The file was removed."))
    return redirect("import-list")


@page("import.run")
def import_refused(request: HttpRequest, run_id: UUID) -> StreamingHttpResponse:
    """The refused rows as CSV, each with its reason and what to do, to be corrected and sent again. The look is recorded."""
    run = services.open_refused(run_id, _actor(request))
    response = StreamingHttpResponse(services.refused_csv(run), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="refused-{run.pk.hex[-8:]}.csv"'
    return response
