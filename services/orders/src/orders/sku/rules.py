"""Whether a SKU may be sold, and why not."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SaleSku:
    """What deciding on a sale takes of a SKU, with the pieces that nobody holds at the moment."""

    sku_id: UUID
    revision: int
    is_listed: bool
    product_id: UUID
    supplier_id: UUID
    supplier_name: str
    supplier_county_code: str
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    picture: str
    price_fen: int
    price_valid_from: datetime
    price_valid_until: datetime | None
    available: int


def unsellable_reason(sku: SaleSku | None, now: datetime) -> str:
    """Why the SKU cannot be bought at `now`: unknown, delisted, price-not-valid; empty if it can."""
    if sku is None:
        return "unknown"
    if not sku.is_listed:
        return "delisted"
    if now < sku.price_valid_from or (sku.price_valid_until is not None and now >= sku.price_valid_until):
        return "price-not-valid"
    return ""
