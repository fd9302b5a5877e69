"""Do intervals hold what they promise? Measured on simulated epidemics with known truth, and by back-tests on real ones.

`python -m tests.epi.calibration` prints the tables; the tests hold them to limits, the manual prints them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lianfang.epi import delays, nowcast, projection, rates, series, transmission
from tests.epi import triangles
from tests.epi.outbreaks import outbreaks


@dataclass(frozen=True)
class Covered:
    """How often an interval held the truth.

    function, case : what was estimated, in which simulation.
    nominal, found : share promised and share found. trials : intervals looked at, taken as independent.
    """

    function: str
    case: str
    nominal: float
    found: float
    trials: int

    @property
    def error(self) -> float:
        """Monte Carlo standard error of the share found."""
        return float(np.sqrt(self.nominal * (1 - self.nominal) / self.trials))


def epidemic(r: np.ndarray, si: np.ndarray, seeded: np.ndarray, n_series: int, rng: np.random.Generator) -> np.ndarray:
    """Poisson renewal epidemics with a known reproduction number of each day; the seeded cases came from elsewhere."""
    n_days = len(r)
    counts = np.zeros((n_series, n_days))
    for t in range(n_days):
        pressure = sum(si[k] * counts[:, t - k] for k in range(1, min(t, len(si) - 1) + 1)) if t else np.zeros(n_series)
        counts[:, t] = rng.poisson(r[t] * pressure) + (seeded[t] if t < len(seeded) else 0)
    return counts


def held(lower: np.ndarray, truth: float, upper: np.ndarray) -> tuple[float, int]:
    inside = (np.asarray(lower) <= truth) & (truth <= np.asarray(upper))
    return float(inside.mean()), inside.size


def coverage_rows(seed: int = 20260711) -> Iterator[Covered]:
    rng = np.random.default_rng(seed)
    si = delays.discretised_gamma_si(5.1, 2.7)
    seeded = np.full(5, 8.0)
    imported = np.concatenate([seeded, np.zeros(35)])
    for r, name in ((np.full(40, 0.8), "R 0.8"), (np.full(40, 1.5), "R 1.5"), (np.full(40, 2.5), "R 2.5")):
        panel = epidemic(r, si, seeded, 4000, rng)
        found = transmission.estimate_rt(
            panel, si, imported=np.broadcast_to(imported, panel.shape), windows=([13, 33], [19, 39])
        )
        for w, when in enumerate(("day 13-19", "day 33-39")):
            share, n = held(found.quantiles[:, w, 0], r[0], found.quantiles[:, w, 2])
            yield Covered("transmission.estimate_rt", f"{name}, {when}", 0.95, share, n)
    r = np.where(np.arange(40) < 20, 2.0, 0.7)
    panel = epidemic(r, si, seeded, 4000, rng)
    found = transmission.estimate_rt(
        panel, si, imported=np.broadcast_to(imported, panel.shape), windows=([12, 30], [18, 36])
    )
    for w, truth in enumerate((2.0, 0.7)):
        share, n = held(found.quantiles[:, w, 0], truth, found.quantiles[:, w, 2])
        yield Covered("transmission.estimate_rt", f"R falls from 2.0 to 0.7 on day 20: {truth}", 0.95, share, n)

    panel = epidemic(np.full(25, 1.8), si, np.array([5.0]), 4000, rng)
    early = transmission.early_r0(panel, si)
    yield Covered("transmission.early_r0", "R 1.8, likelihood", 0.95, *held(early.lower, 1.8, early.upper))

    curve = 20 * np.exp(0.1 * np.arange(14))
    for name, counts in (
        ("Poisson", rng.poisson(curve, (1000, 14))),
        ("variance three times the mean", rng.negative_binomial(curve / 2, 1 / 3, (1000, 14))),
    ):
        grown = series.growth_rate(counts, window=14)
        yield Covered("series.growth_rate", f"10 percent a day, {name}", 0.95, *held(grown.lower, 0.1, grown.upper))

    for n in (20, 200):
        shares = rates.proportion(rng.binomial(n, 0.08, 2000), n)
        yield Covered("rates.proportion", f"Wilson, 8 percent of {n}", 0.95, *held(shares.lower, 0.08, shares.upper))

    fatal = delays.discretised_delay("gamma", 14, 6)
    onset = rng.poisson(np.broadcast_to(30 * np.exp(0.07 * np.arange(40)), (500, 40)))
    deaths = np.zeros(onset.shape)
    for t in range(40):  # of each day's cases 5 percent die, each after a delay of its own
        reach = min(len(fatal), 40 - t)
        chances = np.concatenate([0.05 * fatal[:reach], [1 - 0.05 * fatal[:reach].sum()]])
        deaths[:, t : t + reach] += rng.multinomial(onset[:, t], chances)[:, :-1]
    corrected = rates.case_fatality(onset, deaths, delay_pmf=fatal)
    yield Covered("rates.case_fatality", "5 percent die, growing", 0.95, *held(corrected.lower, 0.05, corrected.upper))
    naive = rates.case_fatality(onset, deaths)
    yield Covered("rates.case_fatality without its delay", "the same", 0.95, *held(naive.lower, 0.05, naive.upper))

    ends = []
    for _ in range(300):
        inside = rng.uniform(size=(400, 3)) < [0.5, 0.4, 0.3]
        cells = np.zeros((2, 2, 2))
        np.add.at(cells, tuple(inside.T.astype(int)), 1)
        ends.append(rates.capture_recapture(cells, dependent=[]).total_interval)
    yield Covered("rates.capture_recapture", "400 cases, 3 independent sources", 0.95, *held(*_around(ends, 400)))

    r_ends, k_ends = [], []
    for _ in range(200):
        fit = transmission.offspring_distribution(rng.negative_binomial(0.4, 0.4 / (0.4 + 1.2), 300))
        r_ends.append(fit.r_interval)
        k_ends.append(fit.k_interval)
    yield Covered("transmission.offspring_distribution", "R 1.2 of 300 cases", 0.95, *held(*_around(r_ends, 1.2)))
    yield Covered("transmission.offspring_distribution", "k 0.4 of 300 cases", 0.95, *held(*_around(k_ends, 0.4)))

    cut_ends, uncut_ends = [], []
    for _ in range(120):
        infected = np.log(rng.uniform(1, np.exp(0.15 * 40), 2000)) / 0.15  # growth by 15 percent a day up to day 40
        onset_at = infected + rng.gamma(4, 1.5, 2000)
        seen = np.floor(onset_at) < 40
        first, second = np.floor(infected[seen][:150]), np.floor(onset_at[seen][:150])
        cut_ends.append(delays.fit_delay(first, second, as_of=39).mean_interval)
        uncut_ends.append(delays.fit_delay(first, second).mean_interval)
    yield Covered("delays.fit_delay", "mean of 6 days, cut while growing", 0.95, *held(*_around(cut_ends, 6.0)))
    yield Covered("delays.fit_delay without its cut", "the same", 0.95, *held(*_around(uncut_ends, 6.0)))

    reporting = delays.discretised_delay("gamma", 4, 2.5, 15, whole=True)
    today = ([38], [44])
    for r, name in ((1.3, "R 1.3, last 7 days, mean delay of 4 days"), (0.9, "R 0.9, the same")):
        panel = epidemic(np.full(45, r), si, np.full(5, 8.0), 400, rng)
        triangle = np.stack([rng.multinomial(panel[:, t].astype(int), reporting) for t in range(45)], axis=1)
        known = nowcast.nowcast(triangle, as_of=44, keep_draws=True, n_draws=200)
        on_courses = []
        for courses in known.draws:  # the posterior of each course, all equally likely
            each = transmission.estimate_rt(courses, si, windows=today)
            drawn = rng.gamma((each.mean / each.sd) ** 2, each.sd**2 / each.mean)
            on_courses.append(np.quantile(drawn, [0.025, 0.975]))
        yield Covered("transmission.estimate_rt on nowcast courses", name, 0.95, *held(*_around(on_courses, r)))
        raw = transmission.estimate_rt(known.reported, si, windows=today)
        found = held(raw.quantiles[:, 0, 0], r, raw.quantiles[:, 0, 2])
        yield Covered("transmission.estimate_rt without its nowcast", name, 0.95, *found)


def _around(ends: list, truth: float) -> tuple[np.ndarray, float, np.ndarray]:
    low, high = np.array(ends).T
    return low, truth, high


def forecast_rows(horizon: int = 14, seed: int = 1, n_draws: int = 500) -> Iterator[dict]:
    """Scores of forecasts by outbreak and days ahead: see `BackTest.by_horizon`."""
    for name, (counts, si) in outbreaks().items():
        n_days = counts.shape[1]
        every = 1 if counts.size < 1000 else 3
        found = projection.backtest(
            counts, si, horizon, origins=np.arange(10, n_days - 1, every), seed=seed, n_draws=n_draws
        )
        for row in found.by_horizon():
            yield {"outbreak": name, **row}


SIMULATED = ("steady", "no weekends", "ever later", "lumps")
AGES = (("the day itself to 2 days before", 0, 3), ("3 to 6 days before", 3, 7), ("7 days before and more", 7, 99))


def nowcast_rows(method: str = "measured", n_series: int = 40) -> Iterator[dict]:
    """Scores of nowcasts on every evening of real and simulated outbreaks: see `NowcastBackTest.by_age`.

    n_series : simulated series of each kind; 0 for none.
    """
    reports = dict(triangles.real())
    if n_series:
        reports |= {f"simulated, {kind}": triangles.simulated(kind, n_series=n_series) for kind in SIMULATED}
    prior = {"prior_mean": 50, "prior_sd": 3000**0.5, "n_draws": 1000} if method == "bayes_trunc" else {}
    for name, triangle in reports.items():
        found = nowcast.backtest(triangle, method=method, **prior)
        for words, first, last in AGES:
            for row in found.by_age(*range(first, min(last, found.observed.shape[2]))):
                yield {"reports": name, "ages": words, **row}


def weekly_nowcast_rows() -> Iterator[dict]:
    """The same for counts by week, with the settings for weeks."""
    reports = {"Ebola, simulated: onset to admission": triangles.ebola_by_week()}
    for kind in SIMULATED:
        reports[f"simulated, {kind}"] = triangles.by_week(triangles.simulated(kind, n_days=210))
    for name, triangle in reports.items():
        found = nowcast.backtest(triangle, **nowcast.BY_WEEK)
        for words, age in (("the week itself", 0), ("the week before", 1)):
            for row in found.by_age(age):
                yield {"reports": name, "ages": words, **row}


def main() -> None:
    for row in coverage_rows():
        print(
            f"{row.function:40} {row.case:45} promised {row.nominal:.2f} found {row.found:.3f} "
            f"± {row.error:.3f} ({row.trials} trials)"
        )
    for row in nowcast_rows():
        print(
            f"{row['reports']:57} {row['ages']:31} {row['nowcasts']:5} nowcasts WIS {row['wis']:7.2f} over uncorrected "
            f"{row['relative_wis']:5.2f} coverage 50: {row['coverage_50']:.2f} 90: {row['coverage_90']:.2f} "
            f"95: {row['coverage_95']:.2f}"
        )
    for row in forecast_rows():
        if row["days_ahead"] in (1, 4, 7, 14):
            print(
                f"{row['outbreak']:36} {row['days_ahead']:2} ahead {row['forecasts']:4} forecasts WIS {row['wis']:7.2f} "
                f"over baseline {row['relative_wis']:5.2f} coverage 50: {row['coverage_50']:.2f} 90: "
                f"{row['coverage_90']:.2f} (baseline {row['baseline_coverage_90']:.2f})"
            )


if __name__ == "__main__":
    main()
