"""Grades of areas by rules that are data: what holds, what changed, who may see it, and what real counties would have been."""

import csv
import json
from collections import Counter, defaultdict
from datetime import date, timedelta
from math import inf
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import translation

from lianfang.definitions.editions import HalfRight
from lianfang.definitions.risk import Measure, edition_on, graded, read_rules, risk_rules
from lianfang.kernel import clock
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.refusals import Refused
from lianfang.registry.services import PersonDetails
from lianfang.situation import reports, selectors
from lianfang.situation.risk import COUNTED, grades
from lianfang.surveillance.evidence import Evidence
from lianfang.surveillance.services import Notification, notify
from lianfang.tracing.services import NewLink, link_many
from tests.conftest import SHARED

NATIONAL = "national_2020"
FLAGS = "wenzhou_flags_2020"
FIVE = "zhejiang_five_2020"
RULES_OF_MARCH = [edition_on(risk_rules(), line, date(2020, 3, 1)) for line in (NATIONAL, FLAGS, FIVE)]
PINGYANG = "330326"


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
    found = grades(world.actor(actor), world.area(area), rule, day=day)
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
        grades(world.actor("lucheng"), world.area("330300"), NATIONAL)
    assert [each.area.code for each in grades(world.actor("lucheng"), world.area("330302"), NATIONAL)] == ["330302"]


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
    source = {"zh-hans": "三级划分见三处公开转载", "en": "The three levels as in three public reprints"}
    assert [tongue for tongue, said in source.items() if said in page] == [language]
    assert "防控方案第五版" in page, "the title of the source stands in its own language"
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
        ('source = { zh = "s", en = "s" }|source = "s"', "its source in zh and en"),
        ('disease = "x"|disease = "x"\nedition_of = "r"', "edition_of"),
        ("severity = 1|severity = 0", "one severity"),
    ],
)
def test_a_rule_that_is_half_right_is_refused_with_what_is_wrong(tmp_path, change, said):
    whole = """[r]
label = { zh = "r", en = "r" }
unit = "county"
disease = "x"
valid_from = 2020-01-01
source = { zh = "s", en = "s" }
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


def test_each_evening_is_graded_by_the_edition_in_force_then(world, client):
    for n in range(3):
        confirmed(world, "330302001", date(2020, 2, 1), str(n))
    changed = level(world, FIVE, date(2020, 2, 12), "330302")
    assert (changed.before.level.code, changed.now.level.code) == ("lower", "low")
    assert not level(world, FIVE, date(2020, 2, 11), "330302").changed
    assert not level(world, FIVE, date(2020, 2, 13), "330302").changed
    client.force_login(world.users["wenzhou"])
    client.cookies["django_language"] = "zh-hans"
    page = client.get(reverse("risk"), {"rule": FIVE, "as_of": "2020-02-12"}).content.decode()
    assert "浙江五色图（2月12日起）" in page
    assert page.count('value="zhejiang_five_2020') == 1, "one rule to choose, whatever its editions"
    assert "距末例11天（不少于10）" in page
    assert "；" in page


# --- Zhejiang's map of five colours, as far as its published outcomes can be computed -------------------------------

here = pytest.mark.skipif(not SHARED.exists(), reason="the data beside the project is not here")
FIRST_CUTS = (date(2020, 2, 8), date(2020, 2, 9))  # the map of the 9th: its data cut is not said
SECOND = date(2020, 2, 12)
CLUSTERS = (0, 1)  # no public list says which counties had a cluster in a week
MANUAL = Path(__file__).parents[3] / "docs" / "how-to" / "grade-areas.md"


def counties_of_wenzhou():
    """{county: {day: new confirmed}}, without the two zones that are no county."""
    daily = defaultdict(dict)
    with (SHARED / "data/wenzhou/county_daily_20200121_20200213.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["county_code"]:
                daily[row["county_code"]][date.fromisoformat(row["date"])] = int(row["new_confirmed"] or 0)
    assert len(daily) == 12
    return daily


def published():
    return json.loads((SHARED / "data/config/five_colour_reference.json").read_text(encoding="utf-8"))


def colour(daily, day, clusters, rules_of=None):
    rule = edition_on(risk_rules(), FIVE, rules_of or day)
    known = {each: count for each, count in daily.items() if each <= day}
    values = lambda m: clusters if m.name == "clusters" else COUNTED[m.name](known, day, m)  # noqa: E731
    return graded(rule, values)[0].code


@here
@pytest.mark.parametrize("clusters", CLUSTERS)
@pytest.mark.parametrize("cut", FIRST_CUTS)
def test_between_the_first_two_maps_wenzhou_changes_as_was_published(cut, clusters):
    """The 37 counties that the map of the 12th lowered explain every total, so no other county of the province changed."""
    first, second = published()["published_counts"][:2]
    assert second["changes"] == {"平阳县": "higher->medium", "36 counties": "lower->low"}
    moved = {"high": 0, "higher": -1, "medium": 1, "lower": -36, "low": 36}
    assert {level: second[level] - first[level] for level in moved} == moved
    for code, daily in counties_of_wenzhou().items():
        was, became = colour(daily, cut, clusters, rules_of=date(2020, 2, 9)), colour(daily, SECOND, clusters)
        quiet = COUNTED["quiet_days"]({d: n for d, n in daily.items() if d <= SECOND}, SECOND, Measure("quiet_days"))
        if code == PINGYANG:
            assert (was, became) == ("higher", "medium")
        else:
            assert (was, became) == ("lower", "low") if quiet >= 6 else was == became, code
        assert was != "low", "on the first map green had never had a case"


@here
@pytest.mark.parametrize("clusters", CLUSTERS)
def test_wenzhou_fits_into_what_the_rest_of_the_province_leaves(clusters):
    first, second = published()["published_counts"][:2]
    found = Counter(colour(daily, SECOND, clusters) for daily in counties_of_wenzhou().values())
    assert all(found[level] <= second[level] - len(second["hangzhou"].get(level, ())) for level in found)
    for cut in FIRST_CUTS:
        found = Counter(
            colour(daily, cut, clusters, rules_of=date(2020, 2, 9)) for daily in counties_of_wenzhou().values()
        )
        assert all(found[level] <= first[level] for level in found)


@here
@pytest.mark.parametrize("clusters", CLUSTERS)
def test_every_county_of_wenzhou_is_green_on_the_third_map(clusters):
    """The table of counties ends on 13 February; of the city's eight later cases the county is not known. Any may have had them."""
    third, day = published()["published_counts"][2], date(2020, 2, 27)
    counties = counties_of_wenzhou()
    assert not {"鹿城区", "瓯海区", "乐清市", "瑞安市"} & {*third["lower_list"]}
    total = 0
    with (SHARED / "data/zhejiang/zhejiang_city_daily.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            # the rows of cities carry the figures of the day before
            said = date.fromisoformat(row["date"]) - timedelta(days=1)
            if row["cityCode"] == "330300" and said <= day and int(row["confirmed"]) > total:
                total, last = int(row["confirmed"]), said
    assert (total, last) == (504, date(2020, 2, 17))
    for daily in counties.values():
        for later in range(9):
            for each in (date(2020, 2, 14), last):
                assert colour({**daily, each: later}, day, clusters if later > 1 else 0) == "low"


@here
def test_the_table_of_the_manual_is_what_is_computed():
    text = MANUAL.read_text(encoding="utf-8")
    with (SHARED / "data/admin/zhejiang_counties_2019.csv").open(encoding="utf-8") as file:
        names = {row["code"]: row["name"] for row in csv.DictReader(file)}
    for code, daily in counties_of_wenzhou().items():
        known = {d: n for d, n in daily.items() if d <= SECOND}
        figures = [COUNTED[m](known, SECOND, Measure(m, 7)) for m in ("cumulative", "new", "quiet_days")]
        both = [
            "/".join(dict.fromkeys(colour(daily, *at, rules_of=at[0]) for at in ((day, 1), (day, 0))))
            for day in (date(2020, 2, 9), SECOND)
        ]
        line = f"| {names[code]} | {' | '.join(map(str, figures))} | {' | '.join(both)} |"
        assert line in text, f"write into {MANUAL.name}: {line}"


def reported(world, day, area="330300"):
    with clock.at(clock.start_of(date(2020, 3, 20))), translation.override("en"):
        content = reports.report_content(selectors.picture(SYSTEM, world.area(area), "covid19", day=day))
        return {told["rule"]: told for told in content["risk"]}


def test_the_report_tells_what_changed_its_level_by_each_rule_in_force_and_why(world):
    day = date(2020, 3, 1)
    for code in ("330302001", "330303"):
        confirmed(world, code, day, code)
    told = reported(world, day)
    assert set(told) == {rule.label["en"] for rule in RULES_OF_MARCH}
    national = told[risk_rules()[NATIONAL].label["en"]]
    changed = [each for each in grades(SYSTEM, world.area("330300"), NATIONAL, day=day) if each.changed]
    assert (
        [row[1] for row in national["rows"]]
        == ["low risk → medium risk"] * 2
        == [f"{each.before.level.label['en']} → {each.now.level.label['en']}" for each in changed]
    )
    assert "0 days since the last case" in national["rows"][0][2]
    assert "never a case" in national["rows"][0][3]
    assert (national["none"], national["rest"]) == ("", "")
    next_day = reported(world, day + timedelta(days=1))[risk_rules()[NATIONAL].label["en"]]
    assert (next_day["rows"], next_day["none"]) == ([], "No area changed its level.")


def test_a_rule_not_yet_in_force_and_one_for_smaller_areas_are_not_in_the_report(world):
    day = date(2020, 2, 10)
    confirmed(world, "330302001", day)
    assert set(reported(world, day)) == {risk_rules()[rule].label["en"] for rule in (FIVE, FLAGS)}
    assert set(reported(world, day, "330000")) == {risk_rules()[FIVE].label["en"]}


def test_of_many_changes_the_report_lists_the_gravest_and_counts_the_rest(world, monkeypatch):
    monkeypatch.setattr(reports, "MOST_CHANGES", 1)
    day = date(2020, 3, 1)
    for code in ("330302001", "330303"):
        confirmed(world, code, day, code)
    national = reported(world, day)[risk_rules()[NATIONAL].label["en"]]
    assert (len(national["rows"]), national["rest"].split()[:2]) == (1, ["1", "more"])
    with clock.at(clock.start_of(date(2020, 3, 20))):
        found = selectors.picture(SYSTEM, world.area("330300"), "covid19", day=day)
        assert reports.situation_report(found).startswith(b"%PDF")
