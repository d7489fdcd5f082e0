"""Taking off the shelf what lost its exit permit, and putting it back."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import shelf
from catalog.exit_permit import queries
from catalog.exit_permit.rules import PERMIT_MISSING
from catalog.sku import actions as sku_actions
from shared.clock import business_day


async def delist_unpermitted(db: AsyncSession, product_ids: Collection[UUID], *, now: datetime) -> None:
    """Delist the SKUs of those of these products that no longer have what their origin demands. Hold the products'
    locks first."""
    refused = await queries.list_refused(db, product_ids, on=business_day(now))
    if refused:
        await sku_actions.delist_all(db, product_ids=refused, reason=PERMIT_MISSING, now=now)


async def put_back_permitted(db: AsyncSession, product_ids: Sequence[UUID], *, now: datetime) -> None:
    """List again what was off the shelf for want of a permit alone, where it is met now. Hold who sells them, then the
    products."""
    await shelf.put_back(db, product_ids=product_ids, cause=PERMIT_MISSING, now=now)
