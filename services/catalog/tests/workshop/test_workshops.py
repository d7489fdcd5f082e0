"""Workshops: noted, edited, closed and opened again by the offices of their county."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from catalog.workshop import actions, queries, rules
from services.catalog.tests.moves_machine import MovesMachine, run
from shared.auth import Caller
from shared.clock import business_day, utc_now

COUNTY = "420325"
PATH = "/v1/labour/workshops"
FACTS = {
    "county_code": COUNTY,
    "township": "军店镇",
    "village": "下店子村",
    "name": "下店子服装车间",
    "work": "服装加工",
    "supplier_id": None,
    "place_count": 30,
}
DESK = Caller(uuid4(), uuid4(), "official", frozenset({"assistance"}), regions=(COUNTY,))


def key():
    return {"idempotency-key": uuid4().hex}


@pytest.fixture
def office(as_caller):
    return as_caller(kind="official", organisation_id=uuid4(), roles=("assistance",), regions=(COUNTY,))


async def noted(client, office, **changes):
    answer = await client.post(PATH, json=FACTS | changes, headers=office | key())
    assert answer.status_code == 201, answer.text
    return answer.json()


def a_job(workshop_id):
    return {
        "workshop_id": workshop_id,
        "county_code": COUNTY,
        "title": "缝纫工",
        "wage_from_fen": 300_000,
        "wage_to_fen": 400_000,
        "place_count": 2,
        "until_on": (business_day(utc_now()) + timedelta(days=60)).isoformat(),
    }


class WorkshopMachine(MovesMachine):
    """A workshop without jobs."""

    MOVES = rules.MOVES
    NOUN = "workshop"
    SUBJECT = actions.SUBJECT
    START = "OPEN"
    VERBS = ("close", "reopen")

    async def begin(self, db):
        made = await actions.open_workshop(db, workshop_id=uuid4(), facts=FACTS, caller=DESK, now=self.now)
        return made.workshop_id

    async def find(self, db):
        return await queries.get_workshop(db, self.subject_id)

    async def step(self, db, verb, expected_revision):
        return await actions.move_workshop(
            db,
            workshop_id=self.subject_id,
            verb=verb,
            expected_revision=expected_revision,
            caller=DESK,
            now=self.now,
        )


def test_a_workshop_goes_only_where_the_table_says(database_url, make):
    run(WorkshopMachine, url=database_url, make=make, examples=8)


async def test_a_workshop_is_edited_by_the_offices_of_its_county(client, office, as_caller):
    made = await noted(client, office)
    path = f"{PATH}/{made['workshop_id']}"
    changed = await client.put(
        path, json=FACTS | {"name": "下店子制衣厂", "place_count": 45}, headers=office | {"if-match": '"1"'}
    )
    assert (changed.status_code, changed.json()["name"], changed.json()["place_count"]) == (200, "下店子制衣厂", 45)
    assert changed.headers["etag"] == '"2"'
    stale = await client.put(path, json=FACTS, headers=office | {"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    outside = as_caller(kind="official", organisation_id=uuid4(), roles=("assistance",), regions=("430726",))
    looking = as_caller(kind="official", organisation_id=uuid4(), roles=("officer",), regions=(COUNTY,))
    for headers, code in ((outside, "not-your-region"), (looking, "role-missing"), (as_caller(), "officials-only")):
        refused = await client.put(path, json=FACTS, headers=headers | {"if-match": '"2"'})
        assert (refused.status_code, refused.json()["code"]) == (403, code)
        moved = await client.post(f"{path}/close", headers=headers | {"if-match": '"2"'})
        assert (moved.status_code, moved.json()["code"]) == (403, code)
    moved_away = await client.put(path, json=FACTS | {"county_code": "430726"}, headers=office | {"if-match": '"2"'})
    assert (moved_away.status_code, moved_away.json()["code"]) == (403, "not-your-region")
    assert (await client.get(path)).json()["name"] == "下店子制衣厂"
    trail = (await client.get(f"{path}/trail", headers=office)).json()["items"]
    assert [each["verb"] for each in trail] == ["open", "edit"]
    assert (await client.get(f"{path}/trail", headers=outside)).status_code == 403
    unknown = await client.get(f"{PATH}/{uuid4()}")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "workshop-unknown")


async def test_lists_are_searched_exported_and_show_closed_ones_only_when_asked(client, office):
    first = await noted(client, office)
    await noted(client, office, name="城关电子车间", work="电子组装", township="城关镇")
    await client.post(f"{PATH}/{first['workshop_id']}/close", headers=office | {"if-match": '"1"'})

    async def names(**params):
        return [each["name"] for each in (await client.get(PATH, params=params)).json()["items"]]

    assert await names() == ["城关电子车间"]
    assert await names(status="CLOSED", region="420300") == ["下店子服装车间"]
    assert await names(q="电子") == ["城关电子车间"]
    assert await names(q="茶") == []
    sheet = await client.get(f"{PATH}/export", params={"format": "csv"})
    assert "城关电子车间" in sheet.text
    assert "服装" not in sheet.text


async def test_a_workshop_closes_only_once_nobody_is_sought_there_and_offers_nothing_while_closed(client, office):
    made = await noted(client, office)
    path = f"{PATH}/{made['workshop_id']}"
    job = (await client.post("/v1/labour/jobs", json=a_job(made["workshop_id"]), headers=office | key())).json()
    refused = await client.post(f"{path}/close", headers=office | {"if-match": '"1"'})
    assert (refused.status_code, refused.json()["code"]) == (409, "workshop-has-jobs")
    assert refused.json()["open_job_count"] == 1
    closed_job = await client.post(f"/v1/labour/jobs/{job['job_id']}/close", headers=office | {"if-match": '"1"'})
    assert closed_job.status_code == 200
    closed = await client.post(f"{path}/close", headers=office | {"if-match": '"1"'})
    assert (closed.json()["status"], closed.json()["closed_at"] is None) == ("CLOSED", False)
    for answer in (
        await client.post("/v1/labour/jobs", json=a_job(made["workshop_id"]), headers=office | key()),
        await client.post(f"/v1/labour/jobs/{job['job_id']}/reopen", headers=office | {"if-match": '"2"'}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "workshop-status")
    opened = await client.post(f"{path}/reopen", headers=office | {"if-match": '"2"'})
    assert (opened.json()["status"], opened.json()["closed_at"]) == ("OPEN", None)
    again = await client.post(f"/v1/labour/jobs/{job['job_id']}/reopen", headers=office | {"if-match": '"2"'})
    assert again.json()["status"] == "OPEN"


async def test_no_job_slips_in_while_a_workshop_closes(live_client, fresh_database, office):
    made = await noted(live_client, office)
    path = f"{PATH}/{made['workshop_id']}"
    closing = live_client.post(f"{path}/close", headers=office | {"if-match": '"1"'})
    offers = [
        live_client.post("/v1/labour/jobs", json=a_job(made["workshop_id"]), headers=office | key()) for _ in range(4)
    ]
    await asyncio.gather(closing, *offers)
    async with fresh_database.read() as db:
        status = await db.scalar(text("SELECT status FROM labour_workshops"))
        open_jobs = await db.scalar(text("SELECT count(*) FROM labour_jobs WHERE status = 'OPEN'"))
    assert (status == "CLOSED") == (open_jobs == 0)


async def test_the_database_keeps_status_and_day_of_closing_together(db):
    made = await actions.open_workshop(db, workshop_id=uuid4(), facts=FACTS, caller=DESK, now=utc_now())
    with pytest.raises(IntegrityError):
        async with db.begin_nested():
            await db.execute(
                text("UPDATE labour_workshops SET status = 'CLOSED' WHERE workshop_id = :id"), {"id": made.workshop_id}
            )
