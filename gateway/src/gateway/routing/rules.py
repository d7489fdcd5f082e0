"""What of a request and of an answer crosses the gateway."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from shared.errors import BadRequest, NotFound

Headers = Iterable[tuple[bytes, bytes]]

# RFC 9110, 7.6.1, and what older programs still send
_HOP_BY_HOP = frozenset({
    b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization",
    b"te", b"trailer", b"transfer-encoding", b"upgrade",
})  # fmt: skip
# read here and not sent on; what a client says of who it is counts for nothing behind the gateway
_CONSUMED = frozenset({b"host", b"authorization", b"x-api-key", b"cookie", b"expect", b"traceparent", b"x-csrf-token"})
_IDENTITY = re.compile(
    rb"forwarded|x-forwarded-.*|x-real-ip|x-(?:caller|user|person|organisation|role|scope|auth)(?:-.*)?"
)
_LOOKED_AT = frozenset({b"origin", b"sec-fetch-site", b"content-type", b"content-length", b"accept-language"})
_NOT_ANSWERED = _HOP_BY_HOP | {b"server", b"date", b"set-cookie", b"x-trace-id"}

_NAMES_SEEN: dict[bytes, bool] = {}
_SEEN_AT_MOST = 1000


@dataclass(slots=True)
class Incoming:
    """A request's headers, read once: those to send on, and those that the gateway itself needs."""

    forwarded: list[tuple[str, str]] = field(default_factory=list)
    own: dict[bytes, str] = field(default_factory=dict)


def _is_claim_of_identity(name: bytes) -> bool:
    known = _NAMES_SEEN.get(name)
    if known is None:
        known = _IDENTITY.fullmatch(name) is not None
        if len(_NAMES_SEEN) < _SEEN_AT_MOST:
            _NAMES_SEEN[name] = known
    return known


def read_headers(headers: Headers) -> Incoming:
    """Sort a request's headers. 400 `header-not-utf-8` for bytes that no reader behind us would agree on."""
    incoming = Incoming()
    own, forwarded = incoming.own, incoming.forwarded
    named: frozenset[bytes] = frozenset()
    for name, value in headers:
        try:
            text = value.decode()
        except UnicodeDecodeError:
            raise BadRequest("A header is not UTF-8.", code="header-not-utf-8", field=name.decode("latin-1")) from None
        if name in _CONSUMED or name in _HOP_BY_HOP or _is_claim_of_identity(name):
            own[name] = f"{own[name]}; {text}" if name == b"cookie" and name in own else text
            if name == b"connection":
                named |= frozenset(part.strip().lower() for part in value.split(b","))
            continue
        if name in _LOOKED_AT:
            own[name] = text
        forwarded.append((name.decode("latin-1"), text))
    hidden = named - {b"close", b"keep-alive", b""}
    if hidden:
        incoming.forwarded = [pair for pair in forwarded if pair[0].encode("latin-1") not in hidden]
    return incoming


def answered_headers(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The headers of a service's answer that go on to the client, as they are."""
    kept = []
    named: frozenset[bytes] = frozenset()
    for raw_name, value in headers:
        name = raw_name.lower()
        if name not in _NOT_ANSWERED:
            kept.append((name, value))
        elif name == b"connection":
            named |= frozenset(part.strip().lower() for part in value.split(b","))
    hidden = named - {b"close", b"keep-alive", b""}
    return [pair for pair in kept if pair[0] not in hidden] if hidden else kept


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: the service's name and the path there, as it was sent."""

    service: str
    path: str


def target_of(raw_path: bytes) -> Target:
    """Read `/api/<service>/v1/…`. Only what services publish is reachable: not their feeds, metrics or health.

    404 `service-path-unknown`; 400 `path-invalid` for a path that steps upward.
    """
    text = raw_path.decode("ascii", "replace")
    _, _, service, *rest = text.split("/", 3)
    path = f"/{rest[0]}" if rest else "/"
    if not path.startswith("/v1/"):
        raise NotFound("Write /api/<service>/v1/…; /docs lists all that there is.", code="service-path-unknown")
    if "%" in path or "/." in path or "\\" in path or "�" in path:
        steps = unquote(path).replace("\\", "/").split("/")
        if ".." in steps or "." in steps or "�" in path or "\x00" in path:
            raise BadRequest("A path may not hold . or .. as a step.", code="path-invalid")
    return Target(service, path)


def cookies_of(header: str | None) -> dict[str, str]:
    """The cookies of a Cookie header; of two with one name the first."""
    found: dict[str, str] = {}
    for part in (header or "").split(";"):
        name, equals, value = part.strip().partition("=")
        if equals and name not in found:
            found[name] = value
    return found
