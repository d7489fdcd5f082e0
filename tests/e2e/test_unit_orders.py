"""An order of a unit over the real services and at its pages: placed, confirmed, sent, checked, disputed, decided."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from shared.clock import utc_now
from tests.e2e.desks import PNG, admit, operator
from tests.e2e.house import House
from tests.e2e.market import Market, Pack
from tests.e2e.people import member
from tests.e2e.reader import Reader, Sheet
from tests.e2e.units import Unit, school

ORDERS = "/work/unit-orders"


def acting(market: Market, reader: Reader, role: str) -> dict[str, str]:
    """Headers of somebody of a unit."""
    person = reader.person
    return market.as_caller(
        kind="institution", organisation_id=person.organisation_id, person_id=person.person_id, roles=(role,)
    )


async def ordered(market: Market, unit: Unit, pack: Pack, quantity: int) -> str:
    """A purchase of one pack, approved and ordered; its order's id."""
    handler = acting(market, unit.handler, "buyer")
    body = {
        "fund": "CANTEEN",
        "title": "食堂采购",
        "lines": [{"sku_id": pack.sku_id, "quantity": quantity}],
        "address": {"recipient": "食堂", "phone": "13800000000", "county_code": "420325", "detail": "城关镇一号"},
    }
    bought = await market.must("orders", "POST", "/v1/purchases", handler, body=body)
    path = f"/v1/purchases/{bought['purchase_id']}"
    await market.must("orders", "POST", f"{path}/submit", handler | {"if-match": f'"{bought["revision"]}"'})
    for reader, role in ((unit.approver, "approver"), (unit.financier, "finance")):
        headers = acting(market, reader, role)
        for case in (await market.must("orders", "GET", "/v1/approvals", headers))["items"]:
            if case["status"] == "PENDING" and role in case["step_duties"]:
                given = headers | {"if-match": f'"{case["revision"]}"'}
                approve = f"/v1/approvals/{case['case_id']}/approve"
                await market.must("orders", "POST", approve, given, body={"reason": "同意"})
    bought = await market.must("orders", "GET", path, handler)
    if bought["status"] == "APPROVED":
        await market.must("orders", "POST", f"{path}/order", handler | {"if-match": f'"{bought["revision"]}"'})
    found: dict[str, Any] = await market.must(
        "orders", "GET", f"/v1/unit-orders?purchase_id={bought['purchase_id']}", handler
    )
    [order] = found["items"]
    return str(order["order_id"])


async def seller(house: House) -> Reader:
    """Somebody of an admitted supplier."""
    person = await member(house, "supplier", "admin")
    await admit(house, person)
    return Reader(house, person)


async def bring(house: House, market: Market, unit: Unit, order_id: str) -> str:
    """Send it and let it arrive, cold all the way; its waybill."""
    await house.drain()
    carrier = await market.carrier()
    handler = acting(market, unit.handler, "buyer")
    [shipment] = await market.shipments(handler, {"order_id": order_id})
    waybill = await market.dispatch(carrier, shipment)
    now = utc_now()
    await market.measure(carrier, waybill, [(now - timedelta(minutes=each), 2.0) for each in range(30, 0, -1)])
    await market.track(
        carrier, waybill, ("COLLECTED", now - timedelta(minutes=40)), ("DELIVERED", now - timedelta(minutes=1))
    )
    await house.drain()
    return waybill


async def test_an_order_on_account_from_the_purchase_to_the_decision(house: House, market: Market):
    unit, supplier = await school(house, market), await seller(house)
    pack = await market.pack(
        str(supplier.person.organisation_id), price_fen=3000, stock=50, temperature_class="MUSHROOM"
    )
    await house.drain("orders")
    assert "还没有单位订单" in (await supplier.open(ORDERS)).text
    order_id = await ordered(market, unit, pack, 10)
    page = f"{ORDERS}/{order_id}"
    assert (await market.stock(pack))["available"] == 40

    listed = await supplier.open(f"{ORDERS}?stage=PENDING_CONFIRM&q=香菇")
    assert page in listed.links
    confirmed = await supplier.fill(page, f"{page}/move", {"verb": "confirm"})
    assert (confirmed.status, confirmed.notices["status"]) == (200, "已确认，请到发货台备货。")
    waybill = await bring(house, market, unit, order_id)

    there = await unit.handler.open(page)
    assert "货已到，请采购单位验货。" in there.text
    assert waybill in there.text
    assert f"{page}/check" in there.links
    form = await unit.handler.open(f"{page}/check")
    [line_id] = [name.removeprefix("accepted-") for name in form.form(f"{page}/check").values if "accepted-" in name]
    found = {f"accepted-{line_id}": "8", f"refused-{line_id}": "2", f"cause-{line_id}": "DAMAGED"}
    unseen = await unit.handler.send(form, f"{page}/check", found)
    assert (unseen.status, unseen.errors["photo_ids"]) == (422, "看得见的问题请拍照上传。")
    wrong = await unit.handler.send(
        unseen, f"{page}/check", found | {f"accepted-{line_id}": "9"}, files={"camera": ("a.png", PNG)}
    )
    assert wrong.notices["alert"] == "验收、短少、拒收的件数合起来要等于发货件数。"
    checked = await unit.handler.send(wrong, f"{page}/check", {f"accepted-{line_id}": "8"})
    assert (checked.status, checked.notices["status"]) == (200, "验货结果已提交。")
    assert "¥240.00" in checked.text
    assert "破损" in checked.text
    photo = next(each for each in checked.links if each.startswith("/order-photos/"))
    for reader in (unit.financier, supplier):
        assert (await reader.fetch(photo)).status_code == 200

    disputed = await disputed_with_a_photo(supplier, page)
    assert disputed.notices["status"] == "争议已提出，订单暂停。"
    dispute = str(disputed.url).partition("?")[0].partition("/work/")[2]
    assert "争议处理中" in (await unit.handler.open(page)).text
    judge = await operator(house)
    for reader in (unit.handler, supplier, judge):
        await ensure_proof_is_seen(reader, f"/work/{dispute}")
    assert f"/work/{dispute}" in (await judge.open("/work/disputes?status=OPEN")).links
    too_much = await judge.fill(
        f"/work/{dispute}", f"/work/{dispute}", {"outcome": "REDUCE", "reduced": "240", "reason": "双方各担一半"}
    )
    assert (too_much.status, "扣减金额" in too_much.notices["alert"]) == (422, True)
    decided = await judge.send(too_much, f"/work/{dispute}", {"reduced": "15.50"})
    assert (decided.status, decided.notices["status"]) == (200, "裁定已生效。")
    assert "¥224.50" in (await unit.handler.open(page)).text
    await house.drain()
    english = Reader(house, supplier.person, "en")
    assert "Awaiting the invoice" in (await english.open(page)).text
    for reader in (unit.handler, supplier, judge):
        for path in (ORDERS, "/work/disputes"):
            assert (await reader.fetch(f"{path}.xlsx")).content.startswith(b"PK")
    assert order_number(checked.text) in (await unit.handler.fetch(f"{ORDERS}.csv")).text


async def disputed_with_a_photo(supplier: Reader, page: str) -> Sheet:
    """What is no picture is refused, and what was typed stays."""
    loaded, said = await supplier.open(page), {"reason": "破损是卸货造成的"}
    no_picture = await supplier.send(loaded, f"{page}/dispute", said, files={"photos": ("a.png", b"no picture")})
    assert (no_picture.status, "photo_ids" in no_picture.errors) == (415, True)
    return await supplier.send(no_picture, f"{page}/dispute", files={"photos": ("a.png", PNG)})


async def ensure_proof_is_seen(reader: Reader, dispute: str) -> None:
    [proof] = {each for each in (await reader.open(dispute)).links if each.startswith("/order-photos/")}
    assert (await reader.fetch(proof)).status_code == 200


def order_number(words: str) -> str:
    return next(each for each in words.split() if each.count("-") == 2 and len(each) == 18)


async def test_a_refused_order_tells_its_unit_why_and_gives_all_back(house: House, market: Market):
    unit, supplier = await school(house, market), await seller(house)
    pack = await market.pack(str(supplier.person.organisation_id), price_fen=3000, stock=10)
    await house.drain("orders")
    order_id = await ordered(market, unit, pack, 4)
    page = f"{ORDERS}/{order_id}"
    silent = await supplier.fill(page, f"{page}/move", {"verb": "refuse", "reason": ""})
    assert silent.status == 422
    refused = await supplier.send(silent, f"{page}/move", {"verb": "refuse", "reason": "今年歉收"})
    assert refused.notices["status"] == "已拒绝，库存和预算已释放。"
    assert "今年歉收" in (await unit.handler.open(page)).text
    assert (await market.stock(pack))["available"] == 10
    stranger = await seller(house)
    assert (await stranger.open(page)).status == 404
    assert (await stranger.open(f"{ORDERS}/{uuid4()}")).status == 404
