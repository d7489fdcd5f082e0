"""The caller's own cart over HTTP; a guest has one too."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request, Response

from orders.cart import actions, queries, rules, schemas
from orders.point.queries import find_balance
from orders.price.rules import buyer_group
from orders.price.schemas import CountyCode
from shared.auth import GUEST, CallerDep, GuestOrCaller, Verifier
from shared.clock import utc_now
from shared.db import Db
from shared.direct import standing_alone
from shared.errors import Invalid, Unauthenticated

router = APIRouter(prefix="/v1/cart", tags=["cart"])


@router.get("", response_model=schemas.Cart)
async def get_cart(
    request: Request,
    caller: GuestOrCaller,
    *,
    county_code: Annotated[CountyCode | None, Query()] = None,
    coupon_id: Annotated[list[UUID], Query(max_length=10, description="Coupons to try.")] = [],  # noqa: B006
    use_points: Annotated[
        int | None, Query(ge=0, le=2**53, description="Points to spend: the usable ones of them are.")
    ] = None,
) -> Response:
    """The cart with today's prices and why they are so, its parts by supplier, and what stands in the way of ordering.

    With `county_code` delivery is part of it. What is not brought there is a line's problem, no refusal.
    """
    now = utc_now()
    async with standing_alone(request.app.state.database) as db:
        loaded = await queries.load_cart(db, caller.person_id, coupon_ids=coupon_id)
        balance = await find_balance(db, caller, asked=use_points, now=now)
    group = buyer_group(caller.kind, caller.roles)
    points = None if use_points is None else schemas.PointsAsked(use_points, balance)
    return _json(
        schemas.cart_of(loaded, group=group, now=now, county_code=county_code, coupon_ids=coupon_id, points=points)
    )


@router.put("/lines/{sku_id}", response_model=schemas.Line)
async def put_line(request: Request, sku_id: UUID, body: schemas.PutLine, caller: GuestOrCaller) -> Response:
    """Have that many pieces of the SKU in the cart; sending it again changes nothing. The answer is the line by itself:
    promotions look at the whole cart.

    404 `sku-not-found`; 409 `sku-not-listed`, `cart-full`.
    """
    now, group = utc_now(), buyer_group(caller.kind, caller.roles)
    # One statement is a transaction of its own. Opened here and not as a dependency: this is asked most of all.
    async with standing_alone(request.app.state.database) as db:
        line = await actions.put_line(
            db,
            person_id=caller.person_id,
            sku_id=sku_id,
            quantity=body.quantity,
            now=now,
            group=group,
            guest_until=now + rules.GUEST_CART_KEPT if caller.kind == GUEST else None,
        )
    return _json(schemas.put_line_of(line, group=group, now=now))


@router.delete("/lines/{sku_id}", status_code=204)
async def remove_line(sku_id: UUID, caller: GuestOrCaller, db: Db) -> None:
    """Take the SKU out; it need not be there."""
    await actions.remove_line(db, person_id=caller.person_id, sku_id=sku_id)


@router.delete("", status_code=204)
async def empty_cart(caller: GuestOrCaller, db: Db) -> None:
    """Take everything out."""
    await actions.empty_cart(db, person_id=caller.person_id)


@router.post("/merge")
async def merge_guest_cart(request: Request, body: schemas.MergeCart, caller: CallerDep, db: Db) -> schemas.MergedCart:
    """Take over what the caller put into a cart before signing in. Of a SKU in both carts the larger number of pieces
    stays, with the price that was seen. Sending it again changes nothing: the guest's cart is empty then.

    422 `guest-token-wrong`.
    """
    verifier: Verifier = request.app.state.verifier
    try:
        guest = await verifier.verify(body.guest_token)
    except Unauthenticated as error:
        raise _no_guest() from error
    if guest.kind != GUEST:
        raise _no_guest()
    merged = await actions.merge_guest(db, guest_id=guest.person_id, person_id=caller.person_id)
    return schemas.MergedCart(put=merged.put, left_out=merged.left_out)


def _no_guest() -> Invalid:
    return Invalid("This is no token of a guest's cart.", code="guest-token-wrong", field="guest_token")


def _json(content: object) -> Response:
    return Response(orjson.dumps(content, default=str), media_type="application/json")
