"""What is owed and paid, as routes take and tell it. Money in fen."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from orders.settlement.rules import PaymentStatus, PayWay
from orders.stock.schemas import Body, Text

SettlementStage = Literal["ACCEPTED", "INVOICE_CHECKED", "SETTLED", "COMPLETED"]
Fen = Annotated[int, Field(ge=1, le=10**13)]
Reason = Annotated[Text, Field(max_length=500)]


class SettlementItem(BaseModel):
    """What a unit owes for an accepted order. `days_late` counts from the day after the last one in time."""

    order_id: UUID
    order_number: str
    stage: SettlementStage
    is_disputed: bool
    fund: str
    budget_year: int
    payment_code: str = Field(description="识别码: what the transfer's remark must say.")
    unit_id: UUID
    unit_name: str
    supplier_id: UUID
    supplier_name: str
    payable_fen: int
    matched_fen: int
    revision: int
    due_on: date
    days_late: int
    accepted_at: datetime
    invoice_checked_at: datetime | None
    settled_at: datetime | None
    completed_at: datetime | None

    @classmethod
    def facts(cls, row: Row[Any], today: date) -> dict[str, Any]:
        """From a row of queries."""
        is_open = row.stage in {"ACCEPTED", "INVOICE_CHECKED"}
        days_late = max(0, (today - row.due_on).days) if is_open else 0
        return {**row._mapping, "days_late": days_late}  # noqa: SLF001 - public in SQLAlchemy

    @classmethod
    def of(cls, row: Row[Any], today: date) -> Self:
        """The same as an item."""
        return cls.model_validate(cls.facts(row, today))


class BoughtLine(BaseModel):
    """What was bought, and the name and tax that the catalogue gives it on an invoice."""

    line_id: UUID
    line_number: int
    product_title: str
    specification: str
    quantity: int
    payable_fen: int
    invoice_name: str
    rate_bp: int | None
    is_exempt: bool

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """From a row of queries."""
        tax = row.tax or {}
        facts = {name: getattr(row, name) for name in cls.model_fields if hasattr(row, name)}
        return cls.model_validate({**facts, "rate_bp": tax.get("rate_bp"), "is_exempt": bool(tax.get("is_exempt"))})


class PaymentOut(BaseModel):
    """A unit's word that it paid, and what its supplier says."""

    model_config = ConfigDict(from_attributes=True)

    payment_id: UUID
    revision: int
    order_id: UUID
    way: PayWay
    status: PaymentStatus
    amount_fen: int
    paid_on: date
    voucher: str
    reason: str
    told_at: datetime
    decided_at: datetime | None


class MatchOut(BaseModel):
    """Money that pays for the order: of a transfer on the supplier's account, of a confirmed payment, or of the deposit
    that was paid for its crop order."""

    match_id: UUID
    amount_fen: int
    is_manual: bool
    matched_at: datetime
    undone_at: datetime | None
    undo_reason: str
    line_id: UUID | None
    payment_id: UUID | None
    crop_order_id: UUID | None
    bank_number: str | None
    received_on: date | None
    payer: str | None
    remark: str | None
    way: PayWay | None
    paid_on: date | None
    voucher: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """From a row of queries."""
        return cls.model_validate(dict(row._mapping))  # noqa: SLF001 - public in SQLAlchemy


class SettlementWhole(SettlementItem):
    """The same with what was bought, told and paid."""

    lines: list[BoughtLine]
    payments: list[PaymentOut]
    matches: list[MatchOut]


class PaymentIn(Body):
    """How, when and how much the unit paid, and under which voucher."""

    way: PayWay
    amount_fen: Fen
    paid_on: date
    voucher: Annotated[Text, Field(max_length=60)] = ""


class WhyIn(Body):
    """Why so."""

    reason: Reason = ""


class LineReviewIn(Body):
    """Stars and words for a line."""

    line_id: UUID
    rating: Annotated[int, Field(ge=1, le=5)]
    body: Annotated[Text, Field(max_length=1000)] = ""


class ReviewIn(Body):
    """The unit's review of every line."""

    lines: Annotated[list[LineReviewIn], Field(min_length=1, max_length=200)]


class MatchIn(Body):
    """The order that a transfer was for; without an amount as much of it as the order needs."""

    order_id: UUID
    amount_fen: Fen | None = None


class MatchMade(BaseModel):
    """A booking."""

    model_config = ConfigDict(from_attributes=True)

    match_id: UUID
    order_id: UUID
    line_id: UUID | None
    payment_id: UUID | None
    amount_fen: int
    is_manual: bool
    matched_at: datetime
    undone_at: datetime | None
    undo_reason: str
