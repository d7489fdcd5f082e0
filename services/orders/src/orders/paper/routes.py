"""Papers over HTTP: what is printed, signed and filed."""

from datetime import date
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request, Response

from orders.acceptance import queries as acceptance_queries
from orders.budget import queries as budget_queries
from orders.contract import queries as contract_queries
from orders.order import queries as order_queries
from orders.paper import queries
from orders.paper.acceptance import acceptance_form
from orders.paper.account import account
from orders.paper.agreement import agreement
from orders.paper.budgeting import MOST_ENTRIES, budget_statement
from orders.paper.comparison import comparison_sheet
from orders.paper.delivery import delivery_note
from orders.paper.ledger import MOST_LINES, ledger
from orders.paper.sending import PAPER_ANSWERS, PaperFormat, ensure_fits, paper_response
from orders.quotation import queries as quotation_queries
from orders.quotation.comparing import sheet_of
from orders.settlement import queries as settlement_queries
from orders.unit import queries as unit_queries
from orders.unit_order import queries as unit_order_queries
from orders.unit_order.rules import payment_terms
from shared.auth import CallerDep
from shared.clock import business_day, day_range, utc_now
from shared.db import Read
from shared.errors import Invalid

router = APIRouter(prefix="/v1", tags=["papers"])
Day = Annotated[date | None, Query(ge=date(2019, 1, 1), le=date(2100, 12, 31))]


@router.get("/supplier-orders/{supplier_order_id}/delivery-note", response_class=Response, responses=PAPER_ANSWERS)
async def get_delivery_note(
    request: Request, supplier_order_id: UUID, caller: CallerDep, db: Read, kind: PaperFormat = "pdf"
) -> Response:
    """The delivery note (送货单) of a part, for its supplier and operators. 404 `supplier-order-not-found`."""
    part = orjson.loads(await order_queries.get_supplier_order(db, supplier_order_id, caller))
    paper = delivery_note(part, now=utc_now())
    return await paper_response(request, [paper], kind=kind, name=f"送货单-{paper.number}")


@router.get("/unit-orders/{order_id}/acceptance-form", response_class=Response, responses=PAPER_ANSWERS)
async def get_acceptance_form(
    request: Request, order_id: UUID, caller: CallerDep, db: Read, kind: PaperFormat = "pdf"
) -> Response:
    """The acceptance form (验收单) of a unit's order, for who sees the order. 404 `unit-order-not-found`,
    `acceptance-not-found`; 503 `papers-unavailable`."""
    order = await unit_order_queries.get_seen(db, order_id, caller)
    paper = acceptance_form(
        order,
        await unit_order_queries.list_lines(db, order_id),
        await acceptance_queries.get_acceptance(db, order_id),
        await acceptance_queries.list_lines(db, order_id),
        now=utc_now(),
    )
    return await paper_response(request, [paper], kind=kind, name=f"验收单-{paper.number}")


@router.get("/quotations/{quotation_id}/comparison-sheet", response_class=Response, responses=PAPER_ANSWERS)
async def get_comparison_sheet(
    request: Request, quotation_id: UUID, caller: CallerDep, db: Read, kind: PaperFormat = "pdf"
) -> Response:
    """The comparison of a quotation (询价比价表), for who sees the quotation; suppliers do not. 404
    `quotation-unknown`, `unit-unknown`; 503 `papers-unavailable`."""
    quotation = await quotation_queries.get_quotation_for(db, quotation_id, caller)
    sheet = await sheet_of(db, quotation)
    invited = await quotation_queries.list_invitations(db, quotation_id)
    unit = await unit_queries.get_unit(db, quotation.unit_id)
    paper = comparison_sheet(quotation, sheet, invited, unit_name=unit.name, now=utc_now())
    return await paper_response(request, [paper], kind=kind, name=f"询价比价表-{quotation.title}")


@router.get("/contracts/{contract_id}/agreement", response_class=Response, responses=PAPER_ANSWERS)
async def get_agreement(
    request: Request, contract_id: UUID, caller: CallerDep, db: Read, kind: PaperFormat = "pdf"
) -> Response:
    """The contract (采购合同) to be signed, for who sees it. 404 `contract-unknown`; 503 `papers-unavailable`."""
    contract = await contract_queries.get_contract_for(db, caller, contract_id)
    unit = await unit_queries.get_unit(db, contract.unit_id)
    paper = agreement(
        contract,
        await contract_queries.list_lines(db, contract_id),
        await contract_queries.list_breaks(db, contract_id),
        unit=unit,
        terms=payment_terms(unit.county_code, business_day(contract.created_at)),
        now=utc_now(),
    )
    return await paper_response(request, [paper], kind=kind, name=f"采购合同-{paper.number}")


@router.get("/settlements/{order_id}/account", response_class=Response, responses=PAPER_ANSWERS)
async def get_account(
    request: Request,
    order_id: UUID,
    caller: CallerDep,
    db: Read,
    *,
    from_on: Day = None,
    until_on: Day = None,
    kind: PaperFormat = "pdf",
) -> Response:
    """The statement of account (对账单) between the unit and the supplier of this order, of what the caller sees of
    them: from the beginning of the year in which the order was accepted until today unless days are given. 404
    `settlement-not-found`; 409 `paper-too-long`; 422 `account-period-invalid`; 503 `papers-unavailable`.
    """
    now = utc_now()
    one = await settlement_queries.get_seen(db, order_id, caller)
    last = until_on or business_day(now)
    first = from_on or business_day(one.accepted_at).replace(month=1, day=1)
    if last < first:
        raise Invalid("The period ends before it begins.", code="account-period-invalid", field="until_on")
    entries = await queries.list_account(
        db, caller, unit_id=one.unit_id, supplier_id=one.supplier_id, until=day_range(last)[1]
    )
    ensure_fits(len(entries), MOST_LINES)
    paper = account(
        entries, unit_name=one.unit_name, supplier_name=one.supplier_name, from_on=first, until_on=last, now=now
    )
    return await paper_response(request, [paper], kind=kind, name=f"对账单-{one.supplier_name}-{last.isoformat()}")


@router.get("/units/{unit_id}/ledger", response_class=Response, responses=PAPER_ANSWERS)
async def get_ledger(
    request: Request,
    unit_id: UUID,
    caller: CallerDep,
    db: Read,
    *,
    year: Annotated[int | None, Query(ge=2019, le=2100)] = None,
    kind: PaperFormat = "pdf",
) -> Response:
    """The ledger (采购台账) of a unit and a year, this one unless another is asked for, for who sees the unit. 404
    `unit-unknown`; 409 `paper-too-long`; 503 `papers-unavailable`."""
    now = utc_now()
    unit = await unit_queries.get_unit_for(db, caller, unit_id)
    wanted = year or business_day(now).year
    lines = await queries.list_ledger(db, caller, unit_id=unit_id, year=wanted, limit=MOST_LINES + 1)
    ensure_fits(len(lines), MOST_LINES)
    paper = ledger(lines, unit=unit, year=wanted, now=now)
    return await paper_response(request, [paper], kind=kind, name=f"采购台账-{unit.name}-{wanted}")


@router.get("/budgets/{budget_id}/statement", response_class=Response, responses=PAPER_ANSWERS)
async def get_budget_statement(
    request: Request, budget_id: UUID, caller: CallerDep, db: Read, kind: PaperFormat = "pdf"
) -> Response:
    """The statement of a budget (预算执行明细), for who sees it. 404 `budget-unknown`; 409 `paper-too-long`; 503
    `papers-unavailable`."""
    budget = await budget_queries.get_budget(db, budget_id, caller)
    entries = await budget_queries.list_entries(db, budget_id, limit=MOST_ENTRIES + 1)
    ensure_fits(len(entries), MOST_ENTRIES)
    paper = budget_statement(budget, entries, now=utc_now())
    return await paper_response(request, [paper], kind=kind, name=f"预算执行明细-{budget.unit_name}-{budget.year}")
