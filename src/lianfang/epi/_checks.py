"""What every function of the library asks of its input, and the one error it raises."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

SUM_TOLERANCE = 1e-6  # how far the shares of a distribution may sum from one: a table printed with six decimals passes


class EpiInputError(ValueError):
    """Input that cannot be worked with: which argument, what is wrong in one word, and in a sentence.

    argument : name of the argument as the caller wrote it.
    code : stable word for programs and translations, such as "negative" or "not_a_distribution".
    message : one English sentence without the argument's name.

    >>> str(EpiInputError("counts", "negative", "must not be negative (-1 at index 3)"))
    'counts: must not be negative (-1 at index 3)'
    """

    def __init__(self, argument: str, code: str, message: str) -> None:
        super().__init__(f"{argument}: {message}")
        self.argument = argument
        self.code = code
        self.message = message

    def __reduce__(
        self,
    ) -> tuple[Any, ...]:  # an exception with three arguments does not travel between processes by itself
        return type(self), (self.argument, self.code, self.message)


def _where(mask: np.ndarray) -> str:
    first = [str(int(i)) for i in np.argwhere(mask)[0]]
    return f" at index {first[0]}" if len(first) == 1 else f" at index ({', '.join(first)})" if first else ""


def float_array(name: str, x: Any, *, missing: bool = False) -> np.ndarray:
    """Array of finite floats; NaN only where missing is allowed."""
    try:
        a = np.asarray(x)
        if a.dtype.kind not in "biufO":  # text that looks like numbers is a reading error upstream
            raise TypeError
        a = a.astype(float)
    except (TypeError, ValueError):
        raise EpiInputError(name, "not_numbers", "must be numbers in a regular array") from None
    if not missing and np.isnan(a).any():
        raise EpiInputError(
            name,
            "missing",
            f"must not hold missing values{_where(np.isnan(a))}; series.fill_missing fills gaps in counts",
        )
    if np.isinf(a).any():
        raise EpiInputError(name, "infinite", f"must be finite, is not{_where(np.isinf(a))}")
    return a


def not_negative(name: str, a: np.ndarray) -> np.ndarray:
    if (a < 0).any():
        where = np.argwhere(a < 0)[0]
        raise EpiInputError(name, "negative", f"must not be negative ({a[tuple(where)]:g}{_where(a < 0)})")
    return a


def whole_numbers(name: str, a: np.ndarray) -> np.ndarray:
    broken = ~np.isnan(a) & (a != np.floor(a))
    if broken.any():
        raise EpiInputError(name, "not_whole", f"must hold whole numbers ({a[broken][0]:g}{_where(broken)})")
    return a


def counts_panel(
    name: str, x: Any, *, whole: bool = False, missing: bool = False, min_days: int = 1
) -> tuple[np.ndarray, bool]:
    """Counts as a panel (n_series, n_days), oldest day first, and whether one series (n_days,) was given.

    Accepts any finite number that is not negative; whole=True refuses fractions, missing=True lets NaN through.

    >>> counts_panel("counts", [1, 0, 2])
    (array([[1., 0., 2.]]), True)
    """
    a = float_array(name, x, missing=missing)
    if a.ndim not in (1, 2):
        raise EpiInputError(name, "wrong_shape", f"must be (n_days,) or (n_series, n_days), not {a.ndim}-dimensional")
    if a.shape[-1] < min_days:
        raise EpiInputError(name, "too_short", f"must have at least {min_days} days, has {a.shape[-1]}")
    not_negative(name, a)
    if whole:
        whole_numbers(name, a)
    return np.atleast_2d(a), a.ndim == 1


def like(name: str, x: Any, shape: tuple[int, ...], other: str, *, missing: bool = False) -> np.ndarray:
    """Numbers with the same shape as another argument."""
    a = float_array(name, x, missing=missing)
    if a.shape != shape:
        raise EpiInputError(name, "wrong_shape", f"must have the shape of {other}, {shape}, not {a.shape}")
    return a


def mask_like(name: str, x: Any, shape: tuple[int, ...], other: str) -> np.ndarray:
    """Yes/no array with the same shape as another argument."""
    a = np.asarray(x)
    if a.dtype != bool:
        raise EpiInputError(name, "not_booleans", "must be an array of True and False")
    if a.shape != shape:
        raise EpiInputError(name, "wrong_shape", f"must have the shape of {other}, {shape}, not {a.shape}")
    return a


def pmf(name: str, x: Any, *, zero_at_0: bool = False, tolerance: float = SUM_TOLERANCE) -> np.ndarray:
    """Shares by delay: entry k is the share at a delay of k days; not negative, summing to one. Returned unchanged.

    zero_at_0 : a serial interval of 0 days cannot be told from a common source, so entry 0 must be 0.
    """
    a = float_array(name, x)
    if a.ndim != 1 or a.size == 0:
        raise EpiInputError(name, "wrong_shape", "must be one list of shares, entry k the share at k days")
    not_negative(name, a)
    if abs(a.sum() - 1) > tolerance:
        raise EpiInputError(name, "not_a_distribution", f"must sum to 1, sums to {a.sum():.9g}")
    if zero_at_0 and a[0] != 0:
        raise EpiInputError(name, "mass_at_zero", f"entry 0, the share at 0 days, must be 0, is {a[0]:g}")
    return a


def number(
    name: str,
    x: Any,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
    whole: bool = False,
) -> float:
    """One finite number within limits."""
    a = float_array(name, x)
    if a.ndim != 0:
        raise EpiInputError(name, "wrong_shape", "must be one number")
    value = float(a)
    if whole and value != np.floor(value):
        raise EpiInputError(name, "not_whole", f"must be a whole number, is {value:g}")
    for limit, holds, words in (
        (above, above is None or value > above, "more than"),
        (at_least, at_least is None or value >= at_least, "at least"),
        (below, below is None or value < below, "less than"),
        (at_most, at_most is None or value <= at_most, "at most"),
    ):
        if not holds:
            raise EpiInputError(name, "out_of_range", f"must be {words} {limit:g}, is {value:g}")
    return value


def whole_number(name: str, x: Any, *, at_least: int | None = None, at_most: int | None = None) -> int:
    return int(number(name, x, at_least=at_least, at_most=at_most, whole=True))


def probabilities(name: str, x: Any) -> np.ndarray:
    """List of levels strictly between 0 and 1."""
    a = np.atleast_1d(float_array(name, x))
    if a.ndim != 1 or a.size == 0:
        raise EpiInputError(name, "wrong_shape", "must be a list of levels")
    if ((a <= 0) | (a >= 1)).any():
        raise EpiInputError(name, "out_of_range", "must lie strictly between 0 and 1")
    return a


def choice(name: str, x: Any, options: Collection[str]) -> str:
    if x not in options:
        raise EpiInputError(name, "unknown_choice", f"must be one of {', '.join(sorted(options))}, is {x!r}")
    return str(x)


def days_array(name: str, x: Any, *, missing: bool = False, ascending: bool = False) -> np.ndarray:
    """Calendar days as datetime64[D]; from dates, ISO strings or datetime64. NaT only where missing is allowed.

    ascending : each day must be later than the one before.
    """
    try:
        a = np.asarray(x)
        if a.size == 0:
            a = a.astype("datetime64[D]")
        if a.dtype.kind == "O":
            a = np.array([np.datetime64("NaT") if v is None else np.datetime64(v, "D") for v in a.ravel()]).reshape(
                a.shape
            )
        if a.dtype.kind not in "MUS":
            raise TypeError
        a = a.astype("datetime64[D]")
    except (TypeError, ValueError):
        raise EpiInputError(name, "not_days", "must be calendar days (dates or YYYY-MM-DD)") from None
    if not missing and np.isnat(a).any():
        raise EpiInputError(name, "missing", f"must not hold a missing day{_where(np.isnat(a))}")
    if ascending and a.size > 1 and not (np.diff(a) > np.timedelta64(0, "D")).all():
        late = int(np.argmax(np.diff(a) <= np.timedelta64(0, "D"))) + 1
        raise EpiInputError(name, "unsorted", f"must be in ascending order without repeats ({a[late]} at index {late})")
    return a


def day(name: str, x: Any) -> np.datetime64:
    a = days_array(name, x)
    if a.ndim != 0:
        raise EpiInputError(name, "wrong_shape", "must be one day")
    return np.datetime64(str(a), "D")
