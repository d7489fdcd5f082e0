"""What goes back for pieces of a line: shares of what was frozen at placement, never anything computed anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.errors import Conflict, Forbidden
from shared.money import share_by_largest_remainder

_WHOLE_BP = 10_000
Answer = Literal["granted", "refused", "rejected"]
"""What a buyer is told of a claim, return or exchange: `rejected` is the platform's last word."""


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line of an order with what claims and returns must know of its part. Amounts in fen, weight of one piece in
    grams; `delivery_fen` is the line's own share of its part's delivery."""

    line_id: UUID
    order_id: UUID
    order_number: str
    order_status: str
    supplier_order_id: UUID
    supplier_id: UUID
    supplier_name: str
    fulfilment: str
    delivered_at: datetime | None
    buyer_id: UUID
    buyer_kind: str
    organisation_id: UUID | None
    recipient: str
    sku_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    picture: str
    category: str
    temperature_class: str
    net_weight_g: int
    quantity: int
    payable_fen: int
    delivery_fen: int

    @property
    def is_delivered(self) -> bool:
        """Whether its part has arrived."""
        return self.fulfilment == "DELIVERED" and self.order_status != "CANCELLED"


@dataclass(frozen=True, slots=True)
class LineBalance:
    """How much of a line is spoken for. `claimed_count` are pieces of claims and returns that stand, of which
    `refunded_count` were granted."""

    line_id: UUID
    quantity: int
    payable_fen: int
    delivery_fen: int
    claimed_count: int
    refunded_count: int
    refunded_delivery_fen: int = 0

    @property
    def left_count(self) -> int:
        """Pieces that nobody has claimed or sent back."""
        return self.quantity - self.claimed_count


@dataclass(frozen=True, slots=True)
class RefundShare:
    """What goes back, and who bears it."""

    goods_fen: int
    delivery_fen: int
    supplier_fen: int
    carrier_fen: int

    @property
    def total_fen(self) -> int:
        """What the buyer gets."""
        return self.goods_fen + self.delivery_fen


def delivery_share_fen(delivery_fen: int, payables_fen: Sequence[int], index: int) -> int:
    """The line's share of its part's delivery: by what the lines cost, exact in sum."""
    return share_by_largest_remainder(delivery_fen, payables_fen)[index]


def pieces_fen(share_fen: int, *, quantity: int, before: int, count: int) -> int:
    """What `count` pieces are worth of a line's share after `before` others: all pieces together are exactly the share.

    Pieces weigh the same, so the largest remainder gives the fen left over to the first of them, one each.
    """
    each, left_over = divmod(share_fen, quantity)
    return each * count + min(before + count, left_over) - min(before, left_over)


def refund_share(
    balance: LineBalance,
    *,
    count: int,
    weight_g: int | None,
    net_weight_g: int,
    with_delivery: bool,
    carrier_bp: int,
) -> RefundShare:
    """What goes back for `count` more pieces. Where only `weight_g` of them was bad, that part of it, rounded down.
    Of the delivery never more than has not gone back yet; for no pieces, all of that."""
    goods, delivery = (
        pieces_fen(whole, quantity=balance.quantity, before=balance.refunded_count, count=count)
        for whole in (balance.payable_fen, balance.delivery_fen if with_delivery else 0)
    )
    left = balance.delivery_fen - balance.refunded_delivery_fen
    delivery = min(delivery, left) if count else left
    if weight_g is not None:
        goods, delivery = (fen * weight_g // (net_weight_g * count) for fen in (goods, delivery))
    carrier = (goods + delivery) * carrier_bp // _WHOLE_BP
    return RefundShare(goods, delivery, goods + delivery - carrier, carrier)


def ensure_left(balance: LineBalance, count: int) -> None:
    """409 `pieces-claimed-already` where fewer pieces are left than this takes."""
    if count > balance.left_count:
        raise Conflict(
            "These pieces are in a claim or a return already.",
            code="pieces-claimed-already",
            field="piece_count",
            left_count=balance.left_count,
        )


def ensure_may(who: Mapping[str, frozenset[str]], verb: str, side: str) -> None:
    """403 `not-your-move` where the verb belongs to another side of the claim, return or exchange."""
    if side not in who[verb]:
        raise Forbidden(f"This is for the {' or '.join(sorted(who[verb]))}.", code="not-your-move", side=side)
