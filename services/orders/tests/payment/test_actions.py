"""Payments and refunds on real PostgreSQL: one effect however often and in whatever order the provider speaks."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions as order_actions
from orders.payment import actions, rules, settling
from services.orders.tests.factories import paid_order, placed_order
from services.orders.tests.payment.payment_factories import (
    NOW,
    arrived,
    captured_payment,
    jobs_queued,
    opened_payment,
    paid_trade,
    refunds_of,
    row_of,
)
from shared.auth import Caller
from shared.errors import Conflict
from shared.events.orders import OrderPaid
from shared.testing import published

SOON = NOW + timedelta(minutes=2)


async def open_for(db: AsyncSession, **given: object) -> tuple[UUID, UUID, int, UUID]:
    """An order and its open payment: order_id, payment_id, payable_fen, buyer_id."""
    buyer_id = uuid4()
    draft = await placed_order(db, buyer_id=buyer_id)
    payment_id = await opened_payment(
        db, order_id=draft.order_id, amount_fen=draft.payable_fen, buyer_id=buyer_id, **given
    )
    return draft.order_id, payment_id, draft.payable_fen, buyer_id


async def status_of(db: AsyncSession, order_id: UUID) -> str:
    return str(await db.scalar(text("SELECT status FROM orders WHERE order_id = :id"), {"id": order_id}))


async def notices(db: AsyncSession) -> list[tuple[str, int]]:
    rows = await db.execute(text("SELECT outcome, received_count FROM payment_notices ORDER BY received_at, notice_id"))
    return [(row.outcome, row.received_count) for row in rows]


async def test_a_notice_pays_the_order_at_the_providers_time(db: AsyncSession):
    order_id, payment_id, payable_fen, _ = await open_for(db)
    trade = paid_trade(payment_id, payable_fen)
    outcome = await settling.take_notice(db, arrived(trade), now=SOON)
    assert outcome.verdict == "capture"
    payment = await row_of(db, payment_id)
    assert (payment.status, payment.captured_fen, payment.effect) == ("PAID", 7960, "paid")
    assert (payment.transaction_id, payment.paid_at) == (trade.transaction_id, NOW + timedelta(minutes=1))
    assert await status_of(db, order_id) == "PAID"
    assert [event.paid_at for event in await published(db, OrderPaid)] == [NOW + timedelta(minutes=1)]


async def test_what_was_never_paid_is_never_given_back(db: AsyncSession):
    """CASES T22: an order that is taken back before its payment, and one that follows it, move no money."""
    order_id, payment_id, _, buyer_id = await open_for(db)
    await order_actions.cancel_order(db, order_id=order_id, reason="", caller=Caller(buyer_id), now=SOON)
    await open_for(db)
    assert await refunds_of(db, payment_id) == []
    assert await db.scalar(text("SELECT count(*) FROM refunds")) == 0
    assert (await row_of(db, payment_id)).captured_fen == 0


async def test_the_same_notice_five_times_has_one_effect(db: AsyncSession):
    _, payment_id, payable_fen, _ = await open_for(db)
    notice = arrived(paid_trade(payment_id, payable_fen))
    verdicts = [(await settling.take_notice(db, notice, now=SOON)).verdict for _ in range(5)]
    assert verdicts == ["capture", "repeat", "repeat", "repeat", "repeat"]
    assert await notices(db) == [("capture", 5)]
    assert len(await published(db, OrderPaid)) == 1
    assert await refunds_of(db, payment_id) == []


async def test_the_payers_poll_after_the_notice_changes_nothing(db: AsyncSession):
    _, payment_id, payable_fen, _ = await open_for(db)
    trade = paid_trade(payment_id, payable_fen)
    await settling.take_trade(db, trade, provider="sandbox", now=SOON)
    assert (await settling.take_notice(db, arrived(trade), now=SOON)).verdict == "repeat"
    assert len(await published(db, OrderPaid)) == 1


async def test_a_wrong_amount_is_kept_and_alarmed_and_pays_nothing(db: AsyncSession):
    order_id, payment_id, payable_fen, _ = await open_for(db)
    notice = arrived(paid_trade(payment_id, payable_fen - 1))
    outcome = await settling.take_notice(db, notice, now=SOON)
    await settling.take_notice(db, notice, now=SOON + timedelta(seconds=15))
    assert (outcome.verdict, outcome.expected_fen) == ("amount-mismatch", 7960)
    payment = await row_of(db, payment_id)
    assert (payment.status, payment.captured_fen) == ("PENDING", 0)
    assert (payment.alarm, payment.alarm_at) == ("amount-mismatch", SOON)
    assert payment.alarm_facts["amount_fen"] == 7960
    assert payment.alarm_facts["told_fen"] == 7959
    assert await status_of(db, order_id) == "PENDING_PAYMENT"
    assert await notices(db) == [("amount-mismatch", 2)]
    assert await published(db, OrderPaid) == []


async def test_success_after_cancellation_goes_back_at_once(db: AsyncSession):
    order_id, payment_id, payable_fen, buyer_id = await open_for(db)
    await order_actions.cancel_order(
        db, order_id=order_id, reason="changed my mind", caller=Caller(buyer_id), now=NOW + timedelta(seconds=30)
    )
    await settling.take_notice(db, arrived(paid_trade(payment_id, payable_fen)), now=SOON)
    payment = await row_of(db, payment_id)
    assert (payment.status, payment.effect, payment.refunded_fen) == ("PAID", "refund-due", 7960)
    assert await refunds_of(db, payment_id) == [(7960, "order-cancelled", "REQUESTED")]
    assert await jobs_queued(db) == 1
    assert await status_of(db, order_id) == "CANCELLED"


async def test_success_after_the_window_while_the_stock_is_still_held_pays(db: AsyncSession):
    order_id, payment_id, payable_fen, _ = await open_for(db)
    await settling.take_notice(db, arrived(paid_trade(payment_id, payable_fen)), now=NOW + timedelta(minutes=40))
    assert await status_of(db, order_id) == "PAID"
    assert await refunds_of(db, payment_id) == []


async def test_money_for_a_closed_payment_still_pays_its_order(db: AsyncSession):
    order_id, payment_id, payable_fen, _ = await open_for(db)
    number = rules.number_of(payment_id)
    await settling.take_trade(db, rules.Trade(number, "CLOSED"), provider="sandbox", now=SOON)
    assert (await row_of(db, payment_id)).status == "CLOSED"
    await settling.take_notice(db, arrived(paid_trade(payment_id, payable_fen)), now=SOON)
    assert (await row_of(db, payment_id)).status == "PAID"
    assert await status_of(db, order_id) == "PAID"


async def test_a_second_channels_payment_goes_back(db: AsyncSession):
    order_id, first, payable_fen, buyer_id = await open_for(db)
    second = await opened_payment(
        db, order_id=order_id, amount_fen=payable_fen, buyer_id=buyer_id, provider="second-channel"
    )
    await settling.take_trade(db, paid_trade(first, payable_fen), provider="sandbox", now=SOON)
    trade = paid_trade(second, payable_fen)
    for _ in range(3):
        await settling.take_trade(db, trade, provider="second-channel", now=SOON)
    assert await refunds_of(db, first) == []
    assert await refunds_of(db, second) == [(7960, "paid-by-another-payment", "REQUESTED")]
    assert [(await row_of(db, each)).effect for each in (first, second)] == ["paid", "refund-due"]
    assert await jobs_queued(db) == 1


async def test_a_notice_through_another_channel_does_not_touch_the_payment(db: AsyncSession):
    _, payment_id, payable_fen, _ = await open_for(db)
    outcome = await settling.take_trade(db, paid_trade(payment_id, payable_fen), provider="other", now=SOON)
    assert outcome.verdict == "unknown-payment"
    assert (await row_of(db, payment_id)).status == "PENDING"


async def test_a_notice_about_nothing_we_know_is_kept(db: AsyncSession):
    assert (await settling.take_notice(db, arrived(paid_trade(uuid4(), 100)), now=SOON)).verdict == "unknown-payment"
    assert (await settling.take_notice(db, arrived(None), now=SOON + timedelta(seconds=1))).verdict == "ignored"
    assert await notices(db) == [("unknown-payment", 1), ("ignored", 1)]


async def test_an_order_has_one_open_payment_through_a_provider(db: AsyncSession):
    order_id, payment_id, payable_fen, buyer_id = await open_for(db)
    with pytest.raises(AssertionError):
        await opened_payment(db, order_id=order_id, amount_fen=payable_fen, buyer_id=buyer_id)
    await settling.take_trade(db, rules.Trade(payment_id.hex, "CLOSED"), provider="sandbox", now=SOON)
    await opened_payment(db, order_id=order_id, amount_fen=payable_fen, buyer_id=buyer_id)


async def test_cancelling_a_paid_order_gives_its_payment_back(db: AsyncSession):
    buyer_id = uuid4()
    draft = await placed_order(db, buyer_id=buyer_id)
    payment_id = await captured_payment(db, order_id=draft.order_id, payable_fen=7960, buyer_id=buyer_id)
    await order_actions.cancel_order(db, order_id=draft.order_id, reason="too late", caller=Caller(buyer_id), now=SOON)
    assert await refunds_of(db, payment_id) == [(7960, "too late", "REQUESTED")]
    assert (await row_of(db, payment_id)).refunded_fen == 7960


async def test_a_refund_never_exceeds_what_is_left(db: AsyncSession):
    buyer_id = uuid4()
    draft = await placed_order(db, buyer_id=buyer_id)
    payment_id = await captured_payment(db, order_id=draft.order_id, payable_fen=7960, buyer_id=buyer_id)
    await actions.request_refund(db, order_id=draft.order_id, amount_fen=7000, reason="a", now=SOON)
    with pytest.raises(Conflict) as refusal:
        await actions.request_refund(db, order_id=draft.order_id, amount_fen=961, reason="b", now=SOON)
    assert (refusal.value.code, refusal.value.extra) == ("refund-exceeds-payment", {"left_fen": 960})
    await actions.request_refund(db, order_id=draft.order_id, amount_fen=960, reason="c", now=SOON)
    assert (await row_of(db, payment_id)).refunded_fen == 7960


async def test_the_database_refuses_a_refund_that_the_code_would_let_pass(db: AsyncSession):
    buyer_id = uuid4()
    draft = await placed_order(db, buyer_id=buyer_id)
    payment_id = await captured_payment(db, order_id=draft.order_id, payable_fen=7960, buyer_id=buyer_id)
    with pytest.raises(IntegrityError, match="refunds_fit_capture"):
        async with db.begin_nested():
            await actions.refund_payment(
                db, refund_id=uuid4(), payment_id=payment_id, amount_fen=7961, reason="x", now=SOON
            )
    assert await refunds_of(db, payment_id) == []


async def test_an_order_nobody_paid_has_nothing_to_give_back(db: AsyncSession):
    order_id, _, _, _ = await open_for(db)
    with pytest.raises(Conflict) as refusal:
        await actions.request_refund(db, order_id=order_id, amount_fen=1, reason="x", now=SOON)
    assert refusal.value.code == "order-not-paid"


async def refunded(db: AsyncSession) -> tuple[UUID, UUID]:
    """A payment with one recorded refund of 500 fen: payment_id, refund_id."""
    buyer_id = uuid4()
    draft = await placed_order(db, buyer_id=buyer_id)
    payment_id = await captured_payment(db, order_id=draft.order_id, payable_fen=7960, buyer_id=buyer_id)
    refund_id = uuid4()
    await actions.refund_payment(
        db, refund_id=refund_id, payment_id=payment_id, amount_fen=500, reason="broken", now=SOON
    )
    return payment_id, refund_id


def result(refund_id: UUID, state: rules.RefundState, amount_fen: int = 500) -> rules.RefundResult:
    return rules.RefundResult(refund_id.hex, state, "503", amount_fen, SOON if state == "SUCCEEDED" else None)


async def test_a_refund_notice_before_the_answer_to_its_request_is_final(db: AsyncSession):
    payment_id, refund_id = await refunded(db)
    await settling.take_notice(db, arrived(result(refund_id, "SUCCEEDED")), now=SOON)
    verdict, _ = await actions.take_refund_result(db, result(refund_id, "PROCESSING"), now=SOON)
    assert verdict == "repeat"
    assert await refunds_of(db, payment_id) == [(500, "broken", "SUCCEEDED")]


async def test_a_closed_refund_gives_its_share_back_and_raises_an_alarm(db: AsyncSession):
    payment_id, refund_id = await refunded(db)
    await actions.take_refund_result(db, result(refund_id, "CLOSED"), now=SOON)
    payment = await row_of(db, payment_id)
    assert (payment.refunded_fen, payment.alarm) == (0, "refund-closed")


async def test_a_refund_notice_of_another_amount_is_refused_and_alarmed(db: AsyncSession):
    payment_id, refund_id = await refunded(db)
    outcome = await settling.take_notice(db, arrived(result(refund_id, "SUCCEEDED", 5000)), now=SOON)
    assert outcome.verdict == "refund-amount-mismatch"
    assert await refunds_of(db, payment_id) == [(500, "broken", "REQUESTED")]
    assert (await row_of(db, payment_id)).alarm == "refund-amount-mismatch"


async def test_an_order_settled_elsewhere_takes_no_second_payment(db: AsyncSession):
    draft, _ = await paid_order(db)
    payment_id = await opened_payment(db, order_id=draft.order_id, amount_fen=draft.payable_fen, buyer_id=uuid4())
    await settling.take_trade(db, paid_trade(payment_id, draft.payable_fen), provider="sandbox", now=SOON)
    assert await refunds_of(db, payment_id) == [(draft.payable_fen, "paid-by-another-payment", "REQUESTED")]
