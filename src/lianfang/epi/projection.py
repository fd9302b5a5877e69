"""Short forecasts from the reproduction number, how good they were, and what they ask of beds, tests and supplies."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from lianfang.epi import _checks as check
from lianfang.epi._checks import EpiInputError
from lianfang.epi.transmission import estimate_rt, infectivity

# The levels of the forecast hubs: the median and eleven intervals, from 10 to 98 percent.
LEVELS = (0.01, 0.025, *(round(0.05 * i, 2) for i in range(1, 20)), 0.975, 0.99)


@dataclass(frozen=True, eq=False)
class Forecast:
    """New cases in the days after the last day of the counts, of one series or of each series of a panel.

    mean : (horizon,) or (n_series, horizon); index 0 is the day after the last. NaN without an estimate of R.
    quantiles : the same with one more axis, entry j the quantile at levels[j].
    levels : (n_levels,)
    r_mean, r_sd : reproduction number of the last window.
    dispersion : 1/k of the negative binomial that each day is drawn from; 0 is Poisson.
    draws : (n_draws, horizon) or (n_series, n_draws, horizon) courses the figures are taken from, when kept.
    """

    mean: np.ndarray
    quantiles: np.ndarray
    levels: np.ndarray
    r_mean: np.ndarray
    r_sd: np.ndarray
    dispersion: np.ndarray
    draws: np.ndarray | None

    def quantile(self, level: float) -> np.ndarray:
        """The quantile at one of the levels that were asked for."""
        at = np.flatnonzero(np.isclose(self.levels, level))
        if not len(at):
            raise EpiInputError("level", "unknown_choice", f"must be one of {self.levels.tolist()}, is {level}")
        return self.quantiles[..., at[0]]


def forecast(
    counts: Any,
    si_pmf: Any,
    horizon: int,
    *,
    window: int = 7,
    prior_mean: float = 1.0,
    prior_sd: float = 1.0,
    r_persistence: float = 0.8,
    r_drift_sd: float = 0.2,
    dispersion: float | str = "estimate",
    memory: int = 28,
    n_draws: int = 2000,
    seed: int,
    quantiles: Any = LEVELS,
    keep_draws: bool = False,
) -> Forecast:
    """Forecast of daily cases: the reproduction number of the last window goes on, with what is not known about it.

    counts : (n_days,) or (n_series, n_days) cases by day of onset, oldest day first, at least window + 2 days; index 0 is
        the first day of the epidemic. Correct the last days for reports still to come first, or the forecast starts low.
    si_pmf : (n_lags,) entry k the share of serial intervals of k days; entry 0 is 0, the sum 1.
    horizon : days ahead, best no more than two weeks.
    window : days the reproduction number is estimated from.
    prior_mean, prior_sd : of its gamma prior. Unlike in `estimate_rt` it says that an epidemic with hardly a case goes
        neither up nor down, since a forecast from a prior of 5 explodes.
    r_persistence : what is left of the logarithm of the reproduction number a day later. Below 1 it goes back towards 1,
        as people and measures react; 1 keeps it, and forecasts of a growing epidemic then overshoot.
    r_drift_sd : how far that logarithm wanders in a day, standard deviation; 0 for not at all.
    dispersion : 1/k of the negative binomial of each day's count, 0 for Poisson, or "estimate" from how far each of the
        last `memory` days lay from what was expected the day before.
    n_draws, seed : courses drawn for each series. What a series draws depends on the seed and its own counts, so that it
        has the same forecast alone and in a panel.
    keep_draws : return the courses too, for `bed_demand` and the like.

    Nothing but the counts goes in: no measure taken or lifted, no season, no susceptible people used up. The two settings
    of how R moves were chosen by back-tests on COVID-19 in China, influenza 1918, SARS, measles and simulated Ebola, the
    same series their scores are reported on.

    Cori A et al. Am J Epidemiol 2013;178:1505-12 (renewal equation); Nouvellet P et al. A simple approach to measure
    transmissibility and forecast incidence. Epidemics 2018;22:29-35.

    >>> found = forecast([3, 4, 5, 7, 8, 11, 13, 17, 20, 25], [0, 0.3, 0.4, 0.3], 3, seed=1, quantiles=[0.05, 0.5, 0.95])
    >>> found.quantiles.shape, bool(found.mean[2] > 25)
    ((3, 3), True)
    """
    window = check.whole_number("window", window, at_least=1)
    panel, alone = check.counts_panel("counts", counts, min_days=window + 2)
    weights = check.pmf("si_pmf", si_pmf, zero_at_0=True)
    horizon = check.whole_number("horizon", horizon, at_least=1, at_most=366)
    drift = check.number("r_drift_sd", r_drift_sd, at_least=0, at_most=1)
    persistence = check.number("r_persistence", r_persistence, at_least=0, at_most=1)
    memory = check.whole_number("memory", memory, at_least=1)
    n_draws = check.whole_number("n_draws", n_draws, at_least=1)
    seed = check.whole_number("seed", seed, at_least=0)
    levels = check.probabilities("quantiles", quantiles)

    rt = estimate_rt(panel, weights, window=window, prior_mean=prior_mean, prior_sd=prior_sd, quantiles=(0.5,))
    shape, scale = (rt.mean[:, -1] / rt.sd[:, -1]) ** 2, rt.sd[:, -1] ** 2 / rt.mean[:, -1]
    if isinstance(dispersion, str):
        check.choice("dispersion", dispersion, ("estimate",))
        spread = _one_day_dispersion(panel, infectivity(panel, weights), rt.mean, window, memory)
    else:
        spread = np.full(len(panel), check.number("dispersion", dispersion, at_least=0))

    n_days = panel.shape[1]
    reach = min(len(weights) - 1, n_days + horizon - 1)
    lag = np.arange(n_days, n_days + horizon)[None, :] - np.arange(n_days)[:, None]
    kernel = np.where(lag <= reach, weights[np.clip(lag, 0, len(weights) - 1)], 0.0)
    from_past = panel @ kernel
    recent = np.zeros(horizon + 1)
    recent[: min(len(weights), horizon + 1)] = weights[: horizon + 1]

    mean = np.full((len(panel), horizon), np.nan)
    at_levels = np.full((len(panel), horizon, len(levels)), np.nan)
    kept = np.full((len(panel), n_draws, horizon), np.nan) if keep_draws else None
    for i in np.flatnonzero(~np.isnan(shape)):
        generator = np.random.default_rng([seed, zlib.crc32(panel[i].tobytes())])
        log_r = np.log(np.maximum(generator.gamma(shape[i], scale[i], n_draws), 1e-300))
        courses = np.zeros((n_draws, horizon))
        for h in range(horizon):
            log_r = persistence * log_r
            if drift:
                log_r = log_r + generator.normal(0, drift, n_draws)
            expected = from_past[i, h] + courses[:, :h] @ recent[h:0:-1]
            expected = np.minimum(np.exp(np.minimum(log_r, 50)) * expected, 1e12)  # beyond any population
            if spread[i] > 0:
                expected = expected * generator.gamma(1 / spread[i], spread[i], n_draws)
            courses[:, h] = generator.poisson(expected)
        mean[i] = courses.mean(axis=0)
        at_levels[i] = np.quantile(courses, levels, axis=0).T
        if kept is not None:
            kept[i] = courses
    found = (mean, at_levels, rt.mean[:, -1], rt.sd[:, -1], spread)
    mean, at_levels, r_mean, r_sd, spread = (a[0] for a in found) if alone else found
    if kept is not None and alone:
        kept = kept[0]
    return Forecast(mean, at_levels, levels, r_mean, r_sd, spread, kept)


def _one_day_dispersion(panel: np.ndarray, pressure: np.ndarray, r: np.ndarray, window: int, memory: int) -> np.ndarray:
    """1/k of counts around what R of the window before and the infection pressure of the day led one to expect."""
    expected = r[:, :-1] * pressure[:, window + 1 :]  # window w ends on day window + w, and speaks of the day after
    seen = panel[:, window + 1 :]
    expected, seen = expected[:, -memory:], seen[:, -memory:]
    known = ~np.isnan(expected)
    excess = np.where(known, (seen - expected) ** 2 - expected, 0).sum(axis=1)
    ground = np.where(known, expected**2, 0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(ground > 0, np.clip(excess / ground, 0, 5), 0.0)


def persistence_forecast(
    counts: Any, horizon: int, *, n_draws: int = 2000, seed: int, quantiles: Any = LEVELS, smooth: int = 1
) -> Forecast:
    """The forecast to beat: cases stay where they were, and wander as they have wandered from day to day.

    counts, horizon, n_draws, seed, quantiles : as in `forecast`.
    smooth : days whose mean is the starting point; 1 is the last day.

    Each day adds a past change from day to day with a random sign; below 0 counts as 0. The baseline of the forecast
    hubs: Cramer EY et al. Evaluation of individual and ensemble probabilistic forecasts of COVID-19 mortality in the
    United States. PNAS 2022;119:e2113561119.

    >>> persistence_forecast([5, 7, 6, 8], 2, seed=1, quantiles=[0.5]).quantiles.round()
    array([[8.],
           [8.]])
    """
    panel, alone = check.counts_panel("counts", counts, min_days=2)
    horizon = check.whole_number("horizon", horizon, at_least=1, at_most=366)
    n_draws, seed = check.whole_number("n_draws", n_draws, at_least=1), check.whole_number("seed", seed, at_least=0)
    levels = check.probabilities("quantiles", quantiles)
    smooth = check.whole_number("smooth", smooth, at_least=1, at_most=panel.shape[1])
    mean = np.empty((len(panel), horizon))
    at_levels = np.empty((len(panel), horizon, len(levels)))
    for i, row in enumerate(panel):
        generator = np.random.default_rng([seed, zlib.crc32(row.tobytes()), 1])
        steps = generator.choice(np.diff(row), (n_draws, horizon)) * generator.choice([-1.0, 1.0], (n_draws, horizon))
        start = row[-smooth:].mean()
        walk = np.cumsum(steps, axis=1)
        courses = start + walk - np.median(walk, axis=0)
        mean[i] = np.maximum(courses, 0).mean(axis=0)
        at_levels[i] = np.maximum(np.quantile(courses, levels, axis=0), 0).T
    nothing = np.full(len(panel), np.nan)
    found = (mean, at_levels, nothing, nothing, nothing)
    mean, at_levels, a, b, c = (x[0] for x in found) if alone else found
    return Forecast(mean, at_levels, levels, a, b, c, None)


def interval_score(observed: Any, lower: Any, upper: Any, coverage: float) -> np.ndarray:
    """Score of a central prediction interval: its width, and a penalty for what lies outside; smaller is better.

    observed, lower, upper : one shape. coverage : what the interval promises to hold, such as 0.9.

    Gneiting T, Raftery AE. Strictly proper scoring rules, prediction, and estimation. J Am Stat Assoc 2007;102:359-78.

    >>> interval_score([5.0, 12.0], [4.0, 4.0], [10.0, 10.0], 0.9)
    array([ 6., 46.])
    """
    y = check.float_array("observed", observed, missing=True)
    low, high = (
        check.like("lower", lower, y.shape, "observed", missing=True),
        check.like("upper", upper, y.shape, "observed", missing=True),
    )
    if (high < low).any():
        raise EpiInputError("upper", "out_of_range", "must not be below lower")
    outside = 1 - check.number("coverage", coverage, above=0, below=1)
    return high - low + 2 / outside * (np.maximum(low - y, 0) + np.maximum(y - high, 0))


def weighted_interval_score(observed: Any, quantiles: Any, levels: Any) -> np.ndarray:
    """Weighted interval score of forecasts given as quantiles, in cases; smaller is better.

    observed : any shape. quantiles : the same with one more axis, entry j the quantile at levels[j].
    levels : (n_levels,) rising, symmetric around 0.5, the median among them.
    NaN where the observation or the forecast is missing.

    For one level, 0.5, it is the absolute error; with many levels it comes near the continuous ranked probability score.
    Bracher J, Ray EL, Gneiting T, Reich NG. Evaluating epidemic forecasts in an interval format. PLoS Comput Biol
    2021;17:e1008618.

    >>> weighted_interval_score(12.0, [4.0, 8.0, 10.0], [0.25, 0.5, 0.75])
    np.float64(3.6666666666666665)
    """
    y = check.float_array("observed", observed, missing=True)
    levels = check.probabilities("levels", levels)
    if (np.diff(levels) <= 0).any() or not np.allclose(levels + levels[::-1], 1) or len(levels) % 2 == 0:
        raise EpiInputError("levels", "unsorted", "must rise, be symmetric around 0.5, and hold 0.5")
    q = check.float_array("quantiles", quantiles, missing=True)
    if q.shape != (*y.shape, len(levels)):
        raise EpiInputError("quantiles", "wrong_shape", f"must be {(*y.shape, len(levels))}, is {q.shape}")
    below = y[..., None] <= q
    return (2 * (below - levels) * (q - y[..., None])).mean(axis=-1)


def coverage(observed: Any, lower: Any, upper: Any) -> float:
    """Share of observations inside their intervals, ends included; missing ones are passed over.

    >>> coverage([1, 5, 9], [0, 0, 0], [5, 5, 5])
    0.6666666666666666
    """
    y = check.float_array("observed", observed, missing=True)
    low = check.like("lower", lower, y.shape, "observed", missing=True)
    high = check.like("upper", upper, y.shape, "observed", missing=True)
    known = ~(np.isnan(y) | np.isnan(low) | np.isnan(high))
    if not known.any():
        raise EpiInputError("observed", "empty", "must hold an observation with its interval")
    return float(((y >= low) & (y <= high))[known].mean())


@dataclass(frozen=True, eq=False)
class BackTest:
    """Forecasts made at past days from what was known then, beside what came.

    origins : (n_origins,) index of the last day each forecast knew.
    observed : (n_series, n_origins, horizon) what came; the last axis begins with the day after the origin.
    quantiles, baseline_quantiles : the same with one more axis of levels. levels : (n_levels,)
    wis, baseline_wis : weighted interval score of each, shape of observed.
    """

    origins: np.ndarray
    observed: np.ndarray
    quantiles: np.ndarray
    baseline_quantiles: np.ndarray
    levels: np.ndarray
    wis: np.ndarray
    baseline_wis: np.ndarray

    def by_horizon(self) -> list[dict[str, float]]:
        """One row a day ahead: number of forecasts, WIS, the same over the baseline's, coverage of 50 and 90 percent."""
        rows = []
        for h in range(self.observed.shape[2]):
            known = ~np.isnan(self.wis[:, :, h])
            if not known.any():
                continue
            wis, base = self.wis[:, :, h][known].mean(), self.baseline_wis[:, :, h][known].mean()
            row = {"days_ahead": h + 1, "forecasts": int(known.sum()), "wis": float(wis)}
            row["relative_wis"] = float(wis / base) if base > 0 else float("nan")
            for name, source in (("", self.quantiles), ("baseline_", self.baseline_quantiles)):
                for low, high in ((0.25, 0.75), (0.05, 0.95)):
                    q = [source[:, :, h, np.flatnonzero(np.isclose(self.levels, p))[0]] for p in (low, high)]
                    row[f"{name}coverage_{round(100 * (high - low))}"] = coverage(
                        np.where(known, self.observed[:, :, h], np.nan), *q
                    )
            rows.append(row)
        return rows


def backtest(
    counts: Any,
    si_pmf: Any,
    horizon: int,
    *,
    origins: Any = None,
    first_origin: int = 21,
    seed: int,
    n_draws: int = 1000,
    baseline_smooth: int = 1,
    **settings: Any,
) -> BackTest:
    """Forecast again and again from past days, knowing only the counts up to each, and score what came.

    counts, si_pmf, horizon : as in `forecast`.
    origins : index of the last day each forecast knows; every day from first_origin to the last day but one if not given.
    baseline_smooth : `smooth` of the `persistence_forecast` it is compared with.
    settings : passed to `forecast`, such as window or r_drift_sd.
    Days beyond the data are NaN. Counts are the final ones: reports that came late are not taken back, so the score is
    kinder than the day itself was.

    >>> found = backtest([2, 3, 3, 4, 6, 7, 9, 12, 14, 19, 24, 30], [0, 0.3, 0.4, 0.3], 2, origins=[9, 10], seed=1)
    >>> found.observed[0]
    array([[24., 30.],
           [30., nan]])
    """
    panel, _ = check.counts_panel("counts", counts, min_days=4)
    horizon = check.whole_number("horizon", horizon, at_least=1, at_most=366)
    n_days = panel.shape[1]
    if origins is None:
        first_origin = check.whole_number("first_origin", first_origin, at_least=2)
        if first_origin > n_days - 2:
            raise EpiInputError("first_origin", "after_data", f"must leave a day to forecast, at most {n_days - 2}")
        days = np.arange(first_origin, n_days - 1)
    else:
        days = check.whole_numbers("origins", np.atleast_1d(check.float_array("origins", origins))).astype(int)
        if days.ndim != 1 or not days.size or (days < 2).any() or (days > n_days - 2).any():
            raise EpiInputError("origins", "out_of_range", f"must lie between index 2 and {n_days - 2}")
    observed = np.full((len(panel), len(days), horizon), np.nan)
    ours = np.full((*observed.shape, len(LEVELS)), np.nan)
    base = ours.copy()
    for j, day in enumerate(days):
        known = panel[:, : day + 1]
        came = panel[:, day + 1 : day + 1 + horizon]
        observed[:, j, : came.shape[1]] = came
        ours[:, j] = forecast(known, si_pmf, horizon, seed=seed, n_draws=n_draws, **settings).quantiles
        base[:, j] = persistence_forecast(known, horizon, seed=seed, n_draws=n_draws, smooth=baseline_smooth).quantiles
    return BackTest(
        origins=days,
        observed=observed,
        quantiles=ours,
        baseline_quantiles=base,
        levels=np.array(LEVELS),
        wis=weighted_interval_score(observed, ours, LEVELS),
        baseline_wis=weighted_interval_score(observed, base, LEVELS),
    )


@dataclass(frozen=True, eq=False)
class Demand:
    """What is needed on each day after the last day of the counts.

    mean : (horizon,) or (n_series, horizon); index 0 is the day after the last.
    quantiles : the same with one more axis of levels. levels : (n_levels,)
    draws : (n_draws, horizon) or (n_series, n_draws, horizon).
    """

    mean: np.ndarray
    quantiles: np.ndarray
    levels: np.ndarray
    draws: np.ndarray


def bed_demand(
    counts: Any,
    draws: Any,
    *,
    admitted_share: float,
    admission_delay: Any,
    stay_pmf: Any,
    occupied: Any = None,
    quantiles: Any = (0.05, 0.5, 0.95),
    seed: int,
) -> Demand:
    """Beds occupied at the end of each of the coming days.

    counts : (n_days,) or (n_series, n_days) cases by day of onset up to the data cut, oldest day first.
    draws : (n_draws, horizon) or (n_series, n_draws, horizon) courses of the coming days, from `forecast`.
    admitted_share : share of cases that is admitted.
    admission_delay : (n_delays,) entry k the share of the admitted that come k days after onset.
    stay_pmf : (n_stays,) entry k the share that leaves k days after admission; entry 0 leaves the same day and needs no
        bed at its end.
    occupied : beds in use at the end of the last day, one number or one a series. Given, those patients take the place of
        the ones that the counts lead one to expect, and leave as those would.
    seed : of the chance that decides how many of the expected are really there (Poisson).

    >>> found = bed_demand(
    ...     [0, 0, 10], np.zeros((500, 2)), admitted_share=1.0, admission_delay=[1.0], stay_pmf=[0, 0.5, 0.5], seed=1)
    >>> found.mean.round()
    array([5., 0.])
    """
    panel, courses, alone, levels, generator = _demand_input(counts, draws, quantiles, seed)
    share = check.number("admitted_share", admitted_share, at_least=0, at_most=1)
    arrive = check.pmf("admission_delay", admission_delay)
    stay = check.pmf("stay_pmf", stay_pmf)
    still = np.maximum(1 - np.cumsum(stay), 0)  # entry k: still there k days after admission
    kernel = share * np.convolve(arrive, still[still > 1e-12])
    n_days = panel.shape[1]
    settled = _spread(panel, kernel, courses.shape[2])  # (n_series, horizon) from cases up to the cut
    if occupied is not None:
        now = check.not_negative("occupied", check.float_array("occupied", occupied))
        if now.shape not in ((), (len(panel),)):
            raise EpiInputError("occupied", "wrong_shape", "must be one number, or one a series")
        # of the expected patients, those admitted by the cut; later admissions of known cases stay as they are
        admitted = panel @ _toeplitz(share * arrive, n_days, n_days)
        there = _spread(admitted, still, courses.shape[2])
        expected_now = (admitted * _pad(still, n_days)[::-1]).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.where(expected_now > 0, now / expected_now, 0.0)
        fallback = np.where(expected_now > 0, 0.0, now)[:, None] * _pad(_residual_stay(still), courses.shape[2] + 1)[1:]
        settled = np.maximum(settled - there, 0) + there * factor[:, None] + fallback
    expected = settled[:, None, :] + _spread_within(courses, kernel)
    return _demand(generator.poisson(expected).astype(float), levels, alone)


def supply_demand(
    counts: Any,
    draws: Any,
    *,
    per_case: Any,
    fixed_per_day: float = 0.0,
    quantiles: Any = (0.05, 0.5, 0.95),
    seed: int,
) -> Demand:
    """Units used on each of the coming days: tests, protective suits, test kits, rides.

    counts, draws : as in `bed_demand`.
    per_case : (n_delays,) entry k the units that a case uses k days after onset, its contacts' included: two tests on the
        day and one a week later are [2, 0, 0, 0, 0, 0, 0, 1].
    fixed_per_day : units used without any case.
    seed : of the chance around the expected number (Poisson).

    >>> found = supply_demand([0, 0, 3], np.full((500, 2), 3.0), per_case=[2.0, 1.0], seed=1)
    >>> found.mean.round()
    array([9., 9.])
    """
    panel, courses, alone, levels, generator = _demand_input(counts, draws, quantiles, seed)
    kernel = check.not_negative("per_case", check.float_array("per_case", per_case))
    if kernel.ndim != 1 or not kernel.size:
        raise EpiInputError("per_case", "wrong_shape", "must be a list, entry k the units k days after onset")
    fixed = check.number("fixed_per_day", fixed_per_day, at_least=0)
    expected = _spread(panel, kernel, courses.shape[2])[:, None, :] + _spread_within(courses, kernel) + fixed
    return _demand(generator.poisson(expected).astype(float), levels, alone)


def run_out_chance(stock: Any, demand: Demand, *, arriving: Any = None) -> np.ndarray:
    """Chance that a stock has run out by the end of each of the coming days.

    stock : units at the end of the last day, one number or one a series.
    demand : from `supply_demand`.
    arriving : (horizon,) or (n_series, horizon) units that come in, usable from their day on.
    Returns (horizon,) or (n_series, horizon); once out counts as out, also when more arrives later.

    >>> use = supply_demand([3], np.full((500, 3), 3.0), per_case=[10.0], seed=1)
    >>> run_out_chance(75, use).round()
    array([0., 0., 1.])
    """
    draws = demand.draws if demand.draws.ndim == 3 else demand.draws[None]
    units = check.not_negative("stock", check.float_array("stock", stock))
    if units.shape not in ((), (len(draws),)):
        raise EpiInputError("stock", "wrong_shape", "must be one number, or one a series")
    left = np.broadcast_to(units, (len(draws),))[:, None, None] - np.cumsum(draws, axis=2)
    if arriving is not None:
        coming = check.not_negative("arriving", check.float_array("arriving", arriving))
        if coming.shape not in (draws.shape[2:], (len(draws), draws.shape[2])):
            raise EpiInputError("arriving", "wrong_shape", "must be (horizon,) or (n_series, horizon)")
        left = (
            left + np.cumsum(np.broadcast_to(np.atleast_2d(coming), (len(draws), draws.shape[2])), axis=1)[:, None, :]
        )
    chance = np.maximum.accumulate(left < 0, axis=2).mean(axis=1)
    return chance if demand.draws.ndim == 3 else chance[0]


def _demand_input(
    counts: Any, draws: Any, quantiles: Any, seed: int
) -> tuple[np.ndarray, np.ndarray, bool, np.ndarray, np.random.Generator]:
    panel, alone = check.counts_panel("counts", counts)
    courses = check.not_negative("draws", check.float_array("draws", draws))
    if courses.ndim != (2 if alone else 3) or (not alone and len(courses) != len(panel)) or not courses.size:
        wanted = "(n_draws, horizon)" if alone else f"({len(panel)}, n_draws, horizon)"
        raise EpiInputError("draws", "wrong_shape", f"must be {wanted}, is {courses.shape}")
    generator = np.random.default_rng(check.whole_number("seed", seed, at_least=0))
    return panel, courses[None] if alone else courses, alone, check.probabilities("quantiles", quantiles), generator


def _demand(draws: np.ndarray, levels: np.ndarray, alone: bool) -> Demand:
    mean, at_levels = draws.mean(axis=1), np.moveaxis(np.quantile(draws, levels, axis=1), 0, -1)
    return Demand(mean[0], at_levels[0], levels, draws[0]) if alone else Demand(mean, at_levels, levels, draws)


def _pad(kernel: np.ndarray, n: int) -> np.ndarray:
    return np.concatenate([kernel, np.zeros(max(n - len(kernel), 0))])[:n]


def _toeplitz(kernel: np.ndarray, n_from: int, n_to: int, shift: int = 0) -> np.ndarray:
    """Entry (s, t) is kernel[t + shift - s]."""
    lag = np.arange(n_to)[None, :] + shift - np.arange(n_from)[:, None]
    return np.where((lag >= 0) & (lag < len(kernel)), kernel[np.clip(lag, 0, len(kernel) - 1)], 0.0)


def _spread(panel: np.ndarray, kernel: np.ndarray, horizon: int) -> np.ndarray:
    """What days up to the cut bring about on the days after it."""
    return panel @ _toeplitz(kernel, panel.shape[1], horizon, shift=panel.shape[1])


def _spread_within(courses: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """What the coming days bring about on themselves and the days after."""
    return courses @ _toeplitz(kernel, courses.shape[2], courses.shape[2])


def _residual_stay(still: np.ndarray) -> np.ndarray:
    """Share still there after k more days, of patients found in beds at an even flow of admissions."""
    left = np.cumsum(still[::-1])[::-1]
    return left / left[0] if left[0] > 0 else np.zeros(1)
