"""Finding an order by what a caller knows, and all that happened to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import queries as order_queries
from orders.service_desk import rules

_SEARCH = """
    SELECT placed.order_id, placed.order_number, placed.status, placed.buyer_id, placed.recipient, placed.phone,
           placed.payable_fen, placed.placed_at
    FROM orders AS placed WHERE {conditions}
    ORDER BY placed.placed_at DESC, placed.order_id DESC LIMIT :limit
"""
_CONTACT = text("SELECT recipient, phone, county_code, address_detail AS detail FROM orders WHERE order_id = :order_id")
_HEAD = text("""
    SELECT placed.order_id, placed.order_number, placed.status, placed.buyer_id, placed.buyer_kind, placed.recipient,
           placed.phone, placed.county_code, placed.goods_fen, placed.discount_fen, placed.delivery_fen,
           placed.payable_fen, placed.note, placed.placed_at, placed.paid_at,
           money.captured_fen, money.refunded_fen
    FROM orders AS placed CROSS JOIN LATERAL (
        SELECT coalesce(sum(captured_fen), 0)::bigint AS captured_fen,
               coalesce(sum(refunded_fen), 0)::bigint AS refunded_fen
        FROM payments WHERE payments.order_id = placed.order_id
    ) AS money
    WHERE placed.order_id = :order_id
""")
_LINES = text("""
    SELECT line.line_id, line.product_title, line.product_title_en, line.specification, line.quantity,
           line.payable_fen, part.supplier_order_id, part.supplier_name, part.fulfilment,
           line.quantity - coalesce(balance.claimed_count, 0) AS left_count,
           coalesce(balance.refunded_fen, 0) + coalesce(balance.refunded_delivery_fen, 0) AS refunded_fen
    FROM supplier_orders AS part JOIN order_lines AS line USING (supplier_order_id)
    LEFT JOIN line_balances AS balance USING (line_id)
    WHERE part.order_id = :order_id ORDER BY part.part_number, line.line_number
""")
# Each row: when, which kind of thing, what happened, who (side, person), why, of which thing, how much, which goods.
_TIMELINE = text("""
    SELECT changed_at AS at, 'order' AS kind, change AS what, '' AS actor, changed_by AS person_id, reason,
           supplier_order_id AS subject_id, NULL::bigint AS amount_fen, '' AS title
    FROM order_changes WHERE order_id = :order_id
    UNION ALL
    SELECT created_at, 'payment', 'OPENED', '', NULL, provider, payment_id, amount_fen, ''
    FROM payments WHERE order_id = :order_id
    UNION ALL
    SELECT paid_at, 'payment', 'PAID', '', NULL, provider, payment_id, captured_fen, ''
    FROM payments WHERE order_id = :order_id AND paid_at IS NOT NULL
    UNION ALL
    SELECT closed_at, 'payment', 'CLOSED', '', NULL, provider, payment_id, NULL, ''
    FROM payments WHERE order_id = :order_id AND closed_at IS NOT NULL
    UNION ALL
    SELECT told.received_at, 'payment', 'NOTICE', '', NULL, told.outcome, told.subject_id, NULL, ''
    FROM payment_notices AS told WHERE told.subject_id IN (
        SELECT payment_id FROM payments WHERE order_id = :order_id
        UNION ALL SELECT refund_id FROM refunds JOIN payments USING (payment_id) WHERE order_id = :order_id)
    UNION ALL
    SELECT refund.requested_at, 'refund', 'REQUESTED', '', NULL, refund.reason, refund.refund_id, refund.amount_fen, ''
    FROM refunds AS refund JOIN payments USING (payment_id) WHERE order_id = :order_id
    UNION ALL
    SELECT refund.succeeded_at, 'refund', 'SUCCEEDED', '', NULL, '', refund.refund_id, refund.amount_fen, ''
    FROM refunds AS refund JOIN payments USING (payment_id)
    WHERE order_id = :order_id AND refund.succeeded_at IS NOT NULL
    UNION ALL
    SELECT entry.done_at, entry.subject_kind, entry.verb, entry.actor, entry.person_id, entry.reason,
           entry.subject_id, NULL, subject.product_title
    FROM trail_entries AS entry JOIN (
        SELECT claim_id AS subject_id, product_title FROM claims WHERE order_id = :order_id
        UNION ALL SELECT return_id, product_title FROM product_returns WHERE order_id = :order_id
        UNION ALL SELECT exchange_id, product_title FROM exchanges WHERE order_id = :order_id
        UNION ALL SELECT review_id, product_title FROM reviews WHERE order_id = :order_id
    ) AS subject USING (subject_id)
    UNION ALL
    SELECT reviewed_at, 'review', 'WRITTEN', 'buyer', buyer_id, rating::text, review_id, NULL, product_title
    FROM reviews WHERE order_id = :order_id
    UNION ALL
    SELECT reported_at, 'order', 'NOT_ARRIVED', 'buyer', reported_by, note, supplier_order_id, NULL, ''
    FROM missing_reports WHERE order_id = :order_id
    UNION ALL
    SELECT written_at, 'note', 'WRITTEN', 'operator', written_by, body, note_id, NULL, ''
    FROM order_notes WHERE order_id = :order_id
    UNION ALL
    SELECT opened_at, 'contact', 'OPENED', 'operator', opened_by, reason, opening_id, NULL, ''
    FROM contact_openings WHERE order_id = :order_id
    UNION ALL
    SELECT asked_at, 'goodwill', 'ASKED', 'operator', asked_by, reason, goodwill_id, wanted_fen, product_title
    FROM goodwills WHERE order_id = :order_id
    UNION ALL
    SELECT decided_at, 'goodwill', status, 'operator', decided_by, decision_reason, goodwill_id, wanted_fen,
           product_title
    FROM goodwills WHERE order_id = :order_id AND decided_at IS NOT NULL
    ORDER BY 1, 2, 3
""")


async def search_orders(
    db: AsyncSession,
    *,
    wanted: str,
    buyer_id: UUID | None,
    order_ids: Sequence[UUID],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Orders by number, recipient, the end of the phone, buyer, or among these ids (found by waybill), latest first."""
    ways: list[str] = []
    values: dict[str, Any] = {"limit": limit}
    if wanted:
        ways += ["placed.order_number = upper(:wanted)", "placed.recipient = :wanted"]
        values["wanted"] = wanted
        digits = rules.last_digits(wanted)
        if digits is not None:
            ways.append("right(placed.phone, 4) = :digits")
            values["digits"] = digits
    if buyer_id is not None:
        ways.append("placed.buyer_id = :buyer_id")
        values["buyer_id"] = buyer_id
    if order_ids:
        ways.append("placed.order_id = ANY(:order_ids)")
        values["order_ids"] = list(order_ids)
    conditions = [f"({' OR '.join(ways)})" if ways else "true"]
    if after is not None:
        conditions.append("(placed.placed_at, placed.order_id) < (:placed_at, :last_id)")
        values |= {"placed_at": after[0], "last_id": after[1]}
    rows = await db.execute(text(_SEARCH.format(conditions=" AND ".join(conditions))), values)
    return [dict(row) for row in rows.mappings()]


async def get_head(db: AsyncSession, order_id: UUID) -> dict[str, Any]:
    """The order's figures; 404 `order-not-found`."""
    found = (await db.execute(_HEAD, {"order_id": order_id})).mappings().first()
    if found is None:
        raise order_queries.no_such_order()
    return dict(found)


async def list_lines(db: AsyncSession, order_id: UUID) -> list[dict[str, Any]]:
    """What was sold, with how many pieces nobody spoke for yet."""
    return [dict(row) for row in (await db.execute(_LINES, {"order_id": order_id})).mappings()]


async def list_timeline(db: AsyncSession, order_id: UUID) -> list[dict[str, Any]]:
    """All that orders knows of what happened to the order, oldest first."""
    return [dict(row) for row in (await db.execute(_TIMELINE, {"order_id": order_id})).mappings()]


async def get_contact(db: AsyncSession, order_id: UUID) -> dict[str, Any]:
    """The recipient; 404 `order-not-found`. Whoever reads it writes down why."""
    found = (await db.execute(_CONTACT, {"order_id": order_id})).mappings().first()
    if found is None:
        raise order_queries.no_such_order()
    return dict(found)
