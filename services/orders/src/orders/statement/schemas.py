"""What the routes of statements take and tell."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Row

from orders.statement.rules import DifferenceKind, DifferenceState

Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class StatementView(BaseModel):
    """A provider's day: its file's sums beside ours, in fen, and how much does not agree."""

    statement_id: UUID
    provider: str
    business_on: date
    source: Literal["DOWNLOADED", "UPLOADED"]
    file_name: str
    sha256: str
    payment_count: int
    payment_fen: int = Field(description="Payments of the file.")
    refund_count: int
    refund_fen: int = Field(description="Refunds of the file, also those in process.")
    fee_fen: int = Field(description="What the provider keeps, less what it gives back with refunds.")
    own_payment_count: int
    own_payment_fen: int = Field(description="What we know to be captured on that day.")
    own_refund_count: int
    own_refund_fen: int = Field(description="What we know to be given back on that day.")
    open_count: int = Field(description="Differences that nobody has explained or settled.")
    decided_count: int
    taken_at: datetime
    compared_at: datetime

    @classmethod
    def of(cls, row: Row[Any]) -> "StatementView":
        """From a row of queries."""
        return cls.model_validate(dict(row._mapping))  # noqa: SLF001 - public in SQLAlchemy


class DifferenceCount(BaseModel):
    """How many differences of a kind are in a state."""

    kind: DifferenceKind
    state: DifferenceState
    count: int


class StatementWhole(StatementView):
    """The same with its differences counted."""

    counts: list[DifferenceCount]


class DifferenceView(BaseModel):
    """What does not agree. Amounts in fen; of kind FEE they are what the fee should be and what it is."""

    difference_id: UUID
    statement_id: UUID
    kind: DifferenceKind
    subject_kind: Literal["PAYMENT", "REFUND"]
    number: str = Field(description="The payment's or refund's number at the provider; ` #2` if a file has it twice.")
    provider_number: str
    payment_id: UUID | None
    order_id: UUID | None
    here_fen: int | None
    there_fen: int | None
    here_status: str
    there_status: str
    state: DifferenceState
    reason: str = Field(description="Why; `agrees-now` if a later comparison found nothing wrong any more.")
    decided_at: datetime | None
    found_at: datetime
    revision: int

    @classmethod
    def of(cls, row: Row[Any]) -> "DifferenceView":
        """From a row of queries."""
        return cls.model_validate(dict(row._mapping))  # noqa: SLF001 - public in SQLAlchemy


class Decision(BaseModel):
    """Why it is so, or what was done."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = ""


class StatementTaken(BaseModel):
    """What became of a file."""

    statement_id: UUID
    outcome: Literal["taken", "replaced", "unchanged"]
