"""Reads of invoice titles."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.invoice_title.models import OrderInvoiceTitle, SavedInvoiceTitle
from shared.errors import NotFound


async def list_titles(db: AsyncSession, person_id: UUID) -> list[SavedInvoiceTitle]:
    """The default first, then the one used last."""
    found = await db.scalars(
        select(SavedInvoiceTitle)
        .where(SavedInvoiceTitle.person_id == person_id)
        .order_by(SavedInvoiceTitle.is_default.desc(), SavedInvoiceTitle.used_at.desc(), SavedInvoiceTitle.title_id)
    )
    return list(found)


async def get_title(db: AsyncSession, *, title_id: UUID, person_id: UUID) -> SavedInvoiceTitle:
    """One of the person's own. NotFound `invoice-title-not-found`, also for somebody else's."""
    found = await db.get(SavedInvoiceTitle, title_id)
    if found is None or found.person_id != person_id:
        raise no_such_title()
    return found


async def lock_book(db: AsyncSession, person_id: UUID) -> list[SavedInvoiceTitle]:
    """The whole book, and nobody else changes it until the transaction ends; an empty book can be locked too."""
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"invoice titles {person_id}", 0))))
    return await list_titles(db, person_id)


async def find_order_title(db: AsyncSession, order_id: UUID) -> OrderInvoiceTitle | None:
    """The order's; the caller has made sure that the order may be seen."""
    return await db.get(OrderInvoiceTitle, order_id)


def no_such_title() -> NotFound:
    """The refusal of a title that is not in the caller's book."""
    return NotFound("There is no such invoice title in your book.", code="invoice-title-not-found")
