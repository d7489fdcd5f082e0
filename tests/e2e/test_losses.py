"""A parcel that does not arrive, over the real services and their pages: missed, declared lost, paid back, told."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import text

from tests.e2e.desks import admit
from tests.e2e.house import House
from tests.e2e.market import Market
from tests.e2e.people import member
from tests.e2e.reader import Reader


async def reader(house: House, kind: str, *roles: str) -> Reader:
    return Reader(house, await member(house, kind, *roles))  # type: ignore[arg-type]


async def test_what_a_buyer_misses_is_declared_lost_and_paid_back(house: House, market: Market):
    seller, buyer = await reader(house, "supplier", "admin"), await reader(house, "institution", "buyer")
    await admit(house, seller.person)
    pack = await market.pack(str(seller.person.organisation_id), price_fen=1000)
    mine = market.as_caller(person_id=buyer.person.person_id)
    order = await market.buy(mine, (pack, 2))
    carrier = await market.carrier()
    await house.drain("logistics")
    [shipment] = await market.shipments(mine, order)
    waybill = await market.dispatch(carrier, shipment)
    await house.drain("orders")
    path, part_id = f"/orders/{order['order_id']}", shipment["supplier_order_id"]
    assert "我没有收到" not in (await buyer.open(path)).text, "it may still arrive in time"
    early = await market.ask("orders", "POST", f"/v1{path}/parts/{part_id}/report-missing", mine, body={})
    assert (early.status_code, early.json()["code"]) == (409, "promise-not-over")
    async with house["orders"].database.begin() as db:
        sent = "UPDATE supplier_orders SET shipped_at = shipped_at - interval '60 days' WHERE supplier_order_id = :id"
        await db.execute(text(sent), {"id": UUID(part_id)})
    told = await buyer.fill(path, f"{path}/parts/{part_id}/missing", {"note": "门口没有"})
    assert told.notices["status"] == "已告诉商家和客服，查到结果会通知您。"
    assert "商家正在查件" in told.text
    missed = await seller.open("/work/losses?state=MISSING")
    assert order["order_number"] in missed.text
    assert "买家没收到，待查" in missed.text
    again = await market.ask("orders", "POST", f"/v1{path}/parts/{part_id}/report-missing", mine, body={})
    assert (again.status_code, again.json()["code"]) == (409, "reported-already")
    await house.drain("gateway")
    assert "买家说没有收到货" in (await seller.open("/messages")).text

    desk = f"/desk/shipments/{shipment['shipment_id']}"
    refused = await seller.fill(desk, f"{desk}/lose", {"evidence": "快递确认遗失"})
    assert (refused.status, "请选择遗失的包裹。" in refused.text) == (422, True)
    parcel_id = (await market.shipments(mine, order))[0]["parcels"][0]["parcel_id"]
    lost = await seller.send(refused, f"{desk}/lose", {"parcel_id": parcel_id, "evidence": "快递确认遗失"})
    assert lost.notices["status"] == "已登记遗失，买家马上会收到退款或补发。"
    assert "已遗失" in lost.text
    await house.drain()
    shown = await buyer.open(path)
    paid = f"¥{Decimal(order['payable_fen']) / 100:.2f}"
    assert f"运单 {waybill} 在运输途中遗失 · 2 件已退款 {paid}" in shown.text
    assert f"订单 {order['order_number']} 的包裹 {waybill} 在运输途中遗失" in (await buyer.open("/messages")).text
    agent = await reader(house, "operator", "support")
    case = await agent.open(f"/work/service/{order['order_id']}")
    for line in ("买家说没有收到", "途中遗失，退款或补发", "开始退款", "站内消息 订单"):
        assert line in case.text
    await an_agent_decides_what_the_carrier_bears(seller, agent, order["order_number"], waybill)
    await market.ensure_books_agree()


async def an_agent_decides_what_the_carrier_bears(seller: Reader, agent: Reader, number: str, waybill: str) -> None:
    shown = await agent.open(f"/work/losses?q={waybill}")
    assert number in shown.text
    [link] = {each for each in shown.links if each.startswith("/work/losses/")}
    refused = await agent.fill(link, link, {"share": "120", "reason": "合同"})
    assert (refused.status, "请填允许范围内的整数百分比。" in refused.text) == (422, True)
    told = await agent.send(refused, link, {"share": "80", "reason": "运输合同只赔八成"})
    assert told.notices["status"] == "已改为新的比例，商家能看到。"
    seen = await seller.open(link)
    for line in ("承运商承担 100%", "承运商承担 80%", "运输合同只赔八成", "登记遗失"):
        assert line in seen.text
    assert link not in [each.action for each in seen.forms], "only the customer service decides"
    assert number in (await seller.fetch("/work/losses.csv")).text


async def test_an_agent_declares_it_and_the_goods_go_again(house: House, market: Market):
    seller, agent = await reader(house, "supplier", "admin"), await reader(house, "operator", "support")
    await admit(house, seller.person)
    pack = await market.pack(str(seller.person.organisation_id), stock=4)
    mine = market.as_caller()
    order = await market.buy(mine, (pack, 2))
    carrier = await market.carrier()
    await house.drain("logistics")
    [shipment] = await market.shipments(mine, order)
    await market.dispatch(carrier, shipment)
    await house.drain()
    parcel_id = (await market.shipments(mine, order))[0]["parcels"][0]["parcel_id"]
    path = f"/work/service/{order['order_id']}"
    typed = {"parcel_id": parcel_id, "remedy": "send_again", "evidence": "查件无果"}
    told = await agent.fill(path, f"{path}/lose", typed)
    assert told.notices["status"] == "已登记遗失，买家马上会收到退款或补发。"
    await house.drain()
    found = await market.shipments(mine, order)
    assert sorted((each["kind"], each["status"]) for each in found) == [("FIRST", "LOST"), ("REPLACEMENT", "PENDING")]
    again = next(each for each in found if each["kind"] == "REPLACEMENT")
    assert sum(line["quantity"] for line in again["lines"]) == 2
    now = await market.must("orders", "GET", f"/v1/orders/{order['order_id']}", mine)
    assert (now["status"], now["parts"][0]["fulfilment"]) == ("COMPLETED", "LOST")
    await market.ensure_books_agree()
