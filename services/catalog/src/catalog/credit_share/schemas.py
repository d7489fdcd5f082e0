"""Shared lists as they go out."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.page import Page


class HitSchema(BaseModel):
    """A line of a shared list that names a supplier of ours."""

    model_config = ConfigDict(from_attributes=True)

    line_id: UUID
    source: str
    uscc: str
    name: str
    list: str
    reason: str
    document_number: str
    starts_on: date
    ends_on: date | None
    supplier_id: UUID | None
    imported_at: datetime


class ImportResult(BaseModel):
    """What became of a file. A line known before changed nothing."""

    line_count: int
    known_count: int
    hits: list[HitSchema]


HitPage = Page[HitSchema]
