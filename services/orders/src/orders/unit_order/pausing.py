"""A dispute pauses a unit's order: no clock runs, no step is taken, until it goes on where it stood."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from orders.unit_order.models import UnitOrder
from shared.clock import business_day


async def pause(db: AsyncSession, own: UnitOrder, *, now: datetime) -> None:
    """A dispute stops every clock and step. The caller has locked it."""
    own.is_disputed, own.paused_at = True, now
    own.revision += 1
    await db.flush()


async def resume(db: AsyncSession, own: UnitOrder, *, now: datetime) -> None:
    """The clocks go on where they stood. The caller has locked it, and it is paused."""
    paused_at = own.paused_at or now
    paused = now - paused_at
    own.is_disputed, own.paused_at = False, None
    if own.stage == "PENDING_CONFIRM":
        own.remind_at, own.lapses_at = own.remind_at + paused, own.lapses_at + paused
    if own.due_on is not None:
        own.due_on += business_day(now) - business_day(paused_at)
    own.revision += 1
    await db.flush()
