"""Rows for the routes that everybody calls all day: straight from the pool's asyncpg connection.

A session, its compiler and its bookkeeping cost more than such a statement itself (measured: 0.2 ms of CPU a request).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.util.concurrency import greenlet_spawn

from shared.db import Database, Transactions
from shared.errors import Unavailable

Fetch = Callable[[str, Sequence[Any]], Awaitable[Sequence[Any]]]
"""Runs one reading statement with numbered arguments ($1, …) and returns its rows."""

_LOST = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ConnectionError)
_TRIES = 3


def fetching(transactions: Transactions) -> Fetch:
    """How to fetch here: from the pool, or inside the transaction that stands in for it."""
    if isinstance(transactions, Database):
        return _from_pool(transactions)
    return _from_transaction(transactions)


async def driver_connection(db: AsyncSession) -> Any:
    """The session's own asyncpg connection, in whatever transaction the session is."""
    connection = await db.connection()
    raw = await connection.get_raw_connection()
    return raw.driver_connection


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
