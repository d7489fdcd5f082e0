"""Noting demand."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_oversees
from catalog.demand import queries
from catalog.demand.models import DemandNote
from catalog.region import queries as region_queries
from catalog.supply import rules
from shared.auth import Caller


async def note_demand(
    db: AsyncSession,
    *,
    demand_id: UUID,
    county_code: str,
    product_name: str,
    year: int,
    quantity_g: int,
    buyer_name: str,
    source: str,
    caller: Caller,
    now: datetime,
) -> DemandNote:
    """Note what somebody undertook or plans to buy of a county's product (officials of the region)."""
    county = await region_queries.get_county_code(db, county_code, field="county_code")
    ensure_oversees(caller, county, "township", "agriculture", "assistance")
    note = DemandNote(
        demand_id=demand_id,
        county_code=county,
        product_name=rules.plain(product_name),
        year=year,
        quantity_g=quantity_g,
        buyer_name=buyer_name,
        source=source,
        organisation_id=caller.organisation_id,
        noted_at=now,
    )
    db.add(note)
    await db.flush()
    return note


async def withdraw_demand(db: AsyncSession, *, demand_id: UUID, caller: Caller, now: datetime) -> DemandNote:
    """The note no longer stands. Doing it again changes nothing."""
    note = await queries.lock_demand(db, demand_id)
    ensure_oversees(caller, note.county_code, "township", "agriculture", "assistance")
    if note.withdrawn_at is None:
        note.withdrawn_at = now
        await db.flush()
    return note
