"""A lot's way through the house: entered, sold, sent, traced; held by an official, it neither sells nor leaves."""

from uuid import UUID

from tests.e2e.house import House
from tests.e2e.market import Headers, Market, Pack


async def entered(market: Market, pack: Pack, own: Headers) -> dict[str, str]:
    body = {
        "product_id": pack.product_id,
        "sku_ids": [pack.sku_id],
        "harvested_on": "2026-11-01",
        "quantity_g": 50_000,
        "village": "示范村",
    }
    lot: dict[str, str] = await market.must("catalog", "POST", "/v1/lots", own, body=body)
    return lot


async def sent(market: Market, own: Headers, shipment: dict[str, object], code: str | None) -> tuple[int, str]:
    """Send the whole shipment as of this lot: the status and the refusal's code."""
    carrier = await market.carrier()
    lines = shipment["lines"]
    assert isinstance(lines, list)
    packed = [{"sku_id": each["sku_id"], "quantity": each["quantity"], "lot_code": code} for each in lines]
    parcel = {"carrier_code": carrier.code, "waybill_number": f"SF{UUID(str(shipment['shipment_id'])).hex[:12]}"}
    answer = await market.ask(
        "logistics",
        "POST",
        f"/v1/shipments/{shipment['shipment_id']}/dispatch",
        own,
        body={"parcels": [{**parcel, "lines": packed}]},
    )
    return answer.status_code, answer.json().get("code", "")


async def test_a_held_lot_neither_sells_nor_leaves_and_its_reach_is_known(house: House, market: Market):
    supplier = await market.supplier()
    own = market.of_supplier(supplier)
    pack = await market.pack(supplier, stock=10)
    first = await entered(market, pack, own)
    buyer = market.as_caller()
    orders = [await market.buy(buyer, (pack, 2)) for _ in range(2)]
    await house.drain()
    [early] = await market.shipments(buyer, orders[0])
    assert await sent(market, own, early, first["code"]) == (200, "")
    await house.drain()

    path = f"/v1/lots/{first['lot_id']}"
    official = market.as_caller(kind="official", roles=("market_supervision",), regions=("420325",))
    hold = official | {"if-match": '"1"'}
    held = await market.must("catalog", "POST", f"{path}/hold", hold, body={"reason": "检测不合格"})
    assert held["status"] == "HELD"
    await house.drain()
    refused = await market.place(buyer, (pack, 1))
    assert refused.status_code == 409, refused.text

    [late] = await market.shipments(buyer, orders[1])
    assert await sent(market, own, late, first["code"]) == (409, "lot-held")
    assert await sent(market, own, late, None) == (409, "lot-code-needed")
    second = await entered(market, pack, own)
    assert await sent(market, own, late, second["code"]) == (200, "")
    await house.drain()

    reach = await market.must("catalog", "GET", f"{path}/reach", market.operator)
    assert (reach["order_count"], reach["buyer_count"], reach["quantity"]) == (1, 1, 2)
    assert [each["order_id"] for each in reach["orders"]] == [early["order_id"]]
    counted = await market.must("catalog", "GET", f"{path}/reach", official)
    assert (counted["orders"], [each["county_code"] for each in counted["counties"]]) == (None, ["110105"])
    trace = await market.must("catalog", "GET", f"/v1/traces/{first['code']}", {})
    assert (trace["is_warned"], trace["warning"], trace["origin"]["county"]) == (True, "检测不合格", "房县")
