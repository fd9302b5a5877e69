"""Weeks and growth rates against R."""

from collections.abc import Iterator

import numpy as np
from scipy.special import stdtrit

from lianfang.epi import series
from tests.epi.conftest import OWN, matrix, table
from tests.epi.parity import Row, largest_absolute, largest_relative


def rows() -> Iterator[Row]:
    weeks = table("reference_weeks", OWN)
    for function, kind in ((series.iso_week, "iso"), (series.epi_week, "epi")):
        far, n = largest_absolute(
            np.stack(function(weeks["day"])), np.stack([weeks[f"{kind}_year"], weeks[f"{kind}_week"]])
        )
        yield Row(f"series.{kind}_week", f"lubridate {kind}year, {kind}week", "absolute", far, 0, n)

    panel = matrix("input_counts", OWN).T
    reference = table("reference_growth", OWN)
    found = series.growth_rate(panel, window=14)
    at = (reference["series"].astype(int), reference["start"].astype(int))
    error = (found.upper - found.rate)[at] / np.sqrt(np.maximum(found.dispersion[at], 1))
    error = error / stdtrit(12, 0.975) * np.sqrt(found.dispersion[at])
    where = "R glm, quasipoisson, 14 days"
    far, n = largest_absolute(found.rate[at], reference["rate"])
    yield Row("series.growth_rate", f"{where}: rate per day", "absolute", far, 1e-12, n)
    note = "R takes these one step before its last"
    far, n = largest_relative(error, reference["se"])
    yield Row("series.growth_rate", f"{where}: standard error", "relative", far, 1e-7, n, note)
    far, n = largest_relative(found.dispersion[at], reference["dispersion"])
    yield Row("series.growth_rate", f"{where}: dispersion", "relative", far, 1e-7, n, note)
