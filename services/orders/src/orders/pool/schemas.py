"""What routes of pools take and give of shares."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.order.rules import Address
from orders.order.schemas import Body, DeliveryTo, Text
from orders.unit.rules import Fund

Count = Annotated[int, Field(ge=1, le=1_000_000, strict=True, description="Pieces.")]
Price = Annotated[int, Field(ge=1, le=100_000_000, strict=True, description="Fen a piece, delivery included.")]
Reason = Annotated[Text, Field(max_length=500)]


class ReasonIn(Body):
    """Why."""

    reason: Reason = ""


class ShareIn(Body):
    """So many pieces for the caller's unit, paid from which fund and brought where."""

    quantity: Annotated[int, Field(ge=1, le=99_999, strict=True, description="Pieces.")]
    fund: Fund
    address: DeliveryTo

    def to(self) -> Address:
        """Where it goes."""
        return Address(**self.address.model_dump())


class ShareItem(BaseModel):
    """A line of the response list (响应单): a unit, what it takes, its purchase and order, and what it accepted.
    Ordered and accepted are kept apart: what is ordered may still be refused."""

    model_config = ConfigDict(from_attributes=True)

    share_id: UUID
    unit_id: UUID
    unit_name: str
    unit_county_code: str
    status: Literal["JOINED", "LEFT", "PLEDGED", "GIVEN_BACK"]
    quantity: int
    fund: Fund
    taken_at: datetime
    problem: str
    purchase_id: UUID | None
    purchase_number: str | None
    purchase_status: str | None
    order_stage: str | None
    ordered_count: int
    accepted_count: int
    accepted_fen: int


class OwnShare(BaseModel):
    """The caller's unit's own share of a joint purchase, with where it goes."""

    model_config = ConfigDict(from_attributes=True)

    share_id: UUID
    status: Literal["JOINED", "LEFT"]
    quantity: int
    fund: Fund
    recipient: str
    phone: str
    county_code: str
    detail: str
