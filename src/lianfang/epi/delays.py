"""Delays between two events: serial intervals, incubation, onset to report, length of stay.

A delay distribution is one array, entry k the share at k days; index 0 is the same day.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from lianfang.epi import _checks as check
from lianfang.epi._checks import EpiInputError


def discretised_gamma_si(mean: Any, sd: Any, n: int | None = None) -> np.ndarray:
    """Daily serial interval distribution from a gamma distribution shifted by one day.

    mean, sd : days; the mean is more than 1. Arrays (n_draws,) give one distribution a row.
    n : number of entries; without it, as many as leave out less than one in 10^10.
    Returns (n,), or (n_draws, n): entry k is the share of serial intervals of k days; entry 0 is 0, since cases with
    the same day of onset cannot be told from a common source. The entries beyond n are left out, not spread over the
    rest: with n too short the sum stays below 1, and what needs a whole distribution refuses it.

    The shift keeps day 0 empty, and both onsets fall anywhere within their day. Cori A, Ferguson NM, Fraser C,
    Cauchemez S. A new framework and software to estimate time-varying reproduction numbers during epidemics. Am J
    Epidemiol 2013;178:1505-12 (web appendix 11).

    >>> discretised_gamma_si(2.6, 1.5, 5).round(3)
    array([0.   , 0.233, 0.359, 0.198, 0.103])
    """
    mean, sd = check.float_array("mean", mean), check.float_array("sd", sd)
    if (mean <= 1).any():
        raise EpiInputError(
            "mean", "out_of_range", "must be more than 1 day, since a serial interval of 0 days is left out"
        )
    if (sd <= 0).any():
        raise EpiInputError("sd", "out_of_range", "must be more than 0 days")
    if mean.ndim > 1 or sd.ndim > 1:
        raise EpiInputError("mean" if mean.ndim > 1 else "sd", "wrong_shape", "must be one number or a list of numbers")
    try:
        mean, sd = np.broadcast_arrays(mean, sd)
    except ValueError:
        raise EpiInputError("sd", "wrong_shape", "must be one number or as many as mean") from None
    shape, scale = ((mean - 1) / sd) ** 2, sd**2 / (mean - 1)
    if n is None:
        n = int(np.max(special.gammainccinv(shape, 1e-10) * scale)) + 4
    n = check.whole_number("n", n, at_least=1)
    return _second_difference_gamma(shape[..., None], scale[..., None], n, shift=1)


def _second_difference_gamma(shape: np.ndarray, scale: np.ndarray, n: int, *, shift: int) -> np.ndarray:
    """Share of delays of k = 0..n-1 days when both events fall anywhere within their day and the time between is gamma.

    With H(x) the integral of the distribution function up to x, the share at k is H(k+1) - 2 H(k) + H(k-1). Below the
    mean it is taken from the distribution function, above from its complement, so that neither loses digits.
    """
    x = np.maximum(np.arange(-1, n + 1, dtype=float) - shift, 0)
    days = np.arange(n) - shift

    def second_difference(of: Any) -> np.ndarray:
        first, h = of(shape, x / scale), of(shape + 1, x / scale)
        h = x * first - shape * scale * h
        return h[..., 2:] - 2 * h[..., 1:-1] + h[..., :-2]

    share = np.where(days < shape * scale, second_difference(special.gammainc), -second_difference(special.gammaincc))
    share[..., : max(shift, 0)] = 0
    return np.maximum(share, 0)
