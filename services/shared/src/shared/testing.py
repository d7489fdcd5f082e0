"""pytest plugin: real PostgreSQL for every test, a migrated template cloned in tenths of a second.

The engine is the embedded wheel's; `ZHUNONG_TEST_DATABASE_URL` names another server, and where a Docker engine answers
`ZHUNONG_TEST_CONTAINERS=1` takes one from testcontainers. A service's conftest says::

    from shared.testing import ServiceFixtures
    fixtures = ServiceFixtures(service)
    template, database_url, app, db, client, fresh_database, live_client = fixtures.all()
"""

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
import pytest_asyncio
import structlog
from fastapi import FastAPI
from hypothesis import settings
from joserfc.jwk import KeySet, OKPKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from shared.app import Service, create_app
from shared.auth import Caller, TokenIssuer, Verifier
from shared.cli import migrate_service
from shared.consumer import Consumer, FeedPage, Subscription
from shared.db import Database
from shared.events import Envelope, Event
from shared.postgres import start_postgres

structlog.configure(processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])
settings.register_profile("house", deadline=None)  # a busy machine is slow, and that is no fault of what is tested
settings.load_profile("house")

SIGNING_KEY = OKPKey.generate_key("Ed25519", {"kid": "test"})
EVENTS_TOKEN = "events-token-of-the-tests"  # noqa: S105 - guards nothing but a test
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server for the whole session; the path is an administrator's database."""
    given = os.environ.get("ZHUNONG_TEST_DATABASE_URL")
    if given:
        yield given
    elif os.environ.get("ZHUNONG_TEST_CONTAINERS"):
        from testcontainers.postgres import PostgresContainer  # noqa: PLC0415 - only where Docker is

        with PostgresContainer("postgres:18", driver=None) as container:
            yield container.get_connection_url()
    else:
        state = Path(os.environ.get("ZHUNONG_STATE", ".state")).absolute()
        state.mkdir(exist_ok=True)
        with start_postgres(state / "postgres-of-tests", is_durable=False) as url:
            yield url


@pytest.fixture(scope="session")
def chdb_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Embedded ClickHouse. A process opens one folder and no other, so tests share it: take a database of your own."""
    return f"chdb://{tmp_path_factory.mktemp('clickhouse')}"


@pytest.fixture
def now() -> datetime:
    """A fixed instant: noon of 2026-11-22 in Shanghai."""
    return NOW


@pytest.fixture(scope="session")
def as_caller() -> Callable[..., dict[str, str]]:
    """Headers of a caller: `as_caller(kind="supplier", organisation_id=…)`; a consumer by default."""

    def headers(
        *,
        person_id: UUID | None = None,
        organisation_id: UUID | None = None,
        kind: str = "consumer",
        roles: tuple[str, ...] = (),
        regions: tuple[str, ...] = (),
        scopes: tuple[str, ...] = (),
    ) -> dict[str, str]:
        caller = Caller(person_id or uuid4(), organisation_id, kind, frozenset(roles), regions, frozenset(scopes))
        token = TokenIssuer(SIGNING_KEY).issue(caller, now=datetime.now(UTC), lifetime=timedelta(hours=1))
        return {"authorization": f"Bearer {token}"}

    return headers


def with_database(url: str, database: str) -> str:
    """The URL of another database of the same server."""
    return re.sub(r"(://[^/]*)/[^?]*", rf"\g<1>/{database}", url)


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def create_template(server_url: str, service: Service) -> str:
    """The name of a database of the service's latest revision; made once for each set of migrations."""
    digest = hashlib.sha256()
    package = service.migrations.parent
    ours = [Path(__file__).with_name(name) for name in ("tables.py", "migrations.py")]
    revisions = [path for path in sorted(service.migrations.rglob("*")) if path.suffix in (".py", ".sql")]
    for file in (*ours, *revisions, *sorted(package.rglob("*.toml"))):
        digest.update(file.read_bytes())
    name = f"template_{service.name}_{digest.hexdigest()[:12]}"
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext($1))", name)
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}_new" WITH (FORCE)')
            await connection.execute(f'CREATE DATABASE "{name}_new"')
            await migrate_service(service, with_database(server_url, f"{name}_new"))
            await connection.execute(f'ALTER DATABASE "{name}_new" RENAME TO "{name}"')
    finally:
        await connection.close()
    return name


async def clone(server_url: str, template: str) -> str:
    """The URL of a fresh copy of the template."""
    name = f"copy_{uuid4().hex}"
    await _execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    return with_database(server_url, name)


async def drop(server_url: str, url: str) -> None:
    """Drop a copy, whoever is still connected."""
    name = url.rpartition("/")[2].partition("?")[0]
    await _execute(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class RolledBack:
    """Sessions on one connection whose outer transaction is never committed. A `begin` is a savepoint, and constraints
    that wait for the commit are checked at its end."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """A session in a savepoint."""
        session = AsyncSession(bind=self._connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        async with session, session.begin():
            yield session
            await session.flush()
            await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            await session.execute(text("SET CONSTRAINTS ALL DEFERRED"))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session in a savepoint."""
        async with self.begin() as session:
            yield session


class ServiceFixtures:
    """The fixtures of one service's tests; `all()` names them in the order of the module's docstring."""

    def __init__(self, service: Service, **settings: Any) -> None:
        self._service = service
        self._settings = settings

    def settings(self, url: str) -> Any:
        """The service's settings for a test database."""
        given = {"database_url": url, "events_token": EVENTS_TOKEN, "is_consuming": False, "is_working": False}
        return self._service.settings(**{**given, **self._settings})

    def create(self, url: str) -> FastAPI:
        """The service's application on a test database, trusting the test's signing key."""
        verifier = Verifier(keys=KeySet.import_key_set({"keys": [SIGNING_KEY.as_dict(private=False)]}))
        return create_app(self._service, self.settings(url), verifier=verifier)

    def all(self) -> tuple[Any, ...]:  # noqa: C901 - seven fixtures, one after the other
        """template, database_url, app, db, client, fresh_database, live_client."""
        service, create = self._service, self.create

        @pytest_asyncio.fixture(scope="session")
        async def template(postgres_url: str) -> str:
            return await create_template(postgres_url, service)

        @pytest_asyncio.fixture(scope="session")
        async def database_url(postgres_url: str, template: str) -> AsyncIterator[str]:
            url = await clone(postgres_url, template)
            yield url
            await drop(postgres_url, url)

        @pytest_asyncio.fixture(scope="session")
        async def app(database_url: str) -> AsyncIterator[FastAPI]:
            application = create(database_url)
            for hook in service.on_start:
                await hook(application)
            yield application
            for hook in service.on_stop:
                await hook(application)
            await application.state.database.dispose()

        @pytest_asyncio.fixture
        async def db(app: FastAPI) -> AsyncIterator[AsyncSession]:
            async with app.state.database.engine.connect() as connection:
                outer = await connection.begin()
                whole = app.state.database
                app.state.database = RolledBack(connection)
                session = AsyncSession(
                    bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False
                )
                try:
                    async with session:
                        yield session
                finally:
                    app.state.database = whole
                    await outer.rollback()

        @pytest_asyncio.fixture
        async def client(app: FastAPI, db: AsyncSession) -> AsyncIterator[httpx2.AsyncClient]:  # noqa: ARG001
            transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
                yield http

        @pytest_asyncio.fixture
        async def fresh_database(postgres_url: str, template: str) -> AsyncIterator[Database]:
            url = await clone(postgres_url, template)
            database = Database(url, pool_size=20)
            yield database
            await database.dispose()
            await drop(postgres_url, url)

        @pytest_asyncio.fixture
        async def live_client(fresh_database: Database) -> AsyncIterator[httpx2.AsyncClient]:
            application = create(fresh_database.url)
            for hook in service.on_start:
                await hook(application)
            transport = httpx2.ASGITransport(app=application, raise_app_exceptions=False)
            async with httpx2.AsyncClient(transport=transport, base_url="http://test", timeout=60) as http:
                http.app = application  # type: ignore[attr-defined]
                yield http
            for hook in service.on_stop:
                await hook(application)
            await application.state.database.dispose()

        return template, database_url, app, db, client, fresh_database, live_client


async def published(db: AsyncSession, event_type: type[Event] | None = None) -> list[Event]:
    """The events written so far in this transaction, oldest first, of one type if given."""
    from shared.events import EVENTS  # noqa: PLC0415 - by type, late

    rows = await db.execute(text("SELECT type, data FROM outbox ORDER BY position"))
    return [
        EVENTS[row.type].model_validate(row.data) for row in rows if event_type is None or row.type == event_type.type
    ]


async def deliver(db: AsyncSession, handlers: Any, event: Event, *, time: datetime = NOW) -> None:
    """Hand an event to a service's handler as its consumer would, inside the test's transaction."""
    envelope = Envelope(
        id=uuid4(),
        source=event.source(),
        type=event.type,
        subject=event.subject,
        time=time,
        data=event.model_dump(mode="json"),
    )
    await handlers[type(event)](db, type(event).model_validate(envelope.data), envelope)


class ListedFeed:
    """A feed over a list of envelopes, for tests of the consumer itself."""

    def __init__(self, envelopes: list[Envelope]) -> None:
        self.envelopes = envelopes

    async def fetch(self, *, after: str, limit: int, wait_seconds: float, types: Any) -> FeedPage:  # noqa: ARG002
        """Those after the cursor."""
        await asyncio.sleep(0)
        cursors = [""] + [each.cursor for each in self.envelopes]
        start = cursors.index(after)
        items = self.envelopes[start : start + limit]
        return FeedPage(items=items, next_cursor=items[-1].cursor if items else after)


def consumer_of(subscription: Subscription, database: Database, envelopes: list[Envelope]) -> Consumer:
    """A consumer over a list of envelopes."""
    return Consumer(subscription, database=database, feed=ListedFeed(envelopes))
