"""Requests for quotation over HTTP, for units: ask, invite, open, compare, award."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from orders.quotation import actions, awarding, queries, schemas
from orders.quotation.comparing import lines_told, sheet_of
from orders.quotation.models import Quotation
from orders.quotation.sealing import Seal
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from orders.unit import queries as unit_queries
from orders.unit.rules import is_finance_office
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest, Forbidden
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["quotations"])
Words = Annotated[str, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a title or a name.")]
LateOnly = Annotated[bool, Query(description="Only what waits to be opened or awarded for too long.")]
SupplierIds = Annotated[list[UUID] | None, Query(alias="id", max_length=100, description="Only these.")]
BATCH = 500
_HEAD = (
    "编号", "标题", "采购单位", "状态", "经费", "报价截止", "邀请家数", "报价家数", "成交金额（元）", "是否超期",
    "创建时间",
)  # fmt: skip
STATUSES = {"DRAFT": "草稿", "OPEN": "报价中", "OPENED": "待定标", "AWARDED": "已成交", "CANCELLED": "已取消"}
FUNDS = {"CANTEEN": "食堂经费", "UNION": "工会经费", "OTHER": "其他"}


def seal_of(request: Request) -> Seal:
    """The house's seal."""
    seal: Seal = request.app.state.seal
    return seal


@router.get("/quotation-suppliers")
async def list_suppliers(
    caller: CallerDep, db: Read, *, q: Words = "", ids: SupplierIds = None, limit: Limit = 50
) -> Page[schemas.SupplierItem]:
    """Suppliers that may be invited: those with something on sale. 403 `unit-needed`; 409 `unit-closed`."""
    await unit_queries.get_acting_unit(db, caller)
    found = await queries.list_suppliers(db, q=q.strip(), supplier_ids=ids, limit=limit)
    return Page(items=[schemas.SupplierItem.model_validate(each) for each in found])


@router.get("/quotations")
async def list_quotations(
    caller: CallerDep,
    db: Read,
    *,
    q: Words = "",
    status: schemas.Status | None = None,
    is_late: LateOnly = False,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.QuotationItem]:
    """Those of the caller's unit and of the units below it, a finance office's region, an
    operator's all; the newest first. 403 `kind-not-allowed`."""
    found = await queries.list_quotations(
        db,
        unit_ids=await units_seen(db, caller),
        now=utc_now(),
        status=status,
        is_late=is_late,
        q=q.strip(),
        after=after(cursor),
        limit=limit + 1,
    )
    items = [schemas.QuotationItem.model_validate(each) for each in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].quotation_id)) if len(found) > limit else None)


@router.get("/quotations/export", response_class=Response)
async def export_quotations(
    request: Request,
    caller: CallerDep,
    *,
    q: Words = "",
    status: schemas.Status | None = None,
    is_late: LateOnly = False,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table. 403 `kind-not-allowed`."""
    async with request.app.state.database.read() as db:
        unit_ids = await units_seen(db, caller)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        last: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_quotations(
                    db, unit_ids=unit_ids, now=utc_now(), status=status, is_late=is_late, q=q.strip(), after=last,
                    limit=BATCH,
                )  # fmt: skip
            yield [_row(each) for each in found]
            if len(found) < BATCH:
                return
            last = found[-1].quotation_id

    return await sheet_response(sheet, name="询价单", head=_HEAD, batches=batches())


@router.post("/quotations", status_code=201, response_model=schemas.QuotationOut)
async def create_quotation(body: schemas.QuotationIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Write a draft. 403 `unit-needed`, `duty-missing`; 409 `unit-closed`; 422 `delivery-before-deadline`,
    `sku-unknown`, `supplier-unknown`."""
    made = await actions.create_quotation(db, quotation_id=new_id(), draft=body.draft(), caller=caller, now=utc_now())
    return await once.answer(db, await _whole(db, made), status=201)


@router.get("/quotations/{quotation_id}")
async def get_quotation(quotation_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.QuotationOut:
    """One with its lines, invitations and questions; nothing of any bid. 404 `quotation-unknown`, `unit-unknown`."""
    found = await queries.get_quotation_for(db, quotation_id, caller)
    response.headers["ETag"] = etag_of(found.revision)
    return await _whole(db, found)


@router.put("/quotations/{quotation_id}")
async def edit_quotation(
    quotation_id: UUID, body: schemas.QuotationIn, caller: CallerDep, db: Db, expected: IfMatch, response: Response
) -> schemas.QuotationOut:
    """Write the draft anew. Refused as a new one, and 404 `quotation-unknown`; 409 `quotation-status`; 412 `stale`;
    428 `precondition-missing`."""
    found = await actions.edit_quotation(
        db, quotation_id=quotation_id, expected_revision=expected, draft=body.draft(), caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(found.revision)
    return await _whole(db, found)


@router.post("/quotations/{quotation_id}/publish", response_model=schemas.QuotationOut)
async def publish_quotation(quotation_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """Invite the suppliers. 403 `unit-needed`, `duty-missing`; 404 `quotation-unknown`; 409 `quotation-status`; 412
    `stale`; 422 `suppliers-too-few`, `deadline-too-near`, `deadline-too-far`; 428 `precondition-missing`."""
    found = await actions.publish_quotation(
        db, quotation_id=quotation_id, expected_revision=expected, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _whole(db, found))


@router.post("/quotations/{quotation_id}/extend", response_model=schemas.QuotationOut)
async def extend_quotation(
    quotation_id: UUID, body: schemas.ExtendIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Give suppliers more time, once, after a deadline with too few bids. 403 `unit-needed`, `duty-missing`; 404
    `quotation-unknown`; 409 `quotation-status`, `quotation-sealed`, `bids-enough`, `extended-already`; 412 `stale`;
    422 `deadline-too-near`, `deadline-too-far`, `delivery-before-deadline`; 428 `precondition-missing`."""
    found = await actions.extend_quotation(
        db,
        quotation_id=quotation_id,
        expected_revision=expected,
        closes_at=body.closes_at,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _whole(db, found))


@router.post("/quotations/{quotation_id}/open", response_model=schemas.QuotationOut)
async def open_quotation(
    request: Request,
    quotation_id: UUID,
    body: schemas.ReasonIn,
    caller: CallerDep,
    db: Db,
    expected: IfMatch,
    once: Once,
) -> Response:
    """Break the seals after the deadline. 403 `unit-needed`, `duty-missing`; 404 `quotation-unknown`; 409
    `quotation-status`, `quotation-sealed`, `quotation-without-bids`, `bid-unreadable`; 412 `stale`; 422
    `few-bids-reason-missing`; 428 `precondition-missing`."""
    found = await actions.open_quotation(
        db,
        seal_of(request),
        quotation_id=quotation_id,
        expected_revision=expected,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _whole(db, found))


@router.get("/quotations/{quotation_id}/comparison")
async def get_comparison(quotation_id: UUID, caller: CallerDep, db: Read) -> schemas.Sheet:
    """The comparison sheet; without bids until they are opened. 404 `quotation-unknown`, `unit-unknown`."""
    return await sheet_of(db, await queries.get_quotation_for(db, quotation_id, caller))


@router.post("/quotations/{quotation_id}/award", response_model=schemas.QuotationOut)
async def award_quotation(
    quotation_id: UUID, body: schemas.AwardIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Give lines to bids, whole or line by line; a purchase is drafted. 403 `unit-needed`, `duty-missing`,
    `own-opening`; 404 `quotation-unknown`; 409 `quotation-status`, `sku-not-listed`; 412 `stale`; 422 `pick-unknown`,
    `line-picked-twice`, `award-reason-too-short`; `fund-without-union`; 428
    `precondition-missing`."""
    found = await awarding.award_quotation(
        db,
        quotation_id=quotation_id,
        expected_revision=expected,
        picks=body.taken(),
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _whole(db, found))


@router.post("/quotations/{quotation_id}/cancel", response_model=schemas.QuotationOut)
async def cancel_quotation(
    quotation_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Call it off. 403 `unit-needed`, `duty-missing`; 404 `quotation-unknown`; 409 `quotation-status`; 412 `stale`;
    422 `reason-missing`; 428 `precondition-missing`."""
    found = await actions.cancel_quotation(
        db, quotation_id=quotation_id, expected_revision=expected, reason=body.reason, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _whole(db, found))


@router.post("/quotations/{quotation_id}/questions/{question_id}/answer", response_model=schemas.QuestionOut)
async def answer_question(
    quotation_id: UUID, question_id: UUID, body: schemas.AnswerIn, caller: CallerDep, db: Db, once: Once
) -> Response:
    """Answer a question, for all invited to read. 403 `unit-needed`, `duty-missing`; 404 `quotation-unknown`,
    `question-unknown`; 409 `quotation-status`, `quotation-closed`, `question-answered`."""
    found = await actions.answer_question(
        db, quotation_id=quotation_id, question_id=question_id, answer=body.answer, caller=caller, now=utc_now()
    )
    return await once.answer(db, schemas.QuestionOut.model_validate(found))


@router.get("/quotations/{quotation_id}/trail")
async def list_trail(quotation_id: UUID, caller: CallerDep, db: Read) -> Page[TrailItem]:
    """Who did what to it, and when. 404 `quotation-unknown`, `unit-unknown`."""
    await queries.get_quotation_for(db, quotation_id, caller)
    rows = await trail_queries.list_trail(db, quotation_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


async def units_seen(db: AsyncSession, caller: Caller) -> Sequence[UUID] | None:
    """Whose lists the caller reads: its unit's and those below it, a finance office's region; None for operators, who
    read all. 403 `kind-not-allowed` for everybody else."""
    if caller.is_operator:
        return None
    if caller.kind != "institution" and not is_finance_office(caller):
        raise Forbidden("This is for institutions.", code="kind-not-allowed", allowed_kinds=["institution"])
    return (await db.scalars(unit_queries.seen_units(caller))).all()


async def _whole(db: AsyncSession, quotation: Quotation) -> schemas.QuotationOut:
    unit = await unit_queries.get_unit(db, quotation.unit_id)
    questions = await queries.list_questions(db, quotation.quotation_id)
    invited = await queries.list_invitations(db, quotation.quotation_id)
    return schemas.QuotationOut.model_validate(quotation).model_copy(
        update={
            "unit_name": unit.name,
            "lines": await lines_told(db, quotation.quotation_id),
            "questions": [schemas.QuestionOut.model_validate(each) for each in questions],
            "suppliers": [schemas.InvitedOut.model_validate(each) for each in invited],
        }
    )


def _row(found: Any) -> list[Any]:
    return [
        str(found.quotation_id),
        found.title,
        found.unit_name,
        STATUSES[found.status],
        FUNDS[found.fund],
        found.closes_at,
        found.invited_count,
        found.bid_count,
        None if found.awarded_fen is None else int(found.awarded_fen) / 100,
        found.is_late,
        found.created_at,
    ]


def after(cursor: str | None) -> UUID | None:
    """The last one of the page before. 400 `cursor-invalid`."""
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, size=1)[0]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
