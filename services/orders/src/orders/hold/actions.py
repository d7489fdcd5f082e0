"""Holding pieces for a cart or a campaign, longer or no longer. The term's row is locked before levels and holds."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.hold import queries, rules
from orders.stock import actions as stock_actions
from shared.auth import Caller

_CREATE = text("""
    INSERT INTO stock_terms (holder_id, purpose, title, owner_id, supplier_id, status, expires_at, created_at)
    VALUES (:holder_id, :purpose, :title, :owner_id, :supplier_id, 'OPEN', :expires_at, :now)
""")
_EXTEND = text("""
    WITH extended AS (
        UPDATE stock_terms SET expires_at = :expires_at, revision = revision + 1 WHERE holder_id = :holder_id
    )
    UPDATE stock_holds SET expires_at = :expires_at WHERE holder_id = :holder_id AND open_count > 0
""")
_END = text("""
    UPDATE stock_terms SET status = :status, ended_at = :now, revision = revision + 1
    WHERE holder_id = ANY(CAST(:holder_ids AS uuid[]))
""")
_LOCK_OPEN = text("SELECT status FROM stock_terms WHERE holder_id = :holder_id AND status = 'OPEN' FOR NO KEY UPDATE")
_LOCK_DUE = text("""
    SELECT holder_id FROM stock_terms WHERE status = 'OPEN' AND expires_at <= :now
    ORDER BY expires_at, holder_id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
""")


async def hold(
    db: AsyncSession,
    *,
    holder_id: UUID,
    purpose: str,
    title: str,
    quantities: Mapping[UUID, int],
    expires_at: datetime,
    caller: Caller,
    now: datetime,
) -> None:
    """Promise pieces until an instant, all or none. Invalid `hold-end-wrong`; Conflict `stock-short` with shortages."""
    rules.ensure_end(purpose, expires_at, now)
    supplier_id = caller.organisation_id if caller.kind == "supplier" else None
    await db.execute(
        _CREATE,
        {
            "holder_id": holder_id,
            "purpose": purpose,
            "title": title,
            "owner_id": caller.person_id,
            "supplier_id": supplier_id,
            "expires_at": expires_at,
            "now": now,
        },
    )
    await stock_actions.hold_stock(
        db, holder_id=holder_id, purpose=purpose, quantities=quantities, until=expires_at, now=now
    )


async def extend_hold(
    db: AsyncSession, *, holder_id: UUID, expires_at: datetime, caller: Caller, now: datetime
) -> None:
    """Another end, later or sooner. Conflict `hold-status`; Invalid `hold-end-wrong`."""
    rules.status_after("extend", await queries.lock_status(db, holder_id, caller))
    rules.ensure_end("campaign", expires_at, now)
    await db.execute(_EXTEND, {"holder_id": holder_id, "expires_at": expires_at})


async def release_hold(db: AsyncSession, *, holder_id: UUID, caller: Caller, now: datetime) -> None:
    """Its pieces may be sold again. Conflict `hold-status`."""
    status = rules.status_after("release", await queries.lock_status(db, holder_id, caller))
    await _end(db, [holder_id], status, now=now)


async def let_go(db: AsyncSession, *, holder_id: UUID, now: datetime) -> None:
    """End the hold of something that has ended itself; one that is over already stays as it is."""
    if await db.scalar(_LOCK_OPEN, {"holder_id": holder_id}) is not None:
        await _end(db, [holder_id], rules.status_after("release", "OPEN"), now=now)


async def expire_holds(db: AsyncSession, *, now: datetime, limit: int = 100) -> int:
    """End a batch of holds whose time is over; how many. One that somebody releases or extends now is left alone."""
    due = list(await db.scalars(_LOCK_DUE, {"now": now, "limit": limit}))
    if due:
        await _end(db, due, rules.status_after("expire", "OPEN"), now=now)
    return len(due)


async def end_holds(db: AsyncSession, holder_ids: list[UUID], *, verb: str, now: datetime) -> None:
    """Whatever these hold may be sold again. The caller has locked their terms, which are open."""
    await _end(db, holder_ids, rules.status_after(verb, "OPEN"), now=now)


async def _end(db: AsyncSession, holder_ids: list[UUID], status: str, *, now: datetime) -> None:
    await db.execute(_END, {"holder_ids": holder_ids, "status": status, "now": now})
    await stock_actions.release_stock(db, holder_ids=holder_ids, now=now)
