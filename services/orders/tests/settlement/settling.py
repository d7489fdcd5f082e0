"""Orders that were accepted, for tests of how they are paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.acceptance import actions as acceptance_actions
from orders.bank_statement import actions as bank_actions
from orders.bank_statement.models import BankStatement
from orders.invoice_check import actions as invoice_actions
from orders.invoice_check.models import UnitInvoice
from orders.invoice_check.rules import Entry, Line
from orders.settlement import actions, queries
from orders.unit_order import queries as unit_order_queries
from services.orders.tests.acceptance.checking import check_of
from services.orders.tests.factories import NOW
from services.orders.tests.unit_factories import unit as a_unit
from services.orders.tests.unit_order.buying import Bought, delivered
from shared.clock import business_day
from shared.ids import new_id

LATER = NOW + timedelta(days=1)
TODAY = business_day(LATER)


@dataclass(frozen=True, slots=True)
class Owed:
    """An accepted order and the code under which it is paid."""

    deal: Bought
    code: str

    @property
    def order_id(self) -> UUID:
        """The order's."""
        return self.deal.order_id


async def accepted(db: AsyncSession, *quantities: int, missing: int = 0, **given: Any) -> Owed:
    """An order whose goods passed the check, all but so many of the first line, due in thirty days."""
    deal = await delivered(db, *quantities, **{"unit": given.pop("unit", None) or await a_unit(db), **given})
    await acceptance_actions.accept_goods(
        db,
        order_id=deal.order_id,
        check=await check_of(db, deal, missing=missing),
        caller=deal.member("buyer"),
        now=NOW + timedelta(hours=4),
    )
    return Owed(deal, (await unit_order_queries.get_unit_order(db, deal.order_id)).payment_code)


async def checked(db: AsyncSession, *quantities: int, **given: Any) -> Owed:
    """One whose invoices agree: it waits for its money."""
    owed = await accepted(db, *quantities, **given)
    await enter(db, owed)
    await accept(db, owed)
    return owed


async def entry_for(db: AsyncSession, owed: Owed, *, number: str = "", **given: Any) -> Entry:
    """An invoice as it should be, for all that is owed."""
    row = (await queries.lock_owed(db, [owed.order_id], now=LATER))[owed.order_id]
    bought = await queries.list_order_lines(db, owed.order_id)
    left, lines = row.payable_fen, []
    for place, line in enumerate(bought):
        amount = left if place == len(bought) - 1 else min(left, line.payable_fen)
        left -= amount
        lines.append(Line(line.line_id, line.product_title, 900, amount))
    facts: dict[str, Any] = {
        "kind": "E_INVOICE",
        "code": "",
        "number": number or f"{owed.order_id.int % 10**20:020d}",
        "issued_on": TODAY,
        "title": row.unit_name,
        "taxpayer_id": row.uscc,
        "gross_fen": row.payable_fen,
        "lines": tuple(line for line in lines if line.gross_fen > 0),
    }
    return Entry(**{**facts, **given})


async def enter(db: AsyncSession, owed: Owed, *, now: datetime = LATER, **given: Any) -> UnitInvoice:
    """Enter such an invoice."""
    return await invoice_actions.enter_invoice(
        db,
        invoice_id=new_id(),
        order_id=owed.order_id,
        entry=await entry_for(db, owed, **given),
        caller=owed.deal.supplier,
        now=now,
    )


async def accept(db: AsyncSession, owed: Owed, *, reason: str = "", now: datetime = LATER) -> None:
    """The unit accepts its invoices."""
    row = (await queries.lock_owed(db, [owed.order_id], now=now))[owed.order_id]
    await invoice_actions.accept_invoices(
        db,
        order_id=owed.order_id,
        reason=reason,
        expected_revision=row.revision,
        caller=owed.deal.member("finance"),
        now=now,
    )


def statement_file(path: Path, *rows: tuple[str, int, str], payer: str = "示范中学", on: date = TODAY) -> Path:
    """A bank's export of (number, fen, remark) lines."""
    head = "交易日期,交易流水号,收入金额,支出金额,对方户名,附言"
    lines = [f"{on},{number},{fen // 100}.{fen % 100:02d},,{payer},{remark}" for number, fen, remark in rows]
    file = path / f"{new_id()}.csv"
    file.write_text("\n".join((head, *lines)), encoding="utf-8")
    return file


async def bring(db: AsyncSession, owed: Owed, file: Path, *, now: datetime = LATER) -> tuple[BankStatement, int]:
    """The supplier brings the file; how many bookings it made by itself."""
    statement, new = await bank_actions.take_statement(
        db, file, statement_id=new_id(), file_name=file.name, caller=owed.deal.supplier, now=now
    )
    return statement, await actions.match_open_lines(db, new, now=now) if new else 0


async def paid_of(db: AsyncSession, owed: Owed) -> tuple[str, int, int]:
    """Stage, what is paid and what is owed."""
    row = (
        await db.execute(
            text("""
                SELECT own.stage, coalesce(owed.matched_fen, 0) AS matched_fen, own.accepted_fen
                FROM unit_orders AS own LEFT JOIN settlements AS owed USING (order_id) WHERE own.order_id = :order_id
            """),
            {"order_id": owed.order_id},
        )
    ).one()
    return row.stage, row.matched_fen, row.accepted_fen


async def lines_of(db: AsyncSession, owed: Owed) -> Sequence[Any]:
    """The account's transfers by the bank's number: (line_id, number, amount, matched)."""
    return (
        await db.execute(
            text("""
                SELECT line_id, bank_number, amount_fen, matched_fen FROM bank_lines
                WHERE supplier_id = :supplier_id ORDER BY bank_number
            """),
            {"supplier_id": owed.deal.supplier_id},
        )
    ).all()
