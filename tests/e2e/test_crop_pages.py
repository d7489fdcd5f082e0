"""A crop order at its pages, over the real services: from the offer to the shared harvest and the deposit owed back."""

from datetime import timedelta

from shared.clock import business_day, utc_now
from tests.e2e.desks import admit
from tests.e2e.house import House
from tests.e2e.market import Market
from tests.e2e.people import member
from tests.e2e.reader import Reader
from tests.e2e.test_contract_pages import approve
from tests.e2e.units import Unit, school


async def a_supplier(house: House, market: Market) -> tuple[Reader, str]:
    """Somebody who sells a pack of which nothing is there yet; the link that begins an order of it."""
    person = await member(house, "supplier", "admin")
    await admit(house, person)
    pack = await market.pack(str(person.organisation_id), price_fen=3000, stock=0)
    await house.drain("orders")
    return Reader(house, person), f"/work/crop-orders/new?supplier_id={person.organisation_id}&sku_id={pack.sku_id}"


def terms(**given: str) -> dict[str, str]:
    """A hundred pieces at 28.50, a fifth ahead, at least half of them."""
    today = business_day(utc_now())
    return {
        "title": "食堂秋收香菇",
        "quantity": "100",
        "price": "28.50",
        "sowing_on": today.isoformat(),
        "harvest_from_on": (today + timedelta(days=90)).isoformat(),
        "harvest_until_on": (today + timedelta(days=100)).isoformat(),
        "due-SOWING": (today + timedelta(days=1)).isoformat(),
        "due-RIPENING": (today + timedelta(days=80)).isoformat(),
        "recipient": "食堂",
        "phone": "13800000000",
        "county_code": "420325",
        "address_detail": "城关镇一号",
        **given,
    }


async def grown(market: Market, unit: Unit, seller: Reader, path: str) -> None:
    """Approved, agreed, its deposit paid."""
    await unit.handler.fill(path, f"{path}/decision", {"verb": "submit"})
    await approve(market, unit, path.rpartition("/")[2])
    await seller.fill(path, f"{path}/decision", {"verb": "agree"})
    await unit.financier.fill(path, f"{path}/paying", {"verb": "tell-deposit"})
    await seller.fill(path, f"{path}/decision", {"verb": "confirm-deposit"})


async def test_a_school_drafts_a_crop_order_and_its_approvers_offer_it(house: House, market: Market):
    unit = await school(house, market)
    seller, begin = await a_supplier(house, market)
    assert "还没有生产订单" in (await unit.handler.open("/work/crop-orders")).text
    goods = await unit.handler.open("/work/crop-orders/new?q=香菇")
    assert begin in goods.links
    high = await unit.handler.fill(begin, "/work/crop-orders/new", terms(deposit_percent="25"))
    assert (high.status, "定金比例超过上限" in high.text) == (422, True)
    blank = {"due-SOWING": "", "due-RIPENING": "", "deposit_percent": "20"}
    bare = await unit.handler.send(high, "/work/crop-orders/new", terms(**blank))
    assert (bare.status, "至少给一个节点" in bare.text) == (422, True)
    drafted = await unit.handler.send(bare, "/work/crop-orders/new", terms(deposit_percent="20"))
    assert (drafted.status, drafted.notices["status"]) == (200, "已保存。")
    path = next(each for each in drafted.links if each.endswith("/edit")).removesuffix("/edit")
    edited = await unit.handler.fill(f"{path}/edit", f"{path}/edit", {"title": "食堂秋收鲜香菇"})
    assert "食堂秋收鲜香菇" in edited.text
    submitted = await unit.handler.send(edited, f"{path}/decision", {"verb": "submit"})
    assert submitted.notices["status"] == "已办理。"
    assert (await seller.open(path)).status == 404
    waiting = await unit.approver.open("/work/approvals")
    case = next(each for each in waiting.links if each.startswith("/work/approvals/"))
    assert path in (await unit.approver.open(case)).links
    await approve(market, unit, path.rpartition("/")[2])
    assert "食堂秋收鲜香菇" in (await seller.open("/work/crop-orders?status=OFFERED")).text
    declined = await seller.fill(path, f"{path}/decision", {"verb": "decline", "reason": "来年轮作"})
    assert ("未成立" in declined.text, "来年轮作" in declined.text) == (True, True)


async def test_a_small_harvest_is_left_and_its_deposit_comes_back(house: House, market: Market):
    unit = await school(house, market)
    seller, begin = await a_supplier(house, market)
    assert "没有待报的节点" in (await unit.handler.open("/work/crop-milestones")).text
    assert "还没有申报过采收" in (await seller.open("/work/crop-harvests")).text
    made = await unit.handler.fill(begin, "/work/crop-orders/new", terms())
    path = next(each for each in made.links if each.endswith("/edit")).removesuffix("/edit")
    await grown(market, unit, seller, path)
    # 100 pieces at 28.50 are 2,850.00; a fifth of it ahead.
    paid = await unit.financier.open(path)
    assert ("570.00" in paid.text, "已付定金" in paid.text) == (True, True)
    reported = await seller.fill(path, f"{path}/report", {"number": "1", "note": "播种 30 亩"})
    assert (reported.status, "播种 30 亩" in reported.text) == (200, True)
    assert "成熟" in (await unit.handler.open("/work/crop-milestones")).text
    assert "没有符合条件的结果" in (await unit.handler.open("/work/crop-milestones?late=true")).text
    assert (await unit.handler.fetch("/work/crop-milestones.csv")).status_code == 200

    # 15 of 100 grow: 427.50, less than the agreed half. The school leaves it, and all 570.00 are owed back.
    harvests = await seller.open("/work/crop-harvests")
    season = next(each for each in harvests.links if each.startswith("/work/crop-harvests/new?"))
    looked = await seller.open(f"{season}&harvested_count=15")
    assert ("427.50" in looked.text, "142.50" in looked.text, "低于约定下限" in looked.text) == (True, True, True)
    declared = await seller.send(looked, "/work/crop-harvests/declare", {"note": "倒春寒"})
    assert (declared.status, declared.notices["status"]) == (200, "已申报，份额已分给各单位。")
    assert (await seller.fetch("/work/crop-harvests.csv")).status_code == 200
    left = await unit.handler.fill(path, f"{path}/decision", {"verb": "cancel", "reason": "太少"})
    assert ("已取消" in left.text, "应退定金" in left.text) == (True, True)
    assert "待退定金" in (await unit.financier.open("/work/crop-orders?owes_back=true")).text
    back = await unit.financier.fill(path, f"{path}/paying", {"verb": "record-refund", "voucher": "TK-1"})
    assert ("TK-1" in back.text, "已退定金" in back.text) == (True, True)
    assert (await unit.handler.fetch("/work/crop-orders.xlsx")).content.startswith(b"PK")
    await house.drain("orders", "gateway")
    assert "低于约定下限" in (await unit.handler.open("/messages")).text
    english = Reader(house, unit.handler.person, "en")
    assert "Cancelled" in (await english.open(path)).text


async def test_a_large_enough_harvest_becomes_an_order_at_once(house: House, market: Market):
    unit = await school(house, market)
    seller, begin = await a_supplier(house, market)
    made = await unit.handler.fill(begin, "/work/crop-orders/new", terms(quantity="40", price="30"))
    path = next(each for each in made.links if each.endswith("/edit")).removesuffix("/edit")
    await grown(market, unit, seller, path)
    season = next(each for each in (await seller.open("/work/crop-harvests")).links if "/new?" in each)
    looked = await seller.open(f"{season}&harvested_count=50")
    await seller.send(looked, "/work/crop-harvests/declare", {})
    shown = await unit.handler.open(path)
    assert "交付中" in shown.text
    order = next(each for each in shown.links if each.startswith("/work/unit-orders/"))
    assert "1,200.00" in (await unit.handler.open(order)).text
    assert "1,200.00" in (await seller.open(order)).text
    gone = await seller.open(f"{season}&harvested_count=50")
    assert (gone.status, "已经申报分配过" in gone.text) == (409, True)
