"""What the payment routes take and tell."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.payment.rules import Method, Pays
from shared.events.envelope import Fen


class PaymentWanted(BaseModel):
    """How the buyer wants to pay."""

    model_config = ConfigDict(extra="forbid")

    provider: str = Field(pattern="^[a-z][a-z0-9-]{0,31}$", description="Who collects the money; `sandbox` moves none.")
    method: Method = Field(
        default="code", description="A code to scan, a page on a computer or a phone, or inside the provider's own app."
    )
    payer_id: str = Field(default="", max_length=128, description="The payer's openid; needed inside the app.")


class ProviderView(BaseModel):
    """A way to pay that is open for business."""

    provider: str
    methods: list[Method]
    is_practice: bool = Field(description="Moves no real money.")


class ProviderList(BaseModel):
    """All of them, in the order in which a payer should see them."""

    items: list[ProviderView]


class PaymentOpened(BaseModel):
    """Where the payer goes now."""

    payment_id: UUID
    provider: str
    method: Method
    amount_fen: Fen
    code_url: str = Field(description="The text of the QR code that the payer scans, or the page to open.")
    pay_url: str | None = Field(description="A page that a browser can open; null where only the code works.")
    in_app_call: dict[str, str] | None = Field(description="Inside WeChat: what its bridge must be called with.")
    expires_at: datetime = Field(description="The provider takes no money after this instant.")


class RefundView(BaseModel):
    """Money on its way back, or back."""

    refund_id: UUID
    amount_fen: Fen
    reason: str
    status: Literal["REQUESTED", "PROCESSING", "SUCCEEDED", "CLOSED", "ABNORMAL"]
    requested_at: datetime
    succeeded_at: datetime | None


class PaymentView(BaseModel):
    """A payment as its buyer sees it."""

    payment_id: UUID
    order_id: UUID
    pays: Pays = Field(description="All that is due of the order, or the deposit of the booking of this id.")
    provider: str
    status: Literal["PENDING", "PAID", "CLOSED"]
    amount_fen: Fen
    captured_fen: Fen = Field(description="What the provider took, in fen.")
    refunded_fen: Fen = Field(description="What goes or went back of it, in fen.")
    effect: Literal["paid", "already-paid", "refund-due"] | None = Field(
        description="What the money did: it paid the order, or it goes back because the order could not take it."
    )
    code_url: str
    pay_url: str | None
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None = Field(description="The provider's time of the payment.")
    closed_at: datetime | None
    refunds: list[RefundView]
    is_refreshed: bool = Field(description="The provider was asked for this answer.")


class AlarmView(BaseModel):
    """A payment that needs a person: what is wrong and the figures on both sides."""

    payment_id: UUID
    order_id: UUID
    provider: str
    status: Literal["PENDING", "PAID", "CLOSED"]
    amount_fen: Fen
    captured_fen: Fen
    refunded_fen: Fen
    alarm: str = Field(
        description="amount-mismatch, second-transaction, refund-amount-mismatch, refund-closed, refund-abnormal, "
        "refund-refused or refund-stuck."
    )
    alarm_at: datetime
    alarm_facts: dict[str, Any]


def pay_url_of(code_url: str) -> str | None:
    """The code's address where a browser can open it; WeChat's own `weixin://` codes can only be scanned."""
    return code_url if code_url.startswith(("https://", "http://")) else None
