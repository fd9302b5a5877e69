"""From a file to cases: what enters, what is refused and comes back corrected, what a second time changes, what is undone."""

from lianfang.exchange import services
from lianfang.surveillance import selectors as surveillance
from lianfang.surveillance.models import Case, CaseVersion
from tests.parts.exchange.files import entered, received, refused_text, table


def test_every_row_of_a_line_list_enters(world):
    by = world.actor("lucheng")
    run = entered(by)
    assert run.status == "finished"
    assert run.counts["entered"] == 3, refused_text(run)
    versions = CaseVersion.objects.filter(case__source="the test list").order_by("case__local_id")
    assert [(v.area.code, str(v.onset_on), v.classification) for v in versions] == [
        ("330302", "2020-01-20", "confirmed"),
        ("330302", "2020-01-22", "suspected"),
        ("330302001", "2020-01-23", "confirmed"),
    ]
