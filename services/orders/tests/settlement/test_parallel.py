"""Statements, bookings and undoings beside each other: nothing is booked twice, and nobody waits for ever."""

import asyncio
from pathlib import Path

from sqlalchemy import text

from orders.bank_statement import actions as bank_actions
from orders.settlement import actions, queries
from services.orders.tests.settlement.settling import LATER, Owed, bring, checked, lines_of, paid_of, statement_file
from shared.auth import Caller
from shared.db import Database
from shared.errors import Refusal
from shared.ids import new_id


async def sums_agree(database: Database) -> bool:
    """Every counter is the sum of its standing matches."""
    async with database.read() as db:
        wrong = await db.scalar(
            text("""
                SELECT (SELECT count(*) FROM settlements AS owed WHERE matched_fen <> (
                            SELECT coalesce(sum(amount_fen), 0) FROM settlement_matches AS each
                            WHERE each.order_id = owed.order_id AND undone_at IS NULL))
                     + (SELECT count(*) FROM bank_lines AS line WHERE matched_fen <> (
                            SELECT coalesce(sum(amount_fen), 0) FROM settlement_matches AS each
                            WHERE each.line_id = line.line_id AND undone_at IS NULL))
            """)
        )
    return wrong == 0


async def test_two_statements_that_overlap_come_at_once(fresh_database: Database, tmp_path: Path):
    async with fresh_database.begin() as db:
        first = await checked(db, 10)
        second = await checked(db, 2, supplier_id=first.deal.supplier_id)
    shared = [(f"S{place}", 1_000, first.code if place % 2 else second.code) for place in range(20)]
    files = [
        statement_file(tmp_path, *shared, ("A", 35_000, first.code)),
        statement_file(tmp_path, *reversed(shared), ("B", 7_000, second.code)),
    ]

    async def bring_one(file: Path) -> None:
        async with fresh_database.begin() as db:
            await bring(db, first, file)

    await asyncio.gather(*(bring_one(file) for file in files), *(bring_one(file) for file in files))
    async with fresh_database.read() as db:
        assert len(await lines_of(db, first)) == 22
        assert await paid_of(db, first) == ("SETTLED", 35_000, 35_000)
        assert await paid_of(db, second) == ("SETTLED", 7_000, 7_000)
        settled = await db.scalar(text("SELECT count(*) FROM outbox WHERE type = 'orders.order-settled.v1'"))
    assert settled == 2
    assert await sums_agree(fresh_database)


async def test_the_platforms_statement_and_the_suppliers_name_the_same_order(fresh_database: Database, tmp_path: Path):
    async with fresh_database.begin() as db:
        owed = await checked(db, 10)
    file, other = (statement_file(tmp_path, (number, 30_000, owed.code)) for number in ("A", "B"))

    async def bring_it(path: Path, *, by_platform: bool) -> None:
        caller = Caller(new_id(), kind="operator") if by_platform else owed.deal.supplier
        async with fresh_database.begin() as db:
            _, new = await bank_actions.take_statement(
                db, path, statement_id=new_id(), file_name="f", caller=caller, now=LATER
            )
            await actions.match_open_lines(db, new, now=LATER)

    await asyncio.gather(bring_it(file, by_platform=False), bring_it(other, by_platform=True))
    async with fresh_database.read() as db:
        assert await paid_of(db, owed) == ("SETTLED", 35_000, 35_000)
    assert await sums_agree(fresh_database)


async def test_many_book_and_undo_one_transfer_and_one_order(fresh_database: Database, tmp_path: Path):
    async with fresh_database.begin() as db:
        first = await checked(db, 10)
        second = await checked(db, 10, supplier_id=first.deal.supplier_id)
        await bring(db, first, statement_file(tmp_path, ("A", 50_000, "货款"), ("B", 50_000, "货款")))
        lines = [line.line_id for line in await lines_of(db, first)]

    async def book(owed: Owed, place: int) -> str:
        try:
            async with fresh_database.begin() as db:
                await actions.match_line(
                    db,
                    match_id=new_id(),
                    line_id=lines[place % 2],
                    order_id=owed.order_id,
                    amount_fen=7_000,
                    caller=first.deal.supplier,
                    now=LATER,
                )
        except Refusal as refusal:
            return refusal.code
        return "done"

    async def undo(owed: Owed) -> str:
        try:
            async with fresh_database.begin() as db:
                standing = [each for each in await queries.list_matches(db, owed.order_id) if not each.undone_at]
                if standing:
                    await actions.undo_match(
                        db, match_id=standing[0].match_id, reason="错", caller=first.deal.supplier, now=LATER
                    )
        except Refusal as refusal:
            return refusal.code
        return "done"

    told = await asyncio.gather(
        *(book(owed, place) for place in range(8) for owed in (first, second)),
        *(undo(owed) for owed in (first, second) for _ in range(3)),
    )
    assert set(told) <= {"done", "match-too-much", "settlement-stage", "match-undone"}
    assert await sums_agree(fresh_database)
    async with fresh_database.read() as db:
        for owed in (first, second):
            stage, paid, payable = await paid_of(db, owed)
            assert (stage == "SETTLED") == (paid == payable)
