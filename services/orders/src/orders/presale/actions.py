"""Running an offer: making, changing, opening, closing, calling off, finishing it."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.payment import actions as payment_actions
from orders.presale import queries, rules
from orders.presale.models import PresaleBooking, PresaleOffer
from orders.sku import queries as sku_queries
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from shared.auth import Caller
from shared.errors import Conflict, Forbidden, Invalid
from shared.etag import ensure_fresh
from shared.events.orders import PresaleBookingEnded
from shared.outbox import publish

CALLED_OFF = "presale-cancelled"


async def create_offer(
    db: AsyncSession, *, offer_id: UUID, sku_id: UUID, terms: rules.Terms, caller: Caller, now: datetime
) -> PresaleOffer:
    """A draft for a SKU of the caller's. Invalid `sku-unknown`, `presale-terms`, `deposit-too-large`; Forbidden
    `sku-not-yours`."""
    rules.ensure_terms(terms)
    sku = (await sku_queries.list_for_sale(db, [sku_id])).get(sku_id)
    if sku is None:
        raise Invalid("The catalog never listed such a SKU.", code="sku-unknown", field="sku_id")
    if not caller.is_operator and sku.supplier_id != caller.organisation_id:
        raise Forbidden("This SKU is not yours.", code="sku-not-yours", field="sku_id")
    offer = PresaleOffer(
        offer_id=offer_id,
        revision=1,
        status="DRAFT",
        supplier_id=sku.supplier_id,
        supplier_name=sku.supplier_name,
        sku_id=sku_id,
        product_id=sku.product_id,
        product_title=sku.product_title,
        product_title_en=sku.product_title_en,
        specification=sku.specification,
        specification_en=sku.specification_en,
        picture=sku.picture,
        origin_county_code=sku.origin_county_code,
        created_by=caller.person_id,
        created_at=now,
        changed_at=now,
        **asdict(terms),
    )
    db.add(offer)
    await db.flush()
    await record_offer(db, offer, "create", before=None, caller=caller, now=now)
    return offer


async def edit_offer(
    db: AsyncSession, *, offer_id: UUID, expected_revision: int, terms: rules.Terms, caller: Caller, now: datetime
) -> PresaleOffer:
    """Change a draft: what buyers booked on stays as it was. Conflict `presale-status`; Invalid as above; Stale."""
    rules.ensure_terms(terms)
    offer = await queries.lock_own_offer(db, offer_id, caller)
    ensure_fresh(expected_revision, offer.revision)
    rules.offer_status_after("edit", offer.status)
    for name, value in asdict(terms).items():
        setattr(offer, name, value)
    await _save(db, offer, "edit", before=offer.status, caller=caller, now=now)
    return offer


async def move_offer(
    db: AsyncSession,
    *,
    offer_id: UUID,
    verb: str,
    expected_revision: int,
    reason: str,
    caller: Caller,
    now: datetime,
) -> PresaleOffer:
    """Open, close or call it off. Called off, every deposit goes back in the same transaction.

    Conflict `presale-status`, `presale-over` (its booking time is past), `sku-not-listed`; Stale.
    """
    offer = await queries.lock_own_offer(db, offer_id, caller)
    ensure_fresh(expected_revision, offer.revision)
    before, offer.status = offer.status, rules.offer_status_after(verb, offer.status)
    if verb == "open":
        await _ensure_openable(db, offer, now=now)
    if verb == "cancel":
        bookings = await queries.lock_live_bookings(db, offer_id)
        await end_bookings(db, bookings, reason=CALLED_OFF, actor=_side(caller), caller=caller, now=now)
        await forget_addresses(db, bookings)
    await _save(db, offer, verb, before=before, caller=caller, now=now, reason=reason)
    return offer


async def _ensure_openable(db: AsyncSession, offer: PresaleOffer, *, now: datetime) -> None:
    if offer.closes_at <= now:
        raise Conflict("Its booking time is over. Give it another first.", code="presale-over", field="closes_at")
    sku = (await sku_queries.list_for_sale(db, [offer.sku_id]))[offer.sku_id]
    if not sku.is_listed:
        raise Conflict("The product is not on sale any more.", code="sku-not-listed", field="sku_id")


async def end_bookings(
    db: AsyncSession,
    bookings: Sequence[PresaleBooking],
    *,
    reason: str,
    actor: Actor,
    caller: Caller | None,
    now: datetime,
) -> None:
    """Nothing comes of these bookings: what was paid goes back whole. The caller holds the offer's row and theirs."""
    ended = []
    for booking in bookings:
        before = booking.status
        booking.status = rules.booking_status_after("refund" if before == "BOOKED" else "cancel", before)
        booking.end_reason = reason
        if before == "BOOKED":
            booking.returned_fen = booking.deposit_fen
            await payment_actions.request_refund(
                db, order_id=booking.booking_id, amount_fen=booking.deposit_fen, reason=reason, now=now
            )
        ended.append((booking, before))
    await db.flush()
    for booking, before in ended:
        await trail_actions.record(
            db,
            subject_kind="booking",
            subject_id=booking.booking_id,
            verb="refund" if before == "BOOKED" else "cancel",
            from_status=before,
            to_status=booking.status,
            reason=reason,
            actor=actor,
            person_id=caller.person_id if caller else None,
            now=now,
        )
        event = PresaleBookingEnded(
            booking_id=booking.booking_id,
            offer_id=booking.offer_id,
            booking_number=booking.booking_number,
            buyer_id=booking.buyer_id,
            reason=reason,
            returned_fen=booking.returned_fen,
            ended_at=now,
        )
        await publish(db, event, now=now)


async def forget_addresses(db: AsyncSession, bookings: Sequence[PresaleBooking]) -> None:
    """Nothing will be sent to them, and no late money can take them up again."""
    for booking in bookings:
        if booking.status in {"CANCELLED", "REFUNDED"}:
            booking.recipient = booking.phone = booking.address_detail = ""
    await db.flush()


async def follow_offer(db: AsyncSession, *, offer_id: UUID, now: datetime) -> None:
    """What the clock does to an offer: its booking ends, and when no balance is open any more it is complete."""
    offer = await queries.lock_offer(db, offer_id)
    if offer.status == "BOOKING" and offer.closes_at <= now:
        before, offer.status = offer.status, rules.offer_status_after("close", offer.status)
        await _save(db, offer, "close", before=before, caller=None, now=now)
    elif offer.status == "ALLOCATED" and not await queries.count_open_balances(db, offer_id):
        before, offer.status = offer.status, rules.offer_status_after("complete", offer.status)
        await _save(db, offer, "complete", before=before, caller=None, now=now)


async def _save(
    db: AsyncSession,
    offer: PresaleOffer,
    verb: str,
    *,
    before: str,
    caller: Caller | None,
    now: datetime,
    reason: str = "",
) -> None:
    offer.revision += 1
    offer.changed_at = now
    await db.flush()
    await db.refresh(offer)  # triggers counted on its row
    await record_offer(db, offer, verb, before=before, caller=caller, now=now, reason=reason)


async def record_offer(
    db: AsyncSession,
    offer: PresaleOffer,
    verb: str,
    *,
    before: str | None,
    caller: Caller | None,
    now: datetime,
    reason: str = "",
) -> None:
    """One entry of the offer's trail; without a caller the clock did it."""
    await trail_actions.record(
        db,
        subject_kind="presale",
        subject_id=offer.offer_id,
        verb=verb,
        from_status=before,
        to_status=offer.status,
        reason=reason,
        actor=_side(caller) if caller else "clock",
        person_id=caller.person_id if caller else None,
        now=now,
    )


def _side(caller: Caller) -> Actor:
    return "operator" if caller.is_operator else "supplier"
