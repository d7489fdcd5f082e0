"""What was lost and what is missed, over HTTP."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from orders.after_sales import place_of
from orders.loss import actions, listing, queries, rules, schemas
from orders.loss.models import PartLoss
from orders.order import queries as order_queries
from orders.service_desk.routes import Agent
from orders.service_desk.rules import AGENT_ROLES
from orders.trail import queries as trail_queries
from shared.auth import Caller, CallerDep, require_kind
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.money import yuan
from shared.page import CursorText, Limit, Page, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/orders", tags=["orders"])
lists = APIRouter(prefix="/v1/losses", tags=["after-sales"])

_HEAD = (
    "订单号", "商家", "状态", "运单", "退款件数", "补发件数", "商家承担(元)", "承运商承担(元)", "谁登记", "说明",
    "时间",
)  # fmt: skip
STATE_NAMES = {
    "MISSING": "买家没收到，待查", "ARRIVED": "后来签收", "REFUNDED": "已退款", "SENT_AGAIN": "已补发",
    "BOTH": "部分退款部分补发",
}  # fmt: skip
_SIDE_NAMES = {"supplier": "商家", "operator": "平台客服", "buyer": "买家"}


@router.get("/{order_id}/arrivals")
async def list_arrivals(order_id: UUID, caller: CallerDep, db: Read) -> schemas.Arrivals:
    """What of an order was lost, and what is under way. 404 `order-not-found` but for its buyer and operators."""
    await order_queries.ensure_own_order(db, order_id, caller)
    return schemas.Arrivals(
        losses=[_loss(each) for each in await queries.list_losses(db, order_id)],
        awaited=[schemas.AwaitedOut.model_validate(each) for each in await queries.list_awaited(db, order_id)],
    )


@router.post("/{order_id}/parts/{supplier_order_id}/report-missing", status_code=201, response_model=schemas.MissingOut)
async def report_missing(
    order_id: UUID, supplier_order_id: UUID, body: schemas.ReportMissing, caller: CallerDep, db: Db, once: Once
) -> Response:
    """Say that a part has not come although it should have: its supplier and the customer service are told.

    404 `order-not-found` but for its buyer and operators; 409 `part-not-under-way`, `promise-not-over` (with
    `from_day`), `reported-already`.
    """
    report = await actions.report_missing(
        db, order_id=order_id, supplier_order_id=supplier_order_id, note=body.note, caller=caller, now=utc_now()
    )
    return await once.answer(db, schemas.MissingOut.model_validate(report), status=201)


def _wanted(
    state: listing.State | None = None,
    q: Annotated[
        str, Query(max_length=64, pattern=r"^[^\x00]*$", description="How an order's number begins, or a waybill's.")
    ] = "",
) -> listing.Wanted:
    return listing.Wanted(state, q.strip())


Wanted = Annotated[listing.Wanted, Depends(_wanted)]
Reader = Annotated[Caller, Depends(require_kind("supplier", "operator"))]


@lists.get("")
async def list_losses(
    caller: Reader, db: Read, wanted: Wanted, cursor: CursorText = None, limit: Limit = 20
) -> Page[schemas.Entry]:
    """What was lost, and what buyers miss, the latest first: a supplier's own, an operator's all. 403
    `kind-not-allowed`."""
    found = await listing.list_page(db, caller, wanted, before=place_of(cursor), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[schemas.Entry.model_validate(each) for each in found[:limit]],
        next_cursor=None if last is None else encode_cursor(last.told_at.isoformat(), str(last.entry_id)),
    )


@lists.get("/export", response_class=Response)
async def export_losses(
    request: Request, caller: Reader, wanted: Wanted, kind: Annotated[SheetFormat, Query(alias="format")] = "csv"
) -> Response:
    """The same list as a file. 403 `kind-not-allowed`."""

    async def batches() -> AsyncIterator[list[list[Any]]]:
        async for found in listing.list_batches(request.app.state.database, caller, wanted):
            yield [_cells(each) for each in found]

    return await sheet_response(kind, name="遗失", head=_HEAD, batches=batches())


@lists.get("/{loss_id}")
async def get_loss(loss_id: UUID, caller: Reader, db: Read, response: Response) -> schemas.LossWhole:
    """One loss, who bears it, and its trail. 403 `kind-not-allowed`; 404 `loss-not-found`."""
    return await _whole(db, loss_id, caller, response)


@lists.post("/{loss_id}/decide-share")
async def decide_share(
    loss_id: UUID, body: schemas.DecideShare, caller: Agent, db: Db, expected: IfMatch, response: Response
) -> schemas.LossWhole:
    """Customer service decides which share of what went back the carrier bears. If-Match is what was read.

    403 `agents-only`; 404 `loss-not-found`; 409 `nothing-to-share`, `share-unchanged`; 412 `stale`; 422
    `share-out-of-bounds`.
    """
    await actions.decide_share(
        db,
        loss_id=loss_id,
        carrier_bp=body.carrier_bp,
        reason=body.reason,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    await db.flush()
    return await _whole(db, loss_id, caller, response)


async def _whole(db: AsyncSession, loss_id: UUID, caller: Caller, response: Response) -> schemas.LossWhole:
    found = await listing.get_loss(db, loss_id, caller)
    response.headers["ETag"] = etag_of(found.revision)
    is_agent = caller.is_operator and not caller.roles.isdisjoint(AGENT_ROLES)
    fault = rules.figures()["fault"]
    return schemas.LossWhole.model_validate(
        {
            **found._mapping,  # noqa: SLF001 - SQLAlchemy's documented access
            "may_decide": is_agent and found.supplier_fen + found.carrier_fen > 0,
            "bounds": {name: fault[name] for name in ("least_bp", "most_bp", "step_bp")},
            "lines": await listing.list_lines(db, loss_id),
            "trail": await trail_queries.list_trail(db, loss_id),
        },
        from_attributes=True,
    )


def _cells(entry: Row[Any]) -> list[Any]:
    return [
        entry.order_number,
        entry.supplier_name,
        STATE_NAMES[entry.state],
        " ".join(filter(None, (entry.carrier_code, *entry.waybill_numbers))),
        entry.refunded_count,
        entry.replaced_count,
        float(yuan(entry.supplier_fen)),
        float(yuan(entry.carrier_fen)),
        _SIDE_NAMES[entry.told_by],
        entry.told,
        entry.told_at,
    ]


def _loss(loss: PartLoss) -> schemas.LossOut:
    return schemas.LossOut(
        loss_id=loss.loss_id,
        supplier_order_id=loss.supplier_order_id,
        carrier_code=loss.carrier_code,
        waybill_numbers=loss.waybill_numbers,
        evidence=loss.evidence,
        declared_side=loss.declared_side,
        declared_at=loss.declared_at,
        refunded_count=loss.refunded_count,
        replaced_count=loss.replaced_count,
        refunded_fen=loss.supplier_fen + loss.carrier_fen,
    )
