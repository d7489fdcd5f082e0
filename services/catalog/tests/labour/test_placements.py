"""Jobs, candidates and placements over HTTP."""

import asyncio
from uuid import uuid4

from sqlalchemy import text

JOBS = "/v1/labour/jobs"


async def test_a_job_finds_a_worker_who_begins_there_and_ends(town, db, make):
    employer = await town.employer(db, make)
    worker, job = await town.worker(), await town.job(employer)
    found = (await town.client.get(f"{JOBS}/{job['job_id']}/candidates", headers=employer)).json()["items"]
    assert [each["candidate"]["worker_id"] for each in found] == [worker["worker_id"]]
    assert found[0]["candidate"].keys() == {"worker_id", "county_code", "birth_from_year", "health", "skills"}
    assert [reason["code"] for reason in found[0]["reasons"]] == ["skills-known", "place-township", "wage-met"]
    pushed = await town.push(employer, job, worker)
    assert (pushed.status_code, pushed.json()["score"]) == (201, found[0]["score"])
    notices = await db.scalars(text("SELECT organisation_id FROM notices WHERE code = 'job-pushed'"))
    assert notices.all() == [town.office_id]
    again = await town.push(employer, job, worker)
    assert (again.status_code, again.json()["code"]) == (409, "pushed-already")
    own_word = await town.move(employer, pushed.json(), "accept")
    assert (own_word.status_code, own_word.json()["code"]) == (403, "not-your-worker")
    accepted = (await town.move(town.office, pushed.json(), "accept")).json()
    assert (accepted["status"], (await town.worker_now(worker))["status"]) == ("ACCEPTED", "MATCHED")
    placed = (await town.move(employer, accepted, "place")).json()
    assert (placed["status"], placed["job"]["filled_count"]) == ("PLACED", 1)
    assert (await town.worker_now(worker))["status"] == "EMPLOYED"
    held = await town.client.post(
        f"/v1/labour/workers/{worker['worker_id']}/withdraw",
        json={},
        headers=town.office | {"if-match": f'"{(await town.worker_now(worker))["revision"]}"'},
    )
    assert (held.status_code, held.json()["code"]) == (409, "worker-placed")
    counts = (await town.client.get("/v1/labour/placement-counts", headers=town.office)).json()["items"]
    assert [each["count"] for each in counts] == [1]
    ended = (await town.move(town.office, placed, "end")).json()
    assert (ended["status"], ended["job"]["filled_count"]) == ("ENDED", 0)
    assert (await town.worker_now(worker))["status"] == "SEEKING"
    twice = await town.move(town.office, ended, "end")
    assert (twice.status_code, twice.json()["code"], twice.json()["status_now"]) == (409, "placement-status", "ENDED")


async def test_who_declines_looks_on(town, db, make):
    employer = await town.employer(db, make)
    worker = await town.worker()
    first, second = [
        (await town.push(employer, await town.job(employer, title=title), worker)).json() for title in ("采摘", "分拣")
    ]
    first = (await town.move(town.office, first, "accept")).json()
    second = (await town.move(town.office, second, "accept")).json()
    await town.move(town.office, first, "decline")
    assert (await town.worker_now(worker))["status"] == "MATCHED"
    await town.move(town.office, second, "decline")
    assert (await town.worker_now(worker))["status"] == "SEEKING"


async def test_jobs_and_placements_are_found_by_title_and_exported(town, db, make):
    employer, worker = await town.employer(db, make), await town.worker()
    for title in ("香菇采摘", "分拣"):
        assert (await town.push(employer, await town.job(employer, title=title), worker)).status_code == 201
    for path, headers in ((JOBS, employer), ("/v1/labour/placements", town.office)):
        found = (await town.client.get(path, params={"q": "采摘"}, headers=headers)).json()["items"]
        assert [each.get("title") or each["job"]["title"] for each in found] == ["香菇采摘"]
        sheet = await town.client.get(f"{path}/export", params={"q": "采摘", "format": "csv"}, headers=headers)
        assert [line.split(",")[0] for line in sheet.text.splitlines()[1:]] == ["香菇采摘"]
    foreign = await town.client.get("/v1/labour/placements/export", headers=employer)
    assert (foreign.status_code, foreign.json()["code"]) == (403, "officials-only")


async def test_candidates_are_for_the_jobs_employer_and_the_regions_officials_only(town, db, make):
    employer = await town.employer(db, make)
    worker, job = await town.worker(), await town.job(employer)
    path = f"{JOBS}/{job['job_id']}"
    rival = await town.employer(db, make)
    for headers, status in (({}, 401), (town.as_caller(), 403), (rival, 403)):
        assert (await town.client.get(f"{path}/candidates", headers=headers)).status_code == status
        assert (await town.client.get(f"{path}/placements", headers=headers)).status_code == status
    assert (await town.client.get(f"{path}/candidates", headers=town.outside)).json()["items"] == []
    assert len((await town.client.get(f"{path}/candidates", headers=town.office)).json()["items"]) == 1
    for headers, status, code in ((rival, 403, "not-your-job"), (town.outside, 404, "worker-unknown")):
        refused = await town.push(headers, job, worker)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    pushed = (await town.push(town.office, job, worker)).json()
    for headers in (rival, town.outside):
        assert (await town.move(headers, pushed, "accept")).status_code == 404
    assert len((await town.client.get("/v1/labour/placements", headers=town.office)).json()["items"]) == 1
    assert (await town.client.get("/v1/labour/placements", headers=town.outside)).json()["items"] == []
    assert (await town.client.get("/v1/labour/placements", headers=employer)).status_code == 403
    assert len((await town.client.get(f"{path}/placements", headers=employer)).json()["items"]) == 1


async def test_what_does_not_fit_is_not_pushed(town, db, make):
    employer = await town.employer(db, make)
    worker = await town.worker(skills=["tea"])
    job = await town.job(employer, skills=["driving"])
    refused = await town.push(employer, job, worker)
    assert (refused.status_code, refused.json()["code"]) == (409, "not-a-match")
    closed = await town.client.post(f"{JOBS}/{job['job_id']}/close", headers=employer | {"if-match": '"1"'})
    assert closed.json()["status"] == "CLOSED"
    refused = await town.push(employer, job, worker)
    assert (refused.status_code, refused.json()["code"]) == (409, "job-not-open")
    unknown = await town.push(employer, job, {"worker_id": str(uuid4())})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "worker-unknown")


async def test_the_last_place_is_taken_once(live_town, fresh_database, make):
    async with fresh_database.begin() as db:
        employer = await live_town.employer(db, make)
    job = await live_town.job(employer, place_count=1)
    accepted = []
    for _ in range(4):
        pushed = (await live_town.push(employer, job, await live_town.worker())).json()
        accepted.append((await live_town.move(live_town.office, pushed, "accept")).json())
    answers = await asyncio.gather(*(live_town.move(employer, each, "place") for each in accepted))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {"job-full"}
    async with fresh_database.read() as db:
        statuses = await db.execute(text("SELECT status, filled_count FROM labour_jobs"))
        assert [tuple(row) for row in statuses] == [("FILLED", 1)]
        assert await db.scalar(text("SELECT count(*) FROM labour_workers WHERE status = 'EMPLOYED'")) == 1


async def test_a_worker_begins_at_one_job_only(live_town, fresh_database, make):
    async with fresh_database.begin() as db:
        employer = await live_town.employer(db, make)
    worker = await live_town.worker()
    accepted = []
    for title in ("甲", "乙", "丙"):
        pushed = (await live_town.push(employer, await live_town.job(employer, title=title), worker)).json()
        accepted.append((await live_town.move(live_town.office, pushed, "accept")).json())
    answers = await asyncio.gather(*(live_town.move(employer, each, "place") for each in accepted))
    assert sorted(each.status_code for each in answers) == [200, 409, 409]
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {"worker-status"}


async def test_workshops_and_jobs_from_outside_are_the_offices(town):
    body = {
        "county_code": "420325",
        "township": "军店镇",
        "village": "下店子村",
        "name": "下店子服装车间",
        "work": "服装缝纫",
        "place_count": 30,
    }
    made = await town.client.post("/v1/labour/workshops", json=body, headers=town.office | town.key())
    assert made.status_code == 201, made.text
    refused = await town.client.post("/v1/labour/workshops", json=body, headers=town.outside | town.key())
    assert (refused.status_code, refused.json()["code"]) == (403, "not-your-region")
    job = await town.job(town.office, workshop_id=made.json()["workshop_id"], skills=["sewing"])
    assert (job["employer_kind"], job["employer_name"]) == ("workshop", "下店子服装车间")
    outside = await town.job(town.office, employer_name="沿海某电子厂", county_code="441900", skills=["assembly"])
    assert outside["employer_kind"] == "outside"
    public = (await town.client.get(JOBS)).json()["items"]
    assert [each["title"] for each in public] == ["香菇采摘分拣", "香菇采摘分拣"]
    assert [each["name"] for each in (await town.client.get("/v1/labour/workshops")).json()["items"]] == [
        "下店子服装车间"
    ]
    refused = await town.client.post(JOBS, json=town.job_body(), headers=town.as_caller() | town.key())
    assert (refused.status_code, refused.json()["code"]) == (403, "not-your-job")
    wrong = town.job_body(wage_to_fen=1)
    refused = await town.client.post(JOBS, json=wrong, headers=town.office | town.key())
    assert (refused.status_code, refused.json()["code"]) == (422, "wage-range-reversed")
