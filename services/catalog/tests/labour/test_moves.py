"""Workers, jobs and placements: every verb from every state over HTTP; an illegal one is 409 and changes nothing."""

import pytest
from sqlalchemy import text

from catalog.job import rules as job_rules
from catalog.labour import rules as labour_rules
from catalog.placement import rules as placement_rules

_STATE = text("""
    SELECT (SELECT jsonb_agg(each ORDER BY worker_id) FROM labour_workers AS each),
        (SELECT jsonb_agg(each ORDER BY job_id) FROM labour_jobs AS each),
        (SELECT jsonb_agg(each ORDER BY placement_id) FROM labour_placements AS each),
        (SELECT count(*) FROM trail_entries), (SELECT count(*) FROM outbox), (SELECT count(*) FROM notices)
""")
PLACEMENT_WAYS = {
    "PUSHED": (),
    "ACCEPTED": ("accept",),
    "DECLINED": ("decline",),
    "PLACED": ("accept", "place"),
    "ENDED": ("accept", "place", "end"),
}
WORKER_WAYS = {"SEEKING": (), "MATCHED": (), "EMPLOYED": ("employ",), "WITHDRAWN": ("withdraw",)}
OFFICE_VERBS = ("seek", "employ", "withdraw")


async def state(db):
    return tuple((await db.execute(_STATE)).one())


@pytest.fixture
async def employer(town, db, make):
    return await town.employer(db, make)


def expect(answer, *, moves, verb, status, noun):
    """Whether the verb was done, as the table says."""
    before, after = moves[verb]
    if status in before:
        assert (answer.status_code, answer.json()["status"]) == (200, after), answer.text
        return True
    told = answer.json()
    assert (answer.status_code, told["code"], told["status_now"]) == (409, f"{noun}-status", status), answer.text
    return False


@pytest.mark.parametrize("verb", list(placement_rules.MOVES))
@pytest.mark.parametrize("status", list(PLACEMENT_WAYS))
async def test_a_placement_goes_only_where_the_table_says(town, employer, db, verb, status):
    placement = (await town.push(employer, await town.job(employer), await town.worker())).json()
    for step in PLACEMENT_WAYS[status]:
        placement = (await town.move(town.office, placement, step)).json()
    assert placement["status"] == status
    before = await state(db)
    answer = await town.move(town.office, placement, verb)
    if not expect(answer, moves=placement_rules.MOVES, verb=verb, status=status, noun="placement"):
        assert await state(db) == before


async def move_worker(town, worker, verb):
    tag = {"if-match": f'"{worker["revision"]}"'}
    return await town.client.post(
        f"/v1/labour/workers/{worker['worker_id']}/{verb}", json={}, headers=town.office | tag
    )


@pytest.mark.parametrize("verb", OFFICE_VERBS)
@pytest.mark.parametrize("status", list(WORKER_WAYS))
async def test_a_worker_goes_only_where_the_table_says(town, employer, db, verb, status):
    worker = await town.worker()
    if status == "MATCHED":
        placement = (await town.push(employer, await town.job(employer), worker)).json()
        await town.move(town.office, placement, "accept")
        worker = await town.worker_now(worker)
    for step in WORKER_WAYS[status]:
        worker = (await move_worker(town, worker, step)).json()
    assert worker["status"] == status
    before = await state(db)
    answer = await move_worker(town, worker, verb)
    if not expect(answer, moves=labour_rules.MOVES, verb=verb, status=status, noun="worker"):
        assert await state(db) == before


async def move_job(town, employer, job, verb):
    tag = {"if-match": f'"{job["revision"]}"'}
    return await town.client.post(f"/v1/labour/jobs/{job['job_id']}/{verb}", headers=employer | tag)


@pytest.mark.parametrize("verb", list(job_rules.MOVES))
@pytest.mark.parametrize("status", ["OPEN", "FILLED", "CLOSED"])
async def test_a_job_goes_only_where_the_table_says(town, employer, db, verb, status):
    job = await town.job(employer, place_count=1)
    if status == "FILLED":
        placement = (await town.push(employer, job, await town.worker())).json()
        for step in ("accept", "place"):
            placement = (await town.move(town.office, placement, step)).json()
        job = placement["job"]
    elif status == "CLOSED":
        job = (await move_job(town, employer, job, "close")).json()
    assert job["status"] == status
    before = await state(db)
    answer = await move_job(town, employer, job, verb)
    if not expect(answer, moves=job_rules.MOVES, verb=verb, status=status, noun="job"):
        assert await state(db) == before


async def test_a_full_job_reopens_as_filled(town, employer):
    job = await town.job(employer, place_count=1)
    placement = (await town.push(employer, job, await town.worker())).json()
    for step in ("accept", "place"):
        placement = (await town.move(town.office, placement, step)).json()
    closed = (await move_job(town, employer, placement["job"], "close")).json()
    assert (await move_job(town, employer, closed, "reopen")).json()["status"] == "FILLED"
