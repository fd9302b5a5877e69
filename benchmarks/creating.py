"""Cases created through the API with 1 and 8 clients, empty and with a million cases, on PostgreSQL and SQLite.

    python -m benchmarks.creating [CASES] [SECONDS]

A real server as `lianfang serve` starts it, keep-alive connections. The clients share the machine with the server and the
database: they take a part of the cores that are measured. The peer is one Django view that writes as many rows into the
same tables with no sign-in, rules, matching, sealing or audit; it is asked by the same clients right after.
"""

import json
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.served import Client, Platform, filled, kept, machine, p50, p95, serving

AIM_PER_SECOND, AIM_SLOWER = 500, 1.1
AREAS = ("330302", "330303", "330304", "330106", "330108", "330203")


def report(people: Any, number: int, today: date) -> str:
    """A report card of somebody new, as a hospital's system would send it."""
    who = people.person(number, number, male=number % 2 == 0, age=number % 90, today=today)
    onset, tested = today - timedelta(days=number % 9 + 2), today - timedelta(days=1)
    return json.dumps(
        {
            "disease": "covid19",
            "area_code": AREAS[number % len(AREAS)],
            "person": {"name": who.name, "id_number": who.id_number, "phone": who.phone, "address": who.address, "sex": who.sex,
                       "birth_date": str(who.birth_date)},
            "evidence": {"declared": "confirmed", "onset_on": str(onset), "reported_on": str(today), "symptoms": {"fever": True, "dry_cough": True},
                         "labs": [{"test": "pcr", "result": "positive", "sampled_on": str(tested), "resulted_on": str(today)}],
                         "age_low": number % 90, "age_high": number % 90 + 1, "sex": who.sex},
            "source": "creating",
            "diagnosed_at": f"{tested}T08:00:00+08:00",
        }
    )  # fmt: skip


def rate(ports: tuple[int, str, str], cards: Iterator[str], clients: int, seconds: float) -> tuple[float, list[float]]:
    """Cases a second, and the milliseconds of each, over some seconds after a start that is not counted."""
    port, token, path = ports
    took: list[float] = []
    begin = time.perf_counter() + seconds / 4
    until, lock = begin + seconds, threading.Lock()
    problems: list[str] = []

    def send() -> None:
        client = Client(port, token=token)
        while (now := time.perf_counter()) < until and not problems:
            with lock:
                card = next(cards)
            status, answer = client.ask(path, card)
            if status != 201:
                problems.append(f"{status}: {answer[:300]!r}")
            elif now >= begin:
                took.append((time.perf_counter() - now) * 1000)

    threads = [threading.Thread(target=send) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise RuntimeError(problems[0])
    return len(took) / seconds, took


def cards() -> Iterator[str]:
    from lianfang.config.demo.people import People

    people, first = People(7), random.SystemRandom().randrange(1_000_000, 4_000_000)
    today = datetime.now().astimezone().date() - timedelta(days=1)  # past in every time zone
    return (report(people, number, today) for number in range(first, 5_000_000))


Rates = dict[tuple[int, int], float]


def measure(platform: Platform, seconds: float, rounds: int = 3) -> tuple[list[str], dict[int, float]]:
    """Lines of the table for one database, and the rate by number of clients. The platform and its peer by turns."""
    lines, rates = [], {}
    with ExitStack() as stack:
        ours = (stack.enter_context(serving(platform)), platform.keys["token"], "/api/v1/cases")
        bare = (stack.enter_context(serving(platform, "benchmarks.bare:application")), "none", "/create")
        sent = cards()
        for clients in (1, 8):
            found, peer, took = [], [], []
            for _ in range(rounds):
                a_second, each = rate(ours, sent, clients, seconds)
                found.append(a_second)
                took += each
                peer.append(rate(bare, sent, clients, seconds)[0])
            rates[clients] = p50(found)
            lines.append(
                f"| {platform.words} | {clients} | {p50(found):.0f} | {p50(took):.0f} | {p95(took):.0f} | {p50(peer):.0f} | {p50(peer) / p50(found):.2f} |"
            )
    return lines, rates


HEAD = (
    "| database | clients | cases/s | p50 ms | p95 ms | bare view, cases/s | bare in units of ours |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


def told(platforms: list[Platform], seconds: float) -> None:
    """Measure and print; platforms of one engine with and without cases are compared."""
    print(machine())
    print(HEAD, flush=True)
    rates = {}
    for platform in platforms:
        lines, rates[platform.engine, platform.size] = measure(platform, seconds)
        print("\n".join(lines), flush=True)
    for engine in sorted({engine for engine, _ in rates}):
        of_size = {size: found for (one, size), found in rates.items() if one == engine}
        most, least = max(of_size), min(of_size)
        for clients in (1, 8):
            slower = of_size[least][clients] / of_size[most][clients]
            print(
                f"{engine}, {clients} client{'s' * (clients > 1)}: empty {of_size[least][clients]:.0f}/s, with {most:,} cases {of_size[most][clients]:.0f}/s, "
                f"ratio {slower:.2f} (aim {AIM_SLOWER}: {'met' if slower <= AIM_SLOWER else 'missed'})"
            )
        if engine == "PostgreSQL":
            reached = of_size[most][8]
            print(
                f"PostgreSQL, 8 clients: {reached:.0f}/s of {AIM_PER_SECOND}/s, ratio {reached / AIM_PER_SECOND:.2f} of the aim"
            )
    print(machine())


def main(size: int = 1_000_000, seconds: float = 8) -> None:
    with ExitStack() as stack:
        told(
            [stack.enter_context(filled(engine, cases)) for engine in ("PostgreSQL", "SQLite") for cases in (0, size)],
            seconds,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--kept"]:
        told([kept(Path(folder)) for folder in sys.argv[3:]], float(sys.argv[2]))
    else:
        main(*[int(word) for word in sys.argv[1:]])
