"""Quotes over HTTP: what lines would cost, without a cart."""

import orjson
from fastapi import APIRouter, Request, Response

from orders.order.rules import WantedLine, ensure_sellable, summed_quantities
from orders.point.queries import find_balance
from orders.point.rules import pay_with_points
from orders.price import queries, schemas
from orders.price.engine import price_basket
from orders.price.rules import buyer_group, coupon_states
from shared.auth import GuestOrCaller
from shared.clock import utc_now
from shared.direct import standing_alone

router = APIRouter(prefix="/v1", tags=["prices"])


@router.post("/quotes", response_model=schemas.Quote)
async def ask_quote(request: Request, body: schemas.AskQuote, caller: GuestOrCaller) -> Response:
    """What these lines would cost the caller now, with the reason of every step. It holds nothing and needs no
    Idempotency-Key: placing reprices.

    409 `sku-not-listed` with `skus` for what is not on sale. Too little stock is told by `available` only.
    """
    now = utc_now()
    wanted = summed_quantities([WantedLine(line.sku_id, line.quantity) for line in body.lines])
    points = None
    async with standing_alone(request.app.state.database) as db:
        sale = await queries.load_sale(db, wanted, person_id=caller.person_id, coupon_ids=body.coupon_ids)
        balance = await find_balance(db, caller, asked=body.use_points, now=now)
    ensure_sellable(wanted, sale.skus, now)
    priced = price_basket(
        wanted,
        sale.skus,
        group=buyer_group(caller.kind, caller.roles),
        now=now,
        offers=sale.offers,
        county_code=body.county_code,
    )
    if body.use_points is not None:
        points = pay_with_points(
            body.use_points, balance=balance, payables_fen=[line.payable_fen for line in priced.lines]
        )
    states = coupon_states(body.coupon_ids, sale.offers, priced)
    return Response(
        orjson.dumps(schemas.quote_of(priced, coupon_states=states, points=points), default=str),
        media_type="application/json",
    )
