"""Crop orders over HTTP: status, shape, authority, problem codes, replay."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy.ext.asyncio import AsyncSession

from services.orders.tests.crop_order.cropping import Parties, facts, grown, offered, parties
from shared.auth import Caller
from shared.clock import business_day, utc_now

Headers = Callable[..., dict[str, str]]


def as_person(as_caller: Headers, caller: Caller) -> dict[str, str]:
    return as_caller(
        person_id=caller.person_id, kind=caller.kind, organisation_id=caller.organisation_id, roles=tuple(caller.roles)
    )


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def body(those: Parties, **given: Any) -> dict[str, Any]:
    today = business_day(utc_now())
    told = facts(
        those.sku.sku_id,
        sowing_on=today + timedelta(days=5),
        harvest_from_on=today + timedelta(days=90),
        harvest_until_on=today + timedelta(days=100),
    )
    days = {name: value.isoformat() for name, value in told.items() if isinstance(value, date)}
    stages = [{"kind": "SOWING", "due_on": (today + timedelta(days=6)).isoformat()}]
    return {**told, **days, "sku_id": str(those.sku.sku_id), "milestones": stages, **given}


async def test_a_crop_order_is_drafted_once_read_changed_listed_and_exported(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    those = await parties(db)
    me = as_person(as_caller, those.side.handler)
    once = me | key()
    made = await client.post("/v1/crop-orders", json=body(those), headers=once)
    assert made.status_code == 201, made.text
    again = await client.post("/v1/crop-orders", json=body(those), headers=once)
    assert (again.content, again.headers["idempotent-replayed"]) == (made.content, "true")
    page = made.json()
    assert (page["status"], page["total_fen"], page["deposit_fen"], page["milestones"][0]["kind"]) == (
        "DRAFT", 300_000, 60_000, "SOWING"
    )  # fmt: skip
    path = f"/v1/crop-orders/{page['crop_order_id']}"
    read = await client.get(path, headers=me)
    assert read.headers["etag"] == '"1"'
    changed = await client.put(path, json=body(those, title="食堂秋收小米"), headers=me | {"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["title"]) == (200, "食堂秋收小米")
    stale = await client.put(path, json=body(those), headers=me | {"If-Match": '"1"'})
    bare = await client.put(path, json=body(those), headers=me)
    assert (stale.status_code, bare.status_code) == (412, 428)
    found = await client.get("/v1/crop-orders", params={"q": "小米", "status": "DRAFT"}, headers=me)
    assert [each["crop_order_id"] for each in found.json()["items"]] == [page["crop_order_id"]]
    sheet = await client.get("/v1/crop-orders/export", params={"format": "csv", "q": "小米"}, headers=me)
    assert "食堂秋收小米" in sheet.content.decode("utf-8-sig")
    trail = await client.get(f"{path}/trail", headers=me)
    assert [each["verb"] for each in trail.json()] == ["draft", "edit"]


async def test_wrong_terms_are_refused_with_their_field(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    those = await parties(db)
    me = as_person(as_caller, those.side.handler)
    today = business_day(utc_now())
    early = [{"kind": "SOWING", "due_on": today.isoformat()}]
    for given, status, code in (
        ({"deposit_bp": 2001}, 422, "deposit-too-large"),
        ({"deposit_bp": 50}, 422, "deposit-too-small"),
        ({"harvest_until_on": today.isoformat()}, 422, "season-invalid"),
        ({"milestones": early}, 422, "milestones-invalid"),
        ({"sku_id": str(uuid4())}, 409, "sku-not-listed"),
    ):
        answer = await client.post("/v1/crop-orders", json=body(those, **given), headers=me | key())
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    figures = await client.get("/v1/crop-orders/figures")
    assert (figures.json()["most_deposit_bp"], "586" in figures.json()["deposit_source"]) == (2000, True)


async def test_strangers_learn_nothing_and_wrong_sides_do_nothing(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    those, others = await parties(db), await parties(db)
    crop = await offered(db, those)
    path = f"/v1/crop-orders/{crop.crop_order_id}"
    for stranger in (others.supplier, others.side.handler):
        headers = as_person(as_caller, stranger)
        assert (await client.get(path, headers=headers)).json()["code"] == "crop-order-unknown"
        assert (await client.get("/v1/crop-orders", headers=headers)).json()["items"] == []
        steps = headers | key() | {"If-Match": f'"{crop.revision}"'}
        assert (await client.post(f"{path}/agree", headers=steps)).status_code == 404
    mine = as_person(as_caller, those.side.handler) | key() | {"If-Match": f'"{crop.revision}"'}
    assert (await client.post(f"{path}/agree", headers=mine)).status_code == 404
    seller = as_person(as_caller, those.supplier) | {"If-Match": f'"{crop.revision}"'}
    assert (await client.post(f"{path}/cancel", json={"reason": "x"}, headers=seller | key())).status_code == 403
    agreed = await client.post(f"{path}/agree", headers=seller | key())
    assert (agreed.status_code, agreed.json()["status"]) == (200, "AGREED")
    wrong = await client.post(f"{path}/confirm-deposit", headers=seller | key())
    assert wrong.status_code == 412


async def test_a_harvest_is_looked_at_declared_once_and_read(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    those = await parties(db)
    crop = await grown(db, those)
    seller, mine = as_person(as_caller, those.supplier), as_person(as_caller, those.side.handler)
    seasons = (await client.get("/v1/crop-harvests/seasons", headers=seller)).json()["items"]
    assert [(each["order_count"], each["ordered_count"]) for each in seasons] == [(1, 100)]
    season = {"sku_id": str(those.sku.sku_id), "season_year": seasons[0]["season_year"], "season": "AUTUMN"}
    shown = (
        await client.get("/v1/crop-harvests/preview", params=season | {"harvested_count": 120}, headers=seller)
    ).json()
    assert (shown["shared_count"], shown["surplus_count"], shown["shares"][0]["credited_fen"]) == (100, 20, 60_000)
    declaring = season | {"harvested_count": 120, "note": "丰收", "seen": shown["seen"]}
    assert (await client.post("/v1/crop-harvests", json=declaring, headers=mine | key())).status_code == 403
    once = seller | key()
    made = await client.post("/v1/crop-harvests", json=declaring, headers=once)
    assert made.status_code == 201, made.text
    again = await client.post("/v1/crop-harvests", json=declaring, headers=once)
    assert again.headers["idempotent-replayed"] == "true"
    other = await client.post("/v1/crop-harvests", json=declaring, headers=seller | key())
    assert (other.status_code, other.json()["code"]) == (409, "season-over")
    harvest = made.json()
    assert (harvest["shared_count"], harvest["shares"][0]["status"]) == (100, "DELIVERING")
    path = f"/v1/crop-harvests/{harvest['harvest_id']}"
    assert (await client.get(path, headers=seller)).json()["note"] == "丰收"
    assert (await client.get(path, headers=mine)).json()["code"] == "harvest-unknown"
    listed = await client.get("/v1/crop-harvests", headers=seller)
    assert [each["harvest_id"] for each in listed.json()["items"]] == [harvest["harvest_id"]]
    assert (await client.get("/v1/crop-harvests/export", params={"format": "csv"}, headers=seller)).status_code == 200
    page = (await client.get(f"/v1/crop-orders/{crop.crop_order_id}", headers=mine)).json()
    assert (page["allocated_count"], page["order_id"] is not None) == (100, True)
    late = await client.get("/v1/crop-orders/milestones", params={"late": True}, headers=mine)
    assert late.json()["items"] == []
