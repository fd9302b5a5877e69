"""Rates, standardisation, tables and cases that were missed."""

import numpy as np
import pytest
from scipy import stats

from lianfang.epi import rates
from lianfang.epi._checks import EpiInputError

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("method", ["wilson", "exact", "jeffreys"])
def test_intervals_at_the_ends(method):
    found = rates.proportion([0, 10, 0], [10, 10, 0], method=method)
    assert found.value[:2].tolist() == [0, 1]
    assert (found.lower[0], found.upper[1]) == (0, 1)
    assert 0 < found.upper[0] < 0.4
    assert 0.6 < found.lower[1] < 1
    assert np.isnan([found.value[2], found.lower[2], found.upper[2]]).all()


def test_the_exact_interval_is_where_each_tail_holds_its_share():
    found = rates.proportion(7, 30, method="exact", level=0.9)
    assert stats.binom.sf(6, 30, found.lower) == pytest.approx(0.05)
    assert stats.binom.cdf(7, 30, found.upper) == pytest.approx(0.05)


def test_attack_rates_of_many_areas_are_those_of_each():
    cases, people = np.array([3, 40, 0]), np.array([120, 4000, 50])
    together = rates.attack_rate(cases, people, per=1000)
    for i in range(3):
        alone = rates.attack_rate(cases[i], people[i], per=1000)
        assert [alone.value, alone.lower, alone.upper] == [together.value[i], together.lower[i], together.upper[i]]


def test_fatality_corrected_for_its_delay_finds_the_truth_while_cases_grow():
    delay = np.array([0, 0, 0.2, 0.5, 0.3])
    cases = 10 * 1.2 ** np.arange(25)
    deaths = 0.1 * np.convolve(cases, delay)[:25]
    naive = rates.case_fatality(cases, deaths)
    corrected = rates.case_fatality(cases, deaths, delay_pmf=delay)
    assert naive.value < 0.07
    assert corrected.value == pytest.approx(0.1)
    assert corrected.lower < 0.1 < corrected.upper
    by_day = rates.case_fatality(cases, deaths, delay_pmf=delay, by_day=True)
    assert np.isnan(by_day.value[:2]).all()
    assert by_day.value[2:] == pytest.approx(np.full(23, 0.1))
    assert by_day.value[-1] == corrected.value


def test_fatality_of_one_series_is_the_same_in_a_panel():
    rng = np.random.default_rng(1)
    cases = rng.poisson(20, (3, 40))
    deaths = rng.binomial(cases, 0.05)
    for delay in (None, [0.2, 0.5, 0.3]):
        together = rates.case_fatality(cases, deaths, delay_pmf=delay, by_day=True)
        for i in range(3):
            alone = rates.case_fatality(cases[i], deaths[i], delay_pmf=delay, by_day=True)
            for name in ("value", "lower", "upper", "cases"):
                assert getattr(together, name)[i] == pytest.approx(getattr(alone, name), rel=1e-12, nan_ok=True)


def test_fatality_when_every_outcome_is_known_is_deaths_over_cases():
    day = np.datetime64("2020-01-01")
    begin = day + np.arange(6)
    died = np.array([day + 9, "NaT", "NaT", day + 12, "NaT", "NaT"], dtype="datetime64[D]")
    recovered = np.where(np.isnat(died), begin + 20, np.datetime64("NaT"))
    found = rates.case_fatality_by_follow_up(begin, died, recovered, as_of=day + 60)
    assert found.value == pytest.approx(2 / 6)
    assert found.lower < found.value < found.upper
    again = rates.case_fatality_by_follow_up(begin, died, recovered, as_of=day + 60)
    assert (again.lower, again.upper) == (found.lower, found.upper)


def test_outcomes_after_the_data_cut_are_not_known():
    day = np.datetime64("2020-01-01")
    begin = [day] * 4
    died = [day + 5, None, None, day + 30]
    recovered = [None, day + 10, day + 12, None]
    found = rates.case_fatality_by_follow_up(begin, died, recovered, as_of=day + 15)
    assert found.value == pytest.approx(1 / 3)


def test_directly_standardised_rates_with_the_own_population_as_standard_are_crude():
    cases, people = np.array([5, 20, 60]), np.array([10_000, 8_000, 3_000])
    found = rates.standardised_rate(cases, people, people, per=100_000)
    assert found.value == pytest.approx(cases.sum() / people.sum() * 100_000)


def test_an_age_without_people_has_no_standardised_rate():
    found = rates.standardised_rate([[1, 2], [0, 2]], [[100, 100], [0, 100]], [1, 1])
    assert found.value[0] == pytest.approx(0.015)
    assert np.isnan(found.value[1])


def test_the_indirectly_standardised_ratio_of_the_reference_itself_is_one():
    people = np.array([10_000, 8_000, 3_000])
    cases = np.array([5, 20, 60])
    assert rates.standardised_ratio(cases.sum(), people, cases / people).value == pytest.approx(1)


def test_many_tables_are_those_of_each():
    cells = np.random.default_rng(2).integers(0, 30, (4, 6))
    together = rates.two_by_two(*cells)
    for i in range(6):
        alone = rates.two_by_two(*cells[:, i])
        for name in ("risk_ratio", "odds_ratio", "risk_difference", "exact_odds_ratio"):
            one, many = getattr(alone, name), getattr(together, name)
            assert [one.value, one.lower, one.upper] == pytest.approx(
                [many.value[i], many.lower[i], many.upper[i]], nan_ok=True
            )
        assert alone.fisher_p == pytest.approx(together.fisher_p[i])


def test_swapping_exposed_and_unexposed_turns_ratios_over():
    one, other = rates.two_by_two(30, 20, 10, 40), rates.two_by_two(10, 40, 30, 20)
    assert other.odds_ratio.value == pytest.approx(1 / one.odds_ratio.value)
    assert other.risk_ratio.upper == pytest.approx(1 / one.risk_ratio.lower)
    assert other.exact_odds_ratio.lower == pytest.approx(1 / one.exact_odds_ratio.upper)
    assert other.risk_difference.value == pytest.approx(-one.risk_difference.value)
    assert other.fisher_p == pytest.approx(one.fisher_p)


def test_the_exact_test_is_that_of_scipy():
    for cells in ((8, 2, 1, 5), (0, 9, 4, 3), (12, 30, 25, 7), (5, 5, 5, 5)):
        expected = stats.fisher_exact([[cells[0], cells[1]], [cells[2], cells[3]]]).pvalue
        assert rates.two_by_two(*cells).fisher_p == pytest.approx(expected, rel=1e-9)


def test_an_empty_cell_leaves_the_exact_odds_ratio():
    found = rates.two_by_two(0, 12, 9, 6)
    assert (found.odds_ratio.value, found.exact_odds_ratio.value) == (0, 0)
    assert np.isnan(found.odds_ratio.upper)
    assert 0 < found.exact_odds_ratio.upper < 1
    unasked = rates.two_by_two(0, 12, 9, 6, exact=False)
    assert np.isnan([unasked.fisher_p, unasked.exact_odds_ratio.upper]).all()


def test_newcombe_interval_as_published():
    """Newcombe 1998, table II (a): 56/70 against 48/80, method 10: 0.0524 to 0.3339."""
    found = rates.two_by_two(56, 14, 48, 32).risk_difference
    assert [found.lower, found.upper] == pytest.approx([0.0524, 0.3339], abs=5e-5)


def test_one_stratum_pooled_is_that_stratum():
    pooled = rates.mantel_haenszel([[[30, 20], [10, 40]]])
    single = rates.two_by_two(30, 20, 10, 40)
    assert pooled.odds_ratio.value == pytest.approx(single.odds_ratio.value)
    assert pooled.odds_ratio.lower == pytest.approx(single.odds_ratio.lower)
    assert pooled.risk_ratio.value == pytest.approx(single.risk_ratio.value)
    assert pooled.risk_ratio.upper == pytest.approx(single.risk_ratio.upper)


def test_chapman_of_many_areas_and_of_full_overlap():
    found = rates.chapman([80, 30], [60, 30], [40, 30])
    assert found.value[0] == pytest.approx(81 * 61 / 41 - 1)
    assert [found.value[1], found.lower[1], found.upper[1]] == [30, 30, 30]


def test_two_lists_of_ids_become_cells():
    cells = rates.source_cells(["a", "b", "c", "c"], ["c", "d"], np.array(["d", "e", "a"]))
    assert cells.sum() == 5
    assert (cells[1, 0, 1], cells[1, 1, 0], cells[0, 1, 1], cells[0, 0, 1], cells[0, 0, 0]) == (1, 1, 1, 1, 0)


def test_two_sources_give_the_number_of_lincoln_and_petersen():
    found = rates.capture_recapture([[0, 20], [40, 40]])
    assert found.missed == pytest.approx(20 * 40 / 40)
    assert found.total == pytest.approx(80 * 60 / 40)
    assert found.missed_interval[0] < found.missed < found.missed_interval[1]
    assert found.completeness == pytest.approx(100 / 120)
    assert found.completeness_interval[0] < found.completeness < found.completeness_interval[1]


def test_zero_omission_is_a_claim_with_an_upper_end():
    """Both sources hold exactly the same 30 cases: none missed is the best guess, some may be."""
    found = rates.capture_recapture([[0, 0], [0, 30]])
    assert found.missed == pytest.approx(0, abs=1e-4)
    assert found.missed_interval[0] == 0
    assert 0 <= found.missed_interval[1] < 1
    few = rates.capture_recapture([[0, 0], [3, 3]])
    assert few.missed_interval[1] > 1
    assert few.completeness_interval[0] < 0.9


CELLS = np.array([[[0, 28], [17, 19]], [[45, 12], [24, 31]]])


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0), (1, 2, 0)])
def test_the_order_of_the_sources_does_not_matter(order):
    found, turned = rates.capture_recapture(CELLS), rates.capture_recapture(CELLS.transpose(order))
    assert turned.missed == pytest.approx(found.missed)
    assert turned.total_interval == pytest.approx(found.total_interval)
    assert turned.averaged_missed == pytest.approx(found.averaged_missed)


def test_with_every_pair_dependent_the_missed_follow_from_the_cells_alone():
    found = rates.capture_recapture(CELLS, dependent=[(0, 1), (0, 2), (1, 2)])
    odd, even = (
        CELLS[1, 1, 1] * CELLS[1, 0, 0] * CELLS[0, 1, 0] * CELLS[0, 0, 1],
        CELLS[1, 1, 0] * CELLS[1, 0, 1] * CELLS[0, 1, 1],
    )
    assert found.missed == pytest.approx(odd / even)
    assert found.chosen.deviance == pytest.approx(0, abs=1e-9)


def test_two_sources_that_depend_on_each_other_are_one_list_to_a_third_that_does_not():
    """Under that one dependence the first two together and the third are the two lists of Lincoln and Petersen."""
    found = rates.capture_recapture(CELLS, dependent=[(0, 1)])
    either = np.array([[0, CELLS[0, 0, 1]], [CELLS[:, :, 0].sum(), CELLS[:, :, 1].sum() - CELLS[0, 0, 1]]])
    assert found.missed == pytest.approx(rates.capture_recapture(either).missed)


def test_few_cases_do_not_buy_a_dependence():
    """Among 35 cases the plain AIC takes three dependences; the corrected one asks for more cases."""
    few = rates.capture_recapture([[[0, 5], [5, 8]], [[3, 7], [6, 1]]])
    plain = min(few.models, key=lambda m: m.aic)
    assert len(few.chosen.dependent) < len(plain.dependent)
    assert all(m.aicc > m.aic for m in few.models)
    many = rates.capture_recapture(1000 * CELLS)
    assert many.chosen.aicc == pytest.approx(many.chosen.aic, rel=1e-3)
    tiny = rates.capture_recapture([[[0, 1], [1, 0]], [[1, 0], [0, 1]]])
    assert tiny.chosen.aicc == np.inf  # four cases cannot say, and the plain AIC chooses
    assert tiny.missed > 0


def test_chapman_comes_near_lincoln_and_petersen_and_stays_finite_without_overlap():
    assert rates.chapman(8000, 6000, 4000).value == pytest.approx(8000 * 6000 / 4000, rel=1e-3)
    assert rates.chapman(8, 6, 0).value == 9 * 7 - 1


def test_sources_that_find_the_same_cases_are_told_by_a_third():
    """1,000 cases; the first two sources find the same ones more often, the third does not care."""
    rng = np.random.default_rng(12)
    severe = rng.uniform(size=1000) < 0.4
    first = rng.uniform(size=1000) < np.where(severe, 0.8, 0.2)
    second = rng.uniform(size=1000) < np.where(severe, 0.7, 0.15)
    third = rng.uniform(size=1000) < 0.4
    cells = np.zeros((2, 2, 2))
    np.add.at(cells, tuple(np.stack([first, second, third]).astype(int)), 1)
    found = rates.capture_recapture(cells)
    assert (0, 1) in found.chosen.dependent
    assert found.total_interval[0] < 1000 < found.total_interval[1]
    independent = rates.capture_recapture(cells, dependent=[])
    assert independent.total_interval[1] < 1000
    two = rates.capture_recapture(cells.sum(axis=2))
    assert two.total_interval[1] < 1000
    assert len(found.models) == 8


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: rates.proportion(5, 4), "cases"),
        (lambda: rates.proportion(-1, 4), "cases"),
        (lambda: rates.proportion(1, 4, method="wald"), "method"),
        (lambda: rates.proportion([1, 2], [4, 5, 6]), "of"),
        (lambda: rates.proportion(1, 4, level=1), "level"),
        (lambda: rates.attack_rate(1, 4, per=0), "per"),
        (lambda: rates.incidence_rate(1, -4), "person_time"),
        (lambda: rates.case_fatality([5, 5], [3, 9]), "deaths"),
        (lambda: rates.case_fatality([5, 5], [3]), "deaths"),
        (lambda: rates.case_fatality([5, 5], [1, 1], delay_pmf=[0.5]), "delay_pmf"),
        (
            lambda: rates.case_fatality_by_follow_up(["2020-01-05"], ["2020-01-04"], [None], as_of="2020-02-01"),
            "died",
        ),
        (
            lambda: rates.case_fatality_by_follow_up(
                ["2020-01-05"], ["2020-01-14"], ["2020-01-15"], as_of="2020-02-01"
            ),
            "recovered",
        ),
        (lambda: rates.case_fatality_by_follow_up(["2020-01-05"], [None], [None], as_of="2020-01-01"), "as_of"),
        (lambda: rates.standardised_rate([5, 1], [4, 9], [1, 1]), "cases"),
        (lambda: rates.standardised_rate([1, 1], [4, 9], [1, 1, 1]), "standard"),
        (lambda: rates.standardised_ratio([1, 2], [4, 9], [0.1, 0.1]), "cases"),
        (lambda: rates.two_by_two(1.5, 2, 3, 4), "exposed_ill"),
        (lambda: rates.two_by_two(1, 2, -3, 4), "unexposed_ill"),
        (lambda: rates.mantel_haenszel([[1, 2], [3, 4]]), "tables"),
        (lambda: rates.chapman(5, 6, 7), "in_both"),
        (lambda: rates.source_cells(["a"]), "sources"),
        (lambda: rates.capture_recapture([[0, 1, 2]]), "cells"),
        (lambda: rates.capture_recapture([[0, 0], [0, 0]]), "cells"),
        (lambda: rates.capture_recapture([[0, 5], [6, 0]]), "cells"),
        (lambda: rates.capture_recapture([[0, 5], [6, 3]], dependent=[(0, 1)]), "dependent"),
        (lambda: rates.capture_recapture(np.ones((2, 2, 2)), dependent=[(0, 3)]), "dependent"),
        (lambda: rates.capture_recapture(np.ones((2, 2, 2)), dependent=3), "dependent"),
    ],
)
def test_bad_input_is_refused_by_name(call, argument):
    with pytest.raises(EpiInputError) as refused:
        call()
    assert refused.value.argument == argument
