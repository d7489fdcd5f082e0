"""Counting tries, in PostgreSQL for what many processes must count together."""

from collections.abc import Sequence
from datetime import datetime
from math import ceil

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.rate_limit.models import Attempt
from gateway.rate_limit.rules import Bucket
from shared.errors import TooMany

_COUNT = text("""
    INSERT INTO attempts AS kept (bucket, attempt_count, window_ends_at)
    SELECT bucket, 1, window_ends_at
    FROM unnest(CAST(:buckets AS text[]), CAST(:ends AS timestamptz[])) AS tried (bucket, window_ends_at)
    ORDER BY bucket
    ON CONFLICT (bucket) DO UPDATE SET
        attempt_count = CASE WHEN kept.window_ends_at <= :now THEN 1 ELSE kept.attempt_count + 1 END,
        window_ends_at = CASE WHEN kept.window_ends_at <= :now THEN excluded.window_ends_at ELSE kept.window_ends_at END
    RETURNING bucket, attempt_count, window_ends_at
""")
_FORGIVE = text("""
    WITH forgiven AS (
        SELECT bucket FROM attempts WHERE bucket = ANY(CAST(:buckets AS text[])) ORDER BY bucket FOR UPDATE
    )
    UPDATE attempts SET attempt_count = greatest(attempt_count - 1, 0)
    FROM forgiven WHERE attempts.bucket = forgiven.bucket
""")


async def count_attempt(db: AsyncSession, buckets: Sequence[Bucket], *, now: datetime) -> None:
    """Count one try in each bucket before it is made; 429 `too-many-attempts` if one is full.

    Tries at the same moment wait for each other's row, in the order of the keys, so no more than the limit get through.
    A refused try is rolled back: it does not make the window longer.
    """
    counted = await db.execute(
        _COUNT,
        {
            "buckets": [each.key for each in buckets],
            "ends": [now + each.limit.window for each in buckets],
            "now": now,
        },
    )
    limits = {each.key: each.limit.count for each in buckets}
    full = [row.window_ends_at for row in counted if row.attempt_count > limits[row.bucket]]
    if full:
        wait = max(1, ceil((max(full) - now).total_seconds()))
        raise TooMany(
            f"Too many attempts. Try again in {ceil(wait / 60)} minutes.",
            code="too-many-attempts",
            retry_after_seconds=wait,
        )


async def forgive_attempt(db: AsyncSession, buckets: Sequence[Bucket]) -> None:
    """The try was a good one: it no longer counts."""
    await db.execute(_FORGIVE, {"buckets": [each.key for each in buckets]})


async def purge(db: AsyncSession, *, now: datetime) -> None:
    """Remove counts whose window has passed."""
    await db.execute(delete(Attempt).where(Attempt.window_ends_at <= now))
