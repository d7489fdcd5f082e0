"""What may become of a group buy, and how an order of its pieces is made."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from orders.order.rules import GROUP_BUY, DraftLine, DraftPart, OrderDraft
from orders.price.rules import Step
from orders.sku.rules import SaleSku
from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "edit": (frozenset({"DRAFT"}), "DRAFT"),
    "open": (frozenset({"DRAFT"}), "OPEN"),
    "form": (frozenset({"OPEN"}), "FORMED"),
    "fail": (frozenset({"OPEN"}), "FAILED"),
    "cancel": (frozenset({"DRAFT", "OPEN"}), "CANCELLED"),
}
JOINABLE = frozenset({"OPEN", "FORMED"})


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `group-buy-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="group-buy")


def ensure_terms(facts: Mapping[str, Any], *, list_price_fen: int, now: datetime, longest: timedelta) -> None:
    """422 `group-price-wrong` unless it is below the SKU's own price, `group-numbers-wrong` for a maximum or a cap that
    the minimum does not fit, `group-end-wrong` for an end that is past or farther off than stock may be set aside."""
    if not facts["price_fen"] < list_price_fen:
        raise Invalid(
            "The group's price lies below the price for one.",
            code="group-price-wrong",
            field="price_fen",
            list_price_fen=list_price_fen,
        )
    if facts["max_count"] is not None and facts["max_count"] < facts["min_count"]:
        raise Invalid("The maximum is not less than the minimum.", code="group-numbers-wrong", field="max_count")
    if not now < facts["closes_at"] <= now + longest:
        raise Invalid(
            "The end lies in the future, and not farther off than stock may be set aside.",
            code="group-end-wrong",
            field="closes_at",
            latest=(now + longest).isoformat(),
        )


def set_aside(min_count: int, max_count: int | None) -> int:
    """How many pieces are held for the group when it opens: all that may be joined, or what it takes to form."""
    return min_count if max_count is None else max_count


def ensure_joinable(status: str, closes_at: datetime, now: datetime) -> None:
    """409 `group-closed`: not open, or its time is over. The database asks again with the group locked."""
    if status not in JOINABLE or now >= closes_at:
        raise refused({"code": "group-closed"})


def refused(refusal: Mapping[str, Any]) -> Conflict:
    """The refusal of a join, as the database words it: {code, left}."""
    told = {
        "group-closed": "This group takes no more orders.",
        "group-full": "Fewer pieces are left of this group.",
        "group-cap": "This is more than one person may have of this group.",
        "stock-short": "There is not enough left.",
    }
    code = refusal["code"]
    more = {"left": refusal["left"]} if "left" in refusal else {}
    return Conflict(told[code], code=code, field="quantity", **more)


def group_sku(sku: SaleSku, *, price_fen: int, set_aside_count: int) -> SaleSku:
    """The SKU as the group sells it: at the group's price and no other, with the pieces that are set aside."""
    return replace(sku, price_fen=price_fen, price_tiers=(), available=sku.available + set_aside_count)


def group_draft(draft: OrderDraft, *, group: Any, list_price_fen: int) -> OrderDraft:
    """The draft as the group's: its mode, and why each line costs what it costs."""
    parts = tuple(_told(part, group, list_price_fen) for part in draft.parts)
    return replace(draft, mode=GROUP_BUY, parts=parts, group_buy_id=group.group_buy_id)


def _told(part: DraftPart, group: Any, list_price_fen: int) -> DraftPart:
    return replace(part, lines=tuple(_line(line, group, list_price_fen) for line in part.lines))


def _line(line: DraftLine, group: Any, list_price_fen: int) -> DraftLine:
    list_fen = list_price_fen * line.quantity
    steps = (
        Step("list", list_fen),
        Step("group-buy", line.amount_fen - list_fen, name=group.title, name_en=group.title_en),
    )
    return replace(line, trace=steps)
