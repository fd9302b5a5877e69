"""A roster of a thousand lines: as many queries as one of a hundred, whole, and the same again changes nothing."""

import time
from datetime import date

from django.db import connection
from django.test.utils import CaptureQueriesContext

from lianfang.kernel import clock
from lianfang.tracing import entering, selectors
from lianfang.tracing.models import Contact, Exposure
from lianfang.workorders.models import WorkOrder

GIVEN = "伟强磊军勇涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林杰建国志文海东峰振立庆德福元良永安邦成康"


def pasted(count, start=0):
    lines = ["姓名\t性别\t年龄\t联系电话\t现住址\t关系\t末次接触时间"]
    for n in range(start, start + count):
        name = "王李张刘陈杨黄赵吴周"[n % 10] + GIVEN[n // 10 % len(GIVEN)] + GIVEN[n * 7 % len(GIVEN)]
        lines.append(f"{name}\t{'男女'[n % 2]}\t{20 + n % 50}\t138{n:08d}\t鹿城区五马街道{n}号\t同事\t1月26日")
    return "\n".join(lines)


def entered(text, version, actor):
    """(queries, seconds of this process's own time) of reading, judging, matching and entering a list."""
    begun = time.process_time()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        outcome = entering.enter(entering.prepare(text, version, actor), {}, actor)
    assert not outcome.refused
    return len(queries), time.process_time() - begun


def test_a_thousand_lines_cost_no_more_queries_than_their_batches(world, notify, january):
    case, me = notify(), world.actor("lucheng")
    version = case.versions.select_related("area").get(superseded_at=None)
    few, _ = entered(pasted(100, 5000), version, me)
    many, seconds = entered(pasted(1000), version, me)
    assert many < 200, f"{few} queries for 100 lines, {many} for 1000: more than the batches of one insertion"
    assert seconds < 5, f"{seconds:.1f} s of processor time"
    assert Contact.objects.count() == Exposure.objects.count() == 1100
    assert WorkOrder.objects.filter(kind="follow_contact").count() == 1100
    again, _ = entered(pasted(1000), version, me)
    assert (Contact.objects.count(), Exposure.objects.count()) == (1100, 1100)
    assert again < 60
    with CaptureQueriesContext(connection) as queries:
        assert len(selectors.contacts_of_case(me, case.pk)) == 1100
    assert len(queries) < 40
    with CaptureQueriesContext(connection) as queries:
        assert len(selectors.call_list(me)) == selectors.PAGE
    assert len(queries) < 20
    assert selectors.counted(me, world.area("330302").path) == {"new": 1100}
    assert clock.today() == date(2020, 1, 27)
