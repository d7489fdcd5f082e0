"""What `place_order` in the database refuses, as refusals of the draft that it was asked to save."""

from collections.abc import Callable
from typing import Any

from orders.donation.rules import recipient_closed
from orders.group_buy import rules as group_rules
from orders.order import rules
from orders.pickup_point.rules import point_closed
from orders.point import rules as point_rules
from shared.errors import Conflict
from shared.idempotency import still_running


class PromotionLost(Conflict):
    """A promotion that the draft rests on was changed, or somebody else took what was left of it."""

    code = "promotion-changed"


def refusal_of(refused: dict[str, Any], draft: rules.OrderDraft) -> Conflict:
    """The refusal to raise; with none of ours, somebody is at it under the same Idempotency-Key."""
    for name, worded in _WORDED.items():
        if name in refused:
            return worded(refused[name], draft)
    return still_running()


def _points(left: int, draft: rules.OrderDraft) -> Conflict:
    return point_rules.points_changed(draft.points, usable=min(left, draft.points), balance=left)


def _promotion(told: dict[str, Any], _: rules.OrderDraft) -> Conflict:
    return PromotionLost("A promotion changed at this very moment. Check the new sum and order again.", **told)


def _skus(sku_ids: list[str], _: rules.OrderDraft) -> Conflict:
    return Conflict("A product changed at this very moment. Try again.", code="sku-changed", sku_ids=sku_ids)


_WORDED: dict[str, Callable[[Any, rules.OrderDraft], Conflict]] = {
    "refused_group": lambda told, _: group_rules.refused(told),
    "shortages": lambda told, _: rules.stock_short(told),
    "refused_promotion": _promotion,
    "points_left": _points,
    "pickup_changed": lambda *_: point_closed(),
    "recipient_changed": lambda *_: recipient_closed(),
    "changed": _skus,
}
