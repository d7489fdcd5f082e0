"""Contracts over HTTP: a unit drafts, approves and offers; its supplier signs."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from orders.contract import actions, calling, queries, schemas
from orders.contract.models import Contract
from orders.sku.rules import unit_price_fen
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from orders.unit import queries as unit_queries
from orders.unit.rules import ensure_duty
from shared.auth import Caller, CallerDep
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/contracts", tags=["contracts"])
Wanted = Annotated[
    str | None, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a number, title or supplier's name.")
]
Status = Annotated[schemas.Status | None, Query()]
_BATCH = 500
_NEXT_DAYS = 10
_HEAD = (
    "合同编号",
    "名称",
    "供应商",
    "经费",
    "计价",
    "浮动(基点)",
    "付款期限(天)",
    "起始日",
    "终止日",
    "状态",
    "签订时间",
    "终止时间",
)
_STATUSES = {
    "DRAFT": "起草",
    "APPROVING": "审批中",
    "OFFERED": "待供应商签订",
    "SIGNED": "履行中",
    "ENDED": "已终止",
    "ABANDONED": "已放弃",
}
_FUNDS = {"CANTEEN": "食堂", "UNION": "工会", "OTHER": "其他"}
_RULES = {"FIXED": "固定价", "FLOOR_FLOAT": "保底加浮动"}


@router.get("")
async def list_contracts(
    caller: CallerDep,
    db: Read,
    *,
    q: Wanted = None,
    status: Status = None,
    unit_id: UUID | None = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.ContractItem]:
    """What the caller sees, the newest first: a unit's and those of the units below it, a supplier's once offered, a
    finance office's region, an operator's all."""
    found = await queries.list_contracts(
        db, caller, status=status, wanted=q, unit_id=unit_id, after=_after(cursor), limit=limit + 1
    )
    items = [schemas.ContractItem.model_validate(each) for each in found[:limit]]
    more = len(found) > limit
    return Page[schemas.ContractItem](
        items=items, next_cursor=encode_cursor(str(items[-1].contract_id)) if more else None
    )


@router.get("/export", response_class=Response)
async def export_contracts(
    request: Request,
    caller: CallerDep,
    *,
    q: Wanted = None,
    status: Status = None,
    unit_id: UUID | None = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table."""

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_contracts(
                    db, caller, status=status, wanted=q, unit_id=unit_id, after=after, limit=_BATCH
                )
                rows = [_row(each) for each in found]
                after = found[-1].contract_id if found else None
            if rows:
                yield rows
            if len(rows) < _BATCH:
                return

    return await sheet_response(sheet, name="采购合同", head=_HEAD, batches=batches())


@router.get("/candidates")
async def list_candidates(
    caller: CallerDep, db: Read, *, q: Wanted = None, supplier_id: UUID | None = None, limit: Limit = 50
) -> schemas.CandidateList:
    """Packs on sale that the caller's unit may make a contract about, with the price for institutions. 403
    `unit-needed`, `duty-missing`."""
    ensure_duty(caller, "handler", "union")
    await unit_queries.get_acting_unit(db, caller)
    now = utc_now()
    found = await queries.list_candidates(db, supplier_id=supplier_id, wanted=q, now=now, limit=limit)
    return schemas.CandidateList(
        items=[
            schemas.Candidate(
                sku_id=sku.sku_id,
                supplier_id=sku.supplier_id,
                supplier_name=sku.supplier_name,
                product_title=sku.product_title,
                product_title_en=sku.product_title_en,
                specification=sku.specification,
                specification_en=sku.specification_en,
                origin_county_code=sku.origin_county_code,
                price_fen=unit_price_fen(sku, group="institution", quantity=1, now=now),
            )
            for sku in found
        ]
    )


@router.post("", status_code=201, response_model=schemas.ContractPage)
async def draft_contract(body: schemas.ContractIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Draft a contract for the unit. 403 `unit-needed`, `duty-missing`; 409 `unit-closed`, `sku-not-listed`; 422
    `term-invalid`, `break-invalid`, `price-rule-invalid`, `suppliers-differ`, `sku-twice`."""
    contract = await actions.draft_contract(db, contract_id=new_id(), **_parts_of(body), caller=caller, now=utc_now())
    return await once.answer(db, await _page(db, contract), status=201)


@router.get("/{contract_id}")
async def get_contract(contract_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.ContractPage:
    """The whole contract. 404 `contract-unknown`. The ETag is for the next step."""
    contract = await queries.get_contract_for(db, caller, contract_id)
    response.headers["ETag"] = etag_of(contract.revision)
    return await _page(db, contract)


@router.get("/{contract_id}/trail")
async def list_trail(contract_id: UUID, caller: CallerDep, db: Read) -> list[TrailItem]:
    """Who did what to it, the first deed first. 404 `contract-unknown`."""
    await queries.get_contract_for(db, caller, contract_id)
    found = await trail_queries.list_trail(db, contract_id)
    return [TrailItem.model_validate(each) for each in found]


@router.put("/{contract_id}")
async def edit_contract(
    contract_id: UUID, body: schemas.ContractIn, caller: CallerDep, db: Db, expected: IfMatch, response: Response
) -> schemas.ContractPage:
    """Change a draft. 409 `contract-status`; 412 `stale`; 428 `precondition-missing`; what drafting refuses."""
    contract = await actions.edit_contract(
        db, contract_id=contract_id, expected_revision=expected, **_parts_of(body), caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(contract.revision)
    return await _page(db, contract)


@router.post("/{contract_id}/submit", response_model=schemas.ContractPage)
async def submit_contract(contract_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """To the unit's approval; where no step is needed it is offered at once. 403 `unit-needed`, `duty-missing`; 404
    `contract-unknown`; 409 `contract-status`; 412 `stale`; 428 `precondition-missing`."""
    contract = await actions.submit_contract(
        db, contract_id=contract_id, expected_revision=expected, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _page(db, contract))


@router.post("/{contract_id}/withdraw", response_model=schemas.ContractPage)
async def withdraw_contract(
    contract_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Back to a draft, from approval or from its supplier. 404 `contract-unknown`; 409 `contract-status`."""
    return await _moved(db, "withdraw", contract_id, body.reason, caller, expected, once)


@router.post("/{contract_id}/abandon", response_model=schemas.ContractPage)
async def abandon_contract(
    contract_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Nothing becomes of the draft. 404 `contract-unknown`; 409 `contract-status`."""
    return await _moved(db, "abandon", contract_id, body.reason, caller, expected, once)


@router.post("/{contract_id}/terminate", response_model=schemas.ContractPage)
async def terminate_contract(
    contract_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The unit ends it before its time; what was called is delivered. 404 `contract-unknown`; 409 `contract-status`."""
    return await _moved(db, "terminate", contract_id, body.reason, caller, expected, once)


@router.post("/{contract_id}/sign", response_model=schemas.ContractPage)
async def sign_contract(contract_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """The supplier signs: its calendar begins. 404 `contract-unknown`; 409 `contract-status`, `term-over`."""
    answer = await _moved(db, "sign", contract_id, "", caller, expected, once)
    await calling.plan_call_offs(db, contract_id=contract_id, now=utc_now())
    return answer


@router.post("/{contract_id}/decline", response_model=schemas.ContractPage)
async def decline_contract(
    contract_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The supplier does not sign; the unit may change it. 404 `contract-unknown`; 409 `contract-status`."""
    return await _moved(db, "decline", contract_id, body.reason, caller, expected, once)


async def _moved(
    db: AsyncSession, verb: str, contract_id: UUID, reason: str, caller: Caller, expected: int, once: Once
) -> Response:
    contract = await actions.move_contract(
        db,
        contract_id=contract_id,
        verb=verb,
        expected_revision=expected,
        reason=reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _page(db, contract))


async def _page(db: AsyncSession, contract: Contract) -> schemas.ContractPage:
    unit = await unit_queries.get_unit(db, contract.unit_id)
    today = business_day(utc_now())
    calendar = await queries.get_calendar(db, contract)
    days = calendar.days(today, today + timedelta(days=70), is_rest_day=calling.is_rest_day)
    return schemas.ContractPage(
        **schemas.ContractItem.model_validate(contract).model_dump(),
        unit_name=unit.name,
        terms=contract.terms,
        recipient=contract.recipient,
        phone=contract.phone,
        county_code=contract.county_code,
        address_detail=contract.address_detail,
        drafted_by=contract.drafted_by,
        changed_at=contract.changed_at,
        lines=[
            schemas.ContractLineOut.model_validate(each) for each in await queries.list_lines(db, contract.contract_id)
        ],
        breaks=[schemas.BreakOut.model_validate(each) for each in await queries.list_breaks(db, contract.contract_id)],
        next_days=days[:_NEXT_DAYS],
    )


def _parts_of(body: schemas.ContractIn) -> dict[str, Any]:
    facts = body.model_dump(exclude={"lines", "breaks"})
    return {
        "facts": facts | {"weekdays": sorted(set(body.weekdays))},
        "lines": [line.model_dump() for line in body.lines],
        "breaks": [each.to_break() for each in body.breaks],
    }


def _row(each: Contract) -> tuple[Any, ...]:
    return (
        each.contract_number,
        each.title,
        each.supplier_name,
        _FUNDS[each.fund],
        _RULES[each.price_rule],
        each.float_bp,
        each.payment_days,
        each.valid_from_on,
        each.valid_until_on,
        _STATUSES[each.status],
        each.signed_at,
        each.ended_at,
    )


def _after(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, size=1)[0]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
