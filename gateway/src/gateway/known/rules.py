"""What an event is about, once it is known whose order, lot or pack it names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

KEPT: Final = timedelta(days=400)
"""Claims, returns and recalls reach back at most a year (and a season)."""
WAITING: Final = timedelta(days=30)
"""An event about an order that nobody told us of is dropped after this."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is known of an order; `parts` are its suppliers by supplier order."""

    order_id: UUID
    order_number: str
    buyer_id: UUID
    organisation_id: UUID | None
    parts: Mapping[UUID, UUID] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heard:
    """An event with what is known of its subject: its order, the orders that got goods of its lot, names of packs."""

    event_id: UUID
    type: str
    time: datetime
    data: Mapping[str, Any]
    order: Order | None = None
    lot_orders: Sequence[Order] = ()
    titles: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def supplier_id(self) -> UUID | None:
        """The one supplier whom the event is about, if there is one."""
        if "supplier_id" in self.data:
            return UUID(self.data["supplier_id"])
        part_id = self.data.get("supplier_order_id")
        return self.order.parts.get(UUID(part_id)) if self.order is not None and part_id else None

    @property
    def supplier_ids(self) -> list[UUID]:
        """Every supplier of whom the event tells something."""
        if self.supplier_id is not None:
            return [self.supplier_id]
        return sorted(set(self.order.parts.values())) if self.order is not None else []


def needs_order(event_type: str) -> bool:
    """Whether the event can be told only when its order is known with its parts: what logistics says."""
    return event_type.startswith("logistics.")


def sku_of(data: Mapping[str, Any]) -> str | None:
    """The pack whose name tells what the event is about: its own, or that of the first line."""
    lines = [line for part in data.get("parts", ()) for line in part["lines"]]
    found: str | None = lines[0]["sku_id"] if lines else data.get("sku_id")
    return found


def with_titles(heard: Heard, titles: Mapping[str, tuple[str, str]]) -> Heard:
    """The same with the names of packs."""
    return replace(heard, titles=titles)
