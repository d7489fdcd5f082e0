"""Disputes over HTTP, for the two sides of an order and for operators."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from orders.dispute import actions, queries, schemas
from orders.photo import queries as photo_queries
from shared.auth import Caller, CallerDep, require_kind
from shared.clock import parse_instant, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.money import yuan
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["unit orders"])
Operator = Annotated[Caller, Depends(require_kind("operator"))]
Status = Literal["OPEN", "RESOLVED", "WITHDRAWN"]
Wanted = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$", description="Part of a number, name or reason.")]
_BATCH = 500
_STATUSES = {"OPEN": "处理中", "RESOLVED": "已裁定", "WITHDRAWN": "已撤回"}
_SIDES = {"unit": "采购单位", "supplier": "供应商"}
_OUTCOMES = {"RESUME": "继续履行", "REDUCE": "扣减货款", "CANCEL": "取消订单"}
_HEAD = (
    "订单号", "采购单位", "供应商", "提出方", "事由", "状态", "结果", "扣减（元）", "裁定理由", "提出时间", "结束时间",
)  # fmt: skip


@router.post("/unit-orders/{order_id}/disputes", status_code=201, response_model=schemas.DisputeWhole)
async def open_dispute(order_id: UUID, body: schemas.DisputeIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Either side does not agree: every clock and step of the order waits.

    403 `unit-needed`, `duty-missing`, `not-your-dispute`; 404 `unit-order-not-found`; 409 `unit-closed`,
    `not-disputable`, `order-disputed`; 422 `photo-unknown`.
    """
    dispute = await actions.open_dispute(
        db,
        dispute_id=new_id(),
        order_id=order_id,
        reason=body.reason,
        photo_ids=list(dict.fromkeys(body.photo_ids)),
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _whole(db, dispute.dispute_id, caller), status=201)


@router.get("/unit-order-disputes")
async def list_disputes(
    caller: CallerDep,
    db: Read,
    status: Status | None = None,
    order_id: UUID | None = None,
    q: Wanted = "",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.DisputeOut]:
    """The caller's sides', an operator's all; the latest first."""
    found = await queries.list_disputes(
        db, caller, status=status, order_id=order_id, wanted=q.strip(), after=_after(cursor), limit=limit + 1
    )
    items = [schemas.DisputeOut.model_validate(each) for each in found[:limit]]
    last = items[-1] if len(found) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last.opened_at.isoformat(), last.dispute_id) if last else None)


@router.get("/unit-order-disputes/export", response_class=Response)
async def export_disputes(
    request: Request,
    caller: CallerDep,
    status: Status | None = None,
    order_id: UUID | None = None,
    q: Wanted = "",
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table, sums in yuan."""

    async def batches() -> AsyncIterator[list[list[Any]]]:
        after: tuple[datetime, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_disputes(
                    db, caller, status=status, order_id=order_id, wanted=q.strip(), after=after, limit=_BATCH
                )
            yield [_row(each) for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1].opened_at, found[-1].dispute_id

    return await sheet_response(sheet, name="订单争议", head=_HEAD, batches=batches())


@router.get("/unit-order-disputes/{dispute_id}")
async def get_dispute(dispute_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.DisputeWhole:
    """One whole. 404 `dispute-not-found`."""
    found = await _whole(db, dispute_id, caller)
    response.headers["ETag"] = etag_of(found.revision)
    return found


@router.post("/unit-order-disputes/{dispute_id}/withdraw", response_model=schemas.DisputeWhole)
async def withdraw_dispute(
    dispute_id: UUID, body: schemas.WithdrawIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The side that opened it agrees after all. 403 `unit-needed`, `duty-missing`, `not-your-dispute`; 404
    `dispute-not-found`; 409 `unit-closed`, `dispute-status`; 412 `stale`; 428 `precondition-missing`."""
    await actions.withdraw_dispute(
        db, dispute_id=dispute_id, expected_revision=expected, reason=body.reason, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _whole(db, dispute_id, caller))


@router.post("/unit-order-disputes/{dispute_id}/resolve", response_model=schemas.DisputeWhole)
async def resolve_dispute(
    dispute_id: UUID, body: schemas.ResolveIn, caller: Operator, db: Db, expected: IfMatch, once: Once
) -> Response:
    """An operator decides. 403 `kind-not-allowed`; 404 `dispute-not-found`; 409 `dispute-status`, `dispute-outcome`,
    `budget-commitment-exceeded`; 412 `stale`; 422 `reduction-wrong`; 428 `precondition-missing`."""
    await actions.resolve_dispute(
        db,
        dispute_id=dispute_id,
        expected_revision=expected,
        outcome=body.outcome,
        reduced_fen=body.reduced_fen,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _whole(db, dispute_id, caller))


async def _whole(db: Any, dispute_id: UUID, caller: Caller) -> schemas.DisputeWhole:
    found = await queries.get_dispute(db, dispute_id, caller)
    photo_ids = await photo_queries.list_photo_ids(db, dispute_id)
    return schemas.DisputeWhole.model_validate({**found._asdict(), "photo_ids": photo_ids})


def _row(found: Any) -> list[Any]:
    return [
        found.order_number,
        found.unit_name,
        found.supplier_name,
        _SIDES[found.side],
        found.reason,
        _STATUSES[found.status],
        _OUTCOMES.get(found.outcome or "", ""),
        float(yuan(found.reduced_fen)),
        found.resolution,
        found.opened_at,
        found.ended_at,
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
