"""Filing licences, deciding on them, telling of their end and acting on it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import shelf
from catalog.document import queries as document_queries
from catalog.licence import queries, rules
from catalog.licence.models import Licence
from catalog.notice.actions import notify
from catalog.product import queries as product_queries
from catalog.sku import actions as sku_actions
from catalog.supplier import queries as supplier_queries
from catalog.supplier import rules as supplier_rules
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh

_FIRST = UUID(int=0)


async def file_licence(
    db: AsyncSession,
    *,
    licence_id: UUID,
    supplier_id: UUID,
    type_id: str,
    number: str,
    issuer: str,
    valid_from: date,
    valid_until: date | None,
    document_id: UUID,
    now: datetime,
    principal_id: UUID | None = None,
    caller: Caller | None = None,
) -> Licence:
    """Put a licence and its scan to the supplier's file, to be verified with the application or, once it is admitted,
    by its county.

    409 `supplier-under-review`, `supplier-exited`, `licence-exists`, `agents-only`; 422 `licence-type-unknown`,
    `licence-end-missing`, `licence-period-empty`, `licence-ended`, `principal-missing`, `principal-not-expected`,
    `principal-unknown`, `document-unknown`.
    """
    supplier = await supplier_queries.lock_supplier(db, supplier_id)
    supplier_rules.ensure_not_under_review(supplier.status)
    if supplier.status == "EXITED":
        raise Conflict("The supplier has left the marketplace.", code="supplier-exited")
    found = rules.ensure_type(type_id)
    rules.ensure_period(found, valid_from, valid_until, on=business_day(now))
    rules.ensure_principal(found, kind=supplier.kind, has_principal=principal_id is not None)
    if principal_id is not None and not await _may_be_principal(db, principal_id, agent_id=supplier_id):
        raise Invalid("No supplier of goods has this id.", code="principal-unknown", field="principal_id")
    await document_queries.ensure_documents_of(db, [document_id], organisation_id=supplier_id, field="document_id")
    if await queries.is_filed(db, supplier_id=supplier_id, type_id=type_id, number=number, valid_from=valid_from):
        raise Conflict("This licence is on file already.", code="licence-exists", field="number")
    licence = Licence(
        licence_id=licence_id,
        supplier_id=supplier_id,
        type=type_id,
        number=number,
        issuer=issuer,
        valid_from=valid_from,
        valid_until=valid_until,
        document_id=document_id,
        principal_id=principal_id,
        status="FILED",
        revision=1,
        filed_at=now,
        changed_at=now,
    )
    db.add(licence)
    await db.flush()
    await _record(db, licence, "file", caller=caller, before="", reason="", now=now)
    return licence


async def change_status(
    db: AsyncSession,
    *,
    licence_id: UUID,
    verb: str,
    expected_revision: int,
    caller: Caller | None,
    now: datetime,
    reason: str = "",
) -> Licence:
    """`verify`, `refuse` or `withdraw`; 409 `licence-status`, and while the application is judged
    `supplier-under-review`. What was sold by a withdrawn licence alone leaves the shelf; what was off it for want of a
    licence alone comes back with a verified one."""
    supplier_id = (await queries.get_licence(db, licence_id)).supplier_id
    supplier = await supplier_queries.lock_supplier(db, supplier_id)
    supplier_rules.ensure_not_under_review(supplier.status)
    licence = await queries.lock_licence(db, licence_id)
    ensure_fresh(expected_revision, licence.revision)
    before = licence.status
    await _decide(db, licence, verb, caller=caller, reason=reason, now=now)
    if verb == "refuse":
        await _tell(db, licence, "licence-refused", occasion=f"licence:{licence_id}:refused", now=now, reason=reason)
    if verb == "withdraw" and before == "VERIFIED":
        await _close_shelves(db, licence, now=now)
    if verb == "verify":
        await queries.lock_sellers(db, supplier_id)
        product_ids = await product_queries.lock_products_of(db, supplier_id)
        await shelf.put_back(db, product_ids=product_ids, cause=rules.LICENCE_ENDED, now=now)
    return licence


async def verify_filed(db: AsyncSession, *, supplier_id: UUID, caller: Caller | None, now: datetime) -> None:
    """Verify all that the supplier filed: it was judged with the application."""
    for each in await queries.list_licences(db, supplier_id, statuses=["FILED"]):
        await _decide(db, await queries.lock_licence(db, each.licence_id), "verify", caller=caller, reason="", now=now)


async def act_on_ends(
    db: AsyncSession, *, now: datetime, after: tuple[date, UUID] | None, limit: int = 100
) -> tuple[date, UUID] | None:
    """Tell, 60, 30 and 7 days before and once each, of the licences that end; close the shelves that one which ended
    leaves without licence. A batch (of one where a licence ended, which takes its supplier and products); the place to
    go on after, or None when all are done.

    Nothing is told of a licence that another already follows.
    """
    on = business_day(now)
    due = await queries.list_due(
        db, last=on + timedelta(days=rules.reminder_days()[0]), after=after or (date.min, _FIRST), limit=limit
    )
    if due and _is_over(due[0], on):
        due = due[:1]
    for licence in due:
        await _act_on_end(db, licence, on=on, now=now)
    return _place(due)


def _place(due: Sequence[Licence]) -> tuple[date, UUID] | None:
    if not due:
        return None
    last = due[-1]
    return (last.valid_until or date.max, last.licence_id)


def _is_over(licence: Licence, on: date) -> bool:
    return (licence.valid_until or date.max) < on


async def _act_on_end(db: AsyncSession, licence: Licence, *, on: date, now: datetime) -> None:
    until = licence.valid_until or date.max
    is_followed = await queries.is_followed(db, licence)
    if _is_over(licence, on):
        await supplier_queries.lock_supplier(db, licence.supplier_id)
        locked = await queries.lock_licence(db, licence.licence_id)
        if locked.status != "VERIFIED" or locked.ended_at is not None:
            return
        locked.ended_at = now
        await db.flush()
        if not is_followed:
            await _tell(db, locked, "licence-ended", occasion=f"licence:{licence.licence_id}:ended", now=now)
        await _close_shelves(db, locked, now=now)
        return
    stage = rules.reminder_stage(until, on)
    if stage is not None and not is_followed:
        await _tell(
            db,
            licence,
            "licence-ending",
            occasion=f"licence:{licence.licence_id}:{stage}",
            now=now,
            days=(until - on).days,
        )


async def _close_shelves(db: AsyncSession, licence: Licence, *, now: datetime) -> None:
    """Take off the shelf what the supplier may no longer sell without this licence. Hold the supplier's lock."""
    held = [queries.held_of(each) for each in await queries.list_licences(db, licence.supplier_id)]
    others = [each for each in held if each.status == "VERIFIED"]
    closed = rules.closed_shelves(others, business_day(now))
    is_last = not any(each.type == licence.type for each in others)
    if is_last:  # it was withdrawn, and none of its type is left
        stops = rules.licence_types()[licence.type].stops
        closed = None if stops is None or closed is None else closed | stops
    product_ids = await product_queries.lock_products_of(db, licence.supplier_id)
    products = await product_queries.list_products_by_id(db, product_ids)
    shut = [each.product_id for each in products if closed is None or each.category in closed]
    if shut:
        await sku_actions.delist_all(db, product_ids=shut, reason=f"{rules.LICENCE_ENDED}: {licence.type}", now=now)


async def _may_be_principal(db: AsyncSession, principal_id: UUID, *, agent_id: UUID) -> bool:
    found = (await supplier_queries.list_suppliers_by_id(db, [principal_id])).get(principal_id)
    return found is not None and found.kind != "agent" and principal_id != agent_id


async def _decide(
    db: AsyncSession, licence: Licence, verb: str, *, caller: Caller | None, reason: str, now: datetime
) -> None:
    before, licence.status = licence.status, rules.status_after(verb, licence.status)
    licence.status_reason = reason
    licence.decided_by = caller.person_id if caller else None
    licence.revision += 1
    licence.changed_at = now
    await db.flush()
    await _record(db, licence, verb, caller=caller, before=before, reason=reason, now=now)


async def _record(
    db: AsyncSession, licence: Licence, verb: str, *, caller: Caller | None, before: str, reason: str, now: datetime
) -> None:
    await trail_actions.record(
        db,
        subject_kind="licence",
        subject_id=licence.licence_id,
        verb=verb,
        caller=caller,
        from_status=before,
        to_status=licence.status,
        reason=reason,
        now=now,
    )


async def _tell(
    db: AsyncSession,
    licence: Licence,
    code: str,
    *,
    occasion: str,
    now: datetime,
    reason: str = "",
    days: int | None = None,
) -> None:
    await notify(
        db,
        organisation_id=licence.supplier_id,
        code=code,
        occasion=occasion,
        subject_kind="licence",
        subject_id=licence.licence_id,
        facts={
            "type": licence.type,
            "number": licence.number,
            "valid_until": licence.valid_until.isoformat() if licence.valid_until else None,
            "days": days,
            "reason": reason,
        },
        now=now,
    )
