"""Small line lists for the tests of the import, and the way from a file to its end."""

import csv
import io
from typing import Any

from lianfang.exchange import services
from lianfang.exchange.models import ImportRun
from lianfang.kernel.access import Actor

HEADERS = ["编号", "姓名", "性别", "年龄", "电话", "现住址", "发病日期", "诊断日期", "病例分类"]
ROWS = [
    ["A1", "王秀英", "女", "62", "13900000001", "浙江省温州市鹿城区", "2020-01-20", "2020-01-25", "确诊病例"],
    ["A2", "陈建国", "男", "45", "13900000002", "浙江省温州市鹿城区", "2020-01-22", "2020-01-27", "疑似病例"],
    ["A3", "林小红", "女", "8", "13900000003", "浙江省温州市鹿城区五马街道", "2020年1月23日", "2020-01-28", "确诊病例"],
]


def table(rows: list[list[str]] = ROWS, headers: list[str] = HEADERS) -> bytes:
    """A CSV file as a health worker would send it."""
    out = io.StringIO()
    csv.writer(out).writerows([headers, *rows])
    return out.getvalue().encode()


def many(count: int, place: str = "浙江省温州市鹿城区") -> list[list[str]]:
    """Rows of invented people, each another one."""
    family, given = "王李张刘陈杨黄赵吴周", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"
    return [
        [
            f"N{n}",
            family[n % 10] + given[n // 10 % 20] + given[n // 200 % 20],
            "男" if n % 2 else "女",
            str(n % 90 + 1),
            f"138{n:08d}",
            place,
            f"2020-01-{n % 28 + 1:02d}",
            f"2020-02-{n % 28 + 1:02d}",
            "确诊病例",
        ]
        for n in range(count)
    ]


def received(by: Actor, content: bytes = b"", name: str = "list.csv", **decided: Any) -> ImportRun:
    """A file kept and its suggested mapping decided: ready to be entered."""
    run = services.keep(name, [content or table()], by)
    told = {"disease": "covid19", "source": "the test list", **decided}
    return services.decide_mapping(run.pk, services.mapping_of(run), by, **told)


def entered(by: Actor, content: bytes = b"", **about: Any) -> ImportRun:
    """The same, entered to the end."""
    run = received(by, content, **about)
    return services.enter_all(services.start(run.pk, by, as_job=False), by)


def refused_text(run: ImportRun) -> str:
    return "".join(services.refused_csv(run))
