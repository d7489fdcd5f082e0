"""Calls to addresses that strangers gave us: looked up, checked, and then called at exactly the address that was
checked, so that a name cannot lead elsewhere in between. No redirects, no proxies, a bounded answer in bounded time."""

import asyncio
import socket
import time
from datetime import timedelta
from urllib.parse import urlsplit

import httpx2

from gateway.webhook.rules import EXCERPT_BYTES, TIMEOUT_SECONDS, Outcome, is_callable

_LONGEST_RETRY_AFTER = 7


class Outbound:
    """Posts to webhooks."""

    def __init__(self, *, allows_local: bool, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._allows_local = allows_local
        self._timeout_seconds = timeout_seconds
        # a pool would hand a connection made for one name to another name at the same address
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._client = httpx2.AsyncClient(
            limits=limits, timeout=httpx2.Timeout(None), follow_redirects=False, trust_env=False
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def post(self, url: str, *, body: bytes, headers: dict[str, str]) -> Outcome:
        """What the other side answered, or why it did not."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._post(url, body, headers)
        except TimeoutError:
            return Outcome(None, error=f"no answer within {time.monotonic() - started:.0f} s")
        except httpx2.HTTPError as error:
            return Outcome(None, error=f"{type(error).__name__}: {error}"[:200])
        except OSError as error:
            return Outcome(None, error=f"the name leads nowhere: {error.strerror or type(error).__name__}"[:200])

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> Outcome:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(each[4][0]) for each in found]
        if not all(is_callable(host, each, allows_local=self._allows_local) for each in addresses):
            return Outcome(None, error="the name leads to an address that is not of the internet")
        request = self._client.build_request(
            "POST",
            httpx2.URL(url, host=addresses[0]),
            content=body,
            headers={"host": parts.netloc, **headers},
            extensions={"sni_hostname": host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            excerpt = await _beginning(answer)
        finally:
            await answer.aclose()
        error = "" if answer.is_success else f"answered {answer.status_code}"
        return Outcome(answer.status_code, excerpt, error, retry_after_of(answer.headers.get("retry-after")))


async def _beginning(answer: httpx2.Response) -> str:
    read = b""
    async for chunk in answer.aiter_raw():
        read += chunk
        if len(read) >= EXCERPT_BYTES:
            break
    text = read[:EXCERPT_BYTES].decode("utf-8", "replace")
    return "".join(each for each in text if each.isprintable() or each == "\n")


def retry_after_of(header: str | None) -> timedelta | None:
    """The seconds of a Retry-After header; its other form, a date, is rare and left out."""
    is_seconds = header is not None and header.isascii() and header.isdigit() and len(header) <= _LONGEST_RETRY_AFTER
    return timedelta(seconds=int(header)) if header is not None and is_seconds else None
