"""A person's address book over HTTP, beside itself."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.address import actions, rules
from shared.clock import utc_now

Headers = Callable[..., dict[str, str]]
HOME = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}


async def saved(client: httpx2.AsyncClient, me: dict[str, str], **given: object) -> httpx2.Response:
    return await client.post("/v1/addresses", json={**HOME, **given}, headers={**me, "idempotency-key": str(uuid4())})


async def book(client: httpx2.AsyncClient, me: dict[str, str]) -> list[tuple[str, bool]]:
    items = (await client.get("/v1/addresses", headers=me)).json()["items"]
    return [(each["detail"], each["is_default"]) for each in items]


async def test_the_first_is_the_default_and_the_same_again_is_the_same_entry(
    client: httpx2.AsyncClient, as_caller: Headers
):
    me, other = as_caller(), as_caller()
    first = await saved(client, me)
    assert (first.status_code, first.json()["is_default"]) == (201, True)
    again = await saved(client, me)
    assert again.json() == first.json()
    await saved(client, me, detail="公司")
    await saved(client, me, detail="老家", is_default=True)
    assert await book(client, me) == [("老家", True), ("公司", False), ("望京街道1号", False)]
    assert await book(client, other) == []
    stolen = await client.get(f"/v1/addresses/{first.json()['address_id']}", headers=other)
    assert (stolen.status_code, stolen.json()["code"]) == (404, "address-not-found")


async def test_an_edit_names_the_version_that_was_seen(client: httpx2.AsyncClient, as_caller: Headers):
    me = as_caller()
    entry, work = (await saved(client, me)).json(), (await saved(client, me, detail="公司")).json()
    at = f"/v1/addresses/{entry['address_id']}"
    etag = (await client.get(at, headers=me)).headers["etag"]
    assert (await client.put(at, json={**HOME, "detail": "新居"}, headers=me)).status_code == 428
    edited = await client.put(at, json={**HOME, "detail": "新居"}, headers={**me, "if-match": etag})
    assert (edited.status_code, edited.json()["detail"], edited.headers["etag"]) == (200, "新居", '"2"')
    stale = await client.put(at, json={**HOME, "detail": "旧居"}, headers={**me, "if-match": etag})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    double = await client.put(at, json={**HOME, "detail": "公司"}, headers={**me, "if-match": '"2"'})
    assert (double.status_code, double.json()["code"]) == (409, "address-saved-already")
    assert {each for each, _ in await book(client, me)} == {"新居", work["detail"]}


async def test_what_was_removed_by_mistake_comes_back_and_later_is_forgotten(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    me = as_caller()
    home, work = (await saved(client, me)).json(), (await saved(client, me, detail="公司")).json()
    assert (await client.delete(f"/v1/addresses/{home['address_id']}", headers=me)).status_code == 204
    assert await book(client, me) == [("公司", True)]  # there is a default as long as there is an address
    gone = await client.delete(f"/v1/addresses/{home['address_id']}", headers=me)
    assert (gone.status_code, gone.json()["code"]) == (404, "address-not-found")
    back = await client.post(f"/v1/addresses/{home['address_id']}/restore", headers=me)
    assert (back.status_code, back.json()["is_default"]) == (200, False)
    assert (await client.post(f"/v1/addresses/{home['address_id']}/restore", headers=me)).status_code == 200
    await client.delete(f"/v1/addresses/{work['address_id']}", headers=me)
    assert await book(client, me) == [("望京街道1号", True)]
    later = utc_now() + rules.FORGOTTEN_AFTER + timedelta(minutes=1)
    assert (await actions.forget_removed(db, now=later), await actions.forget_removed(db, now=later)) == (1, 0)
    lost = await client.post(f"/v1/addresses/{work['address_id']}/restore", headers=me)
    assert (lost.status_code, lost.json()["code"]) == (404, "address-not-found")
    assert await db.scalar(text("SELECT count(*) FROM saved_addresses")) == 1


async def test_restoring_what_was_saved_again_meanwhile_gives_that_entry(
    client: httpx2.AsyncClient, as_caller: Headers
):
    me = as_caller()
    old = (await saved(client, me)).json()
    await client.delete(f"/v1/addresses/{old['address_id']}", headers=me)
    new = (await saved(client, me)).json()
    assert new["address_id"] != old["address_id"]
    back = await client.post(f"/v1/addresses/{old['address_id']}/restore", headers=me)
    assert back.json()["address_id"] == new["address_id"]
    assert len(await book(client, me)) == 1


async def test_a_book_is_full_at_twenty_and_bad_fields_are_named(client: httpx2.AsyncClient, as_caller: Headers):
    me = as_caller()
    for number in range(rules.ENTRIES_MAXIMUM):
        assert (await saved(client, me, detail=f"{number}号")).status_code == 201
    full = await saved(client, me, detail="又一处")
    assert (full.status_code, full.json()["code"]) == (409, "address-book-full")
    assert (await saved(client, me, detail="3号")).status_code == 201  # it is there already
    wrong = await saved(client, me, phone="call me", county_code="11")
    assert wrong.status_code == 422
    assert {each["field"] for each in wrong.json()["errors"]} == {"phone", "county_code"}


async def test_two_devices_at_once_leave_one_default_and_no_double_entry(
    live_client: httpx2.AsyncClient, as_caller: Headers
):
    me = as_caller(person_id=UUID(int=7))
    answers = await asyncio.gather(
        *(saved(live_client, me, detail=f"{number % 3}号", is_default=True) for number in range(12))
    )
    assert {answer.status_code for answer in answers} == {201}
    found = await book(live_client, me)
    assert sorted(detail for detail, _ in found) == ["0号", "1号", "2号"]
    assert [is_default for _, is_default in found] == [True, False, False]
