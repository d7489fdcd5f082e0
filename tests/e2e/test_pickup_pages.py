"""The pages of pickup points on the running house: who keeps a county's points, and who only looks."""

import re
from typing import Any
from uuid import uuid4

from httpx2 import AsyncClient

from tests.e2e.house import House
from tests.e2e.people import Person, member

POINT = {
    "county_code": "房县 湖北省 十堰市 420325",
    "address": "军店镇下店子村12号",
    "open_hours": "每天 8:00–19:00",
    "phone": "0719-3220000",
    "storages": ["CHILLED"],
    "services": ["RETURNS", "nonsense"],
    "capacity": "80",
}
PATH = "/work/pickup-points"


async def send(browser: AsyncClient, me: Person, path: str, **fields: Any) -> tuple[int, str]:
    """A form as the page sends it; the status, and the page that follows."""
    shown = await browser.get("/account/addresses/new", headers=me.headers)
    token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
    assert token is not None
    form = {"csrf_token": token[1], "key": str(uuid4()), **fields}
    answer = await browser.post(path, data=form, headers=me.headers)
    if answer.status_code != 303:
        return answer.status_code, answer.text
    return 303, (await browser.get(answer.headers["location"], headers=me.headers)).text


async def test_an_official_of_the_county_opens_changes_and_closes_a_point(house: House):
    me = await member(house, "official", "assistance", regions=("420325",))
    name = f"服务站{uuid4().hex[:6]}"
    async with AsyncClient(base_url=house["gateway"].url, timeout=30) as browser:
        empty = (await browser.get(f"{PATH}/new", headers=me.headers)).text
        assert 'value="房县 湖北省 十堰市 420325"' in empty
        status, wrong = await send(browser, me, f"{PATH}/new", **{**POINT, "phone": "call", "capacity": "x"}, name=name)
        assert (status, wrong.count("field-error") >= 2, f'value="{name}"' in wrong) == (422, True, True)
        status, shown = await send(browser, me, f"{PATH}/new", **POINT, name=name)
        assert (status, "自提点已保存" in shown, "冷藏" in shown) == (303, True, True)
        point_id = re.findall(r"/work/pickup-points/([0-9a-f-]{36})/decision", shown)[0]
        status, same = await send(browser, me, f"{PATH}/new", **POINT, name=name)
        assert (status, "这个县已有同名的自提点" in same) == (409, True)
        changed = {**POINT, "name": name, "open_hours": "每天 9:00–18:00"}
        status, shown = await send(browser, me, f"{PATH}/{point_id}", **changed, revision="1")
        assert (status, "每天 9:00–18:00" in shown) == (303, True)
        status, stale = await send(browser, me, f"{PATH}/{point_id}", **changed, revision="1")
        assert (status, 'role="alert"' in stale) == (412, True)
        status, shown = await send(
            browser, me, f"{PATH}/{point_id}/decision", verb="close", reason="春节歇业", revision="2"
        )
        assert (status, "状态已更改" in shown, "春节歇业" in shown) == (303, True, True)
        status, again = await send(
            browser, me, f"{PATH}/{point_id}/decision", verb="close", reason="再关", revision="3"
        )
        assert (status, "它的状态刚变过" in again) == (409, True)
        status, _ = await send(browser, me, f"{PATH}/{point_id}/decision", verb="explode", reason="x", revision="3")
        assert status == 404
        found = (await browser.get(PATH, params={"q": name, "status": "CLOSED"}, headers=me.headers)).text
        assert f"{PATH}/{point_id}" in found
        none = (await browser.get(PATH, params={"q": name, "status": "OPEN"}, headers=me.headers)).text
        assert "没有符合的自提点" in none
        file = await browser.get(f"{PATH}.csv", params={"q": name}, headers=me.headers)
        assert name in file.content.decode("utf-8-sig")
        assert (await browser.get(f"{PATH}.xlsx", headers=me.headers)).content[:2] == b"PK"
        english = (await browser.get(f"{PATH}/{point_id}?lang=en", headers=me.headers)).text
        assert "Open again" in english


async def test_others_look_and_buyers_have_no_such_page(house: House):
    keeper = await member(house, "official", "agriculture", regions=("420325",))
    looker = await member(house, "official", "officer", regions=("420325",))
    buyer = await member(house, "institution", "buyer")
    name = f"服务站{uuid4().hex[:6]}"
    async with AsyncClient(base_url=house["gateway"].url, timeout=30) as browser:
        _, shown = await send(browser, keeper, f"{PATH}/new", **POINT, name=name)
        point_id = re.findall(r"/work/pickup-points/([0-9a-f-]{36})/decision", shown)[0]
        seen = (await browser.get(f"{PATH}/{point_id}", headers=looker.headers)).text
        assert name in seen
        assert '<form method="post" action="/work/pickup-points' not in seen
        assert f'href="{PATH}/new"' not in (await browser.get(PATH, headers=looker.headers)).text
        status, told = await send(browser, looker, f"{PATH}/new", **POINT, name=f"{name}2")
        assert (status, 'role="alert"' in told) == (403, True)
        refused = await browser.get(PATH, headers={**buyer.headers, "accept": "text/html"})
        assert refused.status_code == 403
