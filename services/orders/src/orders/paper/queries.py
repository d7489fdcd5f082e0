"""Reads that only papers need: a unit's lines of a year, and what one unit owes one supplier."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.unit_order import queries as unit_order_queries
from shared.auth import Caller

_LEDGER = """
    SELECT own.order_id, own.placed_at, own.way, own.fund, own.stage, placed.order_number, placed.delivery_fen,
           part.supplier_name, line.product_title, line.specification, line.category, line.origin_county_code,
           line.designations, line.quantity, line.unit_price_fen, line.payable_fen,
           own.accepted_at IS NOT NULL AS is_accepted, coalesce(checked.accepted_count, 0) AS accepted_count,
           coalesce(checked.payable_fen - checked.reduced_fen + checked.delivery_fen, 0) AS accepted_fen
    FROM unit_orders AS own JOIN orders AS placed USING (order_id) JOIN supplier_orders AS part USING (order_id)
    JOIN budget_units AS unit USING (unit_id) JOIN order_lines AS line USING (supplier_order_id)
    LEFT JOIN acceptance_lines AS checked USING (line_id)
"""
_ACCOUNT = """
    SELECT own.order_id, placed.order_number, own.payment_code, own.accepted_at AS at, 'OWED' AS kind,
           own.accepted_fen AS amount_fen, '' AS remark
    FROM unit_orders AS own JOIN orders AS placed USING (order_id) JOIN supplier_orders AS part USING (order_id)
    JOIN budget_units AS unit USING (unit_id)
    WHERE {scope} AND own.unit_id = :unit_id AND part.supplier_id = :supplier_id AND own.accepted_at < :until
      AND own.accepted_fen > 0
    UNION ALL
    SELECT own.order_id, placed.order_number, own.payment_code, matched.matched_at, 'PAID', matched.amount_fen,
           coalesce(line.bank_number, paid.voucher, '')
    FROM settlement_matches AS matched JOIN unit_orders AS own USING (order_id) JOIN orders AS placed USING (order_id)
    JOIN supplier_orders AS part USING (order_id) JOIN budget_units AS unit USING (unit_id)
    LEFT JOIN bank_lines AS line ON line.line_id = matched.line_id
    LEFT JOIN unit_payments AS paid ON paid.payment_id = matched.payment_id
    WHERE {scope} AND own.unit_id = :unit_id AND part.supplier_id = :supplier_id AND matched.matched_at < :until
      AND matched.undone_at IS NULL
    ORDER BY at, kind, order_number
"""


async def list_ledger(db: AsyncSession, caller: Caller, *, unit_id: UUID, year: int, limit: int) -> Sequence[Row[Any]]:
    """The lines of the unit's orders of a year that the caller may see and that still stand, the first order first."""
    conditions, values = await unit_order_queries.get_scope(db, caller)
    statement = f"""
        {_LEDGER} WHERE {" AND ".join(conditions)} AND own.unit_id = :unit_id AND own.budget_year = :year
          AND own.ended_at IS NULL
        ORDER BY own.placed_at, own.order_id, line.line_number LIMIT :limit
    """
    return (await db.execute(text(statement), values | {"unit_id": unit_id, "year": year, "limit": limit})).all()


async def list_account(
    db: AsyncSession, caller: Caller, *, unit_id: UUID, supplier_id: UUID, until: datetime
) -> Sequence[Row[Any]]:
    """What the unit came to owe the supplier, and what was paid of it, before an instant; the first first."""
    conditions, values = await unit_order_queries.get_scope(db, caller)
    statement = _ACCOUNT.format(scope=" AND ".join(conditions))
    values |= {"unit_id": unit_id, "supplier_id": supplier_id, "until": until}
    return (await db.execute(text(statement), values)).all()
