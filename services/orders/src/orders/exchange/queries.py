"""Reading exchanges."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.after_sales import visible
from orders.exchange.models import Exchange
from shared.auth import Caller
from shared.errors import NotFound


async def get_exchange(db: AsyncSession, exchange_id: UUID, caller: Caller) -> Exchange:
    """The exchange, for its buyer, its supplier and operators; 404 `exchange-not-found`."""
    return _found(
        await db.scalar(select(Exchange).where(Exchange.exchange_id == exchange_id, visible(Exchange, caller)))
    )


async def lock_exchange(db: AsyncSession, exchange_id: UUID, caller: Caller | None = None) -> Exchange:
    """The same, or for nobody in particular, held until the transaction ends."""
    wanted = select(Exchange).where(Exchange.exchange_id == exchange_id)
    if caller is not None:
        wanted = wanted.where(visible(Exchange, caller))
    locked = wanted.with_for_update(key_share=True).execution_options(populate_existing=True)
    return _found(await db.scalar(locked))


async def list_due_exchanges(db: AsyncSession, *, now: datetime, limit: int) -> list[UUID]:
    """Exchanges whose goods should have been sent back by now."""
    rows = await db.scalars(
        select(Exchange.exchange_id)
        .where(Exchange.due_at <= now, Exchange.status == "APPROVED", Exchange.goods_back)
        .order_by(Exchange.due_at, Exchange.exchange_id)
        .limit(limit)
    )
    return list(rows)


async def lock_due_exchange(db: AsyncSession, exchange_id: UUID, *, now: datetime) -> Exchange | None:
    """One of them, held; None where it is not due any more, or somebody is at it."""
    found: Exchange | None = await db.scalar(
        select(Exchange)
        .where(
            Exchange.exchange_id == exchange_id,
            Exchange.due_at <= now,
            Exchange.status == "APPROVED",
            Exchange.goods_back,
        )
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return found


async def find_id_by_shipment(db: AsyncSession, shipment_id: UUID) -> UUID | None:
    """Whose replacement travels in this shipment; None for a first delivery."""
    found: UUID | None = await db.scalar(select(Exchange.exchange_id).where(Exchange.shipment_id == shipment_id))
    return found


def _found(exchange: Exchange | None) -> Exchange:
    if exchange is None:
        raise NotFound("There is no such exchange.", code="exchange-not-found", field="exchange_id")
    return exchange
