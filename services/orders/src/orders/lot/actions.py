"""Lots: entered with a receipt, held and released by the catalog, written off when they are over."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.lot import queries, rules
from orders.stock import actions as stock_actions
from orders.stock.rules import StockCount
from shared.clock import business_day
from shared.ids import new_id

_ENTER = text("""
    INSERT INTO stock_lots AS lot (lot_id, sku_id, lot_number, harvested_on, expires_on, received_at, is_held)
    VALUES (:lot_id, :sku_id, :lot_number, :harvested_on, :expires_on, :now, EXISTS (
        SELECT FROM held_lots WHERE code = :lot_number AND is_held AND CAST(:sku_id AS uuid) = ANY(sku_ids)))
    ON CONFLICT (sku_id, lot_number) DO UPDATE
        SET harvested_on = coalesce(lot.harvested_on, excluded.harvested_on),
            expires_on = coalesce(lot.expires_on, excluded.expires_on)
    RETURNING old.harvested_on, old.expires_on
""")
_KEEP_HELD = text("""
    INSERT INTO held_lots AS kept (lot_id, code, sku_ids, is_held, reason, revision, changed_at)
    VALUES (:lot_id, :code, CAST(:sku_ids AS uuid[]), :is_held, :reason, :revision, :now)
    ON CONFLICT (lot_id) DO UPDATE
        SET is_held = excluded.is_held, reason = excluded.reason, revision = excluded.revision,
            changed_at = excluded.changed_at,
            sku_ids = CASE WHEN excluded.is_held THEN excluded.sku_ids ELSE kept.sku_ids END
        WHERE kept.revision < excluded.revision
    RETURNING lot_id
""")
_MARK = text("""
    UPDATE stock_lots AS lot SET is_held = EXISTS (
        SELECT FROM held_lots AS held
        WHERE held.code = lot.lot_number AND held.is_held AND lot.sku_id = ANY(held.sku_ids))
    WHERE lot.lot_number = :code
    RETURNING lot.lot_id
""")
_LOCK_LEVELS = text("""
    SELECT level.sku_id FROM stock_levels AS level
    WHERE sku_id IN (SELECT sku_id FROM stock_lots WHERE lot_id = ANY(CAST(:lot_ids AS uuid[])))
    ORDER BY sku_id FOR NO KEY UPDATE
""")
_RECONSIDER = text("""
    SELECT reconsider_lot(lot_id, :now, :day) FROM unnest(CAST(:lot_ids AS uuid[])) AS lot (lot_id)
""")


async def keep_lot(
    db: AsyncSession,
    *,
    sku_id: UUID,
    lot_number: str,
    harvested_on: date | None,
    expires_on: date | None,
    now: datetime,
) -> str:
    """Enter the lot, or add to a known one the days that were not known; its number as it is stored.

    Invalid `lot-days-wrong`; Conflict `lot-differs`.
    """
    number = rules.lot_number(lot_number)
    rules.ensure_days(harvested_on, expires_on)
    row = (
        await db.execute(
            _ENTER,
            {
                "lot_id": new_id(),
                "sku_id": sku_id,
                "lot_number": number,
                "harvested_on": harvested_on,
                "expires_on": expires_on,
                "now": now,
            },
        )
    ).one()
    rules.ensure_same_days((row.harvested_on, row.expires_on), (harvested_on, expires_on), number)
    return number


async def note_held(
    db: AsyncSession,
    *,
    lot_id: UUID,
    code: str,
    sku_ids: Collection[UUID],
    reason: str,
    revision: int,
    now: datetime,
) -> None:
    """The catalog holds a lot: its pieces are not sold, and not the ones to be shipped first."""
    await _note(db, lot_id, code, sku_ids=sku_ids, is_held=True, reason=reason, revision=revision, now=now)


async def note_released(db: AsyncSession, *, lot_id: UUID, code: str, revision: int, now: datetime) -> None:
    """It may be sold again."""
    await _note(db, lot_id, code, sku_ids=(), is_held=False, reason="", revision=revision, now=now)


async def _note(
    db: AsyncSession,
    lot_id: UUID,
    code: str,
    *,
    sku_ids: Collection[UUID],
    is_held: bool,
    reason: str,
    revision: int,
    now: datetime,
) -> None:
    number = rules.lot_number(code)
    values = {"lot_id": lot_id, "code": number, "sku_ids": sorted(sku_ids), "is_held": is_held, "reason": reason}
    if await db.scalar(_KEEP_HELD, values | {"revision": revision, "now": now}) is None:
        return
    await _reconsider(db, sorted(await db.scalars(_MARK, {"code": number})), now=now)


async def keep_from_sale(
    db: AsyncSession, *, now: datetime, after: UUID | None = None, limit: int = 200
) -> UUID | None:
    """Hold back the pieces of a batch of lots that are over or on hold, as far as nobody holds them; the last lot
    of the batch, None after the last batch."""
    lot_ids = await queries.list_unfit(db, day=business_day(now), after=after, limit=limit)
    await _reconsider(db, lot_ids, now=now)
    return lot_ids[-1] if len(lot_ids) == limit else None


async def _reconsider(db: AsyncSession, lot_ids: list[UUID], *, now: datetime) -> None:
    await db.execute(_LOCK_LEVELS, {"lot_ids": lot_ids})
    await db.execute(_RECONSIDER, {"lot_ids": lot_ids, "now": now, "day": business_day(now)})


async def write_off(
    db: AsyncSession,
    *,
    sku_id: UUID,
    lot_number: str,
    site_id: UUID,
    reason: str,
    recorded_by: UUID | None,
    now: datetime,
) -> StockCount:
    """Take out what a site still has of a lot that is over or on hold. NotFound `lot-not-found`; Conflict `lot-fit` for
    a lot that may still be sold, `stock-short` where its pieces are promised to orders."""
    number = rules.lot_number(lot_number)
    count = await queries.lock_unfit_pieces(
        db, sku_id=sku_id, lot_number=number, site_id=site_id, day=business_day(now)
    )
    return await stock_actions.adjust_stock(
        db,
        sku_id=sku_id,
        change=-count,
        reason=reason,
        recorded_by=recorded_by,
        now=now,
        site_id=site_id,
        lot_number=number,
    )
