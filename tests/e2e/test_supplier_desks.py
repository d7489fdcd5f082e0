"""The fulfilment desk and the service desk at their pages, over the real services."""

from uuid import uuid4

from tests.e2e.desks import admit
from tests.e2e.house import House
from tests.e2e.market import Market
from tests.e2e.people import member
from tests.e2e.reader import Reader


async def supplier_of(house: House) -> Reader:
    person = await member(house, "supplier", "admin")
    await admit(house, person)
    return Reader(house, person)


async def test_a_supplier_sends_a_part_gives_up_the_rest_and_prints(house: House, market: Market):
    seller = await supplier_of(house)
    pack = await market.pack(str(seller.person.organisation_id), price_fen=1000)
    order = await market.buy(market.as_caller(), (pack, 4))
    carrier = await market.carrier()
    await house.drain("logistics")
    desk = await seller.open(f"/desk?q={order['order_number']}")
    assert (desk.status, order["order_number"] in desk.text) == (200, True)
    assert "没有符合条件" in (await seller.open("/desk?q=nothing-like-it")).text
    path = next(each for each in desk.links if each.startswith("/desk/shipments/"))
    shipment_id = path.rpartition("/")[2]
    picks = await seller.open(f"/desk/pick-list?shipment={shipment_id}")
    assert f"{pack.net_weight_g}克/袋" in picks.text
    assert (await seller.fetch(f"/desk/pick-list.xlsx?shipment={shipment_id}")).content.startswith(b"PK")
    pieces = {f"pieces-{pack.sku_id}": "3", "carrier_code": carrier.code, "waybill_number": "SF"}
    refused = await seller.fill(path, f"{path}/parcel", pieces)
    assert (refused.status, refused.form(f"{path}/parcel").values["waybill_number"]) == (422, ["SF"])
    waybill = f"SF{uuid4().hex[:10].upper()}"
    sent = await seller.send(refused, f"{path}/parcel", {**pieces, "waybill_number": waybill})
    assert sent.notices["status"] == "包裹已发出。"
    assert "没有选开发票。" in sent.text
    labels = await seller.open(f"/desk/labels?shipment={shipment_id}")
    assert waybill in labels.text
    assert "138****0000" in labels.text
    note = await seller.fetch(next(each for each in sent.links if each.startswith("/papers/delivery-note/")))
    assert (note.status_code, note.content[:5]) == (200, b"%PDF-")
    assert (await seller.fetch(f"/papers/love-letter/{uuid4()}.pdf")).status_code == 404
    lost = {f"pieces-{pack.sku_id}": "1", "reason": "缺货"}
    asked = await seller.send(sent, f"{path}/give-up", lost)
    assert "¥10.00" in asked.text
    done = await seller.send(asked, f"{path}/give-up")
    assert done.notices["status"] == "已登记缺货，钱退给买家。"
    assert "已发货" in done.text
    await house.drain("orders")
    await market.ensure_books_agree()


async def test_a_supplier_sends_by_spreadsheet(house: House, market: Market):
    seller = await supplier_of(house)
    pack = await market.pack(str(seller.person.organisation_id))
    order = await market.buy(market.as_caller(), (pack, 1))
    carrier = await market.carrier()
    await house.drain("logistics")
    template = await seller.fetch("/desk/files/template.csv")
    assert order["order_number"] in template.text
    waybill = f"SF{uuid4().hex[:10].upper()}"
    rows = f"{order['order_number']},1,{carrier.code},{waybill}\r\nN0,1,{carrier.code},SF99999\r\n"
    content = ("订单号,发货件数,承运商,运单号\r\n" + rows).encode()
    found = await seller.fill("/desk/files", "/desk/files", files={"file": ("发货.csv", content)})
    assert "1 行可以发货，1 行有误" in found.text
    apply = next(each.action for each in found.forms if each.action.endswith("/apply"))
    await seller.send(found, apply)
    await house.work("logistics")
    after = await seller.open(apply.removesuffix("/apply"))
    assert "1 行已发，1 行没有发" in after.text
    assert (await seller.fetch(f"{apply.removesuffix('/apply')}/corrections.xlsx")).content.startswith(b"PK")
    assert "/desk/files.xlsx" in (await seller.open("/desk/files")).links
    assert "发货.csv,已完成,2,0,1,1,0," in (await seller.fetch("/desk/files.csv")).text
    assert (await seller.fetch("/desk/files.xlsx")).content.startswith(b"PK")
    wrong = await seller.fill("/desk/files", "/desk/files", files={"file": ("x.bin", b"MZ\x00\x01" * 9)})
    assert (wrong.status, wrong.errors["file"]) == (422, "这不是表格文件。请上传 xlsx、xls、ods 或 CSV。")
    buyer = Reader(house, await member(house, "institution", "buyer"))
    assert (await buyer.open("/desk/files")).status == 403


async def test_an_agent_finds_an_order_reads_its_story_and_writes_a_note(house: House, market: Market):
    seller = await supplier_of(house)
    pack = await market.pack(str(seller.person.organisation_id))
    order = await market.buy(market.as_caller(), (pack, 1))
    await house.drain("logistics")
    agent = Reader(house, await member(house, "operator", "support"))
    found = await agent.open(f"/work/service?q={order['order_number']}")
    path = f"/work/service/{order['order_id']}"
    assert path in found.links
    assert f"/work/service.csv?q={order['order_number']}" in found.links
    told = (await agent.fetch(f"/work/service.csv?q={order['order_number']}")).text
    assert (order["order_number"] in told, "138****0000" in told, "13800000000" in told) == (True, True, False)
    assert (await agent.fetch("/work/service.xlsx?q=nobody")).content.startswith(b"PK")
    case = await agent.open(path)
    assert "13800000000" not in case.text
    for told in ("下单", "收到付款", "等待发货"):
        assert told in case.text
    noted = await agent.send(case, f"{path}/notes", {"body": "答应周五回电"})
    assert noted.notices["status"] == "备注已保存。"
    assert "答应周五回电" in noted.text
    opened = await agent.send(noted, f"{path}/contact", {"why": "核对地址"})
    assert "13800000000" in opened.text
    assert "核对地址" in (await agent.open(f"{path}?kind=contact")).text
    assert "没有可退的件" in opened.text
    other = await supplier_of(house)
    for closed in (path, "/work/service.csv"):
        assert (await other.open(closed)).status == 403
    assert "还没有客服退款" in (await agent.open("/work/service/goodwill?q=none-of-these")).text
