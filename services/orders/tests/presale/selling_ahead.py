"""Presales that stand, through the real actions, for tests."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order.rules import Buyer
from orders.payment import settling
from orders.presale import actions, allocating, booking, queries, rules
from orders.presale.models import PresaleBooking, PresaleOffer
from services.orders.tests.factories import ADDRESS, NOW, listed_sku
from services.orders.tests.payment.payment_factories import opened_payment, paid_trade
from shared.auth import Caller
from shared.clock import business_day
from shared.ids import new_id

OPERATOR = Caller(uuid4(), uuid4(), "operator")
MONEY = """
    SELECT payment.pays, payment.captured_fen, payment.refunded_fen,
           coalesce((SELECT sum(amount_fen) FROM refunds WHERE refunds.payment_id = payment.payment_id), 0) AS asked_fen
    FROM payments AS payment WHERE payment.order_id = :id AND payment.status = 'PAID' ORDER BY payment.pays
"""


def terms(*, now: datetime = NOW, **given: Any) -> rules.Terms:
    """A hundred pieces at 30.00, a tenth ahead; say what matters to the test."""
    today = business_day(now)
    facts: dict[str, Any] = {
        "price_fen": 3000,
        "deposit_bp": 1000,
        "planned_count": 100,
        "person_cap": None,
        "opens_at": now - timedelta(hours=1),
        "closes_at": now + timedelta(days=5),
        "harvest_from": today + timedelta(days=10),
        "harvest_until": today + timedelta(days=20),
        "balance_days": 7,
        "if_unpaid": "KEEP",
        "shortfall_rule": "PRO_RATA",
    }
    return rules.Terms(**{**facts, **given})


def body(*, now: datetime, **given: Any) -> dict[str, Any]:
    """The same as JSON."""
    told = terms(now=now, **given)
    return {
        name: getattr(told, name).isoformat() if name.endswith(("_at", "_from", "_until")) else getattr(told, name)
        for name in told.__slots__
    }


async def open_offer(
    db: AsyncSession, *, now: datetime = NOW, sku_id: UUID | None = None, **given: Any
) -> PresaleOffer:
    """An offer that takes bookings."""
    sku_id = sku_id or (await listed_sku(db)).sku_id
    offer = await actions.create_offer(
        db, offer_id=new_id(), sku_id=sku_id, terms=terms(now=now, **given), caller=OPERATOR, now=now
    )
    return await move(db, offer.offer_id, "open", now=now)


async def move(db: AsyncSession, offer_id: UUID, verb: str, *, now: datetime = NOW) -> PresaleOffer:
    """Take the offer a step on."""
    revision = (await queries.lock_offer(db, offer_id)).revision
    return await actions.move_offer(
        db, offer_id=offer_id, verb=verb, expected_revision=revision, reason="", caller=OPERATOR, now=now
    )


async def harvest(db: AsyncSession, offer_id: UUID, count: int, *, now: datetime = NOW) -> PresaleOffer:
    """State the harvest."""
    revision = (await queries.lock_offer(db, offer_id)).revision
    return await allocating.allocate(
        db,
        offer_id=offer_id,
        harvested_count=count,
        expected_revision=revision,
        next_id=new_id,
        caller=OPERATOR,
        now=now,
    )


async def book(
    db: AsyncSession, offer_id: UUID, quantity: int, *, buyer_id: UUID | None = None, now: datetime = NOW
) -> PresaleBooking:
    """A booking that waits for its deposit."""
    wish = booking.Wish(Buyer(buyer_id or uuid4(), "consumer"), quantity, ADDRESS)
    return await booking.book(db, booking_id=new_id(), offer_id=offer_id, wish=wish, now=now)


async def pay_deposit(db: AsyncSession, booked: PresaleBooking, *, now: datetime = NOW) -> UUID:
    """Its deposit arrives."""
    payment_id = await opened_payment(
        db, order_id=booked.booking_id, amount_fen=booked.deposit_fen, buyer_id=booked.buyer_id, pays="deposit"
    )
    await arrive(db, payment_id, booked.deposit_fen, now=now)
    return payment_id


async def booked(
    db: AsyncSession, offer_id: UUID, quantity: int, *, buyer_id: UUID | None = None, now: datetime = NOW
) -> PresaleBooking:
    """A booking with its deposit paid."""
    found = await book(db, offer_id, quantity, buyer_id=buyer_id, now=now)
    await pay_deposit(db, found, now=now)
    return await queries.lock_booking(db, found.booking_id)


async def pay_balance(db: AsyncSession, booking_id: UUID, *, now: datetime = NOW) -> UUID:
    """The rest of what the order costs arrives."""
    told = await queries.get_booking(db, booking_id, OPERATOR)
    payment_id = await opened_payment(
        db, order_id=booking_id, amount_fen=told["balance_fen"], buyer_id=told["buyer_id"]
    )
    await arrive(db, payment_id, told["balance_fen"], now=now)
    return payment_id


async def arrive(db: AsyncSession, payment_id: UUID, fen: int, *, now: datetime = NOW) -> None:
    """The provider says so."""
    outcome = await settling.take_trade(db, paid_trade(payment_id, fen, succeeded_at=now), provider="sandbox", now=now)
    assert outcome.verdict == "capture"


async def status_of(db: AsyncSession, booking_id: UUID) -> str:
    """What its buyer is told."""
    return str((await queries.get_booking(db, booking_id, OPERATOR))["status"])


async def money_of(db: AsyncSession, booking_id: UUID) -> list[tuple[str, int, int]]:
    """(pays, captured, refunded) of every payment that was captured; refunds are counted right."""
    rows = (await db.execute(text(MONEY), {"id": booking_id})).all()
    assert all(row.refunded_fen == row.asked_fen <= row.captured_fen for row in rows)
    return [(row.pays, row.captured_fen, row.refunded_fen) for row in rows]
