"""What the return routes take and tell. Amounts in fen."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from orders.goods_back.schemas import GoodsBackItem
from orders.line_refund.schemas import Money
from orders.trail.schemas import TrailItem

Status = Literal[
    "REQUESTED", "APPROVED", "REFUSED", "SENT_BACK", "RECEIVED", "ACCEPTED", "REJECTED", "REFUNDED", "WITHDRAWN"
]
Cause = Literal["no_reason", "faulty", "wrong"]
Text = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]*$")]


class RequestReturn(BaseModel):
    """Which pieces go back, and why."""

    model_config = ConfigDict(extra="forbid")

    piece_count: Annotated[int, Field(ge=1, le=99_999, strict=True)]
    cause: Cause
    description: Annotated[Text, Field(max_length=1000)] = ""


class MoveReturn(BaseModel):
    """What goes with the verb: a reason to refuse, an address to send to, a carrier and its number."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(max_length=1000)] = ""
    send_to: Annotated[Text, Field(max_length=300)] = ""
    carrier_name: Annotated[Text, Field(max_length=50)] = ""
    waybill_number: Annotated[Text, Field(max_length=50)] = ""


class ReturnItem(BaseModel):
    """A return as lists tell it."""

    model_config = ConfigDict(from_attributes=True)

    return_id: UUID
    revision: int
    order_id: UUID
    order_number: str
    line_id: UUID
    supplier_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    picture: str
    piece_count: int
    cause: Cause
    description: str
    status: Status
    send_to: str
    carrier_name: str
    waybill_number: str
    wanted_fen: int
    granted_fen: int | None
    delivered_at: datetime
    opened_at: datetime
    due_at: datetime | None
    ended_at: datetime | None


class ReturnPage(ReturnItem):
    """A return with its money, what became of the goods, its trail and what the caller may do now."""

    money: Money | None
    goods: GoodsBackItem | None
    can_book_goods: bool
    lots: list[str] = Field(description="Of which lots the goods left.")
    trail: list[TrailItem]
    verbs: list[str]
