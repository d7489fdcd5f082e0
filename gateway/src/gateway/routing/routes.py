"""`/api/<service>/v1/…`: the request goes on to the service and the answer comes back, both as streams.

Pure ASGI: no parsing of bodies, no framework in between. The caller's credential stays here; the service gets our own
short-lived token instead.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
from starlette.types import Receive, Scope, Send

from gateway.callers import Callers
from gateway.credential.rules import needed_scope
from gateway.identities import Identity
from gateway.routing import rules
from gateway.upstream import UpstreamClient, refusal_of
from shared.errors import Forbidden, NotFound, Refusal
from shared.log import logger
from shared.problems import refused
from shared.telemetry import current_trace

_SMALL_BYTES = 65_536

log = logger(__name__)


@dataclass(frozen=True)
class RoutedPath:
    """What metrics call a routed request: its service, for the paths behind it are the service's affair."""

    path: str


class ClientLeft(Exception):  # noqa: N818 - nobody's fault
    """The client closed the connection while it was sending."""


class Watch:
    """Cancels the exchange when the client goes away, so that the service can stop working for nobody."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._exchange = asyncio.current_task()
        self._waiting: asyncio.Task[None] | None = None
        self.has_left = False
        self.is_answered = False

    def start(self) -> None:
        """Begin to listen; the request's body must have been read."""
        self._waiting = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if not self.is_answered and self._exchange is not None:
            self.has_left = True
            self._exchange.cancel()

    def stop(self) -> None:
        """The answer is complete."""
        self.is_answered = True
        if self._waiting is not None:
            self._waiting.cancel()


class Routing:
    """The ASGI application behind `/api/`."""

    def __init__(self, callers: Callers, client: UpstreamClient) -> None:
        self._callers = callers
        self._client = client
        self._names = {service: RoutedPath(f"/api/{service}") for service in client.services}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await self._route(scope, receive, send)
        except Refusal as refusal:
            await refused(None, refusal)(scope, receive, send)  # type: ignore[arg-type]  # it does not look at the request

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        incoming = rules.read_headers(scope["headers"])
        target = rules.target_of((scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0])
        if not self._client.knows(target.service):
            raise NotFound(
                f"There is no service {target.service!r}.", code="service-unknown", services=list(self._client.services)
            )
        scope["route"] = self._names[target.service]
        identity = await self._callers.identify(scope, incoming)
        self._callers.ensure_routed_is_own(scope, incoming, identity)
        ensure_scope(identity, target, scope["method"])
        await self._forward(scope, receive, send, incoming=incoming, target=target, identity=identity)

    async def _forward(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        incoming: rules.Incoming,
        target: rules.Target,
        identity: Identity | None,
    ) -> None:
        query = scope["query_string"]
        watch = Watch(receive)
        has_begun = False
        try:
            data = await _body(incoming, receive, watch)
            async with self._client.send(
                target.service,
                scope["method"],
                f"{target.path}?{query.decode('latin-1')}" if query else target.path,
                headers=_outgoing(scope, incoming, identity),
                data=data,
            ) as answer:
                has_begun = True
                await _pass_on(answer, send, watch)
        except ClientLeft:
            return
        except asyncio.CancelledError:
            if not watch.has_left:
                raise
            _uncancel()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if watch.has_left:
                return
            refusal = refusal_of(error, target.service)
            if not has_begun:
                raise refusal from error
            # too late for another status: the server closes the connection, and the client sees a broken answer
        finally:
            watch.stop()


def ensure_scope(identity: Identity | None, target: rules.Target, method: str) -> None:
    """A program does only what it was given the scope for: 403 `scope-missing`. People in browsers have all scopes."""
    if identity is not None and identity.via != "session":
        needed = needed_scope(target.service, method, target.path)
        if needed not in identity.caller.scopes:
            raise Forbidden(f"This key lacks the scope {needed}.", code="scope-missing", scopes=[needed])


def _uncancel() -> None:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


def _outgoing(scope: Scope, incoming: rules.Incoming, identity: Identity | None) -> list[tuple[str, str]]:
    headers = incoming.forwarded
    if identity is not None:
        headers.append(("Authorization", f"Bearer {identity.internal_token}"))
    trace = current_trace()
    if trace is not None:
        headers.append(("traceparent", trace.traceparent))
    client = scope.get("client")
    if client:
        headers.append(("X-Forwarded-For", client[0]))
    headers.append(("X-Forwarded-Proto", scope["scheme"]))
    host = incoming.own.get(b"host")
    if host:
        headers.append(("X-Forwarded-Host", host))
    return headers


async def _body(incoming: rules.Incoming, receive: Receive, watch: Watch) -> Any:
    """The request's body: nothing, a few bytes, or a stream that is read as fast as the service takes it."""
    length = incoming.own.get(b"content-length")
    if (length is None and b"transfer-encoding" not in incoming.own) or length == "0":
        watch.start()
        return None
    if length is not None and length.isdigit() and int(length) <= _SMALL_BYTES:
        data = b"".join([chunk async for chunk in _chunks(receive, watch)])
        watch.start()
        return data
    return _stream(receive, watch)


async def _chunks(receive: Receive, watch: Watch) -> AsyncIterator[bytes]:
    has_more = True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            watch.has_left = True
            raise ClientLeft
        chunk = message.get("body", b"")
        if chunk:
            yield chunk
        has_more = message.get("more_body", False)


async def _stream(receive: Receive, watch: Watch) -> AsyncIterator[bytes]:
    async for chunk in _chunks(receive, watch):
        yield chunk
    watch.start()


async def _pass_on(answer: aiohttp.ClientResponse, send: Send, watch: Watch) -> None:
    """The answer as it came: status, headers, bytes. A slow client holds the service back, not our memory."""
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": rules.answered_headers(answer.raw_headers),
        }
    )
    length = answer.headers.get("Content-Length", "")
    if length.isdigit() and int(length) <= _SMALL_BYTES:
        whole = await answer.read()
        watch.is_answered = True
        await send({"type": "http.response.body", "body": whole})
        return
    async for chunk in answer.content.iter_any():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    watch.is_answered = True
    with suppress(OSError):
        await send({"type": "http.response.body", "body": b""})
