"""Real outbreaks as panels of daily counts, read from the folder beside the project."""

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np

from lianfang.epi import delays, series
from tests.epi.conftest import SHARED, table

DATA = SHARED / "data"


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def new_cases(path: Path, wanted, least: float) -> np.ndarray:
    """New cases by area from cumulative ones, falls and missing days counted as none; areas with few cases left out."""
    known = defaultdict(dict)
    for line in lines(path):
        if wanted(line):
            known[line["province"], line["city"]][line["date"]] = float(line["confirmed"])
    days = np.arange("2020-01-20", "2020-03-20", dtype="datetime64[D]").astype(str)
    totals = np.array([[by_day.get(day, 0.0) for day in days] for by_day in known.values()])
    totals = np.maximum.accumulate(totals[totals.max(axis=1) >= least], axis=1)
    return np.diff(totals, axis=1, prepend=totals[:, :1])


def by_onset(name: str, column: str) -> np.ndarray:
    days = [
        line[column] if line[column] not in ("", "NA") else None for line in lines(DATA / "outbreaks" / f"{name}.csv")
    ]
    return series.daily_counts(days).counts[None]


@cache
def outbreaks() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Counts (n_series, n_days) and serial interval distribution, by name."""
    covid = delays.discretised_gamma_si(5.1, 2.7)
    wenzhou = defaultdict(list)
    for line in lines(DATA / "wenzhou" / "county_daily_20200121_20200213.csv"):
        wenzhou[line["county"]].append(float(line["new_confirmed"]))
    sars = lines(DATA / "outbreaks" / "sars_canada_2003.csv")
    return {
        "COVID-19, Chinese provinces 2020": (
            new_cases(
                DATA / "zhejiang" / "china_city_daily_20200119_20200331.csv",
                lambda line: line["province"] not in ("", "湖北省") and not line["city"],
                60,
            ),
            covid,
        ),
        "COVID-19, cities of Zhejiang 2020": (
            new_cases(DATA / "zhejiang" / "zhejiang_city_daily.csv", lambda line: line["city"].endswith("市"), 60),
            covid,
        ),
        "COVID-19, counties of Wenzhou 2020": (np.array([c for c in wenzhou.values() if sum(c) > 20]), covid),
        "influenza, 1918": (table("epiestim_Flu1918_incidence")["I"][None], delays.discretised_gamma_si(2.6, 1.5)),
        "SARS, Hong Kong 2003": (
            table("epiestim_SARS2003_incidence")["I"][None],
            delays.discretised_gamma_si(8.4, 3.8),
        ),
        "SARS, Canada 2003": (
            np.array([[sum(float(line[k]) for k in line if k != "date") for line in sars]]),
            delays.discretised_gamma_si(8.4, 3.8),
        ),
        "measles, Hagelloch 1861": (
            by_onset("measles_hagelloch_1861", "date_of_prodrome"),
            delays.discretised_gamma_si(11, 3),
        ),
        "Ebola, simulated": (
            by_onset("ebola_sim_clean_linelist", "date_of_onset"),
            delays.discretised_gamma_si(15.3, 9.3),
        ),
    }
