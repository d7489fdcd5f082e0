"""Setting what carriage costs."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from orders.delivery import queries
from orders.delivery.models import DeliveryPromise, DeliveryTariff
from shared.etag import ensure_fresh


async def set_tariffs(
    db: AsyncSession, *, supplier_id: UUID | None, tariffs: Sequence[Mapping[str, Any]], expected: int | None = None
) -> list[DeliveryTariff]:
    """Replace all tariffs of a supplier, or the platform's (None). With an `expected` revision 412 `stale` where they
    are not those any more."""
    current = await queries.lock_tariffs(db, supplier_id)
    if expected is not None:
        ensure_fresh(expected, current)
    await db.execute(delete(DeliveryTariff).where(DeliveryTariff.supplier_id.is_not_distinct_from(supplier_id)))
    rows = [DeliveryTariff(supplier_id=supplier_id, **each) for each in tariffs]
    db.add_all(rows)
    await db.flush()
    return rows


async def load_carriage(db: AsyncSession, data: Mapping[str, Any]) -> None:
    """Make the platform's tariffs and promises those of a table as `carriage.toml` writes it. Twice changes nothing."""
    tariffs = [
        {
            "temperature_class": each.get("temperature_class", ""),
            "region_prefix": prefix,
            "is_served": each.get("is_served", True),
            "first_g": each.get("first_g", 0),
            "first_fen": each.get("first_fen", 0),
            "step_g": each.get("step_g", 1000),
            "step_fen": each.get("step_fen", 0),
            "free_from_fen": each.get("free_from_fen"),
        }
        for each in data["tariff"]
        for prefix in each.get("region_prefixes", [""])
    ]
    await set_tariffs(db, supplier_id=None, tariffs=tariffs)
    await db.execute(delete(DeliveryPromise))
    db.add_all(
        DeliveryPromise(from_prefix=start, to_prefix=end, first_days=each["first_days"], last_days=each["last_days"])
        for each in data["promise"]
        for start in each.get("from_prefixes", [""])
        for end in each.get("to_prefixes", [""])
    )
    await db.flush()
