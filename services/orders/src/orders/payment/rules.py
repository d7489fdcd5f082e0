"""What may become of a payment and a refund: values in, a decision out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

FIRST_CHECK_AFTER = timedelta(seconds=60)
LONGEST_CHECK_PAUSE = timedelta(minutes=10)
LONGEST_TRY_PAUSE = timedelta(hours=6)
TRIES_BEFORE_ALARM = 5

Method = Literal["code", "page", "mobile", "in-app"]
Pays = Literal["order", "deposit"]
TradeState = Literal["SUCCESS", "NOTPAY", "CLOSED"]
RefundState = Literal["PROCESSING", "SUCCEEDED", "CLOSED", "ABNORMAL"]
Verdict = Literal["capture", "repeat", "close", "nothing", "amount-mismatch", "second-transaction"]

RefundVerdict = Literal["apply", "repeat", "refund-amount-mismatch"]


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """What the provider is asked to collect; `number` is ours, `return_key` is handed through to the cashier.

    `payer_id` is the payer's openid, needed in the provider's own app; `payer_address` the IP address of a phone.
    """

    number: str
    description: str
    amount_fen: int
    expires_at: datetime
    return_key: str
    method: Method = "code"
    payer_id: str = ""
    payer_address: str = ""


@dataclass(frozen=True, slots=True)
class Trade:
    """What the provider says, under its signature, of one of our numbers."""

    number: str
    state: TradeState
    transaction_id: str = ""
    total_fen: int = 0
    currency: str = "CNY"
    succeeded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What the provider is asked to give back; asking again with the same `refund_number` asks for the same refund."""

    refund_number: str
    number: str
    amount_fen: int
    total_fen: int
    reason: str


@dataclass(frozen=True, slots=True)
class RefundResult:
    """What the provider says of a refund."""

    refund_number: str
    state: RefundState
    provider_refund_id: str
    amount_fen: int
    succeeded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified notice: about a trade, about a refund, or of a kind that does not concern us."""

    notice_id: str
    kind: str
    told: Trade | RefundResult | None


MOVES: Final = {
    "capture": (frozenset({"PENDING", "CLOSED"}), "PAID"),
    "close": (frozenset({"PENDING"}), "CLOSED"),
}
"""A payment. Money that comes for a closed one is captured all the same."""
REFUND_MOVES: Final = {
    "take-up": (frozenset({"REQUESTED"}), "PROCESSING"),
    "succeed": (frozenset({"REQUESTED", "PROCESSING", "ABNORMAL"}), "SUCCEEDED"),
    "close": (frozenset({"REQUESTED", "PROCESSING", "ABNORMAL"}), "CLOSED"),
    "stop": (frozenset({"REQUESTED", "PROCESSING"}), "ABNORMAL"),
}
"""A refund, as its provider tells of it; an ABNORMAL one (the payer's account refused it) may still end well."""


def number_of(subject_id: UUID) -> str:
    """Our number of a payment or refund at any provider: 32 hexadecimal digits."""
    return subject_id.hex


def id_of(number: str) -> UUID | None:
    """The payment or refund of a number, or None if the number cannot be ours."""
    try:
        return UUID(hex=number) if len(number) == 32 else None  # noqa: PLR2004 - the hexadecimal digits of an id
    except ValueError:
        return None


def judge_trade(*, status: str, amount_fen: int, transaction_id: str | None, trade: Trade) -> Verdict:
    """What a trade, told by notice or query, means for a payment in this state.

    A closed payment whose money came all the same is captured like an open one: the order decides what then.
    """
    if trade.state == "CLOSED":
        return "close" if status == "PENDING" else "nothing"
    if trade.state != "SUCCESS":
        return "nothing"
    if status == "PAID":
        return "repeat" if trade.transaction_id == transaction_id else "second-transaction"
    if trade.total_fen != amount_fen or trade.currency != "CNY":
        return "amount-mismatch"
    return "capture"


def next_check_at(*, created_at: datetime, expires_at: datetime, now: datetime) -> datetime:
    """When to ask the provider again: after as long as has passed, and just after the payment's end."""
    pause = min(max(now - created_at, FIRST_CHECK_AFTER), LONGEST_CHECK_PAUSE)
    end = expires_at + timedelta(seconds=5)
    return min(now + pause, end) if now < end else now + pause


def next_try_at(*, try_count: int, now: datetime) -> datetime:
    """When to ask for a refund again: pauses double from half a minute to hours."""
    doublings = min(try_count, 20)
    return now + min(timedelta(seconds=30 * 2**doublings), LONGEST_TRY_PAUSE)


def judge_refund(*, status: str, amount_fen: int, result: RefundResult) -> RefundVerdict:
    """What a provider's word on a refund means for a refund in this state.

    SUCCEEDED and CLOSED are final; ABNORMAL (the payer's account refused) may still end well.
    """
    if result.amount_fen != amount_fen:
        return "refund-amount-mismatch"
    if status in {"SUCCEEDED", "CLOSED"} or status == result.state:
        return "repeat"
    if status == "ABNORMAL" and result.state == "PROCESSING":
        return "repeat"
    return "apply"
