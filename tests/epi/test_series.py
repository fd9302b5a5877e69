"""Line list to counts, weeks, gaps, smoothing and growth."""

import datetime

import numpy as np
import pytest

from lianfang.epi import series
from lianfang.epi._checks import EpiInputError
from tests.epi.outbreaks import DATA, lines

pytestmark = pytest.mark.pure

DAYS = np.arange("2020-01-20", "2020-03-02", dtype="datetime64[D]")


def test_every_day_between_the_first_and_the_last_is_there():
    found = series.daily_counts([datetime.date(2020, 1, 20), "2020-01-23", None, "2020-01-20"])
    assert found.days.astype(str).tolist() == ["2020-01-20", "2020-01-21", "2020-01-22", "2020-01-23"]
    assert found.counts.tolist() == [2, 0, 0, 1]
    assert (found.undated, found.outside, found.not_yet_known, found.groups) == (1, 0, 0, None)


def test_groups_asked_for_have_a_row_even_when_empty():
    found = series.daily_counts(
        ["2020-01-20", "2020-01-21", "2020-01-21"],
        group=["330302", "330304", "110000"],
        groups=["330304", "330302", "330324"],
    )
    assert found.groups == ("330304", "330302", "330324")
    assert found.counts.tolist() == [[0, 1], [1, 0], [0, 0]]
    assert found.outside == 1


def test_groups_found_are_sorted():
    found = series.daily_counts(["2020-01-20", "2020-01-20"], group=["b", "a"])
    assert found.groups == ("a", "b")


def test_as_of_a_day_only_what_was_recorded_by_then_counts():
    onset = ["2020-01-20", "2020-01-21", "2020-01-22", "2020-01-23"]
    recorded = ["2020-01-22", "2020-01-25", "2020-01-22", None]
    then = series.daily_counts(onset, recorded=recorded, as_of="2020-01-23")
    assert then.days[-1] == np.datetime64("2020-01-23")
    assert then.counts.tolist() == [1, 0, 1, 0]
    assert then.not_yet_known == 2
    later = series.daily_counts(onset, recorded=recorded, as_of="2020-01-25", last="2020-01-23")
    assert later.counts.tolist() == [1, 1, 1, 0]


def test_the_data_cut_ends_the_series_and_hides_what_came_after():
    found = series.daily_counts(["2020-01-20", "2020-01-25"], as_of="2020-01-22")
    assert found.counts.tolist() == [1, 0, 0]
    assert found.not_yet_known == 1


def test_records_outside_the_days_asked_for_are_said():
    found = series.daily_counts(["2020-01-18", "2020-01-20", "2020-02-01"], first="2020-01-19", last="2020-01-21")
    assert found.counts.tolist() == [0, 1, 0]
    assert found.outside == 2


def test_a_record_may_stand_for_several_cases():
    assert series.daily_counts(["2020-01-20", "2020-01-20"], number=[3, 4]).counts.tolist() == [7]


def test_no_record_at_all_with_a_first_day_is_a_series_of_zeros():
    found = series.daily_counts([], first="2020-01-20", last="2020-01-22")
    assert found.counts.tolist() == [0, 0, 0]


def test_counts_of_the_ebola_line_list_add_up_and_agree_with_one_by_one_counting():
    cases = lines(DATA / "outbreaks" / "ebola_sim_clean_linelist.csv")
    found = series.daily_counts([c["date_of_onset"] or None for c in cases], group=[c["gender"] for c in cases])
    assert found.counts.sum() + found.undated == len(cases)
    day = "2014-09-15"
    by_hand = [sum(c["date_of_onset"] == day and c["gender"] == g for c in cases) for g in found.groups]
    assert found.counts[:, found.days == np.datetime64(day)].ravel().tolist() == by_hand


def test_weeks_add_up_to_the_days_they_cover():
    counts = np.arange(len(DAYS), dtype=float)
    for week in ("iso", "epi"):
        whole = series.weekly_counts(counts, DAYS, week=week, partial=True)
        assert whole.counts.sum() == counts.sum()
        assert whole.days.sum() == len(DAYS)
        assert (series.weekly_counts(counts, DAYS, week=week).days == 7).all()


def test_weeks_of_a_panel_are_those_of_its_series():
    panel = np.arange(3.0 * len(DAYS)).reshape(3, -1)
    together = series.weekly_counts(panel, DAYS)
    for row, alone in zip(together.counts, panel, strict=True):
        assert row.tolist() == series.weekly_counts(alone, DAYS).counts.tolist()


def test_iso_week_agrees_with_the_calendar_of_python_over_a_century():
    days = np.arange("1970-01-01", "2070-01-01", dtype="datetime64[D]")
    year, week = series.iso_week(days)
    calendar = [d.isocalendar()[:2] for d in days.astype(datetime.date)]
    assert list(zip(year.tolist(), week.tolist(), strict=True)) == calendar


def test_gaps_are_filled_and_named():
    given = np.array([[2, np.nan, np.nan, 8, np.nan], [1, 1, 1, 1, 1]])
    found = series.fill_missing(given)
    assert found.counts.tolist() == [[2, 4, 6, 8, 8], [1, 1, 1, 1, 1]]
    assert found.observed.tolist() == [[True, False, False, True, False], [True] * 5]
    assert series.fill_missing(given, method="zero").counts[0].tolist() == [2, 0, 0, 8, 0]


def test_a_report_after_a_gap_is_spread_over_it_and_the_total_kept():
    found = series.fill_missing([np.nan, 6, 3, np.nan, np.nan, 9, np.nan], method="spread")
    assert found.counts.tolist() == [3, 3, 3, 3, 3, 3, 0]
    assert found.counts.sum() == 18


def test_moving_average_over_missing_days_and_at_the_ends():
    found = series.moving_average([3, np.nan, 5, 7, 9], window=3)
    assert np.isnan(found[[0, -1]]).all()
    assert found[1:4].tolist() == [4, 6, 7]
    trailing = series.moving_average([3, 6, 9], window=2, align="trailing")
    assert np.isnan(trailing[0])
    assert trailing[1:].tolist() == [4.5, 7.5]


def test_the_local_trend_follows_a_line_and_passes_over_missing_days():
    line = 3 + 2 * np.arange(30.0)
    line[[4, 11]] = np.nan
    assert series.local_trend(line, bandwidth=8) == pytest.approx(3 + 2 * np.arange(30.0))


def test_the_local_trend_of_a_panel_is_that_of_its_series():
    panel = np.random.default_rng(1).poisson(9, (4, 40)).astype(float)
    panel[2, 7] = np.nan
    together = series.local_trend(panel)
    for row, alone in zip(together, panel, strict=True):
        assert row == pytest.approx(series.local_trend(alone), rel=1e-12)


def test_weekday_factors_are_found_under_growth():
    days = np.arange("2020-03-02", "2020-06-08", dtype="datetime64[D]")
    pattern = np.array([1.2, 1.1, 1.0, 1.0, 1.1, 0.9, 0.7])
    counts = 50 * np.exp(0.03 * np.arange(len(days))) * pattern[np.arange(len(days)) % 7]
    assert series.weekday_factors(counts, days) == pytest.approx(pattern / pattern.mean(), abs=0.03)


def test_growth_of_exact_exponential_curves():
    t = np.arange(20)
    found = series.growth_rate(np.stack([np.exp(0.2 * t), 900 * np.exp(-0.1 * t)]), window=10)
    assert found.rate[0] == pytest.approx(0.2)
    assert found.rate[1] == pytest.approx(-0.1)
    days, shortest, longest = found.doubling_days()
    assert days[0] == pytest.approx(np.log(2) / 0.2)
    assert days[1] == pytest.approx(-np.log(2) / 0.1)
    assert (np.abs(shortest) <= np.abs(days)).all()
    assert (np.abs(days) <= np.abs(longest)).all()


def test_doubling_may_never_come_when_the_interval_holds_no_growth():
    found = series.growth_rate([5, 4, 6, 5, 5, 4, 6, 5, 5, 6], window=10)
    _, shortest, longest = found.doubling_days()
    assert longest[0] == np.inf
    assert shortest[0] == pytest.approx(np.log(2) / found.upper[0])


def test_growth_of_one_series_is_the_same_in_a_panel():
    panel = np.random.default_rng(3).poisson(6, (5, 40))
    together = series.growth_rate(panel, window=14)
    for i, row in enumerate(panel):
        alone = series.growth_rate(row, window=14)
        for name in ("rate", "lower", "upper", "dispersion"):
            assert getattr(together, name)[i] == pytest.approx(getattr(alone, name), rel=1e-9, nan_ok=True)


def test_growth_passes_over_days_that_were_filled_in():
    counts = np.exp(0.1 * np.arange(14)) * 20
    wrong = counts.copy()
    wrong[[3, 8]] = 0
    observed = np.ones(14, dtype=bool)
    observed[[3, 8]] = False
    assert series.growth_rate(wrong, window=14, observed=observed).rate == pytest.approx([0.1])


@pytest.mark.parametrize("counts", [[0] * 14, [0] * 6 + [9] + [0] * 7, [5] + [0] * 13])
def test_no_growth_rate_where_cases_do_not_tell_one(counts):
    assert np.isnan(series.growth_rate(counts, window=14).rate).all()


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: series.daily_counts(["2020-13-01"]), "dates"),
        (lambda: series.daily_counts([20200101]), "dates"),
        (lambda: series.daily_counts([None]), "dates"),
        (lambda: series.daily_counts(["2020-01-01"], recorded=["2020-01-01"]), "as_of"),
        (lambda: series.daily_counts(["2020-01-01"], recorded=[], as_of="2020-01-02"), "recorded"),
        (lambda: series.daily_counts(["2020-01-01"], group=["a", "b"]), "group"),
        (lambda: series.daily_counts(["2020-01-01", "2020-01-01"], group=["a", None]), "group"),
        (lambda: series.daily_counts(["2020-01-01"], groups=["a"]), "groups"),
        (lambda: series.daily_counts(["2020-01-01"], group=["a"], groups=["a", "a"]), "groups"),
        (lambda: series.daily_counts(["2020-01-01"], first="2020-01-03", last="2020-01-02"), "last"),
        (lambda: series.daily_counts(["2020-01-01"], number=[-1]), "number"),
        (lambda: series.daily_counts(["0001-01-01", "2020-01-01"]), "dates"),
        (lambda: series.weekly_counts([1, 2], ["2020-01-02", "2020-01-01"]), "days"),
        (lambda: series.weekly_counts([1, 2], ["2020-01-01", "2020-01-03"]), "days"),
        (lambda: series.weekly_counts([1], ["2020-01-01"], week="lunar"), "week"),
        (lambda: series.fill_missing([np.nan, np.nan]), "counts"),
        (lambda: series.fill_missing([1, np.nan], method="guess"), "method"),
        (lambda: series.moving_average([1, 2, 3], window=2), "window"),
        (lambda: series.moving_average([1, 2, 3], window=5), "window"),
        (lambda: series.growth_rate([1, -2, 3]), "counts"),
        (lambda: series.growth_rate([1, np.nan, 3], window=3), "counts"),
        (lambda: series.growth_rate([1, 2, 3], window=4), "window"),
        (lambda: series.growth_rate([1, 2, 3], windows=([0], [5])), "windows"),
        (lambda: series.growth_rate([1, 2, 3], windows=3), "windows"),
        (lambda: series.growth_rate([1, 2, 3], window=3, level=95), "level"),
        (lambda: series.growth_rate([1, 2, 3], window=3, observed=[1, 1, 1]), "observed"),
        (lambda: series.weekday_factors([1.0] * 20, DAYS[:20]), "counts"),
    ],
)
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(EpiInputError) as refused:
        call()
    assert refused.value.argument == argument
    assert str(refused.value).startswith(f"{argument}: ")
