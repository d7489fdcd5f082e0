"""What a settled line gives under a contract, how households divide it, what a refund takes back. Sums are exact."""

from collections.abc import Sequence
from datetime import date

from catalog.profit_contract.rules import WHOLE_BP, Beneficiary, Terms
from shared.errors import Conflict, Invalid
from shared.money import share_by_largest_remainder


def base_fen(payable_fen: int, terms: Terms) -> int:
    """The amount that the share is taken of: the payable amount, or what is left of it after the agreed deduction."""
    return payable_fen - payable_fen * terms.deduction_bp // WHOLE_BP


def share_fen(payable_fen: int, terms: Terms) -> int:
    """A line's share in fen, rounded down: what is left over is the supplier's."""
    return base_fen(payable_fen, terms) * terms.share_bp // WHOLE_BP


def portions(share: int, beneficiaries: Sequence[Beneficiary]) -> list[tuple[str, int]]:
    """The share divided by weight, by largest remainder: the portions sum to it exactly."""
    parts = share_by_largest_remainder(share, [each.weight for each in beneficiaries])
    return [(each.household_key, part) for each, part in zip(beneficiaries, parts, strict=True)]


def reversed_fen(share: int, *, payable_fen: int, refunded_fen: int) -> int:
    """How much of a share all refunds of its line together take back: in proportion, rounded down, and all of it when
    all is refunded."""
    return share * min(refunded_fen, payable_fen) // payable_fen if payable_fen else share


def reversal_portions(original: Sequence[tuple[str, int]], *, before_fen: int, after_fen: int) -> list[tuple[str, int]]:
    """What each gives back (negative) when the whole taken back grows from `before_fen` to `after_fen`: the sums are
    exact at each step, and when all is taken back each has given back just what it got."""
    weights = [part for _, part in original]
    before, after = share_by_largest_remainder(before_fen, weights), share_by_largest_remainder(after_fen, weights)
    return [(key, old - new) for (key, _), old, new in zip(original, before, after, strict=True)]


def month_of(day: date) -> date:
    """The first day of its month: shares are paid out by the month."""
    return day.replace(day=1)


def ensure_month_over(period_on: date, today: date) -> None:
    """422 `period-not-over` for a month that still runs; `period-not-a-month` for a day that is no first."""
    if period_on.day != 1:
        raise Invalid("Name the period by the first day of its month.", code="period-not-a-month", field="period_on")
    if month_of(today) <= period_on:
        raise Invalid("This month is not over yet.", code="period-not-over", field="period_on")


def ensure_due(amount_fen: int) -> None:
    """409 `payout-nothing-due` unless something is left to be paid (what refunds took back counts against it)."""
    if amount_fen <= 0:
        raise Conflict("Up to this month nothing is left to be paid.", code="payout-nothing-due", amount_fen=amount_fen)
