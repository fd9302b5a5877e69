"""Weekly series of our own for the references of make_references_signals.R. Run once: python make_inputs_signals.py"""

import csv
from pathlib import Path

import numpy as np


def main() -> None:
    rng = np.random.default_rng(20261124)
    n = 7 * 52 + 5
    weeks = np.arange(n)
    season = np.cos(2 * np.pi * (weeks - 4) / 52.18)

    def counts(mean: np.ndarray, spread: float) -> np.ndarray:
        return rng.negative_binomial(mean / (spread - 1), 1 / spread, n) if spread > 1 else rng.poisson(mean)

    series = {
        "plain": counts(12 * np.exp(0.6 * season), 1),
        "spread": counts(8 * np.exp(0.9 * season), 3),
        "rising": counts(5 * np.exp(0.006 * weeks + 0.3 * season), 1.5),
        "falling": counts(60 * np.exp(-0.008 * weeks), 2),
        "large": counts(2500 * np.exp(1.1 * season), 40),
        "rare": counts(np.full(n, 0.12), 1),
        "seasonal zeros": counts(6 * np.maximum(season, 0) ** 2, 1),
        "new": np.where(weeks > n - 25, rng.poisson(3, n), 0),
        "outbreaks": counts(np.full(n, 4.0), 1.2),
        "gaps": counts(9 * np.exp(0.5 * season), 1.8),
    }
    for at in (60, 118, 201, 270, n - 12, n - 30):
        series["outbreaks"][at : at + 5] += rng.poisson(14, 5)
    values = np.stack(list(series.values()), axis=1).astype(object)
    values[rng.random(n) < 0.06, -1] = "NA"
    with (Path(__file__).parent / "input_weekly.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["day", *series])
        first = np.datetime64("2013-12-30")
        writer.writerows([str(first + 7 * int(i)), *row] for i, row in enumerate(values.tolist()))


if __name__ == "__main__":
    main()
