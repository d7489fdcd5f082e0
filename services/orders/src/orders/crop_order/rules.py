"""Crop orders (订单农业): a unit orders a harvest before it grows, pays a deposit, and gets its share of what grew.

The year's edge: what is submitted in a year is paid from that year's budget, also where the harvest, the goods check
and the payment come in a later one. The commitment goes on until then.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final, Literal
from uuid import UUID

from orders.presale.rules import given_counts
from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

Season = Literal["SPRING", "SUMMER", "AUTUMN", "WINTER"]
MilestoneKind = Literal["SOWING", "TRANSPLANTING", "TENDING", "FLOWERING", "RIPENING", "HARVEST"]
MOVES: Final[Moves] = {
    "edit": (frozenset({"DRAFT"}), "DRAFT"),
    "submit": (frozenset({"DRAFT"}), "SUBMITTED"),
    "approve": (frozenset({"SUBMITTED"}), "OFFERED"),
    "refuse": (frozenset({"SUBMITTED"}), "REFUSED"),
    "expire": (frozenset({"SUBMITTED"}), "DRAFT"),
    "withdraw": (frozenset({"SUBMITTED", "OFFERED"}), "DRAFT"),
    "decline": (frozenset({"OFFERED"}), "REFUSED"),
    "agree": (frozenset({"OFFERED"}), "AGREED"),
    "tell-deposit": (frozenset({"AGREED"}), "AGREED"),
    "deny-deposit": (frozenset({"AGREED"}), "AGREED"),
    "confirm-deposit": (frozenset({"AGREED"}), "DEPOSIT_PAID"),
    "report": (frozenset({"DEPOSIT_PAID", "GROWING"}), "GROWING"),
    "harvest": (frozenset({"DEPOSIT_PAID", "GROWING"}), "HARVESTED"),
    "take": (frozenset({"HARVESTED"}), "DELIVERING"),
    "cancel": (frozenset({"DRAFT", "AGREED", "HARVESTED"}), "CANCELLED"),
    "pass-over": (frozenset({"AGREED", "DEPOSIT_PAID", "GROWING"}), "CANCELLED"),
    "fail": (frozenset({"AGREED", "DEPOSIT_PAID", "GROWING"}), "FAILED"),
    "fall-through": (frozenset({"DELIVERING"}), "CANCELLED"),
    "complete": (frozenset({"DELIVERING"}), "COMPLETED"),
}
OPEN: Final = frozenset({"DEPOSIT_PAID", "GROWING"})
"""States in which an order has a part in the harvest."""
_WHOLE_BP: Final = 10_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What `crop_order.toml` says."""

    most_deposit_bp: int
    least_deposit_bp: int
    deposit_source: str
    deposit_days: int
    decide_days: int
    most_milestones: int
    most_orders: int
    most_season_days: int
    milestones: dict[str, dict[str, str]]
    seasons: dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of growing and the day by which it is due."""

    kind: MilestoneKind
    due_on: date


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one order of a season wants of its harvest, and what is paid for it already."""

    crop_order_id: UUID
    quantity: int
    unit_price_fen: int
    deposit_fen: int
    least_share_bp: int


@dataclass(frozen=True, slots=True)
class Share:
    """What of the harvest is one order's. Its deposit pays for it first; what is more than it costs is owed back."""

    crop_order_id: UUID
    quantity: int
    allocated_count: int
    unit_price_fen: int
    deposit_fen: int
    is_below_least: bool

    @property
    def amount_fen(self) -> int:
        """What the share costs."""
        return self.allocated_count * self.unit_price_fen

    @property
    def credited_fen(self) -> int:
        """What of the deposit pays for it."""
        return min(self.deposit_fen, self.amount_fen)

    @property
    def returned_fen(self) -> int:
        """What of the deposit is owed back at once."""
        return self.deposit_fen - self.credited_fen


@cache
def figures() -> Figures:
    """The figures, read once."""
    told = tomllib.loads(files("orders.crop_order").joinpath("crop_order.toml").read_text("utf-8"))
    return Figures(
        most_deposit_bp=told["deposit"]["most_bp"],
        least_deposit_bp=told["deposit"]["least_bp"],
        deposit_source=told["deposit"]["source"],
        deposit_days=told["terms"]["deposit_days"],
        decide_days=told["terms"]["decide_days"],
        most_milestones=told["limits"]["most_milestones"],
        most_orders=told["limits"]["most_orders"],
        most_season_days=told["limits"]["most_season_days"],
        milestones=told["milestones"],
        seasons=told["seasons"],
    )


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `crop-order-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="crop-order")


def total_fen(quantity: int, unit_price_fen: int) -> int:
    """What the whole order costs, delivered."""
    return quantity * unit_price_fen


def deposit_fen(amount_fen: int, deposit_bp: int) -> int:
    """The deposit, rounded down so that it is never more than its share."""
    return max(1, amount_fen * deposit_bp // _WHOLE_BP)


def ensure_deposit(deposit_bp: int) -> None:
    """422 `deposit-too-large`, `deposit-too-small` with the limit."""
    limits = figures()
    if deposit_bp > limits.most_deposit_bp:
        raise Invalid(
            f"A deposit is at most {limits.most_deposit_bp / 100:g} % of the sum.",
            code="deposit-too-large",
            field="deposit_bp",
            most_bp=limits.most_deposit_bp,
        )
    if deposit_bp < limits.least_deposit_bp:
        raise Invalid(
            f"A deposit is at least {limits.least_deposit_bp / 100:g} % of the sum.",
            code="deposit-too-small",
            field="deposit_bp",
            least_bp=limits.least_deposit_bp,
        )


def ensure_season(sowing_on: date, harvest_from_on: date, harvest_until_on: date, *, on: date) -> None:
    """422 `season-invalid`: first it is sown, then harvested, and the harvest is not over yet."""
    if not sowing_on <= harvest_from_on <= harvest_until_on or harvest_until_on <= on:
        raise Invalid(
            "It is sown first and harvested afterwards, and the harvest is still to come.",
            code="season-invalid",
            field="harvest_until_on",
        )
    if (harvest_until_on - sowing_on).days > figures().most_season_days:
        raise Invalid("A season does not last so long.", code="season-invalid", field="harvest_until_on")


def ensure_milestones(stages: Sequence[Stage], *, sowing_on: date, harvest_until_on: date) -> None:
    """422 `milestones-invalid`: one to so many, each of its own kind or day, all within the season."""
    if not 1 <= len(stages) <= figures().most_milestones or len(set(stages)) < len(stages):
        raise Invalid(
            f"Agree on one to {figures().most_milestones} different milestones.",
            code="milestones-invalid",
            field="milestones",
        )
    for number, stage in enumerate(stages):
        if not sowing_on <= stage.due_on <= harvest_until_on:
            raise Invalid(
                "This day lies outside the season.", code="milestones-invalid", field=f"milestones.{number}.due_on"
            )


def is_late(due_on: date, reported_on: date | None, *, on: date) -> bool:
    """Whether a milestone was to be reported by now and is not: its own day is still in time."""
    return reported_on is None and due_on < on


def ensure_reported(reached_on: date, *, agreed_on: date, on: date) -> None:
    """422 `milestone-day-invalid`: what is reported has happened, and not before the two sides agreed."""
    if not agreed_on <= reached_on <= on:
        raise Invalid(
            "The day lies before the agreement or is still to come.", code="milestone-day-invalid", field="reached_on"
        )


def shares_of(harvested_count: int, wanted: Sequence[Wanted]) -> list[Share]:
    """The harvest among the orders of its season: pro rata to what they ordered, the pieces left over one each to the
    largest remainders, the earlier order first among equals. Nobody gets more than they ordered."""
    counts = given_counts("PRO_RATA", harvested_count, [each.quantity for each in wanted])
    return [
        Share(
            each.crop_order_id,
            each.quantity,
            count,
            each.unit_price_fen,
            each.deposit_fen,
            is_below_least(count, each.quantity, each.least_share_bp),
        )
        for each, count in zip(wanted, counts, strict=True)
    ]


def is_below_least(count: int, quantity: int, least_share_bp: int) -> bool:
    """Whether it is so little that the unit need not take it."""
    return count * _WHOLE_BP < quantity * least_share_bp


def ensure_may_refuse(count: int, quantity: int, least_share_bp: int) -> None:
    """409 `share-enough`: a share that is not below the agreed least is taken."""
    if not is_below_least(count, quantity, least_share_bp):
        raise Conflict("The share is as large as was agreed: it is taken.", code="share-enough")
