"""Rates and tables against R: stats, epitools, survival."""

from collections.abc import Iterator

import numpy as np

from lianfang.epi import rates
from tests.epi.conftest import OWN, table
from tests.epi.parity import Row, largest_absolute, largest_relative


def rows() -> Iterator[Row]:
    reference = table("reference_intervals", OWN)
    x, n = reference["x"], reference["n"]
    for function, method, found, heading in (
        ("proportion", "binom.test", rates.proportion(x, n, method="exact"), "exact"),
        ("proportion", "prop.test without correction", rates.proportion(x, n), "wilson"),
        ("incidence_rate", "poisson.test", rates.incidence_rate(x, n), "poisson"),
    ):
        far, size = largest_absolute(
            np.stack([found.lower, found.upper]),
            np.stack([reference[f"{heading}_lower"], reference[f"{heading}_upper"]]),
        )
        yield Row(f"rates.{function}", f"R {method}", "absolute", far, 1e-9, size)

    yield from table_rows()
    yield from standardisation_rows()
    yield from capture_rows()
    yield from follow_up_rows()


def table_rows() -> Iterator[Row]:
    reference = table("reference_tables", OWN)
    found = rates.two_by_two(*(reference[f"v{i}"] for i in range(1, 5)))
    exact = found.exact_odds_ratio
    for name, values, heading in (
        ("fisher.test p", found.fisher_p, "fisher_p"),
        ("non-central hypergeometric: odds ratio", exact.value, "or_exact"),
        ("non-central hypergeometric: lower end", exact.lower, "or_exact_lower"),
        (
            "non-central hypergeometric: upper end",
            np.where(np.isinf(exact.upper), np.nan, exact.upper),
            "or_exact_upper",
        ),
        ("chisq.test without correction", found.chi2, "chi2"),
        ("chisq.test without correction: p", found.chi2_p, "chi2_p"),
        ("chisq.test", found.chi2_corrected, "chi2_corrected"),
        ("chisq.test: p", found.chi2_corrected_p, "chi2_corrected_p"),
    ):
        if heading == "chi2_corrected":  # the correction brings one table to 0, R to 1e-29
            far, size = largest_absolute(values, reference[heading])
            yield Row("rates.two_by_two", f"R {name}", "absolute", far, 1e-9, size)
            continue
        far, size = largest_relative(values, reference[heading])
        yield Row("rates.two_by_two", f"R {name}", "relative", far, 1e-8, size)
    whole = np.min([reference[f"v{i}"] for i in range(1, 5)], axis=0) > 0  # epitools fills empty cells in its own way
    for name, estimate, heading in (
        ("riskratio.wald", found.risk_ratio, "rr"),
        ("oddsratio.wald", found.odds_ratio, "or"),
    ):
        far, size = largest_relative(
            np.stack([estimate.value, estimate.lower, estimate.upper])[:, whole],
            np.stack([reference[heading], reference[f"{heading}_lower"], reference[f"{heading}_upper"]])[:, whole],
        )
        yield Row("rates.two_by_two", f"epitools {name}", "relative", far, 1e-9, size)

    lines = table("reference_mantel_haenszel", OWN)
    cells = np.column_stack([table("input_tables", OWN)[k] for k in "abcd"])[2:].reshape(-1, 2, 2)
    pooled = rates.mantel_haenszel(cells)
    values = [pooled.odds_ratio.value, pooled.odds_ratio.lower, pooled.odds_ratio.upper, pooled.chi2, pooled.p]
    far, size = largest_relative(np.array(values), lines["value"])
    yield Row("rates.mantel_haenszel", "R mantelhaen.test without correction", "relative", far, 1e-9, size)


def standardisation_rows() -> Iterator[Row]:
    ages = table("input_ages", OWN)
    cases, population, standard = (ages[k].reshape(5, 8) for k in ("cases", "population", "standard"))
    reference = table("reference_direct", OWN)
    found = rates.standardised_rate(cases, population, standard[0])
    far, size = largest_relative(
        np.stack([found.value, found.lower, found.upper]),
        np.stack([reference[k] for k in ("rate", "lower", "upper")]),
    )
    yield Row("rates.standardised_rate", "epitools ageadjust.direct", "relative", far, 1e-9, size)
    reference = table("reference_indirect", OWN)
    ratio = rates.standardised_ratio(cases.sum(axis=1), population, cases.sum(axis=0) / population.sum(axis=0))
    far, size = largest_relative(
        np.stack([ratio.value, ratio.lower, ratio.upper]),
        np.stack([reference[k] for k in ("ratio", "lower", "upper")]),
    )
    yield Row("rates.standardised_ratio", "R poisson.test of observed and expected", "relative", far, 1e-9, size)


def capture_rows() -> Iterator[Row]:
    reference = table("reference_capture", OWN)
    sets = np.column_stack(list(table("input_cells", OWN).values())).reshape(-1, 2, 2, 2)
    pairs = {"x:y": (0, 1), "x:z": (0, 2), "y:z": (1, 2)}
    missed, fit, interval = [], [], []
    for number, name in zip(reference["set"], reference["model"], strict=True):
        wanted = [pairs[term] for term in name.split("+") if ":" in term]
        found = rates.capture_recapture(sets[int(number)], dependent=wanted)
        missed.append(found.missed)
        fit.append([found.chosen.aic, found.chosen.deviance])
        interval.append(found.missed_interval)
    far, size = largest_relative(np.array(missed), reference["missed"])
    yield Row("rates.capture_recapture", "R glm, 8 models of 3 sources: missed", "relative", far, 1e-7, size)
    far, size = largest_absolute(np.array(fit), np.column_stack([reference["aic"], reference["deviance"]]))
    yield Row("rates.capture_recapture", "R glm: AIC, deviance", "absolute", far, 1e-8, size)
    far, size = largest_relative(np.array(interval), np.column_stack([reference["lower"], reference["upper"]]))
    yield Row("rates.capture_recapture", "R profile likelihood: interval", "relative", far, 1e-5, size)
    best = [rates.capture_recapture(cells) for cells in sets]
    chosen, corrected = [], []
    for i, cells in enumerate(sets):
        these = reference["set"] == i
        size = np.array([1 + len(name.split("+")) for name in reference["model"][these]])
        aicc = reference["aic"][these] + 2 * size * (size + 1) / (cells.sum() - size - 1)
        chosen.append(reference["missed"][these][np.argmin(aicc)])
        corrected.append(aicc.min())
    far, size = largest_relative(np.array([b.missed for b in best]), np.array(chosen))
    yield Row("rates.capture_recapture", "R glm: the model of smallest corrected AIC", "relative", far, 1e-7, size)
    far, size = largest_absolute(np.array([b.chosen.aicc for b in best]), np.array(corrected))
    yield Row("rates.capture_recapture", "R glm: its corrected AIC", "absolute", far, 1e-8, size)


def follow_up_rows() -> Iterator[Row]:
    courses = table("input_courses", OWN)
    reference = table("reference_follow_up", OWN)
    first = np.datetime64("2020-01-01")
    begin, end = (first + courses[k].astype(int) for k in ("begin", "end"))
    died = courses["died"] == 1
    nothing = np.datetime64("NaT")
    found = []
    for cut in reference["cut"].astype(int):
        there = courses["begin"] <= cut
        ratio = rates.case_fatality_by_follow_up(
            begin[there],
            np.where(died, end, nothing)[there],
            np.where(died, nothing, end)[there],
            as_of=first + cut,
            draws=10,
        )
        found.append(ratio.value)
    far, size = largest_relative(np.array(found), reference["ratio"])
    yield Row("rates.case_fatality_by_follow_up", "survival survfit, Aalen-Johansen", "relative", far, 1e-9, size)
