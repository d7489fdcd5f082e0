"""Stock over HTTP."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Response

from orders.stock import actions, queries, rules, schemas
from shared.auth import Caller, require_kind
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest, Invalid
from shared.idempotency import Once
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor

router = APIRouter(prefix="/v1", tags=["stock"])
SupplierCaller = Annotated[Caller, Depends(require_kind("supplier"))]
OperatorCaller = Annotated[Caller, Depends(require_kind("operator"))]


@router.get("/availability", response_model=schemas.Availability)
async def list_availability(db: Read, sku_id: Annotated[list[UUID], Query(min_length=1, max_length=100)]) -> Response:
    """How many pieces of each SKU can be ordered now, and at which price. Public."""
    items = await queries.list_availability(db, sku_id)
    return Response(orjson.dumps({"items": items}, default=str), media_type="application/json")


@router.post("/stock/receipts", status_code=201, response_model=schemas.Count)
async def receive_stock(body: schemas.Receipt, caller: SupplierCaller, db: Db, once: Once) -> Response:
    """Pieces came in. For the SKU's supplier, or an operator."""
    await queries.ensure_own_sku(db, body.sku_id, caller)
    count = await actions.receive_stock(
        db,
        sku_id=body.sku_id,
        quantity=body.quantity,
        reference=body.reference,
        recorded_by=caller.person_id,
        now=utc_now(),
    )
    return await once.answer(db, _count(count), status=201)


@router.post("/stock/adjustments", status_code=201, response_model=schemas.Count)
async def adjust_stock(body: schemas.Adjustment, caller: SupplierCaller, db: Db, once: Once) -> Response:
    """Correct on_hand by a change up or down. 409 `stock-short` where fewer are free than the change takes."""
    if body.quantity == 0:
        raise Invalid("A change of nothing is none.", code="quantity-zero", field="quantity")
    await queries.ensure_own_sku(db, body.sku_id, caller)
    count = await actions.adjust_stock(
        db,
        sku_id=body.sku_id,
        change=body.quantity,
        reason=body.reason,
        recorded_by=caller.person_id,
        now=utc_now(),
    )
    return await once.answer(db, _count(count), status=201)


@router.get("/stock", response_model=Page[schemas.Level])
async def list_levels(
    caller: SupplierCaller,
    db: Read,
    supplier_id: UUID | None = None,
    at_most: Annotated[
        int | None, Query(ge=0, le=2**31 - 1, description="Only SKUs with at most so many available.")
    ] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.Level]:
    """Counters by SKU: a supplier's own; an operator sees all, or one supplier's."""
    after = _uuid_cursor(cursor)
    rows = await queries.list_levels(db, caller, supplier_id=supplier_id, at_most=at_most, after=after, limit=limit + 1)
    items = [schemas.Level.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].sku_id)) if len(rows) > limit else None)


@router.get("/stock/reconciliation", response_model=schemas.Reconciliation)
async def reconcile(_: OperatorCaller, db: Read) -> schemas.Reconciliation:
    """Where ledger, counters and holds disagree; empty when all is well. For operators."""
    return schemas.Reconciliation.model_validate({"items": await queries.list_differences(db)})


@router.get("/stock/{sku_id}/ledger", response_model=Page[schemas.Entry])
async def list_ledger(
    sku_id: UUID, caller: SupplierCaller, db: Read, cursor: CursorText = None, limit: Limit = 20
) -> Page[schemas.Entry]:
    """Every movement of the SKU, latest first. For its supplier, or an operator."""
    await queries.ensure_own_sku(db, sku_id, caller)
    rows = await queries.list_ledger(db, sku_id=sku_id, before=_entry_cursor(cursor), limit=limit + 1)
    items = [_entry(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].entry_id) if len(rows) > limit else None)


def _count(count: rules.StockCount) -> dict[str, object]:
    return {"sku_id": str(count.sku_id), "on_hand": count.on_hand, "held": count.held, "available": count.available}


def _entry(row: dict[str, object]) -> schemas.Entry:
    on_hand_change, held_change = rules.counter_changes(str(row["kind"]), int(str(row["quantity"])))
    return schemas.Entry.model_validate(row | {"on_hand_change": on_hand_change, "held_change": held_change})


def _uuid_cursor(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, size=1)[0]))
    except ValueError as error:
        raise _bad_cursor() from error


def _entry_cursor(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    value = decode_cursor(cursor, size=1)[0]
    if not isinstance(value, int) or not 0 <= value < 2**63:
        raise _bad_cursor()
    return value


def _bad_cursor() -> BadRequest:
    return BadRequest("The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor")
