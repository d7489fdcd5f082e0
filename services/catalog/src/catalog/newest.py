"""Lists with the newest first: ids are UUIDv7, so their order is that of their making."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from catalog.authority import region_prefix
from shared.auth import Caller
from shared.db import Database
from shared.page import encode_cursor
from shared.sheets import Row

T = TypeVar("T")
K = TypeVar("K")
_BATCH = 500


async def newest(
    db: AsyncSession,
    row: type[T],
    key: InstrumentedAttribute[UUID],
    *conditions: ColumnElement[bool],
    after: UUID | None,
    limit: int,
) -> Sequence[T]:
    """At most `limit` rows that meet all conditions, the newest first, after (older than) the given key."""
    query = select(row).where(*conditions).order_by(key.desc()).limit(limit)
    if after is not None:
        query = query.where(key < after)
    return (await db.scalars(query.execution_options(populate_existing=True))).all()


def within_regions(column: InstrumentedAttribute[str], regions: Sequence[str]) -> ColumnElement[bool]:
    """Whether the division lies in one of the regions; in none if there are none."""
    return or_(*(column.startswith(region_prefix(each), autoescape=True) for each in regions), column == "none")


def saying(q: str, *columns: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether one of the columns holds the words, in capitals or not."""
    return or_(*(func.strpos(func.lower(column), q.lower()) > 0 for column in columns))


def of_caller(
    caller: Caller | None,
    *,
    supplier: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None],
    county: InstrumentedAttribute[str],
) -> ColumnElement[bool] | None:
    """The rows that the caller may know all of: a supplier its own, an official those of the own regions, an operator
    every one (a condition that always holds); None for everybody else."""
    if caller is None:
        return None
    if caller.is_operator:
        return supplier.is_(None) | supplier.is_not(None)
    if caller.kind == "official":
        return within_regions(county, caller.regions)
    if caller.kind == "supplier" and caller.organisation_id is not None:
        return supplier == caller.organisation_id
    return None


def cut(found: Sequence[T], limit: int, key: Callable[[T], UUID]) -> tuple[Sequence[T], str | None]:
    """The page of a list that was read one row longer, and the cursor of the next one."""
    return found[:limit], encode_cursor(key(found[limit - 1])) if len(found) > limit else None


async def sheet_batches(
    database: Database,
    read: Callable[[AsyncSession, K | None, int], Awaitable[Sequence[T]]],
    *,
    key: Callable[[T], K],
    row: Callable[[T], Row],
) -> AsyncIterator[Sequence[Row]]:
    """All rows of a list for a spreadsheet, read page by page outside the request's transaction."""
    after: K | None = None
    while True:
        async with database.read() as db:
            found = await read(db, after, _BATCH)
            rows = [row(each) for each in found]
        yield rows
        if len(found) < _BATCH:
            return
        after = key(found[-1])
