"""Ledgers of counts in Parquet: what an engine adds up is what the page of each area shows, evening for evening."""

from datetime import date, timedelta

import pytest

from lianfang.kernel import clock
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.refusals import Refused
from lianfang.situation import national
from lianfang.situation.indicators import INDICATORS
from lianfang.situation.selectors import picture
from lianfang.surveillance import services, tally
from lianfang.surveillance.evidence import Evidence
from tests.parts.situation.ledgers import FIRST, LAST, outbreak, shown


@pytest.fixture
def ledgers(world, tmp_path):
    outbreak(world)
    assert national.write_ledger(tmp_path / "zhejiang.parquet") > 0
    return tmp_path


@pytest.mark.parametrize("back", [0, 3, 9])
def test_every_indicator_of_every_area_is_the_one_on_its_page(world, ledgers, back):
    day = LAST - timedelta(days=back)
    found = dict(national.indicators(national.duckdb_ledger(ledgers), "covid19", day))
    assert {"330302", "330303", "330106", "330300", "330000"} <= found.keys()
    for code, figures in found.items():
        assert figures == shown(world, code, day), code


def test_ledgers_of_two_provinces_add_up(world, ledgers):
    alone = dict(national.indicators(national.duckdb_ledger(ledgers), "covid19", LAST))
    (ledgers / "again.parquet").write_bytes((ledgers / "zhejiang.parquet").read_bytes())
    both = dict(national.indicators(national.duckdb_ledger(ledgers), "covid19", LAST))
    for code, figures in alone.items():
        assert both[code]["confirmed_total"] == 2 * figures["confirmed_total"]
        assert both[code]["fatality"] == figures["fatality"]


def test_a_balance_carried_forward_is_not_written_twice(world, ledgers):
    before = dict(national.indicators(national.duckdb_ledger(ledgers), "covid19", LAST))
    tally.carry_forward(FIRST + timedelta(days=5))
    national.write_ledger(ledgers / "zhejiang.parquet")
    assert dict(national.indicators(national.duckdb_ledger(ledgers), "covid19", LAST)) == before


def test_what_is_known_later_changes_no_earlier_evening(world, ledgers):
    day = LAST - timedelta(days=4)
    before = dict(national.indicators(national.duckdb_ledger(ledgers), "covid19", day))
    with clock.at(clock.start_of(LAST + timedelta(days=1))):
        from lianfang.surveillance.models import Case

        services.observe(Case.objects.first().pk, "course", Evidence(outcome="died", outcome_on=day), SYSTEM)
        national.write_ledger(ledgers / "zhejiang.parquet")
    assert dict(national.indicators(national.duckdb_ledger(ledgers), "covid19", day)) == before


def test_an_empty_folder_is_refused_in_words(tmp_path):
    with pytest.raises(Refused) as no:
        national.duckdb_ledger(tmp_path)
    assert str(tmp_path) in str(no.value)


def test_there_is_an_indicator_with_each_form_of_figure(world, ledgers):
    figures = shown(world, "330000", LAST)
    assert isinstance(figures["fatality"], float)
    assert len(figures) == len(INDICATORS)
    assert picture(SYSTEM, world.area("330000"), "covid19", day=date(2020, 1, 1)).reports == 0
