import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lianfang.definitions import selectors as definitions
from lianfang.kernel.refusals import Refused, words_for
from lianfang.kernel.spreadsheets import defused
from lianfang.kernel.views import page

from . import services
from .forms import Decide, Paste, Upload, upload_limit
from .models import ImportRow, ImportRun
from .reading.resend import EXTRA_HEADERS
from .words import remedy_for


@page("import.run")
def import_list(request: HttpRequest) -> HttpResponse:
    """Every import of the actor's areas, and the two ways to begin one."""
    actor = request.actor  # type: ignore[attr-defined]
    upload, paste = Upload(), Paste()
    status = 200
    if request.method == "POST":
        try:
            run = _received(request, actor)
        except Refused as no:
            status = 422
            (paste if "text" in request.POST else upload).full_clean()
            form = Paste(request.POST) if "text" in request.POST else Upload(request.POST, request.FILES)
            form.full_clean()
            form.add_error(None, str(no))
            upload, paste = (upload, form) if "text" in request.POST else (form, paste)  # type: ignore[assignment]
        else:
            return redirect("import", run.pk)
    runs = ImportRun.objects.visible_to(actor).exclude(status="discarded").select_related("created_by").order_by("-created_at")
    return render(
        request,
        "exchange/import_list.html",
        {
            "upload": upload,
            "paste": paste,
            "limit": upload_limit(),
            "page": Paginator(runs, 25).get_page(request.GET.get("page")),
        },
        status=status,
    )


def _received(request: HttpRequest, actor: Any) -> ImportRun:
    if getattr(request, "upload_too_large", False):
        limit = upload_limit() // 1024**2
        raise Refused(services.refuse("import.file_too_large", "file", name="", megabytes=f"> {limit}", limit=limit))
    if "text" in request.POST:
        form = Paste(request.POST)
        if not form.is_valid():
            raise Refused(services.refuse("import.nothing_pasted", "text"))
        return services.keep_sentences(form.cleaned_data["text"], actor, year=form.cleaned_data["year"])
    sent = request.FILES.get("file")
    if sent is None:
        raise Refused(services.refuse("import.file_missing", "file"))
    return services.keep(sent.name or "file", sent.chunks(), actor)


@page("import.run")
def import_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One import at the step it has reached."""
    actor = request.actor  # type: ignore[attr-defined]
    run = services._run(run_id, actor)
    match run.status:
        case "uploaded":
            return _decide(request, run, actor)
        case "mapped" if request.GET.get("step") == "columns" or (request.method == "POST" and "kind" in request.POST):
            return _decide(request, run, actor)
        case "mapped":
            return _outlook(request, run, actor)
        case _:
            return _progress(request, run)


def _decide(request: HttpRequest, run: ImportRun, actor: Any) -> HttpResponse:
    table, mapping = services.table_of(run), services.mapping_of(run)
    initial = {
        "kind": mapping.kind,
        "disease": run.disease,
        "source": run.source,
        "classification": mapping.constants.get("classification", ""),
        "area_code": mapping.constants.get("area_code", ""),
        "counted_as": mapping.counted_as,
    }
    form = Decide(request.POST or None, mapping=mapping, table=table, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            services.decide_mapping(
                run.pk, form.decided(), actor, disease=given["disease"], source=given["source"], save_as=given["save_as"]
            )
        except Refused as no:
            for refusal in no.refusals:
                form.add_error(refusal.about if refusal.about in form.fields else None, str(refusal))
        else:
            return redirect("import", run.pk)
    samples = services.samples(table)
    return render(
        request,
        "exchange/columns.html",
        {
            "run": run,
            "form": form,
            "columns": [{**column, "samples": samples.get(column["header"], ())} for column in form.bound_columns()],
            "questions": services.open_questions(run),
            "steps": _steps(run, "columns"),
        },
        status=422 if form.errors else 200,
    )


def _steps(run: ImportRun, now: str) -> list[dict[str, Any]]:
    names = [("file", _("File")), ("columns", _("Columns")), ("outlook", _("What will happen")), ("enter", _("Entering"))]
    order = [name for name, _label in names]
    return [
        {"label": label, "state": "now" if name == now else "done" if order.index(name) < order.index(now) else "later", "url": ""}
        for name, label in names
    ]


def _outlook(request: HttpRequest, run: ImportRun, actor: Any) -> HttpResponse:
    """What would happen to every row; the places that only a person can tell are asked here."""
    if request.method == "POST" and "answer" in request.POST:
        mapping = services.mapping_of(run)
        answers = {key.removeprefix("place:"): value for key, value in request.POST.items() if key.startswith("place:") and value}
        mapping = replace(mapping, places={**mapping.places, **answers})
        services.decide_mapping(run.pk, mapping, actor, disease=run.disease, source=run.source)
        return redirect("import", run.pk)
    if request.method == "POST":
        services.start(run.pk, actor)
        return redirect("import", run.pk)
    found = services.outlook(run, actor)
    return render(
        request,
        "exchange/outlook.html",
        {
            "run": run,
            "found": found,
            "reasons": [
                (words_for(code, found.examples[code]), remedy_for(code), count, found.examples[code])
                for code, count in found.reasons.most_common(30)
            ],
            "questions": sorted(found.questions.items(), key=lambda entry: -entry[1]["rows"])[:100],
            "preview": [_shown(row) for row in found.preview],
            "steps": _steps(run, "outlook"),
        },
    )


def _shown(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "status": row.status,
        "values": [(services.field_words(key), str(value)) for key, value in row.values.items()],
        "findings": [words_for(finding.code, finding.words()) for finding in row.findings],
        "not_understood": [text for header, text in row.other.items() if header.endswith(" ?")],
    }


def _progress(request: HttpRequest, run: ImportRun) -> HttpResponse:
    reasons: list[tuple[str, int]] = []
    if run.status == "finished":
        reasons = services.refused_reasons(run)
    template = "exchange/progress_part.html" if request.headers.get("HX-Request") else "exchange/progress.html"
    return render(
        request,
        template,
        {
            "run": run,
            "running": run.status == "running",
            "problem": words_for(run.problem["code"], run.problem.get("values", {})) if run.problem else "",
            "reasons": reasons,
            "steps": _steps(run, "enter"),
            "disease_label": definitions.label(definitions.disease(run.disease)),
        },
    )


@require_POST
@page("import.run")
def import_again(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Go on with a run that stopped."""
    services.start(run_id, request.actor)  # type: ignore[attr-defined]
    return redirect("import", run_id)


@require_POST
@page("import.run")
def import_discard(request: HttpRequest, run_id: UUID) -> HttpResponse:
    services.discard(run_id, request.actor)  # type: ignore[attr-defined]
    messages.success(request, _("The file was removed."))
    return redirect("import-list")


@page("import.run")
def import_refused(request: HttpRequest, run_id: UUID) -> StreamingHttpResponse:
    """The refused rows as CSV, each with its reason and what to do, to be corrected and sent again. The look is recorded."""
    run = services.open_refused(run_id, request.actor)  # type: ignore[attr-defined]
    response = StreamingHttpResponse(_refused_lines(run), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="refused-{run.pk.hex[:8]}.csv"'
    return response


class _Echo:
    def write(self, line: str) -> str:
        return line


def _refused_lines(run: ImportRun) -> Iterator[str]:
    write = csv.writer(_Echo()).writerow
    headers: list[str] = []
    for row in ImportRow.objects.filter(run=run, result="refused").order_by("number").iterator(chunk_size=1000):
        raw, findings = json.loads(row.raw), json.loads(row.findings)
        if not headers:
            headers = [name for name in raw if name not in EXTRA_HEADERS]
            yield "\ufeff" + write([*headers, *EXTRA_HEADERS])
        told = [finding for finding in findings if finding["severity"] != "note"] or findings
        reasons = [
            (f"{finding['column']}: " if finding.get("column") else "") + words_for(finding["code"], services.finding_values(finding))
            for finding in told
        ]
        remedies = list(dict.fromkeys(remedy for finding in told if (remedy := remedy_for(finding["code"]))))
        cells = [raw.get(name, "") for name in headers]
        yield write([defused(cell) for cell in (*cells, str(row.number), " ; ".join(reasons), " ; ".join(remedies))])
