"""Rates and tables: attack rates, fatality, age standardisation, 2 x 2 tables, and cases that every source missed.

Every function takes numbers or arrays of any shape, one entry an area or group, and answers in the same shape, unless it
says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from scipy import optimize, special

from lianfang.epi import _checks as check
from lianfang.epi._checks import EpiInputError
from lianfang.epi.delays import delayed_counts


@dataclass(frozen=True, eq=False)
class Estimate:
    """A figure with its interval; NaN where there is nothing to estimate from."""

    value: Any
    lower: Any
    upper: Any


def _together(**arguments: Any) -> list[np.ndarray]:
    """Arguments as non-negative numbers of one shape; single numbers go with any."""
    arrays = {name: check.not_negative(name, check.float_array(name, x)) for name, x in arguments.items()}
    shape: tuple[int, ...] = ()
    for name, a in arrays.items():
        try:
            shape = np.broadcast_shapes(shape, a.shape)
        except ValueError:
            raise EpiInputError(name, "wrong_shape", f"must go with the others, {shape}, has {a.shape}") from None
    return [np.broadcast_to(a, shape) for a in arrays.values()]


def _level(level: float) -> tuple[float, float]:
    """Probability left in each tail, and the normal quantile."""
    tail = (1 - check.number("level", level, above=0, below=1)) / 2
    return tail, float(-special.ndtri(tail))


def proportion(cases: Any, of: Any, *, method: str = "wilson", level: float = 0.95) -> Estimate:
    """Share of a group, with its binomial interval.

    cases, of : numbers; cases not more than of.
    method : "wilson" (score, good for small groups too), "exact" (Clopper and Pearson, never too narrow) or "jeffreys".

    Brown LD, Cai TT, DasGupta A. Interval estimation for a binomial proportion. Stat Sci 2001;16:101-33.

    >>> found = proportion(5, 20)
    >>> found.value, found.lower.round(3), found.upper.round(3)
    (np.float64(0.25), np.float64(0.112), np.float64(0.469))
    """
    x, n = _together(cases=cases, of=of)
    if (x > n).any():
        raise EpiInputError("cases", "out_of_range", "must not be more than the group they are part of")
    check.choice("method", method, ("wilson", "exact", "jeffreys"))
    tail, z = _level(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = x / n
        if method == "wilson":
            centre = (x + z**2 / 2) / (n + z**2)
            reach = z / (n + z**2) * np.sqrt(x * (n - x) / n + z**2 / 4)
            lower, upper = np.where(x == 0, 0.0, centre - reach), np.where(x == n, 1.0, centre + reach)
        elif method == "exact":
            lower, upper = _exact_binomial(x, n, tail)
        else:
            lower = np.where(x == 0, 0.0, special.betaincinv(x + 0.5, n - x + 0.5, tail))
            upper = np.where(x == n, 1.0, special.betaincinv(x + 0.5, n - x + 0.5, 1 - tail))
    nobody = n == 0
    return Estimate(*(np.where(nobody, np.nan, a)[()] for a in (value, lower, upper)))


def _exact_binomial(x: np.ndarray, n: np.ndarray, tail: float) -> tuple[np.ndarray, np.ndarray]:
    some, not_all = np.maximum(x, 1e-300), np.maximum(n - x, 1e-300)
    lower = np.where(x == 0, 0.0, special.betaincinv(some, n - x + 1, tail))
    upper = np.where(x >= n, 1.0, special.betaincinv(x + 1, not_all, 1 - tail))
    return lower, upper


def attack_rate(
    cases: Any, population: Any, *, per: float = 1, method: str = "wilson", level: float = 0.95
) -> Estimate:
    """New cases over the people at risk when the outbreak, or the exposure in a household, began.

    per : people the rate is given for, such as 100,000.

    >>> attack_rate([3, 40], [120, 4_000], per=1000).value
    array([25., 10.])
    """
    per = check.number("per", per, above=0)
    found = proportion(cases, population, method=method, level=level)
    return Estimate(found.value * per, found.lower * per, found.upper * per)


def incidence_rate(cases: Any, person_time: Any, *, per: float = 1, level: float = 0.95) -> Estimate:
    """Cases over the time people were at risk, with the exact Poisson interval.

    person_time : in the unit the rate is wanted in, such as person-years. per : units the rate is given for.

    Garwood F. Fiducial limits for the Poisson distribution. Biometrika 1936;28:437-42.

    >>> incidence_rate(4, 2_000, per=1000).value
    np.float64(2.0)
    """
    x, time = _together(cases=cases, person_time=person_time)
    per = check.number("per", per, above=0)
    lower, upper = _exact_poisson(x, _level(level)[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        return Estimate(*(np.where(time > 0, a / time * per, np.nan)[()] for a in (x, lower, upper)))


def _exact_poisson(x: np.ndarray, tail: float) -> tuple[np.ndarray, np.ndarray]:
    lower = np.where(x > 0, special.gammaincinv(np.maximum(x, 1e-300), tail), 0.0)
    return lower, special.gammaincinv(x + 1, 1 - tail)


@dataclass(frozen=True, eq=False)
class CaseFatality:
    """Case fatality ratio: (), (n_series,), or with one more axis of days when it was followed day by day.

    value, lower, upper : share of cases that die. NaN without a case whose outcome could be known.
    deaths : deaths counted.
    cases : cases they are divided by; with a delay, those whose outcome is expected to be known by then.
    """

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    deaths: np.ndarray
    cases: np.ndarray


def case_fatality(
    cases: Any, deaths: Any, *, delay_pmf: Any = None, by_day: bool = False, level: float = 0.95
) -> CaseFatality:
    """Case fatality ratio up to the last day, as counted or corrected for deaths still to come.

    cases : (n_days,) or (n_series, n_days) by day of onset or report, oldest first; index 0 is the first day of the
        outbreak, and no case is taken to have come before.
    deaths : shape of cases, by day of death.
    delay_pmf : (n_delays,) entry k the share of deaths that follow k days after the day cases are counted by. Without it
        the ratio is deaths over cases, too low while an epidemic grows.
    by_day : the ratio as it stood on each day, on a last axis.
    level : of the exact binomial interval. The correction takes the delays as known.

    With a delay, deaths are divided by the cases whose outcome would be known by now if all died. The ratio stops at 1;
    deaths beyond that say that cases are missing.

    Nishiura H, Klinkenberg D, Roberts M, Heesterbeek JAP. Early epidemiological assessment of the virulence of emerging
    infectious diseases. PLoS One 2009;4:e6852.

    >>> found = case_fatality([10, 20, 40], [0, 1, 2], delay_pmf=[0, 1.0])
    >>> found.value, found.cases
    (np.float64(0.1), np.float64(30.0))
    """
    panel, alone = check.counts_panel("cases", cases)
    died = np.atleast_2d(
        check.not_negative("deaths", check.like("deaths", deaths, panel.shape[1:] if alone else panel.shape, "cases"))
    )
    known = panel if delay_pmf is None else delayed_counts(panel, check.pmf("delay_pmf", delay_pmf))
    d, n = (np.cumsum(a, axis=1) if by_day else a.sum(axis=1) for a in (died, known))
    if delay_pmf is None and (d > n).any():
        raise EpiInputError("deaths", "out_of_range", "must not be more than cases up to any day")
    x = np.minimum(d, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = x / n
        lower, upper = _exact_binomial(x, n, _level(level)[0])
    value, lower, upper = (np.where(n > 0, a, np.nan) for a in (value, lower, upper))
    return CaseFatality(*((a[0] for a in (value, lower, upper, d, n)) if alone else (value, lower, upper, d, n)))


def case_fatality_by_follow_up(
    start: Any, died: Any, recovered: Any, *, as_of: Any, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> Estimate:
    """Case fatality ratio from the course of each case, with those still ill counted for as long as they were followed.

    start : (n_cases,) day of onset or admission.
    died, recovered : (n_cases,) day of the outcome; None or NaT when there is none (yet). Not both for one case.
    as_of : the data cut; outcomes after it are not known.
    draws, seed : of the bootstrap interval; the same seed gives the same interval.

    The chances of having died and of having recovered by the longest follow-up, each with the other as competing end, and
    of these the share that died. Ghani AC et al. Methods for estimating the case fatality ratio for a novel, emerging
    infectious disease. Am J Epidemiol 2005;162:479-86.

    >>> found = case_fatality_by_follow_up(
    ...     ["2020-01-01"] * 4, ["2020-01-11", None, None, None], [None, "2020-01-15", "2020-01-19", None],
    ...     as_of="2020-01-20")
    >>> found.value.round(3)
    np.float64(0.333)
    """
    begin = check.days_array("start", start)
    ends = [check.days_array(n, x, missing=True) for n, x in (("died", died), ("recovered", recovered))]
    cut = check.day("as_of", as_of)
    if begin.ndim != 1 or not begin.size:
        raise EpiInputError("start", "wrong_shape", "must be a list of days, one a case")
    for name, end in zip(("died", "recovered"), ends, strict=True):
        if end.shape != begin.shape:
            raise EpiInputError(name, "wrong_shape", f"must have one day a case, {len(begin)}, not {end.shape}")
        if (end < begin).any():
            raise EpiInputError(
                name, "out_of_range", f"must not come before start (case {int(np.argmax(end < begin))})"
            )
    if (~np.isnat(ends[0]) & ~np.isnat(ends[1])).any():
        raise EpiInputError("recovered", "contradiction", "must not be given for a case that died")
    if (begin > cut).any():
        raise EpiInputError("as_of", "out_of_range", "must not come before the start of a case")
    ends = [np.where(end <= cut, end, np.datetime64("NaT")) for end in ends]
    kind = np.where(~np.isnat(ends[0]), 0, np.where(~np.isnat(ends[1]), 1, 2))
    last = np.where(kind == 0, ends[0], np.where(kind == 1, ends[1], cut))
    days = ((last - begin) / np.timedelta64(1, "D")).astype(int)
    longest = int(days.max()) + 1
    cells = np.zeros((longest, 3))
    np.add.at(cells, (days, kind), 1)

    def ratio(table: np.ndarray) -> np.ndarray:
        """(..., days, kinds) cases that ended after so many days, by dying, recovering, or the data cut."""
        at_risk = np.cumsum(table.sum(axis=-1)[..., ::-1], axis=-1)[..., ::-1]
        with np.errstate(divide="ignore", invalid="ignore"):
            chance = np.where(at_risk[..., None] > 0, table[..., :2] / at_risk[..., None], 0)
        still = np.cumprod(1 - chance.sum(axis=-1), axis=-1)
        before = np.concatenate([np.ones((*still.shape[:-1], 1)), still[..., :-1]], axis=-1)
        by_end = (before[..., None] * chance).sum(axis=-2)
        with np.errstate(divide="ignore", invalid="ignore"):
            return by_end[..., 0] / by_end.sum(axis=-1)

    value = ratio(cells)
    draws = check.whole_number("draws", draws, at_least=1)
    generator = np.random.default_rng(check.whole_number("seed", seed, at_least=0))
    drawn = generator.multinomial(len(begin), cells.ravel() / len(begin), size=draws).reshape(draws, *cells.shape)
    tail = _level(level)[0]
    again = ratio(drawn.astype(float))
    again = again[~np.isnan(again)]
    lower, upper = np.quantile(again, [tail, 1 - tail]) if again.size else (np.nan, np.nan)
    return Estimate(value, lower, upper)


def standardised_rate(cases: Any, population: Any, standard: Any, *, per: float = 1, level: float = 0.95) -> Estimate:
    """Directly standardised rate: what the rate would be if the population had the ages of a standard population.

    cases, population : (n_ages,) or (n_areas, n_ages).
    standard : (n_ages,) people of each age in the standard population, in any unit.
    per : people the rate is given for.
    Returns one rate, or one an area. NaN where an age that the standard has holds nobody.

    Interval: Fay MP, Feuer EJ. Confidence intervals for directly standardized rates: a method based on the gamma
    distribution. Stat Med 1997;16:791-801.

    >>> found = standardised_rate([10, 50], [1000, 2000], [600, 400], per=1000)
    >>> found.value.round(1), found.lower.round(1), found.upper.round(1)
    (np.float64(16.0), np.float64(11.7), np.float64(21.7))
    """
    x, n = _together(cases=cases, population=population)
    if x.ndim not in (1, 2):
        raise EpiInputError("cases", "wrong_shape", "must be (n_ages,) or (n_areas, n_ages)")
    weight = check.not_negative("standard", check.like("standard", standard, x.shape[-1:], "one area's ages"))
    if weight.sum() == 0:
        raise EpiInputError("standard", "out_of_range", "must hold people")
    if (x > n).any():
        raise EpiInputError("cases", "out_of_range", "must not be more than population at any age")
    per = check.number("per", per, above=0)
    tail = _level(level)[0]
    weight = weight / weight.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(weight > 0, weight / n, 0)  # infinite where the standard has people and the area none
        rate, variance = (each * x).sum(axis=-1), (each**2 * x).sum(axis=-1)
        largest = each.max(axis=-1)
        lower = np.where(
            rate > 0, variance / rate * special.gammaincinv(np.where(rate > 0, rate**2 / variance, 1.0), tail), 0.0
        )
        mean, spread = rate + largest, variance + largest**2
        upper = spread / mean * special.gammaincinv(mean**2 / spread, 1 - tail)
    unknown = ~np.isfinite(each).all(axis=-1)
    return Estimate(*(np.where(unknown, np.nan, a * per)[()] for a in (rate, lower, upper)))


def standardised_ratio(cases: Any, population: Any, reference_rates: Any, *, level: float = 0.95) -> Estimate:
    """Indirectly standardised ratio: cases over those expected if each age had the rate of a reference population.

    cases : number, or (n_areas,); all ages together.
    population : (n_ages,) or (n_areas, n_ages).
    reference_rates : (n_ages,) cases per person.
    Interval: exact Poisson of the cases, the expected number taken as known.

    Breslow NE, Day NE. Statistical methods in cancer research II. IARC 1987 (chapter 2).

    >>> standardised_ratio(30, [1000, 2000], [0.004, 0.008]).value
    np.float64(1.5)
    """
    n = check.not_negative("population", check.float_array("population", population))
    if n.ndim not in (1, 2):
        raise EpiInputError("population", "wrong_shape", "must be (n_ages,) or (n_areas, n_ages)")
    rates = check.not_negative(
        "reference_rates", check.like("reference_rates", reference_rates, n.shape[-1:], "one area's ages")
    )
    x = check.not_negative("cases", check.like("cases", cases, n.shape[:-1], "population without its ages"))
    expected = n @ rates
    lower, upper = _exact_poisson(x, _level(level)[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        return Estimate(*(np.where(expected > 0, a / expected, np.nan)[()] for a in (x, lower, upper)))


@dataclass(frozen=True, eq=False)
class TwoByTwo:
    """Measures of a 2 x 2 table of exposure and illness, or of each of many.

    risk_exposed, risk_unexposed : share ill.
    risk_ratio, odds_ratio, risk_difference : exposed against unexposed, with intervals.
    attributable_fraction : share of illness among the exposed that goes with exposure, 1 - 1 / risk ratio.
    population_fraction : share of all illness that goes with exposure, for a group sampled as a whole.
    chi2, chi2_p : Pearson, without correction; chi2_corrected, chi2_corrected_p : with the correction of Yates.
    fisher_p : exact, two-sided.
    exact_odds_ratio : given the margins, with the exact interval; NaN unless asked for.
    """

    risk_exposed: np.ndarray
    risk_unexposed: np.ndarray
    risk_ratio: Estimate
    odds_ratio: Estimate
    risk_difference: Estimate
    attributable_fraction: Estimate
    population_fraction: np.ndarray
    chi2: np.ndarray
    chi2_p: np.ndarray
    chi2_corrected: np.ndarray
    chi2_corrected_p: np.ndarray
    fisher_p: np.ndarray
    exact_odds_ratio: Estimate


def two_by_two(
    exposed_ill: Any,
    exposed_well: Any,
    unexposed_ill: Any,
    unexposed_well: Any,
    *,
    exact: bool = True,
    level: float = 0.95,
) -> TwoByTwo:
    """Compare illness between exposed and unexposed people, of one table or many at once.

    The four numbers of each table are whole; a ratio with an empty cell is 0 or infinite and its interval (logarithmic)
    NaN: the exact odds ratio still has one.
    exact : also compute Fisher's p and the exact odds ratio, which takes about a millisecond a table.

    Rothman KJ, Greenland S, Lash TL. Modern epidemiology. 3rd ed. Lippincott 2008 (chapters 14, 15). Interval of the risk
    difference: Newcombe RG. Interval estimation for the difference between independent proportions. Stat Med
    1998;17:873-90 (method 10).

    >>> found = two_by_two(30, 20, 10, 40)
    >>> found.risk_ratio.value.round(3), found.odds_ratio.value, found.fisher_p.round(6)
    (np.float64(3.0), np.float64(6.0), np.float64(8.3e-05))
    """
    given = {
        "exposed_ill": exposed_ill,
        "exposed_well": exposed_well,
        "unexposed_ill": unexposed_ill,
        "unexposed_well": unexposed_well,
    }
    a, b, c, d = _together(**given)
    for name, cell in zip(given, (a, b, c, d), strict=True):
        check.whole_numbers(name, cell)
    tail, z = _level(level)
    n1, n0, ill, well = a + b, c + d, a + c, b + d
    n = n1 + n0
    with np.errstate(divide="ignore", invalid="ignore"):
        r1, r0 = a / n1, c / n0
        rr, rr_error = r1 / r0, np.sqrt(1 / a - 1 / n1 + 1 / c - 1 / n0)
        odds, odds_error = (a * d) / (b * c), np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
        risk_ratio = _log_interval(rr, rr_error, z)
        odds_ratio = _log_interval(odds, odds_error, z)
        w1, w0 = proportion(a, n1, level=level), proportion(c, n0, level=level)
        difference = r1 - r0
        risk_difference = Estimate(
            difference,
            difference - np.sqrt((r1 - w1.lower) ** 2 + (w0.upper - r0) ** 2),
            difference + np.sqrt((w1.upper - r1) ** 2 + (r0 - w0.lower) ** 2),
        )
        fraction = Estimate(1 - 1 / rr, 1 - 1 / risk_ratio.lower, 1 - 1 / risk_ratio.upper)
        population_fraction = (ill / n - r0) / (ill / n)
        margin = n1 * n0 * ill * well
        gap = np.abs(a * d - b * c)
        chi2 = n * gap**2 / margin
        corrected = n * np.maximum(gap - n / 2, 0) ** 2 / margin
    p_exact, *ratio = (np.full(a.shape, np.nan) for _ in range(4))
    if exact:
        for at in np.ndindex(a.shape):
            p_exact[at], *found = _fisher(int(a[at]), int(b[at]), int(c[at]), int(d[at]), tail)
            for into, value in zip(ratio, found, strict=True):
                into[at] = value
    return TwoByTwo(
        risk_exposed=r1[()],
        risk_unexposed=r0[()],
        risk_ratio=risk_ratio,
        odds_ratio=odds_ratio,
        risk_difference=risk_difference,
        attributable_fraction=fraction,
        population_fraction=population_fraction[()],
        chi2=chi2[()],
        chi2_p=special.chdtrc(1, chi2)[()],
        chi2_corrected=corrected[()],
        chi2_corrected_p=special.chdtrc(1, corrected)[()],
        fisher_p=p_exact[()],
        exact_odds_ratio=Estimate(*(r[()] for r in ratio)),
    )


def _log_interval(value: np.ndarray, error: np.ndarray, z: float) -> Estimate:
    lower, upper = value * np.exp(-z * error), value * np.exp(z * error)
    unknown = ~np.isfinite(error)
    return Estimate(value[()], np.where(unknown, np.nan, lower)[()], np.where(unknown, np.nan, upper)[()])


def _fisher(a: int, b: int, c: int, d: int, tail: float) -> tuple[float, float, float, float]:
    """Two-sided p, and the conditional odds ratio with its interval, from the non-central hypergeometric distribution."""
    low, high = max(0, a - d), min(a + b, a + c)
    x = np.arange(low, high + 1)
    log_weight = -sum(special.gammaln(v + 1) for v in (x, a + b - x, a + c - x, d - a + x))
    chance = _normalised(log_weight)
    p = min(1.0, float(chance[chance <= chance[a - low] * (1 + 1e-7)].sum()))
    if low == high:
        return p, np.nan, 0.0, np.inf

    def distribution(log_odds: float) -> np.ndarray:
        return _normalised(log_weight + x * log_odds)

    def solve(of: Any) -> float:
        """Where a falling function of the log odds crosses 0."""
        reach = 1.0
        while of(-reach) < 0 or of(reach) > 0:
            reach *= 2
            if reach > 1e4:
                return np.nan
        return float(np.exp(optimize.brentq(of, -reach, reach, xtol=1e-13)))

    value = 0.0 if a == low else np.inf if a == high else solve(lambda t: a - float(distribution(t) @ x))
    lower = 0.0 if a == low else solve(lambda t: tail - float(distribution(t)[x >= a].sum()))
    upper = np.inf if a == high else solve(lambda t: float(distribution(t)[x <= a].sum()) - tail)
    return p, value, lower, upper


def _normalised(log_weight: np.ndarray) -> np.ndarray:
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum()


@dataclass(frozen=True, eq=False)
class Stratified:
    """One measure over all strata.

    odds_ratio, risk_ratio : common to the strata, with intervals.
    chi2, p : of no association in any stratum, without correction.
    """

    odds_ratio: Estimate
    risk_ratio: Estimate
    chi2: float
    p: float


def mantel_haenszel(tables: Any, *, level: float = 0.95) -> Stratified:
    """Compare illness between exposed and unexposed within strata such as age groups, and pool the strata.

    tables : (n_strata, 2, 2) of whole numbers: row 0 exposed, row 1 unexposed; column 0 ill, column 1 well.

    Mantel N, Haenszel W. J Natl Cancer Inst 1959;22:719-48. Intervals: Robins J, Breslow N, Greenland S. Biometrics
    1986;42:311-23 (odds ratio); Greenland S, Robins JM. Biometrics 1985;41:55-68 (risk ratio).

    >>> found = mantel_haenszel([[[30, 20], [10, 40]], [[10, 30], [5, 45]]])
    >>> found.odds_ratio.value.round(2), found.risk_ratio.value.round(2)
    (np.float64(4.64), np.float64(2.85))
    """
    t = check.whole_numbers("tables", check.not_negative("tables", check.float_array("tables", tables)))
    if t.ndim != 3 or t.shape[1:] != (2, 2):
        raise EpiInputError("tables", "wrong_shape", "must be (n_strata, 2, 2)")
    t = t[t.sum(axis=(1, 2)) > 1]
    if not len(t):
        raise EpiInputError("tables", "empty", "must hold a stratum with two people or more")
    z = _level(level)[1]
    a, b, c, d = t[:, 0, 0], t[:, 0, 1], t[:, 1, 0], t[:, 1, 1]
    n1, n0, ill, well, n = a + b, c + d, a + c, b + d, t.sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        r, s = a * d / n, b * c / n
        p, q = (a + d) / n, (b + c) / n
        odds = r.sum() / s.sum()
        odds_variance = (
            (p * r).sum() / (2 * r.sum() ** 2)
            + (p * s + q * r).sum() / (2 * r.sum() * s.sum())
            + (q * s).sum() / (2 * s.sum() ** 2)
        )
        top, bottom = (a * n0 / n).sum(), (c * n1 / n).sum()
        risk_variance = ((n1 * n0 * ill - a * c * n) / n**2).sum() / (top * bottom)
        chi2 = (a - n1 * ill / n).sum() ** 2 / (n1 * n0 * ill * well / (n**2 * (n - 1))).sum()
        return Stratified(
            odds_ratio=_log_interval(np.asarray(odds), np.sqrt(np.asarray(odds_variance)), z),
            risk_ratio=_log_interval(np.asarray(top / bottom), np.sqrt(np.asarray(risk_variance)), z),
            chi2=float(chi2),
            p=float(special.chdtrc(1, chi2)),
        )


def chapman(in_first: Any, in_second: Any, in_both: Any, *, level: float = 0.95) -> Estimate:
    """All cases, those missed by both of two independent sources included, for many areas at once.

    in_first, in_second, in_both : whole numbers of cases in each source, and in both.
    Interval: logarithmic around the cases missed, so never below the cases seen; it has no width where one source holds
    every case of the other. `capture_recapture` has an interval that does.

    Chapman DG. Univ Calif Publ Stat 1951;1:131-60. Variance: Seber GAF. Biometrika 1970;57:313-8. Interval: Chao A.
    Biometrics 1987;43:783-91.

    >>> found = chapman(80, 60, 40)
    >>> found.value.round(1), found.lower.round(1), found.upper.round(1)
    (np.float64(119.5), np.float64(109.4), np.float64(140.3))
    """
    n1, n2, m = _together(in_first=in_first, in_second=in_second, in_both=in_both)
    for name, x in (("in_first", n1), ("in_second", n2), ("in_both", m)):
        check.whole_numbers(name, x)
    if (m > np.minimum(n1, n2)).any():
        raise EpiInputError("in_both", "out_of_range", "must not be more than either source holds")
    value = (n1 + 1) * (n2 + 1) / (m + 1) - 1
    variance = (n1 + 1) * (n2 + 1) * (n1 - m) * (n2 - m) / ((m + 1) ** 2 * (m + 2))
    seen = n1 + n2 - m
    missed = value - seen
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(missed > 0, np.exp(_level(level)[1] * np.sqrt(np.log1p(variance / missed**2))), 1.0)
    return Estimate(value[()], (seen + missed / factor)[()], (seen + missed * factor)[()])


def source_cells(*sources: Any) -> np.ndarray:
    """Cases by the sources that hold them, from two or three lists of case ids.

    Returns (2, 2) or (2, 2, 2): index 1 on an axis is "in this source"; the entry of none of them is 0, since nobody
    knows it. An id may stand in a list more than once.

    >>> source_cells(["a", "b", "c"], ["b", "c", "d"])
    array([[0, 1],
           [1, 2]])
    """
    if len(sources) not in (2, 3):
        raise EpiInputError("sources", "wrong_shape", f"must be two or three lists of ids, are {len(sources)}")
    held = [set(np.asarray(s).ravel().tolist()) for s in sources]
    cells = np.zeros((2,) * len(held), dtype=int)
    for case in set().union(*held):
        cells[tuple(int(case in s) for s in held)] += 1
    return cells


@dataclass(frozen=True)
class SourceModel:
    """One model of how sources depend on each other.

    dependent : pairs of sources, counted from 0, that hold the same cases more or less often than by chance.
    missed : cases missed by all sources under this model; infinite where it cannot tell.
    deviance, freedom : fit to the cells, small when good.
    aic, aicc : smaller is better; the second corrected for few cases, infinite where there are too few to say.
    """

    dependent: tuple[tuple[int, ...], ...]
    missed: float
    deviance: float
    freedom: int
    aic: float
    aicc: float


@dataclass(frozen=True)
class CaptureRecapture:
    """Cases that every source missed.

    seen : different cases in the sources together.
    missed, missed_interval : by the chosen model. total, total_interval : with those seen.
    completeness, completeness_interval : share of all cases that some source holds.
    chosen : the model; models : all that were looked at, best first.
    averaged_missed : over the models, weighted by their corrected AIC: far from `missed` when the choice of the model decides.
    """

    seen: int
    missed: float
    missed_interval: tuple[float, float]
    total: float
    total_interval: tuple[float, float]
    completeness: float
    completeness_interval: tuple[float, float]
    chosen: SourceModel
    models: tuple[SourceModel, ...]
    averaged_missed: float


def capture_recapture(cells: Any, *, dependent: Any = None, level: float = 0.95) -> CaptureRecapture:
    """How many cases two or three overlapping sources all missed: the claim of zero omission as a number with an interval.

    cells : (2, 2) or (2, 2, 2) cases by the sources that hold them, as `source_cells` gives; the entry of none is not read.
    dependent : pairs of sources that depend on each other, such as [(0, 1)], to ask for one model. Otherwise two sources
        are taken as independent, which two lists can never show; of three, the model with the smallest AIC, corrected for
        few cases, is chosen.
    level : of the profile likelihood interval of the chosen model.

    It holds for cases that had the same chance of being found as others, in one area and time. Sources that find the same
    cases (a hospital's list and the laboratory it sends to) make the answer too low.

    Fienberg SE. The multiple recapture census for closed populations and incomplete 2^k contingency tables. Biometrika
    1972;59:591-603. International Working Group for Disease Monitoring and Forecasting. Capture-recapture and
    multiple-record systems estimation. Am J Epidemiol 1995;142:1047-68. Interval: Cormack RM. Interval estimation for
    mark-recapture studies of closed populations. Biometrics 1992;48:567-76. Corrected AIC: Hurvich CM, Tsai CL. Regression
    and time series model selection in small samples. Biometrika 1989;76:297-307.

    >>> found = capture_recapture([[0, 20], [40, 40]])
    >>> round(found.missed, 2), round(found.completeness, 3), [round(x, 1) for x in found.total_interval]
    (20.0, 0.833, [107.2, 138.0])
    """
    table = check.whole_numbers("cells", check.not_negative("cells", check.float_array("cells", cells)))
    if table.shape not in ((2, 2), (2, 2, 2)):
        raise EpiInputError("cells", "wrong_shape", "must be (2, 2) or (2, 2, 2), one axis a source")
    n_sources = table.ndim
    inside = np.array(list(np.ndindex(table.shape)))
    counts = table.ravel()[1:]
    seen = int(counts.sum())
    if seen == 0:
        raise EpiInputError("cells", "empty", "must hold cases")
    if any(not counts[inside[1:, s] == 1].sum() for s in range(n_sources)):
        raise EpiInputError("cells", "empty", "must hold cases in every source")

    pairs = list(combinations(range(n_sources), 2))
    if dependent is not None:
        try:
            wanted = tuple(sorted({tuple(sorted((int(i), int(j)))) for i, j in dependent}))
        except (TypeError, ValueError):
            raise EpiInputError(
                "dependent", "wrong_shape", "must be a list of pairs of sources, such as [(0, 1)]"
            ) from None
        if n_sources == 2 and wanted or any(p not in pairs for p in wanted):
            raise EpiInputError("dependent", "unknown_choice", "must name pairs of three sources, counted from 0")
        choices = [wanted]
    else:
        choices = [c for size in range(len(pairs) + 1) for c in combinations(pairs, size)] if n_sources == 3 else [()]

    def design(of: tuple[tuple[int, ...], ...]) -> np.ndarray:
        columns = [np.ones(len(inside)), *inside.T, *(inside[:, i] * inside[:, j] for i, j in of)]
        return np.column_stack(columns).astype(float)

    models = []
    for of in choices:
        x = design(of)
        mean, missed = _fit_cells(x[1:], counts, x[0])
        deviance = float(2 * (special.xlogy(counts, counts / mean) - counts + mean).sum())
        fit = float((special.xlogy(counts, mean) - mean - special.gammaln(counts + 1)).sum())
        size = x.shape[1]
        aic, spare = 2 * size - 2 * fit, seen - size - 1
        aicc = aic + 2 * size * (size + 1) / spare if spare > 0 else np.inf
        models.append(SourceModel(of, missed, max(deviance, 0.0), len(counts) - size, aic, aicc))
    models.sort(key=lambda m: (not np.isfinite(m.missed), m.aicc, m.aic))
    best = models[0]
    if not np.isfinite(best.missed):
        raise EpiInputError(
            "cells", "no_overlap", "must hold cases in common; without, nothing tells how many were missed"
        )
    scores = np.array([m.aicc if np.isfinite(best.aicc) else m.aic for m in models])
    weights = np.where([np.isfinite(m.missed) for m in models], np.exp((scores[0] - scores) / 2), 0.0)
    averaged = float(sum(w * m.missed for w, m in zip(weights, models, strict=True) if w > 0) / weights.sum())
    low, high = _missed_interval(design(best.dependent), counts, best.missed, _level(level)[0])
    return CaptureRecapture(
        seen=seen,
        missed=best.missed,
        missed_interval=(low, high),
        total=seen + best.missed,
        total_interval=(seen + low, seen + high),
        completeness=seen / (seen + best.missed),
        completeness_interval=(seen / (seen + high), seen / (seen + low)),
        chosen=best,
        models=tuple(models),
        averaged_missed=averaged,
    )


def _fit_cells(x: np.ndarray, counts: np.ndarray, unseen: np.ndarray) -> tuple[np.ndarray, float]:
    """Expected counts of the cells of a log-linear model, and of the cell nobody sees; by Newton steps.

    Infinite where the data leave the unseen cell open (no overlap), 0 where they push it to nothing.
    """
    beta = np.linalg.lstsq(x, np.log(counts + 0.5), rcond=None)[0]
    for _ in range(200):
        mean = np.exp(np.clip(x @ beta, -40, 40))
        step = np.linalg.lstsq(x.T @ (mean[:, None] * x), x.T @ (counts - mean), rcond=1e-14)[0]
        beta = beta + step * min(1.0, 4 / max(np.abs(step).max(), 1e-300))
        if np.abs(step).max() < 1e-12:
            break
    mean = np.exp(np.clip(x @ beta, -40, 40))
    log_missed = float(unseen @ beta)
    return mean, np.inf if log_missed > np.log(counts.sum()) + 12 else 0.0 if log_missed < -12 else float(
        np.exp(log_missed)
    )


def _missed_interval(x: np.ndarray, counts: np.ndarray, missed: float, tail: float) -> tuple[float, float]:
    """Numbers of missed cases that the data do not speak against: profile likelihood, with the total as the parameter."""

    def profile(m: float) -> float:
        full = np.concatenate([[m], counts])
        mean = _fit_cells(x, full, x[0])[0]
        total = full.sum()
        return float(special.gammaln(total + 1) - special.gammaln(m + 1) + special.xlogy(full, mean / total).sum())

    drop = special.chdtri(1, 2 * tail) / 2
    scale = max(missed, 1.0)
    peak = optimize.minimize_scalar(
        lambda m: -profile(m), bounds=(0, 4 * scale + 10), method="bounded", options={"xatol": 1e-8}
    )
    top, at = max((-float(peak.fun), float(peak.x)), (profile(0.0), 0.0))

    def off(m: float) -> float:
        return profile(m) - top + drop

    low = 0.0 if off(0.0) >= 0 else float(optimize.brentq(off, 0.0, at, xtol=1e-9))
    high = at + scale
    while off(high) > 0:
        high = 2 * high + 1
        if high > 1e9:
            return low, np.inf
    return low, float(optimize.brentq(off, at, high, xtol=1e-9))
