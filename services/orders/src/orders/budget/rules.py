"""A unit's budget: granted for a year and a fund, committed when a purchase is submitted, consumed when goods are
accepted, released when they are not. What is left is never below zero."""

from datetime import datetime
from typing import Final, Literal

from orders.unit.rules import Fund, duties_of
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict

EntryKind = Literal["GRANT", "ADJUST", "COMMIT", "CONSUME", "RELEASE", "RESTORE"]
ENTRY_NAMES: Final[dict[EntryKind, str]] = {
    "GRANT": "下达",
    "ADJUST": "调整",
    "COMMIT": "占用",
    "CONSUME": "支出",
    "RELEASE": "释放",
    "RESTORE": "恢复",
}
"""As files and papers call them."""
LARGEST_FEN: Final = 10**15
"""Ten thousand billion yuan: beyond it a number is a slip."""


def budget_year(now: datetime) -> int:
    """The year whose budget pays what is submitted now: the year in Shanghai."""
    return business_day(now).year


def left_fen(granted_fen: int, committed_fen: int, consumed_fen: int) -> int:
    """What may still be committed."""
    return granted_fen - committed_fen - consumed_fen


def ensure_left(amount_fen: int, left: int, *, year: int, fund: Fund) -> None:
    """409 `budget-exceeded` with what is left."""
    if amount_fen > left:
        raise Conflict(
            f"The budget of {year} for {fund} has {left / 100:.2f} yuan left; this needs {amount_fen / 100:.2f}.",
            code="budget-exceeded",
            year=year,
            fund=fund,
            left_fen=left,
            needed_fen=amount_fen,
        )


def ensure_open(amount_fen: int, open_fen: int) -> None:
    """409 `budget-commitment-exceeded`: no more is consumed or released than is still committed."""
    if amount_fen > open_fen:
        raise Conflict(
            "More than is committed for it cannot be consumed or released.",
            code="budget-commitment-exceeded",
            open_fen=open_fen,
            needed_fen=amount_fen,
        )


def ensure_covers_use(granted_fen: int, used_fen: int) -> None:
    """409 `budget-in-use`: a budget is not cut below what is committed and consumed, nor grown beyond reason."""
    if granted_fen < used_fen or granted_fen > LARGEST_FEN:
        raise Conflict(
            f"Of this budget {used_fen / 100:.2f} yuan are committed or consumed already.",
            code="budget-in-use",
            used_fen=used_fen,
        )


def visible_fund(caller: Caller) -> Fund | None:
    """The only fund that the caller may look at: a canteen's contractor buys for the canteen and for nothing else."""
    return "CANTEEN" if caller.kind == "institution" and duties_of(caller) == {"contractor"} else None
