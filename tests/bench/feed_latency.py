"""How long after the notice of a payment was answered the sale shows in POST /v1/query, while orders keep coming in."""

import asyncio
from time import perf_counter
from uuid import UUID, uuid4

import asyncpg
import orjson

from shared.clock import business_day, utc_now
from tests.bench.goods import add_sellable, list_bench_skus
from tests.bench.measurement import Figures
from tests.bench.meter import Row, percentile_ms, row_at_most
from tests.bench.shopping import Basket, a_basket, pause_promotions
from tests.bench.stage import Stage
from tests.bench.whole_order import CLIENTS, Shopper

_COUNT = 240
_LOOK_SECONDS = 0.01
_PATIENCE_SECONDS = 90


class FeedLatency:
    """Each order has one product that is sold only once, so that a figure of that product is this very sale."""

    name = "feed"

    def __init__(self) -> None:
        self._skus: list[tuple[UUID, int]] = []
        self._analyst: dict[str, str] = {}

    async def prepare(self, stage: Stage) -> None:
        """The SKUs to choose from, and an analyst."""
        await pause_promotions(stage)
        self._skus = await list_bench_skus(stage.dsn("orders"))
        self._analyst = stage.token(uuid4(), kind="analyst", organisation_id=uuid4())

    async def measure(self, stage: Stage) -> dict[str, float]:
        """Latencies from the answered notice to the first answer that shows the sale; looked for every 10 ms."""
        count = stage.scaled(_COUNT)
        probes = await self._new_probes(stage, count)
        answered: dict[str, float] = {}
        seen: dict[str, float] = {}
        shopper = Shopper(stage)
        numbers = iter(range(count))

        async def client() -> None:
            for number in numbers:
                sku_id, price_fen = probes[number]
                usual = a_basket(stage.chance, self._skus)
                first = stage.chance.randrange(len(usual.lines))
                price_of = dict(self._skus)
                left_out, quantity = usual.lines[first]
                lines = [*usual.lines[:first], *usual.lines[first + 1 :], (sku_id, 1)]
                payable_fen = usual.payable_fen - price_of[left_out] * quantity + price_fen
                answered[str(sku_id)] = await shopper.buy(Basket(tuple(lines), payable_fen))

        async def load() -> float:
            started = perf_counter()
            await asyncio.gather(*(client() for _ in range(CLIENTS)))
            return count / (perf_counter() - started)

        watching = self._watch(stage, {str(sku_id) for sku_id, _ in probes}, seen)
        rate, _ = await asyncio.wait_for(asyncio.gather(load(), watching), _PATIENCE_SECONDS)
        await shopper.ensure_all_paid()
        waits = [max(0.0, seen[sku_id] - answered[sku_id]) for sku_id in answered]
        return {"p50_ms": percentile_ms(waits, 0.5), "p99_ms": percentile_ms(waits, 0.99), "rate": rate}

    def rows(self, medians: Figures) -> list[Row]:
        """The middle and the slow end."""
        load = f"under {medians['rate']:,.0f} whole orders/s; looked for every {1000 * _LOOK_SECONDS:.0f} ms"
        return [
            Row("paid to visible in analytics, p50", medians["p50_ms"], "ms", "–", None, load),
            row_at_most("paid to visible in analytics, p99", medians["p99_ms"], "ms", 1000, load),
        ]

    async def _new_probes(self, stage: Stage, count: int) -> list[tuple[UUID, int]]:
        sku_ids = [uuid4() for _ in range(count)]
        connection = await asyncpg.connect(stage.dsn("orders"))
        try:
            await add_sellable(connection, sku_ids)
            rows = await connection.fetch(
                "SELECT sku_id, price_fen FROM sellable_skus WHERE sku_id = ANY($1::uuid[])", sku_ids
            )
        finally:
            await connection.close()
        return [(UUID(str(row["sku_id"])), int(row["price_fen"])) for row in rows]

    async def _watch(self, stage: Stage, waiting: set[str], seen: dict[str, float]) -> None:
        """Ask until every product has shown up; what has is not asked for again."""
        url, today = f"{stage.url('analytics')}/v1/query", business_day(utc_now()).isoformat()
        while waiting:
            question = {
                "measures": ["orders"],
                "dimensions": ["product"],
                "filters": [{"dimension": "product", "is_any_of": sorted(waiting)}],
                "from": today,
                "include_total": False,
            }
            answer = await stage.send("POST", url, data=orjson.dumps(question), headers=self._analyst)
            now = perf_counter()
            for row in orjson.loads(answer)["rows"]:
                waiting.discard(row["product"])
                seen[row["product"]] = now
            await asyncio.sleep(_LOOK_SECONDS)
