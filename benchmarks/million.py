"""Pages and export with a million cases, on PostgreSQL and SQLite, each beside a bare query of the same rows in the same run.

    python -m benchmarks.million [CASES] [postgresql|sqlite]

The pages are asked for over HTTP, one at a time, from a real server; the peers are a Django view without anything around it
that reads the same rows by one raw query (list, situation), and COPY, or Python's csv module on SQLite (export).
"""

import csv
import io
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks import filling
from benchmarks.served import Client, Platform, filled, kept, machine, memory_mb, p50, p95, processes, serving, times

LIST_AIM_MS, SITUATION_AIM_MS, EXPORT_AIM_S = 100, 300, 15
PLACE = "SELECT reported_on, id FROM surveillance_caseversion WHERE superseded_at IS NULL ORDER BY reported_on DESC, id DESC LIMIT 1 OFFSET 9949"
PHONE = "15400012345"  # of somebody invented


def query(platform: Platform, words: str) -> Any:
    """One row of a query."""
    if platform.engine == "SQLite":
        with sqlite3.connect(platform.home / "lianfang.sqlite3") as link:
            return link.execute(words).fetchone()
    import psycopg

    with psycopg.connect(filling.native(platform.url)) as link:
        return link.execute(words).fetchone()


def pages(platform: Platform) -> list[tuple[str, str, str, str | None, float]]:
    """What is asked for: words, account, address, body, aim in ms (0: none)."""
    day, pk = query(platform, PLACE) if platform.size >= 10_000 else (filling.local_day(datetime.now(UTC)), "0" * 32)
    (case,) = query(
        platform, "SELECT case_id FROM surveillance_caseversion WHERE superseded_at IS NULL ORDER BY id LIMIT 1"
    )
    past, zhejiang = filling.local_day(datetime.now(UTC)) - timedelta(days=20), filling.USER
    return [
        ("list: first page", zhejiang, "/cases/", None, LIST_AIM_MS),
        ("list: one county of the province", zhejiang, "/cases/?area=330302", None, LIST_AIM_MS),
        ("list: one class", zhejiang, "/cases/?class=excluded", None, LIST_AIM_MS),
        ("list: page 200", zhejiang, f"/cases/?after={day}_{pk}", None, LIST_AIM_MS),
        ("list: as known 20 days ago", zhejiang, f"/cases/?as_of={past}", None, LIST_AIM_MS),
        ("list: first page of a county's account", "county", "/cases/", None, LIST_AIM_MS),
        ("list: first page of a hospital's account", "hospital", "/cases/", None, LIST_AIM_MS),
        ("one case", zhejiang, f"/cases/{str(case).replace('-', '')[:8]}", None, 0),
        ("search by telephone", zhejiang, "/cases/search/", f"q={PHONE}", 0),
        ("situation: province", zhejiang, "/situation/?area=330000&disease=covid19", None, SITUATION_AIM_MS),
        ("situation: province, 20 days ago", zhejiang, f"/situation/?area=330000&disease=covid19&as_of={past}", None, SITUATION_AIM_MS),
        ("situation: county", zhejiang, "/situation/?area=330302&disease=covid19", None, SITUATION_AIM_MS),
        ("situation: county, 20 days ago", zhejiang, f"/situation/?area=330302&disease=covid19&as_of={past}", None, SITUATION_AIM_MS),
    ]  # fmt: skip


def measure(platform: Platform) -> Iterator[str]:
    """The table of one database, line by line."""
    yield f"\n{platform.words}\n"
    yield "| page | p50 ms | p95 ms | aim (p95) | p50 in units of the bare query |"
    yield "| --- | --- | --- | --- | --- |"
    with ExitStack() as stack:
        port = stack.enter_context(serving(platform))
        bare_port = stack.enter_context(serving(platform, "benchmarks.bare:application"))
        bare = Client(bare_port)
        peers = {}
        for what, path in (
            ("list", "/newest"),
            ("situation: province", "/by-day?path=CN/330000/"),
            ("situation: county", "/by-day?path=CN/330000/330300/330302/"),
        ):
            peers[what] = times(lambda path=path: bare.ask(path))  # type: ignore[misc]
        for what, account, path, body, aim in pages(platform):
            client = Client(port, session=platform.keys[account])
            if what == "one case":
                path = first_case(client)
            form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
            status, answer = client.ask(path, body, **form)
            if status not in (200, 302):
                raise RuntimeError(f"{path} answers {status}: {answer[:300]!r}")
            took = times(lambda: client.ask(path, body, **form))  # noqa: B023
            peer = next((peers[name] for name in sorted(peers, key=len, reverse=True) if what.startswith(name)), None)
            verdict = f"{aim:.0f}: {'met' if p95(took) <= aim else 'missed'}" if aim else ""
            ratio = f"{p50(took) / p50(peer):.2f}" if peer else ""
            yield f"| {what} | {p50(took):.0f} | {p95(took):.0f} | {verdict} | {ratio} |"
        for name, peer in peers.items():
            yield f"| (bare: {name}) | {p50(peer):.1f} | {p95(peer):.1f} | | 1 |"
        yield ""
        yield export(platform, port)


def first_case(client: Client) -> str:
    """The address of the first case on the list."""
    _, answer = client.ask("/cases/")
    found = answer.decode().split('href="/cases/')
    return "/cases/" + next(part.split('"')[0] for part in found[1:] if part[36:38] == '/"')


def export(platform: Platform, port: int) -> str:
    """The export of all cases beside the same columns by COPY or by the csv module."""
    pids = processes(port)
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak from here on
    before = max(memory_mb(pids, "VmRSS"))
    link = HTTPConnection("127.0.0.1", port, timeout=900)
    began = time.perf_counter()
    link.request("GET", "/cases/export.csv", headers={"Cookie": f"sessionid={platform.keys[filling.USER]}"})
    answer, size, lines, early = link.getresponse(), 0, -1, 0.0
    while part := answer.read(1 << 20):
        size, lines = size + len(part), lines + part.count(b"\n")
        if not early and lines > platform.size / 10:
            early = max(memory_mb(pids))
    took = time.perf_counter() - began
    peak = max(memory_mb(pids))
    (cases,) = query(platform, "SELECT count(*) FROM surveillance_caseversion WHERE superseded_at IS NULL AND counted")
    if lines != cases:
        raise RuntimeError(f"{lines} lines of {cases} cases")
    peer = bare_export(platform)
    return (
        f"CSV export of {lines:,} cases: {took:.1f} s (aim {EXPORT_AIM_S}: {'met' if took <= EXPORT_AIM_S else 'missed'}), {size / 1e6:.0f} MB; "
        f"memory of the web process {before:.0f} MB before, peak {early:.0f} MB at a tenth, {peak:.0f} MB at the end. "
        f"{'COPY' if platform.engine != 'SQLite' else 'sqlite3 and csv'} of the same columns: {peer:.1f} s; ratio {took / peer:.2f}."
    )


EXPORT = """
SELECT v.case_id, c.source, c.local_id, v.disease, v.classification, v.declared, v.edition, a.code, a.name, v.onset_on, v.onset_until, v.reported_on,
       v.confirmed_on, v.admitted_on, v.severity, v.outcome, v.outcome_on, v.sex, v.age_low, v.age_high, v.counted
FROM surveillance_caseversion v JOIN surveillance_case c ON c.id = v.case_id JOIN registry_area a ON a.id = v.area_id
WHERE v.superseded_at IS NULL AND v.counted ORDER BY v.reported_on DESC, v.id DESC
"""


def bare_export(platform: Platform) -> float:
    began = time.perf_counter()
    if platform.engine == "SQLite":
        with sqlite3.connect(platform.home / "lianfang.sqlite3") as link:
            rows = link.execute(EXPORT)
            while some := rows.fetchmany(5000):
                csv.writer(io.StringIO()).writerows(some)
    else:
        import psycopg

        with (
            psycopg.connect(filling.native(platform.url)) as pg,
            pg.cursor().copy(f"COPY ({EXPORT}) TO STDOUT (FORMAT csv)") as copy,
        ):
            for _ in copy:
                pass
    return time.perf_counter() - began


def main(size: int = 1_000_000, engine: str = "") -> None:
    print(machine())
    for name in ("PostgreSQL", "SQLite"):
        if engine in ("", name.lower()):
            with filled(name, size) as platform:
                for line in measure(platform):
                    print(line, flush=True)
    print(machine())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--kept"]:
        print(machine())
        for folder in sys.argv[2:]:
            for line in measure(kept(Path(folder))):
                print(line, flush=True)
        print(machine())
    else:
        main(*[int(word) if word.isdigit() else word for word in sys.argv[1:]])  # type: ignore[arg-type]
