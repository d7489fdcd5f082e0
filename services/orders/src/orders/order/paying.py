"""What a verified payment does to its order, and the event that goes with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from orders.order import rules
from shared.events.orders import DeliveryAddress, OrderPaid, SoldLine, SoldPart
from shared.outbox import outbox_values


@dataclass(frozen=True, slots=True)
class PaymentDecision:
    """`event` is the outbox row, as JSON text, of an order that the payment pays; None if it does not."""

    effect: rules.PaymentEffect
    event: str | None


def decide(
    order: Mapping[str, Any], *, payment_id: UUID, paid_fen: int, paid_at: datetime, now: datetime
) -> PaymentDecision:
    """Decide by the order as `lock_order` or `read_order` shows it. Without a lock, saving compares the state again."""
    effect = rules.payment_effect(
        status=order["status"],
        payable_fen=order["payable_fen"],
        settled_by=UUID(order["payment_id"]) if order["payment_id"] else None,
        payment_id=payment_id,
        paid_fen=paid_fen,
    )
    if effect.outcome != "paid":
        return PaymentDecision(effect, None)
    event = outbox_values(_order_paid(order, paid_at), now=now)
    return PaymentDecision(effect, orjson.dumps(event, default=str).decode())


def _order_paid(order: Mapping[str, Any], paid_at: datetime) -> OrderPaid:
    """All that suppliers' shipments and the analysts' facts need."""
    parts = tuple(
        SoldPart.model_validate({**part, "lines": tuple(SoldLine.model_validate(line) for line in part["lines"])})
        for part in order["parts"]
    )
    address = DeliveryAddress(
        recipient=order["recipient"],
        phone=order["phone"],
        county_code=order["county_code"],
        detail=order["address_detail"],
    )
    return OrderPaid.model_validate({**order, "parts": parts, "address": address, "paid_at": paid_at})
