"""What may become of a recipient of donations (以购代捐), who keeps recipients, and who may thank."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from orders.love_purchase.rules import may_flag
from shared.auth import Caller
from shared.errors import Conflict, Forbidden, NotFound
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "edit": (frozenset({"PROPOSED", "VERIFIED"}), "PROPOSED"),  # what people trust is looked at again
    "verify": (frozenset({"PROPOSED"}), "VERIFIED"),
    "close": (frozenset({"PROPOSED", "VERIFIED"}), "CLOSED"),
}

Side = Literal["recipient", "official", "operator"]


@dataclass(frozen=True, slots=True)
class GiftTo:
    """A verified recipient that goods shall go to. Who takes them in and where is for those who send them only."""

    recipient_id: UUID
    revision: int
    name: str
    county_code: str
    contact: str
    phone: str
    detail: str
    message: str


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `donation-recipient-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="donation-recipient")


def may_keep(caller: Caller, county_code: str) -> bool:
    """Operators anywhere; officials for the counties of their regions: the same who flag harvests."""
    return may_flag(caller, county_code)


def ensure_may_keep(caller: Caller, county_code: str) -> None:
    """403 `region-not-yours`."""
    if not may_keep(caller, county_code):
        raise Forbidden("This is another county's recipient.", code="region-not-yours", field="county_code")


def side_of(caller: Caller, *, county_code: str, organisation_id: UUID | None) -> Side | None:
    """As whom the caller speaks for a recipient: as the recipient itself, on its behalf, or not at all."""
    if organisation_id is not None and caller.organisation_id == organisation_id:
        return "recipient"
    if not may_keep(caller, county_code):
        return None
    return "operator" if caller.is_operator else "official"


def ensure_thankable(*, order_status: str, is_thanked: bool) -> None:
    """Thanks come after the goods, and once. 409 `donation-not-delivered`, `donation-thanked`."""
    ensure_delivered(order_status)
    if is_thanked:
        raise Conflict("This donation is thanked for already: change the thanks.", code="donation-thanked")


def ensure_delivered(order_status: str) -> None:
    """409 `donation-not-delivered` until all of the order has arrived."""
    if order_status != "COMPLETED":
        raise Conflict(
            "Not all of it has arrived yet.", code="donation-not-delivered", field="order_id", order_status=order_status
        )


def recipient_unknown() -> NotFound:
    """The refusal of a recipient that does not exist, or not for this caller."""
    return NotFound("There is no such recipient.", code="recipient-unknown", field="recipient_id")


def recipient_closed() -> Conflict:
    """The refusal of a recipient that takes nothing (any more), or was changed at this very moment."""
    return Conflict(
        "This recipient takes nothing at the moment, or was changed just now. Choose again.",
        code="recipient-closed",
        field="donation.recipient_id",
    )


def donation_unknown() -> NotFound:
    """The refusal of a donation that does not exist, or not for this caller."""
    return NotFound("There is no such donation.", code="donation-unknown", field="order_id")
