"""A synthetic outbreak, generated from natural history: who infects whom, when they fall ill, are tested and recover.

Chains begin with people who come from an affected area. Each case infects a number of others (negative binomial: few
infect many); the days between their onsets follow the disease's serial interval, and nobody infects before the latent
days after their own infection are over. Measures take hold in the second third of the span and bring the reproduction
number below one. Pure: numbers in, numbers out, the same for the same seed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

R_BEFORE, R_AFTER = 2.4, 0.55
OFFSPRING_DISPERSION = 0.5  # few infect many: Lloyd-Smith et al., Nature 2005;438:355-359 for its meaning
INCUBATION_MEDIAN_DAYS, INCUBATION_SPREAD = 5.1, 1.52  # lognormal: Lauer et al., Ann Intern Med 2020;172:577-582
SHORTEST_INCUBATION_DAYS, LATENT_DAYS = 1.0, 1.0  # assumed: nobody falls ill, or infects, within a day of infection
ASYMPTOMATIC, OTHER_ILLNESS, TOLD_TWICE = 0.1, 0.12, 0.01  # shares assumed for the demonstration
FAMILY, SAME_COUNTY, SAME_CITY = 0.6, 0.85, 0.96  # cumulative for the last two; assumed
HOUSEHOLD_SIZES = (0.15, 0.28, 0.27, 0.17, 0.09, 0.04)  # of one person, two, …: of those who fall ill; assumed
AGE_SHARES = ((0, 15, 0.05), (15, 30, 0.17), (30, 45, 0.28), (45, 60, 0.31), (60, 75, 0.15), (75, 95, 0.04))
FATALITY = ((60, 0.003), (75, 0.03), (200, 0.1))  # below an age: share that dies; assumed, rising with age

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Outbreak:
    """Cases in the order of their reports. Times are days since the start of the span, with fractions; NaN: never.

    Infections, and a few onsets, may lie before the start.
    ``infector`` is the index of another case, or -1. ``kind``: 0 imported, 1 infected here, 2 another illness that was
    suspected first. ``repeats`` is the index of the case that a second report is about, or -1.
    """

    infector: Whole
    kind: Whole
    county: Whole
    family: Whole  # cases of one household share a number
    onset: Numbers
    infected: Numbers
    diagnosed: Numbers
    reported: Numbers
    result: Numbers
    second_result: Numbers
    admitted: Numbers
    ended: Numbers
    died: NDArray[np.bool_]
    asymptomatic: NDArray[np.bool_]
    straight: NDArray[np.bool_]  # reported as confirmed at once
    severity: Whole  # 0 mild, 1 moderate, 2 severe, 3 critical
    male: NDArray[np.bool_]
    age: Whole
    repeats: Whole

    def __len__(self) -> int:
        return len(self.onset)


def generate(
    size: int, days: int, seed: int, *, interval_mean: float, interval_sd: float, weights: Numbers, city_of: Whole
) -> Outbreak:
    """An outbreak with ``size`` reports in ``days`` days.

    weights : (n_counties,) where people come to from an affected area, any positive scale.
    city_of : (n_counties,) the city that each county belongs to, as a number.
    """
    rng = np.random.default_rng(seed)
    wanted = max(1, round(size * (1 - OTHER_ILLNESS - TOLD_TWICE)))
    per_seed = max(1.0, spread(np.random.default_rng(seed), 400, days, interval_mean, interval_sd)["onset"].size / 400)
    everyone = _of_size(rng, wanted, per_seed, days, interval_mean, interval_sd)
    everyone["kind"] = np.where(everyone["infector"] >= 0, 1, 0)
    _place(rng, everyone, weights / weights.sum(), city_of)
    kept = _found(rng, everyone, days, wanted)
    new_place = np.full(len(everyone["onset"]), -1)
    new_place[kept] = np.arange(len(kept))
    cases = {name: values[kept] for name, values in everyone.items()}
    cases["infector"] = np.where(cases["infector"] >= 0, new_place[cases["infector"]], -1)
    cases["repeats"] = np.full(len(kept), -1)
    _others(rng, cases, size - wanted, days)
    return _with_course(rng, cases, days)


def reproduction(at: Numbers, days: int) -> Numbers:
    """The mean number of people infected by somebody who falls ill on a day: high, then brought down in two weeks."""
    return R_AFTER + (R_BEFORE - R_AFTER) / (1 + np.exp((at - 0.42 * days) / 3.0))


def _incubation(rng: np.random.Generator, at_most: Numbers) -> Numbers:
    """Days from infection to onset: lognormal, cut off at the shortest and, for each person, at the longest possible."""

    def share(days: Any) -> Any:
        return ndtr(np.log(days / INCUBATION_MEDIAN_DAYS) / np.log(INCUBATION_SPREAD))

    lowest, highest = share(SHORTEST_INCUBATION_DAYS), share(at_most)
    drawn = ndtri(lowest + rng.uniform(size=at_most.size) * (highest - lowest))
    days: Numbers = np.minimum(INCUBATION_MEDIAN_DAYS * INCUBATION_SPREAD**drawn, at_most)
    return days


def spread(rng: np.random.Generator, seeds: int, days: int, mean: float, sd: float) -> dict[str, Any]:
    """Chains from so many imported cases: onset, infection, diagnosis and infector of all who fall ill within the span."""
    onset = rng.uniform(0.0, 0.45 * days, seeds)
    infected = onset - _incubation(rng, np.full(seeds, np.inf))
    onsets, infections, infectors, first = [onset], [infected], [np.full(seeds, -1)], 0
    while onset.size:
        chance = OFFSPRING_DISPERSION / (OFFSPRING_DISPERSION + reproduction(onset, days))
        parents = np.repeat(np.arange(onset.size), rng.negative_binomial(OFFSPRING_DISPERSION, chance))
        gap = rng.gamma((mean / sd) ** 2, sd**2 / mean, parents.size)
        earliest = infected[parents] + LATENT_DAYS  # before that the infector cannot have infected anybody
        fell_ill = np.maximum(onset[parents] + gap, earliest + SHORTEST_INCUBATION_DAYS)
        infected_at = fell_ill - _incubation(rng, fell_ill - earliest)
        here = fell_ill < days
        infectors.append(parents[here] + first)
        first += onset.size
        onset, infected = fell_ill[here], infected_at[here]
        onsets.append(onset)
        infections.append(infected)
    onset = np.concatenate(onsets)
    slower = 0.8 + 0.8 / (1 + np.exp((onset - 0.4 * days) / 3.0))  # people come earlier once they know
    delay = rng.gamma(3.0, 1.0, onset.size) * slower
    return {
        "onset": onset,
        "infected": np.concatenate(infections),
        "infector": np.concatenate(infectors),
        "diagnosed": onset + delay + 0.2,
    }


def _of_size(
    rng: np.random.Generator, wanted: int, per_seed: float, days: int, mean: float, sd: float
) -> dict[str, Any]:
    """Chains in which at least so many are diagnosed within the span, and not many more: the best of several draws."""
    best: dict[str, Any] | None = None
    fewest = 0
    seeds = max(1, round(1.1 * wanted / per_seed))
    for attempt in range(400):
        chains = spread(rng, seeds + attempt // 40, days, mean, sd)
        found = int(np.sum(chains["diagnosed"] < days - 0.2))
        if found >= wanted and (best is None or found < fewest):
            best, fewest = chains, found
        if best is not None and (fewest <= 1.3 * wanted or attempt >= 60):
            return best
        seeds += seeds // 10 if found < wanted and wanted > 2000 else 0
    raise RuntimeError("no outbreak of this size could be generated")


def _found(rng: np.random.Generator, chains: dict[str, Any], days: int, wanted: int) -> Whole:
    """Indices of exactly so many cases diagnosed within the span; whoever is left out was never found."""
    found = np.flatnonzero(chains["diagnosed"] < days - 0.2)
    return np.sort(rng.permutation(found)[:wanted])


def _place(rng: np.random.Generator, cases: dict[str, Any], weights: Numbers, city_of: Whole) -> None:
    """Where everybody lives: mostly where their infector does."""
    n = len(cases["onset"])
    county = rng.choice(len(weights), size=n, p=weights)
    family = np.arange(n)
    draw, at_home = rng.uniform(size=n), rng.uniform(size=n) < FAMILY
    room = rng.choice(
        len(HOUSEHOLD_SIZES), size=n, p=HOUSEHOLD_SIZES
    )  # how many more live with the first case of a household
    by_city = {city: np.flatnonzero(city_of == city) for city in np.unique(city_of)}
    for case in np.flatnonzero(cases["infector"] >= 0):  # infectors stand before those they infect
        source = cases["infector"][case]
        if at_home[case] and room[family[source]] > 0:
            county[case], family[case] = county[source], family[source]
            room[family[source]] -= 1
        elif draw[case] < SAME_COUNTY:
            county[case] = county[source]
        elif draw[case] < SAME_CITY:
            county[case] = rng.choice(by_city[city_of[county[source]]])
    cases["county"], cases["family"] = county, family


def _others(rng: np.random.Generator, cases: dict[str, Any], extra: int, days: int) -> None:
    """People with another illness who were suspected first, and cases that a second hospital reports again."""
    n = len(cases["onset"])
    early = np.flatnonzero(cases["diagnosed"] < days - 2)  # so that the second report has its time
    twice = min(early.size, max(1, round(extra * TOLD_TWICE / (TOLD_TWICE + OTHER_ILLNESS))))
    again = rng.choice(early, size=twice, replace=False)
    alike = rng.choice(n, size=extra - twice)
    for name in ("county", "onset", "infected", "infector", "family"):
        cases[name] = np.concatenate([cases[name], cases[name][alike], cases[name][again]])
    ill = np.arange(n, n + alike.size)
    cases["family"][ill], cases["infector"][n:] = ill, -1
    cases["diagnosed"] = np.concatenate(
        [
            cases["diagnosed"],
            np.minimum(cases["onset"][ill] + rng.gamma(3.0, 1.0, alike.size), days - 0.3),
            cases["diagnosed"][again] + rng.uniform(0.4, 1.5, twice),
        ]
    )
    cases["onset"][ill] = np.minimum(cases["onset"][ill], cases["diagnosed"][ill])
    cases["kind"] = np.concatenate([cases["kind"], np.full(alike.size, 2), cases["kind"][again]])
    cases["repeats"] = np.concatenate([cases["repeats"], np.full(alike.size, -1), again])


def _with_course(rng: np.random.Generator, cases: dict[str, Any], days: int) -> Outbreak:
    """Tests, severity and outcome of everybody, in the order of the reports."""
    n = len(cases["onset"])
    never = np.full(n, np.nan)
    shares = np.array([share for _low, _high, share in AGE_SHARES])
    band = rng.choice(len(AGE_SHARES), size=n, p=shares / shares.sum())
    lows, highs = np.array([low for low, _, _ in AGE_SHARES]), np.array([high for _, high, _ in AGE_SHARES])
    age = rng.integers(lows[band], highs[band])
    male = rng.uniform(size=n) < 0.51
    again = cases["repeats"] >= 0
    age[again], male[again] = age[cases["repeats"][again]], male[cases["repeats"][again]]
    ill = cases["kind"] < 2
    asymptomatic = ill & (cases["infector"] >= 0) & (rng.uniform(size=n) < ASYMPTOMATIC)
    asymptomatic[again] = asymptomatic[cases["repeats"][again]]
    diagnosed = cases["diagnosed"]
    reported = np.minimum(diagnosed + np.exp(rng.normal(np.log(0.6), 0.7, n)) / 24, days - 0.001)
    reported[again] = np.maximum(reported[again], reported[cases["repeats"][again]] + 0.05)
    straight = ill & (rng.uniform(size=n) < np.where(diagnosed > 0.4 * days, 0.45, 0.15)) | asymptomatic
    result = np.where(straight, diagnosed - 0.05, diagnosed + rng.uniform(0.3, 1.8, n))
    second = np.where(cases["kind"] == 2, result + rng.uniform(1.0, 1.6, n), np.nan)
    older = age[:, None] >= np.array([0, 50, 65])
    weights = np.array([[0.42, 0.5, 0.06, 0.02], [0.3, 0.52, 0.14, 0.04], [0.15, 0.5, 0.25, 0.1]])[
        older.sum(axis=1) - 1
    ]
    severity = (rng.uniform(size=n)[:, None] > np.cumsum(weights, axis=1)).sum(axis=1).clip(0, 3)
    fatality = np.select([age < limit for limit, _ in FATALITY], [share for _, share in FATALITY])
    died = ill & ~asymptomatic & (rng.uniform(size=n) < fatality)
    severity = np.where(died, 3, severity)
    stay = np.where(died, rng.gamma(4.0, 3.0, n), rng.gamma(11.0, 1.6, n)) + 1
    order = np.argsort(reported, kind="stable")
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)

    def renumbered(of: Whole) -> Whole:
        return np.where(of >= 0, place[of], -1)[order]

    return Outbreak(
        infector=renumbered(cases["infector"]),
        kind=cases["kind"][order],
        county=cases["county"][order],
        family=cases["family"][order],
        onset=np.where(asymptomatic, np.nan, cases["onset"])[order],
        infected=cases["infected"][order],
        diagnosed=diagnosed[order],
        reported=reported[order],
        result=result[order],
        second_result=second[order],
        admitted=np.where(ill, diagnosed + 0.1, never)[order],
        ended=np.where(ill, diagnosed + stay, never)[order],
        died=died[order],
        asymptomatic=asymptomatic[order],
        straight=straight[order],
        severity=severity[order],
        male=male[order],
        age=age[order],
        repeats=renumbered(cases["repeats"]),
    )
