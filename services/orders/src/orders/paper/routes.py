"""Papers over HTTP: what is printed, signed and filed."""

from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response

from orders.acceptance import queries as acceptance_queries
from orders.contract import queries as contract_queries
from orders.order import queries as order_queries
from orders.paper.acceptance import acceptance_form
from orders.paper.agreement import agreement
from orders.paper.comparison import comparison_sheet
from orders.paper.delivery import delivery_note
from orders.paper.sending import PAPER_ANSWERS, PaperFormat, paper_response
from orders.quotation import queries as quotation_queries
from orders.quotation.schemas import Sheet
from orders.unit import queries as unit_queries
from orders.unit_order import queries as unit_order_queries
from orders.unit_order.rules import payment_terms
from shared.auth import CallerDep
from shared.clock import business_day, utc_now
from shared.db import Read

router = APIRouter(prefix="/v1", tags=["papers"])


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
    sheet = Sheet.of(
        quotation,
        await quotation_queries.list_lines(db, quotation_id),
        await quotation_queries.list_opened_bids(db, quotation_id),
        await quotation_queries.list_offers(db, quotation_id),
        await quotation_queries.get_comparison(db, quotation_id),
    )
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
