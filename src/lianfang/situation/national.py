"""The indicators of every area from ledgers of counts in Parquet: on one laptop by DuckDB, on a cluster by Spark.

Each province writes its ledger to a file; who answers for all of them reads the folder. The sums are table expressions
(Narwhals) that run unchanged on either engine; the figures are made of them as everywhere else, by ``Indicator.figure``.
A ledger holds counts and no person.
"""

import csv
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from lianfang.kernel.refusals import Refused, refuse
from lianfang.surveillance import tally
from lianfang.surveillance.models import CaseTally

from .indicators import INDICATORS, Classes, Figure, Term
from .selectors import classes_of

COLUMNS = ("disease", "area_code", "measure", "day", "classification", "value", "known_on", "delta")
TYPES = {"value": "SMALLINT", "delta": "BIGINT", "day": "DATE", "known_on": "DATE"}


def write_ledger(to: Path) -> int:
    """Write every movement of the counts to a Parquet file. Returns how many rows. What no round has tallied yet is tallied."""
    import duckdb

    tally.tally_all()
    rows = 0
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for row in (
            CaseTally.objects.filter(carried=False).order_by("id").values_list(*COLUMNS).iterator(chunk_size=10_000)
        ):
            out.writerow("" if value == tally.NO_DAY else value for value in row)
            rows += 1
        file.flush()
        columns = {name: TYPES.get(name, "VARCHAR") for name in COLUMNS}
        read = duckdb.read_csv(file.name, header=True, columns=columns, auto_detect=False, delimiter=",", quotechar='"')
        partial = to.with_name(f"{to.name}.part")
        read.write_parquet(str(partial), compression="zstd")
        partial.replace(to)
    return rows


def duckdb_ledger(folder: Path) -> Any:
    """All ledgers of a folder as a table of the embedded engine. Raises Refused when there are none."""
    import duckdb

    return duckdb.read_parquet(_files(folder))


def spark_ledger(folder: Path, master: str) -> Any:
    """The same as a table of Spark: ``local[2]``, or the address of a cluster that reads the folder too. Raises Refused."""
    try:
        from pyspark.sql import SparkSession
    except ModuleNotFoundError:
        raise Refused(refuse("command.no_spark")) from None
    session = SparkSession.builder.master(master).appName("lianfang indicators").getOrCreate()
    return session.read.parquet(*_files(folder))


def _files(folder: Path) -> list[str]:
    found = sorted(str(file) for file in folder.glob("*.parquet"))
    if not found:
        raise Refused(refuse("command.no_ledgers", "folder", folder=folder))
    return found


def indicators(ledger: Any, disease: str, day: date) -> Iterator[tuple[str, dict[str, Figure]]]:
    """For each area with a case, by code, every indicator as known at the end of a day."""
    classes = classes_of(disease, day)
    terms = list(dict.fromkeys(term for entry in INDICATORS for term in entry.terms))
    names = {term: f"t{n}" for n, term in enumerate(terms)}
    for code, *sums in _collected(_sums(ledger, disease, day, classes, names), ["area_code", *names.values()]):
        found = {term: int(total or 0) for term, total in zip(terms, sums, strict=True)}
        yield code, {entry.code: entry.figure(found.__getitem__, classes) for entry in INDICATORS}


def _sums(ledger: Any, disease: str, day: date, classes: Classes, names: dict[Term, str]) -> Any:
    """One row an area, one column a term."""
    import narwhals as nw

    rows = nw.from_native(ledger).filter(nw.col("disease") == disease, nw.col("known_on") <= day)

    def counted(term: Term) -> Any:
        wanted = nw.col("measure").is_in(term.measures) & nw.col("classification").is_in(term.classes(classes) or ("",))
        if span := term.span(day):
            wanted = wanted & (nw.col("day") >= span[0]) & (nw.col("day") <= span[1])
        return nw.when(wanted).then(nw.col("delta")).otherwise(0).sum().alias(names[term])

    return rows.group_by("area_code").agg(*map(counted, names)).sort("area_code").to_native()


def _collected(table: Any, names: list[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table of either engine."""
    rows = table.select(*names)
    yield from (tuple(row) for row in (rows.fetchall() if hasattr(rows, "fetchall") else rows.collect()))
