"""Forecasts, their scores, and what they ask of beds and supplies."""

import numpy as np
import pytest
from scipy import stats

from lianfang.epi import delays, projection
from lianfang.epi._checks import EpiInputError

pytestmark = pytest.mark.pure

SI = delays.discretised_gamma_si(5.1, 2.7)
COUNTS = np.random.default_rng(21).poisson(20, (4, 45))


def test_a_forecast_is_the_same_alone_and_in_a_panel():
    together = projection.forecast(COUNTS, SI, 10, seed=5, keep_draws=True)
    for i, row in enumerate(COUNTS):
        alone = projection.forecast(row, SI, 10, seed=5, keep_draws=True)
        assert (alone.draws == together.draws[i]).all()
        assert (alone.quantiles == together.quantiles[i]).all()
        assert alone.r_mean == pytest.approx(together.r_mean[i])
    assert (together.draws[0] != together.draws[1]).any()


def test_the_seed_decides_and_the_past_alone_counts():
    first = projection.forecast(COUNTS[0], SI, 7, seed=5)
    assert (first.quantiles == projection.forecast(COUNTS[0], SI, 7, seed=5).quantiles).all()
    assert (first.quantiles != projection.forecast(COUNTS[0], SI, 7, seed=6).quantiles).any()


def test_the_mean_forecast_follows_the_renewal_equation():
    """Without drift or extra spread, and with R held, the mean course is the renewal equation under the posterior of R."""
    counts = np.full(40, 30.0)
    found = projection.forecast(
        counts, SI, 1, r_persistence=1, r_drift_sd=0, dispersion=0, n_draws=40_000, seed=1, quantiles=[0.05, 0.5, 0.95]
    )
    pressure = (SI[1:] * 30).sum()
    assert found.mean[0] == pytest.approx(found.r_mean * pressure, rel=0.005)
    # Poisson around a gamma is a negative binomial
    shape = (found.r_mean / found.r_sd) ** 2
    scale = found.r_sd**2 / found.r_mean * pressure
    assert found.quantiles[0] == pytest.approx(stats.nbinom.ppf([0.05, 0.5, 0.95], shape, 1 / (1 + scale)), abs=1)


def test_spread_is_found_where_there_is_some():
    rng = np.random.default_rng(3)
    calm = projection.forecast(rng.poisson(50, (20, 60)), SI, 1, seed=1)
    wild = projection.forecast(rng.negative_binomial(4, 4 / 54, (20, 60)), SI, 1, seed=1)
    assert np.median(calm.dispersion) < 0.02
    assert 0.15 < np.median(wild.dispersion) < 0.5  # drawn with 1/k = 0.25


def test_a_forecast_from_hardly_any_case_stays_low():
    counts = np.zeros(40)
    counts[10] = 1
    found = projection.forecast(counts, SI, 14, seed=1)
    assert found.mean.max() < 0.1
    assert (found.quantile(0.5) == 0).all()


def test_levels_that_were_not_asked_for_are_refused():
    found = projection.forecast(COUNTS[0], SI, 3, seed=1, quantiles=[0.5])
    with pytest.raises(EpiInputError):
        found.quantile(0.9)


def test_weighted_interval_score_is_the_mean_of_interval_scores_and_absolute_error():
    rng = np.random.default_rng(2)
    levels = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
    quantiles = np.sort(rng.gamma(3, 5, (50, 7)), axis=1)
    observed = rng.gamma(3, 5, 50)
    total = 0.5 * np.abs(observed - quantiles[:, 3])
    for j in range(3):
        outside = 2 * levels[j]
        total += outside / 2 * projection.interval_score(observed, quantiles[:, j], quantiles[:, 6 - j], 1 - outside)
    expected = total / 3.5
    assert projection.weighted_interval_score(observed, quantiles, levels) == pytest.approx(expected)


def test_weighted_interval_score_of_one_level_is_the_absolute_error():
    assert projection.weighted_interval_score([3.0, 8.0], [[5.0], [5.0]], [0.5]).tolist() == [2.0, 3.0]


def test_weighted_interval_score_comes_near_the_continuous_ranked_probability_score():
    """Of a normal forecast, whose score is known in closed form."""
    levels = (np.arange(999) + 1) / 1000
    y = np.array([-1.0, 0.3, 2.5])
    quantiles = np.broadcast_to(stats.norm.ppf(levels), (3, 999))
    expected = y * (2 * stats.norm.cdf(y) - 1) + 2 * stats.norm.pdf(y) - 1 / np.sqrt(np.pi)
    assert projection.weighted_interval_score(y, quantiles, levels) == pytest.approx(expected, abs=2e-3)


def test_coverage_passes_over_what_is_missing():
    assert projection.coverage([1.0, np.nan, 9.0], [0.0, 0.0, 0.0], [5.0, 5.0, 5.0]) == 0.5


def test_a_back_test_knows_only_the_past():
    origins = [20, 30]
    found = projection.backtest(COUNTS, SI, 5, origins=origins, seed=1, n_draws=200)
    changed = COUNTS.copy()
    changed[:, 31:] = 999
    again = projection.backtest(changed, SI, 5, origins=origins, seed=1, n_draws=200)
    assert (found.quantiles == again.quantiles).all()
    assert (found.observed[:, 0] == COUNTS[:, 21:26]).all()
    alone = projection.forecast(COUNTS[:, :31], SI, 5, seed=1, n_draws=200)
    assert (found.quantiles[:, 1] == alone.quantiles).all()


def test_back_test_rows_say_what_they_stand_on():
    rows = projection.backtest(COUNTS, SI, 3, origins=[30, 42], seed=1, n_draws=200).by_horizon()
    assert [(r["days_ahead"], r["forecasts"]) for r in rows] == [(1, 8), (2, 8), (3, 4)]


def test_persistence_stays_where_it_is():
    found = projection.persistence_forecast(COUNTS, 7, seed=1)
    assert found.quantile(0.5) == pytest.approx(np.repeat(COUNTS[:, -1:], 7, axis=1), abs=0.6)
    width = found.quantile(0.95) - found.quantile(0.05)
    assert (width[:, -1] > width[:, 0]).all()


def steady(n_draws=4000, horizon=6):
    return np.random.default_rng(1).poisson(10, (n_draws, horizon)).astype(float)


def test_beds_at_an_even_flow_are_admissions_times_the_mean_stay():
    stay = delays.discretised_delay("gamma", 9, 4)
    found = projection.bed_demand(
        np.full(120, 10.0),
        steady(),
        admitted_share=0.2,
        admission_delay=delays.discretised_delay("gamma", 3, 2),
        stay_pmf=stay,
        seed=1,
    )
    mean_stay = (stay * np.arange(len(stay))).sum()
    assert found.mean == pytest.approx(np.full(6, 10 * 0.2 * mean_stay), rel=0.02)
    assert (found.quantiles[:, 0] < found.mean).all()
    assert (found.mean < found.quantiles[:, 2]).all()


def test_beds_known_to_be_in_use_take_the_place_of_those_expected():
    settings = {
        "admitted_share": 0.2,
        "admission_delay": [0.5, 0.5],
        "stay_pmf": delays.discretised_delay("gamma", 9, 4),
    }
    counts = np.full(120, 10.0)
    expected = projection.bed_demand(counts, steady(), **settings, seed=1)
    still = 1 - np.cumsum(settings["stay_pmf"])
    now = 2 * still.sum()
    same = projection.bed_demand(counts, steady(), **settings, occupied=now, seed=1)
    assert same.mean == pytest.approx(expected.mean, rel=0.02)
    twice = projection.bed_demand(counts, steady(), **settings, occupied=2 * now, seed=1)
    assert twice.mean[0] == pytest.approx(expected.mean[0] + now * still[1:].sum() / still.sum(), rel=0.03)
    assert twice.mean[-1] > expected.mean[-1]
    unexplained = projection.bed_demand(np.zeros(30), np.zeros((4000, 6)), **settings, occupied=20, seed=1)
    assert unexplained.mean[0] == pytest.approx(20 * still[1:].sum() / still.sum(), rel=0.03)
    assert (np.diff(unexplained.mean) < 0).all()


def test_demand_of_one_series_has_the_same_mean_in_a_panel():
    draws = np.stack([steady(), 3 * steady()])
    counts = np.stack([np.full(30, 10.0), np.full(30, 30.0)])
    together = projection.supply_demand(counts, draws, per_case=[2, 1, 0.5], fixed_per_day=4, seed=1)
    for i in range(2):
        alone = projection.supply_demand(counts[i], draws[i], per_case=[2, 1, 0.5], fixed_per_day=4, seed=1)
        assert alone.mean == pytest.approx(together.mean[i], rel=0.02)
        assert alone.mean == pytest.approx(np.full(6, 35 * (1, 3)[i] + 4), rel=0.02)


def test_stock_runs_out_when_use_passes_it_and_deliveries_put_it_off():
    use = projection.supply_demand(np.full(10, 10.0), steady(), per_case=[3.0], seed=1)
    chance = projection.run_out_chance(95, use)
    assert chance[1] < 0.03
    assert 0.2 < chance[2] < 0.5  # 90 expected by the third day
    assert chance[4] > 0.95
    assert (np.diff(chance) >= 0).all()
    helped = projection.run_out_chance(95, use, arriving=[0, 0, 100, 0, 0, 0])
    assert helped[2] < 0.03
    assert helped[4] < 0.05


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: projection.forecast([1] * 8, SI, 3, seed=1), "counts"),
        (lambda: projection.forecast([1] * 20, SI, 0, seed=1), "horizon"),
        (lambda: projection.forecast([1] * 20, SI, 3, seed=-1), "seed"),
        (lambda: projection.forecast([1] * 20, SI, 3, seed=1, dispersion="much"), "dispersion"),
        (lambda: projection.forecast([1] * 20, SI, 3, seed=1, dispersion=-1), "dispersion"),
        (lambda: projection.forecast([1] * 20, SI, 3, seed=1, r_persistence=1.1), "r_persistence"),
        (lambda: projection.forecast([1] * 20, [0, 0.5], 3, seed=1), "si_pmf"),
        (lambda: projection.interval_score([1.0], [2.0], [1.0], 0.9), "upper"),
        (lambda: projection.interval_score([1.0], [2.0], [3.0], 90), "coverage"),
        (lambda: projection.weighted_interval_score([1.0], [[1.0, 2.0]], [0.4, 0.6]), "levels"),
        (lambda: projection.weighted_interval_score([1.0], [[1.0, 2.0, 3.0]], [0.25, 0.5, 0.8]), "levels"),
        (lambda: projection.weighted_interval_score([1.0], [[1.0, 2.0]], [0.5]), "quantiles"),
        (lambda: projection.backtest([1] * 30, SI, 3, origins=[29], seed=1), "origins"),
        (lambda: projection.backtest([1] * 15, SI, 3, seed=1), "first_origin"),
        (lambda: projection.persistence_forecast([1], 3, seed=1), "counts"),
        (
            lambda: projection.bed_demand(
                [1] * 9, steady()[0], admitted_share=0.1, admission_delay=[1.0], stay_pmf=[1.0], seed=1
            ),
            "draws",
        ),
        (
            lambda: projection.bed_demand(
                [1] * 9, steady(), admitted_share=1.1, admission_delay=[1.0], stay_pmf=[1.0], seed=1
            ),
            "admitted_share",
        ),
        (
            lambda: projection.bed_demand(
                [1] * 9, steady(), admitted_share=0.1, admission_delay=[0.9], stay_pmf=[1.0], seed=1
            ),
            "admission_delay",
        ),
        (lambda: projection.supply_demand([1] * 9, steady(), per_case=[-1], seed=1), "per_case"),
        (
            lambda: projection.run_out_chance(
                [1, 2], projection.supply_demand([1] * 9, steady(), per_case=[1], seed=1)
            ),
            "stock",
        ),
    ],
)
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(EpiInputError) as refused:
        call()
    assert refused.value.argument == argument
