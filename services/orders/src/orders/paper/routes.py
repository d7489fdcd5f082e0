"""Papers over HTTP: what is printed, signed and filed."""

from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response

from orders.order import queries as order_queries
from orders.paper.delivery import delivery_note
from orders.paper.sending import PAPER_ANSWERS, PaperFormat, paper_response
from shared.auth import CallerDep
from shared.clock import utc_now
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
