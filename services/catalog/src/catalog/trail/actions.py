"""Writing the trail."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.trail.models import TrailEntry
from shared.auth import Caller


async def record(
    db: AsyncSession,
    *,
    subject_kind: str,
    subject_id: UUID,
    verb: str,
    caller: Caller | None,
    now: datetime,
    from_status: str = "",
    to_status: str = "",
    reason: str = "",
) -> None:
    """Note a deed in the transaction that does it; `caller` is None for what the clock did."""
    db.add(
        TrailEntry(
            subject_kind=subject_kind,
            subject_id=subject_id,
            verb=verb,
            from_status=from_status,
            to_status=to_status,
            reason=reason,
            person_id=caller.person_id if caller else None,
            caller_kind=caller.kind if caller else "clock",
            organisation_id=caller.organisation_id if caller else None,
            happened_at=now,
        )
    )
    await db.flush()
