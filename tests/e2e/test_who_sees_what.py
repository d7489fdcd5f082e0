"""What one may not see does not exist for one; and what a request caused carries its trace."""

import secrets
from uuid import UUID, uuid4

from tests.e2e.house import House
from tests.e2e.market import Market


async def test_a_supplier_never_sees_the_parts_of_another(house: House, market: Market):
    buyer, stranger = market.as_caller(), market.as_caller()
    mine, theirs = await market.supplier(), await market.supplier()
    my_pack, their_pack = await market.pack(mine, price_fen=1000), await market.pack(theirs, price_fen=7000)
    order = await market.buy(buyer, (my_pack, 2), (their_pack, 3))
    await house.drain()

    own = market.of_supplier(mine)
    parts = (await market.must("orders", "GET", "/v1/supplier-orders", own))["items"]
    assert [(part["supplier_id"], part["payable_fen"]) for part in parts] == [(mine, 2000)]
    assert [line["sku_id"] for line in parts[0]["lines"]] == [my_pack.sku_id]
    asked = (await market.must("orders", "GET", f"/v1/supplier-orders?supplier_id={theirs}", own))["items"]
    assert [part["supplier_id"] for part in asked] in ([], [mine])
    assert (await market.ask("orders", "GET", f"/v1/orders/{order['order_id']}", own)).status_code == 404

    shipments = await market.shipments(own, order)
    assert [each["supplier_id"] for each in shipments] == [mine]
    other = next(each for each in await market.shipments(buyer, order) if each["supplier_id"] == theirs)
    assert (await market.ask("logistics", "GET", f"/v1/shipments/{other['shipment_id']}", own)).status_code == 404
    lines = [{"sku_id": their_pack.sku_id, "quantity": 3}]
    parcels = [{"carrier_code": (await market.carrier()).code, "waybill_number": "SFSTOLEN1", "lines": lines}]
    sent = await market.ask(
        "logistics", "POST", f"/v1/shipments/{other['shipment_id']}/dispatch", own, body={"parcels": parcels}
    )
    assert sent.status_code in (403, 404)
    assert await market.shipments(stranger, order) == []
    assert (await market.ask("orders", "GET", f"/v1/stock/{their_pack.sku_id}/ledger", own)).status_code == 404
    change = {"sku_id": their_pack.sku_id, "quantity": -1, "reason": "mine now"}
    assert (await market.ask("orders", "POST", "/v1/stock/adjustments", own, body=change)).status_code == 404
    assert await market.stock(their_pack) == {"on_hand": 100, "held": 3, "available": 97}


async def test_a_pack_delisted_while_it_lay_in_the_cart_is_not_ordered(house: House, market: Market):
    buyer = market.as_caller()
    supplier_id = await market.supplier()
    kept, gone = await market.pack(supplier_id), await market.pack(supplier_id)
    for pack in (kept, gone):
        await market.must("orders", "PUT", f"/v1/cart/lines/{pack.sku_id}", buyer, body={"quantity": 1})
    own = market.of_supplier(supplier_id)
    await market.must("catalog", "POST", f"/v1/skus/{gone.sku_id}/delist", own, body={"reason": "sold out"})
    await house.drain("orders")
    answer = await market.place(buyer, (kept, 1), (gone, 1))
    assert (answer.status_code, answer.json()["code"]) == (409, "sku-not-listed")
    assert [each["sku_id"] for each in answer.json()["skus"]] == [gone.sku_id]
    cart = await market.must("orders", "GET", "/v1/cart", buyer)
    assert {line["sku_id"]: line["is_listed"] for line in cart["lines"]} == {kept.sku_id: True, gone.sku_id: False}
    assert (await market.must("orders", "GET", "/v1/orders", buyer))["items"] == []
    assert await market.stock(kept) == {"on_hand": 100, "held": 0, "available": 100}


async def test_a_price_that_rose_since_the_buyer_looked_is_told_and_not_taken(house: House, market: Market):
    buyer = market.as_caller()
    pack = await market.pack(await market.supplier(), price_fen=3980)
    own = market.of_supplier(pack.supplier_id)
    shown = await market.ask("catalog", "GET", f"/v1/skus/{pack.sku_id}", own)
    headers = {**own, "if-match": shown.headers["etag"]}
    await market.must("catalog", "PUT", f"/v1/skus/{pack.sku_id}/price", headers, body={"price_fen": 4280})
    await house.drain("orders")
    answer = await market.place(buyer, (pack, 2))
    assert (answer.status_code, answer.json()["code"]) == (409, "price-changed")
    assert (await market.place(buyer, (pack, 2), seen_fen=8560)).status_code == 201


async def test_the_trace_of_a_request_is_found_in_every_event_that_it_caused(house: House, market: Market):
    buyer = market.as_caller()
    pack = await market.pack(await market.supplier())
    trace_id = secrets.token_hex(16)
    traced = {**buyer, "traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}
    answer = await market.place(traced, (pack, 1))
    assert answer.headers["x-trace-id"] == trace_id
    order = answer.json()
    placed = await house["orders"].rows(
        "SELECT id, traceparent, correlationid FROM outbox WHERE subject = :subject", subject=order["order_id"]
    )
    assert [row["traceparent"].split("-")[1] for row in placed] == [trace_id]
    assert [row["correlationid"] for row in placed] == [trace_id]

    await market.pay(await market.open_payment(buyer, order))
    await house.drain()
    [paid] = await house["orders"].rows(
        "SELECT id, traceparent, correlationid FROM outbox WHERE subject = :subject AND type = 'orders.order-paid.v1'",
        subject=order["order_id"],
    )
    [created] = await house["logistics"].rows(
        "SELECT causationid, traceparent, correlationid FROM outbox WHERE subject = :subject",
        subject=order["order_id"],
    )
    assert UUID(created["causationid"]) == paid["id"]
    assert created["correlationid"] == paid["correlationid"]
    assert created["traceparent"].split("-")[1] == paid["traceparent"].split("-")[1]


async def test_a_key_replayed_after_the_payment_gives_the_first_answer_and_no_second_order(
    house: House, market: Market
):
    buyer, key = market.as_caller(), str(uuid4())
    pack = await market.pack(await market.supplier(), stock=10)
    first = await market.place(buyer, (pack, 2), key=key)
    await market.pay(await market.open_payment(buyer, first.json()))
    await house.drain()
    again = await market.place(buyer, (pack, 2), key=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    other = await market.place(buyer, (pack, 3), key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    neighbour = await market.place(market.as_caller(), (pack, 1), key=key)
    assert neighbour.status_code == 201
    assert await market.stock(pack) == {"on_hand": 10, "held": 3, "available": 7}
