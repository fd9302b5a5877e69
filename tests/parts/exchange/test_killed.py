"""Real processes on a real database: killed in the middle of an import, and two at one import."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection

from tests.parts.exchange.files import many, table

ROOT = Path(__file__).resolve().parents[3]
SETUP = "import django; django.setup(); "

BUILD = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from lianfang.definitions.services import load_definitions
load_definitions()
from tests.world import build
build()
"""

COUNT = """
import json
from django.db.models import Count
from lianfang.exchange.models import ImportRow, ImportRun
from lianfang.kernel.models import Event
from lianfang.registry.models import Person, PersonKey
from lianfang.surveillance.models import Case, CaseVersion, Observation
run = ImportRun.objects.order_by("created_at").first()
print(json.dumps({
    "status": run.status if run else "", "rows": run.rows_done if run else 0, "runs": ImportRun.objects.count(),
    "whole": [Case.objects.count(), Person.objects.count(), CaseVersion.objects.count(), Observation.objects.count(),
              ImportRow.objects.filter(result="entered").count(), Event.objects.filter(kind="case.notified").count(),
              Person.objects.filter(keys__isnull=False).distinct().count(), (run.counts if run else {}).get("entered", 0)],
}))
"""

VERIFY = """
from lianfang.kernel import audit
audit.seal_all()
print(list(audit.verify()))
"""

RECEIVE = """
import sys
from pathlib import Path
from lianfang.exchange import services
from lianfang.kernel.models import User
from lianfang.registry.selectors import actor_for
by = actor_for(User.objects.get(username="zhejiang"), channel="import")
run = services.keep("list.csv", [Path(sys.argv[1]).read_bytes()], by)
services.decide_mapping(run.pk, services.mapping_of(run), by, disease="covid19", source="list")
print(services.start(run.pk, by, as_job=False).pk, by.user_id)
"""

WORK = """
import sys
from lianfang.exchange import jobs
jobs.go_on.func(sys.argv[1], int(sys.argv[2]))
"""


class Platform:
    """An installation of its own, used through processes of its own."""

    def __init__(self, home: Path, url: str):
        self.environment = {
            **os.environ, "LIANFANG_HOME": str(home), "DATABASE_URL": url, "PYTHONPATH": str(ROOT), "LANG": "en_GB.UTF-8",
            "DJANGO_SETTINGS_MODULE": "lianfang.config.settings",
        }  # fmt: skip

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([sys.executable, *arguments], env=self.environment, cwd=ROOT, text=True, **pipes)

    def ask(self, code: str, *arguments: str) -> str:
        process = self.begin("-c", SETUP + code, *arguments)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        return out.strip()

    def counts(self):
        return json.loads(self.ask(COUNT))


@pytest.fixture
def platform(tmp_path):
    """A fresh installation on the engine that the tests run on."""
    name = f"killed_{uuid4().hex[:8]}"
    if connection.vendor != "postgresql":
        yield _built(Platform(tmp_path, f"sqlite:///{tmp_path}/lianfang.sqlite3"))
        return
    import psycopg

    where = connection.settings_dict
    server = {"host": where["HOST"], "user": where["USER"], "dbname": "postgres", "autocommit": True}
    with psycopg.connect(**server) as link:
        link.execute(f'CREATE DATABASE "{name}"')
    url = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{name}"
    yield _built(Platform(tmp_path, url))
    with psycopg.connect(**server) as link:
        link.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _built(platform: Platform) -> Platform:
    platform.ask(BUILD)
    return platform


def test_an_import_killed_in_the_middle_is_whole_to_its_last_batch_and_goes_on_from_there(platform, tmp_path):
    rows = 10_000
    file = tmp_path / "list.csv"
    file.write_bytes(table(many(rows)))
    command = (
        "-m",
        "lianfang.config",
        "import",
        str(file),
        "--disease",
        "covid19",
        "--source",
        "list",
        "--as",
        "zhejiang",
    )
    process = platform.begin(*command)
    began = time.monotonic()
    while (found := platform.counts())["rows"] < 1000:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() - began < 300
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    found = platform.counts()
    assert found["status"] == "running"
    assert 1000 <= found["rows"] < rows
    assert set(found["whole"]) == {found["rows"]}, found  # every row is in or not in, none half
    assert platform.ask(VERIFY) == "[]"

    again = platform.begin(*command)
    printed, err = again.communicate(timeout=600)
    assert again.returncode == 0, err
    assert f"stopped after {found['rows']} rows" in printed
    found = platform.counts()
    assert (found["status"], found["rows"], found["runs"]) == ("finished", rows, 1)
    assert set(found["whole"]) == {rows}
    assert platform.ask(VERIFY) == "[]"


def test_two_workers_at_one_import_enter_each_row_once(platform, tmp_path):
    file = tmp_path / "list.csv"
    file.write_bytes(table(many(1500)))
    run_id, user_id = platform.ask(RECEIVE, str(file)).split()
    workers = [platform.begin("-c", SETUP + WORK, run_id, user_id) for _ in range(2)]
    for worker in workers:
        _out, err = worker.communicate(timeout=300)
        assert worker.returncode == 0, err
    found = platform.counts()
    assert (found["status"], found["rows"]) == ("finished", 1500)
    assert set(found["whole"]) == {1500}


def test_two_imports_of_one_file_at_the_same_time_enter_each_row_once(platform, tmp_path):
    file = tmp_path / "list.csv"
    file.write_bytes(
        table(
            [row[1:] for row in many(1500)],
            ["姓名", "性别", "年龄", "电话", "现住址", "发病日期", "诊断日期", "病例分类"],
        )
    )
    runs = [platform.ask(RECEIVE, str(file)).split() for _ in range(2)]
    workers = [platform.begin("-c", SETUP + WORK, run_id, user_id) for run_id, user_id in runs]
    for worker in workers:
        _out, err = worker.communicate(timeout=300)
        assert worker.returncode == 0, err
    whole = platform.counts()["whole"]
    assert set(whole[:-1]) == {1500}
