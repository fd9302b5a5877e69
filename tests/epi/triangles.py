"""Real and simulated reporting triangles, complete, so that nowcasts of past evenings can be compared with what came."""

import re
from functools import cache
from pathlib import Path

import numpy as np

from lianfang.epi import nowcast
from tests.epi.outbreaks import DATA, lines

EBOLA = DATA / "outbreaks" / "ebola_sim_clean_linelist.csv"
DAY = re.compile(r"(?P<year>[12]\d{3})[-/](?P<month>\d\d)[-/](?P<day>\d\d)|(?P<d>\d\d)\.(?P<m>\d\d)\.(?P<y>\d{4})")


def _day(text: str) -> np.datetime64 | None:
    """A day written year first or with dots; ranges, unknown days and days that do not exist are none."""
    found = DAY.fullmatch(text.strip())
    if not found:
        return None
    try:
        return np.datetime64(
            "-".join(found.group("year", "month", "day") if found["year"] else found.group("y", "m", "d"))
        )
    except ValueError:
        return None


def _triangle(path: Path, event: str, reported: str, max_delay: int) -> np.ndarray:
    read = [(_day(line[event]), _day(line[reported])) for line in lines(path)]
    return nowcast.reporting_triangle(*zip(*read, strict=True), max_delay=max_delay).counts


@cache
def real() -> dict[str, np.ndarray]:
    """(n_days, n_delays) by name."""
    outbreaks, china = DATA / "outbreaks", DATA / "china"
    return {
        "HUS, Germany 2011: admission to report": _triangle(
            DATA / "golden" / "husO104Hosp_onset_report.csv", "dHosp", "dReport", 15
        ),
        "COVID-19, Wenzhou 2020: onset to confirmation": _triangle(
            DATA / "wenzhou" / "case_linelist_parsed_20200208.csv", "onset_date", "confirm_date", 14
        ),
        "COVID-19, open list of China 2020: onset to confirmation": _triangle(
            china / "open_linelist_china_with_age_or_onset.csv", "date_onset_symptoms", "date_confirmation", 14
        ),
        "COVID-19, infected in pairs 2020: onset to laboratory": _triangle(
            china / "transmission_pairs_1407.csv", "infectee_onsetDate", "infectee_labConfirmDate", 14
        ),
        "measles, Hagelloch 1861: prodrome to rash": _triangle(
            outbreaks / "measles_hagelloch_1861.csv", "date_of_prodrome", "date_of_rash", 8
        ),
        "influenza A(H7N9), China 2013: onset to admission": _triangle(
            outbreaks / "fluH7N9_china_2013.csv", "date_of_onset", "date_of_hospitalisation", 14
        ),
        "Ebola, simulated: onset to admission": _triangle(EBOLA, "date_of_onset", "date_of_hospitalisation", 14),
    }


def ebola_by_week() -> np.ndarray:
    """(n_weeks, 4) of the simulated Ebola outbreak, a year of it."""
    read = [(_day(line["date_of_onset"]), _day(line["date_of_hospitalisation"])) for line in lines(EBOLA)]
    return nowcast.reporting_triangle(*zip(*read, strict=True), max_delay=3, week="iso").counts


def by_week(triangle: np.ndarray, n_delays: int = 4) -> np.ndarray:
    """(n_series, n_weeks, n_delays) from (n_series, n_days, n_days of delay) that begins with a week and ends with one."""
    n_series, n_days, n_daily = triangle.shape
    out = np.zeros((n_series, n_days // 7, n_delays))
    for delay in range(n_daily):
        for day in range(n_days - delay):
            out[:, day // 7, min((day + delay) // 7 - day // 7, n_delays - 1)] += triangle[:, day, delay]
    ahead = np.arange(n_days // 7)[:, None] + np.arange(n_delays) >= n_days // 7
    return np.where(ahead, np.nan, out)


def simulated(kind: str, *, n_series: int = 40, n_days: int = 90, seed: int = 7) -> np.ndarray:
    """(n_series, n_days, n_delays) epidemics that swell and fall, reported with delays of known distribution.

    kind : "steady", every report by itself; "no weekends", reports of Saturday and Sunday come on Monday; "ever later", the
        mean delay grows by half over the course; "lumps", on each day of report the whole country is quick or slow.
    """
    rng = np.random.default_rng([seed, len(kind)])
    n_delays = 15
    k = np.arange(n_delays)
    days = np.arange(n_days)
    cases = rng.poisson(20 * np.exp(1.2 * np.sin(days / 12)), (n_series, n_days))
    out = np.zeros((n_series, n_days, n_delays + 2))
    speed = (
        rng.gamma(4, 0.25, (n_series, n_days + n_delays)) if kind == "lumps" else np.ones((n_series, n_days + n_delays))
    )
    for t in days:
        scale = 1.2 * (1 + 0.5 * t / n_days) if kind == "ever later" else 1.2
        hazard = 1 - np.exp(-(((k + 1) / 3 / scale) ** 1.5) + (k / 3 / scale) ** 1.5)
        hazard = 1 - (1 - hazard) ** speed[:, t : t + n_delays]
        hazard[:, -1] = 1.0
        left = cases[:, t].copy()
        for delay in k:
            reported = rng.binomial(left, hazard[:, delay])
            left -= reported
            shift = {5: 2, 6: 1}.get((t + delay) % 7, 0) if kind == "no weekends" else 0
            out[:, t, delay + shift] += reported
    out = out if kind == "no weekends" else out[:, :, :n_delays]
    ahead = days[:, None] + np.arange(out.shape[2]) >= n_days
    return np.where(ahead, np.nan, out)
