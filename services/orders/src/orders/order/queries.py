"""Reads of orders. Who may see what is decided here; what a caller may not see does not exist for it (404)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import naming, rules
from shared.auth import Caller
from shared.direct import Direct, Statement
from shared.errors import Conflict, NotFound

_LINES = """
    SELECT json_agg(json_build_object(
        'line_id', line.line_id, 'sku_id', line.sku_id, 'product_id', line.product_id,
        'product_title', line.product_title, 'product_title_en', line.product_title_en,
        'specification', line.specification, 'specification_en', line.specification_en,
        'picture', line.picture, 'quantity', line.quantity, 'unit_price_fen', line.unit_price_fen,
        'amount_fen', line.amount_fen, 'discount_fen', line.discount_fen, 'points_fen', line.points_fen,
        'payable_fen', line.payable_fen,
        'is_gift', line.is_gift, 'trace', line.price_trace
    ) ORDER BY line.line_number)
    FROM order_lines AS line WHERE line.supplier_order_id = part.supplier_order_id
"""
_PARTS = f"""
    SELECT json_agg(json_build_object(
        'supplier_order_id', part.supplier_order_id, 'supplier_id', part.supplier_id,
        'supplier_name', part.supplier_name, 'ship_from_county_code', part.ship_from_county_code,
        'fulfilment', part.fulfilment, 'goods_fen', part.goods_fen, 'discount_fen', part.discount_fen,
        'points_fen', part.points_fen, 'delivery_fen', part.delivery_fen, 'payable_fen', part.payable_fen,
        'shipped_at', part.shipped_at, 'delivered_at', part.delivered_at, 'lines', ({_LINES})
    ) ORDER BY part.part_number)
    FROM supplier_orders AS part WHERE part.order_id = placed.order_id
"""  # noqa: S608 - only our own text
_SUMMARY = f"""
    'order_id', placed.order_id, 'order_number', placed.order_number, 'mode', placed.mode, 'status', placed.status,
    'goods_fen', placed.goods_fen, 'discount_fen', placed.discount_fen, 'points_fen', placed.points_fen,
    'delivery_fen', placed.delivery_fen,
    'payable_fen', placed.payable_fen, 'deposit_fen', placed.deposit_fen,
    'returns_deposit', placed.returns_deposit, 'placed_at', placed.placed_at, 'payment_due_at', placed.payment_due_at,
    'paid_at', placed.paid_at, 'completed_at', placed.completed_at, 'cancelled_at', placed.cancelled_at,
    'cancel_reason', placed.cancel_reason, 'parts', ({_PARTS})
"""
_ADDRESS = """
    json_build_object('recipient', placed.recipient, 'phone', placed.phone, 'county_code', placed.county_code,
                      'detail', placed.address_detail, 'pickup_point_id', placed.pickup_point_id,
                      'pickup_point_name', placed.pickup_point_name)
"""
# Where a donation goes is for those who send it: its buyer, and whoever else reads the page, learns the name only.
_SHOWN_ADDRESS = f"""
    CASE WHEN placed.mode <> 'DONATION' THEN {_ADDRESS} ELSE
    json_build_object('recipient', (SELECT recipient_name FROM donations WHERE order_id = placed.order_id), 'phone', '',
                      'county_code', placed.county_code, 'detail', '', 'pickup_point_id', NULL,
                      'pickup_point_name', '') END
"""  # noqa: S608 - only our own text
_DONATION = """
    SELECT json_build_object('recipient_id', gift.recipient_id, 'recipient_name', gift.recipient_name,
                             'message', gift.message, 'thanks', gift.thanks, 'thanked_at', gift.thanked_at)
    FROM donations AS gift WHERE gift.order_id = placed.order_id
"""
_INVOICE = """
    SELECT json_build_object('kind', title.kind, 'name', title.name, 'taxpayer_id', title.taxpayer_id,
                             'email', title.email, 'revision', title.revision)
    FROM order_invoice_titles AS title WHERE title.order_id = placed.order_id
"""

_PROMOTIONS = """
    SELECT coalesce(json_agg(json_build_object(
        'promotion_id', used.promotion_id, 'kind', used.kind, 'name', used.name, 'name_en', used.name_en,
        'coupon_id', used.coupon_id, 'discount_fen', used.discount_fen
    ) ORDER BY used.promotion_id), '[]')
    FROM promotion_uses AS used WHERE used.order_id = placed.order_id
"""

_PAGE = text(f"""
    SELECT json_build_object({_SUMMARY},
        'promotions', ({_PROMOTIONS}),
        'buyer_id', placed.buyer_id, 'note', placed.note, 'address', {_SHOWN_ADDRESS}, 'invoice', ({_INVOICE}),
        'donation', ({_DONATION}), 'history', (
        SELECT json_agg(json_build_object(
            'change', step.change, 'changed_at', step.changed_at, 'supplier_order_id', step.supplier_order_id,
            'reason', step.reason
        ) ORDER BY step.change_id)
        FROM order_changes AS step WHERE step.order_id = placed.order_id
    ))::text AS page
    FROM orders AS placed
    WHERE placed.order_id = :order_id AND (:sees_all OR placed.buyer_id = :person_id)
""")  # noqa: S608 - only our own text

_LIST = """
    SELECT json_build_object({summary})::text AS item, placed.placed_at, placed.order_id
    FROM orders AS placed
    WHERE {conditions}
    ORDER BY placed.placed_at DESC, placed.order_id DESC
    LIMIT :limit
"""

_LOCK = Statement("SELECT lock_order(:order_id)::text")

_PAYABLE = Statement("""
    SELECT placed.order_id, placed.order_number, placed.buyer_id, placed.payable_fen - placed.deposit_fen,
           placed.payment_due_at,
           placed.status,
           (SELECT array_agg(line.product_title ORDER BY part.part_number, line.line_number)
            FROM supplier_orders AS part JOIN order_lines AS line USING (supplier_order_id)
            WHERE part.order_id = placed.order_id) AS titles,
           (SELECT sum(line.quantity)
            FROM supplier_orders AS part JOIN order_lines AS line USING (supplier_order_id)
            WHERE part.order_id = placed.order_id) AS piece_count
    FROM orders AS placed
    WHERE placed.order_id = :order_id AND (:sees_all OR placed.buyer_id = :person_id)
""")

_OWN = text("SELECT 1 FROM orders WHERE order_id = :order_id AND (:sees_all OR buyer_id = :person_id)")

_SUPPLIER_LIST = """
    SELECT json_build_object(
        'supplier_order_id', part.supplier_order_id, 'order_id', part.order_id, 'order_number', placed.order_number,
        'supplier_id', part.supplier_id, 'supplier_name', part.supplier_name, 'fulfilment', part.fulfilment,
        'goods_fen', part.goods_fen,
        'discount_fen', part.discount_fen, 'points_fen', part.points_fen, 'delivery_fen', part.delivery_fen,
        'payable_fen', part.payable_fen,
        'placed_at', part.placed_at, 'paid_at', placed.paid_at, 'shipped_at', part.shipped_at,
        'delivered_at', part.delivered_at, 'note', placed.note,
        'address', CASE WHEN part.fulfilment IN ('PENDING_SHIPMENT', 'PARTLY_SHIPPED', 'SHIPPED', 'DELIVERED') THEN
        {address} END, 'invoice', CASE WHEN placed.paid_at IS NOT NULL THEN ({invoice}) END, 'lines', ({lines})
    )::text AS item, part.placed_at, part.supplier_order_id
    FROM supplier_orders AS part JOIN orders AS placed USING (order_id)
    WHERE {conditions}
    ORDER BY part.placed_at DESC, part.supplier_order_id DESC
    LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Slice:
    """A page of a list as JSON texts, with the sort key of its last row if there are more."""

    items: list[str]
    last_key: tuple[datetime, UUID] | None


async def lock_order(db: AsyncSession, order_id: UUID) -> dict[str, Any]:
    """The order as it is now, with parts and lines, locked until the transaction ends; NotFound if there is none."""
    [[found]] = await _LOCK.rows(db, {"order_id": order_id})
    if found is None:
        raise no_such_order()
    order: dict[str, Any] = orjson.loads(found)
    return order


async def lock_own_order(db: AsyncSession, order_id: UUID, caller: Caller) -> dict[str, Any]:
    """The same for a caller who wants to change it; NotFound unless it is its own or it is an operator."""
    order = await lock_order(db, order_id)
    if not caller.is_operator and order["buyer_id"] != str(caller.person_id):
        raise no_such_order()
    return order


async def get_page(db: AsyncSession, order_id: UUID, caller: Caller) -> bytes:
    """The whole order as JSON; NotFound unless the caller is its buyer or an operator."""
    page: str | None = await db.scalar(
        _PAGE, {"order_id": order_id, "person_id": caller.person_id, "sees_all": caller.is_operator}
    )
    if page is None:
        raise no_such_order()
    return page.encode()


async def list_orders(
    db: AsyncSession,
    caller: Caller,
    *,
    status: str | None,
    wanted: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Slice:
    """The caller's own orders (an operator's: all), latest first. `wanted` is part of a number or of a title."""
    conditions, values = ["true"], dict[str, Any]()
    if not caller.is_operator:
        conditions.append("placed.buyer_id = :person_id")
        values["person_id"] = caller.person_id
    if status is not None:
        conditions.append("placed.status = :status")
        values["status"] = status
    if wanted:
        conditions.append("""(placed.order_number ILIKE :pattern OR EXISTS (
            SELECT FROM supplier_orders AS part JOIN order_lines AS line USING (supplier_order_id)
            WHERE part.order_id = placed.order_id
              AND (line.product_title ILIKE :pattern OR line.product_title_en ILIKE :pattern)))""")
        values["pattern"] = f"%{_escaped(wanted)}%"
    if after is not None:
        conditions.append("(placed.placed_at, placed.order_id) < (:placed_at, :last_id)")
        values |= {"placed_at": after[0], "last_id": after[1]}
    statement = _LIST.format(summary=_SUMMARY, conditions=" AND ".join(conditions))
    return await _slice(db, statement, values, limit)


async def list_supplier_orders(
    db: AsyncSession,
    caller: Caller,
    *,
    fulfilment: str | None,
    supplier_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Slice:
    """A supplier's own parts, latest first, with the address once they are paid; an operator sees every supplier's."""
    conditions, values = ["true"], dict[str, Any]()
    if not caller.is_operator:
        conditions.append("part.supplier_id = :own_id")
        values["own_id"] = caller.organisation_id
    if supplier_id is not None:
        conditions.append("part.supplier_id = :supplier_id")
        values["supplier_id"] = supplier_id
    if fulfilment is not None:
        conditions.append("part.fulfilment = :fulfilment")
        values["fulfilment"] = fulfilment
    if after is not None:
        conditions.append("(part.placed_at, part.supplier_order_id) < (:placed_at, :last_id)")
        values |= {"placed_at": after[0], "last_id": after[1]}
    return await _slice(db, _supplier_list(conditions), values, limit)


async def get_supplier_order(db: AsyncSession, supplier_order_id: UUID, caller: Caller) -> str:
    """A supplier's part as JSON; NotFound `supplier-order-not-found` unless it is the caller's or it is an operator."""
    conditions = [
        "part.supplier_order_id = :supplier_order_id",
        "(:sees_all OR part.supplier_id = CAST(:own_id AS uuid))",
    ]
    values = {
        "supplier_order_id": supplier_order_id,
        "sees_all": caller.is_operator,
        "own_id": caller.organisation_id,
    }
    found = await _slice(db, _supplier_list(conditions), values, 1)
    if not found.items:
        raise NotFound("There is no such part of an order.", code="supplier-order-not-found")
    return found.items[0]


def _supplier_list(conditions: list[str]) -> str:
    return _SUPPLIER_LIST.format(address=_ADDRESS, invoice=_INVOICE, lines=_LINES, conditions=" AND ".join(conditions))


async def _slice(db: AsyncSession, statement: str, values: dict[str, Any], limit: int) -> Slice:
    rows = (await db.execute(text(statement), values | {"limit": limit + 1})).all()
    items = [row[0] for row in rows[:limit]]
    return Slice(items, (rows[limit - 1][1], rows[limit - 1][2]) if len(rows) > limit else None)


async def get_payable(db: AsyncSession | Direct, order_id: UUID, caller: Caller, now: datetime) -> rules.PayableOrder:
    """What the payer of an unpaid order must know; NotFound for anyone but its buyer and operators.

    Conflict `order-not-payable` once it is paid, cancelled or past its time. Nothing is locked: settling decides.
    """
    values = {"order_id": order_id, "person_id": caller.person_id, "sees_all": caller.is_operator}
    rows = await _PAYABLE.rows(db, values)
    if not rows:
        raise no_such_order()
    found_id, order_number, buyer_id, payable_fen, payment_due_at, status, titles, piece_count = rows[0]
    if status != "PENDING_PAYMENT" or payment_due_at <= now:
        raise Conflict("The order does not wait for a payment.", code="order-not-payable", order_status=status)
    description = naming.describe(titles, piece_count)
    return rules.PayableOrder(found_id, order_number, buyer_id, payable_fen, payment_due_at, description)


async def ensure_own_order(db: AsyncSession, order_id: UUID, caller: Caller) -> None:
    """NotFound `order-not-found` unless the caller is the order's buyer or an operator."""
    values = {"order_id": order_id, "person_id": caller.person_id, "sees_all": caller.is_operator}
    if await db.scalar(_OWN, values) is None:
        raise no_such_order()


def no_such_order() -> NotFound:
    """The refusal of an order that does not exist, or not for this caller."""
    return NotFound("There is no such order.", code="order-not-found", field="order_id")


def _escaped(wanted: str) -> str:
    return wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
