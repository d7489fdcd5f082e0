"""Stock over HTTP."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from orders.lot import actions as lot_actions
from orders.site import queries as site_queries
from orders.stock import actions, queries, rules, schemas
from shared.auth import Caller, require_kind
from shared.clock import business_day, utc_now
from shared.db import Db, Read, Transactions
from shared.errors import BadRequest, Invalid
from shared.idempotency import Once
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["stock"])
SupplierCaller = Annotated[Caller, Depends(require_kind("supplier"))]
OperatorCaller = Annotated[Caller, Depends(require_kind("operator"))]
_HEAD = ("商品", "规格", "SKU", "仓点", "批号", "采收日", "到期日", "现有(件)", "批次暂停", "已过期")
_BATCH = 200


def asked_levels(
    *,
    supplier_id: UUID | None = None,
    at_most: Annotated[
        int | None, Query(ge=0, le=2**31 - 1, description="Only SKUs with at most so many available.")
    ] = None,
    is_low: Annotated[bool, Query(description="Only SKUs at or below their own threshold.")] = False,
    site_id: Annotated[UUID | None, Query(description="Only SKUs of which something lies at this site.")] = None,
    q: Annotated[
        str | None, Query(max_length=100, pattern=r"^[^\x00]*$", description="Part of a title or specification.")
    ] = None,
    sku_id: UUID | None = None,
) -> queries.LevelFilter:
    """What the list of levels is narrowed to."""
    return queries.LevelFilter(supplier_id, at_most, is_low, site_id, q, sku_id)


AskedLevels = Annotated[queries.LevelFilter, Depends(asked_levels)]


@router.get("/availability", response_model=schemas.Availability)
async def list_availability(db: Read, sku_id: Annotated[list[UUID], Query(min_length=1, max_length=100)]) -> Response:
    """How many pieces of each SKU can be ordered now, and at which price. Public."""
    items = await queries.list_availability(db, sku_id)
    return Response(orjson.dumps({"items": items}, default=str), media_type="application/json")


@router.post("/stock/receipts", status_code=201, response_model=schemas.Count)
async def receive_stock(body: schemas.Receipt, caller: SupplierCaller, db: Db, once: Once) -> Response:
    """Pieces came in, at a site (the default one) and of a lot (none). For the SKU's supplier, or an operator.

    404 `sku-not-found`, `site-not-found`; 409 `site-closed`, `lot-differs`; 422 `lot-days-wrong`, `lot-number-missing`.
    """
    supplier_id = await queries.get_own_supplier(db, body.sku_id, caller)
    now = utc_now()
    if body.site_id is not None:
        await site_queries.ensure_usable(db, body.site_id, supplier_id, field="site_id")
    number = body.lot_number
    if number:
        number = await lot_actions.keep_lot(
            db,
            sku_id=body.sku_id,
            lot_number=number,
            harvested_on=body.harvested_on,
            expires_on=body.expires_on,
            now=now,
        )
    elif body.harvested_on or body.expires_on:
        raise Invalid("Days belong to a lot: give its number.", code="lot-number-missing", field="lot_number")
    count = await actions.receive_stock(
        db,
        sku_id=body.sku_id,
        quantity=body.quantity,
        reference=body.reference,
        recorded_by=caller.person_id,
        now=now,
        site_id=body.site_id,
        lot_number=number,
    )
    return await once.answer(db, _count(count), status=201)


@router.post("/stock/adjustments", status_code=201, response_model=schemas.Count)
async def adjust_stock(body: schemas.Adjustment, caller: SupplierCaller, db: Db, once: Once) -> Response:
    """Correct on_hand by a change up or down.

    404 `sku-not-found`, `site-not-found`, `lot-not-found`; 409 `stock-short` where fewer are free than the change
    takes, `place-short` where fewer are at that site or of that lot, `site-closed`; 422 `quantity-zero`.
    """
    if body.quantity == 0:
        raise Invalid("A change of nothing is none.", code="quantity-zero", field="quantity")
    supplier_id = await queries.get_own_supplier(db, body.sku_id, caller)
    if body.site_id is not None:
        await site_queries.ensure_usable(db, body.site_id, supplier_id, field="site_id", is_leaving=body.quantity < 0)
    count = await actions.adjust_stock(
        db,
        sku_id=body.sku_id,
        change=body.quantity,
        reason=body.reason,
        recorded_by=caller.person_id,
        now=utc_now(),
        site_id=body.site_id,
        lot_number=body.lot_number,
    )
    return await once.answer(db, _count(count), status=201)


@router.post("/stock/transfers", status_code=201, response_model=schemas.Count)
async def transfer_stock(body: schemas.Transfer, caller: SupplierCaller, db: Db, once: Once) -> Response:
    """Move pieces from one site to another of the same supplier. What may be sold stays the same.

    404 `sku-not-found`, `site-not-found`; 409 `place-short`, `site-closed`; 422 `sites-same`.
    """
    if body.from_site_id == body.to_site_id:
        raise Invalid("The pieces are there already.", code="sites-same", field="to_site_id")
    supplier_id = await queries.get_own_supplier(db, body.sku_id, caller)
    await site_queries.ensure_usable(db, body.from_site_id, supplier_id, field="from_site_id", is_leaving=True)
    await site_queries.ensure_usable(db, body.to_site_id, supplier_id, field="to_site_id")
    await actions.transfer_stock(db, **body.model_dump(), recorded_by=caller.person_id, now=utc_now())
    return await once.answer(db, _count(await queries.get_count(db, body.sku_id)), status=201)


@router.get("/stock", response_model=Page[schemas.Level])
async def list_levels(
    caller: SupplierCaller, db: Read, asked: AskedLevels, cursor: CursorText = None, limit: Limit = 20
) -> Page[schemas.Level]:
    """Counters by SKU and where the pieces lie: a supplier's own; an operator sees all, or one supplier's."""
    rows = await queries.list_levels(db, caller, asked, after=_uuid_cursor(cursor), limit=limit + 1)
    shown = rows[:limit]
    shelves = await queries.list_shelves(db, [row["sku_id"] for row in shown], day=business_day(utc_now()))
    items = [_level(row, shelves) for row in shown]
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].sku_id)) if len(rows) > limit else None)


@router.get("/stock/export", response_class=Response)
async def export_levels(request: Request, caller: SupplierCaller, kind: SheetFormat, asked: AskedLevels) -> Response:
    """The same list as a spreadsheet, a row for each site and lot."""
    batches = _shelf_batches(request.app.state.database, caller, asked)
    return await sheet_response(kind, name="库存", head=_HEAD, batches=batches)


@router.get("/stock/reconciliation", response_model=schemas.Reconciliation)
async def reconcile(_: OperatorCaller, db: Read) -> schemas.Reconciliation:
    """Where ledger, counters, shelves and holds disagree now; empty when all is well. For operators."""
    return schemas.Reconciliation.model_validate({"items": await queries.list_differences(db)})


@router.get("/stock/{sku_id}/ledger", response_model=Page[schemas.Entry])
async def list_ledger(
    sku_id: UUID, caller: SupplierCaller, db: Read, cursor: CursorText = None, limit: Limit = 20
) -> Page[schemas.Entry]:
    """Every movement of the SKU, latest first. For its supplier, or an operator. 404 `sku-not-found`."""
    await queries.get_own_supplier(db, sku_id, caller)
    rows = await queries.list_ledger(db, sku_id=sku_id, before=_entry_cursor(cursor), limit=limit + 1)
    items = [_entry(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].entry_id) if len(rows) > limit else None)


@router.put("/stock/{sku_id}/threshold", response_model=schemas.Count)
async def set_threshold(sku_id: UUID, body: schemas.Threshold, caller: SupplierCaller, db: Db) -> dict[str, object]:
    """From how many available pieces on the SKU counts as low; crossing it is announced. For its supplier, or an
    operator. 404 `sku-not-found`, `stock-not-found`."""
    await queries.get_own_supplier(db, sku_id, caller)
    return _count(await actions.set_low(db, sku_id=sku_id, low_at=body.low_at))


@router.get("/supplier-orders/{supplier_order_id}/stock", response_model=schemas.Plan)
async def get_plan(supplier_order_id: UUID, caller: SupplierCaller, db: Read) -> dict[str, Any]:
    """From which sites the goods of a supplier order should leave, and what left of which lot in which shipment.
    For its supplier, or an operator. 404 `supplier-order-not-found`."""
    return await queries.get_plan(db, supplier_order_id, caller)


async def _shelf_batches(
    database: Transactions, caller: Caller, asked: queries.LevelFilter
) -> AsyncIterator[Sequence[Sequence[Any]]]:
    after: UUID | None = None
    while True:
        async with database.read() as db:
            rows = await queries.list_levels(db, caller, asked, after=after, limit=_BATCH)
            shelves = await queries.list_shelves(db, [row["sku_id"] for row in rows], day=business_day(utc_now()))
        names = {row["sku_id"]: (row["product_title"], row["specification"]) for row in rows}
        yield [
            (
                *names[each["sku_id"]],
                each["sku_id"],
                each["site_name"],
                each["lot_number"],
                each["harvested_on"],
                each["expires_on"],
                each["on_hand"],
                each["is_held"],
                each["is_over"],
            )
            for each in shelves
        ]
        if len(rows) < _BATCH:
            return
        after = rows[-1]["sku_id"]


def _count(count: rules.StockCount) -> dict[str, object]:
    return {"sku_id": str(count.sku_id), "on_hand": count.on_hand, "held": count.held, "available": count.available}


def _level(row: dict[str, Any], shelves: Sequence[dict[str, Any]]) -> schemas.Level:
    own = [each for each in shelves if each["sku_id"] == row["sku_id"]]
    return schemas.Level.model_validate(row | {"is_low": row["available"] <= row["low_at"], "shelves": own})


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
