from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.spreadsheets import as_csv
from lianfang.kernel.views import page

from . import in_words, selectors, services
from .models import Verification
from .words import FINDINGS, GROUPS

EXPORTED = (
    "at",
    "by",
    "name",
    "channel",
    "kind",
    "words",
    "about",
    "area",
    "details",
    "late",
    "back_dated",
    "subject_id",
    "event_id",
)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(refuse("audit.no_such_day", "from", day=text)) from None


def _wanted(request: HttpRequest) -> selectors.AuditFilter:
    return selectors.AuditFilter(
        user=request.GET.get("user", "").strip(),
        kind=request.GET.get("kind", ""),
        area=request.GET.get("area", "").strip(),
        first=_day(request.GET.get("from", "")),
        last=_day(request.GET.get("until", "")),
    )


def _looked(kind: str, actor: Actor, path: str = "", **about: Any) -> None:
    """An audit is a look too, and leaves its event."""
    places = actor.paths("audit.read")
    with transaction.atomic():
        events.record(kind, actor, path=path or (places[0] if places else ""), **about)


@page("audit.read")
def audit(request: HttpRequest) -> HttpResponse:
    """The record, narrowed by user, kind, area and days; a case number leads to the record of that case."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    no_case = ""
    if text := request.GET.get("case", "").strip():
        if found := selectors.case_called(actor, text):
            return redirect("audit-case", found)
        no_case = text
    refusal, wanted, more = "", selectors.AuditFilter(), None
    shown: list[Event] = []
    try:
        wanted = _wanted(request)
        shown, more = selectors.page_of(
            selectors.entries(actor, wanted), selectors.read_place(request.GET.get("after", ""))
        )
    except Refused as no:
        refusal = str(no)
    _looked("audit.listed", actor, details={"rows": len(shown)})
    context = {
        "entries": in_words.entries(shown),
        "wanted": wanted,
        "kinds": _kinds(),
        "no_case": no_case,
        "refusal": refusal,
        "more": selectors.write_place(more),
        "after": request.GET.get("after", ""),
        "chain": selectors.chain(),
        "last": Verification.objects.exclude(finished_at=None).order_by("-ordered_at").first(),
    }
    return render(request, "supervision/audit.html", context, status=422 if refusal else 200)


def _kinds() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every declared kind of event, by what it is about."""
    grouped: dict[str, list[tuple[str, str]]] = {}
    for kind, words in events.kinds().items():
        grouped.setdefault(kind.partition(".")[0], []).append((kind, str(words)))
    return [(str(GROUPS.get(group, group)), entries) for group, entries in grouped.items()]


@page("audit.read")
def audit_export(request: HttpRequest) -> StreamingHttpResponse:
    """The narrowed record as CSV, written as it is read."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    rows = selectors.entries(actor, _wanted(request))
    _looked("audit.exported", actor)
    return _csv(rows, "audit")


@page("audit.read")
def audit_case(request: HttpRequest, case_id: UUID) -> HttpResponse | StreamingHttpResponse:
    """Everything that was done to a case and seen of it, or the lists that covered its area."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    version = selectors.audited_case(actor, case_id)
    view = "lists" if request.GET.get("view") == "lists" else "case"
    rows = selectors.lists_over(actor, version) if view == "lists" else selectors.of_case(actor, version.case)
    return _record_of(
        request,
        rows,
        ("audit.case_read", ("case", case_id), version.path),
        f"audit-{version.case.number}",
        {
            "title": version.case.number,
            "version": version,
            "class_label": definitions.all_class_labels().get(
                (version.disease, version.classification), version.classification
            ),
            "disease_label": definitions.label(definitions.disease(version.disease)),
            "view": view,
        },
    )


@page("audit.read")
def audit_user(request: HttpRequest, user_id: int) -> HttpResponse | StreamingHttpResponse:
    """Everything that an account did and saw, and what was done to it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    user = selectors.audited_user(actor, user_id)
    return _record_of(
        request,
        selectors.of_user(actor, user),
        ("audit.user_read", ("account", user.subject_id), ""),
        f"audit-{user.username}",
        {"title": user.display_name, "account": user, "view": "user"},
    )


def _record_of(
    request: HttpRequest,
    rows: QuerySet[Event],
    look: tuple[str, tuple[str, UUID], str],
    name: str,
    about: dict[str, Any],
) -> HttpResponse | StreamingHttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    kind, subject, path = look
    if request.GET.get("as") == "csv":
        _looked("audit.exported", actor, path, subject=subject)
        return _csv(rows, name)
    shown, more = selectors.page_of(rows, selectors.read_place(request.GET.get("after", "")))
    _looked(kind, actor, path, subject=subject)
    context = {
        "entries": in_words.entries(shown),
        "more": selectors.write_place(more),
        "after": request.GET.get("after", ""),
        **about,
    }
    return render(request, "supervision/audit_of.html", context)


@page("audit.read")
def audit_chain(request: HttpRequest) -> HttpResponse:
    """The state of the chain: its last seal, what waits for the next, the walk on its way and the last result."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    last = Verification.objects.exclude(finished_at=None).select_related("ordered_by").order_by("-ordered_at").first()
    shown, elsewhere = selectors.findings_for(actor, last.findings if last else [])
    context = {
        "chain": selectors.chain(),
        "running": services.running(),
        "last": last,
        "counts": [(FINDINGS.get(what, what), count) for what, count in last.counts.items()] if last else [],
        "findings": [in_words.finding_words(finding) for finding in shown],
        "elsewhere": elsewhere,
    }
    template = "supervision/chain_part.html" if request.headers.get("HX-Request") else "supervision/chain.html"
    return render(request, template, context)


@require_POST
@page("audit.read")
def audit_verify(request: HttpRequest) -> HttpResponse:
    """Let the whole record be walked, as a job."""
    services.order_verification(request.actor)  # type: ignore[attr-defined]
    return redirect("audit-chain")


def _csv(rows: QuerySet[Event], name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(as_csv(_lines(rows)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{clock.today()}.csv"'
    return response


def _lines(rows: QuerySet[Event]) -> Iterator[tuple[Any, ...]]:
    yield EXPORTED
    batch: list[Event] = []
    for event in rows.select_related("by").iterator(chunk_size=1000):
        batch.append(event)
        if len(batch) == 1000:
            yield from _written(batch)
            batch = []
    yield from _written(batch)


def _written(batch: list[Event]) -> Iterator[tuple[Any, ...]]:
    for entry in in_words.entries(batch):
        event = entry.event
        cells = (
            f"{timezone.localtime(event.at):%Y-%m-%d %H:%M:%S}",
            event.by.username if event.by else "",
            entry.by,
            event.channel,
            event.kind,
            entry.words,
            entry.about,
            event.path.rstrip("/").rpartition("/")[2],
            "; ".join(f"{name}: {value}" for name, value in entry.details),
            entry.late,
            "1" if entry.back_dated else "",
            str(event.subject_id or ""),
            str(event.pk),
        )
        yield cells
