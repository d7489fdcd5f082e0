"""The usual notice is settled by one read and one statement; whatever comes between the two is judged again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions as order_actions
from orders.order import rules as order_rules
from orders.payment import rules, settling
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW, WINDOW, placed_order
from services.orders.tests.payment.payment_factories import arrived, opened_payment, paid_trade, refunds_of, row_of
from shared.auth import Caller
from shared.bell import CHANNEL
from shared.db import Database
from shared.direct import Statement
from shared.events.orders import OrderPaid
from shared.testing import published

SOON = NOW + timedelta(minutes=2)
SETTLE = Statement("""
    SELECT settle_payment(:payment_id, :seen_status, :paid_fen, 't1', 'paid', :paid_at, :order_id, :event,
                          :provider, 'n1', 'TRANSACTION.SUCCESS', '{}', 'body', :paid_at)
""")
CANCELLED = text("UPDATE orders SET status = 'CANCELLED', cancelled_at = now() WHERE order_id = :id")
Change = Callable[[AsyncSession, order_rules.OrderDraft], Awaitable[object]]


async def unpaid(database: Database, **given: Any) -> tuple[order_rules.OrderDraft, UUID]:
    """An order of 7960 fen and its open payment, committed."""
    async with database.begin() as db:
        draft = await placed_order(db)
        payment_id = await opened_payment(
            db, order_id=draft.order_id, amount_fen=draft.payable_fen, buyer_id=draft.buyer.person_id, **given
        )
    return draft, payment_id


async def value(database: Database, statement: str, **values: Any) -> Any:
    async with database.read() as db:
        return await db.scalar(text(statement), values)


async def notices(database: Database) -> list[tuple[str, int]]:
    async with database.read() as db:
        rows = await db.execute(text("SELECT outcome, received_count FROM payment_notices"))
        return [(row.outcome, row.received_count) for row in rows]


async def paid_events(database: Database) -> list[UUID]:
    async with database.read() as db:
        return [told.order_id for told in await published(db, OrderPaid) if isinstance(told, OrderPaid)]


async def is_balanced(database: Database) -> bool:
    async with database.read() as db:
        return await stock_queries.list_differences(db) == []


async def test_the_usual_notice_takes_two_round_trips_and_does_all(fresh_database: Database):
    draft, payment_id = await unpaid(fresh_database)
    await fresh_database.bell.silence()  # what placing published is told
    await fresh_database.engine.dispose()  # so that every connection from now on is watched
    sent: list[str] = []

    @event.listens_for(fresh_database.engine.sync_engine, "connect")
    def _watch(connection: Any, _: object) -> None:
        connection.driver_connection.add_query_logger(lambda record: sent.append(record.query))

    trade = paid_trade(payment_id, draft.payable_fen)
    outcome = await settling.receive_notice(fresh_database, arrived(trade), now=SOON)
    await asyncio.sleep(0)  # the watch is told by the loop
    statements = [query for query in sent if "pg_catalog" not in query and "pg_notify" not in query]
    assert ["settle_payment(" in query for query in statements] == [False, True]
    assert outcome == settling.Outcome("capture", payment_id, 7960)

    async with fresh_database.read() as db:
        payment = await row_of(db, payment_id)
        [told] = await published(db, OrderPaid)
    assert (payment.status, payment.captured_fen, payment.effect) == ("PAID", 7960, "paid")
    assert (payment.transaction_id, payment.paid_at) == (trade.transaction_id, NOW + timedelta(minutes=1))
    assert isinstance(told, OrderPaid)
    assert (told.order_id, told.paid_at, told.payable_fen) == (draft.order_id, payment.paid_at, 7960)
    assert [line.line_id for part in told.parts for line in part.lines] == [line.line_id for line in draft.lines]
    of_order = {"id": draft.order_id}
    assert await value(fresh_database, "SELECT payment_id FROM orders WHERE order_id = :id", **of_order) == payment_id
    parts = "SELECT fulfilment FROM supplier_orders WHERE order_id = :id"
    assert await value(fresh_database, parts, **of_order) == "PENDING_SHIPMENT"
    holds = "SELECT expires_at IS NULL AND open_count = 2 FROM stock_holds WHERE holder_id = :id"
    assert await value(fresh_database, holds, **of_order) is True
    history = "SELECT string_agg(change, ' ' ORDER BY change_id) FROM order_changes WHERE order_id = :id"
    assert await value(fresh_database, history, **of_order) == "PLACED PAID"
    assert await notices(fresh_database) == [("capture", 1)]
    assert await is_balanced(fresh_database)


async def test_readers_of_the_feed_are_told_of_it(fresh_database: Database):
    draft, payment_id = await unpaid(fresh_database)
    await fresh_database.bell.silence()
    heard: list[str] = []
    listener = await asyncpg.connect(fresh_database.url)
    await listener.add_listener(CHANNEL, lambda *told: heard.append(told[3]))
    notice = arrived(paid_trade(payment_id, draft.payable_fen))
    await settling.receive_notice(fresh_database, notice, now=SOON)
    await fresh_database.bell.silence()
    await listener.execute("SELECT 1")
    await listener.close()
    assert heard == [OrderPaid.type]


async def test_repeated_beside_itself_it_has_one_effect(fresh_database: Database):
    draft, payment_id = await unpaid(fresh_database)
    notice = arrived(paid_trade(payment_id, draft.payable_fen))
    outcomes = await asyncio.gather(
        *(settling.receive_notice(fresh_database, notice, now=SOON) for _ in range(12)),
    )
    assert sorted(outcome.verdict for outcome in outcomes) == ["capture"] + ["repeat"] * 11
    assert await notices(fresh_database) == [("capture", 12)]
    assert await paid_events(fresh_database) == [draft.order_id]


async def cancel(db: AsyncSession, draft: order_rules.OrderDraft) -> object:
    caller = Caller(draft.buyer.person_id)
    return await order_actions.cancel_order(db, order_id=draft.order_id, reason="no", caller=caller, now=SOON)


async def expire(db: AsyncSession, _: order_rules.OrderDraft) -> object:
    return await order_actions.expire_unpaid(db, now=NOW + WINDOW)


async def pay_otherwise(db: AsyncSession, draft: order_rules.OrderDraft) -> object:
    return await order_actions.settle_payment(
        db, order_id=draft.order_id, payment_id=uuid4(), paid_fen=draft.payable_fen, paid_at=SOON, now=SOON
    )


async def until_somebody_waits_for_a_lock(database: Database) -> None:
    waiting = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%settle_payment(%'
    """
    for _ in range(400):
        if await value(database, waiting):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        (cancel, "CANCELLED", "order-cancelled"),
        (pay_otherwise, "PAID", "paid-by-another-payment"),
    ],
)
async def test_what_happens_to_the_order_after_it_was_read_is_seen(
    fresh_database: Database, change: Change, status: str, reason: str
):
    draft, payment_id = await unpaid(fresh_database)
    notice = arrived(paid_trade(payment_id, draft.payable_fen))
    async with fresh_database.begin() as db:
        await change(db, draft)  # not committed: the notice still reads an order that waits, and then waits for its row
        receiving = asyncio.create_task(settling.receive_notice(fresh_database, notice, now=SOON))
        await until_somebody_waits_for_a_lock(fresh_database)
    outcome = await receiving
    assert outcome.verdict == "capture"
    async with fresh_database.read() as db:
        payment = await row_of(db, payment_id)
        refunds = await refunds_of(db, payment_id)
    assert (payment.status, payment.effect) == ("PAID", "refund-due")
    assert refunds == [(7960, reason, "REQUESTED")]
    of_order = "SELECT status FROM orders WHERE order_id = :id"
    assert await value(fresh_database, of_order, id=draft.order_id) == status
    assert await notices(fresh_database) == [("capture", 1)]
    assert await paid_events(fresh_database) == ([draft.order_id] if status == "PAID" else [])
    assert await is_balanced(fresh_database)


async def test_two_channels_at_once_pay_once_and_give_the_other_back(fresh_database: Database):
    for _ in range(5):
        draft, first = await unpaid(fresh_database)
        async with fresh_database.begin() as db:
            second = await opened_payment(
                db, order_id=draft.order_id, amount_fen=7960, buyer_id=draft.buyer.person_id, provider="second-channel"
            )
        of_first = arrived(paid_trade(first, 7960))
        of_second = settling.ArrivedNotice("second-channel", arrived(paid_trade(second, 7960)).notice, {}, b"{}")
        await asyncio.gather(
            *(settling.receive_notice(fresh_database, each, now=SOON) for each in [of_first, of_second] * 3)
        )
        async with fresh_database.read() as db:
            effects = [(await row_of(db, each)).effect for each in (first, second)]
            refunds = [await refunds_of(db, each) for each in (first, second)]
        assert sorted(effects) == ["paid", "refund-due"]
        assert sorted(refunds, key=len) == [[], [(7960, "paid-by-another-payment", "REQUESTED")]]
        assert (await paid_events(fresh_database)).count(draft.order_id) == 1


async def test_money_for_a_closed_payment_still_pays_its_order_at_once(fresh_database: Database):
    draft, payment_id = await unpaid(fresh_database)
    async with fresh_database.begin() as db:
        await settling.take_trade(db, rules.Trade(payment_id.hex, "CLOSED"), provider="sandbox", now=SOON)
    notice = arrived(paid_trade(payment_id, draft.payable_fen))
    assert (await settling.receive_notice(fresh_database, notice, now=SOON)).verdict == "capture"
    async with fresh_database.read() as db:
        payment = await row_of(db, payment_id)
    assert (payment.status, payment.effect, payment.closed_at) == ("PAID", "paid", None)
    assert await paid_events(fresh_database) == [draft.order_id]


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({"total_fen": 7959}, "amount-mismatch"),
        ({"currency": "USD"}, "amount-mismatch"),
        ({"number": uuid4().hex}, "unknown-payment"),
        ({"number": "no number of ours"}, "unknown-payment"),
        ({"state": "NOTPAY"}, "nothing"),
        ({"state": "CLOSED"}, "close"),
    ],
)
async def test_any_other_notice_is_kept_and_pays_nothing(fresh_database: Database, given: dict[str, Any], verdict: str):
    draft, payment_id = await unpaid(fresh_database)
    notice = arrived(paid_trade(payment_id, draft.payable_fen, **given))
    assert (await settling.receive_notice(fresh_database, notice, now=SOON)).verdict == verdict
    assert await notices(fresh_database) == [(verdict, 1)]
    of_order = "SELECT status FROM orders WHERE order_id = :id"
    assert await value(fresh_database, of_order, id=draft.order_id) == "PENDING_PAYMENT"
    assert await value(fresh_database, "SELECT captured_fen FROM payments") == 0
    assert await paid_events(fresh_database) == []


@pytest.mark.parametrize(
    "given",
    [
        {"paid_fen": 7959},
        {"seen_status": "CLOSED"},
        {"provider": "another"},
        {"payment_id": uuid4()},
        {"order_id": uuid4()},
        {"is_cancelled": True},
    ],
)
async def test_the_database_settles_nothing_that_is_not_as_it_was_seen(db: AsyncSession, given: dict[str, Any]):
    draft = await placed_order(db)
    payment_id = await opened_payment(db, order_id=draft.order_id, amount_fen=7960, buyer_id=draft.buyer.person_id)
    if given.get("is_cancelled"):
        await db.execute(CANCELLED, {"id": draft.order_id})
    row = '{"id": "019a0000-0000-7000-8000-00000000000a", "type": "t", "subject": "s", "time": "2026-11-22", "data": 1}'
    values = {"payment_id": payment_id, "seen_status": "PENDING", "paid_fen": 7960, "paid_at": SOON, "event": row}
    seen = values | {"order_id": draft.order_id, "provider": "sandbox"} | given
    assert await SETTLE.rows(db, seen) == [(False,)]
    payment = await row_of(db, payment_id)
    assert (payment.status, payment.captured_fen, payment.transaction_id) == ("PENDING", 0, None)
    assert await db.scalar(text("SELECT count(*) FROM orders WHERE status = 'PAID'")) == 0
    assert await db.scalar(text("SELECT count(*) FROM payment_notices")) == 0
    assert await db.scalar(text("SELECT count(*) FROM outbox WHERE type = 't'")) == 0
    assert await db.scalar(text("SELECT count(*) FROM order_changes WHERE change = 'PAID'")) == 0
