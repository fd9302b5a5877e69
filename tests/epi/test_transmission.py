"""Reproduction numbers and offspring distributions: identities, known truths and refusals."""

import pickle

import numpy as np
import pytest
from scipy import special, stats

from lianfang.epi import delays, transmission
from lianfang.epi._checks import EpiInputError
from tests.epi.conftest import matrix

pytestmark = pytest.mark.pure

SI = delays.discretised_gamma_si(5.1, 2.7)
COUNTS = np.random.default_rng(11).poisson(12, (6, 60))


def same(together, alone, i, names=("mean", "sd", "quantiles", "cases")):
    for name in names:
        assert getattr(together, name)[i] == pytest.approx(getattr(alone, name), rel=1e-12, nan_ok=True), name


def test_rt_of_one_series_is_the_same_in_a_panel():
    together = transmission.estimate_rt(COUNTS, SI)
    for i, row in enumerate(COUNTS):
        same(together, transmission.estimate_rt(row, SI), i)
    assert together.mean.shape == (6, 53)
    assert together.quantiles.shape == (6, 53, 3)


def test_rt_with_imported_and_unseen_days_is_the_same_in_a_panel():
    rng = np.random.default_rng(1)
    imported = np.minimum(rng.poisson(1, COUNTS.shape), COUNTS)
    observed = rng.uniform(size=COUNTS.shape) > 0.1
    together = transmission.estimate_rt(COUNTS, SI, imported=imported, observed=observed)
    for i in range(len(COUNTS)):
        alone = transmission.estimate_rt(COUNTS[i], SI, imported=imported[i], observed=observed[i])
        same(together, alone, i)


def test_rt_windows_given_one_by_one_are_the_sliding_ones():
    sliding = transmission.estimate_rt(COUNTS, SI, window=7)
    given = transmission.estimate_rt(COUNTS, SI, windows=(sliding.start[::5], sliding.end[::5]))
    assert given.mean == pytest.approx(sliding.mean[:, ::5], rel=1e-13)


def test_rt_does_not_depend_on_days_after_the_window():
    whole = transmission.estimate_rt(COUNTS, SI)
    cut = transmission.estimate_rt(COUNTS[:, :40], SI)
    assert cut.mean == pytest.approx(whole.mean[:, : cut.mean.shape[1]], rel=1e-12)


def test_a_longer_tail_of_zeros_in_the_serial_interval_changes_nothing():
    longer = np.concatenate([SI, np.zeros(500)])
    assert transmission.estimate_rt(COUNTS, longer).mean == pytest.approx(
        transmission.estimate_rt(COUNTS, SI).mean, rel=1e-12
    )


def test_series_longer_than_a_block_of_days_agree_with_plain_sums():
    counts = np.random.default_rng(2).poisson(5, 900).astype(float)
    si = delays.discretised_gamma_si(30, 12)
    expected = [sum(si[k] * counts[t - k] for k in range(1, min(t, len(si) - 1) + 1)) for t in range(1, 900)]
    assert transmission.infectivity(counts, si)[1:] == pytest.approx(expected, rel=1e-12)


def test_quantiles_are_those_of_the_gamma_distribution_whatever_way_they_were_found():
    levels = (0.001, 0.025, 0.5, 0.975, 0.999)
    whole = transmission.estimate_rt(COUNTS, SI, quantiles=levels)  # looked up by sum of cases
    huge = transmission.estimate_rt(COUNTS * 200_000, SI, quantiles=levels)  # sums too far apart for a table
    broken = transmission.estimate_rt(COUNTS + 0.25, SI, quantiles=levels)  # counts corrected by a nowcast
    for found in (whole, huge, broken):
        shape = (found.mean / found.sd) ** 2
        expected = stats.gamma.ppf(levels, shape[..., None], scale=(found.sd**2 / found.mean)[..., None])
        assert found.quantiles == pytest.approx(expected, rel=1e-9, nan_ok=True)


def test_rt_without_infectious_people_is_the_prior():
    found = transmission.estimate_rt([0] * 30, SI, prior_mean=2, prior_sd=1)
    assert found.mean[-1] == pytest.approx(2)
    assert found.sd[-1] == pytest.approx(1)
    assert found.cases.max() == 0


def test_no_estimate_within_the_first_mean_serial_interval():
    found = transmission.estimate_rt([1] * 30, SI, window=1)
    assert np.isnan(found.mean[found.end + 1 <= 5.1]).all()
    assert not np.isnan(found.mean[found.end + 1 > 5.1]).any()


def test_days_filled_in_are_no_evidence():
    counts = np.full(40, 10.0)
    observed = np.ones(40, dtype=bool)
    observed[30:] = False
    found = transmission.estimate_rt(counts, SI, observed=observed)
    assert np.isnan(found.mean[-4:]).all()
    half = found.cases[found.end == 32][0]
    assert half == 40  # four of the seven days were seen
    assert found.quantile(0.5)[20] == found.quantiles[20, 1]
    with pytest.raises(EpiInputError):
        found.quantile(0.4)


def test_imported_cases_infect_but_were_not_infected_here():
    counts = np.array([5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5])
    none = transmission.estimate_rt(counts, SI)
    all_from_elsewhere = transmission.estimate_rt(counts, SI, imported=counts)
    assert all_from_elsewhere.mean[-1] < 0.15 < none.mean[-1]


def test_one_certain_serial_interval_is_the_plain_method():
    plain = transmission.estimate_rt(COUNTS, SI)
    mixed = transmission.estimate_rt_uncertain_si(COUNTS, np.stack([SI, SI]))
    for name in ("mean", "sd", "quantiles"):
        assert getattr(mixed, name) == pytest.approx(getattr(plain, name), rel=1e-9, nan_ok=True)
    seen = np.ones(np.shape(COUNTS), dtype=bool)
    seen[..., -9:] = False
    plain = transmission.estimate_rt(COUNTS, SI, observed=seen)
    mixed = transmission.estimate_rt_uncertain_si(COUNTS, np.stack([SI, SI]), observed=seen)
    assert np.isnan(mixed.mean[..., -1]).all()
    for name in ("mean", "sd", "quantiles", "cases"):
        assert getattr(mixed, name) == pytest.approx(getattr(plain, name), rel=1e-9, nan_ok=True)


def test_quantiles_under_uncertain_serial_intervals_are_those_of_the_mixture():
    draws = delays.sample_gamma_si(
        5, 2.5, mean_sd=1, mean_range=(3, 7), sd_sd=0.5, sd_range=(1.5, 3.5), n_draws=50, seed=1
    )
    found = transmission.estimate_rt_uncertain_si(COUNTS[:2], draws, windows=([20, 40], [26, 46]))
    each = [transmission.estimate_rt(COUNTS[:2], d, windows=([20, 40], [26, 46])) for d in draws]
    shape = 1 + found.cases
    scales = np.array([e.mean / shape for e in each])
    for j, level in enumerate((0.025, 0.5, 0.975)):
        below = special.gammainc(shape, found.quantiles[..., j] / scales).mean(axis=0)
        assert below == pytest.approx(np.full((2, 2), level), abs=1e-8)
    assert found.mean == pytest.approx(np.mean([e.mean for e in each], axis=0))
    plain = transmission.estimate_rt(COUNTS[:2], SI, windows=([20, 40], [26, 46]))
    assert (found.sd > plain.sd).all()


def test_uncertain_serial_intervals_of_one_series_are_the_same_in_a_panel():
    draws = delays.sample_gamma_si(
        5, 2.5, mean_sd=1, mean_range=(3, 7), sd_sd=0.5, sd_range=(1.5, 3.5), n_draws=30, seed=1
    )
    together = transmission.estimate_rt_uncertain_si(COUNTS, draws)
    same(together, transmission.estimate_rt_uncertain_si(COUNTS[3], draws), 3)


def test_case_reproduction_of_one_series_is_the_same_in_a_panel():
    together = transmission.wallinga_teunis(COUNTS, SI)
    for i, row in enumerate(COUNTS):
        same(together, transmission.wallinga_teunis(row, SI), i)


def test_every_case_but_the_first_has_one_infector():
    """Secondary cases of all days together are the cases that had someone to be infected by."""
    counts = COUNTS[0].copy()
    days = np.arange(60)
    found = transmission.wallinga_teunis(counts, SI, windows=(days, days), quantiles=())
    assert np.nansum(found.mean * counts) == pytest.approx(counts[1:].sum())


def test_case_reproduction_intervals_are_those_of_simulated_trees():
    """Draw every case's infector many times over, and count."""
    rng = np.random.default_rng(4)
    counts = np.array([3, 2, 4, 6, 5, 8, 9, 7, 11, 12, 10])
    si = np.array([0, 0.2, 0.4, 0.3, 0.1])
    windows = ([1, 4, 0], [3, 7, 10])
    found = transmission.wallinga_teunis(counts, si, windows=windows)
    secondary = np.zeros((20_000, len(counts)))
    for t in range(1, len(counts)):
        weight = np.array([si[t - s] * counts[s] if 0 < t - s < len(si) else 0 for s in range(len(counts))])
        secondary += rng.multinomial(counts[t], weight / weight.sum(), size=20_000)
    for w, (a, b) in enumerate(zip(*windows, strict=True)):
        drawn = secondary[:, a : b + 1].sum(axis=1)
        cases = counts[a : b + 1].sum()
        assert found.mean[w] == pytest.approx(drawn.mean() / cases, rel=0.01)
        assert found.sd[w] == pytest.approx(drawn.std() / cases, rel=0.03, abs=1e-9)
        expected = np.quantile(drawn, [0.025, 0.5, 0.975], method="inverted_cdf")
        assert np.abs(found.quantiles[w] * cases - expected).max() <= 1 + 1e-9


def test_case_reproduction_intervals_agree_where_the_method_changes():
    """Just below the variance where the expansion takes over, both ways give the same counts to within one."""
    rng = np.random.default_rng(9)
    trials, share = rng.integers(1, 12, (400, 25)), rng.uniform(0.01, 0.9, (400, 25)) ** 2
    levels = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
    exact = transmission._binomial_sum_exact(trials, share, levels)
    expansion = transmission._binomial_sum_expansion(trials, share, levels)
    variance = (trials * share * (1 - share)).sum(axis=1)
    assert 10 < variance.min() < 25
    assert np.abs(exact - expansion).max() <= 1
    assert (exact != expansion).mean() < 0.02


def test_completeness_of_the_last_windows_is_said():
    found = transmission.wallinga_teunis(COUNTS[0], SI, window=7)
    assert found.complete[0] == pytest.approx(1)
    assert found.complete[-1] < 0.5
    assert (np.diff(found.complete) <= 1e-12).all()


def test_growth_and_reproduction_number_agree_with_the_renewal_equation():
    """Counts that follow the renewal equation with R grow at the rate that r_from_growth turns back into R."""
    for r in (0.7, 1.0, 1.6, 3.0):
        counts = np.ones(400)
        for t in range(len(SI), 400):
            counts[t] = r * (SI[1:] * counts[t - 1 : t - len(SI) : -1]).sum()
        rate = np.log(counts[-1] / counts[-2])
        assert transmission.r_from_growth(rate, SI) == pytest.approx(r, rel=1e-6)


def test_the_closed_form_for_gamma_intervals_is_near_that_of_days():
    rates = np.array([-0.1, 0.0, 0.05, 0.2])
    days = transmission.r_from_growth(rates, delays.discretised_gamma_si(15.0, 5.0))
    assert transmission.r_from_growth_gamma(rates, 15.0, 5.0) == pytest.approx(days, rel=0.02)
    assert np.isnan(transmission.r_from_growth_gamma(-1.0, 5.0, 2.5))
    assert np.isnan(transmission.r_from_growth(np.nan, SI))


@pytest.mark.parametrize("method", ["likelihood", "growth"])
def test_early_r0_of_a_deterministic_epidemic(method):
    counts = np.zeros(30)
    counts[0] = 100
    for t in range(1, 30):
        reach = min(t, len(SI) - 1)
        counts[t] = 2.2 * sum(SI[k] * counts[t - k] for k in range(1, reach + 1))
    found = transmission.early_r0(counts, SI, first=12 if method == "growth" else 0, method=method)
    assert found.r0 == pytest.approx(2.2, rel=0.03 if method == "growth" else 1e-9)
    assert found.lower < found.r0 < found.upper


def test_early_r0_of_one_series_is_the_same_in_a_panel():
    for method in ("likelihood", "growth"):
        together = transmission.early_r0(COUNTS, SI, last=20, method=method)
        alone = transmission.early_r0(COUNTS[2], SI, last=20, method=method)
        assert [together.r0[2], together.lower[2], together.upper[2]] == pytest.approx(
            [alone.r0, alone.lower, alone.upper]
        )


def test_the_final_size_solves_its_equation():
    rate = np.array([0.1, 0.5, 0.89])
    r0 = transmission.r0_from_attack_rate(rate, susceptible=0.9)
    assert 0.9 * (1 - np.exp(-r0 * rate)) == pytest.approx(rate)


def test_offspring_all_alike_have_no_dispersion():
    fit = transmission.offspring_distribution([1, 1, 2, 1, 0, 1, 1, 2, 1, 0])
    assert fit.k == np.inf
    assert fit.k_interval[1] == np.inf
    assert fit.share_causing(0.8) == 0.8


def test_nobody_infected_anyone():
    fit = transmission.offspring_distribution([0] * 50)
    assert fit.r == 0
    assert np.isnan(fit.k)
    assert fit.r_interval[1] == pytest.approx(special.chdtri(1, 0.05) / 2 / 50, rel=1e-6)


def test_superspreading_as_published_for_sars():
    """Lloyd-Smith 2005: with k = 0.16 the most infectious fifth of SARS cases cause 88 percent of infections."""
    share = transmission.superspreading_share(0.16, 0.88)
    assert share == pytest.approx(0.2, abs=0.005)


def test_cluster_sizes_of_simulated_chains_give_back_r_and_k():
    rng = np.random.default_rng(6)
    sizes = []
    for _ in range(4000):
        size, active = 1, 1
        while active and size < 10_000:
            active = int(rng.negative_binomial(0.3 * active, 0.3 / (0.3 + 0.6)))
            size += active
        sizes.append(size)
    fit = transmission.offspring_from_cluster_sizes(sizes)
    assert fit.r_interval[0] < 0.6 < fit.r_interval[1]
    assert fit.k_interval[0] < 0.3 < fit.k_interval[1]
    assert fit.r == pytest.approx(1 - 1 / np.mean(sizes))


def test_the_large_panel_agrees_with_one_series_at_a_time():
    panel = matrix("synth_daily_2800x365").T
    si = delays.discretised_gamma_si(8.4, 3.8, 365)
    levels = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
    together = transmission.estimate_rt(panel, si, quantiles=levels)
    assert together.quantiles.shape == (2800, 358, 7)
    for i in (0, 1399, 2799):
        same(together, transmission.estimate_rt(panel[i], si, quantiles=levels), i)


def test_a_refusal_travels_between_processes():
    error = pickle.loads(pickle.dumps(EpiInputError("counts", "negative", "must not be negative")))
    assert (error.argument, error.code, str(error)) == ("counts", "negative", "counts: must not be negative")


ONE = [1.0] * 20


@pytest.mark.parametrize(
    ("call", "argument", "code"),
    [
        (lambda: transmission.estimate_rt([1, -1, 2] * 5, SI), "counts", "negative"),
        (lambda: transmission.estimate_rt([1, np.nan, 2] * 5, SI), "counts", "missing"),
        (lambda: transmission.estimate_rt([1, np.inf, 2] * 5, SI), "counts", "infinite"),
        (lambda: transmission.estimate_rt(["a"] * 10, SI), "counts", "not_numbers"),
        (lambda: transmission.estimate_rt([[1, 2], [3]], SI), "counts", "not_numbers"),
        (lambda: transmission.estimate_rt(np.ones((2, 2, 9)), SI), "counts", "wrong_shape"),
        (lambda: transmission.estimate_rt([1], SI), "counts", "too_short"),
        (lambda: transmission.estimate_rt(ONE, [0, 0.5, 0.4]), "si_pmf", "not_a_distribution"),
        (lambda: transmission.estimate_rt(ONE, [0, 1.5, -0.5]), "si_pmf", "negative"),
        (lambda: transmission.estimate_rt(ONE, [0.1, 0.9]), "si_pmf", "mass_at_zero"),
        (lambda: transmission.estimate_rt(ONE, [[0, 1.0]]), "si_pmf", "wrong_shape"),
        (lambda: transmission.estimate_rt(ONE, SI, window=20), "window", "before_data"),
        (lambda: transmission.estimate_rt(ONE, SI, window=2.5), "window", "not_whole"),
        (lambda: transmission.estimate_rt(ONE, SI, window=0), "window", "out_of_range"),
        (lambda: transmission.estimate_rt(ONE, SI, windows=([0], [6])), "windows", "before_data"),
        (lambda: transmission.estimate_rt(ONE, SI, windows=([14], [20])), "windows", "after_data"),
        (lambda: transmission.estimate_rt(ONE, SI, windows=([6], [5])), "windows", "out_of_range"),
        (lambda: transmission.estimate_rt(ONE, SI, windows=([6, 7], [8])), "windows", "wrong_shape"),
        (lambda: transmission.estimate_rt(ONE, SI, prior_mean=0), "prior_mean", "out_of_range"),
        (lambda: transmission.estimate_rt(ONE, SI, prior_sd=-1), "prior_sd", "out_of_range"),
        (lambda: transmission.estimate_rt(ONE, SI, quantiles=[0.5, 1]), "quantiles", "out_of_range"),
        (lambda: transmission.estimate_rt(ONE, SI, imported=[2.0] * 20), "imported", "out_of_range"),
        (lambda: transmission.estimate_rt(ONE, SI, imported=[1.0] * 19), "imported", "wrong_shape"),
        (lambda: transmission.estimate_rt(ONE, SI, observed=[1] * 20), "observed", "not_booleans"),
        (lambda: transmission.estimate_rt_uncertain_si(ONE, SI), "si_pmfs", "wrong_shape"),
        (lambda: transmission.estimate_rt_uncertain_si(ONE, [[0, 1.0], [0, 0.7]]), "si_pmfs", "not_a_distribution"),
        (lambda: transmission.wallinga_teunis([1.5] * 20, SI), "counts", "not_whole"),
        (lambda: transmission.wallinga_teunis([1] * 20, SI, windows=([-1], [6])), "windows", "before_data"),
        (lambda: transmission.infectivity([1, -1], SI), "counts", "negative"),
        (lambda: transmission.r_from_growth("fast", SI), "growth_rate", "not_numbers"),
        (lambda: transmission.early_r0(ONE, SI, last=40), "last", "after_data"),
        (lambda: transmission.early_r0(ONE, SI, first=19), "first", "out_of_range"),
        (lambda: transmission.early_r0(ONE, SI, method="guess"), "method", "unknown_choice"),
        (lambda: transmission.r0_from_attack_rate(1.0), "attack_rate", "out_of_range"),
        (lambda: transmission.offspring_distribution([1, 0.5]), "offspring", "not_whole"),
        (lambda: transmission.offspring_distribution([]), "offspring", "wrong_shape"),
        (lambda: transmission.offspring_from_cluster_sizes([1, 0]), "sizes", "out_of_range"),
        (lambda: transmission.superspreading_share(0), "k", "out_of_range"),
    ],
)
def test_bad_input_is_refused_by_name(call, argument, code):
    with pytest.raises(EpiInputError) as refused:
        call()
    assert (refused.value.argument, refused.value.code) == (argument, code)
