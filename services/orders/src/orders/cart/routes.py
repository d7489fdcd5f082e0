"""The caller's own cart over HTTP."""

from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response

from orders.cart import actions, queries, schemas
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db
from shared.direct import standing_alone

router = APIRouter(prefix="/v1/cart", tags=["cart"])


@router.get("", response_model=schemas.Cart)
async def get_cart(request: Request, caller: CallerDep) -> Response:
    """The cart with today's prices, its parts by supplier, and what stands in the way of ordering it."""
    async with standing_alone(request.app.state.database) as db:
        lines = await queries.list_lines(db, caller.person_id)
    return _json(schemas.cart_of(lines, utc_now()))


@router.put("/lines/{sku_id}", response_model=schemas.Line)
async def put_line(request: Request, sku_id: UUID, body: schemas.PutLine, caller: CallerDep) -> Response:
    """Have that many pieces of the SKU in the cart; sending it again changes nothing.

    404 `sku-not-found`; 409 `sku-not-listed`, `cart-full`.
    """
    now = utc_now()
    # One statement is a transaction of its own. Opened here and not as a dependency: this is asked most of all.
    async with standing_alone(request.app.state.database) as db:
        line = await actions.put_line(db, person_id=caller.person_id, sku_id=sku_id, quantity=body.quantity, now=now)
    return _json(schemas.line_of(line, now))


@router.delete("/lines/{sku_id}", status_code=204)
async def remove_line(sku_id: UUID, caller: CallerDep, db: Db) -> None:
    """Take the SKU out; it need not be there."""
    await actions.remove_line(db, person_id=caller.person_id, sku_id=sku_id)


@router.delete("", status_code=204)
async def empty_cart(caller: CallerDep, db: Db) -> None:
    """Take everything out."""
    await actions.empty_cart(db, person_id=caller.person_id)


def _json(content: object) -> Response:
    return Response(orjson.dumps(content, default=str), media_type="application/json")
