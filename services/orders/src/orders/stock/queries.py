"""Reads of stock. A supplier sees its own SKUs, an operator all; what is available is public."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.stock.rules import StockCount
from shared.auth import Caller
from shared.errors import NotFound

_AVAILABILITY = text("""
    SELECT sku.sku_id, coalesce(level.available, 0) AS available, sku.price_fen, sku.is_listed
    FROM sellable_skus AS sku LEFT JOIN stock_levels AS level USING (sku_id)
    WHERE sku.sku_id = ANY(CAST(:sku_ids AS uuid[]))
    ORDER BY array_position(CAST(:sku_ids AS uuid[]), sku.sku_id)
""")
_LEVELS = text("""
    SELECT sku.sku_id, sku.supplier_id, sku.supplier_name, sku.product_title, sku.specification, sku.is_listed,
           coalesce(level.on_hand, 0) AS on_hand, coalesce(level.held, 0) AS held,
           coalesce(level.available, 0) AS available
    FROM sellable_skus AS sku LEFT JOIN stock_levels AS level USING (sku_id)
    WHERE (CAST(:supplier_id AS uuid) IS NULL OR sku.supplier_id = :supplier_id)
      AND (CAST(:after AS uuid) IS NULL OR sku.sku_id > :after)
      AND (CAST(:at_most AS integer) IS NULL OR coalesce(level.available, 0) <= :at_most)
    ORDER BY sku.sku_id LIMIT :limit
""")
_LEDGER = text("""
    SELECT entry_id, kind, quantity, order_id, reference, recorded_by, recorded_at
    FROM stock_ledger
    WHERE sku_id = :sku_id AND (CAST(:before AS bigint) IS NULL OR entry_id < :before)
    ORDER BY entry_id DESC LIMIT :limit
""")
_SUPPLIER = text("SELECT supplier_id FROM sellable_skus WHERE sku_id = :sku_id")
_COUNT = text("SELECT sku_id, on_hand, held, available FROM stock_levels WHERE sku_id = :sku_id")
_DIFFERENCES = text("""
    WITH booked AS (
        SELECT sku_id,
               coalesce(sum(quantity) FILTER (WHERE kind IN ('received', 'adjusted')), 0)
                   - coalesce(sum(quantity) FILTER (WHERE kind = 'shipped'), 0) AS on_hand,
               coalesce(sum(quantity) FILTER (WHERE kind = 'held'), 0)
                   - coalesce(sum(quantity) FILTER (WHERE kind IN ('released', 'shipped')), 0) AS held
        FROM stock_ledger GROUP BY sku_id
    ), promised AS (
        SELECT sku_id, sum(open_count) AS held FROM stock_holds WHERE open_count > 0 GROUP BY sku_id
    )
    SELECT sku_id, coalesce(level.on_hand, 0) AS counted_on_hand, coalesce(booked.on_hand, 0) AS booked_on_hand,
           coalesce(level.held, 0) AS counted_held, coalesce(booked.held, 0) AS booked_held,
           coalesce(promised.held, 0) AS promised_held
    FROM stock_levels AS level FULL JOIN booked USING (sku_id) FULL JOIN promised USING (sku_id)
    WHERE coalesce(level.on_hand, 0) <> coalesce(booked.on_hand, 0)
       OR coalesce(level.held, 0) <> coalesce(booked.held, 0)
       OR coalesce(level.held, 0) <> coalesce(promised.held, 0)
    ORDER BY sku_id
""")


async def list_availability(db: AsyncSession, sku_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """What nobody holds of each SKU, and its price, in the order asked; unknown SKUs are absent."""
    rows = await db.execute(_AVAILABILITY, {"sku_ids": list(sku_ids)})
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public way to a row's names


async def list_levels(
    db: AsyncSession, caller: Caller, *, supplier_id: UUID | None, at_most: int | None, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Counters by SKU: a supplier's own, whatever it asks; an operator's choice. `at_most` finds what runs out."""
    own_id = supplier_id if caller.is_operator else caller.organisation_id
    if own_id is None and not caller.is_operator:
        return []
    if supplier_id is not None and supplier_id != own_id:
        return []
    rows = await db.execute(_LEVELS, {"supplier_id": own_id, "at_most": at_most, "after": after, "limit": limit})
    return [dict(row._mapping) for row in rows]  # noqa: SLF001


async def list_ledger(db: AsyncSession, *, sku_id: UUID, before: int | None, limit: int) -> list[dict[str, Any]]:
    """The SKU's movements, latest first."""
    rows = await db.execute(_LEDGER, {"sku_id": sku_id, "before": before, "limit": limit})
    return [dict(row._mapping) for row in rows]  # noqa: SLF001


async def ensure_own_sku(db: AsyncSession, sku_id: UUID, caller: Caller) -> None:
    """NotFound unless the caller supplies the SKU or is an operator."""
    supplier_id = await db.scalar(_SUPPLIER, {"sku_id": sku_id})
    if supplier_id is None or not (caller.is_operator or supplier_id == caller.organisation_id):
        raise NotFound("There is no such SKU.", code="sku-not-found", field="sku_id")


async def get_count(db: AsyncSession, sku_id: UUID) -> StockCount:
    """The counters of a SKU; all zero where nothing was ever received."""
    row = (await db.execute(_COUNT, {"sku_id": sku_id})).first()
    return StockCount(*row) if row else StockCount(sku_id, 0, 0, 0)


async def list_differences(db: AsyncSession) -> list[dict[str, Any]]:
    """SKUs whose ledger, counters and holds disagree. Anything here is a fault of ours; the list should be empty."""
    rows = await db.execute(_DIFFERENCES)
    return [dict(row._mapping) for row in rows]  # noqa: SLF001
