"""Reads of carriage."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.delivery.models import DeliveryTariff


async def list_tariffs(db: AsyncSession, supplier_id: UUID | None) -> list[DeliveryTariff]:
    """A supplier's own tariffs, or the platform's (None), by class and region."""
    statement = select(DeliveryTariff).where(DeliveryTariff.supplier_id.is_not_distinct_from(supplier_id))
    return list(await db.scalars(statement.order_by(DeliveryTariff.temperature_class, DeliveryTariff.region_prefix)))
