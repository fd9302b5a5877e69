"""Other sources kept by a machine: over the API and from the command line, through the same service as on the page."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import translation
from typer.testing import CliRunner

from lianfang.config import commands
from lianfang.kernel import clock, ids
from lianfang.kernel.models import Event
from lianfang.kernel.tokens import issue
from lianfang.situation import kept_sources
from lianfang.situation.models import SourceEdition
from tests.parts.situation.source_lines import DAILY, FIRST, LAST, NOW, notified, rows_of, table, totals

LATER = NOW + timedelta(days=2)


@pytest.fixture
def counted(world):
    return notified(world)


def late():
    return [0, *totals("330302")[:-1]]


def said(figures, area="330302", **more):
    lines = [{"area": area, "day": str(FIRST + timedelta(days=n)), "count": count} for n, count in enumerate(figures)]
    return {"area_code": "330300", "disease": "covid19", "name": "press", "figures": lines, **more}


def call(world, who="wenzhou", path="", body=None, at=NOW):
    headers = {"Authorization": f"Bearer {issue(world.users[who], 'platform')}", "Accept-Language": "en"}
    address = f"/api/v1/situation/sources{path}"
    with clock.at(at):
        if body is None:
            return Client().get(address, headers=headers)
        return Client().post(address, json.dumps(body), content_type="application/json", headers=headers)


def test_a_source_sent_by_a_machine_is_the_one_that_the_page_would_have_kept(counted):
    answer = call(counted, body=said(late()))
    assert answer.status_code == 201, answer.content
    told, made = answer.json(), SourceEdition.objects.get()
    with clock.at(NOW):
        [kept] = kept_sources.kept_sources(counted.actor("wenzhou"), counted.area("330300"), "covid19", None)[0]
    assert (told["id"], told["source"], told["number"], told["name"]) == (str(made.pk), str(made.source), 1, "press")
    assert told["standing"] == {
        "day": str(LAST), "area_code": "330302", "difference": late()[-1] - totals("330302")[-1], "shift": 1,
        "compared": kept.standing.compared, "equal": kept.standing.equal,
    }  # fmt: skip
    assert "fits best 1 day late" in told["words"]
    event = Event.objects.get(kind="source.kept")
    assert (event.by, event.channel, event.subject_id) == (counted.users["wenzhou"], "api", made.source)
    whole = call(counted, path=f"/{made.source}").json()
    assert [each["count"] for each in whole["figures"]] == late()
    assert {each["area_code"] for each in whole["figures"]} == {"330302"}


def test_sending_again_under_the_same_id_keeps_once_and_another_content_is_a_conflict(counted):
    mine = str(ids.new_id())
    first, again = (call(counted, body=said(late(), id=mine)) for _time in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (SourceEdition.objects.count(), Event.objects.filter(kind="source.kept").count()) == (1, 1)
    for who, changed in (("wenzhou", {"cumulative": False}), ("wenzhou", {"name": "other"}), ("zhejiang", {})):
        assert call(counted, who, body=said(late(), id=mine, **changed)).status_code == 409
    assert call(counted, body=said(totals("330302"), id=mine)).status_code == 409
    assert call(counted, body=said(totals("330302"))).json()["number"] == 2


def test_a_source_is_seen_in_its_own_area_and_those_above_as_known_on_the_evening(counted):
    source = call(counted, "lucheng", body=said(late(), area_code="330302")).json()["source"]
    call(counted, "lucheng", body=said(totals("330302"), area_code="330302"), at=LATER)
    for who, area, seen in (
        ("lucheng", "330302", 1), ("wenzhou", "330300", 1), ("zhejiang", "330000", 1), ("wenzhou", "330303", 0),
    ):  # fmt: skip
        found = call(counted, who, f"?area={area}&disease=covid19", at=LATER).json()
        assert len(found) == seen, (who, area)
    [then] = call(counted, path=f"?area=330300&disease=covid19&known_on={NOW.date()}", at=LATER).json()
    [now] = call(counted, path="?area=330300&disease=covid19", at=LATER).json()
    assert (then["number"], now["number"], now["standing"]["difference"]) == (1, 2, 0)
    assert call(counted, path=f"/{source}?known_on={LAST}", at=LATER).status_code == 404
    assert call(counted, "xihu", f"/{source}", at=LATER).status_code == 404
    assert call(counted, "xihu", "?area=330302", at=LATER).status_code == 404
    assert call(counted, "doctor", at=LATER).status_code == 403


@pytest.mark.parametrize(
    ("who", "changed", "status", "code"),
    [
        ("auditor", {}, 403, "kernel.not_permitted"),
        ("xihu", {}, 404, "kernel.not_found"),
        ("lucheng", {}, 404, "kernel.not_found"),  # the city is not hers
        ("wenzhou", {"disease": "nothing"}, 422, "case.unknown_disease"),
        ("wenzhou", {"name": "  "}, 422, "sources.no_name"),
        ("wenzhou", {"name": "x" * 81}, 422, "sources.name_too_long"),
        ("wenzhou", {"figures": []}, 422, "sources.nothing"),
        ("wenzhou", {"figures": said([1], "330106")["figures"]}, 422, "sources.no_such_area"),
        ("wenzhou", {"figures": said([1])["figures"] + said([1], "330106")["figures"]}, 422, "sources.unknown_areas"),
    ],
)
def test_what_is_not_kept_is_refused_by_the_rules_of_the_page(counted, who, changed, status, code):
    answer = call(counted, who, body={**said(late()), **changed})
    assert (answer.status_code, answer.json()["refused"][0]["code"]) == (status, code)
    assert not SourceEdition.objects.exists()


@pytest.mark.parametrize("changed", [{"measure": "deaths"}, {"figures": said([-1])["figures"]}, {"area_code": ""}])
def test_what_is_no_body_is_refused(counted, changed):
    assert call(counted, body={**said(late()), **changed}).status_code == 422
    assert not SourceEdition.objects.exists()


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(commands, "ready", lambda: None)

    def run(*arguments):
        with clock.at(NOW), translation.override("en"):
            return CliRunner().invoke(commands.app, ["source", "keep", *map(str, arguments)])

    return run


def test_the_command_keeps_a_file_and_says_how_far_it_is(counted, terminal, tmp_path):
    file = tmp_path / "county press.csv"
    file.write_bytes(table(rows_of("", "鹿城区", late())).encode("gb18030"))
    printed = terminal(file, "--area", "330300", "--as", "wenzhou")
    assert printed.exit_code == 0, printed.exception
    assert "Kept: county press, edition 1." in printed.output
    assert "fits best 1 day late" in " ".join(printed.output.split())
    made = SourceEdition.objects.get()
    assert (made.path, made.kept_by, made.cumulative) == (counted.area("330300").path, counted.users["wenzhou"], True)
    file.write_text(table(rows_of("", "330302", DAILY["330302"])))
    printed = terminal(file, "--area", "330302", "--daily", "--measure", "all", "--name", "by  day")
    assert "Kept: by day, edition 1. Beside the platform: equal on" in " ".join(printed.output.split())
    made = SourceEdition.objects.get(name="by day")
    assert (made.kept_by, made.cumulative, made.measure) == (None, False, "all")
    assert Event.objects.get(kind="source.kept", subject_id=made.source).channel == "command"


def test_the_command_keeps_nothing_that_the_page_would_not(counted, terminal, tmp_path):
    file = tmp_path / "press.csv"
    file.write_text(table(rows_of("", "330302", late())))
    for arguments in (
        ("--area", "330300", "--as", "xihu"),
        ("--area", "330300", "--as", "nobody"),
        ("--area", "999999"),
        ("--area", "330106"),
        ("--area", "330300", "--disease", "nothing"),
        ("--area", "330300", "--name", "x" * 81),
    ):
        told = terminal(file, *arguments)
        assert told.exit_code == 1, arguments
        assert commands.sentence(told.exception), told.exception
    file.write_bytes(b"\xff\xff\xff")
    assert "UTF-8" in commands.sentence(terminal(file, "--area", "330300").exception)
    assert not SourceEdition.objects.exists()
