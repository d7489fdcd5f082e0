"""The gateway as it runs: its own process, real services behind it, everything on free ports of this machine."""

import asyncio
import base64
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest_asyncio

from shared.testing import EVENTS_TOKEN, clone, drop

HERE = Path(__file__).parent
STARTS_WITHIN_SECONDS = 20


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def process(*arguments: str, url: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours that answers at the URL, ended when the block ends."""
    started = subprocess.Popen([sys.executable, *arguments], cwd=HERE, env={**os.environ, **environment})
    try:
        until = time.monotonic() + STARTS_WITHIN_SECONDS
        while True:
            try:
                httpx2.get(url, timeout=1)
                break
            except httpx2.TransportError:
                assert started.poll() is None, f"{arguments} ended at its start"
                assert time.monotonic() < until, f"{arguments} does not answer"
                time.sleep(0.1)
        yield started
    finally:
        started.terminate()
        started.wait(timeout=20)


@dataclass
class Peer:
    """A peer below HTTP: it reads a request and hangs up, or never answers; it remembers what it was asked."""

    behaviour: str
    requests: list[str] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head.split(b" ", 1)[0].decode())
            if self.behaviour == "deaf":
                await reader.read()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@dataclass
class Running:
    """The running gateway and what is behind it."""

    url: str
    pid: int
    upstream_url: str
    deaf: Peer
    hanging_up: Peer

    def browser(self, **headers: str) -> httpx2.AsyncClient:
        """A client with a cookie jar that says, as browsers do, that its requests are the page's own."""
        given = {"sec-fetch-site": "same-origin", **headers}
        return httpx2.AsyncClient(base_url=self.url, headers=given, timeout=30)


@pytest_asyncio.fixture(scope="session")
async def peers() -> AsyncIterator[tuple[Peer, Peer]]:
    deaf, hanging_up = Peer("deaf"), Peer("hanging up")
    servers = []
    for peer in (deaf, hanging_up):
        server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
        peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        servers.append(server)
    yield deaf, hanging_up
    for server in servers:
        server.close()


@pytest_asyncio.fixture(scope="session")
async def running(
    postgres_url: str, template: str, peers: tuple[Peer, Peer], master_key: str
) -> AsyncIterator[Running]:
    """Analytics is the talkative service, catalog is deaf, orders hangs up, logistics is down."""
    database_url = await clone(postgres_url, template)
    upstream_port, gateway_port = free_port(), free_port()
    upstream_url, url = f"http://127.0.0.1:{upstream_port}", f"http://127.0.0.1:{gateway_port}"
    upstreams = {
        "analytics": upstream_url,
        "catalog": peers[0].url,
        "orders": peers[1].url,
        "logistics": f"http://127.0.0.1:{free_port()}",
    }
    environment = {
        "GATEWAY_DATABASE_URL": database_url,
        "GATEWAY_PORT": str(gateway_port),
        "GATEWAY_EVENTS_TOKEN": EVENTS_TOKEN,
        "GATEWAY_MASTER_KEY": master_key,
        "GATEWAY_UPSTREAMS": json.dumps(upstreams),
        "GATEWAY_UPSTREAM_PAUSE_SECONDS": "1",
        "GATEWAY_IS_WORKING": "false",
    }
    uvicorn = ("-m", "uvicorn", "upstream:app", "--port", str(upstream_port), "--log-level", "critical")
    with (
        process(*uvicorn, url=f"{upstream_url}/v1/calls"),
        process("-m", "gateway", "serve", url=f"{url}/health/live", **environment) as gateway,
    ):
        yield Running(url, gateway.pid, upstream_url, *peers)
    await drop(postgres_url, database_url)


@pytest_asyncio.fixture
async def upstream_calls(running: Running) -> Callable[[], Any]:
    """How often the talkative service was asked for each path."""

    async def count() -> dict[str, int]:
        async with httpx2.AsyncClient(base_url=running.upstream_url) as client:
            counted: dict[str, int] = (await client.get("/v1/calls")).json()
            return counted

    return count


@pytest_asyncio.fixture
async def browser(running: Running) -> AsyncIterator[httpx2.AsyncClient]:
    """Nobody yet, in a browser."""
    async with running.browser() as client:
        yield client


@pytest_asyncio.fixture
async def consumer(browser: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """A signed-in consumer in a browser."""
    name = base64.b32encode(os.urandom(8)).decode().strip("=").lower()
    answer = await browser.post(
        "/v1/accounts",
        json={"display_name": "小梅", "email": f"{name}@example.com", "password": "香菇炖鸡要小火慢炖 2026"},
    )
    assert answer.status_code == 201, answer.text
    return browser
