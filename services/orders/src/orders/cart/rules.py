"""What a cart adds up to, and what stands in the way of ordering it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from orders.sku.rules import SaleSku, unsellable_reason

Problem = Literal["not-listed", "stock-short", "price-changed"]


@dataclass(frozen=True, slots=True)
class CartLine:
    """Pieces of a SKU in a cart, with the price that the person saw when putting them there."""

    sku: SaleSku
    quantity: int
    seen_price_fen: int

    @property
    def amount_fen(self) -> int:
        """At today's price."""
        return self.sku.price_fen * self.quantity


def line_problem(line: CartLine, now: datetime) -> Problem | None:
    """The worst that stands in the way of the line; a changed price only needs to be seen."""
    if unsellable_reason(line.sku, now):
        return "not-listed"
    if line.quantity > line.sku.available:
        return "stock-short"
    if line.seen_price_fen != line.sku.price_fen:
        return "price-changed"
    return None


def payable_fen(lines: Sequence[CartLine], now: datetime) -> int:
    """What ordering the cart costs: lines that are not on sale any more do not count."""
    return sum(line.amount_fen for line in lines if not unsellable_reason(line.sku, now))
