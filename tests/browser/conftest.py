"""A running platform and a real browser: the server is the one users start, the browser is Debian's Chromium, headless."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
]  # fmt: skip
PASSWORD = "a long enough password"
SCREENS = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


@dataclass(frozen=True)
class Platform:
    """A platform that runs for the length of the tests."""

    address: str
    home: Path

    def command(self, *words: str) -> str:
        """Run a lianfang command against the same home; gives what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "lianfang.config", *words],
            env={**os.environ, "LIANFANG_HOME": str(self.home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def platform(tmp_path_factory) -> Iterator[Platform]:
    """``lianfang demo`` with a small outbreak, on a free port, stopped at the end."""
    home, port = tmp_path_factory.mktemp("home"), free_port()
    environment = {**os.environ, "LIANFANG_HOME": str(home), "LIANFANG_DEMO_PASSWORD": PASSWORD}
    environment.pop("DATABASE_URL", None)
    log = (home / "log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "lianfang.config", "demo", "--size", "300", "--port", str(port)],
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 180
    while True:
        try:
            urllib.request.urlopen(f"{address}/login/", timeout=2)
            break
        except OSError:
            assert server.poll() is None, (home / "log").read_text()
            assert time.monotonic() < deadline, (home / "log").read_text()
            time.sleep(0.3)
    yield Platform(address, home)
    server.terminate()
    server.wait(20)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "Chromium is missing. Install it with: apt-get install chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(params=["zh-CN", "en-US"])
def language(request) -> str:
    return request.param


@pytest.fixture
def page(browser: Browser, platform: Platform) -> Iterator[Page]:
    """A fresh Chinese desktop browser. A page error or an error on its console fails the test."""
    context = browser.new_context(locale="zh-CN", viewport=SCREENS["desktop"], base_url=platform.address)
    shown = context.new_page()
    problems: list[str] = []
    shown.on("pageerror", lambda error: problems.append(str(error)))
    yield shown
    context.close()
    assert not problems, problems


def sign_in(page: Page, who: str, password: str = PASSWORD) -> None:
    """Sign in as one of the demo accounts."""
    page.goto("/login/")
    page.fill("input[name=username]", who)
    page.fill("input[name=password]", password)
    page.click("form button[type=submit]")
    page.wait_for_url(lambda url: "/login/" not in url)
