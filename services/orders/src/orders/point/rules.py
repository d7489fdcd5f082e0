"""Love-card points (爱心卡): what a purchase earns, what points pay, and what comes back for refunded pieces."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from shared.clock import business_day, day_range
from shared.errors import Conflict
from shared.money import share_by_largest_remainder

MOST_APART = 100
_WHOLE_BP = 10_000
_YUAN = 100


@dataclass(frozen=True, slots=True)
class Payment:
    """What points pay of a basket: `shares` are whole points by line, each worth `worth_fen`. `usable` is what the
    caller could spend here, of a `balance` that may be more."""

    balance: int = 0
    usable: int = 0
    shares: tuple[int, ...] = ()
    worth_fen: int = 1

    @property
    def points(self) -> int:
        """All that are spent."""
        return sum(self.shares)

    @property
    def fen(self) -> int:
        """What they pay."""
        return self.points * self.worth_fen


NO_POINTS = Payment()


@dataclass(frozen=True, slots=True)
class EarnedLine:
    """What a line brings: points, and the money that they are for."""

    line_id: UUID
    earned: int
    basis_fen: int


@dataclass(frozen=True, slots=True)
class LineState:
    """A line's points beside its money: spent on it, returned; earned for `basis_fen`, clawed back. Of the line's
    `payable_fen` so much was refunded, for so many of its pieces."""

    spent: int
    returned: int
    earned: int
    basis_fen: int
    clawed: int
    payable_fen: int
    refunded_fen: int
    quantity: int
    refunded_count: int


@cache
def figures() -> Mapping[str, Any]:
    """The figures of point_rules.toml."""
    return tomllib.loads(files("orders.point").joinpath("point_rules.toml").read_text(encoding="utf-8"))


def is_for(buyer_kind: str) -> bool:
    """Whether buyers of this kind earn and spend points: private persons do."""
    return buyer_kind in figures()["earning"]["buyer_kinds"]


def pay_with_points(wanted: int, *, balance: int, payables_fen: Sequence[int]) -> Payment:
    """Spend up to `wanted` points on lines that cost so much, shared by what they cost: the usable ones at most."""
    worth_fen, cap_bp = figures()["spending"]["worth_fen"], figures()["spending"]["cap_bp"]
    weights = [fen // worth_fen for fen in payables_fen]
    usable = min(balance, sum(weights) * cap_bp // _WHOLE_BP)
    shares = share_by_largest_remainder(min(wanted, usable), weights)
    return Payment(balance, usable, tuple(shares), worth_fen)


def spend_exactly(wanted: int, *, balance: int, kind: str, payables_fen: Sequence[int]) -> Payment:
    """Spend just so many points; 409 `points-changed` where a buyer of this kind can spend only fewer of them here."""
    if not wanted:
        return Payment(shares=(0,) * len(payables_fen))
    paid = pay_with_points(wanted, balance=balance if is_for(kind) else 0, payables_fen=payables_fen)
    if paid.points != wanted:
        raise points_changed(wanted, usable=paid.usable, balance=balance)
    return paid


def points_changed(wanted: int, *, usable: int, balance: int) -> Conflict:
    """The refusal of an order that spends more points than there are, or than may pay for it."""
    return Conflict(
        "Fewer points can be spent now than you chose. Check the new sum and order again.",
        code="points-changed",
        field="use_points",
        wanted_points=wanted,
        usable_points=usable,
        balance_points=balance,
    )


def earnings(kept_fen: Mapping[UUID, int]) -> list[EarnedLine]:
    """What a completed order brings: whole points for the money kept of all lines, shared by what each line cost."""
    points = sum(kept_fen.values()) * figures()["earning"]["points_per_yuan"] // _YUAN
    shares = share_by_largest_remainder(points, list(kept_fen.values()))
    return [
        EarnedLine(line_id, share, fen) for (line_id, fen), share in zip(kept_fen.items(), shares, strict=True) if share
    ]


def refunded_points(line: LineState) -> tuple[int, int]:
    """What a line that was refunded so far gives back of the points that paid for it, and loses of those it earned,
    beyond what it did before. Refunded whole it gives back and loses all, whatever the steps were."""
    part, whole = (line.refunded_fen, line.payable_fen) if line.payable_fen else (line.refunded_count, line.quantity)
    give = line.spent * part // whole - line.returned
    since_fen = line.refunded_fen - (line.payable_fen - line.basis_fen)
    claw = line.earned * since_fen // line.basis_fen - line.clawed if line.earned else 0
    return max(give, 0), max(claw, 0)


def expiry(earned_at: datetime) -> datetime:
    """The end of the last day, in Shanghai, on which points can be spent."""
    return day_range(business_day(earned_at) + timedelta(days=figures()["lasting"]["days"]))[1]


def remind_until(now: datetime) -> datetime:
    """Points that expire before this are soon gone."""
    return now + timedelta(days=figures()["lasting"]["remind_days"])
