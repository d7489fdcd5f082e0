"""Reads of a person's address book."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.address.models import SavedAddress
from shared.errors import NotFound


async def list_addresses(db: AsyncSession, person_id: UUID) -> list[SavedAddress]:
    """The default first, then the one used last."""
    found = await db.scalars(
        select(SavedAddress)
        .where(SavedAddress.person_id == person_id, SavedAddress.removed_at.is_(None))
        .order_by(SavedAddress.is_default.desc(), SavedAddress.used_at.desc(), SavedAddress.address_id)
    )
    return list(found)


async def get_address(db: AsyncSession, *, address_id: UUID, person_id: UUID) -> SavedAddress:
    """One of the person's own. NotFound `address-not-found`, also for somebody else's and a removed one."""
    return _own(await db.get(SavedAddress, address_id), person_id)


async def lock_book(db: AsyncSession, person_id: UUID) -> list[SavedAddress]:
    """The whole book, and nobody else changes it until the transaction ends; an empty book can be locked too."""
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"address book {person_id}", 0))))
    return await list_addresses(db, person_id)


async def get_removed(db: AsyncSession, *, address_id: UUID, person_id: UUID, after: datetime) -> SavedAddress:
    """One that was removed after that instant, or never. NotFound `address-not-found` for any other."""
    found = await db.get(SavedAddress, address_id)
    if found is not None and found.removed_at is not None and found.removed_at > after:
        return _own(found, person_id, is_removed=True)
    return _own(found, person_id)


def _own(found: SavedAddress | None, person_id: UUID, *, is_removed: bool = False) -> SavedAddress:
    if found is None or found.person_id != person_id or (found.removed_at is not None) != is_removed:
        raise NotFound("There is no such address in your book.", code="address-not-found")
    return found
