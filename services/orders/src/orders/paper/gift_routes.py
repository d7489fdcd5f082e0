"""Papers of holiday gifts over HTTP, for the unit's own people: they name members."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from orders.acceptance import queries as acceptance_queries
from orders.gift_campaign import policy
from orders.gift_campaign import queries as campaign_queries
from orders.gift_campaign.models import GiftDocument
from orders.gift_handout import queries as handout_queries
from orders.gift_member import queries as member_queries
from orders.invoice_check import queries as invoice_queries
from orders.paper import reimbursement
from orders.paper.acceptance import acceptance_form
from orders.paper.gifts import MOST_MEMBERS, sign_off_sheet
from orders.paper.sending import PAPER_ANSWERS, PaperFormat, bound_response, ensure_fits, paper_response
from orders.settlement import queries as settlement_queries
from orders.unit import queries as unit_queries
from orders.unit_order import queries as unit_order_queries
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Read
from shared.errors import NotFound
from shared.files import Files
from shared.papers.paper import Attached, Bound, Paper

_ENDINGS: Final = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
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
    """The reimbursement file (报销附件) as one, behind its contents: plan, roster, sign-off sheet, acceptance forms,
    invoices and payments, as far as the campaign has come, each followed by what was uploaded for it. A file that is
    locked, broken or too large is told in the contents. 404 `gift-campaign-unknown`; 409 `paper-too-long`;
    503 `papers-unavailable`."""
    now = utc_now()
    campaign = await campaign_queries.get_own(db, campaign_id, caller)
    unit = await unit_queries.get_unit(db, campaign.unit_id)
    name = unit.union_name or unit.name
    members = await member_queries.list_members(
        db, campaign_id, q="", is_eligible=None, after=None, limit=MOST_MEMBERS + 1
    )
    ensure_fits(len(members), MOST_MEMBERS)
    documents = await campaign_queries.list_documents(db, campaign_id)
    packages = await campaign_queries.list_packages(db, campaign_id)
    papers = reimbursement.Papers(
        plan=reimbursement.plan_paper(campaign, packages, documents, union_name=name, now=now),
        roster=reimbursement.roster_paper(campaign, members, union_name=name, now=now),
    )
    if lines := await handout_queries.list_sheet(db, campaign_id, after=None, limit=MOST_MEMBERS):
        papers.sign_off.append(sign_off_sheet(campaign, lines, unit_name=name, now=now))
    orders = await campaign_queries.list_orders(db, campaign_id)
    found = [await _order(db, each.order_id, caller, now) for each in orders]
    papers.acceptance.extend(form for _, form in found if form is not None)
    if found:
        papers.money.append(reimbursement.money_paper([paid for paid, _ in found], union_name=name, now=now))
    called = f"报销附件-{campaign.name}"
    if kind == "xlsx":
        return await paper_response(request, papers.all(), kind=kind, name=called)
    limits = policy.policy()["papers"]
    with TemporaryDirectory() as folder:
        attached = await _attached(request.app.state.files, documents, Path(folder), most=limits["bound_bytes"])
        bound = Bound(
            title=f"{campaign.name} 报销附件",
            issuer=name,
            parts=papers.with_files(attached),
            most_pages=limits["bound_pages"],
            made_at=now,
        )
        return await bound_response(request, bound, name=called)


async def _attached(
    files: Files, documents: Sequence[GiftDocument], folder: Path, *, most: int
) -> list[tuple[str, Attached]]:
    """The uploaded files with their kinds, laid into the folder as long as they fit."""
    found: list[tuple[str, Attached]] = []
    left = most
    for number, each in enumerate(documents):
        title = reimbursement.title_of(each)
        if each.size_bytes > left:
            found.append((each.kind, Attached(title, refusal=reimbursement.TOO_LARGE)))
            continue
        path = folder / f"{number}.{_ENDINGS[each.content_type]}"
        try:
            await files.fetch(f"gifts/{each.key}", path)
        except NotFound:
            found.append((each.kind, Attached(title, refusal=reimbursement.NOT_THERE)))
            continue
        left -= each.size_bytes
        found.append((each.kind, Attached(title, path, each.content_type)))
    return found


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
