"""What routes of lots take and give."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from orders.stock.schemas import Body, Text


class LotInStock(BaseModel):
    """Pieces of a lot at a site."""

    sku_id: UUID
    supplier_id: UUID
    supplier_name: str
    product_title: str
    specification: str
    site_id: UUID
    site_name: str
    lot_number: str
    harvested_on: date | None
    expires_on: date | None
    is_held: bool
    is_over: bool
    on_hand: int


class WriteOff(Body):
    """What a site still has of a lot that is over or on hold is taken out of the stock."""

    sku_id: UUID
    site_id: UUID
    lot_number: Annotated[Text, Field(min_length=1, max_length=60)]
    reason: Annotated[Text, Field(min_length=1, max_length=100)]
