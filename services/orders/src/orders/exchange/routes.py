"""Exchanges over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from orders.after_sales import Narrowed, Sort, cursor_of, list_batches, list_page, place_of, side_of
from orders.exchange import actions, queries, rules, schemas
from orders.exchange.models import Exchange
from orders.excursion import queries as excursion_queries
from orders.goods_back import queries as goods_back_queries
from orders.line_refund import queries as line_refund_queries
from orders.photo import queries as photo_queries
from orders.service_desk.routes import Agent
from orders.stock import queries as stock_queries
from orders.trail import queries as trail_queries
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.money import yuan
from shared.page import CursorText, Limit, Page
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["after-sales"])
Statuses = Annotated[list[schemas.Status] | None, Query()]
Verb = Literal["approve", "refuse", "refund", "withdraw", "send"]
_HEAD = (
    "订单号", "商品", "规格", "问题", "件数", "状态", "是否寄回", "退回运单", "改退款件数", "改退款金额(元)",
    "签收时间", "申请时间", "处理期限", "补发时间",
)  # fmt: skip
STATUS_NAMES = {
    "REQUESTED": "待商家处理", "APPROVED": "已同意", "REFUSED": "已拒绝", "SENT_BACK": "退回途中",
    "SHIPPED": "补发途中", "DELIVERED": "已换货", "CANCELLED": "已取消",
}  # fmt: skip
_PROBLEM_NAMES = {"wrong": "发错货", "damaged": "破损", "faulty": "质量问题", "other": "其他", "reissue": "平台补发"}


@router.get("/orders/{order_id}/lines/{line_id}/exchange-options")
async def get_options(order_id: UUID, line_id: UUID, caller: CallerDep, db: Read) -> schemas.ExchangeOptions:
    """What its buyer may exchange of a line now, and until when. 404 `line-not-found`; 409 `order-on-account`."""
    line = await line_refund_queries.get_sold_line(db, line_id, buyer_id=caller.person_id, order_id=order_id)
    balance = await line_refund_queries.find_balance(db, line)
    until = rules.exchange_until(line)
    return schemas.ExchangeOptions(
        line_id=line_id,
        order_id=order_id,
        order_number=line.order_number,
        product_title=line.product_title,
        product_title_en=line.product_title_en,
        specification=line.specification,
        picture=line.picture,
        quantity=line.quantity,
        left_count=balance.left_count,
        exchange_until=until,
        is_exchangeable=until is not None and utc_now() < until and balance.left_count > 0,
    )


@router.post("/orders/{order_id}/lines/{line_id}/exchanges", status_code=201, response_model=schemas.ExchangeItem)
async def request_exchange(
    order_id: UUID, line_id: UUID, body: schemas.RequestExchange, caller: CallerDep, db: Db, once: Once
) -> Response:
    """Ask for wrong or damaged pieces of a delivered line to be sent again.

    404 `line-not-found`; 409 `order-on-account`, `not-delivered`, `exchange-window-over`, `pieces-claimed-already`; 422
    `photo-unknown`.
    """
    exchange = await actions.request_exchange(
        db,
        exchange_id=new_id(),
        order_id=order_id,
        line_id=line_id,
        piece_count=body.piece_count,
        problem=body.problem,
        description=body.description,
        photo_ids=body.photo_ids,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, schemas.ExchangeItem.model_validate(exchange), status=201)


@router.post("/orders/{order_id}/lines/{line_id}/reissue", status_code=201, response_model=schemas.ExchangeItem)
async def reissue_pieces(
    order_id: UUID, line_id: UUID, body: schemas.ReissuePieces, caller: Agent, db: Db, once: Once
) -> Response:
    """Customer service sends pieces of a delivered line again: an exchange that is approved at once, whose first goods
    stay where they are.

    403 `agents-only`; 404 `line-not-found`; 409 `not-delivered`, `pieces-claimed-already`, `stock-short` (with
    `instead`: pay the pieces back).
    """
    exchange = await actions.reissue_pieces(
        db,
        exchange_id=new_id(),
        order_id=order_id,
        line_id=line_id,
        piece_count=body.piece_count,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, schemas.ExchangeItem.model_validate(exchange), status=201)


@router.get("/exchanges")
async def list_exchanges(
    caller: CallerDep,
    db: Read,
    asked: Narrowed,
    status: Statuses = None,
    sort: Sort = "-opened",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.ExchangeItem]:
    """Exchanges: a buyer's own, a supplier's, an operator's all; latest first, or `due`: whose turn ends soonest."""
    filters = replace(asked, status=tuple(status or ()))
    found = await list_page(db, Exchange, caller, filters, sort=sort, after=place_of(cursor), limit=limit)
    return Page(
        items=[schemas.ExchangeItem.model_validate(each) for each in found[:limit]],
        next_cursor=cursor_of(found[limit - 1], sort) if len(found) > limit else None,
    )


@router.get("/exchanges/export", response_class=Response)
async def export_exchanges(
    request: Request,
    caller: CallerDep,
    asked: Narrowed,
    kind: Annotated[SheetFormat, Query(alias="format")] = "csv",
    status: Statuses = None,
    sort: Sort = "-opened",
) -> Response:
    """The same list as a file."""
    filters = replace(asked, status=tuple(status or ()))

    async def batches() -> AsyncIterator[list[list[Any]]]:
        async for found in list_batches(request.app.state.database, Exchange, caller, filters, sort=sort):
            yield [_row(each) for each in found]

    return await sheet_response(kind, name="换货", head=_HEAD, batches=batches())


@router.get("/exchanges/{exchange_id}")
async def get_exchange(exchange_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.ExchangePage:
    """One exchange with its photos, its trail and what may be done. 404 `exchange-not-found`."""
    found = await queries.get_exchange(db, exchange_id, caller)
    response.headers["ETag"] = etag_of(found.revision)
    return await _page(db, found, caller)


@router.post("/exchanges/{exchange_id}/{verb}")
async def move_exchange(
    exchange_id: UUID,
    verb: Verb,
    body: schemas.MoveExchange,
    caller: CallerDep,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.ExchangePage:
    """Approve it (the replacement's stock is held at once), refuse it, pay it back instead, take it back, or send the
    first goods back. If-Match is what was read.

    404 `exchange-not-found`; 403 `not-your-move`; 409 `exchange-status`, `exchange-too-early`, `exchange-too-late`,
    `stock-short` (with `instead`: pay the pieces back), `refund-exceeds-payment`; 412 `stale`; 422 `reason-missing`,
    `send-to-missing`, `waybill-missing`.
    """
    said = rules.Said(body.reason, body.goods_back, body.send_to, body.carrier_name, body.waybill_number)
    found = await actions.move_exchange(
        db,
        exchange_id=exchange_id,
        verb=verb,
        said=said,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(found.revision)
    return await _page(db, found, caller)


async def _page(db: Db, found: Exchange, caller: Caller) -> schemas.ExchangePage:
    side = side_of(found, caller)
    decides = side != "buyer" and found.status == rules.REQUESTED
    goods = await goods_back_queries.find_goods(db, found.exchange_id)
    came_back = rules.came_back(found.status, goods_back=found.goods_back)
    told = await excursion_queries.list_excursions(db, found.supplier_order_id, exchange_id=found.exchange_id)
    return schemas.ExchangePage.model_validate(
        schemas.ExchangeItem.model_validate(found).model_dump()
        | {
            "photo_ids": await photo_queries.list_photo_ids(db, found.exchange_id),
            "excursions": told,
            "available": (await stock_queries.get_count(db, found.sku_id)).available if decides else None,
            "goods": goods if side != "buyer" else None,
            "can_book_goods": came_back and goods is None and side == "supplier",
            "lots": await stock_queries.list_shipped_lots(db, holder_id=found.order_id, sku_id=found.sku_id),
            "trail": await trail_queries.list_trail(db, found.exchange_id),
            "verbs": rules.verbs_for(found.status, side, found.due_at, utc_now(), goods_back=found.goods_back),
        },
        from_attributes=True,
    )


def _row(found: Exchange) -> list[Any]:
    return [
        found.order_number,
        found.product_title,
        found.specification,
        _PROBLEM_NAMES[found.problem],
        found.piece_count,
        STATUS_NAMES[found.status],
        "是" if found.goods_back else "否",
        f"{found.carrier_name} {found.waybill_number}".strip(),
        found.refunded_count,
        float(yuan(found.refunded_fen)),
        found.delivered_at,
        found.opened_at,
        found.due_at,
        found.shipped_at,
    ]
