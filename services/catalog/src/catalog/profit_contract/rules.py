"""What a contract may promise, to whom, and when it may move on."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

WHOLE_BP = 10_000
BASES = ("line_payable", "net_proceeds")
STATUSES = ("DRAFT", "SUBMITTED", "CONFIRMED", "RETURNED", "ENDED")
MOVES: Moves = {
    "submit": (frozenset({"DRAFT", "RETURNED"}), "SUBMITTED"),
    "confirm": (frozenset({"SUBMITTED"}), "CONFIRMED"),
    "return": (frozenset({"SUBMITTED"}), "RETURNED"),
    "end": (frozenset({"CONFIRMED"}), "ENDED"),
}
EDITABLE = frozenset({"DRAFT", "RETURNED"})
COLLECTIVE = ""
"""Stands where a household's key stands when the village's collective gets the whole share."""


@dataclass(frozen=True)
class Terms:
    """What a contract promises. `deduction_bp`: the part of the payable amount that counts as costs (net proceeds)."""

    basis: str
    share_bp: int
    deduction_bp: int = 0


@dataclass(frozen=True)
class Beneficiary:
    """Who gets a portion (a household's key, or COLLECTIVE), in proportion to `weight`."""

    household_key: str
    weight: int


@dataclass(frozen=True)
class Contract:
    """A contract as what was settled is shared under it."""

    contract_id: UUID
    supplier_id: UUID
    county_code: str
    township: str
    village: str
    product_id: UUID | None
    terms: Terms
    beneficiaries: tuple[Beneficiary, ...]


def status_after(verb: str, status: str) -> str:
    """Where a verb leads; 409 `profit-contract-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="profit-contract", called="a contract")


def ensure_editable(status: str) -> None:
    """409 `profit-contract-status` unless it may be edited."""
    if status not in EDITABLE:
        raise Conflict(
            f"A contract that is {status} is not edited any more.", code="profit-contract-status", status_now=status
        )


def ensure_terms(terms: Terms, *, floor_bp: int | None) -> None:
    """422 `share-below-floor`, and `deduction-not-allowed` for costs taken off a share of the payable amount."""
    if terms.basis == "line_payable" and terms.deduction_bp:
        raise Invalid(
            "A share of the payable amount knows no deduction: choose net proceeds.",
            code="deduction-not-allowed",
            field="deduction_bp",
        )
    if floor_bp is not None and terms.share_bp < floor_bp:
        raise Invalid(
            f"The share must be at least {floor_bp / 100:g} %.",
            code="share-below-floor",
            field="share_bp",
            floor_bp=floor_bp,
        )


def ensure_within_whole(other_share_bps: Sequence[int], share_bp: int) -> None:
    """409 `shares-exceed-whole` if contracts on the same goods at the same time would give away more than all."""
    promised = sum(other_share_bps) + share_bp
    if promised > WHOLE_BP:
        raise Conflict(
            f"Together with the contracts in force this would give away {promised / 100:g} % of the money.",
            code="shares-exceed-whole",
            field="share_bp",
            promised_bp=promised,
        )
