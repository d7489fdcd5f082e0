"""Storing prices. What shows them is told by `catalog.sku.actions`, which calls these."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.price import queries, rules
from catalog.price.models import SkuPrice


async def add_price(db: AsyncSession, *, sku_id: UUID, price: rules.PricePeriod) -> None:
    """The first price of a new SKU. 422 `price-period-empty`."""
    rules.ensure_period(price, price.valid_from)
    _add(db, sku_id, [price])
    await db.flush()


async def put_price(
    db: AsyncSession, *, sku_id: UUID, price: rules.PricePeriod, now: datetime, is_listed: bool, reason: str
) -> None:
    """Put a price in among the SKU's others. Hold the product's lock first.

    409 `price-overlap`, `price-tier-dearer`; 422 `price-in-the-past`, `price-period-empty`, and for a pack on
    the shelf `price-jump-reason-missing`.
    """
    rules.ensure_period(price, now)
    periods = (await queries.list_prices(db, [sku_id])).get(sku_id, [])
    if is_listed:
        rules.ensure_jump_explained(periods, price, jump_bp=queries.jump_bp(), reason=reason)
    changed = rules.with_price(periods, price)
    rules.ensure_no_tier_is_dearer(changed, now)
    await _replace(db, sku_id, changed)


async def end_tier(db: AsyncSession, *, sku_id: UUID, buyer_group: str, min_quantity: int, now: datetime) -> None:
    """End a tier now. Hold the product's lock first. 409 `price-tier-unknown`; 422 `price-base-stays`."""
    periods = (await queries.list_prices(db, [sku_id])).get(sku_id, [])
    ended = rules.without_tier(periods, buyer_group=buyer_group, min_quantity=min_quantity, now=now)
    await _replace(db, sku_id, ended)


async def _replace(db: AsyncSession, sku_id: UUID, periods: Sequence[rules.PricePeriod]) -> None:
    """Replace the SKU's prices; the exclusion constraint has the last word."""
    await db.execute(delete(SkuPrice).where(SkuPrice.sku_id == sku_id))
    _add(db, sku_id, periods)
    await db.flush()


def _add(db: AsyncSession, sku_id: UUID, periods: Sequence[rules.PricePeriod]) -> None:
    db.add_all(
        SkuPrice(
            sku_id=sku_id,
            valid_from=period.valid_from,
            valid_until=period.valid_until,
            price_fen=period.price_fen,
            is_announced=period.is_announced,
            buyer_group=period.buyer_group,
            min_quantity=period.min_quantity,
        )
        for period in periods
    )
