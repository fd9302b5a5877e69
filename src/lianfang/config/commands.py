"""The command line: ``lianfang demo | serve | import | rejudge | report | audit verify | areas load | manage …``.

Each command says what it does while it does it, and ends with a plain sentence when it cannot.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
audit_app = typer.Typer(no_args_is_help=True, help="The record of who did and saw what.")
areas_app = typer.Typer(no_args_is_help=True, help="Areas: provinces down to grids.")
keys_app = typer.Typer(no_args_is_help=True, help="The keys that seal identity fields.")
app.add_typer(audit_app, name="audit")
app.add_typer(areas_app, name="areas")
app.add_typer(keys_app, name="keys")
out = Console()


def progress() -> Progress:
    """A progress bar for the terminal; silent when the output is not one."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), disable=not sys.stderr.isatty(),
    )  # fmt: skip


def ready() -> None:
    """Start Django and bring the database up to date."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(help="Web processes.")] = 2,
) -> None:
    """Start the platform: web server, job worker and the periodic jobs, stopped together."""
    from .serving import run

    ready()
    sys.exit(run(host, port, workers))


@app.command()
def work() -> None:
    """Run the periodic jobs alone: sealing the record, keeping counts ready. ``serve`` starts this by itself."""
    from .serving import tick_forever

    ready()
    tick_forever()


@audit_app.command("verify")
def audit_verify() -> None:
    """Walk the chain over the whole record and name everything that was changed, removed, slipped in or back-dated."""
    ready()
    from lianfang.kernel import audit
    from lianfang.kernel.models import Event, Seal

    findings = 0
    for finding in audit.verify():
        findings += 1
        out.print(f"{finding.what}: {finding.subject}. {finding.detail}", markup=False, highlight=False)
    if findings:
        out.print(f"{findings} findings. The record is not whole.")
        raise typer.Exit(1)
    out.print(f"The record is whole: {Event.objects.count()} events under {Seal.objects.count()} seals.")


@keys_app.command("rotate")
def keys_rotate() -> None:
    """Add a sealing key and re-seal every identity field with it. Keep a copy of the key file before and after."""
    ready()
    from lianfang.kernel.sealing import keyring, rotate_keys

    rotate_keys()
    out.print(f"Every identity field is now sealed with key {max(keyring().sealing)}.")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def manage(context: typer.Context) -> None:
    """Run one of Django's own management commands."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["lianfang manage", *context.args])


def main() -> None:
    """Entry point. A refusal is a sentence on the terminal, never a traceback."""
    try:
        app()
    except Exception as problem:
        from lianfang.kernel.refusals import Refused

        if isinstance(problem, Refused):
            Console(stderr=True).print(str(problem), markup=False)
            sys.exit(1)
        raise


def home() -> Path:
    """The folder that holds the embedded database, the keys and uploads."""
    from django.conf import settings

    folder: Any = settings.HOME
    return Path(folder)
