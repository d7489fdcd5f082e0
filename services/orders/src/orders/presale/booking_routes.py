"""Bookings over HTTP: a buyer's own. The balance is paid like any order, under the booking's id."""

from uuid import UUID

from fastapi import APIRouter, Response

from orders.order.rules import Address, Buyer
from orders.presale import booking, queries, schemas
from orders.presale.routes import Wanted, after, next_place
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page

router = APIRouter(prefix="/v1", tags=["presales"])


@router.post("/presales/{offer_id}/bookings", status_code=201, response_model=schemas.BookingPage)
async def book(offer_id: UUID, body: schemas.BookingIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Book pieces of a coming harvest; they are the buyer's when the deposit is paid by `deposit_due_at`.

    404 `presale-not-found`; 409 `presale-not-open`, `presale-cap`, `presale-full`, `region-not-served`.
    """
    to = body.address
    booking_id = new_id()
    await booking.book(
        db,
        booking_id=booking_id,
        offer_id=offer_id,
        wish=booking.Wish(
            buyer=Buyer(caller.person_id, caller.kind, caller.organisation_id, caller.roles),
            quantity=body.quantity,
            address=Address(to.recipient, to.phone, to.county_code, to.detail),
            note=body.note,
        ),
        now=utc_now(),
    )
    page = schemas.booking_page(await queries.get_booking(db, booking_id, caller))
    return await once.answer(db, page, status=201)


@router.get("/presale-bookings")
async def list_bookings(
    caller: CallerDep,
    db: Read,
    *,
    status: schemas.BookingStatus | None = None,
    q: Wanted = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.BookingPage]:
    """The caller's own bookings, the latest first."""
    found = await queries.list_bookings(
        db, buyer_id=caller.person_id, status=status, wanted=q, after=after(cursor), limit=limit + 1
    )
    return Page[schemas.BookingPage](
        items=[schemas.booking_page(each) for each in found[:limit]], next_cursor=next_place(found, limit)
    )


@router.get("/presale-bookings/{booking_id}")
async def show_booking(booking_id: UUID, caller: CallerDep, db: Read) -> schemas.BookingPage:
    """One booking; 404 `booking-not-found` unless it is the caller's own (or the caller an operator)."""
    return schemas.booking_page(await queries.get_booking(db, booking_id, caller))


@router.get("/presale-bookings/{booking_id}/trail")
async def list_booking_trail(booking_id: UUID, caller: CallerDep, db: Read) -> Page[TrailItem]:
    """What happened to it until it became an order. 404 `booking-not-found`."""
    await queries.get_booking(db, booking_id, caller)
    rows = await trail_queries.list_trail(db, booking_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


@router.post("/presale-bookings/{booking_id}/cancel", response_model=schemas.BookingPage)
async def cancel_booking(booking_id: UUID, caller: CallerDep, db: Db, once: Once) -> Response:
    """Give a booking up while the presale takes bookings; the deposit goes back whole.

    404 `booking-not-found`; 409 `booking-status`, `booking-closed`.
    """
    await booking.cancel_booking(db, booking_id=booking_id, caller=caller, now=utc_now())
    return await once.answer(db, schemas.booking_page(await queries.get_booking(db, booking_id, caller)))
