"""The real line lists: rows in, accepted, refused and why, and figures counted a second time by plain csv code."""

from collections import Counter
from datetime import date
from statistics import mean

import pytest

from lianfang.exchange.reading.rows import ReadRow
from tests.parts.exchange import real


def refusals(name: str) -> Counter[str]:
    return Counter(
        f.code.removeprefix("import.") for row in real.read(name) for f in row.findings if f.severity == "refused"
    )


def by(rows: list[dict[str, str]], column: str) -> Counter[str]:
    return Counter(row[column].strip() for row in rows if row[column].strip())


def onset_of(name: str) -> dict[str, date]:
    return {
        row.values["local_id"]: row.values["onset_date"].day for row in real.cases(name) if "onset_date" in row.values
    }


@pytest.mark.parametrize("name", real.FILES)
def test_every_row_in_comes_out(name: str) -> None:
    numbers = {number for row in real.read(name) for number in row.numbers}
    told = [
        n
        for n, row in enumerate(real.plainly(name), 2)
        if name != real.SARS or any(v not in ("0", "") for k, v in row.items() if k != "date")
    ]
    assert numbers >= set(told)


# ---- the open line list


def provinces(rows: list[ReadRow]) -> Counter[str]:
    names = {place.code: place.name_en for place in real.china().places if place.level == "province"}
    return Counter(names[row.values["area"].code[:2] + "0000"] for row in rows)


def test_the_open_line_list_by_province() -> None:
    told = real.plainly(real.LINE_LIST)
    placed = [row for row in real.cases(real.LINE_LIST) if "area" in row.values]
    there = {row.raw["ID"] for row in placed}
    expected = Counter(row["province"] for row in told if row["ID"] in there)
    assert provinces(placed) == expected
    assert len(told) == 10_446
    # What is not placed is asked for, each with what the row says; nothing else is left out.
    asked = [row for row in real.cases(real.LINE_LIST) if "area" not in row.values]
    assert len(asked) + len(placed) == len(told)
    assert all(any(f.code.startswith("import.place_") for f in row.findings) for row in asked)


def test_the_open_line_list_refuses_one_row_and_says_why() -> None:
    assert refusals(real.LINE_LIST) == {"date_unreadable": 1}
    (row,) = [row for row in real.cases(real.LINE_LIST) if row.status == "refused"]
    assert (row.worst()[0].column, row.worst()[0].text) == ("date_death_or_discharge", "discharge")


def test_the_open_line_list_says_what_its_cells_say() -> None:
    told = real.plainly(real.LINE_LIST)
    rows = {row.raw["ID"]: row for row in real.cases(real.LINE_LIST)}
    unknown = {"", "N/A", "NA", "none", "unknown"}
    assert Counter(row.values["sex"] for row in rows.values() if "sex" in row.values) == Counter(
        {"male": "M", "female": "F"}[row["sex"].lower()] for row in told if row["sex"] not in unknown
    )
    assert sum("onset_date" in row.values for row in rows.values()) == sum(
        row["date_onset_symptoms"] not in unknown for row in told
    )
    assert sum("age" in row.values for row in rows.values()) == sum(row["age"] not in unknown for row in told)
    eaten = [row for row in rows.values() if any(f.code == "import.age_eaten" for f in row.findings)]
    assert len(eaten) == sum("-" in row["age"] and row["age"][:1].isalpha() for row in told) == 13
    confirmed = Counter(row.values["confirm_date"].day for row in rows.values() if "confirm_date" in row.values)
    assert confirmed == Counter(
        date(int(d[6:]), int(d[3:5]), int(d[:2])) for row in told if len(d := row["date_confirmation"]) == 10
    )


# ---- the sentences of Wenzhou


def test_the_sentences_of_wenzhou_by_county_and_confirmation_day() -> None:
    parsed = real.plainly("wenzhou/case_linelist_parsed_20200208.csv")
    rows = list(real.cases(real.SENTENCES))
    county = {row.raw["case_no"]: row.raw["county"] for row in rows}
    ours = Counter((county[row.values["local_id"]], str(row.values.get("confirm_date", ""))) for row in rows)
    assert ours == Counter((row["county"], row["confirm_date"]) for row in parsed)
    # Each row with a code of a county stands in that county; the two management zones have no code and are asked for.
    for row in rows:
        if "area" in row.values:
            assert row.values["area"].code[:6] == row.raw["county_code"]
    asked = {row.raw["county"] for row in rows if "area" not in row.values}
    assert asked == {row["county"] for row in parsed if not row["county_code"]}


DIFFERENCES = {
    # The sentence is right in each: “1月25日湖北荆门市来温务工” is a return;
    ("WZ-330381-012", "return_date", "2020-01-25", ""),
    # “1月26日，无武汉…体温39.3℃，头晕头痛” dates the fever, which is told as doubtful;
    ("WZ-330381-036", "onset_date", "2020-01-26", ""),
    # “1月22日与武汉返乡人员有接触史” is the return of somebody else.
    ("WZ-330382-069", "return_date", "", "2020-01-22"),
}


def test_the_sentences_of_wenzhou_against_the_machine_parse() -> None:
    parsed = {row["case_no"]: row for row in real.plainly("wenzhou/case_linelist_parsed_20200208.csv")}
    found = set()
    for row in real.cases(real.SENTENCES):
        number = row.values["local_id"]
        for key in ("confirm_date", "sex", "age", "onset_date", "return_date"):
            ours = str(row.values.get(key, ""))
            if ours != parsed[number][key]:
                found.add((number, key, ours, parsed[number][key]))
    assert found == DIFFERENCES


def test_the_sentences_of_wenzhou_are_understood_but_for_a_few_words() -> None:
    left = {row.values["local_id"]: row.other["text ?"] for row in real.cases(real.SENTENCES) if "text ?" in row.other}
    assert len(left) <= 12
    assert all(part in row.raw["text"] for row in real.cases(real.SENTENCES) if (told := left.get(row.values["local_id"])) for part in told.split(" | "))  # fmt: skip


# ---- pairs and links


def test_the_pairs_are_cases_and_links() -> None:
    told = real.plainly(real.PAIRS)
    ids = {row[f"{side}_id"] for row in told for side in ("infector", "infectee")}
    assert {row.values["local_id"] for row in real.cases(real.PAIRS)} == ids
    assert len(ids) == sum(1 for _row in real.cases(real.PAIRS)) == 2_050
    accepted = [
        (row.values["infector_id"], row.values["infectee_id"])
        for row in real.links(real.PAIRS)
        if row.status != "refused"
    ]
    assert Counter(accepted) == Counter((row["infector_id"], row["infectee_id"]) for row in told)
    assert len(accepted) == 1_407


def test_the_serial_intervals_of_the_pairs() -> None:
    onset = onset_of(real.PAIRS)
    ours = [
        (onset[b] - onset[a]).days
        for row in real.links(real.PAIRS)
        if (a := row.values["infector_id"]) in onset and (b := row.values["infectee_id"]) in onset
    ]

    def day(text: str) -> date | None:
        return date(*map(int, text.split("/"))) if text[:1].isdigit() else None

    told = [
        (b - a).days
        for row in real.plainly(real.PAIRS)
        if (a := day(row["infector_onsetDate"])) and (b := day(row["infectee_onsetDate"]))
    ]
    assert (len(ours), round(mean(ours), 2)) == (len(told), round(mean(told), 2)) == (679, 5.09)


def test_ambiguous_cities_of_the_pairs_are_asked() -> None:
    for row in real.cases(real.PAIRS):
        codes = {f.code for f in row.findings}
        for city in ("taizhou", "suzhou", "fuzhou"):
            if "place" in row.values and row.values["place"].names[0][1] == city:
                assert "import.place_ambiguous" in codes
                assert "area" not in row.values


def test_the_simulated_ebola_outbreak() -> None:
    told = real.plainly(real.EBOLA)
    wrong = {row["case_id"] for row in told if row["date_of_outcome"] and row["date_of_outcome"] < row["date_of_onset"]}
    rows = list(real.cases(real.EBOLA))
    assert len(rows) == len(told) == 5_829
    assert {row.values["local_id"] for row in rows if row.status == "refused"} == wrong
    assert refusals(real.EBOLA) == {"outcome_before_onset": len(wrong)}
    assert Counter(row.values.get("outcome", "") for row in rows) == Counter(
        {"Recover": "recovered", "Death": "died", "": ""}[row["outcome"]] for row in told
    )
    assert Counter(row.values["onset_date"].day.isoformat()[:7] for row in rows) == Counter(
        row["date_of_onset"][:7] for row in told
    )
    assert Counter(row.values["sex"] for row in rows) == Counter(row["gender"].upper() for row in told)


def test_the_links_of_the_simulated_ebola_outbreak() -> None:
    told = real.plainly(real.EBOLA_LINKS)
    ours = Counter((row.values["infector_id"], row.values["infectee_id"]) for row in real.links(real.EBOLA_LINKS))
    assert ours == Counter((row["infector"], row["case_id"]) for row in told)
    assert Counter(row.values["setting"] for row in real.links(real.EBOLA_LINKS)) == by(told, "source")
    assert ours.total() == 3_800


# ---- the smaller files


def test_sars_in_canada_is_a_case_for_each_that_was_counted() -> None:
    told = real.plainly(real.SARS)
    rows = list(real.cases(real.SARS))
    columns = [name for name in told[0] if name.startswith("cases_")]
    assert Counter(row.values["exposure"] for row in rows) == {
        c.removeprefix("cases_"): sum(int(r[c]) for r in told) for c in columns
    }
    assert Counter(str(row.values["onset_date"]) for row in rows) == Counter(
        {row["date"]: n for row in told if (n := sum(int(row[c]) for c in columns))}
    )
    assert len({row.values["local_id"] for row in rows}) == len(rows)


def test_h7n9_in_china() -> None:
    told = real.plainly(real.H7N9)
    rows = list(real.cases(real.H7N9))
    assert len(rows) == len(told) == 136
    assert all(row.status == "accepted" for row in rows)
    assert provinces(rows) == by(told, "province")
    assert Counter(row.values["outcome"] for row in rows if "outcome" in row.values) == Counter(
        {"Death": "died", "Recover": "recovered"}[row["outcome"]] for row in told if row["outcome"] not in ("", "NA")
    )


def test_measles_in_hagelloch() -> None:
    told = real.plainly(real.MEASLES)
    rows = list(real.cases(real.MEASLES))
    assert len(rows) == len(told) == 188
    assert all(row.status == "accepted" for row in rows)
    assert Counter(str(row.values["onset_date"]) for row in rows) == by(told, "date_of_prodrome")
    assert sum(row.values.get("outcome") == "died" for row in rows) == sum(bool(row["date_of_death"]) for row in told)
    assert {(row.values["infector_id"], row.values["infectee_id"]) for row in real.links(real.MEASLES)} == {
        (row["infector"], row["case_ID"]) for row in told if row["infector"]
    }
