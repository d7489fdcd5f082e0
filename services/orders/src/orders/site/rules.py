"""What may become of a site."""

from shared.errors import Conflict
from shared.moves import Moves, status_after

MOVES: Moves = {
    "close": (frozenset({"ACTIVE"}), "CLOSED"),
    "reopen": (frozenset({"CLOSED"}), "ACTIVE"),
}


def ensure_move(verb: str, *, is_active: bool, is_default: bool, on_hand: int) -> bool:
    """Whether the site is active afterwards. 409 `site-status`; `site-default` for closing the default site,
    `site-not-empty` for one where pieces lie."""
    after = status_after(MOVES, verb, "ACTIVE" if is_active else "CLOSED", noun="site")
    if verb == "close" and is_default:
        raise Conflict("The default site stays open: make another the default first.", code="site-default")
    if verb == "close" and on_hand:
        raise Conflict("Pieces lie there. Move them to another site first.", code="site-not-empty", on_hand=on_hand)
    return after == "ACTIVE"
