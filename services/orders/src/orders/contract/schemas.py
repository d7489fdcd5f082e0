"""What routes of contracts take and give."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.contract import rules
from orders.order.schemas import Body, Phone, Recipient, Text
from orders.unit.rules import Fund

Status = Literal["DRAFT", "APPROVING", "OFFERED", "SIGNED", "ENDED", "ABANDONED"]
CallStatus = Literal["PLANNED", "SKIPPED", "PLACED", "CANCELLED"]
Pieces = Annotated[int, Field(ge=1, le=10_000_000, strict=True, description="Pieces over the whole term.")]
UsualPieces = Annotated[int, Field(ge=0, le=99_999, strict=True, description="Pieces of one delivery.")]
PriceFen = Annotated[int, Field(ge=1, le=100_000_000, strict=True, description="Fen a piece.")]
Weekday = Annotated[int, Field(ge=1, le=7, strict=True)]


class LineIn(Body):
    """What may be called of a SKU. `unit_price_fen` is the price, or the floor with FLOOR_FLOAT."""

    sku_id: UUID
    unit_price_fen: PriceFen
    most_count: Pieces
    usual_count: UsualPieces = 0


class BreakIn(Body):
    """Days without a delivery, both included."""

    first_on: date
    last_on: date
    reason: Annotated[Text, Field(max_length=60)] = ""

    def to_break(self) -> rules.Break:
        """As the rules read it."""
        return rules.Break(self.first_on, self.last_on, self.reason)


class ContractIn(Body):
    """A contract as it is drafted or changed. All SKUs are of one supplier. Without weekdays there is no calendar."""

    title: Annotated[Text, Field(min_length=2, max_length=80)]
    fund: Fund
    price_rule: rules.PriceRule = "FIXED"
    float_bp: Annotated[
        int, Field(ge=0, le=10_000, strict=True, description="Of what the market is above the floor, basis points.")
    ] = 0
    payment_days: Annotated[int, Field(ge=1, le=60, strict=True, description="Days after delivery, at most 60.")] = 30
    lead_days: Annotated[int, Field(ge=1, le=60, strict=True, description="Days that the supplier needs.")] = 3
    valid_from_on: date
    valid_until_on: date
    weekdays: Annotated[list[Weekday], Field(max_length=7, description="1 is Monday.")] = Field(default_factory=list)
    skips_holidays: bool = True
    terms: Annotated[Text, Field(max_length=4000)] = ""
    recipient: Recipient
    phone: Phone
    county_code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    address_detail: Annotated[Text, Field(min_length=1, max_length=200)]
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=100)]
    breaks: Annotated[list[BreakIn], Field(max_length=40)] = Field(default_factory=list)


class ReasonIn(Body):
    """Why."""

    reason: Annotated[Text, Field(min_length=1, max_length=300)]


class CallLineIn(Body):
    """Pieces of a line of the contract."""

    line_id: UUID
    quantity: UsualPieces


class CallOffIn(Body):
    """What is called for a day; without lines, the usual."""

    deliver_on: date
    lines: Annotated[list[CallLineIn], Field(max_length=100)] = Field(default_factory=list)


class CallChangeIn(Body):
    """Other quantities for a planned delivery."""

    lines: Annotated[list[CallLineIn], Field(min_length=1, max_length=100)]


class ContractItem(BaseModel):
    """A contract in a list."""

    model_config = ConfigDict(from_attributes=True)

    contract_id: UUID
    contract_number: str
    revision: int
    status: Status
    unit_id: UUID
    supplier_id: UUID
    supplier_name: str
    title: str
    fund: Fund
    price_rule: rules.PriceRule
    float_bp: int
    payment_days: int
    lead_days: int
    valid_from_on: date
    valid_until_on: date
    weekdays: list[int]
    skips_holidays: bool
    created_at: datetime
    signed_at: datetime | None
    ended_at: datetime | None


class ContractLineOut(BaseModel):
    """A line with what was called of it."""

    model_config = ConfigDict(from_attributes=True)

    line_id: UUID
    sku_id: UUID
    product_title: str
    specification: str
    unit_price_fen: int
    most_count: int
    usual_count: int
    called_count: int


class BreakOut(BaseModel):
    """Days without a delivery, both included."""

    model_config = ConfigDict(from_attributes=True)

    first_on: date
    last_on: date
    reason: str


class ContractPage(ContractItem):
    """A whole contract. `next_days` are its next delivery days, at most ten."""

    unit_name: str
    terms: str
    recipient: str
    phone: str
    county_code: str
    address_detail: str
    drafted_by: UUID
    changed_at: datetime
    lines: list[ContractLineOut]
    breaks: list[BreakOut]
    next_days: list[date]


class CallOffLineOut(BaseModel):
    """Pieces of one line; the price is set once it is placed."""

    line_id: UUID
    sku_id: UUID
    product_title: str
    specification: str
    quantity: int
    unit_price_fen: int | None


class CallOffItem(BaseModel):
    """A delivery called from a contract. `problem` is why the clock could not place it, a refusal's code."""

    call_off_id: UUID
    contract_id: UUID
    contract_number: str
    title: str
    supplier_name: str
    revision: int
    status: CallStatus
    deliver_on: date
    place_by_on: date
    problem: str
    purchase_id: UUID | None
    placed_at: datetime | None
    lines: list[CallOffLineOut]


class Candidate(BaseModel):
    """A pack on sale that a contract may be made about; the price is what an institution pays for one now."""

    sku_id: UUID
    supplier_id: UUID
    supplier_name: str
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    origin_county_code: str = ""
    price_fen: int


class CandidateList(BaseModel):
    """Packs by name."""

    items: list[Candidate]
