"""Statements straight through asyncpg keep the session's transaction and its errors."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.db import Database
from shared.direct import Statement

ADD = Statement("INSERT INTO stock_levels (sku_id, on_hand) VALUES (:sku_id, :on_hand) RETURNING sku_id, available")


async def count(database: Database) -> int:
    async with database.read() as db:
        return int(await db.scalar(text("SELECT count(*) FROM stock_levels")) or 0)


async def test_the_first_statement_of_a_transaction_is_part_of_it(fresh_database: Database):
    with pytest.raises(RuntimeError, match="changed my mind"):
        async with fresh_database.begin() as db:
            await ADD.rows(db, {"sku_id": uuid4(), "on_hand": 5})
            raise RuntimeError("changed my mind")
    assert await count(fresh_database) == 0
    async with fresh_database.begin() as db:
        [[_, available]] = await ADD.rows(db, {"on_hand": 5, "sku_id": uuid4(), "unused": 1})
        assert available == 5
    assert await count(fresh_database) == 1


async def test_alone_it_is_a_transaction_of_its_own(fresh_database: Database):
    async with fresh_database.read() as db:
        await ADD.rows(db, {"sku_id": uuid4(), "on_hand": 5})
        assert await count(fresh_database) == 1


async def test_what_postgresql_refuses_is_the_error_that_routes_know(fresh_database: Database):
    async with fresh_database.read() as db:
        with pytest.raises(DBAPIError) as refusal:
            await ADD.rows(db, {"sku_id": uuid4(), "on_hand": -1})
        assert refusal.value.orig is not None
        assert getattr(refusal.value.orig, "sqlstate", None) == "23514"
        with pytest.raises(DBAPIError):
            await ADD.rows(db, {"sku_id": "no uuid", "on_hand": 1})
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
