"""Lots in stock over HTTP."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from orders.lot import actions, queries, schemas
from orders.stock import queries as stock_queries
from orders.stock.schemas import Count
from shared.auth import Caller, require_kind
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.idempotency import Once
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor

router = APIRouter(prefix="/v1/stock", tags=["stock"])
SupplierCaller = Annotated[Caller, Depends(require_kind("supplier"))]


@router.get("/lots", response_model=Page[schemas.LotInStock])
async def list_lots(
    caller: SupplierCaller,
    db: Read,
    ends_within_days: Annotated[
        int | None,
        Query(ge=-1, le=3650, description="Only lots on hold, or with at most so many days left; -1: that are over."),
    ] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.LotInStock]:
    """Pieces of lots by site: a supplier's own, an operator's all."""
    today = business_day(utc_now())
    until = None if ends_within_days is None else today + timedelta(days=ends_within_days)
    rows = await queries.list_in_stock(db, caller, until=until, day=today, after=_after(cursor), limit=limit + 1)
    items = [schemas.LotInStock.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=encode_cursor(rows[limit - 1]["shelf_id"]) if len(rows) > limit else None)


@router.post("/write-offs", status_code=201, response_model=Count)
async def write_off(body: schemas.WriteOff, caller: SupplierCaller, db: Db, once: Once) -> Response:
    """Take out what a site still has of a lot that is over or on hold. For the SKU's supplier, or an operator.

    404 `sku-not-found`, `lot-not-found`; 409 `lot-fit` for one that may be sold, `stock-short` where its pieces are
    promised to orders and nothing else is there for them.
    """
    await stock_queries.get_own_supplier(db, body.sku_id, caller)
    count = await actions.write_off(db, **body.model_dump(), recorded_by=caller.person_id, now=utc_now())
    answer = {"sku_id": str(count.sku_id), "on_hand": count.on_hand, "held": count.held, "available": count.available}
    return await once.answer(db, answer, status=201)


def _after(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    value = decode_cursor(cursor, size=1)[0]
    if not isinstance(value, int) or not 0 <= value < 2**63:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        )
    return value
