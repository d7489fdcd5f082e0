"""Statements straight through asyncpg keep the session's transaction and its errors."""

from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.bell import CHANNEL, note_published
from shared.db import Database
from shared.direct import Statement, standing_alone

ADD = Statement("INSERT INTO stock_levels (sku_id, low_at) VALUES (:sku_id, :low_at) RETURNING sku_id, low_at")


async def count(database: Database) -> int:
    async with database.read() as db:
        return int(await db.scalar(text("SELECT count(*) FROM stock_levels")) or 0)


async def test_the_first_statement_of_a_transaction_is_part_of_it(fresh_database: Database):
    with pytest.raises(RuntimeError, match="changed my mind"):
        async with fresh_database.begin() as db:
            await ADD.rows(db, {"sku_id": uuid4(), "low_at": 5})
            raise RuntimeError("changed my mind")
    assert await count(fresh_database) == 0
    async with fresh_database.begin() as db:
        [[_, low_at]] = await ADD.rows(db, {"low_at": 5, "sku_id": uuid4(), "unused": 1})
        assert low_at == 5
    assert await count(fresh_database) == 1


async def test_alone_it_is_a_transaction_of_its_own(fresh_database: Database):
    async with fresh_database.read() as db:
        await ADD.rows(db, {"sku_id": uuid4(), "low_at": 5})
        assert await count(fresh_database) == 1


async def test_what_postgresql_refuses_is_the_error_that_routes_know(fresh_database: Database):
    async with fresh_database.read() as db:
        with pytest.raises(DBAPIError) as refusal:
            await ADD.rows(db, {"sku_id": uuid4(), "low_at": -1})
        assert refusal.value.orig is not None
        assert getattr(refusal.value.orig, "sqlstate", None) == "23514"
        with pytest.raises(DBAPIError):
            await ADD.rows(db, {"sku_id": "no uuid", "low_at": 1})
    assert await count(fresh_database) == 0


async def test_a_lost_connection_is_not_handed_out_again(fresh_database: Database):
    whoami = Statement("SELECT pg_backend_pid()")
    async with fresh_database.read() as db:
        [[lost]] = await whoami.rows(db, {})
        async with fresh_database.read() as other:
            await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": lost})
        with pytest.raises(DBAPIError) as failure:
            await whoami.rows(db, {})
        assert failure.value.connection_invalidated
    for _ in range(3):
        async with fresh_database.read() as db:
            [[found]] = await whoami.rows(db, {})
            assert found != lost


async def test_a_direct_connection_needs_no_session_and_each_statement_is_committed(fresh_database: Database):
    async with standing_alone(fresh_database) as direct:
        [[_, low_at]] = await ADD.rows(direct, {"sku_id": uuid4(), "low_at": 5})
        assert low_at == 5
        assert await count(fresh_database) == 1
        with pytest.raises(DBAPIError) as refusal:
            await ADD.rows(direct, {"sku_id": uuid4(), "low_at": -1})
        assert getattr(refusal.value.orig, "sqlstate", None) == "23514"
        await ADD.rows(direct, {"sku_id": uuid4(), "low_at": 1})  # a refusal leaves nothing open behind it
    assert await count(fresh_database) == 2


async def test_a_direct_connection_goes_back_to_the_pool_unless_it_is_lost(fresh_database: Database):
    whoami = Statement("SELECT pg_backend_pid()")
    async with standing_alone(fresh_database) as direct:
        [[first]] = await whoami.rows(direct, {})
    async with standing_alone(fresh_database) as direct:
        assert await whoami.rows(direct, {}) == [(first,)]
        async with fresh_database.read() as other:
            await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": first})
        with pytest.raises(DBAPIError) as failure:
            await whoami.rows(direct, {})
        assert failure.value.connection_invalidated
    for _ in range(3):
        async with standing_alone(fresh_database) as direct:
            assert await whoami.rows(direct, {}) != [(first,)]


async def test_what_a_direct_connection_published_is_told(fresh_database: Database):
    heard: list[str] = []
    listener = await asyncpg.connect(fresh_database.url)
    await listener.add_listener(CHANNEL, lambda *told: heard.append(told[3]))
    async with standing_alone(fresh_database) as direct:
        note_published(direct.info, {"orders.order-placed.v1"})
    await fresh_database.bell.silence()
    await listener.execute("SELECT 1")  # what was told before this answer has arrived
    await listener.close()
    assert heard == ["orders.order-placed.v1"]
