"""Line lists from other countries: their areas are loaded first, and where a file names no place, somebody says it."""

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
import typer
from rich.console import Console

from lianfang.config.commands import progress
from lianfang.config.importing import bring_in
from lianfang.registry import areas
from lianfang.surveillance.models import CaseVersion
from lianfang.tracing.models import TransmissionLink
from tests.conftest import SHARED

OUTBREAKS = SHARED / "data" / "outbreaks"
TREE = """code,name,name_en,level,parent_code
CA,加拿大,Canada,country,
CA-ON,安大略省,Ontario,province,CA
DE,德国,Germany,country,
DE-HAG,哈格洛赫,Hagelloch,province,DE
SL,塞拉利昂,Sierra Leone,country,
"""

pytestmark = pytest.mark.skipif(not OUTBREAKS.exists(), reason="the data beside the project is not here")


@pytest.fixture
def elsewhere(db, tmp_path):
    tree = tmp_path / "tree.csv"
    tree.write_text(TREE, encoding="utf-8")
    areas.load_tree(tree, None)


@pytest.fixture
def enter(elsewhere, tmp_path):
    return lambda file, area: _enter(file, area, tmp_path / "refused.csv")


def _enter(file: str, area: str, refused: Path) -> str:
    said = io.StringIO()
    bring_in(
        OUTBREAKS / file,
        disease="",
        source="",
        mapping="",
        area=area,
        account="",
        dry_run=False,
        refused=refused,
        out=Console(file=said, width=200),
        progress=progress,
    )
    return said.getvalue()


@pytest.mark.parametrize(
    ("file", "area", "disease", "cases", "links"),
    [
        ("sars_canada_2003.csv", "CA-ON", "sars", 250, 0),
        ("measles_hagelloch_1861.csv", "DE-HAG", "measles", 188, 184),
    ],
)
def test_a_list_without_places_enters_where_somebody_says(enter, file, area, disease, cases, links):
    said = enter(file, area)
    found = Counter(CaseVersion.objects.filter(superseded_at=None).values_list("area__code", "disease"))
    assert found == {(area, disease): cases}, said
    assert TransmissionLink.objects.count() == links


def test_without_a_place_nothing_enters(enter):
    with pytest.raises(typer.Exit):
        enter("sars_canada_2003.csv", "")
    assert not CaseVersion.objects.exists()


def test_the_ebola_cases_enter_and_then_their_links_but_for_who_died_before_falling_ill(enter):
    enter("ebola_sim_clean_linelist.csv", "SL")
    enter("ebola_sim_clean_contacts.csv", "")
    with (OUTBREAKS / "ebola_sim_clean_linelist.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    onsets = {
        row["case_id"]: row["date_of_onset"] for row in rows if not "" < row["date_of_outcome"] < row["date_of_onset"]
    }
    assert (len(rows), len(onsets)) == (5829, 5632), "197 ended before they began, and are refused for it"
    with (OUTBREAKS / "ebola_sim_clean_contacts.csv").open(encoding="utf-8") as file:
        links = {(row["infector"], row["case_id"]) for row in csv.DictReader(file)}
    entered = CaseVersion.objects.filter(superseded_at=None).values_list("case__local_id", "onset_on")
    assert {local_id: str(onset or "") for local_id, onset in entered} == onsets
    stated = TransmissionLink.objects.values_list("infector__local_id", "infectee__local_id")
    assert set(stated) == {
        (infector, infectee) for infector, infectee in links if {infector, infectee} <= onsets.keys()
    }
