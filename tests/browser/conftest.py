"""The whole suite with its demo data, and a real Chromium in front of it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError

import pytest
from playwright.sync_api import Browser, sync_playwright

from deploy.chromium import find_chromium
from tests.browser.shopper import Shopper

STATE = Path(".state/browser").absolute()
START_SECONDS = 600


def _free_ports(count: int) -> int:
    """The first of so many free ports in a row."""
    for first in range(31_000, 41_000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")


def _is_open(address: str, lock: Path) -> bool:
    """Whether the runner has said that all is loaded, and the shop answers."""
    if not lock.exists() or lock.read_text().strip() != address:
        return False
    try:
        with urllib.request.urlopen(f"{address}/health/ready", timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


@pytest.fixture(scope="session")
def base_url() -> Iterator[str]:
    """Where the shop is: `ZHUNONG_URL` if one is running, else one of our own whose data stays for the next time."""
    given = os.environ.get("ZHUNONG_URL")
    if given:
        yield given
        return
    port = _free_ports(6)
    state = STATE / "suite"
    state.mkdir(parents=True, exist_ok=True)
    address = f"http://127.0.0.1:{port}"
    with (STATE / "suite.log").open("w") as log:
        command = [sys.executable, "-m", "deploy.runner", "--state", str(state), "--port", str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            until = time.monotonic() + START_SECONDS
            while not _is_open(address, state / "run.lock"):
                assert process.poll() is None, f"the suite ended; see {STATE / 'suite.log'}"
                assert time.monotonic() < until, f"the suite is not open after {START_SECONDS} s"
                time.sleep(0.3)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests; each test has windows of its own."""
    path = find_chromium()
    assert path is not None, "no Chromium; `make browser` says how to get one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def shopper(chromium: Browser, base_url: str) -> Iterator[Callable[..., Shopper]]:
    """Opens a window: `shopper(language="en", width=390, is_dark=True, has_script=False)`."""
    opened: list[Shopper] = []

    def open_window(**wishes: object) -> Shopper:
        window = Shopper.open(chromium, base_url, pictures=STATE / "pictures", **wishes)  # type: ignore[arg-type]
        opened.append(window)
        return window

    yield open_window
    for each in opened:
        each.close()
