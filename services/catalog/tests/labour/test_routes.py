"""The labour register over HTTP: who sees a row, and that nothing in it names a person."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

COUNTY = "420325"
WORKERS = "/v1/labour/workers"


async def test_an_identity_number_is_forgotten_at_once(town, db):
    number = town.number()
    made = await town.worker(identity_number=number)
    assert (made["birth_from_year"], made["status"], made["revision"]) == (1975, "SEEKING", 1)
    assert not {"worker_key", "identity_number", "name", "phone"} & made.keys()
    tables = await db.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
    for table in tables.all():
        whole = await db.scalar(text(f'SELECT string_agg(row::text, chr(10)) FROM "{table}" AS row'))  # noqa: S608
        assert number not in (whole or ""), table
        assert number[6:14] not in (whole or "") or table == "regions", table


async def test_a_person_is_registered_once_wherever(town):
    number = town.number()
    await town.worker(identity_number=number)
    for headers in (town.office, town.outside):
        body = town.worker_body(identity_number=number, county_code=COUNTY if headers is town.office else "430726")
        again = await town.client.post(WORKERS, json=body, headers=headers)
        assert (again.status_code, again.json()["code"]) == (409, "worker-registered")
        assert number not in again.text
        assert "军店" not in again.text


async def test_two_offices_at_once_register_a_person_once(live_town, fresh_database):
    body = live_town.worker_body()
    answers = await asyncio.gather(
        *(live_town.client.post(WORKERS, json=body, headers=live_town.office) for _ in range(6))
    )
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409, 409, 409]
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM labour_workers")) == 1


async def test_nobody_but_officials_of_the_region_and_the_registering_office_sees_a_row(town):
    made = await town.worker()
    path = f"{WORKERS}/{made['worker_id']}"
    for headers, status in (
        ({}, 401),
        (town.as_caller(), 403),
        (town.as_caller(kind="supplier", organisation_id=uuid4()), 403),
        (town.as_caller(kind="analyst", organisation_id=uuid4(), regions=(COUNTY,)), 403),
        (town.as_caller(kind="operator", organisation_id=uuid4()), 403),
        (town.as_caller(kind="official", roles=("township",)), 403),
        (town.outside, 404),
    ):
        for each in (path, f"{path}/trail"):
            assert (await town.client.get(each, headers=headers)).status_code == status
        listed = await town.client.get(WORKERS, headers=headers)
        if status == 404:
            assert listed.json()["items"] == []
        else:
            assert listed.status_code == status
            assert (await town.client.get(f"{WORKERS}/export", headers=headers)).status_code == status
    looking = town.as_caller(kind="official", organisation_id=uuid4(), roles=("officer",), regions=("420000",))
    moved_away = town.as_caller(kind="official", organisation_id=town.office_id, roles=("township",))
    for headers in (town.office, looking, moved_away):
        assert (await town.client.get(path, headers=headers)).status_code == 200
        assert len((await town.client.get(WORKERS, headers=headers)).json()["items"]) == 1
    refused = await town.client.post(f"{path}/withdraw", json={}, headers=looking | {"if-match": '"1"'})
    assert (refused.status_code, refused.json()["code"]) == (403, "role-missing")


async def test_the_search_for_work_has_its_history(town):
    made = await town.worker()
    path = f"{WORKERS}/{made['worker_id']}"
    wish = {"health": "light_work", "skills": ["weaving"], "wish_place": "village", "wage_from_fen": 200_000}
    edited = await town.client.put(path, json=wish, headers=town.office | {"if-match": '"1"'})
    assert (edited.status_code, edited.json()["skills"], edited.headers["etag"]) == (200, ["weaving"], '"2"')
    assert (await town.client.put(path, json=wish, headers=town.office | {"if-match": '"1"'})).status_code == 412
    assert (await town.client.put(path, json=wish, headers=town.office)).status_code == 428
    for number, (verb, status) in enumerate((("employ", "EMPLOYED"), ("seek", "SEEKING"), ("withdraw", "WITHDRAWN"))):
        answer = await town.client.post(
            f"{path}/{verb}", json={"reason": "已核"}, headers=town.office | {"if-match": f'"{number + 2}"'}
        )
        assert answer.json()["status"] == status
    illegal = await town.client.post(f"{path}/employ", json={}, headers=town.office | {"if-match": '"5"'})
    assert (illegal.status_code, illegal.json()["code"], illegal.json()["status_now"]) == (
        409,
        "worker-status",
        "WITHDRAWN",
    )
    trail = (await town.client.get(f"{path}/trail", headers=town.office)).json()["items"]
    assert [each["verb"] for each in trail] == ["register", "edit", "employ", "seek", "withdraw"]


async def test_small_counts_are_not_told_and_cannot_be_reckoned(town):
    for _ in range(6):
        await town.worker()
    few = town.as_caller(kind="official", organisation_id=uuid4(), roles=("assistance",), regions=("430726",))
    for _ in range(4):
        await town.worker(headers=few, county_code="430726")
    employed = await town.worker()
    await town.client.post(
        f"{WORKERS}/{employed['worker_id']}/employ", json={}, headers=town.office | {"if-match": '"1"'}
    )
    counts = (await town.client.get("/v1/labour/counts")).json()
    assert counts["counties"] == [{"county_code": COUNTY, "seeking": 6, "employed": None}]
    assert (counts["seeking"], counts["employed"], counts["smallest"]) == (6, 0, 5)
    assert (await town.client.get("/v1/labour/counts?region=430726")).json()["counties"] == []


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"identity_number": "99010119790412123A"}, "identity-number-invalid", "identity_number"),
        ({"skills": ["flying"]}, "skill-unknown", "skills"),
        ({"county_code": "420000"}, "county-unknown", "county_code"),
        ({"health": "ill"}, "validation", "health"),
        ({"name": "某人"}, "validation", "name"),
        ({"wage_from_fen": -1}, "validation", "wage_from_fen"),
    ],
)
async def test_a_wrong_registration_is_refused_and_never_repeated(town, wrong, code, field):
    answer = await town.client.post(WORKERS, json=town.worker_body(**wrong), headers=town.office)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)
    assert "9904" not in answer.text
    assert "197904" not in answer.text


async def test_workers_are_paged_and_narrowed(town):
    made = [await town.worker(skills=[skill]) for skill in ("picking", "tea", "tea")]
    first = (await town.client.get(f"{WORKERS}?limit=2", headers=town.office)).json()
    rest = await town.client.get(WORKERS, params={"limit": 2, "cursor": first["next_cursor"]}, headers=town.office)
    seen = [each["worker_id"] for each in first["items"] + rest.json()["items"]]
    assert seen == [each["worker_id"] for each in reversed(made)]
    tea = (await town.client.get(f"{WORKERS}?skill=tea&status=SEEKING", headers=town.office)).json()["items"]
    assert len(tea) == 2
    sheet = (await town.client.get(f"{WORKERS}/export?format=csv", headers=town.office)).text
    assert sheet.count("制茶") == 2
    place = made[0]["township"]
    assert len((await town.client.get(WORKERS, params={"q": place}, headers=town.office)).json()["items"]) == 3
    assert (await town.client.get(WORKERS, params={"q": "无此乡"}, headers=town.office)).json()["items"] == []
