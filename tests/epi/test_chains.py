"""Chains of transmission: equal to an independent recount on real and simulated links, identities, and refusals."""

import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.epi import chains, delays, transmission
from lianfang.epi._checks import EpiInputError
from tests.epi.parity_chains import EBOLA_CASES, EBOLA_LINKS, PAIRS, Recount, lines, simulated_ebola, transmission_pairs

pytestmark = pytest.mark.pure

needs_pairs = pytest.mark.skipif(not PAIRS.exists(), reason="the transmission pairs are not here")
needs_ebola = pytest.mark.skipif(not EBOLA_LINKS.exists(), reason="the simulated Ebola outbreak is not here")


def equal_to_the_recount(cases, links):
    """Compare everything; returns what the library found, for the checks that belong to one data set."""
    recount = Recount(cases, links)
    names = list(cases)
    infector, infectee = chains.number_links(names, [a for a, _b in links], [b for _a, b in links])
    found = chains.primary_infectors(len(names), infector, infectee)
    assert {names[i]: names[j] for i, j in enumerate(found.infector) if j >= 0} == recount.infector
    generation = chains.generations(found.infector)
    assert dict(zip(names, generation.tolist(), strict=True)) == recount.generation
    cluster = chains.clusters(len(names), infector, infectee)
    assert dict(zip(names, cluster.tolist(), strict=True)) == recount.cluster_of
    secondary = chains.secondary_cases(found.infector)
    assert secondary.counts.tolist() == [len(recount.infected[name]) for name in names]
    assert (secondary.counts == 0).sum() == sum(not recount.infected[name] for name in names)
    onset = list(cases.values())
    apart = chains.link_intervals(onset, infector, infectee)
    assert Counter(apart[~np.isnan(apart)].astype(int).tolist()) == Counter(recount.intervals())
    table = chains.describe_clusters(cluster, found.infector, onset=onset)
    for i, members in enumerate(recount.clusters):
        days = [cases[name] for name in members if cases[name]]
        assert table.size[i] == len(members)
        assert table.generations[i] == 1 + max(recount.generation[name] for name in members)
        assert table.chains[i] == sum(name not in recount.infector for name in members)
        assert table.first_onset[i].astype(object) == (min(days) if days else None)
        assert table.last_onset[i].astype(object) == (max(days) if days else None)
    missing = chains.missing_infectors(len(names), infector, infectee)
    assert missing.links_missing == sum(name not in recount.infector for name in names)
    assert len(missing.lost_links) == len(links) - len(recount.kept)
    return found, generation, table, secondary, apart, missing


@needs_pairs
def test_the_1407_pairs_give_the_numbers_of_a_recount():
    cases, links = transmission_pairs()
    assert (len(cases), len(links)) == (2050, 1407)
    found, generation, _table, _secondary, apart, missing = equal_to_the_recount(cases, links)
    assert len(found.cut) == 0
    assert generation.max() == 5
    usable = apart[~np.isnan(apart)]
    assert (usable.size, usable.min(), usable.max(), (usable < 0).sum()) == (679, -11, 24, 54)
    assert round(usable.mean(), 2) == 5.09
    days = list(cases.values())
    places = {name: i for i, name in enumerate(cases)}
    pairs = delays.serial_intervals([days[places[a]] for a, _ in links], [days[places[b]] for _, b in links])
    assert (pairs.n_usable, pairs.mean) == (679, usable.mean())
    assert missing.absent.sum() == 0


@needs_ebola
def test_the_simulated_ebola_links_give_the_numbers_of_a_recount():
    cases, links = simulated_ebola()
    told = np.array([int(row["generation"]) for row in lines(EBOLA_CASES)])
    assert (len(cases), len(links)) == (5829, 3800)
    found, generation, table, secondary, _apart, missing = equal_to_the_recount(cases, links)
    names = list(cases)
    absent = {b for a, b in links if a not in cases}
    assert {names[i] for i in np.flatnonzero(missing.absent)} == {b for b in absent if b in cases} - {
        names[i] for i in np.flatnonzero(found.infector >= 0)
    }
    assert table.size.sum() == 5829
    # the generation that the simulation wrote down grows by one along each link that stands
    known = found.infector >= 0
    assert (told[known] - told[found.infector[known]] == 1).mean() > 0.999
    # the offspring distribution of the transmission module takes these counts: mean = links standing / cases
    fit = transmission.offspring_distribution(secondary.usable)
    assert fit.n == 5829
    assert fit.r == pytest.approx(known.sum() / 5829, rel=1e-12)
    assert fit.k_interval[0] < fit.k < fit.k_interval[1]
    assert generation.max() == 7


def test_a_whole_outbreak_with_100_000_links_takes_well_under_a_second():
    rng = np.random.default_rng(4)
    n = 5829
    onset = np.datetime64("2020-01-01") + rng.integers(0, 300, n)
    infector, infectee = rng.integers(0, n, (2, 120_000))
    apart = infector != infectee
    infector, infectee = infector[apart][:100_000], infectee[apart][:100_000]
    chains.clusters(2, [0], [1])  # scipy's graphs are loaded once
    began = time.process_time()
    found = chains.primary_infectors(n, infector, infectee, certainty=rng.integers(1, 4, 100_000), circles="cut")
    chains.generations(found.infector)
    cluster = chains.clusters(n, infector, infectee)
    chains.describe_clusters(cluster, found.infector, onset=onset)
    chains.secondary_cases(found.infector)
    chains.link_intervals(onset, infector, infectee)
    chains.missing_infectors(n, infector, infectee)
    assert time.process_time() - began < 0.8
    assert len(found.cut)


# --- identities ------------------------------------------------------------------------------------------------------


@st.composite
def some_links(draw):
    n = draw(st.integers(1, 30))
    case = st.integers(-1, n - 1)
    pairs = draw(st.lists(st.tuples(case, case).filter(lambda pair: pair[0] != pair[1] or pair[0] == -1), max_size=60))
    certainty = draw(st.lists(st.integers(0, 3), min_size=len(pairs), max_size=len(pairs)))
    first, second = np.array(pairs, dtype=int).reshape(-1, 2).T
    return n, first, second, np.array(certainty, dtype=float)


@settings(max_examples=300, deadline=None)
@given(some_links())
def test_trees_are_trees_whatever_the_links(given_links):
    n, first, second, certainty = given_links
    found = chains.primary_infectors(n, first, second, certainty=certainty, circles="cut")
    generation = chains.generations(found.infector)  # raises if a circle were left
    has = found.infector >= 0
    assert (generation[has] == generation[found.infector[has]] + 1).all()
    assert (generation[~has] == 0).all()
    assert (first[found.link[has]] == found.infector[has]).all()
    assert (second[found.link[has]] == np.flatnonzero(has)).all()
    assert not set(found.cut) & set(found.link[has])
    start = chains.chain_starts(found.infector)
    assert (found.infector[start] == -1).all()
    assert (start[has] == start[found.infector[has]]).all()
    # secondary cases: each case with an infector is counted once; clusters hold chains whole
    assert chains.secondary_cases(found.infector).counts.sum() == has.sum()
    cluster = chains.clusters(n, first, second)
    assert (cluster[start] == cluster).all()
    table = chains.describe_clusters(cluster, found.infector)
    assert table.size.sum() == n
    assert table.chains.sum() == (~has).sum()
    assert table.generations.max() == generation.max() + 1
    # without an infector: nobody named one among the cases, or each such link was set aside
    for case in np.flatnonzero(~has):
        named = np.flatnonzero((second == case) & (first >= 0))
        assert set(named) <= set(found.cut)
    # the surest of the links that were not set aside was taken
    for case in np.flatnonzero(has):
        left = [i for i in np.flatnonzero((second == case) & (first >= 0)) if i not in found.cut]
        assert certainty[found.link[case]] == max(certainty[left])
        assert found.others[case] == ((second == case) & (first >= 0)).sum() - 1


@settings(max_examples=100, deadline=None)
@given(some_links(), st.randoms(use_true_random=False))
def test_the_order_in_which_cases_stand_changes_nothing_but_their_numbers(given_links, random):
    n, first, second, certainty = given_links
    # all certainties different, so that the order of links breaks no tie
    certainty = np.argsort(np.argsort(certainty, kind="stable"), kind="stable").astype(float)
    order = list(range(n))
    random.shuffle(order)
    to = np.append(order, -1)  # the last entry is where -1 leads
    here = chains.primary_infectors(n, first, second, certainty=certainty, circles="cut")
    there = chains.primary_infectors(n, to[first], to[second], certainty=certainty, circles="cut")
    assert (there.infector[to[:-1]] == to[here.infector]).all()
    assert (there.cut == here.cut).all()
    one, other = chains.clusters(n, first, second), chains.clusters(n, to[first], to[second])[to[:-1]]
    assert len(set(zip(one, other, strict=True))) == len(set(one)) == len(set(other))


def test_of_several_infectors_the_surest_counts_and_of_equals_the_first():
    found = chains.primary_infectors(4, [0, 1, 2, 0], [3, 3, 3, 1], certainty=[1, 2, 2, 1])
    assert found.infector.tolist() == [-1, 0, -1, 1]
    assert found.others.tolist() == [0, 0, 0, 2]
    assert chains.secondary_cases(found.infector).counts.tolist() == [1, 1, 0, 0]


def test_a_circle_is_refused_by_name_or_cut_at_its_weakest_link():
    infector, infectee, certainty = [0, 1, 2, 3], [1, 2, 0, 4], [3, 1, 2, 3]
    with pytest.raises(EpiInputError, match=r"circle \(cases 0 -> 1 -> 2 -> 0\)") as refused:
        chains.primary_infectors(5, infector, infectee, certainty=certainty)
    assert (refused.value.argument, refused.value.code) == ("infector", "circle")
    found = chains.primary_infectors(5, infector, infectee, certainty=certainty, circles="cut")
    assert found.cut.tolist() == [1]
    assert chains.generations(found.infector).tolist() == [1, 2, 0, 0, 1]
    with pytest.raises(EpiInputError, match="circle"):
        chains.generations([2, 0, 1])
    with pytest.raises(EpiInputError, match=r"0 -> 1 -> 2 -> 3 -> 4 -> 5 -> \.\.\."):
        chains.chain_starts(np.roll(np.arange(9), 1))


def test_a_case_cut_from_a_circle_takes_its_next_infector():
    found = chains.primary_infectors(3, [0, 1, 2], [1, 0, 0], certainty=[2, 2, 1], circles="cut")
    assert found.infector.tolist() == [2, 0, -1]
    assert found.cut.tolist() == [1]


def test_a_long_chain_has_as_many_generations_as_cases():
    n = 5000
    assert chains.generations(np.arange(-1, n - 1)).tolist() == list(range(n))


def test_recent_cases_and_those_without_onset_are_not_taken_as_having_infected_nobody():
    rng = np.random.default_rng(2)
    onset = np.array(["2020-01-01", "2020-01-10", "2020-01-20", "NaT"], dtype="datetime64[D]")
    found = chains.secondary_cases([-1, 0, 0, 0], onset=onset, as_of="2020-01-24", follow_days=14)
    assert found.complete.tolist() == [True, True, False, False]
    assert (found.usable.tolist(), found.truncated) == ([3, 0], 2)
    # an outbreak that doubles, cut while it grows: counting the recent cases halves R, leaving them out does not
    tree, days, last = [-1] * 40, [0] * 40, range(40)
    for generation in range(1, 7):
        born = [parent for parent in last for _ in range(rng.negative_binomial(0.5, 0.2))]
        last = range(len(tree), len(tree) + len(born))
        tree += born
        days += [5 * generation] * len(born)
    onset = np.datetime64("2020-01-01") + np.array(days)
    cut = chains.secondary_cases(tree, onset=onset, as_of=onset.max(), follow_days=5)
    assert transmission.offspring_distribution(cut.usable).r == pytest.approx(2, rel=0.25)
    assert transmission.offspring_distribution(cut.counts).r < 1.1


def test_weights_without_places_add_up_to_the_cohort_reproduction_number():
    rng = np.random.default_rng(8)
    counts = rng.poisson(6, 30)
    si = delays.discretised_gamma_si(5.1, 2.7)[:20]
    si = si / si.sum()
    onset = np.datetime64("2020-02-01") + np.repeat(np.arange(30), counts)
    found = chains.plausible_infectors(rng.permutation(onset), si)
    per_case = np.bincount(found.case, weights=found.probability)
    assert per_case[np.unique(found.case)] == pytest.approx(1, rel=1e-12)
    days = (chains.plausible_infectors(onset, si).infector, chains.plausible_infectors(onset, si).probability)
    by_day = np.bincount(np.repeat(np.arange(30), counts)[days[0]], weights=days[1], minlength=30)
    expected = transmission.wallinga_teunis(counts, si, windows=(np.arange(30), np.arange(30)), quantiles=())
    assert by_day == pytest.approx(np.nan_to_num(expected.mean) * counts, rel=1e-9)


def test_probabilities_are_those_of_a_plain_recount():
    rng = np.random.default_rng(9)
    n, si = 60, np.array([0, 0.2, 0.3, 0.3, 0.2])
    days, place = rng.integers(0, 15, n), rng.integers(-1, 4, n)
    onset = (np.datetime64("2020-02-01") + days).astype(object)
    onset[rng.uniform(size=n) < 0.1] = None
    able = rng.uniform(size=n) < 0.8
    found = chains.plausible_infectors(onset, si, place=place, place_factor=0.25, candidates=able)
    expected = {}
    for i in range(n):
        weight = {}
        for j in range(n):
            if able[j] and onset[i] and onset[j] and 0 < (onset[i] - onset[j]).days < len(si):
                near = place[i] == place[j] != -1
                weight[j] = si[(onset[i] - onset[j]).days] * (1 if near else 0.25)
        expected |= {(i, j): w / sum(weight.values()) for j, w in weight.items()}
    got = {(i, j): p for i, j, p in zip(found.case, found.infector, found.probability, strict=True)}
    assert got == pytest.approx(expected)
    assert set(found.unexplained) == set(range(n)) - {i for i, _j in expected}
    for i in set(found.case):
        mine = found.probability[found.case == i]
        assert (np.diff(mine) <= 1e-15).all()
    top = chains.plausible_infectors(onset, si, place=place, place_factor=0.25, candidates=able, most=2)
    for i in set(top.case):
        rows = found.case == i
        assert top.infector[top.case == i].tolist() == found.infector[rows][:2].tolist()
        assert (top.probability[top.case == i] == found.probability[rows][:2]).all()


def test_a_table_of_places_says_the_same_as_one_factor(monkeypatch):
    rng = np.random.default_rng(10)
    onset = np.datetime64("2020-02-01") + rng.integers(0, 20, 80)
    place = rng.integers(0, 5, 80)
    si = [0, 0.5, 0.3, 0.2]
    table = np.where(np.eye(5, dtype=bool), 1, 0.3)
    one = chains.plausible_infectors(onset, si, place=place, place_factor=0.3)
    other = chains.plausible_infectors(onset, si, place=place, place_factor=table)
    monkeypatch.setattr(chains, "PAIRS_AT_ONCE", 50)
    parted = chains.plausible_infectors(onset, si, place=place, place_factor=0.3)
    for found in (other, parted):
        assert (found.case == one.case).all()
        assert (found.infector == one.infector).all()
        assert found.probability == pytest.approx(one.probability, rel=1e-13)
    nowhere = chains.plausible_infectors(onset, si, place=np.arange(80), place_factor=0)
    assert len(nowhere.case) == 0
    assert nowhere.unexplained.tolist() == list(range(80))


def test_true_infectors_are_found_at_the_rate_that_the_probabilities_promise():
    """Calibration: over many simulated pairs, the mean probability given to the true infector is the share expected."""
    rng = np.random.default_rng(12)
    si = delays.discretised_gamma_si(5.1, 2.7)[:18]
    si = si / si.sum()
    tree, day_of, place = [-1] * 8, list(rng.integers(0, 8, 8)), list(rng.integers(0, 3, 8))
    case = 0
    while case < len(tree) and len(tree) < 1500:
        for _ in range(rng.negative_binomial(1, 0.4)):
            tree.append(case)
            day_of.append(day_of[case] + rng.choice(len(si), p=si))
            stays = rng.uniform() < 0.7
            place.append(place[case] if stays else (place[case] + rng.integers(1, 3)) % 3)
        case += 1
    onset = np.datetime64("2020-02-01") + np.array(day_of)
    tree = np.array(tree)
    # a case infects elsewhere 3 times in 10, spread over two other places: weight 0.15 each beside 0.7 at home
    found = chains.plausible_infectors(onset, si, place=place, place_factor=0.15 / 0.7, wanted=tree >= 0)
    right = tree[found.case] == found.infector
    bins = 0
    for low, high in ((0.0, 0.02), (0.02, 0.05), (0.05, 0.2), (0.2, 1.01)):
        bin_ = (found.probability >= low) & (found.probability < high)
        if bin_.sum() > 200:
            bins += 1
            assert right[bin_].mean() == pytest.approx(found.probability[bin_].mean(), rel=0.35), (low, high)
    assert bins >= 3


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "argument", "code"),
    [
        (lambda: chains.number_links(["a", "a"], [], []), "case_ids", "repeated"),
        (lambda: chains.number_links(["a"], ["a"], []), "infectee_ids", "wrong_shape"),
        (lambda: chains.primary_infectors(-1, [], []), "n_cases", "out_of_range"),
        (lambda: chains.primary_infectors(3, [0.5], [1]), "infector", "not_whole"),
        (lambda: chains.primary_infectors(3, [0], [3]), "infectee", "out_of_range"),
        (lambda: chains.primary_infectors(3, [-2], [1]), "infector", "out_of_range"),
        (lambda: chains.primary_infectors(3, [0, 1], [1]), "infectee", "wrong_shape"),
        (lambda: chains.primary_infectors(3, [1], [1]), "infectee", "to_itself"),
        (lambda: chains.primary_infectors(3, [0], [1], certainty=[np.nan]), "certainty", "missing"),
        (lambda: chains.primary_infectors(3, [0], [1], circles="ignore"), "circles", "unknown_choice"),
        (lambda: chains.clusters(3, [[0]], [[1]]), "infector", "wrong_shape"),
        (lambda: chains.generations([-1, 5]), "infector", "out_of_range"),
        (lambda: chains.generations([0]), "infector", "to_itself"),
        (lambda: chains.describe_clusters([0], [-1, 0]), "cluster", "wrong_shape"),
        (lambda: chains.describe_clusters([0, -1], [-1, 0]), "cluster", "out_of_range"),
        (lambda: chains.describe_clusters([0, 0], [-1, 0], onset=["2020-01-01"]), "onset", "wrong_shape"),
        (lambda: chains.describe_clusters([0, 0], [-1, 0], place=["a", "b"]), "place", "not_whole"),
        (lambda: chains.secondary_cases([-1, 0], onset=["2020-01-01"] * 2), "as_of", "missing"),
        (lambda: chains.secondary_cases([-1], onset=["x"], as_of="2020-01-01", follow_days=1), "onset", "not_days"),
        (lambda: chains.missing_infectors(2, [0], [1], introduced=[1, 0]), "introduced", "not_booleans"),
        (lambda: chains.link_intervals([5], [0], [-1]), "onset", "not_days"),
        (lambda: chains.plausible_infectors(["2020-01-01"], [0.5, 0.5]), "si_pmf", "mass_at_zero"),
        (lambda: chains.plausible_infectors(["2020-01-01"], [0, 0.5]), "si_pmf", "not_a_distribution"),
        (lambda: chains.plausible_infectors(["2020-01-01"], [0, 1], place_factor=-1), "place_factor", "negative"),
        (lambda: chains.plausible_infectors(["2020-01-01"], [0, 1], place_factor=[1]), "place_factor", "wrong_shape"),
        (lambda: chains.plausible_infectors(["2020-01-01"], [0, 1], place=[0, 1]), "place", "wrong_shape"),
        (lambda: chains.plausible_infectors(["2020-01-01"], [0, 1], place_factor=[[1.0]]), "place", "missing"),
        (lambda: chains.plausible_infectors(["2020-01-01"], [0, 1], wanted=[True] * 2), "wanted", "wrong_shape"),
        (lambda: chains.plausible_infectors(["2020-01-01"], [0, 1], most=0), "most", "out_of_range"),
    ],
)
def test_bad_input_is_refused_naming_the_argument(call, argument, code):
    with pytest.raises(EpiInputError) as refused:
        call()
    assert (refused.value.argument, refused.value.code) == (argument, code)


def test_nothing_at_all_is_no_error():
    found = chains.primary_infectors(0, [], [])
    assert found.infector.size == found.cut.size == 0
    assert chains.clusters(0, [], []).size == 0
    assert chains.generations(np.empty(0, dtype=int)).size == 0
    assert chains.plausible_infectors([], [0, 1]).unexplained.size == 0
    assert chains.clusters(2, [], []).tolist() == [0, 1]
