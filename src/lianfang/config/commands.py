"""The command line: ``lianfang demo | serve | import | rejudge | report | source keep | audit verify | areas load | manage …``.

Each command says what it does while it does it, and ends with a plain sentence when it cannot.
"""

import os
import sys
from contextlib import suppress
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from lianfang.kernel.models import User

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
audit_app = typer.Typer(no_args_is_help=True, help="The record of who did and saw what.")
areas_app = typer.Typer(no_args_is_help=True, help="Areas: provinces down to grids.")
keys_app = typer.Typer(no_args_is_help=True, help="The keys that seal, find again and sign.")
ledger_app = typer.Typer(no_args_is_help=True, help="Counts as Parquet, to be added up over many installations.")
source_app = typer.Typer(no_args_is_help=True, help="Counts of other sources, kept beside the platform's.")
app.add_typer(audit_app, name="audit")
app.add_typer(ledger_app, name="ledger")
app.add_typer(source_app, name="source")
app.add_typer(areas_app, name="areas")
app.add_typer(keys_app, name="keys")
out = Console()


def progress() -> Progress:
    """A progress bar for the terminal; silent when the output is not one."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), disable=not sys.stderr.isatty(),
    )  # fmt: skip


def awake() -> None:
    """Start Django in the language of the terminal."""
    import django
    from django.utils import translation

    django.setup()
    translation.activate("zh-hans" if os.environ.get("LC_ALL", os.environ.get("LANG", "")).startswith("zh") else "en")


def ready() -> None:
    """Start Django and bring the database up to date."""
    from django.core.management import call_command

    awake()
    call_command("migrate", verbosity=0, interactive=False)
    from lianfang.definitions.services import load_definitions

    load_definitions()


@app.command()
def demo(
    size: Annotated[int, typer.Option(help="How many cases the outbreak has.", min=100, max=1_000_000)] = 2000,
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    seed: Annotated[int, typer.Option(help="Another seed, another outbreak.", min=0, max=2**31)] = 20200123,
    fill_only: Annotated[bool, typer.Option("--fill-only", help="Fill the database and stop.")] = False,
) -> None:
    """Fill an empty database with a synthetic outbreak in Zhejiang and start the console. All people are invented."""
    if fill_only:
        _fill(size, seed)
        return
    from .serving import run

    os.environ["LIANFANG_DEMO"] = "1"
    sys.exit(run("127.0.0.1", port, 2, prepare=lambda: _fill(size, seed), started=lambda: _announce(port)))


def _fill(size: int, seed: int) -> None:
    ready()
    from .demo import desks

    if desks.are_open():
        out.print("The outbreak of an earlier start is still here.")
    else:
        from .demo import filling

        filling.must_be_empty()
        out.print(f"An outbreak of {size:,} cases is being written down, hour by hour.")
        with progress() as bar:
            task = bar.add_task("Writing", total=size)
            filling.fill(size, seed, lambda done, total: bar.update(task, completed=done, total=total))


def _announce(port: int) -> None:
    from rich.table import Table

    from lianfang.kernel.access import ROLES

    from .demo.desks import ACCOUNTS, password

    table = Table("user", "who", "role")
    for name, who, role, _area in ACCOUNTS:
        table.add_row(name, who, str(ROLES[role][0]))
    Console(width=100).print(table)
    out.print(f"Lianfang 联防 answers on http://127.0.0.1:{port}/", highlight=False)
    out.print(f"The password of all of them: {password()}", highlight=False)
    out.print("All people are invented. Stop with Ctrl-C.")


class DateOrder(StrEnum):
    """The order of year, month and day."""

    YMD = "ymd"
    DMY = "dmy"
    MDY = "mdy"


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, text or Excel (.xlsx).", exists=True, dir_okay=False)],
    disease: Annotated[str, typer.Option(help="Code of the disease, where the file does not tell it.")] = "",
    source: Annotated[str, typer.Option(help="Under whose numbering the cases stand.")] = "",
    mapping: Annotated[str, typer.Option(help="A saved mapping by name, or a mapping file (.json).")] = "",
    area: Annotated[str, typer.Option(help="Code of the area of rows that do not name one.")] = "",
    date_order: Annotated[
        DateOrder | None, typer.Option(help="How days are written, where the file leaves it open.")
    ] = None,
    account: Annotated[str, typer.Option("--as", help="Enter with the posts of this user.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen and change nothing.")] = False,
    refused: Annotated[Path | None, typer.Option(help="Where to write the rows that were refused.")] = None,
) -> None:
    """Bring a line list in: show what will happen, enter it, and write down what was refused."""
    ready()
    from .importing import bring_in

    bring_in(
        file,
        disease=disease,
        source=source,
        mapping=mapping,
        area=area,
        date_order=date_order.value if date_order else None,
        account=account,
        dry_run=dry_run,
        refused=refused,
        out=out,
        progress=progress,
    )


@app.command()
def rejudge(
    edition: Annotated[str, typer.Option(help="The edition to judge by.")],
    disease: Annotated[str, typer.Option(help="Code of the disease.")] = "covid19",
) -> None:
    """Print what the counts would be under another edition. Changes nothing."""
    ready()
    from rich.table import Table

    from lianfang.definitions import selectors as definitions
    from lianfang.surveillance.models import CaseVersion
    from lianfang.surveillance.selectors import rejudged

    definitions.edition(disease, edition)
    labels = definitions.all_class_labels("en")
    with progress() as bar:
        task = bar.add_task(
            "Judging", total=CaseVersion.objects.filter(superseded_at=None, disease=disease, counted=True).count()
        )
        moved = rejudged(disease, edition, lambda done: bar.update(task, advance=done))
    table = Table(
        "class", "now", f"under edition {edition}", "comes in", "goes out", title=f"{disease}: nothing was changed"
    )
    for code in sorted({code for pair in moved for code in pair}):
        now = sum(count for (before, _after), count in moved.items() if before == code)
        then = sum(count for (_before, after), count in moved.items() if after == code)
        stays = moved.get((code, code), 0)
        table.add_row(labels.get((disease, code), code), str(now), str(then), str(then - stays), str(now - stays))
    out.print(table)


@app.command()
def report(
    area: Annotated[str, typer.Option(help="Code of the area.")] = "330000",
    disease: Annotated[str, typer.Option(help="Code of the disease.")] = "covid19",
    as_of: Annotated[str, typer.Option(help="As known at the end of this day, YYYY-MM-DD.")] = "",
    language: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    to: Annotated[Path, typer.Option(help="The PDF to write.")] = Path("situation.pdf"),
) -> None:
    """Write the situation report of an area as PDF."""
    ready()
    from django.utils import translation

    from lianfang.kernel import clock
    from lianfang.kernel.access import SYSTEM
    from lianfang.kernel.refusals import Refused, refuse
    from lianfang.registry.selectors import chosen_area
    from lianfang.situation import reports, selectors

    try:
        day = date.fromisoformat(as_of) if as_of else None
    except ValueError:
        raise Refused(refuse("command.not_a_day", "as_of", text=as_of)) from None
    if language not in ("zh", "en"):
        raise Refused(refuse("command.no_such_language", "language", language=language))
    with translation.override("zh-hans" if language == "zh" else "en"):
        found = chosen_area(area, day or clock.today())
        if found is None:
            raise Refused(refuse("case.unknown_area", "area", code=area))
        to.write_bytes(reports.situation_report(selectors.picture(SYSTEM, found, disease, day=day)))
    out.print(f"Written: {to}")


class Measure(StrEnum):
    """What a source counts."""

    CONFIRMED = "confirmed"
    ALL = "all"


@source_app.command("keep")
def source_keep(
    file: Annotated[
        Path,
        typer.Argument(
            help="A CSV with head row: area, date, count; a column source tells several apart.",
            exists=True,
            dir_okay=False,
        ),
    ],
    area: Annotated[str, typer.Option(help="Code of the area that the source speaks of. Seen there and above.")],
    disease: Annotated[str, typer.Option(help="Code of the disease.")] = "covid19",
    name: Annotated[str, typer.Option(help="Name of the source. Without it, the file's.")] = "",
    daily: Annotated[
        bool, typer.Option("--daily", help="Counts are new cases of the day, not totals up to it.")
    ] = False,
    measure: Annotated[
        Measure, typer.Option(help="What is counted: confirmed cases, or all of the curve.")
    ] = Measure.CONFIRMED,
    account: Annotated[str, typer.Option("--as", help="Keep with the posts of this user.")] = "",
) -> None:
    """Keep what another source says as its next edition, and print how far from the platform it is."""
    ready()
    from dataclasses import replace

    from lianfang.kernel.access import SYSTEM
    from lianfang.registry.selectors import actor_for
    from lianfang.situation import kept_sources, sources, sources_words
    from lianfang.situation.views import asked_about

    by = actor_for(_user(account), channel="command") if account else replace(SYSTEM, channel="command")
    place, _disease = asked_about(by, area, disease, None, "source.keep")
    lines = sources.read_file(file.read_bytes(), " ".join(name.split()) or file.stem)
    for made in kept_sources.keep(place, disease, lines, by, cumulative=not daily, measure=measure.value):
        kept = kept_sources.compared(by, made, None)
        told = sources_words.standing(kept)
        out.print(
            f"Kept: {made.name}, edition {made.number}. Beside the platform: {told}.", markup=False, highlight=False
        )


class Engine(StrEnum):
    """What reads the ledgers."""

    DUCKDB = "duckdb"
    SPARK = "spark"


@ledger_app.command("write")
def ledger_write(to: Annotated[Path, typer.Argument(help="The Parquet file to write.")]) -> None:
    """Write this installation's counts, and no person, to a Parquet file that can be added up with those of others."""
    ready()
    from lianfang.situation import national

    out.print(f"{national.write_ledger(to)} movements of counts written: {to}", markup=False, highlight=False)


@ledger_app.command("indicators")
def ledger_indicators(
    folder: Annotated[Path, typer.Argument(help="The folder with the ledgers.", exists=True, file_okay=False)],
    as_of: Annotated[str, typer.Option(help="As known at the end of this day, YYYY-MM-DD.")] = "",
    disease: Annotated[str, typer.Option(help="Code of the disease.")] = "covid19",
    engine: Annotated[Engine, typer.Option(help="DuckDB on this machine, or Spark.")] = Engine.DUCKDB,
    master: Annotated[str, typer.Option(help="Where Spark runs: local[2], or spark://host:7077.")] = "local[2]",
) -> None:
    """Print the indicators of every area as CSV, counted from all ledgers of a folder. The engine changes no figure."""
    ready()
    import csv

    from lianfang.kernel import clock
    from lianfang.kernel.refusals import Refused, refuse
    from lianfang.situation import national
    from lianfang.situation.indicators import INDICATORS

    try:
        day = date.fromisoformat(as_of) if as_of else clock.today()
    except ValueError:
        raise Refused(refuse("command.not_a_day", "as_of", text=as_of)) from None
    ledger = national.duckdb_ledger(folder) if engine == Engine.DUCKDB else national.spark_ledger(folder, master)
    lines = csv.writer(sys.stdout)
    lines.writerow(["area_code", *(entry.code for entry in INDICATORS)])
    for code, figures in national.indicators(ledger, disease, day):
        lines.writerow([code, *("" if figure is None else figure for figure in figures.values())])


@areas_app.command("load")
def areas_load(
    tree: Annotated[
        Path | None,
        typer.Argument(
            help="A CSV with code, name, level, parent_code …; without it, the areas of China.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    shapes: Annotated[
        Path | None, typer.Option(help="GeoJSON whose features carry the property code.", exists=True, dir_okay=False)
    ] = None,
) -> None:
    """Load the areas of China, or any country's own tree."""
    ready()
    from lianfang.registry import areas

    count = areas.load_china() if tree is None else areas.load_tree(tree, shapes)
    out.print(f"{count} areas stand in the registry.")


class PlaceList(StrEnum):
    """What a list of places holds."""

    ORGANISATIONS = "organisations"
    SITES = "sites"


@app.command()
def places(
    what: Annotated[PlaceList, typer.Argument(help="What the list holds.")],
    file: Annotated[
        Path, typer.Argument(help="A table with headers, in UTF-8: name, kind, area …", exists=True, dir_okay=False)
    ],
    refused: Annotated[Path | None, typer.Option(help="Where to write the rows that did not enter.")] = None,
) -> None:
    """Enter a list of organisations or sites. The same list twice changes nothing; each refused row is told with its reason."""
    ready()
    from lianfang.kernel.access import SYSTEM
    from lianfang.kernel.refusals import Refused, refuse
    from lianfang.registry import places as registry

    kind = what.value.removesuffix("s")
    try:
        entered = registry.enter_list(kind, file.read_text(encoding="utf-8-sig"), SYSTEM)
    except UnicodeDecodeError as wrong:
        raise Refused(
            refuse("areas.not_utf8", file=file.name, line=wrong.object[: wrong.start].count(b"\n") + 1)
        ) from None
    for row in entered.refused:
        out.print(f"{row.line}: {row.cells['name']}: {' '.join(map(str, row.why))}", markup=False, highlight=False)
    if refused and entered.refused:
        refused.write_text(registry.refused_table(kind, entered), encoding="utf-8-sig")
    out.print(
        f"{entered.created} new, {entered.changed} corrected, {entered.same} as before, {len(entered.refused)} refused."
    )
    if entered.refused:
        raise typer.Exit(1)


@app.command()
def token(
    username: Annotated[str, typer.Argument(help="The user whose posts the token carries.")],
    name: Annotated[str, typer.Option(help="What the token is for.")] = "api",
) -> None:
    """Issue an API token for a user. It is shown this once."""
    ready()
    from lianfang.kernel.tokens import issue

    out.print(issue(_user(username), name), markup=False, highlight=False)


def _user(username: str) -> "User":
    from lianfang.kernel.models import User
    from lianfang.kernel.refusals import Refused, refuse

    user = User.objects.filter(username=username).first()
    if user is None:
        raise Refused(refuse("command.no_such_user", "username", username=username))
    return user


@app.command()
def account(
    username: Annotated[str, typer.Argument(help="The user name to sign in with.")],
    name: Annotated[str, typer.Option(help="Name and office, as others see them.")],
    area: Annotated[str, typer.Option(help="Code of the area of the post.")],
    role: Annotated[str, typer.Option(help="The role of the post.")] = "administrator",
) -> None:
    """Make an account, as the first administrator of an installation needs one. Its one-time password is shown this once."""
    ready()
    from lianfang.kernel import clock
    from lianfang.kernel.access import SYSTEM
    from lianfang.kernel.refusals import Refused, refuse
    from lianfang.registry import accounts
    from lianfang.registry.selectors import chosen_area

    place = chosen_area(area, clock.today())
    if place is None:
        raise Refused(refuse("case.unknown_area", "area", code=area))
    _user, password = accounts.create(username, name, role, place, SYSTEM)
    out.print(password, markup=False, highlight=False)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Web processes.", min=1, max=64)] = 2,
) -> None:
    """Start the platform: web server, job worker and the periodic jobs, stopped together."""
    from .serving import run

    told = f"Lianfang 联防 answers on http://{host}:{port}/"
    sys.exit(run(host, port, workers, prepare=ready, started=lambda: out.print(told)))


@app.command()
def work() -> None:
    """Run the periodic jobs alone: sealing the record, keeping counts ready. ``serve`` does this by itself."""
    from .serving import tick_forever

    ready()
    tick_forever()


@audit_app.command("verify")
def audit_verify() -> None:
    """Walk the chain over the whole record and name everything that was changed, removed, slipped in or back-dated."""
    ready()
    from dataclasses import replace

    from lianfang.kernel.access import SYSTEM
    from lianfang.supervision.services import verify

    with progress() as bar:
        task = bar.add_task("Walking the record", total=None)
        found = verify(
            replace(SYSTEM, channel="command"),
            told=lambda finding: out.print(
                f"{finding.what}: {finding.subject}. {finding.detail}", markup=False, highlight=False
            ),
            progress=lambda walked, events: bar.update(task, completed=walked, total=events),
        )
    if not found.whole:
        out.print(f"{sum(found.counts.values())} findings. The record is not whole.")
        raise typer.Exit(1)
    out.print(f"The record is whole: {found.events} events under {found.seals} seals.")


class Key(StrEnum):
    """What a key is for."""

    SEALING = "sealing"
    INDEX = "index"
    AUDIT = "audit"


@keys_app.command("rotate")
def keys_rotate(
    keys: Annotated[list[Key] | None, typer.Argument(help="Which keys; all three when none is named.")] = None,
) -> None:
    """Change the keys while the platform runs: seal again, make the index again, sign on with a new key.

    Keep a copy of the key file before and after. Stopped on the way, nothing is lost; run it again.
    """
    ready()
    from dataclasses import replace

    from lianfang.kernel.access import SYSTEM
    from lianfang.kernel.audit import rotate_audit_key
    from lianfang.kernel.sealing import rotate_sealing_key
    from lianfang.registry.services import rotate_index_key

    by, wanted = replace(SYSTEM, channel="command"), keys or list(Key)
    with progress() as bar:
        if Key.SEALING in wanted:
            task = bar.add_task("Sealing again", total=None)
            rotate_sealing_key(by, lambda done, rows: bar.update(task, completed=done, total=rows))
            out.print("Every identity field is sealed with the new key.")
        if Key.INDEX in wanted:
            task = bar.add_task("Making the index again", total=None)
            rotate_index_key(by, lambda done, digests: bar.update(task, completed=done, total=digests))
            out.print("People are found by the new index key alone.")
        if Key.AUDIT in wanted:
            rotate_audit_key(by)
            out.print("The record is signed with the new audit key from the next seal on.")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def manage(context: typer.Context) -> None:
    """Run one of Django's own management commands."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["lianfang manage", *context.args])


def main() -> None:
    """Entry point. What goes wrong is a sentence on the terminal and status 1, never a traceback."""
    try:
        app()
    except Exception as problem:
        with suppress(Exception):  # words need Django; where it can't start, that is mostly what the problem tells
            awake()
        told = sentence(problem)
        if told is None:
            raise
        Console(stderr=True, soft_wrap=True).print(told, markup=False, highlight=False)
        sys.exit(1)


def sentence(problem: Exception) -> str | None:
    """What to tell about a failure that the person at the terminal can do something about; None for any other."""
    from dj_database_url import ParseError, UnknownSchemeError
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError

    from lianfang.definitions.editions import HalfRight
    from lianfang.kernel.refusals import Refused
    from lianfang.workorders.rules import HalfRight as HalfRightKinds

    said = " ".join(str(problem).split())
    if isinstance(problem, Refused):
        awake()  # its sentence may be needed before anything else was
    match problem:
        case Refused() | HalfRight() | HalfRightKinds():
            return str(problem)
        case ParseError() | UnknownSchemeError() | ImproperlyConfigured():
            return f"The settings are not right: {said}"
        case DatabaseError():
            return f"The database does not answer as it should: {said}. Check DATABASE_URL, and that the database runs."
        case OSError():
            return f"{problem.filename or 'The system'}: {problem.strerror or said}."
    return None
