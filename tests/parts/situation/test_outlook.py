"""What the situation page expects and warns of: each figure is what the library gives for counts put together by hand."""

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from lianfang.definitions import selectors as definitions
from lianfang.epi import nowcast, series, signals
from lianfang.kernel import clock
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.registry.models import Area
from lianfang.registry.services import PersonDetails
from lianfang.situation import (
    alerts,
    alerts_words,
    by_area,
    by_area_words,
    jobs,
    outlook,
    presentation,
    reports,
    selectors,
)
from lianfang.surveillance import services, tally
from lianfang.surveillance.evidence import Evidence
from lianfang.surveillance.models import CaseVersion
from lianfang.surveillance.selectors import arrivals, arrivals_of, counts_of
from lianfang.workorders.about import about, note_of
from lianfang.workorders.models import WorkOrder
from lianfang.workorders.selectors import may_do

START = datetime(2020, 1, 23, 1, 0, tzinfo=UTC)
NOW = START + timedelta(days=27)
CUT = date(2020, 2, 16)
HOMES = ("330302001", "330302", "330303", "330106")
DRAWN = ("confirmed", "asymptomatic", "clinically_diagnosed", "suspected")


def notify(world, area, declared, onset_on=None):
    place = world.area(area)
    case = services.Notification(
        disease="covid19",
        area=place,
        evidence=Evidence(declared=declared, onset_on=onset_on),
        person=PersonDetails(name="王秀英", area=place),
    )
    return services.notify(case, world.actor("zhejiang"))


@pytest.fixture
def wave(world):
    """Some 60 cases over 26 days, reported up to six days after onset; some confirmed later, some found twice; half tallied."""
    me = world.actor("zhejiang")
    n = 0
    for step in range(26):
        for k in range((1, 2, 2, 3, 3)[step % 5]):
            with clock.at(START + timedelta(days=step, minutes=k)):
                today = clock.today()
                onset = today - timedelta(days=(0, 1, 2, 2, 3, 6)[n % 6])
                case = notify(world, HOMES[n % 4], "suspected" if n % 3 == 0 else "confirmed", onset)
            with clock.at(START + timedelta(days=step, hours=30)):
                if n % 6 == 0:
                    positive = {"test": "pcr", "result": "positive", "resulted_on": clock.today().isoformat()}
                    services.observe(case.pk, "lab_result", {"labs": [positive]}, me)
                if n % 11 == 5:
                    services.mark_duplicate(case.pk, me)
            n += 1
        if step == 13:
            tally.tally_all()
    return world


def get(world, path, who="zhejiang", at=NOW, language="en", **data):
    client = Client(headers={"accept-language": language})
    client.force_login(world.users[who])
    with clock.at(at):
        return client.get(path, data)


def rows_of(answer):
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def known_by_hand(path, evening):
    """{(onset, evening it became known): cases}, of cases that count at the end of a day, from their versions one by one."""
    histories: dict = {}
    for version in CaseVersion.objects.order_by("recorded_at", "id"):
        known_on = clock.local_day(version.recorded_at)
        if known_on <= evening:
            histories.setdefault(version.case_id, []).append((known_on, version))
    found: Counter = Counter()
    for history in histories.values():
        last = history[-1][1]
        counts = lambda v: v.counted and v.classification in DRAWN and v.path.startswith(path)  # noqa: E731
        if not counts(last) or last.onset_on is None:
            continue
        since = history[-1][0]
        for known_on, version in reversed(history):
            if not counts(version) or version.onset_on != last.onset_on:
                break
            since = known_on
        found[last.onset_on, since] += 1
    return found


@pytest.mark.parametrize("code", ["330000", "330302", "330302001"])
@pytest.mark.parametrize("evening", [CUT, date(2020, 2, 5)])
def test_the_reporting_triangle_holds_each_case_on_the_evening_it_became_known(wave, code, evening):
    area = wave.area(code)
    span = (evening - timedelta(days=outlook.TRIANGLE_DAYS - 1), evening)
    came = arrivals(wave.actor("zhejiang"), area, "covid19", "onset", DRAWN, span)
    triangle = outlook.triangle_of(came, evening)
    by_hand = np.zeros(triangle.shape)
    for (day, known_on), cases in known_by_hand(area.path, evening).items():
        by_hand[outlook.TRIANGLE_DAYS - 1 - (evening - day).days, max((known_on - day).days, 0)] += cases
    assert np.nan_to_num(triangle).tolist() == by_hand.tolist()
    assert by_hand.sum() > 0


def test_the_nowcast_of_the_page_is_that_of_the_library(wave):
    area, actor = wave.area("330000"), wave.actor("zhejiang")
    with clock.at(NOW):
        found = selectors.picture(actor, area, "covid19", day=CUT)
    triangle = np.full((outlook.TRIANGLE_DAYS, outlook.LONGEST_WAIT + 1), np.nan)
    for row in range(outlook.TRIANGLE_DAYS):
        triangle[row, : outlook.TRIANGLE_DAYS - row] = 0
    for (day, known_on), cases in known_by_hand(area.path, CUT).items():
        triangle[outlook.TRIANGLE_DAYS - 1 - (CUT - day).days, max((known_on - day).days, 0)] += cases
    by_hand = nowcast.nowcast(triangle, quantiles=(0.025, 0.975))
    back = [outlook.TRIANGLE_DAYS - 1 - (CUT - day).days for day in found.expected.days]
    assert back
    assert found.expected.days[-1] == CUT
    assert found.expected.mean == pytest.approx([round(float(by_hand.mean[n]), 2) for n in back])
    assert found.expected.low == [float(by_hand.quantiles[n, 0]) for n in back]
    assert found.expected.high == [float(by_hand.quantiles[n, 1]) for n in back]
    drawn = presentation.curve(found)
    at = {day: n for n, day in enumerate(found.days)}
    assert [drawn["expected"]["high"][at[day]] for day in found.expected.days] == found.expected.high
    rows = rows_of(get(wave, "/situation/curve.csv", area="330000", disease="covid19", as_of=CUT.isoformat()))
    assert {row["day"] for row in rows if row["expected_mean"]} == {day.isoformat() for day in found.expected.days}
    text = get(wave, "/situation/", area="330000", disease="covid19", as_of=CUT.isoformat()).content.decode()
    assert f"the last {found.expected.cases} cases became known" in text


def test_a_nowcast_is_refused_in_words_where_nothing_can_be_learnt_of_delays(wave):
    with clock.at(NOW):
        few = selectors.picture(wave.actor("zhejiang"), wave.area("330106"), "covid19", day=date(2020, 1, 31))
    assert few.expected.why == outlook.TOO_FEW
    assert "are not corrected" in presentation.nowcast_words(few)
    assert presentation.curve(few)["expected"] is None
    day = date(2020, 2, 1)
    at_once = {(day - timedelta(days=n), day): 3 for n in range(20)}
    assert outlook.nowcast_of(at_once, day).why == outlook.TOO_SOON
    later = {**at_once, (day, day - timedelta(days=20)): 1}
    assert outlook.nowcast_of(later, day).why == outlook.TAKEN_OVER
    trickling = {(day - timedelta(days=n), day - timedelta(days=max(n - n % 5, 0))): 3 for n in range(30)}
    assert isinstance(outlook.nowcast_of(trickling, day), outlook.Expected)


def test_how_cases_became_known_is_told_of_ones_own_areas_only(wave):
    with pytest.raises(Refused):
        arrivals(wave.actor("lucheng"), wave.area("330000"), "covid19", "onset", DRAWN, (CUT, CUT))


@pytest.mark.parametrize("evening", [CUT, date(2020, 2, 9)])
def test_the_rt_of_an_area_is_its_row_in_the_table_of_the_area_above(wave, evening):
    actor = wave.actor("zhejiang")
    with clock.at(NOW):
        below = by_area.paces(actor, wave.area("330300"), "covid19", day=evening)
        counties = by_area.paces(actor, wave.area("330000"), "covid19", day=evening, unit="county")
        alone = {
            code: selectors.picture(actor, wave.area(code), "covid19", day=evening)
            for code in ("330300", "330302", "330303", "330106")
        }
    rows = {pace.area.code: pace for pace in (below.own, *below.inside, *counties.inside)}
    assert rows.keys() == alone.keys()
    for code, found in alone.items():
        latest = found.rt and (found.rt.mean[-1], found.rt.low[-1], found.rt.high[-1])
        assert rows[code].rt == latest, code
        assert rows[code].cases == next(s.value for s in found.indicators if s.indicator.code == "confirmed_total")
    assert any(rows[code].rt for code in alone)
    assert {pace.area.code: pace for pace in below.inside} == {
        pace.area.code: pace for pace in counties.inside if pace.area.path.startswith(wave.area("330300").path)
    }


def test_growth_and_the_cases_of_a_week_are_those_of_the_reports_by_hand(wave):
    area = wave.area("330302")
    with clock.at(NOW):
        found = by_area.paces(wave.actor("zhejiang"), area, "covid19", day=CUT).own
    latest: dict = {}
    for version in CaseVersion.objects.order_by("recorded_at", "id"):
        if clock.local_day(version.recorded_at) <= CUT:
            latest[version.case_id] = version
    reported = Counter(
        v.reported_on
        for v in latest.values()
        if v.counted and v.classification == "confirmed" and v.path.startswith(area.path)
    )
    counts = [reported[CUT - timedelta(days=back)] for back in reversed(range(14))]
    by_hand = series.growth_rate(np.array(counts, dtype=float), window=14)
    assert (found.week, found.week_before) == (sum(counts[7:]), sum(counts[:7]))
    assert found.growth == pytest.approx((by_hand.rate[0], by_hand.lower[0], by_hand.upper[0]))
    assert found.doubling == pytest.approx([float(each[0]) for each in by_hand.doubling_days()])


def test_the_last_week_of_every_area_is_the_nowcast_of_that_area_alone(wave):
    actor = wave.actor("zhejiang")
    with clock.at(NOW):
        found = by_area.paces(actor, wave.area("330000"), "covid19", day=CUT, unit="county")
    span = (CUT - timedelta(days=outlook.TRIANGLE_DAYS - 1), CUT)
    corrected = 0
    for code, week in found.weeks.items():
        came = arrivals(actor, wave.area(code), "covid19", "onset", DRAWN, span)
        triangle = outlook.triangle_of(came, CUT)
        alone = outlook.nowcast_of(came, CUT)
        assert isinstance(week, outlook.NotExpected) == isinstance(alone, outlook.NotExpected)
        if isinstance(week, outlook.Week):
            corrected += 1
            by_hand = nowcast.nowcast(triangle, quantiles=(0.05, 0.95))
            assert week.known == np.nansum(triangle[-7:])
            assert week.mean == round(float(by_hand.mean[-7:].sum()), 1)
            assert [week.low, week.high] == by_hand.quantiles[-7:].sum(axis=0).tolist()
            assert week.known <= week.low <= week.mean <= week.high
    assert 0 < corrected < len(found.weeks), "some with a figure and one without"
    about_it = {"area": "330000", "disease": "covid19", "as_of": CUT.isoformat(), "unit": "county"}
    for row in rows_of(get(wave, "/situation/by-area.csv", **about_it)):
        week = found.weeks[row["code"]]
        assert row["onset_7_days_expected"] == (str(week.mean) if isinstance(week, outlook.Week) else "")
    text = get(wave, "/situation/by-area/", **about_it).content.decode()
    assert by_area_words.week_words(found.weeks["330000"]) in text
    chinese = get(wave, "/situation/by-area/", language="zh-hans", **about_it).content.decode()
    assert f"已知{found.weeks['330000'].known}" in chinese


def test_arrivals_of_many_areas_are_those_of_each(wave):
    actor, span = wave.actor("zhejiang"), (CUT - timedelta(days=30), CUT)
    areas = [wave.area(code) for code in ("330000", "330302", "330302001", "330106")]
    together = arrivals_of(actor, areas, "covid19", "onset", DRAWN, span)
    assert together == {area.code: arrivals(actor, area, "covid19", "onset", DRAWN, span) for area in areas}
    assert together["330302001"]
    with pytest.raises(Refused):
        arrivals_of(wave.actor("lucheng"), areas, "covid19", "onset", DRAWN, span)


def test_the_page_of_paces_and_its_csv_say_the_same(wave):
    about = {"area": "330300", "disease": "covid19", "as_of": CUT.isoformat()}
    with clock.at(NOW):
        found = by_area.paces(wave.actor("zhejiang"), wave.area("330300"), "covid19", day=CUT)
    rows = rows_of(get(wave, "/situation/by-area.csv", **about))
    assert [row["code"] for row in rows] == ["330300", *(pace.area.code for pace in found.inside)]
    assert [int(row["cases_7_days"]) for row in rows] == [pace.week for pace in (found.own, *found.inside)]
    text = get(wave, "/situation/by-area/", **about).content.decode()
    for pace in (found.own, *found.inside):
        assert by_area_words.rt_words(pace) in text
    assert found.own.rt is not None
    assert get(wave, "/situation/by-area/", who="xihu", **about).status_code == 404
    assert "Rt" in get(wave, "/situation/by-area/", language="zh-hans", **about).content.decode()


def test_an_area_gone_quiet_or_barely_begun_has_no_rt_and_says_why(wave):
    def pace(sums, cut):
        interval = definitions.disease("covid19").serial_interval
        return by_area.pace_of([wave.area("330302")], [sums], cut, interval)[0]

    assert pace({CUT: 30}, CUT).no_rt == by_area.SHORT
    assert pace({CUT - timedelta(days=20): 3}, CUT).no_rt == by_area.FEW
    assert pace({CUT: 30}, CUT + timedelta(days=90)).no_rt == by_area.QUIET
    assert pace({}, CUT).no_rt == by_area.FEW


# --- signals ------------------------------------------------------------------------------------------------------


def jump(world, day, area="330302", cases=6):
    """So many cases reported in an area on one day."""
    for n in range(cases):
        with clock.at(datetime(day.year, day.month, day.day, 2, n, tzinfo=UTC)):
            notify(world, area, "confirmed", day)


def test_a_signal_of_the_page_is_an_alarm_of_the_library_on_the_counts_of_that_evening(wave):
    day = CUT - timedelta(days=2)
    jump(wave, day)
    with clock.at(NOW):
        found = alerts.judged(wave.actor("zhejiang"), wave.area("330000"), "covid19", CUT)
        before = alerts.judged(wave.actor("zhejiang"), wave.area("330000"), "covid19", day - timedelta(days=1))
        daily = by_area.daily_reports(
            wave.actor("zhejiang"), [wave.area("330302")], "covid19", CUT, CUT, suspected=True
        )[0]
    counts = np.array([daily.get(CUT - timedelta(days=back), 0) for back in reversed(range(35))], dtype=float)
    by_hand = signals.ears(counts, method="C2", at=[32], min_sd=1)
    assert by_hand.alarm[0]
    [signal] = [one for one in found.found if one.area.code == "330302"]
    assert (signal.day, signal.observed) == (day, counts[32])
    assert signal.threshold == pytest.approx(by_hand.threshold[0], abs=0.005)
    assert "330302" not in {one.area.code for one in before.found}
    assert found.counties == 3


def test_the_job_raises_one_order_an_area_and_week_also_for_days_missed(wave):
    first, second = CUT - timedelta(days=6), CUT - timedelta(days=4)  # a Monday and the Wednesday after
    assert first.isocalendar()[:2] == second.isocalendar()[:2]
    jump(wave, first, cases=7)
    jump(wave, second, cases=14)
    with clock.at(datetime(2020, 2, 9, 3, tzinfo=UTC)):
        assert jobs.judge_signals() == 0
        assert jobs.judge_signals() == 0
    assert Event.objects.filter(kind="signals.judged").count() == 1
    with clock.at(NOW):  # nobody looked for a week
        jobs.judge_signals()
        jobs.judge_signals()
    days = [event.details["day"] for event in Event.objects.filter(kind="signals.judged").order_by("at", "id")]
    assert days == [(date(2020, 2, 8) + timedelta(days=n)).isoformat() for n in range(11)]
    orders = list(WorkOrder.objects.filter(kind="check_signal", path=wave.area("330302").path))
    assert [order.pk for order in orders] == [alerts.order_id(wave.area("330302"), "covid19", first)]
    told = sum(event.details["found"] for event in Event.objects.filter(kind="signals.judged"))
    assert told > WorkOrder.objects.filter(kind="check_signal").count()
    with translation.override("zh-hans"):
        assert f"{first}报告" in note_of(orders[0])
        assert "EARS C2" in note_of(orders[0])
    with clock.at(NOW):
        assert may_do(wave.actor("lucheng"), "order.do", orders[0])
        assert not may_do(wave.actor("xihu"), "order.do", orders[0])
        assert about(wave.actor("lucheng"), orders)[orders[0].pk].name == "鹿城区"
    page = get(
        wave, "/situation/signals/", area="330300", disease="covid19", as_of=(first + timedelta(days=1)).isoformat()
    )
    assert str(orders[0].pk) in page.content.decode()
    shown = get(wave, f"/orders/{orders[0].pk}/", who="lucheng").content.decode()
    assert f"cases reported on {first}, limit" in shown


def test_what_a_signal_says_is_read_in_the_language_of_the_reader(wave):
    """The order keeps values, not words; a note that was written in words once stays as it is."""
    jump(wave, CUT, cases=14)
    with clock.at(NOW):
        jobs.judge_day(CUT)
        [signal] = [
            one
            for one in alerts.judged(SYSTEM, wave.area("330300"), "covid19", CUT, back=1).found
            if one.area.code == "330302"
        ]
    order = WorkOrder.objects.get(kind="check_signal", path=wave.area("330302").path)
    assert order.note == ""
    read = {}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            read[language] = note_of(order)
            assert alerts_words.figures(signal) in read[language]
            assert alerts_words.method(0) in read[language]
            assert str(CUT) in read[language]
    assert "鹿城区" in read["zh-hans"]
    assert read["en"].isascii() or "Lucheng" in read["en"]
    order.told, order.note = None, "疫情信号：鹿城区"
    with translation.override("en"):
        assert note_of(order) == "疫情信号：鹿城区"


def test_the_page_and_csv_of_signals(wave):
    jump(wave, CUT)
    about_it = {"area": "330300", "disease": "covid19", "as_of": CUT.isoformat()}
    rows = rows_of(get(wave, "/situation/signals.csv", **about_it))
    assert "330302" in {row["code"] for row in rows}
    for path in ("/situation/signals/", "/situation/"):
        text = get(wave, path, **about_it).content.decode()
        assert "EARS C2" in text
        assert "Lucheng District" in text
    assert get(wave, "/situation/signals/", area="330302001").status_code == 422
    assert get(wave, "/situation/signals/", area="330302001", language="zh-hans").status_code == 422
    assert get(wave, "/situation/signals/", who="xihu", **about_it).status_code == 404


def test_townships_say_where_in_a_county_and_raise_nothing(wave):
    jump(wave, CUT, "330302001")
    about_it = {"area": "330302", "disease": "covid19", "as_of": CUT.isoformat(), "unit": "township"}
    [row] = rows_of(get(wave, "/situation/signals.csv", **about_it))
    with clock.at(NOW):
        actor, township = wave.actor("zhejiang"), wave.area("330302001")
        daily = by_area.daily_reports(actor, [township], "covid19", CUT, CUT, suspected=True)[0]
        orders = WorkOrder.objects.filter(kind="check_signal").count()
        jobs.judge_day(CUT)
        raised = WorkOrder.objects.filter(kind="check_signal")
        assert raised.count() == orders + 1, "that of the county"
        assert raised.latest("raised_at").path == wave.area("330302").path
    counts = np.array([daily.get(CUT - timedelta(days=back), 0) for back in reversed(range(35))], dtype=float)
    by_hand = signals.ears(counts, method="C2", at=[34], min_sd=1)
    assert (row["code"], row["observed"], row["method"]) == ("330302001", str(int(counts[-1])), "EARS C2")
    assert float(row["threshold"]) == pytest.approx(by_hand.threshold[0], abs=0.005)
    for language, words in (("en", "1 township judged."), ("zh-hans", "判断了1个乡镇（街道）。")):
        assert words in get(wave, "/situation/signals/", language=language, **about_it).content.decode()
    assert get(wave, "/situation/signals/", **{**about_it, "area": "330000"}).status_code == 422


def test_weeks_are_compared_with_earlier_years_where_there_are_years():
    rng, cut, weeks = np.random.default_rng(4), date(2020, 2, 16), 5 * 52 + 8
    panel = rng.poisson(0.5, (3, weeks * 7)).astype(float)
    panel[1, -7:] += 3
    areas = [Area(code=str(n)) for n in range(3)]
    found = alerts.farrington(areas, panel, cut, years=5)
    weekly = panel.reshape(3, weeks, 7).sum(axis=2)
    by_hand = signals.farrington_flexible(weekly, at=[weeks - 1], years=5)
    assert [one.area.code for one in found] == [areas[n].code for n in np.flatnonzero(by_hand.alarm[:, 0])]
    assert "1" in {one.area.code for one in found}
    assert alerts._years(cut - timedelta(weeks=weeks), cut) == 5
    assert alerts._years(cut - timedelta(weeks=3 * 52 + 4), cut) == 3
    assert alerts._years(cut - timedelta(weeks=3 * 52), cut) == 0
    assert alerts._years(None, cut) == 0


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_report_carries_nowcast_rt_by_area_and_signals(wave, language):
    jump(wave, CUT)
    actor, area = wave.actor("zhejiang"), wave.area("330300")
    with clock.at(NOW), translation.override(language):
        found = selectors.picture(actor, area, "covid19", day=CUT)
        content = reports.report_content(found)
        below = by_area.paces(actor, area, "covid19", day=CUT)
        stands_out = alerts.judged(actor, area, "covid19", CUT)
        assert [row[4] for row in content["paces"]["rows"]] == [by_area_words.rt_words(one) for one in below.inside]
        assert [row[3] for row in content["paces"]["rows"]] == [
            by_area_words.week_words(below.weeks[one.area.code]) for one in below.inside
        ]
        assert len(content["signals"]["rows"]) == len(stands_out.found) > 0
        assert content["expected"]["mean"] == [
            max(mean, sum(counts[found.days.index(day)] for counts in found.series.values()))
            for day, mean in zip(found.expected.days, found.expected.mean, strict=True)
        ]
        assert reports.situation_report(found).startswith(b"%PDF")


def test_the_report_lists_the_gravest_signals_and_counts_the_rest(wave, monkeypatch):
    for area, cases in (("330302", 6), ("330303", 12), ("330106", 9)):
        jump(wave, CUT, area, cases)
    actor, area = wave.actor("zhejiang"), wave.area("330000")
    with clock.at(NOW), translation.override("en"):
        found = selectors.picture(actor, area, "covid19", day=CUT)
        above = {
            one.area.name_en: one.observed - one.threshold for one in alerts.judged(actor, area, "covid19", CUT).found
        }
        assert len(above) == 3
        whole = reports.report_content(found)["signals"]
        assert [row[0] for row in whole["rows"]] == sorted(above, key=lambda name: -above[name])
        assert whole["rest"] == ""
        monkeypatch.setattr(reports, "MOST_SIGNALS", 2)
        cut = reports.report_content(found)["signals"]
        assert cut["rows"] == whole["rows"][:2]
        assert cut["rest"].startswith("1 more county")
        assert reports.situation_report(found).startswith(b"%PDF")


def test_more_areas_cost_no_more_queries_and_are_read_alike_when_asked_for_together(wave, monkeypatch):
    actor = wave.actor("zhejiang")
    with clock.at(NOW), translation.override("en"):

        def queries(code):
            with CaptureQueriesContext(connection) as made:
                by_area.paces(actor, wave.area(code), "covid19", day=CUT, unit="county")
                alerts.judged(actor, wave.area(code), "covid19", CUT)
            return len(made)

        assert queries("330000") == queries("330100") <= 20
        counties = [wave.area(code) for code in ("330302", "330303", "330106")]
        apart = {area.code: counts_of(actor, [area], "covid19", CUT).popitem()[1] for area in counties}
        monkeypatch.setattr("lianfang.surveillance.selectors.MANY_AREAS", 1)
        assert counts_of(actor, counties, "covid19", CUT) == apart
        since = CUT - timedelta(days=9)
        few = counts_of(actor, counties, "covid19", CUT, measure="reported", since=since)
        for code, counts in few.items():
            assert counts.cells == {
                cell: n for cell, n in apart[code].cells.items() if cell[0] == "reported" and cell[1] >= since
            }
