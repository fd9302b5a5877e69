"""Signals: a series alone and in a panel, gaps, what was known, and what chance alone gives."""

import numpy as np
import pytest
from scipy import stats

from lianfang.epi import signals
from lianfang.epi._checks import EpiInputError
from lianfang.epi.signals import _quantiles
from lianfang.epi.signals._judged import weeks_of_years
from tests.epi import false_alarms

pytestmark = pytest.mark.pure

N_WEEKS = 6 * 52 + 10
DAYS = np.datetime64("2014-01-06") + 7 * np.arange(N_WEEKS)
YEAR = 6 * 52 - 26  # the first judged week


def panel(seed=1, spread=1.8):
    rng = np.random.default_rng(seed)
    mean = np.array([0.05, 0.6, 4, 12, 70, 900, 8])[:, None] * np.exp(0.6 * np.cos(np.arange(N_WEEKS) / 52 * 2 * np.pi))
    counts = rng.negative_binomial(mean / (spread - 1), 1 / spread).astype(float)
    counts[2, YEAR + 5 : YEAR + 9] += 20
    return counts


METHODS = {
    "farrington": lambda y: signals.farrington(y, at=np.arange(YEAR, y.shape[-1])),
    "farrington by date": lambda y: signals.farrington(y, at=np.arange(YEAR, y.shape[-1]), days=DAYS[: y.shape[-1]]),
    "flexible": lambda y: signals.farrington_flexible(y, at=np.arange(YEAR, y.shape[-1])),
    "flexible by date": lambda y: signals.farrington_flexible(
        y, at=np.arange(YEAR, y.shape[-1]), days=DAYS[: y.shape[-1]], method="quantile_of_mean"
    ),
    "flexible delta": lambda y: signals.farrington_flexible(
        y, at=np.arange(YEAR, y.shape[-1]), method="delta", blocks=1, trend_p=0.05, reweight_above=1
    ),
    "C1": lambda y: signals.ears(y, method="C1", at=np.arange(YEAR, y.shape[-1])),
    "C2": lambda y: signals.ears(y, method="C2", at=np.arange(YEAR, y.shape[-1])),
    "C3": lambda y: signals.ears(y, method="C3", min_sd=0.5, at=np.arange(YEAR, y.shape[-1])),
    "rki": lambda y: signals.rki(y, at=np.arange(YEAR, y.shape[-1])),
    "bayes": lambda y: signals.bayes(y, years=2, at=np.arange(YEAR, y.shape[-1])),
    "cusum": lambda y: signals.cusum(y, start=YEAR),
    "cusum by season": lambda y: signals.cusum(
        y, start=YEAR, transform="anscombe", expected=signals.seasonal_mean(y, start=YEAR)
    ),
    "outbreak_p": lambda y: signals.outbreak_p(y, at=np.arange(YEAR, y.shape[-1])),
    "glr": lambda y: signals.glr(y, signals.seasonal_mean(y, start=YEAR), start=YEAR),
    "glr known change": lambda y: signals.glr(y, signals.seasonal_mean(y, start=YEAR), start=YEAR, change=1.5),
    "glr spread": lambda y: signals.glr(y, signals.seasonal_mean(y, start=YEAR), start=YEAR, dispersion=0.2, window=12),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_series_alone_has_the_signals_it_has_in_a_panel(name):
    counts = panel()
    together = METHODS[name](counts)
    for row, series in enumerate(counts):
        alone = METHODS[name](series)
        assert alone.threshold.shape == alone.alarm.shape == alone.at.shape
        np.testing.assert_array_equal(alone.alarm, together.alarm[row])
        np.testing.assert_allclose(alone.threshold, together.threshold[row], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", METHODS)
def test_nothing_after_a_judged_week_is_looked_at(name):
    counts = panel()
    whole, known_then = METHODS[name](counts), METHODS[name](counts[:, :-12])
    n = known_then.at.size
    np.testing.assert_array_equal(known_then.alarm, whole.alarm[:, :n])
    np.testing.assert_allclose(known_then.threshold, whole.threshold[:, :n], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", METHODS)
def test_an_outbreak_is_a_signal_and_a_missing_week_is_none(name):
    counts = panel()
    found = METHODS[name](counts)
    assert found.alarm[2, 5:9].any()
    counts[2, YEAR + 6] = np.nan
    counts[:, YEAR - 40] = np.nan
    gone = METHODS[name](counts)
    assert not gone.alarm[2, 6]
    assert np.isnan(gone.observed[2, 6])


@pytest.mark.parametrize("name", METHODS)
def test_series_without_any_case_give_no_alarm_and_no_warning(name, recwarn):
    found = METHODS[name](np.zeros((3, N_WEEKS)))
    assert not found.alarm.any()
    assert not recwarn.list


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(("value", "code"), [(-1, "negative"), (np.inf, "infinite")])
def test_bad_counts_are_refused_by_name(name, value, code):
    counts = panel()
    counts[3, 17] = value
    with pytest.raises(EpiInputError) as refused:
        METHODS[name](counts)
    assert (refused.value.argument, refused.value.code) == ("counts", code)


REFUSED = [
    (lambda: signals.farrington(np.ones(100)), "counts", "too_short"),
    (lambda: signals.farrington(np.ones(400), at=[250]), "at", "before_data"),
    (lambda: signals.farrington(np.ones(400), at=[400]), "at", "after_data"),
    (lambda: signals.farrington(np.ones(N_WEEKS), at=[200], days=DAYS), "at", "before_data"),
    (lambda: signals.farrington(np.ones(N_WEEKS), days=DAYS[::-1]), "days", "unsorted"),
    (lambda: signals.farrington(np.ones(N_WEEKS), days=DAYS[:-1]), "days", "wrong_shape"),
    (lambda: signals.farrington(np.ones(N_WEEKS - 1), days=np.delete(DAYS, 9)), "days", "gaps"),
    (lambda: signals.farrington(np.ones(400), alpha=1), "alpha", "out_of_range"),
    (lambda: signals.farrington(np.ones(400), power="3/4"), "power", "unknown_choice"),
    (lambda: signals.farrington(np.ones(400), at_least=5), "at_least", "wrong_shape"),
    (lambda: signals.farrington_flexible(np.ones(400), blocks=60), "blocks", "out_of_range"),
    (lambda: signals.farrington_flexible(np.ones(400), years=1, exclude_recent=70), "exclude_recent", "out_of_range"),
    (lambda: signals.farrington_flexible(np.ones(400), method="best"), "method", "unknown_choice"),
    (lambda: signals.ears(np.ones(7)), "counts", "too_short"),
    (lambda: signals.ears(np.ones(30), method="C3", at=[10]), "at", "before_data"),
    (lambda: signals.ears(np.ones(30), baseline=2), "baseline", "out_of_range"),
    (lambda: signals.bayes(np.full(30, 0.5)), "counts", "not_whole"),
    (lambda: signals.rki(np.ones(30), years=0), "years", "out_of_range"),
    (lambda: signals.cusum(np.ones(30), start=0), "start", "before_data"),
    (lambda: signals.cusum(np.ones(30), start=30), "start", "after_data"),
    (lambda: signals.cusum(np.ones(30), start=5, expected=-1), "expected", "negative"),
    (lambda: signals.cusum(np.ones(30), start=5, expected=np.ones(9)), "expected", "wrong_shape"),
    (lambda: signals.seasonal_mean(np.ones(30), start=3), "start", "before_data"),
    (lambda: signals.glr(np.ones(30), 1, change=1), "change", "out_of_range"),
    (lambda: signals.glr(np.ones(30), 1, window=2, min_weeks=3), "window", "out_of_range"),
    (lambda: signals.outbreak_p(np.ones(30), limit=0.5), "limit", "out_of_range"),
    (lambda: signals.space_time_scan(np.ones(9), [[0, 0]], [1]), "counts", "wrong_shape"),
    (lambda: signals.space_time_scan(np.ones((3, 9)), np.ones((2, 2)), np.ones(3)), "coordinates", "wrong_shape"),
    (lambda: signals.space_time_scan(np.ones((3, 9)), np.ones((3, 2)), [1, 0, 1]), "baseline", "out_of_range"),
    (
        lambda: signals.space_time_scan(np.ones((3, 9)), np.ones((3, 2)), np.ones(3), max_weeks=10),
        "max_weeks",
        "out_of_range",
    ),
    (
        lambda: signals.space_time_scan(np.ones((1, 9)), [[30, 120]], [1], sphere=True),
        "coordinates",
        "out_of_range",
    ),
]


@pytest.mark.parametrize(("call", "argument", "code"), REFUSED)
def test_bad_input_is_refused_with_one_error_that_names_the_argument(call, argument, code):
    with pytest.raises(EpiInputError) as refused:
        call()
    assert (refused.value.argument, refused.value.code) == (argument, code)


def test_by_date_the_same_week_of_another_year_is_the_nearest():
    weeks, same = weeks_of_years(None, N_WEEKS, years=5, half_window=3, period=52, days=DAYS)
    for k, row in zip(weeks, same, strict=True):
        for back, index in enumerate(row):
            day = DAYS[k].astype(object)
            try:
                earlier = day.replace(year=day.year - back)
            except ValueError:  # 29 February
                earlier = day.replace(year=day.year - back, month=3, day=1)
            assert abs((DAYS[index].astype(object) - earlier).days) <= 3
    assert weeks[0] - same[0, -1] in (260, 261)


def test_missing_reference_weeks_are_as_if_not_there():
    counts = panel()[3]
    gaps = counts.copy()
    rng = np.random.default_rng(3)
    gone = rng.choice(np.arange(YEAR - 30), 40, replace=False)
    gaps[gone] = np.nan
    with_gaps = signals.farrington_flexible(gaps, at=[YEAR])
    gaps[gone] = 10_000  # what stands in a missing week has no say
    loud = signals.farrington_flexible(gaps, at=[YEAR])
    assert with_gaps.threshold != loud.threshold
    assert abs(with_gaps.expected - signals.farrington_flexible(counts, at=[YEAR]).expected) < 3


def test_a_disease_never_seen_before_is_a_signal_once_there_are_enough_cases():
    counts = np.zeros(N_WEEKS)
    counts[-3:] = [1, 2, 3]
    found = signals.farrington_flexible(counts, at=np.arange(N_WEEKS - 3, N_WEEKS))
    assert found.alarm.tolist() == [False, False, True]
    assert found.threshold[-1] == found.expected[-1] == 0
    assert np.isnan(found.threshold[0])  # one case in four weeks is too few for an answer


def test_a_threshold_is_where_the_alarm_begins():
    """The same week with one case more or less than the threshold."""
    counts = panel()
    for name, method in METHODS.items():
        if name == "C3":  # its threshold depends on the count itself
            continue
        found = method(counts)
        last = counts.copy()
        limit = found.threshold[:, -1]
        above = np.floor(limit) + 1
        exceeded = not name.startswith(("cusum", "glr", "outbreak_p")) or "known" in name
        last[:, -1] = np.where(np.isnan(limit), 0, above if exceeded else np.ceil(limit))
        # at least five cases in four weeks, where that is asked for
        judged = ~np.isnan(limit) & (np.nansum(last[:, -4:], axis=1) >= 5) & (limit < 1e6)
        assert judged.any(), name
        assert method(last).alarm[judged, -1].all(), name
        below = np.where(np.isnan(limit), 0, np.floor(limit) if exceeded else np.ceil(limit) - 1)
        last[:, -1] = np.maximum(below, 0)
        assert not method(last).alarm[judged & (below >= 0), -1].any(), name


def test_farrington_on_poisson_counts_alarms_about_as_often_as_alpha_says():
    rng = np.random.default_rng(20261124)
    counts = rng.poisson(20, (4000, 6 * 52))
    for alpha in (0.01, 0.05):
        found = signals.farrington_flexible(counts, at=[311], alpha=alpha, trend=False)
        share = found.alarm.mean()
        assert alpha / 3 < share < alpha * 1.4, (alpha, share)  # counts are whole, so less than alpha rather than more
        assert np.isclose((found.p < alpha).mean(), share, atol=0.002)


def test_glr_equals_its_definition():
    rng = np.random.default_rng(5)
    x, mean = rng.poisson(4, 14), rng.uniform(2, 6, 14)
    for dispersion, window, direction in ((0, 14, "up"), (0, 5, "down"), (0.3, 14, "up"), (0.3, 6, "down")):
        found = signals.glr(x, mean, limit=50, dispersion=dispersion, window=window, direction=direction)
        grid = np.exp(np.linspace(0, 3, 40_001) * (1 if direction == "up" else -1))

        def log_chance(counts, means, dispersion=dispersion):
            if not dispersion:
                return stats.poisson.logpmf(counts, means)
            return stats.nbinom.logpmf(counts, 1 / dispersion, 1 / (1 + dispersion * means))

        for n in range(14):
            best = max(
                sum(log_chance(x[i], grid * mean[i]) - log_chance(x[i], mean[i]) for i in range(k, n + 1)).max()
                for k in range(max(0, n - window + 1), n + 1)
            )
            assert abs(found.statistic[n] - best) < 1e-4, (dispersion, n)


def test_outbreak_p_equals_its_definition_by_isotonic_regression():
    from scipy.optimize import isotonic_regression

    rng = np.random.default_rng(6)
    x = np.concatenate([rng.poisson(2, 12), rng.poisson(6, 6)])
    found = signals.outbreak_p(x)
    for n in range(1, len(x) + 1):
        rising = isotonic_regression(x[:n].astype(float)).x
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(x[:n] > 0, x[:n] * np.log(rising / x[:n].mean()), 0)
        assert np.isclose(found.statistic[n - 1], np.exp(terms.sum()), rtol=1e-10)


def test_seasonal_mean_fits_the_sums_of_its_regression():
    """Of a Poisson regression with log link the fitted counts have the sums of the counts, over every term."""
    counts = panel()[2:]
    fitted = signals.seasonal_mean(counts, start=208, harmonics=2, trend=True)[:, :208]
    time = np.arange(208)
    for term in (np.ones(208), time, np.cos(2 * np.pi * time / 52), np.sin(4 * np.pi * time / 52)):
        np.testing.assert_allclose(fitted @ term, counts[:, :208] @ term, rtol=1e-5, atol=1e-3)


def test_quantiles_are_the_smallest_count_that_reaches_the_level():
    rng = np.random.default_rng(7)
    size, share = rng.gamma(0.5, 20, 3000), rng.uniform(0.001, 0.999, 3000)
    for level in (0.01, 0.5, 0.95, 0.9999):
        q = _quantiles.negative_binomial(level, size, share)
        assert (stats.nbinom.cdf(q, size, share) >= level * (1 - 1e-12)).all()
        assert (stats.nbinom.cdf(q - 1, size, share) < level).all()
        q = _quantiles.poisson(level, size)
        assert (stats.poisson.cdf(q, size) >= level * (1 - 1e-12)).all()
        assert (stats.poisson.cdf(q - 1, size) < level).all()


# --- the scan ----------------------------------------------------------------------------------------------------


def country(seed=8, n_areas=40):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 100, (n_areas, 2)), rng.lognormal(1, 0.8, n_areas), rng


def by_hand(counts, place, base, max_weeks, max_share):
    """Every circle and length, one after another."""
    share = np.broadcast_to(base[:, None], counts.shape) / (base.sum() * counts.shape[1])
    total, best = counts.sum(), (0.0, None, None)
    for centre in range(len(place)):
        order = np.argsort(np.hypot(*(place - place[centre]).T))
        for size in range(1, len(order) + 1):
            areas = order[:size]
            if size > 1 and base[areas].sum() > max_share * base.sum():
                break
            for length in range(1, max_weeks + 1):
                c, e = counts[areas, -length:].sum(), total * share[areas, -length:].sum()
                if c > e:
                    ratio = c * np.log(c / e) + (total - c) * np.log((total - c) / (total - e))
                    if ratio > best[0]:
                        best = (ratio, frozenset(areas.tolist()), counts.shape[1] - length)
    return best


def test_a_planted_cluster_is_found_where_it_is_and_since_when():
    place, base, rng = country()
    counts = rng.poisson(np.broadcast_to(base[:, None], (40, 30)))
    planted = np.argsort(np.hypot(*(place - place[7]).T))[:4]
    counts[planted, -3:] += rng.poisson(2 * base[planted, None] + 3, (4, 3))
    found = signals.space_time_scan(counts, place, base, max_weeks=6, seed=1)
    first = found.clusters[0]
    assert set(planted.tolist()) <= set(first.areas)
    assert len(first.areas) <= 6  # a neighbour with more cases by chance may come along
    assert (first.start, found.p) == (27, 1 / 1000)
    assert first.relative_risk > 2
    ratio, areas, start = by_hand(counts, place, base, 6, 0.5)
    assert np.isclose(first.ratio, ratio, rtol=1e-9)
    assert (frozenset(first.areas), first.start) == (areas, start)
    taken = [area for cluster in found.clusters for area in cluster.areas]
    assert len(taken) == len(set(taken))


def test_the_scan_equals_every_cylinder_by_hand_and_its_p_the_seed():
    for seed in range(4):
        place, base, rng = country(seed, 15)
        counts = rng.poisson(np.broadcast_to(base[:, None], (15, 12)))
        found = signals.space_time_scan(counts, place, base, max_weeks=4, max_share=0.3, seed=seed, replicates=99)
        ratio, areas, start = by_hand(counts, place, base, 4, 0.3)
        assert np.isclose(found.clusters[0].ratio, ratio, rtol=1e-9)
        assert (frozenset(found.clusters[0].areas), found.clusters[0].start) == (areas, start)
        again = signals.space_time_scan(counts, place, base, max_weeks=4, max_share=0.3, seed=seed, replicates=99)
        np.testing.assert_array_equal(found.replicates, again.replicates)


def test_p_of_the_scan_is_uniform_when_there_is_no_cluster():
    place, base, rng = country(9, 20)
    p = []
    for _ in range(300):
        counts = rng.poisson(np.broadcast_to(base[:, None] * 0.4, (20, 15)))
        p.append(signals.space_time_scan(counts, place, base, max_weeks=4, replicates=99, seed=rng).p)
    p = np.array(p)
    assert stats.kstest(p - rng.uniform(0, 0.01, p.size), "uniform").pvalue > 0.01
    assert abs((p <= 0.05).mean() - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 300)


def test_the_scan_leaves_missing_counts_out_and_knows_days_with_no_case():
    place, base, rng = country(10, 12)
    counts = rng.poisson(np.broadcast_to(base[:, None], (12, 10))).astype(float)
    counts[3] = np.nan
    found = signals.space_time_scan(counts, place, base, seed=1, replicates=19)
    keep = np.arange(12) != 3
    without = signals.space_time_scan(counts[keep], place[keep], base[keep], seed=1, replicates=19)
    assert np.isclose(found.clusters[0].ratio, without.clusters[0].ratio)
    nothing = signals.space_time_scan(np.zeros((12, 10)), place, base, seed=1, replicates=19)
    assert (nothing.clusters, nothing.p) == ((), 1.0)


def test_distances_on_the_sphere_are_great_circles():
    quarter = signals.scan._distances(np.array([[0.0, 0.0], [90.0, 0.0], [120.0, 90.0]]), sphere=True)
    np.testing.assert_allclose(quarter[np.triu_indices(3, 1)], signals.scan.EARTH_KM * np.pi / 2)


def test_areas_at_one_distance_enter_a_circle_together():
    x, y = np.divmod(np.arange(9), 3)
    circles = signals.scan._circles(
        signals.scan._distances(np.column_stack([x, y]).astype(float), sphere=False), np.full(9, 1 / 9), 1.0, np.inf
    )
    of_middle = {frozenset(circles.areas(i).tolist()) for i in range(len(circles.centre))}
    assert {frozenset([4]), frozenset([1, 3, 4, 5, 7]), frozenset(range(9))} <= of_middle
    assert frozenset([1, 4]) not in of_middle
    assert len(of_middle) == len(circles.centre)


# --- how often chance alarms -------------------------------------------------------------------------------------


def test_methods_alarm_rarely_while_nothing_is_on_and_find_an_outbreak():
    for row in false_alarms.rows(n_series=80):
        assert row.without < 0.12, row
        assert row.found > (0.55 if row.method.startswith(("ears", "glr")) else 0.75), row
        if row.method == "farrington_flexible":  # alpha is one percent, and counts are whole
            assert row.without < 0.02, row
