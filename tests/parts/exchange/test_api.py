"""Imports over HTTP with a token: the same services, the same refusals."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from lianfang.exchange import jobs
from lianfang.exchange.models import ImportRun
from lianfang.kernel.tokens import issue
from lianfang.surveillance.models import Case
from tests.parts.exchange.files import HEADERS, ROWS, table

AT = "/api/v1/imports"


class Machine:
    """A caller with a user's token."""

    def __init__(self, user):
        self.client = Client()
        self.headers = {"Authorization": f"Bearer {issue(user, 'test')}", "Accept-Language": "en"}

    def get(self, path=""):
        return self.client.get(AT + path, headers=self.headers)

    def post(self, path="", **data):
        return self.client.post(AT + path, data, headers=self.headers)


@pytest.fixture
def machine(world):
    return Machine(world.users["lucheng"])


def sent(content=None, name="list.csv"):
    return SimpleUploadedFile(name, content or table(), "text/csv")


def test_a_file_is_sent_looked_at_started_followed_and_undone(world, machine):
    answer = machine.post(file=sent(), disease="covid19", source="night run")
    assert answer.status_code == 201, answer.content
    run = answer.json()
    assert (run["status"], run["disease"], run["source"]) == ("mapped", "covid19", "night run")
    outlook = machine.get(f"/{run['id']}/outlook").json()
    assert (outlook["rows"], outlook["would_enter"]) == (3, 3)
    assert not Case.objects.exists()
    assert machine.post(f"/{run['id']}/start").status_code == 202
    jobs.go_on.func(run["id"], world.users["lucheng"].pk)
    ended = machine.get(f"/{run['id']}").json()
    assert (ended["status"], ended["rows_done"], ended["counts"]["entered"]) == ("finished", 3, 3)
    assert machine.post(f"/{run['id']}/undo").status_code == 202
    jobs.go_on.func(run["id"], world.users["lucheng"].pk)
    assert machine.get(f"/{run['id']}").json()["status"] == "undone"
    assert [entry["id"] for entry in machine.get().json()] == [run["id"]]


def test_refused_rows_are_fetched_as_csv(world, machine):
    wrong = [["A9", "林小红", "女", "300", "", "鹿城区", "2020-01-23", "2020-01-28", "确诊病例"]]
    run = machine.post(file=sent(table([*wrong, *ROWS[:2]])), disease="covid19").json()
    reasons = machine.get(f"/{run['id']}/outlook").json()["reasons"]
    assert [(entry["code"], entry["rows"], entry["first_row"]) for entry in reasons] == [("import.age_too_high", 1, 2)]
    machine.post(f"/{run['id']}/start")
    jobs.go_on.func(run["id"], world.users["lucheng"].pk)
    told = b"".join(machine.get(f"/{run['id']}/refused.csv").streaming_content).decode()
    assert "林小红" in told
    assert "120 years" in told


def test_a_mapping_is_sent_as_json_or_by_its_name(world, machine):
    run = machine.post(file=sent()).json()
    assert run["status"] == "uploaded"  # the disease is not known yet
    mapping = {**run["mapping"], "constants": {"classification": "suspected"}}
    answer = machine.post(f"/{run['id']}/mapping", mapping=json.dumps(mapping), disease="covid19")
    assert (answer.json()["status"], answer.json()["mapping"]["constants"]) == ("mapped", mapping["constants"])
    for bad in ("no such", "{", json.dumps({**mapping, "kind": "dreams"})):
        answer = machine.post(f"/{run['id']}/mapping", mapping=bad, disease="covid19")
        assert answer.status_code == 422, bad
        assert answer.json()["refused"][0]["words"]


def test_refusals_come_as_problems_with_words(world, machine):
    assert machine.post().json()["refused"][0]["code"] == "import.file_missing"
    answer = machine.post(file=sent(b"%PDF-1.7"))
    assert (answer.status_code, answer.json()["refused"][0]["code"]) == (422, "import.file_pdf")
    answer = machine.post(file=sent(), disease="dragon pox")
    assert answer.json()["refused"][0]["code"] == "case.unknown_disease"
    with override_settings(UPLOAD_LIMIT_BYTES=1000):
        answer = machine.post(file=sent(table() * 20))
    assert answer.json()["refused"][0]["code"] == "import.file_too_large"


def test_another_countys_import_does_not_exist_for_a_stranger(world, machine):
    run = machine.post(file=sent(), disease="covid19").json()
    stranger = Machine(world.users["xihu"])
    for path in ("", "/outlook", "/refused.csv"):
        assert stranger.get(f"/{run['id']}{path}").status_code == 404
    for path in ("/start", "/undo", "/restore", "/mapping"):
        assert stranger.post(f"/{run['id']}{path}").status_code == 404
    assert stranger.get().json() == []
    assert Machine(world.users["doctor"]).post(file=sent()).status_code == 403
    assert Client().post(AT, {"file": sent()}).status_code == 401
    assert ImportRun.objects.get().status == "mapped"
    assert HEADERS[0] not in stranger.get(f"/{run['id']}").content.decode()
