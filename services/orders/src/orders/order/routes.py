"""Orders over HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from orders.donation import queries as donation_queries
from orders.invoice_title.rules import checked_title
from orders.order import actions, queries, rules, schemas
from orders.pickup_point import queries as pickup_queries
from shared.auth import Caller, CallerDep, require_kind
from shared.clock import parse_instant, utc_now
from shared.db import Db, Read
from shared.direct import standing_alone
from shared.errors import BadRequest
from shared.idempotency import Once, OnceUnchecked
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor

router = APIRouter(prefix="/v1", tags=["orders"])
SupplierCaller = Annotated[Caller, Depends(require_kind("supplier"))]
Wanted = Annotated[
    str | None,
    Query(max_length=100, pattern=r"^[^\x00]*$", description="Part of an order number or of a product's title."),
]


@router.post("/orders", status_code=201, response_model=schemas.OrderPage)
async def place_order(request: Request, body: schemas.PlaceOrder, caller: CallerDep, once: OnceUnchecked) -> Response:
    """Place an order: one part for each supplier, stock held until `payment_due_at`, these lines out of the cart.

    `use_points` love-card points pay a part of the goods, less than the whole, so that money always pays something.

    409 `price-changed` with `differences` (each of kind price, promotion, coupon, gift, delivery or points) if the sum
    is not the seen one, `points-changed` with `usable_points` if fewer points than wanted can be spent, `stock-short`
    with `shortages`, `sku-not-listed` and `region-not-served` with `skus`, `promotion-changed` if a budget, a turn or a
    coupon went at this very moment; nothing is ordered then. After a 503 `database-unavailable` the order may be there:
    the same key sent again says so. To a pickup point also 409 `pickup-point-closed`, `pickup-point-not-cold` with
    `skus`, 422 `pickup-point-unknown`; with an invoice's title 422 `taxpayer-id-missing`, `taxpayer-id-invalid`,
    `taxpayer-id-unneeded`. As a donation, whose buyer is told the recipient's name and county and no address, also 404
    `recipient-unknown`, 409 `recipient-closed`. Claims, returns and exchanges stay with the buyer, who paid.
    """
    invoice = None if body.invoice is None else checked_title(body.invoice.to_title())
    pickup = None
    if body.pickup is not None:
        async with standing_alone(request.app.state.database) as db:
            pickup = await pickup_queries.get_open(db, body.pickup.pickup_point_id)
    gift = None
    if body.donation is not None:
        async with standing_alone(request.app.state.database) as db:
            gift = await donation_queries.get_open(db, body.donation.recipient_id, message=body.donation.message)
    # Placing writes in one statement, which PostgreSQL makes a transaction of its own: no BEGIN, no COMMIT, and it is
    # committed when the action returns, so before the answer leaves. Those who wait for the same go together.
    async with request.app.state.placing.join(request.app.state.database) as db:
        placed = await actions.place_order(
            db,
            order_id=new_id(),
            next_id=new_id,
            buyer=rules.Buyer(caller.person_id, caller.kind, caller.organisation_id, caller.roles),
            wanted=[rules.WantedLine(line.sku_id, line.quantity) for line in body.lines],
            address=body.goes_to(pickup, gift),
            note=body.note,
            seen_payable_fen=body.seen_payable_fen,
            now=utc_now(),
            payment_window=request.app.state.settings.payment_window,
            once=once,
            render=schemas.placed_page,
            coupon_ids=body.coupon_ids,
            seen=None if body.seen is None else body.seen.value(),
            use_points=body.use_points,
            invoice=invoice,
            pickup=pickup,
            gift=gift,
        )
    return Response(
        placed.answer,
        status_code=201,
        media_type="application/json",
        headers={"Location": f"/v1/orders/{placed.draft.order_id}"},
    )


@router.get("/orders", response_model=Page[schemas.OrderSummary])
async def list_orders(
    caller: CallerDep,
    db: Read,
    status: schemas.Status | None = None,
    q: Wanted = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Response:
    """The caller's own orders, latest first; an operator sees all."""
    found = await queries.list_orders(db, caller, status=status, wanted=q, after=_after(cursor), limit=limit)
    return _page(found)


@router.get("/orders/{order_id}", response_model=schemas.OrderPage)
async def get_order(order_id: UUID, caller: CallerDep, db: Read) -> Response:
    """One order with its parts, address and history; 404 unless it is the caller's own (or the caller an operator)."""
    return Response(await queries.get_page(db, order_id, caller), media_type="application/json")


@router.post("/orders/{order_id}/cancel", response_model=schemas.OrderPage)
async def cancel_order(order_id: UUID, body: schemas.CancelOrder, caller: CallerDep, db: Db, once: Once) -> Response:
    """Cancel an order that is unpaid, or paid and not yet sent; what was paid goes back in full.

    409 `order-on-account`, `order-already-cancelled`, `order-shipped`.
    """
    await actions.cancel_order(db, order_id=order_id, reason=body.reason, caller=caller, now=utc_now())
    return await once.answer(db, orjson.loads(await queries.get_page(db, order_id, caller)))


@router.get("/supplier-orders", response_model=Page[schemas.SupplierOrder])
async def list_supplier_orders(
    caller: SupplierCaller,
    db: Read,
    fulfilment: schemas.Fulfilment | None = None,
    supplier_id: UUID | None = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Response:
    """A supplier's own parts of orders, latest first, with the address once they are paid; an operator sees all."""
    found = await queries.list_supplier_orders(
        db, caller, fulfilment=fulfilment, supplier_id=supplier_id, after=_after(cursor), limit=limit
    )
    return _page(found)


@router.get("/supplier-orders/{supplier_order_id}", response_model=schemas.SupplierOrder)
async def get_supplier_order(supplier_order_id: UUID, caller: SupplierCaller, db: Read) -> Response:
    """One part of an order as its supplier sees it. 404 `supplier-order-not-found` for anybody else but operators."""
    found = await queries.get_supplier_order(db, supplier_order_id, caller)
    return Response(found, media_type="application/json")


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    values: list[Any] = decode_cursor(cursor, size=2)
    try:
        return parse_instant(str(values[0])), UUID(str(values[1]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error


def _page(found: queries.Slice) -> Response:
    """Items are JSON already: PostgreSQL made them."""
    cursor = (
        "null"
        if found.last_key is None
        else f'"{encode_cursor(found.last_key[0].isoformat(), str(found.last_key[1]))}"'
    )
    body = f'{{"items":[{",".join(found.items)}],"next_cursor":{cursor},"total":null}}'
    return Response(body, media_type="application/json")
