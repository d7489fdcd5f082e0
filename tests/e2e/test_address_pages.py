"""The address book's pages on the running house: as a browser without JavaScript uses them."""

import re
from uuid import uuid4

from httpx2 import AsyncClient

from tests.e2e.house import House
from tests.e2e.market import Market
from tests.e2e.people import Person, member

HOME = {"recipient": "王小梅", "phone": "13800000000", "detail": "望京街道1号"}
CHAOYANG = {"province": "110000", "city": "110105"}
FANGXIAN = {"province": "420000", "city": "420300", "county": "420325"}


async def send(browser: AsyncClient, me: Person, path: str, **fields: str) -> tuple[int, str]:
    """A form as the page sends it; the status, and the page that follows."""
    shown = await browser.get("/account/addresses/new", headers=me.headers)
    token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
    assert token is not None
    form = {"csrf_token": token[1], "key": str(uuid4()), **fields}
    answer = await browser.post(path, data=form, headers=me.headers)
    if answer.status_code != 303:
        return answer.status_code, answer.text
    return 303, (await browser.get(answer.headers["location"], headers=me.headers)).text


def entries(text: str) -> list[str]:
    """The book's addresses as shown, blanks collapsed."""
    found = re.findall(r'<li class="panel stack">\s*<p>(.*?)</p>', text, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in found]


async def test_an_address_is_kept_changed_removed_and_brought_back(house: House):
    me = await member(house, "institution", "buyer")
    async with AsyncClient(base_url=house["gateway"].url) as browser:
        empty = await browser.get("/account/addresses", headers=me.headers)
        assert "还没有收货地址" in empty.text
        status, shown = await send(browser, me, "/account/addresses", **HOME, **CHAOYANG, do="save")
        assert (status, entries(shown)) == (303, ["王小梅 13800000000 默认 北京市 朝阳区 望京街道1号"])
        status, shown = await send(
            browser,
            me,
            "/account/addresses",
            **{**HOME, "detail": "军店2号"},
            **FANGXIAN,
            is_default="yes",
            do="save",
        )
        assert entries(shown)[0] == "王小梅 13800000000 默认 湖北省 十堰市 房县 军店2号"
        address_id = re.findall(r"/account/addresses/([0-9a-f-]{36})/default", shown)[0]
        edit = await browser.get(f"/account/addresses/{address_id}", headers=me.headers)
        assert 'value="望京街道1号"' in edit.text
        assert '<option value="110105" selected>' in edit.text
        changed = {"address_id": address_id, "revision": "1", **HOME, "detail": "望京街道9号", **CHAOYANG, "do": "save"}
        status, shown = await send(browser, me, "/account/addresses", **changed)
        assert (status, entries(shown)[1]) == (303, "王小梅 13800000000 北京市 朝阳区 望京街道9号")
        status, stale = await send(browser, me, "/account/addresses", **{**changed, "detail": "望京街道7号"})
        assert (status, 'value="望京街道7号"' in stale) == (412, True)
        assert 'role="alert"' in stale
        _, shown = await send(browser, me, f"/account/addresses/{address_id}/remove")
        assert len(entries(shown)) == 1
        assert f"/account/addresses/{address_id}/restore" in shown
        _, shown = await send(browser, me, f"/account/addresses/{address_id}/restore")
        assert len(entries(shown)) == 2
        assert "地址已恢复" in shown


async def test_what_is_missing_or_wrong_is_said_at_its_field_and_nothing_typed_is_lost(house: House):
    me = await member(house, "institution", "buyer")
    async with AsyncClient(base_url=house["gateway"].url) as browser:
        status, shown = await send(browser, me, "/account/addresses", recipient="王小梅", phone="", do="save")
        assert status == 422
        assert 'value="王小梅"' in shown
        assert shown.count("field-error") >= 3
        status, shown = await send(browser, me, "/account/addresses", **{**HOME, "phone": "call me"}, **CHAOYANG)
        assert (status, "请填完整的电话号码" in shown) == (422, True)
        status, shown = await send(browser, me, "/account/addresses", **HOME, province="420000", do="regions")
        assert (status, '<option value="420300"' in shown) == (200, True)
        status, _ = await send(browser, me, f"/account/addresses/{uuid4()}/explode")
        assert status == 404
        stranger = await browser.get(f"/account/addresses/{uuid4()}", headers=me.headers)
        assert stranger.status_code == 404
        english = await browser.get("/account/addresses?lang=en", headers=me.headers)
        assert "No address yet" in english.text


async def test_a_checkout_begins_with_the_default_and_keeps_a_new_address(house: House, market: Market):
    me = await member(house, "institution", "buyer")
    pack = await market.pack(await market.supplier())
    await house.drain("orders")
    async with AsyncClient(base_url=house["gateway"].url) as browser:
        put = {"quantity": "1", "sku_id": str(pack.sku_id)}
        status, _ = await send(browser, me, "/cart/lines", **put)
        assert status == 303
        empty = (await browser.get("/checkout", headers=me.headers)).text
        assert 'name="keep_address" value="yes" checked' in empty
        line = re.findall(r'name="line" value="([^"]+)"', empty)[0]
        seen = re.findall(r'name="seen_payable_fen" value="([^"]+)"', empty)[0]
        form = {**HOME, **CHAOYANG, "line": line, "seen_payable_fen": seen, "do": "place"}
        status, _ = await send(browser, me, "/checkout", **form, keep_address="yes")
        assert status == 303
        kept = await browser.get("/account/addresses", headers=me.headers)
        assert entries(kept.text) == ["王小梅 13800000000 默认 北京市 朝阳区 望京街道1号"]
        await send(browser, me, "/cart/lines", **put)
        again = (await browser.get("/checkout", headers=me.headers)).text
        assert '<option value="110105" selected>' in again
        assert 'value="望京街道1号"' in again
        assert 'name="keep_address" value="yes">' in again
        other = (await browser.get("/checkout?address=new", headers=me.headers)).text
        assert 'value="望京街道1号"' not in other
        assert 'href="/checkout?address=' in other
