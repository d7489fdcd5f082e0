"""Pick lists over HTTP."""

from collections import Counter
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import StringConstraints

from orders.invoice_title.schemas import OrderTitle
from orders.order import shortfall
from orders.picking import queries, rules, schemas
from orders.stock import queries as stock_queries
from shared.auth import CallerDep
from shared.clock import business_day, utc_now
from shared.db import Read
from shared.errors import Forbidden

router = APIRouter(prefix="/v1", tags=["stock"])
_MOST = 200
GivenUp = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}:[1-9][0-9]{0,6}$")
]


async def own_supplier(caller: CallerDep) -> UUID:
    """Whose shelves these are; 403 `suppliers-only` for who is no supplier."""
    if caller.kind != "supplier" or caller.organisation_id is None:
        raise Forbidden("Pick lists are for suppliers.", code="suppliers-only")
    return caller.organisation_id


Supplier = Annotated[UUID, Depends(own_supplier)]


@router.get("/pick-list")
async def read_pick_list(
    supplier_id: Supplier,
    db: Read,
    supplier_order_id: Annotated[list[UUID] | None, Query(max_length=_MOST)] = None,
    site_id: UUID | None = None,
) -> schemas.PickList:
    """What to take where for these parts (or for the oldest 200 that wait), the lot that ends first taken first; then
    order by order. What was sent or is not the supplier's is left out. 403 `suppliers-only`."""
    parts = await queries.list_parts(db, supplier_id, ids=supplier_order_id, site_id=site_id, limit=_MOST + 1)
    pieces = [
        each for each in await queries.list_open_pieces(db, parts[:_MOST]) if site_id is None or each.site_id == site_id
    ]
    day = business_day(utc_now())
    shelves = await stock_queries.list_shelves(db, sorted({each.sku_id for each in pieces}), day=day)
    titles = await queries.list_titles(db, parts[:_MOST])
    orders: dict[UUID, schemas.PickOrder] = {}
    for each in pieces:
        order = orders.setdefault(
            each.supplier_order_id,
            schemas.PickOrder(
                supplier_order_id=each.supplier_order_id,
                order_number=each.order_number,
                invoice=OrderTitle.of(title) if (title := titles.get(each.supplier_order_id)) else None,
                lines=[],
            ),
        )
        order.lines.append(schemas.PickLine.model_validate(each))
    return schemas.PickList(
        totals=[schemas.Total.model_validate(each) for each in rules.totals_of(pieces, shelves)],
        orders=list(orders.values()),
        has_more=len(parts) > _MOST,
    )


@router.get("/supplier-orders/{supplier_order_id}/shortfall-quote")
async def quote_shortfall(
    supplier_order_id: UUID, caller: CallerDep, db: Read, give_up: Annotated[list[GivenUp], Query(max_length=_MOST)]
) -> schemas.ShortfallQuote:
    """What would go back to the buyer if these pieces (`<sku_id>:<pieces>`) were given up now. Nothing is written. For
    the part's supplier and operators. 404 `supplier-order-not-found`."""
    quantities: Counter[UUID] = Counter()
    for each in give_up:
        sku_id, _, count = each.partition(":")
        quantities[UUID(sku_id)] += int(count)
    found, delivery_fen = await shortfall.quote(
        db, supplier_order_id=supplier_order_id, quantities=quantities, caller=caller
    )
    return schemas.ShortfallQuote(
        lines=[schemas.ShortfallLine(sku_id=sku_id, quantity=count, refund_fen=fen) for sku_id, count, fen in found],
        delivery_fen=delivery_fen,
        refund_fen=sum(fen for _, _, fen in found) + delivery_fen,
    )
