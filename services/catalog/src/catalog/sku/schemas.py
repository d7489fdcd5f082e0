"""SKUs as they come in and go out."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from catalog.facts import ProductFacts, SkuFacts, sale_state_at
from catalog.fields import Line, Reason, Title
from catalog.price.rules import PricePeriod, price_at, price_per_500g_fen, tiers_at
from catalog.season.schemas import PresaleSchema
from shared.page import Page

PriceFen = Annotated[int, Field(ge=1, le=100_000_000, description="Price in fen, at most a million yuan.")]
NetWeight = Annotated[int, Field(ge=1, le=10_000_000, description="Net weight in grams, at most ten tonnes.")]
Instant = Annotated[
    AwareDatetime, Field(description="An instant with its zone.", ge="2020-01-01T00:00:00Z", le="2100-01-01T00:00:00Z")
]


Gtin = Annotated[
    str, Field(pattern=r"^[0-9]{0,14}$", description="GTIN-8, -12, -13 or -14; empty for loose produce without one.")
]
BuyerGroup = Literal["retail", "member", "institution"]
MinQuantity = Annotated[int, Field(ge=1, le=1_000_000, description="From how many pieces on the price holds.")]


class SkuIn(BaseModel):
    """A new pack with its first price, which begins now unless it says otherwise."""

    model_config = ConfigDict(extra="forbid")

    specification: Title
    specification_en: Line = ""
    net_weight_g: NetWeight
    unit: Line = "piece"
    grade: Line = ""
    gtin: Gtin = ""
    supplier_code: Line = ""
    price_fen: PriceFen
    valid_from: Instant | None = None
    valid_until: Instant | None = None


class SkuPatch(BaseModel):
    """What may be edited; a field that is left out stays."""

    model_config = ConfigDict(extra="forbid")

    specification: Title | None = None
    specification_en: Line | None = None
    net_weight_g: NetWeight | None = None
    unit: Line | None = None
    grade: Line | None = None
    gtin: Gtin | None = None
    supplier_code: Line | None = None


class PriceIn(BaseModel):
    """A price a piece that holds from `valid_from` (now if omitted) until `valid_until` (for good if omitted), for
    everybody from the first piece on unless it says otherwise. `reason` is asked for when a price jumps."""

    model_config = ConfigDict(extra="forbid")

    price_fen: PriceFen
    buyer_group: BuyerGroup = "retail"
    min_quantity: MinQuantity = 1
    reason: Line = ""
    valid_from: Instant | None = None
    valid_until: Instant | None = None


class DelistingIn(BaseModel):
    """Why the SKU leaves the shelf."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class PriceSchema(BaseModel):
    """A price period, half-open."""

    buyer_group: BuyerGroup
    min_quantity: int
    price_fen: int
    valid_from: datetime
    valid_until: datetime | None

    @classmethod
    def of(cls, period: PricePeriod) -> "PriceSchema":
        return cls.model_validate(period, from_attributes=True)


class TierSchema(BaseModel):
    """A price a piece for a buyer group from a quantity on, beside the base price. The lowest that is open counts."""

    buyer_group: BuyerGroup
    min_quantity: int
    price_fen: int
    price_per_500g_fen: int


class SkuDetail(BaseModel):
    """A pack with its product. `price_fen` is null while no price holds; `prices`, `presales` and `supplier_code` are
    for its supplier and operators. `sale_state` says whether it is sold now: ON_SALE, PRESALE, PRESALE_CLOSED,
    OUT_OF_SEASON."""

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
    unit: str
    grade: str
    gtin: str
    supplier_code: str | None
    price_fen: int | None
    price_per_500g_fen: int | None
    price_tiers: list[TierSchema]
    sale_state: str
    is_approved: bool
    is_listed: bool
    revision: int
    prices: list[PriceSchema] | None = None
    presales: list[PresaleSchema] | None = None

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
            unit=sku.unit,
            grade=sku.grade,
            gtin=sku.gtin,
            supplier_code=sku.supplier_code if with_prices else None,
            price_fen=price.price_fen if price else None,
            price_per_500g_fen=price_per_500g_fen(price.price_fen, sku.net_weight_g) if price else None,
            price_tiers=[
                TierSchema(
                    buyer_group=each.buyer_group,
                    min_quantity=each.min_quantity,
                    price_fen=each.price_fen,
                    price_per_500g_fen=price_per_500g_fen(each.price_fen, sku.net_weight_g),
                )
                for each in tiers_at(sku.prices, now)
            ],
            sale_state=sale_state_at(product, sku, now),
            is_approved=sku.is_approved,
            is_listed=sku.is_listed,
            revision=sku.revision,
            prices=[PriceSchema.of(period) for period in sku.prices] if with_prices else None,
            presales=[
                PresaleSchema(opens_at=each.opens_at, closes_at=each.closes_at, ships_on=each.ships_on)
                for each in sku.presales
            ]
            if with_prices
            else None,
        )


SkuPage = Page[SkuDetail]
