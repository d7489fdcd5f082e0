"""Reading workshops. The open ones are public; offices see the closed ones too."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.supply.queries import within
from catalog.workshop.models import Workshop
from shared.errors import NotFound


async def list_workshops(
    db: AsyncSession, *, region: str | None, status: str, q: str, after: UUID | None, limit: int
) -> Sequence[Workshop]:
    """Workshops of a status, the newest first; `q` is a part of the name, the work, the township or the village."""
    query = select(Workshop).where(Workshop.status == status).order_by(Workshop.workshop_id.desc()).limit(limit)
    if region is not None:
        query = query.where(within(Workshop.county_code, region))
    if q:
        words = func.concat_ws(" ", Workshop.name, Workshop.work, Workshop.township, Workshop.village)
        query = query.where(func.strpos(func.lower(words), q.lower()) > 0)
    if after is not None:
        query = query.where(Workshop.workshop_id < after)
    return (await db.scalars(query)).all()


async def count_workshops(db: AsyncSession, *, region: str | None) -> int:
    """How many workshops are open."""
    query = select(func.count()).select_from(Workshop).where(Workshop.status == "OPEN")
    if region is not None:
        query = query.where(within(Workshop.county_code, region))
    return await db.scalar(query) or 0


async def get_workshop(db: AsyncSession, workshop_id: UUID) -> Workshop:
    """The workshop; 404 `workshop-unknown`."""
    return _known(await db.get(Workshop, workshop_id))


async def lock_workshop(db: AsyncSession, workshop_id: UUID) -> Workshop:
    """The workshop, held until the transaction ends; 404 `workshop-unknown`."""
    return _known(await db.get(Workshop, workshop_id, with_for_update=True, populate_existing=True))


def _known(workshop: Workshop | None) -> Workshop:
    if workshop is None:
        raise NotFound("There is no such workshop.", code="workshop-unknown", field="workshop_id")
    return workshop
