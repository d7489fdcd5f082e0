"""Points and coupons on the running house: as a browser without JavaScript uses them."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

from httpx2 import AsyncClient

from orders.promotion import actions as promotion_actions
from services.orders.tests.point.point_factories import person_with
from services.orders.tests.promotion.promotion_factories import OPERATOR, running_promotion
from shared.clock import utc_now
from tests.e2e.house import House
from tests.e2e.market import Market
from tests.e2e.people import PASSWORD

OWN = {"sec-fetch-site": "same-origin", "accept": "text/html"}


async def signed_up(browser: AsyncClient) -> str:
    """A private person, signed in; the id."""
    body = {"display_name": "小梅", "password": PASSWORD, "email": f"{uuid4().hex[:12]}@example.com"}
    made = await browser.post("/v1/accounts", json=body, headers=OWN)
    assert made.status_code == 201, made.text
    return str((await browser.get("/v1/me", headers=OWN)).json()["person_id"])


async def send(browser: AsyncClient, at: str, path: str, **fields: str) -> tuple[int, str]:
    """A form with the token of the page `at`; the status and the page that follows."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', (await browser.get(at, headers=OWN)).text)
    assert token is not None
    answer = await browser.post(path, data={"csrf_token": token[1], "key": str(uuid4()), **fields}, headers=OWN)
    if answer.status_code != 303:
        return answer.status_code, answer.text
    return 303, (await browser.get(answer.headers["location"], headers=OWN)).text


async def test_points_are_shown_used_at_the_checkout_and_told_on_the_order(house: House, market: Market):
    pack = await market.pack(await market.supplier())
    await house.drain("orders")
    async with AsyncClient(base_url=house["gateway"].url, timeout=30) as browser:
        person_id = UUID(await signed_up(browser))
        empty = await browser.get("/account/points", headers=OWN)
        assert (empty.status_code, "还没有积分" in empty.text, "怎样得积分" in empty.text) == (200, True, True)
        async with house["orders"].database.begin() as db:
            _, first = await person_with(db, 300, person_id=person_id, now=utc_now() - timedelta(days=350))
            await person_with(db, 40, person_id=person_id, now=utc_now())
        shown = (await browser.get("/account/points", headers=OWN)).text
        assert "300 积分将在 30 天内到期" in shown
        assert f'href="/orders/{first.order_id}"' in shown
        assert "没有符合条件的明细" in (await browser.get("/account/points?kind=spent", headers=OWN)).text
        sheet = await browser.get("/account/points.csv?from_day=2020-01-01", headers=OWN)
        assert (sheet.status_code, len(sheet.text.splitlines())) == (200, 3)
        assert (await browser.get("/account/points.xlsx?to_day=x", headers=OWN)).content.startswith(b"PK")

        put = await send(browser, "/account", "/cart/lines", sku_id=str(pack.sku_id), quantity="1")
        assert put[0] == 303
        page = (await browser.get("/checkout", headers=OWN)).text
        assert "用 340 积分抵 ¥3.40" in page
        address = {"recipient": "王小梅", "phone": "13800000000", "detail": "望京街道1号", "province": "110000",
                   "city": "110105"}  # fmt: skip
        seen = dict(re.findall(r'name="(seen_payable_fen|line)" value="([^"]+)"', page))
        status, changed = await send(browser, "/checkout", "/checkout", **address, **seen, points="340", do="place")
        assert (status, "爱心卡积分" in changed) == (409, True)
        seen = dict(re.findall(r'name="(seen_payable_fen|line)" value="([^"]+)"', changed))
        assert 'name="points" value="340" checked' in changed
        status, pay = await send(browser, "/checkout", "/checkout", **address, **seen, points="340", do="place")
        assert status == 303, pay
        order_id = re.search(r"/orders/([0-9a-f-]{36})", pay)
        assert order_id is not None
        order = (await browser.get(f"/orders/{order_id[1]}", headers=OWN)).text
        assert "爱心卡积分" in order
        assert "3.40" in order
        spent = (await browser.get("/account/points?kind=spent", headers=OWN)).text
        assert "-300" in spent
        assert "-40" in spent


async def test_coupons_are_taken_with_a_code_or_without_and_wait_at_the_checkout(house: House):
    async with house["orders"].database.begin() as db:
        terms = {"from_fen": 100, "off_fen": 500}
        open_to_all = await running_promotion(
            db, "coupon", terms=terms, is_claimable=True, name="尝鲜券", now=utc_now()
        )
        coded = await running_promotion(db, "coupon", terms=terms, name="工会券", now=utc_now())
        code = f"GH{uuid4().hex[:8].upper()}"
        await promotion_actions.issue_coupons(
            db, promotion_id=coded.promotion_id, coupons=[(uuid4(), code)], caller=OPERATOR, now=utc_now()
        )
    async with AsyncClient(base_url=house["gateway"].url, timeout=30) as browser:
        await signed_up(browser)
        page = "/account/coupons"
        shown = (await browser.get(page, headers=OWN)).text
        assert "还没有可用的优惠券" in shown
        assert f'action="{page}/{open_to_all.promotion_id}"' in shown
        status, taken = await send(browser, page, f"{page}/{open_to_all.promotion_id}")
        assert (status, "优惠券已放进你的账户" in taken) == (303, True)
        assert f'action="{page}/{open_to_all.promotion_id}"' not in taken
        status, again = await send(browser, page, f"{page}/{open_to_all.promotion_id}")
        assert (status, 'role="alert"' in again) == (409, True)
        status, wrong = await send(browser, page, page, code="NICHTS99")
        assert (status, "没有这个券码" in wrong, 'value="NICHTS99"' in wrong) == (404, True, True)
        assert (await send(browser, page, page, code="x"))[0] == 422
        status, typed = await send(browser, page, page, code=f"{code[:4]}-{code[4:].lower()}")
        assert (status, typed.count("减 ¥5.00")) == (303, 2)
        status, used = await send(browser, page, page, code=code)
        assert (status, "这个券码已用过" in used) == (409, True)
