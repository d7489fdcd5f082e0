"""The suite that is measured: its own state, tokens of our own, a client that costs little."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import psutil  # type: ignore[import-untyped]

from deploy.demo.accounts import CONSUMER
from deploy.demo.load import load
from deploy.demo.mark import is_loaded
from deploy.demo.visitor import signed_in
from deploy.runner.suite import Suite, prepared
from shared.auth import Caller
from tests.bench.doorway import Doorway, open_doorway
from tests.bench.meter import Account, app_usage, database_usage, spent

FIRST_PORT = 8900
CLIENTS = 8
SEED = 832
_IDLE_LOOKS = 5
_IDLE_SECONDS = 0.8
_MEASURED = ("catalog", "orders", "logistics", "analytics", "gateway")
_OWN_KEYS = ("ORDERS_JWKS_URL", "LOGISTICS_JWKS_URL", "ANALYTICS_JWKS_URL")


@dataclass
class Stage:
    """Everything a measurement needs."""

    suite: Suite
    environment: dict[str, str]
    http: aiohttp.ClientSession
    state: Path
    doorway: Doorway
    is_quick: bool = False
    session: dict[str, str] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 - the same each time
    idle: dict[str, float] = field(default_factory=dict)

    def url(self, part: str) -> str:
        """A part's own address."""
        return next(each.url for each in self.suite.parts if each.name == part)

    @property
    def postmaster(self) -> int:
        """PostgreSQL's first process; all others are its children."""
        return int((self.state / "postgres" / "postmaster.pid").read_text().splitlines()[0])

    def dsn(self, service: str) -> str:
        """The service's database."""
        return self.environment[f"{service.upper()}_DATABASE_URL"]

    def scaled(self, count: int) -> int:
        """How often to do a thing: a sixth in a quick run."""
        return max(8, count // 6) if self.is_quick else count

    def account(self, *parts: str, database: str = "") -> Account:
        """Whose CPU to count: these parts, and the database of one service (all of PostgreSQL if none is named)."""
        named = f"zhunong_{database}" if database else ""
        return Account(
            tuple(self.suite.pid(part) for part in parts),
            self.postmaster,
            named,
            sum(self.idle.get(part, 0.0) for part in parts),
            self.idle.get(f"database {named}", 0.0),
        )

    async def measure_idle(self) -> None:
        """What each part and each database uses when nobody asks anything: feeds, jobs and PostgreSQL's own chores.

        The least of some short looks: what falls into one of them only is not what is always there.
        """
        pids = {part: self.suite.pid(part) for part in _MEASURED}
        names = ["", *(f"zhunong_{part}" for part in _MEASURED)]
        looks: dict[str, list[float]] = {}
        for _ in range(_IDLE_LOOKS):
            apps = {part: app_usage([pid]) for part, pid in pids.items()}
            databases = {name: database_usage(self.postmaster, name) for name in names}
            await asyncio.sleep(_IDLE_SECONDS)
            for part, pid in pids.items():
                looks.setdefault(part, []).append(spent(apps[part], app_usage([pid])))
            for name in names:
                used = spent(databases[name], database_usage(self.postmaster, name))
                looks.setdefault(f"database {name}", []).append(used)
        self.idle = {name: min(used) / _IDLE_SECONDS for name, used in looks.items()}

    def token(self, person_id: UUID, *, kind: str = "consumer", organisation_id: UUID | None = None) -> dict[str, str]:
        """A header with a token of our own key, which orders, logistics and analytics trust here."""
        caller = Caller(person_id, organisation_id, kind)
        text = self.doorway.issuer.issue(caller, now=datetime.now(UTC), lifetime=timedelta(hours=2))
        return {"authorization": f"Bearer {text}"}

    async def get(self, url: str, *, headers: dict[str, str] | None = None) -> bytes:
        """GET; anything but 200 ends the run."""
        async with self.http.get(url, headers=headers) as answer:
            body = await answer.read()
            if answer.status != 200:
                raise RuntimeError(f"GET {url} answered {answer.status}: {body[:500]!r}")
            return body

    async def send(self, method: str, url: str, *, data: bytes, headers: dict[str, str]) -> bytes:
        """A request with a JSON body; anything but success ends the run."""
        sent = {"content-type": "application/json", **headers}
        async with self.http.request(method, url, data=data, headers=sent) as answer:
            body = await answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"{method} {url} answered {answer.status}: {body[:500]!r}")
            return body

    async def fetch(self, service: str, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Rows of a service's database, for preparing and checking."""
        connection = await asyncpg.connect(self.dsn(service))
        try:
            found: list[asyncpg.Record] = await connection.fetch(sql, *values)
        finally:
            await connection.close()
        return found


@asynccontextmanager
async def staged(state: Path, *, is_quick: bool, before_start: Callable[[], Awaitable[None]]) -> AsyncIterator[Stage]:
    """Start the suite on `state`, load the demo once, sign in; `before_start` runs while no part is up."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "suite.log").open("a") as log:
        async with open_doorway(orders_url=f"http://127.0.0.1:{FIRST_PORT + 2}") as doorway:
            _set_environment(doorway)
            async with prepared(state, first_port=FIRST_PORT, say=lambda line: print(line, file=log, flush=True)) as (
                suite,
                environment,
            ):
                await before_start()
                connector = aiohttp.TCPConnector(limit=0)
                async with aiohttp.ClientSession(
                    connector=connector, timeout=aiohttp.ClientTimeout(total=60), cookie_jar=aiohttp.DummyCookieJar()
                ) as http:
                    await suite.start()
                    if not is_loaded(state, environment):
                        await load(state, environment)
                    stage = Stage(suite, environment, http, state, doorway, is_quick)
                    async with signed_in(suite.url, CONSUMER) as client:
                        stage.session = {
                            "cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())
                        }
                    yield stage


def _set_environment(doorway: Doorway) -> None:
    """What must be otherwise than in `make run`, and why.

    One client stands for many callers, so the gateway's rate limit is out of reach. Tokens of our own key let
    thousands of buyers buy. Notices come by way of us, so that we know the instant at which one was answered. Unpaid
    orders stay: cancelling them would be somebody else's work inside our figures.
    """
    os.environ["GATEWAY_CALLER_RATE"] = os.environ["GATEWAY_CALLER_BURST"] = "1000000"
    os.environ["ORDERS_PAYMENT_WINDOW"] = "P3650D"
    os.environ["ORDERS_PAYMENT_NOTICE_URL"] = f"{doorway.url}/v1/payments/notices"
    for name in _OWN_KEYS:
        os.environ[name] = f"{doorway.url}/.well-known/jwks.json"


def machine() -> str:
    """What it was measured on."""
    memory = round(psutil.virtual_memory().total / 2**30)
    return f"{psutil.cpu_count()} cores, {memory} GiB, everything on this machine"
