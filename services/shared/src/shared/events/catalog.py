"""What the catalog announces: which SKU may be sold, as what, from where, at which price."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import DivisionCode, Event, Fen, Grams


class ListedSku(Event):
    """A whole sellable SKU. A later `revision` replaces an earlier one; orders keeps it as its replica."""

    subject_field: ClassVar[str] = "sku_id"

    sku_id: UUID
    product_id: UUID
    supplier_id: UUID
    supplier_name: str
    supplier_county_code: DivisionCode
    product_title: str
    product_title_en: str = ""
    specification: str
    specification_en: str = ""
    category: str
    picture: str
    origin_county_code: DivisionCode
    designations: tuple[str, ...] = ()
    net_weight_g: Grams
    price_fen: Fen
    price_valid_from: datetime
    price_valid_until: datetime | None = None
    temperature_class: str
    shelf_life_days: int
    revision: int


class SkuListed(ListedSku):
    """The SKU may be sold from now on."""

    type: ClassVar[str] = "catalog.sku-listed.v1"
    listed_at: datetime


class SkuRevised(ListedSku):
    """A listed SKU changed (price, title, certificate…); the whole of it as it is now."""

    type: ClassVar[str] = "catalog.sku-revised.v1"
    revised_at: datetime


class SkuDelisted(Event):
    """The SKU may no longer be sold."""

    type: ClassVar[str] = "catalog.sku-delisted.v1"
    subject_field: ClassVar[str] = "sku_id"

    sku_id: UUID
    reason: str
    revision: int
    delisted_at: datetime
