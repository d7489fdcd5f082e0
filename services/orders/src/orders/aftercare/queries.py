"""All that a buyer asked for after a delivery: claims, returns and exchanges in one list."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_COMMON = """
    order_id, order_number, line_id, product_id, product_title, product_title_en, specification, picture, piece_count,
    status, opened_at, due_at
"""
_LIST = text(f"""
    SELECT * FROM (
        SELECT 'claim' AS kind, claim_id AS subject_id, {_COMMON}, problem AS cause, wanted_fen,
               coalesce(granted_fen, 0) AS granted_fen
        FROM claims WHERE buyer_id = :buyer_id
        UNION ALL
        SELECT 'return', return_id, {_COMMON}, cause, wanted_fen, coalesce(granted_fen, 0)
        FROM product_returns WHERE buyer_id = :buyer_id
        UNION ALL
        SELECT 'exchange', exchange_id, {_COMMON}, problem, 0, refunded_fen
        FROM exchanges WHERE buyer_id = :buyer_id
    ) AS asked
    WHERE (CAST(:kind AS text) IS NULL OR kind = :kind)
      AND (NOT :is_open OR status NOT IN ('REFUNDED', 'REJECTED', 'WITHDRAWN', 'CANCELLED')
           AND (kind, status) NOT IN (('return', 'REFUSED'), ('exchange', 'REFUSED'), ('exchange', 'DELIVERED')))
      AND (CAST(:pattern AS text) IS NULL OR order_number ILIKE :pattern OR product_title ILIKE :pattern
           OR product_title_en ILIKE :pattern)
      AND (CAST(:after_at AS timestamptz) IS NULL OR (opened_at, subject_id) < (:after_at, CAST(:after_id AS uuid)))
    ORDER BY opened_at DESC, subject_id DESC LIMIT :limit
""")  # noqa: S608 - our own column names


async def list_asked(
    db: AsyncSession,
    buyer_id: UUID,
    *,
    kind: str | None,
    is_open: bool,
    wanted: str,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """A page and one more, latest first; `is_open` leaves out what is settled."""
    escaped = wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    values = {
        "buyer_id": buyer_id,
        "kind": kind,
        "is_open": is_open,
        "pattern": f"%{escaped}%" if wanted else None,
        "after_at": after[0] if after else None,
        "after_id": after[1] if after else None,
        "limit": limit + 1,
    }
    return [dict(row) for row in (await db.execute(_LIST, values)).mappings()]
