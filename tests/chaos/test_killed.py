"""Processes killed where they stand, in the middle of work: nothing is lost and nothing happens twice."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from shared.clock import utc_now
from tests.chaos.town import Town, until
from tests.e2e.market import ADDRESS, Headers, Market, Pack
from tests.e2e.test_goods_on_their_way import a_day

pytestmark = pytest.mark.chaos

ORDERS = 200
STREAM = 60
KILLINGS = 4
AT_ONCE = 8
INSISTING_SECONDS = 120
NOT_NOW = {409, 429, 502, 503, 504}
"""Answers after which a careful client sends the same request again under the same key."""


@dataclass
class Purchase:
    """What one buyer sends, and was told."""

    buyer: Headers
    pack: Pack
    quantity: int
    key: str
    order: bytes = b""
    payment_id: str = ""

    @property
    def body(self) -> dict[str, Any]:
        """The order as it is sent each time."""
        lines = [{"sku_id": self.pack.sku_id, "quantity": self.quantity}]
        return {"lines": lines, "address": ADDRESS, "seen_payable_fen": self.payable_fen}

    @property
    def payable_fen(self) -> int:
        """What it costs."""
        return self.pack.price_fen * self.quantity


async def insist(send: Callable[[], Any]) -> httpx2.Response:
    """Send until there is an answer that is one."""
    async with asyncio.timeout(INSISTING_SECONDS):
        while True:
            try:
                answer = await send()
            except httpx2.TransportError:
                await asyncio.sleep(0.1)
                continue
            if answer.status_code not in NOT_NOW:
                assert answer.is_success, answer.text
                return answer
            await asyncio.sleep(0.1)


async def place(market: Market, purchase: Purchase) -> httpx2.Response:
    """Send the order under its key."""
    return await market.ask("orders", "POST", "/v1/orders", purchase.buyer, body=purchase.body, key=purchase.key)


async def buy(market: Market, purchase: Purchase) -> None:
    """Place, ask for a payment and pay, as often as it takes."""
    placed = await insist(lambda: place(market, purchase))
    purchase.order = placed.content
    path, wanted = f"/v1/orders/{placed.json()['order_id']}/payments", {"provider": "sandbox"}
    opened = await insist(
        lambda: market.ask("orders", "POST", path, purchase.buyer, body=wanted, key=f"pay-{purchase.key}")
    )
    purchase.payment_id = opened.json()["payment_id"]
    await market.control("pay", purchase.payment_id, {})


async def shop(market: Market, purchases: list[Purchase], tick: Callable[[int], Any] | None = None) -> None:
    """All purchases, some at once; `tick` hears how many are done."""
    waiting, done = list(reversed(purchases)), 0

    async def shopper() -> None:
        nonlocal done
        while waiting:
            await buy(market, waiting.pop())
            done += 1
            if tick is not None:
                tick(done)

    async with asyncio.TaskGroup() as shoppers:
        for _ in range(AT_ONCE):
            shoppers.create_task(shopper())


async def a_pack(market: Market, price_fen: int, stock: int, **product: Any) -> Pack:
    """A pack of the town's supplier, which registers with its first one."""
    supplier_id = market.as_caller.supplier_id  # type: ignore[attr-defined]
    known = await market.ask("catalog", "GET", f"/v1/suppliers/{supplier_id}", market.operator)
    if known.status_code == 404:
        body = {"kind": "family_farm", "name": "大山农场", "county_code": "420325", "supplier_id": str(supplier_id)}
        await market.must("catalog", "POST", "/v1/suppliers", market.operator, body=body)
    return await market.pack(str(supplier_id), price_fen=price_fen, stock=stock, **product)


def purchases_of(market: Market, packs: list[Pack], count: int, seed: int) -> list[Purchase]:
    """So many purchases of one to three pieces."""
    chance = random.Random(seed)  # noqa: S311 - the same in every run
    return [
        Purchase(market.as_caller(), chance.choice(packs), chance.randint(1, 3), str(uuid4())) for _ in range(count)
    ]


async def all_paid(town: Town, purchases: list[Purchase]) -> None:
    """Wait for the provider's notices, which it repeats until they are taken."""
    ids = [UUID(each.payment_id) for each in purchases]

    async def is_done() -> bool:
        [row] = await town["orders"].rows(
            "SELECT count(*) AS paid FROM payments WHERE payment_id = ANY(:ids) AND status = 'PAID'", ids=ids
        )
        return bool(row["paid"] == len(ids))

    await until(is_done, "not every payment was heard of")


async def figures_of(market: Market, packs: list[Pack]) -> dict[str, int]:
    """What the analyst sees of these packs."""
    only = {"product": [pack.product_id for pack in packs]}
    told = await market.figures(market.analyst, "sales_fen", "orders", "quantity", filters=only)
    found: dict[str, int] = told["totals"]
    return found


async def test_orders_killed_among_200_purchases_loses_none_and_makes_none_twice(town: Town, market: Market):
    packs = [await a_pack(market, price_fen, stock=600) for price_fen in (100, 2590, 4990)]
    purchases = purchases_of(market, packs, ORDERS, seed=1)
    killings: list[asyncio.Task[None]] = []

    def kill_now_and_then(done: int) -> None:
        if done in (50, 120):
            killings.append(asyncio.create_task(town.restart("orders")))

    await shop(market, purchases, kill_now_and_then)
    await asyncio.gather(*killings)
    assert len(killings) == 2
    await all_paid(town, purchases)

    # every key answers as it did the first time, and nothing is placed anew
    for start in range(0, ORDERS, AT_ONCE):
        some = purchases[start : start + AT_ONCE]
        sending = [
            market.ask("orders", "POST", "/v1/orders", each.buyer, body=each.body, key=each.key) for each in some
        ]
        for again, purchase in zip(await asyncio.gather(*sending), some, strict=True):
            assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
            assert again.content == purchase.order
    skus = [UUID(pack.sku_id) for pack in packs]
    [counted] = await town["orders"].rows(
        "SELECT count(DISTINCT placed.order_id) AS orders, count(DISTINCT payment.payment_id) AS payments, "
        "count(*) FILTER (WHERE placed.status <> 'PAID' OR payment.effect <> 'paid') AS odd "
        "FROM order_lines AS line JOIN supplier_orders AS part USING (supplier_order_id) "
        "JOIN orders AS placed USING (order_id) JOIN payments AS payment USING (order_id) "
        "WHERE line.sku_id = ANY(:skus)",
        skus=skus,
    )
    assert counted == {"orders": ORDERS, "payments": ORDERS, "odd": 0}
    for pack in packs:
        sold = sum(each.quantity for each in purchases if each.pack is pack)
        assert await market.stock(pack) == {"on_hand": 600, "held": sold, "available": 600 - sold}
    await market.ensure_books_agree()
    await town.drain()
    assert await figures_of(market, packs) == {
        "sales_fen": sum(each.payable_fen for each in purchases),
        "orders": ORDERS,
        "quantity": sum(each.quantity for each in purchases),
    }
    [sent] = await town["logistics"].rows(
        "SELECT count(*) AS shipments, count(DISTINCT order_id) AS orders FROM shipments WHERE shipment_id IN "
        "(SELECT shipment_id FROM shipment_lines WHERE sku_id = ANY(:skus))",
        skus=skus,
    )
    assert sent == {"shipments": ORDERS, "orders": ORDERS}


async def test_analytics_killed_at_any_moment_of_a_stream_of_orders_counts_each_once(town: Town, market: Market):
    pack = await a_pack(market, 730, stock=300)
    purchases = purchases_of(market, [pack], STREAM, seed=2)
    chance = random.Random(3)  # noqa: S311 - moments, the same in every run
    is_over = asyncio.Event()

    async def kill_again_and_again() -> int:
        count = 0
        while count < KILLINGS and not (is_over.is_set() and count >= 2):
            await asyncio.sleep(chance.uniform(0.05, 0.6))
            await town.restart("analytics")
            count += 1
        return count

    killing = asyncio.create_task(kill_again_and_again())
    await shop(market, purchases)
    await all_paid(town, purchases)
    is_over.set()
    assert await killing >= 2
    await town.drain()
    assert await figures_of(market, [pack]) == {
        "sales_fen": sum(each.payable_fen for each in purchases),
        "orders": STREAM,
        "quantity": sum(each.quantity for each in purchases),
    }


async def test_logistics_killed_while_readings_stream_in_keeps_each_once(town: Town, market: Market):
    pack = await a_pack(market, 990, stock=9, temperature_class="MUSHROOM")
    purchase = purchases_of(market, [pack], 1, seed=4)[0]
    await shop(market, [purchase])
    await all_paid(town, [purchase])
    await town.drain()
    carrier = await market.carrier()
    order = json.loads(purchase.order)
    [shipment] = await market.shipments(purchase.buyer, order)
    waybill_number = await market.dispatch(carrier, shipment)
    [shipment] = await market.shipments(purchase.buyer, order)
    parcel_id = shipment["parcels"][0]["parcel_id"]

    start = (utc_now() - timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
    readings = a_day(start)
    random.Random(5).shuffle(readings)  # noqa: S311
    batches = [readings[at : at + 50] for at in range(0, len(readings), 50)]
    killings: list[asyncio.Task[None]] = []
    for number, batch in enumerate(batches):
        if number in (6, 18):
            killings.append(asyncio.create_task(town.restart("logistics")))
        await push(market, carrier, waybill_number, batch)
    await asyncio.gather(*killings)

    told = await market.must("logistics", "GET", f"/v1/parcels/{parcel_id}/temperatures", purchase.buyer)
    assert (told["reading_count"], told["out_count"]) == (len(readings), 45)
    [excursion], [gap] = told["excursions"], told["gaps"]
    assert (excursion["kind"], excursion["out_seconds"]) == ("high", 2700)
    assert datetime.fromisoformat(excursion["started_at"]) == start + timedelta(minutes=600)
    assert datetime.fromisoformat(gap["ended_at"]) == start + timedelta(minutes=985)


async def push(market: Market, carrier: Any, waybill_number: str, batch: list[tuple[datetime, float]]) -> None:
    """Push the batch until it is taken."""
    async with asyncio.timeout(INSISTING_SECONDS):
        while True:
            try:
                taken = await market.measure(carrier, waybill_number, batch)
            except (httpx2.TransportError, AssertionError):
                await asyncio.sleep(0.1)
                continue
            assert taken["accepted"] + taken["repeated"] == len(batch)
            return
