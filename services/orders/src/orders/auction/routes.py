"""Reverse auctions over HTTP: units set them up and award them, suppliers enter and bid, both watch."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from orders.auction import actions, bidding, queries, rules, schemas
from orders.auction.models import Auction
from orders.quotation.routes import BATCH, FUNDS, LateOnly, Words, after, units_seen
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from orders.unit import queries as unit_queries
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest, Conflict
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once, OnceUnchecked
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/auctions", tags=["auctions"])
EnteredOnly = Annotated[bool, Query(description="Only those that the supplier entered.")]
_LIVE_BIDS = 20
_HEAD = (
    "编号", "标题", "采购单位", "状态", "经费", "起拍价（元）", "最低报价（元）", "报价次数", "参与家数", "开始",
    "结束", "延时次数", "是否超期",
)  # fmt: skip
_BID_HEAD = ("序号", "竞价方", "供应商", "报价（元）", "时间")
_STATUSES = {
    "DRAFT": "草稿", "PUBLISHED": "已发布", "ENDED": "待确认", "FAILED": "流标", "AWARDED": "已成交",
    "CANCELLED": "已取消",
}  # fmt: skip


@router.get("")
async def list_auctions(
    caller: CallerDep,
    db: Read,
    *,
    q: Words = "",
    status: schemas.Status | None = None,
    is_late: LateOnly = False,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.AuctionItem]:
    """Those of the caller's unit and of the units below it, a finance office's region, an operator's all; the newest
    first. 403 `kind-not-allowed`."""
    found = await queries.list_auctions(
        db,
        unit_ids=await units_seen(db, caller),
        status=status,
        is_late=is_late,
        q=q.strip(),
        after=after(cursor),
        limit=limit + 1,
    )
    items = [schemas.AuctionItem.model_validate(each) for each in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].auction_id)) if len(found) > limit else None)


@router.get("/export", response_class=Response)
async def export_auctions(
    request: Request,
    caller: CallerDep,
    *,
    q: Words = "",
    status: schemas.Status | None = None,
    is_late: LateOnly = False,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table. 403 `kind-not-allowed`."""
    async with request.app.state.database.read() as db:
        unit_ids = await units_seen(db, caller)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        last: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_auctions(
                    db, unit_ids=unit_ids, status=status, is_late=is_late, q=q.strip(), after=last, limit=BATCH
                )
            yield [_row(each) for each in found]
            if len(found) < BATCH:
                return
            last = found[-1].auction_id

    return await sheet_response(sheet, name="竞价", head=_HEAD, batches=batches())


@router.get("/open")
async def list_open(
    caller: CallerDep,
    db: Read,
    *,
    q: Words = "",
    status: schemas.Status | None = None,
    is_entered: EnteredOnly = False,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.OpenAuction]:
    """For suppliers: what was published, the newest first. 403 `kind-not-allowed`."""
    found = await queries.list_auctions(
        db,
        unit_ids=None,
        supplier_id=bidding.supplier_of(caller),
        status=status,
        is_entered=is_entered,
        q=q.strip(),
        after=after(cursor),
        limit=limit + 1,
    )
    items = [schemas.OpenAuction.model_validate(each) for each in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].auction_id)) if len(found) > limit else None)


@router.get("/open/export", response_class=Response)
async def export_open(
    request: Request,
    caller: CallerDep,
    *,
    q: Words = "",
    status: schemas.Status | None = None,
    is_entered: EnteredOnly = False,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table. 403 `kind-not-allowed`."""
    supplier_id = bidding.supplier_of(caller)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        last: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_auctions(
                    db, unit_ids=None, supplier_id=supplier_id, status=status, is_entered=is_entered, q=q.strip(),
                    after=last, limit=BATCH,
                )  # fmt: skip
            yield [[*_row(each), "是" if each.entry_number else "否"] for each in found]
            if len(found) < BATCH:
                return
            last = found[-1].auction_id

    return await sheet_response(sheet, name="竞价", head=(*_HEAD, "已参加"), batches=batches())


@router.post("", status_code=201, response_model=schemas.AuctionOut)
async def create_auction(body: schemas.AuctionIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Write a draft. 403 `unit-needed`, `duty-missing`; 409 `unit-closed`; 422 `step-too-large`,
    `extension-too-long`, `auction-too-short`, `auction-too-long`, `delivery-before-deadline`."""
    made = await actions.create_auction(db, auction_id=new_id(), draft=body.draft(), caller=caller, now=utc_now())
    return await once.answer(db, await _whole(db, made, caller), status=201)


@router.get("/{auction_id}")
async def get_auction(auction_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.AuctionOut:
    """One with its lot. 404 `auction-unknown`, `unit-unknown`."""
    found = await queries.get_auction_for(db, auction_id, caller)
    response.headers["ETag"] = etag_of(found.revision)
    return await _whole(db, found, caller)


@router.put("/{auction_id}")
async def edit_auction(
    auction_id: UUID, body: schemas.AuctionIn, caller: CallerDep, db: Db, expected: IfMatch, response: Response
) -> schemas.AuctionOut:
    """Write the draft anew. Refused as a new one, and 404 `auction-unknown`; 409 `auction-status`; 412 `stale`; 428
    `precondition-missing`."""
    found = await actions.edit_auction(
        db, auction_id=auction_id, expected_revision=expected, draft=body.draft(), caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(found.revision)
    return await _whole(db, found, caller)


@router.post("/{auction_id}/publish", response_model=schemas.AuctionOut)
async def publish_auction(auction_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """Let suppliers enter. 403 `unit-needed`, `duty-missing`; 404 `auction-unknown`; 409 `auction-status`; 412
    `stale`; 422 `auction-too-short`, `auction-too-far`; 428 `precondition-missing`."""
    found = await actions.publish_auction(
        db, auction_id=auction_id, expected_revision=expected, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _whole(db, found, caller))


@router.post("/{auction_id}/award", response_model=schemas.AuctionOut)
async def award_auction(
    auction_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Confirm the lowest bid; a purchase is drafted. 403 `unit-needed`, `duty-missing`; 404 `auction-unknown`; 409
    `auction-status`, `bid-too-small`, `sku-not-listed`; 412 `stale`; 422 `award-reason-too-short`,
    `fund-without-union`; 428 `precondition-missing`."""
    found = await actions.award_auction(
        db, auction_id=auction_id, expected_revision=expected, reason=body.reason, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _whole(db, found, caller))


@router.post("/{auction_id}/cancel", response_model=schemas.AuctionOut)
async def cancel_auction(
    auction_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Call it off. 403 `unit-needed`, `duty-missing`; 404 `auction-unknown`; 409 `auction-status`; 412 `stale`; 422
    `reason-missing`; 428 `precondition-missing`."""
    found = await actions.cancel_auction(
        db, auction_id=auction_id, expected_revision=expected, reason=body.reason, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _whole(db, found, caller))


@router.put("/{auction_id}/entry")
async def enter_auction(auction_id: UUID, body: schemas.EntryIn, caller: CallerDep, db: Db) -> schemas.EntryOut:
    """Take part with own goods for every line; they may be others until the first bid. 403 `kind-not-allowed`; 404
    `auction-unknown`; 409 `auction-status`, `auction-over`, `entry-fixed`; 422 `lines-missing`, `sku-offered-twice`,
    `sku-not-yours`, `sku-not-sellable`."""
    entry = await bidding.enter_auction(db, auction_id=auction_id, offers=body.taken(), caller=caller, now=utc_now())
    return schemas.EntryOut.model_validate(entry)


@router.post("/{auction_id}/bids", status_code=201, response_model=schemas.BidPlaced)
async def place_bid(
    request: Request, auction_id: UUID, body: schemas.BidIn, caller: CallerDep, once: OnceUnchecked
) -> Response:
    """Bid for the whole lot, delivered. It counts if it is committed before the end by the database's clock. 403
    `kind-not-allowed`, `auction-not-entered`; 404 `auction-unknown`; 409 `auction-not-begun`, `auction-over`,
    `auction-status`, `bid-leads-already`, `bid-too-high` (with `most_fen`), `constraint-violated`. After a 503
    `database-unavailable` the bid may be there: the same key sent again says so."""
    async with request.app.state.bidding.join(request.app.state.database) as direct:
        answer = await bidding.answer_bid(
            direct, auction_id=auction_id, bid_id=new_id(), amount_fen=body.amount_fen, caller=caller, once=once
        )
    return Response(answer, status_code=201, media_type="application/json")


@router.get("/{auction_id}/live")
async def get_live(auction_id: UUID, caller: CallerDep, db: Read) -> schemas.Live:
    """How it stands, with the latest bids; a few hundred bytes. 404 `auction-unknown`, `unit-unknown`."""
    await queries.get_auction_for(db, auction_id, caller)
    own = _own(caller)
    standing = await queries.get_standing(db, auction_id, own)
    bids = await queries.list_bids(db, auction_id, supplier_id=own, limit=_LIVE_BIDS)
    return schemas.Live.model_validate(standing).model_copy(
        update={"bids": [schemas.BidItem.model_validate(each) for each in bids]}
    )


@router.get("/{auction_id}/bids")
async def list_bids(
    auction_id: UUID, caller: CallerDep, db: Read, *, cursor: CursorText = None, limit: Limit = 50
) -> Page[schemas.BidItem]:
    """Every bid, the latest first. 404 `auction-unknown`, `unit-unknown`."""
    await queries.get_auction_for(db, auction_id, caller)
    found = await queries.list_bids(db, auction_id, supplier_id=_own(caller), before=_before(cursor), limit=limit + 1)
    items = [schemas.BidItem.model_validate(each) for each in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].bid_position) if len(found) > limit else None)


@router.get("/{auction_id}/bids/export", response_class=Response)
async def export_bids(
    request: Request, auction_id: UUID, caller: CallerDep, *, sheet: SheetFormat = "xlsx"
) -> Response:
    """The same list as a table. 404 `auction-unknown`, `unit-unknown`."""
    async with request.app.state.database.read() as db:
        await queries.get_auction_for(db, auction_id, caller)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        before: int | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_bids(db, auction_id, supplier_id=_own(caller), before=before, limit=BATCH)
            yield [
                [each.bid_position, each.entry_number, each.supplier_name, each.amount_fen / 100, each.placed_at]
                for each in found
            ]
            if len(found) < BATCH:
                return
            before = found[-1].bid_position

    return await sheet_response(sheet, name="竞价记录", head=_BID_HEAD, batches=batches())


@router.get("/{auction_id}/trail")
async def list_trail(auction_id: UUID, caller: CallerDep, db: Read) -> Page[TrailItem]:
    """Who did what to it, and when. 404 `auction-unknown`, `unit-unknown`."""
    await queries.get_auction_for(db, auction_id, caller)
    rows = await trail_queries.list_trail(db, auction_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


def _own(caller: Caller) -> UUID | None:
    return caller.organisation_id if caller.kind == "supplier" else None


async def _whole(db: AsyncSession, auction: Auction, caller: Caller) -> schemas.AuctionOut:
    unit, own = await unit_queries.get_unit(db, auction.unit_id), _own(caller)
    lines = await queries.list_lines(db, auction.auction_id)
    offers = [] if own is None else await queries.list_offers(db, auction.auction_id, own)
    update: dict[str, Any] = {
        "unit_name": unit.name,
        "lines": [schemas.LineOut.model_validate(each) for each in lines],
        "own_offers": [schemas.OfferOut.model_validate(each) for each in offers],
        "leading_offers": await _leading(db, auction) if own is None else [],
    }
    if own is not None:
        update |= {"recipient": "", "phone": ""}
    return schemas.AuctionOut.model_validate(auction).model_copy(update=update)


async def _leading(db: AsyncSession, auction: Auction) -> list[schemas.AgreedOffer]:
    if auction.status not in {"ENDED", "AWARDED"} or auction.leader_id is None or auction.lowest_fen is None:
        return []
    offers = await queries.list_offers(db, auction.auction_id, auction.leader_id)
    prices: Sequence[int | None]
    try:
        prices = rules.agreed_prices(auction.lowest_fen, [(each.piece_count, each.listed_price_fen) for each in offers])
    except Conflict:  # the award is refused for it
        prices = [None] * len(offers)
    return [
        schemas.AgreedOffer(**schemas.OfferOut.model_validate(each).model_dump(), agreed_price_fen=price)
        for each, price in zip(offers, prices, strict=True)
    ]


def _row(found: Any) -> list[Any]:
    return [
        str(found.auction_id),
        found.title,
        found.unit_name,
        _STATUSES[found.status],
        FUNDS[found.fund],
        found.start_fen / 100,
        None if found.lowest_fen is None else found.lowest_fen / 100,
        found.bid_count,
        found.entry_count,
        found.starts_at,
        found.ends_at,
        found.extension_count,
        found.is_late,
    ]


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    [place] = decode_cursor(cursor, size=1)
    if not isinstance(place, int) or not 0 < place < 2**31:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        )
    return place
