"""What the exchange routes take and tell. Amounts in fen."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from orders.claim.schemas import ToldExcursion
from orders.goods_back.schemas import GoodsBackItem
from orders.trail.schemas import TrailItem

Status = Literal["REQUESTED", "APPROVED", "REFUSED", "SENT_BACK", "SHIPPED", "DELIVERED", "CANCELLED"]
Problem = Literal["wrong", "damaged", "faulty", "other"]
KnownProblem = Literal["wrong", "damaged", "faulty", "other", "reissue"]
Text = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]*$")]


class RequestExchange(BaseModel):
    """Which pieces shall be sent again, and why, with photos of it."""

    model_config = ConfigDict(extra="forbid")

    piece_count: Annotated[int, Field(ge=1, le=99_999, strict=True)]
    problem: Problem
    description: Annotated[Text, Field(max_length=1000)] = ""
    photo_ids: Annotated[list[UUID], Field(min_length=1, max_length=9, description="Uploaded before, at least one.")]


class ReissuePieces(BaseModel):
    """How many pieces are sent again, and why; the buyer and the supplier read it too."""

    model_config = ConfigDict(extra="forbid")

    piece_count: Annotated[int, Field(ge=1, le=99_999, strict=True)]
    reason: Annotated[Text, Field(min_length=1, max_length=500)]


class MoveExchange(BaseModel):
    """What goes with the verb: a reason to refuse; with an approval whether the first goods must come back, and where
    to; a carrier and its number."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(max_length=1000)] = ""
    goods_back: bool = False
    send_to: Annotated[Text, Field(max_length=300)] = ""
    carrier_name: Annotated[Text, Field(max_length=50)] = ""
    waybill_number: Annotated[Text, Field(max_length=50)] = ""


class ExchangeItem(BaseModel):
    """An exchange as lists tell it. `refunded_count` pieces were paid back because they could not be sent again.
    The problem `reissue` is what the platform sends by itself."""

    model_config = ConfigDict(from_attributes=True)

    exchange_id: UUID
    revision: int
    order_id: UUID
    order_number: str
    supplier_order_id: UUID
    line_id: UUID
    supplier_id: UUID
    sku_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    picture: str
    piece_count: int
    problem: KnownProblem
    description: str
    status: Status
    goods_back: bool
    send_to: str
    carrier_name: str
    waybill_number: str
    refunded_count: int
    refunded_fen: int
    shipment_id: UUID | None
    delivered_at: datetime
    opened_at: datetime
    due_at: datetime | None
    shipped_at: datetime | None
    ended_at: datetime | None


class ExchangePage(ExchangeItem):
    """An exchange with its photos, the replacement's temperature record, what became of goods that came back, its
    trail, and what the caller may do now."""

    photo_ids: list[UUID]
    excursions: list[ToldExcursion]
    available: int | None = Field(description="Pieces that could be sent now; for the selling side, while it decides.")
    goods: GoodsBackItem | None
    can_book_goods: bool
    lots: list[str] = Field(description="Of which lots the first goods left.")
    trail: list[TrailItem]
    verbs: list[str]


class ExchangeOptions(BaseModel):
    """Whether pieces of a line may be exchanged at this moment."""

    line_id: UUID
    order_id: UUID
    order_number: str
    product_title: str
    product_title_en: str
    specification: str
    picture: str
    quantity: int
    left_count: int
    exchange_until: datetime | None
    is_exchangeable: bool
