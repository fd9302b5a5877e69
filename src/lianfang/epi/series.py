"""From a line list to counts by day and week, and what their course says: gaps, smoothing, growth and doubling time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from lianfang.epi import _checks as check
from lianfang.epi._checks import EpiInputError

ONE_DAY = np.timedelta64(1, "D")
FIRST_WEEKDAY = {"iso": 0, "epi": 6}  # Monday is 0


@dataclass(frozen=True, eq=False)
class DailyCounts:
    """Records by day.

    days : (n_days,) every day from the first to the last, without gaps; index 0 is the first day.
    counts : (n_days,), or (n_groups, n_days) when records were grouped.
    groups : labels of the rows, or None.
    undated : records without a day, counted nowhere.
    outside : records before the first or after the last day, or of a group that was not asked for.
    not_yet_known : records left out since they were recorded after the data cut, or not at all.
    """

    days: np.ndarray
    counts: np.ndarray
    groups: tuple[Any, ...] | None
    undated: int
    outside: int
    not_yet_known: int


def daily_counts(
    dates: Any,
    *,
    group: Any = None,
    groups: Any = None,
    first: Any = None,
    last: Any = None,
    recorded: Any = None,
    as_of: Any = None,
    number: Any = None,
) -> DailyCounts:
    """Count the records of a line list by day and group, as they were known on a day.

    dates : (n_records,) day of each record's event: dates, datetime64 or YYYY-MM-DD; None or NaT when not known.
    group : (n_records,) what to count by, such as the area code.
    groups : labels that get a row, in this order, also when they have no record; sorted as found when not given.
    first, last : first and last day counted, both inside. Without them, the first day found and the data cut or, where
        there is none, the last day found.
    recorded : (n_records,) day on which each record became known; NaT when it has not.
    as_of : the data cut. Records that became known later, and events after it, are left out. The last days before the
        cut are then too low by what was still to come: that is what was known.
    number : (n_records,) how many cases each record stands for; 1 when not given.

    >>> found = daily_counts(["2020-01-20", "2020-01-22", "2020-01-22", None], as_of="2020-01-23")
    >>> found.counts, found.undated
    (array([1., 0., 2., 0.]), 1)
    """
    day = check.days_array("dates", dates, missing=True)
    if day.ndim != 1:
        raise EpiInputError("dates", "wrong_shape", "must be a list of days")
    keep = np.ones(len(day), dtype=bool)
    cut = None if as_of is None else check.day("as_of", as_of)
    not_yet_known = 0
    if recorded is not None:
        if cut is None:
            raise EpiInputError("as_of", "missing", "must be given with recorded")
        known = check.days_array("recorded", recorded, missing=True)
        if known.shape != day.shape:
            raise EpiInputError("recorded", "wrong_shape", f"must have one day a record, {len(day)}, not {known.shape}")
        keep = known <= cut  # NaT is never before anything
        not_yet_known = int((~keep).sum())
    undated = int((keep & np.isnat(day)).sum())
    keep &= ~np.isnat(day)
    if cut is not None:
        late = keep & (day > cut)
        not_yet_known += int(late.sum())
        keep &= ~late

    if first is None and not keep.any():
        raise EpiInputError("dates", "empty", "must hold at least one known day, or first must be given")
    start = day[keep].min() if first is None else check.day("first", first)
    if last is not None:
        end = check.day("last", last)
    else:
        end = cut if cut is not None else day[keep].max() if keep.any() else start
    if cut is not None:
        end = min(end, cut)
    if end < start:
        raise EpiInputError("last" if last is not None else "first", "out_of_range", f"{end} comes before {start}")
    n_days = int((end - start) / ONE_DAY) + 1
    if n_days > 366_000:
        raise EpiInputError("dates", "out_of_range", f"must lie within 1,000 years, lie from {start} to {end}")

    labels, row = (None, np.zeros(len(day), dtype=np.intp)) if group is None else _rows(group, groups, keep)
    if group is None and groups is not None:
        raise EpiInputError("groups", "unused", "must be given together with group")
    if len(row) != len(day):
        raise EpiInputError("group", "wrong_shape", f"must have one label a record, {len(day)}, not {len(row)}")
    inside = keep & (day >= start) & (day <= end) & (row >= 0)
    weights = None
    if number is not None:
        weights = check.not_negative("number", check.like("number", number, day.shape, "dates"))[inside]
    n_rows = 1 if labels is None else len(labels)
    at = row[inside] * n_days + ((day[inside] - start) / ONE_DAY).astype(np.intp)
    counts = np.bincount(at, weights=weights, minlength=n_rows * n_days).astype(float).reshape(n_rows, n_days)
    return DailyCounts(
        days=start + np.arange(n_days) * ONE_DAY,
        counts=counts[0] if labels is None else counts,
        groups=labels,
        undated=undated,
        outside=int((keep & ~inside).sum()),
        not_yet_known=not_yet_known,
    )


def _rows(group: Any, groups: Any, keep: np.ndarray) -> tuple[tuple[Any, ...], np.ndarray]:
    """Labels, and the row of each record; -1 where its label has none."""
    of = np.asarray(group)
    if of.ndim != 1:
        raise EpiInputError("group", "wrong_shape", "must be a list with one label a record")
    if groups is None:
        if of.shape != keep.shape:
            return (), of  # the caller reports the length
        try:
            labels: list[Any] = sorted({*of[keep].tolist()})
        except TypeError:
            raise EpiInputError(
                "group", "mixed", "must hold labels of one kind; a record without one needs a label too"
            ) from None
    else:
        labels = list(groups)
        if len(set(labels)) != len(labels):
            raise EpiInputError("groups", "repeated", "must not name a label twice")
    place = {label: i for i, label in enumerate(labels)}
    return tuple(labels), np.array([place.get(label, -1) for label in of.tolist()], dtype=np.intp)


def iso_week(days: Any) -> tuple[np.ndarray, np.ndarray]:
    """Year and number of the ISO 8601 week of each day: weeks begin on Monday, week 1 holds the year's first Thursday.

    >>> iso_week(["2019-12-29", "2019-12-30", "2021-01-03"])
    (array([2019, 2020, 2020]), array([52,  1, 53]))
    """
    return _week(check.days_array("days", days), first_weekday=FIRST_WEEKDAY["iso"])


def epi_week(days: Any) -> tuple[np.ndarray, np.ndarray]:
    """Year and number of the epidemiological week (MMWR): weeks begin on Sunday, week 1 has four days in the year or more.

    >>> epi_week(["2019-12-28", "2019-12-29", "2021-01-02"])
    (array([2019, 2020, 2020]), array([52,  1, 53]))
    """
    return _week(check.days_array("days", days), first_weekday=FIRST_WEEKDAY["epi"])


def _weekday(days: Any) -> Any:
    """Monday is 0."""
    return (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday


def _week_start(days: Any, first_weekday: int) -> Any:
    return days - ((_weekday(days) - first_weekday) % 7) * ONE_DAY


def _week(days: np.ndarray, first_weekday: int) -> tuple[np.ndarray, np.ndarray]:
    middle = _week_start(days, first_weekday) + 3 * ONE_DAY  # a week belongs to the year of its fourth day
    year = middle.astype("datetime64[Y]")
    number = (middle - year.astype("datetime64[D]")).astype(np.int64) // 7 + 1
    return year.astype(np.int64) + 1970, number


@dataclass(frozen=True, eq=False)
class WeeklyCounts:
    """Counts by week.

    starts : (n_weeks,) first day of each week; index 0 is the first week.
    year, week : (n_weeks,) as printed in reports.
    counts : (n_weeks,) or (n_series, n_weeks).
    days : (n_weeks,) days of data in each week; below 7 in a week that was only partly covered.
    """

    starts: np.ndarray
    year: np.ndarray
    week: np.ndarray
    counts: np.ndarray
    days: np.ndarray


def weekly_counts(counts: Any, days: Any, *, week: str = "iso", partial: bool = False) -> WeeklyCounts:
    """Add up daily counts by week.

    counts : (n_days,) or (n_series, n_days); a missing day (NaN) makes its week missing.
    days : (n_days,) day of each entry, ascending without gaps, as in DailyCounts.
    week : "iso" (Monday to Sunday) or "epi" (Sunday to Saturday).
    partial : keep weeks that the data cover only in part, at either end. They look like a fall, so they are left out.

    >>> found = weekly_counts([1, 2, 3, 4, 5, 6, 7, 8], np.arange("2020-01-26", "2020-02-03", dtype="datetime64[D]"))
    >>> found.week, found.counts
    (array([5]), array([35.]))
    """
    panel, alone = check.counts_panel("counts", counts, missing=True)
    day = check.days_array("days", days, ascending=True)
    if day.shape != panel.shape[1:]:
        raise EpiInputError("days", "wrong_shape", f"must have one day an entry of counts, {panel.shape[1]}")
    if len(day) > 1 and (np.diff(day) != ONE_DAY).any():
        raise EpiInputError("days", "gap", "must follow each other without a gap; fill the missing days with NaN")
    first_weekday = FIRST_WEEKDAY[check.choice("week", week, FIRST_WEEKDAY)]
    starts, at, covered = np.unique(_week_start(day, first_weekday), return_index=True, return_counts=True)
    sums = np.add.reduceat(panel, at, axis=1)
    keep = np.ones(len(starts), dtype=bool) if partial else covered == 7
    year, number = _week(starts[keep], first_weekday)
    sums = sums[:, keep]
    return WeeklyCounts(
        starts=starts[keep], year=year, week=number, counts=sums[0] if alone else sums, days=covered[keep]
    )


@dataclass(frozen=True, eq=False)
class FilledCounts:
    """Counts without gaps, and which days were really seen; both of the shape of the counts given."""

    counts: np.ndarray
    observed: np.ndarray


def fill_missing(counts: Any, *, method: str = "linear") -> FilledCounts:
    """Fill missing days, and say which they were.

    counts : (n_days,) or (n_series, n_days), NaN on days without a report; index 0 is the first day.
    method : "linear" draws a line between the days before and after (at the ends, the nearest day goes on); "zero" takes
        silence as no case; "spread" takes the first report after a gap as the total since the last one and spreads it
        evenly over the gap and its own day; a gap at the end stays 0.
    A series without any report is refused unless the method is "zero".

    >>> fill_missing([2, np.nan, 4]).counts
    array([2., 3., 4.])
    >>> fill_missing([2, np.nan, np.nan, 6], method="spread")
    FilledCounts(counts=array([2., 2., 2., 2.]), observed=array([ True, False, False,  True]))
    """
    panel, alone = check.counts_panel("counts", counts, missing=True)
    check.choice("method", method, ("linear", "zero", "spread"))
    observed = ~np.isnan(panel)
    filled = np.where(observed, panel, 0.0)
    if method != "zero":
        silent = ~observed.any(axis=1)
        if silent.any():
            raise EpiInputError("counts", "empty", f"must hold a report; series {int(np.argmax(silent))} has none")
        days = np.arange(panel.shape[1])
        for i in np.flatnonzero(~observed.all(axis=1)):
            seen = np.flatnonzero(observed[i])
            if method == "linear":
                filled[i] = np.interp(days, seen, panel[i, seen])
            else:
                following = np.searchsorted(seen, days)  # which report covers each day
                covered = following < len(seen)
                span = np.diff(np.concatenate([[-1], seen]))
                share = panel[i, seen] / span
                filled[i, covered] = share[following[covered]]
    return FilledCounts(filled[0], observed[0]) if alone else FilledCounts(filled, observed)


def moving_average(counts: Any, *, window: int = 7, align: str = "centre") -> np.ndarray:
    """Mean over a window of days around, or up to, each day.

    counts : (n_days,) or (n_series, n_days); missing days (NaN) are left out of their windows.
    window : days; odd when centred. Seven take out the pattern of the week.
    align : "centre" around the day, "trailing" up to the day.
    Returns the shape of counts; NaN where the window reaches beyond the data, since a mean over fewer days would bend
    the end of the curve, and where it holds no known day.

    >>> moving_average([1, 2, 3, 4, 5], window=3)
    array([nan,  2.,  3.,  4., nan])
    """
    panel, alone = check.counts_panel("counts", counts, missing=True)
    window = check.whole_number("window", window, at_least=1, at_most=panel.shape[1])
    check.choice("align", align, ("centre", "trailing"))
    if align == "centre" and window % 2 == 0:
        raise EpiInputError("window", "out_of_range", f"must be odd when centred, is {window}")
    known = ~np.isnan(panel)
    view = np.lib.stride_tricks.sliding_window_view
    sums, seen = view(np.where(known, panel, 0), window, axis=1).sum(axis=-1), view(known, window, axis=1).sum(axis=-1)
    out = np.full(panel.shape, np.nan)
    first = window // 2 if align == "centre" else window - 1
    with np.errstate(invalid="ignore"):
        out[:, first : first + sums.shape[1]] = np.where(seen > 0, sums / seen, np.nan)
    return out[0] if alone else out


def local_trend(counts: Any, *, bandwidth: float = 10.0) -> np.ndarray:
    """Smooth curve through daily counts, up to the last day: a weighted line through the days around each day.

    counts : (n_days,) or (n_series, n_days); missing days (NaN) are passed over.
    bandwidth : days on each side that have a say, by the tricube weight (1 - (distance / bandwidth)^3)^3.
    Returns the shape of counts, never below 0. At both ends the line rests on one side only and is less sure.

    Cleveland WS. Robust locally weighted regression and smoothing scatterplots. J Am Stat Assoc 1979;74:829-36 (without
    its robustness step, and with a fixed width in place of a share of the points).

    >>> local_trend([1, 2, 3, 4, 5], bandwidth=3).round(6)
    array([1., 2., 3., 4., 5.])
    """
    panel, alone = check.counts_panel("counts", counts, missing=True)
    bandwidth = check.number("bandwidth", bandwidth, above=1)
    known = ~np.isnan(panel)
    y = np.where(known, panel, 0.0)
    days = np.arange(panel.shape[1])
    apart = days[:, None] - days[None, :]  # (day with a say, day smoothed)
    weight = np.clip(1 - (np.abs(apart) / bandwidth) ** 3, 0, None) ** 3
    w0, w1, w2 = (known @ (weight * apart**power) for power in (0, 1, 2))
    t0, t1 = y @ weight, y @ (weight * apart)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = w0 * w2 - w1**2
        line = np.where(spread > 1e-9 * w0 * np.maximum(w2, 1e-300), (w2 * t0 - w1 * t1) / spread, t0 / w0)
    line = np.maximum(line, 0)
    return line[0] if alone else line


def weekday_factors(counts: Any, days: Any) -> np.ndarray:
    """How much more is counted on each day of the week than on the average day.

    counts : (n_days,) or (n_series, n_days), at least four weeks; missing days (NaN) are passed over.
    days : (n_days,) day of each entry, ascending without gaps.
    Returns (7,) or (n_series, 7): entry 0 is Monday; the mean is 1. Cases on each weekday over what the centred mean of
    seven days expected there, so that a trend does not count. NaN without cases.

    >>> days = np.arange("2020-03-02", "2020-04-27", dtype="datetime64[D]")
    >>> weekday_factors(np.tile([12, 12, 12, 12, 12, 5, 5], 8), days).round(2)
    array([1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5])
    """
    panel, alone = check.counts_panel("counts", counts, missing=True, min_days=28)
    day = check.days_array("days", days, ascending=True)
    if day.shape != panel.shape[1:] or (np.diff(day) != ONE_DAY).any():
        raise EpiInputError("days", "wrong_shape", "must be consecutive days, one an entry of counts")
    expected = moving_average(panel, window=7)
    use = ~np.isnan(panel) & ~np.isnan(expected)
    on = np.equal.outer(_weekday(day), np.arange(7)).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = (np.where(use, panel, 0) @ on) / (np.where(use, expected, 0) @ on)
        factors = factors / factors.mean(axis=1, keepdims=True)
    return factors[0] if alone else factors


@dataclass(frozen=True, eq=False)
class GrowthEstimate:
    """Exponential growth by window of days, of one series or of each series of a panel.

    start, end : (n_windows,) index of the first and last day of each window, both inside.
    rate, lower, upper : per day, (n_windows,) or (n_series, n_windows); NaN without an estimate.
    dispersion : variance of the counts around the curve over that of Poisson counts.
    """

    start: np.ndarray
    end: np.ndarray
    rate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    dispersion: np.ndarray

    def doubling_days(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Days in which counts double, and the shortest and longest within the interval of the rate.

        Negative days are days in which counts halve. When the interval of the rate holds 0, counts may never
        double: the longest is then infinite, and the shortest is at the fastest growth that the interval holds.
        """
        with np.errstate(divide="ignore"):
            days, at_lower, at_upper = (np.log(2) / rate for rate in (self.rate, self.lower, self.upper))
        halving = self.upper < 0
        shortest = np.where(halving, at_lower, at_upper)
        longest = np.where(halving, at_upper, np.where(self.lower <= 0, np.inf, at_lower))
        return days, shortest, longest


def growth_rate(
    counts: Any, *, window: int = 14, windows: Any = None, observed: Any = None, level: float = 0.95
) -> GrowthEstimate:
    """Rate of exponential growth in windows of days, with an interval.

    counts : (n_days,) or (n_series, n_days), oldest day first. Days still to be reported pull the last windows down.
    window : days in each window; windows end on each day from index window - 1 on.
    windows : instead, (starts, ends), index of the first and last day of each window, from 0 on.
    observed : shape of counts, False on days to be passed over (`fill_missing`).
    level : of the interval, from the t distribution with as many degrees of freedom as days less two.

    A Poisson regression of counts on the day. The standard error is widened by the dispersion found (quasi-Poisson),
    and never narrowed below Poisson. No estimate (NaN) without cases on two different days, or with fewer than three
    days.

    McCullagh P, Nelder JA. Generalized linear models. 2nd ed. Chapman & Hall 1989 (section 6.2).

    >>> found = growth_rate([1, 2, 4, 8, 16, 32], window=6)
    >>> found.rate.round(3), found.doubling_days()[0].round(2)
    (array([0.693]), array([1.]))
    """
    panel, alone = check.counts_panel("counts", counts, min_days=3)
    start, end = _growth_windows(panel.shape[1], window, windows)
    level = check.number("level", level, above=0, below=1)
    seen = np.ones(panel.shape, dtype=bool)
    if observed is not None:
        seen = np.atleast_2d(check.mask_like("observed", observed, panel.shape[1:] if alone else panel.shape, "counts"))
    rate, error, dispersion = (np.full((len(panel), len(start)), np.nan) for _ in range(3))
    freedom = np.zeros((len(panel), len(start)))
    width = end - start + 1
    for w in np.unique(width):  # windows of one width at a time
        these = np.flatnonzero(width == w)
        rows = max(1, 2_000_000 // (len(these) * int(w)))
        for first in range(0, len(panel), rows):
            some = slice(first, first + rows)
            days = start[these][:, None] + np.arange(w)
            fit = _log_linear_poisson(panel[some][:, days], seen[some][:, days])
            for into, values in zip((rate, error, dispersion, freedom), fit, strict=True):
                into[some, these] = values
    with np.errstate(invalid="ignore"):
        t = special.stdtrit(np.where(freedom > 0, freedom, np.nan), 0.5 + level / 2)
        reach = t * error * np.sqrt(np.maximum(dispersion, 1))
    found = (rate, rate - reach, rate + reach, dispersion)
    return GrowthEstimate(start, end, *((a[0] for a in found) if alone else found))


def _growth_windows(n_days: int, window: Any, windows: Any) -> tuple[np.ndarray, np.ndarray]:
    if windows is None:
        window = check.whole_number("window", window, at_least=3)
        if window > n_days:
            raise EpiInputError("window", "before_data", f"must fit into the {n_days} days of counts, is {window} days")
        start = np.arange(n_days - window + 1)
        return start, start + window - 1
    try:
        start, end = (check.whole_numbers("windows", np.atleast_1d(check.float_array("windows", w))) for w in windows)
    except (TypeError, ValueError) as error:
        if isinstance(error, EpiInputError):
            raise
        raise EpiInputError("windows", "wrong_shape", "must be two lists, first days and last days") from None
    if start.shape != end.shape or start.ndim != 1 or not start.size:
        raise EpiInputError("windows", "wrong_shape", "must be two lists of equal length, first days and last days")
    if (start < 0).any() or (end >= n_days).any() or (end - start < 2).any():
        raise EpiInputError(
            "windows", "out_of_range", f"must lie within index 0 to {n_days - 1}, three days or more each"
        )
    return start.astype(int), end.astype(int)


def _log_linear_poisson(y: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Slope, its standard error for Poisson counts, dispersion and degrees of freedom of log mean = a + b day.

    y, seen : (n_series, n_windows, width).

    Given the total, the slope is where the mean day weighted by exp(b day) meets the mean day of the cases: one equation
    in one unknown, solved by Newton steps kept between bounds.
    """
    y = np.where(seen, y, 0.0)
    width = y.shape[-1]
    day = np.arange(width) - (width - 1) / 2
    total = y.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        target = (y * day).sum(axis=-1) / total
    earliest = np.where(seen, day, np.inf).min(axis=-1)
    latest = np.where(seen, day, -np.inf).max(axis=-1)
    able = (
        (total > 0)
        & (target > earliest + 1e-12)
        & (target < latest - 1e-12)
        & (seen.sum(axis=-1) >= 3)
        & ((y > 0).sum(axis=-1) >= 2)
    )
    target = np.where(able, target, 0.0)
    usable = seen | ~able[..., None]
    slope = np.zeros(total.shape)
    low, high = np.full(total.shape, -60.0), np.full(total.shape, 60.0)
    for _ in range(100):
        exponent = slope[..., None] * day
        tilt = np.where(usable, np.exp(exponent - exponent.max(axis=-1, keepdims=True)), 0.0)
        mass = tilt.sum(axis=-1)
        mean = (tilt * day).sum(axis=-1) / mass
        spread = (tilt * day**2).sum(axis=-1) / mass - mean**2
        off = mean - target
        low, high = np.where(off < 0, slope, low), np.where(off < 0, high, slope)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = slope - off / spread
        following = np.where((step > low) & (step < high), step, (low + high) / 2)
        moved = np.abs(following - slope)[able].max(initial=0)
        slope = np.where(able, following, 0.0)
        if moved < 1e-13:
            break
    exponent = slope[..., None] * day
    tilt = np.where(usable, np.exp(exponent - exponent.max(axis=-1, keepdims=True)), 0.0)
    mass = tilt.sum(axis=-1)
    mean = (tilt * day).sum(axis=-1) / mass
    spread = (tilt * (day - mean[..., None]) ** 2).sum(axis=-1) / mass
    freedom = np.maximum(seen.sum(axis=-1) - 2, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = total[..., None] * tilt / mass[..., None]
        pearson = np.where(seen & (expected > 0), (y - expected) ** 2 / expected, 0.0).sum(axis=-1)
        dispersion = np.where(able, pearson / freedom, np.nan)
        error = np.where(able, 1 / np.sqrt(total * spread), np.nan)
    return np.where(able, slope, np.nan), error, dispersion, freedom
