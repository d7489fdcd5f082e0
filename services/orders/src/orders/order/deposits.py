"""What a deposit paid of an order ahead: how much is still due, and what goes back if the rest never comes."""

from collections.abc import Mapping
from typing import Any


def due_fen(order: Mapping[str, Any]) -> int:
    """What is still to be paid of an unpaid order: all but its deposit."""
    return int(order["payable_fen"]) - int(order["deposit_fen"])


def returned_fen(order: Mapping[str, Any]) -> int:
    """What goes back of an order that is cancelled before its rest was paid: its deposit, if that was agreed."""
    return int(order["deposit_fen"]) if order["returns_deposit"] else 0
