"""What a buyer saw of a basket, and what of it is different now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from orders.price.rules import Priced


@dataclass(frozen=True, slots=True)
class SeenUse:
    """A promotion or coupon as the buyer saw it."""

    promotion_id: UUID
    kind: str
    name: str
    name_en: str
    discount_fen: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What the buyer saw: unit prices and gifts' pieces by SKU, promotions, carriage by supplier (None: unknown)."""

    prices: Mapping[UUID, int] = field(default_factory=dict)
    promotions: tuple[SeenUse, ...] = ()
    gifts: Mapping[UUID, int] = field(default_factory=dict)
    delivery: Mapping[UUID, int] | None = None
    points_fen: int = 0


def seen_of(priced: Priced) -> Seen:
    """What a buyer who is shown the basket sees of it."""
    return Seen(
        prices={line.sku.sku_id: line.unit_price_fen for line in priced.lines if not line.is_gift},
        promotions=tuple(
            SeenUse(
                use.promotion.promotion_id,
                use.promotion.kind,
                use.promotion.name,
                use.promotion.name_en,
                use.discount_fen,
            )
            for use in priced.uses
        ),
        gifts=gifts_of(priced),
        delivery=None
        if priced.parcels is None
        else {supplier_id: parcel.fee_fen for supplier_id, parcel in priced.parcels.items()},
    )


def gifts_of(priced: Priced) -> dict[UUID, int]:
    """The pieces that come along for nothing, by SKU."""
    pieces: dict[UUID, int] = {}
    for line in priced.lines:
        if line.is_gift:
            pieces[line.sku.sku_id] = pieces.get(line.sku.sku_id, 0) + line.quantity
    return pieces


def price_differences(priced: Priced, seen_prices: Mapping[UUID, int]) -> list[dict[str, Any]]:
    """The lines whose unit price is not the seen one; where no line's seen price is known, all lines."""
    return [
        {
            "kind": "price",
            "sku_id": str(line.sku.sku_id),
            "product_title": line.sku.product_title,
            "quantity": line.quantity,
            "seen_price_fen": seen_prices.get(line.sku.sku_id),
            "unit_price_fen": line.unit_price_fen,
            "amount_fen": line.amount_fen,
        }
        for line in priced.lines
        if not line.is_gift and seen_prices.get(line.sku.sku_id) != line.unit_price_fen
    ]


def differences_of(priced: Priced, seen: Seen, *, points_fen: int = 0) -> list[dict[str, Any]]:
    """All that is not as the buyer saw it: prices, promotions and coupons with their fen, gifts, carriage, and what
    points pay."""
    points = [{"kind": "points", "seen_fen": seen.points_fen, "fen": points_fen}]
    return [
        *price_differences(priced, seen.prices),
        *_use_differences(priced, seen),
        *_gift_differences(priced, seen),
        *_delivery_differences(priced, seen),
        *(points if points_fen != seen.points_fen else []),
    ]


def _use_differences(priced: Priced, seen: Seen) -> list[dict[str, Any]]:
    was = {each.promotion_id: each for each in seen.promotions}
    now = {each.promotion_id: each for each in seen_of(priced).promotions}
    found = []
    for promotion_id in {**was, **now}:
        before, after = was.get(promotion_id), now.get(promotion_id)
        named = after or before
        if named is None or (before is not None and after is not None and before.discount_fen == after.discount_fen):
            continue
        found.append(
            {
                "kind": "coupon" if named.kind == "coupon" else "promotion",
                "promotion_id": str(promotion_id),
                "name": named.name,
                "name_en": named.name_en,
                "seen_fen": None if before is None else before.discount_fen,
                "fen": None if after is None else after.discount_fen,
            }
        )
    return found


def _gift_differences(priced: Priced, seen: Seen) -> list[dict[str, Any]]:
    now = gifts_of(priced)
    titles = {line.sku.sku_id: line.sku.product_title for line in priced.lines}
    return [
        {
            "kind": "gift",
            "sku_id": str(sku_id),
            "product_title": titles.get(sku_id, ""),
            "seen_quantity": seen.gifts.get(sku_id, 0),
            "quantity": now.get(sku_id, 0),
        }
        for sku_id in {**seen.gifts, **now}
        if seen.gifts.get(sku_id, 0) != now.get(sku_id, 0)
    ]


def _delivery_differences(priced: Priced, seen: Seen) -> list[dict[str, Any]]:
    names = {line.sku.supplier_id: line.sku.supplier_name for line in priced.lines}
    was = seen.delivery or {}
    return [
        {
            "kind": "delivery",
            "supplier_id": str(supplier_id),
            "supplier_name": names.get(supplier_id, ""),
            "seen_fen": was.get(supplier_id),
            "fen": parcel.fee_fen,
        }
        for supplier_id, parcel in (priced.parcels or {}).items()
        if was.get(supplier_id, 0) != parcel.fee_fen
    ]
