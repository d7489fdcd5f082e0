"""Reads of what carts hold."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_FIND = text("""
    SELECT term.holder_id, term.expires_at, (
        SELECT coalesce(json_agg(json_build_object('sku_id', hold.sku_id, 'quantity', hold.open_count)
                                 ORDER BY hold.sku_id), '[]')
        FROM stock_holds AS hold WHERE hold.holder_id = term.holder_id AND hold.open_count > 0
    ) AS lines
    FROM stock_terms AS term
    WHERE term.owner_id = :person_id AND term.purpose = 'cart' AND term.status = 'OPEN'
""")
_LOCK_PERSON = text("SELECT pg_advisory_xact_lock(hashtextextended('cart hold ' || :person_id, 0))")
_LOCK_OPEN = text("""
    SELECT holder_id FROM stock_terms
    WHERE owner_id = :person_id AND purpose = 'cart' AND status = 'OPEN' FOR NO KEY UPDATE
""")
_LAST_ENDED = text("""
    SELECT ended_at FROM stock_terms
    WHERE owner_id = :person_id AND purpose = 'cart' AND status IN ('RELEASED', 'EXPIRED')
    ORDER BY created_at DESC LIMIT 1
""")


async def find_hold(db: AsyncSession, person_id: UUID) -> dict[str, Any] | None:
    """What the person's cart holds, or None."""
    row = (await db.execute(_FIND, {"person_id": person_id})).first()
    return None if row is None else dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public way to a row's names


async def lock_open(db: AsyncSession, person_id: UUID) -> UUID | None:
    """The open hold's id, locked; None without one. Nobody else begins or ends one of this person meanwhile."""
    await db.execute(_LOCK_PERSON, {"person_id": str(person_id)})
    found: UUID | None = await db.scalar(_LOCK_OPEN, {"person_id": person_id})
    return found


async def find_last_ended(db: AsyncSession, person_id: UUID) -> datetime | None:
    """When the person's latest hold ended that bought nothing."""
    found: datetime | None = await db.scalar(_LAST_ENDED, {"person_id": person_id})
    return found
