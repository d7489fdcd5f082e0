"""Reading shared lines."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.credit_share.models import CreditShareLine
from catalog.newest import newest, saying, within_regions


async def list_known(db: AsyncSession, source: str, usccs: Collection[str]) -> set[tuple[str, str, str]]:
    """Code, list and document number of the lines of this source that were taken before."""
    rows = await db.execute(
        select(CreditShareLine.uscc, CreditShareLine.list, CreditShareLine.document_number).where(
            CreditShareLine.source == source, CreditShareLine.uscc.in_(set(usccs))
        )
    )
    return {(row[0], row[1], row[2]) for row in rows}


async def list_hits(
    db: AsyncSession, *, regions: Sequence[str] | None, q: str | None, after: UUID | None, limit: int
) -> Sequence[CreditShareLine]:
    """Lines that name a supplier of ours within the regions (None: all), the newest first."""
    conditions: list[ColumnElement[bool]] = [CreditShareLine.supplier_id.is_not(None)]
    if regions is not None:
        conditions.append(within_regions(CreditShareLine.county_code, regions))
    if q:
        line = CreditShareLine
        conditions.append(saying(q, line.name, line.uscc, line.document_number, line.source))
    return await newest(db, CreditShareLine, CreditShareLine.line_id, *conditions, after=after, limit=limit)
