"""The three nouns over HTTP: status, shape, authority, problem codes, replay, files."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
from sqlalchemy.ext.asyncio import AsyncSession

from services.orders.tests.appointment.selling import PIECE_G, facts, point_facts, published
from services.orders.tests.appointment.test_parallel import headers
from shared.auth import Caller
from shared.clock import business_day, utc_now


def _point(**given: Any) -> dict[str, Any]:
    return point_facts() | {"opens_at": "08:00", "closes_at": "17:00"} | given


async def test_a_filing_is_made_once_changed_listed_and_hidden_from_suppliers(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Any
):
    store = await published(db, now=utc_now())
    today = business_day(utc_now())
    told = facts(today) | {"grades": [{"name": "一等", "criteria": "水分不超过 13%", "price_fen_per_kg": 400}]}
    body = told | {each: told[each].isoformat() for each in ("first_on", "last_on")}
    me = headers(as_caller, store.filer)
    made = await client.post("/v1/reserve-purchases", json=body, headers=me)
    again = await client.post("/v1/reserve-purchases", json=body, headers=me)
    assert (made.status_code, again.status_code) == (201, 201)
    assert made.json() == again.json()
    url = f"/v1/reserve-purchases/{made.json()['reserve_purchase_id']}"
    read = await client.get(url, headers=me)
    poor = await client.put(url, json=body | {"budget_fen": 1}, headers=me | {"if-match": read.headers["etag"]})
    assert (poor.status_code, poor.json()["code"], poor.json()["needed_fen"]) == (
        422,
        "reserve-budget-small",
        1_000_000,
    )
    changed = await client.put(url, json=body | {"title": "改名"}, headers=me | {"if-match": read.headers["etag"]})
    assert (changed.status_code, changed.json()["title"]) == (200, "改名")
    seller = headers(as_caller, store.seller())
    assert (await client.get(url, headers=seller)).status_code == 404
    seen = (await client.get("/v1/reserve-purchases", headers=seller)).json()["items"]
    assert [UUID(each["reserve_purchase_id"]) for each in seen] == [store.reserve_purchase_id]
    own = (await client.get("/v1/reserve-purchases", params={"q": "改名"}, headers=me)).json()["items"]
    assert [each["status"] for each in own] == ["DRAFT"]
    sheet = await client.get("/v1/reserve-purchases/export", params={"format": "csv"}, headers=me)
    assert "改名" in sheet.text
    refused = await client.post("/v1/reserve-purchases", json=body, headers=seller)
    assert (refused.status_code, refused.json()["code"]) == (403, "duty-missing")


async def test_points_are_found_by_county_and_shown_with_what_is_free(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Any
):
    store = await published(db, now=utc_now())
    me, seller = headers(as_caller, store.filer), headers(as_caller, store.seller())
    bad = await client.post("/v1/purchase-points", json=_point(closes_at="07:00"), headers=me)
    assert (bad.status_code, bad.json()["code"]) == (422, "hours-invalid")
    made = await client.post(
        "/v1/purchase-points", json=_point(county_code="522634"), headers=headers(as_caller, store.filer)
    )
    assert made.status_code == 201
    found = await client.get("/v1/purchase-points", params={"county_code": "420000"}, headers=seller)
    assert [UUID(each["point_id"]) for each in found.json()["items"]] == [store.point_id]
    page = (await client.get(f"/v1/purchase-points/{store.point_id}", headers=seller)).json()
    assert len(page["days"]) == 14
    assert page["days"][0]["free_g"] == 40 * PIECE_G
    sheet = await client.get("/v1/purchase-points/export", params={"format": "csv"}, headers=seller)
    assert "城关收购点" in sheet.text
    refused = await client.post(
        f"/v1/purchase-points/{store.point_id}/pause", headers=headers(as_caller, store.seller()) | {"if-match": '"1"'}
    )
    assert refused.status_code == 403
    paused = await client.post(
        f"/v1/purchase-points/{store.point_id}/pause", headers=headers(as_caller, store.filer) | {"if-match": '"1"'}
    )
    assert paused.json()["status"] == "PAUSED"
    smaller = await client.put(
        f"/v1/purchase-points/{store.point_id}", json=_point(capacity_g=PIECE_G), headers=me | {"if-match": '"2"'}
    )
    assert (smaller.status_code, smaller.json()["capacity_g"]) == (200, PIECE_G)


async def test_an_appointment_is_booked_seen_by_both_sides_only_and_exported(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Any
):
    store = await published(db, now=utc_now())
    body = {
        "reserve_purchase_id": str(store.reserve_purchase_id),
        "point_id": str(store.point_id),
        "day": store.day.isoformat(),
        "sku_id": str(store.sku.sku_id),
        "quantity": 4,
    }
    seller = headers(as_caller, store.seller())
    packs = await client.get(f"/v1/reserve-purchases/{store.reserve_purchase_id}/packs", headers=seller)
    assert [(each["sku_id"], each["is_first"]) for each in packs.json()["items"]] == [(body["sku_id"], True)]
    made = await client.post("/v1/reserve-appointments", json=body, headers=seller)
    assert (made.status_code, made.json()["status"], made.json()["is_first"]) == (201, "BOOKED", True)
    assert (await client.post("/v1/reserve-appointments", json=body, headers=seller)).json() == made.json()
    url = f"/v1/reserve-appointments/{made.json()['appointment_id']}"
    strangers = [
        Caller(uuid4(), uuid4(), "supplier", frozenset()),
        Caller(uuid4(), uuid4(), "institution", frozenset({"buyer"})),
        Caller(uuid4()),
    ]
    for each in strangers:
        assert (await client.get(url, headers=headers(as_caller, each))).status_code == 404
    assert (await client.get(url, headers=headers(as_caller, store.weigher))).status_code == 200
    missing = await client.post(f"{url}/cancel", json={"reason": "不来"}, headers=headers(as_caller, store.seller()))
    assert missing.status_code == 428
    sheet = await client.get("/v1/reserve-appointments/export", params={"format": "csv"}, headers=seller)
    assert "已预约" in sheet.text
    page = (
        await client.get(f"/v1/reserve-purchases/{store.reserve_purchase_id}", headers=headers(as_caller, store.filer))
    ).json()
    assert [(each["origin_county_code"], each["booked_g"]) for each in page["sums"]] == [("420325", 4 * PIECE_G)]
    sums = await client.get(
        f"/v1/reserve-purchases/{store.reserve_purchase_id}/sums",
        params={"format": "csv"},
        headers=headers(as_caller, store.filer),
    )
    assert "420325" in sums.text
    trail = await client.get(f"{url}/trail", headers=seller)
    assert [each["verb"] for each in trail.json()] == ["book"]
