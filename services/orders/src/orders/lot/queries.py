"""Reads of lots in stock."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import Caller
from shared.errors import Conflict, NotFound

_UNFIT = text("""
    SELECT lot.lot_id FROM stock_lots AS lot
    WHERE (lot.is_held OR lot.expires_on < :day) AND (CAST(:after AS uuid) IS NULL OR lot.lot_id > :after)
      AND EXISTS (SELECT FROM stock_shelves AS shelf WHERE shelf.lot_id = lot.lot_id AND shelf.on_hand > 0)
    ORDER BY lot.lot_id LIMIT :limit
""")
_LIST = text("""
    SELECT shelf.shelf_id, shelf.sku_id, sku.supplier_id, sku.supplier_name, sku.product_title, sku.specification,
           shelf.site_id, site.name AS site_name, lot.lot_number, lot.harvested_on, lot.expires_on, lot.is_held,
           coalesce(lot.expires_on < :day, false) AS is_over, shelf.on_hand
    FROM stock_shelves AS shelf JOIN stock_lots AS lot USING (lot_id) JOIN stock_sites AS site USING (site_id)
    JOIN sellable_skus AS sku ON sku.sku_id = shelf.sku_id
    WHERE shelf.on_hand > 0
      AND (CAST(:supplier_id AS uuid) IS NULL OR sku.supplier_id = :supplier_id)
      AND (CAST(:until AS date) IS NULL OR lot.is_held OR lot.expires_on <= :until)
      AND (CAST(:after AS bigint) IS NULL OR shelf.shelf_id > :after)
    ORDER BY shelf.shelf_id LIMIT :limit
""")
_LOCK_LEVEL = text("SELECT sku_id FROM stock_levels WHERE sku_id = :sku_id FOR NO KEY UPDATE")
_PIECES = text("""
    SELECT lot.is_held OR coalesce(lot.expires_on < :day, false) AS is_unfit, shelf.on_hand
    FROM stock_lots AS lot JOIN stock_shelves AS shelf USING (lot_id)
    WHERE lot.sku_id = :sku_id AND lot.lot_number = :lot_number AND shelf.site_id = :site_id AND shelf.on_hand > 0
""")


async def list_unfit(db: AsyncSession, *, day: date, after: UUID | None, limit: int) -> list[UUID]:
    """Lots with pieces that are over or on hold."""
    return list(await db.scalars(_UNFIT, {"day": day, "after": after, "limit": limit}))


async def list_in_stock(
    db: AsyncSession, caller: Caller, *, until: date | None, day: date, after: int | None, limit: int
) -> list[dict[str, Any]]:
    """Pieces of lots by site: a supplier's own, an operator's all. `until`: only lots that are on hold or whose last
    day is that day or before."""
    if not caller.is_operator and caller.organisation_id is None:
        return []
    supplier_id = None if caller.is_operator else caller.organisation_id
    rows = await db.execute(
        _LIST, {"supplier_id": supplier_id, "until": until, "day": day, "after": after, "limit": limit}
    )
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public way to a row's names


async def lock_unfit_pieces(db: AsyncSession, *, sku_id: UUID, lot_number: str, site_id: UUID, day: date) -> int:
    """How many pieces of an unfit lot a site has, with the SKU locked. NotFound `lot-not-found`, Conflict `lot-fit`."""
    await db.execute(_LOCK_LEVEL, {"sku_id": sku_id})
    values = {"sku_id": sku_id, "lot_number": lot_number, "site_id": site_id, "day": day}
    row = (await db.execute(_PIECES, values)).first()
    if row is None:
        raise NotFound("The site has nothing of such a lot.", code="lot-not-found", field="lot_number")
    if not row.is_unfit:
        raise Conflict(
            "The lot may still be sold. Correct its count by an adjustment instead.", code="lot-fit", field="lot_number"
        )
    return int(row.on_hand)
