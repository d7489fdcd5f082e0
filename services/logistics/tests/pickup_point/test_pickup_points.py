"""Pickup points: who keeps them, what they keep, and that an illegal move changes nothing."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.pickup_point import queries, rules
from logistics.temperature_class.queries import list_classes
from services.logistics.tests.factories import OPERATOR, Headers, caller_headers, order_paid, paid_shipment
from shared.db import Database
from shared.events.orders import DeliveryAddress

POINT: dict[str, Any] = {
    "county_code": "420325",
    "name": "军店镇村级服务站",
    "address": "军店镇下店子村12号",
    "open_hours": "每天 8:00–19:00",
    "phone": "0719-3220000",
    "services": ["RETURNS", "HELP"],
    "storages": ["CHILLED"],
    "capacity": 80,
}


def official(as_caller: Headers, *roles: str, region: str = "420325") -> dict[str, str]:
    return as_caller(kind="official", roles=roles, regions=(region,), organisation_id=uuid4())


def keyed(me: dict[str, str]) -> dict[str, str]:
    return {**me, "idempotency-key": str(uuid4())}


async def add(client: httpx2.AsyncClient, me: dict[str, str], **given: Any) -> httpx2.Response:
    return await client.post("/v1/pickup-points", json={**POINT, **given}, headers=keyed(me))


async def events(db: AsyncSession) -> list[tuple[str, Any]]:
    rows = await db.execute(
        text("SELECT type, data FROM outbox WHERE type LIKE 'logistics.pickup-point%' ORDER BY position")
    )
    return [(row.type.split(".")[1], row.data) for row in rows]


def test_a_point_keeps_what_its_storage_is_made_for():
    families, classes = queries.storage_families(), list_classes()
    plain = rules.kept_classes([], families, classes)
    assert plain == ("AMBIENT",)
    chilled = rules.kept_classes(["CHILLED"], families, classes)
    assert {"AMBIENT", "MUSHROOM", "TOMATO"} <= set(chilled)
    assert "FROZEN" not in chilled
    everything = rules.kept_classes(["CHILLED", "FROZEN"], families, classes)
    assert "FROZEN_FISH" in everything
    assert not {"LIVE_FISH", "DEEP_FROZEN"} & set(everything)


@pytest.mark.parametrize(
    ("kind", "roles", "regions", "code"),
    [
        ("official", ("officer",), ("420325",), "role-missing"),
        ("official", ("agriculture",), ("130624",), "not-your-region"),
        ("official", ("agriculture",), (), "not-your-region"),
        ("supplier", (), (), "officials-only"),
        ("consumer", (), (), "officials-only"),
    ],
)
async def test_only_operators_and_the_countys_officials_keep_points(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, kind: str, roles: Any, regions: Any, code: str
):
    stranger = as_caller(kind=kind, roles=roles, regions=regions, organisation_id=uuid4())
    refused = await add(client, stranger)
    assert (refused.status_code, refused.json()["code"]) == (403, code)
    made = (await add(client, official(as_caller, "agriculture", region="420300"))).json()
    at = f"/v1/pickup-points/{made['pickup_point_id']}"
    for method, path, body in (
        ("PUT", at, POINT),
        ("POST", f"{at}/close", {"reason": "搬迁"}),
        ("GET", f"{at}/changes", None),
    ):
        answer = await client.request(method, path, json=body, headers={**stranger, "if-match": '"1"'})
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert (await client.get(at)).json() == made
    assert len(await events(db)) == 1


async def test_a_point_is_opened_changed_closed_and_opened_again(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    me = official(as_caller, "assistance")
    made = await add(client, me)
    assert made.status_code == 201
    at = f"/v1/pickup-points/{made.json()['pickup_point_id']}"
    assert (await client.get(at)).headers["etag"] == '"1"'
    assert (await client.put(at, json=POINT, headers=me)).status_code == 428
    cooler = {**POINT, "storages": ["FROZEN", "CHILLED", "FROZEN"]}
    changed = await client.put(at, json=cooler, headers={**me, "if-match": '"1"'})
    assert (changed.status_code, changed.json()["storages"], changed.headers["etag"]) == (
        200,
        ["CHILLED", "FROZEN"],
        '"2"',
    )
    moved = await client.put(at, json={**POINT, "county_code": "420300"}, headers={**me, "if-match": '"2"'})
    assert (moved.status_code, moved.json()["code"]) == (409, "pickup-point-county")
    closed = await client.post(f"{at}/close", json={"reason": "春节歇业"}, headers={**me, "if-match": '"2"'})
    assert (closed.status_code, closed.json()["status"]) == (200, "CLOSED")
    quiet = await client.put(at, json={**POINT, "name": "新站"}, headers={**me, "if-match": '"3"'})
    assert quiet.json()["name"] == "新站"
    again = await client.post(f"{at}/open", json={"reason": "节后"}, headers={**me, "if-match": '"4"'})
    assert (again.json()["status"], again.json()["revision"]) == ("OPEN", 5)
    told = await events(db)
    assert [(kind, data["revision"]) for kind, data in told] == [
        ("pickup-point-opened", 1),
        ("pickup-point-changed", 2),
        ("pickup-point-closed", 3),
        ("pickup-point-opened", 5),
    ]
    assert told[-1][1]["name"] == "新站"
    assert "MUSHROOM" in told[-1][1]["kept_classes"]
    history = (await client.get(f"{at}/changes", headers=me)).json()["items"]
    assert [(each["verb"], each["reason"]) for each in history] == [
        ("add", ""),
        ("revise", ""),
        ("close", "春节歇业"),
        ("revise", ""),
        ("open", "节后"),
    ]


@pytest.mark.parametrize(("status", "verb"), [("OPEN", "open"), ("CLOSED", "close")])
async def test_an_illegal_move_changes_nothing(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, status: str, verb: str
):
    me = as_caller(kind="operator")
    at = f"/v1/pickup-points/{(await add(client, me)).json()['pickup_point_id']}"
    if status == "CLOSED":
        await client.post(f"{at}/close", json={"reason": "搬迁"}, headers={**me, "if-match": '"1"'})
    before = (await client.get(at)).json(), await events(db), (await client.get(f"{at}/changes", headers=me)).json()
    revision = before[0]["revision"]
    refused = await client.post(f"{at}/{verb}", json={"reason": "再来"}, headers={**me, "if-match": f'"{revision}"'})
    assert (refused.status_code, refused.json()["code"], refused.json()["status_now"]) == (
        409,
        "pickup-point-status",
        status,
    )
    stale = await client.post(f"{at}/{verb}", json={"reason": "再来"}, headers={**me, "if-match": '"9"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert before == (
        (await client.get(at)).json(),
        await events(db),
        (await client.get(f"{at}/changes", headers=me)).json(),
    )


async def test_a_county_has_each_name_once(client: httpx2.AsyncClient, as_caller: Headers):
    me = as_caller(kind="operator")
    first, second = (await add(client, me)).json(), (await add(client, me, name="二号站")).json()
    assert (await add(client, me)).json()["code"] == "pickup-point-exists"
    at = f"/v1/pickup-points/{second['pickup_point_id']}"
    taken = await client.put(at, json=POINT, headers={**me, "if-match": '"1"'})
    assert (taken.status_code, taken.json()["code"]) == (409, "pickup-point-exists")
    assert (await add(client, me, county_code="130624")).status_code == 201
    assert first["name"] == POINT["name"]


async def test_lists_narrow_page_and_download(client: httpx2.AsyncClient, as_caller: Headers):
    me = as_caller(kind="operator")
    for number in range(3):
        await add(client, me, name=f"站{number}", storages=["FROZEN"] if number else [])
    other = (await add(client, me, county_code="130624", address="天生桥镇")).json()
    await client.post(
        f"/v1/pickup-points/{other['pickup_point_id']}/close", json={"reason": "x"}, headers={**me, "if-match": '"1"'}
    )

    async def names(**query: Any) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            params = {**query, "limit": 1} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/v1/pickup-points", params=params)).json()
            found += [each["name"] for each in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    assert await names() == [POINT["name"], "站0", "站1", "站2"]
    assert await names(region_code="420000") == ["站0", "站1", "站2"]
    assert await names(status="CLOSED") == [POINT["name"]]
    assert await names(storage="FROZEN") == ["站1", "站2"]
    assert await names(q="天生桥") == [POINT["name"]]
    file = await client.get("/v1/pickup-points/export", params={"format": "csv", "region_code": "420325"})
    lines = file.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("站0,420325,")
    assert (await client.get("/v1/pickup-points", params={"cursor": "WzEsMl0"})).status_code == 400


async def test_of_two_officials_at_once_one_wins(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    del fresh_database
    me = as_caller(kind="operator")
    made = await asyncio.gather(*(add(live_client, me) for _ in range(6)))
    assert sorted(each.status_code for each in made) == [201] + [409] * 5
    point_id = UUID(next(each.json()["pickup_point_id"] for each in made if each.status_code == 201))
    at, seen = f"/v1/pickup-points/{point_id}", {**me, "if-match": '"1"'}
    answers = await asyncio.gather(
        *(live_client.post(f"{at}/close", json={"reason": "搬迁"}, headers=seen) for _ in range(4)),
        *(live_client.put(at, json={**POINT, "capacity": 9}, headers=seen) for _ in range(4)),
    )
    assert sorted(each.status_code for each in answers) == [200] + [412] * 7


async def test_a_shipment_says_at_which_point_it_waits(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    point_id = uuid4()
    event = order_paid()
    address = DeliveryAddress(
        **{**event.address.model_dump(), "pickup_point_id": point_id, "pickup_point_name": "一号站"}
    )
    shipment_id = await paid_shipment(db, event.model_copy(update={"address": address}))
    shown = (await client.get(f"/v1/shipments/{shipment_id}", headers=caller_headers(as_caller, OPERATOR))).json()
    assert (shown["address"]["pickup_point_id"], shown["address"]["pickup_point_name"]) == (str(point_id), "一号站")
