"""Webhooks over HTTP: who may, what is refused, and the pages as a browser without JavaScript uses them."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.tests.factories import a_part, an_organisation, envelope, paid
from shared.clock import utc_now

PASSWORD = "香菇炖鸡要小火慢炖 2026"
URL = "https://hooks.example.com/zhunong"
WANTED = {"url": URL, "description": "ERP", "event_types": ["orders.order-paid.v1"]}


@pytest.fixture
async def admin(client: AsyncClient, app: FastAPI, db: AsyncSession) -> AsyncIterator[AsyncClient]:
    """The administrator of a supplier, acting for it."""
    del client
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test", timeout=60) as own:
        await sign_up(own)
        person_id = UUID((await own.get("/v1/me")).json()["person_id"])
        await act_for(own, app, await an_organisation(db, "supplier", (person_id, ["admin"])))
        yield own


async def sign_up(own: AsyncClient) -> None:
    account = {"display_name": "小梅", "email": f"{uuid4().hex}@example.com", "password": PASSWORD}
    assert (await own.post("/v1/accounts", json=account)).status_code == 201
    own.headers["x-csrf-token"] = (await own.get("/v1/me")).json()["csrf_token"]


async def act_for(own: AsyncClient, app: FastAPI, organisation_id: UUID) -> None:
    app.state.gateway.identities.forget(UUID((await own.get("/v1/me")).json()["person_id"]))
    chosen = await own.put("/v1/me/organisation", json={"organisation_id": str(organisation_id)})
    assert chosen.status_code == 204, chosen.text


async def supplier_of(own: AsyncClient) -> UUID:
    return UUID((await own.get("/v1/me")).json()["organisation"]["organisation_id"])


async def made(own: AsyncClient, **changes: object) -> str:
    answer = await own.post("/v1/webhook-endpoints", json={**WANTED, **changes})
    assert answer.status_code == 201, answer.text
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/=]{44}", answer.json()["secret"])
    endpoint_id: str = answer.json()["endpoint"]["endpoint_id"]
    return endpoint_id


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def sold(app: FastAPI, own: AsyncClient) -> None:
    await app.state.inbox.apply([envelope(paid(uuid4(), a_part(await supplier_of(own))))])


async def test_an_endpoint_is_made_changed_switched_and_removed(admin: AsyncClient, db: AsyncSession):
    endpoint_id = await made(admin)
    path = f"/v1/webhook-endpoints/{endpoint_id}"
    shown = await admin.get(path)
    assert shown.headers["etag"] == '"1"'
    assert [each["valid_until"] for each in shown.json()["secrets"]] == [None]
    changed = {**WANTED, "event_types": ["orders.stock-low.v1"]}
    assert (await admin.put(path, json=changed)).status_code == 428
    assert (await admin.put(path, json=changed, headers={"if-match": '"1"'})).json()["revision"] == 2
    assert code(await admin.put(path, json=changed, headers={"if-match": '"1"'})) == (412, "stale")
    assert (await admin.post(f"{path}/disable")).json()["disabled_reason"] == "owner"
    for refused in ("disable", "test"):
        assert code(await admin.post(f"{path}/{refused}")) == (409, "webhook-endpoint-status")
    assert (
        code(await admin.post(f"{path}/replay", json={"since": utc_now().isoformat()}))[1] == "webhook-endpoint-status"
    )
    assert (await admin.post(f"{path}/enable")).json()["status"] == "ACTIVE"
    assert code(await admin.post(f"{path}/enable")) == (409, "webhook-endpoint-status")
    await admin.post(f"{path}/test")
    assert (await admin.delete(path)).status_code == 204
    assert code(await admin.get(path)) == (404, "webhook-endpoint-not-found")
    assert await db.scalar(text("SELECT count(*) FROM webhook_deliveries")) == 0


async def test_a_secret_is_shown_once_and_kept_sealed(admin: AsyncClient, db: AsyncSession):
    endpoint_id = await made(admin)
    path = f"/v1/webhook-endpoints/{endpoint_id}"
    secret = (await admin.post(f"{path}/secret")).json()["secret"]
    signing = (await admin.get(path)).json()["secrets"]
    assert [each["valid_until"] is None for each in signing] == [True, False]
    assert signing[0]["hint"].endswith(secret[-5:])
    await admin.post(f"{path}/secret")
    assert len((await admin.get(path)).json()["secrets"]) == 2, "the one before the last signs no more"
    sealed = await db.execute(text("SELECT sealed FROM webhook_secrets"))
    assert not any(secret.encode() in row.sealed for row in sealed)


async def test_who_does_not_administer_an_organisation_has_no_webhooks(
    admin: AsyncClient, client: AsyncClient, app: FastAPI, db: AsyncSession
):
    endpoint_id = await made(admin)
    path = f"/v1/webhook-endpoints/{endpoint_id}"
    assert (await client.get("/v1/webhook-endpoints")).status_code == 401
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as other:
        await sign_up(other)
        assert code(await other.post("/v1/webhook-endpoints", json=WANTED)) == (403, "not-an-administrator")
        person_id = UUID((await other.get("/v1/me")).json()["person_id"])
        await act_for(other, app, await an_organisation(db, "supplier", (person_id, ["admin"])))
        assert (await other.get("/v1/webhook-endpoints")).json()["items"] == []
        for verb in ("secret", "disable", "enable", "test"):
            assert code(await other.post(f"{path}/{verb}")) == (404, "webhook-endpoint-not-found")
        assert (await other.get(f"{path}/deliveries")).status_code == 404
        assert (await other.get(f"{path}/deliveries/export")).status_code == 404
        assert (await other.get(f"/work/webhooks/{endpoint_id}")).status_code == 404
        await act_for(other, app, await an_organisation(db, "supplier", (person_id, ["sales"])))
        assert code(await other.get(path)) == (403, "not-an-administrator")


async def test_wrong_addresses_unknown_events_and_too_many_are_refused(admin: AsyncClient):
    for wrong, said in (
        ({"url": "https://10.0.0.1/"}, "webhook-url-invalid"),
        ({"url": "http://127.0.0.1:9/"}, "webhook-url-invalid"),
        ({"event_types": ["weather.changed.v1"]}, "webhook-event-unknown"),
    ):
        assert code(await admin.post("/v1/webhook-endpoints", json={**WANTED, **wrong})) == (422, said)
    for _ in range(10):
        await made(admin)
    assert code(await admin.post("/v1/webhook-endpoints", json=WANTED)) == (409, "webhook-endpoints-full")


async def test_deliveries_are_listed_found_exported_and_replayed(admin: AsyncClient, app: FastAPI, db: AsyncSession):
    endpoint_id = await made(admin)
    path = f"/v1/webhook-endpoints/{endpoint_id}"
    for _ in range(3):
        await sold(app, admin)
    first = (await admin.get(f"{path}/deliveries", params={"limit": 2})).json()
    rest = (await admin.get(f"{path}/deliveries", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert len({each["delivery_id"] for each in first["items"] + rest["items"]}) == 3
    assert (await admin.get(f"{path}/deliveries", params={"status": "FAILED"})).json()["items"] == []
    assert len((await admin.get(f"{path}/deliveries", params={"q": "房县花菇"})).json()["items"]) == 3
    assert (await admin.get(f"{path}/deliveries", params={"q": "%"})).json()["items"] == []
    delivery_id = first["items"][0]["delivery_id"]
    whole = (await admin.get(f"/v1/webhook-deliveries/{delivery_id}")).json()
    assert whole["body"]["data"]["parts"][0]["supplier_id"] == str(await supplier_of(admin))
    assert whole["tries"] == []
    replay = f"/v1/webhook-deliveries/{delivery_id}/replay"
    assert code(await admin.post(replay)) == (409, "webhook-delivery-status")
    await db.execute(text("UPDATE webhook_deliveries SET status = 'FAILED', next_at = NULL, settled_at = now()"))
    assert (await admin.post(replay)).json()["status"] == "WAITING"
    since = {"since": (utc_now() - timedelta(hours=1)).isoformat()}
    assert (await admin.post(f"{path}/replay", json=since)).json() == {"count": 2}
    csv = (await admin.get(f"{path}/deliveries/export")).text
    assert csv.count("orders.order-paid.v1") == 3
    assert code(await admin.get(f"{path}/deliveries", params={"cursor": "bm9uZQ"}))[1] == "cursor-invalid"
    assert code(await admin.get(f"/v1/webhook-deliveries/{uuid4()}")) == (404, "webhook-delivery-not-found")


async def test_the_pages_do_all_of_it(admin: AsyncClient, app: FastAPI, db: AsyncSession):
    token = {"csrf_token": admin.headers["x-csrf-token"]}
    assert "还没有推送地址" in (await admin.get("/work/webhooks")).text
    refused = await admin.post("/work/webhooks", data={**token, "url": "http://10.0.0.1/", "description": "备注甲"})
    assert refused.status_code == 422
    assert ('value="备注甲"' in refused.text, "https 地址" in refused.text) == (True, True)
    added = await admin.post(
        "/work/webhooks", data={**token, "url": URL, "event_types": ["orders.order-paid.v1", "orders.stock-low.v1"]}
    )
    assert re.search(r'value="whsec_[^"]{44}"', added.text)
    endpoint_id = re.findall(r"/work/webhooks/([0-9a-f-]{36})", added.text)[0]
    path = f"/work/webhooks/{endpoint_id}"
    page = (await admin.get(path)).text
    assert "whsec_…" in page
    assert 'value="orders.stock-low.v1" checked' in page
    await sold(app, admin)
    assert "订单已付款" in (await admin.get(path)).text
    assert "没有符合的推送" in (await admin.get(f"{path}?status=DELIVERED")).text
    assert "orders.order-paid.v1" in (await admin.get(f"{path}.csv")).text
    saved = await admin.post(
        path, data={**token, "url": f"{URL}2", "event_types": "orders.order-paid.v1", "revision": "1"}
    )
    assert "done=saved" in saved.headers["location"]
    stale = await admin.post(path, data={**token, "url": URL, "event_types": "orders.order-paid.v1", "revision": "1"})
    assert stale.status_code == 412
    delivery = re.findall(r"/work/webhooks/deliveries/([0-9a-f-]{36})", (await admin.get(path)).text)[0]
    detail = (await admin.get(f"/work/webhooks/deliveries/{delivery}")).text
    assert ("房县花菇" in detail, f"msg_{delivery.replace('-', '')}" in detail) == (True, True)
    again = await admin.post(f"/work/webhooks/deliveries/{delivery}/replay", data=token)
    assert again.status_code == 409
    for verb, then in (("test", "测试已发出"), ("disable", "已停用"), ("enable", "已启用"), ("replay", "重新排队")):
        done = await admin.post(f"{path}/verb", data={**token, "verb": verb, "days": "7"})
        assert then in (await admin.get(done.headers["location"])).text, verb
    assert (await admin.post(f"{path}/verb", data={**token, "verb": "explode"})).status_code == 422
    new = await admin.post(f"{path}/secret", data=token)
    assert "whsec_" in new.text
    english = (await admin.get(f"{path}?lang=en")).text
    assert "signs until" in english
    gone = await admin.post(f"{path}/verb", data={**token, "verb": "remove"})
    assert gone.headers["location"] == "/work/webhooks?done=remove"
    assert await db.scalar(text("SELECT count(*) FROM webhook_endpoints")) == 0
