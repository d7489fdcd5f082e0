"""Papers of holiday gifts over HTTP, for the unit's own people: they name members."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from orders.acceptance import queries as acceptance_queries
from orders.gift_campaign import queries as campaign_queries
from orders.gift_handout import queries as handout_queries
from orders.gift_member import queries as member_queries
from orders.invoice_check import queries as invoice_queries
from orders.paper import reimbursement
from orders.paper.acceptance import acceptance_form
from orders.paper.gifts import MOST_MEMBERS, sign_off_sheet
from orders.paper.sending import PAPER_ANSWERS, PaperFormat, ensure_fits, paper_response
from orders.settlement import queries as settlement_queries
from orders.unit import queries as unit_queries
from orders.unit_order import queries as unit_order_queries
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Read
from shared.papers.paper import Paper

router = APIRouter(prefix="/v1/gift-campaigns/{campaign_id}", tags=["papers"])


@router.get("/sign-off-sheet", response_class=Response, responses=PAPER_ANSWERS)
async def get_sign_off_sheet(
    request: Request, campaign_id: UUID, caller: CallerDep, db: Read, kind: PaperFormat = "pdf"
) -> Response:
    """The sign-off sheet (慰问品签收表) to print and sign. 404 `gift-campaign-unknown`; 409 `paper-too-long`; 503
    `papers-unavailable`."""
    campaign = await campaign_queries.get_own(db, campaign_id, caller)
    unit = await unit_queries.get_unit(db, campaign.unit_id)
    lines = await handout_queries.list_sheet(db, campaign_id, after=None, limit=MOST_MEMBERS + 1)
    ensure_fits(len(lines), MOST_MEMBERS)
    paper = sign_off_sheet(campaign, lines, unit_name=unit.union_name or unit.name, now=utc_now())
    return await paper_response(request, [paper], kind=kind, name=f"签收表-{campaign.name}")


@router.get("/reimbursement", response_class=Response, responses=PAPER_ANSWERS)
async def get_reimbursement(
    request: Request, campaign_id: UUID, caller: CallerDep, db: Read, kind: PaperFormat = "pdf"
) -> Response:
    """The reimbursement file (报销附件) as one: plan with the list of its papers, roster, sign-off sheet, acceptance
    forms, invoices and payments, as far as the campaign has come. 404 `gift-campaign-unknown`; 409 `paper-too-long`;
    503 `papers-unavailable`."""
    now = utc_now()
    campaign = await campaign_queries.get_own(db, campaign_id, caller)
    unit = await unit_queries.get_unit(db, campaign.unit_id)
    name = unit.union_name or unit.name
    members = await member_queries.list_members(
        db, campaign_id, q="", is_eligible=None, after=None, limit=MOST_MEMBERS + 1
    )
    ensure_fits(len(members), MOST_MEMBERS)
    papers = [
        reimbursement.plan_paper(
            campaign,
            await campaign_queries.list_packages(db, campaign_id),
            await campaign_queries.list_documents(db, campaign_id),
            union_name=name,
            now=now,
        ),
        reimbursement.roster_paper(campaign, members, union_name=name, now=now),
    ]
    if lines := await handout_queries.list_sheet(db, campaign_id, after=None, limit=MOST_MEMBERS):
        papers.append(sign_off_sheet(campaign, lines, unit_name=name, now=now))
    orders = await campaign_queries.list_orders(db, campaign_id)
    found = [await _order(db, each.order_id, caller, now) for each in orders]
    papers += [form for _, form in found if form is not None]
    if found:
        papers.append(reimbursement.money_paper([paid for paid, _ in found], union_name=name, now=now))
    return await paper_response(request, papers, kind=kind, name=f"报销附件-{campaign.name}")


async def _order(db: AsyncSession, order_id: UUID, caller: Caller, now: Any) -> tuple[reimbursement.Paid, Paper | None]:
    order = await unit_order_queries.get_seen(db, order_id, caller)
    paid = reimbursement.Paid(
        order.order_number,
        order.supplier_name,
        order.accepted_fen,
        await invoice_queries.list_invoices(db, order_id),
        await settlement_queries.list_matches(db, order_id),
    )
    check = await acceptance_queries.find_acceptance(db, order_id)
    if check is None:
        return paid, None
    lines = await unit_order_queries.list_lines(db, order_id)
    return paid, acceptance_form(order, lines, check, await acceptance_queries.list_lines(db, order_id), now=now)
