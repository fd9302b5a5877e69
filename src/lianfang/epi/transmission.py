"""How fast an epidemic passes from case to case: reproduction numbers by day, by case, early on, and between chains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from lianfang.epi import _checks as check
from lianfang.epi._checks import EpiInputError
from lianfang.epi.series import growth_rate


@dataclass(frozen=True, eq=False)
class RtEstimate:
    """Reproduction number by window of days, of one series or of each series of a panel.

    start, end : (n_windows,) first and last day of each window as an index into the counts, both inside the window.
    mean, sd : (n_windows,) or (n_series, n_windows); NaN where the method gives no estimate.
    quantiles : the same with one more axis, entry j the quantile at levels[j].
    levels : (n_levels,)
    cases : local cases in the window, the ground the estimate stands on.
    """

    start: np.ndarray
    end: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    quantiles: np.ndarray
    levels: np.ndarray
    cases: np.ndarray

    def quantile(self, level: float) -> np.ndarray:
        """The quantile at one of the levels that were asked for."""
        at = np.flatnonzero(np.isclose(self.levels, level))
        if not len(at):
            raise EpiInputError("level", "unknown_choice", f"must be one of {self.levels.tolist()}, is {level}")
        return self.quantiles[..., at[0]]


def infectivity(counts: Any, si_pmf: Any) -> np.ndarray:
    """Infection pressure of each day: the cases of the days before, weighted by the serial interval.

    counts : (n_days,) or (n_series, n_days) all cases by day of onset, local and imported, oldest day first.
    si_pmf : (n_lags,) entry k the share of serial intervals of k days; entry 0 is 0, the sum 1.
    Returns the shape of counts, in cases per day; index 0 is NaN, since nothing is known of the days before.

    >>> infectivity([10, 0, 0, 5], [0, 0.6, 0.4])
    array([nan,  6.,  4.,  0.])
    """
    panel, alone = check.counts_panel("counts", counts)
    pressure = _pressure(panel, check.pmf("si_pmf", si_pmf, zero_at_0=True))
    pressure[:, 0] = np.nan
    return pressure[0] if alone else pressure


def _pressure(panel: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum over k >= 1 of weights[k] * panel[:, t - k], as matrix products over blocks of days."""
    n_days = panel.shape[1]
    reach = min(len(weights), n_days) - 1
    out = np.zeros_like(panel)
    if reach < 1:
        return out
    block = max(256, reach)
    for first in range(1, n_days, block):
        last = min(first + block, n_days)
        past = max(first - reach, 0)
        lag = np.arange(first, last)[None, :] - np.arange(past, last - 1)[:, None]
        kernel = np.where((lag >= 1) & (lag <= reach), weights[np.clip(lag, 0, reach)], 0.0)
        out[:, first:last] = panel[:, past : last - 1] @ kernel
    return out


def _windows(n_days: int, window: Any, windows: Any, *, earliest: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """First and last day of each window; where earliest is 1, the first day of the series belongs to none."""
    if windows is None:
        window = check.whole_number("window", window, at_least=1)
        if window > n_days - 1:
            raise EpiInputError(
                "window",
                "before_data",
                f"must fit into the {n_days - 1} days after the first of counts, is {window} days",
            )
        start = np.arange(1, n_days - window + 1)
        return start, start + window - 1
    try:
        start, end = (check.whole_numbers("windows", np.atleast_1d(check.float_array("windows", w))) for w in windows)
    except (TypeError, ValueError) as error:
        if isinstance(error, EpiInputError):
            raise
        raise EpiInputError("windows", "wrong_shape", "must be two lists, first days and last days") from None
    if start.shape != end.shape or start.ndim != 1 or not start.size:
        raise EpiInputError("windows", "wrong_shape", "must be two lists of equal length, first days and last days")
    if (start < earliest).any():
        why = "; index 0 has no day before it" if earliest else ", the first day of counts"
        raise EpiInputError("windows", "before_data", f"must start at index {earliest} or later{why}")
    if (end < start).any():
        raise EpiInputError("windows", "out_of_range", "must not end before they start")
    if (end >= n_days).any():
        raise EpiInputError(
            "windows", "after_data", f"must end at index {n_days - 1} or before, the last day of counts"
        )
    return start.astype(int), end.astype(int)


def _window_sums(panel: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Sum of each window. Adds the days themselves: differences of running sums lose digits after a large wave."""
    width = end - start + 1
    if (width == width[0]).all() and (np.diff(start) == 1).all():
        out = panel[:, start[0] : start[-1] + 1].copy()
        for shift in range(1, width[0]):
            out += panel[:, start[0] + shift : start[-1] + 1 + shift]
        return out
    return np.stack([panel[:, a : b + 1].sum(axis=1) for a, b in zip(start, end, strict=True)], axis=1)


def _gamma_quantiles(prior_shape: float, cases: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles of gamma distributions of scale 1 and shape prior_shape + cases, on a new last axis.

    Counts repeat: each different sum is inverted once and looked up for the rest, which is exact.
    """
    if cases.size and (cases == np.floor(cases)).all() and cases.max() < 1e8:
        # a table over all sums up to the largest, unless that would be mostly unused
        if cases.max() < 4 * cases.size + 10_000:
            index = cases.astype(np.intp)
            present = np.flatnonzero(np.bincount(index.ravel()))
            table = np.empty((int(present[-1]) + 1, len(levels)))
            table[present] = special.gammaincinv((prior_shape + present)[:, None], levels)
        else:
            present, index = np.unique(cases, return_inverse=True)
            index = index.reshape(cases.shape)
            table = special.gammaincinv((prior_shape + present)[:, None], levels)
        out = np.empty((*cases.shape, len(levels)))
        np.take(table, index, axis=0, out=out, mode="clip")
        return out
    return special.gammaincinv((prior_shape + cases)[..., None], levels)


def estimate_rt(
    counts: Any,
    si_pmf: Any,
    *,
    window: int = 7,
    windows: Any = None,
    prior_mean: float = 5,
    prior_sd: float = 5,
    imported: Any = None,
    observed: Any = None,
    quantiles: Any = (0.025, 0.5, 0.975),
) -> RtEstimate:
    """Instantaneous reproduction number: how many new cases each case of the days before is causing now.

    counts : (n_days,) or (n_series, n_days) all cases by day of onset, oldest day first; index 0 is the first day of the
        epidemic, whose cases are taken as imported. Days still to be reported make the last windows too low: correct
        them first (nowcast) or leave them out.
    si_pmf : (n_lags,) entry k the share of serial intervals of k days; entry 0 is 0, the sum 1.
    window : days in each window; windows end on each day from index `window` on.
    windows : instead, (starts, ends), index of the first and last day of each window, from 1 on.
    prior_mean, prior_sd : of the gamma prior of the reproduction number. Where few can have infected, the answer stays
        near the prior.
    imported : shape of counts; of these, the cases infected elsewhere. They infect, but were not infected here.
    observed : shape of counts, False on days that were filled in (`series.fill_missing`): they infect later cases, but
        are no evidence themselves.
    quantiles : levels of the posterior.

    A window that ends within the first mean serial interval has no estimate (NaN); so has one without an observed day.

    Cori A, Ferguson NM, Fraser C, Cauchemez S. A new framework and software to estimate time-varying reproduction
    numbers during epidemics. Am J Epidemiol 2013;178:1505-12. Imported cases: Thompson RN et al. Improved inference of
    time-varying reproduction numbers during infectious disease outbreaks. Epidemics 2019;29:100356.

    >>> rt = estimate_rt([2, 3, 4, 6, 9, 13, 19, 28, 42], [0, 0.3, 0.4, 0.3], window=4)
    >>> rt.end
    array([4, 5, 6, 7, 8])
    >>> rt.mean.round(2)
    array([2.35, 2.13, 2.08, 2.08, 2.09])
    >>> rt.quantiles[-1].round(2)
    array([1.71, 2.08, 2.51])
    """
    panel, alone = check.counts_panel("counts", counts, min_days=2)
    weights = check.pmf("si_pmf", si_pmf, zero_at_0=True)
    levels = check.probabilities("quantiles", quantiles)
    shape, scale = _gamma_prior(prior_mean, prior_sd)
    start, end = _windows(panel.shape[1], window, windows)

    local = _local_cases(panel, imported, alone)
    pressure = _pressure(panel, weights)
    days_seen = None
    if observed is not None:
        mask = np.atleast_2d(check.mask_like("observed", observed, panel.shape[1:] if alone else panel.shape, "counts"))
        local, pressure = local * mask, pressure * mask
        days_seen = _window_sums(mask.astype(float), start, end)

    cases = _window_sums(local, start, end)
    posterior_scale = 1 / (1 / scale + _window_sums(pressure, start, end))
    unknown = np.broadcast_to(end + 1 <= (weights * np.arange(len(weights))).sum(), cases.shape)
    if days_seen is not None:
        unknown = unknown | (days_seen == 0)
    mean, sd = (shape + cases) * posterior_scale, np.sqrt(shape + cases) * posterior_scale
    at_levels = _gamma_quantiles(shape, cases, levels)
    at_levels *= posterior_scale[..., None]
    if unknown.any():
        mean[unknown], sd[unknown], at_levels[unknown] = np.nan, np.nan, np.nan
    found = (mean, sd, at_levels, cases)
    mean, sd, at_levels, cases = (a[0] for a in found) if alone else found
    return RtEstimate(start=start, end=end, mean=mean, sd=sd, quantiles=at_levels, levels=levels, cases=cases)


def _gamma_prior(prior_mean: float, prior_sd: float) -> tuple[float, float]:
    prior_mean, prior_sd = check.number("prior_mean", prior_mean, above=0), check.number("prior_sd", prior_sd, above=0)
    return (prior_mean / prior_sd) ** 2, prior_sd**2 / prior_mean


def _local_cases(panel: np.ndarray, imported: Any, alone: bool) -> np.ndarray:
    """Cases infected here; all of the first day count as imported."""
    local = panel.copy()
    if imported is not None:
        shape = panel.shape[1:] if alone else panel.shape
        brought = np.atleast_2d(check.not_negative("imported", check.like("imported", imported, shape, "counts")))
        if (brought > panel).any():
            raise EpiInputError("imported", "out_of_range", "must not be more than counts on any day")
        local -= brought
    local[:, 0] = 0
    return local


def estimate_rt_uncertain_si(
    counts: Any,
    si_pmfs: Any,
    *,
    window: int = 7,
    windows: Any = None,
    prior_mean: float = 5,
    prior_sd: float = 5,
    imported: Any = None,
    observed: Any = None,
    quantiles: Any = (0.025, 0.5, 0.975),
) -> RtEstimate:
    """Instantaneous reproduction number when the serial interval itself is uncertain.

    si_pmfs : (n_draws, n_lags) serial interval distributions that are equally likely, one a row, such as those of
        `delays.sample_gamma_si` (seeded there; nothing is drawn here) or of a fit.
    The other arguments, and index 0, as in `estimate_rt`.

    Each window's posterior is the equal mixture of the posteriors under each distribution; its mean, sd and quantiles
    are computed from the mixture, so that the only Monte Carlo error is that of the serial intervals given. In a window
    that ends within the mean of one of them, that one has no say. EpiEstim draws from the same mixture.

    Cori A et al. Am J Epidemiol 2013;178:1505-12 (uncertainty of the serial interval: web appendix 4).

    >>> counts = [2, 3, 4, 6, 9, 13, 19, 28, 42]
    >>> rt = estimate_rt_uncertain_si(counts, [[0, 0.3, 0.4, 0.3], [0, 0.1, 0.3, 0.6]], window=4)
    >>> rt.mean[-1].round(2), rt.sd[-1].round(2)
    (np.float64(2.32), np.float64(0.33))
    """
    panel, alone = check.counts_panel("counts", counts, min_days=2)
    weights = check.not_negative("si_pmfs", check.float_array("si_pmfs", si_pmfs))
    if weights.ndim != 2 or not weights.size:
        raise EpiInputError("si_pmfs", "wrong_shape", "must be (n_draws, n_lags), one distribution a row")
    for i, row in enumerate(weights):
        try:
            check.pmf("si_pmfs", row, zero_at_0=True)
        except EpiInputError as error:
            raise EpiInputError("si_pmfs", error.code, f"row {i} {error.message}") from None
    levels = check.probabilities("quantiles", quantiles)
    shape, scale = _gamma_prior(prior_mean, prior_sd)
    start, end = _windows(panel.shape[1], window, windows)
    local, seen = _local_cases(panel, imported, alone), np.ones(panel.shape, dtype=bool)
    if observed is not None:
        seen = np.atleast_2d(check.mask_like("observed", observed, panel.shape[1:] if alone else panel.shape, "counts"))
    cases = _window_sums(local * seen, start, end)

    counted = (end + 1)[:, None] > (weights * np.arange(weights.shape[1])).sum(axis=1)  # (n_windows, n_draws)
    known = counted.any(axis=1)
    n_counted = np.maximum(counted.sum(axis=1), 1)
    mean, sd = np.full(cases.shape, np.nan), np.full(cases.shape, np.nan)
    at_levels = np.full((*cases.shape, len(levels)), np.nan)
    rows_at_once = max(1, 2_000_000 // (len(weights) * len(start)))
    for first in range(0, len(panel), rows_at_once):
        some = slice(first, first + rows_at_once)
        pressure = np.stack(
            [_window_sums(_pressure(panel[some], w) * seen[some], start, end) for w in weights], axis=-1
        )
        scales = 1 / (1 / scale + pressure)  # (some, n_windows, n_draws)
        shapes = shape + cases[some]
        first_moment = np.where(counted, scales, 0).sum(axis=-1) / n_counted
        second_moment = np.where(counted, scales**2, 0).sum(axis=-1) / n_counted
        # a draw's gamma has mean a*s and mean square a(a+1)*s^2
        variance = shapes * (shapes + 1) * second_moment - (shapes * first_moment) ** 2
        mean[some] = np.where(known, shapes * first_moment, np.nan)
        sd[some] = np.where(known, np.sqrt(np.maximum(variance, 0)), np.nan)
        for w in np.flatnonzero(known):
            at_levels[some, w] = _gamma_mixture_quantiles(shapes[:, w], scales[:, w, counted[w]], levels)
    unseen = _window_sums(seen.astype(float), start, end) == 0
    mean[unseen], sd[unseen], at_levels[unseen] = np.nan, np.nan, np.nan
    found = (mean, sd, at_levels, cases)
    mean, sd, at_levels, cases = (a[0] for a in found) if alone else found
    return RtEstimate(start=start, end=end, mean=mean, sd=sd, quantiles=at_levels, levels=levels, cases=cases)


def _gamma_mixture_quantiles(shapes: np.ndarray, scales: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles of equal mixtures of gamma distributions that share a shape: (n, levels) from (n,) and (n, draws).

    Safeguarded Newton steps in log x, between the quantiles of the narrowest and the widest of the mixture.
    """
    alone = np.log(np.maximum(special.gammaincinv(shapes[:, None], levels), 1e-300))
    log_scales = np.log(scales)
    low = alone + log_scales.min(axis=1)[:, None]
    high = alone + log_scales.max(axis=1)[:, None]
    x = alone + log_scales.mean(axis=1)[:, None]
    constant = special.gammaln(shapes)
    for _ in range(60):
        z = np.exp(x[:, :, None] - log_scales[:, None, :])
        off = special.gammainc(shapes[:, None, None], z).mean(axis=2) - levels
        slope = np.exp(shapes[:, None, None] * np.log(z) - z - constant[:, None, None]).mean(axis=2)
        low, high = np.where(off < 0, x, low), np.where(off < 0, high, x)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = x - off / slope
        following = np.where((step > low) & (step < high), step, (low + high) / 2)
        done = np.abs(following - x).max() < 1e-13
        x = following
        if done:
            break
    return np.exp(x)


@dataclass(frozen=True, eq=False)
class CaseReproduction:
    """How many people the cases of each window went on to infect, of one series or of each series of a panel.

    start, end : (n_windows,) index of the first and last day of onset of the window's cases.
    mean, sd, quantiles, levels : as in RtEstimate; NaN where the window has no case.
    cases : cases in the window.
    complete : (n_windows,) share of the serial interval that had passed by the end of the data, averaged over the
        window's days; below 1, infections still to come are missing from the estimate.
    """

    start: np.ndarray
    end: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    quantiles: np.ndarray
    levels: np.ndarray
    cases: np.ndarray
    complete: np.ndarray


def wallinga_teunis(
    counts: Any, si_pmf: Any, *, window: int = 7, windows: Any = None, quantiles: Any = (0.025, 0.5, 0.975)
) -> CaseReproduction:
    """Case reproduction number: how many people the cases with onset in each window infected, over their whole course.

    counts : (n_days,) or (n_series, n_days) cases by day of onset, whole numbers, oldest day first; index 0 is the first
        day, whose cases infect but had no infector here.
    si_pmf : (n_lags,) entry k the share of serial intervals of k days; entry 0 is 0, the sum 1.
    window, windows : as in `estimate_rt`; windows may also start at index 0.
    quantiles : levels of the number of secondary cases per case, when each case's infector is drawn with its
        probability. They are exact for this distribution (a sum of binomials) while its variance is below 10, and from
        its first four moments above that (one in a hundred is then one case off); nothing is simulated. () leaves them
        out, which saves most of the time.

    The last windows are too low, since their secondary cases have yet to fall ill: look at `complete`.

    Wallinga J, Teunis P. Different epidemic curves for severe acute respiratory syndrome reveal similar impacts of
    control measures. Am J Epidemiol 2004;160:509-16.

    >>> found = wallinga_teunis([1, 2, 4, 8, 16, 0, 0], [0, 1], windows=([0, 1, 2, 4], [0, 1, 3, 4]))
    >>> found.mean
    array([2., 2., 2., 0.])
    """
    panel, alone = check.counts_panel("counts", counts, whole=True, min_days=2)
    weights = check.pmf("si_pmf", si_pmf, zero_at_0=True)
    levels = check.probabilities("quantiles", quantiles) if np.size(quantiles) else np.empty(0)
    start, end = _windows(panel.shape[1], window, windows, earliest=0)
    n_days = panel.shape[1]
    reach = min(len(weights), n_days) - 1

    pressure = _pressure(panel, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_infector = np.where(pressure > 0, panel / pressure, 0.0)
    by_day = _pressure(per_infector[:, ::-1], weights)[:, ::-1]  # secondary cases of one case with onset on each day
    cases = _window_sums(panel, start, end)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = _window_sums(by_day * panel, start, end) / cases
        sd = np.full(cases.shape, np.nan)
        at_levels = np.full((*cases.shape, len(levels)), np.nan)
        for w, (a, b) in enumerate(zip(start, end, strict=True)):
            days = np.arange(a + 1, min(b + reach, n_days - 1) + 1)
            lag = days[None, :] - np.arange(a, b + 1)[:, None]
            kernel = np.where((lag >= 1) & (lag <= reach), weights[np.clip(lag, 0, reach)], 0.0)
            share = np.where(pressure[:, days] > 0, panel[:, a : b + 1] @ kernel / pressure[:, days], 0.0)
            share = np.clip(share, 0, 1)  # chance that a case of the day was infected from within the window
            sd[:, w] = np.sqrt((panel[:, days] * share * (1 - share)).sum(axis=1)) / cases[:, w]
            if len(levels):
                at_levels[:, w] = _binomial_sum_quantiles(panel[:, days], share, levels) / cases[:, w, None]
    empty = cases == 0
    mean[empty], sd[empty], at_levels[empty] = np.nan, np.nan, np.nan
    passed = np.concatenate([np.cumsum(weights), np.ones(max(n_days - len(weights), 0))])[:n_days][::-1]
    complete = _window_sums(np.minimum(passed, 1)[None, :], start, end)[0] / (end - start + 1)
    found = (mean, sd, at_levels, cases)
    mean, sd, at_levels, cases = (a[0] for a in found) if alone else found
    return CaseReproduction(
        start=start, end=end, mean=mean, sd=sd, quantiles=at_levels, levels=levels, cases=cases, complete=complete
    )


def _binomial_sum_quantiles(trials: np.ndarray, share: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Smallest count whose distribution function reaches each level, for sums of binomials along axis 1."""
    certain = (trials * (share == 1)).sum(axis=1)
    trials = np.where((share > 1e-12) & (share < 1), trials, 0)
    share = np.where(trials > 0, share, 0.0)
    variance = (trials * share * (1 - share)).sum(axis=1)
    out = np.empty((len(trials), len(levels)))
    large = variance > 10
    if large.any():
        out[large] = _binomial_sum_expansion(trials[large], share[large], levels)
    if not large.all():
        out[~large] = _binomial_sum_exact(trials[~large], share[~large], levels)
    return out + certain[:, None]


def _binomial_sum_exact(trials: np.ndarray, share: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """By inverting the characteristic function over the counts within reach of the mean, whatever it is 15 sd away."""
    mean, variance = (trials * share).sum(axis=1), (trials * share * (1 - share)).sum(axis=1)
    half = int(15 * np.sqrt(variance.max(initial=0))) + 25
    n = 2 * half
    first = np.maximum(np.floor(mean) - half, 0)
    angle = np.exp(-2j * np.pi * np.arange(half + 1) / n)
    logs = -1j * np.angle(angle) * first[:, None]  # counts are taken from `first` on
    for t in np.flatnonzero(trials.any(axis=0)):
        these = np.flatnonzero(trials[:, t])
        with np.errstate(divide="ignore"):
            logs[these] += trials[these, t, None] * np.log1p(share[these, t, None] * (angle - 1))
    chance = np.fft.irfft(np.exp(logs), n, axis=1)
    cumulative = np.cumsum(np.maximum(chance, 0), axis=1)
    # a level that falls on a step to within rounding belongs to that step
    return first[:, None] + np.stack([(cumulative < level - 1e-12).sum(axis=1) for level in levels], axis=1)


def _binomial_sum_expansion(trials: np.ndarray, share: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """By the expansion of Cornish and Fisher to the fourth moment, with the correction for whole numbers."""
    each = trials * share * (1 - share)
    mean, variance = (trials * share).sum(axis=1), each.sum(axis=1)
    skewness = (each * (1 - 2 * share)).sum(axis=1) / variance**1.5
    excess = (each * (1 - 6 * share * (1 - share))).sum(axis=1) / variance**2
    z = special.ndtri(levels)
    s, k = skewness[:, None], excess[:, None]
    x = z + s * (z**2 - 1) / 6 + k * (z**3 - 3 * z) / 24 - s**2 * (2 * z**3 - 5 * z) / 36
    return np.ceil(mean[:, None] + np.sqrt(variance)[:, None] * x - 0.5)


def r_from_growth(growth_rate: Any, si_pmf: Any) -> np.ndarray:
    """Reproduction number of an epidemic that grows or shrinks at a steady rate.

    growth_rate : per day, any shape; negative when shrinking (`series.growth_rate`). NaN stays NaN.
    si_pmf : (n_lags,) entry k the share of serial intervals of k days; entry 0 is 0, the sum 1.

    Wallinga J, Lipsitch M. How generation intervals shape the relationship between growth rates and reproductive
    numbers. Proc R Soc B 2007;274:599-604 (equation 2.7, in whole days).

    >>> r_from_growth([0.0, 0.1], [0, 0.25, 0.5, 0.25]).round(3)
    array([1.   , 1.218])
    """
    rate = check.float_array("growth_rate", growth_rate, missing=True)
    weights = check.pmf("si_pmf", si_pmf, zero_at_0=True)
    lags = np.flatnonzero(weights)
    return 1 / (weights[lags] * np.exp(-rate[..., None] * lags)).sum(axis=-1)


def r_from_growth_gamma(growth_rate: Any, si_mean: float, si_sd: float) -> np.ndarray:
    """Reproduction number of steady growth under a gamma distributed generation interval, in closed form.

    growth_rate : per day, any shape. A decline faster than 1 / scale has no answer (NaN).
    si_mean, si_sd : days.

    Wallinga J, Lipsitch M. Proc R Soc B 2007;274:599-604.

    >>> r_from_growth_gamma(0.1, 2.0, 1.0).round(3)
    np.float64(1.216)
    """
    rate = check.float_array("growth_rate", growth_rate, missing=True)
    mean, sd = check.number("si_mean", si_mean, above=0), check.number("si_sd", si_sd, above=0)
    base = 1 + rate * sd**2 / mean
    with np.errstate(invalid="ignore"):
        return np.where(base > 0, base, np.nan) ** ((mean / sd) ** 2)


@dataclass(frozen=True, eq=False)
class R0Estimate:
    """Reproduction number of the early outbreak: one number, or (n_series,) each."""

    r0: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def early_r0(
    counts: Any,
    si_pmf: Any,
    *,
    first: int = 0,
    last: int | None = None,
    method: str = "likelihood",
    level: float = 0.95,
) -> R0Estimate:
    """Reproduction number while an outbreak grows unhindered, from its first days.

    counts : (n_days,) or (n_series, n_days) cases by day of onset, oldest day first; index 0 is the first day kept, and
        cases before it count for nothing.
    si_pmf : (n_lags,) entry k the share of serial intervals of k days; entry 0 is 0, the sum 1.
    first, last : index of the first and last day used, both inside; the last day of counts when not given.
    method : "likelihood" counts each day's cases as Poisson around R times the infection pressure of the days before
        (the days after `first`); "growth" takes the growth rate of the days and turns it into R.
    level : of the interval: exact Poisson, or that of the growth rate.
    NaN where there are no cases to speak of.

    White LF, Pagano M. A likelihood-based method for real-time estimation of the serial interval and reproductive number
    of an epidemic. Stat Med 2008;27:2999-3016. Wallinga J, Lipsitch M. Proc R Soc B 2007;274:599-604.

    >>> found = early_r0([1, 2, 4, 8, 16], [0, 1.0])
    >>> found.r0, found.lower.round(2), found.upper.round(2)
    (np.float64(2.0), np.float64(1.35), np.float64(2.86))
    """
    panel, alone = check.counts_panel("counts", counts, min_days=2)
    weights = check.pmf("si_pmf", si_pmf, zero_at_0=True)
    first = check.whole_number("first", first, at_least=0, at_most=panel.shape[1] - 2)
    last = check.whole_number("last", panel.shape[1] - 1 if last is None else last, at_least=first + 1)
    if last > panel.shape[1] - 1:
        raise EpiInputError("last", "after_data", f"must be at most {panel.shape[1] - 1}, the last day of counts")
    check.choice("method", method, ("likelihood", "growth"))
    tail = (1 - check.number("level", level, above=0, below=1)) / 2
    panel = panel[:, first : last + 1]
    if method == "growth":
        grown = growth_rate(panel, windows=([0], [panel.shape[1] - 1]), level=level)
        r0, lower, upper = (r_from_growth(g[:, 0], weights) for g in (grown.rate, grown.lower, grown.upper))
    else:
        secondary, pressure = panel[:, 1:].sum(axis=1), _pressure(panel, weights)[:, 1:].sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            known = np.where(pressure > 0, pressure, np.nan)
            r0 = secondary / known
            lower = np.where(secondary > 0, special.gammaincinv(np.maximum(secondary, 1e-300), tail), 0) / known
            upper = special.gammaincinv(secondary + 1, 1 - tail) / known
    return R0Estimate(*((a[0] for a in (r0, lower, upper)) if alone else (r0, lower, upper)))


def r0_from_attack_rate(attack_rate: Any, *, susceptible: float = 1.0) -> np.ndarray:
    """Reproduction number that leads to a final attack rate when an epidemic runs its course in a closed population.

    attack_rate : share of the whole population infected by the end, any shape, above 0 and below `susceptible`.
    susceptible : share of the population that could be infected at the start.

    Diekmann O, Heesterbeek JAP. Mathematical epidemiology of infectious diseases. Wiley 2000 (final size equation).

    >>> r0_from_attack_rate([0.5, 0.8]).round(3)
    array([1.386, 2.012])
    """
    rate = check.float_array("attack_rate", attack_rate)
    susceptible = check.number("susceptible", susceptible, above=0, at_most=1)
    if ((rate <= 0) | (rate >= susceptible)).any():
        raise EpiInputError(
            "attack_rate", "out_of_range", f"must lie between 0 and {susceptible:g}, the share susceptible"
        )
    return -np.log1p(-rate / susceptible) / rate


@dataclass(frozen=True)
class OffspringFit:
    """Distribution of secondary cases per case: negative binomial with a mean and a dispersion k.

    r, r_interval : mean number of secondary cases and its interval.
    k, k_interval : dispersion; small when few cases cause most infections, infinite when all are alike (Poisson).
    log_likelihood : at the estimate.
    n : cases, or clusters, the fit stands on.
    """

    r: float
    r_interval: tuple[float, float]
    k: float
    k_interval: tuple[float, float]
    log_likelihood: float
    n: int

    def share_causing(self, share: float = 0.8) -> float:
        """The smallest share of cases expected to cause this share of infections, by the spread of infectiousness."""
        return superspreading_share(self.k, share)

    def pmf(self, n: int) -> np.ndarray:
        """Shares of cases expected to have 0 to n - 1 secondary cases; entry 0 are those who infect nobody."""
        x = np.arange(check.whole_number("n", n, at_least=1))
        if self.r == 0:
            return np.where(x == 0, 1.0, 0.0)
        if self.k == np.inf:
            return np.exp(special.xlogy(x, self.r) - self.r - special.gammaln(x + 1))
        each = special.gammaln(self.k + x) - special.gammaln(self.k) - special.gammaln(x + 1)
        return np.exp(each - self.k * np.log1p(self.r / self.k) + special.xlogy(x, self.r / (self.r + self.k)))


def superspreading_share(k: float, share: float = 0.8) -> float:
    """Smallest share of cases that is expected to cause a share of all infections, when infectiousness is gamma(k).

    Lloyd-Smith JO, Schreiber SJ, Kopp PE, Getz WM. Superspreading and the effect of individual variation on disease
    emergence. Nature 2005;438:355-9.

    >>> round(superspreading_share(0.16), 3)
    0.145
    """
    share = check.number("share", share, above=0, below=1)
    if k == np.inf:
        return share
    k = check.number("k", k, above=0)
    return float(special.gammaincc(k, special.gammaincinv(k + 1, 1 - share)))


def offspring_distribution(offspring: Any, *, level: float = 0.95) -> OffspringFit:
    """Fit of the negative binomial distribution to the number of secondary cases of each case.

    offspring : (n_cases,) secondary cases of each case whose secondary cases could all be known, zeros included. A list
        with the zeros left out, or with cases still infectious, gives a wrong k.
    level : of the profile likelihood intervals.

    Lloyd-Smith JO, Schreiber SJ, Kopp PE, Getz WM. Nature 2005;438:355-9. Intervals: Lloyd-Smith JO. Maximum likelihood
    estimation of the negative binomial dispersion parameter for highly overdispersed data. PLoS One 2007;2:e180.

    >>> fit = offspring_distribution([0, 0, 0, 0, 0, 0, 1, 0, 2, 9, 0, 0, 1, 0, 0, 3, 0, 0, 0, 0])
    >>> round(fit.r, 2), round(fit.k, 2)
    (0.8, 0.16)
    """
    counts = check.whole_numbers(
        "offspring", check.not_negative("offspring", check.float_array("offspring", offspring))
    )
    if counts.ndim != 1 or not counts.size:
        raise EpiInputError("offspring", "wrong_shape", "must be a list with one number a case")
    values, times = np.unique(counts, return_counts=True)

    def log_likelihood(r: float, k: float) -> float:
        if k == np.inf:
            return float((times * (special.xlogy(values, r) - r - special.gammaln(values + 1))).sum())
        each = special.gammaln(k + values) - special.gammaln(k) - special.gammaln(values + 1)
        return float((times * (each - k * np.log1p(r / k) + special.xlogy(values, r / (r + k)))).sum())

    return _fit_offspring(log_likelihood, float(counts.mean()), int(counts.size), level)


def offspring_from_cluster_sizes(sizes: Any, *, level: float = 0.95) -> OffspringFit:
    """Fit of the offspring distribution when only the final sizes of clusters are known, not who infected whom.

    sizes : (n_clusters,) cases in each ended cluster that began with one introduced case, clusters of one included.
    level : of the profile likelihood intervals.
    The mean is below 1 (clusters that ended); R is 1 - 1 / mean size whatever the k.

    Blumberg S, Lloyd-Smith JO. Inference of R0 and transmission heterogeneity from the size distribution of stuttering
    chains. PLoS Comput Biol 2013;9:e1002993.

    >>> fit = offspring_from_cluster_sizes([1, 1, 1, 1, 1, 1, 1, 2, 1, 8, 1, 3, 1, 1])
    >>> round(fit.r, 2), round(fit.k, 2)
    (0.42, 0.24)
    """
    counts = check.whole_numbers("sizes", check.float_array("sizes", sizes))
    if counts.ndim != 1 or not counts.size:
        raise EpiInputError("sizes", "wrong_shape", "must be a list with one number a cluster")
    if (counts < 1).any():
        raise EpiInputError("sizes", "out_of_range", "must be at least 1, the introduced case")
    values, times = np.unique(counts, return_counts=True)

    def log_likelihood(r: float, k: float) -> float:
        if k == np.inf:  # Borel distribution
            each = special.xlogy(values - 1, r * values) - r * values - special.gammaln(values + 1)
            return float((times * each).sum())
        each = special.gammaln(k * values + values - 1) - special.gammaln(k * values) - special.gammaln(values + 1)
        return float(
            (times * (each + special.xlogy(values - 1, r / k) - (k * values + values - 1) * np.log1p(r / k))).sum()
        )

    return _fit_offspring(log_likelihood, 1 - 1 / float(counts.mean()), int(counts.size), level, at_most=1.0)


def _fit_offspring(
    log_likelihood: Callable[[float, float], float], r: float, n: int, level: float, at_most: float = np.inf
) -> OffspringFit:
    """Maximum over k with r at its estimate, which does not depend on k; then profile likelihood intervals of both."""
    from scipy import optimize  # half a second to load, and only fits need it

    drop = special.chdtri(1, 1 - check.number("level", level, above=0, below=1)) / 2
    if r == 0:  # nobody infected anyone: nothing is known of k
        upper = optimize.brentq(lambda x: log_likelihood(x, np.inf) + drop, 1e-12, max(10.0, drop))
        return OffspringFit(0.0, (0.0, min(float(upper), at_most)), float("nan"), (0.0, float("inf")), 0.0, n)

    def best_k(at: float) -> tuple[float, float]:
        """k and the log likelihood there, with r held. Searched on log k; beyond the search, k is infinite."""
        grid = np.linspace(-9.0, 9.0, 73)
        on_grid = [log_likelihood(at, float(np.exp(g))) for g in grid]
        top = int(np.argmax(on_grid))
        if top in (0, len(grid) - 1):
            found, value = float(np.exp(grid[top])), on_grid[top]
        else:
            result = optimize.minimize_scalar(
                lambda g: -log_likelihood(at, float(np.exp(g))),
                bracket=(grid[top - 1], grid[top], grid[top + 1]),
                options={"xtol": 1e-12},
            )
            found, value = float(np.exp(result.x)), -float(result.fun)
        poisson = log_likelihood(at, np.inf)
        return (np.inf, poisson) if poisson >= value - 1e-9 else (found, value)

    k, highest = best_k(r)
    k_low, k_high = 0.0, np.inf
    start = np.log(k) if np.isfinite(k) else 9.0

    def below_k(log_k: float) -> float:
        return log_likelihood(r, float(np.exp(log_k))) - highest + drop

    if below_k(-14.0) < 0:
        k_low = float(np.exp(optimize.brentq(below_k, -14.0, start, xtol=1e-12)))
    if np.isfinite(k) and log_likelihood(r, np.inf) < highest - drop:
        k_high = float(np.exp(optimize.brentq(below_k, start, 14.0, xtol=1e-12)))

    def below_r(log_r: float) -> float:
        return best_k(float(np.exp(log_r)))[1] - highest + drop

    log_r = float(np.log(r))
    step = 1.0
    while below_r(log_r - step) > 0:
        step *= 2
    r_low = float(np.exp(optimize.brentq(below_r, log_r - step, log_r, xtol=1e-10)))
    ceiling = np.log(at_most) if np.isfinite(at_most) else log_r + 60
    step = 0.5
    while log_r + step < ceiling and below_r(log_r + step) > 0:
        step *= 2
    edge = min(log_r + step, ceiling)
    r_high = (
        float(np.exp(optimize.brentq(below_r, log_r, edge, xtol=1e-10))) if below_r(edge) < 0 else float(np.exp(edge))
    )
    return OffspringFit(r, (r_low, r_high), float(k), (k_low, float(k_high)), highest, n)
