"""Reads of codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.claim_code.models import ClaimCode
from orders.claim_code.rules import LIVE
from shared.errors import NotFound

_WITHOUT = text("""
    SELECT member_id, member_no, name, department FROM gift_members AS member
    WHERE campaign_id = :campaign_id AND is_eligible AND NOT takes_whole_lot
      AND (:department = '' OR department = :department)
      AND NOT EXISTS (
          SELECT FROM claim_codes
          WHERE claim_codes.member_id = member.member_id AND status NOT IN ('VOID', 'EXPIRED', 'REISSUED')
      )
    ORDER BY department, member_no
""")
_LIVE = text("""
    SELECT code_id, code.member_id, member_no, name, department, status
    FROM claim_codes AS code JOIN gift_members USING (member_id)
    WHERE code.campaign_id = :campaign_id AND status NOT IN ('VOID', 'EXPIRED', 'REISSUED')
      AND (code.member_id = ANY(CAST(:member_ids AS uuid[]))
           OR (CAST(:member_ids AS uuid[]) IS NULL AND status = 'ISSUED'))
      AND (:department = '' OR department = :department)
    ORDER BY code_id FOR NO KEY UPDATE OF code
""")
_COUNTED = text("SELECT bucket, wrong_count, window_ends_at FROM claim_attempts WHERE bucket = ANY(:buckets)")


@dataclass(frozen=True, slots=True)
class Holder:
    """A member who has a code or shall have one; with the code that there is, and its state."""

    member_id: UUID
    member_no: str
    name: str
    department: str
    code_id: UUID | None = None
    status: str = "ISSUED"


@dataclass(frozen=True, slots=True)
class Counted:
    """How often somebody was wrong, and until when that counts."""

    wrong_count: int
    window_ends_at: datetime


async def list_without_code(db: AsyncSession, campaign_id: UUID, *, department: str) -> list[Holder]:
    """Members who may choose and have no live code, those of a department or all (empty)."""
    rows = await db.execute(_WITHOUT, {"campaign_id": campaign_id, "department": department})
    return [Holder(row.member_id, row.member_no, row.name, row.department) for row in rows]


async def lock_live(
    db: AsyncSession, campaign_id: UUID, *, member_ids: Sequence[UUID] | None, department: str
) -> list[Holder]:
    """The live codes of these members, or all that nobody has used yet, locked in the order of their ids."""
    given = {"campaign_id": campaign_id, "department": department}
    rows = await db.execute(_LIVE, {**given, "member_ids": None if member_ids is None else list(member_ids)})
    return [Holder(row.member_id, row.member_no, row.name, row.department, row.code_id, row.status) for row in rows]


async def find_by_hash(db: AsyncSession, code_hash: bytes) -> ClaimCode | None:
    """The code with this hash, whatever became of it."""
    found: ClaimCode | None = await db.scalar(select(ClaimCode).where(ClaimCode.code_hash == code_hash))
    return found


async def get_code(db: AsyncSession, code_id: UUID) -> ClaimCode:
    """The code, not locked. 404 `claim-code-unknown`."""
    found = await db.get(ClaimCode, code_id)
    if found is None:
        raise NotFound("There is no such code.", code="claim-code-unknown")
    return found


async def lock_code(db: AsyncSession, code_id: UUID) -> ClaimCode:
    """The code, locked until the transaction ends."""
    found = await db.scalar(
        select(ClaimCode)
        .where(ClaimCode.code_id == code_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("There is no such code.", code="claim-code-unknown")
    return found


async def find_live_of(db: AsyncSession, member_id: UUID) -> ClaimCode | None:
    """The member's live code, locked."""
    found: ClaimCode | None = await db.scalar(
        select(ClaimCode)
        .where(ClaimCode.member_id == member_id, ClaimCode.status.in_(LIVE))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return found


async def list_counted(db: AsyncSession, buckets: Sequence[str], *, now: datetime) -> list[Counted]:
    """For each bucket how often it was wrong in a window that has not ended."""
    rows = await db.execute(_COUNTED, {"buckets": list(buckets)})
    found = {row.bucket: Counted(row.wrong_count, row.window_ends_at) for row in rows if row.window_ends_at > now}
    return [found.get(each, Counted(0, now)) for each in buckets]
