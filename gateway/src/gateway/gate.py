"""The first thing behind the front door: routed requests turn off here, and answers of our own get their headers."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.routing.routes import Routing
from gateway.visitor import COOKIES

_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_PAGE_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", b"default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"),
    (b"cache-control", b"private, no-cache"),
)


class Gate:
    """Pure ASGI. `/api/…` goes to services; anything else to the application, with cookies and safe headers added."""

    def __init__(self, app: ASGIApp, *, routing: Routing) -> None:
        self._app = app
        self._routing = routing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith("/api/"):
            await self._routing(scope, receive, send)
            return
        cookies: list[bytes] = []
        scope[COOKIES] = cookies

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = complete(message.get("headers", ()), cookies)
            await send(message)

        await self._app(scope, receive, answer)


def complete(headers: object, cookies: list[bytes]) -> list[tuple[bytes, bytes]]:
    """The headers with those added that are missing; what a route set itself stays."""
    given: list[tuple[bytes, bytes]] = list(headers)  # type: ignore[call-overload]
    present = {name for name, _ in given}
    is_page = any(name == b"content-type" and value.startswith(b"text/html") for name, value in given)
    wanted = (*_HEADERS, *_PAGE_HEADERS) if is_page else _HEADERS
    given.extend((name, value) for name, value in wanted if name not in present)
    given.extend((b"set-cookie", value) for value in cookies)
    return given
