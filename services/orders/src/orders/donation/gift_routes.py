"""Donations over HTTP: the buyer's own with thanks and receipt, and those to a recipient, to be thanked for.

Claims, returns and exchanges of a donation are its buyer's, who paid: the recipient only says thanks.
"""

from uuid import UUID

from fastapi import APIRouter, Response

from orders.after_sales import place_of
from orders.donation import actions, queries, schemas
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.page import CursorText, Limit, Page, encode_cursor

router = APIRouter(prefix="/v1", tags=["donations"])


@router.get("/donations")
async def list_own(caller: CallerDep, db: Read, cursor: CursorText = None, limit: Limit = 20) -> Page[schemas.GiftItem]:
    """The caller's own donations, the latest first."""
    found = await queries.list_gifts(db, buyer_id=caller.person_id, after=place_of(cursor), limit=limit + 1)
    return _page([schemas.GiftItem.model_validate(each) for each in found], limit)


@router.get("/donation-recipients/{recipient_id}/donations")
async def list_received(
    recipient_id: UUID, caller: CallerDep, db: Read, cursor: CursorText = None, limit: Limit = 20
) -> Page[schemas.GiftItem]:
    """Paid donations to a recipient, the latest first, for those who keep it or speak for it. 404
    `recipient-unknown`."""
    await queries.get_kept(db, recipient_id, caller)
    found = await queries.list_gifts(db, recipient_id=recipient_id, after=place_of(cursor), limit=limit + 1)
    return _page([schemas.GiftItem.model_validate(each) for each in found], limit)


@router.post("/donations/{order_id}/thanks", status_code=201, response_model=schemas.GiftItem)
async def give_thanks(order_id: UUID, body: schemas.ThanksIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """The recipient has its goods and says thanks, or an official or operator on its behalf. 404 `donation-unknown`;
    409 `donation-not-delivered`, `donation-thanked`."""
    await actions.give_thanks(db, order_id=order_id, thanks=body.thanks, caller=caller, now=utc_now())
    return await once.answer(db, await _gift(db, order_id), status=201)


@router.put("/donations/{order_id}/thanks")
async def edit_thanks(
    order_id: UUID, body: schemas.ThanksIn, caller: CallerDep, db: Db, expected: IfMatch, response: Response
) -> schemas.GiftItem:
    """Other words of thanks. 404 `donation-unknown`; 409 `donation-not-thanked`; 412 `stale`; 428
    `precondition-missing`."""
    gift = await actions.edit_thanks(
        db, order_id=order_id, expected_revision=expected, thanks=body.thanks, caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(gift.revision)
    return await _gift(db, order_id)


@router.get("/orders/{order_id}/donation-receipt")
async def get_receipt(order_id: UUID, caller: CallerDep, db: Read) -> schemas.Receipt:
    """What the buyer gave, once all has arrived; no receipt for taxes. 404 `order-not-found`, `donation-unknown`; 409
    `donation-not-delivered`."""
    return schemas.Receipt.model_validate(await queries.get_receipt(db, order_id, caller))


async def _gift(db: Read, order_id: UUID) -> schemas.GiftItem:
    return schemas.GiftItem.model_validate(await queries.get_gift(db, order_id))


def _page(items: list[schemas.GiftItem], limit: int) -> Page[schemas.GiftItem]:
    last = items[limit - 1] if len(items) > limit else None
    cursor = None if last is None else encode_cursor(last.placed_at.isoformat(), str(last.order_id))
    return Page[schemas.GiftItem](items=items[:limit], next_cursor=cursor)
