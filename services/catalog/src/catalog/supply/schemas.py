"""The supply register as it comes in and goes out. Weights are grams, prices fen for 500 g."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import DivisionCode, Line, Month, Reason, Title
from catalog.region.queries import Place
from catalog.supply.models import SupplyEntry
from shared.page import Page

Grams = Annotated[int, Field(ge=0, le=10**15, description="Grams.")]
Fen = Annotated[int, Field(gt=0, le=10**8, description="Fen for 500 g.")]
Year = Annotated[int, Field(ge=2000, le=2100)]
Status = Literal["DRAFT", "SUBMITTED", "CONFIRMED", "RETURNED"]


class EntryIn(BaseModel):
    """An entry of a village or an enterprise (name at least one of the two)."""

    model_config = ConfigDict(extra="forbid")

    county_code: DivisionCode
    township: Title
    village: Line = ""
    enterprise: Line = ""
    product_name: Title
    category: Line
    year: Year
    scale_value: Decimal = Field(gt=0, max_digits=12, decimal_places=2)
    scale_unit: Line = Field(description="An id of GET /v1/scale-units.")
    yearly_output_g: Grams
    season_from_month: Month
    season_to_month: Month
    price_from_fen: Fen
    price_to_fen: Fen
    operator_supplier_id: UUID | None = None
    operator_name: Line = ""
    contact: Line = Field(default="", description="An office's or a business's telephone; never public by itself.")
    is_contact_public: bool = Field(default=False, description="Whether the operator agreed to show the contact.")
    expected_persons_count: int = Field(default=0, ge=0, le=1_000_000)
    sold_g: Grams | None = None


class ReasonIn(BaseModel):
    """Why an entry is returned."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class SalesIn(BaseModel):
    """What was sold of this year's harvest so far, in all."""

    model_config = ConfigDict(extra="forbid")

    sold_g: Grams


class EntryPublic(BaseModel):
    """What everybody may know of a confirmed entry. `contact` is empty unless the operator agreed to show it."""

    entry_id: UUID
    county_code: str
    county: str
    province: str
    city: str
    township: str
    village: str
    enterprise: str
    product_name: str
    category: str
    year: int
    scale_value: float
    scale_unit: str
    yearly_output_g: int
    season_from_month: int
    season_to_month: int
    price_from_fen: int
    price_to_fen: int
    operator_supplier_id: UUID | None
    operator_name: str
    contact: str
    expected_persons_count: int
    sold_g: int
    changed_at: datetime

    @classmethod
    def of(cls, entry: SupplyEntry, place: Place) -> Self:
        """The entry for this audience."""
        names = {name for name in cls.model_fields if hasattr(entry, name)}
        values = {name: getattr(entry, name) for name in names}
        if "is_contact_public" not in cls.model_fields and not entry.is_contact_public:
            values["contact"] = ""
        return cls(**values, county=place.county, province=place.province, city=place.city)


class EntrySchema(EntryPublic):
    """The whole entry, for who keeps it."""

    status: Status
    status_reason: str
    is_contact_public: bool
    revision: int
    created_at: datetime


EntryPage = Page[EntrySchema | EntryPublic]


class ScaleUnitSchema(BaseModel):
    """A unit in which a crop or herd is counted."""

    id: str
    zh: str
    en: str


ScaleUnitPage = Page[ScaleUnitSchema]
