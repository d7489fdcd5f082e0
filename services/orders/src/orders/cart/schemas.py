"""What routes of the cart take and give."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.cart import rules
from orders.cart.queries import LoadedCart
from orders.delivery.rules import unserved_lines
from orders.point.rules import pay_with_points
from orders.price.rules import Offers, PricedLine, coupon_states
from orders.price.schemas import BasketSums, TraceStep, empty_part, sums_of, trace_of
from orders.sku.rules import BuyerGroup, SaleSku


class PutLine(BaseModel):
    """How many pieces the cart shall hold."""

    model_config = ConfigDict(extra="forbid")

    quantity: Annotated[int, Field(ge=1, le=99_999, strict=True)]


class MergeCart(BaseModel):
    """Whose cart is taken over: a token of the gateway's of kind guest."""

    model_config = ConfigDict(extra="forbid")

    guest_token: Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[A-Za-z0-9_.=-]+$")]


class MergedCart(BaseModel):
    """What became of the guest's lines; the cart holds at most 100 lines, so that some may be left out."""

    put: list[UUID]
    left_out: list[UUID]


class Line(BaseModel):
    """A line of the cart at today's price. `available` counts what nobody holds; `problem` stands in the way."""

    sku_id: UUID
    quantity: int
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    picture: str
    supplier_id: UUID
    supplier_name: str
    seen_price_fen: int
    unit_price_fen: int
    amount_fen: int
    discount_fen: int
    payable_fen: int
    available: int
    is_listed: bool
    problem: rules.Problem | None
    presale_ships_on: date | None
    trace: list[TraceStep]


class Cart(BasketSums):
    """The cart priced as a whole; `payable_fen` is what `seen_payable_fen` of an order of all lines on sale must be,
    with the same county, coupons and points."""

    lines: list[Line]


@dataclass(frozen=True, slots=True)
class PointsAsked:
    """Points that somebody would spend on the cart, and those they have."""

    wanted: int
    balance: int


def put_line_of(line: rules.CartLine, *, group: BuyerGroup, now: datetime) -> dict[str, Any]:
    """A line as `Line` describes it, by itself: promotions look at the whole cart."""
    priced = rules.priced_cart(
        [line], {line.sku.sku_id: line.sku}, group=group, now=now, offers=Offers(), county_code=None
    )
    return _line(line, priced.lines[0], group=group, now=now)


def cart_of(
    loaded: LoadedCart,
    *,
    group: BuyerGroup,
    now: datetime,
    county_code: str | None,
    coupon_ids: Sequence[UUID],
    points: PointsAsked | None = None,
) -> dict[str, Any]:
    """A cart as `Cart` describes it."""
    priced = rules.priced_cart(
        loaded.lines, loaded.skus, group=group, now=now, offers=loaded.offers, county_code=county_code
    )
    by_sku = {line.sku.sku_id: line for line in priced.lines if not line.is_gift}
    unserved = set(unserved_lines(priced.parcels or {}))
    paid = None
    if points is not None:
        payables_fen = [line.payable_fen for line in priced.lines]
        paid = pay_with_points(points.wanted, balance=points.balance, payables_fen=payables_fen)
    sums = sums_of(priced, coupon_states=coupon_states(coupon_ids, loaded.offers, priced), points=paid)
    _add_unpriced(sums["parts"], [line.sku for line in loaded.lines if line.sku.sku_id not in by_sku])
    return {
        "lines": [
            _line(line, by_sku.get(line.sku.sku_id), group=group, now=now, is_served=line.sku.sku_id not in unserved)
            for line in loaded.lines
        ],
        **sums,
    }


def _add_unpriced(parts: list[dict[str, Any]], skus: Sequence[SaleSku]) -> None:
    """What is not on sale any more is still seen with its supplier's other lines, and counts for nothing."""
    by_supplier = {part["supplier_id"]: part for part in parts}
    for sku in skus:
        part = by_supplier.get(sku.supplier_id)
        if part is None:
            part = by_supplier[sku.supplier_id] = empty_part(sku)
            parts.append(part)
        part["sku_ids"].append(sku.sku_id)


def _line(
    line: rules.CartLine, priced: PricedLine | None, *, group: BuyerGroup, now: datetime, is_served: bool = True
) -> dict[str, Any]:
    """`priced` is None for a line that is not on sale: it counts for nothing and shows the price that it had."""
    sku = line.sku
    return {
        "sku_id": sku.sku_id,
        "quantity": line.quantity,
        "product_id": sku.product_id,
        "product_title": sku.product_title,
        "product_title_en": sku.product_title_en,
        "specification": sku.specification,
        "specification_en": sku.specification_en,
        "picture": sku.picture,
        "supplier_id": sku.supplier_id,
        "supplier_name": sku.supplier_name,
        "seen_price_fen": line.seen_price_fen,
        "unit_price_fen": priced.unit_price_fen if priced else sku.price_fen,
        "amount_fen": priced.amount_fen if priced else sku.price_fen * line.quantity,
        "discount_fen": priced.discount_fen if priced else 0,
        "payable_fen": priced.payable_fen if priced else 0,
        "available": sku.available,
        "is_listed": sku.is_listed,
        "problem": rules.line_problem(line, group=group, now=now, is_served=is_served),
        "presale_ships_on": sku.presale.ships_on if sku.presale else None,
        "trace": trace_of(priced.trace) if priced else [],
    }
