"""What the gateway adds to a routed request: its own CPU, beside the service asked straight."""

from tests.bench.measurement import Figures
from tests.bench.meter import Row, burst, row_at_most
from tests.bench.stage import CLIENTS, Stage

_COUNT = 2000


class GatewayHop:
    """The product list, by the gateway's /api/ and straight."""

    name = "gateway"

    async def prepare(self, stage: Stage) -> None:
        """Both ways give the same answer."""
        straight = await stage.get(f"{stage.url('catalog')}/v1/products?limit=20")
        routed = await stage.get(f"{stage.url('gateway')}/api/catalog/v1/products?limit=20", headers=stage.session)
        if straight != routed:
            raise RuntimeError("the gateway changes the answer")
        for _ in range(200):
            await stage.get(f"{stage.url('gateway')}/api/catalog/v1/products?limit=20")

    async def measure(self, stage: Stage) -> dict[str, float]:
        """The gateway's process and its database; the catalog is not counted."""
        account = stage.account("gateway", database="gateway")
        count = stage.scaled(_COUNT)
        routed_url = f"{stage.url('gateway')}/api/catalog/v1/products?limit=20"
        straight_url = f"{stage.url('catalog')}/v1/products?limit=20"

        async def get_anonymous(_: int) -> None:
            await stage.get(routed_url)

        async def get_signed_in(_: int) -> None:
            await stage.get(routed_url, headers=stage.session)

        async def get_straight(_: int) -> None:
            await stage.get(straight_url)

        anonymous = await burst(get_anonymous, count=count, clients=CLIENTS, account=account)
        signed_in = await burst(get_signed_in, count=count, clients=CLIENTS, account=account)
        straight = await burst(get_straight, count=count, clients=CLIENTS, account=account)
        return {
            **anonymous.figures("anonymous_"),
            **signed_in.figures("signed_in_"),
            "straight_rate": straight.rate,
        }

    def rows(self, medians: Figures) -> list[Row]:
        """CPU that a hop adds; the ratio is of rates."""
        straight = medians["straight_rate"]
        return [
            row_at_most(
                f"gateway adds to a routed request, {who}",
                medians[f"{prefix}cpu_ms"],
                "ms CPU",
                0.5,
                f"{medians[f'{prefix}rate']:,.0f}/s routed, {straight:,.0f}/s straight",
                medians[f"{prefix}rate"] / straight,
            )
            for who, prefix in (("anonymous", "anonymous_"), ("signed in", "signed_in_"))
        ]
