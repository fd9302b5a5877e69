"""Inputs of our own for the references that make_references.R computes. Run once: python tests/epi/reference/make_inputs.py"""

import csv
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def write(name: str, heads: list[str], rows: list) -> None:
    with (HERE / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(heads)
        writer.writerows(rows)


def main() -> None:
    rng = np.random.default_rng(20260711)
    days = np.arange(45)
    curves = [
        3 * np.exp(0.08 * days),
        60 * np.exp(-0.05 * days),
        20 + 0 * days,
        8 * np.exp(2.2 * np.sin(days / 9)),
    ]
    counts = [rng.negative_binomial(8, 8 / (8 + m)) for m in curves]
    counts[0][0] = 2
    write("input_counts", [f"s{i}" for i in range(4)], np.stack(counts, axis=1).tolist())

    low = rng.gamma(2.2, 2.6, 120)
    width = rng.choice([0, 1, 2, 4], 120, p=[0.2, 0.4, 0.2, 0.2])
    start = np.maximum(low - rng.uniform(0, 1, 120) * width, 0)
    rows = [
        (round(a, 3), round(a, 3) if w == 0 else round(a + w, 3))
        for a, w in zip(np.where(width == 0, low, start), width, strict=True)
    ]
    write("input_intervals", ["lower", "upper"], rows)

    exposed = rng.uniform(0, 30, 150)
    span = rng.choice([1, 1, 2, 5], 150)
    onset = exposed + rng.lognormal(1.5, 0.5, 150)
    e0 = np.floor(exposed)
    e1 = e0 + span - 1
    s0 = np.maximum(np.floor(onset), e1 + 1)
    write("input_days", ["e0", "e1", "s0", "s1"], np.stack([e0, e1, s0, s0], axis=1).astype(int).tolist())

    write("input_offspring", ["offspring"], [[int(x)] for x in rng.negative_binomial(0.35, 0.35 / (0.35 + 1.1), 200)])

    followed = 300
    begin = rng.integers(0, 40, followed)
    dies = rng.uniform(size=followed) < 0.12
    end = begin + np.where(dies, rng.gamma(4, 4, followed), rng.gamma(6, 3.5, followed)).astype(int)
    write("input_courses", ["begin", "end", "died"], np.stack([begin, end, dies], axis=1).astype(int).tolist())

    tables = rng.integers(1, 60, (12, 4))
    tables[0, 0], tables[1, 3] = 0, 0
    write("input_tables", ["a", "b", "c", "d"], tables.tolist())

    ages = 8
    population = rng.integers(500, 20_000, (5, ages))
    risk = np.geomspace(2e-4, 2e-2, ages)
    cases = rng.poisson(population * risk)
    write(
        "input_ages",
        ["area", "age", "cases", "population", "standard"],
        [
            (i, j, int(cases[i, j]), int(population[i, j]), int(1000 * (ages - j)))
            for i in range(5)
            for j in range(ages)
        ],
    )

    cells = [[0, 31, 24, 12, 45, 19, 17, 28], [0, 110, 60, 9, 80, 15, 30, 5], [0, 12, 9, 3, 20, 4, 2, 1]]
    cases_a_day = rng.poisson(12 * np.exp(0.6 * np.sin(np.arange(45) / 6)))
    event = np.repeat(np.arange(45), cases_a_day)
    report = event + np.minimum(rng.negative_binomial(2, 0.3, len(event)), 16)
    write("input_reports", ["event", "report"], np.stack([event, report], axis=1).tolist())

    write("input_cells", ["c000", "c001", "c010", "c011", "c100", "c101", "c110", "c111"], cells)


if __name__ == "__main__":
    main()
