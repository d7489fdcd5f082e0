"""Units' orders as they are shown."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.order.schemas import Body, Text
from orders.unit.rules import Fund
from orders.unit_order.rules import Stage, Way

Reason = Annotated[Text, Field(min_length=1, max_length=300)]


class ReasonIn(Body):
    """Why."""

    reason: Reason


class UnitOrderItem(BaseModel):
    """A unit's order as lists show it. Of what was checked `accepted_fen` is owed until `due_on`."""

    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    revision: int
    order_number: str
    purchase_id: UUID
    unit_id: UUID
    unit_name: str
    supplier_id: UUID
    supplier_name: str
    supplier_order_id: UUID
    way: Way
    fund: Fund
    budget_year: int
    payment_code: str
    stage: Stage
    fulfilment: str
    is_disputed: bool
    is_split: bool
    goods: str
    goods_fen: int
    delivery_fen: int
    payable_fen: int
    accepted_fen: int
    due_on: date | None
    end_reason: str
    remind_at: datetime
    lapses_at: datetime
    placed_at: datetime
    confirmed_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    accepted_at: datetime | None
    invoice_checked_at: datetime | None
    settled_at: datetime | None
    completed_at: datetime | None
    ended_at: datetime | None


class SentLineOut(BaseModel):
    """A line of it at its frozen price; of its pieces `given_up_count` will never be sent."""

    model_config = ConfigDict(from_attributes=True)

    line_id: UUID
    sku_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str
    specification: str
    specification_en: str
    picture: str
    origin_county_code: str
    temperature_class: str
    quantity: int
    given_up_count: int
    unit_price_fen: int
    payable_fen: int


class AddressOut(BaseModel):
    """Where it goes."""

    recipient: str
    phone: str
    county_code: str
    detail: str


class UnitOrderOut(UnitOrderItem):
    """A unit's order whole. Its address is for the two sides: the unit, and its supplier once it has confirmed."""

    note: str
    unit_county_code: str
    lines: list[SentLineOut]
    address: AddressOut | None


class OverdueItem(BaseModel):
    """An order whose next step is late."""

    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    order_number: str
    unit_id: UUID
    unit_name: str
    supplier_id: UUID
    supplier_name: str
    stage: Stage
    amount_fen: int
    due_at: datetime
    late_days: int
