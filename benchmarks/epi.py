"""The analytic library beside R, on the same inputs, in one run: `make bench-epi`, or `python -m benchmarks.epi rt ears`.

For each task R and the library get the same file, in processes of their own, one after another. R's packages and ours
are loaded before the clock starts. What both find is compared: a task whose answers differ is not printed as faster.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from lianfang.epi import delays, nowcast, signals, transmission

R_SCRIPT = Path(__file__).with_suffix(".R")
R_MISSING = (
    "R with EpiEstim and surveillance is needed. Install them with: apt-get install r-cran-epiestim r-cran-surveillance"
)
LEVELS = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
GROWTH = (10, 100, 1_000, 10_000)
CALLS = 5
FIRST_DAY = np.datetime64("2020-01-01")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Task:
    """One comparison.

    what : as printed. inputs : the counts, (n_series, n_days or n_weeks). ours : the call of the library that is timed.
    answer : what is compared with R's, a row a series. aim : how many times faster than R it is to be.
    drawn : both sides draw at random, so that their whole numbers may be one apart.
    """

    what: str
    inputs: Callable[[], np.ndarray]
    ours: Callable[[np.ndarray], Any]
    answer: Callable[[Any], np.ndarray]
    aim: int = 100
    drawn: bool = False


def daily(n_series: int, n_days: int) -> np.ndarray:
    """Invented epidemics with waves of their own, Poisson."""
    rng = np.random.default_rng(20260601)
    day = np.arange(n_days)
    level, phase = np.exp(rng.normal(1.2, 1.2, (n_series, 1))), rng.uniform(0, 2 * np.pi, (n_series, 1))
    swing, length = rng.uniform(0.2, 1.2, (n_series, 1)), rng.uniform(60, 180, (n_series, 1))
    counts = rng.poisson(np.minimum(level * np.exp(swing * np.sin(2 * np.pi * day / length + phase)), 5000))
    counts[:, 0] = np.maximum(counts[:, 0], 1)
    return counts


def weekly(n_series: int, n_weeks: int = 313) -> np.ndarray:
    """Invented weekly counts of six years: season, trend, more variance than Poisson, in every tenth an outbreak."""
    rng = np.random.default_rng(20260601)
    week = np.arange(n_weeks)
    level, trend = rng.normal(0.8, 1.3, (n_series, 1)), rng.normal(0, 0.0015, (n_series, 1))
    wave = rng.uniform(0, 0.8, (n_series, 1)) * np.cos(2 * np.pi * week / 52)
    mean = np.exp(np.clip(level + trend * week + wave, -3, 7))
    spread = rng.uniform(1.01, 3, (n_series, 1))
    counts = rng.negative_binomial(mean / (spread - 1), 1 / spread)
    for row in range(0, n_series, 10):
        start = rng.integers(20, n_weeks - 6)
        counts[row, start : start + 4] += rng.poisson(3 * np.sqrt(mean[row, start] * spread[row]), 4)
    return counts


def reproduction_numbers(counts: np.ndarray) -> transmission.RtEstimate:
    return transmission.estimate_rt(counts, delays.discretised_gamma_si(8.4, 3.8, counts.shape[1]), quantiles=LEVELS)


def sums_over_time(found: transmission.RtEstimate) -> np.ndarray:
    """Of mean, sd and seven quantiles, and how many have no estimate: R gives the same, for a whole table is large."""
    columns = np.concatenate([found.mean[..., None], found.sd[..., None], found.quantiles], axis=2)
    return np.column_stack([np.nansum(columns, axis=1), np.isnan(columns).sum(axis=(1, 2))])


def records() -> np.ndarray:
    """Invented reports: day of event and day of report of each record, as two rows; 60 days, 30 events a day."""
    rng = np.random.default_rng(20260601)
    event = np.repeat(np.arange(60), rng.negative_binomial(8, 8 / 38, 60))
    report = event + np.minimum(rng.negative_binomial(2, 2 / 6, event.size), 15)
    return np.stack([event, report])


def reported_so_far(lines: np.ndarray) -> nowcast.Nowcast:
    event, report = FIRST_DAY + lines.astype(int)
    triangle = nowcast.reporting_triangle(event, report, max_delay=15, as_of=FIRST_DAY + 59, first=FIRST_DAY)
    return nowcast.nowcast(
        triangle.counts, method="bayes_trunc", prior_mean=50, prior_sd=3000**0.5, n_draws=10_000, seed=1
    )


def last_days(found: nowcast.Nowcast) -> np.ndarray:
    """Median and 95 percent interval of the 23 days before the last."""
    return found.quantiles[-24:-1, [1, 0, 2]]


def last_year(counts: np.ndarray) -> np.ndarray:
    return np.arange(counts.shape[1] - 52, counts.shape[1])


def farrington(counts: np.ndarray) -> signals.Signals:
    return signals.farrington_flexible(counts, at=[counts.shape[1] - 1])


def ears(counts: np.ndarray) -> signals.Signals:
    return signals.ears(counts, at=last_year(counts))


def cusum(counts: np.ndarray) -> signals.Signals:
    return signals.cusum(counts, start=counts.shape[1] - 52)


def limits(found: signals.Signals) -> np.ndarray:
    return np.concatenate([found.threshold, found.alarm], axis=1)


TASKS = {
    "rt": Task(
        "EpiEstim estimate_R, 90 series x 120 days, 7 quantiles",
        lambda: daily(90, 120),
        reproduction_numbers,
        sums_over_time,
    ),
    "rt_large": Task(
        "EpiEstim estimate_R, 2,800 series x 365 days, 7 quantiles",
        lambda: daily(2_800, 365),
        reproduction_numbers,
        sums_over_time,
        aim=500,
    ),
    "farrington": Task(
        "surveillance farringtonFlexible, 1,000 series x 6 years, last week", lambda: weekly(1_000), farrington, limits
    ),
    "ears": Task("surveillance earsC, 1,000 series x 6 years, last 52 weeks", lambda: weekly(1_000), ears, limits),
    "cusum": Task("surveillance cusum, 1,000 series x 6 years, last 52 weeks", lambda: weekly(1_000), cusum, limits),
    "nowcast": Task(
        "surveillance nowcast, bayes.trunc, 23 days, 10,000 draws", records, reported_so_far, last_days, drawn=True
    ),
}
GROWING: dict[str, tuple[Callable[[int], np.ndarray], Callable[[np.ndarray], Any]]] = {
    "estimate_rt, 365 days, 7 quantiles": (lambda n: daily(n, 365), reproduction_numbers),
    "farrington_flexible, last week": (weekly, farrington),
    "ears, 52 weeks": (weekly, ears),
    "cusum, 52 weeks": (weekly, cusum),
}


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(counts: np.ndarray, ours: Callable[[np.ndarray], Any]) -> tuple[dict[str, Any], Any]:
    """Seconds of the first call, and of the median of some more; memory at the peak, and how much of it is the work."""
    before = peak_mb()
    taken = []
    for _ in range(1 + CALLS):
        cpu, wall = time.process_time(), time.perf_counter()
        found = ours(counts)
        taken.append((time.process_time() - cpu, time.perf_counter() - wall))
    cpus, walls = zip(*taken, strict=True)
    return {
        "first_wall": walls[0],
        "cpu": median(cpus[1:]),
        "wall": median(walls[1:]),
        "peak_mb": peak_mb(),
        "of_work_mb": peak_mb() - before,
    }, found


def apart(arguments: list[str]) -> dict[str, Any]:
    """A measurement in a process of its own, with one thread, as R has."""
    command = [sys.executable, "-m", "benchmarks.epi", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | ONE_THREAD)
    return json.loads(done.stdout)


def by_r(name: str, counts: Path, found: Path) -> tuple[float, float]:
    """Seconds of processor and wall clock that R takes; what it finds goes to a file."""
    done = subprocess.run(
        ["Rscript", str(R_SCRIPT), name, str(counts), str(found)],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | ONE_THREAD,
    )
    cpu, wall = done.stdout.split()[-2:]
    return float(cpu), float(wall)


def farthest(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """Largest difference, absolute and relative; missing on one side only is infinitely far."""
    if ours.shape != theirs.shape or (np.isnan(ours) != np.isnan(theirs)).any() or np.isnan(ours).all():
        return float("inf"), float("inf")
    off = np.abs(ours - theirs)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.nanmax(off)), float(np.nanmax(np.where(off == 0, 0.0, off / np.abs(theirs))))


def compared(name: str, folder: Path) -> str:
    """One line of the table."""
    task = TASKS[name]
    counts, ours, theirs = folder / f"{name}.csv", folder / f"{name}_ours.npy", folder / f"{name}_r.csv"
    np.savetxt(counts, task.inputs().T, fmt="%d", delimiter=",")
    mine = apart(["--measure", name, str(counts), str(ours)])
    r_cpu, r_wall = by_r(name, counts, theirs)
    off, far = farthest(np.load(ours), np.loadtxt(theirs, delimiter=",", ndmin=2))
    if off > 1 if task.drawn else far > 1e-6:
        return f"| {task.what} | {r_cpu:.3g} | answers differ by {off:.2g}: not compared | | | | | |"
    ratio = r_cpu / mine["cpu"]
    verdict = "met" if ratio >= task.aim else "missed"
    return (
        f"| {task.what} | {r_cpu:.3g} | {mine['cpu']:.3g} | {ratio:,.0f} | {task.aim}: {verdict} | "
        f"{r_wall / mine['wall']:,.0f} ({r_wall / mine['first_wall']:,.0f}) | {mine['peak_mb']:.0f} "
        f"({mine['of_work_mb']:.0f}) | {f'{off:.0f} case' if task.drawn else f'{far:.1g}'} |"
    )


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--measure"]:
        name, source, target = arguments[1:]
        figures, found = measured(np.loadtxt(source, delimiter=",", ndmin=2).T, TASKS[name].ours)
        np.save(target, TASKS[name].answer(found))
        print(json.dumps(figures))
        return 0
    if arguments[:1] == ["--grow"]:
        inputs, ours = GROWING[arguments[1]]
        print(json.dumps(measured(inputs(int(arguments[2])), ours)[0]))
        return 0
    if unknown := [name for name in arguments if name not in (*TASKS, "growth")]:
        print(f"There is no task {', '.join(unknown)}. There are: {', '.join(TASKS)}, growth.", file=sys.stderr)
        return 2
    wanted = arguments or [*TASKS, "growth"]
    tasks = [name for name in wanted if name != "growth"]
    if tasks and not shutil.which("Rscript"):
        print(R_MISSING, file=sys.stderr)
        return 1
    if tasks:
        print("Seconds of processor time, one thread each; ours the median of five calls after a first one.\n")
        print(
            "| task | R | Lianfang | times faster | aim | wall clock (first call) | peak MB (of the work) | difference |"
        )
        print("| --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            for name in tasks:
                print(compared(name, Path(folder)), flush=True)
    if "growth" in wanted:
        print(f"\n| seconds of processor time (peak MB) by series | {' | '.join(f'{n:,}' for n in GROWTH)} |")
        print(f"| --- |{' --- |' * len(GROWTH)}")
        for what in GROWING:
            cells = []
            for n in GROWTH:
                figures = apart(["--grow", what, str(n)])
                cells.append(f"{figures['cpu']:.3g} ({figures['peak_mb']:.0f})")
            print(f"| {what} | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
