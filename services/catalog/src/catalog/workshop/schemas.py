"""Workshops as they come in and go out."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import DivisionCode, Title
from shared.page import Page

WorkshopStatus = Literal["OPEN", "CLOSED"]


class WorkshopIn(BaseModel):
    """A village workshop (扶贫车间); `supplier_id` where a supplier of ours runs it."""

    model_config = ConfigDict(extra="forbid")

    county_code: DivisionCode
    township: Title
    village: Title
    name: Title
    work: Title = Field(description="What is made there.")
    supplier_id: UUID | None = None
    place_count: Annotated[int, Field(gt=0, le=100_000)]


class WorkshopSchema(WorkshopIn):
    """A workshop."""

    model_config = ConfigDict(from_attributes=True)

    workshop_id: UUID
    status: WorkshopStatus
    opened_at: datetime
    closed_at: datetime | None
    revision: int


WorkshopPage = Page[WorkshopSchema]
