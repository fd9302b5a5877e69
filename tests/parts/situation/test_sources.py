"""Other sources beside the platform's own counts: what differs is told in words, and nothing of it is kept unless asked."""

import csv
import io
from datetime import date, timedelta

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from lianfang.epi import reconcile
from lianfang.kernel import clock
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.situation import sources
from tests.parts.situation.source_lines import DAILY, FIRST, LAST, NOW, notified, rows_of, table, totals


@pytest.fixture
def counted(world):
    return notified(world)


def compare(world, rows, cumulative=True, day=None):
    with clock.at(NOW):
        lines = sources.read(table(rows), "pasted")
        return sources.reconciled(
            world.actor("wenzhou"), world.area("330300"), "covid19", lines, day=day, cumulative=cumulative
        )


def told(found):
    return [(one.source, one.area, one.verdict, one.shift, str(one.first), one.days) for one in found.findings]


def test_a_source_that_says_the_same_differs_in_nothing(counted):
    whole = (np.array(totals("330302")) + totals("330303")).tolist()
    rows = rows_of("city", "330302", totals("330302")) + rows_of("city", "龙湾区", totals("330303"))
    found = compare(counted, rows + rows_of("city", "330300", whole))
    assert (found.findings, found.sums, found.compared, found.equal) == ([], [], 24, 24)
    daily = compare(counted, rows_of("city", "330302", DAILY["330302"]), cumulative=False)
    assert (daily.findings, daily.equal) == ([], 8)


def test_a_source_a_day_late_a_fall_and_a_wrong_total_are_found_as_the_library_finds_them(counted):
    own = totals("330302")
    late = [0, *own[:-1]]
    fall = [*own[:5], own[4] - 5, own[4] - 5, own[4] - 5]
    found = compare(counted, rows_of("late", "330302", late) + rows_of("falls", "330302", fall))
    days = np.arange(np.datetime64(FIRST), np.datetime64(LAST) + 1)
    by_hand = []
    for name, figures in (("late", late), ("falls", fall)):
        beside = reconcile.compare(np.array(figures, float), np.array(own, float), max_shift=sources.MAX_SHIFT)
        course = reconcile.check_course(np.array(figures, float))
        by_hand += [
            (name, one.verdict, one.shift, str(one.first)) for one in (*beside.findings(days), *course.findings(days))
        ]
    assert [(source, verdict, shift, first) for source, _a, verdict, shift, first, _d in told(found)] == by_hand
    assert ("late", "late", 1) in {(source, verdict, shift) for source, verdict, shift, _first in by_hand}
    assert ("falls", "fall") in {(source, verdict) for source, verdict, _shift, _first in by_hand}
    whole = (np.array(own) + totals("330303") + 2).tolist()
    rows = rows_of("s", "330302", own) + rows_of("s", "330303", totals("330303")) + rows_of("s", "330300", whole)
    [total] = compare(counted, rows).sums
    assert (total.area, total.least, total.most) == ("330300", -2, -2)


def test_the_platform_is_taken_as_known_on_the_evening_asked_for(counted):
    rows = rows_of("city", "330302", totals("330302"))
    found = compare(counted, rows, day=FIRST + timedelta(days=3))
    assert (found.compared, found.equal) == (4, 4)


def post(world, who="wenzhou", language="en", path="/situation/sources/?area=330300&disease=covid19", **data):
    client = Client(headers={"accept-language": language})
    client.force_login(world.users[who])
    with clock.at(NOW):
        return client.post(path, data)


def test_the_page_compares_what_is_pasted_and_what_is_uploaded_and_keeps_nothing(counted):
    late = [0, *totals("330302")[:-1]]
    text = "地区,日期,累计\n" + "\n".join(f"鹿城区,{day},{n}" for _s, _a, day, n in rows_of("", "", late))
    file = SimpleUploadedFile("press.csv", table(rows_of("", "330303", totals("330303"))).encode("gb18030"))
    answer = post(counted, text=text, files=file)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "1 day behind" in page
    listed = page.count('<tr><th scope="row"')
    assert f"<dt>Findings</dt><dd>{listed}</dd>" in page
    assert "press" in page
    assert "滞后1天" in post(counted, text=text, language="zh-hans").content.decode()
    rows = list(csv.DictReader(io.StringIO(post(counted, text=text, csv="1").content.decode("utf-8-sig"))))
    assert {row["finding"] for row in rows} >= {"late"}
    assert not Event.objects.filter(by=counted.users["wenzhou"]).exclude(kind__startswith="account.").exists()


def test_what_cannot_be_read_is_refused_with_its_line(counted):
    assert post(counted, text="").status_code == 422
    wrong = post(counted, text="area,date,count\n330302,2020-01-24,x\n330302,yesterday,3")
    assert wrong.status_code == 422
    assert "line 2" in wrong.content.decode()
    assert "line 3" in wrong.content.decode()
    assert "head row" in post(counted, text="area,count\n330302,3").content.decode()
    assert post(counted, text="area,date,count\n330106,2020-01-24,3").status_code == 422
    assert post(counted, who="xihu", text="area,date,count").status_code == 404
    with pytest.raises(Refused):
        sources.read("area,date,count\n330302,2020-01-24,-1", "x")


@pytest.mark.parametrize("written", ["2020-01-27", "2020/1/27", "2020年1月27日", "20200127", "2020-01-27 10:00"])
def test_days_are_read_as_people_write_them(written):
    assert sources.read(f"area,date,count\n1,{written},3", "x")[0].day == date(2020, 1, 27)
