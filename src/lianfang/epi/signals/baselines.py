"""Weeks above a limit from a handful of earlier counts: EARS on the days just before, RKI and Bayes on earlier years."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy import special

from lianfang.epi import _checks as check
from lianfang.epi._checks import EpiInputError
from lianfang.epi.signals import _quantiles
from lianfang.epi.signals._judged import Signals, of_one, weeks_of_years, weeks_to_judge

EARS = {"C1": 0, "C2": 2, "C3": 2}  # weeks left out between the baseline and the week it is compared with


def ears(
    counts: Any, *, method: str = "C1", at: Any = None, baseline: int = 7, min_sd: float = 0, alpha: float = 0.001
) -> Signals:
    """Days or weeks with more cases than the few just before them: CDC's EARS methods, for series without long history.

    counts : (n_weeks,) or (n_series, n_weeks) cases by day or week, oldest first; index 0 is the first of the data. NaN
        is missing: a baseline with a missing count gives no answer (NaN).
    method : "C1" takes the baseline just before the judged week, "C2" leaves two weeks out between them, "C3" adds what
        the two weeks before were above theirs.
    at : index of each week to judge; every week with the history it needs when not given. Nothing after a judged week
        is looked at.
    baseline : number of counts in the baseline.
    min_sd : standard deviation that is taken at least. With 0, a C3 whose baselines do not vary has no answer.
    alpha : the threshold is the 1 - alpha quantile of the normal distribution (0.001 for C1 and C2 is three standard
        deviations; 0.025 is usual for C3).

    Fricker RD, Hegler BL, Dunfee DA. Comparing syndromic surveillance detection methods: EARS' versus a CUSUM-based
    methodology. Stat Med 2008;27:3407-29. Hutwagner L et al. The bioterrorism preparedness and response Early Aberration
    Reporting System (EARS). J Urban Health 2003;80(2 Suppl 1):i89-96.

    >>> found = ears([3, 2, 4, 3, 5, 2, 4, 3, 15])
    >>> found.at, found.threshold.round(2), found.alarm
    (array([7, 8]), array([6.72, 6.72]), array([False,  True]))
    """
    panel, alone = check.counts_panel("counts", counts, missing=True)
    gap = EARS[check.choice("method", method, EARS)]
    baseline = check.whole_number("baseline", baseline, at_least=3)
    min_sd = check.number("min_sd", min_sd, at_least=0)
    z = special.ndtri(1 - check.number("alpha", alpha, above=0, below=1))
    weeks = weeks_to_judge(at, panel.shape[1], baseline + gap + (2 if method == "C3" else 0))

    observed = panel[:, weeks]
    mean, sd = _baseline(panel, weeks, baseline, gap, min_sd)
    if method == "C3":
        above = np.zeros_like(mean)
        for earlier in (1, 2):
            its_mean, its_sd = _baseline(panel, weeks - earlier, baseline, gap, min_sd)
            with np.errstate(divide="ignore", invalid="ignore"):
                above += np.maximum((panel[:, weeks - earlier] - its_mean) / its_sd - 1, 0)
        with np.errstate(invalid="ignore"):
            threshold = np.maximum(observed + sd * (z - above), 0)
    else:
        threshold = mean + z * sd
    found = Signals(at=weeks, observed=observed, threshold=threshold, alarm=observed > threshold)
    return of_one(found) if alone else found


def _baseline(
    panel: np.ndarray, weeks: np.ndarray, baseline: int, gap: int, min_sd: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the counts before each week."""
    lags = range(gap + 1, gap + 1 + baseline)
    mean = np.zeros((len(panel), len(weeks)))
    for lag in lags:
        mean += panel[:, weeks - lag]
    mean /= baseline
    squares = np.zeros_like(mean)
    for lag in lags:
        apart = panel[:, weeks - lag] - mean
        apart *= apart
        squares += apart
    return mean, np.maximum(np.sqrt(squares / (baseline - 1)), min_sd)


def bayes(
    counts: Any,
    *,
    at: Any = None,
    days: Any = None,
    period: int = 52,
    years: int = 0,
    half_window: int = 6,
    current_year: bool = True,
    alpha: float = 0.05,
) -> Signals:
    """Weeks above the upper end of what the reference weeks predict, by a Bayesian Poisson model.

    counts : (n_weeks,) or (n_series, n_weeks) cases by week, whole numbers, oldest week first; index 0 is the first week
        of the data. A missing week (NaN) is no reference, and is not judged.
    at, days, period : as in `farrington`.
    years, half_window : the reference is the same week of each of so many years before, with so many weeks on both sides,
    current_year : and as many weeks just before the judged one.
    alpha : the threshold is the 1 - alpha quantile of the predictive distribution, with Jeffreys' prior.

    Höhle M. surveillance: an R package for the monitoring of infectious diseases. Comput Stat 2007;22:571-82.

    >>> found = bayes([3, 2, 4, 3, 5, 2, 4, 12])
    >>> found.at, found.threshold, found.alarm
    (array([6, 7]), array([7., 7.]), array([False,  True]))
    """
    panel, alone = check.counts_panel("counts", counts, missing=True, whole=True)
    level = 1 - check.number("alpha", alpha, above=0, below=1)
    weeks, total, number, _ = _reference(panel, at, days, period, years, half_window, current_year)
    # the quantile of each different sum and number of weeks, looked up for the rest
    most = number.max(initial=0) + 1
    keys, place = np.unique((total * most + number).astype(np.int64), return_inverse=True)
    sums, weeks_known = keys // int(most), keys % int(most)
    upper = _quantiles.negative_binomial(level, sums + 0.5, weeks_known / (weeks_known + 1))
    upper[weeks_known == 0] = np.nan
    threshold = upper[place].reshape(total.shape)
    observed = panel[:, weeks]
    found = Signals(at=weeks, observed=observed, threshold=threshold, alarm=observed > threshold)
    return of_one(found) if alone else found


def rki(
    counts: Any,
    *,
    at: Any = None,
    days: Any = None,
    period: int = 52,
    years: int = 2,
    half_window: int = 4,
    current_year: bool = False,
) -> Signals:
    """Weeks above the upper end of an interval for the mean of the reference weeks: the rule of the Robert Koch Institute.

    The arguments, and index 0 : as in `bayes`. Up to a mean of 20 the threshold is the upper limit of Crow and Gardner's
    95 percent interval for as many cases (whole cases, three decimals, as their table prints it), above that the mean
    and two standard deviations.

    Crow EL, Gardner RS. Confidence intervals for the expectation of a Poisson variable. Biometrika 1959;46:441-53.
    Stroup DF et al. Evaluation of a method for detecting aberrations in public health surveillance data. Am J Epidemiol
    1993;137:373-80.

    >>> found = rki([3, 2, 4, 3, 5, 2, 4, 12], years=0, half_window=6, current_year=True)
    >>> found.at, found.threshold, found.alarm
    (array([6, 7]), array([8.102, 8.102]), array([False,  True]))
    """
    panel, alone = check.counts_panel("counts", counts, missing=True)
    weeks, total, number, squares = _reference(panel, at, days, period, years, half_window, current_year)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / number
        sd = np.sqrt(np.maximum(number * squares - total**2, 0) / (number * (number - 1)))
        few = crow_gardner_upper()[np.nan_to_num(np.clip(mean, 0, 20)).astype(np.intp)]
        threshold = np.where(mean > 20, mean + 2 * sd, np.where(number > 0, few, np.nan))
    observed = panel[:, weeks]
    found = Signals(at=weeks, observed=observed, threshold=threshold, alarm=observed > threshold)
    return of_one(found) if alone else found


def _reference(
    panel: np.ndarray, at: Any, days: Any, period: int, years: int, half_window: int, current_year: bool
) -> tuple[np.ndarray, ...]:
    """The judged weeks; of their reference weeks the sum of cases, the number that is known, and the sum of squares."""
    years = check.whole_number("years", years, at_least=0)
    half_window = check.whole_number("half_window", half_window, at_least=0)
    period = check.whole_number("period", period, at_least=2 * half_window + 2)
    if not years and not (current_year and half_window):
        raise EpiInputError("years", "out_of_range", "must be at least 1 where the current year is no reference")
    weeks, same = weeks_of_years(at, panel.shape[1], years=years, half_window=half_window, period=period, days=days)
    windows = [(year - half_window, year + half_window + 1) for year in same.T[1:]]
    if current_year:
        windows.append((weeks - half_window, weeks))
    known = ~np.isnan(panel)
    filled = panel if known.all() else np.where(known, panel, 0.0)
    out = []
    for of in (filled, known if filled is not panel else None, filled * filled):
        if of is None:
            out.append(np.full((len(panel), len(weeks)), float(sum(int(b[0] - a[0]) for a, b in windows))))
            continue
        reached = np.concatenate([np.zeros((len(of), 1)), np.cumsum(of, axis=1, dtype=float)], axis=1)
        out.append(sum(reached[:, last] - reached[:, first] for first, last in windows))
    return weeks, *out


@cache
def crow_gardner_upper(most: int = 20, level: float = 0.95) -> np.ndarray:
    """Upper confidence limit of a Poisson mean by the number of cases seen, for 0 to most cases, to three decimals.

    A mean is in the interval of a count when the count is in the mean's shortest run of counts of probability `level`;
    of runs of one length the one that begins highest. A run never begins lower than that of a smaller mean.

    >>> crow_gardner_upper()[:4]
    array([3.285, 5.323, 6.686, 8.102])
    """
    end = int(most + 6 * np.sqrt(most + 1) + 10)
    counts = np.arange(2 * end)

    def begins(means: np.ndarray) -> np.ndarray:
        reached = special.pdtr(counts, means[:, None])
        below = np.concatenate([np.zeros((len(means), 1)), reached[:, :-1]], axis=1)
        holds = reached[:, None, :] - below[:, :, None] >= level  # (mean, first count, last count)
        length = np.where(holds.any(axis=2), holds.argmax(axis=2) - counts, np.inf)
        return np.array([np.flatnonzero(row == row.min())[-1] for row in length])

    means = np.arange(0, end, 0.05)
    first = np.maximum.accumulate(np.concatenate([begins(some) for some in np.array_split(means, len(means) // 50)]))
    above = np.array([np.argmax(first > count) for count in range(most + 1)])
    low, high = means[above - 1], means[above]
    for _ in range(40):
        middle = (low + high) / 2
        left = begins(middle) > np.arange(most + 1)
        low, high = np.where(left, low, middle), np.where(left, middle, high)
    return np.round(high, 3)
