"""An order as the service desk sees it: the recipient masked until somebody opens it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]


class FoundOrder(BaseModel):
    """An order in the list of those found."""

    order_id: UUID
    order_number: str
    status: str
    buyer_id: UUID
    recipient: str = Field(description="The first character only.")
    phone: str = Field(description="The middle is masked.")
    payable_fen: int
    placed_at: datetime


class CaseLine(BaseModel):
    """A line; `left_count` pieces are in no claim, return, exchange or refund."""

    line_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    quantity: int
    payable_fen: int
    supplier_order_id: UUID
    supplier_name: str
    fulfilment: str
    left_count: int
    refunded_fen: int


class CaseEvent(BaseModel):
    """Something that happened: `kind` of thing, `what`, by which side and person, and why."""

    at: datetime
    kind: str
    what: str
    actor: str
    person_id: UUID | None
    reason: str
    subject_id: UUID | None
    amount_fen: int | None
    title: str


class Case(BaseModel):
    """An order with its money, its lines, and all that orders knows of what happened to it, oldest first."""

    order_id: UUID
    order_number: str
    status: str
    buyer_id: UUID
    buyer_kind: str
    recipient: str
    phone: str
    county_code: str
    goods_fen: int
    discount_fen: int
    delivery_fen: int
    payable_fen: int
    captured_fen: int
    refunded_fen: int
    note: str
    placed_at: datetime
    paid_at: datetime | None
    lines: list[CaseLine]
    timeline: list[CaseEvent]


class NewNote(BaseModel):
    """What the next agent should know."""

    model_config = ConfigDict(extra="forbid")

    body: Text


class Note(BaseModel):
    """A note as it was kept."""

    model_config = ConfigDict(from_attributes=True)

    note_id: UUID
    order_id: UUID
    body: str
    written_by: UUID
    written_at: datetime


class OpenContact(BaseModel):
    """Why the recipient is looked at."""

    model_config = ConfigDict(extra="forbid")

    reason: Text


class Contact(BaseModel):
    """The recipient."""

    recipient: str
    phone: str
    county_code: str
    detail: str
