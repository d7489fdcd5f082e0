"""Suppliers over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from catalog.admission import actions as admission_actions
from catalog.authority import ensure_may_edit, ensure_may_judge, ensure_operator, may_see
from catalog.cursors import cursor_name_and_id
from catalog.fields import DivisionCode, Line
from catalog.supplier import actions, queries
from catalog.supplier.models import Supplier
from catalog.supplier.rules import ensure_not_declared
from catalog.supplier.schemas import (
    ReasonIn,
    Status,
    SupplierIn,
    SupplierPage,
    SupplierPatch,
    SupplierPublic,
    SupplierSchema,
)
from shared.auth import Caller, CallerDep, OptionalCaller
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import Forbidden
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor

router = APIRouter(prefix="/v1/suppliers", tags=["suppliers"])


@router.post("", status_code=201, response_model=SupplierSchema)
async def register_supplier(db: Db, caller: CallerDep, once: Once, body: SupplierIn) -> Response:
    """Register: a supplier's own account becomes DRAFT and opens an application, an operator's is admitted at once.

    409 `supplier-exists`; 422 `uscc-invalid`, `uscc-missing`, `uscc-kind-mismatch`, `county-unknown`, and for a
    supplier `linked-households-counted`.
    """
    if caller.is_operator:
        supplier_id = body.supplier_id or new_id()
    elif caller.kind == "supplier" and caller.organisation_id is not None:
        ensure_not_declared(body.linked_households)
        supplier_id = caller.organisation_id
        ensure_may_edit(caller, body.supplier_id or supplier_id)
    else:
        raise Forbidden("Only suppliers register, or operators for them.", code="kind-not-allowed")
    now = utc_now()
    supplier = await actions.register_supplier(
        db,
        **body.model_dump(exclude={"supplier_id"}),
        supplier_id=supplier_id,
        is_admitted=caller.is_operator,
        caller=caller,
        now=now,
    )
    if not caller.is_operator:
        await admission_actions.open_admission(db, supplier_id=supplier_id, now=now)
    response = await once.answer(db, SupplierSchema.of(supplier), status=201)
    response.headers["ETag"] = etag_of(supplier.revision)
    return response


@router.get("")
async def list_suppliers(
    db: Read,
    caller: OptionalCaller,
    *,
    q: Annotated[Line | None, Query()] = None,
    county: Annotated[DivisionCode | None, Query()] = None,
    status: Status = "ACTIVE",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> SupplierPage:
    """Suppliers by name. Only operators see those that are not ACTIVE, and codes and states of all."""
    is_operator = caller is not None and caller.is_operator
    if status != "ACTIVE" and not is_operator:
        raise Forbidden("Only operators list suppliers that are not active.", code="operator-only", field="status")
    found = await queries.list_suppliers(
        db,
        statuses=[status],
        county_code=county,
        q=q,
        after=cursor_name_and_id(cursor),
        limit=limit + 1,
    )
    schema = SupplierSchema if is_operator else SupplierPublic
    last = found[limit - 1] if len(found) > limit else None
    return SupplierPage(
        items=[schema.of(supplier) for supplier in found[:limit]],
        next_cursor=encode_cursor(last.name, last.supplier_id) if last else None,
    )


@router.get("/{supplier_id}")
async def get_supplier(
    db: Read, caller: OptionalCaller, supplier_id: UUID, response: Response
) -> SupplierSchema | SupplierPublic:
    """The supplier: all of it to itself, officials of its county and operators; its public part to everybody
    while it is active."""
    supplier = await queries.get_supplier(db, supplier_id)
    if may_see(caller, supplier_id=supplier_id, county_code=supplier.county_code):
        response.headers["ETag"] = etag_of(supplier.revision)
        return SupplierSchema.of(supplier)
    if supplier.status != "ACTIVE":
        raise queries.unknown_supplier()
    return SupplierPublic.of(supplier)


@router.patch("/{supplier_id}")
async def edit_supplier(
    db: Db, caller: CallerDep, expected: IfMatch, supplier_id: UUID, body: SupplierPatch, response: Response
) -> SupplierSchema:
    """Change name or story. Kind, county and credit code are what was admitted: they stay; linked households are
    counted from confirmed linkages."""
    ensure_may_edit(caller, supplier_id)
    changes = body.model_dump(exclude_unset=True, exclude_none=True)
    supplier = await actions.edit_supplier(
        db, supplier_id=supplier_id, expected_revision=expected, changes=changes, now=utc_now()
    )
    return _tagged(supplier, response)


@router.post("/{supplier_id}/suspend")
async def suspend_supplier(
    db: Db, caller: CallerDep, expected: IfMatch, supplier_id: UUID, body: ReasonIn, response: Response
) -> SupplierSchema:
    """Suspend an active supplier (operators): all its SKUs are delisted, and those of agents who sell for it alone.

    409 `supplier-status`; 412 `stale`.
    """
    return await _decide(db, caller, supplier_id, "suspend", body.reason, expected=expected, response=response)


@router.post("/{supplier_id}/resume")
async def resume_supplier(
    db: Db, caller: CallerDep, expected: IfMatch, supplier_id: UUID, response: Response
) -> SupplierSchema:
    """Let a suspended supplier sell again (operators); it lists its SKUs itself. 409 `supplier-status`; 412 `stale`."""
    return await _decide(db, caller, supplier_id, "resume", "", expected=expected, response=response)


@router.post("/{supplier_id}/exit")
async def exit_supplier(
    db: Db, caller: CallerDep, expected: IfMatch, supplier_id: UUID, body: ReasonIn, response: Response
) -> SupplierSchema:
    """Leave the marketplace for good (the supplier itself, or an operator): all its SKUs are delisted.

    403 `not-your-supplier`; 409 `supplier-status`; 412 `stale`.
    """
    ensure_may_edit(caller, supplier_id)
    supplier = await actions.change_status(
        db,
        supplier_id=supplier_id,
        verb="exit",
        reason=body.reason,
        caller=caller,
        expected_revision=expected,
        now=utc_now(),
    )
    return _tagged(supplier, response)


async def _decide(
    db: Db, caller: Caller, supplier_id: UUID, verb: str, reason: str, *, expected: int, response: Response
) -> SupplierSchema:
    """What the platform's reviewers decide of an admitted supplier."""
    ensure_operator(caller)
    supplier = await queries.get_supplier(db, supplier_id)
    await ensure_may_judge(
        db, caller, supplier_id=supplier_id, county_code=supplier.county_code, is_open_to_platform=True
    )
    supplier = await actions.change_status(
        db,
        supplier_id=supplier_id,
        verb=verb,
        reason=reason,
        caller=caller,
        expected_revision=expected,
        now=utc_now(),
    )
    return _tagged(supplier, response)


def _tagged(supplier: Supplier, response: Response) -> SupplierSchema:
    response.headers["ETag"] = etag_of(supplier.revision)
    return SupplierSchema.of(supplier)
