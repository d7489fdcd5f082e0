"""Reads of invoices, and of what they are held against."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.invoice_check.models import UnitInvoice, UnitInvoiceLine
from orders.invoice_check.rules import Entry, Line, Owed, OwedLine
from orders.settlement import queries as settlement_queries
from shared.errors import NotFound


def no_such_invoice() -> NotFound:
    """The refusal of an invoice that is not there, or not the caller's."""
    return NotFound("There is no such invoice, or it is not yours.", code="invoice-not-found")


async def get_invoice(db: AsyncSession, invoice_id: UUID) -> UnitInvoice:
    """It, whoever asks, as it stands now. 404 `invoice-not-found`."""
    found = await db.get(UnitInvoice, invoice_id, populate_existing=True)
    if found is None:
        raise no_such_invoice()
    return found


async def list_invoices(db: AsyncSession, order_id: UUID) -> Sequence[UnitInvoice]:
    """An order's invoices in the order in which they were entered."""
    chosen = select(UnitInvoice).where(UnitInvoice.order_id == order_id)
    ordered = chosen.order_by(UnitInvoice.entered_at, UnitInvoice.invoice_id)
    return (await db.scalars(ordered.execution_options(populate_existing=True))).all()


async def list_lines(db: AsyncSession, invoice_ids: Sequence[UUID]) -> Mapping[UUID, list[UnitInvoiceLine]]:
    """The lines by invoice, as they stand on it."""
    chosen = select(UnitInvoiceLine).where(UnitInvoiceLine.invoice_id.in_(invoice_ids))
    ordered = chosen.order_by(UnitInvoiceLine.invoice_id, UnitInvoiceLine.line_number)
    found: dict[UUID, list[UnitInvoiceLine]] = {}
    for line in await db.scalars(ordered.execution_options(populate_existing=True)):
        found.setdefault(line.invoice_id, []).append(line)
    return found


def entry_of(invoice: UnitInvoice, lines: Sequence[UnitInvoiceLine]) -> Entry:
    """The invoice as the rules read it."""
    return Entry(
        kind=invoice.kind,  # type: ignore[arg-type]
        code=invoice.code,
        number=invoice.number,
        issued_on=invoice.issued_on,
        title=invoice.title,
        taxpayer_id=invoice.taxpayer_id,
        gross_fen=invoice.gross_fen,
        lines=tuple(Line(each.order_line_id, each.name, each.rate_bp, each.gross_fen) for each in lines),
    )


async def get_owed(db: AsyncSession, row: Row[Any]) -> Owed:
    """What the invoices of a settlement (a row of its queries) are held against: paid from the union's fund, they name
    the union's committee."""
    is_union = row.fund == "UNION" and bool(row.union_name)
    lines = await settlement_queries.list_order_lines(db, row.order_id)
    return Owed(
        payable_fen=row.payable_fen,
        is_union=is_union,
        title=row.union_name if is_union else row.unit_name,
        taxpayer_id=row.union_uscc if is_union else row.uscc,
        lines=tuple(_owed_line(line) for line in lines),
    )


def _owed_line(line: Row[Any]) -> OwedLine:
    names = (line.invoice_name, line.product_title, f"{line.product_title}{line.specification}")
    rate = None if line.tax is None else 0 if line.tax.get("is_exempt") else line.tax.get("rate_bp")
    return OwedLine(
        line.line_id, tuple(dict.fromkeys(each for each in names if each)), rate, line.payable_fen, line.delivery_fen
    )
