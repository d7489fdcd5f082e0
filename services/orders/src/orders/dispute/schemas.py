"""Disputes as they are told and shown."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.dispute.rules import Outcome, Side
from orders.order.schemas import Body, Text

Reason = Annotated[Text, Field(min_length=1, max_length=500)]


class DisputeIn(Body):
    """What one does not agree with."""

    reason: Reason
    photo_ids: Annotated[list[UUID], Field(max_length=9, default_factory=list)]


class WithdrawIn(Body):
    """Why one agrees after all."""

    reason: Annotated[Text, Field(max_length=500)] = ""


class ResolveIn(Body):
    """What comes of it, and why. Only a reduction names a sum."""

    outcome: Outcome
    reduced_fen: Annotated[int, Field(ge=0, le=10**15, strict=True)] = 0
    reason: Reason


class DisputeOut(BaseModel):
    """A dispute, with where its order stood and stands."""

    model_config = ConfigDict(from_attributes=True)

    dispute_id: UUID
    revision: int
    order_id: UUID
    order_number: str
    unit_id: UUID
    unit_name: str
    supplier_id: UUID
    supplier_name: str
    status: str
    side: Side
    reason: str
    stage: str
    stage_now: str
    payable_fen: int
    accepted_fen: int
    outcome: Outcome | None
    reduced_fen: int
    resolution: str
    opened_at: datetime
    ended_at: datetime | None


class DisputeWhole(DisputeOut):
    """The same with its photos."""

    photo_ids: list[UUID]
