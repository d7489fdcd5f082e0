"""What a provider's word means for a payment and a refund."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from orders.payment import rules

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
NUMBER = "0192a3b4c5d67e8f90a1b2c3d4e5f607"


def judge(status: str, trade: rules.Trade, *, transaction_id: str | None = None) -> str:
    return rules.judge_trade(status=status, amount_fen=7960, transaction_id=transaction_id, trade=trade)


def paid(total_fen: int = 7960, transaction_id: str = "4200", currency: str = "CNY") -> rules.Trade:
    return rules.Trade(NUMBER, "SUCCESS", transaction_id, total_fen, currency, NOW)


@pytest.mark.parametrize("status", ["PENDING", "CLOSED"])
def test_money_of_the_right_amount_is_captured_also_after_closing(status: str):
    assert judge(status, paid()) == "capture"


def test_the_same_money_again_is_a_repeat():
    assert judge("PAID", paid(), transaction_id="4200") == "repeat"


def test_other_money_for_a_paid_payment_is_nothing_to_overlook():
    assert judge("PAID", paid(transaction_id="4299"), transaction_id="4200") == "second-transaction"


@pytest.mark.parametrize("trade", [paid(7959), paid(7961), paid(0), paid(currency="USD")])
def test_another_amount_or_currency_is_refused(trade: rules.Trade):
    assert judge("PENDING", trade) == "amount-mismatch"


def test_a_closed_trade_closes_only_an_open_payment():
    closed = rules.Trade(NUMBER, "CLOSED")
    assert judge("PENDING", closed) == "close"
    assert judge("CLOSED", closed) == "nothing"
    assert judge("PAID", closed, transaction_id="4200") == "nothing"


def test_an_unpaid_trade_changes_nothing():
    assert judge("PENDING", rules.Trade(NUMBER, "NOTPAY")) == "nothing"


@pytest.mark.parametrize("number", ["", "x" * 32, NUMBER[:-1], NUMBER + "0", "支" * 32])
def test_a_number_that_cannot_be_ours_names_nothing(number: str):
    assert rules.id_of(number) is None


def test_a_number_leads_back_to_its_payment():
    payment_id = uuid4()
    assert rules.id_of(rules.number_of(payment_id)) == payment_id


def test_checks_slow_down_and_one_falls_just_after_the_end():
    created, end = NOW, NOW + timedelta(minutes=30)

    def after(minutes: float) -> timedelta:
        now = created + timedelta(minutes=minutes)
        return rules.next_check_at(created_at=created, expires_at=end, now=now) - now

    assert after(0) == timedelta(minutes=1)
    assert after(4) == timedelta(minutes=4)
    assert after(15) == timedelta(minutes=10)
    assert after(29) == timedelta(minutes=1, seconds=5)
    assert after(40) == timedelta(minutes=10)


def test_tries_of_a_refund_slow_down_to_hours():
    pauses = [rules.next_try_at(try_count=count, now=NOW) - NOW for count in (0, 1, 5, 30)]
    assert pauses == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=16), timedelta(hours=6)]


def told(state: rules.RefundState, amount_fen: int = 500) -> rules.RefundResult:
    return rules.RefundResult(NUMBER, state, "503", amount_fen, NOW)


@pytest.mark.parametrize(
    ("status", "state", "verdict"),
    [
        ("REQUESTED", "PROCESSING", "apply"),
        ("REQUESTED", "SUCCEEDED", "apply"),
        ("PROCESSING", "SUCCEEDED", "apply"),
        ("PROCESSING", "PROCESSING", "repeat"),
        ("SUCCEEDED", "PROCESSING", "repeat"),
        ("SUCCEEDED", "SUCCEEDED", "repeat"),
        ("SUCCEEDED", "CLOSED", "repeat"),
        ("ABNORMAL", "PROCESSING", "repeat"),
        ("ABNORMAL", "SUCCEEDED", "apply"),
        ("CLOSED", "SUCCEEDED", "repeat"),
    ],
)
def test_a_refund_only_moves_forward(status: str, state: rules.RefundState, verdict: str):
    assert rules.judge_refund(status=status, amount_fen=500, result=told(state)) == verdict


def test_a_refund_of_another_amount_is_refused():
    assert rules.judge_refund(status="PROCESSING", amount_fen=500, result=told("SUCCEEDED", 501)) == (
        "refund-amount-mismatch"
    )
