"""Delays between two events: serial intervals, incubation, onset to report, length of stay.

A delay distribution is one array, entry k the share at k days; index 0 is the same day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from lianfang.epi import _checks as check
from lianfang.epi._checks import EpiInputError


def discretised_gamma_si(mean: Any, sd: Any, n: int | None = None) -> np.ndarray:
    """Daily serial interval distribution from a gamma distribution shifted by one day.

    mean, sd : days; the mean is more than 1. Arrays (n_draws,) give one distribution a row.
    n : number of entries; without it, as many as leave out less than one in 10^10.
    Returns (n,), or (n_draws, n): entry k is the share of serial intervals of k days; entry 0 is 0, since cases with
    the same day of onset cannot be told from a common source. The entries beyond n are left out, not spread over the
    rest: with n too short the sum stays below 1, and what needs a whole distribution refuses it.

    The shift keeps day 0 empty, and both onsets fall anywhere within their day. Cori A, Ferguson NM, Fraser C,
    Cauchemez S. A new framework and software to estimate time-varying reproduction numbers during epidemics. Am J
    Epidemiol 2013;178:1505-12 (web appendix 11).

    >>> discretised_gamma_si(2.6, 1.5, 5).round(3)
    array([0.   , 0.233, 0.359, 0.198, 0.103])
    """
    mean, sd = check.float_array("mean", mean), check.float_array("sd", sd)
    if (mean <= 1).any():
        raise EpiInputError(
            "mean", "out_of_range", "must be more than 1 day, since a serial interval of 0 days is left out"
        )
    if (sd <= 0).any():
        raise EpiInputError("sd", "out_of_range", "must be more than 0 days")
    if mean.ndim > 1 or sd.ndim > 1:
        raise EpiInputError("mean" if mean.ndim > 1 else "sd", "wrong_shape", "must be one number or a list of numbers")
    try:
        mean, sd = np.broadcast_arrays(mean, sd)
    except ValueError:
        raise EpiInputError("sd", "wrong_shape", "must be one number or as many as mean") from None
    shape, scale = ((mean - 1) / sd) ** 2, sd**2 / (mean - 1)
    if n is None:
        n = int(np.max(special.gammainccinv(shape, 1e-10) * scale)) + 4
    n = check.whole_number("n", n, at_least=1)
    return _day_shares(
        _gamma_integrals(shape[..., None], scale[..., None]), shape[..., None] * scale[..., None], n, shift=1
    )


def sample_gamma_si(
    mean: float,
    sd: float,
    *,
    mean_sd: float,
    mean_range: tuple[float, float],
    sd_sd: float,
    sd_range: tuple[float, float],
    n_draws: int = 500,
    n: int | None = None,
    seed: int,
) -> np.ndarray:
    """Serial interval distributions drawn around an uncertain mean and an uncertain sd, for `estimate_rt_uncertain_si`.

    mean, mean_sd, mean_range : days; the mean is normal around `mean`, cut off at the two ends of the range (from 1 up).
    sd, sd_sd, sd_range : the same for the standard deviation.
    n_draws, n : number of draws, and of entries of each.
    seed : the same seed gives the same draws.
    Returns (n_draws, n), one distribution a row as in `discretised_gamma_si`.

    >>> sample_gamma_si(
    ...     2.6, 1.5, mean_sd=1, mean_range=(1.5, 4.2), sd_sd=0.5, sd_range=(0.5, 2.5), n_draws=3, seed=1
    ... ).shape[0]
    3
    """
    generator = np.random.default_rng(check.whole_number("seed", seed, at_least=0))
    n_draws = check.whole_number("n_draws", n_draws, at_least=1)

    def between(name: str, centre: float, spread: float, limits: Any, least: float) -> np.ndarray:
        centre, spread = check.number(name, centre), check.number(f"{name}_sd", spread, above=0)
        ends = check.float_array(f"{name}_range", limits)
        if ends.shape != (2,) or not least <= ends[0] < ends[1]:
            raise EpiInputError(
                f"{name}_range", "out_of_range", f"must be two numbers of days, rising, from {least:g} up"
            )
        low, high = special.ndtr((ends - centre) / spread)
        if high - low < 1e-12:
            raise EpiInputError(
                f"{name}_range", "out_of_range", f"must lie where {name} can be, around {centre:g} ± {spread:g}"
            )
        return np.clip(centre + spread * special.ndtri(generator.uniform(low, high, n_draws)), *ends)

    means = between("mean", mean, mean_sd, mean_range, 1.0)
    sds = between("sd", sd, sd_sd, sd_range, 0.0)
    return discretised_gamma_si(np.maximum(means, 1 + 1e-9), np.maximum(sds, 1e-9), n)


# Each family in its two parameters on an unbounded scale, and three functions of time for them. The integral of the
# distribution function from 0 to x is what delays between two days need: each event falls anywhere within its day.


@dataclass(frozen=True)
class _Family:
    parameters: tuple[str, str]
    log_density: Callable[[Any, Any, Any], np.ndarray]
    below: Callable[[Any, Any, Any], np.ndarray]  # distribution function
    above: Callable[[Any, Any, Any], np.ndarray]  # its complement
    partial_mean_below: Callable[[Any, Any, Any], np.ndarray]  # share of the mean that delays below x make up
    partial_mean_above: Callable[[Any, Any, Any], np.ndarray]
    moments: Callable[[Any, Any], tuple[Any, Any]]
    from_moments: Callable[[Any, Any], tuple[Any, Any]]
    quantile: Callable[[Any, Any, Any], Any]


def _log(x: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(x)


def _weibull_from_moments(mean: Any, sd: Any) -> tuple[Any, Any]:
    """Shape by bisection on its logarithm: the coefficient of variation falls as the shape rises."""
    wanted = np.log1p((sd / mean) ** 2)
    low, high = np.full(np.shape(wanted), -3.5), np.full(np.shape(wanted), 8.0)
    for _ in range(80):
        middle = (low + high) / 2
        inverse = np.exp(-middle)
        found = special.gammaln(1 + 2 * inverse) - 2 * special.gammaln(1 + inverse)
        low, high = np.where(found > wanted, middle, low), np.where(found > wanted, high, middle)
    shape = np.exp((low + high) / 2)
    return shape, mean / special.gamma(1 + 1 / shape)


_FAMILIES = {
    "gamma": _Family(
        parameters=("shape", "scale"),
        log_density=lambda x, a, b: special.xlogy(a - 1, x / b) - x / b - special.gammaln(a) - _log(b),
        below=lambda x, a, b: special.gammainc(a, x / b),
        above=lambda x, a, b: special.gammaincc(a, x / b),
        partial_mean_below=lambda x, a, b: special.gammainc(a + 1, x / b),
        partial_mean_above=lambda x, a, b: special.gammaincc(a + 1, x / b),
        moments=lambda a, b: (a * b, np.sqrt(a) * b),
        from_moments=lambda mean, sd: ((mean / sd) ** 2, sd**2 / mean),
        quantile=lambda p, a, b: special.gammaincinv(a, p) * b,
    ),
    "lognormal": _Family(
        parameters=("log_mean", "log_sd"),
        log_density=lambda x, m, s: -0.5 * ((_log(x) - m) / s) ** 2 - _log(x) - _log(s) - 0.5 * np.log(2 * np.pi),
        below=lambda x, m, s: special.ndtr((_log(x) - m) / s),
        above=lambda x, m, s: special.ndtr((m - _log(x)) / s),
        partial_mean_below=lambda x, m, s: special.ndtr((_log(x) - m) / s - s),
        partial_mean_above=lambda x, m, s: special.ndtr(s - (_log(x) - m) / s),
        moments=lambda m, s: (np.exp(m + s**2 / 2), np.exp(m + s**2 / 2) * np.sqrt(np.expm1(s**2))),
        from_moments=lambda mean, sd: (
            np.log(mean) - np.log1p((sd / mean) ** 2) / 2,
            np.sqrt(np.log1p((sd / mean) ** 2)),
        ),
        quantile=lambda p, m, s: np.exp(m + s * special.ndtri(p)),
    ),
    "weibull": _Family(
        parameters=("shape", "scale"),
        log_density=lambda x, k, c: _log(k / c) + special.xlogy(k - 1, x / c) - (x / c) ** k,
        below=lambda x, k, c: -np.expm1(-((x / c) ** k)),
        above=lambda x, k, c: np.exp(-((x / c) ** k)),
        partial_mean_below=lambda x, k, c: special.gammainc(1 + 1 / k, (x / c) ** k),
        partial_mean_above=lambda x, k, c: special.gammaincc(1 + 1 / k, (x / c) ** k),
        moments=lambda k, c: (
            c * special.gamma(1 + 1 / k),
            c * np.sqrt(np.maximum(special.gamma(1 + 2 / k) - special.gamma(1 + 1 / k) ** 2, 0)),
        ),
        from_moments=_weibull_from_moments,
        quantile=lambda p, k, c: c * (-np.log1p(-p)) ** (1 / k),
    ),
}
FAMILIES = tuple(_FAMILIES)

_Integrals = tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]


def _integrals(family: _Family, a: Any, b: Any) -> _Integrals:
    """Integral of the distribution function from 0 to x, and of its complement from x on; x in days, 0 or more."""
    mean = family.moments(a, b)[0]

    def below(x: np.ndarray) -> np.ndarray:
        return x * family.below(x, a, b) - mean * family.partial_mean_below(x, a, b)

    def above(x: np.ndarray) -> np.ndarray:
        return mean * family.partial_mean_above(x, a, b) - x * family.above(x, a, b)

    return below, above


def _gamma_integrals(shape: np.ndarray, scale: np.ndarray) -> _Integrals:
    return _integrals(_FAMILIES["gamma"], shape, scale)


def _day_shares(integrals: _Integrals, mean: np.ndarray, n: int, *, shift: int) -> np.ndarray:
    """Share of delays of k = 0..n-1 days when both events fall anywhere within their day.

    With H(x) the integral of the distribution function up to x, the share at k is H(k+1) - 2 H(k) + H(k-1). Below the
    mean it is taken from the distribution function, above from its complement, so that neither loses digits.
    """
    x = np.arange(-1, n + 1, dtype=float) - shift
    positive = np.maximum(x, 0)
    below, above = (integral(positive) for integral in integrals)
    above = above - np.minimum(x, 0)  # before 0 the complement is 1, and its integral a straight line
    share = np.where(x[1:-1] < mean, *(h[..., 2:] - 2 * h[..., 1:-1] + h[..., :-2] for h in (below, above)))
    share[..., :shift] = 0
    return np.maximum(share, 0)


def discretised_delay(family: str, mean: float, sd: float, n: int | None = None, *, whole: bool = False) -> np.ndarray:
    """Daily distribution of a delay between two events, from a continuous one.

    family : "gamma", "lognormal" or "weibull".
    mean, sd : of the time between the two events, days.
    n : number of entries; without it, as many as leave out less than one in 10^10 (at most 3,660).
    whole : spread what n leaves out over the entries, so that they sum to 1.
    Returns (n,): entry k is the share of pairs of days k apart; entry 0 is the same day. Both events fall anywhere within
    their day, so that a delay of 12 hours ends on the same day half of the time.

    Reich NG, Lessler J, Cummings DAT, Brookmeyer R. Estimating incubation period distributions with coarse data. Stat
    Med 2009;28:2769-84.

    >>> discretised_delay("lognormal", 5.2, 3.9, 6).round(3)
    array([0.003, 0.065, 0.156, 0.173, 0.149, 0.115])
    """
    kind = _FAMILIES[check.choice("family", family, FAMILIES)]
    mean, sd = check.number("mean", mean, above=0), check.number("sd", sd, above=0)
    a, b = kind.from_moments(np.float64(mean), np.float64(sd))
    if n is None:
        n = min(int(kind.quantile(np.float64(1 - 1e-10), a, b)) + 3, 3660)
    share = _day_shares(_integrals(kind, a, b), np.asarray(mean), check.whole_number("n", n, at_least=1), shift=0)
    if whole:
        if share.sum() == 0:
            raise EpiInputError("n", "too_short", "must reach as far as some delays do")
        share = share / share.sum()
    return share


def convolve(*pmfs: Any) -> np.ndarray:
    """Distribution of the sum of independent delays, such as incubation and onset to report.

    pmfs : two or more distributions, entry k of each the share at k days.
    Returns as many entries as all of them together can need; entry 0 is the same day.

    >>> convolve([0.5, 0.5], [0, 1.0])
    array([0. , 0.5, 0.5])
    """
    if len(pmfs) < 2:
        raise EpiInputError("pmfs", "too_short", "must be two distributions or more")
    total = np.ones(1)
    for i, shares in enumerate(pmfs):
        total = np.convolve(total, check.pmf(f"pmfs[{i}]", shares))
    return total


def delayed_counts(counts: Any, delay_pmf: Any) -> np.ndarray:
    """Expected counts of a later event by day, from the counts of an earlier one.

    counts : (n_days,) or (n_series, n_days) events by day, oldest day first. Nothing is taken to have happened before
        index 0, so the first days are too low by what came from before.
    delay_pmf : (n_delays,) entry k the share whose later event follows k days after; entry 0 is the same day.
    Returns the shape of counts; what falls after the last day is left out.

    >>> delayed_counts([10, 0, 4], [0.5, 0.3, 0.2])
    array([5., 3., 4.])
    """
    panel, alone = check.counts_panel("counts", counts)
    shares = check.pmf("delay_pmf", delay_pmf)
    n_days = panel.shape[1]
    lag = np.arange(n_days)[None, :] - np.arange(n_days)[:, None]
    kernel = np.where((lag >= 0) & (lag < len(shares)), shares[np.clip(lag, 0, len(shares) - 1)], 0.0)
    out = panel @ kernel
    return out[0] if alone else out


def share_known(delay_pmf: Any, n_days: int) -> np.ndarray:
    """Share of each day's events that is known by the end of the last day.

    delay_pmf : (n_delays,) entry k the share that becomes known k days after; entry 0 is the same day.
    n_days : days up to the data cut. Returns (n_days,), oldest day first; the last entry is the day of the cut.

    >>> share_known([0.5, 0.3, 0.2], 4)
    array([1. , 1. , 0.8, 0.5])
    """
    shares = check.pmf("delay_pmf", delay_pmf)
    n_days = check.whole_number("n_days", n_days, at_least=1)
    known = np.minimum(np.cumsum(shares), 1)
    known[-1] = 1.0
    return known[np.minimum(np.arange(n_days), len(known) - 1)][::-1]


def empirical_delay(delays: Any, *, followed_days: Any = None, n: int | None = None) -> np.ndarray:
    """Distribution of observed delays, corrected for delays that were still too long to be seen.

    delays : (n_records,) whole days from the first event to the second, 0 or more.
    followed_days : (n_records,) the longest delay that could have been seen for each record by the data cut (cut minus
        day of the first event). Not given, nothing was cut off.
    n : number of entries; the longest delay plus one when not given.
    Returns (n,): entry k the share at k days, among delays no longer than the longest that could be seen.

    With followed_days, the share at k days among delays up to k is estimated from the records followed for k days or
    more, and these are multiplied from the longest delay down. Lagakos SW, Barraj LM, De Gruttola V. Nonparametric
    analysis of truncated survival data, with application to AIDS. Biometrika 1988;75:515-23.

    >>> empirical_delay([0, 1, 1, 2])
    array([0.25, 0.5 , 0.25])
    >>> empirical_delay([0, 0, 1, 0], followed_days=[1, 1, 1, 0])
    array([0.66666667, 0.33333333])
    """
    days = check.whole_numbers("delays", check.not_negative("delays", check.float_array("delays", delays)))
    if days.ndim != 1 or not days.size:
        raise EpiInputError("delays", "wrong_shape", "must be a list of days, one a record")
    longest = int(days.max())
    n = longest + 1 if n is None else check.whole_number("n", n, at_least=longest + 1)
    seen = np.bincount(days.astype(int), minlength=n).astype(float)
    if followed_days is None:
        return seen / seen.sum()
    limit = check.whole_numbers("followed_days", check.like("followed_days", followed_days, days.shape, "delays"))
    if (limit < days).any():
        raise EpiInputError("followed_days", "out_of_range", "must be at least the delay that was seen")
    k = np.arange(n)
    at_risk = np.array([((days <= j) & (limit >= j)).sum() for j in k], dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(at_risk > 0, seen / at_risk, 0.0)
    hazard[0] = 1.0
    not_longer = np.concatenate([np.cumprod((1 - hazard)[:0:-1])[::-1], [1.0]])  # chance of a delay of at most k
    return hazard * not_longer


@dataclass(frozen=True, eq=False)
class SerialIntervals:
    """Days from the onset of the infector to the onset of the infectee, pair by pair.

    days : (n_usable,) negative when the infectee fell ill first.
    n_pairs, n_usable, n_negative : pairs given, pairs with both onsets, pairs below 0.
    mean, sd : days. mean_interval : from the t distribution, pairs taken as independent.
    """

    days: np.ndarray
    n_pairs: int
    n_usable: int
    n_negative: int
    mean: float
    sd: float
    mean_interval: tuple[float, float]

    def pmf(self) -> np.ndarray:
        """Daily distribution of the intervals of 1 day or more, as renewal methods need; entry 0 is 0, the sum 1.

        Intervals of 0 days or less are left out, which raises the mean: read it beside `mean`.
        """
        positive = self.days[self.days >= 1].astype(int)
        if not positive.size:
            raise EpiInputError("days", "empty", "must hold an interval of 1 day or more")
        return np.bincount(positive) / positive.size


def serial_intervals(infector_onset: Any, infectee_onset: Any, *, level: float = 0.95) -> SerialIntervals:
    """Serial intervals of transmission pairs.

    infector_onset, infectee_onset : (n_pairs,) days of onset; None or NaT when not known, which leaves the pair out.
    level : of the interval of the mean.

    Pairs found while an epidemic grows are short ones more often than not, since long intervals have yet to end; these
    are the intervals as observed, not corrected for it (`fit_delay` with `as_of` corrects a fit).

    >>> found = serial_intervals(["2020-01-20", "2020-01-21", None], ["2020-01-25", "2020-01-20", "2020-01-30"])
    >>> found.days, found.n_negative, found.mean
    (array([ 5, -1]), 1, 2.0)
    """
    first = check.days_array("infector_onset", infector_onset, missing=True)
    second = check.days_array("infectee_onset", infectee_onset, missing=True)
    if first.ndim != 1 or first.shape != second.shape:
        raise EpiInputError("infectee_onset", "wrong_shape", "must be a list of days as long as infector_onset")
    both = ~np.isnat(first) & ~np.isnat(second)
    if both.sum() < 2:
        raise EpiInputError("infector_onset", "too_short", "must give two pairs or more with both onsets known")
    days = (second[both] - first[both]).astype(np.int64)
    mean, sd, n = float(days.mean()), float(days.std(ddof=1)), len(days)
    reach = float(special.stdtrit(n - 1, 0.5 + check.number("level", level, above=0, below=1) / 2)) * sd / n**0.5
    return SerialIntervals(days, len(first), n, int((days < 0).sum()), mean, sd, (mean - reach, mean + reach))


@dataclass(frozen=True, eq=False)
class DelayFit:
    """A continuous delay distribution fitted by maximum likelihood.

    family : "gamma", "lognormal" or "weibull".
    parameters : its two parameters by name; standard_errors by the same names.
    mean, sd : days; mean_interval, sd_interval : by the delta method on the logarithm.
    log_likelihood, aic : to compare families on the same records.
    n : records.
    """

    family: str
    parameters: dict[str, float]
    standard_errors: dict[str, float]
    mean: float
    sd: float
    mean_interval: tuple[float, float]
    sd_interval: tuple[float, float]
    log_likelihood: float
    aic: float
    n: int
    _covariance: np.ndarray
    _level: float

    def quantile(self, p: float) -> tuple[float, float, float]:
        """Delay in days that a share p does not exceed, with its interval (delta method on the logarithm)."""
        p = float(check.probabilities("p", p)[0])
        kind = _FAMILIES[self.family]
        return _delta(
            lambda t: float(kind.quantile(np.float64(p), *_natural(self.family, t))),
            self._at(),
            self._covariance,
            self._level,
        )

    def pmf(self, n: int | None = None) -> np.ndarray:
        """Daily distribution, as `discretised_delay`."""
        return discretised_delay(self.family, self.mean, self.sd, n)

    def _at(self) -> np.ndarray:
        return _unbounded(self.family, *self.parameters.values())


def _natural(family: str, theta: np.ndarray) -> tuple[Any, Any]:
    return (theta[0], np.exp(theta[1])) if family == "lognormal" else (np.exp(theta[0]), np.exp(theta[1]))


def _unbounded(family: str, a: Any, b: Any) -> np.ndarray:
    return np.array([a, np.log(b)]) if family == "lognormal" else np.log([a, b])


def _delta(
    of: Callable[[np.ndarray], float], at: np.ndarray, covariance: np.ndarray, level: float
) -> tuple[float, float, float]:
    """A positive function of the parameters, with the interval of its logarithm."""
    value = of(at)
    step = 1e-5
    gradient = np.array([(np.log(of(at + step * e)) - np.log(of(at - step * e))) / (2 * step) for e in np.eye(len(at))])
    reach = float(special.ndtri(0.5 + level / 2) * np.sqrt(max(gradient @ covariance @ gradient, 0)))
    return value, value * float(np.exp(-reach)), value * float(np.exp(reach))


def fit_intervals(
    lower: Any, upper: Any, *, family: str = "gamma", longest_seen: Any = None, level: float = 0.95
) -> DelayFit:
    """Fit a delay distribution to delays of which each is known to lie between two bounds.

    lower, upper : (n_records,) days; equal when the delay is known exactly; upper infinite when only a lower bound is
        known (still waiting).
    family : "gamma", "lognormal" or "weibull".
    longest_seen : (n_records,) the longest delay for which the record would have been there (right truncation). A record
        counts by its chance among delays up to that.
    level : of the intervals.

    >>> fit = fit_intervals([1, 2, 2, 3, 4, 6], [2, 3, 3, 4, 5, 8], family="gamma")
    >>> round(fit.mean, 2), round(fit.sd, 2)
    (3.55, 1.67)
    """
    check.choice("family", family, FAMILIES)
    low = check.not_negative("lower", check.float_array("lower", lower))
    raw = np.asarray(upper, dtype=float) if np.asarray(upper).dtype.kind in "biufO" else upper
    waiting = np.isposinf(raw) if isinstance(raw, np.ndarray) else np.False_
    high = check.like("upper", np.where(waiting, 0, raw), low.shape, "lower")
    high = np.where(waiting, np.inf, high)
    if low.ndim != 1 or low.size < 2:
        raise EpiInputError("lower", "wrong_shape", "must be a list of two records or more")
    if (high < low).any():
        raise EpiInputError("upper", "out_of_range", f"must not be below lower (record {int(np.argmax(high < low))})")
    exact = low == high
    if (exact & (low == 0)).any():
        raise EpiInputError("lower", "out_of_range", "must be above 0 where the delay is known exactly")
    limit = None
    if longest_seen is not None:
        limit = check.like("longest_seen", longest_seen, low.shape, "lower")
        if (limit < np.where(waiting, low, high)).any() or waiting.any():
            raise EpiInputError("longest_seen", "out_of_range", "must be at least upper, and upper must be finite")
    kind = _FAMILIES[family]

    def log_likelihood(a: Any, b: Any) -> np.ndarray:
        mean = kind.moments(a, b)[0]
        late = low > mean
        share = np.where(
            late, kind.above(low, a, b) - kind.above(high, a, b), kind.below(high, a, b) - kind.below(low, a, b)
        )
        each = np.where(exact, kind.log_density(np.where(exact, low, 1.0), a, b), _log(np.maximum(share, 1e-300)))
        if limit is not None:
            each = each - _log(np.maximum(kind.below(limit, a, b), 1e-300))
        return each

    middle = np.where(waiting, low * 1.5 + 0.5, (low + np.where(waiting, low, high)) / 2)
    return _fit(family, log_likelihood, middle, level)


def fit_delay(first: Any, second: Any, *, family: str = "gamma", as_of: Any = None, level: float = 0.95) -> DelayFit:
    """Fit the distribution of the time between two events of which only the days, or ranges of days, are known.

    first, second : (n_records,) day of each event, or (n_records, 2) its first and last possible day: dates, or whole
        day numbers. The event falls anywhere between the start of the first and the end of the last day. The second event
        does not come before the first: where their ranges overlap, only that part counts.
    family : "gamma", "lognormal" or "weibull".
    as_of : the data cut, a day of the same kind. Given, each record counts by its chance among delays that could be known
        by the end of that day. Without it, delays cut off by the end of the data make the fit too short.
    level : of the intervals.

    Likelihood of doubly interval-censored, right-truncated delays: Reich NG, Lessler J, Cummings DAT, Brookmeyer R. Stat
    Med 2009;28:2769-84; Linton NM et al. Incubation period and other epidemiological characteristics of 2019 novel
    coronavirus infections with right truncation. J Clin Med 2020;9:538.

    >>> fit = fit_delay([0, 0, 1, 2, 2], [4, 6, 4, 9, 5], family="gamma")
    >>> round(fit.mean, 1), fit.n
    (4.6, 5)
    """
    check.choice("family", family, FAMILIES)
    e0, e1, origin = _day_ranges("first", first, None)
    s0, s1, _ = _day_ranges("second", second, origin)
    if e0.shape != s0.shape:
        raise EpiInputError("second", "wrong_shape", f"must have as many records as first, {len(e0)}, not {len(s0)}")
    if len(e0) < 2:
        raise EpiInputError("first", "wrong_shape", "must be a list of two records or more")
    if (s1 <= e0).any():
        raise EpiInputError("second", "out_of_range", f"must not end before first (record {int(np.argmax(s1 <= e0))})")
    cut = None
    if as_of is not None:
        cut = _day_ranges("as_of", [as_of], origin)[1]
        if (s1 > cut).any() or (e1 > cut).any():
            raise EpiInputError("as_of", "out_of_range", "must not come before the last day of a record")
    kind = _FAMILIES[family]

    def log_likelihood(a: Any, b: Any) -> np.ndarray:
        mean = kind.moments(a, b)[0]
        below, above = _integrals(kind, a, b)

        def integral(x: np.ndarray, late: np.ndarray) -> np.ndarray:
            positive = np.maximum(x, 0)
            return np.where(late, above(positive) - np.minimum(x, 0), below(positive))

        late = s0 - e1 > mean  # far out the complement keeps the digits that the distribution function loses
        area = (
            integral(s1 - e0, late) - integral(s1 - e1, late) - integral(s0 - e0, late) + integral(s0 - e1, late)
        ) / (e1 - e0)
        each = _log(np.maximum(area, 1e-300))
        if cut is not None:
            seen = below(cut - e0) - below(cut - e1)
            each = each - _log(np.maximum(seen / (e1 - e0), 1e-300))
        return each

    return _fit(family, log_likelihood, np.maximum((s0 + s1 - e0 - e1) / 2, 0.25), level)


def _day_ranges(name: str, x: Any, origin: np.datetime64 | None) -> tuple[np.ndarray, np.ndarray, np.datetime64 | None]:
    """Start of the first and end of the last day, in days; calendar days count from the earliest first event."""
    a = np.asarray(x)
    if a.dtype.kind in "biuf":
        if origin is not None:
            raise EpiInputError(name, "not_days", "must be calendar days, as first is")
        values = check.whole_numbers(name, check.float_array(name, a))
    else:
        days = check.days_array(name, x)
        origin = days.min() if origin is None and days.size else origin
        values = (days - origin).astype(float)
    if values.ndim not in (1, 2) or (values.ndim == 2 and values.shape[1] != 2):
        raise EpiInputError(name, "wrong_shape", "must be a list of days, or of two days a record")
    start, end = (values, values + 1) if values.ndim == 1 else (values[:, 0], values[:, 1] + 1)
    if (end <= start).any():
        raise EpiInputError(
            name, "out_of_range", f"must not end before it starts (record {int(np.argmax(end <= start))})"
        )
    return start, end, origin


def _fit(family: str, log_likelihood: Callable[[Any, Any], np.ndarray], middle: np.ndarray, level: float) -> DelayFit:
    level = check.number("level", level, above=0, below=1)
    kind = _FAMILIES[family]
    mean = max(float(middle.mean()), 0.1)
    start = _unbounded(family, *kind.from_moments(np.float64(mean), np.float64(max(float(middle.std()), mean / 10))))

    def cost(theta: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            value = -float(log_likelihood(*_natural(family, np.clip(theta, -30, 30))).sum())
        return value if np.isfinite(value) else 1e300

    from scipy import optimize  # half a second to load, and only fits need it

    theta = optimize.minimize(
        cost, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-4, "maxiter": 2000}
    ).x
    for _ in range(20):  # Newton steps take the last digits
        gradient, hessian = _curvature(cost, theta)
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:
            break
        if not np.isfinite(step).all() or np.abs(step).max() > 0.1 or cost(theta - step) > cost(theta) + 1e-9:
            break
        theta = theta - step
        if np.abs(step).max() < 1e-7:
            break
    hessian = _curvature(cost, theta)[1]
    if np.linalg.eigvalsh(hessian).min() <= 1e-8 or np.abs(theta).max() > 25:
        raise EpiInputError(
            "family", "no_fit", f"{family} does not settle on these records; they are too few or all alike, try another"
        )
    covariance = np.linalg.inv(hessian)
    a, b = (float(v) for v in _natural(family, theta))
    slope = np.array([1.0 if family == "lognormal" else a, b])  # from the unbounded scale to the parameters
    errors = np.sqrt(np.diag(covariance)) * slope
    mean, *mean_interval = _delta(lambda t: float(kind.moments(*_natural(family, t))[0]), theta, covariance, level)
    sd, *sd_interval = _delta(lambda t: float(kind.moments(*_natural(family, t))[1]), theta, covariance, level)
    highest = -cost(theta)
    return DelayFit(
        family=family,
        parameters=dict(zip(kind.parameters, (a, b), strict=True)),
        standard_errors=dict(zip(kind.parameters, errors.tolist(), strict=True)),
        mean=mean,
        sd=sd,
        mean_interval=(mean_interval[0], mean_interval[1]),
        sd_interval=(sd_interval[0], sd_interval[1]),
        log_likelihood=highest,
        aic=4 - 2 * highest,
        n=len(middle),
        _covariance=covariance,
        _level=level,
    )


def _curvature(of: Callable[[np.ndarray], float], at: np.ndarray, step: float = 1e-4) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and matrix of second derivatives by central differences."""
    i, j = step * np.eye(2)
    middle = of(at)
    ends = [(of(at + e), of(at - e)) for e in (i, j)]
    gradient = np.array([(p - m) / (2 * step) for p, m in ends])
    cross = (of(at + i + j) - of(at + i - j) - of(at - i + j) + of(at - i - j)) / (4 * step**2)
    diagonal = [(p - 2 * middle + m) / step**2 for p, m in ends]
    return gradient, np.array([[diagonal[0], cross], [cross, diagonal[1]]])
