"""Imports over HTTP: send a file, see what would happen, start it, follow it, fetch what was refused. The same services."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from ninja import File, Form, Router, Schema, Status
from ninja.files import UploadedFile

from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse, words_for
from lianfang.kernel.views import needs

from . import services
from .models import ImportRun
from .reading.findings import Finding
from .reading.mapping import Mapping, mapping_from
from .words import remedy_for

router = Router(tags=["imports"])


class ImportOut(Schema):
    """Where an import stands."""

    id: UUID
    file_name: str
    status: str
    disease: str
    source: str
    rows_done: int
    counts: dict[str, int]
    problem: str
    created_at: datetime
    finished_at: datetime | None
    mapping: dict[str, Any]


class ReasonOut(Schema):
    code: str
    words: str
    remedy: str
    rows: int
    first_row: int


class QuestionOut(Schema):
    """A place that only a person can tell. The answer goes into ``places`` of the mapping, under ``key``."""

    key: str
    text: str
    rows: int
    choices: list[str]


class OutlookOut(Schema):
    """What an import would do. Nothing was written."""

    rows: int
    would_enter: int
    doubtful: int
    links: int
    refused: int
    already_here: int
    passed_over: int
    reasons: list[ReasonOut]
    questions: list[QuestionOut]


class ForeseeingOut(Schema):
    """The dry run of a large file is a job that has not ended. Ask again."""

    rows_foreseen: int


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _shown(run: ImportRun) -> dict[str, Any]:
    problem = words_for(run.problem["code"], run.problem.get("values", {})) if run.problem else ""
    plain = {name: getattr(run, name) for name in ImportOut.model_fields if name not in ("id", "problem")}
    return {"id": run.pk, "problem": problem, **plain}


@router.post("", response={201: ImportOut})
@needs("import.run")
def send(
    request: HttpRequest,
    file: UploadedFile | None = File(None),  # noqa: B008
    disease: str = Form(""),
    source: str = Form(""),
    mapping: str = Form(""),
) -> Any:
    """Send a file. ``mapping`` names a saved mapping or is one as JSON; without it the columns are suggested.

    With the disease known the import is ready to start; else send a mapping and the disease to ``/mapping`` first.
    """
    by = _actor(request)
    if getattr(request, "upload_too_large", False):
        raise Refused(services.too_large(""))
    if file is None:
        raise Refused(refuse("import.file_missing", "file"))
    chosen = _mapping(mapping, by) if mapping else None
    run = services.keep(file.name or "file", file.chunks(), by)
    chosen = chosen or services.mapping_of(run)
    if disease or chosen.disease:
        run = services.decide_mapping(
            run.pk, chosen, by, disease=disease or chosen.disease, source=source or chosen.source or run.source
        )
    return Status(201, _shown(run))


def _mapping(text: str, by: Actor) -> Mapping:
    if not text.lstrip().startswith("{"):
        return services.named_mapping(text, by)
    try:
        found = mapping_from(json.loads(text))
    except ValueError as problem:
        raise Refused(refuse("import.mapping_unreadable", "mapping", problem=str(problem))) from None
    if isinstance(found, Finding):
        raise Refused(services.as_refusal(found))
    return found


@router.get("", response=list[ImportOut])
@needs("import.run")
def list_imports(request: HttpRequest) -> Any:
    """The hundred latest imports that the caller may see."""
    runs = ImportRun.objects.visible_to(_actor(request)).exclude(status="discarded").order_by("-created_at")
    return [_shown(run) for run in runs[:100]]


@router.get("/{uuid:run_id}", response=ImportOut)
@needs("import.run")
def open_import(request: HttpRequest, run_id: UUID) -> Any:
    """Where an import stands."""
    return _shown(services.run_of(run_id, _actor(request)))


@router.post("/{uuid:run_id}/mapping", response=ImportOut)
@needs("import.run")
def decide(
    request: HttpRequest, run_id: UUID, mapping: str = Form(""), disease: str = Form(""), source: str = Form("")
) -> Any:
    """Decide how the file is read: a saved mapping by name, or one as JSON."""
    by = _actor(request)
    run = services.run_of(run_id, by)
    chosen = _mapping(mapping, by) if mapping else services.mapping_of(run)
    return _shown(
        services.decide_mapping(
            run_id,
            chosen,
            by,
            disease=disease or chosen.disease or run.disease,
            source=source or chosen.source or run.source,
        )
    )


@router.get("/{uuid:run_id}/outlook", response={200: OutlookOut, 202: ForeseeingOut})
@needs("import.run")
def outlook(request: HttpRequest, run_id: UUID) -> Any:
    """The dry run: what would happen to every row. Of a large file a job counts it: 202 until it has ended."""
    by = _actor(request)
    run = services.run_of(run_id, by)
    found = services.foreseen(run, by)
    if found is None:
        return Status(202, {"rows_foreseen": run.rows_foreseen})
    return {
        **{name: getattr(found, name) for name in services.COUNTED},
        "reasons": [
            {
                "code": code,
                "words": words_for(code, found.examples[code]),
                "remedy": remedy_for(code),
                "rows": count,
                "first_row": found.examples[code]["row"],
            }
            for code, count in found.reasons.most_common()
        ],
        "questions": [
            {
                "key": key,
                "text": asked["text"],
                "rows": asked["rows"],
                "choices": [label for _code, label in asked["choices"]],
            }
            for key, asked in found.questions.items()
        ],
    }


@router.post("/{uuid:run_id}/start", response={202: ImportOut})
@needs("import.run")
def start(request: HttpRequest, run_id: UUID) -> Any:
    """Let the rows enter, or let an import that stopped go on. Follow it by opening the import."""
    return Status(202, _shown(services.start(run_id, _actor(request))))


@router.post("/{uuid:run_id}/undo", response={202: ImportOut})
@needs("import.run")
def undo(request: HttpRequest, run_id: UUID) -> Any:
    """Take a whole import back: its cases no longer count, its links are retracted. Everything stays on record."""
    return Status(202, _shown(services.undo(run_id, _actor(request))))


@router.post("/{uuid:run_id}/restore", response={202: ImportOut})
@needs("import.run")
def restore(request: HttpRequest, run_id: UUID) -> Any:
    """Let an import that was undone stand again."""
    return Status(202, _shown(services.restore(run_id, _actor(request))))


@router.get("/{uuid:run_id}/refused.csv")
@needs("import.run")
def refused_rows(request: HttpRequest, run_id: UUID) -> StreamingHttpResponse:
    """The refused rows with reason and remedy, to be corrected and sent again. The look is recorded."""
    run = services.open_refused(run_id, _actor(request))
    return StreamingHttpResponse(services.refused_csv(run), content_type="text/csv; charset=utf-8")
