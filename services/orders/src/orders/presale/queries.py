"""Reads of presales: offers for everybody once they are open, bookings for their buyer, supplier and operators."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, RowMapping, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order.rules import PayableOrder
from orders.presale.models import PresaleBooking, PresaleOffer
from shared.auth import Caller
from shared.direct import Direct, Statement
from shared.errors import Conflict, NotFound

Place = tuple[datetime, UUID]
PUBLIC = ("BOOKING", "CLOSED", "ALLOCATED", "COMPLETED")
_STATUS = """
    CASE WHEN booking.status <> 'ALLOCATED' THEN booking.status
         WHEN placed.status = 'PENDING_PAYMENT' THEN 'BALANCE_DUE'
         WHEN placed.status <> 'CANCELLED' THEN 'PAID'
         WHEN placed.paid_at IS NULL THEN 'LAPSED'
         ELSE 'REFUNDED' END
"""
_BOOKING = f"""
    SELECT booking.booking_id, booking.offer_id, booking.booking_number, {_STATUS} AS status, booking.buyer_id,
           booking.quantity, booking.amount_fen, booking.deposit_fen, booking.booked_at, booking.deposit_due_at,
           booking.deposit_paid_at, booking.allocated_count, booking.returned_fen, booking.end_reason,
           booking.recipient, booking.phone, booking.county_code, booking.address_detail, booking.note,
           coalesce(placed.payable_fen - placed.deposit_fen, 0) AS balance_fen, placed.payment_due_at AS balance_due_at,
           placed.paid_at AS balance_paid_at, coalesce(placed.returns_deposit, offer.if_unpaid = 'RETURN')
               AS returns_deposit,
           offer.supplier_id, offer.supplier_name, offer.sku_id, offer.product_id, offer.product_title,
           offer.product_title_en, offer.specification, offer.specification_en, offer.picture, offer.price_fen,
           offer.closes_at, offer.harvest_from, offer.harvest_until, offer.shortfall_rule, offer.if_unpaid,
           offer.status AS offer_status
    FROM presale_bookings AS booking JOIN presale_offers AS offer USING (offer_id)
    LEFT JOIN orders AS placed ON placed.order_id = booking.booking_id
"""  # noqa: S608 - only our own text
_DEPOSIT = Statement("""
    SELECT booking.booking_id, booking.booking_number, booking.buyer_id, booking.deposit_fen, booking.deposit_due_at,
           booking.status, offer.product_title
    FROM presale_bookings AS booking JOIN presale_offers AS offer USING (offer_id)
    WHERE booking.booking_id = :booking_id AND (:sees_all OR booking.buyer_id = :person_id)
""")
_ROOM = text("""
    SELECT coalesce(sum(quantity) FILTER (WHERE buyer_id = :buyer_id), 0)::integer AS own_count,
           count(*)::integer AS booking_count
    FROM presale_bookings WHERE offer_id = :offer_id AND status IN ('PENDING_DEPOSIT', 'BOOKED')
""")
_OFFER_OF = text("SELECT offer_id FROM presale_bookings WHERE booking_id = :booking_id")
_OVERDUE = text("""
    SELECT offer_id, array_agg(booking_id ORDER BY booking_id) AS booking_ids FROM presale_bookings
    WHERE status = 'PENDING_DEPOSIT' AND deposit_due_at <= :now GROUP BY offer_id ORDER BY offer_id LIMIT :limit
""")
_DUE_OFFERS = text("""
    SELECT offer_id FROM presale_offers
    WHERE (status = 'BOOKING' AND closes_at <= :now) OR (status = 'ALLOCATED' AND balance_due_at <= :now)
    ORDER BY offer_id LIMIT :limit
""")
_OPEN_BALANCES = text("""
    SELECT count(*) FROM presale_bookings AS booking JOIN orders ON order_id = booking_id
    WHERE offer_id = :offer_id AND orders.status = 'PENDING_PAYMENT'
""")


async def get_offer(db: AsyncSession, offer_id: UUID, caller: Caller | None = None) -> PresaleOffer:
    """One offer; NotFound unless it was opened, or the caller is its supplier or an operator."""
    found = await db.get(PresaleOffer, offer_id)
    if found is None or not (found.status in PUBLIC or (caller is not None and is_owner(found, caller))):
        raise no_such_offer()
    return found


async def lock_offer(db: AsyncSession, offer_id: UUID) -> PresaleOffer:
    """The offer as it is now, locked until the transaction ends. Lock order: payment, offer, bookings, order, stock."""
    statement = select(PresaleOffer).where(PresaleOffer.offer_id == offer_id).with_for_update(key_share=True)
    found = await db.scalar(statement, execution_options={"populate_existing": True})
    if found is None:
        raise no_such_offer()
    return found


async def lock_own_offer(db: AsyncSession, offer_id: UUID, caller: Caller) -> PresaleOffer:
    """The same for its supplier or an operator."""
    found = await lock_offer(db, offer_id)
    if not is_owner(found, caller):
        raise no_such_offer()
    return found


def is_owner(offer: PresaleOffer, caller: Caller) -> bool:
    """Whether the offer is the caller's to run."""
    return caller.is_operator or (caller.kind == "supplier" and offer.supplier_id == caller.organisation_id)


async def list_offers(
    db: AsyncSession,
    *,
    supplier_id: UUID | None = None,
    statuses: tuple[str, ...] | None = None,
    product_id: UUID | None = None,
    region: str | None = None,
    wanted: str | None = None,
    after: Place | None = None,
    limit: int,
) -> list[PresaleOffer]:
    """Offers, the newest first."""
    statement = select(PresaleOffer).order_by(PresaleOffer.created_at.desc(), PresaleOffer.offer_id.desc())
    if supplier_id is not None:
        statement = statement.where(PresaleOffer.supplier_id == supplier_id)
    if statuses is not None:
        statement = statement.where(PresaleOffer.status.in_(statuses))
    if product_id is not None:
        statement = statement.where(PresaleOffer.product_id == product_id)
    if region:
        statement = statement.where(PresaleOffer.origin_county_code.startswith(region, autoescape=True))
    if wanted:
        statement = statement.where(
            or_(
                PresaleOffer.product_title.icontains(wanted, autoescape=True),
                PresaleOffer.product_title_en.icontains(wanted, autoescape=True),
                PresaleOffer.supplier_name.icontains(wanted, autoescape=True),
            )
        )
    if after is not None:
        statement = statement.where(tuple_(PresaleOffer.created_at, PresaleOffer.offer_id) < after)
    return list(await db.scalars(statement.limit(limit)))


async def find_offer_id(db: AsyncSession, booking_id: UUID) -> UUID:
    """The offer of a booking; it never changes. NotFound `booking-not-found`."""
    offer_id: UUID | None = await db.scalar(_OFFER_OF, {"booking_id": booking_id})
    if offer_id is None:
        raise no_such_booking()
    return offer_id


async def lock_booking(db: AsyncSession, booking_id: UUID) -> PresaleBooking:
    """The booking, locked until the transaction ends; its offer is locked before."""
    statement = select(PresaleBooking).where(PresaleBooking.booking_id == booking_id).with_for_update(key_share=True)
    found = await db.scalar(statement, execution_options={"populate_existing": True})
    if found is None:
        raise no_such_booking()
    return found


async def lock_live_bookings(db: AsyncSession, offer_id: UUID) -> list[PresaleBooking]:
    """All that waits for its deposit or for the harvest, who paid first comes first; those who did not pay last."""
    statement = (
        select(PresaleBooking)
        .where(PresaleBooking.offer_id == offer_id, PresaleBooking.status.in_(("PENDING_DEPOSIT", "BOOKED")))
        .order_by(PresaleBooking.deposit_paid_at, PresaleBooking.booking_id)
        .with_for_update(key_share=True)
    )
    return list(await db.scalars(statement, execution_options={"populate_existing": True}))


async def list_booked(db: AsyncSession, offer_id: UUID) -> list[PresaleBooking]:
    """All paid bookings in the same order, read without a lock."""
    statement = (
        select(PresaleBooking)
        .where(PresaleBooking.offer_id == offer_id, PresaleBooking.status.in_(("BOOKED", "ALLOCATED")))
        .order_by(PresaleBooking.deposit_paid_at, PresaleBooking.booking_id)
    )
    return list(await db.scalars(statement))


async def find_room(db: AsyncSession, offer_id: UUID, buyer_id: UUID) -> Row[Any]:
    """What this buyer has booked already, and how many bookings there are."""
    return (await db.execute(_ROOM, {"offer_id": offer_id, "buyer_id": buyer_id})).one()


async def get_payable_deposit(
    db: AsyncSession | Direct, booking_id: UUID, caller: Caller, now: datetime
) -> PayableOrder:
    """What the payer of a deposit must know; NotFound for anyone but the booking's buyer and operators.

    Conflict `booking-not-payable` once it is paid, cancelled or past its time. Nothing is locked: settling decides.
    """
    values = {"booking_id": booking_id, "person_id": caller.person_id, "sees_all": caller.is_operator}
    rows = await _DEPOSIT.rows(db, values)
    if not rows:
        raise no_such_booking()
    found_id, number, buyer_id, deposit_fen, due_at, status, title = rows[0]
    if status != "PENDING_DEPOSIT" or due_at <= now:
        raise Conflict("The booking does not wait for a deposit.", code="booking-not-payable", booking_status=status)
    return PayableOrder(found_id, number, buyer_id, deposit_fen, due_at, f"定金 {title}"[:40])


async def get_booking(db: AsyncSession, booking_id: UUID, caller: Caller) -> RowMapping:
    """One booking with its offer and what became of it; NotFound unless the caller is its buyer, or an operator."""
    statement = text(
        f"{_BOOKING} WHERE booking.booking_id = :booking_id AND (:sees_all OR booking.buyer_id = :person_id)"
    )
    values = {"booking_id": booking_id, "person_id": caller.person_id, "sees_all": caller.is_operator}
    found = (await db.execute(statement, values)).mappings().first()
    if found is None:
        raise no_such_booking()
    return found


async def list_bookings(
    db: AsyncSession,
    *,
    buyer_id: UUID | None = None,
    offer_id: UUID | None = None,
    status: str | None = None,
    wanted: str | None = None,
    after: Place | None = None,
    limit: int,
) -> list[RowMapping]:
    """Bookings of a buyer or of an offer, the latest first. `wanted` is part of a number or a product's title."""
    conditions, values = ["true"], dict[str, Any]()
    if buyer_id is not None:
        conditions.append("booking.buyer_id = :buyer_id")
        values["buyer_id"] = buyer_id
    if offer_id is not None:
        conditions.append("booking.offer_id = :offer_id")
        values["offer_id"] = offer_id
    if status is not None:
        conditions.append(f"({_STATUS}) = :status")
        values["status"] = status
    if wanted:
        conditions.append("strpos(lower(concat_ws(' ', booking_number, product_title, product_title_en)), :wanted) > 0")
        values["wanted"] = wanted.lower()
    if after is not None:
        conditions.append("(booking.booked_at, booking.booking_id) < (:booked_at, :last_id)")
        values |= {"booked_at": after[0], "last_id": after[1]}
    statement = f"""{_BOOKING} WHERE {" AND ".join(conditions)}
        ORDER BY booking.booked_at DESC, booking.booking_id DESC LIMIT :limit"""
    return list((await db.execute(text(statement), values | {"limit": limit})).mappings())


async def count_by_status(db: AsyncSession, offer_id: UUID) -> dict[str, int]:
    """How many bookings of the offer are in which state."""
    statement = f"SELECT status, count(*) FROM ({_BOOKING} WHERE booking.offer_id = :offer_id) AS told GROUP BY status"  # noqa: S608 - our own text
    rows = await db.execute(text(statement), {"offer_id": offer_id})
    return {row[0]: row[1] for row in rows}


async def list_overdue(db: AsyncSession, *, now: datetime, limit: int) -> list[Row[Any]]:
    """Bookings whose deposit never came, by offer."""
    return list(await db.execute(_OVERDUE, {"now": now, "limit": limit}))


async def list_due_offers(db: AsyncSession, *, now: datetime, limit: int) -> list[UUID]:
    """Offers whose booking is over, or whose balances are."""
    return list(await db.scalars(_DUE_OFFERS, {"now": now, "limit": limit}))


async def count_open_balances(db: AsyncSession, offer_id: UUID) -> int:
    """How many of its orders still wait for their balance."""
    return int(await db.scalar(_OPEN_BALANCES, {"offer_id": offer_id}) or 0)


def no_such_offer() -> NotFound:
    """The refusal of an offer that does not exist, or not for this caller."""
    return NotFound("There is no such presale.", code="presale-not-found", field="offer_id")


def no_such_booking() -> NotFound:
    """The refusal of a booking that does not exist, or not for this caller."""
    return NotFound("There is no such booking.", code="booking-not-found", field="booking_id")
