"""Linkages over HTTP: who may enter, confirm and see what."""

import asyncio
from uuid import uuid4

import pytest
from linkage_cases import SHIMEN, a_linkage, confirmed, homes
from sqlalchemy import text

from catalog.linkage.rules import MOVES, STATUSES
from shared.testing import NOW


def a_body(**given):
    return {
        "way": "employment",
        "county_code": SHIMEN,
        "township": "白云镇",
        "village": "白云村",
        "from_on": "2026-01-01",
        "households": [{"number": f"00{place}", "person_count": 4} for place in range(6)],
        "incomes": [{"year": 2026, "wage_fen": 500_000}],
        **given,
    }


def once():
    return {"idempotency-key": uuid4().hex}


def office(as_caller, *roles, region=SHIMEN):
    return as_caller(kind="official", organisation_id=uuid4(), roles=roles, regions=(region,))


async def test_from_entry_to_confirmation(client, db, make, as_caller):
    supplier = await make.supplier(db, county_code=SHIMEN)
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    made = await client.post("/v1/linkages", json=a_body(), headers=own | once())
    assert (made.status_code, made.json()["status"], made.json()["household_count"]) == (201, "DRAFT", 6)
    assert "003" not in made.text
    path = f"/v1/linkages/{made.json()['linkage_id']}"
    submitted = await client.post(f"{path}/submit", headers=own)
    assert (submitted.json()["status"], submitted.headers["etag"]) == ("SUBMITTED", '"2"')
    edit = await client.put(path, json=a_body(), headers=own | {"if-match": '"2"'})
    assert (edit.status_code, edit.json()["code"]) == (409, "linkage-status")
    assistance = office(as_caller, "assistance")
    for headers, status, code in (
        (own, 403, "officials-only"),
        (office(as_caller, "township"), 403, "role-missing"),
        (office(as_caller, "assistance", region="433126"), 403, "not-your-region"),
    ):
        refused = await client.post(f"{path}/confirm", headers=headers | {"if-match": '"2"'})
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert (await client.post(f"{path}/confirm", headers=assistance)).status_code == 428
    assert (await client.post(f"{path}/confirm", headers=assistance | {"if-match": '"1"'})).status_code == 412
    done = await client.post(f"{path}/confirm", headers=assistance | {"if-match": '"2"'})
    assert (done.json()["status"], [each["verb"] for each in done.json()["trail"]]) == (
        "CONFIRMED", ["create", "submit", "confirm"],
    )  # fmt: skip
    assert (await client.get(f"/v1/suppliers/{supplier.supplier_id}")).json()["linked_households"] == 6
    income = await client.put(f"{path}/incomes", json={"year": 2027, "asset_fen": 9}, headers=assistance)
    assert [each["year"] for each in income.json()["incomes"]] == [2027, 2026]


async def test_what_is_sent_back_says_why_and_keeps_its_households(client, db, make, as_caller):
    supplier = await make.supplier(db, county_code=SHIMEN)
    linkage = await a_linkage(db, supplier.supplier_id, verbs=("submit",))
    path = f"/v1/linkages/{linkage.linkage_id}"
    seen = office(as_caller, "assistance") | {"if-match": '"2"'}
    assert (await client.post(f"{path}/return", json={"reason": " "}, headers=seen)).status_code == 422
    back = await client.post(f"{path}/return", json={"reason": "缺协议"}, headers=seen)
    assert (back.json()["status"], back.json()["trail"][-1]["reason"]) == ("RETURNED", "缺协议")
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    kept = await client.put(path, json=a_body(way="purchase", households=None), headers=own | {"if-match": '"3"'})
    assert (kept.status_code, kept.json()["household_count"]) == (200, 3)
    moved = a_body(way="purchase", households=None, village="红土村")
    refused = await client.put(path, json=moved, headers=own | {"if-match": '"4"'})
    assert (refused.status_code, refused.json()["code"]) == (422, "household-numbers-needed")


async def test_the_same_request_twice_enters_once(client, db, make, as_caller):
    supplier = await make.supplier(db, county_code=SHIMEN)
    headers = as_caller(kind="supplier", organisation_id=supplier.supplier_id) | once()
    first = await client.post("/v1/linkages", json=a_body(), headers=headers)
    again = await client.post("/v1/linkages", json=a_body(), headers=headers)
    assert (again.headers["idempotent-replayed"], again.json()) == ("true", first.json())
    assert await db.scalar(text("SELECT count(*) FROM linkages")) == 1


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"way": "barter"}, "validation", "way"),
        ({"from_on": "soon"}, "validation", "from_on"),
        ({"status": "CONFIRMED"}, "validation", "status"),
        ({"households": [{"number": "--"}]}, "household-number-empty", "households"),
        ({"until_on": "2025-01-01"}, "period-empty", "until_on"),
        ({"county_code": "430700"}, "county-unknown", "county_code"),
    ],
)
async def test_a_wrong_entry_is_refused_by_name(client, db, make, as_caller, wrong, code, field):
    supplier = await make.supplier(db, county_code=SHIMEN)
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    response = await client.post("/v1/linkages", json=a_body(**wrong), headers=own | once())
    assert (response.status_code, response.json()["code"], response.json()["field"]) == (422, code, field)


async def test_who_sees_and_who_enters(client, db, make, as_caller):
    supplier = await make.supplier(db, county_code=SHIMEN)
    linkage = await a_linkage(db, supplier.supplier_id)
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    foreign = as_caller(kind="supplier", organisation_id=uuid4())
    for headers, count in (
        (own, 1),
        (foreign, 0),
        (office(as_caller, "officer"), 1),
        (office(as_caller, "officer", region="430000"), 1),
        (office(as_caller, "officer", region="520000"), 0),
        (as_caller(kind="operator"), 1),
    ):
        assert len((await client.get("/v1/linkages", headers=headers)).json()["items"]) == count
        seen = await client.get(f"/v1/linkages/{linkage.linkage_id}", headers=headers)
        assert (seen.status_code == 200) == (count == 1)
    nobody = await client.get("/v1/linkages", headers=as_caller())
    assert (nobody.status_code, nobody.json()["code"]) == (403, "linkages-not-yours")
    body = a_body(supplier_id=str(supplier.supplier_id))
    for headers, status in (
        (foreign, 403),
        (office(as_caller, "officer"), 403),
        (office(as_caller, "township", region="433126"), 403),
        (office(as_caller, "township"), 201),
    ):
        assert (await client.post("/v1/linkages", json=body, headers=headers | once())).status_code == status
    own_region = "/v1/linkages?county=520000"
    assert (await client.get(own_region, headers=office(as_caller, "officer"))).json()["items"] == []


async def test_the_list_is_filtered_paged_and_exported(client, db, make, as_caller):
    supplier = await make.supplier(db, county_code=SHIMEN)
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    for way in ("purchase", "employment", "dividend"):
        await a_linkage(db, supplier.supplier_id, way=way)
    await confirmed(db, supplier.supplier_id, way="shareholding", village="红土村")

    async def ways(query):
        return [each["way"] for each in (await client.get(f"/v1/linkages{query}", headers=own)).json()["items"]]

    assert await ways("?status=CONFIRMED") == ["shareholding"]
    assert await ways("?q=红土") == ["shareholding"]
    assert await ways("?way=dividend") == ["dividend"]
    assert await ways("?year=2025") == []
    first = (await client.get("/v1/linkages?limit=3", headers=own)).json()
    rest = (await client.get(f"/v1/linkages?limit=3&cursor={first['next_cursor']}", headers=own)).json()
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (3, 1, None)
    bad = await client.get("/v1/linkages?cursor=nonsense", headers=own)
    assert (bad.status_code, bad.json()["code"]) == (400, "cursor-invalid")
    sheet = await client.get("/v1/linkages/export?status=CONFIRMED", headers=own)
    lines = sheet.content.decode("utf-8-sig").splitlines()
    assert (len(lines), lines[0].split(",")[0], lines[1].split(",")[1:5]) == (
        2, "供应商", ["股份合作", SHIMEN, "白云镇", "红土村"],
    )  # fmt: skip
    xlsx = await client.get("/v1/linkages/export?format=xlsx", headers=own)
    assert (xlsx.status_code, xlsx.content[:2]) == (200, b"PK")


async def test_the_public_sees_counts_without_the_small_ones(client, db, make, as_caller):
    supplier = await make.supplier(db, county_code=SHIMEN)
    await confirmed(db, supplier.supplier_id, village="甲村", households=homes(*map(str, range(9))))
    await confirmed(db, supplier.supplier_id, village="乙村", households=homes(*map(str, range(20, 26))))
    await confirmed(db, supplier.supplier_id, village="丙村", households=homes("31", "32"))
    found = (await client.get("/v1/linkage-counts?group=village&year=2026")).json()
    told = {each["village"]: (each["household_count"], each["is_suppressed"]) for each in found["items"]}
    assert told == {"甲村": (9, False), "乙村": (None, True), "丙村": (None, True)}
    whole = (await client.get("/v1/linkage-counts?group=county&year=2026")).json()
    assert [(each["county_code"], each["household_count"]) for each in whole["items"]] == [(SHIMEN, 17)]
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    exact = (await client.get("/v1/linkage-summary?group=village&year=2026", headers=own)).json()
    assert sorted(each["household_count"] for each in exact["items"]) == [2, 6, 9]
    assert exact["incomes"] == [{"year": 2026, "wage_fen": 300_000, "asset_fen": 0, "operating_fen": 600_000}]


@pytest.mark.parametrize("verb", MOVES)
@pytest.mark.parametrize("status", STATUSES)
async def test_an_illegal_move_is_a_conflict_and_changes_nothing(client, db, make, as_caller, verb, status):
    ways_there = {
        "DRAFT": (),
        "SUBMITTED": ("submit",),
        "CONFIRMED": ("submit", "confirm"),
        "RETURNED": ("submit", "return"),
        "ENDED": ("submit", "confirm", "end"),
    }
    supplier = await make.supplier(db, county_code=SHIMEN)
    linkage = await a_linkage(db, supplier.supplier_id, verbs=ways_there[status])
    counts = ("count(*) FROM trail_entries", "count(*) FROM outbox", "max(revision) FROM linkages")
    state = "SELECT " + " + ".join(f"(SELECT {each})" for each in counts)
    before = await db.scalar(text(state))
    response = await client.post(
        f"/v1/linkages/{linkage.linkage_id}/{verb}",
        json={"reason": "x"} if verb in {"return", "end"} else None,
        headers=as_caller(kind="operator") | {"if-match": f'"{linkage.revision}"'},
    )
    if status in MOVES[verb][0]:
        assert (response.status_code, response.json()["status"]) == (200, MOVES[verb][1])
        return
    assert (response.status_code, response.json()["code"], response.json()["status_now"]) == (
        409, "linkage-status", status,
    )  # fmt: skip
    await db.refresh(linkage)
    assert (linkage.status, await db.scalar(text(state))) == (status, before)


async def test_of_two_offices_at_once_one_decides(live_client, fresh_database, make, as_caller):
    async with fresh_database.begin() as db:
        supplier = await make.supplier(db, county_code=SHIMEN)
        linkage = await a_linkage(db, supplier.supplier_id, verbs=("submit",), now=NOW)
    path = f"/v1/linkages/{linkage.linkage_id}"
    seen = office(as_caller, "assistance") | {"if-match": '"2"'}
    answers = await asyncio.gather(
        live_client.post(f"{path}/confirm", headers=seen),
        live_client.post(f"{path}/return", json={"reason": "x"}, headers=seen),
        live_client.post(f"{path}/confirm", headers=seen),
    )
    assert sorted(each.status_code for each in answers) == [200, 412, 412]
