"""Statements straight through asyncpg, for the few that every shopper runs all day.

SQLAlchemy's own way costs 0.1 to 0.4 ms of CPU a statement for compiling, caching and describing what never changes: as
much as the statement itself, and a session around it as much again. A `Statement` runs on a session's connection and
in its transaction, or on a `Direct` one with neither; a `Fetch` takes a connection of the pool for one read. What
PostgreSQL refuses is the same error as from SQLAlchemy.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.util.concurrency import greenlet_spawn

from shared.db import Database, Transactions
from shared.errors import Unavailable

Fetch = Callable[[str, Sequence[Any]], Awaitable[Sequence[Any]]]
"""Runs one reading statement with numbered arguments ($1, …) and returns its rows."""

_NAMED = re.compile(r"(?<!:):([a-z_]+)")
_BROKEN = (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
_LOST = (asyncpg.PostgresConnectionError, *_BROKEN)
_TRIES = 3


class Direct:
    """A connection for statements that stand alone: each is its own transaction. `info` is what a session's is."""

    __slots__ = ("_lose", "driver", "info")

    def __init__(self, driver: Any, lose: Callable[[BaseException], Awaitable[None]]) -> None:
        self.driver = driver
        self.info: dict[Any, Any] = {}
        self._lose = lose

    async def invalidate(self, error: BaseException) -> None:
        """Never hand this connection out again."""
        await self._lose(error)

    async def rows(self, statement: "Statement", values: Mapping[str, Any]) -> list[asyncpg.Record]:
        """The statement's rows."""
        return await statement.fetch(self.driver, values, self.invalidate)


@asynccontextmanager
async def standing_alone(transactions: Transactions) -> AsyncIterator[Direct]:
    """A connection of the pool, or that of the transaction which stands in for the pool."""
    if not isinstance(transactions, Database):
        async with transactions.read() as db:
            yield Direct(await driver_connection(db), (await db.connection()).invalidate)
        return
    held = await greenlet_spawn(transactions.engine.pool.connect)

    async def lose(error: BaseException) -> None:
        await greenlet_spawn(held.invalidate, error)

    direct = Direct(held.driver_connection, lose)
    try:
        yield direct
    finally:
        await greenlet_spawn(held.close)
        transactions.bell.ring_committed(direct.info)


class Statement:
    """SQL with `:named` parameters, turned into PostgreSQL's numbered ones once. JSON is given and taken as text."""

    def __init__(self, sql: str) -> None:
        self.names = list(dict.fromkeys(_NAMED.findall(sql)))
        self.sql = _NAMED.sub(lambda found: f"${self.names.index(found[1]) + 1}", sql)

    async def rows(self, db: AsyncSession | Direct, values: Mapping[str, Any]) -> list[asyncpg.Record]:
        """Run it and give its rows. What PostgreSQL refuses is a DBAPIError, as from SQLAlchemy."""
        if isinstance(db, Direct):
            return await db.rows(self, values)

        async def lose(error: BaseException) -> None:
            await (await db.connection()).invalidate(error)

        return await self.fetch(await driver_connection(db), values, lose)

    async def fetch(
        self, driver: Any, values: Mapping[str, Any], lose: Callable[[BaseException], Awaitable[None]]
    ) -> list[asyncpg.Record]:
        """Run it on this connection, which is lost by `lose` where it breaks, so that the pool forgets it."""
        try:
            found: list[asyncpg.Record] = await driver.fetch(self.sql, *[values[name] for name in self.names])
        except (asyncpg.PostgresError, *_BROKEN) as error:
            is_lost = driver.is_closed() or isinstance(error, asyncpg.InternalClientError)
            if is_lost:
                await lose(error)
            raise DBAPIError(self.sql, None, error, connection_invalidated=is_lost) from error
        return found


async def driver_connection(db: AsyncSession) -> Any:
    """The session's asyncpg connection, in the session's transaction if the session has one."""
    connection = await db.connection()
    held = await connection.get_raw_connection()
    driver: Any = held.driver_connection
    options = connection.sync_connection.get_execution_options() if connection.sync_connection else {}
    if options.get("isolation_level") != "AUTOCOMMIT" and not driver.is_in_transaction():
        # SQLAlchemy sends BEGIN with its own first statement, and by no other public way.
        await held.dbapi_connection._start_transaction()  # type: ignore[union-attr]  # noqa: SLF001
    return driver


def fetching(transactions: Transactions) -> Fetch:
    """How to fetch here: from the pool, or inside the transaction that stands in for it."""
    if isinstance(transactions, Database):
        return _from_pool(transactions)
    return _from_transaction(transactions)


def _from_pool(database: Database) -> Fetch:
    pool = database.engine.pool

    async def fetch(sql: str, arguments: Sequence[Any]) -> Sequence[Any]:
        for _ in range(_TRIES):
            held = await greenlet_spawn(pool.connect)
            try:
                rows: Sequence[Any] = await held.driver_connection.fetch(sql, *arguments)  # type: ignore[union-attr]
            except _LOST:
                await greenlet_spawn(held.invalidate)
            else:
                return rows
            finally:
                await greenlet_spawn(held.close)
        raise Unavailable("The database does not answer. Try again in a moment.", code="database-unavailable")

    return fetch


def _from_transaction(transactions: Transactions) -> Fetch:
    async def fetch(sql: str, arguments: Sequence[Any]) -> Sequence[Any]:
        async with transactions.read() as db:
            rows: Sequence[Any] = await (await driver_connection(db)).fetch(sql, *arguments)
        return rows

    return fetch
