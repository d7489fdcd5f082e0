"""Reads of stock. A supplier sees its own SKUs, an operator all; what is available is public."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
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
           sku.temperature_class, coalesce(level.on_hand, 0) AS on_hand, coalesce(level.held, 0) AS held,
           coalesce(level.available, 0) AS available, coalesce(level.low_at, 0) AS low_at
    FROM sellable_skus AS sku LEFT JOIN stock_levels AS level USING (sku_id)
    WHERE (CAST(:supplier_id AS uuid) IS NULL OR sku.supplier_id = :supplier_id)
      AND (CAST(:after AS uuid) IS NULL OR sku.sku_id > :after)
      AND (CAST(:at_most AS integer) IS NULL OR coalesce(level.available, 0) <= :at_most)
      AND (NOT :is_low OR coalesce(level.available, 0) <= coalesce(level.low_at, 0))
      AND (CAST(:sku_id AS uuid) IS NULL OR sku.sku_id = :sku_id)
      AND (CAST(:site_id AS uuid) IS NULL OR EXISTS (
          SELECT FROM stock_shelves AS shelf
          WHERE shelf.sku_id = sku.sku_id AND shelf.site_id = :site_id AND shelf.on_hand > 0))
      AND (CAST(:pattern AS text) IS NULL OR sku.product_title ILIKE :pattern OR sku.product_title_en ILIKE :pattern
           OR sku.specification ILIKE :pattern)
    ORDER BY sku.sku_id LIMIT :limit
""")
_LEDGER = text("""
    SELECT entry.entry_id, entry.kind, entry.quantity, entry.order_id, entry.reference, entry.recorded_by,
           entry.recorded_at, entry.site_id, site.name AS site_name, coalesce(lot.lot_number, '') AS lot_number,
           entry.shipment_id
    FROM stock_ledger AS entry LEFT JOIN stock_sites AS site USING (site_id) LEFT JOIN stock_lots AS lot USING (lot_id)
    WHERE entry.sku_id = :sku_id AND (CAST(:before AS bigint) IS NULL OR entry.entry_id < :before)
    ORDER BY entry.entry_id DESC LIMIT :limit
""")
_SHELVES = text("""
    SELECT shelf.sku_id, shelf.site_id, site.name AS site_name, site.county_code, coalesce(lot.lot_number, '')
               AS lot_number, lot.harvested_on, lot.expires_on, shelf.on_hand,
           coalesce(lot.is_held, false) AS is_held, coalesce(lot.expires_on < :day, false) AS is_over
    FROM stock_shelves AS shelf JOIN stock_sites AS site USING (site_id) LEFT JOIN stock_lots AS lot USING (lot_id)
    WHERE shelf.sku_id = ANY(CAST(:sku_ids AS uuid[])) AND shelf.on_hand > 0
    ORDER BY shelf.sku_id, NOT site.is_default, site.name, lot.lot_id IS NULL, lot.expires_on, lot.lot_number
""")
_PLAN = text("""
    SELECT part.supplier_order_id, part.supplier_id, placed.buyer_id, (
        SELECT coalesce(json_agg(json_build_object(
            'sku_id', plan.sku_id, 'site_id', plan.site_id, 'site_name', site.name, 'county_code', site.county_code,
            'distance', plan.distance, 'quantity', plan.quantity, 'open_count', plan.open_count
        ) ORDER BY plan.sku_id, plan.distance, plan.site_id), '[]')
        FROM stock_allocations AS plan JOIN stock_sites AS site USING (site_id)
        WHERE plan.supplier_order_id = part.supplier_order_id
    ) AS allocations, (
        SELECT coalesce(json_agg(json_build_object(
            'sku_id', entry.sku_id, 'site_id', entry.site_id, 'site_name', site.name, 'quantity', entry.quantity,
            'lot_number', coalesce(lot.lot_number, ''), 'expires_on', lot.expires_on,
            'shipment_id', entry.shipment_id, 'reference', entry.reference, 'shipped_at', entry.recorded_at
        ) ORDER BY entry.entry_id), '[]')
        FROM stock_ledger AS entry JOIN stock_sites AS site USING (site_id) LEFT JOIN stock_lots AS lot USING (lot_id)
        WHERE entry.order_id = part.order_id AND entry.kind = 'shipped'
          AND entry.sku_id IN (SELECT sku_id FROM order_lines WHERE supplier_order_id = part.supplier_order_id)
    ) AS shipped
    FROM supplier_orders AS part JOIN orders AS placed USING (order_id)
    WHERE part.supplier_order_id = :supplier_order_id
      AND (:sees_all OR part.supplier_id = CAST(:organisation_id AS uuid))
""")
_SUPPLIER = text("SELECT supplier_id FROM sellable_skus WHERE sku_id = :sku_id")
_COUNT = text("SELECT sku_id, on_hand, held, available FROM stock_levels WHERE sku_id = :sku_id")
_HAS_SHIPPED = text("""
    SELECT EXISTS (SELECT FROM stock_ledger WHERE kind = 'shipped' AND order_id = :holder_id
                   AND shipment_id = :shipment_id AND reference = :reference)
""")
_SHIPPED_LOTS = text("""
    SELECT DISTINCT lot.lot_number
    FROM stock_ledger AS entry JOIN stock_lots AS lot USING (lot_id)
    WHERE entry.kind = 'shipped' AND entry.order_id = :holder_id AND entry.sku_id = :sku_id ORDER BY 1
""")
_OPEN = text(
    "SELECT coalesce(sum(open_count), 0) FROM stock_holds WHERE holder_id = :holder_id AND sku_id = ANY(:sku_ids)"
)
_DIFFERENCES = text("""
    WITH sku AS (
        SELECT sku_id FROM (
            SELECT sku_id FROM stock_levels UNION SELECT sku_id FROM stock_ledger
            UNION SELECT sku_id FROM stock_shelves UNION SELECT sku_id FROM stock_holds
        ) AS known
        WHERE CAST(:sku_ids AS uuid[]) IS NULL OR sku_id = ANY(:sku_ids)
    ), entry AS (
        SELECT ledger.* FROM stock_ledger AS ledger JOIN sku USING (sku_id)
    ), booked AS (
        SELECT sku_id,
               sum(CASE WHEN site_id IS NULL THEN 0 WHEN kind = 'shipped' THEN -quantity ELSE quantity END) AS on_hand,
               sum(CASE WHEN kind = 'held' THEN quantity WHEN kind IN ('released', 'shipped') THEN -quantity ELSE 0 END)
                   AS held
        FROM entry GROUP BY sku_id
    ), placed AS (
        SELECT sku_id, sum(on_hand) AS on_hand FROM stock_shelves JOIN sku USING (sku_id) GROUP BY sku_id
    ), promised AS (
        SELECT sku_id, sum(open_count) AS held FROM stock_holds JOIN sku USING (sku_id) GROUP BY sku_id
    ), shelf_sums AS (
        SELECT sku_id, site_id, lot_id, sum(booked) AS booked, sum(counted) AS counted
        FROM (
            SELECT sku_id, site_id, lot_id, CASE kind WHEN 'shipped' THEN -quantity ELSE quantity END AS booked,
                   0 AS counted
            FROM entry WHERE site_id IS NOT NULL
            UNION ALL
            SELECT sku_id, site_id, lot_id, 0, on_hand FROM stock_shelves JOIN sku USING (sku_id)
        ) AS both_sides
        GROUP BY sku_id, site_id, lot_id HAVING sum(booked) <> sum(counted)
    ), hold_sums AS (
        SELECT sku_id, holder_id, sum(booked) AS booked, sum(counted) AS counted
        FROM (
            SELECT sku_id, order_id AS holder_id, CASE kind WHEN 'held' THEN quantity ELSE -quantity END AS booked,
                   0 AS counted
            FROM entry WHERE kind IN ('held', 'released', 'shipped')
            UNION ALL
            SELECT sku_id, holder_id, 0, open_count FROM stock_holds JOIN sku USING (sku_id)
        ) AS both_sides
        GROUP BY sku_id, holder_id HAVING sum(booked) <> sum(counted)
    )
    SELECT sku.sku_id, coalesce(level.on_hand, 0) AS counted_on_hand, coalesce(booked.on_hand, 0) AS booked_on_hand,
           coalesce(placed.on_hand, 0) AS placed_on_hand, coalesce(level.held, 0) AS counted_held,
           coalesce(booked.held, 0) AS booked_held, coalesce(promised.held, 0) AS promised_held,
           (SELECT count(*) FROM shelf_sums WHERE shelf_sums.sku_id = sku.sku_id) AS shelves_apart,
           (SELECT count(*) FROM hold_sums WHERE hold_sums.sku_id = sku.sku_id) AS holds_apart
    FROM sku LEFT JOIN stock_levels AS level USING (sku_id) LEFT JOIN booked USING (sku_id)
    LEFT JOIN placed USING (sku_id) LEFT JOIN promised USING (sku_id)
    WHERE coalesce(level.on_hand, 0) <> coalesce(booked.on_hand, 0)
       OR coalesce(level.on_hand, 0) <> coalesce(placed.on_hand, 0)
       OR coalesce(level.held, 0) <> coalesce(booked.held, 0)
       OR coalesce(level.held, 0) <> coalesce(promised.held, 0)
       OR sku.sku_id IN (SELECT sku_id FROM shelf_sums) OR sku.sku_id IN (SELECT sku_id FROM hold_sums)
    ORDER BY sku.sku_id
""")

_LOCK_SHORTAGES = text("SELECT lock_shortages(CAST(:sku_ids AS uuid[]), CAST(:quantities AS integer[]))")


async def list_availability(db: AsyncSession, sku_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """What nobody holds of each SKU, and its price, in the order asked; unknown SKUs are absent."""
    rows = await db.execute(_AVAILABILITY, {"sku_ids": list(sku_ids)})
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public way to a row's names


@dataclass(frozen=True, slots=True)
class LevelFilter:
    """What a list of levels is narrowed to. `at_most` finds what runs out, `is_low` what is at its own threshold,
    `q` is part of a product's title or specification."""

    supplier_id: UUID | None = None
    at_most: int | None = None
    is_low: bool = False
    site_id: UUID | None = None
    q: str | None = None
    sku_id: UUID | None = None


async def lock_shortages(db: AsyncSession, quantities: Mapping[UUID, int]) -> list[dict[str, Any]]:
    """Lock the levels of the SKUs in their order until the transaction ends; what is short of the quantities. For who
    holds stock in several steps afterwards."""
    found = sorted(quantities.items())
    values = {"sku_ids": [sku_id for sku_id, _ in found], "quantities": [count for _, count in found]}
    return list(await db.scalar(_LOCK_SHORTAGES, values) or [])


async def list_levels(
    db: AsyncSession, caller: Caller, asked: LevelFilter, *, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Counters by SKU: a supplier's own, whatever it asks; an operator's choice."""
    own_id = asked.supplier_id if caller.is_operator else caller.organisation_id
    if own_id is None and not caller.is_operator:
        return []
    if asked.supplier_id is not None and asked.supplier_id != own_id:
        return []
    pattern = f"%{_escaped(asked.q)}%" if asked.q else None
    values = {"at_most": asked.at_most, "is_low": asked.is_low, "site_id": asked.site_id, "sku_id": asked.sku_id}
    place = {"supplier_id": own_id, "pattern": pattern, "after": after, "limit": limit}
    rows = await db.execute(_LEVELS, values | place)
    return [dict(row._mapping) for row in rows]  # noqa: SLF001


async def list_shelves(db: AsyncSession, sku_ids: Sequence[UUID], *, day: date) -> list[dict[str, Any]]:
    """Where the SKUs' pieces lie, by site and lot; `is_over` of lots whose last day is before `day`."""
    rows = await db.execute(_SHELVES, {"sku_ids": list(sku_ids), "day": day})
    return [dict(row._mapping) for row in rows]  # noqa: SLF001


async def get_plan(db: AsyncSession, supplier_order_id: UUID, caller: Caller) -> dict[str, Any]:
    """From which sites a supplier order's pieces should leave, and of which lots they left; for its supplier and
    operators."""
    values = {"organisation_id": caller.organisation_id, "sees_all": caller.is_operator}
    row = (await db.execute(_PLAN, {"supplier_order_id": supplier_order_id, **values})).first()
    if row is None:
        raise NotFound("There is no such supplier order.", code="supplier-order-not-found", field="supplier_order_id")
    return {
        "supplier_order_id": row.supplier_order_id,
        "allocations": row.allocations,
        "shipped": row.shipped,
    }


async def has_shipped(db: AsyncSession, *, holder_id: UUID, shipment_id: UUID, reference: str) -> bool:
    """Whether these waybills of the shipment were booked before: an event may be read again."""
    values = {"holder_id": holder_id, "shipment_id": shipment_id, "reference": reference}
    return bool(await db.scalar(_HAS_SHIPPED, values))


async def count_open(db: AsyncSession, *, holder_id: UUID, sku_ids: Sequence[UUID]) -> int:
    """How many pieces of these SKUs the holder still holds."""
    return int(await db.scalar(_OPEN, {"holder_id": holder_id, "sku_ids": list(sku_ids)}) or 0)


async def list_shipped_lots(db: AsyncSession, *, holder_id: UUID, sku_id: UUID) -> list[str]:
    """Of which lots pieces of the SKU left for the holder, as far as they were of any."""
    return list(await db.scalars(_SHIPPED_LOTS, {"holder_id": holder_id, "sku_id": sku_id}))


async def list_ledger(db: AsyncSession, *, sku_id: UUID, before: int | None, limit: int) -> list[dict[str, Any]]:
    """The SKU's movements, latest first."""
    rows = await db.execute(_LEDGER, {"sku_id": sku_id, "before": before, "limit": limit})
    return [dict(row._mapping) for row in rows]  # noqa: SLF001


async def get_own_supplier(db: AsyncSession, sku_id: UUID, caller: Caller) -> UUID:
    """The SKU's supplier. NotFound unless the caller is that supplier or an operator."""
    supplier_id: UUID | None = await db.scalar(_SUPPLIER, {"sku_id": sku_id})
    if supplier_id is None or not (caller.is_operator or supplier_id == caller.organisation_id):
        raise NotFound("There is no such SKU.", code="sku-not-found", field="sku_id")
    return supplier_id


async def get_count(db: AsyncSession, sku_id: UUID) -> StockCount:
    """The counters of a SKU; all zero where nothing was ever received."""
    row = (await db.execute(_COUNT, {"sku_id": sku_id})).first()
    return StockCount(*row) if row else StockCount(sku_id, 0, 0, 0)


async def list_differences(db: AsyncSession, sku_ids: Sequence[UUID] | None = None) -> list[dict[str, Any]]:
    """SKUs whose ledger, counters, shelves and holds disagree, of these or of all. One statement, so all are seen
    at one moment. Anything here is a fault of ours; the list should be empty."""
    rows = await db.execute(_DIFFERENCES, {"sku_ids": None if sku_ids is None else list(sku_ids)})
    return [{name: _number(value) for name, value in row._mapping.items()} for row in rows]  # noqa: SLF001


def no_stock_yet() -> NotFound:
    """The refusal where nothing was ever received."""
    return NotFound("Nothing of this SKU was received yet.", code="stock-not-found", field="sku_id")


def _number(value: Any) -> Any:
    """Sums come as decimals."""
    return int(value) if isinstance(value, Decimal) else value


def _escaped(wanted: str) -> str:
    return wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
