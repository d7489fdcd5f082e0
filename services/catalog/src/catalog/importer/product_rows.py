"""Imported rows and products, packs and prices: the set-based way into the tables of these three slices.

What a row must keep by itself is checked while it is read, by the columns' bounds, which are those of the schemas. New
products are drafts, and only drafts are changed: what buyers see changes through a review.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.importer.products import PRODUCT_FIELDS
from catalog.importer.writer import STEP_ROWS, Outcome, Span, learn_growth
from catalog.price import actions as price_actions
from catalog.price.rules import PricePeriod
from catalog.product import queries as product_queries
from catalog.supplier import queries as supplier_queries
from catalog.trail import actions as trail_actions
from shared.auth import Caller

_TABLES = ("products", "skus", "sku_prices")
_OWN = ", ".join(PRODUCT_FIELDS)
_ROW_OF_PRODUCT = ", ".join(f"row.{name}" for name in PRODUCT_FIELDS)
_STORED = ", ".join(f"product.{name}" for name in PRODUCT_FIELDS)

_FORGET = text("DROP TABLE IF EXISTS pg_temp.import_packs")
_RESOLVE = text(f"""
    CREATE TEMPORARY TABLE import_packs ON COMMIT DROP AS
    SELECT staged.row_number, row.*, coalesce(sku.product_id, product.product_id) AS product_id, sku.sku_id,
        price.price_fen AS present_fen, product.product_id IS NULL AS is_new_product, sku.sku_id IS NULL AS is_new_pack,
        product.product_id IS NOT NULL AND ({_STORED}) IS DISTINCT FROM ({_ROW_OF_PRODUCT}) AS changes_product,
        sku.sku_id IS NOT NULL AND (sku.specification, sku.specification_en, sku.net_weight_g, sku.supplier_code)
            IS DISTINCT FROM (row.specification, row.specification_en, row.net_weight_g,
                              coalesce(nullif(row.supplier_code, ''), sku.supplier_code)) AS changes_pack,
        sku.sku_id IS NOT NULL AND price.price_fen IS DISTINCT FROM row.price_fen AS changes_price,
        CASE WHEN coded.title <> row.title THEN 'product-of-another-code' END AS fault,
        coded.title AS other_title, coded.specification AS other_specification, product.status
    FROM import_rows AS staged
    CROSS JOIN LATERAL jsonb_to_record(staged."values") AS row (
        supplier_code text, title text, title_en text, category text, origin_county_code text, specification text,
        specification_en text, net_weight_g integer, price_fen integer, season_from_month smallint,
        season_to_month smallint, shelf_life_days integer, temperature_class text, grade text, description text)
    LEFT JOIN LATERAL (
        SELECT skus.sku_id, owner.title, skus.specification FROM skus JOIN products AS owner USING (product_id)
        WHERE skus.supplier_code <> '' AND skus.supplier_code = row.supplier_code AND owner.supplier_id = :supplier_id
        ORDER BY skus.sku_id LIMIT 1
    ) AS coded ON true
    LEFT JOIN LATERAL (
        SELECT * FROM products WHERE supplier_id = :supplier_id AND title = row.title ORDER BY product_id LIMIT 1
    ) AS product ON true
    LEFT JOIN LATERAL (
        SELECT skus.* FROM skus
        WHERE skus.product_id = product.product_id AND (skus.sku_id = coded.sku_id OR (
            coded.sku_id IS NULL AND skus.specification = row.specification
            AND (row.supplier_code = '' OR skus.supplier_code = '')))
        ORDER BY skus.supplier_code <> '', skus.sku_id LIMIT 1
    ) AS sku ON true
    LEFT JOIN LATERAL (
        SELECT price_fen FROM sku_prices
        WHERE sku_prices.sku_id = sku.sku_id AND buyer_group = 'retail' AND min_quantity = 1
            AND valid_from <= CAST(:now AS timestamptz) AND (valid_until IS NULL OR valid_until > :now)
    ) AS price ON true
    WHERE staged.batch_id = :batch_id AND staged.row_number > :after AND staged.row_number <= :last
        AND staged.faults IS NULL
""")  # noqa: S608 - our own pieces
_REFUSE_UNDER_REVIEW = text("""
    UPDATE import_packs SET fault = 'product-not-draft'
    WHERE fault IS NULL AND status <> 'DRAFT' AND (is_new_pack OR changes_product OR changes_pack OR changes_price)
""")
_FAULTS = text("""
    SELECT row_number, fault, title, supplier_code, other_title, other_specification
    FROM import_packs WHERE fault IS NOT NULL
""")
_COUNT = text("""
    SELECT count(*) FILTER (WHERE is_new_pack) AS new,
        count(*) FILTER (WHERE NOT is_new_pack AND (changes_product OR changes_pack OR changes_price)) AS changed,
        count(*) AS total
    FROM import_packs WHERE fault IS NULL
""")
_NAME_PRODUCTS = text("""
    WITH fresh AS (
        SELECT title, uuidv7() AS product_id FROM import_packs WHERE is_new_product AND fault IS NULL GROUP BY title
    )
    UPDATE import_packs SET product_id = fresh.product_id FROM fresh
    WHERE import_packs.title = fresh.title AND is_new_product
""")
_NAME_PACKS = text("UPDATE import_packs SET sku_id = uuidv7() WHERE is_new_pack AND fault IS NULL")
_ADD_PRODUCTS = text(f"""
    INSERT INTO products (product_id, supplier_id, title, picture, {_OWN}, created_at, changed_at)
    SELECT DISTINCT ON (product_id) product_id, :supplier_id, title, '', {_OWN}, :now, :now
    FROM import_packs WHERE is_new_product AND fault IS NULL ORDER BY product_id, row_number
    RETURNING product_id
""")  # noqa: S608
_CHANGE_PRODUCTS = text(f"""
    UPDATE products SET ({_OWN}) = ({_ROW_OF_PRODUCT}), revision = products.revision + 1, changed_at = :now
    FROM (SELECT DISTINCT ON (product_id) * FROM import_packs WHERE changes_product AND fault IS NULL
          ORDER BY product_id, row_number) AS row
    WHERE products.product_id = row.product_id
    RETURNING products.product_id
""")  # noqa: S608
_ADD_PACKS = text("""
    INSERT INTO skus (sku_id, product_id, specification, specification_en, net_weight_g, supplier_code, is_approved,
        created_at, changed_at)
    SELECT sku_id, product_id, specification, specification_en, net_weight_g, supplier_code, false, :now, :now
    FROM import_packs WHERE is_new_pack AND fault IS NULL ORDER BY sku_id
""")
_ADD_PRICES = text("""
    INSERT INTO sku_prices (sku_id, valid_from, price_fen)
    SELECT sku_id, :now, price_fen FROM import_packs WHERE is_new_pack AND fault IS NULL ORDER BY sku_id
""")
_CHANGE_PACKS = text("""
    UPDATE skus SET specification = row.specification, specification_en = row.specification_en,
        net_weight_g = row.net_weight_g, supplier_code = coalesce(nullif(row.supplier_code, ''), skus.supplier_code),
        revision = skus.revision + 1, changed_at = :now
    FROM import_packs AS row WHERE skus.sku_id = row.sku_id AND row.changes_pack AND row.fault IS NULL
""")
_CHANGED_PRICES = text("""
    SELECT sku_id, price_fen FROM import_packs WHERE changes_price AND fault IS NULL ORDER BY sku_id
""")


class ProductRows:
    """Products and packs of one supplier, by the supplier's own code, or by title and specification."""

    step_rows = STEP_ROWS

    async def judge(self, db: AsyncSession, span: Span, *, caller: Caller, now: datetime) -> Outcome:  # noqa: ARG002
        """New, changed and unchanged packs; rows that would change what is under review or on the shelf."""
        return await self._resolve(db, span, now=now)

    async def write(self, db: AsyncSession, span: Span, *, caller: Caller, now: datetime) -> Outcome:
        """Write them, the supplier held, so that nobody else enters the same product meanwhile."""
        supplier_id = _supplier(span)
        await supplier_queries.lock_supplier(db, supplier_id)
        outcome = await self._resolve(db, span, now=now)
        if not outcome.new and not outcome.changed:
            return outcome
        given = {"now": now, "supplier_id": supplier_id}
        known = await db.scalars(
            text("SELECT DISTINCT product_id FROM import_packs WHERE NOT is_new_product AND fault IS NULL")
        )
        await product_queries.lock_products(db, known.all())
        await db.execute(_NAME_PRODUCTS)
        await db.execute(_NAME_PACKS)
        added = [(row, "", "DRAFT") for row in await db.scalars(_ADD_PRODUCTS, given)]
        changed = [(row, "DRAFT", "DRAFT") for row in await db.scalars(_CHANGE_PRODUCTS, {"now": now})]
        await db.execute(_ADD_PACKS, {"now": now})
        await db.execute(_ADD_PRICES, {"now": now})
        await db.execute(_CHANGE_PACKS, {"now": now})
        for row in (await db.execute(_CHANGED_PRICES)).all():
            price = PricePeriod(now, None, row.price_fen)
            await price_actions.put_price(db, sku_id=row.sku_id, price=price, now=now, is_listed=False, reason="import")
        await trail_actions.record_each(
            db, [*added, *changed], subject_kind="product", verb="import", caller=caller, now=now
        )
        return outcome

    async def _resolve(self, db: AsyncSession, span: Span, *, now: datetime) -> Outcome:
        """Find out which product and pack each row is about, and what it would change."""
        await learn_growth(db, _TABLES)
        await db.execute(_FORGET)
        await db.execute(_RESOLVE, {**span.rows, "supplier_id": _supplier(span), "now": now})
        await db.execute(_REFUSE_UNDER_REVIEW)
        faults = {row.row_number: [_fault(row)] for row in await db.execute(_FAULTS)}
        counts = (await db.execute(_COUNT)).one()
        return Outcome(counts.new, counts.changed, counts.total - counts.new - counts.changed, faults)


def _supplier(span: Span) -> UUID:
    if span.supplier_id is None:
        raise ValueError("products belong to a supplier")
    return span.supplier_id


def _fault(row: Any) -> dict[str, Any]:
    is_code = row.fault == "product-of-another-code"
    return {
        "column": "supplier_code" if is_code else "title",
        "head": "",
        "letter": "",
        "value": row.supplier_code if is_code else row.title,
        "code": row.fault,
        "title": row.other_title if is_code else row.title,
        "specification": row.other_specification or "",
    }
