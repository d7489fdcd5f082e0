"""Orders on real PostgreSQL: placing, paying, cancelling, expiring, shipping."""

from sqlalchemy.ext.asyncio import AsyncSession

from orders.stock import queries as stock_queries
from services.orders.tests.factories import listed_sku, placed_order
from shared.events.orders import OrderPlaced
from shared.testing import published


async def test_placing_splits_by_supplier_and_holds_the_stock(db: AsyncSession):
    mushrooms = await listed_sku(db, stock=10, price_fen=3980)
    tea = await listed_sku(db, stock=5, price_fen=12800)
    draft = await placed_order(db, (mushrooms.sku_id, 2), (tea.sku_id, 1))
    assert [part.payable_fen for part in draft.parts] == [7960, 12800]
    assert (await stock_queries.get_count(db, mushrooms.sku_id)).available == 8
    assert (await stock_queries.get_count(db, tea.sku_id)).held == 1
    assert await stock_queries.list_differences(db) == []
    assert [event.payable_fen for event in await published(db, OrderPlaced)] == [20760]
