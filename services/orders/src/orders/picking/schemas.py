"""A pick list as it is shown."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.invoice_title.schemas import OrderTitle


class LotPick(BaseModel):
    """Pieces to take of a lot; no number for those of none."""

    model_config = ConfigDict(from_attributes=True)

    lot_number: str
    expires_on: date | None
    quantity: int


class Total(BaseModel):
    """All pieces of a SKU to take at a site; `missing` of them are not on its shelves."""

    model_config = ConfigDict(from_attributes=True)

    site_id: UUID
    site_name: str
    sku_id: UUID
    product_title: str
    specification: str
    quantity: int
    lots: list[LotPick]
    missing: int


class PickLine(BaseModel):
    """Pieces for one order."""

    model_config = ConfigDict(from_attributes=True)

    sku_id: UUID
    product_title: str
    specification: str
    site_id: UUID
    site_name: str
    open_count: int


class PickOrder(BaseModel):
    """What one part of an order gets, and to whom its invoice is made out where the buyer wants one."""

    supplier_order_id: UUID
    order_number: str
    invoice: OrderTitle | None
    lines: list[PickLine]


class PickList(BaseModel):
    """What to take from the shelves, and how it goes into orders."""

    totals: list[Total]
    orders: list[PickOrder]
    has_more: bool = Field(description="More parts wait than one list holds; these are the oldest.")


class ShortfallLine(BaseModel):
    """Pieces that would not be sent, and what they are worth of their line."""

    sku_id: UUID
    quantity: int
    refund_fen: int


class ShortfallQuote(BaseModel):
    """What goes back to the buyer for pieces that are given up; the delivery only where nothing of the part is sent."""

    lines: list[ShortfallLine]
    delivery_fen: int
    refund_fen: int
