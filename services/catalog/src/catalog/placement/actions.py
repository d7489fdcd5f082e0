"""Pushing jobs to offices, and what becomes of it. Locks are taken in the order placement, job, worker."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import is_within
from catalog.job import actions as job_actions
from catalog.job import queries as job_queries
from catalog.job import rules as job_rules
from catalog.job.models import Job
from catalog.labour import actions as labour_actions
from catalog.labour import queries as labour_queries
from catalog.labour import rules as labour_rules
from catalog.labour.models import Worker
from catalog.notice.actions import notify
from catalog.placement import data, queries, rules
from catalog.placement.models import Placement
from catalog.placement.rules import Match
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Forbidden
from shared.etag import ensure_fresh

SUBJECT = "labour-placement"
_LOOKED_AT = 2000


async def list_candidates(
    db: AsyncSession, *, job_id: UUID, caller: Caller, now: datetime, limit: int
) -> list[tuple[Worker, Match]]:
    """Who fits the job, the best first: to its employer from everywhere, to an official from the own region.

    403 `not-your-job` for anybody else. At most the 2,000 longest in the register who could are looked at.
    """
    job = await job_queries.get_job(db, job_id, caller=caller, today=business_day(now))
    if caller.kind == "official":
        regions: tuple[str, ...] | None = caller.regions
    else:
        job_actions.ensure_own(caller, job)
        regions = None
    seekers = await labour_queries.list_seekers(
        db, regions=regions, skills=job.skills, most_wage_fen=job.wage_to_fen, limit=_LOOKED_AT
    )
    found = [(worker, how) for worker in seekers if (how := match_of(worker, job)) is not None]
    return sorted(found, key=lambda each: (-each[1].score, each[0].worker_id))[:limit]


def match_of(worker: Worker, job: Job) -> Match | None:
    """How well a worker and a job fit."""
    person = rules.Person(
        place=(worker.county_code, worker.township, worker.village),
        health=worker.health,
        skills=frozenset(worker.skills),
        wish_place=worker.wish_place,
        wish_skills=frozenset(worker.wish_skills),
        wage_from_fen=worker.wage_from_fen,
    )
    offer = rules.Offer(
        place=(job.county_code, job.township, job.village),
        accepts=frozenset(job.accepts),
        skills=frozenset(job.skills),
        wage_from_fen=job.wage_from_fen,
        wage_to_fen=job.wage_to_fen,
    )
    return rules.match(person, offer, data.weights())


async def push_job(
    db: AsyncSession, *, placement_id: UUID, job_id: UUID, worker_id: UUID, caller: Caller, now: datetime
) -> Placement:
    """Tell the office of a worker of a job that fits. By the job's employer, or an official of the worker's region.

    404 `job-unknown`, `worker-unknown`; 403 `not-your-job`; 409 `job-not-open`, `worker-status`, `not-a-match`,
    `pushed-already`.
    """
    job = await job_queries.lock_job(db, job_id)
    worker = await labour_queries.lock_worker(db, worker_id)
    if not job_actions.is_own(caller, job):
        if caller.kind != "official":
            raise Forbidden("Only who offered the job may do this.", code="not-your-job")
        if not may_answer(caller, worker):
            raise labour_queries.unknown_worker()
    job_rules.ensure_takes(job.status, until_on=job.until_on, today=business_day(now))
    labour_rules.status_after("match", worker.status)
    how = match_of(worker, job)
    if how is None:
        raise Conflict("This job does not fit what the person can do and wishes for.", code="not-a-match")
    if await queries.has_open(db, job_id=job_id, worker_id=worker_id):
        raise Conflict("This job was told to this person's office already.", code="pushed-already")
    placement = Placement(
        placement_id=placement_id,
        job_id=job_id,
        worker_id=worker_id,
        score=how.score,
        reasons=[asdict(reason) for reason in how.reasons],
        status="PUSHED",
        revision=1,
        pushed_at=now,
        changed_at=now,
    )
    db.add(placement)
    await db.flush()
    await _record(db, placement, "push", "", caller, now)
    if worker.organisation_id is not None:
        facts: dict[str, Any] = {"title": job.title, "employer": job.employer_name, "score": how.score}
        await notify(
            db,
            organisation_id=worker.organisation_id,
            code="job-pushed",
            occasion=f"placement:{placement_id}",
            subject_kind=SUBJECT,
            subject_id=placement_id,
            now=now,
            facts=facts,
        )
    return placement


async def move_placement(
    db: AsyncSession, *, placement_id: UUID, verb: str, expected_revision: int, caller: Caller, now: datetime
) -> Placement:
    """`accept` and `decline` (the office of the worker's region), `place` and `end` (the office or the employer).

    Worker and job follow. 404 `placement-unknown`; 403 `not-your-worker`; 409 `placement-status`, `worker-status`,
    `job-full`, `job-not-open`.
    """
    placement = await queries.lock_placement(db, placement_id)
    job = await job_queries.lock_job(db, placement.job_id)
    worker = await labour_queries.lock_worker(db, placement.worker_id)
    _ensure_may_move(caller, verb, job, worker)
    ensure_fresh(expected_revision, placement.revision)
    before = placement.status
    placement.status = rules.status_after(verb, before)
    today = business_day(now)
    if verb == "accept":
        job_rules.ensure_takes(job.status, until_on=job.until_on, today=today)
        after = labour_rules.status_after("match", worker.status)
    elif verb == "place":
        after = labour_rules.status_after("employ", worker.status)
        await job_actions.change_filled(db, job, 1)
        placement.placed_on = today
    elif verb == "end":
        after = "SEEKING"
        await job_actions.change_filled(db, job, -1)
        placement.ended_on = today
    else:
        after = await _after_decline(db, placement, worker, was_accepted=before == "ACCEPTED")
    placement.revision += 1
    placement.changed_at = now
    await db.flush()
    await labour_actions.change_status(db, worker, after, verb=verb, caller=caller, now=now)
    await _record(db, placement, verb, before, caller, now)
    return placement


async def _after_decline(db: AsyncSession, placement: Placement, worker: Worker, *, was_accepted: bool) -> str:
    if not was_accepted or worker.status != "MATCHED":
        return worker.status
    others = await queries.has_accepted(db, worker_id=worker.worker_id, besides=placement.placement_id)
    return "MATCHED" if others else "SEEKING"


def may_answer(caller: Caller, worker: Worker) -> bool:
    """Whether the caller is an office that keeps this worker: that of the region, or that which registered it."""
    if caller.kind != "official" or caller.roles.isdisjoint(labour_actions.OFFICES):
        return False
    is_registrar = caller.organisation_id is not None and caller.organisation_id == worker.organisation_id
    return is_registrar or is_within(worker.county_code, caller.regions)


def _ensure_may_move(caller: Caller, verb: str, job: Job, worker: Worker) -> None:
    if may_answer(caller, worker):
        return
    if not job_actions.is_own(caller, job):
        raise queries.unknown_placement()
    if verb not in ("place", "end"):
        raise Forbidden("The office of the worker's village answers.", code="not-your-worker")


async def _record(
    db: AsyncSession, placement: Placement, verb: str, before: str, caller: Caller, now: datetime
) -> None:
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=placement.placement_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=placement.status,
    )
