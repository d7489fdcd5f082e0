"""The operator keeps carriers and changes their secrets."""

import asyncio

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.carrier.rules import secret_key
from logistics.push import KeyRing
from logistics.vault import Vault
from services.logistics.tests.factories import CARRIER, KEY, Headers, push, with_carrier
from shared.db import Database
from shared.webhooks import secret_text

NEW_CARRIER = {"code": "post-demo", "name": "邮政示例", "name_en": "Post demo"}


@pytest.fixture
def operator(as_caller: Headers) -> dict[str, str]:
    return as_caller(kind="operator")


async def test_a_carrier_is_made_once_however_often_it_is_asked_for(
    client: httpx2.AsyncClient, operator: dict[str, str]
):
    headers = {**operator, "Idempotency-Key": "make-post"}
    first = await client.post("/v1/carriers", json=NEW_CARRIER, headers=headers)
    assert (first.status_code, first.json()["code"], first.json()["name"]) == (201, "post-demo", "邮政示例")
    again = await client.post("/v1/carriers", json=NEW_CARRIER, headers=headers)
    assert (again.status_code, again.headers["Idempotent-Replayed"], again.content) == (201, "true", first.content)
    other = await client.post("/v1/carriers", json=NEW_CARRIER, headers={**operator, "Idempotency-Key": "another"})
    assert (other.status_code, other.json()["code"]) == (409, "carrier-code-taken")
    listed = (await client.get("/v1/carriers", headers=operator)).json()["items"]
    assert [each["code"] for each in listed] == ["post-demo"]


async def test_a_secret_is_shown_once_kept_sealed_and_masked_ever_after(
    client: httpx2.AsyncClient, db: AsyncSession, operator: dict[str, str]
):
    await with_carrier(db)
    made = await client.post(f"/v1/carriers/{CARRIER}/secrets", headers=operator)
    assert made.status_code == 201
    secret = made.json()["secret"]
    listed = await client.get(f"/v1/carriers/{CARRIER}/secrets", headers=operator)
    assert [each["is_valid"] for each in listed.json()["items"]] == [True, True]
    assert secret not in listed.text
    assert "secret" not in listed.json()["items"][0]
    assert listed.json()["items"][0]["hint"] == f"whsec_…{secret[-5:]}"
    stored = [bytes(row.sealed) for row in await db.execute(text("SELECT sealed FROM carrier_secrets"))]
    assert all(secret_key(secret) not in each and KEY not in each for each in stored)


async def test_old_and_new_secrets_sign_until_the_old_one_ends(
    app: FastAPI, client: httpx2.AsyncClient, db: AsyncSession, operator: dict[str, str]
):
    await with_carrier(db)
    nothing = {"updates": [{"waybill_number": "SF0000", "status": "1", "occurred_at": "2026-11-22T12:00:00"}]}
    made = await client.post(f"/v1/carriers/{CARRIER}/secrets", json={"overlap_hours": 1}, headers=operator)
    new = secret_key(made.json()["secret"])
    assert (await push(client, "tracking", nothing)).status_code == 202
    assert (await push(client, "tracking", nothing, key=new)).status_code == 202
    await db.execute(
        text("""
            UPDATE carrier_secrets SET valid_from = now() - interval '2 h', valid_until = now() - interval '1 s'
            WHERE valid_until > now()
        """)
    )
    app.state.key_ring = KeyRing(app.state.vault)  # five seconds later
    assert (await push(client, "tracking", nothing)).status_code == 401
    assert (await push(client, "tracking", nothing, key=new)).status_code == 202


async def test_without_overlap_the_old_secret_ends_at_once_and_a_carrier_may_bring_its_own(
    client: httpx2.AsyncClient, db: AsyncSession, operator: dict[str, str]
):
    await with_carrier(db)
    own = secret_text(b"their own secret, thirty-two b.!")
    made = await client.post(
        f"/v1/carriers/{CARRIER}/secrets", json={"overlap_hours": 0, "secret": own}, headers=operator
    )
    assert (made.status_code, made.json()["secret"]) == (201, own)
    listed = (await client.get(f"/v1/carriers/{CARRIER}/secrets", headers=operator)).json()["items"]
    assert [each["is_valid"] for each in listed] == [True, False]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"overlap_hours": 169}, "validation"),
        ({"secret": "whsec_short"}, "secret-malformed"),
        ({"more": 1}, "validation"),
    ],
)
async def test_a_bad_rotation_is_refused_and_changes_nothing(
    client: httpx2.AsyncClient, db: AsyncSession, operator: dict[str, str], body: dict[str, object], code: str
):
    await with_carrier(db)
    answer = await client.post(f"/v1/carriers/{CARRIER}/secrets", json=body, headers=operator)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await db.scalar(text("SELECT count(*) FROM carrier_secrets WHERE valid_until IS NULL")) == 1


async def test_an_unknown_carrier_is_404(client: httpx2.AsyncClient, operator: dict[str, str]):
    for method in ("GET", "POST"):
        answer = await client.request(method, "/v1/carriers/nobody/secrets", headers=operator)
        assert (answer.status_code, answer.json()["code"]) == (404, "carrier-not-found")


@pytest.mark.parametrize("kind", ["consumer", "institution", "supplier", "carrier", "analyst", "official", "service"])
async def test_only_operators_keep_carriers(client: httpx2.AsyncClient, as_caller: Headers, kind: str):
    headers = {**as_caller(kind=kind), "Idempotency-Key": "k"}
    for method, path in [
        ("POST", "/v1/carriers"),
        ("GET", "/v1/carriers"),
        ("POST", "/v1/carriers/sf-demo/secrets"),
        ("GET", "/v1/carriers/sf-demo/secrets"),
    ]:
        body = NEW_CARRIER if (method, path) == ("POST", "/v1/carriers") else None
        if kind == "supplier" and (method, path) == ("GET", "/v1/carriers"):
            continue  # suppliers choose by whom they send
        answer = await client.request(method, path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "kind-not-allowed")
        assert (await client.request(method, path, json=body)).status_code == 401


async def test_a_supplier_sees_by_whom_it_may_send(client: httpx2.AsyncClient, as_caller: Headers):
    answer = await client.get("/v1/carriers", headers=as_caller(kind="supplier"))
    assert (answer.status_code, answer.json()["items"]) == (200, [])


async def test_of_rotations_at_once_one_secret_is_the_newest(
    live_client: httpx2.AsyncClient, fresh_database: Database, operator: dict[str, str]
):
    async with fresh_database.begin() as db:
        await with_carrier(db)
    made = await asyncio.gather(
        *(live_client.post(f"/v1/carriers/{CARRIER}/secrets", headers=operator) for _ in range(6))
    )
    assert {each.status_code for each in made} == {201}
    listed = (await live_client.get(f"/v1/carriers/{CARRIER}/secrets", headers=operator)).json()["items"]
    assert len(listed) == 7
    assert sum(each["valid_until"] is None for each in listed) == 1
    assert all(each["is_valid"] for each in listed)


async def test_a_secret_sealed_under_a_lost_key_signs_nothing_and_breaks_nothing(
    app: FastAPI, client: httpx2.AsyncClient, db: AsyncSession
):
    await with_carrier(db)
    kept = app.state.key_ring
    app.state.key_ring = KeyRing(Vault("another key than the one it was sealed with"))
    answer = await push(client, "tracking", {"updates": [1]})
    app.state.key_ring = kept
    assert (answer.status_code, answer.json()["code"]) == (401, "webhook-signature-invalid")
