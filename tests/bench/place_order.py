"""POST /v1/orders with three lines, beside the service's own statements in pgbench."""

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
from shared.idempotency import OnceKey
from shared.ids import new_id
from shared.outbox import outbox_values
from tests.bench.goods import list_bench_skus
from tests.bench.measurement import Figures
from tests.bench.meter import Row, burst, row_at_least, row_at_most
from tests.bench.pgbench import Script, run_pgbench
from tests.bench.shopping import ADDRESS, a_basket, new_key, pause_promotions
from tests.bench.stage import CLIENTS, Stage

_COUNT = 1500
_BUYERS = 400
_DRAFTS_A_CLIENT = 500
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


class PlaceOrder:
    """Orders of many buyers for many SKUs. Their tokens were seen before, as after a look into the cart."""

    name = "place"

    def __init__(self) -> None:
        self._skus: list[tuple[UUID, int]] = []
        self._buyers: list[dict[str, str]] = []

    async def prepare(self, stage: Stage) -> None:
        """Buyers whom the service has seen."""
        await pause_promotions(stage)
        self._skus = await list_bench_skus(stage.dsn("orders"))
        self._buyers = [stage.token(uuid4()) for _ in range(_BUYERS)]
        for buyer in self._buyers:
            await stage.get(f"{stage.url('orders')}/v1/cart", headers=buyer)

    async def measure(self, stage: Stage) -> dict[str, float]:
        """Over HTTP, then the same read and the same write, bare and without a route before them."""
        baskets = [a_basket(stage.chance, self._skus) for _ in range(stage.scaled(_COUNT))]
        bodies = [basket.body for basket in baskets]
        url = f"{stage.url('orders')}/v1/orders"

        async def place(number: int) -> None:
            headers = self._buyers[number % len(self._buyers)] | new_key()
            await stage.send("POST", url, data=bodies[number], headers=headers)

        before = await _count_orders(stage)
        sample = await burst(
            place, count=len(bodies), clients=CLIENTS, account=stage.account("orders", database="orders")
        )
        if await _count_orders(stage) - before != len(bodies):
            raise RuntimeError("not every order that was answered is there")
        each = stage.scaled(_DRAFTS_A_CLIENT)
        await self._store_drafts(stage, each * CLIENTS)
        bare = await run_pgbench(stage, "orders", [_script(each)], transactions=each)
        if await _count_orders(stage) - before != len(bodies) + each * CLIENTS:
            raise RuntimeError("pgbench did not place what it was given")
        return {**sample.figures(), "bare_rate": bare.rate, "bare_ms": bare.database_ms}

    def rows(self, medians: Figures) -> list[Row]:
        """CPU an order, and the rate beside pgbench's."""
        rate, bare = medians["rate"], medians["bare_rate"]
        parts = f"app {medians['app_ms']:.2f} + database {medians['database_ms']:.2f} ms"
        return [
            row_at_most(
                "place order (3 lines)",
                medians["cpu_ms"],
                "ms CPU",
                1.6,
                f"{parts}, p99 {medians['p99_ms']:.1f} ms; the same statements in pgbench {medians['bare_ms']:.2f} ms",
                medians["cpu_ms"] / medians["bare_ms"],
            ),
            row_at_least(
                "place order, rate",
                rate,
                "orders/s",
                round(bare / 4),
                f"a quarter of pgbench's {bare:,.0f}/s for the same statements, 8 clients each",
                rate / bare,
            ),
        ]

    async def _store_drafts(self, stage: Stage, count: int) -> None:
        """Decided orders, made by the service's own code, for pgbench to save."""
        database = Database(stage.dsn("orders"), pool_size=1)
        try:
            async with database.read() as db:
                skus = await list_for_sale(db, [sku_id for sku_id, _ in self._skus])
        finally:
            await database.dispose()
        drafts = [self._draft(stage, skus, number) for number in range(count)]
        connection = await asyncpg.connect(stage.dsn("orders"))
        try:
            await connection.execute(_DRAFTS)
            await connection.execute("TRUNCATE bench_drafts")
            await connection.copy_records_to_table("bench_drafts", records=drafts, columns=["number", *_COLUMNS])
            await connection.execute("VACUUM ANALYZE bench_drafts")
        finally:
            await connection.close()

    def _draft(self, stage: Stage, skus: dict[UUID, SaleSku], number: int) -> tuple[object, ...]:
        basket, now, buyer_id = a_basket(stage.chance, self._skus), utc_now(), uuid4()
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


def _script(each: int) -> Script:
    """The service's read and its write, as it sends them; only their values come from a table instead of the wire."""

    def from_table(sql: str, casts: dict[str, str]) -> str:
        for place, name in enumerate(_names_of(sql), 1):
            value = f"(SELECT {name} FROM bench_drafts WHERE number = :n)"  # noqa: S608 - names are ours
            sql = sql.replace(f"${place}", value + casts.get(name, ""))
        return " ".join(sql.split())

    def _names_of(sql: str) -> list[str]:
        return next(statement.names for statement in statements if statement.sql == sql)

    statements = (queries.LOAD_SALE, actions.PLACE)
    read, write = (from_table(statement.sql, {"draft": "::jsonb", "sku_ids": "::uuid[]"}) for statement in statements)
    return Script(f"\\set i :i + 1\n\\set n :client_id * {each} + :i - 1\n{read};\n{write};\n", {"i": "0"})


async def _count_orders(stage: Stage) -> int:
    [row] = await stage.fetch("orders", "SELECT count(*) AS count FROM orders")
    return int(row["count"])
