"""The situation page, its CSV and its PDF: the same figures, each equal to what a recount gives, as known on the day."""

import csv
import html
import io
import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.test import Client
from django.utils import translation

from lianfang.definitions import selectors as definitions
from lianfang.epi import delays as epi_delays
from lianfang.epi import transmission
from lianfang.kernel import clock
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.kernel.tokens import issue
from lianfang.registry.models import Area, AreaShape, Post
from lianfang.registry.services import PersonDetails
from lianfang.situation import presentation, reports, selectors
from lianfang.situation.indicators import INDICATORS, Classes, delays
from lianfang.surveillance import services, tally
from lianfang.surveillance.evidence import Evidence
from lianfang.surveillance.models import CaseVersion
from lianfang.surveillance.selectors import Counts

START = datetime(2020, 1, 23, 1, 0, tzinfo=UTC)
NOW = START + timedelta(days=25)
CUT = date(2020, 2, 10)
HOMES = ("330302001", "330302001", "330302", "330303", "330106", "330300")


def notify(world, evidence, area="330302001", disease="covid19"):
    place = world.area(area)
    described = services.Notification(
        disease=disease, area=place, evidence=evidence, person=PersonDetails(name="王秀英", area=place)
    )
    return services.notify(described, world.actor("zhejiang"))


@pytest.fixture
def outbreak(world):
    """Some 60 cases over 24 days: more from day to day, confirmed a day or two after their report, some with outcomes."""
    me = world.actor("zhejiang")
    n = 0
    for step in range(24):
        for k in range(1 + step // 5):
            with clock.at(START + timedelta(days=step, minutes=k)):
                today = clock.today()
                known = n % 7 != 3
                asymptomatic = n % 9 == 4 and today >= date(2020, 1, 28)  # a class since edition 3
                kind = "asymptomatic" if asymptomatic else "suspected" if n % 3 else "confirmed"
                case = notify(
                    world,
                    Evidence(
                        declared=kind,
                        onset_on=today - timedelta(days=n % 6) if known and not asymptomatic else None,
                        severity=("mild", "severe", "critical")[n % 3],
                    ),
                    HOMES[n % len(HOMES)],
                )
                if n % 4 == 1:
                    positive = {"labs": [{"test": "pcr", "result": "positive", "resulted_on": today.isoformat()}]}
                    services.observe(case.pk, "lab_result", positive, me)
                if n % 10 == 6:
                    services.mark_duplicate(case.pk, me)
            if n % 5 == 0:
                with clock.at(START + timedelta(days=step, hours=10)):
                    today = clock.today().isoformat()
                    services.observe(
                        case.pk, "course", {"outcome": ("discharged", "died")[n % 2], "outcome_on": today}, me
                    )
            n += 1
        if step == 11:
            tally.tally_all()
    return world


def page(world, query="", who="zhejiang", at=NOW, language="en", path="/situation/"):
    client = Client(headers={"accept-language": language})
    client.force_login(world.users[who])
    with clock.at(at):
        return client.get(f"{path}?{query}")


def in_force(path, evening):
    """The versions in force at the end of a day, found one by one."""
    latest = {}
    for version in CaseVersion.objects.order_by("recorded_at", "id"):
        if clock.local_day(version.recorded_at) <= evening:
            latest[version.case_id] = version
    return [version for version in latest.values() if version.counted and version.path.startswith(path)]


def table(world, what, query, **about):
    answer = page(world, query, path=f"/situation/{what}.csv", **about)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.mark.parametrize("code", ["330000", "330300", "330302", "330302001"])
@pytest.mark.parametrize("evening", [CUT, date(2020, 1, 30)])
def test_every_indicator_is_what_a_recount_of_the_versions_of_that_evening_gives(outbreak, code, evening):
    area = outbreak.area(code)
    with clock.at(NOW):
        found = selectors.picture(outbreak.actor("zhejiang"), area, "covid19", day=evening)
    versions = in_force(area.path, evening)
    confirmed = [v for v in versions if v.classification == "confirmed"]
    others = [v for v in versions if v.classification == "asymptomatic"]
    ill = [v for v in confirmed if not v.outcome]
    died, discharged = (sum(v.outcome == outcome for v in confirmed) for outcome in ("died", "discharged"))
    week = evening - timedelta(days=6)
    expected = {
        "confirmed_total": len(confirmed),
        "confirmed_new": sum(v.confirmed_on == evening for v in confirmed),
        "confirmed_week": sum(week <= v.confirmed_on <= evening for v in confirmed),
        "confirmed_current": len(ill),
        "severe": sum(v.severity in ("severe", "critical") for v in ill),
        "critical": sum(v.severity == "critical" for v in ill),
        "suspected_current": sum(v.classification == "suspected" for v in versions),
        "others_total": len(others),
        "discharged": discharged,
        "deaths": died,
        "fatality": round(100 * died / len(confirmed), 1) if confirmed else None,
        "onset_known": round(
            100 * sum(v.onset_on is not None for v in confirmed + others) / len(confirmed + others), 1
        ),
    }
    assert {shown.indicator.code: shown.value for shown in found.indicators} == expected
    assert len(expected) == len(INDICATORS)
    with clock.at(NOW):
        earlier = selectors.picture(outbreak.actor("zhejiang"), area, "covid19", day=evening - timedelta(days=1))
    assert [shown.before for shown in found.indicators] == [shown.value for shown in earlier.indicators]


@pytest.mark.parametrize("by", ["onset", "report"])
def test_the_curve_holds_each_case_on_its_day_or_says_why_not(outbreak, by):
    area = outbreak.area("330000")
    with clock.at(NOW):
        found = selectors.picture(outbreak.actor("zhejiang"), area, "covid19", day=CUT, by=by)
    versions = in_force(area.path, CUT)
    expected = Counter((v.classification, v.onset_on if by == "onset" else v.reported_on) for v in versions)
    drawn = {
        (of_class, day): count
        for of_class, values in found.series.items()
        for day, count in zip(found.days, values, strict=True)
        if count
    }
    assert drawn == {key: count for key, count in expected.items() if key[1]}
    assert found.without_day == sum(count for (_, day), count in expected.items() if day is None)
    assert found.reports == len(versions)
    assert found.days[-1] == CUT


def test_rt_on_the_page_is_what_the_library_gives_for_the_report_days_of_the_confirmed(outbreak):
    area = outbreak.area("330000")
    with clock.at(NOW):
        found = selectors.picture(outbreak.actor("zhejiang"), area, "covid19", day=CUT)
    reported = Counter(v.reported_on for v in in_force(area.path, CUT) if v.classification == "confirmed")
    first = min(reported)
    series = [reported[first + timedelta(days=n)] for n in range((CUT - first).days + 1)]
    interval = definitions.disease("covid19").serial_interval
    pmf = epi_delays.discretised_gamma_si(interval.mean_days, interval.sd_days)
    expected = transmission.estimate_rt(series, pmf, window=7, quantiles=(0.025, 0.975))
    day_of = {first + timedelta(days=int(end)): n for n, end in enumerate(expected.end)}
    assert len(found.rt.days) > 5
    assert found.rt.days[-1] == CUT
    for n, day in enumerate(found.rt.days):
        at = day_of[day]
        assert sum(series[: int(expected.end[at]) + 1]) >= selectors.FIRST_RT_CASES
        ours = (found.rt.mean[n], found.rt.low[n], found.rt.high[n])
        theirs = (expected.mean[at], expected.quantile(0.025)[at], expected.quantile(0.975)[at])
        assert ours == pytest.approx(theirs, abs=6e-4)
        assert not np.isnan(ours).any()


def test_rt_of_a_day_that_still_runs_ends_on_the_day_before(outbreak):
    with clock.at(START + timedelta(days=20)):
        running = selectors.picture(outbreak.actor("zhejiang"), outbreak.area("330000"), "covid19")
        assert not running.evening
        assert running.rt.days[-1] == clock.today() - timedelta(days=1)


def test_page_csv_and_pdf_carry_the_same_figures(outbreak):
    query = f"area=330000&disease=covid19&as_of={CUT}"
    answer = page(outbreak, query)
    text = answer.content.decode()
    found = answer.context["found"]
    curve = json.loads(re.search(r'id="curve-data"[^>]*>(.*?)</script>', text, re.S).group(1))
    rows = table(outbreak, "curve", query)
    assert [row["day"] for row in rows] == curve["days"]
    for series in curve["series"]:
        assert [int(row[series["key"]]) for row in rows] == series["values"]
    assert {row["complete"] for row in rows if row["day"] >= curve["uncertainFrom"]} == {"no"}
    rt = json.loads(re.search(r'id="rt-data"[^>]*>(.*?)</script>', text, re.S).group(1))
    assert [float(row["rt_mean"]) for row in table(outbreak, "rt", query)] == rt["mean"]
    indicators = {row["indicator"]: row["value"] for row in table(outbreak, "indicators", query)}
    assert indicators == {s.indicator.code: "" if s.value is None else str(s.value) for s in found.indicators}
    areas = table(outbreak, "areas", query)
    assert [[int(row[key]) for key in ("confirmed", "confirmed_7_days", "suspected", "deaths")] for row in areas] == [
        list(place.figures) for place in found.places
    ]
    assert {int(row["days_onset_to_report"]): int(row["cases"]) for row in table(outbreak, "delays", query)} == (
        found.delays.distribution
    )
    assert {(row["area"], row["disease"], row["known_on"], row["edition"]) for row in rows + areas} == {
        ("330000", "covid19", CUT.isoformat(), found.edition)
    }
    with clock.at(NOW), translation.override("en"):
        content = reports.report_content(found)
    assert [entry["value"] for entry in content["indicators"]] == [
        presentation.figure(s.value) for s in found.indicators
    ]
    assert [series["values"] for series in content["curve"]["series"]] == [
        series["values"] for series in curve["series"]
    ]
    assert content["rt"]["mean"] == rt["mean"]
    for shown in found.indicators:
        if shown.value is not None:
            assert f">{shown.value}<" in text


def of_the_api(world, query, who="zhejiang", at=NOW, language="en"):
    headers = {"Authorization": f"Bearer {issue(world.users[who], 'platform')}", "Accept-Language": language}
    with clock.at(at):
        return Client().get(f"/api/v1/situation?{query}", headers=headers)


def of_the_csv(world, what, query, *columns):
    """Columns of a table of the page as a machine would have them: numbers, days, and None for nothing."""
    rows = table(world, what, query)
    return [[json.loads(row[name]) if re.fullmatch(r"-?[\d.]+", row[name]) else row[name] or None for row in rows] for name in columns]  # fmt: skip


@pytest.mark.parametrize("by", ["onset", "report"])
@pytest.mark.parametrize("evening", [CUT, None])
def test_the_api_gives_the_figures_of_the_page(outbreak, by, evening):
    about = f"area=330000&disease=covid19&by={by}"
    query = about + (f"&as_of={evening}" if evening else "")
    looks = Event.objects.exclude(kind__startswith="account.").count
    before = looks()
    answer = of_the_api(outbreak, about + (f"&known_on={evening}" if evening else ""))
    assert answer.status_code == 200, answer.content
    told, shown = answer.json(), page(outbreak, query)
    assert looks() == before  # counts, nobody is seen: neither look is on record
    found = shown.context["found"]
    assert (told["area_code"], told["area"], told["disease"], told["edition"]) == (
        "330000", "Zhejiang", "covid19", found.edition,
    )  # fmt: skip
    assert (told["known_on"], told["day_is_over"]) == (found.day.isoformat(), evening is not None)
    codes, values, evening_before = of_the_csv(outbreak, "indicators", query, "indicator", "value", "evening_before")
    assert [[each[key] for each in told["indicators"]] for key in ("code", "value", "evening_before")] == [
        codes, values, evening_before,
    ]  # fmt: skip
    for shown_here in told["indicators"]:
        assert html.escape(shown_here["label"]) in shown.content.decode()
        assert html.escape(shown_here["definition"]) in shown.content.decode()
    curve, classes = told["curve"], [each["code"] for each in told["curve"]["classes"]]
    columns = ("expected_mean", "expected_low_2.5", "expected_high_97.5")
    days, *counted = of_the_csv(outbreak, "curve", query, "day", *classes, *columns)
    expected = (
        [curve["expected"][name] for name in ("mean", "low", "high")] if curve["expected"] else [[None] * len(days)] * 3
    )
    assert [curve["days"], *(each["cases"] for each in curve["classes"]), *expected] == [days, *counted]
    assert classes == list(found.series)
    assert curve["waiting_from"] == (found.waiting_from.isoformat() if found.waiting_from else None)
    assert (curve["by"], curve["notes"]) == (by, shown.context["curve_notes"])
    heads = ("window_end", "rt_mean", "rt_low_2.5", "rt_high_97.5")
    assert [told["rt"][name] for name in ("days", "mean", "low", "high")] == of_the_csv(outbreak, "rt", query, *heads)
    assert told["rt"]["note"] == shown.context["rt_note"]
    assert [[each[name] for each in told["delays"]["distribution"]] for name in ("days", "cases")] == of_the_csv(
        outbreak, "delays", query, "days_onset_to_report", "cases"
    )
    assert [told["delays"][name] for name in ("cases", "low", "median", "high")] == [
        found.delays.cases, found.delays.low, found.delays.median, found.delays.high,
    ]  # fmt: skip
    names = ("confirmed", "confirmed_7_days", "suspected", "deaths")
    assert [[place[name] for name in names] for place in told["areas"]] == [list(each.figures) for each in found.places]


def test_the_api_has_a_nowcast_where_the_page_has_one_and_says_why_where_not(outbreak):
    told = of_the_api(outbreak, f"area=330000&disease=covid19&known_on={CUT}").json()["curve"]
    assert any(each is not None for each in told["expected"]["mean"])
    early = of_the_api(outbreak, "area=330000&disease=covid19&known_on=2020-01-30").json()
    assert early["curve"]["expected"] is None
    assert any("not corrected" in note for note in early["curve"]["notes"])
    assert early["rt"]["days"] == []
    assert early["rt"]["note"]


def test_the_api_answers_within_the_caller_s_posts_and_never_for_a_day_to_come(outbreak):
    assert of_the_api(outbreak, "", "lucheng").json()["area_code"] == "330302"
    for who, query, status in (
        ("lucheng", "area=330300", 404),
        ("lucheng", "area=nowhere", 404),
        ("doctor", "", 403),
        ("auditor", f"known_on={clock.local_day(NOW) + timedelta(days=1)}", 422),
        ("auditor", "known_on=yesterday", 422),
        ("auditor", "disease=nothing", 422),
        ("auditor", "by=death", 422),
    ):
        assert of_the_api(outbreak, query, who).status_code == status, (who, query)
    assert Client().get("/api/v1/situation").status_code == 401
    labels = [each["label"] for each in of_the_api(outbreak, "", language="zh-hans").json()["indicators"]]
    assert labels[0] == "累计确诊"


def test_the_areas_below_and_the_rest_add_up_to_the_whole(outbreak):
    for code, evening in (("330000", CUT), ("330300", CUT), ("330302", CUT), ("330302", date(2020, 1, 29))):
        with clock.at(NOW):
            found = selectors.picture(outbreak.actor("zhejiang"), outbreak.area(code), "covid19", day=evening)
        whole = {shown.indicator.code: shown.value for shown in found.indicators}
        sums = [sum(part) for part in zip(*(place.figures for place in found.places), strict=True)]
        assert sums == [whole[name] for name in ("confirmed_total", "confirmed_week", "suspected_current", "deaths")]
        for place in found.places:
            if place.area:
                with clock.at(NOW):
                    inner = selectors.picture(outbreak.actor("zhejiang"), place.area, "covid19", day=evening)
                assert place.figures == tuple(
                    shown.value
                    for name in ("confirmed_total", "confirmed_week", "suspected_current", "deaths")
                    for shown in inner.indicators
                    if shown.indicator.code == name
                )
    assert found.places[-1].area is None  # cases of the county that name no township


def test_a_person_walks_from_province_to_case_with_day_and_disease_kept(outbreak):
    kept = f"disease=covid19&by=report&as_of={CUT}"
    for above, below in (("330000", "330300"), ("330300", "330302"), ("330302", "330302001")):
        text = html.unescape(page(outbreak, f"area={above}&{kept}").content.decode())
        assert f"/situation/?area={below}&{kept}" in text
        assert f"/cases/?area={below}&{kept}" in text
    text = html.unescape(page(outbreak, f"area=330302001&{kept}").content.decode())
    link = re.search(r'href="(/cases/\?[^"]*)"', text).group(1)
    assert f"as_of={CUT}" in link
    cases = page(outbreak, link.partition("?")[2], path="/cases/")
    shown = cases.context["cases"]
    assert len(shown) == len(in_force(outbreak.area("330302001").path, CUT))


def test_what_an_evening_knew_does_not_change_when_more_is_learnt(outbreak):
    query = f"area=330000&disease=covid19&as_of={CUT}"
    before = {what: table(outbreak, what, query) for what in ("curve", "rt", "indicators", "areas", "delays")}
    with clock.at(NOW):
        for version in CaseVersion.objects.filter(superseded_at=None, counted=True)[:9]:
            services.mark_duplicate(version.case_id, outbreak.actor("zhejiang"))
        notify(outbreak, Evidence(declared="confirmed", onset_on=date(2020, 2, 1), reported_on=date(2020, 2, 5)))
        tally.tally_all()
    assert {what: table(outbreak, what, query) for what in before} == before


def test_an_area_outside_the_posts_of_a_user_is_not_there(outbreak):
    for path in ("/situation/", "/situation/curve.csv", "/situation/report.pdf"):
        for code in ("330303", "330300", "999999"):
            assert page(outbreak, f"area={code}", who="lucheng", path=path).status_code == 404
    assert page(outbreak, "", who="lucheng").context["found"].area.code == "330302"
    assert page(outbreak, "", who="doctor").status_code == 403
    with pytest.raises(Refused):
        selectors.picture(outbreak.actor("xihu"), outbreak.area("330302"), "covid19")


def test_those_who_may_only_count_are_offered_no_case_list(outbreak):
    assert "/cases/?" not in page(outbreak, who="signatory").content.decode()
    assert "/cases/?" in page(outbreak, who="officer").content.decode()


@pytest.mark.parametrize(
    ("asked", "words"), [("2020-03-01", "still to come"), ("2020-02-31", "not a day"), ("=1+1", "not a day")]
)
@pytest.mark.parametrize("path", ["/situation/", "/situation/curve.csv", "/situation/report.pdf"])
def test_a_day_that_cannot_be_is_refused_in_words(world, asked, words, path):
    answer = page(world, f"as_of={asked}", path=path)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_today_is_now_and_an_evening_before_the_first_report_is_empty_in_words(outbreak):
    today = clock.local_day(NOW)
    assert page(outbreak, f"as_of={today}").context["as_of"] is None
    early = page(outbreak, "as_of=2020-01-20")
    assert early.context["found"].reports == 0
    assert "nothing was known of COVID-19 in Zhejiang" in early.content.decode()
    assert "data-island" not in early.content.decode()
    assert "尚未收到任何新型冠状病毒肺炎报告" in page(outbreak, "as_of=2020-01-20", language="zh-hans").content.decode()


def test_a_first_case_shows_itself_and_claims_nothing_more(world):
    with clock.at(START):
        notify(world, Evidence(declared="confirmed", onset_on=date(2020, 1, 20)))
    for language in ("en", "zh-hans"):
        answer = page(world, "area=330302", at=START + timedelta(hours=3), language=language)
        assert answer.status_code == 200
        found = answer.context["found"]
        assert (found.rt, found.rt_missing) == (None, selectors.TOO_FEW)
        assert found.delays.few
        assert "{" not in answer.context["rt_note"]
    assert found.indicators[0].value == 1


@pytest.mark.parametrize("disease", ["measles", "cholera", "ebola"])
def test_another_disease_shows_its_own_classes_and_nothing_of_the_first(world, disease):
    with clock.at(START):
        for _ in range(14):
            notify(world, Evidence(declared="confirmed", onset_on=date(2020, 1, 20)), disease=disease)
        notify(world, Evidence(declared="confirmed", onset_on=date(2020, 1, 20)))
    text = page(world, f"area=330000&disease={disease}&as_of=2020-02-12").content.decode()
    main = text[text.index("<main") : text.index("</main>")]
    visible = re.sub(r"<[^>]+>|\s+", " ", re.sub(r"<(script|select).*?</\1>", "", main, flags=re.S))
    assert "COVID" not in visible
    assert "asymptomatic" not in visible.replace("such as asymptomatic infections", "")
    found = page(world, f"area=330000&disease={disease}&as_of=2020-02-12").context["found"]
    assert set(found.series) <= {code for edition in definitions.editions(disease) for code in edition.classes}
    if definitions.disease(disease).serial_interval is None:
        assert (found.rt, found.rt_missing) == (None, selectors.NO_INTERVAL)
        assert "no serial interval" in visible
    else:
        assert found.rt is not None


def test_the_disease_shown_first_is_the_one_with_the_most_cases(world):
    with clock.at(START):
        for _ in range(3):
            notify(world, Evidence(declared="suspected", onset_on=date(2020, 1, 20)), disease="measles")
        notify(world, Evidence(declared="suspected", onset_on=date(2020, 1, 20)))
    assert page(world).context["found"].disease == "measles"
    tally.tally_all()
    for code in ("330000", "330302001"):
        assert page(world, f"area={code}").context["found"].disease == "measles"


def test_recent_days_wait_for_reports_as_long_as_reports_take(outbreak):
    with clock.at(NOW):
        found = selectors.picture(outbreak.actor("zhejiang"), outbreak.area("330000"), "covid19", day=CUT)
        by_report = selectors.picture(
            outbreak.actor("zhejiang"), outbreak.area("330000"), "covid19", day=CUT, by="report"
        )
        running = selectors.picture(outbreak.actor("zhejiang"), outbreak.area("330000"), "covid19", by="report")
    assert found.waiting_from == CUT - timedelta(days=found.delays.high - 1)
    assert by_report.waiting_from is None  # an evening's reports are all in
    assert running.waiting_from == running.day  # today's are not
    late = [d for d, n in found.delays.distribution.items() for _ in range(n) if d >= found.delays.high]
    assert len(late) >= found.delays.cases / 10


def test_an_outbreak_long_over_is_drawn_to_its_end_and_not_to_today(world):
    with clock.at(START + timedelta(days=700)):
        for back in range(30):
            seen = date(2020, 1, 25) + timedelta(days=back)
            notify(world, Evidence(declared="confirmed", onset_on=seen, reported_on=seen + timedelta(days=2)))
        found = selectors.picture(world.actor("zhejiang"), world.area("330000"), "covid19")
        notes = " ".join(presentation.curve_notes(found))
    assert found.days[0] == date(2020, 1, 25)
    assert found.days[-1] == date(2020, 2, 23) + timedelta(days=selectors.QUIET_SHOWN)
    assert found.waiting_from is None
    assert sum(found.series["confirmed"]) == 30
    assert found.days[-1].isoformat() in notes
    assert found.rt.days[-1] <= found.days[-1] + timedelta(days=2)


def test_a_mistyped_year_does_not_stretch_the_curve_and_is_still_counted(outbreak):
    with clock.at(NOW):
        notify(outbreak, Evidence(declared="confirmed", onset_on=date(1990, 2, 1)))
        found = selectors.picture(outbreak.actor("zhejiang"), outbreak.area("330000"), "covid19")
    assert len(found.days) == selectors.LONGEST_CURVE
    assert found.earlier == 1
    assert found.reports == len(in_force("CN/330000/", clock.local_day(NOW)))


def test_delays_of_few_cases_are_given_as_shortest_and_longest():
    def of(**cases):
        cells = {("delay", None, "confirmed", int(day[1:])): n for day, n in cases.items()}
        return delays(Counts(cells), ["confirmed"])

    assert (of(d2=1).low, of(d2=1).median, of(d2=1).high) == (2, 2, 2)
    assert (of(d1=3, d9=1).low, of(d1=3, d9=1).high, of(d1=3, d9=1).few) == (1, 9, True)
    many = of(d0=1, d3=8, d20=1)
    assert (many.low, many.median, many.high, many.few) == (0, 3, 3, False)
    assert of().median is None


def test_a_class_counts_as_its_latest_edition_up_to_the_day_says():
    found = selectors.classes_of("covid19", date(2020, 1, 25))
    assert found == Classes(confirmed=("confirmed",), others=(), suspected=("suspected",))
    later = selectors.classes_of("covid19", date(2020, 2, 10))
    assert set(later.confirmed) == {"confirmed", "clinically_diagnosed"}
    assert set(later.others) == {"mild", "asymptomatic"}


def test_a_cell_that_a_spreadsheet_would_run_is_defused(outbreak):
    Area.objects.filter(code="330300").update(name="=HYPERLINK(1)", name_en="=HYPERLINK(1)")
    assert "'=HYPERLINK(1)" in [row["name"] for row in table(outbreak, "areas", "area=330000")]


def test_the_map_has_the_outlines_of_the_areas_below_and_is_left_out_where_there_are_none(outbreak):
    ring = [[[120, 27], [121, 27], [121, 28], [120, 27]]]
    for code in ("330100", "330300"):
        AreaShape.objects.create(area=outbreak.area(code), geometry={"type": "Polygon", "coordinates": ring})
    assert 'data-island="map"' in page(outbreak, "area=330000").content.decode()
    assert 'data-island="map"' not in page(outbreak, "area=330302").content.decode()
    shapes = page(outbreak, "day=2020-02-10", path="/situation/shapes/330000.json")
    assert {feature["properties"]["name"] for feature in shapes.json()["features"]} == {"Hangzhou", "Wenzhou"}
    chinese = page(outbreak, "day=2020-02-10", path="/situation/shapes/330000.json", language="zh-hans")
    assert shapes["ETag"] != chinese["ETag"]
    assert page(outbreak, "day=soon", path="/situation/shapes/330000.json").status_code == 422


def test_an_area_that_no_longer_stands_is_named_while_it_has_cases(outbreak):
    Area.objects.filter(code="330303").update(valid_until=date(2020, 2, 5))
    gone = Area.objects.create(
        code="330399", name="旧区", level="county", parent=outbreak.area("330300"), path="CN/330000/330300/330399/",
        valid_from=date(2000, 1, 1), valid_until=date(2019, 1, 1),
    )  # fmt: skip
    with clock.at(NOW):
        found = selectors.picture(outbreak.actor("zhejiang"), outbreak.area("330300"), "covid19", day=CUT)
    codes = [place.area.code for place in found.places if place.area]
    assert "330303" in codes
    assert gone.code not in codes


def test_a_user_with_posts_in_two_places_is_shown_the_way_to_both(outbreak):
    Post.objects.create(user=outbreak.users["lucheng"], role="epidemiologist", area=outbreak.area("330106"))
    text = page(outbreak, who="lucheng").content.decode()
    assert "area=330106" in text
    assert "area=330302" in text


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("query", [f"as_of={CUT}", "area=330302001", "disease=cholera", "area=330302&by=report"])
def test_the_report_is_a_pdf_with_its_own_type_in_either_language(outbreak, language, query):
    answer = page(outbreak, query, path="/situation/report.pdf", language=language)
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert b"NotoSansSC" in answer.content


def test_every_indicator_has_a_name_and_a_definition_in_both_languages():
    for entry in INDICATORS:
        for words in (entry.label, entry.definition):
            with translation.override("zh-hans"):
                chinese = translation.gettext(words)
            assert re.search(r"[\u4e00-\u9fff]", chinese), words
