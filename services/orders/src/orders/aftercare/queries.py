"""All that a buyer asked for after a delivery: claims, returns and exchanges in one list."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_COMMON = """
    order_id, order_number, line_id, product_id, product_title, product_title_en, specification, picture, piece_count,
    status, opened_at, due_at
"""
_LIST = """
    SELECT * FROM (
        SELECT 'claim' AS kind, claim_id AS subject_id, {common}, problem AS cause, wanted_fen,
               coalesce(granted_fen, 0) AS granted_fen
        FROM claims WHERE {whose}
        UNION ALL
        SELECT 'return', return_id, {common}, cause, wanted_fen, coalesce(granted_fen, 0)
        FROM product_returns WHERE {whose}
        UNION ALL
        SELECT 'exchange', exchange_id, {common}, problem, 0, refunded_fen
        FROM exchanges WHERE {whose}
    ) AS asked
    WHERE (CAST(:kind AS text) IS NULL OR kind = :kind)
      AND (NOT :is_open OR status NOT IN ('REFUNDED', 'REJECTED', 'WITHDRAWN', 'CANCELLED')
           AND (kind, status) NOT IN (('return', 'REFUSED'), ('exchange', 'REFUSED'), ('exchange', 'DELIVERED')))
      AND (CAST(:pattern AS text) IS NULL OR order_number ILIKE :pattern OR product_title ILIKE :pattern
           OR product_title_en ILIKE :pattern)
      AND (CAST(:after_at AS timestamptz) IS NULL OR (opened_at, subject_id) < (:after_at, CAST(:after_id AS uuid)))
    ORDER BY opened_at DESC, subject_id DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list is narrowed to. With `sees_all` those of an order are listed whoever bought it."""

    kind: str | None = None
    is_open: bool = False
    wanted: str = ""
    order_id: UUID | None = None
    sees_all: bool = False


async def list_asked(
    db: AsyncSession, buyer_id: UUID, asked: Asked, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """A page and one more, latest first; `is_open` leaves out what is settled."""
    whose: dict[str, Any] = {} if asked.order_id is None else {"order_id": asked.order_id}
    if asked.order_id is None or not asked.sees_all:
        whose["buyer_id"] = buyer_id
    escaped = asked.wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    values = {
        **whose,
        "kind": asked.kind,
        "is_open": asked.is_open,
        "pattern": f"%{escaped}%" if asked.wanted else None,
        "after_at": after[0] if after else None,
        "after_id": after[1] if after else None,
        "limit": limit + 1,
    }
    conditions = " AND ".join(f"{name} = :{name}" for name in whose)
    statement = text(_LIST.format(common=_COMMON, whose=conditions))
    return [dict(row) for row in (await db.execute(statement, values)).mappings()]
