"""The synthetic outbreak against the natural history it claims to follow."""

import numpy as np
import pytest

from lianfang.config.demo import outbreak
from lianfang.config.demo.outbreak import generate, reproduction, spread

pytestmark = pytest.mark.pure
DAYS, MEAN, SD = 60, 7.5, 3.4  # serial interval as the definitions give it for COVID-19
CITY_OF = np.repeat(np.arange(11), 8)


def made(size, seed=20200123):
    return generate(
        size, DAYS, seed, interval_mean=MEAN, interval_sd=SD, weights=np.ones(CITY_OF.size), city_of=CITY_OF
    )


@pytest.fixture(scope="module", params=[100, 5000])
def any_size(request):
    return made(request.param)


@pytest.fixture(scope="module")
def large():
    return made(5000)


def pairs(of):
    """(infector, infected) of all known pairs."""
    infected = np.flatnonzero(of.infector >= 0)
    return of.infector[infected], infected


def test_the_size_asked_for_is_the_size_given(any_size):
    assert len(any_size) in (100, 5000)
    assert np.all(np.diff(any_size.reported) >= 0)
    assert any_size.reported[-1] < DAYS


def test_the_same_seed_gives_the_same_outbreak_and_another_seed_another(any_size):
    again, other = made(len(any_size)), made(len(any_size), seed=7)
    for name in outbreak.Outbreak.__dataclass_fields__:
        assert np.array_equal(getattr(any_size, name), getattr(again, name), equal_nan=True), name
    assert not np.array_equal(any_size.reported, other.reported)


def test_nobody_infects_before_being_infected_for_the_latent_time(any_size):
    infectors, infected = pairs(any_size)
    assert np.all(any_size.infected[infected] - any_size.infected[infectors] >= outbreak.LATENT_DAYS - 1e-9)


def test_nobody_falls_ill_before_the_shortest_incubation_or_is_reported_before_onset(any_size):
    ill = ~any_size.asymptomatic
    assert np.all((any_size.onset - any_size.infected)[ill] >= outbreak.SHORTEST_INCUBATION_DAYS - 1e-9)
    assert np.all((any_size.diagnosed - any_size.onset)[ill] > 0)
    assert np.all(any_size.reported > any_size.diagnosed)
    assert np.all(np.isnan(any_size.onset[any_size.asymptomatic]))


def test_chains_begin_with_imported_cases_and_go_on_here(any_size):
    infectors, infected = pairs(any_size)
    assert np.all(any_size.kind[infected] == 1)
    assert np.all(any_size.kind[infectors] < 2)
    assert np.any(any_size.kind == 0)
    assert not np.any(infectors == infected)


@pytest.fixture(scope="module")
def everybody():
    """All who fall ill, found or not, of some thousand chains: their onsets, and who infected whom."""
    return spread(np.random.default_rng(3), 1500, DAYS, MEAN, SD)


def test_the_serial_interval_is_that_of_the_definitions(everybody):
    onset, infector = everybody["onset"], everybody["infector"]
    infected = np.flatnonzero((infector >= 0) & (onset[infector] < DAYS - 25))  # so that slow successors are in as well
    interval = onset[infected] - onset[infector[infected]]
    assert interval.size > 10_000
    assert interval.mean() == pytest.approx(MEAN, abs=0.15)
    assert interval.std() == pytest.approx(SD, abs=0.15)


def test_each_case_infects_as_many_as_the_measures_of_the_day_let_it_and_few_infect_many(everybody):
    onset, infector = everybody["onset"], everybody["infector"]
    children = np.bincount(infector[infector >= 0], minlength=onset.size)
    assert reproduction(np.array([0.0, DAYS]), DAYS) == pytest.approx([outbreak.R_BEFORE, outbreak.R_AFTER], abs=0.02)
    for during, about in (onset < 14, outbreak.R_BEFORE), ((onset > 34) & (onset < 38), outbreak.R_AFTER):
        counts, mean, k = children[during], reproduction(onset[during], DAYS).mean(), outbreak.OFFSPRING_DISPERSION
        assert counts.size > 1000
        assert mean == pytest.approx(about, abs=0.1)
        assert counts.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean * (1 + mean / k) / counts.size))
        assert np.mean(counts == 0) == pytest.approx((k / (k + mean)) ** k, abs=0.03)


def test_incubation_is_close_to_the_published_one(large):
    days = (large.onset - large.infected)[~large.asymptomatic & (large.kind < 2)]
    assert np.median(days) == pytest.approx(outbreak.INCUBATION_MEDIAN_DAYS, rel=0.08)  # a little shorter: see `spread`
    assert np.std(np.log(days)) == pytest.approx(np.log(outbreak.INCUBATION_SPREAD), abs=0.05)


def test_reports_come_faster_once_people_know(large):
    delay = large.reported - large.onset
    early, late = (large.onset < 15) & (large.kind < 2), (large.onset > 35) & (large.onset < 48) & (large.kind < 2)
    assert np.nanmean(delay[early]) == pytest.approx(3 * 1.6 + 0.2, abs=0.5)
    assert np.nanmean(delay[late]) == pytest.approx(3 * 0.8 + 0.2, abs=0.25)


def test_shares_of_age_sex_and_kind_are_those_told(large):
    first = large.repeats < 0
    for low, high, share in outbreak.AGE_SHARES:
        assert np.mean((large.age[first] >= low) & (large.age[first] < high)) == pytest.approx(share, abs=0.02)
    assert large.male[first].mean() == pytest.approx(0.51, abs=0.02)
    assert np.mean(large.kind == 2) == pytest.approx(outbreak.OTHER_ILLNESS, abs=0.002)
    assert np.mean(large.repeats >= 0) == pytest.approx(outbreak.TOLD_TWICE, abs=0.002)
    of_others = (large.infector >= 0) & first
    assert large.asymptomatic[of_others].mean() == pytest.approx(outbreak.ASYMPTOMATIC, abs=0.02)


def test_old_people_die_more_often_and_only_after_admission(large):
    ill = (large.kind < 2) & (large.repeats < 0)
    assert np.all(large.ended[ill] > large.admitted[ill])
    assert np.all(large.admitted[ill] > large.diagnosed[ill])
    assert np.all(large.severity[large.died] == 3)
    assert not np.any(large.died & (large.asymptomatic | (large.kind == 2)))
    old, young = large.died[ill & (large.age >= 75)], large.died[ill & (large.age < 60)]
    assert old.mean() == pytest.approx(0.1, abs=0.06)
    assert young.mean() < 0.01


def test_households_are_no_larger_than_households_are(large):
    _, people = np.unique(large.family[large.repeats < 0], return_counts=True)
    assert people.max() <= len(outbreak.HOUSEHOLD_SIZES)
    infectors, infected = pairs(large)
    at_home = large.family[infectors] == large.family[infected]
    assert np.all(large.county[infectors][at_home] == large.county[infected][at_home])


def test_a_second_report_is_of_the_same_person_and_comes_after_the_first(any_size):
    again = np.flatnonzero(any_size.repeats >= 0)
    first = any_size.repeats[again]
    assert again.size
    assert np.all(any_size.reported[again] > any_size.reported[first])
    for name in ("county", "age", "male", "family", "asymptomatic"):
        assert np.array_equal(getattr(any_size, name)[again], getattr(any_size, name)[first]), name


def test_another_illness_is_tested_negative_twice_a_day_apart(any_size):
    other = any_size.kind == 2
    assert np.all(any_size.second_result[other] - any_size.result[other] >= 1)
    assert np.all(np.isnan(any_size.second_result[~other]))
    assert not np.any(any_size.straight[other])
