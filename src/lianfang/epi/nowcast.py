"""Counts by day or week of event, corrected for reports still to come; and how often the intervals held what they promise.

A reporting triangle has one row a day of event and one column a delay: row 0 is the first day, column 0 holds what was
reported on the day itself. What can only be reported after the data cut is missing (NaN): the last row knows one column.
By week both rows and delays are weeks; whatever is said of days here then holds of weeks.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from lianfang.epi import _checks as check
from lianfang.epi._checks import EpiInputError
from lianfang.epi.projection import LEVELS, coverage, weighted_interval_score
from lianfang.epi.series import FIRST_WEEKDAY, ONE_DAY, _rows, _week_start

BY_WEEK = {"level_days": 2, "memory": 12, "window": 12}  # settings of "measured" for a triangle by week
METHODS = ("measured", "bayes_trunc", "bayes_notrunc", "bayes_notrunc_bnb", "lawless", "uniform")


@dataclass(frozen=True, eq=False)
class ReportingTriangle:
    """Records by day of event and by the days until they were reported; or by week and weeks.

    days : (n_days,) every day of event from the first to the data cut, or the first day of every week; index 0 is the first.
    counts : (n_days, n_delays), or (n_groups, n_days, n_delays) when records were grouped; column k was reported k days
        after, the last column also later. NaN where the report would come after the cut.
    groups : labels of the first axis, or None.
    undated : records without a day of event, or never reported; left out.
    reversed : records reported before their event; left out.
    outside : records before the first day, or of a group that was not asked for.
    not_yet_known : records left out since they were reported after the cut.
    later : records of the last column that took longer than it says.
    """

    days: np.ndarray
    counts: np.ndarray
    groups: tuple[Any, ...] | None
    undated: int
    reversed: int
    outside: int
    later: int
    not_yet_known: int


def reporting_triangle(
    dates: Any,
    reported: Any,
    *,
    max_delay: int,
    as_of: Any = None,
    first: Any = None,
    week: str | None = None,
    group: Any = None,
    groups: Any = None,
    number: Any = None,
) -> ReportingTriangle:
    """Count the records of a line list by day of event and delay until the report, or by week and weeks.

    dates, reported : (n_records,) day of the event and day on which it became known; None or NaT when not known.
    max_delay : longest delay in days (or weeks) that has a column; what took longer is counted there.
    as_of : the data cut; the last day of report when not given.
    first : first day of event; the first one known at the cut when not given.
    week : "iso" (Monday to Sunday) or "epi" (Sunday to Saturday) counts by week: a report of the week of the event has delay
        0, one of the week after delay 1, whatever the days between. A week that is not over at the cut would look like one
        with few reports, so the cut goes back to the end of the last week that is; `first` goes back to the first day of
        its week.
    group, groups, number : as in `series.daily_counts`.

    >>> found = reporting_triangle(["2020-01-20", "2020-01-20", "2020-01-21"], ["2020-01-20", "2020-01-21", "2020-01-22"],
    ...                            max_delay=1)
    >>> found.counts
    array([[ 1.,  1.],
           [ 0.,  1.],
           [ 0., nan]])
    >>> weekly = reporting_triangle(["2020-01-19", "2020-01-20", "2020-01-26"], ["2020-01-20", "2020-01-26", "2020-02-02"],
    ...                             max_delay=1, week="iso")
    >>> weekly.days, weekly.counts
    (array(['2020-01-13', '2020-01-20', '2020-01-27'], dtype='datetime64[D]'), array([[ 0.,  1.],
           [ 1.,  1.],
           [ 0., nan]]))
    """
    event = check.days_array("dates", dates, missing=True)
    known = check.days_array("reported", reported, missing=True)
    if event.ndim != 1:
        raise EpiInputError("dates", "wrong_shape", "must be a list of days")
    if known.shape != event.shape:
        raise EpiInputError("reported", "wrong_shape", f"must have one day a record, {len(event)}, not {known.shape}")
    max_delay = check.whole_number("max_delay", max_delay, at_least=1, at_most=3660)
    dated = ~np.isnat(event) & ~np.isnat(known)
    if as_of is None and not dated.any():
        raise EpiInputError("reported", "empty", "must hold a record with both days, or as_of must be given")
    cut = known[dated].max() if as_of is None else check.day("as_of", as_of)
    forward = dated & (known >= event)
    step = ONE_DAY
    if week is not None:
        first_weekday = FIRST_WEEKDAY[check.choice("week", week, FIRST_WEEKDAY)]
        step = 7 * ONE_DAY
        cut = _week_start(cut + ONE_DAY, first_weekday) - ONE_DAY
        event, known = (_week_start(days, first_weekday) for days in (event, known))
    seen = forward & (known <= cut)
    if first is None and not seen.any():
        raise EpiInputError("dates", "empty", "must hold a record known at the cut, or first must be given")
    start = event[seen].min() if first is None else check.day("first", first)
    if week is not None:
        start = _week_start(start, first_weekday)
    if start > cut:
        raise EpiInputError("first", "out_of_range", f"{start} comes after the data cut, {cut}")
    labels, row = (None, np.zeros(len(event), dtype=np.intp)) if group is None else _rows(group, groups, seen)
    if group is None and groups is not None:
        raise EpiInputError("groups", "unused", "must be given together with group")
    if len(row) != len(event):
        raise EpiInputError("group", "wrong_shape", f"must have one label a record, {len(event)}, not {len(row)}")
    weights = np.ones(len(event))
    if number is not None:
        weights = check.not_negative("number", check.like("number", number, event.shape, "dates"))
    n_days = int((cut - start) / step) + 1
    if n_days > 366_000:
        raise EpiInputError("dates", "out_of_range", f"must lie within 1,000 years, lie from {start} to {cut}")
    inside = seen & (event >= start) & (row >= 0)
    day = ((event[inside] - start) / step).astype(np.intp)
    delay = ((known[inside] - event[inside]) / step).astype(np.intp)
    shape = (1 if labels is None else len(labels), n_days, max_delay + 1)
    at = np.ravel_multi_index((row[inside], day, np.minimum(delay, max_delay)), shape)
    counts = np.bincount(at, weights=weights[inside], minlength=int(np.prod(shape))).reshape(shape)
    counts[:, _ahead(n_days, max_delay + 1)] = np.nan
    return ReportingTriangle(
        days=start + np.arange(n_days) * step,
        counts=counts[0] if labels is None else counts,
        groups=labels,
        undated=int((~dated).sum()),
        reversed=int((dated & ~forward).sum()),
        outside=int((seen & ~inside).sum()),
        later=int((delay > max_delay).sum()),
        not_yet_known=int((forward & ~seen).sum()),
    )


def _ahead(n_days: int, n_delays: int) -> np.ndarray:
    """(n_days, n_delays) True where a report would come after the last day."""
    return np.arange(n_days)[:, None] + np.arange(n_delays) >= n_days


@dataclass(frozen=True, eq=False)
class Nowcast:
    """How many events each day will turn out to have had, once all are reported.

    reported : (n_days,) or (n_series, n_days) as known at the cut; index 0 is the first day, the last is the cut's.
    mean : what they are expected to become, the same shape.
    quantiles : the same with one more axis, entry j the quantile at levels[j]; never below what is reported.
    levels : (n_levels,)
    share_known : share of each day's events that is expected to be reported by the cut.
    draws : (n_draws, n_days) or (n_series, n_draws, n_days) equally likely courses, when kept.
    """

    reported: np.ndarray
    mean: np.ndarray
    quantiles: np.ndarray
    levels: np.ndarray
    share_known: np.ndarray
    draws: np.ndarray | None

    def quantile(self, level: float) -> np.ndarray:
        """The quantile at one of the levels that were asked for."""
        at = np.flatnonzero(np.isclose(self.levels, level))
        if not len(at):
            raise EpiInputError("level", "unknown_choice", f"must be one of {self.levels.tolist()}, is {level}")
        return self.quantiles[..., at[0]]


def nowcast(
    triangle: Any,
    *,
    method: str = "measured",
    as_of: int | None = None,
    window: int | None = None,
    level_days: int = 10,
    memory: int = 28,
    pooled: bool = False,
    prior_mean: float | None = None,
    prior_sd: float | None = None,
    largest: int | None = None,
    quantiles: Any = (0.025, 0.5, 0.975),
    n_draws: int = 2000,
    keep_draws: bool = False,
    seed: int = 0,
) -> Nowcast:
    """Correct the counts of the last days for reports still to come.

    triangle : (n_days, n_delays) or (n_series, n_days, n_delays) from `reporting_triangle`: entry (t, k) the events of day
        t reported k days after, NaN where that is after the last day.
    method : how the interval is made; see below.
    as_of : index of the day known last, to see what was known on an earlier evening; the last day when not given. What
        the triangle holds beyond is not looked at, so one that is complete will do.
    window : the last days of event, from which the delays are taken. When not given: for "measured" three weeks, or a week
        more than the longest delay; for the others all.
    level_days, memory : of "measured": days before each day that say how many to expect on it; earlier evenings whose
        errors are looked at. The defaults are for days; for a triangle by week give `**BY_WEEK`.
    pooled : take the delays, and the errors, from all series of the panel together. Series with few cases gain by it when
        they report alike; each then depends on the others.
    prior_mean, prior_sd : of "bayes_trunc" and "bayes_notrunc": of the number of events a day, before looking (negative
        binomial). Not given, every number is as likely, and where next to nothing is known of a day the answer runs away.
    largest : of "uniform": the largest number thought possible.
    n_draws, seed : of the methods that draw, and of keep_draws. What a series draws depends on the seed and its own
            counts, so that it has the same answer alone and in a panel.
    keep_draws : return courses too, for `transmission.estimate_rt` and the like to be run on each. Under "measured" the
        days of a course are drawn one by one, under the others with one course of delays.

    The share reported so far follows from the chance, for each delay, that an event known by then was reported on just that
    day; events still unknown have no say in it. "measured" combines it with the level of the days before, and widens the
    negative binomial interval by how far off the same figures turned out on earlier evenings: reports that come in lumps,
    or ever later, widen it. Its settings were chosen by back-tests on the outbreaks its scores are reported on. The others
    are those of the literature, under their names in R's surveillance: "bayes_trunc"
    (generalised Dirichlet posterior of the delays), "bayes_notrunc" and its closed form "bayes_notrunc_bnb" (which take
    the delays seen so far as all there are, and answer too low), "lawless" (the estimate of Lawless with a normal
    interval), "uniform" (anything from what is reported up to `largest`, a measure for the others).

    Lawless JF. Adjustments for reporting delays and the prediction of occurred but not reported events. Can J Stat
    1994;22:15-31. Höhle M, an der Heiden M. Bayesian nowcasting during the STEC O104:H4 outbreak in Germany, 2011.
    Biometrics 2014;70:993-1002. Wolffram D et al. Collaborative nowcasting of COVID-19 hospitalization incidences in
    Germany. PLoS Comput Biol 2023;19:e1011394 (intervals from past errors).

    >>> triangle = [[8, 4], [8, 4], [4, 2], [8, 4], [6, np.nan]]
    >>> found = nowcast(triangle, quantiles=[0.05, 0.5, 0.95])
    >>> found.reported, found.share_known.round(2)
    (array([12., 12.,  6., 12.,  6.]), array([1.  , 1.  , 1.  , 1.  , 0.67]))
    >>> found.quantiles[-1]
    array([ 6.,  9., 13.])
    """
    check.choice("method", method, METHODS)
    counts, alone = _triangle(triangle, as_of)
    n_series, n_days, n_delays = counts.shape
    levels = check.probabilities("quantiles", quantiles)
    if window is None:
        window = max(21, n_delays + 7) if method == "measured" else n_days
    window = check.whole_number("window", window, at_least=1)
    level_days = check.whole_number("level_days", level_days, at_least=1)
    memory = check.whole_number("memory", memory, at_least=1)
    n_draws = check.whole_number("n_draws", n_draws, at_least=1)
    seed = check.whole_number("seed", seed, at_least=0)
    prior = _count_prior(prior_mean, prior_sd, method)
    if (largest is None) == (method == "uniform"):
        raise EpiInputError("largest", "missing" if largest is None else "unused", 'must be given with "uniform" only')

    reported = counts.sum(axis=2)
    source = counts.sum(axis=0, keepdims=True) if pooled else counts
    events, risk = _by_delay(source, window)
    n_open = n_delays - 1  # days of which something may still come
    n, age = reported[:, -n_open:], np.arange(n_open)[::-1]
    generators = [np.random.default_rng([seed, zlib.crc32(row.tobytes())]) for row in counts]
    draws = None
    if method == "measured":
        share = _known_share(events, risk)
        known = share[:, -1, age]
        more, clumping = _measured(counts, share, level_days, memory, pooled)
        at_levels = _negative_binomial_quantiles(more, clumping, levels)
        if keep_draws:
            draws = np.stack([_draw(g, m, c, n_draws) for g, m, c in zip(generators, more, clumping, strict=True)])
    elif method in ("bayes_trunc", "bayes_notrunc"):
        a, b = _delay_posterior(events[:, -1], risk[:, -1], truncated=method == "bayes_trunc")
        known = _shares(b / (a + b))[:, age]
        more, at_levels = np.empty(n.shape), np.empty((*n.shape, len(levels)))
        draws = np.empty((n_series, n_draws, n_open)) if keep_draws else None
        for i, generator in enumerate(generators):
            drawn = _bayes_draws(generator, a[i % len(a)], b[i % len(a)], age, n[i], prior, n_draws)
            more[i], at_levels[i] = drawn.mean(axis=0), np.quantile(drawn, levels, axis=0, method="inverted_cdf").T
            if draws is not None:
                draws[i] = drawn
    elif method == "bayes_notrunc_bnb":
        inside, outside = (x[:, age] for x in _dirichlet(events[:, -1]))
        known = inside / (inside + outside)
        with np.errstate(divide="ignore", invalid="ignore"):
            more = np.where(inside > 1, outside / (inside - 1), np.inf) * (n + 1)
        at_levels = _beta_negative_binomial_quantiles(n + 1, inside, outside, levels)
    elif method == "lawless":
        known, spread = (x[:, age] for x in _lawless(events[:, -1], risk[:, -1]))
        with np.errstate(divide="ignore", invalid="ignore"):
            more = np.where(n > 0, n / known - n, 0.0)
            variance = np.where(n > 0, n * (n + 1) / known**4 * spread + n * (1 - known) / known**2, 0.0)
        at_levels = _normal_quantiles(more, np.sqrt(variance), levels)
    else:
        room = check.whole_number("largest", largest, at_least=int(reported.max())) - n
        known = np.full(n.shape, np.nan)
        more, at_levels = room / 2, np.floor(levels * (room[..., None] + 1))
    if keep_draws and draws is None:
        raise EpiInputError("keep_draws", "unknown_choice", f'"{method}" draws nothing')

    mean, quantile, share_known = (
        reported.copy(),
        np.repeat(reported[..., None], len(levels), -1),
        np.ones(reported.shape),
    )
    mean[:, -n_open:] += more
    quantile[:, -n_open:] += at_levels
    share_known[:, -n_open:] = known
    if draws is not None:
        courses = np.repeat(reported[:, None, :], n_draws, axis=1)
        courses[:, :, -n_open:] += draws
        draws = courses[0] if alone else courses
    found = (reported, mean, quantile, share_known)
    reported, mean, quantile, share_known = (x[0] for x in found) if alone else found
    return Nowcast(reported, mean, quantile, levels, share_known, draws)


def _triangle(triangle: Any, as_of: int | None) -> tuple[np.ndarray, bool]:
    """(n_series, n_days, n_delays) with 0 for what comes after the cut, and whether one series was given."""
    a = check.not_negative("triangle", check.float_array("triangle", triangle, missing=True))
    if a.ndim not in (2, 3) or not a.size:
        raise EpiInputError("triangle", "wrong_shape", "must be (n_days, n_delays) or (n_series, n_days, n_delays)")
    if a.shape[-1] < 2:
        raise EpiInputError("triangle", "too_short", "must have two delays or more, the day itself and the day after")
    if as_of is not None:
        a = a[..., : check.whole_number("as_of", as_of, at_least=0, at_most=a.shape[-2] - 1) + 1, :]
    counts = a[None].copy() if a.ndim == 2 else a.copy()
    n_days, n_delays = counts.shape[1:]
    if n_days < n_delays:
        raise EpiInputError("triangle", "too_short", f"must hold as many days as delays, {n_delays}, has {n_days}")
    ahead = _ahead(n_days, n_delays)
    if as_of is None and not np.isnan(counts[:, ahead]).all():
        raise EpiInputError("triangle", "after_data", "must be missing (NaN) where the report would come after the cut")
    counts[:, ahead] = 0
    if np.isnan(counts).any():
        raise EpiInputError("triangle", "missing", f"must not hold missing values{check._where(np.isnan(counts))}")
    return check.whole_numbers("triangle", counts), a.ndim == 2


def _count_prior(mean: float | None, sd: float | None, method: str) -> tuple[float, float]:
    """Shape and rate of the gamma distribution of the expected number; 1 and 0 when every number is as likely."""
    if mean is None and sd is None:
        return 1.0, 0.0
    name = "prior_mean" if mean is None else "prior_sd"
    if mean is None or sd is None:
        raise EpiInputError(name, "missing", "must be given with the other of prior_mean and prior_sd")
    if method not in ("bayes_trunc", "bayes_notrunc"):
        raise EpiInputError("prior_mean", "unused", "is for bayes_trunc and bayes_notrunc only")
    mean = check.number("prior_mean", mean, above=0)
    sd = check.number("prior_sd", sd, above=mean**0.5)  # a Poisson number already varies as much
    shape = mean**2 / (sd**2 - mean)
    return shape, shape / mean


def _window_sum(by_day: np.ndarray, window: int) -> np.ndarray:
    """Sum of the last days up to each day, on axis 1."""
    total = np.cumsum(by_day, axis=1)
    if window < by_day.shape[1]:
        total[:, window:] = total[:, window:] - total[:, :-window]
    return total


def _by_delay(counts: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """For each evening and delay: events reported with that delay, and with that or a shorter one, of days where it could be.

    Both (n_series, n_days, n_delays); the second axis is the evening.
    """
    reach = np.cumsum(counts, axis=2)
    events, risk = np.zeros(counts.shape), np.zeros(counts.shape)
    n_days = counts.shape[1]
    for k in range(min(counts.shape[2], n_days)):
        for into, of in ((events, counts), (risk, reach)):
            if window > k:  # the last window days of event, of those on which this delay can have been seen
                into[:, k:, k] = _window_sum(of[:, : n_days - k, k], window - k)
    return events, risk


PRIOR_EVENTS = 0.1  # each delay begins with a tenth of an event, as in Höhle and an der Heiden


def _delay_posterior(events: np.ndarray, risk: np.ndarray, *, truncated: bool) -> tuple[np.ndarray, np.ndarray]:
    """Beta posteriors of the chance, for delay k = 1.., that an event known by then was reported on just that day."""
    k = np.arange(1, events.shape[-1])
    before = risk[..., 1:] - events[..., 1:] if truncated else np.cumsum(events, axis=-1)[..., :-1]
    return PRIOR_EVENTS + events[..., 1:], PRIOR_EVENTS * k + before


def _known_share(events: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """(..., n_delays) share of a day's events that is reported by delay k; the last entry is 1."""
    a, b = _delay_posterior(events, risk, truncated=True)
    return _shares(b / (a + b))


def _shares(earlier: np.ndarray) -> np.ndarray:
    """(..., n_delays) share reported by each delay from the chance, for delay k = 1.., of a report before just that day."""
    shares = np.ones((*earlier.shape[:-1], earlier.shape[-1] + 1))
    shares[..., :-1] = np.cumprod(earlier[..., ::-1], axis=-1)[..., ::-1]
    return shares


def _bayes_draws(
    generator: np.random.Generator,
    a: np.ndarray,
    b: np.ndarray,
    age: np.ndarray,
    reported: np.ndarray,
    prior: tuple[float, float],
    n_draws: int,
) -> np.ndarray:
    """(n_draws, n_days) events still to be reported: delays from their posterior, then numbers given the delays."""
    shape, rate = prior
    known = _shares(generator.beta(b, a, (n_draws, len(a))))[:, age]
    # given its share, a day's level is gamma with reported more events and known more exposure
    level = generator.gamma(shape + reported, size=known.shape) / (rate + np.maximum(known, 1e-12))
    return generator.poisson(np.minimum(level * (1 - known), 1e12)).astype(float)


def _dirichlet(events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Beta distribution of the share reported by each delay, when the delays seen are all there are."""
    weight = events + PRIOR_EVENTS
    inside = np.cumsum(weight, axis=-1)
    return inside, np.maximum(inside[..., -1:] - inside, 0)


def _lawless(events: np.ndarray, risk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share reported by each delay and the variance of that share; 0 / 0 counts as no report."""
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.where(risk > 0, events / risk, 0.0)
        term = np.where((risk > 0) & (chance < 1), chance / (risk * (1 - chance)), 0.0)
    shares, spread = _shares(1 - chance[..., 1:]), np.zeros(events.shape)
    spread[..., :-1] = np.cumsum(term[..., 1:][..., ::-1], axis=-1)[..., ::-1]
    return shares, shares**2 * spread


MOST_CLUMPED = 1.0  # 1/k beyond this would put the most likely number at 0, whatever the mean
LEVEL_SHAPE = 5.0  # how firmly the level of the days before holds for the day: standard deviation 45 percent of it


def _measured(
    counts: np.ndarray, share: np.ndarray, level_days: int, memory: int, pooled: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Events still to be reported of the last days, and 1/k of the negative binomial around them, oldest day first.

    share : (n_series or 1, n_evenings, n_delays) share reported by each delay, as it was known each evening.
    """
    n_series, n_days, n_delays = counts.shape
    last = n_days - 1
    reach = np.cumsum(counts, axis=2)
    evening = np.arange(max(last - memory, 0), n_days)
    age, open_ages = np.arange(n_delays + level_days), np.arange(n_delays - 1)
    day = evening[:, None] - age
    column = np.minimum(age, n_delays - 1)
    seen = np.where(day >= 0, reach[:, np.maximum(day, 0), column], 0.0)  # (n_series, evenings, ages)
    weight = np.where(day >= 0, share[:, evening][:, :, column], 0.0)
    to_age = [np.cumsum(x, axis=2) for x in (seen, weight)]
    near, near_days = ((x[..., level_days:] - x[..., :-level_days])[..., open_ages] for x in to_age)
    far, far_days = ((x[..., -1:] - x)[..., open_ages] for x in to_age)  # all days before, within reach
    # one day's worth of the far level keeps the first days of an outbreak, when next to nothing is known, from exploding
    with np.errstate(divide="ignore", invalid="ignore"):
        level = (near + np.where(far_days > 0, (far + 0.5) / far_days, 1.0)) / (near_days + 1)

    # each evening's expectation of what would be reported by now, or by the longest delay, and what was
    by_now = np.minimum(last - day[:, open_ages], n_delays - 1)
    target = np.take_along_axis(share[:, evening], np.broadcast_to(by_now, (len(share), *by_now.shape)), axis=2)
    n, known = seen[..., open_ages], weight[..., open_ages] / target
    expected = _still_to_come(n, known, level * target)
    came = np.where(day[:, open_ages] >= 0, reach[:, np.maximum(day[:, open_ages], 0), by_now] - n, 0.0)
    counted = (day[:, open_ages] >= 0) & (evening < last)[:, None] & (by_now > open_ages)
    off = np.where(counted, (came - expected) ** 2 - expected - expected**2 / (LEVEL_SHAPE + n), 0.0)
    axes = (0, 1) if pooled else (1,)
    excess, ground = off.sum(axis=axes), np.where(counted, expected**2, 0.0).sum(axis=axes)
    with np.errstate(divide="ignore", invalid="ignore"):
        clumping = np.where(ground > 0, np.clip(excess / ground, 0, MOST_CLUMPED), 0.0)

    n, known = seen[:, -1, open_ages], weight[:, -1, open_ages]
    return _still_to_come(n, known, level[:, -1])[:, ::-1], (1 / (LEVEL_SHAPE + n) + clumping)[:, ::-1]


def _still_to_come(n: np.ndarray, known: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Expected number not yet reported, of n reported, when a share is known and days as these had that level."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(known > 0, (LEVEL_SHAPE + n) * (1 - known) / (LEVEL_SHAPE / level + known), 0.0)


def _negative_binomial_quantiles(mean: np.ndarray, around: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Smallest whole number whose probability of not being exceeded reaches each level; variance mean + around mean^2."""
    mean, around = mean[..., None], np.maximum(around, 1e-9)[..., None]
    size = 1 / around

    def reached(x: np.ndarray) -> np.ndarray:
        return special.betainc(size, x + 1, size / (size + mean)) >= levels - 1e-12

    return _smallest(reached, np.broadcast_shapes(mean.shape, levels.shape))


def _smallest(reached: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Smallest whole number, 0 or more, for which a condition holds that goes on to hold; bisection for all at once."""
    low, high = np.full(shape, -1.0), np.zeros(shape)
    while not (ok := reached(high)).all() and high.max() < 1e12:
        low, high = np.where(ok, low, high), np.where(ok, high, 2 * high + 1)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        ok = reached(np.maximum(middle, 0)) & (middle >= 0)
        low, high = np.where(ok, low, middle), np.where(ok, middle, high)
    return high


def _draw(generator: np.random.Generator, mean: np.ndarray, around: np.ndarray, n_draws: int) -> np.ndarray:
    level = np.where(around > 0, generator.gamma(1 / np.maximum(around, 1e-9), size=(n_draws, len(mean))) * around, 1.0)
    return generator.poisson(np.minimum(mean * level, 1e12)).astype(float)


def _beta_negative_binomial_quantiles(n: np.ndarray, a: np.ndarray, b: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles of a negative binomial number (n wanted) whose chance is beta(a, b)."""
    out = np.empty((*n.shape, len(levels)))
    a, b = (np.broadcast_to(x, n.shape) for x in (a, b))
    for at in np.ndindex(n.shape):
        reach = 256
        while True:
            k = np.arange(reach)
            log_chance = special.betaln(a[at] + n[at], b[at] + k) - special.betaln(a[at], b[at])
            log_chance += special.gammaln(n[at] + k) - special.gammaln(n[at]) - special.gammaln(k + 1)
            below = np.cumsum(np.exp(log_chance))
            if below[-1] >= levels.max() or reach >= 2**20:
                break
            reach *= 4
        out[at] = np.minimum(np.searchsorted(below, levels), reach - 1)
    return out


def _normal_quantiles(more: np.ndarray, sd: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles of whole numbers around an estimate by the normal distribution, cut off at 0."""
    mean, spread = more[..., None], np.where(sd > 0, sd, 1.0)[..., None]
    lowest = special.ndtr(-mean / spread)
    at = np.ceil(mean + spread * special.ndtri(lowest + levels * (1 - lowest)) - 1e-9)
    return np.where(sd[..., None] > 0, np.maximum(at, 0), np.round(mean))


@dataclass(frozen=True, eq=False)
class NowcastBackTest:
    """Nowcasts made on past evenings from what was known then, beside what the days turned out to have had.

    evenings : (n_evenings,) index of the last day each nowcast knew.
    reported : (n_series, n_evenings, n_ages) as known that evening; entry k of the last axis is the day k days before it.
    observed : the same, as known once all were reported; NaN where the triangle ends before.
    quantiles : the same with one more axis of levels.
    levels : (n_levels,)
    wis, uncorrected_wis : weighted interval score of the nowcast, and of taking what is reported for all there is.
    """

    evenings: np.ndarray
    reported: np.ndarray
    observed: np.ndarray
    quantiles: np.ndarray
    levels: np.ndarray
    wis: np.ndarray
    uncorrected_wis: np.ndarray

    def by_age(self, *ages: int) -> list[dict[str, float]]:
        """One row a day's age, or one for these ages together: nowcasts, WIS, the same over the uncorrected, coverage.

        coverage_50, coverage_90, coverage_95 : share of days inside the interval, where its two levels were asked for.
        """
        rows = []
        for some in [[*ages]] if ages else [[k] for k in range(self.observed.shape[2])]:
            y, wis, plain = (a[:, :, some] for a in (self.observed, self.wis, self.uncorrected_wis))
            known = ~np.isnan(wis)
            if not known.any():
                continue
            row: dict[str, float] = {"age": some[0], "nowcasts": int(known.sum()), "wis": float(wis[known].mean())}
            row["relative_wis"] = row["wis"] / float(plain[known].mean()) if plain[known].any() else float("nan")
            for percent in (50, 90, 95):
                ends = [np.flatnonzero(np.isclose(self.levels, 0.5 + side * percent / 200)) for side in (-1, 1)]
                if all(len(end) for end in ends):
                    low, high = (self.quantiles[:, :, some, end[0]] for end in ends)
                    row[f"coverage_{percent}"] = coverage(np.where(known, y, np.nan), low, high)
            rows.append(row)
        return rows


def backtest(
    triangle: Any, *, evenings: Any = None, quantiles: Any = LEVELS, seed: int = 0, **settings: Any
) -> NowcastBackTest:
    """Nowcast again on past evenings, knowing only what was reported by each, and score against what the days turned out.

    triangle : as in `nowcast`.
    evenings : index of the day known last by each nowcast; every one with as many days as delays before it, and with a
        day that is complete by the end of the triangle, when not given.
    quantiles : levels, symmetric around 0.5 and with it.
    settings : passed to `nowcast`, such as method or window.

    >>> triangle = np.where(np.arange(40)[:, None] + np.arange(3) < 40, [6, 3, 1], np.nan)
    >>> found = backtest(triangle, evenings=[20, 25])
    >>> found.reported[0], found.observed[0]
    (array([[6., 9.],
           [6., 9.]]), array([[10., 10.],
           [10., 10.]]))
    """
    counts, _ = _triangle(triangle, None)
    n_series, n_days, n_delays = counts.shape
    if evenings is None:
        days = np.arange(n_delays - 1, n_days)
    else:
        days = check.whole_numbers("evenings", np.atleast_1d(check.float_array("evenings", evenings))).astype(int)
        if days.ndim != 1 or not days.size or (days < n_delays - 1).any() or (days >= n_days).any():
            raise EpiInputError("evenings", "out_of_range", f"must lie between index {n_delays - 1} and {n_days - 1}")
    levels = check.probabilities("quantiles", quantiles)
    total = counts.sum(axis=2)
    total[:, n_days - n_delays + 1 :] = np.nan
    ages = np.arange(n_delays - 1)
    days = days[(days - ages[-1] <= n_days - n_delays)]
    shape = (n_series, len(days), len(ages))
    reported, observed, at_levels = np.empty(shape), np.empty(shape), np.empty((*shape, len(levels)))
    for j, evening in enumerate(days):
        found = nowcast(counts, as_of=int(evening), quantiles=levels, seed=seed, **settings)
        at = evening - ages
        reported[:, j], observed[:, j], at_levels[:, j] = found.reported[:, at], total[:, at], found.quantiles[:, at]
    return NowcastBackTest(
        evenings=days,
        reported=reported,
        observed=observed,
        quantiles=at_levels,
        levels=levels,
        wis=weighted_interval_score(observed, at_levels, levels),
        uncorrected_wis=np.abs(observed - reported),
    )
