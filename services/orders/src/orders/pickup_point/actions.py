"""Keeping the replica: a later revision wins, an earlier one that comes late is ignored."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_KEEP = text("""
    INSERT INTO pickup_points AS kept
        (pickup_point_id, revision, status, county_code, name, address, kept_classes, changed_at)
    VALUES (:pickup_point_id, :revision, 'OPEN', :county_code, :name, :address, :kept_classes, :changed_at)
    ON CONFLICT (pickup_point_id) DO UPDATE SET
        revision = excluded.revision, status = excluded.status, county_code = excluded.county_code,
        name = excluded.name, address = excluded.address, kept_classes = excluded.kept_classes,
        changed_at = excluded.changed_at
    WHERE kept.revision < excluded.revision
""")
_CLOSE = text("""
    UPDATE pickup_points SET status = 'CLOSED', revision = :revision, changed_at = :changed_at
    WHERE pickup_point_id = :pickup_point_id AND revision < :revision
""")


async def keep_point(
    db: AsyncSession,
    *,
    pickup_point_id: UUID,
    revision: int,
    county_code: str,
    name: str,
    address: str,
    kept_classes: Sequence[str],
    changed_at: datetime,
) -> None:
    """The point is open, as the event says."""
    await db.execute(
        _KEEP,
        {
            "pickup_point_id": pickup_point_id,
            "revision": revision,
            "county_code": county_code,
            "name": name,
            "address": address,
            "kept_classes": list(kept_classes),
            "changed_at": changed_at,
        },
    )


async def close_point(db: AsyncSession, *, pickup_point_id: UUID, revision: int, closed_at: datetime) -> None:
    """Nothing more is sent there; orders that go there already do."""
    values = {"pickup_point_id": pickup_point_id, "revision": revision, "changed_at": closed_at}
    await db.execute(_CLOSE, values)
