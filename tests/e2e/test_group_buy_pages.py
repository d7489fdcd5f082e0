"""Buying together at its pages, as a browser without JavaScript uses them: offered, joined, paid, formed, sent."""

from datetime import timedelta
from uuid import UUID, uuid4

from orders.jobs import follow_group_buys
from shared.clock import business_day, utc_now
from tests.e2e import desks
from tests.e2e.house import House
from tests.e2e.market import FANGXIAN, Headers, Market, Pack
from tests.e2e.people import member
from tests.e2e.reader import Reader, Sheet

NEW = "/work/group-buys/new"
HOME = {"recipient": "王小梅", "phone": "13800000000", "detail": "望京街道1号", "province": "110000", "city": "110105"}


async def offered(house: House, market: Market, **given: str) -> tuple[Reader, Pack, str]:
    """A supplier that has opened a group of two pieces; its page's address."""
    own = await desks.supplier(house)
    pack = await market.pack(str(own.person.organisation_id))
    facts = {
        "sku_id": pack.sku_id,
        "title": "香菇 <拼团>",
        "price": "29.80",
        "min_count": "2",
        "max_count": "5",
        "closes_on": (business_day(utc_now()) + timedelta(days=3)).isoformat(),
    }
    made = await own.fill(NEW, NEW, facts | given, holding="title")
    assert made.notices["status"] == "已保存。", made.errors
    desk = made.url.path
    opened = await own.send(made, f"{desk}/decision", {"verb": "open"})
    assert opened.notices["status"] == "已办好。"
    return own, pack, desk.removeprefix("/work")


async def buyer(house: House, market: Market) -> tuple[Reader, Headers]:
    person = await member(house, "institution", "buyer")
    headers = market.as_caller(
        kind="institution", person_id=person.person_id, organisation_id=person.organisation_id, roles=("buyer",)
    )
    return Reader(house, person), headers


async def join(me: Reader, page: str, quantity: str = "2") -> Sheet:
    """What follows the form, with its sum looked at first as the page asks for."""
    form = await me.open(f"{page}/join?quantity={quantity}")
    priced = await me.send(form, f"{page}/join", HOME | {"do": "regions"})
    return await me.send(priced, f"{page}/join", HOME | {"do": "place"})


async def test_a_group_is_offered_joined_paid_and_sent_once_it_has_formed(house: House, market: Market):
    own, _, page = await offered(house, market)
    shown = await own.open(page)
    assert "香菇 <拼团>" in shown.text
    assert "还差 2 件成团" in shown.text
    assert page in (await own.open("/group-buys?q=拼团")).raw
    me, headers = await buyer(house, market)
    paying = await join(me, page)
    assert paying.url.path.endswith("/pay"), paying.notices
    order_id = paying.url.path.split("/")[2]
    order = {"order_id": order_id}
    await market.pay(await market.open_payment(headers, order))
    waiting = await market.must("orders", "GET", f"/v1/orders/{order_id}", headers)
    assert (waiting["mode"], waiting["parts"][0]["fulfilment"]) == ("GROUP_BUY", "AWAITING_GROUP")
    await house.drain("logistics")
    count = "SELECT count(*) AS count FROM shipments WHERE order_id = :order_id"
    assert await house["logistics"].rows(count, order_id=UUID(order_id)) == [{"count": 0}]
    assert "待成团" in (await me.open("/orders")).text
    assert "已成团" in (await me.open("/account/group-buys")).text
    untold = await me.open(f"/orders/{order_id}")
    refused = await me.send(untold, f"/orders/{order_id}/cancel")
    assert (refused.status, refused.notices["alert"][:4]) == (409, "已经成团")
    await follow_group_buys(house["orders"].database)
    await house.drain("logistics")
    assert await house["logistics"].rows(count, order_id=UUID(order_id)) == [{"count": 1}]
    told = await me.open(f"/orders/{order_id}")
    assert "成团" in told.text
    assert "团购价 · 香菇 <拼团>" in told.text
    assert f"/orders/{order_id}/cancel" not in [each.action for each in told.forms]
    desk = await own.open(f"/work{page}")
    [row] = [each for each in desk.rows if "已付款" in each]
    assert "北京市" in row
    assert "王小梅" not in desk.text
    sheet = await own.fetch(f"/work{page}/participants.csv")
    assert "王小梅" not in sheet.text
    await market.ensure_books_agree()


async def test_one_leaves_before_it_forms_and_a_cancelled_group_refunds(house: House, market: Market):
    own, _, page = await offered(house, market, min_count="4")
    (one, one_headers), (two, two_headers) = await buyer(house, market), await buyer(house, market)
    orders = []
    for me, headers in ((one, one_headers), (two, two_headers)):
        paying = await join(me, page, "1")
        order_id = paying.url.path.split("/")[2]
        await market.pay(await market.open_payment(headers, {"order_id": order_id}))
        orders.append(order_id)
    told = await one.open(f"/orders/{orders[0]}")
    left = await one.send(told, f"/orders/{orders[0]}/cancel")
    assert left.status == 200, left.notices
    assert "还差 3 件成团" in (await own.open(page)).text
    desk = await own.open(f"/work{page}")
    gone = await own.send(desk, f"/work{page}/decision", {"verb": "cancel", "reason": "霜冻减产"})
    assert "已取消" in gone.text
    again = await own.send(desk, f"/work{page}/decision", {"verb": "cancel", "key": str(uuid4())})
    assert (again.status, "alert" in again.notices) == (412, True)
    await follow_group_buys(house["orders"].database)
    refunded = await two.open(f"/orders/{orders[1]}")
    assert "供应商取消团购，已退款" in refunded.text
    closed = await two.open(page)
    assert "这个团已经不能参加了" in closed.text
    await market.ensure_books_agree()


async def test_what_is_mistyped_is_said_and_nothing_is_lost(house: House, market: Market):
    own, pack, page = await offered(house, market, max_count="2", person_cap="1")
    refused = await own.fill(NEW, NEW, {"sku_id": pack.sku_id, "title": "再开一团", "price": "many"}, holding="title")
    assert (refused.status, refused.errors) == (422, {"price": "请检查这一项。"})
    assert refused.form(NEW, holding="title").values["title"] == ["再开一团"]
    dear = await own.send(
        refused,
        NEW,
        {"price": "99", "min_count": "2", "closes_on": business_day(utc_now()).isoformat()},
        holding="title",
    )
    assert (dear.status, dear.notices["alert"]) == (422, "团购价要低于单买价。")
    me, _ = await buyer(house, market)
    wrong = await join(me, page, "0")
    assert (wrong.status, wrong.errors) == (422, {"quantity": "请填 1 以上的件数。"})
    assert wrong.form(f"{page}/join").values["detail"] == [HOME["detail"]]
    capped = await join(me, page, "2")
    assert (capped.status, capped.notices["alert"]) == (409, "超过了每人限购。 还可以买 1 件。")
    assert (await Reader(house, me.person).open("/work/group-buys")).status == 403
    english = Reader(house, me.person, "en")
    assert "Join" in (await english.open(page)).text


async def test_a_county_asks_people_to_buy_and_it_counts(house: House, market: Market):
    pack = await market.pack(await market.supplier())
    desk = await desks.office(house, "agriculture")
    new = "/work/love-purchases/new"
    facts = {
        "sku_id": pack.sku_id,
        "reason": "香菇 <集中上市>",
        "source": "2026 年供需登记",
        "target_count": "three",
        "closes_on": (business_day(utc_now()) + timedelta(days=9)).isoformat(),
    }
    refused = await desk.fill(new, new, facts, holding="reason")
    assert (refused.status, refused.errors) == (422, {"target_count": "请检查这一项。"})
    made = await desk.send(refused, new, {"target_count": "3"}, holding="reason")
    assert made.notices["status"] == "已保存。", made.notices
    me, headers = await buyer(house, market)
    shown = await me.open(f"/love-purchase?county={FANGXIAN[:2]}")
    assert "香菇 <集中上市>" in shown.text
    assert "已帮销 0 / 目标 3 件" in shown.text
    cart = await me.send(shown, "/cart/lines", {"sku_id": pack.sku_id, "quantity": "3"})
    assert cart.status == 200
    bought = await market.buy(headers, (pack, 3))
    assert bought["mode"] == "LOVE_PURCHASE"
    after = await desk.open(made.url.path)
    assert "已售完" in after.text
    assert "已帮销 3 / 目标 3 件" in after.text
    assert pack.sku_id not in (await me.open("/love-purchase")).raw
    assert "香菇 <集中上市>" in (await desk.fetch("/work/love-purchases.csv")).text
    elsewhere = await desks.office(house, "agriculture", region="430726")
    assert (await elsewhere.open(made.url.path)).status == 404
    await house.drain("analytics")
    found = await market.figures(market.analyst, "quantity", by=["mode"], filters={"supplier": [pack.supplier_id]})
    assert "LOVE_PURCHASE" in str(found)
