"""Opening, changing and closing sites."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.site import queries, rules
from shared.auth import Caller
from shared.errors import Conflict
from shared.etag import ensure_fresh

_OPEN = text("""
    INSERT INTO stock_sites (site_id, supplier_id, name, county_code, temperature_classes, created_at, is_default)
    VALUES (:site_id, :supplier_id, :name, :county_code, :temperature_classes, :now, NOT EXISTS (
        SELECT FROM stock_sites AS other WHERE other.supplier_id = CAST(:supplier_id AS uuid) AND other.is_default))
""")
_EDIT = text("""
    UPDATE stock_sites SET name = :name, county_code = :county_code, temperature_classes = :temperature_classes,
        revision = revision + 1
    WHERE site_id = :site_id
""")
_SET_ACTIVE = text("UPDATE stock_sites SET is_active = :is_active, revision = revision + 1 WHERE site_id = :site_id")
_NO_DEFAULT = text("""
    UPDATE stock_sites SET is_default = false, revision = revision + 1
    WHERE supplier_id = :supplier_id AND is_default
""")
_MAKE_DEFAULT = text("UPDATE stock_sites SET is_default = true, revision = revision + 1 WHERE site_id = :site_id")
_LOCK_ALL = text("SELECT site_id FROM stock_sites WHERE supplier_id = :supplier_id ORDER BY site_id FOR NO KEY UPDATE")


async def open_site(
    db: AsyncSession,
    *,
    site_id: UUID,
    supplier_id: UUID,
    name: str,
    county_code: str,
    temperature_classes: list[str],
    now: datetime,
) -> UUID:
    """A supplier ships from a further place; its first one is its default. Conflict `site-exists` for a name twice."""
    await _write(
        db,
        _OPEN,
        {
            "site_id": site_id,
            "supplier_id": supplier_id,
            "name": name,
            "county_code": county_code,
            "temperature_classes": sorted(set(temperature_classes)),
            "now": now,
        },
    )
    return site_id


async def edit_site(
    db: AsyncSession,
    *,
    site_id: UUID,
    expected_revision: int,
    name: str,
    county_code: str,
    temperature_classes: list[str],
    caller: Caller,
) -> None:
    """Another name, place or temperature classes. NotFound; Stale; Conflict `site-exists`."""
    site = await queries.lock_site(db, site_id, caller)
    ensure_fresh(expected_revision, site["revision"])
    await _write(
        db,
        _EDIT,
        {
            "site_id": site_id,
            "name": name,
            "county_code": county_code,
            "temperature_classes": sorted(set(temperature_classes)),
        },
    )


async def move_site(db: AsyncSession, *, site_id: UUID, verb: str, expected_revision: int, caller: Caller) -> None:
    """`close` it, or `reopen` it. NotFound; Stale; Conflict `site-status`, `site-default`, `site-not-empty`."""
    site = await queries.lock_site(db, site_id, caller)
    ensure_fresh(expected_revision, site["revision"])
    is_active = rules.ensure_move(
        verb, is_active=site["is_active"], is_default=site["is_default"], on_hand=site["on_hand"]
    )
    await db.execute(_SET_ACTIVE, {"site_id": site_id, "is_active": is_active})


async def make_default(db: AsyncSession, *, site_id: UUID, expected_revision: int, caller: Caller) -> None:
    """What names no site means this one from now on. NotFound; Stale; Conflict `site-closed`."""
    supplier_id = (await queries.get_site(db, site_id, caller))["supplier_id"]
    await db.execute(_LOCK_ALL, {"supplier_id": supplier_id})
    site = await queries.lock_site(db, site_id, caller)
    ensure_fresh(expected_revision, site["revision"])
    if not site["is_active"]:
        raise Conflict("The site is closed. Open it again first.", code="site-closed")
    if not site["is_default"]:
        await db.execute(_NO_DEFAULT, {"supplier_id": supplier_id})
        await db.execute(_MAKE_DEFAULT, {"site_id": site_id})


async def _write(db: AsyncSession, statement: object, values: dict[str, object]) -> None:
    try:
        async with db.begin_nested():
            await db.execute(statement, values)  # type: ignore[call-overload]
    except IntegrityError as error:
        if "uq_stock_sites_supplier_id_name" in str(error.orig):
            raise Conflict("The supplier has a site of that name.", code="site-exists", field="name") from error
        raise
