"""Shares, statements and payouts as they come in and go out. Money in fen."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import DivisionCode, Line, Title
from shared.page import Page


class ShareSchema(BaseModel):
    """One settled line's share; negative where a refund took it back."""

    model_config = ConfigDict(from_attributes=True)

    share_id: UUID
    order_id: UUID
    supplier_order_id: UUID
    line_id: UUID
    product_id: UUID
    refund_id: UUID | None
    payable_fen: int
    share_fen: int
    period_on: date
    happened_at: datetime


class StatementLine(BaseModel):
    """What a household (by key; empty: the village's collective) got under a contract in a month."""

    contract_id: UUID
    supplier_id: UUID
    supplier_name: str
    county_code: str
    township: str
    village: str
    period_on: date
    household_key: str
    amount_fen: int
    paid_fen: int
    order_count: int


class PayoutIn(BaseModel):
    """A payment of all that a contract gave up to and including a month that is over."""

    model_config = ConfigDict(extra="forbid")

    period_on: date = Field(description="The first day of the month.")
    paid_on: date
    reference: Title = Field(description="The transfer's or receipt's number.")
    document_id: UUID | None = Field(default=None, description="The scanned proof, uploaded before.")


class PayoutSchema(BaseModel):
    """A payment made."""

    model_config = ConfigDict(from_attributes=True)

    payout_id: UUID
    contract_id: UUID
    period_on: date
    amount_fen: int
    paid_on: date
    document_id: UUID | None
    reference: str
    recorded_at: datetime


class PayoutList(BaseModel):
    """A contract's payments, the newest month first."""

    items: list[PayoutSchema]


class LookupIn(BaseModel):
    """A household that a village team asks about. The number is hashed and not kept."""

    model_config = ConfigDict(extra="forbid")

    county_code: DivisionCode
    township: Title
    village: Title
    number: Annotated[Line, Field(min_length=1, max_length=64)]


class LookupSchema(BaseModel):
    """The household's key, and what it got month by month, the newest first."""

    household_key: str
    items: list[StatementLine]


SharePage = Page[ShareSchema]
StatementPage = Page[StatementLine]
