"""Fairs over HTTP."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from catalog.fair import rules
from shared.clock import business_day, utc_now

COUNTY = "420325"
PATH = "/v1/fairs"
_STATE = text("""
    SELECT (SELECT jsonb_agg(each) FROM fairs AS each), (SELECT count(*) FROM trail_entries),
        (SELECT count(*) FROM outbox), (SELECT count(*) FROM notices)
""")


def today():
    return business_day(utc_now())


def a_fair(**changes):
    return {
        "county_code": COUNTY,
        "venue": "县会展中心",
        "name": "秋冬农产品产销对接会",
        "organiser": "房县农业农村局",
        "from_on": (today() - timedelta(days=1)).isoformat(),
        "until_on": (today() + timedelta(days=1)).isoformat(),
        **changes,
    }


def key():
    return {"idempotency-key": uuid4().hex}


@pytest.fixture
def office(as_caller):
    return as_caller(kind="official", organisation_id=uuid4(), roles=("agriculture",), regions=(COUNTY,))


async def plan(client, office, **changes):
    answer = await client.post(PATH, json=a_fair(**changes), headers=office | key())
    assert answer.status_code == 201, answer.text
    return answer.json()


async def move(client, office, fair, verb):
    return await client.post(f"{PATH}/{fair['fair_id']}/{verb}", headers=office | {"if-match": f'"{fair["revision"]}"'})


async def test_a_fair_is_planned_announced_and_its_deals_counted(client, db, make, office, as_caller):
    supplier = await make.supplier(db)
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    fair = await plan(client, office)
    path = f"{PATH}/{fair['fair_id']}"
    assert (await client.get(path)).status_code == 404
    assert (await client.post(f"{path}/participants", json={}, headers=own | key())).status_code == 404
    await move(client, office, fair, "announce")
    enrolled = await client.post(f"{path}/participants", json={"booth": "A3"}, headers=own | key())
    assert (enrolled.status_code, enrolled.json()["name"]) == (201, supplier.name)
    again = await client.post(f"{path}/participants", json={}, headers=own | key())
    assert (again.status_code, again.json()["code"]) == (409, "participant-exists")
    other = await client.post(f"{path}/participants", json={"name": "某合作社"}, headers=office | key())
    deal = {
        "participant_id": enrolled.json()["participant_id"],
        "buyer_name": "某商超",
        "product_name": "香菇",
        "quantity_g": 5_000_000,
        "amount_fen": 9_000_000,
        "agreed_on": today().isoformat(),
    }
    assert (await client.post(f"{path}/deals", json=deal, headers=own | key())).status_code == 201
    foreign = deal | {"participant_id": other.json()["participant_id"]}
    assert (await client.post(f"{path}/deals", json=foreign, headers=own | key())).status_code == 403
    assert (await client.post(f"{path}/deals", json=foreign, headers=office | key())).status_code == 201
    public = (await client.get(path)).json()
    assert (public["participant_count"], public["deal_count"], public["deal_amount_fen"]) == (2, 2, 18_000_000)
    assert public["place"] == "湖北省十堰市房县"
    assert public["deals"] == []
    assert len((await client.get(path, headers=office)).json()["deals"]) == 2
    for changes, code in (
        ({"agreed_on": (today() - timedelta(days=2)).isoformat()}, "deal-too-early"),
        ({"agreed_on": (today() + timedelta(days=1)).isoformat()}, "deal-in-future"),
        ({"participant_id": str(uuid4())}, "participant-unknown"),
        ({"amount_fen": 0}, "validation"),
    ):
        refused = await client.post(f"{path}/deals", json=deal | changes, headers=office | key())
        assert refused.json()["code"] == code


async def test_the_calendar_is_by_day_and_region(client, office):
    for days in (30, 5, 60):
        day = (today() + timedelta(days=days)).isoformat()
        fair = await plan(client, office, name=f"{days}", from_on=day, until_on=day)
        await move(client, office, fair, "announce")
    await plan(client, office, name="draft")
    names = [each["name"] for each in (await client.get(PATH)).json()["items"]]
    assert names == ["5", "30", "60"]
    first = (await client.get(f"{PATH}?limit=2")).json()
    rest = (await client.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [each["name"] for each in rest["items"]] == ["60"]
    soon = await client.get(f"{PATH}?until_on={(today() + timedelta(days=10)).isoformat()}")
    assert [each["name"] for each in soon.json()["items"]] == ["5"]
    assert (await client.get(f"{PATH}?region=430000")).json()["items"] == []
    said = {"q": "农业农村局", "status": "ANNOUNCED", "until_on": (today() + timedelta(days=40)).isoformat()}
    assert [each["name"] for each in (await client.get(PATH, params=said)).json()["items"]] == ["5", "30"]
    sheet = await client.get(f"{PATH}/export", params=said | {"format": "csv"})
    assert [line.split(",")[0] for line in sheet.text.splitlines()[1:]] == ["5", "30"]
    assert (await client.get(PATH, params={"q": "无此单位"})).json()["items"] == []
    assert "draft" in [each["name"] for each in (await client.get(PATH, headers=office)).json()["items"]]
    wrong = await client.get(f"{PATH}?cursor=WyJhIiwiYiJd")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "cursor-invalid")


@pytest.mark.parametrize("status", ["DRAFT", "ANNOUNCED", "CANCELLED"])
@pytest.mark.parametrize("verb", list(rules.MOVES))
async def test_an_illegal_move_is_refused_and_changes_nothing(client, db, office, verb, status):
    fair = await plan(client, office)
    for step in {"DRAFT": (), "ANNOUNCED": ("announce",), "CANCELLED": ("cancel",)}[status]:
        fair = (await move(client, office, fair, step)).json()
    before = tuple((await db.execute(_STATE)).one())
    answer = await move(client, office, fair, verb)
    if status in rules.MOVES[verb][0]:
        assert answer.json()["status"] == rules.MOVES[verb][1]
    else:
        assert (answer.status_code, answer.json()["code"], answer.json()["status_now"]) == (409, "fair-status", status)
        assert tuple((await db.execute(_STATE)).one()) == before


async def test_only_offices_of_the_region_plan_fairs(client, office, as_caller):
    foreign = as_caller(kind="official", organisation_id=uuid4(), roles=("agriculture",), regions=("430726",))
    looking = as_caller(kind="official", organisation_id=uuid4(), roles=("officer",), regions=(COUNTY,))
    for headers, code in ((foreign, "not-your-region"), (looking, "role-missing"), (as_caller(), "officials-only")):
        answer = await client.post(PATH, json=a_fair(), headers=headers | key())
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    wrong = a_fair(until_on=(today() - timedelta(days=9)).isoformat())
    answer = await client.post(PATH, json=wrong, headers=office | key())
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "days-reversed", "until_on")
