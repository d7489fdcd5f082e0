"""Taking a bank's export: each line once however often it comes, bad ones explained; setting transfers aside."""

import asyncio
import hashlib
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.bank_statement import queries
from orders.bank_statement.models import BankFinding, BankLine, BankStatement
from orders.bank_statement.reading import Contents, read_statement
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Forbidden, Invalid
from shared.etag import ensure_fresh
from shared.ids import new_id

# Two imports of one account come one after the other, so that each sees what the other took.
_QUEUE = text("SELECT pg_advisory_xact_lock(hashtextextended('bank account of ' || :owner, 20_29))")
_ADD_LINES = text("""
    INSERT INTO bank_lines (line_id, statement_id, supplier_id, row_number, bank_number, received_on, amount_fen,
                            payer, remark)
    SELECT line.line_id, :statement_id, CAST(:supplier_id AS uuid), line.row_number, line.bank_number,
           line.received_on, line.amount_fen, line.payer, line.remark
    FROM unnest(CAST(:line_ids AS uuid[]), CAST(:rows AS integer[]), CAST(:numbers AS text[]), CAST(:days AS date[]),
                CAST(:amounts AS bigint[]), CAST(:payers AS text[]), CAST(:remarks AS text[]))
         AS line (line_id, row_number, bank_number, received_on, amount_fen, payer, remark)
    ON CONFLICT DO NOTHING RETURNING line_id
""")


async def take_statement(
    db: AsyncSession, path: Path, *, statement_id: UUID, file_name: str, caller: Caller, now: datetime
) -> tuple[BankStatement, list[UUID]]:
    """Keep what came in. The same bytes again change nothing; lines that another file brought are not taken twice. The
    statement, and the transfers that are new: the caller has them matched.

    403 `accounts-only`; 422 `bank-file-unreadable`, `bank-file-no-head`, `bank-file-too-long`.
    """
    supplier_id = owner_of(caller)
    sha256 = await asyncio.to_thread(_digest, path)
    await db.execute(_QUEUE, {"owner": str(supplier_id)})
    known = await queries.find_of_file(db, supplier_id, sha256)
    if known is not None:
        return known, []
    contents = await asyncio.to_thread(read_statement, path, today=business_day(now))
    statement = BankStatement(
        statement_id=statement_id,
        supplier_id=supplier_id,
        file_name=file_name,
        sha256=sha256,
        line_count=0,
        known_count=0,
        outgoing_count=contents.outgoing_count,
        bad_count=len(contents.findings),
        imported_by=caller.person_id,
        imported_at=now,
    )
    db.add(statement)
    await db.flush()
    new = await _add_lines(db, statement, contents)
    statement.line_count, statement.known_count = len(new), len(contents.lines) - len(new)
    db.add_all(
        BankFinding(
            statement_id=statement_id,
            row_number=each.row_number,
            code=each.code,
            field=each.field,
            content=each.content,
        )
        for each in contents.findings
    )
    await db.flush()
    return statement, new


async def _add_lines(db: AsyncSession, statement: BankStatement, contents: Contents) -> list[UUID]:
    if not contents.lines:
        return []
    values = {
        "statement_id": statement.statement_id,
        "supplier_id": statement.supplier_id,
        "line_ids": [new_id() for _ in contents.lines],
        "rows": [each.row_number for each in contents.lines],
        "numbers": [each.bank_number for each in contents.lines],
        "days": [each.received_on for each in contents.lines],
        "amounts": [each.amount_fen for each in contents.lines],
        "payers": [each.payer for each in contents.lines],
        "remarks": [each.remark for each in contents.lines],
    }
    return list(await db.scalars(_ADD_LINES, values))


async def set_aside(
    db: AsyncSession, *, line_id: UUID, is_set_aside: bool, reason: str, expected: int, caller: Caller
) -> BankLine:
    """What is left of a transfer is for no order (paid back, or for something else), or is looked at again.

    404 `bank-line-not-found`; 409 `bank-line-matched`; 412 `stale`; 422 `reason-missing`.
    """
    await queries.get_own_line(db, line_id, caller)
    line = await queries.lock_line(db, line_id)
    ensure_fresh(expected, line.revision)
    if line.matched_fen == line.amount_fen:
        raise Conflict("All of this transfer is booked.", code="bank-line-matched")
    if is_set_aside and not reason:
        raise Invalid("Say what it was for.", code="reason-missing", field="reason")
    line.is_set_aside, line.reason = is_set_aside, reason if is_set_aside else ""
    line.revision += 1
    await db.flush()
    return line


def owner_of(caller: Caller) -> UUID | None:
    """Whose account the caller brings statements of: a supplier's own; None, the platform's, for operators. 403
    `accounts-only`."""
    if caller.is_operator:
        return None
    if caller.kind != "supplier" or caller.organisation_id is None:
        raise Forbidden("Suppliers bring statements of their own account.", code="accounts-only")
    return caller.organisation_id


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
