"""What orders announces of what institutions do."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.envelope import Event


class SupplierInvited(Event):
    """A unit asks a supplier for a quotation. Told once for each who is invited."""

    type: ClassVar[str] = "orders.supplier-invited.v1"
    subject_field: ClassVar[str] = "quotation_id"

    quotation_id: UUID
    supplier_id: UUID
    title: str
    closes_at: datetime


class BidDecided(Event):
    """A supplier's bid won, won in part, lost, or what it bid for was called off. Told once for each supplier."""

    type: ClassVar[str] = "orders.bid-decided.v1"
    subject_field: ClassVar[str] = "subject_id"

    subject_kind: Literal["quotation", "auction"]
    subject_id: UUID
    supplier_id: UUID
    title: str
    outcome: Literal["WON", "PARTLY_WON", "LOST", "CANCELLED"]
    decided_at: datetime
