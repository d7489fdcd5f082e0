"""Refunds as a buyer sees them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class OrderRefund(BaseModel):
    """Money of an order on its way back, or back; for a line where a claim or a return was granted, else for the
    whole order."""

    model_config = ConfigDict(from_attributes=True)

    refund_id: UUID
    amount_fen: int
    status: Literal["REQUESTED", "PROCESSING", "SUCCEEDED", "CLOSED", "ABNORMAL"]
    provider: str
    requested_at: datetime
    succeeded_at: datetime | None
    line_id: UUID | None
    product_title: str | None
    product_title_en: str | None
    cause: Literal["claim", "return", "exchange", "goodwill"] | None
    cause_id: UUID | None
    piece_count: int | None


class OrderRefunds(BaseModel):
    """All refunds of an order, oldest first."""

    items: list[OrderRefund]


class Money(BaseModel):
    """Where the money of what was granted is: asked of the provider, on its way, back, or in trouble that a person
    looks at; and who bears it."""

    model_config = ConfigDict(from_attributes=True)

    refund_id: UUID
    status: Literal["REQUESTED", "PROCESSING", "SUCCEEDED", "CLOSED", "ABNORMAL"]
    provider: str
    requested_at: datetime
    succeeded_at: datetime | None
    supplier_fen: int
    carrier_fen: int
