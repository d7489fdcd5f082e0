"""Keeping the pieces of one's cart for some minutes, over HTTP."""

from fastapi import APIRouter, Response

from orders.cart_hold import actions, queries, schemas
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.idempotency import Once
from shared.ids import new_id

router = APIRouter(prefix="/v1/cart/hold", tags=["cart"])


@router.get("")
async def get_hold(caller: CallerDep, db: Read) -> schemas.CartHoldFound:
    """What is kept for the caller, and until when."""
    return schemas.CartHoldFound.model_validate({"hold": await queries.find_hold(db, caller.person_id)})


@router.post("", status_code=201, response_model=schemas.CartHoldFound)
async def keep_pieces(caller: CallerDep, db: Db, once: Once) -> Response:
    """Keep what is in the cart for the minutes that the house allows: nobody else can buy these pieces meanwhile, and
    an order of the caller's uses them. A hold that is there already is the answer.

    409 `cart-empty`, `cart-hold-too-many` with `maximum`, `cart-hold-too-soon` with `again_at`, `stock-short` with
    `shortages`.
    """
    await actions.keep_pieces(db, holder_id=new_id(), caller=caller, now=utc_now())
    found = schemas.CartHoldFound.model_validate({"hold": await queries.find_hold(db, caller.person_id)})
    return await once.answer(db, found, status=201)


@router.delete("", status_code=204)
async def let_go(caller: CallerDep, db: Db) -> None:
    """Let others buy the pieces again; nothing need be held."""
    await actions.let_go(db, person_id=caller.person_id, now=utc_now())
