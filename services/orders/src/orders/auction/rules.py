"""Reverse auctions (竞价): what an auction may set, who may do what when, and what a winning bid makes of prices."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final, Literal
from uuid import UUID

from orders.sku.rules import SaleSku, unsellable_reason
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from shared.money import share_by_largest_remainder
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "edit": (frozenset({"DRAFT"}), "DRAFT"),
    "publish": (frozenset({"DRAFT"}), "PUBLISHED"),
    "end": (frozenset({"PUBLISHED"}), "ENDED"),
    "fail": (frozenset({"PUBLISHED"}), "FAILED"),
    "award": (frozenset({"ENDED"}), "AWARDED"),
    "cancel": (frozenset({"DRAFT", "PUBLISHED", "ENDED"}), "CANCELLED"),
}
"""Between PUBLISHED and ENDED (FAILED: without a bid) the database's clock says whether bids are taken."""

Outcome = Literal["placed", "unknown", "status", "not-begun", "over", "not-entered", "leading", "too-high"]
_WHOLE_BP: Final = 10_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What `auction.toml` says."""

    step_bp: int
    extension_minutes: int
    most_extensions: int
    least_time: timedelta
    most_time: timedelta
    limit_extension_minutes: int
    limit_extensions: int
    most_ahead: timedelta
    most_lines: int
    most_step_bp: int
    reason_characters: int
    late_after: timedelta


@cache
def figures() -> Figures:
    """The figures that hold."""
    told = tomllib.loads((files(__package__) / "auction.toml").read_text(encoding="utf-8"))
    defaults, limits, award = told["defaults"], told["limits"], told["award"]
    return Figures(
        defaults["step_bp"],
        defaults["extension_minutes"],
        defaults["most_extensions"],
        timedelta(minutes=limits["least_minutes"]),
        timedelta(hours=limits["most_hours"]),
        limits["most_extension_minutes"],
        limits["most_extensions"],
        timedelta(days=limits["most_days_ahead"]),
        limits["most_lines"],
        limits["most_step_bp"],
        award["reason_characters"],
        timedelta(days=award["late_after_days"]),
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line of the lot, in words."""

    description: str
    quantity: int
    unit: str
    origin_county_code: str
    certificates: str


@dataclass(frozen=True, slots=True)
class Offered:
    """With which pieces a bidder would deliver a line."""

    line_id: UUID
    sku_id: UUID
    piece_count: int


@dataclass(frozen=True, slots=True)
class Terms:
    """The price that it begins at, the least step down, from when to when, and how the end moves."""

    start_fen: int
    step_fen: int
    starts_at: datetime
    ends_at: datetime
    extension_minutes: int
    most_extensions: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the database made of a bid."""

    outcome: Outcome
    bid_position: int | None
    placed_at: datetime
    ends_at: datetime | None
    most_fen: int | None
    is_extended: bool


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `auction-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="auction", called="an auction")


def ensure_terms(terms: Terms, *, deliver_from: datetime, deliver_until: datetime) -> None:
    """422 `step-too-large`, `extension-too-long`, `auction-too-short`, `auction-too-long`,
    `delivery-before-deadline`."""
    bounds = figures()
    if terms.step_fen * _WHOLE_BP > terms.start_fen * bounds.most_step_bp:
        raise Invalid("The step is too large for the price.", code="step-too-large", field="step_fen")
    if terms.extension_minutes > bounds.limit_extension_minutes or terms.most_extensions > bounds.limit_extensions:
        raise Invalid(
            f"At most {bounds.limit_extensions} times {bounds.limit_extension_minutes} minutes.",
            code="extension-too-long",
            field="extension_minutes",
        )
    if terms.ends_at - terms.starts_at < bounds.least_time:
        raise Invalid("Leave bidders more time.", code="auction-too-short", field="ends_at")
    if terms.ends_at - terms.starts_at > bounds.most_time:
        raise Invalid("That is too long.", code="auction-too-long", field="ends_at")
    last_end = terms.ends_at + terms.most_extensions * timedelta(minutes=terms.extension_minutes)
    if not last_end <= deliver_from < deliver_until:
        raise Invalid(
            "The goods come after the latest end, within a span of time.",
            code="delivery-before-deadline",
            field="deliver_from",
        )


def ensure_publishable(*, ends_at: datetime, starts_at: datetime, now: datetime) -> None:
    """422 `auction-too-short` if too little is left, `auction-too-far` ahead."""
    if ends_at - now < figures().least_time:
        raise Invalid("Leave bidders more time.", code="auction-too-short", field="ends_at")
    if starts_at - now > figures().most_ahead:
        raise Invalid("That is too far ahead.", code="auction-too-far", field="starts_at")


def ensure_entry(
    offers: Sequence[Offered],
    line_ids: Sequence[UUID],
    skus: Mapping[UUID, SaleSku],
    *,
    supplier_id: UUID,
    now: datetime,
) -> None:
    """Own goods on sale for every line, each SKU once. 422 `lines-missing`, `sku-offered-twice`, `sku-not-yours`,
    `sku-not-sellable`."""
    if sorted(map(str, line_ids)) != sorted(str(each.line_id) for each in offers):
        raise Invalid("Say for each line with what you deliver it.", code="lines-missing", field="offers")
    if len({each.sku_id for each in offers}) != len(offers):
        raise Invalid("Each sku once.", code="sku-offered-twice", field="offers")
    for offer in offers:
        sku = skus.get(offer.sku_id)
        if sku is None or sku.supplier_id != supplier_id:
            raise Invalid("Offer your own.", code="sku-not-yours", field="sku_id", line_id=str(offer.line_id))
        if reason := unsellable_reason(sku, now):
            raise Invalid("It is not on sale now.", code="sku-not-sellable", field="sku_id", reason=reason)


def refusal_of(answer: Answer) -> Refusal | None:
    """Why a bid does not count; None if it does."""
    if answer.outcome == "placed":
        return None
    until = answer.ends_at.isoformat() if answer.ends_at is not None else None
    refusals: dict[Outcome, Refusal] = {
        "unknown": auction_unknown(),
        "status": Conflict("It takes no bids.", code="auction-status"),
        "not-begun": Conflict("It has not begun.", code="auction-not-begun"),
        "over": Conflict("It is over.", code="auction-over", ends_at=until, seen_at=answer.placed_at.isoformat()),
        "not-entered": Forbidden("Enter the auction first.", code="auction-not-entered"),
        "leading": Conflict("Yours is the lowest already.", code="bid-leads-already"),
        "too-high": Conflict(
            "Somebody was quicker, or the step is too small.",
            code="bid-too-high",
            field="amount_fen",
            most_fen=answer.most_fen,
        ),
    }
    return refusals[answer.outcome]


def agreed_prices(amount_fen: int, pieces: Sequence[tuple[int, int]]) -> list[int]:
    """Fen a piece for each line, of (pieces, listed price): the bid is shared among the lines as the listed prices
    would, then each rounded down to a whole fen a piece, so the purchase costs at most the bid. 409 `bid-too-small` if
    nothing is left of a price."""
    shares = share_by_largest_remainder(amount_fen, [count * price for count, price in pieces])
    found = [share // count for share, (count, _) in zip(shares, pieces, strict=True)]
    if 0 in found:
        raise Conflict("Less than a fen a piece is no price.", code="bid-too-small")
    return found


def ensure_award_reason(reason: str) -> None:
    """422 `award-reason-too-short`."""
    needed = figures().reason_characters
    if len(reason) < needed:
        raise Invalid(
            f"Say why, in at least {needed} characters.", code="award-reason-too-short", field="reason", needed=needed
        )


def auction_unknown() -> NotFound:
    """The refusal of one that does not exist, or not for this caller."""
    return NotFound("There is no such auction.", code="auction-unknown", field="auction_id")
