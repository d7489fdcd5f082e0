"""Earning, taking back and expiring points. Orders spend them in `place_order` and get them back by a trigger when they
are cancelled; each act locks the person's account first (`lock_points` in migrations/sql)."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.point import queries, rules
from shared.events.orders import PointsExpiring
from shared.outbox import publish

_OPEN = text("INSERT INTO point_accounts (person_id) VALUES (:person_id) ON CONFLICT DO NOTHING")
_LOCK = text("SELECT lock_points(:person_id, :now)")
_EARN = text("""
    SELECT earn_points(:person_id, :order_id, :lot_id, CAST(:lines AS jsonb), :expires_at, :grace_days, :now)
""")
_REFUND = text("SELECT refund_points(:line_id, :give, :claw, :now)")
_LEFT = text("SELECT points_left_for(:order_id, :now)")
_SPEND_AGAIN = text("SELECT spend_points_again(:order_id, :now)")
_REMIND = text("""
    WITH due AS (
        SELECT lot_id FROM point_lots
        WHERE left_points > 0 AND reminded_at IS NULL AND expires_at > :now AND expires_at <= :until
        ORDER BY expires_at, lot_id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE point_lots AS lot SET reminded_at = :now FROM due WHERE lot.lot_id = due.lot_id
    RETURNING lot.lot_id, lot.person_id, lot.left_points, lot.expires_at
""")


async def lock_account(db: AsyncSession, person_id: UUID, *, now: datetime) -> int:
    """The person's account, opened if there is none and locked until the end; what may be spent of it."""
    await db.execute(_OPEN, {"person_id": person_id})
    return int(await db.scalar(_LOCK, {"person_id": person_id, "now": now}) or 0)


async def earn_for_order(
    db: AsyncSession, *, person_id: UUID, buyer_kind: str, order_id: UUID, lot_id: UUID, now: datetime
) -> None:
    """What a completed order brings its buyer, in the transaction that completes it; twice is an error that the lot's
    key refuses. The caller holds the order's row; refunds are read after the account is locked, as they lock it too."""
    if not rules.is_for(buyer_kind):
        return
    await lock_account(db, person_id, now=now)
    lines = rules.earnings(await queries.list_kept(db, order_id))
    values = {
        "person_id": person_id,
        "order_id": order_id,
        "lot_id": lot_id,
        "lines": orjson.dumps([asdict(line) for line in lines], default=str).decode(),
        "expires_at": rules.expiry(now),
        "grace_days": rules.figures()["lasting"]["grace_days"],
        "now": now,
    }
    await db.execute(_EARN, values)


async def follow_refund(db: AsyncSession, *, person_id: UUID, buyer_kind: str, line_id: UUID, now: datetime) -> None:
    """Pieces of a line were refunded, or given up: its points follow. What cannot be taken back is owed."""
    if not rules.is_for(buyer_kind):
        return
    await lock_account(db, person_id, now=now)
    line = await queries.find_line(db, line_id)
    if line is None:
        return
    give, claw = rules.refunded_points(line)
    if give or claw:
        await db.execute(_REFUND, {"line_id": line_id, "give": give, "claw": claw, "now": now})


async def are_left_for(db: AsyncSession, order_id: UUID, *, now: datetime) -> bool:
    """Whether the points that a cancelled order gave back are still there for it; locked until the end."""
    return bool(await db.scalar(_LEFT, {"order_id": order_id, "now": now}))


async def spend_again(db: AsyncSession, order_id: UUID, *, now: datetime) -> None:
    """Take what `are_left_for` found to be there."""
    await db.execute(_SPEND_AGAIN, {"order_id": order_id, "now": now})


async def expire_points(db: AsyncSession, *, now: datetime, limit: int = 100) -> int:
    """Write off what has expired of so many persons; of how many."""
    persons = await queries.list_expired(db, now=now, limit=limit)
    for person_id in persons:
        await lock_account(db, person_id, now=now)
    return len(persons)


async def announce_expiring(db: AsyncSession, *, now: datetime, limit: int = 500) -> int:
    """Tell, once each, which points expire soon; how many lots."""
    values = {"now": now, "until": rules.remind_until(now), "limit": limit}
    rows = (await db.execute(_REMIND, values)).all()
    events = [
        PointsExpiring(person_id=row.person_id, lot_id=row.lot_id, points=row.left_points, expires_at=row.expires_at)
        for row in rows
    ]
    await publish(db, *events, now=now)
    return len(rows)
