"""Line lists from other countries: their areas are loaded first, and where a file names no place, somebody says it."""

import io
from collections import Counter

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


def enter(file: str, area: str) -> str:
    said = io.StringIO()
    bring_in(
        OUTBREAKS / file,
        disease="",
        source="",
        mapping="",
        area=area,
        account="",
        dry_run=False,
        refused=None,
        out=Console(file=said, width=200),
        progress=progress,
    )
    return said.getvalue()


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("file", "area", "disease", "cases", "links"),
    [
        ("sars_canada_2003.csv", "CA-ON", "sars", 250, 0),
        ("measles_hagelloch_1861.csv", "DE-HAG", "measles", 188, 184),
    ],
)
def test_a_list_without_places_enters_where_somebody_says(file, area, disease, cases, links):
    said = enter(file, area)
    found = Counter(CaseVersion.objects.filter(superseded_at=None).values_list("area__code", "disease"))
    assert found == {(area, disease): cases}, said
    assert TransmissionLink.objects.count() == links


@pytest.mark.usefixtures("elsewhere")
def test_without_a_place_nothing_enters():
    with pytest.raises(typer.Exit):
        enter("sars_canada_2003.csv", "")
    assert not CaseVersion.objects.exists()
