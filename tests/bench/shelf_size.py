"""GET /v1/products at 1 k, 100 k and 1 M SKUs: does a search stay quick when the shelf grows a thousandfold?"""

from contextlib import AsyncExitStack
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]

from tests.bench.measurement import Figures
from tests.bench.meter import Account, Row, burst, percentile_ms, row_at_most
from tests.bench.shelf import SIZES, database_name, port_of, shelves
from tests.bench.stage import Stage

_CLIENTS = 2
"""Few, so that a latency is an answer's own time and not its place in a queue."""
_COUNT = 400
_SEARCHES = (
    *("香菇", "苹果", "蜂蜜", "红茶", "核桃", "木耳", "大米", "花椒", "牛肉", "河北香菇", "云南 核桃"),
    *("菇", "茶", "枣", "米", "xianggu", "pingguo", "pg", "honey", "土豆"),
)
_SEARCH = tuple(f"q={quote(text)}" for text in _SEARCHES)
_LIST = (
    *("", "sort=price", "sort=-price", "sort=newest", "sort=sales"),
    *("category=fruit", "category=tea&season=now", "province=530000", "designation=key-160", "near=420325"),
    *("category=mushroom&sort=price", "province=520000&sort=newest", "certificate=organic", "price_max_fen=5000"),
)
_MIXES = {"search": _SEARCH, "list": _LIST, "search with counts": tuple(f"{each}&facets=true" for each in _SEARCH)}
_MOST_MS = 50.0
_MOST_RATIO = 3.0


class ShelfSize:
    """The same mixes against catalogs of three sizes."""

    name = "shelf"

    async def prepare(self, stage: Stage) -> None:
        """Make what is missing of the three catalogs, once."""
        async with shelves(stage):
            pass

    async def measure(self, stage: Stage) -> dict[str, float]:
        """Each mix on each size, the sizes in turn."""
        figures: dict[str, float] = {}
        async with AsyncExitStack() as stack:
            running = await stack.enter_async_context(shelves(stage))
            for mix, queries in _MIXES.items():
                for size in SIZES:
                    account = Account((psutil.Process(running[size].pid).pid,), stage.postmaster, database_name(size))
                    found = await self._burst(stage, size, queries, account)
                    figures |= {f"{mix} {size} {name}": value for name, value in found.items()}
        return figures

    async def _burst(self, stage: Stage, size: int, queries: tuple[str, ...], account: Account) -> dict[str, float]:
        urls = [f"http://127.0.0.1:{port_of(size)}/v1/products?limit=20&{query}" for query in queries]

        async def ask(number: int) -> None:
            await stage.get(urls[number % len(urls)])

        await burst(
            ask, count=2 * len(urls), clients=_CLIENTS, account=account
        )  # plans and pages are warm, as in a shop
        sample = await burst(ask, count=stage.scaled(_COUNT), clients=_CLIENTS, account=account)
        return {"p95": percentile_ms(sample.latencies, 0.95), "cpu": sample.cpu_ms}

    def rows(self, medians: Figures) -> list[Row]:
        """The largest's p95, and how it compares with the smallest's in the same run."""
        rows = []
        for mix in _MIXES:
            small, middle, large = (medians[f"{mix} {size} p95"] for size in SIZES)
            cpu = ", ".join(f"{medians[f'{mix} {size} cpu']:.2f}" for size in SIZES)
            told = f"1 k {small:.1f} ms, 100 k {middle:.1f} ms; CPU {cpu} ms a query at 1 k, 100 k, 1 M"
            rows.append(row_at_most(f"{mix} at 1 M SKUs, p95", large, "ms", _MOST_MS, told))
            if mix != "search with counts":
                rows.append(row_at_most(f"{mix}, p95 at 1 M over 1 k", large / small, "×", _MOST_RATIO, told))
        return rows
