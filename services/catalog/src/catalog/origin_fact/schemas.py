"""Facts as they come in and go out."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import DivisionCode, Line, Title
from shared.page import Page


class OriginFactIn(BaseModel):
    """A fact. Name what it is of: `product_id`, `supplier_id`, or a village by county, township and name. A product's
    `village` takes both, and no value."""

    model_config = ConfigDict(extra="forbid")

    name: Line
    product_id: UUID | None = None
    supplier_id: UUID | None = None
    county_code: DivisionCode | None = None
    township: Line = ""
    village: Line = ""
    value: bool | int | None = None
    from_on: date
    source: Title = Field(description="The document or list that it rests on.")


class OriginFactSchema(BaseModel):
    """A recorded fact on the days [from_on, until_on)."""

    model_config = ConfigDict(from_attributes=True)

    fact_id: UUID
    subject_kind: str
    subject_key: str
    county_code: str
    name: str
    value: Any
    from_on: date
    until_on: date | None
    source: str
    recorded_at: datetime


OriginFactPage = Page[OriginFactSchema]
