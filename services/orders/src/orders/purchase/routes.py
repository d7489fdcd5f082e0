"""Purchases over HTTP: written by those who handle the fund, seen by the unit, its lead unit and its finance office."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval import queries as approval_queries
from orders.approval import rules as approval_rules
from orders.budget import queries as budget_queries
from orders.budget.rules import budget_year
from orders.purchase import actions, ordering, queries, rules, schemas
from orders.purchase.models import Purchase
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from orders.unit import queries as unit_queries
from orders.unit.rules import is_finance_office
from shared.auth import Caller, CallerDep
from shared.clock import business_day, parse_instant, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest, Forbidden
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/purchases", tags=["purchases"])
Wanted = Annotated[
    str | None, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a title or of a number.")
]
_BATCH = 500
_HEAD = (
    "采购单号",
    "采购单位",
    "事项",
    "采购方式",
    "经费来源",
    "状态",
    "货款(元)",
    "运费(元)",
    "合计(元)",
    "年度",
    "编制时间",
    "提交时间",
    "下单时间",
)
_FUNDS = {"CANTEEN": "食堂", "UNION": "工会", "OTHER": "其他"}


@router.get("")
async def list_purchases(
    caller: CallerDep,
    db: Read,
    *,
    q: Wanted = None,
    fund: schemas.FundName | None = None,
    status: schemas.Status | None = None,
    way: schemas.WayName | None = None,
    unit_id: UUID | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[schemas.PurchaseItem]:
    """Those of the caller's unit, of all units of a finance office's region, of all for operators, or of `unit_id` for
    who sees it; the latest first. 403 `unit-needed`; 404 `unit-unknown`."""
    units = await _units(db, caller, unit_id)
    found = await queries.list_purchases(
        db, units, fund=_fund(caller, fund), status=status, way=way, wanted=q, after=_after(cursor), limit=limit + 1
    )
    items = [schemas.PurchaseItem.model_validate(each) for each in found[:limit]]
    last = items[-1] if len(found) > limit else None
    next_cursor = None if last is None else encode_cursor(last.created_at.isoformat(), str(last.purchase_id))
    return Page[schemas.PurchaseItem](items=items, next_cursor=next_cursor)


@router.get("/export", response_class=Response)
async def export_purchases(
    request: Request,
    caller: CallerDep,
    db: Read,
    *,
    q: Wanted = None,
    fund: schemas.FundName | None = None,
    status: schemas.Status | None = None,
    way: schemas.WayName | None = None,
    unit_id: UUID | None = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table. 403 `unit-needed`; 404 `unit-unknown`."""
    units = await _units(db, caller, unit_id)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: tuple[datetime, UUID] | None = None
        while True:
            async with request.app.state.database.read() as own:
                found = await queries.list_purchases(
                    own, units, fund=_fund(caller, fund), status=status, way=way, wanted=q, after=after, limit=_BATCH
                )
            if found:
                yield [_row(each) for each in found]
            if len(found) < _BATCH:
                return
            after = (found[-1].created_at, found[-1].purchase_id)

    return await sheet_response(sheet, name="采购单", head=_HEAD, batches=batches())


@router.post("", status_code=201, response_model=schemas.PurchaseOut)
async def draft_purchase(body: schemas.PurchaseIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Write a purchase at today's prices for institutions. 403 `unit-needed`, `duty-missing`; 409 `unit-closed`,
    `sku-not-listed`, `region-not-served`; 422 `fund-without-union`, `purchase-lines`, `purchase-too-large`."""
    unit = await unit_queries.get_acting_unit(db, caller)
    rules.ensure_may_handle(caller, body.fund)
    purchase = await actions.draft_purchase(
        db,
        purchase_id=new_id(),
        unit_id=unit.unit_id,
        way="DIRECT",
        fund=body.fund,
        lines=body.wanted(),
        title=body.title,
        note=body.note,
        caller_id=caller.person_id,
        address=body.goes_to(),
        now=utc_now(),
    )
    return await once.answer(db, await _out(db, purchase), status=201)


@router.get("/{purchase_id}")
async def get_purchase(purchase_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.PurchaseOut:
    """One with its lines, papers, approvals and orders. 404 `purchase-unknown`."""
    purchase = await queries.get_purchase_for(db, caller, purchase_id)
    response.headers["ETag"] = etag_of(purchase.revision)
    return await _out(db, purchase)


@router.put("/{purchase_id}")
async def edit_purchase(
    purchase_id: UUID,
    body: schemas.PurchaseEdit,
    caller: CallerDep,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.PurchaseOut:
    """Change it, at today's prices; a changed basket voids what was asked or approved (VOIDED) and frees its money.

    403 `unit-needed`, `duty-missing`; 404 `purchase-unknown`; 409 `unit-closed`, `purchase-status`,
    `purchase-lines-agreed`, `pledge-given-back`, `sku-not-listed`, `region-not-served`; 412 `stale`; 422
    `fund-without-union`, `purchase-lines`, `purchase-too-large`; 428 `precondition-missing`.
    """
    await _handled(db, caller, purchase_id)
    rules.ensure_may_handle(caller, body.fund)
    purchase = await actions.edit_purchase(
        db,
        purchase_id=purchase_id,
        expected_revision=expected,
        fund=body.fund,
        lines=body.wanted(),
        title=body.title,
        note=body.note,
        address=body.goes_to(),
        by=caller.person_id,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(purchase.revision)
    return await _out(db, purchase)


@router.post("/{purchase_id}/submit", response_model=schemas.PurchaseOut)
async def submit_purchase(purchase_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """Ask for approval; its money is set apart. 403 `unit-needed`, `duty-missing`; 404 `purchase-unknown`; 409
    `unit-closed`, `purchase-status`, `purchase-address-missing`, `price-changed`, `sku-not-listed`,
    `region-not-served`, `pledge-given-back`, `union-papers-missing`, `budget-exceeded`; 412
    `stale`; 428 `precondition-missing`."""
    await _handled(db, caller, purchase_id)
    purchase = await actions.submit_purchase(
        db,
        purchase_id=purchase_id,
        expected_revision=expected,
        case_id=new_id(),
        by=caller.person_id,
        now=utc_now(),
    )
    return await once.answer(db, await _out(db, purchase))


@router.post("/{purchase_id}/withdraw", response_model=schemas.PurchaseOut)
async def withdraw_purchase(
    purchase_id: UUID, body: schemas.WithdrawIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Take it back; its money is free again. 403 `unit-needed`, `duty-missing`; 404 `purchase-unknown`; 409
    `unit-closed`, `purchase-status`; 412 `stale`; 428 `precondition-missing`."""
    await _handled(db, caller, purchase_id)
    purchase = await actions.withdraw_purchase(
        db,
        purchase_id=purchase_id,
        expected_revision=expected,
        reason=body.reason,
        by=caller.person_id,
        now=utc_now(),
    )
    return await once.answer(db, await _out(db, purchase))


@router.post("/{purchase_id}/order", response_model=schemas.PurchaseOut)
async def order_purchase(purchase_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """Order what was approved: one order a supplier, or nothing. 403 `unit-needed`, `duty-missing`; 404
    `purchase-unknown`; 409 `unit-closed`, `purchase-status`, `price-changed`, `sku-not-listed`, `region-not-served`,
    `stock-short`, `sku-changed`; 412 `stale`; 428 `precondition-missing`."""
    await _handled(db, caller, purchase_id)
    purchase = await ordering.order_purchase(
        db, purchase_id=purchase_id, expected_revision=expected, by=caller.person_id, now=utc_now()
    )
    return await once.answer(db, await _out(db, purchase))


@router.get("/{purchase_id}/trail")
async def list_trail(purchase_id: UUID, caller: CallerDep, db: Read) -> Page[TrailItem]:
    """Who did what to it, and when. 404 `purchase-unknown`."""
    await queries.get_purchase_for(db, caller, purchase_id)
    rows = await trail_queries.list_trail(db, purchase_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


async def _handled(db: AsyncSession, caller: Caller, purchase_id: UUID) -> Purchase:
    unit = await unit_queries.get_acting_unit(db, caller)
    purchase = await queries.get_purchase_for(db, caller, purchase_id)
    if purchase.unit_id != unit.unit_id:
        raise queries.purchase_unknown()
    rules.ensure_may_handle(caller, actions.fund_of(purchase))
    return purchase


async def _units(db: AsyncSession, caller: Caller, unit_id: UUID | None) -> Sequence[UUID] | None:
    if unit_id is not None:
        return [(await unit_queries.get_unit_for(db, caller, unit_id)).unit_id]
    if caller.is_operator:
        return None
    if is_finance_office(caller):
        return (await db.scalars(unit_queries.seen_units(caller))).all()
    own = await unit_queries.find_acting_unit(db, caller)
    if own is None:
        raise Forbidden("Act for an institution that is registered as a budget unit.", code="unit-needed")
    return [own.unit_id]


def _fund(caller: Caller, asked: str | None) -> str | None:
    return "CANTEEN" if queries.is_contractor(caller) else asked


async def _out(db: AsyncSession, purchase: Purchase) -> schemas.PurchaseOut:
    papers = await queries.list_papers(db, purchase.purchase_id)
    unit = await unit_queries.get_unit(db, purchase.unit_id)
    today = utc_now()
    tier = None
    if purchase.fund == "UNION":
        rule = approval_rules.union_tier(purchase.total_fen, unit.county_code, business_day(today))
        counted = rules.counted_papers([(each.kind, each.counted) for each in papers])
        tier = {
            "method": rule.method,
            "method_en": rule.method_en,
            "requires": rule.requires,
            "missing": approval_rules.missing_papers(rule, papers=counted, way=purchase.way),
            "source": rule.source,
            "confidence": rule.confidence,
        }
    left = await budget_queries.find_left(
        db,
        unit_id=purchase.unit_id,
        year=purchase.budget_year or budget_year(today),
        fund=actions.fund_of(purchase),
    )
    lines = await queries.list_lines(db, purchase.purchase_id)
    cases = await approval_queries.list_cases_of(db, purchase.purchase_id)
    placed = await queries.list_orders(db, purchase.purchase_id)
    return schemas.PurchaseOut.of(
        purchase,
        lines=[schemas.LineOut.model_validate(each) for each in lines],
        papers=[schemas.PaperOut.model_validate(each) for each in papers],
        union_tier=tier,
        cases=[schemas.CaseRef.model_validate(each) for each in cases],
        orders=[schemas.PlacedOut.model_validate(each) for each in placed],
        budget_left_fen=left,
    )


def _row(purchase: Row[Any]) -> list[Any]:
    return [
        purchase.purchase_number,
        purchase.unit_name,
        purchase.title,
        purchase.way,
        _FUNDS[purchase.fund],
        purchase.status,
        purchase.goods_fen / 100,
        purchase.delivery_fen / 100,
        purchase.total_fen / 100,
        purchase.budget_year,
        purchase.created_at,
        purchase.submitted_at,
        purchase.ordered_at,
    ]


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    try:
        created_at, purchase_id = (str(each) for each in decode_cursor(cursor, size=2))
        return parse_instant(created_at), UUID(purchase_id)
    except (ValueError, OverflowError) as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
