"""The migrated database and the models say the same; the engine's tables can be made again over themselves."""

from sqlalchemy import text

from analytics.fact.actions import ensure_hash_key
from analytics.warehouse import Warehouse
from shared.migrations import differences


async def test_a_migrated_database_equals_the_models(database_url, app):
    assert await differences(database_url, app.state.service.metadata) == []


async def test_the_key_for_hashing_buyers_is_made_once(db):
    first = await ensure_hash_key(db)
    assert await ensure_hash_key(db) == first
    assert len(first) == 32
    assert await db.scalar(text("SELECT count(*) FROM buyer_hash_keys")) == 1


async def test_opening_again_keeps_what_is_there(app, warehouse):
    await warehouse.insert("cancelled_orders", [{"order_id": "00000000-0000-0000-0000-000000000001"}])
    again = Warehouse(app.state.settings.clickhouse_url, database=warehouse.database, readers=1)
    await again.open()
    assert await again.read("SELECT count() FROM cancelled_orders") == [[1]]
    await again.close()
