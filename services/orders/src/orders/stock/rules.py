"""What a movement does to the counters of a SKU."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StockCount:
    """The counters of a SKU, in pieces."""

    sku_id: UUID
    on_hand: int
    held: int
    available: int


def counter_changes(kind: str, quantity: int) -> tuple[int, int]:
    """How a ledger entry moves (on_hand, held): the meaning of the five kinds."""
    match kind:
        case "received" | "adjusted":
            return quantity, 0
        case "held":
            return 0, quantity
        case "released":
            return 0, -quantity
        case "shipped":
            return -quantity, -quantity
        case _:
            raise ValueError(f"no such kind of stock movement: {kind}")
