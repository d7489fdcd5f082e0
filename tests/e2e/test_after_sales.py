"""After the delivery, across all services: a replacement goes its whole way and counts nothing twice; pieces that are
never sent are never sales."""

from datetime import timedelta
from uuid import UUID

from shared.clock import utc_now
from tests.e2e.house import House
from tests.e2e.market import FANGXIAN, Carrier, Headers, Market, Pack

JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xda photo"


async def arrived(house: House, market: Market, buyer: Headers, carrier: Carrier, pack: Pack, count: int) -> dict:
    """An order that was sent and delivered."""
    order = await market.buy(buyer, (pack, count))
    await house.drain()
    [shipment] = await market.shipments(buyer, order)
    waybill = await market.dispatch(carrier, shipment)
    await market.track(carrier, waybill, ("DELIVERED", utc_now() - timedelta(minutes=5)))
    await house.drain()
    return order


async def sales(market: Market, pack: Pack) -> dict:
    """The county's figures for the pack's supplier."""
    filters = {"supplier": [pack.supplier_id], "origin_county": [FANGXIAN]}
    told = await market.figures(market.analyst, "net_sales_fen", "orders", "quantity", filters=filters)
    return told["totals"]


async def count_of(house: House, service: str, event: str, order_id: str) -> int:
    found = await house[service].rows(
        "SELECT count(*) AS count FROM outbox WHERE type = :type AND data ->> 'order_id' = CAST(:id AS text)",
        type=event,
        id=order_id,
    )
    return int(found[0]["count"])


async def test_a_replacement_goes_its_way_and_nothing_is_counted_twice(house: House, market: Market):
    buyer, carrier = market.as_caller(), await market.carrier()
    pack = await market.pack(await market.supplier(), price_fen=1990, stock=10)
    own = market.of_supplier(pack.supplier_id)
    order = await arrived(house, market, buyer, carrier, pack, 3)
    before = await sales(market, pack)
    photo = await house["orders"].client.post("/v1/order-photos", content=JPEG, headers=buyer)
    line_id = order["parts"][0]["lines"][0]["line_id"]
    asked = {"piece_count": 2, "problem": "damaged", "photo_ids": [photo.json()["photo_id"]]}
    path = f"/v1/orders/{order['order_id']}/lines/{line_id}/exchanges"
    exchange = await market.must("orders", "POST", path, buyer, body=asked)
    path = f"/v1/exchanges/{exchange['exchange_id']}"
    await market.must("orders", "POST", f"{path}/approve", own | {"if-match": '"1"'}, body={})
    assert await market.stock(pack) == {"on_hand": 7, "held": 2, "available": 5}
    await house.drain()
    shipments = await market.shipments(buyer, order)
    [replacement] = [each for each in shipments if each["kind"] == "REPLACEMENT"]
    assert (len(shipments), replacement["exchange_id"]) == (2, exchange["exchange_id"])
    waybill = await market.dispatch(carrier, replacement)
    await house.drain()
    shown = await market.must("orders", "GET", path, buyer)
    assert (shown["status"], shown["shipment_id"]) == ("SHIPPED", replacement["shipment_id"])
    assert await market.stock(pack) == {"on_hand": 5, "held": 0, "available": 5}
    await market.track(carrier, waybill, ("DELIVERED", utc_now()))
    await house.drain()
    assert (await market.must("orders", "GET", path, buyer))["status"] == "DELIVERED"
    told = await market.must("orders", "GET", f"/v1/orders/{order['order_id']}", buyer)
    assert told["status"] == "COMPLETED"
    assert [each["change"] for each in told["history"]].count("DELIVERED") == 1
    assert await count_of(house, "orders", "orders.supplier-order-settled.v1", order["order_id"]) == 1
    assert await sales(market, pack) == before == {"net_sales_fen": 3 * 1990, "orders": 1, "quantity": 3}
    await market.ensure_books_agree()
    await house.ensure_nothing_parked()


async def test_what_is_never_sent_is_taken_from_the_countys_sales_to_the_fen(house: House, market: Market):
    buyer, carrier = market.as_caller(), await market.carrier()
    pack = await market.pack(await market.supplier(), price_fen=333, stock=10)
    order = await market.buy(buyer, (pack, 7))
    await house.drain()
    assert (await sales(market, pack))["net_sales_fen"] == 7 * 333
    [shipment] = await market.shipments(buyer, order)
    own = market.of_supplier(pack.supplier_id)
    lines = [{"sku_id": pack.sku_id, "quantity": 4}]
    parcel = {"carrier_code": carrier.code, "waybill_number": f"SF{UUID(order['order_id']).hex[-8:]}", "lines": lines}
    path = f"/v1/shipments/{shipment['shipment_id']}"
    await market.must("logistics", "POST", f"{path}/dispatch", own, body={"parcels": [parcel], "is_partial": True})
    short = {"lines": [{"sku_id": pack.sku_id, "quantity": 3}], "reason": "缺货"}
    await market.must("logistics", "POST", f"{path}/give-up", own, body=short)
    await house.drain()
    assert (await sales(market, pack))["net_sales_fen"] == 4 * 333
    await house.drain()
    await market.ensure_books_agree()
    await house.ensure_nothing_parked()
