"""Reporting triangles and nowcasts against surveillance 1.20."""

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtr

from lianfang.epi import nowcast
from tests.epi.conftest import OWN, table
from tests.epi.parity import Row, largest_absolute, largest_relative

NOW = np.datetime64("2011-06-02")
DRAWS = 200_000
METHODS = {  # ours, and the name in R
    "bayes_trunc": "bayes.trunc",
    "bayes_notrunc": "bayes.notrunc",
    "bayes_notrunc_bnb": "bayes.notrunc.bnb",
    "lawless": "lawless",
    "uniform": "unif",
}
SAMPLED = ("bayes_trunc", "bayes_notrunc")


def hus_triangle() -> nowcast.ReportingTriangle:
    lines = table("surv_husO104Hosp_input")
    return nowcast.reporting_triangle(lines["dHosp"], lines["dReport"], max_delay=15, as_of=NOW)


def own_triangle() -> nowcast.ReportingTriangle:
    first = np.datetime64("2020-03-01")
    lines = table("input_reports", OWN)
    event, report = (first + lines[k].astype(int) for k in ("event", "report"))
    return nowcast.reporting_triangle(event, report, max_delay=12, as_of=first + 38, first=first)


def weekly_rows() -> Iterator[Row]:
    """By week, Monday to Sunday, on a Sunday evening; R is given the Monday of each day."""
    lines, first = table("input_reports", OWN), np.datetime64("2020-03-01")
    event, report = (first + lines[k].astype(int) for k in ("event", "report"))
    weekly = nowcast.reporting_triangle(event, report, max_delay=3, as_of="2020-04-05", week="iso")
    reference = table("reference_nowcast_weekly", OWN)
    assert (weekly.days == first + reference["week"].astype(int)).all()
    columns = np.stack([reference[f"X{k}"] for k in range(1, 5)], axis=1).astype(float)
    far, n = largest_absolute(weekly.counts, columns)
    yield Row("nowcast.reporting_triangle", "surveillance reportingTriangle by week", "absolute", far, 0, n)
    known = ~np.isnan(reference["predicted"].astype(float))
    lines = {name: column[known] for name, column in reference.items()}
    yield from compared(
        weekly.counts, "bayes_notrunc_bnb", lines, np.flatnonzero(known), "reports by week", (0, 0), 0, 0
    )


def rows() -> Iterator[Row]:
    hus, own = hus_triangle(), own_triangle()
    reference = table("surv_husO104Hosp_reportingTriangle")
    columns = np.stack([reference[f"V{k}"] for k in range(1, 17)], axis=1).astype(float)
    far, n = largest_absolute(hus.counts, columns)
    yield Row("nowcast.reporting_triangle", "surveillance reportingTriangle, husO104Hosp", "absolute", far, 0, n)

    yield from weekly_rows()
    for ours, theirs in METHODS.items():
        lines = table(f"surv_husO104Hosp_nowcast_{theirs}")
        at = (lines["date"].astype("datetime64[D]") - hus.days[0]).astype(int)
        yield from compared(hus.counts, ours, lines, at, "husO104Hosp", (50.0, 3000**0.5), 300, 10_000)
        every = table("reference_nowcast", OWN)
        lines = {k: v[every["method"] == theirs] for k, v in every.items()}
        at = lines["day"].astype(int)
        yield from compared(own.counts, ours, lines, at, "simulated reports", (15.0, 250**0.5), 400, 20_000)

    shares = table("reference_nowcast_shares", OWN)
    for ours in (*SAMPLED, "lawless"):
        these = shares["method"] == METHODS[ours]
        found = nowcast.nowcast(own.counts, method=ours, n_draws=1).share_known[::-1][:13]
        far, n = largest_relative(found, shares["share"][these])
        where = f"surveillance delayCDF, {METHODS[ours]}, simulated reports"
        yield Row("nowcast.nowcast", f"{where}: share known", "relative", far, 1e-12, n)
    chances = table("reference_nowcast_chances", OWN)
    for ours in SAMPLED:
        course = nowcast.nowcast(
            own.counts, method=ours, prior_mean=15, prior_sd=250**0.5, n_draws=DRAWS, keep_draws=True, seed=1
        )
        these = chances["method"] == METHODS[ours]
        found = [
            (course.draws[:, int(day)] <= number).mean()
            for day, number in zip(chances["day"][these], chances["number"][these], strict=True)
        ]
        far, n = largest_absolute(np.array(found), chances["chance"][these])
        yield Row(
            "nowcast.nowcast",
            f"surveillance predPMF, {METHODS[ours]}, simulated reports: probabilities",
            "absolute",
            far,
            0.01,
            n,
            monte_carlo(20_000),
        )


def monte_carlo(samples: int) -> str:
    """Standard errors of the probability 0.5, the largest there are; R averages over its samples and is nearer than that."""
    return (
        f"both sampled: Monte Carlo standard error at most {0.5 / samples**0.5:.4f} in R, {0.5 / DRAWS**0.5:.4f} here"
    )


def compared(
    counts: np.ndarray, method: str, lines: dict, at: np.ndarray, which: str, prior: tuple, largest: int, samples: int
) -> Iterator[Row]:
    reference = np.stack([lines[k] for k in ("lower", "predicted", "upper")], axis=-1).astype(float)
    where = f"surveillance nowcast, {METHODS[method]}, {which}: median, interval"
    levels = np.array([0.025, 0.5, 0.975])
    if method in SAMPLED:
        found = nowcast.nowcast(
            counts, method=method, prior_mean=prior[0], prior_sd=prior[1], n_draws=DRAWS, keep_draws=True, seed=1
        )
        draws = found.draws[:, at, None]
        reach, before = (draws <= reference).mean(axis=0), (draws < reference).mean(axis=0)
        off = np.maximum(np.maximum(levels - reach, before - levels), 0)
        far, n = largest_absolute(off, np.zeros(off.shape))
        yield Row("nowcast.nowcast", f"{where}, as probabilities", "absolute", far, 0.01, n, monte_carlo(samples))
        return
    found = nowcast.nowcast(counts, method=method, largest=largest if method == "uniform" else None)
    note = ""
    ours = found.quantiles[at]
    if method == "uniform":  # R spreads the number of the settled days too
        ours = nowcast.nowcast(unsettled(counts), method=method, largest=largest).quantiles[at]
        note = "R gives the settled days an interval too: compared as if they were open"
    if method == "lawless":
        ours = as_in_r(found.reported[at], found.mean[at], found.share_known[at], largest, levels)
        note = (
            "our estimates put through R's interval, which leaves out the uncertainty of the delays and does not bring "
            "the cut normal distribution back to a sum of 1; ours does both"
        )
    far, n = largest_absolute(ours, reference)
    yield Row("nowcast.nowcast", where, "absolute", far, 0, n, note)


def unsettled(counts: np.ndarray) -> np.ndarray:
    """The same reports by day in a triangle so wide that every day is still open."""
    n_days = len(counts)
    wide = np.where(np.arange(n_days)[:, None] + np.arange(n_days) < n_days, 0.0, np.nan)
    wide[:, 0] = np.nansum(counts, axis=1)
    return wide


def as_in_r(n: np.ndarray, estimate: np.ndarray, share: np.ndarray, largest: int, levels: np.ndarray) -> np.ndarray:
    """R's interval from the estimate and the share known: the first number at which its distribution passes a level."""
    number = np.arange(largest + 1)
    sd = np.sqrt(n * (1 - share)) / share
    with np.errstate(divide="ignore", invalid="ignore"):
        below = np.where(
            number < n[:, None],
            0.0,
            ndtr((number - estimate[:, None]) / sd[:, None]) / (1 - ndtr((n - estimate) / sd))[:, None],
        )
    below = np.where(sd[:, None] > 0, below, number >= estimate[:, None])
    return (below[:, :, None] > levels).argmax(axis=1).astype(float)
