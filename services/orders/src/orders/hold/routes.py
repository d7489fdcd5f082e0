"""Holds for campaigns over HTTP."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from orders.hold import actions, queries, schemas
from shared.auth import Caller, require_kind
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/stock/holds", tags=["stock"])
_BATCH = 500
_STATUSES = {"OPEN": "占用中", "RELEASED": "已放开", "EXPIRED": "已到期", "USED": "已使用"}
_HEAD = ("活动", "状态", "商品", "规格", "占用件数", "还占着", "开始时间", "到期时间", "结束时间")
SupplierCaller = Annotated[Caller, Depends(require_kind("supplier"))]


@router.get("", response_model=Page[schemas.Hold])
async def list_holds(
    caller: SupplierCaller,
    db: Read,
    status: schemas.HoldStatus | None = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.Hold]:
    """Campaigns' holds, the newest first: a supplier's own, an operator's all."""
    rows = await queries.list_holds(db, caller, status=status, after=_after(cursor), limit=limit + 1)
    items = [schemas.Hold.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].holder_id)) if len(rows) > limit else None)


@router.get("/export", response_class=Response)
async def export_holds(
    request: Request, caller: SupplierCaller, kind: SheetFormat = "csv", status: schemas.HoldStatus | None = None
) -> Response:
    """The same list as a file, a row a held SKU."""

    async def batches() -> AsyncIterator[list[list[Any]]]:
        after: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_holds(db, caller, status=status, after=after, limit=_BATCH)
            yield [_row(each, line) for each in found for line in each["lines"]]
            if len(found) < _BATCH:
                return
            after = found[-1]["holder_id"]

    return await sheet_response(kind, name="预留库存", head=_HEAD, batches=batches())


@router.post("", status_code=201, response_model=schemas.Hold)
async def hold(body: schemas.HoldIn, caller: SupplierCaller, db: Db, once: Once) -> Response:
    """Hold pieces for a campaign: a supplier its own goods, an operator any.

    404 `sku-not-found`; 409 `stock-short` with `shortages`; 422 `hold-end-wrong`.
    """
    quantities: Counter[UUID] = Counter()
    for line in body.lines:
        quantities[line.sku_id] += line.quantity
    await queries.ensure_own_skus(db, sorted(quantities), caller)
    holder_id = new_id()
    await actions.hold(
        db,
        holder_id=holder_id,
        purpose="campaign",
        title=body.title,
        quantities=quantities,
        expires_at=body.expires_at,
        caller=caller,
        now=utc_now(),
    )
    return await _answer(db, holder_id, caller, once, status=201)


@router.get("/{holder_id}", response_model=schemas.Hold)
async def get_hold(holder_id: UUID, caller: SupplierCaller, db: Read) -> schemas.Hold:
    """One hold with its lines. 404 `hold-not-found`."""
    return schemas.Hold.model_validate(await queries.get_hold(db, holder_id, caller))


@router.post("/{holder_id}/extend", response_model=schemas.Hold)
async def extend_hold(holder_id: UUID, body: schemas.ExtendIn, caller: SupplierCaller, db: Db, once: Once) -> Response:
    """Give it another end. 404 `hold-not-found`; 409 `hold-status`; 422 `hold-end-wrong`."""
    await actions.extend_hold(db, holder_id=holder_id, expires_at=body.expires_at, caller=caller, now=utc_now())
    return await _answer(db, holder_id, caller, once)


@router.post("/{holder_id}/release", response_model=schemas.Hold)
async def release_hold(holder_id: UUID, caller: SupplierCaller, db: Db, once: Once) -> Response:
    """Let its pieces be sold again. 404 `hold-not-found`; 409 `hold-status`."""
    await actions.release_hold(db, holder_id=holder_id, caller=caller, now=utc_now())
    return await _answer(db, holder_id, caller, once)


def _row(hold: dict[str, Any], line: dict[str, Any]) -> list[Any]:
    return [
        hold["title"],
        _STATUSES[hold["status"]],
        line["product_title"],
        line["specification"],
        line["quantity"],
        line["open_count"],
        hold["created_at"],
        hold["expires_at"],
        hold["ended_at"],
    ]


async def _answer(db: Db, holder_id: UUID, caller: Caller, once: Once, *, status: int = 200) -> Response:
    found = schemas.Hold.model_validate(await queries.get_hold(db, holder_id, caller))
    return await once.answer(db, found, status=status)


def _after(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, size=1)[0]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
