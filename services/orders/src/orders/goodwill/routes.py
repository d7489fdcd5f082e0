"""Goodwill over HTTP, for the platform's customer service."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from orders.goodwill import actions, queries, schemas
from orders.goodwill.models import Goodwill
from orders.service_desk.routes import Agent
from shared.clock import parse_instant, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.money import yuan
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["service desk"])
Wanted = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$", description="Part of an order number.")]
_BATCH = 500
_STATUSES = {"WAITING": "待复核", "GRANTED": "已退款", "REJECTED": "不同意", "WITHDRAWN": "已撤回"}
_HEAD = ("订单号", "商品", "件数", "含运费", "金额(元)", "状态", "理由", "申请时间", "处理时间", "处理意见")


@router.post("/orders/{order_id}/goodwill", status_code=201, response_model=schemas.GoodwillOut)
async def ask_goodwill(order_id: UUID, body: schemas.AskGoodwill, caller: Agent, db: Db, once: Once) -> Response:
    """Give the share of pieces of a delivered line, or its delivery alone, back at the platform's cost; above the limit
    it waits for a second person.

    403 `agents-only`; 404 `line-not-found`; 409 `not-delivered`, `pieces-claimed-already`, `order-not-paid`,
    `refund-exceeds-payment`; 422 `share-is-nothing`.
    """
    goodwill = await actions.ask_goodwill(
        db,
        goodwill_id=new_id(),
        order_id=order_id,
        line_id=body.line_id,
        wanted=actions.Wanted(body.piece_count, body.with_delivery, body.reason),
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, schemas.GoodwillOut.model_validate(goodwill), status=201)


@router.get("/goodwill")
async def list_goodwill(
    _: Agent,
    db: Read,
    status: schemas.Status | None = None,
    order_id: UUID | None = None,
    q: Wanted = "",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.GoodwillOut]:
    """Goodwill, latest first. 403 `agents-only`."""
    found = await queries.list_goodwills(
        db, status=status, order_id=order_id, wanted=q.strip(), after=_after(cursor), limit=limit + 1
    )
    items = [schemas.GoodwillOut.model_validate(each) for each in found[:limit]]
    last = items[-1] if len(found) > limit else None
    return Page(
        items=items, next_cursor=encode_cursor(last.asked_at.isoformat(), str(last.goodwill_id)) if last else None
    )


@router.get("/goodwill/export", response_class=Response)
async def export_goodwill(
    request: Request,
    _: Agent,
    kind: SheetFormat = "csv",
    status: schemas.Status | None = None,
    order_id: UUID | None = None,
    q: Wanted = "",
) -> Response:
    """The same list as a file. 403 `agents-only`."""

    async def batches() -> AsyncIterator[list[list[Any]]]:
        after: tuple[datetime, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_goodwills(
                    db, status=status, order_id=order_id, wanted=q.strip(), after=after, limit=_BATCH
                )
            yield [_row(each) for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1].asked_at, found[-1].goodwill_id

    return await sheet_response(kind, name="客服退款", head=_HEAD, batches=batches())


@router.post("/goodwill/{goodwill_id}/{verb}")
async def decide_goodwill(
    goodwill_id: UUID,
    verb: Literal["approve", "reject", "withdraw"],
    body: schemas.Decide,
    caller: Agent,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.GoodwillOut:
    """A second person approves or rejects, or who asked withdraws; If-Match is the revision that was read.

    403 `agents-only`, `own-goodwill`, `not-your-goodwill`, `role-missing`; 404 `goodwill-not-found`;
    409 `goodwill-status`, `delivery-refunded-already`; 412 `stale`.
    """
    goodwill = await actions.move_goodwill(
        db,
        goodwill_id=goodwill_id,
        verb=verb,
        reason=body.reason,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(goodwill.revision)
    return schemas.GoodwillOut.model_validate(goodwill)


def _row(goodwill: Goodwill) -> list[Any]:
    return [
        goodwill.order_number,
        goodwill.product_title,
        goodwill.piece_count,
        goodwill.with_delivery,
        float(yuan(goodwill.wanted_fen)),
        _STATUSES[goodwill.status],
        goodwill.reason,
        goodwill.asked_at,
        goodwill.decided_at,
        goodwill.decision_reason,
    ]


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    values = decode_cursor(cursor, size=2)
    try:
        return parse_instant(str(values[0])), UUID(str(values[1]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
