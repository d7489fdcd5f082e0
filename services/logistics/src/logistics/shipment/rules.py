"""What a shipment holds, and when it has arrived."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

FIRST, REPLACEMENT, GIFT = "FIRST", "REPLACEMENT", "GIFT"
PENDING, DISPATCHED, DELIVERED, CANCELLED = "PENDING", "DISPATCHED", "DELIVERED", "CANCELLED"
LOST = "LOST"


@dataclass(frozen=True, slots=True)
class PaidLine:
    """Pieces of a SKU that were paid and must be sent."""

    sku_id: UUID
    product_id: UUID
    product_title: str
    specification: str
    temperature_class: str
    net_weight_g: int
    quantity: int


def lines_by_sku(lines: Iterable[PaidLine]) -> list[PaidLine]:
    """One line a SKU: an order may hold the same SKU on several lines, a box does not care."""
    merged: dict[UUID, PaidLine] = {}
    for line in lines:
        earlier = merged.get(line.sku_id)
        quantity = line.quantity + (earlier.quantity if earlier else 0)
        merged[line.sku_id] = PaidLine(
            line.sku_id,
            line.product_id,
            line.product_title,
            line.specification,
            line.temperature_class,
            line.net_weight_g,
            quantity,
        )
    return sorted(merged.values(), key=lambda each: each.sku_id)


def arrived_at(parcels_delivered_at: Sequence[datetime | None]) -> datetime | None:
    """When the last parcel was delivered; None while one of them is under way."""
    known = [each for each in parcels_delivered_at if each is not None]
    return max(known) if known and len(known) == len(parcels_delivered_at) else None
