"""Reporting triangles, and counts corrected for reports still to come."""

import numpy as np
import pytest

from lianfang.epi import nowcast
from lianfang.epi._checks import EpiInputError
from tests.epi import triangles

pytestmark = pytest.mark.pure

WHOLE = triangles.simulated("steady", n_series=6, n_days=60)
PRIOR = {"prior_mean": 30, "prior_sd": 40}
DRAWN = ("bayes_trunc", "bayes_notrunc")


def settings(method):
    return {"largest": 500} if method == "uniform" else {}


def test_each_record_has_one_cell_or_is_counted_as_left_out():
    day = np.datetime64("2020-03-01")
    nat = np.datetime64("NaT")
    event = [day, day, day + 1, day + 2, day + 2, nat, day + 3, day - 5, day]
    report = [day, day + 9, day + 3, day + 2, day + 4, day, nat, day + 1, day - 1]
    found = nowcast.reporting_triangle(event, report, max_delay=2, as_of=day + 3, first=day)
    assert found.days.tolist() == (day + np.arange(4)).tolist()
    np.testing.assert_array_equal(found.counts, [[1, 0, 0], [0, 0, 1], [1, 0, np.nan], [0, np.nan, np.nan]])
    left_out = (found.undated, found.reversed, found.outside, found.not_yet_known)
    assert left_out == (2, 1, 1, 2)
    assert np.nansum(found.counts) + sum(left_out) == len(event)
    later = nowcast.reporting_triangle(event, report, max_delay=2, as_of=day + 30, first=day)
    assert (later.later, later.counts[0, 2]) == (1, 1)


def test_groups_have_planes_that_add_up_to_the_whole():
    rng = np.random.default_rng(1)
    event = np.datetime64("2020-03-01") + rng.integers(0, 30, 400)
    report = event + rng.integers(0, 9, 400)
    area = rng.choice(["a", "b", "c"], 400)
    whole = nowcast.reporting_triangle(event, report, max_delay=8)
    apart = nowcast.reporting_triangle(event, report, max_delay=8, group=area)
    np.testing.assert_array_equal(apart.counts.sum(axis=0), whole.counts)
    one = nowcast.reporting_triangle(event, report, max_delay=8, group=area, groups=["b", "z"])
    np.testing.assert_array_equal(one.counts[0], apart.counts[1])
    assert np.nansum(one.counts[1]) == 0
    assert one.outside == (area != "b").sum()
    weighed = nowcast.reporting_triangle(event, report, max_delay=8, number=np.full(400, 3))
    np.testing.assert_array_equal(weighed.counts, 3 * whole.counts)


def test_a_triangle_cut_earlier_is_the_triangle_made_earlier():
    rng = np.random.default_rng(2)
    event = np.datetime64("2020-03-01") + rng.integers(0, 40, 900)
    report = event + rng.integers(0, 7, 900)
    late = nowcast.reporting_triangle(event, report, max_delay=6, first="2020-03-01")
    early = nowcast.reporting_triangle(event, report, max_delay=6, first="2020-03-01", as_of="2020-03-26")
    for method in ("measured", "lawless", "bayes_notrunc_bnb"):
        now = nowcast.nowcast(early.counts, method=method)
        then = nowcast.nowcast(late.counts, method=method, as_of=25)
        np.testing.assert_array_equal(then.quantiles, now.quantiles)
        np.testing.assert_array_equal(then.mean, now.mean)


def test_a_week_is_counted_when_it_is_over():
    """Weeks from Monday, each record in the cell of its week and of the weeks until its report; none of a week that still runs."""
    rng = np.random.default_rng(5)
    event = np.datetime64("2020-02-26") + rng.integers(0, 60, 800)  # a Wednesday
    report = event + rng.integers(0, 20, 800)
    monday, sunday = np.datetime64("2020-02-24"), np.datetime64("2020-04-12")
    by_week = [
        nowcast.reporting_triangle(event, report, max_delay=2, as_of=sunday + days, week="iso") for days in range(7)
    ]
    by_hand = np.zeros((7, 3))
    for a, b in zip(event, report, strict=True):
        row, known = int((a - monday).astype(int)) // 7, int((b - monday).astype(int)) // 7
        if known < 7:
            by_hand[row, min(known - row, 2)] += 1
    for found in by_week:
        assert found.days.tolist() == (monday + 7 * np.arange(7)).tolist()
        np.testing.assert_array_equal(np.nan_to_num(found.counts), by_hand)
        assert np.isnan(found.counts).sum() == 3
        assert np.nansum(found.counts) + found.not_yet_known == 800
    sundays = nowcast.reporting_triangle(event, report, max_delay=2, as_of=sunday, week="epi", first="2020-03-04")
    assert (str(sundays.days[0]), str(sundays.days[-1])) == ("2020-03-01", "2020-04-05")
    grouped = nowcast.reporting_triangle(
        event, report, max_delay=2, as_of=sunday, week="iso", group=event.astype(int) % 2
    )
    np.testing.assert_array_equal(grouped.counts.sum(axis=0), by_week[0].counts)
    settled = nowcast.nowcast(by_week[0].counts)
    assert (settled.mean[:-2] == settled.reported[:-2]).all()
    assert settled.mean[-1] > settled.reported[-1]


@pytest.mark.parametrize("method", nowcast.METHODS)
def test_one_series_alone_is_the_same_as_in_a_panel(method):
    together = nowcast.nowcast(WHOLE, method=method, seed=3, n_draws=200, **settings(method))
    for i, triangle in enumerate(WHOLE):
        alone = nowcast.nowcast(triangle, method=method, seed=3, n_draws=200, **settings(method))
        for name in ("reported", "mean", "quantiles", "share_known"):
            np.testing.assert_allclose(getattr(alone, name), getattr(together, name)[i], rtol=1e-12)


@pytest.mark.parametrize("method", nowcast.METHODS)
def test_settled_days_stay_as_they_are_and_none_falls_below_what_is_reported(method):
    found = nowcast.nowcast(WHOLE, method=method, n_draws=200, **settings(method))
    settled = WHOLE.shape[1] - WHOLE.shape[2] + 1
    np.testing.assert_array_equal(found.mean[:, :settled], found.reported[:, :settled])
    assert (found.quantiles[:, :settled] == found.reported[:, :settled, None]).all()
    assert (found.quantiles >= found.reported[:, :, None]).all()
    assert (np.diff(found.quantiles, axis=-1) >= 0).all()


def test_with_one_reporting_day_the_share_is_that_of_the_past():
    """Every day 6 at once and 4 the day after: a last day of 6 will be 10, with what many days leave open."""
    triangle = np.tile([6.0, 4.0], (200, 1))
    triangle[-1, 1] = np.nan
    for method in ("measured", "lawless", "bayes_trunc", "bayes_notrunc"):
        found = nowcast.nowcast(triangle, method=method, window=200, n_draws=40_000)
        assert found.share_known[-1] == pytest.approx(0.6, abs=2e-3), method
        assert found.mean[-1] == pytest.approx(10, abs=0.8), method


def test_sampled_and_closed_form_agree_when_every_number_is_as_likely():
    closed = nowcast.nowcast(WHOLE[0], method="bayes_notrunc_bnb", quantiles=[0.1, 0.5, 0.9])
    drawn = nowcast.nowcast(
        WHOLE[0], method="bayes_notrunc", n_draws=200_000, keep_draws=True, quantiles=[0.1, 0.5, 0.9]
    )
    error = 4 * np.sqrt(0.25 / 200_000)
    reach = (drawn.draws[:, :, None] <= closed.quantiles).mean(axis=0)
    before = (drawn.draws[:, :, None] < closed.quantiles).mean(axis=0)
    assert (reach >= closed.levels - error).all()
    assert (before <= closed.levels + error).all()


def test_quantiles_of_the_negative_binomial_are_scipys():
    from scipy import stats

    mean, around = np.array([0.0, 0.4, 7.0, 300.0]), np.array([0.3, 1.0, 0.2, 0.05])
    levels = np.array([0.01, 0.25, 0.5, 0.9, 0.99])
    found = nowcast._negative_binomial_quantiles(mean, around, levels)
    size = 1 / around[1:]
    expected = stats.nbinom.ppf(levels, size[:, None], (size / (size + mean[1:]))[:, None])
    np.testing.assert_array_equal(found[1:], expected)
    assert (found[0] == 0).all()


@pytest.mark.parametrize("method", ["measured", *DRAWN])
def test_courses_have_the_quantiles_they_are_kept_for(method):
    levels = [0.1, 0.5, 0.9]
    found = nowcast.nowcast(WHOLE[:2], method=method, keep_draws=True, n_draws=40_000, quantiles=levels, seed=9)
    assert found.draws.shape == (2, 40_000, WHOLE.shape[1])
    reach = (found.draws[:, :, :, None] <= found.quantiles[:, None]).mean(axis=1)
    before = (found.draws[:, :, :, None] < found.quantiles[:, None]).mean(axis=1)
    assert (reach >= np.array(levels) - 0.012).all()
    assert (before <= np.array(levels) + 0.012).all()


def test_reports_that_come_in_lumps_widen_the_interval():
    calm, lumpy = (triangles.simulated(kind, n_series=20) for kind in ("steady", "lumps"))
    width = [np.ptp(nowcast.nowcast(t, quantiles=[0.05, 0.95]).quantiles[:, -4], axis=-1).mean() for t in (calm, lumpy)]
    assert width[1] > 1.3 * width[0]


def test_series_with_few_cases_gain_by_common_delays():
    rng = np.random.default_rng(8)
    sparse = rng.binomial(np.nan_to_num(triangles.simulated("steady", n_series=40)).astype(int), 0.02).astype(float)
    sparse[:, nowcast._ahead(*sparse.shape[1:])] = np.nan
    apart, pooled = (nowcast.backtest(sparse, pooled=p, evenings=range(40, 90, 5)) for p in (False, True))
    assert np.nanmean(pooled.wis) < np.nanmean(apart.wis)
    assert pooled.by_age(0, 1, 2)[0]["coverage_90"] > 0.88


def test_a_panel_without_a_case_has_none_to_come():
    nothing = np.where(np.isnan(WHOLE), np.nan, 0.0)
    found = nowcast.nowcast(nothing)
    assert found.mean[:, :-5].max() < 0.2
    assert (found.quantile(0.5) == 0).all()
    for method in ("lawless", "bayes_notrunc_bnb"):
        assert np.isfinite(nowcast.nowcast(nothing, method=method).quantiles).all()


def test_a_back_test_knows_nothing_of_later_evenings():
    changed = WHOLE.copy()
    changed[:, 40:] = np.where(np.isnan(changed[:, 40:]), np.nan, changed[:, 40:] * 3)
    first, second = (nowcast.backtest(t, evenings=[38, 39]) for t in (WHOLE, changed))
    np.testing.assert_array_equal(first.quantiles, second.quantiles)
    one = nowcast.nowcast(WHOLE, as_of=39, quantiles=first.levels)
    np.testing.assert_array_equal(first.quantiles[:, 1], one.quantiles[:, 39 - np.arange(WHOLE.shape[2] - 1)])
    np.testing.assert_array_equal(first.observed[:, 1, 0], WHOLE[:, 39].sum(axis=-1))


@pytest.mark.parametrize(
    ("call", "argument", "code"),
    [
        (lambda: nowcast.nowcast([[1, 2], [3, 4]]), "triangle", "after_data"),
        (lambda: nowcast.nowcast([[1, -2], [3, np.nan]]), "triangle", "negative"),
        (lambda: nowcast.nowcast([[1, 2.5], [3, np.nan]]), "triangle", "not_whole"),
        (lambda: nowcast.nowcast([[np.nan, 2], [3, np.nan]]), "triangle", "missing"),
        (lambda: nowcast.nowcast([[1, np.nan, np.nan]]), "triangle", "too_short"),
        (lambda: nowcast.nowcast([1, 2]), "triangle", "wrong_shape"),
        (lambda: nowcast.nowcast(WHOLE, method="best"), "method", "unknown_choice"),
        (lambda: nowcast.nowcast(WHOLE, as_of=60), "as_of", "out_of_range"),
        (lambda: nowcast.nowcast(WHOLE, method="uniform"), "largest", "missing"),
        (lambda: nowcast.nowcast(WHOLE, method="uniform", largest=3), "largest", "out_of_range"),
        (lambda: nowcast.nowcast(WHOLE, largest=300), "largest", "unused"),
        (lambda: nowcast.nowcast(WHOLE, **PRIOR), "prior_mean", "unused"),
        (lambda: nowcast.nowcast(WHOLE, method="bayes_trunc", prior_mean=3), "prior_sd", "missing"),
        (lambda: nowcast.nowcast(WHOLE, method="bayes_trunc", prior_mean=9, prior_sd=3), "prior_sd", "out_of_range"),
        (lambda: nowcast.nowcast(WHOLE, method="lawless", keep_draws=True), "keep_draws", "unknown_choice"),
        (lambda: nowcast.nowcast(WHOLE, quantiles=[0, 1]), "quantiles", "out_of_range"),
        (lambda: nowcast.nowcast(WHOLE).quantile(0.3), "level", "unknown_choice"),
        (lambda: nowcast.backtest(WHOLE, evenings=[3]), "evenings", "out_of_range"),
        (lambda: nowcast.reporting_triangle(["2020-01-01"], [], max_delay=3), "reported", "wrong_shape"),
        (
            lambda: nowcast.reporting_triangle(["2020-01-01"], ["2020-01-02"], max_delay=1, week="month"),
            "week",
            "unknown_choice",
        ),
        (lambda: nowcast.reporting_triangle([None], [None], max_delay=3), "reported", "empty"),
        (lambda: nowcast.reporting_triangle(["2020-01-01"], ["2020-01-02"], max_delay=0), "max_delay", "out_of_range"),
        (
            lambda: nowcast.reporting_triangle(["2020-01-01"], ["2020-01-02"], max_delay=1, first="2020-02-01"),
            "first",
            "out_of_range",
        ),
    ],
)
def test_bad_input_names_the_argument(call, argument, code):
    with pytest.raises(EpiInputError) as error:
        call()
    assert (error.value.argument, error.value.code) == (argument, code)
