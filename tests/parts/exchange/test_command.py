"""``lianfang import``: what the terminal shows, what it writes, how it ends."""

import json

import pytest
import typer
from django.utils import translation
from rich.console import Console

from lianfang.config.commands import progress
from lianfang.config.importing import bring_in
from lianfang.exchange.models import ImportRun
from lianfang.kernel.models import Event
from lianfang.surveillance.models import Case
from tests.parts.exchange.files import HEADERS, ROWS, table

NOTHING = {"disease": "", "source": "", "mapping": "", "account": "", "dry_run": False, "refused": None}


@pytest.fixture
def at_terminal(world, tmp_path, monkeypatch):
    """A way to run the command on a content: gives its exit status, what it printed, and the file."""
    translation.activate("en")  # as the command does by the terminal's language

    def run(content=None, name="list.csv", **options):
        file = tmp_path / name
        if content is not None:
            file.write_bytes(content)
        out = Console(width=200, record=True, quiet=False, file=(tmp_path / "printed").open("w"))
        status = 0
        try:
            bring_in(file, **{**NOTHING, **options}, out=out, progress=progress)
        except typer.Exit as ended:
            status = ended.exit_code
        return status, out.export_text(), file

    return run


def test_a_file_enters_and_what_was_refused_is_written_beside_it(at_terminal):
    wrong = ["A4", "周杰", "男", "300", "", "鹿城区", "2020-01-20", "", "确诊病例"]
    status, printed, file = at_terminal(table([*ROWS, wrong]), disease="covid19", source="county")
    assert status == 0
    assert "4 rows: 3 cases to enter" in printed
    assert "Nobody has lived beyond 120 years." in printed
    assert "Correct the age, or its unit." in printed
    assert "Entered 3 cases" in printed
    refused = file.with_name("list-refused.csv").read_text()
    assert "周杰" in refused
    assert "周杰" not in printed
    assert Case.objects.filter(source="county").count() == 3
    file.with_name("list-refused.csv").write_text(refused.replace("300", "30"))
    status, printed, _file = at_terminal(
        None, "list-refused.csv"
    )  # knows disease and source from the file it came from
    assert (status, Case.objects.filter(source="county").count()) == (0, 4), printed


def test_a_dry_run_changes_nothing(at_terminal):
    before = Event.objects.count()
    status, printed, _file = at_terminal(table(), disease="covid19", dry_run=True)
    assert (status, Event.objects.count(), ImportRun.objects.count()) == (0, before, 0)
    assert "Nothing was changed." in printed


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        (b"%PDF-1.7", {"disease": "covid19"}, "is a PDF, not a table"),
        (table(), {}, "--disease"),
        (table(), {"disease": "dragon pox"}, "dragon pox"),
        (table(), {"disease": "covid19", "account": "nobody here"}, "There is no user"),
        (table(), {"disease": "covid19", "mapping": "none such"}, "There is no saved mapping"),
        (table(), {"disease": "covid19", "mapping": "/no/such.json"}, "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_plainly_and_ends_with_a_status(at_terminal, content, options, told):
    status, printed, _file = at_terminal(content, **options)
    assert (status, Case.objects.count()) == (1, 0)
    assert told in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_of_which_no_row_can_be_taken_ends_with_a_status(at_terminal, dry_run):
    rows = [["A4", "周杰", "男", "30", "", "无此地县", "2020-01-20", "", "确诊病例"]]
    status, _printed, _file = at_terminal(table(rows), disease="covid19", dry_run=dry_run)
    assert (status, Case.objects.count()) == (1, 0)


def test_an_accounts_posts_hold_at_the_terminal_too(at_terminal):
    status, printed, file = at_terminal(table(), disease="covid19", account="xihu")
    assert (status, Case.objects.count()) == (1, 0)
    assert "case.not_your_area" not in printed  # in words, not as a code
    assert "posts" in printed
    assert "A1" in file.with_name("list-refused.csv").read_text()


def test_a_mapping_file_says_what_the_columns_mean(at_terminal, tmp_path):
    fields = ["local_id", "name", "sex", "age", "phone", "address", "onset_date", "diagnosis_date", "skip"]
    columns = [{"column": header, "field": field} for header, field in zip(HEADERS, fields, strict=True)]
    content = {"version": 1, "kind": "cases", "columns": columns, "disease": "covid19", "source": "mapped"}
    (tmp_path / "how.json").write_text(json.dumps({**content, "constants": {"classification": "suspected"}}))
    status, printed, _file = at_terminal(table(), mapping=str(tmp_path / "how.json"))
    assert status == 0, printed
    versions = [case.versions.get().classification for case in Case.objects.filter(source="mapped")]
    assert versions == ["suspected"] * 3
