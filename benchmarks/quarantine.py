"""People under observation with 28 check-ins each on PostgreSQL: a county's missed list, a site's screen, one check-in.

    python -m benchmarks.quarantine [PEOPLE …]        by default 10,000, 100,000 and 1,000,000

Selectors and services are timed inside one process with Django, without a web server, each time for another county, site or
person. What a page shows is read whole, names opened and the look recorded. The peer is the same read or write as bare SQL:
no permissions, no names, no rules, no events. A million people are 28 million check-ins: about 12 GB of disk.

Rows are written straight into the tables, past the services: real are areas, sites, rooms and sealed names; check-ins come
span by span, as they do in life, so those of one person lie far apart. Three in a hundred did not check in this morning.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from datetime import time as clock_time
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks import filling
from benchmarks.served import DURABLE, machine, p50, p95
from tests.postgres import running

SIZES = (10_000, 100_000, 1_000_000)
CHECKS, GUESTS, AT_SITES, SILENT = 28, 100, 0.2, 0.03
NOW = datetime.fromisoformat("2020-10-15T11:00+08:00")  # an hour after the morning's check-ins were owed
SHOWN, REPEATS = 50, 60
PERSON, STAY, CHECK, ENTRY = "01750000", "01751000", "01752000", "01753000"  # the heads of their ids

PEOPLE = "id, name, id_number, phone, address, parent_name, sex, birth_year, area_id, path, created_at"
STAYS = (
    "id, person_id, disease, home_path, opened_at, status, grounds, notice, began_at, release_on, reason, path, site_id, room_id, "
    "organisation_id, last_check_at, next_due_at"
)
MISSED = (
    "SELECT id, next_due_at FROM quarantine_stay WHERE status = 'observed' AND path >= %s AND path < %s "
    "AND next_due_at <= %s ORDER BY next_due_at, id LIMIT 50"
)
SITE = (
    "SELECT s.id, c.observed_at, c.temperature FROM quarantine_stay s LEFT JOIN quarantine_checkin c "
    "ON c.stay_id = s.id AND c.observed_at >= %s WHERE s.site_id = %s AND s.status = 'observed'"
)
WRITE = (
    "INSERT INTO quarantine_checkin (id, stay_id, observed_at, recorded_at, told_by, channel, temperature, symptoms, words, retracted) "
    "VALUES (%s, %s, %s, %s, 'self', 'api', 36.5, '[]', '', false)",
    "UPDATE quarantine_stay SET last_check_at = %s WHERE id = %s",
)


def main(arguments: list[str] | None = None) -> None:
    given = [int(word) for word in (sys.argv[1:] if arguments is None else arguments) if word.isdigit()]
    print(f"People under observation, {machine()}\n")
    found: dict[int, dict[str, float]] = {}
    for size in sorted(given or SIZES):
        with (
            running(DURABLE) as url,
            tempfile.TemporaryDirectory(prefix="lianfang-bench-") as home,
            get_context("spawn").Pool(1) as pool,  # Django is set up once in a process
        ):
            found[size] = pool.apply(_measured, (url, Path(home), size))
    least, most = min(found), max(found)
    if least < most:
        print(f"\n{most // least} times as many people: p50 grows")
        for what, took in found[most].items():
            print(f"- {what}: {took / found[least][what]:.1f} times ({found[least][what]:.1f} → {took:.1f} ms)")


def _measured(url: str, home: Path, size: int) -> dict[str, float]:
    filling.prepare(url, home, 0)
    began = time.monotonic()
    sites, county = _fill(url, size)
    print(f"## {size:,} people, {size * CHECKS:,} check-ins (filled in {time.monotonic() - began:.0f} s)\n", flush=True)
    print("| what | p50 ms | p95 ms | queries | bare SQL p50 ms | ratio |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    medians = {}
    for words, ours, bare in _asked(url, size, sites, county):
        took, plain = _times(ours), _times(bare)
        medians[words] = p50(took)
        print(
            f"| {words} | {p50(took):.1f} | {p95(took):.1f} | {_queries(ours)} | {p50(plain):.2f} | {p50(took) / p50(plain):.0f} |",
            flush=True,
        )
    return medians


def _times(ask: Callable[[], Any]) -> list[float]:
    """Milliseconds of each of some tens of calls, after a few that warm up."""
    for _ in range(5):
        ask()
    took = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        ask()
        took.append((time.perf_counter() - began) * 1000)
    return took


def _queries(ask: Callable[[], Any]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        ask()
    return len(asked)


def _asked(
    url: str, size: int, sites: list[UUID], county: str
) -> Iterator[tuple[str, Callable[[], Any], Callable[[], Any]]]:
    """What is measured: words, ours, and the same as bare SQL."""
    import psycopg
    from django.db import transaction

    from lianfang.kernel import clock, ids
    from lianfang.kernel.access import Actor, Grant
    from lianfang.kernel.models import User
    from lianfang.quarantine import selectors, services

    user = User.objects.get(username="county").pk
    actor = Actor(user, "county", (Grant("epidemiologist", path=county),))
    province = Actor(user, "province", (Grant("epidemiologist", path="CN/330000/"),))
    chance, link = random.Random(1), psycopg.connect(filling.native(url), autocommit=True)

    def read(words: str, *values: Any) -> Any:
        return link.execute(words, values).fetchall()

    def missed(by: Actor) -> Any:
        with clock.at(NOW), transaction.atomic():
            rows = list(selectors.missing(by)[:SHOWN])
            return selectors.named(by, rows, county)

    def screen() -> Any:
        with clock.at(NOW), transaction.atomic():
            shown = selectors.site_screen(province, chance.choice(sites))
            assert len(shown.guests) == GUESTS
            return shown

    def somebody() -> UUID:
        return UUID(f"{STAY}{chance.randrange(size):024x}")

    def write() -> Any:
        with clock.at(NOW):
            return services.check_in(services.NewCheck(somebody(), 36.5, told_by="grid_worker"), province)

    def write_bare() -> None:
        stay = somebody()
        with link.transaction():
            link.execute(WRITE[0], (ids.new_id(), stay, NOW, NOW))
            link.execute(WRITE[1], (NOW, stay))

    until = county[:-1] + "0"
    yield "missed list of a county", lambda: missed(actor), lambda: read(MISSED, county, until, NOW)
    yield "missed list of the province", lambda: missed(province), lambda: read(MISSED, "CN/330000/", "CN/3300000", NOW)
    counted = lambda: selectors.missing(actor).count()  # noqa: E731
    yield "how many in a county", lambda: _at(NOW, counted), lambda: read(MISSED.replace("id, next_due_at", "count(*)").split(" ORDER")[0], county, until, NOW)  # fmt: skip
    yield "screen of a site with 100 guests", screen, lambda: read(SITE, NOW - timedelta(days=1), chance.choice(sites))
    yield "one check-in written", write, write_bare


def _at(moment: datetime, ask: Callable[[], Any]) -> Any:
    from lianfang.kernel import clock

    with clock.at(moment):
        return ask()


def _fill(url: str, size: int) -> tuple[list[UUID], str]:
    """Write people, stays, entries and check-ins. Gives the sites, and the path of the county with the most people."""
    import psycopg
    from django.utils import timezone

    from lianfang.kernel.sealing import keyring
    from lianfang.quarantine import rules
    from lianfang.quarantine.models import Room
    from lianfang.registry.models import Area, Organisation, Person, Site

    townships = list(
        Area.objects.valid_on(NOW.date()).filter(level="township", path__startswith="CN/330000/").order_by("path")
    )
    chance, zone = random.Random(20200123), timezone.get_default_timezone()
    hours = (clock_time(10), clock_time(20))
    began = NOW - timedelta(days=CHECKS // 2 + 1)
    spans = [due for due, _ in zip(rules.dues(began, hours, zone), range(CHECKS + 2), strict=False) if due <= NOW][
        -CHECKS:
    ]
    after = next(rules.dues(NOW, hours, zone))
    ring, sealed_name = keyring(), Person._meta.get_field("name").full_name  # type: ignore[attr-defined]
    sites: list[tuple[Site, list[Room]]] = []
    for number in range(max(1, int(size * AT_SITES) // GUESTS)):
        area = townships[number * 7919 % len(townships)]
        run_by = Organisation.objects.create(name=f"site {number}", kind="other", area=area, path=area.path)
        site = Site.objects.create(
            name=f"site {number}", kind="isolation", area=area, path=area.path, organisation=run_by
        )
        sites.append((site, Room.objects.bulk_create(Room(site=site, name=f"{n:03d}") for n in range(GUESTS))))
    counted: dict[str, int] = {}
    with psycopg.connect(filling.native(url), autocommit=True) as link:
        link.execute(
            "SET session_replication_role = replica; SET maintenance_work_mem = '512MB'; SET synchronous_commit = off; SET TIME ZONE 'UTC'"
        )
        with link.cursor().copy(f"COPY registry_person ({PEOPLE}) FROM STDIN") as copy:
            for n in range(size):
                pk, home = UUID(f"{PERSON}{n:024x}"), townships[n * 104729 % len(townships)]
                name = ring.seal(f"客人{n}", sealed_name, pk)
                copy.write_row((pk, name, b"", b"", b"", b"", "MF"[n % 2], 1950 + n % 60, home.pk, home.path, began))
        with link.cursor().copy(f"COPY quarantine_stay ({STAYS}) FROM STDIN") as copy:
            for n in range(size):
                home = townships[n * 104729 % len(townships)]
                silent = chance.random() < SILENT
                place: tuple[Any, ...] = (home.path, None, None, None)
                if n < len(sites) * GUESTS:
                    site, rooms = sites[n // GUESTS]
                    place = (site.path, site.pk, rooms[n % GUESTS].pk, site.organisation_id)
                county = "/".join(place[0].split("/")[:4]) + "/"
                counted[county] = counted.get(county, 0) + 1
                last, due = (spans[-2], spans[-1]) if silent else (spans[-1], after)
                release_on = began.date() + timedelta(days=14 + n % 7)
                copy.write_row(
                    (UUID(f"{STAY}{n:024x}"), UUID(f"{PERSON}{n:024x}"), "covid19", home.path, began, "observed", "contact", "", began,
                     release_on, "", *place, last - timedelta(hours=1), due)
                )  # fmt: skip
        link.execute(
            "INSERT INTO quarantine_stayversion (stay_id, recorded_at, disease, status, reason, path, organisation_id, release_on) "
            "SELECT id, began_at, disease, status, '', path, organisation_id, release_on FROM quarantine_stay"
        )
        empty = "'', false, ''::bytea"
        for number, (kind, owes) in enumerate((("ordered", False), ("arrival", False), ("exposure", True))):
            last_on, edition = ("release_on - 14", "'7'") if owes else ("NULL::date", "''")
            reason = "'contact'" if kind == "ordered" else "''"
            link.execute(
                "INSERT INTO quarantine_stayentry (id, stay_id, kind, happened_at, recorded_at, channel, last_on, owes, edition, path, "
                f"site_id, room_id, organisation_id, reason, notice, retracted, words) SELECT ('{ENTRY}' || '{number}' || "
                f"right(replace(id::text, '-', ''), 23))::uuid, id, '{kind}', began_at, began_at, 'api', {last_on}, {str(owes).lower()}, "
                f"{edition}, path, site_id, room_id, organisation_id, {reason}, {empty} FROM quarantine_stay"
            )
        indexes = link.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'quarantine_checkin' AND indexname NOT IN "
            "(SELECT conname FROM pg_constraint)"
        ).fetchall()
        for index, _words in indexes:
            link.execute(f'DROP INDEX "{index}"')
        for number, due in enumerate(spans):
            link.execute(
                "INSERT INTO quarantine_checkin (id, stay_id, observed_at, recorded_at, told_by, channel, temperature, symptoms, words, retracted) "
                f"SELECT ('{CHECK}' || '{number:02x}' || right(replace(id::text, '-', ''), 22))::uuid, id, %s, %s, 'self', 'link', "
                "36.2 + (get_byte(uuid_send(id), 15) %% 9) / 10.0, '[]', '', false FROM quarantine_stay WHERE last_check_at >= %s",
                (due - timedelta(hours=1), due - timedelta(hours=1), due - timedelta(hours=1)),
            )
        for _index, words in indexes:
            link.execute(words)
        link.execute("VACUUM ANALYZE")
        link.execute("CHECKPOINT")
    return [site.pk for site, _ in sites], max(counted, key=lambda path: counted[path])


if __name__ == "__main__":
    main()
