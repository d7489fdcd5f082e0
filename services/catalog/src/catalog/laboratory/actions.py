"""Keeping the list of laboratories."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.laboratory import data, queries, rules
from catalog.laboratory.models import Laboratory, LaboratoryRecognition
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh

SUBJECT = "laboratory"


async def add_laboratory(
    db: AsyncSession,
    *,
    laboratory_id: UUID,
    cma_number: str,
    name: str,
    region_code: str,
    caller: Caller | None,
    now: datetime,
) -> Laboratory:
    """Put a laboratory on the list. 409 `laboratory-exists`; 422 `cma-number-invalid`."""
    rules.ensure_cma_number(cma_number, data.cma_form())
    if await queries.find_by_number(db, cma_number) is not None:
        raise Conflict("This CMA number is on the list already.", code="laboratory-exists", field="cma_number")
    made = Laboratory(
        laboratory_id=laboratory_id,
        cma_number=cma_number,
        name=name,
        region_code=region_code,
        is_active=True,
        revision=1,
        changed_at=now,
    )
    db.add(made)
    await db.flush()
    await trail_actions.record(db, subject_kind=SUBJECT, subject_id=laboratory_id, verb="add", caller=caller, now=now)
    return made


async def set_active(
    db: AsyncSession,
    *,
    laboratory_id: UUID,
    expected_revision: int,
    is_active: bool,
    reason: str,
    caller: Caller,
    now: datetime,
) -> Laboratory:
    """The laboratory lost its mark, or has it again. Reports that were accepted stay accepted. 412 `stale`."""
    found = await queries.lock_laboratory(db, laboratory_id)
    ensure_fresh(expected_revision, found.revision)
    found.is_active = is_active
    found.revision += 1
    found.changed_at = now
    await db.flush()
    verb = "activate" if is_active else "deactivate"
    await trail_actions.record(
        db, subject_kind=SUBJECT, subject_id=laboratory_id, verb=verb, caller=caller, reason=reason, now=now
    )
    return found


async def recognise(
    db: AsyncSession,
    *,
    laboratory_id: UUID,
    recognition: rules.Recognition,
    basis: str,
    caller: Caller | None,
    now: datetime,
) -> Laboratory:
    """Its reports count in this region from now on, or until another day than noted before. 422
    `recognition-period-empty`."""
    if recognition.until_on is not None and recognition.until_on < recognition.from_on:
        raise Invalid("The last day lies before the first.", code="recognition-period-empty", field="until_on")
    found = await queries.lock_laboratory(db, laboratory_id)
    row: dict[str, str | UUID | date | None] = {
        "laboratory_id": laboratory_id,
        "region_code": recognition.region_code,
        "from_on": recognition.from_on,
        "until_on": recognition.until_on,
        "basis": basis,
    }
    await db.execute(
        insert(LaboratoryRecognition)
        .values(row)
        .on_conflict_do_update(
            index_elements=["laboratory_id", "region_code"],
            set_={name: row[name] for name in ("from_on", "until_on", "basis")},
        )
    )
    found.revision += 1
    found.changed_at = now
    await db.flush()
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=laboratory_id,
        verb="recognise",
        caller=caller,
        reason=f"{recognition.region_code} {basis}",
        now=now,
    )
    return found
