"""What is sold in the bench, made once and kept: 20,000 products in the catalog, 6,000 SKUs with stock in orders.

Copies of the demo's products under other names, by SQL: the feed of 50,000 listings would take minutes to read. The
cards and postings are made by the service's own action.
"""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from catalog.search import actions as search_actions
from orders.sku.models import SellableSku
from shared.clock import utc_now
from shared.db import Database

PRODUCTS = 20_000
SKUS = 6_000
STOCK = 50_000_000
_BASE = """
    base AS (
        SELECT products.*, row_number() OVER (ORDER BY product_id) - 1 AS place, count(*) OVER () AS size
        FROM products
        WHERE created_at = (SELECT min(created_at) FROM products)
          AND EXISTS (SELECT FROM skus WHERE skus.product_id = products.product_id AND is_listed)
    ), copy AS (
        SELECT turn, md5('bench-product-' || turn)::uuid AS new_id, base.*
        FROM generate_series(1, $1::integer) AS turn JOIN base ON base.place = turn % base.size
    )
"""
_PRODUCTS = f"""
    WITH {_BASE}
    INSERT INTO products (product_id, supplier_id, title, title_en, category, picture, origin_county_code,
        season_from_month, season_to_month, shelf_life_days, temperature_class, grade, description, description_en,
        status, is_reviewed, created_at, changed_at)
    SELECT new_id, supplier_id,
        (ARRAY['高山', '农家', '手选', '新季', '山里', '头茬', '老树', '云上', '溪边', '晨采', '土法'])[1 + turn % 11]
            || title || ' ' || turn || '号',
        title_en || ' No. ' || turn, category, picture, origin_county_code, season_from_month, season_to_month,
        shelf_life_days, temperature_class, grade, description, description_en, status, is_reviewed,
        created_at + turn * interval '1 second', changed_at
    FROM copy
"""  # noqa: S608 - our own pieces
_PACKS = f"""
    WITH {_BASE}, pack AS (
        SELECT copy.turn, copy.new_id AS new_product_id, md5(copy.turn || '-' || skus.sku_id)::uuid AS new_sku_id,
               skus.*, price.price_fen, price.valid_from
        FROM copy
        JOIN skus ON skus.product_id = copy.product_id AND skus.is_listed
        JOIN sku_prices AS price ON price.sku_id = skus.sku_id AND price.valid_until IS NULL
            AND price.buyer_group = 'retail' AND price.min_quantity = 1
    ), proofs AS (
        INSERT INTO certificates (certificate_id, product_id, supplier_id, county_code, type, number, valid_until,
            status, submitted_at, changed_at)
        SELECT gen_random_uuid(), copy.new_id, proof.supplier_id, proof.county_code, proof.type, proof.number,
            proof.valid_until, proof.status, proof.submitted_at, proof.changed_at
        FROM copy JOIN certificates AS proof ON proof.product_id = copy.product_id
    ), skus_of_copies AS (
        INSERT INTO skus (sku_id, product_id, specification, specification_en, net_weight_g, is_listed, created_at,
            changed_at)
        SELECT new_sku_id, new_product_id, specification, specification_en, net_weight_g, true, created_at, changed_at
        FROM pack
    )
    INSERT INTO sku_prices (sku_id, valid_from, price_fen, is_announced)
    SELECT new_sku_id, valid_from, price_fen + turn % 97, true FROM pack
"""  # noqa: S608
_FORGET = (
    "CREATE TEMPORARY TABLE copies ON COMMIT DROP AS SELECT product_id FROM products WHERE title ~ ' [0-9]+号$'",
    "DELETE FROM sku_prices USING skus AS sku JOIN copies USING (product_id) WHERE sku_prices.sku_id = sku.sku_id",
    "DELETE FROM skus USING copies WHERE skus.product_id = copies.product_id",
    "DELETE FROM certificates USING copies WHERE certificates.product_id = copies.product_id",
    "DELETE FROM products USING copies WHERE products.product_id = copies.product_id",
)
_COPIED = ", ".join(
    column.name for column in SellableSku.__table__.columns if column.name not in {"sku_id", "product_id"}
)
_SELLABLE = f"""
    WITH base AS (
        SELECT *, row_number() OVER (ORDER BY sku_id) - 1 AS place, count(*) OVER () AS size
        FROM sellable_skus
        WHERE is_listed AND price_valid_until IS NULL
          AND changed_at < (SELECT min(changed_at) FROM sellable_skus) + interval '1 hour'
    )
    INSERT INTO sellable_skus (sku_id, product_id, {_COPIED})
    SELECT new.sku_id, new.sku_id, {_COPIED}
    FROM unnest($1::uuid[]) WITH ORDINALITY AS new (sku_id, number) JOIN base ON base.place = new.number % base.size
"""  # noqa: S608
_LEVELS = "INSERT INTO stock_levels (sku_id, on_hand) SELECT sku_id, $2 FROM unnest($1::uuid[]) AS sku_id"
_SHELVES = """
    WITH placed AS (
        INSERT INTO stock_shelves (sku_id, site_id, on_hand)
        SELECT sku_id, default_site(sku_id, now()), $2 FROM unnest($1::uuid[]) AS sku_id
        RETURNING sku_id, site_id, on_hand
    )
    INSERT INTO stock_ledger (sku_id, kind, quantity, site_id, reference, recorded_at)
    SELECT sku_id, 'received', on_hand, site_id, 'bench', now() FROM placed
"""
_KNOWN_SKUS = "SELECT md5('bench-sku-' || number)::uuid AS sku_id FROM generate_series(1, $1::integer) AS number"


async def fill_catalog(dsn: str) -> None:
    """The products, their packs and prices, then all cards and postings anew."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            for statement in _FORGET:
                await connection.execute(statement)
            await connection.execute(_PRODUCTS, PRODUCTS)
            await connection.execute(_PACKS, PRODUCTS)
        for table in ("products", "skus", "sku_prices", "certificates"):
            await connection.execute(f"ANALYZE {table}")
    finally:
        await connection.close()
    database = Database(dsn, pool_size=2)
    try:
        async with database.begin() as db:
            await search_actions.rebuild_cards(db, now=utc_now())
    finally:
        await database.dispose()


async def fill_orders(dsn: str) -> None:
    """SKUs to sell, with more stock than any run takes."""
    connection = await asyncpg.connect(dsn)
    try:
        sku_ids = [row["sku_id"] for row in await connection.fetch(_KNOWN_SKUS, SKUS)]
        await add_sellable(connection, sku_ids)
        for table in ("sellable_skus", "stock_levels"):
            await connection.execute(f"VACUUM ANALYZE {table}")
    finally:
        await connection.close()


async def add_sellable(connection: asyncpg.Connection, sku_ids: Sequence[UUID]) -> None:
    """SKUs under new ids, each the only pack of a product of the same id, with stock."""
    async with connection.transaction():
        known = {row["sku_id"] for row in await connection.fetch("SELECT sku_id FROM stock_levels")}
        new = [sku_id for sku_id in sku_ids if sku_id not in known]
        await connection.execute(_SELLABLE, new)
        await connection.execute(_LEVELS, new, STOCK)
        await connection.execute(_SHELVES, new, STOCK)


async def list_bench_skus(dsn: str) -> list[tuple[UUID, int]]:
    """The bench's SKUs with their prices in fen, in a fixed order."""
    connection = await asyncpg.connect(dsn)
    try:
        known = [row["sku_id"] for row in await connection.fetch(_KNOWN_SKUS, SKUS)]
        rows = await connection.fetch(
            "SELECT sku_id, price_fen FROM sellable_skus WHERE sku_id = ANY($1::uuid[]) ORDER BY sku_id", known
        )
    finally:
        await connection.close()
    return [(UUID(str(row["sku_id"])), int(row["price_fen"])) for row in rows]
