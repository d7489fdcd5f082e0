"""SKUs as they come in and go out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from catalog.facts import ProductFacts, SkuFacts
from catalog.fields import Line, Reason, Title
from catalog.sku.rules import PricePeriod, price_at, price_per_500g_fen
from shared.page import Page

PriceFen = Annotated[int, Field(ge=1, le=100_000_000, description="Price in fen, at most a million yuan.")]
NetWeight = Annotated[int, Field(ge=1, le=10_000_000, description="Net weight in grams, at most ten tonnes.")]
Instant = Annotated[
    AwareDatetime, Field(description="An instant with its zone.", ge="2020-01-01T00:00:00Z", le="2100-01-01T00:00:00Z")
]


class SkuIn(BaseModel):
    """A new pack with its first price, which begins now unless it says otherwise."""

    model_config = ConfigDict(extra="forbid")

    specification: Title
    specification_en: Line = ""
    net_weight_g: NetWeight
    price_fen: PriceFen
    valid_from: Instant | None = None
    valid_until: Instant | None = None


class SkuPatch(BaseModel):
    """What may be edited; a field that is left out stays."""

    model_config = ConfigDict(extra="forbid")

    specification: Title | None = None
    specification_en: Line | None = None
    net_weight_g: NetWeight | None = None


class PriceIn(BaseModel):
    """A price that holds from `valid_from` (now if omitted) until `valid_until` (for good if omitted)."""

    model_config = ConfigDict(extra="forbid")

    price_fen: PriceFen
    valid_from: Instant | None = None
    valid_until: Instant | None = None


class DelistingIn(BaseModel):
    """Why the SKU leaves the shelf."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class PriceSchema(BaseModel):
    """A price period, half-open."""

    price_fen: int
    valid_from: datetime
    valid_until: datetime | None

    @classmethod
    def of(cls, period: PricePeriod) -> "PriceSchema":
        return cls.model_validate(period, from_attributes=True)


class SkuDetail(BaseModel):
    """A pack with its product. `price_fen` is null while no price holds; `prices` is for its supplier and operators."""

    sku_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str
    picture: str
    category: str
    supplier_id: UUID
    supplier_name: str
    specification: str
    specification_en: str
    net_weight_g: int
    price_fen: int | None
    price_per_500g_fen: int | None
    is_listed: bool
    revision: int
    prices: list[PriceSchema] | None = None

    @classmethod
    def of(cls, product: ProductFacts, sku: SkuFacts, now: datetime, *, with_prices: bool) -> "SkuDetail":
        price = price_at(sku.prices, now)
        return cls(
            sku_id=sku.sku_id,
            product_id=product.product_id,
            product_title=product.title,
            product_title_en=product.title_en,
            picture=product.picture,
            category=product.category,
            supplier_id=product.supplier_id,
            supplier_name=product.supplier_name,
            specification=sku.specification,
            specification_en=sku.specification_en,
            net_weight_g=sku.net_weight_g,
            price_fen=price.price_fen if price else None,
            price_per_500g_fen=price_per_500g_fen(price.price_fen, sku.net_weight_g) if price else None,
            is_listed=sku.is_listed,
            revision=sku.revision,
            prices=[PriceSchema.of(period) for period in sku.prices] if with_prices else None,
        )


SkuPage = Page[SkuDetail]
