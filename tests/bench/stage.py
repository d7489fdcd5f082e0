"""The suite that is measured: its own state, many SKUs, buyers with tokens, a client that costs little."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import orjson
import psutil

from deploy.demo.accounts import ANALYST, CONSUMER, OPERATOR
from deploy.demo.load import is_loaded, load
from deploy.demo.visitor import signed_in
from deploy.runner.suite import Suite, prepared
from shared.auth import Caller, TokenIssuer

FIRST_PORT = 8900
WARM = 50


@dataclass
class Stage:
    """Everything a measurement needs."""

    suite: Suite
    environment: dict[str, str]
    http: aiohttp.ClientSession
    state: Path
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def url(self, part: str) -> str:
        """A part's own address."""
        return next(each.url for each in self.suite.parts if each.name == part)

    def pids(self, *parts: str) -> list[int]:
        """The processes of parts."""
        return [self.suite.pid(part) for part in parts]

    @property
    def postgres_pids(self) -> list[int]:
        """The postmaster; its backends are its children."""
        return [int((self.state / "postgres" / "postmaster.pid").read_text().splitlines()[0])]

    def dsn(self, service: str) -> str:
        """The service's database."""
        return self.environment[f"{service.upper()}_DATABASE_URL"]

    async def get(self, url: str, *, headers: dict[str, str] | None = None, expect: int = 200) -> bytes:
        """GET; anything but the expected status ends the run."""
        async with self.http.get(url, headers=headers) as answer:
            body = await answer.read()
            if answer.status != expect:
                raise RuntimeError(f"GET {url} answered {answer.status}: {body[:300]!r}")
            return body

    async def send(
        self, method: str, url: str, *, json: Any, headers: dict[str, str], expect: tuple[int, ...] = (200, 201)
    ) -> bytes:
        """A request with a JSON body; anything but an expected status ends the run."""
        async with self.http.request(
            method, url, data=orjson.dumps(json), headers={"content-type": "application/json", **headers}
        ) as answer:
            body = await answer.read()
            if answer.status not in expect:
                raise RuntimeError(f"{method} {url} answered {answer.status}: {body[:300]!r}")
            return body


@asynccontextmanager
async def staged(state: Path, *, prepare: Any = None) -> AsyncIterator[Stage]:
    """Start the suite on `state`, load the demo once, sign in; `prepare(stage)` runs before the parts start."""
    state.mkdir(parents=True, exist_ok=True)
    log = (state / "suite.log").open("a")
    async with prepared(state, first_port=FIRST_PORT, say=lambda line: print(line, file=log, flush=True)) as (
        suite,
        environment,
    ):
        environment["GATEWAY_CALLER_RATE"] = environment["GATEWAY_CALLER_BURST"] = "1000000"
        os.environ["GATEWAY_CALLER_RATE"] = os.environ["GATEWAY_CALLER_BURST"] = "1000000"
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=120)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
            stage = Stage(suite, environment, http, state)
            if prepare is not None:
                await prepare(stage)
            await suite.start()
            if not is_loaded(state, environment):
                await load(state, environment)
            for account in (CONSUMER, ANALYST, OPERATOR):
                async with signed_in(suite.url, account) as client:
                    stage.cookies[account.kind] = {
                        "cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items()),
                        "x-csrf-token": client.headers["x-csrf-token"],
                    }
            yield stage
    log.close()


async def settle(seconds: float = 0.3) -> None:
    """Let what was started before come to rest."""
    await asyncio.sleep(seconds)


def token_for(person_id: UUID, key: Any, *, kind: str = "consumer") -> dict[str, str]:
    """A header with a token of one's own, for measuring a service without the gateway."""
    issuer = TokenIssuer(key)
    token = issuer.issue(Caller(person_id, None, kind), now=datetime.now(UTC), lifetime=timedelta(hours=2))
    return {"authorization": f"Bearer {token}"}


def machine() -> str:
    """What it was measured on."""
    memory = psutil.virtual_memory().total // 2**30
    return f"{psutil.cpu_count()} cores, {memory} GiB, everything on this machine"
