"""GET /v1/products/{product_id}: one product with its packs, supplier and certificates."""

from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from catalog.search import queries
from tests.bench.measurement import Figures
from tests.bench.meter import Row, burst
from tests.bench.pgbench import run_pgbench
from tests.bench.product_list import catalog_row
from tests.bench.recorded import recorded_script
from tests.bench.stage import CLIENTS, Stage

_COUNT = 2500


class ProductPage:
    """A page of any of some hundred products."""

    name = "page"

    def __init__(self) -> None:
        self._ids: list[UUID] = []

    async def prepare(self, stage: Stage) -> None:
        """Products from all over the catalog."""
        rows = await stage.fetch(
            "catalog", "SELECT DISTINCT product_id FROM product_cards WHERE product_number % 61 = 0 ORDER BY product_id"
        )
        self._ids = [row["product_id"] for row in rows]

    async def measure(self, stage: Stage) -> dict[str, float]:
        """Pages over HTTP, and the statement bare."""
        urls = [f"{stage.url('catalog')}/v1/products/{product_id}" for product_id in self._ids]
        order = [stage.chance.randrange(len(urls)) for _ in range(stage.scaled(_COUNT))]

        async def read(number: int) -> None:
            await stage.get(urls[order[number]])

        account = stage.account("catalog", database="catalog")
        sample = await burst(read, count=len(order), clients=CLIENTS, account=account)
        scripts = [
            await recorded_script(
                number,
                partial(queries.find_detail, product_id=product_id, now=datetime.now(UTC)),
            )
            for number, product_id in enumerate(self._ids[:24])
        ]
        bare = await run_pgbench(stage, "catalog", scripts)
        return {**sample.figures(), "bare_rate": bare.rate, "bare_ms": bare.database_ms}

    def rows(self, medians: Figures) -> list[Row]:
        """CPU a page; no goal is set for it."""
        return [catalog_row("product page", medians, "", None)]
