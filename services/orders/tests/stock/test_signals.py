"""What runs out and what is there again is told once a crossing, also in parallel."""

import asyncio
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from orders.stock import actions
from services.orders.tests.factories import NOW, listed_sku, placed_order
from services.orders.tests.stock.shelving import rows
from shared.db import Database
from shared.errors import Conflict
from shared.events.orders import BackInStock, StockLow, StockSignal
from shared.testing import published


async def signals(db: AsyncSession) -> list[tuple[type, int]]:
    found = [each for each in await published(db) if isinstance(each, StockSignal)]
    assert [each.revision for each in found] == sorted(each.revision for each in found)
    return [(type(each), each.available) for each in found]


async def test_each_crossing_of_the_threshold_and_of_zero_is_told(db: AsyncSession):
    sku = await listed_sku(db, stock=15)
    assert await signals(db) == [(BackInStock, 15)]
    await placed_order(db, (sku.sku_id, 3))
    assert len(await signals(db)) == 1, "12 are still more than the threshold of 10"
    draft = await placed_order(db, (sku.sku_id, 5))
    await placed_order(db, (sku.sku_id, 7))
    await actions.release_stock(db, holder_ids=[draft.order_id], now=NOW)
    await actions.receive_stock(db, sku_id=sku.sku_id, quantity=20, reference="", recorded_by=None, now=NOW)
    told = [(BackInStock, 15), (StockLow, 7), (StockLow, 0), (StockLow, 5), (BackInStock, 25)]
    assert await signals(db) == told
    [event, *_] = await published(db, StockLow)
    assert isinstance(event, StockLow)
    assert (event.sku_id, event.product_id, event.low_at) == (sku.sku_id, sku.product_id, 10)


async def test_another_threshold_is_a_crossing_too(db: AsyncSession):
    sku = await listed_sku(db, stock=15)
    await actions.set_low(db, sku_id=sku.sku_id, low_at=15)
    await actions.set_low(db, sku_id=sku.sku_id, low_at=16)
    await actions.set_low(db, sku_id=sku.sku_id, low_at=14)
    assert await signals(db) == [(BackInStock, 15), (StockLow, 15), (BackInStock, 15)]


async def test_the_threshold_begins_as_the_data_says_of_the_temperature_class(db: AsyncSession):
    await listed_sku(db, stock=1, temperature_class="AMBIENT")
    await listed_sku(db, stock=1, temperature_class="LEAFY")
    assert sorted(await rows(db, "SELECT low_at FROM stock_levels")) == [(10,), (20,)]


async def test_of_many_at_once_one_crosses(fresh_database: Database):
    async with fresh_database.begin() as db:
        sku = await listed_sku(db, stock=30)

    async def take(holder_id: UUID) -> None:
        try:
            async with fresh_database.begin() as db:
                await actions.hold_stock(
                    db, holder_id=holder_id, purpose="order", quantities={sku.sku_id: 1}, until=None, now=NOW
                )
        except Conflict:
            return

    await asyncio.gather(*(take(uuid4()) for _ in range(40)))
    async with fresh_database.begin() as db:
        assert await signals(db) == [(BackInStock, 30), (StockLow, 10), (StockLow, 0)]
