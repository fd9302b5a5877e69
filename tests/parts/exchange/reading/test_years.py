"""Days without a year take it from the row they stand in, never from the calendar on the wall."""

from datetime import date
from pathlib import Path

import pytest

from lianfang.exchange.reading import headers
from lianfang.exchange.reading.places import CodesOnly
from lianfang.exchange.reading.rows import read_rows
from lianfang.exchange.reading.tables import open_table

pytestmark = pytest.mark.pure


def read(tmp_path: Path, onset: str, confirmed: str, birth: str = ""):
    file = tmp_path / "list.csv"
    file.write_text(f"姓名,出生日期,发病日期,确诊日期\n甲乙,{birth},{onset},{confirmed}\n", encoding="utf-8")
    table = open_table(file, name="list.csv", size_limit=10**6)
    mapping = headers.draft(headers.survey(table)).mapping
    [row] = read_rows(table, mapping, CodesOnly(), today=date(2027, 6, 1))
    codes = {(finding.code.removeprefix("import."), finding.field) for finding in row.findings}
    onset_on = row.values.get("onset_date")
    return onset_on and onset_on.earliest, codes


FACTS = [  # onset as written, day of confirmation, what the onset is, what is said about it
    ("11月20日", "2026-11-21", date(2026, 11, 20), "year_from_row"),
    ("12月30日", "2027-01-02", date(2026, 12, 30), "year_from_row"),  # across the new year
    ("1月5日", "2027-01-02", None, "date_year_open"),  # three days later, or a year before: asked
    ("11月20日", "", None, "date_year_missing"),
    ("2026年11月20日", "2026-11-21", date(2026, 11, 20), None),
]


@pytest.mark.parametrize(("onset", "confirmed", "expected", "said"), FACTS)
def test_the_latest_day_of_the_row_gives_the_year(tmp_path, onset, confirmed, expected, said):
    found, codes = read(tmp_path, onset, confirmed)
    assert found == expected
    assert (said, "onset_date") in codes or (said is None and not any(about == "onset_date" for _, about in codes))


def test_a_birth_date_gives_no_year(tmp_path):
    found, codes = read(tmp_path, "11月20日", "", birth="1980-01-02")
    assert found is None
    assert ("date_year_missing", "onset_date") in codes
