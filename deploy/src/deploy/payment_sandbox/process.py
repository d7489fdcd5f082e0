"""Start the sandbox as a process of its own, for tests, benches and whoever wants a peer for the length of a block."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from deploy.payment_sandbox.keys import KeySet, create_key_set

_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """A sandbox that answers at `url`, with the keys of both sides."""

    url: str
    keys: KeySet
    process_id: int


@contextmanager
def run_sandbox(state_folder: Path, **settings: str) -> Iterator[RunningSandbox]:
    """Run ``python -m deploy.payment_sandbox`` on a free port of 127.0.0.1 with its books and keys in `state_folder`.

    `settings` are further settings in lower case, such as ``notice_pace="0.01"``. Running again in the same folder goes
    on with the same books; the port differs. RuntimeError if it does not come up.
    """
    keys = create_key_set(state_folder / "keys")
    port = _free_port()
    given = {
        "port": str(port),
        "state_folder": str(state_folder),
        "keys_folder": str(state_folder / "keys"),
        **settings,
    }
    environment = os.environ | {f"PAYMENT_SANDBOX_{name.upper()}": value for name, value in given.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.payment_sandbox"], env=environment, stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_live(process, url)
        yield RunningSandbox(url, keys, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_live(process: "subprocess.Popen[bytes]", url: str) -> None:
    give_up_at = time.monotonic() + _START_SECONDS
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            if httpx2.get(f"{url}/health/live", timeout=1, trust_env=False).is_success:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise RuntimeError(f"the payment sandbox did not come up at {url}")
