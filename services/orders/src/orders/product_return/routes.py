"""Returns over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from orders.after_sales import place_of, side_of
from orders.product_return import actions, queries, rules, schemas
from orders.product_return.models import ProductReturn
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, encode_cursor

router = APIRouter(prefix="/v1", tags=["after-sales"])
Wanted = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$", description="Part of an order number or title.")]
Verb = Literal["approve", "refuse", "withdraw", "send", "receive", "accept", "reject"]


@router.post("/orders/{order_id}/lines/{line_id}/returns", status_code=201, response_model=schemas.ReturnItem)
async def request_return(
    order_id: UUID, line_id: UUID, body: schemas.RequestReturn, caller: CallerDep, db: Db, once: Once
) -> Response:
    """Ask to send pieces of a delivered line back: without a reason within seven days (not fresh goods), or because of
    a fault.

    404 `line-not-found`; 409 `not-delivered`, `return-window-over`, `fresh-goods-stay`, `nothing-was-paid`,
    `pieces-claimed-already`.
    """
    found = await actions.request_return(
        db,
        return_id=new_id(),
        order_id=order_id,
        line_id=line_id,
        piece_count=body.piece_count,
        cause=body.cause,
        description=body.description,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, schemas.ReturnItem.model_validate(found), status=201)


@router.get("/returns")
async def list_returns(
    caller: CallerDep,
    db: Read,
    status: schemas.Status | None = None,
    order_id: UUID | None = None,
    q: Wanted = "",
    mine: Annotated[bool, Query(description="Only what the caller bought.")] = False,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.ReturnItem]:
    """Returns: a buyer's own, a supplier's, an operator's all; latest first."""
    found = await queries.list_returns(
        db,
        caller,
        status=status,
        order_id=order_id,
        wanted=q.strip(),
        mine=mine,
        after=place_of(cursor),
        limit=limit,
    )
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[schemas.ReturnItem.model_validate(each) for each in found[:limit]],
        next_cursor=encode_cursor(last.opened_at.isoformat(), str(last.return_id)) if last else None,
    )


@router.get("/returns/{return_id}")
async def get_return(return_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.ReturnPage:
    """One return with its trail and what may be done. 404 `return-not-found`."""
    found = await queries.get_return(db, return_id, caller)
    response.headers["ETag"] = etag_of(found.revision)
    return await _page(db, found, caller)


@router.post("/returns/{return_id}/{verb}")
async def move_return(
    return_id: UUID,
    verb: Verb,
    body: schemas.MoveReturn,
    caller: CallerDep,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.ReturnPage:
    """Approve or refuse it, send the goods, receive them, accept or reject what came. If-Match is what was read.

    404 `return-not-found`; 403 `not-your-move`; 409 `return-status`; 412 `stale`; 422 `reason-missing`,
    `waybill-missing`.
    """
    found = await actions.move_return(
        db,
        return_id=return_id,
        verb=verb,
        said=actions.Said(body.reason, body.send_to, body.carrier_name, body.waybill_number),
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(found.revision)
    return await _page(db, found, caller)


async def _page(db: Db, found: ProductReturn, caller: Caller) -> schemas.ReturnPage:
    return schemas.ReturnPage(
        **schemas.ReturnItem.model_validate(found).model_dump(),
        trail=[TrailItem.model_validate(each) for each in await trail_queries.list_trail(db, found.return_id)],
        verbs=rules.verbs_for(found.status, side_of(found, caller)),
    )
