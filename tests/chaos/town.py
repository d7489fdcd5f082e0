"""The suite as `make run` starts it, with a hand on each process: kill it where it stands, start it again."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import text

from deploy.runner.suite import Suite, prepared
from shared.db import Database
from shared.outbox import read_cursor
from tests.e2e.market import Headers, Market
from tests.e2e.people import api_key, member_at

PATIENCE_SECONDS = 60
SERVICES = ("catalog", "orders", "logistics", "analytics")
SCOPES = [f"{service}:{verb}" for service in SERVICES for verb in ("read", "write")]
PASSWORD = "香菇炖鸡要小火慢炖 2026"
_LAST = text("""
    SELECT txid::text AS txid, position FROM outbox WHERE type = ANY(:types)
    ORDER BY outbox.txid DESC, position DESC LIMIT 1
""")
_CURSORS = text("SELECT consumer, cursor FROM event_cursors")
_HEARD = {
    "orders<-catalog": ("catalog.sku-listed.v1", "catalog.sku-revised.v1", "catalog.sku-delisted.v1"),
    "orders<-logistics": ("logistics.shipment-dispatched.v1", "logistics.shipment-delivered.v1"),
    "logistics<-orders": ("orders.order-paid.v1", "orders.order-cancelled.v1"),
    "analytics<-orders": ("orders.order-paid.v1", "orders.order-cancelled.v1"),
    "analytics<-catalog": ("catalog.sku-listed.v1", "catalog.sku-revised.v1"),
}


def free_ports(count: int) -> int:
    """The first of so many free ports in a row; two test processes begin to look in different places."""
    begin = os.getpid() * count % 9_000
    for first in range(21_000 + begin, 21_000 + begin + 1_000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")


@dataclass
class Desk:
    """One service as it is seen through the gateway, and its database as only a test sees it."""

    name: str
    client: httpx2.AsyncClient
    database: Database

    async def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """What a statement finds, as plain values."""
        async with self.database.read() as db:
            return [dict(row) for row in (await db.execute(text(statement), values)).mappings()]


class Town:
    """The running suite. It stands in for the house of `tests/e2e` where a `Market` needs one."""

    def __init__(self, suite: Suite, desks: dict[str, Desk]) -> None:
        self.suite = suite
        self._desks = desks

    def __getitem__(self, name: str) -> Desk:
        return self._desks[name]

    @property
    def sandbox_url(self) -> str:
        """The payment provider."""
        return next(part.url for part in self.suite.parts if part.name == "sandbox")

    async def kill(self, name: str) -> None:
        """As when the power fails: no signal that a process could answer."""
        running = next(each for each in self.suite._running if each.part.name == name)
        running.process.kill()
        await running.process.wait()
        self.suite._running.remove(running)

    async def start(self, name: str) -> None:
        """Start a killed part again and wait until it can do its work."""
        part = next(each for each in self.suite.parts if each.name == name)
        running = await self.suite._spawn(part)
        self.suite._running.append(running)
        await self.suite._until_ready(running)

    async def restart(self, name: str) -> None:
        """Kill it and start it again."""
        await self.kill(name)
        await self.start(name)

    async def drain(self, *names: str) -> None:
        """Wait until these services (all) have heard of everything that was announced so far."""
        heard = [each for each in _HEARD if not names or each.partition("<-")[0] in names]
        for consumer in heard:
            await until(lambda consumer=consumer: self._is_dry(consumer), f"{consumer} has not caught up")

    async def _is_dry(self, consumer: str) -> bool:
        reader, _, writer = consumer.partition("<-")
        async with self[writer].database.read() as db:
            last = (await db.execute(_LAST, {"types": list(_HEARD[consumer])})).first()
        async with self[reader].database.read() as db:
            cursors = {row.consumer: row.cursor for row in await db.execute(_CURSORS)}
        return last is None or read_cursor(cursors.get(consumer, "")) >= (int(last.txid), last.position)


async def until(holds: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    """Look again and again until it holds."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await holds():  # noqa: ASYNC110 - it happens in another process
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise AssertionError(otherwise) from error


@asynccontextmanager
async def opened_town(state: Path) -> AsyncIterator[tuple[Town, Market]]:
    """The suite without demo data on free ports, with people in it, each holding a key to the gateway."""
    lines: list[str] = []
    async with prepared(state, first_port=free_ports(6), say=lines.append) as (suite, environment):
        try:
            await suite.start()
        except Exception as error:
            raise AssertionError("\n".join(lines[-60:])) from error
        desks = {
            name: Desk(
                name,
                httpx2.AsyncClient(
                    base_url=suite.url + ("" if name == "gateway" else f"/api/{name}"), timeout=20, trust_env=False
                ),
                Database(environment[f"{name.upper()}_DATABASE_URL"], pool_size=4),
            )
            for name in (*SERVICES, "gateway")
        }
        town = Town(suite, desks)
        try:
            yield town, Market(town, town.sandbox_url, await _people(town))  # type: ignore[arg-type]  # see Town
        finally:
            for desk in desks.values():
                await desk.client.aclose()
                await desk.database.dispose()


async def _people(town: Town) -> Callable[..., Headers]:
    """`as_caller` for this town: the kind decides who it is; consumers take turns."""
    gate = town["gateway"]
    keys: dict[str, Headers] = {}
    suppliers: dict[UUID, Headers] = {}
    for kind, role in (("operator", "operator"), ("analyst", "analyst"), ("supplier", "sales")):
        person = await member_at(town.suite.url, gate.database, kind, "admin", role)  # type: ignore[arg-type]
        keys[kind] = await api_key(gate.client, person, *SCOPES)
        if kind == "supplier":
            suppliers[person.organisation_id] = keys[kind]
    buyers = cycle([await _buyer(town, number) for number in range(6)])

    def as_caller(*, kind: str = "consumer", organisation_id: UUID | None = None, **_: Any) -> Headers:
        if kind == "consumer":
            return next(buyers)
        if kind == "supplier":
            assert organisation_id in suppliers, "this town has one supplier"
        return keys[kind]

    as_caller.supplier_id = next(iter(suppliers))  # type: ignore[attr-defined]
    return as_caller


async def _buyer(town: Town, number: int) -> Headers:
    own = {"sec-fetch-site": "same-origin"}
    async with httpx2.AsyncClient(base_url=town.suite.url, headers=own, timeout=20) as browser:
        body = {
            "display_name": f"小梅{number}",
            "email": f"buyer-{number}@example.com",
            "password": "香菇炖鸡要小火慢炖 2026",
        }
        assert (await browser.post("/v1/accounts", json=body)).status_code == 201
        token = (await browser.get("/v1/me")).json()["csrf_token"]
        made = await browser.post(
            "/v1/api-keys",
            json={"name": "a phone", "scopes": ["orders:read", "orders:write", "logistics:read"]},
            headers={"x-csrf-token": token},
        )
        assert made.status_code == 201, made.text
    return {"authorization": f"Bearer {made.json()['secret']}"}
