"""A browser without an account fills a cart, signs in, and finds everything at the checkout: on the running house."""

import asyncio
import re
from uuid import uuid4

from httpx2 import AsyncClient, Response

from tests.e2e.house import House
from tests.e2e.market import Market, Pack
from tests.e2e.people import PASSWORD

OWN = {"sec-fetch-site": "same-origin", "accept": "text/html"}


async def send(browser: AsyncClient, at: str, path: str, **fields: str) -> Response:
    """A form with the token of the page `at`; the answer, redirects not followed."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', (await browser.get(at, headers=OWN)).text)
    assert token is not None
    return await browser.post(path, data={"csrf_token": token[1], **fields}, headers=OWN)


async def follow(browser: AsyncClient, answer: Response) -> Response:
    """Where the answer leads in the end."""
    while answer.status_code == 303:
        answer = await browser.get(answer.headers["location"], headers=OWN)
    return answer


def quantities(text: str) -> dict[str, int]:
    """What the cart's page holds."""
    found = re.findall(r'id="quantity-([0-9a-f-]{36})" value="(\d+)"', text)
    return {sku_id: int(quantity) for sku_id, quantity in found}


async def filled(house: House, market: Market, browser: AsyncClient, *wanted: int) -> list[Pack]:
    """So many packs of new SKUs put into the cart as anybody."""
    packs = [await market.pack(await market.supplier()) for _ in wanted]
    await house.drain("orders")
    for pack, quantity in zip(packs, wanted, strict=True):
        answer = await send(browser, "/sign-in", "/cart/lines", sku_id=str(pack.sku_id), quantity=str(quantity))
        assert (answer.status_code, answer.headers["location"]) == (303, "/cart?done=added")
    return packs


async def test_a_guest_fills_a_cart_signs_up_at_the_checkout_and_goes_on_there(house: House, market: Market):
    async with AsyncClient(base_url=house["gateway"].url) as browser:
        one, two = await filled(house, market, browser, 2, 1)
        cart = await browser.get("/cart", headers=OWN)
        assert quantities(cart.text) == {str(one.sku_id): 2, str(two.sku_id): 1}
        await send(browser, "/cart", f"/cart/lines/{two.sku_id}", quantity="3")
        removed = await follow(browser, await send(browser, "/cart", f"/cart/lines/{one.sku_id}/remove"))
        assert quantities(removed.text) == {str(two.sku_id): 3}
        asked = await browser.get("/checkout", headers=OWN)
        assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2Fcheckout")
        form = await browser.get("/sign-up?next=%2Fcheckout", headers=OWN)
        assert "您购物车里的商品都在" in form.text
        person = {"display_name": "小梅", "email": f"{uuid4().hex}@example.com", "password": PASSWORD}
        entered = await send(browser, "/sign-up", "/sign-up", **person, next="/checkout")
        checkout = await follow(browser, entered)
        assert str(checkout.url).endswith("/checkout")
        assert re.findall(r'name="line" value="([^"]+)"', checkout.text) == [f"{two.sku_id}:3"]
        assert "zn_guest" not in browser.cookies
        assert quantities((await browser.get("/cart", headers=OWN)).text) == {str(two.sku_id): 3}


async def test_two_tabs_that_sign_in_at_once_double_nothing_and_another_browser_sees_nothing(
    house: House, market: Market
):
    person = {"display_name": "小梅", "email": f"{uuid4().hex}@example.com", "password": PASSWORD}
    async with AsyncClient(base_url=house["gateway"].url) as home:
        await follow(home, await send(home, "/sign-up", "/sign-up", **person, next="/"))
    async with AsyncClient(base_url=house["gateway"].url) as browser:
        [pack] = await filled(house, market, browser, 2)
        guest = browser.cookies["zn_guest"]
        signing = {"identifier": person["email"], "password": PASSWORD, "next": "/cart"}
        assert (await send(browser, "/sign-in", "/sign-in", **signing)).status_code == 303
        own = f"zn_session={browser.cookies['zn_session']}; zn_guest={guest}"
        async with AsyncClient(base_url=house["gateway"].url) as tabs:
            pages = ["/welcome?next=/cart", "/cart", "/checkout"] * 3
            await asyncio.gather(*(tabs.get(each, headers={**OWN, "cookie": own}) for each in pages))
            shown = await tabs.get("/cart", headers={**OWN, "cookie": own})
            assert quantities(shown.text) == {str(pack.sku_id): 2}
    async with AsyncClient(base_url=house["gateway"].url) as stranger:
        assert quantities((await stranger.get("/cart", headers=OWN)).text) == {}
