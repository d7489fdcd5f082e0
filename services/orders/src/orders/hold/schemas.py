"""What routes of holds take and give."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from orders.stock.schemas import Body, Pieces, Text

HoldStatus = Literal["OPEN", "RELEASED", "EXPIRED", "USED"]


class WantedPieces(Body):
    """Pieces of a SKU to hold."""

    sku_id: UUID
    quantity: Pieces


class HoldIn(Body):
    """Pieces to hold for a campaign, all or none, until an instant of at most eight weeks from now."""

    title: Annotated[Text, Field(min_length=1, max_length=100)]
    lines: Annotated[list[WantedPieces], Field(min_length=1, max_length=100)]
    expires_at: AwareDatetime


class ExtendIn(Body):
    """Another end."""

    expires_at: AwareDatetime


class HeldLine(BaseModel):
    """Pieces that are held; `open_count` of them still are."""

    sku_id: UUID
    product_title: str | None
    specification: str | None
    quantity: int
    open_count: int


class Hold(BaseModel):
    """A campaign's hold. `supplier_id` is the supplier that holds its own goods, null for an operator's."""

    holder_id: UUID
    purpose: str
    title: str
    supplier_id: UUID | None
    status: HoldStatus
    expires_at: datetime
    created_at: datetime
    ended_at: datetime | None
    lines: list[HeldLine]
