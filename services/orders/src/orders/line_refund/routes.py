"""Where the money of an order is, over HTTP."""

from uuid import UUID

from fastapi import APIRouter

from orders.line_refund import queries, schemas
from orders.order import queries as order_queries
from shared.auth import CallerDep
from shared.db import Read

router = APIRouter(prefix="/v1", tags=["after-sales"])


@router.get("/orders/{order_id}/refunds")
async def list_refunds(order_id: UUID, caller: CallerDep, db: Read) -> schemas.OrderRefunds:
    """Every refund of the order and where its money is. 404 `order-not-found` but for its buyer and operators."""
    await order_queries.ensure_own_order(db, order_id, caller)
    found = await queries.list_refunds_of_order(db, order_id)
    return schemas.OrderRefunds(items=[schemas.OrderRefund.model_validate(each) for each in found])
