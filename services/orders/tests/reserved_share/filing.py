"""Filings for tests: a unit of the tests' county that eats somehow, and its share through the real actions."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from orders.reserved_share import actions
from orders.reserved_share.models import ReservedShare
from orders.unit import actions as unit_actions
from orders.unit.models import BudgetUnit
from orders.unit.rules import Canteen
from services.orders.tests.factories import NOW
from services.orders.tests.unit_factories import acting_for, finance_office, unit
from shared.auth import Caller

FACTS: dict[str, Any] = {
    "canteen_total_fen": 1_000_000_00,
    "ratio_bp": 2000,
    "union_total_fen": 100_000_00,
    "union_member_count": 20,
    "union_reserved_fen": 20_000_00,
    "contact": "陈会计",
    "phone": "0717-3810000",
    "note": "",
}
OFFICE = finance_office()


async def eating(
    db: AsyncSession, mode: str = "OWN", *, year: int = 2026, shared_with_id: UUID | None = None, **given: Any
) -> BudgetUnit:
    """A unit that says how it eats in the year."""
    made = await unit(db, **given)
    contractor = "示范餐饮" if mode == "OUTSOURCED" else ""
    await unit_actions.say_canteen(
        db,
        unit_id=made.unit_id,
        year=year,
        canteen=Canteen(mode, shared_with_id, contractor),
        caller=acting_for(made),
        now=NOW,
    )
    return made


async def drafted(db: AsyncSession, made: BudgetUnit, *, year: int = 2026, **given: Any) -> ReservedShare:
    """Its draft of the year."""
    facts = FACTS | given
    return await actions.draft_share(db, share_id=uuid4(), year=year, facts=facts, caller=acting_for(made), now=NOW)


async def moved(
    db: AsyncSession, share: ReservedShare, verb: str, caller: Caller, *, reason: str = "", now: datetime = NOW
) -> ReservedShare:
    """It after a verb of the caller's."""
    to: dict[str, Any] = {
        "share_id": share.share_id,
        "expected_revision": share.revision,
        "caller": caller,
        "now": now,
    }
    if verb == "submit":
        return await actions.submit_share(db, **to)
    if verb == "edit":
        return await actions.edit_share(db, facts=FACTS, **to)
    if verb == "correct":
        return await actions.correct_share(db, new_share_id=uuid4(), reason=reason, **to)
    return await actions.decide(db, verb=verb, reason=reason, **to)  # type: ignore[arg-type]


async def locked(db: AsyncSession, made: BudgetUnit, *, year: int = 2026, **given: Any) -> ReservedShare:
    """Its locked share of the year; a unit that nobody supervises is reviewed by the finance office."""
    share = await drafted(db, made, year=year, **given)
    await moved(db, share, "submit", acting_for(made))
    lead = OFFICE
    if made.parent_id is not None:
        above = await db.get(BudgetUnit, made.parent_id)
        assert above is not None
        lead = acting_for(above, "approver")
    for verb, caller in (("review", lead), ("approve", lead), ("confirm", OFFICE), ("lock", OFFICE)):
        await moved(db, share, verb, caller)
    return share
