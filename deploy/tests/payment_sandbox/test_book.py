"""The provider's books: what a trade and a refund may become, and that nothing told is forgotten."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.payment_sandbox.book import Book, Notice, Refund, RefusedError, Trade, timestamp

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def trade(number: str = "order-1", total: int = 1234) -> Trade:
    return Trade(number, f"code-{number}", "香菇", total, "http://n", "a", timestamp(NOW + timedelta(minutes=30)))


def refund(number: str, amount: int, out_trade_no: str = "order-1") -> Refund:
    return Refund(f"503{number}", number, out_trade_no, amount, "", "", timestamp(NOW))


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    opened = Book(tmp_path / "state")
    yield opened
    opened.close()


def test_the_same_order_again_keeps_its_code(book: Book):
    first = book.open_trade(trade(), NOW)
    again = trade()
    again.code = "another"
    assert book.open_trade(again, NOW).code == first.code


def test_a_number_is_used_once(book: Book):
    book.open_trade(trade(), NOW)
    with pytest.raises(RefusedError) as refusal:
        book.open_trade(trade(total=1), NOW)
    assert refusal.value.code == "OUT_TRADE_NO_USED"


def test_an_order_is_paid_once(book: Book):
    opened = book.open_trade(trade(), NOW)
    book.pay(opened, NOW, captured=None, is_forced=False)
    assert (opened.trade_state, opened.captured, opened.success_time) == ("SUCCESS", 1234, "2026-11-22T12:00:00+08:00")
    with pytest.raises(RefusedError) as refusal:
        book.pay(opened, NOW, captured=None, is_forced=True)
    assert refusal.value.code == "ORDERPAID"


def test_a_closed_or_expired_order_takes_money_only_by_force(book: Book):
    late = NOW + timedelta(minutes=30)
    opened = book.open_trade(trade(), NOW)
    assert book.state_of(opened, late) == "CLOSED"
    with pytest.raises(RefusedError) as refusal:
        book.pay(opened, late, captured=None, is_forced=False)
    assert refusal.value.code == "ORDER_CLOSED"
    book.close_trade(opened, NOW)
    book.close_trade(opened, NOW)
    book.pay(opened, late, captured=None, is_forced=True)
    assert book.state_of(opened, late) == "SUCCESS"
    with pytest.raises(RefusedError):
        book.close_trade(opened, late)


def test_refunds_never_exceed_what_was_captured(book: Book):
    opened = book.open_trade(trade(), NOW)
    with pytest.raises(RefusedError) as refusal:
        book.refund(refund("r0", 1), 1234)
    assert refusal.value.code == "TRADE_ERROR"
    book.pay(opened, NOW, captured=None, is_forced=False)
    book.refund(refund("r1", 1000), 1234)
    assert book.refund(refund("r1", 1000), 1234).refund_id == "503r1"
    for wrong in (refund("r2", 235), refund("r1", 999)):
        with pytest.raises(RefusedError) as refusal:
            book.refund(wrong, 1234)
        assert refusal.value.code == "INVALID_REQUEST"
    book.refund(refund("r2", 234), 1234)
    assert [each.amount for each in book.refunds_of(opened)] == [1000, 234]


def test_what_was_told_is_remembered_and_a_line_cut_short_is_not(tmp_path: Path):
    book = Book(tmp_path)
    paid = book.open_trade(trade(), NOW)
    book.open_trade(trade("order-2"), NOW)
    book.pay(paid, NOW, captured=99, is_forced=False)
    book.refund(refund("r1", 9), 99)
    book.save(Notice("open", "order-1", "http://n", "{}", [500]))
    book.save(Notice("over", "order-1", "http://n", "{}", [204], is_over=True))
    book.close()
    with (tmp_path / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"kind":"Trade","out_trade_no":"cut sh')
    for _ in range(2):
        again = Book(tmp_path)
        assert {number: each.trade_state for number, each in again.trades.items()} == {
            "order-1": "REFUND",
            "order-2": "NOTPAY",
        }
        assert (again.trades["order-1"].captured, again.refunds["r1"].amount) == (99, 9)
        assert again.by_code["code-order-2"].out_trade_no == "order-2"
        assert {number: each.answers for number, each in again.notices.items()} == {"open": [500]}
        again.close()
