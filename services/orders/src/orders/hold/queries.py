"""Reads of holds that are no order's."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import Caller
from shared.errors import NotFound

_COLUMNS = """
    term.holder_id, term.purpose, term.title, term.owner_id, term.supplier_id, term.status, term.expires_at,
    term.created_at, term.ended_at, term.revision, (
        SELECT coalesce(json_agg(json_build_object(
            'sku_id', hold.sku_id, 'product_title', sku.product_title, 'specification', sku.specification,
            'quantity', hold.quantity, 'open_count', hold.open_count
        ) ORDER BY hold.sku_id), '[]')
        FROM stock_holds AS hold LEFT JOIN sellable_skus AS sku USING (sku_id) WHERE hold.holder_id = term.holder_id
    ) AS lines
"""
_OWN = "(:sees_all OR term.supplier_id = CAST(:organisation_id AS uuid))"
_LIST = text(f"""
    SELECT {_COLUMNS} FROM stock_terms AS term
    WHERE term.purpose = 'campaign' AND {_OWN} AND (CAST(:status AS text) IS NULL OR term.status = :status)
      AND (CAST(:after AS uuid) IS NULL OR term.holder_id < :after)
    ORDER BY term.holder_id DESC LIMIT :limit
""")  # noqa: S608 - only our own text
_GET = text(f"""
    SELECT {_COLUMNS} FROM stock_terms AS term
    WHERE term.holder_id = :holder_id AND term.purpose = 'campaign' AND {_OWN}
""")  # noqa: S608
_LOCK = text(f"""
    SELECT term.status FROM stock_terms AS term
    WHERE term.holder_id = :holder_id AND term.purpose = 'campaign' AND {_OWN} FOR NO KEY UPDATE
""")  # noqa: S608
_SUPPLIERS = text("SELECT sku_id, supplier_id FROM sellable_skus WHERE sku_id = ANY(:sku_ids)")


async def list_holds(
    db: AsyncSession, caller: Caller, *, status: str | None, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Campaigns' holds, the newest first: a supplier's own, an operator's all."""
    rows = await db.execute(_LIST, {**_scope(caller), "status": status, "after": after, "limit": limit})
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public way to a row's names


async def get_hold(db: AsyncSession, holder_id: UUID, caller: Caller) -> dict[str, Any]:
    """One, with its lines. NotFound `hold-not-found` unless it is the caller's supplier's, or the caller an
    operator."""
    row = (await db.execute(_GET, {**_scope(caller), "holder_id": holder_id})).first()
    if row is None:
        raise _no_such_hold()
    return dict(row._mapping)  # noqa: SLF001


async def lock_status(db: AsyncSession, holder_id: UUID, caller: Caller) -> str:
    """The status of a campaign's hold, locked for a change; NotFound as above."""
    status: str | None = await db.scalar(_LOCK, {**_scope(caller), "holder_id": holder_id})
    if status is None:
        raise _no_such_hold()
    return status


async def ensure_own_skus(db: AsyncSession, sku_ids: list[UUID], caller: Caller) -> None:
    """NotFound `sku-not-found` unless all are known and the caller supplies them, or is an operator."""
    rows = {row.sku_id: row.supplier_id for row in await db.execute(_SUPPLIERS, {"sku_ids": sku_ids})}
    for sku_id in sku_ids:
        if sku_id not in rows or not (caller.is_operator or rows[sku_id] == caller.organisation_id):
            raise NotFound("There is no such SKU.", code="sku-not-found", field="lines", sku_id=str(sku_id))


def _scope(caller: Caller) -> dict[str, Any]:
    return {"sees_all": caller.is_operator, "organisation_id": caller.organisation_id}


def _no_such_hold() -> NotFound:
    return NotFound("There is no such hold.", code="hold-not-found", field="holder_id")
