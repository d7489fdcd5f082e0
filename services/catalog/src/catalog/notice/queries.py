"""Reading notices."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, cast, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.notice.models import Notice
from shared.errors import NotFound


async def get_notice(db: AsyncSession, notice_id: UUID, *, boxes: Collection[UUID]) -> Notice:
    """The notice in one of these letter boxes (`rules.boxes_of`), or 404 `notice-unknown`."""
    notice = await db.scalar(select(Notice).where(Notice.notice_id == notice_id, Notice.organisation_id.in_(boxes)))
    if notice is None:
        raise NotFound("There is no such notice.", code="notice-unknown")
    return notice


async def list_notices(
    db: AsyncSession,
    boxes: Collection[UUID],
    *,
    is_unread: bool,
    q: str = "",
    codes: Collection[str] = (),
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Notice]:
    """The notices in these letter boxes, the newest first; with `q` those that name it, or say one of `codes`."""
    query = select(Notice).where(Notice.organisation_id.in_(boxes))
    if is_unread:
        query = query.where(Notice.read_at.is_(None))
    if q:
        named = func.strpos(func.lower(cast(Notice.facts, Text)), q.lower()) > 0
        query = query.where(or_(named, Notice.code.in_(codes)))
    if after is not None:
        query = query.where(tuple_(Notice.issued_at, Notice.notice_id) < after)
    rows = await db.scalars(query.order_by(Notice.issued_at.desc(), Notice.notice_id.desc()).limit(limit))
    return rows.all()


async def count_unread(db: AsyncSession, boxes: Collection[UUID]) -> int:
    """How many were not read."""
    return await db.scalar(select(func.count()).where(Notice.organisation_id.in_(boxes), Notice.read_at.is_(None))) or 0
