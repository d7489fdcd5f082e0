"""The database of a service: one transaction a request, committed before the response leaves.

A route takes `db: Db` to write and `db: Read` to read. `Db` is a function-scoped dependency: FastAPI closes it after
the answer is rendered and before it is sent, so a commit that fails is an error that the caller sees, never a lost 200.
No code outside this file commits.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any, Protocol

import orjson
from fastapi import Depends, Request
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from shared.bell import Bell
from shared.tables import NAMING, attach_shared_tables


def new_metadata() -> MetaData:
    """A service's own metadata, with our constraint names and the shared library's tables; its `Base` sets it."""
    metadata = MetaData(naming_convention=NAMING)
    attach_shared_tables(metadata)
    return metadata


def async_url(url: str) -> str:
    """The same URL for SQLAlchemy over asyncpg."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+asyncpg://" + url.removeprefix(prefix)
    return url


def create_engine(url: str, *, pool_size: int, **options: Any) -> AsyncEngine:
    """An engine with prepared statements, UTC and JSON by orjson."""
    return create_async_engine(
        async_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_use_lifo=True,  # the connection used last is the warm one
        json_serializer=lambda value: orjson.dumps(value, default=str).decode(),
        json_deserializer=orjson.loads,
        connect_args={
            "prepared_statement_cache_size": 512,
            "server_settings": {"timezone": "UTC", "jit": "off", "application_name": "zhunong"},
        },
        **options,
    )


class Transactions(Protocol):
    """Where sessions come from: a `Database`, or in a test one connection that is rolled back."""

    def begin(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A session in one transaction, committed when the block ends well."""

    def read(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A session whose every statement stands alone: no BEGIN, no COMMIT, two round trips fewer."""


class Database:
    """The pool of one PostgreSQL database."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.engine = create_engine(url, pool_size=pool_size)
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.bell = Bell(self._autocommit)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """A session in one transaction, committed when the block ends well."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            async with session.begin():
                yield session
            self.bell.ring_committed(session.info)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session whose every statement stands alone: no BEGIN, no COMMIT, two round trips fewer."""
        async with AsyncSession(self._autocommit, expire_on_commit=False, autoflush=False) as session:
            yield session
            self.bell.ring_committed(session.info)

    async def dispose(self) -> None:
        """Close every pooled connection."""
        await self.bell.silence()
        await self.engine.dispose()


async def transaction(request: Request) -> AsyncIterator[AsyncSession]:
    """The request's one transaction."""
    transactions: Transactions = request.app.state.database
    async with transactions.begin() as session:
        yield session


async def reading(request: Request) -> AsyncIterator[AsyncSession]:
    """A session for a route that only reads."""
    transactions: Transactions = request.app.state.database
    async with transactions.read() as session:
        yield session


Db = Annotated[AsyncSession, Depends(transaction, scope="function")]
Read = Annotated[AsyncSession, Depends(reading, scope="function")]
