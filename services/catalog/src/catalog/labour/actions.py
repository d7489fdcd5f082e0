"""Registering workers and following their search. Nothing that names a person comes further than the routes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import OfficialRole, oversees
from catalog.labour import data, queries, rules
from catalog.labour.models import Worker
from catalog.placement import queries as placement_queries
from catalog.region import queries as region_queries
from catalog.supply.rules import plain
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.errors import Conflict, Forbidden
from shared.etag import ensure_fresh

OFFICES: tuple[OfficialRole, ...] = ("township", "assistance")
SUBJECT = "labour-worker"


async def register_worker(
    db: AsyncSession,
    *,
    worker_id: UUID,
    worker_key: bytes,
    birth_from_year: int,
    facts: dict[str, Any],
    caller: Caller,
    now: datetime,
) -> Worker:
    """A person who looks for work, by the key of `rules.worker_key`. 409 `worker-registered` for one who is in the
    register already, wherever; 422 `county-unknown`, `skill-unknown`; 403 for who is no office of the county."""
    county = await region_queries.get_county_code(db, facts["county_code"], field="county_code")
    ensure_office(caller, county)
    written = await db.execute(
        insert(Worker)
        .values(
            worker_id=worker_id,
            worker_key=worker_key,
            birth_from_year=birth_from_year,
            county_code=county,
            township=plain(facts["township"]),
            village=plain(facts["village"]),
            **_wish(facts),
            status="SEEKING",
            organisation_id=caller.organisation_id,
            revision=1,
            registered_at=now,
            changed_at=now,
        )
        .on_conflict_do_nothing(index_elements=["worker_key"])
        .returning(Worker)
    )
    worker = written.scalar_one_or_none()
    if worker is None:
        raise Conflict("This person is in the register already.", code="worker-registered", field="identity_number")
    await _record(db, worker, "register", "", caller, now)
    return worker


async def edit_worker(
    db: AsyncSession,
    *,
    worker_id: UUID,
    expected_revision: int,
    facts: dict[str, Any],
    caller: Caller,
    now: datetime,
) -> Worker:
    """Change health, skills and wish. 404 `worker-unknown`; 422 `skill-unknown`."""
    worker = await queries.lock_worker(db, worker_id, caller=caller)
    ensure_office(caller, worker.county_code)
    ensure_fresh(expected_revision, worker.revision)
    for name, value in _wish(facts).items():
        setattr(worker, name, value)
    worker.revision += 1
    worker.changed_at = now
    await db.flush()
    await _record(db, worker, "edit", worker.status, caller, now)
    return worker


async def move_worker(
    db: AsyncSession,
    *,
    worker_id: UUID,
    verb: str,
    expected_revision: int,
    caller: Caller,
    now: datetime,
    reason: str = "",
) -> Worker:
    """The office says `seek`, `employ` (found work without us) or `withdraw`. 409 `worker-status`, and `worker-placed`
    while a placement of ours has not ended."""
    worker = await queries.lock_worker(db, worker_id, caller=caller)
    ensure_office(caller, worker.county_code)
    ensure_fresh(expected_revision, worker.revision)
    after = rules.status_after(verb, worker.status)
    if await placement_queries.is_placed(db, worker_id):
        raise Conflict("The person works at a job of this register: end that placement.", code="worker-placed")
    await change_status(db, worker, after, verb=verb, caller=caller, now=now, reason=reason)
    return worker


async def change_status(
    db: AsyncSession, worker: Worker, status: str, *, verb: str, caller: Caller, now: datetime, reason: str = ""
) -> None:
    """Bring a worker who is held into a state, and note it; the same state again notes nothing."""
    before, worker.status = worker.status, status
    if before == status:
        return
    worker.revision += 1
    worker.changed_at = now
    await db.flush()
    await _record(db, worker, verb, before, caller, now, reason)


def ensure_office(caller: Caller, county_code: str) -> None:
    """403 unless the caller is a township's or the assistance office of the county. Operators are none."""
    if caller.is_operator or not oversees(caller, county_code, *OFFICES):
        code = "role-missing" if oversees(caller, county_code) and not caller.is_operator else "not-your-region"
        if caller.kind != "official":
            code = "officials-only"
        raise Forbidden("Only the offices of the county keep its labour register.", code=code, roles=list(OFFICES))


def _wish(facts: dict[str, Any]) -> dict[str, Any]:
    known = data.skills()
    return {
        "health": facts["health"],
        "skills": rules.ensure_skills(facts["skills"], known, field="skills"),
        "wish_place": facts["wish_place"],
        "wish_skills": rules.ensure_skills(facts["wish_skills"], known, field="wish_skills"),
        "wage_from_fen": facts["wage_from_fen"],
    }


async def _record(
    db: AsyncSession, worker: Worker, verb: str, before: str, caller: Caller, now: datetime, reason: str = ""
) -> None:
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=worker.worker_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=worker.status,
        reason=reason,
    )
