"""Absorptions: which step leads where, what may still be pledged, and from when on a harvest counts as absorbed."""

from datetime import datetime, timedelta
from typing import Literal

from orders.pool.rules import WHOLE_BP, ensure_deadline, figures
from shared.errors import Conflict, Invalid, NotFound
from shared.moves import Moves
from shared.moves import status_after as _status_after

Level = Literal["BLUE", "YELLOW", "ORANGE", "RED"]
"""How urgent: the colours of the alert (DOMAIN 6.3). Green is no alert."""
MOVES: Moves = {
    "edit": (frozenset({"PUBLISHED"}), "PUBLISHED"),
    "change": (frozenset({"RESPONDING"}), "RESPONDING"),  # an edit when units have pledged
    "respond": (frozenset({"PUBLISHED", "RESPONDING"}), "RESPONDING"),
    "absorb": (frozenset({"RESPONDING"}), "ABSORBED"),
    "close": (frozenset({"PUBLISHED", "RESPONDING", "ABSORBED"}), "CLOSED"),
}
PLEDGE_MOVES: Moves = {"withdraw": (frozenset({"PLEDGED"}), "GIVEN_BACK")}


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `absorption-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="absorption", called="an absorption")


def pledge_status_after(verb: str, status: str) -> str:
    """Where the verb leads a pledge; 409 `pledge-status`."""
    return _status_after(PLEDGE_MOVES, verb, status, noun="pledge")


def ensure_withdrawable(purchase_status: str) -> None:
    """409 `pledge-ordered`: what is ordered is cancelled as an order."""
    if purchase_status == "ORDERED":
        raise Conflict("It is ordered: cancel the order.", code="pledge-ordered")


def ensure_price(price_fen: int, list_price_fen: int) -> None:
    """422 `price-above-listed`: an appeal is not dearer than the shelf."""
    if price_fen > list_price_fen:
        raise Invalid(
            "It costs no more than its listed price.",
            code="price-above-listed",
            field="price_fen",
            list_price_fen=list_price_fen,
        )


def ensure_end(closes_at: datetime, now: datetime) -> None:
    """422 `deadline-too-near`, `deadline-too-far`."""
    ensure_deadline(closes_at, now, least=timedelta(0), most=figures().absorption_most_open)


def ensure_quantity(quantity: int, *, pledged_count: int) -> None:
    """409 `pledged-already` with how much."""
    if quantity < pledged_count:
        raise Conflict(
            "More than this is pledged already.", code="pledged-already", field="quantity", pledged_count=pledged_count
        )


def ensure_open(closes_at: datetime, now: datetime) -> None:
    """409 `absorption-over`."""
    if now >= closes_at:
        raise Conflict("Its time is over.", code="absorption-over", closed_at=closes_at.isoformat())


def ensure_left(quantity: int, *, wanted: int, pledged_count: int) -> None:
    """409 `absorption-full` with what is left."""
    if quantity > wanted - pledged_count:
        raise Conflict("Less is left to pledge.", code="absorption-full", field="quantity", left=wanted - pledged_count)


def is_absorbed(accepted_count: int, quantity: int) -> bool:
    """Whether so much was accepted that the harvest counts as absorbed."""
    return accepted_count * WHOLE_BP >= quantity * figures().absorbed_bp


def ensure_outcome(outcome: str) -> None:
    """422 `reason-missing`: whoever closes says what came of it."""
    if not outcome:
        raise Invalid("Say what came of it.", code="reason-missing", field="reason")


def absorption_unknown() -> NotFound:
    """The refusal of one that does not exist."""
    return NotFound("There is no such absorption.", code="absorption-unknown", field="absorption_id")


def pledge_unknown() -> NotFound:
    """The refusal of a pledge that does not exist, or is another unit's."""
    return NotFound("There is no such pledge of your unit.", code="pledge-unknown", field="share_id")
