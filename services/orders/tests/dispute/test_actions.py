"""Disputes: they pause, and an operator decides."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.dispute import actions, queries
from orders.dispute.models import Dispute
from orders.trail import queries as trail_queries
from orders.unit.models import BudgetUnit
from orders.unit_order import actions as unit_order_actions
from orders.unit_order.models import UnitOrder
from services.orders.tests.acceptance.checking import CHECKED_AT, accepted
from services.orders.tests.unit_order.buying import Bought, bought, delivered, stage_of
from shared.auth import Caller
from shared.db import Database
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale

OPERATOR = Caller(person_id=uuid4(), kind="operator", organisation_id=None, roles=frozenset(), regions=frozenset())
LATER = CHECKED_AT + timedelta(days=2)


async def disputed(db: AsyncSession, deal: Bought, *, by_supplier: bool = False) -> Dispute:
    caller = deal.supplier if by_supplier else deal.member("buyer")
    return await actions.open_dispute(
        db, dispute_id=uuid4(), order_id=deal.order_id, reason="与样品不符", caller=caller, now=CHECKED_AT
    )


async def resolve(db: AsyncSession, dispute: Dispute, outcome: str, *, reduced_fen: int = 0, revision: int = 1):
    return await actions.resolve_dispute(
        db,
        dispute_id=dispute.dispute_id,
        expected_revision=revision,
        outcome=outcome,
        reduced_fen=reduced_fen,
        reason="经核实",
        caller=OPERATOR,
        now=LATER,
    )


async def used(db: AsyncSession) -> tuple[int, int]:
    [row] = await db.execute(text("SELECT committed_fen, consumed_fen FROM budgets"))
    return tuple(row)


async def test_a_dispute_stops_the_order_until_it_goes_on(db: AsyncSession):
    deal = await delivered(db)
    await accepted(db, deal)
    due_on = (await stage_of(db, deal.order_id)).due_on
    dispute = await disputed(db, deal, by_supplier=True)
    step = {"order_id": deal.order_id, "verb": "check_invoice", "actor": "unit", "now": LATER}
    with pytest.raises(Conflict) as paused:
        await unit_order_actions.move_on(db, **step)
    assert paused.value.code == "order-disputed"
    with pytest.raises(Conflict):
        await disputed(db, deal)
    await resolve(db, dispute, "RESUME")
    own = await unit_order_actions.move_on(db, **step)
    assert (own.stage, own.due_on) == ("INVOICE_CHECKED", due_on + timedelta(days=2))
    verbs = [(each.subject_kind, each.verb) for each in await trail_queries.list_trail(db, deal.order_id)]
    assert verbs[-3:] == [("dispute", "open"), ("dispute", "resolve"), ("unit-order", "check_invoice")]


async def test_a_reduction_is_owed_no_more(db: AsyncSession):
    deal = await delivered(db, 10, 10)
    await accepted(db, deal)
    dispute = await disputed(db, deal)
    for wrong in (0, 70_000):
        with pytest.raises(Invalid) as refused:
            async with db.begin_nested():
                await resolve(db, dispute, "REDUCE", reduced_fen=wrong)
        assert refused.value.code == "reduction-wrong"
        await db.refresh(dispute)
    await resolve(db, dispute, "REDUCE", reduced_fen=5_001)
    own = await stage_of(db, deal.order_id)
    assert (own.stage, own.accepted_fen) == ("ACCEPTED", 64_999)
    assert await used(db) == (0, 64_999)
    told = list(
        await db.scalars(text("SELECT data FROM outbox WHERE type = 'orders.order-accepted.v1' ORDER BY position"))
    )
    assert [event["accepted_fen"] for event in told] == [70_000, 64_999]
    assert [line["refused_fen"] for line in told[1]["lines"]] == [2_501, 2_500]


@pytest.mark.parametrize("is_checked", [True, False])
async def test_a_cancelled_order_is_owed_nothing(db: AsyncSession, is_checked: bool):
    deal = await delivered(db)
    if is_checked:
        await accepted(db, deal)
    await resolve(db, await disputed(db, deal), "CANCEL")
    own = await stage_of(db, deal.order_id)
    assert (own.stage, own.end_reason, own.is_disputed) == ("CANCELLED", "dispute-resolved", False)
    assert await used(db) == (0, 0)


async def test_what_is_on_its_way_is_waited_for(db: AsyncSession):
    deal = await bought(db)
    with pytest.raises(Conflict) as early:
        await disputed(db, deal)
    assert early.value.code == "not-disputable"
    done = await delivered(db)
    dispute = await disputed(db, done)
    with pytest.raises(Conflict) as refused:
        await resolve(db, dispute, "REDUCE", reduced_fen=1)
    assert refused.value.code == "dispute-outcome"


async def test_who_opened_it_withdraws_it(db: AsyncSession):
    deal = await delivered(db)
    dispute = await disputed(db, deal)
    given = {"dispute_id": dispute.dispute_id, "expected_revision": 1, "reason": "", "now": LATER}
    with pytest.raises(Forbidden) as other:
        await actions.withdraw_dispute(db, **given, caller=deal.supplier)
    assert other.value.code == "not-your-dispute"
    with pytest.raises(Stale):
        await actions.withdraw_dispute(db, **{**given, "expected_revision": 2}, caller=deal.member("buyer"))
    await actions.withdraw_dispute(db, **given, caller=deal.member("buyer"))
    assert not (await stage_of(db, deal.order_id)).is_disputed
    with pytest.raises(Conflict) as ended:
        await resolve(db, dispute, "RESUME", revision=2)
    assert ended.value.code == "dispute-status"


async def test_strangers_see_no_dispute(db: AsyncSession):
    deal, other = await delivered(db), await delivered(db)
    dispute = await disputed(db, deal)
    for caller in (other.supplier, other.member("admin")):
        with pytest.raises(NotFound):
            await queries.get_dispute(db, dispute.dispute_id, caller)
        assert not await queries.list_disputes(db, caller, limit=9)
    county = await db.scalar(
        select(BudgetUnit.county_code)
        .join(UnitOrder, UnitOrder.unit_id == BudgetUnit.unit_id)
        .where(UnitOrder.order_id == deal.order_id)
    )
    for region, count in ((county, 1), ("110000", 0)):
        office = Caller(person_id=uuid4(), kind="official", roles=frozenset({"finance_office"}), regions=(region,))
        assert len(await queries.list_disputes(db, office, limit=9)) == count
    assert len(await queries.list_disputes(db, OPERATOR, status="OPEN", wanted="样品", limit=9)) == 1


async def test_both_sides_at_once_open_one(fresh_database: Database):
    async with fresh_database.begin() as db:
        deal = await delivered(db)

    async def attempt(by_supplier: bool) -> str:
        try:
            async with fresh_database.begin() as db:
                await disputed(db, deal, by_supplier=by_supplier)
        except Refusal as refusal:
            return refusal.code
        return "opened"

    assert sorted(await asyncio.gather(attempt(True), attempt(False))) == ["opened", "order-disputed"]
