"""Deposits that were paid before an order stood: they pay for it first, once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.settlement import queries
from orders.settlement.models import SettlementMatch


async def credit_deposit(
    db: AsyncSession, *, match_id: UUID, order_id: UUID, crop_order_id: UUID, amount_fen: int, now: datetime
) -> None:
    """So much of the crop order's deposit pays for the order, which was just accepted. The caller holds its row."""
    await queries.lock_owed(db, [order_id], now=now)
    db.add(
        SettlementMatch(
            match_id=match_id,
            order_id=order_id,
            crop_order_id=crop_order_id,
            amount_fen=amount_fen,
            is_manual=False,
            matched_at=now,
        )
    )
    await db.flush()


async def return_deposit(db: AsyncSession, *, crop_order_id: UUID, by: UUID, reason: str, now: datetime) -> None:
    """The order that it paid for fell: the deposit is owed back instead. The caller holds the order's row."""
    standing = select(SettlementMatch).where(
        SettlementMatch.crop_order_id == crop_order_id, SettlementMatch.undone_at.is_(None)
    )
    match = await db.scalar(standing)
    if match is not None:
        match.undone_at, match.undone_by, match.undo_reason = now, by, reason
        await db.flush()
