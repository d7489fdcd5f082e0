"""Signed bytes to a provider and back: pooled, with a deadline for the whole call and a circuit.

aiohttp and not the house's httpx2: it sends head and body in one system call and parses in C. Measured on a payment's
one call: 0.27 ms of CPU against 0.81 ms, which is a tenth of what a whole order may cost.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from shared.errors import Unavailable
from shared.http import Circuit

_REUSED_HEADERS = ("User-Agent", "Accept-Encoding")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Connection:
    """A pool of connections to one provider. Nothing is sent twice: who calls knows whether that is safe."""

    def __init__(self, name: str, base_url: str, *, deadline_seconds: float) -> None:
        self._name = name
        self._base_url = base_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=deadline_seconds)
        self._circuit = Circuit()
        self._session: aiohttp.ClientSession | None = None

    async def send(self, method: str, target: str, *, body: bytes, headers: Mapping[str, str]) -> Answer:
        """One request; any HTTP answer is returned. Unavailable if none comes in time."""
        self._circuit.ensure_closed(self._name)
        if self._session is None:  # made here: a session belongs to the loop that runs it
            self._session = aiohttp.ClientSession(timeout=self._timeout, skip_auto_headers=_REUSED_HEADERS)
        try:
            async with self._session.request(
                method, self._base_url + target, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                content = await response.read()
        except (TimeoutError, aiohttp.ClientError) as error:
            self._circuit.note(is_success=False)
            raise Unavailable(f"{self._name} does not answer now. Try again.", code="upstream-unavailable") from error
        self._circuit.note(is_success=True)
        return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, content)

    async def aclose(self) -> None:
        """Let the pooled connections go."""
        if self._session is not None:
            await self._session.close()
            self._session = None
