"""Keeping the copy of what logistics tells of parcels' temperatures."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from orders.excursion.models import Excursion


async def note_opened(
    db: AsyncSession,
    *,
    excursion_id: UUID,
    parcel_id: UUID,
    supplier_order_id: UUID,
    temperature_class: str,
    kind: str,
    severity: str,
    started_at: datetime,
    extreme_c: float | None,
    exchange_id: UUID | None = None,
) -> None:
    """An excursion began; told again it changes nothing."""
    row = {
        "excursion_id": excursion_id,
        "parcel_id": parcel_id,
        "supplier_order_id": supplier_order_id,
        "temperature_class": temperature_class,
        "kind": kind,
        "severity": severity,
        "started_at": started_at,
        "extreme_c": extreme_c,
        "exchange_id": exchange_id,
    }
    await db.execute(postgresql.insert(Excursion).values(row).on_conflict_do_nothing())


async def note_closed(
    db: AsyncSession,
    *,
    excursion_id: UUID,
    severity: str,
    started_at: datetime,
    ended_at: datetime,
    extreme_c: float | None,
) -> None:
    """It ended, perhaps graver than it began. Of one that was never opened here there is nothing to say."""
    told = {"severity": severity, "started_at": started_at, "ended_at": ended_at, "extreme_c": extreme_c}
    await db.execute(update(Excursion).where(Excursion.excursion_id == excursion_id).values(told))
