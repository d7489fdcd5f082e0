"""What a cart adds up to, and what stands in the way of ordering it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from orders.price.engine import price_basket
from orders.price.rules import Offers, Priced
from orders.sku.rules import BuyerGroup, SaleSku, unit_price_fen, unsellable_reason

GUEST_CART_KEPT = timedelta(days=30)
"""So long a cart without an account is kept after it was last filled; the cookie that leads to it lives as long."""
Problem = Literal["not-listed", "stock-short", "price-changed", "not-served"]


@dataclass(frozen=True, slots=True)
class CartLine:
    """Pieces of a SKU in a cart, with the price that the person saw when putting them there."""

    sku: SaleSku
    quantity: int
    seen_price_fen: int


def line_problem(line: CartLine, *, group: BuyerGroup, now: datetime, is_served: bool = True) -> Problem | None:
    """The worst that stands in the way of the line; a changed price only needs to be seen."""
    if unsellable_reason(line.sku, now):
        return "not-listed"
    if line.quantity > line.sku.available:
        return "stock-short"
    if not is_served:
        return "not-served"
    if line.seen_price_fen != unit_price_fen(line.sku, group=group, quantity=line.quantity, now=now):
        return "price-changed"
    return None


def priced_cart(
    lines: Sequence[CartLine],
    skus: Mapping[UUID, SaleSku],
    *,
    group: BuyerGroup,
    now: datetime,
    offers: Offers,
    county_code: str | None,
) -> Priced:
    """What ordering the cart costs: lines that are not on sale any more do not count."""
    wanted = {line.sku.sku_id: line.quantity for line in lines if not unsellable_reason(line.sku, now)}
    return price_basket(wanted, skus, group=group, now=now, offers=offers, county_code=county_code)
