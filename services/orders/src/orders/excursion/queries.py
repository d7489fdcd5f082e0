"""Reading what was told of a part's parcels."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.excursion.models import Excursion


async def list_excursions(
    db: AsyncSession, supplier_order_id: UUID, *, exchange_id: UUID | None = None
) -> list[Excursion]:
    """Excursions and gaps of the part's first delivery, or of an exchange's replacement, oldest first."""
    return list(
        await db.scalars(
            select(Excursion)
            .where(
                Excursion.supplier_order_id == supplier_order_id,
                Excursion.exchange_id.is_not_distinct_from(exchange_id),
            )
            .order_by(Excursion.started_at, Excursion.excursion_id)
        )
    )
