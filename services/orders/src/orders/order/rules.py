"""What an order may become, and what a payment does to it: values in, a decision out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

PaymentOutcome = Literal["paid", "already-paid", "refund-due"]


@dataclass(frozen=True, slots=True)
class PaymentEffect:
    """What a verified payment did. `reason` says why money must go back and is empty otherwise."""

    outcome: PaymentOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PayableOrder:
    """What a payer must know of an order that waits for its money."""

    order_id: UUID
    order_number: str
    buyer_id: UUID
    payable_fen: int
    payment_due_at: datetime
    description: str
