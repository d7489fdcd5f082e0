"""Reading notices."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.notice.models import Notice
from shared.errors import NotFound


async def get_notice(db: AsyncSession, notice_id: UUID, *, organisation_id: UUID) -> Notice:
    """The organisation's notice, or 404 `notice-unknown`."""
    notice = await db.scalar(
        select(Notice).where(Notice.notice_id == notice_id, Notice.organisation_id == organisation_id)
    )
    if notice is None:
        raise NotFound("There is no such notice.", code="notice-unknown")
    return notice


async def list_notices(
    db: AsyncSession,
    organisation_id: UUID,
    *,
    is_unread: bool,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Notice]:
    """The organisation's notices, the newest first."""
    query = select(Notice).where(Notice.organisation_id == organisation_id)
    if is_unread:
        query = query.where(Notice.read_at.is_(None))
    if after is not None:
        query = query.where(tuple_(Notice.issued_at, Notice.notice_id) < after)
    rows = await db.scalars(query.order_by(Notice.issued_at.desc(), Notice.notice_id.desc()).limit(limit))
    return rows.all()


async def count_unread(db: AsyncSession, organisation_id: UUID) -> int:
    """How many the organisation has not read."""
    return (
        await db.scalar(select(func.count()).where(Notice.organisation_id == organisation_id, Notice.read_at.is_(None)))
        or 0
    )
