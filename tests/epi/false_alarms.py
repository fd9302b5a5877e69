"""How often each method alarms when nothing is on, and how often it finds an outbreak: measured on invented counts.

`python -m tests.epi.false_alarms` prints the table; the tests hold it to limits.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from lianfang.epi import signals

N_WEEKS, FIRST = 7 * 52, 6 * 52  # six years of history, one year judged
LASTS = 4  # weeks of an outbreak


@dataclass(frozen=True)
class Alarms:
    """One method on one kind of counts.

    without : share of weeks with an alarm while nothing is on. found : share of outbreaks with an alarm in their weeks.
    answered : share of weeks with an answer. weeks, outbreaks : how many were looked at.
    """

    method: str
    counts: str
    without: float
    found: float
    answered: float
    weeks: int
    outbreaks: int


def _judged(counts: np.ndarray) -> np.ndarray:
    return np.arange(FIRST, N_WEEKS)


def _expected(counts: np.ndarray) -> np.ndarray:
    return signals.seasonal_mean(counts, start=FIRST)


METHODS: dict[str, Callable[[np.ndarray], signals.Signals]] = {
    "farrington": lambda y: signals.farrington(y, at=_judged(y)),
    "farrington_flexible": lambda y: signals.farrington_flexible(y, at=_judged(y)),
    "farrington_flexible, quantile_of_mean, 5 %": lambda y: signals.farrington_flexible(
        y, at=_judged(y), method="quantile_of_mean", alpha=0.05
    ),
    "ears C1": lambda y: signals.ears(y, at=_judged(y)),
    "ears C2": lambda y: signals.ears(y, at=_judged(y), method="C2"),
    "ears C3, 2.5 %": lambda y: signals.ears(y, at=_judged(y), method="C3", alpha=0.025, min_sd=0.5),
    "bayes, 3 years": lambda y: signals.bayes(y, at=_judged(y), years=3, half_window=3),
    "rki": lambda y: signals.rki(y, at=_judged(y)),
    "cusum, anscombe, seasonal": lambda y: signals.cusum(y, start=FIRST, transform="anscombe", expected=_expected(y)),
    "glr, seasonal": lambda y: signals.glr(y, _expected(y), start=FIRST, window=26, thresholds=False),
    "glr, seasonal, negative binomial": lambda y: signals.glr(
        y, _expected(y), start=FIRST, window=13, dispersion=0.1, thresholds=False
    ),
}
COUNTS = {
    "10 a week, Poisson, seasonal": (10.0, 0.0),
    "10 a week, variance twice the mean, seasonal": (10.0, 0.1),
    "1 a week, Poisson, seasonal": (1.0, 0.0),
}


def drawn(mean: float, dispersion: float, n_series: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Counts with nothing on, and the same with an outbreak that starts in one of the judged weeks; and that week."""
    season = np.exp(0.5 * np.cos(2 * np.pi * (np.arange(N_WEEKS) / 52)))
    level = np.broadcast_to(mean * season / season.mean(), (n_series, N_WEEKS))
    if dispersion:
        return rng.negative_binomial(1 / dispersion, 1 / (1 + dispersion * level)), level
    return rng.poisson(level), level


def rows(n_series: int = 400, seed: int = 20261124) -> Iterator[Alarms]:
    for kind, (mean, dispersion) in COUNTS.items():
        rng = np.random.default_rng(seed)
        quiet, level = drawn(mean, dispersion, n_series, rng)
        begins = rng.integers(FIRST, N_WEEKS - LASTS + 1, n_series)
        weeks = begins[:, None] + np.arange(LASTS)
        there = np.arange(n_series)[:, None], weeks
        extra = 3 * np.sqrt(level[there] * (1 + dispersion * level[there]))  # three standard deviations, every week
        outbreak = quiet.copy()
        outbreak[there] += rng.poisson(extra)
        for name, method in METHODS.items():
            nothing, something = method(quiet), method(outbreak)
            yield Alarms(
                method=name,
                counts=kind,
                without=float(nothing.alarm.mean()),
                found=float(something.alarm[there[0], weeks - FIRST].any(axis=1).mean()),
                answered=float((~np.isnan(getattr(nothing, "statistic", nothing.threshold))).mean()),
                weeks=nothing.alarm.size,
                outbreaks=n_series,
            )


def main() -> None:
    for row in rows():
        print(
            f"{row.counts:46} {row.method:44} without {row.without:6.2%} found {row.found:4.0%} "
            f"answered {row.answered:4.0%} ({row.weeks:,} weeks, {row.outbreaks} outbreaks)"
        )


if __name__ == "__main__":
    main()
