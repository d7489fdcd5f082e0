"""GET /products of the storefront: the gateway renders 24 cards with facets; the catalog's own work is not counted."""

from urllib.parse import quote

from tests.bench.measurement import Figures
from tests.bench.meter import Row, burst, row_at_most
from tests.bench.stage import CLIENTS, Stage

_COUNT = 360
_PAGES = ("", f"?q={quote('香菇')}", "?category=tea", "?designation=key-160", "?sort=price", f"?q={quote('苹果')}")


class ListPage:
    """The shelf and some searches, in Chinese, by visitors who are not signed in."""

    name = "storefront"

    async def prepare(self, stage: Stage) -> None:
        """Each page shows products."""
        for page in _PAGES:
            body = await stage.get(f"{stage.url('gateway')}/products{page}")
            if body.count(b"/products/") < 10:
                raise RuntimeError(f"/products{page} shows too little")

    async def measure(self, stage: Stage) -> dict[str, float]:
        """Pages in turn."""
        base = stage.url("gateway")

        async def read(number: int) -> None:
            await stage.get(f"{base}/products{_PAGES[number % len(_PAGES)]}")

        sample = await burst(
            read,
            count=stage.scaled(_COUNT),
            clients=CLIENTS,
            account=stage.account("gateway", database="gateway"),
        )
        return sample.figures()

    def rows(self, medians: Figures) -> list[Row]:
        """CPU of the gateway a page."""
        detail = f"{medians['rate']:,.0f} pages/s with the catalog's facets; p99 {medians['p99_ms']:.0f} ms"
        return [row_at_most("storefront list page", medians["cpu_ms"], "ms CPU", 5, detail)]
