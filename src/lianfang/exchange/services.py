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
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext, pgettext

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events, ids
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refusal, Refused, refuse, words_for
from lianfang.kernel.spreadsheets import as_csv
from lianfang.registry import households
from lianfang.registry.models import Area
from lianfang.registry.resolving import import_resolver
from lianfang.registry.selectors import chosen_area, top_area
from lianfang.surveillance import selectors as surveillance
from lianfang.surveillance import services as cases
from lianfang.tracing import services as tracing

from . import entering, shipped, words
from .models import ImportRow, ImportRun, SavedMapping
from .reading import headers as reading_headers
from .reading.findings import GRAVITY, UNCERTAIN, Finding, refused
from .reading.mapping import SKIP, ColumnMapping, Kind, Mapping, check_mapping, mapping_from
from .reading.places import PlaceText
from .reading.rows import ReadRow, read_rows
from .reading.sentences import Context, read_case, split_cases
from .reading.tables import Table, open_table
from .rules import IMPORT

BATCH = 500
CONTACTS = "contacts"  # the kind of a saved mapping that reads lists of contacts, and no line list
PREVIEWED, SENTENCES_SHOWN = 20, 300
AT_ONCE = 1024**2  # bytes of a file that is foreseen while somebody waits; a job does it for larger ones
STALLED = timedelta(seconds=60)  # a job that moved nothing for so long was killed
AT_THE_MACHINE = 4 * 1024**3  # bytes that may be brought in from the command line
TRIES = 3  # of a batch that met another import entering the same rows
UNDECIDED = {
    "import.place_ambiguous",
    "import.place_unknown",
    "import.place_lone",
    "import.place_contradicts",
}  # what may not be entered before somebody decided
UNDECIDED_DAYS = {"import.date_order_open", "import.date_year_missing", "import.date_year_open"}  # nor days that count


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
    preview: list["Fate"] = field(default_factory=list)
    at: datetime | None = None  # when a job counted it; None for just now


def keep(name: str, chunks: Iterable[bytes], by: Actor) -> ImportRun:
    """Keep an uploaded file for import. Raises Refused when it is no table; nothing stays behind then."""
    _home(by)
    stored = received(name, chunks, AT_THE_MACHINE if by.system else settings.UPLOAD_LIMIT_BYTES)
    try:
        run = draft_run(stored, name, by)
        with transaction.atomic():
            run.save(force_insert=True)
            details = {"size": run.size, "sha256": run.digest}
            events.record("import.received", by, subject=("import", run.pk), path=run.path, details=details)
    except BaseException:
        stored.unlink(missing_ok=True)
        raise
    return run


def received(name: str, chunks: Iterable[bytes], limit: int) -> Path:
    """A sent file on the disk, readable by its owner only. Raises Refused when it is too large; nothing stays behind then."""
    folder = Path(settings.IMPORTS_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stored = folder / ids.new_id().hex
    try:
        size = 0
        with os.fdopen(os.open(stored, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise Refused(too_large(name, round(size / 1e6, 1)))
                out.write(chunk)
    except BaseException:
        stored.unlink(missing_ok=True)
        raise
    return stored


def too_large(name: str, megabytes: Any = "") -> Refusal:
    limit = settings.UPLOAD_LIMIT_BYTES // 1024**2
    return refuse("import.file_too_large", "file", name=name, megabytes=megabytes or f"> {limit}", limit=limit)


def draft_run(stored: Path, name: str, by: Actor) -> ImportRun:
    """An import of a file as it would be read without further word, not yet written down. Raises Refused."""
    table = _opened(stored, name=name)
    mapping = _fitting(table, by) or reading_headers.draft(reading_headers.survey(table)).mapping
    with stored.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ImportRun(
        path=_home(by),
        file_name=Path(name).name[-200:],
        stored_as=stored.name if stored.parent == Path(settings.IMPORTS_DIR) else str(stored.resolve()),
        size=stored.stat().st_size,
        digest=digest,
        table=table.settings(),
        mapping=mapping.content(),
        disease=mapping.disease,
        source=(mapping.source or Path(name).stem)[:80],
        created_at=clock.now(),
        created_by_id=by.user_id,
    )


def _home(by: Actor) -> str:
    """The path of the highest area in which the actor may import; the run belongs there."""
    area = top_area(by, "import.run")
    if area is None:
        raise Refused(
            refuse("import.no_areas") if by.system else refuse("kernel.not_permitted", permission="import.run")
        )
    return area.path


def _opened(stored: Path, **options: Any) -> Table:
    table = open_table(stored, size_limit=AT_THE_MACHINE, **options)  # what was kept is within its limit
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


def named_mappings(by: Actor) -> dict[str, Mapping]:
    """Every mapping kept under a name, the latest first, then those that come with the platform, by their labels."""
    found: dict[str, Mapping] = {}
    for saved in SavedMapping.objects.visible_to(by).order_by("-created_at")[:200]:
        mapping = mapping_from(saved.content)
        if isinstance(mapping, Mapping):
            found[saved.name] = mapping
    for entry in shipped.shipped_mappings():
        found.setdefault(definitions.label(entry), entry.mapping)
    return found


def named_mapping(name: str, by: Actor) -> Mapping:
    """The mapping of a name, or of a shipped mapping's code. Raises Refused naming those that there are."""
    known = {**{entry.code: entry.mapping for entry in shipped.shipped_mappings()}, **named_mappings(by)}
    if name not in known:
        raise Refused(refuse("import.mapping_unknown", "mapping", name=name, known=", ".join(known)))
    return known[name]


def _fitting(table: Table, by: Actor) -> Mapping | None:
    """A mapping made for just these headers; for refused rows sent again, that of the import which refused them."""
    wanted = {header for position, header in enumerate(table.headers) if position not in table.skipped}
    known: list[Any] = []
    if table.origin_column is not None:
        earlier = ImportRun.objects.visible_to(by).exclude(finished_at=None).order_by("-created_at")[:50]
        known += [mapping_from(run.mapping) for run in earlier]
    known += [
        mapping_from(saved.content) for saved in SavedMapping.objects.visible_to(by).order_by("-created_at")[:200]
    ]
    for mapping in known:
        if isinstance(mapping, Mapping) and {entry.column for entry in mapping.columns} == wanted:
            return mapping
    return shipped.fitting(table)


def use_mapping(run_id: UUID, mapping: Mapping, by: Actor) -> ImportRun:
    """Lay another mapping over a run's columns, to be looked at before it is decided."""
    with transaction.atomic():
        run = _moving(run_id, "map", by)
        run.mapping, run.status = mapping.content(), "uploaded"
        run.disease, run.source = mapping.disease or run.disease, mapping.source or run.source
        run.save(update_fields=["mapping", "disease", "source", "status"])
    return run


def drafted(run: ImportRun, kind: Kind) -> Mapping:
    """The suggested mapping of a run's file, read as rows of one kind."""
    fresh = reading_headers.draft(reading_headers.survey(table_of(run)), kind).mapping
    return replace(fresh, disease=run.disease, source=run.source)


def decide_mapping(
    run_id: UUID, mapping: Mapping, by: Actor, *, disease: str, source: str, save_as: str = ""
) -> ImportRun:
    """Set how a run's file is read; under a name it is kept for the next file of this kind. Raises Refused."""
    with transaction.atomic():
        run = _moving(run_id, "map", by)
        decided(run, mapping, disease, source).save()
        if save_as:
            keep_mapping(run.path, save_as, run.mapping, by)
        details = {"disease": disease, "saved_as": save_as}
        events.record("import.mapped", by, subject=("import", run.pk), path=run.path, details=details)
    return run


def keep_mapping(path: str, name: str, content: dict[str, Any], by: Actor) -> SavedMapping:
    """Keep a mapping under a name for an area, in the place of one of the name that reads the same kind of list."""
    name = name.strip()[:120]
    before = SavedMapping.objects.filter(path=path, name=name).first()
    if before is not None and (before.content.get("kind") == CONTACTS) != (content["kind"] == CONTACTS):
        raise Refused(refuse("import.mapping_name_taken", "save_as", name=name))
    kept, _new = SavedMapping.objects.update_or_create(
        path=path,
        name=name,
        defaults={"content": content, "created_at": clock.now(), "created_by_id": by.user_id},
    )
    return kept


def best_fit_first(mappings: MappingOf[str, Collection[str]], headers: Collection[str]) -> list[str]:
    """Names of mappings, those first of whose columns most are among the headers: {name: its columns}."""
    return sorted(mappings, key=lambda name: -len(set(headers) & set(mappings[name])))


def decided(run: ImportRun, mapping: Mapping, disease: str, source: str) -> ImportRun:
    """The run with its mapping, disease and source set, not yet saved. Raises Refused with all that is wrong with them."""
    wrong = [finding for finding in check_mapping(mapping, table_of(run).headers) if finding.severity == "refused"]
    problems = [as_refusal(finding) for finding in wrong]
    if definitions.disease(disease) is None:
        problems.append(refuse("case.unknown_disease", "disease", disease=disease))
    if problems:
        raise Refused(*problems)
    mapping = replace(mapping, disease=disease, source=source[:80])
    run.mapping, run.disease, run.source = mapping.content(), disease, mapping.source
    run.outlook, run.rows_foreseen, run.progressed_at = {}, 0, None
    return run


def run_of(run_id: UUID, by: Actor) -> ImportRun:
    """A run that the actor may see. Raises Refused."""
    run = ImportRun.objects.visible_to(by).filter(pk=run_id).select_related("created_by").first()
    if run is None:
        raise Refused(refuse("kernel.not_found"))
    return run


def _moving(run_id: UUID, move: str, by: Actor) -> ImportRun:
    """A run locked for one of the moves of ``IMPORT``, already in its target state but not yet saved. Raises Refused."""
    run = ImportRun.objects.visible_to(by).select_for_update().filter(pk=run_id).first()
    if run is None:
        raise Refused(refuse("kernel.not_found"))
    if no := IMPORT.refusal(move, run, status=run.status, permitted=by.may_at("import.run", run.path)):
        raise Refused(no)
    run.status = IMPORT.move(move).target
    return run


def outlook(run: ImportRun, by: Actor, progress: Callable[[int], None] = lambda rows: None) -> Outlook:
    """Read the whole file and count what would happen to each row. Nothing is written."""
    found = Outlook()
    reader = _Reader(run, by)
    for batch in _batches(reader.rows(0)):
        for fate in reader.fates(batch):
            _count(found, fate)
        progress(found.rows)
    return found


def foreseen(run: ImportRun, by: Actor) -> Outlook | None:
    """What would happen: counted now for a small file, by a job for a large one. None while that job is at it."""
    if run.size <= AT_ONCE:
        return outlook(run, by)
    if run.outlook.get("by") == (by.user_id or 0):
        return _outlook_from(run, by)
    if run.progressed_at is None or run.progressed_at < clock.now() - STALLED:
        foresee(run.pk, by)
    return None


def foresee(run_id: UUID, by: Actor) -> None:
    """Order anew what would happen to a large file, as things stand now. Raises Refused."""
    from .jobs import look_ahead

    with transaction.atomic():
        run = _moving(run_id, "map", by)
        run.outlook, run.rows_foreseen, run.progressed_at = {}, 0, clock.now()
        run.save(update_fields=["outlook", "rows_foreseen", "progressed_at"])
        look_ahead.enqueue(str(run.pk), by.user_id)


def keep_outlook(run: ImportRun, by: Actor) -> None:
    """Count what would happen and keep it with the run, unless somebody decided otherwise meanwhile."""
    same = ImportRun.objects.filter(pk=run.pk, status="mapped", mapping=run.mapping)

    def progress(rows: int) -> None:
        same.update(rows_foreseen=rows, progressed_at=clock.now())

    found = outlook(run, by, progress)
    counted = {name: getattr(found, name) for name in COUNTED}
    told = {"examples": found.examples, "questions": found.questions, "reasons": found.reasons.most_common()}
    with transaction.atomic():
        for waiting in same.select_for_update():
            waiting.outlook = {"by": by.user_id or 0, "at": clock.now().isoformat(), **counted, **told}
            waiting.progressed_at = None
            waiting.save(update_fields=["outlook", "progressed_at"])


COUNTED = ("rows", "would_enter", "doubtful", "refused", "passed_over", "links", "already_here")


def _outlook_from(run: ImportRun, by: Actor) -> Outlook:
    """The counts as kept, with the first rows as they are read."""
    found = Outlook(**{name: run.outlook[name] for name in COUNTED})
    found.at = datetime.fromisoformat(run.outlook["at"])
    found.examples, found.questions = run.outlook["examples"], run.outlook["questions"]
    found.reasons = Counter(dict(run.outlook["reasons"]))
    reader = _Reader(run, by)
    for batch in _batches(reader.rows(0), PREVIEWED):
        for fate in reader.fates(batch):
            if not _previewed(found, fate):
                return found
    return found


def _previewed(found: Outlook, fate: "Fate") -> bool:
    """Take a row into the preview while there is room."""
    room = len(found.preview) < (SENTENCES_SHOWN if _tells(fate.row) else PREVIEWED)
    if room:
        found.preview.append(fate)
    return room


def _count(found: Outlook, fate: "Fate") -> None:
    row = fate.row
    found.rows += 1
    _previewed(found, fate)
    for finding in fate.problems or row.findings:
        if GRAVITY[finding.severity] == 0 or fate.result == "repeated":
            continue
        found.reasons[finding.code] += 1
        if finding.code not in found.examples:
            told = _told(finding.content())
            found.examples[finding.code] = {"row": row.number, "where": _where(told), **told}
        if key := finding.values.get("answer_key"):
            asked = found.questions.setdefault(
                str(key),
                {
                    "text": finding.text,
                    "rows": 0,
                    "choices": [(choice.code, str(choice)) for choice in finding.choices],
                },
            )
            asked["rows"] += 1
    match fate.result:
        case "entered" if row.kind == "link":
            found.links += 1
        case "entered":
            found.would_enter += 1
            found.doubtful += row.status == "uncertain"
        case "repeated":
            found.already_here += 1
        case "refused":
            found.refused += 1
        case "passed_over":
            found.passed_over += 1


def _tells(row: ReadRow) -> bool:
    """Whether the row was read from a sentence, which a person wants to compare with what was read."""
    return "sentence" in row.other


@dataclass
class Fate:
    """What becomes of one row: entered, repeated (already here), refused, or passed over as no case."""

    row: ReadRow
    result: str
    problems: list[Finding] = field(default_factory=list)
    case: cases.Judged | None = None


class _Reader:
    """The rows of a run's file, and what the platform already knows about them."""

    def __init__(self, run: ImportRun, by: Actor):
        self.run, self.by = run, by
        self.table, self.mapping = table_of(run), mapping_of(run)
        self.today = clock.today()
        self.resolver = import_resolver()
        self.areas: dict[tuple[str, Any], Area | None] = {}
        self.terms = definitions.import_terms(run.disease)
        paths = ImportRun.objects.filter(source=run.source).values_list("path", flat=True).distinct()
        self.desks = {run.path} | {path for path in paths if path.startswith(run.path) or run.path.startswith(path)}

    def rows(self, start: int) -> Iterator[ReadRow]:
        return read_rows(self.table, self.mapping, self.resolver, today=self.today, start=start)

    def key(self, row: ReadRow, desk: str = "") -> bytes:
        """The row's key within its source and the desk whose list it is: elsewhere the same row is another row."""
        list_of = f"{desk or self.run.path}\x1f{self.run.source}\x1f".encode()
        return hashlib.blake2b(list_of + row.key, digest_size=16).digest()

    def fates(self, batch: Sequence[ReadRow]) -> list[Fate]:
        """What becomes of each row of a batch. The dry run and the import ask here, so that one keeps what the other says."""
        keys = {self.key(row, desk): row.key for row in batch for desk in self.desks}
        here = ImportRow.objects.filter(key__in=list(keys), result="entered").values_list("key", flat=True)
        known = {keys[bytes(key)] for key in here}
        numbers = {row.values["local_id"] for row in batch if row.kind == "case" and row.values.get("local_id")}
        taken = surveillance.case_in_source(self.run.source, numbers, self.by, self.run.path) if numbers else {}
        return [Fate(row, "repeated") if row.key in known else self._fate(row, taken) for row in batch]

    def _fate(self, row: ReadRow, taken: dict[str, Any]) -> Fate:
        problems = self._problems(row)
        if problems or row.kind == "link":
            result = "passed_over" if row.passed_over else "refused" if problems else "entered"
            return Fate(row, result, problems)
        area = self.area(row)
        if area is None:
            return Fate(row, "refused", [refused("import.place_unknown").at("", "area", row.values["area"].code)])
        notification, said = entering.notification(row, area, self.run.disease, self.run.source, self.terms, self.today)
        notification = replace(notification, import_id=self.run.pk, desk=self.run.path)
        row.findings += said
        judged = cases.judge(notification, self.by)
        if not isinstance(judged, cases.Judged):
            return Fate(row, "refused", [_as_finding(refusal) for refusal in judged])
        if notification.local_id in taken:
            return Fate(row, "refused", [refused("import.local_id_taken").at("", "local_id", notification.local_id)])
        return Fate(row, "entered", [], judged)

    def _problems(self, row: ReadRow) -> list[Finding]:
        """Why this row can't be entered: what was refused, and what nobody decided yet."""
        grave = [finding for finding in row.findings if finding.severity == "refused"]
        grave += [finding for finding in row.findings if finding.severity == UNCERTAIN and _undecided(finding)]
        return grave or (entering.cannot_enter(row) if row.kind == "case" else [])

    def area(self, row: ReadRow) -> Area | None:
        """The area in which a row's case belongs, as it was on its day; asked once for each span without a change."""
        code, day = row.values["area"].code, entering.area_day(row.values, self.today)
        place = (code, self.resolver.era(day))
        if place not in self.areas:
            self.areas[place] = chosen_area(code, day)
        return self.areas[place]


def _undecided(finding: Finding) -> bool:
    return finding.code in UNDECIDED or (finding.code in UNDECIDED_DAYS and finding.field in entering.DAY_FIELDS)


def _batches(rows: Iterator[ReadRow], size: int = 0) -> Iterator[list[ReadRow]]:
    while batch := list(islice(rows, size or BATCH)):
        yield batch


def start(run_id: UUID, by: Actor, *, as_job: bool = True) -> ImportRun:
    """Let a mapped run begin, as a job or for the caller to go through. One that stopped goes on where it was."""
    with transaction.atomic():
        run = _moving(run_id, "start", by)
        run.problem, run.progressed_at, run.ordered_by_id = {}, clock.now(), by.user_id
        run.save(update_fields=["status", "problem", "progressed_at", "ordered_by"])
        events.record(
            "import.started", by, subject=("import", run.pk), path=run.path, details={"from_row": run.rows_done}
        )
        if as_job:
            _order(run, by)
    return run


def _order(run: ImportRun, by: Actor) -> None:
    from .jobs import go_on

    go_on.enqueue(str(run.pk), by.user_id)


def discard(run_id: UUID, by: Actor) -> None:
    """Give up a run that has not begun, and remove its file."""
    with transaction.atomic():
        run = _moving(run_id, "discard", by)
        stored, run.stored_as = run.stored_as, ""
        run.save(update_fields=["status", "stored_as"])
        events.record("import.discarded", by, subject=("import", run.pk), path=run.path)
    _remove(stored)


def _remove(stored: str) -> None:
    if stored:
        (Path(settings.IMPORTS_DIR) / stored).unlink(missing_ok=True)


def enter_all(run: ImportRun, by: Actor, *, progress: Callable[[ImportRun], None] = lambda run: None) -> ImportRun:
    """Enter every row from the place reached to the end. Each batch is one transaction with the place it reaches.

    Returns early, leaving the rest to it, when another process is found at work on the same run.
    """
    reader = _Reader(run, by)
    for batch in _batches(reader.rows(run.rows_done)):
        for attempt in range(1, TRIES + 1):
            try:
                with transaction.atomic():
                    run = ImportRun.objects.select_for_update().get(pk=run.pk)
                    if run.status != "running" or run.rows_done != batch[0].ordinal:
                        return run
                    counted = _enter(reader, batch)
                    run.rows_done += len(batch)
                    run.counts = dict(Counter(run.counts) + counted)
                    run.progressed_at = clock.now()
                    run.save(update_fields=["rows_done", "counts", "progressed_at"])
                break
            except IntegrityError:
                if attempt == TRIES:
                    raise  # not the same rows from another import, which the next try would have found here
        progress(run)
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().get(pk=run.pk)
        if run.status != "running":
            return run
        run.status, run.finished_at, stored, run.stored_as = "finished", clock.now(), run.stored_as, ""
        run.save(update_fields=["status", "finished_at", "stored_as"])
        events.record("import.finished", by, subject=("import", run.pk), path=run.path, details=run.counts)
    _remove(stored)
    return run


def _enter(reader: _Reader, batch: list[ReadRow]) -> Counter[str]:
    """Enter one batch: cases through the same door as the form, links through theirs, refused rows kept to be corrected."""
    run, by = reader.run, reader.by
    counted: Counter[str] = Counter()
    kept: list[ImportRow] = []
    entering_cases, linking = [], []
    for fate in reader.fates(batch):
        if fate.case is not None:
            entering_cases.append(fate)
        elif fate.result == "entered":
            linking.append(fate.row)
        else:
            counted[fate.result] += 1
            if fate.result != "repeated":
                kept.append(_refused_row(reader, fate.row, fate.result, fate.problems))
    written = cases.notify_many([fate.case for fate in entering_cases if fate.case], by)
    numbered = {
        case.person_id: (case.person, str(number))
        for fate, case in zip(entering_cases, written.cases, strict=True)
        if (number := fate.row.values.get("household_id"))
    }
    if numbered:
        keys = {pk: households.list_key(run.path, run.source, number) for pk, (_person, number) in numbered.items()}
        households.settle([person for person, _number in numbered.values()], keys)
    for fate, case in zip(entering_cases, written.cases, strict=True):
        counted["entered"] += 1
        counted["doubtful"] += fate.row.status == "uncertain"
        kept.append(_entered_row(reader, fate.row, case_id=case.pk))
    counted["possible_duplicates"] += len(written.duplicates)
    new_links = [
        tracing.NewLink(
            infector=row.values["infector_id"],
            infectee=row.values["infectee_id"],
            certainty=row.values.get("certainty") or "stated",
            relation=row.values.get("relation", ""),
            setting=row.values.get("setting", ""),
        )
        for row in linking
    ]
    for row, link in zip(linking, tracing.link_many(new_links, run.source, by, run.path), strict=True):
        if isinstance(link, Refusal):
            counted["refused"] += 1
            kept.append(_refused_row(reader, row, "refused", [_as_finding(link)]))
        else:
            counted["linked"] += 1
            kept.append(_entered_row(reader, row, link_id=link.pk if link else None))
    ImportRow.objects.bulk_create(kept, batch_size=500)
    return counted


def _entered_row(reader: _Reader, row: ReadRow, **became: UUID | None) -> ImportRow:
    codes = sorted({finding.code for finding in row.findings})
    return ImportRow(
        run=reader.run,
        number=row.number,
        ordinal=row.ordinal,
        key=reader.key(row),
        result="entered",
        codes=codes,
        **became,
    )


def _as_finding(refusal: Refusal) -> Finding:
    return refused(refusal.code, **refusal.values).at("", refusal.about, "")


def _refused_row(reader: _Reader, row: ReadRow, result: str, problems: list[Finding]) -> ImportRow:
    findings = [*problems, *(finding for finding in row.findings if finding not in problems)]
    return ImportRow(
        run=reader.run,
        number=row.number,
        ordinal=row.ordinal,
        key=reader.key(row),
        result=result,
        codes=sorted({finding.code for finding in problems}),
        findings=json.dumps([finding.content() for finding in findings], ensure_ascii=False),
        raw=json.dumps(row.raw, ensure_ascii=False),
    )


def stop(run_id: UUID, problem: Exception, by: Actor) -> None:
    """Let a run at work rest where it is, with the reason why it can't go on. It can be ordered again."""
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().get(pk=run_id)
        move = {"running": "stop", "undoing": "break_off_undo", "restoring": "break_off_restore"}.get(run.status)
        if move is None:
            return
        run.status = IMPORT.move(move).target
        first = problem.refusals[0] if isinstance(problem, Refused) and problem.refusals else None
        run.problem = (
            {"code": first.code, "values": json.loads(json.dumps(first.values, default=str))}
            if first
            else {"code": "import.stopped_by_error", "values": {"kind": type(problem).__name__}}
        )
        run.save(update_fields=["status", "problem"])
        details = {"row": run.rows_done, "code": run.problem["code"]}
        events.record("import.stopped", by, subject=("import", run.pk), path=run.path, details=details)


def unfinished(digest: str, source: str, by: Actor) -> ImportRun | None:
    """A run of a file that was begun and is not at its end: running, or stopped on the way."""
    begun = ImportRun.objects.visible_to(by).filter(digest=digest, status__in=("running", "stopped"))
    return (begun.filter(source=source) if source else begun).order_by("-created_at").first()


def undo(run_id: UUID, by: Actor, *, as_job: bool = True) -> ImportRun:
    """Take a whole import back: its cases no longer count, its links are retracted. Everything stays on record."""
    return _turn(run_id, "undo", by, as_job)


def restore(run_id: UUID, by: Actor, *, as_job: bool = True) -> ImportRun:
    """Let an import that was undone stand again."""
    return _turn(run_id, "restore", by, as_job)


def _turn(run_id: UUID, move: str, by: Actor, as_job: bool) -> ImportRun:
    with transaction.atomic():
        run = _moving(run_id, move, by)
        run.problem, run.progressed_at, run.ordered_by_id = {}, clock.now(), by.user_id
        run.save(update_fields=["status", "problem", "progressed_at", "ordered_by"])
        events.record(IMPORT.move(move).event, by, subject=("import", run.pk), path=run.path)
        if as_job:
            _order(run, by)
    return run


def turn_all(run: ImportRun, by: Actor) -> ImportRun:
    """Take back, or let stand again, all that a run entered: batch by batch, each whole, so that a stopped one goes on."""
    undoing = run.status == "undoing"
    now, then = ("entered", "undone") if undoing else ("undone", "entered")
    last = -1
    while True:
        with transaction.atomic():
            run = ImportRun.objects.select_for_update().get(pk=run.pk)
            if run.status not in ("undoing", "restoring"):
                return run
            rows = run.rows.filter(result=now, ordinal__gt=last).exclude(case=None, link=None).order_by("ordinal")
            batch = list(rows[:BATCH])
            if not batch:
                run.status = IMPORT.move("end_undo" if undoing else "end_restore").target
                details = {"rows": run.rows.filter(result=then).count()}
                events.record(
                    "import.undone" if undoing else "import.restored",
                    by,
                    subject=("import", run.pk),
                    path=run.path,
                    details=details,
                )
            else:
                last = batch[-1].ordinal
                done = (_take_back if undoing else _let_stand)(run, batch, by)
                for row in done:
                    row.result = then
                ImportRow.objects.bulk_update(done, ["result", "link"], batch_size=500)
            run.progressed_at = clock.now()
            run.save(update_fields=["status", "progressed_at"])
        if not batch:
            return run


def _take_back(run: ImportRun, rows: list[ImportRow], by: Actor) -> list[ImportRow]:
    retracted = {link.pk for link in tracing.retract_many([row.link_id for row in rows if row.link_id], by)}
    withdrawn = cases.withdraw_many({row.case_id for row in rows if row.case_id}, _withdrawn_source(run), by)
    return [row for row in rows if row.case_id in withdrawn or row.link_id in retracted]


def _let_stand(run: ImportRun, rows: list[ImportRow], by: Actor) -> list[ImportRow]:
    keys = [bytes(row.key) for row in rows]
    if ImportRow.objects.filter(key__in=keys, result="entered").exists():
        raise Refused(refuse("import.entered_again"))
    restored = cases.restore_many({row.case_id for row in rows if row.case_id}, run.source, by)
    restated = tracing.restate_many([row.link_id for row in rows if row.link_id], by)
    for row in rows:
        if row.link_id in restated:
            row.link = restated[row.link_id]
    return [row for row in rows if row.case_id in restored or row.link is not None]


def _withdrawn_source(run: ImportRun) -> str:
    return f"{run.source[:60]} (undone {run.pk.hex[-8:]})"


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


def refused_reasons(run: ImportRun, shown: int = 30) -> list[tuple[str, int, dict[str, Any]]]:
    """The codes for which rows of a run were refused, how many rows each, and what the first one's sentence may name."""
    counted: Counter[str] = Counter()
    first: dict[str, UUID] = {}
    for pk, codes in run.rows.to_correct().order_by("ordinal").values_list("pk", "codes").iterator(chunk_size=5000):
        counted.update(codes)
        for code in codes:
            first.setdefault(code, pk)
    common = counted.most_common(shown)
    rows = ImportRow.objects.in_bulk([first[code] for code, _count in common])
    told = {code: json.loads(rows[first[code]].findings) for code, _count in common}
    return [
        (code, count, _told(next(entry for entry in told[code] if entry["code"] == code))) for code, count in common
    ]


def look_at(run: ImportRun, by: Actor) -> None:
    """Leave the event of a look at a file that is about to be shown as it was read, names and all."""
    with transaction.atomic():
        events.record("import.previewed", by, subject=("import", run.pk), path=run.path)


def open_refused(run_id: UUID, by: Actor) -> ImportRun:
    """A run whose refused rows are about to be read; leaves the event of the look."""
    run = run_of(run_id, by)
    with transaction.atomic():
        events.record("import.refused_read", by, subject=("import", run.pk), path=run.path)
    return run


EXTRA_HEADERS = ("原行/row", "原因/reason", "办法/remedy")  # beside the columns of the file of refused rows


def refused_csv(run: ImportRun) -> Iterator[str]:
    """The refused rows line by line: the columns of the file, then the row, why it was refused and what to do.

    The words are those of the language now in force, however late the lines are asked for.
    """
    return as_csv(_refused_rows(run, translation.get_language() or settings.LANGUAGE_CODE))


def _refused_rows(run: ImportRun, language: str) -> Iterator[list[str]]:
    headers, begun = list(dict.fromkeys(entry["column"] for entry in run.mapping.get("columns", ()))), False
    for row in run.rows.to_correct().order_by("ordinal").iterator(chunk_size=1000):
        raw, findings = json.loads(row.raw), json.loads(row.findings)
        if not begun:
            headers += [name for name in raw if name not in (*headers, *EXTRA_HEADERS) and not name.startswith("+")]
            yield [*headers, *EXTRA_HEADERS]
            begun = True
        told = [finding for finding in findings if finding["severity"] != "note"] or findings
        with translation.override(language):
            reasons = [_reason(finding) for finding in told]
            remedies = dict.fromkeys(filter(None, (words.remedy_for(finding["code"]) for finding in told)))
        reasons += [cell for name, cell in raw.items() if name.startswith("+") and name[1:].isdigit()]
        cells = [*(raw.get(name, "") for name in headers), str(row.number), " ; ".join(reasons), " ; ".join(remedies)]
        yield cells


def _told(content: dict[str, Any]) -> dict[str, Any]:
    """What a sentence about a stored finding may name."""
    told = {name: content.get(name, "") for name in ("column", "field", "text")}
    return {**told, "choices": ", ".join(content.get("choices", ())) or "–", **content.get("values", {})}


def _where(told: dict[str, Any]) -> str:
    """The column that a finding is about, or what is meant where it is told by several columns together."""
    field = str(told.get("field", ""))
    column = "" if field == "area" else str(told.get("column", ""))
    return column or (field_words(field) if field else "")


def _reason(content: dict[str, Any]) -> str:
    """A stored finding in words: the column, the value, and why."""
    told = _told(content)
    sentence, where, text = words_for(content["code"], told), _where(told), content.get("text", "")
    value = f"“{text}” " if text and text not in sentence else ""
    colon = pgettext("between a name and what is said of it", ": ")
    return f"{where}{colon}{value}{sentence}" if where else sentence


def field_words(key: str) -> str:
    """What a field is called in the reader's language."""
    return str(words.FIELD_WORDS.get(key, key))


GOVERNED = ("area", "confirm_date", "report_date", "classification")


def keep_sentences(text: str, by: Actor, *, year: int | None = None) -> ImportRun:
    """Pasted case sentences as an import of their own: a row for each case, with what the headings above it said.

    A heading gives way to the sentence: its column stays empty where the sentence itself tells the same thing.
    """
    rows, not_after = [], None
    for line, block, here in split_cases(text, Context(today=clock.today(), year=year)):
        told = read_case(block, replace(here, values={})).values
        governing = {"area" if key == "place" else key: value for key, value in here.values.items() if key not in told}
        rows.append([str(line), block, *(_as_cell(governing.get(key)) for key in GOVERNED)])
        not_after = max(filter(None, (not_after, here.not_after)), default=None)
    if not rows:
        raise Refused(refuse("import.nothing_pasted", "text"))
    used = [position for position in range(len(GOVERNED) + 2) if any(row[position] for row in rows)]
    headers = ["line", "sentence", *GOVERNED]
    out = io.StringIO()
    csv.writer(out).writerows([[row[position] for position in used] for row in [headers, *rows]])
    run = keep("pasted.csv", [out.getvalue().encode()], by)
    fields = {"line": SKIP}
    columns = tuple(
        ColumnMapping(header, fields.get(header, header)) for header in (headers[position] for position in used)
    )
    dated = (
        replace(entry, year=year, not_after=not_after) if entry.field == "sentence" else entry for entry in columns
    )
    run.source = f"pasted {clock.today()} {run.digest[:8]}"
    run.mapping = Mapping(kind="cases", columns=tuple(dated), source=run.source).content()
    run.file_name = ""
    run.save(update_fields=["mapping", "source", "file_name"])
    return run


def pasted_words(header: str) -> str:
    """What a column of pasted sentences is called in the reader's language."""
    return gettext("Line") if header == "line" else field_words("area" if header == "place" else header)


def _as_cell(value: Any) -> str:
    return "" if value is None else value.text if isinstance(value, PlaceText) else str(value)
