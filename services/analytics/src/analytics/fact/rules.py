"""A sold order as rows of figures. Nothing personal passes: no name, no address, no id of the buyer."""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from analytics.regions import origin_of
from shared.events.institutions import AcceptedLine, OrderAccepted, OrderConfirmed
from shared.events.orders import OrderPaid, PiecesGivenUp, RefundGranted

NOBODY = UUID(int=0)
"""Stands where no organisation bought; no organisation has this id."""

CANCELLED = 1 << 63
"""The bit of a version that says cancelled: such a row outlives every replay of its payment."""


def buyer_key(buyer_id: UUID, hash_key: bytes) -> int:
    """64 bits of a keyed hash: the same buyer has the same, and without the key nobody is found by it."""
    return int.from_bytes(blake2b(buyer_id.bytes, digest_size=8, key=hash_key).digest())


def version_of(cursor: str) -> int:
    """The event's position in its outbox, from a feed cursor `txid-position`."""
    return int(cursor.rpartition("-")[2])


def instant_text(instant: datetime) -> str:
    """The instant in UTC as ClickHouse reads it, cut (never rounded into the next day) to the millisecond."""
    utc = instant.astimezone(UTC)
    return f"{utc:%Y-%m-%d %H:%M:%S}.{utc.microsecond // 1000:03d}"


def fact_rows(
    event: OrderPaid | OrderConfirmed, *, version: int, is_cancelled: bool, hash_key: bytes
) -> Iterable[dict[str, Any]]:
    """One row a line; a unit's order counts from its supplier's word. `version` is the event's position."""
    whole_order = {
        "order_id": str(event.order_id),
        "buyer_key": buyer_key(event.buyer_id, hash_key),
        "buyer_kind": event.buyer_kind,
        "organisation_id": str(event.organisation_id or NOBODY),
        "mode": event.mode,
        "paid_at": instant_text(event.sold_at),
        "is_cancelled": int(is_cancelled),
        "version": version | (CANCELLED if is_cancelled else 0),
    }
    for part in event.parts:
        for line in part.lines:
            origin = origin_of(line.origin_county_code)
            yield {
                "line_id": str(line.line_id),
                "supplier_id": str(part.supplier_id),
                "product_id": str(line.product_id),
                "category": line.category,
                "origin_county": origin.county,
                "origin_city": origin.city,
                "origin_province": origin.province,
                "designations": sorted(set(line.designations)),
                "quantity": line.quantity,
                "weight_g": line.net_weight_g * line.quantity,
                "sales_fen": line.payable_fen,
                **whole_order,
            }


def refund_rows(event: RefundGranted | PiecesGivenUp | OrderAccepted, *, version: int) -> Iterable[dict[str, Any]]:
    """One row a line of which money was given back after its delivery or because some of it was never sent, or of which
    a unit refused some. `version` is the event's position."""
    for line in event.lines:
        refused_fen = line.refused_fen if isinstance(line, AcceptedLine) else line.goods_fen
        if refused_fen or not isinstance(line, AcceptedLine):
            yield {
                "line_id": str(line.line_id),
                "refund_id": str(_cause_of(event)),
                "order_id": str(event.order_id),
                "refunded_fen": refused_fen,
                "version": version,
            }


def _cause_of(event: RefundGranted | PiecesGivenUp | OrderAccepted) -> UUID:
    if isinstance(event, OrderAccepted):
        return event.order_id
    return event.refund_id if isinstance(event, RefundGranted) else event.shortfall_id
