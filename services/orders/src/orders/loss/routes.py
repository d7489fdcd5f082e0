"""What was lost and what is missed, over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from orders.loss import actions, queries, schemas
from orders.loss.models import PartLoss
from orders.order import queries as order_queries
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.idempotency import Once

router = APIRouter(prefix="/v1/orders", tags=["orders"])


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
