"""Which lots are held, and what left of lots."""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.held_lot.models import HeldLot, ShipmentLot
from logistics.held_lot.rules import Held


async def list_held(db: AsyncSession, *, codes: Collection[str], sku_ids: Collection[UUID]) -> list[Held]:
    """The held lots with one of these codes or of one of these SKUs."""
    rows = await db.scalars(
        select(HeldLot)
        .where(HeldLot.is_held)
        .where(or_(HeldLot.code.in_(codes), HeldLot.sku_ids.overlap(list(sku_ids))))
        .order_by(HeldLot.code)
        .execution_options(populate_existing=True)
    )
    return [Held(each.code, frozenset(each.sku_ids), each.reason, each.is_recalled) for each in rows]


async def list_lots(db: AsyncSession, shipment_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], list[ShipmentLot]]:
    """What left of which lot, by shipment and SKU, in order of code."""
    found: dict[tuple[UUID, UUID], list[ShipmentLot]] = defaultdict(list)
    if shipment_ids:
        query = select(ShipmentLot).where(ShipmentLot.shipment_id.in_(shipment_ids)).order_by(ShipmentLot.lot_code)
        for each in await db.scalars(query):
            found[each.shipment_id, each.sku_id].append(each)
    return found
