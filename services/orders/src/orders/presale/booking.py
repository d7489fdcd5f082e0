"""Booking pieces of a coming harvest, and what a deposit, the buyer and the clock do to a booking."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.delivery.rules import tariff_for
from orders.order.naming import order_number
from orders.order.rules import Address, Buyer, PaymentEffect
from orders.presale import actions, queries, rules
from orders.presale.models import PresaleBooking, PresaleOffer
from orders.price import queries as price_queries
from orders.sku.rules import SaleSku
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.events.orders import PresaleBooked
from shared.outbox import publish

BY_BUYER = "cancelled-by-buyer"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a buyer books, and where it shall go."""

    buyer: Buyer
    quantity: int
    address: Address
    note: str = ""


async def book(db: AsyncSession, *, booking_id: UUID, offer_id: UUID, wish: Wish, now: datetime) -> PresaleBooking:
    """Book pieces; they are the buyer's when the deposit is paid in time.

    NotFound `presale-not-found`; Conflict `presale-not-open`, `presale-cap`, `presale-full`, `region-not-served`.
    """
    offer = await queries.lock_offer(db, offer_id)
    if offer.status not in queries.PUBLIC:
        raise queries.no_such_offer()
    rules.ensure_open(status=offer.status, opens_at=offer.opens_at, closes_at=offer.closes_at, now=now)
    room = await queries.find_room(db, offer_id, wish.buyer.person_id)
    rules.ensure_room(
        quantity=wish.quantity,
        left_count=offer.planned_count - offer.booked_count,
        own_count=room.own_count,
        person_cap=offer.person_cap,
        booking_count=room.booking_count,
    )
    await _ensure_served(db, offer, wish)
    amount_fen = offer.price_fen * wish.quantity
    booking = PresaleBooking(
        booking_id=booking_id,
        offer_id=offer_id,
        booking_number=order_number(booking_id, business_day(now)),
        status="PENDING_DEPOSIT",
        buyer_id=wish.buyer.person_id,
        buyer_kind=wish.buyer.kind,
        organisation_id=wish.buyer.organisation_id,
        quantity=wish.quantity,
        amount_fen=amount_fen,
        deposit_fen=rules.deposit_fen(amount_fen, offer.deposit_bp),
        recipient=wish.address.recipient,
        phone=wish.address.phone,
        county_code=wish.address.county_code,
        address_detail=wish.address.detail,
        note=wish.note,
        booked_at=now,
        deposit_due_at=now + rules.figures().deposit_window,
    )
    db.add(booking)
    await db.flush()
    await _record(db, booking, "book", before=None, actor="buyer", person_id=booking.buyer_id, now=now)
    return booking


async def _ensure_served(db: AsyncSession, offer: PresaleOffer, wish: Wish) -> None:
    sale = await price_queries.load_sale(db, [offer.sku_id], person_id=wish.buyer.person_id)
    sku: SaleSku = sale.skus[offer.sku_id]
    tariff = tariff_for(
        sale.offers.carriage.tariffs,
        supplier_id=offer.supplier_id,
        temperature_class=sku.temperature_class,
        county_code=wish.address.county_code,
    )
    if tariff is not None and not tariff.is_served:
        raise Conflict(
            "This product is not brought to this address.", code="region-not-served", field="address.county_code"
        )


async def settle_deposit(
    db: AsyncSession, *, order_id: UUID, payment_id: UUID, paid_fen: int, paid_at: datetime, now: datetime
) -> PaymentEffect:
    """A verified deposit of the booking `order_id` arrived. Never refuses for a business reason: money that the booking
    cannot take is `refund-due`. The caller holds the payment's row."""
    offer = await queries.lock_offer(db, await queries.find_offer_id(db, order_id))
    booking = await queries.lock_booking(db, order_id)
    left = offer.planned_count - offer.booked_count
    effect = rules.deposit_effect(
        status=booking.status,
        end_reason=booking.end_reason,
        settled_by=booking.deposit_payment_id,
        payment_id=payment_id,
        paid_fen=paid_fen,
        deposit_fen=booking.deposit_fen,
        is_room_left=offer.status == "BOOKING" and now < offer.closes_at and booking.quantity <= left,
    )
    if effect.outcome != "paid":
        return effect
    before = booking.status
    verb = "pay_deposit" if before == "PENDING_DEPOSIT" else "revive"
    booking.status = rules.booking_status_after(verb, before)
    booking.end_reason = ""
    booking.deposit_paid_at, booking.deposit_payment_id = paid_at, payment_id
    await db.flush()
    await _record(db, booking, verb, before=before, actor="buyer", person_id=booking.buyer_id, now=now)
    event = PresaleBooked(
        booking_id=booking.booking_id,
        offer_id=offer.offer_id,
        booking_number=booking.booking_number,
        buyer_id=booking.buyer_id,
        supplier_id=offer.supplier_id,
        sku_id=offer.sku_id,
        product_title=offer.product_title,
        quantity=booking.quantity,
        amount_fen=booking.amount_fen,
        deposit_fen=booking.deposit_fen,
        paid_at=paid_at,
    )
    await publish(db, event, now=now)
    return effect


async def cancel_booking(db: AsyncSession, *, booking_id: UUID, caller: Caller, now: datetime) -> None:
    """The buyer does not want it any more: free while the offer takes bookings, and the deposit goes back.

    NotFound; Conflict `booking-closed` once the booking time is over (an allocated one is cancelled as an order),
    `booking-status`.
    """
    offer = await queries.lock_offer(db, await queries.find_offer_id(db, booking_id))
    booking = await queries.lock_booking(db, booking_id)
    if not caller.is_operator and booking.buyer_id != caller.person_id:
        raise queries.no_such_booking()
    rules.booking_status_after("refund" if booking.status == "BOOKED" else "cancel", booking.status)
    if booking.status == "BOOKED" and not caller.is_operator and (offer.status != "BOOKING" or now >= offer.closes_at):
        raise Conflict("The booking time is over: the harvest is counted on you.", code="booking-closed")
    actor: Actor = "operator" if caller.is_operator else "buyer"
    await actions.end_bookings(db, [booking], reason=BY_BUYER, actor=actor, caller=caller, now=now)
    await actions.forget_addresses(db, [booking])


async def expire_deposits(db: AsyncSession, *, offer_id: UUID, booking_ids: Sequence[UUID], now: datetime) -> None:
    """Bookings whose deposit did not come in time give their pieces back. The address stays until nothing can take
    them up again."""
    await queries.lock_offer(db, offer_id)
    due = [
        booking
        for booking_id in booking_ids
        if (booking := await queries.lock_booking(db, booking_id)).status == "PENDING_DEPOSIT"
        and booking.deposit_due_at <= now
    ]
    await actions.end_bookings(db, due, reason=rules.OVERDUE, actor="clock", caller=None, now=now)


async def _record(
    db: AsyncSession,
    booking: PresaleBooking,
    verb: str,
    *,
    before: str | None,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
) -> None:
    await trail_actions.record(
        db,
        subject_kind="booking",
        subject_id=booking.booking_id,
        verb=verb,
        from_status=before,
        to_status=booking.status,
        reason="",
        actor=actor,
        person_id=person_id,
        now=now,
    )
