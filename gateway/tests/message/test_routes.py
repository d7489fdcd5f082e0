"""Messages over HTTP: as a program reads them, and as a browser without JavaScript does."""

import re
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.tests.factories import a_part, an_organisation, dispatched, envelope, paid
from shared.events.orders import OrderPaid

PASSWORD = "香菇炖鸡要小火慢炖 2026"
ITEM = re.compile(r"<li><p class=\"tiny soft figures\">(.*?)</li>", re.DOTALL)


@pytest.fixture
async def browser(client: AsyncClient, app: FastAPI) -> AsyncIterator[AsyncClient]:
    """Somebody signed in."""
    del client
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test", timeout=60) as own:
        account = {"display_name": "小梅", "email": f"{uuid4().hex}@example.com", "password": PASSWORD}
        assert (await own.post("/v1/accounts", json=account)).status_code == 201
        own.headers["x-csrf-token"] = (await own.get("/v1/me")).json()["csrf_token"]
        yield own


async def person_of(browser: AsyncClient) -> UUID:
    return UUID((await browser.get("/v1/me")).json()["person_id"])


async def bought(app: FastAPI, browser: AsyncClient, *, supplier_id: UUID | None = None) -> OrderPaid:
    """The person paid an order, and the gateway heard of it."""
    order = paid(await person_of(browser), a_part(supplier_id or uuid4()))
    await app.state.inbox.apply([envelope(order)])
    return order


async def test_messages_are_found_filtered_paged_and_read(browser: AsyncClient, app: FastAPI):
    orders = [await bought(app, browser) for _ in range(3)]
    await app.state.inbox.apply([envelope(dispatched(orders[0]))])
    assert (await browser.get("/v1/messages/unread-count")).json() == {"unread_count": 4}
    first = (await browser.get("/v1/messages", params={"limit": 3})).json()
    rest = (await browser.get("/v1/messages", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    ids = [each["message_id"] for each in first["items"] + rest["items"]]
    assert (len(ids), len(set(ids)), rest["next_cursor"]) == (4, 4, None)
    found = (await browser.get("/v1/messages", params={"q": orders[0].order_number.lower()})).json()["items"]
    assert {each["template"] for each in found} == {"order-paid", "parcel-sent"}
    (parcel,) = (await browser.get("/v1/messages", params={"kind": "parcel"})).json()["items"]
    assert parcel["text"] == f"订单 {orders[0].order_number} 已发货，运单号 SF1、SF2。"
    assert parcel["link"] == f"/orders/{orders[0].order_id}/tracking"
    assert (await browser.post(f"/v1/messages/{parcel['message_id']}/read")).json()["read_at"] is not None
    assert len((await browser.get("/v1/messages", params={"unread": True})).json()["items"]) == 3
    assert (await browser.post(f"/v1/messages/{parcel['message_id']}/unread")).json()["read_at"] is None
    marked = (await browser.post("/v1/messages/read")).json()
    assert marked["count"] == 4
    undone = await browser.post("/v1/messages/read/undo", json={"read_at": marked["read_at"]})
    assert undone.json() == {"unread_count": 4}


async def test_a_percent_sign_is_searched_for_and_nothing_else(browser: AsyncClient, app: FastAPI):
    await bought(app, browser)
    for q in ("%", "_", "\x00"):
        found = (await browser.get("/v1/messages", params={"q": q})).json()["items"]
        assert len(found) == (1 if q == "\x00" else 0)


async def test_nobody_reads_anothers_messages_nor_does_a_program_without_a_person(
    browser: AsyncClient, client: AsyncClient, app: FastAPI
):
    await bought(app, browser)
    (mine,) = (await browser.get("/v1/messages")).json()["items"]
    assert (await client.get("/v1/messages")).status_code == 401
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as other:
        account = {"display_name": "阿强", "email": f"{uuid4().hex}@example.com", "password": PASSWORD}
        await other.post("/v1/accounts", json=account)
        other.headers["x-csrf-token"] = (await other.get("/v1/me")).json()["csrf_token"]
        assert (await other.get("/v1/messages")).json()["items"] == []
        for path in (f"/v1/messages/{mine['message_id']}/read", f"/v1/messages/{mine['message_id']}/unread"):
            assert (await other.post(path)).json()["code"] == "message-not-found"
    assert (await browser.get("/v1/messages", params={"cursor": "bm9uZQ"})).json()["code"] == "cursor-invalid"


async def test_the_export_holds_what_the_list_shows(browser: AsyncClient, app: FastAPI):
    order = await bought(app, browser)
    csv = await browser.get("/v1/messages/export", params={"format": "csv"})
    assert order.order_number in csv.text
    assert csv.text.startswith("\ufeff时间,类别,内容,已读时间")
    assert (await browser.get("/v1/messages/export", params={"format": "xlsx"})).content[:2] == b"PK"
    assert order.order_number in (await browser.get("/messages.csv")).text


async def test_kinds_are_chosen_and_the_rest_stays(browser: AsyncClient):
    before = {
        each["kind"]: each["is_mailed"] for each in (await browser.get("/v1/me/message-preferences")).json()["items"]
    }
    changed = await browser.patch("/v1/me/message-preferences", json={"is_mailed": {"stock": True, "order": False}})
    after = {each["kind"]: each["is_mailed"] for each in changed.json()["items"]}
    assert after == before | {"stock": True, "order": False}
    wrong = await browser.patch("/v1/me/message-preferences", json={"is_mailed": {"weather": True}})
    assert wrong.status_code == 422


async def test_the_page_lists_opens_and_undoes(browser: AsyncClient, app: FastAPI):
    empty = (await browser.get("/messages")).text
    assert "还没有消息" in empty
    assert 'class="count"' not in empty
    order = await bought(app, browser)
    shown = (await browser.get("/messages")).text
    assert len(ITEM.findall(shown)) == 1
    assert re.search(r'href="/messages">.*<span class="count">1<', shown)
    message_id = re.findall(r"/messages/([0-9a-f-]{36})/open", shown)[0]
    token = {"csrf_token": browser.headers["x-csrf-token"]}
    one = (await browser.get(f"/messages/{message_id}")).text
    assert order.order_number in one
    opened = await browser.post(f"/messages/{message_id}/open", data=token)
    assert opened.headers["location"] == f"/orders/{order.order_id}"
    assert 'class="count"' not in (await browser.get("/messages")).text
    await browser.post(f"/messages/{message_id}/unread", data=token)
    marked = await browser.post("/messages/read", data=token)
    done = (await browser.get(marked.headers["location"])).text
    assert "已全部标为已读" in done
    read_at = re.findall(r'name="read_at" value="([^"]+)"', done)[0]
    await browser.post("/messages/read/undo", data={**token, "read_at": read_at})
    assert '<span class="count">1<' in (await browser.get("/messages")).text
    assert (await browser.post("/messages/read/undo", data={**token, "read_at": "now"})).status_code == 303
    english = (await browser.get("/messages?lang=en&kind=parcel&unread=true&q=x")).text
    assert "No such message" in english


async def test_a_message_to_an_organisation_is_opened_as_that_organisation(
    browser: AsyncClient, app: FastAPI, db: AsyncSession
):
    person_id = await person_of(browser)
    supplier = await an_organisation(db, "supplier", (person_id, ["sales"]))
    await app.state.inbox.apply([envelope(paid(uuid4(), a_part(supplier)))])
    app.state.gateway.identities.forget(person_id)
    shown = (await browser.get("/messages")).text
    assert "大山合作社" in shown
    message_id = re.findall(r"/messages/([0-9a-f-]{36})/open", shown)[0]
    opened = await browser.post(f"/messages/{message_id}/open", data={"csrf_token": browser.headers["x-csrf-token"]})
    assert opened.headers["location"] == "/desk"
    assert (await browser.get("/v1/me")).json()["organisation"]["organisation_id"] == str(supplier)


async def test_preferences_are_ticked_on_their_page(browser: AsyncClient):
    page = (await browser.get("/account/messages/preferences")).text
    assert 'value="order" checked' in page
    sent = {"csrf_token": browser.headers["x-csrf-token"], "mailed": ["stock", "weather"]}
    saved = await browser.post("/account/messages/preferences", data=sent)
    page = (await browser.get(saved.headers["location"])).text
    assert ('value="stock" checked' in page, 'value="order" checked' in page) == (True, False)


async def test_pages_in_a_row_ask_for_the_bells_number_once(browser: AsyncClient, app: FastAPI, db: AsyncSession):
    await bought(app, browser)
    asked: list[str] = []

    def note(*arguments: object) -> None:
        if "count(*)" in str(arguments[2]) and "messages" in str(arguments[2]):
            asked.append(str(arguments[2]))

    connection = (await db.connection()).sync_connection
    event.listen(connection, "before_cursor_execute", note)
    for _ in range(5):
        assert (await browser.get("/account")).status_code == 200
    event.remove(connection, "before_cursor_execute", note)
    assert len(asked) == 1
