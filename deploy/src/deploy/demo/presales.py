"""Presales of the demo: one takes bookings, one waits for its harvest, one was short and waits for balances, one is
done. All invented; made by the actions of orders, once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import CONSUMER, OPERATOR
from deploy.demo.market import missing
from deploy.demo.tables import demo_id, skus
from orders.order.rules import Address, Buyer
from orders.payment import settling
from orders.payment.models import Payment
from orders.payment.rules import Trade, number_of
from orders.presale import actions, allocating, booking, queries, rules
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database
from shared.ids import new_id

_SENT: Final = text("""
    UPDATE refunds SET status = 'SUCCEEDED', succeeded_at = requested_at, provider_refund_id = 'demo'
    WHERE payment_id IN (SELECT payment_id FROM payments WHERE order_id = ANY(:ids)) AND status = 'REQUESTED'
""")
_OPENED_DAYS_AGO: Final = 40


@dataclass(frozen=True)
class Ahead:
    """A presale: its pack, price, plan, what is booked of it (小美 first), and how far it has come."""

    sku_key: str
    price_fen: int
    planned: int
    booked: tuple[int, ...]
    closes_in_days: int
    harvested: int | None = None
    if_unpaid: rules.Unpaid = "KEEP"
    shortfall_rule: rules.Shortfall = "PRO_RATA"
    is_paid: bool = False

    @property
    def offer_id(self) -> UUID:
        """Its id."""
        return demo_id("presale", self.sku_key)


PRESALES: Final = (
    Ahead("fuping-dazao-2500g-carton", 4980, 300, (2, 5, 10, 1, 3), 12),
    Ahead("fuping-dazao-1000g-bag", 2180, 200, (3, 8, 6), -1, shortfall_rule="FIRST_COME"),
    Ahead("jixian-fuji-5000g-carton", 5980, 120, (4, 6, 10, 20), -12, harvested=30),
    Ahead("jinzhai-kiwi-2500g-carton", 4280, 80, (2, 4), -20, harvested=80, if_unpaid="RETURN", is_paid=True),
)


async def load_presales(database: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """Each presale in a transaction of its own; what is there already is left as it is."""
    new = await missing(database, "presale_offers", "offer_id", [each.offer_id for each in PRESALES])
    for each in PRESALES:
        if each.offer_id in new:
            async with database.begin() as db:
                await _load(db, each, now=now)
        advance(1)


async def _load(db: AsyncSession, row: Ahead, *, now: datetime) -> None:
    begun = now - timedelta(days=_OPENED_DAYS_AGO)
    closes = now + timedelta(days=row.closes_in_days)
    sku_id = next(each.sku_id for each in skus() if each.key == row.sku_key)
    terms = rules.Terms(
        price_fen=row.price_fen,
        deposit_bp=1000,
        planned_count=row.planned,
        person_cap=20,
        opens_at=begun,
        closes_at=closes,
        harvest_from=business_day(closes) + timedelta(days=1),
        harvest_until=business_day(closes) + timedelta(days=15),
        balance_days=14,
        if_unpaid=row.if_unpaid,
        shortfall_rule=row.shortfall_rule,
        note="（演示）采收后三天内发货。",
    )
    caller = Caller(OPERATOR.person_id, None, "operator")
    await actions.create_offer(db, offer_id=row.offer_id, sku_id=sku_id, terms=terms, caller=caller, now=begun)
    await _move(db, row, "open", caller, begun)
    for place, quantity in enumerate(row.booked):
        await _book(db, row, place, quantity, now=begun + timedelta(hours=place + 1))
    if row.closes_in_days < 0:
        await _move(db, row, "close", caller, closes)
    if row.harvested is not None:
        await _harvest(db, row, row.harvested, caller, now=closes + timedelta(days=2))


async def _move(db: AsyncSession, row: Ahead, verb: str, caller: Caller, now: datetime) -> None:
    revision = (await queries.lock_offer(db, row.offer_id)).revision
    await actions.move_offer(
        db, offer_id=row.offer_id, verb=verb, expected_revision=revision, reason="", caller=caller, now=now
    )


async def _book(db: AsyncSession, row: Ahead, place: int, quantity: int, *, now: datetime) -> None:
    person_id = CONSUMER.person_id if place == 0 else demo_id("presale-buyer", f"{row.sku_key}/{place}")
    made = await booking.book(
        db,
        booking_id=_booking_id(row, place),
        offer_id=row.offer_id,
        wish=booking.Wish(
            Buyer(person_id, "consumer"), quantity, Address("演示收货人", "13800000000", "110105", "演示路 1 号")
        ),
        now=now,
    )
    await _pay(db, made.booking_id, made.buyer_id, made.deposit_fen, "deposit", now=now)


def _booking_id(row: Ahead, place: int) -> UUID:
    return demo_id("presale-booking", f"{row.sku_key}/{place}")


async def _pay(db: AsyncSession, booking_id: UUID, buyer_id: UUID, fen: int, pays: str, *, now: datetime) -> None:
    payment_id = demo_id(f"presale-{pays}", str(booking_id))
    db.add(
        Payment(
            payment_id=payment_id,
            order_id=booking_id,
            pays=pays,
            buyer_id=buyer_id,
            provider="sandbox",
            status="PENDING",
            amount_fen=fen,
            code_url="https://cashier.example/demo",
            created_at=now,
            expires_at=now + timedelta(minutes=30),
            next_check_at=now + timedelta(minutes=30),
        )
    )
    await db.flush()
    told = Trade(number_of(payment_id), "SUCCESS", f"42{uuid4().int % 10**24:024d}", fen, "CNY", now)
    await settling.take_trade(db, told, provider="sandbox", now=now)


async def _harvest(db: AsyncSession, row: Ahead, count: int, caller: Caller, *, now: datetime) -> None:
    revision = (await queries.lock_offer(db, row.offer_id)).revision
    await allocating.allocate(
        db,
        offer_id=row.offer_id,
        harvested_count=count,
        expected_revision=revision,
        next_id=new_id,
        caller=caller,
        now=now,
    )
    ids = [_booking_id(row, place) for place in range(len(row.booked))]
    await db.execute(_SENT, {"ids": ids})  # no sandbox knows of these payments: what goes back has arrived
    if row.is_paid:
        for each in ids:
            told = await queries.get_booking(db, each, caller)
            await _pay(db, each, told["buyer_id"], told["balance_fen"], "order", now=now + timedelta(hours=3))
        await actions.follow_offer(db, offer_id=row.offer_id, now=now + timedelta(hours=4))
