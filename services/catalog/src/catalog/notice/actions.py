"""Telling, and having read."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.notice import queries
from catalog.notice.models import Notice
from shared.events.catalog import NoticeIssued
from shared.ids import new_id
from shared.outbox import publish

Fact = str | int | bool | None


async def notify(
    db: AsyncSession,
    *,
    organisation_id: UUID,
    code: str,
    occasion: str,
    subject_kind: str,
    subject_id: UUID,
    now: datetime,
    facts: dict[str, Fact] | None = None,
) -> bool:
    """Tell the organisation, once an occasion; whether it was told now. `code` (kebab case) chooses the sentence that
    people read, `facts` fill it in."""
    notice_id = new_id()
    row = {
        "notice_id": notice_id,
        "organisation_id": organisation_id,
        "code": code,
        "occasion": occasion,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "facts": facts or {},
        "issued_at": now,
    }
    told = await db.execute(
        insert(Notice)
        .values(row)
        .on_conflict_do_nothing(constraint="uq_notices_organisation_id_occasion")
        .returning(Notice.notice_id)
    )
    if told.scalar_one_or_none() is None:
        return False
    await publish(db, NoticeIssued(**row), now=now)
    return True


async def mark_read(db: AsyncSession, *, notice_id: UUID, boxes: Collection[UUID], now: datetime) -> Notice:
    """It was read; the first reading counts. 404 `notice-unknown` for a notice to somebody else."""
    notice = await queries.get_notice(db, notice_id, boxes=boxes)
    if notice.read_at is None:
        notice.read_at = now
        await db.flush()
    return notice


async def mark_all_read(db: AsyncSession, *, boxes: Collection[UUID], now: datetime) -> int:
    """All in these letter boxes was read; how many were new."""
    done = await db.execute(
        text("UPDATE notices SET read_at = :now WHERE organisation_id = ANY(:boxes) AND read_at IS NULL"),
        {"boxes": list(boxes), "now": now},
    )
    return done.rowcount  # type: ignore[attr-defined,no-any-return]  # an UPDATE has one
