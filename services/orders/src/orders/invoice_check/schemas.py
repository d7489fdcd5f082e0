"""Invoices as they are typed and shown. Money in fen, rates in basis points."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from orders.invoice_check.models import UnitInvoice, UnitInvoiceLine
from orders.invoice_check.rules import Difference, Entry, InvoiceKind, InvoiceStatus, KindRule, Line, Rate
from orders.stock.schemas import Body, Text

Fen = Annotated[int, Field(ge=1, le=10**13)]
Reason = Annotated[Text, Field(max_length=500)]


class InvoiceLineIn(Body):
    """A line as it stands on the invoice; without a rate it is exempt (免税)."""

    order_line_id: UUID | None = Field(default=None, description="The order's line; null for its delivery.")
    name: Annotated[Text, Field(min_length=1, max_length=120)]
    rate_bp: Annotated[int, Field(ge=1, le=10_000)] | None = None
    gross_fen: Fen


class InvoiceIn(Body):
    """An invoice. 8 digits have a code; 20 digits (数电票) have none. A special electronic one is VAT_SPECIAL."""

    kind: InvoiceKind
    number: Annotated[Text, Field(max_length=20)]
    code: Annotated[Text, Field(max_length=12)] = ""
    issued_on: date
    title: Annotated[Text, Field(min_length=1, max_length=120)]
    taxpayer_id: Annotated[Text, Field(max_length=30)]
    gross_fen: Fen
    lines: Annotated[list[InvoiceLineIn], Field(min_length=1, max_length=100)]

    def to_entry(self) -> Entry:
        """As the rules read it."""
        lines = tuple(Line(each.order_line_id, each.name, each.rate_bp, each.gross_fen) for each in self.lines)
        return Entry(
            self.kind, self.code, self.number, self.issued_on, self.title, self.taxpayer_id, self.gross_fen, lines
        )


class WhyIn(Body):
    """Why so."""

    reason: Reason = ""


class InvoiceLineOut(BaseModel):
    """A line with its tax parted."""

    order_line_id: UUID | None
    name: str
    rate_bp: int | None
    gross_fen: int
    net_fen: int
    tax_fen: int


class InvoiceOut(BaseModel):
    """An invoice as it stands."""

    invoice_id: UUID
    revision: int
    order_id: UUID
    status: InvoiceStatus
    kind: InvoiceKind
    code: str
    number: str
    issued_on: date
    title: str
    taxpayer_id: str
    gross_fen: int
    net_fen: int
    tax_fen: int
    has_file: bool
    reason: str
    entered_at: datetime
    decided_at: datetime | None
    lines: list[InvoiceLineOut]

    @classmethod
    def of(cls, invoice: UnitInvoice, lines: Sequence[UnitInvoiceLine]) -> Self:
        """As it is kept."""
        facts = {name: getattr(invoice, name) for name in cls.model_fields if hasattr(invoice, name)}
        told = [InvoiceLineOut.model_validate(each, from_attributes=True) for each in lines]
        return cls.model_validate({**facts, "has_file": invoice.file_key is not None, "lines": told})


class DifferenceOut(BaseModel):
    """What does not agree: amounts in fen, rates in basis points or EXEMPT, everything else as it is written."""

    field: str
    number: str = Field(description="The invoice's; empty for all of them together.")
    line_number: int | None = Field(description="The invoice's line; of `line-amount` the order's.")
    expected: str
    found: str
    is_blocking: bool

    @classmethod
    def of(cls, difference: Difference) -> Self:
        """One of the rules'."""
        return cls.model_validate(difference, from_attributes=True)


class InvoicesChecked(BaseModel):
    """Invoices of an order, and what of them does not agree with what is owed."""

    items: list[InvoiceOut]
    differences: list[DifferenceOut]
    title: str = Field(description="To whom they must be made out.")
    taxpayer_id: str
    payable_fen: int


class RateOut(BaseModel):
    """A rate, and where it is from."""

    bp: int
    name: str
    any_line: bool
    source: str
    confidence: str


class KindOut(BaseModel):
    """A kind of invoice, and where its rules are from."""

    kind: InvoiceKind
    digits: list[int]
    may_be_exempt: bool
    for_union: bool
    source: str
    confidence: str


class InvoiceRules(BaseModel):
    """What an invoice may be."""

    rates: list[RateOut]
    kinds: list[KindOut]

    @classmethod
    def of(cls, rates: Iterable[Rate], kinds: Iterable[KindRule]) -> Self:
        """The rules' own."""
        return cls(
            rates=[RateOut.model_validate(each, from_attributes=True) for each in rates],
            kinds=[KindOut.model_validate(each, from_attributes=True) for each in kinds],
        )
