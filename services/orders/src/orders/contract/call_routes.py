"""Deliveries called from contracts, over HTTP."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from orders.contract import calling, queries, schemas
from orders.contract.models import CallOff, Contract
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["contracts"])
Wanted = Annotated[
    str | None, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a contract's number, title, supplier.")
]
_BATCH = 500
_HEAD = (
    "合同编号",
    "合同",
    "供应商",
    "送货日",
    "状态",
    "商品",
    "规格",
    "件数",
    "单价(元)",
    "下单时间",
    "未能下单的原因",
)
_STATUSES = {"PLANNED": "计划中", "SKIPPED": "已跳过", "PLACED": "已下单", "CANCELLED": "已取消"}


@router.get("/call-offs")
async def list_call_offs(
    caller: CallerDep,
    db: Read,
    *,
    q: Wanted = None,
    contract_id: UUID | None = None,
    status: schemas.CallStatus | None = None,
    first_on: date | None = None,
    last_on: date | None = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.CallOffItem]:
    """Deliveries by day, of the contracts that the caller sees."""
    found = await queries.list_call_offs(
        db,
        caller,
        wanted=q,
        contract_id=contract_id,
        status=status,
        first_on=first_on,
        last_on=last_on,
        after=_after(cursor),
        limit=limit + 1,
    )
    items = await _items(db, found[:limit])
    last = items[-1] if len(found) > limit else None
    return Page[schemas.CallOffItem](
        items=items, next_cursor=None if last is None else encode_cursor(last.deliver_on, str(last.call_off_id))
    )


@router.get("/call-offs/export", response_class=Response)
async def export_call_offs(
    request: Request,
    caller: CallerDep,
    *,
    q: Wanted = None,
    contract_id: UUID | None = None,
    status: schemas.CallStatus | None = None,
    first_on: date | None = None,
    last_on: date | None = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table, a row a line."""

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: tuple[date, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_call_offs(
                    db,
                    caller,
                    wanted=q,
                    contract_id=contract_id,
                    status=status,
                    first_on=first_on,
                    last_on=last_on,
                    after=after,
                    limit=_BATCH,
                )
                items = await _items(db, found)
            if items:
                yield [row for each in items for row in _rows(each)]
                after = (items[-1].deliver_on, items[-1].call_off_id)
            if len(items) < _BATCH:
                return

    return await sheet_response(sheet, name="要货单", head=_HEAD, batches=batches())


@router.post("/contracts/{contract_id}/call-offs", status_code=201, response_model=schemas.CallOffItem)
async def call_off(contract_id: UUID, body: schemas.CallOffIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Plan a delivery; without lines, the usual. 403 `unit-needed`, `duty-missing`; 404 `contract-unknown`; 409
    `contract-not-in-force`, `call-off-too-late`, `not-a-delivery-day`, `call-off-there`, `contract-exhausted`; 422
    `line-unknown`, `call-off-empty`."""
    planned = await calling.call_off(
        db,
        contract_id=contract_id,
        deliver_on=body.deliver_on,
        quantities={line.line_id: line.quantity for line in body.lines},
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _item(db, planned, caller), status=201)


@router.get("/call-offs/{call_off_id}")
async def get_call_off(call_off_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.CallOffItem:
    """One delivery. 404 `contract-unknown`, `call-off-unknown`. The ETag is for changing it."""
    planned = await queries.get_call_off(db, call_off_id)
    response.headers["ETag"] = etag_of(planned.revision)
    return await _item(db, planned, caller)


@router.get("/call-offs/{call_off_id}/trail")
async def list_trail(call_off_id: UUID, caller: CallerDep, db: Read) -> list[TrailItem]:
    """Who did what to it, the first deed first. 404 `contract-unknown`, `call-off-unknown`."""
    planned = await queries.get_call_off(db, call_off_id)
    await queries.get_contract_for(db, caller, planned.contract_id)
    return [TrailItem.model_validate(each) for each in await trail_queries.list_trail(db, call_off_id)]


@router.put("/call-offs/{call_off_id}")
async def change_call_off(
    call_off_id: UUID,
    body: schemas.CallChangeIn,
    caller: CallerDep,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.CallOffItem:
    """Other quantities while it is planned. 404 `contract-unknown`, `call-off-unknown`; 409 `call-off-status`,
    `contract-exhausted`; 412 `stale`; 422 `line-unknown`, `call-off-empty`; 428 `precondition-missing`."""
    planned = await calling.change_call_off(
        db,
        call_off_id=call_off_id,
        verb="change",
        expected_revision=expected,
        quantities={line.line_id: line.quantity for line in body.lines},
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(planned.revision)
    return await _item(db, planned, caller)


@router.post("/call-offs/{call_off_id}/skip", response_model=schemas.CallOffItem)
async def skip_call_off(
    call_off_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Nothing comes on that day. 404 `contract-unknown`, `call-off-unknown`; 409 `call-off-status`; 412 `stale`."""
    planned = await calling.change_call_off(
        db,
        call_off_id=call_off_id,
        verb="skip",
        expected_revision=expected,
        quantities={},
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _item(db, planned, caller))


@router.post("/call-offs/{call_off_id}/resume", response_model=schemas.CallOffItem)
async def resume_call_off(call_off_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """It comes after all. 404 `contract-unknown`, `call-off-unknown`; 409 `call-off-status`; 412 `stale`."""
    planned = await calling.change_call_off(
        db,
        call_off_id=call_off_id,
        verb="resume",
        expected_revision=expected,
        quantities={},
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _item(db, planned, caller))


@router.post("/call-offs/{call_off_id}/place", response_model=schemas.CallOffItem)
async def place_call_off(call_off_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """Order it now instead of waiting for the clock. 404 `contract-unknown`, `call-off-unknown`; 409 `call-off-status`,
    `contract-not-in-force`, `contract-exhausted`, `sku-not-listed`, `budget-exceeded`, `stock-short`; 412 `stale`."""
    planned = await calling.place_call_off(
        db, call_off_id=call_off_id, expected_revision=expected, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _item(db, planned, caller))


async def _item(db: AsyncSession, planned: CallOff, caller: Caller) -> schemas.CallOffItem:
    contract = await queries.get_contract_for(db, caller, planned.contract_id)
    [item] = await _items(db, [(planned, contract)])
    return item


async def _items(db: AsyncSession, found: Sequence[tuple[CallOff, Contract]]) -> list[schemas.CallOffItem]:
    brought: dict[UUID, list[schemas.CallOffLineOut]] = {}
    for line, agreed in await queries.list_brought(db, [call_off.call_off_id for call_off, _ in found]):
        brought.setdefault(line.call_off_id, []).append(
            schemas.CallOffLineOut(
                line_id=line.line_id,
                sku_id=agreed.sku_id,
                product_title=agreed.product_title,
                specification=agreed.specification,
                quantity=line.quantity,
                unit_price_fen=line.unit_price_fen,
            )
        )
    return [
        schemas.CallOffItem(
            call_off_id=call_off.call_off_id,
            contract_id=contract.contract_id,
            contract_number=contract.contract_number,
            title=contract.title,
            supplier_name=contract.supplier_name,
            revision=call_off.revision,
            status=call_off.status,
            deliver_on=call_off.deliver_on,
            place_by_on=call_off.deliver_on - timedelta(days=contract.lead_days),
            problem=call_off.problem,
            purchase_id=call_off.purchase_id,
            placed_at=call_off.placed_at,
            lines=brought.get(call_off.call_off_id, []),
        )
        for call_off, contract in found
    ]


def _rows(each: schemas.CallOffItem) -> list[tuple[Any, ...]]:
    return [
        (
            each.contract_number,
            each.title,
            each.supplier_name,
            each.deliver_on,
            _STATUSES[each.status],
            line.product_title,
            line.specification,
            line.quantity,
            None if line.unit_price_fen is None else line.unit_price_fen / 100,
            each.placed_at,
            each.problem,
        )
        for line in each.lines
    ]


def _after(cursor: str | None) -> tuple[date, UUID] | None:
    if cursor is None:
        return None
    day, call_off_id = decode_cursor(cursor, size=2)
    try:
        return date.fromisoformat(str(day)), UUID(str(call_off_id))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
