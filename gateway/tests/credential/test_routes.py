"""Keys, clients and access tokens, over HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio
from httpx2 import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import utc_now

PASSWORD = "香菇炖鸡要小火慢炖 2026"


@pytest_asyncio.fixture
async def person(client: AsyncClient) -> AsyncClient:
    """A signed-in private person."""
    await client.post("/v1/accounts", json={"display_name": "A", "email": "admin@example.com", "password": PASSWORD})
    client.headers["x-csrf-token"] = (await client.get("/v1/me")).json()["csrf_token"]
    return client


@pytest_asyncio.fixture
async def admin(person: AsyncClient) -> AsyncClient:
    """The same, acting for an organisation as its administrator."""
    body = {"kind": "supplier", "name": "合作社", "name_en": "Cooperative"}
    made = await person.post("/v1/organisations", json=body, headers={"idempotency-key": uuid4().hex})
    await person.put("/v1/me/organisation", json={"organisation_id": made.json()["organisation_id"]})
    return person


@pytest_asyncio.fixture
async def program(client: AsyncClient) -> AsyncIterator[AsyncClient]:
    """A program without cookies."""
    async with httpx2.AsyncClient(transport=client._transport, base_url="http://test") as own:
        yield own


async def made_key(owner: AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await owner.post("/v1/api-keys", json={"name": "till", "scopes": ["orders:read"], **changes})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def made_client(owner: AsyncClient, **changes: Any) -> dict[str, Any]:
    body = {"name": "ERP", "scopes": ["orders:read", "orders:write"], "roles": ["warehouse"], **changes}
    answer = await owner.post("/v1/oauth-clients", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_key_is_shown_once_and_kept_as_a_hash(admin: AsyncClient, db: AsyncSession):
    made = await made_key(admin)
    assert made["secret"].startswith("zn_")
    listed = (await admin.get("/v1/api-keys")).json()["items"]
    assert [each["key_id"] for each in listed] == [made["key"]["key_id"]]
    assert made["secret"] not in (await admin.get("/v1/api-keys")).text
    stored = (await db.execute(text("SELECT key_hash, prefix FROM api_keys"))).one()
    assert made["secret"].encode() not in stored.key_hash
    assert stored.prefix == made["secret"][:10]


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
async def test_a_program_acts_as_the_key_s_owner(admin: AsyncClient, program: AsyncClient, header: str):
    made = await made_key(admin)
    value = made["secret"] if header == "x-api-key" else f"Bearer {made['secret']}"
    known = (await program.get("/v1/me", headers={header: value})).json()
    mine = (await admin.get("/v1/me")).json()
    assert known["person_id"] == mine["person_id"]
    assert (known["via"], known["kind"], known["scopes"], known["csrf_token"]) == (
        "api-key",
        "supplier",
        ["orders:read"],
        None,
    )
    assert known["organisation"]["organisation_id"] == mine["organisation"]["organisation_id"]
    used = (await admin.get("/v1/api-keys")).json()["items"][0]["last_used_at"]
    assert used is not None


async def test_a_revoked_key_stops_at_once(admin: AsyncClient, program: AsyncClient):
    made = await made_key(admin)
    headers = {"authorization": f"Bearer {made['secret']}"}
    assert (await program.get("/v1/me", headers=headers)).status_code == 200
    for _ in range(2):
        assert (await admin.delete(f"/v1/api-keys/{made['key']['key_id']}")).status_code == 204
    refused = await program.get("/v1/me", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "token-invalid")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert (await admin.get("/v1/api-keys")).json()["items"][0]["revoked_at"] is not None


async def test_nobody_revokes_another_s_key(admin: AsyncClient, program: AsyncClient):
    made = await made_key(admin)
    await program.post("/v1/accounts", json={"display_name": "B", "email": "b@example.com", "password": PASSWORD})
    token = (await program.get("/v1/me")).json()["csrf_token"]
    refused = await program.delete(f"/v1/api-keys/{made['key']['key_id']}", headers={"x-csrf-token": token})
    assert (refused.status_code, refused.json()["code"]) == (404, "key-not-found")


async def test_a_key_past_its_end_is_none(admin: AsyncClient, program: AsyncClient, db: AsyncSession):
    past = await admin.post(
        "/v1/api-keys",
        json={"name": "x", "scopes": ["orders:read"], "expires_at": (utc_now() - timedelta(seconds=1)).isoformat()},
    )
    assert (past.status_code, past.json()["code"]) == (422, "expiry-past")
    made = await made_key(admin, expires_at=(utc_now() + timedelta(hours=1)).isoformat())
    await db.execute(text("UPDATE api_keys SET expires_at = now() - interval '1 second'"))
    await db.commit()
    refused = await program.get("/v1/me", headers={"x-api-key": made["secret"]})
    assert refused.status_code == 401


async def test_a_program_makes_no_keys_and_changes_no_passwords(admin: AsyncClient, program: AsyncClient):
    program.headers["x-api-key"] = (await made_key(admin))["secret"]
    attempts = [
        await program.post("/v1/api-keys", json={"name": "x", "scopes": ["orders:read"]}),
        await program.put("/v1/me/password", json={"current_password": PASSWORD, "new_password": PASSWORD}),
        await program.get("/v1/sessions"),
    ]
    assert {(each.status_code, each.json()["code"]) for each in attempts} == {(403, "session-needed")}


async def test_a_key_that_is_none_is_refused_even_where_nobody_may_ask(program: AsyncClient):
    for value in ("Bearer zn_" + "x" * 43, "Bearer zn_short", "Bearer", "Basic eDp5", "Bearer zs_" + "x" * 43, "香菇"):
        answer = await program.post(
            "/v1/sessions", json={"identifier": "x", "password": "y"}, headers={"authorization": value.encode()}
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "token-invalid"), value


async def test_a_client_gets_a_token_and_acts_for_its_organisation(admin: AsyncClient, program: AsyncClient):
    made = await made_client(admin)
    form = {"grant_type": "client_credentials", "scope": "orders:read"}
    answer = await program.post("/oauth/token", data=form, auth=(made["client"]["client_id"], made["client_secret"]))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    granted = answer.json()
    assert (granted["token_type"], granted["expires_in"], granted["scope"]) == ("Bearer", 3600, "orders:read")
    known = await program.get("/v1/me", headers={"authorization": f"Bearer {granted['access_token']}"})
    told = known.json()
    assert (told["via"], told["kind"], told["roles"], told["scopes"]) == (
        "client",
        "supplier",
        ["warehouse"],
        ["orders:read"],
    )
    assert told["person_id"] == made["client"]["client_id"]


async def test_the_secret_may_come_in_the_body(admin: AsyncClient, program: AsyncClient):
    made = await made_client(admin)
    form = {
        "grant_type": "client_credentials",
        "client_id": made["client"]["client_id"],
        "client_secret": made["client_secret"],
    }
    answer = await program.post("/oauth/token", data=form)
    assert (answer.status_code, answer.json()["scope"]) == (200, "orders:read orders:write")


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({}, 400, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": "analytics:read"}, 400, "invalid_scope"),
        ({"grant_type": "client_credentials", "client_secret": "zc_wrong"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": str(uuid4())}, 401, "invalid_client"),
    ],
)
async def test_a_token_is_refused_in_the_words_of_the_rfc(
    admin: AsyncClient, program: AsyncClient, form: dict[str, str], status: int, error: str
):
    made = await made_client(admin)
    given = {"client_id": made["client"]["client_id"], "client_secret": made["client_secret"], **form}
    answer = await program.post("/oauth/token", data=given)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["error_description"]


async def test_a_wrong_secret_by_basic_is_asked_for_by_basic(admin: AsyncClient, program: AsyncClient):
    made = await made_client(admin)
    answer = await program.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(made["client"]["client_id"], "wrong")
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"grant_type=client_credentials&grant_type=x", "application/x-www-form-urlencoded"),
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"", ""),
    ],
)
async def test_a_token_request_that_is_no_form_is_refused(program: AsyncClient, body: bytes, content_type: str):
    answer = await program.post("/oauth/token", content=body, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_revoked_client_loses_its_tokens_at_once(admin: AsyncClient, program: AsyncClient):
    made = await made_client(admin)
    auth = (made["client"]["client_id"], made["client_secret"])
    form = {"grant_type": "client_credentials"}
    granted = (await program.post("/oauth/token", data=form, auth=auth)).json()
    headers = {"authorization": f"Bearer {granted['access_token']}"}
    assert (await program.get("/v1/me", headers=headers)).status_code == 200
    assert (await admin.delete(f"/v1/oauth-clients/{made['client']['client_id']}")).status_code == 204
    assert (await program.get("/v1/me", headers=headers)).status_code == 401
    assert (await program.post("/oauth/token", data=form, auth=auth)).json()["error"] == "invalid_client"


async def test_only_administrators_register_clients(person: AsyncClient):
    answer = await person.post("/v1/oauth-clients", json={"name": "x", "scopes": ["orders:read"], "roles": ["sales"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "not-an-administrator")


async def test_the_eleventh_wrong_secret_is_not_tried(admin: AsyncClient, program: AsyncClient):
    made = await made_client(admin)
    form = {"grant_type": "client_credentials"}
    for _ in range(10):
        answer = await program.post("/oauth/token", data=form, auth=(made["client"]["client_id"], "wrong"))
        assert answer.status_code == 401
    right = await program.post("/oauth/token", data=form, auth=(made["client"]["client_id"], made["client_secret"]))
    assert (right.status_code, right.json()["code"]) == (429, "too-many-attempts")
