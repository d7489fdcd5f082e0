"""Counting tries in the database."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.rate_limit import actions, rules
from shared.db import Database
from shared.errors import TooMany

WINDOW = timedelta(minutes=15)


def buckets(*counts: int) -> list[rules.Bucket]:
    return [rules.bucket(rules.Limit(count, WINDOW), f"bucket {index}") for index, count in enumerate(counts)]


async def test_as_many_tries_as_the_limit_and_no_more(db: AsyncSession, now: datetime):
    for _ in range(3):
        await actions.count_attempt(db, buckets(3), now=now)
    with pytest.raises(TooMany) as refused:
        await actions.count_attempt(db, buckets(3), now=now + timedelta(minutes=5))
    assert (refused.value.code, refused.value.extra) == ("too-many-attempts", {"retry_after_seconds": 600})


async def test_a_new_window_begins_with_none(db: AsyncSession, now: datetime):
    for _ in range(3):
        await actions.count_attempt(db, buckets(3), now=now)
    await actions.count_attempt(db, buckets(3), now=now + WINDOW)
    counted = await db.execute(text("SELECT attempt_count, window_ends_at FROM attempts"))
    assert counted.all() == [(1, now + 2 * WINDOW)]


async def test_the_fullest_bucket_decides(db: AsyncSession, now: datetime):
    await actions.count_attempt(db, buckets(1, 100), now=now)
    with pytest.raises(TooMany):
        await actions.count_attempt(db, buckets(1, 100), now=now)


async def test_a_good_try_is_forgiven_and_never_below_none(db: AsyncSession, now: datetime):
    await actions.count_attempt(db, buckets(1), now=now)
    for _ in range(2):
        await actions.forgive_attempt(db, buckets(1))
    assert await db.scalar(text("SELECT attempt_count FROM attempts")) == 0
    await actions.count_attempt(db, buckets(1), now=now)


async def test_what_has_passed_is_cleared_away(db: AsyncSession, now: datetime):
    await actions.count_attempt(db, buckets(1), now=now)
    await actions.purge(db, now=now + WINDOW - timedelta(seconds=1))
    assert await db.scalar(text("SELECT count(*) FROM attempts")) == 1
    await actions.purge(db, now=now + WINDOW)
    assert await db.scalar(text("SELECT count(*) FROM attempts")) == 0


async def test_tries_at_one_moment_are_counted_one_by_one(fresh_database: Database, now: datetime):
    async def attempt(order: int) -> bool:
        pair = buckets(7, 100)
        try:
            async with fresh_database.begin() as db:
                await actions.count_attempt(db, pair if order % 2 else pair[::-1], now=now)
        except TooMany:
            return False
        return True

    passed = await asyncio.gather(*(attempt(order) for order in range(40)))
    assert sum(passed) == 7
