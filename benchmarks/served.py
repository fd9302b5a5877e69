"""What the benchmarks of the running platform share: its databases, its web server, a client, and how figures are written."""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import unquote, urlsplit

from benchmarks import filling
from tests.postgres import running

ROOT = Path(__file__).resolve().parents[1]
WORKERS, THREADS = 2, 4  # as `lianfang serve` starts it
DURABLE = {
    "shared_buffers": "2GB",
    "max_wal_size": "4GB",
    "effective_cache_size": "6GB",
}  # fsync and the rest as PostgreSQL has them


@dataclass
class Platform:
    """A filled database: its address, the folder of its keys, and the keys of its accounts."""

    engine: str
    url: str
    home: Path
    size: int
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        return f"{self.engine}, {self.size:,} cases"


@contextmanager
def filled(engine: str, size: int) -> Iterator[Platform]:
    """A database with so many cases, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="lianfang-bench-") as folder:
        home = Path(folder)
        if engine == "SQLite":
            yield _prepared(Platform(engine, f"sqlite:///{home}/lianfang.sqlite3", home, size))
        else:
            with running(DURABLE) as url:
                yield _prepared(Platform(engine, url, home, size))


def _prepared(platform: Platform) -> Platform:
    began = time.monotonic()
    with get_context("spawn").Pool(1) as pool:  # Django is set up once in a process
        platform.keys = pool.apply(filling.prepare, (platform.url, platform.home, platform.size))
    print(f"({platform.words}: filled in {time.monotonic() - began:.0f} s)", flush=True)
    return platform


def kept(folder: Path) -> Platform:
    """A database that was filled before: the folder holds its keys and ``platform.json``."""
    told = json.loads((folder / "platform.json").read_text())
    return Platform(told["engine"], told["url"], folder, told["size"], told["keys"])


@contextmanager
def serving(platform: Platform, application: str = "lianfang.config.wsgi:application") -> Iterator[int]:
    """The web server, as `lianfang serve` starts it, without the worker and the periodic jobs. Gives its process id and port."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", application, "--host", "127.0.0.1", "--port", str(port), "--workers", str(WORKERS),
        "--blocking-threads", str(THREADS), "--no-ws", "--log-level", "warning",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "DATABASE_URL": platform.url,
        "LIANFANG_HOME": str(platform.home),
        "PYTHONPATH": str(ROOT),
        "LIANFANG_LOG": "ERROR",
    }
    environment.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")
    server = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        until = time.monotonic() + 90
        while not _answers(port):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{application} does not answer")
            time.sleep(0.2)
        yield port
    finally:
        server.terminate()
        server.wait(30)


def _answers(port: int) -> bool:
    link = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        link.request("GET", "/healthz")
        link.getresponse().read()
    except OSError:
        return False
    finally:
        link.close()
    return True


def processes(port: int) -> list[int]:
    """The processes of the server that listens on a port: those started by this process, and theirs."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents.setdefault(int(told[1]), []).append(int(entry.parent.name))
    found, ahead = [], [os.getpid()]
    while ahead:
        ahead = [child for pid in ahead for child in parents.get(pid, [])]
        found += ahead
    return [pid for pid in found if f"--port\0{port}\0" in _command(pid)] + [
        pid for pid in found if "multiprocessing" in _command(pid)
    ]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def memory_mb(pids: list[int], what: str = "VmHWM") -> list[float]:
    """Peak memory (VmHWM) or memory now (VmRSS) of processes."""
    found = []
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            continue
        found += [int(line.split()[1]) / 1024 for line in lines if line.startswith(what)]
    return found


class Client:
    """One keep-alive connection, signed in as one of the accounts."""

    def __init__(self, port: int, session: str = "", token: str = ""):
        self.link = HTTPConnection("127.0.0.1", port, timeout=300)
        self.headers = (
            {"Cookie": f"sessionid={session}; csrftoken={'c' * 32}", "X-CSRFToken": "c" * 32} if session else {}
        )
        if token:
            self.headers |= {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, path: str, body: str | None = None, **headers: str) -> tuple[int, bytes]:
        self.link.request("GET" if body is None else "POST", path, body=body, headers={**self.headers, **headers})
        answer = self.link.getresponse()
        return answer.status, answer.read()


def times(ask: Callable[[], object], rounds: int = 30, before: int = 4) -> list[float]:
    """Milliseconds of each round, after some that are not counted. At most a minute."""
    for _ in range(before):
        ask()
    found: list[float] = []
    until = time.monotonic() + 60
    while len(found) < rounds and (time.monotonic() < until or len(found) < 5):
        began = time.perf_counter()
        ask()
        found.append((time.perf_counter() - began) * 1000)
    return found


def p50(values: list[float]) -> float:
    return statistics.median(values)


def p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def machine() -> str:
    """The machine and how busy it is, for the head of a table."""
    memory = next(
        int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal")
    )
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores, {memory / 1048576:.0f} GiB; load of the last 1, 5, 15 minutes: {load}"


def postgres_words(url: str) -> tuple[str, str]:
    """Host and database of a DATABASE_URL."""
    parts = urlsplit(url)
    return unquote(parts.netloc.split("@")[-1]), parts.path.lstrip("/")
