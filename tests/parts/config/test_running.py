"""The platform as a process: started, signed in to by every account, stopped without a trace, started again."""

import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

LONGEST_START, LONGEST_STOP = 240, 30  # seconds on a machine that is busy with other tests
FIRST_PAGE = {  # of those who do not see the situation
    "doctor": "/cases/", "crew": "/orders/", "admin": "/accounts/", "coordinator": "/orders/", "grid": "/orders/",
}  # fmt: skip


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Started:
    """``lianfang demo`` in a folder and on a port of its own, until told to stop."""

    def __init__(self, home: Path, port: int):
        self.port, self.log = port, home / "log"
        environment = {
            **os.environ,
            "LIANFANG_HOME": str(home),
            "LIANFANG_DEMO_PASSWORD": "a password for tests",
            "LANG": "C.UTF-8",
        }
        environment.pop("DATABASE_URL", None)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lianfang.config", "demo", "--size", "100", "--port", str(port)],
                env=environment, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def wait(self):
        deadline = time.monotonic() + LONGEST_START
        while "Stop with Ctrl-C" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)
        return self

    def family(self):
        """The process ids of everything that was started, as long as it lives."""
        parents = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                state, parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(folder.name)] = int(parent)
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found

    def stop(self):
        family = self.family()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(LONGEST_STOP)
        alive = [pid for pid in family - {self.process.pid} if Path(f"/proc/{pid}").exists()]
        return status, alive

    def address(self, path):
        return f"http://127.0.0.1:{self.port}{path}"


def signed_in(started, name):
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = browser.open(started.address("/login/")).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    form = {"csrfmiddlewaretoken": token, "username": name, "password": "a password for tests"}
    browser.open(started.address("/login/"), urllib.parse.urlencode(form).encode())
    return browser


@pytest.mark.pure  # brings a database of its own
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_the_demo_starts_lets_everybody_in_stops_without_a_trace_and_starts_again(tmp_path):
    from lianfang.config.demo.desks import ACCOUNTS

    port = free_port()
    started = Started(tmp_path, port).wait()
    try:
        said = started.log.read_text()
        assert f"http://127.0.0.1:{port}/" in said
        assert "Traceback" not in said
        for name, *_ in ACCOUNTS:
            assert name in said
            page = signed_in(started, name).open(started.address(FIRST_PAGE.get(name, "/situation/")))
            assert page.status == 200
            assert "/login/" not in page.url

        deadline = time.monotonic() + 60
        while True:  # the first round of the periodic jobs comes some seconds after the start
            try:
                found = json.load(urllib.request.urlopen(started.address("/healthz")))
                break
            except urllib.error.HTTPError:
                assert time.monotonic() < deadline
                time.sleep(0.5)
        assert found["well"]
        assert found["database"] == "ok"

        second = subprocess.run(
            [sys.executable, "-m", "lianfang.config", "serve", "--port", str(port)],
            env={**os.environ, "LIANFANG_HOME": str(tmp_path), "LANG": "C.UTF-8"}, capture_output=True, text=True,
        )  # fmt: skip
        assert second.returncode == 1
        assert "Address already in use" in second.stderr
        assert "Traceback" not in second.stderr
    finally:
        status, alive = started.stop()
    assert status == 0
    assert alive == []

    again = Started(tmp_path, port).wait()
    try:
        assert "earlier start is still here" in again.log.read_text()
        worker = next(pid for pid in again.family() if "db_worker" in Path(f"/proc/{pid}/cmdline").read_text())
        family = again.family()
        os.kill(worker, signal.SIGKILL)
        assert again.process.wait(LONGEST_STOP) == 1
        assert "the job worker stopped" in again.log.read_text()
        assert [pid for pid in family - {again.process.pid} if Path(f"/proc/{pid}").exists()] == []
    finally:
        if again.process.poll() is None:
            again.stop()
