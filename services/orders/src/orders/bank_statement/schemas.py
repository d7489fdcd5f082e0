"""Bank statements as routes take and tell them. Money in fen."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.bank_statement import queries
from orders.bank_statement.models import BankLine
from orders.settlement.rules import Hint
from orders.stock.schemas import Body, Text


class StatementOut(BaseModel):
    """A file as it was taken: lines that came in, that were known already, that went out, that could not be read."""

    model_config = ConfigDict(from_attributes=True)

    statement_id: UUID
    supplier_id: UUID | None = Field(description="Whose account; null for the platform's.")
    file_name: str
    sha256: str
    line_count: int
    known_count: int
    outgoing_count: int
    bad_count: int
    imported_at: datetime


class StatementTaken(StatementOut):
    """What became of a file; of `unchanged` nothing did, for it was here before."""

    outcome: Literal["taken", "unchanged"]
    matched_count: int = Field(description="Bookings that were made by themselves.")


class FindingOut(BaseModel):
    """A line of the file that was not taken, and why."""

    model_config = ConfigDict(from_attributes=True)

    row_number: int
    code: str
    field: str
    content: str


class LineOut(BaseModel):
    """Money that came in, and how much of it is booked."""

    line_id: UUID
    revision: int
    statement_id: UUID
    supplier_id: UUID | None
    row_number: int
    bank_number: str
    received_on: date
    amount_fen: int
    matched_fen: int
    payer: str
    remark: str
    state: queries.LineState
    reason: str

    @classmethod
    def of(cls, line: BankLine) -> Self:
        """As it is kept."""
        facts = {name: getattr(line, name) for name in cls.model_fields if name != "state"}
        return cls.model_validate({**facts, "state": queries.state_of(line)})


class ProposalOut(BaseModel):
    """An order that a transfer may have meant, and why."""

    order_id: UUID
    order_number: str
    payment_code: str
    unit_name: str
    open_fen: int
    hints: list[Hint]


class Proposals(BaseModel):
    """A transfer with the likeliest orders first, and what of it was booked or undone."""

    line: LineOut
    items: list[ProposalOut]
    matches: list["LineMatch"]


class LineMatch(BaseModel):
    """What of the transfer pays for which order."""

    match_id: UUID
    order_id: UUID
    order_number: str
    amount_fen: int
    is_manual: bool
    matched_at: datetime
    undone_at: datetime | None
    undo_reason: str


class WhyIn(Body):
    """Why so."""

    reason: Annotated[Text, Field(max_length=500)] = ""
