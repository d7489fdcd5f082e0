"""The checkout's further choices on the running house: a pickup point, an invoice, and pieces kept for some minutes."""

import re
from typing import Any
from uuid import uuid4

from httpx2 import AsyncClient

from tests.e2e.house import House
from tests.e2e.market import Market
from tests.e2e.people import Person, member

FANGXIAN = {"province": "420000", "city": "420300", "county": "420325"}
WHO = {"recipient": "王小梅", "phone": "13800000000"}
POINT = {
    "county_code": "420325",
    "name": "军店镇村级服务站",
    "address": "军店镇下店子村12号",
    "open_hours": "每天 8:00–19:00",
    "phone": "0719-3220000",
    "storages": ["CHILLED"],
    "capacity": 80,
}
COMPANY = {
    "invoice": "new",
    "invoice_kind": "ENTERPRISE",
    "invoice_name": "示范食品有限公司",
    "invoice_email": "tax@example.com",
}


async def send(browser: AsyncClient, me: Person, path: str, **fields: Any) -> tuple[int, str]:
    """A form as the page sends it; the status, and the page that follows."""
    shown = await browser.get("/account/invoices/new", headers=me.headers)
    token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
    assert token is not None
    form = {"csrf_token": token[1], "key": str(uuid4()), **fields}
    answer = await browser.post(path, data=form, headers=me.headers)
    if answer.status_code != 303:
        return answer.status_code, answer.text
    return 303, (await browser.get(answer.headers["location"], headers=me.headers)).text


async def opened_point(house: House, browser: AsyncClient) -> str:
    """A point that an official of the county opens, known to orders."""
    keeper = await member(house, "official", "agriculture", regions=("420325",))
    headers = {**keeper.headers, "idempotency-key": str(uuid4())}
    point = {**POINT, "name": f"服务站{uuid4().hex[:6]}"}
    made = await browser.post("/api/logistics/v1/pickup-points", json=point, headers=headers)
    assert made.status_code == 201, made.text
    await house.drain("orders")
    found: str = made.json()["pickup_point_id"]
    return found


def shown_sum(text: str) -> dict[str, str]:
    """What the form holds of the cart."""
    line = re.findall(r'name="line" value="([^"]+)"', text)[0]
    seen = re.findall(r'name="seen_payable_fen" value="([^"]+)"', text)[0]
    return {"line": line, "seen_payable_fen": seen}


async def test_an_order_goes_to_a_pickup_point_with_an_invoice_that_may_be_changed(house: House, market: Market):
    me = await member(house, "institution", "buyer")
    pack = await market.pack(await market.supplier())
    await house.drain("orders")
    async with AsyncClient(base_url=house["gateway"].url, timeout=30) as browser:
        point_id = await opened_point(house, browser)
        assert (await send(browser, me, "/cart/lines", quantity="1", sku_id=str(pack.sku_id)))[0] == 303
        status, shown = await send(browser, me, "/checkout", **WHO, **FANGXIAN, do="reprice")
        assert (status, f'value="{point_id}"' in shown) == (200, True)
        form = {**WHO, **FANGXIAN, **shown_sum(shown), "point": point_id, "do": "place"}
        status, wrong = await send(browser, me, "/checkout", **form, **COMPANY, taxpayer_id="91350100M000100Y44")
        assert (status, "纳税人识别号不对" in wrong) == (422, True)
        assert 'value="示范食品有限公司"' in wrong
        assert f'value="{point_id}" checked' in wrong
        whole = {**form, **COMPANY, "taxpayer_id": "91350100M000100Y43", "keep_invoice": "yes"}
        status, pay = await send(browser, me, "/checkout", **whole)
        assert status == 303, pay
        book = (await browser.get("/account/invoices", headers=me.headers)).text
        assert "示范食品有限公司 · 企业 · 91350100M000100Y43" in book
        [order] = (await browser.get("/api/orders/v1/orders", headers=me.headers)).json()["items"]
        at = f"/orders/{order['order_id']}"
        page = (await browser.get(at, headers=me.headers)).text
        assert "军店镇下店子村12号" in page
        assert "自提点" in page
        assert "91350100M000100Y43" in page
        edit = (await browser.get(f"{at}/invoice", headers=me.headers)).text
        changed = {"kind": "PERSONAL", "name": "王小梅", "email": "me@example.com", "taxpayer_id": "x"}
        revision = re.findall(r'name="revision" value="(\d+)"', edit)[0]
        status, after = await send(browser, me, f"{at}/invoice", **changed, revision=revision)
        assert (status, "王小梅 · 个人" in after, "发票抬头已更改" in after) == (303, True, True)
        status, stale = await send(browser, me, f"{at}/invoice", **changed, revision=revision)
        assert (status, 'role="alert"' in stale, 'value="王小梅"' in stale) == (412, True, True)


async def test_pieces_are_kept_at_the_checkout_and_let_go(house: House, market: Market):
    me, other = await member(house, "institution", "buyer"), await member(house, "institution", "buyer")
    pack = await market.pack(await market.supplier(), stock=2)
    await house.drain("orders")
    async with AsyncClient(base_url=house["gateway"].url, timeout=30) as browser:
        for person in (me, other):
            await send(browser, person, "/cart/lines", quantity="2", sku_id=str(pack.sku_id))
        typed = {**WHO, **FANGXIAN, "detail": "军店2号"}
        status, kept = await send(browser, me, "/checkout", **typed, do="keep")
        assert (status, "货已替您留到" in kept, 'value="军店2号"' in kept) == (200, True, True)
        cart = (await browser.get("/cart", headers=other.headers)).text
        assert "已售完" in cart
        status, gone = await send(browser, me, "/checkout", **typed, do="let-go")
        assert (status, "先替我留货" in gone) == (200, True)
        status, again = await send(browser, me, "/checkout", **typed, do="keep")
        assert (status, "刚替您留过一次" in again) == (409, True)
        status, english = await send(browser, me, "/checkout?lang=en", **typed, do="keep")
        assert (status, "a short while ago" in english) == (409, True)


async def test_the_book_of_titles_is_kept_by_its_pages(house: House):
    me = await member(house, "institution", "buyer")
    async with AsyncClient(base_url=house["gateway"].url, timeout=30) as browser:
        assert "还没有发票抬头" in (await browser.get("/account/invoices", headers=me.headers)).text
        title = {"kind": "UNIT", "name": "示范小学", "email": "school@example.com"}
        status, wrong = await send(browser, me, "/account/invoices", **title, taxpayer_id="123")
        assert (status, "纳税人识别号不对" in wrong, 'value="示范小学"' in wrong) == (422, True, True)
        status, shown = await send(browser, me, "/account/invoices", **title)
        assert (status, "示范小学 · 单位" in shown) == (303, True)
        title_id = re.findall(r"/account/invoices/([0-9a-f-]{36})", shown)[0]
        edit = (await browser.get(f"/account/invoices/{title_id}", headers=me.headers)).text
        assert 'value="示范小学"' in edit
        status, shown = await send(
            browser, me, "/account/invoices", **{**title, "name": "示范中学"}, title_id=title_id, revision="1"
        )
        assert (status, "示范中学 · 单位" in shown) == (303, True)
        status, _ = await send(browser, me, "/account/invoices", **title, title_id="nonsense", revision="1")
        assert status == 404
        status, shown = await send(browser, me, f"/account/invoices/{title_id}/remove")
        assert (status, "还没有发票抬头" in shown) == (303, True)
        assert (await browser.get(f"/account/invoices/{uuid4()}", headers=me.headers)).status_code == 404
        assert "No invoice title yet" in (await browser.get("/account/invoices?lang=en", headers=me.headers)).text
