"""Paying goes wrong in the ways in which it does outside; the money and the stock stay right."""

from datetime import timedelta
from typing import Any

from orders.order import actions as order_actions
from shared.clock import utc_now
from tests.e2e.house import House
from tests.e2e.market import Headers, Market


async def payment(market: Market, payment_id: str, buyer: Headers) -> dict[str, Any]:
    """The payment as its buyer sees it."""
    told: dict[str, Any] = await market.must("orders", "GET", f"/v1/payments/{payment_id}", buyer)
    return told


async def events_of(house: House, order: dict[str, Any]) -> list[str]:
    """The types of events that orders wrote of this order, oldest first."""
    rows = await house["orders"].rows(
        "SELECT type FROM outbox WHERE subject = :subject ORDER BY position", subject=order["order_id"]
    )
    return [row["type"] for row in rows]


async def test_an_order_cancelled_before_payment_gives_its_stock_back_and_ships_nothing(house: House, market: Market):
    buyer = market.as_caller()
    pack = await market.pack(await market.supplier(), stock=10)
    order = await market.order(buyer, (pack, 4))
    assert await market.stock(pack) == {"on_hand": 10, "held": 4, "available": 6}
    path = f"/v1/orders/{order['order_id']}/cancel"
    cancelled = await market.must("orders", "POST", path, buyer, body={"reason": "changed my mind"})
    await house.drain()
    assert cancelled["status"] == "CANCELLED"
    assert await market.stock(pack) == {"on_hand": 10, "held": 0, "available": 10}
    assert await market.shipments(market.operator, order) == []
    assert await events_of(house, order) == ["orders.order-placed.v1", "orders.order-cancelled.v1"]
    await market.ensure_books_agree()


async def test_a_paid_order_that_has_not_left_is_cancelled_and_its_money_goes_back(house: House, market: Market):
    buyer = market.as_caller()
    pack = await market.pack(await market.supplier(), price_fen=1990, stock=5)
    order = await market.order(buyer, (pack, 3))
    payment_id = await market.open_payment(buyer, order)
    await market.pay(payment_id)
    await house.drain()
    answered = house.notices.answers.count(204)
    await market.must("orders", "POST", f"/v1/orders/{order['order_id']}/cancel", buyer, body={"reason": "too much"})
    await house.work("orders")
    await house.notices.until(answered + 1)
    await house.drain()
    paid = await payment(market, payment_id, buyer)
    assert (paid["captured_fen"], paid["refunded_fen"]) == (5970, 5970)
    assert [(each["amount_fen"], each["status"]) for each in paid["refunds"]] == [(5970, "SUCCEEDED")]
    assert [each["status"] for each in await market.shipments(buyer, order)] == ["CANCELLED"]
    assert await market.stock(pack) == {"on_hand": 5, "held": 0, "available": 5}
    await market.ensure_books_agree()


async def test_money_that_comes_after_the_order_expired_pays_it_while_the_goods_are_there(house: House, market: Market):
    buyer = market.as_caller()
    pack = await market.pack(await market.supplier(), price_fen=4990, stock=2)
    order = await market.order(buyer, (pack, 2))
    payment_id = await market.open_payment(buyer, order)
    async with house["orders"].database.begin() as db:
        await order_actions.expire_unpaid(db, now=utc_now() + timedelta(minutes=31))
    await house.drain()
    await market.pay(payment_id, after_close=True)
    await house.drain()
    late = await payment(market, payment_id, buyer)
    assert (late["status"], late["effect"], late["refunded_fen"], late["refunds"]) == ("PAID", "paid", 0, [])
    events = ["orders.order-placed.v1", "orders.order-cancelled.v1", "orders.order-paid.v1"]
    assert await events_of(house, order) == events
    assert [each["status"] for each in await market.shipments(market.operator, order)] == ["PENDING"]
    assert await market.stock(pack) == {"on_hand": 2, "held": 2, "available": 0}
    await market.ensure_books_agree()


async def test_money_that_comes_after_the_order_expired_and_was_sold_on_goes_back_in_full(house: House, market: Market):
    buyer = market.as_caller()
    pack = await market.pack(await market.supplier(), price_fen=4990, stock=2)
    order = await market.order(buyer, (pack, 2))
    payment_id = await market.open_payment(buyer, order)
    async with house["orders"].database.begin() as db:
        await order_actions.expire_unpaid(db, now=utc_now() + timedelta(minutes=31))
    assert await market.stock(pack) == {"on_hand": 2, "held": 0, "available": 2}
    await market.order(market.as_caller(), (pack, 1))
    answered = house.notices.answers.count(204)
    await market.pay(payment_id, after_close=True)
    await house.work("orders")
    await house.notices.until(answered + 2)
    await house.drain()
    late = await payment(market, payment_id, buyer)
    assert (late["status"], late["effect"], late["captured_fen"], late["refunded_fen"]) == (
        "PAID",
        "refund-due",
        9980,
        9980,
    )
    assert [each["status"] for each in late["refunds"]] == ["SUCCEEDED"]
    trade = await market.control("trades", payment_id)
    assert [(each["amount"], each["status"]) for each in trade["refunds"]] == [(9980, "SUCCESS")]
    assert await events_of(house, order) == ["orders.order-placed.v1", "orders.order-cancelled.v1"]
    assert await market.shipments(market.operator, order) == []
    await market.ensure_books_agree()


async def test_a_notice_of_another_amount_is_refused_alarmed_and_pays_nothing(house: House, market: Market):
    buyer = market.as_caller()
    pack = await market.pack(await market.supplier(), price_fen=4990, stock=2)
    order = await market.order(buyer, (pack, 2))
    payment_id = await market.open_payment(buyer, order)
    await market.pay(payment_id, wrong_amount_fen=1, status=409)
    shown = await payment(market, payment_id, buyer)
    assert (shown["status"], shown["captured_fen"]) == ("PENDING", 0)
    assert (await market.must("orders", "GET", f"/v1/orders/{order['order_id']}", buyer))["status"] == "PENDING_PAYMENT"
    alarms = (await market.must("orders", "GET", "/v1/payment-alarms", market.operator))["items"]
    alarm = next(each for each in alarms if each["payment_id"] == payment_id)
    assert (alarm["alarm"], alarm["amount_fen"]) == ("amount-mismatch", 9980)
    assert alarm["alarm_facts"]["told_fen"] == 1
    assert await events_of(house, order) == ["orders.order-placed.v1"]


async def test_a_notice_that_comes_five_times_side_by_side_pays_once(house: House, market: Market):
    buyer = market.as_caller()
    pack = await market.pack(await market.supplier(), price_fen=4990, stock=2)
    order = await market.order(buyer, (pack, 2))
    payment_id = await market.open_payment(buyer, order)
    await market.pay(payment_id, notices=5, repeat=5, shuffle=True)
    await house.drain()
    paid = await payment(market, payment_id, buyer)
    assert (paid["status"], paid["captured_fen"], paid["refunded_fen"], paid["refunds"]) == ("PAID", 9980, 0, [])
    shown = await market.must("orders", "GET", f"/v1/orders/{order['order_id']}", buyer)
    assert [step["change"] for step in shown["history"]] == ["PLACED", "PAID"]
    assert await events_of(house, order) == ["orders.order-placed.v1", "orders.order-paid.v1"]
    assert len(await market.shipments(buyer, order)) == 1
    noted = await house["orders"].rows(
        "SELECT received_count FROM payment_notices WHERE subject_id = CAST(:id AS uuid)", id=payment_id
    )
    assert noted == [{"received_count": 5}]


async def test_a_silent_provider_is_asked_and_its_late_notice_changes_nothing(house: House, market: Market):
    buyer = market.as_caller()
    pack = await market.pack(await market.supplier(), price_fen=100, stock=2)
    order = await market.order(buyer, (pack, 1))
    payment_id = await market.open_payment(buyer, order)
    await market.control("pay", payment_id, {"is_silent": True})
    told = await market.must("orders", "GET", f"/v1/payments/{payment_id}?refresh=true", buyer)
    assert (told["status"], told["captured_fen"], told["is_refreshed"]) == ("PAID", 100, True)
    await house.drain()
    assert await events_of(house, order) == ["orders.order-placed.v1", "orders.order-paid.v1"]
