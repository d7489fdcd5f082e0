"""What of a transfer pays for which order, and which order a misspelt code may have meant."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as moved

PayWay = Literal["B2B_EBANK", "IDENT_CODE_TRANSFER", "OFFICIAL_CARD", "TREASURY"]
"""企业网银、识别码转账、公务卡、国库集中支付."""
PaymentStatus = Literal["TOLD", "RECEIVED", "REFUSED", "WITHDRAWN"]
Hint = Literal["code", "code-near", "amount", "payer"]
TOLD, RECEIVED, REFUSED, WITHDRAWN = "TOLD", "RECEIVED", "REFUSED", "WITHDRAWN"

# A unit tells that it paid; its supplier says whether the money came.
PAYMENT_MOVES: Moves = {
    "confirm": (frozenset({TOLD}), RECEIVED),
    "refuse": (frozenset({TOLD}), REFUSED),
    "withdraw": (frozenset({TOLD}), WITHDRAWN),
}
PAYABLE: Final = frozenset({"ACCEPTED", "INVOICE_CHECKED"})
"""Stages of a unit's order whose money may arrive: an early transfer is no mistake."""
MOST_PROPOSALS: Final = 10
_NEAR: Final = 2
_CODE_BEGINS, _CODE_LENGTH = "ZN", 13
_MISREAD: Final = str.maketrans("ILO", "110")  # letters that no code has, as Crockford's digits are meant
_NOT_OF_A_CODE = re.compile(r"[^0-9A-Z]+")
_BETWEEN = re.compile(r"(?<=[0-9A-Z])[\s_\-/.·]+(?=[0-9A-Z])")


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """What is still to be paid of an order, and by which code; `payers` are the names that its money may come from."""

    order_id: UUID
    code: str
    open_fen: int
    payers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """So much of a transfer pays for this order."""

    order_id: UUID
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """An order that a transfer may have meant, and why; a person decides."""

    order_id: UUID
    hints: tuple[Hint, ...]
    distance: int


def payment_status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `payment-status`."""
    return moved(PAYMENT_MOVES, verb, status, noun="payment")


def ensure_undoable(stage: str) -> None:
    """409 `settlement-stage` for money of an order that is reviewed: it counts already."""
    if stage == "COMPLETED":
        raise Conflict("This order is completed: its payment stays.", code="settlement-stage", stage_now=stage)


def ensure_payable(stage: str, *, is_disputed: bool) -> None:
    """409 `settlement-stage` unless money for the order may be booked now; 409 `settlement-disputed`."""
    if stage not in PAYABLE:
        raise Conflict(
            f"Money is booked for orders that were accepted and are not settled; this one is {stage}.",
            code="settlement-stage",
            stage_now=stage,
        )
    if is_disputed:
        raise Conflict("This order is disputed: it rests until that is settled.", code="settlement-disputed")


def ensure_amount(amount_fen: int, *, line_left_fen: int, order_open_fen: int) -> None:
    """422 `match-too-much` for more than is left of the transfer or open of the order."""
    most = min(line_left_fen, order_open_fen)
    if amount_fen > most:
        raise Invalid(
            "That is more than is left of the transfer or still owed for the order.",
            code="match-too-much",
            field="amount_fen",
            most_fen=most,
        )


def windows(remark: str) -> set[str]:
    """Whatever in a remark could be a code by its beginning and length."""
    return {
        run[start : start + _CODE_LENGTH]
        for run in _runs(remark)
        for start in range(len(run) - _CODE_LENGTH + 1)
        if run.startswith(_CODE_BEGINS, start)
    }


def codes_in(remark: str, known: Collection[str]) -> list[str]:
    """The known codes that stand in a remark, in their order, each once, however they are parted by blanks or dashes
    or grown together with what stands beside them."""
    return list(
        dict.fromkeys(
            run[start : start + _CODE_LENGTH]
            for run in _runs(remark)
            for start in range(len(run))
            if run[start : start + _CODE_LENGTH] in known
        )
    )


def shares_of(left_fen: int, open_orders: Sequence[OpenOrder]) -> list[Share]:
    """What of a transfer that names these orders is booked without anybody's word.

    One order takes what it needs, a part being a part. Several take all that they need if the money is enough; if it
    is not, a person says which of them it was for. What is more than all need stays on the transfer.
    """
    needing = [each for each in open_orders if each.open_fen > 0]
    if len(needing) > 1 and sum(each.open_fen for each in needing) > left_fen:
        return []
    shares = []
    for each in needing:
        amount = min(left_fen, each.open_fen)
        if amount > 0:
            shares.append(Share(each.order_id, amount))
        left_fen -= amount
    return shares


def proposals(
    remark: str, payer: str, left_fen: int, open_orders: Iterable[OpenOrder], *, most: int = MOST_PROPOSALS
) -> list[Proposal]:
    """Orders that a transfer may have meant, the likeliest first: by a code that stands there or nearly does (two
    letters wrong, missing, too many or changed about), by exactly the open amount, by who pays. Amount or payer alone
    is a hint; nothing at all is no proposal."""
    runs = _runs(remark)
    found = []
    for each in open_orders:
        distance = min((_distance_within(run, each.code) for run in runs), default=len(each.code))
        hints: list[Hint] = []
        if distance <= _NEAR:
            hints.append("code" if distance == 0 else "code-near")
        if each.open_fen == left_fen:
            hints.append("amount")
        if payer and _folded(payer) in {_folded(name) for name in each.payers if name}:
            hints.append("payer")
        if hints:
            found.append(Proposal(each.order_id, tuple(hints), distance))
    found.sort(key=lambda each: (*_rank(each), each.order_id))
    return found[:most]


def _rank(each: Proposal) -> tuple[int, int]:
    is_near = each.distance <= _NEAR
    return -(2 * is_near + len(each.hints)), each.distance


def _runs(remark: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", remark).upper().translate(_MISREAD)
    return [run for run in _NOT_OF_A_CODE.split(_BETWEEN.sub("", plain)) if run]


def _folded(name: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", name)).lower()


def _distance_within(run: str, code: str) -> int:
    """How many letters must be changed, left out, put in or changed about so that the code stands somewhere in the
    run (Sellers: the run may begin and end anywhere)."""
    before: list[int] = []
    above = list(range(len(code) + 1))
    least = above[-1]
    for place, letter in enumerate(run):
        row = [0]
        for index, wanted in enumerate(code):
            value = min(above[index] + (letter != wanted), above[index + 1] + 1, row[index] + 1)
            if index and place and letter == code[index - 1] and run[place - 1] == wanted:
                value = min(value, before[index - 1] + 1)
            row.append(value)
        before, above = above, row
        least = min(least, row[-1])
    return least
