"""Claims, returns and exchanges beside each other, on committed databases: no piece is spoken for twice, and no
replacement is promised twice."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import rules as order_rules
from orders.product_return import actions as return_actions
from orders.stock import queries as stock_queries
from services.orders.tests.after_sales import (
    buyer_of,
    delivered_fruit,
    more_stock,
    moved_exchange,
    opened_claim,
    requested_exchange,
    seller_of,
)
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Refusal

DRY = {"temperature_class": "AMBIENT", "category": "dried"}


async def fruit(database: Database, *, quantity: int, spare: int = 0) -> order_rules.OrderDraft:
    async with database.begin() as db:
        draft = await delivered_fruit(
            db, quantity=quantity, price_fen=6000, delivered_at=utc_now() - timedelta(hours=1), **DRY
        )
        if spare:
            await more_stock(db, draft, spare)
    return draft


async def outcome(database: Database, act: Callable[[AsyncSession], Awaitable[Any]]) -> str:
    try:
        async with database.begin() as db:
            await act(db)
    except Refusal as refusal:
        return refusal.code
    return "done"


async def test_claims_returns_and_exchanges_of_the_same_pieces(fresh_database: Database):
    draft = await fruit(fresh_database, quantity=4)

    def exchange(db: AsyncSession) -> Awaitable[Any]:
        return requested_exchange(db, draft, 2, now=utc_now())

    def claim(db: AsyncSession) -> Awaitable[Any]:
        return opened_claim(db, draft, pieces=1, now=utc_now())

    def send_back(db: AsyncSession) -> Awaitable[Any]:
        return return_actions.request_return(
            db,
            return_id=uuid4(),
            order_id=draft.order_id,
            line_id=draft.lines[0].line_id,
            piece_count=1,
            cause="faulty",
            description="",
            caller=buyer_of(draft),
            now=utc_now(),
        )

    found = await asyncio.gather(*(outcome(fresh_database, act) for act in (exchange, claim, send_back) * 4))
    assert set(found) == {"done", "pieces-claimed-already"}
    async with fresh_database.read() as db:
        spoken = await db.scalar(
            text("""
                SELECT (SELECT coalesce(sum(piece_count), 0) FROM claims)
                     + (SELECT coalesce(sum(piece_count), 0) FROM product_returns)
                     + (SELECT coalesce(sum(piece_count), 0) FROM exchanges)
            """)
        )
        assert spoken == await db.scalar(text("SELECT claimed_count FROM line_balances")) == 4


async def test_of_two_approvals_for_the_last_pieces_one_is_short(fresh_database: Database):
    draft = await fruit(fresh_database, quantity=4, spare=3)
    made = []
    for _ in range(2):
        async with fresh_database.begin() as db:
            made.append(await requested_exchange(db, draft, 2, now=utc_now()))
    found = await asyncio.gather(
        *(
            outcome(
                fresh_database,
                lambda db, each=each: moved_exchange(db, each, "approve", seller_of(draft), now=utc_now()),
            )
            for each in made
        )
    )
    assert sorted(found) == ["done", "stock-short"]
    async with fresh_database.read() as db:
        count = await stock_queries.get_count(db, draft.lines[0].sku.sku_id)
        assert (count.on_hand, count.held) == (3, 2)
        assert await stock_queries.list_differences(db) == []


async def test_the_database_itself_refuses_what_the_code_forgot(fresh_database: Database):
    draft = await fruit(fresh_database, quantity=2)
    async with fresh_database.begin() as db:
        await requested_exchange(db, draft, 2, now=utc_now())
    with pytest.raises(IntegrityError, match="claims_fit_line"):
        async with fresh_database.begin() as db:
            await db.execute(
                text("""
                    INSERT INTO exchanges
                    SELECT (jsonb_populate_record(one, jsonb_build_object('exchange_id', uuidv7()))).*
                    FROM exchanges AS one
                """)
            )
