"""Reading objections and repairs."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.credit_appeal.models import CreditAppeal
from catalog.newest import newest, saying
from shared.errors import NotFound


async def get_appeal(db: AsyncSession, appeal_id: UUID) -> CreditAppeal:
    """The appeal; 404 `appeal-unknown`."""
    return _known(await db.get(CreditAppeal, appeal_id, populate_existing=True))


async def lock_appeal(db: AsyncSession, appeal_id: UUID) -> CreditAppeal:
    """The appeal, held until the transaction ends; 404 `appeal-unknown`."""
    return _known(await db.get(CreditAppeal, appeal_id, populate_existing=True, with_for_update=True))


def _known(appeal: CreditAppeal | None) -> CreditAppeal:
    if appeal is None:
        raise NotFound("There is no such objection or repair.", code="appeal-unknown")
    return appeal


async def find_open(db: AsyncSession, subject_id: UUID) -> CreditAppeal | None:
    """The appeal about this event or placement that waits for an answer."""
    found: CreditAppeal | None = await db.scalar(
        select(CreditAppeal).where(CreditAppeal.subject_id == subject_id, CreditAppeal.status == "OPEN")
    )
    return found


async def list_appeals(
    db: AsyncSession,
    *,
    seen: ColumnElement[bool],
    statuses: Collection[str],
    kind: str | None,
    q: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[CreditAppeal]:
    """Objections and repairs that the caller may see, the newest first."""
    conditions = [seen]
    if statuses:
        conditions.append(CreditAppeal.status.in_(statuses))
    if kind is not None:
        conditions.append(CreditAppeal.kind == kind)
    if q:
        conditions.append(saying(q, CreditAppeal.supplier_name, CreditAppeal.statement))
    return await newest(db, CreditAppeal, CreditAppeal.appeal_id, *conditions, after=after, limit=limit)
