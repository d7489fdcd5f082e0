"""Reads of goodwill."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from orders.goodwill import rules
from orders.goodwill.models import Goodwill
from shared.errors import NotFound


async def lock_goodwill(db: AsyncSession, goodwill_id: UUID) -> Goodwill:
    """The goodwill, locked until the end; 404 `goodwill-not-found`."""
    statement = select(Goodwill).where(Goodwill.goodwill_id == goodwill_id).with_for_update(key_share=True)
    found = await db.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("There is no such goodwill.", code="goodwill-not-found")
    return found


async def list_goodwills(
    db: AsyncSession,
    *,
    status: str | None,
    order_id: UUID | None,
    wanted: str,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Goodwill]:
    """Goodwill by state and order, latest first; `wanted` is a part of an order number."""
    statement = select(Goodwill)
    if status is not None:
        statement = statement.where(Goodwill.status == status)
    if order_id is not None:
        statement = statement.where(Goodwill.order_id == order_id)
    if wanted:
        statement = statement.where(Goodwill.order_number.icontains(wanted, autoescape=True))
    if after is not None:
        statement = statement.where(tuple_(Goodwill.asked_at, Goodwill.goodwill_id) < after)
    ordered = statement.order_by(Goodwill.asked_at.desc(), Goodwill.goodwill_id.desc())
    return (await db.scalars(ordered.limit(limit))).all()


async def count_granted_alone_fen(db: AsyncSession, order_id: UUID) -> int:
    """What was given back on the order without a second person, in fen."""
    statement = select(func.coalesce(func.sum(Goodwill.wanted_fen), 0)).where(
        Goodwill.order_id == order_id, Goodwill.status == rules.GRANTED, ~Goodwill.needs_second
    )
    return int(await db.scalar(statement) or 0)
