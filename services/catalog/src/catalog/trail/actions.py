"""Writing the trail."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.trail.models import TrailEntry
from shared.auth import Caller

_RECORD_EACH = text("""
    INSERT INTO trail_entries (subject_kind, subject_id, verb, from_status, to_status, person_id, caller_kind,
                               organisation_id, happened_at)
    SELECT :subject_kind, subject_id, :verb, before, after, CAST(:person_id AS uuid), :caller_kind,
           CAST(:organisation_id AS uuid), :now
    FROM unnest(CAST(:subject_ids AS uuid[]), CAST(:before AS text[]), CAST(:after AS text[]))
        AS move (subject_id, before, after)
""")


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
    await db.execute(
        _RECORD_EACH,
        {
            "subject_ids": [each[0] for each in moves],
            "before": [each[1] for each in moves],
            "after": [each[2] for each in moves],
            "subject_kind": subject_kind,
            "verb": verb,
            "person_id": caller.person_id if caller else None,
            "caller_kind": caller.kind if caller else "clock",
            "organisation_id": caller.organisation_id if caller else None,
            "now": now,
        },
    )
