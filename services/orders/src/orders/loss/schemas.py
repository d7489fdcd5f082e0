"""What is shown of losses, and what a buyer says."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints


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
