"""What villages still have to sell, over HTTP."""

import asyncio
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

COUNTY = "420325"
PATH = "/v1/survey-reports"


def a_report(**changes):
    return {
        "county_code": COUNTY,
        "township": "军店镇",
        "village": "下店子村",
        "product_name": "香菇",
        "category": "mushroom",
        "quantity_g": 20_000_000,
        "until_on": (date.today() + timedelta(days=60)).isoformat(),  # noqa: DTZ011 - any day to come
        "office_name": "驻下店子村工作队",
        **changes,
    }


def key():
    return {"idempotency-key": uuid4().hex}


@pytest.fixture
def team(as_caller):
    return as_caller(kind="official", organisation_id=uuid4(), roles=("township",), regions=(COUNTY,))


async def report(client, headers, **changes):
    answer = await client.post(PATH, json=a_report(**changes), headers=headers | key())
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_the_latest_count_of_a_month_counts_and_the_earlier_stay_to_be_read(client, team):
    first = await report(client, team)
    second = await report(client, team, quantity_g=15_000_000)
    other = await report(client, team, village="塘溪村")
    now = (await client.get(PATH, headers=team)).json()["items"]
    assert [each["report_id"] for each in now] == [other["report_id"], second["report_id"]]
    history = (await client.get(f"{PATH}?latest=false&limit=2", headers=team)).json()
    rest = await client.get(PATH, params={"latest": False, "cursor": history["next_cursor"]}, headers=team)
    assert [each["report_id"] for each in rest.json()["items"]] == [first["report_id"]]
    stale = await client.post(
        f"{PATH}/{first['report_id']}/take-off",
        json={"kind": "sold", "quantity_g": 1, "happened_on": "2026-11-22"},
        headers=team | key(),
    )
    assert (stale.status_code, stale.json()["code"]) == (409, "report-superseded")


async def test_what_is_taken_off_is_never_more_than_there_is(client, db, team):
    made = await report(client, team)
    path = f"{PATH}/{made['report_id']}/take-off"
    sold = {"kind": "sold", "quantity_g": 15_000_000, "buyer_name": "某批发市场", "happened_on": "2026-11-22"}
    once = key()
    taken = await client.post(path, json=sold, headers=team | once)
    assert (taken.status_code, taken.json()["absorbed_g"]) == (201, 15_000_000)
    assert [each["kind"] for each in taken.json()["absorptions"]] == ["sold"]
    assert (await client.post(path, json=sold, headers=team | once)).headers["idempotent-replayed"] == "true"
    too_much = await client.post(path, json=sold, headers=team | key())
    assert (too_much.status_code, too_much.json()["code"], too_much.json()["remaining_g"]) == (
        409,
        "more-than-left",
        5_000_000,
    )
    shown = (await client.get(f"{PATH}/{made['report_id']}", headers=team)).json()
    assert (shown["absorbed_g"], [each["quantity_g"] for each in shown["absorptions"]]) == (15_000_000, [15_000_000])
    assert await db.scalar(text("SELECT absorbed_g FROM survey_reports")) == 15_000_000
    assert await db.scalar(text("SELECT count(*) FROM survey_absorptions")) == 1


async def test_nobody_but_officials_of_the_region_reads_a_report(client, team, as_caller):
    made = await report(client, team)
    foreign = as_caller(kind="official", organisation_id=uuid4(), roles=("township",), regions=("430726",))
    assert (await client.get(PATH, headers=foreign)).json()["items"] == []
    gone = await client.post(
        f"{PATH}/{made['report_id']}/take-off",
        json={"kind": "sold", "quantity_g": 1, "happened_on": "2026-11-22"},
        headers=foreign | key(),
    )
    assert (gone.status_code, gone.json()["code"]) == (404, "report-unknown")
    assert (await client.get(f"{PATH}/{made['report_id']}", headers=foreign)).status_code == 404
    refused = await client.post(PATH, json=a_report(), headers=foreign | key())
    assert (refused.status_code, refused.json()["code"]) == (403, "not-your-region")
    for headers, status in (({}, 401), (as_caller(), 403), (as_caller(kind="supplier", organisation_id=uuid4()), 403)):
        assert (await client.get(PATH, headers=headers)).status_code == status
        assert (await client.get(f"{PATH}/export", headers=headers)).status_code == status
    sheet = (await client.get(f"{PATH}/export?format=csv", headers=team)).text
    assert sheet.count("下店子村") == 2  # the village and the team's name


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"until_on": "2020-01-01"}, "until-past", "until_on"),
        ({"category": "stone"}, "category-unknown", "category"),
        ({"village": ""}, "validation", "village"),
        ({"quantity_g": -1}, "validation", "quantity_g"),
        ({"county_code": "420000"}, "county-unknown", "county_code"),
    ],
)
async def test_a_wrong_report_is_refused_by_name(client, team, wrong, code, field):
    answer = await client.post(PATH, json=a_report(**wrong), headers=team | key())
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)


async def test_of_reports_at_once_one_counts(live_client, fresh_database, as_caller):
    team = as_caller(kind="official", organisation_id=uuid4(), roles=("township",), regions=(COUNTY,))
    answers = await asyncio.gather(
        *(live_client.post(PATH, json=a_report(quantity_g=1000 * number), headers=team | key()) for number in range(8))
    )
    assert [each.status_code for each in answers] == [201] * 8
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM survey_reports WHERE is_latest")) == 1
        assert await db.scalar(text("SELECT count(*) FROM survey_reports")) == 8
