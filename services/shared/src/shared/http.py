"""Calls to another service: one pooled client, a deadline for the whole call, a circuit that opens when it is down.

Only safe requests are tried again; a POST never is, for it may have taken effect.
"""

import asyncio
from time import monotonic
from typing import Any, Self

import httpx2
import stamina

from shared.errors import Unavailable
from shared.telemetry import current_trace

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FAILURES_TO_OPEN = 5
_OPEN_SECONDS = 2.0


class Circuit:
    """Counts failures in a row; once open it refuses at once, and after a pause lets one call try."""

    def __init__(self) -> None:
        self._failures = 0
        self._closed_again_at = 0.0

    def ensure_closed(self, name: str) -> None:
        """Raise `Unavailable` while the other side is known to be down."""
        if self._failures >= _FAILURES_TO_OPEN:
            now = monotonic()
            if now < self._closed_again_at:
                raise Unavailable(f"{name} does not answer now. Try again shortly.", code="upstream-unavailable")
            self._closed_again_at = now + _OPEN_SECONDS

    def note(self, *, is_success: bool) -> None:
        """Remember how a call went."""
        if is_success:
            self._failures = 0
            return
        self._failures += 1
        if self._failures == _FAILURES_TO_OPEN:
            self._closed_again_at = monotonic() + _OPEN_SECONDS


class ServiceClient:
    """A client of one other service.

    `deadline_seconds` bounds a call with all its retries. A time-out or a lost connection raises `Unavailable`;
    any answer, also a 4xx or 5xx, is returned.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        deadline_seconds: float = 5.0,
        headers: dict[str, str] | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self._deadline_seconds = deadline_seconds
        self._circuit = Circuit()
        self._client = httpx2.AsyncClient(
            base_url=base_url,
            headers=headers,
            transport=transport,
            timeout=httpx2.Timeout(None),
            limits=httpx2.Limits(max_connections=100, max_keepalive_connections=20),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._client.aclose()

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        """GET; tried again while the deadline lasts."""
        return await self.request("GET", path, **options)

    async def post(self, path: str, **options: Any) -> httpx2.Response:
        """POST; never tried again."""
        return await self.request("POST", path, **options)

    async def request(
        self, method: str, path: str, *, deadline_seconds: float | None = None, **options: Any
    ) -> httpx2.Response:
        """Any request; see the class for what it raises."""
        self._circuit.ensure_closed(self.name)
        trace = current_trace()
        if trace is not None:
            options["headers"] = {**(options.get("headers") or {}), "traceparent": trace.traceparent}
        try:
            async with asyncio.timeout(deadline_seconds or self._deadline_seconds):
                response = await self._send(method, path, options)
        except (httpx2.TransportError, TimeoutError) as error:
            self._circuit.note(is_success=False)
            raise Unavailable(f"{self.name} does not answer now. Try again.", code="upstream-unavailable") from error
        self._circuit.note(is_success=True)
        return response

    async def _send(self, method: str, path: str, options: dict[str, Any]) -> httpx2.Response:
        if method not in _SAFE:
            return await self._client.request(method, path, **options)
        async for attempt in stamina.retry_context(
            on=httpx2.TransportError, attempts=3, wait_initial=0.05, wait_max=0.5
        ):
            with attempt:
                return await self._client.request(method, path, **options)
        raise AssertionError("unreachable")
