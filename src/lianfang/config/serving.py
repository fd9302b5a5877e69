"""One command that keeps three processes: the web server, the job worker, and the clock of the periodic jobs."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time

log = logging.getLogger(__name__)
TICK_SECONDS = 5


def run(host: str, port: int, workers: int) -> int:
    """Start all three and wait. When one stops, the others are stopped too. Returns the exit status."""
    manage = [sys.executable, "-m", "lianfang.config", "manage"]
    children = {
        "web": subprocess.Popen(
            [
                sys.executable, "-m", "granian", "--interface", "wsgi", "lianfang.config.wsgi:application",
                "--host", host, "--port", str(port), "--workers", str(workers), "--blocking-threads", "4",
                "--no-ws", "--respawn-failed-workers", "--workers-kill-timeout", "10", "--log-level", "warning",
            ]
        ),  # fmt: skip
        "jobs": subprocess.Popen([*manage, "db_worker", "--queue-name", "*", "--interval", "0.5"], stderr=subprocess.DEVNULL),
        "periodic": subprocess.Popen([sys.executable, "-m", "lianfang.config", "work"]),
    }  # fmt: skip
    stopping = threading.Event()

    def stop(*_: object) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    status = 0
    while not stopping.is_set():
        for name, child in children.items():
            if (ended := child.poll()) is not None:
                log.error("%s stopped with status %s", name, ended)
                status = ended or 1
                stopping.set()
        stopping.wait(0.3)
    for child in children.values():
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + 12
    for child in children.values():
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
    return status


def tick() -> None:
    """One round of the periodic jobs. A failure of one is logged and does not keep the others from running."""
    from lianfang.kernel import audit
    from lianfang.exchange import jobs
    from lianfang.surveillance import tally

    for job in (audit.seal_all, tally.tally_all, jobs.take_up_again, jobs.forget_files):
        try:
            job()
        except Exception:
            log.exception("periodic job %s failed", job.__name__)


def tick_forever() -> None:
    """Run the periodic jobs until told to stop, or until the process that started this one is gone."""
    parent = os.getppid()
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    while not stopping.wait(TICK_SECONDS) and os.getppid() == parent:
        tick()
