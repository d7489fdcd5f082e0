"""Points through the real actions, and whether their books agree."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.line_refund import actions as line_refund_actions
from orders.line_refund import queries as line_refund_queries
from orders.order import rules as order_rules
from orders.point import queries
from services.orders.tests.after_sales import delivered_order
from services.orders.tests.factories import NOW, listed_sku


async def person_with(
    db: AsyncSession, points: int, *, now: datetime = NOW, person_id: UUID | None = None
) -> tuple[UUID, order_rules.OrderDraft]:
    """Somebody whose one order, of a line of two pieces, brought so many points at `now`."""
    person_id = person_id or uuid4()
    sku = await listed_sku(db, stock=2, price_fen=points * 50)
    draft = await delivered_order(db, (sku.sku_id, 2), buyer_id=person_id, delivered_at=now)
    return person_id, draft


async def refund_pieces(
    db: AsyncSession, line_id: UUID, count: int, *, now: datetime = NOW, with_delivery: bool = False
) -> None:
    """A claim of so many pieces was granted."""
    line = await line_refund_queries.get_sold_line(db, line_id)
    await line_refund_actions.take_pieces(db, line, count)
    await line_refund_actions.grant_refund(
        db,
        line,
        line_refund_id=uuid4(),
        cause="claim",
        cause_id=uuid4(),
        piece_count=count,
        weight_g=None,
        with_delivery=with_delivery,
        carrier_bp=0,
        now=now,
    )


async def account(db: AsyncSession, person_id: UUID) -> tuple[int, int]:
    """What is there and what is owed, by the counters."""
    row = (
        await db.execute(text("SELECT balance, owed FROM point_accounts WHERE person_id = :id"), {"id": person_id})
    ).first()
    return (0, 0) if row is None else (row.balance, row.owed)


async def kinds(db: AsyncSession, person_id: UUID) -> list[tuple[str, int]]:
    """The statement, the first entry first."""
    rows = await queries.list_entries(db, person_id, kind=None, period=(None, None), before=None, limit=100)
    return [(row.kind, row.points) for row in reversed(rows)]


async def ensure_agreed(db: AsyncSession) -> Any:
    """The house's books balance and everybody's agree with the ledger."""
    house = await queries.summarise_house(db)
    assert house.issued == house.redeemed + house.expired + house.outstanding - house.owed
    persons = await queries.list_accounts(db, None, limit=500)
    assert await queries.list_apart(db, persons) == []
    return house
