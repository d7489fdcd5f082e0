"""After the delivery, at the pages: exchanges, goods that come back, and the one list of all that was asked for."""

from datetime import timedelta

import pytest

from shared.clock import utc_now
from tests.e2e import desks
from tests.e2e.house import House
from tests.e2e.market import Headers, Market, Pack
from tests.e2e.people import member
from tests.e2e.reader import Reader
from tests.e2e.test_after_sales import JPEG


class Shop:
    """A supplier and a buyer at their pages, and an order of three pieces that arrived."""

    def __init__(self, house: House, market: Market, seller: Reader, buyer: Reader) -> None:
        self.house, self.market, self.seller, self.buyer = house, market, seller, buyer
        self.headers: Headers = market.as_caller(person_id=buyer.person.person_id)
        self.line = self.order_id = ""
        self.pack: Pack | None = None

    async def deliver(self, **product: str) -> None:
        """Sell, send and deliver."""
        market, supplier_id = self.market, str(self.seller.person.organisation_id)
        self.pack = await market.pack(supplier_id, price_fen=6000, stock=9, **product)
        order = await market.buy(self.headers, (self.pack, 3))
        await self.house.drain()
        [shipment] = await market.shipments(self.headers, order)
        carrier = await market.carrier()
        waybill = await market.dispatch(carrier, shipment)
        await market.track(carrier, waybill, ("DELIVERED", utc_now() - timedelta(hours=1)))
        await self.house.drain()
        self.order_id = order["order_id"]
        self.line = f"/orders/{self.order_id}/lines/{order['parts'][0]['lines'][0]['line_id']}"


@pytest.fixture
async def shop(house: House, market: Market) -> Shop:
    made = Shop(house, market, await desks.supplier(house), await desks.consumer(house))
    await made.deliver()
    return made


PHOTO = {"photos": ("box.jpg", JPEG)}


async def test_damaged_goods_are_sent_again_and_the_first_come_back_into_stock(shop: Shop, house: House):
    assert f"{shop.line}/exchange" in (await shop.buyer.open(f"/orders/{shop.order_id}")).links
    form = f"{shop.line}/exchange"
    refused = await shop.buyer.fill(form, form, {"piece_count": "2"})
    assert (refused.status, refused.errors) == (422, {"photo_ids": "请至少上传一张照片。"})
    asked = await shop.buyer.send(refused, form, {"piece_count": "2", "problem": "damaged"}, files=PHOTO)
    assert asked.notices["status"] == "换货申请已提交，请等商家处理。", asked.text[:500]
    here = asked.url.path
    mine = await shop.buyer.open("/account/after-sales")
    assert here in mine.links
    assert "换货" in (await shop.buyer.fetch("/account/after-sales.csv")).text
    assert here in (await shop.seller.open("/work/exchanges?status=REQUESTED")).links
    assert (await shop.seller.fetch("/work/exchanges.xlsx")).content.startswith(b"PK")
    assert (await (await desks.office(house, "assistance")).open("/work/exchanges")).status == 403
    unsaid = await shop.seller.fill(here, here, {"verb": "refuse"})
    assert (unsaid.status, "alert" in unsaid.notices) == (422, True)
    nowhere = await shop.seller.send(unsaid, here, {"verb": "approve", "goods_back": "yes"})
    assert nowhere.notices["alert"] == "请填写寄回地址。"
    approved = await shop.seller.send(
        nowhere, here, {"verb": "approve", "goods_back": "yes", "send_to": "房县军店镇 8 号"}
    )
    assert approved.notices["status"] == "已处理。", approved.text[:500]
    sent = await shop.buyer.fill(here, here, {"verb": "send", "carrier_name": "顺丰", "waybill_number": "SF99"})
    assert "已寄回，待补发" in sent.text
    await house.drain()
    desk = await shop.seller.open("/desk")
    assert "补发" in desk.text
    goods = await shop.seller.open(here)
    short = await shop.seller.send(goods, f"{here}/goods", {"restocked_count": "1"})
    assert (short.status, short.form(f"{here}/goods").values["restocked_count"]) == (422, ["1"])
    booked = await shop.seller.send(short, f"{here}/goods", {"restocked_count": "1", "goods_reason": "破了一袋"})
    assert "破了一袋" in booked.text
    assert not [each for each in booked.forms if each.action.endswith("/goods")]
    assert shop.pack is not None
    assert await shop.market.stock(shop.pack) == {"on_hand": 7, "held": 2, "available": 5}
    stranger = await desks.consumer(house)
    assert (await stranger.open(here)).status == 404
    await shop.market.ensure_books_agree()


async def test_a_claim_is_decided_at_the_desk_and_a_return_books_its_goods(shop: Shop):
    claim = await shop.buyer.fill(
        f"{shop.line}/claim", f"{shop.line}/claim", {"piece_count": "1", "problem": "damaged"}, files=PHOTO
    )
    claim_id = claim.url.path.rpartition("/")[2]
    desk = f"/work/after-sales/{claim_id}"
    granted = await shop.seller.fill(desk, desk, {"verb": "approve", "reason": ""})
    assert (granted.status, granted.notices["status"]) == (200, "已处理。"), granted.text[:500]
    assert "供应商承担" in granted.text
    asked = await shop.buyer.fill(f"{shop.line}/return", f"{shop.line}/return", {"piece_count": "2", "cause": "faulty"})
    here = asked.url.path
    for reader, values in (
        (shop.seller, {"verb": "approve", "send_to": "房县军店镇 8 号"}),
        (shop.buyer, {"verb": "send", "waybill_number": "SF98"}),
        (shop.seller, {"verb": "receive"}),
        (shop.seller, {"verb": "accept"}),
    ):
        page = await reader.fill(here, here, values)
        assert page.status == 200, page.text[:500]
    booked = await shop.seller.fill(here, f"{here}/goods", {"restocked_count": "2"})
    assert (booked.status, "可再售入库 2 件" in booked.text) == (200, True), booked.text[:800]
    assert here in (await shop.seller.open("/work/returns?q=香菇")).links
    assert (await shop.seller.fetch("/work/returns.csv")).content.startswith(b"\xef\xbb\xbf")
    listed = await shop.buyer.open("/account/after-sales?kind=return")
    assert [each for each in listed.links if each == here]
    assert f"/claims/{claim_id}" not in listed.links
    english = Reader(shop.house, shop.buyer.person, "en")
    assert "My after-sales" in (await english.open("/claims")).text
    await shop.market.ensure_books_agree()


async def test_customer_service_sends_pieces_again_and_the_buyer_sees_it(shop: Shop, house: House):
    agent = Reader(house, await member(house, "operator", "support"))
    path = f"/work/service/{shop.order_id}"
    case = await agent.open(path)
    typed = {"again_line_id": shop.line.rsplit("/", 1)[1], "again_reason": "压坏了两盒"}
    wrong = await agent.send(case, f"{path}/reissue", {**typed, "again_count": "两"})
    assert wrong.status == 422
    assert "压坏了两盒" in wrong.text
    unknown = await agent.send(wrong, f"{path}/reissue", {**typed, "again_line_id": "x", "again_count": "2"})
    assert unknown.status == 404
    sent = await agent.send(unknown, f"{path}/reissue", {**typed, "again_count": "2"})
    assert sent.notices["status"] == "已补发，等供应商发货。", sent.text[:500]
    for told in ("平台补发", "压坏了两盒"):
        assert told in (await agent.open(f"{path}?kind=exchange")).text
    assert "平台补发" in (await shop.buyer.open("/account/after-sales")).text
    await house.drain()
    shipments = await shop.market.shipments(shop.headers, {"order_id": shop.order_id})
    assert sorted(sum(line["quantity"] for line in each["lines"]) for each in shipments) == [2, 3]
    assert shop.pack is not None
    assert (await shop.market.stock(shop.pack))["held"] == 2
    more = await agent.send(sent, f"{path}/reissue", {**typed, "again_count": "2"})
    assert more.status == 409
