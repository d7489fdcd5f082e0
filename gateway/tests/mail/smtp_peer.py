"""A mail server of a few lines that speaks SMTP (RFC 5321) on a real socket and keeps what it is given."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class SmtpPeer:
    """`answers` are what it says to the next mails after their last dot; 250 when there are none left."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refused: str = ""
    drops_after_data: bool = False

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One conversation."""
        try:
            await self._talk(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 peer\r\n")
        while line := await reader.readline():
            verb = line.decode().upper()
            if verb.startswith("EHLO"):
                writer.write(b"250-peer\r\n250 8BITMIME\r\n")
            elif verb.startswith("RCPT"):
                self.recipients.append(line.decode().strip())
                writer.write(f"{self.refused or '250 ok'}\r\n".encode())
            elif verb.startswith("DATA"):
                writer.write(b"354 go on\r\n")
                if not await self._data(reader, writer):
                    return
            elif verb.startswith("QUIT"):
                writer.write(b"221 bye\r\n")
                return
            else:
                writer.write(b"250 ok\r\n")

    async def _data(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines: list[bytes] = []
        while (line := await reader.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250"):
            self.mails.append(message_from_bytes(b"".join(lines), policy=policy.default))  # type: ignore[arg-type]
        writer.write(f"{answer}\r\n".encode())
        await writer.drain()
        return not self.drops_after_data


@asynccontextmanager
async def running() -> AsyncIterator[SmtpPeer]:
    """The server on a free port of this machine."""
    peer = SmtpPeer()
    server = await asyncio.start_server(peer.talk, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    async with server:
        yield peer
