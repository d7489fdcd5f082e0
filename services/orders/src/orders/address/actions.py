"""Keeping an address book. Whoever changes one locks it whole, so that it has one default and no double entries."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from orders.address import queries, rules
from orders.address.models import SavedAddress
from orders.order.rules import Address
from shared.errors import Conflict, NotFound
from shared.etag import ensure_fresh


async def save_address(
    db: AsyncSession, *, address_id: UUID, person_id: UUID, address: Address, is_default: bool, now: datetime
) -> SavedAddress:
    """Put an address into the book; the first becomes the default. The same address again is the entry that is there.

    Conflict `address-book-full`.
    """
    book = await queries.lock_book(db, person_id)
    entry = _same(book, address)
    if entry is None:
        rules.ensure_room(len(book))
        entry = SavedAddress(
            address_id=address_id, person_id=person_id, is_default=False, used_at=now, **asdict(address)
        )
        db.add(entry)
        book = [entry, *book]
    entry.used_at = now
    await _have_default(db, book, entry.address_id if is_default else None)
    return entry


async def revise_address(
    db: AsyncSession, *, address_id: UUID, person_id: UUID, address: Address, expected_revision: int, now: datetime
) -> SavedAddress:
    """Change an entry. NotFound `address-not-found`; Stale; Conflict `address-saved-already`: another entry says so."""
    book = await queries.lock_book(db, person_id)
    entry = _entry(book, address_id)
    ensure_fresh(expected_revision, entry.revision)
    if (same := _same(book, address)) is not None and same is not entry:
        raise Conflict("This address is in your book already.", code="address-saved-already")
    entry.recipient, entry.phone = address.recipient, address.phone
    entry.county_code, entry.detail = address.county_code, address.detail
    entry.revision += 1
    entry.used_at = now
    await db.flush()
    return entry


async def make_default(db: AsyncSession, *, address_id: UUID, person_id: UUID) -> SavedAddress:
    """The address that a checkout begins with. Doing it again changes nothing. NotFound `address-not-found`."""
    book = await queries.lock_book(db, person_id)
    entry = _entry(book, address_id)
    await _have_default(db, book, address_id)
    return entry


async def remove_address(db: AsyncSession, *, address_id: UUID, person_id: UUID, now: datetime) -> None:
    """Take an entry out; the one used last becomes the default. NotFound `address-not-found`."""
    book = await queries.lock_book(db, person_id)
    entry = _entry(book, address_id)
    entry.removed_at = now
    was_default, entry.is_default = entry.is_default, False
    await db.flush()
    if was_default:
        await _have_default(db, [each for each in book if each is not entry], None)


async def restore_address(db: AsyncSession, *, address_id: UUID, person_id: UUID, now: datetime) -> SavedAddress:
    """Undo a removal, within 30 days. One that is in the book stays there. NotFound `address-not-found`; Conflict
    `address-book-full`."""
    book = await queries.lock_book(db, person_id)
    after = now - rules.FORGOTTEN_AFTER
    entry = await queries.get_removed(db, address_id=address_id, person_id=person_id, after=after)
    if entry.removed_at is None:
        return entry
    address = Address(entry.recipient, entry.phone, entry.county_code, entry.detail)
    if (same := _same(book, address)) is not None:
        return same
    rules.ensure_room(len(book))
    entry.removed_at = None
    await _have_default(db, [*book, entry], None)
    return entry


async def forget_removed(db: AsyncSession, *, now: datetime) -> int:
    """Delete what was removed long ago; how many entries."""
    gone = await db.execute(
        delete(SavedAddress)
        .where(SavedAddress.removed_at <= now - rules.FORGOTTEN_AFTER)
        .returning(SavedAddress.address_id)
    )
    return len(gone.all())


async def _have_default(db: AsyncSession, book: Sequence[SavedAddress], wanted: UUID | None) -> None:
    """Exactly one default in a book with entries: the wanted one, else the present one, else the first."""
    present = next((each.address_id for each in book if each.is_default), None)
    chosen = rules.next_default([each.address_id for each in book], wanted or present)
    for each in book:
        each.is_default = each.is_default and each.address_id == chosen
    await db.flush()  # the old one first: at no moment there are two
    for each in book:
        each.is_default = each.address_id == chosen
    await db.flush()


def _entry(book: Sequence[SavedAddress], address_id: UUID) -> SavedAddress:
    found = next((each for each in book if each.address_id == address_id), None)
    if found is None:
        raise NotFound("There is no such address in your book.", code="address-not-found")
    return found


def _same(book: Sequence[SavedAddress], address: Address) -> SavedAddress | None:
    return next(
        (each for each in book if Address(each.recipient, each.phone, each.county_code, each.detail) == address), None
    )
