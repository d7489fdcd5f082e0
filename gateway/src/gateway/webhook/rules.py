"""Deliveries to webhooks: their states, when they are tried again, what of an event an organisation may see, and which
addresses may be called at all."""

import ipaddress
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from gateway.known.rules import Heard
from shared.errors import Conflict, Invalid
from shared.moves import Moves

_POLICY: Final[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("told.toml").read_text("utf-8"))

SCHEDULE: Final = tuple(timedelta(seconds=each) for each in _POLICY["schedule_seconds"])
TIMEOUT_SECONDS: Final[float] = _POLICY["timeout_seconds"]
CLAIM: Final = timedelta(seconds=_POLICY["claim_seconds"])
DISABLED_AFTER: Final = timedelta(hours=_POLICY["disabled_after_hours"])
OVERLAP: Final = timedelta(hours=_POLICY["overlap_hours"])
KEPT: Final = timedelta(days=_POLICY["kept_days"])
MOST_ENDPOINTS: Final[int] = _POLICY["most_endpoints"]
EXCERPT_BYTES: Final[int] = _POLICY["excerpt_bytes"]
AT_ONCE: Final[int] = _POLICY["at_once"]
AT_ONCE_EACH: Final[int] = _POLICY["at_once_each"]
AT_ONCE_FAILING: Final[int] = _POLICY["at_once_failing"]
TEST_EVENT: Final = "gateway.webhook-test.v1"

_JITTER: Final[float] = _POLICY["jitter_percent"] / 100
_SEEN: Final[dict[str, dict[str, list[str]]]] = {
    row["type"]: {who: fields for who, fields in row.items() if who != "type"} for row in _POLICY["event"]
}
EVENT_TYPES: Final = tuple(_SEEN)
_GONE: Final = 410
_LONGEST_WAIT: Final = timedelta(hours=24)
_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_INSIDE_OUT: Final = tuple(ipaddress.ip_network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"))
"""Addresses that look public and may be carried to any inner one: NAT64 and 6to4."""

MOVES: Final[Moves] = {
    "claim": (frozenset({"WAITING"}), "SENDING"),
    "take over": (frozenset({"SENDING"}), "SENDING"),
    "succeed": (frozenset({"SENDING"}), "DELIVERED"),
    "retry": (frozenset({"SENDING"}), "WAITING"),
    "give up": (frozenset({"SENDING"}), "FAILED"),
    "call off": (frozenset({"WAITING"}), "FAILED"),
    "replay": (frozenset({"DELIVERED", "FAILED"}), "WAITING"),
}
"""A delivery's states. `take over`: its worker died before it noted the end; `call off`: its endpoint was disabled."""
ENDPOINT_MOVES: Final[Moves] = {
    "disable": (frozenset({"ACTIVE"}), "DISABLED"),
    "enable": (frozenset({"DISABLED"}), "ACTIVE"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try went: the answer's status and beginning, or why there was none."""

    status: int | None
    excerpt: str = ""
    error: str = ""
    retry_after: timedelta | None = None

    @property
    def is_success(self) -> bool:
        """Any 2xx; a redirect is none."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004

    @property
    def is_gone(self) -> bool:
        """The other side wants no more of it (410)."""
        return self.status == _GONE


def verb_after(outcome: Outcome, *, step: int) -> str:
    """What becomes of a delivery after its try number `step`."""
    if outcome.is_success:
        return "succeed"
    return "retry" if step < len(SCHEDULE) and not outcome.is_gone else "give up"


def next_try(outcome: Outcome, *, step: int, now: datetime, chance: float) -> datetime:
    """When the try after number `step` is due; `chance` from 0 to 1 spreads those that failed together. A Retry-After
    may lengthen it, up to a day."""
    wait = SCHEDULE[step] * (1 + _JITTER * chance)
    return now + max(wait, min(outcome.retry_after or timedelta(), _LONGEST_WAIT))


def is_hopeless(failing_since: datetime, *, now: datetime) -> bool:
    """Whether an endpoint failed so long that it is switched off."""
    return now - failing_since >= DISABLED_AFTER


def audience_of(heard: Heard) -> Iterator[tuple[UUID, dict[str, Any]]]:
    """Each organisation that may be told of the event, with what it may see of it."""
    seen = _SEEN.get(heard.type, {})
    if "supplier" in seen:
        for supplier_id in heard.supplier_ids:
            yield supplier_id, seen_part(heard.data, seen["supplier"], supplier_id=supplier_id)
    if "buyer" in seen and heard.order is not None and heard.order.organisation_id is not None:
        yield heard.order.organisation_id, seen_part(heard.data, seen["buyer"])
    if "organisation" in seen:
        yield UUID(heard.data["organisation_id"]), seen_part(heard.data, seen["organisation"])


def seen_part(data: Mapping[str, Any], fields: Collection[str], *, supplier_id: UUID | None = None) -> dict[str, Any]:
    """The allowed fields; of an order's parts a supplier's own only."""
    seen = {name: data[name] for name in fields if name in data}
    if supplier_id is not None and "parts" in seen:
        seen["parts"] = [part for part in seen["parts"] if part["supplier_id"] == str(supplier_id)]
    return seen


def ensure_event_types(event_types: Collection[str]) -> list[str]:
    """At least one, all known. Refuses 422 `webhook-event-unknown`."""
    if not event_types or not set(event_types) <= set(EVENT_TYPES):
        raise Invalid(
            "Choose at least one of the events that can be sent.",
            code="webhook-event-unknown",
            field="event_types",
            known=list(EVENT_TYPES),
        )
    return sorted(set(event_types))


def ensure_url(url: str, *, allows_local: bool) -> str:
    """An address that may be called. Refuses 422 `webhook-url-invalid`.

    https and a public host; in development also this machine by http. Names are looked at again when they are called.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    is_local = allows_local and host in _LOCAL_NAMES
    is_plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if (
        not is_plain
        or not host
        or port == 0
        or parts.username is not None
        or parts.fragment
        or (parts.scheme != "https" and not (is_local and parts.scheme == "http"))
        or not (is_local or _may_be_public(host))
    ):
        raise Invalid(
            "Give an https address of a host that can be reached from the internet, without a password in it.",
            code="webhook-url-invalid",
            field="url",
        )
    return url


def _may_be_public(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        return "." in host.rstrip(".") and last not in {"local", "localhost", "internal"} and not last.isdigit()
    return is_public(address)


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether it is an address of the internet: not of this machine, not inside, no way in by translation."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _INSIDE_OUT):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_callable(host: str, address: str, *, allows_local: bool) -> bool:
    """Whether this address, to which the host's name leads now, may be called."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return is_public(found) or (allows_local and host in _LOCAL_NAMES and found.is_loopback)


def ensure_room(count: int) -> None:
    """An organisation has few endpoints. Refuses 409 `webhook-endpoints-full`."""
    if count >= MOST_ENDPOINTS:
        raise Conflict(
            f"An organisation may have {MOST_ENDPOINTS} endpoints. Remove one that is not used.",
            code="webhook-endpoints-full",
        )


def webhook_id(delivery_id: UUID) -> str:
    """The id under which a delivery is sent, the same at each try and replay: by it the other side knows it again."""
    return f"msg_{delivery_id.hex}"
