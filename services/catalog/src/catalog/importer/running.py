"""Running the process that reads a file, and its frames as they come."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.importer.reading import Order, as_line

_STREAM_LIMIT = 1 << 24


class ReaderDied(Exception):  # noqa: N818 - tells what happened
    """The reading process ended before the file did; `status` is how."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the reader ended with {status}")
        self.status = status


@dataclass(frozen=True)
class Frame:
    """What the reader says, and for `rows` the lines as COPY takes them."""

    facts: dict[str, Any]
    payload: bytes

    @property
    def kind(self) -> str:
        """head, rows, end, refused or spent."""
        return str(self.facts["frame"])


@asynccontextmanager
async def reading(order: Order) -> AsyncIterator[AsyncIterator[Frame]]:
    """The frames of a file; the process is gone when the block ends, however it ends.

    Raises ReaderDied if it ends without saying `end` or `refused`.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "catalog.importer.reading",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_STREAM_LIMIT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        yield _frames(process, order)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _frames(process: asyncio.subprocess.Process, order: Order) -> AsyncIterator[Frame]:
    source, sink = process.stdout, process.stdin
    if source is None or sink is None:
        raise ReaderDied(-1)
    sink.write(as_line(order))
    sink.close()
    while line := await source.readline():
        facts = orjson.loads(line)
        yield Frame(facts, await source.readexactly(facts.get("bytes", 0)))
        if facts["frame"] == "spent":
            return
    raise ReaderDied(await process.wait())
