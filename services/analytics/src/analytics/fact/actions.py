"""Writing facts, so that events applied twice, in another order or from the beginning leave the same figures."""

import secrets
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.fact import rules
from analytics.fact.models import BuyerHashKey
from analytics.warehouse import Warehouse
from shared.events.institutions import OrderAccepted, OrderConfirmed
from shared.events.orders import OrderCancelled, OrderPaid, PiecesGivenUp, RefundGranted

_KEY_BYTES = 32
_COPIED = (
    "line_id, order_id, buyer_key, buyer_kind, organisation_id, mode, supplier_id, product_id, category, "
    "origin_county, origin_city, origin_province, designations, quantity, weight_g, sales_fen, paid_at"
)
_FIND_CANCELLED = "SELECT order_id FROM cancelled_orders WHERE order_id IN {order_ids:Array(UUID)}"
_CANCEL = f"""
    INSERT INTO sold_lines ({_COPIED}, refunded_fen, is_cancelled, version)
    SELECT {_COPIED}, refunded_fen, 1, bitOr(version, {rules.CANCELLED}) FROM sold_lines
    WHERE order_id IN {{order_ids:Array(UUID)}} AND is_cancelled = 0
"""  # noqa: S608 - made of our own column names
_REFUND = f"""
    INSERT INTO sold_lines ({_COPIED}, refunded_fen, is_cancelled, version)
    SELECT {_COPIED}, total.fen, is_cancelled, bitOr(total.latest, bitAnd(version, {rules.CANCELLED}))
    FROM (
        SELECT {_COPIED}, is_cancelled, version FROM sold_lines FINAL WHERE order_id IN {{order_ids:Array(UUID)}}
    ) AS sold
    INNER JOIN (
        SELECT line_id, sum(refunded_fen) AS fen, max(version) AS latest FROM refunded_lines FINAL
        WHERE line_id IN (SELECT line_id FROM sold_lines WHERE order_id IN {{order_ids:Array(UUID)}})
        GROUP BY line_id
    ) AS total USING (line_id)
"""  # noqa: S608 - as above
_FIND_REFUNDED = "SELECT DISTINCT order_id FROM refunded_lines WHERE order_id IN {order_ids:Array(UUID)}"


async def apply_orders(
    warehouse: Warehouse,
    *,
    sold: Sequence[tuple[OrderPaid | OrderConfirmed, int]],
    cancelled: Sequence[OrderCancelled],
    refunded: Sequence[tuple[RefundGranted | PiecesGivenUp | OrderAccepted, int]] = (),
    hash_key: bytes,
) -> None:
    """Store sales, cancellations and refunds (with their events' positions), whichever came first.

    Cancellations and refunds are written down before anything else: whoever stops in between finds them when the batch
    comes again.
    """
    void = {event.order_id for event in cancelled}
    await warehouse.insert("cancelled_orders", [{"order_id": str(order_id)} for order_id in sorted(void)])
    given_back = [row for event, position in refunded for row in rules.refund_rows(event, version=position)]
    await warehouse.insert("refunded_lines", given_back)
    if sold:
        order_ids = [str(event.order_id) for event, _ in sold]
        known = {UUID(row[0]) for row in await warehouse.read(_FIND_CANCELLED, {"order_ids": order_ids})}
        rows = [
            row
            for event, position in sold
            for row in rules.fact_rows(event, version=position, is_cancelled=event.order_id in known, hash_key=hash_key)
        ]
        await warehouse.insert("sold_lines", rows)
    earlier = void - {event.order_id for event, _ in sold}
    if earlier:
        await warehouse.execute(_CANCEL, {"order_ids": [str(order_id) for order_id in sorted(earlier)]})
    touched = {event.order_id for event, _ in refunded}
    if sold:
        touched |= {UUID(row[0]) for row in await warehouse.read(_FIND_REFUNDED, {"order_ids": order_ids})}
    if touched:
        await warehouse.execute(_REFUND, {"order_ids": [str(order_id) for order_id in sorted(touched)]})


async def ensure_hash_key(db: AsyncSession) -> bytes:
    """The key for hashing buyers, made on the first call."""
    await db.execute(
        insert(BuyerHashKey).values(number=1, key=secrets.token_bytes(_KEY_BYTES)).on_conflict_do_nothing()
    )
    return (await db.execute(select(BuyerHashKey.key))).scalar_one()
