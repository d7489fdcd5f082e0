"""Connections that die at a chosen statement: the backend is really shot, so what it had not committed is gone."""

from typing import Any

import asyncpg
from sqlalchemy import event

from shared.db import Database


class Fuse:
    """Once lit, the backend that sends the statement of that number dies before it runs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._left = 0
        self.has_blown = False
        event.listen(database.engine.sync_engine, "connect", self._watch)

    def light(self, statements: int | None) -> None:
        """Die at this statement from now on, counted from 1 and with BEGIN and COMMIT; None is never."""
        self._left = statements or 0
        self.has_blown = False

    def _watch(self, adapted: Any, _: Any) -> None:
        driver = adapted.driver_connection
        driver._protocol = _Watched(driver._protocol, driver, self)

    async def burn(self, driver: asyncpg.Connection) -> None:
        """A statement is about to be sent."""
        if self._left == 0:
            return
        self._left -= 1
        if self._left == 0:
            self.has_blown = True
            killer = await asyncpg.connect(self._database.url)
            try:
                assert await killer.fetchval("SELECT pg_terminate_backend($1, 5000)", driver.get_server_pid())
            finally:
                await killer.close()


class _Watched:
    """asyncpg's protocol, which asks the fuse before it sends."""

    def __init__(self, protocol: Any, driver: asyncpg.Connection, fuse: Fuse) -> None:
        self._protocol = protocol
        self._driver = driver
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._protocol, name)

    async def query(self, *given: Any, **named: Any) -> Any:
        """A statement without arguments, BEGIN and COMMIT among them."""
        await self._fuse.burn(self._driver)
        return await self._protocol.query(*given, **named)

    async def bind_execute(self, *given: Any, **named: Any) -> Any:
        """A prepared statement."""
        await self._fuse.burn(self._driver)
        return await self._protocol.bind_execute(*given, **named)
