"""A platform with many cases, filled once and quickly: what `million` and `creating` measure against.

The rows are written straight into the tables, past the services. Real: areas, editions, and for each case a person of its
own, sealed, with the keys to find it by. Invented and repeated: some thousand courses of a case (observations, versions,
work orders, events) over Zhejiang's townships and the last 60 days, each of which many cases share, every row with an id of
its own; the tallies hold them. The digests of the events are stand-ins, so `audit verify` would not pass here.
"""

import hashlib
import json
import os
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

DAYS, EDITION, DISEASE = 60, "7", "covid19"
USER = "zhejiang"
COURSES, COURSES_AT_ONCE = 5000, 50

COLUMNS = {
    "registry_person": "id name id_number phone address parent_name sex birth_date birth_year area_id path created_at",
    "registry_personkey": "person_id kind digest",
    "surveillance_case": "id number disease person_id source local_id desk organisation_id channel recorded_at recorded_by_id card",
    "surveillance_observation": "id case_id kind observed_at recorded_at by_id channel content",
    "surveillance_caseversion": "id case_id supersedes_id recorded_at superseded_at by_id disease area_id path report_path organisation_id "
    "counted edition classification declared judgement judged_on onset_on reported_on confirmed_on admitted_on severity outcome "
    "outcome_on sex age_low age_high tallied",
    "workorders_workorder": "id kind status subject_kind subject_id path raised_at due_at closed_at closed_by_id applicant place note offered_path",
    "kernel_event": "id kind at by_id channel subject_kind subject_id path details digest seal_id",
    "kernel_seal": "id sealed_at previous digest signature count left_none entries",
}

Rows = dict[str, list[tuple[Any, ...]]]


def set_up(database_url: str, home: Path) -> None:
    """Django in this process, on this database."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="lianfang.config.settings", DATABASE_URL=database_url, LIANFANG_HOME=str(home)
    )
    import django

    django.setup()


def prepare(url: str, home: Path, size: int) -> dict[str, str]:
    """In a process of its own: an empty database gets areas, accounts and so many cases. Gives the keys of the accounts."""
    from importlib import import_module

    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.core.management import call_command

    set_up(url, home)
    call_command("migrate", verbosity=0)
    from lianfang.definitions.services import load_definitions
    from lianfang.kernel import clock, tokens
    from lianfang.kernel.models import User
    from lianfang.registry.areas import load_china
    from lianfang.registry.models import Area, Organisation, Post

    load_definitions()
    load_china()
    place = Area.objects.valid_on(clock.today())
    for county in place.filter(level="county", path__startswith="CN/330000/"):
        Organisation.objects.create(name=f"{county.name}第一医院", kind="hospital", area=county, path=county.path)
    hospital = Organisation.objects.get(path__endswith="/330302/")
    keys = {}
    for name, role, post in (
        (USER, "epidemiologist", {"area": place.get(code="330000")}),
        ("county", "epidemiologist", {"area": place.get(code="330302")}),
        ("hospital", "clinician", {"organisation": hospital}),
    ):
        user = User.objects.create(username=name, display_name=name, password="!")
        Post.objects.create(user=user, role=role, **post)
        session = import_module("django.contrib.sessions.backends.db").SessionStore()
        session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session.create()
        keys[name] = session.session_key
    keys["token"] = tokens.issue(User.objects.get(username=USER), "benchmark")
    if size:
        fill(size, url, home)
    return keys


def fill(size: int, url: str, home: Path) -> None:
    """Write the cases, without the secondary indexes of their tables, which are made again afterwards."""
    from django.db import connection, transaction

    from lianfang.surveillance import tally

    cases = Cases(size)
    connection.close()
    with into_sqlite(home / "lianfang.sqlite3") if url.startswith("sqlite") else into_postgresql(url) as write:
        for rows in cases.batches():
            for table, found in rows.items():
                write(table, COLUMNS[table].split(), found)
    with transaction.atomic():
        tally._enter(cases.ledger)
    tally.tally_all()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


Write = Callable[[str, list[str], list[tuple[Any, ...]]], None]


@contextmanager
def into_sqlite(path: Path) -> Iterator[Write]:
    link = sqlite3.connect(path, isolation_level=None)
    link.executescript(
        "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-800000; PRAGMA foreign_keys=OFF"
    )
    made = link.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    later = [(name, words) for name, words in made if any(f'ON "{table}"' in words for table in COLUMNS)]
    for name, _words in later:
        link.execute(f'DROP INDEX "{name}"')
    link.execute("BEGIN")

    def write(table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
        left = {
            row[1]: "" if "char" in row[2] or row[2] == "BLOB" else 0
            for row in link.execute(f"PRAGMA table_info({table})")
            if row[3] and not row[5]
        }
        told = {name: value for name, value in left.items() if name not in columns}
        marks = ", ".join(["?"] * len(columns) + [repr(value) for value in told.values()])
        link.executemany(f"INSERT INTO {table} ({', '.join([*columns, *told])}) VALUES ({marks})", rows)

    yield write
    link.execute("COMMIT")
    for _name, words in later:
        link.execute(words)
    link.execute("PRAGMA journal_mode=WAL")
    link.close()


@contextmanager
def into_postgresql(url: str) -> Iterator[Write]:
    import psycopg

    with psycopg.connect(native(url), autocommit=True) as link:
        link.execute(
            "SET session_replication_role = replica; SET maintenance_work_mem = '512MB'; SET TIME ZONE 'UTC'; SET synchronous_commit = off"
        )
        later = link.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY(%s) AND indexname NOT IN "
            "(SELECT conname FROM pg_constraint)", [list(COLUMNS)],
        ).fetchall()  # fmt: skip
        for name, _words in later:
            link.execute(f'DROP INDEX "{name}"')

        def write(table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
            with link.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)

        yield write
        for _name, words in later:
            link.execute(words)
        link.execute("VACUUM ANALYZE")
        link.execute("CHECKPOINT")


def native(url: str) -> str:
    """A DATABASE_URL as psycopg reads it."""
    return url.replace("postgres://", "postgresql://", 1)


class Id(str):
    """The first 24 digits of an id; the last eight are those of the case that it belongs to."""


class Cases:
    """Invents courses of cases in the order of their reports, and many cases of each course."""

    def __init__(self, size: int, seed: int = 20200123):
        from lianfang.config.demo.people import People
        from lianfang.kernel import clock
        from lianfang.kernel.models import User
        from lianfang.registry.models import Area, Organisation
        from lianfang.surveillance import tally

        self.courses = min(COURSES, size)
        self.each = size // self.courses
        self.random, self.people = random.Random(seed), People(seed)
        self.now, self.today = clock.now(), clock.today()
        self.first = self.now - timedelta(days=DAYS)
        self.by = User.objects.get(username=USER).pk
        townships = (
            Area.objects.valid_on(self.today).filter(level="township", path__startswith="CN/330000/").order_by("path")
        )
        counties: dict[str, list[tuple[int, str]]] = {}
        for pk, path in townships.values_list("pk", "path"):
            counties.setdefault(path.split("/")[3], []).append((pk, path))
        self.counties = list(counties.values())
        self.weights = [
            1 / (rank + 3) ** 0.7 for rank in range(len(self.counties))
        ]  # the largest holds one case in twenty
        self.random.shuffle(self.weights)
        self.hospitals = {path: pk.hex for pk, path in Organisation.objects.values_list("pk", "path")}
        self.rows: Rows = {}
        self.ledger: Counter[tally.Entry] = Counter()

    def batches(self) -> Iterator[Rows]:
        """Rows for each table, some thousand cases at a time."""
        from lianfang.surveillance import tally

        yield {"kernel_seal": [(1, stamp(self.now), b"\0" * 32, b"\1" * 32, b"\0" * 32, 0, 1, b"")]}
        moments = sorted(min(0.9999, max(0.0, self.random.triangular(0, 1, 0.55))) for _ in range(self.courses))
        for start in range(0, self.courses, COURSES_AT_ONCE):
            made: Rows = {table: [] for table in COLUMNS}
            for course in range(start, min(start + COURSES_AT_ONCE, self.courses)):
                at = self.first + timedelta(days=DAYS * moments[course])
                self.rows = {table: [] for table in COLUMNS}
                versions = self.course(at)
                for change, delta in tally.total_of(versions).items():
                    self.ledger[tally.Entry(change.disease, change.area_code, change.cell, change.known_on, False)] += (
                        delta * self.each
                    )
                for n in range(course * self.each, (course + 1) * self.each):
                    self.case(n, made)
            yield made

    def case(self, number: int, made: Rows) -> None:
        """One case of the course that stands in ``rows``."""
        end = f"{number:08x}"
        for table, rows in self.rows.items():
            made[table] += [tuple([value + end if type(value) is Id else value for value in row]) for row in rows]
        _id, _number, *rest = made["surveillance_case"][-1]
        rest[3] = f"B{end}"
        made["surveillance_case"][-1] = (_id, f"{_id[22:24]}{end[:3]}-{end[3:]}".upper(), *rest)
        self.person(number, made)

    def id_at(self, moment: datetime) -> Id:
        """The head of a UUIDv7 of a moment."""
        drawn = self.random.getrandbits(42)
        return Id(
            f"{int(moment.timestamp() * 1000):012x}7{drawn & 0xFFF:03x}{8 + ((drawn >> 12) & 3):x}{drawn >> 14 & 0xFFFFFFF:07x}"
        )

    def course(self, at: datetime) -> list[Any]:
        """Rows of a case reported at a moment, with what became known of it since. Gives its versions as tallies read them."""
        draw = self.random.random
        townships = self.random.choices(self.counties, self.weights)[0]
        area, path = townships[int(draw() * len(townships))]
        county = "/".join(path.split("/")[:4]) + "/"
        hospital = self.hospitals[county]
        age, male = int(draw() * 90), draw() < 0.5
        reported = local_day(at)
        onset = reported - timedelta(days=int(draw() * 9)) if draw() < 0.92 else None
        case_id, person_id = self.id_at(at), self.id_at(at)
        self.about = (person_id, male, age, reported, area, path, at)
        self.rows["surveillance_case"].append(
            (
                case_id,
                "",
                DISEASE,
                person_id,
                "benchmark",
                "",
                str(UUID(hospital)),
                hospital,
                "api",
                stamp(at),
                self.by,
                b"",
            )
        )
        steps = [
            (at, "confirmed" if draw() < 0.45 else "suspected", {"declared": "suspected", "symptoms": {"fever": True}})
        ]
        if onset:
            steps[0][2]["onset_on"] = onset.isoformat()
        result_at = at + timedelta(days=0.2 + draw() * 3)
        if steps[0][1] == "suspected" and result_at < self.now:
            positive = draw() < 0.7
            lab = {
                "test": "pcr",
                "result": "positive" if positive else "negative",
                "resulted_on": local_day(result_at).isoformat(),
            }
            steps.append((result_at, "confirmed" if positive else "excluded", {"labs": [lab]}))
        ended_at = at + timedelta(days=6 + draw() * 12)
        if steps[-1][1] == "confirmed" and ended_at < self.now and draw() < 0.8:
            outcome = "died" if draw() < 0.02 else "discharged"
            steps.append((ended_at, "confirmed", {"outcome": outcome, "outcome_on": local_day(ended_at).isoformat()}))
        before: Any = None
        versions = []
        before_id, confirmed = None, None
        ids = [self.id_at(moment) for moment, _, _ in steps]
        for n, (moment, of_class, content) in enumerate(steps):
            confirmed = (confirmed or local_day(moment)) if of_class == "confirmed" else None
            outcome, outcome_on = content.get("outcome", ""), content.get("outcome_on")
            version = SimpleNamespace(
                disease=DISEASE, path=path, counted=True, classification=of_class, reported_on=reported, onset_on=onset, onset_until=None,
                confirmed_on=confirmed, admitted_on=None, outcome=outcome, outcome_on=outcome_on and date.fromisoformat(outcome_on),
                severity="", recorded_at=moment, supersedes=before,
            )  # fmt: skip
            versions.append(version)
            until = stamp(steps[n + 1][0]) if n + 1 < len(steps) else None
            self.rows["surveillance_caseversion"].append(
                (ids[n], case_id, before_id, stamp(moment), until, self.by, DISEASE, area, path, county, hospital, 1, EDITION, of_class, 1, "{}",
                 local_day(moment).isoformat(), onset and onset.isoformat(), reported.isoformat(), confirmed and confirmed.isoformat(), None, "",
                 outcome, outcome_on, "M" if male else "F", float(age), float(age + 1), 1)
            )  # fmt: skip
            kind = "report" if n == 0 else "lab_result" if n == 1 and len(content) == 1 else "course"
            self.rows["surveillance_observation"].append(
                (self.id_at(moment), case_id, kind, None, stamp(moment), self.by, "api", json.dumps(content))
            )
            self.event(
                "case.notified" if n == 0 else "case.observed",
                moment,
                "case",
                case_id,
                path,
                {"classification": of_class, "edition": EDITION},
            )
            before, before_id = version, ids[n]
        self.orders(case_id, county, path, at)
        return versions

    def person(self, number: int, made: Rows) -> None:
        """Somebody invented, sealed, with the keys to find them by."""
        from lianfang.kernel.sealing import keyring
        from lianfang.registry import matching

        person_id, male, age, day, area, path, at = self.about
        ring, pk = keyring(), f"{person_id}{number:08x}"
        row = UUID(hex=pk)
        who = self.people.person(number, number // 3, male=male, age=age, today=day)
        sealed = [
            ring.seal(text, f"registry_person.{column}", row) for column, text in
            (("name", who.name), ("id_number", who.id_number), ("phone", who.phone), ("address", who.address))
        ]  # fmt: skip
        born = who.birth_date
        made["registry_person"].append((pk, *sealed, b"", who.sex, born.isoformat(), born.year, area, path, stamp(at)))
        steps = path.split("/")
        known = matching.Person(
            name=who.name,
            id_number=who.id_number,
            phone=who.phone,
            sex=who.sex,
            birth_date=born,
            county=steps[3],
            township=steps[4],
        )
        made["registry_personkey"] += [
            (pk, kind, ring.blind(kind, text)) for kind, text in matching.blocking_keys(known)
        ]

    def orders(self, case_id: str, county: str, path: str, at: datetime) -> None:
        """The clocks of a case: the older it is, the likelier they were met."""
        for kind, where, hours in (
            ("report_directly", county, 0.0),
            ("review_report", county, 2.0),
            ("investigate_case", path, 24.0),
        ):
            done_at = at + timedelta(hours=hours * self.random.random() * (1 if self.random.random() < 0.95 else 40))
            done = done_at <= self.now
            limit = timedelta(hours=hours or 2)
            self.rows["workorders_workorder"].append(
                (self.id_at(at), kind, "done" if done else "open", "case", case_id, where, stamp(at), stamp(at + limit),
                 stamp(done_at) if done else None, self.by if done else None, b"", b"", b"", "")
            )  # fmt: skip

    def event(self, kind: str, at: datetime, subject: str, subject_id: str, path: str, details: dict[str, Any]) -> None:
        pk = self.id_at(at)
        digest = hashlib.sha256(pk.encode()).digest()
        self.rows["kernel_event"].append(
            (pk, kind, stamp(at), self.by, "api", subject, subject_id, path, json.dumps(details), digest, 1)
        )


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def local_day(moment: datetime) -> date:
    """The day in Shanghai, the platform's time zone where none other is set."""
    return (moment.astimezone(UTC) + timedelta(hours=8)).date()
