"""Reads of disputes, for the sides of their orders, for finance offices of their region and for operators."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.dispute.models import Dispute
from orders.unit_order import queries as unit_order_queries
from shared.auth import Caller
from shared.errors import NotFound

_SEEN = """
    SELECT case_.*, placed.order_number, placed.payable_fen, own.stage AS stage_now, own.accepted_fen, own.unit_id,
           part.supplier_id, part.supplier_name, unit.name AS unit_name
    FROM disputes AS case_ JOIN unit_orders AS own USING (order_id) JOIN orders AS placed USING (order_id)
    JOIN supplier_orders AS part USING (order_id) JOIN budget_units AS unit USING (unit_id)
"""


def no_such_dispute() -> NotFound:
    """The refusal of a dispute that does not exist for the caller."""
    return NotFound("There is no such dispute, or it is not yours to see.", code="dispute-not-found")


async def lock_dispute(db: AsyncSession, dispute_id: UUID) -> Dispute:
    """It, locked until the transaction ends; its order's row is locked first. 404 `dispute-not-found`."""
    order_id = await db.scalar(select(Dispute.order_id).where(Dispute.dispute_id == dispute_id))
    if order_id is None:
        raise no_such_dispute()
    await unit_order_queries.lock_unit_order(db, order_id)
    statement = select(Dispute).where(Dispute.dispute_id == dispute_id).with_for_update()
    found = await db.scalar(statement, execution_options={"populate_existing": True})
    if found is None:
        raise no_such_dispute()
    return found


async def get_dispute(db: AsyncSession, dispute_id: UUID, caller: Caller) -> Row[Any]:
    """One that the caller may see. 404 `dispute-not-found`."""
    conditions, values = await unit_order_queries.get_scope(db, caller)
    statement = f"{_SEEN} WHERE {' AND '.join(conditions)} AND case_.dispute_id = :dispute_id"
    row = (await db.execute(text(statement), values | {"dispute_id": dispute_id})).first()
    if row is None:
        raise no_such_dispute()
    return row


async def list_disputes(
    db: AsyncSession,
    caller: Caller,
    *,
    status: str | None = None,
    order_id: UUID | None = None,
    wanted: str | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Those that the caller may see, the latest first."""
    conditions, values = await unit_order_queries.get_scope(db, caller)
    values["limit"] = limit
    if status is not None:
        conditions.append("case_.status = :status")
        values["status"] = status
    if order_id is not None:
        conditions.append("case_.order_id = :order_id")
        values["order_id"] = order_id
    if wanted:
        conditions.append(
            "(placed.order_number ILIKE :pattern OR unit.name ILIKE :pattern OR part.supplier_name ILIKE :pattern"
            " OR case_.reason ILIKE :pattern)"
        )
        values["pattern"] = f"%{_escaped(wanted)}%"
    if after is not None:
        conditions.append("(case_.opened_at, case_.dispute_id) < (:last_at, :last_id)")
        values |= {"last_at": after[0], "last_id": after[1]}
    statement = f"""
        {_SEEN} WHERE {" AND ".join(conditions)}
        ORDER BY case_.opened_at DESC, case_.dispute_id DESC LIMIT :limit
    """
    return (await db.execute(text(statement), values)).all()


def _escaped(wanted: str) -> str:
    return wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
