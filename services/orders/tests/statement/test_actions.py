"""A statement beside our books on real PostgreSQL: each way to differ, once; the same file changes nothing."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.payment_sandbox.day_statement import Line
from orders.payment import actions as payment_actions
from orders.payment import rules as payment_rules
from orders.payment import settling
from orders.statement import actions, queries, rules
from services.orders.tests.factories import NOW, placed_order
from services.orders.tests.payment.payment_factories import captured_payment, opened_payment, paid_trade, row_of
from services.orders.tests.statement.provider_books import Provider
from shared.clock import business_day
from shared.errors import Conflict, Invalid, NotFound, Stale

DAY = business_day(NOW)
PAID_AT = NOW + timedelta(minutes=1)
MORNING = NOW + timedelta(days=1)


async def paid(db: AsyncSession, **given: Any) -> tuple[UUID, Line]:
    """A captured payment of 7960 fen and the provider's line of it."""
    order = await placed_order(db)
    payment_id = await captured_payment(
        db, order_id=order.order_id, payable_fen=order.payable_fen, buyer_id=order.buyer.person_id
    )
    transaction_id = (await row_of(db, payment_id)).transaction_id
    line = Line(at=PAID_AT, transaction_id=transaction_id, out_trade_no=payment_id.hex, amount=7960)
    return payment_id, replace(line, **given)


async def refunded(db: AsyncSession, payment_id: UUID, line: Line, *, amount_fen: int = 500) -> tuple[UUID, Line]:
    """A refund that was given, and the provider's line of it."""
    refund_id = uuid4()
    await payment_actions.refund_payment(
        db, refund_id=refund_id, payment_id=payment_id, amount_fen=amount_fen, reason="x", now=PAID_AT
    )
    result = payment_rules.RefundResult(refund_id.hex, "SUCCEEDED", "503", amount_fen, PAID_AT)
    await payment_actions.take_refund_result(db, result, now=PAID_AT)
    back = {"refund_id": "503", "out_refund_no": refund_id.hex, "refund_status": "SUCCESS", "amount": amount_fen}
    return refund_id, replace(line, **back)


async def take(db: AsyncSession, path: Path, *, day: date = DAY, now: datetime = MORNING) -> actions.Taken:
    return await actions.take_statement(
        db,
        path,
        statement_id=uuid4(),
        provider="sandbox",
        business_on=day,
        file_name="file",
        source="DOWNLOADED",
        taken_by=None,
        now=now,
    )


async def found(db: AsyncSession, statement_id: UUID, **wanted: Any) -> list[Any]:
    asked = {"kind": None, "state": None, "q": "", "after": None, "limit": 100, **wanted}
    return await queries.list_differences(db, statement_id, **asked)


async def kinds(db: AsyncSession, provider: Provider, tmp_path: Path, *lines: Line) -> list[tuple[Any, ...]]:
    taken = await take(db, provider.write_lines(list(lines), tmp_path / "file"))
    rows = await found(db, taken.statement_id)
    return sorted((row.subject_kind, row.kind, row.here_fen, row.there_fen) for row in rows)


async def test_what_both_have_is_no_difference_and_the_sums_are_the_same(
    db: AsyncSession, provider: Provider, tmp_path: Path
):
    payment_id, line = await paid(db)
    _, back = await refunded(db, payment_id, line)
    taken = await take(db, provider.write_lines([line, back], tmp_path / "file"))
    assert taken.outcome == "taken"
    row = await queries.get_statement(db, taken.statement_id)
    assert (row.open_count, row.decided_count) == (0, 0)
    assert (row.payment_count, row.payment_fen, row.refund_count, row.refund_fen) == (1, 7960, 1, 500)
    assert (row.own_payment_count, row.own_payment_fen, row.own_refund_count, row.own_refund_fen) == (1, 7960, 1, 500)
    assert row.fee_fen == 48 - 3


async def test_money_that_we_do_not_know_is_missing_here(db: AsyncSession, provider: Provider, tmp_path: Path):
    _, line = await paid(db)
    stranger = replace(line, out_trade_no=uuid4().hex, transaction_id="x1", amount=100)
    not_ours = replace(line, out_trade_no="shop-77", transaction_id="x2", amount=200)
    assert await kinds(db, provider, tmp_path, line, stranger, not_ours) == [
        ("PAYMENT", "MISSING_HERE", None, 100),
        ("PAYMENT", "MISSING_HERE", None, 200),
    ]


async def test_the_same_trade_twice_in_the_file_and_another_transaction_of_it_are_missing_here(
    db: AsyncSession, provider: Provider, tmp_path: Path
):
    _, line = await paid(db)
    _, other = await paid(db)
    again = [line, line, line, replace(other, transaction_id="second")]
    assert await kinds(db, provider, tmp_path, *again) == [
        ("PAYMENT", "MISSING_HERE", 7960, 7960),
        ("PAYMENT", "MISSING_HERE", 7960, 7960),
        ("PAYMENT", "MISSING_HERE", 7960, 7960),
        ("PAYMENT", "MISSING_THERE", 7960, None),
    ]


async def test_what_the_file_does_not_have_is_missing_there(db: AsyncSession, provider: Provider, tmp_path: Path):
    payment_id, line = await paid(db)
    await refunded(db, payment_id, line)
    assert await kinds(db, provider, tmp_path) == [
        ("PAYMENT", "MISSING_THERE", 7960, None),
        ("REFUND", "MISSING_THERE", 500, None),
    ]


async def test_other_days_and_other_providers_are_not_missed(db: AsyncSession, provider: Provider, tmp_path: Path):
    payment_id, _ = await paid(db)
    other, _ = await paid(db)
    await db.execute(
        text("UPDATE payments SET paid_at = paid_at - interval '1 day' WHERE payment_id = :id"), {"id": payment_id}
    )
    await db.execute(text("UPDATE payments SET provider = 'wechat' WHERE payment_id = :id"), {"id": other})
    assert await kinds(db, provider, tmp_path) == []


async def test_amounts_fees_and_states_are_compared(db: AsyncSession, provider: Provider, tmp_path: Path):
    _, wrong_sum = await paid(db, amount=7959)
    _, dear = await paid(db, fee=Decimal("0.80"))
    order = await placed_order(db)
    unpaid = await opened_payment(db, order_id=order.order_id, amount_fen=7960, buyer_id=order.buyer.person_id)
    unknown = Line(at=PAID_AT, transaction_id="t9", out_trade_no=unpaid.hex, amount=7960)
    payment_id, line = await paid(db)
    _, failed = await refunded(db, payment_id, line)
    assert await kinds(
        db, provider, tmp_path, wrong_sum, dear, unknown, line, replace(failed, refund_status="CLOSED")
    ) == [
        ("PAYMENT", "AMOUNT", 7960, 7959),
        ("PAYMENT", "FEE", 48, 80),
        ("PAYMENT", "STATUS", 7960, 7960),
        ("REFUND", "STATUS", 500, 500),
    ]


async def test_a_refund_that_the_file_has_in_process_is_no_difference(
    db: AsyncSession, provider: Provider, tmp_path: Path
):
    payment_id, line = await paid(db)
    _, done = await refunded(db, payment_id, line)
    assert await kinds(db, provider, tmp_path, line, replace(done, refund_status="PROCESSING")) == []


async def test_a_refund_that_stands_in_the_next_days_file_is_found_there(
    db: AsyncSession, provider: Provider, tmp_path: Path
):
    payment_id, line = await paid(db)
    _, back = await refunded(db, payment_id, line)
    first = await take(db, provider.write_lines([line], tmp_path / "first"))
    assert [row.kind for row in await found(db, first.statement_id)] == ["MISSING_THERE"]
    later = replace(back, at=PAID_AT + timedelta(days=1))
    second = await take(db, provider.write_lines([later], tmp_path / "second"), day=DAY + timedelta(days=1))
    assert await found(db, second.statement_id) == []
    [row] = await found(db, first.statement_id)
    assert (row.state, row.reason, row.decided_by) == ("SETTLED", rules.AGREES_NOW, None)


async def everything(db: AsyncSession) -> list[Any]:
    tables = ("statements", "statement_entries", "statement_differences")
    return [(await db.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2"))).all() for table in tables]  # noqa: S608


async def test_the_same_file_twice_changes_nothing(db: AsyncSession, provider: Provider, tmp_path: Path):
    _, line = await paid(db, amount=7000)
    path = provider.write_lines([line], tmp_path / "file")
    first = await take(db, path)
    before = await everything(db)
    again = await take(db, path, now=MORNING + timedelta(hours=5))
    assert again == actions.Taken(first.statement_id, "unchanged")
    assert await everything(db) == before


async def test_a_corrected_file_replaces_the_days_lines_and_keeps_what_was_said(
    db: AsyncSession, provider: Provider, tmp_path: Path
):
    _, kept = await paid(db, amount=7000)
    _, mended = await paid(db, amount=6000)
    first = await take(db, provider.write_lines([kept, mended], tmp_path / "file"))
    row = next(each for each in await found(db, first.statement_id) if each.there_fen == 7000)
    moved = await move(db, row, "explain", "a coupon of the provider's")
    assert moved.state == "EXPLAINED"
    right = replace(mended, amount=7960)
    again = await take(db, provider.write_lines([kept, right], tmp_path / "again"))
    assert (again.statement_id, again.outcome) == (first.statement_id, "replaced")
    states = {each.there_fen: (each.state, each.reason) for each in await found(db, first.statement_id)}
    assert states == {
        7000: ("EXPLAINED", "a coupon of the provider's"),
        6000: ("SETTLED", rules.AGREES_NOW),
    }
    wrong_again = await take(db, provider.write_lines([kept, mended], tmp_path / "file"))
    states = {each.there_fen: each.state for each in await found(db, wrong_again.statement_id)}
    assert states == {7000: "EXPLAINED", 6000: "OPEN"}


async def move(db: AsyncSession, row: Any, verb: str, reason: str = "", revision: int | None = None) -> Any:
    return await actions.move_difference(
        db,
        difference_id=row.difference_id,
        verb=verb,
        reason=reason,
        expected_revision=row.revision if revision is None else revision,
        decided_by=uuid4(),
        now=MORNING,
    )


async def test_a_payment_that_is_found_later_settles_its_difference(
    db: AsyncSession, provider: Provider, tmp_path: Path
):
    order = await placed_order(db)
    payment_id = await opened_payment(db, order_id=order.order_id, amount_fen=7960, buyer_id=order.buyer.person_id)
    line = Line(at=PAID_AT, transaction_id="t9", out_trade_no=payment_id.hex, amount=7960)
    taken = await take(db, provider.write_lines([line], tmp_path / "file"))
    assert await queries.list_unpaid_here(db, taken.statement_id, limit=9) == [payment_id]
    trade = paid_trade(payment_id, 7960, transaction_id="t9", succeeded_at=PAID_AT)
    await settling.take_trade(db, trade, provider="sandbox", now=MORNING)
    await actions.compare_statement(db, statement_id=taken.statement_id, now=MORNING)
    [row] = await found(db, taken.statement_id)
    assert (row.kind, row.state, row.reason) == ("STATUS", "SETTLED", rules.AGREES_NOW)


@pytest.mark.parametrize("state", ["OPEN", "EXPLAINED", "SETTLED"])
@pytest.mark.parametrize("verb", sorted(rules.MOVES))
async def test_a_difference_makes_legal_moves_only(
    db: AsyncSession, provider: Provider, tmp_path: Path, state: str, verb: str
):
    taken = await take(db, provider.write_lines([(await paid(db, amount=7000))[1]], tmp_path / "file"))
    [row] = await found(db, taken.statement_id)
    for step in {"OPEN": [], "EXPLAINED": ["explain"], "SETTLED": ["settle"]}[state]:
        row = await move(db, row, step, "because")
    before, after = rules.MOVES[verb]
    if state in before:
        moved = await move(db, row, verb, "because")
        assert (moved.state, moved.revision) == (after, row.revision + 1)
        assert (moved.reason, moved.decided_by is None) == (("", True) if after == "OPEN" else ("because", False))
        return
    with pytest.raises(Conflict) as refusal:
        await move(db, row, verb, "because")
    assert (refusal.value.code, refusal.value.extra) == ("difference-status", {"status_now": state})
    assert await found(db, taken.statement_id) == [row]


async def test_a_decision_needs_a_reason_the_latest_version_and_a_difference(
    db: AsyncSession, provider: Provider, tmp_path: Path
):
    taken = await take(db, provider.write_lines([(await paid(db, amount=7000))[1]], tmp_path / "file"))
    [row] = await found(db, taken.statement_id)
    with pytest.raises(Invalid, match="Say why"):
        await move(db, row, "settle")
    with pytest.raises(Stale):
        await move(db, row, "settle", "x", revision=9)
    with pytest.raises(IntegrityError, match="decided_is_explained"):
        async with db.begin_nested():
            await db.execute(text("UPDATE statement_differences SET state = 'SETTLED'"))
    assert await found(db, taken.statement_id) == [row]


async def test_a_refused_file_and_an_unknown_provider_leave_nothing(
    db: AsyncSession, provider: Provider, tmp_path: Path
):
    path = provider.write_lines([(await paid(db))[1]], tmp_path / "file")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(Invalid):
        async with db.begin_nested():
            await take(db, path)
    with pytest.raises(NotFound):
        await actions.take_statement(
            db,
            path,
            statement_id=uuid4(),
            provider="cash",
            business_on=DAY,
            file_name="",
            source="UPLOADED",
            taken_by=None,
            now=MORNING,
        )
    assert await everything(db) == [[], [], []]


def test_rates_come_with_their_source_and_begin_on_their_day():
    rate = rules.fee_rate("wechat", DAY)
    assert rate is not None
    assert (rate.rate_bp, bool(rate.source), bool(rate.confidence)) == (60, True, True)
    assert rules.fee_rate("wechat", date(2019, 12, 31)) is None
    assert rules.fee_rate("cash", DAY) is None
