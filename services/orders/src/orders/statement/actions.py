"""Taking a statement's lines and comparing them with our books: set by set in the database, whatever their number."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.payment.rules import id_of
from orders.statement import queries, rules
from orders.statement.formats import FORMATS, read_entries
from shared.clock import day_range
from shared.errors import Invalid, NotFound
from shared.etag import ensure_fresh

_BATCH = 2000

_OPEN = text("""
    INSERT INTO statements
        (statement_id, provider, business_on, source, file_name, sha256, taken_at, taken_by, compared_at)
    VALUES (:statement_id, :provider, :business_on, :source, :file_name, :sha256, :now, :taken_by, :now)
    ON CONFLICT (provider, business_on) DO NOTHING
""")
_REPLACE = text("""
    UPDATE statements
    SET source = :source, file_name = :file_name, sha256 = :sha256, taken_at = :now, taken_by = :taken_by
    WHERE statement_id = :statement_id
""")
_FORGET_ENTRIES = text("DELETE FROM statement_entries WHERE statement_id = :statement_id")
_ADD_ENTRIES = text("""
    INSERT INTO statement_entries (statement_id, line_number, kind, number, subject_id, provider_number, status,
                                   amount_fen, fee_fen, happened_at)
    SELECT :statement_id, line.*
    FROM unnest(CAST(:lines AS integer[]), CAST(:kinds AS text[]), CAST(:numbers AS text[]),
                CAST(:subjects AS uuid[]), CAST(:provider_numbers AS text[]), CAST(:statuses AS text[]),
                CAST(:amounts AS bigint[]), CAST(:fees AS bigint[]), CAST(:instants AS timestamptz[])) AS line
""")

# What differs, found in sets: a line that names none of ours (or the same again), one of ours that no file of this
# provider has, and of those that both have the first of status, amount and fee that disagrees. A refund that the file
# has in process may be through by now, and the reverse is for tomorrow's file: neither is a difference.
_COMPARE = text("""
    WITH entry AS (
        SELECT *, row_number() OVER (PARTITION BY kind, number ORDER BY line_number) AS copy
        FROM statement_entries WHERE statement_id = :statement_id
    ), compared AS (
        SELECT 'PAYMENT' AS subject_kind, entry.number, entry.copy, entry.provider_number, payment.payment_id,
               payment.order_id, payment.amount_fen AS here_fen, entry.amount_fen AS there_fen,
               coalesce(payment.status, '') AS here_status, entry.status AS there_status,
               CASE WHEN payment.payment_id IS NULL OR entry.copy > 1 THEN 'MISSING_HERE'
                    WHEN payment.status <> 'PAID' THEN 'STATUS'
                    WHEN payment.transaction_id <> entry.provider_number THEN 'MISSING_HERE'
                    WHEN payment.captured_fen <> entry.amount_fen THEN 'AMOUNT'
                    WHEN abs(entry.fee_fen - round(entry.amount_fen * CAST(:rate_bp AS numeric) / 10000))
                         > :tolerance_fen THEN 'FEE'
               END AS kind, entry.fee_fen
        FROM entry
        LEFT JOIN payments AS payment ON payment.payment_id = entry.subject_id AND payment.provider = :provider
        WHERE entry.kind = 'PAYMENT'
        UNION ALL
        SELECT 'REFUND', entry.number, entry.copy, entry.provider_number, payment.payment_id, payment.order_id,
               refund.amount_fen, entry.amount_fen, coalesce(refund.status, ''), entry.status,
               CASE WHEN payment.payment_id IS NULL OR entry.copy > 1 THEN 'MISSING_HERE'
                    WHEN entry.status = 'SUCCEEDED' AND refund.status <> 'SUCCEEDED'
                      OR entry.status = 'CLOSED' AND refund.status NOT IN ('CLOSED', 'ABNORMAL')
                      OR entry.status = 'PROCESSING' AND refund.status = 'CLOSED' THEN 'STATUS'
                    WHEN refund.amount_fen <> entry.amount_fen THEN 'AMOUNT'
                    WHEN abs(entry.fee_fen + round(entry.amount_fen * CAST(:rate_bp AS numeric) / 10000))
                         > :tolerance_fen THEN 'FEE'
               END, entry.fee_fen
        FROM entry
        LEFT JOIN refunds AS refund ON refund.refund_id = entry.subject_id
        LEFT JOIN payments AS payment ON payment.payment_id = refund.payment_id AND payment.provider = :provider
        WHERE entry.kind = 'REFUND'
        UNION ALL
        SELECT 'PAYMENT', replace(payment.payment_id::text, '-', ''), 1, payment.transaction_id, payment.payment_id,
               payment.order_id, payment.captured_fen, NULL, payment.status, '', 'MISSING_THERE', 0
        FROM payments AS payment
        WHERE payment.provider = :provider AND payment.status = 'PAID'
          AND payment.paid_at >= :day_start AND payment.paid_at < :day_end
          AND NOT EXISTS (
              SELECT FROM statement_entries AS line JOIN statements USING (statement_id)
              WHERE line.subject_id = payment.payment_id AND line.kind = 'PAYMENT'
                AND line.provider_number = payment.transaction_id AND statements.provider = :provider)
        UNION ALL
        SELECT 'REFUND', replace(refund.refund_id::text, '-', ''), 1, coalesce(refund.provider_refund_id, ''),
               payment.payment_id, payment.order_id, refund.amount_fen, NULL, refund.status, '', 'MISSING_THERE', 0
        FROM refunds AS refund JOIN payments AS payment USING (payment_id)
        WHERE payment.provider = :provider AND refund.succeeded_at >= :day_start AND refund.succeeded_at < :day_end
          AND NOT EXISTS (
              SELECT FROM statement_entries AS line JOIN statements USING (statement_id)
              WHERE line.subject_id = refund.refund_id AND line.kind = 'REFUND' AND statements.provider = :provider)
    ), found AS (
        SELECT *, CASE WHEN copy = 1 THEN number ELSE number || ' #' || copy END AS name
        FROM compared WHERE kind IS NOT NULL
    ), noted AS (
        INSERT INTO statement_differences AS known (
            difference_id, statement_id, kind, subject_kind, number, provider_number, payment_id, order_id,
            here_fen, there_fen, here_status, there_status, state, found_at)
        SELECT gen_random_uuid(), :statement_id, kind, subject_kind, name, provider_number, payment_id, order_id,
               CASE kind WHEN 'FEE' THEN sign(CASE subject_kind WHEN 'REFUND' THEN -1 ELSE 1 END)
                                         * round(there_fen * CAST(:rate_bp AS numeric) / 10000) ELSE here_fen END,
               CASE kind WHEN 'FEE' THEN fee_fen ELSE there_fen END,
               here_status, there_status, 'OPEN', :now
        FROM found
        ON CONFLICT (statement_id, subject_kind, number, kind) DO UPDATE
            SET here_fen = excluded.here_fen, there_fen = excluded.there_fen, here_status = excluded.here_status,
                there_status = excluded.there_status, revision = known.revision + 1,
                state = CASE WHEN known.reason = :agrees_now THEN 'OPEN' ELSE known.state END,
                decided_at = CASE WHEN known.reason = :agrees_now THEN NULL ELSE known.decided_at END,
                reason = CASE WHEN known.reason = :agrees_now THEN '' ELSE known.reason END
            WHERE (known.here_fen, known.there_fen, known.here_status, known.there_status)
                  IS DISTINCT FROM (excluded.here_fen, excluded.there_fen, excluded.here_status, excluded.there_status)
               OR known.reason = :agrees_now
    )
    UPDATE statement_differences AS known
    SET state = 'SETTLED', reason = :agrees_now, decided_at = :now, revision = known.revision + 1
    WHERE statement_id = :statement_id AND state = 'OPEN' AND NOT EXISTS (
        SELECT FROM found WHERE (found.subject_kind, found.name, found.kind)
                              = (known.subject_kind, known.number, known.kind))
""")
_SUM_UP = text("""
    UPDATE statements SET compared_at = :now,
        (entry_count, payment_count, payment_fen, refund_count, refund_fen, fee_fen) = (
            SELECT count(*), count(*) FILTER (WHERE kind = 'PAYMENT'),
                   coalesce(sum(amount_fen) FILTER (WHERE kind = 'PAYMENT'), 0),
                   count(*) FILTER (WHERE kind = 'REFUND'),
                   coalesce(sum(amount_fen) FILTER (WHERE kind = 'REFUND'), 0), coalesce(sum(fee_fen), 0)
            FROM statement_entries WHERE statement_id = :statement_id),
        (own_payment_count, own_payment_fen) = (
            SELECT count(*), coalesce(sum(captured_fen), 0) FROM payments
            WHERE provider = :provider AND status = 'PAID' AND paid_at >= :day_start AND paid_at < :day_end),
        (own_refund_count, own_refund_fen) = (
            SELECT count(*), coalesce(sum(refunds.amount_fen), 0) FROM refunds JOIN payments USING (payment_id)
            WHERE provider = :provider AND succeeded_at >= :day_start AND succeeded_at < :day_end)
    WHERE statement_id = :statement_id
""")
_DECIDE = text("""
    UPDATE statement_differences
    SET state = :state, reason = :reason, decided_by = :decided_by, decided_at = :decided_at, revision = revision + 1
    WHERE difference_id = :difference_id
""")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file: `unchanged` if these very bytes were taken before."""

    statement_id: UUID
    outcome: Literal["taken", "replaced", "unchanged"]


async def take_statement(
    db: AsyncSession,
    path: Path,
    *,
    statement_id: UUID,
    provider: str,
    business_on: date,
    file_name: str,
    source: Literal["DOWNLOADED", "UPLOADED"],
    taken_by: UUID | None,
    now: datetime,
) -> Taken:
    """Take a provider's file of a day and compare it. The same bytes again change nothing; other ones replace the day's
    lines, and what was said about a difference stays.

    NotFound `provider-unknown`; Invalid as `formats.read_entries` refuses, and then nothing is taken.
    """
    file_format = FORMATS.get(provider)
    if file_format is None:
        raise NotFound("We read no statements of this provider.", code="provider-unknown", field="provider")
    sha256 = await asyncio.to_thread(_sha256_of, path)
    values = {
        "provider": provider,
        "business_on": business_on,
        "source": source,
        "file_name": file_name,
        "sha256": sha256,
        "taken_by": taken_by,
        "now": now,
    }
    is_new = bool((await db.execute(_OPEN, {"statement_id": statement_id, **values})).rowcount)  # type: ignore[attr-defined]
    statement = await queries.lock_day(db, provider, business_on)
    if not is_new and statement.sha256 == sha256:
        return Taken(statement.statement_id, "unchanged")
    if not is_new:
        await db.execute(_FORGET_ENTRIES, {"statement_id": statement.statement_id})
        await db.execute(_REPLACE, {**values, "statement_id": statement.statement_id})
    entries = read_entries(path, file_format, business_on)
    while batch := await asyncio.to_thread(_next_batch, entries):
        await db.execute(_ADD_ENTRIES, {"statement_id": statement.statement_id, **_columns(batch)})
    await _compare(db, statement, now=now)
    before = await queries.find_day(db, provider, business_on - timedelta(days=1))
    if before is not None:  # a refund that was through just before midnight may stand in this file
        await _compare(db, before, now=now)
    return Taken(statement.statement_id, "taken" if is_new else "replaced")


async def compare_statement(db: AsyncSession, *, statement_id: UUID, now: datetime) -> None:
    """Compare a day again with our books as they are now: what agrees by now is settled. NotFound
    `statement-unknown`."""
    await _compare(db, await queries.lock_statement(db, statement_id), now=now)


async def move_difference(
    db: AsyncSession,
    *,
    difference_id: UUID,
    verb: str,
    reason: str,
    expected_revision: int,
    decided_by: UUID,
    now: datetime,
) -> Row[Any]:
    """Explain, settle or reopen a difference. NotFound `difference-unknown`; Conflict `difference-status`; Stale;
    Invalid `reason-missing` if it is explained or settled without a word."""
    difference = await queries.lock_difference(db, difference_id)
    ensure_fresh(expected_revision, difference.revision)
    state = rules.status_after(verb, difference.state)
    if state != "OPEN" and not reason:
        raise Invalid("Say why, for whoever reads it next year.", code="reason-missing", field="reason")
    await db.execute(
        _DECIDE,
        {
            "difference_id": difference_id,
            "state": state,
            "reason": "" if state == "OPEN" else reason,
            "decided_by": None if state == "OPEN" else decided_by,
            "decided_at": None if state == "OPEN" else now,
        },
    )
    return await queries.lock_difference(db, difference_id)


async def _compare(db: AsyncSession, statement: Row[Any], *, now: datetime) -> None:
    day_start, day_end = day_range(statement.business_on)
    rate = rules.fee_rate(statement.provider, statement.business_on)
    asked = {
        "statement_id": statement.statement_id,
        "provider": statement.provider,
        "day_start": day_start,
        "day_end": day_end,
        "now": now,
    }
    judged = {
        "rate_bp": None if rate is None else rate.rate_bp,  # without a rate no fee is judged: NULL differs from nothing
        "tolerance_fen": 0 if rate is None else rate.tolerance_fen,
        "agrees_now": rules.AGREES_NOW,
    }
    await db.execute(_COMPARE, asked | judged)
    await db.execute(_SUM_UP, asked)


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _next_batch(entries: Iterator[rules.Entry]) -> list[rules.Entry]:
    return list(islice(entries, _BATCH))


def _columns(batch: Sequence[rules.Entry]) -> dict[str, list[Any]]:
    return {
        "lines": [each.line_number for each in batch],
        "kinds": [each.kind for each in batch],
        "numbers": [each.number for each in batch],
        "subjects": [id_of(each.number) for each in batch],
        "provider_numbers": [each.provider_number for each in batch],
        "statuses": [each.status for each in batch],
        "amounts": [each.amount_fen for each in batch],
        "fees": [each.fee_fen for each in batch],
        "instants": [each.happened_at for each in batch],
    }
