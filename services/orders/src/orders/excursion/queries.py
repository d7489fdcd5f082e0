"""Reading what was told of a part's parcels."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.excursion.models import Excursion


async def list_excursions(db: AsyncSession, supplier_order_id: UUID) -> list[Excursion]:
    """The part's excursions and gaps, oldest first."""
    return list(
        await db.scalars(
            select(Excursion)
            .where(Excursion.supplier_order_id == supplier_order_id)
            .order_by(Excursion.started_at, Excursion.excursion_id)
        )
    )
