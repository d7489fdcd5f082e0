"""A program that listens to webhooks: a real HTTP server that answers by its path, and keeps what it was sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

ANSWERS = {
    "/ok": (204, ""),
    "/fail": (500, "out of order"),
    "/gone": (410, "no more"),
    "/moved": (302, "elsewhere"),
    "/busy": (503, "later"),
}
HEADERS = {"/moved": "location: /ok\r\n", "/busy": "retry-after: 7200\r\n"}


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpPeer:
    """`/hang` never answers, `/long` answers without end; `answers` may be changed."""

    port: int = 0
    answers: dict[str, tuple[int, str]] = field(default_factory=lambda: dict(ANSWERS))
    received: list[Received] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def paths(self) -> list[str]:
        """Where requests came in, in order."""
        return [each.path for each in self.received]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        self.writers.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            path = head[0].split()[1]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body = await reader.readexactly(int(headers["content-length"]))
            self.received.append(Received(path, headers, body))
            if path == "/hang":
                await self.released.wait()
            elif path == "/long":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n" + b"x" * 1_000_000)
                await self.released.wait()
            else:
                status, text = self.answers[path]
                more = HEADERS.get(path, "")
                answer = f"HTTP/1.1 {status} so\r\n{more}content-length: {len(text)}\r\nconnection: close\r\n\r\n{text}"
                writer.write(answer.encode())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[HttpPeer]:
    """The program on a free port of this machine."""
    peer = HttpPeer()
    server = await asyncio.start_server(peer.answer, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    async with server:
        yield peer
        peer.released.set()
        for writer in list(peer.writers):
            writer.close()
