"""What the claim routes take and tell. Amounts in fen, weights in grams."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from orders.line_refund.schemas import Money
from orders.trail.schemas import TrailItem

Status = Literal["SUPPLIER_REVIEW", "APPROVED", "REFUSED", "APPEALED", "REJECTED", "REFUNDED", "WITHDRAWN"]
Problem = Literal["rotten", "damaged", "frozen", "short", "wrong", "other"]
Text = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]*$")]


class OpenClaim(BaseModel):
    """What is wrong, with how much of the line, and photos of it."""

    model_config = ConfigDict(extra="forbid")

    basis: Literal["pieces", "weight"]
    piece_count: Annotated[int | None, Field(ge=1, le=99_999, strict=True)] = None
    weight_g: Annotated[int | None, Field(ge=1, le=10**9, strict=True)] = None
    problem: Problem
    description: Annotated[Text, Field(max_length=1000)] = ""
    photo_ids: Annotated[list[UUID], Field(min_length=1, max_length=9, description="Uploaded before, at least one.")]


class MoveClaim(BaseModel):
    """Why. Needed for a refusal, an appeal and a rejection."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(max_length=1000)] = ""


class ClaimItem(BaseModel):
    """A claim as lists tell it. `due_at` is until when somebody must act."""

    model_config = ConfigDict(from_attributes=True)

    claim_id: UUID
    revision: int
    order_id: UUID
    order_number: str
    supplier_order_id: UUID
    line_id: UUID
    supplier_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    picture: str
    basis: Literal["pieces", "weight"]
    piece_count: int
    weight_g: int | None
    problem: Problem
    description: str
    status: Status
    is_proven: bool = Field(description="The parcel's temperature was out of its range: granted without asking.")
    approved_by_rule: Literal["excursion", "limit", "silence"] | None
    wanted_fen: int
    granted_fen: int | None
    supplier_fen: int | None
    carrier_fen: int | None
    delivered_at: datetime
    opened_at: datetime
    due_at: datetime | None
    ended_at: datetime | None


class ToldExcursion(BaseModel):
    """What logistics said of a parcel of the part."""

    model_config = ConfigDict(from_attributes=True)

    excursion_id: UUID
    kind: Literal["high", "low", "gap"]
    severity: Literal["minor", "major", "critical"]
    temperature_class: str
    started_at: datetime
    ended_at: datetime | None
    extreme_c: float | None


class ClaimPage(ClaimItem):
    """A claim with its proofs, its trail, the money, and what the caller may do now."""

    photo_ids: list[UUID]
    excursions: list[ToldExcursion]
    money: Money | None
    trail: list[TrailItem]
    verbs: list[str]


class ClaimOptions(BaseModel):
    """What may be claimed of a line at this moment."""

    line_id: UUID
    order_id: UUID
    order_number: str
    supplier_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    picture: str
    quantity: int
    left_count: int
    net_weight_g: int
    payable_fen: int
    delivered_at: datetime | None
    claim_until: datetime | None
    is_claimable: bool
    is_proven: bool
