"""The daily check over HTTP, for operators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from orders.stock_check import actions, queries, schemas
from orders.stock_check.jobs import check_stock
from shared.auth import Caller, require_kind
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.idempotency import Once
from shared.ids import new_id
from shared.jobs import Jobs
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor

router = APIRouter(prefix="/v1/stock", tags=["stock"])
OperatorCaller = Annotated[Caller, Depends(require_kind("operator"))]
_MOST_FINDINGS = 100


@router.get("/checks", response_model=schemas.CheckPage)
async def list_checks(_: OperatorCaller, db: Read, cursor: CursorText = None, limit: Limit = 20) -> schemas.CheckPage:
    """Runs of the check that ledger, counters, shelves and holds agree, and what does not agree now."""
    rows = await queries.list_checks(db, after=_after(cursor), limit=limit + 1)
    found = await queries.list_findings(db, check_id=None, status="OPEN", after=None, limit=_MOST_FINDINGS + 1)
    items = [schemas.Check.model_validate(row) for row in rows[:limit]]
    return schemas.CheckPage(
        items=items,
        next_cursor=encode_cursor(str(items[-1].check_id)) if len(rows) > limit else None,
        open_findings=[schemas.Finding.model_validate(each) for each in found[:_MOST_FINDINGS]],
        has_more_findings=len(found) > _MOST_FINDINGS,
    )


@router.post("/checks", status_code=202)
async def start_check(_: OperatorCaller, db: Db, once: Once) -> Response:
    """Begin a check now, beside everything else; one that runs already is gone on with."""
    check_id = await actions.open_check(db, check_id=new_id(), now=utc_now())
    await Jobs("orders").defer(db, check_stock, lock="check_stock")
    return await once.answer(db, {"check_id": str(check_id)}, status=202)


@router.get("/findings", response_model=Page[schemas.Finding])
async def list_findings(
    _: OperatorCaller,
    db: Read,
    check_id: UUID | None = None,
    status: schemas.FindingStatus | None = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.Finding]:
    """SKUs that did not agree, the latest first; of one check, or of one status."""
    rows = await queries.list_findings(db, check_id=check_id, status=status, after=_after(cursor), limit=limit + 1)
    items = [schemas.Finding.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].finding_id)) if len(rows) > limit else None)


@router.post("/findings/{finding_id}/repair", response_model=schemas.Finding)
async def repair(finding_id: UUID, body: schemas.Repair, caller: OperatorCaller, db: Db, once: Once) -> Response:
    """Follow the ledger; with a count of the pieces, correct the ledger by an explained adjustment first.

    404 `finding-not-found`; 409 `finding-status`, `ledger-impossible`, `stock-short`.
    """
    await actions.repair(
        db,
        finding_id=finding_id,
        counted_on_hand=body.counted_on_hand,
        reason=body.reason,
        repaired_by=caller.person_id,
        now=utc_now(),
    )
    return await once.answer(db, schemas.Finding.model_validate(await queries.get_finding(db, finding_id)))


def _after(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, size=1)[0]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
