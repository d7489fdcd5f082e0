"""Taking a file, applying it, calling it off. The work in between is catalog.importer.working's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_may_edit
from catalog.import_batch import queries, rules
from catalog.import_batch.models import ImportBatch
from catalog.import_row import actions as row_actions
from catalog.importer.writer import Outcome
from catalog.notice import actions as notice_actions
from catalog.supplier import queries as supplier_queries
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.errors import Forbidden, Invalid, Unsupported
from shared.files import Files

SUBJECT = "import_batch"


@dataclass(frozen=True)
class Upload:
    """A file that arrived, in a temporary place."""

    path: Path
    name: str
    sha256: str
    size_bytes: int


def ensure_may_import(caller: Caller, kind: str, supplier_id: UUID | None) -> UUID | None:
    """Whose rows they will be: the supplier for products and linkages, None for a register.

    403 `kind-not-yours`, `role-missing`, `organisation-missing`, `not-your-supplier`; 422 `supplier-missing`.
    """
    if caller.organisation_id is None and not caller.is_operator:
        raise Forbidden("Imports belong to organisations: choose the one you act for.", code="organisation-missing")
    if kind in rules.KINDS_OF_SUPPLIERS:
        owner = supplier_id or (caller.organisation_id if caller.kind == "supplier" else None)
        if owner is None:
            if not caller.is_operator:
                raise Forbidden("Only suppliers and operators import this.", code="kind-not-yours")
            raise Invalid("Say for which supplier: supplier_id.", code="supplier-missing", field="supplier_id")
        ensure_may_edit(caller, owner)
        return owner
    if caller.is_operator:
        return None
    if caller.kind != "official":
        raise Forbidden("Only officials of the region and operators import this.", code="kind-not-yours")
    if caller.roles.isdisjoint(rules.ROLES_OF_OFFICIALS):
        wanted = sorted(rules.ROLES_OF_OFFICIALS)
        raise Forbidden(f"This needs one of the roles {', '.join(wanted)}.", code="role-missing", roles=wanted)
    return None


async def store_upload(
    db: AsyncSession,
    files: Files,
    upload: Upload,
    *,
    batch_id: UUID,
    kind: str,
    supplier_id: UUID | None,
    caller: Caller,
    now: datetime,
) -> tuple[ImportBatch, bool]:
    """Keep the file and begin its import; whether it is a new one. The same file again, while it is on its way, is the
    same import. Refuses as `ensure_may_import`; 404 `supplier-unknown`; 415 what is no spreadsheet."""
    owner = ensure_may_import(caller, kind, supplier_id)
    if owner is not None:
        await supplier_queries.get_supplier(db, owner)
    known = await queries.find_open(db, kind=kind, sha256=upload.sha256, caller=caller, supplier_id=owner)
    if known is not None:
        return known, False
    await files.put_file(file_key(upload.sha256), upload.path)
    made = await db.execute(
        insert(ImportBatch)
        .values(
            batch_id=batch_id,
            kind=kind,
            organisation_id=caller.organisation_id,
            supplier_id=owner,
            person_id=caller.person_id,
            caller_kind=caller.kind,
            roles=sorted(caller.roles),
            regions=list(caller.regions) if caller.kind == "official" else None,
            file_name=upload.name,
            sha256=upload.sha256,
            size_bytes=upload.size_bytes,
            status="UPLOADED",
            uploaded_at=now,
        )
        .on_conflict_do_nothing()
        .returning(ImportBatch.batch_id)
    )
    if made.scalar_one_or_none() is None:  # the same file came at the same moment
        known = await queries.find_open(db, kind=kind, sha256=upload.sha256, caller=caller, supplier_id=owner)
        if known is None:
            raise Unsupported("The file could not be taken. Send it again.", code="import-lost-race")
        return known, False
    await _record(db, batch_id, "upload", "", "UPLOADED", caller=caller, now=now)
    return await queries.get_batch(db, batch_id, caller=caller), True


async def apply_batch(
    db: AsyncSession, *, batch_id: UUID, mode: Literal["abort", "skip"], caller: Caller, now: datetime
) -> ImportBatch:
    """Let the checked rows be written: all or none (`abort`), or the good ones (`skip`).

    404 `import-unknown`; 409 `import-status`, `import-has-bad-rows`, `import-without-rows`; 403 as for the upload.
    """
    batch = await queries.lock_batch(db, batch_id, caller=caller)
    ensure_may_import(caller, batch.kind, batch.supplier_id)
    before = batch.status
    status = rules.status_after("apply", before)
    rules.ensure_applicable(mode=mode, bad_count=batch.bad_count, good_count=batch.checked_count - batch.bad_count)
    batch.status, batch.mode = status, mode
    batch.held_by = batch.held_until = None
    batch.attempt_count = 0
    await db.flush()
    await _record(db, batch_id, "apply", before, status, caller=caller, now=now, reason=mode)
    return batch


async def cancel_batch(db: AsyncSession, *, batch_id: UUID, caller: Caller, now: datetime) -> ImportBatch:
    """Call it off. What was written already stays: uploading the file again completes it. 409 `import-status`."""
    batch = await queries.lock_batch(db, batch_id, caller=caller)
    ensure_may_import(caller, batch.kind, batch.supplier_id)
    before = batch.status
    batch.status = rules.status_after("cancel", before)
    batch.finished_at = now
    batch.held_by = batch.held_until = None
    await db.flush()
    await _record(db, batch_id, "cancel", before, batch.status, caller=caller, now=now)
    return batch


async def take_hold(db: AsyncSession, *, batch_id: UUID, worker_id: UUID, now: datetime) -> ImportBatch | None:
    """Let this worker have the import for a while; None if it needs no work or another is at it. An import on which
    worker after worker died without getting on is given up: FAILED."""
    batch = await queries.lock_free(db, batch_id, now=now)
    if batch is None:
        return None
    if batch.attempt_count >= rules.MOST_ATTEMPTS:
        await end(db, batch, verb="fail", now=now, refusal={"code": "stopped-by-fault"})
        return None
    if batch.status != "APPLYING":
        batch.status = rules.status_after("check", batch.status)
    batch.attempt_count += 1
    batch.held_by, batch.held_until = worker_id, now + rules.HOLD
    await db.flush()
    return batch


async def let_go(db: AsyncSession, *, batch_id: UUID, worker_id: UUID, now: datetime) -> None:
    """Another may take the import at once."""
    batch = await queries.lock_held(db, batch_id, worker_id=worker_id)
    if batch is not None:
        batch.held_until = now
        await db.flush()


async def note_heads(db: AsyncSession, batch: ImportBatch, facts: dict[str, Any], *, now: datetime) -> None:
    """What the file is and which heads it has; `row_count` is about right until the whole file is read."""
    batch.file_format, batch.encoding = facts["format"], facts["encoding"]
    batch.heads, batch.warnings, batch.row_count = facts["heads"], facts["warnings"], facts["row_count"]
    batch.held_until = now + rules.HOLD
    await db.flush()


async def count_checked(
    db: AsyncSession,
    batch: ImportBatch,
    outcome: Outcome,
    *,
    last: int,
    total: int,
    unreadable: int,
    now: datetime,
) -> None:
    """Rows up to `last` are checked: `total` of them, `unreadable` by themselves; the tables say the rest."""
    batch.checked_through = last
    batch.checked_count += total
    batch.new_count += outcome.new
    batch.changed_count += outcome.changed
    batch.unchanged_count += outcome.unchanged
    batch.bad_count += unreadable + len(outcome.faults)
    batch.row_count = max(batch.row_count, batch.checked_count)
    batch.held_until = now + rules.HOLD
    batch.attempt_count = 0
    await db.flush()


async def count_written(db: AsyncSession, batch: ImportBatch, outcome: Outcome, *, last: int, now: datetime) -> None:
    """Rows up to `last` are written, in the transaction that wrote them."""
    batch.applied_through = last
    batch.created_count += outcome.new
    batch.updated_count += outcome.changed
    batch.kept_count += outcome.unchanged
    batch.lost_count += len(outcome.faults)
    batch.applied_count += outcome.new + outcome.changed + outcome.unchanged + len(outcome.faults)
    batch.held_until = now + rules.HOLD
    batch.attempt_count = 0
    await db.flush()


async def finish_check(db: AsyncSession, batch: ImportBatch, facts: dict[str, Any], *, now: datetime) -> None:
    """Every row was looked at: CHECKED, and the organisation is told."""
    batch.row_count = facts["row_count"]
    batch.warnings = [*batch.warnings, *facts["warnings"]]
    batch.status = rules.status_after("finish-check", batch.status)
    batch.checked_at = now
    batch.held_by = batch.held_until = None
    batch.attempt_count = 0
    await _tell(db, batch, "import-checked", now=now)


async def end(
    db: AsyncSession, batch: ImportBatch, *, verb: str, now: datetime, refusal: dict[str, Any] | None = None
) -> None:
    """`finish`, `refuse` or `fail`: the end of an import, of which the organisation is told."""
    before = batch.status
    batch.status = rules.status_after(verb, before)
    batch.refusal = refusal
    batch.finished_at = now
    batch.held_by = batch.held_until = None
    await _record(db, batch.batch_id, verb, before, batch.status, caller=None, now=now)
    await _tell(db, batch, f"import-{batch.status.lower()}", now=now)


async def clear_outdated(db: AsyncSession, files: Files, *, now: datetime, kept: timedelta) -> int:
    """Forget the rows and files of imports that ended long ago; how many. The history itself stays."""
    outdated = await queries.list_outdated(db, finished_before=now - kept)
    for batch in outdated:
        await row_actions.clear_rows(db, batch.batch_id)
        batch.rows_cleared_at = now
        await db.flush()
        used = select(ImportBatch.batch_id).where(
            ImportBatch.sha256 == batch.sha256, ImportBatch.rows_cleared_at.is_(None)
        )
        if await db.scalar(used.limit(1)) is None:
            await files.forget(file_key(batch.sha256))
    return len(outdated)


def uploader(batch: ImportBatch) -> Caller:
    """Who uploaded it, with the rights of that moment: rows are judged and written by them."""
    return Caller(
        batch.person_id,
        batch.organisation_id,
        batch.caller_kind,
        frozenset(batch.roles),
        tuple(batch.regions or ()),
    )


def file_key(sha256: str) -> str:
    """Where a file is kept: under what it holds."""
    return f"imports/{sha256}"


async def _record(
    db: AsyncSession,
    batch_id: UUID,
    verb: str,
    before: str,
    after: str,
    *,
    caller: Caller | None,
    now: datetime,
    reason: str = "",
) -> None:
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=batch_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=after,
        reason=reason,
    )


async def _tell(db: AsyncSession, batch: ImportBatch, code: str, *, now: datetime) -> None:
    await db.flush()
    if batch.organisation_id is not None:
        await notice_actions.notify(
            db,
            organisation_id=batch.organisation_id,
            code=code,
            occasion=f"{batch.batch_id} {batch.status}",
            subject_kind=SUBJECT,
            subject_id=batch.batch_id,
            now=now,
            facts={"file_name": batch.file_name, "bad_count": batch.bad_count, "row_count": batch.row_count},
        )
