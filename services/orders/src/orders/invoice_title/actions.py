"""Keeping a book of invoice titles, and changing an order's. Whoever changes a book locks it whole; whoever changes an
order's title locks the order."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.invoice_title import queries, rules
from orders.invoice_title.models import OrderInvoiceTitle, SavedInvoiceTitle
from orders.invoice_title.rules import InvoiceTitle
from orders.order import queries as order_queries
from orders.order.rules import LEFT
from shared.auth import Caller
from shared.errors import Conflict
from shared.etag import ensure_fresh


async def save_title(
    db: AsyncSession, *, title_id: UUID, person_id: UUID, title: InvoiceTitle, is_default: bool, now: datetime
) -> SavedInvoiceTitle:
    """Put a title into the book; the first becomes the default. The same again is the entry that is there.

    Invalid as `checked_title`; Conflict `invoice-book-full`.
    """
    title = rules.checked_title(title)
    book = await queries.lock_book(db, person_id)
    entry = _same(book, title)
    if entry is None:
        rules.ensure_room(len(book))
        entry = SavedInvoiceTitle(
            title_id=title_id, person_id=person_id, is_default=False, used_at=now, **asdict(title)
        )
        db.add(entry)
        book = [entry, *book]
    entry.used_at = now
    await _have_default(db, book, entry.title_id if is_default else None)
    return entry


async def revise_title(
    db: AsyncSession, *, title_id: UUID, person_id: UUID, title: InvoiceTitle, expected_revision: int, now: datetime
) -> SavedInvoiceTitle:
    """Change an entry. NotFound `invoice-title-not-found`; Stale; Conflict `invoice-title-saved-already`; Invalid as
    `checked_title`."""
    title = rules.checked_title(title)
    book = await queries.lock_book(db, person_id)
    entry = _entry(book, title_id)
    ensure_fresh(expected_revision, entry.revision)
    if (same := _same(book, title)) is not None and same is not entry:
        raise Conflict("This title is in your book already.", code="invoice-title-saved-already")
    entry.kind, entry.name, entry.taxpayer_id, entry.email = title.kind, title.name, title.taxpayer_id, title.email
    entry.revision += 1
    entry.used_at = now
    await db.flush()
    return entry


async def make_default(db: AsyncSession, *, title_id: UUID, person_id: UUID) -> SavedInvoiceTitle:
    """The title that a checkout offers first. Doing it again changes nothing. NotFound `invoice-title-not-found`."""
    book = await queries.lock_book(db, person_id)
    entry = _entry(book, title_id)
    await _have_default(db, book, title_id)
    return entry


async def remove_title(db: AsyncSession, *, title_id: UUID, person_id: UUID) -> None:
    """Take an entry out for good; the one used last becomes the default. NotFound `invoice-title-not-found`."""
    book = await queries.lock_book(db, person_id)
    entry = _entry(book, title_id)
    await db.delete(entry)
    await db.flush()
    await _have_default(db, [each for each in book if each is not entry], None)


async def set_order_title(
    db: AsyncSession, *, order_id: UUID, title: InvoiceTitle, expected_revision: int, caller: Caller, now: datetime
) -> OrderInvoiceTitle:
    """Say or change to whom an order's invoices are made out; revision 0 is an order without a title.

    NotFound `order-not-found`; Stale; Conflict `invoice-title-closed`; Invalid as `checked_title`.
    """
    title = rules.checked_title(title)
    order = await order_queries.lock_own_order(db, order_id, caller)
    rules.ensure_open(order["status"], [part["fulfilment"] for part in order["parts"]], LEFT)
    kept = await queries.find_order_title(db, order_id)
    ensure_fresh(expected_revision, 0 if kept is None else kept.revision)
    if kept is None:
        kept = OrderInvoiceTitle(order_id=order_id, revision=1, changed_at=now, **asdict(title))
        db.add(kept)
    else:
        kept.kind, kept.name, kept.taxpayer_id, kept.email = title.kind, title.name, title.taxpayer_id, title.email
        kept.revision += 1
        kept.changed_at = now
    await db.flush()
    return kept


async def _have_default(db: AsyncSession, book: Sequence[SavedInvoiceTitle], wanted: UUID | None) -> None:
    """Exactly one default in a book with entries: the wanted one, else the present one, else the first."""
    present = next((each.title_id for each in book if each.is_default), None)
    chosen = rules.next_default([each.title_id for each in book], wanted or present)
    for each in book:
        each.is_default = each.is_default and each.title_id == chosen
    await db.flush()  # the old one first: at no moment there are two
    for each in book:
        each.is_default = each.title_id == chosen
    await db.flush()


def _entry(book: Sequence[SavedInvoiceTitle], title_id: UUID) -> SavedInvoiceTitle:
    found = next((each for each in book if each.title_id == title_id), None)
    if found is None:
        raise queries.no_such_title()
    return found


def _same(book: Sequence[SavedInvoiceTitle], title: InvoiceTitle) -> SavedInvoiceTitle | None:
    return next(
        (each for each in book if InvoiceTitle(each.kind, each.name, each.taxpayer_id, each.email) == title), None
    )
