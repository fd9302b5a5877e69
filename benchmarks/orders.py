"""The inbox, the board and the statistics with 100,000 open orders among a million, on PostgreSQL, beside 1,000 among 10,000.

    python -m benchmarks.orders [OPEN]

Queries are timed inside one process with Django, without a web server: what is measured is the database's work and ours. The
plans are printed as PostgreSQL made them. The peer is one raw query for the same page without permissions or kinds.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks import filling
from benchmarks.served import DURABLE, machine, p50, p95, times
from tests.postgres import running

CLOSED_TO_OPEN = 9
DRAWN = 10_000  # orders drawn one by one; more are these again, each with an id and hours of its own
PROVINCE, COUNTY = "CN/330000/", "CN/330000/330300/330302/"
ACCOUNTS = (  # name, role, level and path of the area: the first of that level there
    ("province", "epidemiologist", "province", PROVINCE),
    ("county", "epidemiologist", "county", COUNTY),
    ("township", "grid_worker", "township", COUNTY),
    ("supervisor", "supervisor", "province", PROVINCE),
)
RAW = "SELECT id, kind, due_at, status FROM workorders_workorder WHERE closed_at IS NULL ORDER BY due_at, id LIMIT 51"


def main(arguments: list[str] | None = None) -> None:
    given = sys.argv[1:] if arguments is None else arguments
    most = int(given[0]) if given and given[0].isdigit() else 100_000
    print(f"Work orders, {machine()}\n")
    for size in (max(most // 100, 100), most):
        with running(DURABLE) as url, tempfile.TemporaryDirectory(prefix="lianfang-bench-") as home:
            child = get_context("spawn").Process(target=_measure, args=(url, Path(home), size, size == most))
            child.start()  # Django is set up once in a process
            child.join()
            if child.exitcode:
                raise SystemExit(child.exitcode)


def _measure(url: str, home: Path, open_orders: int, plans: bool) -> None:
    filling.prepare(url, home, 0)
    began = time.monotonic()
    _fill(open_orders)
    print(
        f"## {open_orders:,} open of {open_orders * (CLOSED_TO_OPEN + 1):,} (filled in {time.monotonic() - began:.0f} s)\n"
    )
    print("| what | p50 ms | p95 ms | process ms | queries |\n| --- | ---: | ---: | ---: | ---: |")
    for words, ask in _asked():
        _row(words, ask)
    if plans:
        _plans()


def _fill(open_orders: int) -> None:
    """Orders over Zhejiang's townships and counties: a tenth open, a part of them late, some assigned, some of a crew."""
    from django.db import connection

    from lianfang.kernel import clock, ids
    from lianfang.kernel.models import User
    from lianfang.registry.models import Area, Organisation, Post
    from lianfang.workorders.models import WorkOrder
    from lianfang.workorders.rules import kinds

    now, draw = clock.now(), random.Random(20200127)
    areas = Area.objects.valid_on(clock.today())
    users = []
    for name, role, level, path in ACCOUNTS:
        user = User.objects.create(username=f"o-{name}", display_name=name, password="!")
        Post.objects.create(user=user, role=role, area=areas.filter(level=level, path__startswith=path)[0])
        users.append(user)
    paths = list(
        areas.filter(path__startswith=PROVINCE, level__in=("county", "township")).values_list("path", flat=True)
    )
    crews = Organisation.objects.bulk_create(
        Organisation(name=f"抢修队{n}", kind="enterprise", area=area, path=area.path)
        for n, area in enumerate(areas.filter(level="county", path__startswith=PROVINCE))
    )
    crew = User.objects.create(username="o-crew", display_name="crew", password="!")
    Post.objects.create(user=crew, role="crew", organisation=crews[0])
    every = list(kinds().values())
    batch: list[WorkOrder] = []
    wanted = open_orders * (CLOSED_TO_OPEN + 1)
    for number in range(min(wanted, DRAWN)):
        kind, unfinished = every[number % len(every)], number % (CLOSED_TO_OPEN + 1) == 0
        age = timedelta(minutes=draw.random() * (4320 if unfinished else 86400))
        path = draw.choice(paths)
        assigned = unfinished and draw.random() < 0.3
        batch.append(
            WorkOrder(
                id=ids.new_id(),
                kind=kind.code,
                status="assigned" if assigned else "open" if unfinished else "done",
                subject_kind=kind.subject,
                subject_id=ids.new_id(),
                path=path,
                organisation=draw.choice(crews) if number % 5 == 0 else None,
                assignee=draw.choice(users) if assigned else None,
                raised_at=now - age,
                due_at=now - age + kind.limit,
                closed_at=None if unfinished else now - age + kind.limit * (0.2 + draw.random()),
            )
        )
        if len(batch) == 5000:
            WorkOrder.objects.bulk_create(batch)
            batch.clear()
    WorkOrder.objects.bulk_create(batch)
    columns = [column.column for column in WorkOrder._meta.concrete_fields]
    shifted = [f"{name} - shift" if name in ("raised_at", "due_at", "closed_at") else name for name in columns]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO workorders_workorder ({', '.join(columns)}) SELECT {', '.join(shifted)} FROM (SELECT {', '.join(columns[1:])}, "
            "gen_random_uuid() AS id, random() * interval '6 hours' AS shift FROM workorders_workorder, generate_series(2, %s)) AS again",
            [wanted // DRAWN],
        )
        cursor.execute("VACUUM ANALYZE workorders_workorder")


def _asked() -> list[tuple[str, Callable[[], Any]]]:
    """What is measured: words, and a call."""
    from django.db import connection

    from lianfang.kernel import clock
    from lianfang.kernel.models import User
    from lianfang.registry.selectors import actor_for
    from lianfang.workorders import selectors

    actors = {user.display_name: actor_for(user) for user in User.objects.filter(username__startswith="o-")}

    def page(who: str, view: str = "desk", deep: bool = False, **narrowed: Any) -> Callable[[], Any]:
        wanted = selectors.Wanted(view, **narrowed)
        if deep:  # the place in the middle of the list
            wanted = selectors.Wanted(view, after=(clock.now() + timedelta(hours=1), UUID(int=0)), **narrowed)
        return lambda: selectors.inbox_page(actors[who], wanted)

    def raw() -> None:
        with connection.cursor() as cursor:
            cursor.execute(RAW)
            cursor.fetchall()

    today = clock.today()
    week = selectors.Span(today - timedelta(days=6), today)
    since = clock.start_of(today)
    return [
        ("peer: one raw query of the first page", raw),
        ("inbox of the province", page("province")),
        ("inbox of the province, far into the list", page("province", deep=True)),
        ("inbox of the province, overdue", page("province", "late")),
        ("inbox of the province, escalated", page("province", "escalated")),
        ("inbox of the province, one county", page("province", path=COUNTY)),
        ("inbox of the province, one kind", page("province", kind="telecom_fault")),
        ("inbox of a county", page("county")),
        ("inbox of a township", page("township")),
        ("inbox of a crew", page("crew")),
        ("one's own", page("county", "mine")),
        ("offered", page("county", "offered")),
        ("closed, the province", page("province", "closed")),
        ("closed, a county", page("county", "closed")),
        ("board of the province by kind", lambda: selectors.board(actors["supervisor"], PROVINCE, "kind", since=since)),
        ("board of the province by area", lambda: selectors.board(actors["supervisor"], PROVINCE, "area", since=since)),
        ("board of a county by kind", lambda: selectors.board(actors["county"], COUNTY, "kind", since=since)),
        (
            "statistics of the province, 7 days",
            lambda: selectors.statistics(actors["supervisor"], PROVINCE, "kind", week),
        ),
        ("statistics of a county, 7 days", lambda: selectors.statistics(actors["county"], COUNTY, "kind", week)),
    ]


def _row(words: str, ask: Callable[[], Any]) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        ask()
    found = times(ask, rounds=20, before=2)
    began = time.process_time()
    for _ in range(5):
        ask()
    process = (time.process_time() - began) / 5 * 1000
    print(f"| {words} | {p50(found):.1f} | {p95(found):.1f} | {process:.1f} | {len(asked)} |", flush=True)


def _plans() -> None:
    """The plans of the queries behind the inbox."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    print("\n## Plans\n")
    for words, ask in _asked():
        if words.startswith(("inbox", "closed", "one's")):
            with CaptureQueriesContext(connection) as asked:
                ask()
            for query in asked.captured_queries:
                with connection.cursor() as cursor:
                    cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, SUMMARY OFF, TIMING OFF) {query['sql']}")
                    plan = [line for (line,) in cursor.fetchall()]
                shown = [
                    line for line in plan if any(told in line for told in ("Scan", "Sort", "Limit", "Rows Removed"))
                ]
                print(f"{words}:", *shown[:8], sep="\n    ")


if __name__ == "__main__":
    main()
