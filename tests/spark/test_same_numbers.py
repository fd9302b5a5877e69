"""The same ledgers give the same figures on DuckDB, on Spark in one process, and on a cluster of a master and two workers.

Needs the extra ``spark`` and Java; ``make test-spark`` brings the first and names the second. The cluster listens on
loopback and is stopped by the test.
"""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lianfang.situation import national
from tests.parts.situation.ledgers import LAST, outbreak

pyspark = pytest.importorskip("pyspark")
pytestmark = pytest.mark.spark
HOME = Path(pyspark.__file__).parent


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return tried.getsockname()[1]


def answers(port: int, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError(f"nothing answers on port {port}")


@pytest.fixture
def ledgers(world, tmp_path):
    outbreak(world)
    national.write_ledger(tmp_path / "zhejiang.parquet")
    return tmp_path


@pytest.fixture
def cluster(tmp_path_factory):
    """The address of a standalone master with two workers on loopback."""
    work = tmp_path_factory.mktemp("spark")
    port, pages = free_port(), free_port()
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(HOME), "SPARK_NO_DAEMONIZE": "1"}
    address = f"spark://127.0.0.1:{port}"
    log = (work / "log").open("w")

    def start(*arguments: str) -> subprocess.Popen:
        command = [str(HOME / "bin" / "spark-class"), *arguments]
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=work)

    master = "org.apache.spark.deploy.master.Master"
    running = [start(master, "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(pages))]
    try:
        answers(port)
        for n in range(2):
            worker = ["--host", "127.0.0.1", "--cores", "1", "--memory", "600m", "--work-dir", str(work / f"worker{n}")]
            running.append(
                start("org.apache.spark.deploy.worker.Worker", *worker, "--webui-port", str(free_port()), address)
            )
        until = time.monotonic() + 60
        while (work / "log").read_text().count("Registering worker") < 2:
            if time.monotonic() > until:
                raise TimeoutError((work / "log").read_text()[-2000:])
            time.sleep(0.3)
        yield address
    finally:
        for process in running[::-1]:
            process.terminate()
        for process in running:
            process.wait(20)
        log.close()


def on_spark(folder: Path, master: str):
    """The indicators as Spark counts them; its session is stopped, so that the next test may have another master."""
    from pyspark.sql import SparkSession

    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    SparkSession.builder.config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1").config(
        "spark.driver.bindAddress", "127.0.0.1"
    ).config("spark.executor.memory", "512m").config("spark.sql.shuffle.partitions", "4").master(master).getOrCreate()
    table = national.spark_ledger(folder, master)
    try:
        assert table.sparkSession.sparkContext.master == master
        return dict(national.indicators(table, "covid19", LAST))
    finally:
        table.sparkSession.stop()


def test_spark_in_one_process_counts_what_duckdb_counts(ledgers):
    expected = dict(national.indicators(national.duckdb_ledger(ledgers), "covid19", LAST))
    assert len(expected) >= 5
    assert on_spark(ledgers, "local[2]") == expected


def test_a_master_and_two_workers_count_what_duckdb_counts(ledgers, cluster):
    expected = dict(national.indicators(national.duckdb_ledger(ledgers), "covid19", LAST))
    assert on_spark(ledgers, cluster) == expected
