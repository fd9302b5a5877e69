"""What every method answers, and which weeks it looks at: those judged, and the same weeks of earlier years."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np

from lianfang.epi import _checks as check
from lianfang.epi._checks import EpiInputError

ONE_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, eq=False)
class Signals:
    """Which weeks stand out, of one series or of each series of a panel.

    at : (n_judged,) index of each judged week in the counts.
    observed : (n_judged,) or (n_series, n_judged) the counts judged.
    threshold : the same shape; the limit of the method in cases. NaN where it has no answer.
    alarm : the same shape; True where the week stands out, never where it has no answer or no count.
    """

    at: np.ndarray
    observed: np.ndarray
    threshold: np.ndarray
    alarm: np.ndarray


S = TypeVar("S", bound=Signals)


def of_one(found: S) -> S:
    """The answer for a single series: every panel of it without its first axis."""
    rows = {f.name: getattr(found, f.name) for f in fields(found)}
    return replace(found, **{name: a[0] for name, a in rows.items() if a.ndim == 2})


def weeks_to_judge(at: Any, n_weeks: int, look_back: int) -> np.ndarray:
    """Index of each judged week: those asked for, or all that have the weeks behind them that the method needs."""
    if at is None:
        if n_weeks <= look_back:
            raise EpiInputError(
                "counts", "too_short", f"must have more than the {look_back} weeks looked back on, has {n_weeks}"
            )
        return np.arange(look_back, n_weeks)
    weeks = np.atleast_1d(check.whole_numbers("at", check.float_array("at", at)))
    if weeks.ndim != 1 or not weeks.size:
        raise EpiInputError("at", "wrong_shape", "must be a list of weeks")
    if (weeks < look_back).any():
        raise EpiInputError(
            "at",
            "before_data",
            f"looks back {look_back} weeks, before the first of counts, from index {weeks.min():g}",
        )
    if (weeks >= n_weeks).any():
        raise EpiInputError("at", "after_data", f"must be index {n_weeks - 1} or before, the last week of counts")
    return weeks.astype(np.intp)


def weeks_of_years(
    at: Any, n_weeks: int, *, years: int, half_window: int, period: int, days: Any
) -> tuple[np.ndarray, np.ndarray]:
    """The judged weeks, and (n_judged, years + 1) the same week of each earlier year: column 0 the judged week itself.

    With days, the same week is the one that begins nearest to the same date; without, the one so many periods ago.
    """
    if days is None:
        weeks = weeks_to_judge(at, n_weeks, years * period + half_window)
        return weeks, weeks[:, None] - period * np.arange(years + 1)
    first = check.days_array("days", days, ascending=True)
    if first.shape != (n_weeks,):
        raise EpiInputError("days", "wrong_shape", f"must have one day a week of counts, {n_weeks}, not {first.shape}")
    step = first[1] - first[0] if n_weeks > 1 else 7 * ONE_DAY
    if (np.diff(first) != step).any():
        raise EpiInputError("days", "gaps", "must be evenly spaced; write missing weeks as NaN in counts")
    weeks = np.arange(n_weeks) if at is None else weeks_to_judge(at, n_weeks, 0)
    begins = first[weeks]
    months = begins.astype("datetime64[M]")
    in_month = begins - months.astype("datetime64[D]")
    earlier = (months[:, None] - 12 * np.arange(years + 1)).astype("datetime64[D]") + in_month[:, None]
    back = np.rint((begins[:, None] - earlier) / step).astype(np.intp)
    same = weeks[:, None] - back
    covered = same[:, -1] >= half_window
    if at is None:
        if not covered.any():
            raise EpiInputError(
                "counts", "too_short", f"must hold {years} years and {half_window} weeks before a judged week"
            )
        return weeks[covered], same[covered]
    if not covered.all():
        raise EpiInputError(
            "at",
            "before_data",
            f"looks back {years} years and {half_window} weeks, before the first of counts, from index "
            f"{weeks[~covered][0]}",
        )
    return weeks, same
