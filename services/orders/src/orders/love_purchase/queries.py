"""Reads of love purchases: for everybody, and for those who flag."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.love_purchase import rules
from orders.love_purchase.models import LovePurchase
from shared.auth import Caller
from shared.errors import NotFound

_COLUMNS = """
    flagged.love_purchase_id, flagged.revision, flagged.status, flagged.sku_id, flagged.supplier_id,
    flagged.county_code, flagged.reason, flagged.reason_en, flagged.source, flagged.target_count,
    flagged.absorbed_count, flagged.closes_at, flagged.flagged_at, flagged.changed_at, flagged.ended_at,
    sku.product_id, sku.product_title, sku.product_title_en, sku.specification, sku.specification_en, sku.picture,
    sku.category, sku.supplier_name, sku.price_fen, sku.is_listed
"""
_FROM = "FROM love_purchases AS flagged JOIN sellable_skus AS sku USING (sku_id)"
_GET = text(f"SELECT {_COLUMNS} {_FROM} WHERE flagged.love_purchase_id = :love_purchase_id")
_SKU = text("SELECT sku_id, supplier_id, origin_county_code, is_listed FROM sellable_skus WHERE sku_id = :sku_id")

_CANDIDATES = text("""
    SELECT sku.sku_id, sku.product_title, sku.product_title_en, sku.specification, sku.specification_en, sku.price_fen,
           sku.supplier_name, sku.origin_county_code, coalesce(level.available, 0) AS available
    FROM sellable_skus AS sku LEFT JOIN stock_levels AS level USING (sku_id)
    WHERE sku.is_listed
      AND (CAST(:regions AS text[]) IS NULL OR EXISTS (
          SELECT FROM unnest(CAST(:regions AS text[])) AS own (start)
          WHERE starts_with(sku.origin_county_code, own.start)))
      AND (CAST(:pattern AS text) IS NULL OR sku.product_title ILIKE :pattern OR sku.product_title_en ILIKE :pattern
           OR sku.supplier_name ILIKE :pattern)
      AND NOT EXISTS (SELECT FROM love_purchases WHERE love_purchases.sku_id = sku.sku_id AND status = 'OPEN')
    ORDER BY available DESC, sku.product_title, sku.sku_id LIMIT :limit
""")


def no_such_love_purchase() -> NotFound:
    """The refusal of a love purchase that does not exist, or not for this caller."""
    return NotFound("There is no such love purchase.", code="love-purchase-unknown", field="love_purchase_id")


async def find_sku(db: AsyncSession, sku_id: UUID) -> Row[Any] | None:
    """Whose it is, from where, and whether it is listed."""
    return (await db.execute(_SKU, {"sku_id": sku_id})).first()


async def list_candidates(db: AsyncSession, caller: Caller, *, wanted: str | None, limit: int) -> Sequence[Row[Any]]:
    """SKUs on sale of the caller's regions that are not flagged, those of which most is left first."""
    values = {"regions": seen_regions(caller), "pattern": _pattern(wanted) if wanted else None, "limit": limit}
    return (await db.execute(_CANDIDATES, values)).all()


async def get_love_purchase(db: AsyncSession, love_purchase_id: UUID) -> Row[Any]:
    """One with its product, for everybody."""
    row = (await db.execute(_GET, {"love_purchase_id": love_purchase_id})).first()
    if row is None:
        raise no_such_love_purchase()
    return row


async def find_open(db: AsyncSession, love_purchase_id: UUID) -> LovePurchase | None:
    """The flag, while it is open."""
    found = await db.get(LovePurchase, love_purchase_id)
    return found if found is not None and found.status == "OPEN" else None


async def lock_love_purchase(db: AsyncSession, love_purchase_id: UUID, caller: Caller) -> LovePurchase:
    """One that the caller may change, locked until the transaction ends."""
    statement = select(LovePurchase).where(LovePurchase.love_purchase_id == love_purchase_id)
    found = await db.scalar(statement.with_for_update(key_share=True), execution_options={"populate_existing": True})
    if found is None or not rules.may_flag(caller, found.county_code):
        raise no_such_love_purchase()
    return found


async def list_love_purchases(
    db: AsyncSession,
    *,
    regions: Sequence[str] | None = None,
    wanted: str | None = None,
    category: str | None = None,
    county: str | None = None,
    status: str | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """The newest first; within some regions only (starts of division codes) unless `regions` is None."""
    values: dict[str, Any] = {"limit": limit}
    conditions = ["true"]
    if regions is not None:
        conditions.append(
            "EXISTS (SELECT FROM unnest(CAST(:regions AS text[])) AS own (start)"
            " WHERE starts_with(flagged.county_code, own.start))"
        )
        values["regions"] = list(regions)
    if wanted:
        conditions.append("""(sku.product_title ILIKE :pattern OR sku.product_title_en ILIKE :pattern
            OR sku.supplier_name ILIKE :pattern OR flagged.reason ILIKE :pattern)""")
        values["pattern"] = _pattern(wanted)
    if category:
        conditions.append("sku.category = :category")
        values["category"] = category
    if county:
        conditions.append("starts_with(flagged.county_code, :county)")
        values["county"] = county
    if status is not None:
        conditions.append("flagged.status = :status")
        values["status"] = status
    if after is not None:
        conditions.append("flagged.love_purchase_id < :after")
        values["after"] = after
    statement = f"""
        SELECT {_COLUMNS} {_FROM} WHERE {" AND ".join(conditions)}
        ORDER BY flagged.love_purchase_id DESC LIMIT :limit
    """
    return (await db.execute(text(statement), values)).all()


def seen_regions(caller: Caller) -> list[str] | None:
    """The starts of the division codes that a caller who flags may see; None for all."""
    return None if caller.is_operator else [rules.region_prefix(each) for each in caller.regions]


async def list_due(db: AsyncSession, *, now: datetime) -> list[LovePurchase]:
    """Some whose date has come, locked; one that is being changed now is left for the next time."""
    statement = (
        select(LovePurchase)
        .where(LovePurchase.status == "OPEN", LovePurchase.closes_at <= now)
        .order_by(LovePurchase.love_purchase_id)
        .limit(50)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return list(await db.scalars(statement, execution_options={"populate_existing": True}))


def _pattern(wanted: str) -> str:
    part = wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{part}%"
