"""Writing the trail beside the deed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from orders.trail.models import TrailEntry

Actor = Literal[
    "buyer", "supplier", "recipient", "official", "operator", "clock", "rule", "unit", "finance-office", "member"
]

SubjectKind = Literal[
    "claim",
    "return",
    "review",
    "promotion",
    "group-buy",
    "love-purchase",
    "presale",
    "booking",
    "exchange",
    "donation-recipient",
    "donation",
    "unit",
    "reserved-share",
    "budget",
    "approval",
    "purchase",
    "unit-order",
    "acceptance",
    "dispute",
    "settlement",
    "quotation",
    "auction",
    "contract",
    "call-off",
    "crop-order",
    "joint-purchase",
    "reserve-purchase",
    "absorption",
    "gift-campaign",
    "claim-code",
    "loss",
]


async def record(
    db: AsyncSession,
    *,
    subject_kind: SubjectKind,
    subject_id: UUID,
    verb: str,
    from_status: str | None,
    to_status: str,
    reason: str,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
) -> None:
    """One more entry of the subject's trail."""
    db.add(
        TrailEntry(
            subject_kind=subject_kind,
            subject_id=subject_id,
            verb=verb,
            from_status=from_status,
            to_status=to_status,
            reason=reason,
            actor=actor,
            person_id=person_id,
            done_at=now,
        )
    )
    await db.flush()


async def record_many(
    db: AsyncSession,
    *,
    subject_kind: SubjectKind,
    subject_ids: Sequence[UUID],
    verb: str,
    to_status: str,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
) -> None:
    """The first entry of each of many subjects, by one deed."""
    if not subject_ids:
        return
    told = {"verb": verb, "to_status": to_status, "reason": "", "actor": actor, "person_id": person_id, "done_at": now}
    rows = [{"subject_kind": subject_kind, "subject_id": each, **told} for each in subject_ids]
    await db.execute(insert(TrailEntry), rows)
