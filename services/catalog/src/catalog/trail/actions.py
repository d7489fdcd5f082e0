"""Writing the trail."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
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


async def record_each(
    db: AsyncSession,
    moves: Sequence[tuple[UUID, str, str]],
    *,
    subject_kind: str,
    verb: str,
    caller: Caller | None,
    now: datetime,
) -> None:
    """Note one deed on many subjects at once: (subject_id, from_status, to_status) each."""
    if not moves:
        return
    deed = {
        "subject_kind": subject_kind,
        "verb": verb,
        "person_id": caller.person_id if caller else None,
        "caller_kind": caller.kind if caller else "clock",
        "organisation_id": caller.organisation_id if caller else None,
        "happened_at": now,
    }
    rows = [deed | {"subject_id": each, "from_status": before, "to_status": after} for each, before, after in moves]
    await db.execute(insert(TrailEntry), rows)
