"""Goods that came back, over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from orders.goods_back import actions, schemas
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db
from shared.idempotency import Once

router = APIRouter(prefix="/v1", tags=["after-sales"])


@router.post("/returns/{return_id}/goods", status_code=201, response_model=schemas.GoodsBackItem)
async def book_return(return_id: UUID, body: schemas.BookGoods, caller: CallerDep, db: Db, once: Once) -> Response:
    """The supplier books what came back: fit to be sold again, or written off.

    404 `return-not-found`; 403 `not-your-move`; 409 `goods-not-back`, `goods-booked-already`; 422 `restocked-too-many`,
    `reason-missing`, `lot-not-sent`.
    """
    booked = await actions.book_return(db, return_id=return_id, judged=_judged(body), caller=caller, now=utc_now())
    return await once.answer(db, schemas.GoodsBackItem.model_validate(booked), status=201)


@router.post("/exchanges/{exchange_id}/goods", status_code=201, response_model=schemas.GoodsBackItem)
async def book_exchange(exchange_id: UUID, body: schemas.BookGoods, caller: CallerDep, db: Db, once: Once) -> Response:
    """The same for the first goods of an exchange. 404 `exchange-not-found`; the rest as for returns."""
    booked = await actions.book_exchange(
        db, exchange_id=exchange_id, judged=_judged(body), caller=caller, now=utc_now()
    )
    return await once.answer(db, schemas.GoodsBackItem.model_validate(booked), status=201)


@router.post("/unit-orders/{order_id}/lines/{line_id}/goods", status_code=201, response_model=schemas.GoodsBackItem)
async def book_refused(
    order_id: UUID, line_id: UUID, body: schemas.BookGoods, caller: CallerDep, db: Db, once: Once
) -> Response:
    """The same for what a unit refused at its goods check. 404 `unit-order-not-found`, `line-not-found`; the rest as
    for returns."""
    booked = await actions.book_refused(
        db, order_id=order_id, line_id=line_id, judged=_judged(body), caller=caller, now=utc_now()
    )
    return await once.answer(db, schemas.GoodsBackItem.model_validate(booked), status=201)


def _judged(body: schemas.BookGoods) -> actions.Judged:
    return actions.Judged(body.restocked_count, body.lot_number, body.reason)
