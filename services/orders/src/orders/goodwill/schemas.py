"""Goodwill as it is asked for and shown."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Status = Literal["WAITING", "GRANTED", "REJECTED", "WITHDRAWN"]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$")]


class AskGoodwill(BaseModel):
    """Pieces of a line, with their share of the delivery or without, and why. No pieces: what is left of the line's
    delivery alone."""

    model_config = ConfigDict(extra="forbid")

    line_id: UUID
    piece_count: int = Field(ge=0, le=1_000_000)
    with_delivery: bool = False
    reason: Annotated[Text, Field(min_length=1)]


class Decide(BaseModel):
    """Why so."""

    model_config = ConfigDict(extra="forbid")

    reason: Text = ""


class GoodwillOut(BaseModel):
    """A goodwill. `wanted_fen` is what was worked out when it was asked for; the grant may
    differ by the fen that another refund of the line took meanwhile."""

    model_config = ConfigDict(from_attributes=True)

    goodwill_id: UUID
    revision: int
    order_id: UUID
    order_number: str
    line_id: UUID
    product_title: str
    product_title_en: str
    piece_count: int
    with_delivery: bool
    wanted_fen: int
    reason: str
    status: Status
    needs_second: bool
    asked_by: UUID
    asked_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    decision_reason: str
