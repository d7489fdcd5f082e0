"""GET /v1/products: the shelf's first page, and a page far down."""

from datetime import UTC, datetime

import orjson

from catalog.search import queries
from catalog.search.queries import Filters
from shared.page import decode_cursor
from tests.bench.measurement import Figures
from tests.bench.meter import Row, burst, row_at_most
from tests.bench.pgbench import Bare, Script, run_pgbench
from tests.bench.recorded import recorded_script
from tests.bench.stage import CLIENTS, Stage

_LIMIT = 20
_DEEP_PAGES = 40
_COUNT = 2500


class ProductList:
    """20 cards a page, by cursor."""

    name = "list"

    def __init__(self) -> None:
        self._deep: list[str] = []

    async def prepare(self, stage: Stage) -> None:
        """Walk down the shelf once, to have true cursors of deep pages."""
        cursor = ""
        for page in range(_DEEP_PAGES):
            body = orjson.loads(await stage.get(self._url(stage, cursor)))
            if len(body["items"]) != _LIMIT:
                raise RuntimeError(f"page {page} of the shelf has {len(body['items'])} products")
            cursor = body["next_cursor"]
            if page >= _DEEP_PAGES // 2:
                self._deep.append(cursor)

    async def measure(self, stage: Stage) -> dict[str, float]:
        """First page, deep pages, and both as bare SQL."""
        account = stage.account("catalog", database="catalog")
        count = stage.scaled(_COUNT)
        first, deep = self._url(stage, ""), [self._url(stage, cursor) for cursor in self._deep]

        async def get_first(_: int) -> None:
            await stage.get(first)

        async def get_deep(number: int) -> None:
            await stage.get(deep[number % len(deep)])

        at_first = await burst(get_first, count=count, clients=CLIENTS, account=account)
        far_down = await burst(get_deep, count=count, clients=CLIENTS, account=account)
        bare_first = await run_pgbench(stage, "catalog", [await _statement(0, None)])
        bare_deep = await run_pgbench(
            stage, "catalog", [await _statement(number, cursor) for number, cursor in enumerate(self._deep[::4])]
        )
        return {
            **at_first.figures("first_"),
            **far_down.figures("deep_"),
            **_bare("first_", bare_first),
            **_bare("deep_", bare_deep),
        }

    def rows(self, medians: Figures) -> list[Row]:
        """CPU a request; the ratio is of rates."""
        return [
            catalog_row("product list, page 1 (20 of 20,000)", medians, "first_", 0.8),
            catalog_row("product list, deep cursor", medians, "deep_", 0.8),
        ]

    def _url(self, stage: Stage, cursor: str) -> str:
        after = f"&cursor={cursor}" if cursor else ""
        return f"{stage.url('catalog')}/v1/products?limit={_LIMIT}{after}"


async def _statement(number: int, cursor: str | None) -> Script:
    after = None
    if cursor is not None:
        _, key, last = decode_cursor(cursor, size=3)
        after = (key, last)

    return await recorded_script(
        number,
        lambda fetch: queries.find_cards(
            fetch,
            text_query=None,
            filters=Filters(),
            sort="relevance",
            after=after,
            limit=_LIMIT + 1,
            now=datetime.now(UTC),
        ),
    )


def _bare(prefix: str, bare: Bare) -> dict[str, float]:
    return {f"{prefix}bare_rate": bare.rate, f"{prefix}bare_ms": bare.database_ms}


def catalog_row(name: str, medians: Figures, prefix: str, most: float | None) -> Row:
    """A read of the catalog beside the same SQL in pgbench."""
    rate, bare = medians[f"{prefix}rate"], medians[f"{prefix}bare_rate"]
    yardstick = (
        f"{rate:,.0f}/s (app {medians[f'{prefix}app_ms']:.2f} + database {medians[f'{prefix}database_ms']:.2f} ms, "
        f"p99 {medians[f'{prefix}p99_ms']:.1f} ms); the same SQL in pgbench {bare:,.0f}/s, "
        f"{medians[f'{prefix}bare_ms']:.2f} ms"
    )
    value = medians[f"{prefix}cpu_ms"]
    if most is None:
        return Row(name, value, "ms CPU", "–", None, yardstick, rate / bare)
    return row_at_most(name, value, "ms CPU", most, yardstick, rate / bare)
