"""Telling a lead unit that a filing waits for it, and who filed it what became of it."""

from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from orders.reserved_share.models import ReservedShare
from orders.unit import queries as unit_queries
from orders.unit.models import BudgetUnit
from shared.events.institutions import DecisionAsked, DecisionTaken
from shared.outbox import publish


async def tell_leads(db: AsyncSession, share: ReservedShare, unit: BudgetUnit, *, now: datetime) -> None:
    """The approvers of the units above it that have people: any of them may review what was filed."""
    for lead_id in await unit_queries.list_leads(db, unit.unit_id):
        lead = await unit_queries.get_unit(db, lead_id)
        if lead.organisation_id is None:
            continue
        event = DecisionAsked(
            subject_kind="reserved-share",
            subject_id=share.share_id,
            organisation_id=lead.organisation_id,
            unit_name=unit.name,
            duty="approver",
            title=str(share.year),
            asked_at=now,
        )
        await publish(db, event, now=now)


async def tell_filer(
    db: AsyncSession, share: ReservedShare, outcome: Literal["RETURNED", "LOCKED"], *, now: datetime
) -> None:
    """Who handed it in learns that it came back, or that it counts."""
    if share.submitted_by is None:
        return
    event = DecisionTaken(
        subject_kind="reserved-share",
        subject_id=share.share_id,
        person_id=share.submitted_by,
        title=str(share.year),
        outcome=outcome,
        taken_at=now,
    )
    await publish(db, event, now=now)
