"""Reading the trail."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.trail.models import TrailEntry


async def list_trail(db: AsyncSession, *, subject_kind: str, subject_id: UUID) -> Sequence[TrailEntry]:
    """Everything that was done to the subject, the oldest first."""
    rows = await db.scalars(
        select(TrailEntry)
        .where(TrailEntry.subject_kind == subject_kind, TrailEntry.subject_id == subject_id)
        .order_by(TrailEntry.position)
    )
    return rows.all()


async def has_acted_for(db: AsyncSession, *, person_id: UUID, organisation_id: UUID) -> bool:
    """Whether the person ever did something, that left a trail, in the name of the organisation."""
    deed = exists().where(TrailEntry.person_id == person_id, TrailEntry.organisation_id == organisation_id)
    return bool(await db.scalar(select(deed)))
