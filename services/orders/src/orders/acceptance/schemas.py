"""Goods checks as they are told and shown."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.acceptance.rules import Cause, CheckedLine, Quality
from orders.order.schemas import Body, Text

Pieces = Annotated[int, Field(ge=0, le=99_999, strict=True)]


class CheckLineIn(Body):
    """What was found of a line; its pieces add up to those that were sent."""

    line_id: UUID
    accepted_count: Pieces
    missing_count: Pieces = 0
    refused_count: Pieces = 0
    cause: Cause = ""
    note: Annotated[Text, Field(max_length=200)] = ""

    def found(self) -> CheckedLine:
        """As the rules take it."""
        return CheckedLine(**self.model_dump())


class CheckIn(Body):
    """The goods check of a whole order. What one can see must be shown by a photo."""

    lines: Annotated[list[CheckLineIn], Field(min_length=1, max_length=200)]
    quality: Quality
    is_origin_right: bool
    note: Annotated[Text, Field(max_length=500)] = ""
    photo_ids: Annotated[list[UUID], Field(max_length=9, default_factory=list)]


class CheckedLineOut(BaseModel):
    """A line of it."""

    model_config = ConfigDict(from_attributes=True)

    line_id: UUID
    sent_count: int
    accepted_count: int
    missing_count: int
    refused_count: int
    cause: Cause
    note: str
    payable_fen: int
    delivery_fen: int
    refused_fen: int
    reduced_fen: int


class AcceptanceOut(BaseModel):
    """A goods check. `accepted_fen` is what was owed then; a dispute may have taken something off since."""

    order_id: UUID
    quality: Quality
    is_origin_right: bool
    note: str
    accepted_fen: int
    refused_fen: int
    accepted_at: datetime
    photo_ids: list[UUID]
    lines: list[CheckedLineOut]
