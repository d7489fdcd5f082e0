"""Fairs as they come in and go out."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fair.models import Fair
from catalog.fields import DivisionCode, Line, Prose, Title
from shared.page import Page

FairStatus = Literal["DRAFT", "ANNOUNCED", "CANCELLED"]


class FairIn(BaseModel):
    """A fair; `until_on` is its last day."""

    model_config = ConfigDict(extra="forbid")

    county_code: DivisionCode
    venue: Title
    name: Title
    name_en: Line = ""
    description: Prose = ""
    description_en: Prose = ""
    organiser: Title
    from_on: date
    until_on: date


class ParticipantIn(BaseModel):
    """Who takes part: a supplier of ours by its id, or anybody by name."""

    model_config = ConfigDict(extra="forbid")

    supplier_id: UUID | None = None
    name: Line = ""
    booth: Line = ""


class ParticipantSchema(BaseModel):
    """Who takes part."""

    model_config = ConfigDict(from_attributes=True)

    participant_id: UUID
    supplier_id: UUID | None
    name: str
    booth: str


class DealIn(BaseModel):
    """A deal agreed at the fair."""

    model_config = ConfigDict(extra="forbid")

    participant_id: UUID
    buyer_name: Title
    product_name: Title
    quantity_g: Annotated[int, Field(gt=0, le=10**15)]
    amount_fen: Annotated[int, Field(gt=0, le=10**14)]
    agreed_on: date


class DealSchema(BaseModel):
    """A deal."""

    model_config = ConfigDict(from_attributes=True)

    deal_id: UUID
    participant_id: UUID
    buyer_name: str
    product_name: str
    quantity_g: int
    amount_fen: int
    agreed_on: date


class DealShown(DealSchema):
    """A deal with its seller's name."""

    seller_name: str


class FairSchema(BaseModel):
    """A fair with its counts."""

    fair_id: UUID
    county_code: str
    place: str
    venue: str
    name: str
    name_en: str
    description: str
    description_en: str
    organiser: str
    from_on: date
    until_on: date
    status: FairStatus
    revision: int
    participant_count: int
    deal_count: int
    deal_amount_fen: int

    @classmethod
    def of(cls, fair: Fair, place: str, counts: Mapping[str, Any]) -> Self:
        """The fair at its place."""
        own = {name: getattr(fair, name) for name in cls.model_fields if hasattr(fair, name)}
        return cls(**own, place=place, **counts)


class FairDetail(FairSchema):
    """A fair with who takes part. `deals` are shown to who keeps the fair; the sums are for everybody."""

    participants: list[ParticipantSchema]
    deals: list[DealShown]


FairPage = Page[FairSchema]
