"""Products as they come in and go out."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.certificate.schemas import CertificateSchema, ShownCertificate
from catalog.fields import DivisionCode, Line, Month, Prose, Title
from catalog.product.data import Category, TemperatureClass
from catalog.search.schemas import Origin, Season
from shared.page import Page

PictureKind = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="A kind of our own drawings.")]
ShelfLifeDays = Annotated[int, Field(ge=1, le=36_500)]


class ProductIn(BaseModel):
    """A new product. Season months run from the first to the last, over the new year if need be."""

    model_config = ConfigDict(extra="forbid")

    supplier_id: UUID | None = Field(default=None, description="For operators; a supplier creates its own.")
    title: Title
    title_en: Line = ""
    category: Line
    picture: PictureKind
    origin_county_code: DivisionCode
    season_from_month: Month = 1
    season_to_month: Month = 12
    shelf_life_days: ShelfLifeDays
    temperature_class: Line = "AMBIENT"
    grade: Line = ""
    description: Prose = ""
    description_en: Prose = ""
    certificates: list[CertificateSchema] = Field(default=[], max_length=20)


class ProductPatch(BaseModel):
    """What may be edited; a field that is left out stays. `certificates` replaces all of them."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    title_en: Line | None = None
    category: Line | None = None
    picture: PictureKind | None = None
    origin_county_code: DivisionCode | None = None
    season_from_month: Month | None = None
    season_to_month: Month | None = None
    shelf_life_days: ShelfLifeDays | None = None
    temperature_class: Line | None = None
    grade: Line | None = None
    description: Prose | None = None
    description_en: Prose | None = None
    certificates: list[CertificateSchema] | None = Field(default=None, max_length=20)


class SkuItem(BaseModel):
    """A pack on its product's page. Price in fen; `price_per_500g_fen` is the price of one jin, rounded."""

    sku_id: UUID
    specification: str
    specification_en: str
    net_weight_g: int
    price_fen: int | None
    price_per_500g_fen: int | None
    is_listed: bool
    revision: int


class ProductSupplier(BaseModel):
    """The supplier on its product's page."""

    supplier_id: UUID
    kind: str
    name: str
    name_en: str
    county_code: str
    story: str
    story_en: str
    linked_households: int


class ProductDetail(BaseModel):
    """A product's page. The card's SKU fields are null while nothing of it is for sale."""

    product_id: UUID
    title: str
    title_en: str
    category: str
    picture: str = Field(description="A kind of our drawings, or the path of an uploaded photo: /v1/photos/….")
    origin: Origin
    designations: list[str]
    certificates: list[ShownCertificate]
    is_canteen_ready: bool = False
    season: Season
    supplier_id: UUID
    supplier_name: str
    sku_id: UUID | None
    specification: str | None
    specification_en: str | None
    net_weight_g: int | None
    price_fen: int | None
    price_per_500g_fen: int | None
    sku_count: int
    description: str
    description_en: str
    supplier: ProductSupplier
    skus: list[SkuItem]
    shelf_life_days: int
    temperature_class: str
    grade: str
    status: Literal["draft", "listed"]
    revision: int


class OwnProduct(BaseModel):
    """A line of a supplier's list of its own products."""

    product_id: UUID
    title: str
    title_en: str
    category: str
    picture: str
    origin_county_code: str
    status: Literal["draft", "listed"]
    revision: int


class CategorySchema(BaseModel):
    """A shelf of the shop."""

    id: str
    zh: str
    en: str

    @classmethod
    def of(cls, category: Category) -> "CategorySchema":
        return cls.model_validate(category, from_attributes=True)


class TemperatureClassSchema(BaseModel):
    """How cold a product is kept, in degrees Celsius; a null bound is open."""

    id: str
    zh: str
    en: str
    group: str
    min_c: float | None
    max_c: float | None
    basis: str

    @classmethod
    def of(cls, found: TemperatureClass) -> "TemperatureClassSchema":
        return cls.model_validate(found, from_attributes=True)


CategoryPage = Page[CategorySchema]
TemperatureClassPage = Page[TemperatureClassSchema]
OwnProductPage = Page[OwnProduct]
