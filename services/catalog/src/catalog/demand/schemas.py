"""Demand as it comes in and goes out."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.demand.models import DemandNote
from catalog.fields import DivisionCode, Title
from shared.page import Page

Source = Literal["contract", "plan", "fair", "pledge"]


class DemandIn(BaseModel):
    """What somebody undertook or plans to buy."""

    model_config = ConfigDict(extra="forbid")

    county_code: DivisionCode
    product_name: Title
    year: Annotated[int, Field(ge=2000, le=2100)]
    quantity_g: Annotated[int, Field(gt=0, le=10**15)]
    buyer_name: Title
    source: Source


class DemandSchema(BaseModel):
    """A note of demand."""

    model_config = ConfigDict(from_attributes=True)

    demand_id: UUID
    county_code: str
    product_name: str
    year: int
    quantity_g: int
    buyer_name: str
    source: str
    noted_at: datetime
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, note: DemandNote) -> Self:
        """The note."""
        return cls.model_validate(note)


DemandPage = Page[DemandSchema]
