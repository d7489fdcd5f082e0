"""Keeping a cart's pieces for some minutes at the checkout: how many, and how soon again."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

from shared.errors import Conflict

_LIMITS = Path(__file__).parents[1] / "hold" / "limits.toml"


@dataclass(frozen=True, slots=True)
class CartLimits:
    """How long a cart may hold, how long it then may not, and how many pieces of a SKU."""

    lasts: timedelta
    again_after: timedelta
    most_pieces: int


@cache
def cart_limits() -> CartLimits:
    """The figures of the house, which are data."""
    found = tomllib.loads(_LIMITS.read_text(encoding="utf-8"))["cart"]
    return CartLimits(
        timedelta(minutes=found["minutes"]), timedelta(minutes=found["again_after_minutes"]), found["most_pieces"]
    )


def ensure_again(ended_at: datetime | None, now: datetime, limits: CartLimits) -> None:
    """Conflict `cart-hold-too-soon` while the pause after the last hold that bought nothing is not over."""
    if ended_at is not None and now < ended_at + limits.again_after:
        raise Conflict(
            "Pieces were kept for you a short while ago. Others may take them for now.",
            code="cart-hold-too-soon",
            again_at=(ended_at + limits.again_after).isoformat(),
        )


def ensure_holdable(quantities: Mapping[UUID, int], limits: CartLimits) -> None:
    """Conflict `cart-empty`; Conflict `cart-hold-too-many` names the SKUs of which fewer can be kept."""
    if not quantities:
        raise Conflict("There is nothing in the cart that could be kept.", code="cart-empty")
    too_many = sorted(str(sku_id) for sku_id, quantity in quantities.items() if quantity > limits.most_pieces)
    if too_many:
        raise Conflict(
            f"Of one product at most {limits.most_pieces} pieces are kept before they are ordered.",
            code="cart-hold-too-many",
            maximum=limits.most_pieces,
            sku_ids=too_many,
        )
