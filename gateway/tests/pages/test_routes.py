"""The pages' routes on the real gateway while no service answers: signing in and up, languages, failures, headers."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from httpx2 import AsyncClient

from gateway.app import service
from gateway.pages.shell import CONTENT_SECURITY_POLICY
from shared.db import Database
from shared.testing import ServiceFixtures

PASSWORD = "香菇炖鸡要小火慢炖 2026"
NOWHERE = "http://127.0.0.1:9"
SILENT = dict.fromkeys(("catalog", "orders", "logistics", "analytics"), NOWHERE)


@pytest_asyncio.fixture
async def shop(fresh_database: Database, master_key: str) -> AsyncIterator[FastAPI]:
    app = ServiceFixtures(service, master_key=master_key, upstreams=SILENT).create(fresh_database.url)
    for hook in service.on_start:
        await hook(app)
    yield app
    for hook in service.on_stop:
        await hook(app)
    await app.state.database.dispose()


@pytest_asyncio.fixture
async def browser(shop: FastAPI) -> AsyncIterator[AsyncClient]:
    headers = {"sec-fetch-site": "same-origin", "accept": "text/html,*/*", "accept-language": "zh-CN"}
    transport = httpx2.ASGITransport(app=shop, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test", headers=headers) as own:
        yield own


async def token_on(browser: AsyncClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', (await browser.get(path)).text)
    assert found is not None
    return found[1]


async def sign_up(browser: AsyncClient, **fields: str) -> httpx2.Response:
    form = {"display_name": "小美", "email": "xiaomei@example.com", "password": PASSWORD, "next": "/orders", **fields}
    return await browser.post("/sign-up", data={"csrf_token": await token_on(browser, "/sign-up"), **form})


async def test_a_page_says_what_the_browser_may_load(browser: AsyncClient):
    answer = await browser.get("/sign-in")
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_the_address_chooses_the_language_and_the_browser_remembers(browser: AsyncClient):
    assert '<html lang="zh-CN">' in (await browser.get("/sign-in")).text
    chosen = await browser.get("/sign-in?lang=en")
    assert '<html lang="en">' in chosen.text
    assert browser.cookies["zn_language"] == "en"
    assert '<html lang="en">' in (await browser.get("/sign-in")).text
    assert 'href="/sign-in?lang=zh"' in chosen.text
    assert "set-cookie" not in (await browser.get("/sign-in?lang=fr")).headers


async def test_the_browsers_own_language_comes_first(browser: AsyncClient):
    answer = await browser.get("/sign-in", headers={"accept-language": "fr, en;q=0.8, zh;q=0.2"})
    assert '<html lang="en">' in answer.text


async def test_who_signs_up_goes_on_to_where_they_wanted_to_be(browser: AsyncClient):
    entered = await sign_up(browser)
    assert (entered.status_code, entered.headers["location"]) == (303, "/welcome?next=/orders")
    welcomed = await browser.get("/welcome?next=/orders")
    assert (welcomed.status_code, welcomed.headers["location"]) == (303, "/orders")
    account = await browser.get("/account")
    assert account.status_code == 200
    assert "小美" in account.text


async def test_a_sign_in_never_leads_to_another_site(browser: AsyncClient):
    await sign_up(browser)
    answer = await browser.get("/sign-in?next=//evil.example")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_a_wrong_password_keeps_the_name_and_tells_nothing_else(browser: AsyncClient):
    form = {"csrf_token": await token_on(browser, "/sign-in"), "identifier": "nobody@example.com", "password": "wrong"}
    refused = await browser.post("/sign-in", data=form)
    assert refused.status_code == 401
    assert 'value="nobody@example.com"' in refused.text
    assert "账户或密码不对" in refused.text
    assert "wrong" not in refused.text


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"password": "short"}, "password", "密码太弱"),
        ({"email": "not-an-address"}, "email", "邮箱格式不对"),
        ({"email": "", "phone": "12"}, "phone", "手机号格式不对"),
    ],
)
async def test_a_refused_sign_up_says_so_beside_the_field(
    browser: AsyncClient, markup: Any, fields: dict[str, str], field: str, told: str
):
    refused = await sign_up(browser, **fields)
    assert refused.status_code == 422
    page = markup(refused.text)
    (at_fault,) = page.find("input", id=field)
    assert at_fault.attributes["aria-invalid"] == "true"
    note = next(each for each in page.elements if each.attributes.get("id") == at_fault.attributes["aria-describedby"])
    assert told in note.text
    assert page.find("input", id="display_name")[0].attributes["value"] == "小美"


async def test_a_form_without_its_token_changes_nothing_and_has_a_way_back(browser: AsyncClient):
    refused = await browser.post("/sign-in", data={"identifier": "a", "password": "b"})
    assert refused.status_code == 403
    assert "表单过期了" in refused.text


@pytest.mark.parametrize("path", ["/checkout", "/orders", "/account", "/dashboard", "/desk?status=PENDING", "/work"])
async def test_pages_of_ones_own_ask_to_sign_in_and_come_back(browser: AsyncClient, path: str):
    answer = await browser.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sign-in?next={httpx2.QueryParams({'n': path})!s}".replace(
        "next=n=", "next="
    )


async def test_htmx_is_sent_to_the_whole_sign_in_page(browser: AsyncClient):
    order = "0192a1b2-0000-7000-8000-000000000001"
    answer = await browser.get(f"/orders/{order}/pay/state", headers={"hx-request": "true"})
    assert answer.status_code == 204
    assert answer.headers["hx-redirect"].startswith("/sign-in?next=")


async def test_a_cart_needs_no_account_and_a_browser_without_one_has_an_empty_cart(browser: AsyncClient):
    shown = await browser.get("/cart")
    assert (shown.status_code, "购物车是空的" in shown.text) == (200, True)
    assert "zn_guest" not in browser.cookies
    form = {"csrf_token": await token_on(browser, "/sign-in"), "quantity": "2"}
    odd = await browser.post("/cart/lines", data={**form, "sku_id": "nonsense"})
    assert odd.status_code == 422
    assert "zn_guest" not in browser.cookies


async def test_a_guest_cookie_that_we_did_not_make_is_nobodys(browser: AsyncClient):
    form = {"csrf_token": await token_on(browser, "/sign-in"), "sku_id": "0192a1b2-0000-7000-8000-000000000001"}
    assert (await browser.post("/cart/lines", data=form)).status_code == 503
    value = browser.cookies["zn_guest"]
    assert (await browser.get("/cart")).status_code == 503  # its cart is asked for
    altered = ("1" if value[0] == "0" else "0") + value[1:]
    for wrong in (altered, value[:-1], value.partition(".")[0], "a.b", ""):
        shown = await browser.get("/cart", headers={"cookie": f"zn_guest={wrong}"})
        assert (shown.status_code, "购物车是空的" in shown.text) == (200, True)


@pytest.mark.parametrize("path", ["/", "/products", "/products?q=香菇"])
async def test_a_silent_service_is_a_designed_page_that_can_be_tried_again(browser: AsyncClient, path: str):
    answer = await browser.get(path)
    assert answer.status_code == 503
    assert "暂时连不上" in answer.text
    assert "再试一次" in answer.text


async def test_a_page_that_is_not_there_has_a_next_step(browser: AsyncClient):
    answer = await browser.get("/no-such-page?lang=en")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert 'href="/products"' in answer.text
    strange = await browser.get("/products/not-a-product")
    assert strange.status_code in {404, 422}
    assert strange.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(("path", "told"), [("/desk", "发货台只给供应商用"), ("/dashboard", "销售分析只给")])
async def test_pages_of_other_trades_say_whose_they_are(browser: AsyncClient, path: str, told: str):
    await sign_up(browser)
    answer = await browser.get(path)
    assert answer.status_code == 403
    assert told in answer.text


async def test_other_sessions_are_signed_out_and_this_one_stays(browser: AsyncClient, shop: FastAPI):
    await sign_up(browser)
    transport = httpx2.ASGITransport(app=shop)
    async with AsyncClient(transport=transport, base_url="http://test", headers=browser.headers) as other:
        form = {"csrf_token": await token_on(other, "/sign-in"), "identifier": "xiaomei@example.com"}
        assert (await other.post("/sign-in", data={**form, "password": PASSWORD})).status_code == 303
        assert (await other.get("/account")).status_code == 200
        done = await browser.post("/account/sessions/others", data={"csrf_token": await token_on(browser, "/account")})
        assert done.headers["location"] == "/account?done=others"
        assert (await other.get("/account")).status_code == 303
    assert (await browser.get("/account")).status_code == 200


async def test_signing_out_ends_the_session_and_empties_the_carts_sign(browser: AsyncClient):
    await sign_up(browser)
    browser.cookies.set("zn_cart_count", "4", domain="test.local")
    out = await browser.post("/sign-out", data={"csrf_token": await token_on(browser, "/account")})
    assert (out.status_code, out.headers["location"]) == (303, "/")
    assert any(value.startswith("zn_cart_count=0") for value in out.headers.get_list("set-cookie"))
    assert (await browser.get("/account")).status_code == 303


async def test_a_changed_password_needs_the_present_one(browser: AsyncClient):
    await sign_up(browser)
    form = {"csrf_token": await token_on(browser, "/account"), "current": "wrong", "new": "另一个又长又好记的密码"}
    refused = await browser.post("/account/password", data=form)
    assert refused.status_code == 403
    assert "现在的密码不对" in refused.text
    done = await browser.post("/account/password", data={**form, "current": PASSWORD})
    assert done.headers["location"] == "/account?done=password"


async def test_who_has_no_work_pages_is_told_so_and_sees_no_link_to_them(browser: AsyncClient):
    await sign_up(browser)
    refused = await browser.get("/work")
    assert refused.status_code == 403
    assert "这一页不给您现在的身份用" in refused.text
    assert 'href="/work"' not in refused.text


async def test_a_supplier_is_led_to_the_desk_by_one_link(browser: AsyncClient):
    await sign_up(browser)
    headers = {"x-csrf-token": (await browser.get("/v1/me")).json()["csrf_token"], "idempotency-key": "f" * 32}
    supplier = {"kind": "supplier", "name": "阜平枣花沟", "name_en": "Fuping Zaohuagou"}
    founded = await browser.post("/v1/organisations", json=supplier, headers=headers)
    assert founded.status_code == 201
    chosen = {"organisation_id": founded.json()["organisation_id"]}
    assert (await browser.put("/v1/me/organisation", json=chosen, headers=headers)).status_code == 204
    assert 'href="/work"' in (await browser.get("/account")).text
    led = await browser.get("/work")
    assert (led.status_code, led.headers["location"]) == (303, "/desk")
