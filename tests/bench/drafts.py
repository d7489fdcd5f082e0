"""Decided orders in a table, made by the service's own code, for pgbench to place one in each transaction."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import orjson

from orders.order import actions, rules, schemas
from orders.order.drafting import draft_row, order_placed
from orders.price import queries
from orders.sku.queries import list_for_sale
from orders.sku.rules import SaleSku
from shared.clock import business_day, utc_now
from shared.db import Database
from shared.direct import Statement
from shared.idempotency import OnceKey
from shared.ids import new_id
from shared.outbox import outbox_values
from tests.bench.pgbench import Script
from tests.bench.shopping import ADDRESS, a_basket
from tests.bench.stage import Stage

_DRAFTS = """
    CREATE UNLOGGED TABLE IF NOT EXISTS bench_drafts (
        number integer PRIMARY KEY, draft text, sku_ids uuid[], revisions bigint[], quantities integer[],
        caller text, key text, request_hash bytea, status smallint, body bytea, person_id uuid, coupon_ids uuid[]
    )
"""
_COLUMNS = (
    *("draft", "sku_ids", "revisions", "quantities", "caller", "key", "request_hash", "status", "body"),
    *("person_id", "coupon_ids"),
)
_CASTS = {"draft": "::jsonb", "sku_ids": "::uuid[]"}


async def store_drafts(stage: Stage, prices: list[tuple[UUID, int]], count: int) -> None:
    """So many orders of these SKUs with their prices, in place of what was there."""
    database = Database(stage.dsn("orders"), pool_size=1)
    try:
        async with database.read() as db:
            skus = await list_for_sale(db, [sku_id for sku_id, _ in prices])
    finally:
        await database.dispose()
    drafts = [_draft(stage, prices, skus, number) for number in range(count)]
    connection = await asyncpg.connect(stage.dsn("orders"))
    try:
        await connection.execute(_DRAFTS)
        await connection.execute("TRUNCATE bench_drafts")
        await connection.copy_records_to_table("bench_drafts", records=drafts, columns=["number", *_COLUMNS])
        await connection.execute("VACUUM ANALYZE bench_drafts")
    finally:
        await connection.close()


def _draft(stage: Stage, prices: list[tuple[UUID, int]], skus: dict[UUID, SaleSku], number: int) -> tuple[object, ...]:
    basket, now, buyer_id = a_basket(stage.chance, prices), utc_now(), uuid4()
    draft = rules.draft_order(
        [rules.WantedLine(*line) for line in basket.lines],
        skus,
        order_id=new_id(),
        next_id=new_id,
        buyer=rules.Buyer(buyer_id, "consumer"),
        address=rules.Address(**ADDRESS),
        note="",
        placed_on=business_day(now),
        now=now,
        payment_window=timedelta(days=3650),
    )
    lines = sorted(draft.lines, key=lambda line: line.sku.sku_id)
    row = draft_row(draft) | {"event": outbox_values(order_placed(draft), now=now)}
    once = OnceKey(f"{buyer_id}:", uuid4().hex, uuid4().bytes * 2).values(201, schemas.placed_page(draft))
    values = {
        **once,
        "draft": orjson.dumps(row, default=str).decode(),
        "sku_ids": [line.sku.sku_id for line in lines],
        "revisions": [line.sku.revision for line in lines],
        "quantities": [line.quantity for line in lines],
        "person_id": buyer_id,
        "coupon_ids": [],
    }
    return (number, *(values[name] for name in _COLUMNS))


def placing_script(each: int, *, first: int = 0) -> Script:
    """The service's read and its write, as it sends them; only their values come from a table instead of the wire.

    Every client places `each` drafts of its own, beginning behind `first`.
    """
    read, write = (_from_table(statement) for statement in (queries.LOAD_SALE, actions.PLACE))
    return Script(f"\\set i :i + 1\n\\set n {first} + :client_id * {each} + :i - 1\n{read};\n{write};\n", {"i": "0"})


def _from_table(statement: Statement) -> str:
    def value(found: re.Match[str]) -> str:
        name = statement.names[int(found[1]) - 1]
        return f"(SELECT {name} FROM bench_drafts WHERE number = :n){_CASTS.get(name, '')}"  # noqa: S608 - our names

    return " ".join(re.sub(r"\$(\d+)", value, statement.sql).split())
