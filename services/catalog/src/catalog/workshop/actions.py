"""Keeping workshops."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import OfficialRole, ensure_oversees
from catalog.job import queries as job_queries
from catalog.region import queries as region_queries
from catalog.supplier import queries as supplier_queries
from catalog.trail import actions as trail_actions
from catalog.workshop import queries, rules
from catalog.workshop.models import Workshop
from shared.auth import Caller
from shared.clock import business_day
from shared.etag import ensure_fresh

OFFICES: tuple[OfficialRole, ...] = ("township", "assistance")
SUBJECT = "labour-workshop"


async def open_workshop(
    db: AsyncSession, *, workshop_id: UUID, facts: dict[str, Any], caller: Caller, now: datetime
) -> Workshop:
    """Note a village workshop (offices of its county). 422 `county-unknown`; 404 `supplier-unknown`."""
    facts = await _checked(db, facts, caller)
    workshop = Workshop(workshop_id=workshop_id, **facts, opened_at=now, status="OPEN", revision=1)
    db.add(workshop)
    await db.flush()
    await _record(db, workshop, "open", "", caller, now)
    return workshop


async def edit_workshop(
    db: AsyncSession,
    *,
    workshop_id: UUID,
    expected_revision: int,
    facts: dict[str, Any],
    caller: Caller,
    now: datetime,
) -> Workshop:
    """Replace what a workshop says (offices of its county, and of the county that it is moved to)."""
    workshop = await queries.lock_workshop(db, workshop_id)
    ensure_oversees(caller, workshop.county_code, *OFFICES)
    ensure_fresh(expected_revision, workshop.revision)
    for name, value in (await _checked(db, facts, caller)).items():
        setattr(workshop, name, value)
    workshop.revision += 1
    await db.flush()
    await _record(db, workshop, "edit", workshop.status, caller, now)
    return workshop


async def move_workshop(
    db: AsyncSession, *, workshop_id: UUID, verb: str, expected_revision: int, caller: Caller, now: datetime
) -> Workshop:
    """`close` or `reopen` (offices of its county). 409 `workshop-status`, `workshop-has-jobs`."""
    workshop = await queries.lock_workshop(db, workshop_id)
    ensure_oversees(caller, workshop.county_code, *OFFICES)
    ensure_fresh(expected_revision, workshop.revision)
    before = workshop.status
    after = rules.status_after(verb, before)
    if after == "CLOSED":
        rules.ensure_without_jobs(await job_queries.count_open_jobs(db, workshop_id, today=business_day(now)))
    workshop.status = after
    workshop.closed_at = now if after == "CLOSED" else None
    workshop.revision += 1
    await db.flush()
    await _record(db, workshop, verb, before, caller, now)
    return workshop


async def _checked(db: AsyncSession, facts: dict[str, Any], caller: Caller) -> dict[str, Any]:
    county = await region_queries.get_county_code(db, facts["county_code"], field="county_code")
    ensure_oversees(caller, county, *OFFICES)
    if facts["supplier_id"] is not None:
        await supplier_queries.get_supplier(db, facts["supplier_id"])
    return {**facts, "county_code": county}


async def _record(db: AsyncSession, workshop: Workshop, verb: str, before: str, caller: Caller, now: datetime) -> None:
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=workshop.workshop_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=workshop.status,
    )
