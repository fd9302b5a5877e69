"""Bringing a file in: keep it, map it, see what would happen, enter it batch by batch, and tell what became of each row.

Rows enter in batches, each batch in one transaction with the record of its rows and the place reached. Whatever stops
the process, a batch is in or it is not, and the run goes on from the last place reached.
"""

import csv
import hashlib
import io
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events, ids
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refusal, Refused, refuse
from lianfang.registry.models import Area
from lianfang.registry.resolving import import_resolver
from lianfang.surveillance import selectors as surveillance
from lianfang.surveillance import services as cases
from lianfang.tracing import services as tracing

from . import entering
from .models import ImportRow, ImportRun, SavedMapping
from .reading import headers as reading_headers
from .reading.findings import GRAVITY, UNCERTAIN, Finding, refused
from .reading.mapping import ColumnMapping, Mapping, check_mapping, mapping_from
from .reading.rows import ReadRow, read_rows
from .reading.sentences import split_cases
from .reading.tables import Table, open_table

BATCH = 500
PREVIEWED = 20
UNDECIDED = {"import.place_ambiguous", "import.place_unknown"}  # what may not be entered before somebody decided


@dataclass
class Outlook:
    """What an import would do, counted over the whole file before anything is written."""

    rows: int = 0
    would_enter: int = 0
    doubtful: int = 0
    refused: int = 0
    passed_over: int = 0
    links: int = 0
    already_here: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, dict[str, Any]] = field(default_factory=dict)
    questions: dict[str, dict[str, Any]] = field(default_factory=dict)  # by answer key: text, candidates, rows
    preview: list[ReadRow] = field(default_factory=list)


def keep(name: str, chunks: Iterable[bytes], by: Actor, path: str = "") -> ImportRun:
    """Keep an uploaded file for import. Raises Refused when it is no table; nothing stays behind then."""
    path = path or _home(by)
    folder = Path(settings.IMPORTS_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    run_id = ids.new_id()
    stored = folder / run_id.hex
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(os.open(stored, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            for chunk in chunks:
                size += len(chunk)
                if size > settings.UPLOAD_LIMIT_BYTES:
                    limit = settings.UPLOAD_LIMIT_BYTES // 1024**2
                    raise Refused(refuse("import.file_too_large", "file", name=name, megabytes=round(size / 1e6, 1), limit=limit))
                digest.update(chunk)
                out.write(chunk)
        table = _opened(stored, name=name)
    except BaseException:
        stored.unlink(missing_ok=True)
        raise
    seen = reading_headers.survey(table)
    drafted = reading_headers.draft(seen)
    mapping = _fitting(table) or drafted.mapping
    with transaction.atomic():
        run = ImportRun.objects.create(
            id=run_id,
            path=path,
            file_name=Path(name).name[:200],
            stored_as=stored.name,
            size=size,
            digest=digest.hexdigest(),
            table=table.settings(),
            mapping=mapping.content(),
            disease=mapping.disease,
            source=mapping.source or Path(name).stem[:80],
            created_at=clock.now(),
            created_by_id=by.user_id,
        )
        events.record("import.received", by, subject=("import", run.pk), path=path, details={"size": size, "sha256": run.digest})
    return run


def _home(by: Actor) -> str:
    paths = sorted(by.paths("import.run"), key=len)
    if not paths:
        raise Refused(refuse("kernel.not_permitted", permission="import.run"))
    return paths[0]


def _opened(stored: Path, **options: Any) -> Table:
    table = open_table(stored, size_limit=settings.UPLOAD_LIMIT_BYTES, **options)
    if isinstance(table, Finding):
        raise Refused(as_refusal(table))
    return table


def as_refusal(finding: Finding) -> Refusal:
    """A reader's finding as a refusal, so that its words are found in one place."""
    return Refusal(finding.code, finding.words(), finding.field)


def table_of(run: ImportRun) -> Table:
    """The file of a run, opened as it was decided. Raises Refused when it is gone."""
    if not run.stored_as:
        raise Refused(refuse("import.file_gone", name=run.file_name))
    return _opened(Path(settings.IMPORTS_DIR) / run.stored_as, name=run.file_name, **run.table)


def mapping_of(run: ImportRun) -> Mapping:
    mapping = mapping_from(run.mapping)
    if isinstance(mapping, Finding):
        raise Refused(as_refusal(mapping))
    return mapping


def _fitting(table: Table) -> Mapping | None:
    """A saved mapping made for just these headers, the latest first."""
    wanted = {header for position, header in enumerate(table.headers) if position not in table.skipped}
    for saved in SavedMapping.objects.order_by("-created_at")[:200]:
        mapping = mapping_from(saved.content)
        if isinstance(mapping, Mapping) and {entry.column for entry in mapping.columns} == wanted:
            return mapping
    return None


def decide_mapping(run_id: UUID, mapping: Mapping, by: Actor, *, disease: str, source: str, save_as: str = "") -> ImportRun:
    """Set how a run's file is read; under a name it is kept for the next file of this kind. Raises Refused."""
    with transaction.atomic():
        run = _run(run_id, by, lock=True)
        if run.status not in ("uploaded", "mapped"):
            raise Refused(refuse("import.already_started"))
        table = table_of(run)
        wrong = [finding for finding in check_mapping(mapping, table.headers) if finding.severity == "refused"]
        problems = [as_refusal(finding) for finding in wrong]
        if definitions.disease(disease) is None:
            problems.append(refuse("case.unknown_disease", "disease", disease=disease))
        if problems:
            raise Refused(*problems)
        run.mapping, run.disease, run.source, run.status = mapping.content(), disease, source[:80], "mapped"
        run.save()
        if save_as:
            content = {**mapping.content(), "disease": disease, "source": source}
            SavedMapping.objects.update_or_create(
                name=save_as[:120],
                defaults={"content": content, "created_at": clock.now(), "created_by_id": by.user_id},
            )
        events.record("import.mapped", by, subject=("import", run.pk), path=run.path, details={"disease": disease, "saved_as": save_as})
    return run


def _run(run_id: UUID, by: Actor, *, lock: bool = False) -> ImportRun:
    rows = ImportRun.objects.visible_to(by)
    run = (rows.select_for_update() if lock else rows).filter(pk=run_id).first()
    if run is None:
        raise Refused(refuse("kernel.not_found"))
    return run


def outlook(run: ImportRun, by: Actor) -> Outlook:
    """Read the whole file and count what would happen. Nothing is written."""
    found = Outlook()
    reader = _Reader(run, by)
    for batch in _batches(reader.rows(0)):
        known = reader.already_here(batch)
        for row in batch:
            found.rows += 1
            _count(found, row, row.key in known, reader)
    return found


def _count(found: Outlook, row: ReadRow, here: bool, reader: "_Reader") -> None:
    if len(found.preview) < PREVIEWED:
        found.preview.append(row)
    problems = reader.problems(row)
    for finding in problems if problems else row.findings:
        if GRAVITY[finding.severity] == 0:
            continue
        found.reasons[finding.code] += 1
        found.examples.setdefault(finding.code, {"row": row.number, **finding.words()})
        if key := finding.values.get("answer_key"):
            asked = found.questions.setdefault(
                str(key),
                {"text": finding.text, "rows": 0, "choices": [(choice.code, str(choice)) for choice in finding.choices]},
            )
            asked["rows"] += 1
    if row.passed_over:
        found.passed_over += 1
    elif problems:
        found.refused += 1
    elif here:
        found.already_here += 1
    elif row.kind == "link":
        found.links += 1
    else:
        found.would_enter += 1
        found.doubtful += row.status == "uncertain"


class _Reader:
    """The rows of a run's file, and what the platform already knows about them."""

    def __init__(self, run: ImportRun, by: Actor):
        self.run, self.by = run, by
        self.table, self.mapping = table_of(run), mapping_of(run)
        self.today = clock.today()
        self.resolver = import_resolver()
        self.areas: dict[tuple[str, date], Area | None] = {}
        self.terms = definitions.import_terms(run.disease)

    def rows(self, start: int) -> Iterator[ReadRow]:
        return read_rows(self.table, self.mapping, self.resolver, today=self.today, start=start)

    def key(self, row: ReadRow) -> bytes:
        """The row's key within its source: the same row of another source is another row."""
        return hashlib.blake2b(self.run.source.encode() + b"\x1f" + row.key, digest_size=16).digest()

    def already_here(self, rows: Sequence[ReadRow]) -> set[bytes]:
        """The keys among these rows that an earlier import, or this one, has entered."""
        keys = {self.key(row): row.key for row in rows}
        found = ImportRow.objects.filter(key__in=list(keys), result="entered").values_list("key", flat=True)
        return {keys[bytes(key)] for key in found}

    def problems(self, row: ReadRow) -> list[Finding]:
        """Why this row can't be entered: what was refused, and what nobody decided yet."""
        grave = [finding for finding in row.findings if finding.severity == "refused"]
        grave += [finding for finding in row.findings if finding.severity == UNCERTAIN and finding.code in UNDECIDED]
        if row.kind == "case" and not grave:
            grave += entering.cannot_enter(row)
            if not grave and self.area(row) is None:
                grave.append(refused("import.place_unknown").at("", "area", row.values["area"].code))
        return grave

    def area(self, row: ReadRow) -> Area | None:
        code, day = row.values["area"].code, entering.area_day(row.values, self.today)
        if (code, day) not in self.areas:
            self.areas[code, day] = (
                Area.objects.valid_on(day).filter(code=code).first()
                or Area.objects.filter(code=code).order_by("-valid_from").first()
            )
        return self.areas[code, day]


def _batches(rows: Iterator[ReadRow], size: int = BATCH) -> Iterator[list[ReadRow]]:
    while batch := list(islice(rows, size)):
        yield batch


def start(run_id: UUID, by: Actor) -> ImportRun:
    """Let a mapped run begin, as a job. A run that stopped on the way begins again where it was."""
    from .jobs import enter

    with transaction.atomic():
        run = _run(run_id, by, lock=True)
        if run.status not in ("mapped", "stopped"):
            raise Refused(refuse("import.already_started"))
        run.status, run.problem, run.progressed_at = "running", {}, clock.now()
        run.save(update_fields=["status", "problem", "progressed_at"])
        events.record("import.started", by, subject=("import", run.pk), path=run.path, details={"from_row": run.rows_done})
        enter.enqueue(str(run.pk), by.user_id)
    return run


def discard(run_id: UUID, by: Actor) -> None:
    """Give up a run that has not begun, and remove its file."""
    with transaction.atomic():
        run = _run(run_id, by, lock=True)
        if run.status not in ("uploaded", "mapped"):
            raise Refused(refuse("import.already_started"))
        run.status, stored, run.stored_as = "discarded", run.stored_as, ""
        run.save(update_fields=["status", "stored_as"])
        events.record("import.discarded", by, subject=("import", run.pk), path=run.path)
    (Path(settings.IMPORTS_DIR) / stored).unlink(missing_ok=True)


def enter_all(run: ImportRun, by: Actor, *, progress: Any = None) -> ImportRun:
    """Enter every row from the place reached to the end. Each batch is one transaction."""
    reader = _Reader(run, by)
    for batch in _batches(reader.rows(run.rows_done)):
        with transaction.atomic():
            run = ImportRun.objects.select_for_update().get(pk=run.pk)
            if run.status != "running":
                return run  # somebody else finished or stopped it
            if run.rows_done != batch[0].ordinal:
                return run  # another process is at it
            counted = _enter(reader, batch)
            run.rows_done += len(batch)
            run.counts = {name: run.counts.get(name, 0) + counted.get(name, 0) for name in {*run.counts, *counted}}
            run.progressed_at = clock.now()
            run.save(update_fields=["rows_done", "counts", "progressed_at"])
        if progress is not None:
            progress(run)
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().get(pk=run.pk)
        run.status, run.finished_at, stored, run.stored_as = "finished", clock.now(), run.stored_as, ""
        run.save(update_fields=["status", "finished_at", "stored_as"])
        events.record("import.finished", by, subject=("import", run.pk), path=run.path, details=run.counts)
    (Path(settings.IMPORTS_DIR) / stored).unlink(missing_ok=True)
    return run


def _enter(reader: _Reader, batch: list[ReadRow]) -> Counter[str]:
    """Enter one batch: cases through the same door as the form, links through theirs, refused rows kept to be corrected."""
    run, by = reader.run, reader.by
    known = reader.already_here(batch)
    taken = surveillance.case_in_source(run.source, [row.values["local_id"] for row in batch if row.values.get("local_id")])
    kept: list[ImportRow] = []
    notifications, rows_of = [], []
    links: list[ReadRow] = []
    counted: Counter[str] = Counter()
    for row in batch:
        problems = reader.problems(row)
        if row.key in known:
            counted["repeated"] += 1
            continue
        if not problems and row.kind == "case":
            notification, said = entering.notification(
                row, reader.area(row), run.disease, run.source, reader.terms, reader.today  # type: ignore[arg-type]
            )
            row.findings += said
            problems = [_as_finding(refusal) for refusal in cases.refusals(notification, by)]
            if not problems and notification.local_id in taken:
                problems = [refused("import.local_id_taken").at("", "local_id", notification.local_id)]
            if not problems:
                notifications.append(notification)
                rows_of.append(row)
                continue
        if not problems:
            links.append(row)
            continue
        counted["passed_over" if row.passed_over else "refused"] += 1
        kept.append(_refused_row(reader, row, problems))
    written = cases.notify_many(notifications, by)
    for row, case in zip(rows_of, written.cases, strict=True):
        counted["entered"] += 1
        counted["doubtful"] += row.status == "uncertain"
        kept.append(
            ImportRow(
                run=run,
                number=row.number,
                key=reader.key(row),
                result="entered",
                case=case,
                codes=sorted({finding.code for finding in row.findings}),
            )
        )
    counted["possible_duplicates"] += len(written.duplicates)
    if links:
        linked = tracing.link_many(
            [
                tracing.NewLink(
                    infector=row.values["infector_id"],
                    infectee=row.values["infectee_id"],
                    certainty=row.values.get("certainty") or "stated",
                    relation=row.values.get("relation", ""),
                    setting=row.values.get("setting", ""),
                )
                for row in links
            ],
            run.source,
            by,
        )
        for row, problem in zip(links, linked, strict=True):
            if problem is None:
                counted["linked"] += 1
                kept.append(ImportRow(run=run, number=row.number, key=reader.key(row), result="entered"))
            else:
                counted["refused"] += 1
                kept.append(_refused_row(reader, row, [_as_finding(problem)]))
    ImportRow.objects.bulk_create(kept, batch_size=500)
    return counted


def _as_finding(refusal: Refusal) -> Finding:
    return refused(refusal.code, **refusal.values).at("", refusal.about, "")


def _refused_row(reader: _Reader, row: ReadRow, problems: list[Finding]) -> ImportRow:
    findings = [*problems, *(finding for finding in row.findings if finding not in problems)]
    return ImportRow(
        run=reader.run,
        number=row.number,
        key=reader.key(row),
        result="passed_over" if row.passed_over else "refused",
        codes=sorted({finding.code for finding in problems}),
        findings=json.dumps([finding.content() for finding in findings], ensure_ascii=False),
        raw=json.dumps(row.raw, ensure_ascii=False),
    )


def stop(run_id: UUID, problem: Exception) -> None:
    """Mark a run as stopped where it is, with the reason. It can be started again."""
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().get(pk=run_id)
        if run.status == "running":
            run.status = "stopped"
            first = problem.refusals[0] if isinstance(problem, Refused) and problem.refusals else None
            run.problem = (
                {"code": first.code, "values": json.loads(json.dumps(first.values, default=str))}
                if first
                else {"code": "import.stopped_by_error", "values": {"kind": type(problem).__name__}}
            )
            run.save(update_fields=["status", "problem"])




def samples(table: Table, rows: int = 200, shown: int = 4) -> dict[str, list[str]]:
    """A few different cells of each column, from the first rows."""
    found: dict[str, list[str]] = {header: [] for header in table.headers}
    for row in islice(table.rows(), rows):
        for header, cell in zip(table.headers, row.cells, strict=False):
            kept = found[header]
            if cell.strip() and len(kept) < shown and cell not in kept:
                kept.append(cell)
    return found


def open_questions(run: ImportRun) -> list[Refusal]:
    """What the reader asks about the file as a whole and its columns, before anybody decided."""
    drafted = reading_headers.draft(reading_headers.survey(table_of(run), limit=5000), mapping_of(run).kind)
    asked = [*drafted.questions, *(question for entry in drafted.suggestions for question in entry.questions)]
    return [as_refusal(finding) for finding in asked]


def refused_reasons(run: ImportRun) -> list[tuple[str, int]]:
    """The codes for which rows of a run were refused, with how many rows each."""
    counted: Counter[str] = Counter()
    for codes in ImportRow.objects.filter(run=run, result="refused").values_list("codes", flat=True).iterator(chunk_size=5000):
        counted.update(codes)
    return counted.most_common()


def open_refused(run_id: UUID, by: Actor) -> ImportRun:
    """A run whose refused rows are about to be read; leaves the event of the look."""
    run = _run(run_id, by)
    with transaction.atomic():
        events.record("import.refused_read", by, subject=("import", run.pk), path=run.path)
    return run


def finding_values(content: dict[str, Any]) -> dict[str, Any]:
    """What a sentence about a stored finding may name."""
    choices = ", ".join(content.get("choices", ()))
    return {name: content.get(name, "") for name in ("column", "field", "text")} | {"choices": choices} | content.get("values", {})


def keep_sentences(text: str, by: Actor, *, year: int | None = None) -> ImportRun:
    """Pasted case sentences as an import of their own: one row for each case found, the sentence beside it."""
    rows = list(split_cases(text))
    if not rows:
        raise Refused(refuse("import.nothing_pasted", "text"))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["sentence"])
    writer.writerows([row] for row in rows)
    run = keep("pasted.csv", [out.getvalue().encode()], by)
    entry = ColumnMapping("sentence", "sentence", year=year)
    run.mapping = Mapping(kind="cases", columns=(entry,), source=run.source).content()
    run.source = f"pasted {clock.today()} {run.digest[:8]}"
    run.file_name = ""
    run.save(update_fields=["mapping", "source", "file_name"])
    return run
