"""Reads of what units owe. Who sees an order sees what is owed for it; whose money it is changes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.settlement.models import SettlementMatch, UnitPayment
from orders.settlement.rules import OpenOrder
from orders.unit_order import queries as unit_order_queries
from shared.auth import Caller
from shared.errors import NotFound

_LOCK_ORDERS = text("SELECT 1 FROM orders WHERE order_id = ANY(:order_ids) ORDER BY order_id FOR NO KEY UPDATE")
_LOCK_UNIT_ORDERS = text("""
    SELECT 1 FROM unit_orders WHERE order_id = ANY(:order_ids) ORDER BY order_id FOR NO KEY UPDATE
""")
# What is owed follows what was accepted, which a dispute may change, but never below what is paid.
_OPEN = text("""
    INSERT INTO settlements AS known (order_id, unit_id, supplier_id, payable_fen, opened_at)
    SELECT own.order_id, own.unit_id, part.supplier_id, own.accepted_fen, :now
    FROM unit_orders AS own JOIN supplier_orders AS part USING (order_id)
    WHERE own.order_id = ANY(:order_ids) AND own.stage IN ('ACCEPTED', 'INVOICE_CHECKED') AND own.accepted_fen > 0
    ORDER BY own.order_id
    ON CONFLICT (order_id) DO UPDATE SET payable_fen = excluded.payable_fen, revision = known.revision + 1
    WHERE known.payable_fen <> excluded.payable_fen AND known.matched_fen <= excluded.payable_fen
""")
_LOCK = text("""
    SELECT owed.order_id, owed.revision, owed.unit_id, owed.supplier_id, owed.payable_fen, owed.matched_fen,
           owed.settled_at, own.stage, own.is_disputed, own.payment_code, own.fund, part.supplier_order_id,
           unit.name AS unit_name, unit.union_name, unit.uscc, unit.union_uscc
    FROM settlements AS owed JOIN unit_orders AS own USING (order_id) JOIN supplier_orders AS part USING (order_id)
    JOIN budget_units AS unit ON unit.unit_id = owed.unit_id
    WHERE owed.order_id = ANY(:order_ids)
    ORDER BY owed.order_id
    FOR NO KEY UPDATE OF owed
""")
_OPEN_BY_CODE = text("""
    SELECT own.order_id, own.payment_code
    FROM unit_orders AS own JOIN supplier_orders AS part USING (order_id)
    WHERE own.payment_code = ANY(:codes) AND own.stage IN ('ACCEPTED', 'INVOICE_CHECKED') AND NOT own.is_disputed
      AND (CAST(:supplier_id AS uuid) IS NULL OR part.supplier_id = :supplier_id)
""")
_OPEN_ORDERS = text("""
    SELECT own.order_id, own.payment_code, own.accepted_fen - coalesce(owed.matched_fen, 0) AS open_fen,
           unit.name, unit.union_name, placed.order_number
    FROM unit_orders AS own JOIN orders AS placed USING (order_id) JOIN supplier_orders AS part USING (order_id)
    JOIN budget_units AS unit ON unit.unit_id = own.unit_id LEFT JOIN settlements AS owed USING (order_id)
    WHERE own.stage IN ('ACCEPTED', 'INVOICE_CHECKED') AND NOT own.is_disputed
      AND own.accepted_fen > coalesce(owed.matched_fen, 0)
      AND (CAST(:supplier_id AS uuid) IS NULL OR part.supplier_id = :supplier_id)
    ORDER BY own.due_on, own.order_id
""")
_PAID = text("""
    SELECT owed.order_id FROM settlements AS owed JOIN unit_orders AS own USING (order_id)
    WHERE owed.settled_at IS NULL AND owed.matched_fen = owed.payable_fen AND own.stage = 'INVOICE_CHECKED'
      AND NOT own.is_disputed
    ORDER BY owed.order_id LIMIT :limit
""")
_LINES = text("""
    SELECT line.line_id, line.line_number, line.sku_id, line.product_id, line.product_title, line.specification,
           coalesce(checked.accepted_count, line.quantity) AS quantity,
           coalesce(checked.payable_fen - checked.reduced_fen, line.payable_fen) AS payable_fen,
           coalesce(checked.delivery_fen, 0) AS delivery_fen, coalesce(sku.invoice_name, '') AS invoice_name, sku.tax
    FROM order_lines AS line JOIN supplier_orders AS part USING (supplier_order_id)
    LEFT JOIN acceptance_lines AS checked USING (line_id) LEFT JOIN sellable_skus AS sku USING (sku_id)
    WHERE part.order_id = :order_id
    ORDER BY line.line_number
""")
_MATCHES = text("""
    SELECT matched.match_id, matched.amount_fen, matched.is_manual, matched.matched_at, matched.undone_at,
           matched.undo_reason, matched.line_id, matched.payment_id, matched.crop_order_id,
           line.bank_number, line.received_on, line.payer, line.remark, paid.way, paid.paid_on, paid.voucher
    FROM settlement_matches AS matched LEFT JOIN bank_lines AS line USING (line_id)
    LEFT JOIN unit_payments AS paid USING (payment_id)
    WHERE matched.order_id = :order_id
    ORDER BY matched.matched_at, matched.match_id
""")
_MATCHES_OF_LINE = text("""
    SELECT matched.match_id, matched.order_id, placed.order_number, matched.amount_fen, matched.is_manual,
           matched.matched_at, matched.undone_at, matched.undo_reason
    FROM settlement_matches AS matched JOIN orders AS placed USING (order_id)
    WHERE matched.line_id = :line_id
    ORDER BY matched.matched_at, matched.match_id
""")
_SEEN = """
    SELECT own.order_id, placed.order_number, own.stage, own.is_disputed, own.fund, own.budget_year, own.payment_code,
           own.unit_id, unit.name AS unit_name, part.supplier_id, part.supplier_name, own.accepted_fen AS payable_fen,
           coalesce(owed.matched_fen, 0) AS matched_fen, coalesce(owed.revision, 0) AS revision, own.due_on,
           own.delivered_at, own.accepted_at, own.invoice_checked_at, own.settled_at, own.completed_at,
           unit.union_name, unit.uscc, unit.union_uscc
    FROM unit_orders AS own JOIN orders AS placed USING (order_id) JOIN supplier_orders AS part USING (order_id)
    JOIN budget_units AS unit ON unit.unit_id = own.unit_id LEFT JOIN settlements AS owed USING (order_id)
    WHERE own.stage IN ('ACCEPTED', 'INVOICE_CHECKED', 'SETTLED', 'COMPLETED')
"""


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the list is wanted. `wanted` is part of a number, a code or the other side's name."""

    stage: str | None = None
    is_late: bool = False
    wanted: str = ""
    today: date | None = None


def no_such_settlement() -> NotFound:
    """The refusal of what is not owed, or not the caller's to see."""
    return NotFound("There is nothing to settle under this order, or it is not yours.", code="settlement-not-found")


async def lock_owed(db: AsyncSession, order_ids: Sequence[UUID], *, now: datetime) -> dict[UUID, Row[Any]]:
    """What is owed for these orders, each with its order locked until the transaction ends; those of which nothing was
    accepted yet are left out."""
    values = {"order_ids": sorted(order_ids)}
    await db.execute(_LOCK_ORDERS, values)
    await db.execute(_LOCK_UNIT_ORDERS, values)
    await db.execute(_OPEN, values | {"now": now})
    return {row.order_id: row for row in await db.execute(_LOCK, values)}


async def lock_one(
    db: AsyncSession, order_id: UUID, *, supplier_id: UUID | None = None, unit_id: UUID | None = None, now: datetime
) -> Row[Any]:
    """The same for one, of this supplier or unit where one is named. 404 `settlement-not-found`."""
    found = (await lock_owed(db, [order_id], now=now)).get(order_id)
    if found is None or supplier_id not in (None, found.supplier_id) or unit_id not in (None, found.unit_id):
        raise no_such_settlement()
    return found


async def find_payable_by_code(
    db: AsyncSession, codes: Sequence[str], *, supplier_id: UUID | None
) -> Mapping[str, UUID]:
    """Orders by the codes that stand in remarks, where money may be booked now."""
    rows = await db.execute(_OPEN_BY_CODE, {"codes": list(codes), "supplier_id": supplier_id})
    return {row.payment_code: row.order_id for row in rows}


async def list_open_orders(db: AsyncSession, *, supplier_id: UUID | None) -> list[tuple[OpenOrder, str]]:
    """What is still to be paid, of a supplier or of all, the earliest due first; each with its order's number."""
    rows = await db.execute(_OPEN_ORDERS, {"supplier_id": supplier_id})
    return [
        (OpenOrder(row.order_id, row.payment_code, row.open_fen, (row.name, row.union_name)), row.order_number)
        for row in rows
    ]


async def list_paid(db: AsyncSession, *, limit: int) -> list[UUID]:
    """Orders whose money is all there and whose stage does not say so yet: a dispute was in the way."""
    return [row.order_id for row in await db.execute(_PAID, {"limit": limit})]


async def list_order_lines(db: AsyncSession, order_id: UUID) -> Sequence[Row[Any]]:
    """What was accepted of what was bought, goods without their delivery, with the catalogue's name and tax for
    invoices."""
    return (await db.execute(_LINES, {"order_id": order_id})).all()


async def list_matches(db: AsyncSession, order_id: UUID) -> Sequence[Row[Any]]:
    """What of which money paid for it, also what was undone."""
    return (await db.execute(_MATCHES, {"order_id": order_id})).all()


async def list_matches_of_line(db: AsyncSession, line_id: UUID) -> Sequence[Row[Any]]:
    """What of a transfer pays for which order, also what was undone."""
    return (await db.execute(_MATCHES_OF_LINE, {"line_id": line_id})).all()


async def list_payments(db: AsyncSession, order_id: UUID) -> Sequence[UnitPayment]:
    """What the unit told of paying, in its order."""
    found = select(UnitPayment).where(UnitPayment.order_id == order_id)
    return (await db.scalars(found.order_by(UnitPayment.told_at, UnitPayment.payment_id))).all()


async def get_payment(db: AsyncSession, payment_id: UUID) -> UnitPayment:
    """It, whoever asks, as it stands now. 404 `settlement-not-found`."""
    found = await db.get(UnitPayment, payment_id, populate_existing=True)
    if found is None:
        raise no_such_settlement()
    return found


async def get_match(db: AsyncSession, match_id: UUID) -> SettlementMatch:
    """It, whoever asks, as it stands now. 404 `match-not-found`."""
    found = await db.get(SettlementMatch, match_id, populate_existing=True)
    if found is None:
        raise no_such_match()
    return found


def no_such_match() -> NotFound:
    """The refusal of a match that is not there, or not the caller's."""
    return NotFound("There is no such booking, or it is not yours.", code="match-not-found")


async def get_seen(db: AsyncSession, order_id: UUID, caller: Caller) -> Row[Any]:
    """One that the caller may see. 404 `settlement-not-found`."""
    conditions, values = await unit_order_queries.get_scope(db, caller)
    statement = f"{_SEEN} AND {' AND '.join(conditions)} AND own.order_id = :order_id"
    row = (await db.execute(text(statement), values | {"order_id": order_id})).first()
    if row is None:
        raise no_such_settlement()
    return row


async def list_settlements(
    db: AsyncSession, caller: Caller, *, filters: Filters, after: tuple[date, UUID] | None = None, limit: int
) -> Sequence[Row[Any]]:
    """Those that the caller may see, the earliest due first."""
    conditions, values = await unit_order_queries.get_scope(db, caller)
    values = {**values, "limit": limit}
    if filters.stage is not None:
        conditions.append("own.stage = :stage")
        values["stage"] = filters.stage
    if filters.is_late:
        conditions.append("own.stage IN ('ACCEPTED', 'INVOICE_CHECKED') AND own.due_on < :today")
        values["today"] = filters.today
    if filters.wanted:
        conditions.append(
            "(placed.order_number ILIKE :pattern OR own.payment_code ILIKE :pattern OR unit.name ILIKE :pattern"
            " OR part.supplier_name ILIKE :pattern)"
        )
        values["pattern"] = f"%{unit_order_queries.escaped(filters.wanted)}%"
    if after is not None:
        conditions.append("(own.due_on, own.order_id) > (:last_on, :last_id)")
        values |= {"last_on": after[0], "last_id": after[1]}
    statement = f"{_SEEN} AND {' AND '.join(conditions)} ORDER BY own.due_on, own.order_id LIMIT :limit"
    return (await db.execute(text(statement), values)).all()
