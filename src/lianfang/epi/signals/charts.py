"""Charts that add up evidence from week to week, so that a lasting small increase is found as well as a large one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from lianfang.epi import _checks as check
from lianfang.epi._checks import EpiInputError
from lianfang.epi.signals._judged import Signals, of_one, weeks_to_judge

TRANSFORMS = (
    "standard",
    "rossi",
    "anscombe",
    "anscombe_2nd_order",
    "negative_binomial",
    "anscombe_negative_binomial",
    "none",
)
CONVERGED, MOST_STEPS = 1e-8, 25  # of the deviance, relative: where R's glm stops
VALUES_AT_ONCE, IN_CACHE = 2_000_000, 100_000


@dataclass(frozen=True, eq=False)
class ChartSignals(Signals):
    """Signals of a chart. Beside `Signals`:

    statistic : the shape of `threshold`; what the chart has added up by the end of the week, which alarms at its limit.
    """

    statistic: np.ndarray


def _on_chart(start: Any, n_weeks: int, at_least: int, why: str) -> int:
    first = check.whole_number("start", start)
    if first < at_least:
        raise EpiInputError("start", "before_data", f"must be index {at_least} or later, {why}, is {first}")
    if first >= n_weeks:
        raise EpiInputError("start", "after_data", f"must be index {n_weeks - 1} or before, the last week of counts")
    return first


def _expected(expected: Any, panel: np.ndarray, alone: bool, start: int) -> np.ndarray:
    """Expected counts of the weeks on the chart, one a week and series."""
    given = check.not_negative("expected", check.float_array("expected", expected, missing=True))
    shape = panel.shape[1:] if alone else panel.shape
    try:
        full = np.broadcast_to(given[:, None] if given.shape == (len(panel), 1) else given, shape)
    except ValueError:
        raise EpiInputError(
            "expected", "wrong_shape", f"must be one number or have the shape of counts, {shape}, not {given.shape}"
        ) from None
    return np.atleast_2d(full)[:, start:]


# --- what is expected --------------------------------------------------------------------------------------------


def seasonal_mean(
    counts: Any, *, start: int, harmonics: int = 1, trend: bool = False, period: float = 52
) -> np.ndarray:
    """Expected counts of every week by Poisson regression on the weeks before `start`: level, season, and trend.

    counts : (n_weeks,) or (n_series, n_weeks) cases by week, oldest week first; index 0 is the first week of the data.
        Missing weeks (NaN) are left out.
    start : index of the first week that is not learned from.
    harmonics : waves in the year: 1 is one high and one low.
    period : weeks in a year.
    Returns the shape of counts. A series without a case before start is expected to have none; one whose regression
    does not converge is NaN.

    >>> weeks = np.arange(156)
    >>> counts = np.round(30 + 20 * np.cos(2 * np.pi * weeks / 52))
    >>> seasonal_mean(counts, start=104)[[104, 130]].round(1)
    array([53.8, 13.2])
    """
    panel, alone = check.counts_panel("counts", counts, missing=True)
    harmonics = check.whole_number("harmonics", harmonics, at_least=0)
    period = check.number("period", period, above=0)
    terms = 1 + bool(trend) + 2 * harmonics
    start = _on_chart(start, panel.shape[1], terms + 1, f"after the weeks that {terms} terms are learned from")
    time = np.arange(panel.shape[1]) - start / 2
    columns = [np.ones(len(time))] + ([time / start] if trend else [])
    for wave in range(1, harmonics + 1):
        columns += [np.cos(2 * np.pi * wave * time / period), np.sin(2 * np.pi * wave * time / period)]
    design = np.stack(columns, axis=1)
    coefficients = _poisson_regression(panel[:, :start], design[:start])
    with np.errstate(over="ignore"):
        mean = np.exp(coefficients @ design.T)
    known = ~np.isnan(panel[:, :start])
    mean[(known.any(axis=1)) & (np.where(known, panel[:, :start], 0).sum(axis=1) == 0)] = 0
    return mean[0] if alone else mean


def _poisson_regression(panel: np.ndarray, design: np.ndarray) -> np.ndarray:
    """Coefficients (n_series, n_terms) of all rows at once; NaN where R's glm would not converge."""
    n_terms = design.shape[1]
    known = ~np.isnan(panel)
    y = np.where(known, panel, 0.0)
    pairs = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    out = np.full((len(y), n_terms), np.nan)
    live = np.flatnonzero((y.sum(axis=1) > 0) & (known.sum(axis=1) > n_terms))
    y, known = y[live], known[live].astype(float)
    mean = y + 0.1
    eta = np.log(mean)
    y_log_y = special.xlogy(y, y)
    before = (known * (y_log_y - y * eta + 0.1)).sum(axis=1)
    for _ in range(MOST_STEPS):
        if not live.size:
            break
        weights = known * mean
        normal = (weights @ pairs).reshape(-1, n_terms, n_terms)
        try:
            coefficients = np.linalg.solve(normal, ((weights * eta + known * (y - mean)) @ design)[..., None])[..., 0]
        except np.linalg.LinAlgError:
            raise EpiInputError("counts", "too_short", "must have known weeks enough before start") from None
        eta = coefficients @ design.T
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.exp(eta)
            now = (known * (y_log_y - y * eta - (y - mean))).sum(axis=1)
            done = np.abs(now - before) / (0.05 + np.abs(now)) < CONVERGED
        out[live[done]] = coefficients[done]
        stay = ~done & np.isfinite(now)
        live, y, known, mean, eta = live[stay], y[stay], known[stay], mean[stay], eta[stay]
        y_log_y, before = y_log_y[stay], now[stay]
    return out


# --- cusum -------------------------------------------------------------------------------------------------------


def cusum(
    counts: Any,
    *,
    start: int,
    expected: Any = None,
    transform: str = "standard",
    k: float = 1.04,
    h: float = 2.26,
    dispersion: float = 0.1,
) -> ChartSignals:
    """Cumulative sum of what the counts, made normal, exceed their expectation by.

    counts : (n_weeks,) or (n_series, n_weeks) cases by week, oldest week first; index 0 is the first week of the data.
        A missing week (NaN) leaves the sum as it is.
    start : index of the first week on the chart; the sum is 0 before it. All weeks from there on are judged.
    expected : one number, or an array of the shape of counts such as `seasonal_mean` gives; the mean of the weeks before
        start when not given. A series that expects none has no answer (NaN).
    transform : how counts are made normal. "standard" (x - m) / sqrt(m); "rossi"; "anscombe" and "anscombe_2nd_order"
        (power 2/3); "negative_binomial" (variance m + dispersion m²) and "anscombe_negative_binomial"; "none".
    k, h : each week adds its value less k, never below 0 in all; the chart alarms at h. It goes on after an alarm.

    threshold is the count from which the week alarms; with "standard" the next whole number. Where the sum is so high
    that every count alarms it is 0, but with "rossi" up to the expected count, as in R's surveillance.

    Rossi G, Lampugnani L, Marchi M. An approximate CUSUM procedure for surveillance of health events. Stat Med
    1999;18:2111-22. Pierce DA, Schafer DW. Residuals in generalized linear models. J Am Stat Assoc 1986;81:977-86.

    >>> found = cusum([3, 2, 4, 3, 3, 5, 6, 7, 8], start=5)
    >>> found.alarm, found.threshold
    (array([False, False, False,  True]), array([9., 9., 8., 6.]))
    """
    panel, alone = check.counts_panel("counts", counts, missing=True)
    transform = check.choice("transform", transform, TRANSFORMS)
    k, h = check.number("k", k, at_least=0), check.number("h", h, above=0)
    dispersion = check.number("dispersion", dispersion, above=0)
    start = _on_chart(start, panel.shape[1], 1 if expected is None else 0, "after the weeks whose mean is expected")
    x = panel[:, start:]
    if expected is None:
        known = ~np.isnan(panel[:, :start])
        with np.errstate(invalid="ignore"):
            m = (np.where(known, panel[:, :start], 0).sum(axis=1) / known.sum(axis=1))[:, None]
    else:
        m = _expected(expected, panel, alone, start)
    m = np.where(m > 0, m, np.nan)
    value = _made_normal(x, m, transform, dispersion)
    usable = np.isfinite(np.broadcast_to(m, x.shape))

    gain = np.where(np.isnan(value), 0.0, value - k).T
    reached = np.zeros((x.shape[1] + 1, len(x)))
    for week in range(x.shape[1]):
        np.add(reached[week], gain[week], out=reached[week + 1])
        np.maximum(reached[week + 1], 0, out=reached[week + 1])
    statistic = reached[1:].T
    threshold = _made_count(h + k - reached[:-1].T, m, transform, dispersion)
    found = ChartSignals(
        at=np.arange(start, panel.shape[1]),
        observed=x,
        threshold=np.where(usable, threshold, np.nan),
        alarm=(statistic >= h) & usable & ~np.isnan(x),
        statistic=np.where(usable, statistic, np.nan),
    )
    return of_one(found) if alone else found


def _made_normal(x: np.ndarray, m: np.ndarray, transform: str, dispersion: float) -> np.ndarray:
    if transform == "standard":
        return (x - m) / np.sqrt(m)
    if transform == "rossi":
        return (x - 3 * m + 2 * np.sqrt(x * m)) / (2 * np.sqrt(m))
    if transform == "anscombe":
        return 1.5 * (np.cbrt(x) ** 2 - np.cbrt(m) ** 2) / m ** (1 / 6)
    if transform == "anscombe_2nd_order":
        return 1.5 * (np.cbrt(x) ** 2 - np.cbrt(m) ** 2 + 1 / (9 * np.cbrt(m))) / m ** (1 / 6)
    if transform == "negative_binomial":
        return (x - m) / np.sqrt(m + dispersion * m**2)
    if transform == "anscombe_negative_binomial":
        return (_stable(x, dispersion) - _stable(m, dispersion)) / (m + dispersion * m**2) ** (1 / 6)
    return x + 0 * m


def _stable(x: np.ndarray, dispersion: float) -> np.ndarray:
    """Anscombe's integral for the negative binomial distribution."""
    return 1.5 * np.cbrt(x) ** 2 * special.hyp2f1(1 / 3, 2 / 3, 5 / 3, -dispersion * x)


def _made_count(needed: np.ndarray, m: np.ndarray, transform: str, dispersion: float) -> np.ndarray:
    """The count whose transformed value is the one needed; 0 where every count is enough."""
    if transform == "standard":
        return np.maximum(np.ceil(np.sqrt(m) * needed + m), 0)
    if transform == "rossi":
        with np.errstate(invalid="ignore"):
            return np.nan_to_num((np.sqrt(4 * m + 2 * np.sqrt(m) * needed) - np.sqrt(m)) ** 2)
    if transform in ("anscombe", "anscombe_2nd_order"):
        middle = np.cbrt(m) ** 2 - (1 / (9 * np.cbrt(m)) if transform == "anscombe_2nd_order" else 0)
        return np.sqrt(np.maximum(2 / 3 * m ** (1 / 6) * needed + middle, 0)) ** 3
    if transform == "negative_binomial":
        return np.maximum(np.sqrt(m + dispersion * m**2) * needed + m, 0)
    if transform == "none":
        return np.maximum(needed + 0 * m, 0)
    wanted = _stable(m, dispersion) + needed * (m + dispersion * m**2) ** (1 / 6)
    low, high = np.zeros_like(wanted), np.ones_like(wanted)
    for _ in range(200):
        short = _stable(high, dispersion) < wanted
        if not short.any():
            break
        high = np.where(short, 2 * high, high)
    for _ in range(100):
        middle = (low + high) / 2
        enough = _stable(middle, dispersion) >= wanted
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(wanted > 0, high, 0.0)


# --- likelihood ratios -------------------------------------------------------------------------------------------


def glr(
    counts: Any,
    expected: Any,
    *,
    start: int = 0,
    change: float | None = None,
    dispersion: float = 0,
    limit: float = 5,
    direction: str = "up",
    window: int | None = None,
    min_weeks: int = 1,
    thresholds: bool = True,
) -> ChartSignals:
    """Likelihood ratio of a lasting change of the mean since some earlier week, of unknown size and time, against none.

    counts : (n_weeks,) or (n_series, n_weeks) cases by week, whole numbers, oldest week first; index 0 is the first week
        of the data. A missing week (NaN) is left out.
    expected : one number, or an array of the shape of counts such as `seasonal_mean` gives.
    start : index of the first week on the chart. All weeks from there on are judged.
    change : factor of the mean that is looked for, such as 1.5; when not given, whatever factor fits best.
    dispersion : 0 for Poisson counts, else negative binomial ones with variance m + dispersion m².
    limit : log likelihood ratio that alarms. After an alarm the chart begins anew.
    direction : "up" or "down", when `change` is not given.
    window, min_weeks : the change is looked for in the last so many weeks, and has lasted so many; for a change of
        unknown size.
    thresholds : False leaves out how many cases would alarm, which takes most of the time with a dispersion.

    threshold is the smallest count (direction "down": the largest) with which the week would alarm; when change is
    given, the count above which it does, in parts of cases. NaN where no count does.

    Höhle M, Paul M. Count data regression charts for the monitoring of surveillance time series. Comput Stat Data Anal
    2008;52:4357-68.

    >>> found = glr([3, 2, 4, 3, 3, 5, 6, 8, 9], 3, start=2)
    >>> found.at[found.alarm], found.threshold
    (array([8]), array([10., 10., 10., 10., 10., 10.,  6.]))
    """
    panel, alone = check.counts_panel("counts", counts, missing=True, whole=True)
    start = _on_chart(start, panel.shape[1], 0, "the first week of counts")
    dispersion = check.number("dispersion", dispersion, at_least=0)
    limit = check.number("limit", limit, above=0)
    direction = check.choice("direction", direction, ("up", "down"))
    min_weeks = check.whole_number("min_weeks", min_weeks, at_least=1)
    n_weeks = panel.shape[1] - start
    reach = n_weeks if window is None else check.whole_number("window", window, at_least=min_weeks)
    x, mean = panel[:, start:], _expected(expected, panel, alone, start)
    if change is not None:
        change = check.number("change", change, above=0)
        if change == 1:
            raise EpiInputError("change", "out_of_range", "must not be 1, which is no change")
        statistic, alarm, threshold = _known_change(x, mean, change, dispersion, limit)
    else:
        reached = min(reach, n_weeks)
        portion = max(1, IN_CACHE // reached**2 if dispersion else VALUES_AT_ONCE // reached)
        parts = [
            _unknown_change(
                x[i : i + portion], mean[i : i + portion], dispersion, limit, direction, reach, min_weeks, thresholds
            )
            for i in range(0, len(x), portion)
        ]
        statistic, alarm, threshold = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    answer = ChartSignals(
        at=np.arange(start, panel.shape[1]), observed=x, threshold=threshold, alarm=alarm, statistic=statistic
    )
    return of_one(answer) if alone else answer


def _known_change(
    x: np.ndarray, mean: np.ndarray, change: float, dispersion: float, limit: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each week adds a constant, and something for each case."""
    if dispersion:
        ratio = np.log((1 + dispersion * mean) / (1 + dispersion * mean * change))
        constant, for_each = ratio / dispersion, np.log(change) + ratio
    else:
        constant, for_each = (1 - change) * mean, np.full(mean.shape, np.log(change))
    gain = np.where(np.isnan(x), 0.0, constant + for_each * x)
    statistic, alarm, threshold = np.empty(x.shape), np.empty(x.shape, dtype=bool), np.empty(x.shape)
    before = np.zeros(len(x))
    for week in range(x.shape[1]):
        threshold[:, week] = (limit - before - constant[:, week]) / for_each[:, week]
        statistic[:, week] = np.maximum(before + gain[:, week], 0)
        alarm[:, week] = statistic[:, week] > limit
        before = np.where(alarm[:, week], 0.0, statistic[:, week])
    return statistic, alarm, threshold


def _unknown_change(
    x: np.ndarray,
    mean: np.ndarray,
    dispersion: float,
    limit: float,
    direction: str,
    reach: int,
    min_weeks: int,
    thresholds: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    up = direction == "up"
    known = ~(np.isnan(x) | np.isnan(mean))
    x, mean = np.where(known, x, 0.0), np.where(known, mean, 0.0)
    n_series, n_weeks = x.shape
    statistic, alarm = np.zeros(x.shape), np.zeros(x.shape, dtype=bool)
    threshold = np.full(x.shape, np.nan)
    since = np.zeros(n_series, dtype=np.intp)  # first week after the last alarm
    for week in range(n_weeks):
        first, last = max(0, week - reach + 1), week - min_weeks + 1
        if last < first:
            continue
        begins = np.arange(first, last + 1)  # week in which the change may have begun
        ruled_out = begins < since[:, None]
        cases, means = x[:, first : week + 1], mean[:, first : week + 1]
        ratio = _poisson_ratio if not dispersion else _negative_binomial_ratio(dispersion)

        def reached(
            now: np.ndarray,
            rows: Any = slice(None),
            cases: np.ndarray = cases,
            means: np.ndarray = means,
            ruled_out: np.ndarray = ruled_out,
            ratio: Callable[..., np.ndarray] = ratio,
        ) -> np.ndarray:
            """The largest ratio if there were `now` cases in this week."""
            history = cases[rows].copy()
            history[:, -1] = now
            found = ratio(history, means[rows], ruled_out.shape[1], up)
            return np.where(ruled_out[rows], 0.0, found).max(axis=1)

        statistic[:, week] = reached(cases[:, -1])
        alarm[:, week] = (statistic[:, week] >= limit) & known[:, week]
        if thresholds:
            threshold[:, week] = (
                _smallest_count(reached, limit, n_series, threshold[:, week - 1] if week else None)
                if up
                else _largest_count(reached, limit, n_series, means.sum(axis=1))
            )
            threshold[~known[:, week] | ruled_out.all(axis=1), week] = np.nan
        since[alarm[:, week]] = week + 1
    return statistic, alarm, threshold


def _sums_to_now(a: np.ndarray, n_begins: int) -> np.ndarray:
    """Sum from each week to the last, of the first n_begins weeks."""
    return np.cumsum(a[:, ::-1], axis=1)[:, ::-1][:, :n_begins]


def _poisson_ratio(cases: np.ndarray, means: np.ndarray, n_begins: int, up: bool) -> np.ndarray:
    seen, due = _sums_to_now(cases, n_begins), _sums_to_now(means, n_begins)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(seen > 0, seen * np.log(seen / due), 0.0) - seen + due
    return np.where(seen > due if up else seen < due, found, 0.0)


def _negative_binomial_ratio(dispersion: float) -> Callable[..., np.ndarray]:
    def ratio(cases: np.ndarray, means: np.ndarray, n_begins: int, up: bool) -> np.ndarray:
        """Newton steps for the size of each change that goes the right way; those that have arrived leave."""
        direction = _sums_to_now((cases - means) / (1 + dispersion * means), n_begins)
        wanted = direction > 0 if up else direction < 0
        series, begin = np.nonzero(wanted)
        within = np.arange(cases.shape[1]) >= begin[:, None]
        x, m = np.where(within, cases[series], 0.0), np.where(within, means[series], 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            start = np.log(_sums_to_now(cases, n_begins)[wanted] / _sums_to_now(means, n_begins)[wanted])
        change = np.nan_to_num(np.clip(start, -30, 30))
        live, of_x, of_m, weight = np.arange(len(x)), x, m, 1 + dispersion * x
        for _ in range(100):
            fitted = of_m * np.exp(change[live])[:, None]
            less = 1 / (1 + dispersion * fitted)
            score = ((of_x - fitted) * less).sum(axis=1)
            information = (fitted * weight * less * less).sum(axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                step = np.where(information > 0, np.clip(score / information, -2, 2), 0.0)
            following = np.clip(change[live] + step, -30, 30)
            moved = np.abs(following - change[live]) >= 1e-7  # the next step would be its square
            change[live] = following
            if not moved.any():
                break
            if not moved.all():
                live, of_x, of_m, weight = live[moved], of_x[moved], of_m[moved], weight[moved]
        fitted = m * np.exp(change)[:, None]
        found = np.zeros(wanted.shape)
        found[wanted] = change * x.sum(axis=1) - (
            (x + 1 / dispersion) * np.log((1 + dispersion * fitted) / (1 + dispersion * m))
        ).sum(axis=1)
        return found

    return ratio


def _smallest_count(
    reached: Callable[..., np.ndarray], limit: float, n_series: int, near: np.ndarray | None = None
) -> np.ndarray:
    """Smallest count with which the limit is reached, looked for from `near` on; more cases never make it less."""
    high = np.zeros(n_series) if near is None else np.nan_to_num(near)
    low = np.maximum(high - 1, -1)
    enough = reached(high) >= limit
    short, step = np.flatnonzero(~enough), 1.0
    while short.size and step < 2**50:
        low[short] = high[short]
        high[short] += step
        step *= 2
        short = short[reached(high[short], short) < limit]
    high[short] = np.nan
    beyond, step = np.flatnonzero(enough & (low >= 0)), 1.0
    while beyond.size:
        beyond = beyond[reached(low[beyond], beyond) >= limit]
        high[beyond] = low[beyond]
        low[beyond] = np.maximum(low[beyond] - step, -1)
        step *= 2
        beyond = beyond[low[beyond] >= 0]
    return _halve(reached, low, high, lambda value: value >= limit)[1]


def _largest_count(reached: Callable[..., np.ndarray], limit: float, n_series: int, due: np.ndarray) -> np.ndarray:
    """Largest count with which the limit is reached from above; NaN where none does."""
    low, high = np.full(n_series, -1.0), np.ceil(due) + 1
    low[reached(np.zeros(n_series)) >= limit] = 0
    found = _halve(reached, low, np.where(low < 0, 0.0, high), lambda value: value < limit)[0]
    return np.where(low < 0, np.nan, found)


def _halve(
    reached: Callable[..., np.ndarray], low: np.ndarray, high: np.ndarray, beyond: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    apart = np.flatnonzero(high - low > 1)
    while apart.size:
        middle = np.floor((low[apart] + high[apart]) / 2)
        over = beyond(reached(middle, apart))
        high[apart[over]], low[apart[~over]] = middle[over], middle[~over]
        apart = apart[high[apart] - low[apart] > 1]
    return low, high


# --- the beginning of an outbreak --------------------------------------------------------------------------------


def outbreak_p(counts: Any, *, at: Any = None, limit: float = 100) -> ChartSignals:
    """Likelihood ratio of counts that have risen, by whatever course, against counts that stay level.

    counts : (n_weeks,) or (n_series, n_weeks) cases by week, whole numbers, oldest week first; index 0 is the first week
        of the data: all weeks from there on are looked at, so cut off what came before the last season. A missing week
        (NaN) is left out.
    at : index of each week to judge; all when not given. Nothing after a judged week is looked at.
    limit : the ratio above which a week alarms. No history and no model of the season is needed.

    threshold is the smallest count with which the week would alarm, NaN where none does.

    Frisén M, Andersson E, Schiöler L. Robust outbreak surveillance of epidemics in Sweden. Stat Med 2009;28:476-93.

    >>> found = outbreak_p([2, 3, 2, 2, 3, 6, 8], at=[4, 5, 6])
    >>> found.statistic.round(1), found.threshold, found.alarm
    (array([ 1.1,  4.9, 48.5]), array([10., 10.,  9.]), array([False, False, False]))
    """
    panel, alone = check.counts_panel("counts", counts, missing=True, whole=True)
    limit = np.log(check.number("limit", limit, at_least=1))
    weeks = weeks_to_judge(at, panel.shape[1], 0)
    n_series = len(panel)
    # the best rising course is made of levels: sum and number of each, with the log likelihood of all up to it
    sums, numbers = np.zeros((n_series, panel.shape[1] + 1)), np.zeros((n_series, panel.shape[1] + 1))
    likelihood = np.zeros((n_series, panel.shape[1] + 1))
    depth = np.zeros(n_series, dtype=np.intp)
    total, number = np.zeros(n_series), np.zeros(n_series)

    def level_with(x: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The last level if x came next: what it takes in from the levels before, and how many of those remain."""
        top, s, n = depth[rows].copy(), x.copy(), np.ones(len(rows))
        merge = np.arange(len(rows))
        while merge.size:
            below = rows[merge], top[merge]
            merge = merge[(top[merge] > 0) & (s[merge] * numbers[below] <= sums[below] * n[merge])]
            below = rows[merge], top[merge]
            s[merge] += sums[below]
            n[merge] += numbers[below]
            top[merge] -= 1
        return top, s, n

    def ratio_with(x: np.ndarray, rows: Any = slice(None)) -> np.ndarray:
        rows = np.arange(n_series)[rows]
        top, s, n = level_with(x, rows)
        whole, weeks_in = total[rows] + x, number[rows] + 1
        with np.errstate(divide="ignore", invalid="ignore"):
            return likelihood[rows, top] + special.xlogy(s, s / n) - special.xlogy(whole, whole / weeks_in)

    every = np.arange(n_series)
    statistic, threshold = np.full((n_series, len(weeks)), np.nan), np.full((n_series, len(weeks)), np.nan)
    place = {int(week): i for i, week in enumerate(weeks)}
    for week in range(weeks.max() + 1):
        x = panel[:, week]
        rows = every[~np.isnan(x)]
        if week in place:
            statistic[rows, place[week]] = ratio_with(x[rows], rows)
            if week:
                found = _smallest_count(ratio_with, np.nextafter(limit, np.inf), n_series)
                threshold[rows, place[week]] = np.where(found < 2**49, found, np.nan)[rows]
        top, s, n = level_with(x[rows], rows)
        likelihood[rows, top + 1] = likelihood[rows, top] + special.xlogy(s, s / n)
        sums[rows, top + 1], numbers[rows, top + 1], depth[rows] = s, n, top + 1
        total[rows] += x[rows]
        number[rows] += 1
    with np.errstate(over="ignore", invalid="ignore"):
        answer = ChartSignals(
            at=weeks,
            observed=panel[:, weeks],
            threshold=threshold,
            alarm=statistic > limit,
            statistic=np.exp(statistic),
        )
    return of_one(answer) if alone else answer
