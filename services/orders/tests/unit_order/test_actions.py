"""An order on account: placed, confirmed, refused, lapsed, sent, brought, counted."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.line_refund import queries as line_refund_queries
from orders.order import actions as order_actions
from orders.order import shortfall
from orders.stock import queries as stock_queries
from orders.trail import queries as trail_queries
from orders.unit_order import actions, pausing, queries, rules
from services.orders.tests.factories import NOW
from services.orders.tests.unit_order.buying import bought, bring, delivered, stage_of
from shared.auth import Caller
from shared.errors import Conflict, NotFound, Refusal

LATER = NOW + timedelta(days=1)


async def told(db: AsyncSession) -> list[str]:
    return list(await db.scalars(text("SELECT type FROM outbox ORDER BY position")))


async def budget_of(db: AsyncSession, unit_id: UUID) -> tuple[int, int]:
    [row] = await db.execute(text("SELECT committed_fen, consumed_fen FROM budgets WHERE unit_id = :u"), {"u": unit_id})
    return row.committed_fen, row.consumed_fen


async def test_it_is_placed_without_a_payment_and_holds_its_stock(db: AsyncSession):
    deal = await bought(db, 10, delivery_fen=800)
    own = await stage_of(db, deal.order_id)
    assert (own.stage, own.way, own.fund, own.budget_year) == ("PENDING_CONFIRM", "DIRECT", "CANTEEN", 2026)
    assert rules.is_payment_code(own.payment_code)
    count = await stock_queries.get_count(db, deal.sku_ids[0])
    assert (count.available, count.on_hand) == (90, 100)
    [order] = (await db.execute(text("SELECT status, mode, payable_fen, paid_at, is_on_account FROM orders"))).all()
    assert tuple(order) == ("PENDING_CONFIRM", "INSTITUTIONAL", 35_800, None, True)
    assert (await told(db))[-2:] == ["orders.order-placed.v1", "orders.confirmation-asked.v1"]


async def test_from_the_suppliers_word_to_the_goods(db: AsyncSession):
    deal = await delivered(db, 10)
    own = await stage_of(db, deal.order_id)
    assert own.stage == "DELIVERED"
    assert [own.confirmed_at, own.shipped_at, own.delivered_at] == [NOW + timedelta(hours=each) for each in (1, 2, 3)]
    verbs = [entry.verb for entry in await trail_queries.list_trail(db, deal.order_id)]
    assert verbs == ["place", "confirm", "ship", "deliver"]
    assert (await told(db))[-1] == "orders.order-confirmed.v1"
    assert await budget_of(db, deal.unit_id) == (35_000, 0)
    count = await stock_queries.get_count(db, deal.sku_ids[0])
    assert (count.available, count.on_hand) == (90, 90)


async def test_a_refusal_gives_stock_and_budget_back(db: AsyncSession):
    deal = await bought(db, 10)
    own = await actions.refuse_order(db, order_id=deal.order_id, reason="今年歉收", caller=deal.supplier, now=LATER)
    assert (own.stage, own.end_reason, own.ended_at) == ("REFUSED", "今年歉收", LATER)
    assert await budget_of(db, deal.unit_id) == (0, 0)
    assert (await stock_queries.get_count(db, deal.sku_ids[0])).available == 100
    with pytest.raises(Conflict) as refused:
        await actions.confirm_order(db, order_id=deal.order_id, caller=deal.supplier, now=LATER)
    assert refused.value.code == "unit-order-status"


async def test_nobody_but_its_supplier_confirms(db: AsyncSession):
    deal, other = await bought(db), await bought(db)
    for caller in (other.supplier, deal.member("admin")):
        with pytest.raises(NotFound) as refused:
            await actions.confirm_order(db, order_id=deal.order_id, caller=caller, now=LATER)
        assert refused.value.code == "unit-order-not-found"


async def test_the_clock_reminds_and_then_lets_it_lapse(db: AsyncSession):
    deal = await bought(db)  # on a Sunday: three working days end on Wednesday
    own = await stage_of(db, deal.order_id)
    assert own.remind_at == NOW.replace(day=25, hour=16)
    assert own.lapses_at == NOW.replace(month=12, day=7, hour=16)
    assert not await queries.list_to_remind(db, now=own.remind_at - timedelta(seconds=1), limit=9)
    assert list(await queries.list_to_remind(db, now=own.remind_at, limit=9)) == [deal.order_id]
    await actions.remind_supplier(db, order_id=deal.order_id, now=own.remind_at)
    assert not await queries.list_to_remind(db, now=own.remind_at, limit=9)
    asked = await db.scalars(
        text("SELECT data FROM outbox WHERE type = 'orders.confirmation-asked.v1' ORDER BY position")
    )
    assert [event["is_reminder"] for event in asked] == [False, True]
    await actions.lapse_order(db, order_id=deal.order_id, now=own.lapses_at - timedelta(seconds=1))
    assert (await stage_of(db, deal.order_id)).stage == "PENDING_CONFIRM"
    with pytest.raises(Conflict) as late:
        await actions.confirm_order(db, order_id=deal.order_id, caller=deal.supplier, now=own.lapses_at)
    assert late.value.code == "unit-order-lapsed"
    assert list(await queries.list_to_lapse(db, now=own.lapses_at, limit=9)) == [deal.order_id]
    await actions.lapse_order(db, order_id=deal.order_id, now=own.lapses_at)
    own = await stage_of(db, deal.order_id)
    assert (own.stage, own.end_reason) == ("CANCELLED", "not-confirmed-in-time")
    assert await budget_of(db, deal.unit_id) == (0, 0)
    assert (await stock_queries.get_count(db, deal.sku_ids[0])).available == 100


async def test_a_unit_cancels_until_goods_have_left(db: AsyncSession):
    deal = await bought(db)
    await actions.confirm_order(db, order_id=deal.order_id, caller=deal.supplier, now=LATER)
    with pytest.raises(Refusal) as refused:
        await actions.cancel_order(db, order_id=deal.order_id, reason="x", caller=deal.member("approver"), now=LATER)
    assert refused.value.code == "duty-missing"
    await actions.cancel_order(db, order_id=deal.order_id, reason="食堂停业", caller=deal.member("buyer"), now=LATER)
    assert (await stage_of(db, deal.order_id)).stage == "CANCELLED"
    [event] = await db.scalars(text("SELECT data FROM outbox WHERE type = 'orders.order-cancelled.v1'"))
    assert (event["was_paid"], event["was_confirmed"], event["refunded_fen"]) == (False, True, 0)

    gone = await delivered(db)
    with pytest.raises(Conflict) as refused:
        await actions.cancel_order(db, order_id=gone.order_id, reason="x", caller=gone.member("buyer"), now=LATER)
    assert refused.value.code == "order-shipped"


async def test_it_is_no_prepaid_order(db: AsyncSession):
    deal = await bought(db)
    operator = Caller(person_id=uuid4(), kind="operator", organisation_id=None, roles=frozenset(), regions=frozenset())
    with pytest.raises(Conflict) as refused:
        await order_actions.cancel_order(db, order_id=deal.order_id, reason="x", caller=operator, now=LATER)
    assert refused.value.code == "order-on-account"


async def test_its_goods_are_no_buyers_claim(db: AsyncSession):
    deal = await delivered(db)
    [row] = await db.execute(text("SELECT line_id, buyer_id FROM order_lines, orders"))
    with pytest.raises(Conflict) as refused:
        await line_refund_queries.get_sold_line(db, row.line_id, buyer_id=row.buyer_id, order_id=deal.order_id)
    assert refused.value.code == "order-on-account"


async def test_what_cannot_be_sent_costs_nothing(db: AsyncSession):
    deal = await bought(db, 10)
    await actions.confirm_order(db, order_id=deal.order_id, caller=deal.supplier, now=LATER)
    await shortfall.give_up(
        db,
        shortfall_id=deal.unit_id,
        order_id=deal.order_id,
        supplier_order_id=deal.supplier_order_id,
        quantities={deal.sku_ids[0]: 10},
        reason="山洪",
        now=LATER,
    )
    assert (await stage_of(db, deal.order_id)).stage == "CANCELLED"
    assert await budget_of(db, deal.unit_id) == (0, 0)
    [given_up] = await db.scalars(text("SELECT data FROM outbox WHERE type = 'orders.pieces-given-up.v1'"))
    assert given_up["refunded_fen"] == 0
    assert not await db.scalar(text("SELECT count(*) FROM refunds"))


async def test_the_rest_may_be_given_up_after_some_left(db: AsyncSession):
    deal = await bought(db, 10)
    await actions.confirm_order(db, order_id=deal.order_id, caller=deal.supplier, now=LATER)
    sent = {"order_id": deal.order_id, "supplier_order_id": deal.supplier_order_id}
    await order_actions.mark_shipped(db, **sent, quantities={deal.sku_ids[0]: 7}, shipped_at=LATER)
    assert (await stage_of(db, deal.order_id)).stage == "CONFIRMED"
    await shortfall.give_up(
        db, **sent, shortfall_id=deal.unit_id, quantities={deal.sku_ids[0]: 3}, reason="山洪", now=LATER
    )
    assert (await stage_of(db, deal.order_id)).stage == "SHIPPED"


async def test_sums_keep_ordered_and_completed_apart(db: AsyncSession):
    deal = await delivered(db, 10)
    assert await queries.sums_of_year(db, [deal.unit_id], 2026) == {(deal.unit_id, "CANTEEN"): (35_000, 0)}
    step = {"order_id": deal.order_id, "actor": "unit", "now": LATER}
    await actions.move_on(db, **step, verb="accept", accepted_fen=30_000, due_on=date(2026, 12, 22))
    assert await queries.sums_of_year(db, [deal.unit_id], 2026) == {(deal.unit_id, "CANTEEN"): (30_000, 0)}
    for verb in ("check_invoice", "settle", "complete"):
        await actions.move_on(db, **step, verb=verb)
    assert await queries.sums_of_year(db, [deal.unit_id], 2026) == {(deal.unit_id, "CANTEEN"): (30_000, 30_000)}
    assert not await queries.sums_of_year(db, [deal.unit_id], 2025)
    assert (await told(db))[-2:] == ["orders.order-settled.v1", "orders.order-counted.v1"]
    assert await db.scalar(text("SELECT status FROM orders")) == "COMPLETED"


async def test_the_database_holds_the_published_moves(db: AsyncSession):
    legal = {(before, after) for befores, after in rules.MOVES.values() for before in befores}
    stages = {stage for pair in legal for stage in pair}
    for before in stages:
        for after in stages - {before}:
            asked = text("SELECT unit_order_may_move(:before, :after)")
            found = await db.scalar(asked, {"before": before, "after": after})
            assert found == ((before, after) in legal), (before, after)


async def test_a_pause_stops_all_but_the_road(db: AsyncSession):
    deal = await delivered(db)
    own = await stage_of(db, deal.order_id)
    await pausing.pause(db, own, now=LATER)
    with pytest.raises(Conflict) as refused:
        await actions.move_on(db, order_id=deal.order_id, verb="refuse_goods", actor="unit", now=LATER)
    assert refused.value.code == "order-disputed"
    with pytest.raises(IntegrityError, match="no such move"):
        async with db.begin_nested():
            await db.execute(text("UPDATE unit_orders SET stage = 'REFUSED', ended_at = now()"))


async def test_a_pause_moves_the_clocks(db: AsyncSession):
    deal = await bought(db)
    before = await stage_of(db, deal.order_id)
    lapses_at = before.lapses_at
    await pausing.pause(db, before, now=LATER)
    assert not await queries.list_to_lapse(db, now=lapses_at, limit=9)
    await pausing.resume(db, before, now=LATER + timedelta(days=3))
    assert (await stage_of(db, deal.order_id)).lapses_at == lapses_at + timedelta(days=3)


async def test_only_an_order_on_account_is_a_units(db: AsyncSession):
    deal = await bought(db)
    await bring(db, deal, (10,))
    with pytest.raises(IntegrityError, match="account_is_not_prepaid"):
        async with db.begin_nested():
            await db.execute(text("UPDATE orders SET paid_at = now(), payment_id = gen_random_uuid()"))
