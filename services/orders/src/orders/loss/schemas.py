"""What is shown of losses, and what a buyer says."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from orders.loss.listing import State
from orders.trail.schemas import TrailItem


class LossOut(BaseModel):
    """Lost pieces: how many were paid back, how many are sent again."""

    model_config = ConfigDict(from_attributes=True)

    loss_id: UUID
    supplier_order_id: UUID
    carrier_code: str
    waybill_numbers: list[str]
    evidence: str
    declared_side: Literal["supplier", "operator"]
    declared_at: datetime
    refunded_count: int
    replaced_count: int
    refunded_fen: int


class Reported(BaseModel):
    """What the buyer said, and when."""

    note: str
    reported_at: datetime


class AwaitedOut(BaseModel):
    """A part under way; from `reportable_from` on its buyer may say that it has not come."""

    model_config = ConfigDict(from_attributes=True)

    supplier_order_id: UUID
    promised_until: date | None
    reportable_from: date
    report: Reported | None


class Arrivals(BaseModel):
    """What of an order was lost, and what is under way."""

    losses: list[LossOut]
    awaited: list[AwaitedOut]


class Entry(BaseModel):
    """A loss, or what a buyer misses and nobody has found lost: what was told of it, by whom, and what it cost."""

    model_config = ConfigDict(from_attributes=True)

    entry_id: UUID
    kind: Literal["lost", "missing"]
    state: State
    order_id: UUID
    order_number: str
    supplier_order_id: UUID
    supplier_id: UUID
    supplier_name: str
    carrier_code: str
    waybill_numbers: list[str]
    told: str
    told_by: Literal["supplier", "operator", "buyer"]
    told_at: datetime
    promised_until: date | None
    refunded_count: int
    replaced_count: int
    supplier_fen: int
    carrier_fen: int


class LostLine(BaseModel):
    """Pieces of a line that were paid back, without their share of the delivery."""

    model_config = ConfigDict(from_attributes=True)

    product_title: str
    product_title_en: str
    specification: str
    quantity: int
    refund_fen: int


class Bounds(BaseModel):
    """Between which shares the customer service decides, in which steps."""

    least_bp: int
    most_bp: int
    step_bp: int


class LossWhole(Entry):
    """One loss with its trail, which tells the carrier's share in basis points."""

    carrier_bp: int
    revision: int
    may_decide: bool
    bounds: Bounds
    lines: list[LostLine]
    trail: list[TrailItem]


class DecideShare(BaseModel):
    """The carrier's share of what went back, in basis points, and why."""

    model_config = ConfigDict(extra="forbid")

    carrier_bp: Annotated[int, Field(ge=0, le=10_000)]
    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")
    ]


class ReportMissing(BaseModel):
    """What else there is to say."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$")] = ""


class MissingOut(BaseModel):
    """A report as it was kept."""

    model_config = ConfigDict(from_attributes=True)

    supplier_order_id: UUID
    order_id: UUID
    note: str
    promised_until: date | None
    reported_at: datetime
