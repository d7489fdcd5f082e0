"""GET /v1/cart of fifty lines: every price, promotion and parcel anew, beside its own statement in pgbench."""

from uuid import UUID, uuid4

import orjson

from orders.cart.queries import LOAD_CART
from tests.bench.goods import list_bench_skus
from tests.bench.measurement import Figures
from tests.bench.meter import Row, burst, row_at_most
from tests.bench.pgbench import run_pgbench, script_of
from tests.bench.shopping import ADDRESS, pause_promotions, resume_promotions
from tests.bench.stage import CLIENTS, Stage

LINES = 50
_COUNT = 300


class Reprice:
    """One buyer's cart, with delivery to an address and the demo's promotions running."""

    name = "reprice"

    def __init__(self) -> None:
        self._person_id: UUID = uuid4()
        self._promotions = 0

    async def prepare(self, stage: Stage) -> None:
        """Fill the cart."""
        skus = await list_bench_skus(stage.dsn("orders"))
        for sku_id, _ in stage.chance.sample(skus, LINES):
            url = f"{stage.url('orders')}/v1/cart/lines/{sku_id}"
            await stage.send("PUT", url, data=orjson.dumps({"quantity": 2}), headers=stage.token(self._person_id))

    async def measure(self, stage: Stage) -> dict[str, float]:
        """Promotions run for as long as this takes: other measurements need list prices."""
        buyer = stage.token(self._person_id)
        url = f"{stage.url('orders')}/v1/cart?county_code={ADDRESS['county_code']}"

        async def look(_: int) -> None:
            await stage.get(url, headers=buyer)

        self._promotions = await resume_promotions(stage)
        try:
            cart = orjson.loads(await stage.get(url, headers=buyer))
            if len(cart["lines"]) != LINES:
                raise RuntimeError(f"{len(cart['lines'])} of {LINES} lines are priced")
            account = stage.account("orders", database="orders")
            sample = await burst(look, count=stage.scaled(_COUNT), clients=CLIENTS, account=account)
            bare = await run_pgbench(stage, "orders", [script_of(0, LOAD_CART.sql, [self._person_id, "{}"])])
        finally:
            await pause_promotions(stage)
        return {**sample.figures(), "bare_ms": bare.database_ms}

    def rows(self, medians: Figures) -> list[Row]:
        """CPU of one look."""
        parts = f"app {medians['app_ms']:.2f} + database {medians['database_ms']:.2f} ms"
        return [
            row_at_most(
                "reprice a 50-line cart",
                medians["cpu_ms"],
                "ms CPU",
                3.0,
                f"{parts}, {self._promotions} promotions running; its statement in pgbench {medians['bare_ms']:.2f} ms",
                medians["cpu_ms"] / medians["bare_ms"],
            )
        ]
