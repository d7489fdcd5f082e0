"""From an empty cart to paid: three lines into the cart, the cart, the order, its payment, the provider's notice."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

import orjson

from tests.bench.goods import list_bench_skus
from tests.bench.measurement import Figures
from tests.bench.meter import Row, burst, row_at_most
from tests.bench.shopping import Basket, a_basket, new_key, pause_promotions
from tests.bench.stage import Stage

CLIENTS = 6
_COUNT = 240
_SETTLE_SECONDS = 2.0


@dataclass
class Shopper:
    """Buys as a person does, by the service's own routes, and pays at the sandbox."""

    stage: Stage
    order_ids: list[UUID] = field(default_factory=list)

    async def buy(self, basket: Basket) -> float:
        """One whole order of a buyer whom nobody has seen before; the instant at which its notice was taken."""
        stage, orders, sandbox = self.stage, self.stage.url("orders"), self.stage.url("sandbox")
        buyer = stage.token(uuid4())
        for sku_id, quantity in basket.lines:
            line = f"{orders}/v1/cart/lines/{sku_id}"
            await stage.send("PUT", line, data=orjson.dumps({"quantity": quantity}), headers=buyer)
        cart = orjson.loads(await stage.get(f"{orders}/v1/cart", headers=buyer))
        if cart["payable_fen"] != basket.payable_fen:
            raise RuntimeError(f"the cart costs {cart['payable_fen']} fen, not {basket.payable_fen}")
        placed = await stage.send("POST", f"{orders}/v1/orders", data=basket.body, headers=buyer | new_key())
        order_id = orjson.loads(placed)["order_id"]
        url = f"{orders}/v1/orders/{order_id}/payments"
        opened = await stage.send("POST", url, data=b'{"provider":"sandbox"}', headers=buyer | new_key())
        number = UUID(orjson.loads(opened)["payment_id"]).hex
        await stage.send("POST", f"{sandbox}/control/pay/{number}", data=b"{}", headers={})
        trade = orjson.loads(await stage.get(f"{sandbox}/control/trades/{number}"))
        taken_at = await stage.doorway.until_answered(trade["notices"][0]["id"])
        self.order_ids.append(UUID(order_id))
        return taken_at

    async def ensure_all_paid(self) -> None:
        """Every order that was paid is PAID in the database."""
        [row] = await self.stage.fetch(
            "orders",
            "SELECT count(*) AS count FROM orders WHERE order_id = ANY($1::uuid[]) AND status = 'PAID'",
            self.order_ids,
        )
        if row["count"] != len(self.order_ids):
            raise RuntimeError(f"{row['count']} of {len(self.order_ids)} orders are paid")


class WholeOrder:
    """Orders and its database pay for it; the sandbox is the bank's machine and is not counted."""

    name = "order"

    def __init__(self) -> None:
        self._skus: list[tuple[UUID, int]] = []

    async def prepare(self, stage: Stage) -> None:
        """The SKUs to choose from."""
        await pause_promotions(stage)
        self._skus = await list_bench_skus(stage.dsn("orders"))

    async def measure(self, stage: Stage) -> dict[str, float]:
        """First what orders and its database use, then the same with all that follows in the other services."""
        shopper = Shopper(stage)
        baskets = [a_basket(stage.chance, self._skus) for _ in range(stage.scaled(_COUNT))]

        async def buy(number: int) -> None:
            await shopper.buy(baskets[number])

        own = stage.account("orders", database="orders")
        sample = await burst(buy, count=len(baskets), clients=CLIENTS, account=own)
        everything = stage.account("orders", "logistics", "analytics", "catalog")
        whole = await burst(
            buy, count=len(baskets), clients=CLIENTS, account=everything, settle_seconds=_SETTLE_SECONDS
        )
        await shopper.ensure_all_paid()
        return {**sample.figures(), **whole.figures("everything_")}

    def rows(self, medians: Figures) -> list[Row]:
        """CPU a whole order, and that of the suite with shipments and facts."""
        return [
            row_at_most(
                "whole order (cart, checkout, pay)",
                medians["cpu_ms"],
                "ms CPU",
                8,
                f"app {medians['app_ms']:.2f} + database {medians['database_ms']:.2f} ms, "
                f"{medians['rate']:,.0f} orders/s; elsewhere: Vendure 3.7 190 ms, Medusa 2.21 720, Saleor 3.23 770",
                medians["cpu_ms"] / 190,
            ),
            Row(
                "whole order with shipment and facts (all services)",
                medians["everything_cpu_ms"],
                "ms CPU",
                "–",
                None,
                f"apps {medians['everything_app_ms']:.2f} + PostgreSQL {medians['everything_database_ms']:.2f} ms",
            ),
        ]
