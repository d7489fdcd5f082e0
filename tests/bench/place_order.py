"""POST /v1/orders with three lines by 1, 8 and 64 clients and on one hot SKU, beside the same statements in pgbench."""

from uuid import UUID, uuid4

from tests.bench.drafts import placing_script, store_drafts
from tests.bench.goods import list_bench_skus
from tests.bench.measurement import Figures
from tests.bench.meter import Row, Sample, burst, row_at_least, row_at_most
from tests.bench.pgbench import run_pgbench
from tests.bench.shopping import Basket, a_basket, a_hot_basket, new_key, pause_promotions
from tests.bench.stage import CLIENTS, Stage

_COUNT = 1500
_COUNT_ALONE = 400
_CROWD = 64
_BUYERS = 400
_DRAFTS_A_CLIENT = 500


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
        count, alone = stage.scaled(_COUNT), stage.scaled(_COUNT_ALONE)
        each = stage.scaled(_DRAFTS_A_CLIENT)
        before = await _count_orders(stage)
        one = await self._place(stage, self._baskets(stage, alone), clients=1)
        some = await self._place(stage, self._baskets(stage, count), clients=CLIENTS)
        crowd = await self._place(stage, self._baskets(stage, count), clients=_CROWD)
        hot = [a_hot_basket(stage.chance, self._skus) for _ in range(count)]
        hot_crowd = await self._place(stage, hot, clients=_CROWD)
        if await _count_orders(stage) - before != alone + 3 * count:
            raise RuntimeError("not every order that was answered is there")
        await store_drafts(stage, self._skus, each * (CLIENTS + 1))
        bare = await run_pgbench(stage, "orders", [placing_script(each)], transactions=each)
        second = placing_script(each, first=each * CLIENTS)
        bare_one = await run_pgbench(stage, "orders", [second], transactions=each, clients=1)
        if await _count_orders(stage) - before != alone + 3 * count + each * (CLIENTS + 1):
            raise RuntimeError("pgbench did not place what it was given")
        return {
            **some.figures(),
            **one.figures("one_"),
            **crowd.figures("crowd_"),
            **hot_crowd.figures("hot_"),
            "bare_rate": bare.rate,
            "bare_ms": bare.database_ms,
            "bare_one_rate": bare_one.rate,
        }

    def rows(self, medians: Figures) -> list[Row]:
        """CPU an order, and rates beside pgbench's."""
        rate, bare, crowd = medians["rate"], medians["bare_rate"], medians["crowd_rate"]
        parts = f"app {medians['app_ms']:.2f} + database {medians['database_ms']:.2f} ms"
        in_pgbench = f"half of pgbench's {bare:,.0f}/s for the same statements, one order a transaction, 8 clients"
        alone = (
            f"pgbench's {medians['bare_one_rate']:,.0f}/s for the same statements, 1 client; nobody to go together with"
        )
        return [
            row_at_most(
                "place order (3 lines)",
                medians["cpu_ms"],
                "ms CPU",
                1.6,
                f"{parts}, p99 {medians['p99_ms']:.1f} ms; the same statements in pgbench {medians['bare_ms']:.2f} ms",
                medians["cpu_ms"] / medians["bare_ms"],
            ),
            Row(
                "place order, 1 client",
                medians["one_rate"],
                "orders/s",
                "–",
                None,
                f"{alone}; {_cost(medians, 'one_')}",
                medians["one_rate"] / medians["bare_one_rate"],
            ),
            row_at_least("place order, 8 clients", rate, "orders/s", round(bare / 2), in_pgbench, rate / bare),
            row_at_least(
                "place order, 64 clients",
                crowd,
                "orders/s",
                round(bare / 2),
                f"{in_pgbench}; {_cost(medians, 'crowd_')}",
                crowd / bare,
            ),
            row_at_least(
                "place order, 64 clients on one hot SKU",
                medians["hot_rate"],
                "orders/s",
                round(0.8 * crowd),
                f"0.8 of the {crowd:,.0f}/s on many SKUs; {_cost(medians, 'hot_')}",
                medians["hot_rate"] / crowd,
            ),
        ]

    def _baskets(self, stage: Stage, count: int) -> list[Basket]:
        return [a_basket(stage.chance, self._skus) for _ in range(count)]

    async def _place(self, stage: Stage, baskets: list[Basket], *, clients: int) -> Sample:
        bodies = [basket.body for basket in baskets]
        url = f"{stage.url('orders')}/v1/orders"

        async def place(number: int) -> None:
            headers = self._buyers[number % len(self._buyers)] | new_key()
            await stage.send("POST", url, data=bodies[number], headers=headers)

        account = stage.account("orders", database="orders")
        return await burst(place, count=len(bodies), clients=clients, account=account)


def _cost(medians: Figures, prefix: str) -> str:
    app, database = medians[f"{prefix}app_ms"], medians[f"{prefix}database_ms"]
    return f"app {app:.2f} + database {database:.2f} ms CPU an order, p99 {medians[f'{prefix}p99_ms']:.0f} ms"


async def _count_orders(stage: Stage) -> int:
    [row] = await stage.fetch("orders", "SELECT count(*) AS count FROM orders")
    return int(row["count"])
