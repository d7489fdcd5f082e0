"""Group buys over HTTP: public to read, a supplier's to offer, anybody's to join."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from orders.group_buy import actions, queries, schemas
from orders.order import rules as order_rules
from orders.order.schemas import OrderPage, placed_page
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep, require_kind
from shared.clock import parse_instant, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once, OnceUnchecked
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/group-buys", tags=["group buys"])
OwnerCaller = Annotated[Caller, Depends(require_kind("supplier"))]
Wanted = Annotated[str | None, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a name.")]
Category = Annotated[str | None, Query(max_length=40, pattern=r"^[a-z-]*$")]
County = Annotated[str | None, Query(pattern=r"^[0-9]{2,6}$", description="Division code of the origin, or its start.")]
State = Annotated[Literal["open", "ended"], Query(description="Those that can be joined, or those that are over.")]
_BATCH = 500
_HEAD = (
    "团购编号",
    "名称",
    "商品",
    "规格",
    "状态",
    "团购价(分)",
    "成团件数",
    "上限件数",
    "每人限购",
    "截止时间",
    "已付件数",
    "已占件数",
)
_PARTICIPANT_HEAD = ("订单编号", "件数", "状态", "应付(分)", "收货城市代码", "参团时间")


@router.get("")
async def list_group_buys(
    db: Read,
    *,
    q: Wanted = None,
    category: Category = None,
    county: County = None,
    state: State = "open",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.GroupBuyItem]:
    """For everybody: the groups that can be joined, the one that ends first at the top; or those that are over."""
    found = await queries.list_open(
        db,
        now=utc_now(),
        wanted=q,
        category=category,
        county=county,
        state=state,
        after=_after_time(cursor),
        limit=limit + 1,
    )
    last = found[limit - 1] if len(found) > limit else None
    return Page[schemas.GroupBuyItem](
        items=[schemas.GroupBuyItem.model_validate(each) for each in found[:limit]],
        next_cursor=None if last is None else encode_cursor(last.closes_at.isoformat(), str(last.group_buy_id)),
    )


@router.get("/managed")
async def list_managed(
    caller: OwnerCaller,
    db: Read,
    *,
    q: Wanted = None,
    status: schemas.Status | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[schemas.ManagedGroupBuy]:
    """A supplier's own, an operator's all, the newest first. 403 `kind-not-allowed`."""
    found = await queries.list_managed(
        db, caller, now=utc_now(), wanted=q, status=status, after=_after_id(cursor), limit=limit + 1
    )
    items = [schemas.ManagedGroupBuy.model_validate(each) for each in found[:limit]]
    more = len(found) > limit
    return Page[schemas.ManagedGroupBuy](
        items=items, next_cursor=encode_cursor(str(items[-1].group_buy_id)) if more else None
    )


@router.get("/managed/export", response_class=Response)
async def export_managed(
    request: Request,
    caller: OwnerCaller,
    *,
    q: Wanted = None,
    status: schemas.Status | None = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table."""

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_managed(
                    db, caller, now=utc_now(), wanted=q, status=status, after=after, limit=_BATCH
                )
            if found:
                yield [_row(each) for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1].group_buy_id

    return await sheet_response(sheet, name="团购", head=_HEAD, batches=batches())


@router.get("/joined")
async def list_joined(
    caller: CallerDep, db: Read, cursor: CursorText = None, limit: Limit = 20
) -> Page[schemas.Joined]:
    """The caller's orders in groups, the newest first."""
    found = await queries.list_joined(db, caller.person_id, now=utc_now(), after=_after_id(cursor), limit=limit + 1)
    items = [schemas.joined_of(each) for each in found[:limit]]
    more = len(found) > limit
    return Page[schemas.Joined](items=items, next_cursor=encode_cursor(str(items[-1].order_id)) if more else None)


@router.get("/candidates")
async def list_candidates(caller: OwnerCaller, db: Read, q: Wanted = None, limit: Limit = 50) -> schemas.CandidateList:
    """SKUs on sale that the caller may offer. 403 `kind-not-allowed`."""
    found = await queries.list_candidates(db, caller, wanted=q, limit=limit)
    return schemas.CandidateList(items=[schemas.Candidate.model_validate(each) for each in found])


@router.post("", status_code=201, response_model=schemas.ManagedGroupBuy)
async def create_group_buy(body: schemas.GroupBuyIn, caller: OwnerCaller, db: Db, once: Once) -> Response:
    """A draft. 403 `kind-not-allowed`, `sku-not-yours`; 422 `sku-unknown`, `group-price-wrong`, `group-numbers-wrong`,
    `group-end-wrong`."""
    group = await actions.create_group_buy(db, group_buy_id=new_id(), facts=body.facts(), caller=caller, now=utc_now())
    return await once.answer(db, await _managed(db, group.group_buy_id, caller), status=201)


@router.get("/{group_buy_id}")
async def get_group_buy(group_buy_id: UUID, db: Read) -> schemas.GroupBuyItem:
    """One that is or was open, with its progress. 404 `group-buy-unknown`."""
    return schemas.GroupBuyItem.model_validate(await queries.get_open(db, group_buy_id, now=utc_now()))


@router.get("/{group_buy_id}/managed")
async def get_managed(group_buy_id: UUID, caller: OwnerCaller, db: Read, response: Response) -> schemas.ManagedGroupBuy:
    """One for who offers it. 403 `kind-not-allowed`; 404 `group-buy-unknown`."""
    found = await _managed(db, group_buy_id, caller)
    response.headers["ETag"] = etag_of(found.revision)
    return found


@router.put("/{group_buy_id}")
async def edit_group_buy(
    group_buy_id: UUID,
    body: schemas.GroupBuyIn,
    caller: OwnerCaller,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.ManagedGroupBuy:
    """Change a draft. 403 `sku-not-yours`; 404 `group-buy-unknown`; 409 `group-buy-status`; 412 `stale`; 422 as
    creating; 428 `precondition-missing`."""
    group = await actions.edit_group_buy(
        db,
        group_buy_id=group_buy_id,
        expected_revision=expected,
        facts=body.facts(),
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(group.revision)
    return await _managed(db, group_buy_id, caller)


@router.get("/{group_buy_id}/quote")
async def get_quote(
    group_buy_id: UUID,
    caller: CallerDep,
    db: Read,
    request: Request,
    county_code: Annotated[str, Query(pattern=r"^[0-9]{6}$")],
    quantity: Annotated[int, Query(ge=1, le=99_999)] = 1,
) -> schemas.Quote:
    """What so many pieces cost, brought to the county. 404 `group-buy-unknown`; 409 `group-closed`, `stock-short`,
    `sku-not-listed`, `region-not-served`."""
    draft = await actions.draft_join(
        db,
        group_buy_id=group_buy_id,
        quantity=quantity,
        order_id=new_id(),
        next_id=new_id,
        buyer=_buyer(caller),
        address=order_rules.Address("", "", county_code, ""),
        note="",
        now=utc_now(),
        payment_window=request.app.state.settings.payment_window,
    )
    return schemas.quote_of(draft)


@router.post("/{group_buy_id}/orders", status_code=201, response_model=OrderPage)
async def join_group(
    group_buy_id: UUID, request: Request, body: schemas.JoinIn, caller: CallerDep, db: Db, once: OnceUnchecked
) -> Response:
    """Order pieces at the group's price; they count once paid. The order is paid, read and (until the group has formed)
    cancelled like any other.

    404 `group-buy-unknown`; 409 `group-closed`, `group-full`, `group-cap`, `stock-short`, `sku-not-listed`,
    `sku-changed`, `region-not-served`, `price-changed`.
    """
    placed = await actions.join_group(
        db,
        group_buy_id=group_buy_id,
        quantity=body.quantity,
        order_id=new_id(),
        next_id=new_id,
        buyer=_buyer(caller),
        address=order_rules.Address(
            body.address.recipient, body.address.phone, body.address.county_code, body.address.detail
        ),
        note=body.note,
        payment_window=request.app.state.settings.payment_window,
        seen_payable_fen=body.seen_payable_fen,
        render=placed_page,
        once=once,
        now=utc_now(),
    )
    location = {"Location": f"/v1/orders/{placed.draft.order_id}"}
    return Response(placed.answer, status_code=201, media_type="application/json", headers=location)


@router.get("/{group_buy_id}/participants")
async def list_participants(
    group_buy_id: UUID, caller: OwnerCaller, db: Read, cursor: CursorText = None, limit: Limit = 50
) -> Page[schemas.Participant]:
    """Orders in the group, the newest first, without a name. 403 `kind-not-allowed`; 404 `group-buy-unknown`."""
    await queries.get_managed(db, group_buy_id, caller, now=utc_now())
    found = await queries.list_participants(db, group_buy_id, after=_after_id(cursor), limit=limit + 1)
    items = [schemas.Participant.model_validate(each) for each in found[:limit]]
    more = len(found) > limit
    return Page[schemas.Participant](items=items, next_cursor=encode_cursor(str(items[-1].order_id)) if more else None)


@router.get("/{group_buy_id}/participants/export", response_class=Response)
async def export_participants(
    group_buy_id: UUID, request: Request, caller: OwnerCaller, db: Read, sheet: SheetFormat = "xlsx"
) -> Response:
    """The same list as a table."""
    await queries.get_managed(db, group_buy_id, caller, now=utc_now())

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: UUID | None = None
        while True:
            async with request.app.state.database.read() as own:
                found = await queries.list_participants(own, group_buy_id, after=after, limit=_BATCH)
            if found:
                yield [
                    [each.order_number, each.quantity, each.status, each.payable_fen, each.city_code, each.joined_at]
                    for each in found
                ]
            if len(found) < _BATCH:
                return
            after = found[-1].order_id

    return await sheet_response(sheet, name="参团订单", head=_PARTICIPANT_HEAD, batches=batches())


@router.get("/{group_buy_id}/trail")
async def list_trail(group_buy_id: UUID, caller: OwnerCaller, db: Read) -> Page[TrailItem]:
    """Who did what to it, and when. 403 `kind-not-allowed`; 404 `group-buy-unknown`."""
    await queries.get_managed(db, group_buy_id, caller, now=utc_now())
    rows = await trail_queries.list_trail(db, group_buy_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


@router.post("/{group_buy_id}/{verb}", response_model=schemas.ManagedGroupBuy)
async def move_group_buy(
    group_buy_id: UUID,
    verb: Literal["open", "cancel"],
    body: schemas.Reason,
    caller: OwnerCaller,
    db: Db,
    expected: IfMatch,
    once: Once,
) -> Response:
    """Open it, which sets its pieces aside, or cancel it, which gives all money back.

    404 `group-buy-unknown`; 409 `group-buy-status`, `stock-short`; 412 `stale`; 422 as creating; 428
    `precondition-missing`.
    """
    await actions.move_group_buy(
        db,
        group_buy_id=group_buy_id,
        verb=verb,
        expected_revision=expected,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _managed(db, group_buy_id, caller))


async def _managed(db: Any, group_buy_id: UUID, caller: Caller) -> schemas.ManagedGroupBuy:
    row = await queries.get_managed(db, group_buy_id, caller, now=utc_now())
    return schemas.ManagedGroupBuy.model_validate(row)


def _buyer(caller: Caller) -> order_rules.Buyer:
    return order_rules.Buyer(caller.person_id, caller.kind, caller.organisation_id, caller.roles)


def _row(group: Any) -> list[Any]:
    return [
        str(group.group_buy_id),
        group.title,
        group.product_title,
        group.specification,
        group.status,
        group.price_fen,
        group.min_count,
        group.max_count,
        group.person_cap,
        group.closes_at,
        group.paid_count,
        group.taken_count,
    ]


def _after_time(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    values: list[Any] = decode_cursor(cursor, size=2)
    try:
        return parse_instant(str(values[0])), UUID(str(values[1]))
    except ValueError as error:
        raise _wrong_cursor() from error


def _after_id(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, size=1)[0]))
    except ValueError as error:
        raise _wrong_cursor() from error


def _wrong_cursor() -> BadRequest:
    return BadRequest("The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor")
