"""What is lost on its way: who bears it, which lines it is of, and from when a buyer may say that nothing came."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from shared.errors import Conflict, Invalid

_WHOLE_BP = 10_000
UNDER_WAY = frozenset({"PARTLY_SHIPPED", "SHIPPED"})


@cache
def figures() -> dict[str, Any]:
    """The figures of loss_rules.toml."""
    return tomllib.loads(files("orders.loss").joinpath("loss_rules.toml").read_text(encoding="utf-8"))


def carrier_bp() -> int:
    """The carrier's share of what goes back, in basis points."""
    return int(figures()["fault"]["carrier_bp"])


def ensure_share(bp: int, *, now_bp: int, shared_fen: int) -> None:
    """409 `nothing-to-share` where nothing went back, `share-unchanged`; 422 `share-out-of-bounds`."""
    if shared_fen == 0:
        raise Conflict("No money went back for it.", code="nothing-to-share")
    fault = figures()["fault"]
    if not int(fault["least_bp"]) <= bp <= int(fault["most_bp"]) or bp % int(fault["step_bp"]):
        raise Invalid("The carrier cannot bear that share.", code="share-out-of-bounds", field="carrier_bp")
    if bp == now_bp:
        raise Conflict("The carrier bears that share already.", code="share-unchanged")


def carrier_part(total_fen: int, bp: int) -> int:
    """What of the money the carrier bears; the odd fen is the supplier's."""
    return total_fen * bp // _WHOLE_BP


def delivery_goes_back() -> bool:
    """Whether the pieces' share of the delivery goes back with them."""
    return bool(figures()["delivery"]["goes_back"])


def ensure_under_way(fulfilment: str) -> None:
    """409 `part-not-under-way`: what has not left, or has ended, cannot be lost."""
    if fulfilment not in UNDER_WAY:
        raise Conflict("Nothing of the part is under way.", code="part-not-under-way", fulfilment=fulfilment)


def ensure_sent(fulfilment: str) -> None:
    """409 `part-not-under-way`: a part of which something is still to be sent does not end."""
    if fulfilment != "SHIPPED":
        raise Conflict("Not all of the part has left.", code="part-not-under-way", fulfilment=fulfilment)


def portions(lines: Sequence[tuple[UUID, UUID, int]], quantities: Mapping[UUID, int]) -> list[tuple[UUID, int]]:
    """Lines and their lost pieces, in SKU order: of each line (id, SKU, pieces that nobody spoke for) as many as are
    lost of its SKU, first line first."""
    rest, found = dict(quantities), []
    for line_id, sku_id, left_count in sorted(lines, key=lambda line: line[1]):
        count = min(rest.get(sku_id, 0), left_count)
        if count > 0:
            rest[sku_id] -= count
            found.append((line_id, count))
    return found


def reportable_from(promised_until: date | None, shipped_on: date) -> date:
    """The first day on which a buyer may say that nothing came."""
    days = timedelta(days=int(figures()["report"]["days_without_promise"]))
    return (promised_until or shipped_on + days) + timedelta(days=1)


def ensure_promise_over(from_day: date, *, today: date) -> None:
    """409 `promise-not-over` (extra `from_day`) before the first day on which a buyer may say that nothing came."""
    if today < from_day:
        raise Conflict(
            "It may still arrive in time. Please wait until that day.",
            code="promise-not-over",
            from_day=from_day.isoformat(),
        )
