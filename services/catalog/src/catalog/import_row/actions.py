"""Rows of an import: staged with what is wrong with them, judged against what is stored, written in spans."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.import_row import queries
from catalog.import_row.models import ImportRow
from catalog.importer.writer import Faults, Outcome, Span, Writer
from shared.auth import Caller
from shared.direct import driver_connection

_COLUMNS = ["batch_id", "row_number", "values", "cells", "faults"]
_MARK_BAD = text("""
    UPDATE import_rows SET "values" = NULL, faults = found.faults
    FROM jsonb_to_recordset(CAST(:found AS jsonb)) AS found (row_number integer, faults jsonb)
    WHERE import_rows.batch_id = :batch_id AND import_rows.row_number = found.row_number
""")


async def stage(
    db: AsyncSession, span: Span, lines: bytes, *, writer: Writer, caller: Caller, now: datetime
) -> Outcome:
    """Keep rows as the reader wrote them, and say what writing them would do. Rows that the database cannot take are
    marked."""
    driver = await driver_connection(db)
    await driver.copy_to_table("import_rows", source=_once(lines), columns=_COLUMNS, format="text")
    outcome = await writer.judge(db, span, caller=caller, now=now)
    await _mark_bad(db, span.batch_id, outcome.faults)
    return outcome


async def write_next(
    db: AsyncSession, span: Span, *, limit: int, writer: Writer, caller: Caller, now: datetime
) -> tuple[int, Outcome] | None:
    """Write the next good rows after the span's beginning; the last of them and what became of them, or None when there
    are none left."""
    last = await queries.find_last_of_next(db, span.batch_id, after=span.after, limit=limit)
    if last is None:
        return None
    outcome = await writer.write(db, Span(span.batch_id, span.after, last, span.supplier_id), caller=caller, now=now)
    await _mark_bad(db, span.batch_id, outcome.faults)
    return last, outcome


async def clear_rows(db: AsyncSession, batch_id: UUID) -> None:
    """Forget the rows of an import."""
    await db.execute(delete(ImportRow).where(ImportRow.batch_id == batch_id))


async def _mark_bad(db: AsyncSession, batch_id: UUID, faults: Faults) -> None:
    if faults:
        found = [{"row_number": number, "faults": each} for number, each in faults.items()]
        await db.execute(_MARK_BAD, {"batch_id": batch_id, "found": orjson.dumps(found).decode()})


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
