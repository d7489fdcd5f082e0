"""Reads of sites. A supplier sees its own, an operator all."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import Caller
from shared.errors import Conflict, NotFound

_COLUMNS = """
    site_id, supplier_id, name, county_code, temperature_classes, is_default, is_active, revision,
    (SELECT coalesce(sum(on_hand), 0)::integer FROM stock_shelves WHERE stock_shelves.site_id = site.site_id) AS on_hand
"""
_LIST = text(f"""
    SELECT {_COLUMNS} FROM stock_sites AS site
    WHERE (CAST(:supplier_id AS uuid) IS NULL OR supplier_id = :supplier_id)
      AND (CAST(:after AS uuid) IS NULL OR site_id > :after)
    ORDER BY site_id LIMIT :limit
""")  # noqa: S608 - only our own column list
_LOCK = text(f"SELECT {_COLUMNS} FROM stock_sites AS site WHERE site_id = :site_id FOR NO KEY UPDATE")  # noqa: S608
_FIND = text(f"SELECT {_COLUMNS} FROM stock_sites AS site WHERE site_id = :site_id")  # noqa: S608


async def list_sites(
    db: AsyncSession, caller: Caller, *, supplier_id: UUID | None, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """A supplier's own sites; an operator sees all, or one supplier's. `on_hand` counts the pieces there."""
    own_id = supplier_id if caller.is_operator else caller.organisation_id
    if own_id is None and not caller.is_operator:
        return []
    rows = await db.execute(_LIST, {"supplier_id": own_id, "after": after, "limit": limit})
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public way to a row's names


async def get_site(db: AsyncSession, site_id: UUID, caller: Caller) -> dict[str, Any]:
    """The site. NotFound unless it is the caller's, or the caller an operator."""
    row = (await db.execute(_FIND, {"site_id": site_id})).first()
    return _own(None if row is None else dict(row._mapping), caller)  # noqa: SLF001


async def lock_site(db: AsyncSession, site_id: UUID, caller: Caller) -> dict[str, Any]:
    """The same, locked for a change."""
    row = (await db.execute(_LOCK, {"site_id": site_id})).first()
    return _own(None if row is None else dict(row._mapping), caller)  # noqa: SLF001


async def ensure_usable(
    db: AsyncSession, site_id: UUID, supplier_id: UUID, *, field: str, is_leaving: bool = False
) -> None:
    """NotFound `site-not-found` unless it is the supplier's; Conflict `site-closed` where something would come to a
    closed one. What lies in a closed site may still leave it."""
    row = (await db.execute(_FIND, {"site_id": site_id})).first()
    if row is None or row.supplier_id != supplier_id:
        raise _no_such_site(field)
    if not row.is_active and not is_leaving:
        raise Conflict("The site is closed. Choose another, or open it again.", code="site-closed", field=field)


def _own(site: dict[str, Any] | None, caller: Caller) -> dict[str, Any]:
    if site is None or not (caller.is_operator or site["supplier_id"] == caller.organisation_id):
        raise _no_such_site("site_id")
    return site


def _no_such_site(field: str) -> NotFound:
    return NotFound("There is no such site.", code="site-not-found", field=field)
