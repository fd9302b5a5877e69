"""Discretised serial intervals against EpiEstim 2.2-4."""

from collections.abc import Iterator

import numpy as np

from lianfang.epi import delays
from tests.epi.conftest import golden, table
from tests.epi.parity import Row, largest_absolute, largest_relative


def rows() -> Iterator[Row]:
    grid = table("epiestim_discr_si_grid")
    pairs = np.unique(np.column_stack([grid["mu"], grid["sigma"]]), axis=0)
    found, reference = [], []
    for mean, sd in pairs:
        these = (grid["mu"] == mean) & (grid["sigma"] == sd)
        order = np.argsort(grid["k"][these])
        reference.append(grid["w"][these][order])
        found.append(delays.discretised_gamma_si(mean, sd, len(order)))
    far, n = largest_absolute(np.concatenate(found), np.concatenate(reference))
    yield Row(
        "delays.discretised_gamma_si",
        f"EpiEstim discr_si, {len(pairs)} pairs of mean and sd",
        "absolute",
        far,
        1e-12,
        n,
        "shares below 1e-12 are rounding noise in the reference",
    )
    found, reference = np.concatenate(found), np.concatenate(reference)
    large = reference > 1e-4
    far, n = largest_relative(found[large], reference[large])
    yield Row("delays.discretised_gamma_si", "the same, shares above 1e-4", "relative", far, 1e-9, n)
    for name, (mean, sd) in {"Flu2009": (2.6, 1.5), "SARS2003": (8.4, 3.8), "Flu1918": (2.6, 1.5)}.items():
        reference = table(f"epiestim_{name}_discr_si_{mean}_{sd}")["w"][:-1]  # the last entry is estimate_R's padding
        far, n = largest_absolute(delays.discretised_gamma_si(mean, sd, len(reference)), reference)
        yield Row("delays.discretised_gamma_si", f"EpiEstim estimate_R, SI of {name}", "absolute", far, 1e-12, n)
    reference = np.array(golden("epiestim_reference")["discr_si_2.6_1.5"])
    far, n = largest_relative(delays.discretised_gamma_si(2.6, 1.5, len(reference)), reference)
    yield Row(
        "delays.discretised_gamma_si",
        "EpiEstim discr_si, 2.6 ± 1.5",
        "relative",
        far,
        1e-9,
        n,
        "reference printed with 11 digits",
    )
