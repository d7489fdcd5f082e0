"""Telling the feeds' readers that events were committed: after the commit, and once for many commits.

A NOTIFY inside the writing transaction would hold a lock of the whole server until that commit is on the disk, so no
two commits could share a flush. Nothing is lost with a notice that is never sent: readers look by themselves.
"""

import asyncio
from collections.abc import Collection, MutableMapping
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.log import logger

CHANNEL = "outbox"
_PUBLISHED = "published event types"
_PAUSE_SECONDS = 0.05  # the first ring comes at once; under load each next one tells of several commits
_NOTIFY = text("SELECT pg_notify(:channel, :types)")

log = logger(__name__)


def note_published(info: MutableMapping[Any, Any], types: Collection[str]) -> None:
    """Remember in a session's `info` what its transaction publishes, to be told once it is committed."""
    info.setdefault(_PUBLISHED, set()).update(types)


class Bell:
    """One database's: every process that serves its feed listens."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._types: set[str] = set()
        self._ringing: asyncio.Task[None] | None = None

    def ring_committed(self, info: MutableMapping[Any, Any]) -> None:
        """The transaction is committed: tell of the events that were noted in its session's `info`, if any."""
        types: set[str] = info.pop(_PUBLISHED, set())
        if not types:
            return
        self._types |= types
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(self._ring(), name="bell")

    async def silence(self) -> None:
        """Wait until what was to be told is told."""
        if self._ringing is not None:
            await self._ringing

    async def _ring(self) -> None:
        while self._types:
            types, self._types = " ".join(sorted(self._types)), set()
            try:
                async with self._engine.connect() as connection:
                    await connection.execute(_NOTIFY, {"channel": CHANNEL, "types": types})
            except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                log.warning("events not announced; readers look by themselves", error=str(error))
            await asyncio.sleep(_PAUSE_SECONDS)
