"""The few statements that every purchase runs, straight through asyncpg.

SQLAlchemy's own way costs some 0.1 ms of CPU a statement for compiling, caching and describing what never changes;
that is as much as the statement itself. These run on the session's connection and in its transaction all the same.
"""

import re
from collections.abc import Mapping
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

_NAMED = re.compile(r"(?<!:):([a-z_]+)")


class Statement:
    """SQL with `:named` parameters, turned into PostgreSQL's numbered ones once. JSON is given and taken as text."""

    def __init__(self, sql: str) -> None:
        self._names = list(dict.fromkeys(_NAMED.findall(sql)))
        self._sql = _NAMED.sub(lambda found: f"${self._names.index(found[1]) + 1}", sql)

    async def rows(self, db: AsyncSession, values: Mapping[str, Any]) -> list[asyncpg.Record]:
        """Run it and give its rows. What PostgreSQL refuses is a DBAPIError, as from SQLAlchemy."""
        connection = await db.connection()
        driver = await _driver_of(connection)
        try:
            found: list[asyncpg.Record] = await driver.fetch(self._sql, *[values[name] for name in self._names])
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            is_lost = driver.is_closed()
            if is_lost:
                await connection.invalidate(error)  # so that the pool does not hand it out again
            raise DBAPIError(self._sql, None, error, connection_invalidated=is_lost) from error
        return found


async def _driver_of(connection: AsyncConnection) -> Any:
    """The asyncpg connection, in the session's transaction if the session has one."""
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None  # noqa: S101 - a checked-out connection has one
    options = connection.sync_connection.get_execution_options() if connection.sync_connection else {}
    if options.get("isolation_level") != "AUTOCOMMIT" and not driver.is_in_transaction():
        await connection.exec_driver_sql("SELECT 1")  # SQLAlchemy sends BEGIN with its own first statement
    return driver
