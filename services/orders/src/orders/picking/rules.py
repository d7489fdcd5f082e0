"""A pick list: what to take from which site's shelves, the lot that ends first taken first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OpenPieces:
    """Pieces of an order's part that should leave a site and have not."""

    supplier_order_id: UUID
    order_number: str
    sku_id: UUID
    product_title: str
    specification: str
    site_id: UUID
    site_name: str
    open_count: int


@dataclass(frozen=True, slots=True)
class LotPick:
    """Pieces to take of a lot; no number for those that are of none."""

    lot_number: str
    expires_on: date | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Total:
    """All pieces of a SKU to take at a site. `missing` of them are not on its shelves."""

    site_id: UUID
    site_name: str
    sku_id: UUID
    product_title: str
    specification: str
    quantity: int
    lots: tuple[LotPick, ...]
    missing: int


def totals_of(pieces: Sequence[OpenPieces], shelves: Sequence[Mapping[str, Any]]) -> list[Total]:
    """By site and SKU. `shelves` come in the order in which goods leave: lots before loose pieces, the first to end
    first; what is over or on hold stays."""
    wanted: dict[tuple[UUID, UUID], list[OpenPieces]] = {}
    for each in pieces:
        wanted.setdefault((each.site_id, each.sku_id), []).append(each)
    found = []
    for (site_id, sku_id), own in wanted.items():
        quantity = sum(each.open_count for each in own)
        fit = [
            each
            for each in shelves
            if each["site_id"] == site_id
            and each["sku_id"] == sku_id
            and each["on_hand"] > 0
            and not each["is_held"]
            and not each["is_over"]
        ]
        lots, missing = _taken(fit, quantity)
        first = own[0]
        names = (first.product_title, first.specification)
        found.append(Total(site_id, first.site_name, sku_id, *names, quantity, lots, missing))
    return sorted(found, key=lambda each: (each.site_name, each.site_id, each.product_title, each.specification))


def _taken(shelves: Sequence[Mapping[str, Any]], quantity: int) -> tuple[tuple[LotPick, ...], int]:
    picks = []
    for each in shelves:
        count = min(quantity, each["on_hand"])
        if count:
            picks.append(LotPick(each["lot_number"] or "", each["expires_on"], count))
            quantity -= count
    return tuple(picks), quantity
