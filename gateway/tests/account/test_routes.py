"""Signing up and one's own account, over HTTP."""

import asyncio

import pytest
from httpx2 import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import Database

PASSWORD = "香菇炖鸡要小火慢炖 2026"
ACCOUNT = {"display_name": "小梅", "email": " XiaoMei@Example.com ", "password": PASSWORD}


async def test_signing_up_signs_in(client: AsyncClient, db: AsyncSession):
    answer = await client.post("/v1/accounts", json=ACCOUNT)
    assert answer.status_code == 201, answer.text
    assert answer.json()["email"] == "xiaomei@example.com"
    assert "password" not in answer.text
    me = (await client.get("/v1/me")).json()
    assert (me["kind"], me["display_name"], me["via"], me["organisation"]) == ("consumer", "小梅", "session", None)
    kept = await db.scalar(text("SELECT password_hash FROM people"))
    assert kept is not None
    assert kept.startswith("$argon2id$")


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client: AsyncClient, db: AsyncSession):
    answer = await client.post("/v1/accounts", json=ACCOUNT)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("zn_session=zs_")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    secret = cookie.partition("=")[2].partition(";")[0]
    hashed = await db.scalar(text("SELECT token_hash FROM sessions"))
    assert secret.encode() not in hashed


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"email": "no address"}, "email-invalid", "email"),
        ({"email": None}, "contact-missing", "email"),
        ({"phone": "123"}, "phone-invalid", "phone"),
        ({"password": "1234567890"}, "password-weak", "password"),
        ({"display_name": "a\tb\x01"}, "name-missing", "display_name"),
        ({"display_name": ""}, "validation", "display_name"),
        ({"role": "operator"}, "validation", "role"),
    ],
)
async def test_a_wrong_sign_up_says_where(client: AsyncClient, db: AsyncSession, change: dict, code: str, field: str):
    answer = await client.post("/v1/accounts", json={**ACCOUNT, **change})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)
    assert await db.scalar(text("SELECT count(*) FROM people")) == 0


async def test_a_foreign_page_signs_nobody_up(client: AsyncClient):
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        answer = await client.post("/v1/accounts", json=ACCOUNT, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf-failed")


async def test_two_sign_ups_with_one_address_at_once_make_one_account(
    live_client: AsyncClient, fresh_database: Database
):
    answers = await asyncio.gather(*(live_client.post("/v1/accounts", json=ACCOUNT) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"email-taken"}
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM people")) == 1
        assert await db.scalar(text("SELECT count(*) FROM sessions")) == 1


async def test_an_account_is_edited_with_its_etag(client: AsyncClient):
    await client.post("/v1/accounts", json=ACCOUNT)
    client.headers["x-csrf-token"] = (await client.get("/v1/me")).json()["csrf_token"]
    etag = (await client.get("/v1/me/account")).headers["etag"]
    assert (await client.patch("/v1/me/account", json={"language": "en"})).status_code == 428
    changed = await client.patch("/v1/me/account", json={"language": "en"}, headers={"if-match": etag})
    assert (changed.status_code, changed.json()["language"]) == (200, "en")
    stale = await client.patch("/v1/me/account", json={"language": "zh"}, headers={"if-match": etag})
    assert stale.status_code == 412
    assert (await client.get("/v1/me")).json()["language"] == "en"


async def test_nobody_has_no_account(client: AsyncClient):
    for path in ("/v1/me", "/v1/me/account", "/v1/sessions", "/v1/api-keys"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
