"""Calls from pages to our services: parsed JSON, refusals raised, in the name of the visitor."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import aiohttp
import orjson
from fastapi import Depends, Request

from gateway.access import parts
from gateway.upstream import BadGateway, GatewayTimeout, UpstreamClient, refusal_of
from gateway.visitor import Visitor
from shared import errors
from shared.errors import Refusal, Unavailable
from shared.telemetry import current_trace

__all__ = ["Answer", "BadGateway", "GatewayTimeout", "ServiceCalls", "Services", "Stream", "Unavailable", "Upstream"]

Value = str | int | float | bool | None
Params = Mapping[str, Value | Iterable[Value]] | Sequence[tuple[str, Value]] | None

_MEMBERS = frozenset({"type", "title", "status", "code", "detail", "field", "trace_id"})
_REFUSALS: dict[int, type[Refusal]] = {
    kind.status: kind
    for kind in (
        errors.BadRequest,
        errors.Unauthenticated,
        errors.Forbidden,
        errors.NotFound,
        errors.Conflict,
        errors.Stale,
        errors.TooLarge,
        errors.Unsupported,
        errors.Invalid,
        errors.PreconditionMissing,
        errors.TooMany,
        errors.Unavailable,
        BadGateway,
        GatewayTimeout,
    )
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer of a service; the names of its headers are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The parsed body, None if there is none."""
        return orjson.loads(self.body) if self.body else None


@dataclass(frozen=True, slots=True)
class Stream:
    """A good answer whose body is still coming; the names of its headers are in small letters."""

    status: int
    headers: dict[str, str]
    chunks: AsyncIterator[bytes]


class Upstream:
    """One service. Every call raises the refusal that the service answered with, or one for its silence."""

    def __init__(self, client: UpstreamClient, name: str) -> None:
        self._client = client
        self.name = name

    async def get(self, path: str, *, visitor: Visitor | None, params: Params = None, timeout: float = 5.0) -> Any:
        """Read; the parsed body."""
        return (await self.answer("GET", path, visitor=visitor, params=params, timeout=timeout)).json

    async def post(
        self,
        path: str,
        *,
        visitor: Visitor | None,
        json: Any = None,
        params: Params = None,
        idempotency_key: str | None = None,
        timeout: float = 10.0,
    ) -> Any:
        """Act; sent once. `idempotency_key` goes with what creates or moves money."""
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        answer = await self.answer(
            "POST", path, visitor=visitor, json=json, params=params, headers=headers, timeout=timeout
        )
        return answer.json

    async def put(
        self,
        path: str,
        *,
        visitor: Visitor | None,
        json: Any = None,
        params: Params = None,
        if_match: str | None = None,
        timeout: float = 10.0,
    ) -> Any:
        """Replace; `if_match` is the ETag that is edited."""
        headers = {} if if_match is None else {"If-Match": if_match}
        answer = await self.answer(
            "PUT", path, visitor=visitor, json=json, params=params, headers=headers, timeout=timeout
        )
        return answer.json

    async def delete(
        self,
        path: str,
        *,
        visitor: Visitor | None,
        params: Params = None,
        if_match: str | None = None,
        timeout: float = 10.0,
    ) -> Any:
        """Remove; `if_match` is the ETag of what was seen."""
        headers = {} if if_match is None else {"If-Match": if_match}
        return (
            await self.answer("DELETE", path, visitor=visitor, params=params, headers=headers, timeout=timeout)
        ).json

    async def answer(
        self,
        method: str,
        path: str,
        *,
        visitor: Visitor | None,
        json: Any = None,
        data: bytes | None = None,
        params: Params = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
    ) -> Answer:
        """Any call, with status and headers. `data` sends bytes as they are (give their Content-Type in `headers`).

        `path` may hold characters of any language; `timeout` is in seconds and bounds the whole exchange.
        """
        sent = {"Accept": "application/json", **(headers or {}), **_in_the_name_of(visitor)}
        if json is not None:
            data = orjson.dumps(json, default=str)
            sent["Content-Type"] = "application/json"
        url = _address(path, params)
        try:
            async with self._client.send(self.name, method, url, headers=sent, data=data, timeout=timeout) as got:
                body = await got.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise refusal_of(error, self.name) from error
        if got.status >= 400:  # noqa: PLR2004
            raise _refusal(got.status, body, self.name)
        return Answer(got.status, {name.lower(): value for name, value in got.headers.items()}, body)

    async def stream(
        self, path: str, *, visitor: Visitor | None, params: Params = None, accept: str = "*/*", timeout: float = 120.0
    ) -> Stream:
        """Read what may be long, piece by piece; `timeout` (seconds) bounds the whole. Read `chunks` to the end or
        close it, for the connection is held until then.
        """
        sent = {"Accept": accept, **_in_the_name_of(visitor)}
        try:
            got = await self._client.send(self.name, "GET", _address(path, params), headers=sent, timeout=timeout)
            if got.status >= 400:  # noqa: PLR2004
                async with got:
                    raise _refusal(got.status, await got.read(), self.name)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise refusal_of(error, self.name) from error
        return Stream(got.status, {name.lower(): value for name, value in got.headers.items()}, _chunks(got))


async def _chunks(got: Any) -> AsyncIterator[bytes]:
    async with got:
        async for chunk in got.content.iter_any():
            yield chunk


def _in_the_name_of(visitor: Visitor | None) -> dict[str, str]:
    sent: dict[str, str] = {}
    if visitor is not None:
        sent["Accept-Language"] = visitor.language
        if visitor.internal_token:
            sent["Authorization"] = f"Bearer {visitor.internal_token}"
    trace = current_trace()
    if trace is not None:
        sent["traceparent"] = trace.traceparent
    return sent


def _address(path: str, params: Params) -> str:
    return quote(path, safe="/:@!$&'()*+,;=~%-._") + _query(params)


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _query(params: Params) -> str:
    if not params:
        return ""
    pairs: list[tuple[str, str]] = []
    items = params.items() if isinstance(params, Mapping) else params
    for name, value in items:
        values = [value] if isinstance(value, str) or not isinstance(value, Iterable) else value
        pairs.extend((name, _text(each)) for each in values if each is not None)
    return f"?{urlencode(pairs)}" if pairs else ""


def _refusal(status: int, body: bytes, service: str) -> Refusal:
    """The service's problem as the refusal it was raised from; what is no problem document is the service's fault."""
    kind = _REFUSALS.get(status)
    try:
        problem = orjson.loads(body)
    except orjson.JSONDecodeError:
        problem = None
    if kind is None or not isinstance(problem, dict) or "code" not in problem:
        return BadGateway(
            f"{service} answered {status}.", code="service-failed", service=service, service_status=status
        )
    extra = {name: value for name, value in problem.items() if name not in _MEMBERS}
    return kind(
        str(problem.get("detail", "")), code=str(problem["code"]), field=_text_or_none(problem.get("field")), **extra
    )


def _text_or_none(value: Any) -> str | None:
    return None if value is None else str(value)


class ServiceCalls:
    """All services, each by its name."""

    def __init__(self, client: UpstreamClient) -> None:
        self.catalog = Upstream(client, "catalog")
        self.orders = Upstream(client, "orders")
        self.logistics = Upstream(client, "logistics")
        self.analytics = Upstream(client, "analytics")


async def services(request: Request) -> ServiceCalls:
    """The calls of this gateway."""
    return ServiceCalls(parts(request).upstream)


Services = Annotated[ServiceCalls, Depends(services)]
