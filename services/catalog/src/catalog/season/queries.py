"""Reading season and presale windows."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.season.models import PresaleRow, SeasonRow
from catalog.season.rules import PresaleWindow, SeasonWindow


async def list_windows(db: AsyncSession, product_ids: Iterable[UUID]) -> dict[UUID, list[SeasonWindow]]:
    """The season windows of each of these products, in the supplier's order."""
    rows = await db.execute(
        select(
            SeasonRow.product_id, SeasonRow.region_code, SeasonRow.from_month, SeasonRow.to_month, SeasonRow.is_binding
        )
        .where(SeasonRow.product_id.in_(set(product_ids)))
        .order_by(SeasonRow.product_id, SeasonRow.place)
    )
    found: dict[UUID, list[SeasonWindow]] = defaultdict(list)
    for row in rows:
        found[row.product_id].append(SeasonWindow(*row[1:]))
    return found


async def list_presales(db: AsyncSession, sku_ids: Iterable[UUID]) -> dict[UUID, list[PresaleWindow]]:
    """The presales of each of these SKUs, past ones too, in order."""
    rows = await db.execute(
        select(PresaleRow.sku_id, PresaleRow.opens_at, PresaleRow.closes_at, PresaleRow.ships_on)
        .where(PresaleRow.sku_id.in_(set(sku_ids)))
        .order_by(PresaleRow.sku_id, PresaleRow.opens_at)
    )
    found: dict[UUID, list[PresaleWindow]] = defaultdict(list)
    for row in rows:
        found[row.sku_id].append(PresaleWindow(*row[1:]))
    return found
