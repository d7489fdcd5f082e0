"""Loading the labour register: people who do not exist, workshops, jobs and what came of them."""

import random
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.job import actions as job_actions
from catalog.labour import actions as labour_actions
from catalog.placement import actions as placement_actions
from catalog.workshop import actions as workshop_actions
from deploy.demo.market import Advance, in_batches, missing
from deploy.demo.registers import a_desk, nobodys_key
from deploy.demo.tables import demo_id
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database

COUNTIES = (
    "420325",
    "430726",
    "433126",
    "522728",
    "520526",
    "513431",
    "611026",
    "620826",
    "640422",
    "130624",
    "341524",
    "500236",
)
_TOWNSHIPS = ("城关镇", "河口乡", "青山镇")
_VILLAGES = ("上坪村", "桃源村", "清水村", "岩湾村")
_SKILLS = ("picking", "planting", "sorting", "processing", "livestock", "sewing", "driving", "cooking", "streaming")
_WORK = (
    ("服装缝纫", "sewing", 280_000, 420_000),
    ("分拣包装", "sorting", 260_000, 340_000),
    ("食品加工", "processing", 270_000, 380_000),
    ("茶园管护", "planting", 240_000, 320_000),
)
PEOPLE_A_COUNTY = 22


async def load_labour(database: Database, *, now: datetime, advance: Advance) -> None:
    """Workshops, jobs, people and placements of a dozen counties."""
    people = [(county, number) for county in COUNTIES for number in range(PEOPLE_A_COUNTY)]
    ids = {demo_id("worker", f"{county}-{number}"): (county, number) for county, number in people}
    await _load_jobs(database, now=now)
    new = await missing(database, "labour_workers", "worker_id", ids)

    async def add(db: AsyncSession, worker_id: UUID) -> None:
        county, number = ids[worker_id]
        chance = random.Random(worker_id.int)  # noqa: S311 - a demo wants the same people every time
        desk = a_desk(county, "township", "assistance")
        skills = sorted(chance.sample(_SKILLS, k=chance.randint(1, 3)))
        at = now - timedelta(days=chance.randint(20, 200))
        worker = await labour_actions.register_worker(
            db,
            worker_id=worker_id,
            worker_key=nobodys_key(str(worker_id)),
            birth_from_year=1960 + 5 * chance.randint(0, 8),
            facts={
                "county_code": county,
                "township": chance.choice(_TOWNSHIPS),
                "village": chance.choice(_VILLAGES),
                "health": chance.choices(("able", "light_work", "part_time"), (8, 2, 1))[0],
                "skills": skills,
                "wish_place": chance.choices(("village", "county", "province", "anywhere"), (2, 5, 2, 2))[0],
                "wish_skills": [],
                "wage_from_fen": chance.randint(20, 36) * 10_000,
            },
            caller=desk,
            now=at,
        )
        if number % 3 == 0:
            await labour_actions.move_worker(
                db, worker_id=worker_id, verb="employ", expected_revision=worker.revision, caller=desk, now=at
            )

    await in_batches(database, sorted(new), add, lambda _: None, size=40)
    advance(1)
    await _load_placements(database, new, now=now)
    advance(1)


async def _load_jobs(database: Database, *, now: datetime) -> None:
    ids = {demo_id("workshop", f"{county}-{place}"): (county, place) for county in COUNTIES for place in range(2)}
    new = await missing(database, "labour_workshops", "workshop_id", ids)

    async def add(db: AsyncSession, workshop_id: UUID) -> None:
        county, place = ids[workshop_id]
        chance = random.Random(workshop_id.int)  # noqa: S311
        work, skill, low, high = chance.choice(_WORK)
        village = chance.choice(_VILLAGES)
        desk = a_desk(county, "township", "assistance")
        at = now - timedelta(days=210)
        await workshop_actions.open_workshop(
            db,
            workshop_id=workshop_id,
            facts={
                "county_code": county,
                "township": _TOWNSHIPS[place],
                "village": village,
                "name": f"{village.removesuffix('村')}{work}车间",
                "work": work,
                "supplier_id": None,
                "place_count": chance.randint(12, 60),
            },
            caller=desk,
            now=at,
        )
        facts = {
            "employer_name": "",
            "county_code": county,
            "township": _TOWNSHIPS[place],
            "village": village,
            "title": f"{work}工",
            "skills": [skill],
            "accepts": ["able", "light_work"],
            "wage_from_fen": low,
            "wage_to_fen": high,
            "place_count": chance.randint(4, 20),
        }
        await job_actions.offer_job(
            db,
            job_id=demo_id("job", str(workshop_id)),
            facts=facts,
            workshop_id=workshop_id,
            until_on=business_day(now) + timedelta(days=chance.randint(20, 90)),
            caller=desk,
            now=now - timedelta(days=15),
        )

    await in_batches(database, sorted(new), add, lambda _: None, size=20)


async def _load_placements(database: Database, workers: set[UUID], *, now: datetime) -> None:
    """For each workshop's job: its two best candidates are told, and one begins there."""
    if not workers:
        return
    jobs = [demo_id("job", str(demo_id("workshop", f"{county}-{place}"))) for county in COUNTIES for place in range(2)]

    async def push(db: AsyncSession, job_id: UUID) -> None:
        county = COUNTIES[jobs.index(job_id) // 2]
        desk: Caller = a_desk(county, "township", "assistance")
        found = await placement_actions.list_candidates(db, job_id=job_id, caller=desk, now=now, limit=2)
        for place, (worker, _) in enumerate(found):
            placement_id = demo_id("placement", f"{job_id}-{worker.worker_id}")
            pushed = await placement_actions.push_job(
                db, placement_id=placement_id, job_id=job_id, worker_id=worker.worker_id, caller=desk, now=now
            )
            for step, verb in enumerate(("accept", "place") if place == 0 else ()):
                await placement_actions.move_placement(
                    db,
                    placement_id=placement_id,
                    verb=verb,
                    expected_revision=pushed.revision if step == 0 else 2,
                    caller=desk,
                    now=now,
                )

    await in_batches(database, jobs, push, lambda _: None, size=6)
