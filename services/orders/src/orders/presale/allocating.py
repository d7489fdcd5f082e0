"""The harvest is in: all bookings of an offer get their share in one transaction, which becomes their order."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions as order_actions
from orders.order.rules import Address, Buyer, DraftLine, DraftPart, OrderDraft
from orders.payment import actions as payment_actions
from orders.presale import actions, queries, rules
from orders.presale.models import PresaleBooking, PresaleOffer
from orders.price.rules import Priced
from orders.sku import queries as sku_queries
from orders.sku.rules import SaleSku
from orders.stock import actions as stock_actions
from orders.trail import actions as trail_actions
from shared.auth import Caller
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.events.orders import PresaleBalanceDue
from shared.outbox import publish

SHORT = "harvest-short"
UNPAID = "deposit-never-paid"
_FORGET_CANCELLED = text("""
    UPDATE presale_bookings SET recipient = '', phone = '', address_detail = ''
    WHERE offer_id = :offer_id AND status IN ('CANCELLED', 'REFUNDED')
""")


async def allocate(
    db: AsyncSession,
    *,
    offer_id: UUID,
    harvested_count: int,
    expected_revision: int,
    next_id: Callable[[], UUID],
    caller: Caller,
    now: datetime,
) -> PresaleOffer:
    """State the harvest: it comes into stock, each booking gets its share and an order that waits for its balance, and
    the deposit of what it does not get goes back. What nobody booked is free for sale.

    Conflict `presale-status`, `sku-not-listed` (the orders could not stand), Stale. All of it, or nothing.
    """
    offer = await queries.lock_own_offer(db, offer_id, caller)
    ensure_fresh(expected_revision, offer.revision)
    before, offer.status = offer.status, rules.offer_status_after("allocate", offer.status)
    offer.harvested_count, offer.allocated_at = harvested_count, now
    offer.balance_due_at = now + timedelta(days=offer.balance_days)
    offer.revision += 1
    offer.changed_at = now
    await db.flush()
    live = await queries.lock_live_bookings(db, offer_id)
    unpaid = [booking for booking in live if booking.status == "PENDING_DEPOSIT"]
    await actions.end_bookings(db, unpaid, reason=UNPAID, actor="rule", caller=None, now=now)
    booked = [booking for booking in live if booking.status == "BOOKED"]
    shares = {each.booking_id: each for each in shares_of(offer, booked, harvested_count)}
    if harvested_count:
        await stock_actions.receive_stock(
            db,
            sku_id=offer.sku_id,
            quantity=harvested_count,
            reference=f"presale {offer_id}",
            recorded_by=caller.person_id,
            now=now,
        )
    nothing = [booking for booking in booked if not shares[booking.booking_id].allocated_count]
    await actions.end_bookings(db, nothing, reason=SHORT, actor="rule", caller=None, now=now)
    given = [booking for booking in booked if shares[booking.booking_id].allocated_count]
    for booking in given:
        share = shares[booking.booking_id]
        booking.status = rules.booking_status_after("allocate", booking.status)
        booking.allocated_count, booking.returned_fen = share.allocated_count, share.returned_fen
    await db.flush()
    await db.execute(_FORGET_CANCELLED, {"offer_id": offer_id})
    if given:
        sku = (await sku_queries.list_for_sale(db, [offer.sku_id]))[offer.sku_id]
        if not sku.is_listed:
            raise Conflict("The product is not on sale any more. List it again first.", code="sku-not-listed")
        for booking in given:
            await _place(db, offer, booking, shares[booking.booking_id], sku, next_id=next_id, now=now)
    await db.refresh(offer)  # triggers counted on its row
    await actions.record_offer(
        db, offer, "allocate", before=before, caller=caller, now=now, reason=str(harvested_count)
    )
    return offer


def shares_of(offer: PresaleOffer, booked: Sequence[PresaleBooking], harvested_count: int) -> list[rules.Share]:
    """What each paid booking would get of so many pieces, by the offer's rule."""
    told = [(each.booking_id, each.quantity, each.deposit_fen) for each in booked]
    rule: rules.Shortfall = "PRO_RATA" if offer.shortfall_rule == "PRO_RATA" else "FIRST_COME"
    return rules.shares(rule, harvested_count, told)


async def _place(
    db: AsyncSession,
    offer: PresaleOffer,
    booking: PresaleBooking,
    share: rules.Share,
    sku: SaleSku,
    *,
    next_id: Callable[[], UUID],
    now: datetime,
) -> None:
    due_at = now + timedelta(days=offer.balance_days)
    if share.returned_fen:
        await payment_actions.request_refund(
            db, order_id=booking.booking_id, amount_fen=share.returned_fen, reason=SHORT, now=now
        )
    draft = _draft(offer, booking, share, sku, next_id=next_id, now=now, due_at=due_at)
    await order_actions.save_placed(db, draft, answer=b"", once=None, now=now)
    await trail_actions.record(
        db,
        subject_kind="booking",
        subject_id=booking.booking_id,
        verb="allocate",
        from_status="BOOKED",
        to_status="ALLOCATED",
        reason=f"{share.allocated_count}/{share.quantity}",
        actor="rule",
        person_id=None,
        now=now,
    )
    event = PresaleBalanceDue(
        booking_id=booking.booking_id,
        offer_id=offer.offer_id,
        booking_number=booking.booking_number,
        buyer_id=booking.buyer_id,
        product_title=offer.product_title,
        quantity=share.quantity,
        allocated_count=share.allocated_count,
        returned_fen=share.returned_fen,
        balance_fen=draft.payable_fen - draft.deposit_fen,
        due_at=due_at,
    )
    await publish(db, event, now=now)


def _draft(
    offer: PresaleOffer,
    booking: PresaleBooking,
    share: rules.Share,
    sku: SaleSku,
    *,
    next_id: Callable[[], UUID],
    now: datetime,
    due_at: datetime,
) -> OrderDraft:
    """The booking as an order: at the price that was offered, delivery in it, no promotion; part of it is paid."""
    amount_fen = offer.price_fen * share.allocated_count
    line = DraftLine(next_id(), sku, share.allocated_count, offer.price_fen, amount_fen, 0)
    return OrderDraft(
        order_id=booking.booking_id,
        order_number=booking.booking_number,
        mode=rules.MODE,
        buyer=Buyer(booking.buyer_id, booking.buyer_kind, booking.organisation_id),
        address=Address(booking.recipient, booking.phone, booking.county_code, booking.address_detail),
        note=booking.note,
        parts=(DraftPart(next_id(), (line,), goods_fen=amount_fen, discount_fen=0, points_fen=0, delivery_fen=0),),
        priced=Priced((), (), None),
        goods_fen=amount_fen,
        discount_fen=0,
        points_fen=0,
        delivery_fen=0,
        placed_at=now,
        payment_due_at=due_at,
        deposit_fen=share.kept_fen,
        returns_deposit=rules.returns_deposit(offer.if_unpaid, share),
    )
