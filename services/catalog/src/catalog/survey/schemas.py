"""Surveys as they come in and go out. Weights are grams."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import DivisionCode, Line, Title
from shared.page import Page


class ReportIn(BaseModel):
    """What a village still has to sell, counted now."""

    model_config = ConfigDict(extra="forbid")

    county_code: DivisionCode
    township: Title
    village: Title
    product_name: Title
    category: Line
    quantity_g: Annotated[int, Field(ge=0, le=10**15)]
    until_on: date
    office_name: Title = Field(description="The office or team that counted; no private person.")
    year: Annotated[int | None, Field(ge=2000, le=2100)] = None
    note: Line = ""


class AbsorptionIn(BaseModel):
    """A part that was sold on the market or absorbed by an assistance purchase."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["sold", "absorbed"]
    quantity_g: Annotated[int, Field(gt=0, le=10**15)]
    buyer_name: Line = ""
    happened_on: date


class AbsorptionSchema(BaseModel):
    """What was taken off a report."""

    model_config = ConfigDict(from_attributes=True)

    kind: str
    quantity_g: int
    buyer_name: str
    happened_on: date
    recorded_at: datetime


class ReportSchema(BaseModel):
    """A report. It counts while `is_latest`."""

    model_config = ConfigDict(from_attributes=True)

    report_id: UUID
    county_code: str
    township: str
    village: str
    product_name: str
    category: str
    year: int
    period: str
    quantity_g: int
    absorbed_g: int
    until_on: date
    office_name: str
    note: str
    is_latest: bool
    reported_at: datetime


class ReportDetail(ReportSchema):
    """A report with what was taken off it."""

    absorptions: list[AbsorptionSchema]


ReportPage = Page[ReportSchema]
