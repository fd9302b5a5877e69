"""Discretised serial intervals against EpiEstim 2.2-4."""

from collections.abc import Iterator

import numpy as np

from lianfang.epi import delays
from tests.epi.conftest import OWN, golden, table
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
    yield from discretised()
    yield from fits()


def fits() -> Iterator[Row]:
    """Fits: R stops its search earlier than we do, so the likelihood says who came nearer."""
    given = table("input_intervals", OWN)
    reference = table("reference_fit_intervals", OWN)
    for ours, theirs in (("gamma", "gamma"), ("lognormal", "lnorm"), ("weibull", "weibull")):
        fit = delays.fit_intervals(given["lower"], given["upper"], family=ours)
        these = reference["family"] == theirs
        found, errors = list(fit.parameters.values()), list(fit.standard_errors.values())
        expected, expected_errors = reference["estimate"][these], reference["se"][these].copy()
        if ours == "gamma":  # R gives a rate, we a scale
            expected_errors[1] /= expected[1] ** 2
            expected = np.array([expected[0], 1 / expected[1]])
        far, n = largest_relative(np.array(found), expected)
        yield Row("delays.fit_intervals", f"fitdistrplus fitdistcens, {ours}: parameters", "relative", far, 1e-4, n)
        far, n = largest_relative(np.array(errors), expected_errors)
        yield Row("delays.fit_intervals", f"fitdistrplus fitdistcens, {ours}: errors", "relative", far, 1e-2, n)
        far, n = largest_absolute(np.array([fit.log_likelihood]), reference["loglik"][these][:1])
        yield Row("delays.fit_intervals", f"fitdistrplus fitdistcens, {ours}: log likelihood", "absolute", far, 1e-6, n)

    given = table("input_days", OWN)
    first, second = (np.column_stack([given[f"{k}0"], given[f"{k}1"]]) for k in "es")
    reference = table("reference_fit_days", OWN)
    for ours, theirs in (("gamma", "G"), ("lognormal", "L"), ("weibull", "W")):
        fit = delays.fit_delay(first, second, family=ours)
        these = reference["family"] == theirs
        found = [*fit.parameters.values(), fit.quantile(0.5)[0], fit.quantile(0.95)[0]]
        far, n = largest_absolute(np.array(found), reference["estimate"][these])
        yield Row(
            "delays.fit_delay",
            f"coarseDataTools dic.fit, {ours}: parameters, two quantiles",
            "absolute",
            far,
            3e-3,
            n,
            "reference rounded to 3 decimals",
        )
        # the reference leaves out the length of the first range, which does not depend on the parameters
        same_scale = fit.log_likelihood + np.log(given["e1"] - given["e0"] + 1).sum()
        far, n = largest_absolute(np.array([same_scale]), reference["loglik"][these][:1])
        yield Row("delays.fit_delay", f"coarseDataTools dic.fit, {ours}: log likelihood", "absolute", far, 1e-3, n)


def discretised() -> Iterator[Row]:
    reference = table("reference_discretised", OWN)
    for family in delays.FAMILIES:
        these = reference["family"] == family
        mean, sd = reference["mean"][these][0], reference["sd"][these][0]
        far, n = largest_relative(delays.discretised_delay(family, mean, sd, 26), reference["share"][these])
        yield Row("delays.discretised_delay", f"R integrate, {family} {mean} ± {sd} days", "relative", far, 1e-9, n)
