"""Telling those who are to decide, and who asked what became of it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval.models import ApprovalCase
from orders.approval.rules import Outcome
from orders.unit import queries as unit_queries
from shared.events.institutions import DecisionAsked, DecisionTaken
from shared.outbox import publish


async def tell_asked(db: AsyncSession, case: ApprovalCase, duties: Collection[str], *, now: datetime) -> None:
    """The unit's people with these duties are to decide the case's present step."""
    unit = await unit_queries.get_unit(db, case.unit_id)
    if unit.organisation_id is None:
        return
    for duty in sorted(duties):
        event = DecisionAsked(
            subject_kind="approval",
            subject_id=case.case_id,
            organisation_id=unit.organisation_id,
            unit_name=unit.name,
            duty=duty,
            title=case.title,
            asked_at=now,
        )
        await publish(db, event, now=now)


async def tell_taken(db: AsyncSession, case: ApprovalCase, outcome: Outcome, *, now: datetime) -> None:
    """Who asked learns the end; what the clock asked for nobody waits for."""
    if case.asked_by is None:
        return
    event = DecisionTaken(
        subject_kind="approval",
        subject_id=case.case_id,
        person_id=case.asked_by,
        title=case.title,
        outcome=outcome,
        taken_at=now,
    )
    await publish(db, event, now=now)
