"""Shared lists as they go out."""

from datetime import date, datetime
from typing import Literal
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


class LineAnswer(BaseModel):
    """What became of a line: `known` before, which changes nothing; `new`; or a `hit`, which names a supplier of ours.
    `number` is where it stands in the file, the head being 1."""

    number: int
    uscc: str
    name: str
    list: str
    outcome: Literal["known", "new", "hit"]


class ImportResult(BaseModel):
    """What became of a file, line by line."""

    line_count: int
    known_count: int
    lines: list[LineAnswer]
    hits: list[HitSchema]


HitPage = Page[HitSchema]
