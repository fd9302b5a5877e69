"""Grades of areas by rules that are data: what holds, what changed, who may see it, and what real counties would have been."""

import csv
from collections import defaultdict
from datetime import date, timedelta
from math import inf

import pytest
from django.urls import reverse
from django.utils import translation

from lianfang.definitions.editions import HalfRight
from lianfang.definitions.risk import Measure, graded, read_rules, risk_rules
from lianfang.kernel import clock
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.refusals import Refused
from lianfang.registry.services import PersonDetails
from lianfang.situation.risk import COUNTED, grades
from lianfang.surveillance.evidence import Evidence
from lianfang.surveillance.services import Notification, notify
from lianfang.tracing.services import NewLink, link_many
from tests.conftest import SHARED

NATIONAL = "national_2020"
FLAGS = "wenzhou_flags_2020"


def confirmed(world, code, day, number=""):
    with clock.at(clock.start_of(day) + timedelta(hours=9)):
        return notify(
            Notification(
                disease="covid19",
                area=world.area(code),
                evidence=Evidence(
                    declared="confirmed", confirmed_on=day, reported_on=day, onset_on=day - timedelta(days=3)
                ),
                person=PersonDetails(area=world.area(code)),
                source="risk",
                local_id=number,
                starts_clocks=False,
            ),
            SYSTEM,
        )


def level(world, rule, day, code, actor="zhejiang", area="330300"):
    found = grades(world.actor(actor), world.area(area), risk_rules()[rule], day=day)
    return {each.area.code: each for each in found}[code]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"quiet_days": inf, "cumulative": 0, "clusters": 0}, "low"),
        ({"quiet_days": 14, "cumulative": 80, "clusters": 0}, "low"),
        ({"quiet_days": 13, "cumulative": 50, "clusters": 3}, "medium"),
        ({"quiet_days": 0, "cumulative": 51, "clusters": 0}, "medium"),
        ({"quiet_days": 0, "cumulative": 51, "clusters": 1}, "high"),
    ],
)
def test_the_national_levels_are_those_of_the_published_text(values, code):
    assert graded(risk_rules()[NATIONAL], lambda measure: values[measure.name])[0].code == code


def test_a_county_turns_medium_with_its_first_case_and_low_after_fourteen_quiet_days(world):
    day = date(2020, 3, 1)
    confirmed(world, "330302001", day)
    assert level(world, NATIONAL, day - timedelta(days=1), "330302").now.level.code == "low"
    on_the_day = level(world, NATIONAL, day, "330302")
    assert (on_the_day.before.level.code, on_the_day.now.level.code, on_the_day.changed) == ("low", "medium", True)
    assert level(world, NATIONAL, day + timedelta(days=13), "330302").now.level.code == "medium"
    after = level(world, NATIONAL, day + timedelta(days=14), "330302")
    assert (after.now.level.code, after.changed) == ("low", True)
    assert [(bound.measure.name, after.now.values[bound.measure]) for bound in after.now.held] == [("quiet_days", 14)]
    assert level(world, NATIONAL, day, "330303").now.level.code == "low"


def test_over_fifty_cases_are_high_only_while_a_cluster_is_recent(world):
    first = date(2020, 3, 1)
    for n in range(51):
        confirmed(world, "330302", first + timedelta(days=n // 4), str(n))
    last = first + timedelta(days=12)
    assert level(world, NATIONAL, last, "330302").now.level.code == "medium"
    with clock.at(clock.start_of(last) + timedelta(hours=20)):
        link_many([NewLink("49", "50"), NewLink("0", "1")], "risk", SYSTEM)
    assert level(world, NATIONAL, last, "330302").now.level.code == "high"
    assert level(world, NATIONAL, last - timedelta(days=1), "330302").now.level.code == "medium", (
        "as known that evening"
    )
    later = level(world, NATIONAL, last + timedelta(days=13), "330302").now
    assert (later.level.code, later.values[Measure("clusters", 14, 2)]) == ("high", 1), (
        "the last of both lies 13 days back"
    )
    with clock.at(clock.start_of(last + timedelta(days=9))):
        confirmed(world, "330302", last + timedelta(days=8))
    assert level(world, NATIONAL, last + timedelta(days=15), "330302").now.level.code == "medium"


def test_townships_are_flagged_each_by_its_own_cases(world):
    day = date(2020, 2, 10)
    for _ in range(3):
        confirmed(world, "330302001", day)
    confirmed(world, "330302", day)  # lies in no township
    flags = {back: level(world, FLAGS, day + timedelta(days=back), "330302001").now.level.code for back in range(12)}
    assert [flags[back] for back in (0, 2, 9, 10, 11)] == ["white", "white", "white", "red", "red"]


def test_who_counts_one_county_sees_no_other(world):
    with pytest.raises(Refused):
        grades(world.actor("lucheng"), world.area("330300"), risk_rules()[NATIONAL])
    assert [
        each.area.code for each in grades(world.actor("lucheng"), world.area("330302"), risk_rules()[NATIONAL])
    ] == ["330302"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_page_says_why_and_the_table_holds_the_figures(world, client, language):
    day = date(2020, 3, 1)
    confirmed(world, "330302001", day)
    client.force_login(world.users["wenzhou"])
    client.cookies["django_language"] = language
    page = client.get(reverse("risk"), {"as_of": str(day)}).content.decode()
    with translation.override(language):
        assert (
            translation.ngettext("{n} day since the last case", "{n} days since the last case", 0).format(n=0) in page
        )
        assert translation.gettext("Changed since the evening before") in page
    rows = list(
        csv.DictReader(client.get(reverse("risk-table"), {"as_of": str(day)}).content.decode("utf-8-sig").splitlines())
    )
    assert [(row["code"], row["level"], row["level_before"], row["cumulative"]) for row in rows] == [
        ("330302", "medium", "low", "1"),
        ("330303", "low", "low", "0"),
    ]
    assumed = client.get(reverse("risk"), {"rule": "zhejiang_five_2020"}).content.decode()
    assert "definitions/risk_rules.toml" in assumed
    client.force_login(world.users["zhejiang"])
    assert client.get(reverse("risk"), {"rule": FLAGS, "area": "330000"}).status_code == 422
    assert client.get(reverse("risk"), {"rule": "none"}).status_code == 404
    assert client.get(reverse("risk"), {"rule": FLAGS, "area": "330300"}).status_code == 200


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ('unit = "county"|unit = "street"', "unit"),
        ('disease = "x"|disease = "y"', "in no file"),
        ("new = {|newest = {", "newest"),
        ("days = 7, |", "lacks days"),
        (", at_least = 3|", "at_least or at_most"),
        ("at_least = 3|at_least = -3", "whole numbers"),
        ('[[r.levels]]\ncode = "calm"\nlabel = { zh = "a", en = "a" }\nseverity = 0|', "holds otherwise"),
        (', en = "hot" }| }', "zh and en"),
        ("severity = 1|severity = 0", "one severity"),
    ],
)
def test_a_rule_that_is_half_right_is_refused_with_what_is_wrong(tmp_path, change, said):
    whole = """[r]
label = { zh = "r", en = "r" }
unit = "county"
disease = "x"
valid_from = 2020-01-01
source = "s"
[[r.levels]]
code = "hot"
label = { zh = "hot", en = "hot" }
severity = 1
when = { new = { days = 7, at_least = 3 } }
[[r.levels]]
code = "calm"
label = { zh = "a", en = "a" }
severity = 0
"""
    file = tmp_path / "rules.toml"
    file.write_text(whole, encoding="utf-8")
    assert list(read_rules(file, ["x"])) == ["r"]
    old, new = change.split("|")
    assert old in whole
    file.write_text(whole.replace(old, new), encoding="utf-8")
    with pytest.raises(HalfRight, match=said):
        read_rules(file, ["x"])


@pytest.mark.skipif(not SHARED.exists(), reason="the data beside the project is not here")
def test_the_assumed_five_colours_lower_pingyang_as_was_published():
    """Of Wenzhou's counties one change is published by name: Pingyang from higher to medium between 9 and 12 February."""
    daily = defaultdict(dict)
    with (SHARED / "data/wenzhou/county_daily_20200121_20200213.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            daily[row["county"]][date.fromisoformat(row["date"])] = int(row["new_confirmed"] or 0)
    rule = risk_rules()["zhejiang_five_2020"]

    def without_clusters(county, day):
        known = {each: count for each, count in daily[county].items() if each <= day}
        return graded(rule, lambda m: 0 if m.name == "clusters" else COUNTED[m.name](known, day, m))[0]

    before, after = (without_clusters("平阳", date(2020, 2, day)) for day in (9, 12))
    assert (before.code, after.code) == ("higher", "medium")
