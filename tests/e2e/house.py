"""The whole house in one process: every service on its own real database, each with a real address."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from joserfc.jwk import KeySet
from sqlalchemy import text
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.auth import Verifier
from shared.consumer import Consumer, HttpFeed
from shared.db import Database
from shared.http import ServiceClient
from shared.outbox import read_cursor
from shared.testing import EVENTS_TOKEN, SIGNING_KEY

PATIENCE_SECONDS = 30
_REWIND = text("UPDATE event_cursors SET cursor = ''")
_PARKED = text("SELECT consumer, envelope ->> 'type' AS type, error FROM parked_events WHERE resolved_at IS NULL")
_AHEAD = text("""
    SELECT count(*) FROM outbox
    WHERE (txid, position) > (CAST(CAST(:txid AS text) AS xid8), :position) AND type = ANY(:types)
""")
_CURSOR = text("SELECT cursor FROM event_cursors WHERE consumer = :consumer")


class Server(uvicorn.Server):
    """A server inside somebody else's loop: signals are not its affair."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Door:
    """Counts the answers to a path, so that a test can wait for the next one instead of for the clock."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path
        self._changed = asyncio.Condition()
        self.answers: list[int] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._path):
            await self._app(scope, receive, send)
            return
        statuses: list[int] = []

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        await self._app(scope, receive, note)
        async with self._changed:
            self.answers += statuses
            self._changed.notify_all()

    async def until(self, count: int, *, status: int = 204) -> None:
        """Wait until there are so many answers of this status. (A refused notice of an earlier test comes again.)"""
        async with self._changed:
            enough = self._changed.wait_for(lambda: self.answers.count(status) >= count)
            await asyncio.wait_for(enough, PATIENCE_SECONDS)


@dataclass
class Room:
    """One service: its application, its address, and a client that needs no network."""

    name: str
    app: FastAPI
    url: str
    client: httpx2.AsyncClient

    @property
    def database(self) -> Database:
        """Its database."""
        found: Database = self.app.state.database
        return found

    async def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """What a statement finds, as plain values."""
        async with self.database.read() as db:
            return [dict(row) for row in (await db.execute(text(statement), values)).mappings()]


@dataclass
class House:
    """All services, and the feeds between them."""

    rooms: dict[str, Room]
    notices: Door
    job_environment: dict[str, str] = field(default_factory=dict)
    _feeds: list[ServiceClient] = field(default_factory=list)

    def __getitem__(self, name: str) -> Room:
        return self.rooms[name]

    def consumers(self, *names: str) -> list[Consumer]:
        """New consumers of these services (all if none is named), as after a restart: what they know is in the
        database."""
        made: list[Consumer] = []
        for room in self.rooms.values():
            subscribe = room.app.state.service.subscriptions
            if subscribe is None or (names and room.name not in names):
                continue
            for subscription in subscribe(room.app):
                client = ServiceClient(
                    subscription.source,
                    "http://house",
                    headers={"authorization": f"Bearer {EVENTS_TOKEN}"},
                    transport=httpx2.ASGITransport(app=self.rooms[subscription.source].app),
                    deadline_seconds=PATIENCE_SECONDS,
                )
                self._feeds.append(client)
                made.append(Consumer(subscription, database=room.database, feed=HttpFeed(client)))
        return made

    async def drain(self, *names: str) -> int:
        """Run the feeds of these services (of all) until they are dry; how many events that were."""
        consumers = self.consumers(*names)
        total, count = 0, 1
        while count:
            count = 0
            for consumer in consumers:
                count += await self._run_dry(consumer)
            total += count
        for client in self._feeds:
            await client.close()
        self._feeds.clear()
        await self.ensure_nothing_parked()
        return total

    async def _run_dry(self, consumer: Consumer) -> int:
        """All that is written, also what a transaction of another test on this server still hides for a moment."""
        applied = 0
        async with asyncio.timeout(60):
            while await self._ahead(consumer):
                applied += await consumer.step(wait_seconds=5)
        return applied

    async def _ahead(self, consumer: Consumer) -> int:
        subscription = consumer.subscription
        reader, writer = self.rooms[subscription.consumer], self.rooms[subscription.source]
        async with reader.database.read() as db:
            txid, position = read_cursor(await db.scalar(_CURSOR, {"consumer": subscription.name}) or "")
        async with writer.database.read() as db:
            values = {"txid": str(txid), "position": position, "types": subscription.types}
            return int(await db.scalar(_AHEAD, values) or 0)

    async def rewind(self) -> None:
        """Every consumer starts again from the beginning of its feed."""
        for room in self.rooms.values():
            async with room.database.begin() as db:
                await db.execute(_REWIND)

    async def ensure_nothing_parked(self) -> None:
        """Every event that was handled was handled well."""
        for room in self.rooms.values():
            parked = await room.rows(str(_PARKED))
            assert parked == [], f"{room.name}: {parked}"

    async def work(self, name: str) -> None:
        """Run the service's queued jobs until there is none left."""
        room = self.rooms[name]
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in self.job_environment.items():
                patch.setenv(variable, value)
            await room.app.state.service.jobs.work(room.database, wait=False)


@asynccontextmanager
async def served(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """The application behind a real socket, in this loop."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task


def listeners(names: Sequence[str]) -> dict[str, socket.socket]:
    """A socket for each name on a free port of this machine. It says that it is TCP: only then does asyncio send
    small answers at once, instead of waiting 40 ms for an acknowledgement."""
    made = {}
    for name in names:
        made[name] = socket.socket(proto=socket.IPPROTO_TCP)
        made[name].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made[name].bind(("127.0.0.1", 0))
    return made


def url_of(listener: socket.socket) -> str:
    """Where the socket listens."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@asynccontextmanager
async def opened_house(apps: dict[str, FastAPI], sockets: dict[str, socket.socket]) -> AsyncIterator[House]:
    """The services running, their consumers and workers in the test's hands. Each trusts the test's key and, as it
    would outside, the gateway's."""
    async with AsyncExitStack() as stack:
        notices = Door(apps["orders"], "/v1/payments/notices/")
        for name, app in apps.items():
            await stack.enter_async_context(app.router.lifespan_context(app))
            await stack.enter_async_context(served(notices if name == "orders" else app, sockets[name]))
        rooms = {}
        for name, app in apps.items():
            transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
            client = httpx2.AsyncClient(transport=transport, base_url="http://house", timeout=60)
            rooms[name] = Room(name, app, url_of(sockets[name]), await stack.enter_async_context(client))
        if "gateway" in rooms:
            await _trust(rooms)
        yield House(rooms, notices)


async def _trust(rooms: dict[str, Room]) -> None:
    published = (await rooms["gateway"].client.get("/.well-known/jwks.json")).json()["keys"]
    keys = KeySet.import_key_set({"keys": [SIGNING_KEY.as_dict(private=False), *published]})
    for name, room in rooms.items():
        if name != "gateway":
            room.app.state.verifier = Verifier(keys=keys)
