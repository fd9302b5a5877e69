"""The real line lists: rows in, accepted, refused and why, and figures counted a second time by plain csv code."""

from collections import Counter

import pytest

from lianfang.exchange.reading.rows import ReadRow
from tests.parts.exchange import figures, real


@pytest.fixture(scope="module", autouse=True)
def _present() -> None:
    if not all((real.DATA / name).exists() for name in real.FILES):
        pytest.skip("the real files are not here")


def refusals(name: str) -> Counter[str]:
    told = (f.code for row in real.read(name) for f in row.findings if f.severity == "refused")
    return Counter(code.removeprefix("import.") for code in told)


def row_of(name: str, number: str) -> ReadRow:
    return next(row for row in real.cases(name) if row.values.get("local_id") == number)


def test_each_figure_is_the_same_counted_twice() -> None:
    wrong = {(f.file, f.what): (f.read, f.counted) for f in figures.figures() if f.read != f.counted}
    assert wrong == {}
    assert {f.file for f in figures.figures()} == set(real.FILES)


def test_the_page_of_the_manual_says_these_figures() -> None:
    assert figures.PAGE.read_text(encoding="utf-8") == figures.page(), "run: python -m tests.parts.exchange.figures"


def test_the_figures_that_the_sources_themselves_name() -> None:
    told = {(f.file, f.what): f.read for f in figures.figures()}
    assert told[real.PAIRS, "distinct cases"] == 2_050
    assert told[real.PAIRS, "links"] == 1_407
    assert told[real.PAIRS, "pairs with both onsets"] == 679
    assert told[real.PAIRS, "mean serial interval in days"] == 5.09
    assert told[real.EBOLA, "cases"] == 5_829
    assert told[real.EBOLA_LINKS, "links"] == 3_800
    assert told[real.H7N9, "cases"] == 136
    assert told[real.MEASLES, "cases"] == 188


@pytest.mark.parametrize("name", real.FILES)
def test_every_row_in_comes_out(name: str) -> None:
    numbers = {number for row in real.read(name) for number in row.numbers}
    said = [
        number
        for number, row in enumerate(real.plainly(name), 2)
        if name != real.SARS or any(value != "0" for column, value in row.items() if column != "date")
    ]
    assert numbers == set(said)


# ---- what is refused, and what is asked


def test_the_open_line_list_refuses_one_row_and_says_why() -> None:
    assert refusals(real.LINE_LIST) == {"date_unreadable": 1}
    (row,) = [row for row in real.cases(real.LINE_LIST) if row.status == "refused"]
    assert (row.worst()[0].column, row.worst()[0].text) == ("date_death_or_discharge", "discharge")


def test_the_open_line_list_asks_for_the_places_that_contradict_themselves() -> None:
    asked = [row for row in real.cases(real.LINE_LIST) if "area" not in row.values]
    told = real.plainly(real.LINE_LIST)
    # Macau with the code of Taiwan; a county of Xi'an that was another by then.
    assert {row.raw["ID"] for row in asked if row.raw["province"] == "Macau"} == {
        row["ID"] for row in told if row["province"] == "Macau" and row["admin_id"] == "710000"
    }
    assert {row.raw["city"] for row in asked if row.raw["province"] != "Macau"} == {"Hu County, Xi'an City"}


def test_codes_that_a_spreadsheet_rounded_give_way_to_the_name() -> None:
    told = [row for row in real.plainly(real.LINE_LIST) if "E+" in row["admin_id"]]
    assert len(told) > 100
    for row in told:
        read = row_of(real.LINE_LIST, row["ID"])
        assert "import.code_unknown" in {finding.code for finding in read.findings}
        assert "area" in read.values


def test_ages_that_a_spreadsheet_took_for_dates_are_read_as_groups_and_doubtful() -> None:
    told = {
        row["ID"]: row["age"] for row in real.plainly(real.LINE_LIST) if row["age"][:3].isalpha() and "-" in row["age"]
    }
    eaten = {
        row.raw["ID"] for row in real.cases(real.LINE_LIST) if any(f.code == "import.age_eaten" for f in row.findings)
    }
    assert eaten == set(told)
    number = next(number for number, age in told.items() if age == "Aug-68")
    assert str(row_of(real.LINE_LIST, number).values["age"]) == "8-68"


def test_ambiguous_cities_of_the_pairs_are_asked() -> None:
    named = ("taizhou", "suzhou", "fuzhou", "yulin")
    rows = [row for row in real.cases(real.PAIRS) if "place" in row.values and row.values["place"].names[0][1] in named]
    assert len(rows) > 50
    for row in rows:
        assert "import.place_ambiguous" in {finding.code for finding in row.findings}
        assert "area" not in row.values


def test_the_simulated_ebola_list_refuses_outcomes_before_onset() -> None:
    told = real.plainly(real.EBOLA)
    wrong = {row["case_id"] for row in told if row["date_of_outcome"] and row["date_of_outcome"] < row["date_of_onset"]}
    assert {row.values["local_id"] for row in real.cases(real.EBOLA) if row.status == "refused"} == wrong
    assert refusals(real.EBOLA) == {"outcome_before_onset": len(wrong)}


# ---- the sentences of Wenzhou


def test_each_sentence_lies_in_the_county_that_its_row_names() -> None:
    for row in real.cases(real.SENTENCES):
        if "area" in row.values:
            assert row.values["area"].code[:6] == row.raw["county_code"]
    asked = {row.raw["county"] for row in real.cases(real.SENTENCES) if "area" not in row.values}
    assert asked == {row["county"] for row in real.plainly(real.SENTENCES) if not row["county_code"]}


def test_the_sentences_against_the_machine_parse() -> None:
    parsed = figures.parse_differences()
    assert {line[:2] for line in parsed} == set(figures.WHY_DIFFERENT)
    assert ("WZ-330382-069", "return_date", "", "2020-01-22") in parsed


def test_what_was_not_understood_of_a_sentence_is_shown_in_its_own_words() -> None:
    left = [row for row in real.cases(real.SENTENCES) if "text ?" in row.other]
    assert 0 < len(left) <= 12
    for row in left:
        assert all(part in row.raw["text"] for part in row.other["text ?"].split(" | "))
