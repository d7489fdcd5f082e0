"""The caller's invoice titles, and those of orders, over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from orders.invoice_title import actions, queries
from orders.invoice_title.schemas import OrderTitle, OrderTitleFound, SavedTitle, SavedTitleIn, TitleIn
from orders.order import queries as order_queries
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import Page

router = APIRouter(prefix="/v1", tags=["invoice titles"])


@router.get("/invoice-titles")
async def list_titles(caller: CallerDep, db: Read) -> Page[SavedTitle]:
    """The whole book, at most 20 entries: the default first, then the one used last."""
    found = await queries.list_titles(db, caller.person_id)
    return Page(items=[SavedTitle.of(each) for each in found], total=len(found))


@router.post("/invoice-titles", status_code=201, response_model=SavedTitle)
async def save_title(body: SavedTitleIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Keep a title; the first becomes the default, and the same title again is the entry that is there.

    409 `invoice-book-full`; 422 `taxpayer-id-missing`, `taxpayer-id-invalid`, `taxpayer-id-unneeded`.
    """
    entry = await actions.save_title(
        db,
        title_id=new_id(),
        person_id=caller.person_id,
        title=body.to_title(),
        is_default=body.is_default,
        now=utc_now(),
    )
    return await once.answer(db, SavedTitle.of(entry), status=201)


@router.get("/invoice-titles/{title_id}")
async def get_title(title_id: UUID, caller: CallerDep, db: Read, response: Response) -> SavedTitle:
    """One entry, with its ETag. 404 `invoice-title-not-found`."""
    entry = await queries.get_title(db, title_id=title_id, person_id=caller.person_id)
    response.headers["ETag"] = etag_of(entry.revision)
    return SavedTitle.of(entry)


@router.put("/invoice-titles/{title_id}")
async def revise_title(
    title_id: UUID, body: TitleIn, caller: CallerDep, db: Db, expected: IfMatch, response: Response
) -> SavedTitle:
    """Change an entry; orders keep what they were given. 404 `invoice-title-not-found`; 409
    `invoice-title-saved-already`; 412 `stale`; 422 as for a new one; 428."""
    entry = await actions.revise_title(
        db,
        title_id=title_id,
        person_id=caller.person_id,
        title=body.to_title(),
        expected_revision=expected,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(entry.revision)
    return SavedTitle.of(entry)


@router.post("/invoice-titles/{title_id}/default")
async def make_default(title_id: UUID, caller: CallerDep, db: Db) -> SavedTitle:
    """Have a checkout offer it first. Doing it again changes nothing. 404 `invoice-title-not-found`."""
    return SavedTitle.of(await actions.make_default(db, title_id=title_id, person_id=caller.person_id))


@router.delete("/invoice-titles/{title_id}", status_code=204)
async def remove_title(title_id: UUID, caller: CallerDep, db: Db) -> None:
    """Take an entry out for good. 404 `invoice-title-not-found`."""
    await actions.remove_title(db, title_id=title_id, person_id=caller.person_id)


@router.get("/orders/{order_id}/invoice-title")
async def get_order_title(order_id: UUID, caller: CallerDep, db: Read, response: Response) -> OrderTitleFound:
    """To whom the order's invoices are made out, with the ETag that a change needs (`"0"` before there is one).

    404 `order-not-found`.
    """
    await order_queries.ensure_own_order(db, order_id, caller)
    kept = await queries.find_order_title(db, order_id)
    response.headers["ETag"] = etag_of(0 if kept is None else kept.revision)
    return OrderTitleFound(invoice=None if kept is None else OrderTitle.of(kept))


@router.put("/orders/{order_id}/invoice-title")
async def set_order_title(
    order_id: UUID, body: TitleIn, caller: CallerDep, db: Db, expected: IfMatch, response: Response
) -> OrderTitleFound:
    """Say or change it, until something of the order has left its supplier. If-Match `"0"` is an order without one.

    404 `order-not-found`; 409 `invoice-title-closed`; 412 `stale`; 422 as for a title to keep; 428.
    """
    kept = await actions.set_order_title(
        db, order_id=order_id, title=body.to_title(), expected_revision=expected, caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(kept.revision)
    return OrderTitleFound(invoice=OrderTitle.of(kept))
