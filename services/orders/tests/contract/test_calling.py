"""What is called becomes a purchase and an order, once, within what was agreed and what may be spent."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.contract import calling, jobs, queries
from orders.contract.models import CallOff, Contract
from orders.purchase import queries as purchase_queries
from orders.unit_order import actions as unit_order_actions
from services.orders.tests.contract.agreeing import NOW, TODAY, Parties, only_line, parties, signed
from shared.clock import business_day, utc_now
from shared.db import Database
from shared.errors import Conflict, Refusal


async def called(db: AsyncSession, those: Parties, contract: Contract, pieces: int = 10) -> CallOff:
    """Planned by hand for the fifth day from now."""
    [line] = await queries.list_lines(db, contract.contract_id)
    return await calling.call_off(
        db,
        contract_id=contract.contract_id,
        deliver_on=TODAY + timedelta(days=5),
        quantities={line.line_id: pieces},
        caller=those.handler,
        now=NOW,
    )


async def placed(db: AsyncSession, those: Parties, planned: CallOff) -> CallOff:
    """Ordered by its handler."""
    return await calling.place_call_off(
        db, call_off_id=planned.call_off_id, caller=those.handler, expected_revision=planned.revision, now=NOW
    )


async def test_a_delivery_is_ordered_at_the_agreed_price_and_needs_no_other_approval(db: AsyncSession):
    those = await parties(db)
    contract = await signed(db, those, weekdays=[], price_fen=3111)
    planned = await placed(db, those, await called(db, those, contract))
    assert planned.purchase_id is not None
    purchase = await purchase_queries.get_purchase(db, planned.purchase_id)
    assert (purchase.way, purchase.status, purchase.goods_fen) == ("CALL_OFF", "ORDERED", 31_110)
    modes = await db.execute(
        text(
            "SELECT placed.mode, placed.status FROM orders AS placed JOIN unit_orders USING (order_id)"
            " WHERE purchase_id = :id"
        ),
        {"id": planned.purchase_id},
    )
    assert modes.all() == [("TARGETED_LONG_TERM", "PENDING_CONFIRM")]
    assert (await only_line(db, contract)).called_count == 10
    committed = await db.scalar(text("SELECT committed_fen FROM budgets WHERE unit_id = :id"), {"id": those.unit_id})
    assert committed == purchase.total_fen


async def test_a_floor_floats_with_the_price_of_the_day(db: AsyncSession):
    those = await parties(db)
    contract = await signed(
        db, those, weekdays=[], price_rule="FLOOR_FLOAT", float_bp=5000, price_fen=those.sku.price_fen - 1000
    )
    planned = await placed(db, those, await called(db, those, contract))
    [line] = await queries.list_call_off_lines(db, [planned.call_off_id])
    assert line.unit_price_fen == those.sku.price_fen - 500


@pytest.mark.parametrize(
    ("given", "code"), [({"budget_fen": 10_000}, "budget-exceeded"), ({"stock": 9}, "stock-short")]
)
async def test_what_cannot_be_paid_or_sent_stays_planned(db: AsyncSession, given: dict[str, Any], code: str):
    those = await parties(db, **given)
    contract = await signed(db, those, weekdays=[])
    planned = await called(db, those, contract)
    async with db.begin_nested() as attempt:
        with pytest.raises(Conflict) as refused:
            await placed(db, those, planned)
        await attempt.rollback()
    assert refused.value.code == code
    await db.refresh(planned)
    assert (planned.status, planned.purchase_id) == ("PLANNED", None)
    assert (await only_line(db, contract)).called_count == 0


async def made(database: Database, *, most_count: int = 100, weekdays: tuple[int, ...] = ()) -> tuple[Parties, UUID]:
    async with database.begin() as db:
        those = await parties(db)
        contract = await signed(db, those, weekdays=list(weekdays), most_count=most_count)
        return those, contract.contract_id


async def test_beside_each_other_a_delivery_is_ordered_once(fresh_database: Database):
    those, contract_id = await made(fresh_database)
    async with fresh_database.begin() as db:
        planned = await called(db, those, await queries.lock_contract(db, contract_id))

    async def one() -> str:
        try:
            async with fresh_database.begin() as db:
                await calling.place_call_off(
                    db, call_off_id=planned.call_off_id, caller=those.handler, expected_revision=None, now=NOW
                )
        except Refusal as refusal:
            return refusal.code
        return "placed"

    answers = await asyncio.gather(*(one() for _ in range(6)))
    assert sorted(answers) == ["call-off-status"] * 5 + ["placed"]
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM unit_orders")) == 1
        [line] = await queries.list_lines(db, contract_id)
        assert line.called_count == 10


async def test_what_its_supplier_refuses_may_be_called_again(fresh_database: Database):
    those, contract_id = await made(fresh_database)
    async with fresh_database.begin() as db:
        contract = await queries.lock_contract(db, contract_id)
        planned = await placed(db, those, await called(db, those, contract))
        order_id = await db.scalar(text("SELECT order_id FROM unit_orders"))
    await jobs.follow_orders(fresh_database)
    async with fresh_database.begin() as db:
        assert (await queries.get_call_off(db, planned.call_off_id)).status == "PLACED"
        await unit_order_actions.refuse_order(
            db, order_id=order_id, reason="缺货", caller=those.supplier, now=NOW + timedelta(hours=1)
        )
    await jobs.follow_orders(fresh_database)
    await jobs.follow_orders(fresh_database)
    async with fresh_database.begin() as db:
        assert (await queries.get_call_off(db, planned.call_off_id)).status == "CANCELLED"
        contract = await queries.lock_contract(db, contract_id)
        assert (await only_line(db, contract)).called_count == 0
        again = await placed(db, those, await called(db, those, contract))
        assert (again.status, again.deliver_on) == ("PLACED", planned.deliver_on)


async def test_the_clock_orders_in_time_and_says_what_it_could_not(fresh_database: Database):
    those, contract_id = await made(fresh_database, most_count=15, weekdays=(1, 2, 3, 4, 5, 6, 7))
    now = utc_now()
    today = business_day(now)
    async with fresh_database.begin() as db:
        for days in (3, 4, 9):
            await db.execute(
                text(
                    "INSERT INTO call_offs (call_off_id, contract_id, status, deliver_on, created_at, changed_at)"
                    " VALUES (gen_random_uuid(), :contract_id, 'PLANNED', :day, :now, :now)"
                ),
                {"contract_id": contract_id, "day": today + timedelta(days=days), "now": now},
            )
        await db.execute(
            text("INSERT INTO call_off_lines SELECT call_off_id, line_id, 10 FROM call_offs, contract_lines")
        )
    await jobs.place_deliveries(fresh_database)
    await jobs.place_deliveries(fresh_database)
    async with fresh_database.read() as db:
        found = await queries.list_call_offs(db, those.handler, limit=9)
    *due, later = [(call.status, call.problem) for call, _ in found]
    assert sorted(due) == [("PLACED", ""), ("PLANNED", "contract-exhausted")]
    assert later == ("PLANNED", "")
