"""Goods checks over HTTP."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from orders.acceptance import actions, queries, schemas
from orders.acceptance.actions import Check
from orders.photo import queries as photo_queries
from orders.unit_order import queries as unit_order_queries
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.idempotency import Once

router = APIRouter(prefix="/v1/unit-orders", tags=["unit orders"])


@router.post("/{order_id}/accept", status_code=201, response_model=schemas.AcceptanceOut)
async def accept_goods(order_id: UUID, body: schemas.CheckIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Check the goods of an order that arrived: what is accepted is owed.

    403 `unit-needed`, `duty-missing`; 404 `unit-order-not-found`; 409 `unit-closed`, `unit-order-status`,
    `order-disputed`, `budget-commitment-exceeded`; 422 `check-lines`, `check-pieces`, `refusal-cause`,
    `photos-missing`, `photo-unknown`.
    """
    check = Check(
        lines=[each.found() for each in body.lines],
        quality=body.quality,
        is_origin_right=body.is_origin_right,
        note=body.note,
        photo_ids=list(dict.fromkeys(body.photo_ids)),
    )
    await actions.accept_goods(db, order_id=order_id, check=check, caller=caller, now=utc_now())
    return await once.answer(db, await _whole(db, order_id), status=201)


@router.get("/{order_id}/acceptance")
async def get_acceptance(order_id: UUID, caller: CallerDep, db: Read) -> schemas.AcceptanceOut:
    """What was found. 404 `unit-order-not-found`, `acceptance-not-found`."""
    await unit_order_queries.get_seen(db, order_id, caller)
    return await _whole(db, order_id)


async def _whole(db: Any, order_id: UUID) -> schemas.AcceptanceOut:
    found = await queries.get_acceptance(db, order_id)
    return schemas.AcceptanceOut(
        order_id=found.order_id,
        quality=found.quality,
        is_origin_right=found.is_origin_right,
        note=found.note,
        accepted_fen=found.accepted_fen,
        refused_fen=found.refused_fen,
        accepted_at=found.accepted_at,
        photo_ids=await photo_queries.list_photo_ids(db, order_id),
        lines=[schemas.CheckedLineOut.model_validate(each) for each in await queries.list_lines(db, order_id)],
    )
