"""A buyer's after-sales over HTTP."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from orders.after_sales import place_of
from orders.aftercare import queries, schemas
from orders.claim import routes as claim_routes
from orders.exchange import routes as exchange_routes
from orders.product_return import routes as return_routes
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Read
from shared.money import yuan
from shared.page import CursorText, Limit, Page, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/after-sales", tags=["after-sales"])
Wanted = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$", description="Part of an order number or title.")]
Kind = Annotated[schemas.Kind | None, Query()]
IsOpen = Annotated[bool, Query(description="Only what is not settled yet.")]
_HEAD = ("类型", "订单号", "商品", "规格", "件数", "状态", "申请金额(元)", "退款金额(元)", "申请时间", "处理期限")
_KINDS = {"claim": "理赔", "return": "退货", "exchange": "换货"}
_STATUSES = {
    "claim": claim_routes.STATUS_NAMES,
    "return": return_routes.STATUS_NAMES,
    "exchange": exchange_routes.STATUS_NAMES,
}
_BATCH = 500


@router.get("")
async def list_asked(
    caller: CallerDep,
    db: Read,
    kind: Kind = None,
    is_open: IsOpen = False,
    q: Wanted = "",
    order_id: UUID | None = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.Asked]:
    """The caller's own claims, returns and exchanges together, latest first; an operator sees those of an order."""
    asked = queries.Asked(kind, is_open, q.strip(), order_id, sees_all=caller.is_operator)
    found = await queries.list_asked(db, caller.person_id, asked, after=place_of(cursor), limit=limit)
    more = len(found) > limit
    return Page(
        items=[schemas.Asked.model_validate(each) for each in found[:limit]],
        next_cursor=encode_cursor(*_place(found[limit - 1])) if more else None,
    )


@router.get("/export", response_class=Response)
async def export_asked(
    request: Request,
    caller: CallerDep,
    sheet: Annotated[SheetFormat, Query(alias="format")] = "csv",
    kind: Kind = None,
    is_open: IsOpen = False,
    order_id: UUID | None = None,
    q: Wanted = "",
) -> Response:
    """The same list as a file."""

    async def batches() -> AsyncIterator[list[list[Any]]]:
        after: tuple[datetime, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                asked = queries.Asked(kind, is_open, q.strip(), order_id, sees_all=caller.is_operator)
                found = await queries.list_asked(db, caller.person_id, asked, after=after, limit=_BATCH)
            yield [_row(each) for each in found[:_BATCH]]
            if len(found) <= _BATCH:
                return
            after = found[_BATCH - 1]["opened_at"], found[_BATCH - 1]["subject_id"]

    return await sheet_response(sheet, name=f"我的售后 {utc_now():%Y-%m-%d}", head=_HEAD, batches=batches())


def _place(asked: dict[str, Any]) -> tuple[str, str]:
    return asked["opened_at"].isoformat(), str(asked["subject_id"])


def _row(asked: dict[str, Any]) -> list[Any]:
    return [
        _KINDS[asked["kind"]],
        asked["order_number"],
        asked["product_title"],
        asked["specification"],
        asked["piece_count"],
        _STATUSES[asked["kind"]][asked["status"]],
        float(yuan(asked["wanted_fen"])),
        float(yuan(asked["granted_fen"])),
        asked["opened_at"],
        asked["due_at"],
    ]
