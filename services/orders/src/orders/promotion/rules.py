"""Promotions: who may do what to one in which state, what it may look at, and what becomes of its coupons."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.errors import Conflict, Forbidden, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "activate": (frozenset({"DRAFT"}), "ACTIVE"),
    "pause": (frozenset({"ACTIVE"}), "PAUSED"),
    "resume": (frozenset({"PAUSED"}), "ACTIVE"),
    "end": (frozenset({"DRAFT", "ACTIVE", "PAUSED"}), "ENDED"),
}
COUPON_MOVES: Moves = {
    "claim": (frozenset({"ISSUED"}), "CLAIMED"),
    "hold": (frozenset({"CLAIMED"}), "HELD"),
    "use": (frozenset({"HELD"}), "USED"),
    "give_back": (frozenset({"HELD", "USED"}), "CLAIMED"),
}
EDITABLE = frozenset({"DRAFT", "PAUSED"})
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_CHARACTERS = 12
"""59 bits: nobody guesses a code."""


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `promotion-status`."""
    return _status_after(MOVES, verb, status, noun="promotion")


def ensure_editable(status: str) -> None:
    """409 `promotion-status` unless it is a draft or paused: what runs is not changed under the buyers' hands."""
    if status not in EDITABLE:
        raise Conflict("Pause it before you change it.", code="promotion-status", status_now=status)


def named_sku_ids(scope: Mapping[str, Any], terms: Mapping[str, Any]) -> list[UUID]:
    """Every SKU that the promotion names: in its scope, as a piece of a set, as a gift, as an exchange."""
    told = [*scope.get("sku_ids", ())]
    for each in ("items", "gifts", "offers"):
        told += [item["sku_id"] for item in terms.get(each, ())]
    return list(dict.fromkeys(UUID(str(each)) for each in told))


def gift_sku_ids(terms: Mapping[str, Any]) -> list[UUID]:
    """The SKUs that come along for nothing."""
    return [UUID(str(each["sku_id"])) for each in terms.get("gifts", ())]


def ensure_known(named: Iterable[UUID], owners: Mapping[UUID, UUID]) -> None:
    """422 `sku-unknown` for a SKU that the catalog never listed; `owners` are suppliers by SKU."""
    unknown = [str(sku_id) for sku_id in named if sku_id not in owners]
    if unknown:
        raise Invalid("Some of these SKUs are not known.", code="sku-unknown", field="scope", sku_ids=unknown)


def ensure_own(supplier_id: UUID | None, owners: Mapping[UUID, UUID]) -> None:
    """403 `sku-not-yours`: a supplier promotes its own SKUs only; the platform (None) any."""
    strange = [str(sku_id) for sku_id, owner in owners.items() if supplier_id not in (None, owner)]
    if strange:
        raise Forbidden("These SKUs are not yours.", code="sku-not-yours", field="scope", sku_ids=strange)


def granted_fen(before: int | None, after: int | None) -> int | None:
    """What an edit adds to the budget; None where there never was one. 409 `budget-stays` for taking it away."""
    if after is None and before is not None:
        raise Conflict(
            "A budget stays, for orders rest on it. Lower it instead.", code="budget-stays", field="budget_fen"
        )
    return None if after is None else after - (before or 0)


def ensure_running(*, status: str, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """409 `promotion-not-running` unless its coupons may be taken now."""
    if status != "ACTIVE" or not starts_at <= now < ends_at:
        raise Conflict("This promotion does not run now.", code="promotion-not-running", status_now=status)


def ensure_coupons_left(issued: int, wanted: int, limit: int | None) -> None:
    """409 `coupons-gone` beyond the number that the promotion gives out."""
    if limit is not None and issued + wanted > limit:
        raise Conflict("No more coupons of this promotion are given out.", code="coupons-gone", left=limit - issued)


def ensure_claims_left(held: int, cap: int | None) -> None:
    """409 `coupon-claimed` for a person who has as many as one gets."""
    if held >= (cap or 1):
        raise Conflict("You have this coupon already.", code="coupon-claimed", held=held)


def coupon_expiry(*, ends_at: datetime, days: int | None, now: datetime) -> datetime:
    """A coupon ends with its promotion, or so many days after it was taken if that is sooner."""
    return ends_at if days is None else min(ends_at, now + timedelta(days=days))


def new_code() -> str:
    """A code that nobody guesses and nobody misreads."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_CHARACTERS))


def read_code(text: str) -> str:
    """A code as it is kept, however it was typed."""
    return "".join(character for character in text.upper() if character.isalnum())
