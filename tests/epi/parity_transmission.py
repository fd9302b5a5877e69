"""Reproduction numbers against EpiEstim 2.2-4."""

from collections.abc import Iterator

import numpy as np

from lianfang.epi import delays, transmission
from tests.epi.conftest import OWN, golden, matrix, table
from tests.epi.parity import Row, largest_absolute, largest_relative

LEVELS = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
HEADS = tuple("Median(R)" if p == 0.5 else f"Quantile.{p}(R)" for p in LEVELS)
SETS = {"Flu2009": (2.6, 1.5), "SARS2003": (8.4, 3.8), "Flu1918": (2.6, 1.5)}


def as_table(rt: transmission.RtEstimate) -> np.ndarray:
    """Columns in EpiEstim's order: first and last day counted from 1, mean, sd, quantiles."""
    return np.column_stack([rt.start + 1, rt.end + 1, rt.mean, rt.sd, rt.quantiles])


def reference_table(columns: dict[str, np.ndarray]) -> np.ndarray:
    return np.column_stack([columns[head] for head in ("t_start", "t_end", "Mean(R)", "Std(R)", *HEADS)])


def incidence(name: str) -> np.ndarray:
    return table(f"epiestim_{name}_incidence")["I"]


def rows() -> Iterator[Row]:
    for name, (mean, sd) in SETS.items():
        counts = incidence(name)
        si = table(f"epiestim_{name}_si_distr")["w"]
        for method, pmf, kind in (
            (f"parametric_{mean}_{sd}", delays.discretised_gamma_si(mean, sd, len(counts)), "parametric"),
            ("nonparam", si, "non-parametric"),
        ):
            rt = transmission.estimate_rt(counts, pmf, quantiles=LEVELS)
            far, n = largest_relative(as_table(rt), reference_table(table(f"epiestim_{name}_R_{method}")))
            yield Row(
                "transmission.estimate_rt", f"EpiEstim estimate_R, {name}, {kind} SI, 7 days", "relative", far, 1e-9, n
            )
        far, n = largest_relative(
            transmission.infectivity(counts, si), table(f"epiestim_{name}_overall_infectivity")["lambda"]
        )
        yield Row("transmission.infectivity", f"EpiEstim overall_infectivity, {name}", "relative", far, 1e-9, n)

    flu = delays.discretised_gamma_si(2.6, 1.5, 32)
    reference = reference_table(table("epiestim_Flu2009_R_parametric_window15_prior2_3"))
    windows = (reference[:, 0] - 1, reference[:, 1] - 1)
    rt = transmission.estimate_rt(
        incidence("Flu2009"), flu, windows=windows, prior_mean=2, prior_sd=3, quantiles=LEVELS
    )
    far, n = largest_relative(as_table(rt), reference)
    yield Row(
        "transmission.estimate_rt", "EpiEstim estimate_R, Flu2009, 15 days, prior 2 ± 3", "relative", far, 1e-9, n
    )

    given = table("epiestim_Flu2009_imported_input")
    rt = transmission.estimate_rt(given["local"] + given["imported"], flu, imported=given["imported"], quantiles=LEVELS)
    far, n = largest_relative(as_table(rt), reference_table(table("epiestim_Flu2009_imported_R")))
    yield Row("transmission.estimate_rt", "EpiEstim estimate_R, Flu2009, imported cases", "relative", far, 1e-9, n)

    panel = matrix("synth_daily_90x120").T
    rt = transmission.estimate_rt(panel, delays.discretised_gamma_si(8.4, 3.8, 120), quantiles=LEVELS)
    found = np.concatenate([rt.mean[..., None], rt.sd[..., None], rt.quantiles], axis=-1)
    reference = matrix("synth_daily_90x120_estimateR_8.4_3.8")[:, 3:]
    far, n = largest_relative(found, reference)
    yield Row("transmission.estimate_rt", "EpiEstim estimate_R, 90 series x 120 days", "relative", far, 1e-9, n)

    yield from golden_rows()
    yield from case_reproduction_rows()
    yield from monte_carlo_rows()
    yield from offspring_rows()


def case_reproduction_rows() -> Iterator[Row]:
    for name in SETS:
        reference = table(f"epiestim_{name}_WT_nonparam")
        windows = (reference["t_start"] - 1, reference["t_end"] - 1)
        found = transmission.wallinga_teunis(
            incidence(name), table(f"epiestim_{name}_si_distr")["w"], windows=windows, quantiles=()
        )
        far, n = largest_relative(found.mean, reference["Mean(R)"])
        yield Row("transmission.wallinga_teunis", f"EpiEstim wallinga_teunis, {name}", "relative", far, 1e-9, n)
    case = golden("epiestim_reference")
    given, reference = case["flu2009_nonparam"], case["flu2009_wt"]
    windows = ([line["t_start"] - 1 for line in reference], [line["t_end"] - 1 for line in reference])
    found = transmission.wallinga_teunis(given["I"], given["si_distr"], windows=windows, quantiles=())
    far, n = largest_relative(found.mean, np.array([line["Mean(R)"] for line in reference]))
    yield Row(
        "transmission.wallinga_teunis",
        "EpiEstim wallinga_teunis, flu2009_wt",
        "relative",
        far,
        1e-9,
        n,
        "reference printed with 11 digits",
    )


def monte_carlo_rows() -> Iterator[Row]:
    """EpiEstim simulates these, so they agree within its Monte Carlo error only."""
    counts = table("input_counts", OWN)["s0"]
    reference = table("reference_wallinga_teunis", OWN)
    pmf = delays.discretised_gamma_si(5, 2.5)
    found = transmission.wallinga_teunis(
        counts, pmf, windows=(reference["t_start"] - 1, reference["t_end"] - 1), quantiles=(0.025, 0.975)
    )
    far, n = largest_relative(found.mean, reference["Mean(R)"])
    yield Row("transmission.wallinga_teunis", "EpiEstim wallinga_teunis, own series", "relative", far, 1e-9, n)
    far, n = largest_relative(found.sd, reference["Std(R)"])
    yield Row(
        "transmission.wallinga_teunis",
        "the same: sd, against 10,000 simulations",
        "relative",
        far,
        0.04,
        n,
        "Monte Carlo error of the reference about 0.7 percent for one value",
    )
    cases = np.round(found.cases[:, None] * found.quantiles)
    theirs = np.column_stack([reference["Quantile.0.025(R)"], reference["Quantile.0.975(R)"]]) * found.cases[:, None]
    far, n = largest_absolute(cases, np.round(theirs))
    yield Row(
        "transmission.wallinga_teunis",
        "the same: quantiles as secondary cases",
        "absolute",
        far,
        1.0,
        n,
        "whole cases, so one apart where a level falls on a step",
    )

    drawn = table("reference_uncertain_si_draws", OWN)
    draws = delays.discretised_gamma_si(drawn["Mean"], drawn["Std"])
    reference = table("reference_uncertain_si", OWN)
    windows = (reference["t_start"] - 1, reference["t_end"] - 1)
    rt = transmission.estimate_rt_uncertain_si(counts, draws, windows=windows, quantiles=LEVELS)
    for name, values, headings, limit in (
        ("mean", rt.mean, ["Mean(R)"], 0.002),
        ("sd", rt.sd, ["Std(R)"], 0.005),
        ("quantiles", rt.quantiles, HEADS, 0.005),
    ):
        far, n = largest_relative(values, np.column_stack([reference[h] for h in headings]))
        yield Row(
            "transmission.estimate_rt_uncertain_si",
            f"EpiEstim uncertain_si, its 500 serial intervals: {name}",
            "relative",
            far,
            limit,
            n,
            "Monte Carlo error of its 500,000 draws a window",
        )


def offspring_rows() -> Iterator[Row]:
    lines = table("reference_offspring", OWN)
    reference = dict(zip(lines["name"], lines["value"], strict=True))
    fit = transmission.offspring_distribution(table("input_offspring", OWN)["offspring"])
    far, n = largest_relative(
        np.array([fit.r, fit.k, fit.log_likelihood]),
        np.array([reference[k] for k in ("glm_nb_r", "glm_nb_k", "loglik")]),
    )
    yield Row("transmission.offspring_distribution", "MASS glm.nb: mean, k, log likelihood", "relative", far, 1e-6, n)
    far, n = largest_relative(
        np.array([*fit.k_interval, *fit.r_interval]),
        np.array([reference[k] for k in ("k_lower", "k_upper", "r_lower", "r_upper")]),
    )
    yield Row("transmission.offspring_distribution", "R profile likelihood: intervals", "relative", far, 1e-6, n)


def golden_rows() -> Iterator[Row]:
    heads = ("t_start", "t_end", "Mean(R)", "Std(R)", "Quantile.0.025(R)", "Median(R)", "Quantile.0.975(R)")
    for name, case in golden("epiestim_reference").items():
        if "I" not in case:
            continue
        pmf = case.get("si_distr") or delays.discretised_gamma_si(case["mean_si"], case["std_si"])
        rt = transmission.estimate_rt(case["I"], pmf)
        reference = np.array([[line.get(head, np.nan) for head in heads] for line in case["R"]], dtype=float)
        far, n = largest_relative(as_table(rt), reference)
        yield Row(
            "transmission.estimate_rt",
            f"EpiEstim estimate_R, {name}",
            "relative",
            far,
            1e-9,
            n,
            "reference printed with 11 digits",
        )
