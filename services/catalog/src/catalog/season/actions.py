"""Storing season and presale windows. What shows them is told by those who call these."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.season import rules
from catalog.season.models import PresaleRow, SeasonRow


async def replace_windows(db: AsyncSession, *, product_id: UUID, windows: Sequence[rules.SeasonWindow]) -> None:
    """Give a product these seasons instead of all that it had. Hold its lock first. 422 `season-repeated`."""
    rules.ensure_windows(windows)
    await db.execute(delete(SeasonRow).where(SeasonRow.product_id == product_id))
    db.add_all(
        SeasonRow(
            product_id=product_id,
            place=place,
            region_code=window.region_code,
            from_month=window.from_month,
            to_month=window.to_month,
            is_binding=window.is_binding,
        )
        for place, window in enumerate(windows)
    )
    await db.flush()


async def replace_presales(db: AsyncSession, *, sku_id: UUID, presales: Sequence[rules.PresaleWindow]) -> None:
    """Give a SKU these presales instead of all that it had. Hold its product's lock first.

    422 `presale-empty`, `presale-ships-too-early`, `presale-overlap`.
    """
    rules.ensure_presales(presales)
    await db.execute(delete(PresaleRow).where(PresaleRow.sku_id == sku_id))
    db.add_all(
        PresaleRow(sku_id=sku_id, opens_at=each.opens_at, closes_at=each.closes_at, ships_on=each.ships_on)
        for each in presales
    )
    await db.flush()
