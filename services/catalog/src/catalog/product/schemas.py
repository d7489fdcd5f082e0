"""Products as they come in and go out."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.certificate.schemas import CertificateSchema, ShownCertificate
from catalog.fields import DivisionCode, Line, Month, Prose, Reason, Title
from catalog.product.data import Category, TaxBasis, TemperatureClass, Unit
from catalog.search.schemas import Origin, Season
from catalog.season.schemas import PresaleShown, SeasonSchema, SeasonShown
from catalog.sku.schemas import TierSchema
from shared.page import Page

PictureKind = Annotated[
    str, Field(pattern=r"^([a-z0-9][a-z0-9_-]{0,39})?$", description="A kind of our own drawings; empty: none yet.")
]
Picture = Annotated[
    str,
    Field(
        pattern=r"^([a-z0-9][a-z0-9_-]{0,39}|/v1/photos/[0-9a-f]{64}\.(jpg|png|webp))$",
        description="A kind of our own drawings, or the path of an uploaded photo.",
    ),
]
TaxCode = Annotated[str, Field(pattern=r"^([0-9]{19})?$", description="税收分类编码: 19 digits, or empty.")]
Status = Literal["DRAFT", "IN_REVIEW", "LISTED", "DELISTED"]
ShelfLifeDays = Annotated[int, Field(ge=1, le=36_500)]


class ProductIn(BaseModel):
    """A new product. Season months run from the first to the last, over the new year if need be; `seasons`, if there
    are any, say it by region. `pictures` is the whole list, cover first; `picture` is the cover alone."""

    model_config = ConfigDict(extra="forbid")

    supplier_id: UUID | None = Field(default=None, description="For operators; a supplier creates its own.")
    title: Title
    title_en: Line = ""
    category: Line
    picture: PictureKind = ""
    pictures: list[Picture] = Field(default=[], max_length=20)
    origin_county_code: DivisionCode
    season_from_month: Month = 1
    season_to_month: Month = 12
    shelf_life_days: ShelfLifeDays
    temperature_class: Line = "AMBIENT"
    grade: Line = ""
    description: Prose = ""
    description_en: Prose = ""
    seasons: list[SeasonSchema] = Field(default=[], max_length=12)
    season_note: Line = ""
    season_note_en: Line = ""
    tax_basis: Line = ""
    invoice_name: Line = ""
    tax_code: TaxCode = ""
    document_ids: list[UUID] = Field(default=[], max_length=20)
    certificates: list[CertificateSchema] = Field(default=[], max_length=20)


class ProductPatch(BaseModel):
    """What may be edited; a field that is left out stays. `certificates` replaces all of them."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    title_en: Line | None = None
    category: Line | None = None
    picture: PictureKind | None = None
    pictures: list[Picture] | None = Field(default=None, max_length=20)
    origin_county_code: DivisionCode | None = None
    season_from_month: Month | None = None
    season_to_month: Month | None = None
    shelf_life_days: ShelfLifeDays | None = None
    temperature_class: Line | None = None
    grade: Line | None = None
    description: Prose | None = None
    description_en: Prose | None = None
    seasons: list[SeasonSchema] | None = Field(default=None, max_length=12)
    season_note: Line | None = None
    season_note_en: Line | None = None
    tax_basis: Line | None = None
    invoice_name: Line | None = None
    tax_code: TaxCode | None = None
    document_ids: list[UUID] | None = Field(default=None, max_length=20)
    certificates: list[CertificateSchema] | None = Field(default=None, max_length=20)


class SkuItem(BaseModel):
    """A pack on its product's page. Price in fen; `price_per_500g_fen` is the price of one jin, rounded."""

    sku_id: UUID
    specification: str
    specification_en: str
    net_weight_g: int
    unit: str
    grade: str
    gtin: str
    price_fen: int | None
    price_per_500g_fen: int | None
    price_tiers: list[TierSchema]
    sale_state: str = Field(description="ON_SALE, PRESALE, PRESALE_CLOSED or OUT_OF_SEASON.")
    presale: PresaleShown | None
    is_approved: bool
    is_listed: bool
    revision: int


class TaxShown(BaseModel):
    """Value-added tax: a rate in basis points, or an exemption; exempt goods get ordinary invoices only."""

    basis: str
    zh: str
    en: str
    rate_bp: int
    is_exempt: bool
    source: str


class DocumentShown(BaseModel):
    """A document of the product, at /v1/documents/{document_id}."""

    document_id: UUID
    name: str
    content_type: str


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


class ShownStanding(BaseModel):
    """A badge: county-recognised, a regional brand with its certificate number, a demonstration, a credit list."""

    code: str
    name: str
    name_en: str
    number: str
    until_on: date | None


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
    standings: list[ShownStanding]
    sku_id: UUID | None
    specification: str | None
    specification_en: str | None
    net_weight_g: int | None
    price_fen: int | None
    price_per_500g_fen: int | None
    sku_count: int
    sale_state: str | None
    description: str
    description_en: str
    pictures: list[str]
    documents: list[DocumentShown]
    seasons: list[SeasonShown]
    season_note: str
    season_note_en: str
    tax: TaxShown | None
    invoice_name: str
    tax_code: str
    supplier: ProductSupplier
    skus: list[SkuItem]
    shelf_life_days: int
    temperature_class: str
    grade: str
    status: Status
    status_reason: str
    revision: int


class OwnProduct(BaseModel):
    """A line of a supplier's list of its own products."""

    product_id: UUID
    title: str
    title_en: str
    category: str
    picture: str
    origin_county_code: str
    status: Status
    has_pending_review: bool
    sku_count: int
    changed_at: datetime
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


class UnitSchema(BaseModel):
    """What a pack is counted in."""

    id: str
    zh: str
    en: str

    @classmethod
    def of(cls, found: Unit) -> "UnitSchema":
        return cls.model_validate(found, from_attributes=True)


class TaxBasisSchema(BaseModel):
    """A tax rate or exemption, what it rests on and for which shelves and suppliers it is (none named: for all)."""

    id: str
    zh: str
    en: str
    rate_bp: int
    is_exempt: bool
    region: str
    year: int
    source: str
    confidence: str
    valid_from: date
    valid_until: date | None
    categories: list[str]
    supplier_kinds: list[str]

    @classmethod
    def of(cls, found: TaxBasis) -> "TaxBasisSchema":
        return cls.model_validate(found, from_attributes=True)


UnitPage = Page[UnitSchema]
TaxBasisPage = Page[TaxBasisSchema]
CategoryPage = Page[CategorySchema]
TemperatureClassPage = Page[TemperatureClassSchema]


class OwnProductPage(Page[OwnProduct]):
    """A page of own products; `counts` by status are of all the supplier's products, whatever the filter."""

    counts: dict[str, int]


class ReasonIn(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
