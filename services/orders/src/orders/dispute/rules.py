"""When one may dispute a unit's order, and what may come of it."""

from typing import Final, Literal

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

Side = Literal["unit", "supplier"]
Outcome = Literal["RESUME", "REDUCE", "CANCEL"]
MOVES: Moves = {
    "resolve": (frozenset({"OPEN"}), "RESOLVED"),
    "withdraw": (frozenset({"OPEN"}), "WITHDRAWN"),
}
DISPUTABLE: Final = frozenset({"CONFIRMED", "SHIPPED", "DELIVERED", "ACCEPTED", "INVOICE_CHECKED"})
"""From the supplier's word until the money is paid."""
CANCELLED_BY: Final = {
    "CONFIRMED": "cancel",
    "DELIVERED": "void",
    "ACCEPTED": "void",
    "INVOICE_CHECKED": "void",
}
"""How an order ends in which stage. What is on its way is waited for."""


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `dispute-status`."""
    return _status_after(MOVES, verb, status, noun="dispute")


def ensure_disputable(stage: str, *, is_disputed: bool) -> None:
    """409 `not-disputable` before the supplier's word and after the payment; 409 `order-disputed` once it is."""
    if is_disputed:
        raise Conflict("This order is disputed already.", code="order-disputed", status_now=stage)
    if stage not in DISPUTABLE:
        raise Conflict("An order in this state cannot be disputed.", code="not-disputable", status_now=stage)


def ensure_outcome(outcome: Outcome, *, stage: str, reduced_fen: int, goods_fen: int) -> None:
    """409 `dispute-outcome` where the stage does not allow it; 422 `reduction-wrong` unless a reduction takes something
    off and leaves something of the `goods_fen` that are owed."""
    if outcome == "CANCEL" and stage not in CANCELLED_BY:
        raise Conflict("Goods are on their way: wait until they arrive.", code="dispute-outcome", status_now=stage)
    if outcome == "REDUCE" and stage != "ACCEPTED":
        raise Conflict(
            "Something is taken off after the goods check and before the invoice.",
            code="dispute-outcome",
            status_now=stage,
        )
    is_sum_right = 0 < reduced_fen < goods_fen if outcome == "REDUCE" else reduced_fen == 0
    if not is_sum_right:
        raise Invalid(
            "A reduction takes something off and leaves something; nothing else names a sum.",
            code="reduction-wrong",
            field="reduced_fen",
            goods_fen=goods_fen,
        )
