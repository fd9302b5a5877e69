"""Import of a line list beside a bare ``bulk_create`` of the same rows into the same tables, in the same run.

    python benchmarks/importing.py [ROWS] [sqlite|postgresql]

The import reads a CSV of invented people (name, ID number, telephone, address, days, symptoms), judges each row, looks for
people already known, seals who they are and leaves events. The bare insert is given all of that ready made: rows read back
from the database, identities as ciphertext, written by the same 500 in a transaction into an empty database of the same
engine. Prints rows a second, peak memory and the ratio; the aim is 4 at most.
"""

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
AIM = 4.0
FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建国玉兰志红春梅海燕鹏飞雪婷浩宇梓涵子轩欣怡思远晓东文博雨泽佳琪俊辉凤云龙小月天翔立新德胜庆荣宝珍素琴淑贞永康正阳振兴金花银福瑞祥嘉诚若曦"
SYMPTOMS = ["发热", "咳嗽", "发热、咳嗽", "乏力", "咽痛", "发热、乏力、咳嗽", ""]
CLASSES = ["确诊病例", "疑似病例", "临床诊断病例", "无症状感染者"]
PLACES = ["浙江省温州市鹿城区", "浙江省温州市鹿城区五马街道", "浙江省温州市龙湾区", "浙江省杭州市西湖区"]
HEADERS = "编号,姓名,性别,出生日期,身份证号,联系电话,现住址,职业,发病日期,诊断日期,报告日期,病例分类,症状"


def id_number(area: str, born: date, order: int) -> str:
    """An invented ID number with a right check digit."""
    body = f"{area}{born:%Y%m%d}{order:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]


def line_list(path: Path, rows: int, seed: int = 20200123) -> None:
    """A CSV of invented cases, no two alike."""
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8") as out:
        out.write(HEADERS + "\n")
        for n in range(rows):
            name = chance.choice(FAMILY) + "".join(chance.choices(GIVEN, k=chance.choice((1, 2, 2, 2))))
            born = date(1930, 1, 1) + timedelta(days=chance.randrange(32_000))
            onset = date(2020, 1, 10) + timedelta(days=chance.randrange(50))
            seen = onset + timedelta(days=chance.randrange(8))
            order = chance.randrange(1000)
            cells = [
                f"W{n:07d}", name, "男" if order % 2 else "女", born.isoformat(), id_number("330302", born, order),
                f"1{chance.choice('3578')}{chance.randrange(10**9):09d}", chance.choice(PLACES) + f"{n % 977}号", "工人", onset.isoformat(),
                seen.isoformat(), (seen + timedelta(days=chance.randrange(3))).isoformat(), chance.choice(CLASSES), chance.choice(SYMPTOMS),
            ]  # fmt: skip
            out.write(",".join(cells) + "\n")


def memory_mb() -> float:
    """Memory that is this process's own, in MB: without the pages of the database file that SQLite maps."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def measure(rows: int) -> dict[str, float]:
    """In a process of its own: import, then the bare insert. Gives seconds and megabytes."""
    from django.conf import settings

    settings.DATABASES["bare"] = bare_database(settings.DATABASES["default"])
    import django
    from django.core.management import call_command

    django.setup()
    for alias in ("default", "bare"):
        call_command("migrate", database=alias, verbosity=0)
    from lianfang.definitions.services import load_definitions
    from lianfang.exchange import services
    from tests.world import build

    load_definitions()
    by = build().actor("zhejiang", "import")
    path = Path(settings.HOME) / "list.csv"
    line_list(path, rows)
    took: dict[str, float] = {}
    with timed(took, "receive"), path.open("rb") as file:
        run = services.keep("list.csv", iter(lambda: file.read(1 << 20), b""), by)
        run = services.decide_mapping(run.pk, services.mapping_of(run), by, disease="covid19", source="benchmark")
    with timed(took, "dry_run"):
        found = services.outlook(run, by)
    memory: list[float] = []
    run = services.start(run.pk, by, as_job=False)
    with timed(took, "import"):
        run = services.enter_all(run, by, progress=lambda now: memory.append(memory_mb()))
    assert run.counts["entered"] == found.would_enter == rows, run.counts
    took["memory_early"], took["memory_peak"] = max(memory[: len(memory) // 10 + 1]), max(memory)
    took["pairs"] = run.counts.get("possible_duplicates", 0)
    took["bare"] = bare_insert()
    return took


def bare_database(default: dict[str, Any]) -> dict[str, Any]:
    """A second, empty database of the same engine."""
    bare = {**default, "NAME": f"{default['NAME']}_bare"}
    if not default["ENGINE"].endswith("sqlite3"):
        import psycopg

        with psycopg.connect(
            host=default["HOST"], user=default["USER"], dbname=default["NAME"], autocommit=True
        ) as link:
            link.execute(f'CREATE DATABASE "{bare["NAME"]}"')
    return bare


@contextmanager
def timed(took: dict[str, float], name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    took[name] = time.perf_counter() - began


def bare_insert() -> float:
    """Write every row that the import wrote into the empty database. Gives the seconds of writing alone."""
    from django.db import transaction

    from lianfang.exchange.models import ImportRow, ImportRun
    from lianfang.kernel.models import Event, User
    from lianfang.registry.models import Area, Person, PersonKey, PossibleDuplicate
    from lianfang.surveillance.models import Case, CaseVersion, Observation

    for model in (User, Area, ImportRun):  # what the rows refer to
        model._base_manager.using("bare").bulk_create(list(model._base_manager.using("default").order_by("pk")))
    spent = 0.0
    cases = Case.objects.order_by("pk").values_list("pk", "person_id").iterator(chunk_size=500)
    while batch := [pair for _, pair in zip(range(500), cases, strict=False)]:
        ids, people = [pk for pk, _ in batch], [person for _, person in batch]
        tables = [
            (Person, Person.objects.filter(pk__in=people)),
            (PersonKey, PersonKey.objects.filter(person__in=people)),
            (Case, Case.objects.filter(pk__in=ids)),
            (Observation, Observation.objects.filter(case__in=ids)),
            (CaseVersion, CaseVersion.objects.filter(case__in=ids)),
            (PossibleDuplicate, PossibleDuplicate.objects.filter(person__in=people)),
            (Event, Event.objects.filter(subject_id__in=ids)),
            (ImportRow, ImportRow.objects.filter(case__in=ids)),
        ]
        loaded: list[tuple[Any, list[Any]]] = [(model, list(rows.order_by("pk"))) for model, rows in tables]
        began = time.perf_counter()
        with transaction.atomic(using="bare"):
            for model, rows in loaded:
                model._base_manager.using("bare").bulk_create(rows, batch_size=500)
        spent += time.perf_counter() - began
    assert Case.objects.using("bare").count() == Case.objects.using("default").count()
    return spent


def run_on(engine: str, rows: int, url: str = "") -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="lianfang-bench-") as home:
        environment = {**os.environ, "LIANFANG_HOME": home, "DJANGO_SETTINGS_MODULE": "lianfang.config.settings"}
        environment["DATABASE_URL"] = url or f"sqlite:///{home}/lianfang.sqlite3"
        environment["PYTHONPATH"] = str(ROOT)
        command = [sys.executable, __file__, "--measure", str(rows)]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, cwd=ROOT)
        took: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    ratio = took["import"] / took["bare"]
    print(
        f"{engine:<11} import {rows / took['import']:>6.0f} rows/s in {took['import']:.1f} s   bare insert {rows / took['bare']:>6.0f} rows/s"
        f"   ratio {ratio:.2f} (aim {AIM:g})   peak memory {took['memory_peak']:.0f} MB ({took['memory_early']:.0f} MB in the first tenth)"
        f"   received in {took['receive']:.1f} s, dry run in {took['dry_run']:.1f} s, {took['pairs']:.0f} possible duplicates",
        flush=True,
    )
    return took


def main(rows: int = 100_000, engine: str = "") -> None:
    sys.path.insert(0, str(ROOT))
    from tests.postgres import running

    if engine in ("", "sqlite"):
        run_on("SQLite", rows)
    if engine in ("", "postgresql"):
        with running() as url:
            run_on("PostgreSQL", rows, url)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(int(sys.argv[2]))))
    else:
        main(*[int(word) if word.isdigit() else word for word in sys.argv[1:]])  # type: ignore[arg-type]
