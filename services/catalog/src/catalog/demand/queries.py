"""Reading demand."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.demand.models import DemandNote
from catalog.supply.queries import within
from shared.errors import NotFound


async def list_demand(
    db: AsyncSession, *, region: str | None, year: int, q: str = "", after: UUID | None, limit: int
) -> Sequence[DemandNote]:
    """Demand of a year that stands, in order of id; `q` is a part of the product's or the buyer's name."""
    query = (
        select(DemandNote)
        .where(DemandNote.year == year, DemandNote.withdrawn_at.is_(None))
        .order_by(DemandNote.demand_id)
        .limit(limit)
    )
    if region is not None:
        query = query.where(within(DemandNote.county_code, region))
    if q:
        words = func.lower(DemandNote.product_name + " " + DemandNote.buyer_name)
        query = query.where(func.strpos(words, q.lower()) > 0)
    if after is not None:
        query = query.where(DemandNote.demand_id > after)
    return (await db.scalars(query)).all()


async def lock_demand(db: AsyncSession, demand_id: UUID) -> DemandNote:
    """The note, held until the transaction ends; 404 `demand-unknown`."""
    note = await db.scalar(
        select(DemandNote)
        .where(DemandNote.demand_id == demand_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if note is None:
        raise NotFound("There is no such note of demand.", code="demand-unknown", field="demand_id")
    return note
