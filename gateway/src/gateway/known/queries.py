"""Reading what is known of orders, lots and packs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.known.models import KnownLot, KnownOrder, KnownPart, KnownSku, WaitingEvent
from gateway.known.rules import Order


async def list_orders(db: AsyncSession, order_ids: Collection[UUID]) -> dict[UUID, Order]:
    """What is known of these orders."""
    if not order_ids:
        return {}
    orders = await db.scalars(select(KnownOrder).where(KnownOrder.order_id.in_(order_ids)))
    parts = await db.scalars(select(KnownPart).where(KnownPart.order_id.in_(order_ids)))
    by_order: dict[UUID, dict[UUID, UUID]] = {}
    for part in parts:
        by_order.setdefault(part.order_id, {})[part.supplier_order_id] = part.supplier_id
    return {
        each.order_id: Order(
            each.order_id, each.order_number, each.buyer_id, each.organisation_id, by_order.get(each.order_id, {})
        )
        for each in orders
    }


async def list_lot_orders(db: AsyncSession, lot_codes: Collection[str]) -> dict[str, list[UUID]]:
    """Which orders got goods of these lots."""
    if not lot_codes:
        return {}
    rows = await db.scalars(
        select(KnownLot).where(KnownLot.lot_code.in_(lot_codes)).order_by(KnownLot.lot_code, KnownLot.order_id)
    )
    found: dict[str, list[UUID]] = {}
    for row in rows:
        found.setdefault(row.lot_code, []).append(row.order_id)
    return found


async def list_titles(db: AsyncSession, sku_ids: Iterable[str]) -> Mapping[str, tuple[str, str]]:
    """What these packs are called, in Chinese and English."""
    wanted = [UUID(each) for each in sku_ids]
    if not wanted:
        return {}
    rows = await db.scalars(select(KnownSku).where(KnownSku.sku_id.in_(wanted)))
    return {str(row.sku_id): (row.title, row.title_en) for row in rows}


async def list_waiting(db: AsyncSession, order_ids: Collection[UUID]) -> Sequence[WaitingEvent]:
    """Events that waited for these orders, in the order of their coming."""
    if not order_ids:
        return []
    found = await db.scalars(
        select(WaitingEvent)
        .where(WaitingEvent.order_id.in_(order_ids))
        .order_by(WaitingEvent.kept_at, WaitingEvent.event_id)
    )
    return found.all()
