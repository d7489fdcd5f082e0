"""What pages are given: visitors, forms, languages, error pages. Two small pages stand in for the real ones."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from httpx2 import AsyncClient

from gateway.app import service
from gateway.entrance import choose_organisation, forget, remember, sign_in, sign_out, sign_up
from gateway.session.rules import csrf_token_of
from gateway.visitor import CheckedForm, CsrfChecked, SignedIn, VisitorDep, safe_next, set_language
from shared.db import Database
from shared.testing import ServiceFixtures

PASSWORD = "香菇炖鸡要小火慢炖 2026"
router = APIRouter(include_in_schema=False)


@router.get("/probe")
async def probe(visitor: VisitorDep) -> dict[str, Any]:
    return {
        "kind": visitor.kind,
        "name": visitor.display_name,
        "language": visitor.language,
        "token": visitor.csrf_token,
        "is_signed_in": visitor.is_signed_in,
        "has_internal_token": visitor.internal_token is not None,
        "organisations": len(visitor.organisations),
    }


@router.get("/probe/page")
async def page(visitor: VisitorDep) -> HTMLResponse:
    return HTMLResponse(f"<p>{visitor.csrf_token}</p>")


@router.get("/probe/own")
async def own_page(visitor: SignedIn) -> dict[str, str]:
    return {"name": visitor.display_name}


@router.post("/probe/form")
async def take_form(form: CheckedForm) -> dict[str, str]:
    return {name: str(value) for name, value in form.items()}


@router.delete("/probe/thing", dependencies=[CsrfChecked])
async def delete_thing() -> dict[str, bool]:
    return {"is_gone": True}


@router.post("/probe/sign-up")
async def form_sign_up(request: Request, form: CheckedForm) -> Response:
    entered = await sign_up(
        request,
        display_name=str(form["display_name"]),
        password=PASSWORD,
        email=str(form["email"]),
        phone=None,
        language="zh",
    )
    response = RedirectResponse("/probe", 303)
    remember(response, request, entered)
    return response


@router.post("/probe/sign-in")
async def form_sign_in(request: Request, form: CheckedForm) -> Response:
    entered = await sign_in(request, identifier=str(form["identifier"]), password=PASSWORD)
    response = RedirectResponse("/probe", 303)
    remember(response, request, entered)
    return response


@router.post("/probe/sign-out")
async def form_sign_out(request: Request, _: CheckedForm, visitor: SignedIn) -> Response:
    await sign_out(request, visitor)
    response = RedirectResponse("/probe", 303)
    forget(response, request)
    return response


@router.post("/probe/private")
async def form_private(request: Request, _: CheckedForm, visitor: SignedIn) -> dict[str, bool]:
    await choose_organisation(request, visitor, None)
    return {"is_done": True}


@router.get("/probe/english")
async def english(request: Request) -> Response:
    response = Response()
    set_language(response, request, "en")
    return response


def probing(master_key: str, **settings: Any) -> ServiceFixtures:
    """The gateway with the small pages in it."""
    return ServiceFixtures(replace(service, routers=[*service.routers, router]), master_key=master_key, **settings)


@pytest_asyncio.fixture
async def probed(fresh_database: Database, master_key: str) -> AsyncIterator[FastAPI]:
    app = probing(master_key).create(fresh_database.url)
    for hook in service.on_start:
        await hook(app)
    yield app
    for hook in service.on_stop:
        await hook(app)
    await app.state.database.dispose()


@pytest_asyncio.fixture
async def browser(probed: FastAPI) -> AsyncIterator[AsyncClient]:
    transport = httpx2.ASGITransport(app=probed, raise_app_exceptions=False)
    headers = {"sec-fetch-site": "same-origin"}
    async with AsyncClient(transport=transport, base_url="http://test", headers=headers) as own:
        yield own


async def token(browser: AsyncClient) -> str:
    return str((await browser.get("/probe")).json()["token"])


async def test_anybody_is_a_visitor_with_a_token_of_their_own(browser: AsyncClient):
    answer = await browser.get("/probe/page")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("zn_visit=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert csrf_token_of(browser.cookies["zn_visit"]) in answer.text
    again = await browser.get("/probe/page")
    assert again.text == answer.text
    assert "set-cookie" not in again.headers
    told = (await browser.get("/probe")).json()
    assert (told["kind"], told["is_signed_in"], told["has_internal_token"]) == ("anonymous", False, False)


async def test_a_form_is_taken_with_its_token_only(browser: AsyncClient):
    right = await token(browser)
    taken = await browser.post("/probe/form", data={"a": "香菇", "csrf_token": right})
    assert (taken.status_code, taken.json()["a"]) == (200, "香菇")
    for data in ({"a": "1"}, {"a": "1", "csrf_token": "x" * 40}, {"a": "1", "csrf_token": "香菇"}):
        refused = await browser.post("/probe/form", data=data)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf-failed")
    foreign = await browser.post("/probe/form", data={"csrf_token": right}, headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403
    upload = await browser.post("/probe/form", data={"csrf_token": right}, files={"photo": ("a.txt", b"x")})
    assert upload.status_code == 200


async def test_a_token_of_another_visitor_is_none(browser: AsyncClient, probed: FastAPI):
    await token(browser)
    async with AsyncClient(transport=httpx2.ASGITransport(app=probed), base_url="http://test") as other:
        theirs = await token(other)
    refused = await browser.post("/probe/form", data={"csrf_token": theirs})
    assert refused.json()["code"] == "csrf-failed"


async def test_htmx_sends_the_token_as_a_header(browser: AsyncClient):
    right = await token(browser)
    assert (await browser.delete("/probe/thing", headers={"x-csrf-token": right})).json() == {"is_gone": True}
    del browser.headers["sec-fetch-site"]
    assert (await browser.delete("/probe/thing")).status_code == 403
    assert (await browser.delete("/probe/thing", headers={"x-csrf-token": right})).status_code == 200


async def test_signing_up_in_and_out_by_forms(browser: AsyncClient):
    form = {"display_name": "小梅", "email": "xiaomei@example.com", "csrf_token": await token(browser)}
    up = await browser.post("/probe/sign-up", data=form)
    assert (up.status_code, up.headers["location"]) == (303, "/probe")
    told = (await browser.get("/probe")).json()
    assert (told["kind"], told["name"], told["has_internal_token"]) == ("consumer", "小梅", True)
    assert told["token"] != form["csrf_token"], "the form token belongs to the session from now on"
    old = await browser.post("/probe/form", data={"csrf_token": form["csrf_token"]})
    assert old.status_code == 403
    out = await browser.post("/probe/sign-out", data={"csrf_token": told["token"]})
    assert out.status_code == 303
    assert (await browser.get("/probe")).json()["kind"] == "anonymous"
    again = {"identifier": "xiaomei@example.com", "csrf_token": await token(browser)}
    assert (await browser.post("/probe/sign-in", data=again)).status_code == 303
    assert (await browser.get("/probe")).json()["kind"] == "consumer"


async def test_a_page_for_signed_in_people_says_so(browser: AsyncClient):
    answer = await browser.get("/probe/own")
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-needed")


async def test_a_refusal_is_a_page_for_people_and_a_problem_for_programs(browser: AsyncClient):
    page_ = await browser.get("/no-such-page", headers={"accept": "text/html,*/*"})
    assert page_.status_code == 404
    assert page_.headers["content-type"].startswith("text/html")
    program = await browser.get("/no-such-page", headers={"accept": "application/json"})
    assert program.headers["content-type"] == "application/problem+json"
    api = await browser.get("/v1/me", headers={"accept": "text/html"})
    assert api.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("accept_language", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9", "en"),
        ("fr,en;q=0.5,zh;q=0.7", "zh"),
        ("fr", "zh"),
        ("", "zh"),
        ("en;q=nonsense,zh;q=0.1", "zh"),
        ("zh;q=0,en", "en"),
    ],
)
async def test_the_browser_s_language_is_followed(browser: AsyncClient, accept_language: str, language: str):
    told = (await browser.get("/probe", headers={"accept-language": accept_language})).json()
    assert told["language"] == language


async def test_a_chosen_language_stays(browser: AsyncClient):
    await browser.get("/probe/english")
    told = (await browser.get("/probe", headers={"accept-language": "zh-CN"})).json()
    assert told["language"] == "en"
    browser.cookies.set("zn_language", "xx")
    assert (await browser.get("/probe")).json()["language"] == "zh"


@pytest.mark.parametrize(
    ("path", "goes_to"),
    [
        ("/cart?a=1#b", "/cart?a=1#b"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("cart", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_after_signing_in_one_stays_with_us(path: str | None, goes_to: str):
    assert safe_next(path) == goes_to


async def test_pages_carry_safe_headers(browser: AsyncClient):
    answer = await browser.get("/probe/page")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_over_https_cookies_are_bound_to_this_host(fresh_database: Database, master_key: str):
    app = probing(master_key, public_url="https://shop.example").create(fresh_database.url)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://inside") as inside:
        cookie = (await inside.get("/probe")).headers["set-cookie"]
        assert cookie.startswith("__Host-zn_visit=")
        assert "Secure" in cookie
        value = cookie.partition("=")[2].partition(";")[0]
        own = {"cookie": f"__Host-zn_visit={value}", "origin": "https://shop.example"}
        form = {"csrf_token": csrf_token_of(value)}
        assert (await inside.post("/probe/form", data=form, headers=own)).status_code == 200
        foreign = {**own, "origin": "http://inside"}
        assert (await inside.post("/probe/form", data=form, headers=foreign)).status_code == 403
    await app.state.database.dispose()


async def test_a_caller_who_asks_too_often_waits(fresh_database: Database, master_key: str):
    app = probing(master_key, caller_rate=1.0, caller_burst=3.0).create(fresh_database.url)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test") as own:
        statuses = [(await own.get("/probe")).status_code for _ in range(4)]
        refused = await own.get("/probe")
    assert statuses == [200, 200, 200, 429]
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("too-many-requests", "1")
    await app.state.database.dispose()
