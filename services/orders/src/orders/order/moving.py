"""The legal moves of an order and of its parts, which the database holds too (migration 0019), and what a dispatch, an
arrival and a cancellation may do to an order in its state."""

from collections.abc import Sequence
from typing import Final, Literal

from orders.order.rules import LEFT, TO_BE_SENT
from shared.errors import Conflict

MOVES: Final = {
    "pay": (frozenset({"PENDING_PAYMENT"}), "PAID"),
    "confirm": (frozenset({"PENDING_CONFIRM"}), "CONFIRMED"),
    "complete": (frozenset({"PAID", "CONFIRMED"}), "COMPLETED"),
    "cancel": (frozenset({"PENDING_PAYMENT", "PAID", "PENDING_CONFIRM", "CONFIRMED"}), "CANCELLED"),
    "revive": (frozenset({"CANCELLED"}), "PENDING_PAYMENT"),
}
"""An order. A paid one completes when its last part arrived, one on account when it counts (see unit_order); money that
came late revives an unpaid one while its goods are there."""
FULFILMENT_MOVES: Final = {
    "pay": (frozenset({"PENDING_PAYMENT"}), "PENDING_SHIPMENT"),
    "pay-into-group": (frozenset({"PENDING_PAYMENT"}), "AWAITING_GROUP"),
    "confirm": (frozenset({"PENDING_CONFIRM"}), "PENDING_SHIPMENT"),
    "form-group": (frozenset({"AWAITING_GROUP"}), "PENDING_SHIPMENT"),
    "send-some": (TO_BE_SENT, "PARTLY_SHIPPED"),
    "send-rest": (TO_BE_SENT, "SHIPPED"),
    "deliver": (frozenset({"SHIPPED"}), "DELIVERED"),
    "lose": (frozenset({"SHIPPED"}), "LOST"),
    "cancel": (
        frozenset({"PENDING_PAYMENT", "PENDING_CONFIRM", "AWAITING_GROUP", "PENDING_SHIPMENT"}),
        "CANCELLED",
    ),
    "revive": (frozenset({"CANCELLED"}), "PENDING_PAYMENT"),
}
"""One supplier's part of an order. `send-rest` is also giving up what cannot be sent of a part that left already;
`lose` is that nothing which left arrives: it was paid back, or is sent again as an exchange."""


def dispatch_effect(status: str, fulfilment: str) -> Literal["ship", "repeated", "after-cancel"]:
    """What a supplier's dispatch does to its part. Goods that left after the cancellation are gone all the same."""
    if "CANCELLED" in {status, fulfilment}:
        return "after-cancel"
    if fulfilment in TO_BE_SENT:
        return "ship"
    if fulfilment in {"SHIPPED", "DELIVERED", "LOST"}:
        return "repeated"
    raise Conflict("Goods of an unpaid order were sent.", code="order-not-paid", order_status=status)


def ensure_deliverable(fulfilment: str) -> None:
    """Only what was shipped can arrive."""
    if fulfilment not in {"SHIPPED", "DELIVERED"}:
        raise Conflict(
            "The part was not shipped yet, or not all of it.", code="part-not-shipped", fulfilment=fulfilment
        )


def ensure_cancellable(status: str, fulfilments: Sequence[str]) -> None:
    """An order may be cancelled until it is paid, and after that until its first part has left the supplier."""
    if status == "CANCELLED":
        raise Conflict("The order is cancelled already.", code="order-already-cancelled", order_status=status)
    if status == "COMPLETED" or not LEFT.isdisjoint(fulfilments):
        raise Conflict(
            "Goods are on their way already. Refuse the parcel or ask for a return.",
            code="order-shipped",
            order_status=status,
        )
    # What remains waits for its payment or confirmation, or has every part still at its supplier.
