"""`make demo`: the main job through the public HTTP API only, every figure compared with what was bought.

A consumer searches 香菇, buys from two suppliers and pays; the suppliers hand over; a carrier pushes signed statuses
(shuffled, one twice, one late) and a day of readings with one excursion and one gap; the analyst sees the sale.
"""

import asyncio
import random
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2

from deploy.demo.accounts import ANALYST, CONSUMER, OPERATOR, supplier_account
from deploy.demo.carrier import MINUTES, DemoCarrier, a_day_of_readings, a_journey
from deploy.demo.load import load
from deploy.demo.mark import is_loaded
from deploy.demo.narrator import Narrator, StoryFailed
from deploy.demo.tables import products, suppliers
from deploy.demo.visitor import Visitor, signed_in
from deploy.runner.suite import prepared
from shared.clock import business_day
from shared.money import yuan

_FIRST_PORT_OF_OUR_OWN = 8600
_ADDRESS = {"recipient": "小美", "phone": "13800000000", "county_code": "110105", "detail": "演示路 1 号 2 单元 301"}


async def tell(state: Path, *, url: str | None) -> int:
    """Tell the story against `url`, the running suite, or one started for it; 0 if every figure was right."""
    narrator = Narrator()
    async with AsyncExitStack() as stack:
        address = url or await _running(state) or await _start(stack, state, narrator)
        narrator.say(f"助农 at {address}")
        try:
            await _story(address, narrator)
        except StoryFailed as failed:
            narrator.say(f"✗ {failed}")
            return 1
    return narrator.finish()


async def _running(state: Path) -> str | None:
    lock = state / "run.lock"
    address = lock.read_text().strip() if lock.exists() else ""
    if not address:
        return None
    async with httpx2.AsyncClient(timeout=3) as client:
        try:
            return address if (await client.get(f"{address}/health/ready")).is_success else None
        except httpx2.HTTPError:
            return None


async def _start(stack: AsyncExitStack, state: Path, narrator: Narrator) -> str:
    narrator.say("no suite is running: starting one for the story (make run keeps one open)")
    own = state / "story"
    own.mkdir(parents=True, exist_ok=True)
    suite, environment = await stack.enter_async_context(
        prepared(own, first_port=_FIRST_PORT_OF_OUR_OWN, say=narrator.log)
    )
    await suite.start()
    if not is_loaded(own, environment):
        await load(own, environment)
    return suite.url


async def _story(address: str, narrator: Narrator) -> None:
    async with httpx2.AsyncClient(base_url=address, timeout=30) as anonymous:
        found = await _search(anonymous, narrator)
        async with signed_in(address, CONSUMER) as consumer, signed_in(address, ANALYST) as analyst:
            before = await _sales(analyst, found)
            order = await _buy(consumer, found, narrator)
            await _pay(consumer, order, narrator)
            paid = await _until_paid(consumer, order, narrator)
            await _see_sale(analyst, found, before, paid, narrator)
            chilled = next(part for part in paid["parts"] if part["supplier_id"] == found[0]["supplier_id"])
            paid["parts"].sort(key=lambda part: part is not chilled)
            await _deliver(address, anonymous, consumer, paid, narrator)


async def _search(client: httpx2.AsyncClient, narrator: Narrator) -> list[dict[str, Any]]:
    narrator.step("A visitor searches 香菇")
    answer = await client.get("/api/catalog/v1/products", params={"q": "香菇", "limit": 50})
    page = narrator.ok(answer)
    by_pinyin = narrator.ok(await client.get("/api/catalog/v1/products", params={"q": "xianggu", "limit": 50}))
    narrator.check("found by characters and by pinyin alike", _ids(page) == _ids(by_pinyin), True)
    chilled = {str(each.product_id) for each in products() if each.temperature_class == "MUSHROOM"}
    fresh = next((item for item in page["items"] if item["product_id"] in chilled), None)
    if fresh is None:
        raise StoryFailed("no fresh 香菇 is listed")
    other = next(item for item in page["items"] if item["supplier_id"] != fresh["supplier_id"])
    for item in (fresh, other):
        narrator.tell(
            f"{item['title']} · {item['origin']['county']} · ¥{yuan(item['price_fen'])} {item['specification']}"
        )
    return [{**fresh, "quantity": 2}, {**other, "quantity": 3}]


def _ids(page: dict[str, Any]) -> set[str]:
    return {item["product_id"] for item in page["items"]}


async def _buy(consumer: Visitor, found: list[dict[str, Any]], narrator: Narrator) -> dict[str, Any]:
    narrator.step("小美 fills a cart from two suppliers and places the order")
    narrator.ok(await consumer.delete("/api/orders/v1/cart"))
    for item in found:
        path = f"/api/orders/v1/cart/lines/{item['sku_id']}"
        narrator.ok(await consumer.put(path, json={"quantity": item["quantity"]}))
    to = {"county_code": _ADDRESS["county_code"]}
    cart = narrator.ok(await consumer.get("/api/orders/v1/cart", params=to))
    goods_fen = sum(item["price_fen"] * item["quantity"] for item in found)
    narrator.money("the cart's goods", cart["goods_fen"], goods_fen)
    off_fen = sum(-step["fen"] for line in cart["lines"] for step in line["trace"] if step["step"] != "list")
    expected = goods_fen - off_fen + sum(part["delivery_fen"] for part in cart["parts"])
    narrator.money("the cart's sum", cart["payable_fen"], expected)
    body = {
        "lines": [{"sku_id": item["sku_id"], "quantity": item["quantity"]} for item in found],
        "address": _ADDRESS,
        "seen_payable_fen": cart["payable_fen"],
        "seen": cart["seen"],
    }
    key = {"idempotency-key": str(uuid4())}
    order: dict[str, Any] = narrator.ok(await consumer.post("/api/orders/v1/orders", json=body, headers=key))
    again = await consumer.post("/api/orders/v1/orders", json=body, headers=key)
    narrator.check("a second click gives the same order", again.json()["order_id"], order["order_id"])
    narrator.check("one part a supplier", len(order["parts"]), 2)
    narrator.money("the order's sum", order["payable_fen"], expected)
    narrator.money("its parts together", sum(part["payable_fen"] for part in order["parts"]), expected)
    return order


async def _pay(consumer: Visitor, order: dict[str, Any], narrator: Narrator) -> None:
    narrator.step("小美 pays at the provider's cashier; its notice comes three times, out of order")
    payment = narrator.ok(
        await consumer.post(
            f"/api/orders/v1/orders/{order['order_id']}/payments",
            json={"provider": "sandbox"},
            headers={"idempotency-key": str(uuid4())},
        )
    )
    narrator.money("the amount asked for", payment["amount_fen"], order["payable_fen"])
    cashier = urlsplit(payment["pay_url"])
    number = payment["payment_id"].replace("-", "")
    async with httpx2.AsyncClient(base_url=f"{cashier.scheme}://{cashier.netloc}", timeout=10) as provider:
        narrator.ok(await provider.post(f"/control/pay/{number}", json={"repeat": 3, "shuffle": True}))


async def _until_paid(consumer: Visitor, order: dict[str, Any], narrator: Narrator) -> dict[str, Any]:
    path = f"/api/orders/v1/orders/{order['order_id']}"
    for _ in range(500):
        seen = narrator.ok(await consumer.get(path))
        if seen["status"] == "PAID":
            narrator.tell(f"order {seen['order_number']} is paid at {seen['paid_at']}")
            return {**seen, "seen_at": monotonic()}
        await asyncio.sleep(0.02)
    raise StoryFailed("the order was not paid after 10 s")


async def _sales(analyst: Visitor, found: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Today's sales of the two products by county of origin."""
    today = business_day(datetime.now(UTC)).isoformat()
    answer = await analyst.post(
        "/api/analytics/v1/query",
        json={
            "measures": ["sales_fen", "orders", "quantity", "weight_g"],
            "dimensions": ["origin_county"],
            "filters": [{"dimension": "product", "is_any_of": [item["product_id"] for item in found]}],
            "from": today,
            "to": today,
            "limit": 1000,
        },
    )
    if not answer.is_success:
        raise StoryFailed(f"the analyst's query answered {answer.status_code}: {answer.text}")
    document = answer.json()
    names = [column["name"] for column in document["columns"]]
    rows = [dict(zip(names, row, strict=True)) if isinstance(row, list) else row for row in document["rows"]]
    return {row["origin_county"]: row for row in rows}


async def _see_sale(
    analyst: Visitor,
    found: list[dict[str, Any]],
    before: dict[str, dict[str, int]],
    paid: dict[str, Any],
    narrator: Narrator,
) -> None:
    narrator.step("The analyst asks for today's sales by county of origin")
    expected: dict[str, dict[str, int]] = {}
    for item in found:
        county = expected.setdefault(item["origin"]["county_code"], {"sales_fen": 0, "quantity": 0, "weight_g": 0})
        county["sales_fen"] += item["price_fen"] * item["quantity"]
        county["quantity"] += item["quantity"]
        county["weight_g"] += item["net_weight_g"] * item["quantity"]
    seen: dict[str, dict[str, int]] = {}
    for _ in range(500):
        after = await _sales(analyst, found)
        seen = {
            county: {name: after.get(county, {}).get(name, 0) - before.get(county, {}).get(name, 0) for name in figures}
            for county, figures in expected.items()
        }
        if seen == expected:
            break
        await asyncio.sleep(0.02)
    waited = (monotonic() - paid["seen_at"]) * 1000
    for code, figures in expected.items():
        for name, value in figures.items():
            narrator.check(f"{code} {name}", seen[code][name], value)
    narrator.tell(f"the sale reached the analyst {waited:.0f} ms after the buyer saw it paid")


async def _deliver(
    address: str, anonymous: httpx2.AsyncClient, consumer: Visitor, paid: dict[str, Any], narrator: Narrator
) -> None:
    narrator.step("Each supplier finds its shipment and hands a parcel to the carrier")
    parcels = [await _hand_over(address, part, paid, narrator) for part in paid["parts"]]
    async with signed_in(address, OPERATOR) as operator:
        made = await operator.post(
            "/api/logistics/v1/carriers/sf-demo/secrets", json={}, headers={"idempotency-key": str(uuid4())}
        )
        carrier = DemoCarrier(anonymous, "sf-demo", narrator.ok(made)["secret"])
    narrator.step("The carrier pushes signed statuses: shuffled, one twice, one late after 'delivered'")
    forged = await DemoCarrier(anonymous, "sf-demo", "whsec_" + "AAAA" * 11).push("tracking", {"updates": []})
    narrator.check("a forged signature is refused", forged.status_code, 401)
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=MINUTES)
    for waybill, _ in parcels:
        journey = a_journey(waybill, start)
        late = journey.pop(2)
        random.Random(waybill).shuffle(journey)  # noqa: S311 - a story, told the same way each time
        first = narrator.ok(await carrier.push("tracking", {"updates": journey}))
        twice = narrator.ok(await carrier.push("tracking", {"updates": journey[:1]}))
        after = narrator.ok(await carrier.push("tracking", {"updates": [late]}))
        counts = (first["accepted"], twice["repeated"], after["accepted"])
        narrator.check(f"{waybill}: new, repeated, late", counts, (len(journey), 1, 1))
    narrator.step(f"A device sends {MINUTES} one-minute readings: one real excursion, one gap, in shuffled batches")
    waybill, parcel_id = parcels[0]
    for batch in a_day_of_readings(start):
        narrator.ok(
            await carrier.push("readings", {"waybill_number": waybill, "device_id": "demo-1", "readings": batch})
        )
    await _compare_journey(consumer, paid, parcel_id, narrator)


async def _hand_over(address: str, part: dict[str, Any], paid: dict[str, Any], narrator: Narrator) -> tuple[str, str]:
    """The waybill number and the parcel id of one part."""
    key = next(each.key for each in suppliers() if str(each.supplier_id) == part["supplier_id"])
    waybill = f"SF{uuid4().int % 10**12:012d}"
    async with signed_in(address, supplier_account(key)) as supplier:
        shipment: dict[str, Any] | None = None
        for _ in range(500):
            page = narrator.ok(await supplier.get("/api/logistics/v1/shipments", params={"order_id": paid["order_id"]}))
            if page["items"]:
                shipment = page["items"][0]
                break
            await asyncio.sleep(0.02)
        if shipment is None:
            raise StoryFailed(f"{part['supplier_name']} saw no shipment after 10 s")
        narrator.check(f"{part['supplier_name']} sees only its own part", len(page["items"]), 1)
        lines = [{"sku_id": line["sku_id"], "quantity": line["quantity"]} for line in part["lines"]]
        parcel = {"carrier_code": "sf-demo", "waybill_number": waybill, "lines": lines}
        sent = narrator.ok(
            await supplier.post(
                f"/api/logistics/v1/shipments/{shipment['shipment_id']}/dispatch",
                json={"parcels": [parcel]},
                headers={"idempotency-key": str(uuid4())},
            )
        )
    return waybill, sent["parcels"][0]["parcel_id"]


async def _compare_journey(consumer: Visitor, paid: dict[str, Any], parcel_id: str, narrator: Narrator) -> None:
    narrator.step("小美 follows the parcel")
    tracking = narrator.ok(await consumer.get(f"/api/logistics/v1/parcels/{parcel_id}"))
    narrator.check("delivered stays delivered", tracking["status"], "DELIVERED")
    chart = narrator.ok(await consumer.get(f"/api/logistics/v1/parcels/{parcel_id}/temperatures"))
    found = [*chart["excursions"], *chart["gaps"]]
    kinds = sorted(each["kind"] for each in found)
    narrator.check("excursions found", kinds, ["gap", "high"])
    for _ in range(500):
        order = narrator.ok(await consumer.get(f"/api/orders/v1/orders/{paid['order_id']}"))
        if order["status"] == "COMPLETED":
            break
        await asyncio.sleep(0.02)
    narrator.check("the order is completed", order["status"], "COMPLETED")
    narrator.money("and cost what was bought", order["payable_fen"], paid["payable_fen"])
