"""Delivery tariffs and campaigns' holds on the running house: as a browser without JavaScript uses them."""

import re
from datetime import timedelta
from uuid import uuid4

from httpx2 import AsyncClient

from shared.clock import business_day, utc_now
from tests.e2e.house import House
from tests.e2e.market import Market
from tests.e2e.people import Person, member


async def send(browser: AsyncClient, me: Person, at: str, path: str, **fields: str) -> tuple[int, str]:
    """A form with the token of the page `at`; the status and the page that follows."""
    page = (await browser.get(at, headers=me.headers)).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    seen = {"revision": found[1]} if (found := re.search(r'name="revision" value="(\d+)"', page)) else {}
    data = {"csrf_token": token[1], "key": str(uuid4()), **seen, **fields}
    answer = await browser.post(path, data=data, headers=me.headers)
    if answer.status_code != 303:
        return answer.status_code, answer.text
    return 303, (await browser.get(answer.headers["location"], headers=me.headers)).text


async def test_a_supplier_keeps_its_own_tariffs_line_by_line(house: House):
    me, at = await member(house, "supplier", "admin"), "/work/delivery-tariffs"
    line = {"region_prefix": "42", "first_kg": "1.5", "first": "8", "step_kg": "1", "step": "2.50", "free_from": "99"}
    async with AsyncClient(base_url=house["gateway"].url, timeout=30) as browser:
        assert "还没有自己的运费" in (await browser.get(at, headers=me.headers)).text
        status, wrong = await send(browser, me, at, at, **{**line, "first": "8 元", "region_prefix": "4"})
        assert (status, wrong.count("请检查这一项。"), 'value="8 元"' in wrong) == (422, 2, True)
        status, saved = await send(browser, me, at, at, **line)
        assert (status, "¥8.00（1.5 kg 以内）" in saved, "¥2.50（每 1 kg）" in saved) == (303, True, True)
        assert "自己,,42,送,1.5,8.0," in (await browser.get(f"{at}.csv", headers=me.headers)).text
        edit = (await browser.get(f"{at}?line=%3A42", headers=me.headers)).text
        assert 'name="first" value="8"' in edit
        status, changed = await send(browser, me, at, at, **{**line, "first": "9"})
        assert (status, changed.count("kg 以内"), "¥9.00（1.5 kg 以内）" in changed) == (303, 1, True)
        for here, typed in ((at, {**line, "first": "7"}), (f"{at}/remove", {"line": ":42"})):
            status, late = await send(browser, me, at, here, **typed, revision="0")
            assert (status, "别人刚" in late, "¥9.00（1.5 kg 以内）" in late) == (412, True, True)
        status, unserved = await send(
            browser, me, at, at, **{**line, "region_prefix": "65", "not_served": "yes", "temperature_class": "FROZEN"}
        )
        assert (status, "不送这个地区</span>" in unserved) == (303, True)
        status, removed = await send(browser, me, at, f"{at}/remove", line=":42")
        assert (status, "¥9.00" in removed, "不送这个地区</span>" in removed) == (303, False, True)
        buyer = await member(house, "institution", "buyer")
        assert (await browser.get(at, headers=buyer.headers)).status_code == 403


async def test_a_supplier_sets_stock_aside_and_lets_it_go(house: House, market: Market):
    seller = await market.supplier()
    pack = await market.pack(seller)
    await house.drain("orders")
    operator, at = await member(house, "operator", "operator"), "/work/stock-holds"
    today = business_day(utc_now())
    wanted = {"title": "年货节", "lines": f"{pack.sku_id} 3", "until": str(today + timedelta(days=9))}
    async with AsyncClient(base_url=house["gateway"].url, timeout=30) as browser:
        status, wrong = await send(browser, operator, at, at, **{**wanted, "lines": "no-sku 3", "until": "x"})
        assert (status, "用空格隔开" in wrong, "请选今天以后的一天" in wrong) == (422, True, True)
        status, far = await send(browser, operator, at, at, **{**wanted, "until": str(today + timedelta(days=99))})
        assert (status, 'value="年货节"' in far) == (422, True)
        status, much = await send(browser, operator, at, at, **{**wanted, "lines": f"{pack.sku_id} 9999"})
        assert (status, 'role="alert"' in much) == (409, True)
        status, held = await send(browser, operator, at, at, **wanted)
        assert (status, "还留 3 件，共 3 件" in held) == (303, True)
        assert "年货节,占用中," in (await browser.get(f"{at}.csv?status=OPEN", headers=operator.headers)).text
        assert (await browser.get(f"{at}.xlsx", headers=operator.headers)).content.startswith(b"PK")
        verb = re.search(r'action="(/work/stock-holds/[0-9a-f-]{36})/extend"', held)
        assert verb is not None
        status, later = await send(browser, operator, at, f"{verb[1]}/extend", until=str(today + timedelta(days=20)))
        assert (status, "截止日已改" in later) == (303, True)
        status, gone = await send(browser, operator, at, f"{verb[1]}/release")
        assert (status, "还留 0 件，共 3 件" in gone, "已放回" in gone) == (303, True, True)
        status, again = await send(browser, operator, at, f"{verb[1]}/release")
        assert (status, 'role="alert"' in again) == (409, True)
