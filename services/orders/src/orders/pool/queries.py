"""How far shares have come: the purchase that each became, its order, and what of it was accepted."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

PoolWay = Literal["JOINT", "ABSORPTION"]

_STANDING = """
    LEFT JOIN purchases AS bought ON bought.way = '{way}' AND bought.source_id = share.share_id
    LEFT JOIN unit_orders AS own ON own.purchase_id = bought.purchase_id
"""
_ORDERED = "CASE WHEN own.stage NOT IN ('CANCELLED', 'REFUSED') THEN share.quantity ELSE 0 END"
_ACCEPTED = """
    coalesce((SELECT sum(line.accepted_count) FROM acceptance_lines AS line WHERE line.order_id = own.order_id), 0)
"""


def sums(*, way: PoolWay, table: str, pool: str, taken: str) -> str:
    """The columns share_count, ordered_count, accepted_count, accepted_fen of a pool, as a lateral subquery's text.
    All four are our own words."""
    return f"""
        SELECT count(*) AS share_count, coalesce(sum({_ORDERED}), 0) AS ordered_count,
               coalesce(sum({_ACCEPTED}), 0) AS accepted_count, coalesce(sum(own.accepted_fen), 0) AS accepted_fen,
               count(own.order_id) FILTER (WHERE own.stage NOT IN ('CANCELLED', 'REFUSED')) AS order_count
        FROM {table} AS share {_STANDING.format(way=way)}
        WHERE share.{pool} = pool.{pool} AND share.status = '{taken}'
    """  # noqa: S608 - our own text


async def list_shares(
    db: AsyncSession,
    *,
    way: PoolWay,
    table: str,
    pool: str,
    pool_id: UUID,
    unit_ids: Sequence[UUID] | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Units (these ones, if some are given) with what they take and how far it has come, in the order in which they
    came: the response list (响应单). Nobody's address is in it."""
    problem = "share.problem" if way == "JOINT" else "''"
    statement = text(f"""
        SELECT share.share_id, share.unit_id, unit.name AS unit_name, unit.county_code AS unit_county_code,
               share.status, share.revision, share.quantity, share.fund, share.taken_at, share.changed_at,
               {problem} AS problem,
               bought.purchase_id, bought.purchase_number, bought.status AS purchase_status,
               bought.total_fen AS purchase_fen, own.order_id, own.stage AS order_stage,
               coalesce({_ORDERED}, 0) AS ordered_count, {_ACCEPTED} AS accepted_count,
               coalesce(own.accepted_fen, 0) AS accepted_fen
        FROM {table} AS share JOIN budget_units AS unit USING (unit_id) {_STANDING.format(way=way)}
        WHERE share.{pool} = :pool_id
          AND (CAST(:unit_ids AS uuid[]) IS NULL OR share.unit_id = ANY(CAST(:unit_ids AS uuid[])))
          AND (CAST(:after AS uuid) IS NULL OR share.share_id > :after)
        ORDER BY share.share_id LIMIT :limit
    """)  # noqa: S608 - our own text, values are bound
    values = {
        "pool_id": pool_id,
        "unit_ids": None if unit_ids is None else list(unit_ids),
        "after": after,
        "limit": limit,
    }
    return (await db.execute(statement, values)).all()
