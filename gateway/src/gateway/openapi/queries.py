"""Asking services for their documents, and remembering the merged one."""

import asyncio
from time import monotonic
from typing import Any

import aiohttp
import orjson
from fastapi import FastAPI

from gateway.openapi import rules
from gateway.upstream import UpstreamClient

_FRESH_SECONDS = 300.0
_FRESH_SECONDS_WITH_GAPS = 5.0
_ASKED_FOR_SECONDS = 3.0


class OpenApiDocument:
    """The merged document, asked for again after five minutes; a service that is down keeps its last one."""

    def __init__(self, app: FastAPI, client: UpstreamClient) -> None:
        self._app = app
        self._client = client
        self._known: dict[str, rules.Document] = {}
        self._merged: bytes = b""
        self._until = 0.0
        self._turn = asyncio.Lock()

    async def read(self) -> bytes:
        """The merged document as JSON."""
        async with self._turn:
            if monotonic() >= self._until:
                await self._refresh()
            return self._merged

    async def _refresh(self) -> None:
        names = self._client.services
        documents = await asyncio.gather(*(self._ask(name) for name in names))
        missing = [name for name, document in zip(names, documents, strict=True) if document is None]
        self._known.update({name: each for name, each in zip(names, documents, strict=True) if each is not None})
        in_order = {name: self._known[name] for name in names if name in self._known}
        self._merged = orjson.dumps(rules.merged(self._app.openapi(), in_order, missing=missing))
        self._until = monotonic() + (_FRESH_SECONDS_WITH_GAPS if missing else _FRESH_SECONDS)

    async def _ask(self, name: str) -> rules.Document | None:
        try:
            async with self._client.send(
                name, "GET", "/openapi.json", headers={"Accept": "application/json"}, timeout=_ASKED_FOR_SECONDS
            ) as answer:
                body: Any = orjson.loads(await answer.read()) if answer.status == 200 else None  # noqa: PLR2004
        except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError):
            return None
        return body if isinstance(body, dict) else None
