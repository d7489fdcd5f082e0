"""One purchase from the shelf to the buyer's door, and the ways in which paying goes wrong."""

from tests.e2e.house import House
from tests.e2e.market import Market


async def test_an_order_cancelled_before_payment_gives_its_stock_back_and_ships_nothing(house: House, market: Market):
    buyer = market.as_caller()
    pack = await market.pack(await market.supplier(), stock=10)
    order = await market.order(buyer, (pack, 4))
    assert await market.stock(pack) == {"on_hand": 10, "held": 4, "available": 6}
    cancelled = await market.must(
        "orders", "POST", f"/v1/orders/{order['order_id']}/cancel", buyer, body={"reason": "changed my mind"}
    )
    await house.drain()
    assert cancelled["status"] == "CANCELLED"
    assert await market.stock(pack) == {"on_hand": 10, "held": 0, "available": 10}
    assert await market.shipments(market.operator, order) == []
    await market.ensure_books_agree()
