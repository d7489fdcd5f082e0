"""Returns over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from orders.after_sales import Narrowed, Sort, cursor_of, list_batches, list_page, place_of, side_of
from orders.goods_back import queries as goods_back_queries
from orders.line_refund import queries as line_refund_queries
from orders.product_return import actions, queries, rules, schemas
from orders.product_return.models import ProductReturn
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
_HEAD = (
    "订单号", "商品", "规格", "原因", "件数", "申请金额(元)", "退款金额(元)", "状态", "退回运单", "签收时间",
    "申请时间", "处理期限",
)  # fmt: skip
STATUS_NAMES = {
    "REQUESTED": "待商家处理", "APPROVED": "待买家寄回", "REFUSED": "已拒绝", "SENT_BACK": "退回途中",
    "RECEIVED": "验货中", "ACCEPTED": "已同意退款", "REJECTED": "验货不通过", "REFUNDED": "已退款",
    "WITHDRAWN": "已撤销",
}  # fmt: skip
_CAUSE_NAMES = {"no_reason": "无理由", "faulty": "质量问题", "wrong": "发错货"}
Verb = Literal["approve", "refuse", "withdraw", "send", "receive", "accept", "reject"]


@router.post("/orders/{order_id}/lines/{line_id}/returns", status_code=201, response_model=schemas.ReturnItem)
async def request_return(
    order_id: UUID, line_id: UUID, body: schemas.RequestReturn, caller: CallerDep, db: Db, once: Once
) -> Response:
    """Ask to send pieces of a delivered line back: without a reason within seven days (not fresh goods), or because of
    a fault.

    404 `line-not-found`; 409 `order-on-account`, `not-delivered`, `return-window-over`, `fresh-goods-stay`,
    `nothing-was-paid`,
    `pieces-claimed-already`.
    """
    found = await actions.request_return(
        db,
        return_id=new_id(),
        order_id=order_id,
        line_id=line_id,
        piece_count=body.piece_count,
        cause=body.cause,
        description=body.description,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, schemas.ReturnItem.model_validate(found), status=201)


@router.get("/returns")
async def list_returns(
    caller: CallerDep,
    db: Read,
    asked: Narrowed,
    status: Statuses = None,
    sort: Sort = "-opened",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.ReturnItem]:
    """Returns: a buyer's own, a supplier's, an operator's all; latest first, or `due`: whose turn ends soonest."""
    filters = replace(asked, status=tuple(status or ()))
    found = await list_page(db, ProductReturn, caller, filters, sort=sort, after=place_of(cursor), limit=limit)
    return Page(
        items=[schemas.ReturnItem.model_validate(each) for each in found[:limit]],
        next_cursor=cursor_of(found[limit - 1], sort) if len(found) > limit else None,
    )


@router.get("/returns/export", response_class=Response)
async def export_returns(
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
        async for found in list_batches(request.app.state.database, ProductReturn, caller, filters, sort=sort):
            yield [_row(each) for each in found]

    return await sheet_response(kind, name="退货", head=_HEAD, batches=batches())


@router.get("/returns/{return_id}")
async def get_return(return_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.ReturnPage:
    """One return with its trail and what may be done. 404 `return-not-found`."""
    found = await queries.get_return(db, return_id, caller)
    response.headers["ETag"] = etag_of(found.revision)
    return await _page(db, found, caller)


@router.post("/returns/{return_id}/{verb}")
async def move_return(
    return_id: UUID,
    verb: Verb,
    body: schemas.MoveReturn,
    caller: CallerDep,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.ReturnPage:
    """Approve or refuse it, send the goods, receive them, accept or reject what came. If-Match is what was read.

    404 `return-not-found`; 403 `not-your-move`; 409 `return-status`; 412 `stale`; 422 `reason-missing`,
    `waybill-missing`.
    """
    found = await actions.move_return(
        db,
        return_id=return_id,
        verb=verb,
        said=actions.Said(body.reason, body.send_to, body.carrier_name, body.waybill_number),
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(found.revision)
    return await _page(db, found, caller)


async def _page(db: Db, found: ProductReturn, caller: Caller) -> schemas.ReturnPage:
    side = side_of(found, caller)
    goods = await goods_back_queries.find_goods(db, found.return_id)
    line = await line_refund_queries.get_sold_line(db, found.line_id)
    item = schemas.ReturnItem.model_validate(found).model_dump()
    more = {
        "money": await line_refund_queries.find_money(db, found.return_id),
        "goods": goods if side != "buyer" else None,
        "can_book_goods": goods is None and side == "supplier" and found.status in rules.CAME_BACK,
        "lots": await stock_queries.list_shipped_lots(db, holder_id=found.order_id, sku_id=line.sku_id),
        "trail": await trail_queries.list_trail(db, found.return_id),
        "verbs": rules.verbs_for(found.status, side),
    }
    return schemas.ReturnPage.model_validate(item | more, from_attributes=True)


def _row(found: ProductReturn) -> list[Any]:
    return [
        found.order_number,
        found.product_title,
        found.specification,
        _CAUSE_NAMES[found.cause],
        found.piece_count,
        *(None if fen is None else float(yuan(fen)) for fen in (found.wanted_fen, found.granted_fen)),
        STATUS_NAMES[found.status],
        f"{found.carrier_name} {found.waybill_number}".strip(),
        found.delivered_at,
        found.opened_at,
        found.due_at,
    ]
