"""Reading sold lines for those who claim, and where the money is."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.line_refund import rules
from shared.auth import Caller
from shared.errors import Conflict, NotFound

_LINE = text("""
    SELECT line.line_id, placed.order_id, placed.order_number, placed.status AS order_status, part.supplier_order_id,
           part.supplier_id, part.supplier_name, part.fulfilment, part.delivered_at, placed.buyer_id,
           placed.buyer_kind, placed.organisation_id, placed.is_on_account,
           CASE WHEN placed.mode <> 'DONATION' THEN placed.recipient ELSE '' END AS recipient,
           line.sku_id, line.product_id,
           line.product_title, line.product_title_en, line.specification, line.specification_en, line.picture,
           line.category, line.temperature_class, line.net_weight_g, line.quantity, line.payable_fen,
           part.delivery_fen AS part_delivery_fen, siblings.payables_fen, siblings.line_ids
    FROM order_lines AS line JOIN supplier_orders AS part USING (supplier_order_id)
    JOIN orders AS placed USING (order_id)
    CROSS JOIN LATERAL (
        SELECT array_agg(payable_fen ORDER BY line_number) AS payables_fen,
               array_agg(line_id ORDER BY line_number) AS line_ids
        FROM order_lines AS sibling WHERE sibling.supplier_order_id = part.supplier_order_id
    ) AS siblings
    WHERE line.line_id = :line_id AND (CAST(:buyer_id AS uuid) IS NULL OR placed.buyer_id = :buyer_id)
""")

# The row is made by whoever comes first; a twin waits for it and finds it.
_MAKE_BALANCE = text("""
    INSERT INTO line_balances (line_id, quantity, payable_fen, delivery_fen)
    VALUES (:line_id, :quantity, :payable_fen, :delivery_fen) ON CONFLICT DO NOTHING
""")
_LOCK_BALANCE = text("""
    SELECT line_id, quantity, payable_fen, delivery_fen, claimed_count, refunded_count, refunded_delivery_fen
    FROM line_balances WHERE line_id = :line_id FOR NO KEY UPDATE
""")
_FIND_BALANCE = text("""
    SELECT line_id, quantity, payable_fen, delivery_fen, claimed_count, refunded_count, refunded_delivery_fen
    FROM line_balances WHERE line_id = :line_id
""")
_MONEY = text("""
    SELECT refund.refund_id, refund.status, refund.requested_at, refund.succeeded_at, payment.provider,
           granted.supplier_fen, granted.carrier_fen
    FROM line_refunds AS granted JOIN refunds AS refund USING (refund_id) JOIN payments AS payment USING (payment_id)
    WHERE granted.cause_id = :cause_id
""")
_IS_GRANTED = text("SELECT EXISTS (SELECT FROM line_refunds WHERE cause_id = :cause_id)")
_OF_ORDER = text("""
    SELECT payment.payment_id, payment.provider, refund.refund_id, refund.amount_fen, refund.reason, refund.status,
           refund.requested_at, refund.succeeded_at, line.line_id, granted.cause, granted.cause_id,
           granted.piece_count, line.product_title, line.product_title_en
    FROM payments AS payment JOIN refunds AS refund USING (payment_id)
    LEFT JOIN line_refunds AS granted ON granted.refund_id = coalesce(refund.main_refund_id, refund.refund_id)
    LEFT JOIN order_lines AS line ON line.line_id = granted.line_id
    WHERE payment.order_id = :order_id
    ORDER BY refund.requested_at, refund.refund_id
""")


async def get_sold_line(
    db: AsyncSession, line_id: UUID, *, buyer_id: UUID | None = None, order_id: UUID | None = None
) -> rules.SoldLine:
    """The line, for its buyer where one is named; 404 `line-not-found` for anybody else's or another order's. 409
    `order-on-account` for a buyer's wish about a unit's order: its goods check and its disputes say what is owed."""
    found = (await db.execute(_LINE, {"line_id": line_id, "buyer_id": buyer_id})).mappings().first()
    if found is None or (order_id is not None and found["order_id"] != order_id):
        raise NotFound("There is no such line in this order.", code="line-not-found", field="line_id")
    facts = dict(found)
    if facts.pop("is_on_account") and buyer_id is not None:
        raise Conflict("This is a unit's order on account: see its own page.", code="order-on-account")
    index = facts.pop("line_ids").index(line_id)
    share = rules.delivery_share_fen(facts.pop("part_delivery_fen"), facts.pop("payables_fen"), index)
    return rules.SoldLine(**facts, delivery_fen=share)


async def lock_balance(db: AsyncSession, line: rules.SoldLine) -> rules.LineBalance:
    """What is claimed of the line, held until the transaction ends."""
    facts = {
        "line_id": line.line_id,
        "quantity": line.quantity,
        "payable_fen": line.payable_fen,
        "delivery_fen": line.delivery_fen,
    }
    await db.execute(_MAKE_BALANCE, facts)
    return rules.LineBalance(*(await db.execute(_LOCK_BALANCE, {"line_id": line.line_id})).one())


async def find_balance(db: AsyncSession, line: rules.SoldLine) -> rules.LineBalance:
    """The same as it is at this moment; nothing claimed where nobody asked yet."""
    found = (await db.execute(_FIND_BALANCE, {"line_id": line.line_id})).first()
    if found is None:
        return rules.LineBalance(line.line_id, line.quantity, line.payable_fen, line.delivery_fen, 0, 0)
    return rules.LineBalance(*found)


async def find_money(db: AsyncSession, cause_id: UUID) -> Row[Any] | None:
    """Where the money of what was granted is, and who bears it."""
    return (await db.execute(_MONEY, {"cause_id": cause_id})).first()


async def is_granted(db: AsyncSession, cause_id: UUID) -> bool:
    """Whether money was granted for this cause already."""
    return bool(await db.scalar(_IS_GRANTED, {"cause_id": cause_id}))


async def list_refunds_of_order(db: AsyncSession, order_id: UUID) -> list[Row[Any]]:
    """Every refund of an order's payments, with the line and the claim, return or exchange that it is for."""
    return list(await db.execute(_OF_ORDER, {"order_id": order_id}))


def is_party(line: rules.SoldLine, caller: Caller) -> bool:
    """Whether the caller bought or sold the line, or runs the marketplace."""
    return (
        caller.is_operator
        or line.buyer_id == caller.person_id
        or (caller.kind == "supplier" and line.supplier_id == caller.organisation_id)
    )
