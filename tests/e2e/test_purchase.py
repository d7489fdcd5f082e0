"""One purchase from the shelf to the buyer's door, through every service, with every figure compared."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from shared.clock import SHANGHAI, utc_now
from tests.e2e.house import House
from tests.e2e.market import FANGXIAN, LUOCHUAN, Market

LINES = [(3980, 500, 2), (2590, 250, 3), (4990, 5000, 1)]
"""Price in fen, net weight in grams, pieces; the third is another supplier's."""
PARTS_FEN = [3980 * 2 + 2590 * 3, 4990]
PAYABLE_FEN = 20_720


def by(rows: list[dict[str, Any]], name: str) -> dict[str, tuple[int, ...]]:
    """Rows of an answer as sales, orders, quantity, weight and buyers by the value of a dimension."""
    measures = ("sales_fen", "orders", "quantity", "weight_g", "buyers")
    return {row[name]: tuple(row[measure] for measure in measures) for row in rows}


async def test_a_purchase_is_the_same_to_the_fen_in_every_service(house: House, market: Market):
    assert sum(PARTS_FEN) == PAYABLE_FEN
    buyer = market.as_caller(person_id=uuid4())
    suppliers = [await market.supplier(), await market.supplier(county_code=LUOCHUAN)]
    owners, counties = [suppliers[0], suppliers[0], suppliers[1]], [FANGXIAN, FANGXIAN, LUOCHUAN]
    packs = [
        await market.pack(owner, price_fen=price, net_weight_g=weight, stock=10, origin_county_code=county)
        for owner, county, (price, weight, _) in zip(owners, counties, LINES, strict=True)
    ]
    wanted = [(pack, quantity) for pack, (_, _, quantity) in zip(packs, LINES, strict=True)]

    # the catalog shows it, the cart sums it up
    for pack, quantity in wanted:
        shown = await market.must("catalog", "GET", f"/v1/products/{pack.product_id}", {})
        assert [(each["price_fen"], each["is_listed"]) for each in shown["skus"]] == [(pack.price_fen, True)]
        await market.must("orders", "PUT", f"/v1/cart/lines/{pack.sku_id}", buyer, body={"quantity": quantity})
    cart = await market.must("orders", "GET", "/v1/cart", buyer)
    assert cart["payable_fen"] == PAYABLE_FEN
    assert {part["supplier_id"]: part["payable_fen"] for part in cart["parts"]} == dict(
        zip(suppliers, PARTS_FEN, strict=True)
    )

    # placed: a part for each supplier, stock held, the cart empty
    order = await market.order(buyer, *wanted)
    assert order["payable_fen"] == PAYABLE_FEN == sum(part["payable_fen"] for part in order["parts"])
    assert {part["supplier_id"]: part["payable_fen"] for part in order["parts"]} == dict(
        zip(suppliers, PARTS_FEN, strict=True)
    )
    assert (await market.must("orders", "GET", "/v1/cart", buyer))["lines"] == []
    assert [(await market.stock(pack))["held"] for pack in packs] == [2, 3, 1]

    # paid: the provider took exactly that
    payment_id = await market.open_payment(buyer, order)
    await market.pay(payment_id)
    assert (await market.control("trades", payment_id))["captured"] == PAYABLE_FEN
    await house.drain()

    # sent and delivered
    carrier, now = await market.carrier(), utc_now().replace(microsecond=0)
    shipments = await market.shipments(buyer, order)
    assert {each["supplier_id"] for each in shipments} == set(suppliers)
    for shipment in shipments:
        waybill_number = await market.dispatch(carrier, shipment)
        steps = [("DELIVERED", now - timedelta(minutes=1)), ("PICKED_UP", now - timedelta(hours=20))]
        await market.track(carrier, waybill_number, *steps)
    await house.drain()
    for pack, quantity in wanted:
        assert await market.stock(pack) == {"on_hand": 10 - quantity, "held": 0, "available": 10 - quantity}
    done = await market.must("orders", "GET", f"/v1/orders/{order['order_id']}", buyer)
    assert (done["status"], {part["fulfilment"] for part in done["parts"]}) == ("COMPLETED", {"DELIVERED"})
    assert done["payable_fen"] == PAYABLE_FEN
    await market.ensure_books_agree()

    # counted: by county of origin, by supplier, by designation and in all
    measures = ("sales_fen", "orders", "quantity", "weight_g", "buyers")
    only = {"supplier": suppliers}
    today = utc_now().astimezone(SHANGHAI).date()
    days = {"from": str(today - timedelta(days=1)), "to": str(today)}
    told = await market.figures(market.analyst, *measures, by=["origin_county"], filters=only, **days)
    assert by(told["rows"], "origin_county") == {
        FANGXIAN: (PARTS_FEN[0], 1, 5, 1750, 1),
        LUOCHUAN: (PARTS_FEN[1], 1, 1, 5000, 1),
    }
    assert told["totals"] == {"sales_fen": PAYABLE_FEN, "orders": 1, "quantity": 6, "weight_g": 6750, "buyers": 1}
    assert (told["truncated"], told["next_cursor"]) == (False, None)
    told = await market.figures(market.analyst, *measures, by=["designation"], filters=only, **days)
    assert by(told["rows"], "designation") == {
        "assisted-832": (PARTS_FEN[0], 1, 5, 1750, 1),
        "none": (PARTS_FEN[1], 1, 1, 5000, 1),
    }
    told = await market.figures(market.analyst, *measures, by=["supplier"], filters=only, **days)
    assert {name: each[0] for name, each in by(told["rows"], "supplier").items()} == dict(
        zip(suppliers, PARTS_FEN, strict=True)
    )


async def test_an_order_cancelled_after_its_payment_is_counted_nowhere(house: House, market: Market):
    buyer, supplier_id = market.as_caller(), await market.supplier()
    pack = await market.pack(supplier_id, price_fen=1000)
    kept, void = await market.buy(buyer, (pack, 1)), await market.buy(buyer, (pack, 5))
    await house.drain()
    told = await market.figures(market.analyst, "sales_fen", "orders", filters={"supplier": [supplier_id]})
    assert told["totals"] == {"sales_fen": 6000, "orders": 2}
    await market.must("orders", "POST", f"/v1/orders/{void['order_id']}/cancel", buyer, body={"reason": "too many"})
    await house.drain()
    told = await market.figures(market.analyst, "sales_fen", "orders", filters={"supplier": [supplier_id]})
    assert told["totals"] == {"sales_fen": kept["payable_fen"], "orders": 1}
