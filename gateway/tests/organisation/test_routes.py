"""Organisations and their people, over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from httpx2 import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.organisation import actions
from shared.clock import utc_now
from shared.db import Database
from shared.page import encode_cursor

PASSWORD = "香菇炖鸡要小火慢炖 2026"
CANTEEN = {"kind": "institution", "name": "大学食堂", "name_en": "University canteen"}


@asynccontextmanager
async def browser(client: AsyncClient, name: str) -> AsyncIterator[AsyncClient]:
    """Somebody newly signed up, in a browser of their own."""
    async with httpx2.AsyncClient(transport=client._transport, base_url="http://test", timeout=60) as own:
        account = {"display_name": name, "email": f"{name}@example.com", "password": PASSWORD}
        answer = await own.post("/v1/accounts", json=account)
        assert answer.status_code == 201, answer.text
        own.headers["x-csrf-token"] = (await own.get("/v1/me")).json()["csrf_token"]
        yield own


async def founded(founder: AsyncClient, **changes: Any) -> str:
    answer = await founder.post(
        "/v1/organisations", json={**CANTEEN, **changes}, headers={"idempotency-key": uuid4().hex}
    )
    assert answer.status_code == 201, answer.text
    organisation_id: str = answer.json()["organisation_id"]
    assert (await founder.put("/v1/me/organisation", json={"organisation_id": organisation_id})).status_code == 204
    return organisation_id


async def me(own: AsyncClient) -> dict[str, Any]:
    known: dict[str, Any] = (await own.get("/v1/me")).json()
    return known


async def joined(admin: AsyncClient, organisation_id: str, name: str, roles: list[str]) -> dict[str, Any]:
    answer = await admin.post(
        f"/v1/organisations/{organisation_id}/members", json={"identifier": f"{name}@example.com", "roles": roles}
    )
    assert answer.status_code == 201, answer.text
    member: dict[str, Any] = answer.json()
    return member


async def test_a_founder_administers_and_acts_for_the_organisation(client: AsyncClient):
    async with browser(client, "admin") as admin:
        organisation_id = await founded(admin)
        known = await me(admin)
        assert (known["kind"], known["roles"]) == ("institution", ["admin"])
        assert known["organisation"]["organisation_id"] == organisation_id
        assert known["organisation"]["name"] == "大学食堂"
        await admin.put("/v1/me/organisation", json={"organisation_id": None})
        assert (await me(admin))["kind"] == "consumer"


async def test_registering_twice_with_one_key_registers_once(client: AsyncClient, db: AsyncSession):
    async with browser(client, "admin") as admin:
        answers = [
            await admin.post("/v1/organisations", json=CANTEEN, headers={"idempotency-key": "one"}) for _ in range(2)
        ]
        missing = await admin.post("/v1/organisations", json=CANTEEN)
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert missing.json()["code"] == "idempotency-key-missing"
    assert await db.scalar(text("SELECT count(*) FROM organisations")) == 1


async def test_nobody_makes_themselves_an_operator(client: AsyncClient):
    async with browser(client, "admin") as admin:
        for kind in ("operator", "official", "analyst", "carrier"):
            answer = await admin.post(
                "/v1/organisations", json={**CANTEEN, "kind": kind}, headers={"idempotency-key": kind}
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "organisation-kind-reserved")
        organisation_id = await founded(admin)
        person_id = (await me(admin))["person_id"]
        answer = await admin.put(
            f"/v1/organisations/{organisation_id}/members/{person_id}",
            json={"roles": ["admin", "operator"]},
            headers={"if-match": '"1"'},
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "role-unknown")


async def test_a_change_of_role_holds_from_the_next_request(client: AsyncClient):
    async with browser(client, "admin") as admin, browser(client, "buyer") as buyer:
        organisation_id = await founded(admin)
        member = await joined(admin, organisation_id, "buyer", ["buyer"])
        await buyer.put("/v1/me/organisation", json={"organisation_id": organisation_id})
        assert (await me(buyer))["roles"] == ["buyer"]
        path = f"/v1/organisations/{organisation_id}/members/{member['person_id']}"
        changed = await admin.put(path, json={"roles": ["approver", "finance"]}, headers={"if-match": '"1"'})
        assert changed.status_code == 200
        assert (await me(buyer))["roles"] == ["approver", "finance"]
        stale = await admin.put(path, json={"roles": ["buyer"]}, headers={"if-match": '"1"'})
        assert stale.status_code == 412
        assert (await admin.delete(path)).status_code == 204
        assert (await buyer.get("/v1/me")).status_code == 401, "the session acted for an organisation that is left"


async def test_only_administrators_manage_people(client: AsyncClient):
    async with browser(client, "admin") as admin, browser(client, "buyer") as buyer, browser(client, "other") as other:
        organisation_id = await founded(admin)
        await joined(admin, organisation_id, "buyer", ["buyer"])
        await buyer.put("/v1/me/organisation", json={"organisation_id": organisation_id})
        await founded(other)
        for somebody in (buyer, other):
            path = f"/v1/organisations/{organisation_id}/members"
            body = {"identifier": "other@example.com", "roles": ["buyer"]}
            answers = [await somebody.get(path), await somebody.post(path, json=body)]
            assert {(each.status_code, each.json()["code"]) for each in answers} == {(403, "not-an-administrator")}
        assert (await buyer.get(f"/v1/organisations/{organisation_id}")).status_code == 200
        assert (await other.get(f"/v1/organisations/{organisation_id}")).status_code == 404
        assert (await admin.get("/v1/organisations")).json()["code"] == "kind-not-allowed"


async def test_joining_twice_or_nobody_is_refused(client: AsyncClient):
    async with browser(client, "admin") as admin:
        organisation_id = await founded(admin)
        path = f"/v1/organisations/{organisation_id}/members"
        nobody = await admin.post(path, json={"identifier": "nobody@example.com", "roles": ["buyer"]})
        assert (nobody.status_code, nobody.json()["code"]) == (404, "person-not-found")
        again = await admin.post(path, json={"identifier": "admin@example.com", "roles": ["buyer"]})
        assert (again.status_code, again.json()["code"]) == (409, "already-a-member")


async def test_two_administrators_who_leave_at_once_leave_one_behind(
    live_client: AsyncClient, fresh_database: Database
):
    async with browser(live_client, "admin") as admin, browser(live_client, "second") as second:
        organisation_id = await founded(admin)
        member = await joined(admin, organisation_id, "second", ["admin"])
        first_id = (await me(admin))["person_id"]
        answers = await asyncio.gather(
            admin.delete(f"/v1/organisations/{organisation_id}/members/{first_id}"),
            second.delete(f"/v1/organisations/{organisation_id}/members/{member['person_id']}"),
        )
    assert sorted(each.status_code for each in answers) == [204, 409]
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM memberships WHERE 'admin' = ANY (roles)")) == 1


async def test_an_official_s_regions_stay_in_the_bureau_s(client: AsyncClient, app: Any):
    async with browser(client, "officer") as officer:
        organisation_id = uuid4()
        person_id = UUID((await me(officer))["person_id"])
        async with app.state.database.begin() as transaction:
            await actions.found_organisation(
                transaction,
                organisation_id=organisation_id,
                kind="official",
                name="黔东南州农业农村局",
                name_en="Qiandongnan agriculture bureau",
                regions=["522600"],
                now=utc_now(),
            )
            await actions.add_member(
                transaction, organisation_id=organisation_id, person_id=person_id, roles=["admin"], now=utc_now()
            )
            app.state.gateway.identities.forget_after(transaction, person_id)
        await officer.put("/v1/me/organisation", json={"organisation_id": str(organisation_id)})
        assert (await me(officer))["regions"] == ["522600"]
        path = f"/v1/organisations/{organisation_id}/members/{person_id}"
        wider = await officer.put(path, json={"roles": ["admin"], "regions": ["520000"]}, headers={"if-match": '"1"'})
        assert (wider.status_code, wider.json()["code"]) == (422, "region-outside-organisation")
        narrower = await officer.put(
            path, json={"roles": ["admin"], "regions": ["522634"]}, headers={"if-match": '"1"'}
        )
        assert narrower.status_code == 200
        assert (await me(officer))["regions"] == ["522634"]


@pytest.mark.parametrize("body", [{"kind": "bank"}, {"name": ""}, {"regions": ["52"]}, {"regions": ["abcdef"]}])
async def test_a_wrong_registration_is_refused(client: AsyncClient, body: dict[str, Any]):
    async with browser(client, "admin") as admin:
        answer = await admin.post("/v1/organisations", json={**CANTEEN, **body}, headers={"idempotency-key": "one"})
        assert (answer.status_code, answer.json()["code"]) == (422, "validation")


async def test_the_operator_lists_all_organisations_page_by_page(client: AsyncClient, app: Any):
    async with browser(client, "chief") as chief:
        person_id, own_id = UUID((await me(chief))["person_id"]), uuid4()
        async with app.state.database.begin() as transaction:
            for organisation_id, kind in ((own_id, "operator"), (uuid4(), "supplier"), (uuid4(), "carrier")):
                await actions.found_organisation(
                    transaction, organisation_id=organisation_id, kind=kind, name=kind, name_en=kind, now=utc_now()
                )
            await actions.add_member(
                transaction, organisation_id=own_id, person_id=person_id, roles=["operator"], now=utc_now()
            )
            app.state.gateway.identities.forget_after(transaction, person_id)
        await chief.put("/v1/me/organisation", json={"organisation_id": str(own_id)})
        first = (await chief.get("/v1/organisations?limit=2")).json()
        second = (await chief.get("/v1/organisations", params={"limit": 2, "cursor": first["next_cursor"]})).json()
        assert sorted(each["kind"] for each in first["items"] + second["items"]) == ["carrier", "operator", "supplier"]
        assert second["next_cursor"] is None
        only = (await chief.get("/v1/organisations?kind=carrier")).json()["items"]
        assert [each["kind"] for each in only] == ["carrier"]
        for cursor in ("nonsense", encode_cursor("nonsense"), encode_cursor(1, 2)):
            refused = await chief.get("/v1/organisations", params={"cursor": cursor})
            assert (refused.status_code, refused.json()["code"]) == (400, "cursor-invalid")


async def test_the_operator_replaces_the_signing_key_and_nobody_else_does(client: AsyncClient):
    async with browser(client, "admin") as admin:
        await founded(admin)
        refused = await admin.post("/v1/signing-keys")
    assert (refused.status_code, refused.json()["code"]) == (403, "kind-not-allowed")
