"""Reproduction numbers against EpiEstim 2.2-4."""

from collections.abc import Iterator

import numpy as np

from lianfang.epi import delays, transmission
from tests.epi.conftest import golden, matrix, table
from tests.epi.parity import Row, largest_relative

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
