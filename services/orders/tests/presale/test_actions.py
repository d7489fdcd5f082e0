"""From a deposit over the harvest to an order: what is written, and where the money is."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions as order_actions
from orders.order import queries as order_queries
from orders.payment import actions as payment_actions
from orders.presale import actions, booking, queries
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW, listed_sku
from services.orders.tests.payment.payment_factories import opened_payment
from services.orders.tests.presale.selling_ahead import (
    OPERATOR,
    arrive,
    book,
    booked,
    harvest,
    money_of,
    move,
    open_offer,
    pay_balance,
    pay_deposit,
    status_of,
)
from shared.auth import Caller
from shared.errors import Conflict, Refusal

LATER = NOW + timedelta(days=12)


async def code_of(step: Any) -> str:
    with pytest.raises(Refusal) as refused:
        await step
    return refused.value.code


async def events_of(db: AsyncSession, subject: Any) -> list[str]:
    found = await db.scalars(
        text("SELECT type FROM outbox WHERE subject = :id ORDER BY position"), {"id": str(subject)}
    )
    return list(found)


async def test_a_booking_becomes_an_order_that_two_payments_paid(db: AsyncSession):
    sku = await listed_sku(db)
    offer = await open_offer(db, sku_id=sku.sku_id)
    mine = await booked(db, offer.offer_id, 4)
    assert (mine.status, mine.amount_fen, mine.deposit_fen) == ("BOOKED", 12_000, 1_200)
    await move(db, offer.offer_id, "close")
    offer = await harvest(db, offer.offer_id, 10, now=LATER)
    assert (offer.status, offer.booked_count, offer.allocated_count) == ("ALLOCATED", 4, 4)
    count = await stock_queries.get_count(db, sku.sku_id)
    assert (count.on_hand, count.held, count.available) == (10, 4, 6)  # what nobody booked is free for sale
    order = await order_queries.lock_order(db, mine.booking_id)
    assert (order["mode"], order["payable_fen"], order["deposit_fen"]) == ("PRESALE", 12_000, 1_200)
    assert order["order_number"] == mine.booking_number
    assert await status_of(db, mine.booking_id) == "BALANCE_DUE"
    await pay_balance(db, mine.booking_id, now=LATER)
    assert await status_of(db, mine.booking_id) == "PAID"
    assert await money_of(db, mine.booking_id) == [("deposit", 1_200, 0), ("order", 10_800, 0)]
    assert await events_of(db, mine.booking_id) == [
        "orders.presale-booked.v1",
        "orders.order-placed.v1",
        "orders.presale-balance-due.v1",
        "orders.order-paid.v1",
    ]
    paid = await db.scalar(
        text("SELECT data ->> 'payable_fen' FROM outbox WHERE type = 'orders.order-paid.v1' AND subject = :id"),
        {"id": str(mine.booking_id)},
    )
    assert paid == "12000"
    placed = await db.scalar(
        text("SELECT data ->> 'deposit_fen' FROM outbox WHERE type = 'orders.order-placed.v1' AND subject = :id"),
        {"id": str(mine.booking_id)},
    )
    assert placed == "1200"
    await actions.follow_offer(db, offer_id=offer.offer_id, now=LATER)
    assert (await queries.lock_offer(db, offer.offer_id)).status == "COMPLETED"


async def test_a_short_harvest_gives_deposits_back_at_once(db: AsyncSession):
    offer = await open_offer(db)
    first = await booked(db, offer.offer_id, 3, now=NOW)
    second = await booked(db, offer.offer_id, 3, now=NOW + timedelta(minutes=1))
    third = await booked(db, offer.offer_id, 4, now=NOW + timedelta(minutes=2))
    await move(db, offer.offer_id, "close")
    await harvest(db, offer.offer_id, 5, now=LATER)
    told = [await queries.get_booking(db, each.booking_id, OPERATOR) for each in (first, second, third)]
    assert [each["allocated_count"] for each in told] == [2, 1, 2]
    assert [each["returned_fen"] for each in told] == [300, 600, 600]
    assert [each["balance_fen"] for each in told] == [5400, 2700, 5400]
    assert [await money_of(db, each.booking_id) for each in (first, second, third)] == [
        [("deposit", 900, 300)],
        [("deposit", 900, 600)],
        [("deposit", 1200, 600)],
    ]


async def test_nothing_harvested_gives_everything_back_and_forgets_addresses(db: AsyncSession):
    offer = await open_offer(db)
    mine = await booked(db, offer.offer_id, 3)
    unpaid = await book(db, offer.offer_id, 2)
    await move(db, offer.offer_id, "close")
    await harvest(db, offer.offer_id, 0, now=LATER)
    assert await status_of(db, mine.booking_id) == "REFUNDED"
    assert await status_of(db, unpaid.booking_id) == "CANCELLED"
    assert await money_of(db, mine.booking_id) == [("deposit", 900, 900)]
    for each in (mine, unpaid):
        assert (await queries.get_booking(db, each.booking_id, OPERATOR))["recipient"] == ""
    assert await code_of(order_queries.lock_order(db, mine.booking_id)) == "order-not-found"


async def test_an_offer_called_off_gives_every_deposit_back(db: AsyncSession):
    offer = await open_offer(db)
    mine = await booked(db, offer.offer_id, 3)
    late = await book(db, offer.offer_id, 2)
    payment_id = await opened_payment(
        db, order_id=late.booking_id, amount_fen=late.deposit_fen, buyer_id=late.buyer_id, pays="deposit"
    )
    offer = await move(db, offer.offer_id, "cancel")
    assert (offer.status, offer.booked_count) == ("CANCELLED", 0)
    assert await money_of(db, mine.booking_id) == [("deposit", 900, 900)]
    await arrive(db, payment_id, late.deposit_fen)  # the notice comes after all
    assert await status_of(db, late.booking_id) == "CANCELLED"
    assert await money_of(db, late.booking_id) == [("deposit", 600, 600)]


@pytest.mark.parametrize(("if_unpaid", "kept"), [("KEEP", 1_200), ("RETURN", 0)])
async def test_an_unpaid_balance_lapses_by_the_offers_rule(db: AsyncSession, if_unpaid: str, kept: int):
    sku = await listed_sku(db)
    offer = await open_offer(db, sku_id=sku.sku_id, if_unpaid=if_unpaid)
    mine = await booked(db, offer.offer_id, 4)
    await move(db, offer.offer_id, "close")
    await harvest(db, offer.offer_id, 4, now=LATER)
    payment_id = await opened_payment(
        db, order_id=mine.booking_id, amount_fen=10_800, buyer_id=mine.buyer_id, now=LATER
    )
    assert await order_actions.expire_unpaid(db, now=LATER + timedelta(days=6)) == 0
    over = LATER + timedelta(days=7)
    assert await order_actions.expire_unpaid(db, now=over) == 1
    assert await status_of(db, mine.booking_id) == "LAPSED"
    assert await money_of(db, mine.booking_id) == [("deposit", 1_200, 1_200 - kept)]
    assert (await stock_queries.get_count(db, sku.sku_id)).available == 4
    await arrive(db, payment_id, 10_800, now=over + timedelta(hours=1))  # the balance comes late
    if kept:  # the deposit is still there: the order is taken up again
        assert await status_of(db, mine.booking_id) == "PAID"
        assert await money_of(db, mine.booking_id) == [("deposit", 1_200, 0), ("order", 10_800, 0)]
    else:
        assert await status_of(db, mine.booking_id) == "LAPSED"
        assert await money_of(db, mine.booking_id) == [("deposit", 1_200, 1_200), ("order", 10_800, 10_800)]


async def test_who_got_less_and_does_not_want_it_gets_the_deposit_back(db: AsyncSession):
    offer = await open_offer(db)  # KEEP
    mine = await booked(db, offer.offer_id, 4)
    await move(db, offer.offer_id, "close")
    await harvest(db, offer.offer_id, 3, now=LATER)
    caller = Caller(mine.buyer_id)
    event = await order_actions.cancel_order(
        db, order_id=mine.booking_id, reason="not so few", caller=caller, now=LATER
    )
    assert (event.was_paid, event.refunded_fen) == (False, 900)
    assert await money_of(db, mine.booking_id) == [("deposit", 1_200, 1_200)]


async def test_a_paid_presale_order_is_refunded_from_both_payments(db: AsyncSession):
    offer = await open_offer(db)
    mine = await booked(db, offer.offer_id, 4)
    await move(db, offer.offer_id, "close")
    await harvest(db, offer.offer_id, 4, now=LATER)
    await pay_balance(db, mine.booking_id, now=LATER)
    ask = {"order_id": mine.booking_id, "reason": "claim", "now": LATER}
    first = await payment_actions.request_refund(db, amount_fen=10_000, **ask)
    assert await money_of(db, mine.booking_id) == [("deposit", 1_200, 0), ("order", 10_800, 10_000)]
    second = await payment_actions.request_refund(db, amount_fen=1_000, **ask)
    assert await money_of(db, mine.booking_id) == [("deposit", 1_200, 200), ("order", 10_800, 10_800)]
    beside = (await db.execute(text("SELECT refund_id, main_refund_id FROM refunds ORDER BY amount_fen"))).all()
    assert [row.main_refund_id for row in beside] == [second, None, None]
    assert first in {row.refund_id for row in beside}
    with pytest.raises(Conflict) as refused:
        await payment_actions.request_refund(db, amount_fen=1_001, **ask)
    assert (refused.value.code, refused.value.extra["left_fen"]) == ("refund-exceeds-payment", 1_000)
    await payment_actions.request_refund(db, amount_fen=1_000, **ask)
    assert await money_of(db, mine.booking_id) == [("deposit", 1_200, 1_200), ("order", 10_800, 10_800)]


async def test_a_paid_presale_order_is_cancelled_whole(db: AsyncSession):
    offer = await open_offer(db)
    mine = await booked(db, offer.offer_id, 4)
    await move(db, offer.offer_id, "close")
    await harvest(db, offer.offer_id, 4, now=LATER)
    await pay_balance(db, mine.booking_id, now=LATER)
    await order_actions.cancel_order(
        db, order_id=mine.booking_id, reason="moved", caller=Caller(mine.buyer_id), now=LATER
    )
    assert await money_of(db, mine.booking_id) == [("deposit", 1_200, 1_200), ("order", 10_800, 10_800)]
    assert await status_of(db, mine.booking_id) == "REFUNDED"


async def test_a_deposit_that_comes_late_takes_the_booking_up_while_there_is_room(db: AsyncSession):
    offer = await open_offer(db, planned_count=3)
    late, other = await book(db, offer.offer_id, 2), NOW + timedelta(minutes=31)
    payments = [
        await opened_payment(
            db,
            order_id=late.booking_id,
            amount_fen=late.deposit_fen,
            buyer_id=late.buyer_id,
            pays="deposit",
            provider=provider,
        )
        for provider in ("sandbox", "wechat")
    ]
    [due] = await queries.list_overdue(db, now=other, limit=10)
    await booking.expire_deposits(db, offer_id=due.offer_id, booking_ids=due.booking_ids, now=other)
    assert await status_of(db, late.booking_id) == "CANCELLED"
    assert (await queries.lock_offer(db, offer.offer_id)).booked_count == 0
    await arrive(db, payments[0], late.deposit_fen, now=other)
    assert await status_of(db, late.booking_id) == "BOOKED"
    assert (await queries.lock_offer(db, offer.offer_id)).booked_count == 2
    again = await book(db, offer.offer_id, 1)
    await booking.expire_deposits(db, offer_id=offer.offer_id, booking_ids=[again.booking_id], now=other)
    assert await code_of(book(db, offer.offer_id, 2)) == "presale-full"


async def test_what_cannot_be_booked_is_refused(db: AsyncSession):
    offer = await open_offer(db, planned_count=10, person_cap=3)
    buyer_id = uuid4()
    await book(db, offer.offer_id, 2, buyer_id=buyer_id)
    assert await code_of(book(db, offer.offer_id, 2, buyer_id=buyer_id)) == "presale-cap"
    assert await code_of(book(db, offer.offer_id, 9)) == "presale-cap"
    assert await code_of(book(db, offer.offer_id, 1, now=NOW + timedelta(days=6))) == "presale-not-open"
    draft = await actions.create_offer(
        db, offer_id=uuid4(), sku_id=offer.sku_id, terms=_terms_of(offer), caller=OPERATOR, now=NOW
    )
    assert await code_of(book(db, draft.offer_id, 1)) == "presale-not-found"
    assert await code_of(harvest(db, offer.offer_id, 5)) == "presale-status"


def _terms_of(offer: Any) -> Any:
    from orders.presale.rules import Terms  # noqa: PLC0415 - only here

    return Terms(**{name: getattr(offer, name) for name in Terms.__slots__})


async def test_a_buyer_leaves_freely_until_the_booking_ends(db: AsyncSession):
    offer = await open_offer(db)
    mine, other = await booked(db, offer.offer_id, 2), await booked(db, offer.offer_id, 3)
    caller = Caller(mine.buyer_id)
    assert await code_of(booking.cancel_booking(db, booking_id=other.booking_id, caller=caller, now=NOW)) == (
        "booking-not-found"
    )
    await booking.cancel_booking(db, booking_id=mine.booking_id, caller=caller, now=NOW)
    assert await money_of(db, mine.booking_id) == [("deposit", 600, 600)]
    assert await code_of(booking.cancel_booking(db, booking_id=mine.booking_id, caller=caller, now=NOW)) == (
        "booking-status"
    )
    await move(db, offer.offer_id, "close")
    stays = Caller(other.buyer_id)
    assert await code_of(booking.cancel_booking(db, booking_id=other.booking_id, caller=stays, now=NOW)) == (
        "booking-closed"
    )


async def test_a_deposit_never_pays_the_order(db: AsyncSession):
    offer = await open_offer(db, deposit_bp=5000, if_unpaid="RETURN")  # deposit and balance are the same sum
    mine = await book(db, offer.offer_id, 2)
    second = await opened_payment(
        db, order_id=mine.booking_id, amount_fen=3000, buyer_id=mine.buyer_id, pays="deposit", provider="wechat"
    )
    await pay_deposit(db, mine)
    await move(db, offer.offer_id, "close")
    await harvest(db, offer.offer_id, 2, now=LATER)
    await db.execute(text("UPDATE payments SET provider = 'sandbox' WHERE payment_id = :id"), {"id": second})
    await arrive(db, second, 3000, now=LATER)  # the other payment of the deposit turns up
    assert await status_of(db, mine.booking_id) == "BALANCE_DUE"
    assert sorted(await money_of(db, mine.booking_id)) == [("deposit", 3000, 0), ("deposit", 3000, 3000)]


async def test_the_database_refuses_more_than_the_plan_and_the_harvest(db: AsyncSession):
    offer = await open_offer(db, planned_count=3)
    await book(db, offer.offer_id, 3)
    for statement in (
        "UPDATE presale_offers SET planned_count = 2 WHERE offer_id = :id",
        "UPDATE presale_offers SET allocated_count = 1 WHERE offer_id = :id",
        "UPDATE presale_bookings SET allocated_count = 4, status = 'ALLOCATED' WHERE offer_id = :id",
    ):
        with pytest.raises(IntegrityError):
            async with db.begin_nested():
                await db.execute(text(statement), {"id": offer.offer_id})
