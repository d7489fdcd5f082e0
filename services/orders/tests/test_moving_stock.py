"""What was in stock before sites and lots lies in its supplier's default site afterwards, and the books still
balance."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest_asyncio

from orders.app import service
from orders.stock import actions, queries
from orders.stock_check.jobs import check_stock
from services.orders.tests.factories import NOW
from services.orders.tests.stock.shelving import rows, shelves
from shared.db import Database
from shared.events.orders import BackInStock, StockLow, StockSignal
from shared.migrations import migrate
from shared.testing import drop, published, with_database

SUPPLIER, SKU, UNSOLD, ORPHAN, ORDER, PART = (uuid4() for _ in range(6))
_BEFORE = f"""
    SET session_replication_role = replica;
    INSERT INTO sellable_skus (sku_id, revision, is_listed, product_id, supplier_id, supplier_name,
        supplier_county_code, product_title, specification, category, picture, origin_county_code, net_weight_g,
        price_fen, price_valid_from, temperature_class, shelf_life_days, changed_at)
    SELECT sku_id, 1, true, gen_random_uuid(), '{SUPPLIER}', '大山合作社', '420322', '房县香菇', '500克', 'mushroom',
    '', '420325', 500, 3980, now(), 'AMBIENT', 365, now()
    FROM (VALUES ('{SKU}'::uuid), ('{UNSOLD}')) AS sku (sku_id);
    INSERT INTO stock_levels (sku_id, on_hand, held) VALUES ('{SKU}', 47, 2), ('{ORPHAN}', 4, 0);
    INSERT INTO stock_ledger (sku_id, kind, quantity, order_id, recorded_at)
    VALUES ('{SKU}', 'received', 60, NULL, now()), ('{SKU}', 'held', 10, gen_random_uuid(), now()),
           ('{ORPHAN}', 'received', 4, NULL, now());
    INSERT INTO stock_ledger (sku_id, kind, quantity, order_id, recorded_at)
    SELECT '{SKU}', 'shipped', 10, order_id, now() FROM stock_ledger WHERE kind = 'held';
    INSERT INTO stock_ledger (sku_id, kind, quantity, order_id, recorded_at)
    VALUES ('{SKU}', 'adjusted', -3, NULL, now()), ('{SKU}', 'held', 2, '{ORDER}', now());
    INSERT INTO stock_holds (holder_id, sku_id, purpose, quantity, open_count, held_at, ended_at)
    SELECT order_id, '{SKU}', 'order', 10, 0, now(), now() FROM stock_ledger WHERE kind = 'shipped';
    INSERT INTO stock_holds (holder_id, sku_id, purpose, quantity, open_count, held_at)
    VALUES ('{ORDER}', '{SKU}', 'order', 2, 2, now());
    INSERT INTO orders (order_id, order_number, mode, status, buyer_id, buyer_kind, goods_fen, discount_fen,
        delivery_fen, payable_fen, recipient, phone, county_code, address_detail, placed_at, payment_due_at, paid_at,
        payment_id)
    VALUES ('{ORDER}', 'N1', 'RETAIL', 'PAID', gen_random_uuid(), 'consumer', 7960, 0, 0, 7960, '王', '138',
    '110105', '街', now(), now(), now(), gen_random_uuid());
    INSERT INTO supplier_orders (supplier_order_id, order_id, part_number, supplier_id, supplier_name,
        ship_from_county_code, fulfilment, goods_fen, discount_fen, delivery_fen, payable_fen, placed_at)
    VALUES ('{PART}', '{ORDER}', 1, '{SUPPLIER}', '大山合作社', '420322', 'PENDING_SHIPMENT', 7960, 0, 0, 7960, now());
    INSERT INTO order_lines (line_id, supplier_order_id, line_number, sku_id, product_id, product_title,
        product_title_en, specification, specification_en, category, picture, origin_county_code, designations,
        temperature_class, net_weight_g, quantity, unit_price_fen, amount_fen, discount_fen, payable_fen)
    VALUES (gen_random_uuid(), '{PART}', 1, '{SKU}', gen_random_uuid(), '', '', '', '', '', '', '420325', '{{}}',
    'AMBIENT', 500, 2, 3980, 7960, 0, 7960);
"""  # noqa: S608 - our own ids


@pytest_asyncio.fixture
async def moved(postgres_url: str) -> AsyncIterator[Database]:
    """A database as it was before, with stock and a paid order, brought to the latest revision."""
    name = f"before_{uuid4().hex}"
    server = await asyncpg.connect(postgres_url)
    await server.execute(f'CREATE DATABASE "{name}"')
    await server.close()
    url = with_database(postgres_url, name)
    await migrate(url, service.migrations, target="0004")
    connection = await asyncpg.connect(url)
    await connection.execute(_BEFORE)
    await connection.close()
    await migrate(url, service.migrations)
    database = Database(url, pool_size=2)
    yield database
    await database.dispose()
    await drop(postgres_url, url)


async def test_existing_stock_lies_in_default_sites_and_the_books_balance(moved: Database):
    async with moved.begin() as db:
        assert await queries.list_differences(db) == []
        assert await shelves(db, SKU) == {("主仓", ""): 47}
        sites = await rows(db, "SELECT supplier_id, county_code, is_default FROM stock_sites ORDER BY county_code DESC")
        assert sites == [(SUPPLIER, "420322", True), (UUID(int=0), "000000", True)]
        plan = await rows(db, "SELECT supplier_order_id, sku_id, quantity, open_count, distance FROM stock_allocations")
        assert plan == [(PART, SKU, 2, 2, 3)]
        told = [each for each in await published(db) if isinstance(each, StockSignal)]
        assert [(type(each), each.sku_id, each.available) for each in told] == [(BackInStock, SKU, 45)]
    await check_stock(moved)
    async with moved.begin() as db:
        assert await rows(db, "SELECT sku_count, finding_count FROM stock_checks") == [(2, 0)]


async def test_stock_goes_on_from_there(moved: Database):
    async with moved.begin() as db:
        await actions.ship_stock(db, holder_id=ORDER, quantities={SKU: 2}, now=NOW)
        await actions.receive_stock(db, sku_id=UNSOLD, quantity=3, reference="", recorded_by=None, now=NOW)
        await actions.adjust_stock(db, sku_id=SKU, change=-40, reason="count", recorded_by=None, now=NOW)
        assert await rows(db, "SELECT count(*)::int FROM stock_sites") == [(2,)]
    async with moved.begin() as db:
        assert await queries.list_differences(db) == []
        assert await shelves(db, SKU) == {("主仓", ""): 5}
        low = await published(db, StockLow)
        assert [each.sku_id for each in low if isinstance(each, StockLow)] == [UNSOLD, SKU]
