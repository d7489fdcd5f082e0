"""Reads of filings. A unit's people see their own, units above it and its finance office theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.reserved_share.models import ReservedShare
from orders.unit import listing
from orders.unit import queries as unit_queries
from orders.unit.models import BudgetUnit
from shared.auth import Caller
from shared.errors import NotFound

_COLUMNS = """
    share.*, unit.name AS unit_name, unit.county_code, unit.kind AS unit_kind, above.name AS parent_name,
    other.name AS shared_with_name, share.status = 'LOCKED' AND share.superseded_at IS NULL AS is_in_force
"""
_FROM = """
    FROM reserved_shares AS share JOIN budget_units AS unit USING (unit_id)
    LEFT JOIN budget_units AS above ON above.unit_id = unit.parent_id
    LEFT JOIN budget_units AS other ON other.unit_id = share.shared_with_id
"""
_IN_FORCE = text("""
    SELECT canteen_reserved_fen, union_reserved_fen FROM reserved_shares
    WHERE unit_id = :unit_id AND year = :year AND status = 'LOCKED' AND superseded_at IS NULL
""")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to."""

    year: int | None = None
    status: str | None = None
    unit_id: UUID | None = None
    mode: str | None = None
    wanted: str = ""


def unknown_share() -> NotFound:
    """The refusal of a filing that does not exist for the caller."""
    return NotFound("There is no such filing, or it is not yours to see.", code="reserved-share-unknown")


async def lock_share(db: AsyncSession, caller: Caller, share_id: UUID) -> tuple[ReservedShare, BudgetUnit]:
    """One that the caller sees, with its unit, locked until the transaction ends. 404 `reserved-share-unknown`."""
    share = await db.get(ReservedShare, share_id, with_for_update=True, populate_existing=True)
    if share is None:
        raise unknown_share()
    return share, await _get_unit(db, caller, share.unit_id)


async def get_row(db: AsyncSession, share_id: UUID) -> ReservedShare:
    """It, whoever asks. 404 `reserved-share-unknown`."""
    share = await db.get(ReservedShare, share_id)
    if share is None:
        raise unknown_share()
    return share


async def get_share(db: AsyncSession, caller: Caller, share_id: UUID) -> Mapping[str, Any]:
    """One that the caller sees, with its unit's name. 404 `reserved-share-unknown`."""
    found = await db.execute(text(f"SELECT {_COLUMNS} {_FROM} WHERE share.share_id = :id"), {"id": share_id})
    row = found.mappings().one_or_none()
    if row is None:
        raise unknown_share()
    await _get_unit(db, caller, row["unit_id"])
    return dict(row)


async def ensure_sees_any(db: AsyncSession, caller: Caller) -> None:
    """403 `unit-needed` for who sees no unit."""
    await listing.load_scope(db, caller)


async def list_shares(
    db: AsyncSession, caller: Caller, filters: Filters, *, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Those of units that the caller sees, the newest first. 403 `unit-needed`."""
    scope, values = await listing.load_scope(db, caller)
    conditions, narrowed = [scope], dict[str, Any]()
    for column, value in (("year", filters.year), ("status", filters.status), ("unit_id", filters.unit_id)):
        if value is not None:
            conditions.append(f"share.{column} = :{column}")
            narrowed[column] = value
    if filters.mode is not None:
        conditions.append("share.canteen_mode = :mode")
        narrowed["mode"] = filters.mode
    if filters.wanted:
        conditions.append("(unit.name ILIKE :pattern OR unit.uscc ILIKE :pattern)")
        narrowed["pattern"] = listing.pattern_of(filters.wanted)
    if after is not None:
        conditions.append("share.share_id < :after")
        narrowed["after"] = after
    statement = f"""
        SELECT {_COLUMNS} {_FROM} WHERE {" AND ".join(conditions)} ORDER BY share.share_id DESC LIMIT :limit
    """
    return (await db.execute(text(statement), {**values, **narrowed, "limit": limit})).all()


async def find_in_force(db: AsyncSession, unit_id: UUID, year: int) -> tuple[int, int] | None:
    """What is locked for a year: the canteen's share and the union's."""
    row = (await db.execute(_IN_FORCE, {"unit_id": unit_id, "year": year})).one_or_none()
    return None if row is None else (row.canteen_reserved_fen, row.union_reserved_fen)


async def find_latest(db: AsyncSession, unit_id: UUID, year: int) -> ReservedShare | None:
    """The newest version of a year."""
    found: ReservedShare | None = await db.scalar(
        select(ReservedShare)
        .where(ReservedShare.unit_id == unit_id, ReservedShare.year == year)
        .order_by(ReservedShare.version.desc())
        .limit(1)
    )
    return found


async def find_replaced(db: AsyncSession, share: ReservedShare) -> ReservedShare | None:
    """The version in force of the same year, locked until the transaction ends: a newer one replaces it."""
    found: ReservedShare | None = await db.scalar(
        select(ReservedShare)
        .where(
            ReservedShare.unit_id == share.unit_id,
            ReservedShare.year == share.year,
            ReservedShare.status == "LOCKED",
            ReservedShare.superseded_at.is_(None),
        )
        .with_for_update()
    )
    return found


async def _get_unit(db: AsyncSession, caller: Caller, unit_id: UUID) -> BudgetUnit:
    try:
        return await unit_queries.get_unit_for(db, caller, unit_id)
    except NotFound as refusal:
        raise unknown_share() from refusal
