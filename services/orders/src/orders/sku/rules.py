"""Whether a SKU may be sold, why not, and at which price."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from json import loads
from typing import Literal
from uuid import UUID

BuyerGroup = Literal["retail", "member", "institution"]
RETAIL: BuyerGroup = "retail"


@dataclass(frozen=True, slots=True)
class PriceTier:
    """`price_fen` a piece for a buyer group that takes at least `min_quantity`; half-open in time."""

    buyer_group: str
    min_quantity: int
    price_fen: int
    valid_from: datetime
    valid_until: datetime | None

    def is_open_to(self, group: BuyerGroup, quantity: int, now: datetime) -> bool:
        """Whether a buyer of this group gets the price for so many pieces at that instant."""
        return (
            self.buyer_group in {RETAIL, group}
            and self.min_quantity <= quantity
            and self.valid_from <= now
            and (self.valid_until is None or now < self.valid_until)
        )


@dataclass(frozen=True, slots=True)
class Presale:
    """Sold ahead from `opens_at` until `closes_at`, sent from the day `ships_on` on."""

    opens_at: datetime
    closes_at: datetime
    ships_on: date


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
    category: str = ""
    designations: tuple[str, ...] = ()
    origin_county_code: str = ""
    net_weight_g: int = 0
    temperature_class: str = ""
    price_tiers: tuple[PriceTier, ...] = ()
    presale: Presale | None = None


@lru_cache(maxsize=4096)
def tiers_of(text: str | None) -> tuple[PriceTier, ...]:
    """The tiers as the replica keeps them, a JSON list, as values."""
    return tuple(
        PriceTier(
            each["buyer_group"],
            each["min_quantity"],
            each["price_fen"],
            datetime.fromisoformat(each["valid_from"]),
            _instant(each["valid_until"]),
        )
        for each in loads(text or "[]")
    )


@lru_cache(maxsize=1024)
def presale_of(text: str | None) -> Presale | None:
    """The presale window as the replica keeps it, a JSON object, as a value."""
    if text is None:
        return None
    found = loads(text)
    return Presale(
        datetime.fromisoformat(found["opens_at"]),
        datetime.fromisoformat(found["closes_at"]),
        date.fromisoformat(found["ships_on"]),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def unsellable_reason(sku: SaleSku | None, now: datetime) -> str:
    """Why the SKU cannot be bought at `now`: unknown, delisted, price-not-valid, presale-not-open; empty if it can."""
    if sku is None:
        return "unknown"
    if not sku.is_listed:
        return "delisted"
    if now < sku.price_valid_from or (sku.price_valid_until is not None and now >= sku.price_valid_until):
        return "price-not-valid"
    if sku.presale is not None and now < sku.presale.opens_at:
        return "presale-not-open"
    return ""


def best_tier(sku: SaleSku, *, group: BuyerGroup, quantity: int, now: datetime) -> PriceTier | None:
    """The cheapest price below the base price that this buyer gets for so many pieces, or None."""
    open_to: Iterable[PriceTier] = (each for each in sku.price_tiers if each.is_open_to(group, quantity, now))
    best = min(open_to, key=lambda each: (each.price_fen, each.min_quantity, each.buyer_group), default=None)
    return best if best is not None and best.price_fen < sku.price_fen else None


def unit_price_fen(sku: SaleSku, *, group: BuyerGroup, quantity: int, now: datetime) -> int:
    """What one of so many pieces costs this buyer before any promotion."""
    tier = best_tier(sku, group=group, quantity=quantity, now=now) if sku.price_tiers else None
    return sku.price_fen if tier is None else tier.price_fen
