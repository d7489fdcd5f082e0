"""Spots and routes over HTTP."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from catalog.supply import actions as supply_actions
from catalog.tourism import rules
from shared.auth import Caller
from shared.testing import NOW

COUNTY = "420325"
SPOTS, ROUTES = "/v1/tourism/spots", "/v1/tourism/routes"
_STATE = text("""
    SELECT (SELECT jsonb_agg(each) FROM tourism_spots AS each), (SELECT count(*) FROM trail_entries),
        (SELECT count(*) FROM outbox), (SELECT count(*) FROM notices)
""")
PICTURE = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32


def a_spot(**changes):
    return {
        "county_code": COUNTY,
        "township": "野人谷镇",
        "village": "杜川村",
        "kind": "scenery",
        "name": "杜川梯田",
        "name_en": "Terraces of Duchuan",
        "open_from_month": 3,
        "open_to_month": 11,
        "contact_phone": "0719-0000000",
        **changes,
    }


def key():
    return {"idempotency-key": uuid4().hex}


@pytest.fixture
def office(as_caller):
    return as_caller(kind="official", organisation_id=uuid4(), roles=("assistance",), regions=(COUNTY,))


async def spot(client, office, **changes):
    answer = await client.post(SPOTS, json=a_spot(**changes), headers=office | key())
    assert answer.status_code == 201, answer.text
    return answer.json()


async def move(client, office, path, made, verb, noun="spot"):
    tag = {"if-match": f'"{made["revision"]}"'}
    return await client.post(f"{path}/{made[noun + '_id']}/{verb}", headers=office | tag)


async def published(client, office, **changes):
    return (await move(client, office, SPOTS, await spot(client, office, **changes), "publish")).json()


async def route(client, office, spots, **changes):
    body = {
        "county_code": COUNTY,
        "name": "房县山水两日",
        "day_count": 2,
        "distance_m": 86_000,
        "spot_ids": [each["spot_id"] for each in spots],
        **changes,
    }
    return await client.post(ROUTES, json=body, headers=office | key())


async def test_a_spot_is_seen_once_it_is_published_with_what_is_beside_it(client, db, make, office):
    supplier = await make.supplier(db)
    desk = Caller(uuid4(), None, "official", frozenset({"agriculture"}), (COUNTY,))
    entry = {
        "county_code": COUNTY,
        "township": "野人谷镇",
        "village": "杜川村",
        "enterprise": "",
        "product_name": "蜂蜜",
        "category": "honey",
        "year": 2026,
        "scale_value": 30,
        "scale_unit": "hive",
        "yearly_output_g": 900_000,
        "season_from_month": 6,
        "season_to_month": 9,
        "price_from_fen": 3000,
        "price_to_fen": 4000,
    }
    await supply_actions.upsert_entry(db, entry, caller=desk, now=NOW)
    made = await spot(client, office)
    path = f"{SPOTS}/{made['spot_id']}"
    assert (await client.get(path)).status_code == 404
    assert (await client.get(path, headers=office)).json()["status"] == "DRAFT"
    assert (await move(client, office, SPOTS, made, "publish")).json()["status"] == "PUBLISHED"
    shown = (await client.get(path)).json()
    assert (shown["county"], [each["name"] for each in shown["shops"]]) == ("房县", [supplier.name])
    assert [each["product_name"] for each in shown["produce"]] == ["蜂蜜"]
    assert [each["name"] for each in (await client.get(f"{SPOTS}?kind=scenery&month=5")).json()["items"]] == [
        "杜川梯田"
    ]
    assert (await client.get(f"{SPOTS}?month=1")).json()["items"] == []
    assert (await client.get(f"{SPOTS}?region=430000")).json()["items"] == []


async def test_a_route_is_open_when_its_spots_are_and_holds_them(client, office):
    first, second = await published(client, office), await published(client, office, name="老街", open_from_month=9)
    made = await route(client, office, [second, first])
    assert made.status_code == 201, made.text
    assert made.json()["months"] == [9, 10, 11]
    assert [each["name"] for each in made.json()["spots"]] == ["老街", "杜川梯田"]
    shown = (await move(client, office, ROUTES, made.json(), "publish", "route")).json()
    assert shown["status"] == "PUBLISHED"
    assert [each["name"] for each in (await client.get(ROUTES)).json()["items"]] == ["房县山水两日"]
    held = await move(client, office, SPOTS, first, "withdraw")
    assert (held.status_code, held.json()["code"], held.json()["routes"]) == (409, "spot-on-route", ["房县山水两日"])
    closed = await client.put(
        f"{SPOTS}/{first['spot_id']}",
        json=a_spot(open_from_month=1, open_to_month=2),
        headers=office | {"if-match": f'"{first["revision"]}"'},
    )
    assert (closed.status_code, closed.json()["code"]) == (409, "route-never-open")
    await move(client, office, ROUTES, shown, "withdraw", "route")
    assert (await move(client, office, SPOTS, first, "withdraw")).json()["status"] == "WITHDRAWN"
    assert (await client.get(ROUTES)).json()["items"] == []


async def test_spots_and_routes_are_exported_as_they_are_narrowed(client, office):
    spots = [await published(client, office, name=name) for name in ("杜川梯田", "野人谷")]
    for name in ("房县山水两日", "采茶一日"):
        assert (await route(client, office, spots, name=name)).status_code == 201
    for path, q, column, name in ((SPOTS, "梯田", 4, "杜川梯田"), (ROUTES, "采茶", 1, "采茶一日")):
        found = (await client.get(path, params={"q": q}, headers=office)).json()["items"]
        assert [each["name"] for each in found] == [name]
        sheet = await client.get(f"{path}/export", params={"q": q, "format": "csv"}, headers=office)
        assert [line.split(",")[column] for line in sheet.text.splitlines()[1:]] == [name]
    assert len((await client.get(f"{ROUTES}/export", params={"format": "csv"})).text.splitlines()) == 1, "drafts"


async def test_a_route_over_hidden_or_never_open_spots_is_not_published(client, office):
    spring = await published(client, office, name="花海", open_from_month=3, open_to_month=4)
    hidden = await spot(client, office, name="溶洞", open_from_month=1, open_to_month=12)
    made = (await route(client, office, [spring, hidden])).json()
    refused = await move(client, office, ROUTES, made, "publish", "route")
    assert (refused.status_code, refused.json()["code"], refused.json()["spots"]) == (409, "spot-unpublished", ["溶洞"])
    winter = await published(client, office, name="雪场", open_from_month=12, open_to_month=2)
    never = (await route(client, office, [spring, winter])).json()
    refused = await move(client, office, ROUTES, never, "publish", "route")
    assert (refused.status_code, refused.json()["code"]) == (409, "route-never-open")
    for wrong, code in (([spring], "route-too-short"), ([spring, {"spot_id": str(uuid4())}], "spot-unknown")):
        answer = await route(client, office, wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("status", ["DRAFT", "PUBLISHED", "WITHDRAWN"])
@pytest.mark.parametrize("verb", list(rules.MOVES))
async def test_an_illegal_move_is_refused_and_changes_nothing(client, db, office, verb, status):
    made = await spot(client, office)
    for step in {"DRAFT": (), "PUBLISHED": ("publish",), "WITHDRAWN": ("publish", "withdraw")}[status]:
        made = (await move(client, office, SPOTS, made, step)).json()
    before = tuple((await db.execute(_STATE)).one())
    answer = await move(client, office, SPOTS, made, verb)
    if status in rules.MOVES[verb][0]:
        assert answer.json()["status"] == rules.MOVES[verb][1]
    else:
        assert (answer.status_code, answer.json()["code"], answer.json()["status_now"]) == (409, "spot-status", status)
        assert tuple((await db.execute(_STATE)).one()) == before


async def test_pictures_are_the_offices_own_and_public_with_the_spot(client, office, as_caller):
    uploaded = await client.post(
        f"/v1/documents?name=x.png&county_code={COUNTY}",
        content=PICTURE,
        headers=office | {"content-type": "image/png"},
    )
    assert uploaded.status_code == 201, uploaded.text
    document = uploaded.json()["document_id"]
    foreign = as_caller(kind="official", organisation_id=uuid4(), roles=("assistance",), regions=(COUNTY,))
    stolen = await client.post(SPOTS, json=a_spot(picture_ids=[document]), headers=foreign | key())
    assert (stolen.status_code, stolen.json()["code"], stolen.json()["field"]) == (
        422,
        "document-unknown",
        "picture_ids",
    )
    made = await spot(client, office, picture_ids=[document])
    assert (await client.get(f"/v1/documents/{document}")).status_code == 404
    shown = (await move(client, office, SPOTS, made, "publish")).json()
    assert (await client.get(f"/v1/documents/{document}")).status_code == 200
    await move(client, office, SPOTS, shown, "withdraw")
    assert (await client.get(f"/v1/documents/{document}")).status_code == 404


async def test_who_is_no_office_of_the_region_keeps_no_spots(client, office, as_caller):
    made = await spot(client, office)
    foreign = as_caller(kind="official", organisation_id=uuid4(), roles=("assistance",), regions=("430726",))
    assert (await client.post(SPOTS, json=a_spot(), headers=foreign | key())).json()["code"] == "not-your-region"
    assert (await client.post(SPOTS, json=a_spot(), headers=as_caller() | key())).json()["code"] == "officials-only"
    assert (await move(client, foreign, SPOTS, made, "publish")).status_code == 404
    assert (await client.get(f"{SPOTS}/export?format=csv")).text.count("杜川") == 0
    assert (await client.get(f"{SPOTS}/export?format=csv", headers=office)).text.count("杜川梯田") == 1


async def test_a_route_and_a_withdrawal_at_once_leave_no_route_over_a_hidden_spot(live_client, as_caller):
    office = as_caller(kind="official", organisation_id=uuid4(), roles=("assistance",), regions=(COUNTY,))
    for _ in range(4):
        first = await published(live_client, office)
        second = await published(live_client, office, name="老街")
        made = (await route(live_client, office, [first, second])).json()
        answers = await asyncio.gather(
            move(live_client, office, ROUTES, made, "publish", "route"),
            move(live_client, office, SPOTS, first, "withdraw"),
        )
        assert sorted(each.status_code for each in answers) == [200, 409]
