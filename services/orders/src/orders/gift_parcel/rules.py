"""Parcels of holiday gifts: what may become of one, what an order of them holds, and who may hand out what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

CHUNK: Final = 500
"""So many parcels are told of in one event: it stays small, and logistics writes them in three statements."""
MOVES: Moves = {
    "tell": (frozenset({"DUE"}), "TOLD"),
    "ship": (frozenset({"TOLD"}), "SHIPPED"),
    "deliver": (frozenset({"SHIPPED"}), "DELIVERED"),
    "lose": (frozenset({"SHIPPED"}), "LOST"),
    "cancel": (frozenset({"DUE", "TOLD"}), "CANCELLED"),
}
OPEN: Final = frozenset({"DUE", "TOLD", "SHIPPED"})
CLOSED: Final = frozenset({"FULFILLING", "ACCEPTED", "INVOICED", "PAID", "ARCHIVED"})
"""A campaign in one of these was closed: its parcels are made."""


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `gift-parcel-status`."""
    return _status_after(MOVES, verb, status, noun="gift-parcel")


@dataclass(frozen=True, slots=True)
class PackedLine:
    """Pieces of a SKU in a package, at the price of the package."""

    package_id: UUID
    sku_id: UUID
    quantity: int
    unit_price_fen: int


def bought(lines: Iterable[PackedLine], chosen: dict[UUID, int]) -> dict[UUID, tuple[int, int]]:
    """Pieces and unit price by SKU of all packages that were chosen. Where two packages name different prices of one
    SKU, the lower holds for all: together more are bought than either was priced for."""
    found: dict[UUID, tuple[int, int]] = {}
    for line in lines:
        pieces = line.quantity * chosen.get(line.package_id, 0)
        if not pieces:
            continue
        before, price = found.get(line.sku_id, (0, line.unit_price_fen))
        found[line.sku_id] = (before + pieces, min(price, line.unit_price_fen))
    return found


def rooms(left: Sequence[tuple[UUID, int]], waiting: int) -> list[tuple[UUID, int]]:
    """How many who chose nothing get which package: the first (the default) while there is any, then the next. 409
    `gift-packages-short`."""
    given: list[tuple[UUID, int]] = []
    for package_id, room in left:
        taken = min(room, waiting)
        if taken:
            given.append((package_id, taken))
        waiting -= taken
    if waiting:
        raise Conflict(f"For {waiting} members no package is left.", code="gift-packages-short", missing_count=waiting)
    return given


def without(lines: Sequence[Mapping[str, Any]], lost: Mapping[UUID, int]) -> list[dict[str, Any]]:
    """What is left in a parcel."""
    rest = [{**line, "quantity": line["quantity"] - lost.get(UUID(line["sku_id"]), 0)} for line in lines]
    return [line for line in rest if line["quantity"] > 0]


def ensure_something(count: int) -> None:
    """409 `gift-nothing-claimed`: what nobody takes is not ordered; give the campaign up instead."""
    if not count:
        raise Conflict("Nobody takes anything: give the campaign up.", code="gift-nothing-claimed")


def ensure_lot_address(has_address: bool) -> None:
    """422 `lot-address-missing`: somebody at the unit answers for the order, and takes in what nobody chose."""
    if not has_address:
        raise Invalid(
            "Say where the unit takes in what nobody chose, and who answers for the order.",
            code="lot-address-missing",
            field="address",
        )
