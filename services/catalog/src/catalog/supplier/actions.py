"""Registering and editing suppliers, and moving them from state to state."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.licence import queries as licence_queries
from catalog.notice.actions import notify
from catalog.product import queries as product_queries
from catalog.region import queries as region_queries
from catalog.sku import actions as sku_actions
from catalog.supplier import queries, rules
from catalog.supplier.models import Supplier
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.events.catalog import SupplierAdmitted, SupplierExited, SupplierSuspended
from shared.outbox import publish
from shared.uscc import normalised_uscc

_OFF_THE_SHELF = {"suspend": "supplier suspended", "exit": "supplier left"}
TOLD = {"suspend": "supplier-suspended", "resume": "supplier-resumed", "exit": "supplier-exited"}
"""The notice that a verb sends to the supplier; the verbs of admission tell more and do so themselves."""


async def register_supplier(
    db: AsyncSession,
    *,
    supplier_id: UUID,
    kind: str,
    name: str,
    county_code: str,
    now: datetime,
    uscc: str | None = None,
    is_uscc_as_printed: bool = False,
    uscc_reason: str = "",
    name_en: str = "",
    story: str = "",
    story_en: str = "",
    linked_households: int = 0,
    is_admitted: bool = False,
    caller: Caller | None = None,
) -> Supplier:
    """Register a supplier, DRAFT unless an operator admits it at once.

    Refuses a wrong `uscc`, a county that is none, and an id or USCC that is taken (409 `supplier-exists`). A code that
    only fails its check character is kept if `is_uscc_as_printed`; who admits at once says why (`uscc_reason`).
    """
    county = await region_queries.get_county_code(db, county_code, field="county_code")
    is_kept = bool(uscc_reason) if is_admitted else is_uscc_as_printed
    identity = await _checked_identity(db, supplier_id=None, kind=kind, uscc=uscc, is_uscc_as_printed=is_kept)
    if await queries.is_taken(db, supplier_id=supplier_id, uscc=None):
        raise _taken()
    supplier = Supplier(
        **identity,
        supplier_id=supplier_id,
        name=name,
        name_en=name_en,
        county_code=county,
        story=story,
        story_en=story_en,
        linked_households=linked_households,
        status="DRAFT",
        status_reason="",
        uscc_reason="",
        revision=1,
        registered_at=now,
        changed_at=now,
    )
    if is_admitted:
        if supplier.uscc_check == "FAILED":
            _let_through(supplier, reason=uscc_reason, caller=caller)
        supplier.status = "ACTIVE"
    db.add(supplier)
    await db.flush()
    await _record(db, supplier, "register", caller=caller, before="", reason=supplier.uscc_reason, now=now)
    if is_admitted:
        await publish(db, _admitted(supplier, now), now=now)
    return supplier


async def edit_supplier(
    db: AsyncSession, *, supplier_id: UUID, expected_revision: int, changes: dict[str, Any], now: datetime
) -> Supplier:
    """Change name or story; its listed SKUs are announced anew, for they carry the name.

    409 `supplier-under-review` while its application is being judged.
    """
    supplier = await queries.lock_supplier(db, supplier_id)
    ensure_fresh(expected_revision, supplier.revision)
    rules.ensure_not_under_review(supplier.status)
    await _apply(db, supplier, changes, now=now)
    product_ids = await product_queries.lock_products_of(db, supplier_id)
    await sku_actions.announce_revised(db, product_ids=product_ids, now=now)
    return supplier


async def set_linked_households(db: AsyncSession, *, supplier_id: UUID, household_count: int, now: datetime) -> None:
    """The households that are confirmed as linked take the place of what the supplier declared; its SKUs tell of it."""
    supplier = await queries.lock_supplier(db, supplier_id)
    if supplier.linked_households == household_count:
        return
    await _apply(db, supplier, {"linked_households": household_count}, now=now)
    product_ids = await product_queries.lock_products_of(db, supplier_id)
    await sku_actions.announce_revised(db, product_ids=product_ids, now=now)


async def redraft_supplier(
    db: AsyncSession,
    *,
    supplier_id: UUID,
    kind: str,
    uscc: str | None,
    is_uscc_as_printed: bool,
    county_code: str,
    changes: dict[str, Any],
    now: datetime,
) -> Supplier:
    """Change also what only an applicant may still change: kind, county and credit code.

    409 `supplier-not-editable` once it was handed in, `supplier-exists` for a code that another has.
    """
    supplier = await queries.lock_supplier(db, supplier_id)
    rules.ensure_editable(supplier.status)
    county = await region_queries.get_county_code(db, county_code, field="county_code")
    is_same = uscc is not None and normalised_uscc(uscc) == supplier.uscc
    identity = await _checked_identity(
        db, supplier_id=supplier_id, kind=kind, uscc=uscc, is_uscc_as_printed=is_same or is_uscc_as_printed
    )
    if is_same:
        del identity["uscc_check"]  # what a reviewer let through stays so
    else:
        identity |= {"uscc_reason": "", "uscc_let_through_by": None}
    await _apply(db, supplier, {**changes, **identity, "county_code": county}, now=now)
    return supplier


async def let_code_through(
    db: AsyncSession, *, supplier_id: UUID, reason: str, caller: Caller, now: datetime
) -> Supplier:
    """Answer for a code whose check character fails: it is as the licence has it. 409 `uscc-check-passed`."""
    supplier = await queries.lock_supplier(db, supplier_id)
    rules.ensure_code_fails(supplier.uscc_check)
    _let_through(supplier, reason=reason, caller=caller)
    supplier.revision += 1
    supplier.changed_at = now
    await db.flush()
    await _record(db, supplier, "let_code_through", caller=caller, before=supplier.status, reason=reason, now=now)
    return supplier


async def change_status(
    db: AsyncSession,
    *,
    supplier_id: UUID,
    verb: str,
    now: datetime,
    reason: str = "",
    caller: Caller | None = None,
    expected_revision: int | None = None,
) -> Supplier:
    """Move the supplier on by a verb of `rules.MOVES`; 409 `supplier-status` if it does not lead on from here.

    Suspending and leaving take all its SKUs off the shelf, and those of agents who sell for it alone; resuming lists
    none by itself. Admitting needs a settled code (409 `uscc-not-let-through`).
    """
    supplier = await queries.lock_supplier(db, supplier_id)
    if expected_revision is not None:
        ensure_fresh(expected_revision, supplier.revision)
    before, after = supplier.status, rules.status_after(verb, supplier.status)
    if verb == "admit":
        rules.ensure_code_settled(supplier.uscc_check)
    supplier.status = after
    supplier.status_reason = reason
    supplier.revision += 1
    supplier.changed_at = now
    await db.flush()
    await _record(db, supplier, verb, caller=caller, before=before, reason=reason, now=now)
    if verb in _OFF_THE_SHELF:
        await _clear_the_shelf(db, supplier, why=f"{_OFF_THE_SHELF[verb]}: {reason}", now=now)
    await _announce(db, supplier, verb, reason=reason, now=now)
    return supplier


async def _checked_identity(
    db: AsyncSession, *, supplier_id: UUID | None, kind: str, uscc: str | None, is_uscc_as_printed: bool
) -> dict[str, Any]:
    if uscc is not None:
        uscc = normalised_uscc(uscc)
        rules.ensure_uscc(uscc, kind=kind, is_as_printed=is_uscc_as_printed)
        if await queries.is_code_taken(db, uscc, besides=supplier_id):
            raise _taken()
    else:
        rules.ensure_may_lack_uscc(kind)
    return {"kind": kind, "uscc": uscc, "uscc_check": rules.uscc_check(uscc)}


def _taken() -> Conflict:
    return Conflict(
        "This organisation or this credit code is registered already.", code="supplier-exists", field="uscc"
    )


def _let_through(supplier: Supplier, *, reason: str, caller: Caller | None) -> None:
    supplier.uscc_check = "LET_THROUGH"
    supplier.uscc_reason = reason
    supplier.uscc_let_through_by = caller.person_id if caller else None


async def _apply(db: AsyncSession, supplier: Supplier, changes: dict[str, Any], *, now: datetime) -> None:
    for field, value in changes.items():
        setattr(supplier, field, value)
    supplier.revision += 1
    supplier.changed_at = now
    await db.flush()


async def _record(
    db: AsyncSession, supplier: Supplier, verb: str, *, caller: Caller | None, before: str, reason: str, now: datetime
) -> None:
    await trail_actions.record(
        db,
        subject_kind="supplier",
        subject_id=supplier.supplier_id,
        verb=verb,
        caller=caller,
        from_status=before,
        to_status=supplier.status,
        reason=reason,
        now=now,
    )


async def _clear_the_shelf(db: AsyncSession, supplier: Supplier, *, why: str, now: datetime) -> None:
    """The supplier's goods, and those of agents to whom no other supplier gave a mandate that is in force."""
    agents = await licence_queries.list_agents_without_mandate(db, principal_id=supplier.supplier_id, now=now)
    await product_queries.lock_products_of(db, supplier.supplier_id, *agents)
    product_ids = await product_queries.list_product_ids_of(db, supplier.supplier_id)
    await sku_actions.delist_all(db, product_ids=product_ids, reason=why, now=now)
    for agent_id in agents:
        product_ids = await product_queries.list_product_ids_of(db, agent_id)
        await sku_actions.delist_all(db, product_ids=product_ids, reason=f"the agent's principal: {why}", now=now)
        await notify(
            db,
            organisation_id=agent_id,
            code="principal-gone",
            occasion=f"principal-gone:{supplier.supplier_id}:{supplier.revision}",
            subject_kind="supplier",
            subject_id=supplier.supplier_id,
            facts={"name": supplier.name, "status": supplier.status},
            now=now,
        )


async def _announce(db: AsyncSession, supplier: Supplier, verb: str, *, reason: str, now: datetime) -> None:
    if verb in {"admit", "resume"}:
        await publish(db, _admitted(supplier, now), now=now)
    elif verb == "suspend":
        await publish(
            db,
            SupplierSuspended(supplier_id=supplier.supplier_id, reason=reason, suspended_at=now),
            now=now,
        )
    elif verb == "exit":
        await publish(db, SupplierExited(supplier_id=supplier.supplier_id, reason=reason, exited_at=now), now=now)
    if verb in TOLD:
        await notify(
            db,
            organisation_id=supplier.supplier_id,
            code=TOLD[verb],
            occasion=f"supplier:{verb}:{supplier.revision}",
            subject_kind="supplier",
            subject_id=supplier.supplier_id,
            facts={"reason": reason},
            now=now,
        )


def _admitted(supplier: Supplier, now: datetime) -> SupplierAdmitted:
    return SupplierAdmitted(
        supplier_id=supplier.supplier_id,
        kind=supplier.kind,
        name=supplier.name,
        name_en=supplier.name_en,
        county_code=supplier.county_code,
        admitted_at=now,
    )
