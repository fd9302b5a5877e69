"""The command line as a person meets it: what goes wrong is a sentence and status 1, never a traceback."""

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from lianfang.config import commands
from lianfang.kernel.models import Event, User
from lianfang.registry.models import Post
from lianfang.surveillance.models import CaseVersion, Observation

pytestmark = pytest.mark.django_db


def run(*arguments, **environment):
    """The command as a process of its own."""
    told = subprocess.run(
        [sys.executable, "-m", "lianfang.config", *arguments],
        env={**os.environ, "LANG": "C.UTF-8", **environment}, capture_output=True, text=True,
    )  # fmt: skip
    return told.returncode, " ".join((told.stdout + told.stderr).split())


@pytest.fixture
def here(monkeypatch):
    """Run a command in this process, on the tests' database, as ``lianfang`` would: gives (status, what it printed)."""
    from django.utils import translation

    monkeypatch.setattr(commands, "ready", lambda: None)

    def call(*arguments):
        printed = CliRunner().invoke(commands.app, list(arguments))
        if printed.exception is None or isinstance(printed.exception, SystemExit):
            return printed.exit_code, printed.output
        with translation.override("en"):
            sentence = commands.sentence(printed.exception)
        assert sentence is not None, printed.exception
        return 1, printed.output + sentence

    return call


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rejudge", "--edition", "4"), "Known are: 2, 3, 5, 6, 7"),
        (("rejudge", "--edition", "2", "--disease", "plague"), "plague"),
        (("report", "--area", "999999"), "999999"),
        (("report", "--as-of", "yesterday"), "“yesterday” is not a day"),
        (("report", "--language", "fr"), "Write zh or en"),
        (("token", "nobody"), "no user nobody"),
        (("account", "chen", "--name", "Chen", "--area", "999999"), "999999"),
    ],
)
def test_what_is_not_known_is_told_in_a_sentence(world, here, arguments, words):
    status, said = here(*arguments)
    assert status == 1
    assert words in said


@pytest.mark.parametrize("arguments", [("demo", "--size", "5"), ("serve", "--port", "0"), ("serve", "--port", "70000")])
def test_values_out_of_range_are_refused_with_the_range(here, arguments):
    status, said = here(*arguments)
    assert status == 2
    assert "or equal to" in said


def test_a_file_that_is_not_there_is_named(here, tmp_path):
    for arguments in (("import", str(tmp_path / "absent.csv")), ("areas", "load", str(tmp_path / "absent.csv"))):
        status, said = here(*arguments)
        assert status == 2
        assert "does not exist" in " ".join(said.split())


def test_rejudging_changes_nothing(world, here):
    from lianfang.registry.services import PersonDetails
    from lianfang.surveillance import services
    from lianfang.surveillance.evidence import Evidence

    area = world.area("330302")
    for name in ("甲", "乙"):
        services.notify(
            services.Notification(
                disease="covid19",
                area=area,
                evidence=Evidence(declared="confirmed", symptoms={"fever": True}),
                person=PersonDetails(name=f"王{name}", area=area),
            ),
            world.actor("lucheng"),
        )
    before = [table.objects.count() for table in (Event, Observation, CaseVersion)]
    status, said = here("rejudge", "--edition", "2")
    assert status == 0
    assert "nothing was changed" in said
    assert [table.objects.count() for table in (Event, Observation, CaseVersion)] == before


def test_the_first_administrator_is_made_at_the_machine(world, here):
    status, said = here("account", "chief", "--name", "许飞", "--area", "330302")
    assert status == 0
    user = User.objects.get(username="chief")
    assert user.check_password(said.strip().split()[-1])
    assert Post.objects.get(user=user).role == "administrator"
    assert here("account", "chief", "--name", "许飞", "--area", "330302")[0] == 1


def test_a_database_that_does_not_answer_is_told_without_its_password(tmp_path):
    pytest.importorskip("psycopg")
    status, said = run(
        "audit", "verify", LIANFANG_HOME=str(tmp_path), DATABASE_URL="postgres://somebody:sesame@127.0.0.1:1/lianfang"
    )
    assert status == 1
    assert "The database does not answer" in said
    assert "Traceback" not in said
    assert "sesame" not in said


@pytest.mark.pure  # brings a database of its own
def test_half_right_definitions_and_settings_are_told_by_file_and_line(tmp_path):
    import shutil

    from lianfang.definitions.editions import definitions_dir

    folder = tmp_path / "definitions"
    shutil.copytree(definitions_dir(), folder)
    measles = folder / "diseases" / "measles.toml"
    measles.write_text(measles.read_text(encoding="utf-8").replace("counts_as", "count_as", 1), encoding="utf-8")
    status, said = run(
        "audit", "verify", LIANFANG_HOME=str(tmp_path / "home"), LIANFANG_DEFINITIONS=str(folder), DATABASE_URL=""
    )
    assert status == 1
    assert "measles.toml:" in said
    assert "Traceback" not in said
