"""Reading the rows of an import."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.import_row.models import ImportRow


async def list_bad_rows(db: AsyncSession, batch_id: UUID, *, after: int, limit: int) -> Sequence[ImportRow]:
    """Rows that cannot be taken, in the order of the sheet."""
    query = (
        select(ImportRow)
        .where(ImportRow.batch_id == batch_id, ImportRow.faults.is_not(None), ImportRow.row_number > after)
        .order_by(ImportRow.row_number)
        .limit(limit)
    )
    return (await db.scalars(query.execution_options(populate_existing=True))).all()


async def find_last_of_next(db: AsyncSession, batch_id: UUID, *, after: int, limit: int) -> int | None:
    """The last of the next good rows, or None when there is none left."""
    rows = await db.execute(
        text("""
            SELECT max(row_number) FROM (
                SELECT row_number FROM import_rows
                WHERE batch_id = :batch_id AND row_number > :after AND faults IS NULL
                ORDER BY row_number LIMIT :limit
            ) AS next
        """),
        {"batch_id": batch_id, "after": after, "limit": limit},
    )
    found: int | None = rows.scalar()
    return found
