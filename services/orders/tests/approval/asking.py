"""Offices with tiers of their own, and who decides for whom in them."""

from collections.abc import Awaitable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval import actions, rules
from services.orders.tests.factories import NOW
from services.orders.tests.purchase.buying import Office, an_office
from shared.clock import business_day
from shared.errors import Refusal

STEP = {"within_days": 1, "on_timeout": "ESCALATE"}
TODAY = business_day(NOW)


async def refusal_of(act: Awaitable[Any]) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await act
    return refused.value


async def with_steps(db: AsyncSession, *steps: dict[str, Any], **given: Any) -> Office:
    office = await an_office(db, **given)
    rows = [{"name": "全部", "steps": [STEP | each for each in steps]}]
    await actions.write_tiers(
        db, unit_id=office.unit_id, tiers=rules.tiers_of(rows), expected_revision=0, by=uuid4(), now=NOW
    )
    return office


async def lend(db: AsyncSession, office: Office, giver: str, taker: str, **given: Any) -> Any:
    facts: dict[str, Any] = {
        "delegation_id": uuid4(),
        "unit_id": office.unit_id,
        "caller": office.caller(giver),
        "from_name": "王处长",
        "to_person_id": office.caller(taker).person_id,
        "to_name": "李科长",
        "starts_on": TODAY,
        "ends_on": TODAY,
        "reason": "出差",
        "now": NOW,
    }
    return await actions.delegate(db, **{**facts, **given})
