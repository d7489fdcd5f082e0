"""Moving stock. Counters, holds and ledger change together, in SQL functions that lock levels in SKU order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.stock.rules import StockCount
from shared.errors import Conflict

_ADD = text("""
    WITH counted AS (
        INSERT INTO stock_levels AS level (sku_id, on_hand) VALUES (:sku_id, :quantity)
        ON CONFLICT (sku_id) DO UPDATE SET on_hand = level.on_hand + excluded.on_hand
        RETURNING sku_id, on_hand, held, available
    ), written AS (
        INSERT INTO stock_ledger (sku_id, kind, quantity, reference, order_id, recorded_by, recorded_at)
        VALUES (:sku_id, :kind, :quantity, :reference, :order_id, :recorded_by, :now)
    )
    SELECT sku_id, on_hand, held, available FROM counted
""")
_TAKE = text("""
    WITH counted AS (
        UPDATE stock_levels SET on_hand = on_hand + :quantity
        WHERE sku_id = :sku_id AND available + :quantity >= 0
        RETURNING sku_id, on_hand, held, available
    ), written AS (
        INSERT INTO stock_ledger (sku_id, kind, quantity, reference, order_id, recorded_by, recorded_at)
        SELECT sku_id, :kind, :quantity, :reference, :order_id, :recorded_by, :now FROM counted
    )
    SELECT sku_id, on_hand, held, available FROM counted
""")
_HOLD = text("""
    SELECT hold_stock(:holder_id, :purpose, CAST(:sku_ids AS uuid[]), CAST(:quantities AS integer[]), :until, :now)
""")
_FORGET_ENDED = text("DELETE FROM stock_holds WHERE holder_id = :holder_id AND open_count = 0")
_SHIP = text("SELECT ship_stock(:holder_id, CAST(:sku_ids AS uuid[]), CAST(:quantities AS integer[]), :now)")
_RELEASE = text("SELECT release_stock(CAST(:holder_ids AS uuid[]), :now)")


async def receive_stock(
    db: AsyncSession, *, sku_id: UUID, quantity: int, reference: str, recorded_by: UUID | None, now: datetime
) -> StockCount:
    """Pieces came in: on_hand grows."""
    values = {
        "sku_id": sku_id,
        "kind": "received",
        "quantity": quantity,
        "reference": reference,
        "order_id": None,
        "recorded_by": recorded_by,
        "now": now,
    }
    return StockCount(*(await db.execute(_ADD, values)).one())


async def adjust_stock(
    db: AsyncSession,
    *,
    sku_id: UUID,
    change: int,
    reason: str,
    recorded_by: UUID | None,
    now: datetime,
    order_id: UUID | None = None,
) -> StockCount:
    """A count, a loss or a find corrects on_hand. Conflict `stock-short` if held pieces would be lost."""
    values = {
        "sku_id": sku_id,
        "kind": "adjusted",
        "quantity": change,
        "reference": reason,
        "order_id": order_id,
        "recorded_by": recorded_by,
        "now": now,
    }
    row = (await db.execute(_ADD if change > 0 else _TAKE, values)).first()
    if row is None:
        raise Conflict("So many are not there, or they are held for orders.", code="stock-short", field="quantity")
    return StockCount(*row)


async def hold_stock(
    db: AsyncSession,
    *,
    holder_id: UUID,
    purpose: str,
    quantities: Mapping[UUID, int],
    until: datetime | None,
    now: datetime,
) -> None:
    """Promise pieces to a holder, all or none. Conflict `stock-short` with shortages [{sku_id, wanted, available}]."""
    shortages = await db.scalar(
        _HOLD, {"holder_id": holder_id, "purpose": purpose, "until": until, "now": now, **_sorted(quantities)}
    )
    if shortages:
        raise Conflict("There is not enough left.", code="stock-short", shortages=shortages)


async def hold_again(
    db: AsyncSession,
    *,
    holder_id: UUID,
    purpose: str,
    quantities: Mapping[UUID, int],
    until: datetime | None,
    now: datetime,
) -> None:
    """`hold_stock` for a holder whose holds have ended; the ledger keeps both. Refused, nothing is changed."""
    async with db.begin_nested():
        await db.execute(_FORGET_ENDED, {"holder_id": holder_id})
        await hold_stock(db, holder_id=holder_id, purpose=purpose, quantities=quantities, until=until, now=now)


async def release_stock(db: AsyncSession, *, holder_ids: Sequence[UUID], now: datetime) -> None:
    """Give back what these holders still hold; a second time changes nothing."""
    await db.execute(_RELEASE, {"holder_ids": list(holder_ids), "now": now})


async def ship_stock(db: AsyncSession, *, holder_id: UUID, quantities: Mapping[UUID, int], now: datetime) -> None:
    """Held pieces left the house: on_hand and held shrink. Conflict `shipped-more-than-held` names the excess."""
    excess = await db.scalar(_SHIP, {"holder_id": holder_id, "now": now, **_sorted(quantities)})
    if excess:
        raise Conflict("More was sent than was held for the order.", code="shipped-more-than-held", excess=excess)


def _sorted(quantities: Mapping[UUID, int]) -> dict[str, list[UUID] | list[int]]:
    """In SKU order, as every function locks."""
    sku_ids = sorted(quantities)
    return {"sku_ids": sku_ids, "quantities": [quantities[sku_id] for sku_id in sku_ids]}
