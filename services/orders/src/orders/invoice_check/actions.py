"""Entering invoices, correcting and rejecting them, and accepting what agrees.

Lock order: the order, its settlement (both through `settlement.queries.lock_one`), then the invoice.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.invoice_check import documents, queries, rules
from orders.invoice_check.models import UnitInvoice, UnitInvoiceLine
from orders.invoice_check.rules import Difference, Entry
from orders.settlement import actions as settlement_actions
from orders.settlement import queries as settlement_queries
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from orders.unit import queries as unit_queries
from orders.unit.rules import ensure_duty
from orders.unit_order import actions as unit_order_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh
from shared.files import Files

# Whoever writes a number first has it; a twin waits for it and is refused.
_TAKE_NUMBER = text("SELECT pg_advisory_xact_lock(hashtextextended('invoice ' || :code || ' ' || :number, 20_29))")
_IS_TAKEN = text("""
    SELECT EXISTS (SELECT FROM unit_invoices
                   WHERE number = :number AND code = :code AND status <> 'WITHDRAWN' AND invoice_id <> :invoice_id)
""")

# Whoever accepts must have seen the invoices as they are: each change of one makes a new revision of the settlement.
_TOUCH = text("UPDATE settlements SET revision = revision + 1 WHERE order_id = :order_id")


async def enter_invoice(
    db: AsyncSession, *, invoice_id: UUID, order_id: UUID, entry: Entry, caller: Caller, now: datetime
) -> UnitInvoice:
    """The supplier enters an invoice for what was accepted; several may come to it together.

    404 `settlement-not-found`; 409 `settlement-stage`, `settlement-disputed`, `invoice-number-used`; 422 as
    `rules.checked_entry` says, and `invoice-line-unknown`.
    """
    owed = await _lock_own(db, order_id, caller, now=now)
    checked = await _checked(db, owed, entry, invoice_id, now)
    invoice = UnitInvoice(
        invoice_id=invoice_id,
        order_id=order_id,
        supplier_id=owed.supplier_id,
        unit_id=owed.unit_id,
        entered_by=caller.person_id,
        entered_at=now,
    )
    _write(invoice, checked)
    db.add(invoice)
    await db.flush()
    await _write_lines(db, invoice, checked)
    await _record(db, invoice, "enter-invoice", None, "", caller, now)
    return invoice


async def correct_invoice(
    db: AsyncSession, *, invoice_id: UUID, entry: Entry, expected_revision: int, caller: Caller, now: datetime
) -> UnitInvoice:
    """Write it anew: it waits for the unit again. 404 `invoice-not-found`; 409 `invoice-status` and as for entering;
    412 `stale`; 422 as for entering."""
    invoice = await queries.get_invoice(db, invoice_id)
    owed = await _lock_own(db, invoice.order_id, caller, now=now)
    invoice = await queries.get_invoice(db, invoice_id)
    ensure_fresh(expected_revision, invoice.revision)
    before = invoice.status
    rules.status_after("correct", before)
    checked = await _checked(db, owed, entry, invoice_id, now)
    _write(invoice, checked)
    invoice.revision += 1
    invoice.reason, invoice.decided_by, invoice.decided_at = "", None, None
    await db.flush()
    await db.execute(delete(UnitInvoiceLine).where(UnitInvoiceLine.invoice_id == invoice_id))
    await _write_lines(db, invoice, checked)
    await _record(db, invoice, "correct-invoice", before, "", caller, now)
    return invoice


async def move_invoice(
    db: AsyncSession,
    *,
    invoice_id: UUID,
    verb: Literal["reject", "withdraw"],
    reason: str,
    expected_revision: int,
    caller: Caller,
    now: datetime,
) -> UnitInvoice:
    """The unit sends one back with the reason; the supplier takes one away.

    403 `unit-needed`, `duty-missing`; 404 `invoice-not-found`, `settlement-not-found`; 409 `invoice-status`,
    `settlement-stage`, `settlement-disputed`, `unit-closed`; 412 `stale`; 422 `reason-missing`.
    """
    invoice = await queries.get_invoice(db, invoice_id)
    if verb == "reject":
        await _lock_as_unit(db, invoice.order_id, caller, now=now)
    else:
        await _lock_own(db, invoice.order_id, caller, now=now)
    invoice = await queries.get_invoice(db, invoice_id)
    ensure_fresh(expected_revision, invoice.revision)
    before = invoice.status
    invoice.status = rules.status_after(verb, before)
    if verb == "reject" and not reason:
        raise Invalid("Say what is wrong with it.", code="reason-missing", field="reason")
    invoice.reason, invoice.decided_by, invoice.decided_at = reason, caller.person_id, now
    invoice.revision += 1
    await db.flush()
    await _record(db, invoice, f"{verb}-invoice", before, reason, caller, now)
    return invoice


async def accept_invoices(
    db: AsyncSession, *, order_id: UUID, reason: str, expected_revision: int, caller: Caller, now: datetime
) -> Sequence[UnitInvoice]:
    """The unit accepts the order's invoices together: the order may be paid. Money that came already settles it.

    403 `unit-needed`, `duty-missing`; 404 `settlement-not-found`; 409 `invoices-differ`, `invoices-missing`,
    `settlement-stage`, `settlement-disputed`, `unit-closed`; 412 `stale`; 422 `reason-missing`.
    """
    owed = await _lock_as_unit(db, order_id, caller, now=now)
    ensure_fresh(expected_revision, owed.revision)
    invoices = [each for each in await queries.list_invoices(db, order_id) if each.status == rules.SUBMITTED]
    if not invoices:
        raise Conflict("There is no invoice to check yet.", code="invoices-missing")
    rules.ensure_acceptable(await differences_of(db, owed), reason=reason)
    for invoice in invoices:
        invoice.status = rules.status_after("accept", invoice.status)
        invoice.reason, invoice.decided_by, invoice.decided_at = reason, caller.person_id, now
        invoice.revision += 1
    await db.flush()
    for invoice in invoices:
        await _record(db, invoice, "accept-invoice", rules.SUBMITTED, reason, caller, now)
    await unit_order_actions.move_on(
        db, order_id=order_id, verb="check_invoice", actor="unit", person_id=caller.person_id, reason=reason, now=now
    )
    await settlement_actions.settle_if_paid(db, order_id, now=now)
    return invoices


async def attach_file(
    db: AsyncSession, files: Files, *, invoice_id: UUID, content: bytes, caller: Caller, now: datetime
) -> UnitInvoice:
    """Keep the invoice itself: PDF, OFD, XML or a picture; another one replaces it until it is accepted.

    404 `invoice-not-found`; 409 `invoice-status`, `settlement-stage`, `settlement-disputed`; 413 `file-too-large`; 415
    `file-type-not-accepted`.
    """
    media_type = documents.document_type(content)
    invoice = await queries.get_invoice(db, invoice_id)
    await _lock_own(db, invoice.order_id, caller, now=now)
    invoice = await queries.get_invoice(db, invoice_id)
    rules.status_after("correct", invoice.status)
    key = hashlib.sha256(content).hexdigest()
    await files.put(f"invoices/{key}", content)
    invoice.file_key, invoice.file_type = key, media_type
    invoice.revision += 1
    await db.flush()
    await db.execute(_TOUCH, {"order_id": invoice.order_id})
    return invoice


async def differences_of(db: AsyncSession, owed: Row[Any]) -> list[Difference]:
    """What does not agree, of the invoices that stand."""
    invoices = [each for each in await queries.list_invoices(db, owed.order_id) if each.status in rules.STANDING]
    lines = await queries.list_lines(db, [each.invoice_id for each in invoices])
    entries = [queries.entry_of(each, lines.get(each.invoice_id, [])) for each in invoices]
    return rules.differences(entries, await queries.get_owed(db, owed))


async def _lock_own(db: AsyncSession, order_id: UUID, caller: Caller, *, now: datetime) -> Row[Any]:
    if caller.kind != "supplier" or caller.organisation_id is None:
        raise settlement_queries.no_such_settlement()
    owed = await settlement_queries.lock_one(db, order_id, supplier_id=caller.organisation_id, now=now)
    _ensure_checkable(owed)
    return owed


async def _lock_as_unit(db: AsyncSession, order_id: UUID, caller: Caller, *, now: datetime) -> Row[Any]:
    unit = await unit_queries.get_acting_unit(db, caller)
    ensure_duty(caller, "finance", "handler", "union")
    owed = await settlement_queries.lock_one(db, order_id, unit_id=unit.unit_id, now=now)
    _ensure_checkable(owed)
    return owed


def _ensure_checkable(owed: Row[Any]) -> None:
    if owed.stage != "ACCEPTED":
        raise Conflict(
            f"Invoices are checked once the goods are accepted and until they agree; this order is {owed.stage}.",
            code="settlement-stage",
            stage_now=owed.stage,
        )
    if owed.is_disputed:
        raise Conflict("This order is disputed: it rests until that is settled.", code="settlement-disputed")


async def _checked(db: AsyncSession, owed: Row[Any], entry: Entry, invoice_id: UUID, now: datetime) -> Entry:
    checked = rules.checked_entry(entry, today=business_day(now))
    rules.ensure_lines_known(checked.lines, await queries.get_owed(db, owed))
    named = {"number": checked.number, "code": checked.code}
    await db.execute(_TAKE_NUMBER, named)
    if await db.scalar(_IS_TAKEN, named | {"invoice_id": invoice_id}):
        raise Conflict("This invoice was used already.", code="invoice-number-used", field="number")
    return checked


def _write(invoice: UnitInvoice, entry: Entry) -> None:
    taxed = rules.part_tax(entry.lines)
    invoice.status = rules.SUBMITTED
    invoice.kind, invoice.code, invoice.number = entry.kind, entry.code, entry.number
    invoice.issued_on, invoice.title, invoice.taxpayer_id = entry.issued_on, entry.title, entry.taxpayer_id
    invoice.gross_fen = entry.gross_fen
    invoice.net_fen = sum(each.net_fen for each in taxed)
    invoice.tax_fen = sum(each.tax_fen for each in taxed)


async def _write_lines(db: AsyncSession, invoice: UnitInvoice, entry: Entry) -> None:
    db.add_all(
        UnitInvoiceLine(
            invoice_id=invoice.invoice_id,
            line_number=number,
            order_line_id=each.line.order_line_id,
            name=each.line.name,
            rate_bp=each.line.rate_bp,
            gross_fen=each.line.gross_fen,
            net_fen=each.net_fen,
            tax_fen=each.tax_fen,
        )
        for number, each in enumerate(rules.part_tax(entry.lines), 1)
    )
    await db.flush()


async def _record(
    db: AsyncSession, invoice: UnitInvoice, verb: str, before: str | None, reason: str, caller: Caller, now: datetime
) -> None:
    await db.execute(_TOUCH, {"order_id": invoice.order_id})
    side: Actor = "supplier" if caller.kind == "supplier" else "unit"
    await trail_actions.record(
        db,
        subject_kind="settlement",
        subject_id=invoice.order_id,
        verb=verb,
        from_status=before,
        to_status=invoice.status,
        reason=reason,
        actor=side,
        person_id=caller.person_id,
        now=now,
    )
