"""Weeks above what a regression on the same weeks of earlier years expects: Farrington's method and its improvement."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy import special

from lianfang.epi import _checks as check
from lianfang.epi._checks import EpiInputError
from lianfang.epi.signals import _quantiles
from lianfang.epi.signals._judged import Signals, of_one, weeks_of_years

CONVERGED, MOST_STEPS = 1e-8, 25  # of the deviance, relative: where R's glm stops
VALUES_AT_ONCE = 100_000  # rows are worked on in portions that stay in the processor's cache
POWERS = {"none": 1.0, "1/2": 1 / 2, "2/3": 2 / 3}
METHODS = ("delta", "negative_binomial", "quantile_of_mean")


@dataclass(frozen=True, eq=False)
class FarringtonSignals(Signals):
    """Signals of a regression on earlier years. Beside `Signals`, in the shape of `threshold`:

    expected : cases expected in the week.
    score : (observed - expected) / (threshold - expected): above 1 is an alarm, and how far above ranks alarms.
    p : chance of so many cases or more if nothing were out of the ordinary.
    dispersion : variance of the reference weeks over their mean, 1 at least.
    slope : trend on the log scale, per week; NaN where the model has none.
    """

    expected: np.ndarray
    score: np.ndarray
    p: np.ndarray
    dispersion: np.ndarray
    slope: np.ndarray


def farrington(
    counts: Any,
    *,
    at: Any = None,
    days: Any = None,
    period: int = 52,
    years: int = 5,
    half_window: int = 3,
    trend: bool = True,
    reweight: bool = True,
    alpha: float = 0.05,
    power: str = "2/3",
    at_least: tuple[int, int] = (5, 4),
) -> FarringtonSignals:
    """Weeks with more cases than the same weeks of earlier years let expect: the method of 1996.

    counts : (n_weeks,) or (n_series, n_weeks) cases by week, oldest week first; index 0 is the first week of the data.
        NaN is a missing week: it is no reference, and is not judged.
    at : index of each week to judge; every week with the history it needs when not given. Nothing after a judged week
        is looked at, so that counts as they were known on a day give the signals of that day.
    days : (n_weeks,) first day of each week. With it the same week of another year is the one nearest to the date;
        without it, the one so many times `period` weeks ago.
    years, half_window : the reference is the same week of each of so many years before, with so many weeks on both sides.
    trend : a trend is kept when it is significant at 5 percent, there are three years or more, and the week is not
        expected to exceed all reference weeks.
    reweight : past outbreaks are given less weight.
    alpha : the prediction interval is two-sided, so the threshold is its 1 - alpha/2 end.
    power : "2/3", "1/2" or "none": the power of the counts that is taken as normal.
    at_least : (5, 4): no answer (NaN) with fewer than 5 cases in the last 4 weeks up to the judged one.

    Farrington CP, Andrews NJ, Beale AD, Catchpole MA. A statistical algorithm for the early detection of outbreaks of
    infectious disease. J R Stat Soc A 1996;159:547-63.

    >>> weeks = np.arange(6 * 52)
    >>> counts = np.round(20 + 10 * np.cos(2 * np.pi * weeks / 52))
    >>> counts[-1] = 60
    >>> found = farrington(counts, at=[310, 311])
    >>> found.alarm, found.threshold.round(1), found.expected.round(1)
    (array([False,  True]), array([40.8, 41.2]), array([29.4, 29.7]))
    """
    return _judge(
        counts,
        at=at,
        days=days,
        period=period,
        years=years,
        half_window=half_window,
        blocks=1,
        exclude_recent=half_window,
        trend=trend,
        trend_p=0.05,
        reweight=reweight,
        reweight_above=1.0,
        level=1 - check.number("alpha", alpha, above=0, below=1) / 2,
        method="delta",
        power=power,
        at_least=at_least,
        flexible=False,
    )


def farrington_flexible(
    counts: Any,
    *,
    at: Any = None,
    days: Any = None,
    period: int = 52,
    years: int = 5,
    half_window: int = 3,
    blocks: int = 10,
    exclude_recent: int = 26,
    trend: bool = True,
    trend_p: float = 1.0,
    reweight: bool = True,
    reweight_above: float = 2.58,
    alpha: float = 0.01,
    method: str = "negative_binomial",
    power: str = "2/3",
    at_least: tuple[int, int] = (5, 4),
) -> FarringtonSignals:
    """Weeks with more cases than a regression on all weeks of earlier years lets expect: the improved method of 2013.

    counts, at, days, period, years, half_window, at_least, and index 0 : as in `farrington`.
    blocks : parts of the year with a level of their own; one of them is the judged week with half_window weeks on both
        sides. 1 takes only those weeks as reference.
    exclude_recent : weeks just before the judged one that are no reference, since an outbreak may be on.
    trend, trend_p : a trend is kept when its p is below trend_p (1: whatever its p), there are three years or more, and
        the week is not expected to exceed all reference weeks.
    reweight, reweight_above : weeks whose standardised residual is above get less weight.
    alpha : one-sided: the threshold is the 1 - alpha quantile.
    method : of the threshold. "negative_binomial": quantile of that distribution around the expected count, which a
        whole number must exceed. "quantile_of_mean": the same around the 1 - alpha quantile of the expected count.
        "delta": the normal quantile on the scale of `power`, as in 1996.

    Where there was no case at all in the reference weeks, one is more than expected: the threshold is about 0.

    The defaults are those Noufaily and others recommend. Thresholds are those of R's surveillance::farringtonFlexible,
    including its standard error after reweighting, whose dispersion is taken with the weights of the weeks alone.

    Noufaily A, Enki DG, Farrington P, Garthwaite P, Andrews N, Charlett A. An improved algorithm for outbreak detection
    in multiple surveillance systems. Stat Med 2013;32:1206-22. Salmon M, Schumacher D, Höhle M. Monitoring count time
    series in R: aberration detection in public health surveillance. J Stat Softw 2016;70(10).

    >>> weeks = np.arange(6 * 52)
    >>> counts = np.round(20 + 10 * np.cos(2 * np.pi * weeks / 52))
    >>> counts[-1] = 60
    >>> found = farrington_flexible(counts, at=[310, 311])
    >>> found.alarm, found.threshold
    (array([False,  True]), array([43., 43.]))
    """
    return _judge(
        counts,
        at=at,
        days=days,
        period=period,
        years=years,
        half_window=half_window,
        blocks=blocks,
        exclude_recent=exclude_recent,
        trend=trend,
        trend_p=check.number("trend_p", trend_p, above=0, at_most=1),
        reweight=reweight,
        reweight_above=check.number("reweight_above", reweight_above, above=0),
        level=1 - check.number("alpha", alpha, above=0, below=1),
        method=check.choice("method", method, METHODS),
        power=power,
        at_least=at_least,
        flexible=True,
    )


def _judge(
    counts: Any,
    *,
    at: Any,
    days: Any,
    period: int,
    years: int,
    half_window: int,
    blocks: int,
    exclude_recent: int,
    trend: bool,
    trend_p: float,
    reweight: bool,
    reweight_above: float,
    level: float,
    method: str,
    power: str,
    at_least: tuple[int, int],
    flexible: bool,
) -> FarringtonSignals:
    panel, alone = check.counts_panel("counts", counts, missing=True)
    years = check.whole_number("years", years, at_least=1)
    half_window = check.whole_number("half_window", half_window, at_least=0)
    period = check.whole_number("period", period, at_least=2 * half_window + 2)
    blocks = check.whole_number("blocks", blocks, at_least=1)
    exclude_recent = check.whole_number("exclude_recent", exclude_recent, at_least=0)
    exponent = POWERS[check.choice("power", power, POWERS)]
    try:
        cases_needed, in_last = at_least
    except (TypeError, ValueError):
        raise EpiInputError("at_least", "wrong_shape", "must be two numbers, cases and weeks") from None
    enough_cases = check.number("at_least", cases_needed, at_least=0)
    in_weeks = check.whole_number("at_least", in_last, at_least=1)
    weeks, same = weeks_of_years(at, panel.shape[1], years=years, half_window=half_window, period=period, days=days)

    missing = np.isnan(panel)
    any_missing = bool(missing.any())
    filled = np.where(missing, 0.0, panel) if any_missing else panel
    n_series, n_judged = len(panel), len(weeks)
    found = _Fitted.empty(n_series * n_judged)
    relative = same - weeks[:, None]
    layouts, which = np.unique(relative, axis=0, return_inverse=True)
    for number, years_back in enumerate(layouts):
        layout = _layout(years_back, half_window, blocks, exclude_recent)
        those = np.flatnonzero(which.ravel() == number)
        rows = (np.arange(n_series)[:, None] * n_judged + those).ravel()
        series, week = rows // n_judged, weeks[rows % n_judged]
        at_once = max(1, VALUES_AT_ONCE // len(layout.offsets))
        for first in range(0, len(rows), at_once):
            some = slice(first, first + at_once)
            place = (series[some, None], week[some, None] + layout.offsets)
            found.put(
                rows[some],
                _fit_with_trend(
                    filled[place],
                    ~missing[place] if any_missing else None,
                    layout,
                    trend=trend,
                    trend_p=trend_p,
                    enough_years=years >= 3,
                    reweight_above=reweight_above if reweight else np.inf,
                    flexible=flexible,
                ),
            )

    shape = (n_series, n_judged)
    observed = panel[:, weeks]
    log_mean, dispersion, slope = (a.reshape(shape) for a in (found.log_mean, found.dispersion, found.slope))
    standard_error = np.sqrt(found.variance).reshape(shape)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        expected = np.exp(log_mean)
        if method == "delta":
            threshold, p = _delta(observed, expected, expected * standard_error, dispersion, exponent, level)
        else:
            mean = expected
            if method == "quantile_of_mean":
                mean = np.exp(log_mean + special.ndtri(level) * standard_error)
            threshold, p = _by_quantile(observed, mean, dispersion, level)
        score = (observed - expected) / (threshold - expected)
    enough = _last_weeks(filled, weeks, in_weeks) >= enough_cases
    threshold = np.where(enough, threshold, np.nan)
    with np.errstate(invalid="ignore"):
        alarm = (observed > threshold) & (observed > 0)
    answer = FarringtonSignals(
        at=weeks,
        observed=observed,
        threshold=threshold,
        alarm=alarm,
        expected=expected,
        score=score,
        p=p,
        dispersion=dispersion,
        slope=slope,
    )
    return of_one(answer) if alone else answer


def _last_weeks(filled: np.ndarray, weeks: np.ndarray, n: int) -> np.ndarray:
    """Cases of the n weeks up to each judged one, itself among them; as many as there are at the beginning."""
    before = weeks[:, None] - np.arange(n)
    return (filled[:, np.maximum(before, 0)] * (before >= 0)).sum(axis=2)


def _delta(
    observed: np.ndarray,
    expected: np.ndarray,
    standard_error: np.ndarray,
    dispersion: np.ndarray,
    exponent: float,
    level: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Threshold and p where a power of the counts is taken as normal."""
    spread = exponent * expected ** (exponent - 1) * np.sqrt(expected * dispersion + standard_error**2)
    threshold = (expected**exponent + special.ndtri(level) * spread) ** (1 / exponent)
    return threshold, special.ndtr(-(observed**exponent - expected**exponent) / spread)


def _by_quantile(
    observed: np.ndarray, mean: np.ndarray, dispersion: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Threshold and p of counts whose variance is dispersion times their mean."""
    threshold, p = np.full(mean.shape, np.nan), np.full(mean.shape, np.nan)
    known = np.isfinite(mean)
    spread, plain = known & (dispersion > 1), known & ~(dispersion > 1)
    size, share = mean[spread] / (dispersion[spread] - 1), 1 / dispersion[spread]
    threshold[spread] = _quantiles.negative_binomial(level, size, share)
    threshold[plain] = _quantiles.poisson(level, mean[plain])
    # at least x failures before the size-th success: fewer successes than size in the trials up to the x-th failure
    p[spread] = np.where(observed[spread] > 0, special.betainc(np.maximum(observed[spread], 1), size, 1 - share), 1.0)
    p[plain] = np.where(observed[plain] > 0, special.gammainc(np.maximum(observed[plain], 1), mean[plain]), 1.0)
    p[np.isnan(observed)] = np.nan
    return threshold, p


# --- the reference weeks -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Layout:
    """The reference weeks of a judged week, in order of their block.

    offsets : (n_weeks,) weeks from the judged one, negative.
    block : (n_weeks,) number of the block from 0; `own` is the block of the judged week.
    time : (n_weeks,) offsets less their mean, `now` that of the judged week.
    begins : (n_blocks,) where each block begins; sizes : its weeks.
    """

    offsets: np.ndarray
    block: np.ndarray
    own: int
    time: np.ndarray
    now: float
    begins: np.ndarray
    sizes: np.ndarray

    def sums(self, a: np.ndarray, powers: int = 1) -> np.ndarray:
        """By row the sums over each block of a, then of a times time, and so on: (n_rows, powers * n_blocks)."""
        n_blocks = len(self.begins)
        out = np.empty((len(a), powers * n_blocks))
        for power in range(powers):
            if power == 1:
                a = a * self.time
            elif power:
                a *= self.time
            np.add.reduceat(a, self.begins, axis=1, out=out[:, power * n_blocks : (power + 1) * n_blocks])
        return out


def _layout(years_back: np.ndarray, half_window: int, blocks: int, exclude_recent: int) -> _Layout:
    first = int(years_back[-1]) - half_window
    label = np.full(1 - first, -1)  # entry i is the week i + first from the judged one
    label[-half_window - 1 :] = blocks - 1
    for later, same in zip(years_back, years_back[1:], strict=False):
        label[same - half_window - first : same + half_window + 1 - first] = blocks - 1
        if blocks > 1:
            between = np.arange(same + half_window + 1, later - half_window) - first
            if len(between) < blocks - 1:
                raise EpiInputError(
                    "blocks", "out_of_range", f"must leave each a week of the {len(between)} between two windows"
                )
            for number, part in enumerate(np.array_split(between, blocks - 1)):
                label[part] = number
    label[-exclude_recent - 1 :] = -1
    kept = np.flatnonzero(label >= 0)
    if not (label[kept] == blocks - 1).any():
        raise EpiInputError("exclude_recent", "out_of_range", "must leave reference weeks")
    kept = kept[np.argsort(label[kept], kind="stable")]
    numbers, block = np.unique(label[kept], return_inverse=True)
    offsets = kept + first
    time = offsets - offsets.mean()
    sizes = np.bincount(block)
    return _Layout(
        offsets=offsets,
        block=block,
        own=len(numbers) - 1,
        time=time,
        now=float(-offsets.mean()),
        begins=np.cumsum(sizes) - sizes,
        sizes=sizes.astype(float),
    )


# --- the regression ----------------------------------------------------------------------------------------------


@dataclass(eq=False)
class _Fitted:
    """What the threshold needs of each row's regression.

    log_mean, variance : expected count of the judged week on the log scale, and its variance there.
    dispersion : 1 at least. slope : NaN without trend.
    """

    log_mean: np.ndarray
    variance: np.ndarray
    dispersion: np.ndarray
    slope: np.ndarray

    @classmethod
    def empty(cls, n_rows: int) -> _Fitted:
        return cls(*(np.full(n_rows, np.nan) for _ in range(4)))

    def put(self, rows: np.ndarray, other: _Fitted) -> None:
        self.log_mean[rows], self.variance[rows] = other.log_mean, other.variance
        self.dispersion[rows], self.slope[rows] = other.dispersion, other.slope


def _fit_with_trend(
    y: np.ndarray,
    seen: np.ndarray | None,
    layout: _Layout,
    *,
    trend: bool,
    trend_p: float,
    enough_years: bool,
    reweight_above: float,
    flexible: bool,
) -> _Fitted:
    """Quasi-Poisson regressions of the rows of y (n_rows, n_weeks), each with its trend where that is to be kept."""
    terms = _Terms.of(y)
    found = _Fitted.empty(len(y))
    without = np.ones(len(y), dtype=bool)
    if trend and enough_years:
        fit, p_of_slope = _fit(terms, seen, layout, True, reweight_above, flexible)
        with np.errstate(invalid="ignore", over="ignore"):
            kept = (p_of_slope < trend_p) & (np.exp(fit.log_mean) <= y.max(axis=1))
        found.put(np.arange(len(y)), fit)
        without = ~kept
    if without.any():
        some = without.nonzero()[0]
        fit, _ = _fit(
            terms.of_rows(some), None if seen is None else seen[some], layout, False, reweight_above, flexible
        )
        found.put(some, fit)
    # no case in any reference week: the fit runs towards nought without end
    never = ~(y > 0).any(axis=1) & np.isnan(found.log_mean)
    if seen is not None:
        never &= layout.sums(seen.astype(float))[:, layout.own] > 0
    found.put(never.nonzero()[0], _Fitted(*(np.array(v) for v in (-np.inf, 0.0, 1.0, np.nan))))
    return found


def _fit(
    terms: _Terms, seen: np.ndarray | None, layout: _Layout, trend: bool, reweight_above: float, flexible: bool
) -> tuple[_Fitted, np.ndarray]:
    """One model for all rows: fitted, past outbreaks given less weight, fitted again. With the p of the slope."""
    n_rows, n_weeks = terms.y.shape
    prior = None if seen is None else seen.astype(float)
    n_seen = np.full(n_rows, float(n_weeks)) if prior is None else prior.sum(axis=1)
    per_block = np.tile(layout.sizes, (n_rows, 1)) if prior is None else layout.sums(prior)
    steps = _iterate(terms, prior, layout, trend)
    degrees = n_seen - (per_block > 0).sum(axis=1) - trend
    residual, working = _residuals(terms.y, prior, steps, layout)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        scale = scale_of_error = _squares(working, residual) / degrees
        if np.isfinite(reweight_above):
            dispersion = np.maximum(scale, 1)
            weights = _weights(terms.y_two_thirds, prior, n_seen, working, dispersion, steps, layout, reweight_above)
            first = steps
            steps = _iterate(terms, weights, layout, trend)
            steps.converged = first.converged
            residual, working = _residuals(terms.y, weights, steps, layout)
            scale = _squares(working, residual) / degrees
            scale_of_error = _squares(weights, residual) / degrees if flexible else scale
        dispersion = np.maximum(scale, 1)
        own = layout.own
        unscaled = 1 / steps.sum_w[:, own]
        log_mean = steps.level[:, own].copy()
        p_of_slope = np.full(n_rows, np.nan)
        slope = np.full(n_rows, np.nan)
        if trend:
            slope = steps.slope
            log_mean += slope * layout.now
            unscaled = unscaled + (layout.now - steps.mean_time[:, own]) ** 2 / steps.spread
            p_of_slope = 2 * special.stdtr(degrees, -np.abs(slope) / np.sqrt(scale_of_error / steps.spread))
        variance = unscaled * (scale_of_error if flexible else dispersion)
    usable = steps.converged & (degrees > 0) & (per_block[:, own] > 0)
    fit = _Fitted(
        *(np.where(usable, a, np.nan) for a in (log_mean, variance, dispersion, slope)),
    )
    return fit, np.where(usable, p_of_slope, np.nan)


@dataclass(frozen=True, eq=False)
class _Terms:
    """What each fit to the same counts needs of them, (n_rows, n_weeks) each.

    begin : where the fit begins. response : begin times the response it begins with. deviance : of that beginning.
    """

    y: np.ndarray
    begin: np.ndarray
    response: np.ndarray
    deviance: np.ndarray
    y_log_y: np.ndarray
    y_two_thirds: np.ndarray

    @classmethod
    def of(cls, y: np.ndarray) -> _Terms:
        """Counts repeat: each different one is worked out once where that is less work."""
        most = y.max(initial=0)
        if most < y.size / 8 and (y == np.floor(y)).all():
            index = y.astype(np.intp)
            once = cls._of(np.arange(most + 1))
            return cls(y, *(np.take(getattr(once, f.name), index) for f in fields(cls)[1:]))
        return cls._of(y)

    @classmethod
    def _of(cls, y: np.ndarray) -> _Terms:
        begin = y + 0.1
        log_begin = np.log(begin)
        y_log_y = special.xlogy(y, y)
        return cls(y, begin, begin * log_begin - 0.1, y_log_y - y * log_begin + 0.1, y_log_y, np.cbrt(y) ** 2)

    def of_rows(self, rows: np.ndarray) -> _Terms:
        return _Terms(*(getattr(self, f.name)[rows] for f in fields(self)))


@dataclass(eq=False)
class _Steps:
    """Where the iteration ended: its last coefficients, and the weights it came from with their coefficients."""

    level: np.ndarray
    slope: np.ndarray
    level_before: np.ndarray
    slope_before: np.ndarray
    sum_w: np.ndarray
    mean_time: np.ndarray
    spread: np.ndarray
    converged: np.ndarray


def _iterate(terms: _Terms, prior: np.ndarray | None, layout: _Layout, trend: bool) -> _Steps:
    """Iteratively reweighted least squares with a level a block and a common slope, all rows at once.

    The matrix of each row's normal equations is an arrow: diagonal but for the slope. So it is solved by sums over the
    blocks. Begins, steps and stops as R's glm does, since where it stops shows in the sixth digit.
    """
    n_rows, n_blocks = len(terms.y), len(layout.begins)
    powers = 2 if trend else 1
    first = layout.sums(_weighted(prior, terms.begin), 2 * powers - 1)
    target = layout.sums(_weighted(prior, terms.response), powers)
    of_y = layout.sums(_weighted(prior, terms.y), powers)
    constant = _weighted(prior, terms.y_log_y).sum(axis=1) - of_y[:, :n_blocks].sum(axis=1)
    deviance_before = 2 * _weighted(prior, terms.deviance).sum(axis=1)

    out = _Steps(*(np.zeros((n_rows, n_blocks) if wide else n_rows) for wide in (1, 0, 1, 0, 1, 1, 0, 0)))
    out.converged = np.zeros(n_rows, dtype=bool)
    live = np.arange(n_rows)
    weights = prior
    if not trend:
        weights = np.tile(layout.sizes, (n_rows, 1)) if prior is None else layout.sums(prior)
    absent = first[:, :n_blocks] == 0  # a block without a known week has no level
    moments = first
    step, slope_step = _solve(moments, target, n_blocks, trend, absent)
    level = level_before = step
    slope = slope_before = slope_step
    for number in range(1, MOST_STEPS + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            if trend:
                grown = slope[:, None] * layout.time
                np.exp(grown, out=grown)
                if weights is not None:
                    grown *= weights
                following = layout.sums(grown, 3)
                following.reshape(-1, 3, n_blocks)[...] *= np.exp(level)[:, None]
            else:
                following = weights * np.exp(level)
            fitted = (of_y[:, :n_blocks] * level).sum(axis=1)
            if trend:
                fitted += slope * of_y[:, n_blocks:].sum(axis=1)
            deviance = 2 * (constant - fitted + following[:, :n_blocks].sum(axis=1))
            done = (np.abs(deviance - deviance_before) / (0.1 + np.abs(deviance)) < CONVERGED) & (number > 1)
        last = number == MOST_STEPS
        ended = done | last | ~np.isfinite(deviance)
        if ended.any():
            rows = live[ended]
            out.converged[rows] = done[ended]
            out.level[rows], out.slope[rows] = level[ended], slope[ended]
            out.level_before[rows], out.slope_before[rows] = level_before[ended], slope_before[ended]
            out.sum_w[rows], out.mean_time[rows], out.spread[rows] = _spread(moments[ended], n_blocks, trend)
            if ended.all():
                break
            stay = ~ended
            live, level, slope, following = live[stay], level[stay], slope[stay], following[stay]
            of_y, constant, deviance, absent = of_y[stay], constant[stay], deviance[stay], absent[stay]
            weights = None if weights is None else weights[stay]
        level_before, slope_before, deviance_before, moments = level, slope, deviance, following
        gradient = of_y - following[:, : 2 * n_blocks]
        step, slope_step = _solve(moments, gradient, n_blocks, trend, absent)
        level, slope = level + step, slope + slope_step
    return out


def _spread(moments: np.ndarray, n_blocks: int, trend: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the weights: their sum and mean time by block, and their spread in time within blocks, all blocks together."""
    sum_w = moments[:, :n_blocks]
    if not trend:
        return sum_w, np.zeros_like(sum_w), np.full(len(sum_w), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_time = np.where(sum_w > 0, moments[:, n_blocks : 2 * n_blocks] / sum_w, 0.0)
    return sum_w, mean_time, (moments[:, 2 * n_blocks :] - moments[:, n_blocks : 2 * n_blocks] * mean_time).sum(axis=1)


def _solve(
    moments: np.ndarray, target: np.ndarray, n_blocks: int, trend: bool, absent: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Levels and slope that solve the normal equations of the weights' moments."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        sum_w, mean_time, spread = _spread(moments, n_blocks, trend)
        if not trend:
            return np.where(absent, 0.0, target / sum_w), np.zeros(len(sum_w))
        slope = (target[:, n_blocks:] - mean_time * target[:, :n_blocks]).sum(axis=1) / spread
        level = target[:, :n_blocks] / sum_w - mean_time * slope[:, None]
        return np.where(absent, 0.0, level), slope


def _weighted(prior: np.ndarray | None, a: np.ndarray) -> np.ndarray:
    return a if prior is None else prior * a


def _squares(weights: np.ndarray, residual: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij,ij->i", weights, residual, residual)


def _residuals(
    y: np.ndarray, prior: np.ndarray | None, steps: _Steps, layout: _Layout
) -> tuple[np.ndarray, np.ndarray]:
    """Working residuals at the last coefficients, and the weights that led to them."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        residual = np.exp(_log_mean(-steps.level, -steps.slope, layout))
        residual *= y
        residual -= 1
        working = np.exp(_log_mean(steps.level_before, steps.slope_before, layout))
    if prior is not None:
        working *= prior
    return residual, working


def _log_mean(level: np.ndarray, slope: np.ndarray, layout: _Layout) -> np.ndarray:
    out = slope[:, None] * layout.time
    out += level[:, layout.block]
    return out


def _weights(
    y_two_thirds: np.ndarray,
    prior: np.ndarray | None,
    n_seen: np.ndarray,
    working: np.ndarray,
    dispersion: np.ndarray,
    steps: _Steps,
    layout: _Layout,
    above: float,
) -> np.ndarray:
    """Weights of the weeks: by the inverse square of the standardised Anscombe residual where that is above the limit."""
    eta = _log_mean(steps.level, steps.slope, layout)
    if np.isfinite(steps.spread).all():
        unexplained = layout.time - steps.mean_time[:, layout.block]
        unexplained *= unexplained
        unexplained *= (1 / steps.spread)[:, None]
        unexplained += (1 / steps.sum_w)[:, layout.block]
    else:
        unexplained = (1 / steps.sum_w)[:, layout.block]
    unexplained *= -working
    unexplained += 1  # one less the leverage
    unexplained *= dispersion[:, None]
    eta /= 6
    sixth = np.exp(eta, out=eta)
    residual = y_two_thirds / sixth
    residual -= sixth * sixth * sixth
    residual *= 1.5
    less = unexplained / (residual * residual)
    less[~((residual > 0) & (less < above**-2))] = 1
    if prior is not None:
        less[prior == 0] = 0
    less *= (n_seen / less.sum(axis=1))[:, None]
    return less
