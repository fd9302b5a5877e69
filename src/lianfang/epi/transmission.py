"""How fast an epidemic passes from case to case: reproduction numbers by day, by case, early on, and between chains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from lianfang.epi import _checks as check
from lianfang.epi._checks import EpiInputError


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


def _windows(n_days: int, window: Any, windows: Any) -> tuple[np.ndarray, np.ndarray]:
    """First and last day of each window; the first day of the series belongs to none."""
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
    if (start < 1).any():
        raise EpiInputError("windows", "before_data", "must start at index 1 or later; index 0 has no day before it")
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
