"""Contracts from a draft to their end, and the deliveries that their calendars plan."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.contract import actions, calling, queries
from orders.trail import queries as trail_queries
from services.orders.tests.contract.agreeing import (
    NOW,
    TODAY,
    approved,
    decided,
    drafted,
    facts,
    moved,
    next_weekday,
    parties,
    signed,
)
from services.orders.tests.factories import listed_sku
from shared.errors import Conflict, Invalid, NotFound, Refusal


async def test_a_contract_is_approved_offered_and_signed(db: AsyncSession):
    those = await parties(db)
    contract = await drafted(db, those)
    assert (contract.status, contract.supplier_name) == ("DRAFT", those.sku.supplier_name)
    contract = await approved(db, those, contract)
    assert contract.status == "OFFERED"
    contract = await moved(db, contract, "sign", those.supplier)
    assert (contract.status, contract.signed_by) == ("SIGNED", those.supplier.person_id)
    verbs = [each.verb for each in await trail_queries.list_trail(db, contract.contract_id)]
    assert verbs == ["draft", "submit", "approve", "sign"]


async def test_a_refused_contract_is_a_draft_again_with_the_reason(db: AsyncSession):
    those = await parties(db)
    contract = await drafted(db, those)
    contract = await actions.submit_contract(
        db, contract_id=contract.contract_id, expected_revision=contract.revision, caller=those.handler, now=NOW
    )
    await decided(db, contract, those.approver, "REFUSE")
    await db.refresh(contract)
    assert contract.status == "DRAFT"
    assert (await trail_queries.list_trail(db, contract.contract_id))[-1].reason == "价格合理"


async def test_who_drafts_it_does_not_approve_it(db: AsyncSession):
    those = await parties(db)
    contract = await actions.submit_contract(
        db,
        contract_id=(drafted_one := await drafted(db, those)).contract_id,
        expected_revision=drafted_one.revision,
        caller=those.handler,
        now=NOW,
    )
    with pytest.raises(Refusal) as refused:
        await decided(db, contract, those.handler)
    assert refused.value.status == 403


async def test_a_withdrawn_contract_is_approved_anew(db: AsyncSession):
    those = await parties(db)
    contract = await actions.submit_contract(
        db,
        contract_id=(made := await drafted(db, those)).contract_id,
        expected_revision=made.revision,
        caller=those.handler,
        now=NOW,
    )
    contract = await moved(db, contract, "withdraw", those.handler)
    assert contract.status == "DRAFT"
    with pytest.raises(Conflict):
        await decided(db, contract, those.approver)
    assert (await approved(db, those, contract)).status == "OFFERED"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"valid_until_on": TODAY - timedelta(days=1), "valid_from_on": TODAY - timedelta(days=2)}, "term-invalid"),
        ({"float_bp": 100}, "price-rule-invalid"),
        ({"breaks": [(TODAY, TODAY - timedelta(days=1), "")]}, "break-invalid"),
    ],
)
async def test_a_contract_that_cannot_be_is_refused(db: AsyncSession, given: dict[str, Any], code: str):
    those = await parties(db)
    with pytest.raises(Invalid) as refused:
        await drafted(db, those, **given)
    assert refused.value.code == code
    assert await queries.list_contracts(db, those.handler, limit=9) == []


async def test_a_contract_is_with_one_supplier_about_packs_on_sale(db: AsyncSession):
    those, other = await parties(db), await listed_sku(db, stock=1)

    async def refused_code(*sku_ids: Any) -> str:
        lines = [{"sku_id": each, "unit_price_fen": 1, "most_count": 1, "usual_count": 0} for each in sku_ids]
        with pytest.raises(Refusal) as refused:
            await actions.draft_contract(
                db,
                contract_id=other.sku_id,
                facts=facts(),
                lines=lines,
                breaks=[],
                caller=those.handler,
                now=NOW,
            )
        return refused.value.code

    assert await refused_code(those.sku.sku_id, other.sku_id) == "suppliers-differ"
    assert await refused_code(other.sku_id, other.sku_id) == "sku-twice"
    assert await refused_code(other.product_id) == "sku-not-listed"


async def test_neither_side_takes_the_others_step(db: AsyncSession):
    those = await parties(db)
    contract = await approved(db, those, await drafted(db, those))
    stranger = (await parties(db)).supplier
    for verb, caller in (("sign", those.handler), ("sign", stranger), ("withdraw", (await parties(db)).handler)):
        with pytest.raises(NotFound):
            await moved(db, contract, verb, caller)
    await db.refresh(contract)
    assert contract.status == "OFFERED"


async def test_a_supplier_sees_a_contract_once_it_is_offered(db: AsyncSession):
    those = await parties(db)
    contract = await drafted(db, those)
    with pytest.raises(NotFound):
        await queries.get_contract_for(db, those.supplier, contract.contract_id)
    await approved(db, those, contract)
    assert await queries.get_contract_for(db, those.supplier, contract.contract_id) is contract


async def test_a_calendar_plans_its_days_once_and_leaves_holidays_and_breaks(db: AsyncSession):
    those = await parties(db)
    monday = next_weekday(1, after=TODAY + timedelta(days=7))
    contract = await signed(db, those, breaks=[(monday, monday, "运动会")])
    made = await calling.plan_call_offs(db, contract_id=contract.contract_id, now=NOW)
    planned = await queries.list_call_offs(db, those.supplier, contract_id=contract.contract_id, limit=50)
    days = [call.deliver_on for call, _ in planned]
    assert made == len(days) > 2
    assert {day.isoweekday() for day in days} == {1, 4}
    assert min(days) >= TODAY + timedelta(days=3)
    assert monday not in days
    assert await calling.plan_call_offs(db, contract_id=contract.contract_id, now=NOW) == 0
    lines = await queries.list_call_off_lines(db, [call.call_off_id for call, _ in planned])
    assert {line.quantity for line in lines} == {10}


async def test_a_planned_delivery_is_changed_skipped_and_resumed(db: AsyncSession):
    those = await parties(db)
    contract = await signed(db, those)
    await calling.plan_call_offs(db, contract_id=contract.contract_id, now=NOW)
    [(call, _), *_] = await queries.list_call_offs(db, those.handler, limit=1)
    [line] = await queries.list_lines(db, contract.contract_id)

    async def do(verb: str, pieces: int | None = None) -> str:
        changed = await calling.change_call_off(
            db,
            call_off_id=call.call_off_id,
            verb=verb,
            expected_revision=call.revision,
            quantities={} if pieces is None else {line.line_id: pieces},
            caller=those.handler,
            now=NOW,
        )
        return changed.status

    assert await do("change", pieces=25) == "PLANNED"
    assert [each.quantity for each in await queries.list_call_off_lines(db, [call.call_off_id])] == [25]
    assert await do("skip") == "SKIPPED"
    assert await do("resume") == "PLANNED"
    with pytest.raises(Conflict) as refused:
        await do("change", pieces=101)
    assert refused.value.code == "contract-exhausted"


async def test_a_term_that_is_over_ends_the_contract(db: AsyncSession):
    those = await parties(db)
    contract = await signed(db, those, valid_until_on=TODAY + timedelta(days=3))
    await actions.expire_contract(db, contract_id=contract.contract_id, now=NOW + timedelta(days=3))
    assert contract.status == "SIGNED"
    later = NOW + timedelta(days=4)
    assert await queries.list_over_contracts(db, on=TODAY + timedelta(days=4), limit=9) == [contract.contract_id]
    await actions.expire_contract(db, contract_id=contract.contract_id, now=later)
    assert (contract.status, contract.ended_at) == ("ENDED", later)


async def test_the_database_gives_no_more_than_was_agreed(db: AsyncSession):
    contract = await signed(db, await parties(db))
    with pytest.raises(Exception, match="called_fits"):
        await db.execute(
            text("UPDATE contract_lines SET called_count = 101 WHERE contract_id = :id"), {"id": contract.contract_id}
        )
