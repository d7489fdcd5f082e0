"""Reads of the SKU replica."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.sku.rules import SaleSku, presale_of, tiers_of

SALE_COLUMNS = """
    sku.sku_id, sku.revision, sku.is_listed, sku.product_id, sku.supplier_id, sku.supplier_name,
    sku.supplier_county_code, sku.product_title, sku.product_title_en, sku.specification, sku.specification_en,
    sku.picture, sku.price_fen, sku.price_valid_from, sku.price_valid_until, coalesce(level.available, 0) AS available,
    sku.category, sku.designations, sku.origin_county_code, sku.net_weight_g, sku.temperature_class,
    CASE WHEN sku.price_tiers <> '[]' THEN sku.price_tiers::text END, sku.presale::text
"""
KEPT_FOR_CART = """
    coalesce((
        SELECT sum(hold.open_count) FROM stock_terms AS term JOIN stock_holds AS hold USING (holder_id)
        WHERE term.owner_id = :person_id AND term.purpose = 'cart' AND term.status = 'OPEN' AND hold.sku_id = sku.sku_id
    ), 0)
"""
OWN_SALE_COLUMNS = SALE_COLUMNS.replace(
    "coalesce(level.available, 0) AS available",
    f"(coalesce(level.available, 0) + {KEPT_FOR_CART})::integer AS available",
)
"""The same for one person: what their own cart holds is available to them."""
SALE_WIDTH = 23  # columns of SALE_COLUMNS: what a statement adds comes after them

_FOR_SALE = text(f"""
    SELECT {SALE_COLUMNS}
    FROM sellable_skus AS sku LEFT JOIN stock_levels AS level USING (sku_id)
    WHERE sku.sku_id = ANY(:sku_ids)
""")  # noqa: S608 - only our own column list

_BY_NAME = text(f"""
    SELECT {SALE_COLUMNS}
    FROM sellable_skus AS sku LEFT JOIN stock_levels AS level USING (sku_id)
    WHERE sku.is_listed AND (CAST(:supplier_id AS uuid) IS NULL OR sku.supplier_id = :supplier_id)
      AND (CAST(:pattern AS text) IS NULL OR sku.product_title ILIKE :pattern OR sku.product_title_en ILIKE :pattern
           OR sku.specification ILIKE :pattern OR sku.supplier_name ILIKE :pattern)
    ORDER BY sku.product_title, sku.net_weight_g, sku.sku_id LIMIT :limit
""")  # noqa: S608 - only our own column list
_ESCAPED = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


def sale_skus(rows: Iterable[Any]) -> dict[UUID, SaleSku]:
    """Rows of `SALE_COLUMNS` as values, by SKU."""
    return {row[0]: _sale_sku(row) for row in rows}


def _sale_sku(row: Any) -> SaleSku:
    facts = list(row[:SALE_WIDTH])
    facts[17], facts[-2], facts[-1] = tuple(facts[17]), tiers_of(facts[-2]), presale_of(facts[-1])
    return SaleSku(*facts)


async def list_for_sale(db: AsyncSession, sku_ids: Iterable[UUID]) -> dict[UUID, SaleSku]:
    """What the replica knows of these SKUs, with what is available of each, by SKU; unknown ones are absent."""
    return sale_skus(await db.execute(_FOR_SALE, {"sku_ids": list(sku_ids)}))


async def list_by_name(db: AsyncSession, *, supplier_id: UUID | None, wanted: str | None, limit: int) -> list[SaleSku]:
    """What is listed, of one supplier or of all, by title and weight. `wanted` is part of a title, of a specification
    or of the supplier's name."""
    values = {
        "supplier_id": supplier_id,
        "pattern": None if not wanted else "%" + wanted.translate(_ESCAPED) + "%",
        "limit": limit,
    }
    return list(sale_skus(await db.execute(_BY_NAME, values)).values())
