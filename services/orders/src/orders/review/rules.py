"""What may be said of what was bought, and by which name it is signed."""

from datetime import datetime, timedelta

from orders.line_refund.rules import SoldLine
from shared.errors import Conflict
from shared.moves import status_after as moved

SHOWN, HIDDEN = "SHOWN", "HIDDEN"

MOVES: dict[str, tuple[frozenset[str], str]] = {
    "hide": (frozenset({SHOWN}), HIDDEN),
    "show": (frozenset({HIDDEN}), SHOWN),
}
"""An operator hides a review with a reason, and may show it again; nobody deletes one."""

WINDOW = timedelta(days=180)
"""How long after the delivery a line may be reviewed: our own figure."""


def status_of(hidden_at: datetime | None) -> str:
    """Whether everybody sees it."""
    return SHOWN if hidden_at is None else HIDDEN


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `review-status`."""
    return moved(MOVES, verb, status, noun="review")


def ensure_reviewable(line: SoldLine, now: datetime) -> None:
    """409 `not-delivered`, `review-window-over`."""
    if not line.is_delivered or line.delivered_at is None:
        raise Conflict("A review can be written once the goods have arrived.", code="not-delivered")
    if now >= line.delivered_at + WINDOW:
        raise Conflict("The time for a review is over.", code="review-window-over")


def signature(recipient: str) -> str:
    """The first character of a name and nothing that finds its owner."""
    return f"{recipient[:1]}**"
