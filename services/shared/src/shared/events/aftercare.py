"""What orders announces of buyers who are not content yet, and of what they are answered. Its source is orders."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.envelope import Event


class AfterSalesAnswered(Event):
    """What was decided of a claim, a return or an exchange, where money does not tell it by itself: granted, refused by
    its supplier, or rejected by the platform."""

    type: ClassVar[str] = "orders.after-sales-answered.v1"
    subject_field: ClassVar[str] = "subject_id"

    subject_id: UUID
    kind: Literal["claim", "return", "exchange"]
    answer: Literal["granted", "refused", "rejected"]
    reason: str
    order_id: UUID
    order_number: str
    supplier_order_id: UUID
    supplier_id: UUID
    buyer_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str = ""
    answered_at: datetime


class ReviewAnswered(Event):
    """A supplier, or the platform, answered a buyer's review."""

    type: ClassVar[str] = "orders.review-answered.v1"
    subject_field: ClassVar[str] = "review_id"

    review_id: UUID
    order_id: UUID
    product_id: UUID
    product_title: str
    product_title_en: str = ""
    supplier_id: UUID
    buyer_id: UUID
    answer: str
    answered_at: datetime


class NotArrived(Event):
    """A buyer says that a part has not come although the time that was promised for it is over."""

    type: ClassVar[str] = "orders.not-arrived.v1"
    subject_field: ClassVar[str] = "supplier_order_id"

    order_id: UUID
    order_number: str
    supplier_order_id: UUID
    supplier_id: UUID
    buyer_id: UUID
    note: str
    reported_at: datetime
