"""`make run` ends in something sensible: on Ctrl-C, beside another one, and where a port is taken."""

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.chaos.town import free_ports

pytestmark = pytest.mark.chaos

OPENS_WITHIN_SECONDS = 120
ENDS_WITHIN_SECONDS = 30


@dataclass
class Runner:
    """`make run` without demo data, as a child that can be sent Ctrl-C."""

    process: "subprocess.Popen[str]"
    _lines: "queue.Queue[str]" = field(default_factory=queue.Queue)

    def listen(self) -> None:
        """Take down what it prints, to its end."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def read_until(self, wanted: str, seconds: float) -> str:
        """What it printed further, up to the line that holds `wanted`, or to its end."""
        until, said = time.monotonic() + seconds, ""
        while (left := until - time.monotonic()) > 0:
            with suppress(queue.Empty):
                line = self._lines.get(timeout=left)
                said += line
                if wanted in line:
                    return said
                if not line:
                    break
        raise AssertionError(f"{wanted!r} was not said:\n{said}")

    def wait(self) -> int:
        """Its exit code, soon."""
        return self.process.wait(ENDS_WITHIN_SECONDS)


@contextmanager
def runner(state: Path, port: int) -> Iterator[Runner]:
    """A runner, ended when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.runner", "--state", str(state), "--port", str(port), "--no-demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    made = Runner(process)
    listening = threading.Thread(target=made.listen)
    listening.start()
    try:
        yield made
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                made.wait()
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        listening.join()
        assert process.stdout is not None
        process.stdout.close()


def descendants(pid: int) -> list[psutil.Process]:
    """All processes below it."""
    return psutil.Process(pid).children(recursive=True)


def is_listening(port: int) -> bool:
    """Whether somebody answers there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def processes_of(state: Path) -> list[str]:
    """Command lines that name the folder: a server that was let go of is nobody's child."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            command = " ".join(process.cmdline())
            if str(state) in command and process.pid != os.getpid():
                found.append(command)
    return found


def test_ctrl_c_leaves_nothing_running_and_a_second_runner_leaves_the_first_alone(state: Path):
    port = free_ports(6)
    with runner(state, port) as first:
        said = first.read_until("is open after", OPENS_WITHIN_SECONDS)
        assert f"http://127.0.0.1:{port}" in said
        below = descendants(first.process.pid)
        assert len([each for each in below if "serve" in each.cmdline()]) == 5
        assert [offset for offset in range(6) if not is_listening(port + offset)] == []

        with runner(state, port) as second:
            said = second.read_until("is running already", ENDS_WITHIN_SECONDS)
            assert f"http://127.0.0.1:{port}" in said
            assert second.wait() == 0
        assert httpx2.get(f"http://127.0.0.1:{port}/health/ready", timeout=10).text == "ready"
        assert first.process.poll() is None
        assert {each.pid for each in descendants(first.process.pid)} >= {
            each.pid for each in below if each.is_running()
        }

        os.killpg(first.process.pid, signal.SIGINT)
        said = first.read_until("stopped", ENDS_WITHIN_SECONDS)
        assert first.wait() == 0
    assert "Traceback" not in said
    assert [each for each in below if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
    assert [offset for offset in range(6) if is_listening(port + offset)] == []
    assert processes_of(state) == []


def test_a_taken_port_is_named_and_nothing_is_left_running(state: Path):
    port = free_ports(6)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port + 2))
        other.listen()
        with runner(state, port) as process:
            said = process.read_until("choose other ports", OPENS_WITHIN_SECONDS)
            assert process.wait() == 1
    assert re.search(rf"port {port + 2} \(for orders\) is taken", said)
    assert "Traceback" not in said
    assert [offset for offset in (0, 1, 3, 4, 5) if is_listening(port + offset)] == []
    assert processes_of(state) == []
