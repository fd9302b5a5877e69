"""``lianfang import``: the same import as in the console, for whoever sits at the machine."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from lianfang.exchange import services
from lianfang.exchange.models import ImportRun
from lianfang.exchange.reading.dates import Order
from lianfang.exchange.reading.fields import FIELDS
from lianfang.exchange.reading.findings import Finding
from lianfang.exchange.reading.mapping import ColumnMapping, Mapping, mapping_from
from lianfang.exchange.words import remedy_for
from lianfang.kernel.access import SYSTEM, Actor
from lianfang.kernel.models import User
from lianfang.kernel.refusals import Refused, refuse, words_for
from lianfang.registry.selectors import actor_for


def bring_in(
    file: Path,
    *,
    disease: str,
    source: str,
    mapping: str,
    account: str,
    dry_run: bool,
    refused: Path | None,
    out: Console,
    progress: Callable[[], Progress],
    area: str = "",
    date_order: Order | None = None,
) -> None:
    """Show what will happen, enter the rows, write down what was refused. Exits with 1 when no row could be taken.

    A file whose import stopped on the way goes on where it was. The words are those of the terminal's language.
    """
    try:
        by = _actor(account)
        run = services.draft_run(file, file.name, by)
        begun = services.unfinished(run.digest, source, by)
        if begun is not None and not dry_run:
            out.print(f"An import of this file stopped after {begun.rows_done} rows. It goes on from there.")
            run = begun if begun.status == "running" else services.start(begun.pk, by, as_job=False)
        else:
            chosen = _mapping(mapping, by) if mapping else services.mapping_of(run)
            wanted = disease or chosen.disease
            if not wanted:
                out.print("The file does not tell its disease. Say it with --disease.", markup=False)
                raise typer.Exit(1)
            chosen = _for_all_rows(chosen, area, date_order)
            services.decided(run, chosen, wanted, source or chosen.source or run.source)
            _show_columns(run, out)
            readable = _show_outlook(run, by, out, progress)
            if dry_run:
                out.print("Nothing was changed.")
                raise typer.Exit(0 if readable else 1)
            decided, source = services.mapping_of(run), run.source
            with file.open("rb") as sent:
                run = services.keep(file.name, iter(lambda: sent.read(1 << 20), b""), by)
            services.decide_mapping(run.pk, decided, by, disease=wanted, source=source)
            run = services.start(run.pk, by, as_job=False)
        with progress() as bar:
            task = bar.add_task("Entering", total=None)
            run = services.enter_all(run, by, progress=lambda now: bar.update(task, completed=now.rows_done))
        _show_end(run, refused or file.with_name(f"{file.stem}-refused.csv"), out)
    except Refused as no:
        for refusal in no.refusals:
            out.print(" ".join(filter(None, (str(refusal), remedy_for(refusal.code)))), markup=False)
        raise typer.Exit(1) from None


def _for_all_rows(mapping: Mapping, area: str, date_order: Order | None) -> Mapping:
    """The mapping with what holds for every row: where the cases live, and in which order days are written."""
    constants = {**mapping.constants, "area_code": area} if area else mapping.constants
    dates = [replace(entry, order=date_order) if date_order and _is_date(entry) else entry for entry in mapping.columns]
    return replace(mapping, constants=constants, columns=tuple(dates))


def _is_date(entry: ColumnMapping) -> bool:
    return entry.field in FIELDS and FIELDS[entry.field].reads == "date"


def _actor(account: str) -> Actor:
    if not account:
        return SYSTEM
    user = User.objects.filter(username=account).first()
    if user is None:
        raise Refused(refuse("import.user_unknown", name=account))
    return actor_for(user, channel="import")


def _mapping(name: str, by: Actor) -> Mapping:
    """A mapping by its name, or from a file of its content."""
    path = Path(name)
    if path.suffix != ".json":
        return services.named_mapping(name, by)
    try:
        found = mapping_from(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as problem:
        raise Refused(refuse("import.mapping_unreadable", problem=str(problem))) from None
    if isinstance(found, Finding):
        raise Refused(services.as_refusal(found))
    return found


def _show_columns(run: ImportRun, out: Console) -> None:
    table = Table("column", "meaning", title=f"{run.file_name}: {run.disease}, {run.source}")
    for entry in services.mapping_of(run).columns:
        table.add_row(entry.column, f"{entry.side} {services.field_words(entry.field)}".strip())
    out.print(table, markup=False)
    for question in services.open_questions(run):
        out.print(f"? {question}", markup=False, highlight=False)


def _show_outlook(run: ImportRun, by: Actor, out: Console, progress: Callable[[], Progress]) -> bool:
    """Print what would happen. Returns whether any row can be taken, or was before."""
    with progress() as bar:
        task = bar.add_task("Reading", total=None)
        found = services.outlook(run, by, lambda rows: bar.update(task, completed=rows))
    out.print(
        f"{found.rows} rows: {found.would_enter} cases to enter ({found.doubtful} with a doubt), {found.links} links, "
        f"{found.refused} refused, {found.already_here} already here, {found.passed_over} that are no cases."
    )
    if found.reasons:
        table = Table("rows", "reason", "first row", "what to do", title="What there is to say")
        for code, count in found.reasons.most_common(30):
            first = found.examples[code]
            table.add_row(str(count), words_for(code, first), str(first["row"]), remedy_for(code))
        out.print(table, markup=False)
    for key, asked in sorted(found.questions.items(), key=lambda entry: -entry[1]["rows"])[:20]:
        choices = "; ".join(label for _code, label in asked["choices"])
        out.print(
            f"Which place is “{asked['text']}” ({asked['rows']} rows)? places: {key!r} → {choices or '?'}", markup=False
        )
    return bool(found.would_enter + found.links + found.already_here)


def _show_end(run: ImportRun, refused: Path, out: Console) -> None:
    counts = run.counts
    if run.status == "running":
        out.print(f"Another process goes on with this import; it has reached row {run.rows_done}.")
        return
    out.print(
        f"Entered {counts.get('entered', 0)} cases and {counts.get('linked', 0)} links; {counts.get('repeated', 0)} were already "
        f"here, {counts.get('possible_duplicates', 0)} may be people already known. Import {run.pk}"
    )
    if counts.get("refused"):
        with refused.open("w", encoding="utf-8", newline="") as file:
            file.writelines(services.refused_csv(run))
        out.print(
            f"{counts['refused']} rows were refused. Correct them in {refused} and bring that file in again.",
            markup=False,
        )
    if not any(counts.get(name) for name in ("entered", "linked", "repeated")):
        raise typer.Exit(1)
