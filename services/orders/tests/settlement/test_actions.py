"""Money finds its order, by its code or by a person's word; nothing is booked beyond what there is."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.settlement import actions, queries, reviewing
from orders.settlement.reviewing import LineReview
from orders.trail import queries as trail_queries
from orders.unit_order import actions as unit_order_actions
from services.orders.tests.settlement.settling import (
    LATER,
    TODAY,
    Owed,
    accept,
    accepted,
    bring,
    checked,
    enter,
    lines_of,
    paid_of,
    statement_file,
)
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from shared.events.institutions import OrderCounted, OrderSettled
from shared.events.orders import ProductReviewed, SupplierOrderSettled
from shared.ids import new_id
from shared.testing import published


async def match(db: AsyncSession, owed: Owed, number: str, amount_fen: int | None = None) -> None:
    [line] = [each for each in await lines_of(db, owed) if each.bank_number == number]
    await actions.match_line(
        db,
        match_id=new_id(),
        line_id=line.line_id,
        order_id=owed.order_id,
        amount_fen=amount_fen,
        caller=owed.deal.supplier,
        now=LATER,
    )


async def test_a_transfer_with_its_code_settles_the_order_by_itself(db: AsyncSession, tmp_path: Path):
    owed = await checked(db, 10)
    statement, count = await bring(db, owed, statement_file(tmp_path, ("A1", 35_000, f"货款 {owed.code}")))
    assert (statement.line_count, statement.bad_count, count) == (1, 0, 1)
    assert await paid_of(db, owed) == ("SETTLED", 35_000, 35_000)
    [settled] = await published(db, OrderSettled)
    assert (settled.order_id, settled.settled_fen) == (owed.order_id, 35_000)
    [share] = await published(db, SupplierOrderSettled)
    assert [(line.quantity, line.payable_fen) for line in share.lines] == [(10, 35_000)]


async def test_the_same_file_twice_changes_nothing_and_overlapping_files_bring_a_line_once(
    db: AsyncSession, tmp_path: Path
):
    owed = await checked(db, 10)
    file = statement_file(tmp_path, ("A1", 10_000, owed.code))
    await bring(db, owed, file)
    again, count = await bring(db, owed, file)
    assert (again.line_count, count) == (1, 0)
    assert await paid_of(db, owed) == ("INVOICE_CHECKED", 10_000, 35_000)
    more, count = await bring(db, owed, statement_file(tmp_path, ("A1", 10_000, owed.code), ("A2", 25_000, owed.code)))
    assert (more.line_count, more.known_count, count) == (1, 1, 1)
    assert await paid_of(db, owed) == ("SETTLED", 35_000, 35_000)


async def test_parts_add_up_and_what_is_too_much_stays_on_the_transfer(db: AsyncSession, tmp_path: Path):
    owed = await checked(db, 10)
    await bring(db, owed, statement_file(tmp_path, ("A1", 20_000, owed.code), ("A2", 20_000, owed.code)))
    assert await paid_of(db, owed) == ("SETTLED", 35_000, 35_000)
    assert [(each.bank_number, each.matched_fen) for each in await lines_of(db, owed)] == [
        ("A1", 20_000),
        ("A2", 15_000),
    ]


async def test_one_transfer_pays_several_orders_or_waits_for_a_person(db: AsyncSession, tmp_path: Path):
    first = await checked(db, 10)
    second = await checked(db, 2, supplier_id=first.deal.supplier_id)
    both = f"{first.code} {second.code}"
    await bring(db, first, statement_file(tmp_path, ("A1", 41_999, both)))
    assert await paid_of(db, first) == ("INVOICE_CHECKED", 0, 35_000)
    await bring(db, first, statement_file(tmp_path, ("A2", 42_000, both)))
    assert await paid_of(db, first) == ("SETTLED", 35_000, 35_000)
    assert await paid_of(db, second) == ("SETTLED", 7_000, 7_000)


async def test_another_suppliers_code_is_nobodys_here(db: AsyncSession, tmp_path: Path):
    owed, other = await checked(db, 10), await checked(db, 10)
    _, count = await bring(db, owed, statement_file(tmp_path, ("A1", 35_000, other.code)))
    assert count == 0
    with pytest.raises(NotFound) as refused:
        [line] = await lines_of(db, owed)
        await actions.match_line(
            db,
            match_id=new_id(),
            line_id=line.line_id,
            order_id=other.order_id,
            amount_fen=None,
            caller=owed.deal.supplier,
            now=LATER,
        )
    assert refused.value.code == "settlement-not-found"
    with pytest.raises(NotFound) as hidden:
        await actions.match_line(
            db,
            match_id=new_id(),
            line_id=line.line_id,
            order_id=other.order_id,
            amount_fen=None,
            caller=other.deal.supplier,
            now=LATER,
        )
    assert hidden.value.code == "bank-line-not-found"


async def test_a_person_books_a_misspelt_transfer_and_can_undo_it(db: AsyncSession, tmp_path: Path):
    owed = await checked(db, 10)
    await bring(db, owed, statement_file(tmp_path, ("A1", 35_000, "货款")))
    await match(db, owed, "A1")
    assert await paid_of(db, owed) == ("SETTLED", 35_000, 35_000)
    [made] = await queries.list_matches(db, owed.order_id)
    with pytest.raises(Invalid) as unexplained:
        await actions.undo_match(db, match_id=made.match_id, reason="", caller=owed.deal.supplier, now=LATER)
    assert unexplained.value.code == "reason-missing"
    with pytest.raises(NotFound):
        await actions.undo_match(db, match_id=made.match_id, reason="错", caller=owed.deal.member("finance"), now=LATER)
    await actions.undo_match(db, match_id=made.match_id, reason="是别的货款", caller=owed.deal.supplier, now=LATER)
    assert await paid_of(db, owed) == ("INVOICE_CHECKED", 0, 35_000)
    assert [each.matched_fen for each in await lines_of(db, owed)] == [0]
    with pytest.raises(Conflict) as twice:
        await actions.undo_match(db, match_id=made.match_id, reason="再来", caller=owed.deal.supplier, now=LATER)
    assert twice.value.code == "match-undone"
    await match(db, owed, "A1")
    assert await paid_of(db, owed) == ("SETTLED", 35_000, 35_000)
    verbs = [entry.verb for entry in await trail_queries.list_trail(db, owed.order_id)]
    assert verbs[-6:] == ["match", "settle", "unsettle", "undo", "match", "settle"]


async def test_what_was_undone_is_not_booked_again_by_itself(db: AsyncSession, tmp_path: Path):
    owed = await checked(db, 10)
    await bring(db, owed, statement_file(tmp_path, ("A1", 10_000, owed.code)))
    [made] = await queries.list_matches(db, owed.order_id)
    await actions.undo_match(db, match_id=made.match_id, reason="是别的货款", caller=owed.deal.supplier, now=LATER)
    [line] = await lines_of(db, owed)
    assert await actions.match_open_lines(db, [line.line_id], now=LATER) == 0
    assert await paid_of(db, owed) == ("INVOICE_CHECKED", 0, 35_000)


async def test_money_that_comes_before_the_invoices_settles_once_they_agree(db: AsyncSession, tmp_path: Path):
    owed = await accepted(db, 10)
    await bring(db, owed, statement_file(tmp_path, ("A1", 35_000, owed.code)))
    assert await paid_of(db, owed) == ("ACCEPTED", 35_000, 35_000)
    await enter(db, owed)
    await accept(db, owed)
    assert await paid_of(db, owed) == ("SETTLED", 35_000, 35_000)


async def test_what_was_refused_is_not_owed(db: AsyncSession, tmp_path: Path):
    owed = await checked(db, 10, 2, missing=3)
    await bring(db, owed, statement_file(tmp_path, ("A1", 42_000, owed.code)))
    assert await paid_of(db, owed) == ("SETTLED", 31_500, 31_500)
    [share] = await published(db, SupplierOrderSettled)
    assert [(line.quantity, line.payable_fen) for line in share.lines] == [(7, 24_500), (2, 7_000)]


async def test_a_dispute_keeps_money_from_being_booked(db: AsyncSession, tmp_path: Path):
    owed = await checked(db, 10)
    await db.execute(
        text("UPDATE unit_orders SET is_disputed = true, paused_at = :now WHERE order_id = :order_id"),
        {"order_id": owed.order_id, "now": LATER},
    )
    _, count = await bring(db, owed, statement_file(tmp_path, ("A1", 35_000, owed.code)))
    assert count == 0
    with pytest.raises(Conflict) as refused:
        await match(db, owed, "A1")
    assert refused.value.code == "settlement-disputed"
    assert await paid_of(db, owed) == ("INVOICE_CHECKED", 0, 35_000)


@pytest.mark.parametrize(("amount_fen", "code"), [(35_001, "match-too-much"), (20_001, "match-too-much")])
async def test_nobody_books_more_than_is_left_or_owed(db: AsyncSession, tmp_path: Path, amount_fen: int, code: str):
    owed = await checked(db, 10)
    await bring(db, owed, statement_file(tmp_path, ("A1", 20_000, "货款")))
    with pytest.raises(Invalid) as refused:
        await match(db, owed, "A1", amount_fen)
    assert refused.value.code == code
    assert await paid_of(db, owed) == ("INVOICE_CHECKED", 0, 35_000)


async def test_a_card_payment_counts_when_its_supplier_confirms_it(db: AsyncSession):
    owed = await checked(db, 10)
    payment = await actions.tell_payment(
        db,
        payment_id=new_id(),
        order_id=owed.order_id,
        way="OFFICIAL_CARD",
        amount_fen=35_000,
        paid_on=TODAY,
        voucher="POS-1",
        caller=owed.deal.member("finance"),
        now=LATER,
    )
    assert await paid_of(db, owed) == ("INVOICE_CHECKED", 0, 35_000)
    facts = {"payment_id": payment.payment_id, "reason": "", "expected_revision": 1, "now": LATER}
    with pytest.raises(NotFound):
        await actions.move_payment(db, verb="confirm", caller=owed.deal.member("finance"), **facts)
    await actions.move_payment(db, verb="confirm", caller=owed.deal.supplier, **facts)
    assert await paid_of(db, owed) == ("SETTLED", 35_000, 35_000)
    with pytest.raises(Conflict) as refused:
        await actions.move_payment(
            db, verb="withdraw", caller=owed.deal.member("finance"), **{**facts, "expected_revision": 2}
        )
    assert refused.value.code == "payment-status"


@pytest.mark.parametrize(
    ("roles", "facts", "code"),
    [
        (("buyer",), {}, "duty-missing"),
        (("finance",), {"amount_fen": 35_001}, "match-too-much"),
        (("finance",), {"paid_on": TODAY + timedelta(days=1)}, "payment-day-future"),
    ],
)
async def test_a_payment_is_told_by_who_may_and_of_what_is_owed(
    db: AsyncSession, roles: tuple[str, ...], facts: dict[str, object], code: str
):
    owed = await checked(db, 10)
    told = {"way": "TREASURY", "amount_fen": 35_000, "paid_on": TODAY, "voucher": "", **facts}
    with pytest.raises(Refusal) as refused:
        await actions.tell_payment(
            db,
            payment_id=new_id(),
            order_id=owed.order_id,
            caller=owed.deal.member(*roles),
            now=LATER,
            **told,  # type: ignore[arg-type]
        )
    assert refused.value.code == code
    assert await db.scalar(text("SELECT count(*) FROM unit_payments")) == 0


async def test_the_review_of_every_line_completes_the_order_and_only_then_it_counts(db: AsyncSession, tmp_path: Path):
    owed = await checked(db, 10, 2)
    [first, second] = [line.line_id for line in await queries.list_order_lines(db, owed.order_id)]
    said = [LineReview(first, 5, "很好"), LineReview(second, 4, "")]
    with pytest.raises(Conflict) as early:
        await review(db, owed, said)
    assert early.value.code == "settlement-stage"
    await bring(db, owed, statement_file(tmp_path, ("A1", 42_000, owed.code)))
    for wrong, code in ((said[:1], "reviews-incomplete"), ([*said, said[0]], "review-twice")):
        with pytest.raises(Invalid) as refused:
            await review(db, owed, wrong)
        assert refused.value.code == code
    with pytest.raises(Forbidden) as unfit:
        await reviewing.review_order(
            db, order_id=owed.order_id, reviews=said, caller=owed.deal.member("finance"), now=LATER
        )
    assert unfit.value.code == "duty-missing"
    assert await published(db, OrderCounted) == []
    await review(db, owed, said)
    assert await paid_of(db, owed) == ("COMPLETED", 42_000, 42_000)
    [counted] = await published(db, OrderCounted)
    assert (counted.order_id, counted.counted_fen) == (owed.order_id, 42_000)
    assert len(await published(db, ProductReviewed)) == 2
    [made] = await queries.list_matches(db, owed.order_id)
    with pytest.raises(Conflict) as final:
        await actions.undo_match(db, match_id=made.match_id, reason="错", caller=owed.deal.supplier, now=LATER)
    assert final.value.code == "settlement-stage"


async def review(db: AsyncSession, owed: Owed, said: list[LineReview]) -> None:
    await reviewing.review_order(db, order_id=owed.order_id, reviews=said, caller=owed.deal.member("buyer"), now=LATER)


async def test_money_of_an_order_that_was_voided_can_be_freed(db: AsyncSession, tmp_path: Path):
    owed = await accepted(db, 10)
    await bring(db, owed, statement_file(tmp_path, ("A1", 10_000, owed.code)))
    await unit_order_actions.move_on(db, order_id=owed.order_id, verb="void", actor="operator", now=LATER)
    [made] = await queries.list_matches(db, owed.order_id)
    await actions.undo_match(db, match_id=made.match_id, reason="退回", caller=owed.deal.supplier, now=LATER)
    assert [each.matched_fen for each in await lines_of(db, owed)] == [0]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE settlements SET matched_fen = 35000",
        "UPDATE settlements SET payable_fen = 9999",
        "UPDATE settlements SET settled_at = now()",
        "UPDATE bank_lines SET matched_fen = 0",
        "UPDATE bank_lines SET amount_fen = 9999",
        "DELETE FROM settlement_matches",
        "UPDATE settlement_matches SET amount_fen = 5",
        (
            "INSERT INTO settlement_matches (match_id, order_id, line_id, amount_fen, is_manual, matched_at)"
            " SELECT gen_random_uuid(), order_id, line_id, 1, false, now() FROM settlement_matches"
        ),
    ],
)
async def test_the_database_holds_the_sums_itself(db: AsyncSession, tmp_path: Path, statement: str):
    owed = await checked(db, 10)
    await bring(db, owed, statement_file(tmp_path, ("A1", 10_000, owed.code)))
    with pytest.raises(IntegrityError):
        async with db.begin_nested():
            await db.execute(text(statement))
    assert await paid_of(db, owed) == ("INVOICE_CHECKED", 10_000, 35_000)
