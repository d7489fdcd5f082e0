"""ClickHouse, embedded or a server: the same client and the same SQL, only the DSN differs.

The client is synchronous and one handle does one thing at a time, so there is one handle to write and a few to read,
each used by one thread at a time. chdb allows one folder a process; a server allows as many processes as it likes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from importlib.resources import files
from io import RawIOBase
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar, cast

import clickhouse_connect
import orjson
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from shared.errors import Unavailable

Parameters = Mapping[str, Any]
Rows = Sequence[Sequence[Any]]
T = TypeVar("T")

_ROWS = "JSONCompactEachRow"
_STREAMED_ROWS = "JSONEachRow"  # of those that chdb streams; it would hold any other in memory whole
_TABLE = "JSONCompact"
_TOO_HEAVY = {159, 160, 241}  # took too long, would take too long, would take too much memory
_CHUNK_BYTES = 1 << 18
_SETTINGS = {
    "output_format_json_quote_64bit_integers": 0,
    "do_not_merge_across_partitions_select_final": 1,  # the partition follows from the sorting key
    "totals_mode": "before_having",  # of everything, whatever page is shown
    "max_execution_time": 60,
    "max_memory_usage": 2_000_000_000,
    "max_bytes_before_external_group_by": 500_000_000,  # beyond it, work on disk
    "max_bytes_before_external_sort": 500_000_000,
}


_engine_seconds: ContextVar[float] = ContextVar("engine_seconds", default=0.0)


def engine_seconds() -> float:
    """How long the engine has worked for the present task so far, its waiting for a thread not counted."""
    return _engine_seconds.get()


class Warehouse:
    """The facts' engine. Reads wait for a free handle; writes go one after the other."""

    def __init__(self, url: str, *, database: str, readers: int) -> None:
        self.database = database
        self._url = url
        self._count = readers
        self._threads = ThreadPoolExecutor(readers + 1, thread_name_prefix="clickhouse")
        self._clients: list[Client] = []
        self._readers: asyncio.Queue[Client] = asyncio.Queue()
        self._writers: asyncio.Queue[Client] = asyncio.Queue()

    async def open(self) -> None:
        """Connect, make what tables are missing, and pay for the first insert and the first query now."""
        loop = asyncio.get_running_loop()
        self._clients = await loop.run_in_executor(self._threads, self._connect)
        self._writers.put_nowait(self._clients[0])
        for client in self._clients[1:]:
            self._readers.put_nowait(client)
        for statement in _statements():
            await self.execute(statement)

    def _connect(self) -> list[Client]:
        if self._url.startswith("chdb://"):
            Path(self._url.removeprefix("chdb://").partition("?")[0]).parent.mkdir(parents=True, exist_ok=True)
        first = clickhouse_connect.get_client(dsn=self._url, settings=_SETTINGS)
        first.command(f"CREATE DATABASE IF NOT EXISTS {self.database}")
        rest = [
            clickhouse_connect.get_client(dsn=self._url, settings=_SETTINGS, database=self.database)
            for _ in range(self._count)
        ]
        first.database = self.database
        return [first, *rest]

    async def close(self) -> None:
        """Let the engine go; a folder can be opened again afterwards."""
        for client in self._clients:
            await asyncio.get_running_loop().run_in_executor(self._threads, client.close)
        self._clients.clear()
        self._threads.shutdown()

    async def read(self, sql: str, parameters: Parameters | None = None) -> Rows:
        """The rows of a SELECT. 503 `query-too-heavy` past the limits of time and memory."""
        async with self._taken(self._readers) as client:
            body = await self._work(partial(client.raw_query, sql, parameters=dict(parameters or {}), fmt=_ROWS))
        return parse_rows(body)

    async def read_with_totals(self, sql: str, parameters: Parameters | None = None) -> tuple[Rows, list[Any] | None]:
        """The rows and the totals of a SELECT … WITH TOTALS; no totals where there are no rows, for chdb 4.4 then
        writes the parts of its answer in the wrong order."""
        async with self._taken(self._readers) as client:
            body = await self._work(partial(client.raw_query, sql, parameters=dict(parameters or {}), fmt=_TABLE))
        if not body.startswith(b"{"):
            return [], None
        table = orjson.loads(body)
        return table["data"], table["totals"] if table["data"] else None

    async def stream(self, sql: str, parameters: Parameters | None = None) -> AsyncIterator[Rows]:
        """The rows of a SELECT, some thousands at a time; memory does not grow with their number."""
        async with self._taken(self._readers) as client:
            opened = await self._work(
                partial(client.raw_stream, sql, parameters=dict(parameters or {}), fmt=_STREAMED_ROWS)
            )
            source = cast("RawIOBase", opened)
            try:
                rest = b""
                while chunk := await self._work(partial(source.read, _CHUNK_BYTES)):
                    whole, newline, rest = (rest + chunk).rpartition(b"\n")
                    if newline:
                        yield _parse_streamed(whole)
                if rest:
                    yield _parse_streamed(rest)
            finally:
                await self._work(source.close)

    async def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows; when this returns they are stored and every later read sees them."""
        if not rows:
            return
        block = b"\n".join(orjson.dumps(row) for row in rows)
        async with self._taken(self._writers) as client:
            await self._work(
                partial(client.raw_insert, table, column_names=list(rows[0]), insert_block=block, fmt="JSONEachRow")
            )

    async def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        """Run a statement that answers nothing."""
        async with self._taken(self._writers) as client:
            await self._work(partial(client.command, sql, parameters=dict(parameters or {})))

    @asynccontextmanager
    async def _taken(self, idle: asyncio.Queue[Client]) -> AsyncIterator[Client]:
        client = await idle.get()
        try:
            yield client
        finally:
            idle.put_nowait(client)

    async def _work(self, call: Callable[[], T]) -> T:
        """Run in a thread. A caller who goes away waits for the thread all the same: the handle is not free before."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, _timed, call)
        try:
            found, seconds = await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            raise
        except (DatabaseError, OperationalError) as error:
            if error.code in _TOO_HEAVY:
                raise Unavailable(
                    "The query takes too long or too much memory. Ask for fewer days or fewer dimensions.",
                    code="query-too-heavy",
                ) from error
            if isinstance(error, OperationalError):
                raise Unavailable(
                    "The figures' engine does not answer now. Try again.", code="engine-unavailable"
                ) from error
            raise
        _engine_seconds.set(_engine_seconds.get() + seconds)
        return found


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    started = perf_counter()
    return call(), perf_counter() - started


def parse_rows(body: bytes) -> Rows:
    """Rows of ClickHouse's one-array-a-line format."""
    rows: Rows = orjson.loads(b"[" + body.strip().replace(b"]\n[", b"],[") + b"]")
    return rows


def _parse_streamed(body: bytes) -> Rows:
    return [list(row.values()) for row in orjson.loads(b"[" + body.strip().replace(b"\n", b",") + b"]")]


def _statements() -> list[str]:
    """All table definitions, in order of their numbers; each may be run again."""
    folder = files("analytics").joinpath("tables")
    scripts = sorted((each for each in folder.iterdir() if each.name.endswith(".sql")), key=lambda each: each.name)
    return [
        statement.strip()
        for script in scripts
        for statement in script.read_text(encoding="utf-8").split(";\n")
        if statement.strip()
    ]
