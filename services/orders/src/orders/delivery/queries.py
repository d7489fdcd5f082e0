"""Reads of carriage."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.delivery.models import DeliveryTariff


async def list_tariffs(db: AsyncSession, supplier_id: UUID | None) -> list[DeliveryTariff]:
    """A supplier's own tariffs, or the platform's (None), by class and region."""
    statement = select(DeliveryTariff).where(DeliveryTariff.supplier_id.is_not_distinct_from(supplier_id))
    return list(await db.scalars(statement.order_by(DeliveryTariff.temperature_class, DeliveryTariff.region_prefix)))


def revision_of(tariffs: Sequence[DeliveryTariff]) -> int:
    """Which set of tariffs it is: each is written anew as a whole with higher ids; 0 is the empty set."""
    return max((each.tariff_id for each in tariffs), default=0)


async def lock_tariffs(db: AsyncSession, supplier_id: UUID | None) -> int:
    """The revision of an owner's tariffs, with the turn to replace them until the transaction ends."""
    owner = supplier_id or "the platform"
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"delivery tariffs {owner}", 0))))
    return revision_of(await list_tariffs(db, supplier_id))
