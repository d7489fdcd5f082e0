"""Money that comes after the order's time is over: the order is taken up again if all of it is there, else refunded."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions as order_actions
from orders.order import rules as order_rules
from orders.payment import settling
from orders.sku import actions as sku_actions
from orders.stock import actions as stock_actions
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW, WINDOW, listed_sku, placed_order
from services.orders.tests.payment.payment_factories import arrived, opened_payment, paid_trade, refunds_of, row_of
from shared.auth import Caller
from shared.db import Database
from shared.errors import Conflict
from shared.events.catalog import SkuDelisted
from shared.events.orders import OrderPaid
from shared.testing import published

LATE = NOW + WINDOW + timedelta(minutes=2)
OF_ORDER = text("""
    SELECT status, cancelled_at, cancel_reason,
           (SELECT array_agg(DISTINCT fulfilment) FROM supplier_orders WHERE order_id = :id) AS fulfilments,
           (SELECT string_agg(change, ' ' ORDER BY change_id) FROM order_changes WHERE order_id = :id) AS history
    FROM orders WHERE order_id = :id
""")


async def overdue(db: AsyncSession, *, stock: int = 2) -> tuple[order_rules.OrderDraft, UUID, UUID]:
    """An expired order of two pieces with its open payment: the draft, payment_id, sku_id."""
    sku = await listed_sku(db, stock=stock)
    draft = await placed_order(db, (sku.sku_id, 2))
    payment_id = await opened_payment(
        db, order_id=draft.order_id, amount_fen=draft.payable_fen, buyer_id=draft.buyer.person_id
    )
    assert await order_actions.expire_unpaid(db, now=NOW + WINDOW) == 1
    return draft, payment_id, sku.sku_id


async def tell(db: AsyncSession, payment_id: UUID, amount_fen: int, **given: Any) -> settling.Outcome:
    notice = arrived(paid_trade(payment_id, amount_fen))
    return await settling.take_notice(db, notice, **{"now": LATE, **given})


async def is_refunded(db: AsyncSession, draft: order_rules.OrderDraft, payment_id: UUID) -> bool:
    """The order stays as it was; all of the money goes back; stock, holds and ledger agree."""
    order = (await db.execute(OF_ORDER, {"id": draft.order_id})).one()
    assert (order.status, order.fulfilments, order.history) == ("CANCELLED", ["CANCELLED"], "PLACED CANCELLED")
    assert await refunds_of(db, payment_id) == [(draft.payable_fen, "order-cancelled", "REQUESTED")]
    assert (await row_of(db, payment_id)).refunded_fen == draft.payable_fen
    assert await published(db, OrderPaid) == []
    return await stock_queries.list_differences(db) == []


async def test_an_overdue_order_whose_goods_are_there_is_paid_after_all(db: AsyncSession):
    draft, payment_id, sku_id = await overdue(db)
    assert (await tell(db, payment_id, draft.payable_fen)).verdict == "capture"
    order = (await db.execute(OF_ORDER, {"id": draft.order_id})).one()
    assert (order.status, order.cancelled_at, order.cancel_reason) == ("PAID", None, None)
    assert (order.fulfilments, order.history) == (["PENDING_SHIPMENT"], "PLACED CANCELLED PAID")
    count = await stock_queries.get_count(db, sku_id)
    assert (count.on_hand, count.held, count.available) == (2, 2, 0)
    assert await stock_queries.list_differences(db) == []
    assert (await row_of(db, payment_id)).effect == "paid"
    assert await refunds_of(db, payment_id) == []
    assert [event.order_id for event in await published(db, OrderPaid)] == [draft.order_id]


async def test_it_is_shipped_as_any_other(db: AsyncSession):
    draft, payment_id, sku_id = await overdue(db)
    await tell(db, payment_id, draft.payable_fen)
    await order_actions.mark_shipped(
        db,
        order_id=draft.order_id,
        supplier_order_id=draft.parts[0].supplier_order_id,
        quantities={sku_id: 2},
        shipped_at=LATE,
    )
    count = await stock_queries.get_count(db, sku_id)
    assert (count.on_hand, count.held) == (0, 0)
    assert await stock_queries.list_differences(db) == []


async def test_goods_sold_to_somebody_else_are_not_sold_again(db: AsyncSession):
    draft, payment_id, sku_id = await overdue(db)
    await placed_order(db, (sku_id, 1), now=LATE)
    await tell(db, payment_id, draft.payable_fen)
    assert await is_refunded(db, draft, payment_id)
    assert (await stock_queries.get_count(db, sku_id)).held == 1


async def test_a_delisted_product_is_not_sold_by_late_money(db: AsyncSession):
    draft, payment_id, sku_id = await overdue(db)
    await sku_actions.delist_sku(db, SkuDelisted(sku_id=sku_id, reason="recall", revision=2, delisted_at=NOW))
    await tell(db, payment_id, draft.payable_fen)
    assert await is_refunded(db, draft, payment_id)


async def test_after_a_day_the_order_is_past(db: AsyncSession):
    draft, payment_id, _ = await overdue(db)
    await tell(db, payment_id, draft.payable_fen, now=NOW + WINDOW + order_rules.LATEST_REVIVAL + timedelta(seconds=1))
    assert await is_refunded(db, draft, payment_id)


async def test_what_the_buyer_cancelled_stays_cancelled(db: AsyncSession):
    draft = await placed_order(db)
    payment_id = await opened_payment(
        db, order_id=draft.order_id, amount_fen=draft.payable_fen, buyer_id=draft.buyer.person_id
    )
    caller = Caller(draft.buyer.person_id)
    await order_actions.cancel_order(db, order_id=draft.order_id, reason="no", caller=caller, now=NOW)
    await tell(db, payment_id, draft.payable_fen)
    assert await is_refunded(db, draft, payment_id)


async def test_holding_again_keeps_an_open_hold_and_a_refusal_changes_nothing(db: AsyncSession):
    sku = await listed_sku(db, stock=2)
    holder = uuid4()
    held = {"holder_id": holder, "purpose": "order", "until": None, "now": NOW}
    await stock_actions.hold_stock(db, quantities={sku.sku_id: 2}, **held)
    await stock_actions.release_stock(db, holder_ids=[holder], now=NOW)
    with pytest.raises(Conflict) as refusal:
        await stock_actions.hold_again(db, quantities={sku.sku_id: 3}, **held)
    assert refusal.value.code == "stock-short"
    kept = "SELECT quantity FROM stock_holds WHERE holder_id = :id AND open_count = 0"
    assert await db.scalar(text(kept), {"id": holder}) == 2
    await stock_actions.hold_again(db, quantities={sku.sku_id: 1}, **held)
    assert (await stock_queries.get_count(db, sku.sku_id)).held == 1


async def test_late_money_and_a_new_buyer_at_once_sell_the_last_pieces_once(fresh_database: Database):
    """CASES T4 in parallel: whoever is first has the goods; the other has its money back or a refusal."""
    for _ in range(6):
        async with fresh_database.begin() as db:
            draft, payment_id, sku_id = await overdue(db)

        async def buy(sku_id: UUID = sku_id) -> str:
            try:
                async with fresh_database.begin() as db:
                    await placed_order(db, (sku_id, 1), now=LATE)
            except Conflict as refusal:
                return refusal.code
            return "placed"

        notice = arrived(paid_trade(payment_id, draft.payable_fen))
        outcome, _, bought = await asyncio.gather(
            settling.receive_notice(fresh_database, notice, now=LATE),
            settling.receive_notice(fresh_database, notice, now=LATE),
            buy(),
        )
        assert outcome.verdict in {"capture", "repeat"}
        async with fresh_database.read() as db:
            order = (await db.execute(OF_ORDER, {"id": draft.order_id})).one()
            refunds = await refunds_of(db, payment_id)
            count = await stock_queries.get_count(db, sku_id)
            assert await stock_queries.list_differences(db) == []
        if bought == "placed":
            assert (order.status, count.held) == ("CANCELLED", 1)
            assert refunds == [(draft.payable_fen, "order-cancelled", "REQUESTED")]
        else:
            assert (bought, order.status, count.held, refunds) == ("stock-short", "PAID", 2, [])


async def test_late_money_beside_expiry_pays_once_whoever_is_first(fresh_database: Database):
    """The notice comes in the very moment in which the minute's job cancels: paid before, or taken up again."""
    for _ in range(8):
        async with fresh_database.begin() as db:
            sku = await listed_sku(db, stock=2)
            draft = await placed_order(db, (sku.sku_id, 2))
            payment_id = await opened_payment(
                db, order_id=draft.order_id, amount_fen=draft.payable_fen, buyer_id=draft.buyer.person_id
            )

        async def expire() -> int:
            async with fresh_database.begin() as db:
                return await order_actions.expire_unpaid(db, now=NOW + WINDOW)

        notice = arrived(paid_trade(payment_id, draft.payable_fen))
        await asyncio.gather(
            expire(), *(settling.receive_notice(fresh_database, notice, now=LATE) for _ in range(3)), expire()
        )
        async with fresh_database.read() as db:
            order = (await db.execute(OF_ORDER, {"id": draft.order_id})).one()
            assert (order.status, await refunds_of(db, payment_id)) == ("PAID", [])
            assert (await stock_queries.get_count(db, sku.sku_id)).held == 2
            assert await stock_queries.list_differences(db) == []
