"""Delay distributions: discretised, convolved, fitted, and taken from transmission pairs."""

import re

import numpy as np
import pytest
from scipy import integrate, stats

from lianfang.epi import delays
from lianfang.epi._checks import EpiInputError
from tests.epi.outbreaks import DATA, lines

pytestmark = pytest.mark.pure

DAY = re.compile(r"\d{4}/\d{1,2}/\d{1,2}$")


def day(text):
    """A day as the pairs file writes it, or None: unknown, ?, local."""
    return "-".join(part.zfill(2) for part in text.strip().split("/")) if DAY.match(text.strip()) else None


def test_serial_intervals_of_the_published_pairs():
    pairs = lines(DATA / "china" / "transmission_pairs_1407.csv")
    found = delays.serial_intervals(
        [day(p["infector_onsetDate"]) for p in pairs], [day(p["infectee_onsetDate"]) for p in pairs]
    )
    assert (found.n_pairs, found.n_usable, found.n_negative) == (1407, 679, 54)
    assert (found.days.min(), found.days.max()) == (-11, 24)
    assert round(found.mean, 2) == 5.09
    assert found.mean_interval[0] < found.mean < found.mean_interval[1]
    pmf = found.pmf()
    assert pmf[0] == 0
    assert pmf.sum() == pytest.approx(1)
    positive = found.days[found.days > 0]
    assert (pmf * np.arange(len(pmf))).sum() == pytest.approx(positive.mean())


@pytest.mark.parametrize(("mean", "sd"), [(1.2, 0.5), (2.6, 1.5), (5.1, 2.7), (8.4, 3.8), (22.4, 6.1), (3, 12)])
def test_the_default_length_leaves_next_to_nothing_out(mean, sd):
    si = delays.discretised_gamma_si(mean, sd)
    assert si[0] == 0
    assert si.sum() == pytest.approx(1, abs=2e-9)
    assert (si * np.arange(len(si))).sum() == pytest.approx(mean, rel=1e-6)


def test_many_serial_intervals_at_once_are_each_their_own():
    means, sds = np.array([2.6, 5.1, 8.4]), np.array([1.5, 2.7, 3.8])
    together = delays.discretised_gamma_si(means, sds, 40)
    for row, mean, sd in zip(together, means, sds, strict=True):
        assert row.tolist() == delays.discretised_gamma_si(mean, sd, 40).tolist()


def test_the_shifted_gamma_is_the_gamma_delay_one_day_later():
    si = delays.discretised_gamma_si(5.1, 2.7, 30)
    delay = delays.discretised_delay("gamma", 4.1, 2.7, 29)
    assert si[1:] == pytest.approx(delay, rel=1e-12)


def test_the_far_tail_keeps_its_digits():
    tail = delays.discretised_gamma_si(5.1, 2.7, 120)[40:]
    assert (tail > 0).all()
    assert (np.diff(np.log(tail)) < 0).all()


@pytest.mark.parametrize("family", delays.FAMILIES)
def test_discretised_delays_keep_mean_and_variance(family):
    pmf = delays.discretised_delay(family, 6.4, 3.1)
    k = np.arange(len(pmf))
    mean = (pmf * k).sum()
    assert pmf.sum() == pytest.approx(1, abs=1e-8)
    assert mean == pytest.approx(6.4, rel=1e-6)
    # each end falls anywhere within its day, which adds a twelfth of a day squared twice
    assert (pmf * (k - mean) ** 2).sum() == pytest.approx(3.1**2 + 1 / 6, rel=1e-4)


def test_what_is_left_out_can_be_spread_over_the_rest():
    short = delays.discretised_delay("gamma", 6, 3, 8)
    whole = delays.discretised_delay("gamma", 6, 3, 8, whole=True)
    assert short.sum() < 0.9
    assert whole == pytest.approx(short / short.sum())


def test_convolution_adds_means():
    a, b = delays.discretised_delay("gamma", 5.2, 3.9), delays.discretised_delay("lognormal", 2.1, 1.0)
    both = delays.convolve(a, b)
    assert (both * np.arange(len(both))).sum() == pytest.approx(7.3, rel=1e-6)


def test_delayed_counts_one_by_one_and_in_a_panel():
    panel = np.random.default_rng(1).poisson(8, (4, 30))
    pmf = delays.discretised_delay("gamma", 5, 3)
    together = delays.delayed_counts(panel, pmf)
    for row, alone in zip(together, panel, strict=True):
        assert row == pytest.approx(delays.delayed_counts(alone, pmf), rel=1e-13)
        assert row == pytest.approx(np.convolve(alone, pmf)[:30], rel=1e-12)


def test_the_share_known_is_what_delays_leave():
    pmf = delays.discretised_delay("gamma", 3, 2)
    known = delays.share_known(pmf, 60)
    assert known[-1] == pytest.approx(pmf[0])
    assert known[0] == 1
    assert (np.diff(known) <= 0).all()


def test_drawn_serial_intervals_stay_within_their_ranges_and_repeat_with_their_seed():
    settings = {"mean_sd": 2.0, "mean_range": (4, 7), "sd_sd": 1.0, "sd_range": (1.5, 3.5)}
    draws = delays.sample_gamma_si(5, 2.5, n_draws=400, n=200, seed=3, **settings)
    k = np.arange(200)
    means = (draws * k).sum(axis=1)
    assert means.min() >= 4 - 1e-6
    assert means.max() <= 7 + 1e-6
    assert 5.1 < means.mean() < 5.6  # normal around 5 with sd 2 and the ends cut off: 5.36
    assert (draws == delays.sample_gamma_si(5, 2.5, n_draws=400, n=200, seed=3, **settings)).all()
    assert (draws != delays.sample_gamma_si(5, 2.5, n_draws=400, n=200, seed=4, **settings)).any()


def test_empirical_delays_cut_off_by_the_data_come_right():
    rng = np.random.default_rng(5)
    first = rng.integers(0, 30, 20_000)
    delay = rng.choice(6, 20_000, p=[0.1, 0.2, 0.3, 0.2, 0.15, 0.05])
    seen = first + delay <= 29
    corrected = delays.empirical_delay(delay[seen], followed_days=29 - first[seen])
    assert corrected == pytest.approx([0.1, 0.2, 0.3, 0.2, 0.15, 0.05], abs=0.012)
    assert corrected.sum() == pytest.approx(1)
    # in a growing epidemic most first events are recent, and the uncorrected delays are short
    recent = rng.uniform(size=20_000) < np.exp((first - 29) / 4)
    naive = delays.empirical_delay(delay[seen & recent])
    again = delays.empirical_delay(delay[seen & recent], followed_days=29 - first[seen & recent])
    assert (naive * np.arange(6)).sum() < 2.0
    assert (again * np.arange(6)).sum() == pytest.approx(2.25, abs=0.08)


@pytest.mark.parametrize("family", delays.FAMILIES)
def test_a_fit_finds_what_it_was_drawn_from(family):
    kind = delays._FAMILIES[family]
    a, b = kind.from_moments(np.float64(6.0), np.float64(3.0))
    sample = kind.quantile(np.random.default_rng(2).uniform(size=4000), a, b)
    exact = delays.fit_intervals(sample, sample, family=family)
    days = delays.fit_delay(
        np.zeros(4000), np.floor(sample + np.random.default_rng(3).uniform(size=4000)), family=family
    )
    for fit in (exact, days):
        assert fit.mean == pytest.approx(6.0, rel=0.03)
        assert fit.sd == pytest.approx(3.0, rel=0.06)
        assert fit.mean_interval[0] < fit.mean < fit.mean_interval[1]
        assert fit.quantile(0.5)[0] == pytest.approx(float(kind.quantile(np.float64(0.5), a, b)), rel=0.03)
        assert fit.pmf().sum() == pytest.approx(1, abs=1e-6)


def test_exact_delays_are_fitted_as_scipy_fits_them():
    sample = np.random.default_rng(8).gamma(3.0, 2.0, 300)
    shape, _, scale = stats.gamma.fit(sample, floc=0)
    fit = delays.fit_intervals(sample, sample, family="gamma")
    assert fit.parameters["shape"] == pytest.approx(shape, rel=1e-5)
    assert fit.parameters["scale"] == pytest.approx(scale, rel=1e-5)
    assert fit.log_likelihood == pytest.approx(stats.gamma.logpdf(sample, shape, scale=scale).sum())


def test_the_likelihood_of_two_ranges_of_days_is_the_integral_it_stands_for():
    """One record: exposure on days 0-2, onset on days 5-6, data cut at the end of day 9; lognormal."""
    m, s = 1.4, 0.5

    def chance(low, high):
        """Onset between two times, exposure anywhere in three days."""
        return integrate.quad(
            lambda e: (stats.norm.cdf((np.log(max(high - e, 1e-300)) - m) / s)
                       - stats.norm.cdf((np.log(max(low - e, 1e-300)) - m) / s)) / 3, 0, 3, epsabs=1e-13,
        )[0]  # fmt: skip

    one = [[0, 2]] * 2
    fit = delays.fit_delay([*one, [0, 0], [1, 1]], [[5, 6], [5, 6], [3, 3], [8, 8]], family="lognormal", as_of=9)
    m, s = fit.parameters["log_mean"], fit.parameters["log_sd"]
    by_hand = 2 * np.log(chance(5, 7) / chance(0, 10))
    for e, o in ((0, 3), (1, 8)):
        parts = [
            integrate.quad(
                lambda x, a=a, b=b: stats.norm.cdf((np.log(max(b - x, 1e-300)) - m) / s)
                - stats.norm.cdf((np.log(max(a - x, 1e-300)) - m) / s), e, e + 1, epsabs=1e-13,
            )[0]
            for a, b in ((o, o + 1), (e, 10))
        ]  # fmt: skip
        by_hand += np.log(parts[0] / parts[1])
    assert fit.log_likelihood == pytest.approx(by_hand, abs=1e-8)


def test_calendar_days_and_day_numbers_are_the_same_delay():
    first = np.array([0, 2, 3, 3, 5])
    second = np.array([4, 6, 9, 5, 8])
    start = np.datetime64("2020-01-20")
    numbers = delays.fit_delay(first, second, as_of=12)
    days = delays.fit_delay(start + first, start + second, as_of=start + 12)
    assert days.parameters == pytest.approx(numbers.parameters, rel=1e-9)


def test_still_waiting_makes_the_delay_longer():
    lower, upper = [2.0, 3, 4, 5], [3.0, 4, 5, 6]
    known = delays.fit_intervals(lower, upper)
    waiting = delays.fit_intervals([*lower, 8, 8], [*upper, np.inf, np.inf])
    assert waiting.mean > known.mean + 1


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: delays.discretised_gamma_si(1.0, 1), "mean"),
        (lambda: delays.discretised_gamma_si(2.6, 0), "sd"),
        (lambda: delays.discretised_gamma_si([2.6, 3], [1, 2, 3]), "sd"),
        (lambda: delays.discretised_gamma_si(2.6, 1.5, 0), "n"),
        (lambda: delays.discretised_delay("normal", 2, 1), "family"),
        (lambda: delays.discretised_delay("gamma", -2, 1), "mean"),
        (lambda: delays.convolve([0.5, 0.5], [0.5, 0.4]), "pmfs[1]"),
        (lambda: delays.convolve([1.0]), "pmfs"),
        (lambda: delays.delayed_counts([1, 2], [0.5, 0.4]), "delay_pmf"),
        (lambda: delays.delayed_counts([1, -2], [1.0]), "counts"),
        (lambda: delays.share_known([1.0], 0), "n_days"),
        (lambda: delays.empirical_delay([1, -1]), "delays"),
        (lambda: delays.empirical_delay([1, 2.5]), "delays"),
        (lambda: delays.empirical_delay([1, 2], followed_days=[1, 1]), "followed_days"),
        (lambda: delays.serial_intervals(["2020-01-01"], ["2020-01-02", "2020-01-03"]), "infectee_onset"),
        (lambda: delays.serial_intervals([None, None], ["2020-01-02", "2020-01-03"]), "infector_onset"),
        (lambda: delays.serial_intervals(["x", "y"], ["2020-01-02", "2020-01-03"]), "infector_onset"),
        (lambda: delays.fit_intervals([1, 2], [2, 1]), "upper"),
        (lambda: delays.fit_intervals([0, 2], [0, 3]), "lower"),
        (lambda: delays.fit_intervals([1, 2], [2, 3], longest_seen=[5, 1]), "longest_seen"),
        (lambda: delays.fit_intervals([3, 3, 3], [3, 3, 3]), "family"),
        (lambda: delays.fit_delay([3, 4], [2, 6]), "second"),
        (lambda: delays.fit_delay([3, 4], [5, 6], as_of=5), "as_of"),
        (lambda: delays.fit_delay(["2020-01-01", "2020-01-02"], [5, 6]), "second"),
        (lambda: delays.fit_delay([[3, 1], [4, 4]], [5, 6]), "first"),
        (
            lambda: delays.sample_gamma_si(5, 2, mean_sd=1, mean_range=(0.5, 7), sd_sd=1, sd_range=(1, 3), seed=1),
            "mean_range",
        ),
        (
            lambda: delays.sample_gamma_si(5, 2, mean_sd=1, mean_range=(2, 7), sd_sd=1, sd_range=(3, 1), seed=1),
            "sd_range",
        ),
    ],
)
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(EpiInputError) as refused:
        call()
    assert refused.value.argument == argument
