"""Quantiles of counts: the smallest count whose distribution function reaches a level, as R defines them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

SLACK = 1 - 64 * np.finfo(float).eps  # a level that is met but for rounding counts as met, as it does in R
COUNTABLE = 1e12  # beyond, the expansion itself is the answer


def poisson(level: float, mean: np.ndarray) -> np.ndarray:
    """Quantile of Poisson distributions.

    >>> poisson(0.95, np.array([0.0, 0.5, 4.0]))
    array([0., 2., 8.])
    """
    mean = np.asarray(mean, dtype=float)
    return _smallest(lambda x, m: special.pdtr(x, m), level, mean, np.sqrt(mean), 1 / np.sqrt(mean + 1e-300), mean)


def negative_binomial(level: float, size: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Quantile of negative binomial distributions: failures before the size-th success of probability share.

    >>> negative_binomial(0.95, np.array([2.0, 0.1]), np.array([0.5, 0.1]))
    array([6., 5.])
    """
    size, share = np.broadcast_arrays(np.asarray(size, dtype=float), np.asarray(share, dtype=float))
    mean = size * (1 - share) / share
    sd = np.sqrt(mean / share)
    skew = (2 - share) / np.sqrt(np.maximum(size * (1 - share), 1e-300))
    return _smallest(lambda x, n, p: special.betainc(n, x + 1, p), level, mean, sd, skew, size, share)


def _smallest(
    reached: Callable[..., np.ndarray],
    level: float,
    mean: np.ndarray,
    sd: np.ndarray,
    skew: np.ndarray,
    *of: np.ndarray,
) -> np.ndarray:
    """From the first terms of the Cornish-Fisher expansion outwards until the level lies between, then by halving."""
    wanted = level * SLACK
    z = special.ndtri(level)
    with np.errstate(over="ignore", invalid="ignore"):
        guess = mean + sd * (z + np.clip(skew, 0, 1e6) * (z**2 - 1) / 6)
    found = np.where(np.isfinite(guess), guess, np.nan)
    usable = (mean + sd < COUNTABLE) & (guess < COUNTABLE)
    of = tuple(a[usable] for a in of)
    high = np.maximum(np.rint(guess[usable]), 0)
    low = high - 1
    step = 1.0
    short = np.flatnonzero(reached(high, *of) < wanted)
    while short.size:
        low[short] = high[short]
        high[short] += step
        step *= 2
        short = short[reached(high[short], *(a[short] for a in of)) < wanted]
    step = 1.0
    beyond = np.flatnonzero(low >= 0)
    beyond = beyond[reached(low[beyond], *(a[beyond] for a in of)) >= wanted]
    while beyond.size:
        high[beyond] = low[beyond]
        low[beyond] = np.maximum(low[beyond] - step, -1)
        step *= 2
        beyond = beyond[low[beyond] >= 0]
        beyond = beyond[reached(low[beyond], *(a[beyond] for a in of)) >= wanted]
    apart = np.flatnonzero(high - low > 1)
    while apart.size:
        middle = np.floor((low[apart] + high[apart]) / 2)
        enough = reached(middle, *(a[apart] for a in of)) >= wanted
        high[apart[enough]], low[apart[~enough]] = middle[enough], middle[~enough]
        apart = apart[high[apart] - low[apart] > 1]
    found[usable] = high
    return found
