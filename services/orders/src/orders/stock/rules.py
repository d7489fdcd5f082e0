"""What a movement does to the counters of a SKU, and when a SKU counts as low."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

from shared.errors import Conflict, NotFound, Refusal


@dataclass(frozen=True, slots=True)
class StockCount:
    """The counters of a SKU, in pieces."""

    sku_id: UUID
    on_hand: int
    held: int
    available: int


def counter_changes(kind: str, quantity: int) -> tuple[int, int]:
    """How a ledger entry moves (on_hand, held): the meaning of the six kinds."""
    match kind:
        case "received" | "returned" | "adjusted":
            return quantity, 0
        case "held":
            return 0, quantity
        case "released":
            return 0, -quantity
        case "shipped":
            return -quantity, -quantity
        case "moved":  # from one site to another: two entries, and the SKU as a whole stays as it is
            return 0, 0
        case _:
            raise ValueError(f"no such kind of stock movement: {kind}")


@cache
def low_figures() -> dict[str, int]:
    """At how many available pieces a SKU counts as low, by temperature class; under "" for all others."""
    found = tomllib.loads((Path(__file__).parent / "low_stock.toml").read_text(encoding="utf-8"))
    return {name: row["pieces"] for row in found["default"] for name in row["temperature_classes"]}


def refusal(code: str) -> Refusal:
    """What a movement that the database refused is told."""
    match code:
        case "sku-not-found":
            return NotFound("There is no such SKU.", code=code, field="sku_id")
        case "lot-not-found":
            return NotFound("There is no such lot of the SKU.", code=code, field="lot_number")
        case "place-short":
            return Conflict("So many are not at that site, or not of that lot.", code=code, field="quantity")
        case _:
            return Conflict("So many are not there, or they are held for orders.", code="stock-short", field="quantity")
