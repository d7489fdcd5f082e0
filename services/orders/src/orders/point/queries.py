"""Reads of points: what a person has, what moved, and whether the books agree."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.point.rules import LineState, is_for
from shared.auth import Caller
from shared.direct import Direct, Statement

_SPENDABLE = Statement("""
    SELECT coalesce(sum(left_points), 0)::bigint FROM point_lots
    WHERE person_id = :person_id AND left_points > 0 AND expires_at > :now
""")
_OWED = text("SELECT owed FROM point_accounts WHERE person_id = :person_id")
_LOTS = text("""
    SELECT (expires_at - interval '1 microsecond') AS last_at, sum(left_points)::bigint AS points
    FROM point_lots WHERE person_id = :person_id AND left_points > 0 AND expires_at > :now
    GROUP BY expires_at ORDER BY expires_at
""")
_ENTRIES = text("""
    SELECT entry.entry_id, entry.kind, entry.recorded_at, entry.order_id, placed.order_number, lot.expires_at,
           CASE WHEN entry.to_book = 'points' THEN entry.points ELSE -entry.points END AS points
    FROM point_entries AS entry LEFT JOIN point_lots AS lot USING (lot_id)
    LEFT JOIN orders AS placed ON placed.order_id = entry.order_id
    WHERE entry.person_id = :person_id AND (CAST(:kind AS text) IS NULL OR entry.kind = :kind)
      AND (CAST(:starts_at AS timestamptz) IS NULL OR entry.recorded_at >= :starts_at)
      AND (CAST(:ends_at AS timestamptz) IS NULL OR entry.recorded_at < :ends_at)
      AND (CAST(:before AS bigint) IS NULL OR entry.entry_id < :before)
    ORDER BY entry.entry_id DESC LIMIT :limit
""")
_KEPT = text("""
    SELECT line.line_id, line.payable_fen - coalesce(balance.refunded_fen, 0) AS kept_fen
    FROM supplier_orders AS part JOIN order_lines AS line USING (supplier_order_id)
    LEFT JOIN line_balances AS balance USING (line_id)
    WHERE part.order_id = :order_id AND part.fulfilment <> 'CANCELLED' ORDER BY part.part_number, line.line_number
""")
_LINE = text("""
    SELECT point.spent, point.returned, point.earned, point.basis_fen, point.clawed, balance.payable_fen,
           balance.refunded_fen, balance.quantity, balance.refunded_count
    FROM point_lines AS point JOIN line_balances AS balance USING (line_id) WHERE line_id = :line_id
""")
_HOUSE = text("""
    SELECT coalesce(sum(CASE 'issued' WHEN from_book THEN points WHEN to_book THEN -points END), 0)::bigint AS issued,
           coalesce(sum(CASE 'redeemed' WHEN to_book THEN points WHEN from_book THEN -points END), 0)::bigint
               AS redeemed,
           coalesce(sum(points) FILTER (WHERE to_book = 'expired'), 0)::bigint AS expired,
           (SELECT coalesce(sum(balance), 0)::bigint FROM point_accounts) AS outstanding,
           (SELECT coalesce(sum(owed), 0)::bigint FROM point_accounts) AS owed,
           (SELECT count(*) FROM point_accounts) AS account_count
    FROM point_entries
""")
_NEXT = text("""
    SELECT person_id FROM point_accounts
    WHERE CAST(:after AS uuid) IS NULL OR person_id > :after ORDER BY person_id LIMIT :limit
""")
_APART = text("SELECT * FROM points_apart(:persons)")
_EXPIRED = text("""
    SELECT DISTINCT person_id FROM point_lots WHERE left_points > 0 AND expires_at <= :now
    ORDER BY person_id LIMIT :limit
""")


async def find_spendable(db: AsyncSession | Direct, person_id: UUID, *, now: datetime) -> int:
    """The points that have not expired."""
    [[points]] = await _SPENDABLE.rows(db, {"person_id": person_id, "now": now})
    return int(points)


async def find_balance(db: AsyncSession | Direct, caller: Caller, *, asked: int | None, now: datetime) -> int:
    """What the caller may spend at a checkout that asks for points: nothing where it does not, or buys for others."""
    return await find_spendable(db, caller.person_id, now=now) if asked is not None and is_for(caller.kind) else 0


async def find_owed(db: AsyncSession, person_id: UUID) -> int:
    """What the next earning is short of."""
    return int(await db.scalar(_OWED, {"person_id": person_id}) or 0)


async def list_lots(db: AsyncSession, person_id: UUID, *, now: datetime) -> list[Row[Any]]:
    """What expires when, the next first."""
    return list(await db.execute(_LOTS, {"person_id": person_id, "now": now}))


async def list_entries(
    db: AsyncSession,
    person_id: UUID,
    *,
    kind: str | None,
    period: tuple[datetime | None, datetime | None],
    before: int | None,
    limit: int,
) -> list[Row[Any]]:
    """A person's statement, the latest entry first; what went out is negative."""
    values = {"person_id": person_id, "kind": kind, "starts_at": period[0], "ends_at": period[1]}
    return list(await db.execute(_ENTRIES, values | {"before": before, "limit": limit}))


async def list_kept(db: AsyncSession, order_id: UUID) -> dict[UUID, int]:
    """The money that an order's lines keep, in fen, without what was refunded."""
    return {row.line_id: row.kept_fen for row in await db.execute(_KEPT, {"order_id": order_id})}


async def find_line(db: AsyncSession, line_id: UUID) -> LineState | None:
    """A line's points beside its refunds; None where neither spent nor earned."""
    row = (await db.execute(_LINE, {"line_id": line_id})).first()
    return None if row is None else LineState(*row)


async def summarise_house(db: AsyncSession) -> Row[Any]:
    """What the house issued, less what it took back; what was redeemed and expired; what people have and owe."""
    return (await db.execute(_HOUSE)).one()


async def list_accounts(db: AsyncSession, after: UUID | None, *, limit: int) -> list[UUID]:
    """The next persons with an account, by id."""
    return list(await db.scalars(_NEXT, {"after": after, "limit": limit}))


async def list_apart(db: AsyncSession, persons: list[UUID]) -> list[Row[Any]]:
    """Those of the persons whose counters, lots or orders are not what the ledger says."""
    return list(await db.execute(_APART, {"persons": persons}))


async def list_expired(db: AsyncSession, *, now: datetime, limit: int) -> list[UUID]:
    """Persons with points whose time is over."""
    return list(await db.scalars(_EXPIRED, {"now": now, "limit": limit}))
