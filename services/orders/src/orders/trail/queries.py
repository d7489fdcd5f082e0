"""Reading the trail."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.trail.models import TrailEntry


async def list_trail(db: AsyncSession, subject_id: UUID) -> list[TrailEntry]:
    """All that was done to it, oldest first."""
    return list(
        await db.scalars(select(TrailEntry).where(TrailEntry.subject_id == subject_id).order_by(TrailEntry.entry_id))
    )
