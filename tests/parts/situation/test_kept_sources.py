"""Sources that are kept: editions side by side, as known on any evening, seen in one's own areas only, told in the report."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import translation

from lianfang.kernel import clock
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.situation import kept_sources, reports, selectors, sources
from lianfang.situation.models import SourceEdition
from tests.parts.situation.source_lines import DAILY, FIRST, LAST, NOW, notified, rows_of, table, totals


@pytest.fixture
def counted(world):
    return notified(world)


LATER = NOW + timedelta(days=2)


def keep(world, rows, at=NOW, who="wenzhou", area="330300", cumulative=True, **about):
    with clock.at(at):
        lines = sources.read(table(rows), "pasted")
        return kept_sources.keep(world.area(area), "covid19", lines, world.actor(who), cumulative=cumulative, **about)


def kept(world, who="wenzhou", area="330300", day=None, at=LATER):
    with clock.at(at):
        return kept_sources.kept_sources(world.actor(who), world.area(area), "covid19", day)[0]


def late(code="330302"):
    return [0, *totals(code)[:-1]]


def get(world, path, who="wenzhou", language="en", at=LATER):
    client = Client(headers={"accept-language": language})
    client.force_login(world.users[who])
    with clock.at(at):
        return client.get(path)


def post(world, data, who="wenzhou", path="/situation/sources/?area=330300&disease=covid19", at=NOW):
    client = Client(headers={"accept-language": "en"})
    client.force_login(world.users[who])
    with clock.at(at):
        return client.post(path, data)


def test_a_kept_source_stands_as_the_same_lines_do_when_pasted(counted):
    rows = rows_of("city", "330302", late()) + rows_of("city", "龙湾区", totals("330303"))
    [made] = keep(counted, rows)
    [found] = kept(counted)
    with clock.at(LATER):
        pasted = sources.reconciled(
            counted.actor("wenzhou"), counted.area("330300"), "covid19", sources.read(table(rows), ""), day=None,
            cumulative=True,
        )  # fmt: skip
    assert found.found.findings == pasted.findings
    assert found.standing == pasted.standings[0]
    own = totals("330302")
    assert (found.standing.day, found.standing.area) == (LAST, "330302")
    assert found.standing.difference == own[-2] - own[-1]
    assert found.standing.shift == 1
    assert found.standing.largest == min(a - b for a, b in zip(late(), own, strict=True))
    assert (found.standing.compared, found.standing.equal) == (16, 8)
    assert made.counts["330303"] == {str(FIRST + timedelta(days=n)): count for n, count in enumerate(totals("330303"))}


def test_the_farthest_area_of_a_source_that_ends_earlier_is_judged_on_its_own_last_day(counted):
    keep(
        counted,
        rows_of("s", "330302", [one + 3 for one in totals("330302")[:5]]) + rows_of("s", "330303", totals("330303")),
    )
    [found] = kept(counted)
    assert (found.standing.area, found.standing.difference) == ("330302", 3)
    assert found.standing.day == FIRST + timedelta(days=4)


def test_new_cases_of_the_day_and_the_curve_s_cases_are_kept_as_they_are_meant(counted):
    keep(counted, rows_of("daily", "330302", DAILY["330302"]), cumulative=False, measure="all")
    [found] = kept(counted)
    assert (found.edition.cumulative, found.edition.measure, found.standing.equal) == (False, "all", 8)
    assert found.found.measure == "all"


def test_keeping_again_makes_the_next_edition_and_each_evening_keeps_its_own(counted):
    [first] = keep(counted, rows_of("press", "330302", late()))
    [second] = keep(counted, rows_of("press", "330302", totals("330302")), at=LATER)
    assert (first.source, first.number, second.number) == (second.source, 1, 2)
    assert kept(counted, day=NOW.date() - timedelta(days=1)) == []
    [then] = kept(counted, day=NOW.date())
    [now] = kept(counted)
    assert (then.edition, then.standing.difference) == (first, late()[-1] - totals("330302")[-1])
    assert (now.edition, now.standing.difference) == (second, 0)
    [other] = keep(counted, rows_of("press", "330302", late()), at=LATER, measure="all")
    assert (other.source != first.source, other.number) == (True, 1)
    events = Event.objects.filter(kind="source.kept", subject_id=first.source).order_by("at")
    assert [(event.by_id, event.details) for event in events] == [
        (counted.users["wenzhou"].pk, {"disease": "covid19", "entered": 8})
    ] * 2


def test_no_edition_is_changed_or_removed_not_even_past_the_services(counted):
    [made] = keep(counted, rows_of("press", "330302", late()))
    for change in (lambda rows: rows.update(counts={}), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(SourceEdition.objects.filter(pk=made.pk))


def test_a_source_put_away_is_compared_no_longer_and_still_on_the_evenings_before(counted):
    [made] = keep(counted, rows_of("press", "330302", late()))
    answer = post(counted, {"put_away": "1"}, path=f"/situation/sources/?area=330300&source={made.source}", at=LATER)
    assert answer.status_code == 302
    assert kept(counted) == []
    assert [each.edition for each in kept(counted, day=NOW.date())] == [made]
    with clock.at(LATER), pytest.raises(Refused):
        kept_sources.put_away(made.source, counted.actor("wenzhou"))


def test_another_county_sees_nothing_of_a_kept_source(counted):
    [city] = keep(counted, rows_of("press of the city", "330302", late()))
    [county] = keep(counted, rows_of("press of the county", "330302", late()), who="lucheng", area="330302")
    assert {each.edition for each in kept(counted)} == {city, county}
    assert [each.edition for each in kept(counted, who="lucheng", area="330302")] == [county]
    assert not SourceEdition.objects.visible_to(counted.actor("xihu")).exists()
    for made in (city, county):
        page = f"/situation/sources/?disease=covid19&source={made.source}"
        for who, area in (("xihu", "330106"), ("xihu", "330300"), ("xihu", "330302")):
            for asked in (page, page + "&csv=1"):
                answer = get(counted, f"{asked}&area={area}", who)
                assert (answer.status_code, b"press of" in answer.content) == (404, False)
    assert (
        get(counted, f"/situation/sources/?area=330302&disease=covid19&source={city.source}", "lucheng").status_code
        == 404
    )
    assert b"press of" not in get(counted, "/situation/?area=330106&disease=covid19", "xihu").content
    assert (
        post(counted, {"put_away": "1"}, "xihu", f"/situation/sources/?area=330106&source={city.source}").status_code
        == 404
    )
    with pytest.raises(Refused), clock.at(NOW):
        kept_sources.put_away(city.source, counted.actor("xihu"))
    assert SourceEdition.objects.count() == 2


@pytest.mark.parametrize("who", ["xihu", "lucheng", "auditor", "signatory"])
def test_who_may_not_keep_for_an_area_keeps_nothing(counted, who):
    with pytest.raises(Refused):
        keep(counted, rows_of("press", "330302", late()), who=who)
    assert not SourceEdition.objects.exists()


def test_a_source_is_kept_whole_and_by_a_name(counted):
    for rows in (
        rows_of("press", "330302", late()) + rows_of("press", "330106", late()),
        rows_of("x" * 81, "330302", late()),
    ):
        with pytest.raises(Refused):
            keep(counted, rows)
    nameless = table(rows_of("", "330302", late()))
    assert post(counted, {"text": nameless, "keep": "1"}).status_code == 422
    assert post(counted, {"text": nameless, "name": "press", "measure": "deaths"}).status_code == 422
    assert not SourceEdition.objects.exists()


def test_the_page_keeps_and_shows_again_without_pasting(counted):
    text = table(rows_of("", "330302", late()))
    answer = post(counted, {"text": text, "name": "  press   daily ", "keep": "1"})
    assert answer.status_code == 302
    page = get(counted, answer["Location"]).content.decode()
    difference = late()[-1] - totals("330302")[-1]
    assert "press daily" in page
    assert f"{difference:+} in 鹿城区" in page or f"{difference:+} in Lucheng" in page
    assert "1 day behind" in page
    rows = list(csv.DictReader(io.StringIO(get(counted, answer["Location"] + "&csv=1").content.decode("utf-8-sig"))))
    assert {row["source"] for row in rows} == {"press daily"}
    situation = get(counted, "/situation/?area=330300&disease=covid19").content.decode()
    assert "1 of 1 kept sources differ" in situation
    assert "fits best 1 day late" in situation
    before = get(counted, f"/situation/?area=330300&disease=covid19&as_of={LAST}").content.decode()
    assert "kept sources" not in before
    assert get(counted, "/situation/sources/?area=330300&source=nothing").status_code == 404


def test_a_source_of_what_the_platform_knows_nothing_of_is_told_too(world):
    with clock.at(NOW):
        lines = sources.read(table(rows_of("press", "330302", [2, 3])), "")
        kept_sources.keep(world.area("330300"), "measles", lines, world.actor("wenzhou"), cumulative=True)
    page = get(world, "/situation/?area=330300&disease=measles").content.decode()
    assert "Nothing is known of" in page
    assert "1 of 1 kept sources differ from the platform; most press: +3" in page


def test_the_report_tells_where_sources_differ_as_known_on_its_day(counted):
    keep(counted, rows_of("late", "330302", late()) + rows_of("true", "330303", totals("330303")))
    keep(counted, rows_of("late", "330302", totals("330302")), at=LATER)

    def told(day):
        with clock.at(LATER), translation.override("en"):
            found = selectors.picture(SYSTEM, counted.area("330300"), "covid19", day=day)
            return reports.report_content(found)["sources"]

    assert told(NOW.date() - timedelta(days=1)) is None
    then = told(NOW.date())
    assert [row[0] for row in then["rows"]] == ["late", "true"]
    assert f"{late()[-1] - totals('330302')[-1]:+}" in then["rows"][0][3]
    assert "1 day late" in then["rows"][0][3]
    assert then["rows"][1][3] == f"equal on {NOW.date()}" or then["rows"][1][3] == f"equal on {LAST}"
    assert told(None)["rows"][0][3].startswith("equal on")
    with clock.at(LATER):
        found = selectors.picture(SYSTEM, counted.area("330300"), "covid19", day=NOW.date())
        assert reports.situation_report(found).startswith(b"%PDF")


def test_what_is_not_compared_for_want_of_time_is_counted(counted, monkeypatch):
    monkeypatch.setattr(kept_sources, "MOST", 1)
    keep(counted, rows_of("a", "330302", late()) + rows_of("b", "330303", totals("330303")))
    with clock.at(LATER):
        found, more = kept_sources.kept_sources(counted.actor("wenzhou"), counted.area("330300"), "covid19", None)
    assert (len(found), len(more)) == (1, 1)
    page = get(counted, "/situation/sources/?area=330300&disease=covid19").content.decode()
    assert f"source={more[0].source}" in page
    assert "1 more" in get(counted, "/situation/?area=330300&disease=covid19").content.decode()


def test_an_evening_before_the_first_day_of_a_source_has_nothing_in_common(counted):
    keep(counted, rows_of("s", "330302", late()), at=datetime(2020, 1, 20, 4, tzinfo=UTC))
    [found] = kept(counted, day=date(2020, 1, 21))
    assert (found.standing.day, found.standing.compared) == (None, 0)
