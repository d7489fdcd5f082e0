"""Taking off the shelf what lost its exit permit."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.exit_permit import queries
from catalog.sku import actions as sku_actions
from shared.clock import business_day

PERMIT_MISSING = "exit-permit-missing"


async def delist_unpermitted(db: AsyncSession, product_ids: Collection[UUID], *, now: datetime) -> None:
    """Delist the SKUs of those of these products that no longer have what their origin demands. Hold the products'
    locks first."""
    refused = await queries.list_refused(db, product_ids, on=business_day(now))
    if refused:
        await sku_actions.delist_all(db, product_ids=refused, reason=PERMIT_MISSING, now=now)
