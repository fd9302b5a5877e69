"""Sources of one count beside each other: made-up courses with known faults, Wenzhou's five sources, Zhejiang's table."""

import numpy as np
import pytest

from lianfang.epi import reconcile
from lianfang.epi._checks import EpiInputError
from tests.epi import sources

pytestmark = pytest.mark.pure
DAYS = np.arange("2020-01-21", "2020-02-10", dtype="datetime64[D]")
TRUE = np.cumsum([2, 1, 3, 5, 4, 9, 14, 30, 41, 66, 20, 24, 26, 49, 24, 32, 25, 17, 10, 16]).astype(float)


def late(figures, days):
    return np.concatenate([np.full(days, np.nan), figures[: len(figures) - days]])


@pytest.mark.parametrize("days", [1, 2, 3])
def test_a_source_that_runs_behind_is_found_late_by_so_many_days(days):
    found = reconcile.compare(late(TRUE, days), TRUE)
    assert found.best_shift == days
    assert found.best_distance == 0
    assert set(found.verdict[days:]) == {"late"}
    assert (found.shift[days:] == days).all()
    ahead = reconcile.compare(TRUE, late(TRUE, days))
    assert ahead.best_shift == -days
    assert set(ahead.verdict[days:-days]) == {"early"}


def test_the_day_on_which_a_source_falls_behind_is_found():
    figures = TRUE.copy()
    figures[12:] = TRUE[11:-1]
    found = reconcile.compare(figures, TRUE).findings(DAYS, source="page", against="bulletin", equal=True)
    assert [(f.verdict, f.first, f.last, f.shift) for f in found] == [
        ("equal", DAYS[0], DAYS[11], 0),
        ("late", DAYS[12], DAYS[-1], 1),
    ]
    assert (found[1].source, found[1].against, found[1].least, found[1].most, found[1].days) == (
        "page",
        "bulletin",
        0,
        0,
        8,
    )


def test_each_verdict_has_its_cell():
    other = np.array([5, 9, 20, 31, 44, 44, 60, 71, 93, np.nan, 120, np.nan])
    figures = np.array([5, 7, 12, 12, 26, 40, 56, 67, 99, 110, np.nan, np.nan])
    found = reconcile.compare(figures, other, max_shift=0)
    assert found.verdict.tolist() == [
        "equal", "below", "below", "standing", "below", "apart", "apart", "apart", "above", "alone", "missing", "",
    ]  # fmt: skip
    assert found.difference[3] == -19


def test_a_source_that_never_moves_is_not_called_late():
    found = reconcile.compare(np.zeros(len(TRUE)), TRUE)
    assert set(found.verdict[1:]) == {"standing"}


def test_figures_within_the_tolerance_are_equal():
    assert reconcile.compare([10, 20, 30], [11, 20, 32], tolerance=1).verdict.tolist() == ["equal", "equal", "below"]


def test_one_area_alone_says_the_same_as_in_a_panel():
    rng = np.random.default_rng(4)
    panel = np.cumsum(rng.poisson(6, (30, 40)), axis=1).astype(float)
    other = panel + rng.integers(-2, 3, panel.shape)
    other[:10, 1:] = panel[:10, :-1]
    other[rng.uniform(size=other.shape) < 0.1] = np.nan
    together = reconcile.compare(other, panel)
    for i in range(len(panel)):
        alone = reconcile.compare(other[i], panel[i])
        for name in ("difference", "shift", "remaining", "verdict", "best_shift", "best_distance"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(together, name)[i])
    assert (together.best_shift[:10] == 1).all()


def test_the_path_of_shifts_is_the_cheapest_there_is():
    rng = np.random.default_rng(5)
    cost = rng.uniform(size=(6, 3))
    path = reconcile._cheapest_path(cost, 0.4)

    def price(choices):
        return sum(cost[t, c] for t, c in enumerate(choices)) + 0.4 * sum(np.diff(choices) != 0)

    every = np.array(np.meshgrid(*[range(3)] * 6)).reshape(6, -1).T
    assert price(path) == pytest.approx(min(price(choices) for choices in every))


def test_falls_dips_and_gaps_are_told_apart():
    found = reconcile.check_course(
        [[4, 1, 10, 20, 20, 15, 16, 17, 18], [1, np.nan, 3, 2, np.nan, np.nan, 2, 2, np.nan]]
    )
    assert found.verdict.tolist() == [
        ["", "dip", "", "", "", "fall", "", "", ""],
        ["", "gap", "", "fall", "gap", "gap", "", "", ""],
    ]
    told = found.findings(np.arange("2020-02-01", "2020-02-10", dtype="datetime64[D]"), areas=["x", "y"])
    assert [(f.area, f.verdict, f.days, f.most) for f in told] == [
        ("x", "dip", 1, 3), ("x", "fall", 1, 5), ("y", "gap", 1, 0), ("y", "fall", 1, 1), ("y", "gap", 2, 0),
    ]  # fmt: skip


def test_a_part_that_has_not_begun_counts_as_none_and_one_that_falls_silent_makes_the_sum_unknown():
    parts = [[1, 2, 3, 4], [np.nan, 1, np.nan, 2]]
    assert reconcile.compare_sum([1, 3, 4, 7], parts).verdict.tolist() == ["equal", "equal", "missing", "below"]
    assert reconcile.compare_sum([1, 3, 4, 7], parts, silent="zero").difference.tolist() == [0, 0, -1, -1]


def test_agreement_counts_what_is_said_as_counting_by_hand_does():
    rng = np.random.default_rng(6)
    totals = rng.integers(0, 4, (5, 7, 30)).astype(float)
    totals[rng.uniform(size=totals.shape) < 0.4] = np.nan
    found = reconcile.agreement(totals)
    for area, day in np.ndindex(7, 30):
        said = [v for v in totals[:, area, day] if not np.isnan(v)]
        assert found.said[area, day] == len(said)
        assert found.different[area, day] == len(set(said))
        times = sorted(((said.count(v), v) for v in set(said)), reverse=True)
        decided = len(times) == 1 or (len(times) > 1 and times[0][0] > times[1][0])
        assert found.support[area, day] == (times[0][0] if decided else 0)
        if said:
            assert (found.least[area, day], found.most[area, day]) == (min(said), max(said))
        if decided:
            assert found.usual[area, day] == times[0][1]
        else:
            assert np.isnan(found.usual[area, day])


def test_a_figure_said_twice_is_the_later_one_and_the_other_is_counted():
    table = reconcile.source_table(
        ["page"] * 3, ["x"] * 3, ["2020-02-07"] * 2 + ["2020-02-08"], [9, 7, 12], at=["18:00", "09:00", "10:00"]
    )
    assert table.totals.tolist() == [[[9, 12]]]
    assert table.repeated.tolist() == [[[1, 0]]]


@pytest.mark.parametrize(
    ("call", "argument", "code"),
    [
        (lambda: reconcile.compare([1, -2], [1, 2]), "totals", "negative"),
        (lambda: reconcile.compare([1, 2], [[1, 2], [3, 4]]), "against", "wrong_shape"),
        (lambda: reconcile.agreement([1, 2]), "totals", "wrong_shape"),
        (lambda: reconcile.compare([1], [1]), "totals", "too_short"),
        (lambda: reconcile.compare([1, 2], [1, np.inf]), "against", "infinite"),
        (lambda: reconcile.compare([1, 2], [1, 2], max_shift=-1), "max_shift", "out_of_range"),
        (lambda: reconcile.compare_sum([1, 2], [1, 2]), "parts", "wrong_shape"),
        (lambda: reconcile.compare_sum([1, 2], [[1, 2]], silent="no"), "silent", "unknown_choice"),
        (lambda: reconcile.source_table(["a"], ["x"], ["2020-02-30"], [1]), "date", "not_days"),
        (lambda: reconcile.source_table(["a"], ["x", "y"], ["2020-02-20"], [1]), "area", "wrong_shape"),
        (lambda: reconcile.compare([1, 2], [2, 3]).findings(["2020-02-01"]), "days", "wrong_shape"),
        (lambda: reconcile.compare([1, 2], [2, 3]).findings(["2020-02-02", "2020-02-01"]), "days", "unsorted"),
    ],
)
def test_bad_input_names_the_argument(call, argument, code):
    with pytest.raises(EpiInputError) as error:
        call()
    assert (error.value.argument, error.value.code) == (argument, code)


shared = pytest.mark.skipif(not sources.DATA.exists(), reason="needs the folder of shared data")


@shared
def test_wenzhou_five_sources_say_what_the_field_notes_say():
    table = sources.wenzhou()
    at = {str(day): i for i, day in enumerate(table.days)}
    told = sources.told()
    assert len(told) == 9
    for day, figures in told:
        found = dict(zip(table.sources, table.totals[:, 0, at[day]], strict=True))
        figures.pop("case sentences", None)  # the data hold a sample of 280 of the 413
        for name in set(table.sources) - {"case sentences"}:
            if name in figures:
                assert found[name] == figures[name], (day, name)
            else:
                assert np.isnan(found[name]), (day, name)


@shared
def test_canghailan_is_a_day_late_from_the_seventh_of_february():
    table = sources.wenzhou()
    found = reconcile.compare_sources(table, "county table")["canghailan"].findings(table.days, equal=True)
    runs = [(str(f.first), str(f.last), f.verdict, f.shift, f.least, f.most) for f in found]
    assert runs[-2:] == [
        ("2020-01-31", "2020-02-06", "equal", 0, 0, 0),
        ("2020-02-07", "2020-02-13", "late", 1, 0, 0),
    ]
    assert ("2020-01-24", "2020-01-29", "above", 0, 4, 18) in runs


@shared
def test_the_open_line_list_misses_the_same_cases_day_after_day_and_then_stands_still():
    table = sources.wenzhou()
    found = reconcile.compare_sources(table, "county table")["open line list"].findings(table.days)
    runs = [(str(f.first), str(f.last), f.verdict, f.least, f.most) for f in found]
    assert ("2020-02-01", "2020-02-08", "apart", -18, -18) in runs
    assert ("2020-02-09", "2020-02-12", "standing", -60, -34) in runs


@shared
def test_canghailan_reads_one_case_on_the_day_the_platform_has_six_and_agrees_afterwards():
    table = sources.wenzhou()
    found = reconcile.compare_sources(table, "platform trend")["canghailan"].findings(table.days, equal=True)
    known = [(str(f.first), str(f.last), f.verdict, f.most) for f in found if f.verdict != "alone"]
    assert known == [("2020-01-23", "2020-01-23", "below", -5), ("2020-01-24", "2020-02-05", "equal", 0)]
    dips = reconcile.check_course(table.totals).findings(table.days, areas=table.sources)
    assert [(f.area, str(f.first), f.verdict, f.most) for f in dips] == [("canghailan", "2020-01-23", "dip", 3)]


@shared
def test_zhejiang_the_cities_run_a_day_behind_the_province_from_the_seventh_of_february():
    table = sources.zhejiang()
    province = table.areas.index("")
    found = reconcile.compare_sum(table.totals[0, province], np.delete(table.totals[0], province, axis=0))
    runs = [(str(f.first), str(f.last), f.verdict, f.shift, f.most) for f in found.findings(table.days, equal=True)]
    assert runs[:4] == [
        ("2020-01-20", "2020-01-22", "equal", 0, 0),
        ("2020-01-23", "2020-01-23", "below", 0, -21),
        ("2020-01-24", "2020-02-06", "equal", 0, 0),
        ("2020-02-07", "2020-02-18", "late", 1, 0),
    ]
    at = int(np.flatnonzero(table.days == np.datetime64("2020-02-07"))[0])
    assert found.difference[at] == 1006 - 1048


@shared
def test_zhejiang_falls_in_cumulative_counts_are_found():
    table = sources.zhejiang()
    falls = reconcile.check_course(table.totals[0]).findings(table.days, areas=table.areas)
    found = {(f.area, str(f.first)): (f.verdict, f.most) for f in falls}
    assert found["温州市", "2020-01-23"] == ("dip", 3)
    assert found["杭州市", "2020-02-10"] == ("fall", 10)
    assert found["衢州市", "2020-02-21"] == ("fall", 7)
    assert found["丽水市", "2020-03-21"] == ("fall", 12)
