"""Presales over HTTP: offers for everybody, and running them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from orders.presale import actions, allocating, queries, schemas
from orders.presale.models import PresaleOffer
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from shared.auth import Caller, OptionalCaller, require_kind
from shared.clock import parse_instant, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["presales"])
OwnerCaller = Annotated[Caller, Depends(require_kind("supplier"))]
Wanted = Annotated[
    str | None, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of the product's or supplier's name.")
]
Region = Annotated[str | None, Query(pattern=r"^[0-9]{1,6}$", description="Division code of the origin, or its begin.")]
HarvestAsked = Annotated[int, Query(ge=0, le=9_999_999, description="Pieces harvested.")]
_HEAD = (
    "编号",
    "产品",
    "规格",
    "状态",
    "单价(分)",
    "定金比例(万分之)",
    "计划件数",
    "已订件数",
    "收获件数",
    "分配件数",
    "预订开始",
    "预订截止",
    "采收开始",
    "采收结束",
    "尾款截止",
)
_BOOKING_HEAD = (
    "预订号",
    "状态",
    "件数",
    "分配件数",
    "总价(分)",
    "定金(分)",
    "退回定金(分)",
    "尾款(分)",
    "下单时间",
    "定金支付时间",
    "尾款支付时间",
)
_BATCH = 500


@router.get("/presales")
async def list_presales(
    db: Read,
    *,
    q: Wanted = None,
    status: Literal["BOOKING", "CLOSED", "ALLOCATED", "COMPLETED"] | None = None,
    product_id: UUID | None = None,
    region: Region = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.Offer]:
    """For everybody: presales that were opened, the newest first."""
    found = await queries.list_offers(
        db,
        statuses=(status,) if status else queries.PUBLIC,
        product_id=product_id,
        region=region,
        wanted=q,
        after=after(cursor),
        limit=limit + 1,
    )
    return _list(found, limit)


@router.get("/presale-figures")
async def show_figures() -> schemas.FiguresView:
    """For everybody: what a new presale begins with, and its limits."""
    return schemas.figures_view()


@router.get("/own-presales")
async def list_own(
    caller: OwnerCaller,
    db: Read,
    *,
    q: Wanted = None,
    status: schemas.OfferStatus | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[schemas.Offer]:
    """A supplier's own presales, drafts too, an operator's all, the newest first. 403 `kind-not-allowed`."""
    found = await queries.list_offers(
        db,
        supplier_id=_supplier_id(caller),
        statuses=(status,) if status else None,
        wanted=q,
        after=after(cursor),
        limit=limit + 1,
    )
    return _list(found, limit)


@router.get("/own-presales/export", response_class=Response)
async def export_own(
    request: Request,
    caller: OwnerCaller,
    *,
    q: Wanted = None,
    status: schemas.OfferStatus | None = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table."""

    async def batches() -> AsyncIterator[Sequence[Any]]:
        place: queries.Place | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_offers(
                    db,
                    supplier_id=_supplier_id(caller),
                    statuses=(status,) if status else None,
                    wanted=q,
                    after=place,
                    limit=_BATCH,
                )
            if found:
                yield [_row(each) for each in found]
            if len(found) < _BATCH:
                return
            place = found[-1].created_at, found[-1].offer_id

    return await sheet_response(sheet, name="预售", head=_HEAD, batches=batches())


@router.post("/presales", status_code=201, response_model=schemas.OfferPage)
async def create_presale(body: schemas.OfferIn, caller: OwnerCaller, db: Db, once: Once) -> Response:
    """A draft for a SKU of one's own. 403 `kind-not-allowed`, `sku-not-yours`; 422 `sku-unknown`, `presale-terms`,
    `deposit-too-large`."""
    offer = await actions.create_offer(
        db, offer_id=new_id(), sku_id=body.sku_id, terms=body.terms(), caller=caller, now=utc_now()
    )
    return await once.answer(db, await _page(db, offer), status=201)


@router.get("/presales/{offer_id}")
async def show_presale(offer_id: UUID, caller: OptionalCaller, db: Read, response: Response) -> schemas.OfferPage:
    """One presale; a draft, or one called off, only for its supplier and operators. 404 `presale-not-found`."""
    offer = await queries.get_offer(db, offer_id, caller)
    response.headers["ETag"] = etag_of(offer.revision)
    return await _page(db, offer)


@router.put("/presales/{offer_id}")
async def edit_presale(
    offer_id: UUID, body: schemas.TermsIn, caller: OwnerCaller, db: Db, expected: IfMatch, response: Response
) -> schemas.OfferPage:
    """Change a draft. 404 `presale-not-found`; 409 `presale-status`; 412 `stale`; 422 `presale-terms`,
    `deposit-too-large`; 428 `precondition-missing`."""
    offer = await actions.edit_offer(
        db, offer_id=offer_id, expected_revision=expected, terms=body.terms(), caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(offer.revision)
    return await _page(db, offer)


@router.get("/presales/{offer_id}/trail")
async def list_trail(offer_id: UUID, caller: OwnerCaller, db: Read) -> Page[TrailItem]:
    """Who did what to it, and when. 404 `presale-not-found`."""
    await _own(db, offer_id, caller)
    rows = await trail_queries.list_trail(db, offer_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


@router.get("/presales/{offer_id}/allocation")
async def show_allocation(
    offer_id: UUID, caller: OwnerCaller, db: Read, harvested_count: HarvestAsked
) -> schemas.AllocationView:
    """What each paid booking would get of so many pieces, before it is confirmed. 404 `presale-not-found`."""
    offer = await _own(db, offer_id, caller)
    booked = await queries.list_booked(db, offer_id)
    shares = allocating.shares_of(offer, booked, harvested_count)
    items = [
        schemas.ShareView(
            booking_id=share.booking_id,
            booking_number=booking.booking_number,
            quantity=share.quantity,
            allocated_count=share.allocated_count,
            deposit_fen=share.deposit_fen,
            returned_fen=share.returned_fen,
            balance_fen=offer.price_fen * share.allocated_count - share.kept_fen,
        )
        for booking, share in zip(booked, shares, strict=True)
    ]
    allocated = sum(each.allocated_count for each in items)
    return schemas.AllocationView(
        harvested_count=harvested_count,
        booked_count=sum(each.quantity for each in items),
        allocated_count=allocated,
        left_count=harvested_count - allocated,
        returned_fen=sum(each.returned_fen for each in items),
        balance_fen=sum(each.balance_fen for each in items),
        items=items,
    )


@router.post("/presales/{offer_id}/allocate", response_model=schemas.OfferPage)
async def allocate(
    offer_id: UUID, body: schemas.HarvestIn, caller: OwnerCaller, db: Db, expected: IfMatch, once: Once
) -> Response:
    """State the harvest: each booking gets its share, an order that waits for the balance, and the deposit of the rest
    back. 404 `presale-not-found`; 409 `presale-status`, `sku-not-listed`; 412 `stale`; 428 `precondition-missing`."""
    offer = await allocating.allocate(
        db,
        offer_id=offer_id,
        harvested_count=body.harvested_count,
        expected_revision=expected,
        next_id=new_id,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _page(db, offer))


@router.get("/presales/{offer_id}/bookings")
async def list_offer_bookings(
    offer_id: UUID,
    caller: OwnerCaller,
    db: Read,
    *,
    status: schemas.BookingStatus | None = None,
    q: Wanted = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[schemas.Booking]:
    """What is booked of a presale of one's own, without who; the latest first. 404 `presale-not-found`."""
    await _own(db, offer_id, caller)
    found = await queries.list_bookings(
        db, offer_id=offer_id, status=status, wanted=q, after=after(cursor), limit=limit + 1
    )
    return Page[schemas.Booking](
        items=[schemas.Booking.model_validate(each) for each in found[:limit]], next_cursor=next_place(found, limit)
    )


@router.get("/presales/{offer_id}/bookings/export", response_class=Response)
async def export_bookings(
    request: Request,
    offer_id: UUID,
    caller: OwnerCaller,
    db: Read,
    *,
    status: schemas.BookingStatus | None = None,
    q: Wanted = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table."""
    await _own(db, offer_id, caller)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        place: queries.Place | None = None
        while True:
            async with request.app.state.database.read() as reading:
                found = await queries.list_bookings(
                    reading, offer_id=offer_id, status=status, wanted=q, after=place, limit=_BATCH
                )
            if found:
                yield [_booking_row(each) for each in found]
            if len(found) < _BATCH:
                return
            place = found[-1]["booked_at"], found[-1]["booking_id"]

    return await sheet_response(sheet, name="预售预订", head=_BOOKING_HEAD, batches=batches())


@router.post("/presales/{offer_id}/{verb}", response_model=schemas.OfferPage)
async def move_presale(
    offer_id: UUID,
    verb: Literal["open", "close", "cancel"],
    body: schemas.Reason,
    caller: OwnerCaller,
    db: Db,
    expected: IfMatch,
    once: Once,
) -> Response:
    """Open it for booking, close it early, or call it off, when every deposit goes back.

    404 `presale-not-found`; 409 `presale-status`, `presale-over`, `sku-not-listed`; 412 `stale`; 428
    `precondition-missing`.
    """
    offer = await actions.move_offer(
        db,
        offer_id=offer_id,
        verb=verb,
        expected_revision=expected,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _page(db, offer))


async def _own(db: Any, offer_id: UUID, caller: Caller) -> PresaleOffer:
    offer = await queries.get_offer(db, offer_id, caller)
    if not queries.is_owner(offer, caller):
        raise queries.no_such_offer()
    return offer


async def _page(db: Any, offer: PresaleOffer) -> schemas.OfferPage:
    counts = await queries.count_by_status(db, offer.offer_id)
    return schemas.OfferPage.model_validate({**schemas.Offer.of(offer).model_dump(), "bookings": counts})


def _list(found: list[PresaleOffer], limit: int) -> Page[schemas.Offer]:
    last = found[limit - 1] if len(found) > limit else None
    return Page[schemas.Offer](
        items=[schemas.Offer.of(each) for each in found[:limit]],
        next_cursor=None if last is None else encode_cursor(last.created_at.isoformat(), str(last.offer_id)),
    )


def next_place(found: Sequence[Any], limit: int) -> str | None:
    """The cursor after a page of bookings, of which one more was read."""
    if len(found) <= limit:
        return None
    return encode_cursor(found[limit - 1]["booked_at"].isoformat(), str(found[limit - 1]["booking_id"]))


def after(cursor: str | None) -> queries.Place | None:
    """Where the page before ended; 400 `cursor-invalid`."""
    if cursor is None:
        return None
    values: list[Any] = decode_cursor(cursor, size=2)
    try:
        at: datetime = parse_instant(str(values[0]))
        return at, UUID(str(values[1]))
    except (ValueError, OverflowError) as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error


def _supplier_id(caller: Caller) -> UUID | None:
    return None if caller.is_operator else caller.organisation_id


def _row(offer: PresaleOffer) -> list[Any]:
    return [
        str(offer.offer_id),
        offer.product_title,
        offer.specification,
        offer.status,
        offer.price_fen,
        offer.deposit_bp,
        offer.planned_count,
        offer.booked_count,
        offer.harvested_count,
        offer.allocated_count,
        offer.opens_at,
        offer.closes_at,
        offer.harvest_from,
        offer.harvest_until,
        offer.balance_due_at,
    ]


def _booking_row(booking: Any) -> list[Any]:
    return [
        booking["booking_number"],
        booking["status"],
        booking["quantity"],
        booking["allocated_count"],
        booking["amount_fen"],
        booking["deposit_fen"],
        booking["returned_fen"],
        booking["balance_fen"],
        booking["booked_at"],
        booking["deposit_paid_at"],
        booking["balance_paid_at"],
    ]
