"""One command that keeps the platform running: the web server, the job worker, and the round of the periodic jobs.

The web server and the worker are processes of their own; the periodic jobs run in this one. Whichever ends, all end: a
service manager then starts the whole again. A job that was cut off is taken up again by the next round.
"""

import ctypes
import fcntl
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException

from django.conf import settings

from lianfang.kernel.refusals import Refused, refuse

log = logging.getLogger(__name__)
TICK_SECONDS = 5
STOP_SECONDS, START_SECONDS = 12, 60


def claim(host: str, port: int) -> None:
    """Raise Refused when this address cannot be listened on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as problem:
        raise Refused(
            refuse("serve.cannot_listen", host=host, port=port, problem=problem.strerror or problem)
        ) from None


@contextmanager
def preparing() -> Iterator[None]:
    """Keeps the web processes of this installation from answering, for the length of a block or of this process."""
    with settings.PREPARING_FILE.open("w") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        yield


def wait_until_prepared() -> None:
    """Return as soon as nobody prepares the database."""
    if settings.PREPARING_FILE.exists():
        with settings.PREPARING_FILE.open() as mark:
            fcntl.flock(mark, fcntl.LOCK_SH)


def run(
    host: str, port: int, workers: int, prepare: Callable[[], None], started: Callable[[], None] = lambda: None
) -> int:
    """Start everything, call ``started`` once the web server answers, and wait. Returns the exit status.

    The web server loads while ``prepare`` brings the database up to date, and answers when that is done. When one part
    stops, or this process is told to, the others are stopped too. Should this process be killed, the system tells its
    children to stop.
    """
    claim(host, port)
    with preparing():
        web = _child(
            "-m", "granian", "--interface", "wsgi", "lianfang.config.wsgi:application", "--host", host, "--port", str(port),
            "--workers", str(workers), "--blocking-threads", "4", "--no-ws", "--respawn-failed-workers",
            "--workers-kill-timeout", "10", "--log-level", "warning",
        )  # fmt: skip
        try:
            prepare()
        except BaseException:
            _stop([web])
            raise
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    children = {"the web server": web}
    rounds = threading.Thread(target=_tick_until, args=(stopping,), daemon=True)
    deadline, announced, status = time.monotonic() + START_SECONDS, False, 0
    while not stopping.is_set():
        for name, child in children.items():
            if (ended := child.poll()) is not None:
                log.error("%s stopped with status %s; stopping the rest", name, ended)
                status = ended if 0 < ended < 128 else 1
                stopping.set()
        if not announced and not stopping.is_set():
            if answers(host, port):
                announced = True
                started()
                children["the job worker"] = _child(
                    "-m", "lianfang.config", "manage", "db_worker", "--queue-name", "*", "--interval", "0.5", "--no-startup-delay"
                )  # fmt: skip
                rounds.start()
            elif time.monotonic() > deadline:
                log.error("the web server does not answer on port %s after %s seconds", port, START_SECONDS)
                status = 1
                stopping.set()
        stopping.wait(0.03 if not announced else 0.3)
    _stop(list(children.values()))
    if rounds.is_alive():
        rounds.join(STOP_SECONDS)
    return status


def answers(host: str, port: int) -> bool:
    """Whether the web server answers there, whatever it says."""
    asked = HTTPConnection(_reachable(host), port, timeout=START_SECONDS)
    try:
        asked.request("GET", "/login/")  # health is not asked yet: before the first round it is not well
        asked.getresponse().read()
    except (OSError, HTTPException):
        return False
    finally:
        asked.close()
    return True


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _child(*arguments: str) -> "subprocess.Popen[bytes]":
    """A Python process in a session of its own, so that Ctrl-C reaches this process alone, and stopped when it is gone."""
    return subprocess.Popen([sys.executable, *arguments], start_new_session=True, preexec_fn=_end_with_parent)


def _end_with_parent() -> None:
    if hasattr(libc := ctypes.CDLL(None), "prctl"):
        libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _stop(children: "list[subprocess.Popen[bytes]]") -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)  # with whatever it has started
            child.wait()


def tick() -> None:
    """One round of the periodic jobs. A failure of one is logged and does not keep the others from running."""
    from django.db import close_old_connections

    from lianfang.config import health
    from lianfang.exchange import jobs
    from lianfang.kernel import audit
    from lianfang.quarantine.jobs import chase_missed
    from lianfang.situation.jobs import judge_signals
    from lianfang.surveillance import tally
    from lianfang.tracing.jobs import forget_presence
    from lianfang.workorders.jobs import raise_rounds

    close_old_connections()
    for job in (
        audit.seal_all,
        tally.tally_all,
        raise_rounds,
        chase_missed,
        judge_signals,
        jobs.take_up_again,
        jobs.forget_files,
        jobs.forget_refused_rows,
        forget_presence,
        health.note_round,
    ):
        try:
            job()
        except Exception:
            log.exception("periodic job %s failed", job.__name__)


def _tick_until(stopping: threading.Event) -> None:
    while not stopping.wait(TICK_SECONDS):
        tick()


def tick_forever() -> None:
    """Run the periodic jobs alone until told to stop."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    _tick_until(stopping)
